# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the report, in whatever form: headings, labels and sentences."""

from __future__ import annotations

import yaml

from ..audit import remedies
from ..text import count

STATES = {"ready": "Ready", "degraded": "Degraded", "at_risk": "At risk", "unknown": "Unknown"}
MEANING = {
    "ready": "every disk comes back as it is",
    "degraded": "disks come back, but not all that is connected now",
    "at_risk": "a disk is not expected back, or MSiSCSI does not start",
    "unknown": "could not be read",
}
OUTLOOKS = {"same": "Comes back", "fewer_paths": "Fewer paths", "unproven": "Unproven", "lost": "Lost"}
FATES = {"same": "come back as now", "fewer_paths": "over fewer paths", "unproven": "unproven", "lost": "lost"}
SEVERITIES = {"critical": "Critical", "warning": "Warning", "info": "Remark"}
KINDS = {
    "service_not_automatic": "MSiSCSI does not start automatically",
    "service_delayed": "MSiSCSI starts delayed",
    "service_stopped": "MSiSCSI is stopped",
    "services_blocked": "Services wait for a disabled MSiSCSI",
    "disk_lost": "A disk is not expected back",
    "disk_unproven": "A disk depends on logins that no session confirms",
    "fewer_paths": "A disk comes back over fewer paths",
    "single_path": "A disk has one path",
    "paths_without_mpio": "Several paths to a disk without MPIO",
    "disk_offline": "A disk is offline",
    "disk_read_only": "A disk is read-only",
    "disk_uninitialized": "A disk is not initialized",
    "node_name_shared": "Several hosts with one node name",
    "foreign_login": "Persistent login of another host",
    "settings_differ": "Other settings than on other hosts",
    "event": "In the event log since the last boot",
    "not_saved": "Live, but not saved",
    "not_connected": "Saved, but not connected",
    "stale_favourite": "Persistent login to an unknown target",
    "saved_twice": "Saved more than once",
    "vanished_initiator_port": "Bound to an initiator port that may be gone",
    "moved_initiator_port": "Bound to an initiator port that has another address today",
    "vanished_instance": "Bound to an instance that is gone",
    "multipath_without_mpio": "Multipath without MPIO",
    "sessions_without_multipath": "Several logins without multipath",
    "no_chap": "Without CHAP",
    "chap_missing": "CHAP is missing",
    "chap_without_secret": "CHAP without its secret",
    "old_node_name": "CHAP user is another node name",
    "silent_portal": "Portal without known targets",
    "questionable_flags": "Contradictory flags",
    "not_told": "Not reported by the initiator",
    "missing": "Declared, but missing",
    "extra": "Present, but undeclared",
    "differs": "Differs from its declaration",
    "blocked": "Enforcing would be refused",
    "kept": "Undeclared, but kept",
    "unverifiable": "Cannot be compared",
    "not_compared": "Could not be compared",
}
WINDOWS = {  # build -> name. Clients share some builds with servers; the facts do not tell them apart.
    "7601": "Server 2008 R2",
    "9200": "Server 2012",
    "9600": "Server 2012 R2",
    "14393": "Server 2016",
    "17763": "Server 2019",
    "19044": "10 21H2",
    "19045": "10 22H2",
    "20348": "Server 2022",
    "22621": "11 22H2",
    "22631": "11 23H2",
    "25398": "Server 23H2",
    "26100": "Server 2025",
    "26200": "11 25H2",
}
CHAP = {"chap": "CHAP", "mutual_chap": "mutual CHAP"}
OPTIONS = {
    "header_digest": "header digest",
    "data_digest": "data digest",
    "maximum_connections": "connections",
    "default_time2wait": "time2wait",
    "default_time2retain": "time2retain",
}


def name_windows(version, with_build=False):
    """Windows by its name where its build is known: Server 2022, or Server 2022 (10.0.20348.2402)."""
    build = (version or "").split(".")[2:3]
    name = WINDOWS.get(build[0]) if build else None
    if name is None:
        return version
    return f"{name} ({version})" if with_build else name


def kind_heading(name):
    """A kind of finding as a heading."""
    return KINDS.get(name) or name.replace("_", " ").capitalize()


