# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/windows/probe.yml, run by ansible-playbook against simulated hosts."""

from __future__ import annotations

import base64
import importlib
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
import yaml

from ansible_collections.winstorage.iscsi.tests.windows import probe

ROOT = Path(__file__).parents[2]
LAB, TARGET = "192.0.2.50", "iqn.2004-01.com.example:lab"
DIALECT = {"letter_case": "upper", "restart_replays": "yes", "not_elevated_status": "elevation_required"}
HOST = {
    "service": {"state": "running"},
    "dialect": DIALECT,
    "network": {"arrays": [{"portals": [LAB], "targets": [{"iqn": TARGET}]}]},
}
SWITCH = "probe_disposable_host"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probe")
    (folder / "view/ansible_collections/winstorage").mkdir(parents=True)
    (folder / "view/ansible_collections/winstorage/iscsi").symlink_to(ROOT)
    hosts = {}
    for name, state in {"win01": HOST, "win02": HOST, "user": dict(HOST, elevated=False)}.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(state))
        hosts[name] = {"ansible_connection": "local", "winstorage_iscsi_simulator_state": f"{name}.yml"}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    return folder


def play(folder, playbook, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment.update(
        ANSIBLE_COLLECTIONS_PATH=str(folder / "view"),
        ANSIBLE_HOME=str(folder / "home"),
        ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
        ANSIBLE_NOCOLOR="1",
    )
    command = [
        sys.executable,
        Path(sys.executable).parent / "ansible-playbook",
        "-i",
        "inventory.yml",
        playbook,
        "-e",
        json.dumps(dict({"probe_portal_address": LAB, "probe_target": TARGET}, **variables)),
    ]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


PROBE = ROOT / "tests/windows/probe.yml"


def test_it_shows_the_dialect_of_the_host_that_is_named(folder):
    done = play(folder, PROBE, **{SWITCH: "win01"})
    assert done.returncode == 0, done.stdout
    shown = json.loads("{" + done.stdout.partition("ok: [win01] => {")[2].partition("\n}")[0] + "}")["msg"]
    told = yaml.safe_load("\n".join(shown))["dialect"]
    assert told["letter_case"] == "upper" and told["restart_replays"] == "yes"
    assert "not_elevated_status" not in told
    assert not list(folder.glob("win02.yml.*"))


@pytest.mark.parametrize(
    "variables, problem",
    [
        ({}, "Name the disposable host"),
        ({SWITCH: "all"}, "name this one, win01"),
        ({SWITCH: "win0*"}, "name this one, win02"),
    ],
)
def test_without_the_name_of_the_host_nothing_is_asked(folder, variables, problem):
    before = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    done = play(folder, PROBE, **variables)
    assert done.returncode
    assert problem in " ".join(done.stdout.split())
    assert {path.name: path.read_bytes() for path in folder.glob("*.json")} == before


def test_a_standard_user_is_asked_by_the_action(folder):
    (folder / "action_plugins").symlink_to(ROOT / "tests/windows/action_plugins")
    (folder / "user-play.yml").write_text(
        yaml.safe_dump(
            [
                {
                    "hosts": "user",
                    "gather_facts": False,
                    "tasks": [
                        {"probe": {"disposable_host": "user", "as_standard_user": True}, "register": "told"},
                        {
                            "ansible.builtin.assert": {
                                "that": "told.findings.not_elevated_status.answer == 'elevation_required'"
                            }
                        },
                    ],
                }
            ]
        )
    )
    done = play(folder, "user-play.yml")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("family", ["cmd", "powershell"])
def test_powershell_gets_the_evidence_of_wmi_unchanged(family):
    """A shell between Ansible and PowerShell would expand $_ in double quotes. Connections differ in having one."""
    name = "ansible_collections.winstorage.iscsi.tests.windows.action_plugins.probe"
    action = object.__new__(importlib.import_module(name).ActionModule)
    action._connection = types.SimpleNamespace(_shell=types.SimpleNamespace(SHELL_FAMILY=family, _IS_WINDOWS=True))
    commands = []
    action._low_level_execute_command = lambda command: commands.append(command) or {"stdout": "16 bytes"}
    line = probe.WMI_PASSWORDS.format(target=TARGET)
    assert action._powershell(line) == "16 bytes"
    (command,) = commands
    assert "$_" in line and base64.b64decode(command.rpartition(" ")[2]).decode("utf-16-le") == line
    assert not set(command) & set("$\"'`%&|")
