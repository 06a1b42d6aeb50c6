# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell's own logs, all of them: script blocks, modules, transcripts.

The policies are those that Windows has, and PowerShell 7 on Linux reads from powershell.config.json. What Windows would
write to its event log goes to syslog there, which a library that is loaded first writes to a file.
"""

from __future__ import annotations

import json
from pathlib import Path

from . import compilers
from .wine import NATIVE


class Logs:
    """Where a PowerShell writes when it starts with ``options`` and ``environment``, and what it wrote."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._transcripts, self._events = folder / "transcripts", folder / "events"
        settings = folder / "powershell.config.json"
        policies = {
            "ScriptBlockLogging": {"EnableScriptBlockLogging": True},
            "ModuleLogging": {"EnableModuleLogging": True, "ModuleNames": ["*"]},
            "Transcription": {
                "EnableTranscripting": True,
                "EnableInvocationHeader": True,
                "OutputDirectory": str(self._transcripts),
            },
        }
        settings.write_text(
            json.dumps({"LogLevel": "Verbose", "LogChannels": "Operational,Analytic", "PowerShellPolicies": policies})
        )
        library = compilers.library("elf", [NATIVE / "syslog.c"], folder / "syslog.so")
        self.options = ("-SettingsFile", str(settings))
        self.environment = {"LD_PRELOAD": str(library), "SYSLOG_FILE": str(self._events)}

    def transcripts(self) -> list[bytes]:
        return [path.read_bytes() for path in self._transcripts.rglob("*.txt")]

    def events(self, name: bytes) -> list[bytes]:
        """Those of a name. Large ones come in parts."""
        return [event for event in self._events.read_bytes().split(b"\0") if b"[" + name in event[:200]]
