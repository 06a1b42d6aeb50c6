# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's .NET for Windows, under Wine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from . import cache
from .wine import WinePrefix, windows_path

DOTNET_WHEEL = "dotnetcore2>=3.1.23,<3.2"
# A program compiled by mcs has no runtimeconfig.json of its own; the host takes this one.
RUNTIME_CONFIG = {"runtimeOptions": {"framework": {"name": "Microsoft.NETCore.App", "version": "3.1.0"}}}


class WineDotnet:
    """.NET Core 3.1 for win-x64, in the prefix *wine*. It runs what ``mono.compile`` made."""

    def __init__(self, wine: WinePrefix) -> None:
        self.wine = wine
        self.folder = cache.made("dotnet", _make_dotnet, DOTNET_WHEEL, json.dumps(RUNTIME_CONFIG))

    def run(
        self,
        program: Path,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run an assembly. ``DllImport`` looks beside it and in system32 (see ``WinePrefix.install``)."""
        # Invariant globalization: Wine's tables of cultures are no judge of ours, and .NET starts sooner without.
        environment = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "DOTNET_MULTILEVEL_LOOKUP": "0", **(env or {})}
        config = windows_path(self.folder / "runtimeconfig.json")
        return self.wine.run(
            self.folder / "dotnet.exe",
            "exec",
            "--runtimeconfig",
            config,
            windows_path(program),
            *arguments,
            stdin=stdin,
            env=environment,
            timeout=timeout,
        )


def _make_dotnet(folder: Path) -> None:
    def wanted(name: str) -> Path | None:
        inside = name.removeprefix("dotnetcore2/bin/")
        return folder / inside if inside != name else None

    cache.unpack_wheel(DOTNET_WHEEL, ("--platform=win_amd64",), wanted)
    (folder / "runtimeconfig.json").write_text(json.dumps(RUNTIME_CONFIG), encoding="ascii")
