# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of the collection, by their names: winstorage.iscsi.report and so on."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.winstorage.iscsi.tests.unit.support.pages import files_of

ROOT = Path(__file__).parents[2]
TARGET = "iqn.2004-01.com.example:data"
SESSION = {"target": TARGET, "portal": "192.0.2.21"}
STATE = {
    "service": {"state": "running", "start_mode": "automatic"},
    "network": {"arrays": [{"portals": ["192.0.2.21"], "targets": [{"iqn": TARGET, "luns": [1]}]}]},
    "target_portals": [{"address": "192.0.2.21"}],
    "sessions": [SESSION],
}
# MISSING could not be read. On MANUAL, MSiSCSI is stopped and starts only on demand. On IDLE it runs, but starts only
# on demand, and there is a saved login without a session.
READY, UNSAVED, MISSING, MANUAL, IDLE = "ready", "unsaved", "missing", "manual", "idle"
STATES = {READY: "ready", UNSAVED: "at_risk", MISSING: "unknown", MANUAL: "at_risk", IDLE: "at_risk"}
ON_DEMAND = "MSiSCSI is stopped and starts only on demand. What is saved could not be read"


@pytest.fixture
def fleet(site):
    """Five hosts; a folder for what a test writes."""
    site.host(READY, dict(STATE, persistent_logins=[SESSION]))
    site.host(UNSAVED, STATE)
    site.host(MISSING, None, winstorage_iscsi_simulator_state="nowhere.yml")
    site.host(MANUAL, dict(STATE, service={"state": "stopped", "start_mode": "manual"}, sessions=[]))
    on_demand = {"state": "running", "start_mode": "manual"}
    site.host(IDLE, dict(STATE, service=on_demand, sessions=[], persistent_logins=[SESSION]))
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
    assert {host["name"]: host["state"] for host in report["hosts"]} == STATES
    assert done.rc != 0 and failed(done) == {MISSING}
    assert '"ready    ready' in done.output, "each line of the table is a line"
    assert "iscsi_attention" in done.output and "Live but not saved" in done.output


def result_of_report(done):
    (found,) = [one.result for one in done.results if "artifacts" in one.result]
    return found


def test_table_artifacts_metrics_and_page_agree_on_each_host_and_the_worst_comes_first(fleet):
    done = run(fleet, "report", "-e", '{"report_formats": ["html", "json", "markdown", "csv", "prometheus"]}')
    told = result_of_report(done)
    assert {host["name"]: host["state"] for host in told["hosts"]} == STATES == told["artifacts"]["iscsi_states"]
    lines = [line.strip(' ",').split(maxsplit=2) for line in done.output.splitlines()]
    table = [line for line in lines if line[1:] and line[1] in STATES.values()]
    assert [line[0] for line in table] == [host["name"] for host in told["hosts"]]
    assert [line[0] for line in table] == [IDLE, MANUAL, UNSAVED, MISSING, READY], "the worst first"
    assert table[1][1] == "at_risk" and table[1][2].startswith(ON_DEMAND)
    folder = fleet.folder / "iscsi-report"
    assert f'winstorage_iscsi_host_state{{host="{MANUAL}",state="at_risk"}} 1' in (folder / "iscsi.prom").read_text()
    rows = {row["host"]: row for row in csv.DictReader((folder / "iscsi.csv").read_text().splitlines())}
    assert {name: row["state"] for name, row in rows.items()} == STATES
    assert rows[IDLE]["reason"].startswith("MSiSCSI starts only on demand")
    # READY shares its node name with others, which is critical, but not about its restart
    summary = (folder / "iscsi.md").read_text()
    assert f"## With a critical finding: 1\n\n- **`{READY}`**: `iqn." in summary
    assert summary.splitlines()[2] == (
        "**1 host of 5 will miss a disk after the next restart. 2 hosts of 5 do not start MSiSCSI at boot. "
        "1 other host has a critical finding. 1 host could not be read.**"
    )


def test_the_artifacts_say_what_to_approve_and_name_apart_what_could_not_be_read(fleet):
    declared = json.dumps({"initiator_isns_servers": ["192.0.2.60"], "fail_on_drift": False})
    kept = result_of_report(run(fleet, "audit", "-e", declared))["artifacts"]
    assert set(kept["iscsi_unread"]) == {MISSING} and "nowhere.yml" in kept["iscsi_unread"][MISSING]
    (missing,) = [one for one in kept["iscsi_findings"][READY] if one["category"] == "drift"]
    assert (missing["kind"], missing["severity"]) == ("missing", "warning")
    assert "192.0.2.60" in missing["what"] + missing["text"] and set(missing) == set(kept["iscsi_findings"][READY][0])
    assert kept["iscsi_attention"][MANUAL][0].startswith(ON_DEMAND)


def test_a_report_from_the_fact_cache_contacts_no_host(fleet):
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(fleet.folder / "cache")}
    run(fleet, "report", **cache)
    fleet.host(READY, None, winstorage_iscsi_simulator_state="nowhere.yml")
    done = run(fleet, "report", "-e", "from_cache=true", **cache)
    assert done.rc == 0, done.output
    assert result_of_report(done)["artifacts"]["iscsi_states"] == STATES


