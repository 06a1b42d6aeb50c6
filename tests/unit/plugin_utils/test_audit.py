# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: what is found wrong on a host, that its remedy mends it, and that a host in order has none."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import codecs
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import host_settings as table
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply, desired, planner
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import audit, documentation
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.audit import findings, remedies, risks
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.report import labels
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

ROOT = Path(__file__).parents[3]
DATA, LOGS, GONE = ("iqn.2004-01.com.example:" + name for name in ("data", "logs", "gone"))
SECRET = "simulated-001"
CHAP = {"auth_type": "chap", "username": "sql01", "password": SECRET}
OLD_NAME = "iqn.1991-05.com.microsoft:older"
MULTIPATH = {"login_flags": ["multipath_enabled"]}
PATHS = [
    {"target": DATA, "portal": address, "initiator_port": 0, "login_options": MULTIPATH}
    for address in ("192.0.2.21", "192.0.2.22")
]
LUN = {
    "lun": 0,
    "size": "4T",
    "naa": "6001405a1b2c3d4e5f60718293a4b5c6",
    "volumes": [{"letter": "E", "label": "SQLDATA"}],
}
DISK = "E: SQLDATA, 4 TiB (PhysicalDrive1, naa.6001405a1b2c3d4e5f60718293a4b5c6)"
ARRAYS = [
    {"portals": ["192.0.2.21", "192.0.2.22"], "targets": [{"iqn": DATA, "luns": [LUN]}]},
    {"portals": ["192.0.2.31"], "targets": [{"iqn": LOGS, "luns": [0], "chap": {"user": "sql01", "secret": SECRET}}]},
]
IN_ORDER = {
    "service": {"state": "running", "start_mode": "automatic"},
    "mpio": {"claimed": True},
    "initiator": {"instances": [{"name": "ROOT\\ISCSIPRT\\0000_0", "addresses": ["192.0.2.11", "198.51.100.11"]}]},
    "network": {"arrays": ARRAYS},
    "target_portals": ["192.0.2.21", "192.0.2.31"],
    "persistent_logins": PATHS,
    "sessions": PATHS,
}


WAS_BOUND = {"initiator_instance": "ROOT\\ISCSIPRT\\0000_0", "initiator_address": "192.0.2.19"}
_CLASS = "SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e97b-e325-11ce-bfc1-08002be10318}\\0003\\PersistentTargets"
LOGIN_KEY = {
    f"{_CLASS}\\{DATA}#1\\LoginTarget": {"LocalIPAddress": {"binary": "02000000c0000212" + 8 * "00"}},
    f"{_CLASS}\\{DATA}#2\\LoginTarget": {"LocalIPAddress": {"binary": "02000000c000020b" + 8 * "00"}},
    f"{_CLASS}\\{DATA}base\\LoginTarget": {"LocalIPAddress": {"binary": "02000000c0000263" + 8 * "00"}},
}


def packet(dump):
    """The binary part of an event of the driver."""
    return f"0300{len(dump):02x}00".ljust(80, "0") + dump.hex()


REFUSED = {"provider": "iScsiPrt", "id": 10, "binary": packet(b"\x23".ljust(36, b"\0") + b"\2\1".ljust(12, b"\0"))}
UNREACHABLE = {"provider": "iScsiPrt", "id": 1, "binary": packet(bytes([192, 0, 2, 21, 0xBC, 0x0C]))}


def lun(**more):
    """The network of a host whose disk is as described."""
    return {"network": {"arrays": [{**ARRAYS[0], "targets": [{"iqn": DATA, "luns": [{**LUN, **more}]}]}, ARRAYS[1]]}}


def gathered(host):
    return queries.gather(host, list(queries.READS), 0)


def found(host):
    return audit.find_risks(facts.assemble(gathered(host)))


def login(target=DATA, portal="192.0.2.21", **more):
    return dict({"target": target, "portal": portal, "initiator_port": 0}, **more)


