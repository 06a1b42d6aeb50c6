// Copyright: (c) 2026, winstorage.iscsi contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The structures of iscsidsc.dll, for a C compiler to lay out. Written by hand after Microsoft SDK header iscsidsc.h
// (also ntddscsi.h for SCSI_ADDRESS and winioctl.h for STORAGE_DEVICE_NUMBER), independently of structures.py, which is
// judged by it. The header has no #pragma pack. Types have the sizes that they have on Windows wherever this is
// compiled.

#ifndef ISCSIDSC_H
#define ISCSIDSC_H

#include <stdint.h>

typedef char CHAR;
typedef uint16_t WCHAR;
typedef uint8_t UCHAR, BOOLEAN;
typedef uint16_t USHORT;
typedef uint32_t ULONG, DWORD, DEVICE_TYPE;
typedef uint64_t ULONGLONG;

typedef ULONG ISDSC_STATUS;
typedef ULONGLONG ISCSI_SECURITY_FLAGS;
typedef ULONG ISCSI_AUTH_TYPES, ISCSI_DIGEST_TYPES, IKE_AUTHENTICATION_METHOD;  // enums are four bytes
typedef UCHAR IKE_IDENTIFICATION_PAYLOAD_TYPE;

typedef enum {
    ProtocolType,
    TargetAlias,
    DiscoveryMechanisms,
    PortalGroups,
    PersistentTargetMappings,
    InitiatorName,
    TargetFlags,
    LoginOptions
} TARGET_INFORMATION_CLASS;

#define MAX_ISCSI_HBANAME_LEN 256
#define MAX_ISCSI_NAME_LEN 223
#define MAX_ISCSI_PORTAL_NAME_LEN 256
#define MAX_ISCSI_PORTAL_ADDRESS_LEN 256
#define MAX_PATH_LEN 260  // MAX_PATH, which windows.h would define too

#define ISCSI_LOGIN_OPTIONS_USERNAME 0x20
#define ISCSI_LOGIN_OPTIONS_PASSWORD 0x40

typedef struct {
    ULONG Version;
    ULONG InformationSpecified;
    ULONG LoginFlags;
    ISCSI_AUTH_TYPES AuthType;
    ISCSI_DIGEST_TYPES HeaderDigest;
    ISCSI_DIGEST_TYPES DataDigest;
    ULONG MaximumConnections;
    ULONG DefaultTime2Wait;
    ULONG DefaultTime2Retain;
    ULONG UsernameLength;
    ULONG PasswordLength;
    UCHAR *Username;
    UCHAR *Password;
} ISCSI_LOGIN_OPTIONS;

typedef struct {
    ISCSI_SECURITY_FLAGS SecurityFlags;
    IKE_IDENTIFICATION_PAYLOAD_TYPE IdType;
    ULONG IdLengthInBytes;
    UCHAR *Id;
    ULONG KeyLengthInBytes;
    UCHAR *Key;
} IKE_AUTHENTICATION_PRESHARED_KEY;

typedef struct {
    IKE_AUTHENTICATION_METHOD AuthMethod;
    union {
        IKE_AUTHENTICATION_PRESHARED_KEY PsKey;
    };
} IKE_AUTHENTICATION_INFORMATION;

typedef struct {
    ULONGLONG AdapterUnique;
    ULONGLONG AdapterSpecific;
} ISCSI_UNIQUE_SESSION_ID;
typedef ISCSI_UNIQUE_SESSION_ID ISCSI_UNIQUE_CONNECTION_ID;

typedef struct {
    ULONG OSLUN;
    ULONGLONG TargetLUN;
} SCSI_LUN_LIST;

typedef struct {
    ULONG Length;
    UCHAR PortNumber;
    UCHAR PathId;
    UCHAR TargetId;
    UCHAR Lun;
} SCSI_ADDRESS;

typedef struct {
    ULONG Data1;
    USHORT Data2;
    USHORT Data3;
    UCHAR Data4[8];
} GUID;

typedef struct {
    DEVICE_TYPE DeviceType;
    DWORD DeviceNumber;
    DWORD PartitionNumber;
} STORAGE_DEVICE_NUMBER;

typedef struct {
    ISCSI_UNIQUE_CONNECTION_ID ConnectionId;
    UCHAR State;
    UCHAR Protocol;
    UCHAR HeaderDigest;
    UCHAR DataDigest;
    ULONG MaxRecvDataSegmentLength;
    ISCSI_AUTH_TYPES AuthType;
    ULONGLONG EstimatedThroughput;
    ULONG MaxDatagramSize;
} ISCSI_CONNECTION_INFO_EX;

typedef struct {
    ISCSI_UNIQUE_SESSION_ID SessionId;
    BOOLEAN InitialR2t;
    BOOLEAN ImmediateData;
    UCHAR Type;
    BOOLEAN DataSequenceInOrder;
    BOOLEAN DataPduInOrder;
    UCHAR ErrorRecoveryLevel;
    ULONG MaxOutstandingR2t;
    ULONG FirstBurstLength;
    ULONG MaxBurstLength;
    ULONG MaximumConnections;
    ULONG ConnectionCount;
    ISCSI_CONNECTION_INFO_EX *Connections;
} ISCSI_SESSION_INFO_EX;

typedef struct {
    ULONG MajorVersion;
    ULONG MinorVersion;
    ULONG BuildNumber;
} ISCSI_VERSION_INFO;

// The structures that hold text exist twice.
#define TCHAR WCHAR
#define FORM(name) name##W
#include "iscsidsc_forms.h"
#undef TCHAR
#undef FORM
#define TCHAR CHAR
#define FORM(name) name##A
#include "iscsidsc_forms.h"
#undef TCHAR
#undef FORM

#endif
