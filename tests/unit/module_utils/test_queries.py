# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read operations against answers laid down by hand, through the wire and the runner."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import memory
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import status as statuses
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import structures as s
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi.prototypes import TARGET_INFORMATION
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries, scsi
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import CallError
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import records
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, rows, wire
from ansible_collections.winstorage.iscsi.tests.unit.module_utils import support
from ansible_collections.winstorage.iscsi.tests.unit.module_utils.support import ScriptedMachine, exports
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

each_width = pytest.mark.parametrize("pointer", [8, 4], ids=["x64", "x86"])
NOT_SUPPORTED = statuses.REQUEST_NOT_SUPPORTED
SQL = "iqn.2001-05.com.example:sql"
SESSION = {"AdapterUnique": 0xFFFFA00F4C5E8010, "AdapterSpecific": 0x4000013700000002}
SESSION_ID = "ffffa00f4c5e8010-4000013700000002"


def gather(answers, *subsets, pointer=8, time_limit=0, **host):
    """A snapshot of a host whose DLL answers so. One batch, and no memory left behind."""
    machine = ScriptedMachine(answers, pointer, **host)
    trips = []

    def run(text):
        trips.append(text)
        return executor.run(text, machine)

    try:
        return queries.gather(run, subsets, time_limit)
    finally:
        assert len(trips) == 1


# -- persistent logins and portals -------------------------------------------------------------------------------------


@each_width
def test_persistent_logins_in_the_order_of_the_report(pointer):
    rows = [
        {
            "TargetName": SQL,
            "InitiatorPortNumber": number,
            "TargetPortal": {"Address": "10.0.0.1", "Socket": 3260},
            "LoginOptions": {"InformationSpecified": 0x20, "Username": b"user%d" % number},
            "Mappings": {"TargetName": SQL, "LUNList": [{"OSLUN": 1, "TargetLUN": 1 << 48}]} if number else None,
        }
        for number in range(3)
    ]
    answers = exports(ReportIScsiPersistentLoginsW={"PersistentLoginInfo": rows})
    found = gather(answers, "persistent_logins", pointer=pointer)
    assert [login.initiator_port for login in found.persistent_logins] == [0, 1, 2]
    assert [login.login_options.username for login in found.persistent_logins] == [b"user0", b"user1", b"user2"]
    assert [login.mappings and login.mappings.luns for login in found.persistent_logins] == [
        None,
        [records.Lun(1, 1 << 48)],
        [records.Lun(1, 1 << 48)],
    ]
    assert found.target_portals is None and found.sessions is None


def test_no_logins_on_a_running_service_is_an_empty_list():
    assert gather(exports(ReportIScsiPersistentLoginsW={}), "persistent_logins").persistent_logins == []


@each_width
def test_a_thousand_logins_take_one_trip(pointer):
    rows = [{"TargetName": f"{SQL}-{number}"} for number in range(1000)]
    answers = exports(ReportIScsiPersistentLoginsW={"PersistentLoginInfo": rows})
    found = gather(answers, "persistent_logins", pointer=pointer)
    assert [login.target for login in found.persistent_logins] == [row["TargetName"] for row in rows]


PORTALS = [
    {
        "Address": "10.0.0.1",
        "Socket": 3260,
        "InitiatorPortNumber": 0xFFFFFFFF,
        "SecurityFlags": 0x22,
        "LoginOptions": {"InformationSpecified": 0x21, "HeaderDigest": 1, "Username": b"disco"},
    },
    {"Address": "array.example.com", "Socket": 860, "SymbolicName": "b", "InitiatorPortNumber": 1},
]


@each_width
def test_portals_with_flags_and_options_where_the_ex_form_exists(pointer):
    found = gather(
        exports(ReportIScsiSendTargetPortalsExW={"PortalInfo": PORTALS}, ReportIScsiSendTargetPortalsW=5),
        "target_portals",
        pointer=pointer,
    )
    first, second = found.target_portals
    assert (first.portal, first.initiator_port, first.security_flags) == (records.Portal("10.0.0.1", 3260), None, 0x22)
    assert (first.login_options.header_digest, first.login_options.username) == (1, b"disco")
    assert (second.portal, second.initiator_port) == (records.Portal("array.example.com", 860, "b"), 1)
    assert found.warnings == []


