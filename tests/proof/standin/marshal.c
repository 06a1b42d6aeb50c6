// Copyright: (c) 2026, winstorage.iscsi contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marshal.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

// -- in ---------------------------------------------------------------------------------------------------------------

#define OPEN(type)                 \
    const type *from = structure;  \
    char here[PATH_SIZE];          \
    join(here, at, name);          \
    if (!from) {                   \
        say_null(&c->x, at, name); \
        return;                    \
    }                              \
    say_structure(&c->x, at, name)
#define SAY_NUMBER(field) say_number(&c->x, here, #field, from->field)
#define SAY_TEXT(field) say_text(&c->x, here, #field, from->field, LENGTH(from->field))

void tell_session_id(call *c, const char *at, const char *name, const void *structure) {
    OPEN(ISCSI_UNIQUE_SESSION_ID);
    SAY_NUMBER(AdapterUnique);
    SAY_NUMBER(AdapterSpecific);
}

void tell_portal(call *c, const char *at, const char *name, const void *structure) {
    OPEN(ISCSI_TARGET_PORTALW);
    SAY_TEXT(SymbolicName);
    SAY_TEXT(Address);
    SAY_NUMBER(Socket);
}

void tell_options(call *c, const char *at, const char *name, const void *structure) {
    OPEN(ISCSI_LOGIN_OPTIONS);
    SAY_NUMBER(Version);
    SAY_NUMBER(InformationSpecified);
    SAY_NUMBER(LoginFlags);
    SAY_NUMBER(AuthType);
    SAY_NUMBER(HeaderDigest);
    SAY_NUMBER(DataDigest);
    SAY_NUMBER(MaximumConnections);
    SAY_NUMBER(DefaultTime2Wait);
    SAY_NUMBER(DefaultTime2Retain);
    SAY_NUMBER(UsernameLength);
    SAY_NUMBER(PasswordLength);
    // a pointer whose bit is clear is not promised to lead anywhere
    say_bytes(&c->x, here, "Username",
              from->InformationSpecified & ISCSI_LOGIN_OPTIONS_USERNAME ? from->Username : NULL, from->UsernameLength);
    say_bytes(&c->x, here, "Password",
              from->InformationSpecified & ISCSI_LOGIN_OPTIONS_PASSWORD ? from->Password : NULL, from->PasswordLength);
}

static void tell_lun(call *c, const char *at, const SCSI_LUN_LIST *from) {
    say_number(&c->x, at, "OSLUN", from->OSLUN);
    say_number(&c->x, at, "TargetLUN", from->TargetLUN);
}

void tell_mapping(call *c, const char *at, const char *name, const void *structure) {
    OPEN(ISCSI_TARGET_MAPPINGW);
    SAY_TEXT(InitiatorName);
    SAY_TEXT(TargetName);
    SAY_TEXT(OSDeviceName);
    tell_session_id(c, here, "SessionId", &from->SessionId);
    SAY_NUMBER(OSBusNumber);
    SAY_NUMBER(OSTargetNumber);
    SAY_NUMBER(LUNCount);
    if (!from->LUNList) {
        say_null(&c->x, here, "LUNList");
        return;
    }
    say_list(&c->x, here, "LUNList", from->LUNCount);
    for (ULONG i = 0; i < from->LUNCount; i++) {
        char path[PATH_SIZE];
        tell_lun(c, element(path, here, "LUNList", i), &from->LUNList[i]);
    }
}

void tell_portal_group(call *c, const char *at, const char *name, const void *structure) {
    OPEN(ISCSI_TARGET_PORTAL_GROUPW);
    SAY_NUMBER(Count);
    say_list(&c->x, here, "Portals", from->Count);
    const ISCSI_TARGET_PORTALW *portals = from->Portals;
    char list[PATH_SIZE], index[12];
    join(list, here, "Portals");
    for (ULONG i = 0; i < from->Count; i++) {
        snprintf(index, sizeof index, "%u", (unsigned)i);
        tell_portal(c, list, index, portals + i);
    }
}

