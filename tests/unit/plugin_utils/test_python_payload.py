# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program for a host's own Python, run by this one. That it works on Windows is judged in tests/proof."""

from __future__ import annotations

import subprocess
import sys

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import python_payload


def run(*calls, library=None):
    batch = wire.encode_batch(wire.Batch(tuple(wire.Program(pointer, 0, calls) for pointer in (8, 4))))
    program = python_payload.build(batch, library)
    return subprocess.run([sys.executable, "-I", "-"], input=program, capture_output=True, text=True, check=False)


def test_it_brings_all_that_it_imports():
    """Of a batch without calls comes an answer; the library is not needed for it."""
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert wire.decode_answer(python_payload.answer(done.stdout)).results == ()


def test_a_library_that_is_not_there_is_an_error_in_a_line():
    done = run(wire.Call("ClearPersistentIScsiDevices"), library="/no/iscsidsc.dll")
    assert done.returncode == 1 and python_payload.answer(done.stdout) is None
    assert done.stderr.startswith("LibraryError: /no/iscsidsc.dll cannot be loaded: ")
    assert done.stderr.count("\n") == 1
