# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Values of rows that a host reports of a management class or of its event log.

A row is a mapping of property names. What a host says is not trusted: a value of another type than expected is None,
and so is an absent property; each property that is wrong is one warning, however many rows have it. Texts are cut to a
length that somebody can read, and what is not printable is shown as an escape.
"""

from __future__ import annotations

import typing as t

Row = t.Mapping[str, t.Any]
Warn = t.Callable[[str], None]

LONGEST_TEXT = 260  # characters
_MOST = 1 << 64


def printable(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text that is safe to show: cut to a length, control characters as escapes."""
    cut = text if len(text) <= longest else text[: longest - 1] + "\u2026"
    if cut.isprintable():
        return cut
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in cut)


class Rows:
    """The rows of one class. ``take`` calls a function for each of them, with a :class:`Values` of the row."""

    def __init__(self, name: str, rows: t.Optional[t.Iterable[t.Any]], warn: Warn) -> None:
        """``name``: what the rows are of, for the warnings. ``rows``: None and what is no row count as nothing."""
        self.name = name
        self._rows = rows if isinstance(rows, (list, tuple)) else []
        self._warn = warn
        self._warned: t.Set[str] = set()

    def __iter__(self) -> t.Iterator[Values]:
        for row in self._rows:
            if isinstance(row, t.Mapping):
                yield Values(row, self.complain)
            else:
                self.complain("row", "is no row")

    def complain(self, subject: str, problem: str) -> None:
        """Warn of a problem, once for each subject."""
        if subject not in self._warned:
            self._warned.add(subject)
            self._warn(f"{self.name}: {subject} {problem}.")


class Values:
    """The values of one row. Each method takes the name of a property and gives its value, or None."""

    def __init__(self, row: Row, complain: t.Callable[[str, str], None]) -> None:
        self._row, self._complain = row, complain

    def _take(self, name: str, expected: str, fits: t.Callable[[t.Any], bool]) -> t.Any:
        if name not in self._row:
            self._complain(name, "is missing")
            return None
        value = self._row[name]
        if value is None or fits(value):
            return value
        self._complain(name, f"is no {expected}")
        return None

    def raw(self, name: str) -> t.Any:
        """The value as it is, of any type."""
        return self._row.get(name)

    def number(self, name: str) -> t.Optional[int]:
        """A whole number of at most 64 bits."""
        found: t.Optional[int] = self._take(name, "number", is_number)
        return found

    def truth(self, name: str) -> t.Optional[bool]:
        """True or false."""
        found: t.Optional[bool] = self._take(name, "truth value", lambda value: isinstance(value, bool))
        return found

    def text(self, name: str, longest: int = LONGEST_TEXT) -> t.Optional[str]:
        """A text that is safe to show, without blanks around it; None for an empty one."""
        found = self._take(name, "text", lambda value: isinstance(value, str))
        return printable(found.strip(" \0"), longest) or None if found else None

    def texts(self, name: str) -> t.List[str]:
        """A list of such texts. What is no text in it is left out."""
        found = self._take(name, "list of texts", lambda value: isinstance(value, (list, tuple)))
        texts = [printable(each.strip(" \0")) for each in found or () if isinstance(each, str)]
        if len(texts) < len(found or ()):
            self._complain(name, "is no list of texts")
        return texts

    def letter(self, name: str) -> t.Optional[str]:
        """A drive letter such as ``E:``, of a character or its code; None for NUL, which stands for no letter."""
        found = self._take(name, "letter", lambda value: isinstance(value, str) or is_number(value))
        char = chr(found) if is_number(found) and found < 0x80 else found
        if char in (None, "", "\0", " "):
            return None
        if isinstance(char, str) and len(char) == 1 and "A" <= char.upper() <= "Z":
            return f"{char.upper()}:"
        self._complain(name, "is no letter")
        return None


def is_number(value: t.Any) -> bool:
    """Whether it is a whole number of at most 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST
