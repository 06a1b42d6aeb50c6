# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording as data, and how it is made of a batch and its answer.

A batch says "for each session that call 5 listed"; a recording says which session that was. So a call of a recording
is known by its export and the values of its arguments, and a later batch may ask in any order.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ...module_utils.abi import layout, prototypes
from ...module_utils.runner import rows, wire
from . import regions

BASE = 0x10000  # where the memory of every output begins in a recording
# Exports that only read, and return no secret. A batch with any other call is not recorded. (GetIScsiIKEInfoW returns
# keys; a discovery asked for by ForceUpdate contacts arrays.)
READING = frozenset(
    {
        "GetDevicesForIScsiSessionW",
        "GetIScsiInitiatorNodeNameW",
        "GetIScsiSessionListEx",
        "GetIScsiSessionListW",
        "GetIScsiTargetInformationW",
        "GetIScsiVersionInformation",
        "ReportActiveIScsiTargetMappingsW",
        "ReportISNSServerListW",
        "ReportIScsiInitiatorListW",
        "ReportIScsiPersistentLoginsW",
        "ReportIScsiSendTargetPortalsExW",
        "ReportIScsiSendTargetPortalsW",
        "ReportIScsiTargetPortalsW",
        "ReportIScsiTargetsW",
        "ReportPersistentIScsiDevicesW",
        "ReportRadiusServerListW",
        "SendScsiInquiry",
        "SendScsiReadCapacity",
        "SendScsiReportLuns",
    }
)
_SECRET = re.compile("(?i)password|secret")
RAN, NO_SUCH_EXPORT, TIMED_OUT = "ran", "no_such_export", "timed_out"
_OUTCOMES = {wire.NO_SUCH_EXPORT: NO_SUCH_EXPORT, wire.TIMED_OUT: TIMED_OUT}


@dataclasses.dataclass
class Memory:
    """What an output holds. Bytes outside its regions are zero."""

    size: int
    regions: t.List[regions.Region]

    @property
    def data(self) -> bytes:
        found = bytearray(self.size)
        for region in self.regions:
            found[region.offset : region.offset + len(region.data)] = region.data
        return bytes(found)


@dataclasses.dataclass
class Call:
    """An export called with arguments, and what it answered. Arguments by name: numbers, text or mappings of numbers.

    :param outcome: RAN, NO_SUCH_EXPORT or TIMED_OUT.
    :param outputs: numbers, and memory.
    :param sizing: it had no buffer for its list, and asked only how large that must be.
    """

    export: str
    arguments: t.Dict[str, t.Any] = dataclasses.field(default_factory=dict)
    outcome: str = RAN
    status: int = 0
    milliseconds: int = 0
    outputs: t.Dict[str, t.Union[int, Memory]] = dataclasses.field(default_factory=dict)
    sizing: bool = False

    @property
    def key(self) -> t.Tuple[str, str, bool]:
        """What a replay finds the call by."""
        return key_of(self.export, self.arguments, self.sizing)


@dataclasses.dataclass
class Rows:
    """A query for rows, as its fields, and what it was answered. See runner/rows.py."""

    query: t.Dict[str, t.Any]
    rows: t.Optional[t.List[rows.Row]]
    error: t.Optional[str] = None

    @property
    def key(self) -> str:
        """What a replay finds the rows by."""
        return json.dumps(self.query, sort_keys=True)


@dataclasses.dataclass
class Recording:
    """What a reading trip brought back.

    :param about: when, by what and of which host, for a person.
    """

    host: wire.Host
    calls: t.List[Call]
    rows: t.List[Rows] = dataclasses.field(default_factory=list)
    about: t.Dict[str, t.Any] = dataclasses.field(default_factory=dict)


def key_of(export: str, arguments: t.Mapping[str, t.Any], sizing: bool = False) -> t.Tuple[str, str, bool]:
    """An export with its arguments, to compare."""
    return export, json.dumps(arguments, sort_keys=True), sizing


def buffers(function: prototypes.Function) -> t.List[str]:
    """The outputs whose size the call tells when they are too small."""
    sizes = [argument.of for argument in function.arguments if argument.kind is prototypes.SIZE]
    return [name for name in sizes if name and not function.argument(name).capacity]


def only_reads(program: wire.Program) -> bool:
    """Whether nothing in a program changes the host, or makes it contact an array anew."""
    return all(call.export in READING and not _forces_update(call) for call in program.calls)


def _forces_update(call: wire.Call) -> bool:
    return call.export == "ReportIScsiTargetsW" and call.arguments[0] != wire.Integer(0)


