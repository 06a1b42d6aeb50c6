// Copyright: (c) 2026, winstorage.iscsi contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stand-in for iscsidsc.dll: the prototypes of Microsoft SDK header iscsidsc.h, without behaviour. Each export hands
// its arguments to a server (wire.h) and fills the caller's memory from the reply (marshal.h). What is here beyond that
// is the protocol that all reports of the DLL share: a buffer that is too small costs ERROR_INSUFFICIENT_BUFFER and the
// size needed, in the unit of the argument (iscsicli.c of the SDK); without records the sizing call succeeds; pointers
// are absolute and lead into the caller's buffer, behind the records.
//
// Memory that the caller gives is first overwritten with 0xA5, whole: real memory is not zero where the DLL did not
// write either.
//
// Variants that a reply may ask for, what callers met on real hosts, and worse. Each is a word:
//
// * zero: ERROR_INSUFFICIENT_BUFFER with size 0, whatever the caller brings (observed: HPE's host libraries).
// * zero-sizing: the same for the sizing call alone.
// * growing: never enough; the size needed is larger than what the caller brought, each time.
// * no-access: ERROR_NOACCESS for a buffer larger than needed (observed: go-win-iscsidsc).
// * large-size: success, with a size larger than the caller's buffer.
// * counts: more records than there are. inner-counts: more LUNs, connections, portals or bytes of a user name.
// * low-pointers, far-pointers, high-pointers: to 0x10, 16 MiB away, to the top of the address space.
// * edge-pointers: to the last byte of the buffer.
// * unterminated: a list of strings without a NUL.
// * natural-groups: portal groups as close as alignment allows; iscsicli.c of the SDK counts the padding of sizeof.

#include <stdlib.h>
#include <string.h>

#include "marshal.h"

#define WHOLE ((size_t)-1)

// -- a call -----------------------------------------------------------------------------------------------------------

static void open_call(call *c, const char *name) {
    memset(c, 0, sizeof *c);
    begin(&c->x, name);
}

static ISDSC_STATUS close_call(call *c) {
    finish(&c->x);
    return c->x.status;
}

static void drop_scraps(call *c) {
    while (c->scraps) {
        scrap *previous = c->scraps->previous;
        free(c->scraps);
        c->scraps = previous;
    }
}

// -- buffers ----------------------------------------------------------------------------------------------------------

typedef void layouter(call *c, const void *what);

static ISDSC_STATUS insufficient(ULONG *size, size_t needed) {
    *size = (ULONG)needed;
    return ERROR_INSUFFICIENT_BUFFER;
}

static ISDSC_STATUS filled(call *c, void *buffer, ULONG *size, size_t unit, layouter *lay_out, const void *what) {
    size_t room = buffer ? (size_t)*size * unit : 0;
    c->start = NULL;
    c->used = 0;
    lay_out(c, what);
    drop_scraps(c);
    size_t needed = (c->used + unit - 1) / unit;
    if (variant(&c->x, "zero") || (variant(&c->x, "zero-sizing") && !buffer))
        return insufficient(size, 0);
    if (variant(&c->x, "growing"))
        return insufficient(size, needed + room / unit + 1);
    if (c->used > room)
        return insufficient(size, needed);
    if (variant(&c->x, "no-access") && room > needed * unit) {
        *size = (ULONG)needed;
        return ERROR_NOACCESS;
    }
    if (buffer) {
        memset(buffer, 0xA5, room);
        c->start = buffer;
        c->room = room;
        c->used = 0;
        lay_out(c, what);
    }
    *size = (ULONG)(variant(&c->x, "large-size") ? needed + room / unit + 4096 : needed);
    return c->x.status;
}

// The output "name" into the caller's buffer, if the reply has it. The status that the service gave stays unless the
// buffer is too small.
static void deliver(call *c, const char *name, void *buffer, ULONG *size, size_t unit, layouter *lay_out,
                    const void *what) {
    if (!size)
        c->x.status = ERROR_INVALID_PARAMETER;
    else if (given(&c->x, "", name))
        c->x.status = filled(c, buffer, size, unit, lay_out, what);
}

