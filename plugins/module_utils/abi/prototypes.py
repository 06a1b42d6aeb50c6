# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The exports of iscsidsc.dll as data: arguments in order, with type, direction and the unit of every size.

Sources: Microsoft SDK header iscsidsc.h for the prototypes; the SDK sample iscsicli.c for the units (the
documentation says "elements" for the string lists; the sample allocates ``BufferSize * sizeof(TCHAR)``, so they are
characters). The W forms are bound. Every function returns its status; see :mod:`status`.

Everything that makes or serves a call is derived from this table: argument blocks (:mod:`builder`), ctypes argument
types (:mod:`native`), the simulator's marshalling, and the declarations in Iscsidsc.cs (``make reference``).
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import structures as s
from .layout import Scalar, Structure

# What an argument is. By value: a Scalar of layout.py. By pointer: one of these.
TEXT = "text"  # in: NUL-terminated text
STRUCT = "struct"  # in or out: one structure
BYTES = "bytes"  # in or out: bytes, counted by another argument
ARRAY = "array"  # out: structures in a row, with what their pointers lead to behind them
LIST = "list"  # out: texts, each NUL-terminated, and an empty one
NUMBER = "number"  # out: a Scalar
SIZE = "size"  # in and out: the size of the buffer of another argument
FIXED_TEXT = "fixed text"  # out: text in a buffer whose size the function takes for granted


@dataclasses.dataclass(frozen=True)
class Argument:
    """An argument of a prototype.

    ``type``: of a NUMBER or a SIZE its Scalar, of a STRUCT or an ARRAY its Structure. ``of`` names, for SIZE, the
    buffer it measures and, for in BYTES, the argument that counts them. ``unit`` of a SIZE: 'bytes', 'chars' or
    'elements'. ``count`` names the NUMBER (or SIZE) that tells how many structures an ARRAY holds. ``capacity`` in
    bytes: a buffer that never grows.
    """

    name: str
    kind: t.Union[Scalar, str]
    type: t.Union[Scalar, Structure, None] = None
    out: bool = False
    of: t.Optional[str] = None
    unit: t.Optional[str] = None
    count: t.Optional[str] = None
    capacity: int = 0
    optional: bool = False

    @property
    def scalar(self) -> Scalar:
        """The type of an argument that is, or leads to, a number."""
        found = self.kind if isinstance(self.kind, Scalar) else self.type
        if not isinstance(found, Scalar):
            raise AssertionError(self.name)
        return found

    @property
    def structure(self) -> Structure:
        """The type of an argument that leads to structures."""
        if not isinstance(self.type, Structure):
            raise AssertionError(self.name)
        return self.type


class Function(t.NamedTuple):
    """An export: its name and arguments in order."""

    name: str
    arguments: t.Tuple[Argument, ...]

    def argument(self, name: str) -> Argument:
        return next(argument for argument in self.arguments if argument.name == name)

    def size_of(self, name: str) -> t.Optional[Argument]:
        """The SIZE argument that measures the buffer ``name``, or None."""
        return next((argument for argument in self.arguments if argument.kind is SIZE and argument.of == name), None)


def _value(name: str, scalar: Scalar) -> Argument:
    return Argument(name, scalar)


def _text(name: str, optional: bool = False) -> Argument:
    return Argument(name, TEXT, optional=optional)


def _in(name: str, structure: Structure, optional: bool = False) -> Argument:
    return Argument(name, STRUCT, structure, optional=optional)


def _in_bytes(name: str, counted_by: t.Optional[str], optional: bool = False) -> Argument:
    return Argument(name, BYTES, of=counted_by, optional=optional)


def _out(name: str, structure: Structure) -> Argument:
    return Argument(name, STRUCT, structure, out=True)


def _number(name: str, scalar: Scalar = s.ULONG) -> Argument:
    return Argument(name, NUMBER, scalar, out=True)


def _array(name: str, structure: Structure, count: str) -> Argument:
    return Argument(name, ARRAY, structure, out=True, count=count)


def _list(name: str) -> Argument:
    return Argument(name, LIST, out=True)


def _buffer(name: str, capacity: int = 0) -> Argument:
    return Argument(name, BYTES, out=True, capacity=capacity)


def _size(name: str, of: str, unit: str) -> Argument:
    return Argument(name, SIZE, s.ULONG, out=True, of=of, unit=unit)


_SESSION = _in("UniqueSessionId", s.ISCSI_UNIQUE_SESSION_ID)
_CONNECTION_OUT = _out("UniqueConnectionId", s.ISCSI_UNIQUE_CONNECTION_ID)
_INSTANCE = _text("InitiatorInstance", optional=True)
_PORT = _value("InitiatorPortNumber", s.ULONG)
_PORTAL = _in("TargetPortal", s.ISCSI_TARGET_PORTAL, optional=True)
_OPTIONS = _in("LoginOptions", s.ISCSI_LOGIN_OPTIONS, optional=True)
_MAPPINGS = _in("Mappings", s.ISCSI_TARGET_MAPPING, optional=True)
_FLAGS = _value("SecurityFlags", s.ULONGLONG)
_KEY = (_value("KeySize", s.ULONG), _in_bytes("Key", "KeySize", optional=True))
_LUN = _value("Lun", s.ULONGLONG)
_SCSI_REPLY = (  # 255 bytes hold any INQUIRY page and sense data that a one-byte length can announce
    _number("ScsiStatus", s.UCHAR),
    _size("ResponseSize", "ResponseBuffer", "bytes"),
    _buffer("ResponseBuffer", 255),
    _size("SenseSize", "SenseBuffer", "bytes"),
    _buffer("SenseBuffer", 255),
)
_STRING_LIST = (_size("BufferSize", "Buffer", "chars"), _list("Buffer"))


