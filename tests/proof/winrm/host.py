# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host behind the endpoint whose one program is PowerShell: that of this machine does what Ansible asks for.

It finds the stand-in libraries as Windows finds its own. What came is kept for the tests to look at.
"""

from __future__ import annotations

import base64
import os
import re
import shlex
import subprocess
from pathlib import Path

from ansible.executor.powershell import module_manifest

from ansible_collections.winstorage.iscsi import plugins
from ansible_collections.winstorage.iscsi.tests.proof.standin import build
from ansible_collections.winstorage.iscsi.tests.proof.support import powershell, tools

PLUGINS = Path(next(iter(plugins.__path__)))
LONGEST_COMMAND_LINE = 8191  # cmd.exe's own limit: Microsoft, "Command prompt line string limitation"
NAMES = ("powershell", "pwsh")
# All that the first PowerShell is asked for by ansible-core 2.16 and 2.18 over winrm: to start another one.
ANOTHER = re.compile(r"(?i)PowerShell( -[^\n]*-EncodedCommand [A-Za-z0-9+/=]+)\s*")


class Host:
    """See endpoint.py for what it is asked.

    :param start: the command of its PowerShell, to which options are added.
    :param environment: all variables of each process.
    :param before: called with the standard input of each command; may raise, or return other variables for it.
    :param finds_itself: False where a PowerShell can start no other by its name; one that was asked to is left out.
    """

    def __init__(self, start, environment, before=None, finds_itself=True):
        self.start, self.environment, self.before = start, environment, before or (lambda stdin: {})
        self.finds_itself = finds_itself
        self.command_lines, self.scripts, self.inputs = [], [], []

    def run(self, command_line, stdin):
        """As cmd.exe would: exit code, output, errors."""
        self.command_lines.append(command_line)
        if len("cmd /c " + command_line) > LONGEST_COMMAND_LINE:
            return 1, b"", b"The command line is too long.\r\n"
        program, *arguments = command_line.split()
        if program.lower().rpartition("\\")[2].removesuffix(".exe") not in NAMES:
            message = f"'{program}' is not recognized as an internal or external command,\r\n"
            return 1, b"", (message + "operable program or batch file.\r\n").encode()
        script = script_of(arguments)
        another = None if self.finds_itself else ANOTHER.fullmatch(script)
        if another:
            arguments = another.group(1).split()
            script = script_of(arguments)
        self.keep(script, stdin)
        done = subprocess.run(
            [*self.start, *arguments],
            input=stdin,
            capture_output=True,
            env={**self.environment, **(self.before(stdin) or {})},
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def serve(self):
        """The process that WinRM starts for a shell of PowerShell remoting; the protocol is on its standard streams."""
        return subprocess.Popen(
            [*self.start, "-NoProfile", "-NoLogo", "-ServerMode"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self.environment,
        )

    def keep(self, script, stdin):
        """Keep what came as a command and as its input."""
        self.scripts.append(script)
        self.inputs.append(stdin)


def script_of(arguments):
    """What a PowerShell with these arguments runs."""
    return base64.b64decode(arguments[arguments.index("-EncodedCommand") + 1]).decode("utf-16-le")


def linux(folder, environment, before=None, options=()):
    """A host that is this machine.

    :param folder: an empty folder of its own: home of its user, and of programs that Windows has.
    :param environment: variables of each process beside its own.
    :param options: of each PowerShell, before those that Ansible chose.
    """
    programs, home = folder / "programs", folder / "home"
    programs.mkdir(parents=True)
    home.mkdir()
    for name in NAMES:  # ansible-core 2.21 compares its place with that of the running PowerShell
        (programs / name).symlink_to(powershell.executable())
    start = [tools.powershell(), *options]
    # ansible-core 2.16 starts a second PowerShell from the first, over winrm, and chooses the code page
    for name, script in {"PowerShell": f'exec {shlex.join(start)} "$@"', "chcp.com": "exit"}.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
        (programs / name).chmod(0o755)
    own = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(home),
        "LD_LIBRARY_PATH": f"{build.library('elf').parent}:{build.service_manager().parent}",
    }
    environment = {**os.environ, **powershell.ENVIRONMENT, **own, **environment}
    return Host(start, environment, before)


def sources():
    """{name: content} of what is sent for PowerShell to compile or run, as the repository and ansible-core have it."""
    basic = Path(module_manifest.__file__).parents[2] / "module_utils" / "csharp" / "Ansible.Basic.cs"
    utilities = [PLUGINS / "module_utils" / name for name in ("Iscsidsc.cs", "Rows.psm1", "Settings.psm1")]
    files = (PLUGINS / "modules" / "iscsidsc_call.ps1", *utilities, basic)
    return {path.name: path.read_bytes() for path in files}


def arrived(stdin):
    """The names of the sources in the standard input of a command. Every ansible-core sends them in base64."""
    return [name for name, content in sources().items() if base64.b64encode(content) in stdin]
