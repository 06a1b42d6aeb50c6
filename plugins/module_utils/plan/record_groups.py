# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Records that are changed together: groups of one identity, and rounds of groups that a removal can reach."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..client.builder import CallHandle
from ..model import records
from . import content
from .plan_logins import has_multipath
from .steps import AnyChange, Step

LIST_BUDGET = 64 << 20  # bytes of lists that the target keeps until the batch ends
_RECORD_BYTES = 2080  # of a login in a list
_LISTS_OF_A_ROUND = 4  # beside one for each turn of removals


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
    def is_sole(self) -> bool:
        """Whether Windows saves what shall be there only where the target has no other saved login."""
        logins = [record for record, _secret in self.change.after if isinstance(record, records.PersistentLogin)]
        return not all(map(has_multipath, logins))

    @property
    def concerns_all_portals(self) -> bool:
        """Whether the group is about the logins of its target on all portals.

        A removal without a portal takes them all; Windows may save a login without one through any of them, where the
        removal of another login would reach it; and what is sole needs the others of the target to be gone.
        """
        return self.identity.portal is None or self.is_sole

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
        sides.setdefault(address_of(record).lower(), ([], []))[0].append(record)
    for entry in change.after:
        sides.setdefault(address_of(entry[0]).lower(), ([], []))[1].append(entry)
    return [
        RecordGroup(step, t.cast(AnyChange, dataclasses.replace(t.cast(t.Any, change), before=before, after=after)))
        for before, after in sides.values()
    ]


def arrange_rounds(
    groups: t.Sequence[RecordGroup], peak_logins: int
) -> t.Tuple[t.List[RecordGroup], t.List[t.List[RecordGroup]]]:
    """(groups that only add, rounds of the others). What a removal can reach together is in one round.

    On a host with very many logins several places share a round, since each round costs lists as long as the logins.
    """
    joined = {group.identity.target for group in groups if group.concerns_all_portals}
    places: t.Dict[t.Any, t.List[RecordGroup]] = {}
    for group in groups:
        target, portal = group.identity.target, group.identity.portal
        place = (target, None if target and target in joined else portal)
        places.setdefault(place, []).append(group)
    additions = [group for place in places.values() if not has_removals(place) for group in place]
    removing = [place for place in places.values() if has_removals(place)]
    lists = sum(_LISTS_OF_A_ROUND + max(group.change.max_removals for group in place) for place in removing)
    share = -(-lists * peak_logins * _RECORD_BYTES // LIST_BUDGET) or 1
    rounds = [
        [group for place in removing[start : start + share] for group in place]
        for start in range(0, len(removing), share)
    ]
    return additions, rounds


def has_removals(groups: t.Iterable[RecordGroup]) -> bool:
    return any(group.change.max_removals for group in groups)


def address_of(record: t.Any) -> str:
    """The address of a record's portal as it is saved; empty for any portal."""
    return record.portal.address if record.portal else ""
