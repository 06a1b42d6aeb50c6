# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the DLL with other witnesses of a host. Documentation: plugins/modules/witnesses_info.py."""

from __future__ import annotations

from ..plugin_utils import arguments, witnesses
from ..plugin_utils.action import InitiatorAction


class ActionModule(InitiatorAction):
    """winstorage.iscsi.witnesses_info"""

    ARGUMENTS = {**arguments.TIME_LIMIT}

    def act(self, options, engine):
        arguments.check_seconds(options, arguments.TIME_LIMIT)
        return dict(witnesses.examine(engine, options["time_limit"]), changed=False)
