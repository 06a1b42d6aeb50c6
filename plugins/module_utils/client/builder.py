# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Typed calls: arguments by name in, values by name out, following the prototypes of :mod:`functions`.

A :class:`Builder` turns calls by name into a :class:`calls.Program` for one pointer width; a :class:`Replies` decodes
what came back by the same prototypes. What to call, and what it means, is :mod:`initiator`.
"""

from __future__ import annotations

import typing as t

from ..abi import memory, prototypes, status, structures
from ..runner import wire


class CallError(Exception):
    """A call that did not succeed: the export, its status, and what to do about it."""

    def __init__(self, export, code, problem=None):
        self.export, self.status = export, status.of(code)
        super().__init__(f"{export}: {problem or self.status.describe()}")


class Made(t.NamedTuple):
    """A call of a program: its number there, its prototype, and which block holds which argument."""

    index: int
    function: prototypes.Function
    blocks: t.Dict[str, int]
    each: t.Optional[wire.Each]


class Builder:
    """Collects the calls of one program. Items nest from the outermost level 0 on."""

    def __init__(self, pointer):
        self.abi = structures.WIDE[pointer]
        self.calls = []

    def call(self, export, each=None, when=(), vital=False, limit=0, retry=None, back=True, **values):
        """Add a call; returns what later calls and :class:`Replies` know it by.

        ``back``: whether the answer carries its outputs; without them it is only for later calls to look at.

        An argument takes: an int by value; text; a mapping for a structure; bytes; a :class:`calls.Item` or
        :class:`calls.Load`; None for null. Outputs are not given.
        """
        function = prototypes.CALLABLE[export]
        unknown = set(values) - {argument.name for argument in function.arguments if not argument.out}
        if unknown:
            raise TypeError("{} takes no {}".format(export, ", ".join(sorted(unknown))))
        held = [argument.name for argument in function.arguments if self._has_block(argument, values)]
        numbers = {name: index for index, name in enumerate(held)}
        blocks, arguments = [], []
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
        return Made(len(self.calls) - 1, function, numbers, each)

    def program(self, limit=0):
        return wire.Program(self.abi.pointer, limit, tuple(self.calls))

    def items(self, made, name):
        """Each record or text that the call leaves in its output ``name``."""
        argument = made.function.argument(name)
        if argument.kind is prototypes.LIST or argument.kind is prototypes.BYTES:
            level = wire.Strings(made.blocks[name])
        else:
            level = wire.Array(made.blocks[name], argument.type.layout(self.abi).size, made.blocks[argument.count], 0)
        return wire.Each(made.index, (level,))

    def inner(self, each, structure, pointer):
        """Each record that a pointer field of the items leads to."""
        layout = structure.layout(self.abi)
        kind = structure.fields[pointer]
        level = wire.Inner(layout.offset_of(pointer), layout.offset_of(kind.count), kind.to.layout(self.abi).size)
        return each._replace(levels=each.levels + (level,))

    def item(self, level, structure=None, path=None):
        """A pointer to the item, or to one of its fields."""
        return wire.Item(level, structure.layout(self.abi).offset_of(path) if path else 0)

    def load(self, level, structure, path):
        """The value of a number in the item."""
        layout = structure.layout(self.abi)
        return wire.Load(level, layout.offset_of(path), structure.fields[path].size)

    @staticmethod
    def _has_block(argument, values):
        if argument.out:
            return True
        value = values.get(argument.name)
        return (
            argument.kind in (prototypes.TEXT, prototypes.STRUCT, prototypes.BYTES)
            and value is not None
            and not isinstance(value, wire.Item)
        )

    def _plain(self, function, argument, values):
        value = values.get(argument.name)
        if isinstance(value, (wire.Item, wire.Load)):
            return value
        if value is None and isinstance(argument.kind, structures.Scalar):
            counted = next((other.name for other in function.arguments if other.of == argument.name), None)
            if counted is None:
                raise TypeError(f"{function.name} needs {argument.name}")
            value = len(values.get(counted) or b"")
        elif value is None and not argument.optional:
            raise TypeError(f"{function.name} needs {argument.name}")
        return wire.Integer(value or 0)

    def _block(self, function, argument, value, numbers):
        kind = argument.kind
        if kind is prototypes.TEXT:
            data = structures.encode_text(value, self.abi.char, f"{function.name} {argument.name}")
            return wire.Block(len(data), data)
        if not argument.out:
            data, pointers = (value, ()) if isinstance(value, bytes) else memory.pack(argument.type, value, self.abi)
            return wire.Block(len(data), bytes(data), relocations=tuple(wire.Relocation(*pair) for pair in pointers))
        if kind is prototypes.SIZE:
            capacity = function.argument(argument.of).capacity
            return wire.Block(4, capacity.to_bytes(4, "little"), back=1)
        if kind is prototypes.NUMBER:
            return wire.Block(argument.type.size, back=1)
        if kind is prototypes.STRUCT:
            return wire.Block(argument.type.layout(self.abi).size, back=1)
        if argument.capacity:
            return wire.Block(argument.capacity, back=1)
        size = function.size_of(argument.name)
        return wire.Block(0, back=1, growth=(wire.Growth(numbers[size.name], 0, self._unit(size, argument)),))

    def _unit(self, size, buffer):
        element = buffer.type.layout(self.abi).size if buffer.type else 1
        return {"bytes": 1, "chars": self.abi.char, "elements": element}[size.unit]


class Reply:
    """One run of a call: its status, the items it was for, and its outputs by name."""

    def __init__(self, made, run, abi):
        self.made, self.items, self.abi = made, run.items, abi
        self.status = status.of(run.status)
        self._captured = {captured.block: captured for captured in run.blocks}

    def __getitem__(self, name):
        """The value of an output: int, text, bytes, a tuple for a structure, a list for an array or a list.

        :raises memory.ImageError: where the memory does not hold what it should.
        """
        argument = self.made.function.argument(name)
        image = self.image(name)
        if argument.kind in (prototypes.NUMBER, prototypes.SIZE):
            return image.number(argument.type.size)
        if argument.kind is prototypes.ARRAY:
            count = self[argument.count]
            return image.array(argument.type, count) if count else []
        if argument.kind is prototypes.LIST:
            return image.texts(limit=self[self.made.function.size_of(name).name] * self.abi.char)
        if argument.kind is prototypes.FIXED_TEXT:
            return image.text()
        if argument.kind is prototypes.STRUCT:
            return image.read(argument.type)
        size = self.made.function.size_of(name)
        return image.data[: self[size.name]] if size else image.data

    def image(self, name):
        """The captured memory of an output."""
        captured = self._captured.get(self.made.blocks[name])
        return memory.Image(captured.data, captured.base, self.abi) if captured else memory.Image(b"", 0, self.abi)


class Replies:
    """The answer to a program, by what :meth:`Builder.call` returned.

    :raises CallError: when a call did not come back in time: none after it was made, so nothing is known of them.
    """

    def __init__(self, builder, answer):
        self.answer, self.host, self.abi = answer, answer.host, builder.abi
        for call, result in zip(builder.calls, answer.results):
            if result.outcome == wire.TIMED_OUT:
                raise CallError(call.export, wire.ERROR_TIMEOUT)

    def outcome(self, made):
        return self.answer.results[made.index].outcome

    def each(self, made):
        """Every run of a call, those that failed too; none when it was not made."""
        result = self.answer.results[made.index]
        if result.outcome == wire.BAD_ITEMS:
            raise CallError(
                made.function.name,
                status.INVALID_PARAMETER,
                "the list it repeats over leads outside its own memory; the calls from there on were not made",
            )
        return [Reply(made, run, self.abi) for run in result.runs]

    def one(self, made):
        """The only run of a call that must have succeeded.

        :raises CallError: with the status; also for a call that was not made, or timed out.
        """
        outcome = self.outcome(made)
        if outcome == wire.NO_SUCH_EXPORT:
            raise CallError(made.function.name, status.PROC_NOT_FOUND)
        runs = self.each(made)
        if not runs:
            raise CallError(
                made.function.name, status.INVALID_PARAMETER, "not called, because a call that it depends on failed"
            )
        if not runs[0].status.ok:
            raise CallError(made.function.name, runs[0].status.value)
        return runs[0]
