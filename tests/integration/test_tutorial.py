# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tutorial, followed to the letter: its files are written, its commands run, and they say what it says they do.

The collection is installed from the repository as a reader installs it, into a home folder of the test's own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs/docsite/rst/tutorial.rst"
BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n(?:    :name: (\S+)\n)?\n((?:    .*\n|\n)+)", re.MULTILINE)


def blocks():
    """(language, file name or None, text) of each block."""
    for language, name, text in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
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


def test_the_tutorial_does_what_it_says(tmp_path):
    home, folder = tmp_path / "home", tmp_path / "home/fleet"
    folder.mkdir(parents=True)
    (home / "winstorage.iscsi").symlink_to(ROOT)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    environment.update(
        HOME=str(home),
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        ANSIBLE_FORKS="1",
        LC_ALL="C.UTF-8",
    )  # one host after the other, in the order of the tutorial
    exported, ran = "true", []
    for language, name, text in blocks():
        if name:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        for command, expected in commands(text) if language == "console" else ():
            if command.startswith("export "):
                exported = command
                continue
            done = subprocess.run(
                ["bash", "-c", f"{exported}; {command}"],
                cwd=folder,
                env=environment,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            assert missing(expected, done.stdout) is None, f"{command} shows:\n{done.stdout}"
            assert "[WARNING]: Found duplicate" not in done.stdout
            ran.append(command.split()[0])
    assert ran == ["ansible-galaxy", *["ansible-playbook"] * 5, "python3", "ansible-playbook"]
    assert (folder / "report/iscsi.html").stat().st_size > 10_000
