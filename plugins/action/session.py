# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens and ends live sessions. Documentation: plugins/modules/session.py."""

from __future__ import annotations

from ..module_utils.plan import declaration as declared
from ..plugin_utils import state


class ActionModule(state.StateAction):
    """winstorage.iscsi.session"""

    ARGUMENTS = {**state.SESSION, **state.FORCE, **state.LIMITS}

    def declare(self, arguments):
        return declared.Declaration(sessions=[declared.session(arguments)], force=arguments["force"])

    def found(self, report, after, declaration):
        return {"sessions": state.sessions_of(report.after, after, declaration.sessions[0].record)}
