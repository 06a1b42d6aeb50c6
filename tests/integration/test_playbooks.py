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
    for pattern in ("*.state.json", "*.before.json"):
        for kept in site.folder.glob(pattern):
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


@pytest.mark.parametrize("host, shown", [(STOPPED, "not read"), (READY, "ready")])
def test_the_table_of_the_report_has_a_line_for_each_host_even_if_none_could_be_read_or_none_needs_attention(
    fleet, host, shown
):
    done = run(fleet, "report", "-e", f"target={host}")
    assert f'"{host}  ' in done.output and f"  {shown}" in done.output
    assert "no row has" not in done.output
    assert (fleet.folder / "iscsi-report/iscsi.html").exists()


def test_the_report_goes_where_it_is_asked_for(fleet, tmp_path):
    done = run(fleet, "report", "-e", f"target={READY} report_path={tmp_path}/fleet.html")
    assert done.rc == 0, done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fleet.csv", "fleet.html", "fleet.json", "fleet.md"]


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
    refused = run(fleet, "before_restart", *target)
    assert failed(refused) == {UNSAVED}
    assert f'        "Live but not saved: {TARGET} through 192.0.2.21 port 3260."' in refused.output
    assert f"Do not restart {UNSAVED} yet." in refused.output
    saved = run(fleet, "save_sessions", *target)
    assert saved.rc == 0
    assert f'        "add     {TARGET} through 192.0.2.21:3260' in saved.output
    assert run(fleet, "before_restart", *target).rc == 0
    assert json.loads((fleet.folder / f"{UNSAVED}.before.json").read_text())
    assert run(fleet, "after_restart", *target).rc == 0


def test_a_disk_that_does_not_come_back_is_shown_with_its_paths_and_a_missing_list_is_named(fleet):
    target = ("-e", f"target={READY}", "-e", "wait=0")
    missing = run(fleet, "after_restart", *target)
    assert failed(missing) == {READY}
    assert "Run winstorage.iscsi.before_restart before the restart." in missing.output
    assert run(fleet, "before_restart", *target).rc == 0
    written = fleet.folder / f"{READY}.before.json"
    (disk,) = json.loads(written.read_text())
    written.write_text(json.dumps({disk: 2, "naa.600a": 1}))
    shown = run(fleet, "after_restart", *target)
    assert failed(shown) == {READY}
    lines = [line.strip(' ",').split() for line in shown.output.splitlines()]
    assert [disk, "2", "1"] in lines and ["naa.600a", "1", "0"] in lines
    assert "2 of 2 disks are not as before the restart" in shown.output


def test_the_secret_of_a_session_with_chap_is_asked_for(site):
    options = {"auth_type": "chap", "username": "sql", "password": "simulated-pass"}
    targets = [{"iqn": TARGET, "luns": [1], "chap": {"user": "sql", "secret": "simulated-pass"}}]
    network = {"arrays": [{"portals": ["192.0.2.21"], "targets": targets}]}
    site.host("chap", dict(STATE, network=network, sessions=[dict(SESSION, login_options=options)]))
    refused = run(site, "save_sessions", "-e", "target=chap")
    assert failed(refused) == {"chap"}
    assert "Give it in the variable chap_secret" in refused.output
    assert run(site, "save_sessions", "-e", "target=chap", "-e", "chap_secret=simulated-pass").rc == 0


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