# What is wrong: (kind, changes to the host in order, severity, what, words of the text, whether its tasks mend it).
CASES = [
    (
        "service_not_automatic",
        {"service": {"state": "running", "start_mode": "manual"}},
        "critical",
        "MSiSCSI",
        "starts only on demand",
        True,
    ),
    (
        "service_not_automatic",
        {"service": {"state": "running", "start_mode": "disabled"}},
        "critical",
        "MSiSCSI",
        "is disabled, so",
        True,
    ),
    (
        "services_blocked",
        {
            "service": {"state": "running", "start_mode": "disabled"},
            "windows": {"registry": {f"{table.SERVICES_KEY}\\SQL": {"DependOnService": ["MSiSCSI"]}}},
        },
        "critical",
        "MSiSCSI",
        "what waits for it is not expected to start after a restart: SQL",
        True,
    ),
    (
        "service_delayed",
        {"service": {"state": "running", "start_mode": "automatic", "delayed_start": True}},
        "info",
        "MSiSCSI",
        "may start before the disk is there",
        False,
    ),
    (
        "disk_lost",
        {"persistent_logins": []},
        "critical",
        DISK,
        "2 paths now, 0 expected after a restart: no login to its target is saved",
        True,
    ),
    (
        "disk_lost",
        {"service": {"state": "running", "start_mode": "manual"}},
        "critical",
        DISK,
        "MSiSCSI does not start by itself",
        True,
    ),
    (
        "disk_unproven",
        {"persistent_logins": PATHS[1:], "sessions": PATHS[:1]},
        "critical",
        DISK,
        "no live session that proves them",
        False,
    ),
    (
        "fewer_paths",
        {"persistent_logins": PATHS[:1]},
        "warning",
        DISK,
        "2 paths now, 1 expected after a restart: 1 of its 2 sessions are saved",
        True,
    ),
    (
        "not_saved",
        {"persistent_logins": PATHS[:1]},
        "warning",
        DATA + " through 192.0.2.22:3260",
        "live, but not saved",
        True,
    ),
    (
        "single_path",
        {"persistent_logins": PATHS[:1], "sessions": PATHS[:1]},
        "info",
        DISK,
        "It has one path",
        False,
    ),
    (
        "paths_without_mpio",
        {"mpio": {"claimed": False}},
        "critical",
        DISK.replace("Drive1", "Drive1, PhysicalDrive2"),
        "Writing through both can corrupt its data",
        False,
    ),
    (
        "disk_offline",
        lun(offline=True),
        "warning",
        "PhysicalDrive1, 4 TiB, offline (policy) (naa.6001405a1b2c3d4e5f60718293a4b5c6)",
        "a restart does not change that",
        False,
    ),
    (
        "disk_read_only",
        lun(read_only=True),
        "warning",
        DISK.replace("TiB", "TiB, read-only"),
        "read-only",
        False,
    ),
    (
        "disk_uninitialized",
        lun(initialized=False),
        "warning",
        "PhysicalDrive1, 4 TiB, not initialized (naa.6001405a1b2c3d4e5f60718293a4b5c6)",
        "no partition table",
        False,
    ),
    (
        "event",
        {"windows": {"events": [{"provider": "mpio", "id": 23, "data": ["\\Device\\Harddisk1\\DR1"]}]}},
        "critical",
        DISK,
        "all its paths failed, and Windows removed it (2",
        False,
    ),
    (
        "event",
        {"windows": {"events": [{"provider": "MSiSCSI", "id": 103, "data": ["0x5b4"], "copies": 3}]}},
        "warning",
        "initiator",
        "the service waited in vain for its bound volumes, so services may have started before their disks (3 times",
        False,
    ),
    (
        "not_connected",
        {
            "persistent_logins": [*PATHS, login(LOGS, "192.0.2.31", login_options=CHAP)],
            "windows": {"events": [REFUSED, {"provider": "iScsiPrt", "id": 70}, UNREACHABLE]},
        },
        "warning",
        LOGS + " through 192.0.2.31:3260 from port 0",
        "it has no live session. In the event log: the target refused the login: authentication failed (status 0x0201) "
        "(2",
        True,
    ),
    (
        "stale_favourite",
        {"persistent_logins": [*PATHS, login(GONE, "192.0.2.99")]},
        "warning",
        GONE + " through 192.0.2.99:3260 from port 0",
        "does not know its target",
        True,
    ),
    (
        "not_connected",
        {"persistent_logins": [*PATHS, login(LOGS, "192.0.2.31", login_options=CHAP)]},
        "warning",
        LOGS + " through 192.0.2.31:3260 from port 0",
        "it has no live session",
        True,
    ),
    (
        "vanished_initiator_port",
        {"persistent_logins": [*PATHS, dict(PATHS[0], initiator_port=1)], "windows": {"reader": False}},
        "warning",
        DATA + " through 192.0.2.21:3260 from port 1",
        "another port reaches the same portal",
        True,
    ),
    (
        "vanished_initiator_port",
        {
            "persistent_logins": [*PATHS, dict(PATHS[0], initiator_port=5)],
            "target_portals": ["192.0.2.31", {"address": "192.0.2.21", "initiator_port": 5, **WAS_BOUND}],
        },
        "warning",
        DATA + " through 192.0.2.21:3260 from port 5",
        "port 5, which this host no longer has. The address of that port was probably 192.0.2.19.",
        True,
    ),
    (
        "vanished_initiator_port",
        {"persistent_logins": [*PATHS, dict(PATHS[0], initiator_port=5)], "windows": {"registry": LOGIN_KEY}},
        "warning",
        DATA + " through 192.0.2.21:3260 from port 5",
        "port 5, which this host no longer has. The address of that port was probably 192.0.2.18.",
        True,
    ),
    (
        "moved_initiator_port",
        {"target_portals": ["192.0.2.31", {"address": "192.0.2.21", "initiator_port": 1, **WAS_BOUND}]},
        "warning",
        "portal 192.0.2.21:3260 from port 1",
        "saved for initiator port 1 when that was 192.0.2.19. Today port 1 is 198.51.100.11.",
        False,
    ),
    (
        "saved_twice",
        {"persistent_logins": [*PATHS[1:], dict(PATHS[0], copies=2)]},
        "warning",
        DATA + " through 192.0.2.21:3260 from port 0",
        "saved 2 times",
        True,
    ),
    (
        "saved_twice",
        {
            "persistent_logins": [
                *PATHS,
                dict(PATHS[0], login_options=dict(PATHS[0]["login_options"], header_digest="crc32c")),
            ]
        },
        "warning",
        DATA + " through 192.0.2.21:3260 from port 0",
        "saved 2 times with different settings",
        False,
    ),
    (
        "multipath_without_mpio",
        {"mpio": {"claimed": False}},
        "warning",
        DATA,
        "2 logins have multipath_enabled, but MPIO claims no device",
        False,
    ),
    (
        "sessions_without_multipath",
        {"persistent_logins": [PATHS[0], dict(PATHS[1], login_options={})]},
        "warning",
        DATA,
        "1 of them without multipath_enabled",
        True,
    ),
    ("no_chap", {}, "info", DATA, "2 persistent logins log in without CHAP", False),
    (
        "chap_missing",
        {"persistent_logins": [login(LOGS, "192.0.2.31")], "sessions": [login(LOGS, "192.0.2.31", login_options=CHAP)]},
        "critical",
        LOGS,
        "a live session uses chap",
        True,
    ),
    (
        "chap_missing",
        {
            "persistent_logins": [
                login(DATA, login_options=dict(CHAP, **MULTIPATH)),
                login(DATA, "192.0.2.22", login_options=MULTIPATH),
            ],
            "sessions": [],
        },
        "warning",
        DATA,
        "others use chap",
        True,
    ),
    (
        "chap_without_secret",
        {"persistent_logins": [login(LOGS, "192.0.2.31", login_options={"auth_type": "chap", "username": "sql01"})]},
        "critical",
        LOGS + " through 192.0.2.31:3260 from port 0",
        "no secret is saved",
        True,
    ),
    (
        "chap_without_secret",
        {
            "network": {"arrays": [ARRAYS[0], dict(ARRAYS[1], discovery_chap={"user": "sql01", "secret": SECRET})]},
            "target_portals": [
                "192.0.2.21",
                {"address": "192.0.2.31", "login_options": {"auth_type": "chap", "username": "sql01"}},
            ],
        },
        "warning",
        "portal 192.0.2.31:3260",
        "discovery uses chap, but no secret is saved",
        True,
    ),
    (
        "old_node_name",
        {"persistent_logins": [login(LOGS, "192.0.2.31", login_options=dict(CHAP, username=OLD_NAME))]},
        "warning",
        LOGS + " through 192.0.2.31:3260 from port 0",
        f"its CHAP user is {OLD_NAME}, but the node is called iqn.",
        True,
    ),
    (
        "old_node_name",
        {
            "persistent_logins": [
                login(LOGS, "192.0.2.31", login_options=dict(CHAP, username="iqn.2020-01.com.example:cluster"))
            ]
        },
        "info",
        LOGS + " through 192.0.2.31:3260 from port 0",
        "is an iSCSI name, but not that of this node",
        False,
    ),
    (
        "silent_portal",
        {"target_portals": ["192.0.2.21", "192.0.2.31", "192.0.2.99"]},
        "warning",
        "portal 192.0.2.99:3260",
        "no target is known from this portal",
        False,
    ),
    (
        "questionable_flags",
        {"persistent_logins": [*PATHS[1:], dict(PATHS[0], security_flags=["pfs_enabled"])]},
        "warning",
        DATA + " through 192.0.2.21:3260 from port 0",
        codecs.SECURITY_FLAGS.warnings(0x10)[0].partition(": ")[2],
        True,
    ),
    (
        "questionable_flags",
        {
            "persistent_logins": [
                *PATHS[1:],
                dict(
                    PATHS[0],
                    security_flags=["valid", "ike_ipsec_enabled", "transport_mode_preferred", "tunnel_mode_preferred"],
                ),
            ]
        },
        "warning",
        DATA + " through 192.0.2.21:3260 from port 0",
        "exclude each other",
        False,
    ),
    (
        "questionable_flags",
        {"target_portals": [{"address": "192.0.2.21", "security_flags": ["valid", "pfs_enabled"]}, "192.0.2.31"]},
        "warning",
        "portal 192.0.2.21:3260",
        "ike_ipsec_enabled is not",
        False,
    ),
    (
        "questionable_flags",
        {"persistent_logins": [login(login_options={"login_flags": ["require_ipsec"]})]},
        "warning",
        DATA + " through 192.0.2.21:3260 from port 0",
        "ask for IPsec (require_ipsec), but",
        False,
    ),
    (
        "questionable_flags",
        {"persistent_logins": [login(login_options={"login_flags": ["use_radius_response"]})]},
        "warning",
        DATA + " through 192.0.2.21:3260 from port 0",
        "no RADIUS server is known",
        False,
    ),
    (
        "questionable_flags",
        {"persistent_logins": [login(login_options={"login_flags": ["reserved1"]})]},
        "warning",
        DATA + " through 192.0.2.21:3260 from port 0",
        "no documented meaning",
        False,
    ),
]


