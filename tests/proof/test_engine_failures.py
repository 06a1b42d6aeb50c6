# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell itself made to fail, as hosts make it fail: what the user of ansible-playbook then reads.

Windows has more ways to fail than PowerShell on Linux; their output is given in
tests/unit/plugin_utils/test_engine_failures.py.
"""

from __future__ import annotations

import json
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
JEA = (
    "@{SchemaVersion = '2.0.0.0'; GUID = '00000000-0000-0000-0000-000000000001'; "
    "SessionType = 'RestrictedRemoteServer'}"
)
ECHO = "#!/bin/sh\nexec cat\n"

FAILING = {  # host -> (its interpreter, a statement in that, what the message must hold)
    "constrained": (AFTER, CONSTRAINED, ("exit code 1", "in this language mode", "Constrained Language Mode")),
    "denied": (AFTER, DENIED, ("exit code 1", "Access to the path '/' is denied", "administrator of the host")),
    "quoted": (QUOTED, "", ("exit code 64", "is not properly encoded", "set ansible_shell_type to cmd")),
    "crash": (AFTER, "[Environment]::FailFast('the end'); ", ("the end", "exit code")),
}
OTHERS = {  # as the fixture has them
    "old": ("Windows Management Framework 5.1",),
    "jea": ("PowerShell ended with exit code 1", "no-language mode", "as JEA endpoints do"),
}
SINCE_2_21 = {  # ansible-core passes ansible_pwsh_interpreter on to the host
    "no_interpreter": ("interpreter '/no/such'", "Correct or leave out ansible_pwsh_interpreter"),
    "quoted_path": ("Unexpected token '-NoProfile'", "or to powershell if sshd on the host"),
}
IS_2_21 = tuple(map(int, release.__version__.split(".")[:2])) >= (2, 21)


@pytest.fixture(scope="module")
def pwsh():
    return powershell()


def program(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def here(folder, name, interpreter, **variables):
    """A host whose PowerShell is this program."""
    return controller.powershell_here(
        program(folder / name, interpreter), winstorage_iscsi_engine="powershell", **variables
    )


def read_facts(folder, hosts):
    """All that ansible prints when hosts are read."""
    controller.write_inventory(folder, hosts)
    return controller.run(
        "ansible", folder, "all", "-m", "winstorage.iscsi.initiator_facts", TEMP=str(folder), ANSIBLE_FORKS="2"
    ).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("failing")


@pytest.fixture(scope="module")
def messages(folder, pwsh):
    """{host: its message}, of all that fail, read by one ansible."""
    hosts = {
        name: here(folder, name, interpreter.format(python=sys.executable, pwsh=pwsh, statement=statement))
        for name, (interpreter, statement, _parts) in {**FAILING, "old": (AFTER, OLD, ())}.items()
    }
    for host in hosts.values():
        host["ansible_pwsh_interpreter"] = pwsh
    if IS_2_21:
        plain = f'#!/bin/sh\nexec {pwsh} "$@"\n'
        named = program(folder / "pwsh", f"#!/bin/sh\n: > {folder}/started\nexit 3\n")
        hosts["no_interpreter"] = here(folder, "no_interpreter", plain, ansible_pwsh_interpreter="/no/such")
        hosts["interpreter"] = here(folder, "interpreter", plain, ansible_pwsh_interpreter=str(named))
        hosts["quoted_path"] = {
            "ansible_connection": "ssh",
            "ansible_shell_type": "cmd",
            "ansible_ssh_executable": str(program(folder / "ssh", SSHD.format(pwsh=pwsh))),
            "ansible_pwsh_interpreter": r"C:\Program Files\PowerShell\7\pwsh.exe",
        }
    (folder / "jea.pssc").write_text(JEA)
    endpoint_of_jea = Host([pwsh, "-ConfigurationFile", str(folder / "jea.pssc")], {**os.environ, **ENVIRONMENT})
    with Endpoint(endpoint_of_jea, SHELLS) as endpoint:
        hosts["jea"] = {
            "ansible_connection": "psrp",
            "ansible_host": "127.0.0.1",
            "ansible_port": endpoint.port,
            "ansible_user": endpoint.USER,
            "ansible_password": endpoint.PASSWORD,
            **CONNECTIONS["psrp"],
        }
        output = read_facts(folder, hosts)
    found = {
        host: json.loads(result)["msg"]
        for host, result in re.findall(r"^(\w+) \| FAILED! => (\{\n.*?\n\})$", output, re.MULTILINE | re.DOTALL)
    }
    assert set(found) == set(hosts), output
    return found


@pytest.mark.parametrize("name", [*FAILING, *OTHERS, *(SINCE_2_21 if IS_2_21 else ())])
def test_the_cause_is_shown_with_what_to_do(messages, name):
    message = messages[name]
    assert message.startswith("The call runner failed on the host: ")
    for part in FAILING[name][2] if name in FAILING else {**OTHERS, **SINCE_2_21}[name]:
        assert part in message
    assert "[31;1m" not in message and "No start of json" not in message


def test_powershell_before_5_1_is_refused(messages):
    """By ansible-core itself from 2.19 on, before by what the module requires."""
    assert re.search(
        r"requires (PowerShell v5\.1|a minimum PowerShell version of 5\.1, actual was 4\.0)", messages["old"]
    )


@pytest.mark.skipif(not IS_2_21, reason="ansible_pwsh_interpreter means nothing to this ansible-core")
def test_a_powershell_that_is_another_one_starts_the_interpreter(messages, folder):
    """As with psrp, whose runspace is there before the task."""
    assert messages["interpreter"]
    assert (folder / "started").exists()


def test_what_echoes_the_batch_is_not_quoted(tmp_path):
    output = " ".join(read_facts(tmp_path, {"here": here(tmp_path, "interpreter", ECHO)}).split())
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
    missing = in_powershell(pwsh, "no-such-python")
    assert (missing.returncode, missing.stdout.strip()) == (127, python_payload.NO_COMMAND)
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
