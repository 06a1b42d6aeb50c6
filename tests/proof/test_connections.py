# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of the documentation: what each ansible-core makes of their variables, and what it would send.

Each ansible-core that make has set up for tests (.venv-2.16, .venv-2.19, ...) is asked, and not only the one that runs
them: make sets up all that it was asked for before.
A program in ssh's place keeps what it was given, and an endpoint of WinRM what was asked of it. What a PowerShell
behind sshd makes of a command is asked of PowerShell 7.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import ansible_collections.winstorage.iscsi as collection
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import powershell
from ansible_collections.winstorage.iscsi.tests.proof.winrm.endpoint import CommandShell, Endpoint
from ansible_collections.winstorage.iscsi.tests.proof.winrm.fleet import CONNECTIONS

URI = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
URI_7 = "http://schemas.microsoft.com/powershell/PowerShell.7"
ROOT = Path(next(iter(collection.__path__)))
VIEW = ROOT.parents[1]
EXAMPLE = ROOT / "demo" / "inventory.windows.example.yml"
MOLECULE = ROOT / "extensions" / "molecule" / "windows" / "inventory" / "hosts.yml"
_STAMPS = Path(sys.prefix).parent.glob(".venv-2.*/test.stamp")
CORES = {
    **{path.parent.name.rpartition("-")[2]: path.parent / "bin/python" for path in _STAMPS},
    Path(sys.prefix).name.rpartition("-")[2]: Path(sys.executable),
}
SHELL_TYPES = ("cmd", "powershell")
WAYS = [
    *((way, which) for way in (*SHELL_TYPES, "winrm") for which in ("none", "name", "path")),
    *(("psrp", which) for which in ("none", "configuration")),
]

# The table of the page "Connect to Windows": ansible-core -> (ansible_shell_type, what sshd starts) that work.
_ALL = {(type_, sshd) for type_ in SHELL_TYPES for sshd in SHELL_TYPES}
WORKING = {
    "2.16": {("cmd", "cmd"), ("powershell", "powershell")},
    "2.18": _ALL,
    "2.19": _ALL,
    "2.20": _ALL,
    "2.21": {("cmd", "cmd"), ("cmd", "powershell"), ("powershell", "powershell")},
}

# The table "Windows PowerShell or PowerShell 7": the cores that start what ansible_pwsh_interpreter names; over ssh
# these (ansible_shell_type, what sshd starts) do, if it is a name and if it is a path with spaces.
CHOOSE_INTERPRETER = {"2.21"}
INTERPRETER = {
    "name": WORKING["2.21"],
    "path": {("cmd", "cmd"), ("powershell", "powershell")},
}
NAME = "pwsh-preview"  # not pwsh: a PowerShell finds itself by that

SSH = """\
#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
number = len(list(folder.glob("*.json")))
text = json.dumps({{"arguments": sys.argv[1:], "input": sys.stdin.read()}})
(folder / f"{{number}}.json").write_text(text)
sys.exit(1)
"""
# Windows' programs, as far as a command of Ansible goes: how they are started, printed
PROGRAM = '#!/bin/sh\nprintf \'%s\\n\' "$0" "$@"\n'
# A PowerShell behind sshd, given one command after another
BEHIND_SSHD = """
$found = foreach ($command in [Console]::In.ReadToEnd() | ConvertFrom-Json) {
    try { , @(Invoke-Expression $command) } catch { , @() }
}
ConvertTo-Json @($found) -Depth 3 -Compress
"""
ENDPOINTS = """\
import json, sys
from ansible.plugins.loader import connection_loader, init_plugin_loader
from ansible.playbook.play_context import PlayContext
init_plugin_loader()
found = {}
for host, variables in json.load(sys.stdin).items():
    name = variables["ansible_connection"]
    context = PlayContext()
    plugin = connection_loader.get(name, context, "/dev/null")
    plugin.set_options(var_options={**variables, "_extras": {}})
    if name == "winrm":
        plugin._build_winrm_kwargs()
        found[host] = [plugin._winrm_scheme, int(plugin._winrm_port)]
    elif name == "psrp":
        plugin._build_kwargs()
        found[host] = ["https" if plugin._psrp_conn_kwargs["ssl"] else "http", plugin._psrp_port]
print(json.dumps(found))
"""


def environment(folder):
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "ANSIBLE_COLLECTIONS_PATH": str(VIEW.parent),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
    }


@pytest.fixture(scope="module", params=sorted(CORES))
def core(request):
    """(version, its Python)."""
    return request.param, CORES[request.param]


