# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why it failed: events of the drivers and the service as lines that an administrator can act on."""

from __future__ import annotations

import ipaddress
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries, storage
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import Builder
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import event_codes, events
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

ARRAY, TAPE = "iqn.2010-06.com.purestorage:flash.1", "iqn.1992-08.com.netapp:tape.2"
BOOT = "2026-11-25T06:00:00.5000000Z"


def login(target=ARRAY, portal="10.0.0.1", connected=True, port=None):
    place = portal and {"address": portal, "port": 3260, "symbolic_name": ""}
    return {
        "target": target,
        "session_type": "data",
        "portal": place,
        "initiator_port": port,
        "connected": connected,
    }


def packet(dump, size=None):
    """The binary part of a driver's event: an IO_ERROR_LOG_PACKET with dump data."""
    head = struct.pack("<BBHHHHxxIIIIIQ", 3, 0, len(dump) if size is None else size, 0, 0, 0, 0xC00A0001, 0, 0, 0, 0, 0)
    return (head.ljust(40, b"\0") + dump).hex()


def refusal(status_class, detail):
    """A login response PDU."""
    return bytes([0x23, 0x87]).ljust(36, b"\0") + bytes([status_class, detail]).ljust(12, b"\0")


def event(number, minute=1, dump=None, data=("\\Device\\RaidPort2",), binary=None):
    return {
        "id": number,
        "time": f"2026-11-25T07:{minute:02}:00.1234567Z",
        "record": 1000 + minute,
        "data": list(data),
        "binary": binary if dump is None else packet(dump),
    }


def explain(logins, boot_time=BOOT, portals=(), **found):
    """The entries of a host, from rows by provider."""
    warnings = []
    log = events.read(found, boot_time, warnings.append)
    assert warnings == []
    return events.explain(log, events.Known(logins, portals))["entries"]


def address(text, port=3260):
    return ipaddress.ip_address(text).packed + struct.pack("<I", port)


# -- what an event is about --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("portal", ["10.0.0.1", "fd00::1"])
def test_a_portal_that_could_not_be_reached_is_found_by_its_address(portal):
    found = explain(
        [login(portal=portal, connected=False), login(portal="10.0.0.2")],
        iScsiPrt=[event(1, minute, address(portal)) for minute in (9, 5, 2)],
    )
    assert [(entry["kind"], entry["severity"], entry["portal"], entry["count"]) for entry in found] == [
        ("portal_unreachable", "warning", {"address": portal, "port": 3260}, 3)
    ]
    assert (found[0]["first"], found[0]["last"]) == ("2026-11-25T07:02:00Z", "2026-11-25T07:09:00Z")
    assert events.describe(found[0]) == "the portal could not be reached (3 times, last 2026-11-25 07:09 UTC)"


def test_of_two_ports_at_an_address_the_one_in_the_dump_is_meant():
    logins = [login(connected=False), login(connected=False)]
    logins[0]["portal"]["port"] = 860
    (entry,) = explain(logins, iScsiPrt=[event(1, dump=address("10.0.0.1"))])
    assert entry["portal"] == {"address": "10.0.0.1", "port": 3260}


def test_an_address_that_the_host_does_not_know_is_not_guessed():
    (entry,) = explain([login(connected=False)], iScsiPrt=[event(1, dump=address("10.9.9.9"))])
    assert entry["portal"] is None


def test_an_address_of_zeros_is_not_found_everywhere():
    (entry,) = explain([login(portal="0.0.0.0", connected=False)], iScsiPrt=[event(1, dump=address("10.0.0.1"))])
    assert entry["portal"] is None


def test_a_portal_that_is_connected_now_is_no_trouble():
    found = explain([login(), login(TAPE, "10.0.0.2", connected=False)], iScsiPrt=[event(1, dump=address("10.0.0.1"))])
    assert [entry["severity"] for entry in found] == ["info"]


@pytest.mark.parametrize(
    ("status", "why", "remedy"),
    [
        ((2, 1), "authentication failed (status 0x0201)", "CHAP user and secret"),
        ((2, 2), "this initiator is not authorized (status 0x0202)", "node name"),
        ((2, 3), "there is no such target (status 0x0203)", "remove the login"),
        ((2, 6), "too many connections (status 0x0206)", "limit of the array"),
        ((3, 1), "the service is unavailable (status 0x0301)", "online"),
        ((9, 9), "for an unknown reason (status 0x0909)", "log of the array"),
    ],
)
def test_a_target_that_refused_a_login_said_why(status, why, remedy):
    logins = [login(), login(TAPE, connected=False)]
    (entry,) = explain(logins, iScsiPrt=[event(10, dump=refusal(*status))])
    assert entry["text"] == f"the target refused the login: {why}"
    assert entry["target"] == TAPE
    assert remedy in entry["remedy"]


