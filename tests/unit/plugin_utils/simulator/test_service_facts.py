# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What public analyses of the service behind iscsidsc.dll say (x64, a build of Windows 10 or 11), each fact a test.

The page service_facts.rst names the test of each fact.
"""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import policies
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import policy
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import state as states
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.store import Store

from .conftest import (
    ANY,
    GUARDED,
    INSTANCE,
    MULTIPATH,
    SECRET,
    TARGET,
    chap,
    known_host,
    portal,
    session_id,
    simulated_machine,
    sized,
)

NODE_NAME = b"iqn.1991-05.com.microsoft:win-simulated"
OK, DUPLICATE, INVALID = "ERROR_SUCCESS", "ISDSC_TARGET_ALREADY_LOGGED_IN", "ERROR_INVALID_PARAMETER"
FORBIDDEN, NOT_BINDABLE = "ISDSC_RESTRICTED_BY_GROUP_POLICY", "ISDSC_DEVICE_NOT_ISCSI_OR_PERSISTENT"
USER_NAME = 0x20  # ISCSI_LOGIN_OPTIONS_USERNAME
SECOND = "ROOT\\ISCSIPRT\\0001_0"
RECORD = {"target": TARGET, "portal": "10.0.0.1"}


@pytest.fixture(name="service")
def _service(host):
    """Makes a host that behaves as the service does, which is the default."""

    def make(plain=None, **dialect):
        return host(plain, dialect=dialect)

    return make


# -- lists -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("export", ["ReportIScsiPersistentLoginsW", "GetIScsiSessionListW", "GetIScsiSessionListEx"])
def test_an_empty_list_of_logins_or_sessions_asks_for_a_buffer_of_size_0(export):
    machine = simulated_machine()
    assert sized(machine, export, 0) == (122, 0, 0)
    assert sized(machine, export, 4096) == (0, 0, 0)


def test_an_empty_list_of_portals_is_sized_with_success():
    machine = simulated_machine(known_host(target_portals=[]))
    assert sized(machine, "ReportIScsiSendTargetPortalsExW", 0)[::2] == (0, 0)


def test_the_size_of_a_list_of_logins_is_exact():
    """2,080 bytes for a record, 1,520 for a mapping, 16 for a LUN, and the user name."""
    mapping = {"target": TARGET, "luns": [{"os_lun": 0, "target_lun": 0}, {"os_lun": 1, "target_lun": 1}]}
    records = [dict(RECORD, mappings=mapping), dict(RECORD, mappings=dict(mapping, luns=[]))]
    machine = simulated_machine(known_host(persistent_logins=records))
    needed = 2 * 2080 + 1520 + 2 * 16 + 2 * len(NODE_NAME)
    assert sized(machine, "ReportIScsiPersistentLoginsW", 0) == (122, 2, needed)
    assert sized(machine, "ReportIScsiPersistentLoginsW", needed) == (0, 2, needed)


def test_without_an_adapter_logins_have_a_status_of_their_own_and_sessions_that_of_wmi(service):
    one = service(known_host(initiator={"instances": []}, target_portals=[], static_targets=[{"target": TARGET}]))
    assert one.status("ReportIScsiPersistentLoginsW") == "ISDSC_INITIATOR_NOT_FOUND"
    assert one.call("GetIScsiSessionListW").status.value == 4200
    for outcome in (one.save(), one.save(instance=None), one.remove(), one.remove(instance=None)):
        assert outcome == "ISDSC_INITIATOR_INSTANCE_NOT_FOUND"


# -- how a saved login reads back --------------------------------------------------------------------------------------


def test_a_record_reads_back_without_symbolic_name_version_and_password(service):
    one = service()
    record = dict(chap(), Version=1)
    one.call(
        "LoginIScsiTargetW",
        TargetName=TARGET,
        IsInformationalSession=0,
        InitiatorInstance=INSTANCE,
        InitiatorPortNumber=ANY,
        TargetPortal=dict(portal("10.0.0.1"), SymbolicName="filer"),
        SecurityFlags=0,
        LoginOptions=record,
        IsPersistent=1,
    )
    (login,) = one.logins
    assert login.TargetPortal.SymbolicName == ""
    assert (login.LoginOptions.Version, login.LoginOptions.PasswordLength, login.LoginOptions.Password) == (0, 0, None)
    assert login.LoginOptions.InformationSpecified == 0xE0


def test_a_mapping_reads_back_with_numbers_only(service):
    mapping = {
        "initiator_instance": INSTANCE,
        "target": TARGET,
        "os_device_name": "E:",
        "bus": 1,
        "target_number": 2,
        "luns": [{"os_lun": 3, "target_lun": 4}],
        "session_id": {"unique": 5, "specific": 6},
    }
    one = service(known_host(persistent_logins=[dict(RECORD, mappings=mapping)]))
    found = one.logins[0].Mappings
    assert (found.InitiatorName, found.TargetName, found.OSDeviceName, *found.SessionId) == ("", "", "", 0, 0)
    assert (found.OSBusNumber, found.OSTargetNumber, *found.LUNList[0]) == (1, 2, 3, 4)


def test_a_mapping_without_luns_is_not_reported(service):
    one = service(known_host(persistent_logins=[dict(RECORD, mappings={"target": TARGET, "bus": 1})]))
    assert one.logins[0].Mappings is None


@pytest.mark.parametrize(
    "options, expected, information",
    [
        (None, NODE_NAME, USER_NAME),
        (MULTIPATH, NODE_NAME, USER_NAME),
        ({"InformationSpecified": 0xC0, "AuthType": 1, "Password": SECRET.encode()}, NODE_NAME, 0xE0),
        (chap(b""), NODE_NAME, 0xE0),
        (chap(b"host"), b"host", 0xE0),
    ],
)
def test_the_node_name_fills_an_absent_user_name(service, options, expected, information):
    one = service()
    assert one.save(options=options) == OK
    found = one.logins[0].LoginOptions
    assert (found.Username, found.InformationSpecified) == (expected, information)


def test_a_user_name_that_was_filled_in_stays_when_the_node_is_renamed(service):
    one = service(known_host(persistent_logins=[dict(RECORD, target=GUARDED)]))
    one.save()
    one.call("SetIScsiInitiatorNodeNameW", InitiatorNodeName="iqn.2020-01.com.example:new")
    assert [login.LoginOptions.Username for login in one.logins] == [NODE_NAME, NODE_NAME]


def test_after_a_rename_of_the_node_an_array_refuses_the_old_name_as_chap_user(service):
    array = {"portals": ["10.0.0.1"], "targets": [{"iqn": TARGET, "chap": {"secret": SECRET}}]}
    options = {"auth_type": "chap", "password": SECRET}
    one = service(known_host(network={"arrays": [array]}, persistent_logins=[dict(RECORD, login_options=options)]))
    assert simulator.boot(str(one.path)) == []
    one.call("SetIScsiInitiatorNodeNameW", InitiatorNodeName="iqn.2020-01.com.example:new")
    assert [login["status"] for login in simulator.boot(str(one.path))] == ["ISDSC_AUTHENTICATION_FAILURE"]


def test_the_options_of_a_target_portal_get_no_user_name(service):
    one = service(known_host(target_portals=[]))
    one.add_portal("10.0.0.1")
    options = one.call("ReportIScsiSendTargetPortalsExW")["PortalInfo"][0].LoginOptions
    assert (options.Username, options.InformationSpecified) == (None, 0)


@pytest.mark.parametrize(
    "given, expected",
    [
        ("FD00:0:0::1", "fd00::1"),
        ("10.0.0.77", "10.0.0.77"),
        ("Filer.example.com", "Filer.example.com"),
    ],
)
def test_numeric_addresses_come_back_in_canonical_form_and_host_names_as_given(service, given, expected):
    one = service()
    assert one.save(address=given) == OK
    assert one.saved == [(ANY, expected)]
    assert one.remove(given) == OK


@pytest.mark.parametrize(
    "given, expected", [("010.0.0.1", "8.0.0.1"), ("010.00.000.012", "8.0.0.10"), ("10.0.0.1", "10.0.0.1")]
)
def test_a_number_with_a_leading_zero_is_octal(service, given, expected):
    one = service()
    assert one.save(address=given) == OK
    assert one.saved == [(ANY, expected)]


def test_numbers_that_are_not_specified_come_back_as_given(service):
    one = service()
    given = {"InformationSpecified": 0x10, "DefaultTime2Wait": 7, "DefaultTime2Retain": 9, "AuthType": 1}
    assert one.save(options=given) == OK
    found = one.logins[0].LoginOptions
    assert (found.InformationSpecified, found.DefaultTime2Wait, found.DefaultTime2Retain) == (0x30, 7, 9)
    assert (found.AuthType, found.HeaderDigest, found.Password) == (1, 0, None)


# -- saving ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "second",
    [
        {},
        {"address": "10.0.0.2"},
        {"port": 1},
        {"options": chap()},
        {"flags": 0x2},
        {"target": TARGET.upper()},
        {"instance": None},
    ],
)
@pytest.mark.parametrize("first", [None, MULTIPATH], ids=["without", "multipath"])
def test_a_second_login_without_the_multipath_flag_is_refused(service, first, second):
    """Only the name of the target counts, whatever portal, port and options, and whatever flag the first one has."""
    one = service()
    assert one.save(options=first) == OK
    assert one.save(**second) == DUPLICATE
    assert one.saved == [(ANY, "10.0.0.1")]


def test_with_the_multipath_flag_any_number_of_logins_is_saved(service):
    one = service()
    assert [one.save(), one.save(options=MULTIPATH), one.save(options=MULTIPATH)] == [OK, OK, OK]
    assert len(one.logins) == 3


def test_a_session_does_not_stand_in_the_way_of_saving(service):
    one = service()
    assert one.login().status.symbol == OK
    assert one.save() == OK
    assert (len(one.sessions), len(one.logins)) == (1, 1)


def test_by_dialect_a_second_login_without_the_multipath_flag_is_saved_or_replaces(service):
    for answer, expected in (
        ("saved", [(ANY, "10.0.0.1"), (0, "10.0.0.1"), (ANY, "10.0.0.2")]),
        ("replaces", [(ANY, "10.0.0.2")]),
    ):
        one = service(second_login_without_multipath=answer)
        one.save(options=MULTIPATH)
        one.save(options=MULTIPATH, port=0)
        assert one.save(address="10.0.0.2") == OK
        assert one.saved == expected


def test_a_login_for_any_portal_is_saved_with_the_first_discovered_portal(service):
    one = service()
    assert one.save(address=None) == OK
    assert one.saved == [(ANY, "10.0.0.1")]


def test_a_login_for_any_portal_of_a_target_without_portals_is_refused(service):
    one = service(known_host(target_portals=[], static_targets=[{"target": TARGET}]))
    assert one.save(address=None) == "ISDSC_NO_PORTAL_SPECIFIED"
    assert one.logins == []


def _isids(one):
    """The ISID qualifiers of saved logins and of sessions."""
    with Store(str(one.path)).transaction() as found:
        return [login["isid"] for login in found["persistent_logins"]]


def _live_isids(one):
    return [int.from_bytes(session.ISID[4:], "big") for session in one.sessions]


def test_each_login_and_session_gets_the_lowest_free_isid_of_its_target(service):
    one = service()
    for _twice in range(2):
        one.save(options=MULTIPATH)
        assert one.login(options=MULTIPATH).status.symbol == OK
    assert (_isids(one), _live_isids(one)) == ([0, 2], [1, 3])
    one.call("LogoutIScsiTarget", UniqueSessionId=session_id(one.sessions[0].SessionId))
    one.save(options=MULTIPATH, target=TARGET.upper())
    assert (_isids(one), _live_isids(one)) == ([0, 2, 1], [3])


def test_a_session_that_is_opened_at_boot_has_the_isid_of_its_login(service):
    one = service()
    for port in (0, 1):
        one.save(options=MULTIPATH, port=port)
    assert simulator.boot(str(one.path)) == []
    assert _isids(one) == _live_isids(one) == [0, 1]


# -- removing ----------------------------------------------------------------------------------------------------------


def test_an_unknown_instance_is_refused_when_saving_and_when_removing(service):
    one = service(known_host(persistent_logins=[RECORD]))
    unknown = "ROOT\\ISCSIPRT\\0007_0"
    assert one.save(instance=unknown, options=MULTIPATH) == "ISDSC_INITIATOR_NOT_FOUND"
    assert one.remove(instance=unknown) == "ISDSC_INITIATOR_NOT_FOUND"
    assert one.remove(instance=INSTANCE.lower()) == OK


def test_a_removal_without_an_instance_applies_to_every_instance(service):
    one = service(
        known_host(
            initiator={"instances": [{"name": INSTANCE}, {"name": SECOND}]},
            persistent_logins=[RECORD, dict(RECORD, initiator_instance=SECOND)],
        )
    )
    assert one.remove(instance=None) == OK
    assert one.logins == []


@pytest.mark.parametrize("text", ["10.0.0.256", "10.0.0", "fd00::g", "10.0.0.1:3260"])
def test_an_address_that_cannot_be_converted_is_refused_before_anything_is_done(service, text):
    one = service(known_host(persistent_logins=[RECORD]))
    assert one.remove(text) == one.save(address=text, options=MULTIPATH) == "WSAEINVAL"
    assert one.saved == [(ANY, "10.0.0.1")]


def test_malformed_records_of_a_driver_hide_those_of_its_adapter_or_make_the_list_fail(service):
    def reported(answer):
        one = service(
            known_host(
                initiator={"instances": [{"name": INSTANCE}, {"name": SECOND, "malformed_logins": answer}]},
                persistent_logins=[RECORD, dict(RECORD, initiator_instance=SECOND)],
            )
        )
        return one.call("ReportIScsiPersistentLoginsW")

    assert [login.InitiatorInstance for login in reported("skipped")["PersistentLoginInfo"]] == [INSTANCE]
    assert reported("refused").status.symbol == "ISDSC_DRIVER_BUG"
    assert len(reported(None)["PersistentLoginInfo"]) == 2


# -- target portals ----------------------------------------------------------------------------------------------------


def _add(one, address, port=0, flags=0):
    return one.status(
        "AddIScsiSendTargetPortalW",
        InitiatorInstance=INSTANCE,
        InitiatorPortNumber=port,
        Portal=portal(address),
        SecurityFlags=flags,
    )


def _remove(one, address, port=0):
    return one.status(
        "RemoveIScsiSendTargetPortalW", InitiatorInstance=INSTANCE, InitiatorPortNumber=port, Portal=portal(address)
    )


def _ports(one):
    found = one.call("ReportIScsiSendTargetPortalsExW")["PortalInfo"]
    return [(entry.Address, entry.InitiatorPortNumber, entry.SecurityFlags) for entry in found]


def test_adding_a_portal_again_replaces_it(service):
    one = service(known_host(target_portals=[]))
    assert _add(one, "10.0.0.1") == _add(one, "10.0.0.1", flags=1) == OK
    assert _ports(one) == [("10.0.0.1", 0, 1)]


def test_two_spellings_of_an_address_are_two_portals(service):
    network = {"arrays": [{"portals": ["fd00::1"], "targets": [{"iqn": TARGET}]}]}
    one = service(known_host(target_portals=[], network=network))
    for address in ("fd00::1", "FD00::1", "FD00:0::1"):
        assert _add(one, address) == OK
    assert [entry[0] for entry in _ports(one)] == ["FD00::1", "FD00:0::1"]
    assert _remove(one, "fd00:0:0::1") == "ISDSC_PORTAL_NOT_FOUND"
    assert _remove(one, "fd00:0::1") == OK
    assert [entry[0] for entry in _ports(one)] == ["FD00::1"]


def _with_new_address(one, address):
    """Another network card, or another address of it, behind initiator port 0."""
    with Store(str(one.path)).transaction() as found:
        found["initiator"]["instances"][0]["addresses"][0] = address


def test_a_changed_network_card_leaves_a_stale_portal_behind(service):
    one = service(known_host(target_portals=[]))
    _add(one, "10.0.0.1")
    _with_new_address(one, "10.0.0.99")
    assert _remove(one, "10.0.0.1") == "ISDSC_PORTAL_NOT_FOUND"
    assert _add(one, "10.0.0.1") == OK
    assert _ports(one) == [("10.0.0.1", 0, 0)] * 2
    assert _remove(one, "10.0.0.1") == OK
    assert _remove(one, "10.0.0.1") == "ISDSC_PORTAL_NOT_FOUND"
    assert len(_ports(one)) == 1
    assert _remove(one, "10.0.0.1", ANY) == OK
    assert _ports(one) == []


def test_a_file_can_have_a_stale_portal(service):
    entry = {"address": "10.0.0.1", "initiator_instance": INSTANCE, "initiator_port": 0}
    one = service(known_host(target_portals=[entry, dict(entry, initiator_address="192.0.2.77")]))
    assert _remove(one, "10.0.0.1") == OK
    assert _remove(one, "10.0.0.1") == "ISDSC_PORTAL_NOT_FOUND"
    assert len(_ports(one)) == 1


# -- static targets ----------------------------------------------------------------------------------------------------


def _add_static(one, *addresses, flags=0, group=True, **more):
    portals = b"".join(_packed(one, portal(address)) for address in addresses)
    return one.status(
        "AddIScsiStaticTargetW",
        TargetName=TARGET,
        TargetFlags=flags,
        Persist=1,
        PortalGroup=len(addresses).to_bytes(4, "little") + portals if group else None,
        **more,
    )


def _packed(one, fields):
    from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import structures

    return bytes(structures.ISCSI_TARGET_PORTAL.layout(structures.WIDE[one.pointer]).pack(fields))


def _static(one):
    """Alias, flags and portals of the static target of the host."""
    with Store(str(one.path)).transaction() as found:
        return [
            (
                entry["alias"],
                entry["target_flags"],
                [each["Address"] for group in entry["portal_groups"] for each in group],
            )
            for entry in found["static_targets"]
        ]


@pytest.mark.parametrize(
    "addresses, expected", [((), INVALID), (("10.0.0.1",), OK), (("10.0.0.1", "10.0.0.2"), INVALID)]
)
def test_a_static_target_has_exactly_one_portal(service, addresses, expected):
    one = service(known_host(target_portals=[]))
    assert _add_static(one, *addresses) == expected
    assert _static(one) == ([("", 0, ["10.0.0.1"])] if expected == OK else [])


def test_a_static_target_may_have_no_portal_group(service):
    one = service(known_host(target_portals=[]))
    assert _add_static(one, group=False) == OK
    assert _static(one) == [("", 0, [])]


def test_a_merge_needs_a_known_static_target_and_keeps_what_it_does_not_give(service):
    one = service(known_host(target_portals=[]))
    assert _add_static(one, "10.0.0.1", flags=0x4) == "ISDSC_TARGET_NOT_FOUND"
    assert _add_static(one, "10.0.0.1", flags=0x2, TargetAlias="archive") == OK
    assert _add_static(one, group=False, flags=0x4) == OK
    assert _static(one) == [("archive", 0x2, ["10.0.0.1"])]
    assert _add_static(one, "10.0.0.2", flags=0x4, TargetAlias="tape") == OK
    assert _static(one) == [("tape", 0x2, ["10.0.0.2"])]


# -- group policy ------------------------------------------------------------------------------------------------------

CALLS = {
    "open": lambda one: one.login().status.symbol,
    "save": lambda one: one.save(),
    "rename": lambda one: one.status("SetIScsiInitiatorNodeNameW", InitiatorNodeName="iqn.2020-01.com.example:new"),
    "chap secret": lambda one: one.status("SetIScsiInitiatorCHAPSharedSecret", SharedSecret=SECRET.encode()),
    "remove isns": lambda one: one.status("RemoveISNSServerW", Address="10.0.0.5"),
    "add isns": lambda one: one.status("AddISNSServerW", Address="10.0.0.5"),
    "discover": lambda one: one.add_portal("10.0.0.1"),
    "add portal": lambda one: one.add_portal("10.0.0.1"),
    "remove portal": lambda one: _remove(one, "10.0.0.2", ANY),
    "merge static": lambda one: _add_static(one, "10.0.0.1", flags=0x4),
    "add static": lambda one: _add_static(one, "10.0.0.1"),
    "remove static": lambda one: one.status("RemoveIScsiStaticTargetW", TargetName=TARGET),
    "remove login": lambda one: one.remove(target=GUARDED),
}
FORBIDS = {
    "RestrictAdditionalLogins": {"open", "save"},
    "ChangeIQNName": {"rename"},
    "ChangeCHAPSecret": {"chap secret"},
    "RequireIPSec": {"open", "save", "discover", "add portal"},
    "RequireMutualCHAP": {"open", "save", "discover", "add portal"},
    "RequireOneWayCHAP": {"open", "save", "discover", "add portal"},
    "ConfigureiSNSServers": {"add isns", "remove isns"},
    "ConfigureTargetPortals": {"discover", "add portal", "remove portal"},
    "ConfigureTargets": {"merge static"},
    "NewStaticTargets": {"add static", "remove static"},
}


EXPORTS = {
    "open": "LoginIScsiTargetW",
    "save": "LoginIScsiTargetW",
    "rename": "SetIScsiInitiatorNodeNameW",
    "chap secret": "SetIScsiInitiatorCHAPSharedSecret",
    "remove isns": "RemoveISNSServerW",
    "add isns": "AddISNSServerW",
    "discover": "AddIScsiSendTargetPortalW",
    "add portal": "AddIScsiSendTargetPortalW",
    "remove portal": "RemoveIScsiSendTargetPortalW",
    "merge static": "AddIScsiStaticTargetW",
    "add static": "AddIScsiStaticTargetW",
    "remove static": "RemoveIScsiStaticTargetW",
    "remove login": "RemoveIScsiPersistentTargetW",
}


def test_every_policy_is_known():
    assert set(policy.VALUES) == set(FORBIDS) == set(policies.FORBIDS) and len(policy.VALUES) == 10


@pytest.mark.parametrize("call", CALLS)
def test_the_status_of_a_forbidden_call_names_the_policies_that_can_forbid_it(call):
    forbidding = {name for name, calls in FORBIDS.items() if call in calls}
    possible = {
        name
        for each, export in EXPORTS.items()
        for name in FORBIDS
        if export == EXPORTS[call] and each in FORBIDS[name]
    }
    assert forbidding <= possible == set(policies.BY_EXPORT.get(EXPORTS[call], ()))


@pytest.mark.parametrize("value", [1, 0, None, 2])
@pytest.mark.parametrize("name", policy.VALUES)
def test_a_policy_forbids_its_calls_and_no_others(service, name, value):
    own = {"address": "10.0.0.2", "initiator_instance": INSTANCE}
    plain = known_host(
        group_policy={name: value},
        target_portals=[own],
        isns_servers=["10.0.0.5"],
        static_targets=[{"target": TARGET, "portal_groups": [["10.0.0.1"]]}],
        persistent_logins=[{"target": GUARDED, "portal": "10.0.0.1"}],
    )
    refused = {call for call, make in CALLS.items() if make(service(plain)) == FORBIDDEN}
    assert refused == (FORBIDS[name] if value == 1 else set())


@pytest.mark.parametrize(
    "name, options, flags, allowed",
    [
        ("RequireOneWayCHAP", chap(), 0, True),
        ("RequireOneWayCHAP", chap(kind=2), 0, True),
        ("RequireOneWayCHAP", {"InformationSpecified": 0x80, "AuthType": 0}, 0, False),
        ("RequireOneWayCHAP", {"InformationSpecified": 0, "AuthType": 1}, 0, False),
        ("RequireMutualCHAP", chap(), 0, False),
        ("RequireMutualCHAP", chap(kind=2), 0, True),
        ("RequireIPSec", None, 0x02, True),
        ("RequireIPSec", None, 0x20, False),
    ],
)
def test_a_policy_looks_at_what_a_login_specifies(service, name, options, flags, allowed):
    one = service(known_host(group_policy={name: True}, static_targets=[dict(RECORD_OF_STATIC)]))
    assert one.save(options=options, flags=flags) == (OK if allowed else FORBIDDEN)
    assert len(one.logins) == int(allowed)


RECORD_OF_STATIC = {"target": TARGET, "portal_groups": [["10.0.0.1"]]}


def test_a_policy_holds_for_discovery_too(service):
    """As with any discovery that fails, the portal is in the list, but it finds nothing."""
    one = service(known_host(target_portals=[], group_policy={"RequireOneWayCHAP": 1}))
    assert one.add_portal("10.0.0.1") == FORBIDDEN
    assert (one.portals, one.targets()) == (["10.0.0.1"], [])
    assert one.add_portal("10.0.0.8", chap(b"disco")) == OK


def test_a_policy_against_additional_logins_leaves_those_at_boot(service):
    one = service(known_host(persistent_logins=[RECORD], group_policy={"RestrictAdditionalLogins": 1}))
    assert simulator.boot(str(one.path)) == []
    assert len(one.sessions) == 1


@pytest.mark.parametrize("wrong", ["yes", -1, [1]])
def test_a_policy_is_a_number(wrong):
    with pytest.raises(simulator.HostFileError, match=r"group_policy\.RequireIPSec: expected a number"):
        states.load({"group_policy": {"RequireIPSec": wrong}})


# -- rights, bound devices, the adapter --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "export", ["ReportIScsiPersistentLoginsW", "ReportIScsiSendTargetPortalsExW", "GetIScsiSessionListW"]
)
def test_who_is_no_administrator_may_not_even_read(service, export):
    assert service(known_host(elevated=False)).status(export) == "ERROR_ACCESS_DENIED"


def _bindable(service, **more):
    session = {"portal": "10.0.0.1"}
    network = {
        "arrays": [
            {
                "portals": ["10.0.0.1"],
                "targets": [
                    {"iqn": TARGET, "luns": [{"lun": 1, "volumes": ["E:\\"]}]},
                    {"iqn": GUARDED, "luns": [{"lun": 0, "volumes": ["F:\\"]}]},
                ],
            }
        ]
    }
    return service(
        known_host(
            network=network,
            sessions=[dict(session, target=TARGET), dict(session, target=GUARDED)],
            persistent_logins=[dict(RECORD, target=TARGET.upper(), portal="10.0.0.77")],
            **more,
        )
    )


def _bind(one, path):
    return one.status("AddPersistentIScsiDeviceW", DevicePath=path)


def _unbind(one, path):
    return one.status("RemovePersistentIScsiDeviceW", DevicePath=path)


def _bound(one):
    return one.call("ReportPersistentIScsiDevicesW")["Buffer"]


def test_what_can_be_bound(service):
    """A device of a target that has any saved login; only the name of the target is compared."""
    one = _bindable(service)
    assert [_bind(one, path) for path in ("E:\\", "e:\\", "F:\\", "C:\\", "")] == [
        OK,
        "ISDSC_DEVICE_ALREADY_PERSISTENTLY_BOUND",
        NOT_BINDABLE,
        NOT_BINDABLE,
        INVALID,
    ]
    assert _bound(one) == ["E:\\"]


def test_a_bound_device_is_removed_by_its_text_or_by_its_volume(service):
    one = _bindable(service, persistent_devices=["E:\\", "Z:\\"])
    disk = "\\\\.\\PhysicalDrive1"
    assert [_unbind(one, path) for path in (disk, disk, "Z:\\", "Z:\\")] == [
        OK,
        "ISDSC_DEVICE_NOT_FOUND",
        OK,
        "ISDSC_DEVICE_NOT_FOUND",
    ]
    assert _bound(one) == []


def test_clearing_succeeds_even_if_nothing_is_bound(service):
    one = _bindable(service, persistent_devices=["E:\\", "Z:\\"])
    assert [one.status("ClearPersistentIScsiDevices"), _bound(one)] == [OK, []]
    assert one.status("ClearPersistentIScsiDevices") == OK


@pytest.mark.parametrize("export", ["SetupPersistentIScsiDevices", "SetupPersistentIScsiVolumes"])
def test_binding_all_replaces_the_list_by_the_volumes_of_saved_targets(service, export):
    one = _bindable(service, persistent_devices=["Z:\\"])
    assert [one.status(export), _bound(one)] == [OK, ["E:\\"]]


def test_the_first_start_of_the_service_creates_the_adapter(service):
    one = service({"service": {"has_run": False}})

    def adapters():
        with Store(str(one.path)).transaction() as found:
            return [adapter["name"] for adapter in simulator.Service(found).adapters]

    assert adapters() == []
    assert one.status("StartService", TimeoutMilliseconds=0) == OK
    assert adapters() == one.call("ReportIScsiInitiatorListW")["Buffer"] == [INSTANCE]


def test_while_the_adapter_is_created_lists_say_that_there_is_none(service):
    one = service({"service": {"has_run": False, "calls_without_adapter": 4}})
    assert one.status("StartService", TimeoutMilliseconds=0) == OK
    assert one.call("ReportIScsiInitiatorListW")["Buffer"] == []
    assert one.status("ReportIScsiPersistentLoginsW") == "ISDSC_INITIATOR_NOT_FOUND"
    sessions = [one.status("GetIScsiSessionListW") for _attempt in range(3)]
    assert set(sessions) == {"ERROR_WMI_GUID_NOT_FOUND", "ERROR_WMI_INSTANCE_NOT_FOUND"}
    assert one.call("ReportIScsiInitiatorListW")["Buffer"] == [INSTANCE]


@pytest.mark.parametrize("contradiction", [{"service": {"state": "running"}}, {"persistent_logins": [RECORD]}])
def test_a_service_that_never_ran_cannot_run_or_have_logins(contradiction):
    plain = dict(contradiction, service=dict(contradiction.get("service", {}), has_run=False))
    with pytest.raises(simulator.HostFileError, match=r"service\.has_run"):
        states.load(plain)
