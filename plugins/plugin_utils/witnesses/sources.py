# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each witness says, as records of one form: a mapping of fields, where a field that is None is not known.

Sources of the layouts: Microsoft's documentation of the management classes, its driver header iscsiop.h, and public
analyses of the service (x64, a build of Windows 10 or 11) for the offsets of LoginTargetIN and the names of registry
values. Nothing here asks for a secret: of LoginTargetIN only the head leaves the host, of login options never the
password.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ...module_utils.abi import memory
from ...module_utils.abi.structures import ISCSI_ANY_INITIATOR_PORT
from ...module_utils.client.builder import BUSY, Builder, CallError, CallHandle, Replies, Reply, RowsHandle
from ...module_utils.model.addresses import canonical, host_port
from ...module_utils.model.row_values import is_number
from ...module_utils.runner import rows, wire

Entry = t.Dict[str, t.Any]

# Subjects of a comparison: the name in results, and in words.
LOGINS, PORTALS, STATIC, DEVICES, ISNS, NODE = (
    "persistent_logins",
    "target_portals",
    "static_targets",
    "persistent_devices",
    "isns_servers",
    "node_name",
)
_OPTIONS = {
    "LoginFlags": "login_flags",
    "AuthType": "auth_type",
    "HeaderDigest": "header_digest",
    "DataDigest": "data_digest",
    "MaximumConnections": "maximum_connections",
    "DefaultTime2Wait": "default_time2wait",
    "DefaultTime2Retain": "default_time2retain",
    "InformationSpecified": "information_specified",
}
_ADAPTERS = "SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e97b-e325-11ce-bfc1-08002be10318}\\*"
_DISCOVERY = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\iSCSI\\Discovery"
LISTS = {  # the list of each export, and what it is about
    "ReportIScsiPersistentLoginsW": ("PersistentLoginInfo", LOGINS),
    "ReportIScsiSendTargetPortalsExW": ("PortalInfo", PORTALS),
    "GetIScsiSessionListW": ("SessionInfo", "sessions"),
    "ReportIScsiTargetsW": ("Buffer", "targets"),
    "ReportISNSServerListW": ("Buffer", ISNS),
    "ReportRadiusServerListW": ("Buffer", "radius_servers"),
    "ReportPersistentIScsiDevicesW": ("Buffer", DEVICES),
}


# -- the DLL -----------------------------------------------------------------------------------------------------------


class Seen(t.NamedTuple):
    """What the DLL says: raw records by subject, or why they could not be read.

    :param sized: the first of the two calls that each list takes: without a buffer, to learn the size.
    :param filled: the second.
    """

    host: wire.Host
    raw: t.Dict[str, t.Any]
    problems: t.Dict[str, str]
    sized: t.Dict[str, Reply]
    filled: t.Dict[str, Reply]

    def entries(self, subject: str) -> t.Optional[t.List[Entry]]:
        """The records of a subject in the form of all witnesses."""
        found = self.raw.get(subject)
        if found is None:
            return None
        if subject == LOGINS:
            return [_login(raw._asdict(), _options_of(raw.LoginOptions), raw.TargetPortal) for raw in found]
        if subject == PORTALS:
            return [{"portal": _portal(raw.Address, raw.Socket)} for raw in found]
        key = {STATIC: "target", DEVICES: "device", ISNS: "server", NODE: "name"}[subject]
        return [{key: text.lower()} for text in found]


class Dll:
    """The calls of the DLL that first contact makes beside those of the facts."""

    def __init__(self, builder: Builder) -> None:
        self._filled: t.Dict[str, CallHandle] = {}
        self._sized: t.Dict[str, CallHandle] = {}
        for export in LISTS:
            values = {"ForceUpdate": 0} if export == "ReportIScsiTargetsW" else {}
            self._sized[export] = sized = builder.call(export, **values)
            call = builder.calls[sized.index]
            builder.calls[sized.index] = call._replace(blocks=tuple(b._replace(growth=()) for b in call.blocks))
            self._filled[export] = builder.call(export, retry=BUSY, **values)
        self._node = builder.call("GetIScsiInitiatorNodeNameW")
        targets = self._filled["ReportIScsiTargetsW"]
        self._mechanisms = builder.call(
            "GetIScsiTargetInformationW",
            each=builder.items(targets, "Buffer"),
            TargetName=builder.item(0),
            InfoClass=2,
        )

    def read(self, replies: Replies) -> Seen:
        seen = Seen(replies.host, {}, {}, {}, {})
        for export, (output, subject) in LISTS.items():
            sized = replies.each(self._sized[export])
            if sized:
                seen.sized[export] = sized[0]
            try:
                seen.filled[export] = reply = replies.require(self._filled[export])
                seen.raw[subject] = reply[output]
            except (CallError, memory.ImageError) as error:
                seen.problems[subject] = _short(error)
        try:
            seen.raw[NODE] = [replies.require(self._node)["InitiatorNodeName"]]
            if "targets" in seen.raw:
                seen.raw[STATIC] = list(self._static(replies, seen.raw["targets"]))
        except (CallError, memory.ImageError) as error:
            seen.problems.setdefault(NODE, _short(error))
        for subject in (STATIC, NODE):
            if subject not in seen.raw:
                seen.problems.setdefault(subject, seen.problems.get("targets", "no answer"))
        return seen

    def _static(self, replies: Replies, targets: t.Sequence[str]) -> t.Iterator[str]:
        for reply in replies.each(self._mechanisms):
            if reply.status.ok:
                texts = reply.image("Buffer").texts(limit=reply["BufferSize"])
                if any(text.lower().startswith(("manually", "static")) for text in texts):
                    yield reply.pick(targets)


