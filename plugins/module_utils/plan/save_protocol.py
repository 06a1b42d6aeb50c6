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
   list shows it, nothing is removed.
3. **Remove.** One call for each record that must go, and each only while more are there than shall stay.
4. **Save** what shall be there, but is missing from the list that follows.
5. **Save again** what two lists in a row lack. Only now come the records that nobody meant to touch (the collateral).
6. **Put back.** Where nothing could be saved for a record, save the one that was there before.
7. If listing fails, prefer a duplicate to a loss: save what was removed and not seen again.

A round without removals only adds: it saves, lists, and saves once more. It comes first, and pure removals (by a purge,
or of what is declared absent) run only after all additions have succeeded.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..abi import structures
from ..client.builder import Made as CallHandle
from ..model import addresses
from ..model.identity import may_also_remove
from ..runner import wire
from . import content
from .change_batch import UNLIMITED, ChangeBatch, Condition, Conditions, all_failed, succeeded
from .plan_logins import MAX_PERSISTENT_LOGINS
from .steps import AnyChange, Step
from .write_calls import (
    LOGIN_CALLS,
    PORTAL_CALLS,
    RESTORING,
    SAVING_UNSEEN,
    TEST_SAVE,
    RecordCalls,
    emit_refresh,
    emit_session,
)

LIST_BUDGET = 64 << 20  # bytes of lists that the target keeps until the batch ends
_RECORD_BYTES = 2080  # of a login in a list
_LISTS_OF_A_ROUND = 4  # beside one for each turn of removals

Steps = t.Sequence[Step]


class RecordGroup:
    """The records of one identity and one spelling of its address: what shall go, and what shall be there then.

    A removal names a record by its own text, so each spelling is a group of its own. ``step`` is None for records that
    no step means, but that a removal may take along.
    """

    def __init__(self, step: t.Optional[Step], change: AnyChange) -> None:
        self.step, self.change = step, change
        self.identity = change.identity
        self.test_list: t.Optional[CallHandle] = None  # shows whether one more copy could be saved
        self.first_removal: t.Optional[CallHandle] = None
        self.saves: t.Dict[int, t.List[CallHandle]] = {}  # number in ``after`` -> the calls that may have saved it
        self._before = [content.content(record) for record in change.before]
        self._after = [content.content(record) for record, _secret in change.after]
        self._rank_before = content.rank_among_equals(self._before)
        self._rank_after = content.rank_among_equals(self._after)

    @property
    def turns(self) -> int:
        """How many removals it takes, should each take one record; two tries for a copy that was only a test."""
        removals = self.change.max_removals
        return removals + (1 if removals else 2) * bool(self.test_list)

    @property
    def is_pure_removal(self) -> bool:
        """Whether the records are to go and nothing comes in their place."""
        return self.step is not None and not self.change.after

    @property
    def distinct_contents(self) -> t.List[t.Tuple[t.Any, int]]:
        """(a record, how many are like it) for each content that is there."""
        count = collections.Counter(self._before)
        first: t.Dict[content.Content, t.Any] = {}
        for record, key in zip(self.change.before, self._before):
            first.setdefault(key, record)
        return [(record, count[key]) for key, record in first.items()]

    def predecessor(self, index: int) -> t.Optional[t.Tuple[t.Any, int]]:
        """The record that number ``index`` replaces by another content, and how many like it may be there still.

        None where it replaces none, or one that looks the same.
        """
        paired = self._before[: len(self._after)]
        if index >= len(paired) or paired[index] == self._after[index]:
            return None
        return self.change.before[index], paired.count(paired[index]) - 1 - self._rank_before[index]

    def rank(self, index: int) -> int:
        """How many equal records may be there when number ``index`` is to be saved."""
        return self._rank_after[index]


