# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What the planning of every part shares: the snapshot, the declaration, and the plan that grows."""

from __future__ import annotations

import functools
import typing as t

from ..model import identity, records
from .desired import Declaration, DesiredLogin
from .properties import Property, Record, Saved, show
from .steps import ChangeRecords, Payload, Plan, SavedRecord, Shown, Step

_DISCOVERY = ("target_portals", "isns_servers", "refresh_isns_servers")  # their steps may make any target known
_BY_HAND = "static_targets"  # and its steps the target that they name
_CHECK_ADAPTER = "Check the iSCSI adapter in Device Manager."


class Planning:
    """One run of the planner. ``snapshot`` holds every part that the declared parts read."""

    def __init__(self, snapshot: records.Snapshot, declaration: Declaration) -> None:
        self.snapshot, self.declaration = snapshot, declaration
        self.plan = Plan()
        self.logins: t.List[DesiredLogin] = []  # the declared persistent logins, each with its whole identity

    def add(
        self,
        kind: str,
        action: str,
        what: str,
        reason: str,
        payload: Payload,
        before: Shown = None,
        after: Shown = None,
        observable: bool = True,
        sources: t.Optional[t.Mapping[str, str]] = None,
    ) -> None:
        """Add a step."""
        self.plan.steps.append(Step(kind, action, what, reason, payload, before, after, observable, sources or {}))

    def add_change(
        self, kind: str, action: str, reason: str, change: ChangeRecords[SavedRecord], properties: t.Sequence[Property]
    ) -> None:
        """Add a step that changes saved records."""
        before = [show(record, properties) for record in change.before]
        after = [show(record, properties) for record, _secret in change.after]
        what = identity.label(change.sample)
        self.add(kind, action, what, reason, t.cast(Payload, change), before or None, after or None)

    def refuse(self, subject: str, text: str) -> None:
        """Say why nothing may be done. ``subject``: the option or record that it is about."""
        line = f"{subject}: {text}"
        if line not in self.plan.refusals:
            self.plan.refusals.append(line)

    @functools.cached_property
    def instances(self) -> t.List[str]:
        """The initiator instances of the host."""
        return self.snapshot.initiator.instances if self.snapshot.initiator else []

    def portals_of(self, target: str) -> t.List[records.Portal]:
        """The portals that a target is known by."""
        return [
            portal
            for discovery in self._discoveries.get(target.lower(), ())
            for group in discovery.portal_groups or ()
            for portal in group
        ]

    def knows(self, target: str) -> bool:
        """Whether the initiator knows a target."""
        return target.lower() in self._discoveries

    def may_make_known(self, target: str) -> bool:
        """Whether a step so far adds the target, or asks somebody who may know it."""
        return any(
            step.kind in _DISCOVERY or (step.kind == _BY_HAND and step.what.lower() == target.lower())
            for step in self.plan.steps
            if not step.is_removal
        )

    @functools.cached_property
    def _discoveries(self) -> t.Dict[str, t.List[records.Discovery]]:
        return {target.name.lower(): target.discoveries for target in self.snapshot.targets or ()}

    @functools.cached_property
    def _instance_spellings(self) -> t.Dict[str, str]:
        return {instance.lower(): instance for instance in self.instances}

    def require_instances(self, subject: str) -> t.List[str]:
        """The initiator instances; refused where the host has none."""
        if not self.instances:
            self.refuse(subject, f"this host has no initiator instance to set it for. {_CHECK_ADAPTER}")
        return self.instances

    def spell_instance(self, where: str, name: str, must_exist: bool = True) -> str:
        """An initiator instance as the host spells it; refused where it must exist and does not."""
        if name.lower() not in self._instance_spellings and must_exist:
            has = ", ".join(self.instances) or "none"
            self.refuse(where, f"this host has no initiator instance {name}. It has: {has}.")
        return self._instance_spellings.get(name.lower(), name)

    def refuse_unknown_target(self, subject: str, what: str) -> None:
        """Say that the target must be made known first. ``what``: that Windows would refuse otherwise."""
        self.refuse(
            subject,
            f"the initiator does not know this target, so Windows would refuse {what}. Discover the target first: "
            "declare its portal in target_portals with refresh: true, or the target in static_targets.",
        )

    def refuse_ambiguous_instance(self, where: str, candidates: t.Sequence[str]) -> None:
        """Say that the initiator instance must be declared."""
        if candidates:
            self.refuse(
                where,
                f"several initiator instances match: {', '.join(candidates)}. Set initiator_instance to one of them.",
            )
        else:
            self.refuse(where, f"this host has no initiator instance, so nothing can be saved for it. {_CHECK_ADAPTER}")


def group_by_identity(saved: t.Iterable[Record]) -> t.Dict[identity.Identity, t.List[Record]]:
    """Records of one identity together."""
    grouped: t.Dict[identity.Identity, t.List[Record]] = {}
    for record in saved:
        grouped.setdefault(t.cast(Saved, record).identity, []).append(record)
    return grouped