def parametrize(cases):
    return pytest.mark.parametrize(
        ("kind", "changes", "severity", "what", "words"),
        [case[:5] for case in cases],
        ids=[f"{case[0]}-{number}" for number, case in enumerate(cases)],
    )


def find_matching(found_risks, kind, what, words):
    return [risk for risk in found_risks if (risk["kind"], risk["what"]) == (kind, what) and words in risk["text"]]


@parametrize(CASES)
def test_a_risk_is_found(kind, changes, severity, what, words):
    (risk,) = find_matching(found(Host(dict(IN_ORDER, **changes))), kind, what, words)
    assert (risk["severity"], risk["category"]) == (severity, "risk")
    assert risk["remedy"].endswith(".")


@parametrize([case for case in CASES if case[5]])
def test_its_tasks_mend_it(kind, changes, severity, what, words):
    """The remedy is run as it stands, with nothing but the secret filled in."""
    host = Host(dict(IN_ORDER, **changes))
    (risk,) = find_matching(found(host), kind, what, words)
    assert risk["run"]
    for task in risk["run"]:
        run_task(host, task)
    assert find_matching(found(host), kind, what, words) == []


PARSERS = {
    "winstorage.iscsi.persistent_login": lambda plain: desired.Declaration(
        {"persistent_logins": [desired.persistent_login(plain)]}
    ),
    "winstorage.iscsi.target_portal": lambda plain: desired.Declaration(
        {"target_portals": [desired.target_portal(plain)]}
    ),
    "winstorage.iscsi.initiator": parse,
}


