# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What a person declares of single things: a login, a session, a portal, a static target.

Each is a record with its identity, the values that were declared over it, and what goes with it but stands in no
record: its secret, the number of its copies, whether it shall be connected.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..abi import codecs
from ..abi.structures import MAX_ISCSI_HBANAME_LEN
from ..model import addresses, records
from ..model.identity import OMITTED, Selector
from . import values
from .properties import (
    ANY,
    PERSISTENT_LOGIN,
    SESSION,
    SESSION_TYPE,
    STATIC_TARGET,
    TARGET_PORTAL,
    Property,
    Record,
)
from .values import DeclarationError, Plain, Secret

Values = t.Dict[Property, t.Any]


@dataclasses.dataclass
class Desired(t.Generic[Record]):
    """One declared login, session, portal or static target.

    :param where: names it in messages.
    :param record: what it is, with the identity declared.
    :param values: the properties declared, by raw value.
    :param secret: of CHAP.
    :param omitted: the fields of the record's identity that were left out, so that any value there is meant.
    :param initiator_address: the address of the initiator port, until :mod:`port_addresses` has found its number.
    """

    where: str
    record: Record
    values: Values
    present: bool = True
    secret: t.Optional[Secret] = None
    update_secret: str = "on_create"
    copies: int = 1
    omitted: t.FrozenSet[str] = frozenset()
    initiator_address: t.Optional[str] = None

    def __post_init__(self) -> None:
        """Two options can be about one value: :class:`DeclarationError` where they contradict each other."""
        merged = self.merge()
        for prop, raw in self.values.items():
            if prop.applies_to(merged) and prop.read(merged) != raw:
                others = [other.option for other in self.values if other is not prop and other.path == prop.path]
                raise DeclarationError(
                    f"{self.where}.{prop.option}: contradicts {' and '.join(others)}. Make them agree, or leave one out"
                )

    def merge(self, record: t.Optional[Record] = None) -> Record:
        """The record as it shall be: the declared values over those that are there, or over nothing."""
        merged = record if record is not None else self.record
        for prop, raw in self.values.items():
            if prop.applies_to(merged):
                merged = prop.write(merged, raw)
        return specify_options(merged, self._secret_to_save(merged))

    def differing_options(self, record: Record) -> t.List[str]:
        """The options whose declared value a record does not have."""
        options = [
            prop.option
            for prop, raw in self.values.items()
            if prop.applies_to(record) and not prop.matches(record, raw)
        ]
        wants_secret = self._secret_to_save(self.merge(record)) is not None
        has_secret = record.login_options is not None and record.login_options.password_set
        return options + (["secret"] if wants_secret and not has_secret else [])

    @property
    def selector(self) -> Selector:
        """Which saved records are meant. A static target has none."""
        declared = t.cast("t.Union[records.PersistentLogin, records.TargetPortal]", self.record).identity
        omitted: t.Dict[str, t.Any] = dict.fromkeys(self.omitted, OMITTED)
        return Selector(*declared)._replace(**omitted)

    def at(self, **place: t.Any) -> t.Any:
        """The same for one record, by those of its identity's fields that were left out."""
        omitted = self.omitted - set(place)
        return dataclasses.replace(self, record=dataclasses.replace(self.record, **place), omitted=omitted)

    @property
    def renews_secret(self) -> bool:
        """Whether the secret is to be saved again even where one is set."""
        return self.update_secret == "always" and self.secret is not None

    def _secret_to_save(self, record: Record) -> t.Optional[Secret]:
        """The secret, but with auth_type none: then it serves only to put an old record back."""
        no_authentication = record.login_options is not None and record.login_options.auth_type == 0
        return None if no_authentication else self.secret


@dataclasses.dataclass
class DesiredLogin(Desired[records.PersistentLogin]):
    """A declared login or session. ``key``: the preshared key of IPsec. ``connected``: None where unmanaged."""

    key: t.Optional[Secret] = None
    connected: t.Optional[bool] = None


@dataclasses.dataclass
class DesiredPortal(Desired[records.TargetPortal]):
    """A declared target portal. ``must_answer``: whether a portal that does not answer is a failure."""

    refresh: bool = False
    must_answer: bool = True


