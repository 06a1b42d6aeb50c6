# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What a person declares, checked and put into the terms of :mod:`records`.

One table of properties drives everything: from a row follow the argument of a module, what it accepts, where the value
stands in a record, how it is compared and how a diff shows it. An omitted property is unmanaged. ``unspecified``
declares that Windows shall hold no value.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ..abi import codecs
from ..abi.structures import MAX_ISCSI_HBANAME_LEN, MAX_ISCSI_NAME_LEN, MAX_ISCSI_PORTAL_ADDRESS_LEN
from ..model import records

UNSPECIFIED = "unspecified"
CHAP_SECRET_BYTES = (12, 16)  # observed: 16 are accepted; the messages of 0xEFFF004B and 0xEFFF004C
RADIUS_SECRET_BYTES = (22, 26)  # documentation of SetIScsiInitiatorRADIUSSharedSecret
KEY_BYTES = (1, 255)
PURGEABLE = ("persistent_logins", "target_portals", "isns_servers", "radius_servers")


class DeclarationError(ValueError):
    """A declaration that cannot be meant: names the option, and never shows a secret."""


class Secret:
    """Bytes that show themselves nowhere."""

    __slots__ = ("_bytes",)

    def __init__(self, raw):
        self._bytes = raw

    def reveal(self):
        """The bytes, for the memory block that takes them."""
        return self._bytes

    def __len__(self):
        return len(self._bytes)

    def __repr__(self):
        return "<secret>"

    @classmethod
    def of(cls, text, option, limits):
        """From text, or from hex digits after 0x as iscsicli takes them. ``limits`` in bytes."""
        try:
            raw = bytes.fromhex(text[2:]) if text.lower().startswith("0x") else text.encode("ascii")
        except ValueError:
            raise DeclarationError(f"{option}: a secret is ASCII text, or hex digits after 0x") from None
        if not limits[0] <= len(raw) <= limits[1]:
            raise DeclarationError(
                f"{option}: the secret must have {limits[0]} to {limits[1]} bytes, this one has {len(raw)}"
            )
        return cls(raw)


class Number:
    """Whole numbers in a range; a codec like those of :mod:`flags`."""

    def __init__(self, least, most):
        self.least, self.most = least, most

    def encode(self, value):
        try:
            number = int(str(value), 10)
        except ValueError:
            number = None
        if number is None or not self.least <= number <= self.most:
            raise DeclarationError(f"expected a whole number from {self.least} to {self.most}")
        return number

    @staticmethod
    def decode(value):
        return value


class Text:
    """Text up to a length."""

    def __init__(self, most):
        self.most = most

    def encode(self, value):
        if len(value) > self.most or "\0" in value:
            raise DeclarationError(f"expected text of at most {self.most} characters")
        return value

    @staticmethod
    def decode(value):
        return value


class Choice:
    """One of some words."""

    def __init__(self, *words):
        self.words = words

    def encode(self, value):
        if value.lower() not in self.words:
            raise DeclarationError("expected one of {}".format(", ".join(self.words)))
        return value.lower()

    @staticmethod
    def decode(value):
        return value


class Property(t.NamedTuple):
    """A row: the option's name, where the value stands in a record, its codec, whether it can be unspecified."""

    option: str
    path: str
    codec: t.Any
    unspecified: bool = False

    def read(self, record):
        """The raw value in a record."""
        for name in self.path.split("."):
            record = getattr(record, name) if record is not None else None
        return record

    def show(self, raw):
        """A raw value as a diff shows it."""
        if raw is None:
            return UNSPECIFIED if self.unspecified else None
        shown = self.codec.decode(raw)
        if isinstance(shown, dict) and "names" in shown:
            return shown["names"] + ([shown["unknown"]] if shown["unknown"] else [])
        return shown

    def write(self, record, raw):
        """A copy of a record with the value put in."""
        return _replaced(record, self.path.split("."), raw)

    def accept(self, value, where):
        """The raw value of what was declared; :class:`DeclarationError` names ``where``."""
        try:
            if self.unspecified and value == UNSPECIFIED:
                return None
            return self.codec.encode(value)
        except ValueError as error:
            also = ", or " + UNSPECIFIED if self.unspecified else ""
            raise DeclarationError(f"{where}.{self.option}: {error}{also}") from None


