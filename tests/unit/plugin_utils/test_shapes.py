# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts and audits that are damaged are errors that name the place, and never the end of a report for all hosts."""

from __future__ import annotations

import copy
import json
import random

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.winstorage.iscsi.plugins.filter.declaration import declaration
from ansible_collections.winstorage.iscsi.plugins.filter.findings import findings
from ansible_collections.winstorage.iscsi.plugins.filter.logins_to import logins_to
from ansible_collections.winstorage.iscsi.plugins.filter.summary import summary
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts as facts_module
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import report, shapes
from ansible_collections.winstorage.iscsi.tests.unit.support import fleets
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

RUNNING = {"service": {"state": "running"}}
TARGET = "iqn.2015-11.com.hpe:storage.msa2060.2247d8b1a5"


def demo_facts(name="files03"):
    return fleets.demo_host(name)["facts"]


def edited(path, value, name="files03"):
    """The facts of a host of the demo with one place changed, and the place in words."""
    plain = demo_facts(name)
    at = plain
    for step in path[:-1]:
        at = at[step]
    if value is DELETED:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return plain


DELETED = object()
NESTED: list = []
for _level in range(500):
    NESTED = [NESTED]
DAMAGES = [  # place, what is put there, the error
    (["persistent_logins", 0, "copies"], DELETED, "persistent_logins[0].copies: missing"),
    (["persistent_logins", 1, "copies"], "two", "persistent_logins[1].copies: expected a whole number, found str"),
    (["persistent_logins", 0, "copies"], 0, "persistent_logins[0].copies: expected a number from 1"),
    (["persistent_logins", 0, "copies"], True, "persistent_logins[0].copies: expected a whole number, found bool"),
    (["persistent_logins", 0, "portal", "port"], -1, "persistent_logins[0].portal.port: expected a number from 0"),
    (["persistent_logins", 0, "portal", "port"], 10**5000, "persistent_logins[0].portal.port: expected a number"),
    (["persistent_logins", 0], None, "persistent_logins[0]: expected a mapping with target, "),
    (["persistent_logins"], {"a": 1}, "persistent_logins: expected a list, found dict"),
    (["persistent_logins"], None, "persistent_logins: expected a list, found nothing"),  # although there is a forecast
    (["persistent_logins", 0, "login_options", "login_flags"], ["x"], "login_options.login_flags: expected a mapping"),
    (["persistent_logins", 0, "login_options", "login_flags", "raw"], 1 << 30, "differs from names and unknown bits"),
    (["persistent_logins", 0, "login_options", "auth_type"], "kerberos", "login_options.auth_type: "),
    (["persistent_logins", 0, "login_options", "username"], "0xzz", "login_options.username: "),
    (
        ["sessions", 0, "connections", 0, "target_address"],
        5,
        "sessions[0].connections[0].target_address: expected text",
    ),
    (["sessions", 0, "saved"], None, "sessions[0].saved: expected true or false, found nothing"),
    (["sessions", 0, "devices", 0, "legacy_name"], NESTED, "sessions[0].devices[0].legacy_name: expected text"),
    (["next_boot", "verdict"], "fine", "next_boot.verdict: expected one of ready, degraded, at_risk, found 'fine'"),
    (["next_boot", "disks", 0, "outlook"], NESTED, "next_boot.disks[0].outlook: expected one of same"),
    (["next_boot", "disks", 0, "names"], "PhysicalDrive1", "next_boot.disks[0].names: expected a list, found str"),
    (["targets", 0, "discoveries", 0, "kind"], "fax", "targets[0].discoveries[0].kind: expected one of sendtargets"),
    (["host", "service_state"], 4, "host.service_state: expected text, found int"),
    (["host"], DELETED, "host: missing"),
    (["warnings"], [5], "warnings[0]: expected text, found int"),
    (["schema_version"], 7, "schema_version: expected 1, found 7; gather the facts again"),
    (["schema_version"], DELETED, "schema_version: expected 1, found nothing; gather the facts again"),
    (["schema_version"], True, "schema_version: expected 1, found True"),
]
EACH_DAMAGE = pytest.mark.parametrize(("path", "value", "problem"), DAMAGES, ids=range(len(DAMAGES)))


@EACH_DAMAGE
def test_damaged_facts_are_an_error_that_names_the_place(path, value, problem):
    with pytest.raises(shapes.ShapeError) as caught:
        shapes.check_facts(edited(path, value))
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 500


