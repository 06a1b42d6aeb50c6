# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The made-up memory and the sizing protocol: what a caller of the DLL sees, whatever the export does."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import prototypes
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import Builder
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import dialects, exports, machine, state

from .conftest import ANY, TARGET, Host, chap, known_host, simulated_machine, sized

LOGIN = {"target": TARGET, "portal": "10.0.0.1", "login_options": {"username": "bob"}}


def test_every_export_has_its_answer():
    assert set(exports.EXPORTS) == set(prototypes.CALLABLE)


def test_the_sizing_call_for_logins_gives_the_count_too():
    one = simulated_machine(known_host(persistent_logins=[LOGIN, LOGIN]))
    assert sized(one, "ReportIScsiPersistentLoginsW", 0) == (122, 2, 2 * 2080 + 2 * 3)


def test_the_sizing_call_for_sessions_gives_no_count():
    one = simulated_machine(known_host(sessions=[{"target": TARGET, "portal": "10.0.0.1"}]))
    code, count, needed = sized(one, "GetIScsiSessionListW", 0)
    assert (code, count) == (122, 0) and needed > 64


def test_a_buffer_one_byte_short_is_refused_and_left_alone():
    one = simulated_machine(known_host(persistent_logins=[LOGIN]))
    needed = sized(one, "ReportIScsiPersistentLoginsW", 0)[2]
    assert sized(one, "ReportIScsiPersistentLoginsW", needed - 1) == (122, 1, needed)
    assert sized(one, "ReportIScsiPersistentLoginsW", needed) == (0, 1, needed)


@pytest.mark.parametrize("answer, expected", [("success", (0, 0, 0)), ("insufficient_buffer_zero", (122, 0, 0))])
def test_an_empty_list_by_dialect(answer, expected):
    one = simulated_machine(empty_list=answer)
    assert sized(one, "ReportIScsiPersistentLoginsW", 0) == expected
    assert sized(one, "ReportIScsiPersistentLoginsW", 4096) == (0, 0, 0)


def test_a_list_asks_for_more_than_it_uses_by_dialect():
    exact, larger = [
        sized(simulated_machine(list_size_reports=answer), "ReportIScsiTargetsW", 0, 0)[2]
        for answer in ("exact", "larger")
    ]
    assert exact == len(TARGET) + 2 < larger  # characters


def test_what_follows_a_list_of_texts_is_not_part_of_it(tmp_path):
    assert Host(tmp_path / "h.yml", known_host(), dialect={"text_list_tail": "garbage"}).targets() == [TARGET]


def test_unset_options_may_hold_anything(tmp_path):
    host = Host(
        tmp_path / "h.yml",
        known_host(persistent_logins=[dict(LOGIN, login_options={})]),
        dialect={"unset_options": "garbage", "absent_user_name": "absent"},
    )
    options = host.logins[0].LoginOptions
    assert (options.InformationSpecified, options.Username, options.Password) == (0, None, None)
    assert options.AuthType == options.HeaderDigest == options.UsernameLength == 0xCCCCCCCC


def test_reading_what_nobody_allocated_is_an_access_violation():
    one = simulated_machine()
    with pytest.raises(machine.AccessViolation):
        one.call("AddISNSServerW", [0x1000], None)


def test_a_freed_block_is_gone():
    one = simulated_machine()
    address = one.allocate(8)
    one.release([address])
    with pytest.raises(machine.AccessViolation):
        one.read(address, 1)


def test_an_unknown_export_is_not_there():
    with pytest.raises(executor.NoSuchExport):
        simulated_machine().call("FormatDisk", [], None)


# -- time and faults ---------------------------------------------------------------------------------------------------


def test_a_slow_discovery_meets_its_limit_in_virtual_time(host):
    one = host()
    builder, portal = Builder(8), {"SymbolicName": "", "Address": "10.0.0.9", "Socket": 3260}
    made = builder.call(
        "AddIScsiSendTargetPortalW", InitiatorPortNumber=ANY, SecurityFlags=0, Portal=portal, limit=30000
    )
    answer = wire.decode_answer(simulator.run(_text(builder), str(one.path)))
    assert answer.results[made.index].outcome == wire.TIMED_OUT
    assert one.portals == ["10.0.0.1", "10.0.0.9"]  # a call that was given up may still have done its work


