# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of every export with every kind of record, as data: what is sent, and what a service answers."""

from __future__ import annotations

import typing as t

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import memory, prototypes, structures
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire

SECRET = b"marker-secret-12"
IQN = "iqn.2001-05.com.example:array-7:luns"
LONGEST_IQN = "iqn.2001-05.com.example:".ljust(structures.MAX_ISCSI_NAME_LEN, "n")
LONGEST_ADDRESS = "a" * (structures.MAX_ISCSI_PORTAL_ADDRESS_LEN - 1)
INSTANCE = "ROOT\\ISCSIPRT\\0000_0"
SESSION = {"AdapterUnique": 0xFFFF990F12345678, "AdapterSpecific": 0x400001370000000D}
CONNECTION = {"AdapterUnique": 0xFFFF990F12345678, "AdapterSpecific": 0x1B}
PORTAL = {"SymbolicName": "fabric \u00e4 \U0001f5c4", "Address": "192.0.2.10", "Socket": 3260}
PORTAL6 = {"Address": "2001:db8::10", "Socket": 65535}
NO_PORTAL = {}
OPTIONS = {
    "Version": 0,
    "InformationSpecified": 0xFF,
    "LoginFlags": 0x2B,
    "AuthType": 2,
    "HeaderDigest": 1,
    "DataDigest": 1,
    "MaximumConnections": 7,
    "DefaultTime2Wait": 11,
    "DefaultTime2Retain": 13,
}
CHAP = dict(OPTIONS, Username=b"chap-\xe4-user", Password=SECRET)
CHAP_BACK = dict(OPTIONS, Username=b"chap-\xe4-user", PasswordLength=16)  # as it is reported: without the secret
MAPPING = {
    "InitiatorName": INSTANCE,
    "TargetName": IQN,
    "OSDeviceName": "\\\\.\\PhysicalDrive9",
    "SessionId": SESSION,
    "OSBusNumber": 1,
    "OSTargetNumber": 0xFFFFFFFE,
    "LUNList": [{"OSLUN": 0, "TargetLUN": 0}, {"OSLUN": 255, "TargetLUN": 0x4001000000000000}],
}
LOGINS = [
    {
        "TargetName": IQN,
        "IsInformationalSession": 0,
        "InitiatorInstance": INSTANCE,
        "InitiatorPortNumber": 1,
        "TargetPortal": PORTAL,
        "SecurityFlags": 0x8000000000000022,
        "LoginOptions": OPTIONS,
    },
    {
        "TargetName": LONGEST_IQN,
        "IsInformationalSession": 1,
        "InitiatorInstance": "i" * 255,
        "InitiatorPortNumber": 0xFFFFFFFF,
        "TargetPortal": {"SymbolicName": "s" * 255, "Address": LONGEST_ADDRESS, "Socket": 1},
        "SecurityFlags": 0x7F,
        "Mappings": MAPPING,
        "LoginOptions": CHAP_BACK,
    },
    {"TargetName": IQN.upper(), "TargetPortal": NO_PORTAL},
    {
        "TargetName": IQN,
        "Mappings": dict(MAPPING, LUNList=None),
        "LoginOptions": {"InformationSpecified": 0x20, "Username": b"\x00\xff"},
    },
]
PORTAL_INFO = {"InitiatorName": INSTANCE, "InitiatorPortNumber": 2, **PORTAL}
SESSIONS = [
    {
        "SessionId": SESSION,
        "InitiatorName": "iqn.1991-05.com.microsoft:sql1",
        "TargetNodeName": None,
        "TargetName": IQN,
        "ISID": bytes.fromhex("400001370000"),
        "TSID": b"\x01\x02",
        "Connections": [
            {
                "ConnectionId": CONNECTION,
                "InitiatorAddress": "0.0.0.0",
                "TargetAddress": "192.0.2.10",
                "InitiatorSocket": 58847,
                "TargetSocket": 3260,
                "CID": b"\x01\x00",
            },
            {
                "ConnectionId": dict(CONNECTION, AdapterSpecific=0x1C),
                "InitiatorAddress": "2001:db8::1",
                "TargetAddress": "2001:db8::10",
                "InitiatorSocket": 1,
                "TargetSocket": 65535,
                "CID": b"\x02\x00",
            },
        ],
    },
    {
        "SessionId": CONNECTION,
        "InitiatorName": "",
        "TargetNodeName": "node",
        "TargetName": LONGEST_IQN,
        "ISID": bytes(6),
        "TSID": bytes(2),
        "Connections": [],
    },
]
SESSIONS_EX = [
    {
        "SessionId": SESSION,
        "InitialR2t": 1,
        "ImmediateData": 0,
        "Type": 1,
        "DataSequenceInOrder": 1,
        "DataPduInOrder": 1,
        "ErrorRecoveryLevel": 2,
        "MaxOutstandingR2t": 3,
        "FirstBurstLength": 65536,
        "MaxBurstLength": 262144,
        "MaximumConnections": 5,
        "Connections": [
            {
                "ConnectionId": CONNECTION,
                "State": 1,
                "Protocol": 0,
                "HeaderDigest": 1,
                "DataDigest": 1,
                "MaxRecvDataSegmentLength": 8192,
                "AuthType": 2,
                "EstimatedThroughput": 0x123456789ABCDEF0,
                "MaxDatagramSize": 1500,
            }
        ],
    },
    {"SessionId": CONNECTION, "Type": 0, "Connections": None},
]
DEVICES = [
    {
        "InitiatorName": INSTANCE,
        "TargetName": IQN,
        "ScsiAddress": {"Length": 8, "PortNumber": 3, "PathId": 1, "TargetId": 2, "Lun": 4},
        "DeviceInterfaceType": {
            "Data1": 0x53F56307,
            "Data2": 0xB6BF,
            "Data3": 0x11D0,
            "Data4": bytes.fromhex("94f200a0c91efb8b"),
        },
        "DeviceInterfaceName": "\\\\?\\scsi#disk&ven_example#1&0",
        "LegacyName": "\\\\.\\PhysicalDrive4",
        "StorageDeviceNumber": {"DeviceType": 7, "DeviceNumber": 4, "PartitionNumber": 0xFFFFFFFF},
        "DeviceInstance": 29,
    },
    {"InitiatorName": INSTANCE, "TargetName": IQN},
]
GROUPS = [
    {"Portals": portals} for portals in ([PORTAL, PORTAL6], [PORTAL6], [], [PORTAL, PORTAL, PORTAL6, PORTAL6], [PORTAL])
]
KEY = {"AuthMethod": 1, "PsKey": {"SecurityFlags": 0x47, "IdType": 5, "Id": b"2001:db8::1", "Key": SECRET}}
KEY_BACK = {
    "AuthMethod": 1,
    "PsKey": {"SecurityFlags": 0x47, "IdType": 5, "IdLengthInBytes": 11, "KeyLengthInBytes": 16},
}
SENSE = bytes.fromhex("70000500000000180000000025000000")


