# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab on Windows, as far as it runs here: its commands in PowerShell 7, stand-ins for the cmdlets of Windows.

So this says nothing of what those cmdlets do on Windows; see lab/LabStandIn for what is believed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

import ansible_collections.winstorage.iscsi as collection
from ansible_collections.winstorage.iscsi.tests.proof.support import controller
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import powershell
from ansible_collections.winstorage.iscsi.tests.proof.winrm import host
from ansible_collections.winstorage.iscsi.tests.proof.winrm.endpoint import Endpoint
from ansible_collections.winstorage.iscsi.tests.proof.winrm.fleet import CONNECTIONS, SHELLS

ROOT = Path(next(iter(collection.__path__)))
STAND_INS = Path(__file__).parent / "lab"
WINDOWS = ROOT / "tests/windows"
PLAYBOOKS = [*sorted(WINDOWS.glob("lab*.yml")), *sorted((ROOT / "extensions/molecule/windows").glob("*.yml"))]
PORTALS, TARGET = ["192.0.2.10", "198.51.100.10"], "iqn.2004-01.com.example:lab"
SECRET = 'it\'s "made" $up'


def raw_commands(path):
    """The commands for PowerShell in a file of plays or tasks."""
    for part in yaml.safe_load(path.read_text(encoding="utf-8")):
        if isinstance(part, dict):  # molecule.yml is none of these
            tasks = part.get("tasks", []) + part.get("handlers", []) if "hosts" in part else [part]
            yield from (task["ansible.builtin.raw"] for task in tasks if "ansible.builtin.raw" in task)