def split_by_spelling(step: t.Optional[Step], change: AnyChange) -> t.List[RecordGroup]:
    """A group for each spelling of the address among the records of a change."""
    sides: t.Dict[str, t.Tuple[t.List[t.Any], t.List[t.Any]]] = {}
    for record in change.before:
        sides.setdefault(_address(record).lower(), ([], []))[0].append(record)
    for entry in change.after:
        sides.setdefault(_address(entry[0]).lower(), ([], []))[1].append(entry)
    return [
        RecordGroup(step, dataclasses.replace(change, before=before, after=after)) for before, after in sides.values()
    ]


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
    logins = [step for step in steps if step.action == "login"]
    fresh = [step for step in logins if step.payload.login.identity in saved]
    listed = batch.list("GetIScsiSessionListW") if fresh else None
    for step in steps:
        when: t.List[Condition] = []
        if listed is not None and step in fresh:
            most = batch.plan.live_sessions + fresh.index(step)
            when.append(wire.Matching(batch.builder.items(listed, "SessionInfo"), (), 0, most))
        emit_session(batch, step, when)


def _emit_records(batch: ChangeBatch, part: str, calls: RecordCalls, steps: Steps) -> None:
    groups = [group for step in steps for group in split_by_spelling(step, t.cast(AnyChange, step.payload))]
    groups += [group for change in batch.plan.collateral.get(part, ()) for group in split_by_spelling(None, change)]
    additions, rounds = arrange_rounds(groups, batch.plan.peak_logins)
    # beyond the limit nothing can be added before something is removed
    if additions and batch.plan.peak_logins <= MAX_PERSISTENT_LOGINS:
        _emit_additions(batch, calls, additions)
        if any(step.is_removal for step in batch.plan.steps):
            batch.additions_guard.append(_guard_of_additions(batch, calls, additions))
    for groups_of_round in rounds:
        _Round(batch, calls, groups_of_round).emit()
    if additions and batch.plan.peak_logins > MAX_PERSISTENT_LOGINS:
        _emit_additions(batch, calls, additions)


