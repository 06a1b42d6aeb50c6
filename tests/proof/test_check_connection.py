# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection check: for each host a table of what holds, also for hosts that hold little."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from ansible_collections.winstorage.iscsi.tests.proof.support import controller
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import powershell

GOOD = {
    "windows": "Windows Server 2022 Standard 20348",
    "powershell": "5.1.20348.2227",
    "language_mode": "FullLanguage",
    "elevated": True,
    "execution_policy": "Undefined",
    "compiler": "works",
    "library": True,
    "service": "Running Automatic",
    "architecture": "AMD64",
    "endpoint": "",
    "module_logging": "",
    "script_block_logging": "1",
    "transcription": "1",
    "python": "",
}
# Hosts that print this, whatever they are asked; so the collection itself cannot read them.
PRINTED = {
    "good": GOOD,
    "constrained": {**GOOD, "language_mode": "ConstrainedLanguage", "compiler": "not tried in ConstrainedLanguage"},
    "old": {**GOOD, "powershell": "4.0", "service": "Stopped "},
    "standard_user": {**GOOD, "elevated": False, "execution_policy": "AllSigned", "compiler": "csc.exe was blocked"},
}


def play(folder, hosts, name="check_connection"):
    """{host: the lines of its table}, and everything that was printed."""
    controller.write_inventory(folder, hosts)
    done = controller.run(
        "ansible-playbook",
        folder,
        f"winstorage.iscsi.{name}",
        ANSIBLE_CALLBACK_RESULT_FORMAT="json",
        ANSIBLE_STDOUT_CALLBACK="default",
    )
    tables = {}
    for found in re.findall(r"^ok: \[\w+\] => (\{\n.*?\n\})$", done.stdout, re.MULTILINE | re.DOTALL):
        host, *lines = json.loads(found)["msg"]
        tables[host] = lines
    return tables, done


def test_a_connection_that_refuses_its_variables_has_a_table_too(tmp_path):
    tables, done = play(
        tmp_path,
        {
            "refused": {
                "ansible_connection": "psrp",
                "ansible_host": "127.0.0.1",
                "ansible_psrp_auth": "basic",
                "ansible_psrp_protocol": "http",
                "ansible_user": "admin",
                "ansible_password": "secret",
            }
        },
    )
    holds, found = verdicts(tables["refused"])["PowerShell runs a command"]
    assert not holds and "Cannot use message encryption with auth 'basic'" in found
    assert "This host cannot be managed yet" in done.stdout


def program(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def verdicts(lines):
    """{check: (whether it holds, what was found)}"""
    rows = (re.match(r"(ok|NO)    (.{34})  (.*)", line) for line in lines)
    return {row.group(2).strip(): (row.group(1) == "ok", row.group(3)) for row in rows if row}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("check")
    hosts = {
        name: controller.powershell_here(program(folder, name, f"#!/bin/sh\necho '{json.dumps(printed)}'\n"))
        for name, printed in PRINTED.items()
    }
    hosts["blocked"] = controller.powershell_here(
        program(folder, "blocked", "#!/bin/sh\necho 0x800711C7 >&2\nexit 1\n")
    )
    hosts["away"] = {
        "ansible_connection": "ssh",
        "ansible_shell_type": "cmd",
        "ansible_ssh_executable": program(folder, "away", "#!/bin/sh\necho No route to host >&2\nexit 255\n"),
    }
    hosts["simulated"] = {"winstorage_iscsi_simulator_state": str(controller.ROOT / "demo" / "hosts" / "sql01.yml")}
    hosts["simulated"]["winstorage_iscsi_simulator_folder"] = str(folder)
    found, done = play(folder, hosts)
    assert done.returncode, done.stdout
    assert set(found) == set(hosts), done.stdout
    return found


def test_where_all_holds_only_the_reading_can_fail(tables):
    found = verdicts(tables["good"])
    assert [check for check, (holds, _detail) in found.items() if not holds] == ["The collection reads the initiator"]
    assert found["PowerShell runs a command"] == (True, "Windows Server 2022 Standard 20348")
    assert any("script blocks, transcripts" in line for line in tables["good"])


@pytest.mark.parametrize(
    ("host", "checks"),
    [
        ("constrained", ["Full language mode", "C# can be compiled"]),
        ("old", ["PowerShell 5.1 or newer", "MSiSCSI runs"]),
        ("standard_user", ["C# can be compiled", "Execution policy is not forced", "Elevated administrator"]),
        ("blocked", ["PowerShell runs a command"]),
        ("away", ["PowerShell runs a command"]),
    ],
)
def test_what_does_not_hold_is_marked_with_what_to_do(tables, host, checks):
    found = verdicts(tables[host])
    failed = [check for check, (holds, _detail) in found.items() if not holds]
    assert failed == [*checks, "The collection reads the initiator"]
    assert sum(" -> " in line for line in tables[host]) == len(failed)


def test_a_host_that_cannot_be_asked_shows_why(tables):
    assert verdicts(tables["blocked"])["PowerShell runs a command"][1] == "0x800711C7"
    assert "AppLocker" in verdicts(tables["blocked"])["The collection reads the initiator"][1]
    assert "No route to host" in verdicts(tables["away"])["PowerShell runs a command"][1]


def test_a_simulated_host_is_only_read(tables):
    assert verdicts(tables["simulated"]) == {"The collection reads the initiator": (True, "MSiSCSI runs")}


def test_the_script_of_the_check_runs_in_powershell_and_in_constrained_language_mode(tmp_path):
    """Here little of what it asks exists; it still prints all of its answers."""
    pwsh = powershell()
    script = (controller.ROOT / "playbooks" / "files" / "check_connection.ps1").read_text(encoding="utf-8")
    for mode in ("FullLanguage", "ConstrainedLanguage"):
        done = subprocess.run(
            [
                *(pwsh, "-NoProfile", "-NonInteractive", "-Command"),
                f"$ExecutionContext.SessionState.LanguageMode = '{mode}'\n{script}",
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        found = json.loads(done.stdout)
        assert set(found) == set(GOOD), done.stderr
        assert found["language_mode"] == mode
        assert (found["compiler"] == "works") == (mode == "FullLanguage")


def test_the_script_fits_on_a_command_line_of_cmd():
    """8191 characters; base64 of UTF-16 takes 8 for 3."""
    script = (controller.ROOT / "playbooks" / "files" / "check_connection.ps1").read_text(encoding="utf-8")
    sent = "".join(line.strip() + "\n" for line in script.splitlines() if line and not line.startswith("#"))
    assert len(sent) * 8 / 3 + 200 < 8191
