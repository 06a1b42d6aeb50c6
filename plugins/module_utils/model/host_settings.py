# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The settings of a host that iSCSI depends on, as its registry and its firewall have them.

What is not set is not guessed: it is told apart from a value, and what holds then is a default with a source, or
nothing. What Windows says is not trusted: a value of another type is a warning, and counts as set to nothing known.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..abi import host_settings as table
from .plain import Plain
from .row_values import Rows, Warn, is_number, printable

MSISCSI = "MSiSCSI"
_DWORD = 1 << 32
_MOST = 500  # texts of a list


class Found(t.NamedTuple):
    """What the registry has for a setting. ``value``: None where it is not set, or set to what is no number."""

    value: t.Optional[int] = None
    is_set: bool = False

    def effective(self, setting: table.Setting) -> t.Optional[int]:
        """The number that holds, as far as it is known."""
        return self.value if self.is_set else setting.default

    def show(self, setting: table.Setting) -> t.Union[None, bool, int, str]:
        """The value as a diff shows it."""
        if not self.is_set:
            default = setting.plain(setting.default)
            return "not set" if default is None else f"not set, default {str(default).lower()}"
        return "no number" if self.value is None else setting.plain(self.value)


class Service(t.NamedTuple):
    """A service of Windows, and the names of those that it depends on."""

    name: str
    depends_on: t.Tuple[str, ...]

    @property
    def waits_for_msiscsi(self) -> bool:
        """Whether it starts only after MSiSCSI."""
        return any(name.lower() == MSISCSI.lower() for name in self.depends_on)


@dataclasses.dataclass(frozen=True)
class HostSettings:
    """What was read of a host.

    :param adapter_key: the registry key of the initiator's adapter; None where no service has created it yet.
    :param places: the keys of settings that are there and were read; "" is that of the adapter.
    :param values: option -> what is set, for the settings that have a place.
    :param services: by name in small letters; None where they could not be read.
    :param firewall_rules: name of a rule -> whether it is enabled; None where they could not be read.
    :param claims: the devices that MPIO claims, as it lists them.
    """

    adapter_key: t.Optional[str]
    mpio_installed: bool
    places: t.FrozenSet[str]
    values: t.Mapping[str, Found]
    services: t.Optional[t.Mapping[str, Service]]
    firewall_rules: t.Optional[t.Mapping[str, bool]]
    claims: t.Tuple[str, ...] = ()

    @property
    def claims_iscsi_disks(self) -> bool:
        """Whether MPIO claims every iSCSI disk."""
        return any(entry.lower() == table.ISCSI_DEVICES.lower() for entry in self.claims)

    def facts(self) -> Plain:
        """As the facts have them."""
        services = None
        if self.services is not None:
            waiting = [self.services[name] for name in sorted(self.services) if self.services[name].waits_for_msiscsi]
            services = [{"name": service.name, "depends_on": list(service.depends_on)} for service in waiting]
        rules = self.firewall_rules
        return {
            "adapter_created": self.adapter_key is not None,
            "timers": self._group(table.TIMERS) if self.adapter_key is not None else None,
            "mpio_installed": self.mpio_installed,
            "mpio": self._group(table.MPIO) if self.mpio_installed else None,
            "disk_timeout": self._value(table.DISK_TIMEOUT),
            "dependent_services": services,
            "firewall": None
            if rules is None
            else {side: rules.get(name) for side, name in table.FIREWALL_RULES.items()},
            "claim_iscsi_disks": self.claims_iscsi_disks if self.mpio_installed else None,
            "claimed_devices": sorted(self.claims, key=str.lower) if self.mpio_installed else None,
        }

    def _group(self, settings: t.Iterable[table.Setting]) -> Plain:
        return {setting.option: self._value(setting) for setting in settings}

    def _value(self, setting: table.Setting) -> Plain:
        found = self.values.get(setting.option, Found())
        return {
            "value": setting.plain(found.effective(setting)),
            "set": found.is_set,
            "default": setting.plain(setting.default),
        }


class Answers(t.NamedTuple):
    """The rows of each query; None where it was not answered."""

    adapters: t.Optional[t.List[Plain]]
    parameters: t.Optional[t.List[Plain]]  # the key Parameters of every adapter
    mpio: t.Optional[t.List[Plain]]
    dsm: t.Optional[t.List[Plain]]
    disk: t.Optional[t.List[Plain]]
    claims: t.Optional[t.List[Plain]]
    services: t.Optional[t.List[Plain]]
    firewall: t.Optional[t.List[Plain]]


