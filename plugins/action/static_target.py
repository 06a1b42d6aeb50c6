# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps one target that is not discovered as declared. Documentation: plugins/modules/static_target.py."""

from __future__ import annotations

from ..module_utils.plan import desired
from ..module_utils.plan.options import STATIC_TARGET_OPTIONS
from ..plugin_utils import arguments, state_action


class ActionModule(state_action.StateAction):
    """winstorage.iscsi.static_target"""

    ARGUMENTS = {**STATIC_TARGET_OPTIONS, **arguments.LIMITS}

    def declare(self, options):
        return desired.Declaration({"static_targets": [desired.static_target(options)]})

    def found(self, outcome, after, declaration):
        name = declaration.values["static_targets"][0].name.lower()
        return {
            "targets": after["targets"] and [target for target in after["targets"] if target["name"].lower() == name]
        }
