# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a host gave no answer: exit code and output in words, and what to do about the causes that are known.

CAUSES and PYTHON_CAUSES are tables. A row is found by its pattern in all that the host printed. Windows translates its
messages, so patterns prefer what it does not translate: error ids, names of types, numbers.
"""

from __future__ import annotations

import html
import re
import typing as t

from .python_payload import NO_COMMAND

SHOWN = 600  # characters shown of each output
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CLIXML = re.compile(r"#< CLIXML\s*(<Objs.*?</Objs>\s*)+", re.DOTALL)
_CLIXML_ERROR = re.compile(r'<S S="Error">(.*?)</S>', re.DOTALL)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# Something that echoes what it was sent would show the batch, which may hold secrets, and Ansible's own scripts.
# Before 2.19 ansible-core took the comments out of these.
_ECHO = re.compile(r"\(c\) 20\d\d Ansible Project|\$script:common_functions\b")
_PACKED = re.compile(r"[A-Za-z0-9+/=]{64,}")
_ERROR_RECORD = re.compile(r"^ *\+ (CategoryInfo|FullyQualifiedErrorId)\b", re.MULTILINE)
# Windows PowerShell says where the error is: "At line:1 char:5", "+ the script", "+ ~~~". The message is before that,
# but after it if the script could not be parsed, which includes a script that the antimalware scanner blocked.
_PLACE = re.compile(r"^(\S+ \S+:\d+ \S+:\d+|\+ .*)\s*$", re.MULTILINE)
# PowerShell 7 quotes the script: "Line |", "  39 |  $input | & $cmd", "     |  ~~~~", and then "     |  the message".
_QUOTED_SCRIPT = re.compile(r"^(Line \|| *\d+ \|.*| +\| *~+) *\r?\n?", re.MULTILINE)
_QUOTED_MESSAGE = re.compile(r"^ +\| ", re.MULTILINE)
_ERROR_ID = re.compile(r"\+ FullyQualifiedErrorId\s*:\s*(\S+)")

PYTHON_ENGINE = "set winstorage_iscsi_engine to python, if the host has Windows Python 3.8 or newer"
SHELL_TYPE = (
    "set ansible_shell_type to cmd, or to powershell if sshd on the host is configured to start PowerShell "
    "(DefaultShell)"
)


class Cause(t.NamedTuple):
    """A known cause. ``pattern`` is looked for in message, standard output and standard error, in any letter case."""

    name: str
    pattern: str
    text: str  # what happened, and what to do


CAUSES = (
    Cause(
        "antivirus",
        r"ScriptContainedMaliciousContent|malicious content|0x800700E1|contains a virus|\bAMSI\b",
        "The antimalware scanner of the host (AMSI) blocked the script. Ask for an exception for what Ansible sends, "
        f"or {PYTHON_ENGINE}.",
    ),
    Cause(
        "app control",
        r"0x800711C7|blocked by group policy|Device ?Guard|App(lication)? Control|\bWDAC\b|AppLocker",
        "A policy of the host (App Control for Business or AppLocker) blocked a program or a script. Sign the content "
        f"or allow it in the policy, or {PYTHON_ENGINE}.",
    ),
    Cause(
        "jea",
        r"ScriptsNotAllowed|no-language mode|NoLanguage|VariableReferenceNotSupportedInDataSection"
        r"|restricted language mode|RestrictedLanguage|\(ConvertFrom-Json:String\) \[\], CommandNotFoundException"
        r"|'ConvertFrom-Json' is not recognized",
        "The endpoint of the connection restricts its commands or its language, as JEA endpoints do. Ansible cannot "
        "run modules there. Connect to an ordinary endpoint: leave out ansible_psrp_configuration_name, or name "
        "Microsoft.PowerShell.",
    ),
    Cause(
        "language mode",
        r"Constrained ?Language|InConstrained|core types|in this language mode|CannotDefineNewType"
        r"|AcrossLanguageBoundar|is not trusted and cannot be loaded",
        "PowerShell runs in Constrained Language Mode, in which it must not compile C#. A policy of the host asks for "
        f"this (App Control for Business or AppLocker). Sign the content, or {PYTHON_ENGINE}.",
    ),
    Cause(
        "execution policy",
        r"PSSecurityException|running scripts is disabled|not digitally signed",
        "The execution policy of the host keeps PowerShell from running a script. Ansible asks for Unrestricted, but a "
        "policy set by a Group Policy object overrides that. Set it to RemoteSigned or Unrestricted there.",
    ),
    Cause(
        "old powershell",
        r"requires PowerShell v\d|requires a minimum PowerShell version|ScriptRequiresUnmatchedPSVersion",
        "PowerShell on the host is too old. The collection needs Windows PowerShell 5.1; Windows Server 2012 R2 and "
        "older have it after installing Windows Management Framework 5.1.",
    ),
    Cause(
        "command line",
        r"-EncodedCommand\W.*(not properly encoded|Base64)|InvalidEncodedCommand|The command line is too long"
        r"|chcp\.com\W+(is not recognized|(command )?not found)|Parameter format not correct"
        r"|The token '&&' is not a valid statement separator|InvalidEndOfLine"
        r"|Unexpected token '-NoProfile'|FullyQualifiedErrorId\s*:\s*UnexpectedToken",
        "The shell of the host did not understand the command line: the connection is set for another shell. Over ssh, "
        f"{SHELL_TYPE}.",
    ),
    Cause(
        "interpreter",
        r"Could not find the specified PowerShell interpreter|"
        r"'?(pwsh|powershell)(\.exe)?'?\W+is not recognized|(pwsh|powershell)(\.exe)?: (command )?not found",
        "Correct or leave out ansible_pwsh_interpreter. Windows PowerShell 5.1, which is used without it, is part of "
        "Windows Server 2016 and newer; Windows Server 2012 R2 needs Windows Management Framework 5.1.",
    ),
    Cause(
        "quota",
        r"OutOfMemoryException|Insufficient memory|0x8007000E|0xC0000017|quota|-1073741801|0x80338104|\bMemoryError\b",
        "The host ran out of memory or of a quota. Over winrm and psrp the quota MaxMemoryPerShellMB of WinRM applies: "
        "'winrm get winrm/config/winrs' shows it, and 1024 is its usual value.",
    ),
    Cause(
        "compiler",
        r"csc\.exe|error CS\d{4}|CompilerError|COMPILER_ERRORS|\(0x?\w*\) : error CS|Add-CSharpType"
        r"|Failed to compile C#|Unable to find type \[ansible_collections|CVTRES",
        "PowerShell could not compile the call runner (C#). Check that the user can write to its temporary folder "
        f"(%TEMP%), that no policy or scanner blocks csc.exe or removes what it writes, or {PYTHON_ENGINE}.",
    ),
    Cause(
        "rights",
        r"UnauthorizedAccessException|0x80070005|Access is denied|Access to the path .* is denied",
        "Windows denied access. Connect as an administrator of the host, with an elevated token.",
    ),
)

PYTHON_CAUSES = (
    # Before the alias, which ends with cmd's own exit code for a command that is not there. Python itself says "not
    # found" of other things, such as a function of the DLL.
    Cause(
        "no python",
        rf"(?m:^exit code 127$|^{NO_COMMAND}$)|CommandNotFoundException"
        r"|is not recognized as (an internal or external command|(the|a) name of a cmdlet)",
        "There is no such command on the host. Set winstorage_iscsi_python to the path of Python, or to py -3.",
    ),
    Cause(
        "store alias",
        r"Microsoft Store|(?m:^exit code 9009$)",
        "The command is only the alias of Windows that opens the Microsoft Store; no Python is behind it. Set "
        "winstorage_iscsi_python to the path of an installed Python, or to py -3.",
    ),
    Cause(
        "old python",
        r"SyntaxError|No module named|ModuleNotFoundError",
        "This Python is too old or incomplete.",
    ),
    *(cause for cause in CAUSES if cause.name in ("app control", "antivirus", "quota")),
)


def describe_powershell(result: dict) -> str:
    """Why the runner module brought no answer: the message for the user, of a module's result."""
    message = _clean(result.get("msg"))
    output, errors = _clean(result.get("module_stdout")), _clean(result.get("module_stderr"))
    code = result.get("rc")
    everything = "\n".join((message, output, errors, _clean(result.get("exception")), _exit_code(code)))
    cause = find_cause(CAUSES, everything)
    if "module_stdout" not in result and "module_stderr" not in result:  # it ran, and says itself why it failed
        facts = [_sentence(message or "it gave no reason; run the task with -vvv to see more")]
    else:
        facts = [f"PowerShell ended with {_exit_code(code)}.", *_outputs(output, errors)]
    if cause:
        facts.append(cause.text)
    elif len(facts) > 1:
        facts.append(
            "Check that ansible.windows.win_ping works on this host. With -vvv Ansible shows all of the output."
        )
    return f"The call runner failed on the host: {' '.join(facts)}"


