# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Refuses a program that leads outside its own blocks, before its first call is made.

What only running it shows is not here: whether a list that the DLL left leads outside its memory. The twin of these
rules is the class Checks in Iscsidsc.cs.
"""

from __future__ import annotations

import typing as t

from . import wire

BUFFER_CAP = 16 << 20  # bytes of a block: no list of logins is longer (256 logins are half a MiB)
MAX_DELAY = 3600 * 1000  # milliseconds between two tries
_WIDTHS = (1, 2, 4, 8)


def check(program: wire.Program) -> None:
    """:raises wire.WireError: naming the call."""
    depths: t.List[int] = []  # levels of items, by call
    for number, call in enumerate(program.calls):
        problem = next(_problems(program, number, depths), None)
        if problem:
            raise wire.WireError(f"call {number} of the batch, {call.export}: {problem}")


def _problems(program: wire.Program, number: int, depths: t.List[int]) -> t.Iterator[str]:
    """What is wrong with a call. Adds its levels of items to those of the calls before it."""
    call = program.calls[number]
    for block in call.blocks:
        yield from _block_problems(block, call.blocks, program.pointer)
    depth = 0
    for each in call.each[:1]:
        yield from _each_problems(each, program, depths)
        depth = depths[each.call] + len(each.levels)
    depths.append(depth)
    for argument in call.arguments:
        if isinstance(argument, wire.Address):
            if argument.block >= len(call.blocks):
                yield "an argument leads to a block that is not there"
            size = call.blocks[argument.block].size
            if argument.offset and (argument.offset >= size if size else call.blocks[argument.block].growth):
                yield "an argument leads outside its block"
        elif isinstance(argument, (wire.Item, wire.Load)) and argument.level >= depth:
            yield "an argument is of a level of items that is not there"
        if isinstance(argument, wire.Load) and argument.width not in _WIDTHS:
            yield "an argument is a number of a width that does not exist"
    for condition in call.when:
        if isinstance(condition, wire.Matching):
            yield from _each_problems(condition.each, program, depths[:number])
            if not depths[condition.each.call] + len(condition.each.levels):
                yield "a condition counts the items of a call that has none"
        elif condition.call >= number:
            yield "a condition is about a call that is not before it"
    for retry in call.retry:
        if retry.delay > MAX_DELAY:
            yield "a try would wait for longer than an hour"


def _block_problems(block: wire.Block, blocks: t.Sequence[wire.Block], pointer: int) -> t.Iterator[str]:
    if block.size > BUFFER_CAP:
        yield "a block is too large"
    if len(block.data) > block.size:
        yield "a block is smaller than its data"
    for relocation in block.relocations:
        if relocation.at + pointer > block.size or relocation.to >= block.size:
            yield "a pointer of a block leads outside it"
    for growth in block.growth:
        if not _holds_number(blocks, growth.size_block, growth.size_offset):
            yield "the size of a buffer is not in a block"
        if not 0 < growth.unit <= BUFFER_CAP:
            yield "the size of a buffer has no unit"


def _each_problems(each: wire.Each, program: wire.Program, depths: t.Sequence[int]) -> t.Iterator[str]:
    if each.call >= len(depths):
        yield "it is about the items of a call that is not before it"
    depth, blocks = depths[each.call], program.calls[each.call].blocks
    for level in each.levels:
        if isinstance(level, wire.Inner):
            if not depth:
                yield "a list inside of items is not inside of any"
        elif level.block >= len(blocks):
            yield "a list is in a block that is not there"
        if isinstance(level, wire.Array) and not (
            level.count_block < len(blocks)
            and blocks[level.count_block].growth
            or _holds_number(blocks, level.count_block, level.count_offset)
        ):
            yield "the length of a list is not in a block"
        if not isinstance(level, wire.Strings) and not level.stride:
            yield "the items of a list have no length"
        depth += 1


def _holds_number(blocks: t.Sequence[wire.Block], block: int, offset: int) -> bool:
    """Whether a block of fixed size has a u32 at an offset."""
    return block < len(blocks) and not blocks[block].growth and offset + 4 <= blocks[block].size