class Case(t.NamedTuple):
    """One call: ``sent`` as :meth:`program.Builder.call` takes it, ``outputs`` as a service gives them.

    ``received``: arguments that arrive otherwise than they are sent.
    """

    name: str
    export: str
    sent: t.Dict[str, t.Any] = {}
    outputs: t.Dict[str, t.Any] = {}
    status: int = 0
    received: t.Dict[str, t.Any] = {}

    @property
    def inputs(self):
        """What has to arrive at the service."""
        inputs = {
            argument.name: arrived(argument, self.sent.get(argument.name))
            for argument in prototypes.FUNCTIONS[self.export].arguments
            if not argument.out
        }
        for argument in prototypes.FUNCTIONS[self.export].arguments:
            if argument.kind is prototypes.BYTES and not argument.out and argument.of:
                inputs[argument.of] = len(inputs[argument.name] or b"")
        return {**inputs, **self.received}


def arrived(argument, value):
    """What arrives for an argument that is sent."""
    return filled(argument.type, value) if argument.kind is prototypes.STRUCT and isinstance(value, dict) else value


def filled(structure, values):
    """A structure sent, as its receiver finds it: what was left out is zero, and counts are there."""
    found = {}
    for name, kind in structure.fields.items():
        value = values.get(name)
        if isinstance(kind, structures.Structure):
            found[name] = filled(kind, value or {})
        elif isinstance(kind, structures.Pointer):
            found[name] = [filled(kind.to, row) for row in value] if isinstance(value, list) else value
        else:
            found[name] = value or ("" if isinstance(kind, structures.Chars) else 0)
    return {**found, **_counts(structure, values)}


def decoded(structure, values):
    """A structure that a service gives, as :class:`memory.Image` is to decode it."""
    found = {}
    for name, kind in structure.fields.items():
        value = values.get(name)
        if isinstance(kind, structures.Structure):
            found[name] = decoded(kind, value or {})
        elif isinstance(kind, structures.Pointer):
            found[name] = _led_to(kind, value)
        elif isinstance(kind, structures.Bytes):
            found[name] = value or bytes(kind.length)
        else:
            found[name] = value or ("" if isinstance(kind, structures.Chars) else 0)
    return structure.record(**{**found, **_counts(structure, values)})


