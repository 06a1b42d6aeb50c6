# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The structures of iscsidsc.dll, read like the header.

Source: Microsoft SDK header iscsidsc.h (also ntddscsi.h for SCSI_ADDRESS and winioctl.h for STORAGE_DEVICE_NUMBER).
Where their fields lie in memory follows from :mod:`layout`, whose names this module offers as well.
"""

from __future__ import annotations

import typing as t

from .layout import (
    BLOB,
    BOOLEAN,
    ENUM,
    SECRET,
    TEXT,
    UCHAR,
    ULONG,
    ULONGLONG,
    USHORT,
    WIDE,
    X64_A,
    X64_W,
    X86_A,
    X86_W,
    Abi,
    Bytes,
    Chars,
    Kind,
    Layout,
    LayoutError,
    Pointer,
    Scalar,
    Structure,
    decode_text,
    encode_text,
    text_length,
)

# Names of layout that are reachable from here, for those who import this module alone.
__all__ = [
    "BLOB",
    "BOOLEAN",
    "ENUM",
    "SECRET",
    "TEXT",
    "UCHAR",
    "ULONG",
    "ULONGLONG",
    "USHORT",
    "WIDE",
    "X64_A",
    "X64_W",
    "X86_A",
    "X86_W",
    "Abi",
    "Bytes",
    "Chars",
    "Kind",
    "Layout",
    "LayoutError",
    "Pointer",
    "Scalar",
    "Structure",
    "decode_text",
    "encode_text",
    "text_length",
]

MAX_ISCSI_HBANAME_LEN = 256
MAX_ISCSI_NAME_LEN = 223
MAX_ISCSI_PORTAL_NAME_LEN = 256
MAX_ISCSI_PORTAL_ADDRESS_LEN = 256
MAX_PATH = 260
ISCSI_ANY_INITIATOR_PORT = 0xFFFFFFFF  # also ISCSI_ALL_INITIATOR_PORTS: any for a login, all for a removal

_INSTANCE = Chars(MAX_ISCSI_HBANAME_LEN)
_NODE_NAME = Chars(MAX_ISCSI_NAME_LEN + 1)
_PORTAL: t.Dict[str, Kind] = {
    "SymbolicName": Chars(MAX_ISCSI_PORTAL_NAME_LEN),
    "Address": Chars(MAX_ISCSI_PORTAL_ADDRESS_LEN),
    "Socket": USHORT,
}

ISCSI_LOGIN_OPTIONS = Structure(
    "ISCSI_LOGIN_OPTIONS",
    Version=ULONG,
    InformationSpecified=ULONG,
    LoginFlags=ULONG,
    AuthType=ENUM,
    HeaderDigest=ENUM,
    DataDigest=ENUM,
    MaximumConnections=ULONG,
    DefaultTime2Wait=ULONG,
    DefaultTime2Retain=ULONG,
    UsernameLength=ULONG,
    PasswordLength=ULONG,
    Username=Pointer(BLOB, count="UsernameLength", when=("InformationSpecified", 0x20)),
    Password=Pointer(SECRET, count="PasswordLength", when=("InformationSpecified", 0x40)),
)
IKE_AUTHENTICATION_PRESHARED_KEY = Structure(
    "IKE_AUTHENTICATION_PRESHARED_KEY",
    SecurityFlags=ULONGLONG,
    IdType=UCHAR,
    IdLengthInBytes=ULONG,
    Id=Pointer(BLOB, count="IdLengthInBytes"),
    KeyLengthInBytes=ULONG,
    Key=Pointer(SECRET, count="KeyLengthInBytes"),
)
IKE_AUTHENTICATION_INFORMATION = Structure(
    "IKE_AUTHENTICATION_INFORMATION", AuthMethod=ENUM, PsKey=IKE_AUTHENTICATION_PRESHARED_KEY
)
ISCSI_UNIQUE_SESSION_ID = Structure("ISCSI_UNIQUE_SESSION_ID", AdapterUnique=ULONGLONG, AdapterSpecific=ULONGLONG)
ISCSI_UNIQUE_CONNECTION_ID = ISCSI_UNIQUE_SESSION_ID  # a typedef in the header
SCSI_LUN_LIST = Structure("SCSI_LUN_LIST", OSLUN=ULONG, TargetLUN=ULONGLONG)
ISCSI_TARGET_MAPPING = Structure(
    "ISCSI_TARGET_MAPPING",
    InitiatorName=_INSTANCE,
    TargetName=_NODE_NAME,
    OSDeviceName=Chars(MAX_PATH),
    SessionId=ISCSI_UNIQUE_SESSION_ID,
    OSBusNumber=ULONG,
    OSTargetNumber=ULONG,
    LUNCount=ULONG,
    LUNList=Pointer(SCSI_LUN_LIST, count="LUNCount"),
)
ISCSI_TARGET_PORTAL = Structure("ISCSI_TARGET_PORTAL", **_PORTAL)
ISCSI_TARGET_PORTAL_INFO = Structure(
    "ISCSI_TARGET_PORTAL_INFO", InitiatorName=_INSTANCE, InitiatorPortNumber=ULONG, **_PORTAL
)
ISCSI_TARGET_PORTAL_INFO_EX = Structure(
    "ISCSI_TARGET_PORTAL_INFO_EX",
    InitiatorName=_INSTANCE,
    InitiatorPortNumber=ULONG,
    **_PORTAL,
    SecurityFlags=ULONGLONG,
    LoginOptions=ISCSI_LOGIN_OPTIONS,
)
ISCSI_TARGET_PORTAL_GROUP = Structure(
    "ISCSI_TARGET_PORTAL_GROUP", Count=ULONG, Portals=ISCSI_TARGET_PORTAL
)  # Portals[1]: the first of Count
PERSISTENT_ISCSI_LOGIN_INFO = Structure(
    "PERSISTENT_ISCSI_LOGIN_INFO",
    TargetName=_NODE_NAME,
    IsInformationalSession=BOOLEAN,
    InitiatorInstance=_INSTANCE,
    InitiatorPortNumber=ULONG,
    TargetPortal=ISCSI_TARGET_PORTAL,
    SecurityFlags=ULONGLONG,
    Mappings=Pointer(ISCSI_TARGET_MAPPING),
    LoginOptions=ISCSI_LOGIN_OPTIONS,
)
ISCSI_CONNECTION_INFO = Structure(
    "ISCSI_CONNECTION_INFO",
    ConnectionId=ISCSI_UNIQUE_CONNECTION_ID,
    InitiatorAddress=Pointer(TEXT),
    TargetAddress=Pointer(TEXT),
    InitiatorSocket=USHORT,
    TargetSocket=USHORT,
    CID=Bytes(2),
)
ISCSI_SESSION_INFO = Structure(
    "ISCSI_SESSION_INFO",
    SessionId=ISCSI_UNIQUE_SESSION_ID,
    InitiatorName=Pointer(TEXT),
    TargetNodeName=Pointer(TEXT),
    TargetName=Pointer(TEXT),
    ISID=Bytes(6),
    TSID=Bytes(2),
    ConnectionCount=ULONG,
    Connections=Pointer(ISCSI_CONNECTION_INFO, count="ConnectionCount"),
)
ISCSI_CONNECTION_INFO_EX = Structure(
    "ISCSI_CONNECTION_INFO_EX",
    ConnectionId=ISCSI_UNIQUE_CONNECTION_ID,
    State=UCHAR,
    Protocol=UCHAR,
    HeaderDigest=UCHAR,
    DataDigest=UCHAR,
    MaxRecvDataSegmentLength=ULONG,
    AuthType=ENUM,
    EstimatedThroughput=ULONGLONG,
    MaxDatagramSize=ULONG,
)
ISCSI_SESSION_INFO_EX = Structure(
    "ISCSI_SESSION_INFO_EX",
    SessionId=ISCSI_UNIQUE_SESSION_ID,
    InitialR2t=BOOLEAN,
    ImmediateData=BOOLEAN,
    Type=UCHAR,
    DataSequenceInOrder=BOOLEAN,
    DataPduInOrder=BOOLEAN,
    ErrorRecoveryLevel=UCHAR,
    MaxOutstandingR2t=ULONG,
    FirstBurstLength=ULONG,
    MaxBurstLength=ULONG,
    MaximumConnections=ULONG,
    ConnectionCount=ULONG,
    Connections=Pointer(ISCSI_CONNECTION_INFO_EX, count="ConnectionCount"),
)
SCSI_ADDRESS = Structure("SCSI_ADDRESS", Length=ULONG, PortNumber=UCHAR, PathId=UCHAR, TargetId=UCHAR, Lun=UCHAR)
GUID = Structure("GUID", Data1=ULONG, Data2=USHORT, Data3=USHORT, Data4=Bytes(8))
STORAGE_DEVICE_NUMBER = Structure("STORAGE_DEVICE_NUMBER", DeviceType=ULONG, DeviceNumber=ULONG, PartitionNumber=ULONG)
ISCSI_DEVICE_ON_SESSION = Structure(
    "ISCSI_DEVICE_ON_SESSION",
    InitiatorName=_INSTANCE,
    TargetName=_NODE_NAME,
    ScsiAddress=SCSI_ADDRESS,
    DeviceInterfaceType=GUID,
    DeviceInterfaceName=Chars(MAX_PATH),
    LegacyName=Chars(MAX_PATH),
    StorageDeviceNumber=STORAGE_DEVICE_NUMBER,
    DeviceInstance=ULONG,
)
ISCSI_VERSION_INFO = Structure("ISCSI_VERSION_INFO", MajorVersion=ULONG, MinorVersion=ULONG, BuildNumber=ULONG)

STRUCTURES = {value.name: value for value in list(globals().values()) if isinstance(value, Structure)}