def describe_python(command: str, result: dict, hint: t.Optional[str] = None) -> str:
    """Why a Python on the host brought no answer, of what the command returned.

    :param hint: why this engine was used, and what to set if that was a mistake; the message begins with it.
    """
    output, errors = _clean(result.get("stdout")), _clean(result.get("stderr"))
    code = _exit_code(result.get("rc"))
    cause = find_cause(PYTHON_CAUSES, "\n".join((output, errors, code)))
    parts = [hint] if hint else []
    parts.append(f"The python engine failed: {command!r} on the host ended with {code}.")
    if cause:
        parts.append(cause.text)
    parts += _outputs(output, errors)
    parts.append(
        "The engine needs Python 3.8 or newer for Windows. Set winstorage_iscsi_python to its command, or set "
        "winstorage_iscsi_engine to powershell."
    )
    return " ".join(parts)


def find_cause(causes: t.Iterable[Cause], text: str) -> t.Optional[Cause]:
    """The first cause whose pattern is in a text."""
    return next((cause for cause in causes if re.search(cause.pattern, text, re.IGNORECASE)), None)


def excerpt(text: str) -> str:
    """What a person needs of an output: the message of a PowerShell error and its id, else beginning and end."""
    text = _QUOTED_MESSAGE.sub("", _QUOTED_SCRIPT.sub("", text))
    record = _ERROR_RECORD.search(text)
    if record:
        message, error_id = " ".join(_PLACE.sub("", text[: record.start()]).split()), _ERROR_ID.search(text)
        text = message[:SHOWN] + (f" ({error_id.group(1)})" if error_id else "")
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN // 3]} ... {text[-2 * SHOWN // 3 :]}"


def _outputs(output: str, errors: str) -> t.List[str]:
    named = [(name, excerpt(text)) for name, text in (("error", errors), ("output", output))]
    return [f"Its standard {name}: {_sentence(text)}" for name, text in named if text] or ["It printed nothing."]


def _exit_code(code: t.Any) -> str:
    if not isinstance(code, int) or isinstance(code, bool):
        return "an unknown exit code"
    return f"exit code {code}" if 0 <= code < 65536 else f"exit code {code} (0x{code & 0xFFFFFFFF:08X})"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _clean(text: t.Any) -> str:
    """Readable text: without colours, CLIXML and long runs of base64."""
    text = str(text or "")
    if _ECHO.search(text):
        return f"<the {len(text)} characters that Ansible sent>"
    text = _COLOURS.sub("", _CLIXML.sub(_clixml_errors, text))
    return _PACKED.sub(lambda packed: f"<{len(packed.group())} characters>", text).strip()


def _clixml_errors(found: re.Match) -> str:
    lines = (html.unescape(line) for line in _CLIXML_ERROR.findall(found.group()))
    return "".join(_ESCAPED.sub(lambda code: chr(int(code.group(1), 16)), line) for line in lines)
