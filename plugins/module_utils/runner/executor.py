# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Runs a batch on a *machine*: something with memory and the DLL's exports. The twin of the runner in Iscsidsc.cs.

Machines are :mod:`native` (ctypes, the real DLL) and the simulator's. The sizing protocol is that of Microsoft's sample
iscsicli.c; what goes wrong with it was observed by os-win, go-win-iscsidsc and HPE.
"""

from __future__ import annotations

import typing as t

from ..abi.layout import text_length
from . import checks, rows, wire, writes

SLACK = 4 << 10  # bytes more than asked for: lists grow between two calls (observed: HPE, NWT-3303)
MAX_LIMIT = (1 << 31) - 1  # milliseconds: what every machine can wait for
ROUNDS = 8  # how often a buffer may turn out too small
ERROR_INSUFFICIENT_BUFFER, ERROR_NOACCESS = 122, 998


class NoSuchExport(Exception):
    """The machine's DLL lacks the export, or it may not be called."""


class TimedOut(Exception):
    """The call did not come back within its limit. It may still be running: its memory must not be freed."""


class OutOfTime(Exception):
    """The program's time was over before the call was made."""


class BadItems(Exception):
    """What an earlier call left is not the list that the batch takes it for: it would lead outside its block."""


class TooManyItems(Exception):
    """The list is longer than a call may repeat over."""


class Machine(writes.Writer, t.Protocol):
    """Memory and exports, rows and settings. Addresses are integers."""

    @property
    def host(self) -> wire.Host:
        """What is so now: a call may have started the service."""

    def allocate(self, size: int) -> int:
        """The address of ``size`` zero bytes."""

    def read(self, address: int, size: int) -> bytes:
        """The bytes at an address."""

    def write(self, address: int, data: bytes) -> None:
        """Put bytes at an address."""

    def release(self, addresses: t.Iterable[int]) -> None:
        """Clear and free what :meth:`allocate` gave."""

    def call(self, export: str, arguments: t.Sequence[int], limit: t.Optional[int]) -> int:
        """The status of the export called with integers; ``limit``: milliseconds, or None.

        :raises TimedOut, NoSuchExport:
        """

    def clock(self) -> int:
        """Milliseconds from some beginning."""

    def sleep(self, milliseconds: int) -> None:
        """Wait."""


def failed(status: int) -> bool:
    """Whether a status is an error. Only 0xAFFF.... are warnings: a failed HRESULT begins with 0x8, too."""
    return status != 0 and status >> 16 != 0xAFFF


def run(text: str, machine: Machine) -> str:
    """Run the program of the batch that fits the machine, set what it asks for, and answer its queries; as text.

    :raises wire.WireError: before any call is made, for no batch, or one that leads outside its own blocks.
    """
    started = machine.clock()
    first, second = rows.split(text)
    program = next((each for each in wire.decode_batch(first).programs if each.pointer == machine.host.pointer), None)
    if program is None:
        raise wire.WireError(f"the batch has no program for pointers of {machine.host.pointer} bytes")
    checks.check(program)
    answer = _Execution(program, machine, started).answer()
    return rows.join(wire.encode_answer(answer), writes.answer(second, machine, machine.clock))


class _Memory(t.NamedTuple):
    """A block of a run: where it is and how large it has become."""

    address: int
    size: int

    def holds(self, address: int, size: int) -> bool:
        return self.address <= address and address + size <= self.address + self.size


class _Item(t.NamedTuple):
    """A record or a text that an earlier run left: its address, and the block it lies in."""

    address: int
    block: _Memory


_Stack = t.Tuple[_Item, ...]  # the item of each level that a run is for, outermost first
_Places = t.List[t.Tuple[t.Tuple[int, ...], _Stack]]  # (number of the item at each level, the items)


class _Done(t.NamedTuple):
    """A run with its memory, kept until the batch ends because later calls may look at it."""

    run: wire.Run
    blocks: t.Tuple[wire.Block, ...]
    memory: t.Tuple[_Memory, ...]
    stack: _Stack


