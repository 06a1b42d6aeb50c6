# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""C# by Debian's Mono: compiled for every runtime by mcs, run on Linux by mono."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .compilers import run as checked
from .tools import requires


def compile(sources: Sequence[Path], output: Path, *flags: str, langversion: str = "5") -> Path:
    """An assembly: a program, or with ``-target:library`` a library.

    Language version 5 is what Windows PowerShell 5.1 compiles. The references are those of .NET Framework 4.x (mscorlib
    and System 4.0.0.0), for which .NET has facades: one assembly runs on Mono and on .NET.
    """
    checked(
        requires("mcs", "mono-mcs"),
        "-nologo",
        "-warnaserror",
        f"-langversion:{langversion}",
        f"-out:{output}",
        *flags,
        *sources,
    )
    return output


def run(
    program: Path,
    *arguments: str,
    stdin: bytes = b"",
    library_path: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[bytes]:
    """Run *program* under Mono. ``DllImport("x.dll")`` finds a shared object that is named x.dll in *library_path*."""
    environment = {**os.environ, **(env or {})}
    if library_path:
        environment["LD_LIBRARY_PATH"] = str(library_path)
    return subprocess.run(
        [requires("mono", "mono-runtime"), program, *arguments],
        input=stdin,
        capture_output=True,
        env=environment,
        timeout=timeout,
        check=False,
    )