def _counts(structure, values):
    return {
        kind.count: len(values[name])
        for name, kind in structure.fields.items()
        if isinstance(kind, structures.Pointer) and kind.count and isinstance(values.get(name), (bytes, list))
    }


def _led_to(pointer, value):
    if not isinstance(pointer.to, structures.Structure):
        return value if pointer.to is structures.TEXT else value or None
    if pointer.count:
        return [decoded(pointer.to, row) for row in value] if value else ()
    return decoded(pointer.to, value) if value is not None else None


def expected(case):
    """{output: its value as program.Reply decodes it}."""
    wanted = {}
    for argument in prototypes.FUNCTIONS[case.export].arguments:
        value = case.outputs.get(argument.name)
        if value is None or "InfoClass" in case.sent:
            continue
        if argument.kind is prototypes.STRUCT:
            value = decoded(argument.type, value)
        elif argument.kind is prototypes.ARRAY:
            value = [decoded(argument.type, row) for row in value]
            wanted[argument.count] = len(value)
        wanted[argument.name] = value
    return wanted


class Canned:
    """A service that answers the cases, and nothing else: ERROR_INVALID_PARAMETER for arguments of no case."""

    host = wire.Host(8, service_state=4, start_mode=2, delayed_start=1)  # for those who can ask

    def __init__(self, cases):
        self.cases = cases

    def call(self, export, inputs):
        for case in self.cases:
            if case.export == export and case.inputs == inputs:
                return case.status, case.outputs
        return 87, {}


def portal_group(portals, abi):
    """An ISCSI_TARGET_PORTAL_GROUP with any number of portals, as bytes."""
    rows, _pointers = memory.pack(structures.ISCSI_TARGET_PORTAL, portals, abi)
    return len(portals).to_bytes(4, "little") + bytes(rows)


_INFO = {"TargetName": IQN, "DiscoveryMechanism": "SendTargets:*192.0.2.10 0003260 ROOT\\ISCSIPRT\\0000_0"}


def _information(name, value, through=None):
    return Case(
        "information: " + name,
        "GetIScsiTargetInformationW",
        dict(through or _INFO, InfoClass=prototypes.TARGET_INFORMATION[name][0]),
        {"Buffer": value},
    )


def _secret(export):
    return [Case(export, export, {"SharedSecret": SECRET}), Case(export + ": cleared", export)]


def _list(export):
    return Case(export, export, {}, {"Buffer": ["one", "two \u00e4", "x" * 300]})


_CREATE = {
    "TargetName": IQN,
    "IsInformationalSession": 0,
    "InitiatorPortNumber": 0xFFFFFFFF,
    "SecurityFlags": 0,
    "IsPersistent": 0,
}
_ON_PORTAL = {"InitiatorInstance": INSTANCE, "InitiatorPortNumber": 2, "Portal": PORTAL}
_ANY_PORTAL = {"InitiatorPortNumber": 0xFFFFFFFF, "Portal": PORTAL6}
_NOT_SET = {"InformationSpecified": 0x1F, "UsernameLength": 5, "PasswordLength": 6}
_STATIC = {"TargetName": IQN, "TargetFlags": 6, "Persist": 1}
_LUN = {"UniqueSessionId": SESSION, "Lun": 0x4001000000000000}

