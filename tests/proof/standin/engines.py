# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs batches against the stand-in. Each has ``run(batch, environment) -> answer``, texts in the wire form."""

from __future__ import annotations

import os
from unittest import mock

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import native
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import python_payload
from ansible_collections.winstorage.iscsi.tests.proof.conformance.engines import csharp_program
from ansible_collections.winstorage.iscsi.tests.proof.standin import build
from ansible_collections.winstorage.iscsi.tests.proof.support import mono
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import windows_path


class Here:
    """The ctypes runner in this process, and the stand-in as a shared object."""

    def run(self, batch, environment):
        with mock.patch.dict(os.environ, environment):
            return native.run_here(batch, str(build.library("elf")))


class WindowsPython:
    """The ctypes runner as it is sent to a host: on standard input of a Windows CPython, which loads the DLL."""

    def __init__(self, python):
        self.python = python

    def run(self, batch, environment):
        program = python_payload.build(batch, windows_path(build.library("x64")))
        done = self.python.run(None, stdin=program.encode("ascii"), env=environment)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return python_payload.answer(done.stdout.decode("ascii"))


class Mono:
    """The C# runner on Linux, and the stand-ins as shared objects, that of the service manager among them."""

    def __init__(self, folder):
        self.program = csharp_program(folder)

    def run(self, batch, environment):
        libraries = "{}:{}".format(build.library("elf").parent, build.service_manager().parent)
        return _line(mono.run(self.program, stdin=_input(batch), env={**environment, "LD_LIBRARY_PATH": libraries}))


class WindowsDotnet:
    """The same program under Microsoft's .NET for Windows, with the DLL in system32."""

    def __init__(self, folder, dotnet):
        self.program, self.dotnet = csharp_program(folder), dotnet

    def run(self, batch, environment):
        self.dotnet.wine.install(build.library("x64"), "iscsidsc.dll")
        return _line(self.dotnet.run(self.program, stdin=_input(batch), env=environment))


def _input(batch):
    return (batch + "\n").encode("ascii")


def _line(done):
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode("ascii").strip()