def record(batch: wire.Batch, answer: wire.Answer) -> Recording:
    """The calls of an answer, in their order. A call that was made twice with the same result is there once.

    :raises wire.WireError: if the answer does not fit the batch.
    :raises regions.TooLarge: if it holds more than a recording can.
    """
    program = next(program for program in batch.programs if program.pointer == answer.host.pointer)
    reader = _AnswerReader(program, answer)
    found: t.Dict[t.Tuple[str, str, bool], t.List[Call]] = {}
    calls: t.List[Call] = []
    for call in reader.calls():
        same = found.setdefault(call.key, [])
        if all(
            dataclasses.replace(call, milliseconds=0) != dataclasses.replace(other, milliseconds=0) for other in same
        ):
            same.append(call)
            calls.append(call)
    return Recording(answer.host, calls)


def _is_sizing(function: prototypes.Function, call: wire.Call) -> bool:
    """Whether a call has a list without a buffer that could grow."""
    given = dict(zip((argument.name for argument in function.arguments), call.arguments))
    blocks = [call.blocks[given[name].block] for name in buffers(function) if isinstance(given[name], wire.Address)]
    return any(not block.size and not block.growth for block in blocks)


def record_rows(asked: str, answered: str) -> t.List[Rows]:
    """The queries of a trip with their answers, both as the line that travelled."""
    if not asked:
        return []
    queries = rows.decode_queries(asked)
    found: t.Dict[str, Rows] = {}
    for query, answer in zip(queries, rows.decode_rows(answered, queries)):
        kept = answer.rows and [_without_secrets(row) for row in answer.rows]
        entry = Rows(rows.plain_query(query), kept, answer.error)
        found.setdefault(entry.key, entry)
    return list(found.values())


def _without_secrets(value: t.Any, name: str = "") -> t.Any:
    """A row without what may be a secret. The queries ask for none; this is for a host that sends more."""
    if isinstance(value, dict):
        return {
            key: _without_secrets(member, str(key)) for key, member in value.items() if not _SECRET.search(str(key))
        }
    if isinstance(value, list):
        return [_without_secrets(member, name) for member in value]
    if name == rows.LOGIN_TARGET and isinstance(value, str):
        return value[: 2 * rows.LOGIN_TARGET_HEAD]
    return value


class _Item(t.NamedTuple):
    """A record or a text that an earlier run left: the block that holds it, and where."""

    captured: wire.Captured
    address: int

    def bytes_at(self, offset: int) -> bytes:
        start = self.address + offset - self.captured.base
        if not 0 <= start <= len(self.captured.data):
            raise wire.WireError("an item lies outside the memory that holds it")
        return self.captured.data[start:]


