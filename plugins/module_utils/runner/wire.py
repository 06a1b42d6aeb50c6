# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""A batch of DLL calls and its answer, and their wire form.

The theory of this package. All knowledge is the controller's; what reaches the target is a small fixed program that a
sceptic can read in one sitting, and that never has to be changed when the collection learns something new. So a batch
is data, and there are two programs that run it, which are twins: :mod:`executor` with :mod:`native` in Python, and
Iscsidsc.cs. A suite of cases that both must meet keeps them equal.

A host is far away: a round trip costs more than all calls in it. What depends on an earlier call (the devices of each
session that was just listed) therefore must be said beforehand, in the batch. That is what its form is for:

- A batch holds a program for each pointer width that the target may have; the runner takes the one that fits.
- A program is a list of calls. A call brings its own blocks of memory; each *run* of it works on fresh copies.
- What an earlier call left in its blocks is reached as *items*: the records of an array, the strings of a list. A
  call may repeat over such items (``each``), hand one on as an argument (:class:`Item`, :class:`Load`), or depend on
  how many match (:class:`Matching`).
- There is nothing else: no loops, no variables, no arithmetic.

What the calls mean stays with the caller: the runner knows no structure, and no call's purpose.

Neither side trusts the other's bytes. A batch that leads outside its own blocks is refused, and so is an answer that
claims more than its bytes can hold.

The wire form is base64 of gzip of little-endian bytes; ``FIELDS`` of each class is its exact order there
(:mod:`fields`).
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import typing as t
import zlib

from ..abi.layout import READ_LESS
from . import fields
from .fields import on_wire

# What a batch and an answer may unpack to, in bytes and in values. 256 logins are half a MiB.
MAX_BATCH, MAX_BATCH_VALUES = 256 << 20, 1 << 23
MAX_ANSWER, MAX_ANSWER_VALUES = 64 << 20, 1 << 19
MAX_ITEMS = (1 << 16) - 1  # items of a call, in all its levels: their number has 16 bits in the answer
MAX_RUNS = 1 << 15  # runs of all repeated calls of a program
_BATCH_MAGIC, _ANSWER_MAGIC = b"WIB1", b"WIA1"
WireError = fields.WireError


@on_wire("B", "I", "I")
class Growth(t.NamedTuple):
    """The block is a buffer that the runner sizes: it asks with a null pointer, then repeats with the size asked for.

    :param size_block, size_offset: the u32 that says how large the buffer is, and comes back as what it should be.
    :param unit: bytes that a size of 1 stands for.
    """

    size_block: int
    size_offset: int
    unit: int


@on_wire("I", "I")
class Relocation(t.NamedTuple):
    """A pointer at offset ``at`` of a block that leads to offset ``to`` of the same block."""

    at: int
    to: int


@on_wire("I", bytes, "B", [Growth], [Relocation])
class Block(t.NamedTuple):
    """Memory for one run: ``size`` bytes that begin with ``data`` and are zero from there on.

    :param back: whether the answer carries it.
    """

    size: int
    data: bytes = b""
    back: int = 0
    growth: t.Tuple[Growth, ...] = ()
    relocations: t.Tuple[Relocation, ...] = ()


@on_wire("Q")
class Integer(t.NamedTuple):
    """An argument by value; 0 is also the null pointer."""

    value: int


@on_wire("B", "I")
class Address(t.NamedTuple):
    """A pointer into one of the call's own blocks; null while the block has no bytes."""

    block: int
    offset: int = 0


@on_wire("B", "I")
class Item(t.NamedTuple):
    """A pointer to ``offset`` of the item that this run is for, at the given level (0 is the outermost)."""

    level: int
    offset: int = 0


@on_wire("B", "I", "B")
class Load(t.NamedTuple):
    """An integer of ``width`` bytes read from the item that this run is for."""

    level: int
    offset: int
    width: int


@on_wire("B", "I", "B", "I")
class Array(t.NamedTuple):
    """Items: records ``stride`` bytes apart from the start of a block; a u32 in a block of the same run counts them."""

    block: int
    stride: int
    count_block: int
    count_offset: int


@on_wire("B")
class Strings(t.NamedTuple):
    """Items: the wide texts of a list, up to the empty one."""

    block: int


@on_wire("I", "I", "I")
class Inner(t.NamedTuple):
    """Items: records ``stride`` bytes apart where a pointer of the enclosing item leads, inside the same block.

    A u32 of the enclosing item counts them.
    """

    pointer_offset: int
    count_offset: int
    stride: int