def _short(error: t.Union[CallError, memory.ImageError]) -> str:
    return f"{error.export} ended with {error.status.symbol}" if isinstance(error, CallError) else str(error)


def _options_of(raw: t.Any) -> Entry:
    options = dict(raw._asdict())
    user = raw.Username
    return dict(
        options, Username=user.hex() if user is not None else None, secret=bool(raw.InformationSpecified & 0x40)
    )


def _login(values: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any], portal: t.Any) -> Entry:
    """A saved login by the names that the DLL and the management classes share."""
    get = portal.get if isinstance(portal, dict) else lambda name: getattr(portal, name, None)
    port = get("Socket") if get("Socket") is not None else get("Port")
    entry: Entry = {
        "target": _lower(values.get("TargetName")),
        "initiator_instance": _lower(values.get("InitiatorInstance")),
        "initiator_port": _port(values.get("InitiatorPortNumber")),
        "portal": _portal(_address(get("Address")), port),
        "session_type": _session_type(values.get("IsInformationalSession")),
        "security_flags": values.get("SecurityFlags"),
        "username": _user(options.get("Username")),
        "secret_set": options.get("secret"),
    }
    entry.update({field: options.get(name) for name, field in _OPTIONS.items()})
    return entry


def _text(row: t.Mapping[str, t.Any], name: str) -> t.Optional[str]:
    value = row.get(name)
    return value if isinstance(value, str) else None


def _number(row: t.Mapping[str, t.Any], name: str, most: int = (1 << 64) - 1) -> t.Optional[int]:
    value = row.get(name)
    return value if is_number(value) and value <= most else None


