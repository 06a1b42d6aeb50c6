# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks with the python engine: a Linux Python over the local connection, python.org's Windows Python over WinRM.

What goes over is one program on standard input; nothing is written where it runs.
"""

from __future__ import annotations

import re

import ansible.release
import pytest

from ansible_collections.winstorage.iscsi.tests.proof.support.wine import WinePrefix, WinePython
from ansible_collections.winstorage.iscsi.tests.proof.winrm import scenario
from ansible_collections.winstorage.iscsi.tests.proof.winrm.fleet import Fleet
from ansible_collections.winstorage.iscsi.tests.proof.winrm.scenario import comparable

WINDOWS = ("winrm", "psrp")
HOSTS = ("local", *WINDOWS)
# Over winrm, ansible-core 2.16 and 2.18 encode a command once more, and start one PowerShell from another. That ends
# with 1, whatever the exit code of the other is.
STARTS_TWO = tuple(map(int, ansible.release.__version__.split(".")[:2])) < (2, 19)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """A Windows of our own, with the service."""
    with WinePrefix(tmp_path_factory.mktemp("windows")) as windows:
        windows.add_service("MSiSCSI")
        yield windows


@pytest.fixture(scope="module")
def fleet(prefix, tmp_path_factory):
    python = WinePython(prefix)
    with Fleet(tmp_path_factory.mktemp("fleet"), scenario.STATE, scenario.SECRETS) as hosts:
        hosts.simulator("simulator")
        hosts.python("local")
        for connection in WINDOWS:
            hosts.windows_python(connection, python, connection)
        yield hosts


def files(*folders):
    """{path: (size, time of the last change)} of the files in folders."""
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


@pytest.fixture(scope="module")
def play(prefix, fleet):
    python = WinePython(prefix)
    python.run("")  # what Windows writes at the first program is not ours
    places = prefix.folder / "drive_c", python.executable.parent
    before = files(*places)
    done = fleet.play(scenario.TASKS, "-vvv")
    done.written = files(*places).items() - before.items()
    python.run("import tempfile; tempfile.mkstemp()")
    done.noticed = files(*places).items() - before.items()
    return done


def test_every_task_does_its_work(play):
    assert play.rc == 0, play.output
    for results in play.results.values():
        assert {one.task: one.result["changed"] for one in results} == scenario.CHANGED


@pytest.mark.parametrize("task", scenario.CHANGED)
@pytest.mark.parametrize("name", HOSTS)
def test_results_are_those_of_the_simulator_engine(play, name, task):
    without = () if name in WINDOWS else scenario.NO_SERVICE_MANAGER
    assert comparable(play.of(name, task), without) == comparable(play.of("simulator", task), without)


@pytest.mark.parametrize("name", WINDOWS)
def test_it_is_a_windows_python_that_answers(play, name):
    host = play.of(name, "before")["ansible_facts"]["windows_iscsi"]["host"]
    assert re.fullmatch(r"(CPython|Python) 3\.11\.\d+", host["runtime"])
    assert host["windows_version"].startswith("10.0.")
    assert (host["service_state"], host["service_start_mode"]) == ("running", "automatic")


@pytest.mark.parametrize("name", WINDOWS)
def test_one_command_a_round_trip_and_all_else_on_standard_input(fleet, play, name):
    host = fleet.endpoints[name].host
    assert (
        len(host.scripts)
        == len(re.findall(f"<{name}> winstorage.iscsi: round trip by the python engine", play.output))
        == 6
    )
    assert max(map(len, host.scripts)) < (1200 if name == "winrm" and STARTS_TWO else 450)


def test_nothing_is_written_on_the_host(play):
    assert play.written == set()
    assert len(play.noticed) == 1  # a file of a program that does write


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_an_interpreter_that_is_not_there(fleet):
    place = dict(fleet.hosts["winrm"])
    fleet.hosts["winrm"]["winstorage_iscsi_python"] = "C:\\Python\\it's not.exe"
    (told,) = fleet.play(scenario.TASKS, limit="winrm").results["winrm"]
    fleet.hosts["winrm"] = place
    assert told.status == "failed"
    ended = 'The python engine failed: "C:\\\\Python\\\\it\'s not.exe" on the host ended with exit code '
    assert told.result["msg"].startswith(ended + ("1." if STARTS_TWO else "127."))
    assert "There is no such command on the host. Set winstorage_iscsi_python" in told.result["msg"]


def test_a_library_that_is_not_there(fleet):
    place = dict(fleet.hosts["local"])
    fleet.hosts["local"]["winstorage_iscsi_dll"] = "/no/iscsidsc.dll"
    (told,) = fleet.play(scenario.TASKS, limit="local").results["local"]
    fleet.hosts["local"] = place
    assert told.status == "failed"
    assert "LibraryError" in told.result["msg"] and "/no/iscsidsc.dll" in told.result["msg"]