@dataclasses.dataclass
class DesiredStaticTarget(Desired[records.Discovery]):
    """A target declared by hand, without discovery."""

    name: str = ""

    @property
    def is_hidden(self) -> bool:
        """Whether it shall not be reported, so that nothing can be compared."""
        hide = codecs.TARGET_FLAGS.bits["hide_static_target"]
        return any(prop.option == "target_flags" and raw & hide for prop, raw in self.values.items())


@dataclasses.dataclass
class Declaration:
    """What a host shall be: for each part that is managed its value, and how to go about it.

    :param values: part -> what its parser made of the option; a part that is not here is unmanaged.
    :param update_secret: of the host's own secrets: on_create, always.
    :param purge: the parts whose undeclared entries are removed.
    :param purge_connected: also where a live session uses them.
    :param force: log out even where a session is the last path to a disk.
    """

    values: t.Dict[str, t.Any] = dataclasses.field(default_factory=dict)
    update_secret: str = "on_create"
    purge: t.Tuple[str, ...] = ()
    purge_connected: bool = False
    force: bool = False

    def manages(self, part: str) -> bool:
        """Whether a part is declared, or its undeclared entries are removed."""
        return self.values.get(part) not in (None, False) or part in self.purge


def specify_options(record: Record, secret: t.Optional[Secret]) -> Record:
    """The record with InformationSpecified and ``password_set`` as its values and the secret imply.

    A user name that Windows filled in is left out: it fills in the present node name again.
    """
    options = dataclasses.replace(record.login_options or records.LoginOptions(), default_username=None)
    has_password = secret is not None or (options.password_set and options.auth_type != 0)
    specified = sum(bit for name, (bit, _field) in options.SPECIFIED.items() if getattr(options, name) is not None)
    specified |= options.information_specified & ~0xFF | (options.PASSWORD_BIT if has_password else 0)
    options = dataclasses.replace(options, information_specified=specified, password_set=has_password)
    return dataclasses.replace(record, login_options=options)


def needs_secret(record: t.Any) -> bool:
    """Whether the record can be saved only by somebody who knows its CHAP secret."""
    options = record.login_options
    return options is not None and (options.password_set or options.auth_type in (1, 2))


# -- parsing -----------------------------------------------------------------------------------------------------------


_INITIATOR = ("initiator_instance", "initiator_port")


def parse_initiator(plain: Plain, where: str) -> t.Dict[str, t.Any]:
    """The initiator instance and port of a declaration, by the names of a record's fields."""
    instance, port = (None if plain.get(option) == ANY else plain.get(option) for option in _INITIATOR)
    if instance is not None and len(instance) >= MAX_ISCSI_HBANAME_LEN:
        raise DeclarationError(
            f"{where}.initiator_instance: expected at most {MAX_ISCSI_HBANAME_LEN - 1} characters, "
            f"this has {len(instance)}"
        )
    if port is not None:
        try:
            port = values.Number(0, 0xFFFFFFFE).encode(port)
        except DeclarationError as error:
            raise DeclarationError(f"{where}.initiator_port: {error}, nor {ANY}") from None
    return {"initiator_instance": instance or "", "initiator_port": port}


def parse_initiator_address(plain: Plain, where: str) -> t.Optional[str]:
    """The address of the initiator port, which takes the place of its number."""
    address = plain.get("initiator_address")
    if address in (None, ""):
        return None
    if plain.get("initiator_port") not in (None, ""):
        raise DeclarationError(f"{where}: initiator_address and initiator_port name the same port. Leave one out")
    if plain.get("initiator_instance") == ANY:
        raise DeclarationError(f"{where}: a port with an address has an instance. Leave initiator_instance out")
    if not isinstance(address, str) or not addresses.is_numeric(address):
        raise DeclarationError(f"{where}.initiator_address: expected an IP address of the host, not {address!r}")
    return addresses.canonical(address)


def _parse_omitted(plain: Plain, *options: str) -> t.FrozenSet[str]:
    """The options of an identity that are left out."""
    return frozenset(option for option in options if plain.get(option) in (None, ""))


