# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at risk between the hosts of a fleet."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import report
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.audit import fleet
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.report import labels
from ansible_collections.winstorage.iscsi.tests.unit.support.builders import (
    FLASH,
    MULTIPATH,
    NODE_NAME,
    TAPE,
    login,
    snapshot,
)

DOCS = Path(__file__).parents[3] / "docs/docsite/rst/report.rst"
OTHER_NAME = "iqn.1991-05.com.microsoft:other"


def facts_of(*logins, node_name=NODE_NAME):
    return facts.assemble(snapshot(logins, node_name=node_name))


def found(**hosts):
    """[(host, kind, what, text), ...]"""
    risks = fleet.find_fleet_risks(hosts)
    return [(host, risk["kind"], risk["what"], risk["text"]) for host in risks for risk in risks[host]]


def test_hosts_with_one_node_name_are_found_whatever_its_letter_case():
    names = {"a": NODE_NAME, "b": NODE_NAME.upper(), "c": OTHER_NAME}
    risks = found(**{host: facts_of(node_name=name) for host, name in names.items()})
    assert [(host, kind, what) for host, kind, what, _text in risks] == [
        ("a", "node_name_shared", NODE_NAME),
        ("b", "node_name_shared", NODE_NAME.upper()),
    ]
    assert "also the node name of b." in risks[0][3]


def test_a_clone_that_was_renamed_still_has_the_logins_of_its_mother():
    kept = login(username=NODE_NAME.encode())
    risks = found(mother=facts_of(kept), clone=facts_of(kept, node_name=OTHER_NAME))
    assert [(host, kind) for host, kind, _what, _text in risks] == [("clone", "foreign_login")]
    assert "the node name of mother as its user" in risks[0][3]


def test_a_user_that_is_no_node_name_of_the_fleet_is_nothing_special():
    assert found(a=facts_of(login(username=b"sql")), b=facts_of(login(username=b"sql"), node_name=OTHER_NAME)) == []


def test_other_flags_than_most_hosts_have_are_found():
    usual = [login("10.0.0.1", login_flags=MULTIPATH), login("10.0.0.2", login_flags=MULTIPATH)]
    fleet_facts = {name: facts_of(*usual, node_name=f"{OTHER_NAME}{name}") for name in ("a", "b")}
    fleet_facts["c"] = facts_of(login("10.0.0.1", default_time2wait=2))
    assert found(**fleet_facts) == [
        (
            "c",
            "settings_differ",
            FLASH,
            "2 other hosts reach this target with other settings: login_flags is - here and multipath_enabled there; "
            "default_time2wait is 2 here and - there.",
        )
    ]


def with_timers(**values):
    """Facts of a host with a login to FLASH and one to TAPE, whose timers are these."""
    timers = {name: {"value": value, "set": True, "default": None} for name, value in values.items()}
    plain = facts_of(login(), login(target=TAPE), node_name=f"{OTHER_NAME}{values}")
    return {**plain, "host_settings": {"timers": timers}}


def test_other_timers_than_most_hosts_have_for_the_same_target_are_found():
    usual = {name: with_timers(link_down_time=30, enable_nop_out=True) for name in ("a", "b")}
    other = with_timers(link_down_time=15, enable_nop_out=True)
    elsewhere = {**with_timers(link_down_time=99), "persistent_logins": []}
    unread = facts_of(login(), node_name=OTHER_NAME) | {"host_settings": None}
    risks = [risk for risk in found(**usual, c=other, d=elsewhere, e=unread) if risk[1] == "settings_differ"]
    assert risks == [
        (
            "c",
            "settings_differ",
            "initiator timers",
            f"2 other hosts have other timers for the same target ({TAPE}, {FLASH}): link_down_time is 15 here and 30 "
            "there.",
        )
    ]


def test_portals_and_ports_and_the_number_of_logins_may_differ():
    few, many = [login("10.0.0.1", 0)], [login("10.0.0.1", 1), login("10.0.0.2", 0), login(target=TAPE)]
    assert found(a=facts_of(*few), b=facts_of(*many, node_name=OTHER_NAME)) == []


def test_what_was_not_gathered_is_no_risk():
    empty = facts.assemble(snapshot()) | {"initiator": None, "persistent_logins": None, "next_boot": None}
    assert found(a=empty, b=empty, c=facts_of(login(username=NODE_NAME.encode()))) == []


def test_a_long_list_of_hosts_is_cut():
    risks = found(**{f"host{number}": facts_of() for number in range(9)})
    assert "host1, host2, host3, host4, host5 and 3 more." in risks[0][3]


def test_the_report_has_them_and_damaged_facts_do_not_count():
    hosts = [{"name": name, "facts": facts_of()} for name in ("a", "b")]
    hosts.append({"name": "c", "facts": {**facts_of(), "initiator": {"node_name": NODE_NAME}}})
    kinds = {host["name"]: [risk["kind"] for risk in host["findings"]] for host in report.build(hosts)["hosts"]}
    assert kinds == {"a": ["node_name_shared"], "b": ["node_name_shared"], "c": []}


@pytest.mark.parametrize("check", fleet.FLEET_CHECKS, ids=lambda check: check.kind)
def test_every_kind_has_a_heading_and_a_line_in_the_documentation(check):
    assert check.kind in labels.KINDS
    assert f"``{check.kind}``" in DOCS.read_text(encoding="utf-8").partition("\nRisks\n")[2]