class _AnswerReader:
    """Finds out what each run of an answer was called with."""

    def __init__(self, program: wire.Program, answer: wire.Answer) -> None:
        self.program, self.answer, self.abi = program, answer, layout.WIDE[program.pointer]
        self._runs: t.List[t.Dict[t.Tuple[int, ...], wire.Run]] = [
            {run.items: run for run in reversed(result.runs)} for result in answer.results
        ]

    def calls(self) -> t.Iterator[Call]:
        for index, (call, result) in enumerate(zip(self.program.calls, self.answer.results)):
            function = prototypes.CALLABLE[call.export]
            if result.outcome == wire.NO_SUCH_EXPORT:
                yield Call(call.export, outcome=NO_SUCH_EXPORT)
            for number, run in enumerate(result.runs):
                is_last = number == len(result.runs) - 1
                if is_last and result.outcome == wire.TIMED_OUT:
                    if not call.each:  # of a repeated call it is not known for which item it did not return
                        arguments = self._arguments(call, function, ())
                        yield Call(call.export, arguments, TIMED_OUT, run.status, run.milliseconds)
                    continue
                arguments = self._arguments(call, function, self._stack(index, run.items))
                outputs = self._outputs(function, call, run, arguments)
                yield Call(
                    call.export, arguments, RAN, run.status, run.milliseconds, outputs, _is_sizing(function, call)
                )

    # -- arguments -----------------------------------------------------------------------------------------------------

    def _stack(self, index: int, items: t.Tuple[int, ...]) -> t.Tuple[_Item, ...]:
        """The item of each level that a run was for, the outermost first."""
        call = self.program.calls[index]
        if not call.each:
            return ()
        each = call.each[0]
        depth = len(items) - len(each.levels)
        parent = self._runs[each.call].get(items[:depth])
        if parent is None:
            raise wire.WireError(f"{call.export} ran for an item of a call that was not made")
        stack = list(self._stack(each.call, items[:depth]))
        blocks = {captured.block: captured for captured in parent.blocks}
        for level, number in zip(each.levels, items[depth:]):
            stack.append(self._item(level, number, blocks, stack))
        return tuple(stack)

    def _item(
        self, level: wire.Level, number: int, blocks: t.Mapping[int, wire.Captured], stack: t.Sequence[_Item]
    ) -> _Item:
        if isinstance(level, wire.Inner):
            start = self._number(stack[-1].bytes_at(level.pointer_offset)[: self.abi.pointer])
            return _Item(stack[-1].captured, start + number * level.stride)
        captured = blocks.get(level.block)
        if captured is None:
            raise wire.WireError("a list that calls were repeated for was not returned")
        if isinstance(level, wire.Array):
            return _Item(captured, captured.base + number * level.stride)
        offset = 0
        for _index in range(number):
            length = layout.text_length(captured.data, self.abi.char, offset)
            if length <= 0:
                raise wire.WireError("a call was repeated for a text that is not in the list")
            offset += length + self.abi.char
        return _Item(captured, captured.base + offset)

    def _arguments(
        self, call: wire.Call, function: prototypes.Function, stack: t.Tuple[_Item, ...]
    ) -> t.Dict[str, t.Any]:
        return {
            argument.name: self._value(argument, given, call, stack)
            for argument, given in zip(function.arguments, call.arguments)
            if not argument.out
        }

    def _value(
        self, argument: prototypes.Argument, given: wire.Argument, call: wire.Call, stack: t.Sequence[_Item]
    ) -> t.Any:
        if isinstance(given, wire.Integer):
            return given.value if isinstance(argument.kind, layout.Scalar) else None
        if isinstance(given, wire.Load):
            return self._number(stack[given.level].bytes_at(given.offset)[: given.width])
        if isinstance(given, wire.Item):
            return plain_input(argument, stack[given.level].bytes_at(given.offset), self.abi)
        block = call.blocks[given.block]
        return plain_input(argument, block.data.ljust(block.size, b"\0")[given.offset :], self.abi)

    @staticmethod
    def _number(data: bytes) -> int:
        return int.from_bytes(data, "little")

    # -- outputs -------------------------------------------------------------------------------------------------------

    def _outputs(
        self, function: prototypes.Function, call: wire.Call, run: wire.Run, arguments: t.Mapping[str, t.Any]
    ) -> t.Dict[str, t.Union[int, Memory]]:
        captured = {
            argument.name: found
            for argument, given in zip(function.arguments, call.arguments)
            for found in run.blocks
            if argument.out and isinstance(given, wire.Address) and given.block == found.block
        }
        numbers = {
            argument.name: self._number(captured[argument.name].data[: argument.scalar.size])
            for argument in function.arguments
            if argument.name in captured and argument.kind in (prototypes.NUMBER, prototypes.SIZE)
        }
        outputs: t.Dict[str, t.Union[int, Memory]] = dict(numbers)
        for name, found in captured.items():
            if name not in numbers:
                own = regions.find_regions(function, name, arguments, numbers, found.data, found.base, self.abi)
                outputs[name] = Memory(len(found.data), [rebase(region, found.base, BASE) for region in own])
        return outputs


def rebase(region: regions.Region, old: int, new: int) -> regions.Region:
    """A region in memory that lies elsewhere: a pointer leads to the same byte as before, even if that is outside."""
    if region.kind is not regions.POINTER or not any(region.data):
        return region
    size = len(region.data)
    value = (int.from_bytes(region.data, "little") - old + new) % (1 << 8 * size)
    return region._replace(data=value.to_bytes(size, "little"))


def plain_input(argument: prototypes.Argument, data: bytes, abi: layout.Abi) -> t.Any:
    """The value of an argument from the memory that it points to: text, a mapping of numbers, or bytes in hex."""
    if argument.kind is prototypes.TEXT:
        length = layout.text_length(data, abi.char)
        if length < 0:
            raise wire.WireError(f"{argument.name} is a text without an end")
        return layout.decode_text(data[:length], abi.char)
    if argument.kind is prototypes.STRUCT:
        lies = argument.structure.layout(abi)
        if len(data) < lies.size:
            raise wire.WireError(f"{argument.name} does not fit into its memory")
        return dict(lies.unpack(data)._asdict())
    return data.hex()
