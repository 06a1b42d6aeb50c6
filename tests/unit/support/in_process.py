# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs within one process, where a batch and its answer need no text."""

from __future__ import annotations

import contextlib
import typing

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows, wire

_CODECS = ("encode_batch", "decode_batch", "encode_answer", "decode_answer")


@contextlib.contextmanager
def objects_for_texts():
    """Batches and answers are passed on as the tuples they are; nobody can change them. Rows remain texts."""
    substitutes = {(wire, name): lambda value, *_bounds, **_limits: value for name in _CODECS}
    substitutes[rows, "join"] = _Both
    substitutes[rows, "split"] = lambda value: value if isinstance(value, _Both) else _Both(value, "")
    codecs = {place: getattr(*place) for place in substitutes}
    for place, function in substitutes.items():
        setattr(*place, function)
    try:
        yield
    finally:
        for place, function in codecs.items():
            setattr(*place, function)


class _Both(typing.NamedTuple):
    """A batch with its queries, or an answer with its rows."""

    first: tuple
    second: str
