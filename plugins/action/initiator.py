# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the initiator itself as declared. Documentation: plugins/modules/initiator.py."""

from __future__ import annotations

from ..module_utils.plan import declaration as declared
from ..plugin_utils import arguments, state_action


class ActionModule(state_action.StateAction):
    """winstorage.iscsi.initiator"""

    ARGUMENTS = {**arguments.INITIATOR, **arguments.LIMITS}

    def declare(self, options):
        return declared.declaration(options)

    def found(self, outcome, after, declaration):
        return {"host": after["host"], "initiator": after["initiator"], "radius_servers": after["radius_servers"]}