def arrange_rounds(
    groups: t.Sequence[RecordGroup], peak_logins: int
) -> t.Tuple[t.List[RecordGroup], t.List[t.List[RecordGroup]]]:
    """(groups that only add, rounds of the others). What a removal can reach together is in one round.

    On a host with very many logins several places share a round, since each round costs lists as long as the logins.
    """
    removes_any_portal = {
        group.identity.target for group in groups if group.change.max_removals and group.identity.portal is None
    }
    places: t.Dict[t.Any, t.List[RecordGroup]] = {}
    for group in groups:
        target, portal = group.identity.target, group.identity.portal
        place = (target, None if target and target in removes_any_portal else portal)
        places.setdefault(place, []).append(group)
    additions = [group for place in places.values() if not _has_removals(place) for group in place]
    removing = [place for place in places.values() if _has_removals(place)]
    lists = sum(_LISTS_OF_A_ROUND + max(group.change.max_removals for group in place) for place in removing)
    share = -(-lists * peak_logins * _RECORD_BYTES // LIST_BUDGET) or 1
    rounds = [
        [group for place in removing[start : start + share] for group in place]
        for start in range(0, len(removing), share)
    ]
    return additions, rounds


def _has_removals(groups: t.Iterable[RecordGroup]) -> bool:
    return any(group.change.max_removals for group in groups)


# -- additions ---------------------------------------------------------------------------------------------------------


def _emit_additions(batch: ChangeBatch, calls: RecordCalls, groups: t.Sequence[RecordGroup]) -> None:
    """Save what is not there yet, then once more what a list still lacks."""
    counting = _Counting(batch, calls)
    listed = batch.list(calls.export)
    _save_additional(batch, calls, counting, groups, listed)
    if not calls.listed_when_failed:
        saves = [handles for group in groups for handles in group.saves.values()]
        # conditions know no "or": only a single save can spare the list
        again = batch.list(calls.export, all_failed(saves[0]) if len(saves) == 1 else ())
        _save_additional(batch, calls, counting, groups, again)


def _save_additional(
    batch: ChangeBatch,
    calls: RecordCalls,
    counting: _Counting,
    groups: t.Sequence[RecordGroup],
    listed: CallHandle,
) -> None:
    for group in groups:
        for index in range(len(group.change.before), len(group.change.after)):
            record, secret = group.change.after[index]
            earlier = group.saves.setdefault(index, [])
            when = all_failed(earlier) + counting.at_most(listed, record, index)
            earlier.append(calls.save(batch, group.step, group.change, record, secret, when, calls.operation))


def _guard_of_additions(batch: ChangeBatch, calls: RecordCalls, groups: t.Sequence[RecordGroup]) -> CallHandle:
    """A call that is made only where all that was added is there: pure removals wait for it."""
    if calls.listed_when_failed:  # a portal that does not answer is listed all the same
        must_answer = [group for group in groups if getattr(group.change.desired, "must_answer", False)]
        return batch.test([succeeded(group.saves[index][0]) for group in must_answer for index in group.saves])
    counting = _Counting(batch, calls)
    listed = batch.list(calls.export)
    lacking = [
        batch.test(counting.at_most(listed, group.change.sample, len(group.change.after) - 1)) for group in groups
    ]
    return batch.test([succeeded(listed), *all_failed(lacking)])


# -- a round -----------------------------------------------------------------------------------------------------------


class _Counting:
    """Conditions on how many records of a list there are."""

    def __init__(self, batch: ChangeBatch, calls: RecordCalls) -> None:
        self.batch, self.calls = batch, calls
        self.layout = calls.structure.layout(batch.builder.abi)

    def matching(self, listed: CallHandle, patterns: t.Sequence[wire.Pattern], least: int, most: int) -> Condition:
        """Between ``least`` and ``most`` records of a list match."""
        return wire.Matching(self.batch.builder.items(listed, self.calls.output), tuple(patterns), least, most)

    def identity(self, record: t.Any, address: t.Optional[str] = None, reach: bool = False) -> t.List[wire.Pattern]:
        """The bytes of a record's identity; with ``reach`` of whatever a removal of it can take.

        The record may be saved with another spelling of its address.
        """
        port = structures.ISCSI_ANY_INITIATOR_PORT if record.initiator_port is None else record.initiator_port
        tcp_port = record.portal.port if record.portal else None  # for any portal Windows may show one or another
        values: t.List[t.Union[None, str, int]] = [
            getattr(record, "target", None),
            record.initiator_instance,
            port,
            _address(record) if address is None else address,
            tcp_port,
        ]
        if reach:
            values[1] = record.initiator_instance or None
            values[2] = record.initiator_port
            values[3] = values[3] or None
        patterns = [
            self._pattern(path, value)
            for path, value in zip(self.calls.identity_fields, values)
            if path is not None and value is not None
        ]
        patterns.reverse()  # numbers and addresses tell records apart sooner than names
        return patterns

    def _pattern(self, path: str, value: t.Union[str, int]) -> wire.Pattern:
        offset = self.layout.offset_of(path)
        if isinstance(value, str):
            return wire.Pattern(offset, structures.encode_text(value, 2), 1)
        return wire.Pattern(offset, value.to_bytes(2 if path.endswith("Socket") else 4, "little"), 0)

    def content(self, record: t.Any) -> t.List[wire.Pattern]:
        """The bytes of all else by which records of one identity differ."""
        return list(content.patterns(record, self.calls.structure, self.batch.builder.abi))

    def count(self, listed: CallHandle, record: t.Any, least: int, most: int) -> Condition:
        """Between ``least`` and ``most`` records have this identity."""
        return self.matching(listed, self.identity(record), least, most)

    def at_most(self, listed: CallHandle, record: t.Any, most: int, with_content: bool = False) -> t.List[Condition]:
        """At most so many records have this identity, however Windows spells the address."""
        more = self.content(record) if with_content else []
        return [
            self.matching(listed, self.identity(record, spelling) + more, 0, most)
            for spelling in addresses.spellings(_address(record))
        ]

    def exactly(self, listed: CallHandle, groups: t.Sequence[RecordGroup]) -> t.List[Condition]:
        """What the removals of a round can reach is what the plan knows, by number and content."""
        conditions: t.List[Condition] = []
        reached: t.Dict[int, RecordGroup] = {}
        for removing in groups:
            if not removing.change.max_removals:
                continue
            within = [group for group in groups if may_also_remove(removing.identity, group.identity)]
            reached.update({id(group): group for group in within})
            record = removing.change.sample
            known = collections.Counter(
                _address(group.change.sample).lower() for group in within for _ in group.change.before
            )
            if record.portal is None:
                patterns = self.identity(record, reach=True)
                conditions.append(self.matching(listed, patterns, sum(known.values()), sum(known.values())))
                continue
            for spelling in dict.fromkeys([*addresses.spellings(_address(record)), *known]):
                patterns = self.identity(record, spelling, reach=True)
                conditions.append(self.matching(listed, patterns, known[spelling], known[spelling]))
        for group in reached.values():
            for record, number in group.distinct_contents:
                patterns = self.identity(record) + self.content(record)
                conditions.append(self.matching(listed, patterns, number, UNLIMITED))
        return list(dict.fromkeys(conditions))


class _Round:
    """The phases for groups that removals can reach together: see the top of the module."""

    def __init__(self, batch: ChangeBatch, calls: RecordCalls, groups: t.Sequence[RecordGroup]) -> None:
        self.batch, self.calls, self.groups = batch, calls, groups
        self.counting = _Counting(batch, calls)
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
            self._put_back(group, [again, last])
            self._save_unseen(group, last)

    def _guard(self) -> None:
        """Phase 1. A list may be empty for a moment, so a second one is asked where the first does not fit."""
        first = self.batch.list(self.calls.export)
        fits = self.batch.test([succeeded(first), *self.counting.exactly(first, self.groups)])
        second = self.batch.list(self.calls.export, all_failed([fits]))
        fits_later = self.batch.test([succeeded(second), *self.counting.exactly(second, self.groups)])
        neither = self.batch.test(all_failed([fits, fits_later]))  # conditions know no "or", but "not neither"
        self.proceed = [wire.Succeeded(neither.index, 0)]
        self.batch.guards.append(([group.change for group in self.groups], neither))

    def _test_saves(self) -> t.Optional[CallHandle]:
        """Phase 2. The list that shows the copies, or None where none had to be tested."""
        doubtful = [
            group
            for group in self.groups
            if group.change.may_be_refused
            and group.change.before
            and group.change.after
            and any(self._may_remove(other, group) for other in self.groups)
        ]
        if not doubtful:
            return None
        for group in doubtful:
            record, secret = group.change.after[0]
            self.calls.save(self.batch, group.step, group.change, record, secret, self.proceed, TEST_SAVE)
        listed = self.batch.list(self.calls.export)
        for group in doubtful:
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
        assert listed is not None  # a round has removals
        return listed

    def _remove_once(self, group: RecordGroup, listed: t.Optional[CallHandle]) -> None:
        """Take one away, or all, for a removal may do either; only while more are there than shall stay."""
        change, record = group.change, group.change.sample
        when = list(self.proceed)
        if listed is not None:
            staying = len(change.before) - change.max_removals
            when.append(self.counting.count(listed, record, staying + 1, UNLIMITED))
        for tested in self.groups:
            reached = may_also_remove(group.identity, tested.identity)
            if tested.test_list and reached and (change.max_removals or tested is not group):
                least = len(tested.change.before) + 1
                when.append(self.counting.count(tested.test_list, tested.change.sample, least, UNLIMITED))
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
            conditions += self.counting.at_most(listed, record, group.rank(index), with_content=True)
            if replaced is not None:
                before, most = replaced
                conditions += self.counting.at_most(listed, before, most, with_content=True)
        return conditions

    def _save(self, group: RecordGroup, lists: t.Sequence[CallHandle]) -> None:
        """Phases 4 and 5. Save each record that all the lists lack, unless a call before has saved it."""
        for index, (record, secret) in enumerate(group.change.after):
            earlier = group.saves.setdefault(index, [])
            when = self.proceed + all_failed(earlier) + self._lacking(group, index, lists)
            self._emit_save(group, record, secret, when, self.calls.operation, earlier)

    def _put_back(self, group: RecordGroup, lists: t.Sequence[CallHandle]) -> None:
        """Phase 6. Where nothing could be saved for a record, save the one that was there before."""
        for index, record in enumerate(group.change.before[: len(group.change.after)]):
            when = self.proceed + all_failed(group.saves[index]) + self._lacking(group, index, lists)
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
    ) -> None:
        handle = self.calls.save(self.batch, group.step, group.change, record, secret, when, operation)
        if saves is not None:
            saves.append(handle)

    def _unless_saved(self) -> Conditions:
        """Conditions for a list that only shows what to do where saving failed; several saves have no "or"."""
        saves = [handles for group in self.declared for handles in group.saves.values()]
        return all_failed(saves[0]) if len(saves) == 1 and not self.collateral else ()


def _address(record: t.Any) -> str:
    return record.portal.address if record.portal else ""