def write_headline(totals):
    """The answer to the question that the report is for."""
    if not totals["hosts"]:
        return "There is no host to report."
    if totals["unknown"] == totals["hosts"]:
        return "No host could be read."
    missing = totals["at_risk"] - totals["not_started"]
    numbers = (
        (missing, "will miss a disk after the next restart", "will miss a disk after the next restart"),
        (totals["not_started"], "does not start MSiSCSI at boot", "do not start MSiSCSI at boot"),
    )
    sentences = [
        f"{count(number, 'host')} of {totals['hosts']} {one if number == 1 else several}."
        for number, one, several in numbers
        if number
    ]
    if not sentences and totals["degraded"]:
        hosts = count(totals["degraded"], "host")
        sentences.append(f"Every known disk comes back after the next restart, but {hosts} with less than now.")
    if not sentences:
        hosts = "Every host that was read" if totals["unknown"] else "Every host"
        sentences.append(f"{hosts} finds every disk after the next restart.")
    if totals["otherwise_critical"]:
        number = totals["otherwise_critical"]
        other = "other " if totals["at_risk"] else ""
        sentences.append(f"{count(number, f'{other}host')} {'has' if number == 1 else 'have'} a critical finding.")
    if totals["unknown"]:
        sentences.append(f"{count(totals['unknown'], 'host')} could not be read.")
    return " ".join(sentences)


def write_subheads(totals):
    """The rest in a few lines."""
    hosts = ", ".join(f"{totals[state]} {word.lower()}" for state, word in STATES.items() if totals[state])
    disks = totals["disks"]
    fates = ", ".join(f"{disks[outlook]} {word}" for outlook, word in FATES.items() if disks[outlook])
    found = totals["findings"]
    lines = [f"{count(totals['hosts'], 'host')}: {hosts or 'none'}"]
    if disks["total"]:
        lines.append(f"{count(disks['total'], 'disk')}: {fates}")
    warnings, remarks = count(found["warning"], "warning"), count(found["info"], "remark")
    lines.append(f"Findings: {found['critical']} critical, {warnings}, {remarks}")
    if totals["compared"]:
        lines.append(
            f"Declaration: {totals['compared'] - totals['drifted']} of {totals['compared']} compared as declared"
        )
    return lines


def describe_paths(disk):
    """4 paths now, 2 after a restart."""
    unproven = f", {disk['paths_unproven']} unproven" if disk["paths_unproven"] else ""
    return f"{count(disk['paths_now'], 'path')} now, {disk['paths_expected']} after a restart{unproven}"


def count_findings(host):
    """What was found on a host, in numbers."""
    found = host["counts"]
    numbers = [
        f"{found['critical']} critical",
        count(found["warning"], "warning"),
        count(found["info"], "remark"),
        count(found["drift"], "difference"),
    ]
    return ", ".join(number for number in numbers if not number.startswith("0 "))


def capitalize(text):
    """A text with a capital in front, unless it begins with a name."""
    word = text.partition(" ")[0].rstrip(",;")
    return text[:1].upper() + text[1:] if word.isalpha() else text


def describe_chap(record):
    """How a record proves who it is."""
    if record["auth_type"] in (None, "none"):
        return record["auth_type"]
    secret = "" if record.get("secret_set", True) else ", no secret"
    user = " as {}".format(record["username"]) if record.get("username") else ""
    return CHAP.get(record["auth_type"], record["auth_type"]) + user + secret


def list_settings(login):
    """Flags and options of a saved login, those that are said."""
    flags = [*login["login_flags"], *("security: " + name for name in login["security_flags"])]
    return flags + [f"{OPTIONS[name]} {value}" for name, value in login["options"].items()]


def dump_tasks(run):
    """Tasks as the YAML of a playbook. What looks like a template in a name is marked as text, but for placeholders."""
    try:
        return _dump(run, _FastTasks)
    except UnicodeEncodeError:  # a lone surrogate, which only the slow dumper knows how to write
        return _dump(run, _Tasks)


def _dump(run, dumper):
    return yaml.dump([dict(task) for task in run], Dumper=dumper, sort_keys=False, allow_unicode=True, width=1 << 16)


class _Tasks(yaml.SafeDumper):
    """Names come from hosts and arrays, and the YAML is meant to be pasted into a playbook."""

    def ignore_aliases(self, data):
        return True


class _FastTasks(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
    """The same, where PyYAML has its library."""

    ignore_aliases = _Tasks.ignore_aliases


def _string(dumper, value):
    templated = any(mark in value for mark in ("{{", "{%", "{#")) and value not in (remedies.SECRET, remedies.USERNAME)
    quotes = '"' if templated or not value.isprintable() else None  # within others a line break may be folded
    return dumper.represent_scalar("!unsafe" if templated else "tag:yaml.org,2002:str", value, style=quotes)


_Tasks.add_representer(str, _string)
_FastTasks.add_representer(str, _string)
