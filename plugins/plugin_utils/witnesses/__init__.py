# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first contact with a real host: is what the DLL says what the host itself knows?

The DLL is read through tables that nobody has tried on Windows. Windows keeps the same records elsewhere, in forms that
others have documented: management classes, the registry, and the count of its own tool. :mod:`sources` reads them and
brings them into one form, :mod:`compare` compares them with the DLL field by field, :mod:`answers` says which open
questions about Windows are answered by what was read, and :mod:`table` shows all of it.
"""

from __future__ import annotations

import typing as t

from ...module_utils.abi import memory
from ...module_utils.abi.layout import WIDE
from ...module_utils.client import builder, queries
from ...module_utils.model import facts
from ...module_utils.runner import wire
from . import answers, compare, sources, table

__all__ = ["examine"]


def examine(engine: t.Callable[[str], str], time_limit: int = 0) -> t.Dict[str, t.Any]:
    """Read a host by the DLL and by every other witness, in one trip, and compare.

    :returns: the result of the module witnesses_info, see there.
    """
    asked = {pointer: _Asked(pointer) for pointer in WIDE}
    batch = wire.Batch(tuple(each.builder.program(1000 * time_limit) for each in asked.values()))
    more = asked[4].builder.queries  # the same for every width
    answer = builder.decode(engine(builder.encode(batch, more, time_limit)), batch, more)
    is_live = not getattr(engine, "is_read_only", False)
    return asked[answer.calls.host.pointer].result(answer, time_limit or None, is_live)


class _Asked:
    """The calls and queries of a first contact, for a width of pointers."""

    def __init__(self, pointer: int) -> None:
        self.builder = builder.Builder(pointer)
        self._reading = queries.Reading(pointer, queries.READS, self.builder)
        self._dll = sources.Dll(self.builder)
        self._witnesses = [(witness, witness.ask(self.builder)) for witness in sources.WITNESSES]

    def result(self, answer: builder.Answer, seconds: t.Optional[float], is_live: bool) -> t.Dict[str, t.Any]:
        replies = builder.Replies(self.builder, answer.calls, seconds, answer.rows)
        seen = self._dll.read(replies)
        comparison: t.List[t.Dict[str, t.Any]] = []
        for witness, handles in self._witnesses:
            found = sources.read(witness, replies, handles)
            comparison += compare.compare(witness, seen, found)
        snapshot, problem = None, None
        try:
            snapshot = self._reading.snapshot(answer, seconds=seconds)
        except (builder.CallError, memory.ImageError) as error:  # the comparison says what can be said all the same
            problem = str(error)
        found_answers = answers.find(answers.Evidence(seen, snapshot, is_live))
        result = {
            "comparison": comparison,
            "differences": sum(entry["outcome"] == compare.DIFFERS for entry in comparison),
            "answers": found_answers,
            "problem": problem,
        }
        result["table"] = table.lines(comparison, found_answers, seen.host, problem)
        if snapshot is not None:
            result["windows_iscsi"] = facts.assemble(snapshot)
        return result