static void tell_preshared_key(call *c, const char *at, const char *name, const void *structure) {
    OPEN(IKE_AUTHENTICATION_PRESHARED_KEY);
    SAY_NUMBER(SecurityFlags);
    SAY_NUMBER(IdType);
    SAY_NUMBER(IdLengthInBytes);
    say_bytes(&c->x, here, "Id", from->Id, from->IdLengthInBytes);
    SAY_NUMBER(KeyLengthInBytes);
    say_bytes(&c->x, here, "Key", from->Key, from->KeyLengthInBytes);
}

void tell_authentication(call *c, const char *at, const char *name, const void *structure) {
    OPEN(IKE_AUTHENTICATION_INFORMATION);
    SAY_NUMBER(AuthMethod);
    tell_preshared_key(c, here, "PsKey", &from->PsKey);
}

// -- out --------------------------------------------------------------------------------------------------------------

void *place(call *c, size_t size, size_t alignment) {
    size_t at = (c->used + alignment - 1) / alignment * alignment;
    c->used = at + size;
    if (c->start)
        return c->start + at;
    scrap *piece = calloc(1, sizeof *piece + size);
    if (!piece)
        abort();
    piece->previous = c->scraps;
    c->scraps = piece;
    return piece->content;
}

void put_text(call *c, const char *at, const char *name, WCHAR *to, size_t characters) {
    to[content(&c->x, at, name, to, (characters - 1) * sizeof *to) / sizeof *to] = 0;
}

// The pointer that the caller finds. Hostile variants let it lead out of the caller's buffer, all the way or half.
static void *leading_to(call *c, void *target) {
    if (!c->start)
        return target;
    if (variant(&c->x, "low-pointers"))
        return (void *)(uintptr_t)0x10;
    if (variant(&c->x, "far-pointers"))
        return (UCHAR *)target + (1 << 24);
    if (variant(&c->x, "edge-pointers"))
        return c->start + c->room - 1;
    if (variant(&c->x, "high-pointers"))
        return (void *)(UINTPTR_MAX - 7);
    return target;
}

static ULONG counted(call *c, size_t count) {
    return (ULONG)count + (variant(&c->x, "inner-counts") ? 0x40000000u : 0);
}

// A pointer that the service gives as a number leads wherever it leads: one that is not promised to mean anything.
static void *stray_pointer(call *c, const char *at, const char *name) {
    return (void *)(uintptr_t)number(&c->x, at, name);
}

void *put_behind(call *c, const char *at, const char *name) {
    char kind = kind_of(&c->x, at, name);
    size_t size = content_size(&c->x, at, name);
    if (kind == 'b') {
        void *bytes = place(c, size, 1);
        content(&c->x, at, name, bytes, size);
        return leading_to(c, bytes);
    }
    if (kind == 't') {
        WCHAR *text = place(c, size + sizeof *text, sizeof *text);
        put_text(c, at, name, text, size / sizeof *text + 1);
        return leading_to(c, text);
    }
    return stray_pointer(c, at, name);
}

static void *put_records_behind(call *c, const char *at, const char *name, size_t size, filler *fill) {
    size_t count = list_count(&c->x, at, name);
    if (!count)
        return NULL;
    UCHAR *records = place(c, count * size, sizeof(ULONGLONG));
    for (size_t i = 0; i < count; i++) {
        char path[PATH_SIZE];
        fill(c, element(path, at, name, i), records + i * size);
    }
    return leading_to(c, records);
}

