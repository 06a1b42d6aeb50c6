# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in short, for a ticket or a chat.

Names come from hosts and arrays, and may be anything. Where one stands alone it is code, in which nothing is a link and
which can be copied as it is. Elsewhere what would be markup is escaped, and what readers of Markdown make links of by
themselves, as an address or the number of an issue, is broken by a space without width.
"""

from __future__ import annotations

import re

from ..audit.findings import is_remark
from ..text import text
from . import labels
from .document import is_otherwise_critical

MOST = 20  # hosts of a state that are named with their troubles
_BREAK = "\u200b"


def markdown(document):
    """A document as a page of Markdown."""
    totals = document["totals"]
    lines = [f"# {_plain(document['title'])}", "", f"**{_plain(labels.write_headline(totals))}**", ""]
    lines += [f"- {_plain(line)}" for line in labels.write_subheads(totals)]
    for state in ("at_risk", "degraded", "unknown"):
        lines += _list_hosts(state, [host for host in document["hosts"] if host["state"] == state])
    lines += _list_critical([host for host in document["hosts"] if is_otherwise_critical(host)])
    lines += _list_drifted([host for host in document["hosts"] if host["compliant"] is False])
    return "\n".join([*lines, "", f"Generated {_plain(document['generated'])}", ""])


def _list_hosts(state, hosts):
    if not hosts:
        return []
    lines = ["", f"## {labels.STATES[state]}: {len(hosts)}", ""]
    lines += [f"- **{_code(host['name'])}**: {_describe_trouble(host)}" for host in hosts[:MOST]]
    return lines + _count_others(hosts)


def _count_others(hosts):
    return [f"- and {len(hosts) - MOST} more"] if len(hosts) > MOST else []


def _describe_trouble(host):
    """What is to come in a line, and what to do."""
    if host["state"] == "unknown" or not host["forecast"]:
        return _plain(host["reason"])
    lines = [
        f"{_code(disk['label'])}: {labels.describe_paths(disk)} ({_plain(disk['reason'])}). {_plain(disk['remedy'])}"
        for disk in host["forecast"]["disks"]
        if disk["outlook"] != "same"
    ] or [
        f"{_code(finding['what'])}: {_plain(finding['text'])} {_plain(finding['remedy'])}"
        for finding in host["findings"]
        if finding["kind"] in ("not_saved", "service_not_automatic")
    ]
    return " ".join(lines[:2]) + (f" And {len(lines) - 2} more." if len(lines) > 2 else "")


def _list_critical(hosts):
    if not hosts:
        return []
    lines = ["", f"## With a critical finding: {len(hosts)}", ""]
    for host in hosts[:MOST]:
        finding = host["findings"][0]
        lines.append(f"- **{_code(host['name'])}**: {_code(finding['what'])}: {_plain(finding['text'])}")
    return lines + _count_others(hosts)


def _list_drifted(hosts):
    if not hosts:
        return []
    lines = ["", f"## Not as declared: {len(hosts)}", ""]
    for host in hosts[:MOST]:
        fields = [
            finding.get("field") or finding["kind"].replace("_", " ")
            for finding in host["findings"]
            if finding["category"] == "drift" and not is_remark(finding)
        ]
        lines.append(f"- **{_code(host['name'])}**: {', '.join(map(_code, dict.fromkeys(fields)))}")
    return lines + _count_others(hosts)


def _code(value):
    """A name as code: within more backticks in a row than it has itself."""
    written = text(value)
    fence = "`" * (max(map(len, re.findall("`+", written)), default=0) + 1)
    blank = " " if written.startswith(("`", " ")) or written.endswith(("`", " ")) else ""
    return f"{fence}{blank}{written}{blank}{fence}"


def _plain(value):
    """One line that means itself: no markup, no link, no mention."""
    escaped = re.sub(r"([\\`*_\[\]<>|~&!])", r"\\\1", text(value))
    escaped = escaped.replace("://", f":{_BREAK}//").replace("@", f"@{_BREAK}").replace("#", f"#{_BREAK}")
    return re.sub(r"(?i)\b(www|mailto|xmpp)(?=[.:])", rf"\1{_BREAK}", escaped)