def run_task(host, task):
    ((module, arguments),) = task.items()
    filled = {
        name: SECRET if value == remedies.SECRET else "sql01" if value == remedies.USERNAME else value
        for name, value in arguments.items()
    }
    outcome = apply.apply(host, PARSERS[module](filled))
    assert (outcome.changed, outcome.problems) == (True, [])


def test_a_host_in_order_has_no_finding_but_that_it_goes_without_chap():
    assert [(one["severity"], one["kind"]) for one in found(Host(IN_ORDER))] == [("info", "no_chap")]


def test_a_favourite_is_found_by_its_fate_alone():
    """Not as stale and not connected both."""
    host = Host(dict(IN_ORDER, persistent_logins=[*PATHS, login(GONE, "192.0.2.99")]))
    assert [one["kind"] for one in found(host) if GONE in one["what"]] == ["stale_favourite"]


def edited(edit):
    plain = facts.assemble(gathered(Host(IN_ORDER)))
    plain = copy.deepcopy(plain)
    edit(plain)
    return audit.find_risks(plain)


def test_an_instance_that_is_gone():
    def edit(plain):
        plain["initiator"]["instances"] = ["ROOT\\ISCSIPRT\\0001_0"]
        plain["persistent_logins"][0].update(connected=False, live_sessions=0)
        plain["target_portals"][0]["initiator_instance"] = "ROOT\\ISCSIPRT\\0000_0"

    gone = [one for one in edited(edit) if one["kind"] == "vanished_instance"]
    assert [one["what"] for one in gone] == [DATA + " through 192.0.2.21:3260 from port 0", "portal 192.0.2.21:3260"]
    login_task, portal_task = (one["run"] for one in gone)
    assert login_task == [] and "0xEFFF0044" in gone[0]["remedy"]  # Windows would not remove it
    assert portal_task[0]["winstorage.iscsi.target_portal"]["state"] == "absent"


