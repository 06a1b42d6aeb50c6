# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of hosts in real playbooks: set by the module, found by the audit, kept by the role, compared in a report.

What is there afterwards is read from the files of the simulated hosts.
"""

from __future__ import annotations

import json

import pytest
import yaml

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import host_settings as table
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.state import dump
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.store import Store

TARGET = "iqn.2004-01.com.example:data"
LOGIN = {"target": TARGET, "portal": "192.0.2.21"}
HOST = {
    "service": {"state": "running", "start_mode": "automatic"},
    "network": {"arrays": [{"portals": ["192.0.2.21"], "targets": [{"iqn": TARGET, "luns": [0]}]}]},
    "target_portals": ["192.0.2.21"],
    "persistent_logins": [LOGIN],
    "sessions": [LOGIN],
}
PARAMETERS = f"{table.ADAPTERS_KEY}\\0003\\Parameters"
DECLARED = {"profile": "netapp", "timers": {"link_down_time": 15}, "dependent_services": ["LanmanServer"]}


def run(site, hosts, tasks, *arguments):
    play = {"hosts": hosts, "gather_facts": False, "ignore_errors": True, "tasks": tasks}
    return site.run(yaml.safe_dump([play]), *arguments)


def results(done):
    return {one.task: one.result for one in done.results}


def registry(site, name):
    with Store(site.folder / f"{name}.yml", None).transaction() as state:
        return dump(state).get("windows", {}).get("registry", {})


# -- the module --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def module(site):
    """Check mode, for real, and again, on a host whose MSiSCSI is stopped."""
    site.host("files", {**HOST, "service": {"state": "stopped", "start_mode": "manual"}, "sessions": []})
    tasks = [
        {"name": name, "winstorage.iscsi.host_settings": DECLARED, "check_mode": name == "checked", "diff": True}
        for name in ("checked", "done", "again")
    ]
    return run(site, "files", tasks, "-vvv")


def test_a_setting_is_set_once_and_check_mode_says_how(module, site):
    found = results(module)
    checked, done, again = (found[name] for name in ("checked", "done", "again"))
    assert [each["changed"] for each in (checked, done, again)] == [True, True, False]
    for name in ("plan", "diff", "host_settings", "reboot_required", "reboot_reasons"):
        assert checked[name] == done[name], name
    assert again["host_settings"] == done["host_settings"] and again["plan"] == []
    assert registry(site, "files")[PARAMETERS] == {
        "MaxRequestHoldTime": 30,
        "LinkDownTime": 15,
        "IPSecConfigTimeout": 60,
    }


def test_a_restart_is_asked_for_with_its_reason_and_not_a_second_time(module):
    done, again = (results(module)[name] for name in ("done", "again"))
    assert done["reboot_required"] and not again["reboot_required"]
    assert done["reboot_reasons"] == [
        f"initiator timers: the change takes effect {table.RELOAD}",
        "MPIO, service LanmanServer: the change takes effect after a restart",
    ]
    assert "reboot_reasons" not in again


def test_the_diff_has_a_line_for_each_setting(module):
    timers = results(module)["done"]["diff"][0]
    assert timers["before_header"] == "host_settings, initiator timers"
    assert timers["before"].splitlines()[1] == "link_down_time: not set, default 15"
    assert timers["after"].splitlines()[1] == "link_down_time: 15"


def test_reading_takes_one_round_trip_and_changing_a_second(module):
    assert module.output.count("round trip by the simulator engine") == 1 + 2 + 1


def test_what_cannot_be_meant_is_an_error_that_names_the_option(site):
    site.host("plain", {**HOST, "mpio": {"installed": False}})
    wrong = {
        "bounds": {"timers": {"link_down_time": 100000}},
        "unknown": {"timers": {"link_down_tme": 1}},
        "no mpio": {"profile": "pure"},
        "no service": {"dependent_services": ["NoSuchService"]},
        "nothing": {},
    }
    tasks = [{"name": name, "winstorage.iscsi.host_settings": options} for name, options in wrong.items()]
    found = results(run(site, "plain", tasks))
    for name, part in {
        "bounds": "host_settings.timers.link_down_time: expected a whole number of seconds from 0 to 86400, not 100000",
        "unknown": "link_down_tme",
        "no mpio": "Nothing was changed. host_settings.mpio: MPIO is not installed on this host",
        "no service": "host_settings.dependent_services: this host has no service NoSuchService.",
    }.items():
        assert part in found[name]["msg"], name
    assert not found["nothing"]["changed"] and "Nothing is declared" in found["nothing"]["warnings"][0]
    assert registry(site, "plain") == {}


# -- audit, role and report --------------------------------------------------------------------------------------------


ROLE = [{"hosts": "node1,node2,node3", "gather_facts": False, "roles": ["winstorage.iscsi.initiator"]}]


@pytest.fixture(scope="module")
def kept(site):
    """The role over three hosts of which one has other timers: audit, enforce, audit again."""
    windows = {"registry": {PARAMETERS: {"LinkDownTime": 15}}}
    for name in ("node1", "node2", "node3"):
        own = {**HOST, "initiator": {"node_name": f"iqn.2004-01.com.example:{name}"}}
        own["windows"] = windows if name == "node3" else {"registry": {PARAMETERS: {"LinkDownTime": 10}}}
        site.host(name, own, initiator_host_settings={"profile": "netapp", "timers": {"max_request_hold_time": 60}})
    runs = {}
    for run_name, mode in (("audit", "audit"), ("enforce", "enforce"), ("again", "audit")):
        variables = {"initiator_mode": mode, "initiator_report_path": str(site.folder / run_name)}
        done = site.run(yaml.safe_dump(ROLE), "-e", json.dumps(variables))
        report = json.loads((site.folder / run_name / "iscsi.json").read_text())
        audits = {one.host: one.result for one in done.results if "compliant" in one.result}
        runs[run_name] = done, audits, {host["name"]: host for host in report["hosts"]}
    return runs


def test_the_audit_finds_each_field_with_the_value_wanted_and_its_source(kept):
    done, audits, _report = kept["audit"]
    drift = {finding["field"]: finding for finding in audits["node3"]["drift"]}
    assert not audits["node3"]["compliant"]
    advised, own = drift["link_down_time"], drift["max_request_hold_time"]
    assert (advised["found"], advised["declared"], advised["record"]) == (15, 10, "host_settings")
    assert "NetApp, Windows Unified Host Utilities 8.0" in advised["source"] and advised["source"] in advised["text"]
    assert (own["found"], own["declared"], own["source"]) == ("not set, default 60", 60, None)
    assert "link_down_time is 15, declared 10 (profile netapp: NetApp" in done.output
    assert "link_down_time" not in {finding["field"] for finding in audits["node1"]["drift"]}


def test_enforcing_sets_them_and_then_nothing_differs(kept, site):
    done, audits, _report = kept["enforce"]
    assert done.rc == 0, done.output
    assert all(audit["compliant"] for audit in audits.values())
    assert registry(site, "node3")[PARAMETERS]["LinkDownTime"] == 10
    assert all(audit["compliant"] for audit in kept["again"][1].values())


def test_the_report_shows_drift_as_any_other_and_timers_that_differ_between_hosts(kept):
    _done, _audits, report = kept["audit"]
    drift = [finding for finding in report["node3"]["findings"] if finding["category"] == "drift"]
    assert {finding["record"] for finding in drift} == {"host_settings"}
    differing = {
        name: [finding["text"] for finding in host["findings"] if finding["kind"] == "settings_differ"]
        for name, host in report.items()
    }
    assert differing == {
        "node1": [],
        "node2": [],
        "node3": [
            f"2 other hosts have other timers for the same target ({TARGET}): link_down_time is 15 here and 10 there."
        ],
    }
    assert all("settings_differ" not in str(host["findings"]) for host in kept["again"][2].values())
