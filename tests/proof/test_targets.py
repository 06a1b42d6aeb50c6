# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of `ansible-test windows-integration` as on Windows, and what builds their lab there.

What they ask PowerShell is answered by simulated_tools.ps1, which says what the file of the simulated host says.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from ansible_collections.winstorage.iscsi.tests.proof.support import tools
from ansible_collections.winstorage.iscsi.tests.unit.support.sites import ROOT, Site, link_collection
from ansible_collections.winstorage.iscsi.tests.unit.support.targets import (
    CONFIG,
    LAB,
    NAMES,
    TARGETS,
    VOLUME,
    facts_of,
    host_of,
    play_of,
    results_of,
)

FAILING = sorted(set(NAMES) - {"audit_facts", "report"})  # the others ask no tool of Windows


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("site"), link_collection(tmp_path_factory.mktemp("shared")))


def write_targets(folder, change):
    """Copies of the targets, with a change made in the tasks of each."""
    for name in NAMES:
        path = folder / name / "tasks/main.yml"
        path.parent.mkdir(parents=True)
        tasks = yaml.safe_load((TARGETS / name / "tasks/main.yml").read_text())
        change(tasks)
        path.write_text(yaml.safe_dump(tasks))
    return folder


def as_on_windows(site, plays, state, targets=TARGETS):
    """Run plays whose scripts for PowerShell are run by that of this machine, with tools that read a state file."""
    shell, fake = site.folder / "shell", Path(__file__).with_name("support") / "simulated_tools.ps1"
    command = shlex.join([tools.powershell(), "-NoProfile", "-NonInteractive", "-File", str(fake)])
    scripts = "'$ErrorActionPreference'*"
    shell.write_text(f'#!/bin/sh\ncase "$2" in {scripts}) exec {command} "$2" ;; esac\nexec /bin/sh "$@"\n')
    shell.chmod(0o755)
    environment = {"ANSIBLE_EXECUTABLE": str(shell), "SIMULATED_STATE": str(state), "ANSIBLE_ROLES_PATH": str(targets)}
    return site.run(yaml.safe_dump(plays), "-e", "on_windows=true", **environment)


@pytest.fixture(scope="module")
def windows(site):
    """All of them in one run, on one host after another, as on the runner of the workflow."""
    site.host("windows", LAB, **CONFIG)
    return as_on_windows(
        site,
        [play_of(name, host="windows") for name in NAMES],
        site.folder / "windows.yml.state.json",
    )


def test_all_targets_pass_on_one_host_as_windows_sees_it(windows):
    failed = [
        (one.task, one.result.get("msg"), one.result.get("stderr")) for one in results_of(windows, "windows", "failed")
    ]
    assert failed == [], windows.output
    results = results_of(windows, "windows", "ok")
    asked = [one for one in results if "tools of Windows" in one.task]
    assert len(asked) >= 20  # before and after each removal
    assert len([one for one in results if one.task == "after"]) == len(NAMES)


@pytest.fixture(scope="module")
def failing(site, tmp_path_factory):
    """All that change something, where the tools of Windows show nothing of it, and the other witnesses differ."""

    def fail(tasks):
        for task in (inner for outer in tasks for inner in outer.get("block", [])):
            if "until" in task:
                task.update(retries=0, delay=0)
            if task["name"].startswith("Check that they agree"):
                task["ansible.builtin.assert"] = {"that": ["false"]}

    targets = write_targets(tmp_path_factory.mktemp("failing"), fail)
    for name in FAILING:
        site.host("failing-" + host_of(name), LAB, **CONFIG, **VOLUME)
    plays = [play_of(name, host="failing-" + host_of(name)) for name in FAILING]
    return as_on_windows(site, plays, site.folder / "there is no such file", targets)


@pytest.mark.parametrize("name", FAILING)
def test_a_target_fails_if_windows_does_not_show_what_was_done(failing, name):
    failed = results_of(failing, "failing-" + host_of(name), "failed")
    assert failed, failing.output
    assert re.match("Check|Read|Ask", failed[0].task)