@each_width
def test_portals_without_flags_and_options_where_it_does_not(pointer):
    plain = [
        {name: value for name, value in row.items() if name not in ("SecurityFlags", "LoginOptions")} for row in PORTALS
    ]
    found = gather(exports(ReportIScsiSendTargetPortalsW={"PortalInfo": plain}), "target_portals", pointer=pointer)
    assert [one.portal.address for one in found.target_portals] == ["10.0.0.1", "array.example.com"]
    assert {(one.security_flags, one.login_options) for one in found.target_portals} == {(None, None)}
    assert len(found.warnings) == 1 and "ReportIScsiSendTargetPortalsExW" in found.warnings[0]


def test_an_ex_form_that_fails_is_an_error_and_not_a_reason_to_know_less():
    with pytest.raises(CallError, match="^ReportIScsiSendTargetPortalsExW: "):
        gather(
            exports(ReportIScsiSendTargetPortalsExW=5, ReportIScsiSendTargetPortalsW={"PortalInfo": []}),
            "target_portals",
        )


def test_a_list_that_is_busy_is_asked_again():
    answers = iter([statuses.SESSION_BUSY, {"PersistentLoginInfo": []}])
    found = gather(exports(ReportIScsiPersistentLoginsW=lambda _given: next(answers)), "persistent_logins")
    assert found.persistent_logins == []


# -- targets -----------------------------------------------------------------------------------------------------------


def portal_groups(groups, spare, abi=s.X64_W):
    """A count and groups, with ``spare`` bytes of the C type's padding counted into each."""
    raw = bytearray(len(groups).to_bytes(4, "little"))
    for addresses in groups:
        raw += len(addresses).to_bytes(4, "little")
        for address in addresses:
            raw += s.ISCSI_TARGET_PORTAL.layout(abi).pack({"Address": address, "Socket": 3260})
        if addresses:
            raw += bytes(spare)
        raw += bytes(-len(raw) % 4)
    return bytes(raw)


def known(told):
    """GetIScsiTargetInformationW from {(target, mechanism): {class: bytes or status}}."""
    classes = {number: name for name, (number, _kind, _type) in TARGET_INFORMATION.items()}

    def answer(given):
        mechanisms = [mechanism for target, mechanism in told if target == given["TargetName"]]
        if classes[given["InfoClass"]] == "DiscoveryMechanisms":
            assert given["DiscoveryMechanism"] is None
            return {"Buffer": support.wide_list(mechanisms)}
        value = told[given["TargetName"], given["DiscoveryMechanism"]].get(
            classes[given["InfoClass"]], statuses.DISCOVERY_MECHANISM_NOT_FOUND
        )
        return value if isinstance(value, int) else {"Buffer": value}

    return answer


@each_width
def test_targets_with_what_each_way_of_discovery_knows(pointer):
    abi = s.WIDE[pointer]
    send, static = "SendTargets:*10.0.0.1 0003260 Root\\ISCSIPRT\\0000_0", "Static:*"
    options = bytes(s.ISCSI_LOGIN_OPTIONS.layout(abi).pack({"InformationSpecified": 1, "HeaderDigest": 1}))
    told = {
        (SQL, send): {
            "ProtocolType": bytes(4),
            "TargetAlias": "sql disks\0".encode("utf-16-le"),
            "TargetFlags": b"\4\0\0\0",
            "InitiatorName": "ROOT\\ISCSIPRT\\0000_0\0".encode("utf-16-le"),
            "LoginOptions": options,
            "PortalGroups": portal_groups([["10.0.0.1", "10.0.1.1"]], 2),
        },
        (SQL, static): {"TargetAlias": b""},
        ("iqn.b", static): {},
    }
    found = gather(
        exports(ReportIScsiTargetsW={"Buffer": [SQL, "iqn.lonely", "iqn.b"]}, GetIScsiTargetInformationW=known(told)),
        "targets",
        pointer=pointer,
    )
    sql, lonely, other = found.targets
    assert sql == records.Target(
        SQL,
        [
            records.Discovery(
                send,
                0,
                "sql disks",
                "ROOT\\ISCSIPRT\\0000_0",
                4,
                records.LoginOptions(header_digest=1, information_specified=1),
                [[records.Portal("10.0.0.1"), records.Portal("10.0.1.1")]],
            ),
            records.Discovery(static),
        ],
    )
    assert (lonely, other) == (records.Target("iqn.lonely"), records.Target("iqn.b", [records.Discovery(static)]))
    assert found.warnings == []


