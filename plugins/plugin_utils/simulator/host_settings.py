# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a simulated host: what its registry has of them, and what becomes of the file when one is set.

They are values of ``windows.registry`` and ``windows.firewall_rules``. That MPIO claims iSCSI disks is a value of the
registry, too; it takes effect when the host boots.
"""

from __future__ import annotations

from ...module_utils.abi import host_settings as table
from ...module_utils.runner import writes
from .witnesses import ADAPTER_KEY

_INBOUND, _OUTBOUND, _ENABLED, _DISABLED = 1, 2, 1, 2  # MSFT_NetFirewallRule
_SERVICES = {  # services that every Windows has, with what they depend on
    "LanmanServer": ["SamSS", "Srv2"],
    "LanmanWorkstation": ["Bowser", "MRxSmb20", "NSI"],
    "RpcSs": ["RpcEptMapper", "DcomLaunch"],
}


def registry(service):
    """Keys with their values, as a Windows has them before anything is set."""
    found = {f"{table.SERVICES_KEY}\\{name}": {table.DEPENDENCIES: list(needs)} for name, needs in _SERVICES.items()}
    found[table.DISK_KEY] = {"TimeOutValue": 60}
    if service.adapters:
        found[f"{ADAPTER_KEY}\\Parameters"] = {}
    mpio = service.state["mpio"]
    if mpio["installed"]:
        found[table.MPIO_KEY] = {}
        for key, name in table.CLAIMS:
            found.setdefault(key, {})[name] = [table.ISCSI_DEVICES] if mpio["claimed"] else []
    return found


def firewall_rules(service):
    """MSFT_NetFirewallRule, of the rules that the file names."""
    for name, enabled in service.state["windows"]["firewall_rules"].items():
        yield {
            "InstanceID": name,
            "Enabled": _ENABLED if enabled else _DISABLED,
            "Direction": _OUTBOUND if name == table.FIREWALL_RULES["outbound"] else _INBOUND,
        }


def write(service, keys, setting):
    """Set what a row asks for.

    :param keys: every key with its values, as it is read.
    :raises writes.Unwritable: says why not.
    """
    if not service.state["elevated"]:
        raise writes.Unwritable("Access is denied.")
    _WRITERS[type(setting)](service, keys, setting)


def _write_number(service, keys, setting):
    _values(service, keys, setting.key)[setting.name] = setting.value


def _write_entry(service, keys, setting):
    known = {key.lower() for key in keys}
    if setting.key.lower() not in known:
        raise writes.Unwritable(f"there is no key {setting.key}")
    values = _values(service, keys, setting.key)
    others = [text for text in values.get(setting.name, []) if text.lower() != setting.entry.lower()]
    values[setting.name] = [*others, setting.entry] if setting.present else others


def _write_rule(service, _keys, setting):
    rules = service.state["windows"]["firewall_rules"]
    if setting.name not in rules:
        raise writes.Unwritable(
            f"No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '{setting.name}'."
        )
    rules[setting.name] = setting.enabled


def _write_claim(service, keys, setting):
    for key, name in table.CLAIMS:
        _write_entry(service, keys, writes.Entry(key, name, table.ISCSI_DEVICES, setting.enabled))


def _values(service, keys, key):
    """The values of a key in the file, which then has all that the key has."""
    written = service.state["windows"]["registry"]
    spelled = next((name for name in keys if name.lower() == key.lower()), key)
    return written.setdefault(spelled, dict(keys.get(spelled, {})))


_WRITERS = {
    writes.Number: _write_number,
    writes.Entry: _write_entry,
    writes.FirewallRule: _write_rule,
    writes.AutomaticClaim: _write_claim,
}


def claims_iscsi_disks(keys):
    """Whether MPIO is to claim iSCSI disks from the next boot on; None where MPIO is not installed."""
    lists = [keys[key].get(name, []) for key, name in table.CLAIMS if key in keys]
    return any(table.ISCSI_DEVICES in entries for entries in lists) if lists else None
