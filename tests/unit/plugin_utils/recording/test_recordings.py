# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recording keeps, what it never keeps, and what a replay makes of it."""

from __future__ import annotations

import base64
import gzip
import re
import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import memory, prototypes, status, structures
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import Builder, Replies
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply, declaration
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import recording
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.recording import calls, text
from ansible_collections.winstorage.iscsi.tests.unit.module_utils import support
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

ROOT = Path(__file__).parents[4]
DEMO = sorted((ROOT / "demo/hosts").glob("*.yml"))
SECRET = "Sentinel-Secret"
# (offset, size in bytes) in PERSISTENT_ISCSI_LOGIN_INFO of x64: target, instance, symbolic name, address
TEXTS_OF_A_LOGIN = ((0, 448), (450, 512), (968, 512), (1480, 512))
TARGET = "iqn.2004-01.com.example:data"
CHAP = {"auth_type": "mutual_chap", "username": "sql01", "password": SECRET, "login_flags": ["multipath_enabled"]}
STATE = {
    "service": {"state": "running", "start_mode": "automatic"},
    "initiator": {
        "mutual_chap_secret": SECRET + "m",
        "radius_secret": SECRET + "r",
        "group_preshared_key": SECRET + "k",
    },
    "target_portals": [{"address": "192.0.2.21", "login_options": CHAP}],
    "persistent_logins": [
        {"target": TARGET, "portal": "192.0.2.21", "login_options": CHAP, "copies": 2},
        {"target": TARGET, "portal": None, "login_options": {"login_flags": ["multipath_enabled"]}},
    ],
    "isns_servers": ["isns.example.com"],
    "network": {
        "arrays": [
            {
                "portals": [{"address": "192.0.2.21", "group": 1}, {"address": "192.0.2.22", "group": 2}],
                "targets": [
                    {
                        "iqn": TARGET,
                        "chap": {"user": "sql01", "secret": SECRET, "mutual_secret": SECRET + "m"},
                        "luns": [{"lun": 0, "naa": "6001405a1b2c3d4e5f60718293a4b5c6"}, {"lun": 300, "serial": "B"}],
                    }
                ],
            }
        ]
    },
    "sessions": [{"target": TARGET, "portal": "192.0.2.21", "login_options": CHAP}],
}


def record(engine, path, names=None):
    """The engine, which keeps each trip that only reads."""

    def run(batch):
        answer = engine(batch)
        assert recording.keep(batch, answer, str(path), {}, names) is None
        return answer

    return run


def gather(engine, *subsets):
    return facts.assemble(queries.gather(engine, subsets or tuple(queries.READS)), include_session_ids=True)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "recording.yml"


# -- the same facts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["x64", "x86"])
@pytest.mark.parametrize("dialect", ["microsoft", "documented", "terse", "awkward"])
@pytest.mark.parametrize("state", [*DEMO, STATE], ids=lambda state: getattr(state, "stem", "here"))
def test_a_replay_gives_the_facts_of_the_host(state, dialect, architecture, path):
    state = yaml.safe_load(state.read_text()) if isinstance(state, Path) else dict(STATE)
    state["windows"] = dict(state.get("windows", {}), architecture=architecture)
    original = gather(record(Host(dict(state, dialect=dialect)), path))
    assert gather(recording.replay(str(path))) == original
    assert original["persistent_logins"] and original["sessions"]


def test_a_replay_answers_calls_in_another_order(path):
    original = gather(record(Host(STATE), path))
    backwards = gather(recording.replay(str(path)), *reversed(queries.READS))
    assert backwards == original


# what is shown with other facts, and is none by itself
PARTS_OF_OTHERS = ("mappings", "saved_addresses", "policies")


@pytest.mark.parametrize("name", [name for name in queries.READS if name not in PARTS_OF_OTHERS])
def test_what_was_not_recorded_is_null_with_a_warning(name, path):
    others = [other for other in queries.READS if other != name]
    gather(record(Host(STATE), path), *others)
    whole, replayed = gather(Host(STATE)), gather(recording.replay(str(path)))
    assert replayed[name] is None
    gap = re.compile(f"{name} was not gathered: the recording of this host has no |.* the recording has none$")
    assert any(gap.match(line) for line in replayed["warnings"])
    # of the rest, what follows from two parts together is another matter, and so are events since the last boot
    apart = {"events", *PARTS_OF_OTHERS, "persistent_logins", *(["sessions"] if name == "persistent_logins" else [])}
    assert {other: replayed[other] for other in set(others) - apart} == {
        other: whole[other] for other in set(others) - apart
    }


