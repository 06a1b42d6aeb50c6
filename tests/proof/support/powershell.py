# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell 7 of this machine. No package of Debian or PyPI brings it, so this alone may be missing anywhere."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

import pytest

# A process that compiles C# once and ends need not profile itself, nor be sparing with memory: a quarter less work.
ENVIRONMENT = {
    "POWERSHELL_TELEMETRY_OPTOUT": "1",
    "POWERSHELL_UPDATECHECK": "Off",
    "DOTNET_TieredPGO": "0",
    "DOTNET_GCgen0size": "0x8000000",
}


def command() -> str:
    """What starts it. Without it the test is skipped, also where WINSTORAGE_REQUIRE_ALL=1 is set."""
    path = shutil.which("pwsh")
    if not path:
        pytest.skip(
            "pwsh is not installed. PowerShell 7 is at https://aka.ms/powershell and on GitHub's runners, where"
            " .github/workflows/ci.yml runs these tests"
        )
    return path


@functools.lru_cache(maxsize=None)
def executable() -> Path:
    """The program itself, which what is on the PATH may only lead to."""
    asked = [command(), "-NoProfile", "-NonInteractive", "-Command", "$PSHOME"]
    home = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120).stdout
    return Path(home.strip(), "pwsh")
