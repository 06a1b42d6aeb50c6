# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters and tests: what a playbook's author gets from them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.filter.flags import flags
from ansible_collections.winstorage.iscsi.plugins.filter.flags_raw import flags_raw
from ansible_collections.winstorage.iscsi.plugins.filter.logins_to import logins_to
from ansible_collections.winstorage.iscsi.plugins.filter.summary import summary
from ansible_collections.winstorage.iscsi.plugins.filter.table import table
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import text
from ansible_collections.winstorage.iscsi.plugins.test.iqn import iqn

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


def test_logins_to_a_target_in_any_letter_case():
    facts = {"persistent_logins": [{"target": "iqn.2004-01.com.example:A"}, {"target": "iqn.2004-01.com.example:b"}]}
    assert logins_to(facts, "IQN.2004-01.com.example:a") == [{"target": "iqn.2004-01.com.example:A"}]
    assert logins_to(facts, "iqn.2004-01.com.example:c") == []


@pytest.mark.parametrize("facts", [{"persistent_logins": None}, {}, None])
def test_logins_that_were_not_gathered_are_not_none(facts):
    with pytest.raises(AnsibleFilterError, match="gathered with persistent_logins"):
        logins_to(facts, "iqn.2004-01.com.example:a")


@pytest.mark.parametrize("facts", [{}, None, "facts"])
def test_summary_refuses_what_is_not_facts(facts):
    with pytest.raises(AnsibleFilterError, match=r"ansible_facts\.windows_iscsi"):
        summary(facts)


# The first three are examples of RFC 3720, the fourth and fifth of RFC 3980.
@pytest.mark.parametrize(
    "name",
    [
        "iqn.2001-04.com.example:storage:diskarrays-sn-a8675309",
        "iqn.2001-04.com.example",
        "eui.02004567A425678D",
        "naa.52004567BA64678D",
        "naa.62004567BA64678D0123456789ABCDEF",
        "IQN.1991-05.com.microsoft:SQL01.example.com",
        "iqn.2004-01.jp.example:記憶",
        "iqn.2004-01.com.example:" + "a" * 199,
    ],
)
def test_is_an_iscsi_name(name):
    assert iqn(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "iqn.",
        "iqn.2001-13.com.example",
        "iqn.2001-00.com.example",
        "iqn.01-04.com.example",
        "iqn.2001-04.",
        "iqn.2001-04.com.example:",
        "iqn.2001-04.com.example:a b",
        "iqn.2001-04.com.example:a_b",
        "iqn.2001-04.com..example",
        "iqn.2001-04.com.example:a\n",
        "eui.02004567A425678",
        "naa.52004567BA64678D0",
        "wwn.52004567BA64678D",
        "iqn.2004-01.com.example:" + "a" * 200,
        None,
        7,
        ["iqn.2001-04.com.example"],
    ],
)
def test_is_not_an_iscsi_name(name):
    assert not iqn(name)
