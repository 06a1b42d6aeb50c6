# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts task in real playbooks: what it reports, what it costs, what it never says."""

from __future__ import annotations

import json
import re

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.client.queries import ON_REQUEST, READS

SECRET = "Marker-Secret42"
TARGET = "iqn.2004-01.com.example:data"
CHAP = {"auth_type": "chap", "username": "sql01", "password": SECRET, "login_flags": ["multipath_enabled"]}
HOST = {
    "service": {"state": "running", "start_mode": "automatic"},
    "mpio": {"claimed": True},
    "initiator": {"mutual_chap_secret": SECRET + "-m"},
    "target_portals": ["192.0.2.21"],
    # 256 logins, no two alike, and one of them saved twice
    "persistent_logins": [
        {
            "target": TARGET,
            "portal": f"192.0.2.{21 + number % 2}:{3260 + number // 2}",
            "login_options": CHAP,
            "initiator_port": 0,
            "security_flags": ["valid", "0x80"],
        }
        for number in range(254)
    ]
    + [{"target": TARGET.upper().replace("IQN", "iqn"), "portal": None, "copies": 2}],
    "isns_servers": ["isns.example.com"],
    "network": {
        "arrays": [
            {
                "portals": ["192.0.2.21", "192.0.2.22"],
                "targets": [
                    {
                        "iqn": TARGET,
                        "chap": {"user": "sql01", "secret": SECRET},
                        "luns": [{"lun": 0, "size": "100G", "serial": "A1", "naa": "6001405a1b2c3d4e5f60718293a4b5c6"}],
                    }
                ],
            }
        ]
    },
    "sessions": [
        {"target": TARGET, "portal": "192.0.2.21", "login_options": CHAP},
        {"target": TARGET, "portal": "192.0.2.22", "login_options": CHAP},
    ],
}
PLAYS = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: first, winstorage.iscsi.initiator_facts: }
    - {name: second, winstorage.iscsi.initiator_facts: }
    - {name: check mode, winstorage.iscsi.initiator_facts: , check_mode: true, diff: true}
    - {name: identifiers, winstorage.iscsi.initiator_facts: {include_session_ids: true}}
    - {name: subset, winstorage.iscsi.initiator_facts: {gather_subset: "{{ item }}"}, loop: "{{ subsets }}"}
  vars:
    subsets:
      - ['!all']
      - [sessions, initiator]
      - ['!all', sessions]
      - ['!sessions', '!targets']
      - [all, '!isns_servers']
      - isns_servers
      - [all, events]
"""
USUAL = set(READS) - set(ON_REQUEST)
SUBSETS = [
    set(),
    {"sessions", "initiator"},
    {"sessions"},
    USUAL - {"sessions", "targets"},
    USUAL - {"isns_servers"},
    {"isns_servers"},
    USUAL | {"events"},
]


@pytest.fixture(scope="module")
def play(site):
    """One run with everything that is told at -vvvvv."""
    site.host("sql01", HOST)
    done = site.run(PLAYS, "-vvvvv")
    assert done.rc == 0, done.output
    return done


def facts_of(play, task):
    return [
        one.result["ansible_facts"]["windows_iscsi"]
        for one in play.results
        if one.task == task and "ansible_facts" in one.result
    ]


def test_every_login_is_reported(play):
    (facts,) = facts_of(play, "first")
    assert sum(login["copies"] for login in facts["persistent_logins"]) == 256
    bound = next(
        login
        for login in facts["persistent_logins"]
        if login["portal"] == {"address": "192.0.2.21", "port": 3260, "symbolic_name": ""}
    )
    assert bound["target"] == TARGET
    assert (bound["initiator_port"], bound["any_initiator_port"]) == (0, False)
    assert bound["security_flags"] == {"names": ["valid"], "raw": 0x81, "unknown": "0x80"}
    options = bound["login_options"]
    assert (options["auth_type"], options["username"], options["password_set"]) == ("chap", "sql01", True)
    assert options["header_digest"] is None and options["maximum_connections"] is None
    assert (bound["connected"], bound["live_sessions"]) == (True, 1)
    anywhere = next(login for login in facts["persistent_logins"] if login["portal"] is None)
    assert (anywhere["initiator_port"], anywhere["any_initiator_port"], anywhere["copies"]) == (None, True, 2)


def test_the_disk_and_its_future_are_reported(play):
    (facts,) = facts_of(play, "first")
    (disk,) = facts["next_boot"]["disks"]
    assert disk["id"] == "naa.6001405a1b2c3d4e5f60718293a4b5c6"
    assert (disk["size"], disk["paths_now"], disk["paths_expected"], disk["outlook"]) == (100 << 30, 2, 2, "same")
    assert facts["next_boot"]["verdict"] == "ready"


def test_facts_are_identical_byte_for_byte_also_in_check_mode(play):
    first, second, checked = (json.dumps(*facts_of(play, task)) for task in ("first", "second", "check mode"))
    assert first == second == checked


def test_nothing_is_ever_changed(play):
    assert {one.result.get("changed") for one in play.results} == {False}
    assert {one.status for one in play.results} == {"ok", "item ok"}


def test_identifiers_of_the_moment_are_there_when_asked_for_alone(play):
    (without,), (with_them,) = facts_of(play, "first"), facts_of(play, "identifiers")
    assert all("session_id" not in session for session in without["sessions"])
    assert all(re.fullmatch("[0-9a-f]{16}-[0-9a-f]{16}", session["session_id"]) for session in with_them["sessions"])
    stripped = [
        {name: value for name, value in session.items() if name not in ("session_id", "isid", "tsid")}
        for session in with_them["sessions"]
    ]
    assert [session["target"] for session in stripped] == [session["target"] for session in without["sessions"]]


@pytest.mark.parametrize("number", range(len(SUBSETS)))
def test_a_subset_is_what_was_asked_for_and_the_rest_is_null(play, number):
    facts = facts_of(play, "subset")[number]
    parts = set(READS) & set(facts)  # some reads are part of others in the facts
    assert {name for name in parts if facts[name] is not None} == SUBSETS[number] & parts
    assert facts["host"]["service_state"] == "running"
    assert (facts["next_boot"] is not None) == ({"sessions", "persistent_logins"} <= SUBSETS[number])


def test_each_task_costs_one_round_trip_with_256_logins(play):
    trips = re.findall(r"<sql01> winstorage\.iscsi: round trip by the simulator engine, \d+ bytes out", play.output)
    gathered = [one for one in play.results if "ansible_facts" in one.result]
    assert len(trips) == len(gathered) == 4 + len(SUBSETS)


def test_no_secret_is_told_at_any_verbosity(play):
    assert "sql01" in play.output
    assert SECRET not in play.output
    assert SECRET not in json.dumps([one.result for one in play.results])


def test_a_fact_cache_keeps_them(site, play):
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(site.folder / "cache")}
    gathered = site.run(
        """
- hosts: all
  gather_facts: false
  tasks:
    - {name: gather, winstorage.iscsi.initiator_facts: }
""",
        **cache,
    )
    read = site.run(
        """
- hosts: all
  gather_facts: false
  tasks:
    - name: read
      ansible.builtin.debug: {msg: "{{ ansible_facts.windows_iscsi }}"}
""",
        **cache,
    )
    assert read.rc == 0, read.output
    assert read.results[0].result["msg"] == facts_of(gathered, "gather")[0]