typedef struct {
    const char *name;
    size_t size;
    filler *fill;
    size_t spare;  // bytes for each record that are asked for and not used
} records;

static void lay_out_records(call *c, const void *what) {
    const records *r = what;
    size_t count = list_count(&c->x, "", r->name);
    UCHAR *record = place(c, count * r->size, 1);
    for (size_t i = 0; i < count; i++) {
        char path[PATH_SIZE];
        r->fill(c, element(path, "", r->name, i), record + i * r->size);
    }
    place(c, count * r->spare, 1);
}

static void tell_count(call *c, const char *name, ULONG *count) {
    if (count && given(&c->x, "", name))
        *count = (ULONG)list_count(&c->x, "", name) + (variant(&c->x, "counts") ? 1000000 : 0);
}

// Records whose buffer is measured in bytes, with a count of their own, which the sizing call tells as well.
static void deliver_records(call *c, records r, ULONG *count, void *buffer, ULONG *size) {
    tell_count(c, r.name, count);
    deliver(c, r.name, buffer, size, 1, lay_out_records, &r);
}

// Records whose buffer is measured in records.
static void deliver_elements(call *c, records r, void *buffer, ULONG *count) {
    deliver(c, r.name, buffer, count, r.size, lay_out_records, &r);
    if (buffer && count && variant(&c->x, "counts"))
        tell_count(c, r.name, count);
}

static void lay_out_strings(call *c, const void *what) {
    const char *name = what;
    size_t count = list_count(&c->x, "", name);
    for (size_t i = 0; i < count; i++) {
        char path[PATH_SIZE];
        put_behind(c, "", element(path, "", name, i));
    }
    if (count)
        *(WCHAR *)place(c, sizeof(WCHAR), sizeof(WCHAR)) = 0;
    else if (c->room >= 2 * sizeof(WCHAR))
        memset(c->start, 0, 2 * sizeof(WCHAR));  // an empty list needs no room, but is one where there is some
    if (c->start && variant(&c->x, "unterminated"))
        memset(c->start, 'A', c->room);
}

static ISDSC_STATUS string_list(const char *name, ULONG *size, WCHAR *buffer) {
    call c;
    open_call(&c, name);
    perform(&c.x);
    deliver(&c, "Buffer", buffer, size, sizeof(WCHAR), lay_out_strings, "Buffer");
    return close_call(&c);
}

static void lay_out_content(call *c, const void *what) {
    put_behind(c, "", what);
}

// As much of the bytes as the buffer takes: its size is the allocation length of the SCSI command.
static void deliver_bytes(call *c, const char *name, ULONG *size, UCHAR *buffer) {
    if (size)
        *size = buffer ? (ULONG)content(&c->x, "", name, buffer, *size) : 0;
}

// What the SCSI functions share: status, response and sense data.
static void deliver_scsi(call *c, UCHAR *status, ULONG *response_size, UCHAR *response, ULONG *sense_size,
                         UCHAR *sense) {
    if (status && given(&c->x, "", "ScsiStatus"))
        *status = (UCHAR)number(&c->x, "", "ScsiStatus");
    deliver_bytes(c, "ResponseBuffer", response_size, response);
    deliver_bytes(c, "SenseBuffer", sense_size, sense);
}

static void deliver_structure(call *c, const char *name, void *to, filler *fill) {
    if (to && given(&c->x, "", name))
        fill(c, name, to);
}

// -- what a target is: one buffer, laid out by the class of information -----------------------------------------------

static void lay_out_portal_groups(call *c) {
    size_t count = list_count(&c->x, "", "Buffer");
    *(ULONG *)place(c, sizeof(ULONG), 4) = (ULONG)count;
    for (size_t i = 0; i < count; i++) {
        char group_path[PATH_SIZE], path[PATH_SIZE];
        element(group_path, "", "Buffer", i);
        size_t portals = list_count(&c->x, group_path, "Portals");
        size_t size =
            portals ? sizeof(ISCSI_TARGET_PORTAL_GROUPW) + (portals - 1) * sizeof(ISCSI_TARGET_PORTALW) : sizeof(ULONG);
        if (portals && variant(&c->x, "natural-groups"))
            size = offsetof(ISCSI_TARGET_PORTAL_GROUPW, Portals) + portals * sizeof(ISCSI_TARGET_PORTALW);
        ISCSI_TARGET_PORTAL_GROUPW *group = place(c, size, 4);
        ISCSI_TARGET_PORTALW *portal = group->Portals;
        group->Count = (ULONG)portals + (variant(&c->x, "inner-counts") ? 0x40000000u : 0);
        for (size_t j = 0; j < portals; j++)
            fill_portal(c, element(path, group_path, "Portals", j), portal + j);
    }
}

