# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are written whole or not at all.

A new version is written beside the old one and renamed over it, so that nobody ever reads half a file, and a writer
that is killed leaves the old one in place. No symbolic link is followed: a link at the path is replaced by the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
import time

_ENDING = ".tmp"
_ABANDONED_SECONDS = 60  # a writer locks its temporary file long before it is that old


def read_text(path):
    """The text of a regular file; an empty one where there is none, or where it is not text."""
    try:
        descriptor = open_itself(path)
    except FileNotFoundError:
        return ""
    except OSError:
        if os.path.islink(path):
            return ""
        raise
    with os.fdopen(descriptor, encoding="utf-8", newline="") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        try:
            return file.read()
        except UnicodeDecodeError:
            return ""


def open_itself(path, flags=os.O_RDONLY):
    """An ``opener`` to read a file: a symbolic link is an error, and what is no file does not block."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def write_text(path, written, mode=None):
    """Put a file in place whole.

    The new file has the mode and, as far as allowed, the owner of the one that it replaces. ``mode`` is that of a file
    that was not there; by default what the umask leaves.
    """
    folder, name = os.path.split(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    prefix = f".{name}."
    _remove_abandoned(folder, prefix)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=prefix, suffix=_ENDING)
    try:
        # what has no form in UTF-8 is written as an escape, as JSON has it
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _take_over(descriptor, path, mode)
            file.write(written)
            file.flush()
            os.fsync(descriptor)
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _take_over(descriptor, path, mode):
    """Give a new file the owner and mode of the file at a path."""
    try:
        old = os.lstat(path)
    except FileNotFoundError:
        old = None
    if old is None or not stat.S_ISREG(old.st_mode):
        os.fchmod(descriptor, _default_mode() if mode is None else mode)
        return
    new = os.fstat(descriptor)
    for owner, group in ((old.st_uid, old.st_gid), (-1, old.st_gid)):
        if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, owner, group)
                break
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _default_mode():
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask


def _remove_abandoned(folder, prefix):
    """Remove what killed writers left: old temporary files that nobody has locked."""
    for entry in list(os.scandir(folder)):
        if entry.name.startswith(prefix) and entry.name.endswith(_ENDING):
            with contextlib.suppress(OSError):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _ABANDONED_SECONDS:
                    _remove_unlocked(entry.path)


def _remove_unlocked(path):
    descriptor = open_itself(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    finally:
        os.close(descriptor)


def _sync_folder(folder):
    """Make the renaming last. Some file systems cannot do that for a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
