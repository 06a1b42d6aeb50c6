# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Where Windows keeps the settings that iSCSI depends on: keys of the registry, and two rules of the firewall."""

from __future__ import annotations

import typing as t

from ..abi import host_settings as table
from ..model import host_settings as model
from ..runner.rows import CimQuery, RegistryQuery
from .builder import Builder, Replies

Warn = t.Callable[[str], None]


def _values_of(key: str, *more: str) -> RegistryQuery:
    names = [setting.value for setting in table.SETTINGS.values() if key in setting.keys]
    return RegistryQuery(key, (*names, *more))


_REGISTRY: t.Dict[str, RegistryQuery] = {
    "adapters": RegistryQuery(f"{table.ADAPTERS_KEY}\\*", ("MatchingDeviceId",)),
    "parameters": RegistryQuery(f"{table.ADAPTERS_KEY}\\*\\Parameters", tuple(each.value for each in table.TIMERS)),
    "mpio": _values_of(table.MPIO_KEY),
    "dsm": _values_of(table.DSM_KEY, table.CLAIMS[1][1]),
    "disk": _values_of(table.DISK_KEY),
    "claims": RegistryQuery(table.CLAIMS[0][0], (table.CLAIMS[0][1],)),
    "services": RegistryQuery(
        f"{table.SERVICES_KEY}\\*", (table.DEPENDENCIES, table.GROUP_DEPENDENCIES, table.GROUP, table.SERVICE_TYPE)
    ),
}
_FIREWALL = CimQuery(
    "root/StandardCimv2",
    "MSFT_NetFirewallRule",
    ("InstanceID", "Enabled"),
    {"InstanceID": tuple(table.FIREWALL_RULES.values())},
)


def host_settings(builder: Builder) -> t.Callable[[Replies, Warn], t.Optional[model.HostSettings]]:
    """The settings of the host that iSCSI depends on; None where the registry cannot be read."""
    handles = {name: builder.ask(query) for name, query in _REGISTRY.items()}
    firewall = builder.ask(_FIREWALL)

    def decode(replies: Replies, warn: Warn) -> t.Optional[model.HostSettings]:
        found = replies.rows_together(handles, warn)
        if found is None:
            return None
        every = {**handles, "firewall": firewall}
        incomplete = frozenset(name for name, handle in every.items() if not replies.has_all_rows(handle))
        return model.read(model.Answers(firewall=replies.rows(firewall, warn), incomplete=incomplete, **found), warn)

    return decode
