# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated host in memory, and what can go wrong at any one of its calls.

The model is the collection's own simulator; only the state file is left out, which makes a run some ten times faster.
"""

from __future__ import annotations

import collections
import copy
import typing as t

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import status
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.identity import identity as identify
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import state as states
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.errors import Dropped
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.machine import SimulatorMachine
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.service import Service
from ansible_collections.winstorage.iscsi.tests.unit.support import builders

LISTS = {
    "ReportIScsiPersistentLoginsW": "persistent_logins",
    "ReportIScsiSendTargetPortalsExW": "target_portals",
    "GetIScsiSessionListW": "sessions",
}


class Fault(t.NamedTuple):
    """What one call of a batch meets, counted from 0 over all calls that reach the DLL.

    :param kind: 'status' (the call answers ``code`` and does nothing), 'done' (it answers ``code``, but did its work),
        'hang', 'drop' (the connection goes before the call), 'cut' (it goes after it), 'empty' (a list shows nothing),
        'partial' (a list shows every other record).
    :param lasting: the same export meets it from there on.
    """

    at: int
    kind: str = "status"
    code: int = 0
    lasting: bool = False

    def describe(self):
        what = status.of(self.code).number if self.kind in ("status", "done") else ""
        return f"{self.kind} {what}{' from there on' if self.lasting else ''} at call {self.at}"


class _Machine(SimulatorMachine):
    """Counts calls, and lets a fault happen, or somebody else act.

    :param during: {number of the call: function to call before it}.
    """

    def __init__(self, service, fault, during):
        super().__init__(service)
        self.fault, self.count, self.stricken, self.during = fault, 0, None, during
        self.bytes_allocated = 0

    def allocate(self, size):
        self.bytes_allocated += size
        return super().allocate(size)

    def call(self, export, arguments, limit):
        number, fault = self.count, self.fault
        self.count += 1
        if number in self.during:
            self.during[number]()
        if fault is None or not (number == fault.at or fault.lasting and number > fault.at and export == self.stricken):
            return super().call(export, arguments, limit)
        self.stricken = export
        if fault.kind == "drop":
            raise Dropped(f"at {export}")
        if fault.kind == "hang":
            self._now += limit or 0
            raise executor.TimedOut()
        if fault.kind in ("empty", "partial"):
            return self._with_less(export, arguments, limit, slice(0) if fault.kind == "empty" else slice(1, None, 2))
        if fault.kind in ("done", "cut"):
            super().call(export, arguments, limit)
        if fault.kind == "cut":
            raise Dropped(f"after {export}")
        self.calls.append((export, fault.code))
        return fault.code

    def _with_less(self, export, arguments, limit, shown):
        part = LISTS.get(export)
        if part is None:
            return super().call(export, arguments, limit)
        state = self.service.state
        held, state[part] = state[part], state[part][shown]
        try:
            return super().call(export, arguments, limit)
        finally:
            state[part] = held


class Host:
    """An engine: called with the text of a batch it gives the text of the answer.

    ``state`` is a host file as a dict. ``faults``: {number of the batch from 0 on: :class:`Fault`}.
    ``batches``: what each batch called, as [(export, status), ...].
    """

    service_class = Service  # a test may want one that answers differently

    def __init__(self, state=None, dialect=None):
        plain = dict(copy.deepcopy(state) or {})
        if dialect:
            plain["dialect"] = {**plain.get("dialect", {}), **dialect}
        self.state = states.load(plain)
        Service(self.state)  # fills in what a hand-written state leaves out
        self.faults: dict[int, Fault] = {}
        self.batches: list[list[tuple[str, int]]] = []
        self.between: dict[int, t.Callable] = {}  # what somebody else does before a batch
        self.during: dict[int, dict[int, t.Callable]] = {}  # and before one of its calls, by number
        self.sizes: list[tuple[int, int]] = []  # characters of each batch and its answer

    def __call__(self, batch):
        number = len(self.batches)
        self.between.get(number, lambda _host: None)(self)
        machine = self.machine = _Machine(
            self.service_class(self.state), self.faults.get(number), self.during.get(number, {})
        )
        self.batches.append(machine.calls)
        answer = executor.run(batch, machine)
        self.sizes.append((len(batch), len(answer)))
        return answer

    def copy(self):
        """The same host before anything was asked of it again."""
        other = Host.__new__(Host)
        other.state = _copied(self.state)
        other.faults, other.between, other.during, other.batches, other.sizes = {}, {}, {}, [], []
        return other

    def copy_of_state(self):
        """Another way to the same host: what is asked through it is asked between two batches of this one."""
        other = self.copy()
        other.state = self.state
        return other

    def dump(self):
        """All that is known of it, as its file would say."""
        return states.dump(self.state)

    @property
    def exports(self):
        """The exports called so far, in order."""
        return [export for batch in self.batches for export, _status in batch]

    def logins(self):
        """The saved logins as the model has them, whatever its dialect would show."""
        return [builders.login_of(entry) for entry in self.state["persistent_logins"]]

    def portals(self):
        """The target portals likewise."""
        return [builders.portal_of(entry) for entry in self.state["target_portals"]]

    @staticmethod
    def entry(login):
        """A login of a host file as the state holds it."""
        return states.load({"persistent_logins": [login]})["persistent_logins"][0]

    def identities(self):
        """Counter of (kind, identity) of what must not be lost: saved logins and portals."""
        found = collections.Counter(("persistent_logins", identify(one)) for one in self.logins())
        found.update(("target_portals", identify(one)) for one in self.portals())
        return found


def _copied(plain):
    """A deep copy of dicts, lists and what nobody can change; much quicker than copy.deepcopy."""
    if isinstance(plain, dict):
        return {name: _copied(value) for name, value in plain.items()}
    return [_copied(value) for value in plain] if isinstance(plain, list) else plain


def text_of(batch):
    """The bytes of a batch or an answer, unpacked: to look for what must not be in it."""
    import base64
    import gzip

    return gzip.decompress(base64.b64decode(batch))


__all__ = ["Dropped", "Fault", "Host", "LISTS", "wire", "text_of"]
