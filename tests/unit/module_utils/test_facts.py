# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import structures as s
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts, records
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire
from ansible_collections.winstorage.iscsi.tests.unit.module_utils import support
from ansible_collections.winstorage.iscsi.tests.unit.support.builders import (
    FLASH,
    INSTANCE,
    host,
    login,
    partial_snapshot,
    records_of,
    session,
)

A, B = "10.0.0.1", "10.0.1.1"
MARKER = "hunter2-hunter2"


def text(found, **options):
    return json.dumps(facts.assemble(found, **options))


# -- the order of a report ---------------------------------------------------------------------------------------------


@st.composite
def busy_hosts(draw):
    """Hosts whose records are often alike, which is where an order could slip through."""
    targets = st.sampled_from([FLASH, FLASH.upper(), "iqn.b"])
    addresses = st.sampled_from([A, B, "FE80::1", "fe80:0::1", "array.example.com"])
    logins = st.builds(
        login,
        st.none() | addresses,
        st.sampled_from([None, 1, 2]),
        targets,
        login_options=st.builds(records.LoginOptions, login_flags=st.sampled_from([0, 2])),
        security_flags=st.sampled_from([0, 0x02, 0x61]),
    )
    numbers = draw(st.lists(st.integers(0, 200), unique=True, max_size=5))
    sessions = [
        draw(
            st.builds(
                session,
                st.just(number),
                st.sampled_from([A, B, "fe80::1"]),
                targets,
                st.sampled_from([(), (0,), (0, 1), (1, 0)]),
            )
        )
        for number in numbers
    ]
    for one in sessions:
        one.connections += [records.Connection(B, 3260, None)] * draw(st.integers(0, 1))
    portals = st.builds(
        records.TargetPortal,
        st.builds(records.Portal, addresses, st.just(3260), st.sampled_from(["", "x"])),
        st.just(INSTANCE),
        st.sampled_from([None, 1]),
        st.sampled_from([None, 0, 0x61]),
    )
    ways = st.builds(
        records.Discovery,
        st.sampled_from(["Static:*", "SendTargets:*10.0.0.1", "iSNS:*"]),
        st.just(0),
        st.sampled_from([None, "alias"]),
    )
    mappings = st.builds(
        records.Mapping,
        st.just(INSTANCE),
        targets,
        st.just(""),
        st.just(0),
        st.integers(0, 1),
        st.lists(st.builds(records.Lun, st.integers(0, 2), st.integers(0, 2)), max_size=3),
    )
    names = st.lists(st.sampled_from(["isns", "ISNS", "10.0.0.5", "Isns"]), max_size=4, unique=True)
    return partial_snapshot(
        draw(st.lists(logins, max_size=6)),
        sessions,
        host=host(draw(st.sampled_from(["automatic", "manual"]))),
        initiator=records.Initiator("iqn.me", draw(names), "10.0"),
        target_portals=draw(st.lists(portals, max_size=4)),
        targets=draw(st.lists(st.builds(records.Target, targets, st.lists(ways, max_size=3)), max_size=3)),
        mappings=draw(st.lists(mappings, max_size=4)),
        isns_servers=draw(names),
        radius_servers=draw(names),
        persistent_devices=draw(names),
        warnings=draw(names),
    )


def shuffled(data, record):
    """A copy in which every list of records is in another order."""
    if isinstance(record, list):
        return data.draw(st.permutations([shuffled(data, element) for element in record]))
    if not dataclasses.is_dataclass(record):
        return record
    return type(record)(
        **{field.name: shuffled(data, getattr(record, field.name)) for field in dataclasses.fields(record)}
    )


@settings(max_examples=100)
@given(found=busy_hosts(), data=st.data())
def test_facts_do_not_depend_on_the_order_of_the_reports(found, data):
    assert text(shuffled(data, found)) == text(found)


@settings(max_examples=30)
@given(found=records_of(records.Snapshot))
def test_facts_are_json_and_the_same_every_time_for_any_snapshot(found):
    first = text(found)
    assert text(copy.deepcopy(found)) == first
    assert json.loads(first)["schema_version"] == facts.SCHEMA_VERSION


