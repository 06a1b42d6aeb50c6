# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer can cost its reader. Each is read in a process of its own, whose time and memory are bounded."""

from __future__ import annotations

import base64
import gzip
import resource
import struct
import subprocess
import sys

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import structures as s
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire
from ansible_collections.winstorage.iscsi.tests.unit.module_utils import support
from ansible_collections.winstorage.iscsi.tests.unit.module_utils.support import ScriptedMachine, exports

MIB = 1 << 20
SECONDS, MEMORY = 2, 300 * MIB  # what an answer of up to 1 MiB may cost, in processor time: other tests run beside
LOOP_SECONDS = 0.1  # for the loop below; on a slower or busier machine, seconds count accordingly
HARD_SECONDS, HARD_MEMORY = 30, 2048 * MIB  # where the process is ended
BASE = 0x10000
ABI = s.X64_W
READER = """
import resource, sys, time
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
text = open(sys.argv[1]).read()
began = time.process_time()
for number in range(2_000_000):
    pass
loop = time.process_time() - began
began = time.process_time()
try:
    found = queries.gather(lambda batch: text)
except Exception as error:
    outcome = f"{type(error).__name__}: {error}"
else:
    outcome = f"read {len(found.persistent_logins)} logins, {sum(len(one.luns or ()) for one in found.sessions)} units"
    outcome += "".join(f"; {line}" for line in found.warnings)
print(loop, time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, outcome)
"""


