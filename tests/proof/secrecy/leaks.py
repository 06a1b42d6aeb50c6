# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds a mark in bytes, also where these are encoded, encoded again, or pressed."""

from __future__ import annotations

import base64
import re
import zlib

LAYERS = 6
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_HEX = re.compile(rb"[0-9A-Fa-f]{12,}")
_PRESSED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")


def shown(data, mark, known=None):
    """How the mark is to be had from data, as a list of decodings ([]: it stands there), or None.

    :param known: a set of what was decoded before, and need not be again.
    """
    known, layer = set() if known is None else known, [((), data)]
    for _number in range(LAYERS):
        following = []
        for path, content in layer:
            if mark in content:
                return list(path)
            for name, inner in _decoded(content):
                if len(inner) >= len(mark) and inner not in known:
                    known.add(inner)
                    following.append(((*path, name), inner))
        layer = following
    return None


def shown_in(named, mark):
    """{name: decodings} of those contents that show the mark; where several do in the same way, the first of them."""
    known = set()
    found = {name: shown(content, mark, known) for name, content in named.items()}
    return {name: path for name, path in found.items() if path is not None}


def _decoded(content):
    if b"\0" in content:
        yield "utf-16", content.replace(b"\0", b"")
    for word in set(_BASE64.findall(content)):
        word = word.translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):  # a letter of what stands before it may look like a part of it
            whole = word[start:]
            yield "base64", base64.b64decode(whole[: len(whole) // 4 * 4] + _rest(whole[len(whole) // 4 * 4 :]))
    for word in set(_HEX.findall(content)):
        yield "hex", bytes.fromhex(word[: len(word) // 2 * 2].decode())
    for match in _PRESSED.finditer(content):
        try:
            yield "pressed", zlib.decompressobj(wbits=47).decompress(content[match.start() :])
        except zlib.error:
            continue


def _rest(letters):
    return letters + b"=" * (4 - len(letters)) if len(letters) > 1 else b""