def test_calls_that_follow_a_list_and_were_not_recorded_are_told(path):
    gather(record(Host(STATE), path))
    without = [call for call in text.read(str(path)).calls if call.arguments.get("PageCode") != 0x83]
    text.write(str(path), calls.Recording(text.read(str(path)).host, without))
    replayed = gather(recording.replay(str(path)))
    (session,) = replayed["sessions"]
    assert all("NOT_RECORDED" in unit["problem"] for unit in session["luns"])
    assert [unit["serial"] for unit in session["luns"]] == [
        unit["serial"] for unit in gather(Host(STATE))["sessions"][0]["luns"]
    ]
    assert (
        "The recording of this host lacks 2 calls of SendScsiInquiry. What they tell was not gathered."
        in replayed["warnings"]
    )


def test_a_stopped_service_is_recorded_as_such(path):
    with pytest.raises(queries.ServiceStopped) as original:
        gather(record(Host({}), path))
    with pytest.raises(queries.ServiceStopped) as replayed:
        gather(recording.replay(str(path)))
    assert str(replayed.value) == str(original.value)
    assert replayed.value.snapshot == original.value.snapshot
    assert replayed.value.snapshot.host_settings is not None


def test_an_export_that_the_host_lacks_is_recorded_as_lacking(path):
    class Old(Host):
        def __call__(self, batch):
            known = prototypes.CALLABLE.pop("ReportIScsiSendTargetPortalsExW")
            try:
                return super().__call__(batch)
            finally:
                prototypes.CALLABLE["ReportIScsiSendTargetPortalsExW"] = known

    original = gather(record(Old(STATE), path), "target_portals")
    assert gather(recording.replay(str(path)), "target_portals") == original
    assert original["target_portals"][0]["login_options"] is None


def test_an_answer_that_cannot_be_decoded_fails_in_the_same_way(path):
    def broken(batch):
        answer = wire.decode_answer(Host(STATE)(batch))
        return wire.encode_answer(_with_block(answer, lambda data: data[:2008] + b"\xff" * 8 + data[2016:], 3 * 2080))

    with pytest.raises(memory.ImageError) as original:
        gather(record(broken, path), "persistent_logins")
    with pytest.raises(memory.ImageError) as replayed:
        gather(recording.replay(str(path)), "persistent_logins")
    assert replayed.value.field == original.value.field and "outside" in str(original.value)


# -- what is never kept ------------------------------------------------------------------------------------------------


def _with_block(answer, change, least):
    """An answer whose blocks of at least so many bytes are changed."""
    results = [
        result._replace(
            runs=tuple(
                run._replace(
                    blocks=tuple(
                        block._replace(data=change(block.data)) if len(block.data) >= least else block
                        for block in run.blocks
                    )
                )
                for run in result.runs
            )
        )
        for result in answer.results
    ]
    return answer._replace(results=tuple(results))


def assert_without(secret, written):
    """The secret is in a text in none of the forms in which it may hide."""
    for encoded in (secret.encode("ascii"), secret.encode("utf-16-le"), secret.encode("utf-16-le")[1:-1]):
        assert encoded.hex() not in written
        assert base64.b64encode(encoded).decode()[:-4] not in written
    assert secret not in written and gzip.compress(secret.encode()) not in written.encode()


@pytest.mark.parametrize("dialect", ["microsoft", "documented", "terse", "awkward"])
def test_no_secret_of_a_host_is_recorded(dialect, path):
    gather(record(Host(dict(STATE, dialect=dialect)), path))
    assert_without(SECRET, path.read_text())


def test_bytes_that_belong_to_no_field_are_not_recorded(path):
    """Behind the end of texts and between records there may be anything, on a host whose driver does not clear it."""

    garbage = SECRET.encode("utf-16-le") + b"\0" + SECRET.encode() + b"\0"

    def fill(data):
        filled = bytearray(data)
        for record in range(3):
            for offset, size in TEXTS_OF_A_LOGIN:
                start, end = 2080 * record + offset, 2080 * record + offset + size
                start += 2 * data[start:end].decode("utf-16-le").index("\0") + 2
                filled[start:end] = (garbage * 20)[: end - start]
        filled[-1000:] = (garbage * 30)[:1000]
        return bytes(filled)

    def engine(batch):
        return wire.encode_answer(_with_block(wire.decode_answer(Host(STATE)(batch)), fill, 3 * 2080))

    original = gather(record(engine, path), "persistent_logins")
    assert SECRET.encode("utf-16-le") in b"".join(
        block.data
        for result in wire.decode_answer(engine(_batch("persistent_logins"))).results
        for run in result.runs
        for block in run.blocks
    )
    assert_without(SECRET, path.read_text())
    assert gather(recording.replay(str(path)), "persistent_logins") == original


def _batch(*subsets):
    readings = [queries.Reading(pointer, subsets) for pointer in (8, 4)]
    return wire.encode_batch(wire.Batch(tuple(reading.builder.program() for reading in readings)))


