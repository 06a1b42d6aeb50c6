# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell remoting (MS-PSRP) at the endpoint: what the client sends goes to a PowerShell, and its answers back.

``pwsh -ServerMode`` has a runspace pool on its standard streams: the fragments of the protocol in base64, each in an
element of XML on a line of its own. WinRM carries the same fragments. psrpcore only reads along, for the tests.
"""

from __future__ import annotations

import base64
import collections
import contextlib
import queue
import subprocess
import threading
import uuid
from xml.etree import ElementTree

import psrpcore

from ansible_collections.winstorage.iscsi.tests.proof.winrm.endpoint import PATIENCE, TimedOut

POOL = uuid.UUID(int=0)  # the element is about the runspace pool, not about one of its pipelines
END = 20  # seconds for a process that has been told to end


class RunspaceShell:
    """What the psrp connection plugin opens: a process with a runspace pool, whose pipelines are commands."""

    URI = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"

    def __init__(self, host, wanted):
        self.host = host
        self.server = ServerProcess(host.serve())
        self._read = psrpcore.ServerRunspacePool()
        self._pipelines, self._lines = {}, collections.defaultdict(list)
        self._open = set()  # pipelines
        creation = wanted.find("{http://schemas.microsoft.com/powershell}creationXml")
        self._pass_on(base64.b64decode(creation.text), POOL)

    def start(self, command_id, words, _has_input):
        pipeline = uuid.UUID(command_id)
        self._pipelines[pipeline] = psrpcore.ServerPipeline(self._read, pipeline)
        self._open.add(pipeline)
        self.server.send("Command", pipeline)
        self._pass_on(base64.b64decode("".join(words)), pipeline)

    def send(self, command_id, data, _last):
        self._pass_on(data, _guid(command_id))

    def receive(self, command_id):
        """What there is. A client sees in it when a pipeline has ended, and does not ask WinRM for that."""
        return [("stdout", self.server.receive(_guid(command_id)))], None

    def end(self, command_id, code):
        if code.endswith("/Terminate"):
            self._close(_guid(command_id))
        else:
            self.server.send("Signal", _guid(command_id))

    def close(self):
        """Ansible deletes a shell with its pipelines. PowerShell would wait for their end before it ends the pool."""
        self.server.close(self._open)

    def _close(self, pipeline):
        self._open.discard(pipeline)
        self.server.send("Close", pipeline)

    def _pass_on(self, data, guid):
        self._read_along(data, guid)
        self.server.send("Data", guid, data)

    def _read_along(self, data, guid):
        pipeline = None if guid == POOL else guid
        self._read.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline))
        while (event := self._read.next_event()) is not None:
            if isinstance(event, psrpcore.PipelineInputEvent):
                self._lines[guid].append(str(event.data))
            elif isinstance(event, psrpcore.EndOfPipelineInputEvent):
                (command,) = self._pipelines[guid].metadata.commands
                self.host.keep(command.command_text, "\n".join(self._lines.pop(guid, [])).encode())


class ServerProcess:
    """``pwsh -ServerMode``."""

    def __init__(self, process):
        self.process = process
        self._turn, self._acknowledged = threading.Lock(), queue.Queue()
        self._output = collections.defaultdict(queue.Queue)
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, kind, guid, data=None):
        """Send an element and wait until it is acknowledged: PowerShell drops data for a pipeline that it does not have
        yet, and would have several elements at the same time."""
        element = ElementTree.Element(kind, PSGuid=str(guid), **({} if data is None else {"Stream": "Default"}))
        element.text = None if data is None else base64.b64encode(data).decode()
        with self._turn:
            self.process.stdin.write(ElementTree.tostring(element) + b"\n")
            self.process.stdin.flush()
            answer = self._acknowledged.get(timeout=60)
        if answer != (kind + "Ack", guid):
            raise AssertionError(f"PowerShell answered {answer} to {kind} of {guid}")

    def receive(self, guid):
        """All fragments that came for it, at least one.

        :raises TimedOut: there is none yet.
        """
        try:
            found = [self._output[guid].get(timeout=PATIENCE)]
        except queue.Empty:
            raise TimedOut() from None
        if self.process.poll() is not None:
            raise AssertionError(f"PowerShell ended with exit code {self.process.returncode}")
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._output[guid].get_nowait())
        return b"".join(found)

    def close(self, pipelines):
        """End the process and its pipelines, also if it does not want to."""
        try:
            if self.process.poll() is None:
                for guid in (*pipelines, POOL):
                    self.send("Close", guid)
                self.process.stdin.close()
                self.process.wait(END)
        except (OSError, queue.Empty, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()

    def _read(self):
        for line in self.process.stdout:
            element = ElementTree.fromstring(line)
            guid = uuid.UUID(element.get("PSGuid"))
            if element.tag == "Data":
                self._output[guid].put(base64.b64decode(element.text))
            else:
                self._acknowledged.put((element.tag, guid))
        self.process.wait()
        for waiting in list(self._output.values()):
            waiting.put(b"")
        self._acknowledged.put(("the end of its output", POOL))


def _guid(command_id):
    return uuid.UUID(command_id) if command_id else POOL
