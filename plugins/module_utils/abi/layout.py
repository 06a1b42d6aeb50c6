# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What describes a structure of the DLL, and where its fields lie: one declaration, four layouts.

The theory of this package. The DLL is known by its header alone, and a header says nothing of bytes: a compiler decides
them. So the collection keeps what the header says (:mod:`structures`, :mod:`prototypes`: tables in its own words and
order) apart from what a Windows compiler makes of it (this module). The header has no ``#pragma pack``: natural
alignment. Nothing here asks the platform for a size: ULONG has 32 bits, WCHAR 16, and everything is little-endian,
wherever this runs. For the same bytes are read on a Linux controller, on a Windows host and in tests, which compare
what follows from the tables with real compilers for x64 and x86. Layouts differ by the width of a pointer and of a
character (:class:`Abi`): one declaration serves all four.
A pointer field names what it leads to, which field counts it, and which bit must be set for it to mean anything.
Decoding and encoding whole records, with all that hangs on them, follow from that (:mod:`memory`): no structure has
code of its own. What comes from a host is not trusted: a pointer, a count or a length that leads outside the memory
captured is an error that names structure, field and offset, and no answer costs more than its size warrants.

What numbers mean is no matter of layout: :mod:`codecs` has the words for flags and enumerations, :mod:`status` those
for the results of calls. Nothing in this package knows what a login is, or what runs a call.
"""

from __future__ import annotations

import codecs
import collections
import dataclasses
import itertools
import struct
import typing as t


class Abi(t.NamedTuple):
    """What makes two layouts of one structure differ. Sizes in bytes."""

    pointer: int  # 8 on x64, 4 on x86
    char: int  # 2 in the W form, 1 in the A form


X64_W, X64_A, X86_W, X86_A = Abi(8, 2), Abi(8, 1), Abi(4, 2), Abi(4, 1)
WIDE = {abi.pointer: abi for abi in (X64_W, X86_W)}


class LayoutError(ValueError):
    """A value that does not fit the field it was given for; names structure and field, never the value."""


class Scalar(t.NamedTuple):
    """An unsigned integer: its struct code and its size (and alignment) in bytes."""

    code: str
    size: int


class Chars(t.NamedTuple):
    """An array of WCHAR or CHAR that holds NUL-terminated text."""

    length: int


class Bytes(t.NamedTuple):
    """An array of UCHAR."""

    length: int


TEXT = "text"  # NUL-terminated, in the characters of the form
BLOB = "blob"  # length-counted bytes
SECRET = "secret"  # length-counted bytes that are written, but never read back


@dataclasses.dataclass(frozen=True)
class Pointer:
    """A pointer; ``to`` is a Structure or one of TEXT, BLOB and SECRET.

    ``count`` names the sibling field with the number of elements (bytes for BLOB and SECRET), absent where it points
    to a single structure. ``when`` is (sibling field, bit): unless that bit is set the pointer and its count are not
    promised to mean anything.
    """

    to: t.Union[Structure, str]
    count: t.Optional[str] = None
    when: t.Optional[t.Tuple[str, int]] = None


# The end of a message that a limit was met: a host may honestly hold more than is read at a time.
READ_LESS = "read less of this host at a time: of its facts, leave out sessions, mappings or targets"

Values = t.Mapping[str, t.Any]  # of the fields of a structure, by name
Record = t.Any  # a named tuple with the fields of its structure
_Columns = t.List[t.Any]  # for each flattened field the values of all rows
Resolve = t.Callable[["Layout", "Follow", int, t.Optional[int]], t.Any]

_ROWS_AT_ONCE = 128  # raw records held in memory while decoding

UCHAR = BOOLEAN = Scalar("B", 1)
USHORT = Scalar("H", 2)
ULONG = ENUM = Scalar("I", 4)
ULONGLONG = Scalar("Q", 8)


class Structure:
    """A named list of fields. ``layout(abi)`` is where they lie."""

    def __init__(self, name: str, **fields: Kind) -> None:
        self.name = name
        self.fields = fields
        self.record: t.Type[t.Tuple[t.Any, ...]] = _named_tuple(name, tuple(fields))
        self._layouts: t.Dict[Abi, Layout] = {}

    def layout(self, abi: Abi) -> Layout:
        if abi not in self._layouts:
            self._layouts[abi] = Layout(self, abi)
        return self._layouts[abi]

    def __repr__(self) -> str:
        return f"<{self.name}>"


Kind = t.Union[Scalar, Chars, Bytes, Pointer, Structure]


def _named_tuple(name: str, fields: t.Tuple[str, ...]) -> t.Type[t.Tuple[t.Any, ...]]:
    make: t.Callable[..., t.Type[t.Tuple[t.Any, ...]]] = collections.namedtuple  # its fields are known only at run time
    return make(name, fields)


class Field(t.NamedTuple):
    """Where a field lies: bytes from the start of its structure."""

    name: str
    offset: int
    size: int
    kind: Kind


@dataclasses.dataclass(frozen=True)
class Follow:
    """A pointer of a flattened structure: positions are indexes into the flat tuple of values.

    ``unit``: bytes of an element that it leads to, 0 for text, whose length shows only there. ``nothing``: what a null
    pointer reads as.
    """

    path: str
    position: int
    offset: int
    pointer: Pointer
    count: t.Optional[int]
    when: t.Optional[t.Tuple[int, int]]
    unit: int
    nothing: t.Optional[t.Tuple[()]]


class Layout:
    """A structure in one ABI: size and alignment in bytes, the fields' offsets, and its values as one flat ``struct``.

    Nested structures are flattened, so that one C call reads a whole record.
    """

    def __init__(self, structure: Structure, abi: Abi) -> None:
        self.structure, self.abi = structure, abi
        self.fields: t.List[Field] = []
        self.align = 1
        self.follows: t.List[Follow] = []
        self._texts: t.List[int] = []  # positions of text in the flat tuple
        self._nested: t.List[t.Tuple[int, int, t.Type[t.Tuple[t.Any, ...]]]] = []  # (first position, end, record)
        self._slots: t.List[t.Tuple[str, int, Kind]] = []  # (path, offset, kind) by position
        code, end = ["<"], 0
        for name, kind in structure.fields.items():
            size, align = _extent(kind, abi)
            offset = _aligned(end, align)
            code.append(f"{offset - end}x" + self._place(name, kind, offset))
            self.fields.append(Field(name, offset, size, kind))
            self.align = max(self.align, align)
            end = offset + size
        self.size = _aligned(end, self.align)
        self.code = "".join(code)[1:] + f"{self.size - end}x"
        self._struct = struct.Struct("<" + self.code)
        self._text = _wide_text if abi.char == 2 else _ansi_text
        self._by_name = {field.name: field for field in self.fields}
        self._link_pointers()

    def _place(self, name: str, kind: Kind, offset: int) -> str:
        """Note a field's part in the flat tuple; return its struct code."""
        position = len(self._slots)
        if isinstance(kind, Structure):
            inner = kind.layout(self.abi)
            inside = [(position + start, position + stop, record) for start, stop, record in inner._nested]
            outer = (position, position + len(kind.fields), kind.record)
            self._nested = inside + [outer] + self._nested  # the last first, the inner before the outer: see _records
            self._texts.extend(position + at for at in inner._texts)
            self._slots.extend((name + "." + path, offset + at, inner_kind) for path, at, inner_kind in inner._slots)
            return inner.code
        self._slots.append((name, offset, kind))
        if isinstance(kind, Chars):
            self._texts.append(position)
            return f"{kind.length * self.abi.char}s"
        if isinstance(kind, Bytes):
            return f"{kind.length}s"
        if isinstance(kind, Pointer):
            return "Q" if self.abi.pointer == 8 else "I"
        return kind.code

    def _link_pointers(self) -> None:
        positions = {path: position for position, (path, _offset, _kind) in enumerate(self._slots)}
        for position, (path, offset, kind) in enumerate(self._slots):
            if not isinstance(kind, Pointer):
                continue
            parent = path.rpartition(".")[0]
            sibling = (parent + "." if parent else "") + "%s"
            count = positions[sibling % kind.count] if kind.count else None
            when = (positions[sibling % kind.when[0]], kind.when[1]) if kind.when else None
            nothing = () if isinstance(kind.to, Structure) and kind.count else None
            self.follows.append(Follow(path, position, offset, kind, count, when, self._unit(kind.to), nothing))

    def _unit(self, target: t.Union[Structure, str]) -> int:
        if isinstance(target, Structure):
            return target.layout(self.abi).size
        return 0 if target is TEXT else 1

    def offset_of(self, path: str) -> int:
        """The offset in bytes of a field, ``"LoginOptions.Username"`` for one of a nested structure."""
        name, _dot, rest = path.partition(".")
        field = next(field for field in self.fields if field.name == name)
        inside = field.kind.layout(self.abi).offset_of(rest) if rest and isinstance(field.kind, Structure) else 0
        return field.offset + inside

    def unpack(self, buffer: bytes, offset: int = 0, resolve: t.Optional[Resolve] = None) -> Record:
        """The structure at ``offset`` as a named tuple (nested ones inside); text up to its NUL, as str.

        ``resolve(layout, follow, address, count)`` turns each pointer into what it leads to; without it pointers stay
        integers.
        """
        return self.unpack_all(buffer, offset, 1, resolve)[0]

    def unpack_all(self, buffer: bytes, offset: int, count: int, resolve: t.Optional[Resolve] = None) -> t.List[Record]:
        """``count`` structures in a row: see :meth:`unpack`."""
        view = memoryview(buffer)
        found: t.List[Record] = []
        for start in range(0, count, _ROWS_AT_ONCE):
            stop = min(start + _ROWS_AT_ONCE, count)
            rows = self._struct.iter_unpack(view[offset + start * self.size : offset + stop * self.size])
            found.extend(self._records(list(zip(*rows)), resolve))
        return found

    def _records(self, columns: _Columns, resolve: t.Optional[Resolve]) -> t.Iterable[Record]:
        """Named tuples from columns of raw values: by column, little is left for the interpreter to do per record.

        For example two in a row of a structure of Name (text), Portal (a structure: Address, Socket), Count, and Items
        (a pointer to Count structures). ``struct`` gives two flat rows, which the caller has turned into columns::

            (b"a\\0", b"b\\0")(b"::1\\0", b"::2\\0")(3260, 3261)(2, 0)(0x1040, 0)

        The texts are decoded, and each pointer is replaced by what it leads to, with its own row's count::

            ["a", "b"]["::1", "::2"](3260, 3261)(2, 0)[[item, item], ()]

        The columns 1 and 2 are fields of Portal, so ``(1, 3, Portal)`` is in ``_nested``: one column replaces them::

            ["a", "b"][Portal("::1", 3260), Portal("::2", 3261)](2, 0)[[item, item], ()]

        A row of these columns is a record.
        """
        for position in self._texts:
            columns[position] = self._decoded(columns[position])
        if resolve is not None:
            for follow in self.follows:
                columns[follow.position] = self._resolved(follow, columns, resolve)
        for start, stop, record in self._nested:  # the last first, so that no position before it moves
            columns[start:stop] = [_tuples(record, columns[start:stop])]
        return _tuples(self.structure.record, columns)

    def _decoded(self, raws: t.Tuple[bytes, ...]) -> t.Iterable[str]:
        if raws.count(raws[0]) == len(raws):  # often: a single initiator instance, no symbolic names
            return [self._text(raws[0])] * len(raws)
        return _wide_texts(raws) if self.abi.char == 2 else map(self._text, raws)

    def _resolved(self, follow: Follow, columns: _Columns, resolve: Resolve) -> t.List[t.Any]:
        addresses = columns[follow.position]
        if not any(addresses):
            return [follow.nothing] * len(addresses)
        counts = itertools.repeat(None) if follow.count is None else columns[follow.count]
        position, bit = follow.when or (follow.position, -1)
        return [
            resolve(self, follow, address, count) if address and count != 0 and specified & bit else follow.nothing
            for address, count, specified in zip(addresses, counts, columns[position])
        ]

    def pack(self, values: Values) -> bytearray:
        """The bytes of the structure from a mapping (nested ones too). Omitted is zero; pointers are integers."""
        data = bytearray(self.size)
        self._pack_into(data, 0, values)
        return data

    def _pack_into(self, data: bytearray, base: int, values: Values) -> None:
        for name, value in values.items():
            field = self._by_name.get(name)
            if field is None:
                unknown = sorted(set(values) - set(self.structure.fields))
                raise LayoutError(f"{self.structure.name} has no field {', '.join(unknown)}")
            if value is None:
                continue
            start = base + field.offset
            if isinstance(field.kind, Structure):
                field.kind.layout(self.abi)._pack_into(data, start, value)
            elif isinstance(field.kind, (Chars, Bytes)):
                raw = self._raw(field, value)
                data[start : start + len(raw)] = raw
            else:
                try:
                    data[start : start + field.size] = value.to_bytes(field.size, "little")
                except OverflowError:
                    problem = f"holds {8 * field.size} bits, which the number given does not fit"
                    raise LayoutError(f"{self.structure.name}.{name} {problem}") from None

    def _raw(self, field: Field, value: t.Any) -> bytes:
        where = f"{self.structure.name}.{field.name}"
        if isinstance(field.kind, Chars):
            raw = encode_text(value, self.abi.char, where)
            if len(raw) > field.size:
                raise LayoutError(
                    f"{where} holds at most {field.kind.length - 1} characters, got {len(raw) // self.abi.char - 1}"
                )
            return raw
        if len(value) != field.size:
            raise LayoutError(f"{where} holds exactly {field.size} bytes, got {len(value)}")
        return bytes(value)


