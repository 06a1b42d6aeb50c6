# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Values as little-endian bytes, by the fields that their classes name.

``FIELDS`` of a class is its exact order: a letter for an integer (as in :mod:`struct`), ``str`` for text (u8 length,
ASCII), ``bytes`` (u32 length), a class for its fields in turn, ``[class]`` or ``["I"]`` for a u16 count and that many;
``(class, ...)`` for a u8 that says which class follows.
"""

from __future__ import annotations

import itertools
import struct
import typing as t

_Class = t.TypeVar("_Class", bound=type)


class WireError(ValueError):
    """Text that is not a batch or an answer of this version."""


def on_wire(*fields: t.Any) -> t.Callable[[_Class], _Class]:
    """Give a class its ``FIELDS``. (They are no annotated field, so the body of a NamedTuple cannot hold them.)

    From them follow ``STEPS``, the fields with neighbouring integers as a single ``struct``, and ``LEAST``, the bytes
    that a value has at the least.
    """
    steps: t.List[t.Any] = []
    for integers, neighbours in itertools.groupby(fields, lambda field: isinstance(field, str)):
        group = list(neighbours)
        steps.extend([struct.Struct("<" + "".join(group))] if integers else group)

    def give(kind: _Class) -> _Class:
        kind.FIELDS, kind.STEPS, kind.LEAST = fields, steps, sum(map(_least, fields))  # type: ignore[attr-defined]
        return kind

    return give


def _least(kind: t.Any) -> int:
    if isinstance(kind, str):
        return struct.calcsize("<" + kind)
    if isinstance(kind, tuple):
        return 1 + min(map(_least, kind))
    return 2 if isinstance(kind, list) else 1 if kind is str else 4 if kind is bytes else int(kind.LEAST)


def write(out: t.IO[bytes], kind: t.Any, value: t.Any) -> None:
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
            write(out, kind[0], element)
    elif isinstance(kind, tuple):
        out.write(struct.pack("<B", kind.index(type(value))))
        write(out, type(value), value)
    else:
        for field, element in zip(kind.FIELDS, value):
            write(out, field, element)


class Reader:
    """Reads values by the same FIELDS. Lengths and counts are checked before anything is made of them.

    :param most: how many values the elements of all lists may have together, neighbouring integers counted as one.
    """

    def __init__(self, raw: bytes, at: int, most: int) -> None:
        self.raw, self.at, self.end, self.most, self.left = raw, at, len(raw), most, most

    def read(self, kind: t.Any) -> t.Any:
        if kind is bytes:
            return self._take(int.from_bytes(self._take(4), "little"))
        if isinstance(kind, list):
            return self._list(kind[0])
        if kind is str:
            return self._take(self._take(1)[0]).decode("ascii", "replace")
        if isinstance(kind, tuple):
            which = self._take(1)[0]
            if which >= len(kind):
                raise WireError(f"no such kind: {which} at offset {self.at - 1}")
            return self.read(kind[which])
        values: t.Tuple[t.Any, ...] = ()
        for step in kind.STEPS:
            if isinstance(step, struct.Struct):
                values += step.unpack(self._take(step.size))
            elif step is bytes:
                values += (self._take(int.from_bytes(self._take(4), "little")),)
            else:
                values += (self.read(step),)
        return tuple.__new__(kind, values)

    def _list(self, kind: t.Any) -> t.Tuple[t.Any, ...]:
        count = int.from_bytes(self._take(2), "little")
        self.left -= count >> 3 if isinstance(kind, str) else count * len(getattr(kind, "STEPS", " "))
        if self.left < 0:
            raise WireError(f"holds more than {self.most:,} values at offset {self.at}")
        size = count * _least(kind)
        if size > self.end - self.at:
            raise WireError(f"ends early: {count} values announced at offset {self.at - 2} of {self.end}")
        if isinstance(kind, str):
            return struct.unpack(f"<{count}{kind}", self._take(size))
        read = self.read
        return tuple([read(kind) for _index in range(count)])

    def _take(self, size: int) -> bytes:
        start, self.at = self.at, self.at + size
        if self.at > self.end:
            raise WireError(f"ends early: {size} bytes wanted at offset {start} of {self.end}")
        return self.raw[start : self.at]
