# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports the iSCSI initiator of a host. Documentation: plugins/modules/facts.py."""

from __future__ import annotations

import difflib

from ansible.errors import AnsibleActionFail

from ..module_utils.client import queries
from ..module_utils.model import facts
from ..plugin_utils.action import InitiatorAction


def chosen(subsets):
    """The read operations that ``gather_subset`` asks for: ``all``, ``!all``, names, and names not wanted."""
    named = {name for name in subsets if not name.startswith("!")}
    left_out = {name[1:] for name in subsets if name.startswith("!")}
    for name in sorted((named | left_out) - {"all", *queries.READS}):
        near = difflib.get_close_matches(name, queries.READS, n=1)
        raise AnsibleActionFail(
            "gather_subset has no {!r}{}. Subsets: all, {}; with ! in front to leave one out.".format(
                name, f" (did you mean {near[0]}?)" if near else "", ", ".join(queries.READS)
            )
        )
    everything = "all" in named or not (named or "all" in left_out)
    return [name for name in queries.READS if (everything or name in named) and name not in left_out]


class ActionModule(InitiatorAction):
    """winstorage.iscsi.facts"""

    ARGUMENTS = {
        "gather_subset": {"type": "list", "elements": "str", "default": ["all"]},
        "include_session_ids": {"type": "bool", "default": False},
        "time_limit": {"type": "int", "default": 120},
    }

    def act(self, arguments, engine):
        if arguments["time_limit"] < 0:
            raise AnsibleActionFail(f"time_limit is in seconds, 0 for none; got {arguments['time_limit']}.")
        snapshot = queries.gather(engine, chosen(arguments["gather_subset"]), arguments["time_limit"])
        found = facts.assemble(snapshot, arguments["include_session_ids"])
        return {"changed": False, "ansible_facts": {"windows_iscsi": found}}
