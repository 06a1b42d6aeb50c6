# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real iSCSI target judges the simulator's real network, and what the core decodes: tgt on loopback, with CHAP."""

from __future__ import annotations

import json
import socket

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import status
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries, scsi
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import real_network
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.errors import CallFailed
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.state import LoginOptions
from ansible_collections.winstorage.iscsi.tests.proof.support.tgt import Disk, Tgt
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import unavailable

OPEN, CHAP, MUTUAL = ("iqn.2026-01.com.example:" + name for name in ("open", "chap", "mutual"))
NODE = "iqn.1991-05.com.microsoft:proof"
USER, SECRET, WRONG = "host", "real-secret-01", "wrong-secret-1"
TARGET_USER, TARGET_SECRET = "array", "real-secret-02"
DISKS = [
    Disk(1, 64 << 20, "WINSTOR", "First proof", "0001", "SERIAL-ONE", "5001405aabbccdd0011"),
    Disk(7, 3 << 30, "OTHERVEN", "Second", "A2", "SERIAL-SEVEN", "60deadbeef"),
]
CHAP_REFUSED = status.by_name("ISDSC_AUTHENTICATION_FAILURE").value


@pytest.fixture(scope="module", autouse=True)
def libiscsi():
    try:
        return real_network.library()
    except simulator.HostFileError as missing:
        unavailable(str(missing))


@pytest.fixture(scope="module")
def tgt():
    with Tgt() as target:
        target.target(1, OPEN, DISKS)
        target.target(2, CHAP, DISKS)
        target.target(3, MUTUAL, DISKS[:1])
        target.account(USER, SECRET, [2, 3])
        target.own_account(TARGET_USER, TARGET_SECRET, [3])
        yield target


class Host:
    """A simulated Windows host whose only array is the real target."""

    def __init__(self, folder, port, **parts):
        self.path, self.port = folder / "host.yml", port
        plain = {
            "service": {"state": "running", "start_mode": "automatic"},
            "mpio": {"claimed": True},
            "network": {"arrays": [{"real": "loopback", "portals": [f"127.0.0.1:{port}"]}]},
        }
        plain["initiator"] = dict({"node_name": NODE}, **parts.pop("initiator", {}))
        self.path.write_text(json.dumps(dict(plain, **parts)))

    def run(self, batch):
        return simulator.run(batch, self.path)

    def converge(self, **plain):
        return apply.apply(self.run, declare(plain))

    def portal(self, **options):
        return dict({"address": "127.0.0.1", "port": self.port}, **options)

    def login(self, target, **options):
        return dict({"target": target, "portal": self.portal()}, **options)

    def facts(self):
        return facts.assemble(queries.gather(self.run))


@pytest.fixture
def host(tmp_path, tgt):
    return Host(tmp_path, tgt.port)


def login_status(host, target, **options):
    """What becomes of a persistent login at boot."""
    own = {"mutual_chap_secret": options.pop("mutual_secret", None)}
    login = dict(host.login(target), login_options=options)
    made = Host(host.path.parent, host.port, persistent_logins=[login], initiator=own)
    failed = simulator.boot(made.path)
    return status.by_name(failed[0]["status"]).value if failed else status.SUCCESS


def chap(secret, auth_type="chap", **more):
    return dict({"auth_type": auth_type, "username": USER, "password": secret}, **more)


def test_discovery_finds_every_target_of_the_portal(host):
    report = host.converge(target_portals=[host.portal()])
    assert not report.problems and report.discoveries
    targets = host.facts()["targets"]
    assert [target["name"] for target in targets] == sorted([OPEN, CHAP, MUTUAL])
    for target in targets:
        assert [
            [(portal["address"], portal["port"]) for portal in group]
            for group in target["discoveries"][0]["portal_groups"]
        ] == [[("127.0.0.1", host.port)]]


def test_logins_declared_here_are_sessions_after_the_next_boot_and_their_devices_are_what_the_target_was_told(host):
    wanted = {
        "target_portals": [host.portal()],
        "persistent_logins": [
            host.login(OPEN),
            host.login(CHAP, auth_type="chap", username=USER, secret=SECRET, header_digest="crc32c"),
        ],
    }
    assert host.converge(**wanted).changed
    assert not host.facts()["sessions"]
    assert simulator.boot(host.path) == []
    assert not host.converge(**wanted).changed
    found = host.facts()
    assert [session["target"] for session in found["sessions"]] == [CHAP, OPEN]
    assert all(login["connected"] for login in found["persistent_logins"])
    for session in found["sessions"]:
        assert sorted(device["scsi_lun"] for device in session["devices"]) == [disk.lun for disk in DISKS]
        units = {unit["os_lun"]: unit for unit in session["luns"]}
        for disk in DISKS:
            unit = units[disk.lun]
            assert unit["problem"] is None
            assert (unit["vendor"], unit["product"], unit["revision"], unit["serial"]) == disk[2:6]
            assert (unit["size"], unit["block_size"]) == (disk.size, 512)
            assert "naa.6" + disk.scsi_id.zfill(31) in unit["identifiers"]
            assert disk.scsi_id in unit["identifiers"]  # as the T10 identifier
    # Both targets have units of the same identity: with MPIO these are two paths to two disks.
    numbers = [sorted(device["device_number"] for device in session["devices"]) for session in found["sessions"]]
    assert numbers[0] == numbers[1] and len(set(numbers[0])) == 2


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, CHAP_REFUSED),
        (chap(WRONG), CHAP_REFUSED),
        (dict(chap(SECRET), username="somebody"), CHAP_REFUSED),
        (dict(chap(SECRET), username=None), CHAP_REFUSED),  # the node name, which is no account of the target
        (chap(SECRET), status.SUCCESS),
        (chap(SECRET, "mutual_chap", mutual_secret=TARGET_SECRET), CHAP_REFUSED),  # the target has no secret of its own
    ],
)
def test_chap_of_a_target_that_asks_for_it(host, options, expected):
    assert login_status(host, CHAP, **options) == expected