def _table(*rows: t.Tuple[t.Any, ...]) -> t.Dict[str, Function]:
    """Functions by name; a row is the name, then each :class:`Argument`."""
    return {name: Function(name, tuple(arguments)) for name, *arguments in rows}


FUNCTIONS = _table(
    ("GetIScsiVersionInformation", _out("VersionInfo", s.ISCSI_VERSION_INFO)),
    (
        "GetIScsiTargetInformationW",
        _text("TargetName"),
        _text("DiscoveryMechanism", optional=True),
        _value("InfoClass", s.ENUM),
        _size("BufferSize", "Buffer", "bytes"),
        _buffer("Buffer"),
    ),
    (
        "AddIScsiConnectionW",
        _SESSION,
        _text("Reserved", optional=True),
        _PORT,
        _PORTAL,
        _FLAGS,
        _OPTIONS,
        *_KEY,
        _CONNECTION_OUT,
    ),
    ("RemoveIScsiConnection", _SESSION, _in("ConnectionId", s.ISCSI_UNIQUE_CONNECTION_ID)),
    ("ReportIScsiTargetsW", _value("ForceUpdate", s.BOOLEAN), *_STRING_LIST),
    (
        "AddIScsiStaticTargetW",
        _text("TargetName"),
        _text("TargetAlias", optional=True),
        _value("TargetFlags", s.ULONG),
        _value("Persist", s.BOOLEAN),
        _MAPPINGS,
        _OPTIONS,
        _in("PortalGroup", s.ISCSI_TARGET_PORTAL_GROUP, optional=True),
    ),
    ("RemoveIScsiStaticTargetW", _text("TargetName")),
    ("AddIScsiSendTargetPortalW", _INSTANCE, _PORT, _OPTIONS, _FLAGS, _in("Portal", s.ISCSI_TARGET_PORTAL)),
    ("RemoveIScsiSendTargetPortalW", _INSTANCE, _PORT, _in("Portal", s.ISCSI_TARGET_PORTAL)),
    ("RefreshIScsiSendTargetPortalW", _INSTANCE, _PORT, _in("Portal", s.ISCSI_TARGET_PORTAL)),
    (
        "ReportIScsiSendTargetPortalsW",
        _size("PortalCount", "PortalInfo", "elements"),
        _array("PortalInfo", s.ISCSI_TARGET_PORTAL_INFO, "PortalCount"),
    ),
    (
        "ReportIScsiSendTargetPortalsExW",
        _number("PortalCount"),
        _size("PortalInfoSize", "PortalInfo", "bytes"),
        _array("PortalInfo", s.ISCSI_TARGET_PORTAL_INFO_EX, "PortalCount"),
    ),
    (
        "LoginIScsiTargetW",
        _text("TargetName"),
        _value("IsInformationalSession", s.BOOLEAN),
        _INSTANCE,
        _PORT,
        _PORTAL,
        _FLAGS,
        _MAPPINGS,
        _OPTIONS,
        *_KEY,
        _value("IsPersistent", s.BOOLEAN),
        _out("UniqueSessionId", s.ISCSI_UNIQUE_SESSION_ID),
        _CONNECTION_OUT,
    ),
    (
        "ReportIScsiPersistentLoginsW",
        _number("Count"),
        _array("PersistentLoginInfo", s.PERSISTENT_ISCSI_LOGIN_INFO, "Count"),
        _size("BufferSizeInBytes", "PersistentLoginInfo", "bytes"),
    ),
    ("LogoutIScsiTarget", _SESSION),
    (
        "RemoveIScsiPersistentTargetW",
        _INSTANCE,
        _PORT,
        _text("TargetName"),
        _in("Portal", s.ISCSI_TARGET_PORTAL, optional=True),
    ),
    ("SendScsiInquiry", _SESSION, _LUN, _value("EvpdCmddt", s.UCHAR), _value("PageCode", s.UCHAR), *_SCSI_REPLY),
    ("SendScsiReadCapacity", _SESSION, _LUN, *_SCSI_REPLY),
    ("SendScsiReportLuns", _SESSION, *_SCSI_REPLY[:2], _buffer("ResponseBuffer", 4104), *_SCSI_REPLY[3:]),  # 512 LUNs
    ("ReportIScsiInitiatorListW", *_STRING_LIST),
    (
        "ReportActiveIScsiTargetMappingsW",
        _size("BufferSize", "Mappings", "bytes"),
        _number("MappingCount"),
        _array("Mappings", s.ISCSI_TARGET_MAPPING, "MappingCount"),
    ),
    (
        "SetIScsiTunnelModeOuterAddressW",
        _text("InitiatorName", optional=True),
        _PORT,
        _text("DestinationAddress", optional=True),
        _text("OuterModeAddress", optional=True),
        _value("Persist", s.BOOLEAN),
    ),
    (
        "SetIScsiIKEInfoW",
        _text("InitiatorName", optional=True),
        _PORT,
        _in("AuthInfo", s.IKE_AUTHENTICATION_INFORMATION),
        _value("Persist", s.BOOLEAN),
    ),
    (
        "GetIScsiIKEInfoW",
        _text("InitiatorName", optional=True),
        _PORT,
        _in_bytes("Reserved", None, optional=True),
        _out("AuthInfo", s.IKE_AUTHENTICATION_INFORMATION),
    ),
    (
        "SetIScsiGroupPresharedKey",
        _value("KeyLength", s.ULONG),
        _in_bytes("Key", "KeyLength", optional=True),
        _value("Persist", s.BOOLEAN),
    ),
    (
        "SetIScsiInitiatorCHAPSharedSecret",
        _value("SharedSecretLength", s.ULONG),
        _in_bytes("SharedSecret", "SharedSecretLength", optional=True),
    ),
    (
        "SetIScsiInitiatorRADIUSSharedSecret",
        _value("SharedSecretLength", s.ULONG),
        _in_bytes("SharedSecret", "SharedSecretLength", optional=True),
    ),
    ("SetIScsiInitiatorNodeNameW", _text("InitiatorNodeName", optional=True)),
    (
        "GetIScsiInitiatorNodeNameW",
        Argument("InitiatorNodeName", FIXED_TEXT, out=True, capacity=2 * (s.MAX_ISCSI_NAME_LEN + 1)),
    ),
    ("AddISNSServerW", _text("Address")),
    ("RemoveISNSServerW", _text("Address")),
    ("RefreshISNSServerW", _text("Address", optional=True)),
    ("ReportISNSServerListW", *_STRING_LIST),
    ("AddRadiusServerW", _text("Address")),
    ("RemoveRadiusServerW", _text("Address")),
    ("ReportRadiusServerListW", *_STRING_LIST),
    (
        "GetIScsiSessionListW",
        _size("BufferSize", "SessionInfo", "bytes"),
        _number("SessionCount"),
        _array("SessionInfo", s.ISCSI_SESSION_INFO, "SessionCount"),
    ),
    (
        "GetIScsiSessionListEx",
        _size("BufferSize", "SessionInfo", "bytes"),
        _number("SessionCount"),
        _array("SessionInfo", s.ISCSI_SESSION_INFO_EX, "SessionCount"),
    ),
    (
        "GetDevicesForIScsiSessionW",
        _SESSION,
        _size("DeviceCount", "Devices", "elements"),
        _array("Devices", s.ISCSI_DEVICE_ON_SESSION, "DeviceCount"),
    ),
    (
        "ReportIScsiTargetPortalsW",
        _text("InitiatorName", optional=True),
        _text("TargetName"),
        _in_bytes("TargetPortalTag", None, optional=True),
        _size("ElementCount", "Portals", "elements"),
        _array("Portals", s.ISCSI_TARGET_PORTAL, "ElementCount"),
    ),
    ("AddPersistentIScsiDeviceW", _text("DevicePath")),
    ("RemovePersistentIScsiDeviceW", _text("DevicePath")),
    ("ReportPersistentIScsiDevicesW", *_STRING_LIST),
    ("ClearPersistentIScsiDevices",),
    ("SetupPersistentIScsiDevices",),
    ("SetupPersistentIScsiVolumes",),
)

