# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runners that the suite is run on. Each takes lines of batches to one process and gives its lines of answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ansible_collections.winstorage.iscsi.tests.proof.support import compilers, mono
from ansible_collections.winstorage.iscsi.tests.proof.support.dotnet import WineDotnet
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import WinePython, windows_path

HERE = Path(__file__).resolve().parent
MODULE_UTILS = HERE.parents[2] / "plugins" / "module_utils"
DRIVER = HERE / "driver.py"
Engine = Callable[[Sequence[str]], list[str]]


def scripted_library(target: str, folder: Path) -> Path:
    """scripted.c as iscsidsc.dll for x64, x86 or elf."""
    return compilers.library(target, [HERE / "scripted.c"], folder / "iscsidsc.dll")


def csharp_program(folder: Path) -> Path:
    """Iscsidsc.cs with Program.cs around it. Any warning is an error, as it is for Ansible on the target."""
    return mono.compile([MODULE_UTILS / "Iscsidsc.cs", HERE / "Program.cs"], folder / "runner.exe", "-warn:4")


def ctypes_engine(library: Path) -> Engine:
    """executor.py and native.py in a CPython of this machine, which finds the library by its name."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(library.parent)}
    return lambda lines: _answers(
        subprocess.run(
            [sys.executable, "-I", DRIVER, MODULE_UTILS],
            input=_text(lines),
            capture_output=True,
            env=environment,
            timeout=120,
            check=False,
        )
    )


def mono_engine(program: Path, library: Path) -> Engine:
    return lambda lines: _answers(mono.run(program, stdin=_text(lines), library_path=library.parent))


def wine_python_engine(python: WinePython, library: Path) -> Engine:
    return lambda lines: _answers(
        python.run(DRIVER, windows_path(MODULE_UTILS), windows_path(library), stdin=_text(lines))
    )


def wine_dotnet_engine(dotnet: WineDotnet, program: Path, library: Path | None = None) -> Engine:
    """The library is put into system32 first: it is loaded from nowhere else."""

    def run(lines: Sequence[str]) -> list[str]:
        if library:
            dotnet.wine.install(library, "iscsidsc.dll")
        return _answers(dotnet.run(program, stdin=_text(lines)))

    return run


def _text(lines: Sequence[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode("ascii")


def _answers(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr.decode(errors='replace')}"
    return done.stdout.decode("ascii").splitlines()
