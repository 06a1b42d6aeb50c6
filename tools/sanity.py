# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run all of ansible-test sanity with the ansible-core of this Python: tools/sanity.py DIRECTORY [--published]

The tests run on a copy of the working tree in DIRECTORY, against every Python found here that the core knows; with
--published on the files of the collection's artifact, against this Python alone.

Two tests need PowerShell for .ps1 files: pslint, with the module PSScriptAnalyzer, and validate-modules, which asks
pwsh for the argument spec. Where the module is missing, pslint is left out; where pwsh is missing, validate-modules
takes every file but these. A line says so. Nothing else is left out, and there are no ignore files.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

from ansible_test._internal.python_requirements import get_venv_packages
from ansible_test._util.target.common.constants import CONTROLLER_PYTHON_VERSIONS, REMOTE_ONLY_PYTHON_VERSIONS
from stage import stage

# ansible-test makes a virtual environment for each test, and installs pip in it with a script that it takes from a
# cache, or else downloads from a server of its own. Any script in the cache serves, as long as pip is there afterwards.
BOOTSTRAP_URL = "https://ci-files.testing.ansible.com/ansible-test/get-pip-{version}.py"
BOOTSTRAP_STAND_IN = "import ensurepip\n\nensurepip.bootstrap()\n"


def make_home(home):
    """Make a home folder for ansible-test, so that our cache serves us alone. The user's settings of pip hold in it."""
    for folder in (home / ".config", home / ".pip"):
        folder.mkdir(parents=True, exist_ok=True)
    (home / ".pip/pip.conf").write_text("[global]\nquiet = 2\n")
    with contextlib.suppress(FileExistsError):
        (home / ".config/pip").symlink_to(Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config"), "pip"))


def provide_bootstrap(home):
    """Put the script that installs pip into the cache: the real one, or the stand-in where that is out of reach."""
    version = get_venv_packages(SimpleNamespace(version="{}.{}".format(*sys.version_info)))["pip"]
    script = home / f".ansible/test/cache/get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    try:
        with urllib.request.urlopen(BOOTSTRAP_URL.format(version=version), timeout=10) as response:
            text = response.read().decode()
    except OSError:
        text = BOOTSTRAP_STAND_IN
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(text)


def find_pythons():
    """The folders of all Pythons that this core knows and this machine has."""
    folders = []
    for version in REMOTE_ONLY_PYTHON_VERSIONS + CONTROLLER_PYTHON_VERSIONS:
        finder = subprocess.run(["tools/find-python", version], check=False, stdout=subprocess.PIPE, text=True)
        if finder.returncode == 0:
            folders.append(os.path.dirname(finder.stdout))
    return folders


def has_script_analyzer():
    """Whether PowerShell has the module that pslint asks."""
    command = "exit [int](-not (Get-Module -ListAvailable PSScriptAnalyzer))"
    return subprocess.run(["pwsh", "-NoProfile", "-Command", command], check=False).returncode == 0


def main():
    published = "--published" in sys.argv
    copy = stage(sys.argv[1], published)
    home = Path(sys.argv[1], "home").absolute()
    make_home(home)
    provide_bootstrap(home)
    here = os.path.dirname(sys.executable)
    # a shim of pyenv is found for Pythons, too, that it then cannot start
    others = [folder for folder in os.environ["PATH"].split(os.pathsep) if not folder.endswith("/shims")]
    environment = dict(os.environ, HOME=str(home), PATH=os.pathsep.join([here, *find_pythons(), *others]))

    pythons = ["--python", "{}.{}".format(*sys.version_info)] if published else []

    def sanity(*arguments):
        command = [sys.executable, os.path.join(here, "ansible-test"), "sanity", "--local", *pythons, *arguments]
        return subprocess.run(command, cwd=copy, env=environment, check=False, stdin=subprocess.DEVNULL).returncode

    scripts = sorted(str(path.relative_to(copy)) for path in copy.glob("plugins/modules/*.ps1"))
    if not scripts:
        return sanity()
    if shutil.which("pwsh"):
        if has_script_analyzer():
            return sanity()
        print("PSScriptAnalyzer is not installed: pslint is left out", flush=True)
        return sanity("--skip-test", "pslint")
    print(f"pwsh is not installed: pslint, and validate-modules of {', '.join(scripts)}, are left out", flush=True)
    most = sanity("--skip-test", "pslint", "--skip-test", "validate-modules")
    rest = sanity("--test", "validate-modules", *[f"--exclude={script}" for script in scripts])
    return most or rest


if __name__ == "__main__":
    sys.exit(main())
