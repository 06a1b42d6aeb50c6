# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role over a fleet in which not everything is well: unreachable, denied, stopped and drifted hosts."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest

SECRET = "Marker-Secret42"
TARGET = "iqn.2004-01.com.example:data"
CHAP = {"auth_type": "chap", "username": "sql01", "password": SECRET}
ARRAY = {
    "portals": ["192.0.2.21"],
    "targets": [{"iqn": TARGET, "chap": {"user": "sql01", "secret": SECRET}, "luns": [0]}],
}
LOGIN = {"target": TARGET, "portal": "192.0.2.21", "login_options": CHAP}
WELL = {
    "service": {"state": "running", "start_mode": "automatic"},
    "network": {"arrays": [ARRAY]},
    "target_portals": ["192.0.2.21"],
    "persistent_logins": [LOGIN],
    "sessions": [LOGIN],
}
HOSTS = {
    "well": WELL,
    "drifted": dict(WELL, service={"state": "running", "start_mode": "manual"}),
    "stopped": {"network": {"arrays": [ARRAY]}},
    "denied": dict(WELL, elevated=False),
    "away": dict(WELL, faults=[{"export": "*", "action": "drop", "times": 0}]),
    # it answers the audit, and is lost while it is changed
    "lost": dict(
        WELL,
        persistent_logins=[],
        faults=[
            {"export": "AddIScsiPersistent*", "action": "drop", "times": 0},
            {"export": "LoginIScsiTargetW", "action": "drop", "times": 0},
        ],
    ),
}
DECLARATION = {
    "initiator_service_state": "started",
    "initiator_service_start_mode": "automatic",
    "initiator_target_portals": [{"address": "192.0.2.21"}],
    "initiator_persistent_logins": [
        {
            "target": TARGET,
            "portal": {"address": "192.0.2.21"},
            "auth_type": "chap",
            "username": "sql01",
            "secret": SECRET,
            "connected": True,
        }
    ],
    "initiator_purge": ["persistent_logins"],
}
PLAY = """
- hosts: all
  gather_facts: false
  serial: "{{ batch | default(100) }}"
  roles: [winstorage.iscsi.initiator]
"""


