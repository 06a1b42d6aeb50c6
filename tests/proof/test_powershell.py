# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell itself, wherever it is: what Ansible sends, compiled and run by it, against the stand-in library.

Here it is PowerShell 7 on Linux. Windows PowerShell 5.1 and the real DLL are asked by .github/workflows/windows.yml.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor
from ansible_collections.winstorage.iscsi.tests.proof.conformance import engines as runners
from ansible_collections.winstorage.iscsi.tests.proof.standin import build
from ansible_collections.winstorage.iscsi.tests.proof.standin.server import Server
from ansible_collections.winstorage.iscsi.tests.proof.standin.simulated import SimulatedHost
from ansible_collections.winstorage.iscsi.tests.proof.support import controller, rows_standin
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import powershell
from ansible_collections.winstorage.iscsi.tests.proof.winrm.host import arrived, sources
from ansible_collections.winstorage.iscsi.tests.windows import judge

ROOT = Path(__file__).resolve().parents[2]
WINDOWS = ROOT / "tests" / "windows"
HOSTS = sorted((ROOT / "demo" / "hosts").glob("*.yml"))
SECRET = "Marker-Secret42"
LAB = "iqn.2004-01.com.example:lab"


@pytest.fixture(scope="module")
def pwsh():
    return powershell()


class Site:
    """A folder from which ansible-playbook reaches one host, which is a PowerShell of this machine."""

    def __init__(self, folder):
        self.folder, self.kept, self.results = folder, folder / "kept.json", folder / "result.json"

    def play(self, task, interpreter=None, environment=None, **variables):
        """Run one task at -vvvvv; what ansible-playbook printed. ``kept`` holds what the last command was given."""
        host = controller.powershell_here(
            interpreter,
            winstorage_iscsi_engine="powershell",
            powershell_here_keep=str(self.kept),
            ansible_pwsh_interpreter=interpreter or "powershell",
            **variables,
        )
        controller.write_inventory(self.folder, {"here": host})
        keep = {
            "ansible.builtin.copy": {"content": "{{ told | to_json }}", "dest": str(self.results)},
            "delegate_to": "localhost",
            "vars": {"ansible_connection": "local", "ansible_shell_type": "sh"},
        }
        play = {"hosts": "all", "gather_facts": False, "tasks": [{**task, "register": "told"}, keep]}
        (self.folder / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
        done = controller.run("ansible-playbook", self.folder, "play.yml", "-vvvvv", **(environment or {}))
        return done.stdout

    def result(self):
        return json.loads(self.results.read_text(encoding="utf-8"))


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


# -- without PowerShell ------------------------------------------------------------------------------------------------


def test_the_commands_of_ansible_reach_the_connection_whole(site):
    """What the tests below run in PowerShell, here only kept: the modules' sources, and no secret on the command."""
    site.play({"winstorage.iscsi.initiator_facts": {"gather_subset": ["persistent_logins"]}})
    kept = json.loads(site.kept.read_text(encoding="utf-8"))
    assert kept["arguments"][-2] == "-EncodedCommand"
    assert arrived(kept["input"].encode()) == list(sources())


# -- scripts -----------------------------------------------------------------------------------------------------------


PARSE = """
foreach ($path in $args) {
    $problems = $null
    $null = [System.Management.Automation.Language.Parser]::ParseFile($path, [ref]$null, [ref]$problems)
    $problems | ForEach-Object { "${path}:$($_.Extent.StartLineNumber): $($_.Message)" }
}
"""


def problems_of(pwsh, scripts, folder):
    (folder / "parse.ps1").write_text(PARSE)
    command = [pwsh, "-NoProfile", "-NonInteractive", "-File", folder / "parse.ps1", *scripts]
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=300).stdout.splitlines()