class _Mappings(Property):
    """The SCSI numbers of a login. The names in the structure are those of the login, so they are not compared."""

    def read(self, record):
        found = record.mappings
        return found and records.Mapping("", "", "", found.bus, found.target_number, found.luns)

    def show(self, raw):
        return UNSPECIFIED if raw is None else super().show(raw)

    def write(self, record, raw):
        named = raw and dataclasses.replace(raw, initiator_instance=record.initiator_instance, target=record.target)
        return dataclasses.replace(record, mappings=named)


class ScsiNumbers:
    """bus, target_number and luns of a :class:`records.Mapping`."""

    @staticmethod
    def encode(value):
        unknown = set(value) - {"bus", "target_number", "luns"}
        if unknown:
            raise DeclarationError("expected bus, target_number and luns, got {}".format(", ".join(sorted(unknown))))
        luns = [
            records.Lun(_U32.encode(lun["os_lun"]), _U64.encode(lun["target_lun"])) for lun in value.get("luns") or ()
        ]
        return records.Mapping("", "", "", _U32.encode(value["bus"]), _U32.encode(value["target_number"]), luns)

    @staticmethod
    def decode(raw):
        return {
            "bus": raw.bus,
            "target_number": raw.target_number,
            "luns": [dataclasses.asdict(lun) for lun in raw.luns],
        }


class _Portals(Property):
    """The portals of a static target: one group of them, in any order."""

    def read(self, record):
        found = [
            records.Portal(address(one.address, ""), one.port) for group in record.portal_groups or () for one in group
        ]
        return sorted(found, key=lambda one: (one.address, one.port))

    def write(self, record, raw):
        return dataclasses.replace(record, portal_groups=[raw] if raw else [])


class PortalList:
    """Portals as people write them."""

    @staticmethod
    def encode(value):
        return sorted((portal(one, "a portal") for one in value), key=lambda one: (one.address, one.port))

    @staticmethod
    def decode(raw):
        return [place(one) for one in raw]


def place(portal):
    """A portal in words: 192.0.2.1:3260, [fe80::1]:3260."""
    return "%s:%d" % (f"[{portal.address}]" if ":" in portal.address else portal.address, portal.port)


def _replaced(record, path, raw):
    name = path[0]
    value = _replaced(getattr(record, name), path[1:], raw) if len(path) > 1 else raw
    return dataclasses.replace(record, **{name: value})


_U32, _U64 = Number(0, 0xFFFFFFFF), Number(0, (1 << 64) - 1)
_OPTIONS = "login_options."
LOGIN_OPTIONS = (
    Property("login_flags", _OPTIONS + "login_flags", codecs.LOGIN_FLAGS),
    Property("header_digest", _OPTIONS + "header_digest", codecs.DIGEST_TYPES, True),
    Property("data_digest", _OPTIONS + "data_digest", codecs.DIGEST_TYPES, True),
    Property("maximum_connections", _OPTIONS + "maximum_connections", Number(1, 65535), True),
    Property("default_time2wait", _OPTIONS + "default_time2wait", _U32, True),
    Property("default_time2retain", _OPTIONS + "default_time2retain", _U32, True),
    Property("auth_type", _OPTIONS + "auth_type", codecs.AUTH_TYPES, True),
    Property("username", _OPTIONS + "username", records.UserName, True),
)
SECURITY_FLAGS = Property("security_flags", "security_flags", codecs.SECURITY_FLAGS)
SYMBOLIC_NAME = Property("symbolic_name", "portal.symbolic_name", Text(255))
SESSION_TYPE = Property("session_type", "session_type", Choice("data", "informational"))
MAPPINGS = _Mappings("mappings", "mappings", ScsiNumbers)

