# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes and events of simulated hosts, from facts to the report; also of hosts that say what makes no sense."""

from __future__ import annotations

import re

import pytest

TARGET = "iqn.2004-01.com.example:data"
NAA = "6001405a1b2c3d4e5f60718293a4b5c6"
REFUSED = "03003000".ljust(80, "0") + (b"\x23".ljust(36, b"\0") + b"\2\2".ljust(12, b"\0")).hex()
HOST = {
    "windows": {
        "hostname": "SQL01",
        "clock": "2026-11-25T08:00:00Z",
        "uptime_hours": 10,
        "events": [
            {"provider": "iScsiPrt", "id": 10, "hours_ago": 9, "copies": 3, "binary": REFUSED},
            {"provider": "iScsiPrt", "id": 10, "hours_ago": 11, "binary": REFUSED},  # before the last boot
            {"provider": "MSiSCSI", "id": 103, "hours_ago": 9, "data": ["0x5b4"]},
        ],
    },
    "service": {"state": "running", "start_mode": "automatic"},
    "mpio": {"claimed": True},
    "network": {
        "arrays": [
            {
                "portals": ["192.0.2.21"],
                "targets": [
                    {
                        "iqn": TARGET,
                        "luns": [
                            {
                                "lun": 0,
                                "size": "4T",
                                "naa": NAA,
                                "volumes": [
                                    {"letter": "E", "label": "SQLDATA"},
                                    {"mount_points": ["C:\\Mounts\\Logs\\"], "label": "LOGS"},
                                ],
                            },
                            {"lun": 1, "size": "1G", "offline": True},
                        ],
                    }
                ],
            }
        ]
    },
    "persistent_logins": [{"target": "iqn.2004-01.com.example:gone", "portal": "192.0.2.99"}],
    "sessions": [{"target": TARGET, "portal": "192.0.2.21"}],
}
LABEL = f"E: SQLDATA, C:\\Mounts\\Logs LOGS, 4 TiB (PhysicalDrive1, naa.{NAA})"
HARM = "\u202e<script>alert(1)</script>\x1b[31m" + "x" * 9000
# What storage classes and event log of another host say: wrong types, absent properties, long lists and texts.
ROWS = {
    "root/Microsoft/Windows/Storage": {
        "MSFT_Disk": [
            {"Number": "one"},
            {"Number": 1, "Size": "4 TiB", "IsOffline": "no", "UniqueId": NAA.upper(), "FriendlyName": [HARM]},
            {"Number": -1, "Size": 1 << 70},
        ],
        "MSFT_Partition": [
            {"DiskNumber": 1, "DriveLetter": 7, "AccessPaths": HARM},
            {"DiskNumber": 1, "AccessPaths": [f"{HARM}{number}" for number in range(40)] + [None, {"a": 1}]},
        ],
        "MSFT_Volume": [{"Path": 7, "DriveLetter": "EE", "FileSystemLabel": HARM, "Size": -1}] * 50,
    },
    "root/cimv2": {"Win32_OperatingSystem": [{"LastBootUpTime": HARM}]},
}
HOSTILE = {
    **HOST,
    "windows": {
        "hostname": "SQL02",
        "classes": ROWS,
        "events": [{"provider": "iScsiPrt", "id": 10, "data": [HARM] * 20, "binary": "ff" * 4000, "copies": 400}],
    },
}
UNREADABLE = {**HOST, "windows": {"hostname": "SQL03", "reader": False}}
PLAYS = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: usual, winstorage.iscsi.initiator_facts: }
    - {name: events, winstorage.iscsi.initiator_facts: {gather_subset: [all, events]}}
    - {name: audit, winstorage.iscsi.audit_facts: }
    - {name: summary, ansible.builtin.debug: {msg: "{{ ansible_facts.windows_iscsi | winstorage.iscsi.summary }}"}}
    - {name: report, winstorage.iscsi.report: {path: "{{ playbook_dir }}/report.html"}, run_once: true}
