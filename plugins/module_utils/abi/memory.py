# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Memory as bytes: an :class:`Image` of what a call left, and :func:`pack`, which lays out what a call is to read.

The pointers that the DLL returns are absolute addresses into the caller's own buffer (observed: go-win-iscsidsc). An
image therefore knows the address its bytes were captured at, and follows a pointer only where it leads inside. What a
DLL, a broken driver or a hostile peer left there costs an :class:`ImageError`, never a read elsewhere, and never more
work than the image's size warrants.
"""

from __future__ import annotations

import time
import typing as t

from .layout import (
    BLOB,
    READ_LESS,
    SECRET,
    TEXT,
    Abi,
    Follow,
    Layout,
    Record,
    Structure,
    Values,
    decode_text,
    encode_text,
    text_length,
)

Relocations = t.List[t.Tuple[int, int]]  # (offset of a pointer, offset it leads to) in the same block


class ImageError(ValueError):
    """Captured memory that does not hold what it should. Names the structure, the field and the offset in bytes."""

    def __init__(self, structure: str, field: str, offset: int, problem: str) -> None:
        super().__init__(f"{structure}{'.' + field if field else ''} at offset {offset}: {problem}")
        self.structure, self.field, self.offset = structure, field, offset


class Budget:
    """What decoding may cost, for all images of an answer together.

    :param elements: records and texts.
    :param seconds: from now on; None for no limit.
    """

    def __init__(self, elements: int = 1 << 17, seconds: t.Optional[float] = None) -> None:
        self._most, self._left, self._seconds = elements, elements, seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    def spend(self, elements: int, structure: str, field: str, offset: int) -> None:
        """Take the cost of elements from what is left, before they are decoded."""
        self._left -= elements
        if self._left < 0:
            raise ImageError(
                structure, field, offset, f"the answer holds more than {self._most:,} records and texts; {READ_LESS}"
            )
        if self._end is not None and time.monotonic() > self._end:
            raise ImageError(structure, field, offset, f"decoding took longer than {self._seconds:g} s; {READ_LESS}")


class Image:
    """Captured bytes, the address they lay at, and the layout they are in.

    :param data: the bytes of a block of memory.
    :param base: the address of its first byte where it was captured.
    :param abi: the layout of the process that they were captured in.
    :param budget: what decoding them may cost.
    """

    # Honest pointers lead to disjoint places. Twice the image leaves room for shared text; what leads over the same
    # bytes more often is built to cost time.
    _FOLLOWED_TIMES_SIZE = 2

    def __init__(self, data: bytes, base: int, abi: Abi, budget: t.Optional[Budget] = None) -> None:
        self.data, self.base, self.abi = bytes(data), base, abi
        self.budget = budget or Budget()
        self._bytes_left = self._FOLLOWED_TIMES_SIZE * len(self.data)

    def read(self, structure: Structure, offset: int = 0) -> Record:
        """The structure at ``offset`` as a named tuple in which every pointer is replaced by what it leads to.

        A pointer to text becomes str, to bytes becomes bytes, to counted structures a list (``()`` when there are
        none), to one structure its tuple; a null one, or one whose bit is not set, None. A secret becomes None: it is
        never read.
        """
        return self.array(structure, 1, offset)[0]

    def array(self, structure: Structure, count: int, offset: int = 0) -> t.List[Record]:
        """``count`` structures in a row."""
        layout = structure.layout(self.abi)
        self._check(structure.name, "", offset, count * layout.size)
        self.budget.spend(count, structure.name, "", offset)
        return layout.unpack_all(self.data, offset, count, self._resolve)

    def number(self, size: int, offset: int = 0) -> int:
        """An unsigned integer of ``size`` bytes."""
        self._check("integer", "", offset, size)
        return int.from_bytes(self.data[offset : offset + size], "little")

    def text(self, offset: int = 0) -> str:
        """The NUL-terminated text at ``offset``."""
        self._check("text", "", offset, 0)
        length = self._text_size(offset, "text", "")
        return decode_text(self.data[offset : offset + length], self.abi.char)

    def texts(self, offset: int = 0, limit: t.Optional[int] = None) -> t.List[str]:
        """A list of texts each ended by a NUL, up to the empty one or to ``limit`` bytes, whichever comes first.

        What follows the empty text may be garbage (observed: go-win-iscsidsc, ReportIScsiTargetsW); iscsicli walks
        the iSNS list by length.
        """
        end = len(self.data) if limit is None else min(limit, len(self.data))
        whole = decode_text(self.data[offset : end - (end - offset) % self.abi.char], self.abi.char)
        body, _empty, _garbage = whole.partition("\0\0") if not whole.startswith("\0") else ("", "", "")
        if len(body) == len(whole):  # no empty text: the last one must end with the list
            body, end_of_last, rest = whole.rpartition("\0")
            if rest:
                before = encode_text(body.replace("\0", " "), self.abi.char) if end_of_last else b""
                raise ImageError("text list", "", offset + len(before), "the text does not end inside the list")
        self.budget.spend(body.count("\0") + 1 if body else 0, "text list", "", offset)
        return body.split("\0") if body else []

    def _check(self, structure: str, field: str, offset: int, size: int) -> None:
        if offset < 0 or offset + size > len(self.data):
            raise ImageError(structure, field, offset, f"{size} bytes do not fit into the {len(self.data)} captured")

    def _resolve(self, layout: Layout, follow: Follow, address: int, count: t.Optional[int]) -> t.Any:
        """What the pointer leads to; called by :meth:`layout.Layout.unpack`."""
        target, offset = follow.pointer.to, address - self.base
        if target is SECRET:
            return None
        size = follow.unit if count is None else follow.unit * count
        if not 0 <= offset <= len(self.data) - size:
            raise ImageError(
                layout.structure.name,
                follow.path,
                follow.offset,
                f"leads to {size} bytes at 0x{address:X}, outside the {len(self.data)} captured at 0x{self.base:X}",
            )
        if target is TEXT:
            size = self._text_size(offset, layout.structure.name, follow.path)
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise ImageError(
                layout.structure.name,
                follow.path,
                follow.offset,
                f"pointers lead over and over to the same {len(self.data)} bytes",
            )
        if not isinstance(target, Structure):
            self.budget.spend(1, layout.structure.name, follow.path, follow.offset)
        if target is BLOB:
            return self.data[offset : offset + size]
        if not isinstance(target, Structure):  # TEXT
            return decode_text(self.data[offset : offset + size], self.abi.char)
        found = self.array(target, 1 if count is None else count, offset)
        return found[0] if follow.count is None else found

    def _text_size(self, offset: int, structure: str, field: str) -> int:
        length = text_length(self.data, self.abi.char, offset)
        if length < 0:
            raise ImageError(
                structure, field, offset, f"the text does not end inside the {len(self.data)} bytes captured"
            )
        return length


def pack(
    structure: Structure, values: t.Union[Values, t.Sequence[Values]], abi: Abi
) -> t.Tuple[bytearray, Relocations]:
    """A block that holds a structure, or several in a row, and behind them everything that their pointers lead to.

    :param values: a mapping, or a list of mappings. A pointer field takes what it is to lead to: text, bytes, a
        mapping or a list of mappings; its count is filled in.
    :returns: the block, and where its pointers are and lead to: the same block serves at any address.
    """
    rows = [values] if isinstance(values, t.Mapping) else list(values)
    layout = structure.layout(abi)
    data = bytearray(layout.size * len(rows))
    relocations: Relocations = []
    for index, row in enumerate(rows):
        _pack_at(data, relocations, index * layout.size, layout, row)
    return data, relocations


def _pack_at(data: bytearray, relocations: Relocations, base: int, layout: Layout, values: Values) -> None:
    plain, tails = _split(layout, values)
    data[base : base + layout.size] = layout.pack(plain)
    for follow, value in tails:
        start = _append(data, relocations, layout, follow, value)
        relocations.append((base + follow.offset, start))


def _split(layout: Layout, values: Values) -> t.Tuple[t.Dict[str, t.Any], t.List[t.Tuple[Follow, t.Any]]]:
    """(values with counts in place of what pointers lead to, [(follow, what it leads to)])."""
    plain = {name: dict(value) if isinstance(value, dict) else value for name, value in values.items()}
    tails: t.List[t.Tuple[Follow, t.Any]] = []
    for follow in layout.follows:
        parent, _dot, name = follow.path.rpartition(".")
        holder = plain.get(parent) if parent else plain
        if not holder or isinstance(holder.get(name), int):
            continue
        value = holder.pop(name, None)
        if value is None:
            continue
        if follow.pointer.count:
            holder[follow.pointer.count] = len(value)
        if follow.pointer.count is None or len(value):
            tails.append((follow, value))
    return plain, tails


def _append(data: bytearray, relocations: Relocations, layout: Layout, follow: Follow, value: t.Any) -> int:
    """Put what a pointer leads to behind the data; return where it begins."""
    target, abi = follow.pointer.to, layout.abi
    data.extend(bytes(-len(data) % _alignment(target, abi)))
    start = len(data)
    if not isinstance(target, Structure):
        raw = encode_text(value, abi.char, f"{layout.structure.name}.{follow.path}") if target is TEXT else value
        data.extend(raw)
    else:
        inner = target.layout(abi)
        rows = [value] if isinstance(value, dict) else value
        data.extend(bytes(inner.size * len(rows)))
        for index, row in enumerate(rows):
            _pack_at(data, relocations, start + index * inner.size, inner, row)
    return start


def _alignment(target: t.Union[Structure, str], abi: Abi) -> int:
    """Counted bytes follow without a gap, as Windows lays them (observed: go-win-iscsidsc counts them exactly)."""
    if isinstance(target, Structure):
        return 8
    return abi.char if target is TEXT else 1
