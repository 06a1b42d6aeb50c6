# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first steps of the README, and the copy of the examples, from an installed collection and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.winstorage.iscsi.tests.unit.support.pages import INSTALL, Reader, blocks, commands, files_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return Reader(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def installed(reader):
    """The collection as the tutorial installs it."""
    code, shown = reader.run(f"{INSTALL}{ROOT}", reader.home)
    assert code == 0, shown
    return reader.collection


def test_the_examples_run_from_a_copy_and_leave_the_installed_collection_alone(reader, installed):
    before = files_of(installed)
    (text,) = [text for language, _name, text in blocks("playbooks") if language == "console"]
    copying = [command for command, _shown in commands(text)]
    code, shown = reader.run(" && ".join(copying), reader.home)
    assert code == 0, shown
    examples = reader.home / "iscsi-examples/examples"
    for folder, names in ((examples, ("adopt_fleet", "audit_fleet")), (examples / "groups", ("gather",))):
        for name in names:
            code, shown = reader.run(f"ansible-playbook {name}.yml", folder)
            assert code == 0, shown
    assert files_of(installed) == before
    written = {
        path.relative_to(examples).parts[0]
        for path in examples.rglob("*")
        if not (installed / "examples" / path.relative_to(examples)).exists()
    }
    assert written == {"groups", "host_vars", "iscsi-hosts", "iscsi-report"}
    assert {path.name for path in (reader.home / "iscsi-examples").iterdir()} == {"demo", "examples"}


def test_the_first_steps_of_the_readme_work_from_an_installed_collection(reader, installed, tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line.strip() for line in re.findall(r"^    (ansible-\S.*)$", readme, re.MULTILINE)]
    assert lines[:2] == [f"{INSTALL}winstorage.iscsi", "ansible-playbook winstorage.iscsi.demo"]
    code, shown = reader.run(lines[1], tmp_path)
    assert code == 0 and (tmp_path / "iscsi-demo/before.html").exists(), shown
    inventory = re.search(r"`my-hosts\.yml`.*?```yaml\n(.*?)```", readme, re.DOTALL)[1]
    (tmp_path / "my-hosts.yml").write_text(inventory)
    assert len(yaml.safe_load(inventory)["windows"]["hosts"]) == 1
    asking = [line for line in lines if "my-hosts.yml" in line]
    assert [line.split()[1].rpartition(".")[2] for line in asking] == ["check_connection", "first_contact", "report"]
    assert {line.partition(" -i ")[2] for line in asking} == {"my-hosts.yml --ask-pass"}
    names = " ".join(line.split()[1] for line in asking)
    code, shown = reader.run(f"ansible-playbook {names} -i my-hosts.yml --list-hosts", tmp_path)
    assert code == 0 and shown.count("sql01.example.com") == 3, shown
    assert not re.search(r"^    (?:cp|pip install -r) ", readme, re.MULTILINE), "what only a clone has"
