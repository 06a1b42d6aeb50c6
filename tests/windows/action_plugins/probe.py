# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe as an action, for probe.yml. It uses the engine of the host."""

from __future__ import annotations

import os
import time

from ansible.errors import AnsibleActionFail

from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import CallError
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import python_payload, witnesses
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.action import InitiatorAction
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import Service, Store
from ansible_collections.winstorage.iscsi.tests.windows import probe

_STATE = "winstorage_iscsi_simulator_state"


def _compare(engine):
    """The verdict of the other witnesses of the host, and each difference."""
    table = witnesses.examine(engine)["table"]
    return [line for line in table if "DIFFERS" in line or "witnesses could be read" in line]


class ActionModule(InitiatorAction):
    """``dialect``: the block for the simulator; ``findings``: {switch: answer and evidence}."""

    ARGUMENTS = {
        "disposable_host": {"type": "str", "required": True},
        "portal": {
            "type": "dict",
            "options": {"address": {"type": "str", "required": True}, "port": {"type": "int", "default": 3260}},
        },
        "target": {"type": "str"},
        "as_standard_user": {"type": "bool", "default": False},
    }
    _supports_check_mode = False

    def run(self, tmp=None, task_vars=None):
        self._vars = task_vars or {}
        return super().run(tmp, task_vars)

    def act(self, options, engine):
        try:
            probe.check_disposable(options["disposable_host"], self._vars["inventory_hostname"])
            found = self._findings(options, engine)
        except (probe.ProbeRefused, probe.ProbeBroken, CallError) as problem:
            raise AnsibleActionFail(str(problem)) from None
        return {
            "dialect": probe.dialect_text(found) + probe.cross_check_text(self._cross_checks),
            "cross_checks": self._cross_checks,
            "changed": False,
            "findings": {name: {"answer": one.answer, "evidence": one.evidence} for name, one in found.items()},
        }

    def _findings(self, options, engine):
        self._cross_checks = {}
        if options["as_standard_user"]:
            return probe.not_elevated(engine)
        if not options["portal"] or not options["target"]:
            raise probe.ProbeRefused("portal and target are required. They name the lab.")
        lab = probe.Lab(options["portal"]["address"], options["portal"]["port"], options["target"])
        state = self._templar.template(self._vars.get(_STATE))
        if state:  # simulated, so no time passes
            means = {"stop": lambda: self._stop_simulated(state), "wait": lambda _seconds: None}
        else:
            means = {
                "stop": lambda: self._powershell(probe.STOP_SERVICE),
                "wait": time.sleep,
                "shell": self._powershell,
            }
        asked = probe.Probe(engine, lab, compare=lambda: _compare(engine), **means)
        found = asked.run()
        self._cross_checks = asked.cross_checks
        return found

    def _powershell(self, line):
        """Run a line of PowerShell on the host, whatever the shell of its connection. Returns its output."""
        return self._low_level_execute_command(python_payload.powershell_command(line))["stdout"]

    def _stop_simulated(self, state):
        base = self._vars.get("inventory_dir") or self._loader.get_basedir()
        with Store(os.path.join(base, os.path.expanduser(state)), None, Service).transaction() as host:
            host["service"]["state"] = "stopped"
