# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core as one Python program for standard input: module_utils and a batch in, the answer between two marks out.

The sources travel compressed in the program's text and are imported from there: no file on the host, no secret on a
command line.
"""

from __future__ import annotations

import base64
import functools
import json
import pathlib
import re
import zlib

_CORE = pathlib.Path(__file__).parent.parent / "module_utils"
# native.run_here needs the calls and the machine, nothing that reads answers
_MODULES = (
    "abi.layout",
    "abi.structures",
    "abi.prototypes",
    "runner.fields",
    "runner.wire",
    "runner.checks",
    "runner.rows",
    "runner.writes",
    "runner.registry",
    "runner.executor",
    "runner.native",
)
# What a host says whose PowerShell finds no Python.
NO_COMMAND = "no such command"
_POWERSHELL = "PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted"
_BEGIN, _END = "<<winstorage.iscsi ", " winstorage.iscsi>>"

_PROGRAM = """\
import base64, importlib.abc, importlib.util, json, sys, zlib
SOURCES = json.loads(zlib.decompress(base64.b64decode("%(sources)s")))
PACKAGES = {"iscsidsc"} | {"iscsidsc." + name.partition(".")[0] for name in SOURCES}
class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name in PACKAGES or name.startswith("iscsidsc.") and name[9:] in SOURCES:
            return importlib.util.spec_from_loader(name, self, is_package=name in PACKAGES)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        exec(compile(SOURCES.get(module.__name__[9:], ""), module.__name__, "exec"), module.__dict__)
sys.meta_path.insert(0, Finder())
try:
    from iscsidsc.runner import native
    answer = native.run_here(%(batch)s, %(library)s)
except Exception as error:  # without a traceback: it may quote a line of this program
    sys.exit("%%s: %%s" %% (type(error).__name__, error))
sys.stdout.write("%(begin)s" + answer + "%(end)s")
sys.stdout.flush()
"""


@functools.lru_cache(maxsize=1)
def _sources():
    sources = {name: (_CORE / (name.replace(".", "/") + ".py")).read_text(encoding="utf-8") for name in _MODULES}
    return base64.b64encode(zlib.compress(json.dumps(sources).encode("utf-8"), 9)).decode("ascii")


def build(batch, library=None):
    """The program that runs a batch, as ASCII text; ``library`` is the path of a DLL other than Windows' own."""
    return _PROGRAM % {
        "sources": _sources(),
        "batch": ascii(batch),
        "library": ascii(library and str(library)),
        "begin": _BEGIN,
        "end": _END,
    }


def command(interpreter, shell):
    """The command line that takes the program on its standard input. It holds nothing but the interpreter.

    On Windows it has the form that Ansible gives its own scripts, which every connection plugin hands on alike, be its
    shell cmd or PowerShell, and with standard input as text.

    :param interpreter: a name or path, perhaps with options, as in ``py -3``.
    :param shell: Ansible's shell plugin of the connection.
    """
    program, options = split_interpreter(interpreter)
    if not getattr(shell, "_IS_WINDOWS", False):
        return f"{shell.quote(program)}{options} -I -"
    program = "'{}'".format(program.replace("'", "''"))
    # PowerShell ends with 0 where there is no such command, so that is asked first. Over winrm ansible-core 2.16 and
    # 2.18 start this PowerShell from another, which ends with 1 whatever the exit code: so it is also said. PowerShell
    # hands its standard input to a native command only through the pipeline.
    script = (
        f"$python = Get-Command {program} -ErrorAction Ignore; if (-not $python) {{ '{NO_COMMAND}'; exit 127 }}; "
        f"$input | & $python{options} -I -; exit $LASTEXITCODE"
    )
    return powershell_command(script)


def powershell_command(script):
    """The command line that has PowerShell run a script, and in which no shell finds anything to expand."""
    return "{} -EncodedCommand {}".format(_POWERSHELL, base64.b64encode(script.encode("utf-16-le")).decode("ascii"))


def split_interpreter(interpreter):
    """(program, its options with a space before each). A path may hold spaces, so only options at the end count."""
    found = re.fullmatch(r"(.+?)((?:\s+-[A-Za-z0-9.:-]+)*)", interpreter.strip())
    return (found.group(1), "".join(f" {option}" for option in found.group(2).split())) if found else (interpreter, "")


def answer(output):
    """The answer in what the program printed, or None."""
    begin, end = output.find(_BEGIN), output.rfind(_END)
    return output[begin + len(_BEGIN) : end] if 0 <= begin < end else None
