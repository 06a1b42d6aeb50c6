# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page shows of each host, as plain data whose texts are ready to be printed.

Names come from hosts and arrays, and may be anything: what is not printable shows as an escape.
"""

from __future__ import annotations

import collections
import operator

from ...module_utils.model import volumes
from ..audit.findings import SEVERITIES, is_remark
from ..text import size, text
from . import labels
from .document import OUTLOOKS


def show_host(host):
    """One host of a document. ``forecast`` is for the table of the fleet, with a row for disks of one fate."""
    findings = host["findings"]
    disks = host["forecast"]["disks"] if host["forecast"] else []
    tasks = _Tasks([*disks, *findings])
    groups = _group_by(disks, _FATE)
    # A finding about a disk calls it by its short name: what else there is to know of the disk stands with the disks.
    short = {disk["label"]: _short_name(disk) for disk in disks}
    return {
        "facts": _facts_line(host),
        "reason": host["reason"] and text(host["reason"]) + (_EARLIER if host["earlier"] else ""),
        "tasks": tasks.lines,
        "forecast": [_fate(group, tasks) for group in groups],
        "disks": [list(map(_disk, group)) for group in groups],
        "drift": None
        if host["compliant"] is None
        else [_drift(finding) for finding in findings if finding["category"] == "drift"],
        "risks": [
            _risk(group, tasks, short)
            for group in _group_by([each for each in findings if each["category"] == "risk"], _RISK)
        ],
        "copies": None if host["logins"] is None else sum(login["copies"] for login in host["logins"]),
        "logins": host["logins"] and [_login(login) for login in host["logins"]],
        "sessions": host["sessions"] and [_session(session) for session in host["sessions"]],
        "portals": host["portals"] and [_portal(portal) for portal in host["portals"]],
        "known": [part for part in ("logins", "sessions", "portals") if host[part] is not None],
    }


_EARLIER = " What follows is from an earlier run."
# What disks, and what findings, have in common in one row of a table: a remedy, and what it is for.
_FATE = operator.itemgetter("outlook", "reason", "remedy", "paths_now", "paths_expected", "paths_unproven")
_RISK = operator.itemgetter("severity", "kind", "remedy")


def _group_by(records, key):
    """Lists of records that are alike, in the order of their first ones."""
    groups = collections.defaultdict(list)
    for record in records:
        groups[key(record)].append(record)
    return list(groups.values())


class _Tasks:
    """The tasks of a host, each once: lines of YAML, which disks and findings refer to by number."""

    def __init__(self, records):
        numbers, distinct = {}, []
        self._numbers = {}
        for record in records:
            for task in record["run"]:
                if id(task) not in self._numbers:
                    number = numbers.setdefault(repr(task), len(distinct))
                    if number == len(distinct):
                        distinct.append(task)
                    self._numbers[id(task)] = number
        self.lines = _show_tasks(distinct)

    def of(self, records):
        """The numbers of all tasks of some records."""
        return list(dict.fromkeys(self._numbers[id(task)] for record in records for task in record["run"]))


def _show_tasks(run):
    """Each task as lines of YAML. All are written at once, because a writer takes longer to set up than to write."""
    tasks = []
    for line in labels.dump_tasks(run).rstrip("\n").split("\n") if run else ():
        if line.startswith("- "):
            tasks.append([])
        tasks[-1].append(text(line) if line.strip() else "")
    return tasks


def _facts_line(host):
    """Who the initiator is, and what of Windows matters to it."""
    service = host["service"]
    if not service:
        return None
    delayed = " (delayed)" if service["delayed_start"] else ""
    parts = [
        f"MSiSCSI {text(service['state'])}, starts {text(service['start_mode'])}{delayed}",
        f"Windows {text(labels.name_windows(service['windows_version'], with_build=True))}",
        f"iscsidsc.dll {text(service['dll_version'])}",
    ]
    return {"node": host["initiator"] and text(host["initiator"]["node_name"]), "line": " · ".join(parts)}


def _fate(disks, tasks):
    """What becomes of some disks of a host, and what to do about it."""
    first = disks[0]
    sizes = [disk["size"] for disk in disks]
    total = None if None in sizes else sum(sizes)
    return {
        "disks": len(disks),
        "size": text(size(total)),
        "now": first["paths_now"],
        "expected": first["paths_expected"],
        "unproven": first["paths_unproven"],
        "outlook": OUTLOOKS.index(first["outlook"]),
        "reason": first["reason"] and text(first["reason"]),
        "remedy": first["remedy"],
        "run": tasks.of(disks),
    }


def _short_name(disk):
    return text(volumes.short_label(disk))


def _disk(disk):
    return {
        "names": text(", ".join([_short_name(disk), *volumes.states(disk)])),
        "id": text([*disk["names"], disk["id"]] if disk["volumes"] else disk["id"]),
        "size": text(size(disk["size"])),
        "targets": list(map(text, disk["targets"])),
    }


def _drift(finding):
    """A difference; what is about no record has its text in the place of the record's name."""
    kind = text(labels.kind_heading(finding["kind"]))
    return {
        "record": text(finding["record"].replace("_", " ")) if finding["record"] else "",
        "what": text(finding["what"] if finding["record"] else finding["text"]),
        "field": text(finding["field"]) if finding["field"] and finding["record"] else kind,
        "found": show_side(finding["found"]),
        "declared": _show_declared(finding),
    }


def _risk(findings, tasks, short):
    """Findings that have a remedy in common."""
    first = findings[0]
    return {
        "severity": SEVERITIES.index(first["severity"]),
        "kind": text(labels.kind_heading(first["kind"])),
        "remedy": text(first["remedy"]),
        "run": tasks.of(findings),
        "found": [
            {
                "what": short.get(finding["what"]) or text(finding["what"]),
                "text": text(labels.capitalize(finding["text"])),
            }
            for finding in findings
        ],
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
    if record["initiator_port"] is None:
        return "any port"
    address = record["initiator_address"]
    return f"port {record['initiator_port']}{f' ({address})' if address else ''}"


def show_side(value):
    """What was found, or what is declared, in words: none for an empty list, nothing where there is no such side."""
    return "" if value is None else "none" if value in ([], "") else text(value)


def _show_declared(finding):
    """What is declared, with where it comes from if a profile names it."""
    shown = show_side(finding["declared"])
    return f"{shown} ({text(finding['source'])})" if finding.get("source") else shown


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
            "kind": kind,
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
                    _show_declared(finding),
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
