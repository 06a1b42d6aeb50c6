# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The settings of a host that iSCSI depends on: what a declaration says of them, and what it takes to set them.

They are a part as any other, though no function of the DLL is called for them. Nothing is set that is not named, by
itself or in a profile that is named; a value beats that of the profile.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..abi import host_settings as table
from ..model.host_settings import MSISCSI, Found, HostSettings, Service
from ..runner import writes
from .change_batch import ChangeBatch
from .planning import Planning
from .profiles import PROFILES
from .steps import SetHostSettings, Step
from .values import DeclarationError, Plain

PART = "host_settings"
_SERVICES = f"{PART}.dependent_services"
_NO_MPIO = (
    "MPIO is not installed on this host, so it has no place for this. Install the Windows feature Multipath-IO and "
    "restart the host, or leave it out."
)


class Wanted(t.NamedTuple):
    """A number that is declared. ``source``: the profile that it comes from, in words; None where it is named."""

    value: int
    source: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class DesiredHostSettings:
    """What was declared. What is empty or None is unmanaged.

    :param values: by option.
    :param services: name -> whether it shall wait for MSiSCSI.
    :param firewall: inbound, outbound -> whether the rule shall be enabled.
    """

    values: t.Mapping[str, Wanted]
    services: t.Mapping[str, bool]
    firewall: t.Mapping[str, bool]
    claim_iscsi_disks: t.Optional[bool] = None


# -- what is declared --------------------------------------------------------------------------------------------------


def parse(names: t.Callable[[t.Any, str], t.Dict[str, bool]]) -> t.Callable[[t.Any, str], DesiredHostSettings]:
    """A parser of the option. ``names``: a parser of lists of services."""

    def parse_option(plain: Plain, option: str) -> DesiredHostSettings:
        where = f"{option}." if option else ""
        values = _of_profile(plain.get("profile"))
        values.update(_of_groups(plain, where))
        _check_burst_lengths(values, where)
        services = names(plain.get("dependent_services") or (), f"{where}dependent_services")
        firewall = {side: wanted for side, wanted in (plain.get("firewall") or {}).items() if wanted is not None}
        return DesiredHostSettings(values, services, firewall, plain.get("claim_iscsi_disks"))

    return parse_option


def _of_profile(name: t.Optional[str]) -> t.Dict[str, Wanted]:
    if name is None:
        return {}
    return {
        option: Wanted(advice.value, f"profile {name}: {advice.source.text}, {advice.source.date}")
        for option, advice in PROFILES[name].values.items()
    }


def _of_groups(plain: Plain, where: str) -> t.Iterator[t.Tuple[str, Wanted]]:
    for group in table.GROUPS:
        given, inside = (plain.get(group.name) or {}, f"{group.name}.") if group.nested else (plain, "")
        for setting in group.settings:
            value = given.get(setting.option)
            if value is not None:
                yield setting.option, Wanted(_check(setting, value, f"{where}{inside}{setting.option}"))


def _check(setting: table.Setting, value: t.Any, where: str) -> int:
    if setting.is_flag:
        return int(value)
    if not setting.least <= value <= setting.most:
        unit = {"s": " of seconds", "bytes": " of bytes"}.get(setting.unit, "")
        raise DeclarationError(
            f"{where}: expected a whole number{unit} from {setting.least} to {setting.most}, not {value}"
        )
    return int(value)


def _check_burst_lengths(values: t.Mapping[str, Wanted], where: str) -> None:
    first, most = values.get("first_burst_length"), values.get("max_burst_length")
    if first and most and first.value > most.value:
        raise DeclarationError(
            f"{where}timers.first_burst_length: {first.value} is more than the max_burst_length of {most.value}. "
            "By RFC 7143 the first burst must not be longer than the longest"
        )


def service_name(text: t.Any, where: str) -> str:
    """The name of a service that may wait for MSiSCSI."""
    if not isinstance(text, str) or not text or set(text) & set('\\/*"\0') or text != text.strip():
        raise DeclarationError(f"{where}: expected the name of a service, such as LanmanServer, not {text!r}")
    if text.lower() == MSISCSI.lower():
        raise DeclarationError(f"{where}: {MSISCSI} cannot depend on itself")
    return text


# -- the plan ----------------------------------------------------------------------------------------------------------


def plan_host_settings(planning: Planning, wanted: t.Optional[DesiredHostSettings]) -> None:
    """A step for each kind of setting of which something differs."""
    now = planning.snapshot.host_settings
    if now is not None:
        _refuse_disabled(planning, now, wanted.services if wanted is not None else {})
    if wanted is None:
        return
    if now is None:
        planning.refuse(PART, "the registry of this host could not be read, so its settings are not known.")
        return
    for group in table.GROUPS:
        declared = {
            name: wanted.values[name] for name in (each.option for each in group.settings) if name in wanted.values
        }
        if declared and _has_place(planning, now, group, declared):
            _plan_group(planning, now, group, declared)
    _plan_services(planning, now, wanted.services)
    _plan_firewall(planning, now, wanted.firewall)
    _plan_claim(planning, now, wanted.claim_iscsi_disks)