@EACH_DAMAGE
def test_a_damaged_host_is_in_the_report_by_name_and_the_others_too(path, value, problem):
    damaged = {"name": "damaged", "facts": edited(path, value), "drift": None}
    document = report.build([*fleets.three(), damaged])
    found = {host["name"]: host for host in document["hosts"]}
    assert {name: host["state"] for name, host in found.items()} == {
        "files03": "at_risk",
        "hyperv02": "degraded",
        "damaged": "unknown",
        "sql01": "ready",
    }
    assert found["damaged"]["reason"].startswith("Its facts cannot be used: ") and problem in found["damaged"]["reason"]
    assert [name for name, host in found.items() if host["damaged"]] == ["damaged"]
    assert all(write(document) for _ending, write in report.FORMATS.values())
    assert "**damaged**: Its facts cannot be used: " in report.markdown(document)


@EACH_DAMAGE
@pytest.mark.parametrize("use", [summary, declaration, lambda facts: logins_to(facts, TARGET)], ids=range(3))
def test_a_filter_says_what_is_wrong_with_damaged_facts(use, path, value, problem):
    with pytest.raises(AnsibleFilterError, match=r"winstorage\.iscsi\.\w+ takes the facts") as caught:
        use(edited(path, value))
    assert problem in str(caught.value)


@pytest.mark.parametrize("value", [None, [], "facts", 5, [[]]])
def test_what_is_no_facts_at_all_is_an_error(value):
    with pytest.raises(shapes.ShapeError, match="expected the facts of a host"):
        shapes.check_facts(value)


@pytest.mark.parametrize("name", ["sql01", "hyperv02", "files03"])
@pytest.mark.parametrize("reads", [list(queries.READS), [], ["sessions"], ["persistent_logins", "sessions"]])
@pytest.mark.parametrize("with_ids", [False, True])
def test_facts_as_they_are_gathered_are_in_order(name, reads, with_ids):
    host = Host(fleets.demo_state(name))
    shapes.check_facts(json.loads(json.dumps(facts_module.assemble(queries.gather(host, reads, 0), with_ids))))


def test_hostile_names_are_no_damage():
    for host in fleets.hostile():
        if host["facts"]:
            shapes.check_facts(host["facts"])
            shapes.check_drift(host["drift"])


def test_keys_that_a_later_version_adds_are_no_damage_and_not_passed_on():
    plain = demo_facts()
    plain["next_boot"]["disks"][0]["later"] = NESTED
    plain["persistent_logins"][0]["later"] = {"a": 1}
    shapes.check_facts(plain)
    assert "later" not in json.dumps(report.build([{"name": "sql01", "facts": plain}]))


@pytest.mark.parametrize(
    ("drift", "problem"),
    [
        ("none", "expected a list, found str"),
        ([5], "[0]: expected a mapping with severity"),
        ([{"severity": "fatal"}], "[0].severity: expected one of critical, warning, info, found 'fatal'"),
    ],
)
def test_a_damaged_audit_is_in_the_report_by_name(drift, problem):
    document = report.build([dict(fleets.demo_host("sql01"), drift=drift)])
    (host,) = document["hosts"]
    assert (host["state"], host["damaged"], host["compliant"]) == ("unknown", True, None)
    assert host["reason"] == f"The result of its audit cannot be used: {problem}." or problem in host["reason"]


@pytest.mark.parametrize("value", [None, [], {}, {"drift": []}, {"drift": [], "risks": [{}], "declared": []}, 5])
def test_findings_says_what_is_wrong_with_an_audit(value):
    with pytest.raises(
        AnsibleFilterError, match=r"winstorage\.iscsi\.findings takes the result of winstorage\.iscsi\.audit"
    ):
        findings(value)


JUNK = [None, True, -1, 1 << 70, 1.5, "", "x", [], {}, [[]], {"x": 1}, [None], float("nan"), "\ud800", NESTED]


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inside in items:
        yield from places(inside, (*path, key))


@pytest.mark.parametrize("name", ["sql01", "hyperv02", "files03"])
def test_no_junk_anywhere_ends_a_report(name):
    """Each place of the facts in turn with something that does not belong there, and now and then without it."""
    rng = random.Random(name)
    whole = demo_facts(name)
    hosts = []
    for number, path in enumerate(list(places(whole))[1:]):
        plain = copy.deepcopy(whole)
        at = plain
        for step in path[:-1]:
            at = at[step]
        if rng.random() < 0.2:
            del at[path[-1]]
        else:
            at[path[-1]] = rng.choice(JUNK)
        hosts.append({"name": f"{name}-{number}", "facts": plain})
    document = report.build(hosts)
    assert len(document["hosts"]) == len(hosts) > 200
    assert sum(host["damaged"] for host in document["hosts"]) > len(hosts) / 2
    for _ending, write in report.FORMATS.values():
        assert write(document)
    for host in hosts[::7]:
        for use in (summary, declaration):
            try:
                use(host["facts"])
            except AnsibleFilterError as error:
                assert "takes the facts" in str(error)
