# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit task in real playbooks: what it finds, what it costs, and that it never changes anything."""

from __future__ import annotations

import json
import re

import pytest

SECRET = "Marker-Secret42"
TARGET = "iqn.2004-01.com.example:data"
CHAP = {"auth_type": "chap", "username": "sql01", "password": SECRET, "login_flags": ["multipath_enabled"]}
ARRAY = {
    "portals": ["192.0.2.21", "192.0.2.22"],
    "targets": [{"iqn": TARGET, "chap": {"user": "sql01", "secret": SECRET}, "luns": [0]}],
}
HOST = {
    "windows": {"clock": "2026-11-25T08:00:00Z"},
    "service": {"state": "running", "start_mode": "automatic"},
    "mpio": {"claimed": True},
    "network": {"arrays": [ARRAY]},
    "target_portals": ["192.0.2.21"],
    "persistent_logins": [
        {"target": TARGET, "portal": "192.0.2.21", "login_options": CHAP},
        {"target": TARGET, "portal": "192.0.2.22", "login_options": CHAP},
        {"target": "iqn.2004-01.com.example:gone", "portal": "192.0.2.99"},
    ],
    "sessions": [
        {"target": TARGET, "portal": "192.0.2.21", "login_options": CHAP},
        {"target": TARGET, "portal": "192.0.2.22", "login_options": CHAP},
    ],
}
LOGIN = {"target": TARGET, "portal": {"address": "192.0.2.21"}, "auth_type": "chap", "username": "sql01"}
OTHER = {"target": TARGET, "portal": {"address": "192.0.2.22"}}
WITH_SECRET = dict(LOGIN, secret=SECRET)

# Declaration -> (kind, record, field, found, declared) of each difference that is found, in order.
CASES = {
    "nothing": ({}, []),
    "as it is": (
        {"persistent_logins": [LOGIN], "target_portals": [{"address": "192.0.2.21"}], "service_state": "started"},
        [],
    ),
    "letter case": ({"persistent_logins": [dict(LOGIN, target=TARGET.upper().replace("IQN", "iqn"))]}, []),
    "field": (
        {"persistent_logins": [dict(WITH_SECRET, header_digest="crc32c", maximum_connections=4)]},
        [
            ("differs", "persistent_logins", "header_digest", "unspecified", "crc32c"),
            ("differs", "persistent_logins", "maximum_connections", "unspecified", 4),
        ],
    ),
    "copies": (
        {"persistent_logins": [dict(WITH_SECRET, copies=2)]},
        [("differs", "persistent_logins", "copies", 1, 2)],
    ),
    "missing": (
        {"target_portals": [{"address": "192.0.2.22"}]},
        [("missing", "target_portals", None, None, "1 saved")],
    ),
    "absent": (
        {
            "persistent_logins": [
                {"target": "iqn.2004-01.com.example:gone", "portal": {"address": "192.0.2.99"}, "state": "absent"}
            ]
        },
        [("extra", "persistent_logins", None, "1 saved", None)],
    ),
    "purge": (
        {"persistent_logins": [LOGIN], "purge": ["persistent_logins"]},
        [("extra", "persistent_logins", None, "1 saved", None), ("kept", "", None, None, None)],
    ),
    "empty purge": ({"purge": ["persistent_logins"]}, [("blocked", "", None, None, None)]),
    "no secret for a change": (
        {"persistent_logins": [dict(LOGIN, header_digest="crc32c")]},
        [("blocked", "", None, None, None), ("differs", "persistent_logins", "header_digest", "unspecified", "crc32c")],
    ),
    "session": (
        {"persistent_logins": [dict(LOGIN, connected=False), OTHER]},
        [("extra", "sessions", None, "connected", None)],
    ),
    "service": ({"service_start_mode": "manual"}, [("differs", "service", "start_mode", "automatic", "manual")]),
    # what cannot be read is no difference, however it shall be set
    "secrets": (
        {
            "chap_secret": SECRET,
            "update_secret": "always",
            "bind_all_volumes": True,
            "target_portals": [{"address": "192.0.2.21", "refresh": True}],
            "persistent_logins": [dict(WITH_SECRET, update_secret="always")],
        },
        [],
    ),
}
TASKS = "".join(
    f"    - {{name: {name}, winstorage.iscsi.audit_facts: {json.dumps(declaration)}, diff: true}}\n"
    for name, (declaration, _findings) in CASES.items()
)


@pytest.fixture(scope="module")
def play(site):
    """One run of every case, with everything that is told at -vvvvv."""
    site.host("sql01", HOST)
    done = site.run(
        """
- hosts: sql01
  gather_facts: false
  tasks:
    - {name: facts, winstorage.iscsi.initiator_facts: {gather_subset: [all, events, host_settings]}}
"""
        + TASKS,
        "-vvvvv",
    )
    assert done.rc == 0, done.output
    return done


