# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the report of a fleet. Documentation: plugins/modules/report.py."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Mapping

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils import arguments, files, report

AUDIT = "initiator_audit"  # where a host keeps the result of its audit
_STAMP = re.compile(r"(?i)(\bgenerated\W{1,4})\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")


class ActionModule(ActionBase):
    """winstorage.iscsi.report"""

    ARGUMENTS = {
        "path": {"type": "path", "required": True},
        "formats": {"type": "list", "elements": "str", "choices": [*report.FORMATS], "default": report.DEFAULT_FORMATS},
        "title": {"type": "str", "default": "iSCSI initiators"},
        "hosts": {"type": "list", "elements": "str"},
        "audits": {"type": "dict"},
    }
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec=self.ARGUMENTS)
        hosts = _find_hosts(task_vars, options["hosts"], options["audits"] or {})
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        document = report.build(hosts, options["title"], now)
        damaged = [f"{host['name']}: {host['reason']}" for host in document["hosts"] if host["damaged"]]
        if damaged:
            result["warnings"] = [*result.get("warnings", ()), *damaged]
        paths = _paths(self._loader.path_dwim(options["path"]), options["formats"])
        changed = False
        try:
            for form, path in paths.items():
                written = report.FORMATS[form][1](document)
                changed |= _without_time(written) != _without_time(files.read_text(path))
                if not self._task.check_mode:
                    files.write_text(path, written)
        except OSError as error:
            raise AnsibleActionFail(f"The report cannot be written: {error}.") from error
        return dict(
            result,
            changed=changed,
            paths=paths,
            totals=document["totals"],
            hosts=report.list_hosts(document),
            artifacts=report.collect_artifacts(document),
        )


# -- what is known of each host ----------------------------------------------------------------------------------------


def _find_hosts(task_vars, wanted, audits):
    """The hosts one after another as :func:`report.build` takes them, from variables alone."""
    hostvars = task_vars["hostvars"]
    names = task_vars["ansible_play_hosts_all"] if wanted is None else wanted
    unknown = sorted(set(names) - set(hostvars))
    if unknown:
        raise AnsibleActionFail(f"hosts: not in the inventory: {', '.join(unknown)}.")
    failed = set(task_vars["ansible_play_hosts_all"]) - set(task_vars["ansible_play_hosts"])
    return (
        _read_host(name, hostvars[name], audits.get(name), name in failed) for name in dict.fromkeys(map(str, names))
    )


def _read_host(name, variables, audit, failed):
    try:
        gathered = variables.get("ansible_facts")
        cached = gathered.get("windows_iscsi") if isinstance(gathered, Mapping) else None
        cached = cached or variables.get("windows_iscsi")
        facts, audit = arguments.plain(cached), arguments.plain(variables.get(AUDIT) if audit is None else audit)
    except RecursionError:
        return {"name": name, "error": "Its facts or the result of its audit are nested too deeply to be read."}
    if audit is not None and not isinstance(audit, dict):
        return {"name": name, "facts": facts, "audit": audit}
    audit, error = audit or {}, None
    if audit.get("unreachable") or audit.get("failed"):
        outcome = "Unreachable" if audit.get("unreachable") else "Not read"
        error = f"{outcome}: {audit.get('msg') or 'no reason was given'}"
    elif failed and not audit:
        error = "Unreachable, or failed earlier in the play."
    is_compared = not error and audit.get("declared", True)
    return {"name": name, "facts": facts, "drift": audit.get("drift") if is_compared else None, "error": error}


# -- files -------------------------------------------------------------------------------------------------------------


def _paths(path, formats):
    """{form: file}. A path to a .html file names that file, any other a folder."""
    base = path[: -len(".html")] if path.lower().endswith(".html") else os.path.join(path, "iscsi")
    return {
        form: path if form == "html" and path.lower().endswith(".html") else base + report.FORMATS[form][0]
        for form in report.FORMATS
        if form in formats
    }


def _without_time(written):
    return _STAMP.sub(r"\1", written, count=1)
