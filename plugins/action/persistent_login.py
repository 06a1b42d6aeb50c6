# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps one persistent login as declared. Documentation: plugins/modules/persistent_login.py."""

from __future__ import annotations

from ..module_utils.plan import declaration as declared
from ..plugin_utils import state


class ActionModule(state.StateAction):
    """winstorage.iscsi.persistent_login"""

    ARGUMENTS = {**state.PERSISTENT_LOGIN, **state.FORCE, **state.LIMITS}

    def declare(self, arguments):
        return declared.Declaration(persistent_logins=[declared.persistent_login(arguments)], force=arguments["force"])

    def found(self, report, after, declaration):
        record = declaration.persistent_logins[0].record
        logins = after["persistent_logins"]
        return {"persistent_logins": logins and [one for one in logins if state.same_login(one, record)]}