@pytest.fixture(scope="module")
def pwsh():
    return powershell()


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """A folder with the programs that a command line of Ansible starts, and the path with spaces of another one."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "Program Files").mkdir()
    for name in ("PowerShell", "powershell", NAME, f"Program Files/{NAME}"):
        (folder / name).write_text(PROGRAM)
        (folder / name).chmod(0o755)
    (folder / "chcp.com").write_text("#!/bin/sh\n")
    (folder / "chcp.com").chmod(0o755)
    return folder, str(folder / "Program Files" / NAME)


class Kept:
    """A host behind the endpoint that does nothing."""

    def __init__(self):
        self.commands = []

    def run(self, command_line, stdin):
        self.commands.append({"command": command_line, "input": stdin.decode()})
        return 1, b"", b""


class Refused:
    """A shell of PowerShell remoting that does not open."""

    def __init__(self, _host, _wanted):
        raise ConnectionRefusedError


@pytest.fixture(scope="module")
def sent(core, programs, tmp_path_factory):
    """{(connection or shell type, which interpreter): all that was sent when the collection read a host}.

    Commands and their input; of psrp the name of its endpoint.
    """
    version, python = core
    folder = tmp_path_factory.mktemp(f"sent-{version}")
    interpreters = {
        "none": {},
        "name": {"ansible_pwsh_interpreter": NAME},
        "path": {"ansible_pwsh_interpreter": programs[1]},
        "configuration": {"ansible_psrp_configuration_name": "PowerShell.7"},
    }
    hosts, endpoints = {}, {}
    with contextlib.ExitStack() as stack:
        for way, which in WAYS:
            name = f"{way}-{which}"
            if way in SHELL_TYPES:
                (folder / name).mkdir()
                ssh = folder / f"ssh-{name}"
                ssh.write_text(SSH.format(python=sys.executable, folder=str(folder / name)))
                ssh.chmod(0o755)
                variables = {"ansible_connection": "ssh", "ansible_shell_type": way, "ansible_ssh_executable": str(ssh)}
            else:
                shells = {CommandShell.URI: CommandShell, URI: Refused, URI_7: Refused}
                endpoint = endpoints[name] = stack.enter_context(Endpoint(Kept(), shells))
                variables = {
                    "ansible_connection": way,
                    "ansible_host": "127.0.0.1",
                    "ansible_port": endpoint.port,
                    "ansible_user": endpoint.USER,
                    "ansible_password": endpoint.PASSWORD,
                    **CONNECTIONS[way],
                }
            hosts[name] = {**variables, **interpreters[which]}
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        done = subprocess.run(
            [
                *(python, python.parent / "ansible", "all", "-i", "hosts.yml"),
                *("-m", "winstorage.iscsi.initiator_facts"),
            ],
            cwd=folder,
            env=environment(folder),
            capture_output=True,
            text=True,
            check=False,
        )
        for endpoint in endpoints.values():
            endpoint.problems.clear()
    given = {}
    for way, which in WAYS:
        name = f"{way}-{which}"
        if way in SHELL_TYPES:
            kept = [json.loads(path.read_text()) for path in sorted((folder / name).glob("*.json"))]
            found = [{"command": one["arguments"][-1], **one} for one in kept]
        elif way == "winrm":
            found = endpoints[name].host.commands
        else:
            found = set(re.findall(rf"{URI.rpartition('/')[0]}/[\w.]+", b"".join(endpoints[name].exposed).decode()))
        assert found, done.stdout + done.stderr
        given[way, which] = found
    return given


@pytest.fixture(scope="module")
def started(sent, pwsh, programs):
    """{(shell type, which interpreter, what sshd starts): the program that this starts, and its arguments}."""
    commands = {key: only["command"] for key, (only,) in sent.items() if key[0] in SHELL_TYPES}
    done = subprocess.run(
        [pwsh, "-NoProfile", "-NonInteractive", "-Command", BEHIND_SSHD],
        env={**os.environ, "PATH": f"{programs[0]}:{os.environ['PATH']}"},
        cwd=programs[0],  # a command line for Windows has >nul, which is a file here
        input=json.dumps(list(commands.values())),
        capture_output=True,
        text=True,
        check=True,
    )
    found = {}
    for (type_, which), command, words in zip(commands, commands.values(), json.loads(done.stdout), strict=True):
        found[type_, which, "cmd"] = started_by_cmd(command)
        # && is valid in PowerShell 7 only, and it stands for 5.1 here
        found[type_, which, "powershell"] = [] if "&&" in command else words
    return found


def started_by_cmd(command):
    """The same of cmd, to which single quotes, semicolons and & in front of them mean nothing."""
    command = re.sub(r"^chcp\.com 65001 >nul 2>&1 && ", "", command)
    found = re.fullmatch(r'("[^"]+"|[^\s"\';&>]+) ([^"&>]+)', command)
    return [found.group(1).strip('"'), *found.group(2).split(" ")] if found else []


def bootstrap(words):
    """The script that a PowerShell started so runs for Ansible, or None. It takes nothing but base64."""
    try:
        script = decoded(words[words.index("-EncodedCommand") + 1])
        if " -EncodedCommand " in script:  # ansible-core 2.16 has one PowerShell start another
            script = decoded(script.split(" -EncodedCommand ")[1].split()[0])
    except ValueError:
        return None
    return script if "PSVersionTable" in script else None


def decoded(argument):
    """The script of an -EncodedCommand. PowerShell takes nothing but base64."""
    return base64.b64decode(argument, validate=True).decode("utf-16-le")


@pytest.mark.parametrize("sshd", SHELL_TYPES)
@pytest.mark.parametrize("type_", SHELL_TYPES)
def test_ssh_reaches_powershell_as_the_documentation_says(core, started, type_, sshd):
    words = started[type_, "none", sshd]
    assert bool(bootstrap(words)) == ((type_, sshd) in WORKING[core[0]])


@pytest.mark.parametrize("way", [*SHELL_TYPES, "winrm"])
def test_the_batch_goes_to_standard_input_and_into_no_file(sent, way):
    """By one command. Over ssh without pipelining, older ansible-core makes a folder and copies files first."""
    (only,) = sent[way, "none"]
    assert "iscsidsc_call" in only["input"]
    assert "H4sI" in only["input"] and "H4sI" not in " ".join(only.get("arguments", [only["command"]]))


@pytest.mark.parametrize("way", [*SHELL_TYPES, "winrm"])
def test_powershell_is_told_that_the_module_needs_5_1(sent, way):
    """Before 2.19 Ansible itself is content with 3.0."""
    (only,) = sent[way, "none"]
    assert re.search(r'"(min_ps_version|MinPSVersion)": "5\.1"', only["input"])


# -- PowerShell 7 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["none", "name", "path"])
def test_winrm_starts_the_interpreter_or_powershell(core, sent, programs, which):
    (only,) = sent["winrm", which]
    program, *words = started_by_cmd(only["command"])
    if core[0] in CHOOSE_INTERPRETER and which != "none":
        assert program == {"name": NAME, "path": programs[1]}[which]
    else:
        assert program.lower() == "powershell"
    assert bootstrap(words)
    assert len("cmd /c " + only["command"]) < 8192  # what cmd takes


@pytest.mark.parametrize("which", INTERPRETER)
@pytest.mark.parametrize("sshd", SHELL_TYPES)
@pytest.mark.parametrize("type_", SHELL_TYPES)
def test_ssh_starts_the_interpreter_as_the_documentation_says(core, sent, started, programs, type_, sshd, which):
    if core[0] not in CHOOSE_INTERPRETER:
        assert [one["command"] for one in sent[type_, which]] == [one["command"] for one in sent[type_, "none"]]
        return
    program, *words = started[type_, which, sshd] or [None]
    starts = bool(program and Path(program).name == NAME and bootstrap(words))
    assert starts == ((type_, sshd) in INTERPRETER[which])
    if which == "path" and starts:
        assert program == programs[1]


def test_an_interpreter_is_named_to_what_a_connection_starts(core, sent, programs):
    """psrp cannot choose it: there PowerShell starts the other one. Before 2.21 the variable changes nothing."""
    (only,) = sent["winrm", "path"]
    assert (f'"PwshPath": "{programs[1]}"' in only["input"]) == (core[0] in CHOOSE_INTERPRETER)


def test_psrp_asks_for_the_endpoint_that_the_configuration_names(sent):
    assert sent["psrp", "none"] == {URI}
    assert sent["psrp", "configuration"] == {URI_7}


# -- winrm and psrp ----------------------------------------------------------------------------------------------------


def endpoints(core, tmp_path, inventory, **variables):
    """{host: [scheme, port]}, as the connection plugins understand an inventory."""
    _version, python = core
    listed = subprocess.run(
        [python, python.parent / "ansible-inventory", "-i", inventory, "--list"],
        env={**environment(tmp_path), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    hosts = {
        host: {"inventory_hostname": host, "ansible_host": host, **held}
        for host, held in json.loads(listed.stdout)["_meta"]["hostvars"].items()
    }
    for held in hosts.values():  # the inventory's templates that a task would fill in
        for name, value in held.items():
            held[name] = variables.get(name, value)
    done = subprocess.run(
        [python, "-c", ENDPOINTS],
        input=json.dumps(hosts),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_example_inventory_reaches_winrm_over_http_where_it_says_so(core, tmp_path):
    assert endpoints(core, tmp_path, EXAMPLE) == {
        "sql01.example.com": ["http", 5985],
        "hyperv02.example.com": ["http", 5985],
    }


@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_the_windows_scenario_reaches_a_forwarded_port_over_http(core, tmp_path, connection):
    forwarded = {"ansible_connection": connection, "ansible_port": "55985", "ansible_host": "127.0.0.1"}
    assert endpoints(core, tmp_path, MOLECULE, **forwarded) == {"initiator": ["http", 55985]}


def test_the_shell_type_of_the_example_is_the_one_that_sshd_has_without_configuration():
    hosts = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["windows"]["children"]["by_ssh"]
    assert hosts["vars"]["ansible_shell_type"] == "cmd"
    assert all(("cmd", "cmd") in working for working in WORKING.values())


def test_the_documentation_shows_the_example_inventory():
    page = (ROOT / "docs" / "docsite" / "rst" / "connect.rst").read_text(encoding="utf-8")
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    start, end = lines.index("    by_winrm:"), lines.index("  vars:")
    assert "\n".join(lines[start:end]) in page