def test_a_portal_listed_for_a_port_whose_address_is_gone():
    def edit(plain):
        first = plain["target_portals"][0]
        plain["target_portals"] += [dict(first, initiator_port=7, any_initiator_port=False)]

    (finding,) = [one for one in edited(edit) if one["kind"] == "vanished_initiator_port"]
    assert finding["what"] == "portal 192.0.2.21:3260 from port 7"


def test_what_the_initiator_did_not_report_is_found_with_a_page_that_helps():
    (finding,) = [
        one
        for one in edited(lambda plain: plain["warnings"].append("LUN 3 does not answer"))
        if one["kind"] == "not_told"
    ]
    assert (finding["severity"], finding["text"]) == ("info", "LUN 3 does not answer")
    assert finding["remedy"] == documentation.see_page("troubleshooting")


@pytest.mark.parametrize("part", queries.READS)
def test_what_was_not_gathered_is_no_risk(part):
    """Each part left out in turn: nothing more is found than in the whole, and only what rests on it is missed."""
    wanted = [name for name in queries.READS if name != part]
    partly = audit.find_risks(facts.assemble(queries.gather(Host(IN_ORDER), wanted, 0)))
    assert [risk["kind"] for risk in partly] == ([] if part == "persistent_logins" else ["no_chap"])


