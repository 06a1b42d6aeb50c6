# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets go to the DLL and nowhere else, by every engine, whatever is told, and whatever goes wrong.

A playbook runs with all that Ansible can tell (-vvvvv, ANSIBLE_DEBUG, tracebacks, a log), and each of its processes is
watched: winrm/everything.py. A secret counts as shown also where it stands in base64, UTF-16, gzip, or these in one
another.
"""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
import zlib

import pytest

from ansible_collections.winstorage.iscsi.tests.proof.secrecy import leaks
from ansible_collections.winstorage.iscsi.tests.proof.secrecy.watch import Watch
from ansible_collections.winstorage.iscsi.tests.proof.winrm import scenario
from ansible_collections.winstorage.iscsi.tests.proof.winrm.everything import (
    BROKEN,
    FAILING,
    MARK,
    REMOTE,
    TASKS,
    WORKING,
)


@pytest.fixture(scope="module")
def fleet(every_host):
    return every_host


@pytest.fixture(scope="module")
def play(everything_played):
    return everything_played


# -- they were there ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WORKING)
def test_every_task_did_what_it_should(play, name):
    assert [one.task for one in play.results[name]] == [task["name"] for task in TASKS]
    failed = {one.task: one.result["msg"] for one in play.results[name] if one.status == "failed"}
    assert list(failed) == [task["name"] for task in TASKS if task["name"] in FAILING]
    for task, said in FAILING.items():
        assert said in failed[task]


@pytest.mark.parametrize("name", BROKEN)
def test_every_failure_happened_with_a_secret_on_its_way(play, name):
    last = play.results[name][-1]
    assert last.status in ("failed", "unreachable") and BROKEN[name] in last.result["msg"]


@pytest.mark.parametrize("name", [name for name in WORKING if name != "simulator"])
def test_the_dll_was_given_every_secret(fleet, play, name):
    given = repr(fleet.servers[name].calls)
    assert {secret: text in given for secret, text in scenario.SECRETS.items()} == dict.fromkeys(scenario.SECRETS, True)


# -- nobody saw them ---------------------------------------------------------------------------------------------------


def test_no_output_shows_one(fleet, play):
    told = {
        "output": play.output.encode(),
        "log": (fleet.folder / "log").read_bytes(),
        "results": json.dumps([one.result for results in play.results.values() for one in results]).encode(),
    }
    assert leaks.shown_in(told, MARK) == {}


def test_no_command_line_or_environment_shows_one(play, watch):
    seen = watch.seen("command", "environment")
    assert any(b"ansible-playbook" in command for command in seen.values())
    assert any(b"-I" in command for command in watch.seen("command").values())  # of the python engine
    assert leaks.shown_in(seen, MARK) == {}


def files(fleet, watch):
    """Those that are there and those that were, but for the simulated host, which is one."""
    gone = {
        name: content
        for name, content in watch.seen("removed", "replaced").items()
        if not name.startswith("replaced-simulator.yml.state")
    }
    return {**gone, **watch.left(fleet.folder)}


def test_no_file_shows_one_or_did_before_it_was_removed(fleet, play, watch):
    assert leaks.shown_in(files(fleet, watch), MARK) == {}


@pytest.mark.parametrize("name", [*REMOTE, "thrown", "cut"])
def test_a_host_sees_them_on_standard_input_alone(fleet, play, name):
    endpoint = fleet.endpoints[name]
    assert leaks.shown(b"\n".join(endpoint.host.inputs), MARK) is not None
    seen = {
        "messages": b"\n".join(endpoint.exposed),
        "commands": "\n".join(endpoint.host.command_lines).encode(),
        "scripts": "\n".join(endpoint.host.scripts).encode(),
    }
    assert seen["messages"] and seen["scripts"]
    assert leaks.shown_in(seen, MARK) == {}


def test_where_files_are_to_be_kept_nothing_is_sent(fleet, play, watch):
    """The powershell engine refuses; the python engine writes no file in any case."""
    host = fleet.endpoints["winrm"].host
    before = len(host.inputs)
    kept = fleet.play(
        TASKS[2:3], "-vvvvv", limit="winrm,local-python", ANSIBLE_KEEP_REMOTE_FILES="1", **watch.environment
    )
    (refused,) = kept.results["winrm"]
    assert "ANSIBLE_KEEP_REMOTE_FILES" in refused.result["msg"] and len(host.inputs) == before
    assert kept.of("local-python", "does")["changed"] is False
    assert leaks.shown(kept.output.encode(), MARK) is None
    assert leaks.shown_in(files(fleet, watch), MARK) == {}


# -- the watch watches -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"it is Marker-Chap-1.",
        "it is Marker-Chap-1.".encode("utf-16"),
        base64.b64encode(b"it is Marker-Chap-1."),
        base64.b64encode("it is Marker-Chap-1.".encode("utf-16-le")),
        b"n" + base64.b64encode(b"Marker-Chap-1"),
        gzip.compress(b"Marker-Chap-1"),
        base64.urlsafe_b64encode(gzip.compress(b"{'password': 'Marker-Chap-1'}" * 9)),
        b'{"a": "' + base64.b64encode(b"print('%s')" % base64.b64encode(zlib.compress(b"Marker-Chap-1"))) + b'"}',
        b"Marker-Chap-1".hex().encode(),
    ],
    ids=range(9),
)
def test_it_finds_a_secret_in_any_form(data):
    assert leaks.shown(data, MARK) is not None
    assert leaks.shown(data, b"Another-") is None


def test_it_sees_what_a_program_leaves_no_trace_of(tmp_path):
    watch = Watch(tmp_path / "watch")
    program = (
        "import os, subprocess, sys, tempfile\n"
        "mark = 'Mark' + 'er-'\n"
        "with tempfile.NamedTemporaryFile() as file: file.write(mark.encode()); file.flush()\n"
        "with tempfile.TemporaryDirectory() as folder: open(folder + '/file', 'w').write(mark)\n"
        "for name in 'ab': open(name, 'w').write(mark)\n"
        "os.rename('a', 'b')\n"
        "subprocess.run(['true', mark], check=True)\n"
        "subprocess.run(['true'], env=dict(os.environ, VARIABLE=mark), check=True)\n"
    )
    subprocess.run([sys.executable, "-I", "-c", program], env=watch.environment, cwd=watch.home, check=True)
    kinds = [
        name.partition("-")[0]
        for name in leaks.shown_in(watch.seen("command", "environment", "removed", "replaced"), MARK)
    ]
    assert sorted(kinds) == ["command", "environment", "removed", "removed", "replaced"]
    assert list(leaks.shown_in(watch.left(), MARK)) == [str(watch.home / "b")]
