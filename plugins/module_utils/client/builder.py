# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Typed calls: arguments by name in, values by name out, following the prototypes of :mod:`prototypes`.

The theory of this package. A caller thinks in exports and their arguments' names, as the header has them; a runner
knows blocks, offsets and integers. Between the two there is nothing to decide, only to derive: from the prototypes
and the layouts. So a :class:`Builder` turns calls by name into a :class:`wire.Program`, and :class:`Replies` turns
an answer into values by name. No export has code of its own here, and none is left out.

A program is for one width of pointers, and it is made before anything is known of the host. So whoever asks makes
its calls twice, with a builder for each width, and decodes with the builder whose program was run. A call is known by
its :class:`CallHandle` from then on: to later calls, which may repeat over its records or depend on its success, and
to whoever decodes.

Not everything that goes wrong is an error. A call that is repeated over fifty sessions may fail for one of them, and
the others count. So decoding gives every run with its status; only :meth:`Replies.require`, for calls that the rest
stands on, raises :class:`CallError`. Memory that does not hold what it should is a :class:`memory.ImageError`.

What to ask a host, and how the answers become records, is in :mod:`queries`; what disks answer, in :mod:`scsi`.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..abi import layout, memory, prototypes, status
from ..abi.layout import Structure
from ..runner import rows, wire, writes
from ..runner.rows import Query, Row, RowAnswer

# Answers that pass under load (observed: os-win, HPE): three more tries half a second apart.
BUSY = wire.Retry(3, 500, (status.SESSION_BUSY, status.DEVICE_BUSY_ON_SESSION, status.INSUFFICIENT_BUFFER))
# A service that has just started for the first time on a host still creates its adapter (public analyses of the
# service). Half a minute at the most.
ADAPTER_MISSING = wire.Retry(
    60, 500, (status.INITIATOR_NOT_FOUND, status.WMI_GUID_NOT_FOUND, status.WMI_INSTANCE_NOT_FOUND)
)


_T = t.TypeVar("_T")


class CallError(Exception):
    """A call that did not succeed: the export, its status, and what to do about it."""

    def __init__(self, export: str, code: int, problem: t.Optional[str] = None) -> None:
        self.export, self.status = export, status.of(code)
        super().__init__(f"{export}: {problem or self.status.describe(export)}")


@dataclasses.dataclass(frozen=True)
class CallHandle:
    """A call of a program: its number there, its prototype, and which block holds which argument."""

    index: int
    function: prototypes.Function
    blocks: t.Dict[str, int]
    each: t.Optional[wire.Each]


@dataclasses.dataclass(frozen=True)
class RowsHandle:
    """A query for rows: its number among them, and what it asks for."""

    index: int
    query: Query


