# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Initiator ports: what their numbers mean today, and what they meant when a record was saved.

Records have the number of a port. Windows gives out the numbers anew when network adapters change, so the address is
what people mean. The registry keeps, beside each record, the address that its port had when the record was saved.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import addresses


@dataclasses.dataclass
class InitiatorPort:
    """A port of an initiator instance. ``address``: its IP address today."""

    initiator_instance: str
    number: int
    address: t.Optional[str] = None


@dataclasses.dataclass
class SavedPortal:
    """The name of a target portal in the registry. ``initiator_address``: that of its initiator port when saved."""

    address: str
    port: int
    initiator_instance: str
    initiator_address: str


@dataclasses.dataclass
class SavedLogin:
    """The registry key of a login, whose name begins with the target, and the address of its port when saved."""

    key: str
    initiator_address: str


@dataclasses.dataclass
class SavedAddresses:
    """The addresses of initiator ports in the registry, as they were when records were saved."""

    portals: t.List[SavedPortal] = dataclasses.field(default_factory=list)
    logins: t.List[SavedLogin] = dataclasses.field(default_factory=list)


Ports = t.Optional[t.Sequence[InitiatorPort]]


def address_today(ports: Ports, instance: str, number: t.Optional[int]) -> t.Optional[str]:
    """The address of a port. None for any port, for one that is not there, and where several instances have it."""
    found = {port.address for port in ports or () if port.number == number and _is_of(port, instance)}
    return found.pop() if len(found) == 1 else None


def is_missing(ports: Ports, instance: str, number: t.Optional[int]) -> bool:
    """Whether a record is bound to a port that its instance does not have any more. False where that is not known."""
    own = [port for port in ports or () if _is_of(port, instance)]
    return number is not None and bool(own) and all(port.number != number for port in own)


def _is_of(port: InitiatorPort, instance: str) -> bool:
    return instance.lower() in ("", port.initiator_instance.lower())


def saved_addresses(
    found: t.Optional[SavedAddresses], ports: Ports, records: t.Sequence[t.Any]
) -> t.Dict[int, t.Optional[str]]:
    """The address that each record was saved from, by ``id`` of the record; None where that is not certain.

    The registry does not say which of several records an address belongs to. A record takes the address that its port
    has today, if that is among them. If one address and one record are left, they belong together.
    """
    result: t.Dict[int, t.Optional[str]] = {}
    groups: t.Dict[t.Any, t.List[t.Any]] = {}
    for record in records:
        if record.initiator_port is not None:
            groups.setdefault(_group(record), []).append(record)
    for key, members in groups.items():
        left = _candidates(found, key) if found else set()
        open_records = []
        for record in members:
            today = address_today(ports, record.initiator_instance, record.initiator_port)
            if today is not None and addresses.canonical(today) in left:
                result[id(record)] = today
            else:
                open_records.append(record)
        left -= {addresses.canonical(address) for address in map(result.get, map(id, members)) if address}
        numbers = {record.initiator_port for record in open_records}
        if len(left) == 1 and len(numbers) == 1:
            result.update(dict.fromkeys(map(id, open_records), left.pop()))
    return result


def _group(record: t.Any) -> t.Any:
    """Records that the registry may take for one: those of a target, or those of a portal and an instance."""
    own = record.identity
    return own.target or (*(own.portal or ("", 0)), own.initiator_instance)


def _candidates(found: SavedAddresses, key: t.Any) -> t.Set[str]:
    if isinstance(key, str):
        fitting = {login.initiator_address for login in found.logins if _begins_with_target(login.key.lower(), key)}
    else:
        fitting = {
            portal.initiator_address
            for portal in found.portals
            if (addresses.canonical(portal.address), portal.port, portal.initiator_instance.lower()) == key
        }
    return set(map(addresses.canonical, fitting))


def _begins_with_target(name: str, target: str) -> bool:
    """Whether a registry key is of this target, and not of one whose name is longer."""
    return name.startswith(target) and not (name[len(target) :][:1].isalnum() or name[len(target) :][:1] in (".", ":"))
