# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""A batch of DLL calls and its answer, and the one wire form of both.

A batch holds one program for each pointer width that the target may have; the runner takes the one that fits. A
program is a list of calls. A call brings its own blocks of memory; each *run* of it works on fresh copies. What an
earlier call left in its blocks is reached as *items*: the records of an array, the strings of a list. A call may
repeat over such items (``each``), hand one on as an argument (:class:`Item`, :class:`Load`), or depend on how many
match (:class:`Matching`). There is nothing else: no loops, no variables, no arithmetic. All meaning stays with the
caller, and the runner on the target (:mod:`runner`, Iscsidsc.cs) stays small enough to be read in one sitting.

The wire form is base64 of gzip of little-endian bytes. ``FIELDS`` of each class is its exact order on the wire: a
letter for an integer (as in :mod:`struct`), ``str`` for text (u8 length, ASCII), ``bytes`` (u32 length), a class for
one of it, ``[class]`` or ``["I"]`` for a u16 count and that many; ``(class, ...)`` for a u8 that says which, then it.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import struct
import typing as t
import zlib

MAX_WIRE_BYTES = 256 << 20  # what an answer may unpack to: an image larger than this is not a list of logins
_BATCH_MAGIC, _ANSWER_MAGIC = b"WIB1", b"WIA1"


class WireError(ValueError):
    """Text that is not a batch or an answer of this version."""


class Growth(t.NamedTuple):
    """The block is a buffer that the runner sizes: it asks with a null pointer, then repeats with the size asked for.

    :param size_block, size_offset: the u32 that says how large the buffer is, and comes back as what it should be.
    :param unit: bytes for one of that size.
    """

    size_block: int
    size_offset: int
    unit: int
    FIELDS = ("B", "I", "I")


class Relocation(t.NamedTuple):
    """A pointer at offset ``at`` of a block that leads to offset ``to`` of the same block."""

    at: int
    to: int
    FIELDS = ("I", "I")


class Block(t.NamedTuple):
    """Memory for one run: ``size`` bytes that begin with ``data`` and are zero from there on.

    :param back: whether the answer carries it.
    """

    size: int
    data: bytes = b""
    back: int = 0
    growth: t.Tuple[Growth, ...] = ()
    relocations: t.Tuple[Relocation, ...] = ()
    FIELDS = ("I", bytes, "B", [Growth], [Relocation])


class Integer(t.NamedTuple):
    """An argument by value; 0 is also the null pointer."""

    value: int
    FIELDS = ("Q",)


class Address(t.NamedTuple):
    """A pointer into one of the call's own blocks; null while the block has no bytes."""

    block: int
    offset: int = 0
    FIELDS = ("B", "I")


class Item(t.NamedTuple):
    """A pointer to ``offset`` of the item that this run is for, at the given level (0 is the outermost)."""

    level: int
    offset: int = 0
    FIELDS = ("B", "I")


class Load(t.NamedTuple):
    """An integer of ``width`` bytes read from the item that this run is for."""

    level: int
    offset: int
    width: int
    FIELDS = ("B", "I", "B")


class Array(t.NamedTuple):
    """Items: records ``stride`` bytes apart from the start of a block; a u32 in a block of the same run counts them."""

    block: int
    stride: int
    count_block: int
    count_offset: int
    FIELDS = ("B", "I", "B", "I")


class Strings(t.NamedTuple):
    """Items: the wide texts of a list, up to the empty one."""

    block: int
    FIELDS = ("B",)


class Inner(t.NamedTuple):
    """Items: records ``stride`` bytes apart where a pointer of the enclosing item leads, inside the same block.

    A u32 of the enclosing item counts them.
    """

    pointer_offset: int
    count_offset: int
    stride: int
    FIELDS = ("I", "I", "I")


class Each(t.NamedTuple):
    """The items of an earlier call, along ``levels``: those of each run that succeeded, inside that run's own items."""

    call: int
    levels: tuple
    FIELDS = ("H", [(Array, Strings, Inner)])


class Pattern(t.NamedTuple):
    """Bytes at an offset of an item; ``fold``: they are wide text, and ASCII letters match in either case."""

    offset: int
    data: bytes
    fold: int = 0
    FIELDS = ("I", bytes, "B")


class Succeeded(t.NamedTuple):
    """Condition: the last run of an earlier call succeeded (``expected`` 1) or not (0). Not run counts as failed."""

    call: int
    expected: int = 1
    FIELDS = ("H", "B")


class Matching(t.NamedTuple):
    """Condition: ``least`` to ``most`` of the items match every pattern. False where the earlier call failed."""

    each: Each
    patterns: t.Tuple[Pattern, ...]
    least: int
    most: int
    FIELDS = (Each, [Pattern], "I", "I")


class Retry(t.NamedTuple):
    """Repeat a run that answers one of ``statuses`` (none given: any error).

    :param times: at the most.
    :param delay: milliseconds between two.
    """

    times: int
    delay: int
    statuses: t.Tuple[int, ...]
    FIELDS = ("B", "I", ["I"])


class Call(t.NamedTuple):
    """One export, called once, or once for each item.

    :param vital: 1: when it fails, the calls after it are not made (but those that ask for its failure by a condition).
    :param limit: milliseconds for one run; 0 for none but the program's.
    :param when: conditions, all of which must hold; otherwise the call is skipped.
    """

    export: str
    arguments: tuple = ()
    blocks: t.Tuple[Block, ...] = ()
    each: t.Tuple[Each, ...] = ()
    when: tuple = ()
    vital: int = 0
    limit: int = 0
    retry: t.Tuple[Retry, ...] = ()
    FIELDS = (str, [(Integer, Address, Item, Load)], [Block], [Each], [(Succeeded, Matching)], "B", "I", [Retry])


