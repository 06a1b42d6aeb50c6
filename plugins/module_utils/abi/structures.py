# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The structures of iscsidsc.dll, read like the header, laid out as a Windows compiler lays them out.

Source: Microsoft SDK header iscsidsc.h (also ntddscsi.h for SCSI_ADDRESS and winioctl.h for STORAGE_DEVICE_NUMBER).
The header has no ``#pragma pack``: natural alignment. Nothing here asks the platform for a size: ULONG is 32 bits,
WCHAR 16 bits, everything little-endian, wherever this runs. One declaration serves four layouts (:data:`X64_W`,
:data:`X64_A`, :data:`X86_W`, :data:`X86_A`).

A pointer field names what it points to, which field counts it and which bit must be set for it to mean anything;
decoding and encoding of whole records (:mod:`memory`) follow from that.
"""

from __future__ import annotations

import codecs
import collections
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


class Pointer(t.NamedTuple):
    """A pointer; ``to`` is a Structure or one of TEXT, BLOB and SECRET.

    ``count`` names the sibling field with the number of elements (bytes for BLOB and SECRET), absent where it points
    to one. ``when`` is (sibling field, bit): unless that bit is set the pointer and its count are not promised to
    mean anything.
    """

    to: t.Any
    count: t.Optional[str] = None
    when: t.Optional[t.Tuple[str, int]] = None


_ROWS_AT_ONCE = 128  # raw records held in memory while decoding

TEXT = "text"  # NUL-terminated, in the characters of the form
BLOB = "blob"  # length-counted bytes
SECRET = "secret"  # length-counted bytes that are written, but never read back

UCHAR = BOOLEAN = Scalar("B", 1)
USHORT = Scalar("H", 2)
ULONG = ENUM = Scalar("I", 4)
ULONGLONG = Scalar("Q", 8)


class Structure:
    """A named list of fields. ``layout(abi)`` is where they lie."""

    def __init__(self, name, **fields):
        self.name = name
        self.fields = fields
        self.record = collections.namedtuple(name, fields)
        self._layouts = {}

    def layout(self, abi):
        if abi not in self._layouts:
            self._layouts[abi] = Layout(self, abi)
        return self._layouts[abi]

    def __repr__(self):
        return f"<{self.name}>"


class Field(t.NamedTuple):
    """Where a field lies: bytes from the start of its structure."""

    name: str
    offset: int
    size: int
    kind: t.Any


class Follow(t.NamedTuple):
    """A pointer of a flattened structure: positions are indexes into the flat tuple of values.

    ``unit``: bytes of one element that it leads to, 0 for text, whose length shows only there. ``nothing``: what a null
    one reads as.
    """

    path: str
    position: int
    offset: int
    pointer: Pointer
    count: t.Optional[int]
    when: t.Optional[t.Tuple[int, int]]
    unit: int
    nothing: t.Any


class Layout:
    """A structure in one ABI: size and alignment in bytes, the fields' offsets, and its values as one flat ``struct``.

    Nested structures are flattened, so that one C call reads a whole record.
    """

    def __init__(self, structure, abi):
        self.structure, self.abi = structure, abi
        self.fields, self.align = [], 1
        self._texts, self._nested, self.follows, self._slots = [], [], [], []
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
        self._link_pointers()

    def _place(self, name, kind, offset):
        """Note one field's part in the flat tuple; return its struct code."""
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

    def _link_pointers(self):
        positions = {path: position for position, (path, _offset, _kind) in enumerate(self._slots)}
        for position, (path, offset, kind) in enumerate(self._slots):
            if not isinstance(kind, Pointer):
                continue
            parent = path.rpartition(".")[0]
            sibling = (parent + "." if parent else "") + "%s"
            count = positions[sibling % kind.count] if kind.count else None
            when = (positions[sibling % kind.when[0]], kind.when[1]) if kind.when else None
            points_to_structure = isinstance(kind.to, Structure)
            unit = kind.to.layout(self.abi).size if points_to_structure else 0 if kind.to is TEXT else 1
            nothing = () if points_to_structure and kind.count else None
            self.follows.append(Follow(path, position, offset, kind, count, when, unit, nothing))

    def offset_of(self, path):
        """The offset in bytes of a field, ``"LoginOptions.Username"`` for one of a nested structure."""
        name, _dot, rest = path.partition(".")
        field = next(field for field in self.fields if field.name == name)
        return field.offset + (field.kind.layout(self.abi).offset_of(rest) if rest else 0)

    def unpack(self, buffer, offset=0, resolve=None):
        """The structure at ``offset`` as a named tuple (nested ones inside); text up to its NUL, as str.

        ``resolve(layout, follow, address, count)`` turns each pointer into what it leads to; without it pointers stay
        integers.
        """
        return self.unpack_all(buffer, offset, 1, resolve)[0]

    def unpack_all(self, buffer, offset, count, resolve=None):
        """``count`` structures in a row: see :meth:`unpack`."""
        view, found = memoryview(buffer), []
        for start in range(0, count, _ROWS_AT_ONCE):
            stop = min(start + _ROWS_AT_ONCE, count)
            rows = self._struct.iter_unpack(view[offset + start * self.size : offset + stop * self.size])
            found.extend(self._records(list(zip(*rows)), resolve))
        return found

    def _records(self, columns, resolve):
        """Named tuples from columns of raw values: by column, little is left for the interpreter to do per record."""
        for position in self._texts:
            columns[position] = self._decoded(columns[position])
        for follow in self.follows if resolve else ():
            columns[follow.position] = self._resolved(follow, columns, resolve)
        for start, stop, record in self._nested:  # each leaves one column in place of its fields: those behind move up
            columns[start:stop] = [_tuples(record, columns[start:stop])]
        return _tuples(self.structure.record, columns)

    def _decoded(self, raws):
        if raws.count(raws[0]) == len(raws):  # often: one initiator instance, no symbolic names
            return [self._text(raws[0])] * len(raws)
        return _wide_texts(raws) if self.abi.char == 2 else map(self._text, raws)

    def _resolved(self, follow, columns, resolve):
        addresses = columns[follow.position]
        if not any(addresses):
            return [follow.nothing] * len(addresses)
        counts = itertools.repeat(None) if follow.count is None else columns[follow.count]
        position, bit = follow.when or (follow.position, -1)
        return [
            resolve(self, follow, address, count) if address and count != 0 and said & bit else follow.nothing
            for address, count, said in zip(addresses, counts, columns[position])
        ]

    def pack(self, values):
        """The bytes of the structure from a mapping (nested ones too). Omitted is zero; pointers are integers."""
        data = bytearray(self.size)
        self._pack_into(data, 0, values)
        return data

    def _pack_into(self, data, base, values):
        unknown = set(values) - set(self.structure.fields)
        if unknown:
            raise LayoutError("{} has no field {}".format(self.structure.name, ", ".join(sorted(unknown))))
        for field in self.fields:
            value = values.get(field.name)
            if value is None:
                continue
            if isinstance(field.kind, Structure):
                field.kind.layout(self.abi)._pack_into(data, base + field.offset, value)
            else:
                raw = self._raw(field, value)
                data[base + field.offset : base + field.offset + len(raw)] = raw

    def _raw(self, field, value):
        where = f"{self.structure.name}.{field.name}"
        if isinstance(field.kind, Chars):
            raw = encode_text(value, self.abi.char, where)
            if len(raw) > field.size:
                raise LayoutError(
                    f"{where} holds at most {field.kind.length - 1} characters, got {len(raw) // self.abi.char - 1}"
                )
            return raw
        if isinstance(field.kind, Bytes):
            if len(value) != field.size:
                raise LayoutError(f"{where} holds exactly {field.size} bytes, got {len(value)}")
            return bytes(value)
        if not 0 <= value < 1 << 8 * field.size:
            raise LayoutError(f"{where} holds {8 * field.size} bits, which the number given does not fit")
        return value.to_bytes(field.size, "little")


