# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings: what a reading trip brought back, kept as a file, and replayed without the host.

A recording proves what a host answered, to people who do not have that host. So it is text that its owner can look at
before passing it on; it has only bytes that belong to a field (:mod:`regions`); no secret and no batch that changes
anything is ever in it (:mod:`calls`); and its names can be replaced (:mod:`anonymize`). :mod:`text` is the file,
:mod:`player` answers a batch from it.
"""

from __future__ import annotations

import functools
import time
import typing as t

from ...module_utils.runner import executor, rows, wire, writes
from . import calls, regions, text
from .anonymize import Names
from .player import PlayerMachine, answer_queries
from .text import RecordingError

__all__ = ["Names", "PlayerMachine", "RecordingError", "answer", "keep", "replay"]


def keep(
    batch: str, answer: str, path: str, about: t.Mapping[str, t.Any], names: t.Optional[Names] = None
) -> t.Optional[str]:
    """Write the recording of a trip that only read. Returns a warning if it could not be made.

    :param about: what the file says about itself.
    :param names: replaces names and addresses; None to keep them.
    :raises OSError: if the file cannot be written.
    """
    try:
        first, second = rows.split(batch)
        queries, to_set = writes.detach(second)
        answered, found = rows.split(answer)
        asked = wire.decode_batch(first)
        given = wire.decode_answer(answered, asked)
        program = next(program for program in asked.programs if program.pointer == given.host.pointer)
        if to_set or not calls.only_reads(program):
            return None
        recording = calls.record(asked, given)
        recording.rows = calls.record_rows(queries, found)
    except wire.WireError as error:
        return f"The answer of the host was not recorded in {path}: {error}."
    except regions.TooLarge:
        return f"The answer of the host was not recorded in {path}: it holds too many records."
    if names is not None:
        recording = names.replace(recording)
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    recording.about = {"recorded": now, **about, "anonymized": names is not None}
    text.write(path, recording)
    return None


def replay(path: str) -> t.Callable[[str], str]:
    """An engine that answers from the recording in a file.

    :raises RecordingError: if the file is not a recording.
    """
    recording = text.read(path)
    return functools.partial(answer, recording)


def answer(recording: calls.Recording, text: str) -> str:
    """Answer a batch, and the queries that travel with it."""
    batch, second = rows.split(text)
    queries, to_set = writes.detach(second)
    machine = PlayerMachine(recording)
    found = writes.attach(answer_queries(recording, queries), writes.write_all(to_set, machine))
    return rows.join(executor.run(batch, machine), found)
