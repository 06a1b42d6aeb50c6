# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of the documentation: what each ansible-core makes of their variables, and what it would send.

Each ansible-core that make has set up for tests (.venv-2.16, .venv-2.19, ...) is asked, and not only the one that runs
them: make sets up all that it was asked for before.
A program in ssh's place keeps what it was given. What a PowerShell behind sshd makes of it is asked of PowerShell 7.
"""

from __future__ import annotations

import base64
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

# The table of the page "Connect to Windows": ansible-core -> (ansible_shell_type, what sshd starts) that work.
_ALL = {(type_, sshd) for type_ in SHELL_TYPES for sshd in SHELL_TYPES}
WORKING = {
    "2.16": {("cmd", "cmd"), ("powershell", "powershell")},
    "2.18": _ALL,
    "2.19": _ALL,
    "2.20": _ALL,
    "2.21": {("cmd", "cmd"), ("cmd", "powershell"), ("powershell", "powershell")},
}

SSH = """\
#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
number = len(list(folder.glob("*.json")))
text = json.dumps({{"arguments": sys.argv[1:], "input": sys.stdin.read()}})
(folder / f"{{number}}.json").write_text(text)
sys.exit(1)
"""
# Windows' programs, as far as a command of Ansible goes: what PowerShell hands to them, printed
PROGRAM = "#!{python}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n"
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
def sent(core, tmp_path_factory):
    """{shell type: all that ssh was given when the collection read a host}, as arguments and input."""
    version, python = core
    given = {}
    for type_ in SHELL_TYPES:
        folder = tmp_path_factory.mktemp(f"ssh-{version}-{type_}")
        (folder / "kept").mkdir()
        ssh = folder / "ssh"
        ssh.write_text(SSH.format(python=sys.executable, folder=str(folder / "kept")))
        ssh.chmod(0o755)
        variables = {"ansible_connection": "ssh", "ansible_shell_type": type_, "ansible_ssh_executable": str(ssh)}
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {"files03": variables}}}))
        done = subprocess.run(
            [
                *(python, python.parent / "ansible", "files03", "-i", "hosts.yml"),
                *("-m", "winstorage.iscsi.initiator_facts"),
            ],
            cwd=folder,
            env=environment(folder),
            capture_output=True,
            text=True,
            check=False,
        )
        given[type_] = [json.loads(path.read_text()) for path in sorted((folder / "kept").glob("*.json"))]
        assert given[type_], done.stdout + done.stderr
    return given


@pytest.fixture(scope="module")
def windows_programs(tmp_path_factory):
    """A folder with the programs that a command line of Ansible starts."""
    folder = tmp_path_factory.mktemp("programs")
    for name, text in {"PowerShell": PROGRAM, "powershell": PROGRAM, "chcp.com": "#!/bin/sh\n"}.items():
        (folder / name).write_text(text.format(python=sys.executable))
        (folder / name).chmod(0o755)
    return folder


def handed_over(command, sshd, pwsh, programs):
    """The text that PowerShell is handed as -EncodedCommand, or None if the shell of sshd does not start it so."""
    if sshd == "powershell":
        if "&&" in command:  # valid in PowerShell 7 only, and here stands for 5.1
            return None
        done = subprocess.run(
            [pwsh, "-NoProfile", "-NonInteractive", "-Command", command],
            env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        arguments = json.loads(done.stdout)
    else:  # cmd: single quotes and semicolons mean nothing to it
        if not re.match(r"(chcp\.com 65001 >nul 2>&1 && )?PowerShell ", command, re.IGNORECASE):
            return None
        arguments = command.split(" ")
    return arguments[arguments.index("-EncodedCommand") + 1]


def decoded(argument):
    """The script of an -EncodedCommand. PowerShell takes nothing but base64."""
    return base64.b64decode(argument, validate=True).decode("utf-16-le")


@pytest.mark.parametrize("sshd", SHELL_TYPES)
@pytest.mark.parametrize("type_", SHELL_TYPES)
def test_ssh_reaches_powershell_as_the_documentation_says(core, sent, pwsh, windows_programs, type_, sshd):
    (command,) = [one["arguments"][-1] for one in sent[type_]]
    try:
        script = decoded(handed_over(command, sshd, pwsh, windows_programs) or "'")
        if " -EncodedCommand " in script:  # ansible-core 2.16 has one PowerShell start another
            script = decoded(script.split(" -EncodedCommand ")[1].split()[0])
        works = "PSVersionTable" in script
    except ValueError:
        works = False
    assert works == ((type_, sshd) in WORKING[core[0]])


@pytest.mark.parametrize("type_", SHELL_TYPES)
def test_over_ssh_the_batch_goes_to_standard_input_and_into_no_file(sent, type_):
    """By one command of ssh. Without pipelining, older versions of ansible-core make a folder and copy files first."""
    (only,) = sent[type_]
    assert "iscsidsc_call" in only["input"]
    assert "H4sI" in only["input"] and "H4sI" not in " ".join(only["arguments"])


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
