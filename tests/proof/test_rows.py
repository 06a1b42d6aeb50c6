# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows.psm1, run by a real PowerShell, whose management classes and events come from a file."""

from __future__ import annotations

import datetime
import json
import time

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows
from ansible_collections.winstorage.iscsi.tests.proof.support import rows_standin
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import powershell

SECRET = "Marker-Secret42"
NOW = datetime.datetime.now(datetime.UTC)
DISK = {
    "Number": 3,
    "UniqueId": "600A",
    "Size": 4 << 40,
    "IsOffline": False,
    "DriveLetter": {"$char": "E"},
    "None": {"$char": "\0"},
    "Bytes": {"$bytes": "0aff"},
    "Booted": {"$time": "2026-11-25T10:00:00Z"},
    "Paths": ["E:\\", "C:\\mnt\\"],
    "Single": ["only"],
    "Empty": [],
    "Inner": {"Type": 1, "Deeper": {"Text": "x"}},
    "Parts": [{"Index": 0}, {"Index": 1}],
    "Reason": None,
}
HOSTILE = {"Name": "\x1b[31mred\u202e", "Other": ["\0", "tab\t"]}


def event(number, hours, provider="iScsiPrt", **more):
    return {
        "log": "System",
        "provider": provider,
        "id": number,
        "time": (NOW - datetime.timedelta(hours=hours)).isoformat(),
        "record": 100 - hours,
        "data": ["\\Device\\RaidPort2"],
        "binary": "",
        **more,
    }


RECORDED = {
    "classes": {
        "root/test": {
            "Disk": [DISK, {**DISK, "Number": 4, "UniqueId": "o'clock\\"}],
            "Hostile": [HOSTILE],
            "Many": [{"Number": number} for number in range(50)],
            "Large": [{"Text": "x" * 5000}],
            "Nothing": [],
            "Login": [
                {
                    "Name": "a",
                    "Options": {"Flags": 2, "User": {"$bytes": "6162"}, "Password": {"$bytes": SECRET.encode().hex()}},
                    "Logins": [{"Id": 1, "Password": SECRET}, {"Id": 2, "Password": SECRET}],
                },
                {"Name": "b", "Options": None, "Logins": []},
                {"Name": "c", "Options": {}, "Logins": [{"Id": 3}]},
            ],
        }
    },
    "events": [
        event(1, 30),
        event(10, 2, binary="00010002"),
        event(20, 1, data=["<a & b>", ""]),
        *(event(number, 3, binary=SECRET.encode().hex()) for number in (16, 17, 35, 36)),
        event(10, 4, provider="disk"),
    ],
}


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    file = tmp_path_factory.mktemp("rows") / "recorded.json"
    file.write_text(json.dumps(RECORDED), encoding="utf-8")
    with rows_standin.RowsPowerShell(powershell(), rows_standin.environment(file)) as running:
        yield running


def disks(*properties, **where):
    return rows.CimQuery("root/test", "Disk", properties, where)


def test_values_of_every_type_come_back_plain(shell):
    (answer,) = shell.ask(disks(*DISK, "NoSuch"))
    assert answer.error is None
    assert answer.rows[0] == {
        "Number": 3,
        "UniqueId": "600A",
        "Size": 4 << 40,
        "IsOffline": False,
        "DriveLetter": "E",
        "None": "",
        "Bytes": "0aff",
        "Booted": "2026-11-25T10:00:00.0000000Z",
        "Paths": ["E:\\", "C:\\mnt\\"],
        "Single": ["only"],
        "Empty": [],
        "Inner": {"Type": 1, "Deeper": {"Text": "x"}},
        "Parts": [{"Index": 0}, {"Index": 1}],
        "Reason": None,
        "NoSuch": None,
    }


def test_only_what_was_asked_for_comes_back(shell):
    (answer,) = shell.ask(disks("Number", UniqueId=("o'clock\\", "none"), Number=(4,)))
    assert answer == ([{"Number": 4}], None)


def test_a_query_that_fails_takes_no_other_with_it(shell):
    answers = shell.ask(
        rows.CimQuery("root/test", "Missing", ("A",)),
        rows.CimQuery("root/nowhere", "Missing", ("A",)),
        rows.RegistryQuery("SOFTWARE\\Nothing"),
        rows.CimQuery("root/test", "Nothing", ("A",)),
        disks("Number"),
    )
    assert [answer.rows for answer in answers] == [None, None, None, [], [{"Number": 3}, {"Number": 4}]]
    assert "Invalid class" in answers[0].error
    assert "not supported on this platform" in answers[2].error


