# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell 7 of this machine, and that for Windows under Wine.

No package of Debian or PyPI brings them, so they alone may be missing anywhere.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from . import compilers
from .tools import powershell, requires
from .wine import NATIVE, WinePrefix

# A process that compiles C# once and ends need not profile itself, nor compile its own code again where that is used
# often, nor be sparing with memory: a third less work.
QUICKER = {"DOTNET_TieredPGO": "0", "DOTNET_TC_CallCounting": "0", "DOTNET_GCgen0size": "0x8000000"}
ENVIRONMENT = {"POWERSHELL_TELEMETRY_OPTOUT": "1", "POWERSHELL_UPDATECHECK": "Off", **QUICKER}


@functools.cache
def executable() -> Path:
    """The program itself, which what is on the PATH may only lead to."""
    asked = [powershell(), "-NoProfile", "-NonInteractive", "-Command", "$PSHOME"]
    home = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120).stdout
    return Path(home.strip(), "pwsh")


class WinePowerShell:
    """The engine of PowerShell 7 for Windows, in the prefix *wine*.

    The console of pwsh.exe shows nothing under Wine, so it takes a pwsh.exe that hosts the engine without one. It reads
    all of its standard input before it begins.
    """

    def __init__(self, wine: WinePrefix) -> None:
        self.wine = wine
        self.executable = executable().parents[2] / "windows" / "pwsh.exe"
        if not self.executable.exists():
            pytest.skip("there is no PowerShell for Windows that runs under Wine")
        wine.add_drives()  # without them the engine finds no modules
        compilers.library("x64", [NATIVE / "mi.c"], wine.windows / "system32" / "mi.dll")

    @property
    def command(self) -> list[str]:
        """What starts it, to which options are added."""
        return [requires("wine", "wine"), str(self.executable)]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """What it runs with."""
        own = {
            "DOTNET_EnableWriteXorExecute": "0",  # Wine does not map memory twice, as .NET then would
            "WINEDLLOVERRIDES": "mshtml=",
        }
        return self.wine.environment({**ENVIRONMENT, **own, **(extra or {})})

    def add_module(self, folder: Path) -> Path:
        """Install a module of PowerShell for all users; its commands are found before those of PowerShell itself."""
        modules = self.wine.windows.parent / "Program Files" / "PowerShell" / "Modules"
        modules.mkdir(parents=True, exist_ok=True)
        place = modules / folder.name
        place.symlink_to(folder)
        return place

    def run(
        self, *options: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, timeout: float = 300
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command of it."""
        return self.wine.run(self.executable, *options, stdin=stdin, env=self.environment(env), timeout=timeout)
