# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First contact: what the witnesses say beside the DLL, what differs, and what is never asked."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import witnesses
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import dialects
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import witnesses as simulated
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.witnesses import answers, sources
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host, text_of

DEMO = sorted((Path(__file__).parents[3] / "demo/hosts").glob("*.yml"))
SECRET = "Sentinel-Secret"
SQL, TAPE = "iqn.2004-01.com.example:sql", "iqn.2004-01.com.example:tape"
MULTIPATH = {"login_flags": ["multipath_enabled"]}
CHAP = {"auth_type": "chap", "username": "sql", "password": SECRET, "header_digest": "crc32c", "default_time2wait": 7}
STATE = {
    "service": {"state": "running"},
    "initiator": {
        "node_name": "iqn.1991-05.com.microsoft:host",
        "instances": [{"name": "ROOT\\ISCSIPRT\\0000_0", "addresses": ["192.0.2.101", "192.0.2.102"]}],
    },
    "target_portals": ["192.0.2.1", {"address": "filer.example.com", "initiator_port": 1}],
    "static_targets": [{"target": TAPE, "portal_groups": [["192.0.2.9"]]}],
    "persistent_logins": [
        {
            "target": SQL,
            "portal": "192.0.2.1",
            "login_options": {**MULTIPATH, **CHAP},
            "initiator_port": 1,
            "copies": 2,
        },
        {"target": SQL, "portal": "2001:db8::1", "login_options": MULTIPATH, "security_flags": ["valid", "0x80"]},
        {"target": TAPE, "portal": "filer.example.com:860", "session_type": "informational"},
        {"target": TAPE.upper().replace("IQN", "iqn"), "portal": None, "login_options": MULTIPATH},
    ],
    "persistent_devices": ["E:\\"],
    "isns_servers": ["isns.example.com"],
}
SERVICE_CLASS, DRIVER_CLASS = (name for _space, name in simulated.CLASSES)


def examine(state=None, **changes):
    return witnesses.examine(Host({**(state or STATE), **changes}))


def outcomes(result, *outcome):
    return [entry for entry in result["comparison"] if entry["outcome"] in outcome]


def service_rows():
    """What the class of the service answers on the host of these tests."""
    return list(simulated.login_class(Host(STATE).service_class(Host(STATE).state)))


def with_class(name, found):
    return dict(STATE, windows={"classes": {"root/wmi": {name: found}}})


# -- what agrees and what does not -------------------------------------------------------------------------------------


def test_all_witnesses_agree_in_every_field_whatever_the_kind_of_address():
    result = examine()
    assert outcomes(result, "differs", "not_read") == [] and result["differences"] == 0
    counted = {entry["witness"]: entry["records"] for entry in outcomes(result, "agrees") if entry["field"] == "count"}
    assert counted == {"registry, number of keys": 5, "iscsicli ListPersistentTargets, count": 5}
    heads = [entry for entry in result["comparison"] if entry["witness"] == "registry, head of LoginTargetIN"]
    assert {entry["field"] for entry in heads} == set(sources.WITNESSES[2].fields)
    assert all(entry["records"] == 5 for entry in heads)
    assert "10 of 10 witnesses could be read. Nothing differs from the DLL." in result["table"]


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
def test_the_demo_hosts_have_no_differences(path):
    result = examine(yaml.safe_load(path.read_text()))
    assert result["differences"] == 0 and result["windows_iscsi"]["schema_version"] == 1


