# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every action of the collection shares: checked arguments, a chosen engine, and errors in words."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils.abi.codecs import FlagError
from ..module_utils.abi.memory import ImageError
from ..module_utils.abi.structures import LayoutError
from ..module_utils.client.builder import CallError
from ..module_utils.runner.wire import WireError
from . import arguments
from .engines import EngineError, choose

# Errors whose text is meant for the user. Anything else is a defect and shows as one.
REPORTED_ERRORS = (CallError, EngineError, FlagError, ImageError, LayoutError, WireError)


class InitiatorAction(ActionBase):
    """Base of the actions that talk to an initiator. A subclass has ``ARGUMENTS`` (an argument spec) and ``act``.

    ``act(options, engine)`` returns the result; ``engine`` takes the text of a batch and returns that of its answer.
    """

    ARGUMENTS: dict = {}
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec=self.ARGUMENTS)
        secrets = arguments.secrets(self.ARGUMENTS, self._task.args)
        problem = None
        try:
            result.update(self.act(options, choose(self, task_vars or {})))
        except (AnsibleActionFail, *REPORTED_ERRORS) as error:
            problem = arguments.redact(str(error), secrets)
        if problem is not None:
            # Not in the handler above: at -vvv, ansible-core before 2.19 shows the text of the error that is handled
            # when its own is raised. That text may quote a batch, and a batch holds secrets.
            raise AnsibleActionFail(problem)
        if "msg" in result:
            result["msg"] = arguments.redact(result["msg"], secrets)
        return result

    def validate_argument_spec(self, argument_spec=None, **_other):
        """As Ansible does it, but an error repeats no secret, and no line of the playbook that may hold one."""
        return arguments.validate(argument_spec, self._task.args)

    def act(self, options, engine):
        """Do the task's work."""
        raise AssertionError("a subclass does the work")
