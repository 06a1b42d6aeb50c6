# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps one iSNS server as declared. Documentation: plugins/modules/isns_server.py."""

from __future__ import annotations

from ..module_utils.plan import declaration as declared
from ..plugin_utils import state


class ActionModule(state.StateAction):
    """winstorage.iscsi.isns_server"""

    ARGUMENTS = {"address": {"type": "str", "required": True}, "state": state.PERSISTENT_LOGIN["state"], **state.LIMITS}

    def declare(self, arguments):
        address = declared.address(arguments["address"], "address")
        return declared.Declaration(isns_servers={address: arguments["state"] == "present"})

    def found(self, report, after, declaration):
        return {"isns_servers": after["isns_servers"]}
