# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every recording of tests/recordings is decoded, audited and reported on, whatever version made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import planner
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import audit, recording, report

FOLDER = Path(__file__).parents[3] / "recordings"
STORED = sorted(FOLDER.glob("*/*.txt"))
# What the simulator said of the demo hosts when they were recorded.
VERDICTS = {"sql01": "ready", "files03": "at_risk", "hyperv02": "degraded"}
each_one = pytest.mark.parametrize("path", STORED, ids=lambda path: f"{path.parent.name}/{path.stem}")


@each_one
def test_facts_audit_and_report_come_out_of_it(path):
    snapshot = queries.gather(recording.replay(str(path)))
    found = facts.assemble(snapshot)
    assert found["persistent_logins"] is not None and found["next_boot"]["verdict"]
    result = audit.build_report(found, planner.plan(snapshot, parse({})), [])
    assert result["next_boot"] == found["next_boot"]
    document = report.build([{"name": path.stem, "facts": found, "drift": [], "error": None}], "Title", "Time")
    assert not document["hosts"][0]["damaged"]
    written = {form: write(document) for form, (_suffix, write) in report.FORMATS.items()}
    assert len(written["html"]) > 10_000 and path.stem in written["json"] and written["markdown"].startswith("# Title")


@pytest.mark.parametrize("name", VERDICTS)
def test_the_demo_hosts_are_read_as_they_were(name):
    found = facts.assemble(queries.gather(recording.replay(str(FOLDER / f"simulated/{name}.txt"))))
    assert found["next_boot"]["verdict"] == VERDICTS[name]
    assert found["initiator"]["node_name"].startswith(f"iqn.1991-05.com.microsoft:{name}")


def test_the_recordings_are_found():
    assert {path.stem for path in STORED} >= set(VERDICTS)
    assert (FOLDER / "windows/README.md").exists()
