# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an operation of the simulated initiator fails."""

from __future__ import annotations

from ...module_utils.abi import status


class Refused(Exception):
    """The operation ends with this status."""

    def __init__(self, code):
        super().__init__(status.of(code).symbol)
        self.status = code