#define NUMBER(field) to->field = number(&c->x, at, #field)
#define TEXT(field) put_text(c, at, #field, to->field, LENGTH(to->field))
#define BYTES(field) content(&c->x, at, #field, memset(to->field, 0, sizeof to->field), sizeof to->field)
#define STRUCTURE(field, fill)                       \
    do {                                             \
        char path[PATH_SIZE];                        \
        fill(c, join(path, at, #field), &to->field); \
    } while (0)
#define TEXT_BEHIND(field) to->field = put_behind(c, at, #field)
#define BYTES_BEHIND(field, length)                                   \
    do {                                                              \
        to->field = put_behind(c, at, #field);                        \
        if (kind_of(&c->x, at, #field) == 'b')                        \
            to->length = counted(c, content_size(&c->x, at, #field)); \
        else                                                          \
            NUMBER(length);                                           \
    } while (0)
#define LENGTH_ONLY(field, length)                \
    do {                                          \
        to->field = stray_pointer(c, at, #field); \
        NUMBER(length);                           \
    } while (0)
#define RECORDS_BEHIND(field, count, fill)                                                                    \
    do {                                                                                                      \
        to->field = put_records_behind(c, at, #field, sizeof *to->field, fill);                               \
        to->count = to->field ? counted(c, list_count(&c->x, at, #field)) : (ULONG)number(&c->x, at, #count); \
    } while (0)

void fill_version(call *c, const char *at, void *structure) {
    ISCSI_VERSION_INFO *to = structure;
    NUMBER(MajorVersion);
    NUMBER(MinorVersion);
    NUMBER(BuildNumber);
}

void fill_session_id(call *c, const char *at, void *structure) {
    ISCSI_UNIQUE_SESSION_ID *to = structure;
    NUMBER(AdapterUnique);
    NUMBER(AdapterSpecific);
}

void fill_portal(call *c, const char *at, void *structure) {
    ISCSI_TARGET_PORTALW *to = structure;
    TEXT(SymbolicName);
    TEXT(Address);
    NUMBER(Socket);
}

void fill_portal_info(call *c, const char *at, void *structure) {
    ISCSI_TARGET_PORTAL_INFOW *to = structure;
    TEXT(InitiatorName);
    NUMBER(InitiatorPortNumber);
    TEXT(SymbolicName);
    TEXT(Address);
    NUMBER(Socket);
}

void fill_options(call *c, const char *at, void *structure) {
    ISCSI_LOGIN_OPTIONS *to = structure;
    NUMBER(Version);
    NUMBER(InformationSpecified);
    NUMBER(LoginFlags);
    NUMBER(AuthType);
    NUMBER(HeaderDigest);
    NUMBER(DataDigest);
    NUMBER(MaximumConnections);
    NUMBER(DefaultTime2Wait);
    NUMBER(DefaultTime2Retain);
    BYTES_BEHIND(Username, UsernameLength);
    LENGTH_ONLY(Password, PasswordLength);  // never comes back
}

void fill_portal_info_ex(call *c, const char *at, void *structure) {
    ISCSI_TARGET_PORTAL_INFO_EXW *to = structure;
    TEXT(InitiatorName);
    NUMBER(InitiatorPortNumber);
    TEXT(SymbolicName);
    TEXT(Address);
    NUMBER(Socket);
    NUMBER(SecurityFlags);
    STRUCTURE(LoginOptions, fill_options);
}

static void fill_lun(call *c, const char *at, void *structure) {
    SCSI_LUN_LIST *to = structure;
    NUMBER(OSLUN);
    NUMBER(TargetLUN);
}

void fill_mapping(call *c, const char *at, void *structure) {
    ISCSI_TARGET_MAPPINGW *to = structure;
    TEXT(InitiatorName);
    TEXT(TargetName);
    TEXT(OSDeviceName);
    STRUCTURE(SessionId, fill_session_id);
    NUMBER(OSBusNumber);
    NUMBER(OSTargetNumber);
    RECORDS_BEHIND(LUNList, LUNCount, fill_lun);
}

void fill_persistent_login(call *c, const char *at, void *structure) {
    PERSISTENT_ISCSI_LOGIN_INFOW *to = structure;
    TEXT(TargetName);
    NUMBER(IsInformationalSession);
    TEXT(InitiatorInstance);
    NUMBER(InitiatorPortNumber);
    STRUCTURE(TargetPortal, fill_portal);
    NUMBER(SecurityFlags);
    to->Mappings = NULL;
    if (given(&c->x, at, "Mappings")) {
        char path[PATH_SIZE];
        ISCSI_TARGET_MAPPINGW *mapping = place(c, sizeof *mapping, sizeof(ULONGLONG));
        fill_mapping(c, join(path, at, "Mappings"), mapping);
        to->Mappings = leading_to(c, mapping);
    }
    STRUCTURE(LoginOptions, fill_options);
}

static void fill_connection(call *c, const char *at, void *structure) {
    ISCSI_CONNECTION_INFOW *to = structure;
    STRUCTURE(ConnectionId, fill_session_id);
    TEXT_BEHIND(InitiatorAddress);
    TEXT_BEHIND(TargetAddress);
    NUMBER(InitiatorSocket);
    NUMBER(TargetSocket);
    BYTES(CID);
}

void fill_session_info(call *c, const char *at, void *structure) {
    ISCSI_SESSION_INFOW *to = structure;
    STRUCTURE(SessionId, fill_session_id);
    TEXT_BEHIND(InitiatorName);
    TEXT_BEHIND(TargetNodeName);
    TEXT_BEHIND(TargetName);
    BYTES(ISID);
    BYTES(TSID);
    RECORDS_BEHIND(Connections, ConnectionCount, fill_connection);
}

static void fill_connection_ex(call *c, const char *at, void *structure) {
    ISCSI_CONNECTION_INFO_EX *to = structure;
    STRUCTURE(ConnectionId, fill_session_id);
    NUMBER(State);
    NUMBER(Protocol);
    NUMBER(HeaderDigest);
    NUMBER(DataDigest);
    NUMBER(MaxRecvDataSegmentLength);
    NUMBER(AuthType);
    NUMBER(EstimatedThroughput);
    NUMBER(MaxDatagramSize);
}

void fill_session_info_ex(call *c, const char *at, void *structure) {
    ISCSI_SESSION_INFO_EX *to = structure;
    STRUCTURE(SessionId, fill_session_id);
    NUMBER(InitialR2t);
    NUMBER(ImmediateData);
    NUMBER(Type);
    NUMBER(DataSequenceInOrder);
    NUMBER(DataPduInOrder);
    NUMBER(ErrorRecoveryLevel);
    NUMBER(MaxOutstandingR2t);
    NUMBER(FirstBurstLength);
    NUMBER(MaxBurstLength);
    NUMBER(MaximumConnections);
    RECORDS_BEHIND(Connections, ConnectionCount, fill_connection_ex);
}

static void fill_scsi_address(call *c, const char *at, void *structure) {
    SCSI_ADDRESS *to = structure;
    NUMBER(Length);
    NUMBER(PortNumber);
    NUMBER(PathId);
    NUMBER(TargetId);
    NUMBER(Lun);
}

static void fill_guid(call *c, const char *at, void *structure) {
    GUID *to = structure;
    NUMBER(Data1);
    NUMBER(Data2);
    NUMBER(Data3);
    BYTES(Data4);
}

static void fill_device_number(call *c, const char *at, void *structure) {
    STORAGE_DEVICE_NUMBER *to = structure;
    NUMBER(DeviceType);
    NUMBER(DeviceNumber);
    NUMBER(PartitionNumber);
}

void fill_device(call *c, const char *at, void *structure) {
    ISCSI_DEVICE_ON_SESSIONW *to = structure;
    TEXT(InitiatorName);
    TEXT(TargetName);
    STRUCTURE(ScsiAddress, fill_scsi_address);
    STRUCTURE(DeviceInterfaceType, fill_guid);
    TEXT(DeviceInterfaceName);
    TEXT(LegacyName);
    STRUCTURE(StorageDeviceNumber, fill_device_number);
    NUMBER(DeviceInstance);
}

static void fill_preshared_key(call *c, const char *at, void *structure) {
    IKE_AUTHENTICATION_PRESHARED_KEY *to = structure;
    NUMBER(SecurityFlags);
    NUMBER(IdType);
    LENGTH_ONLY(Id, IdLengthInBytes);    // the caller gives no room for it
    LENGTH_ONLY(Key, KeyLengthInBytes);  // never comes back
}

void fill_authentication(call *c, const char *at, void *structure) {
    IKE_AUTHENTICATION_INFORMATION *to = structure;
    NUMBER(AuthMethod);
    STRUCTURE(PsKey, fill_preshared_key);
}
