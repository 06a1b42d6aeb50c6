# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The batch that carries out a plan: its calls, each of which answers for a step, then a reading of the whole host.

Everything travels in one batch, so that no connection is needed between a removal and the save that follows it. What
depends on what the host answers is decided on the host, by conditions on lists that are read in between.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..abi import status
from ..client import queries
from ..client.builder import Builder, CallHandle
from ..runner import wire, writes
from .steps import Plan, Step

LIST_AGAIN = wire.Retry(3, 300, ())  # after a removal the list must be known: any error is tried again
UNHURRIED = wire.Retry(5, 1000, (status.SESSION_BUSY, status.DEVICE_BUSY_ON_SESSION))
NO_OP_EXPORT = "GetIScsiVersionInformation"  # changes nothing and always answers
UNLIMITED = 0xFFFFFFFF

Condition = t.Union[wire.Succeeded, wire.Matching]
Conditions = t.Sequence[Condition]


@dataclasses.dataclass
class Limits:
    """Seconds that a phase may take; 0 for no limit. Discovery on a dead portal blocks for minutes."""

    discovery: int = 60
    login: int = 60
    total: int = 300


class EmittedCall(t.NamedTuple):
    """A call that changes something. ``step``: None where it is for a record that no step means."""

    step: t.Optional[Step]
    operation: str
    handle: CallHandle


class ChangeBatch:
    """Collects the calls of a plan for one pointer width. What became of them is judged by :mod:`outcome`."""

    def __init__(self, pointer: int, plan: Plan, limits: Limits) -> None:
        self.plan, self.limits = plan, limits
        self.builder = Builder(pointer)
        self.emitted: t.List[EmittedCall] = []
        self.removals: t.List[t.Tuple[t.Any, CallHandle]] = []  # (the change, the call that removes one of its records)
        self.guards: t.List[
            t.Tuple[t.Any, CallHandle]
        ] = []  # (the changes, the call that is made only if something has changed)
        # calls that are made only where what was added is there: pure removals wait for them
        self.additions_guard: t.List[CallHandle] = []
        self.settings: t.List[Step] = []  # of each setting of the builder the step that answers for it
        self.reading: t.Optional[queries.Reading] = None

    def call(
        self, step: t.Optional[Step], operation: str, export: str, limit: int = 0, **arguments: t.Any
    ) -> CallHandle:
        """Add a call that a step answers for. ``limit``: seconds for it."""
        handle = self.builder.call(export, limit=1000 * limit, **arguments)
        self.emitted.append(EmittedCall(step, operation, handle))
        return handle

    def set(self, step: Step, setting: writes.Write) -> None:
        """Add a setting of Windows, which is set once all calls have been made, and before the host is read again."""
        self.settings.append(step)
        self.builder.settings.append(setting)

    def list(self, export: str, when: Conditions = ()) -> CallHandle:
        """Add a list that only later calls look at."""
        return self.builder.call(export, retry=LIST_AGAIN, back=False, when=when)

    def test(self, when: Conditions) -> CallHandle:
        """Add a call that does nothing and succeeds if the conditions hold, for later calls to depend on."""
        return self.builder.call(NO_OP_EXPORT, when=when, retry=LIST_AGAIN)

    def read_again(self, subsets: t.Sequence[str]) -> None:
        """End with reading the host."""
        self.reading = queries.Reading(self.builder.abi.pointer, subsets, self.builder)

    def program(self) -> wire.Program:
        """The calls for a runner."""
        return self.builder.program(1000 * self.limits.total)


def succeeded(handle: CallHandle) -> wire.Succeeded:
    """The condition that a call has succeeded."""
    return wire.Succeeded(handle.index)


def all_failed(handles: t.Iterable[CallHandle]) -> t.List[Condition]:
    """Conditions that none of the calls has succeeded; one that was skipped has not."""
    return [wire.Succeeded(handle.index, 0) for handle in handles]
