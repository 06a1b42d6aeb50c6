# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of the same state, each reached in another way, and playbooks that run against all of them.

But for that of the simulator engine each has its own simulated host behind the stand-in iscsidsc.dll.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import yaml

import ansible_collections.winstorage.iscsi as collection
from ansible_collections.winstorage.iscsi.tests.proof.standin import build
from ansible_collections.winstorage.iscsi.tests.proof.standin.server import Server
from ansible_collections.winstorage.iscsi.tests.proof.standin.simulated import SimulatedHost
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import requires
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import windows_path
from ansible_collections.winstorage.iscsi.tests.proof.winrm import host
from ansible_collections.winstorage.iscsi.tests.proof.winrm.endpoint import CommandShell, Endpoint
from ansible_collections.winstorage.iscsi.tests.proof.winrm.psrp import RunspaceShell
from ansible_collections.winstorage.iscsi.tests.unit.support import sites

VIEW = Path(next(iter(collection.__path__))).parents[2]
SHELLS = {shell.URI: shell for shell in (CommandShell, RunspaceShell)}
CONNECTIONS = {
    "winrm": {"ansible_winrm_scheme": "http", "ansible_winrm_transport": "basic"},
    "psrp": {"ansible_psrp_protocol": "http", "ansible_psrp_auth": "basic", "ansible_psrp_message_encryption": "never"},
}

# sshd whose shell is cmd: what Ansible sends is a program with arguments that nothing expands
SSH = """\
#!{python}
import json, os, sys
command = sys.argv[-1]
if len("cmd /c " + command) > {longest}:
    sys.exit("The command line is too long.")
program, *arguments = command.removeprefix("chcp.com 65001 >nul 2>&1 && ").split()
if program.lower() != "powershell":
    sys.exit(f"'{{program}}' is not recognized as an internal or external command,")
os.execvpe("PowerShell", ["PowerShell", *arguments], json.loads({environment!r}))
"""

# With it Windows PowerShell 5.1 begins a program's standard input under code page 65001.
BYTE_ORDER_MARK = "\\357\\273\\277"


