# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Windows under Wine, and in it the CPython that python.org builds for Windows."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from . import cache, compilers
from .tools import requires, unavailable

NATIVE = Path(__file__).resolve().parents[1] / "native"

# Where distributions keep the Windows libraries of 64-bit Wine.
WINE_LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu/wine",
    "/usr/lib64/wine",
    "/usr/lib/wine",
    "/opt/wine-stable/lib64/wine",
    "/opt/wine-stable/lib/wine",
)

# What a prefix needs of the registry: Windows 10, the environment that every Windows process has, and the place where
# programs name themselves as sources of events, as Ansible.Basic does.
REGISTRY = r"""REGEDIT4

[HKEY_CURRENT_USER\Software\Wine]
"Version"="win10"

[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Control\Session Manager\Environment]
"ComSpec"="C:\\windows\\system32\\cmd.exe"
"Path"="C:\\windows\\system32;C:\\windows"
"PATHEXT"=".COM;.EXE;.BAT;.CMD"
"TEMP"="C:\\windows\\temp"
"TMP"="C:\\windows\\temp"
"windir"="C:\\windows"

[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\EventLog\Application]
"""

# The panda3d wheel carries python.org's python3xx.dll and its extension modules, to be shipped with games.
PYTHON_WHEEL = "panda3d>=1.10.16,<1.11"
PYTHON_VERSION = (3, 11)
PYTHON_DLLS = ("python3", "VCRUNTIME140", "libffi-", "libcrypto-", "libssl-", "sqlite3")
# Of the standard library of a local CPython: not what is another platform's, site's own, or of no use here.
NOT_IN_LIB = {"lib-dynload", "site-packages", "dist-packages", "sitecustomize.py", "test", "idlelib", "ensurepip"}


def windows_path(path: Path) -> str:
    """The path as a Windows program sees it: Wine's drive Z: is the root of the file system."""
    return "Z:" + str(path.resolve()).replace("/", "\\")


class WinePrefix:
    """A Windows of its own in *folder* (an empty folder, private to one process), without a display; a context manager.

    Wine would copy 700 MB of its own libraries into each new prefix, and take 15 s. This one has links to them and next
    to no registry, which is enough for console programs, takes 1 s and next to no room; and since nobody shares it, a
    library can be installed in its system32, and its server can be ended without asking anyone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.windows = self.folder / "drive_c" / "windows"

    def __enter__(self) -> WinePrefix:
        wine = requires("wine", "wine")
        libraries = [Path(place, "x86_64-windows") for place in WINE_LIBRARIES]
        source = next((place for place in libraries if place.is_dir()), None)
        if not source:
            unavailable(f"{wine} has no 64-bit Windows libraries in any of {', '.join(WINE_LIBRARIES)}")
        for name in ("system32", "temp"):
            (self.windows / name).mkdir(parents=True)
        for file in source.iterdir():
            (self.windows / "system32" / file.name).symlink_to(file)
        (self.folder / ".update-timestamp").write_text("disable\n", encoding="ascii")  # Wine shall not fill it
        # The server stays up to ten minutes after its last program, so that each start but the first takes a tenth of a
        # second. The services of Windows start with the first program, here and apart, since they keep its standard
        # streams open; and not by wineboot, which would start them twice.
        self._quietly("wineserver", "-p600")
        self._quietly("wine", "cmd", "/c", "exit")
        try:
            self.import_registry(REGISTRY)
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._quietly("wineserver", "-k")  # ends every program in this prefix
        self._quietly("wineserver", "-w")

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a program runs with: nothing of the caller's environment but what Wine needs. No PYTHONPATH of Linux
        reaches it."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "USER") if name in os.environ}
        return {
            **kept,
            "LANG": "C.UTF-8",
            "WINEPREFIX": str(self.folder),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            **(extra or {}),
        }

    def _quietly(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [requires(program, "wine"), *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )

    def _succeeds(self, *command: str) -> None:
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)} failed under Wine: {(done.stdout + done.stderr).decode()}"

    def import_registry(self, content: str) -> None:
        """Write what *content* has into the registry; it begins with ``REGEDIT4``."""
        file = self.windows / "temp" / "content.reg"
        file.write_text(content, encoding="ascii")
        self._succeeds("reg", "import", windows_path(file))
        file.unlink()

    def install(self, library: Path, name: str) -> Path:
        """Copy a DLL to system32 as *name*, where each Windows program finds it by that name."""
        place = self.windows / "system32" / name
        place.write_bytes(library.read_bytes())
        return place

    def add_service(self, name: str, start: str = "auto", running: bool = True) -> None:
        """Add a service that does nothing; *start* is ``auto``, ``demand`` or ``disabled``."""
        file = self.windows / "system32" / "service.exe"
        if not file.exists():
            compilers.executable("x64", [NATIVE / "service.c"], file, "-municode")
        self._succeeds("sc", "create", name, "binPath=", rf"C:\windows\system32\service.exe {name}", "start=", start)
        if running:
            self._succeeds("sc", "start", name)

    def add_drives(self) -> None:
        """Have the mount manager say what the drives are. Few programs ask it; PowerShell does."""
        drivers = self.windows / "system32" / "drivers"
        if not drivers.exists():
            drivers.mkdir()
            (drivers / "mountmgr.sys").symlink_to((drivers.parent / "mountmgr.sys").resolve())
            path = r"C:\windows\system32\drivers\mountmgr.sys"
            self._succeeds("sc", "create", "MountMgr", "binPath=", path, "type=", "kernel", "start=", "demand")
            self._succeeds("sc", "start", "MountMgr")

    def run(
        self,
        program: str | Path,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a Windows program. Its standard streams are pipes: with a disk file as one of them, CPython under Wine 8
        ends at its start with WinError 6. Of the exit code Linux keeps the lower 8 bits."""
        return subprocess.run(
            [requires("wine", "wine"), program, *arguments],
            input=stdin,
            capture_output=True,
            env=self.environment(env),
            timeout=timeout,
            check=False,
        )


