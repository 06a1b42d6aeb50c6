# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches a program and all that it starts: command lines, environments, and files that came and went. See watch.c."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.winstorage.iscsi.tests.proof.support import compilers


class Watch:
    """Watches what is started with its ``environment``; a private folder keeps what is seen, and has the home."""

    def __init__(self, folder):
        self.kept, self.home, self.temporary = (Path(folder, name) for name in ("kept", "home", "temporary"))
        for place in (self.kept, self.home, self.temporary):
            place.mkdir(parents=True)
        library = compilers.library("elf", [Path(__file__).with_suffix(".c")], Path(folder, "watch.so"), "-ldl")
        self.environment = {
            "LD_PRELOAD": str(library),
            "WATCH_FOLDER": str(self.kept),
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
        }

    def seen(self, *kinds):
        """{name: content} of what was kept: ``command``, ``environment``, ``removed``, ``replaced``.

        A name begins with the kind and the name of the file.
        """
        return {path.name: path.read_bytes() for kind in kinds for path in self.kept.glob(kind + "-*")}

    def left(self, *folders):
        """{path: content} of the files that are there now: at home, among temporary files, and in other folders."""
        return {
            str(path): path.read_bytes()
            for folder in (self.home, self.temporary, *folders)
            for path in Path(folder).rglob("*")
            if path.is_file() and not path.is_symlink()
        }
