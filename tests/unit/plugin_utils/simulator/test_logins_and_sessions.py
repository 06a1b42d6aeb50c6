# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Persistent logins and sessions of the simulator: each documented or observed behaviour of the real initiator, by
name.
"""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator

from .conftest import ANY, GUARDED, INSTANCE, MULTIPATH, TARGET, chap, known_host, portal, session_id


def test_a_persistent_login_is_only_a_record(host):
    one = host()
    assert one.save() == "ERROR_SUCCESS"
    assert len(one.logins) == 1 and one.sessions == []


def test_saving_the_same_twice_makes_two_records_and_two_logins_at_boot(host):
    one = host()
    assert [one.save(options=MULTIPATH), one.save(options=MULTIPATH)] == ["ERROR_SUCCESS"] * 2
    assert len(one.logins) == 2
    assert simulator.boot(str(one.path)) == []
    assert len(one.sessions) == 2


def test_a_record_keeps_what_was_given_and_never_gives_the_password_back(host):
    one = host()
    one.add_portal("10.0.0.8", chap(b"disco"))
    options = chap(LoginFlags=0x80000002)
    options.update(InformationSpecified=0xE1, HeaderDigest=1)
    assert one.save(target=GUARDED, address="10.0.0.8", port=1, options=options, flags=0x62) == "ERROR_SUCCESS"
    login = one.logins[0]
    assert (login.TargetName, login.InitiatorInstance, login.InitiatorPortNumber) == (GUARDED, INSTANCE, 1)
    assert (login.SecurityFlags, login.Mappings, login.IsInformationalSession) == (0x62, None, 0)
    said = login.LoginOptions
    assert (said.InformationSpecified, said.LoginFlags, said.HeaderDigest, said.AuthType) == (0xE1, 0x80000002, 1, 1)
    assert (said.Username, said.Password, said.PasswordLength) == (b"host", None, 0)


def test_a_login_needs_a_discovered_target_in_any_letter_case(host):
    one = host()
    assert one.save(target="iqn.2001-01.com.example:unknown") == "ISDSC_TARGET_NOT_FOUND"
    assert one.save(target=TARGET.upper()) == "ERROR_SUCCESS"


def test_a_login_without_instance_needs_any_port(host):
    one = host()
    assert one.save(instance=None, port=0) == "ERROR_INVALID_PARAMETER"
    assert one.save(instance=None) == "ERROR_SUCCESS"


def test_instances_compare_without_case_and_ports_must_exist(host):
    one = host()
    assert one.save(instance=INSTANCE.lower(), port=1) == "ERROR_SUCCESS"
    assert one.save(port=2) == "ISDSC_INVALID_PORT_NUMBER"
    assert one.save(instance="ROOT\\ISCSIPRT\\0007_0") == "ISDSC_INITIATOR_NOT_FOUND"


@pytest.mark.parametrize(
    "length, expected",
    [
        (11, "ISDSC_INVALID_TARGET_CHAP_SECRET"),
        (12, "ERROR_SUCCESS"),
        (16, "ERROR_SUCCESS"),
        (17, "ISDSC_INVALID_TARGET_CHAP_SECRET"),
    ],
)
def test_a_chap_secret_has_12_to_16_bytes(host, length, expected):
    assert host().save(options=chap(secret=b"x" * length)) == expected


def test_the_256th_login_is_saved_and_the_257th_is_not(host):
    one = host(known_host(persistent_logins=[{"target": TARGET, "portal": "10.0.0.1", "copies": 255}]))
    assert one.save(options=MULTIPATH) == "ERROR_SUCCESS"
    assert one.save(options=MULTIPATH) == "ISDSC_COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA"
    assert len(one.logins) == 256


RECORDS = [
    {"target": TARGET, "portal": "10.0.0.1"},
    {"target": TARGET, "portal": "10.0.0.1", "initiator_port": 0},
    {"target": TARGET, "portal": "10.0.0.2", "initiator_port": 0},
    {"target": GUARDED, "portal": "10.0.0.1"},
]


def test_removal_with_an_empty_or_null_portal_takes_all_portals(host):
    for address in (None, ""):
        one = host(known_host(persistent_logins=RECORDS))
        assert one.remove(address) == "ERROR_SUCCESS"
        assert [login.TargetName for login in one.logins] == [GUARDED]


def test_removal_of_any_port_takes_the_port_bound_siblings(host):
    one = host(known_host(persistent_logins=RECORDS))
    assert one.remove() == "ERROR_SUCCESS"
    assert one.saved == [(0, "10.0.0.2"), (ANY, "10.0.0.1")]


def test_removal_of_any_port_takes_no_siblings_in_the_exact_dialect(host):
    one = host(known_host(persistent_logins=RECORDS), dialect={"remove_any_port": "exact"})
    assert one.remove() == "ERROR_SUCCESS"
    assert one.saved == [(0, "10.0.0.1"), (0, "10.0.0.2"), (ANY, "10.0.0.1")]


def test_removal_needs_address_and_tcp_port_but_no_known_target(host):
    one = host(dict(known_host(persistent_logins=RECORDS), target_portals=[]))
    assert one.remove(port=0) == "ERROR_SUCCESS"
    assert one.saved == [(ANY, "10.0.0.1"), (0, "10.0.0.2"), (ANY, "10.0.0.1")]
    assert (
        one.status(
            "RemoveIScsiPersistentTargetW",
            InitiatorInstance=INSTANCE,
            InitiatorPortNumber=0,
            TargetName=TARGET,
            Portal=portal("10.0.0.2", 860),
        )
        == "ISDSC_COULD_NOT_REMOVE_PERSISTENT_LOGIN_DATA"
    )


@pytest.mark.parametrize("answer, left", [("one", 1), ("all", 0)])
def test_removal_of_identical_records_by_dialect(host, answer, left):
    one = host(
        known_host(persistent_logins=[{"target": TARGET, "portal": "10.0.0.1", "copies": 2}]),
        dialect={"remove_identical": answer},
    )
    assert one.remove() == "ERROR_SUCCESS"
    assert len(one.logins) == left


@pytest.mark.parametrize(
    "answer, expected",
    [
        ("could_not_remove", "ISDSC_COULD_NOT_REMOVE_PERSISTENT_LOGIN_DATA"),
        ("target_not_found", "ISDSC_TARGET_NOT_FOUND"),
        ("portal_not_found", "ISDSC_PORTAL_NOT_FOUND"),
        ("success", "ERROR_SUCCESS"),
    ],
)
def test_removal_of_nothing_by_dialect(host, answer, expected):
    assert host(dialect={"remove_not_found": answer}).remove() == expected


@pytest.mark.parametrize(
    "answer, expected", [("every_instance", "ERROR_SUCCESS"), ("refused", "ERROR_INVALID_PARAMETER")]
)
def test_removal_without_instance_by_dialect(host, answer, expected):
    one = host(known_host(persistent_logins=RECORDS[:1]), dialect={"remove_null_instance": answer})
    assert one.remove(instance=None) == expected


@pytest.mark.parametrize(
    "answer, code, records",
    [
        ("saved", "ERROR_SUCCESS", 1),
        ("saved_with_error", "ISDSC_TARGET_ALREADY_LOGGED_IN", 1),
        ("refused", "ISDSC_TARGET_ALREADY_LOGGED_IN", 0),
    ],
)
def test_saving_beside_a_session_without_multipath_by_dialect(host, answer, code, records):
    one = host(
        known_host(sessions=[{"target": TARGET, "portal": "10.0.0.1"}]), dialect={"save_while_logged_in": answer}
    )
    assert one.save() == code
    assert len(one.logins) == records


@pytest.mark.parametrize("answer, sessions", [("at_boot", 0), ("at_once", 1)])
def test_a_saved_login_connects_by_dialect(host, answer, sessions):
    one = host(dialect={"saved_login_connects": answer})
    one.save()
    assert len(one.sessions) == sessions


@pytest.mark.parametrize("answer, socket", [("empty", 0), ("empty_with_port", 3260)])
def test_a_login_saved_without_portal_by_dialect(host, answer, socket):
    one = host(dialect={"null_portal_record": answer})
    assert one.save(address=None) == "ERROR_SUCCESS"
    assert (one.logins[0].TargetPortal.Address, one.logins[0].TargetPortal.Socket) == ("", socket)


# -- sessions ----------------------------------------------------------------------------------------------------------


def test_a_second_session_needs_the_multipath_flag(host):
    one = host()
    assert one.login().status.symbol == "ERROR_SUCCESS"
    assert one.login().status.symbol == "ISDSC_TARGET_ALREADY_LOGGED_IN"
    assert one.login(options=MULTIPATH).status.symbol == "ERROR_SUCCESS"


def test_a_session_shows_the_node_name_and_devices_show_the_instance(host):
    one = host()
    opened = one.login(port=1)
    session = one.sessions[0]
    assert session.InitiatorName == "iqn.1991-05.com.microsoft:win-simulated"
    assert (session.TargetNodeName, session.TargetName) == (None, TARGET)
    assert session.SessionId == opened["UniqueSessionId"]
    connection = session.Connections[0]
    assert (connection.InitiatorAddress, connection.TargetAddress, connection.TargetSocket) == (
        "10.0.1.21",
        "10.0.0.1",
        3260,
    )
    device = one.call("GetDevicesForIScsiSessionW", UniqueSessionId=session_id(session.SessionId))["Devices"][0]
    assert (device.InitiatorName, device.LegacyName) == (INSTANCE, "\\\\.\\PhysicalDrive1")
    assert device.DeviceInterfaceName.startswith("\\\\?\\scsi#disk&ven_simulate&prod_virtual_disk#")


def test_a_second_logout_finds_no_session(host):
    one = host()
    found = session_id(one.login()["UniqueSessionId"])
    assert one.status("LogoutIScsiTarget", UniqueSessionId=found) == "ERROR_SUCCESS"
    assert one.status("LogoutIScsiTarget", UniqueSessionId=found) == "ISDSC_INVALID_SESSION_ID"
    assert session_id(one.login()["UniqueSessionId"]) != found


def test_a_session_with_a_device_in_use_stays(host):
    one = host(known_host(sessions=[{"target": TARGET, "portal": "10.0.0.1", "in_use": True}]))
    found = session_id(one.sessions[0].SessionId)
    assert one.status("LogoutIScsiTarget", UniqueSessionId=found) == "ISDSC_DEVICE_BUSY_ON_SESSION"
    assert len(one.sessions) == 1


def _paths(mpio, busy=False):
    network = {
        "arrays": [
            {"portals": ["10.0.0.1", "10.0.0.2"], "targets": [{"iqn": TARGET, "luns": [{"lun": 1, "in_use": busy}]}]}
        ]
    }
    options = {"login_flags": ["multipath_enabled"]}
    return known_host(
        network=network,
        mpio={"claimed": mpio},
        sessions=[
            {"target": TARGET, "portal": address, "login_options": options} for address in ("10.0.0.1", "10.0.0.2")
        ],
    )


@pytest.mark.parametrize("mpio, numbers, kind", [(True, [1, 1], "mpio"), (False, [1, 2], "scsi")])
def test_mpio_makes_the_paths_to_a_lun_one_disk(host, mpio, numbers, kind):
    one = host(_paths(mpio))
    devices = [
        one.call("GetDevicesForIScsiSessionW", UniqueSessionId=session_id(session.SessionId))["Devices"][0]
        for session in one.sessions
    ]
    assert [device.StorageDeviceNumber.DeviceNumber for device in devices] == numbers
    assert all(device.DeviceInterfaceName.startswith(f"\\\\?\\{kind}#disk&ven_") for device in devices)


def test_under_mpio_only_the_last_path_to_a_disk_in_use_is_busy(host):
    one = host(_paths(True, busy=True))
    first, second = [session_id(session.SessionId) for session in one.sessions]
    assert one.status("LogoutIScsiTarget", UniqueSessionId=first) == "ERROR_SUCCESS"
    assert one.status("LogoutIScsiTarget", UniqueSessionId=second) == "ISDSC_DEVICE_BUSY_ON_SESSION"


def test_connections_come_and_go_but_the_first_stays(host):
    one = host()
    opened = one.login()
    session, leading = session_id(opened["UniqueSessionId"]), session_id(opened["UniqueConnectionId"])
    assert (
        one.status("RemoveIScsiConnection", UniqueSessionId=session, ConnectionId=leading)
        == "ISDSC_CANT_REMOVE_LAST_CONNECTION"
    )
    added = one.call(
        "AddIScsiConnectionW",
        UniqueSessionId=session,
        InitiatorPortNumber=ANY,
        TargetPortal=portal("10.0.0.2"),
        SecurityFlags=0,
    )
    assert [connection.TargetAddress for connection in one.sessions[0].Connections] == ["10.0.0.1", "10.0.0.2"]
    assert (
        one.status("RemoveIScsiConnection", UniqueSessionId=session, ConnectionId=leading)
        == "ISDSC_CANNOT_REMOVE_LEADING_CONNECTION"
    )
    second = session_id(added["UniqueConnectionId"])
    assert one.status("RemoveIScsiConnection", UniqueSessionId=session, ConnectionId=second) == "ERROR_SUCCESS"
    assert (
        one.status("RemoveIScsiConnection", UniqueSessionId=session, ConnectionId=second)
        == "ISDSC_INVALID_CONNECTION_ID"
    )


@pytest.mark.parametrize(
    "options, mutual, expected",
    [
        (None, None, "ISDSC_AUTHENTICATION_FAILURE"),
        (chap(secret=b"simulated-002"), None, "ISDSC_AUTHENTICATION_FAILURE"),
        (chap(user=b"other"), None, "ISDSC_AUTHENTICATION_FAILURE"),
        (chap(), None, "ERROR_SUCCESS"),
        (chap(kind=2), None, "ISDSC_AUTHENTICATION_FAILURE"),
        (chap(kind=2), "simulated-bad", "ISDSC_AUTHENTICATION_FAILURE"),
        (chap(kind=2), "simulated-mut", "ERROR_SUCCESS"),
        (chap(kind=3), None, "ISDSC_INVALID_LOGON_AUTH_TYPE"),
    ],
)
def test_the_array_checks_chap(host, options, mutual, expected):
    one = host()
    one.add_portal("10.0.0.8", chap(b"disco"))
    one.call("SetIScsiInitiatorCHAPSharedSecret", SharedSecret=mutual and mutual.encode())
    assert one.login(GUARDED, "10.0.0.8", options=options).status.symbol == expected


def test_chap_towards_a_target_without_it_fails(host):
    assert host().login(options=chap()).status.symbol == "ISDSC_AUTHENTICATION_FAILURE"


def test_a_session_to_an_array_that_is_gone_reconnects_without_connections_and_devices(host):
    one = host(known_host(sessions=[{"target": "iqn.2001-01.com.example:gone", "portal": "10.0.0.9"}]))
    session = one.sessions[0]
    assert session.ConnectionCount == 0
    assert one.call("GetDevicesForIScsiSessionW", UniqueSessionId=session_id(session.SessionId))["Devices"] == []


# -- boot --------------------------------------------------------------------------------------------------------------


def test_a_boot_ends_sessions_and_opens_the_saved_logins(host):
    one = host(
        known_host(
            sessions=[{"target": TARGET, "portal": "10.0.0.2"}],
            persistent_logins=[
                {"target": TARGET, "portal": "10.0.0.1"},
                {"target": "iqn.2001-01.com.example:gone", "portal": "10.0.0.9"},
            ],
        )
    )
    before = one.sessions[0].SessionId
    failed = simulator.boot(str(one.path))
    assert [(login["target"], login["status"]) for login in failed] == [
        ("iqn.2001-01.com.example:gone", "ISDSC_CONNECTION_FAILED")
    ]
    after = one.sessions
    assert [session.Connections[0].TargetAddress for session in after] == ["10.0.0.1"]
    assert after[0].SessionId.AdapterUnique != before.AdapterUnique


@pytest.mark.parametrize("mode", ["manual", "disabled"])
def test_a_service_that_does_not_start_by_itself_opens_nothing(host, mode):
    one = host(
        known_host(
            service={"state": "running", "start_mode": mode},
            persistent_logins=[{"target": TARGET, "portal": "10.0.0.1"}],
        )
    )
    simulator.boot(str(one.path))
    assert one.status("GetIScsiSessionListW") == "ISDSC_SERVICE_NOT_RUNNING"


def test_at_boot_a_copy_without_the_multipath_flag_is_refused(host):
    one = host(known_host(persistent_logins=[{"target": TARGET, "portal": "10.0.0.1", "copies": 2}]))
    assert [login["status"] for login in simulator.boot(str(one.path))] == ["ISDSC_TARGET_ALREADY_LOGGED_IN"]


@pytest.mark.parametrize("answer, sessions", [("no", 0), ("yes", 1)])
def test_starting_the_service_replays_by_dialect(host, answer, sessions):
    one = host(
        known_host(
            service={"state": "stopped", "start_mode": "manual"},
            persistent_logins=[{"target": TARGET, "portal": "10.0.0.1"}],
        ),
        dialect={"restart_replays": answer},
    )
    assert one.status("StartService", TimeoutMilliseconds=1000) == "ERROR_SUCCESS"
    assert len(one.sessions) == sessions
