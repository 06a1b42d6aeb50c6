# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judges are what they are taken for, before anything of ours is judged by them."""

from __future__ import annotations

import base64
import gzip
import json
import struct
import subprocess
from pathlib import Path

import pytest

from ansible_collections.winstorage.iscsi.tests.proof.support import cache, compilers, mono, tools
from ansible_collections.winstorage.iscsi.tests.proof.support.dotnet import WineDotnet
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import NATIVE, WinePrefix, WinePython

WIDE = 0xFEDCBA9876543210
EVERY_BYTE = bytes(range(256)) * 1000

# QueryServiceStatus: dwCurrentState is the second DWORD; QueryServiceConfigW: dwStartType is too.
ASK_SERVICE = """
import ctypes, json, sys
advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
handle = ctypes.c_void_p
advapi32.OpenSCManagerW.restype = advapi32.OpenServiceW.restype = handle
manager = handle(advapi32.OpenSCManagerW(None, None, 1))
service = handle(advapi32.OpenServiceW(manager, sys.argv[1], 5))
answer = [0 if service else ctypes.get_last_error()]
if service:
    status, config, needed = (ctypes.c_uint32 * 7)(), (ctypes.c_uint32 * 2048)(), ctypes.c_uint32()
    assert advapi32.QueryServiceStatus(service, status)
    assert advapi32.QueryServiceConfigW(service, config, ctypes.sizeof(config), ctypes.byref(needed))
    answer += [status[1], config[1]]
print(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def groundwork_dll(wine: WinePrefix, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test library, installed in the Windows of the tests."""
    built = compilers.library("x64", [NATIVE / "groundwork.c"], tmp_path_factory.mktemp("x64") / "groundwork.dll")
    return wine.install(built, "groundwork.dll")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mono.compile([NATIVE / "Groundwork.cs"], tmp_path_factory.mktemp("assembly") / "Groundwork.exe")


def printed(done: subprocess.CompletedProcess[bytes], code: int = 0) -> str:
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout.decode()


class TestCompilers:
    @pytest.mark.parametrize(
        ("target", "layout"),
        [
            ("x64", (32, 0, 8, 16, 24)),
            ("x86", (24, 0, 8, 16, 20)),  # Microsoft's x86: 64-bit integers are aligned to 8
            ("elf", (32, 0, 8, 16, 24)),
        ],
    )
    def test_layouts_come_from_the_object_file(self, target: str, layout: tuple[int, ...], tmp_path: Path) -> None:
        found = compilers.section(target, NATIVE / "groundwork.c", "layout", tmp_path)
        assert struct.unpack_from(f"<{len(layout)}I", found) == layout

    @pytest.mark.parametrize(("target", "kind"), [("x64", "pei-x86-64"), ("x86", "pei-i386"), ("elf", "elf64-x86-64")])
    def test_libraries_export_plain_names_only(self, target: str, kind: str, tmp_path: Path) -> None:
        built = compilers.library(target, [NATIVE / "groundwork.c"], tmp_path / "groundwork.dll")
        dump = compilers.run(compilers.tool(target, "objdump"), "-T" if target == "elf" else "-p", built).decode()
        assert f"file format {kind}" in dump
        assert "Groundwork" in dump
        assert "Groundwork@" not in dump

    def test_a_complaint_of_the_compiler_is_shown(self, tmp_path: Path) -> None:
        source = tmp_path / "wrong.c"
        source.write_text("int f(void) { return undeclared; }\n", encoding="ascii")
        with pytest.raises(AssertionError, match="undeclared"):
            compilers.library("x64", [source], tmp_path / "wrong.dll")