class Builder:
    """Collects the calls of a program, and the queries that travel with it. Items nest from level 0, the outermost."""

    def __init__(self, pointer: int) -> None:
        self.abi = layout.WIDE[pointer]
        self.calls: t.List[wire.Call] = []
        self.queries: t.List[Query] = []
        self.settings: t.List[writes.Write] = []  # set after the calls, before the queries are answered

    def ask(self, query: Query) -> RowsHandle:
        """Add a query; :meth:`Replies.rows` knows it by the handle. It is read once all calls have been made."""
        self.queries.append(query)
        return RowsHandle(len(self.queries) - 1, query)

    def call(
        self,
        export: str,
        each: t.Optional[wire.Each] = None,
        when: t.Iterable[wire.Condition] = (),
        vital: bool = False,
        limit: int = 0,
        retry: t.Optional[wire.Retry] = None,
        back: bool = True,
        **values: t.Any,
    ) -> CallHandle:
        """Add a call; the handle is what later calls and :class:`Replies` know it by.

        Without ``back``, outputs stay on the host, for later calls of the batch.

        An argument takes: an int by value; text; a mapping for a structure; bytes; a :class:`wire.Item` or
        :class:`wire.Load`; None for null. Outputs are not given.
        """
        function = prototypes.CALLABLE[export]
        unknown = set(values) - {argument.name for argument in function.arguments if not argument.out}
        if unknown:
            raise TypeError(f"{export} takes no {', '.join(sorted(unknown))}")
        held = [argument.name for argument in function.arguments if self._has_block(argument, values)]
        numbers = {name: index for index, name in enumerate(held)}
        blocks: t.List[wire.Block] = []
        arguments: t.List[wire.Argument] = []
        for argument in function.arguments:
            if argument.name in numbers:
                blocks.append(self._block(function, argument, values.get(argument.name), numbers))
                arguments.append(wire.Address(numbers[argument.name]))
            else:
                arguments.append(self._plain(function, argument, values))
        if not back:
            blocks = [block._replace(back=0) for block in blocks]
        self.calls.append(
            wire.Call(
                export,
                tuple(arguments),
                tuple(blocks),
                (each,) if each else (),
                tuple(when),
                int(vital),
                limit,
                (retry,) if retry else (),
            )
        )
        return CallHandle(len(self.calls) - 1, function, numbers, each)

    def program(self, limit: int = 0) -> wire.Program:
        """The calls so far, with ``limit`` milliseconds for all of them (0: no limit)."""
        return wire.Program(self.abi.pointer, limit, tuple(self.calls))

    def items(self, handle: CallHandle, name: str) -> wire.Each:
        """Each record or text that the call leaves in its output ``name``."""
        argument = handle.function.argument(name)
        if argument.kind is prototypes.LIST or argument.kind is prototypes.BYTES:
            return wire.Each(handle.index, (wire.Strings(handle.blocks[name]),))
        if argument.count is None:
            raise AssertionError(name)
        stride = argument.structure.layout(self.abi).size
        return wire.Each(handle.index, (wire.Array(handle.blocks[name], stride, handle.blocks[argument.count], 0),))

    def inner(self, each: wire.Each, structure: Structure, pointer: str) -> wire.Each:
        """Each record that a pointer field of the items leads to."""
        lies, kind = structure.layout(self.abi), structure.fields[pointer]
        if not (isinstance(kind, layout.Pointer) and isinstance(kind.to, Structure) and kind.count):
            raise AssertionError(pointer)
        level = wire.Inner(lies.offset_of(pointer), lies.offset_of(kind.count), kind.to.layout(self.abi).size)
        return each._replace(levels=each.levels + (level,))

    def item(self, level: int, structure: t.Optional[Structure] = None, path: str = "") -> wire.Item:
        """A pointer to the item, or to a field of it."""
        return wire.Item(level, structure.layout(self.abi).offset_of(path) if structure and path else 0)

    def load(self, level: int, structure: Structure, path: str) -> wire.Load:
        """The value of a number in the item."""
        kind = structure.fields[path]
        if not isinstance(kind, layout.Scalar):
            raise AssertionError(path)
        return wire.Load(level, structure.layout(self.abi).offset_of(path), kind.size)

    @staticmethod
    def _has_block(argument: prototypes.Argument, values: t.Mapping[str, t.Any]) -> bool:
        if argument.out:
            return True
        value = values.get(argument.name)
        return (
            argument.kind in (prototypes.TEXT, prototypes.STRUCT, prototypes.BYTES)
            and value is not None
            and not isinstance(value, wire.Item)
        )

    @staticmethod
    def _plain(
        function: prototypes.Function, argument: prototypes.Argument, values: t.Mapping[str, t.Any]
    ) -> wire.Argument:
        value = values.get(argument.name)
        if isinstance(value, (wire.Item, wire.Load)):
            return value
        if value is None and isinstance(argument.kind, layout.Scalar):
            counted = next((other.name for other in function.arguments if other.of == argument.name), None)
            if counted is None:
                raise TypeError(f"{function.name} needs {argument.name}")
            value = len(values.get(counted) or b"")
        elif value is None and not argument.optional:
            raise TypeError(f"{function.name} needs {argument.name}")
        return wire.Integer(value or 0)

    def _block(
        self,
        function: prototypes.Function,
        argument: prototypes.Argument,
        value: t.Any,
        numbers: t.Mapping[str, int],
    ) -> wire.Block:
        """The memory that an argument leads to. ``numbers``: which block holds which argument."""
        kind = argument.kind
        if kind is prototypes.TEXT:
            data = layout.encode_text(value, self.abi.char, f"{function.name} {argument.name}")
            return wire.Block(len(data), data)
        if not argument.out:
            if isinstance(value, bytes):
                return wire.Block(len(value), value)
            packed, pointers = memory.pack(argument.structure, value, self.abi)
            return wire.Block(len(packed), bytes(packed), relocations=tuple(wire.Relocation(*at) for at in pointers))
        if kind is prototypes.SIZE:
            if argument.of is None:
                raise AssertionError(argument.name)
            return wire.Block(4, function.argument(argument.of).capacity.to_bytes(4, "little"), back=1)
        if kind is prototypes.NUMBER:
            return wire.Block(argument.scalar.size, back=1)
        if kind is prototypes.STRUCT:
            return wire.Block(argument.structure.layout(self.abi).size, back=1)
        if argument.capacity:
            return wire.Block(argument.capacity, back=1)
        size = function.size_of(argument.name)
        if size is None:
            raise AssertionError(argument.name)
        return wire.Block(0, back=1, growth=(wire.Growth(numbers[size.name], 0, self._unit(size, argument)),))

    def _unit(self, size: prototypes.Argument, buffer: prototypes.Argument) -> int:
        """The bytes that a size of 1 stands for."""
        if size.unit == "elements":
            return buffer.structure.layout(self.abi).size
        return self.abi.char if size.unit == "chars" else 1


