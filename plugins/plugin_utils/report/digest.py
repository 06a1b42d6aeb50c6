# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in short, as a task returns it: a line of a table for each host, and what a job keeps of a fleet.

A controller stores the artifacts of a job in its database and hands them on as variables, so that they are short.
"""

from __future__ import annotations

from ..audit.findings import is_remark

MOST = 10  # lines, and findings, of a host
_HOST = ("name", "state", "reason", "attention", "compliant")
_FINDING = ("severity", "category", "kind", "what", "text")


def list_hosts(document):
    """The hosts of a document in a few words, the worst first."""
    return [{key: host[key] for key in _HOST} for host in document["hosts"]]


def collect_artifacts(document):
    """What a job keeps of a document, as ``set_stats`` takes it. A host that has nothing of a kind is left out."""
    hosts = document["hosts"]
    grave = {host["name"]: [each for each in host["findings"] if not is_remark(each)] for host in hosts}
    return {
        "iscsi_totals": document["totals"],
        "iscsi_states": {host["name"]: host["state"] for host in hosts},
        "iscsi_unread": {host["name"]: host["reason"] for host in hosts if host["state"] == "unknown"},
        "iscsi_attention": {host["name"]: _shorten(host["attention"]) for host in hosts if host["attention"]},
        "iscsi_findings": {
            name: [{key: finding[key] for key in _FINDING} for finding in found[:MOST]]
            for name, found in grave.items()
            if found
        },
        "iscsi_findings_left_out": {name: len(found) - MOST for name, found in grave.items() if len(found) > MOST},
    }


def _shorten(lines):
    return lines if len(lines) <= MOST else [*lines[:MOST], f"and {len(lines) - MOST} more"]
