# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions share that keep an initiator as declared: arguments from the tables of properties, and results."""

from __future__ import annotations

from collections.abc import Mapping

import yaml
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError

from ..module_utils.abi import codecs
from ..module_utils.model import facts, matching, records
from ..module_utils.plan import apply as converge
from ..module_utils.plan import change_batch as changes
from ..module_utils.plan import declaration as declared
from ..module_utils.plan import planner as reconcile
from .action import InitiatorAction

# -- arguments ---------------------------------------------------------------------------------------------------------

PORTAL = {"address": {"type": "str", "required": True}, "port": {"type": "int", "default": 3260}}
SCSI_NUMBERS = {
    "bus": {"type": "int", "required": True},
    "target_number": {"type": "int", "required": True},
    "luns": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"os_lun": {"type": "int", "required": True}, "target_lun": {"type": "int", "required": True}},
    },
}


def _argument(prop):
    """The argument of a property; what it takes is checked by its codec, whose errors name the valid values."""
    codec = prop.codec
    if isinstance(codec, codecs.FlagSet):
        return {"type": "raw"}  # a list of names, a name, a number, or flags as the facts have them
    if isinstance(codec, declared.Choice):
        return {"type": "str", "choices": list(codec.words)}
    if codec is declared.PortalList:
        return {"type": "list", "elements": "raw"}
    if codec is declared.ScsiNumbers:
        return {"type": "dict", "options": SCSI_NUMBERS}
    return {"type": "str"}


def _arguments(properties):
    return {prop.option: _argument(prop) for prop in properties}


_STATE = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
_INITIATOR = {"initiator_instance": {"type": "str"}, "initiator_port": {"type": "int"}}
_UPDATE_SECRET = {
    "update_secret": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False}
}
_SECRET = {"secret": {"type": "str", "no_log": True}}
_KEY = {"ipsec_key": {"type": "str", "no_log": True}}
_TARGET = {"target": {"type": "str", "required": True}}
_LOGIN = {
    **_TARGET,
    **_INITIATOR,
    "portal": {"type": "raw"},
    "copies": {"type": "int", "default": 1},
    **_SECRET,
    **_KEY,
}

PERSISTENT_LOGIN = {
    **_LOGIN,
    **_arguments(declared.PERSISTENT_LOGIN),
    **_UPDATE_SECRET,
    "connected": {"type": "bool"},
    **_STATE,
}
SESSION = {**_LOGIN, **_arguments(declared.SESSION), **_STATE}
TARGET_PORTAL = {
    **PORTAL,
    **_INITIATOR,
    **_arguments(declared.TARGET_PORTAL),
    **_SECRET,
    **_UPDATE_SECRET,
    "refresh": {"type": "bool", "default": False},
    "discovery_failure": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
    **_STATE,
}
STATIC_TARGET = {**_TARGET, **_arguments(declared.STATIC_TARGET), **_SECRET, **_UPDATE_SECRET, **_STATE}
IKE = {
    **_INITIATOR,
    "auth_method": {"type": "str", "choices": ["preshared_key"], "default": "preshared_key"},
    "id_type": {"type": "str", "required": True, "choices": list(codecs.IKE_ID_TYPES.values)},
    "id": {"type": "str", "required": True},
    "key": {"type": "str", "required": True, "no_log": True},
    "security_flags": {"type": "raw"},
}
TUNNEL = {
    **_INITIATOR,
    "destination": {"type": "str", "required": True},
    "outer_address": {"type": "str", "required": True},
}
INITIATOR = {
    "node_name": {"type": "str"},
    "chap_secret": {"type": "str", "no_log": True},
    "radius_secret": {"type": "str", "no_log": True},
    "group_preshared_key": {"type": "str", "no_log": True},
    "ike": {"type": "list", "elements": "dict", "options": IKE},
    "tunnel_outer_addresses": {"type": "list", "elements": "dict", "options": TUNNEL},
    **_UPDATE_SECRET,
    "service_state": {"type": "str", "choices": ["started"]},
    "service_start_mode": {"type": "str", "choices": list(converge.START_MODES)},
    "radius_servers": {"type": "list", "elements": "raw"},
}
FORCE = {"force": {"type": "bool", "default": False}}
LIMITS = {
    "discovery_time_limit": {"type": "int", "default": 60},
    "login_time_limit": {"type": "int", "default": 60},
    "time_limit": {"type": "int", "default": 300},
}