class Program(t.NamedTuple):
    """Calls for a target whose pointers have ``pointer`` bytes; ``limit`` milliseconds for all of them, 0 for none."""

    pointer: int
    limit: int
    calls: t.Tuple[Call, ...]
    FIELDS = ("B", "I", [Call])


class Batch(t.NamedTuple):
    """What goes in."""

    programs: t.Tuple[Program, ...]
    FIELDS = ([Program],)


# How a call went as a whole.
RAN, SKIPPED, NOT_REACHED, NO_SUCH_EXPORT, BAD_ITEMS, TIMED_OUT = range(6)
ERROR_TIMEOUT = 1460  # the status of a run that was given up


class Captured(t.NamedTuple):
    """A block that came back: which, the address it lay at, its bytes."""

    block: int
    base: int
    data: bytes
    FIELDS = ("B", "Q", bytes)


class Run(t.NamedTuple):
    """One run of a call: status, milliseconds taken, the item of each level it was for, and the blocks that came."""

    status: int
    milliseconds: int
    items: t.Tuple[int, ...]
    blocks: t.Tuple[Captured, ...]
    FIELDS = ("I", "I", ["I"], [Captured])


class Result(t.NamedTuple):
    """What became of a call: RAN, SKIPPED by a condition, NOT_REACHED, NO_SUCH_EXPORT, BAD_ITEMS or TIMED_OUT."""

    outcome: int
    runs: t.Tuple[Run, ...] = ()
    FIELDS = ("B", [Run])


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
    FIELDS = ("B", str, ["I"], ["I"], "B", "B", "B", "B")


class Answer(t.NamedTuple):
    """What comes out: one result for each call of the program, in order."""

    host: Host
    results: t.Tuple[Result, ...]
    FIELDS = (Host, [Result])


def encode_batch(batch):
    """The text that goes to a runner."""
    return _pack(_BATCH_MAGIC, batch)


def decode_batch(text):
    """The batch in a text; :class:`WireError` for anything else."""
    return _unpack(_BATCH_MAGIC, Batch, text, "batch")


def encode_answer(answer):
    """The text that a runner gives back."""
    return _pack(_ANSWER_MAGIC, answer)


def decode_answer(text):
    """The answer in a text; :class:`WireError` for anything else."""
    return _unpack(_ANSWER_MAGIC, Answer, text, "answer")


def _pack(magic, value):
    out = io.BytesIO()
    out.write(magic)
    _write(out, type(value), value)
    return base64.b64encode(gzip.compress(out.getvalue(), 6, mtime=0)).decode("ascii")


def _unpack(magic, kind, text, what):
    try:
        stream = gzip.GzipFile(fileobj=io.BytesIO(base64.b64decode(text, validate=True)))
        raw = stream.read(MAX_WIRE_BYTES + 1)
    except (binascii.Error, ValueError, OSError, EOFError, zlib.error):
        raise WireError(
            "this is not {} {}: not base64 of gzip".format("an" if what[0] in "aeiou" else "a", what)
        ) from None
    if len(raw) > MAX_WIRE_BYTES:
        raise WireError(f"the {what} unpacks to more than {MAX_WIRE_BYTES >> 20} MiB")
    if raw[:4] != magic:
        raise WireError(f"the {what} is of another version (it begins with {raw[:4]!r} instead of {magic!r})")
    reader = _Reader(raw, 4)
    value = reader.read(kind)
    if reader.at != len(raw):
        raise WireError(f"{len(raw) - reader.at} bytes follow the {what}")
    return value


def _write(out, kind, value):
    if isinstance(kind, str):
        out.write(struct.pack("<" + kind, value))
    elif kind is str:
        raw = value.encode("ascii", "replace")[:255]
        out.write(struct.pack("<B", len(raw)) + raw)
    elif kind is bytes:
        out.write(struct.pack("<I", len(value)) + value)
    elif isinstance(kind, list):
        out.write(struct.pack("<H", len(value)))
        for element in value:
            _write(out, kind[0], element)
    elif isinstance(kind, tuple):
        out.write(struct.pack("<B", kind.index(type(value))))
        _write(out, type(value), value)
    else:
        for field, element in zip(kind.FIELDS, value):
            _write(out, field, element)


class _Reader:
    """Reads values by the same FIELDS; every length is checked against what is left."""

    def __init__(self, raw, at):
        self.raw, self.at = raw, at

    def read(self, kind):
        if isinstance(kind, str):
            return self._integer(kind)
        if kind is str:
            return self._take(self._integer("B")).decode("ascii", "replace")
        if kind is bytes:
            return self._take(self._integer("I"))
        if isinstance(kind, list):
            return tuple(self.read(kind[0]) for _index in range(self._integer("H")))
        if isinstance(kind, tuple):
            which = self._integer("B")
            if which >= len(kind):
                raise WireError(f"no such kind: {which} at offset {self.at - 1}")
            return self.read(kind[which])
        return kind(*[self.read(field) for field in kind.FIELDS])

    def _integer(self, code):
        return struct.unpack("<" + code, self._take(struct.calcsize("<" + code)))[0]

    def _take(self, size):
        if size > len(self.raw) - self.at:
            raise WireError(f"ends early: {size} bytes wanted at offset {self.at} of {len(self.raw)}")
        self.at += size
        return self.raw[self.at - size : self.at]
