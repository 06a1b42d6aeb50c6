# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test needs from the machine: found, or the reason why the test cannot run here."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it where WINSTORAGE_REQUIRE_ALL=1 says that every judge has to be heard (as in CI)."""
    if os.environ.get("WINSTORAGE_REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def requires(tool: str, package: str) -> str:
    """The path of the program *tool*, which Debian's *package* brings."""
    return shutil.which(tool) or unavailable(f"{tool} is not installed (Debian: apt-get install {package})")


def powershell() -> str:
    """The path of PowerShell 7. No package of Debian or PyPI brings it, so this alone may be missing anywhere."""
    path = shutil.which("pwsh")
    if not path:  # also where WINSTORAGE_REQUIRE_ALL=1 is set
        pytest.skip(
            "pwsh is not installed. PowerShell 7 is at https://aka.ms/powershell and on GitHub's runners, where"
            " .github/workflows/ci.yml runs these tests"
        )
    return path
