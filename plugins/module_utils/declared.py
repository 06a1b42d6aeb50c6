# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What a person declares, checked and put into the terms of :mod:`records`.

One table of properties drives everything: from a row follow the argument of a module, what it accepts, where the value stands in a record, how it is
compared and how a diff shows it. An omitted property is unmanaged. ``unspecified`` declares that Windows shall hold no value.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from . import flags, records
from .structures import MAX_ISCSI_HBANAME_LEN, MAX_ISCSI_NAME_LEN, MAX_ISCSI_PORTAL_ADDRESS_LEN

UNSPECIFIED = "unspecified"
CHAP_SECRET_BYTES = (12, 16)  # observed: 16 are accepted; the messages of 0xEFFF004B and 0xEFFF004C
RADIUS_SECRET_BYTES = (22, 26)  # documentation of SetIScsiInitiatorRADIUSSharedSecret


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
            raise DeclarationError("%s: a secret is ASCII text, or hex digits after 0x" % option) from None
        if not limits[0] <= len(raw) <= limits[1]:
            raise DeclarationError("%s: the secret must have %d to %d bytes, this one has %d" % (option, limits[0], limits[1], len(raw)))
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
            raise DeclarationError("expected a whole number from %d to %d, or %s" % (self.least, self.most, UNSPECIFIED))
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
            raise DeclarationError("expected text of at most %d characters" % self.most)
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
            raise DeclarationError("expected one of %s" % ", ".join(self.words))
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
        return shown["names"] + ([shown["unknown"]] if shown["unknown"] else []) if isinstance(shown, dict) else shown

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
            raise DeclarationError("%s.%s: %s" % (where, self.option, error)) from None


def _replaced(record, path, raw):
    name = path[0]
    value = _replaced(getattr(record, name), path[1:], raw) if len(path) > 1 else raw
    return dataclasses.replace(record, **{name: value})


_TIME, _U32 = Number(0, 0xFFFFFFFF), 0xFFFFFFFF
_OPTIONS = "login_options."
LOGIN_OPTIONS = (
    Property("login_flags", _OPTIONS + "login_flags", flags.LOGIN_FLAGS),
    Property("header_digest", _OPTIONS + "header_digest", flags.DIGEST_TYPES, True),
    Property("data_digest", _OPTIONS + "data_digest", flags.DIGEST_TYPES, True),
    Property("maximum_connections", _OPTIONS + "maximum_connections", Number(1, 65535), True),
    Property("default_time2wait", _OPTIONS + "default_time2wait", _TIME, True),
    Property("default_time2retain", _OPTIONS + "default_time2retain", _TIME, True),
    Property("auth_type", _OPTIONS + "auth_type", flags.AUTH_TYPES, True),
    Property("username", _OPTIONS + "username", records.UserName, True),
)
SECURITY_FLAGS = Property("security_flags", "security_flags", flags.SECURITY_FLAGS)
SYMBOLIC_NAME = Property("symbolic_name", "portal.symbolic_name", Text(255))
SESSION_TYPE = Property("session_type", "session_type", Choice("data", "informational"))

PERSISTENT_LOGIN = (SECURITY_FLAGS,) + LOGIN_OPTIONS + (SYMBOLIC_NAME, SESSION_TYPE)
TARGET_PORTAL = (SECURITY_FLAGS,) + LOGIN_OPTIONS + (SYMBOLIC_NAME,)


