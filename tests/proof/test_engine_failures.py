# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell itself made to fail, as hosts make it fail: what the user of ansible-playbook then reads.

Windows has more ways to fail than PowerShell on Linux; their output is given in
tests/unit/plugin_utils/test_engine_failures.py.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys

import pytest
from ansible import release

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import python_payload
from ansible_collections.winstorage.iscsi.tests.proof.support import controller
from ansible_collections.winstorage.iscsi.tests.proof.support.powershell import ENVIRONMENT
from ansible_collections.winstorage.iscsi.tests.proof.support.tools import powershell
from ansible_collections.winstorage.iscsi.tests.proof.winrm.endpoint import Endpoint
from ansible_collections.winstorage.iscsi.tests.proof.winrm.fleet import CONNECTIONS, SHELLS
from ansible_collections.winstorage.iscsi.tests.proof.winrm.host import Host

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
OLD = "$PSVersionTable['PSVersion'] = [version]'4.0'; "
DENIED = "$ErrorActionPreference = 'Stop'; [IO.File]::OpenRead('/'); "
# base64 in quotes, as cmd hands on what Ansible quotes for PowerShell
QUOTED = """\
#!/bin/sh
for last; do :; done
exec {pwsh} -NoProfile -NonInteractive -EncodedCommand "'$last'"
"""
# sshd whose shell is PowerShell
SSHD = """\
#!/bin/sh
for last; do :; done
exec {pwsh} -NoProfile -NonInteractive -Command "$last"
"""
# what New-PSSessionConfigurationFile makes for JEA
JEA = "@{SchemaVersion = '2.0.0.0'; GUID = '00000000-0000-0000-0000-000000000001'; SessionType = 'RestrictedRemoteServer'}"
ECHO = "#!/bin/sh\nexec cat\n"

CASES = {  # the interpreter -> what the message must hold
    "constrained": ((AFTER, CONSTRAINED), ("exit code 1", "in this language mode", "Constrained Language Mode")),
    "denied": ((AFTER, DENIED), ("exit code 1", "Access to the path '/' is denied", "administrator of the host")),
    "quoted": ((QUOTED, ""), ("exit code 64", "is not properly encoded", "set ansible_shell_type to cmd")),
    "crash": ((AFTER, "[Environment]::FailFast('the end'); "), ("the end", "exit code")),
}
# Since then ansible-core passes the interpreter on to the host.
names_interpreter = pytest.mark.skipif(
    tuple(map(int, release.__version__.split(".")[:2])) < (2, 21), reason="ansible_pwsh_interpreter means nothing to it"
)


@pytest.fixture(scope="module")
def pwsh():
    return powershell()


def program(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def read_facts(folder, interpreter, **variables):
    """Everything that ansible prints when a host with this interpreter is read, each run of white space as a space."""
    interpreter = program(folder / "interpreter", interpreter)
    return read_host(folder, controller.powershell_here(interpreter, winstorage_iscsi_engine="powershell", **variables))


def read_host(folder, host):
    controller.write_inventory(folder, {"here": host})
    done = controller.run("ansible", folder, "here", "-m", "winstorage.iscsi.initiator_facts", TEMP=str(folder))
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("name", CASES)
def test_the_cause_is_shown_with_what_to_do(tmp_path, pwsh, name):
    (interpreter, statement), parts = CASES[name]
    output = read_facts(
        tmp_path,
        interpreter.format(python=sys.executable, pwsh=pwsh, statement=statement),
        ansible_pwsh_interpreter=pwsh,
    )
    assert "The call runner failed on the host: PowerShell ended with exit code" in output
    for part in parts:
        assert part in output, output
    assert "[31;1m" not in output and "No start of json" not in output


def test_powershell_before_5_1_is_named(tmp_path, pwsh):
    """By ansible-core itself from 2.19 on, before by what the module requires."""
    interpreter = AFTER.format(python=sys.executable, pwsh=pwsh, statement=OLD)
    output = read_facts(tmp_path, interpreter, ansible_pwsh_interpreter=pwsh)
    assert re.search(r"requires (PowerShell v5\.1|a minimum PowerShell version of 5\.1, actual was 4\.0)", output), output
    assert "Windows Management Framework 5.1" in output


def test_an_endpoint_of_jea_is_named(tmp_path, pwsh):
    (tmp_path / "jea.pssc").write_text(JEA)
    start = [pwsh, "-ConfigurationFile", str(tmp_path / "jea.pssc")]
    with Endpoint(Host(start, {**os.environ, **ENVIRONMENT}), SHELLS) as endpoint:
        output = read_host(
            tmp_path,
            {
                "ansible_connection": "psrp",
                "ansible_host": "127.0.0.1",
                "ansible_port": endpoint.port,
                "ansible_user": endpoint.USER,
                "ansible_password": endpoint.PASSWORD,
                **CONNECTIONS["psrp"],
            },
        )
    for part in ("The call runner failed on the host", "no-language mode", "as JEA endpoints do"):
        assert part in output, output


@names_interpreter
def test_an_interpreter_that_is_not_there_is_named(tmp_path, pwsh):
    """PowerShell that a connection starts looks for the one that the variable names."""
    output = read_facts(tmp_path, f'#!/bin/sh\nexec {pwsh} "$@"\n', ansible_pwsh_interpreter="/no/such")
    assert "Could not find the specified PowerShell interpreter '/no/such'" in output, output
    assert "Correct or leave out ansible_pwsh_interpreter" in output


@names_interpreter
def test_a_powershell_that_does_not_choose_starts_the_interpreter(tmp_path, pwsh):
    """As psrp, whose runspace is there before the task."""
    named = program(tmp_path / "other" / "pwsh", f"#!/bin/sh\n: > {tmp_path}/started\nexit 3\n")
    read_facts(tmp_path, f'#!/bin/sh\nexec {pwsh} "$@"\n', ansible_pwsh_interpreter=str(named))
    assert (tmp_path / "started").exists()


@names_interpreter
def test_a_path_with_spaces_that_was_quoted_for_another_shell_is_named(tmp_path, pwsh):
    """Between double quotes it is a text for PowerShell."""
    output = read_host(
        tmp_path,
        {
            "ansible_connection": "ssh",
            "ansible_shell_type": "cmd",
            "ansible_ssh_executable": str(program(tmp_path / "ssh", SSHD.format(pwsh=pwsh))),
            "ansible_pwsh_interpreter": r"C:\Program Files\PowerShell\7\pwsh.exe",
        },
    )
    for part in ("Unexpected token '-NoProfile'", "or to powershell if sshd on the host"):
        assert part in output, output


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
