# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Records to plain dicts and back: what facts, diffs and JSON are made of.

The dataclass itself is the only description. A field that is shown otherwise than it is stored names its codec in its
metadata (:func:`shown_as`); a field that changes with every login is marked private there.
"""

from __future__ import annotations

import dataclasses
import functools
import string
import typing as t

# The plain form of a record. Values are what JSON knows: dict, list, str, int, bool, None.
Plain = t.Dict[str, t.Any]


class Codec(t.Protocol):
    """Turns the value of a field into what is shown, and back."""

    def decode(self, raw: t.Any) -> t.Any:
        """What is shown."""

    def encode(self, value: t.Any) -> t.Any:
        """What is stored."""


class UserName:
    """User names are counted bytes: shown as text if they are plain ASCII, otherwise as hex after 0x."""

    _TEXT = frozenset(string.printable.encode()) - frozenset(b"\t\n\r\x0b\x0c")

    @classmethod
    def decode(cls, raw: bytes) -> str:
        if set(raw) <= cls._TEXT and not raw.startswith(b"0x"):
            return raw.decode("ascii")
        return "0x" + raw.hex()

    @staticmethod
    def encode(value: str) -> bytes:
        return bytes.fromhex(value[2:]) if value.startswith("0x") else value.encode("utf-8")


class Hex:
    """Bytes, shown as pairs of hex digits."""

    @staticmethod
    def decode(raw: bytes) -> str:
        return raw.hex("-")

    @staticmethod
    def encode(value: str) -> bytes:
        return bytes.fromhex(value.replace("-", ""))


def shown_as(codec: t.Optional[Codec], private: bool = False) -> t.Dict[str, t.Any]:
    """Metadata of a dataclass field: the codec of its value, and whether it changes with every login."""
    return {"codec": codec, "private": private}


PRIVATE = shown_as(None, private=True)


class _Field(t.NamedTuple):
    name: str
    codec: t.Optional[Codec]
    record_type: t.Optional[type]  # of the record, or of the records in a list, that the field holds
    private: bool
    required: bool  # has no default


@functools.lru_cache(maxsize=None)
def _fields(record_type: t.Any) -> t.Tuple[_Field, ...]:
    hints = t.get_type_hints(record_type)
    return tuple(
        _Field(
            field.name,
            field.metadata.get("codec"),
            _record_type(hints[field.name]),
            field.metadata.get("private", False),
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(record_type)
    )


def _record_type(hint: t.Any) -> t.Optional[type]:
    """The dataclass within a type hint such as ``Optional[List[Device]]``, or None."""
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return hint
    return next(filter(None, map(_record_type, t.get_args(hint))), None)


def to_dict(record: t.Any, private: bool = True) -> t.Any:
    """The plain form of a record, of a list of records, or of a value that is plain already.

    :param private: include the fields that change with every login.
    """
    if isinstance(record, list):
        return [to_dict(element, private) for element in record]
    if not dataclasses.is_dataclass(record):
        return record
    record_type: t.Any = type(record)
    plain: Plain = {}
    for field in _fields(record_type):
        if field.private and not private:
            continue
        value = getattr(record, field.name)
        plain[field.name] = field.codec.decode(value) if field.codec and value is not None else to_dict(value, private)
    return plain


def from_dict(record_type: t.Any, plain: t.Any) -> t.Any:
    """The record, or list of records, whose plain form this is.

    Unknown keys are ignored. Fields that are absent or null take their default; a null field without a default is None.
    """
    if isinstance(plain, list):
        return [from_dict(record_type, element) for element in plain]
    if not isinstance(plain, dict):
        return plain
    values: Plain = {}
    for field in _fields(record_type):
        value = plain.get(field.name)
        if value is not None:
            values[field.name] = _load(field, value)
        elif field.required and field.name in plain:
            values[field.name] = None
    return record_type(**values)


def _load(field: _Field, value: t.Any) -> t.Any:
    if field.codec:
        return field.codec.encode(value)
    return from_dict(field.record_type, value) if field.record_type else value