@settings(max_examples=40)
@given(found=busy_hosts())
def test_a_new_login_of_the_same_sessions_changes_no_fact(found):
    """Session ids are kernel addresses, TCP ports are picked anew."""
    again = [
        dataclasses.replace(
            live,
            session_id=f"{number:016x}-{2**40 - number:016x}",
            isid=bytes([9 - number]),
            tsid=b"\7",
            connections=[
                dataclasses.replace(connection, connection_id="other", initiator_tcp_port=61000 + number)
                for connection in live.connections
            ],
        )
        for number, live in enumerate(found.sessions)
    ]
    assert text(dataclasses.replace(found, sessions=again)) == text(found)


@settings(max_examples=40)
@given(found=busy_hosts())
def test_sorted_sessions_are_in_the_order_of_their_entries(found):
    entries = facts.assemble(found)["sessions"]
    in_order = facts.sort_sessions(found)
    assert sorted(map(id, in_order)) == sorted(map(id, found.sessions))
    for live, entry in zip(in_order, entries):
        assert live.target == entry["target"]
        assert sorted(each.target_address for each in live.connections) == sorted(
            each["target_address"] for each in entry["connections"]
        )


@settings(max_examples=40)
@given(found=busy_hosts())
def test_assembling_facts_changes_no_record(found):
    before = copy.deepcopy(found)
    facts.assemble(found)
    assert found == before


# -- what is told ------------------------------------------------------------------------------------------------------


def test_identical_logins_are_told_once_with_their_copies():
    found = partial_snapshot([login(A), login(B), login(A)], [session(1, A)])
    assert [
        (one["portal"]["address"], one["copies"], one["live_sessions"], one["connected"])
        for one in facts.assemble(found)["persistent_logins"]
    ] == [(A, 2, 1, True), (B, 1, 0, False)]


@pytest.mark.parametrize(
    "change",
    [
        {"security_flags": 1},
        {"session_type": "informational"},
        {"login_options": records.LoginOptions(login_flags=2)},
        {"login_options": records.LoginOptions(password_set=True)},
        {"portal": records.Portal(A, 3260, "named")},
        {"portal": records.Portal(A, 3261)},
        {"initiator_port": 1},
        {"initiator_instance": "ROOT\\ISCSIPRT\\0001_0"},
        {"target": FLASH + "2"},
    ],
)
def test_logins_that_differ_in_more_than_spelling_are_entries_of_their_own(change):
    other = dataclasses.replace(login(A), **change)
    found = partial_snapshot([login(A), other, login(A)], [])
    assert sorted(entry["copies"] for entry in facts.assemble(found)["persistent_logins"]) == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"portal": records.Portal("[fd00::1]")},
        {"portal": records.Portal("fd00:0::0001")},
        {"target": FLASH.upper()},
        {"initiator_instance": INSTANCE.lower()},
    ],
)
def test_a_login_saved_in_two_spellings_is_two_copies(change):
    """Windows takes them for one, and so do plans. Audits report an entry with more than one copy."""
    first = login("FD00::0001")
    second = dataclasses.replace(first, **change)
    sessions = [session(1, "fd00::1"), session(2, "fd00::1")]
    assembled = facts.assemble(partial_snapshot([second, first], sessions))
    (entry,) = assembled["persistent_logins"]
    assert (entry["copies"], entry["live_sessions"]) == (2, 2)
    assert [line.partition(":")[0] for line in assembled["next_boot"]["attention"]] == ["Saved 2 times"]
    assert facts.assemble(partial_snapshot([first, second], sessions)) == assembled


def test_of_several_spellings_the_first_in_order_is_shown():
    found = partial_snapshot([login("fd00::1"), login("[fd00::1]"), login("FD00::0001")], [])
    (entry,) = facts.assemble(found)["persistent_logins"]
    assert (entry["portal"]["address"], entry["copies"]) == ("FD00::0001", 3)