def _has_place(planning: Planning, now: HostSettings, group: table.Group, declared: t.Iterable[str]) -> bool:
    if group.name in now.unread:
        subject = group.name if group.nested else ", ".join(declared)
        planning.refuse(f"{PART}.{subject}", f"{group.title}: what is set on this host could not be read.")
        return False
    if group.settings is table.TIMERS and now.adapter_key is None:
        planning.refuse(
            f"{PART}.{group.name}",
            "this host has no iSCSI adapter yet, so there is no place for its timers. Windows creates it when MSiSCSI "
            "runs for the first time: start the service, then run the task again.",
        )
        return False
    if group.settings is table.MPIO and not now.mpio_installed:
        planning.refuse(f"{PART}.{group.name}", _NO_MPIO)
        return False
    without = [name for name in declared if not now.found.get(name)]
    for name in without:
        keys = " or ".join(table.SETTINGS[name].keys) or f"{now.adapter_key}\\Parameters"
        planning.refuse(f"{PART}.{name}", f"the key HKLM\\{keys} is missing, or could not be read.")
    return not without


def _plan_group(planning: Planning, now: HostSettings, group: table.Group, declared: t.Mapping[str, Wanted]) -> None:
    """A setting is set in each of its keys that is there: none is made up for a driver that is not."""
    changes, values = [], {}
    before: t.Dict[str, t.Any] = {}
    after: t.Dict[str, t.Any] = {}
    sources = {}
    for name, (value, source) in declared.items():
        setting, found = table.SETTINGS[name], now.found[name]
        differing = [key for key, each in found.items() if not _holds(each, value)]
        if not differing:
            continue
        values[name] = Found(value, True)
        changes += [writes.Number(key or f"{now.adapter_key}\\Parameters", setting.value, value) for key in differing]
        for field, each in _fields(name, found, differing):
            before[field], after[field] = each.show(setting), setting.plain(value)
            if source:
                sources[field] = source
    if changes:
        planning.add(
            PART,
            "set",
            group.title,
            f"{', '.join(before)} {'differs' if len(before) == 1 else 'differ'}",
            SetHostSettings(tuple(changes), group.effect, values=values),
            before,
            after,
            sources=sources,
        )


def _fields(name: str, found: t.Mapping[str, Found], differing: t.Sequence[str]) -> t.Iterator[t.Tuple[str, Found]]:
    """(the option, what is set): once if all keys have the same, else for each that differs, with its driver."""
    if len(set(found.values())) == 1:
        yield name, found[differing[0]]
        return
    for key in differing:
        driver = key.split("\\")[-2]
        yield f"{name} ({driver})", found[key]


def _holds(found: Found, value: int) -> bool:
    """Whether a value is set. One that holds by default alone is set, too: so it stays if the default changes."""
    return found.value == value


def _refuse_disabled(planning: Planning, now: HostSettings, services: t.Mapping[str, bool]) -> None:
    """A service that waits for a disabled one does not start. Windows starts a manual one for it."""
    declared = planning.declaration.values.get("service_start_mode")
    if (declared or planning.snapshot.host.service_start_mode) != "disabled":
        return
    present = [name for name in services if services[name]]
    if present:
        planning.refuse(
            _SERVICES,
            f"{MSISCSI} is disabled, so {' and '.join(present)} would not start after a restart. Declare "
            "service_start_mode: automatic.",
        )
    others = [each.name for each in now.waiting_services if each.name.lower() not in map(str.lower, services)]
    if others and declared:
        names = " and ".join(others)
        planning.refuse(
            "service_start_mode",
            f"{names} {'waits' if len(others) == 1 else 'wait'} for {MSISCSI} and would not start after a restart if "
            "it is disabled. Declare service_start_mode: automatic, or these services with state: absent in "
            "dependent_services.",
        )


def _plan_services(planning: Planning, now: HostSettings, services: t.Mapping[str, bool]) -> None:
    for name, present in services.items():
        service = now.services.get(name.lower())
        problem = _find_obstacle(now, name, service, present)
        if problem:
            planning.refuse(_SERVICES, problem)
        elif service is not None and service.waits_for_msiscsi != present:
            others = tuple(other for other in service.depends_on if other.lower() != MSISCSI.lower())
            after = service._replace(depends_on=(*others, MSISCSI) if present else others)
            key = f"{table.SERVICES_KEY}\\{service.name}"
            planning.add(
                PART,
                "set",
                f"service {service.name}",
                f"it {'does not wait' if present else 'waits'} for {MSISCSI}",
                SetHostSettings(
                    (writes.Entry(key, table.DEPENDENCIES, MSISCSI, present),),
                    table.RESTART,
                    services={name.lower(): after},
                ),
                {"depends_on": list(service.depends_on)},
                {"depends_on": list(after.depends_on)},
            )


