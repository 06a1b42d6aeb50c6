# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import structures as s
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import records
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire
from ansible_collections.winstorage.iscsi.tests.unit.module_utils import support
from ansible_collections.winstorage.iscsi.tests.unit.support import builders

KINDS = [value for value in vars(records).values() if dataclasses.is_dataclass(value)]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
wide_abi = pytest.mark.parametrize("abi", [s.X64_W, s.X86_W], ids=["x64", "x86"])


@each_kind
@given(data=st.data())
def test_a_record_comes_back_from_its_dict(kind, data):
    record = data.draw(builders.records_of(kind))
    if kind is records.Snapshot:
        record.host_settings = None  # which are no record: only their facts are plain
    plain = records.to_dict(record)
    assert records.from_dict(kind, json.loads(json.dumps(plain))) == record


@each_kind
@given(data=st.data())
def test_what_changes_by_itself_is_left_out_unless_wanted(kind, data):
    private = {field.name for field in dataclasses.fields(kind) if field.metadata.get("private")}
    plain = records.to_dict(data.draw(builders.records_of(kind)), private=False)
    assert set(plain) == {field.name for field in dataclasses.fields(kind)} - private


def test_nothing_of_a_session_that_a_new_login_changes_is_public():
    session = records.Session("iqn", None, [records.Connection("10.0.0.1", 3260, "10.0.0.2")])
    public = records.to_dict(session, private=False)
    assert not {"session_id", "isid", "tsid"} & set(public)
    assert not {"connection_id", "cid", "initiator_tcp_port"} & set(public["connections"][0])


@wide_abi
@given(data=st.data())
def test_login_options_written_are_the_options_read(abi, data):
    options = dataclasses.replace(data.draw(builders.records_of(records.LoginOptions)), default_username=None)
    password = data.draw(st.none() | st.binary(min_size=1, max_size=16))
    read = records.LoginOptions.of(
        support.image(s.ISCSI_LOGIN_OPTIONS, options.structure(password), abi).read(s.ISCSI_LOGIN_OPTIONS)
    )
    said = read.information_specified
    assert read == dataclasses.replace(options, password_set=password is not None, information_specified=said)
    assert said == sum(
        bit for name, (bit, _field) in records.LoginOptions.SPECIFIED.items() if getattr(options, name) is not None
    ) | (0x40 if password is not None else 0)


def test_a_user_name_that_windows_filled_in_is_written_again():
    """So that a record that is put back is the one that was there, whatever the node is called by then."""
    written = records.LoginOptions(default_username=b"iqn.2020-01.com.example:old").structure()
    assert (written["Username"], written["InformationSpecified"]) == (b"iqn.2020-01.com.example:old", 0x20)


@given(raw=support.values(s.ISCSI_LOGIN_OPTIONS, s.X64_W), said=st.integers(0, 2**32 - 1))
def test_a_number_that_was_not_specified_is_none_whatever_lies_there(raw, said):
    image = support.image(s.ISCSI_LOGIN_OPTIONS, dict(raw, InformationSpecified=said), s.X64_W)
    options = records.LoginOptions.of(image.read(s.ISCSI_LOGIN_OPTIONS))
    for name, (bit, _field) in records.LoginOptions.SPECIFIED.items():
        assert (getattr(options, name) is not None) == bool(said & bit)
    assert options.password_set == bool(said & 0x40)
    assert options.login_flags == raw["LoginFlags"]  # has no bit: always means something


@pytest.mark.parametrize(
    "name, shown",
    [
        (b"backup-user", "backup-user"),
        (b"", ""),
        (b"with space", "with space"),
        (b"\xff\x00", "0xff00"),
        (b"tab\t", "0x74616209"),
        (b"0x41", "0x30783431"),
        ("m\u00fcller".encode(), "0x6dc3bc6c6c6572"),
    ],
)
def test_user_names_are_text_where_they_are_plain(name, shown):
    options = records.to_dict(records.LoginOptions(username=name))
    assert options["username"] == shown
    assert records.from_dict(records.LoginOptions, options).username == name


@wide_abi
def test_a_persistent_login_in_the_fields_terms(abi):
    raw = support.image(
        s.PERSISTENT_ISCSI_LOGIN_INFO,
        {
            "TargetName": "iqn.2001-05.com.example:sql",
            "InitiatorInstance": "ROOT\\ISCSIPRT\\0000_0",
            "InitiatorPortNumber": 3,
            "SecurityFlags": 0x23,
            "TargetPortal": {"Address": "10.0.0.1", "Socket": 3260, "SymbolicName": "a"},
            "LoginOptions": {
                "InformationSpecified": 0x60,
                "LoginFlags": 2,
                "Username": b"me",
                "Password": b"hunter2hunter2",
            },
        },
        abi,
    ).read(s.PERSISTENT_ISCSI_LOGIN_INFO)
    login = records.PersistentLogin.of(raw)
    assert login == records.PersistentLogin(
        "iqn.2001-05.com.example:sql",
        "ROOT\\ISCSIPRT\\0000_0",
        3,
        records.Portal("10.0.0.1", 3260, "a"),
        "data",
        0x23,
        None,
        records.LoginOptions(login_flags=2, username=b"me", password_set=True, information_specified=0x60),
    )
    assert "hunter2" not in repr(login) + json.dumps(records.to_dict(login))


