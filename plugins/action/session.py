# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens and ends live sessions. Documentation: plugins/modules/session.py."""

from __future__ import annotations

from ..module_utils.plan import desired
from ..module_utils.plan.options import SESSION_OPTIONS
from ..plugin_utils import arguments, state_action


class ActionModule(state_action.StateAction):
    """winstorage.iscsi.session"""

    ARGUMENTS = {**SESSION_OPTIONS, **arguments.FORCE, **arguments.LIMITS}

    def declare(self, options):
        return desired.Declaration({"sessions": [desired.session(options)]}, force=options["force"])

    def found(self, outcome, after, declaration):
        return {"sessions": state_action.sessions_of(after, declaration.values["sessions"][0].record)}