def _tuples(kind, columns):
    return map(tuple.__new__, itertools.repeat(kind), zip(*columns))


def _aligned(offset, align):
    return -(-offset // align) * align


def _extent(kind, abi):
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


def text_length(raw, char, start=0):
    """Bytes of the text at ``start`` before its NUL, or -1 when none follows."""
    if char == 1:
        return raw.find(b"\0", start) - start if raw.find(b"\0", start) >= 0 else -1
    at = raw.find(b"\0\0", start)
    while at >= 0 and (at - start) & 1:  # two zero bytes that belong to two neighbouring characters
        at = raw.find(b"\0\0", at + 1)
    return at - start if at >= 0 else -1


def _wide_text(raw, decode=codecs.utf_16_le_decode):
    return decode(raw, "replace", True)[0].partition("\0")[0]


def _wide_texts(raws):
    """The texts of arrays of one size. Decoded as one, which costs half; a pair of surrogates breaks their step."""
    size = len(raws[0]) // 2
    joined = codecs.utf_16_le_decode(b"".join(raws), "replace", True)[0]
    if len(joined) != size * len(raws):
        return map(_wide_text, raws)
    return [joined[at : at + size].partition("\0")[0] for at in range(0, len(joined), size)]


def _ansi_text(raw):
    return raw.partition(b"\0")[0].decode("latin-1")


def decode_text(raw, char):
    """Text without its NUL. The A forms are in the host's code page, not known here: every byte is kept as Latin-1."""
    return raw.decode("utf-16-le", "replace") if char == 2 else raw.decode("latin-1")


def encode_text(text, char, where="text"):
    """NUL-terminated bytes of ``text``."""
    if "\0" in text:
        raise LayoutError(f"{where}: text cannot hold a NUL character")
    try:
        return (text + "\0").encode("utf-16-le" if char == 2 else "latin-1")
    except UnicodeEncodeError:
        raise LayoutError(f"{where}: holds a character that the DLL's text cannot express") from None


# -- the structures, in the header's order -----------------------------------------------------------------------------

MAX_ISCSI_HBANAME_LEN = 256
MAX_ISCSI_NAME_LEN = 223
MAX_ISCSI_PORTAL_NAME_LEN = 256
MAX_ISCSI_PORTAL_ADDRESS_LEN = 256
MAX_PATH = 260
ISCSI_ANY_INITIATOR_PORT = 0xFFFFFFFF  # also ISCSI_ALL_INITIATOR_PORTS: any for a login, all for a removal

_INSTANCE = Chars(MAX_ISCSI_HBANAME_LEN)
_NODE_NAME = Chars(MAX_ISCSI_NAME_LEN + 1)
_PORTAL = {
    "SymbolicName": Chars(MAX_ISCSI_PORTAL_NAME_LEN),
    "Address": Chars(MAX_ISCSI_PORTAL_ADDRESS_LEN),
    "Socket": USHORT,
}

ISCSI_LOGIN_OPTIONS = Structure(
    "ISCSI_LOGIN_OPTIONS",
    Version=ULONG,
    InformationSpecified=ULONG,
    LoginFlags=ULONG,
    AuthType=ENUM,
    HeaderDigest=ENUM,
    DataDigest=ENUM,
    MaximumConnections=ULONG,
    DefaultTime2Wait=ULONG,
    DefaultTime2Retain=ULONG,
    UsernameLength=ULONG,
    PasswordLength=ULONG,
    Username=Pointer(BLOB, count="UsernameLength", when=("InformationSpecified", 0x20)),
    Password=Pointer(SECRET, count="PasswordLength", when=("InformationSpecified", 0x40)),
)
IKE_AUTHENTICATION_PRESHARED_KEY = Structure(
    "IKE_AUTHENTICATION_PRESHARED_KEY",
    SecurityFlags=ULONGLONG,
    IdType=UCHAR,
    IdLengthInBytes=ULONG,
    Id=Pointer(BLOB, count="IdLengthInBytes"),
    KeyLengthInBytes=ULONG,
    Key=Pointer(SECRET, count="KeyLengthInBytes"),
)
IKE_AUTHENTICATION_INFORMATION = Structure(
    "IKE_AUTHENTICATION_INFORMATION", AuthMethod=ENUM, PsKey=IKE_AUTHENTICATION_PRESHARED_KEY
)
ISCSI_UNIQUE_SESSION_ID = Structure("ISCSI_UNIQUE_SESSION_ID", AdapterUnique=ULONGLONG, AdapterSpecific=ULONGLONG)
ISCSI_UNIQUE_CONNECTION_ID = ISCSI_UNIQUE_SESSION_ID  # a typedef in the header
SCSI_LUN_LIST = Structure("SCSI_LUN_LIST", OSLUN=ULONG, TargetLUN=ULONGLONG)
ISCSI_TARGET_MAPPING = Structure(
    "ISCSI_TARGET_MAPPING",
    InitiatorName=_INSTANCE,
    TargetName=_NODE_NAME,
    OSDeviceName=Chars(MAX_PATH),
    SessionId=ISCSI_UNIQUE_SESSION_ID,
    OSBusNumber=ULONG,
    OSTargetNumber=ULONG,
    LUNCount=ULONG,
    LUNList=Pointer(SCSI_LUN_LIST, count="LUNCount"),
)
ISCSI_TARGET_PORTAL = Structure("ISCSI_TARGET_PORTAL", **_PORTAL)
ISCSI_TARGET_PORTAL_INFO = Structure(
    "ISCSI_TARGET_PORTAL_INFO", InitiatorName=_INSTANCE, InitiatorPortNumber=ULONG, **_PORTAL
)
ISCSI_TARGET_PORTAL_INFO_EX = Structure(
    "ISCSI_TARGET_PORTAL_INFO_EX",
    InitiatorName=_INSTANCE,
    InitiatorPortNumber=ULONG,
    **_PORTAL,
    SecurityFlags=ULONGLONG,
    LoginOptions=ISCSI_LOGIN_OPTIONS,
)
ISCSI_TARGET_PORTAL_GROUP = Structure(
    "ISCSI_TARGET_PORTAL_GROUP", Count=ULONG, Portals=ISCSI_TARGET_PORTAL
)  # Portals[1]: the first of Count
PERSISTENT_ISCSI_LOGIN_INFO = Structure(
    "PERSISTENT_ISCSI_LOGIN_INFO",
    TargetName=_NODE_NAME,
    IsInformationalSession=BOOLEAN,
    InitiatorInstance=_INSTANCE,
    InitiatorPortNumber=ULONG,
    TargetPortal=ISCSI_TARGET_PORTAL,
    SecurityFlags=ULONGLONG,
    Mappings=Pointer(ISCSI_TARGET_MAPPING),
    LoginOptions=ISCSI_LOGIN_OPTIONS,
)
ISCSI_CONNECTION_INFO = Structure(
    "ISCSI_CONNECTION_INFO",
    ConnectionId=ISCSI_UNIQUE_CONNECTION_ID,
    InitiatorAddress=Pointer(TEXT),
    TargetAddress=Pointer(TEXT),
    InitiatorSocket=USHORT,
    TargetSocket=USHORT,
    CID=Bytes(2),
)
ISCSI_SESSION_INFO = Structure(
    "ISCSI_SESSION_INFO",
    SessionId=ISCSI_UNIQUE_SESSION_ID,
    InitiatorName=Pointer(TEXT),
    TargetNodeName=Pointer(TEXT),
    TargetName=Pointer(TEXT),
    ISID=Bytes(6),
    TSID=Bytes(2),
    ConnectionCount=ULONG,
    Connections=Pointer(ISCSI_CONNECTION_INFO, count="ConnectionCount"),
)
ISCSI_CONNECTION_INFO_EX = Structure(
    "ISCSI_CONNECTION_INFO_EX",
    ConnectionId=ISCSI_UNIQUE_CONNECTION_ID,
    State=UCHAR,
    Protocol=UCHAR,
    HeaderDigest=UCHAR,
    DataDigest=UCHAR,
    MaxRecvDataSegmentLength=ULONG,
    AuthType=ENUM,
    EstimatedThroughput=ULONGLONG,
    MaxDatagramSize=ULONG,
)
ISCSI_SESSION_INFO_EX = Structure(
    "ISCSI_SESSION_INFO_EX",
    SessionId=ISCSI_UNIQUE_SESSION_ID,
    InitialR2t=BOOLEAN,
    ImmediateData=BOOLEAN,
    Type=UCHAR,
    DataSequenceInOrder=BOOLEAN,
    DataPduInOrder=BOOLEAN,
    ErrorRecoveryLevel=UCHAR,
    MaxOutstandingR2t=ULONG,
    FirstBurstLength=ULONG,
    MaxBurstLength=ULONG,
    MaximumConnections=ULONG,
    ConnectionCount=ULONG,
    Connections=Pointer(ISCSI_CONNECTION_INFO_EX, count="ConnectionCount"),
)
SCSI_ADDRESS = Structure("SCSI_ADDRESS", Length=ULONG, PortNumber=UCHAR, PathId=UCHAR, TargetId=UCHAR, Lun=UCHAR)
GUID = Structure("GUID", Data1=ULONG, Data2=USHORT, Data3=USHORT, Data4=Bytes(8))
STORAGE_DEVICE_NUMBER = Structure("STORAGE_DEVICE_NUMBER", DeviceType=ULONG, DeviceNumber=ULONG, PartitionNumber=ULONG)
ISCSI_DEVICE_ON_SESSION = Structure(
    "ISCSI_DEVICE_ON_SESSION",
    InitiatorName=_INSTANCE,
    TargetName=_NODE_NAME,
    ScsiAddress=SCSI_ADDRESS,
    DeviceInterfaceType=GUID,
    DeviceInterfaceName=Chars(MAX_PATH),
    LegacyName=Chars(MAX_PATH),
    StorageDeviceNumber=STORAGE_DEVICE_NUMBER,
    DeviceInstance=ULONG,
)
ISCSI_VERSION_INFO = Structure("ISCSI_VERSION_INFO", MajorVersion=ULONG, MinorVersion=ULONG, BuildNumber=ULONG)

STRUCTURES = {value.name: value for value in list(globals().values()) if isinstance(value, Structure)}
