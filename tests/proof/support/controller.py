# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's programs, run in a folder of their own. A PowerShell of this machine can be their host."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

import ansible_collections.winstorage.iscsi as collection

ROOT = Path(next(iter(collection.__path__)))
CONNECTION_PLUGINS = ROOT / "tests" / "windows" / "connection_plugins"


def write_inventory(folder: Path, hosts: dict[str, dict[str, object]]) -> None:
    """Write ``hosts.yml``, which :func:`run` reads."""
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")


def powershell_here(interpreter: str | Path | None = None, **variables: object) -> dict[str, object]:
    """Variables of a host which is a PowerShell of this machine; without one, nothing is run."""
    own = {"powershell_here_interpreter": str(interpreter)} if interpreter else {}
    return {"ansible_connection": "powershell_here", **own, **variables}


def run(program: str, folder: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``ansible`` or ``ansible-playbook`` on the hosts in the folder; its output and errors are ``stdout``.

    Nothing of the caller's settings of Ansible reaches it.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    own = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT.parents[2]),
        "ANSIBLE_CONNECTION_PLUGINS": str(CONNECTION_PLUGINS),
        "ANSIBLE_HOME": str(folder / "home"),
    }
    return subprocess.run(
        [sys.executable, Path(sys.executable).parent / program, "-i", "hosts.yml", *arguments],
        cwd=folder,
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**kept, **own, **environment},
    )
