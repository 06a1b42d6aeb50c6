# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What a host is, in a storage administrator's terms.

THEORY OF OPERATION of the package ``model``

A host is one :class:`Snapshot`: what the initiator service remembers (persistent logins, target portals, targets,
servers, bound devices) and what is connected at that moment (sessions, connections, devices). Records are dumb data.
They are built from the DLL's structures, never ask anything themselves, and are not changed once a snapshot is
complete; that is why identities and sort keys may be computed once and kept.

What this package believes about the world:

- None means "not known" or "not specified", never 0. A list that was not asked for is None; an empty list is empty.
- One login has many spellings. Windows returns names in other letter case than they were given, and stores addresses
  as numbers. Two records are the same login when their :class:`~.identity.Identity` is equal, and nothing else decides
  that: not facts, not plans, not reports. Addresses are compared in :mod:`addresses` alone, names checked in
  :mod:`names` alone.
- Records of one identity are legal: Windows saves a login as often as it is told to, and each copy opens a session.
- The DLL reports logins and sessions without a link between them. Which login accounts for which session is inferred
  (:mod:`matching`) from target and portal.
- The order of a report means nothing, and numbers that Windows makes up at each login (session ids) say nothing about
  a host. Facts have neither, so they are equal whenever the host is.

Layers, lowest first: ``addresses``, ``names`` and ``plain`` (text and dicts), ``identity``, ``live`` and ``records``
(the data), ``matching``, ``forecast`` and ``facts`` (conclusions). No module here calls the DLL or imports Ansible.

This module has the records of what is saved and of the host, and the snapshot; those of sessions are in :mod:`live`.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..abi import codecs
from ..abi.structures import ISCSI_ANY_INITIATOR_PORT
from . import addresses
from . import host_settings as settings
from .events import EventLog
from .identity import Identity
from .identity import identity as identify
from .live import Connection, Device, Inquiry, Lun, Mapping, Session, guid, session_id
from .plain import UserName, from_dict, shown_as, to_dict
from .ports import InitiatorPort, SavedAddresses
from .volumes import Disk, Volume

__all__ = [  # every record, and what converts them, is reachable from here
    "SERVICE_STATES",
    "SESSION_TYPES",
    "START_MODES",
    "Connection",
    "Device",
    "Discovery",
    "Disk",
    "Host",
    "Initiator",
    "Inquiry",
    "LoginOptions",
    "Lun",
    "Mapping",
    "PersistentLogin",
    "Portal",
    "Session",
    "Snapshot",
    "Target",
    "TargetPortal",
    "UserName",
    "Volume",
    "from_dict",
    "guid",
    "initiator_port",
    "session_id",
    "to_dict",
]


@dataclasses.dataclass
class Portal:
    """Where a target listens: an address as text (host name, IPv4 or IPv6 without brackets) and a TCP port."""

    address: str
    port: int = 3260
    symbolic_name: str = ""

    @classmethod
    def of(cls, raw: t.Any) -> t.Optional[Portal]:
        """From ISCSI_TARGET_PORTAL or anything with its fields; None for an empty address, which means any portal."""
        return cls(raw.Address, raw.Socket, raw.SymbolicName) if raw.Address else None