static void lay_out_information(call *c, const void *what) {
    switch (*(const TARGET_INFORMATION_CLASS *)what) {
        case ProtocolType:
        case TargetFlags:
            *(ULONG *)place(c, sizeof(ULONG), sizeof(ULONG)) = (ULONG)number(&c->x, "", "Buffer");
            break;
        case TargetAlias:
        case InitiatorName:
            lay_out_content(c, "Buffer");
            break;
        case DiscoveryMechanisms:
            lay_out_strings(c, "Buffer");
            break;
        case PortalGroups:
            lay_out_portal_groups(c);
            break;
        case PersistentTargetMappings:
            fill_mapping(c, "Buffer", place(c, sizeof(ISCSI_TARGET_MAPPINGW), 1));
            break;
        case LoginOptions:
            fill_options(c, "Buffer", place(c, sizeof(ISCSI_LOGIN_OPTIONS), 1));
            break;
    }
}

// -- the exports ------------------------------------------------------------------------------------------------------

#define VALUE(name) say_number(&c.x, "", #name, name)
#define TEXT(name) say_text(&c.x, "", #name, name, WHOLE)
#define IN(name, tell) tell(&c, "", #name, name)
#define BYTES(name, length) say_bytes(&c.x, "", #name, name, length)

EXPORT ISDSC_STATUS API GetIScsiVersionInformation(ISCSI_VERSION_INFO *VersionInfo) {
    call c;
    open_call(&c, __func__);
    perform(&c.x);
    deliver_structure(&c, "VersionInfo", VersionInfo, fill_version);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API GetIScsiTargetInformationW(const WCHAR *TargetName, const WCHAR *DiscoveryMechanism,
                                                   TARGET_INFORMATION_CLASS InfoClass, ULONG *BufferSize,
                                                   void *Buffer) {
    call c;
    open_call(&c, __func__);
    TEXT(TargetName);
    TEXT(DiscoveryMechanism);
    VALUE(InfoClass);
    perform(&c.x);
    deliver(&c, "Buffer", Buffer, BufferSize, 1, lay_out_information, &InfoClass);
    return close_call(&c);
}

// The header calls the second argument PVOID; iscsicli.c of the SDK passes the initiator's name.
EXPORT ISDSC_STATUS API AddIScsiConnectionW(ISCSI_UNIQUE_SESSION_ID *UniqueSessionId, void *Reserved,
                                            ULONG InitiatorPortNumber, ISCSI_TARGET_PORTALW *TargetPortal,
                                            ISCSI_SECURITY_FLAGS SecurityFlags, ISCSI_LOGIN_OPTIONS *LoginOptions,
                                            ULONG KeySize, CHAR *Key, ISCSI_UNIQUE_CONNECTION_ID *UniqueConnectionId) {
    call c;
    open_call(&c, __func__);
    IN(UniqueSessionId, tell_session_id);
    TEXT(Reserved);
    VALUE(InitiatorPortNumber);
    IN(TargetPortal, tell_portal);
    VALUE(SecurityFlags);
    IN(LoginOptions, tell_options);
    VALUE(KeySize);
    BYTES(Key, KeySize);
    perform(&c.x);
    deliver_structure(&c, "UniqueConnectionId", UniqueConnectionId, fill_session_id);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API RemoveIScsiConnection(ISCSI_UNIQUE_SESSION_ID *UniqueSessionId,
                                              ISCSI_UNIQUE_CONNECTION_ID *ConnectionId) {
    call c;
    open_call(&c, __func__);
    IN(UniqueSessionId, tell_session_id);
    IN(ConnectionId, tell_session_id);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API ReportIScsiTargetsW(BOOLEAN ForceUpdate, ULONG *BufferSize, WCHAR *Buffer) {
    call c;
    open_call(&c, __func__);
    VALUE(ForceUpdate);
    perform(&c.x);
    deliver(&c, "Buffer", Buffer, BufferSize, sizeof(WCHAR), lay_out_strings, "Buffer");
    return close_call(&c);
}

EXPORT ISDSC_STATUS API AddIScsiStaticTargetW(const WCHAR *TargetName, const WCHAR *TargetAlias, ULONG TargetFlags,
                                              BOOLEAN Persist, ISCSI_TARGET_MAPPINGW *Mappings,
                                              ISCSI_LOGIN_OPTIONS *LoginOptions,
                                              ISCSI_TARGET_PORTAL_GROUPW *PortalGroup) {
    call c;
    open_call(&c, __func__);
    TEXT(TargetName);
    TEXT(TargetAlias);
    VALUE(TargetFlags);
    VALUE(Persist);
    IN(Mappings, tell_mapping);
    IN(LoginOptions, tell_options);
    IN(PortalGroup, tell_portal_group);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API RemoveIScsiStaticTargetW(const WCHAR *TargetName) {
    call c;
    open_call(&c, __func__);
    TEXT(TargetName);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API AddIScsiSendTargetPortalW(const WCHAR *InitiatorInstance, ULONG InitiatorPortNumber,
                                                  ISCSI_LOGIN_OPTIONS *LoginOptions, ISCSI_SECURITY_FLAGS SecurityFlags,
                                                  ISCSI_TARGET_PORTALW *Portal) {
    call c;
    open_call(&c, __func__);
    TEXT(InitiatorInstance);
    VALUE(InitiatorPortNumber);
    IN(LoginOptions, tell_options);
    VALUE(SecurityFlags);
    IN(Portal, tell_portal);
    perform(&c.x);
    return close_call(&c);
}

static ISDSC_STATUS on_portal(const char *name, const WCHAR *InitiatorInstance, ULONG InitiatorPortNumber,
                              ISCSI_TARGET_PORTALW *Portal) {
    call c;
    open_call(&c, name);
    TEXT(InitiatorInstance);
    VALUE(InitiatorPortNumber);
    IN(Portal, tell_portal);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API RemoveIScsiSendTargetPortalW(const WCHAR *InitiatorInstance, ULONG InitiatorPortNumber,
                                                     ISCSI_TARGET_PORTALW *Portal) {
    return on_portal(__func__, InitiatorInstance, InitiatorPortNumber, Portal);
}

EXPORT ISDSC_STATUS API RefreshIScsiSendTargetPortalW(const WCHAR *InitiatorInstance, ULONG InitiatorPortNumber,
                                                      ISCSI_TARGET_PORTALW *Portal) {
    return on_portal(__func__, InitiatorInstance, InitiatorPortNumber, Portal);
}

EXPORT ISDSC_STATUS API ReportIScsiSendTargetPortalsW(ULONG *PortalCount, ISCSI_TARGET_PORTAL_INFOW *PortalInfo) {
    call c;
    open_call(&c, __func__);
    perform(&c.x);
    deliver_elements(&c, (records){"PortalInfo", sizeof *PortalInfo, fill_portal_info, 0}, PortalInfo, PortalCount);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API ReportIScsiSendTargetPortalsExW(ULONG *PortalCount, ULONG *PortalInfoSize,
                                                        ISCSI_TARGET_PORTAL_INFO_EXW *PortalInfo) {
    call c;
    open_call(&c, __func__);
    perform(&c.x);
    deliver_records(&c, (records){"PortalInfo", sizeof *PortalInfo, fill_portal_info_ex, 0}, PortalCount, PortalInfo,
                    PortalInfoSize);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API LoginIScsiTargetW(const WCHAR *TargetName, BOOLEAN IsInformationalSession,
                                          const WCHAR *InitiatorInstance, ULONG InitiatorPortNumber,
                                          ISCSI_TARGET_PORTALW *TargetPortal, ISCSI_SECURITY_FLAGS SecurityFlags,
                                          ISCSI_TARGET_MAPPINGW *Mappings, ISCSI_LOGIN_OPTIONS *LoginOptions,
                                          ULONG KeySize, CHAR *Key, BOOLEAN IsPersistent,
                                          ISCSI_UNIQUE_SESSION_ID *UniqueSessionId,
                                          ISCSI_UNIQUE_CONNECTION_ID *UniqueConnectionId) {
    call c;
    open_call(&c, __func__);
    TEXT(TargetName);
    VALUE(IsInformationalSession);
    TEXT(InitiatorInstance);
    VALUE(InitiatorPortNumber);
    IN(TargetPortal, tell_portal);
    VALUE(SecurityFlags);
    IN(Mappings, tell_mapping);
    IN(LoginOptions, tell_options);
    VALUE(KeySize);
    BYTES(Key, KeySize);
    VALUE(IsPersistent);
    perform(&c.x);
    deliver_structure(&c, "UniqueSessionId", UniqueSessionId, fill_session_id);
    deliver_structure(&c, "UniqueConnectionId", UniqueConnectionId, fill_session_id);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API ReportIScsiPersistentLoginsW(ULONG *Count, PERSISTENT_ISCSI_LOGIN_INFOW *PersistentLoginInfo,
                                                     ULONG *BufferSizeInBytes) {
    call c;
    open_call(&c, __func__);
    perform(&c.x);
    deliver_records(&c, (records){"PersistentLoginInfo", sizeof *PersistentLoginInfo, fill_persistent_login, 0}, Count,
                    PersistentLoginInfo, BufferSizeInBytes);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API LogoutIScsiTarget(ISCSI_UNIQUE_SESSION_ID *UniqueSessionId) {
    call c;
    open_call(&c, __func__);
    IN(UniqueSessionId, tell_session_id);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API RemoveIScsiPersistentTargetW(const WCHAR *InitiatorInstance, ULONG InitiatorPortNumber,
                                                     const WCHAR *TargetName, ISCSI_TARGET_PORTALW *Portal) {
    call c;
    open_call(&c, __func__);
    TEXT(InitiatorInstance);
    VALUE(InitiatorPortNumber);
    TEXT(TargetName);
    IN(Portal, tell_portal);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API SendScsiInquiry(ISCSI_UNIQUE_SESSION_ID *UniqueSessionId, ULONGLONG Lun, UCHAR EvpdCmddt,
                                        UCHAR PageCode, UCHAR *ScsiStatus, ULONG *ResponseSize, UCHAR *ResponseBuffer,
                                        ULONG *SenseSize, UCHAR *SenseBuffer) {
    call c;
    open_call(&c, __func__);
    IN(UniqueSessionId, tell_session_id);
    VALUE(Lun);
    VALUE(EvpdCmddt);
    VALUE(PageCode);
    perform(&c.x);
    deliver_scsi(&c, ScsiStatus, ResponseSize, ResponseBuffer, SenseSize, SenseBuffer);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API SendScsiReadCapacity(ISCSI_UNIQUE_SESSION_ID *UniqueSessionId, ULONGLONG Lun, UCHAR *ScsiStatus,
                                             ULONG *ResponseSize, UCHAR *ResponseBuffer, ULONG *SenseSize,
                                             UCHAR *SenseBuffer) {
    call c;
    open_call(&c, __func__);
    IN(UniqueSessionId, tell_session_id);
    VALUE(Lun);
    perform(&c.x);
    deliver_scsi(&c, ScsiStatus, ResponseSize, ResponseBuffer, SenseSize, SenseBuffer);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API SendScsiReportLuns(ISCSI_UNIQUE_SESSION_ID *UniqueSessionId, UCHAR *ScsiStatus,
                                           ULONG *ResponseSize, UCHAR *ResponseBuffer, ULONG *SenseSize,
                                           UCHAR *SenseBuffer) {
    call c;
    open_call(&c, __func__);
    IN(UniqueSessionId, tell_session_id);
    perform(&c.x);
    deliver_scsi(&c, ScsiStatus, ResponseSize, ResponseBuffer, SenseSize, SenseBuffer);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API ReportIScsiInitiatorListW(ULONG *BufferSize, WCHAR *Buffer) {
    return string_list(__func__, BufferSize, Buffer);
}

EXPORT ISDSC_STATUS API ReportActiveIScsiTargetMappingsW(ULONG *BufferSize, ULONG *MappingCount,
                                                         ISCSI_TARGET_MAPPINGW *Mappings) {
    call c;
    open_call(&c, __func__);
    perform(&c.x);
    deliver_records(&c, (records){"Mappings", sizeof *Mappings, fill_mapping, 0}, MappingCount, Mappings, BufferSize);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API SetIScsiTunnelModeOuterAddressW(const WCHAR *InitiatorName, ULONG InitiatorPortNumber,
                                                        const WCHAR *DestinationAddress, const WCHAR *OuterModeAddress,
                                                        BOOLEAN Persist) {
    call c;
    open_call(&c, __func__);
    TEXT(InitiatorName);
    VALUE(InitiatorPortNumber);
    TEXT(DestinationAddress);
    TEXT(OuterModeAddress);
    VALUE(Persist);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API SetIScsiIKEInfoW(const WCHAR *InitiatorName, ULONG InitiatorPortNumber,
                                         IKE_AUTHENTICATION_INFORMATION *AuthInfo, BOOLEAN Persist) {
    call c;
    open_call(&c, __func__);
    TEXT(InitiatorName);
    VALUE(InitiatorPortNumber);
    IN(AuthInfo, tell_authentication);
    VALUE(Persist);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API GetIScsiIKEInfoW(const WCHAR *InitiatorName, ULONG InitiatorPortNumber, ULONG *Reserved,
                                         IKE_AUTHENTICATION_INFORMATION *AuthInfo) {
    call c;
    open_call(&c, __func__);
    TEXT(InitiatorName);
    VALUE(InitiatorPortNumber);
    BYTES(Reserved, sizeof *Reserved);
    perform(&c.x);
    deliver_structure(&c, "AuthInfo", AuthInfo, fill_authentication);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API SetIScsiGroupPresharedKey(ULONG KeyLength, UCHAR *Key, BOOLEAN Persist) {
    call c;
    open_call(&c, __func__);
    VALUE(KeyLength);
    BYTES(Key, KeyLength);
    VALUE(Persist);
    perform(&c.x);
    return close_call(&c);
}

static ISDSC_STATUS shared_secret(const char *name, ULONG SharedSecretLength, UCHAR *SharedSecret) {
    call c;
    open_call(&c, name);
    VALUE(SharedSecretLength);
    BYTES(SharedSecret, SharedSecretLength);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API SetIScsiInitiatorCHAPSharedSecret(ULONG SharedSecretLength, UCHAR *SharedSecret) {
    return shared_secret(__func__, SharedSecretLength, SharedSecret);
}

EXPORT ISDSC_STATUS API SetIScsiInitiatorRADIUSSharedSecret(ULONG SharedSecretLength, UCHAR *SharedSecret) {
    return shared_secret(__func__, SharedSecretLength, SharedSecret);
}

EXPORT ISDSC_STATUS API SetIScsiInitiatorNodeNameW(const WCHAR *InitiatorNodeName) {
    call c;
    open_call(&c, __func__);
    TEXT(InitiatorNodeName);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API GetIScsiInitiatorNodeNameW(WCHAR *InitiatorNodeName) {
    call c;
    open_call(&c, __func__);
    perform(&c.x);
    if (InitiatorNodeName && given(&c.x, "", "InitiatorNodeName"))
        put_text(&c, "", "InitiatorNodeName", InitiatorNodeName, MAX_ISCSI_NAME_LEN + 1);
    return close_call(&c);
}

static ISDSC_STATUS on_address(const char *name, const WCHAR *Address) {
    call c;
    open_call(&c, name);
    TEXT(Address);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API AddISNSServerW(const WCHAR *Address) {
    return on_address(__func__, Address);
}

EXPORT ISDSC_STATUS API RemoveISNSServerW(const WCHAR *Address) {
    return on_address(__func__, Address);
}

EXPORT ISDSC_STATUS API RefreshISNSServerW(const WCHAR *Address) {
    return on_address(__func__, Address);
}

EXPORT ISDSC_STATUS API ReportISNSServerListW(ULONG *BufferSize, WCHAR *Buffer) {
    return string_list(__func__, BufferSize, Buffer);
}

EXPORT ISDSC_STATUS API AddRadiusServerW(const WCHAR *Address) {
    return on_address(__func__, Address);
}

EXPORT ISDSC_STATUS API RemoveRadiusServerW(const WCHAR *Address) {
    return on_address(__func__, Address);
}

EXPORT ISDSC_STATUS API ReportRadiusServerListW(ULONG *BufferSize, WCHAR *Buffer) {
    return string_list(__func__, BufferSize, Buffer);
}

// Asks for more than it uses (observed: go-win-iscsidsc).
EXPORT ISDSC_STATUS API GetIScsiSessionListW(ULONG *BufferSize, ULONG *SessionCount, ISCSI_SESSION_INFOW *SessionInfo) {
    call c;
    open_call(&c, __func__);
    perform(&c.x);
    deliver_records(&c, (records){"SessionInfo", sizeof *SessionInfo, fill_session_info, 100}, SessionCount,
                    SessionInfo, BufferSize);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API GetIScsiSessionListEx(ULONG *BufferSize, ULONG *SessionCount,
                                              ISCSI_SESSION_INFO_EX *SessionInfo) {
    call c;
    open_call(&c, __func__);
    perform(&c.x);
    deliver_records(&c, (records){"SessionInfo", sizeof *SessionInfo, fill_session_info_ex, 0}, SessionCount,
                    SessionInfo, BufferSize);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API GetDevicesForIScsiSessionW(ISCSI_UNIQUE_SESSION_ID *UniqueSessionId, ULONG *DeviceCount,
                                                   ISCSI_DEVICE_ON_SESSIONW *Devices) {
    call c;
    open_call(&c, __func__);
    IN(UniqueSessionId, tell_session_id);
    perform(&c.x);
    deliver_elements(&c, (records){"Devices", sizeof *Devices, fill_device, 0}, Devices, DeviceCount);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API ReportIScsiTargetPortalsW(const WCHAR *InitiatorName, const WCHAR *TargetName,
                                                  USHORT *TargetPortalTag, ULONG *ElementCount,
                                                  ISCSI_TARGET_PORTALW *Portals) {
    call c;
    open_call(&c, __func__);
    TEXT(InitiatorName);
    TEXT(TargetName);
    BYTES(TargetPortalTag, sizeof *TargetPortalTag);
    perform(&c.x);
    deliver_elements(&c, (records){"Portals", sizeof *Portals, fill_portal, 0}, Portals, ElementCount);
    return close_call(&c);
}

static ISDSC_STATUS on_device(const char *name, const WCHAR *DevicePath) {
    call c;
    open_call(&c, name);
    TEXT(DevicePath);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API AddPersistentIScsiDeviceW(const WCHAR *DevicePath) {
    return on_device(__func__, DevicePath);
}

EXPORT ISDSC_STATUS API RemovePersistentIScsiDeviceW(const WCHAR *DevicePath) {
    return on_device(__func__, DevicePath);
}

EXPORT ISDSC_STATUS API ReportPersistentIScsiDevicesW(ULONG *BufferSize, WCHAR *Buffer) {
    return string_list(__func__, BufferSize, Buffer);
}

static ISDSC_STATUS plain(const char *name) {
    call c;
    open_call(&c, name);
    perform(&c.x);
    return close_call(&c);
}

EXPORT ISDSC_STATUS API ClearPersistentIScsiDevices(void) {
    return plain(__func__);
}

EXPORT ISDSC_STATUS API SetupPersistentIScsiDevices(void) {
    return plain(__func__);
}

EXPORT ISDSC_STATUS API SetupPersistentIScsiVolumes(void) {
    return plain(__func__);
}
