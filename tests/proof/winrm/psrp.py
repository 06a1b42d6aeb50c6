# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell remoting (MS-PSRP) at the endpoint: a runspace pool whose pipelines are scripts with input.

The protocol is psrpcore's; the host runs the script.
"""

from __future__ import annotations

import base64
import uuid

import psrpcore
from psrpcore import types

from ansible_collections.winstorage.iscsi.tests.proof.winrm.endpoint import Work


class RunspaceShell:
    """What the psrp connection plugin opens."""

    URI = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"

    def __init__(self, host, wanted):
        self.host, self.pipelines = host, {}
        self.pool = psrpcore.ServerRunspacePool()
        creation = wanted.find("{http://schemas.microsoft.com/powershell}creationXml")
        self._take(base64.b64decode(creation.text))

    def start(self, command_id, words, _has_input):
        pipeline = psrpcore.ServerPipeline(self.pool, uuid.UUID(command_id))
        self.pipelines[command_id] = Pipeline(self.host, pipeline)
        self._take(base64.b64decode("".join(words)), command_id)

    def send(self, command_id, data, _last):
        self._take(data, command_id)

    def _take(self, data, command_id=None):
        self.pool.receive_data(
            psrpcore.PSRPPayload(data, psrpcore.StreamType.default, command_id and uuid.UUID(command_id))
        )
        while (event := self.pool.next_event()) is not None:
            if isinstance(event, psrpcore.PipelineInputEvent):
                self.pipelines[command_id].lines.append(event.data)
            elif isinstance(event, psrpcore.EndOfPipelineInputEvent):
                self.pipelines[command_id].work.begin()

    def receive(self, command_id):
        if command_id:
            self.pipelines[command_id].tell()
        payload = self.pool.data_to_send()
        return [("stdout", payload.data if payload else b"")], 0 if command_id else None

    def end(self, command_id):
        self.pipelines.pop(command_id).pipeline.close()


class Pipeline:
    """One script of a runspace pool, its input so far, and the running of it."""

    def __init__(self, host, pipeline):
        self.host, self.pipeline, self.lines = host, pipeline, []
        self.work = Work(lambda _stdin: self._invoke())

    def _invoke(self):
        (command,) = self.pipeline.metadata.commands
        return self.host.invoke(command.command_text, [str(line) for line in self.lines])

    def tell(self):
        """Queue what came of it for the client."""
        exit_code, lines, error = self.work.result()
        self.pipeline.start()
        for line in lines:
            self.pipeline.write_output(line)
        if error:
            self.pipeline.write_error(types.NETException(error))
        self.pipeline.host_call(types.HostMethodIdentifier.SetShouldExit, [exit_code])
        self.pipeline.complete()
