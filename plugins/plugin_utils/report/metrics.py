# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The totals of each host as metrics, in the text format of Prometheus.

Every host has a sample for each state, outlook and severity, zeros included, so that an alert ends with its reason.
"""

from __future__ import annotations

import collections

from ..audit.findings import SEVERITIES
from ..text import text
from .document import OUTLOOKS, STATES


def metrics(document):
    """A document as a file for the textfile collector of the node exporter."""
    lines = [f"# Generated {text(document['generated'])}"]
    for name, (description, read) in _METRICS.items():
        lines += [f"# HELP {name} {description}", f"# TYPE {name} gauge"]
        for host in document["hosts"]:
            lines += [f"{name}{_labels(host=host['name'], **labels)} {value}" for labels, value in read(host)]
    return "\n".join([*lines, ""])


def _states(host):
    return [({"state": state}, int(host["state"] == state)) for state in sorted(STATES)]


def _disks(host):
    """The disks by outlook, of a host of which they are known now."""
    if not host["forecast"] or host["earlier"]:
        return []
    outlooks = collections.Counter(disk["outlook"] for disk in host["forecast"]["disks"])
    return [({"outlook": outlook}, outlooks[outlook]) for outlook in sorted(OUTLOOKS)]


def _findings(host):
    return [({"severity": severity}, host["counts"][severity]) for severity in SEVERITIES]


def _compliant(host):
    return [] if host["compliant"] is None else [({}, int(host["compliant"]))]


_METRICS = {  # name -> (description, function: host -> [(labels, value), ...])
    "winstorage_iscsi_host_state": ("Whether this is the state of the host: 1, else 0.", _states),
    "winstorage_iscsi_host_disks": ("Disks of the host by what becomes of them at its next restart.", _disks),
    "winstorage_iscsi_host_findings": ("Findings on the host by severity.", _findings),
    "winstorage_iscsi_host_compliant": (
        "Whether the host is as declared, where it was compared: 1, else 0.",
        _compliant,
    ),
}


def _labels(**labels):
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items()) + "}"


def _escape(value):
    return text(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
