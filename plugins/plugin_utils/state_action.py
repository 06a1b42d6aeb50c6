# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of the actions that keep an initiator as declared: one declaration in, one result out."""

from __future__ import annotations

import yaml
from ansible.errors import AnsibleActionFail

from ..module_utils.model import facts, matching, records
from ..module_utils.model.identity import OMITTED
from ..module_utils.plan import apply, port_addresses
from ..module_utils.plan.change_batch import Limits
from ..module_utils.plan.values import DeclarationError
from . import arguments
from .action import InitiatorAction


class StateAction(InitiatorAction):
    """Base of the actions that change. A subclass has ``ARGUMENTS``, ``declare`` and ``found``."""

    def declare(self, options):
        """The :class:`desired.Declaration` that the task's options make."""
        raise AssertionError("a subclass declares")

    def found(self, outcome, after, declaration):
        """What the result says about the host as it is now.

        :param outcome: a :class:`outcome.Outcome`.
        :param after: the facts of what was found in the end.
        """
        raise AssertionError("a subclass reports")

    def act(self, options, engine):
        arguments.check_seconds(options, arguments.LIMITS)
        if getattr(engine, "is_read_only", False) and not self._task.check_mode:
            raise AnsibleActionFail(
                "This host is a recording, which cannot be changed. With --check the task shows what it would change."
            )
        limits = Limits(*(options[name] for name in arguments.LIMITS))
        try:
            declaration = self.declare(options)
            outcome = apply.apply(engine, declaration, self._task.check_mode, limits)
        except DeclarationError as error:
            raise AnsibleActionFail(str(error)) from None
        except apply.PlanRejected as rejected:
            return dict(self._planned(rejected.plan), failed=True, changed=rejected.changed, msg=str(rejected))
        except apply.OutcomeUnknown as unknown:
            # Nobody knows how far the change went: it counts as made.
            return dict(
                self._planned(unknown.plan), failed=True, changed=True, msg=str(unknown), at_risk=unknown.at_risk
            )
        return self._result(outcome, declaration)

    def _result(self, outcome, declaration):
        result = dict(self._planned(outcome.plan), changed=outcome.changed, reboot_required=outcome.reboot_required)
        declaration, _refusals = port_addresses.resolve(outcome.before, declaration)
        result.update(self.found(outcome, facts.assemble(outcome.after), declaration))
        warnings = outcome.warnings + outcome.plan.kept
        if not (declaration.values or declaration.purge):
            warnings = [*warnings, "Nothing is declared, so that nothing was compared or changed."]
        if warnings:
            result["warnings"] = warnings
        if outcome.reboot_reasons:
            result["reboot_reasons"] = outcome.reboot_reasons
        if outcome.lost:
            result["lost"] = outcome.lost
        if outcome.problems:
            result.update(failed=True, msg=" ".join(outcome.problems))
        return result

    def _planned(self, plan):
        """What a plan adds to a result, whether it was carried out or not."""
        for step in plan.steps:
            self._display.v("{action} {kind}, {what}: {reason}".format(**step.describe()), host=self._host_name)
        result = {"plan": [step.describe() for step in plan.steps]}
        if plan.kept:
            result["kept"] = plan.kept
        if self._task.diff:
            result["diff"] = [_diff(step) for step in plan.steps if step.before is not None or step.after is not None]
        return result

    def run(self, tmp=None, task_vars=None):
        self._host_name = (task_vars or {}).get("inventory_hostname")
        return super().run(tmp, task_vars)


def _diff(step):
    """A step as Ansible shows a diff: a text of a line for each field on either side."""
    title = f"{step.kind}, {step.what}"
    return {"before_header": title, "before": _lines(step.before), "after_header": title, "after": _lines(step.after)}


def _lines(value):
    if value is None:
        return ""
    if isinstance(value, str):
        return value + "\n"
    flow = False if isinstance(value, dict) else None  # a line for each field, and for each record of a list
    return yaml.safe_dump(value, sort_keys=False, default_flow_style=flow, allow_unicode=True, width=10000)


# -- what is there now -------------------------------------------------------------------------------------------------


def meant_by(desired, plain, record_type):
    """Those records of the facts that a declared login or portal means; None if they were not gathered."""
    if plain is None:
        return None
    found = [(each, records.from_dict(record_type, each).identity) for each in plain]
    meant = [each for each, identity in found if desired.selector.matches(identity)]
    if meant or "portal" in desired.omitted or desired.record.portal is not None:
        return meant
    # a login for any portal may come back with a portal that Windows has chosen
    selector = desired.selector._replace(portal=OMITTED)
    return [each for each, identity in found if desired.present and selector.matches(identity)]


def sessions_of(after, record):
    """The sessions of the facts that go with a login."""
    return after["sessions"] and [
        plain
        for plain in after["sessions"]
        if matching.fits(record, records.from_dict(records.Session, plain), exact=False)
    ]