@pytest.mark.parametrize(
    "secret, mutual_secret, expected",
    [
        (SECRET, TARGET_SECRET, status.SUCCESS),
        (SECRET, WRONG, CHAP_REFUSED),  # the target is not whom the host takes it for
        (SECRET, None, CHAP_REFUSED),
        (WRONG, TARGET_SECRET, CHAP_REFUSED),
    ],
)
def test_mutual_chap(host, secret, mutual_secret, expected):
    assert login_status(host, MUTUAL, **chap(secret, "mutual_chap", mutual_secret=mutual_secret)) == expected


def test_a_session_declared_with_a_wrong_secret_is_refused_by_the_target_and_accepted_with_the_right_one(host):
    host.converge(target_portals=[host.portal()])
    login = host.login(CHAP, auth_type="chap", username=USER)
    report = host.converge(sessions=[dict(login, secret=WRONG)])
    assert "ISDSC_AUTHENTICATION_FAILURE" in "".join(report.problems) and not host.facts()["sessions"]
    assert not host.converge(sessions=[dict(login, secret=SECRET)]).problems
    assert [session["target"] for session in host.facts()["sessions"]] == [CHAP]


def test_a_target_that_is_not_there(host):
    assert login_status(host, OPEN + "-not") == status.by_name("ISDSC_NOT_FOUND").value


def test_a_portal_that_nobody_listens_at(tmp_path, tgt):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = Host(tmp_path, taken.getsockname()[1])
        assert login_status(nowhere, OPEN) == status.CONNECTION_FAILED


def test_a_portal_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(real_network, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert login_status(Host(tmp_path, silent.getsockname()[1]), OPEN) == status.CONNECTION_FAILED


def test_discovery_with_chap(tmp_path):
    with Tgt() as guarded:
        guarded.target(1, OPEN, DISKS[:1])
        guarded.account(USER, SECRET, [None])
        host = Host(tmp_path, guarded.port)
        refused = host.converge(target_portals=[host.portal(auth_type="chap", username=USER, secret=WRONG)])
        assert list(refused.discoveries.values()) == [False] and refused.problems and not host.facts()["targets"]
        accepted = host.converge(
            target_portals=[host.portal(auth_type="chap", username=USER, secret=SECRET, update_secret="always")]
        )
        assert list(accepted.discoveries.values()) == [True] and not accepted.problems
        assert [target["name"] for target in host.facts()["targets"]] == [OPEN]


def test_a_target_that_goes_away_leaves_its_session_without_devices(tmp_path):
    with Tgt() as passing:
        passing.target(1, OPEN, DISKS)
        host = Host(
            tmp_path,
            passing.port,
            persistent_logins=[{"target": OPEN, "portal": {"address": "127.0.0.1", "port": passing.port}}],
        )
        assert simulator.boot(host.path) == []
        assert len(host.facts()["sessions"][0]["devices"]) == len(DISKS)
    (session,) = host.facts()["sessions"]
    assert not session["connections"] and not session["devices"]


def test_scsi_answers_are_the_targets_own_bytes(tgt):
    asked = real_network.RealNetwork(lambda: (NODE, None))
    units = real_network.RealUnits(asked, OPEN, ("127.0.0.1", tgt.port), LoginOptions().load({}, ""))
    listed = units.report_luns()
    assert [lun.number for lun in scsi.report_luns(listed.response)] == [0, *(disk.lun for disk in DISKS)]
    controller = scsi.standard_inquiry(units.inquiry(0, 0, 0).response)  # which every target of tgt has at LUN 0
    assert (controller.vendor, controller.device_type) == ("IET", "storage_array_controller")
    pages = scsi.supported_pages(units.inquiry(0x0100, 1, 0x00).response)
    assert {0x00, 0x80, 0x83, 0xB0} <= set(pages)
    refused = units.inquiry(0x0100, 1, 0x77)  # a page that is not there
    assert (refused.scsi_status, refused.response) == (0x02, b"")
    assert scsi.sense(refused.sense) == scsi.Sense("illegal_request", 0x24, 0x00)


def test_a_secret_that_libiscsi_cannot_take_is_refused_and_not_cut_short(host):
    assert login_status(host, CHAP, **chap("0x" + SECRET.encode().hex() + "00")) == status.INVALID_PARAMETER


def test_a_refused_login_shows_no_secret(tgt):
    asked = real_network.RealNetwork(lambda: (NODE, None))
    with pytest.raises(CallFailed) as refusal:
        asked.log_in(CHAP, ("127.0.0.1", tgt.port), LoginOptions().load(chap(WRONG), ""))
    assert WRONG not in repr(refusal.value) + str(refusal.value)
