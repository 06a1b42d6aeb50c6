# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""A declaration from the options of a task, by the table of parts."""

from __future__ import annotations

import dataclasses
import typing as t

from ..client.queries import READS, WITHOUT_SERVICE
from . import group_policies, port_addresses
from .desired import Declaration, Desired, DesiredPortal, DesiredStaticTarget
from .parts import PARTS
from .values import Plain

# options that control how a declaration is applied
OPTIONS = ("update_secret", "purge_connected", "force")


def parse(plain: Plain) -> Declaration:
    """What a host shall be, from a mapping with the names of parts and the fields of :class:`Declaration` as keys.

    :raises DeclarationError: naming the option.
    """
    values = {part.name: part.parse(plain[part.name], part.name) for part in PARTS if plain.get(part.name) is not None}
    options = {option: plain[option] for option in OPTIONS if plain.get(option) is not None}
    return Declaration(values, purge=tuple(plain.get("purge") or ()), **options)


def declared_parts(declaration: Declaration) -> t.List[str]:
    """The names of the parts that are declared, and ``purge`` where something is purged."""
    names = [part.name for part in PARTS if declaration.values.get(part.name) not in (None, False)]
    return names + (["purge"] if declaration.purge else [])


def subsets(declaration: Declaration) -> t.List[str]:
    """The read operations that a declaration needs, in their order."""
    managed = [part for part in PARTS if declaration.manages(part.name)]
    needed = {name for part in managed for name in part.reads}
    others = [part for part in managed if not part.reads or set(part.reads) - set(WITHOUT_SERVICE)]
    if others:
        needed.add(group_policies.READ)
    if others or not managed:
        needed.add("initiator")
    if port_addresses.are_declared(declaration):
        needed.add(port_addresses.READ)
    return [name for name in READS if name in needed]


def comparable(declaration: Declaration) -> Declaration:
    """The declaration without what cannot be compared: it would ask for a change each time."""
    values = {
        part.name: _comparable(declaration.values[part.name])
        for part in PARTS
        if part.observable and part.name in declaration.values
    }
    return dataclasses.replace(declaration, values=values)


def _comparable(value: t.Any) -> t.Any:
    if not isinstance(value, list):
        return value
    return [
        _without_renewal(entry) if isinstance(entry, Desired) else entry
        for entry in value
        if not (isinstance(entry, DesiredStaticTarget) and entry.is_hidden)
    ]


def _without_renewal(entry: Desired[t.Any]) -> Desired[t.Any]:
    entry = dataclasses.replace(entry, update_secret="on_create")
    return dataclasses.replace(entry, refresh=False) if isinstance(entry, DesiredPortal) else entry
