# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Windows host behind the endpoint. PowerShell itself is not here: what Ansible has it do is recognized and done.

Ansible sends its bootstrap script as -EncodedCommand, and on standard input a description of the module: its script and
C# utilities in base64, its arguments. PowerShell would compile the C# and run the script, whose dozen lines hand the
batch to the C# and print its answer; here the same C# runs under Mono. The other script that is known is that of the
python engine, which runs on a Windows Python under Wine.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t
from pathlib import Path

from ansible.executor.powershell import module_manifest

from ansible_collections.winstorage.iscsi import plugins

PLUGINS = Path(next(iter(plugins.__path__)))
LONGEST_COMMAND_LINE = 8191  # cmd.exe's own limit: Microsoft, "Command prompt line string limitation"
END_OF_SCRIPT = "\0\0\0\0"
ROWS = "ansible_collections.winstorage.iscsi.plugins.module_utils.Rows.psm1"
MODULE = "ansible_collections.winstorage.iscsi.plugins.modules.iscsidsc_call.ps1"
UTILITY = "ansible_collections.winstorage.iscsi.plugins.module_utils.Iscsidsc.cs"
NO_LOG = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"  # what Ansible.Basic writes for it

_ENCODED = re.compile(
    r"powershell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand (\S+)", re.IGNORECASE
)
_PYTHON = re.compile(
    r"\$python = Get-Command '((?:[^']|'')+)' -ErrorAction Ignore; if \(-not \$python\) \{ exit 127 \}; "
    r"\$input \| & \$python -I -; exit \$LASTEXITCODE"
)


class Sent(t.NamedTuple):
    """A module as it arrived: {name: content of the script and of its utilities}, arguments."""

    files: dict
    arguments: dict


class Host:
    """See endpoint.py for what it is asked.

    :param csharp: runs a batch; raises what the C# raised (:class:`Thrown`).
    :param python: ``python(interpreter, stdin) -> (exit code, stdout, stderr)``.
    """

    def __init__(self, csharp=None, python=None):
        self.csharp, self.python = csharp, python
        self.command_lines, self.scripts, self.inputs, self.sent = [], [], [], []

    def run(self, command_line, stdin):
        """As cmd.exe would."""
        self.command_lines.append(command_line)
        encoded = _ENCODED.fullmatch(command_line)
        if not encoded:
            raise AssertionError(f"this host has no other program: {command_line}")
        if len("cmd /c " + command_line) > LONGEST_COMMAND_LINE:
            return 1, b"", b"The command line is too long.\r\n"
        script = base64.b64decode(encoded.group(1)).decode("utf-16-le")
        exit_code, lines, error = self.invoke(script, stdin.decode("utf-8").splitlines())
        return exit_code, "".join(line + "\r\n" for line in lines).encode(), error.encode()

    def invoke(self, script, lines):
        """As PowerShell would, with the lines as $input."""
        self.scripts.append(script)
        self.inputs.append("\n".join(lines).encode())
        python = _PYTHON.fullmatch(script)
        if python:
            return self._python(python.group(1).replace("''", "'"), lines)
        if _plain(script) != _plain(module_manifest._get_powershell_script("bootstrap_wrapper.ps1").decode()):
            raise AssertionError(f"neither Ansible's bootstrap nor the python engine's command: {script}")
        return self._module(lines)

    def _python(self, interpreter, lines):
        # under code page 65001 Windows PowerShell 5.1 begins a program's standard input with a byte order mark
        stdin = "\ufeff" + "".join(line + "\r\n" for line in lines)
        exit_code, output, errors = self.python(interpreter, stdin.encode("utf-8"))
        return exit_code, output.decode("utf-8").splitlines(), errors.decode("utf-8")

    def _module(self, lines):
        """bootstrap_wrapper.ps1, exec_wrapper.ps1, module_wrapper.ps1 and iscsidsc_call.ps1, as far as they matter."""
        end = lines.index(END_OF_SCRIPT)
        bootstrap, manifest = json.loads("".join(lines[:end])), json.loads("".join(lines[end + 1 :]))
        if bootstrap["script"] != module_manifest._get_powershell_script("exec_wrapper.ps1").decode():
            raise AssertionError("exec_wrapper.ps1 did not arrive as Ansible has it")
        (action,) = manifest["actions"]
        if (action["name"], action["params"]["Script"]) != ("module_wrapper.ps1", MODULE):
            raise AssertionError("another module: {}".format(action["name"]))
        arguments = next(
            variable["Value"] for variable in action["params"]["Variables"] if variable["Name"] == "complex_args"
        )
        wanted = [MODULE, *action["params"]["CSharpModules"], *action["params"]["PowerShellModules"]]
        self.sent.append(
            Sent(
                {name: base64.b64decode(manifest["scripts"][name]["script"]) for name in wanted},
                {name: value for name, value in arguments.items() if not name.startswith("_ansible_")},
            )
        )
        try:
            result = {
                "changed": False,
                "answer": self.csharp(arguments["batch"]),
                "invocation": {"module_args": {"batch": NO_LOG}},
            }
        except Thrown as thrown:
            message = f'Exception calling "Run" with "1" argument(s): "{thrown.message}"'
            result = {
                "failed": True,
                "msg": "Unhandled exception while executing module: " + message,
                "exception": f"{message}\r\n{thrown.trace}",
            }
        return int("failed" in result), [json.dumps(result)], ""


class Thrown(Exception):
    """An exception of the C#."""

    def __init__(self, text):
        super().__init__(text)
        self.trace = text.replace(" | ", "\r\n")
        self.message = self.trace.splitlines()[0].partition(": ")[2]


def repository_files():
    """What is sent, as the repository and ansible-core have it."""
    basic = Path(module_manifest.__file__).parents[2] / "module_utils" / "csharp" / "Ansible.Basic.cs"
    return {
        MODULE: (PLUGINS / "modules" / "iscsidsc_call.ps1").read_bytes(),
        UTILITY: (PLUGINS / "module_utils" / "Iscsidsc.cs").read_bytes(),
        ROWS: (PLUGINS / "module_utils" / "Rows.psm1").read_bytes(),
        basic.name: basic.read_bytes(),
    }


def _plain(script):
    """A script without indentation, empty lines and comments, in which versions of ansible-core differ."""
    lines = (line.strip() for line in script.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
