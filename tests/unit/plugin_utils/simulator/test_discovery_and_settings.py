# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery and host-wide settings of the simulator, by documented or observed behaviour."""

from __future__ import annotations

import json

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import prototypes
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi.memory import Image
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi.structures import ISCSI_TARGET_PORTAL, X64_W
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import scsi

from .conftest import ANY, GUARDED, INSTANCE, NETWORK, SECRET, TARGET, chap, known_host, portal, session_id

FRESH = dict(known_host(), target_portals=[])


def test_adding_a_portal_discovers_at_once(host):
    one = host(FRESH)
    assert one.targets() == []
    assert one.add_portal("10.0.0.2") == "ERROR_SUCCESS"
    assert (one.portals, one.targets()) == (["10.0.0.2"], [TARGET])


@pytest.mark.parametrize(
    "address, options, expected",
    [
        ("10.0.0.9", None, "ISDSC_CONNECTION_FAILED"),
        ("10.0.0.77", None, "ISDSC_CONNECTION_FAILED"),
        ("10.0.0.8", None, "ISDSC_AUTHENTICATION_FAILURE"),
        ("10.0.0.8", chap(b"disco", b"wrong-secret"), "ISDSC_AUTHENTICATION_FAILURE"),
    ],
)
def test_a_portal_whose_discovery_fails_is_kept(host, address, options, expected):
    one = host(FRESH)
    assert one.add_portal(address, options) == expected
    assert (one.portals, one.targets()) == ([address], [])


def test_a_portal_keeps_flags_and_options_but_not_the_password(host):
    one = host(FRESH)
    assert one.add_portal("10.0.0.8", chap(b"disco", DefaultTime2Wait=7), 0x22) == "ERROR_SUCCESS"
    entry = one.call("ReportIScsiSendTargetPortalsExW")["PortalInfo"][0]
    assert (entry.SecurityFlags, entry.LoginOptions.Username, entry.LoginOptions.Password) == (0x22, b"disco", None)
    assert entry.LoginOptions.DefaultTime2Wait == 7  # as given, although its bit was not set
    assert one.call("ReportIScsiSendTargetPortalsW")["PortalInfo"][0].Address == "10.0.0.8"


def test_removing_a_portal_does_not_purge_its_targets(host):
    one = host()
    assert (
        one.status(
            "RemoveIScsiSendTargetPortalW", InitiatorInstance=None, InitiatorPortNumber=ANY, Portal=portal("10.0.0.1")
        )
        == "ERROR_SUCCESS"
    )
    assert (one.portals, one.targets()) == ([], [TARGET])
    assert (
        one.status(
            "RemoveIScsiSendTargetPortalW", InitiatorInstance=None, InitiatorPortNumber=ANY, Portal=portal("10.0.0.1")
        )
        == "ISDSC_PORTAL_NOT_FOUND"
    )


@pytest.mark.parametrize(
    "answer, expected, count",
    [
        ("refused", "ISDSC_TARGET_PORTAL_ALREADY_EXISTS", 1),
        ("replace", "ERROR_SUCCESS", 1),
        ("second", "ERROR_SUCCESS", 2),
    ],
)
def test_adding_a_portal_again_by_dialect(host, answer, expected, count):
    one = host(dialect={"readd_portal": answer})
    assert one.add_portal("10.0.0.1", flags=1) == expected
    assert len(one.portals) == count


def test_a_full_refresh_tells_when_a_portal_did_not_answer_and_still_lists_the_rest(host):
    one = host(known_host(target_portals=["10.0.0.9", "10.0.0.1"]))
    reply = one.call("ReportIScsiTargetsW", ForceUpdate=1)
    assert (reply.status.symbol, reply["Buffer"]) == ("ISDSC_OPERATION_NOT_ALL_SUCCESS", [TARGET])


def test_a_host_name_stays_one_and_is_resolved(host):
    one = host(dict(FRESH, network=dict(NETWORK, names={"filer.example.com": "10.0.0.1"})))
    assert one.add_portal("Filer.example.com") == "ERROR_SUCCESS"
    assert (one.portals, one.targets()) == (["Filer.example.com"], [TARGET])


def test_an_array_shows_targets_only_to_the_initiators_it_lists(host):
    network = {
        "arrays": [
            {"portals": ["10.0.0.1"], "targets": [{"iqn": TARGET, "initiators": ["iqn.1991-05.com.microsoft:other"]}]}
        ]
    }
    one = host(dict(FRESH, network=network, static_targets=[{"target": TARGET}]))
    one.add_portal("10.0.0.1")
    assert one.login().status.symbol == "ISDSC_AUTHORIZATION_FAILURE"
    one.call("SetIScsiInitiatorNodeNameW", InitiatorNodeName="iqn.1991-05.com.microsoft:OTHER")
    assert one.login().status.symbol == "ERROR_SUCCESS"


