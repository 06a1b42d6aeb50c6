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
from ..plugin_utils import arguments, audit
from ..plugin_utils.action import InitiatorAction


class ActionModule(InitiatorAction):
    """winstorage.iscsi.audit"""

    ARGUMENTS = {**arguments.DECLARATION, **arguments.TIME_LIMIT}

    def act(self, options, engine):
        arguments.check_seconds(options, arguments.TIME_LIMIT)
        try:
            declaration = declared.declaration(options)
        except declared.DeclarationError as error:
            raise AnsibleActionFail(str(error)) from None
        try:
            snapshot = queries.gather(engine, time_limit=options["time_limit"])
            plan = reconcile.plan(snapshot, converge.comparable(declaration))
        except queries.ServiceStopped as stopped:
            snapshot, plan = records.Snapshot(stopped.host), reconcile.Plan()
            reconcile.service(plan, snapshot, declaration)
        found = facts.assemble(snapshot)
        report = audit.build_report(found, plan, declared_parts(declaration))
        return dict(report, changed=False, ansible_facts={"windows_iscsi": found})


_OPERATIONAL = ("update_secret", "purge_connected", "force")  # how to proceed, rather than what to have


def declared_parts(declaration):
    """The names of what is declared."""
    nothing = declared.Declaration()
    return [
        field.name
        for field in dataclasses.fields(declaration)
        if field.name not in _OPERATIONAL and getattr(declaration, field.name) != getattr(nothing, field.name)
    ]
