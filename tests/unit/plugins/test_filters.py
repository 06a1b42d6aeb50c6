# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters and tests: what a playbook's author gets from them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.filter.findings import findings
from ansible_collections.winstorage.iscsi.plugins.filter.flags import flags
from ansible_collections.winstorage.iscsi.plugins.filter.flags_raw import flags_raw
from ansible_collections.winstorage.iscsi.plugins.filter.logins_to import logins_to
from ansible_collections.winstorage.iscsi.plugins.filter.remedies import remedies
from ansible_collections.winstorage.iscsi.plugins.filter.summary import summary
from ansible_collections.winstorage.iscsi.plugins.filter.table import table
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import audit, text
from ansible_collections.winstorage.iscsi.plugins.test.iqn import iqn
from ansible_collections.winstorage.iscsi.tests.unit.support import fleets
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

ROWS = [
    {
        "name": "sql01",
        "portal": {"address": "192.0.2.21", "port": 3260},
        "live": True,
        "copies": 1,
        "flags": ["a", "b"],
    },
    {"name": "ärger", "portal": None, "live": False, "copies": 12, "flags": []},
    {"name": "日本", "portal": {"address": "fe80::1", "port": 13260}, "live": None, "copies": None, "flags": ["c"]},
]


def test_table_aligns_columns_numbers_at_the_right():
    assert table(ROWS, ["name", "portal.address", "portal.port", "live", "copies", "flags"]).splitlines() == [
        "name   portal.address  portal.port  live  copies  flags",
        "sql01  192.0.2.21             3260  yes        1  a, b",
        "ärger  -                         -  no        12  -",
        "日本   fe80::1               13260  -          -  c",
    ]


def test_table_takes_headings():
    assert table(ROWS[:1], {"Host": "name", "First flag": "flags.0", "Third": "flags.2"}).splitlines() == [
        "Host   First flag  Third",
        "sql01  a           -",
    ]


def test_table_of_no_rows_is_its_headings():
    assert table([], ["target", "portal"]) == "target  portal"


def test_table_refuses_a_misspelt_column_and_names_those_there_are():
    with pytest.raises(AnsibleFilterError, match="no row has 'portl.address'; the rows have copies, flags, live, name"):
        table(ROWS, ["name", "portl.address"])


@pytest.mark.parametrize("rows", [None, {"name": "sql01"}, "sql01", ["sql01"]])
def test_table_refuses_what_is_not_a_list_of_mappings(rows):
    with pytest.raises(AnsibleFilterError, match="takes a list of mappings"):
        table(rows, ["name"])


CELLS = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.lists(st.text(max_size=4), max_size=3)


