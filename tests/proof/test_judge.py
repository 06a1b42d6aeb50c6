# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the workflow on Windows, as far as they run here: with PowerShell 7 and the replacement library."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import ansible_collections.winstorage.iscsi as collection
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire
from ansible_collections.winstorage.iscsi.tests.proof.standin import build
from ansible_collections.winstorage.iscsi.tests.proof.standin.server import Server
from ansible_collections.winstorage.iscsi.tests.proof.standin.simulated import SimulatedHost
from ansible_collections.winstorage.iscsi.tests.proof.support import controller
from ansible_collections.winstorage.iscsi.tests.proof.support.powershell import executable
from ansible_collections.winstorage.iscsi.tests.proof.support.powershell_logs import Logs
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import powershell
from ansible_collections.winstorage.iscsi.tests.windows import judge

ROOT = Path(next(iter(collection.__path__)))
DOTNET = "CLR ([5-9]|1[0-9])[.]"  # as the workflow asks of PowerShell 7


@pytest.fixture(scope="module")
def pwsh():
    return powershell()


@pytest.fixture(scope="module")
def kept(pwsh, tmp_path_factory):
    """What Ansible sends to read a host, kept by the connection of the workflow."""
    folder = tmp_path_factory.mktemp("kept")
    host = controller.powershell_here(
        powershell_here_keep=str(folder / "kept.json"),
        winstorage_iscsi_engine="powershell",
        ansible_pwsh_interpreter=str(executable()),  # else ansible-core 2.21 would start a second one from the first
    )
    controller.write_inventory(folder, {"windows": host})
    controller.run("ansible", folder, "windows", "-m", "winstorage.iscsi.initiator_facts")
    return folder / "kept.json"


@pytest.fixture
def host(monkeypatch):
    """A simulated host behind the library that PowerShell loads."""
    host = SimulatedHost(ROOT / "demo" / "hosts" / "sql01.yml")
    with Server(host, host.variant) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("LD_LIBRARY_PATH", f"{build.library('elf').parent}:{build.service_manager().parent}")
        yield host


def test_what_ansible_sends_is_read_by_powershell_7(kept, pwsh, host, tmp_path):
    sent, here = str(tmp_path / "sent.json"), str(tmp_path / "here.json")
    judge.sent(kept, pwsh, sent, "64", DOTNET)
    assert "persistent_logins" in Path(sent).read_text(encoding="utf-8")
    judge.read(here, "64", "simulator", lambda batch: executor.run(batch, host.machine()))
    judge.same(here, sent)


@pytest.mark.parametrize(("bits", "runtime"), [("32", "simulator"), ("64", DOTNET), ("64", "CLR 4[.]")])
def test_a_process_of_another_width_or_runtime_fails(tmp_path, bits, runtime):
    """So that nothing is taken for 32-bit or PowerShell 7 that is not."""
    machine = SimulatedHost(ROOT / "demo" / "hosts" / "sql01.yml").machine()
    with pytest.raises(AssertionError, match=f"expected a process of {bits} bits.*but 64 bits and simulator answered"):
        judge.read(tmp_path / "facts.json", bits, runtime, lambda batch: executor.run(batch, machine))


def test_a_login_with_a_secret_is_refused_and_its_batch_kept(kept, pwsh, host, tmp_path):
    before = len(host.simulator.state["persistent_logins"])
    judge.secret(kept, pwsh, tmp_path / "secret.txt", tmp_path / "batch.txt")
    secret, batch = ((tmp_path / name).read_text(encoding="ascii") for name in ("secret.txt", "batch.txt"))
    (call,) = wire.decode_batch(batch).programs[0].calls
    assert 12 <= len(secret) <= 16 and any(secret.encode() in block.data for block in call.blocks)
    assert secret not in batch
    assert len(host.simulator.state["persistent_logins"]) == before