GROUPS = [
    [],
    [[]],
    [["10.0.0.1"]],
    [["10.0.0.1", "10.0.0.2"]],
    [["10.0.0.1", "10.0.0.2"], ["10.0.0.3"]],
    [["10.0.0.1"], ["10.0.0.2"], ["10.0.0.3"]],
    [["10.0.0.1", "10.0.0.2"], [], ["10.0.0.3", "fe80::1"], ["h.example"]],
    [[f"10.0.0.{number}" for number in range(6)], [f"10.0.1.{number}" for number in range(4)]],
]


@each_width
@pytest.mark.parametrize("spare", [0, 2], ids=["natural", "padded"])
@pytest.mark.parametrize("groups", GROUPS, ids=str)
def test_portal_groups_in_either_spacing(groups, spare, pointer):
    """Microsoft's sample counts the C type's padding in; no source shows how the service does it."""
    told = {(SQL, "Static:*"): {"PortalGroups": portal_groups(groups, spare)}}
    found = gather(
        exports(ReportIScsiTargetsW={"Buffer": [SQL]}, GetIScsiTargetInformationW=known(told)),
        "targets",
        pointer=pointer,
    )
    assert found.targets[0].discoveries[0].portal_groups == [
        [records.Portal(address) for address in addresses] for addresses in groups
    ]


@given(raw=st.binary(max_size=40), count=st.integers(0, 2**32 - 1))
def test_portal_groups_of_garbage_are_an_error_at_the_most(raw, count):
    told = {(SQL, "Static:*"): {"PortalGroups": count.to_bytes(4, "little") + raw}}
    answers = exports(ReportIScsiTargetsW={"Buffer": [SQL]}, GetIScsiTargetInformationW=known(told))
    try:
        groups = gather(answers, "targets").targets[0].discoveries[0].portal_groups
    except memory.ImageError as error:
        assert error.structure in ("ISCSI_TARGET_PORTAL_GROUP", "integer", "ISCSI_TARGET_PORTAL")
    else:
        assert len(groups) == count and sum(map(len, groups)) == 0


def test_a_target_that_cannot_tell_its_mechanisms_is_listed_with_a_warning():
    def refuse(given):
        if given["TargetName"] == SQL:
            return statuses.TARGET_NOT_FOUND
        return known({("iqn.b", "Static:*"): {}})(given)

    answers = exports(ReportIScsiTargetsW={"Buffer": [SQL, "iqn.b"]}, GetIScsiTargetInformationW=refuse)
    found = gather(answers, "targets")
    assert [(one.name, len(one.discoveries)) for one in found.targets] == [(SQL, 0), ("iqn.b", 1)]
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith(
        "GetIScsiTargetInformationW failed for 1 of the items listed: ISDSC_TARGET_NOT_FOUND"
    )


# -- sessions, devices, logical units ----------------------------------------------------------------------------------


def session_row(**more):
    return dict(
        {
            "SessionId": SESSION,
            "TargetName": SQL,
            "InitiatorName": "iqn.1991-05.com.microsoft:host",
            "Connections": [{"TargetAddress": "10.0.0.1", "TargetSocket": 3260}],
        },
        **more,
    )