@pytest.mark.parametrize("name", FAILING)
def test_a_target_that_fails_leaves_its_host_as_it_was(failing, name):
    results = results_of(failing, "failing-" + host_of(name), "ok")
    assert facts_of(results, "after") == facts_of(results, "before")


# -- the lab of the workflow -------------------------------------------------------------------------------------------

# The cmdlets that build a target, as functions that keep what they are given.
SERVER = r"""
$kept = @{}
function Install-WindowsFeature { [pscustomobject]@{ Success = $true; RestartNeeded = 'No' } }
function New-ItemProperty { }
function Restart-Service { }
function Set-Service { }
function Start-Service { }
function Get-IscsiTargetServerSetting { @{ Portals = '+127.0.0.1:3260', '+192.0.2.21:3260' } }
function Get-InitiatorPort { @{ ConnectionType = 'iSCSI'; NodeAddress = 'iqn.1991-05.com.microsoft:lab' } }
function New-IscsiVirtualDisk { param($Path, $SizeBytes) $kept.disk = $Path }
function New-IscsiServerTarget { param($TargetName, $InitiatorIds) $kept.initiator = $InitiatorIds }
function Add-IscsiVirtualDiskTargetMapping { param($TargetName, $Path) $kept.mapped = $Path }
function Get-IscsiServerTarget { param($TargetName) @{ TargetIqn = "iqn.1991-05.com.microsoft:$TargetName-target" } }
function Set-IscsiServerTarget {
    param($TargetName, $EnableChap, $Chap)
    $kept.chap = "$TargetName $EnableChap $($Chap.UserName)", $Chap.GetNetworkCredential().Password
}
"""


def run_powershell(script):
    done = subprocess.run(
        [tools.powershell(), "-NoProfile", "-NonInteractive", "-Command", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_the_workflow_gives_the_targets_what_they_need(tmp_path):
    """A target with CHAP of its own, and its address, name and credential in the file that ansible-test passes on."""
    path, kept = tmp_path / "integration_config.yml", tmp_path / "kept.json"
    script = ROOT / "tests/windows/integration_config.ps1"
    output = run_powershell(
        f"{SERVER}\n$env:SystemDrive = '{tmp_path}'\n"
        f"& '{script}' -Path '{path}'\n$kept | ConvertTo-Json | Set-Content -Path '{kept}'"
    )
    config, built = yaml.safe_load(path.read_text()), json.loads(kept.read_text())
    needed = set(re.findall(r"\blab_[a-z]+", "".join(one.read_text() for one in TARGETS.glob("*/tasks/main.yml"))))
    optional = {"lab_volume", "lab_service", "lab_isns"}
    assert needed - optional == set(config) == set(CONFIG)
    assert (config["lab_portal"], config["lab_target"]) == (
        "192.0.2.21",
        "iqn.1991-05.com.microsoft:modules-target",
    )
    assert built["chap"] == [f"modules True {config['lab_user']}", config["lab_secret"]]
    assert built["initiator"] == "IQN:iqn.1991-05.com.microsoft:lab"
    assert built["disk"] == built["mapped"]
    assert 12 <= len(config["lab_secret"]) <= 16  # what Windows takes as a CHAP secret
    assert output.splitlines() == ["::add-mask::" + config["lab_secret"]]


def test_the_target_of_the_probe_is_without_chap(tmp_path):
    output = run_powershell(
        f"{SERVER}\n$env:SystemDrive = '{tmp_path}'\n"
        f"$null = & '{ROOT / 'tests/windows/lab.ps1'}'\n$kept | ConvertTo-Json -Compress"
    )
    assert "chap" not in json.loads(output)


def test_the_workflow_writes_the_configuration_before_it_runs_the_targets():
    workflow = yaml.safe_load((ROOT / ".github/workflows/windows.yml").read_text())
    runs = [step.get("run", "") for step in workflow["jobs"]["windows"]["steps"]]
    (written,) = (number for number, run in enumerate(runs) if "integration_config.ps1" in run)
    (used,) = (number for number, run in enumerate(runs) if "ansible-test windows-integration" in run)
    assert "tests/integration/integration_config.yml" in runs[written]
    assert written < used
