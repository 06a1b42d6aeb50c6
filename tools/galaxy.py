# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the tarball, and have galaxy-importer check it as Galaxy and Automation Hub do: tools/galaxy.py DIRECTORY

A warning counts as an error. ansible-lint is left to `make lint-ansible`, which runs it on more files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from stage import stage

SETTINGS = """\
[galaxy-importer]
CHECK_REQUIRED_TAGS = True
REQUIRE_V1_OR_GREATER = True
RUN_ANSIBLE_LINT = False
"""


def main():
    folder = Path(sys.argv[1]).absolute()
    copy = stage(folder)
    settings = folder / "galaxy-importer.cfg"
    settings.write_text(SETTINGS)
    shutil.rmtree(folder / "built", ignore_errors=True)
    galaxy = [sys.executable, Path(sys.executable).with_name("ansible-galaxy"), "collection", "build"]
    subprocess.run([*galaxy, "--output-path", folder / "built", copy], check=True, stdout=subprocess.DEVNULL)
    (artifact,) = (folder / "built").iterdir()
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", artifact],
        cwd=folder / "built",
        env=dict(os.environ, GALAXY_IMPORTER_CONFIG=str(settings)),
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    problems = [line for line in done.stdout.splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL"))]
    print("\n".join(problems) if problems else done.stdout.splitlines()[-1])
    return done.returncode or bool(problems)


if __name__ == "__main__":
    sys.exit(main())
