# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What a host knows, in the field's terms: dataclasses made from the DLL's structures, and to and from plain dicts.

A field that needs words for a number names its codec in the dataclass; :func:`to_dict` and :func:`from_dict` follow
the fields. "Not specified" is None, never 0.
"""

from __future__ import annotations

import dataclasses
import functools
import string
import typing as t

from ..abi import codecs
from ..abi.structures import ISCSI_ANY_INITIATOR_PORT
from .identity import Identity
from .identity import identity as identify


class UserName:
    """User names are counted bytes: text where they are plain ASCII, hex with 0x in front otherwise."""

    _PLAIN = frozenset(string.printable.encode()) - frozenset(b"\t\n\r\x0b\x0c")

    @classmethod
    def decode(cls, raw):
        if set(raw) <= cls._PLAIN and not raw.startswith(b"0x"):
            return raw.decode("ascii")
        return "0x" + raw.hex()

    @staticmethod
    def encode(value):
        return bytes.fromhex(value[2:]) if value.startswith("0x") else value.encode("utf-8")


class _Hex:
    """Bytes as pairs of hex digits."""

    @staticmethod
    def decode(raw):
        return raw.hex("-") if raw is not None else None

    @staticmethod
    def encode(value):
        return bytes.fromhex(value.replace("-", ""))


def _as(codec=None, private=False):
    """What a field knows beside its type: the codec of its words, and whether it changes with every login."""
    return {"codec": codec, "private": private}


@functools.lru_cache(maxsize=None)
def _fields(kind):
    """[(name, codec, type of a nested record or None, private), ...]"""
    hints = t.get_type_hints(kind)
    return [
        (field.name, field.metadata.get("codec"), _nested(hints[field.name]), field.metadata.get("private", False))
        for field in dataclasses.fields(kind)
    ]


def _nested(hint):
    if dataclasses.is_dataclass(hint):
        return hint
    return next(filter(None, map(_nested, t.get_args(hint))), None)


def to_dict(record, private=True):
    """A plain dict for a record; its private fields (identifiers that change with every login) only where wanted."""
    if isinstance(record, list):
        return [to_dict(one, private) for one in record]
    if not dataclasses.is_dataclass(record):
        return record
    plain = {}
    for name, codec, _kind, is_private in _fields(type(record)):
        value = getattr(record, name)
        if not is_private or private:
            plain[name] = codec.decode(value) if codec and value is not None else to_dict(value, private)
    return plain


def from_dict(kind, plain):
    """The record of a dict as :func:`to_dict` gives it.

    Unknown keys are ignored; absent or null fields take their defaults; null is None where there is none.
    """
    if isinstance(plain, list):
        return [from_dict(kind, one) for one in plain]
    if not isinstance(plain, dict):
        return plain
    values = {
        field.name: None
        for field in dataclasses.fields(kind)
        if field.name in plain and field.default is field.default_factory is dataclasses.MISSING
    }
    for name, codec, nested, _private in _fields(kind):
        value = plain.get(name)
        if value is not None:
            values[name] = codec.encode(value) if codec else from_dict(nested, value) if nested else value
    return kind(**values)


@dataclasses.dataclass
class Portal:
    """Where a target listens: an address as text (host name, IPv4 or IPv6 without brackets) and a TCP port."""

    address: str
    port: int = 3260
    symbolic_name: str = ""

    @classmethod
    def of(cls, raw):
        """From ISCSI_TARGET_PORTAL or anything with its fields; None for an empty address, which means any portal."""
        return cls(raw.Address, raw.Socket, raw.SymbolicName) if raw.Address else None


@dataclasses.dataclass
class LoginOptions:
    """ISCSI_LOGIN_OPTIONS. A field is None unless its InformationSpecified bit is set: only then it means anything.

    Times in seconds. The password is not here: only whether one is set.
    """

    login_flags: int = dataclasses.field(default=0, metadata=_as(codecs.LOGIN_FLAGS))
    header_digest: t.Optional[int] = dataclasses.field(default=None, metadata=_as(codecs.DIGEST_TYPES))
    data_digest: t.Optional[int] = dataclasses.field(default=None, metadata=_as(codecs.DIGEST_TYPES))
    maximum_connections: t.Optional[int] = None
    default_time2wait: t.Optional[int] = None
    default_time2retain: t.Optional[int] = None
    auth_type: t.Optional[int] = dataclasses.field(default=None, metadata=_as(codecs.AUTH_TYPES))
    username: t.Optional[bytes] = dataclasses.field(default=None, metadata=_as(UserName))
    password_set: bool = False
    information_specified: int = dataclasses.field(default=0, metadata=_as(codecs.INFORMATION_SPECIFIED))
    version: int = 0

    # record field -> (bit of InformationSpecified, header field)
    SPECIFIED: t.ClassVar[dict] = {
        "header_digest": (0x01, "HeaderDigest"),
        "data_digest": (0x02, "DataDigest"),
        "maximum_connections": (0x04, "MaximumConnections"),
        "default_time2wait": (0x08, "DefaultTime2Wait"),
        "default_time2retain": (0x10, "DefaultTime2Retain"),
        "username": (0x20, "Username"),
        "auth_type": (0x80, "AuthType"),
    }
    PASSWORD_BIT: t.ClassVar[int] = 0x40

    @classmethod
    def of(cls, raw):
        said = raw.InformationSpecified
        values = {name: getattr(raw, field) for name, (bit, field) in cls.SPECIFIED.items() if said & bit}
        if said & 0x20:
            values["username"] = values["username"] or b""
        return cls(
            login_flags=raw.LoginFlags,
            password_set=bool(said & cls.PASSWORD_BIT),
            information_specified=said,
            version=raw.Version,
            **values,
        )

    def structure(self, password=None):
        """The values of an ISCSI_LOGIN_OPTIONS. A password is bytes, or None for none."""
        given = {name: pair for name, pair in self.SPECIFIED.items() if getattr(self, name) is not None}
        values = {field: getattr(self, name) for name, (_bit, field) in given.items()}
        said = sum(bit for bit, _field_name in given.values())
        if password is not None:
            values["Password"] = password
            said |= self.PASSWORD_BIT
        return dict(values, Version=self.version, InformationSpecified=said, LoginFlags=self.login_flags)


@dataclasses.dataclass
class Lun:
    """A logical unit of a mapping: the number Windows gave it and the target's own, as the DLL has it."""

    os_lun: int
    target_lun: int