def test_a_refusal_whose_dump_is_no_login_response_has_no_reason():
    for dump in (b"\x20" * 48, refusal(2, 1)[:37], b""):
        (entry,) = explain([login(connected=False)], iScsiPrt=[event(10, dump=dump)])
        assert entry["text"] == "the target refused the login"


def test_a_refused_login_is_not_guessed_among_several_targets():
    logins = [login(connected=False), login(TAPE, connected=False)]
    (entry,) = explain(logins, iScsiPrt=[event(10, dump=refusal(2, 1))])
    assert entry["target"] is None


def test_refusals_for_other_reasons_are_other_entries():
    dumps = [refusal(2, 1), refusal(2, 1), refusal(3, 1)]
    found = explain([login(connected=False)], iScsiPrt=[event(10, dump=dump) for dump in dumps])
    assert sorted(entry["count"] for entry in found) == [1, 2]


def test_a_bound_address_that_is_gone_is_about_the_login_that_is_bound():
    logins = [login(connected=False), login(TAPE, connected=False, port=2)]
    (entry,) = explain(logins, iScsiPrt=[event(5, dump=struct.pack("<I", 0xC0000141))])
    assert entry["target"] == TAPE
    assert entry["text"] == "the address of its initiator port could not be used (invalid address)"


def test_a_login_that_windows_gave_up_is_told():
    (entry,) = explain([login(connected=False)], iScsiPrt=[event(70, dump=struct.pack("<I", 0xC000023C))])
    assert entry["kind"] == "not_retried"
    assert entry["text"].endswith("does not retry it (the network is unreachable)")


def test_no_favourite_at_all_was_processed():
    (entry,) = explain([login(connected=False)], iScsiPrt=[event(37)])
    assert (entry["severity"], entry["kind"]) == ("critical", "no_favourite_processed")
    assert events.find_reasons([entry], ARRAY, None) == [entry]


def test_the_service_waited_in_vain_for_bound_volumes():
    (entry,) = explain([login()], MSiSCSI=[event(103, data=["0xc0000001"])])
    assert entry["kind"] == "bound_volumes_late"


@pytest.mark.parametrize("number", ["0xefff0003", "4026466307", "-268500989"])
def test_a_failed_discovery_names_its_portal_and_status(number):
    data = [number, "*10.0.0.9 0003260 ROOT\\ISCSIPRT\\0000_0 10.0.0.200"]
    portals = [{"portal": {"address": "10.0.0.9", "port": 3260}}]
    (entry,) = explain([login()], portals=portals, MSiSCSI=[event(113, data=data)])
    assert entry["portal"] == {"address": "10.0.0.9", "port": 3260}
    assert entry["text"] == "discovery failed (ISDSC_CONNECTION_FAILED)"


def test_a_disk_that_lost_all_its_paths_is_found_by_its_number():
    (entry,) = explain([login()], mpio=[event(23, data=["\\Device\\Harddisk3\\DR3"])])
    assert (entry["disk"], entry["severity"]) == ("PhysicalDrive3", "critical")


def test_a_disk_that_is_not_known_is_named_as_the_event_names_it():
    (entry,) = explain([login()], mpio=[event(23, data=["\\Device\\MPIODisk7"])])
    assert (entry["disk"], entry["text"]) == (
        None,
        "all its paths failed, and Windows removed it (\\Device\\MPIODisk7)",
    )


@pytest.mark.parametrize(
    ("lost", "again", "kind", "severity", "text"),
    [
        (1, 0, "connection_lost", "warning", "a connection to a target was lost and never opened again"),
        (1, 1, "connection_lost", "info", "a connection to a target was lost and opened again once"),
        (4, 4, "flapping", "warning", "a connection to a target was lost and opened again 4 times"),
        (4, 3, "connection_lost", "warning", "a connection to a target was lost and opened again 3 times"),
    ],
)
def test_lost_connections_are_compared_with_those_that_came_back(lost, again, kind, severity, text):
    name = ARRAY.encode("utf-16-le")
    found = [event(20, minute) for minute in range(lost)] + [event(34, 30 + each, name) for each in range(again)]
    (entry,) = explain([login(connected=False)], iScsiPrt=found)
    assert (entry["kind"], entry["severity"], entry["text"]) == (kind, severity, text)


@pytest.mark.parametrize("encoding", ["utf-16-le", "ascii"])
def test_a_target_is_found_by_its_name(encoding):
    dump = TAPE.upper().encode(encoding) + b"\0\0"
    (entry,) = explain([login(), login(TAPE)], iScsiPrt=[event(32, dump=dump)])
    assert entry["target"] == TAPE


