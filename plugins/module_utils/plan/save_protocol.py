# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""How saved records are changed without losing one.

A login must never disappear silently. The API cannot edit a record, so a change removes and saves. A removal may take
more than it was meant for, a save may fail, a list may be empty for a moment after a change (observed: os-win), and the
connection to the host may break at any time. Records that a removal can reach together are therefore changed in one
*round*, one round after the other, so that whatever breaks in the middle endangers few. The phases of a round:

1. **Guard.** The host lists its records. Unless those that the removals can reach are exactly the ones the plan knows,
   by number and content, nothing of the round is done: somebody has changed them since they were read.
2. **Test save.** Where Windows may refuse to save what shall be there, one more copy is saved first. Unless the next
   list shows it, nothing is removed. A login without the multipath flag cannot be tested: Windows saves it only where
   its target has no other saved login. So the other logins of the target that are to go are removed in its round.
3. **Remove.** One call for each record that must go, and each only while more are there than shall stay.
4. **Save** what shall be there, but is missing from the list that follows.
5. **Save again** what two lists in a row lack. Only now come the records that nobody meant to touch (the collateral).
6. **Put back.** Where nothing could be saved for a record, save the one that was there before. Should Windows refuse
   it without the multipath flag, it is better saved with it than lost.
7. If listing fails, prefer a duplicate to a loss: save what was removed and not seen again.

