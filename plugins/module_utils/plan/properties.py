# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The properties of logins, portals and static targets: one table each, from which everything else follows.

From a row follow the option of a module, what it accepts, where the value stands in a record, how it is compared and
how a diff shows it. An omitted property is unmanaged; ``unspecified`` declares that Windows shall hold no value.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..abi import codecs
from ..model import addresses, node_names, records
from .values import (
    U32,
    UNSPECIFIED,
    Boolean,
    Choice,
    Codec,
    DeclarationError,
    Number,
    PortalList,
    ScsiNumbers,
    Text,
    in_order,
)

Saved = t.Union[records.PersistentLogin, records.TargetPortal]
Record = t.TypeVar("Record", records.PersistentLogin, records.TargetPortal, records.Discovery)
Shown = t.Dict[str, t.Any]


ANY = "any"  # a value of its own: what was saved for no instance, port or portal in particular


class Property(t.NamedTuple):
    """A row: the option's name, where the value stands in a record, its codec, and whether it can be unspecified.

    ``is_shown``: whether diffs have it. What is a part of another property need not be shown twice.
    """

    option: str
    path: str
    codec: Codec
    can_be_unspecified: bool = False
    is_shown: bool = True

    def read(self, record: t.Any) -> t.Any:
        """The raw value in a record."""
        for name in self.path.split("."):
            record = getattr(record, name) if record is not None else None
        return record

    def matches(self, record: t.Any, raw: t.Any) -> bool:
        """Whether a record has a declared value, as far as Windows reports it."""
        return bool(self.read(record) == raw)

    def show(self, raw: t.Any) -> t.Any:
        """A raw value as a diff shows it."""
        if raw is None:
            return UNSPECIFIED if self.can_be_unspecified else None
        shown = self.codec.decode(raw)
        if isinstance(shown, dict) and "names" in shown:
            return shown["names"] + ([shown["unknown"]] if shown["unknown"] else [])
        return shown

    def write(self, record: Record, raw: t.Any) -> Record:
        """A copy of a record with the value put in."""
        return t.cast(Record, _replace(record, self.path.split("."), raw))

    def accept(self, value: t.Any, where: str) -> t.Any:
        """The raw value of what was declared; a :class:`DeclarationError` names ``where``."""
        try:
            if self.can_be_unspecified and value == UNSPECIFIED:
                return None
            return self.codec.encode(value)
        except ValueError as error:
            also = f", or {UNSPECIFIED}" if self.can_be_unspecified else ""
            separator = "" if str(error).startswith("[") else ": "  # an entry of a list names itself
            raise DeclarationError(f"{where}.{self.option}{separator}{error}{also}") from None

    def applies_to(self, record: t.Any) -> bool:
        """Whether the record has a place for it: a login for any portal has no portal that could have a name."""
        return not (self.path.startswith("portal.") and record.portal is None)


def _replace(record: t.Any, path: t.List[str], raw: t.Any) -> t.Any:
    name, *rest = path
    return dataclasses.replace(record, **{name: _replace(getattr(record, name), rest, raw) if rest else raw})


class _UserName(Property):
    """The user name of CHAP. Windows fills in the node name where none is given."""

    def matches(self, record: t.Any, raw: t.Any) -> bool:
        options = record.login_options or records.LoginOptions()
        if raw is None:  # an older node name may still be there
            return options.username is None or node_names.looks_like_node_name(options.username)
        return raw in (options.username, options.default_username)


class _LoginName(Property):
    """The symbolic name of a portal in a saved login, which most hosts do not report."""

    def matches(self, record: t.Any, raw: t.Any) -> bool:
        return not self.read(record) or super().matches(record, raw)


class _Mappings(Property):
    """The SCSI numbers of a login. The names in the structure are those of the login, so they are not compared.

    Most hosts report no mapping without LUNs, so that it cannot be compared.
    """

    def matches(self, record: t.Any, raw: t.Any) -> bool:
        return super().matches(record, raw) or (record.mappings is None and raw is not None and not raw.luns)

    def read(self, record: t.Any) -> t.Any:
        mapping = record.mappings
        return mapping and records.Mapping("", "", "", mapping.bus, mapping.target_number, mapping.luns)

    def show(self, raw: t.Any) -> t.Any:
        return UNSPECIFIED if raw is None else super().show(raw)

    def write(self, record: Record, raw: t.Any) -> Record:
        login: t.Any = record
        named = raw and dataclasses.replace(raw, initiator_instance=login.initiator_instance, target=login.target)
        return t.cast(Record, _replace(record, ["mappings"], named))


