# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of the documentation as a reader follows them: files to write, commands to run, and what these show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGES = Path(__file__).parents[3] / "docs/docsite/rst"
BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n(?:    :name: (\S+)\n)?\n((?:    .*\n|\n)+)", re.MULTILINE)
INSTALL = "ansible-galaxy collection install "


def blocks(page):
    """(language, file name or None, text) of each block of a page."""
    for language, name, text in BLOCK.findall((PAGES / f"{page}.rst").read_text(encoding="utf-8")):
        yield language, name or None, re.sub(r"^    ", "", text, flags=re.MULTILINE).strip("\n") + "\n"


def commands(text):
    """(command, the lines it is said to show) of a console block."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _newline, output = part.partition("\n")
        yield command, output.rstrip("\n").split("\n") if output.strip() else []


def missing(expected, shown):
    """The first lines between two "..." that were not shown after those before them; None if all were."""
    rest = [line.rstrip() for line in shown.split("\n")]
    for run in "\n".join(expected).split("..."):
        lines = run.strip("\n").split("\n") if run.strip("\n") else []
        found = next((at for at in range(len(rest)) if rest[at : at + len(lines)] == lines), None)
        if found is None:
            return lines
        rest = rest[found + len(lines) :]
    return None


def files_of(folder):
    """Every file of a folder, and when it was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


class Reader:
    """Somebody with a home folder, who runs commands."""

    def __init__(self, home):
        self.home, self.exported = home, "true"
        self.collection = home / ".ansible/collections/ansible_collections/winstorage/iscsi"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))
        }
        self.environment.update(
            HOME=str(home),
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            ANSIBLE_FORKS="1",  # one host after the other, in the order of the page
            LC_ALL="C.UTF-8",
            PYTHONDONTWRITEBYTECODE="1",
        )

    def run(self, command, folder):
        """The exit code and the output of a command."""
        if command.startswith("export "):
            self.exported = command
        done = subprocess.run(
            ["bash", "-c", f"{self.exported}; {command}"],
            cwd=folder,
            env=self.environment,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert "[WARNING]: Found duplicate" not in done.stdout
        return done.returncode, done.stdout