def test_only_the_host_was_gathered():
    assert audit.find_risks(facts.assemble(queries.gather(Host(IN_ORDER), [], 0))) == []


def test_the_worst_comes_first():
    host = Host(
        dict(
            IN_ORDER,
            service={"state": "running", "start_mode": "manual"},
            persistent_logins=[*PATHS, login(GONE, "192.0.2.99")],
        )
    )
    severities = [findings.SEVERITIES.index(one["severity"]) for one in found(host)]
    assert severities == sorted(severities)
    assert set(severities) == {0, 1, 2}


# -- the table of risks ------------------------------------------------------------------------------------------------

KINDS = [kind for check in risks.RISK_CHECKS for kind in check.kinds]


@pytest.fixture(scope="module")
def facts_of_cases():
    """Facts of the host in order, and with each change."""
    return [facts.assemble(gathered(Host(IN_ORDER | changes))) for changes in ({}, *(case[1] for case in CASES))]


@pytest.mark.parametrize("check", risks.RISK_CHECKS, ids=lambda check: check.find.__name__)
def test_a_check_finds_the_kinds_of_its_row_and_no_others(check, facts_of_cases):
    kinds = {risk["kind"] for one in facts_of_cases for risk in check.find(one)}
    elsewhere = {"service_stopped", "vanished_instance"}  # what no host in order with one change has
    edited_elsewhere = {"vanished_initiator_port"} if "silent_portal" in check.kinds else set()
    assert kinds == set(check.kinds) - elsewhere - edited_elsewhere


@pytest.mark.parametrize("kind", sorted(set(KINDS)))
def test_every_risk_has_a_heading_and_a_line_in_the_documentation(kind):
    assert kind in labels.KINDS
    table = (ROOT / "docs/docsite/rst/report.rst").read_text(encoding="utf-8").partition("\nRisks\n")[2]
    assert f"``{kind}``" in table


# -- drift -------------------------------------------------------------------------------------------------------------

