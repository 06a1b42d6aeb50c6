# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a bound volume or device as declared. Documentation: plugins/modules/persistent_device.py."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail

from ..module_utils.plan.declaration import parse
from ..module_utils.plan.options import STATE
from ..plugin_utils import arguments, state_action


class ActionModule(state_action.StateAction):
    """winstorage.iscsi.persistent_device"""

    ARGUMENTS = {
        "path": {"type": "str"},
        "state": STATE,
        **arguments.of_parts("bind_all_volumes"),
        **arguments.LIMITS,
    }

    def declare(self, options):
        path, bind_all = options["path"], options["bind_all_volumes"]
        if bool(path) == bind_all:
            raise AnsibleActionFail("Set either path or bind_all_volumes: true, and not both.")
        devices = [{"path": path, "state": options["state"]}] if path else None
        return parse({"persistent_devices": devices, "bind_all_volumes": bind_all})

    def found(self, outcome, after, declaration):
        return {"persistent_devices": after["persistent_devices"]}