@pytest.mark.parametrize(
    "change, field, dll_says, witness_says",
    [
        (lambda row: row["LoginOptions"].update(LoginFlags=0), "login_flags", "2 (multipath_enabled)", 0),
        (lambda row: row["LoginOptions"].update(AuthType=2), "auth_type", "1 (chap)", "2 (mutual_chap)"),
        (lambda row: row["LoginOptions"].update(DefaultTime2Wait=8), "default_time2wait", 7, 8),
        (lambda row: row["LoginOptions"].update(Username=b"other".hex()), "username", "sql", "other"),
        (lambda row: row.update(InitiatorPortNumber=0xFFFFFFFF), "initiator_port", 1, "any"),
        (lambda row: row["TargetPortal"].update(Port=861), "portal", "192.0.2.1:3260", "192.0.2.1:861"),
        (lambda row: row.update(SecurityFlags=2), "security_flags", 0, "2 (ike_ipsec_enabled)"),
        (lambda row: row.update(IsInformationalSession=True), "session_type", "data", "informational"),
    ],
)
def test_a_difference_shows_both_values_and_the_record(change, field, dll_says, witness_says):
    found = service_rows()
    change(found[0])
    result = examine(with_class(SERVICE_CLASS, found))
    (entry,) = outcomes(result, "differs")
    assert (entry["field"], entry["dll_says"], entry["witness_says"]) == (field, dll_says, witness_says)
    assert entry["record"] == f"{SQL} through 192.0.2.1:3260" and entry["witness"] == sources.WITNESSES[0].title
    (line,) = (line for line in result["table"] if "DIFFERS" in line)
    assert f"{field}: the DLL says {dll_says}, the witness {witness_says}" in line
    assert any("Differences from the DLL: 1. Please report them" in line for line in result["table"])


def test_a_record_that_only_one_side_has_is_named():
    found = service_rows()
    result = examine(
        with_class(SERVICE_CLASS, found[:-2] + [dict(found[0], TargetName="iqn.2004-01.com.example:other")])
    )
    named = [(entry["record"], entry["dll_says"], entry["witness_says"]) for entry in outcomes(result, "differs")]
    assert named == [
        (f"{TAPE} through filer.example.com:860", "listed", "not listed"),
        (f"{TAPE} through any", "listed", "not listed"),
        ("iqn.2004-01.com.example:other through 192.0.2.1:3260", "not listed", "listed"),
    ]


def test_a_count_that_differs_is_told():
    keys = {simulated.ADAPTER_KEY + "\\PersistentTargets\\more": {}}
    (entry,) = outcomes(examine(windows={"registry": keys}), "differs")
    assert (entry["witness"], entry["dll_says"], entry["witness_says"]) == ("registry, number of keys", 5, 6)


# -- what cannot be read -----------------------------------------------------------------------------------------------


def test_a_host_that_answers_the_dll_alone_says_why():
    result = examine(windows={"reader": False})
    assert len(outcomes(result, "not_read")) == len(sources.WITNESSES)
    assert {entry["reason"] for entry in result["comparison"]} == {"Access is denied."}
    assert "0 of 10 witnesses could be read. Nothing could be compared." in result["table"]


def test_a_stopped_service_leaves_what_the_registry_has():
    result = examine(service={"state": "stopped", "start_mode": "automatic"})
    (entry,) = (entry for entry in result["comparison"] if entry["witness"] == "registry, number of keys")
    assert entry["reason"] == "5 here, but ReportIScsiPersistentLoginsW ended with ISDSC_SERVICE_NOT_RUNNING"
    assert "windows_iscsi" not in result and "MSiSCSI is stopped" in result["problem"]
    assert result["answers"]["stopped_status"]["answer"] == "service_not_running"


def test_an_engine_without_rows_is_no_error():
    result = witnesses.examine(lambda batch: Host(STATE)(rows.split(batch)[0]))
    assert {entry["reason"] for entry in result["comparison"]} == {"this engine does not read it"}


_NAMES = ["values", "key", "count", "TargetName", "LoginOptions", "TargetPortal", "Address", "Port", "Username"]
_NAMES += ["LoginTargetIN", "PersistentLogins", "LoginFlags", "AuthType", "VolumeList", "SecurityFlags", "Type"]

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["00" * 2032, "zz", "0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=12,
)


@functools.cache
def answer_of_the_host(batch):
    return rows.split(Host(STATE)(batch))[0]


@given(st.data())
def test_rows_of_any_form_cost_a_reason_at_the_most(data):
    found = st.lists(st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=5), max_size=3)

    def engine(batch):
        first, queries = rows.split(batch)
        given_rows = [{"rows": data.draw(found), "error": None} for _query in json.loads(queries)["queries"]]
        return rows.join(answer_of_the_host(first), json.dumps(given_rows))

    result = witnesses.examine(engine)
    assert len(result["table"]) > 5 and all(isinstance(line, str) for line in result["table"])
    json.dumps(result["comparison"])


# -- what is never asked -----------------------------------------------------------------------------------------------