class _Portals(Property):
    """The portals of a static target: one group of them, in any order."""

    def read(self, record: t.Any) -> t.Any:
        return in_order(
            records.Portal(addresses.canonical(portal.address), portal.port)
            for group in record.portal_groups or ()
            for portal in group
        )

    def write(self, record: Record, raw: t.Any) -> Record:
        return t.cast(Record, _replace(record, ["portal_groups"], [raw] if raw else []))


MERGE = codecs.TARGET_FLAGS.bits["merge_target_information"]


class _TargetFlags(Property):
    """The flags of a static target. To merge is asked of a call; whether a list shows it afterwards is not known."""

    def matches(self, record: t.Any, raw: t.Any) -> bool:
        return bool(((self.read(record) or 0) | MERGE) == raw | MERGE)


class _Multipath(Property):
    """One bit of the login flags, so that it can be declared without the others."""

    BIT = codecs.LOGIN_FLAGS.bits["multipath_enabled"]

    def read(self, record: t.Any) -> t.Any:
        return bool((super().read(record) or 0) & self.BIT)

    def write(self, record: Record, raw: t.Any) -> Record:
        others = (super().read(record) or 0) & ~self.BIT
        return super().write(record, others | (self.BIT if raw else 0))


_OPTIONS = "login_options."
LOGIN_OPTIONS = (
    Property("login_flags", _OPTIONS + "login_flags", codecs.LOGIN_FLAGS),
    _Multipath("multipath", _OPTIONS + "login_flags", Boolean(), is_shown=False),
    Property("header_digest", _OPTIONS + "header_digest", codecs.DIGEST_TYPES, True),
    Property("data_digest", _OPTIONS + "data_digest", codecs.DIGEST_TYPES, True),
    Property("maximum_connections", _OPTIONS + "maximum_connections", Number(1, 65535), True),
    Property("default_time2wait", _OPTIONS + "default_time2wait", U32, True),
    Property("default_time2retain", _OPTIONS + "default_time2retain", U32, True),
    Property("auth_type", _OPTIONS + "auth_type", codecs.AUTH_TYPES, True),
    _UserName("username", _OPTIONS + "username", records.UserName, True),
)
SECURITY_FLAGS = Property("security_flags", "security_flags", codecs.SECURITY_FLAGS)
SYMBOLIC_NAME = Property("symbolic_name", "portal.symbolic_name", Text(255))
SESSION_TYPE = Property("session_type", "session_type", Choice(*records.SESSION_TYPES))
MAPPINGS = _Mappings("mappings", "mappings", ScsiNumbers())

PERSISTENT_LOGIN = (
    SECURITY_FLAGS,
    *LOGIN_OPTIONS,
    _LoginName("symbolic_name", "portal.symbolic_name", Text(255)),
    SESSION_TYPE,
    MAPPINGS,
)
TARGET_PORTAL = (SECURITY_FLAGS, *LOGIN_OPTIONS, SYMBOLIC_NAME)
SESSION = (SECURITY_FLAGS, *LOGIN_OPTIONS, SYMBOLIC_NAME, MAPPINGS)
STATIC_TARGET = (
    Property("alias", "alias", Text(255)),
    _Portals("portals", "portal_groups", PortalList()),
    _TargetFlags("target_flags", "target_flags", codecs.TARGET_FLAGS),
    *LOGIN_OPTIONS,
)


def show(record: t.Any, properties: t.Iterable[Property]) -> Shown:
    """A record as a diff shows it: each property by its option, and whether a secret is set."""
    shown = {
        prop.option: prop.show(prop.read(record)) for prop in properties if prop.is_shown and prop.applies_to(record)
    }
    has_secret = record.login_options is not None and record.login_options.password_set
    return dict(shown, secret="set" if has_secret else "not set")


def as_declared(record: Saved) -> Shown:
    """A login or portal as a declaration would have it, but for its secret: Windows does not give that back."""
    socket = record.portal and {"address": record.portal.address, "port": record.portal.port}
    if isinstance(record, records.PersistentLogin):
        plain: Shown = {"target": record.target, "portal": socket or ANY}
    else:
        plain = dict(socket or {})
    port = record.initiator_port
    plain.update(initiator_instance=record.initiator_instance or ANY, initiator_port=ANY if port is None else port)
    plain.update(show(record, PERSISTENT_LOGIN if isinstance(record, records.PersistentLogin) else TARGET_PORTAL))
    del plain["secret"]
    if isinstance(record, records.PersistentLogin) and record.mappings is None:
        plain["mappings"] = None  # the one property that can be unspecified, but has no option to say so
    return plain
