# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection check: for each host a table of what holds, also for hosts that hold little."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess

import ansible.release
import pytest

from ansible_collections.winstorage.iscsi.tests.proof.support import controller
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import powershell
from ansible_collections.winstorage.iscsi.tests.proof.winrm import scenario
from ansible_collections.winstorage.iscsi.tests.proof.winrm.fleet import Fleet
from ansible_collections.winstorage.iscsi.tests.proof.winrm.host import LONGEST_COMMAND_LINE

CORE = tuple(map(int, ansible.release.__version__.split(".")[:2]))
HOST = {
    "windows": "Windows Server 2022 Standard 20348",
    "build": "20348",
    "framework": "528449",
    "endpoint": "",
    "elevated": True,
    "library": True,
    "service": "Running Automatic",
    "architecture": "AMD64",
    "quota": "1024",
    "python": "",
}
POWERSHELL = {
    "powershell": "5.1.20348.2227",
    "language_mode": "FullLanguage",
    "compiler": "works",
    "machine_policy": "Undefined",
    "user_policy": "Undefined",
    "module_logging": "",
    "script_block_logging": "1",
    "transcription": "1",
}
GOOD = {**HOST, **POWERSHELL}
RECORDING = controller.ROOT / "tests" / "recordings" / "simulated" / "sql01.txt"
SCRIPTS = {"check_host.ps1": HOST, "check_powershell.ps1": POWERSHELL}
NOT_COMPILED = """\
(2,14): error CS1513: } expected
public class WinstorageIscsiCheck { }
             ^
"""
# Hosts that print this, whatever they are asked; so the collection itself cannot read them.
PRINTED = {
    "good": GOOD,
    "constrained": {**GOOD, "language_mode": "ConstrainedLanguage", "compiler": "not tried in ConstrainedLanguage"},
    "old": {**GOOD, "build": "9200", "framework": "378389", "powershell": "4.0", "service": "Stopped "},
    "standard_user": {**GOOD, "elevated": False, "compiler": NOT_COMPILED},
    "signed": {**GOOD, "user_policy": "AllSigned", "endpoint": "Microsoft.PowerShell", "quota": ""},
    "seven": {**GOOD, "framework": "", "powershell": "7.6.0-preview.1", "machine_policy": "AllSigned"},
    "hostile": {**GOOD, "compiler": "{{ 40 + 2 }}", "windows": "[{{ 40 + 2 }}]"},
}


def play(folder, hosts, name="check_connection", **environment):
    """{host: the lines of its table}, and everything that was printed."""
    controller.write_inventory(folder, hosts)
    done = controller.run(
        "ansible-playbook",
        folder,
        f"winstorage.iscsi.{name}",
        ANSIBLE_CALLBACK_RESULT_FORMAT="json",
        ANSIBLE_STDOUT_CALLBACK="default",
        **environment,
    )
    tables = {}
    for found in re.findall(r"^ok: \[[\w-]+\] => (\{\n.*?\n\})$", done.stdout, re.MULTILINE | re.DOTALL):
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


@pytest.mark.parametrize("connection", ["winrm", "psrp"])
@pytest.mark.parametrize(
    ("lacking", "advice"), [(True, "pip install pywinrm pypsrp"), (False, "See whether the host is up")]
)
def test_what_keeps_a_connection_from_starting_has_advice_of_its_own(tmp_path, connection, lacking, advice):
    if lacking:
        for library in ("winrm", "pypsrp"):
            (tmp_path / f"{library}.py").write_text("raise ImportError('there is none')")
    variables = {"ansible_connection": connection, "ansible_host": "127.0.0.1", "ansible_port": 1}
    variables.update({f"ansible_{connection}_{name}": "http" for name in ("scheme", "protocol")})
    tables, _done = play(
        tmp_path,
        {"away": {**variables, "ansible_user": "admin", "ansible_password": "secret"}},
        PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    )
    asked, advised = tables["away"][:2]
    assert asked.startswith("NO    PowerShell runs a command")
    assert advice in advised.partition("-> ")[2]


PRINTS = "#!/bin/sh\ncat <<'END'\n{}\nEND\n"
# All but the first command is blocked.
HALF = """\
#!/bin/sh
mkdir "$0-asked" && echo '<<check {} check>>' && exit
echo ScriptContainedMaliciousContent >&2
exit 1
"""


