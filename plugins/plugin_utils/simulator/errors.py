# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong in the simulator: a call that fails, a connection that breaks, a host file that is wrong."""

from __future__ import annotations

from ...module_utils.abi import status


class CallFailed(Exception):
    """A call of the simulated initiator ends with this status."""

    def __init__(self, code):
        super().__init__(status.of(code).symbol)
        self.status = code


class Dropped(Exception):
    """The connection to the host is lost; the answer never arrives."""


class HostFileError(ValueError):
    """A host file that does not say what it should: where, what is wrong there, and what would be right."""

    def __init__(self, where, problem):
        super().__init__(f"{where or 'the file'}: {problem}")
        self.where, self.problem = where, problem
