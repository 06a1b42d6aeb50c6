# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares an initiator with a declaration and changes nothing. Documentation: plugins/modules/audit.py."""

from __future__ import annotations

import dataclasses

from ansible.errors import AnsibleActionFail

from ..module_utils.client import queries
from ..module_utils.model import facts, records
from ..module_utils.plan import apply as converge
from ..module_utils.plan import declaration as declared
from ..module_utils.plan import planner as reconcile
from ..plugin_utils import audit, state
from . import initiator_state


class ActionModule(state.StateAction):
    """winstorage.iscsi.audit"""

    # What initiator_state takes, but for the limits of what it alone does.
    ARGUMENTS = {
        **{name: spec for name, spec in initiator_state.ActionModule.ARGUMENTS.items() if name not in state.LIMITS},
        "time_limit": {"type": "int", "default": 120},
    }

    def act(self, arguments, engine):
        if arguments["time_limit"] < 0:
            raise AnsibleActionFail(f"time_limit is in seconds, 0 for none; got {arguments['time_limit']}.")
        try:
            declaration = declared.declaration(arguments)
        except declared.DeclarationError as error:
            raise AnsibleActionFail(str(error)) from None
        try:
            snapshot = queries.gather(engine, time_limit=arguments["time_limit"])
            plan = reconcile.plan(snapshot, converge.comparable(declaration))
        except queries.ServiceStopped as stopped:
            snapshot, plan = records.Snapshot(stopped.host), reconcile.Plan()
            reconcile.service(plan, snapshot, declaration)
        found = facts.assemble(snapshot)
        return dict(judge(found, plan, parts(declaration)), changed=False, ansible_facts={"windows_iscsi": found})


_MANNERS = ("update_secret", "purge_connected", "force")  # how to go about it, rather than what shall be


def parts(declaration):
    """The names of what is declared."""
    nothing = declared.Declaration()
    return [
        field.name
        for field in dataclasses.fields(declaration)
        if field.name not in _MANNERS and getattr(declaration, field.name) != getattr(nothing, field.name)
    ]


def judge(found, plan, named):
    """What an audit tells: of a host's facts, of the plan that a declaration makes, and of the parts declared.

    A host is compliant when nothing keeps it from its declaration but remarks, such as what a purge spares.
    """
    drift = audit.ordered([*audit.drift(plan), *audit.not_compared(found, named)])
    risks = audit.risks(found)
    return {
        "next_boot": found["next_boot"],
        "declared": named,
        "drift": drift,
        "risks": risks,
        "compliant": all(one["severity"] == "info" for one in drift),
        "counts": {
            severity: sum(one["severity"] == severity for one in drift + risks) for severity in audit.SEVERITIES
        },
    }