def program(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def verdicts(lines):
    """{check: (whether it holds, what was found)}"""
    rows = (re.match(r"(ok|NO)    (.{34})  (.*)", line) for line in lines)
    return {row.group(2).strip(): (row.group(1) == "ok", row.group(3)) for row in rows if row}


def notes(lines):
    """{what is neither good nor bad: what was found}"""
    rows = (re.match(r" {6}(.{34})  (?!->)(.*)", line) for line in lines)
    return {row.group(1).strip(): row.group(2) for row in rows if row}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("check")
    hosts = {
        name: controller.powershell_here(program(folder, name, PRINTS.format(f"<<check {json.dumps(printed)} check>>")))
        for name, printed in PRINTED.items()
    }
    hosts["half"] = controller.powershell_here(program(folder, "half", HALF.format(json.dumps(HOST))))
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
    hosts["recorded"] = {"winstorage_iscsi_recording": str(RECORDING), "ansible_connection": "local"}
    found, done = play(folder, hosts)
    assert done.returncode, done.stdout
    assert set(found) == set(hosts), done.stdout
    return found


def test_where_all_holds_only_the_reading_can_fail(tables):
    found = verdicts(tables["good"])
    assert [check for check, (holds, _detail) in found.items() if not holds] == ["The collection reads the initiator"]
    assert found["PowerShell runs a command"] == (True, "Windows Server 2022 Standard 20348")
    assert found["Ordinary endpoint"] == (True, "none, as over winrm and ssh")
    assert notes(tables["good"]) == {
        "Execution policy of Group Policy": "none",
        "Logs of Windows PowerShell": "script blocks, transcripts",
        "Quota of WinRM for a shell": "1024 MB",
        "Python, for the python engine": "none",
    }


@pytest.mark.parametrize(
    ("host", "checks"),
    [
        ("constrained", ["Full language mode", "C# can be compiled"]),
        (
            "old",
            [
                "Windows 8.1, 2012 R2 or newer",
                "PowerShell 5.1 or newer",
                ".NET Framework 4.5.2 or newer",
                "MSiSCSI runs",
            ],
        ),
        ("standard_user", ["C# can be compiled", "Elevated administrator"]),
        ("signed", []),
        ("seven", []),
        ("hostile", ["C# can be compiled"]),
        ("half", ["PowerShell 5.1 or newer"]),
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


def test_what_a_host_says_is_shown_as_it_is(tables):
    """Also braces, as in the line of source that PowerShell quotes when it cannot compile it, and templates."""
    shown = verdicts(tables["standard_user"])["C# can be compiled"][1]
    assert shown == " ".join(NOT_COMPILED.split())
    assert verdicts(tables["hostile"])["C# can be compiled"][1] == "{{ 40 + 2 }}"
    assert verdicts(tables["hostile"])["PowerShell runs a command"][1] == "[{{ 40 + 2 }}]"
    assert "ScriptContainedMaliciousContent" in verdicts(tables["half"])["PowerShell 5.1 or newer"][1]


def test_an_execution_policy_is_told_but_is_no_fault(tables):
    for host in ("signed", "seven"):
        policy = notes(tables[host])["Execution policy of Group Policy"]
        assert policy == "AllSigned, which concerns only files"
    assert verdicts(tables["signed"])["Ordinary endpoint"] == (True, "Microsoft.PowerShell")
    assert notes(tables["signed"])["Quota of WinRM for a shell"] == "not readable"
    assert verdicts(tables["seven"])[".NET Framework 4.5.2 or newer"] == (True, "not used by PowerShell 7")


@pytest.mark.parametrize("host", ["simulated", "recorded"])
def test_a_host_that_a_file_answers_for_is_only_read(tables, host):
    assert verdicts(tables[host]) == {"The collection reads the initiator": (True, "MSiSCSI runs")}


def text_of(script):
    return (controller.ROOT / "playbooks" / "files" / script).read_text(encoding="utf-8")


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_run_in_constrained_language_mode(script):
    """Here little of what they ask exists; they still print all of their answers."""
    done = subprocess.run(
        [
            *(powershell(), "-NoProfile", "-NonInteractive", "-Command"),
            f"$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'\n{text_of(script)}",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(re.fullmatch("<<check (.*) check>>\n", done.stdout)[1])
    assert found.keys() == SCRIPTS[script].keys(), done.stderr
    if script == "check_powershell.ps1":
        assert (found["language_mode"], found["compiler"]) == (
            "ConstrainedLanguage",
            "not tried in ConstrainedLanguage",
        )


ADMINISTRATORS, HIGH, MEDIUM = "S-1-5-32-544", "S-1-16-12288", "S-1-16-8192"


@pytest.mark.parametrize(
    ("groups", "elevated"),
    [
        ([ADMINISTRATORS, HIGH], True),
        ([ADMINISTRATORS, "S-1-16-16384"], True),  # the system itself
        ([ADMINISTRATORS, MEDIUM], False),  # the group is only there to deny
        (["S-1-5-32-551", HIGH], False),  # a backup operator
    ],
)
def test_an_administrator_is_a_member_of_the_group_with_an_elevated_token(tmp_path, groups, elevated):
    program(tmp_path, "whoami.exe", PRINTS.format("\n".join(f"GROUP {group}" for group in groups)))
    done = subprocess.run(
        [*(powershell(), "-NoProfile", "-NonInteractive", "-Command"), text_of("check_host.ps1")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )
    assert json.loads(re.fullmatch("<<check (.*) check>>\n", done.stdout)[1])["elevated"] is elevated


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_fit_on_a_command_line_of_cmd(script):
    """Also encoded twice, as ansible-core 2.16 and 2.18 do over winrm, and behind what 2.16 has sshd run before."""
    text = "".join(line.strip() + "\n" for line in text_of(script).splitlines() if line and not line.startswith("#"))
    start = "PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand "
    for _time in range(2):
        text = start + base64.b64encode(text.encode("utf-16-le")).decode()
    assert len("cmd /c chcp.com 65001 >nul 2>&1 && " + text) <= LONGEST_COMMAND_LINE


# -- through Ansible's connections, to a PowerShell of this machine ----------------------------------------------------

# Only what is Windows itself is missing: version, .NET, elevation, the service. The libraries are not in System32.
MISSING = [
    "Windows 8.1, 2012 R2 or newer",
    "Elevated administrator",
    "The initiator's library is there",
    "MSiSCSI runs",
]
JEA = "@{ SchemaVersion = '2.0.0.0'; SessionType = 'RestrictedRemoteServer'; LanguageMode = 'NoLanguage' }\n"


@pytest.fixture(scope="module")
def reached(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reached")
    endpoint = folder / "jea.pssc"
    endpoint.write_text(JEA)
    with Fleet(folder, scenario.STATE, {}) as fleet:
        fleet.windows("winrm", "winrm")
        fleet.windows("psrp", "psrp")
        fleet.windows_ssh("ssh")
        fleet.windows("jea", "psrp", options=("-ConfigurationFile", str(endpoint)))
        for host in ("psrp", "jea"):
            fleet.hosts[host]["ansible_psrp_read_timeout"] = 300  # on a busy machine PowerShell starts slowly
        if CORE >= (2, 21):  # which reads the variable
            fleet.windows("no-interpreter", "winrm")
            fleet.hosts["no-interpreter"]["ansible_pwsh_interpreter"] = "it's no PowerShell"
        tables, done = play(fleet.folder, fleet.hosts)
    assert set(tables) == set(fleet.hosts), done.stdout
    return tables


@pytest.mark.parametrize("connection", ["winrm", "psrp", "ssh"])
def test_the_check_finds_the_same_over_each_connection(reached, connection):
    found = verdicts(reached[connection])
    failed = [check for check, (holds, _detail) in found.items() if not holds]
    assert failed == MISSING
    assert found["C# can be compiled"] == (True, "works")
    assert found["PowerShell 5.1 or newer"][1].startswith("7.")
    assert found["The collection reads the initiator"] == (True, "MSiSCSI runs")


@pytest.mark.skipif(CORE < (2, 21), reason="before 2.21 ansible-core does not read ansible_pwsh_interpreter")
def test_modules_that_run_in_another_powershell_are_checked_there(reached):
    found = verdicts(reached["no-interpreter"])
    assert found["PowerShell runs a command"][0] and "C# can be compiled" not in found
    holds, why = found["PowerShell 5.1 or newer"]
    assert not holds and "it's no PowerShell" in why
    assert any("-> Correct or leave out ansible_pwsh_interpreter" in line for line in reached["no-interpreter"])


def test_an_endpoint_that_restricts_the_language_is_named(reached):
    found = verdicts(reached["jea"])
    checks = ["PowerShell runs a command", "Ordinary endpoint", "The collection reads the initiator"]
    assert list(found) == checks, reached["jea"]
    assert not any(holds for holds, _detail in found.values())
    assert "JEA" in found["The collection reads the initiator"][1]
