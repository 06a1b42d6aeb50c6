# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a table for a spreadsheet: a row for each disk, and one for each host without any.

Names come from hosts and arrays, and a spreadsheet takes a text for a formula that begins like one. An apostrophe in
front makes it a text again.
"""

from __future__ import annotations

import csv
import io

from ..text import text

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # the last four are what some spreadsheets take for the first four
_HOST = ("name", "state")
_DISK = ("id", "serial", "size", "paths_now", "paths_expected", "paths_unproven", "outlook", "reason", "remedy")
COLUMNS = (*_HOST, "disk", "targets", *_DISK)


def table(document):
    """A document as comma-separated values; ``reason`` says of a host without disks why it has its state."""
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, restval="", lineterminator="\n")
    writer.writerow({"name": "host", **{name: name for name in COLUMNS[1:]}})
    for host in document["hosts"]:
        cells = {name: host[name] for name in _HOST}
        disks = host["forecast"]["disks"] if host["forecast"] and not host["earlier"] else []
        rows = [
            {"disk": disk["label"], "targets": disk["targets"], **{name: disk[name] for name in _DISK}}
            for disk in disks
        ] or [{"reason": host["reason"]}]
        for row in rows:
            writer.writerow({name: _cell(value) for name, value in {**cells, **row}.items()})
    return written.getvalue()


def _cell(value):
    """A value as a spreadsheet shows it: nothing for what is not known."""
    if value is None or isinstance(value, int):
        return value
    written = text(value)
    return f"'{written}" if written.lstrip(" \u00a0").startswith(_FORMULA) and written != "-" else written