PERSISTENT_LOGIN = (SECURITY_FLAGS,) + LOGIN_OPTIONS + (SYMBOLIC_NAME, SESSION_TYPE, MAPPINGS)
TARGET_PORTAL = (SECURITY_FLAGS,) + LOGIN_OPTIONS + (SYMBOLIC_NAME,)
SESSION = (SECURITY_FLAGS,) + LOGIN_OPTIONS + (SYMBOLIC_NAME, MAPPINGS)
STATIC_TARGET = (
    Property("alias", "alias", Text(255)),
    _Portals("portals", "portal_groups", PortalList),
    Property("target_flags", "target_flags", codecs.TARGET_FLAGS),
) + LOGIN_OPTIONS


@dataclasses.dataclass
class Wish:
    """One declared login, portal or session: a record with its identity, the values declared, and what goes with it.

    ``secret``: of CHAP. ``key``: the preshared key of IPsec. ``connected``: None where unmanaged.
    """

    where: str
    record: t.Any
    values: t.Dict[Property, t.Any]
    present: bool = True
    copies: int = 1
    secret: t.Optional[Secret] = None
    key: t.Optional[Secret] = None
    update_secret: str = "on_create"
    connected: t.Optional[bool] = None
    refresh: bool = False
    discovery_failure: str = "fail"

    @property
    def must_answer(self):
        """Whether a portal that does not answer is a failure."""
        return self.discovery_failure == "fail"

    def merged(self, record=None):
        """The record as it shall be: the declared values over those that are there, or over nothing."""
        merged = record if record is not None else self.record
        for prop, raw in self.values.items():
            if prop.path.startswith("portal.") and merged.portal is None:
                continue
            merged = prop.write(merged, raw)
        return _specified(merged, self._saved_secret(merged))

    def differences(self, record):
        """{option: (raw now, raw wanted)} of the declared values that a record does not have."""
        found = {
            prop.option: (prop.read(record), raw)
            for prop, raw in self.values.items()
            if prop.read(record) != raw and not (prop.path.startswith("portal.") and record.portal is None)
        }
        if self._saved_secret(self.merged(record)) is not None and not record.login_options.password_set:
            found["secret"] = ("not set", "set")
        return found

    def _saved_secret(self, record):
        """The secret, but with auth_type none: then it serves only to put an old record back."""
        return None if record.login_options is not None and record.login_options.auth_type == 0 else self.secret


def _specified(record, secret):
    """The record with InformationSpecified and password_set as its values imply."""
    options = record.login_options
    if options is None:
        options = records.LoginOptions()
    password = secret is not None or options.password_set and options.auth_type != 0
    said = sum(bit for name, (bit, _field) in options.SPECIFIED.items() if getattr(options, name) is not None)
    said |= options.information_specified & ~0xFF | (options.PASSWORD_BIT if password else 0)
    return dataclasses.replace(
        record, login_options=dataclasses.replace(options, information_specified=said, password_set=password)
    )


@dataclasses.dataclass
class StaticTarget(Wish):
    """A target declared by hand, without discovery. Its record is a :class:`records.Discovery`."""

    name: str = ""

    @property
    def hidden(self):
        """Whether it shall not be reported, so that nothing can be compared."""
        return any(
            prop.option == "target_flags" and raw & codecs.TARGET_FLAGS.bits["hide_static_target"]
            for prop, raw in self.values.items()
        )


@dataclasses.dataclass
class Ike:
    """How the initiator identifies itself in IKE, and the preshared key that goes with it. Instance empty: each.

    Nothing of it is ever read. GetIScsiIKEInfo hands out keys too (Microsoft documentation), and is not told the size
    of its buffer.
    """

    where: str
    initiator_instance: str
    initiator_port: t.Optional[int]
    id_type: int
    id: bytes
    security_flags: int
    key: Secret

    def label(self):
        """Its identity in words."""
        return f"IKE {codecs.IKE_ID_TYPES.decode(self.id_type)} {self._text()}"

    def show(self):
        """As a diff shows it."""
        return {"security_flags": SECURITY_FLAGS.show(self.security_flags), "key": "set"}

    def _text(self):
        address = self.id_type in _ADDRESS_IDS
        return str(ipaddress.ip_address(self.id)) if address else self.id.decode("ascii")


