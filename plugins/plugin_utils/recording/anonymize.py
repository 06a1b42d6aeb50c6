# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replaces the names in a recording by others of the same length.

A name is replaced part by part, where dots, colons and dashes are between the parts: a letter by a letter of the same
case, a digit by a digit. The same part always becomes the same other part, in whatever name and letter case it stands,
and two parts never become the same. So what belonged together before still does. An address keeps the length of each
of its numbers, and two addresses of one network stay in one network.

What becomes of a part follows from a key, by HMAC. The key is random, or made of a phrase: recordings that were made
with the same phrase go together. Nobody can find the names without the key, nor try addresses one after another.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import hmac
import ipaddress
import os
import re
import string
import typing as t

from ...module_utils.abi import layout
from ...module_utils.model import event_codes
from ...module_utils.runner import rows
from . import calls as c
from . import regions

# Discoveries by SendTargets and iSNS tell an address behind an asterisk or colon; iSCSI names and IP addresses may be
# anywhere.
_FOUND = re.compile(
    r"""(?:(?<=\*)(?=\S+[ ]\d{7}[ ])|(?<=iSNS:))(?P<address>\S+)
    |(?i:(?P<kind>iqn\.\d{4}-\d{2}\.(?:com\.microsoft(?=:))?|eui\.|naa\.)(?P<name>[^\s,;|"'\\/*\x00]+))
    |(?<![\w.])(?P<ipv4>\d{1,3}(?:\.\d{1,3}){3})(?![\w.])
    |(?<![\w.:%])(?P<ipv6>[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:%\w+)?)(?![\w.:])""",
    re.VERBOSE,
)
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_UNIQUE_LOCAL = re.compile("f[cd]..")
_PART = re.compile(r"[^\W_]+")
_HEX = re.compile("([0-9a-fA-F]{2})*")
_ADDRESSES = frozenset({"Address", "InitiatorAddress", "TargetAddress", "TextAddress", "SNSServerList"})
_NAMES = frozenset(
    {
        "TargetName",
        "TargetNodeName",
        "InitiatorNodeName",
        "DefaultInitiatorName",
        "SymbolicName",
        "Username",
        "CSName",
        "DNSHostName",
        "PSComputerName",
        "SystemName",
    }
)
# Bytes of rows, in hex, that hold names. (LoginTargetIN: see Microsoft's iscsiop.h and witnesses/sources.py.)
_BINARY = frozenset({"IpV6Address", "Username", "LocalIPAddress", rows.LOGIN_TARGET})
_TEXTS_OF_HEAD = {80: "Address", 620: "InitiatorNodeName", 1580: "TargetName"}
_DUMP = 40  # where the dump data of an event of the driver begins
_LISTS_OF_ADDRESSES = frozenset({"ReportISNSServerListW", "ReportRadiusServerListW"})
_LISTS_OF_NAMES = frozenset({"ReportIScsiTargetsW", "GetIScsiInitiatorNodeNameW"})
_ALIAS = 1  # TARGET_INFORMATION_CLASS of the text that an array calls a target by
_SHORT = 2  # characters of a part that may stay as it is by chance


