# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tutorial, followed to the letter: its files are written, its commands run, and they say what it says they do.

The collection is installed into a home folder of the tests' own: from the repository, which stands for Galaxy. See also
test_first_steps.py of the proof.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n(?:    :name: (\S+)\n)?\n((?:    .*\n|\n)+)", re.MULTILINE)
INSTALL = "ansible-galaxy collection install "


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
            ANSIBLE_FORKS="1",
            LC_ALL="C.UTF-8",
            PYTHONDONTWRITEBYTECODE="1",
        )  # one host after the other, in the order of the tutorial

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


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return Reader(tmp_path_factory.mktemp("home"))


def blocks(page):
    """(language, file name or None, text) of each block of a page."""
    for language, name, text in BLOCK.findall((ROOT / f"docs/docsite/rst/{page}.rst").read_text(encoding="utf-8")):
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


def from_here(command):
    """The command that installs from the repository what Galaxy would send."""
    return command.replace(f"{INSTALL}winstorage.iscsi", f"{INSTALL}{ROOT}")


def test_the_tutorial_does_what_it_says(reader):
    folder, ran, failed = reader.home / "fleet", [], []
    folder.mkdir()
    for language, name, text in blocks("tutorial"):
        if name:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        for command, expected in commands(text) if language == "console" else ():
            code, shown = reader.run(from_here(command), folder)
            assert missing(expected, shown) is None, f"{command} shows:\n{shown}"
            ran.append(command.split()[0])
            failed += [command] if code else []
    assert ran == ["ansible-galaxy", *["ansible-playbook"] * 5, "export", "python3", "ansible-playbook"]
    assert failed == ["ansible-playbook winstorage.iscsi.audit"]
    assert (folder / "iscsi-report/iscsi.html").stat().st_size > 10_000
    assert not list(folder.glob("*.yml.*")) and sorted(path.name for path in folder.glob("*.yml")) == ["inventory.yml"]
