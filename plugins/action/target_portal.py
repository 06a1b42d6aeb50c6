# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps one SendTargets portal as declared. Documentation: plugins/modules/target_portal.py."""

from __future__ import annotations

from ..module_utils.plan import declaration as declared
from ..plugin_utils import state


class ActionModule(state.StateAction):
    """winstorage.iscsi.target_portal"""

    ARGUMENTS = {**state.TARGET_PORTAL, **state.LIMITS}

    def declare(self, arguments):
        return declared.Declaration(target_portals=[declared.target_portal(arguments)])

    def found(self, report, after, declaration):
        record = declaration.target_portals[0].record
        portals = after["target_portals"]
        return {
            "target_portals": portals and [one for one in portals if state.same_portal(one, record)],
            "discovery_ok": next(iter(report.discoveries.values()), None),
        }