def test_rows_and_bytes_are_bounded(shell):
    many, disk = rows.CimQuery("root/test", "Many", ("Number",)), disks("Number")
    assert shell.ask(many, disk, rows=10) == [
        ([{"Number": number} for number in range(10)], "only the first 10 rows were read"),
        ([{"Number": 3}, {"Number": 4}], None),
    ]
    large = shell.ask(rows.CimQuery("root/test", "Large", ("Text",)), bytes=4000)[0]
    assert large == (None, "more than 4000 bytes in all")
    assert len(shell.ask(rows.CimQuery("root/test", "Large", ("Text",)))[0].rows[0]["Text"]) == 5000


def test_time_is_bounded(shell):
    started = time.monotonic()
    answers = shell.ask(
        disks("Number"), rows.CimQuery("root/test", "Sleeps", ("A",)), disks("Number"), milliseconds=3000
    )
    assert time.monotonic() - started < 20
    assert answers == [
        ([{"Number": 3}, {"Number": 4}], None),
        (None, "the host did not answer in time"),
        (None, "the host did not answer in time"),
    ]


def test_control_characters_do_not_arrive(shell):
    (answer,) = shell.ask(rows.CimQuery("root/test", "Hostile", ("Name", "Other")))
    assert answer.rows == [{"Name": "\ufffd[31mred\ufffd", "Other": ["", "tab\ufffd"]}]


def test_events_come_newest_first_by_provider_id_and_age(shell):
    query = rows.EventQuery("System", "iScsiPrt", (1, 10, 20), 24, (10,))
    (answer,) = shell.ask(query)
    assert [(row["id"], row["record"], row["data"], row["binary"]) for row in answer.rows] == [
        (20, 99, ["<a & b>", ""], None),
        (10, 98, ["\\Device\\RaidPort2"], "00010002"),
    ]
    assert answer.rows[0]["time"][:16] == (NOW - datetime.timedelta(hours=1)).isoformat()[:16]
    assert [len(found.rows) for found in shell.ask(query._replace(hours=0), query._replace(ids=(99,)))] == [3, 0]


def test_the_host_never_sends_the_binary_data_of_events_with_secrets(shell):
    """Neither unasked, nor asked for together with others."""
    query = rows.EventQuery("System", "iScsiPrt", (10, 16, 17, 35, 36), 0, (10,))
    line = shell.line(rows.encode_queries([query]))
    assert SECRET.encode().hex() not in line.lower()
    (answer,) = rows.decode_rows(line, [query])
    assert {row["id"]: row["binary"] for row in answer.rows} == {10: "00010002", 16: None, 17: None, 35: None, 36: None}


def test_of_embedded_instances_only_named_properties_come_back(shell):
    (answer,) = shell.ask(rows.CimQuery("root/test", "Login", ("Name", "Options.Flags", "Options.User", "Logins.Id")))
    assert answer == rows.RowAnswer(
        [
            {"Name": "a", "Options": {"Flags": 2, "User": "6162"}, "Logins": [{"Id": 1}, {"Id": 2}]},
            {"Name": "b", "Options": None, "Logins": []},
            {"Name": "c", "Options": {"Flags": None, "User": None}, "Logins": [{"Id": 3}]},
        ]
    )
    line = shell.line(rows.encode_queries([rows.CimQuery("root/test", "Login", ("Options.Flags",))]))
    assert SECRET.encode().hex() not in line and "Password" not in line


@pytest.mark.parametrize(
    "output, exit_code, found",
    [
        (
            "Microsoft iSCSI Initiator Version 10.0 Build 20348\n\nTotal of 3 peristent targets\nTarget: iqn.x:7\n",
            0,
            3,
        ),
        ("Insgesamt 12 permanente Ziele\n", 0, 12),
        ("Total of 0 peristent targets\n", 0, 0),
        ("The service is not running. 0xefff003e\n", 1, None),
        ("no number\n", 0, None),
    ],
)
def test_of_iscsicli_only_its_count_comes_back(tmp_path, output, exit_code, found):
    tool = tmp_path / "System32/iscsicli.exe"
    tool.parent.mkdir()
    script = f"test \"$*\" = ListPersistentTargets || exit 9\nprintf '%s' '{output}'\nexit {exit_code}\n"
    tool.write_text("#!/bin/sh\n" + script)
    tool.chmod(0o755)
    (tmp_path / "recorded.json").write_text(json.dumps(RECORDED), encoding="utf-8")
    environment = {**rows_standin.environment(tmp_path / "recorded.json"), "SystemRoot": str(tmp_path)}
    with rows_standin.RowsPowerShell(powershell(), environment) as running:
        (answer,) = running.ask(rows.CountQuery("iscsicli", ("ListPersistentTargets",)))
    assert answer.rows == (None if found is None else [{"count": found}])
    assert bool(answer.error) == (found is None)