# Get-WinEvent of PowerShell 7 on Linux, whose events are in a file.
EVENTS = """\
function Get-WinEvent {
    [CmdletBinding()]
    param([hashtable]$FilterHashtable)

    if ($FilterHashtable.LogName -ne 'PowerShellCore/Operational') { Write-Error 'there is no such log'; return }
    foreach ($text in [IO.File]::ReadAllText($env:SYSLOG_FILE) -split "`0") {
        $event = [pscustomobject]@{ Id = 4104 }
        $event.PSObject.Members.Add([psscriptmethod]::new('ToXml', { $text }.GetNewClosure())) # logs no text
        $event
    }
}
"""


def test_the_step_that_searches_the_logs_puts_the_secret_into_none_of_them(kept, pwsh, host, tmp_path):
    """The step itself, with the logs on: neither it, nor what it starts, is what it finds."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "windows.yml").read_text(encoding="utf-8"))
    (step,) = [
        step["run"]
        for step in workflow["jobs"]["windows"]["steps"]
        if step.get("name") == "A secret is in no log in clear"
    ]
    logs = Logs(tmp_path / "temporary")
    (tmp_path / "step.ps1").write_text("$ErrorActionPreference = 'Stop'\n" + step.replace("'2.19', ", ""))
    modules, programs = tmp_path / "modules", tmp_path / "programs"
    for folder in (modules / "Events", programs, tmp_path / "sent"):
        folder.mkdir(parents=True)
    (modules / "Events" / "Events.psm1").write_text(EVENTS)
    for name in ("powershell", "pwsh"):
        (tmp_path / "sent" / f"{name}-2.21.json").write_bytes(kept.read_bytes())
        program = programs / f"{name}.exe"
        program.write_text(f'#!/bin/sh\nexec {shlex.join([pwsh, *logs.options])} "$@"\n')
        program.chmod(0o755)
    (programs / "python").symlink_to(sys.executable)
    done = subprocess.run(
        [programs / "powershell.exe", "-NoProfile", "-NonInteractive", "-Command", ". ./step.ps1"],
        cwd=tmp_path,
        env={
            **os.environ,
            **logs.environment,
            "COLLECTION": str(ROOT),
            "JUDGE": workflow["env"]["JUDGE"],
            "NO_COLOR": "1",
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PSModulePath": str(modules),
            "PYTHONPATH": str(controller.ROOT.parents[2]),
            "RUNNER_TEMP": str(tmp_path / "temporary"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the secret is in clear nowhere") == 2
    assert "the batch is in PowerShellCore/Operational" in done.stdout  # so that the logs were on, and searched
    assert (tmp_path / "secret.txt").read_text(encoding="ascii").startswith("Marker-")


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_the_steps_of_a_workflow_can_be_parsed_and_call_what_is_there(pwsh, path):
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    shells = {}  # name: its steps
    for job in jobs:
        usual = job.get("defaults", {}).get("run", {}).get("shell", "bash")
        for step in job["steps"]:
            if "run" in step:
                filled_in = re.sub(r"\$\{\{.*?\}\}", "value", step["run"])  # by GitHub
                shells.setdefault(step.get("shell", usual), []).append(filled_in)
    steps = shells.pop("powershell", []) + shells.pop("pwsh", [])
    for step in [step for others in shells.values() for step in others]:
        subprocess.run(["bash", "-n"], input=step, text=True, check=True)
    assert bool(steps) == (path.stem == "windows")
    for step in steps:
        assert "exit " in step.splitlines()[-1], f"the exit code of this step is that of its last program:\n{step}"
        for word in step.replace('"', " ").split():
            if word.startswith("$env:COLLECTION/"):
                assert (ROOT / word.partition("/")[2]).exists(), word
    check = (
        "foreach ($step in ConvertFrom-Json $env:STEPS) { $problems = $null; $null ="
        " [Management.Automation.Language.Parser]::ParseInput($step, [ref]$null, [ref]$problems);"
        " if ($problems) { $step; $problems | Out-Host; exit 1 } }"
    )
    done = subprocess.run(
        [pwsh, "-NoProfile", "-NonInteractive", "-Command", check],
        env={**os.environ, "STEPS": json.dumps(steps)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