def test_every_script_of_the_repository_can_be_parsed(pwsh, tmp_path):
    folders = [folder for folder in ROOT.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
    scripts = [script for folder in folders for script in folder.rglob("*.ps*1")]
    assert ROOT / "plugins" / "modules" / "iscsidsc_call.ps1" in scripts
    broken = tmp_path / "broken.ps1"
    broken.write_text("if (1 {")
    problems = problems_of(pwsh, [*scripts, broken], tmp_path)
    assert problems and [line for line in problems if not line.startswith(str(broken))] == []


# -- through Ansible ---------------------------------------------------------------------------------------------------


def test_facts_of_a_host_through_powershell(site, pwsh, tmp_path):
    """ansible-playbook, exec wrapper, Ansible.Basic, iscsidsc_call.ps1, Iscsidsc.cs and Rows.psm1, and back."""
    host = SimulatedHost(HOSTS[0])
    reads = [name for name in queries.READS if name not in queries.ON_REQUEST]
    plain = queries.gather(lambda batch: executor.run(batch, host.machine()), reads)
    rows_standin.write_host(tmp_path / "rows.json", host.simulator)
    with Server(host, host.variant) as server:
        environment = {**server.environment, **_libraries(), **rows_standin.environment(tmp_path / "rows.json")}
        output = site.play({"winstorage.iscsi.initiator_facts": {}}, pwsh, environment)
    found = site.result()["ansible_facts"]["windows_iscsi"]
    expected = json.loads(json.dumps(facts.assemble(plain)))
    assert expected["persistent_logins"] and expected["initiator_ports"]
    del found["host"], expected["host"]  # who ran it
    # PowerShell on Linux has no registry, and says so
    found["warnings"] = [line for line in found["warnings"] if not line.startswith("The registry key ")]
    assert found == expected, output


def test_a_secret_arrives_and_shows_nowhere(site, pwsh, tmp_path):
    state = tmp_path / "lab.yml"
    state.write_text(
        yaml.safe_dump(
            {
                "service": {"state": "running"},
                "target_portals": ["192.0.2.50"],
                "network": {"arrays": [{"portals": ["192.0.2.50"], "targets": [{"iqn": LAB}]}]},
            }
        )
    )
    host = SimulatedHost(state)
    with Server(host) as server:
        output = site.play(
            {
                "winstorage.iscsi.persistent_login": {
                    "target": LAB,
                    "portal": {"address": "192.0.2.50"},
                    "auth_type": "chap",
                    "username": "host",
                    "secret": SECRET,
                }
            },
            pwsh,
            {**server.environment, **_libraries()},
        )
    (saved,) = host.simulator.state["persistent_logins"]
    assert saved["LoginOptions"]["Password"] == SECRET.encode(), output
    kept = json.loads(site.kept.read_text(encoding="utf-8"))
    assert SECRET not in output + site.results.read_text(encoding="utf-8") + " ".join(kept["arguments"])


# -- the C# as PowerShell compiles it ----------------------------------------------------------------------------------


def _libraries():
    return {"LD_LIBRARY_PATH": "{}:{}".format(build.library("elf").parent, build.service_manager().parent)}


def _lines(pwsh):
    return [
        pwsh,
        "-NoProfile",
        "-NonInteractive",
        "-File",
        WINDOWS / "run_lines.ps1",
        runners.MODULE_UTILS / "Iscsidsc.cs",
    ]


def _answer(pwsh, batch, environment):
    done = subprocess.run(
        _lines(pwsh),
        input=(batch + "\n").encode("ascii"),
        capture_output=True,
        env={**os.environ, **environment},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode("ascii").strip()


def test_powershell_meets_the_suite_of_every_runner(pwsh, tmp_path):
    library = runners.scripted_library("elf", tmp_path)
    judge.conformance(8, *_lines(pwsh), environment={"LD_LIBRARY_PATH": str(library.parent)})


def test_the_judge_of_the_suite_tells_a_runner_that_meets_it_from_one_that_does_not(tmp_path):
    """So that what it says in the Windows workflow has weight."""
    library = runners.scripted_library("elf", tmp_path)
    driver = [sys.executable, "-I", runners.DRIVER, runners.MODULE_UTILS]
    judge.conformance(8, *driver, library)
    with pytest.raises(AssertionError, match="Failed cases: .*not base64"):
        judge.conformance(8, "cat")
    # another library: none of its answers are those of the suite, and where it is handed nonsense it may crash
    with pytest.raises(AssertionError, match="Failed cases|exit code"):
        judge.conformance(8, *driver, build.library("elf"))


@pytest.mark.parametrize("path", HOSTS, ids=lambda path: path.stem)
def test_a_host_reads_the_same_through_powershell(pwsh, path):
    host = SimulatedHost(path)
    plain = queries.gather(rows_standin.calls_only(lambda batch: executor.run(batch, host.machine())))
    with Server(host, host.variant) as server:
        environment = {**server.environment, **_libraries()}
        through = queries.gather(rows_standin.calls_only(lambda batch: _answer(pwsh, batch, environment)))
    assert dataclasses.replace(through, host=None) == dataclasses.replace(plain, host=None)