@given(st.lists(st.fixed_dictionaries({"a": CELLS, "b": CELLS}), max_size=6))
def test_no_value_breaks_the_lines_of_a_table(rows):
    lines = table(rows, ["a", "b"]).split("\n")
    assert len(lines) == len(rows) + 1
    assert all(line == line.rstrip() and line.isprintable() for line in lines)
    assert max(map(text.width, lines)) <= max(text.width(text.text(row["a"])) for row in [*rows, {"a": "a"}]) + 2 + max(
        text.width(text.text(row["b"])) for row in [*rows, {"b": "b"}]
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [(None, None), (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (42949672960, "40 GiB"), (1 << 63, "8192 PiB")],
)
def test_sizes_are_in_the_largest_unit(number, words):
    assert text.size(number) == words


def test_flags_by_name_and_number():
    assert flags(0x83, "security") == ["valid", "ike_ipsec_enabled", "0x80"]
    assert flags_raw(["valid", "IKE_IPSEC_ENABLED", "0x80"], "security") == 0x83
    assert flags(["use_radius_response", "multipath_enabled"], "login") == ["multipath_enabled", "use_radius_response"]
    assert flags_raw({"names": ["hide_static_target"], "raw": 2, "unknown": None}, "target") == 2
    assert flags(0xE0, "information") == ["username", "password", "auth_type"]


@given(st.integers(0, (1 << 64) - 1))
def test_flags_survive_a_round_trip(raw):
    assert flags_raw(flags(raw, "security"), "security") == raw


def test_flags_tell_what_is_valid():
    with pytest.raises(AnsibleFilterError, match="did you mean multipath_enabled"):
        flags_raw("multipath_enable", "login")
    with pytest.raises(AnsibleFilterError, match="the sets are security, login, information, target"):
        flags(1, "securty")


TARGET = "iqn.2015-11.com.hpe:storage.msa2060.2247d8b1a5"


def test_logins_to_a_target_in_any_letter_case():
    plain = fleets.demo_host("files03")["facts"]
    found = logins_to(plain, TARGET.upper())
    assert found == [login for login in plain["persistent_logins"] if login["target"] == TARGET] != []
    assert logins_to(plain, TARGET + "0") == []


def test_logins_that_were_not_gathered_are_not_none():
    plain = facts.assemble(queries.gather(Host({"service": {"state": "running"}}), ["sessions"], 0))
    with pytest.raises(AnsibleFilterError, match="gathered with persistent_logins; these facts do not have them"):
        logins_to(plain, TARGET)


def test_logins_to_takes_the_name_of_a_target():
    with pytest.raises(AnsibleFilterError, match="takes the name of a target, not int"):
        logins_to(fleets.demo_host("files03")["facts"], 5)


@pytest.mark.parametrize("columns", [5, None, [5.5, None], {"Host": ["name"]}, {"Host": 1}])
def test_table_says_what_columns_are(columns):
    with pytest.raises(AnsibleFilterError, match="columns are a list of keys, or a mapping of headings to keys"):
        table(ROWS, columns)


@pytest.mark.parametrize("path", ["flags.²", "flags." + "9" * 5000, "flags.00000000000"])
def test_an_index_that_is_none_is_beyond_the_end_or_no_column(path):
    try:
        assert table(ROWS[:1], {"x": path}).splitlines() == ["x", "-"]
    except AnsibleFilterError as error:
        assert "no row has" in str(error)


def test_a_value_that_is_nested_without_end_is_an_error():
    nested = []
    for _level in range(100_000):
        nested = [nested]
    with pytest.raises(AnsibleFilterError, match="nested too deeply"):
        table([{"a": nested}], ["a"])


CONTROL = "\x1b[31mred\x9b\u202e\r\b"


def test_findings_print_no_control_character():
    """Texts come from hosts, and the filter is made for terminals."""
    finding = {
        "severity": "warning",
        "category": "drift",
        "kind": CONTROL,
        "what": CONTROL,
        "text": CONTROL,
        "remedy": CONTROL,
        "run": [],
        "record": CONTROL,
        "field": CONTROL,
        "found": CONTROL,
        "declared": [{CONTROL: CONTROL}],
    }
    audit = {
        "state": "unknown",
        "reason": CONTROL,
        "attention": [],
        "next_boot": None,
        "declared": [CONTROL],
        "drift": [finding, dict(finding, record="")],
        "risks": [dict(finding, category="risk")],
        "compliant": False,
    }
    shown = [findings(audit, info=True), findings({"failed": True, "msg": f"{CONTROL}\nsecond line {CONTROL}"})]
    assert all(line.isprintable() for page in shown for line in page.split("\n"))
    assert "second line" in shown[1]


@pytest.mark.parametrize("plain", [{}, None, "facts"])
def test_summary_refuses_what_is_not_facts(plain):
    with pytest.raises(AnsibleFilterError, match=r"ansible_facts\.windows_iscsi"):
        summary(plain)


@pytest.mark.parametrize(
    "value, expected",
    [
        ("iqn.2001-04.com.example:storage:diskarrays-sn-a8675309", True),
        ("IQN.1991-05.com.microsoft:SQL01.example.com", True),
        ("eui.02004567A425678D", True),
        ("iqn.2001-13.com.example", False),
        ("iqn.2001-04.com.example:a_b", False),
        ("iqn.2001-04.com.example:\ud800", False),
        ("", False),
        (None, False),
        (7, False),
        (["iqn.2001-04.com.example"], False),
    ],
)
def test_iqn_takes_any_value(value, expected):
    """The grammar has tests of its own, in test_names."""
    assert iqn(value) is expected


# -- remedies ----------------------------------------------------------------------------------------------------------


def demo_risks(name):
    return audit.find_risks(fleets.demo_host(name)["facts"])


def test_remedies_are_what_a_module_takes():
    (login,) = remedies(demo_risks("hyperv02"), "not_saved")
    assert login["portal"] == {"address": "10.20.31.10", "port": 3260}
    assert login["secret"] == "{{ chap_secret }}"
    (stale,) = remedies(demo_risks("hyperv02"), "stale_favourite")
    assert (stale["target"], stale["state"]) == ("iqn.1992-04.com.emc:cx.apm00093203217.a0", "absent")


def test_remedies_of_several_kinds_or_of_all_are_there_once():
    risks = demo_risks("hyperv02")
    both = remedies(risks, ["not_saved", "stale_favourite"])
    assert both == remedies(risks, "not_saved") + remedies(risks, "stale_favourite")
    assert sorted(map(repr, remedies(risks))) == sorted(map(repr, both))  # a disk with fewer paths has the same remedy
    assert remedies(risks + risks) == remedies(risks)
    assert remedies(risks, "no_such_kind") == [] == remedies([])


def test_remedies_are_chosen_by_their_module():
    found = remedies(demo_risks("files03"), "service_not_automatic", module="winstorage.iscsi.initiator")
    assert found == [{"service_start_mode": "automatic"}]
    assert remedies(demo_risks("files03"), "service_not_automatic") == []


@pytest.mark.parametrize(
    ("found", "kind", "problem"),
    [
        ({"risks": []}, None, "expected a list, found dict"),
        (None, None, "expected a list, found nothing"),
        ([{"kind": "x"}], None, r"\[0\].severity: missing"),
        ([], 5, "takes a kind of finding, or a list of kinds"),
        ([], [5], "takes a kind of finding, or a list of kinds"),
    ],
)
def test_remedies_say_what_they_take(found, kind, problem):
    with pytest.raises(AnsibleFilterError, match=rf"winstorage\.iscsi\.remedies .*{problem}"):
        remedies(found, kind)
