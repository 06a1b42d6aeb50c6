# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs within one process, where a batch and its answer need no text."""

from __future__ import annotations

import contextlib

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire

_CODECS = ("encode_batch", "decode_batch", "encode_answer", "decode_answer")


@contextlib.contextmanager
def objects_for_texts():
    """Batches and answers are passed on as the tuples they are; nobody can change them."""
    codecs = {name: getattr(wire, name) for name in _CODECS}
    for name in codecs:
        setattr(wire, name, lambda value, *_bounds, **_limits: value)
    try:
        yield
    finally:
        for name, function in codecs.items():
            setattr(wire, name, function)