A round without removals only adds: it saves, lists, and saves once more. It comes first, and pure removals (by a purge,
or of what is declared absent) run only after all additions have succeeded. An addition that a removal could take along
is in the round of that removal, and is saved after it; so is one for any portal, since Windows may save it through the
portal of what is removed. Where it cannot be saved, what had to go first is saved again.
"""

from __future__ import annotations

import typing as t

from ..client.builder import CallHandle
from ..model import records
from ..model.identity import may_also_remove
from ..runner import wire
from .change_batch import UNLIMITED, ChangeBatch, Condition, Conditions, all_failed, succeeded
from .list_conditions import ListConditions
from .plan_logins import MAX_PERSISTENT_LOGINS, with_multipath
from .record_groups import RecordGroup, arrange_rounds, split_by_spelling
from .steps import AnyChange, LogIn, Step
from .write_calls import (
    ADDING_MULTIPATH,
    LOGIN_CALLS,
    PORTAL_CALLS,
    RESTORING,
    SAVING_UNSEEN,
    TEST_SAVE,
    RecordCalls,
    emit_refresh,
    emit_session,
)

Steps = t.Sequence[Step]


def emit_target_portals(batch: ChangeBatch, steps: Steps) -> None:
    """The calls for target portals; those that are only refreshed come last."""
    _emit_records(batch, "target_portals", PORTAL_CALLS, [step for step in steps if not step.is_refresh])
    for step in steps:
        if step.is_refresh:
            emit_refresh(batch, step)


def emit_persistent_logins(batch: ChangeBatch, steps: Steps) -> None:
    """The calls for persistent logins."""
    _emit_records(batch, "persistent_logins", LOGIN_CALLS, steps)


def emit_sessions(batch: ChangeBatch, steps: Steps) -> None:
    """Log in and out. A login saved above may have opened its session by itself: then more are there than were."""
    saved = {change.identity for change in batch.plan.changes("persistent_logins") if change.saves}
    fresh = [step for step in steps if isinstance(step.payload, LogIn) and step.payload.login.identity in saved]
    listed = batch.list("GetIScsiSessionListW") if fresh else None
    number = 0
    for step in steps:
        when: t.List[Condition] = []
        if listed is not None and step in fresh:
            most = batch.plan.live_sessions + number
            number += 1
            when.append(wire.Matching(batch.builder.items(listed, "SessionInfo"), (), 0, most))
        emit_session(batch, step, when)


def _emit_records(batch: ChangeBatch, part: str, calls: RecordCalls, steps: Steps) -> None:
    groups = [group for step in steps for group in split_by_spelling(step, t.cast(AnyChange, step.payload))]
    groups += [group for change in batch.plan.collateral.get(part, ()) for group in split_by_spelling(None, change)]
    additions, rounds = arrange_rounds(groups, batch.plan.peak_logins)
    # beyond the limit no login can be added before another is removed
    removals_first = part == "persistent_logins" and batch.plan.peak_logins > MAX_PERSISTENT_LOGINS
    if additions and not removals_first:
        _emit_additions(batch, calls, additions)
        if any(step.is_removal for step in batch.plan.steps):
            batch.additions_guard.append(_guard_of_additions(batch, calls, additions))
    for groups_of_round in rounds:
        _Round(batch, calls, groups_of_round).emit()
    if additions and removals_first:
        _emit_additions(batch, calls, additions)


# -- additions ---------------------------------------------------------------------------------------------------------


def _emit_additions(batch: ChangeBatch, calls: RecordCalls, groups: t.Sequence[RecordGroup]) -> None:
    """Save what is not there yet, then once more what a list still lacks."""
    check = ListConditions(batch, calls)
    listed = batch.list(calls.export)
    _save_additional(batch, calls, check, groups, listed)
    if not calls.listed_when_failed:
        saves = [handles for group in groups for handles in group.saves.values()]
        # conditions know no "or": only a single save can spare the list
        again = batch.list(calls.export, all_failed(saves[0]) if len(saves) == 1 else ())
        _save_additional(batch, calls, check, groups, again)


def _save_additional(
    batch: ChangeBatch,
    calls: RecordCalls,
    check: ListConditions,
    groups: t.Sequence[RecordGroup],
    listed: CallHandle,
) -> None:
    for group in groups:
        for index in range(len(group.change.before), len(group.change.after)):
            record, secret = group.change.after[index]
            earlier = group.saves.setdefault(index, [])
            when = all_failed(earlier) + check.at_most(listed, record, index)
            earlier.append(calls.save(batch, group.step, group.change, record, secret, when, calls.operation))


def _guard_of_additions(batch: ChangeBatch, calls: RecordCalls, groups: t.Sequence[RecordGroup]) -> CallHandle:
    """A call that is made only where all that was added is there: pure removals wait for it."""
    if calls.listed_when_failed:  # a portal that does not answer is listed all the same
        must_answer = [group for group in groups if getattr(group.change.desired, "must_answer", False)]
        return batch.test([succeeded(group.saves[index][0]) for group in must_answer for index in group.saves])
    check = ListConditions(batch, calls)
    listed = batch.list(calls.export)
    lacking = []
    for group in groups:
        when = check.at_most(listed, group.change.sample, len(group.change.after) - 1)
        if group.identity.portal is None:  # Windows may list it with a portal of its own choice
            when += all_failed([handle for saves in group.saves.values() for handle in saves])
        lacking.append(batch.test(when))
    return batch.test([succeeded(listed), *all_failed(lacking)])


# -- a round -----------------------------------------------------------------------------------------------------------


class _Round:
    """The phases for groups that removals can reach together: see the top of the module."""

    def __init__(self, batch: ChangeBatch, calls: RecordCalls, groups: t.Sequence[RecordGroup]) -> None:
        self.batch, self.calls, self.groups = batch, calls, groups
        self.check = ListConditions(batch, calls)
        self.declared = [group for group in groups if group.step is not None]
        self.collateral = [group for group in groups if group.step is None]
        self.proceed: t.List[Condition] = []

    def emit(self) -> None:
        """Add the calls of all phases."""
        self._guard()
        after_test = self._test_saves()
        after_removals = self._remove(after_test)
        for group in self.declared:
            self._save(group, [after_removals])
        if not any(group.change.after for group in self.groups):
            return
        again = self.batch.list(self.calls.export, self._unless_saved())
        for group in self.declared:
            self._save(group, [again])
        for group in self.collateral:
            self._save(group, [after_removals, again])
        last = self.batch.list(self.calls.export, self._unless_saved())
        for group in self.groups:
            self._save(group, [last], [wire.Succeeded(again.index, 0)])
            self._put_back(group, [again, last])
            self._save_unseen(group, last)
        for newcomer in self.declared:
            if newcomer.concerns_all_portals and not newcomer.change.before:
                self._bring_back(newcomer, [again, last])

    def _guard(self) -> None:
        """Phase 1. A list may be empty for a moment, so a second one is asked where the first does not fit."""
        first = self.batch.list(self.calls.export)
        fits = self.batch.test([succeeded(first), *self.check.as_known(first, self.groups)])
        second = self.batch.list(self.calls.export, all_failed([fits]))
        fits_later = self.batch.test([succeeded(second), *self.check.as_known(second, self.groups)])
        neither = self.batch.test(all_failed([fits, fits_later]))  # conditions know no "or", but "not neither"
        works = self.batch.test(())  # or a no-op that fails would pass for "not neither"
        self.proceed = [succeeded(works), wire.Succeeded(neither.index, 0)]
        self.batch.guards.append(([group.change for group in self.groups], neither))

    def _test_saves(self) -> t.Optional[CallHandle]:
        """Phase 2. The list that shows the copies, or None where none had to be tested."""
        may_be_refused = [
            group
            for group in self.groups
            if group.change.may_be_refused
            and group.change.before
            and group.change.after
            and any(self._may_remove(other, group) for other in self.groups)
        ]
        if not may_be_refused:
            return None
        for group in may_be_refused:
            record, secret = group.change.after[0]
            self.calls.save(self.batch, group.step, group.change, record, secret, self.proceed, TEST_SAVE)
        listed = self.batch.list(self.calls.export)
        for group in may_be_refused:
            group.test_list = listed
        return listed

    @staticmethod
    def _may_remove(removing: RecordGroup, other: RecordGroup) -> bool:
        return bool(removing.change.max_removals) and may_also_remove(removing.identity, other.identity)

    def _remove(self, listed: t.Optional[CallHandle]) -> CallHandle:
        """Phase 3. The list that follows the last removal.

        :param listed: the list after the test saves. Without one the guard has counted.
        """
        for turn in range(max(group.turns for group in self.groups)):
            for group in self.groups:
                if turn < group.turns:
                    self._remove_once(group, listed)
            listed = self.batch.list(self.calls.export)
        if listed is None:
            raise AssertionError("a round has removals")
        return listed

    def _remove_once(self, group: RecordGroup, listed: t.Optional[CallHandle]) -> None:
        """Take one away, or all, for a removal may do either; only while more are there than shall stay."""
        change, record = group.change, group.change.sample
        when = list(self.proceed)
        if listed is not None:
            staying = len(change.before) - change.max_removals
            when.append(self.check.count(listed, record, staying + 1, UNLIMITED))
        for tested in self.groups:
            reached = may_also_remove(group.identity, tested.identity)
            if tested.test_list and reached and (change.max_removals or tested is not group):
                least = len(tested.change.before) + 1
                when.append(self.check.count(tested.test_list, tested.change.sample, least, UNLIMITED))
        if group.is_pure_removal:
            when += [succeeded(guard) for guard in self.batch.additions_guard]
        handle = self.calls.remove(self.batch, group.step, record, when)
        group.first_removal = group.first_removal or handle
        self.batch.removals.append((change, handle))

    def _lacking(self, group: RecordGroup, index: int, lists: t.Sequence[CallHandle]) -> t.List[Condition]:
        """Conditions that neither a record that shall be there nor the one it replaces is in any of the lists."""
        conditions: t.List[Condition] = []
        replaced = group.predecessor(index)
        for listed in lists:
            record, _secret = group.change.after[index]
            conditions += self.check.at_most(listed, record, group.rank(index), with_content=True)
            if replaced is not None:
                before, most = replaced
                conditions += self.check.at_most(listed, before, most, with_content=True, as_read=True)
        return conditions

    def _save(self, group: RecordGroup, lists: t.Sequence[CallHandle], also: Conditions = ()) -> None:
        """Phases 4 and 5. Save each record that all the lists lack, unless a call before has saved it."""
        for index, (record, secret) in enumerate(group.change.after):
            earlier = group.saves.setdefault(index, [])
            when = [*self.proceed, *also, *all_failed(earlier), *self._lacking(group, index, lists)]
            self._emit_save(group, record, secret, when, self.calls.operation, earlier)

    def _put_back(self, group: RecordGroup, lists: t.Sequence[CallHandle]) -> None:
        """Phase 6. Where nothing could be saved for a record, save the one that was there before."""
        for index, record in enumerate(group.change.before[: len(group.change.after)]):
            when = self.proceed + all_failed(group.saves[index]) + self._lacking(group, index, lists)
            restored = self._emit_save(group, record, group.change.secret, when, RESTORING)
            if group.is_sole and isinstance(record, records.PersistentLogin):
                flagged = with_multipath(record)
                self._emit_save(group, flagged, group.change.secret, [*when, *all_failed([restored])], ADDING_MULTIPATH)

    def _bring_back(self, newcomer: RecordGroup, lists: t.Sequence[CallHandle]) -> None:
        """Phase 6 for logins that had to go first: without the one that they made room for, they are saved again."""
        unsaved = [condition for index in newcomer.saves for condition in self._lacking(newcomer, index, lists)]
        unsaved += [condition for saves in newcomer.saves.values() for condition in all_failed(saves)]
        for group in self.declared:
            if group.is_pure_removal and group.identity.target == newcomer.identity.target:
                for rank, record in enumerate(group.change.before):
                    gone = [condition for listed in lists for condition in self.check.at_most(listed, record, rank)]
                    when = [*self.proceed, *unsaved, *gone]
                    self._emit_save(group, record, group.change.secret, when, RESTORING)

    def _save_unseen(self, group: RecordGroup, last: CallHandle) -> None:
        """Phase 7. The last list failed: save what was not seen to be saved, if its removal was made."""
        removal = group.first_removal or next(other.first_removal for other in self.groups if other.first_removal)
        unseen = [wire.Succeeded(last.index, 0), succeeded(removal)]
        for index, (record, secret) in enumerate(group.change.after):
            when = self.proceed + all_failed(group.saves[index]) + unseen
            self._emit_save(group, record, secret, when, SAVING_UNSEEN)

    def _emit_save(
        self,
        group: RecordGroup,
        record: t.Any,
        secret: t.Any,
        when: Conditions,
        operation: str,
        saves: t.Optional[t.List[CallHandle]] = None,
    ) -> CallHandle:
        handle = self.calls.save(self.batch, group.step, group.change, record, secret, when, operation)
        if saves is not None:
            saves.append(handle)
        return handle

    def _unless_saved(self) -> Conditions:
        """Conditions for a list that only shows what to do where saving failed; several saves have no "or"."""
        saves = [handles for group in self.declared for handles in group.saves.values()]
        return all_failed(saves[0]) if len(saves) == 1 and not self.collateral else ()