def test_any_portal_any_port_and_the_informational_session():
    raw = support.image(
        s.PERSISTENT_ISCSI_LOGIN_INFO,
        {
            "TargetName": "iqn",
            "InitiatorPortNumber": 0xFFFFFFFF,
            "IsInformationalSession": 7,
            "TargetPortal": {"Socket": 3260},
        },
        s.X64_W,
    ).read(s.PERSISTENT_ISCSI_LOGIN_INFO)
    login = records.PersistentLogin.of(raw)
    assert (login.initiator_port, login.portal, login.session_type) == (None, None, "informational")


def test_the_same_login_in_other_letter_case_has_the_same_identity():
    def login(target, instance, address):
        return records.PersistentLogin(target, instance, 1, records.Portal(address)).identity

    assert login("IQN.A", "root\\iscsiprt", "FE80::1") == login("iqn.a", "ROOT\\ISCSIPRT", "fe80::1")
    assert login("iqn.a", "r", "10.0.0.1") != login("iqn.b", "r", "10.0.0.1")


@pytest.mark.parametrize(
    "mechanism, kind",
    [
        ("SendTargets:*172.16.130.9 0003260 Root\\ISCSIPRT\\0000_0", "sendtargets"),
        ("Send Targets:*10.0.0.1", "sendtargets"),
        ("Static:*", "static"),
        ("iSNS:10.0.0.5", "isns"),
        ("ISNS:10.0.0.5", "isns"),
        ("HBA Configured", "other"),
        ("", "other"),
    ],
)
def test_the_kind_of_a_discovery_is_its_first_word(mechanism, kind):
    assert records.Discovery(mechanism).kind == kind


@wide_abi
def test_a_session_takes_what_each_report_knows_of_it(abi):
    ids = {"AdapterUnique": 0xFFFFA00F4C5E8010, "AdapterSpecific": 0x4000013700000002}
    connection = {
        "ConnectionId": {"AdapterUnique": 5},
        "TargetAddress": "10.0.0.1",
        "TargetSocket": 3260,
        "InitiatorAddress": "10.0.0.9",
        "InitiatorSocket": 50000,
        "CID": b"\x01\0",
    }
    values = {
        "SessionId": ids,
        "TargetName": "iqn.t",
        "InitiatorName": "iqn.me",
        "ISID": b"\x40\0\x01\x37\0\0",
        "TSID": b"\0\x01",
        "Connections": [connection],
    }
    raw = support.image(s.ISCSI_SESSION_INFO, values, abi).read(s.ISCSI_SESSION_INFO)
    more = support.image(
        s.ISCSI_SESSION_INFO_EX,
        {
            "SessionId": ids,
            "InitialR2t": 1,
            "FirstBurstLength": 65536,
            "MaximumConnections": 1,
            "Connections": [{"ConnectionId": {"AdapterUnique": 5}, "State": 5, "HeaderDigest": 1}],
        },
        abi,
    ).read(s.ISCSI_SESSION_INFO_EX)
    session = records.Session.of(raw, more)
    assert (session.target, session.initiator_node, session.initial_r2t, session.immediate_data) == (
        "iqn.t",
        "iqn.me",
        True,
        False,
    )
    assert session.session_id == "ffffa00f4c5e8010-4000013700000002"
    assert records.to_dict(session)["isid"] == "40-00-01-37-00-00"
    (connection,) = session.connections
    assert (connection.target_address, connection.target_port, connection.state, connection.header_digest) == (
        "10.0.0.1",
        3260,
        5,
        1,
    )
    alone = records.Session.of(raw)
    assert (alone.initial_r2t, alone.connections[0].state) == (None, None)


@pytest.mark.parametrize("state, shown", [(4, "running"), (1, "stopped"), (0, None), (99, None)])
@pytest.mark.parametrize("elevated, known", [(0, False), (1, True), (0xFF, None)])
def test_what_the_runner_could_not_tell_of_the_host_is_none(state, shown, elevated, known):
    host = records.Host.of(wire.Host(4, "CLR 4", (), (10, 0, 17763), state, 0xFF, 0, elevated))
    assert host == records.Host(32, "CLR 4", None, "10.0.17763", shown, None, False, known)


def test_a_guid_is_written_as_windows_does():
    raw = s.GUID.layout(s.X64_W).unpack(bytes.fromhex("0763f553bfb6d01194f200a0c91efb8b"))
    assert records.guid(raw) == "{53f56307-b6bf-11d0-94f2-00a0c91efb8b}"  # GUID_DEVINTERFACE_DISK
