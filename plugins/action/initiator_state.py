# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a whole initiator as declared. Documentation: plugins/modules/initiator_state.py."""

from __future__ import annotations

from ..module_utils.plan import declaration as declared
from ..plugin_utils import state


class ActionModule(state.StateAction):
    """winstorage.iscsi.initiator_state"""

    ARGUMENTS = {
        **state.INITIATOR,
        "target_portals": state.many(state.TARGET_PORTAL),
        "static_targets": state.many(state.STATIC_TARGET),
        "persistent_logins": state.many(state.PERSISTENT_LOGIN),
        "sessions": state.many(state.SESSION),
        "isns_servers": {"type": "list", "elements": "raw"},
        "persistent_devices": {"type": "list", "elements": "raw"},
        "bind_all_volumes": {"type": "bool", "default": False},
        "purge": {"type": "list", "elements": "str", "choices": list(declared.PURGEABLE)},
        "purge_connected": {"type": "bool", "default": False},
        **state.FORCE,
        **state.LIMITS,
    }

    def declare(self, arguments):
        return declared.declaration(arguments)

    def found(self, report, after, declaration):
        known = {
            name: value
            for name, value in after.items()
            if name not in ("schema_version", "warnings") and value is not None
        }
        return dict(known, discovery_ok=report.discoveries)