@dataclasses.dataclass
class Mapping:
    """ISCSI_TARGET_MAPPING: the SCSI bus and target numbers that a target appears under."""

    initiator_instance: str
    target: str
    os_device_name: str
    bus: int
    target_number: int
    luns: t.List[Lun] = dataclasses.field(default_factory=list)
    session_id: t.Optional[str] = dataclasses.field(default=None, metadata=_as(private=True))

    @classmethod
    def of(cls, raw):
        return cls(
            raw.InitiatorName,
            raw.TargetName,
            raw.OSDeviceName,
            raw.OSBusNumber,
            raw.OSTargetNumber,
            [Lun(lun.OSLUN, lun.TargetLUN) for lun in raw.LUNList],
            session_id(raw.SessionId),
        )


def session_id(raw):
    """An ISCSI_UNIQUE_SESSION_ID as iscsicli writes it: two 64-bit numbers in hex."""
    return f"{raw.AdapterUnique:016x}-{raw.AdapterSpecific:016x}"


def initiator_port(raw):
    """The number of an initiator port, or None for any."""
    return None if raw == ISCSI_ANY_INITIATOR_PORT else raw


SESSION_TYPES = ("data", "informational")


@dataclasses.dataclass
class PersistentLogin:
    """PERSISTENT_ISCSI_LOGIN_INFO: a session that the initiator opens after boot. Portal or port None: any."""

    target: str
    initiator_instance: str
    initiator_port: t.Optional[int] = None
    portal: t.Optional[Portal] = None
    session_type: str = "data"
    security_flags: int = dataclasses.field(default=0, metadata=_as(codecs.SECURITY_FLAGS))
    mappings: t.Optional[Mapping] = None
    login_options: LoginOptions = dataclasses.field(default_factory=LoginOptions)

    @classmethod
    def of(cls, raw):
        return cls(
            raw.TargetName,
            raw.InitiatorInstance,
            initiator_port(raw.InitiatorPortNumber),
            Portal.of(raw.TargetPortal),
            SESSION_TYPES[bool(raw.IsInformationalSession)],
            raw.SecurityFlags,
            Mapping.of(raw.Mappings) if raw.Mappings else None,
            LoginOptions.of(raw.LoginOptions),
        )

    @functools.cached_property
    def identity(self) -> Identity:
        """What tells one login from another."""
        return identify(self)

    @property
    def sort_key(self) -> t.Any:
        """Logins in a stable order."""
        return self.identity.sort_key


