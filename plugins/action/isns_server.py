# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps one iSNS server as declared. Documentation: plugins/modules/isns_server.py."""

from __future__ import annotations

from ..module_utils.plan.desired import Declaration
from ..module_utils.plan.options import STATE
from ..module_utils.plan.values import address, is_present
from ..plugin_utils import arguments, state_action


class ActionModule(state_action.StateAction):
    """winstorage.iscsi.isns_server"""

    ARGUMENTS = {"address": {"type": "str", "required": True}, "state": STATE, **arguments.LIMITS}

    def declare(self, options):
        return Declaration({"isns_servers": {address(options["address"], "address"): is_present(options)}})

    def found(self, outcome, after, declaration):
        return {"isns_servers": after["isns_servers"]}
