# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows in recordings: kept with their query, without secrets, with other names, and replayed."""

from __future__ import annotations

import ipaddress
import json

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import builder
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows, wire, writes
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import recording, witnesses
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.recording import text
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

SECRET = "Sentinel-Secret"
CHAP = {"auth_type": "chap", "username": "backup-user", "password": SECRET, "login_flags": ["multipath_enabled"]}
STATE = {
    "service": {"state": "running"},
    "initiator": {"node_name": "iqn.1991-05.com.microsoft:sql01.corp.example.com"},
    "target_portals": ["10.20.30.10"],
    "persistent_logins": [
        {"target": "iqn.1992-08.com.netapp:sn.1", "portal": "10.20.30.10", "login_options": CHAP},
        {"target": "iqn.1992-08.com.netapp:sn.2", "portal": "fd12:3456::9", "login_options": CHAP},
        {"target": "iqn.1992-08.com.netapp:sn.3", "portal": "filer.corp.example.com", "login_options": CHAP},
    ],
    "isns_servers": ["isns.corp.example.com"],
}
KEY = rows.RegistryQuery("SOFTWARE\\Test", ("Text",))
CLASS = rows.CimQuery("root/test", "Test", ("Name", "Inner"))


def record(engine, path, names=None):
    def run(batch):
        answer = engine(batch)
        assert recording.keep(batch, answer, str(path), {}, names) is None
        return answer

    return run


@pytest.fixture
def path(tmp_path):
    return tmp_path / "recording.txt"


def ask(engine, *queries):
    """What an engine answers to queries alone."""
    batch = wire.Batch(tuple(builder.Builder(pointer).program() for pointer in (8, 4)))
    return builder.decode(engine(builder.encode(batch, queries)), batch, queries).rows


def answering(answers):
    """An engine whose rows are these."""

    def run(asked):
        first, _queries = rows.split(Host(STATE)(rows.split(asked)[0]))
        return rows.join(first, json.dumps(answers))

    return run


def test_rows_and_errors_are_replayed_whatever_is_asked_beside_them(path):
    answers = [
        {"rows": [{"Name": "a", "Inner": [1, None, {"x": True}]}], "error": "only part"},
        {"rows": None, "error": "no"},
    ]
    original = ask(record(answering(answers), path), CLASS, KEY)
    replay = recording.replay(str(path))
    assert ask(replay, KEY, CLASS) == original[::-1]
    assert original[0] == rows.RowAnswer(answers[0]["rows"], "only part")
    other = rows.RegistryQuery("SOFTWARE\\Other")
    assert ask(replay, other, CLASS) == [rows.RowAnswer(None, "the recording has none"), original[0]]


def test_a_trip_that_sets_anything_is_not_recorded_and_a_recording_sets_nothing(path):
    change = [writes.Number("SOFTWARE\\A", "B", 1)]
    batch = wire.Batch(tuple(builder.Builder(pointer).program() for pointer in (8, 4)))
    record(Host(STATE), path)(builder.encode(batch, [KEY], 0, change))
    assert not path.exists()
    ask(record(Host(STATE), path), KEY)
    answer = recording.replay(str(path))(builder.encode(batch, [KEY], 0, change))
    assert builder.decode(answer, batch, [KEY], change).write_errors == ["a recording cannot be changed"]


def test_the_first_contact_of_a_recording_is_that_of_the_host(path):
    original = witnesses.examine(record(Host(STATE), path))
    replayed = witnesses.examine(recording.replay(str(path)))
    assert replayed == original
    assert {entry["outcome"] for entry in original["comparison"]} == {"agrees"}


def test_no_secret_is_in_rows_even_if_a_host_sends_one(path):
    witnesses.examine(record(Host(STATE), path))
    written = path.read_text()
    assert rows.LOGIN_TARGET in written
    for encoded in (SECRET, SECRET.encode().hex(), SECRET.encode("utf-16-le").hex()):
        assert encoded not in written
    head = rows.RegistryQuery("SYSTEM\\Test", (rows.LOGIN_TARGET,), rows.LOGIN_TARGET_HEAD)
    whole = (b"\x01" * 2512 + SECRET.encode()).hex()
    answers = [
        {"rows": [{"key": "SYSTEM\\Test", "values": {rows.LOGIN_TARGET: whole}}], "error": None},
        {"rows": [{"Name": "x", "Inner": {"Password": SECRET, "ChapSecret": SECRET, "Other": 1}}], "error": None},
    ]
    ask(record(answering(answers), path), head, CLASS)
    assert [entry.rows for entry in text.read(str(path)).rows] == [
        [{"key": "SYSTEM\\Test", "values": {rows.LOGIN_TARGET: "01" * 2032}}],
        [{"Name": "x", "Inner": {"Other": 1}}],
    ]


def test_names_in_rows_are_replaced_as_in_calls_so_that_witnesses_still_agree(path):
    original = witnesses.examine(record(Host(STATE), path, recording.Names("a phrase")))
    replayed = witnesses.examine(recording.replay(str(path)))
    assert [entry["outcome"] for entry in replayed["comparison"]] == [
        entry["outcome"] for entry in original["comparison"]
    ]
    assert replayed["answers"].keys() == original["answers"].keys()
    written = path.read_text()
    for name in ("sql01", "corp", "netapp", "10.20.30", "fd12", "filer", "backup", "isns"):
        assert name not in written.lower().replace("isnsserver", "").replace("snsserver", "")
        for encoded in (name.encode().hex(), name.encode("utf-16-le").hex()):
            assert encoded not in written
    assert bytes([10, 20, 30, 10]).hex() not in written


def test_names_in_the_binary_of_events_are_replaced_or_the_binary_is_left_out(path):
    query = rows.EventQuery("System", "iScsiPrt", (1, 5, 10, 34, 20), 0, (1, 5, 10, 34, 20))
    packet = b"\0" * 40
    name = "iqn.1992-08.com.netapp:sn.1"
    dumps = {
        1: bytes([10, 20, 30, 10, 0x0C, 0xBC]),
        5: (0xC0000001).to_bytes(4, "little"),
        10: b"response",
        34: name.encode("utf-16-le"),
        20: b"unknown",
        72: bytes([10, 20, 30, 99]),
    }
    events = [
        {"id": number, "time": "", "record": 1, "data": [], "binary": (packet + dump).hex()}
        for number, dump in dumps.items()
    ]
    names = recording.Names("a phrase")
    ip, iqn = names.address("10.20.30.10"), names.text(name, "")
    ask(record(answering([{"rows": events, "error": None}]), path, names), query)
    found = {
        row["id"]: row["binary"] and bytes.fromhex(row["binary"])[40:] for row in text.read(str(path)).rows[0].rows
    }
    assert found.pop(72) in (None, dumps[72]) and b"\x0a\x14\x1e" not in found[1]
    assert found == {
        1: ipaddress.ip_address(ip).packed + dumps[1][4:],
        5: dumps[5],
        10: dumps[10],
        34: iqn.encode("utf-16-le"),
        20: None,
    }