def test_without_a_limit_a_slow_discovery_comes_back(host):
    one = host()
    assert one.add_portal("10.0.0.9") == "ISDSC_CONNECTION_FAILED"


def test_a_fault_meets_the_nth_call_only(host):
    one = host(known_host(faults=[{"export": "*ISNS*", "nth": 2, "status": "ISDSC_SESSION_BUSY"}]))
    found = [one.status("AddISNSServerW", Address=f"10.0.0.{number}") for number in range(3)]
    assert found == ["ERROR_SUCCESS", "ISDSC_SESSION_BUSY", "ERROR_SUCCESS"]
    assert one.call("ReportISNSServerListW")["Buffer"] == ["10.0.0.0", "10.0.0.2"]


def test_a_fault_may_strike_after_the_work_is_done(host):
    one = host(faults=[{"export": "LoginIScsiTargetW", "done": True, "status": 0xEFFF0041}])
    assert one.save() == "ISDSC_COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA"
    assert len(one.logins) == 1


@pytest.mark.parametrize("done, left", [(False, 0), (True, 1)])
def test_a_dropped_connection_keeps_what_was_done(host, done, left):
    one = host(known_host(faults=[{"export": "LoginIScsiTargetW", "action": "drop", "done": done}]))
    with pytest.raises(simulator.Dropped):
        one.save()
    assert len(one.logins) == left


def test_a_hang_is_given_up(host):
    one = host(known_host(faults=[{"export": "AddISNSServerW", "action": "hang"}]))
    builder = Builder(8)
    made = builder.call("AddISNSServerW", Address="10.0.0.5")
    answer = wire.decode_answer(simulator.run(_text(builder), str(one.path)))
    assert answer.results[made.index].outcome == wire.TIMED_OUT


def _text(builder):
    return wire.encode_batch(wire.Batch((builder.program(),)))


# -- what goes in comes out --------------------------------------------------------------------------------------------

_text_of = st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF), min_size=1, max_size=40)
_options = st.fixed_dictionaries(
    {},
    optional={
        "login_flags": st.integers(0, 0xFFFFFFFF).map(hex),
        "auth_type": st.sampled_from(["none", "chap", "mutual_chap", "unknown(9)"]),
        "header_digest": st.sampled_from(["none", "crc32c"]),
        "data_digest": st.just("crc32c"),
        "maximum_connections": st.integers(0, 0xFFFFFFFF),
        "default_time2wait": st.integers(0, 0xFFFFFFFF),
        "default_time2retain": st.integers(0, 0xFFFFFFFF),
        "username": st.binary(max_size=70).map(lambda raw: "0x" + raw.hex()),
        "password": st.just("simulated-001"),
        "other_bits": st.sampled_from([0, 0x100, 0x80000000]),
        "version": st.integers(0, 9),
    },
)
_mapping = st.fixed_dictionaries(
    {
        "target": _text_of,
        "luns": st.lists(
            st.fixed_dictionaries({"os_lun": st.integers(0, 0xFFFFFFFF), "target_lun": st.integers(0, (1 << 64) - 1)}),
            max_size=4,
        ),
    },
    optional={
        "os_device_name": _text_of,
        "bus": st.integers(0, 9),
        "session_id": st.fixed_dictionaries({"unique": st.integers(0, (1 << 64) - 1)}),
    },
)
_login = st.fixed_dictionaries(
    {
        "target": _text_of,
        "portal": st.none()
        | st.fixed_dictionaries(
            {"address": _text_of}, optional={"port": st.integers(0, 65535), "symbolic_name": _text_of}
        ),
    },
    optional={
        "initiator_instance": _text_of,
        "initiator_port": st.integers(0, 0xFFFFFFFF),
        "session_type": st.just("informational"),
        "security_flags": st.integers(0, (1 << 64) - 1),
        "mappings": _mapping,
        "login_options": _options,
    },
)
_faithful = [
    dict(dialects.FAITHFUL, **dialect) for dialect in [{}, *dialects.ALL] if not set(dialect) & set(dialects.FAITHFUL)
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_login, max_size=4), st.sampled_from(_faithful), st.sampled_from([8, 4]))
def test_any_logins_come_back_as_they_are_written(tmp_path, logins, dialect, pointer):
    plain = {
        "service": {"state": "running"},
        "windows": {"architecture": {8: "x64", 4: "x86"}[pointer]},
        "persistent_logins": logins,
    }
    found = Host(tmp_path / "h.yml", plain, pointer, dialect=dialect).logins
    assert len(found) == len(logins)
    for raw, record in zip(found, state.load(plain)["persistent_logins"]):
        _equal(raw, record)