def groups_of(inventory):
    command = [sys.executable, Path(sys.executable).parent / "ansible-inventory", "-i", inventory, "--list"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return json.loads(done.stdout), done.stderr


def test_nothing_is_written_into_an_inventory_that_is_a_folder(fleet, tmp_path):
    inventory = tmp_path / "inventory"
    (inventory / "north").mkdir(parents=True)
    fleet.write_inventory()
    hosts = yaml.safe_load((fleet.folder / "inventory.yml").read_text())["all"]["hosts"]
    state = str(fleet.folder / f"{READY}.yml")
    hosts = {READY: dict(hosts[READY], winstorage_iscsi_simulator_state=state)}
    (inventory / "north/hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    before = groups_of(inventory)
    for playbook in ("report", "report", "before_restart", "after_restart"):
        done = fleet.run_here(tmp_path, f"winstorage.iscsi.{playbook}", "-i", "inventory/")
        assert done.rc == 0, done.output
    assert groups_of(inventory) == before
    assert (tmp_path / "iscsi-report/iscsi.html").exists() and (tmp_path / f"{READY}.before.json").exists()


def test_a_workflow_hands_the_list_of_disks_over_without_a_folder(fleet, tmp_path):
    target = ("-e", f"target={READY}", "-e", f"files_path={tmp_path}")
    before = run(fleet, "before_restart", *target, ANSIBLE_SHOW_CUSTOM_STATS="true")
    assert before.rc == 0 and "iscsi_disks_before" in before.output
    (written,) = tmp_path.glob("*.before.json")
    disks = json.loads(written.read_text())
    written.unlink()
    assert run(fleet, "after_restart", *target, "-e", json.dumps({"iscsi_disks_before": {READY: disks}})).rc == 0
    more = {"iscsi_disks_before": {READY: {**disks, "naa.600a": 1}}}
    assert failed(run(fleet, "after_restart", *target, "-e", "wait=0", "-e", json.dumps(more))) == {READY}


def test_a_stopped_host_is_not_to_be_restarted(fleet):
    done = run(fleet, "before_restart", "-e", f"target={MANUAL}")
    assert failed(done) == {MANUAL} and "MSiSCSI is stopped" in done.output


@pytest.mark.parametrize("host, shown", [(MISSING, "unknown"), (READY, "ready")])
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


def run_imported(fleet, folder, names, given, **variables):
    """Import playbooks into one of the user's own, with variables given in the inventory or at the import."""
    host, at_import = dict(fleet.hosts[READY]), {"target": READY}
    (host if given == "in the inventory" else at_import).update(variables)
    plays = [{"ansible.builtin.import_playbook": f"winstorage.iscsi.{name}", "vars": at_import} for name in names]
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": {READY: host}}}))
    (folder / "mine.yml").write_text(yaml.safe_dump(plays))
    shutil.copy(fleet.folder / f"{READY}.yml", folder)
    done = fleet.run_here(folder, "-i", "inventory.yml", "mine.yml")
    assert done.rc == 0, done.output


@pytest.mark.parametrize("given", ["in the inventory", "at the import"])
@pytest.mark.parametrize("name", ["report", "audit", "enforce"])
def test_the_report_also_goes_where_an_inventory_or_an_import_says(fleet, tmp_path, name, given):
    page = tmp_path / "fleet.html"
    run_imported(fleet, tmp_path, [name], given, report_path=str(page), report_formats=["html"], report_title="Mine")
    assert "<title>Mine" in page.read_text()
    assert not list(tmp_path.glob("**/*.csv"))


@pytest.mark.parametrize("given", ["in the inventory", "at the import"])
def test_the_lists_of_disks_also_go_where_an_inventory_or_an_import_says(fleet, tmp_path, given):
    lists = tmp_path / "lists"
    lists.mkdir()
    run_imported(fleet, tmp_path, ["before_restart", "after_restart"], given, files_path=str(lists))
    assert [path.name for path in lists.iterdir()] == [f"{READY}.before.json"]


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


@pytest.mark.long
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


def test_the_demo_leaves_the_hosts_of_an_inventory_alone(site, tmp_path):
    """Whatever groups they are in, and whatever their variables say."""
    names = dict.fromkeys(("real", "sql01"))
    of_windows = {
        "ansible_connection": "winrm",
        "ansible_shell_type": "powershell",
        "ansible_become": True,
        "winstorage_iscsi_engine": "powershell",
    }
    groups = dict.fromkeys(("windows", "simulated"), {"hosts": names})
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"vars": of_windows, "children": groups}}))
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars/sql01.yml").write_text(yaml.safe_dump(of_windows))
    done = site.run_here(tmp_path, "winstorage.iscsi.demo", "-i", "inventory.yml", PWD=str(tmp_path))
    assert done.rc == 0, done.output
    assert {one.host for one in done.results} == {"localhost", "sql01", "hyperv02", "files03"}