def test_nothing_that_may_be_a_secret_is_asked_for():
    for witness in sources.WITNESSES:
        for query in witness.queries:
            assert not isinstance(query, rows.EventQuery)
            if isinstance(query, rows.CimQuery):
                assert not [name for name in query.properties if "password" in name.lower()]
                assert not {"LoginOptions", "PersistentLogins"} & set(query.properties)  # whole, with all they hold
            if isinstance(query, rows.RegistryQuery) and rows.LOGIN_TARGET in (query.values or ()):
                assert query.head == 2032


@pytest.mark.parametrize("head", [0, 2033, 2513])
def test_more_than_the_head_of_a_saved_login_cannot_be_asked_for(head):
    query = rows.RegistryQuery("SYSTEM\\Any", ("Start", "logintargetin"), head)
    with pytest.raises(ValueError, match="holds a secret"):
        rows.encode_queries([query])


@pytest.mark.parametrize(
    "tool, arguments",
    [
        ("iscsicli", ()),
        ("iscsicli", ("ListPersistentTargets", "AddTarget")),
        ("iscsicli", ("RemovePersistentTarget",)),
        ("..\\..\\iscsicli", ("ListPersistentTargets",)),
        ("cmd", ("/c", "dir")),
    ],
)
def test_the_total_of_another_command_cannot_be_asked_for(tool, arguments):
    with pytest.raises(ValueError, match="only commands that list"):
        rows.encode_queries([rows.CountQuery(tool, arguments)])


def test_no_secret_leaves_the_host():
    answered = []

    def engine(batch):
        answered.append(Host(STATE)(batch))
        return answered[-1]

    result = witnesses.examine(engine)
    first, second = rows.split(answered[0])
    for encoded in (SECRET, SECRET.encode().hex(), SECRET.encode("utf-16-le").hex()):
        assert encoded not in second and encoded not in json.dumps(result)
    assert SECRET.encode() not in text_of(first) and SECRET.encode("utf-16-le") not in text_of(first)
    assert [len(row["values"][rows.LOGIN_TARGET]) for row in _heads(second)] == [2 * 2032] * 5


def _heads(line):
    found = [answer["rows"] for answer in json.loads(line) if answer["rows"]]
    return [row for answer in found for row in answer if rows.LOGIN_TARGET in (row.get("values") or {})]


def test_one_trip_is_enough_and_changes_nothing():
    host = Host(STATE)
    before = host.dump()
    witnesses.examine(host)
    assert len(host.batches) == 1 and host.dump() == before


# -- what a host answers by being read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "switch, answer",
    [(switch, answer) for switch in answers.QUESTIONS for answer in dialects.SWITCHES[switch].answers],
)
def test_the_answer_of_a_host_is_never_excluded(switch, answer):
    dialect = {switch: answer}
    # A login without an address is there only where Windows leaves it so.
    kept = [login for login in STATE["persistent_logins"] if login["portal"] or answer.startswith("empty")]
    state = dict(STATE, dialect=dialect, persistent_logins=kept)
    if switch == "stopped_status":
        state["service"] = {"state": "stopped"}
    if switch == "not_elevated_status":
        state["elevated"] = False
    found = examine(state)["answers"]
    if switch in found:
        assert answer in found[switch]["possible"]
    for other, entry in found.items():
        if other != switch:
            assert dialects.SWITCHES[other].answers[0] in entry["possible"]


@pytest.mark.parametrize(
    "switch, answer",
    [
        ("list_size_reports", "larger"),
        ("text_list_tail", "garbage"),
        ("password_length", "length"),
        ("letter_case", "upper"),
        ("ipv6_text", "bracketed"),
        ("absent_user_name", "node_name"),
    ],
)
def test_what_a_host_has_answered_is_told(switch, answer):
    result = examine(dialect={switch: answer})
    assert result["answers"][switch]["answer"] == answer
    assert any(line.startswith(f"  {switch}: {answer} (") for line in result["table"])


def test_an_empty_host_answers_how_empty_lists_end():
    for answer in dialects.SWITCHES["empty_list"].answers:
        assert examine({"service": {"state": "running"}, "dialect": {"empty_list": answer}})["answers"]["empty_list"][
            "answer"
        ] == (answer)


def test_a_recording_answers_nothing_that_it_does_not_keep():
    def engine(batch):
        return Host(STATE)(batch)

    engine.is_read_only = True
    assert "text_list_tail" not in witnesses.examine(engine)["answers"]
