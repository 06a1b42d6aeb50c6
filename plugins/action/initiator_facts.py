# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports the iSCSI initiator of a host. Documentation: plugins/modules/initiator_facts.py."""

from __future__ import annotations

import difflib

from ansible.errors import AnsibleActionFail

from ..module_utils.client import queries
from ..module_utils.model import facts
from ..plugin_utils import arguments
from ..plugin_utils.action import InitiatorAction


def choose_reads(subsets):
    """The read operations that ``gather_subset`` asks for: ``all``, ``!all``, names, and names not wanted."""
    named = {name for name in subsets if not name.startswith("!")}
    left_out = {name[1:] for name in subsets if name.startswith("!")}
    for name in sorted((named | left_out) - {"all", *queries.READS}):
        near = difflib.get_close_matches(name, queries.READS, n=1)
        raise AnsibleActionFail(
            f"gather_subset: unknown subset {name!r}{f' (did you mean {near[0]}?)' if near else ''}. "
            f"Valid are: all, {', '.join(queries.READS)}; put ! in front of a name to leave it out."
        )
    everything = "all" in named or not (named or "all" in left_out)
    wanted = named | (set(queries.READS) - set(queries.ON_REQUEST) if everything else set())
    return [name for name in queries.READS if name in wanted and name not in left_out]


class ActionModule(InitiatorAction):
    """winstorage.iscsi.initiator_facts"""

    ARGUMENTS = {
        "gather_subset": {"type": "list", "elements": "str", "default": ["all"]},
        "include_session_ids": {"type": "bool", "default": False},
        **arguments.TIME_LIMIT,
    }

    def act(self, options, engine):
        arguments.check_seconds(options, arguments.TIME_LIMIT)
        snapshot = queries.gather(engine, choose_reads(options["gather_subset"]), options["time_limit"])
        found = facts.assemble(snapshot, options["include_session_ids"])
        return {"changed": False, "ansible_facts": {"windows_iscsi": found}}
