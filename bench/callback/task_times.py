# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints how long each task took, as one JSON list of [task name, seconds], and nothing else."""

from __future__ import annotations

import json
import sys
import time

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "task_times"

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._times, self._started = [], 0.0

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._started = time.perf_counter()

    def v2_runner_on_ok(self, result):
        self._times.append((result._task.get_name(), time.perf_counter() - self._started))

    def v2_runner_on_failed(self, result, ignore_errors=False):
        sys.stderr.write("{}: {}\n".format(result._task.get_name(), result._result.get("msg")))

    def v2_playbook_on_stats(self, stats):
        print(json.dumps(self._times))