def read(answers: Answers, warn: Warn) -> HostSettings:
    """The settings, from the rows of a host. Whatever is wrong with a row is a warning."""
    adapter = _find_adapter(_keys("The iSCSI adapters", answers.adapters, warn), warn)
    keys: t.Dict[str, Plain] = {}
    if adapter is not None and answers.parameters is not None:
        parameters = _keys("The settings of the initiator", answers.parameters, warn)
        keys[""] = next((row for key, row in parameters if key.lower() == f"{adapter}\\Parameters".lower()), {})
    places = ((table.MPIO_KEY, answers.mpio), (table.DSM_KEY, answers.dsm), (table.DISK_KEY, answers.disk))
    for place, found in places:
        for _key, values in _keys(f"The key {place}", found, warn):
            keys[place] = values
    (_mpdev, listed_by_mpio), (_dsm, listed_by_dsm) = table.CLAIMS
    lists = [values.get(listed_by_mpio) for _key, values in _keys("The devices that MPIO claims", answers.claims, warn)]
    lists.append(keys.get(table.DSM_KEY, {}).get(listed_by_dsm))
    return HostSettings(
        adapter,
        table.MPIO_KEY in keys or table.DSM_KEY in keys,
        frozenset(keys),
        {
            name: _find_value(setting, keys, warn)
            for name, setting in table.SETTINGS.items()
            if _has_place(setting, keys)
        },
        _read_services(answers.services, warn),
        _read_firewall(answers.firewall, warn),
        tuple(dict.fromkeys(text for each in lists for text in _texts("A list of devices", each, warn))),
    )


def _keys(title: str, found: t.Optional[t.List[Plain]], warn: Warn) -> t.List[t.Tuple[str, Plain]]:
    """(key, its values) of each row."""
    keys = []
    for row in Rows(title, found, warn):
        key, values = row.text("key", 1024), row.raw("values")
        if key and isinstance(values, dict):
            keys.append((key, {name: value for name, value in values.items() if isinstance(name, str)}))
    return keys


def _find_adapter(adapters: t.Iterable[t.Tuple[str, Plain]], warn: Warn) -> t.Optional[str]:
    """The key of the initiator's adapter, by its id. The number in it differs from host to host."""
    found = []
    for key, values in adapters:
        device = values.get("MatchingDeviceId")
        if isinstance(device, str) and device.lower() == table.ADAPTER_ID:
            found.append(key)
    if len(found) > 1:
        warn(f"The registry has {len(found)} iSCSI adapters. The settings are those of the first: {found[0]}.")
    return found[0] if found else None


def _has_place(setting: table.Setting, keys: t.Mapping[str, Plain]) -> bool:
    return any(key in keys for key in setting.keys or ("",))


def _find_value(setting: table.Setting, keys: t.Mapping[str, Plain], warn: Warn) -> Found:
    """What is set, in the first key that has it. Windows compares the names of values without letter case."""
    for key in setting.keys or ("",):
        for name, value in keys.get(key, {}).items():
            if name.lower() == setting.value.lower():
                if isinstance(value, int) and not isinstance(value, bool) and -_DWORD // 2 <= value < 0:
                    value += _DWORD  # .NET has the numbers of the registry with a sign
                if is_number(value) and value < _DWORD:
                    return Found(value, True)
                warn(f"The registry value {setting.value} is no number.")
                return Found(None, True)
    return Found()


def _read_services(found: t.Optional[t.List[Plain]], warn: Warn) -> t.Optional[t.Dict[str, Service]]:
    if found is None:
        return None
    services = {}
    for key, values in _keys("The services of Windows", found, warn):
        name = key.rpartition("\\")[2]
        listed = _texts(f"What the service {name} depends on", values.get(table.DEPENDENCIES), warn)
        services[name.lower()] = Service(name, tuple(listed))
    return services


def _texts(title: str, value: t.Any, warn: Warn) -> t.List[str]:
    """The texts of a list, which may be missing."""
    listed = value if isinstance(value, list) else []
    texts = [printable(text) for text in listed[:_MOST] if isinstance(text, str) and text]
    if len(listed) > _MOST:
        warn(f"{title} is a list of {len(listed)} texts. Only the first {_MOST} count.")
    elif value is not None and (not isinstance(value, list) or not all(isinstance(text, str) for text in listed)):
        warn(f"{title} is no list of texts.")
    return texts


def _read_firewall(found: t.Optional[t.List[Plain]], warn: Warn) -> t.Optional[t.Dict[str, bool]]:
    if found is None:
        return None
    names = {name.lower(): name for name in table.FIREWALL_RULES.values()}
    rules = {}
    for row in Rows("MSFT_NetFirewallRule", found, warn):
        name, enabled = row.text("InstanceID"), row.number("Enabled")
        if name and name.lower() in names and enabled is not None:
            rules[names[name.lower()]] = enabled == _ENABLED
    return rules


_ENABLED = 1  # MSFT_NetFirewallRule.Enabled; 2 is disabled
