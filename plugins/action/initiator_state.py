# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a whole initiator as declared. Documentation: plugins/modules/initiator_state.py."""

from __future__ import annotations

from ..module_utils.plan.declaration import parse
from ..plugin_utils import arguments, state_action


class ActionModule(state_action.StateAction):
    """winstorage.iscsi.initiator_state"""

    ARGUMENTS = {**arguments.DECLARATION, **arguments.LIMITS}

    def declare(self, options):
        return parse(options)

    def found(self, outcome, after, declaration):
        known = {
            name: value
            for name, value in after.items()
            if name not in ("schema_version", "warnings") and value is not None
        }
        return dict(known, discovery_ok=outcome.discoveries)
