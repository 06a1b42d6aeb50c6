# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Values that a person declares: checked, and turned into what records hold.

Theory of operation of this package. A declaration says what a host shall be. Whatever it leaves out is unmanaged; there
is no default that changes anything. :mod:`declaration` parses it by the table of :mod:`parts`. :mod:`planner` compares
it with a snapshot of the host and writes a plan: data, with a reason for each step, and with a refusal for whatever
stands in the way, so that nothing is touched unless all of it can be done. :mod:`apply` carries a plan out in one batch
of calls (:mod:`change_batch`), reads the host again in the same batch, and judges by that what became of the plan
(:mod:`outcome`).

Three facts of the API give the package its shape. Nothing can be edited: a change is a removal and a new save. A secret
cannot be read back: only somebody who knows it can save its record again. And a removal cannot name one record: it
takes every login of a target that its four values match. So most of the code is about not losing what it did not mean
to touch.

This module is the lowest: the types of single values, and the error that names the option it is about.
"""

from __future__ import annotations

import re
import typing as t

from ..abi.structures import MAX_ISCSI_PORTAL_ADDRESS_LEN
from ..model import addresses, names, records

UNSPECIFIED = "unspecified"  # declares that Windows shall hold no value
CHAP_SECRET_BYTES = (12, 16)  # observed: 16 are accepted; the messages of 0xEFFF004B and 0xEFFF004C
RADIUS_SECRET_BYTES = (22, 26)  # documentation of SetIScsiInitiatorRADIUSSharedSecret
KEY_BYTES = (1, 255)

ByteLimits = t.Tuple[int, int]
Plain = t.Mapping[str, t.Any]  # options as a task gives them


class DeclarationError(ValueError):
    """A declaration that cannot be meant. The text names the option and never shows a secret."""


class Codec(t.Protocol):
    """Turns a declared value into the raw one of a record (``encode``) and back (``decode``)."""

    def encode(self, value: t.Any) -> t.Any:
        """The raw value of what was declared."""

    def decode(self, raw: t.Any) -> t.Any:
        """A raw value as people write it."""


class Secret:
    """Bytes that show themselves nowhere."""

    __slots__ = ("_bytes",)

    def __init__(self, raw: bytes) -> None:
        self._bytes = raw

    def reveal(self) -> bytes:
        """The bytes, for the memory block that takes them."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._bytes)

    def __repr__(self) -> str:
        return "<secret>"

    @classmethod
    def of(cls, text: t.Any, option: str, limits: ByteLimits) -> Secret:
        """From text, or from hex digits after 0x as iscsicli takes them. ``limits``: least and most bytes."""
        if not isinstance(text, str):
            raise DeclarationError(f"{option}: expected text, not a {_type_name(text)}")
        try:
            raw = bytes.fromhex(text[2:]) if text.lower().startswith("0x") else text.encode("ascii")
        except ValueError:
            raise DeclarationError(
                f"{option}: expected ASCII text, or 0x followed by pairs of hexadecimal digits"
            ) from None
        least, most = limits
        if not least <= len(raw) <= most:
            raise DeclarationError(f"{option}: the secret has {len(raw)} bytes; expected {least} to {most}")
        return cls(raw)


def _type_name(value: t.Any) -> str:
    names = ((bool, "boolean"), (t.Mapping, "mapping"), ((list, tuple), "list"), ((int, float), "number"))
    return next((name for kind, name in names if isinstance(value, kind)), "value of another type")


class Number:
    """Whole numbers from ``least`` to ``most``."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def encode(self, value: t.Any) -> int:
        try:
            number = int(str(value), 10)
        except ValueError:
            number = None
        if number is None or not self.least <= number <= self.most:
            raise DeclarationError(f"expected a whole number from {self.least} to {self.most}, not {value!r}")
        return number

    def decode(self, raw: int) -> int:
        return raw


class Text:
    """Text of at most ``most`` characters."""

    def __init__(self, most: int) -> None:
        self.most = most

    def encode(self, value: str) -> str:
        if "\0" in value:
            raise DeclarationError("expected text without NUL characters")
        if len(value) > self.most:
            raise DeclarationError(f"expected text of at most {self.most} characters, this has {len(value)}")
        return value

    def decode(self, raw: str) -> str:
        return raw


class Choice:
    """One of some words, in any letter case."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def encode(self, value: str) -> str:
        if value.lower() not in self.words:
            raise DeclarationError(f"expected {' or '.join(self.words)}, not {value!r}")
        return value.lower()

    def decode(self, raw: str) -> str:
        return raw


class Boolean:
    """Yes or no, as Ansible takes it."""

    WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}

    def encode(self, value: t.Any) -> bool:
        if str(value).lower() not in self.WORDS:
            raise DeclarationError(f"expected true or false, not {value!r}")
        return self.WORDS[str(value).lower()]

    def decode(self, raw: bool) -> bool:
        return raw