DEVICE = {
    "TargetName": SQL,
    "LegacyName": "\\\\.\\PhysicalDrive1",
    "StorageDeviceNumber": {"DeviceType": 7, "DeviceNumber": 1, "PartitionNumber": 0xFFFFFFFF},
    "ScsiAddress": {"Length": 8, "PortNumber": 5, "Lun": 3},
}
MAPPING = {"TargetName": SQL, "SessionId": SESSION, "LUNList": [{"OSLUN": 3, "TargetLUN": 3 << 48}]}
IDENTIFIER = scsi.designator("naa.6001405a1b2c3d4e5f60718293a4b5c6")


def unit_answers(**more):
    """A disk that answers every question."""

    def inquiry(given):
        page = {
            (0, 0): scsi.encode_standard_inquiry(scsi.StandardInquiry("ACME", "SQL-DATA", "0042")),
            (1, 0x80): scsi.encode_unit_serial_number("SN-0001"),
            (1, 0x83): scsi.encode_device_identification([IDENTIFIER]),
        }[given["EvpdCmddt"], given["PageCode"]]
        return {"ResponseBuffer": page, "ScsiStatus": 0, "SenseBuffer": b""}

    return dict(
        exports(
            GetIScsiSessionListW={"SessionInfo": [session_row()]},
            GetIScsiSessionListEx={"SessionInfo": [{"SessionId": SESSION, "MaximumConnections": 4}]},
            GetDevicesForIScsiSessionW={"Devices": [DEVICE]},
            ReportActiveIScsiTargetMappingsW={"Mappings": [MAPPING]},
            SendScsiInquiry=inquiry,
            SendScsiReadCapacity={
                "ResponseBuffer": scsi.encode_read_capacity(scsi.Capacity(1 << 21, 512)),
                "ScsiStatus": 0,
                "SenseBuffer": b"",
            },
        ),
        **exports(**more),
    )


@each_width
def test_a_session_with_its_devices_and_units(pointer):
    found = gather(unit_answers(), "sessions", pointer=pointer)
    (session,) = found.sessions
    assert (session.target, session.session_id, session.maximum_connections) == (SQL, SESSION_ID, 4)
    assert [(one.legacy_name, one.device_number, one.partition_number, one.scsi_lun) for one in session.devices] == [
        ("\\\\.\\PhysicalDrive1", 1, None, 3)
    ]
    assert session.luns == [
        records.Inquiry(3, 3 << 48, "ACME", "SQL-DATA", "0042", "SN-0001", [IDENTIFIER.text], 512, (1 << 21) * 512)
    ]
    assert found.warnings == []


def test_units_are_asked_by_the_dlls_own_numbers():
    """TargetLUN is not OSLUN: only what the mapping says goes back."""
    asked = []
    gather(
        unit_answers(
            SendScsiReadCapacity=lambda given: (
                asked.append((given["UniqueSessionId"].AdapterUnique, given["Lun"])) or NOT_SUPPORTED
            )
        ),
        "sessions",
    )
    assert asked == [(SESSION["AdapterUnique"], 3 << 48)]


@pytest.mark.parametrize(
    "answers, told",
    [
        ({"SendScsiReadCapacity": NOT_SUPPORTED}, "SendScsiReadCapacity: ISDSC_REQUEST_NOT_SUPPORTED"),
        (
            {
                "SendScsiReadCapacity": {
                    "ResponseBuffer": b"",
                    "ScsiStatus": 2,
                    "SenseBuffer": bytes.fromhex("700002000000000a00000000040100000000"),
                }
            },
            "SendScsiReadCapacity: SCSI status 0x02, ",
        ),
        (
            {"SendScsiReadCapacity": {"ResponseBuffer": b"", "ScsiStatus": 8, "SenseBuffer": b"?"}},
            "SendScsiReadCapacity: SCSI status 0x08",
        ),
        ({"SendScsiReadCapacity": {"ResponseBuffer": b"123", "ScsiStatus": 0, "SenseBuffer": b""}}, "READ CAPACITY"),
    ],
    ids=["status", "sense", "no sense", "short"],
)
def test_a_unit_that_does_not_answer_says_why_and_keeps_the_rest(answers, told):
    (unit,) = gather(unit_answers(**answers), "sessions").sessions[0].luns
    assert (unit.size, unit.vendor, unit.serial) == (None, "ACME", "SN-0001")
    assert unit.problem.startswith(told)