def _mapping(value: t.Any) -> t.Dict[str, t.Any]:
    """A mapping; TypeError for what is there and is none. Rows come from the host."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(type(value))
    return value


def _mappings(value: t.Any) -> t.List[t.Dict[str, t.Any]]:
    return [_mapping(member) for member in value] if isinstance(value, list) else []


def _lower(text: t.Any) -> t.Optional[str]:
    return text.lower() if isinstance(text, str) else None


def _port(number: t.Any) -> t.Any:
    return "any" if number == ISCSI_ANY_INITIATOR_PORT else number


def _session_type(informational: t.Any) -> t.Optional[str]:
    return None if informational is None else "informational" if informational else "data"


def _user(value: t.Any) -> t.Optional[str]:
    """A user name from hex text, or from the numbers of its bytes."""
    try:
        raw = bytes(value) if isinstance(value, list) else bytes.fromhex(value or "")
    except (TypeError, ValueError):
        return None
    return raw.rstrip(b"\0").decode("latin-1")


def _portal(address: t.Optional[str], port: t.Any) -> t.Optional[str]:
    if address is None or not isinstance(port, int):
        return None
    return host_port(canonical(address), port) if address else "any"


def _address(value: t.Any) -> t.Optional[str]:
    """An address as text, or as an ISCSI_IP_Address."""
    if not isinstance(value, dict):
        return value if isinstance(value, str) else None
    try:
        ipv6 = bytes.fromhex(_text(value, "IpV6Address") or "")
        ipv4 = (_number(value, "IpV4Address", 0xFFFFFFFF) or 0).to_bytes(4, "little")
    except ValueError:
        return None
    return _typed_address(_number(value, "Type"), ipv4, ipv6, _text(value, "TextAddress"))


def _typed_address(kind: t.Optional[int], ipv4: bytes, ipv6: bytes, text: t.Optional[str]) -> t.Optional[str]:
    if kind == 1:
        return str(ipaddress.IPv4Address(ipv4))
    if kind == 2 and len(ipv6) == 16:
        return str(ipaddress.IPv6Address(ipv6))
    return {0: text, 3: ""}.get(kind if kind is not None else -1)


# -- the other witnesses -----------------------------------------------------------------------------------------------


class Witness(t.NamedTuple):
    """Something beside the DLL that knows the same records.

    :param decode: the entries in the rows of all its queries.
    :param fields: what it knows of a record; empty for a bare count.
    :param unset: what it means that a value is not there; None where that means an empty list.
    """

    title: str
    subject: str
    queries: t.Tuple[rows.Query, ...]
    decode: t.Callable[[t.List[rows.Row]], t.List[Entry]]
    fields: t.Tuple[str, ...]
    unset: t.Optional[str] = None

    def ask(self, builder: Builder) -> t.List[RowsHandle]:
        return [builder.ask(query) for query in self.queries]


class Found(t.NamedTuple):
    """What a witness says, or why it could not be asked."""

    entries: t.Optional[t.List[Entry]]
    problem: t.Optional[str] = None


def read(witness: Witness, replies: Replies, handles: t.Sequence[RowsHandle]) -> Found:
    """The entries of a witness."""
    problems: t.List[str] = []
    answers = [replies.rows(handle, problems.append) for handle in handles]
    if problems or None in answers:
        return Found(None, "; ".join(problem.partition(": ")[2] or problem for problem in problems))
    if witness.unset and not any(row.get("values") for answer in answers for row in answer or ()):
        return Found(None, witness.unset)
    try:
        entries = witness.decode([row for answer in answers for row in answer or ()])
        for entry in entries:
            for value in entry.values():
                if not (value is None or isinstance(value, (str, int))):
                    raise TypeError(type(value))
        return Found(entries)
    except (LookupError, TypeError, ValueError) as error:  # rows come from the host
        return Found(None, f"its rows have a form that is not known ({type(error).__name__})")


def _logins_of_service(found: t.List[rows.Row]) -> t.List[Entry]:
    return [_login(row, _mapping(row.get("LoginOptions")), _mapping(row.get("TargetPortal"))) for row in found]


def _logins_of_driver(found: t.List[rows.Row]) -> t.List[Entry]:
    return [
        _login(
            dict(login, InitiatorInstance=row.get("InstanceName")),
            _mapping(login.get("LoginOptions")),
            _mapping(login.get("TargetPortal")),
        )
        for row in found
        for login in _mappings(row.get("PersistentLogins"))
    ]


def _logins_of_registry(found: t.List[rows.Row]) -> t.List[Entry]:
    heads = [bytes.fromhex(_text(_mapping(row["values"]), rows.LOGIN_TARGET) or "") for row in found]
    return [_login_of_head(head) for head in heads]


def _login_of_head(head: bytes) -> Entry:
    """A saved login from the first bytes of LoginTargetIN, the driver's LoginToTarget_IN."""
    if len(head) < rows.LOGIN_TARGET_HEAD:
        raise ValueError(len(head))

    def number(offset: int, size: int = 4) -> int:
        return int.from_bytes(head[offset : offset + size], "little")

    def text(offset: int) -> str:
        length = number(offset, 2)
        return head[offset + 2 : offset + 2 + length].decode("utf-16-le", "replace").partition("\0")[0]

    values = {"TargetName": text(1580), "InitiatorPortNumber": number(0), "SecurityFlags": number(40, 8)}
    values["IsInformationalSession"] = number(36) == 1
    order = ("HeaderDigest", "DataDigest", "MaximumConnections", "DefaultTime2Wait", "DefaultTime2Retain")
    options: Entry = {name: number(8 + 4 * index) for index, name in enumerate(order)}
    options.update(InformationSpecified=number(4), LoginFlags=number(28), AuthType=number(32))
    address = _typed_address(number(48), head[52:56], head[56:72], text(80))
    entry = _login(values, options, {"Address": address, "Port": number(600, 2)})
    return dict(entry, username=None, username_length=number(604), secret_set=number(608) > 0)


# "*<address> <port> <instance> <IP address of the initiator port>"
_SEND_TARGETS = re.compile(r"\*?(?P<address>\S+) (?P<port>\d{7})(?: .*)?")


def _portals_of_registry(found: t.List[rows.Row]) -> t.List[Entry]:
    names = [name for row in found for name in _mapping(row["values"])]
    entries = []
    for name in names:
        match = _SEND_TARGETS.fullmatch(name)
        if match is None:
            raise ValueError(name)
        entries.append({"portal": _portal(match["address"], int(match["port"]))})
    return entries


