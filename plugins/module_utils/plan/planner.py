# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Desired against current: a plan, which is data.

:func:`plan` is pure: a snapshot and a declaration in, ordered steps with a reason each out. What stands in the way of
a change is found here, before anything is touched: a plan with refusals is never carried out.
"""

from __future__ import annotations

import typing as t

from ..model import addresses, records
from . import group_policies, port_addresses
from .desired import Declaration, Desired
from .parts import PARTS
from .planning import Planning
from .steps import Plan


def plan(snapshot: records.Snapshot, declaration: Declaration) -> Plan:
    """What must be done to make the snapshot what was declared."""
    declaration, refusals = port_addresses.resolve(snapshot, declaration)
    planning = Planning(snapshot, declaration)
    planning.plan.refusals.extend(refusals)
    planning.plan.warnings.extend(_find_mistyped_addresses(declaration))
    for part in PARTS:
        part.plan(planning, declaration.values.get(part.name))
    group_policies.refuse_forbidden(planning)
    return planning.plan


def plan_without_service(snapshot: records.Snapshot, declaration: Declaration) -> Plan:
    """The same for MSiSCSI itself and the settings of the host: while it does not run, nothing else can be compared."""
    planning = Planning(snapshot, declaration)
    for part in PARTS:
        if part.without_service:
            part.plan(planning, declaration.values.get(part.name))
    return planning.plan


def _find_mistyped_addresses(declaration: Declaration) -> t.Iterator[str]:
    """Warnings of host names that were probably meant to be IPv4 addresses: Windows saves them without a word."""
    for entries in declaration.values.values():
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, Desired) or not entry.present:
                continue
            for portal in _portals(entry):
                if addresses.is_nearly_ipv4(portal.address):
                    yield (
                        f"{entry.where}: {portal.address!r} is taken for a host name. It looks like an IPv4 address "
                        "with a mistyped character."
                    )


def _portals(entry: Desired[t.Any]) -> t.List[records.Portal]:
    """The portals of a login, a target portal or a static target."""
    if isinstance(entry.record, records.Discovery):
        return [portal for group in entry.merge().portal_groups or () for portal in group]
    return [entry.record.portal] if entry.record.portal is not None else []
