# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tutorial, followed to the letter: its files are written, its commands run, and they say what it says they do.

The collection is installed into a home folder of the tests' own: from the repository, which stands for Galaxy. See also
test_first_steps.py of the proof.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.winstorage.iscsi.tests.unit.support.pages import INSTALL, Reader, blocks, commands, missing

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return Reader(tmp_path_factory.mktemp("home"))


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
