# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The target's side in C# against its Python twin: the same declarations, view of the machine, and care for secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ansible_collections.winstorage.iscsi as collection
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import prototypes, structures
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner.wire import Address, Block, Call, Integer
from ansible_collections.winstorage.iscsi.tests.proof.conformance import engines, suite
from ansible_collections.winstorage.iscsi.tests.proof.support import compilers, mono
from ansible_collections.winstorage.iscsi.tests.proof.support.dotnet import WineDotnet
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import WinePrefix, WinePython, windows_path

CSHARP_TYPES = {1: "Byte", 2: "UInt16", 4: "UInt32", 8: "UInt64"}
NO_SERVICE = 1060
STOPPED_MANUAL, RUNNING_AUTOMATIC = (1, 3, 0), (4, 2, 0)  # state, start mode, delayed


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return engines.csharp_program(tmp_path_factory.mktemp("clr"))


@pytest.fixture(scope="module")
def scripted(tmp_path_factory):
    return engines.scripted_library("elf", tmp_path_factory.mktemp("elf"))


def _batch(*made):
    return wire.encode_batch(wire.Batch((wire.Program(8, 0, made),)))


def _printed(program, argument):
    return mono.run(program, argument).stdout.decode().splitlines()


# -- declarations ------------------------------------------------------------------------------------------------------


def test_every_prototype_is_declared_alike(program):
    """Name by name, argument by argument: types and names of Iscsidsc.cs are those of prototypes.py."""

    def declared(holder, function):
        return " ".join([holder, function.name, "UInt32", *map(argument_declared, function.arguments)])

    def argument_declared(argument):
        by_value = isinstance(argument.kind, structures.Scalar)
        return (CSHARP_TYPES[argument.kind.size] if by_value else "IntPtr") + ":" + argument.name

    expected = [declared("NativeMethods", function) for function in prototypes.FUNCTIONS.values()]
    expected += [declared("InitiatorService", function) for function in prototypes.SERVICE_FUNCTIONS.values()]
    assert sorted(_printed(program, "--declarations")) == sorted(expected)


def test_it_needs_nothing_but_the_base_class_library(program):
    """Windows PowerShell and PowerShell 7 compile it with these at hand, and .NET has facades for them."""
    assert {line.split()[0] for line in _printed(program, "--references")} <= {"mscorlib", "System", "System.Core"}


def test_ansible_sends_it_along_with_the_module():
    """ansible-core itself finds the C# that the module asks for, and sends this file."""
    script = """if 1:
        import base64, pathlib, sys
        from ansible.plugins.loader import init_plugin_loader
        from ansible.executor.powershell.module_manifest import PSModuleDepFinder
        init_plugin_loader()
        finder = PSModuleDepFinder()
        plugins = "ansible_collections.winstorage.iscsi.plugins."
        module = pathlib.Path(sys.argv[1]).read_bytes()
        finder.scan_module(module, fqn=plugins + "modules.iscsidsc_call", powershell=True)
        if hasattr(finder, "scripts"):
            assert "Ansible.Basic.cs" in finder.scripts
            script = finder.scripts[plugins + "module_utils.Iscsidsc.cs"].script
            sys.stdout.buffer.write(base64.b64decode(script))
        else:  # before ansible-core 2.19
            assert "Ansible.Basic" in finder.cs_utils_module
            sys.stdout.buffer.write(finder.cs_utils_module["..module_utils.Iscsidsc"]["data"])
    """
    view = Path(next(iter(collection.__path__))).parents[2]
    module = engines.MODULE_UTILS.parent / "modules" / "iscsidsc_call.ps1"
    sent = subprocess.run(
        [sys.executable, "-c", script, module],
        capture_output=True,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(view)},
        check=False,
    )
    assert sent.stdout == (engines.MODULE_UTILS / "Iscsidsc.cs").read_bytes(), sent.stderr.decode()