@dataclasses.dataclass
class TargetPortal:
    """A portal that is asked for targets by SendTargets. Flags and options: None where only the older report exists."""

    portal: t.Optional[Portal]
    initiator_instance: str = ""
    initiator_port: t.Optional[int] = None
    security_flags: t.Optional[int] = dataclasses.field(default=None, metadata=_as(codecs.SECURITY_FLAGS))
    login_options: t.Optional[LoginOptions] = None

    @classmethod
    def of(cls, raw):
        extended = hasattr(raw, "SecurityFlags")
        return cls(
            Portal.of(raw),
            raw.InitiatorName,
            initiator_port(raw.InitiatorPortNumber),
            raw.SecurityFlags if extended else None,
            LoginOptions.of(raw.LoginOptions) if extended else None,
        )

    @functools.cached_property
    def identity(self) -> Identity:
        """What tells one target portal from another; its target is empty."""
        return identify(self)

    @property
    def sort_key(self) -> t.Any:
        """Target portals in a stable order, by address first."""
        _target, instance, port, portal = self.identity.sort_key
        return portal, instance, port


@dataclasses.dataclass
class Discovery:
    """One way in which a target was found, as the DLL words it, and what is known of the target through it."""

    mechanism: str
    protocol: t.Optional[int] = dataclasses.field(default=None, metadata=_as(codecs.TARGET_PROTOCOLS))
    alias: t.Optional[str] = None
    initiator: t.Optional[str] = None
    target_flags: t.Optional[int] = dataclasses.field(default=None, metadata=_as(codecs.TARGET_FLAGS))
    login_options: t.Optional[LoginOptions] = None
    portal_groups: t.Optional[t.List[t.List[Portal]]] = None

    @property
    def kind(self):
        """sendtargets, static, isns, or other: the word before the colon.

        Observed: ``SendTargets:*172.16.130.9 ...`` (Infinidat).
        """
        word = self.mechanism.partition(":")[0].replace(" ", "").lower()
        return next((kind for kind in ("sendtargets", "static", "isns") if word.startswith(kind)), "other")


@dataclasses.dataclass
class Target:
    """A target that the initiator knows of."""

    name: str
    discoveries: t.List[Discovery] = dataclasses.field(default_factory=list)

    @property
    def sort_key(self) -> str:
        """Targets in a stable order."""
        return self.name.lower()


