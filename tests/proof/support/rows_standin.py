# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PowerShell whose management classes and events are those of a file: see RowsStandIn/RowsStandIn.psm1.

The file is JSON: ``classes`` by namespace and name, and ``events``. A value of a type that JSON lacks is a mapping:
``{"$char": "E"}``, ``{"$bytes": "0a0b"}``, ``{"$time": ISO}``. Any other mapping is an embedded instance.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import rows as simulated

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]

MODULE = HERE / "RowsStandIn"
VARIABLE = "WINSTORAGE_ROWS"  # names the file
_PATH = "PSModulePath"
_TYPES = {"DriveLetter": "$char", "IpV6Address": "$bytes", "LastBootUpTime": "$time"}


def environment(file):
    """What a PowerShell needs to load the functions."""
    folders = [str(HERE), os.environ.get(_PATH, "")]
    return {_PATH: os.pathsep.join(folders), VARIABLE: str(file)}


def write_host(file, service):
    """Write what a simulated host answers, each value in the type that Windows has."""
    classes = {}
    for namespace, name in simulated.CLASSES:
        space = classes.setdefault(namespace, {})
        space[name] = [_typed(row) for row in simulated.CLASSES[namespace, name](service)]
    Path(file).write_text(json.dumps({"classes": classes, "events": []}), encoding="utf-8")


def _typed(value, name=None):
    if isinstance(value, dict):
        return {key: _typed(inside, key) for key, inside in value.items()}
    if isinstance(value, list):
        return [_typed(element) for element in value]
    if name in _TYPES:
        return {_TYPES[name]: value or "\0"}
    return value


def calls_only(run):
    """An engine that runs a batch and answers no queries."""
    return lambda text: run(rows.split(text)[0])


FACTS_FROM_ROWS = ("initiator_ports", "disks")
_OF_DISKS = ("volumes", "offline", "uninitialized", "read_only", "clustered")  # in next_boot, too
_OF_RECORDS = ("initiator_address", "saved_initiator_address")
_ABOUT_ROWS = ("The management class ", "The registry key ", "The events of ")


def without_rows(plain):
    """Facts, or a part of them, without what comes from rows."""
    if isinstance(plain, list):
        lines = [text for text in plain if not (isinstance(text, str) and text.startswith(_ABOUT_ROWS))]
        return [without_rows(element) for element in lines]
    if not isinstance(plain, dict):
        return plain
    of_facts = FACTS_FROM_ROWS if "schema_version" in plain else ()
    drop = {*of_facts, *_OF_DISKS, *(_OF_RECORDS if "any_initiator_port" in plain else ())}
    return {name: without_rows(value) for name, value in plain.items() if name not in drop}


class RowsPowerShell:
    """A running PowerShell that answers lines of queries; a context manager."""

    def __init__(self, interpreter, more=None):
        self._command = [
            interpreter,
            "-NoProfile",
            "-NonInteractive",
            "-File",
            ROOT / "tests" / "windows" / "rows_lines.ps1",
            ROOT / "plugins" / "module_utils" / "Rows.psm1",
        ]
        self._environment = {**os.environ, **(more or {})}

    def __enter__(self):
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self._environment
        )
        return self

    def __exit__(self, *_problem):
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def line(self, line):
        """The answer to a line."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def ask(self, *queries, **limits):
        """The :class:`rows.RowAnswer` of each query; ``limits`` replace those of the line."""
        plain = {**json.loads(rows.encode_queries(queries)), **limits}
        return rows.decode_rows(self.line(json.dumps(plain)), queries)