def _bounded():
    resource.setrlimit(resource.RLIMIT_CPU, (HARD_SECONDS, HARD_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (HARD_MEMORY, HARD_MEMORY))


def read(text, folder):
    """(seconds, bytes, outcome) of reading an answer to a question for everything."""
    file = folder / "answer"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", READER, file],
        capture_output=True,
        text=True,
        preexec_fn=_bounded,
        timeout=10 * HARD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loop, seconds, kilobytes, outcome = done.stdout.split(" ", 3)
    return float(seconds) / max(1, float(loop) / LOOP_SECONDS), int(kilobytes) << 10, outcome.strip()


# -- answers -----------------------------------------------------------------------------------------------------------

READING = queries.Reading(8, queries.READS)
EXPORTS = [call.export for call in READING.builder.calls]
MIXED = {
    "ReportIScsiTargetsW": {"Buffer": ["iqn.a"]},
    "GetIScsiTargetInformationW": lambda given: (
        {"Buffer": support.wide_list(["Static:*"])} if given["InfoClass"] == 2 else {"Buffer": bytes(2056)}
    ),
    "ReportIScsiPersistentLoginsW": {"PersistentLoginInfo": []},
    "ReportIScsiSendTargetPortalsExW": {"PortalInfo": []},
    "GetIScsiSessionListW": {"SessionInfo": [{"SessionId": {"AdapterUnique": 1}, "TargetName": "iqn.a"}]},
    "GetIScsiSessionListEx": {"SessionInfo": []},
    "GetDevicesForIScsiSessionW": {"Devices": []},
    "ReportActiveIScsiTargetMappingsW": {"Mappings": []},
    "GetIScsiInitiatorNodeNameW": {"InitiatorNodeName": "iqn.me"},
    "GetIScsiVersionInformation": {"VersionInfo": {}},
    "ReportIScsiInitiatorListW": {"Buffer": []},
    "ReportISNSServerListW": {"Buffer": []},
    "ReportRadiusServerListW": {"Buffer": []},
    "ReportPersistentIScsiDevicesW": {"Buffer": []},
}


def honest():
    batch = wire.encode_batch(wire.Batch((READING.builder.program(),)))
    return wire.decode_answer(executor.run(batch, ScriptedMachine(exports(**MIXED))))


def numbers_of(export):
    return [number for number, name in enumerate(EXPORTS) if name == export]


def answered(**runs):
    """The honest answer with other runs of some calls, by export (all its calls) or by its number."""
    results = list(honest().results)
    for name, found in runs.items():
        for number in numbers_of(name) if name in EXPORTS else [int(name.strip("_"))]:
            results[number] = wire.Result(wire.RAN, tuple(found))
    return wire.Answer(wire.Host(8, service_state=4), tuple(results))


def ran(*blocks, items=()):
    return wire.Run(0, 1, items, tuple(wire.Captured(number, BASE, data) for number, data in enumerate(blocks)))


def u32(number):
    return struct.pack("<I", number)


def packed(answer):
    return wire.encode_answer(answer)


def packed_raw(raw):
    return base64.b64encode(gzip.compress(raw, 6)).decode()


def results(count, one):
    """Results by hand, as many of them as there are calls, without the time that encoding them takes."""
    host = struct.pack("<BBHHBBBB", 8, 0, 0, 0, 4, 2, 0, 1)
    raw = b"WIA1" + host + struct.pack("<H", len(EXPORTS)) + one * count
    return packed_raw(raw + struct.pack("<BH", 0, 0) * (len(EXPORTS) - count))


def mapping_row(luns, offset):
    layout = s.ISCSI_TARGET_MAPPING.layout(ABI)
    return bytes(layout.pack({"TargetName": "iqn.a", "LUNCount": luns, "LUNList": BASE + offset}))


def shared_luns(rows, luns):
    row = mapping_row(luns, rows * s.ISCSI_TARGET_MAPPING.layout(ABI).size)
    data = row * rows + bytes(16 * luns)
    return ran(u32(len(data)), u32(rows), data)


def session_rows(size):
    """Sessions whose texts are all the same long one, without a NUL at an even place but the last."""
    layout = s.ISCSI_SESSION_INFO.layout(ABI)
    rows = size // 4 // layout.size
    text = b"\1\0\0" * (size // 4) + b"\0\0\0\0"
    at = BASE + rows * layout.size
    data = bytes(layout.pack({"TargetName": at, "InitiatorName": at, "TargetNodeName": at})) * rows + text
    return ran(u32(len(data)), u32(rows), data)


def texts(data):
    return ran(u32(len(data) // 2), data)


RUN = struct.pack("<IIHH", 0, 0, 0, 0)
CAPTURED = struct.pack("<BQI", 0, 0, 0)
CHAR = 16 * MIB  # the largest list that a runner brings
HARMFUL = {
    "runs without end": lambda: results(len(EXPORTS), struct.pack("<BH", 0, 0xFFFF) + RUN * 0xFFFF),
    "items without end": lambda: results(
        1, struct.pack("<BH", 0, 200) + (struct.pack("<IIH", 0, 0, 0xFFFF) + bytes(4 * 0xFFFF + 2)) * 200
    ),
    "blocks without end": lambda: results(
        1, struct.pack("<BH", 0, 60) + (struct.pack("<IIHH", 0, 0, 0, 0xFFFF) + CAPTURED * 0xFFFF) * 60
    ),
    "as many values as are read": lambda: results(
        1, struct.pack("<BH", 0, 5) + (struct.pack("<IIHH", 0, 0, 0, 52000) + CAPTURED * 52000) * 5
    ),
    "a bomb of 128 MiB": lambda: packed_raw(b"WIA1" + bytes(128 * MIB)),
    "zeros up to the limit": lambda: packed_raw(b"WIA1" + bytes(wire.MAX_ANSWER - 4)),
    "portal groups of zeros": lambda: packed(
        answered(
            **{
                f"_{number}": [ran(u32(CHAR), u32(0xFFFFFFFF) + bytes(CHAR - 4), items=(0, 0))]
                for number in numbers_of("GetIScsiTargetInformationW")[3:4]
            }
        )
    ),
    "portal groups, as many as are read": lambda: packed(
        answered(
            **{
                f"_{number}": [ran(u32(CHAR), u32(130000) + bytes(CHAR - 4), items=(0, 0))]
                for number in numbers_of("GetIScsiTargetInformationW")[3:4]
            }
        )
    ),
    "texts of a letter in three lists": lambda: packed(
        answered(
            ReportISNSServerListW=[texts(b"x\0\0\0" * (CHAR // 4) + b"\0\0")],
            ReportRadiusServerListW=[texts(b"x\0\0\0" * (CHAR // 4) + b"\0\0")],
            ReportPersistentIScsiDevicesW=[texts(b"x\0\0\0" * (CHAR // 4) + b"\0\0")],
        )
    ),
    "a text with zeros at odd places": lambda: packed(
        answered(ReportISNSServerListW=[texts(b"\1\0\0" * (CHAR // 3 & ~1) + b"\1\1\0\0")])
    ),
    "long texts in three lists": lambda: packed(
        answered(
            ReportISNSServerListW=[texts(b"\0\1" * (CHAR // 2) + b"\0\0")],
            ReportRadiusServerListW=[texts(b"\0\1" * (CHAR // 2) + b"\0\0")],
            ReportPersistentIScsiDevicesW=[texts(b"\0\xd8\0\xdc" * (CHAR // 4) + b"\0\0")],
        )
    ),
    "mappings that share their units": lambda: packed(
        answered(ReportActiveIScsiTargetMappingsW=[shared_luns(100, 65535)])
    ),
    "as many units as a list brings": lambda: packed(
        answered(ReportActiveIScsiTargetMappingsW=[shared_luns(1, CHAR // 16 - 1000)])
    ),
    "as many units as are read": lambda: packed(answered(ReportActiveIScsiTargetMappingsW=[shared_luns(1, 65000)])),
    "sessions that share a long text": lambda: packed(answered(GetIScsiSessionListW=[session_rows(CHAR)])),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_no_answer_of_a_mebibyte_costs_more_than_two_seconds_and_300_mib(name, tmp_path):
    text = HARMFUL[name]()
    assert len(text) < MIB, "this case proves nothing"
    seconds, used, outcome = read(text, tmp_path)
    print(f"{len(text) >> 10} KiB: {seconds:.2f} s, {used >> 20} MiB: {outcome}")
    assert seconds < SECONDS and used < MEMORY, f"{seconds:.2f} s and {used >> 20} MiB: {outcome}"
    assert outcome.startswith(("read ", "WireError: ", "ImageError: ", "CallError: "))


# -- hosts that are honest and large -----------------------------------------------------------------------------------

LOGIN = {"TargetName": "iqn.a", "TargetPortal": {"Address": "10.0.0.1", "Socket": 3260}}


def large_host(sessions, units):
    """256 saved logins, and so many sessions of so many units each. What a unit answers is the same for all."""
    asked = min(sessions * units, wire.MAX_RUNS // 4)
    row = s.ISCSI_TARGET_MAPPING.layout(ABI).size
    mapped, tail = bytearray(), sessions * row
    for number in range(sessions):
        values = {"TargetName": "iqn.a", "LUNCount": units, "LUNList": BASE + tail + number * units * 16}
        mapped += s.ISCSI_TARGET_MAPPING.layout(ABI).pack({**values, "SessionId": {"AdapterUnique": number + 1}})
    mapped += b"".join(struct.pack("<IIQ", unit % 256, 0, unit << 48) for unit in range(units)) * sessions
    listed = [{"SessionId": {"AdapterUnique": number + 1}, "TargetName": "iqn.a"} for number in range(sessions)]
    logins, live = (
        support.at_address(support.memory.pack(structure, rows, ABI), BASE, 8)
        for structure, rows in ((s.PERSISTENT_ISCSI_LOGIN_INFO, [LOGIN] * 256), (s.ISCSI_SESSION_INFO, listed))
    )
    reply = [u32(0)[:1], u32(36), bytes(255), u32(0), bytes(255)]
    unit_runs = [ran(*reply, items=(number // units, number % units)) for number in range(asked)]
    answer = answered(
        ReportIScsiPersistentLoginsW=[ran(u32(256), logins, u32(len(logins)))],
        GetIScsiSessionListW=[ran(u32(len(live)), u32(sessions), live)],
        GetDevicesForIScsiSessionW=[],
        ReportActiveIScsiTargetMappingsW=[ran(u32(len(mapped)), u32(sessions), bytes(mapped))],
    )
    outcome = wire.RAN if sessions * units * 4 <= wire.MAX_RUNS else wire.TOO_MANY_ITEMS
    found = wire.Result(outcome, tuple(unit_runs) if outcome == wire.RAN else ())
    changed = list(answer.results)
    for export in ("SendScsiInquiry", "SendScsiReadCapacity"):
        for number in numbers_of(export):
            changed[number] = found
    return wire.encode_answer(answer._replace(results=tuple(changed)))


def test_of_a_host_with_4_sessions_of_2000_units_everything_is_read(tmp_path):
    seconds, used, outcome = read(large_host(4, 2000), tmp_path)
    print(f"{seconds:.2f} s, {used >> 20} MiB")
    assert outcome.startswith("read 256 logins, 8000 units") and "too many" not in outcome


def test_units_that_are_too_many_to_ask_are_listed_with_a_warning(tmp_path):
    _seconds, _used, outcome = read(large_host(20, 2000), tmp_path)
    assert outcome.startswith("read 256 logins, 40000 units; ")
    assert "maps 40,000 logical units, too many to ask each who it is" in outcome and "32,768 runs" in outcome


def test_of_a_host_with_256_sessions_of_2000_units_less_must_be_read_at_a_time(tmp_path):
    text = large_host(256, 2000)
    _seconds, _used, outcome = read(text, tmp_path)
    assert outcome.startswith("ImageError: ")
    assert "more than 131,072 records and texts" in outcome and "leave out sessions, mappings or targets" in outcome
    found = queries.gather(_only(text, "persistent_logins"), ["persistent_logins"])
    assert len(found.persistent_logins) == 256


def _only(text, subset):
    """An engine that answers a smaller question from a larger answer."""
    answer = wire.decode_answer(text)
    exports_ = [call.export for call in queries.Reading(8, [subset]).builder.calls]
    results_ = tuple(answer.results[numbers_of(export)[0]] for export in exports_)
    return lambda _batch: wire.encode_answer(answer._replace(results=results_))


def test_decoding_ends_with_its_time(monkeypatch):
    """The limit of a task is one for the host and one for decoding what it answers."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now.__setitem__(0, now[0] + 10) or now[0])
    text = wire.encode_answer(honest())
    with pytest.raises(support.memory.ImageError, match="decoding took longer than 5 s; read less of this host"):
        queries.gather(lambda _batch: text, time_limit=5)
    assert queries.gather(lambda _batch: text).persistent_logins == []


def test_the_limits_fit_together():
    """A large host's answer meets no limit of the wire before that of the records."""
    run_and_its_five_blocks = 3 + 5 * 2
    assert wire.MAX_RUNS * run_and_its_five_blocks < wire.MAX_ANSWER_VALUES
