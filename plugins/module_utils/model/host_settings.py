# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The settings of a host that iSCSI depends on, as its registry and its firewall have them.

What is not set is not guessed: it is told apart from a value, and what holds then is a default with a source, or
nothing. What Windows says is not trusted: a value of another type is a warning, and counts as set to nothing known.
What could not be read, or not completely, is unread: it is neither there nor missing.
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
    """A service of Windows, and the services and groups that it depends on. ``type``, ``group``: None if not known."""

    name: str
    depends_on: t.Tuple[str, ...]
    type: t.Optional[int] = None
    group: t.Optional[str] = None
    depends_on_groups: t.Tuple[str, ...] = ()

    @property
    def is_driver(self) -> bool:
        """Whether it is known to run in no process, as drivers do."""
        return self.type is not None and not self.type & table.RUNS_IN_PROCESS

    @property
    def waits_for_msiscsi(self) -> bool:
        """Whether it starts only after MSiSCSI."""
        return any(name.lower() == MSISCSI.lower() for name in self.depends_on)


@dataclasses.dataclass(frozen=True)
class HostSettings:
    """What was read of a host.

    :param adapter_key: the registry key of the initiator's adapter; None where none was found.
    :param found: option -> key -> what is set there, for each key of the setting that is there; "" is the adapter's.
    :param services: by name in small letters.
    :param firewall_rules: name of a rule -> whether it is enabled.
    :param claims: the devices that MPIO claims, as it lists them.
    :param unread: the subjects, of those in ``_QUERIES``, of which something could not be read.
    """

    adapter_key: t.Optional[str]
    found: t.Mapping[str, t.Mapping[str, Found]]
    services: t.Mapping[str, Service]
    firewall_rules: t.Mapping[str, bool]
    claims: t.Tuple[str, ...] = ()
    mpio_found: bool = False
    unread: t.FrozenSet[str] = frozenset()

    @property
    def values(self) -> t.Dict[str, Found]:
        """What counts of each setting that has a place: what is set in the first key that has it."""
        return {
            option: next((each for each in by_key.values() if each.is_set), Found())
            for option, by_key in self.found.items()
        }

    @property
    def adapter_created(self) -> t.Optional[bool]:
        """Whether the initiator has its adapter; None where that could not be read."""
        return self.adapter_key is not None or (None if "timers" in self.unread else False)

    @property
    def mpio_installed(self) -> t.Optional[bool]:
        """Whether MPIO is installed; None where that could not be read."""
        return self.mpio_found or (None if "mpio" in self.unread else False)

    @property
    def claims_iscsi_disks(self) -> t.Optional[bool]:
        """Whether MPIO claims every iSCSI disk; None where that could not be read."""
        if "claims" in self.unread:
            return None
        return any(entry.lower() == table.ISCSI_DEVICES.lower() for entry in self.claims)

    @property
    def waiting_services(self) -> t.List[Service]:
        """The services that wait for MSiSCSI."""
        return [self.services[name] for name in sorted(self.services) if self.services[name].waits_for_msiscsi]

    def facts(self) -> Plain:
        """As the facts have them."""
        values = self.values

        def show(subject: str, plain: t.Any) -> t.Any:
            return None if subject in self.unread else plain

        def show_all(settings: t.Iterable[table.Setting]) -> Plain:
            return {setting.option: self._value(setting, values) for setting in settings}

        services = [{"name": each.name, "depends_on": list(each.depends_on)} for each in self.waiting_services]
        rules = {side: self.firewall_rules.get(name) for side, name in table.FIREWALL_RULES.items()}
        return {
            "adapter_created": self.adapter_created,
            "timers": show("timers", show_all(table.TIMERS)) if self.adapter_created else None,
            "mpio_installed": self.mpio_installed,
            "mpio": show("mpio", show_all(table.MPIO)) if self.mpio_installed else None,
            "disk_timeout": show("disk", self._value(table.DISK_TIMEOUT, values)),
            "dependent_services": show("services", services),
            "firewall": show("firewall", rules),
            "claim_iscsi_disks": self.claims_iscsi_disks if self.mpio_installed else None,
            "claimed_devices": show("claims", sorted(self.claims, key=str.lower)) if self.mpio_installed else None,
        }

    @staticmethod
    def _value(setting: table.Setting, values: t.Mapping[str, Found]) -> Plain:
        found = values.get(setting.option, Found())
        return {
            "value": setting.plain(found.effective(setting)),
            "set": found.is_set,
            "default": setting.plain(setting.default),
        }