def test_devices_of_a_busy_session_are_unknown_with_a_warning():
    second = {"AdapterUnique": 2}
    found = gather(
        unit_answers(
            GetIScsiSessionListW={"SessionInfo": [session_row(), session_row(SessionId=second)]},
            GetDevicesForIScsiSessionW=lambda given: (
                statuses.DEVICE_BUSY_ON_SESSION
                if given["UniqueSessionId"].AdapterUnique == 2
                else {"Devices": [DEVICE]}
            ),
        ),
        "sessions",
    )
    assert [session.devices and len(session.devices) for session in found.sessions] == [1, None]
    assert [session.luns and len(session.luns) for session in found.sessions] == [1, None]
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith(
        "GetDevicesForIScsiSessionW failed for 1 of the items listed: ISDSC_DEVICE_BUSY"
    )


def test_sessions_are_known_without_the_ex_list():
    answers = unit_answers()
    del answers["GetIScsiSessionListEx"]
    (session,) = gather(answers, "sessions").sessions
    assert (session.maximum_connections, len(session.devices)) == (None, 1)


def test_a_session_in_retry_has_no_connections():
    answers = unit_answers(GetIScsiSessionListW={"SessionInfo": [session_row(Connections=[])]})
    (session,) = gather(answers, "sessions").sessions
    assert session.connections == []


def test_the_target_node_name_stands_in_for_a_missing_target_name():
    row = session_row(TargetName=None, TargetNodeName=SQL)
    assert gather(unit_answers(GetIScsiSessionListW={"SessionInfo": [row]}), "sessions").sessions[0].target == SQL


@each_width
def test_mappings(pointer):
    answers = exports(ReportActiveIScsiTargetMappingsW={"Mappings": [dict(MAPPING, OSBusNumber=1, OSTargetNumber=2)]})
    (mapping,) = gather(answers, "mappings", pointer=pointer).mappings
    assert (mapping.bus, mapping.target_number, mapping.luns, mapping.session_id) == (
        1,
        2,
        [records.Lun(3, 3 << 48)],
        SESSION_ID,
    )


# -- the initiator and its lists ---------------------------------------------------------------------------------------


@each_width
def test_the_initiator_itself(pointer):
    found = gather(
        exports(
            GetIScsiInitiatorNodeNameW={"InitiatorNodeName": "iqn.1991-05.com.microsoft:host"},
            ReportIScsiInitiatorListW={"Buffer": ["ROOT\\ISCSIPRT\\0000_0"]},
            GetIScsiVersionInformation={"VersionInfo": {"MajorVersion": 10, "BuildNumber": 20348}},
        ),
        "initiator",
        pointer=pointer,
    )
    assert found.initiator == records.Initiator(
        "iqn.1991-05.com.microsoft:host", ["ROOT\\ISCSIPRT\\0000_0"], "10.0.20348"
    )


LISTS = {
    "isns_servers": "ReportISNSServerListW",
    "radius_servers": "ReportRadiusServerListW",
    "persistent_devices": "ReportPersistentIScsiDevicesW",
}
each_list = pytest.mark.parametrize("subset, export", LISTS.items(), ids=LISTS)


@each_list
@pytest.mark.parametrize("texts", [[], ["10.0.0.5"], ["10.0.0.5", "isns.example.com"]], ids=len)
def test_a_list_of_texts(subset, export, texts):
    assert getattr(gather(exports(**{export: {"Buffer": texts}}), subset), subset) == texts


@each_list
@pytest.mark.parametrize("answers", [NOT_SUPPORTED, None], ids=["not supported", "no export"])
def test_a_list_that_the_initiator_does_not_have_is_none_with_a_warning(subset, export, answers):
    found = gather(exports(**{export: answers}) if answers else {}, subset)
    assert getattr(found, subset) is None
    assert len(found.warnings) == 1 and export in found.warnings[0]