class Names:
    """Replaces names.

    :param phrase: makes the key; None for a random one.
    """

    def __init__(self, phrase: t.Optional[str] = None) -> None:
        self._key = hashlib.sha256(phrase.encode("utf-8")).digest() if phrase else os.urandom(32)
        self._replaced: t.Dict[t.Tuple[str, ...], str] = {}
        self._taken: t.Set[t.Tuple[str, ...]] = set()
        self._packed: t.Dict[bytes, bytes] = {}  # the addresses replaced so far, in binary

    def replace(self, recording: c.Recording) -> c.Recording:
        """The recording with other names."""
        char = layout.WIDE[recording.host.pointer].char
        return dataclasses.replace(
            recording,
            calls=[self._call(call, char) for call in recording.calls],
            rows=[dataclasses.replace(entry, rows=entry.rows and self._row(entry.rows)) for entry in recording.rows],
        )

    def _call(self, call: c.Call, char: int) -> c.Call:
        arguments = {
            name: self.text(value, name) if isinstance(value, str) else value for name, value in call.arguments.items()
        }
        outputs: t.Dict[str, t.Union[int, c.Memory]] = {}
        for name, value in call.outputs.items():
            if isinstance(value, c.Memory):
                value = c.Memory(value.size, [self._region(region, call, char) for region in value.regions])
            outputs[name] = value
        return dataclasses.replace(call, arguments=arguments, outputs=outputs)

    def _region(self, region: regions.Region, call: c.Call, char: int) -> regions.Region:
        field = _field(region, call)
        if region.kind is regions.TEXT:
            data = layout.encode_text(self.text(layout.decode_text(region.data, char), field), char)[:-char]
        elif region.kind is regions.BLOB:  # a user name, or what a disk says of itself
            data = self.text(region.data.decode("latin-1"), field).encode("latin-1")
        else:
            return region
        return region._replace(data=data if len(data) == len(region.data) else bytes(len(region.data)))

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _row(self, value: t.Any, name: str = "") -> t.Any:
        """A value of a row, with other names in whatever form it has them."""
        if isinstance(value, list):
            return [self._row(member, name) for member in value]
        if isinstance(value, dict):
            found = {self.text(key, "") if name == "values" else key: self._row(value[key], key) for key in value}
            if value.get("binary"):
                found["binary"] = self._event_binary(value)
            return found
        if name == "IpV4Address" and isinstance(value, int) and 0 <= value < 1 << 32:
            return int.from_bytes(self._binary_ipv4(value.to_bytes(4, "little")), "little")
        if not isinstance(value, str):
            return value
        if name not in _BINARY or not _HEX.fullmatch(value):
            return self.text(value, name)
        data = bytearray.fromhex(value)
        if name == "IpV6Address":
            data[:] = self._binary_ipv6(bytes(data))
        elif name == "Username":
            data[:] = self.text(data.decode("latin-1"), name).encode("latin-1")
        elif name == "LocalIPAddress":  # sockaddr_in
            data[4:8] = self._binary_ipv4(bytes(data[4:8]))
        else:
            self._replace_in_head(data)
        return data.hex()

    def _event_binary(self, event: t.Mapping[str, t.Any]) -> t.Optional[str]:
        """The binary of an event of the driver; None unless all names in it are known to be replaced."""
        meaning = event_codes.MEANINGS["iScsiPrt"].get(event.get("id"))
        kind = meaning and meaning.dump
        if kind in (event_codes.LOGIN_RESPONSE, event_codes.STATUS) or not _HEX.fullmatch(event["binary"]):
            return event["binary"] if kind else None
        data = bytes.fromhex(event["binary"])
        if kind == event_codes.ADDRESS:
            known = sorted((old for old in self._packed if old in data), key=len)
            return data.replace(known[-1], self._packed[known[-1]]).hex() if known else None
        if kind == event_codes.NAME:
            for encoding in ("utf-16-le", "ascii"):
                with contextlib.suppress(UnicodeError):
                    text = data[_DUMP:].decode(encoding)
                    if _FOUND.search(text):
                        return (data[:_DUMP] + self.text(text, "").encode(encoding)).hex()
        return None

    def _replace_in_head(self, data: bytearray) -> None:
        """The names in the head of LoginTargetIN: two addresses, and texts behind their lengths in bytes."""
        data[52:56] = self._binary_ipv4(bytes(data[52:56]))
        data[56:72] = self._binary_ipv6(bytes(data[56:72]))
        for offset, field in _TEXTS_OF_HEAD.items():
            size = int.from_bytes(data[offset : offset + 2], "little") & ~1
            text = bytes(data[offset + 2 : offset + 2 + size]).decode("utf-16-le", "replace")
            raw = self.text(text, field).encode("utf-16-le", "surrogatepass")
            if len(raw) == size:
                data[offset + 2 : offset + 2 + size] = raw

    def _binary_ipv4(self, data: bytes) -> bytes:
        return ipaddress.IPv4Address(self._ipv4(str(ipaddress.IPv4Address(data)))).packed if len(data) == 4 else data

    def _binary_ipv6(self, data: bytes) -> bytes:
        return ipaddress.IPv6Address(self._ipv6(str(ipaddress.IPv6Address(data)))).packed if len(data) == 16 else data

    # -- texts ---------------------------------------------------------------------------------------------------------

    def text(self, text: str, field: str) -> str:
        """A text of a field with other names, of the same length in UTF-16."""
        if field in _ADDRESSES:
            return self.address(text)
        if field in _NAMES and not _FOUND.search(text):
            return self._name(text)
        return _FOUND.sub(self._found, text)

    def _found(self, match: t.Match[str]) -> str:
        if match["name"]:
            return match["kind"] + self._name(match["name"], "hex" if len(match["kind"]) == 4 else "name")
        if match["ipv4"]:
            return self._ipv4(match["ipv4"])
        return self._ipv6(match["ipv6"]) if match["ipv6"] else self.address(match["address"])

    def address(self, text: str) -> str:
        """An IP address, or the name of a host."""
        if _IPV4.fullmatch(text):
            return self._ipv4(text)
        return self._ipv6(text) if ":" in text else self._name(text)

    def host_name(self, text: str) -> str:
        """The name of a host."""
        return self.address(text)

    def _name(self, text: str, kind: str = "name") -> str:
        return _PART.sub(lambda match: self._part(match[0], kind), text)

    def _part(self, part: str, kind: str) -> str:
        """Letters and digits, by others of the same kind and letter case."""
        shape = "".join("d" if letter in string.digits else "l" * _units(letter) for letter in part)
        letters = string.ascii_lowercase[:6] if kind == "hex" else string.ascii_lowercase

        def candidate(stream: bytes) -> str:
            return "".join(
                string.digits[byte % 10] if place == "d" else letters[byte % len(letters)]
                for place, byte in zip(shape, stream)
            )

        low = part.lower()
        found = self._choose((kind, low if len(low) == len(part) else part), shape, candidate)
        if len(found) != len(part):  # a letter outside of the Basic Multilingual Plane
            return found
        return "".join(new.upper() if old.isupper() else new for old, new in zip(part, found))

    def _choose(self, original: t.Tuple[str, ...], shape: str, candidate: t.Callable[[bytes], str]) -> str:
        """A replacement that nothing else of the same kind and shape has."""
        if original in self._replaced:
            return self._replaced[original]
        number, scope = 0, (*original[:-1], shape)
        while True:
            found = candidate(self._stream("\0".join((*original, str(number))), len(shape)))
            is_free = (*scope, found) not in self._taken
            if is_free and (found != original[-1] or len(shape) <= _SHORT or number > 1000):
                break
            number += 1
        self._taken.add((*scope, found))
        self._replaced[original] = found
        return found

    def _stream(self, text: str, size: int) -> bytes:
        found = b""
        while len(found) < size:
            found += hmac.digest(self._key, f"{len(found)}\0{text}".encode("utf-8", "surrogatepass"), "sha256")
        return found

    # -- addresses -----------------------------------------------------------------------------------------------------

    def _ipv4(self, text: str) -> str:
        numbers = [int(part) for part in text.split(".")]
        if max(numbers) > 255 or numbers[0] in (0, 127) or numbers[0] > 223:
            return text
        found = []
        for index, part in enumerate(text.split(".")):
            digits = len(str(numbers[index]))
            low, high = (
                10 ** (digits - 1) if digits > 1 or not index else 0,
                min(10**digits, 224 if not index else 256),
            )

            def candidate(stream: bytes, low: int = low, high: int = high) -> str:
                value = low + int.from_bytes(stream, "big") % (high - low)
                return str(value + 1 if value == 127 and len(stream) == 5 else value)

            scope = ("ipv4", ".".join(map(str, numbers[:index])), str(numbers[index]))
            value = self._choose(scope, "ddddd" if not index else "dddd", candidate)
            found.append(value.rjust(len(part), "0"))
        self._note_packed(".".join(map(str, numbers)), ".".join(str(int(part)) for part in found))
        return ".".join(found)

    def _note_packed(self, old: str, new: str) -> None:
        self._packed[ipaddress.ip_address(old).packed] = ipaddress.ip_address(new).packed

    def _ipv6(self, text: str) -> str:
        bare, bracket = text.strip("[]"), text[:1] == "["
        host, percent, scope_id = bare.partition("%")
        try:
            address = ipaddress.IPv6Address(host)
        except ValueError:
            return text
        if address.is_loopback or address.is_unspecified or address.is_multicast:
            return text
        prefix, _colon, last = host.rpartition(":")
        if address.ipv4_mapped is not None and "." in last:
            return text.replace(last, self._ipv4(last))
        values = address.exploded.split(":")
        head, double, tail = host.partition("::")
        front = self._groups(head, values, 0)
        back = self._groups(tail, values, 8 - _group_count(tail))
        self._note_packed(host, front + double + back)
        whole = front + double + back + percent + scope_id
        return f"[{whole}]" if bracket else whole

    def _groups(self, text: str, values: t.Sequence[str], first: int) -> str:
        """Neighbouring groups of an IPv6 address, from the ``first`` of eight on.

        The first group of an address tells what kind of address it is, so it stays, or stays a unique local one.
        """
        found = []
        for index, group in enumerate(text.split(":") if text else (), first):
            if "." in group:
                found.append(self._ipv4(group))
                continue
            low = f"{int(group, 16):x}"
            is_local = not index and _UNIQUE_LOCAL.fullmatch(low)
            if low == "0" or (not index and not is_local):
                found.append(group)
                continue
            least, most = (0xFD00, 0xFE00) if is_local else (16 ** (len(low) - 1), 16 ** len(low))

            def candidate(stream: bytes, least: int = least, most: int = most) -> str:
                return f"{least + int.from_bytes(stream, 'big') % (most - least):x}"

            new = self._choose(("ipv6", ":".join(values[:index]), low), "h" * 8, candidate).rjust(len(group), "0")
            found.append(new.upper() if group.isupper() else new)
        return ":".join(found)


def _field(region: regions.Region, call: c.Call) -> str:
    """The field of a region, by which its text is known for a name or an address."""
    if call.export in _LISTS_OF_ADDRESSES:
        return "Address"
    if call.export in _LISTS_OF_NAMES or call.arguments.get("InfoClass") == _ALIAS:
        return "TargetName"
    return region.field


def _group_count(text: str) -> int:
    return sum(2 if "." in group else 1 for group in text.split(":")) if text else 0


def _units(letter: str) -> int:
    """UTF-16 code units of a character."""
    return 2 if ord(letter) > 0xFFFF else 1
