# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every action of the collection shares: arguments checked, the engine chosen, errors told with their remedy."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils.abi.codecs import FlagError
from ..module_utils.abi.memory import ImageError
from ..module_utils.abi.structures import LayoutError
from ..module_utils.client.builder import CallError
from ..module_utils.runner.wire import WireError
from .engines import choose
from .simulator.schema import StateError

_TOLD = (CallError, FlagError, ImageError, LayoutError, WireError, StateError)


class InitiatorAction(ActionBase):
    """Base of the actions. A subclass has ``ARGUMENTS`` (an argument spec) and ``act``.

    ``act(arguments, engine)`` returns the result; ``engine`` takes the text of a batch and gives that of its answer.
    """

    ARGUMENTS: dict = {}
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _checked, arguments = self.validate_argument_spec(argument_spec=self.ARGUMENTS)
        try:
            result.update(self.act(arguments, choose(self, task_vars or {})))
        except _TOLD as error:
            raise AnsibleActionFail(str(error)) from None  # the cause may hold a batch, and a batch secrets
        return result

    def act(self, arguments, engine):
        """Do the task's work."""
        raise AssertionError("a subclass does the work")