# What GetIScsiTargetInformationW leaves in its Buffer, by information class (TARGET_INFORMATION_CLASS of the header).
PORTAL_GROUPS = "portal groups"  # u32 count of groups; from offset 4 on each ISCSI_TARGET_PORTAL_GROUP with its portals
TARGET_INFORMATION = {
    "ProtocolType": (0, NUMBER, s.ENUM),
    "TargetAlias": (1, TEXT, None),
    "DiscoveryMechanisms": (2, LIST, None),
    "PortalGroups": (3, PORTAL_GROUPS, s.ISCSI_TARGET_PORTAL_GROUP),
    "PersistentTargetMappings": (4, STRUCT, s.ISCSI_TARGET_MAPPING),
    "InitiatorName": (5, TEXT, None),
    "TargetFlags": (6, NUMBER, s.ULONG),
    "LoginOptions": (7, STRUCT, s.ISCSI_LOGIN_OPTIONS),
}

# Not the DLL's: the runner itself does these for MSiSCSI, the service that everything above needs (see Iscsidsc.cs and
# native.py).
SERVICE_FUNCTIONS = _table(
    ("StartService", _value("TimeoutMilliseconds", s.ULONG)),
    ("SetServiceStartMode", _value("StartMode", s.ULONG)),
)
CALLABLE = dict(FUNCTIONS, **SERVICE_FUNCTIONS)
