# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps one persistent login as declared. Documentation: plugins/modules/persistent_login.py."""

from __future__ import annotations

from ..module_utils.model import records
from ..module_utils.plan import desired
from ..module_utils.plan.options import PERSISTENT_LOGIN_OPTIONS
from ..plugin_utils import arguments, state_action


class ActionModule(state_action.StateAction):
    """winstorage.iscsi.persistent_login"""

    ARGUMENTS = {**PERSISTENT_LOGIN_OPTIONS, **arguments.FORCE, **arguments.LIMITS}

    def declare(self, options):
        return desired.Declaration({"persistent_logins": [desired.persistent_login(options)]}, force=options["force"])

    def found(self, outcome, after, declaration):
        wanted = declaration.values["persistent_logins"][0]
        return {
            "persistent_logins": state_action.meant_by(wanted, after["persistent_logins"], records.PersistentLogin),
        }