def _equal(raw, record):
    """Every field of a decoded record, against the state; fields whose bit is clear mean nothing."""
    options, mapping = record["LoginOptions"], record["Mappings"]
    for name in ("TargetName", "IsInformationalSession", "InitiatorInstance", "InitiatorPortNumber", "SecurityFlags"):
        assert getattr(raw, name) == record[name]
    assert raw.TargetPortal._asdict() == record["TargetPortal"]
    said = options["InformationSpecified"]
    for name in ("Version", "InformationSpecified", "LoginFlags"):
        assert getattr(raw.LoginOptions, name) == options[name]
    for bit, name, _kind in state._SPECIFIED.values():
        if said & bit and name != "Password":
            assert (getattr(raw.LoginOptions, name) or 0) == (options[name] or 0)
    assert (raw.Mappings is None) == (mapping is None)
    if mapping:
        assert [lun._asdict() for lun in raw.Mappings.LUNList] == mapping["LUNList"]
        assert raw.Mappings.SessionId._asdict() == mapping["SessionId"]
        for name in ("InitiatorName", "TargetName", "OSDeviceName", "OSBusNumber", "OSTargetNumber"):
            assert getattr(raw.Mappings, name) == mapping[name]


@pytest.mark.parametrize("pointer", [8, 4])
def test_a_record_with_everything_can_be_fed_back_to_where_it_came_from(host, pointer):
    """A login saved with mappings and CHAP, removed by its own four values as they came back."""
    one = host(known_host(windows={"architecture": "x64" if pointer == 8 else "x86"}), pointer)
    mapping = {
        "InitiatorName": "",
        "TargetName": TARGET,
        "OSDeviceName": "",
        "LUNList": [{"OSLUN": 1, "TargetLUN": 1 << 40}],
    }
    assert one.save(options=chap(), port=1, Mappings=mapping) == "ERROR_SUCCESS"
    login = one.logins[0]
    assert [lun.TargetLUN for lun in login.Mappings.LUNList] == [1 << 40]
    assert (
        one.status(
            "RemoveIScsiPersistentTargetW",
            InitiatorInstance=login.InitiatorInstance,
            InitiatorPortNumber=login.InitiatorPortNumber,
            TargetName=login.TargetName,
            Portal=login.TargetPortal._asdict(),
        )
        == "ERROR_SUCCESS"
    )
    assert one.logins == []


@pytest.mark.parametrize(
    "answer, expected", [("as_given", "FD00::1"), ("canonical", "fd00::1"), ("bracketed", "[fd00::1]")]
)
def test_an_ipv6_address_by_dialect_can_be_fed_back(host, answer, expected):
    one = host(
        known_host(persistent_logins=[{"target": TARGET, "portal": {"address": "FD00::1"}}]),
        dialect={"ipv6_text": answer},
    )
    assert one.saved == [(ANY, expected)]
    assert one.remove(expected) == "ERROR_SUCCESS"


def test_names_in_capitals_by_dialect(host):
    one = host(known_host(persistent_logins=[LOGIN]), dialect="awkward")
    assert one.logins[0].TargetName == TARGET.upper()
    assert one.targets() == [TARGET.upper()]
