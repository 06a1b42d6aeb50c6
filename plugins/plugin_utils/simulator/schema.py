# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of values in a file that a person writes. Each kind loads one value, with a clear error, and dumps it again.

``load(value, where)`` returns the value in the form that the program uses. ``dump`` is its inverse, so that
``load(dump(load(x))) == load(x)``. ``where`` is the path in the file, such as ``persistent_logins[1].portal.port``.
"""

from __future__ import annotations

import difflib
import re

from ...module_utils.abi import codecs
from .errors import HostFileError

_LONGEST = 200  # characters of a wrong value in an error


def nearest(word, valid):
    """ " (did you mean x?)" or nothing."""
    near = difflib.get_close_matches(str(word).lower(), [str(name) for name in valid], n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _named(value):
    if value is None:
        return "nothing"
    try:
        shown = repr(value)
    except (RecursionError, ValueError):  # nested, or a number of thousands of digits
        shown = "that is too large to show"
    return f"{type(value).__name__} {shown if len(shown) <= _LONGEST else shown[:_LONGEST] + '...'}"


class Kind:
    """Any value. It is loaded unchanged."""

    def load(self, value, where):
        return value

    def dump(self, value):
        return value


class Text(Kind):
    """Text of at most ``longest`` characters that matches ``pattern``, if given. ``example`` describes the pattern."""

    def __init__(self, longest=255, pattern=None, example=None):
        self.longest = longest
        self.pattern, self.example = re.compile(pattern) if pattern else None, example

    def load(self, value, where):
        if not isinstance(value, str):
            raise HostFileError(where, f"expected text, found {_named(value)}")
        if len(value) > self.longest or "\0" in value:
            raise HostFileError(where, f"at most {self.longest} characters, none of them NUL; these are {len(value)}")
        if self.pattern and not self.pattern.fullmatch(value):
            raise HostFileError(where, f"{value!r} does not look like {self.example}")
        return value


class Blob(Kind):
    """Counted bytes: text if they are plain ASCII, otherwise ``0x`` and hex digits. No error shows them: secrets."""

    _PLAIN = re.compile(rb"(?!0x)[ -~]*")

    def load(self, value, where):
        if value is None or isinstance(value, bytes):
            return value
        if not isinstance(value, str):
            raise HostFileError(where, "expected text, or 0x and hex digits (put numbers into quotes)")
        if not value.startswith("0x"):
            return value.encode("utf-8")
        try:
            return bytes.fromhex(value[2:])
        except ValueError:
            raise HostFileError(where, "0x is not followed by pairs of hex digits") from None

    def dump(self, value):
        if value is None:
            return None
        return value.decode("ascii") if self._PLAIN.fullmatch(value) else "0x" + value.hex()


class Number(Kind):
    """A whole number. ``words`` are names for some of the numbers."""

    def __init__(self, least, most, words=()):
        self.least, self.most, self.words = least, most, dict(words)
        self._names = {value: name for name, value in self.words.items()}

    def load(self, value, where):
        if isinstance(value, str) and value.lower() in self.words:
            return self.words[value.lower()]
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            names = "".join(f"{name} or " for name in self.words)
            raise HostFileError(
                where, f"expected {names}a number from {self.least} to {self.most}, found {_named(value)}"
            )
        return value

    def dump(self, value):
        return self._names.get(value, value)


class Size(Kind):
    """A size in bytes: a number, optionally with K, M, G or T (powers of 1024)."""

    _UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

    def load(self, value, where):
        found = re.fullmatch(r"([0-9]+) ?([KMGT]?)(?:i?B)?", str(value), re.IGNORECASE)
        if isinstance(value, bool) or not found:
            raise HostFileError(where, f"expected a size such as 512M, 100G or 2T, found {_named(value)}")
        return int(found.group(1)) * self._UNITS[found.group(2).upper()]


class Truth(Kind):
    """true or false."""

    def load(self, value, where):
        if not isinstance(value, bool):
            raise HostFileError(where, f"expected true or false, found {_named(value)}")
        return value


class Choice(Kind):
    """One of several names, in any letter case."""

    def __init__(self, *names):
        self.names = names

    def load(self, value, where):
        if not isinstance(value, str) or value.lower() not in self.names:
            raise HostFileError(
                where,
                "expected one of {}; found {}{}".format(
                    ", ".join(self.names), _named(value), nearest(value, self.names)
                ),
            )
        return value.lower()


class Coded(Kind):
    """Names of a codec of :mod:`abi.codecs`, as a list for a flag set. Values without a name are numbers."""

    def __init__(self, codec):
        self.codec = codec

    def load(self, value, where):
        try:
            return self.codec.encode(value)
        except codecs.FlagError as error:
            raise HostFileError(where, str(error)) from None

    def dump(self, value):
        found = self.codec.decode(value)
        return found["names"] + ([found["unknown"]] if found["unknown"] else []) if isinstance(found, dict) else found


class List(Kind):
    """A list of values of one kind. ``copies``: an element may have a key ``copies`` with its number."""

    def __init__(self, kind, copies=False):
        self.kind, self.copies = kind, copies

    def load(self, value, where):
        if not isinstance(value, (list, tuple)):
            raise HostFileError(where, f"expected a list, found {_named(value)}")
        found = []
        for index, element in enumerate(value):
            here, times = f"{where}[{index}]", 1
            if self.copies and isinstance(element, dict) and "copies" in element:
                times = Number(0, 512).load(element["copies"], here + ".copies")
                element = {name: field for name, field in element.items() if name != "copies"}
            found.extend(self.kind.load(element, here) for _copy in range(times))
        return found

    def dump(self, value):
        return [self.kind.dump(element) for element in value]


class Map(Kind):
    """A mapping with any keys and with values of one kind."""

    def __init__(self, kind):
        self.kind = kind

    def load(self, value, where):
        if not isinstance(value, dict):
            raise HostFileError(where, f"expected names with values, found {_named(value)}")
        return {str(name): self.kind.load(element, f"{where}.{name}") for name, element in value.items()}

    def dump(self, value):
        return {name: self.kind.dump(element) for name, element in value.items()}


REQUIRED = object()


class Table(Kind):
    """A mapping with known fields: name in the file -> (kind, default as written in the file[, name in the program]).

    ``short`` turns a value that is not a mapping (an address, a number) into a mapping.
    """

    def __init__(self, fields, short=None):
        self.fields = {name: row if len(row) == 3 else (*row, name) for name, row in fields.items()}
        self.short = short

    def load(self, value, where):
        if self.short and isinstance(value, (str, int)) and not isinstance(value, bool):
            value = self.short(value, where)
        value = {} if value is None else value
        if not isinstance(value, dict):
            raise HostFileError(where, "expected fields ({}), found {}".format(", ".join(self.fields), _named(value)))
        inside = where + "." if where else ""
        for name in value:
            if name not in self.fields:
                raise HostFileError(
                    inside + str(name),
                    "no such field{}; valid are {}".format(nearest(name, self.fields), ", ".join(sorted(self.fields))),
                )
        return {
            key: self._field(name, kind, default, value, inside) for name, (kind, default, key) in self.fields.items()
        }

    @staticmethod
    def _field(name, kind, default, value, inside):
        if name in value and (value[name] is not None or default is not None):
            return kind.load(value[name], inside + name)
        if default is REQUIRED:
            raise HostFileError(inside + name, "must be given")
        return None if default is None else kind.load(default, inside + name)

    def dump(self, value):
        """The value without the fields that have their default."""
        found = {}
        for name, (kind, default, key) in self.fields.items():
            if default is REQUIRED or value[key] != (None if default is None else kind.load(default, name)):
                found[name] = None if value[key] is None else kind.dump(value[key])
        return found
