# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the working tree to where a collection must lie: tools/stage.py DIRECTORY [--published]

ansible-test and ansible-lint resolve symlinks, so the linked view that serves ansible-playbook does not serve them. The
copy holds tracked and new files, and is a git repository of its own: in a subfolder of ours, ansible-test would ask our
repository for the files and find them all ignored. With --published it holds what is in the collection's artifact.
"""

from __future__ import annotations

import fnmatch
import shutil
import subprocess
import sys
from pathlib import Path

import yaml


def stage(directory, published=False):
    """Make the copy anew and return its path, DIRECTORY/ansible_collections/winstorage/iscsi."""
    ignored = yaml.safe_load(Path("galaxy.yml").read_text(encoding="utf-8"))["build_ignore"] if published else []
    copy = Path(directory).absolute() / "ansible_collections" / "winstorage" / "iscsi"
    list_files = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(list_files, check=True, stdout=subprocess.PIPE, text=True).stdout
    shutil.rmtree(copy, ignore_errors=True)
    for name in filter(None, listing.split("\0")):
        source, target = Path(name), copy / name
        if any(fnmatch.fnmatchcase(str(part), pattern) for part in (source, *source.parents) for pattern in ignored):
            continue
        if source.is_symlink() or source.exists():  # not when deleted from the working tree alone
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", copy], check=True)
    return copy


if __name__ == "__main__":
    print(stage(sys.argv[1], published="--published" in sys.argv))
