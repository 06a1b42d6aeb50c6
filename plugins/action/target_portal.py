# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps one SendTargets portal as declared. Documentation: plugins/modules/target_portal.py."""

from __future__ import annotations

from ..module_utils.model import records
from ..module_utils.plan import desired
from ..module_utils.plan.options import TARGET_PORTAL_OPTIONS
from ..plugin_utils import arguments, state_action


class ActionModule(state_action.StateAction):
    """winstorage.iscsi.target_portal"""

    ARGUMENTS = {**TARGET_PORTAL_OPTIONS, **arguments.LIMITS}

    def declare(self, options):
        return desired.Declaration({"target_portals": [desired.target_portal(options)]})

    def found(self, outcome, after, declaration):
        wanted = declaration.values["target_portals"][0]
        return {
            "target_portals": state_action.meant_by(wanted, after["target_portals"], records.TargetPortal),
            "discovery_ok": next(iter(outcome.discoveries.values()), None),
        }