def test_a_login_saved_with_different_settings_is_pointed_out():
    found = partial_snapshot([login("FD00::0001"), login("[fd00::1]", security_flags=1)], [session(1, "fd00::1")])
    assembled = facts.assemble(found)
    assert [entry["copies"] for entry in assembled["persistent_logins"]] == [1, 1]
    line = f"Saved 2 times with different settings: {FLASH}. Each copy opens a session of its own."
    assert line in assembled["next_boot"]["attention"] and line not in assembled["warnings"]


def test_copies_are_pointed_out_where_there_is_no_forecast_to_do_it():
    found = partial_snapshot([login(A), login(A), login(B)], [])
    found.sessions = None
    assembled = facts.assemble(found)
    assert assembled["next_boot"] is None
    assert assembled["warnings"] == [f"Saved 2 times: {FLASH}. Each copy opens a session of its own."]


def test_a_login_for_any_port_and_any_portal():
    (one,) = facts.assemble(partial_snapshot([login(None)], []))["persistent_logins"]
    assert (one["any_initiator_port"], one["initiator_port"], one["portal"]) == (True, None, None)
    (one,) = facts.assemble(partial_snapshot([login(A, 0)], []))["persistent_logins"]
    assert (one["any_initiator_port"], one["initiator_port"]) == (False, 0)


def test_flags_without_a_name_are_kept():
    (one,) = facts.assemble(partial_snapshot([login(A, security_flags=0x8000000000000023)], []))["persistent_logins"]
    assert one["security_flags"]["raw"] == 0x8000000000000023
    assert "8000000000000000" in json.dumps(one["security_flags"])


def test_contradictory_flags_are_told_once_and_not_repaired():
    told = facts.assemble(
        partial_snapshot(
            [login(A, security_flags=0x60), login(A, security_flags=0x60)],
            [],
            target_portals=[records.TargetPortal(records.Portal(A), security_flags=0x61)],
        )
    )
    assert len(told["warnings"]) == len(set(told["warnings"])) >= 2
    assert any(line.startswith(f"Persistent login to {FLASH}: ") for line in told["warnings"])
    assert any(line.startswith(f"Target portal {A}: ") for line in told["warnings"])
    assert told["persistent_logins"][0]["security_flags"]["raw"] == 0x60


def test_options_that_were_not_specified_are_null():
    (one,) = facts.assemble(partial_snapshot([login(A)], []))["persistent_logins"]
    unset = (
        "header_digest",
        "data_digest",
        "maximum_connections",
        "default_time2wait",
        "default_time2retain",
        "auth_type",
        "username",
    )
    assert {one["login_options"][name] for name in unset} == {None}
    assert one["login_options"]["password_set"] is False


def test_sessions_say_whether_they_are_saved():
    told = facts.assemble(partial_snapshot([login(A)], [session(2, B), session(1, A)]))["sessions"]
    assert [(one["connections"][0]["target_address"], one["saved"]) for one in told] == [(A, True), (B, False)]


def test_a_target_is_static_where_one_of_its_discoveries_is():
    found = partial_snapshot(
        [],
        [],
        targets=[
            records.Target("iqn.b", [records.Discovery("SendTargets:*10.0.0.1"), records.Discovery("Static:*")]),
            records.Target("iqn.a", [records.Discovery("SendTargets:*10.0.0.1")]),
        ],
    )
    assert [
        (one["name"], one["static"], [way["kind"] for way in one["discoveries"]])
        for one in facts.assemble(found)["targets"]
    ] == [("iqn.a", False, ["sendtargets"]), ("iqn.b", True, ["sendtargets", "static"])]


def test_what_was_not_gathered_is_null_and_what_is_empty_is_empty():
    told = facts.assemble(records.Snapshot(host()))
    assert {name for name, value in told.items() if value is None} == {
        "initiator",
        "initiator_ports",
        "persistent_logins",
        "target_portals",
        "targets",
        "sessions",
        "mappings",
        "isns_servers",
        "radius_servers",
        "persistent_devices",
        "disks",
        "events",
        "host_settings",
        "next_boot",
    }
    told = facts.assemble(partial_snapshot([], [], mappings=[], targets=[], isns_servers=[]))
    assert (told["persistent_logins"], told["sessions"], told["mappings"], told["targets"], told["isns_servers"]) == (
        [],
        [],
        [],
        [],
        [],
    )


