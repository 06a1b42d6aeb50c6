# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of the collection, by their names: winstorage.iscsi.report and so on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGET = "iqn.2004-01.com.example:data"
SESSION = {"target": TARGET, "portal": "192.0.2.21"}
STATE = {
    "service": {"state": "running", "start_mode": "automatic"},
    "network": {"arrays": [{"portals": ["192.0.2.21"], "targets": [{"iqn": TARGET, "luns": [1]}]}]},
    "target_portals": [{"address": "192.0.2.21"}],
    "sessions": [SESSION],
}
READY, UNSAVED, STOPPED = "ready", "unsaved", "stopped"


@pytest.fixture
def fleet(site):
    """Three hosts; a folder for what a test writes."""
    site.host(READY, dict(STATE, persistent_logins=[SESSION]))
    site.host(UNSAVED, STATE)
    site.host(STOPPED, None, winstorage_iscsi_simulator_state="nowhere.yml")
    for kept in site.folder.glob("*.state.json"):
        kept.unlink()
    return site


def run(fleet, name, *arguments, **environment):
    """Run a playbook of the collection as a user does, with Ansible's own settings."""
    fleet.write_inventory()
    return fleet.run_here(
        fleet.folder, f"winstorage.iscsi.{name}", "-i", str(fleet.folder / "inventory.yml"), *arguments, **environment
    )


def failed(done):
    return {one.host for one in done.results if one.status == "failed"}


def test_the_report_is_written_beside_the_inventory_and_names_every_host(fleet):
    done = run(fleet, "report", ANSIBLE_SHOW_CUSTOM_STATS="true")
    report = json.loads((fleet.folder / "iscsi-report/iscsi.json").read_text())
    assert {host["name"] for host in report["hosts"]} == {READY, UNSAVED, STOPPED}
    assert done.rc != 0 and failed(done) == {STOPPED}
    assert '"ready    ready' in done.output, "each line of the table is a line"
    assert "iscsi_attention" in done.output and "Live but not saved" in done.output


def test_the_report_goes_where_it_is_asked_for(fleet, tmp_path):
    done = run(fleet, "report", "-e", f"target={READY} report_path={tmp_path}/fleet.html")
    assert done.rc == 0, done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fleet.html", "fleet.json", "fleet.md"]


def test_an_audit_fails_where_a_host_is_not_as_declared_until_it_is_enforced(fleet):
    declared = json.dumps({"target": UNSAVED, "initiator_persistent_logins": [SESSION]})
    assert failed(run(fleet, "audit", "-e", declared)) == {UNSAVED}
    assert run(fleet, "audit", "-e", declared, "-e", "fail_on_drift=false").rc == 0
    enforced = run(fleet, "enforce", "-e", declared, ANSIBLE_SHOW_CUSTOM_STATS="true")
    assert enforced.rc == 0, enforced.output
    assert "iscsi_totals" in enforced.output
    assert run(fleet, "audit", "-e", declared).rc == 0


def test_before_a_restart_the_sessions_are_saved_and_afterwards_everything_is_there(fleet):
    target = ("-e", f"target={UNSAVED}")
    assert failed(run(fleet, "before_restart", *target)) == {UNSAVED}
    assert run(fleet, "save_sessions", *target).rc == 0
    assert run(fleet, "before_restart", *target).rc == 0
    assert json.loads((fleet.folder / f"{UNSAVED}.before.json").read_text())
    assert run(fleet, "after_restart", *target).rc == 0


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The collection as a user installs it, in a folder where nobody may write."""
    folder = tmp_path_factory.mktemp("installed")
    galaxy = [sys.executable, Path(sys.executable).parent / "ansible-galaxy", "collection"]
    quiet = {"capture_output": True, "stdin": subprocess.DEVNULL}
    subprocess.run([*galaxy, "build", "--output-path", folder, ROOT], check=True, **quiet)
    (artifact,) = folder.glob("winstorage-iscsi-*.tar.gz")
    subprocess.run([*galaxy, "install", "--offline", "-p", folder / "collections", artifact], check=True, **quiet)
    subprocess.run(["chmod", "-R", "a-w", folder / "collections"], check=True)
    yield folder / "collections"
    subprocess.run(["chmod", "-R", "u+w", folder / "collections"], check=True)


def files_of(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_demo_works_from_an_installed_collection_that_is_read_only(site, installed, tmp_path):
    before = files_of(installed)
    done = site.run_here(
        tmp_path,
        "winstorage.iscsi.demo",
        ANSIBLE_COLLECTIONS_PATH=str(installed),
        PWD=str(tmp_path),
        PYTHONDONTWRITEBYTECODE="1",
    )
    assert done.rc == 0, done.output
    assert (tmp_path / "iscsi-demo/before.html").exists() and (tmp_path / "iscsi-demo/after.html").exists()
    assert files_of(installed) == before, "root may write anywhere: nothing did"
    assert r"\n" not in done.output, "lines are lines under the default callback"
