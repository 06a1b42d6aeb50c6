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

from ..plugin_utils import report

AUDIT = "initiator_audit"  # where a host keeps the result of its audit
_STAMP = re.compile(r"(?i)(\bgenerated\W{1,4})\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")


class ActionModule(ActionBase):
    """winstorage.iscsi.report"""

    ARGUMENTS = {
        "path": {"type": "path", "required": True},
        "formats": {"type": "list", "elements": "str", "choices": [*report.FORMATS], "default": [*report.FORMATS]},
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
        _checked, arguments = self.validate_argument_spec(argument_spec=self.ARGUMENTS)
        hosts = _hosts(task_vars, arguments["hosts"], arguments["audits"] or {})
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        document = report.build(hosts, arguments["title"], now)
        paths = _paths(self._loader.path_dwim(arguments["path"]), arguments["formats"])
        changed = False
        try:
            for form, path in paths.items():
                written = report.FORMATS[form][1](document)
                changed |= _without_time(written) != _without_time(_read(path))
                if not self._task.check_mode:
                    _write(path, written)
        except OSError as error:
            raise AnsibleActionFail(f"The report cannot be written: {error}.") from error
        return dict(result, changed=changed, paths=paths, totals=document["totals"])


# -- what is known of each host ----------------------------------------------------------------------------------------


def _hosts(task_vars, wanted, audits):
    """The hosts as :func:`report.build` takes them, from variables alone."""
    hostvars = task_vars["hostvars"]
    names = task_vars["ansible_play_hosts_all"] if wanted is None else wanted
    strangers = sorted(set(names) - set(hostvars))
    if strangers:
        raise AnsibleActionFail("The inventory has no host {}.".format(", ".join(strangers)))
    fallen = set(task_vars["ansible_play_hosts_all"]) - set(task_vars["ansible_play_hosts"])
    return [_host(name, hostvars[name], audits.get(name), name in fallen) for name in dict.fromkeys(map(str, names))]


def _host(name, variables, audit, fallen):
    audit = _plain(variables.get(AUDIT) if audit is None else audit) or {}
    facts = _plain((variables.get("ansible_facts") or {}).get("windows_iscsi") or variables.get("windows_iscsi"))
    error = None
    if audit.get("unreachable") or audit.get("failed"):
        how = "Unreachable" if audit.get("unreachable") else "Not read"
        error = "{}: {}".format(how, audit.get("msg") or "no reason was given")
    elif fallen and not audit:
        error = "Unreachable, or failed earlier in the play."
    compared = not error and audit.get("declared", True)
    return {"name": name, "facts": facts, "drift": audit.get("drift") if compared else None, "error": error}


def _plain(value):
    """Variables as plain data: Ansible's own containers look values up anew each time."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inside) for key, inside in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inside) for inside in value]
    return str(value) if isinstance(value, str) else value


# -- files -------------------------------------------------------------------------------------------------------------


def _paths(path, formats):
    """{form: file}. A path to a .html file names that file, any other a folder."""
    base = path[: -len(".html")] if path.lower().endswith(".html") else os.path.join(path, "iscsi")
    return {
        form: path if form == "html" and path.lower().endswith(".html") else base + report.FORMATS[form][0]
        for form in report.FORMATS
        if form in formats
    }


def _read(path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def _without_time(written):
    return _STAMP.sub(r"\1", written, count=1)


def _write(path, written):
    """Put the file in place whole, so that nobody ever reads half a report."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    beside = f"{path}.{os.getpid()}"
    try:
        with open(beside, "w", encoding="utf-8", newline="") as file:
            file.write(written)
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