def _find_obstacle(now: HostSettings, name: str, service: t.Optional[Service], present: bool) -> t.Optional[str]:
    """Why a service cannot wait for MSiSCSI, or cannot stop waiting for it."""
    needed = _needs(now.services, MSISCSI) if present else set()
    looked_up = {name.lower(), MSISCSI.lower(), *needed} if present else {name.lower()}
    if "services" in now.unread and looked_up - set(now.services):
        return f"the services of this host could not be read completely, so {name} is left as it is."
    if not present:
        return None
    if service is None:
        return f"this host has no service {name}."
    if service.name.lower() in needed:
        return f"{MSISCSI} depends on {service.name}, so neither of them would start."
    if service.name.lower() in table.CORE_SERVICES:
        return f"Windows needs {service.name} before {MSISCSI} can start."
    if service.is_driver:
        return f"{service.name} is a driver. Only services that run in a process can wait for {MSISCSI}."
    return None


def _needs(known: t.Mapping[str, Service], name: str) -> t.Set[str]:
    """The services that a service needs, and those that these need, in small letters."""
    members: t.Dict[str, t.Set[str]] = {}
    for each in known.values():
        if each.group:
            members.setdefault(each.group.lower(), set()).add(each.name.lower())
    found: t.Set[str] = set()
    pending = [name.lower()]
    while pending:
        service = known.get(pending.pop())
        if service is None:
            continue
        needed = {other.lower() for other in service.depends_on}
        needed.update(*(members.get(group.lower(), ()) for group in service.depends_on_groups))
        pending += needed - found
        found |= needed
    return found


def _plan_firewall(planning: Planning, now: HostSettings, firewall: t.Mapping[str, bool]) -> None:
    where = f"{PART}.firewall"
    if firewall and "firewall" in now.unread:
        planning.refuse(where, "the firewall rules of this host could not be read. The powershell engine reads them.")
        return
    differing = {}
    for side, enabled in firewall.items():
        found = now.firewall_rules.get(table.FIREWALL_RULES[side])
        if found is None:
            planning.refuse(where, f"this host has no firewall rule {table.FIREWALL_RULES[side]}.")
        elif found != enabled:
            differing[side] = enabled
    if differing:
        rules = {table.FIREWALL_RULES[side]: enabled for side, enabled in differing.items()}
        changes = tuple(writes.FirewallRule(name, enabled) for name, enabled in rules.items())
        planning.add(
            PART,
            "set",
            "firewall rules of iSCSI",
            f"{' and '.join(differing)} {'differs' if len(differing) == 1 else 'differ'}",
            SetHostSettings(changes, None, firewall_rules=rules),
            {side: not enabled for side, enabled in differing.items()},
            dict(differing),
        )


def _plan_claim(planning: Planning, now: HostSettings, wanted: t.Optional[bool]) -> None:
    if wanted is None:
        return
    if now.mpio_installed is None or (now.mpio_installed and now.claims_iscsi_disks is None):
        planning.refuse(f"{PART}.claim_iscsi_disks", "what MPIO claims on this host could not be read.")
    elif not now.mpio_installed:
        if wanted:
            planning.refuse(f"{PART}.claim_iscsi_disks", _NO_MPIO)
    elif now.claims_iscsi_disks != wanted:
        others = tuple(entry for entry in now.claims if entry.lower() != table.ISCSI_DEVICES.lower())
        planning.add(
            PART,
            "set",
            "devices of MPIO",
            f"MPIO {'does not claim' if wanted else 'claims'} iSCSI disks",
            SetHostSettings(
                (writes.AutomaticClaim("iSCSI", wanted),),
                table.RESTART,
                claims=(*others, table.ISCSI_DEVICES) if wanted else others,
            ),
            {"claim_iscsi_disks": not wanted},
            {"claim_iscsi_disks": wanted},
        )


def emit_host_settings(batch: ChangeBatch, steps: t.Sequence[Step]) -> None:
    """What is to be set goes behind the calls: it is set after them."""
    for step in steps:
        if isinstance(step.payload, SetHostSettings):
            for row in step.payload.rows:
                batch.set(step, row)


def predict(now: HostSettings, change: SetHostSettings) -> HostSettings:
    """What a host would have after a step."""
    return dataclasses.replace(
        now,
        found={**now.found, **{name: dict.fromkeys(now.found[name], each) for name, each in change.values.items()}},
        services={**now.services, **change.services},
        firewall_rules={**now.firewall_rules, **change.firewall_rules},
        claims=now.claims if change.claims is None else change.claims,
    )
