# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell itself made to fail, as hosts make it fail: what the user of ansible-playbook then reads.

Windows has more ways to fail than PowerShell on Linux; their output is given in
tests/unit/plugin_utils/test_engine_failures.py.
"""

from __future__ import annotations

import stat
import subprocess
import sys

import pytest

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import python_payload
from ansible_collections.winstorage.iscsi.tests.proof.support import controller
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import powershell

# An interpreter that runs a statement of its own before what Ansible sent.
AFTER = """\
#!{python}
import base64, os, sys
arguments = sys.argv[1:]
place = arguments.index("-EncodedCommand") + 1
script = {statement!r} + base64.b64decode(arguments[place]).decode("utf-16-le")
arguments[place] = base64.b64encode(script.encode("utf-16-le")).decode()
os.execv({pwsh!r}, [{pwsh!r}, *arguments])
"""
CONSTRAINED = "$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'; "
# what psrp does to an endpoint of JEA: it hands its script to a runspace whose language mode is NoLanguage
NO_LANGUAGE = (
    "$state = [initialsessionstate]::CreateRestricted('RemoteServer'); $state.LanguageMode = 'NoLanguage'; "
    "$endpoint = [powershell]::Create($state); $endpoint.AddScript('if (1) { 2 }').Invoke(); exit 1; "
)
# base64 in quotes, as cmd hands on what Ansible quotes for PowerShell
QUOTED = """\
#!/bin/sh
for last; do :; done
exec {pwsh} -NoProfile -NonInteractive -EncodedCommand "'$last'"
"""
ECHO = "#!/bin/sh\nexec cat\n"

CASES = {  # the interpreter -> what the message must hold
    "constrained": ((AFTER, CONSTRAINED), ("exit code 1", "in this language mode", "Constrained Language Mode")),
    "no language": ((AFTER, NO_LANGUAGE), ("exit code 1", "no-language mode", "JEA")),
    "quoted": ((QUOTED, ""), ("exit code 64", "is not properly encoded", "set ansible_shell_type to cmd")),
    "crash": ((AFTER, "[Environment]::FailFast('the end'); "), ("the end", "exit code")),
}


@pytest.fixture(scope="module")
def pwsh():
    return powershell()


def read_facts(folder, interpreter, **variables):
    """Everything that ansible prints when a host with this interpreter is read, each run of white space as a space."""
    program = folder / "interpreter"
    program.write_text(interpreter)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    host = controller.powershell_here(program, winstorage_iscsi_engine="powershell", **variables)
    controller.write_inventory(folder, {"here": host})
    done = controller.run("ansible", folder, "here", "-m", "winstorage.iscsi.initiator_facts", TEMP=str(folder))
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("name", CASES)
def test_the_cause_is_shown_with_what_to_do(tmp_path, pwsh, name):
    (program, statement), parts = CASES[name]
    output = read_facts(
        tmp_path,
        program.format(python=sys.executable, pwsh=pwsh, statement=statement),
        ansible_pwsh_interpreter=pwsh,
    )
    assert "The call runner failed on the host: PowerShell ended with exit code" in output
    for part in parts:
        assert part in output, output
    assert "[31;1m" not in output and "No start of json" not in output


def test_what_echoes_the_batch_is_not_quoted(tmp_path):
    output = read_facts(tmp_path, ECHO)
    assert "The call runner failed on the host" in output
    assert "characters that Ansible sent>" in output
    assert "CallRunner" not in output and "gnu.org" not in output


# -- the command of the python engine ----------------------------------------------------------------------------------


class WindowsShell:
    """As much of a shell plugin as the python engine asks for."""

    _IS_WINDOWS = True


def in_powershell(pwsh, interpreter, program=""):
    """Run the python engine's command in PowerShell."""
    encoded = python_payload.command(interpreter, WindowsShell()).rpartition(" ")[2]
    return subprocess.run(
        [pwsh, "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded],
        input=program,
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_a_python_that_is_not_there_is_exit_code_127(pwsh):
    assert in_powershell(pwsh, "no-such-python").returncode == 127
    assert in_powershell(pwsh, "no-such-launcher -3").returncode == 127


@pytest.mark.parametrize("options", ["", " -B", " -B -Wignore"])
def test_a_python_with_options_gets_the_program(pwsh, options):
    done = in_powershell(
        pwsh, sys.executable + options, "import sys\nprint(sys.flags.dont_write_bytecode)\nsys.exit(5)\n"
    )
    assert (done.stdout.strip(), done.returncode) == (str(int(bool(options))), 5)


def test_a_path_with_spaces_and_quotes_is_one_program(pwsh, tmp_path):
    place = tmp_path / "it's a -folder"
    place.mkdir()
    (place / "python.sh").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (place / "python.sh").chmod(0o755)
    assert in_powershell(pwsh, str(place / "python.sh"), "print(6)\n").stdout.strip() == "6"