def test_logins_without_sessions_do_not_say_whether_they_are_live():
    found = partial_snapshot([login(A)], [])
    found.sessions = None
    (one,) = facts.assemble(found)["persistent_logins"]
    assert (one["connected"], one["live_sessions"]) == (None, None)


# -- what is not told --------------------------------------------------------------------------------------------------

PRIVATE = ("session_id", "isid", "tsid", "connection_id", "cid", "initiator_tcp_port", "device_instance")


def keys(plain):
    if isinstance(plain, dict):
        return set(plain).union(*[keys(value) for value in plain.values()])
    return set().union(*[keys(one) for one in plain]) if isinstance(plain, list) else set()


def test_what_changes_by_itself_is_told_only_where_wanted():
    mapping = records.Mapping(INSTANCE, FLASH, "", 0, 0, session_id="x")
    found = partial_snapshot([login(A)], [session(1, A)], mappings=[mapping])
    assert not keys(facts.assemble(found)) & set(PRIVATE)
    assert "ffffa00f" not in text(found)
    assert keys(facts.assemble(found, include_session_ids=True)) >= set(PRIVATE)
    assert "ffffa00f" in text(found, include_session_ids=True)


@pytest.mark.parametrize("pointer", [8, 4], ids=["x64", "x86"])
@pytest.mark.parametrize("include", [True, False])
def test_a_password_in_the_hosts_memory_is_in_no_fact(pointer, include):
    """The DLL is not known to give passwords back; if one does, it goes no further than the image."""
    options = {"InformationSpecified": 0xFF, "Username": b"chap-user", "Password": MARKER.encode()}
    images = []

    def run(batch):
        answer = executor.run(
            batch,
            support.ScriptedMachine(
                support.exports(
                    ReportIScsiPersistentLoginsW={
                        "PersistentLoginInfo": [
                            {
                                "TargetName": FLASH,
                                "LoginOptions": options,
                                "TargetPortal": {"Address": A, "Socket": 3260},
                            }
                        ]
                    },
                    ReportIScsiSendTargetPortalsExW={"PortalInfo": [{"Address": A, "LoginOptions": options}]},
                    ReportIScsiTargetsW={"Buffer": [FLASH]},
                    GetIScsiTargetInformationW=lambda given: (
                        {"Buffer": support.wide_list(["Static:*"])} if given["InfoClass"] == 2 else 0xEFFF0045
                    ),
                ),
                pointer,
            ),
        )
        images.extend(
            block.data for result in wire.decode_answer(answer).results for one in result.runs for block in one.blocks
        )
        return answer

    found = queries.gather(run, ["persistent_logins", "target_portals", "targets"])
    assert any(MARKER.encode() in image for image in images)  # it was there
    told = text(found, include_session_ids=include) + repr(found)
    for form in (MARKER, MARKER.encode().hex(), MARKER.encode().hex("-"), MARKER.encode("utf-16-le").hex()):
        assert form not in told
    assert [one["login_options"]["password_set"] for one in facts.assemble(found)["persistent_logins"]] == [True]
    assert '"username": "chap-user"' in told


def test_the_memory_of_an_error_is_not_told():
    """A structure that leads outside beside a password: the error has places and numbers, no contents."""
    raw = bytearray(s.PERSISTENT_ISCSI_LOGIN_INFO.layout(s.X64_W).pack({"Mappings": 0x10}))
    machine = {"ReportIScsiPersistentLoginsW": None}

    def lying(machine, count, buffer, size):
        machine.put_u32(size, len(raw) + 64)
        if not buffer:
            return 122
        machine.put_u32(count, 1)
        machine.write(buffer, bytes(raw) + MARKER.encode())
        return 0

    machine["ReportIScsiPersistentLoginsW"] = lying
    with pytest.raises(ValueError) as error:
        queries.gather(lambda batch: executor.run(batch, support.ScriptedMachine(machine)), ["persistent_logins"])
    assert "PERSISTENT_ISCSI_LOGIN_INFO.Mappings at offset 2008" in str(error.value)
    assert MARKER not in str(error.value) and MARKER not in repr(error.value.args)
