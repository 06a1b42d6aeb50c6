# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data in few bytes, for the page: each text once, and lists of like mappings as columns.

``{"texts": [...], "data": ...}``. In the data a number n stands for the n-th entry of the texts. An entry is

- a text, after a digit to the base of 62 that says how many letters it shares with the text before it;
- two numbers: the entries to join with a blank, for many texts begin with a name that stands elsewhere, too;
- a number in the data.

A list of mappings with the same keys is ``{"": number of rows, key: column, ...}``. A column is a list, or
``{"": value}`` where all rows have the same. ``page.js`` unpacks it.
"""

from __future__ import annotations

import string

_DIGITS = string.digits + string.ascii_lowercase + string.ascii_uppercase


def pack(value):
    """Pack lists, mappings with text as keys, texts, numbers, booleans and nulls. No key may be empty."""
    texts = _Texts()
    return {"data": texts.pack(value), "texts": texts.entries}


class _Texts:
    """The entries so far, and the number of each."""

    def __init__(self):
        self.entries, self._index, self._last = [], {}, ""

    def pack(self, value):
        if isinstance(value, str):
            known = self._index.get(value)
            return self._add_text(value) if known is None else known
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, dict):
            return {key: self.pack(inside) for key, inside in value.items()}
        if isinstance(value, list):
            if len(value) > 1 and isinstance(value[0], dict) and all(_is_like(row, value[0]) for row in value):
                return self._columns(value)
            return [self.pack(inside) for inside in value]
        return self._add((type(value), value), value)

    def _columns(self, rows):
        columns = {"": len(rows)}
        for key in rows[0]:
            column = [row[key] for row in rows]
            if column.count(column[0]) == len(rows) and len(set(map(type, column))) == 1:
                columns[key] = {"": self.pack(column[0])}
            else:
                columns[key] = [self.pack(entry) for entry in column]
        return columns

    def _add_text(self, text):
        head, blank, rest = text.partition(" ")
        if blank and head in self._index and len(rest) > 3:
            return self._add(text, [self._index[head], self.pack(rest)])
        shared = _count_shared(text, self._last)
        self._last = text
        return self._add(text, _DIGITS[shared] + text[shared:])

    def _add(self, key, entry):
        if key not in self._index:
            self._index[key] = len(self.entries)
            self.entries.append(entry)
        return self._index[key]


def _count_shared(text, other):
    """How many letters two texts begin with alike. None beyond U+FFFF counts: JavaScript takes it for two."""
    shared = 0
    for letter, same in zip(text[: len(_DIGITS) - 1], other):
        if letter != same or letter > "\uffff":
            break
        shared += 1
    return shared


def _is_like(row, other):
    return isinstance(row, dict) and row.keys() == other.keys()