@dataclasses.dataclass
class Tunnel:
    """The outer address of IPsec tunnels to a destination. Instance empty: each. No function tells it."""

    where: str
    initiator_instance: str
    initiator_port: t.Optional[int]
    destination: str
    outer_address: str

    def label(self):
        """Its identity in words."""
        return f"tunnels to {self.destination}"

    def show(self):
        """As a diff shows it."""
        return {"outer_address": self.outer_address}


@dataclasses.dataclass
class Declaration:
    """What a host shall be. None or empty: unmanaged."""

    service_state: t.Optional[str] = None  # started
    service_start_mode: t.Optional[str] = None  # automatic, manual, disabled
    node_name: t.Optional[str] = None
    chap_secret: t.Optional[Secret] = None
    radius_secret: t.Optional[Secret] = None
    group_preshared_key: t.Optional[Secret] = None
    ike: t.Optional[t.List[Ike]] = None
    tunnel_outer_addresses: t.Optional[t.List[Tunnel]] = None
    update_secret: str = "on_create"
    persistent_logins: t.Optional[t.List[Wish]] = None
    target_portals: t.Optional[t.List[Wish]] = None
    static_targets: t.Optional[t.List[StaticTarget]] = None
    sessions: t.Optional[t.List[Wish]] = None
    isns_servers: t.Optional[t.Dict[str, bool]] = None  # address -> present
    radius_servers: t.Optional[t.Dict[str, bool]] = None
    persistent_devices: t.Optional[t.Dict[str, bool]] = None
    bind_all_volumes: bool = False
    purge: t.Tuple[str, ...] = ()
    purge_connected: bool = False
    force: bool = False

    def subsets(self):
        """The read operations that planning needs."""
        needs = {"initiator"}
        if self.persistent_logins is not None or self.sessions is not None:
            needs |= {"persistent_logins", "sessions", "targets"}
        for part, reads in _READS_OF.items():
            if getattr(self, part) not in (None, False):
                needs |= reads
        return needs | set(self.purge)


_READS_OF = {
    "chap_secret": {"persistent_logins", "target_portals"},
    "group_preshared_key": {"persistent_logins", "target_portals"},
    "ike": {"persistent_logins", "target_portals"},
    "tunnel_outer_addresses": {"persistent_logins", "target_portals"},
    "radius_secret": {"radius_servers"},
    "target_portals": {"target_portals", "targets"},
    "static_targets": {"targets"},
    "isns_servers": {"isns_servers"},
    "radius_servers": {"radius_servers"},
    "persistent_devices": {"persistent_devices"},
    "bind_all_volumes": {"persistent_devices"},
}


_IQN = re.compile(r"(iqn\.[0-9]{4}-[0-9]{2}\.[^\s,]+|eui\.[0-9a-f]{16}|naa\.([0-9a-f]{16}|[0-9a-f]{32}))", re.I)


def target_name(text, where):
    """An iSCSI name as declared; Windows compares it without letter case."""
    if not _IQN.fullmatch(text) or len(text) > MAX_ISCSI_NAME_LEN:
        raise DeclarationError(
            f"{where}: {text!r} is not an iSCSI name: iqn.yyyy-mm.domain:name, eui.<16 hex digits> "
            "or naa.<16 or 32 hex digits>"
        )
    return text


def address(text, where):
    """An address in canonical form, or a host name as it is."""
    bare = text.strip()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    if (
        not re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?", bare)
        or re.fullmatch(r"[0-9.]+", bare)
        or len(bare) >= MAX_ISCSI_PORTAL_ADDRESS_LEN
    ):
        raise DeclarationError(f"{where}: {text!r} is no IPv4 or IPv6 address and no host name")
    return bare