class TestWindowsPython:
    def test_it_is_a_64_bit_windows_10_python(self, wine_python: WinePython) -> None:
        code = (
            "import json, struct, sys; print(json.dumps([sys.platform, sys.version, struct.calcsize('P'),"
            " list(sys.getwindowsversion()[:2])]))"
        )
        platform, version, pointer, windows = json.loads(printed(wine_python.run(code)))
        assert (platform, pointer, windows) == ("win32", 8, [10, 0])
        assert version.startswith("3.11.")
        assert "MSC v." in version  # built by Microsoft's compiler, not by ours

    def test_nothing_of_linux_is_on_its_path(self, wine_python: WinePython, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONPATH", "/somewhere/in/linux")
        path = json.loads(printed(wine_python.run("import json, sys; print(json.dumps(sys.path))")))
        home = "Z:" + str(wine_python.executable.parent).replace("/", "\\")
        assert set(path) <= {"", home, *(f"{home}\\{name}" for name in ("python311.zip", "DLLs", "Lib"))}

    def test_ctypes_calls_windows(self, wine_python: WinePython) -> None:
        code = "import ctypes, os; print(ctypes.WinDLL('kernel32').GetCurrentProcessId() == os.getpid() > 0)"
        assert printed(wine_python.run(code)).strip() == "True"

    def test_ctypes_calls_a_library_in_system32(self, wine_python: WinePython, groundwork_dll: Path) -> None:
        code = f"""
import ctypes
library = ctypes.WinDLL("groundwork.dll")
library.Groundwork.argtypes = [ctypes.c_uint32, ctypes.c_uint64, ctypes.c_uint8, ctypes.c_void_p]
library.Groundwork.restype = ctypes.c_uint32
seen = ctypes.create_string_buffer(32)
status = library.Groundwork(7, {WIDE}, 200, ctypes.addressof(seen))
print(f"{{status:08X}} {{ctypes.addressof(seen)}} {{seen.raw.hex()}}")
"""
        status, address, seen = printed(wine_python.run(code)).split()
        assert status == "EFFF003E"
        assert struct.unpack("<B7xQQI", bytes.fromhex(seen)[:28]) == (200, WIDE, int(address), 7)

    def test_a_bad_pointer_is_an_error_as_on_windows(self, wine_python: WinePython) -> None:
        code = "import ctypes\ntry: ctypes.string_at(8, 1)\nexcept OSError as error: print(error)"
        assert "access violation" in printed(wine_python.run(code))

    @pytest.mark.parametrize("data", [b"", b"\r\n\x1a\x00\n", EVERY_BYTE], ids=["nothing", "controls", "256 KB"])
    def test_standard_input_and_output_are_binary(self, wine_python: WinePython, data: bytes) -> None:
        code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); sys.stderr.write('heard')"
        done = wine_python.run(code, stdin=data)
        assert (done.returncode, done.stdout, done.stderr) == (0, data, b"heard")

    def test_it_runs_a_script_from_a_file_or_from_standard_input(self, wine_python: WinePython, tmp_path: Path) -> None:
        script = tmp_path / "script é.py"
        script.write_text("import sys; print(sys.argv[1:], ascii(__name__)); sys.exit(5)", encoding="utf-8")
        arguments = ("a b", 'c"d')
        for done in (wine_python.run(script, *arguments), wine_python.run(None, *arguments, stdin=script.read_bytes())):
            assert printed(done, code=5).strip() == "['a b', 'c\"d'] '__main__'"

    def test_its_environment_is_given(self, wine_python: WinePython) -> None:
        code = "import os; print(*(os.environ[name] for name in ('MARK', 'SystemRoot', 'TEMP', 'ComSpec')))"
        assert (
            printed(wine_python.run(code, env={"MARK": "given"})).strip()
            == r"given C:\windows C:\windows\temp C:\windows\system32\cmd.exe"
        )

    def test_it_reaches_a_server_on_loopback(self, wine_python: WinePython) -> None:
        code = (
            "import socket, threading; s = socket.create_server(('127.0.0.1', 0))\n"
            "c = socket.create_connection(s.getsockname()); a, _ = s.accept(); a.sendall(b'hello'); print(c.recv(5))"
        )
        assert printed(wine_python.run(code)).strip() == "b'hello'"

    def test_a_program_that_hangs_is_ended(self, wine_python: WinePython) -> None:
        with pytest.raises(subprocess.TimeoutExpired):
            wine_python.run("import time; time.sleep(60)", timeout=2)
        assert printed(wine_python.run("print('still there')")).strip() == "still there"


def check_program(done: subprocess.CompletedProcess[bytes], data: bytes, platform: str) -> None:
    lines = printed(done, code=3).splitlines()
    told = dict(line.partition(" ")[::2] for line in lines)
    assert gzip.decompress(base64.b64decode(told["echo"])) == data
    assert told["status"] == "EFFF003E"
    flag, wide, number = struct.unpack("<B7xQ8xI", base64.b64decode(told["seen"])[:28])
    assert (flag, wide, number) == (200, WIDE, 7)
    assert told["arguments"] == "one|two words"
    assert told["runtime"] == f"{platform} 8"
    assert told["missing"] == "export is told"


def batch(data: bytes) -> bytes:
    return base64.b64encode(gzip.compress(struct.pack("<i", len(data)) + data))


