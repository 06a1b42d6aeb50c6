# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of tests/windows, run by PowerShell 7. What only Windows has is a function that answers as told.

run_lines.ps1 and rows_lines.ps1 are run by other tests, without such functions. What works under Wine is run there:
see test_windows_powershell.py.
"""

from __future__ import annotations

import configparser
import json
import os
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from ansible_collections.winstorage.iscsi.tests.proof.support.tools import powershell
from ansible_collections.winstorage.iscsi.tests.proof.support.windows_tools import WindowsTools
from ansible_collections.winstorage.iscsi.tests.windows import judge

SCRIPTS = Path(judge.__file__).parent
TARGET = "iqn.1991-05.com.microsoft:runner-lab-target"
ADDRESS = "192.0.2.10"


@pytest.fixture
def run(tmp_path):
    """Runs a script; ``answers``: see :class:`WindowsTools`. What came of it, and the tools."""
    interpreter = powershell()

    def run_script(name, arguments, answers):
        tools = WindowsTools(tmp_path, answers)
        command = f"{tools.definition}; & '{SCRIPTS / name}' {arguments}; exit $LASTEXITCODE"
        done = subprocess.run(
            [interpreter, "-NoProfile", "-NonInteractive", "-Command", command],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=tmp_path,
            env={**os.environ, "SystemDrive": str(tmp_path), "NO_COLOR": "1"},
        )
        return done, tools

    return run_script


def message(done):
    """What PowerShell says of an error, without what it draws around it."""
    return " ".join(done.stderr.replace("|", " ").split())


# -- search_logs.ps1 ---------------------------------------------------------------------------------------------------

SECRET = "Marker-5ec7e7"
BATCH = "H4sIAAAAAAAA" * 50


def event(text):
    """What a log answers with an event of this text."""
    return f"[pscustomobject]@{{ Id = 4103 }} | Add-Member ScriptMethod ToXml {{ '<Event>{text}</Event>' }} -PassThru"


@pytest.fixture
def search(run, tmp_path):
    (tmp_path / "secret.txt").write_text(SECRET + "\n")
    (tmp_path / "batch.txt").write_text(BATCH)
    (tmp_path / "transcripts" / "20260101").mkdir(parents=True)

    def search_logs(log="nothing", transcript="nothing", arguments="-SecretFile secret.txt -BatchFile batch.txt"):
        if transcript:
            (tmp_path / "transcripts" / "20260101" / "transcript.txt").write_text(transcript)
        answers = {"Get-WinEvent": event(log) if log else ""}
        return run("search_logs.ps1", f"-Folder transcripts {arguments}", answers)

    return search_logs


def test_a_secret_that_no_log_has_is_in_clear_nowhere(search):
    done, tools = search()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["4 events and transcripts", "the secret is in clear nowhere"]
    asked = tools.calls("Get-WinEvent")
    assert len(asked) == 3 and all("-FilterHashtable" in call for call in asked)


def test_a_batch_that_was_logged_is_told(search):
    done, _tools = search(log=f'{{"batch": "{BATCH}"}}')
    assert done.returncode == 0
    assert "the batch is in PowerShellCore/Operational, event 4103" in done.stdout
    assert "the batch is in transcript" not in done.stdout


@pytest.mark.parametrize(
    ("leak", "places"),
    [("log", "Microsoft-Windows-PowerShell/Operational,"), ("transcript", "transcript transcript.txt")],
)
def test_a_secret_that_was_logged_fails_with_its_place(search, leak, places):
    done, _tools = search(**{leak: f"the password is {SECRET}."})
    assert done.returncode == 1 and "in clear nowhere" not in done.stdout
    assert f"The secret is in clear in: {places}" in message(done)


HARD = "Mark&<\"'\\er>5ec7"


@pytest.mark.parametrize(
    "form",
    [
        HARD,
        json.dumps(HARD),
        json.dumps(HARD).translate({ord(one): f"\\u{ord(one):04x}" for one in "&<>'"}),
    ],
    ids=["as it is", "JSON", "JSON of Windows PowerShell"],
)
@pytest.mark.parametrize("leak", ["log", "transcript"])
def test_a_secret_is_also_found_where_json_and_xml_write_it_otherwise(search, tmp_path, leak, form):
    (tmp_path / "secret.txt").write_text(HARD)
    text = escape(form).replace("'", "&apos;") if leak == "log" else form
    done, _tools = search(**{leak: text})
    assert done.returncode == 1 and "The secret is in clear in" in done.stderr
    assert HARD not in done.stderr + done.stdout


def test_a_search_without_the_batch_is_for_the_secret_alone(search):
    done, _tools = search(log=BATCH, arguments="-SecretFile secret.txt")
    assert done.stdout.splitlines() == ["4 events and transcripts", "the secret is in clear nowhere"]


def test_without_logs_or_without_a_secret_nothing_is_claimed(search, tmp_path):
    done, _tools = search(log=None, transcript=None)
    assert done.returncode == 1 and "Nothing was logged, so the search says nothing" in done.stderr
    (tmp_path / "secret.txt").write_text("\n")
    done, _tools = search()
    assert done.returncode == 1 and "secret.txt is empty" in done.stderr
    (tmp_path / "secret.txt").write_text("Märker-5ec7e7")
    done, _tools = search()
    assert done.returncode == 1 and "use none" in message(done) and "in clear nowhere" not in done.stdout


# -- lab.ps1 -----------------------------------------------------------------------------------------------------------

LAB = {
    "Install-WindowsFeature": "[pscustomobject]@{ Success = $true; RestartNeeded = 'No' }",
    "New-ItemProperty": "",
    "Restart-Service": "",
    "Set-Service": "",
    "Start-Service": "",
    "Get-IscsiTargetServerSetting": (
        "[pscustomobject]@{ Portals = '+127.0.0.1:3260', '-192.0.2.9:3260', '+[fe80::1]:3260', '+192.0.2.10:3260' }"
    ),
    "Get-InitiatorPort": (
        "[pscustomobject]@{ ConnectionType = 'SAS'; NodeAddress = '50' }, "
        "[pscustomobject]@{ ConnectionType = 'iSCSI'; NodeAddress = 'iqn.1991-05.com.microsoft:runner' }"
    ),
    "New-IscsiVirtualDisk": "'made'",
    "New-IscsiServerTarget": "'made'",
    "Add-IscsiVirtualDiskTargetMapping": "'made'",
    "Get-IscsiServerTarget": f"[pscustomobject]@{{ TargetIqn = '{TARGET}' }}",
}


def test_the_lab_is_at_an_address_that_the_target_server_accepts(run):
    done, tools = run("lab.ps1", "| ConvertTo-Json", LAB)
    assert json.loads(done.stdout) == {"Address": ADDRESS, "Target": TARGET}, done.stderr
    assert "-InitiatorIds IQN:iqn.1991-05.com.microsoft:runner" in tools.calls("New-IscsiServerTarget")[0]
    assert "-Name AllowLoopBack -Value 1" in tools.calls("New-ItemProperty")[0]


@pytest.mark.parametrize(
    ("command", "answer", "problem"),
    [
        ("Install-WindowsFeature", "[pscustomobject]@{ Success = $false }", "was not installed"),
        ("Get-IscsiTargetServerSetting", "[pscustomobject]@{ Portals = '+127.0.0.1:3260' }", "no enabled IPv4 portal"),
    ],
)
def test_a_machine_that_can_have_no_lab_says_so(run, command, answer, problem):
    done, tools = run("lab.ps1", "", {**LAB, command: answer})
    assert done.returncode == 1 and problem in done.stderr
    assert not tools.calls("New-IscsiServerTarget")


# -- defender.ps1 ------------------------------------------------------------------------------------------------------

DEFENDER = {
    # as images of GitHub have it, until the exclusions are removed
    "Get-MpPreference": (
        "[pscustomobject]@{ ExclusionPath = if ($global:removed) { $null } else { 'C:\\', 'D:\\' }; "
        "ExclusionExtension = $null; ExclusionProcess = $null }"
    ),
    "Remove-MpPreference": "$global:removed = $true",
    "Set-MpPreference": "",
    "Start-Sleep": "",
    "Get-MpComputerStatus": "[pscustomobject]@{ RealTimeProtectionEnabled = $true; AMRunningMode = 'Normal' }",
}


def test_defender_watches_every_folder_and_what_is_new(run):
    done, tools = run("defender.ps1", "", DEFENDER)
    assert done.returncode == 0, done.stderr
    assert "-ExclusionPath" in tools.calls("Remove-MpPreference")[0]
    assert "-DisableIOAVProtection: False" in tools.calls("Set-MpPreference")[0]


@pytest.mark.parametrize(
    ("command", "answer", "problem"),
    [
        ("Remove-MpPreference", "", "still has an ExclusionPath"),
        ("Get-MpPreference", "[pscustomobject]@{ DisableScriptScanning = $true }", "still has DisableScriptScanning"),
        (
            "Get-MpComputerStatus",
            "[pscustomobject]@{ RealTimeProtectionEnabled = $true; AMRunningMode = 'Passive' }",
            "cannot be switched on here",
        ),
        ("Get-MpComputerStatus", "[pscustomobject]@{ AMRunningMode = 'Normal' }", "cannot be switched on here"),
    ],
)
def test_a_defender_that_does_not_watch_is_told(run, command, answer, problem):
    done, _tools = run("defender.ps1", "", {**DEFENDER, command: answer})
    assert done.returncode == 1 and problem in done.stderr


# -- save_logins.ps1 ---------------------------------------------------------------------------------------------------

LOGINS = {
    "iscsicli.exe": "$global:LASTEXITCODE = 0",
    "New-IscsiTargetPortal": "",
    "Connect-IscsiTarget": "",
    "Get-IscsiSession": (
        f"[pscustomobject]@{{ TargetNodeAddress = '{TARGET}'; SessionIdentifier = 'ffff-1' }}, "
        "[pscustomobject]@{ TargetNodeAddress = 'iqn.other'; SessionIdentifier = 'ffff-2' }"
    ),
    "Disconnect-IscsiTarget": "",
    "Remove-IscsiTargetPortal": "",
    "Get-CimInstance": f"[pscustomobject]@{{ TargetName = '{TARGET.upper()}' }}, " * 2
    + "[pscustomobject]@{ TargetName = 'iqn.other' }",
}
NONE_SAVED = {"Get-CimInstance": "[pscustomobject]@{ TargetName = 'iqn.other' }"}
GIVEN = f"-Target {TARGET} -Address {ADDRESS}"
# 16 arguments behind the target, in the order of Microsoft's help, and no mapping. 2 is the multipath flag. A program
# is given it as it is written, a function as a number.
SAVED = "PersistentLoginTarget {} T {} * * * 2 * * * * * * * * * 0"


def test_logins_are_saved_with_the_multipath_flag(run):
    done, tools = run("save_logins.ps1", GIVEN, LOGINS)
    assert (done.returncode, done.stderr) == (0, "")
    assert tools.calls("iscsicli.exe") == [SAVED.format(TARGET, f"{ADDRESS} 3260"), SAVED.format(TARGET, "* *")]
    assert len(tools.calls("Connect-IscsiTarget")) == 1


def test_a_login_that_is_refused_fails_with_its_status(run):
    done, _tools = run("save_logins.ps1", GIVEN, {**LOGINS, "iscsicli.exe": "$global:LASTEXITCODE = 0xEFFF003F"})
    assert done.returncode == 1 and "status 0xEFFF003F" in done.stderr


def test_a_login_that_iscsicli_only_says_it_saved_or_removed_is_told(run):
    """Its exit code may be 0 after a failure."""
    saving, _tools = run("save_logins.ps1", GIVEN, {**LOGINS, **NONE_SAVED})
    assert saving.returncode == 1 and f"0 logins of {TARGET} are saved, and not 2" in message(saving)
    removing, _tools = run("save_logins.ps1", f"{GIVEN} -Remove", LOGINS)
    assert removing.returncode == 1 and f"2 logins of {TARGET} are saved, and not 0" in message(removing)


def test_what_was_saved_is_taken_back_and_nothing_else(run):
    done, tools = run("save_logins.ps1", f"{GIVEN} -Remove", {**LOGINS, **NONE_SAVED})
    assert (done.returncode, done.stderr) == (0, "")
    (ended,) = tools.calls("Disconnect-IscsiTarget")
    assert "ffff-1" in ended
    assert [call.rpartition(TARGET)[2] for call in tools.calls("iscsicli.exe")] == [f" * {ADDRESS} 3260", " * * *"]
    assert ADDRESS in tools.calls("Remove-IscsiTargetPortal")[0]


# -- seen.ps1 ----------------------------------------------------------------------------------------------------------


def portal_facts(address=ADDRESS):
    return {"address": address, "port": 3260}


def test_what_windows_shows_is_compared_with_the_facts(run, tmp_path):
    facts = {
        "persistent_logins": [{"target": TARGET, "portal": portal_facts()}, {"target": TARGET, "portal": None}],
        "target_portals": [{"portal": portal_facts()}],
    }
    (tmp_path / "facts.json").write_text(json.dumps(facts))
    login = "[pscustomobject]@{{ TargetName = '{}'; TargetPortal = @{{ Address = '{}'; Port = {} }} }}"
    shown = {
        "Get-CimInstance": f"{login.format(TARGET.upper(), ADDRESS, '[uint16]3260')}, {login.format(TARGET, '', 0)}",
        "Get-IscsiTargetPortal": (
            f"[pscustomobject]@{{ TargetPortalAddress = '{ADDRESS}'; TargetPortalPortNumber = [uint16]3260 }}"
        ),
    }
    done, _tools = run("seen.ps1", "-Path seen.json", shown)
    assert (done.returncode, done.stderr) == (0, "")
    judge.windows(tmp_path / "facts.json", tmp_path / "seen.json")
    done, _tools = run("seen.ps1", "-Path seen.json", {**shown, "Get-IscsiTargetPortal": ""})
    with pytest.raises(AssertionError, match="The facts and Windows differ"):
        judge.windows(tmp_path / "facts.json", tmp_path / "seen.json")


# -- remoting.ps1 ------------------------------------------------------------------------------------------------------


def test_an_inventory_reaches_the_new_administrator(run, tmp_path):
    commands = ("New-LocalUser", "Add-LocalGroupMember", "Enable-PSRemoting", "New-ItemProperty")
    done, tools = run("remoting.ps1", "-Inventory inventory.winrm", dict.fromkeys(commands, ""))
    assert (done.returncode, done.stderr) == (0, "")
    inventory = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    inventory.read(tmp_path / "inventory.winrm")
    host = inventory["windows"]["lab ansible_host"]
    password = host.rpartition("=")[2]
    assert "ansible_user=ansible" in host and len(password) > 30
    assert done.stdout.splitlines()[0] == f"::add-mask::{password}"
    assert password not in " ".join(tools.calls("New-LocalUser"))
    assert "-Name LocalAccountTokenFilterPolicy -Value 1" in tools.calls("New-ItemProperty")[0]
