# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as a package: metadata that agree with the contents, an artifact without development files."""

from __future__ import annotations

import collections
import re
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
    releases = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text())["releases"]
    assert GALAXY["version"] in releases
    assert f"v{GALAXY['version']}" in (ROOT / "CHANGELOG.rst").read_text()


def texts_of(changes):
    """The texts of a section of the changelog: a list, or a single one."""
    return [" ".join(text.split()) for text in ([changes] if isinstance(changes, str) else changes)]


def test_the_changelog_holds_every_fragment():
    """And each text of it, whatever else the release has. `make changelog` brings what is missing."""
    releases = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text())["releases"].values()
    held = collections.defaultdict(list)
    for section, changes in (item for release in releases for item in release["changes"].items()):
        held[section] += texts_of(changes)
    fragments = {path.name: yaml.safe_load(path.read_text()) for path in (ROOT / "changelogs/fragments").glob("*.yml")}
    released = {name for release in releases for name in release["fragments"]}
    assert sorted(set(fragments) - released) == [], "run: make changelog"
    assert [
        (name, section, text)
        for name, fragment in fragments.items()
        for section, changes in fragment.items()
        for text in texts_of(changes)
        if text not in held[section]
    ] == [], "run: make changelog"


def test_an_environment_has_the_headers_of_its_own_python():
    """What is compiled for Kerberos needs them; bindep.txt can only name those of the system's Python."""
    example = yaml.safe_load((ROOT / "examples/awx/execution-environment.yml").read_text())["dependencies"]
    assert f"{example['python_interpreter']['package_system']}-devel [compile platform:rpm]" in example["system"]


def test_nothing_in_the_repository_is_kept_from_ansible_lint():
    assert yaml.safe_load((ROOT / ".ansible-lint").read_text())["exclude_paths"] == [".build/"]


def test_galaxy_lints_everything_but_imports_whose_playbooks_it_cannot_find(tarball):
    with tarfile.open(tarball) as archive:
        excluded = yaml.safe_load(archive.extractfile(".ansible-lint"))["exclude_paths"]
    assert excluded[0] == ".build/" and "examples/before_restart.yml" in excluded
    for name in excluded[1:]:
        (play,) = yaml.safe_load((ROOT / name).read_text())
        assert play["ansible.builtin.import_playbook"].startswith("winstorage.iscsi.")
        assert (ROOT / f"playbooks/{play['ansible.builtin.import_playbook'].rpartition('.')[2]}.yml").exists()


def test_every_license_of_the_metadata_has_its_text():
    assert set(GALAXY["license"]) == names("LICENSES")


def test_action_group_lists_every_module_with_an_action():
    assert RUNTIME["action_groups"]["initiator"] == sorted(names("plugins/action", "*.py"))


@pytest.fixture(scope="module")
def tarball(tmp_path_factory):
    command = [sys.executable, "tools/galaxy.py", tmp_path_factory.mktemp("artifact"), "--build-only"]
    built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, stdin=subprocess.DEVNULL, text=True)
    return Path(built.stdout.strip())


@pytest.fixture(scope="module")
def artifact(tarball):
    with tarfile.open(tarball) as archive:
        return set(archive.getnames())


def test_pictures_and_links_of_the_readme_are_addresses_where_no_file_is_beside_it(tarball):
    with tarfile.open(tarball) as archive:
        readme = archive.extractfile("README.md").read().decode()
    targets = re.findall(r"\]\(([^)]+)\)", readme) + re.findall(r"^\[[^]]+\]: (\S+)", readme, re.MULTILINE)
    assert any(target.endswith("/main/docs/docsite/pictures/report.png") for target in targets)
    assert [target for target in targets if not target.startswith(("https://", "#"))] == []


def test_artifact_leaves_development_files_out(artifact):
    expected = {
        ".ansible-lint",
        "CHANGELOG.rst",
        "COPYING",
        "FILES.json",
        "LICENSES",
        "MANIFEST.json",
        "README.md",
        "bindep.txt",
    }
    expected |= {"changelogs", "demo", "meta", "playbooks", "plugins", "requirements.txt", "roles", "tests"}
    optional = {"docs", "examples", "extensions", "SECURITY.md"}
    tops = {name.split("/")[0] for name in artifact}
    assert expected <= tops <= expected | optional
    assert not {"docs/docsite/conf.py", "changelogs/fragments"} & artifact
    assert {name for name in artifact if name.startswith("tests/")} == {"tests/config.yml"}


def test_artifact_holds_every_plugin(artifact):
    plugins = {str(path.relative_to(ROOT)) for path in (ROOT / "plugins").rglob("*.*") if path.suffix != ".pyc"}
    assert plugins <= artifact


def test_sanity_of_what_is_published_sees_the_files_of_the_artifact(artifact, tmp_path):
    command = [sys.executable, "tools/stage.py", tmp_path, "--published"]
    copy = Path(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip())
    staged = {path.relative_to(copy) for path in copy.rglob("*") if path.is_file()}
    built = {Path(name) for name in artifact if (ROOT / name).is_file()} | {Path("galaxy.yml")}  # for MANIFEST.json
    assert {path for path in staged if path.parts[0] != ".git"} == {path for path in built if path.suffix != ".pyc"}