def _names_of_values(found: t.List[rows.Row]) -> t.List[Entry]:
    return [{"target": name.lstrip("*").lower()} for row in found for name in _mapping(row["values"])]


def _listed(value: str, key: str) -> t.Callable[[t.List[rows.Row]], t.List[Entry]]:
    def decode(found: t.List[rows.Row]) -> t.List[Entry]:
        texts = [_mapping(row["values"]).get(value) or [] for row in found]
        flat = [text for entry in texts for text in (entry if isinstance(entry, list) else [entry])]
        return [{key: _lower(text)} for text in flat]

    return decode


_LOGIN_FIELDS = (
    "target",
    "initiator_instance",
    "initiator_port",
    "portal",
    "session_type",
    "security_flags",
    *_OPTIONS.values(),
)
_READ_OPTIONS = tuple(f"LoginOptions.{name}" for name in (*_OPTIONS, "Username"))
_DRIVER_PROPERTIES = (
    "TargetName",
    "IsInformationalSession",
    "InitiatorPortNumber",
    "TargetPortal.Address",
    "TargetPortal.Socket",
    "SecurityFlags",
    *_READ_OPTIONS,
    "UniqueIdForISID",
)
WITNESSES = (
    Witness(
        "class MSiSCSIInitiator_PersistentLoginClass",
        LOGINS,
        (
            rows.CimQuery(
                "root/wmi",
                "MSiSCSIInitiator_PersistentLoginClass",
                (
                    "TargetName",
                    "IsInformationalSession",
                    "InitiatorInstance",
                    "InitiatorPortNumber",
                    "TargetPortal.Address",
                    "TargetPortal.Port",
                    "SecurityFlags",
                    *_READ_OPTIONS,
                ),
            ),
        ),
        _logins_of_service,
        (*_LOGIN_FIELDS, "username"),
    ),
    Witness(
        "class MSiSCSI_PersistentLogins (driver)",
        LOGINS,
        (
            rows.CimQuery(
                "root/wmi",
                "MSiSCSI_PersistentLogins",
                ("InstanceName", "PersistentLoginCount", *(f"PersistentLogins.{name}" for name in _DRIVER_PROPERTIES)),
            ),
        ),
        _logins_of_driver,
        (*_LOGIN_FIELDS, "username"),
    ),
    Witness(
        "registry, head of LoginTargetIN",
        LOGINS,
        (
            rows.RegistryQuery(
                f"{_ADAPTERS}\\PersistentTargets\\*\\LoginTarget", (rows.LOGIN_TARGET,), rows.LOGIN_TARGET_HEAD
            ),
        ),
        _logins_of_registry,
        (*(name for name in _LOGIN_FIELDS if name != "initiator_instance"), "secret_set"),
    ),
    Witness(
        "registry, number of keys",
        LOGINS,
        (rows.RegistryQuery(f"{_ADAPTERS}\\PersistentTargets\\*", ()),),
        lambda found: [{} for _row in found],
        (),
    ),
    Witness(
        "iscsicli ListPersistentTargets, count",
        LOGINS,
        (rows.CountQuery("iscsicli", ("ListPersistentTargets",)),),
        lambda found: [{} for _number in range(min(_number(found[0], "count", 1 << 16) or 0, 1 << 16))],
        (),
    ),
    Witness(
        "registry, names under Send Targets",
        PORTALS,
        (rows.RegistryQuery(f"{_DISCOVERY}\\Send Targets"),),
        _portals_of_registry,
        ("portal",),
    ),
    Witness(
        "registry, names under Static Targets",
        STATIC,
        (rows.RegistryQuery(f"{_DISCOVERY}\\Static Targets"),),
        _names_of_values,
        ("target",),
    ),
    Witness(
        "registry, VolumeList",
        DEVICES,
        (rows.RegistryQuery(_DISCOVERY, ("VolumeList",)),),
        _listed("VolumeList", "device"),
        ("device",),
    ),
    Witness(
        "registry, SNSServerList",
        ISNS,
        (rows.RegistryQuery(_DISCOVERY, ("SNSServerList",)),),
        _listed("SNSServerList", "server"),
        ("server",),
    ),
    Witness(
        "registry, DefaultInitiatorName",
        NODE,
        (rows.RegistryQuery(_DISCOVERY, ("DefaultInitiatorName",)),),
        _listed("DefaultInitiatorName", "name"),
        ("name",),
        "the value is not set: Windows makes the name from that of the computer",
    ),
)
