# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Conditions on lists of records, which the host checks: how many of them have an identity, and what content."""

from __future__ import annotations

import collections
import typing as t

from ..abi import structures
from ..client.builder import CallHandle
from ..model import addresses
from ..model.identity import may_also_remove
from ..runner import wire
from . import content
from .change_batch import UNLIMITED, ChangeBatch, Condition
from .record_groups import RecordGroup, address_of
from .write_calls import RecordCalls


class ListConditions:
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
            address_of(record) if address is None else address,
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

    def content(self, record: t.Any, as_read: bool = False) -> t.List[wire.Pattern]:
        """The bytes of all else by which records of one identity differ."""
        return list(content.patterns(record, self.calls.structure, self.batch.builder.abi, as_read))

    def count(self, listed: CallHandle, record: t.Any, least: int, most: int) -> Condition:
        """Between ``least`` and ``most`` records have this identity."""
        return self.matching(listed, self.identity(record), least, most)

    def at_most(
        self, listed: CallHandle, record: t.Any, most: int, with_content: bool = False, as_read: bool = False
    ) -> t.List[Condition]:
        """At most so many records have this identity, however Windows spells the address."""
        more = self.content(record, as_read) if with_content else []
        return [
            self.matching(listed, self.identity(record, spelling) + more, 0, most)
            for spelling in addresses.spellings(address_of(record))
        ]

    def as_known(self, listed: CallHandle, groups: t.Sequence[RecordGroup]) -> t.List[Condition]:
        """What the removals of a round can reach is what the plan knows, by number and content."""
        conditions: t.List[Condition] = []
        for removing in groups:
            if removing.change.max_removals:
                reached = [group for group in groups if may_also_remove(removing.identity, group.identity)]
                conditions += self._numbers(listed, removing.change.sample, reached)
                conditions += [condition for group in reached for condition in self._contents(listed, group)]
        return list(dict.fromkeys(conditions))

    def _numbers(self, listed: CallHandle, removed: t.Any, reached: t.Sequence[RecordGroup]) -> t.List[Condition]:
        """A removal can reach as many records as the plan knows, in each spelling of the address."""
        known = collections.Counter(address_of(record).lower() for group in reached for record in group.change.before)
        if removed.portal is None:
            number = sum(known.values())
            return [self.matching(listed, self.identity(removed, reach=True), number, number)]
        return [
            self.matching(listed, self.identity(removed, spelling, reach=True), known[spelling], known[spelling])
            for spelling in dict.fromkeys([*addresses.spellings(address_of(removed)), *known])
        ]

    def _contents(self, listed: CallHandle, group: RecordGroup) -> t.List[Condition]:
        """Each record of a group is there, as it was read."""
        return [
            self.matching(listed, self.identity(record) + self.content(record, as_read=True), number, UNLIMITED)
            for record, number in group.distinct_contents
        ]
