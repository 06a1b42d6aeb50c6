# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PowerShell of this machine as the host. Ansible's commands for Windows run here, or are kept for another one."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: powershell_here
short_description: Run what Ansible sends to a Windows host in a PowerShell of this machine
author: winstorage.iscsi contributors (@winstorage)
description: For the tests of this collection.
options:
  interpreter:
    description: PowerShell to run. Without it, nothing is run.
    vars: [{name: powershell_here_interpreter}]
  keep:
    description: File for the last command and its input, as JSON.
    vars: [{name: powershell_here_keep}]
"""


class Connection(ConnectionBase):
    """Like ssh to a Windows host whose shell is PowerShell, but on this machine."""

    transport = "powershell_here"
    module_implementation_preferences = (".ps1", ".exe", "")
    allow_executable = False
    has_pipelining = always_pipeline_modules = True

    def __init__(self, *arguments, **named):
        self._shell_type = "powershell"
        super().__init__(*arguments, **named)

    def _connect(self):
        self._connected = True
        return self

    def exec_command(self, cmd, in_data=None, sudoable=True):
        """Exit code, output, errors."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        _name, *arguments = shlex.split(cmd)
        if self.get_option("keep"):
            kept = {"arguments": arguments, "input": (in_data or b"").decode("utf-8")}
            Path(self.get_option("keep")).write_text(json.dumps(kept), encoding="utf-8")
        if not self.get_option("interpreter"):
            return 1, b"", b"kept, not run"
        done = subprocess.run(
            [self.get_option("interpreter"), *arguments], input=in_data or b"", capture_output=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    def put_file(self, in_path, out_path):
        raise NotImplementedError("nothing is written to the host")

    def fetch_file(self, in_path, out_path):
        raise NotImplementedError("nothing is fetched from the host")

    def close(self):
        self._connected = False
