# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the tarball, and have galaxy-importer check it as Galaxy and Automation Hub do: tools/galaxy.py DIRECTORY

A warning counts as an error. With --build-only the tarball is not checked.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from stage import stage

SETTINGS = """\
[galaxy-importer]
CHECK_REQUIRED_TAGS = True
REQUIRE_V1_OR_GREATER = True
"""

# galaxy-importer stops ansible-lint after three minutes, which it can need on a busy machine.
WITHOUT_TIME_LIMIT = """\
import subprocess
import sys
from galaxy_importer import main
from galaxy_importer.loaders import collection

class Popen(subprocess.Popen):
    def communicate(self, input=None, timeout=None):
        return super().communicate(input)

collection.Popen = Popen
sys.exit(main.main())
"""


def main():
    folder = Path(sys.argv[1]).absolute()
    artifact = build(folder)
    problems = [] if "--build-only" in sys.argv else check(artifact, folder)
    print("\n".join(problems) or artifact)
    return bool(problems)


def build(folder):
    """Build the tarball of the working tree, and return its path below the folder."""
    copy, built = stage(folder), folder / "built"
    show_pictures(copy / "README.md", yaml.safe_load((copy / "galaxy.yml").read_text(encoding="utf-8"))["repository"])
    exclude_imports(copy)
    shutil.rmtree(built, ignore_errors=True)
    galaxy = [sys.executable, Path(sys.executable).with_name("ansible-galaxy"), "collection", "build"]
    subprocess.run([*galaxy, "--output-path", built, copy], check=True, stdout=subprocess.DEVNULL)
    (artifact,) = built.iterdir()
    return artifact


def show_pictures(page, repository):
    """Give each picture of a page its address in the repository: Galaxy shows the page without the files beside it."""
    text = page.read_text(encoding="utf-8")
    page.write_text(re.sub(r"(!\[[^]]*\]\()(?!https:)", rf"\1{repository}/raw/main/", text), encoding="utf-8")


def exclude_imports(copy):
    """Have ansible-lint, as Galaxy runs it, pass over the examples that import a playbook of the collection.

    It would say that it finds none: galaxy-importer has ANSIBLE_COLLECTIONS_PATH name the folder ansible_collections,
    and ansible-lint looks for playbooks in ansible_collections below that. `make lint-ansible` checks these files.
    """
    settings = copy / ".ansible-lint"
    imports = [
        path.relative_to(copy).as_posix()
        for path in sorted((copy / "examples").glob("*.yml"))
        if "import_playbook: winstorage.iscsi." in path.read_text(encoding="utf-8")
    ]
    found = yaml.safe_load(settings.read_text(encoding="utf-8"))
    found["exclude_paths"] += imports
    settings.write_text(yaml.safe_dump(found, explicit_start=True), encoding="utf-8")


def check(artifact, folder):
    """What galaxy-importer finds in the tarball, a line each."""
    settings = folder / "galaxy-importer.cfg"
    settings.write_text(SETTINGS)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TIME_LIMIT, artifact],
        cwd=artifact.parent,
        env=dict(os.environ, GALAXY_IMPORTER_CONFIG=str(settings)),
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines = done.stdout.splitlines()
    problems = [line for line in lines if line.startswith(("WARNING", "ERROR", "CRITICAL"))]
    return problems or (lines[-20:] if done.returncode else [])


if __name__ == "__main__":
    sys.exit(main())
