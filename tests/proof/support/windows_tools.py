# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of Windows that a PowerShell elsewhere does not have: functions that keep their calls and answer as told.

Whether the commands of Windows take these arguments, and answer so, is nothing that a test with them can see.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path


class WindowsTools:
    """A script in ``folder`` that defines the commands.

    :param answers: the PowerShell expression that a command answers with, by its name.
    :param path: makes of a path what the PowerShell finds it by.
    """

    def __init__(self, folder: Path, answers: Mapping[str, str], path=str) -> None:
        self._calls, script = folder / "calls", folder / "tools.ps1"
        self._calls.touch()
        keep = "[IO.File]::AppendAllText('{}', (ConvertTo-Json -Compress @('{}', @($args | % {{ \"$_\" }}))) + \"`n\")"
        functions = [
            f"function {name} {{ {keep.format(path(self._calls), name)}; {answer} }}\n"
            for name, answer in answers.items()
        ]
        script.write_text("".join(functions), encoding="utf-8")
        self.definition = f". '{path(script)}'"  # the statement that a PowerShell has to begin with

    def calls(self, name: str) -> list[str]:
        """The arguments of each call of a command, with a space between them."""
        kept = [json.loads(line) for line in self._calls.read_text(encoding="utf-8").splitlines()]
        return [" ".join(arguments) for command, arguments in kept if command == name]