class Reply:
    """A run of a call: its status, the items it was for, and its outputs by name."""

    def __init__(
        self, handle: CallHandle, run: wire.Run, abi: layout.Abi, budget: t.Optional[memory.Budget] = None
    ) -> None:
        self.handle, self.items, self.abi, self.budget = handle, run.items, abi, budget
        self.status = status.of(run.status)
        self._captured = {captured.block: captured for captured in run.blocks}

    def __getitem__(self, name: str) -> t.Any:
        """The value of an output: int, text, bytes, a tuple for a structure, a list for an array or a list.

        :raises memory.ImageError: where the memory does not hold what it should.
        """
        argument = self.handle.function.argument(name)
        image = self.image(name)
        if argument.kind in (prototypes.NUMBER, prototypes.SIZE):
            return image.number(argument.scalar.size)
        if argument.kind is prototypes.ARRAY:
            count = self[argument.count] if argument.count else 0
            return image.array(argument.structure, count) if count else []
        if argument.kind is prototypes.FIXED_TEXT:
            return image.text()
        if argument.kind is prototypes.STRUCT:
            return image.read(argument.structure)
        size = self.handle.function.size_of(name)
        used: t.Optional[int] = self[size.name] if size else None
        if argument.kind is prototypes.LIST:
            return image.texts(limit=None if used is None else used * self.abi.char)
        return image.data[:used]

    def image(self, name: str) -> memory.Image:
        """The captured memory of an output."""
        captured = self._captured.get(self.handle.blocks[name])
        data, base = (captured.data, captured.base) if captured else (b"", 0)
        return memory.Image(data, base, self.abi, self.budget)

    def pick(self, found: t.Sequence[_T], level: int = 0) -> _T:
        """The element that this run was for, of those that the call before it left.

        :raises wire.WireError: when there is no such element.
        """
        number = self.items[level]
        if number >= len(found):
            raise wire.WireError(f"{self.handle.function.name} ran for item {number} of a list of {len(found)}")
        return found[number]


# Outcomes that leave nothing to decode.
_PROBLEMS = {
    wire.BAD_ITEMS: "the list it repeats over leads outside its own memory; the calls from there on were not made",
    wire.TOO_MANY_ITEMS: "not called, because it would repeat over too many items: a list may have "
    f"{wire.MAX_ITEMS:,}, and all repeated calls together {wire.MAX_RUNS:,} runs; {layout.READ_LESS}",
}


class Answer(t.NamedTuple):
    """What came back: for the calls of a batch, and for its queries."""

    calls: wire.Answer
    rows: t.Sequence[RowAnswer] = ()
    write_errors: t.Sequence[t.Optional[str]] = ()  # of each setting why it was not set, or None


