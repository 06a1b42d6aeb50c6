# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry rows, read from a real registry under Wine by what is sent to a host."""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import builder
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows, wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import python_payload
from ansible_collections.winstorage.iscsi.tests.proof.support import registry
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import WinePrefix, WinePython


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    with WinePrefix(tmp_path_factory.mktemp("windows")) as prefix:
        registry.fill(prefix)
        yield prefix


def test_the_python_engine_reads_the_registry_and_says_what_it_cannot_read(windows):
    batch = wire.Batch(tuple(wire.Program(pointer, 0, ()) for pointer in (8, 4)))
    more = (rows.CimQuery("root/wmi", "A", ("B",)), rows.EventQuery("System", "iScsiPrt", (1,)))
    asked = [*registry.ASKED, *more]
    program = python_payload.build(builder.encode(batch, asked))
    done = WinePython(windows).run(None, stdin=program.encode("ascii"))
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    text = python_payload.answer(done.stdout.decode("utf-8"))
    answers = builder.decode(text, batch, asked).rows
    assert answers[: len(registry.ASKED)] == registry.EXPECTED
    for answer in answers[len(registry.ASKED) :]:
        assert answer.rows is None
        assert "powershell engine" in answer.error
