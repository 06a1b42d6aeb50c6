# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell for Windows, under Wine: playbooks over WinRM, the 64-bit DLL, and Wine's services and elevation.

It is PowerShell 7. What differs in Windows PowerShell 5.1 nobody sees here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.winstorage.iscsi.tests.proof.conformance import engines as runners
from ansible_collections.winstorage.iscsi.tests.proof.standin import build
from ansible_collections.winstorage.iscsi.tests.proof.support.powershell import WinePowerShell
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import WinePrefix, windows_path
from ansible_collections.winstorage.iscsi.tests.proof.winrm import host, scenario
from ansible_collections.winstorage.iscsi.tests.proof.winrm.fleet import Fleet
from ansible_collections.winstorage.iscsi.tests.proof.winrm.scenario import comparable
from ansible_collections.winstorage.iscsi.tests.windows import judge, probe

RUN_LINES = Path(probe.__file__).parent / "run_lines.ps1"
TASKS = [task for task in scenario.TASKS if task["name"] in ("does", "again", "after")]


@pytest.fixture(scope="module")
def powershell(tmp_path_factory):
    """A Windows of our own, with the service and the DLL."""
    with WinePrefix(tmp_path_factory.mktemp("windows")) as windows:
        found = WinePowerShell(windows)
        windows.add_service("MSiSCSI")
        windows.install(build.library("x64"), "iscsidsc.dll")
        yield found


# -- playbooks ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fleet(powershell, tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), scenario.STATE, scenario.SECRETS) as hosts:
        hosts.simulator("simulator")
        hosts.wine("windows", powershell)
        yield hosts


@pytest.fixture(scope="module")
def play(fleet):
    return fleet.play(TASKS)


def test_every_task_does_its_work(play):
    assert play.rc == 0, play.output
    for results in play.results.values():
        assert {one.task: one.result["changed"] for one in results} == {
            task["name"]: scenario.CHANGED[task["name"]] for task in TASKS
        }


@pytest.mark.parametrize("task", [task["name"] for task in TASKS])
def test_results_are_those_of_the_simulator_engine(play, task):
    assert comparable(play.of("windows", task)) == comparable(play.of("simulator", task))


def test_the_host_is_that_of_wine(play):
    found = play.of("windows", "after")["ansible_facts"]["windows_iscsi"]["host"]
    assert found["runtime"].startswith("CLR 1")  # of PowerShell 7.4 and newer: 8.0 had been CLR 8
    assert found["windows_version"].startswith("10.0.")
    assert (found["service_state"], found["service_start_mode"]) == ("running", "automatic")
    assert found["elevated"] is True


def test_module_and_utilities_arrive_as_they_are(fleet, play):
    inputs = fleet.endpoints["windows"].host.inputs
    assert len(inputs) == len(TASKS) + 1  # the task that changes makes two round trips
    for stdin in inputs:
        assert host.arrived(stdin) == list(host.sources())


# -- scripts of the Windows workflow -----------------------------------------------------------------------------------

# What the engine under Wine has read as its input becomes the standard input of the script.
AS_STANDARD_INPUT = "[Console]::SetIn([IO.StringReader]::new(@($input) -join \"`n\")); & '{}' '{}'"


def test_the_scripts_runner_of_lines_meets_the_suite(powershell, tmp_path):
    windows = powershell.wine
    library = runners.scripted_library("x64", tmp_path)
    windows.install(library, "iscsidsc.dll")
    script = AS_STANDARD_INPUT.format(windows_path(RUN_LINES), windows_path(runners.MODULE_UTILS / "Iscsidsc.cs"))
    try:
        judge.conformance(8, *powershell.command, "-Command", script, environment=powershell.environment())
    finally:
        windows.install(build.library("x64"), "iscsidsc.dll")
