# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example of groups from a fact cache: hosts fall into them by what was found, and out when it is mended."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
STATES = ("iscsi_ready", "iscsi_degraded", "iscsi_at_risk", "iscsi_unknown")


@pytest.fixture(scope="module")
def example(site):
    """A copy with the hosts of the demo beside it."""
    for name in ("demo", "examples"):
        shutil.copytree(ROOT / name, site.folder / "copy" / name, ignore=shutil.ignore_patterns("iscsi-*"))
    return site.folder / "copy/examples/groups"


@pytest.fixture(scope="module")
def groups(site, example):
    """The groups of the inventory: before anything is known, after the audit, and after mending.

    Beside the hosts of the demo there are two whose service is stopped: one that starts on demand, and one at boot.
    """
    hosts = example / "inventory/1-hosts.yml"
    hosts.write_text(hosts.read_text().replace("    sql01:\n", "    sql01:\n    on_demand:\n    at_boot:\n"))
    for name, mode in {"on_demand": "manual", "at_boot": "automatic"}.items():
        (example / f"../../demo/hosts/{name}.yml").write_text(f"service: {{state: stopped, start_mode: {mode}}}\n")

    def listed():
        home = str(site.folder / "home")
        environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(site.view), ANSIBLE_HOME=home)
        command = [sys.executable, Path(sys.executable).parent / "ansible-inventory", "--list"]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=example, env=environment
        )
        return {
            name: set(group.get("hosts", ()))
            for name, group in json.loads(done.stdout).items()
            if name.startswith("iscsi_")
        }

    found = [listed()]
    for playbook in ("gather.yml", "mend.yml"):
        done = site.run_here(example, playbook)
        assert done.rc == 0, done.output
        found.append(listed())
    return found


def test_what_is_not_known_makes_no_group(groups):
    assert groups[0] == {}


def test_hosts_are_grouped_by_what_they_log_in_to_at_boot(groups):
    assert groups[1]["iscsi_target_iqn_2010_06_com_purestorage_flasharray_2f3b51c8a04d7e19"] == {"sql01"}
    assert groups[1]["iscsi_portal_10_20_30_99"] == {"hyperv02"}
    assert groups[1]["iscsi_portal_fd12_3456_789a_8__201"] == {"files03"}


def test_hosts_are_grouped_by_what_is_wrong_with_them(groups):
    assert groups[1]["iscsi_drifted"] == {"files03", "on_demand", "at_boot"}
    assert groups[1]["iscsi_unprotected"] == {"sql01", "hyperv02", "files03"}
    assert {name: groups[1][name] for name in STATES} == {
        "iscsi_ready": {"sql01"},
        "iscsi_degraded": {"hyperv02"},
        "iscsi_at_risk": {"files03", "on_demand"},
        "iscsi_unknown": {"at_boot"},
    }


def test_a_mended_host_leaves_its_group(groups):
    assert "iscsi_drifted" not in groups[2] and "iscsi_at_risk" not in groups[2]
    assert groups[2]["iscsi_ready"] == {"sql01", "files03", "on_demand", "at_boot"}
