# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that are dear to fetch or build are made once, and kept in a folder outside of version control."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from .tools import unavailable

REPOSITORY = Path(__file__).resolve().parents[3]


def root() -> Path:
    """The cache folder: $WINSTORAGE_PROOF_CACHE, or .build/proof in the repository. It ignores itself in git."""
    folder = Path(os.environ.get("WINSTORAGE_PROOF_CACHE") or REPOSITORY / ".build" / "proof").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="ascii")
    return folder


def made(name: str, make: Callable[[Path], None], *ingredients: str | Path) -> Path:
    """The folder *name*, filled once by make(folder), and anew when an ingredient (a text, a file's content) changed.

    Safe against several processes that want the same thing at once, and against one that dies half way.
    """
    digest = hashlib.sha256()
    for ingredient in ingredients:
        digest.update(ingredient.read_bytes() if isinstance(ingredient, Path) else ingredient.encode())
    folder = root() / f"{name}-{digest.hexdigest()[:12]}"
    with open(root() / f"{name}.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            for old in root().glob(f"{name}-*"):
                shutil.rmtree(old)
            with tempfile.TemporaryDirectory(dir=root()) as scratch:
                unfinished = Path(scratch, name)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(folder)
    return folder


def unpack_wheel(requirement: str, pip_options: Iterable[str], wanted: Callable[[str], Path | None]) -> None:
    """Fetch the wheel of *requirement* by pip and write each of its files to the path that wanted(its name) gives."""
    with tempfile.TemporaryDirectory(dir=root()) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        fetched = subprocess.run(
            [*command, *pip_options, "--dest", scratch, requirement], capture_output=True, text=True, check=False
        )
        if fetched.returncode:
            unavailable(f"pip cannot fetch {requirement}: {fetched.stderr.strip()}")
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                path = None if entry.is_dir() else wanted(entry.filename)
                if path:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(archive.read(entry))