class Answers(t.NamedTuple):
    """The rows of each query; None where it was not answered. ``incomplete``: those of which rows may be missing."""

    adapters: t.Optional[t.List[Plain]]
    parameters: t.Optional[t.List[Plain]]  # the key Parameters of every adapter
    mpio: t.Optional[t.List[Plain]]
    dsm: t.Optional[t.List[Plain]]
    disk: t.Optional[t.List[Plain]]
    claims: t.Optional[t.List[Plain]]
    services: t.Optional[t.List[Plain]]
    firewall: t.Optional[t.List[Plain]]
    incomplete: t.FrozenSet[str] = frozenset()

    def is_complete(self, query: str) -> bool:
        """Whether every row of a query is there."""
        return getattr(self, query) is not None and query not in self.incomplete


# What is unread if one of these queries was not answered completely. A group of settings is called as in the table.
_QUERIES = {
    "timers": ("adapters", "parameters"),
    "mpio": ("mpio", "dsm"),
    "disk": ("disk",),
    "claims": ("mpio", "dsm", "claims"),
    "services": ("services",),
    "firewall": ("firewall",),
}


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
        {
            name: {key: _find_value(setting, keys[key], warn) for key in setting.keys or ("",) if key in keys}
            for name, setting in table.SETTINGS.items()
        },
        _read_services(answers.services, warn),
        _read_firewall(answers.firewall, warn),
        tuple(dict.fromkeys(text for each in lists for text in _texts("A list of devices", each, warn))),
        table.MPIO_KEY in keys or table.DSM_KEY in keys,
        frozenset(subject for subject, queries in _QUERIES.items() if not all(map(answers.is_complete, queries))),
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


def _find_value(setting: table.Setting, values: Plain, warn: Warn) -> Found:
    """What is set in a key. Windows compares the names of values without letter case."""
    value, is_set = _get(values, setting.value)
    if is_set and value is None:
        warn(f"The registry value {setting.value} is no number.")
    return Found(value, is_set)


def _get(values: Plain, wanted: str) -> t.Tuple[t.Optional[int], bool]:
    """(the number that a value of a key has, None if it is none; whether there is such a value)."""
    for name, value in values.items():
        if name.lower() == wanted.lower():
            if isinstance(value, int) and not isinstance(value, bool) and -_DWORD // 2 <= value < 0:
                value += _DWORD  # .NET has the numbers of the registry with a sign
            return value if is_number(value) and value < _DWORD else None, True
    return None, False


def _read_services(found: t.Optional[t.List[Plain]], warn: Warn) -> t.Dict[str, Service]:
    services = {}
    for key, values in _keys("The services of Windows", found, warn):
        name = key.rpartition("\\")[2]
        title, group = f"What the service {name} depends on", values.get(table.GROUP)
        services[name.lower()] = Service(
            name,
            tuple(_texts(title, values.get(table.DEPENDENCIES), warn)),
            _get(values, table.SERVICE_TYPE)[0],
            group if isinstance(group, str) else None,
            tuple(_texts(title, values.get(table.GROUP_DEPENDENCIES), warn)),
        )
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


def _read_firewall(found: t.Optional[t.List[Plain]], warn: Warn) -> t.Dict[str, bool]:
    names = {name.lower(): name for name in table.FIREWALL_RULES.values()}
    rules = {}
    for row in Rows("MSFT_NetFirewallRule", found, warn):
        name, enabled = row.text("InstanceID"), row.number("Enabled")
        if name and name.lower() in names and enabled is not None:
            rules[names[name.lower()]] = enabled == _ENABLED
    return rules


_ENABLED = 1  # MSFT_NetFirewallRule.Enabled; 2 is disabled