def _is_name(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return True
    return False


_SOCKET = re.compile(r"(\[[^][]*\]|[^][:]+):([0-9]+)")


def portal(plain, where):
    """A :class:`records.Portal` from a mapping with address and port, or from text as :func:`place` makes it.

    Without a port it is 3260. None for None, which means any portal.
    """
    if plain is None:
        return None
    if isinstance(plain, str):
        both = _SOCKET.fullmatch(plain.strip())
        plain = {"address": both.group(1), "port": both.group(2)} if both else {"address": plain}
    if not isinstance(plain, dict) or set(plain) - {"address", "port", "symbolic_name"} or not plain.get("address"):
        raise DeclarationError(
            f"{where}: expected text such as 192.0.2.21, 192.0.2.21:3260 or [2001:db8::21]:3260, or a "
            "mapping of address and port alone"
        )
    try:
        port = 3260 if plain.get("port") is None else Number(1, 65535).encode(plain["port"])
    except DeclarationError as error:
        raise DeclarationError(f"{where}.port: {error}") from None
    return records.Portal(address(plain["address"], where + ".address"), port)


def _number(text, where, least, most):
    try:
        return Number(least, most).encode(text)
    except DeclarationError as error:
        raise DeclarationError(f"{where}: {error}") from None


def _initiator(plain, where):
    instance, port = plain.get("initiator_instance"), plain.get("initiator_port")
    if instance is not None and len(instance) >= MAX_ISCSI_HBANAME_LEN:
        raise DeclarationError(f"{where}.initiator_instance: at most {MAX_ISCSI_HBANAME_LEN - 1} characters")
    if port is not None:
        port = _number(port, where + ".initiator_port", 0, 0xFFFFFFFE)
    return {"initiator_instance": instance or "", "initiator_port": port}


def _values(plain, properties, where):
    return {prop: prop.accept(plain[prop.option], where) for prop in properties if plain.get(prop.option) is not None}


def _secret(plain, option, limits, where=None):
    text = plain.get(option)
    return None if text is None else Secret.of(text, f"{where}.{option}" if where else option, limits)


def _secrets(plain, values, where):
    """The CHAP secret and the IPsec key of a declaration, with what can be checked of them."""
    ipsec = next((raw for prop, raw in values.items() if prop.option == "login_flags"), 0) & 0x01
    limits = (1 if ipsec else CHAP_SECRET_BYTES[0], CHAP_SECRET_BYTES[1])
    return {
        "secret": _secret(plain, "secret", limits, where),
        "key": _secret(plain, "ipsec_key", KEY_BYTES, where),
        "update_secret": plain.get("update_secret") or "on_create",
    }


def _present(plain):
    return (plain.get("state") or "present") != "absent"


def _login(plain, properties, where):
    """What logins have in common, saved and live: (record, values, number of them)."""
    record = records.PersistentLogin(
        target_name(plain["target"], where + ".target"),
        portal=portal(plain.get("portal"), where + ".portal"),
        **_initiator(plain, where),
    )
    copies = 1 if plain.get("copies") is None else _number(plain["copies"], where + ".copies", 1, 256)
    return record, _values(plain, properties, where), copies


def persistent_login(plain, where="persistent_login"):
    """The wish for one persistent login from a mapping of options."""
    record, values, copies = _login(plain, PERSISTENT_LOGIN, where)
    if plain.get("connected") is not None and values.get(SESSION_TYPE) == "informational":
        raise DeclarationError(f"{where}.connected: an informational session is not kept, so it cannot be declared")
    return Wish(
        where,
        record,
        values,
        _present(plain),
        copies,
        connected=plain.get("connected"),
        **_secrets(plain, values, where),
    )


def session(plain, where="session"):
    """The wish for a live session, beside whatever is saved."""
    record, values, copies = _login(plain, SESSION, where)
    if not _present(plain) and record.portal is not None and _is_name(record.portal.address):
        raise DeclarationError(
            f"{where}.portal: a live session tells its address and no host name, so {record.portal.address!r} says not which to "
            "end"
        )
    return Wish(where, record, values, copies=copies, connected=_present(plain), **_secrets(plain, values, where))


def target_portal(plain, where="target_portal"):
    """The wish for one SendTargets portal."""
    values = _values(plain, TARGET_PORTAL, where)
    socket = portal({"address": plain["address"], "port": plain.get("port")}, where)
    record = records.TargetPortal(
        socket, security_flags=0, login_options=records.LoginOptions(), **_initiator(plain, where)
    )
    return Wish(
        where,
        record,
        values,
        _present(plain),
        refresh=bool(plain.get("refresh")),
        discovery_failure=plain.get("discovery_failure") or "fail",
        **_secrets(plain, values, where),
    )


def static_target(plain, where="static_target"):
    """The wish for a target that is not discovered."""
    values = _values(plain, STATIC_TARGET, where)
    record = records.Discovery(
        "Static", alias="", target_flags=0, login_options=records.LoginOptions(), portal_groups=[]
    )
    return StaticTarget(
        where,
        record,
        values,
        _present(plain),
        name=target_name(plain["target"], where + ".target"),
        **_secrets(plain, values, where),
    )


_ADDRESS_IDS = {1: ipaddress.IPv4Address, 5: ipaddress.IPv6Address}  # the other types are text


def ike(plain, where="ike"):
    """A preshared key with its identification from a mapping of options."""
    id_type = Property("id_type", "", codecs.IKE_ID_TYPES).accept(plain["id_type"], where)
    try:
        raw = _ADDRESS_IDS[id_type](plain["id"]).packed if id_type in _ADDRESS_IDS else plain["id"].encode("ascii")
    except ValueError:
        raw = None
    if not raw:
        raise DeclarationError("{}.id: {!r} is no {}".format(where, plain["id"], codecs.IKE_ID_TYPES.decode(id_type)))
    security_flags = SECURITY_FLAGS.accept(plain.get("security_flags") or 0, where)
    return Ike(
        where,
        id_type=id_type,
        id=raw,
        security_flags=security_flags,
        key=_secret(plain, "key", KEY_BYTES, where),
        **_initiator(plain, where),
    )


def tunnel(plain, where="tunnel_outer_address"):
    """The outer address of tunnels from a mapping of options."""
    return Tunnel(
        where,
        destination=address(plain["destination"], where + ".destination"),
        outer_address=address(plain["outer_address"], where + ".outer_address"),
        **_initiator(plain, where),
    )


def _each(parse):
    """What parses a list; None stays None."""

    def parse_all(plain, part):
        found = plain.get(part)
        return None if found is None else [parse(one, f"{part}[{index}]") for index, one in enumerate(found)]

    return parse_all


def _names(key, check):
    """What parses a list of names, each with a state or alone: {name: present}."""

    def parse_all(plain, part):
        found = plain.get(part)
        if found is None:
            return None
        named = {}
        for index, one in enumerate(found):
            where = f"{part}[{index}]"
            one = {key: one} if isinstance(one, str) else one
            if not isinstance(one, dict) or set(one) - {key, "state"} or not one.get(key):
                raise DeclarationError(f"{where}: expected text, or a mapping with {key} and state")
            if one.get("state") not in (None, "present", "absent"):
                raise DeclarationError(f"{where}.state: expected present or absent")
            named[check(one[key], where)] = _present(one)
        return named

    return parse_all


def _path(text, where):
    if not isinstance(text, str) or "\0" in text:
        raise DeclarationError(f"{where}: expected the path of a volume or device")
    return text


_PARTS = {
    "persistent_logins": _each(persistent_login),
    "target_portals": _each(target_portal),
    "static_targets": _each(static_target),
    "sessions": _each(session),
    "ike": _each(ike),
    "tunnel_outer_addresses": _each(tunnel),
    "isns_servers": _names("address", address),
    "radius_servers": _names("address", address),
    "persistent_devices": _names("path", _path),
}
_HOST_SECRETS = {
    "chap_secret": CHAP_SECRET_BYTES,
    "radius_secret": RADIUS_SECRET_BYTES,
    "group_preshared_key": KEY_BYTES,
}
_PLAIN_PARTS = ("service_state", "service_start_mode", "update_secret", "bind_all_volumes", "purge_connected", "force")


def declaration(plain):
    """What a host shall be, from a mapping with the keys of :class:`Declaration`.

    :raises DeclarationError: naming the option.
    """
    found = {part: parse(plain, part) for part, parse in _PARTS.items()}
    found.update({option: _secret(plain, option, limits) for option, limits in _HOST_SECRETS.items()})
    found.update({part: plain[part] for part in _PLAIN_PARTS if plain.get(part) is not None})
    if plain.get("node_name") is not None:
        found["node_name"] = target_name(plain["node_name"], "node_name")
    return Declaration(purge=tuple(plain.get("purge") or ()), **found)