"""


@pytest.fixture(scope="module")
def play(site):
    site.host("sql01", HOST)
    site.host("sql02", HOSTILE)
    site.host("sql03", UNREADABLE)
    done = site.run(PLAYS, "-vvvvv")
    assert done.rc == 0, done.output
    return done


def result(play, host, task):
    return next(one.result for one in play.results if (one.host, one.task) == (host, task))


def facts_of(play, host, task="usual"):
    return result(play, host, task)["ansible_facts"]["windows_iscsi"]


def test_the_forecast_answers_by_volume(play):
    found = facts_of(play, "sql01")["next_boot"]
    assert found["attention"][:2] == [
        "C:\\Mounts\\Logs, E: will be missing.",
        f"{LABEL}: 1 path now, 0 expected after a restart: no login to its target is saved.",
    ]
    assert [(volume["name"], volume["outlook"]) for volume in found["volumes"]] == [
        ("C:\\Mounts\\Logs", "lost"),
        ("E:", "lost"),
    ]


def test_a_disk_of_4_tib_has_its_size_and_an_offline_one_says_so(play):
    facts = facts_of(play, "sql01")
    assert [disk["size"] for disk in facts["next_boot"]["disks"]] == [4 << 40, 1 << 30]
    assert [(disk["number"], disk["offline"], disk["offline_reason"]) for disk in facts["disks"]] == [
        (1, False, None),
        (2, True, "policy"),
    ]


def test_a_failed_login_has_its_reason_and_only_since_the_last_boot(play):
    assert facts_of(play, "sql01")["events"] is None
    (idle,) = facts_of(play, "sql01", "events")["next_boot"]["logins_not_connected"]
    assert idle["reasons"] == [
        "the target refused the login: this initiator is not authorized (status 0x0202) "
        "(3 times, last 2026-11-24 23:00 UTC)"
    ]


def test_the_audit_gives_the_reason_and_what_to_do(play):
    found = result(play, "sql01", "audit")["risks"]
    risks = {risk["kind"]: risk for risk in found}
    assert "In the event log: the target refused the login" in risks["stale_favourite"]["text"]
    assert risks["stale_favourite"]["remedy"].startswith("Allow the node name of this host on the array")
    assert "waited in vain for its bound volumes" in risks["event"]["text"]
    assert LABEL in [risk["what"] for risk in found if risk["kind"] == "disk_lost"]
    assert "offline (policy)" in risks["disk_offline"]["what"]


def test_each_task_is_one_round_trip(play):
    trips = re.findall(r"<(sql0\d)> winstorage\.iscsi: round trip by the simulator engine", play.output)
    assert sorted(trips) == sorted(["sql01", "sql02", "sql03"] * 3)


def test_rows_that_make_no_sense_are_warnings(play):
    facts = facts_of(play, "sql02", "events")
    assert "MSFT_Disk: Number is no number." in facts["warnings"]
    assert "MSFT_Partition: AccessPaths is no list of texts." in facts["warnings"]
    assert "MSFT_Volume: DriveLetter is no letter." in facts["warnings"]
    assert len(facts["warnings"]) < 25
    assert facts["events"]["entries"][0]["count"] > 10
    assert "only the first" in "".join(line for line in facts["warnings"] if "events of iScsiPrt" in line)
    assert len(str(facts)) < 100_000


def test_what_a_host_says_is_text_in_summary_and_report(play, site):
    for task in ("usual", "events"):
        facts = facts_of(play, "sql02", task)
        assert all(line.isprintable() for line in facts["next_boot"]["attention"] + facts["warnings"])
    page = (site.folder / "report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "E: SQLDATA" in page
    markdown = (site.folder / "report.md").read_text(encoding="utf-8")
    assert f"`{LABEL}`: 1 path now" in markdown
    for text in (page, markdown, result(play, "sql02", "summary")["msg"]):
        assert not {char for char in text if not char.isprintable()} - {"\n", "\u200b"}


def test_where_windows_does_not_say_all_is_as_before_with_a_warning(play):
    facts = facts_of(play, "sql03", "events")
    assert (facts["disks"], facts["events"], facts["next_boot"]["volumes"]) == (None, None, None)
    assert f"PhysicalDrive1 (naa.{NAA}): 1 path now" in facts["next_boot"]["attention"][0]
    assert sum("MSFT_" in line for line in facts["warnings"]) == 1
    assert sum("events of" in line for line in facts["warnings"]) == 1