@pytest.mark.parametrize("pointer", [8, 4])
@given(data=st.data())
def test_a_secret_that_a_host_returns_is_not_recorded(pointer, data):
    """Windows returns no secret. If a driver does, whatever else it returns, the recording does not have it."""
    abi = structures.WIDE[pointer]
    secret = b"\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xdb\xdc"
    login = data.draw(support.values(structures.PERSISTENT_ISCSI_LOGIN_INFO, abi))
    login["LoginOptions"]["Password"] = secret
    answers = support.exports(ReportIScsiPersistentLoginsW={"PersistentLoginInfo": [login]})
    machine = support.ScriptedMachine(answers, pointer)
    builder = Builder(pointer)
    handle = builder.call("ReportIScsiPersistentLoginsW")
    batch = wire.Batch((builder.program(),))
    answer = wire.decode_answer(executor.run(wire.encode_batch(batch), machine))
    assert secret in b"".join(block.data for block in answer.results[0].runs[0].blocks)
    written = text.dump(calls.record(batch, answer))
    assert secret.hex() not in written
    replayed = wire.decode_answer(executor.run(wire.encode_batch(batch), recording.PlayerMachine(text.load(written))))
    decoded = [Replies(builder, one).require(handle)["PersistentLoginInfo"] for one in (answer, replayed)]
    assert decoded[0] == decoded[1] and decoded[0][0].LoginOptions.Password is None


def test_every_export_is_known_to_read_or_not():
    not_recorded = {name for name in prototypes.CALLABLE if name not in calls.READING}
    assert not calls.READING - set(prototypes.FUNCTIONS)
    assert all(name.startswith(("Get", "Report", "SendScsi")) for name in calls.READING)
    # returns keys; everything else changes something
    assert {name for name in not_recorded if name.startswith(("Get", "Report", "SendScsi"))} == {"GetIScsiIKEInfoW"}


@pytest.mark.parametrize(
    "export, values",
    [
        ("StartService", {"TimeoutMilliseconds": 1000}),
        ("SetServiceStartMode", {"StartMode": 2}),
        ("ReportIScsiTargetsW", {"ForceUpdate": 1}),
        ("GetIScsiIKEInfoW", {"InitiatorPortNumber": 0}),
        ("RemoveISNSServerW", {"Address": "192.0.2.1"}),
        ("RefreshISNSServerW", {}),
        ("ClearPersistentIScsiDevices", {}),
        ("SetIScsiInitiatorCHAPSharedSecret", {"SharedSecret": SECRET.encode()}),
    ],
)
def test_a_batch_that_does_more_than_read_is_not_recorded(export, values, path):
    programs = []
    for pointer in (8, 4):
        reading = queries.Reading(pointer, ["persistent_logins"])
        reading.builder.call(export, **values)
        programs.append(reading.builder.program())
    batch = wire.encode_batch(wire.Batch(tuple(programs)))
    record(Host(STATE), path)(batch)
    assert not path.exists()


def test_of_a_change_only_the_trip_before_it_is_recorded(path):
    wanted = declaration.parse({"isns_servers": [{"address": "192.0.2.9"}], "chap_secret": SECRET + "2"})
    host = Host(STATE)
    assert apply.apply(record(host, path), wanted).changed
    assert len(host.batches) == 2
    assert {call.export for call in text.read(str(path)).calls} <= calls.READING
    assert "192.0.2.9" not in path.read_text()
    assert_without(SECRET, path.read_text())


# -- the file ----------------------------------------------------------------------------------------------------------


def test_a_person_can_read_it(path):
    gather(record(Host(STATE), path))
    written = path.read_text()
    assert f'[0].TargetName "{TARGET}" = ' in written
    assert "[0].LoginOptions.LoginFlags 2 (multipath_enabled) = 02000000" in written
    assert '[0].LoginOptions.Username "sql01" = 73716c3031' in written
    assert "- export: ReportIScsiPersistentLoginsW" in written and 'status: "0 ERROR_SUCCESS"' in written
    assert 'service_state: "4 running"' in written
    assert written.isascii() and max(map(len, written.splitlines())) < 1500


def test_only_its_owner_can_read_the_file(path):
    gather(record(Host(STATE), path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_status_is_written_in_words(path):
    gather(record(Host(STATE), path))
    found = text.read(str(path))
    found.calls[0].status = status.SESSION_BUSY
    assert 'status: "0xEFFF001F ISDSC_SESSION_BUSY"' in text.dump(found)
    assert text.load(text.dump(found)).calls[0].status == status.SESSION_BUSY


def test_two_recordings_of_an_unchanged_host_differ_in_their_time_alone(path, tmp_path):
    gather(record(Host(STATE), path))
    gather(record(Host(STATE), tmp_path / "second.yml"))
    first, second = (
        [line for line in place.read_text().splitlines() if not re.match("  recorded: |.*LastBootUpTime", line)]
        for place in (path, tmp_path / "second.yml")
    )
    assert first == second


def test_an_answer_that_fits_no_batch_is_not_recorded(path):
    batch = _batch("persistent_logins")
    assert "was not recorded" in recording.keep(batch, Host(STATE)(_batch("sessions")), str(path), {})
    assert "was not recorded" in recording.keep(batch, "no answer", str(path), {})
    assert not path.exists()