class _Execution:
    """A program on a machine."""

    def __init__(self, program: wire.Program, machine: Machine, started: int) -> None:
        self.program, self.machine, self.host = program, machine, machine.host
        self.done: t.List[t.Tuple[int, t.List[_Done]]] = []  # for each call so far: its outcome and runs
        self.deadline = started + program.limit if program.limit else None
        self.runs_left = wire.MAX_RUNS  # of repeated calls
        self.stopped = self.over = False  # a vital call failed; no time is left, or a call never came back
        self.live: t.Set[int] = set()  # addresses of all memory that is not yet released
        self.lent: t.Set[int] = set()  # of the memory that a call which never came back may still use

    def answer(self) -> wire.Answer:
        try:
            for call in self.program.calls:
                self.done.append(self._perform(call))
            results = tuple(wire.Result(outcome, tuple(done.run for done in runs)) for outcome, runs in self.done)
            return wire.Answer(self.host, results)
        finally:
            self.machine.release(sorted(self.live - self.lent))

    def _perform(self, call: wire.Call) -> t.Tuple[int, t.List[_Done]]:
        asks_for_failure = any(isinstance(when, wire.Succeeded) and not when.expected for when in call.when)
        if self.over or (self.stopped and not asks_for_failure):
            return wire.NOT_REACHED, []
        runs: t.List[_Done] = []
        try:
            if not all(self._holds(condition) for condition in call.when):
                return wire.SKIPPED, []
            places: _Places = self._repetitions(call.each[0]) if call.each else [((), ())]
            for indexes, stack in places:
                runs.append(self._run(call, indexes, stack))
            outcome = wire.RAN
        except BadItems:
            outcome = wire.BAD_ITEMS
        except TooManyItems:
            outcome = wire.TOO_MANY_ITEMS
        except NoSuchExport:
            outcome = wire.NO_SUCH_EXPORT
        except (OutOfTime, TimedOut):
            runs.append(_Done(wire.Run(wire.ERROR_TIMEOUT, 0, (), ()), (), (), ()))
            outcome, self.over = wire.TIMED_OUT, True
        if call.vital and (outcome != wire.RAN or any(failed(done.run.status) for done in runs)):
            self.stopped = True
        return outcome, runs

    # -- a run ---------------------------------------------------------------------------------------------------------

    def _run(self, call: wire.Call, indexes: t.Tuple[int, ...], stack: _Stack) -> _Done:
        started = self.machine.clock()
        memory = [self._fresh(block) for block in call.blocks]
        status = self._repeated(call, memory, stack)
        captured = tuple(
            wire.Captured(index, memory[index].address, self.machine.read(*memory[index]))
            for index, block in enumerate(call.blocks)
            if block.back and memory[index].size
        )
        run = wire.Run(status, max(0, self.machine.clock() - started), indexes, captured)
        return _Done(run, call.blocks, tuple(memory), stack)

    def _repeated(self, call: wire.Call, memory: t.List[_Memory], stack: _Stack) -> int:
        """The status at last; each attempt has fresh memory."""
        retry = call.retry[0] if call.retry else wire.Retry(0, 0, ())
        for attempt in range(retry.times + 1):
            status = self._sized(call, memory, stack)
            again = status in retry.statuses if retry.statuses else failed(status)
            if not again or attempt == retry.times or self._out_of_time(retry.delay):
                break
            self.machine.sleep(retry.delay)
            self._release(memory)
            memory[:] = [self._fresh(block) for block in call.blocks]
        return status

    def _fresh(self, block: wire.Block) -> _Memory:
        if not block.size:
            return _Memory(0, 0)
        address = self._allocate(block.size)
        self.machine.write(address, block.data)
        for relocation in block.relocations:
            pointer = (address + relocation.to).to_bytes(self.program.pointer, "little")
            self.machine.write(address + relocation.at, pointer)
        return _Memory(address, block.size)

    def _allocate(self, size: int) -> int:
        address = self.machine.allocate(size)
        self.live.add(address)
        return address

    def _release(self, memory: t.Iterable[_Memory]) -> None:
        addresses = {block.address for block in memory if block.size}
        self.machine.release(addresses)
        self.live -= addresses

    def _sized(self, call: wire.Call, memory: t.List[_Memory], stack: _Stack) -> int:
        """Call; where a buffer turns out too small, give it what the call asks for and call again."""
        growing = next(((index, block.growth[0]) for index, block in enumerate(call.blocks) if block.growth), None)
        exact = False
        for _round in range(ROUNDS):
            status = self._invoke(call, memory, stack)
            if growing is None:
                return status
            index, growth = growing
            size_at = memory[growth.size_block].address + growth.size_offset
            needed = self._u32(size_at) * growth.unit
            if status == ERROR_NOACCESS and memory[index].size:
                exact = True  # some versions refuse a buffer larger than they need (observed: go-win-iscsidsc)
            elif not (status == ERROR_INSUFFICIENT_BUFFER or (not memory[index].size and needed)):
                return status
            size = self._next_size(needed, memory[index].size, growth.unit, exact)
            if size > checks.BUFFER_CAP:
                return ERROR_INSUFFICIENT_BUFFER
            self._release([memory[index]])
            memory[index] = _Memory(self._allocate(size), size)
            self.machine.write(size_at, (size // growth.unit).to_bytes(4, "little"))
        return status

    @staticmethod
    def _next_size(needed: int, current: int, unit: int, exact: bool) -> int:
        if exact and needed:
            return needed
        # "122 and 0 bytes needed" happens while lists change (observed: HPE): then grow from what was there
        size = max(needed, 2 * current if needed <= current else 0) + SLACK
        return -(-size // unit) * unit

    def _invoke(self, call: wire.Call, memory: t.List[_Memory], stack: _Stack) -> int:
        values = [self._value(argument, memory, stack) for argument in call.arguments]
        limits = [call.limit] if call.limit else []
        if self.deadline is not None:
            limits.append(max(1, self.deadline - self.machine.clock()))
        if self._out_of_time(0):
            raise OutOfTime()
        # until the call is known to have come back, its memory is not to be freed, whatever else happens
        lent = {block.address for block in (*memory, *(item.block for item in stack))}
        self.lent |= lent
        try:
            status = self.machine.call(call.export, values, min(*limits, MAX_LIMIT) if limits else None)
        except TimedOut:
            raise
        except Exception:  # it was not made, or is over
            self.lent -= lent
            raise
        self.lent -= lent
        return status

    def _value(self, argument: wire.Argument, memory: t.List[_Memory], stack: _Stack) -> int:
        if isinstance(argument, wire.Integer):
            return argument.value
        if isinstance(argument, wire.Address):
            block = memory[argument.block]
            return block.address + argument.offset if block.size else 0
        item = stack[argument.level]
        if isinstance(argument, wire.Load):
            return self._number(item, argument.offset, argument.width)
        if not item.block.holds(item.address + argument.offset, 1):
            raise BadItems()
        return item.address + argument.offset

    def _out_of_time(self, wait: int) -> bool:
        return self.deadline is not None and self.machine.clock() + wait >= self.deadline

    # -- items ---------------------------------------------------------------------------------------------------------

    def _repetitions(self, each: wire.Each) -> _Places:
        """What a call is to be made for; each is a run of those that the program may have."""
        places = self._items(each)
        if len(places) > self.runs_left:
            raise TooManyItems()
        self.runs_left -= len(places)
        return places

    def _items(self, each: wire.Each) -> _Places:
        """All items of an earlier call."""
        outcome, runs = self.done[each.call]
        found: _Places = []
        for done in runs if outcome == wire.RAN else ():
            if not failed(done.run.status):
                inside: _Places = [(done.run.items, done.stack)]
                for level in each.levels:
                    inside = self._inside(level, done, inside, wire.MAX_ITEMS - len(found))
                found.extend(inside)
        return found

    def _inside(self, level: wire.Level, done: _Done, outer: _Places, most: int) -> _Places:
        """The items that a level has inside of those of the level around it."""
        found: _Places = []
        for indexes, stack in outer:
            if self._out_of_time(0):
                raise OutOfTime()
            items = self._level(level, done, stack, most - len(found))
            found.extend((indexes + (number,), stack + (item,)) for number, item in enumerate(items))
        return found

    def _level(self, level: wire.Level, done: _Done, stack: _Stack, most: int) -> t.List[_Item]:
        if isinstance(level, wire.Inner):
            count = self._number(stack[-1], level.count_offset, 4)
            pointer = self._number(stack[-1], level.pointer_offset, self.program.pointer)
            return self._records(pointer, stack[-1].block, level.stride, count, most)
        block = done.memory[level.block]
        if isinstance(level, wire.Strings):
            return self._strings(block, self._used(done, level.block), most)
        counted = done.memory[level.count_block]
        count = self._number(_Item(counted.address, counted), level.count_offset, 4)
        return self._records(block.address, block, level.stride, count, most)

    def _used(self, done: _Done, index: int) -> int:
        """The bytes of a block that hold something: of a buffer, as many as the call says that it has."""
        size = done.memory[index].size
        for growth in done.blocks[index].growth[:1]:
            reported = self._u32(done.memory[growth.size_block].address + growth.size_offset)
            size = min(size, reported * growth.unit)
        return size

    @staticmethod
    def _records(start: int, block: _Memory, stride: int, count: int, most: int) -> t.List[_Item]:
        if not count:
            return []
        if not block.holds(start, count * stride):
            raise BadItems()
        if count > most:
            raise TooManyItems()
        return [_Item(start + index * stride, block) for index in range(count)]

    def _strings(self, block: _Memory, used: int, most: int) -> t.List[_Item]:
        raw = self.machine.read(block.address, used) if used else b""
        at = 0
        found: t.List[_Item] = []
        while at + 2 <= used and raw[at : at + 2] != b"\0\0":
            length = text_length(raw, 2, at)
            if length < 0:
                raise BadItems()
            if len(found) == most:
                raise TooManyItems()
            found.append(_Item(block.address + at, block))
            at += length + 2
        return found

    # -- conditions ----------------------------------------------------------------------------------------------------

    def _holds(self, condition: wire.Condition) -> bool:
        if isinstance(condition, wire.Succeeded):
            return self._succeeded(condition.call) == bool(condition.expected)
        if not self._succeeded(condition.each.call):
            return False
        count = sum(self._matches(stack[-1], condition.patterns) for _indexes, stack in self._items(condition.each))
        return condition.least <= count <= condition.most

    def _succeeded(self, index: int) -> bool:
        outcome, runs = self.done[index]
        return outcome == wire.RAN and bool(runs) and not failed(runs[-1].run.status)

    def _matches(self, item: _Item, patterns: t.Iterable[wire.Pattern]) -> bool:
        for pattern in patterns:
            if not item.block.holds(item.address + pattern.offset, len(pattern.data)):
                return False
            found = self.machine.read(item.address + pattern.offset, len(pattern.data))
            if (_folded(found) != _folded(pattern.data)) if pattern.fold else (found != pattern.data):
                return False
        return True

    def _number(self, item: _Item, offset: int, width: int) -> int:
        if not item.block.holds(item.address + offset, width):
            raise BadItems()
        return int.from_bytes(self.machine.read(item.address + offset, width), "little")

    def _u32(self, address: int) -> int:
        return int.from_bytes(self.machine.read(address, 4), "little")


def _folded(raw: bytes) -> bytes:
    """Wide text with its ASCII capitals made small: Windows echoes IQNs and instance names in other letter case."""
    if len(raw) % 2 == 0 and not raw[1::2].strip(b"\0"):
        return raw.lower()  # no character beyond 0xFF, as in nearly all names: many times faster
    folded = bytearray(raw)
    for at in [at for at in range(0, len(raw) - 1, 2) if 0x41 <= raw[at] <= 0x5A and raw[at + 1] == 0]:
        folded[at] += 0x20
    return bytes(folded)
