# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Plans for saved records: what target portals and persistent logins have in common.

For each declared record: those that are there with its identity are compared with it, and become a change. Then come
the undeclared ones that a purge removes, and last the *collateral*: records that nobody means to touch, but that a
planned removal may take along.
"""

from __future__ import annotations

import typing as t

from ..model import identity, records
from ..model.identity import Identity
from .content import content
from .desired import DesiredLogin, DesiredPortal, needs_secret
from .plan_settings import refuse_empty_purge
from .planning import Planning, group_by_identity
from .properties import TARGET_PORTAL, Property
from .selection import select
from .steps import ChangeRecords, RefreshPortal, SavedRecord

Groups = t.Dict[Identity, t.List[SavedRecord]]
KeepReason = t.Callable[[t.List[SavedRecord]], t.Optional[str]]
_Desired = t.Union[DesiredLogin, DesiredPortal]


class RecordPlan(t.Generic[SavedRecord]):
    """The planning of one part whose entries are saved records.

    :param wanted: what is declared; :attr:`wanted` has a declaration for each record that is meant.
    :param may_omit_instance: a record may be saved for no instance in particular.
    """

    def __init__(
        self,
        planning: Planning,
        part: str,
        properties: t.Sequence[Property],
        wanted: t.Optional[t.Sequence[t.Any]],
        saved: t.Sequence[SavedRecord],
        may_omit_instance: bool = False,
    ) -> None:
        self.planning, self.part, self.properties = planning, part, properties
        self.groups: Groups[SavedRecord] = group_by_identity(saved)
        selection = select(planning, wanted, self.groups, may_omit_instance)
        self.wanted: t.List[t.Any] = selection.declared
        self.unmatched: t.List[t.Any] = selection.unmatched

    def plan_declared(self, desired: t.Any) -> bool:
        """Add the step that a declaration asks for; whether there is one."""
        now = self.groups.get(desired.record.identity, [])
        planned = _plan_presence(desired, now) if desired.present else _plan_absence(desired, now)
        if planned is None:
            return False
        action, reason, change = planned
        self.planning.add_change(self.part, action, reason, change, self.properties)
        return True

    def plan_purge(self, keep_reason: KeepReason[SavedRecord]) -> None:
        """Add steps that remove what is undeclared, but for what there is a reason to keep."""
        if not any(desired.present for desired in self.wanted):
            refuse_empty_purge(self.planning, self.part)
            return
        declared = {desired.record.identity for desired in self.wanted}
        for each in sorted(set(self.groups) - declared, key=lambda undeclared: undeclared.sort_key):
            found = self.groups[each]
            reason = keep_reason(found)
            if reason:
                self.planning.plan.kept.append(f"{identity.label(found[0])}: {reason}")
            else:
                change: ChangeRecords[SavedRecord] = ChangeRecords(found, [])
                self.planning.add_change(
                    self.part, "remove", f"undeclared, and {self.part} is purged", change, self.properties
                )

    @property
    def changes(self) -> t.List[ChangeRecords[SavedRecord]]:
        """The changes planned so far."""
        return t.cast("t.List[ChangeRecords[SavedRecord]]", self.planning.plan.changes(self.part))

    def keep_copies_beside_secrets(self) -> None:
        """Keep copies that are too many where their removal may take a record that could not be restored.

        A save that failed after it was done leaves such a copy, and nobody should need another login's secret for it.
        """
        touched = {change.identity for change in self.changes}
        secrets = {desired.record.identity: desired.secret for desired in self.wanted}
        for step in self.planning.plan.of(self.part):
            change = t.cast("ChangeRecords[SavedRecord]", step.payload)
            if step.action != "copies" or change.replaces or not change.max_removals:
                continue
            for each, found in self.groups.items():
                at_risk = each not in touched and identity.may_also_remove(change.identity, each)
                if at_risk and secrets.get(each) is None and any(map(needs_secret, found)):
                    self.planning.plan.steps.remove(step)
                    self.planning.plan.kept.append(
                        f"{step.what}: {len(change.before)} copies are kept, because removing one may also remove "
                        f"{identity.label(found[0])}, which could not be restored without its CHAP secret. To remove "
                        "the surplus, declare that record with its secret."
                    )
                    break

    def plan_collateral(self) -> None:
        """Note the records that no step means, but that a removal may take along."""
        changes = self.changes
        touched = {change.identity for change in changes}
        removals: t.Dict[str, t.List[ChangeRecords[SavedRecord]]] = {}
        for change in changes:
            if change.max_removals:
                removals.setdefault(change.identity.target, []).append(change)
        declared = {desired.record.identity: desired for desired in self.wanted}
        collateral: t.List[t.Any] = []
        self.planning.plan.collateral[self.part] = collateral
        for each, found in self.groups.items():
            if each in touched:
                continue
            removal = next(
                (
                    each_removal
                    for each_removal in removals.get(each.target, ())
                    if identity.may_also_remove(each_removal.identity, each)
                ),
                None,
            )
            if removal is not None:
                change = _unchanged(found, declared.get(each))
                collateral.append(change)
                self._require_secret_to_restore(change, removal)

    def _require_secret_to_restore(
        self, change: ChangeRecords[SavedRecord], removal: ChangeRecords[SavedRecord]
    ) -> None:
        if change.secret is None and any(map(needs_secret, change.before)):
            self.planning.refuse(
                identity.label(change.sample),
                f"removing {identity.label(removal.sample)} may also remove it, because a removal for any port, portal "
                "or instance applies to all of them. It could not be restored without its CHAP secret, which cannot be "
                "read back from Windows. Declare it with its secret, or with state: absent.",
            )

    def require_secrets(self) -> None:
        """Whatever is to be saved, or may have to be put back, must be possible to save."""
        for change in self.changes:
            lacking = []
            if change.secret is None and (change.replaces or (change.max_removals and change.after)):
                lacking += [record for record in change.before if needs_secret(record)]
            if change.saves:
                lacking += [record for record, secret in change.after if secret is None and needs_secret(record)]
            if lacking:
                self.planning.refuse(
                    identity.label(lacking[0]),
                    "it uses CHAP, and saving it takes the CHAP secret, which cannot be read back from Windows. "
                    "Declare secret for it.",
                )


def _plan_absence(desired: _Desired, now: t.List[SavedRecord]) -> t.Optional[t.Tuple[str, str, t.Any]]:
    return ("remove", "declared absent", ChangeRecords(now, [], desired)) if now else None


def _plan_presence(desired: t.Any, now: t.List[SavedRecord]) -> t.Optional[t.Tuple[str, str, t.Any]]:
    """(action, reason, change) that makes the records that are there what is declared of them, or None."""
    copies = desired.copies
    if not now:
        return "add", "declared, but missing", ChangeRecords([], [(desired.merge(), desired.secret)] * copies, desired)
    count_reason: t.List[str] = [] if len(now) == copies else [f"{len(now)} saved, {copies} declared"]
    options = sorted({option for record in now for option in desired.differing_options(record)})
    if options or desired.renews_secret:
        after = [(desired.merge(now[min(index, len(now) - 1)]), desired.secret) for index in range(copies)]
        first = (
            f"{', '.join(options)} differ{'' if len(options) > 1 else 's'}" if options else "update_secret is always"
        )
        return "replace", ", ".join([first, *count_reason]), ChangeRecords(now, after, desired, replaces=True)
    if count_reason:
        kept = (now + [desired.merge(now[0])] * copies)[:copies]
        # a removal takes any of them: only where all are alike does it not matter which
        alike = len({content(record) for record in now}) == 1
        change = ChangeRecords(
            now,
            [(record, desired.secret) for record in kept],
            desired,
            replaces=len(now) > copies and not alike,
        )
        return "copies", count_reason[0], change
    return None


def _unchanged(found: t.List[SavedRecord], desired: t.Optional[_Desired]) -> ChangeRecords[SavedRecord]:
    secret = desired.secret if desired else None
    return ChangeRecords(found, [(record, secret) for record in found], desired)


# -- target portals ----------------------------------------------------------------------------------------------------


def plan_target_portals(planning: Planning, wanted: t.Optional[t.Sequence[DesiredPortal]]) -> None:
    """Portals that are asked for targets by SendTargets. A portal may be saved for any instance."""
    purge = "target_portals" in planning.declaration.purge
    if wanted is None and not purge:
        return
    saved = planning.snapshot.target_portals or []
    plan: RecordPlan[records.TargetPortal] = RecordPlan(
        planning, "target_portals", TARGET_PORTAL, wanted, saved, may_omit_instance=True
    )
    for desired in plan.wanted:
        if _spares_hidden_copies(planning, desired, plan.groups.get(desired.record.identity, [])):
            continue
        if not plan.plan_declared(desired) and desired.present and desired.refresh:
            found = plan.groups[desired.record.identity][0]  # Windows knows it by its own text
            planning.add(
                "target_portals", "refresh", identity.label(desired.record), "refresh is true",
                RefreshPortal(found, desired.must_answer),
            )  # fmt: skip
    if purge:
        plan.plan_purge(lambda found: _OUT_OF_REACH if _has_hidden_copies(found) else None)
    plan.keep_copies_beside_secrets()
    plan.plan_collateral()
    plan.require_secrets()


# Windows names a portal of one initiator port by the address that the port had then, but takes only its number.
_OUT_OF_REACH = (
    "it is saved more than once for one initiator port, so all but one were probably saved when the port had another "
    "address. Windows would remove the one that works, and no call reaches the others, which are values of "
    "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\iSCSI\\Discovery\\Send Targets. Give the port its "
    "former address for a moment, remove the portal on the Discovery tab of iSCSI Initiator, then run the task again"
)


def _has_hidden_copies(found: t.Sequence[records.TargetPortal]) -> bool:
    return len(found) > 1 and found[0].initiator_port is not None


def _spares_hidden_copies(planning: Planning, desired: DesiredPortal, now: t.List[records.TargetPortal]) -> bool:
    """Keep or refuse portals of which a removal would take the wrong one. Returns whether it did."""
    if not _has_hidden_copies(now) or (desired.present and desired.copies == len(now)):
        return False
    differing = desired.renews_secret or any(map(desired.differing_options, now))
    if desired.present and not differing:
        planning.plan.kept.append(f"{identity.label(now[0])}: {_OUT_OF_REACH}.")
    else:
        planning.refuse(identity.label(now[0]), f"{_OUT_OF_REACH}.")
    return True