def encode(
    batch: wire.Batch, queries: t.Sequence[Query], seconds: int = 0, to_set: t.Sequence[writes.Write] = ()
) -> str:
    """The text for an engine: a batch, queries and settings in one round trip.

    :param seconds: for reading rows, 0 for the usual.
    :param to_set: what is set before the queries are answered, of which there must be some, to see what came of it.
    """
    asked = writes.attach(rows.encode_queries(queries, seconds), writes.encode(to_set))
    return rows.join(wire.encode_batch(batch), asked)


def decode(text: str, batch: wire.Batch, queries: t.Sequence[Query], to_set: t.Sequence[writes.Write] = ()) -> Answer:
    """The answer of an engine to that text. :class:`wire.WireError` when it is none, or not to what was asked."""
    calls, second = rows.split(text)
    found, errors = writes.detach(second)
    write_errors = writes.decode_errors(errors, to_set) if to_set else ()
    return Answer(wire.decode_answer(calls, batch), rows.decode_rows(found, queries), write_errors)


class Replies:
    """The answer to a program, by the handles that :class:`Builder` returned.

    :param seconds: what decoding may take; None for no limit.
    :param found: the answers to the builder's queries.
    :raises CallError: when a call did not come back in time: no call after it was made, so nothing is known of them.
    """

    def __init__(
        self,
        builder: Builder,
        answer: wire.Answer,
        seconds: t.Optional[float] = None,
        found: t.Sequence[RowAnswer] = (),
    ) -> None:
        self.answer, self.host, self.abi, self._found = answer, answer.host, builder.abi, found
        self.budget = memory.Budget(seconds=seconds)
        for call, result in zip(builder.calls, answer.results):
            if result.outcome == wire.TIMED_OUT:
                raise CallError(call.export, wire.ERROR_TIMEOUT)

    def outcome(self, handle: CallHandle) -> int:
        """What became of a call: one of the outcomes of :mod:`wire`."""
        return self.answer.results[handle.index].outcome

    def rows(self, handle: RowsHandle, warn: t.Callable[[str], None]) -> t.Optional[t.List[Row]]:
        """The rows of a query, or None where there are none to have. A warning says what could not be read."""
        found = self._found[handle.index]
        if found.error:
            warn(f"{handle.query.title[0].upper()}{handle.query.title[1:]} could not be read: {found.error}")
        return found.rows

    def rows_together(
        self, handles: t.Mapping[str, RowsHandle], warn: t.Callable[[str], None]
    ) -> t.Optional[t.Dict[str, t.Optional[t.List[Row]]]]:
        """The rows of queries by name, or None where none of them could be read: then one warning is enough."""
        warnings: t.List[str] = []
        found = {name: self.rows(handle, warnings.append) for name, handle in handles.items()}
        is_unreadable = all(rows is None for rows in found.values())
        for line in warnings[:1] if is_unreadable else warnings:
            warn(line)
        return None if is_unreadable else found

    def has_all_rows(self, handle: RowsHandle) -> bool:
        """Whether a query was answered without an error: with one, rows may be missing."""
        return self._found[handle.index].error is None

    def each(self, handle: CallHandle) -> t.List[Reply]:
        """Every run of a call, those that failed too; an empty list when it was not made."""
        result = self.answer.results[handle.index]
        problem = _PROBLEMS.get(result.outcome)
        if problem:
            raise CallError(handle.function.name, status.INVALID_PARAMETER, problem)
        return [Reply(handle, run, self.abi, self.budget) for run in result.runs]

    def require(self, handle: CallHandle) -> Reply:
        """The only run of a call that must have succeeded.

        :raises CallError: with the status; also for a call that was not made, or timed out.
        """
        outcome = self.outcome(handle)
        if outcome == wire.NO_SUCH_EXPORT:
            raise CallError(handle.function.name, status.PROC_NOT_FOUND)
        runs = self.each(handle)
        if not runs:
            raise CallError(
                handle.function.name, status.INVALID_PARAMETER, "not called, because a call that it depends on failed"
            )
        if not runs[0].status.ok:
            raise CallError(handle.function.name, runs[0].status.value)
        return runs[0]