@dataclasses.dataclass
class Connection:
    """A TCP connection of a session. Lengths in bytes."""

    target_address: t.Optional[str]
    target_port: int
    initiator_address: t.Optional[str]
    state: t.Optional[int] = None
    header_digest: t.Optional[int] = dataclasses.field(default=None, metadata=_as(codecs.DIGEST_TYPES))
    data_digest: t.Optional[int] = dataclasses.field(default=None, metadata=_as(codecs.DIGEST_TYPES))
    auth_type: t.Optional[int] = dataclasses.field(default=None, metadata=_as(codecs.AUTH_TYPES))
    max_recv_data_segment_length: t.Optional[int] = None
    initiator_tcp_port: t.Optional[int] = dataclasses.field(default=None, metadata=_as(private=True))
    connection_id: t.Optional[str] = dataclasses.field(default=None, metadata=_as(private=True))
    cid: t.Optional[bytes] = dataclasses.field(default=None, metadata=_as(_Hex, private=True))

    @classmethod
    def of(cls, raw, extended=None):
        more = (
            {}
            if extended is None
            else {
                "state": extended.State,
                "header_digest": extended.HeaderDigest,
                "data_digest": extended.DataDigest,
                "auth_type": extended.AuthType,
                "max_recv_data_segment_length": extended.MaxRecvDataSegmentLength,
            }
        )
        return cls(
            raw.TargetAddress,
            raw.TargetSocket,
            raw.InitiatorAddress,
            initiator_tcp_port=raw.InitiatorSocket,
            connection_id=session_id(raw.ConnectionId),
            cid=raw.CID,
            **more,
        )


@dataclasses.dataclass
class Inquiry:
    """What SCSI says of a logical unit. Size in bytes; None where the unit did not answer."""

    os_lun: int
    target_lun: int
    vendor: t.Optional[str] = None
    product: t.Optional[str] = None
    revision: t.Optional[str] = None
    serial: t.Optional[str] = None
    identifiers: t.List[str] = dataclasses.field(default_factory=list)
    block_size: t.Optional[int] = None
    size: t.Optional[int] = None
    problem: t.Optional[str] = None


@dataclasses.dataclass
class Device:
    """ISCSI_DEVICE_ON_SESSION: a device that a session brought, by the names and numbers Windows has for it."""

    initiator_instance: str
    target: str
    device_interface_name: str
    legacy_name: str
    device_number: t.Optional[int]
    device_type: int
    partition_number: t.Optional[int]
    device_interface_type: str
    scsi_port: int
    scsi_bus: int
    scsi_target: int
    scsi_lun: int
    device_instance: t.Optional[int] = dataclasses.field(default=None, metadata=_as(private=True))

    @classmethod
    def of(cls, raw):
        number, address = raw.StorageDeviceNumber, raw.ScsiAddress
        return cls(
            raw.InitiatorName,
            raw.TargetName,
            raw.DeviceInterfaceName,
            raw.LegacyName,
            _or_none(number.DeviceNumber),
            number.DeviceType,
            _or_none(number.PartitionNumber),
            guid(raw.DeviceInterfaceType),
            address.PortNumber,
            address.PathId,
            address.TargetId,
            address.Lun,
            raw.DeviceInstance,
        )


def _or_none(number):
    return None if number == 0xFFFFFFFF else number


def guid(raw):
    """A GUID in its usual braces."""
    tail = raw.Data4.hex()
    return f"{{{raw.Data1:08x}-{raw.Data2:04x}-{raw.Data3:04x}-{tail[:4]}-{tail[4:]}}}"