U32, U64 = Number(0, 0xFFFFFFFF), Number(0, (1 << 64) - 1)


class ScsiNumbers:
    """bus, target_number and luns of a :class:`records.Mapping`."""

    KEYS = ("bus", "target_number", "luns")

    @classmethod
    def encode(cls, value: Plain) -> records.Mapping:
        unknown = set(value) - set(cls.KEYS)
        if unknown:
            raise DeclarationError(f"unknown key {', '.join(sorted(unknown))}; the keys are {', '.join(cls.KEYS)}")
        luns = [
            records.Lun(U32.encode(lun["os_lun"]), U64.encode(lun["target_lun"])) for lun in value.get("luns") or ()
        ]
        return records.Mapping("", "", "", U32.encode(value["bus"]), U32.encode(value["target_number"]), luns)

    @staticmethod
    def decode(raw: records.Mapping) -> t.Dict[str, t.Any]:
        luns = [{"os_lun": lun.os_lun, "target_lun": lun.target_lun} for lun in raw.luns]
        return {"bus": raw.bus, "target_number": raw.target_number, "luns": luns}


class PortalList:
    """The portals of a static target as people write them. Windows takes at most one; hosts may report more."""

    @staticmethod
    def encode(value: t.Iterable[t.Any]) -> t.List[records.Portal]:
        portals = in_order(socket(entry, f"[{index}]") for index, entry in enumerate(value))
        if len(portals) > 1:
            raise DeclarationError(
                f"expected at most one portal, this has {len(portals)}. Windows refuses a static target with more "
                "(ERROR_INVALID_PARAMETER). Name the others in the logins to the target, or have it discovered"
            )
        return portals

    @staticmethod
    def decode(raw: t.Iterable[records.Portal]) -> t.List[str]:
        return [addresses.host_port(portal.address, portal.port) for portal in raw]


def in_order(portals: t.Iterable[records.Portal]) -> t.List[records.Portal]:
    """Portals sorted by address and port."""
    return sorted(portals, key=lambda portal: (portal.address, portal.port))


def target_name(text: str, where: str) -> str:
    """An iSCSI name as it was declared; Windows compares names without letter case."""
    if not isinstance(text, str) or not names.is_iscsi_name(text):
        raise DeclarationError(f"{where}: {text!r} is not an iSCSI name. Expected {names.ACCEPTED_FORMS}")
    return text


_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
_DIGITS = re.compile(r"[0-9.]+")


def address(text: str, where: str) -> str:
    """An IP address in canonical form, or a host name as it is."""
    bare = text.strip()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    if addresses.is_numeric(bare) and "[" not in bare and "]" not in bare:
        return addresses.canonical(bare)
    if not _HOST_NAME.fullmatch(bare) or _DIGITS.fullmatch(bare) or len(bare) >= MAX_ISCSI_PORTAL_ADDRESS_LEN:
        raise DeclarationError(f"{where}: {text!r} is neither an IPv4 or IPv6 address nor a host name")
    return bare


def socket(plain: t.Any, where: str) -> records.Portal:
    """A portal from a mapping with address and port, or from text: 192.0.2.21, [2001:db8::21]:3260."""
    if isinstance(plain, str):
        host, tcp_port = addresses.split_host_port(plain)
        plain = {"address": host, "port": tcp_port}
    known = {"address", "port", "symbolic_name"}
    if not isinstance(plain, t.Mapping) or set(plain) - known or not plain.get("address"):
        raise DeclarationError(
            f"{where}: expected an address such as 192.0.2.21, 192.0.2.21:3260 or [2001:db8::21]:3260, "
            "or a mapping with address and port"
        )
    port = addresses.DEFAULT_PORT
    if plain.get("port") is not None:
        port = number(plain["port"], f"{where}.port", 1, 65535)
    return records.Portal(address(plain["address"], f"{where}.address"), port)


def portal(plain: t.Any, where: str) -> t.Optional[records.Portal]:
    """The same, but None for None, which means any portal."""
    return None if plain is None else socket(plain, where)


def number(value: t.Any, where: str, least: int, most: int) -> int:
    """A whole number in a range; the error names ``where``."""
    try:
        return Number(least, most).encode(value)
    except DeclarationError as error:
        raise DeclarationError(f"{where}: {error}") from None


def secret(plain: Plain, option: str, limits: ByteLimits, where: str = "") -> t.Optional[Secret]:
    """The secret of an option, or None where it is not declared."""
    text = plain.get(option)
    return None if text is None else Secret.of(text, f"{where}.{option}" if where else option, limits)


def is_present(plain: Plain) -> bool:
    """Whether ``state`` declares presence, which is the default."""
    return (plain.get("state") or "present") != "absent"
