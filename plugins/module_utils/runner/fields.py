# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Values as little-endian bytes, by the fields that their classes name.

``FIELDS`` of a class is its exact order: a letter for an integer (as in :mod:`struct`), ``str`` for text (u8 length,
ASCII), ``bytes`` (u32 length), a class for its fields in turn, ``[class]`` or ``["I"]`` for a u16 count and that many;
``(class, ...)`` for a u8 that says which class follows.
"""

from __future__ import annotations

import struct
import typing as t

_Class = t.TypeVar("_Class", bound=type)


class WireError(ValueError):
    """Text that is not a batch or an answer of this version."""


def on_wire(*fields: t.Any) -> t.Callable[[_Class], _Class]:
    """Give a class its ``FIELDS``. (They are no annotated field, so the body of a NamedTuple cannot hold them.)"""

    def give(kind: _Class) -> _Class:
        kind.FIELDS = fields  # type: ignore[attr-defined]
        return kind

    return give


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
    """Reads values by the same FIELDS; every length is checked against what is left."""

    def __init__(self, raw: bytes, at: int) -> None:
        self.raw, self.at = raw, at

    def read(self, kind: t.Any) -> t.Any:
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

    def _integer(self, code: str) -> int:
        return int.from_bytes(self._take(struct.calcsize("<" + code)), "little")

    def _take(self, size: int) -> bytes:
        if size > len(self.raw) - self.at:
            raise WireError(f"ends early: {size} bytes wanted at offset {self.at} of {len(self.raw)}")
        self.at += size
        return self.raw[self.at - size : self.at]
