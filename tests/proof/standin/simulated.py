# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated host behind the stand-in: its behaviour is the simulator's, its memory the caller's."""

from __future__ import annotations

from pathlib import Path

import yaml

from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import Dropped, Service, SimulatorMachine
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import state as states
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.service import HANGS
from ansible_collections.winstorage.iscsi.tests.proof.standin.server import NoReply


class SimulatedHost:
    """A service for :class:`server.Server`, from a hand-written state file. Changes stay in memory.

    :param dialect: switches that differ from the file's.
    """

    def __init__(self, path, dialect=None):
        plain = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        own = plain.get("dialect") or {}
        self.simulator = Service(states.load(dict(plain, dialect=dict(own, **(dialect or {})))))

    @property
    def host(self):
        return self.machine().host

    @property
    def variant(self):
        """What of the dialect is the marshaller's part."""
        natural = self.simulator.dialect["portal_group_spacing"] == "natural"
        return {"GetIScsiTargetInformationW": "natural-groups"} if natural else None

    def machine(self):
        """The same host as a machine with the simulator's own memory."""
        return SimulatorMachine(self.simulator)

    def call(self, export, inputs):
        try:
            answer = self.simulator.call(export, inputs)
        except Dropped:
            raise NoReply() from None
        if self.simulator.spent >= HANGS:
            raise NoReply(hangs=True)
        return answer