def _tuples(kind: t.Type[t.Tuple[t.Any, ...]], columns: _Columns) -> t.Iterable[Record]:
    return map(tuple.__new__, itertools.repeat(kind), zip(*columns))


def _aligned(offset: int, align: int) -> int:
    return -(-offset // align) * align


def _extent(kind: Kind, abi: Abi) -> t.Tuple[int, int]:
    """(size, alignment) of a field, in bytes."""
    if isinstance(kind, Structure):
        layout = kind.layout(abi)
        return layout.size, layout.align
    if isinstance(kind, Chars):
        return kind.length * abi.char, abi.char
    if isinstance(kind, Bytes):
        return kind.length, 1
    if isinstance(kind, Pointer):
        return abi.pointer, abi.pointer
    return kind.size, kind.size


def text_length(raw: bytes, char: int, start: int = 0) -> int:
    """Bytes of the text at ``start`` before its NUL, or -1 when none follows."""
    at = raw.find(bytes(char), start)
    if at < 0 or (at - start) % char == 0:
        return at - start if at >= 0 else -1
    # two zero bytes that belong to neighbouring characters: there may be many, so the search is not by bytes
    size = 1 << 10
    while True:
        text = decode_text(raw[start : start + size], char)
        if "\0" in text:
            return len(text.partition("\0")[0].encode("utf-16-le"))
        if start + size >= len(raw):
            return -1
        size *= 4


def _wide_text(raw: bytes) -> str:
    return codecs.utf_16_le_decode(raw, "replace", True)[0].partition("\0")[0]


def _wide_texts(raws: t.Tuple[bytes, ...]) -> t.Iterable[str]:
    """The texts of arrays of the same size. Decoding them as a single text costs half.

    Where a pair of surrogates makes the decoded text shorter than its bytes, each array is decoded alone.
    """
    size = len(raws[0]) // 2
    joined = codecs.utf_16_le_decode(b"".join(raws), "replace", True)[0]
    if len(joined) != size * len(raws):
        return map(_wide_text, raws)
    return [joined[at : at + size].partition("\0")[0] for at in range(0, len(joined), size)]


def _ansi_text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("latin-1")


def decode_text(raw: bytes, char: int) -> str:
    """Text without its NUL. The A forms are in the host's code page, not known here: every byte is kept as Latin-1."""
    return raw.decode("utf-16-le", "replace") if char == 2 else raw.decode("latin-1")


def encode_text(text: str, char: int, where: str = "text") -> bytes:
    """NUL-terminated bytes of ``text``."""
    if "\0" in text:
        raise LayoutError(f"{where}: text cannot hold a NUL character")
    try:
        return (text + "\0").encode("utf-16-le" if char == 2 else "latin-1")
    except UnicodeEncodeError:
        raise LayoutError(f"{where}: holds a character that the DLL's text cannot express") from None
