# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of the Microsoft iSCSI initiator of one Windows host, with its state in a file. See simulator.rst in docs.

:func:`run` is the engine. It takes the text of a batch and returns the text of its answer. :func:`boot` restarts the
host.
"""

from __future__ import annotations

from ...module_utils.runner import executor
from . import state as states
from .errors import Dropped, HostFileError
from .machine import SimulatorMachine
from .service import Service
from .store import Store

__all__ = ["Dropped", "HostFileError", "Service", "SimulatorMachine", "Store", "boot", "reset", "run"]


def run(batch, path, dialect=None, faults=(), folder=None):
    """Run a batch on the host of the state file ``path``, as one transaction. Returns the text of the answer.

    :param dialect: switches that differ from those of the file, or the name of a preset.
    :param faults: faults for this batch only, in the form of the file.
    :param folder: where changed state is kept; beside the file by default.
    :raises HostFileError: when the file does not say what it should.
    :raises Dropped: when a fault drops the connection; what was done before it is kept.
    """
    dropped = None

    def settle(state):
        own_dialect = state["dialect"]
        state["dialect"] = _dialect(own_dialect, dialect)
        Service(state)
        state["dialect"] = own_dialect

    with Store(path, folder, settle).transaction() as state:
        own = {name: state[name] for name in ("dialect", "faults")}
        state["dialect"] = _dialect(own["dialect"], dialect)
        state["faults"] = own["faults"] + states.FAULTS.load(list(faults), "faults")
        try:
            answer = executor.run(batch, SimulatorMachine(Service(state)))
        except Dropped as problem:
            dropped = problem
        state.update(own)
    if dropped:
        raise dropped
    return answer


def boot(path, folder=None):
    """Restart the host of a state file. Returns the logins that failed: [{"target", "portal", "status"}, ...]."""
    with Store(path, folder, Service).transaction() as state:
        failed = Service(state).boot()
        return states.HOST.fields["boot_log"][0].dump(failed)


def reset(path, folder=None):
    """Discard the changed state. The host is again as its file describes it."""
    Store(path, folder).reset()


def _dialect(own, wanted):
    """The dialect of a file, with the switches of the caller on top."""
    if not wanted:
        return own
    if isinstance(wanted, str):
        return states.DIALECT.load(wanted, "dialect")
    return states.DIALECT.load(dict(own, **wanted), "dialect")