@dataclasses.dataclass
class LoginOptions:
    """ISCSI_LOGIN_OPTIONS. A field is None unless its InformationSpecified bit is set: only then it means anything.

    Times in seconds. The password is not here: only whether one is set. ``default_username`` is the node name that
    Windows filled in where no user name was given; then ``username`` is None, and its bit is not shown.
    """

    login_flags: int = dataclasses.field(default=0, metadata=shown_as(codecs.LOGIN_FLAGS))
    header_digest: t.Optional[int] = dataclasses.field(default=None, metadata=shown_as(codecs.DIGEST_TYPES))
    data_digest: t.Optional[int] = dataclasses.field(default=None, metadata=shown_as(codecs.DIGEST_TYPES))
    maximum_connections: t.Optional[int] = None
    default_time2wait: t.Optional[int] = None
    default_time2retain: t.Optional[int] = None
    auth_type: t.Optional[int] = dataclasses.field(default=None, metadata=shown_as(codecs.AUTH_TYPES))
    username: t.Optional[bytes] = dataclasses.field(default=None, metadata=shown_as(UserName))
    default_username: t.Optional[bytes] = dataclasses.field(default=None, metadata=shown_as(UserName))
    password_set: bool = False
    information_specified: int = dataclasses.field(default=0, metadata=shown_as(codecs.INFORMATION_SPECIFIED))
    version: int = 0

    # record field -> (bit of InformationSpecified, header field)
    SPECIFIED: t.ClassVar[t.Dict[str, t.Tuple[int, str]]] = {
        "header_digest": (0x01, "HeaderDigest"),
        "data_digest": (0x02, "DataDigest"),
        "maximum_connections": (0x04, "MaximumConnections"),
        "default_time2wait": (0x08, "DefaultTime2Wait"),
        "default_time2retain": (0x10, "DefaultTime2Retain"),
        "username": (0x20, "Username"),
        "auth_type": (0x80, "AuthType"),
    }
    PASSWORD_BIT: t.ClassVar[int] = 0x40

    @property
    def uses_chap(self) -> bool:
        """Whether the login proves who it is, so that its user name means something."""
        return self.auth_type in (1, 2)

    @classmethod
    def of(cls, raw: t.Any) -> LoginOptions:
        specified = raw.InformationSpecified
        values = {name: getattr(raw, field) for name, (bit, field) in cls.SPECIFIED.items() if specified & bit}
        if "username" in values:
            values["username"] = values["username"] or b""
        return cls(
            login_flags=raw.LoginFlags,
            password_set=bool(specified & cls.PASSWORD_BIT),
            information_specified=specified,
            version=raw.Version,
            **values,
        )

    def structure(self, password: t.Optional[bytes] = None) -> t.Dict[str, t.Any]:
        """The fields of an ISCSI_LOGIN_OPTIONS with these options, and with a password if one is passed.

        A user name that Windows filled in is specified, so that a record is saved again as it was.
        """
        fields: t.Dict[str, t.Any] = {}
        specified = 0
        for name, (bit, field) in self.SPECIFIED.items():
            value = getattr(self, name)
            if name == "username" and value is None:
                value = self.default_username
            if value is not None:
                fields[field] = value
                specified |= bit
        if password is not None:
            fields["Password"] = password
            specified |= self.PASSWORD_BIT
        return dict(fields, Version=self.version, InformationSpecified=specified, LoginFlags=self.login_flags)


def initiator_port(raw: int) -> t.Optional[int]:
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
    security_flags: int = dataclasses.field(default=0, metadata=shown_as(codecs.SECURITY_FLAGS))
    mappings: t.Optional[Mapping] = None
    login_options: LoginOptions = dataclasses.field(default_factory=LoginOptions)

    @classmethod
    def of(cls, raw: t.Any) -> PersistentLogin:
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
    def canonical(self) -> PersistentLogin:
        """The same login with its identity spelled canonically: copies are equal then, however each was spelled."""
        return dataclasses.replace(
            self,
            target=self.identity.target,
            initiator_instance=self.identity.initiator_instance,
            portal=self.portal and dataclasses.replace(self.portal, address=addresses.canonical(self.portal.address)),
        )

    @property
    def sort_key(self) -> t.Any:
        """Logins in a stable order."""
        return self.identity.sort_key


@dataclasses.dataclass
class TargetPortal:
    """A portal that SendTargets discovery asks for targets.

    Flags and options are None where the DLL has only the older report.
    """

    portal: t.Optional[Portal]
    initiator_instance: str = ""
    initiator_port: t.Optional[int] = None
    security_flags: t.Optional[int] = dataclasses.field(default=None, metadata=shown_as(codecs.SECURITY_FLAGS))
    login_options: t.Optional[LoginOptions] = None

    @classmethod
    def of(cls, raw: t.Any) -> TargetPortal:
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
    """A mechanism that found a target, in the DLL's words, and what is known of the target through it."""

    mechanism: str
    protocol: t.Optional[int] = dataclasses.field(default=None, metadata=shown_as(codecs.TARGET_PROTOCOLS))
    alias: t.Optional[str] = None
    initiator: t.Optional[str] = None
    target_flags: t.Optional[int] = dataclasses.field(default=None, metadata=shown_as(codecs.TARGET_FLAGS))
    login_options: t.Optional[LoginOptions] = None
    portal_groups: t.Optional[t.List[t.List[Portal]]] = None

    @property
    def kind(self) -> str:
        """sendtargets, static, isns, or other: the word before the colon.

        Observed: ``SendTargets:*172.16.130.9 ...`` (Infinidat). Static targets are ``Manually Configured:`` (public
        analyses of the service).
        """
        word = self.mechanism.partition(":")[0].replace(" ", "").lower()
        if word == "manuallyconfigured":
            return "static"
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
    def of(cls, raw: t.Any) -> Host:
        """From :class:`..runner.wire.Host`."""
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


def _dotted(numbers: t.Sequence[int]) -> t.Optional[str]:
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
    initiator_ports: t.Optional[t.List[InitiatorPort]] = None
    saved_addresses: t.Optional[SavedAddresses] = None
    policies: t.Optional[t.Dict[str, bool]] = None  # whether each group policy is enabled
    disks: t.Optional[t.List[Disk]] = None  # every disk of Windows
    events: t.Optional[EventLog] = None
    host_settings: t.Optional[settings.HostSettings] = None
    warnings: t.List[str] = dataclasses.field(default_factory=list)
