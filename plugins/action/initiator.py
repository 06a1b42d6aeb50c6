# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the initiator itself as declared. Documentation: plugins/modules/initiator.py."""

from __future__ import annotations

from ..module_utils.plan import options as plan_options
from ..module_utils.plan.declaration import parse
from ..plugin_utils import arguments, state_action


class ActionModule(state_action.StateAction):
    """winstorage.iscsi.initiator"""

    ARGUMENTS = {
        **arguments.of_parts(
            "node_name",
            "chap_secret",
            "radius_secret",
            "group_preshared_key",
            "ike",
            "tunnel_outer_addresses",
            "service_state",
            "service_start_mode",
            "radius_servers",
        ),
        **plan_options.UPDATE_SECRET,
        **arguments.LIMITS,
    }

    def declare(self, options):
        return parse(options)

    def found(self, outcome, after, declaration):
        return {"host": after["host"], "initiator": after["initiator"], "radius_servers": after["radius_servers"]}
