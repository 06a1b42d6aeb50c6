# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the settings of Windows that iSCSI depends on. Documentation: plugins/modules/host_settings.py."""

from __future__ import annotations

from ..module_utils.plan.declaration import parse
from ..plugin_utils import arguments, state_action

_PART = "host_settings"


class ActionModule(state_action.StateAction):
    """winstorage.iscsi.host_settings"""

    ARGUMENTS = {**arguments.of_parts(_PART)[_PART]["options"], **arguments.LIMITS}

    def declare(self, options):
        declared = {name: value for name, value in options.items() if name not in arguments.LIMITS}
        is_empty = all(value in (None, [], {}) for value in declared.values())
        return parse({} if is_empty else {_PART: declared})

    def found(self, outcome, after, declaration):
        return {"host_settings": after["host_settings"]}
