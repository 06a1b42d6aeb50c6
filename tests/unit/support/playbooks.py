# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-playbook of this Python, without starting it each time.

Half of the time of a small playbook goes into importing Ansible and the collection. The first playbooks of an
environment are run by the command itself. Where more follow, a process that has imported everything under the same
environment forks a child for each. The child calls what the command calls.
"""

from __future__ import annotations

import array
import atexit
import collections
import contextlib
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

COMMAND = Path(sys.executable).parent / "ansible-playbook"
# What may differ from run to run: it is not looked at while Ansible is imported.
OF_ONE_RUN = ("PWD", "PYTEST_CURRENT_TEST", "RESULTS_FILE")
BY_THE_COMMAND = 2  # so many playbooks of an environment: a server costs as much as it spares for another two
MOST_SERVERS = 4


def run(*arguments, cwd, env):
    """Run ansible-playbook: a CompletedProcess, with everything that it printed as stdout."""
    arguments = [str(COMMAND), *map(str, arguments)]
    key = _key(cwd, env)
    _runs[key] += 1
    if _runs[key] > BY_THE_COMMAND:
        return _server(key, cwd, env).run(arguments, cwd, env)
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=env,
    )


# -- the side of the tests ---------------------------------------------------------------------------------------------

_runs = collections.Counter()
_servers = collections.OrderedDict()  # by key, the last one used at the end


def _key(cwd, env):
    """All that Ansible reads while it is imported: the environment, and the configuration file of the folder."""
    lasting = sorted(item for item in env.items() if item[0] not in OF_ONE_RUN)
    return json.dumps([str(cwd) if Path(cwd, "ansible.cfg").exists() else None, lasting])


def _server(key, cwd, env):
    if key not in _servers:
        _servers[key] = _Server(cwd, env)
    _servers.move_to_end(key)
    if len(_servers) > MOST_SERVERS:
        _servers.popitem(last=False)[1].close()
    return _servers[key]


class _Server:
    """The process that forks."""

    def __init__(self, cwd, env):
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=cwd,
                env=env,
            )

    def run(self, arguments, cwd, env):
        with tempfile.TemporaryFile() as output:
            request = json.dumps([arguments, str(cwd), dict(env)]).encode()
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [output.fileno()]))
            self._socket.sendmsg([f"{len(request):8}".encode()], [rights])
            self._socket.sendall(request)
            status = self._socket.recv(8)
            if not status:
                raise RuntimeError("the server of playbooks ended")
            output.seek(0)
            return subprocess.CompletedProcess(arguments, int(status), output.read().decode())

    def close(self):
        self._socket.close()
        self._process.wait()


@atexit.register
def _close_all():
    while _servers:
        _servers.popitem()[1].close()


# -- the side of the server --------------------------------------------------------------------------------------------


def serve(connection):
    _import_all()
    while header := connection.recvmsg(8, socket.CMSG_SPACE(4)):
        length, rights = header[:2]
        if not length:
            return
        (output,) = array.array("i", rights[0][2])
        arguments, cwd, env = json.loads(_receive(connection, int(length)))
        child = os.fork()
        if not child:
            connection.close()
            _be_the_command(arguments, cwd, env, output)
        os.close(output)
        connection.sendall(b"%8d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _receive(connection, length):
    received = b""
    while len(received) < length:
        received += connection.recv(length - len(received))
    return received


def _import_all():
    """What ansible-playbook itself imports, and the plugins that it loads when a playbook asks for them."""
    importlib.import_module("ansible.cli.playbook")
    from ansible.plugins import loader
    from ansible.utils.collection_loader import _collection_finder

    loader.init_plugin_loader()
    kinds = ("action", "callback", "connection", "filter", "inventory", "lookup", "shell", "strategy", "test", "vars")
    for package in [f"ansible.plugins.{kind}" for kind in kinds]:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, package + "."):
            _import(module.name)
    list(loader.callback_loader.all(class_only=True))  # and the options in their documentation
    ours = "ansible_collections.winstorage.iscsi.plugins"
    for kind in ("action", "filter"):
        with contextlib.suppress(ImportError):
            folder = importlib.import_module(f"{ours}.{kind}").__path__
            for path in sorted(Path(next(iter(folder))).glob("*.py")):
                _import(f"{ours}.{kind}.{path.stem}")
    # the command sets it up itself
    _collection_finder._AnsibleCollectionFinder._remove()


def _import(name):
    """Import a module, if what it needs is installed."""
    with contextlib.suppress(ImportError):
        importlib.import_module(name)


def _be_the_command(arguments, cwd, env, output):
    """What is left of ansible-playbook's start, its main function, and the end of the process."""
    code = 1
    try:
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        os.close(output)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        sys.argv = arguments
        from ansible.cli.playbook import main

        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # the folder for temporary files, which a normal end removes, is the server's


if __name__ == "__main__":
    sys.path[0] = str(COMMAND.parent)
    serve(socket.socket(fileno=int(sys.argv[1])))
