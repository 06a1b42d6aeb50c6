# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings.psm1 and its twin in Python: cmdlets by stand-ins that tell what was asked of them, the registry of Wine."""

from __future__ import annotations

import json
import subprocess

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import builder
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows, wire, writes
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import python_payload
from ansible_collections.winstorage.iscsi.tests.proof.standin import build
from ansible_collections.winstorage.iscsi.tests.proof.support.powershell import ENVIRONMENT, WinePowerShell
from ansible_collections.winstorage.iscsi.tests.proof.support.rows_standin import ROOT
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import powershell
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import WinePrefix, WinePython, windows_path
from ansible_collections.winstorage.iscsi.tests.proof.winrm.fleet import Fleet

MODULE = ROOT / "plugins" / "module_utils" / "Settings.psm1"
KEY = "SOFTWARE\\Winstorage"
SERVICE = KEY + "\\Service"
CONTENT = rf"""REGEDIT4

[HKEY_LOCAL_MACHINE\{KEY}]
"Text"="a text"
"WrongType"="30"
"Kept"=dword:00000007

[HKEY_LOCAL_MACHINE\{SERVICE}]
"DependOnService"=hex(7):53,61,6d,53,53,00,53,72,76,32,00,00
"Waits"=hex(7):6d,73,69,73,63,73,69,00,53,72,76,32,00,00
"Empty"=hex(7):00
"""
CHANGES = [
    writes.Number(KEY, "New", 30),
    writes.Number(KEY, "WrongType", 0xFFFFFFFF),
    writes.Number(KEY + "\\Parameters", "LinkDownTime", 0),
    writes.Entry(SERVICE, "DependOnService", "MSiSCSI", True),
    writes.Entry(SERVICE, "Waits", "MSiSCSI", True),
    writes.Entry(SERVICE, "Empty", "MSiSCSI", True),
    writes.Entry(SERVICE, "Missing", "MSiSCSI", True),
    writes.Entry(KEY, "Text", "MSiSCSI", True),
    writes.Entry(KEY + "\\Nowhere", "DependOnService", "MSiSCSI", True),
]
BACK = [
    writes.Entry(SERVICE, "DependOnService", "msiscsi", False),
    writes.Entry(SERVICE, "Waits", "MSiSCSI", False),
]
ASKED = (rows.RegistryQuery(KEY), rows.RegistryQuery(KEY + "\\Parameters"), rows.RegistryQuery(SERVICE))
EXPECTED = [
    {"Text": "a text", "WrongType": 0xFFFFFFFF, "Kept": 7, "New": 30},
    {"LinkDownTime": 0},
    {
        "DependOnService": ["SamSS", "Srv2", "MSiSCSI"],
        "Waits": ["msiscsi", "Srv2"],
        "Empty": ["MSiSCSI"],
        "Missing": ["MSiSCSI"],
    },
]

# -- cmdlets -----------------------------------------------------------------------------------------------------------

STAND_INS = """
New-Module -ScriptBlock {
    function Set-NetFirewallRule { [CmdletBinding()] param($Name, $Enabled)
        # as the cmdlet does it: an error that ends nothing by itself
        if ($Name -eq 'NoSuchRule') { Write-Error 'No MSFT_NetFirewallRule objects found'; return }
        [Console]::Error.WriteLine("rule $Name $Enabled") }
    function Enable-MSDSMAutomaticClaim { [CmdletBinding()] param($BusType)
        [Console]::Error.WriteLine("claim $BusType"); $true }
    function Disable-MSDSMAutomaticClaim { [CmdletBinding()] param($BusType)
        [Console]::Error.WriteLine("release $BusType"); $true }
} | Import-Module
"""


