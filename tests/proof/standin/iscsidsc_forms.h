// Copyright: (c) 2026, winstorage.iscsi contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The structures of iscsidsc.h that hold text. Included once with TCHAR as WCHAR (the W form) and once as CHAR (the A
// form).

typedef struct {
    TCHAR SymbolicName[MAX_ISCSI_PORTAL_NAME_LEN];
    TCHAR Address[MAX_ISCSI_PORTAL_ADDRESS_LEN];
    USHORT Socket;
} FORM(ISCSI_TARGET_PORTAL);

typedef struct {
    TCHAR InitiatorName[MAX_ISCSI_HBANAME_LEN];
    ULONG InitiatorPortNumber;
    TCHAR SymbolicName[MAX_ISCSI_PORTAL_NAME_LEN];
    TCHAR Address[MAX_ISCSI_PORTAL_ADDRESS_LEN];
    USHORT Socket;
} FORM(ISCSI_TARGET_PORTAL_INFO);

typedef struct {
    TCHAR InitiatorName[MAX_ISCSI_HBANAME_LEN];
    ULONG InitiatorPortNumber;
    TCHAR SymbolicName[MAX_ISCSI_PORTAL_NAME_LEN];
    TCHAR Address[MAX_ISCSI_PORTAL_ADDRESS_LEN];
    USHORT Socket;
    ISCSI_SECURITY_FLAGS SecurityFlags;
    ISCSI_LOGIN_OPTIONS LoginOptions;
} FORM(ISCSI_TARGET_PORTAL_INFO_EX);

typedef struct {
    ULONG Count;
    FORM(ISCSI_TARGET_PORTAL) Portals[1];  // Count of them
} FORM(ISCSI_TARGET_PORTAL_GROUP);

typedef struct {
    TCHAR InitiatorName[MAX_ISCSI_HBANAME_LEN];
    TCHAR TargetName[MAX_ISCSI_NAME_LEN + 1];
    TCHAR OSDeviceName[MAX_PATH_LEN];
    ISCSI_UNIQUE_SESSION_ID SessionId;
    ULONG OSBusNumber;
    ULONG OSTargetNumber;
    ULONG LUNCount;
    SCSI_LUN_LIST *LUNList;
} FORM(ISCSI_TARGET_MAPPING);

typedef struct {
    TCHAR TargetName[MAX_ISCSI_NAME_LEN + 1];
    BOOLEAN IsInformationalSession;
    TCHAR InitiatorInstance[MAX_ISCSI_HBANAME_LEN];
    ULONG InitiatorPortNumber;
    FORM(ISCSI_TARGET_PORTAL) TargetPortal;
    ISCSI_SECURITY_FLAGS SecurityFlags;
    FORM(ISCSI_TARGET_MAPPING) * Mappings;
    ISCSI_LOGIN_OPTIONS LoginOptions;
} FORM(PERSISTENT_ISCSI_LOGIN_INFO);

typedef struct {
    ISCSI_UNIQUE_CONNECTION_ID ConnectionId;
    TCHAR *InitiatorAddress;
    TCHAR *TargetAddress;
    USHORT InitiatorSocket;
    USHORT TargetSocket;
    UCHAR CID[2];
} FORM(ISCSI_CONNECTION_INFO);

typedef struct {
    ISCSI_UNIQUE_SESSION_ID SessionId;
    TCHAR *InitiatorName;
    TCHAR *TargetNodeName;
    TCHAR *TargetName;
    UCHAR ISID[6];
    UCHAR TSID[2];
    ULONG ConnectionCount;
    FORM(ISCSI_CONNECTION_INFO) * Connections;
} FORM(ISCSI_SESSION_INFO);

typedef struct {
    TCHAR InitiatorName[MAX_ISCSI_HBANAME_LEN];
    TCHAR TargetName[MAX_ISCSI_NAME_LEN + 1];
    SCSI_ADDRESS ScsiAddress;
    GUID DeviceInterfaceType;
    TCHAR DeviceInterfaceName[MAX_PATH_LEN];
    TCHAR LegacyName[MAX_PATH_LEN];
    STORAGE_DEVICE_NUMBER StorageDeviceNumber;
    DWORD DeviceInstance;
} FORM(ISCSI_DEVICE_ON_SESSION);