def _information(one, name, mechanism=None, target=TARGET):
    reply = one.call(
        "GetIScsiTargetInformationW",
        TargetName=target,
        DiscoveryMechanism=mechanism,
        InfoClass=prototypes.TARGET_INFORMATION[name][0],
    )
    return reply.status.symbol, Image(reply["Buffer"], 0, X64_W) if reply.status.ok else None


def test_what_is_known_of_a_target(host):
    one = host()
    mechanism = _information(one, "DiscoveryMechanisms")[1].texts()
    assert mechanism == ["SendTargets:*10.0.0.1 0003260 " + INSTANCE]
    assert _information(one, "TargetAlias", mechanism[0])[1].text() == "pure"
    assert _information(one, "InitiatorName", mechanism[0])[1].text() == INSTANCE
    assert _information(one, "ProtocolType", mechanism[0])[1].number(4) == 0
    assert _information(one, "TargetAlias")[0] == "ERROR_INVALID_PARAMETER"
    assert _information(one, "TargetAlias", "iSNS:none")[0] == "ISDSC_DISCOVERY_MECHANISM_NOT_FOUND"
    assert _information(one, "TargetAlias", mechanism[0], "iqn.2001-01.com.example:none")[0] == "ISDSC_TARGET_NOT_FOUND"


@pytest.mark.parametrize("answer, second", [("microsoft", 2060), ("natural", 2056)])
def test_portal_groups_are_spaced_by_dialect(host, answer, second):
    """A group of two portals, then one of one: 4 + 2060 as Microsoft's iscsicli walks, 4 + 2056 at its natural size."""
    one = host(dialect={"portal_group_spacing": answer})
    mechanism = _information(one, "DiscoveryMechanisms")[1].texts()[0]
    image = _information(one, "PortalGroups", mechanism)[1]
    assert (image.number(4), image.number(4, 4), image.number(4, 4 + second)) == (2, 2, 1)
    assert [entry.Address for entry in image.array(ISCSI_TARGET_PORTAL, 2, 8)] == ["10.0.0.1", "10.0.0.2"]
    assert image.read(ISCSI_TARGET_PORTAL, 8 + second).Address == "10.0.1.1"


def test_portals_of_a_target_by_tag(host):
    one = host()
    assert [p.Address for p in one.call("ReportIScsiTargetPortalsW", TargetName=TARGET)["Portals"]] == [
        "10.0.0.1",
        "10.0.0.2",
        "10.0.1.1",
    ]
    tagged = one.call("ReportIScsiTargetPortalsW", TargetName=TARGET, TargetPortalTag=b"\x02\0")
    assert [p.Address for p in tagged["Portals"]] == ["10.0.1.1"]


def test_static_targets_are_overwritten_merged_hidden_and_removed(host):
    one = host(FRESH, dialect={"static_target_portals": "any_number"})

    def add(address, flags=0):
        group = {"Count": 1, "Portals": portal(address)}
        assert (
            one.status(
                "AddIScsiStaticTargetW",
                TargetName=TARGET,
                TargetAlias=None,
                TargetFlags=flags,
                Persist=1,
                PortalGroup=group,
            )
            == "ERROR_SUCCESS"
        )
        return [p.Address for p in one.call("ReportIScsiTargetPortalsW", TargetName=TARGET)["Portals"]]

    assert add("10.0.0.1") == ["10.0.0.1"]
    assert add("10.0.0.2") == ["10.0.0.2"]
    assert add("10.0.0.1", 0x4) == ["10.0.0.2", "10.0.0.1"]
    assert one.targets() == [TARGET]
    add("10.0.0.1", 0x2)
    assert one.targets() == []
    assert one.login().status.symbol == "ISDSC_TARGET_NOT_FOUND"
    assert one.status("RemoveIScsiStaticTargetW", TargetName=TARGET.upper()) == "ERROR_SUCCESS"
    assert one.status("RemoveIScsiStaticTargetW", TargetName=TARGET) == "ISDSC_TARGET_NOT_FOUND"


def test_an_isns_server_brings_targets(host):
    network = dict(
        NETWORK,
        isns_servers=[{"address": "10.0.0.5", "targets": [TARGET]}, {"address": "10.0.0.6", "reachable": False}],
    )
    one = host(dict(FRESH, network=network))
    assert one.status("AddISNSServerW", Address="10.0.0.5") == "ERROR_SUCCESS"
    assert one.status("AddISNSServerW", Address="10.0.0.6") == "ERROR_SUCCESS"
    assert one.call("ReportISNSServerListW")["Buffer"] == ["10.0.0.5", "10.0.0.6"]
    assert one.targets() == [TARGET]
    assert one.status("RefreshISNSServerW", Address="10.0.0.6") == "ISDSC_ISNS_SERVER_NOT_FOUND"
    assert one.status("RemoveISNSServerW", Address="10.0.0.5") == "ERROR_SUCCESS"
    assert one.status("RemoveISNSServerW", Address="10.0.0.5") == "ISDSC_ISNS_SERVER_NOT_FOUND"


