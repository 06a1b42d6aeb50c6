# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same C sources, compiled for Windows (x64, x86) by mingw-w64 and for Linux (elf) by gcc."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .tools import requires


class Target(NamedTuple):
    """A compiler's programs start with *prefix*; *package* brings them; *flags* make a library of what is exported."""

    prefix: str
    package: str
    flags: tuple[str, ...]


# --kill-at: iscsidsc.dll exports its names plain, where a compiler for x86 would decorate them (Name@8).
WINDOWS_FLAGS = ("-static-libgcc", "-Wl,--kill-at")
TARGETS = {
    "x64": Target("x86_64-w64-mingw32-", "gcc-mingw-w64-x86-64", WINDOWS_FLAGS),
    "x86": Target("i686-w64-mingw32-", "gcc-mingw-w64-i686", WINDOWS_FLAGS),
    "elf": Target("", "gcc", ("-fPIC", "-fvisibility=hidden")),
}
COMMON_FLAGS = ("-std=c11", "-O1", "-Wall", "-Wextra", "-Werror")


def tool(target: str, name: str) -> str:
    """The path of the compiler's program *name* (gcc, objcopy, objdump, windres) for *target*."""
    return requires(TARGETS[target].prefix + name, TARGETS[target].package)


def run(*command: str | Path) -> bytes:
    """What the command printed; its complaint as an AssertionError if it failed."""
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stderr.decode(errors='replace')}"
    return done.stdout


def library(target: str, sources: Sequence[Path], output: Path, *flags: str) -> Path:
    """A DLL (x64, x86) or shared object (elf) at *output*; *flags* come last, so that -lws2_32 works."""
    run(tool(target, "gcc"), *COMMON_FLAGS, "-shared", "-s", *TARGETS[target].flags, "-o", output, *sources, *flags)
    return output


def executable(target: str, sources: Sequence[Path], output: Path, *flags: str) -> Path:
    """A program at *output*."""
    run(tool(target, "gcc"), *COMMON_FLAGS, "-s", "-o", output, *sources, *flags)
    return output


def section(target: str, source: Path, name: str, scratch: Path, *flags: str) -> bytes:
    """The bytes that *source* places in the section *name* (padding may follow), taken without running anything.

    So sizeof and offsetof can be had from a compiler whose programs do not run here:
    ``__attribute__((section("layout"))) const uint32_t sizes[] = {sizeof(A), offsetof(A, b)};`` (little-endian).
    """
    compiled, content = scratch / f"{source.stem}-{target}.o", scratch / f"{source.stem}-{target}.bin"
    run(tool(target, "gcc"), *COMMON_FLAGS, "-c", "-o", compiled, source, *flags)
    run(tool(target, "objcopy"), "-O", "binary", f"--only-section={name}", compiled, content)
    return content.read_bytes()