PORTAL = {"address": "192.0.2.21"}
PATH = {"target": DATA, "portal": PORTAL, "initiator_port": 0}
DRIFT = [  # declaration, (kind, record, field, found, declared)
    (
        {"persistent_logins": [dict(PATH, header_digest="crc32c")]},
        [("differs", "persistent_logins", "header_digest", "unspecified", "crc32c")],
    ),
    (
        {"persistent_logins": [dict(PATH, login_flags=[], auth_type="chap", username="sql01", secret=SECRET)]},
        [
            ("blocked", "", None, None, None),  # beside another login, the flag is needed
            ("differs", "persistent_logins", "auth_type", "unspecified", "chap"),
            ("differs", "persistent_logins", "login_flags", ["multipath_enabled"], []),
            ("differs", "persistent_logins", "secret", "not set", "set"),
            ("differs", "persistent_logins", "username", "unspecified", "sql01"),
        ],
    ),
    ({"persistent_logins": [dict(PATH, copies=3)]}, [("differs", "persistent_logins", "copies", 1, 3)]),
    (
        {"persistent_logins": [dict(PATH, initiator_port=1)]},  # refused beside other logins, without the flag
        [("blocked", "", None, None, None), ("missing", "persistent_logins", None, None, "1 saved")],
    ),
    (
        {"persistent_logins": [dict(PATH, initiator_port=1, multipath=True)]},
        [("missing", "persistent_logins", None, None, "1 saved")],
    ),
    ({"persistent_logins": [dict(PATH, state="absent")]}, [("extra", "persistent_logins", None, "1 saved", None)]),
    (
        {"persistent_logins": [PATH], "purge": ["persistent_logins"], "purge_connected": True},
        [("extra", "persistent_logins", None, "1 saved", None)],
    ),
    ({"persistent_logins": [PATH], "purge": ["persistent_logins"]}, [("kept", "", None, None, None)]),
    (
        {"persistent_logins": [dict(PATH, secret=SECRET, update_secret="always", auth_type="unspecified")]},
        [("differs", "persistent_logins", "secret", "not set", "set")],
    ),
    (
        {"persistent_logins": [dict(PATH, auth_type="chap", username="sql01")]},
        [
            ("blocked", "", None, None, None),
            ("differs", "persistent_logins", "auth_type", "unspecified", "chap"),
            ("differs", "persistent_logins", "username", "unspecified", "sql01"),
        ],
    ),
    (
        {"node_name": "iqn.2004-01.com.example:sql01"},
        [
            (
                "differs",
                "node_name",
                "node_name",
                "iqn.1991-05.com.microsoft:win-simulated",
                "iqn.2004-01.com.example:sql01",
            )
        ],
    ),
    ({"service_start_mode": "manual"}, [("differs", "service", "start_mode", "automatic", "manual")]),
    ({"chap_secret": SECRET}, [("unverifiable", "chap_secret", None, "not shown", "set")]),
    ({"target_portals": [dict(PORTAL, refresh=True)]}, []),
    ({"target_portals": [{"address": "192.0.2.41"}]}, [("missing", "target_portals", None, None, "1 saved")]),
    ({"isns_servers": ["isns.example.com"]}, [("missing", "isns_servers", None, None, "isns.example.com")]),
    (
        {"sessions": [{"target": DATA, "portal": {"address": "192.0.2.22"}, "state": "absent"}]},
        [("extra", "sessions", None, "connected", None)],
    ),
    ({"static_targets": [{"target": GONE, "alias": "old"}]}, [("missing", "static_targets", None, None, "there")]),
    ({"persistent_logins": [PATH, dict(PATH, portal={"address": "192.0.2.22"})]}, []),
]


DIFFERING = ("auth_type", "copies", "header_digest", "login_flags", "node_name", "secret", "start_mode", "username")
DRIFT_TEXTS = {  # kind -> (severity, what its text begins with; None for the subject of the plan's own line)
    "blocked": ("critical", None),
    "kept": ("info", None),
    "missing": ("warning", "declared, but missing"),
    "extra": ("warning", ("present, but declared absent", "present, but undeclared", "live, but declared absent")),
    "differs": ("warning", tuple(f"{field} differs" for field in DIFFERING)),
    "unverifiable": ("info", "declared, but the current value cannot be read"),
}


@pytest.mark.parametrize(("plain", "expected"), DRIFT)
def test_drift_field_by_field(plain, expected):
    found_drift = audit.find_drift(planner.plan(gathered(Host(IN_ORDER)), parse(plain)))
    assert [(one["kind"], *map(one.get, ("record", "field", "found", "declared"))) for one in found_drift] == expected
    assert SECRET not in repr(found_drift)
    for one in found_drift:
        severity, text = DRIFT_TEXTS[one["kind"]]
        assert (one["category"], one["severity"]) == ("drift", severity)
        assert one["text"].startswith(text or f"{one['what']}: ")


def test_what_cannot_be_compared_is_no_warning():
    chap = dict(IN_ORDER, persistent_logins=[login(LOGS, "192.0.2.31", login_options=CHAP)])
    plain = {
        "persistent_logins": [
            {
                "target": LOGS,
                "portal": {"address": "192.0.2.31"},
                "initiator_port": 0,
                "secret": SECRET,
                "update_secret": "always",
            }
        ]
    }
    (finding,) = audit.find_drift(planner.plan(gathered(Host(chap)), parse(plain)))
    assert (finding["severity"], finding["kind"], finding["field"]) == ("info", "unverifiable", "secret")
