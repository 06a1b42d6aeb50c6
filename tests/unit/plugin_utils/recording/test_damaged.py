# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are no recordings, or damaged ones: a clear error, and never anything else."""

from __future__ import annotations

import contextlib
import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import memory
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import CallError
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import recording
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.recording import calls, text
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

TARGET = "iqn.2004-01.com.example:data"
STATE = {
    "dialect": {"absent_user_name": "absent"},  # so that the size of the list is the same whatever the default
    "service": {"state": "running"},
    "persistent_logins": [{"target": TARGET, "portal": "192.0.2.21"}, {"target": TARGET, "portal": "192.0.2.22"}],
}


@functools.cache
def written():
    """The text of a sound recording."""
    found = []

    def engine(batch):
        answer = Host(STATE)(batch)
        found.append(text.dump(calls.record(wire.decode_batch(batch), wire.decode_answer(answer))))
        return answer

    queries.gather(engine, ["persistent_logins", "isns_servers"])
    return found[0]


def changed(old, new):
    assert old in written()
    return written().replace(old, new, 1)


@pytest.mark.parametrize(
    "damaged, problem",
    [
        ("", "it does not begin with winstorage_iscsi_recording."),
        ("[1, 2]", "it does not begin with winstorage_iscsi_recording."),
        ("just text", "it does not begin with winstorage_iscsi_recording."),
        ("a: [", "it is not YAML (line 2)."),
        ("a: !!python/object:os.system {}", "it is not YAML (line 1)."),
        ("[" * 100_000, "it is not YAML"),
        ("winstorage_iscsi_recording: 2", "it has version 2. This collection reads version 1."),
        ("winstorage_iscsi_recording: 1", "host is missing."),
        (lambda: changed("pointer_bits: 64", "pointer_bits: 16"), "host.pointer_bits: expected 32 or 64, got 16."),
        (lambda: changed("pointer_bits: 64", "pointer_bits: many"), "host.pointer_bits: expected int, got str."),
        (lambda: changed('"4 running"', '"running"'), "host.service_state: expected a number, perhaps with a word"),
        (lambda: changed("calls:\n", "calls: none\nrest:\n"), "calls: expected list, got str."),
        (lambda: changed("export: Report", "export: Delete"), "is not an export that is recorded."),
        (
            lambda: changed("- export: ReportISNSServerListW", "- 5\n- export: ReportISNSServerListW"),
            "]: expected a mapping, got int.",
        ),
        (
            lambda: changed("  Count: 2", "  Sum: 2"),
            "calls[0].outputs: ReportIScsiPersistentLoginsW has no output 'Sum'.",
        ),
        (
            lambda: changed("  Count: 2", "  Count: -2"),
            "calls[0].outputs.Count: expected a number from 0 to 4294967295, got -2.",
        ),
        (lambda: changed("  Count: 2", "  Count: two"), "calls[0].outputs.Count: expected int, got str."),
        (
            lambda: changed("size: 8256", "size: 99999999999"),
            "calls[0].outputs.PersistentLoginInfo.size: expected a number from 0",
        ),
        (lambda: changed("size: 8256", "size: 4000"), "calls[0].outputs.PersistentLoginInfo.memory, line "),
        (lambda: changed(" = 00\n", " = 0\n"), "memory, line 2: expected an offset and bytes in hex."),
        (lambda: changed(" = 00\n", "\n"), "memory, line 2: expected an offset and bytes in hex."),
        (lambda: changed("arguments: {}", "arguments: {Lun: 1}"), "calls[0].arguments: expected none."),
        (lambda: changed('status: "0 ERROR_SUCCESS"', "status: 0"), "calls[0].status: expected str, got int."),
        (lambda: changed('status: "0 ERROR_SUCCESS"', 'status: "0x100000000"'), "calls[0].status: expected a number"),
    ],
)
def test_the_error_says_where_and_what(damaged, problem, tmp_path):
    path = tmp_path / "recording.yml"
    path.write_text(damaged if isinstance(damaged, str) else damaged())
    with pytest.raises(recording.RecordingError) as error:
        recording.replay(str(path))
    assert str(path) in str(error.value) and problem in str(error.value)
    assert len(str(error.value)) < 400 + len(str(path))


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(recording.RecordingError, match="cannot be read: No such file or directory"):
        recording.replay(str(tmp_path / "missing.yml"))
    with pytest.raises(recording.RecordingError, match="cannot be read: Is a directory"):
        recording.replay(str(tmp_path))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(recording.RecordingError, match="it is not text in UTF-8"):
        recording.replay(str(tmp_path / "binary"))


def test_memory_is_bounded_however_often_it_is_claimed():
    call = written()[written().index("- export") : written().index("- export: ReportISNS")]
    head = written()[: written().index("- export")]
    many = head + call.replace("size: 8256", "size: 16777216") * 5
    with pytest.raises(recording.RecordingError, match="holds more than 64 MiB of memory"):
        text.load(many)


@given(st.data())
def test_any_damage_costs_an_error_at_the_most(data):
    lines = written().splitlines()
    for _time in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(lines) - 1))
        line = lines[number]
        at = data.draw(st.integers(0, len(line)))
        kind = data.draw(st.sampled_from(["drop", "twice", "cut", "put"]))
        lines[number : number + 1] = {
            "drop": [],
            "twice": [line, line],
            "cut": [line[:at]],
            "put": [line[:at] + data.draw(st.sampled_from(["f", "9", "- ", "{", ": ", "\x00", "é"])) + line[at + 1 :]],
        }[kind]
        if not lines:
            break
    try:
        found = text.load("\n".join(lines))
    except recording.RecordingError as error:
        assert len(str(error)) < 400
        return
    with contextlib.suppress(CallError, memory.ImageError, wire.WireError):
        facts.assemble(
            queries.gather(lambda batch: executor.run(batch, recording.PlayerMachine(found)), ["persistent_logins"])
        )
