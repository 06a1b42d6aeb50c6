# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the memory of an output holds, field by field.

A recording keeps only bytes that belong to a field. Windows may leave anything between the fields and behind the end of
a text, secrets of other programs included; such bytes never leave this module. What a secret pointer leads to is left
out as well, even where another field claims the same bytes.

The walk never fails on what a host sent. A pointer, count or length that leads outside the memory is not followed, and
stays in the recording as it is, so that a replay meets the same error as the original.
"""

from __future__ import annotations

import json
import typing as t

from ...module_utils.abi import codecs, layout, prototypes
from ...module_utils.abi import structures as s

MAX_REGIONS = 1 << 19  # of an output
TEXT, BLOB, NUMBER, POINTER = "text", "blob", "number", "pointer"
_WORDS: t.Dict[str, t.Any] = {
    "SecurityFlags": codecs.SECURITY_FLAGS,
    "LoginFlags": codecs.LOGIN_FLAGS,
    "InformationSpecified": codecs.INFORMATION_SPECIFIED,
    "AuthType": codecs.AUTH_TYPES,
    "HeaderDigest": codecs.DIGEST_TYPES,
    "DataDigest": codecs.DIGEST_TYPES,
}


class TooLarge(Exception):
    """More fields than a recording holds."""


class Region(t.NamedTuple):
    """Bytes of one field.

    :param kind: TEXT, BLOB, NUMBER or POINTER.
    :param name: the field, such as "[0].TargetPortal.Address".
    """

    offset: int
    data: bytes
    kind: str
    name: str

    @property
    def field(self) -> str:
        """The name without the structures around it."""
        return self.name.rpartition(".")[2]

    def words(self, char: int) -> str:
        """The value for a person, in ASCII."""
        if self.kind is TEXT:
            return json.dumps(layout.decode_text(self.data, char))
        if self.kind is BLOB:
            return json.dumps("".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in self.data))
        value = int.from_bytes(self.data, "little")
        if self.kind is POINTER:
            return f"-> {value:#x}" if value else "null"
        codec = _WORDS.get(self.field)
        if isinstance(codec, codecs.FlagSet):
            found = codec.decode(value)
            names = found["names"] + ([found["unknown"]] if found["unknown"] else [])
            return " ".join([str(value), *([f"({', '.join(names)})"] if names else [])])
        return f"{value} ({codec.decode(value)})" if codec else f"{value:#x}" if value > 1 << 16 else str(value)


def find_regions(
    function: prototypes.Function,
    name: str,
    arguments: t.Mapping[str, t.Any],
    numbers: t.Mapping[str, int],
    data: bytes,
    base: int,
    abi: layout.Abi,
) -> t.List[Region]:
    """The regions of an output.

    :param arguments: what the call was made with, as far as it is numbers.
    :param numbers: the outputs of the same run that are numbers.
    :param data: the memory of the output, which began at the address ``base``.
    """
    walk = _Walk(data, base, abi)
    argument = function.argument(name)
    size = function.size_of(name)
    used = min(len(data), numbers.get(size.name, 0) * unit_of(size, argument, abi)) if size else len(data)
    if argument.kind is prototypes.ARRAY:
        walk.records(argument.structure, numbers.get(argument.count or "", 0), 0, "")
    elif argument.kind is prototypes.STRUCT:
        walk.structure(argument.structure, 0, "")
    elif argument.kind is prototypes.LIST:
        walk.texts(used)
    elif argument.kind is prototypes.FIXED_TEXT:
        walk.text(0, len(data), "")
    elif "InfoClass" in arguments:
        walk.information(arguments["InfoClass"], used)
    else:
        walk.add(0, used, BLOB, "")
    return walk.finish()


def unit_of(size: prototypes.Argument, buffer: prototypes.Argument, abi: layout.Abi) -> int:
    """The bytes that a size of 1 stands for."""
    if size.unit == "elements":
        return buffer.structure.layout(abi).size
    return abi.char if size.unit == "chars" else 1


class _Walk:
    def __init__(self, data: bytes, base: int, abi: layout.Abi) -> None:
        self.data, self.base, self.abi = data, base, abi
        self.found: t.Dict[t.Tuple[int, int], Region] = {}
        self.seen: t.Set[t.Tuple[int, str]] = set()
        self.secrets: t.List[t.Tuple[int, int]] = []

    def finish(self) -> t.List[Region]:
        """The regions in order, without the bytes of secrets."""
        regions = sorted(self.found.values(), key=lambda region: region.offset)
        if self.secrets:
            regions = [self._without_secrets(region) for region in regions]
        return regions

    def _without_secrets(self, region: Region) -> Region:
        if region.kind in (NUMBER, POINTER):  # these are the record itself, which no secret covers
            return region
        data = bytearray(region.data)
        for start, end in self.secrets:
            first, last = max(start - region.offset, 0), min(end - region.offset, len(data))
            if first < last:
                data[first:last] = bytes(last - first)
        return region._replace(data=bytes(data))

    def add(self, offset: int, size: int, kind: str, name: str) -> None:
        """Note a field that lies inside the memory."""
        if size <= 0 or offset < 0 or offset + size > len(self.data):
            return
        if len(self.found) >= MAX_REGIONS:
            raise TooLarge()
        self.found.setdefault((offset, size), Region(offset, self.data[offset : offset + size], kind, name))

    def text(self, offset: int, room: int, name: str) -> int:
        """Note the text at an offset. Returns its size in bytes, with its NUL if there is one."""
        data = self.data[offset : offset + max(0, room)]
        length = layout.text_length(data, self.abi.char)
        size = len(data) - len(data) % self.abi.char if length < 0 else length
        self.add(offset, size, TEXT, name)
        return size + (0 if length < 0 else self.abi.char)

    def texts(self, used: int) -> None:
        offset, number = 0, 0
        while offset + self.abi.char <= used and any(self.data[offset : offset + self.abi.char]):
            offset += self.text(offset, used - offset, f"[{number}]")
            number += 1

    def records(self, structure: layout.Structure, count: int, offset: int, name: str) -> None:
        size = structure.layout(self.abi).size
        for number in range(count):
            if offset < 0 or offset + size > len(self.data):
                return
            self.structure(structure, offset, f"{name}[{number}]")
            offset += size

    def structure(self, structure: layout.Structure, offset: int, name: str) -> None:
        if (offset, structure.name) in self.seen or offset + structure.layout(self.abi).size > len(self.data):
            return
        self.seen.add((offset, structure.name))
        prefix = f"{name}." if name else ""
        for field in structure.layout(self.abi).fields:
            at = offset + field.offset
            if isinstance(field.kind, layout.Structure):
                self.structure(field.kind, at, prefix + field.name)
            elif isinstance(field.kind, layout.Chars):
                self.text(at, field.size, prefix + field.name)
            elif isinstance(field.kind, layout.Bytes):
                self.add(at, field.size, BLOB, prefix + field.name)
            else:
                pointer = isinstance(field.kind, layout.Pointer)
                self.add(at, field.size, POINTER if pointer else NUMBER, prefix + field.name)
        for field in structure.layout(self.abi).fields:
            if isinstance(field.kind, layout.Pointer):
                self._follow(structure, field, offset, prefix + field.name)

    def _follow(self, structure: layout.Structure, field: layout.Field, offset: int, name: str) -> None:
        kind = field.kind
        if not isinstance(kind, layout.Pointer):
            return
        address = self._number(offset + field.offset, field.size)
        count = self._sibling(structure, offset, kind.count) if kind.count else 1
        is_given = not kind.when or self._sibling(structure, offset, kind.when[0]) & kind.when[1]
        at = address - self.base
        if not (address and count and is_given and 0 <= at < len(self.data)):
            return
        if kind.to is layout.SECRET:
            self.secrets.append((at, at + count))
        elif kind.to is layout.TEXT:
            self.text(at, len(self.data) - at, name)
        elif kind.to is layout.BLOB:
            self.add(at, count, BLOB, name)
        elif isinstance(kind.to, layout.Structure) and kind.count:
            self.records(kind.to, count, at, name)
        elif isinstance(kind.to, layout.Structure):
            self.structure(kind.to, at, name)

    def _sibling(self, structure: layout.Structure, offset: int, name: str) -> int:
        field = next(field for field in structure.layout(self.abi).fields if field.name == name)
        return self._number(offset + field.offset, field.size)

    def _number(self, offset: int, size: int) -> int:
        return int.from_bytes(self.data[offset : offset + size], "little")

    # -- what is known of a target -------------------------------------------------------------------------------------

    def information(self, info_class: int, used: int) -> None:
        """The buffer of GetIScsiTargetInformationW."""
        kind, structure = next(
            ((kind, type_) for number, kind, type_ in prototypes.TARGET_INFORMATION.values() if number == info_class),
            (None, None),
        )
        if kind is prototypes.NUMBER and isinstance(structure, layout.Scalar):
            self.add(0, structure.size, NUMBER, "")
        elif kind is prototypes.TEXT:
            self.text(0, used, "")
        elif kind is prototypes.LIST:
            self.texts(used)
        elif kind is prototypes.PORTAL_GROUPS:
            self._portal_groups(used)
        elif isinstance(structure, layout.Structure):
            self.structure(structure, 0, "")

    def _portal_groups(self, used: int) -> None:
        """The portals of each group, in the spacing that finds more of them: see queries.read_portal_groups."""
        self.add(0, 4, NUMBER, "Count")
        portal = s.ISCSI_TARGET_PORTAL.layout(self.abi).size
        padding = s.ISCSI_TARGET_PORTAL_GROUP.layout(self.abi).size - 4 - portal
        walks = [self._groups(used, portal, spare) for spare in (padding, 0)]
        for number, (offset, count) in enumerate(max(walks, key=lambda groups: sum(size for _at, size in groups))):
            self.add(offset, 4, NUMBER, f"[{number}].Count")
            self.records(s.ISCSI_TARGET_PORTAL, count, offset + 4, f"[{number}].Portals")

    def _groups(self, used: int, portal: int, spare: int) -> t.List[t.Tuple[int, int]]:
        """(offset, number of portals) of each group; none unless all fit and every portal has an address."""
        groups: t.List[t.Tuple[int, int]] = []
        address = s.ISCSI_TARGET_PORTAL.layout(self.abi).offset_of("Address")
        offset = 4
        for _index in range(min(self._number(0, 4), used // 4)):
            count = self._number(offset, 4)
            first = offset + 4 + address
            if offset + 4 + count * portal > used or not all(
                self._number(first + number * portal, self.abi.char) for number in range(count)
            ):
                return []
            groups.append((offset, count))
            offset += 4 if not count else (4 + count * portal + spare + 3) & ~3
        return groups