CASES = [
    Case(
        "version",
        "GetIScsiVersionInformation",
        {},
        {"VersionInfo": {"MajorVersion": 10, "MinorVersion": 1, "BuildNumber": 20348}},
    ),
    _information("ProtocolType", 0),
    _information("TargetAlias", "Alias \u00e4 \U0001f5c4"),
    _information("DiscoveryMechanisms", [_INFO["DiscoveryMechanism"], "iSNS:"], {"TargetName": IQN}),
    _information("PortalGroups", GROUPS),
    _information("PersistentTargetMappings", MAPPING),
    _information("InitiatorName", INSTANCE),
    _information("TargetFlags", 0xFFFFFFFD),
    _information("LoginOptions", CHAP_BACK),
    Case(
        "connection",
        "AddIScsiConnectionW",
        {
            "UniqueSessionId": SESSION,
            "Reserved": INSTANCE,
            "InitiatorPortNumber": 3,
            "TargetPortal": PORTAL,
            "SecurityFlags": 0xFEDCBA9876543210,
            "LoginOptions": CHAP,
            "Key": b"k\x00y",
        },
        {"UniqueConnectionId": CONNECTION},
    ),
    Case(
        "connection: nulls",
        "AddIScsiConnectionW",
        {"UniqueSessionId": SESSION, "InitiatorPortNumber": 0, "SecurityFlags": 0},
        status=0xEFFF003F,
    ),
    Case(
        "remove connection",
        "RemoveIScsiConnection",
        {"UniqueSessionId": SESSION, "ConnectionId": CONNECTION},
        status=0xEFFF003D,
    ),
    Case("targets", "ReportIScsiTargetsW", {"ForceUpdate": 1}, {"Buffer": [IQN, LONGEST_IQN, IQN.upper()]}),
    Case("targets: none", "ReportIScsiTargetsW", {"ForceUpdate": 0}, {"Buffer": []}),
    Case(
        "static target",
        "AddIScsiStaticTargetW",
        dict(
            _STATIC,
            TargetAlias="alias",
            Mappings=MAPPING,
            LoginOptions=CHAP,
            PortalGroup=portal_group([PORTAL, PORTAL6, PORTAL], structures.X64_W),
        ),
        received={
            "PortalGroup": {
                "Count": 3,
                "Portals": [filled(structures.ISCSI_TARGET_PORTAL, portal) for portal in (PORTAL, PORTAL6, PORTAL)],
            }
        },
    ),
    Case("static target: nulls", "AddIScsiStaticTargetW", _STATIC, status=0xAFFF003B),
    Case(
        "static target: an empty group",
        "AddIScsiStaticTargetW",
        dict(_STATIC, Persist=0, PortalGroup=bytes(4)),
        received={"PortalGroup": {"Count": 0, "Portals": []}},
    ),
    Case("remove static target", "RemoveIScsiStaticTargetW", {"TargetName": LONGEST_IQN}),
    Case("add portal", "AddIScsiSendTargetPortalW", dict(_ON_PORTAL, LoginOptions=CHAP, SecurityFlags=0x22)),
    Case("add portal: nulls", "AddIScsiSendTargetPortalW", dict(_ANY_PORTAL, SecurityFlags=0), status=0xEFFF0003),
    Case("remove portal", "RemoveIScsiSendTargetPortalW", _ON_PORTAL),
    Case("remove portal: any", "RemoveIScsiSendTargetPortalW", _ANY_PORTAL),
    Case("refresh portal", "RefreshIScsiSendTargetPortalW", _ON_PORTAL),
    Case("portals", "ReportIScsiSendTargetPortalsW", {}, {"PortalInfo": [PORTAL_INFO, PORTAL6]}),
    Case(
        "portals with options",
        "ReportIScsiSendTargetPortalsExW",
        {},
        {
            "PortalInfo": [
                dict(PORTAL_INFO, SecurityFlags=0x22, LoginOptions=CHAP_BACK),
                PORTAL6,
                dict(PORTAL, LoginOptions=OPTIONS),
            ]
        },
    ),
    Case(
        "login",
        "LoginIScsiTargetW",
        dict(
            _CREATE,
            InitiatorInstance=INSTANCE,
            TargetPortal=PORTAL,
            SecurityFlags=0x8000000000000001,
            Mappings=MAPPING,
            LoginOptions=CHAP,
            Key=b"k" * 300,
        ),
        {"UniqueSessionId": SESSION, "UniqueConnectionId": CONNECTION},
    ),
    Case("login: nulls", "LoginIScsiTargetW", dict(_CREATE, IsPersistent=1)),
    Case(
        "login: an informational session, without LUNs",
        "LoginIScsiTargetW",
        dict(_CREATE, IsInformationalSession=1, Mappings=dict(MAPPING, LUNList=None)),
    ),
    Case(
        "login: a pointer whose bit is clear is not followed",
        "LoginIScsiTargetW",
        dict(_CREATE, LoginOptions=dict(_NOT_SET, Username=0x10, Password=0x18)),
        received={"LoginOptions": filled(structures.ISCSI_LOGIN_OPTIONS, _NOT_SET)},
    ),
    Case("persistent logins", "ReportIScsiPersistentLoginsW", {}, {"PersistentLoginInfo": LOGINS}),
    Case("logout", "LogoutIScsiTarget", {"UniqueSessionId": SESSION}, status=0xEFFF0040),
    Case(
        "remove login",
        "RemoveIScsiPersistentTargetW",
        {"InitiatorInstance": INSTANCE, "InitiatorPortNumber": 1, "TargetName": IQN, "Portal": PORTAL},
    ),
    Case(
        "remove login: on all portals",
        "RemoveIScsiPersistentTargetW",
        {"InitiatorPortNumber": 0xFFFFFFFF, "TargetName": IQN},
    ),
    Case(
        "inquiry",
        "SendScsiInquiry",
        dict(_LUN, EvpdCmddt=1, PageCode=0x83),
        {"ScsiStatus": 0, "ResponseBuffer": bytes(range(255)), "SenseBuffer": b""},
    ),
    Case(
        "inquiry: check condition",
        "SendScsiInquiry",
        dict(_LUN, EvpdCmddt=0, PageCode=0xFF),
        {"ScsiStatus": 2, "ResponseBuffer": b"", "SenseBuffer": SENSE},
        status=0xEFFF001D,
    ),
    Case(
        "capacity",
        "SendScsiReadCapacity",
        _LUN,
        {"ScsiStatus": 0, "ResponseBuffer": bytes.fromhex("00ffffff00000200"), "SenseBuffer": b""},
    ),
    Case(
        "LUNs",
        "SendScsiReportLuns",
        {"UniqueSessionId": SESSION},
        {"ScsiStatus": 0, "ResponseBuffer": bytes(range(256)) * 16, "SenseBuffer": b""},
    ),
    _list("ReportIScsiInitiatorListW"),
    Case(
        "mappings",
        "ReportActiveIScsiTargetMappingsW",
        {},
        {"Mappings": [MAPPING, dict(MAPPING, LUNList=[]), dict(MAPPING, LUNList=MAPPING["LUNList"] * 100)]},
    ),
    Case(
        "tunnel",
        "SetIScsiTunnelModeOuterAddressW",
        {
            "InitiatorName": INSTANCE,
            "InitiatorPortNumber": 1,
            "DestinationAddress": "192.0.2.1",
            "OuterModeAddress": "192.0.2.2",
            "Persist": 1,
        },
    ),
    Case("tunnel: nulls", "SetIScsiTunnelModeOuterAddressW", {"InitiatorPortNumber": 1, "Persist": 0}),
    Case(
        "IKE key",
        "SetIScsiIKEInfoW",
        {"InitiatorName": INSTANCE, "InitiatorPortNumber": 1, "AuthInfo": KEY, "Persist": 1},
    ),
    Case(
        "IKE key back",
        "GetIScsiIKEInfoW",
        {"InitiatorName": INSTANCE, "InitiatorPortNumber": 1},
        {"AuthInfo": KEY_BACK},
    ),
    Case("group key", "SetIScsiGroupPresharedKey", {"Key": SECRET, "Persist": 1}),
    *_secret("SetIScsiInitiatorCHAPSharedSecret"),
    *_secret("SetIScsiInitiatorRADIUSSharedSecret"),
    Case("set node name", "SetIScsiInitiatorNodeNameW", {"InitiatorNodeName": LONGEST_IQN}),
    Case("set node name: default", "SetIScsiInitiatorNodeNameW"),
    Case("node name", "GetIScsiInitiatorNodeNameW", {}, {"InitiatorNodeName": LONGEST_IQN}),
    *[
        Case(name, name, {"Address": "isns.example.com"})
        for name in (
            "AddISNSServerW",
            "RemoveISNSServerW",
            "RefreshISNSServerW",
            "AddRadiusServerW",
            "RemoveRadiusServerW",
        )
    ],
    Case("refresh every iSNS server", "RefreshISNSServerW"),
    _list("ReportISNSServerListW"),
    _list("ReportRadiusServerListW"),
    Case("sessions", "GetIScsiSessionListW", {}, {"SessionInfo": SESSIONS}),
    Case("sessions: more of them", "GetIScsiSessionListEx", {}, {"SessionInfo": SESSIONS_EX}),
    Case("devices", "GetDevicesForIScsiSessionW", {"UniqueSessionId": SESSION}, {"Devices": DEVICES}),
    Case("devices: none", "GetDevicesForIScsiSessionW", {"UniqueSessionId": CONNECTION}, {"Devices": []}),
    Case(
        "portals of a target",
        "ReportIScsiTargetPortalsW",
        {"InitiatorName": INSTANCE, "TargetName": IQN, "TargetPortalTag": b"\x01\x80"},
        {"Portals": [PORTAL, PORTAL6]},
    ),
    Case("portals of a target: nulls", "ReportIScsiTargetPortalsW", {"TargetName": IQN}, {"Portals": [PORTAL]}),
    *[
        Case(name, name, {"DevicePath": "F:\\mount \u00e4"})
        for name in ("AddPersistentIScsiDeviceW", "RemovePersistentIScsiDeviceW")
    ],
    _list("ReportPersistentIScsiDevicesW"),
    *[
        Case(name, name)
        for name in ("ClearPersistentIScsiDevices", "SetupPersistentIScsiDevices", "SetupPersistentIScsiVolumes")
    ],
]