# -- the host ----------------------------------------------------------------------------------------------------------


def test_an_empty_file_is_a_fresh_windows(host):
    one = host({})
    assert one.status("ReportIScsiPersistentLoginsW") == "ISDSC_SERVICE_NOT_RUNNING"
    assert one.status("StartService", TimeoutMilliseconds=0) == "ERROR_SUCCESS"
    assert (one.logins, one.sessions, one.portals, one.targets()) == ([], [], [], [])
    assert one.call("ReportIScsiInitiatorListW")["Buffer"] == [INSTANCE]


def test_without_an_elevated_token_every_call_is_denied(host):
    for answer, expected in (
        ("access_denied", "ERROR_ACCESS_DENIED"),
        ("elevation_required", "ERROR_ELEVATION_REQUIRED"),
    ):
        one = host(known_host(elevated=False), dialect={"not_elevated_status": answer})
        assert (
            one.status("ReportIScsiPersistentLoginsW") == one.status("StartService", TimeoutMilliseconds=0) == expected
        )


def test_a_stopped_service_refuses_every_export(host):
    for answer, expected in (
        ("service_not_running", "ISDSC_SERVICE_NOT_RUNNING"),
        ("rpc_server_unavailable", "RPC_S_SERVER_UNAVAILABLE"),
    ):
        one = host(known_host(service={"state": "stopped"}), dialect={"stopped_status": answer})
        assert one.status("ReportIScsiPersistentLoginsW") == one.status("GetIScsiInitiatorNodeNameW") == expected


def test_a_disabled_service_starts_only_after_its_mode_changes(host):
    one = host({"service": {"start_mode": "disabled"}})
    assert one.status("StartService", TimeoutMilliseconds=0) == "ERROR_SERVICE_DISABLED"
    assert one.status("SetServiceStartMode", StartMode=2) == "ERROR_SUCCESS"
    assert one.status("StartService", TimeoutMilliseconds=0) == "ERROR_SUCCESS"


def test_group_policy_forbids_by_export(host):
    one = host(known_host(group_policy={"forbids": ["Set*"]}))
    assert one.status("SetIScsiInitiatorNodeNameW", InitiatorNodeName="iqn.x") == "ISDSC_RESTRICTED_BY_GROUP_POLICY"


def test_the_node_name_and_its_default(host):
    one = host()
    assert one.status("SetIScsiInitiatorNodeNameW", InitiatorNodeName="iqn.2020-01.com.example:me") == "ERROR_SUCCESS"
    assert one.call("GetIScsiInitiatorNodeNameW")["InitiatorNodeName"] == "iqn.2020-01.com.example:me"
    one.call("SetIScsiInitiatorNodeNameW", InitiatorNodeName=None)
    assert one.call("GetIScsiInitiatorNodeNameW")["InitiatorNodeName"] == "iqn.1991-05.com.microsoft:win-simulated"


@pytest.mark.parametrize(
    "length, expected",
    [
        (0, "ERROR_SUCCESS"),
        (11, "ISDSC_SHORT_CHAP_SECRET"),
        (16, "ERROR_SUCCESS"),
        (17, "ISDSC_INVALID_INITIATOR_CHAP_SECRET"),
    ],
)
def test_the_mutual_secret(host, length, expected):
    assert host().status("SetIScsiInitiatorCHAPSharedSecret", SharedSecret=b"m" * length) == expected


def test_ike_information_is_kept_by_its_identification_and_told_without_the_key(host):
    one = host(known_host())
    adapter = {"InitiatorName": INSTANCE, "InitiatorPortNumber": 1}
    assert one.status("GetIScsiIKEInfoW", **adapter) == "ISDSC_NO_AUTH_INFO_AVAILABLE"
    for name, key in ((b"sql01", b"old"), (b"sql02", b"old"), (b"sql01", b"new")):
        info = {"AuthMethod": 1, "PsKey": {"SecurityFlags": 3, "IdType": 2, "Id": name, "Key": key}}
        assert one.status("SetIScsiIKEInfoW", AuthInfo=info, Persist=1, **adapter) == "ERROR_SUCCESS"
    kept = json.loads(one.path.with_name(one.path.name + ".state.json").read_text())["state"]["ike"].values()
    assert sorted((entry["id"], entry["key"]) for entry in kept) == [("sql01", "new"), ("sql02", "old")]
    told = one.call("GetIScsiIKEInfoW", **adapter)["AuthInfo"].PsKey
    assert (told.SecurityFlags, told.IdType, told.Id, told.KeyLengthInBytes, told.Key) == (3, 2, None, 0, None)


