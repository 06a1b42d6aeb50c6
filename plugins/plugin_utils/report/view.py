# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page shows of each host, as plain data whose texts are ready to be printed.

Names come from hosts and arrays, and may be anything: what is not printable shows as an escape.
"""

from __future__ import annotations

import collections
import functools
import json

from ...module_utils.model import volumes
from ..audit.findings import SEVERITIES, is_remark
from ..text import size, text
from . import labels
from .document import OUTLOOKS


def show_host(host):
    """One host of a document."""
    findings = host["findings"]
    return {
        "facts": _facts_line(host),
        "reason": host["reason"] and text(host["reason"]) + (_EARLIER if host["earlier"] else ""),
        "disks": [_disk(disk) for disk in host["forecast"]["disks"]] if host["forecast"] else [],
        "drift": None
        if host["compliant"] is None
        else [_drift(finding) for finding in findings if finding["category"] == "drift"],
        "risks": [_risk(finding) for finding in findings if finding["category"] == "risk"],
        "copies": None if host["logins"] is None else sum(login["copies"] for login in host["logins"]),
        "logins": host["logins"] and [_login(login) for login in host["logins"]],
        "sessions": host["sessions"] and [_session(session) for session in host["sessions"]],
        "portals": host["portals"] and [_portal(portal) for portal in host["portals"]],
        "known": [part for part in ("logins", "sessions", "portals") if host[part] is not None],
    }


_EARLIER = " What follows is from an earlier run."


def _facts_line(host):
    """Who the initiator is, and what of Windows matters to it."""
    service = host["service"]
    if not service:
        return None
    delayed = " (delayed)" if service["delayed_start"] else ""
    parts = [
        f"MSiSCSI {text(service['state'])}, starts {text(service['start_mode'])}{delayed}",
        f"Windows {text(service['windows_version'])}",
        f"iscsidsc.dll {text(service['dll_version'])}",
    ]
    return {"node": host["initiator"] and text(host["initiator"]["node_name"]), "line": " · ".join(parts)}


def _disk(disk):
    return {
        "names": text(", ".join([volumes.short_label(disk), *volumes.states(disk)])),
        "id": text([*disk["names"], disk["id"]] if disk["volumes"] else disk["id"]),
        "size": text(size(disk["size"])),
        "bytes": -1 if disk["size"] is None else disk["size"],
        "targets": list(map(text, disk["targets"])),
        "now": disk["paths_now"],
        "expected": disk["paths_expected"],
        "unproven": disk["paths_unproven"],
        "outlook": OUTLOOKS.index(disk["outlook"]),
        "reason": disk["reason"] and text(disk["reason"]),
        "remedy": disk["remedy"],
        "run": show_tasks(disk["run"]),
    }


def _drift(finding):
    """A difference; what is about no record has its text in the place of the record's name."""
    kind = text(labels.kind_heading(finding["kind"]))
    return {
        "record": text(finding["record"].replace("_", " ")) if finding["record"] else "",
        "what": text(finding["what"] if finding["record"] else finding["text"]),
        "field": text(finding["field"]) if finding["field"] and finding["record"] else kind,
        "found": show_side(finding["found"]),
        "declared": show_side(finding["declared"]),
    }


def _risk(finding):
    return {
        "severity": SEVERITIES.index(finding["severity"]),
        "what": text(finding["what"]),
        "text": text(labels.capitalize(finding["text"])),
        "remedy": text(finding["remedy"]),
        "run": show_tasks(finding["run"]),
    }


def _login(login):
    is_idle = login["live_sessions"] is not None and login["live_sessions"] < login["copies"]
    return {
        "target": text(login["target"]),
        "portal": text(login["portal"] or "any portal"),
        "symbolic": login["symbolic_name"] and text(login["symbolic_name"]),
        "from": _initiator_port(login) + (", informational" if login["session_type"] != "data" else ""),
        "chap": text(labels.describe_chap(login)),
        "settings": text(labels.list_settings(login)),
        "live": f"{text(login['live_sessions'])} of {login['copies']}",
        "off": is_idle,
    }


def _session(session):
    return {
        "target": text(session["target"]),
        "portal": text(session["portals"]),
        "from": text(session["from"]),
        "chap": text(labels.describe_chap(session)),
        "digests": text(session["digests"]),
        "disks": list(map(text, session["disks"] or ())),
        "saved": text(session["saved"]),
        "off": session["saved"] is False,
    }


def _portal(portal):
    return {
        "portal": text(portal["portal"]),
        "symbolic": portal["symbolic_name"] and text(portal["symbolic_name"]),
        "from": _initiator_port(portal),
        "chap": text(labels.describe_chap(portal)),
        "flags": text(portal["security_flags"]),
    }


def _initiator_port(record):
    return "any port" if record["initiator_port"] is None else f"port {record['initiator_port']}"


def show_side(value):
    """What was found, or what is declared, in words: none for an empty list, nothing where there is no such side."""
    return "" if value is None else "none" if value in ([], "") else text(value)


def show_tasks(run):
    """Tasks as lines of YAML."""
    return list(_show_tasks(json.dumps(run))) if run else []


@functools.lru_cache(maxsize=1024)
def _show_tasks(run):
    """The same of tasks as JSON: a disk and a finding have the same ones, and so have the disks of a session."""
    lines = labels.dump_tasks(json.loads(run)).rstrip("\n").split("\n")
    return [text(line) if line.strip() else "" for line in lines]


# -- the fleet ---------------------------------------------------------------------------------------------------------


def group_findings(hosts):
    """One row for each kind of finding, with the numbers of the hosts that have it, the worst first."""
    counts, members = collections.Counter(), collections.defaultdict(dict)
    for index, host in enumerate(hosts):
        for finding in host["findings"]:
            key = SEVERITIES.index(finding["severity"]), finding["category"], finding["kind"]
            counts[key] += 1
            members[key][index] = None
    return [
        {
            "severity": SEVERITIES[rank],
            "category": category.capitalize(),
            "kind": labels.kind_heading(kind),
            "count": counts[rank, category, kind],
            "hosts": list(members[rank, category, kind]),
        }
        for rank, category, kind in sorted(counts)
    ]


def group_drift(hosts):
    """One row for each difference, with the numbers of the hosts that have it, the most frequent first."""
    members = collections.defaultdict(dict)
    for index, host in enumerate(hosts):
        for finding in host["findings"]:
            if finding["category"] == "drift" and not is_remark(finding):
                key = (
                    finding["record"],
                    finding["kind"],
                    finding["field"] or "",
                    show_side(finding["found"]),
                    show_side(finding["declared"]),
                )
                members[key][index] = None
    return [
        {
            "record": text(record.replace("_", " ")) if record else "",
            "kind": text(labels.kind_heading(kind)),
            "field": text(field) if field else "",
            "found": found,
            "declared": declared,
            "hosts": list(members[record, kind, field, found, declared]),
        }
        for record, kind, field, found, declared in sorted(members, key=lambda key: (-len(members[key]), key))
    ]