@dataclasses.dataclass
class Session:
    """A live session. ``devices`` and ``luns`` are None where the host did not tell them."""

    target: str
    initiator_node: t.Optional[str]
    connections: t.List[Connection] = dataclasses.field(default_factory=list)
    session_type: t.Optional[int] = None
    maximum_connections: t.Optional[int] = None
    error_recovery_level: t.Optional[int] = None
    initial_r2t: t.Optional[bool] = None
    immediate_data: t.Optional[bool] = None
    first_burst_length: t.Optional[int] = None
    max_burst_length: t.Optional[int] = None
    devices: t.Optional[t.List[Device]] = None
    luns: t.Optional[t.List[Inquiry]] = None
    session_id: t.Optional[str] = dataclasses.field(default=None, metadata=_as(private=True))
    isid: t.Optional[bytes] = dataclasses.field(default=None, metadata=_as(_Hex, private=True))
    tsid: t.Optional[bytes] = dataclasses.field(default=None, metadata=_as(_Hex, private=True))

    @classmethod
    def of(cls, raw, extended=None):
        connections_ex = {session_id(one.ConnectionId): one for one in extended.Connections} if extended else {}
        more = (
            {}
            if extended is None
            else {
                "session_type": extended.Type,
                "maximum_connections": extended.MaximumConnections,
                "error_recovery_level": extended.ErrorRecoveryLevel,
                "initial_r2t": bool(extended.InitialR2t),
                "immediate_data": bool(extended.ImmediateData),
                "first_burst_length": extended.FirstBurstLength,
                "max_burst_length": extended.MaxBurstLength,
            }
        )
        return cls(
            raw.TargetName or raw.TargetNodeName or "",
            raw.InitiatorName,
            [Connection.of(one, connections_ex.get(session_id(one.ConnectionId))) for one in raw.Connections],
            session_id=session_id(raw.SessionId),
            isid=raw.ISID,
            tsid=raw.TSID,
            **more,
        )

    @functools.cached_property
    def sort_key(self) -> t.Any:
        """What sorts sessions alike from run to run: nothing that a reconnect changes, but to break a tie."""
        paths = sorted(
            (one.target_address or "", one.target_port, one.initiator_address or "") for one in self.connections
        )
        disks = sorted(device.legacy_name for device in self.devices or ())
        return self.target.lower(), paths, disks, self.isid or b"", self.session_id or ""


@dataclasses.dataclass
class Initiator:
    """The initiator itself."""

    node_name: t.Optional[str] = None
    instances: t.List[str] = dataclasses.field(default_factory=list)
    version: t.Optional[str] = None


SERVICE_STATES = {
    1: "stopped",
    2: "start_pending",
    3: "stop_pending",
    4: "running",
    5: "continue_pending",
    6: "pause_pending",
    7: "paused",
}
START_MODES = {0: "boot", 1: "system", 2: "automatic", 3: "manual", 4: "disabled"}


@dataclasses.dataclass
class Host:
    """What the runner saw of the machine; None where it could not tell."""

    pointer_bits: int
    runtime: str
    dll_version: t.Optional[str]
    windows_version: t.Optional[str]
    service_state: t.Optional[str]
    service_start_mode: t.Optional[str]
    service_delayed_start: bool
    elevated: t.Optional[bool]

    @classmethod
    def of(cls, raw):
        """From :class:`calls.Host`."""
        return cls(
            raw.pointer * 8,
            raw.runtime,
            _dotted(raw.dll_version),
            _dotted(raw.windows_version),
            SERVICE_STATES.get(raw.service_state),
            START_MODES.get(raw.start_mode),
            bool(raw.delayed_start),
            bool(raw.elevated) if raw.elevated in (0, 1) else None,
        )


def _dotted(numbers):
    return ".".join(map(str, numbers)) if any(numbers) else None


@dataclasses.dataclass
class Snapshot:
    """All that was asked of a host at one moment. A part that was not asked for is None."""

    host: Host
    initiator: t.Optional[Initiator] = None
    persistent_logins: t.Optional[t.List[PersistentLogin]] = None
    target_portals: t.Optional[t.List[TargetPortal]] = None
    targets: t.Optional[t.List[Target]] = None
    sessions: t.Optional[t.List[Session]] = None
    mappings: t.Optional[t.List[Mapping]] = None
    isns_servers: t.Optional[t.List[str]] = None
    radius_servers: t.Optional[t.List[str]] = None
    persistent_devices: t.Optional[t.List[str]] = None
    warnings: t.List[str] = dataclasses.field(default_factory=list)
