# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Initiator ports that are declared by their address. Windows knows only numbers, and gives them out anew.

So an address is looked up among the ports that were read in the same trip as everything else, before anything is
planned. From then on the declaration names the instance and the number.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import addresses, records
from ..model.ports import InitiatorPort
from .desired import Declaration, Desired

READ = "initiator_ports"


def are_declared(declaration: Declaration) -> bool:
    """Whether a port is declared by its address."""
    return any(_address(entry) for entries in declaration.values.values() for entry in _entries(entries))


def resolve(snapshot: records.Snapshot, declaration: Declaration) -> t.Tuple[Declaration, t.List[str]]:
    """The declaration with numbers for addresses, and what stands in the way. An entry without a number is left out."""
    if not are_declared(declaration):
        return declaration, []
    refusals: t.List[str] = []
    values: t.Dict[str, t.Any] = {}
    for part, value in declaration.values.items():
        if not any(map(_address, _entries(value))):
            values[part] = value
            continue
        values[part] = []
        for entry in value:
            port = _find(entry, snapshot.initiator_ports, refusals) if _address(entry) else None
            if port is not None:
                values[part].append(_at(entry, port))
            elif not _address(entry):
                values[part].append(entry)
    return dataclasses.replace(declaration, values=values), refusals


def _entries(value: t.Any) -> t.Sequence[t.Any]:
    return value if isinstance(value, list) else ()


def _address(entry: t.Any) -> t.Optional[str]:
    return getattr(entry, "initiator_address", None)


def _find(
    entry: t.Any, ports: t.Optional[t.Sequence[InitiatorPort]], refusals: t.List[str]
) -> t.Optional[InitiatorPort]:
    """The port that an entry means; None with a refusal where there is none, or more than one."""
    where, wanted = f"{entry.where}.initiator_address", addresses.canonical(_address(entry) or "")
    if ports is None:
        refusals.append(
            f"{where}: Windows did not list the initiator ports of this host, so {wanted} cannot be found. Declare "
            "initiator_port instead."
        )
        return None
    instance = (entry.record if isinstance(entry, Desired) else entry).initiator_instance.lower()
    found = [
        port
        for port in ports
        if port.address and addresses.canonical(port.address) == wanted
        if instance in ("", port.initiator_instance.lower())
    ]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(
        f"{port.address or 'no address'} (port {port.number} of {port.initiator_instance})" for port in found or ports
    )
    problem = "is more than one port" if found else "is the address of no initiator port"
    advice = "Add initiator_instance, or declare initiator_port" if found else "This host has"
    refusals.append(f"{where}: {wanted} {problem}. {advice}: {listed or 'none'}.")
    return None


def _at(entry: t.Any, port: InitiatorPort) -> t.Any:
    place = {"initiator_instance": port.initiator_instance, "initiator_port": port.number}
    if isinstance(entry, Desired):
        return dataclasses.replace(entry.at(**place), initiator_address=None)
    return dataclasses.replace(entry, initiator_address=None, **place)