def test_every_command_can_be_parsed_and_ends_with_an_exit_code_of_its_own():
    commands = [command for path in PLAYBOOKS for command in raw_commands(path)]
    assert len(commands) >= 14
    for command in commands:
        assert "\n" not in command or command.endswith("exit 0\n"), f"its last line gives the exit code:\n{command}"
        encoded = base64.b64encode(command.encode("utf-16-le"))
        assert len(encoded) + 200 < host.LONGEST_COMMAND_LINE  # winrm
    filled_in = [re.sub(r"\{%.*?%\}", "", re.sub(r"\{\{.*?\}\}", "value", command)) for command in commands]
    check = (
        "foreach ($command in ConvertFrom-Json $env:COMMANDS) { $problems = $null; $null ="
        " [Management.Automation.Language.Parser]::ParseInput($command, [ref]$null, [ref]$problems);"
        " if ($problems) { $command; $problems | Out-Host; exit 1 } }"
    )
    done = subprocess.run(
        [powershell(), "-NoProfile", "-NonInteractive", "-Command", check],
        env={**os.environ, "COMMANDS": json.dumps(filled_in)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Lab:
    """Client and server, each behind an endpoint of winrm. ``restart`` of one is noticed by both of its parts."""

    def __init__(self, folder, stack):
        self.folder, self.kept, self.endpoints, self.reached = folder, {}, {}, {}
        for name in ("win01", "server01"):
            kept = self.kept[name] = folder / f"{name}-windows"
            kept.mkdir()
            (kept / "boots").write_text("0")
            environment = {"LAB_HOST": str(kept), "PSModulePath": str(STAND_INS)}
            self.reached[name] = host.linux(folder / name, environment)
            # the old system answers once more, and the new one is out of reach for a while
            (folder / name / "programs/shutdown.exe").write_text(f"#!/bin/sh\necho down >{kept}/state\n")
            (folder / name / "programs/shutdown.exe").chmod(0o755)
            self.endpoints[name] = stack.enter_context(Endpoint(self.reached[name], SHELLS))
            self._let_go_down(name)
        self.write_inventory()

    def _let_go_down(self, name):
        endpoint, kept, authorized = self.endpoints[name], self.kept[name], self.endpoints[name].authorized
        left = []

        def answers(header):
            if (kept / "state").exists():
                (kept / "state").unlink()
                left[:] = ["the old system", *["nobody"] * 3]
            if left and left.pop(0) == "nobody":
                if not left:
                    (kept / "boots").write_text(str(1 + int((kept / "boots").read_text())))
                return False
            return authorized(header)

        endpoint.authorized = answers

    def write_inventory(self, **variables):
        hosts = {
            name: {"ansible_host": "127.0.0.1", "ansible_port": endpoint.port}
            for name, endpoint in self.endpoints.items()
        }
        hosts["win01"]["winstorage_iscsi_simulator_state"] = "win01.yml"
        account = {"ansible_user": Endpoint.USER, "ansible_password": Endpoint.PASSWORD}
        lab = {"lab_portals": PORTALS, "lab_target": TARGET, "lab_user": "lab", "lab_secret": SECRET}
        inventory = {
            "children": {
                "lab_server": {"hosts": {"server01": hosts["server01"]}},
                "lab_client": {"hosts": {"win01": hosts["win01"]}},
            },
            "vars": {
                "ansible_connection": "winrm",
                **CONNECTIONS["winrm"],
                **account,
                **lab,
                **variables,
                "lab_seconds_between_looks": 0,
            },
        }
        (self.folder / "hosts.yml").write_text(yaml.safe_dump({"all": inventory}), encoding="utf-8")

    def play(self, playbook, *arguments, **environment):
        usual = {name: reached.environment for name, reached in self.reached.items()}
        for reached in self.reached.values():
            reached.environment = {**reached.environment, **environment}
            reached.scripts.clear()
        done = controller.run("ansible-playbook", self.folder, WINDOWS / playbook, *arguments)
        for name, reached in self.reached.items():
            reached.environment = usual[name]
        return done

    def of(self, name, part):
        path = self.kept[name] / f"{part}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def boots(self):
        return [int((self.kept[name] / "boots").read_text()) for name in ("win01", "server01")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    powershell()
    with contextlib.ExitStack() as stack:
        yield Lab(tmp_path_factory.mktemp("lab"), stack)


def test_the_lab_is_built_with_restarts_that_are_waited_for(lab):
    done = lab.play("lab.yml", "-e", "lab_chap=false")
    assert done.returncode == 0, done.stdout
    assert lab.boots() == [2, 1]
    assert lab.of("win01", "claim") == {"BusType": "iSCSI"}
    assert lab.of("win01", "asked")["Times"] == 3
    assert lab.of("server01", "disk") == {"Path": "C:\\winstorage-lab.vhdx", "SizeBytes": 1 << 30}
    calls = (lab.kept["server01"] / "calls").read_text().splitlines()
    assert calls == [f"Set-IscsiTargetServerSetting {address} 3260 True" for address in PORTALS]
    assert lab.of("server01", "target") == {
        "TargetName": "winstorage-lab",
        "TargetIqn": TARGET,
        "InitiatorIds": "IQN:iqn.1991-05.com.microsoft:win01",
        "EnableChap": False,
        "LunMappings": ["C:\\winstorage-lab.vhdx"],
    }


def test_built_again_it_sets_chap_and_names_on_the_target_that_is_there_and_shows_no_secret(lab):
    lab.write_inventory(lab_target=TARGET + "2")
    done = lab.play("lab.yml", "-vvv")
    lab.write_inventory()
    assert done.returncode == 0, done.stdout
    assert lab.boots() == [2, 1]
    target = lab.of("server01", "target")
    assert (target["EnableChap"], target["User"], target["Secret"]) == (True, "lab", SECRET)
    assert (target["TargetIqn"], target["LunMappings"]) == (TARGET + "2", ["C:\\winstorage-lab.vhdx"])
    assert SECRET not in done.stdout and SECRET.replace("'", "''") not in done.stdout


def test_without_an_adapter_the_lab_says_so_and_creates_nothing(lab):
    before = lab.of("server01", "target")
    done = lab.play("lab.yml", LAB_NO_ADAPTER="1")
    assert done.returncode and "has no node name" in done.stdout
    assert lab.of("server01", "target") == before
    assert (lab.kept["win01"] / "calls").read_text().count("Start-Sleep 1") >= 30
    assert lab.reached["server01"].scripts == []


def test_the_clean_up_logs_out_before_the_target_goes(lab):
    state = {
        "service": {"state": "running"},
        "network": {"arrays": [{"portals": [{"address": one} for one in PORTALS], "targets": [{"iqn": TARGET}]}]},
        "target_portals": [{"address": one} for one in PORTALS],
    }
    (lab.folder / "win01.yml").write_text(yaml.safe_dump(state))
    done = lab.play("lab_clean.yml")
    assert done.returncode == 0, done.stdout
    assert lab.of("server01", "target") is None and lab.of("server01", "disk") is None
    assert "changed=1" in re.search(r"^win01 .*", done.stdout, re.MULTILINE)[0]


@pytest.mark.parametrize(("variables", "problem"), [({}, None), ({"LAB_NO_ADAPTER": "1"}, "has no node name")])
def test_the_target_of_the_workflow_waits_for_the_adapter(tmp_path, variables, problem):
    """tests/windows/lab.ps1"""
    environment = {
        **os.environ,
        "LAB_HOST": str(tmp_path),
        "PSModulePath": str(STAND_INS),
        "LAB_NO_RESTART": "1",
        "SystemDrive": "/",
        **variables,
    }
    done = subprocess.run(
        [
            *(powershell(), "-NoProfile", "-NonInteractive", "-Command"),
            f"& '{WINDOWS}/lab.ps1' | ConvertTo-Json -Compress",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if problem:
        assert done.returncode and problem in done.stderr
        assert not (tmp_path / "target.json").exists()
        return
    assert done.returncode == 0, done.stderr
    target = json.loads((tmp_path / "target.json").read_text())
    assert json.loads(done.stdout) == {"Address": "192.0.2.10", "Target": target["TargetIqn"]}
    assert target["InitiatorIds"] == "IQN:iqn.1991-05.com.microsoft:win01"