@pytest.fixture(scope="module")
def fleet(site):
    """Runs the role over the fleet: ``fleet({variables}, *arguments)``. What a run changes is there in the next."""
    for name, state in HOSTS.items():
        site.host(name, state, winstorage_iscsi_simulator_folder="changed", **DECLARATION)

    def run(variables=(), *arguments):
        variables = dict(variables, initiator_report_path=str(site.folder / "report"))
        done = site.run(PLAY, "-e", json.dumps(variables), *arguments)
        report = json.loads((site.folder / "report/iscsi.json").read_text())
        recap = {
            host: {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", counts)}
            for host, counts in re.findall(r"^(\w+) +: (ok=.*)$", done.output, re.MULTILINE)
        }
        return SimpleNamespace(
            rc=done.rc,
            output=done.output,
            results=done.results,
            recap=recap,
            report={host["name"]: host for host in report["hosts"]},
        )

    return run


def audits_of(done):
    return {one.host: one.result for one in done.results if "compliant" in one.result}


def changes(site):
    return sorted(path.name.partition(".")[0] for path in site.folder.glob("changed/*"))


@pytest.fixture(scope="module")
def audit(fleet, site):
    for path in site.folder.glob("changed/*"):
        path.unlink()
    done = fleet({}, "-vvvvv")
    done.changes = changes(site)
    return done


def test_an_audit_tells_of_every_host_and_changes_none(audit):
    assert {host: one["compliant"] for host, one in audits_of(audit).items()} == {
        "well": True,
        "drifted": False,
        "stopped": False,
        "lost": False,
    }
    # a dropped connection is all that the simulator notes
    assert set(audit.changes) <= {"away"}
    assert {one.result["changed"] for one in audit.results if "drift" in one.result} == {False}


def test_what_is_shown_begins_with_the_next_restart(audit):
    shown = {one.host: one.result["msg"] for one in audit.results if one.task.endswith("the next restart first")}
    assert set(shown) == set(HOSTS)
    assert shown["drifted"][0] == "Next boot: AT RISK. A disk is not expected back."
    assert "- differs: service, start_mode" in shown["drifted"]
    assert "  start_mode is manual, declared automatic" in shown["drifted"]
    stopped = "Next boot: AT RISK. MSiSCSI is stopped and starts only on demand. What is saved could not be read"
    assert shown["stopped"][0].startswith(stopped)
    assert shown["away"][0].startswith("Not reached: ") and shown["denied"][0].startswith("Not read: ")


def test_hosts_that_could_not_be_read_fail_after_the_report_shows_them(audit):
    assert audit.rc == 2
    assert {host for host, counts in audit.recap.items() if counts["failed"]} == {"away", "denied"}
    assert {host: one["state"] for host, one in audit.report.items()} == {
        "well": "ready",
        "drifted": "at_risk",
        "stopped": "at_risk",
        "denied": "unknown",
        "away": "unknown",
        "lost": "at_risk",
    }
    assert "dropped the connection" in audit.report["away"]["reason"]
    assert "elevated token" in audit.report["denied"]["reason"]
    assert audit.report["drifted"]["compliant"] is False and audit.report["well"]["compliant"] is True


def test_no_secret_is_told_at_any_verbosity(audit, site):
    assert SECRET not in audit.output
    assert SECRET not in json.dumps([one.result for one in audit.results])
    assert not [path for path in (site.folder / "report").iterdir() if SECRET in path.read_text()]


def test_batches_of_one_end_in_a_report_of_all(fleet):
    done = fleet({"batch": 1}, "--limit", "well,drifted,stopped")
    assert done.rc == 0
    assert {host: one["state"] for host, one in done.report.items()} == {
        "well": "ready",
        "drifted": "at_risk",
        "stopped": "at_risk",
    }


def test_a_variable_that_is_no_variable_of_the_role_is_pointed_out(fleet):
    done = fleet({"initiator_persistent_login": [], "initiator_mode": "audit"}, "--limit", "well")
    assert "the role has no variable initiator_persistent_login, so nothing is done about it" in done.output


def test_a_limit_leaves_the_others_out_of_the_report(fleet):
    done = fleet({}, "--limit", "drifted")
    assert set(done.report) == set(audits_of(done)) == {"drifted"}


@pytest.mark.parametrize(
    "variables, failing",
    [
        (
            {"initiator_fail_on_drift": True},
            {"drifted": "Not as declared: start_mode.", "stopped": "Not as declared: MSiSCSI,"},
        ),
        (
            {"initiator_fail_on_risk": "critical"},
            {"drifted": "MSiSCSI: MSiSCSI starts only on demand", "stopped": "MSiSCSI: MSiSCSI is stopped"},
        ),
        (
            {"initiator_fail_on_risk": "warning"},
            {"drifted": "MSiSCSI: MSiSCSI starts only on demand", "stopped": "MSiSCSI: MSiSCSI is stopped"},
        ),
    ],
)
def test_findings_fail_a_host_where_that_is_asked_for(fleet, variables, failing):
    done = fleet(variables, "--limit", "well,drifted,stopped")
    assert {host for host, counts in done.recap.items() if counts["failed"]} == set(failing)
    messages = {one.host: one.result["msg"] for one in done.results if "Fail a host" in one.task}
    assert all(reason in messages[host] for host, reason in failing.items()), messages
    assert len(done.report) == 3


def test_check_mode_shows_what_enforcing_would_do(fleet, site, audit):
    before = changes(site)
    done = fleet({"initiator_mode": "enforce"}, "--check", "--diff", "--limit", "well,drifted,stopped")
    assert done.rc == 0, done.output
    changed = {one.host for one in done.results if "plan" in one.result and one.result["changed"]}
    assert changed == {"drifted", "stopped"}
    assert "\n-manual\n+automatic\n" in done.output
    assert changes(site) == before
    assert not audits_of(done)["drifted"]["compliant"]


@pytest.fixture(scope="module")
def enforced(fleet, audit):
    return fleet({"initiator_mode": "enforce"}, "-vvvvv"), fleet({"initiator_mode": "enforce"})


def test_enforcing_mends_what_it_can_and_tells_what_it_cannot(enforced):
    first, _second = enforced
    assert {host: one["compliant"] for host, one in audits_of(first).items()} == {
        "well": True,
        "drifted": True,
        "stopped": True,
        "lost": False,
    }
    assert {host for host, counts in first.recap.items() if counts["failed"]} == {"away", "denied", "lost"}
    assert first.report["drifted"]["state"] == first.report["stopped"]["state"] == "ready"
    (lost,) = [one.result["msg"] for one in first.results if one.host == "lost" and "Fail a host" in one.task]
    assert "no answer came back" in lost
    assert SECRET not in first.output


def test_enforcing_again_changes_nothing_more(enforced):
    _first, second = enforced
    changed = {one.host for one in second.results if one.result.get("changed") and "plan" in one.result}
    assert changed <= {"lost"}
    assert {host: one["compliant"] for host, one in audits_of(second).items() if host != "lost"} == {
        "well": True,
        "drifted": True,
        "stopped": True,
    }


@pytest.mark.parametrize(
    "variables, told",
    [
        ({"initiator_mode": "mend"}, "value of initiator_mode must be one of: audit, enforce, got: mend"),
        ({"initiator_persistent_logins": [SECRET]}, "initiator_persistent_logins"),
        ({"initiator_purge": ["sessions"]}, "initiator_purge must be one or more of: persistent_logins"),
    ],
)
def test_wrong_variables_are_told_before_any_host_is_asked(site, fleet, variables, told):
    site.host("well", WELL, **dict(DECLARATION, **variables))
    done = site.run(PLAY, "--limit", "well")
    site.host("well", WELL, winstorage_iscsi_simulator_folder="changed", **DECLARATION)
    (result,) = [one.result for one in done.results]
    assert done.rc == 2 and told in result["msg"]
    assert SECRET not in done.output