def set_rows(*changes):
    """(the error of each row, what the stand-ins were asked for)"""
    command = f"{STAND_INS}\nImport-Module '{MODULE}'\nSet-Row ([Console]::In.ReadLine())"
    done = subprocess.run(
        [powershell(), "-NoProfile", "-NonInteractive", "-Command", command],
        input=writes.encode(changes) + "\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return writes.decode_errors(done.stdout.strip(), changes), done.stderr.splitlines()


def test_rules_and_claims_are_set_by_the_cmdlets_of_windows():
    errors, asked = set_rows(
        writes.FirewallRule("MsiScsi-In-TCP", True),
        writes.FirewallRule("MsiScsi-Out-TCP", False),
        writes.AutomaticClaim("iSCSI", True),
        writes.AutomaticClaim("iSCSI", False),
    )
    assert errors == [None] * 4
    assert asked == ["rule MsiScsi-In-TCP True", "rule MsiScsi-Out-TCP False", "claim iSCSI", "release iSCSI"]


def test_a_row_that_fails_keeps_no_other_from_being_set():
    errors, asked = set_rows(
        writes.FirewallRule("NoSuchRule", True),
        writes.Number(KEY, "New", 1),
        writes.FirewallRule("MsiScsi-In-TCP", True),
    )
    assert "No MSFT_NetFirewallRule objects found" in errors[0]
    assert "not supported on this platform" in errors[1]
    assert (errors[2], asked) == (None, ["rule MsiScsi-In-TCP True"])


def test_the_answer_for_one_row_is_a_list_too():
    assert set_rows(writes.AutomaticClaim("iSCSI", True)) == ([None], ["claim iSCSI"])


# -- the registry ------------------------------------------------------------------------------------------------------


@pytest.fixture
def windows(tmp_path):
    with WinePrefix(tmp_path / "windows") as prefix:
        prefix.import_registry(CONTENT)
        yield prefix


def ask_python(windows, asked, changes=()):
    """(the error of each row, the values of each key afterwards), by the python engine."""
    batch = wire.Batch(tuple(wire.Program(pointer, 0, ()) for pointer in (8, 4)))
    program = python_payload.build(builder.encode(batch, asked, 0, changes))
    done = WinePython(windows).run(None, stdin=program.encode("ascii"))
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    answer = builder.decode(python_payload.answer(done.stdout.decode("utf-8")), batch, asked, changes)
    return list(answer.write_errors), [found.rows[0]["values"] if found.rows else None for found in answer.rows]


def by_python(windows, *changes):
    return ask_python(windows, ASKED, changes)


def by_powershell(windows, *changes):
    """The same, set by PowerShell for Windows, and read by Python."""
    shell = WinePowerShell(windows)
    command = f"Import-Module '{windows_path(MODULE)}'; Set-Row (@($input) -join '')"
    done = shell.run("-NoProfile", "-Command", command, stdin=writes.encode(changes).encode("ascii"), env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    line = done.stdout.decode("utf-8").strip()
    assert isinstance(json.loads(line), list)
    return writes.decode_errors(line, changes), by_python(windows)[1]


@pytest.mark.parametrize("run", [by_python, by_powershell])
def test_numbers_are_written_and_entries_added_to_lists_whose_others_stay(windows, run):
    errors, found = run(windows, *CHANGES)
    assert errors[:7] == [None] * 7
    assert errors[7] == "Text is no list of texts"
    assert errors[8], "a service that is not there is not made up"
    assert found == EXPECTED
    again, found = run(windows, *CHANGES[:7])
    assert (again, found) == ([None] * 7, EXPECTED)
    errors, found = run(windows, *BACK)
    assert (errors, found[2]["DependOnService"], found[2]["Waits"]) == ([None] * 2, ["SamSS", "Srv2"], ["Srv2"])


def test_the_python_engine_says_what_it_cannot_set(windows):
    errors, _found = by_python(
        windows, writes.FirewallRule("MsiScsi-In-TCP", True), writes.AutomaticClaim("iSCSI", True)
    )
    assert all("the powershell engine sets it" in error for error in errors)


# -- through Ansible ---------------------------------------------------------------------------------------------------

SERVICES = "SYSTEM\\CurrentControlSet\\Services"
ADAPTER = "SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e97b-e325-11ce-bfc1-08002be10318}\\0007"
WINDOWS = rf"""REGEDIT4

[HKEY_LOCAL_MACHINE\{ADAPTER}]
"MatchingDeviceId"="ROOT\\iScsiPrt"

[HKEY_LOCAL_MACHINE\{SERVICES}\LanmanServer]
"DependOnService"=hex(7):53,61,6d,53,53,00,53,72,76,32,00,00

[HKEY_LOCAL_MACHINE\{SERVICES}\disk]
"TimeOutValue"=dword:0000003c
"""


def test_a_playbook_sets_and_reads_a_registry_through_winrm_and_powershell(windows, tmp_path):
    """ansible-playbook, winrm, the exec wrapper, iscsidsc_call.ps1, Settings.psm1, Rows.psm1, and back."""
    windows.import_registry(WINDOWS)
    windows.install(build.library("x64"), "iscsidsc.dll")
    task = {
        "timers": {"link_down_time": 30, "max_connection_retries": 0xFFFFFFFF},
        "disk_timeout": 90,
        "dependent_services": ["LanmanServer"],
    }
    tasks = [
        {"name": name, "winstorage.iscsi.host_settings": task, "check_mode": name == "checked"}
        for name in ("checked", "done", "again")
    ]
    with Fleet(tmp_path, {"service": {"state": "running"}}, {}) as fleet:
        fleet.wine("host", WinePowerShell(windows))
        played = fleet.play(tasks)
    assert played.rc == 0, played.output
    checked, done, again = (played.of("host", name) for name in ("checked", "done", "again"))
    assert (checked["changed"], done["changed"], again["changed"]) == (True, True, False)
    assert checked["host_settings"] == done["host_settings"] == again["host_settings"]
    assert done["host_settings"]["dependent_services"] == [
        {"name": "LanmanServer", "depends_on": ["SamSS", "Srv2", "MSiSCSI"]}
    ]
    assert done["host_settings"]["firewall"] is None, "there is no CIM under Wine"
    queries = [rows.RegistryQuery(key) for key in (ADAPTER + "\\Parameters", f"{SERVICES}\\disk")]
    assert ask_python(windows, queries)[1] == [
        {"LinkDownTime": 30, "MaxConnectionRetries": 0xFFFFFFFF},
        {"TimeOutValue": 90},
    ]