class TestClr:
    def test_mono_runs_it_on_an_elf_library_of_the_same_name(self, program: Path, tmp_path: Path) -> None:
        compilers.library("elf", [NATIVE / "groundwork.c"], tmp_path / "groundwork.dll")
        done = mono.run(program, "one", "two words", stdin=batch(EVERY_BYTE), library_path=tmp_path)
        check_program(done, EVERY_BYTE, "Unix")

    def test_the_same_file_runs_on_dotnet_for_windows(
        self, program: Path, wine_dotnet: WineDotnet, groundwork_dll: Path
    ) -> None:
        done = wine_dotnet.run(program, "one", "two words", stdin=batch(EVERY_BYTE))
        check_program(done, EVERY_BYTE, "Win32NT")

    def test_dotnet_finds_a_library_beside_the_program(
        self, program: Path, wine_dotnet: WineDotnet, tmp_path: Path
    ) -> None:
        compilers.library("x64", [NATIVE / "groundwork.c"], tmp_path / "groundwork.dll")
        (tmp_path / program.name).write_bytes(program.read_bytes())
        done = wine_dotnet.run(tmp_path / program.name, "one", "two words", stdin=batch(b"x"))
        check_program(done, b"x", "Win32NT")

    def test_the_language_is_that_of_windows_powershell(self, tmp_path: Path) -> None:
        source = tmp_path / "Newer.cs"
        source.write_text(
            'class Newer { static string F(int n) { return $"{n}"; } static void Main() { F(1); } }', encoding="ascii"
        )
        with pytest.raises(AssertionError, match="interpolated strings"):
            mono.compile([source], tmp_path / "Newer.exe")
        assert mono.compile([source], tmp_path / "Newer.exe", langversion="6").exists()


class TestServices:
    @pytest.mark.parametrize(("start", "mode"), [("auto", 2), ("demand", 3), ("disabled", 4)])
    def test_the_service_manager_tells_state_and_start_mode(
        self, wine: WinePrefix, wine_python: WinePython, start: str, mode: int
    ) -> None:
        name = f"Groundwork{start}"
        wine.add_service(name, start, running=False)
        assert json.loads(printed(wine_python.run(ASK_SERVICE, name))) == [0, 1, mode]

    def test_a_service_can_run_and_be_stopped(self, wine: WinePrefix, wine_python: WinePython) -> None:
        wine.add_service("GroundworkRuns")
        assert json.loads(printed(wine_python.run(ASK_SERVICE, "GroundworkRuns"))) == [0, 4, 2]
        printed(wine.run("sc", "stop", "GroundworkRuns"))
        assert json.loads(printed(wine_python.run(ASK_SERVICE, "GroundworkRuns"))) == [0, 1, 2]

    def test_the_service_manager_knows_no_other_service(self, wine_python: WinePython) -> None:
        assert json.loads(printed(wine_python.run(ASK_SERVICE, "NoSuchService"))) == [1060]


class TestHousekeeping:
    def test_a_windows_leaves_no_process_behind(self, tmp_path: Path) -> None:
        with WinePrefix(tmp_path / "prefix") as prefix:
            assert printed(prefix.run("cmd", "/c", "ver")).strip().startswith("Microsoft Windows 10.")
            assert of_prefix(prefix.folder)
        assert not of_prefix(prefix.folder)

    def test_wine_own_libraries_are_only_linked(self, wine: WinePrefix) -> None:
        assert (wine.windows / "system32" / "kernel32.dll").is_symlink()
        written = [file for file in wine.folder.rglob("*") if file.is_file() and not file.is_symlink()]
        assert sum(file.stat().st_size for file in written) < 2_000_000

    def test_a_thing_is_made_once_and_anew_when_an_ingredient_changed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WINSTORAGE_PROOF_CACHE", str(tmp_path / "cache"))
        calls = []

        def make(folder: Path) -> None:
            calls.append(folder)
            (folder / "thing").write_text(str(len(calls)), encoding="ascii")

        first, again, changed = (cache.made("things", make, text) for text in ("a", "a", "b"))
        assert first == again != changed
        assert (changed / "thing").read_text(encoding="ascii") == "2"
        assert not first.exists()  # what nobody can ask for any more takes no room

    def test_what_was_left_half_made_is_made_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WINSTORAGE_PROOF_CACHE", str(tmp_path / "cache"))

        def fail(folder: Path) -> None:
            (folder / "half").touch()
            raise InterruptedError

        with pytest.raises(InterruptedError):
            cache.made("things", fail)
        assert list(cache.made("things", lambda folder: (folder / "whole").touch()).iterdir())[0].name == "whole"

    @pytest.mark.parametrize(("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)])
    def test_a_missing_tool_is_named_with_its_package(
        self, required: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WINSTORAGE_REQUIRE_ALL", required)
        with pytest.raises(outcome, match="no-such-tool is not installed .*apt-get install no-such-package"):
            tools.requires("no-such-tool", "no-such-package")


def of_prefix(folder: Path) -> list[str]:
    """The running processes whose environment names this prefix."""
    marker = f"WINEPREFIX={folder}\0".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # gone meanwhile, or another user's
            continue
    return found