class WinePython:
    """python.org's CPython for Windows, in the prefix *wine*."""

    def __init__(self, wine: WinePrefix) -> None:
        self.wine = wine
        loader = [NATIVE / name for name in ("python.c", "python.rc", "python.manifest")]
        self.executable = cache.made("python", _make_python, PYTHON_WHEEL, *loader) / "python.exe"

    def run(
        self,
        program: str | Path | None,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run code (a string), a script (a path), or what comes on standard input (None)."""
        start = ["-"] if program is None else ["-c", program] if isinstance(program, str) else [windows_path(program)]
        return self.wine.run(self.executable, *start, *arguments, stdin=stdin, env=env, timeout=timeout)


def _make_python(folder: Path) -> None:
    """Lay out an installation as Windows has it: python.exe and its DLLs, DLLs/*.pyd, Lib/."""

    def wanted(name: str) -> Path | None:
        place, _slash, file = name.rpartition("/")
        if place != "deploy_libs":
            return None
        if file.endswith(".pyd"):
            return folder / "DLLs" / file
        return folder / file if file.startswith(PYTHON_DLLS) else None

    version = "{}.{}".format(*PYTHON_VERSION)
    cache.unpack_wheel(PYTHON_WHEEL, ("--platform=win_amd64", f"--python-version={version}"), wanted)
    resource = folder / "python.o"
    compilers.run(compilers.tool("x64", "windres"), f"--include-dir={NATIVE}", NATIVE / "python.rc", resource)
    compilers.executable(
        "x64",
        [NATIVE / "python.c", resource],
        folder / "python.exe",
        "-municode",
        '-DPYTHON_DLL=L"python{}{}.dll"'.format(*PYTHON_VERSION),
    )
    resource.unlink()
    (folder / "Lib").mkdir()
    for entry in _standard_library().iterdir():
        if entry.name not in NOT_IN_LIB:
            (folder / "Lib" / entry.name).symlink_to(entry)


def _standard_library() -> Path:
    """The standard library of a local CPython of the same version: it is the same on every platform."""
    version = "{}.{}".format(*PYTHON_VERSION)
    found = subprocess.run(
        [cache.REPOSITORY / "tools" / "find-python", version], capture_output=True, text=True, check=False
    )
    if found.returncode:
        unavailable(f"no Python {version} lends its standard library (Debian: apt-get install python{version}-venv)")
    where = "import os; print(os.path.dirname(os.__file__))"
    return Path(compilers.run(found.stdout.strip(), "-c", where).decode().strip())