Level = t.Union[Array, Strings, Inner]
Argument = t.Union[Integer, Address, Item, Load]


@on_wire("H", [(Array, Strings, Inner)])
class Each(t.NamedTuple):
    """The items of an earlier call, along ``levels``: those of each run that succeeded, inside that run's own items."""

    call: int
    levels: t.Tuple[Level, ...]


@on_wire("I", bytes, "B")
class Pattern(t.NamedTuple):
    """Bytes at an offset of an item; ``fold``: they are wide text, and ASCII letters match in either case."""

    offset: int
    data: bytes
    fold: int = 0


@on_wire("H", "B")
class Succeeded(t.NamedTuple):
    """Condition: the last run of an earlier call succeeded (``expected`` 1) or not (0). Not run counts as failed."""

    call: int
    expected: int = 1


@on_wire(Each, [Pattern], "I", "I")
class Matching(t.NamedTuple):
    """Condition: ``least`` to ``most`` of the items match every pattern. False where the earlier call failed."""

    each: Each
    patterns: t.Tuple[Pattern, ...]
    least: int
    most: int


Condition = t.Union[Succeeded, Matching]


@on_wire("B", "I", ["I"])
class Retry(t.NamedTuple):
    """Repeat a run that answers one of ``statuses`` (none given: any error).

    :param times: at the most.
    :param delay: milliseconds between two.
    """

    times: int
    delay: int
    statuses: t.Tuple[int, ...]


@on_wire(str, [(Integer, Address, Item, Load)], [Block], [Each], [(Succeeded, Matching)], "B", "I", [Retry])
class Call(t.NamedTuple):
    """An export, called once, or once for each item.

    :param vital: 1: when it fails, the calls after it are not made (but those that ask for its failure by a condition).
    :param limit: milliseconds for a run; 0 for none but the program's.
    :param when: conditions, all of which must hold; otherwise the call is skipped.
    """

    export: str
    arguments: t.Tuple[Argument, ...] = ()
    blocks: t.Tuple[Block, ...] = ()
    each: t.Tuple[Each, ...] = ()
    when: t.Tuple[Condition, ...] = ()
    vital: int = 0
    limit: int = 0
    retry: t.Tuple[Retry, ...] = ()


@on_wire("B", "I", [Call])
class Program(t.NamedTuple):
    """Calls for a target whose pointers have ``pointer`` bytes; ``limit`` milliseconds for all of them, 0 for none."""

    pointer: int
    limit: int
    calls: t.Tuple[Call, ...]


@on_wire([Program])
class Batch(t.NamedTuple):
    """What goes in."""

    programs: t.Tuple[Program, ...]


# How a call went as a whole.
RAN, SKIPPED, NOT_REACHED, NO_SUCH_EXPORT, BAD_ITEMS, TIMED_OUT, TOO_MANY_ITEMS = range(7)
ERROR_TIMEOUT = 1460  # the status of a run that was given up


@on_wire("B", "Q", bytes)
class Captured(t.NamedTuple):
    """A block that came back: which, the address it lay at, its bytes."""

    block: int
    base: int
    data: bytes


@on_wire("I", "I", ["I"], [Captured])
class Run(t.NamedTuple):
    """A run of a call: status, milliseconds taken, the item of each level it was for, and the blocks that came."""

    status: int
    milliseconds: int
    items: t.Tuple[int, ...]
    blocks: t.Tuple[Captured, ...]


@on_wire("B", [Run])
class Result(t.NamedTuple):
    """What became of a call: RAN, SKIPPED by a condition, NOT_REACHED, NO_SUCH_EXPORT, or one of those below.

    BAD_ITEMS: the list to repeat over leads outside its memory. TOO_MANY_ITEMS: it is longer than :data:`MAX_ITEMS`,
    or makes more than :data:`MAX_RUNS`. TIMED_OUT: the last run was given up.
    """

    outcome: int
    runs: t.Tuple[Run, ...] = ()


@on_wire("B", str, ["I"], ["I"], "B", "B", "B", "B")
class Host(t.NamedTuple):
    """What the runner saw of the machine before its first call: sizes in bytes; numbers as Windows reports them.

    ``service_state``: of MSiSCSI, 1 stopped ... 4 running, 0 not known. ``start_mode``: 2 automatic, 3 manual, 4
    disabled, 0xFF not known. ``delayed_start``: automatic, but after the others. ``elevated``: 1, 0, or 0xFF not
    known. Versions are 0.0... when not known.
    """

    pointer: int
    runtime: str = ""
    dll_version: t.Tuple[int, ...] = ()
    windows_version: t.Tuple[int, ...] = ()
    service_state: int = 0
    start_mode: int = 0xFF
    delayed_start: int = 0
    elevated: int = 0xFF