def test_devices_are_bound_by_any_of_their_names(host):
    one = host(
        known_host(
            sessions=[{"target": TARGET, "portal": "10.0.0.1"}],
            persistent_logins=[{"target": TARGET, "portal": "10.0.0.1"}],
        )
    )
    assert one.status("AddPersistentIScsiDeviceW", DevicePath="e:\\") == "ERROR_SUCCESS"
    assert one.status("AddPersistentIScsiDeviceW", DevicePath="E:\\") == "ISDSC_DEVICE_ALREADY_PERSISTENTLY_BOUND"
    assert one.status("AddPersistentIScsiDeviceW", DevicePath="C:\\") == "ISDSC_DEVICE_NOT_ISCSI_OR_PERSISTENT"
    assert one.call("ReportPersistentIScsiDevicesW")["Buffer"] == ["e:\\"]
    one.call("SetupPersistentIScsiVolumes")
    assert one.call("ReportPersistentIScsiDevicesW")["Buffer"][0] == "E:\\"
    one.call("ClearPersistentIScsiDevices")
    assert one.call("ReportPersistentIScsiDevicesW")["Buffer"] == []
    assert one.status("RemovePersistentIScsiDeviceW", DevicePath="E:\\") == "ISDSC_DEVICE_NOT_FOUND"


def test_a_device_without_a_persistent_login_is_not_bound(host):
    one = host(known_host(sessions=[{"target": TARGET, "portal": "10.0.0.1"}]))
    assert one.status("AddPersistentIScsiDeviceW", DevicePath="E:\\") == "ISDSC_DEVICE_NOT_ISCSI_OR_PERSISTENT"


def test_a_logical_unit_answers_scsi(host):
    one = host(known_host(sessions=[{"target": TARGET, "portal": "10.0.0.1"}]))
    mapping = one.call("ReportActiveIScsiTargetMappingsW")["Mappings"][0]
    session, lun = session_id(mapping.SessionId), mapping.LUNList[0].TargetLUN

    def inquire(vpd, page, unit=lun):
        return one.call("SendScsiInquiry", UniqueSessionId=session, Lun=unit, EvpdCmddt=vpd, PageCode=page)

    assert scsi.standard_inquiry(inquire(0, 0)["ResponseBuffer"]).vendor == "SIMULATE"
    assert scsi.supported_pages(inquire(1, 0x00)["ResponseBuffer"]) == [0x00, 0x80, 0x83]
    assert len(scsi.unit_serial_number(inquire(1, 0x80)["ResponseBuffer"])) == 12
    assert scsi.device_identification(inquire(1, 0x83)["ResponseBuffer"])[0].type == "naa"
    capacity = one.call("SendScsiReadCapacity", UniqueSessionId=session, Lun=lun)
    assert scsi.read_capacity(capacity["ResponseBuffer"]).size == 100 << 30
    luns = one.call("SendScsiReportLuns", UniqueSessionId=session)
    assert [unit.number for unit in scsi.report_luns(luns["ResponseBuffer"])] == [1, 2]
    missing = inquire(0, 0, 0x7700)
    assert (missing.status.symbol, missing["ScsiStatus"]) == ("ISDSC_SCSI_REQUEST_FAILED", 2)
    assert scsi.sense(missing["SenseBuffer"]).text == "logical unit not supported"


def test_no_report_of_any_kind_holds_a_secret(host):
    """Every report of a host full of secrets, as raw memory."""
    one = host(
        known_host(
            initiator={"mutual_chap_secret": SECRET, "radius_secret": SECRET * 2},
            target_portals=[
                {"address": "10.0.0.8", "login_options": {"auth_type": "chap", "username": "disco", "password": SECRET}}
            ],
            persistent_logins=[{"target": GUARDED, "portal": "10.0.0.8", "login_options": {"password": SECRET}}],
        ),
        dialect={"password_length": "length"},
    )
    for export in ("ReportIScsiPersistentLoginsW", "ReportIScsiSendTargetPortalsExW"):
        raw = one.memory_after(export)
        assert "10.0.0.8".encode("utf-16-le") in raw
        assert SECRET.encode() not in raw and SECRET.encode("utf-16-le") not in raw
    assert one.logins[0].LoginOptions.PasswordLength == len(SECRET)
    assert SECRET in json.dumps(json.loads(one.path.read_text()))  # the check above looked for the right thing