class Fleet(contextlib.ExitStack):
    """An inventory in a folder, from ``with`` to its end.

    ``hosts``: its variables by name. ``servers``, ``endpoints``: of a name, what it is reached through.

    :param state: of every host, as the simulator's file has it.
    :param secrets: what playbooks find as ``secrets`` in ../secrets.yml.
    """

    def __init__(self, folder, state, secrets):
        super().__init__()
        (folder / "secrets.yml").write_text(yaml.safe_dump({"secrets": secrets}), encoding="utf-8")
        folder = folder / "site"
        folder.mkdir()
        self.folder, self.hosts, self.servers, self.endpoints, self.environment = folder, {}, {}, {}, {}
        self._runs = 0
        self._state = folder.parent / "state.yml"
        self._state.write_text(yaml.safe_dump(state), encoding="utf-8")

    # -- hosts --

    def simulator(self, name, state=None):
        """A host of the simulator engine; ``state``: a file, else that of every host."""
        path = self.folder.parent / (name + ".yml")
        path.write_bytes((state or self._state).read_bytes())
        self.hosts[name] = {"ansible_connection": "local", "winstorage_iscsi_simulator_state": str(path)}

    def native(self, name):
        """A host of the native engine. There can be one: its library is that of ansible-playbook's own process."""
        self.environment.update(self._server(name).environment)
        self._on_this_machine(name, engine="native")

    def python(self, name, interpreter=sys.executable):
        """A host of the python engine over the local connection."""
        wrapper = self.folder / (name + "-python")
        variables = "".join("export {}={}\n".format(*pair) for pair in self._server(name).environment.items())
        wrapper.write_text(f'#!/bin/sh\n{variables}exec "{interpreter}" "$@"\n', encoding="ascii")
        wrapper.chmod(0o755)
        self._on_this_machine(name, engine="python", python=str(wrapper))

    def _on_this_machine(self, name, **variables):
        self.hosts[name] = {"ansible_connection": "local", **_ours(dll=str(build.library("elf")), **variables)}

    def windows(self, name, connection="winrm", before=None, options=(), **environment):
        """A host of the powershell engine, which is this machine; see :func:`host.linux`."""
        environment = {**self._server(name).environment, **environment}
        self._remote(name, connection, host.linux(self.folder.parent / name, environment, before, options))

    def windows_ssh(self, name):
        """The same over ssh, to a cmd. A program in ssh's place starts what it is given."""
        reached = host.linux(self.folder.parent / name, self._server(name).environment)
        ssh = self.folder / (name + "-ssh")
        environment, longest = json.dumps(reached.environment), host.LONGEST_COMMAND_LINE
        ssh.write_text(SSH.format(python=sys.executable, longest=longest, environment=environment), encoding="utf-8")
        ssh.chmod(0o755)
        self.hosts[name] = {
            "ansible_connection": "ssh",
            "ansible_shell_type": "cmd",
            "ansible_ssh_executable": str(ssh),
        }

    def wine(self, name, powershell, state=None, **variables):
        """A host of the powershell engine: ``powershell`` is a :class:`powershell.WinePowerShell`."""
        environment = powershell.environment({**self._server(name, state).environment, **variables})
        self._remote(name, "winrm", host.Host(powershell.command, environment, finds_itself=False))
        # ansible-core 2.21 asks Get-Command for the interpreter, which under Wine finds no program by its name alone.
        # By its path it is found, and since that is where the running PowerShell is, no other one is started.
        self.hosts[name]["ansible_pwsh_interpreter"] = windows_path(powershell.executable)

    def windows_python(self, name, python, connection="winrm"):
        """A host of the python engine: ``python`` is a :class:`wine.WinePython`, which the PowerShell there starts."""
        environment = self._server(name).environment
        started = [requires("wine", "wine"), str(python.executable)]
        wrapper = self.folder / (name + "-python")
        wrapper.write_text(
            "#!/bin/sh\n{ printf '"
            + BYTE_ORDER_MARK
            + "'; cat; } | env -i "
            + shlex.join([*map("=".join, python.wine.environment(environment).items()), *started])
            + ' "$@"\n',
            encoding="ascii",
        )
        wrapper.chmod(0o755)
        self._remote(name, connection, host.linux(self.folder.parent / name, environment))
        self.hosts[name].update(_ours(engine="python", python=str(wrapper), dll=windows_path(build.library("x64"))))

    def _remote(self, name, connection, reached):
        endpoint = self.endpoints[name] = self.enter_context(Endpoint(reached, SHELLS))
        self.hosts[name] = {
            "ansible_connection": connection,
            "ansible_host": "127.0.0.1",
            "ansible_port": endpoint.port,
            "ansible_user": endpoint.USER,
            "ansible_password": endpoint.PASSWORD,
            **CONNECTIONS[connection],
        }

    def _server(self, name, state=None):
        simulated = SimulatedHost(state or self._state)
        self.servers[name] = self.enter_context(Server(simulated, simulated.variant))
        return self.servers[name]

    # -- playbooks --

    def play(self, tasks, *arguments, limit="all", **environment):
        """Run tasks as a playbook.

        What came of it: rc, output, the results of each host in order, with task and status; ``of(host, task)``.
        """
        self._runs += 1
        results = self.folder / (f"results{self._runs}.json")
        inventory, playbook = self.folder / "inventory.yml", self.folder / "playbook.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": self.hosts}}), encoding="utf-8")
        play = {"hosts": "all", "gather_facts": False, "vars_files": ["../secrets.yml"], "tasks": tasks}
        playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(VIEW),
            "ANSIBLE_HOME": str(self.folder / "home"),
            "ANSIBLE_FORKS": "4",
            "ANSIBLE_CALLBACK_PLUGINS": str(sites.CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "results",
            "RESULTS_FILE": str(results),
            **self.environment,
            **environment,
        }
        command = [
            sys.executable,
            Path(sys.executable).parent / "ansible-playbook",
            "-i",
            inventory,
            playbook,
            "--limit",
            limit,
            *arguments,
        ]
        done = subprocess.run(
            command,
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=environment,
        )
        found = {name: [] for name in self.hosts}
        for line in results.read_text(encoding="utf-8").splitlines() if results.exists() else ():
            one = json.loads(line)
            found[one.pop("host")].append(SimpleNamespace(**one))

        def of(host, task):
            (result,) = [one.result for one in found[host] if one.task == task]
            return result

        return SimpleNamespace(rc=done.returncode, output=done.stdout, results=found, of=of)


def _ours(**variables):
    return {"winstorage_iscsi_" + name: value for name, value in variables.items()}