def many(options):
    """An argument that takes a list of what ``options`` describe."""
    return {"type": "list", "elements": "dict", "options": options}


def _plain(value):
    """Values without the tags that Ansible gives them: what goes into records must be what it looks like."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return next((kind(value) for kind in (bool, int, float, str) if isinstance(value, kind)), value)


def _limits(arguments):
    for name in LIMITS:
        if arguments[name] < 0:
            raise AnsibleActionFail(f"{name} is in seconds, 0 for none; got {arguments[name]}.")
    return changes.Limits(arguments["discovery_time_limit"], arguments["login_time_limit"], arguments["time_limit"])


# -- the action --------------------------------------------------------------------------------------------------------


class StateAction(InitiatorAction):
    """Base of the actions that change. A subclass has ``ARGUMENTS``, ``declare`` and ``found``."""

    def declare(self, arguments):
        """The :class:`declared.Declaration` that the task's arguments make."""
        raise AssertionError("a subclass declares")

    def found(self, report, after, declaration):
        """What the result tells of the host as it is now.

        :param report: a :class:`converge.Report`.
        :param after: the facts of what it found in the end.
        """
        raise AssertionError("a subclass tells")

    def validate_argument_spec(self, argument_spec=None, **_other):
        """As Ansible does it, but an error repeats no secret, and no line of the playbook that may hold one."""
        checked = ArgumentSpecValidator(argument_spec).validate(self._task.args)
        told = [
            ("Unsupported parameters: %s" if isinstance(error, UnsupportedError) else "%s") % error.msg
            for error in checked.errors.errors
        ]
        if told:
            raise AnsibleActionFail(remove_values("; ".join(told), checked._no_log_values))
        return checked, _plain(checked.validated_parameters)

    def act(self, arguments, engine):
        limits, check = _limits(arguments), self._task.check_mode
        try:
            declaration = self.declare(arguments)
            report = converge.converge(engine, declaration, check, limits)
        except declared.DeclarationError as error:
            raise AnsibleActionFail(str(error)) from None
        except converge.Refused as refused:
            return dict(self._planned(refused.plan), failed=True, changed=refused.changed, msg=str(refused))
        except converge.Broken as broken:
            return dict(self._planned(broken.plan), failed=True, changed=True, msg=str(broken), at_risk=broken.at_risk)
        return self._result(report, declaration)

    def _result(self, report, declaration):
        result = dict(self._planned(report.plan), changed=report.changed, reboot_required=report.reboot_required)
        result.update(self.found(report, facts.assemble(report.after), declaration))
        if report.warnings:
            result["warnings"] = report.warnings
        if report.lost:
            result["lost"] = report.lost
        if report.problems:
            result.update(failed=True, msg=" ".join(report.problems))
        return result

    def _planned(self, plan):
        """What a plan adds to a result, whether it was carried out or not."""
        for step in plan.steps:
            self._display.v("{action} {kind}, {what}: {reason}".format(**step.describe()), host=self._task_host)
        result = {"plan": [step.describe() for step in plan.steps]}
        if plan.kept:
            result["kept"] = plan.kept
        if self._task.diff:
            result["diff"] = [_diff(step) for step in plan.steps if step.before is not None or step.after is not None]
        return result

    def run(self, tmp=None, task_vars=None):
        self._task_host = (task_vars or {}).get("inventory_hostname")
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
    return yaml.safe_dump(value, sort_keys=False, default_flow_style=None, allow_unicode=True, width=10000)


# -- what is there now -------------------------------------------------------------------------------------------------


def same_login(plain, record):
    """Whether a persistent login of the facts has the identity of a record, whose instance may be left open."""
    return _same(records.from_dict(records.PersistentLogin, plain), record)


def same_portal(plain, record):
    """The same for a target portal of the facts."""
    return _same(records.from_dict(records.TargetPortal, plain), record)


def _same(one, other):
    name, instance, *place = reconcile.key(one)
    other_name, other_instance, *other_place = reconcile.key(other)
    return name == other_name and place == other_place and other_instance in ("", instance)


def sessions_of(snapshot, after, record):
    """The sessions of the facts that go with a login."""
    if snapshot.sessions is None:
        return None
    in_order = facts.sort_sessions(snapshot)
    return [plain for session, plain in zip(in_order, after["sessions"]) if matching.fits(record, session, False)]
