# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain text for people: values as words, and tables aligned by what a terminal shows."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from ..module_utils.model.volumes import format_size

NOTHING = "-"


class ColumnError(ValueError):
    """A column that no row has: its path, and what the rows do have."""


def table(rows, columns):
    """Rows as lines of equal columns under their headings, without trailing blanks.

    :param rows: mappings, or anything with string keys inside each other.
    :param columns: {heading: path}; a path is keys joined by dots, such as ``portal.address``, or a function of a row.
        A number picks from a list.
    :raises ColumnError: for a path that no row has, which a misspelt one is.
    """
    cells = [[_value(rows, row, path) for path in columns.values()] for row in rows]
    right = [_is_numeric(column) for column in zip(*cells)] or [False] * len(columns)
    texts = [list(map(text, columns))] + [[text(value) for value in row] for row in cells]
    widths = [max(map(width, column)) for column in zip(*texts)]
    return [_line(row, widths, right) for row in texts]


def _line(row, widths, right):
    return "  ".join(_pad(cell, size, to_right) for cell, size, to_right in zip(row, widths, right)).rstrip()


def _pad(cell, size, to_right):
    blanks = " " * (size - width(cell))
    return blanks + cell if to_right else cell + blanks


def _is_numeric(column):
    numbers = [value for value in column if value is not None]
    return bool(numbers) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in numbers)


def _value(rows, row, path):
    if callable(path):
        return path(row)
    found, value = follow(row, path)
    if not found and not any(follow(other, path)[0] for other in rows):
        keys = sorted({str(key) for other in rows for key in other})
        raise ColumnError(f"no row has {path!r}; the rows have {', '.join(map(text, keys))}")
    return value


def follow(row, path):
    """(whether the path exists, its value). What lies behind a null, or beyond the end of a list, is null."""
    for key in path.split("."):
        if row is None:
            return True, None
        if isinstance(row, (list, tuple)) and key.isdecimal():
            row = row[int(key)] if len(key) < 10 and int(key) < len(row) else None
        elif isinstance(row, Mapping) and key in row:
            row = row[key]
        else:
            return False, None
    return True, row


def text(value):
    """A value as one line of words: - for nothing, yes and no, lists with commas, control characters as escapes."""
    if isinstance(value, str) and value and value.isprintable():
        return str(value)
    if value is None or value == [] or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(text, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{text(key)}={text(inside)}" for key, inside in value.items())
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in str(value))


def count(number, noun, verb=""):
    """1 path, 2 paths; with a verb, 1 login logs, 2 logins log."""
    words = f"{number} {noun}{'' if number == 1 else 's'}"
    return words + (f" {verb}{'s' if number == 1 else ''}" if verb else "")


def width(line):
    """How many cells of a terminal a text takes."""
    return sum(map(_cells, line))


def _cells(char):
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def size(number):
    """Bytes in the largest unit of 1024 that leaves at least one: 42949672960 is 40 GiB."""
    return None if number is None else format_size(number)