@each_list
def test_a_list_that_fails_otherwise_is_an_error(subset, export):
    with pytest.raises(CallError, match=f"{export}: ERROR_ACCESS_DENIED"):
        gather(exports(**{export: statuses.ACCESS_DENIED}), subset)


# -- hosts that cannot answer ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [1, 2, 7], ids=["stopped", "starting", "paused"])
def test_what_a_service_lists_that_does_not_run_is_not_believed(state):
    with pytest.raises(CallError) as error:
        gather(exports(ReportIScsiPersistentLoginsW={}), "persistent_logins", service_state=state)
    assert error.value.status.value == statuses.SERVICE_NOT_RUNNING
    assert "Start MSiSCSI" in str(error.value)


def test_a_service_of_unknown_state_is_believed():
    found = gather(exports(ReportIScsiPersistentLoginsW={}), "persistent_logins", service_state=0)
    assert found.persistent_logins == []


def test_a_call_that_hangs_is_named_with_what_to_do():
    def hang(*_arguments):
        raise executor.TimedOut()

    with pytest.raises(CallError, match="^ReportIScsiTargetsW: ERROR_TIMEOUT") as error:
        gather({"ReportIScsiTargetsW": hang}, "targets", time_limit=5)
    assert error.value.status.hint in str(error.value)


def test_a_program_has_the_time_that_was_asked_for():
    limits = []

    def run(text):
        limits.extend(program.limit for program in wire.decode_batch(text).programs)
        return executor.run(text, ScriptedMachine(exports(ReportISNSServerListW={"Buffer": []})))

    queries.gather(run, ["isns_servers"], time_limit=90)
    assert limits == [90000, 90000]


@pytest.mark.parametrize("subset", queries.READS)
def test_reading_calls_nothing_that_changes_the_host(subset):
    def run(text):
        for program in wire.decode_batch(rows.split(text)[0]).programs:
            for call in program.calls:
                assert call.export.startswith(("Get", "Report", "SendScsi"))
                if call.export == "ReportIScsiTargetsW":
                    assert call.arguments[0] == wire.Integer(0)  # ForceUpdate would discover anew, for minutes
        raise OSError("enough")

    with pytest.raises(OSError, match="enough"):
        queries.gather(run, [subset])


def test_everything_is_one_trip():
    answers = unit_answers(
        ReportIScsiPersistentLoginsW={"PersistentLoginInfo": []},
        ReportIScsiSendTargetPortalsExW={"PortalInfo": []},
        ReportIScsiTargetsW={"Buffer": [SQL]},
        GetIScsiTargetInformationW=known({(SQL, "Static:*"): {}}),
        GetIScsiInitiatorNodeNameW={"InitiatorNodeName": "iqn.me"},
        ReportIScsiInitiatorListW={"Buffer": []},
        GetIScsiVersionInformation={"VersionInfo": {}},
        **{export: {"Buffer": []} for export in LISTS.values()},
    )
    found = gather(answers, *queries.READS)  # asserts one trip
    assert all(getattr(found, subset) is not None for subset in queries.READS)
    assert found.host.windows_version == "10.0.20348"


@pytest.mark.parametrize("subsets", [["persistent_logins"], ["persistent_logins", "initiator"]])
def test_a_user_name_that_windows_filled_in_is_no_user_name(subsets):
    """Whether or not the initiator is read too: the node name tells."""
    network = {"arrays": [{"portals": ["10.0.0.1"], "targets": [{"iqn": "iqn.2004-01.com.example:data"}]}]}
    login = {"target": "iqn.2004-01.com.example:data", "portal": "10.0.0.1", "login_options": {"auth_type": "chap"}}
    state = {
        "service": {"state": "running"},
        "initiator": {"node_name": "iqn.2020-01.com.example:node"},
        "network": network,
        "persistent_logins": [login],
    }
    (found,) = queries.gather(Host(state), subsets).persistent_logins
    options = found.login_options
    assert (options.username, options.default_username) == (None, b"iqn.2020-01.com.example:node")
    assert options.information_specified == 0x80
