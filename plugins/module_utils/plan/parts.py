# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The one table of parts. A *part* is what can be declared of a host.

The order of the table is the order of work, in planning and on the host: what makes targets known comes before what
needs them. Servers and static targets are removed last, for a login can be saved only to a target that is known. A
portal need not wait: its targets stay known when it is removed (Microsoft iSCSI Software Initiator 2.x Users Guide).
"""

from __future__ import annotations

import typing as t

from . import (
    desired,
    ipsec,
    options,
    plan_host_settings,
    plan_logins,
    plan_records,
    plan_sessions,
    save_protocol,
    values,
    write_calls,
)
from . import plan_settings as settings
from .change_batch import ChangeBatch
from .options import Spec
from .planning import Planning
from .steps import Step
from .values import DeclarationError, Plain

Parser = t.Callable[[t.Any, str], t.Any]
Emitter = t.Callable[[ChangeBatch, t.Sequence[Step]], None]


class Part(t.NamedTuple):
    """A row.

    :param name: the option that declares it.
    :param argument: what the option takes, as an argument spec has it.
    :param parse: the value of the declaration from what the option was given, and the option's name for messages.
    :param reads: the read operations that planning needs, beside ``initiator``.
    :param plan: adds the steps it takes. It gets None where the part is undeclared.
    :param emit: adds the calls of its steps.
    :param observable: whether what Windows has can be read, and so compared.
    :param purgeable: whether undeclared entries can be removed.
    :param removes_last: whether its removals come after the work of all parts.
    :param without_service: whether it is read and set where MSiSCSI does not run, too.
    """

    name: str
    argument: Spec
    parse: Parser
    reads: t.Tuple[str, ...]
    plan: t.Callable[[Planning, t.Any], None]
    emit: Emitter
    observable: bool = True
    purgeable: bool = False
    removes_last: bool = False
    without_service: bool = False


# -- parsers -----------------------------------------------------------------------------------------------------------


def _as_given(value: t.Any, _option: str) -> t.Any:
    return value


def _secret(limits: values.ByteLimits) -> Parser:
    return lambda text, option: values.Secret.of(text, option, limits)


def _entries(parse: t.Callable[[Plain, str], t.Any]) -> Parser:
    """A parser for a list, by one for its entries."""
    return lambda entries, option: [parse(entry, f"{option}[{index}]") for index, entry in enumerate(entries)]


def _names(key: str, check: t.Callable[[t.Any, str], str]) -> Parser:
    """A parser for a list of names, each alone or with a state: {name: whether it shall be there}."""

    def parse(entries: t.Iterable[t.Any], option: str) -> t.Dict[str, bool]:
        presence: t.Dict[str, bool] = {}
        spellings: t.Dict[str, str] = {}
        for index, entry in enumerate(entries):
            where = f"{option}[{index}]"
            plain = {key: entry} if isinstance(entry, str) else entry
            if not isinstance(plain, t.Mapping) or set(plain) - {key, "state"} or not plain.get(key):
                raise DeclarationError(f"{where}: expected {key} as text, or a mapping with the keys {key} and state")
            if plain.get("state") not in (None, "present", "absent"):
                raise DeclarationError(f"{where}.state: expected present or absent, not {plain['state']!r}")
            name = check(plain[key], where)
            if name.lower() in spellings:
                first = spellings[name.lower()]
                spelled = "" if first == name else f", as {first} and {name}"
                raise DeclarationError(f"{where}: {name} is declared twice{spelled}")
            spellings[name.lower()] = name
            presence[name] = values.is_present(plain)
        return presence

    return parse


def _device_path(text: t.Any, where: str) -> str:
    if not isinstance(text, str) or "\0" in text:
        raise DeclarationError(f"{where}: expected the path of a volume or device as text, such as D:\\")
    return text


# -- emitters ----------------------------------------------------------------------------------------------------------


def _each(emit: write_calls.Emitter) -> Emitter:
    """An emitter for steps that are one call each."""

    def emit_all(batch: ChangeBatch, steps: t.Sequence[Step]) -> None:
        for step in steps:
            emit(batch, step)

    return emit_all


def _done_before_reading(_batch: ChangeBatch, _steps: t.Sequence[Step]) -> None:
    """The service is started, and its start mode set, in the batch that reads the host."""


_RECORDS = ("persistent_logins", "target_portals")
_LOGINS = ("persistent_logins", "sessions", "targets")

PARTS = (
    Part(
        "service_state",
        options.choice("started"),
        _as_given,
        (),
        settings.plan_service_state,
        _done_before_reading,
        without_service=True,
    ),
    Part(
        "service_start_mode",
        options.choice(*options.START_MODES),
        _as_given,
        (),
        settings.plan_service_start_mode,
        _done_before_reading,
        without_service=True,
    ),
    Part(
        "node_name",
        options.TEXT,
        values.target_name,
        (),
        settings.plan_node_name,
        _each(write_calls.emit_node_name),
    ),
    Part(
        "chap_secret",
        options.SECRET,
        _secret(values.CHAP_SECRET_BYTES),
        _RECORDS,
        settings.CHAP_SECRET.plan_secret,
        _each(write_calls.emit_chap_secret),
        observable=False,
    ),
    Part(
        "radius_secret",
        options.SECRET,
        _secret(values.RADIUS_SECRET_BYTES),
        ("radius_servers",),
        settings.RADIUS_SECRET.plan_secret,
        _each(write_calls.emit_radius_secret),
        observable=False,
    ),
    Part(
        "group_preshared_key",
        options.SECRET,
        _secret(values.KEY_BYTES),
        _RECORDS,
        settings.GROUP_PRESHARED_KEY.plan_secret,
        _each(write_calls.emit_group_preshared_key),
        observable=False,
    ),
    Part(
        "ike",
        options.list_of(options.IKE_OPTIONS),
        _entries(ipsec.ike),
        _RECORDS,
        settings.IKE.plan_at_instances,
        _each(write_calls.emit_ike),
        observable=False,
    ),
    Part(
        "tunnel_outer_addresses",
        options.list_of(options.TUNNEL_OPTIONS),
        _entries(ipsec.tunnel),
        _RECORDS,
        settings.TUNNELS.plan_at_instances,
        _each(write_calls.emit_tunnel),
        observable=False,
    ),
    Part(
        "isns_servers",
        options.NAMES,
        _names("address", values.address),
        ("isns_servers",),
        settings.plan_list("isns_servers", "iSNS server"),
        _each(write_calls.emit_server("AddISNSServerW", "RemoveISNSServerW")),
        purgeable=True,
        removes_last=True,
    ),
    Part(
        "refresh_isns_servers",
        options.flag(),
        _as_given,
        (),
        settings.plan_refresh_isns_servers,
        _each(write_calls.emit_refresh_isns_servers),
        observable=False,
    ),
    Part(
        "radius_servers",
        options.NAMES,
        _names("address", values.address),
        ("radius_servers",),
        settings.plan_list("radius_servers", "RADIUS server"),
        _each(write_calls.emit_server("AddRadiusServerW", "RemoveRadiusServerW")),
        purgeable=True,
        removes_last=True,
    ),
    Part(
        "target_portals",
        options.list_of(options.TARGET_PORTAL_OPTIONS),
        _entries(desired.target_portal),
        ("target_portals", "targets"),
        plan_records.plan_target_portals,
        save_protocol.emit_target_portals,
        purgeable=True,
    ),
    Part(
        "static_targets",
        options.list_of(options.STATIC_TARGET_OPTIONS),
        _entries(desired.static_target),
        ("targets",),
        plan_sessions.plan_static_targets,
        _each(write_calls.emit_static_target),
        removes_last=True,
    ),
    Part(
        "persistent_logins",
        options.list_of(options.PERSISTENT_LOGIN_OPTIONS),
        _entries(desired.persistent_login),
        _LOGINS,
        plan_logins.plan_persistent_logins,
        save_protocol.emit_persistent_logins,
        purgeable=True,
    ),
    Part(
        "sessions",
        options.list_of(options.SESSION_OPTIONS),
        _entries(desired.session),
        _LOGINS,
        plan_sessions.plan_sessions,
        save_protocol.emit_sessions,
    ),
    Part(
        "persistent_devices",
        options.NAMES,
        _names("path", _device_path),
        ("persistent_devices",),
        settings.plan_list("persistent_devices", "bound device"),
        _each(write_calls.emit_device),
    ),
    Part(
        "bind_all_volumes",
        options.flag(),
        _as_given,
        ("persistent_devices",),
        settings.plan_bind_all_volumes,
        _each(write_calls.emit_bind_all_volumes),
        observable=False,
    ),
    Part(
        "host_settings",
        options.HOST_SETTINGS,
        plan_host_settings.parse(_names("name", plan_host_settings.service_name)),
        ("host_settings",),
        plan_host_settings.plan_host_settings,
        plan_host_settings.emit_host_settings,
        without_service=True,
    ),
)
PART = {part.name: part for part in PARTS}
PURGEABLE = tuple(part.name for part in PARTS if part.purgeable)