def result_of(play, task):
    return next(one.result for one in play.results if one.task == task)


@pytest.mark.parametrize("case", CASES)
def test_each_difference_is_found_and_nothing_else(play, case):
    result = result_of(play, case)
    found = [tuple(one[name] for name in ("kind", "record", "field", "found", "declared")) for one in result["drift"]]
    assert found == CASES[case][1]
    assert result["compliant"] == all(kind == "kept" for kind, *_rest in found)


def test_risks_do_not_depend_on_the_declaration(play):
    risks = result_of(play, "nothing")["risks"]
    assert [(one["severity"], one["kind"]) for one in risks] == [("warning", "stale_favourite")]
    assert all(result_of(play, case)["risks"] == risks for case in CASES)
    assert result_of(play, "purge")["counts"] == {"critical": 0, "warning": 2, "info": 1}


def test_the_forecast_and_the_facts_are_those_of_the_facts_task(play):
    facts = result_of(play, "facts")["ansible_facts"]
    for case in CASES:
        result = result_of(play, case)
        assert result["ansible_facts"] == facts
        assert result["next_boot"] == facts["windows_iscsi"]["next_boot"]


def test_what_was_declared_is_told(play):
    assert result_of(play, "nothing")["declared"] == []
    assert set(result_of(play, "secrets")["declared"]) == {
        "chap_secret",
        "persistent_logins",
        "target_portals",
        "bind_all_volumes",
    }


def test_an_audit_costs_one_round_trip_and_changes_nothing(play, site):
    assert len(re.findall("<sql01> winstorage.iscsi: round trip", play.output)) == len(CASES) + 1
    assert {one.result["changed"] for one in play.results} == {False}
    assert not list(site.folder.glob("sql01.yml.*"))


def test_no_secret_is_told_at_any_verbosity(play):
    assert "sql01" in play.output
    assert SECRET not in play.output
    assert SECRET not in json.dumps([one.result for one in play.results])


@pytest.fixture(scope="module")
def odd(site):
    """Hosts and declarations that cannot be compared."""
    site.host("stopped", {"service": {"state": "stopped", "start_mode": "manual"}})
    site.host("denied", {"service": {"state": "running"}, "elevated": False})
    site.host("wrong", {"service": {"state": "running"}}, logins=[{"target": "data", "secret": SECRET}])
    return site.run(
        """
- hosts: stopped
  gather_facts: false
  tasks:
    - {name: undeclared, winstorage.iscsi.audit_facts: }
    - {name: declared, winstorage.iscsi.audit_facts: {service_state: started, target_portals: [{address: 192.0.2.21}]}}
- hosts: denied:wrong
  gather_facts: false
  tasks:
    - name: read
      winstorage.iscsi.audit_facts:
        persistent_logins: "{{ logins }}"
      when: inventory_hostname == 'wrong'
      ignore_errors: true
    - name: read too
      winstorage.iscsi.audit_facts:
      register: denied
      ignore_errors: true
    - name: shown
      ansible.builtin.debug: {msg: "{{ denied | winstorage.iscsi.findings }}"}
""",
        "-vvvvv",
    )


def test_a_stopped_service_is_found_and_no_error(odd):
    undeclared, declared = (result_of(odd, name) for name in ("undeclared", "declared"))
    assert undeclared["compliant"] and [one["kind"] for one in undeclared["risks"]] == ["service_stopped"]
    assert undeclared["next_boot"] is None and undeclared["ansible_facts"]["windows_iscsi"]["sessions"] is None
    assert not declared["compliant"]
    assert [(one["kind"], one["what"]) for one in declared["drift"]] == [
        ("not_compared", "MSiSCSI"),
        ("differs", "state"),
    ]
    assert "target_portals" in declared["drift"][0]["text"]


def test_a_wrong_declaration_is_an_error_that_names_the_option(odd):
    (wrong,) = [one for one in odd.results if one.task == "read" and one.host == "wrong"]
    assert wrong.status == "failed" and "persistent_logins[0].target" in wrong.result["msg"]
    assert SECRET not in odd.output


def test_a_host_that_cannot_be_read_is_an_error_that_shows_as_text(odd):
    shown = {one.host: one.result["msg"] for one in odd.results if one.task == "shown" and "msg" in one.result}
    assert shown["denied"].startswith("Not read: ") and "elevated token" in shown["denied"]
    assert shown["wrong"].startswith("Next boot: ready.")
