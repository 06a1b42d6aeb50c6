# Copyright: (c) 2026, winstorage.iscsi contributors
# SPDX-License-Identifier: BSD-2-Clause
"""SCSI responses as bytes and as values: INQUIRY data, capacities, LUN lists and sense data.

Formats are those of T10: SPC-4 (inquiry, VPD pages, REPORT LUNS, sense data), SBC-3 (READ CAPACITY), SAM-5 (LUNs).
Each decoder takes the bytes of one response, ignores what follows the length that the response itself declares, and
raises ScsiError for what is truncated or does not add up. Each encoder is the inverse of its decoder.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..abi import codecs
from .scsi_codes import (
    ADDRESSING,
    ASSOCIATIONS,
    CODE_SETS,
    DESIGNATOR_TYPES,
    DEVICE_TYPES,
    QUALIFIERS,
    SENSE_KEYS,
    SENSE_TEXTS,
)


class ScsiError(ValueError):
    """A response that is truncated or contradicts itself, or a value that no response can carry.

    structure: which response; field: its name in the standard; offset: its first byte in the response.
    """

    def __init__(self, structure: str, field: str, offset: int, problem: str) -> None:
        super().__init__(f"{structure}: {field} at offset {offset}: {problem}")
        self.structure = structure
        self.field = field
        self.offset = offset


class _Response:
    """The bytes of one response; every read is checked and names its field."""

    def __init__(self, structure: str, data: bytes) -> None:
        self.structure = structure
        self.data = bytes(data)

    def error(self, field: str, offset: int, problem: str) -> ScsiError:
        return ScsiError(self.structure, field, offset, problem)

    def take(self, offset: int, size: int, field: str) -> bytes:
        if offset + size > len(self.data):
            raise self.error(field, offset, f"needs {size} bytes, the response ends after {len(self.data)}")
        return self.data[offset : offset + size]

    def number(self, offset: int, size: int, field: str) -> int:
        return int.from_bytes(self.take(offset, size, field), "big")

    def until(self, end: int, field: str, offset: int) -> None:
        """Leaves out what lies behind the length that the response declares, which must be there in full."""
        if end > len(self.data):
            raise self.error(field, offset, f"the response should have {end} bytes and has {len(self.data)}")
        self.data = self.data[:end]

    def code(self, enum: codecs.Enum, value: str, field: str, offset: int) -> int:
        """The number for a name of an enumeration, for the encoders."""
        try:
            return enum.encode(value)
        except codecs.FlagError as error:
            raise self.error(field, offset, str(error)) from None

    def pack(self, value: int, size: int, field: str, offset: int) -> bytes:
        """A number as `size` big-endian bytes, for the encoders."""
        if not 0 <= value < 1 << 8 * size:
            raise self.error(field, offset, f"{value} does not fit {size} bytes")
        return value.to_bytes(size, "big")


def _printable(data: bytes) -> str:
    """Text of a device, without padding; what cannot be printed shows as an escape, never as itself."""
    text = bytes(data).decode("utf-8", "backslashreplace").strip(" \0")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _ascii(response: _Response, text: str, size: int, field: str, offset: int) -> bytes:
    """Text as an ASCII field, padded with spaces to `size` bytes."""
    if not all(" " <= char <= "~" for char in text) or text != text.strip(" ") or len(text) > size:
        raise response.error(field, offset, f"{text!r} is not at most {size} printable ASCII characters, unpadded")
    return text.encode("ascii").ljust(size)


@dataclass(frozen=True)
class StandardInquiry:
    """Standard INQUIRY data. qualifier not_supported means that there is no logical unit at this LUN."""

    vendor: str
    product: str
    revision: str = ""
    device_type: str = "disk"
    qualifier: str = "connected"
    removable: bool = False
    version: int = 6  # SPC-4


def standard_inquiry(data: bytes) -> StandardInquiry:
    """StandardInquiry from at least 36 bytes (SPC-4 6.6.2)."""
    response = _Response("standard INQUIRY data", data)
    first, second = response.number(0, 1, "PERIPHERAL DEVICE TYPE"), response.number(1, 1, "RMB")
    # A response cut at the allocation length keeps its ADDITIONAL LENGTH: only the shorter of the two ends it.
    response.data = response.data[: 5 + response.number(4, 1, "ADDITIONAL LENGTH")]
    return StandardInquiry(
        vendor=_printable(response.take(8, 8, "T10 VENDOR IDENTIFICATION")),
        product=_printable(response.take(16, 16, "PRODUCT IDENTIFICATION")),
        revision=_printable(response.take(32, 4, "PRODUCT REVISION LEVEL")),
        device_type=DEVICE_TYPES.decode(first & 0x1F),
        qualifier=QUALIFIERS.decode(first >> 5),
        removable=bool(second & 0x80),
        version=response.number(2, 1, "VERSION"),
    )


def encode_standard_inquiry(inquiry: StandardInquiry) -> bytes:
    """The 36 bytes for a StandardInquiry."""
    response = _Response("standard INQUIRY data", b"")
    first = response.code(QUALIFIERS, inquiry.qualifier, "PERIPHERAL QUALIFIER", 0) << 5 | response.code(
        DEVICE_TYPES, inquiry.device_type, "PERIPHERAL DEVICE TYPE", 0
    )
    return (
        bytes([first, 0x80 if inquiry.removable else 0])
        + response.pack(inquiry.version, 1, "VERSION", 2)
        + bytes([0x02, 31, 0, 0, 0x02])  # response data format 2; CMDQUE, as every iSCSI disk has it
        + _ascii(response, inquiry.vendor, 8, "T10 VENDOR IDENTIFICATION", 8)
        + _ascii(response, inquiry.product, 16, "PRODUCT IDENTIFICATION", 16)
        + _ascii(response, inquiry.revision, 4, "PRODUCT REVISION LEVEL", 32)
    )


def _vpd_page(data: bytes, structure: str, code: int) -> _Response:
    """The response of a VPD page, cut to its own length, after a check of its code."""
    response = _Response(structure, data)
    found = response.number(1, 1, "PAGE CODE")
    if found != code:
        raise response.error("PAGE CODE", 1, f"expected 0x{code:02x}, found 0x{found:02x}")
    response.until(4 + response.number(2, 2, "PAGE LENGTH"), "PAGE LENGTH", 2)
    return response


def _encode_vpd_page(response: _Response, code: int, payload: bytes) -> bytes:
    return bytes([0, code]) + response.pack(len(payload), 2, "PAGE LENGTH", 2) + payload


def supported_pages(data: bytes) -> t.List[int]:
    """Codes of the VPD pages that a device has, from page 0x00."""
    return list(_vpd_page(data, "Supported VPD Pages page", 0x00).data[4:])


def encode_supported_pages(codes: t.Iterable[int]) -> bytes:
    """Page 0x00 for a list of page codes."""
    response = _Response("Supported VPD Pages page", b"")
    return _encode_vpd_page(response, 0x00, b"".join(response.pack(code, 1, "page code", 4) for code in sorted(codes)))


def unit_serial_number(data: bytes) -> str:
    """The serial number in page 0x80, without padding; "" when the device has none."""
    return _printable(_vpd_page(data, "Unit Serial Number page", 0x80).data[4:])


def encode_unit_serial_number(serial: str) -> bytes:
    """Page 0x80 for a serial number."""
    response = _Response("Unit Serial Number page", b"")
    return _encode_vpd_page(response, 0x80, _ascii(response, serial, len(serial), "PRODUCT SERIAL NUMBER", 4))


@dataclass(frozen=True)
class Designator:
    """An identifier of page 0x83: what it names (association), its type and its bytes as they are."""

    type: str
    data: bytes
    association: str = "logical_unit"
    code_set: str = "binary"

    @property
    def text(self) -> str:
        """As people write it: naa.<hex>, eui.<hex>, text of text types, a number for port numbers, else hex."""
        if self.type in ("naa", "eui64"):
            return self.type[:3] + "." + self.data.hex()
        if self.type == "scsi_name_string" or self.code_set in ("ascii", "utf8"):
            return _printable(self.data)
        if self.type in ("relative_target_port", "target_port_group", "logical_unit_group") and len(self.data) == 4:
            return str(int.from_bytes(self.data[2:], "big"))
        return self.data.hex()


def designator(text: str, association: str = "logical_unit") -> Designator:
    """The Designator that people write so: "naa.6001405...", "eui.0022...", a SCSI name ("iqn...."), or else text
    that begins with a T10 vendor identification of 8 characters."""
    kind, dot, rest = text.partition(".")
    if dot and kind in ("naa", "eui"):
        try:
            return Designator("eui64" if kind == "eui" else "naa", bytes.fromhex(rest), association)
        except ValueError:
            raise ScsiError("Device Identification page", "DESIGNATOR", 8, f"{text!r} is not hexadecimal") from None
    data = text.encode("utf-8")
    if dot and kind == "iqn":
        return Designator("scsi_name_string", data.ljust((len(data) + 4) & ~3, b"\0"), association, "utf8")
    return Designator("t10_vendor_id", data, association, "ascii" if text.isascii() else "utf8")


def device_identification(data: bytes) -> t.List[Designator]:
    """The Designators of page 0x83 in the order of the device (SPC-4 7.8.5)."""
    response = _vpd_page(data, "Device Identification page", 0x83)
    found: t.List[Designator] = []
    offset = 4
    while offset < len(response.data):
        sets, kind = response.number(offset, 1, "CODE SET"), response.number(offset + 1, 1, "DESIGNATOR TYPE")
        length = response.number(offset + 3, 1, "DESIGNATOR LENGTH")
        found.append(
            Designator(
                type=DESIGNATOR_TYPES.decode(kind & 0x0F),
                data=response.take(offset + 4, length, "DESIGNATOR"),
                association=ASSOCIATIONS.decode(kind >> 4 & 0x03),
                code_set=CODE_SETS.decode(sets & 0x0F),
            )
        )
        offset += 4 + length
    return found


def encode_device_identification(designators: t.Iterable[Designator]) -> bytes:
    """Page 0x83 for Designators. The protocol of target port identifiers is not written."""
    response = _Response("Device Identification page", b"")
    payload = b""
    for item in designators:
        at = 4 + len(payload)
        sets = response.code(CODE_SETS, item.code_set, "CODE SET", at)
        kind = response.code(ASSOCIATIONS, item.association, "ASSOCIATION", at + 1) << 4 | response.code(
            DESIGNATOR_TYPES, item.type, "DESIGNATOR TYPE", at + 1
        )
        payload += bytes([sets, kind, 0]) + response.pack(len(item.data), 1, "DESIGNATOR LENGTH", at + 3) + item.data
    return _encode_vpd_page(response, 0x83, payload)


@dataclass(frozen=True)
class Capacity:
    """A device's capacity. block_count is None when READ CAPACITY(10) cannot express it; the last two are None when
    only READ CAPACITY(16) would tell. Block lengths and size are in bytes."""

    block_count: t.Optional[int]
    block_length: int
    physical_block_length: t.Optional[int] = None
    thin: t.Optional[bool] = None

    @property
    def size(self) -> t.Optional[int]:
        return None if self.block_count is None else self.block_count * self.block_length


def read_capacity(data: bytes) -> Capacity:
    """Capacity from the 8 bytes of READ CAPACITY(10) or the 32 of READ CAPACITY(16) (SBC-3 5.16, 5.17)."""
    response = _Response("READ CAPACITY data", data)
    long = len(response.data) > 8
    width = 8 if long else 4
    last = response.number(0, width, "RETURNED LOGICAL BLOCK ADDRESS")
    length = response.number(width, 4, "LOGICAL BLOCK LENGTH IN BYTES")
    if not length:
        raise response.error("LOGICAL BLOCK LENGTH IN BYTES", width, "is zero")
    if not long:
        return Capacity(None if last == 0xFFFFFFFF else last + 1, length)
    response.take(0, 32, "parameter data")
    exponent = response.number(13, 1, "LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT") & 0x0F
    return Capacity(last + 1, length, length << exponent, bool(response.number(14, 1, "LBPME") & 0x80))


def encode_read_capacity(capacity: Capacity) -> bytes:
    """READ CAPACITY(16) data when physical_block_length is given, else READ CAPACITY(10) data, which cannot express
    more than 2**32 - 1 blocks."""
    response = _Response("READ CAPACITY data", b"")
    physical = capacity.physical_block_length
    long = physical is not None
    width = 8 if long else 4
    if capacity.block_length < 1:
        raise response.error("LOGICAL BLOCK LENGTH IN BYTES", width, "is zero")
    if long and capacity.block_count is None:
        raise response.error("RETURNED LOGICAL BLOCK ADDRESS", 0, "READ CAPACITY(16) always has one")
    last = 0xFFFFFFFF if capacity.block_count is None else capacity.block_count - 1
    head = response.pack(
        last if long else min(last, 0xFFFFFFFF), width, "RETURNED LOGICAL BLOCK ADDRESS", 0
    ) + response.pack(capacity.block_length, 4, "LOGICAL BLOCK LENGTH IN BYTES", width)
    if physical is None:
        return head
    exponent = (physical // capacity.block_length).bit_length() - 1
    if not 0 <= exponent < 16 or capacity.block_length << exponent != physical:
        raise response.error(
            "LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT",
            13,
            f"{physical} is no block length times a power of two up to 15",
        )
    return head + bytes([0, exponent, 0x80 if capacity.thin else 0]) + bytes(17)


@dataclass(frozen=True)
class Lun:
    """An 8-byte LUN: number as people count (None when its addressing has no plain number), method, raw as hex."""

    number: t.Optional[int]
    addressing: str
    raw: str


def _lun(raw: bytes) -> Lun:
    method = ADDRESSING.decode(raw[0] >> 6)
    number = None
    if not any(raw[2:]):
        if method == "flat":
            number = (raw[0] & 0x3F) << 8 | raw[1]
        elif method == "peripheral" and raw[0] == 0:
            number = raw[1]
    return Lun(number, method, raw.hex())


def report_luns(data: bytes) -> t.List[Lun]:
    """The Luns of REPORT LUNS data (SPC-4 6.33, SAM-5 4.7)."""
    response = _Response("REPORT LUNS data", data)
    length = response.number(0, 4, "LUN LIST LENGTH")
    if length % 8:
        raise response.error("LUN LIST LENGTH", 0, f"{length} is not a multiple of 8")
    response.until(8 + length, "LUN LIST LENGTH", 0)
    return [_lun(response.take(offset, 8, "LUN")) for offset in range(8, 8 + length, 8)]


def encode_report_luns(numbers: t.Iterable[int]) -> bytes:
    """REPORT LUNS data for LUN numbers: up to 255 in peripheral addressing, up to 16383 in flat."""
    response = _Response("REPORT LUNS data", b"")
    luns = b""
    for number in numbers:
        if not 0 <= number < 1 << 14:
            raise response.error("LUN", 8 + len(luns), f"{number} is not within 0 to 16383")
        luns += (number if number < 256 else 0x4000 | number).to_bytes(2, "big") + bytes(6)
    return response.pack(len(luns), 4, "LUN LIST LENGTH", 0) + bytes(4) + luns


@dataclass(frozen=True)
class Sense:
    """Why a command ended with CHECK CONDITION; deferred when it is about an earlier command."""

    key: str
    asc: int
    ascq: int
    deferred: bool = False

    @property
    def text(self) -> str:
        return SENSE_TEXTS.get((self.asc, self.ascq), f"additional sense code 0x{self.asc:02x}/0x{self.ascq:02x}")


def sense(data: bytes) -> Sense:
    """Sense from fixed (0x70, 0x71) or descriptor (0x72, 0x73) format sense data (SPC-4 4.5)."""
    response = _Response("sense data", data)
    code = response.number(0, 1, "RESPONSE CODE") & 0x7F
    if not 0x70 <= code <= 0x73:
        raise response.error("RESPONSE CODE", 0, f"0x{code:02x} is not 0x70 to 0x73")
    key, asc, ascq = (2, 12, 13) if code < 0x72 else (1, 2, 3)
    return Sense(
        key=SENSE_KEYS.decode(response.number(key, 1, "SENSE KEY") & 0x0F),
        asc=response.number(asc, 1, "ADDITIONAL SENSE CODE"),
        ascq=response.number(ascq, 1, "ADDITIONAL SENSE CODE QUALIFIER"),
        deferred=bool(code & 1),
    )


def encode_sense(value: Sense, descriptor: bool = False) -> bytes:
    """Sense data of 18 bytes in fixed format, or of 8 bytes in descriptor format without descriptors."""
    response = _Response("sense data", b"")
    key, asc, ascq = (1, 2, 3) if descriptor else (2, 12, 13)
    data = bytearray(8 if descriptor else 18)
    data[0] = (0x72 if descriptor else 0x70) | value.deferred
    data[key] = response.code(SENSE_KEYS, value.key, "SENSE KEY", key)
    data[asc : asc + 1] = response.pack(value.asc, 1, "ADDITIONAL SENSE CODE", asc)
    data[ascq : ascq + 1] = response.pack(value.ascq, 1, "ADDITIONAL SENSE CODE QUALIFIER", ascq)
    if not descriptor:
        data[7] = len(data) - 8
    return bytes(data)