@dataclasses.dataclass
class Wish:
    """One declared login, portal or session: a record with its identity, the values declared for it, and what goes with it.

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
        found = {prop.option: (prop.read(record), raw) for prop, raw in self.values.items()
                 if prop.read(record) != raw and not (prop.path.startswith("portal.") and record.portal is None)}
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
    return dataclasses.replace(record, login_options=dataclasses.replace(
        options, information_specified=said, password_set=password))


_IQN = re.compile(r"(iqn\.[0-9]{4}-[0-9]{2}\.[^\s,]+|eui\.[0-9a-f]{16}|naa\.([0-9a-f]{16}|[0-9a-f]{32}))", re.I)


def target_name(text, where):
    """An iSCSI name as declared; Windows compares it without letter case."""
    if not _IQN.fullmatch(text) or len(text) > MAX_ISCSI_NAME_LEN:
        raise DeclarationError("%s: %r is not an iSCSI name: iqn.yyyy-mm.domain:name, eui.<16 hex digits> or naa.<16 or 32 hex digits>"
                               % (where, text))
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
    if not re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?", bare) or re.fullmatch(r"[0-9.]+", bare) \
            or len(bare) >= MAX_ISCSI_PORTAL_ADDRESS_LEN:
        raise DeclarationError("%s: %r is no IPv4 or IPv6 address and no host name" % (where, text))
    return bare


def portal(plain, where):
    """A :class:`records.Portal` from a mapping with address and port; None for None, which means any portal."""
    if plain is None:
        return None
    if isinstance(plain, str):
        plain = {"address": plain}
    unknown = set(plain) - {"address", "port", "symbolic_name"}
    if unknown or not plain.get("address"):
        raise DeclarationError("%s: a portal has an address and a port, got %s" % (where, ", ".join(sorted(plain)) or "nothing"))
    try:
        port = Number(1, 65535).encode(plain.get("port") or 3260)
    except DeclarationError as error:
        raise DeclarationError("%s.port: %s" % (where, error)) from None
    return records.Portal(address(plain["address"], where + ".address"), port)


def _initiator(plain, where):
    instance, port = plain.get("initiator_instance"), plain.get("initiator_port")
    if instance is not None and len(instance) >= MAX_ISCSI_HBANAME_LEN:
        raise DeclarationError("%s.initiator_instance: at most %d characters" % (where, MAX_ISCSI_HBANAME_LEN - 1))
    if port is not None:
        port = Number(0, 0xFFFFFFFE).encode(port)
    return {"initiator_instance": instance or "", "initiator_port": port}


def _values(plain, properties, where):
    return {prop: prop.accept(plain[prop.option], where) for prop in properties if plain.get(prop.option) is not None}


def _secrets(plain, values, where):
    """The CHAP secret and the IPsec key of a declaration, with what can be checked of them."""
    ipsec = next((raw for prop, raw in values.items() if prop.option == "login_flags"), 0) & 0x01
    limits = (1 if ipsec else CHAP_SECRET_BYTES[0], CHAP_SECRET_BYTES[1])
    secret = plain.get("secret")
    key = plain.get("ipsec_key")
    return {"secret": None if secret is None else Secret.of(secret, where + ".secret", limits),
            "key": None if key is None else Secret.of(key, where + ".ipsec_key", (1, 255)),
            "update_secret": plain.get("update_secret") or "on_create"}


def persistent_login(plain, where="persistent_login"):
    """The wish for one persistent login from a mapping of options."""
    values = _values(plain, PERSISTENT_LOGIN, where)
    record = records.PersistentLogin(target_name(plain["target"], where + ".target"), portal=portal(plain.get("portal"), where + ".portal"),
                                     **_initiator(plain, where))
    copies = plain.get("copies")
    return Wish(where, record, values, plain.get("state", "present") != "absent", 1 if copies is None else Number(1, 256).encode(copies),
                connected=plain.get("connected"), **_secrets(plain, values, where))


def target_portal(plain, where="target_portal"):
    """The wish for one SendTargets portal."""
    values = _values(plain, TARGET_PORTAL, where)
    record = records.TargetPortal(portal({"address": plain["address"], "port": plain.get("port")}, where), security_flags=0,
                                  login_options=records.LoginOptions(), **_initiator(plain, where))
    return Wish(where, record, values, plain.get("state", "present") != "absent", refresh=bool(plain.get("refresh")),
                discovery_failure=plain.get("discovery_failure") or "fail", **_secrets(plain, values, where))
