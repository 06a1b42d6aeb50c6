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
from ..runner import settings as rows
from .change_batch import ChangeBatch
from .planning import Planning
from .profiles import PROFILES
from .steps import SetHostSettings, Step
from .values import DeclarationError, Plain

PART = "host_settings"
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
    if wanted is None:
        return
    now = planning.snapshot.host_settings
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
    without = [name for name in declared if not _places(now, table.SETTINGS[name])]
    for name in without:
        keys = " or ".join(table.SETTINGS[name].keys) or f"{now.adapter_key}\\Parameters"
        planning.refuse(f"{PART}.{name}", f"the key HKLM\\{keys} is missing, or could not be read.")
    return not without


def _places(now: HostSettings, setting: table.Setting) -> t.List[str]:
    """The keys in which a setting is set: those that are there, so that none is made up for a driver that is not."""
    return [key for key in setting.keys or ("",) if key in now.places]


def _plan_group(planning: Planning, now: HostSettings, group: table.Group, declared: t.Mapping[str, Wanted]) -> None:
    settings = [table.SETTINGS[name] for name in declared]
    found = {setting.option: now.values.get(setting.option, Found()) for setting in settings}
    differing = [each for each in settings if not _holds(found[each.option], declared[each.option].value)]
    if not differing:
        return
    changes = [
        rows.Number(key or f"{now.adapter_key}\\Parameters", setting.value, declared[setting.option].value)
        for setting in differing
        for key in _places(now, setting)
    ]
    names = [setting.option for setting in differing]
    sources = {name: declared[name].source for name in names}
    planning.add(
        PART,
        "set",
        group.title,
        f"{', '.join(names)} {'differs' if len(names) == 1 else 'differ'}",
        SetHostSettings(
            tuple(changes), group.effect, values={name: Found(declared[name].value, True) for name in names}
        ),
        {setting.option: found[setting.option].show(setting) for setting in differing},
        {setting.option: setting.plain(declared[setting.option].value) for setting in differing},
        sources={name: source for name, source in sources.items() if source},
    )


def _holds(found: Found, value: int) -> bool:
    """Whether a value is set. One that holds by default alone is set, too: so it stays if the default changes."""
    return found.is_set and found.value == value


def _plan_services(planning: Planning, now: HostSettings, services: t.Mapping[str, bool]) -> None:
    if services and now.services is None:
        planning.refuse(f"{PART}.dependent_services", "the services of this host could not be read.")
        return
    known = now.services or {}
    for name, present in services.items():
        service = known.get(name.lower())
        where = f"{PART}.dependent_services"
        if service is None:
            if present:
                planning.refuse(where, f"this host has no service {name}.")
        elif present and service.name.lower() in _needs(known, MSISCSI):
            planning.refuse(where, f"{MSISCSI} depends on {service.name}, so neither of them would start.")
        elif service.waits_for_msiscsi != present:
            others = tuple(other for other in service.depends_on if other.lower() != MSISCSI.lower())
            after = service._replace(depends_on=(*others, MSISCSI) if present else others)
            key = f"{table.SERVICES_KEY}\\{service.name}"
            planning.add(
                PART,
                "set",
                f"service {service.name}",
                f"it {'does not wait' if present else 'waits'} for {MSISCSI}",
                SetHostSettings(
                    (rows.Entry(key, table.DEPENDENCIES, MSISCSI, present),),
                    table.RESTART,
                    services={name.lower(): after},
                ),
                {"depends_on": list(service.depends_on)},
                {"depends_on": list(after.depends_on)},
            )


def _needs(known: t.Mapping[str, Service], name: str) -> t.Set[str]:
    """The services that a service needs, and those that these need, in small letters."""
    found: t.Set[str] = set()
    pending = [name.lower()]
    while pending:
        service = known.get(pending.pop())
        needed = {other.lower() for other in service.depends_on} if service else set()
        pending += needed - found
        found |= needed
    return found


def _plan_firewall(planning: Planning, now: HostSettings, firewall: t.Mapping[str, bool]) -> None:
    where = f"{PART}.firewall"
    if firewall and now.firewall_rules is None:
        planning.refuse(where, "the firewall rules of this host could not be read. The powershell engine reads them.")
        return
    differing = {}
    for side, enabled in firewall.items():
        found = (now.firewall_rules or {}).get(table.FIREWALL_RULES[side])
        if found is None:
            planning.refuse(where, f"this host has no firewall rule {table.FIREWALL_RULES[side]}.")
        elif found != enabled:
            differing[side] = enabled
    if differing:
        rules = {table.FIREWALL_RULES[side]: enabled for side, enabled in differing.items()}
        changes = tuple(rows.FirewallRule(name, enabled) for name, enabled in rules.items())
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
    if not now.mpio_installed:
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
                (rows.AutomaticClaim("iSCSI", wanted),),
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
        values={**now.values, **change.values},
        services=now.services and {**now.services, **change.services},
        firewall_rules=now.firewall_rules and {**now.firewall_rules, **change.firewall_rules},
        claims=now.claims if change.claims is None else change.claims,
    )