# -- since the last boot -----------------------------------------------------------------------------------------------


def test_events_of_before_the_last_boot_do_not_count():
    found = [event(103, 30), event(103, 10)]
    assert [entry["count"] for entry in explain([], "2026-11-25T07:20:00Z", MSiSCSI=found)] == [1]


def test_where_the_time_of_the_boot_is_not_known_all_events_count():
    assert [entry["count"] for entry in explain([], None, MSiSCSI=[event(103, 30), event(103, 10)])] == [2]


# -- what explains a login ---------------------------------------------------------------------------------------------


def test_a_login_is_explained_by_its_portal_and_its_target():
    logins = [login(connected=False), login(TAPE, "10.0.0.2", connected=True)]
    found = explain(logins, iScsiPrt=[event(1, dump=address("10.0.0.1")), event(10, dump=refusal(2, 3)), event(9)])
    kinds = [
        entry["kind"] for entry in events.find_reasons(found, ARRAY.upper(), {"address": "10.0.0.1", "port": 3260})
    ]
    assert kinds == ["login_refused", "portal_unreachable"]
    assert events.find_reasons(found, TAPE, {"address": "10.0.0.2", "port": 3260}) == []


# -- what is asked, and what a host may say ----------------------------------------------------------------------------


def test_the_binary_part_of_events_of_chap_is_not_asked_for():
    builder = Builder(8)
    storage.event_log(builder)
    asked = {query.provider: query for query in builder.queries if isinstance(query, rows.EventQuery)}
    assert set(asked) == {"iScsiPrt", "MSiSCSI", "mpio"}
    assert not {12, 13, 14, 15, 16, 17, 33, 35, 36} & set(asked["iScsiPrt"].binary)
    assert {1, 5, 10, 70} <= set(asked["iScsiPrt"].binary)
    assert {16, 17, 35, 36} <= set(asked["iScsiPrt"].ids)


def test_the_binary_part_of_events_of_chap_does_not_leave_the_host():
    secret = "00112233445566778899aabbccddeeff" * 4
    ids = (1, 16, 17, 35, 36)
    logged = [{"provider": "iScsiPrt", "id": number, "binary": f"{number:02x}{secret}"} for number in ids]
    host = Host({"windows": {"events": logged}, "service": {"state": "running"}})
    answers = []

    def run(batch):
        answers.append(host(batch))
        return answers[-1]

    assert len(queries.gather(run, ["events"]).events.events) == len(ids)
    assert [number for number in ids if f"{number:02x}{secret}" in answers[0]] == [1]


@pytest.mark.parametrize("provider", event_codes.MEANINGS)
def test_every_event_has_words(provider):
    for number, meaning in event_codes.MEANINGS[provider].items():
        (entry,) = explain([login(connected=False)], **{provider: [event(number, data=["0x5", "something"])]}) or (
            None,
        )
        if meaning.kind == "reconnected":
            assert entry is None
            continue
        assert entry["text"] and "{" not in entry["text"]
        assert meaning.severity in event_codes.SEVERITIES


_JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=60).map(bytes.hex),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside, max_size=3),
    max_leaves=5,
)
_ROW = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from([1, 5, 10, 20, 34, 70, 103, 112, 113, 23]) | _JUNK,
        "time": st.just("2026-11-25T07:20:00Z") | _JUNK,
        "data": st.lists(st.text(max_size=40) | _JUNK, max_size=4) | _JUNK,
        "binary": st.binary(max_size=120).map(bytes.hex) | _JUNK,
        "record": _JUNK,
    },
)


@given(st.dictionaries(st.sampled_from(["iScsiPrt", "MSiSCSI", "mpio"]), _JUNK | st.lists(_ROW | _JUNK)), _JUNK)
def test_no_event_is_more_than_a_warning(found, boot_time):
    warnings = []
    log = events.read(found, boot_time, warnings.append)
    told = events.explain(log, events.Known([login(connected=False), login(TAPE, None)], []))
    json.dumps(told, allow_nan=False)
    for entry in told["entries"]:
        assert events.describe(entry).isprintable()


@pytest.mark.parametrize(
    ("row", "warning"),
    [
        ({"id": "10"}, "events of iScsiPrt: id is no number."),
        ({"data": "text"}, "events of iScsiPrt: data is no list of texts."),
        ({"binary": 7}, "events of iScsiPrt: binary is no text."),
    ],
)
def test_a_value_of_another_type_is_one_warning(row, warning):
    warnings = []
    events.read({"iScsiPrt": [{**event(10), **row}, {**event(10), **row}]}, BOOT, warnings.append)
    assert warnings == [warning]
