# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell for Windows, under Wine: the 64-bit DLL, and the services, registry and elevation that Wine has.

It is PowerShell 7: what differs in Windows PowerShell 5.1 nobody sees here. Wine has no management classes and no event
log. The test of their failing has them so; where facts are compared, they are answered from a file.
"""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest
import yaml

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, rows
from ansible_collections.winstorage.iscsi.tests.proof.conformance import engines as runners
from ansible_collections.winstorage.iscsi.tests.proof.conformance import suite
from ansible_collections.winstorage.iscsi.tests.proof.standin import build
from ansible_collections.winstorage.iscsi.tests.proof.standin.server import Server
from ansible_collections.winstorage.iscsi.tests.proof.standin.simulated import SimulatedHost
from ansible_collections.winstorage.iscsi.tests.proof.support import registry, rows_standin
from ansible_collections.winstorage.iscsi.tests.proof.support.powershell import WinePowerShell
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import WinePrefix, windows_path
from ansible_collections.winstorage.iscsi.tests.proof.winrm import host, scenario
from ansible_collections.winstorage.iscsi.tests.proof.winrm.fleet import Fleet
from ansible_collections.winstorage.iscsi.tests.proof.winrm.scenario import comparable
from ansible_collections.winstorage.iscsi.tests.unit.support.sites import ROOT
from ansible_collections.winstorage.iscsi.tests.windows import judge, probe

DEMO = ROOT / "demo"
HOSTS = sorted(path.stem for path in (DEMO / "hosts").glob("*.yml"))
SCRIPTS = Path(probe.__file__).parent
SOURCE = windows_path(runners.MODULE_UTILS / "Iscsidsc.cs")


@pytest.fixture(scope="module")
def powershell(tmp_path_factory):
    """A Windows of our own, with the service and the DLL."""
    with WinePrefix(tmp_path_factory.mktemp("windows")) as windows:
        found = WinePowerShell(windows)
        windows.add_service("MSiSCSI")
        windows.install(build.library("x64"), "iscsidsc.dll")
        yield found


# What the engine under Wine has read as its input becomes the standard input of a script.
AS_STANDARD_INPUT = "[Console]::SetIn([IO.StringReader]::new(@($input) -join \"`n\")); & '{script}' '{argument}'"


def script(name, argument, before=AS_STANDARD_INPUT, **more):
    """The command that runs a script of tests/windows."""
    return before.format(script=windows_path(SCRIPTS / name), argument=argument, **more)


# -- rows --------------------------------------------------------------------------------------------------------------

LOGINS = "SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e97b-e325-11ce-bfc1-08002be10318}\\0003\\PersistentTargets"
SECRET = b"Marker-Secret42"
HEAD = bytes(range(256)) * 8
SAVED = HEAD[: rows.LOGIN_TARGET_HEAD] + bytes(2512 - rows.LOGIN_TARGET_HEAD) + SECRET  # as the driver keeps a login


def test_rows_come_from_the_registry_and_of_a_login_only_its_head(powershell):
    """Broken management classes and a broken event log say so, and take nothing else with them."""
    registry.fill(powershell.wine)
    registry.add_binary(powershell.wine, f"{LOGINS}\\A\\LoginTarget", {rows.LOGIN_TARGET: SAVED})
    broken = [rows.CimQuery("root/wmi", "Any", ("Name",)), rows.EventQuery("System", "iScsiPrt", (1,))]
    saved = rows.RegistryQuery(LOGINS + "\\*\\LoginTarget", (rows.LOGIN_TARGET,), rows.LOGIN_TARGET_HEAD)
    asked = [*broken, *registry.ASKED, saved, *broken]
    command = script("rows_lines.ps1", windows_path(runners.MODULE_UTILS / "Rows.psm1"))
    done = powershell.run("-Command", command, stdin=rows.encode_queries(asked).encode())
    assert done.returncode == 0, done.stderr.decode()
    answers = rows.decode_rows(done.stdout.decode("utf-8-sig").strip(), asked)
    assert [bool(answer.error) and answer.rows is None for answer in answers] == [query in broken for query in asked]
    assert answers[2:-3] == registry.EXPECTED
    (login,) = answers[-3].rows
    assert bytes.fromhex(login["values"][rows.LOGIN_TARGET]) == SAVED[: rows.LOGIN_TARGET_HEAD]
    assert SECRET.hex() not in done.stdout.decode().lower()


# -- playbooks ---------------------------------------------------------------------------------------------------------

# The host of which the role changes something. Its declaration is that of the demo. It alone is also read under the
# versions of ansible-core that send PowerShell something else; see the Makefile.
CHANGED = "hyperv02"
OTHERS = [name for name in HOSTS if name != CHANGED]
SEND_TARGETS = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\iSCSI\\Discovery\\Send Targets"
SERVICE = {"state": "running", "start_mode": "automatic"}  # as the one of Wine is
FACTS = [{"name": "facts", "winstorage.iscsi.initiator_facts": None}]
ROLE = [
    {"name": "declared", "ansible.builtin.include_vars": str(path)}
    for path in (DEMO / "group_vars" / "simulated.yml", DEMO / "host_vars" / f"{CHANGED}.yml")
] + [
    {
        "name": "role",
        "ansible.builtin.include_role": {"name": "winstorage.iscsi.initiator"},
        "vars": {"initiator_mode": "enforce"},
    }
] * 2


@pytest.fixture(scope="module")
def fleet(powershell, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    module = powershell.add_module(rows_standin.MODULE)
    with Fleet(folder, scenario.STATE, scenario.SECRETS) as hosts:
        for name in HOSTS:
            state, answers = folder / f"{name}-state.yml", folder / f"{name}-rows.json"
            described = yaml.safe_load((DEMO / "hosts" / f"{name}.yml").read_text(encoding="utf-8"))
            state.write_text(yaml.safe_dump({**described, "service": SERVICE}), encoding="utf-8")
            simulated = SimulatedHost(state)
            rows_standin.write_host(answers, simulated.simulator)
            for row in simulated.machine().rows(rows.RegistryQuery(SEND_TARGETS)):
                registry.add_binary(powershell.wine, row["key"], dict.fromkeys(row["values"], b"\0"))
            hosts.simulator("simulated-" + name, state)
            hosts.wine(name, powershell, state, **{rows_standin.VARIABLE: windows_path(answers)})
        yield hosts
    module.unlink()


def both(*names):
    """Hosts under Wine, and those that they are compared with."""
    return ",".join([*names, *("simulated-" + name for name in names)])


@pytest.fixture(scope="module")
def read(fleet):
    return fleet.play(FACTS, limit=both(CHANGED))


@pytest.fixture(scope="module")
def read_others(fleet):
    return fleet.play(FACTS, limit=both(*OTHERS))


@pytest.fixture(scope="module")
def enforced(fleet, read):
    return fleet.play(ROLE, limit=both(CHANGED))


def facts_of(play, name):
    return play.of(name, "facts")["ansible_facts"]["windows_iscsi"]


def has_facts_of_the_simulator(read, name):
    assert read.rc == 0, read.output
    found, expected = dict(facts_of(read, name)), dict(facts_of(read, "simulated-" + name))
    assert expected["persistent_logins"] and expected["initiator_ports"]
    found.pop("host"), expected.pop("host")  # who ran it
    assert found == expected


def test_facts_are_those_of_the_simulator(read):
    has_facts_of_the_simulator(read, CHANGED)


@pytest.mark.parametrize("name", OTHERS)
def test_facts_of_other_hosts_are_those_of_the_simulator(read_others, name):
    has_facts_of_the_simulator(read_others, name)


def test_the_host_is_that_of_wine(read):
    found = facts_of(read, CHANGED)["host"]
    assert found["runtime"].startswith("CLR 1")  # .NET 10 and newer
    assert found["windows_version"].startswith("10.0.")
    assert (found["service_state"], found["service_start_mode"]) == ("running", "automatic")
    assert found["elevated"] is True


def test_the_role_enforces_the_declaration_and_then_finds_nothing_to_do(enforced):
    assert enforced.rc == 0, enforced.output
    runs = {
        name: [each.result for each in enforced.results[name] if each.task.endswith("Apply the declaration")]
        for name in (CHANGED, "simulated-" + CHANGED)
    }
    assert [result["changed"] for result in runs[CHANGED]] == [True, False]
    assert [comparable(result) for result in runs[CHANGED]] == [
        comparable(result) for result in runs["simulated-" + CHANGED]
    ]


def test_module_and_utilities_arrive_as_they_are(fleet, enforced):
    inputs = fleet.endpoints[CHANGED].host.inputs
    assert len(inputs) == 6  # facts; the role reads, changes and audits, reads and audits
    for stdin in inputs:
        assert host.arrived(stdin) == list(host.sources())


# -- scripts of the Windows workflow -----------------------------------------------------------------------------------


DWORD = "REG_DWORD    0x1"
LOGGED = {  # below the policies of each PowerShell
    "ScriptBlockLogging": ("EnableScriptBlockLogging", DWORD),
    "ModuleLogging": ("EnableModuleLogging", DWORD),
    "ModuleLogging\\ModuleNames": ("*", "REG_SZ    *"),
    "Transcription": ("EnableTranscripting", DWORD),
}


def registry_value(powershell, key, name):
    """The type and the value of a name below HKEY_LOCAL_MACHINE."""
    done = powershell.wine.run("reg", "query", f"HKLM\\{key}", "/v", name)
    (line,) = [line.strip() for line in done.stdout.decode().splitlines() if line.strip().startswith(name + " ")]
    return line[len(name) :].strip()


def test_the_logs_are_switched_on_in_the_registry(powershell, tmp_path):
    command = f"& '{windows_path(SCRIPTS / 'search_logs.ps1')}' -Enable -Folder '{windows_path(tmp_path / 'kept')}'"
    done = powershell.run("-Command", f"{command}; {command}")  # the second finds the keys
    assert done.returncode == 0, done.stderr.decode()
    for root in ("Windows\\PowerShell", "PowerShellCore"):
        policies = f"SOFTWARE\\Policies\\Microsoft\\{root}"
        for key, (name, value) in LOGGED.items():
            assert registry_value(powershell, f"{policies}\\{key}", name) == value, key
        assert registry_value(powershell, f"{policies}\\Transcription", "OutputDirectory").endswith("\\kept")
    assert (tmp_path / "kept").is_dir()


# Runs batches over a connection, so that one can follow from the answer to the last.
AS_CONNECTION = (
    "$stream = [Net.Sockets.TcpClient]::new('127.0.0.1', {port}).GetStream(); "
    "[Console]::SetIn([IO.StreamReader]::new($stream)); "
    "$writer = [IO.StreamWriter]::new($stream); $writer.AutoFlush = $true; [Console]::SetOut($writer); "
    "& '{script}' '{argument}'"
)
LAB = probe.Lab("192.0.2.50", 3260, "iqn.2004-01.com.example:lab")
# How lists are sized and end in memory is up to the stand-in library, whatever the dialect.
OF_THE_STANDIN = {"list_size_reports": "larger", "empty_list": "success", "text_list_tail": "garbage"}
HOST = {
    "service": SERVICE,
    "dialect": {"letter_case": "upper"},
    "network": {"arrays": [{"portals": [LAB.address], "targets": [{"iqn": LAB.target, "luns": [0]}]}]},
}


@pytest.fixture
def lines(powershell, tmp_path):
    """Runs batches in one PowerShell, whose DLL is answered for by a host of the state in host.yml."""
    state = tmp_path / "host.yml"
    state.write_text(yaml.safe_dump(HOST))
    simulated = SimulatedHost(state)
    with socket.create_server(("127.0.0.1", 0)) as listener, Server(simulated, simulated.variant) as server:
        listener.settimeout(120)
        command = script("run_lines.ps1", SOURCE, AS_CONNECTION, port=listener.getsockname()[1])
        process = subprocess.Popen(
            [*powershell.command, "-Command", command],
            env=powershell.environment(server.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        process.stdin.close()
        try:
            connection, _address = listener.accept()
            connection.settimeout(120)
            with connection, connection.makefile("rw", encoding="ascii", newline="\n") as stream:

                def run(batch):
                    stream.write(batch + "\n")
                    stream.flush()
                    return stream.readline().strip()

                yield run
        finally:
            process.kill()
            process.wait()


def test_powershell_for_windows_meets_the_suite_of_every_runner(powershell, tmp_path):
    """As in the workflow: the library is in a folder, although there is one in system32, from which alone the runner
    loads otherwise. Where an export is missing, .NET does not come back from the exception under Wine."""
    cases = [case for case in suite.CASES if not case.name.endswith("export that the library lacks")]
    assert len(cases) == len(suite.CASES) - 2
    library = runners.scripted_library("x64", tmp_path)
    command = script("run_lines.ps1", f"{SOURCE}' -Folder '{windows_path(library.parent)}")
    judge.conformance(
        8, *powershell.command, "-Command", command, environment=powershell.environment(None), cases=cases
    )


def test_the_probe_finds_the_dialect_of_the_host(lines, tmp_path):
    """But for what it would stop the service for: the service is that of Wine."""
    expected = SimulatedHost(tmp_path / "host.yml")
    answers = [
        {name: finding.answer for name, finding in probe.Probe(rows_standin.calls_only(run), LAB).run().items()}
        for run in (lines, lambda batch: executor.run(batch, expected.machine()))
    ]
    assert answers[0] == {**answers[1], **OF_THE_STANDIN}
    assert {name: answers[0][name] for name in HOST["dialect"]} == HOST["dialect"]
