# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong is an error that says what to do, and never an empty list."""

from __future__ import annotations

import re
import sys

import pytest

SECRET = "Marker-Secret42"
LOGIN = {
    "target": "iqn.2004-01.com.example:data",
    "portal": "192.0.2.21",
    "login_options": {"auth_type": "chap", "username": "sql01", "password": SECRET},
}
RUNNING = {"service": {"state": "running", "start_mode": "automatic"}, "persistent_logins": [LOGIN]}
PYTHON = {"winstorage_iscsi_engine": "python"}
NATIVE = {"winstorage_iscsi_engine": "native"}

CASES = {  # host -> (state, variables, what the error must say, in this order)
    "stopped": (dict(RUNNING, service={"state": "stopped"}), {}, "MSiSCSI is stopped.*Start MSiSCSI"),
    "not-elevated": (dict(RUNNING, elevated=False), {}, "Access is denied.*elevated token.*administrator"),
    "too-large": (
        dict(RUNNING, persistent_logins=[dict(LOGIN, copies=512)] * 16),
        {},
        "ReportIScsiPersistentLoginsW: ERROR_INSUFFICIENT_BUFFER.*16 MiB.*iscsicli",
    ),
    "hanging": (
        dict(RUNNING, faults=[{"export": "ReportIScsiTargetsW", "action": "hang"}]),
        {},
        "ReportIScsiTargetsW: ERROR_TIMEOUT.*repair or remove it, or allow the phase more time",
    ),
    "dropped": (
        dict(RUNNING, faults=[{"export": "ReportIScsiTargetsW", "action": "drop"}]),
        {"winstorage_iscsi_simulator_folder": "changed"},
        "dropped the connection",
    ),
    "misspelt": (
        dict(RUNNING, persistant_logins=[]),
        {},
        "persistant_logins: no such field.*did you mean persistent_logins",
    ),
    "misshapen": (
        dict(RUNNING, target_portals=[{"address": "192.0.2.21", "port": "iscsi"}]),
        {},
        r"target_portals\[0\]\.port: expected .*number from 0 to 65535",
    ),
    "no-file": (
        None,
        {"winstorage_iscsi_simulator_state": "nowhere.yml"},
        "nowhere.yml: cannot be read.*an empty file is",
    ),
    "no-state": (
        None,
        {"winstorage_iscsi_engine": "simulator"},
        "Set winstorage_iscsi_simulator_state to its state file",
    ),
    "no-dll": (
        None,
        dict(NATIVE, winstorage_iscsi_dll="/no/such/iscsidsc.dll"),
        "/no/such/iscsidsc.dll cannot be loaded.*Set winstorage_iscsi_dll",
    ),
    "no-windows": (
        None,
        dict(PYTHON, winstorage_iscsi_python=sys.executable),
        "iscsidsc.dll cannot be loaded.*needs Python 3.8 or newer for Windows",
    ),
    "no-python": (
        None,
        dict(PYTHON, winstorage_iscsi_python="/no/such/python"),
        "python engine failed: '/no/such/python' on the host ended with exit code 127.*no such command.*py -3",
    ),
    "no-shell-type": (  # as over ssh: nothing says that this is Windows
        None,
        {"winstorage_iscsi_python": "/no/such/python"},
        "expects a POSIX shell.*If this is a Windows host over ssh, set ansible_shell_type to cmd.*engine failed",
    ),
    "become": (
        None,
        dict(PYTHON, winstorage_iscsi_python=sys.executable, ansible_become=True, ansible_become_user="admin"),
        "python engine does not support become.*winstorage_iscsi_engine to powershell",
    ),
    "kept-files": (None, {"winstorage_iscsi_engine": "powershell"}, "keep_remote_files.*secrets.*Turn it off"),
    "no-engine": (
        RUNNING,
        {"winstorage_iscsi_engine": "pwershell"},
        "does not exist .did you mean powershell.*auto, powershell, python, simulator, native",
    ),
}
ARGUMENTS = {  # task -> (its arguments, what the error must say)
    "subset misspelt": (
        "gather_subset: [initiator, persistant_logins]",
        "unknown subset 'persistant_logins' .did you mean persistent_logins.*all, initiator, persistent_logins",
    ),
    "left out misspelt": ("gather_subset: ['!session']", "unknown subset 'session' .did you mean sessions"),
    "subset unlike any": ("gather_subset: [hardware]", "unknown subset 'hardware'. Valid are: all, initiator"),
    "time": ("time_limit: -1", "time_limit must be 0 .no limit. or a positive number of seconds, not -1"),
    "option misspelt": ("gather_subsets: all", "Unsupported parameters.*Supported parameters include: gather_subset"),
}


@pytest.fixture(scope="module")
def play(site):
    """One run over all hosts, with everything that is told at -vvvvv."""
    for name, (state, variables, _text) in CASES.items():
        site.host(name, state, **variables)
    site.host("fine", RUNNING)
    tasks = "".join(
        f"    - {{name: {name}, winstorage.iscsi.initiator_facts: {{{arguments}}}, ignore_errors: true}}\n"
        for name, (arguments, _text) in ARGUMENTS.items()
    )
    return site.run(
        f"""
- hosts: all:!fine
  gather_facts: false
  tasks:
    - {{name: gather, winstorage.iscsi.initiator_facts: , ignore_errors: true}}
- hosts: fine
  gather_facts: false
  tasks:
{tasks}""",
        "-vvvvv",
        ANSIBLE_FORKS="2",
        ANSIBLE_KEEP_REMOTE_FILES="true",
    )


@pytest.mark.parametrize("host", CASES)
def test_a_host_that_cannot_be_read_says_what_to_do(play, host):
    (found,) = [one for one in play.results if one.host == host]
    assert re.search(CASES[host][2], found.result["msg"], re.DOTALL), found.result["msg"]
    assert found.status == ("unreachable" if host == "dropped" else "failed")
    assert "ansible_facts" not in found.result


@pytest.mark.parametrize("task", ARGUMENTS)
def test_a_wrong_argument_says_what_is_right(play, task):
    (found,) = [one for one in play.results if one.host == "fine" and one.task == task]
    assert found.status == "failed"
    assert re.search(ARGUMENTS[task][1], found.result["msg"], re.DOTALL), found.result["msg"]
    assert "ansible_facts" not in found.result


def test_no_error_is_a_traceback_of_ours_or_tells_a_secret(play):
    # what ansible-core before 2.19 shows at -vvv of an error without a cause
    output = play.output.replace("The full traceback is:\nNoneType: None\n", "")
    assert not re.search(r"Traceback|unexpected exception|please report", output, re.IGNORECASE)
    assert SECRET not in play.output


def test_what_a_simulated_host_changes_goes_to_the_folder_of_its_variable(play, site):
    (kept,) = (site.folder / "changed").iterdir()
    assert re.fullmatch(r"dropped\.yml\.[0-9a-f]{12}\.state\.json", kept.name)
    assert not (site.folder / "dropped.yml.state.json").exists()