@on_wire(Host, [Result])
class Answer(t.NamedTuple):
    """What comes out: a result for each call of the program, in order."""

    host: Host
    results: t.Tuple[Result, ...]


def encode_batch(batch: Batch) -> str:
    """The text that goes to a runner."""
    return _pack(_BATCH_MAGIC, batch)


def decode_batch(text: str) -> Batch:
    """The batch in a text; :class:`WireError` for anything else."""
    batch: Batch = _unpack(_BATCH_MAGIC, Batch, text, "a batch", MAX_BATCH, MAX_BATCH_VALUES)
    return batch


def encode_answer(answer: Answer) -> str:
    """The text that a runner gives back."""
    return _pack(_ANSWER_MAGIC, answer)


def decode_answer(text: str, batch: t.Optional[Batch] = None) -> Answer:
    """The answer in a text; :class:`WireError` for anything else.

    :param batch: the question. What does not answer it is a :class:`WireError` as well: a result, a run or a block
        that was not asked for.
    """
    answer: Answer = _unpack(_ANSWER_MAGIC, Answer, text, "an answer", MAX_ANSWER, MAX_ANSWER_VALUES)
    if batch is not None:
        _check_answer(answer, batch)
    return answer


def _pack(magic: bytes, value: t.Union[Batch, Answer]) -> str:
    out = io.BytesIO()
    out.write(magic)
    fields.write(out, type(value), value)
    return base64.b64encode(gzip.compress(out.getvalue(), 6, mtime=0)).decode("ascii")


def _unpack(magic: bytes, kind: t.Type[t.Any], text: str, title: str, limit: int, most: int) -> t.Any:
    name, inflate = title.rpartition(" ")[2], zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        # packing makes nothing longer, but for base64: so a text of twice the limit is refused unread
        raw = b"" if len(text) > 2 * limit else inflate.decompress(base64.b64decode(text, validate=True), limit + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise WireError(f"this is not {title}: not base64 of gzip") from None
    if len(raw) > limit or len(text) > 2 * limit:
        raise WireError(f"the {name} unpacks to more than {limit >> 20} MiB; {READ_LESS}")
    if not inflate.eof or inflate.unused_data:
        raise WireError(f"this is not {title}: not base64 of gzip")
    if raw[:4] != magic:
        raise WireError(f"the {name} is of another version (it begins with {raw[:4]!r} instead of {magic!r})")
    reader = fields.Reader(raw, 4, most)
    value = reader.read(kind)
    if reader.at != len(raw):
        raise WireError(f"{len(raw) - reader.at} bytes follow the {name}")
    return value


def _check_answer(answer: Answer, batch: Batch) -> None:
    """Refuse what the batch did not ask for."""
    program = next((program for program in batch.programs if program.pointer == answer.host.pointer), None)
    if program is None:
        raise WireError(f"the answer is for pointers of {answer.host.pointer} bytes, for which nothing was asked")
    if len(answer.results) != len(program.calls):
        raise WireError(f"the answer has {len(answer.results)} results for {len(program.calls)} calls")
    depths: t.List[int] = []  # levels of items, by call
    for number, (call, result) in enumerate(zip(program.calls, answer.results)):
        depths.append(depths[call.each[0].call] + len(call.each[0].levels) if call.each else 0)
        where = f"the result of call {number} ({call.export})"
        if result.outcome > TOO_MANY_ITEMS:
            raise WireError(f"{where} has the unknown outcome {result.outcome}")
        if len(result.runs) > 1 and not call.each:
            raise WireError(f"{where} has {len(result.runs)} runs, although it was to be made once")
        for run in result.runs:
            given_up = result.outcome == TIMED_OUT and run is result.runs[-1]
            if len(run.items) != (0 if given_up else depths[-1]):
                raise WireError(f"{where} has a run for items of {len(run.items)} levels instead of {depths[-1]}")
            numbers = [captured.block for captured in run.blocks]
            if any(block >= len(call.blocks) or not call.blocks[block].back for block in numbers):
                raise WireError(f"{where} has a block that was not asked for")
            if len(set(numbers)) < len(numbers):
                raise WireError(f"{where} has a block twice")
