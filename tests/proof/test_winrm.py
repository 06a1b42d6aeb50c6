# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks over WinRM and PowerShell remoting: ansible-playbook, its connection plugins, HTTP, C#, the DLL and back.

Ansible, its winrm and psrp plugins, pywinrm and pypsrp are as they are installed, and nobody chose the powershell
engine. What answers is PowerShell 7 of this machine behind the endpoint in winrm/.
"""

from __future__ import annotations

import re

import pytest

from ansible_collections.winstorage.iscsi.tests.proof.winrm import everything, host, scenario
from ansible_collections.winstorage.iscsi.tests.proof.winrm.fleet import Fleet
from ansible_collections.winstorage.iscsi.tests.proof.winrm.scenario import comparable

CONNECTIONS = ("winrm", "psrp")
AFTERWARDS = everything.TASKS[len(scenario.TASKS)]["name"]


@pytest.fixture(scope="module")
def fleet(every_host):
    return every_host


@pytest.fixture(scope="module")
def play(everything_played):
    return everything_played


def test_every_task_does_its_work(play):
    for name in ("simulator", *CONNECTIONS):
        results = play.results[name][: len(scenario.TASKS)]
        assert {one.task: one.result["changed"] for one in results} == scenario.CHANGED, play.output
        assert {one.status for one in results} == {"ok"}


@pytest.mark.parametrize("task", scenario.CHANGED)
@pytest.mark.parametrize("connection", CONNECTIONS)
def test_results_are_those_of_the_simulator_engine(play, connection, task):
    """The same state, by the C# and a C library's own memory."""
    assert comparable(play.of(connection, task)) == comparable(play.of("simulator", task))


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_the_host_is_the_one_at_the_other_end(play, connection):
    found = play.of(connection, "before")["ansible_facts"]["windows_iscsi"]["host"]
    assert found["runtime"].startswith("CLR ")
    assert (found["service_state"], found["service_start_mode"]) == ("running", "automatic")


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_module_and_utilities_arrive_as_they_are(fleet, play, connection):
    inputs = fleet.endpoints[connection].host.inputs
    first, _name, further = play.output.partition(f"TASK [{AFTERWARDS}]")
    trips = [len(re.findall(f"<{connection}> winstorage.iscsi: round trip by", text)) for text in (first, further)]
    assert trips[0] == 6  # one a task, but the one that changes makes two round trips
    assert len(inputs) == sum(trips)
    for stdin in inputs:
        assert host.arrived(stdin) == list(host.sources())


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_a_shell_is_opened_and_closed(fleet, play, connection):
    """With that of PowerShell remoting its process ends."""
    actions = fleet.endpoints[connection].actions
    assert actions.count("Create") == actions.count("Delete") > 0
    assert fleet.endpoints[connection].shells == {}


def test_a_login_is_made_where_the_dll_is(fleet, play):
    for connection in CONNECTIONS:
        made = [inputs for export, inputs in fleet.servers[connection].calls if export == "LoginIScsiTargetW"]
        assert scenario.SECRETS["chap"].encode() in [(one["LoginOptions"] or {}).get("Password") for one in made]


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_an_exception_of_the_csharp_is_told(tmp_path, connection):
    with Fleet(tmp_path, scenario.STATE, scenario.SECRETS) as hosts:
        hosts.windows(connection, connection, LD_LIBRARY_PATH="")  # no iscsidsc.dll
        (told,) = hosts.play(scenario.TASKS).results[connection]
    assert told.status == "failed"
    assert told.result["msg"].startswith("The call runner failed on the host: ")
    assert "iscsidsc.dll cannot be used in this 64-bit process" in told.result["msg"]


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_without_the_right_password_the_host_is_unreachable(tmp_path, connection):
    with Fleet(tmp_path, scenario.STATE, scenario.SECRETS) as hosts:
        hosts.windows(connection, connection)
        hosts.hosts[connection]["ansible_password"] = "another"
        (told,) = hosts.play(scenario.TASKS).results[connection]
        assert hosts.endpoints[connection].actions == []
    assert told.status == "unreachable"