def parse_values(plain: Plain, properties: t.Iterable[Property], where: str) -> Values:
    """The properties that are declared."""
    return {prop: prop.accept(plain[prop.option], where) for prop in properties if plain.get(prop.option) is not None}


def _parse_secret(plain: Plain, declared: Values, where: str) -> t.Dict[str, t.Any]:
    """The CHAP secret and how it is kept, by the names of the fields of :class:`Desired`."""
    ipsec = next((raw for prop, raw in declared.items() if prop.option == "login_flags"), 0)
    least, most = values.CHAP_SECRET_BYTES
    uses_ipsec = ipsec & codecs.LOGIN_FLAGS.bits["require_ipsec"]
    return {
        "secret": values.secret(plain, "secret", (1 if uses_ipsec else least, most), where),
        "update_secret": plain.get("update_secret") or "on_create",
    }


def _parse_login(plain: Plain, properties: t.Iterable[Property], where: str) -> t.Dict[str, t.Any]:
    """What saved logins and live sessions have in common, by the names of the fields of :class:`DesiredLogin`."""
    declared = parse_values(plain, properties, where)
    record = records.PersistentLogin(
        values.target_name(plain["target"], f"{where}.target"),
        portal=values.portal(None if plain.get("portal") == ANY else plain.get("portal"), f"{where}.portal"),
        **parse_initiator(plain, where),
    )
    copies = plain.get("copies")
    return {
        "where": where,
        "record": record,
        "values": declared,
        "omitted": _parse_omitted(plain, *_INITIATOR, "portal"),
        "initiator_address": parse_initiator_address(plain, where),
        "copies": 1 if copies is None else values.number(copies, f"{where}.copies", 1, 256),
        "key": values.secret(plain, "ipsec_key", values.KEY_BYTES, where),
        **_parse_secret(plain, declared, where),
    }


def persistent_login(plain: Plain, where: str = "persistent_login") -> DesiredLogin:
    """The declaration of one persistent login from a mapping of options."""
    desired = DesiredLogin(
        **_parse_login(plain, PERSISTENT_LOGIN, where),
        present=values.is_present(plain),
        connected=plain.get("connected"),
    )
    if desired.connected is not None and desired.values.get(SESSION_TYPE) == "informational":
        raise DeclarationError(
            f"{where}.connected: an informational session ends by itself, so it cannot be kept connected. "
            "Leave connected out"
        )
    return desired


def session(plain: Plain, where: str = "session") -> DesiredLogin:
    """The declaration of a live session, beside whatever is saved."""
    desired = DesiredLogin(**_parse_login(plain, SESSION, where), connected=values.is_present(plain))
    portal = desired.record.portal
    if not desired.connected and portal is not None and not addresses.is_numeric(portal.address):
        raise DeclarationError(
            f"{where}.portal: live sessions are known by address only, so the host name {portal.address!r} does not "
            "tell which to end. Give the IP address"
        )
    return desired


def target_portal(plain: Plain, where: str = "target_portal") -> DesiredPortal:
    """The declaration of one SendTargets portal."""
    declared = parse_values(plain, TARGET_PORTAL, where)
    record = records.TargetPortal(
        values.socket({"address": plain["address"], "port": plain.get("port")}, where),
        security_flags=0,
        login_options=records.LoginOptions(),
        **parse_initiator(plain, where),
    )
    return DesiredPortal(
        where=where,
        record=record,
        values=declared,
        omitted=_parse_omitted(plain, *_INITIATOR),
        initiator_address=parse_initiator_address(plain, where),
        present=values.is_present(plain),
        refresh=bool(plain.get("refresh")),
        must_answer=plain.get("discovery_failure") != "warn",
        **_parse_secret(plain, declared, where),
    )


def static_target(plain: Plain, where: str = "static_target") -> DesiredStaticTarget:
    """The declaration of a target that is not discovered."""
    declared = parse_values(plain, STATIC_TARGET, where)
    record = records.Discovery(
        "Static", alias="", target_flags=0, login_options=records.LoginOptions(), portal_groups=[]
    )
    return DesiredStaticTarget(
        where=where,
        record=record,
        values=declared,
        present=values.is_present(plain),
        name=values.target_name(plain["target"], f"{where}.target"),
        **_parse_secret(plain, declared, where),
    )
