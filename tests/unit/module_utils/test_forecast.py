# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.model import forecast, matching
from ansible_collections.winstorage.iscsi.tests.unit.support.builders import (
    FLASH,
    host,
    login,
    partial_snapshot,
    session,
)

OTHER = "iqn.2001-05.com.example:backup"
A, B = "10.0.0.1", "10.0.1.1"


class Case(t.NamedTuple):
    """A host and the forecast for it. ``outlooks``: (outlook, paths now, expected, unproven) of each disk."""

    logins: list
    sessions: list
    verdict: str
    outlooks: list
    not_saved: int = 0
    not_connected: int = 0
    attention: tuple = ()
    host: t.Any = host()


CASES = {
    "nothing at all": Case([], [], "ready", []),
    "one path, saved": Case([login(A)], [session(1, A)], "ready", [("same", 1, 1, 0)]),
    "MPIO: four logins over two portals, bound to ports": Case(
        [login(address, port) for address in (A, B) for port in (1, 2)],
        [session(number, address) for number, address in enumerate([A, A, B, B])],
        "ready",
        [("same", 4, 4, 0)],
    ),
    "MPIO: one of the four paths is down": Case(
        [login(address, port) for address in (A, B) for port in (1, 2)],
        [session(number, address) for number, address in enumerate([A, A, B])],
        "ready",
        [("same", 3, 3, 1)],
        not_connected=1,
        attention=(f"Saved but not connected: {FLASH} through {B} port 3260.",),
    ),
    "a session that nobody saved": Case(
        [login(A)],
        [session(1, A), session(2, B)],
        "degraded",
        [("fewer_paths", 2, 1, 0)],
        not_saved=1,
        attention=(
            "PhysicalDrive1 (naa.60000): 2 paths now, 1 expected after a restart: 1 of its 2 sessions are saved.",
            f"Live but not saved: {FLASH} through {B} port 3260.",
        ),
    ),
    "a disk that nobody saved": Case(
        [],
        [session(1, A)],
        "at_risk",
        [("lost", 1, 0, 0)],
        not_saved=1,
        attention=(
            "PhysicalDrive1 (naa.60000): 1 path now, 0 expected after a restart: no login to its target is saved.",
            f"Live but not saved: {FLASH} through {A} port 3260.",
        ),
    ),
    "saved through another portal than the session's": Case(
        [login(B)], [session(1, A)], "at_risk", [("unproven", 1, 0, 1)], not_saved=1, not_connected=1
    ),
    "two disks, one session": Case([login(A)], [session(1, A, disks=(0, 1))], "ready", [("same", 1, 1, 0)] * 2),
    "a path that shows only some disks": Case(
        [login(A)],
        [session(1, A, disks=(0, 1)), session(2, B, disks=(1,))],
        "degraded",
        [("same", 1, 1, 0), ("fewer_paths", 2, 1, 0)],
        not_saved=1,
    ),
    "another session of the target proves nothing for a disk that it does not show": Case(
        [login(B)],
        [session(1, A, disks=(0,)), session(2, B, disks=())],
        "at_risk",
        [("lost", 1, 0, 0)],
        not_saved=1,
        attention=(
            "PhysicalDrive1 (naa.60000): 1 path now, 0 expected after a restart: none of its sessions is saved.",
        ),
    ),
    "a stale favourite whose array is gone": Case(
        [login(A), login("10.9.9.9", target=OTHER)],
        [session(1, A)],
        "ready",
        [("same", 1, 1, 0)],
        not_connected=1,
        attention=(f"Saved but not connected: {OTHER} through 10.9.9.9 port 3260.",),
    ),
    "a manual service": Case(
        [login(A)],
        [session(1, A)],
        "at_risk",
        [("lost", 1, 0, 0)],
        host=host("manual"),
        attention=(
            "MSiSCSI starts only on demand, so no saved login is expected to be opened at boot (Microsoft's help says "
            "that they are opened once this service is loaded; it was not tried on Windows). Set it to automatic.",
            "PhysicalDrive1 (naa.60000): 1 path now, 0 expected after a restart: "
            "MSiSCSI does not start by itself, so no saved login is replayed.",
        ),
    ),
    "a disabled service, and sessions whose devices are not known": Case(
        [login(A)],
        [session(1, A, disks=())],
        "at_risk",
        [],
        host=host("disabled"),
        attention=(
            "MSiSCSI never starts, so no saved login is expected to be opened at boot (Microsoft's help says that they "
            "are opened once this service is loaded; it was not tried on Windows). Set it to automatic.",
        ),
    ),
    "a manual service, and a login without a session now": Case(
        [login(A)],
        [],
        "at_risk",
        [],
        not_connected=1,
        host=host("manual"),
        attention=(
            "MSiSCSI starts only on demand, so no saved login is expected to be opened at boot (Microsoft's help says "
            "that they are opened once this service is loaded; it was not tried on Windows). Set it to automatic.",
            f"Saved but not connected: {FLASH} through {A} port 3260.",
        ),
    ),
    "a manual service that nobody needs": Case([], [], "ready", [], host=host("manual")),
    "a start mode that is not known": Case([login(A)], [session(1, A)], "ready", [("same", 1, 1, 0)], host=host(None)),
    "a login for any portal": Case([login(None)], [session(1, A)], "ready", [("same", 1, 1, 0)]),
    "a login for any portal takes what the exact ones leave": Case(
        [login(None), login(A)], [session(1, A), session(2, B)], "ready", [("same", 2, 2, 0)]
    ),
    "a login for any portal opens one session, not all": Case(
        [login(None)], [session(1, A), session(2, B)], "degraded", [("fewer_paths", 2, 1, 0)], not_saved=1
    ),
    "a portal by name": Case([login("array.example.com")], [session(1, A)], "ready", [("same", 1, 1, 0)]),
    "a portal by name and another TCP port": Case(
        [login(("array.example.com", 860))], [session(1, A)], "at_risk", [("unproven", 1, 0, 1)], 1, 1
    ),
    "a portal by name before any portal": Case(
        [login(None), login(("array.example.com", 3260))],
        [session(1, A), session(2, (A, 3261))],
        "ready",
        [("same", 2, 2, 0)],
    ),
    "the same address, another TCP port": Case(
        [login((A, 3261))], [session(1, A)], "at_risk", [("unproven", 1, 0, 1)], 1, 1
    ),
    "duplicates: two copies, one session": Case(
        [login(A), login(A)],
        [session(1, A)],
        "ready",
        [("same", 1, 1, 1)],
        not_connected=1,
        attention=(
            f"Saved but not connected: {FLASH} through {A} port 3260.",
            f"Saved 2 times: {FLASH}. Each copy opens a session of its own.",
        ),
    ),
    "duplicates: two copies, two sessions": Case(
        [login(A), login(A)],
        [session(1, A), session(2, A)],
        "ready",
        [("same", 2, 2, 0)],
        attention=(f"Saved 2 times: {FLASH}. Each copy opens a session of its own.",),
    ),
    "duplicates that differ in a setting": Case(
        [login(A), login(A, security_flags=1)],
        [session(1, A), session(2, A)],
        "ready",
        [("same", 2, 2, 0)],
        attention=(f"Saved 2 times with different settings: {FLASH}. Each copy opens a session of its own.",),
    ),
    "duplicates by another spelling": Case(
        [login("FD00::0001"), login("[fd00::1]", target=FLASH.upper())],
        [session(1, "fd00::1"), session(2, "fd00::1")],
        "ready",
        [("same", 2, 2, 0)],
        attention=(f"Saved 2 times: {FLASH.upper()}. Each copy opens a session of its own.",),
    ),
    "IPv6 spelled differently": Case([login("FE80:0:0:0::1")], [session(1, "fe80::1")], "ready", [("same", 1, 1, 0)]),
    "IPv6 in brackets": Case([login("[2001:db8::1]")], [session(1, "2001:DB8::1")], "ready", [("same", 1, 1, 0)]),
    "another IPv6 address is no host name": Case(
        [login("2001:db8::2")], [session(1, "2001:db8::1")], "at_risk", [("unproven", 1, 0, 1)], 1, 1
    ),
    "a target in other letter case": Case(
        [login(A, target=FLASH.upper())], [session(1, A)], "ready", [("same", 1, 1, 0)]
    ),
    "an informational login opens no path": Case(
        [login(A, session_type="informational")], [session(1, A)], "at_risk", [("lost", 1, 0, 0)], not_saved=1
    ),
    "one array, a target for each portal": Case(
        [login(A, target=FLASH), login(B, target=OTHER)],
        [session(1, A), session(2, B, target=OTHER)],
        "ready",
        [("same", 2, 2, 0)],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_next_boot(case):
    found = partial_snapshot(case.logins, case.sessions, host=case.host)
    next_boot = forecast.next_boot(found, matching.match(found))
    assert next_boot["verdict"] == case.verdict
    assert [
        (disk["outlook"], disk["paths_now"], disk["paths_expected"], disk["paths_unproven"])
        for disk in next_boot["disks"]
    ] == case.outlooks
    assert (len(next_boot["sessions_not_saved"]), len(next_boot["logins_not_connected"])) == (
        case.not_saved,
        case.not_connected,
    )
    for line in case.attention:
        assert line in next_boot["attention"]
    if case.verdict == "ready" and not case.not_connected and not case.attention:
        assert next_boot["attention"] == []
    assert next_boot["service_start_mode"] == case.host.service_start_mode


@pytest.mark.parametrize("missing", ["persistent_logins", "sessions"])
def test_without_logins_or_sessions_there_is_no_forecast(missing):
    found = partial_snapshot([login(A)], [session(1, A)])
    setattr(found, missing, None)
    assert matching.match(found) is None
    assert forecast.next_boot(found, None) is None


def test_a_session_without_connections_has_no_portal():
    live = session(1, A, disks=())
    live.connections = []
    found = partial_snapshot([], [live])
    next_boot = forecast.next_boot(found, matching.match(found))
    assert next_boot["sessions_not_saved"] == [{"target": FLASH, "portal": None}]
    assert next_boot["attention"] == [f"Live but not saved: {FLASH} without a connection now."]