def test_a_library_on_the_path_is_not_loaded(program, tmp_path):
    """Whoever can write a file somewhere on the path does not get into the process so."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    library = engines.scripted_library("x64", elsewhere)
    with WinePrefix(tmp_path / "wine") as wine:
        dotnet, line = WineDotnet(wine), (_batch(suite.add("a")) + "\n").encode()
        on_path = dotnet.run(program, stdin=line, env={"WINEPATH": windows_path(elsewhere)})
        assert on_path.stdout.startswith(b"! System.DllNotFoundException: iscsidsc.dll cannot be used")
        (installed,) = engines.wine_dotnet_engine(dotnet, program, library)([_batch(suite.add("a"))])
        assert wire.decode_answer(installed).results[0].outcome == wire.RAN


# -- secrets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runtime", ["mono", "cpython"])
def test_memory_is_cleared_before_it_is_given_back(runtime, program, scripted, tmp_path):
    """Of a call that had to be made again, and of one the library lacks, although the next never came back."""
    secret = Block(54321, suite.MARKER.encode())
    steps = suite.step(suite.BUSY) + suite.step(0) + suite.step(suite.HANG)
    batch = _batch(
        Call("SetIScsiGroupPresharedKey", (Integer(len(steps)), Address(0), Integer(0)), (Block(len(steps), steps),)),
        Call(
            "SetIScsiInitiatorCHAPSharedSecret",
            (Integer(18), Address(0)),
            (secret,),
            retry=(wire.Retry(1, 1, (suite.BUSY,)),),
        ),
        Call("ClearPersistentIScsiDevices", (), (secret,)),
        suite.add("hangs", limit=200),
    )
    watch = compilers.library("elf", [engines.HERE / "freed.c"], tmp_path / "freed.so", "-fvisibility=default", "-ldl")
    environment = {"LD_PRELOAD": str(watch), "LD_LIBRARY_PATH": str(scripted.parent), "PATH": "/usr/bin:/bin"}
    command = ["mono", program] if runtime == "mono" else [sys.executable, "-I", engines.DRIVER, engines.MODULE_UTILS]
    done = subprocess.run(command, input=batch.encode() + b"\n", capture_output=True, env=environment, check=True)
    outcomes = [result.outcome for result in wire.decode_answer(done.stdout.decode().strip()).results]
    assert outcomes == [wire.RAN, wire.RAN, wire.NO_SUCH_EXPORT, wire.TIMED_OUT]
    assert done.stderr == b"CCC"


def test_memory_of_a_call_that_still_runs_is_not_given_back_when_the_wait_for_it_is_interrupted(
    program, scripted, tmp_path
):
    """As PowerShell does to a pipeline that is stopped. The memory of the call before it is cleared and given back."""
    steps = suite.step(0) + suite.step(suite.HANG)
    secret = Block(54321, suite.MARKER.encode())
    batch = _batch(
        Call("SetIScsiGroupPresharedKey", (Integer(len(steps)), Address(0), Integer(0)), (Block(len(steps), steps),)),
        Call("SetIScsiInitiatorCHAPSharedSecret", (Integer(18), Address(0)), (secret,)),
        Call("SetIScsiInitiatorCHAPSharedSecret", (Integer(18), Address(0)), (secret,), limit=600000),
    )
    watch = compilers.library("elf", [engines.HERE / "freed.c"], tmp_path / "freed.so", "-fvisibility=default", "-ldl")
    environment = {"LD_PRELOAD": str(watch), "LD_LIBRARY_PATH": str(scripted.parent), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(
        ["mono", program, "--interrupted"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as running:
        running.stdin.write(batch.encode() + b"\n")
        running.stdin.flush()
        outcome = running.stdout.readline()
        running.kill()  # the call itself never ends
        freed = running.stderr.read()
    assert outcome.startswith(b"! System.Threading.ThreadInterruptedException")
    assert freed == b"C"


# -- the machine -------------------------------------------------------------------------------------------------------


def _answer(engine, *made):
    (line,) = engine([_batch(*made)])
    return wire.decode_answer(line)


def test_where_there_is_no_windows_the_header_knows_nothing(program, scripted):
    made = Call("StartService", (Integer(1),)), Call("SetServiceStartMode", (Integer(2),))
    both = engines.mono_engine(program, scripted), engines.ctypes_engine(scripted)
    answers = [_answer(engine, *made) for engine in both]
    for answer in answers:
        assert [result.runs[0].status for result in answer.results] == [NO_SERVICE, NO_SERVICE]
        assert answer.host._replace(runtime="") == wire.Host(8, "", (0, 0, 0, 0), (0, 0, 0))
    assert [answer.host.runtime.split()[0] for answer in answers] == ["CLR", "CPython"]


@pytest.mark.parametrize("runtime", ["dotnet", "cpython"])
def test_msiscsi_is_described_started_and_configured(runtime, program, tmp_path):
    """On a Windows of its own, with a service of that name. (Wine knows no delayed start.)"""
    with WinePrefix(tmp_path / "wine") as wine:
        if runtime == "dotnet":
            engine = engines.wine_dotnet_engine(WineDotnet(wine), program)
        else:
            engine = engines.wine_python_engine(WinePython(wine), engines.scripted_library("x64", tmp_path))
        missing = _answer(engine, Call("StartService", (Integer(1),)))
        assert missing.results[0].runs[0].status == NO_SERVICE
        assert (missing.host.service_state, missing.host.start_mode) == (0, 0xFF)

        service = compilers.executable("x64", [engines.HERE / "service.c"], tmp_path / "service.exe")
        assert wine.run(windows_path(service), "install").returncode == 0
        started = _answer(
            engine,
            Call("StartService", (Integer(30000),)),
            Call("SetServiceStartMode", (Integer(2),)),
            Call("StartService", (Integer(30000),)),
        )
        assert [result.runs[0].status for result in started.results] == [0, 0, 0]
        after = _answer(engine)
        facts = [(host.service_state, host.start_mode, host.delayed_start) for host in (started.host, after.host)]
        assert facts == [STOPPED_MANUAL, RUNNING_AUTOMATIC]
        assert after.host.windows_version[0] == 10 and after.host.elevated == 1

        disabled = _answer(engine, Call("SetServiceStartMode", (Integer(4),)))
        assert disabled.results[0].runs[0].status == 0
        assert _answer(engine).host.start_mode == 4
