# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as a package: metadata that agree with the contents, an artifact without development files."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text())
RUNTIME = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())


def names(folder, pattern="*"):
    return {path.stem for path in (ROOT / folder).glob(pattern)} - {"__init__", "__pycache__"}


def test_changelog_has_the_version():
    released = ROOT / "changelogs/changelog.yaml"
    releases = yaml.safe_load(released.read_text())["releases"] if released.exists() else {}
    assert GALAXY["version"] in releases or GALAXY["version"] in names("changelogs/fragments", "*.yml")


def test_every_license_of_the_metadata_has_its_text():
    assert set(GALAXY["license"]) == names("LICENSES")


def test_action_group_lists_every_module_with_an_action():
    assert RUNTIME["action_groups"]["initiator"] == sorted(names("plugins/action", "*.py"))


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("artifact")
    galaxy = Path(sys.executable).parent / "ansible-galaxy"
    command = [sys.executable, galaxy, "collection", "build", "--output-path", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    with tarfile.open(folder / f"winstorage-iscsi-{GALAXY['version']}.tar.gz") as archive:
        return set(archive.getnames())


def test_artifact_leaves_development_files_out(artifact):
    expected = {"COPYING", "FILES.json", "LICENSES", "MANIFEST.json", "README.md", "changelogs", "meta", "plugins"}
    optional = {"CHANGELOG.md", "demo", "docs", "examples", "extensions", "playbooks", "roles", "SECURITY.md"}
    tops = {name.split("/")[0] for name in artifact}
    assert expected <= tops <= expected | optional


def test_artifact_holds_every_plugin(artifact):
    plugins = {str(path.relative_to(ROOT)) for path in (ROOT / "plugins").rglob("*.*") if path.suffix != ".pyc"}
    assert plugins <= artifact
