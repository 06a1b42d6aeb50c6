# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in short, for a ticket or a chat."""

from __future__ import annotations

import re

from ..audit.findings import is_remark
from ..text import text
from . import labels

MOST = 20  # hosts of a state that are named with their troubles
MOST_NAMES = 60  # characters of a list of names


def markdown(document):
    """A document as a page of Markdown."""
    totals = document["totals"]
    lines = ["# " + _plain(document["title"]), "", f"**{_plain(labels.write_headline(totals))}**", ""]
    lines += ["- " + _plain(line) for line in labels.write_subheads(totals)]
    for state in ("at_risk", "degraded", "unknown"):
        lines += _hosts(state, [host for host in document["hosts"] if host["state"] == state])
    lines += _drifted([host for host in document["hosts"] if host["compliant"] is False])
    return "\n".join([*lines, "", "Generated {}".format(document["generated"]), ""])


def _hosts(state, hosts):
    if not hosts:
        return []
    lines = ["", f"## {labels.STATES[state]}: {len(hosts)}", ""]
    lines += ["- **{}**: {}".format(_plain(host["name"]), _plain(_trouble(host))) for host in hosts[:MOST]]
    return lines + _others(hosts)


def _others(hosts):
    return [f"- and {len(hosts) - MOST} more"] if len(hosts) > MOST else []


def _trouble(host):
    """What is to come in a line, and what to do."""
    if host["state"] == "unknown":
        return host["reason"]
    lines = [
        f"{', '.join(disk['names'])}: {labels.describe_paths(disk)} ({disk['reason']}). {disk['remedy']}"
        for disk in host["forecast"]["disks"]
        if disk["outlook"] != "same"
    ] or [
        f"{finding['what']}: {finding['text']} {finding['remedy']}"
        for finding in host["findings"]
        if finding["kind"] == "not_saved"
    ]
    return " ".join(lines[:2]) + (f" And {len(lines) - 2} more." if len(lines) > 2 else "")


def _drifted(hosts):
    if not hosts:
        return []
    lines = ["", f"## Not as declared: {len(hosts)}", ""]
    for host in hosts[:MOST]:
        fields = [
            finding.get("field") or finding["kind"].replace("_", " ")
            for finding in host["findings"]
            if finding["category"] == "drift" and not is_remark(finding)
        ]
        lines.append("- **{}**: {}".format(_plain(host["name"]), _plain(", ".join(dict.fromkeys(fields)))))
    return lines + _others(hosts)


def _plain(value):
    """One line that means itself: no markup, no link, no mention."""
    escaped = re.sub(r"([\\`*_\[\]<>|~&])", r"\\\1", text(value))
    return escaped.replace("://", ":\u200b//").replace("@", "@\u200b")
