# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays a recording: a machine for the runner whose exports answer what a host once answered.

The batch is run as on a host, so a recording serves any batch whose calls it has, in any order. A call that it does not
have ends with the status NOT_RECORDED.
"""

from __future__ import annotations

import collections
import json
import typing as t

from ...module_utils.abi import layout, prototypes, status
from ...module_utils.runner import executor, rows, writes
from ..simulator.machine import Memory
from . import calls as c
from . import regions


def answer_queries(recording: c.Recording, line: str) -> str:
    """The answer to a line of queries for rows."""
    if not line:
        return ""
    recorded = {entry.key: entry for entry in recording.rows}
    found = [recorded.get(c.Rows(rows.plain_query(query), None).key) for query in rows.decode_queries(line)]
    return json.dumps(
        [
            {"rows": entry.rows, "error": entry.error} if entry else {"rows": None, "error": "the recording has none"}
            for entry in found
        ]
    )


class PlayerMachine:
    """A machine for :func:`executor.run`. Waiting takes no time."""

    def __init__(self, recording: c.Recording) -> None:
        self.host = recording.host
        self.abi = layout.WIDE[recording.host.pointer]
        self.memory = Memory(self.abi.pointer)
        self._now = 0
        self._calls: t.Dict[t.Tuple[str, str, bool], t.Deque[c.Call]] = collections.defaultdict(collections.deque)
        for call in recording.calls:
            self._calls[call.key].append(call)
        self._missing = {call.export for call in recording.calls if call.outcome == c.NO_SUCH_EXPORT}
        self._images: t.Dict[t.Tuple[int, str], t.Tuple[bytes, t.List[regions.Region]]] = {}

    def allocate(self, size: int) -> int:
        return self.memory.allocate(size)

    def read(self, address: int, size: int) -> bytes:
        return self.memory.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        self.memory.write(address, data)

    def release(self, addresses: t.Iterable[int]) -> None:
        for address in addresses:
            self.memory.release(address)

    def clock(self) -> int:
        return self._now

    def sleep(self, milliseconds: int) -> None:
        self._now += milliseconds

    def rows(self, query: rows.Query) -> t.Iterable[rows.Row]:
        raise rows.Unreadable("the recording does not have it")

    def write_setting(self, setting: writes.Write) -> None:
        raise writes.Unwritable("a recording cannot be changed")

    def call(self, export: str, arguments: t.Sequence[int], limit: t.Optional[int]) -> int:
        function = prototypes.CALLABLE.get(export)
        if function is None or export in self._missing:
            raise executor.NoSuchExport(export)
        given = dict(zip((argument.name for argument in function.arguments), arguments))
        inputs = {
            argument.name: self._input(argument, given[argument.name])
            for argument in function.arguments
            if not argument.out
        }
        is_sizing = any(not given[name] for name in c.buffers(function))
        recorded = self._calls.get(c.key_of(export, inputs, is_sizing)) or self._calls.get(c.key_of(export, inputs))
        if not recorded:
            return status.NOT_RECORDED
        call = recorded[0]
        self._now += min(call.milliseconds, limit or call.milliseconds)
        if call.outcome == c.TIMED_OUT:
            raise executor.TimedOut()
        if not call.sizing and not self._has_room(function, given, call):
            return status.INSUFFICIENT_BUFFER
        if len(recorded) > 1:  # asked twice, answered differently: the next time the other answer
            recorded.popleft()
        for name, value in call.outputs.items():
            self._put(function.argument(name), given[name], value, call)
        return call.status

    def _input(self, argument: prototypes.Argument, value: int) -> t.Any:
        if isinstance(argument.kind, layout.Scalar):
            return value & (1 << 8 * argument.kind.size) - 1
        return c.plain_input(argument, self.memory.rest(value), self.abi) if value else None

    # -- outputs -------------------------------------------------------------------------------------------------------

    def _has_room(self, function: prototypes.Function, given: t.Mapping[str, int], call: c.Call) -> bool:
        """Whether the caller's buffer holds what was recorded. If not, tell the size that it needs, as the DLL does."""
        for size in function.arguments:
            found = call.outputs.get(size.of or "") if size.kind is prototypes.SIZE else None
            if not isinstance(found, c.Memory) or executor.failed(call.status):
                continue
            buffer, unit = function.argument(size.of or ""), self._unit(function, size)
            room = self._number(given[size.name], 4) * unit if given[buffer.name] else 0
            if not buffer.capacity and room < found.size:
                self.write(given[size.name], (-(-found.size // unit)).to_bytes(4, "little"))
                return False
        return True

    def _put(self, argument: prototypes.Argument, address: int, value: t.Union[int, c.Memory], call: c.Call) -> None:
        if not address:
            return
        if isinstance(value, int):
            self.write(address, value.to_bytes(argument.scalar.size, "little"))
            return
        room = len(self.memory.rest(address))
        data, pointers = self._image(argument, value, call)
        moved = bytearray(data)
        for region in pointers:
            again = c.rebase(region, c.BASE, address)
            moved[region.offset : region.offset + len(again.data)] = again.data
        self.write(address, bytes(moved[:room]))

    def _image(
        self, argument: prototypes.Argument, value: c.Memory, call: c.Call
    ) -> t.Tuple[bytes, t.List[regions.Region]]:
        """The bytes of a memory, and the pointers in it."""
        key = id(value), argument.name
        if key not in self._images:
            data = value.data
            numbers = {name: number for name, number in call.outputs.items() if isinstance(number, int)}
            function = prototypes.FUNCTIONS[call.export]
            found = regions.find_regions(function, argument.name, call.arguments, numbers, data, c.BASE, self.abi)
            self._images[key] = data, [region for region in found if region.kind is regions.POINTER]
        return self._images[key]

    def _unit(self, function: prototypes.Function, size: prototypes.Argument) -> int:
        return regions.unit_of(size, function.argument(size.of or ""), self.abi)

    def _number(self, address: int, size: int) -> int:
        return int.from_bytes(self.memory.read(address, size), "little")
