# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host prints instead of an answer, in words that say why and what to do.

Here the host's output is given. tests/proof/test_engine_failures.py has PowerShell itself fail where it can be made to.
"""

from __future__ import annotations

import base64
import os

import pytest

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import engine_failures

CORE = "Module result deserialization failed: No start of json char found"


def failed(rc=1, out="", err="", msg=CORE):
    """A result of ansible-core whose module printed no result."""
    return {"failed": True, "msg": msg, "module_stdout": out, "module_stderr": err, "rc": rc}


def record(text, error_id, category="ParserError: (:) [], ParentContainsErrorRecordException"):
    """An error as Windows PowerShell 5.1 prints it."""
    return (
        f'{text}\r\nAt line:1 char:1\r\n+ if ($PSVersionTable.PSVersion -lt [Version]"5.1") {{\r\n+ ~~~~~~~\r\n'
        f"    + CategoryInfo          : {category}\r\n    + FullyQualifiedErrorId : {error_id}\r\n \r\n"
    )


def unparsed(text, error_id):
    """An error about a script that it could not parse, as Windows PowerShell 5.1 prints it: the message comes last."""
    return (
        f'At line:1 char:43\r\n+ "C:\\Program Files\\PowerShell\\7\\pwsh.exe" -NoProfile -NonInteractive ...\r\n'
        f"+ {' ' * 42}~~~~~~~~~~\r\n{text}\r\n"
        "    + CategoryInfo          : ParserError: (:) [], ParentContainsErrorRecordException\r\n"
        f"    + FullyQualifiedErrorId : {error_id}\r\n \r\n"
    )


POWERSHELL = {  # what the host gave -> what the message must say, in this order
    "antivirus": (
        failed(
            err=record(
                "This script contains malicious content and has been blocked by your antivirus software.",
                "ScriptContainedMaliciousContent",
            )
        ),
        ("exit code 1", "blocked by your antivirus software", "(ScriptContainedMaliciousContent)", "AMSI", "exception"),
    ),
    "antivirus, in another language": (
        failed(err=record("Dieses Skript enthält schädliche Daten.", "ScriptContainedMaliciousContent")),
        ("Dieses Skript", "AMSI"),
    ),
    "antivirus, as it is for a script": (
        failed(
            err=unparsed(
                "This script contains malicious content and has been blocked by your antivirus software.",
                "ScriptContainedMaliciousContent",
            )
        ),
        ("standard error: This script contains malicious content", "(ScriptContainedMaliciousContent)", "AMSI"),
    ),
    "constrained language": (
        failed(
            err=record(
                "Cannot invoke method. Method invocation is supported only on core types in this language mode.",
                "MethodInvocationNotSupportedInConstrainedLanguage",
                "InvalidOperation: (:) [], RuntimeException",
            )
        ),
        ("Cannot invoke method", "Constrained Language Mode", "winstorage_iscsi_engine to python"),
    ),
    "constrained language, as ansible-core says it": (
        {
            "failed": True,
            "msg": "failure during exec_wrapper: Cannot run untrusted PowerShell script 'x.ps1' in ConstrainedLanguage "
            "mode with module util imports.",
        },
        ("failure during exec_wrapper", "Constrained Language Mode", "Sign the content"),
    ),
    "app control": (
        failed(
            err="Program 'csc.exe' failed to run: Your organization used Device Guard to block this app. Contact your "
            "support person for more info (0x800711C7)"
        ),
        ("Device Guard", "App Control for Business or AppLocker", "allow it in the policy"),
    ),
    "applocker": (
        failed(
            rc=1260, err="This program is blocked by group policy. For more information, contact your administrator."
        ),
        ("exit code 1260", "blocked by group policy", "AppLocker"),
    ),
    "execution policy": (
        failed(
            err=record(
                "File C:\\Users\\u\\x.ps1 cannot be loaded because running scripts is disabled on this system.",
                "UnauthorizedAccess",
                "SecurityError: (:) [], PSSecurityException",
            )
        ),
        ("running scripts is disabled", "execution policy", "RemoteSigned"),
    ),
    "PowerShell 4": (
        {"failed": True, "msg": "Ansible requires PowerShell v5.1"},
        ("requires PowerShell v5.1", "Windows Management Framework 5.1"),
    ),
    "PowerShell 4, before ansible-core 2.19": (
        {
            "failed": True,
            "msg": "internal error: This module cannot run as it requires a minimum PowerShell version of 5.1, actual "
            "was 4.0",
        },
        ("minimum PowerShell version of 5.1", "Windows Management Framework 5.1"),
    ),
    "rejected command": (
        failed(
            err="Cannot process the command because the value specified with -EncodedCommand is not properly encoded. "
            "The value must be Base64 encoded."
        ),
        ("not properly encoded", "set ansible_shell_type to cmd"),
    ),
    "a shell that is not cmd": (
        failed(err=record("The token '&&' is not a valid statement separator in this version.", "InvalidEndOfLine")),
        ("'&&' is not a valid", "set ansible_shell_type"),
    ),
    "cmd that was taken for PowerShell, before ansible-core 2.19": (
        failed(out="Parameter format not correct - ;\r\n"),
        ("Parameter format not correct", "set ansible_shell_type to cmd"),
    ),
    "a shell without chcp": (
        failed(rc=127, err="bash: line 1: chcp.com: command not found\nbash: line 1: PowerShell: command not found"),
        ("exit code 127", "chcp.com: command not found", "set ansible_shell_type to cmd"),
    ),
    "PowerShell that was taken for cmd": (
        failed(err=unparsed("Unexpected token '-NoProfile' in expression or statement.", "UnexpectedToken")),
        ("standard error: Unexpected token '-NoProfile'", "(UnexpectedToken)", "set ansible_shell_type"),
    ),
    "PowerShell that was taken for cmd, in another language": (
        failed(
            err=unparsed("Unerwartetes Token.", "UnexpectedToken").replace("At line:1 char:43", "In Zeile:1 Zeichen:43")
        ),
        ("standard error: Unerwartetes Token. (UnexpectedToken)", "set ansible_shell_type"),
    ),
    "JEA": (
        failed(
            err="The term 'ConvertFrom-Json' is not recognized as the name of a cmdlet, function, script file, or "
            "operable program."
        ),
        ("ConvertFrom-Json", "JEA", "Microsoft.PowerShell"),
    ),
    "missing PowerShell 7": (
        failed(rc=9009, err="'pwsh' is not recognized as an internal or external command,\r\noperable program"),
        ("exit code 9009", "'pwsh' is not recognized", "ansible_pwsh_interpreter"),
    ),
    "PowerShell 7 that ansible-core does not find": (
        {"failed": True, "msg": "Could not find the specified PowerShell interpreter 'pwsh'."},
        ("specified PowerShell interpreter 'pwsh'", "Correct or leave out ansible_pwsh_interpreter"),
    ),
    "rights": (
        failed(
            err=record(
                "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))",
                "System.UnauthorizedAccessException",
                "NotSpecified: (:) [], UnauthorizedAccessException",
            )
        ),
        ("Access is denied", "administrator of the host, with an elevated token"),
    ),
    "rights, in another language": (
        failed(err=record("Zugriff verweigert", "UnauthorizedAccessException,Microsoft.PowerShell.Commands.AddType")),
        ("Zugriff verweigert", "administrator of the host"),
    ),
    "rights, as .NET says it": (
        {"failed": True, "msg": 'Exception calling "Open": "Access to the path \'C:\\Windows\\x\' is denied."'},
        ("Access to the path", "administrator of the host"),
    ),
    "quota": (
        failed(
            err=record("Exception of type 'System.OutOfMemoryException' was thrown.", "System.OutOfMemoryException")
        ),
        ("OutOfMemoryException", "MaxMemoryPerShellMB"),
    ),
    "killed for its quota": (failed(rc=-1073741801), ("exit code -1073741801 (0xC0000017)", "MaxMemoryPerShellMB")),
    "missing type": (
        failed(
            msg="Unhandled exception while executing module: Unable to find type "
            "[ansible_collections.winstorage.iscsi.plugins.module_utils.Iscsidsc.CallRunner]."
        ),
        ("could not compile the call runner", "%TEMP%"),
    ),
    "compiler": (
        {"failed": True, "msg": "failure during exec_wrapper: Failed to compile C# code: error CS1504: could not open"},
        ("error CS1504", "could not compile", "%TEMP%"),
    ),
    "something else": (
        failed(rc=3, out="half an ans", err="Stack overflow."),
        ("exit code 3", "standard error: Stack overflow.", "standard output: half an ans", "win_ping"),
    ),
    "nothing": (failed(rc=3221225786), ("exit code 3221225786 (0xC000013A)", "It printed nothing", "-vvv")),
    "an exception of the C#": (
        {"failed": True, "msg": 'Exception calling "Run" with "1" argument(s): "iscsidsc.dll cannot be used"'},
        ("Exception calling", "iscsidsc.dll cannot be used"),
    ),
}


def in_order(text, parts):
    """Whether all parts are in the text, one after the other."""
    place = 0
    for part in parts:
        place = text.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


@pytest.mark.parametrize("name", POWERSHELL)
def test_a_runner_without_an_answer_says_why_and_what_to_do(name):
    result, parts = POWERSHELL[name]
    text = engine_failures.describe_powershell(result)
    assert in_order(text, ("The call runner failed on the host: ", *parts)), text
    assert "+ CategoryInfo" not in text and "\n" not in text


PYTHON = {
    "store alias": (
        {"rc": 9009, "stderr": "Python was not found; run without arguments to install from the Microsoft Store, or"},
        ("exit code 9009", "alias of Windows", "py -3"),
    ),
    "no such command": ({"rc": 127, "stdout": "", "stderr": ""}, ("exit code 127", "no such command", "py -3")),
    "no such command, by two PowerShells": (
        {"rc": 1, "stdout": "no such command\r\n", "stderr": ""},
        ("exit code 1.", "There is no such command on the host.", "py -3"),
    ),
    "cmd": (
        {"rc": 1, "stderr": "'python' is not recognized as an internal or external command,\r\noperable program"},
        ("exit code 1", "no such command", "'python' is not recognized"),
    ),
    "powershell": (
        {
            "rc": 0,
            "stderr": record(
                "The term 'python' is not recognized as the name of a cmdlet.",
                "CommandNotFoundException",
                "ObjectNotFound: (python:String) [], CommandNotFoundException",
            ),
        },
        ("no such command", "The term 'python' is not recognized as the name of a cmdlet. (CommandNotFound"),
    ),
    "old": (
        {"rc": 1, "stderr": '  File "<stdin>", line 3\n    f"{x}"\n         ^\nSyntaxError: invalid syntax\n'},
        ("exit code 1", "too old or incomplete", "SyntaxError", "3.8 or newer"),
    ),
    "cmd, with its own exit code": (
        {"rc": 9009, "stderr": "'python' is not recognized as an internal or external command,\r\noperable program"},
        ("exit code 9009", "no such command", "'python' is not recognized"),
    ),
    "antivirus": (
        {"rc": 1, "stderr": "Operation did not complete successfully because the file contains a virus (0x800700E1)"},
        ("exit code 1", "antimalware scanner", "contains a virus"),
    ),
    "app control": (
        {
            "rc": 1,
            "stderr": record(
                "Program 'python.exe' failed to run: An Application Control policy has blocked this file",
                "NativeCommandFailed",
                "ResourceUnavailable: (:) [], ApplicationFailedException",
            ),
        },
        ("exit code 1", "App Control for Business or AppLocker", "Application Control policy has blocked"),
    ),
    "quota": ({"rc": -1073741801}, ("exit code -1073741801 (0xC0000017)", "MaxMemoryPerShellMB")),
    "quota, as Python says it": ({"rc": 1, "stderr": "MemoryError: "}, ("exit code 1", "MaxMemoryPerShellMB")),
    "other": ({"rc": 1, "stderr": "LibraryError: iscsidsc.dll cannot be loaded"}, ("exit code 1", "LibraryError")),
}


@pytest.mark.parametrize("name", PYTHON)
def test_a_python_without_an_answer_says_why_and_what_to_do(name):
    result, parts = PYTHON[name]
    text = engine_failures.describe_python("python", result)
    assert in_order(text, ("The python engine failed: 'python' on the host ended with ", *parts)), text
    assert in_order(text, ("winstorage_iscsi_python", "winstorage_iscsi_engine to powershell")), text
    assert "CategoryInfo" not in text


@pytest.mark.parametrize(
    "error",
    [
        "LibraryError: iscsidsc.dll cannot be loaded: entry point not found",
        "AttributeError: function 'GetIScsiVersionInformationW' not found",
        "FileNotFoundError: Could not find module 'iscsidsc.dll' (or one of its dependencies). exit code 127",
    ],
)
def test_what_python_itself_does_not_find_is_not_python(error):
    text = engine_failures.describe_python("python", {"rc": 1, "stderr": error})
    assert in_order(text, ("ended with exit code 1. Its standard error: ", error)), text
    assert "no such command" not in text


def test_a_script_that_is_quoted_is_no_cause():
    """ansible-core 2.16 begins with chcp.com."""
    error = "Cannot index into a null array.\r\nAt line:1 char:1\r\n+ &chcp.com 65001 > $null\r\n+ ~~~\r\n"
    text = engine_failures.describe_powershell(failed(err=error))
    assert "ansible_shell_type" not in text and "win_ping" in text


def test_output_that_echoes_the_batch_is_not_shown():
    """A host could print what it was sent. A batch is base64 of gzip and may hold secrets."""
    batch = base64.b64encode(os.urandom(3000)).decode()
    text = engine_failures.describe_powershell(failed(out=batch, err=f'"batch": "{batch}"'))
    assert not any(batch[start : start + 64] in text for start in range(0, len(batch), 16))
    assert "<4000 characters>" in text


def test_errors_in_clixml_are_read():
    """ansible-core leaves them as they are where more than them is on standard error."""
    err = (
        '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
        '<S S="Error">The term &apos;x&apos; is missing_x000D__x000A_</S><S S="verbose">chatter</S></Objs>'
    )
    text = engine_failures.describe_powershell(failed(err=err))
    assert "standard error: The term 'x' is missing." in text
    assert "CLIXML" not in text and "chatter" not in text


def test_of_a_long_output_its_beginning_and_end_are_shown():
    text = engine_failures.excerpt("first " + "x " * 1000 + "last")
    assert text.startswith("first x") and text.endswith("x last") and len(text) <= engine_failures.SHOWN + 5


@pytest.mark.parametrize(
    "beginning", ["# (c) 2018 Ansible Project", "begin {\n    $script:common_functions = {"], ids=["2.19", "2.16"]
)
def test_scripts_of_ansible_that_are_echoed_are_no_cause(beginning):
    """ansible-core's scripts speak of AppLocker and of the compiler."""
    echoed = f"{beginning}\n# AppLocker, csc.exe, quota\n"
    text = engine_failures.describe_powershell(failed(out=echoed))
    assert f"<the {len(echoed)} characters that Ansible sent>" in text
    assert "AppLocker" not in text
