# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares an initiator with a declaration and changes nothing. Documentation: plugins/modules/audit_facts.py."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail

from ..module_utils.client import queries
from ..module_utils.model import facts
from ..module_utils.plan import planner
from ..module_utils.plan.declaration import comparable, declared_parts, parse
from ..module_utils.plan.values import DeclarationError
from ..plugin_utils import arguments, audit
from ..plugin_utils.action import InitiatorAction


class ActionModule(InitiatorAction):
    """winstorage.iscsi.audit_facts"""

    ARGUMENTS = {**arguments.DECLARATION, **arguments.TIME_LIMIT}

    def act(self, options, engine):
        arguments.check_seconds(options, arguments.TIME_LIMIT)
        try:
            declaration = parse(options)
        except DeclarationError as error:
            raise AnsibleActionFail(str(error)) from None
        try:
            snapshot = queries.gather(engine, time_limit=options["time_limit"])
            plan = planner.plan(snapshot, comparable(declaration))
        except queries.ServiceStopped as stopped:
            snapshot = stopped.snapshot
            plan = planner.plan_without_service(snapshot, declaration)
        found = facts.assemble(snapshot)
        report = audit.build_report(found, plan, declared_parts(declaration))
        return dict(report, changed=False, ansible_facts={"windows_iscsi": found})
