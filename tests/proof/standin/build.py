# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-ins as libraries: for Windows x64 and x86, and as a shared object of the same name for Linux."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.winstorage.iscsi.tests.proof.support import cache, compilers

_SOURCES = Path(__file__).parent
_HEADERS = tuple(sorted(_SOURCES.glob("*.h")))
_SOCKETS = {"x64": ("-lws2_32",), "x86": ("-lws2_32",), "elf": ()}


def library(target):
    """The path of the stand-in iscsidsc.dll for ``x64``, ``x86`` or ``elf``, alone in its folder."""
    return _built("iscsidsc.dll", target, "standin.c", "marshal.c", "wire.c")


def service_manager():
    """The path of an advapi32.dll for Linux: what the C# asks there about MSiSCSI. Windows has its own."""
    return _built("advapi32.dll", "elf", "advapi32.c", "wire.c")


def _built(name, target, *sources):
    paths = [_SOURCES / source for source in sources]
    folder = cache.made(
        f"standin-{Path(name).stem}-{target}",
        lambda folder: compilers.library(target, paths, folder / name, *_SOCKETS[target]),
        repr((compilers.TARGETS[target], compilers.COMMON_FLAGS)),
        *paths,
        *_HEADERS,
    )
    return folder / name
