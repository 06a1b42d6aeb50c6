# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the report says things, in whatever form."""

from __future__ import annotations

import yaml

from .. import audit

STATES = {"ready": "Ready", "degraded": "Degraded", "at_risk": "At risk", "unknown": "Unknown"}
MEANING = {
    "ready": "every disk comes back as it is",
    "degraded": "disks come back, but not all that is connected now",
    "at_risk": "a disk is not expected back",
    "unknown": "could not be asked",
}
OUTLOOKS = {"same": "Comes back", "fewer_paths": "Fewer paths", "unproven": "Unproven", "lost": "Lost"}
FATES = {"same": "come back as now", "fewer_paths": "over fewer paths", "unproven": "unproven", "lost": "lost"}
SEVERITIES = {"critical": "Critical", "warning": "Warning", "info": "Remark"}
KINDS = {
    "service_not_automatic": "MSiSCSI does not start by itself",
    "service_delayed": "MSiSCSI starts delayed",
    "service_stopped": "MSiSCSI is stopped",
    "disk_lost": "A disk is not expected back",
    "disk_unproven": "A disk hangs on logins that nothing proves",
    "fewer_paths": "A disk comes back over fewer paths",
    "single_path": "A disk has one path",
    "paths_without_mpio": "Several paths to a disk without MPIO",
    "not_saved": "Live, but not saved",
    "not_connected": "Saved, but not connected",
    "stale_favourite": "A favourite without its target",
    "saved_twice": "Saved more than once",
    "vanished_initiator_port": "Bound to an initiator port that may be gone",
    "vanished_instance": "Bound to an instance that is gone",
    "multipath_without_mpio": "Multipath without MPIO",
    "sessions_without_multipath": "Several logins without multipath",
    "no_chap": "Without CHAP",
    "chap_missing": "CHAP is missing",
    "chap_without_secret": "CHAP without its secret",
    "silent_portal": "A portal through which nothing is known",
    "questionable_flags": "Flags that contradict",
    "not_told": "The initiator could not tell",
    "missing": "Declared, but not there",
    "extra": "There, but not declared so",
    "differs": "Differs from its declaration",
    "blocked": "Enforcing would be refused",
    "kept": "Undeclared, but kept",
    "unverifiable": "Cannot be compared",
    "not_compared": "Could not be compared",
}
CHAP = {"chap": "CHAP", "mutual_chap": "mutual CHAP"}
OPTIONS = {
    "header_digest": "header digest",
    "data_digest": "data digest",
    "maximum_connections": "connections",
    "default_time2wait": "time2wait",
    "default_time2retain": "time2retain",
}


def kind(name):
    """A kind of finding as a heading."""
    return KINDS.get(name) or name.replace("_", " ").capitalize()


def headline(totals):
    """The answer to the question that the report is for."""
    if not totals["hosts"]:
        return "There is no host to report."
    if totals["at_risk"]:
        return f"{audit.count(totals['at_risk'], 'host')} of {totals['hosts']} will miss a disk after the next restart."
    if totals["degraded"]:
        return "Every known disk comes back after the next restart, but {} with less than now.".format(
            audit.count(totals["degraded"], "host")
        )
    if totals["unknown"]:
        return (
            f"{audit.count(totals['unknown'], 'host')} of {totals['hosts']} could not be asked. The others find every disk after the next restart."
            if totals["ready"]
            else "No host could be asked."
        )
    return "Every host finds every disk after the next restart."


def subheads(totals):
    """The rest in a few lines."""
    hosts = ", ".join(f"{totals[state]} {word.lower()}" for state, word in STATES.items() if totals[state])
    disks = totals["disks"]
    fates = ", ".join(f"{disks[outlook]} {word}" for outlook, word in FATES.items() if disks[outlook])
    found = totals["findings"]
    lines = ["{}: {}".format(audit.count(totals["hosts"], "host"), hosts or "none")]
    if disks["total"]:
        lines.append("{}: {}".format(audit.count(disks["total"], "disk"), fates))
    lines.append(
        f"Findings: {found['critical']} critical, {audit.count(found['warning'], 'warning')}, {audit.count(found['info'], 'remark')}"
    )
    if totals["compared"]:
        lines.append(
            f"Declaration: {totals['compared'] - totals['drifted']} of {totals['compared']} compared as declared"
        )
    return lines


def paths(disk):
    """4 paths now, 2 after a restart."""
    unproven = f", {disk['paths_unproven']} unproven" if disk["paths_unproven"] else ""
    return f"{audit.count(disk['paths_now'], 'path')} now, {disk['paths_expected']} after a restart{unproven}"


def counts(host):
    """What was found on a host, in numbers."""
    found = host["counts"]
    numbers = [
        f"{found['critical']} critical",
        audit.count(found["warning"], "warning"),
        audit.count(found["info"], "remark"),
        audit.count(found["drift"], "difference"),
    ]
    return ", ".join(one for one in numbers if not one.startswith("0 "))


def sentence(text):
    """A text with a capital in front, unless it begins with a name."""
    word = text.partition(" ")[0].rstrip(",;")
    return text[:1].upper() + text[1:] if word.isalpha() else text


def chap(record):
    """How a record proves who it is."""
    if record["auth_type"] in (None, "none"):
        return record["auth_type"]
    secret = "" if record.get("secret_set", True) else ", no secret"
    user = " as {}".format(record["username"]) if record.get("username") else ""
    return CHAP.get(record["auth_type"], record["auth_type"]) + user + secret


def settings(login):
    """Flags and options of a saved login, those that are said."""
    flags = [*login["login_flags"], *("security: " + name for name in login["security_flags"])]
    return flags + [f"{OPTIONS[name]} {value}" for name, value in login["options"].items()]


def tasks(run):
    """Tasks as the YAML of a playbook. What looks like a template in a name is marked as text, but for placeholders."""
    return yaml.dump([dict(task) for task in run], Dumper=_Tasks, sort_keys=False, allow_unicode=True, width=1 << 16)


class _Tasks(yaml.SafeDumper):
    """Names come from hosts and arrays, and the YAML is meant to be pasted into a playbook."""

    def ignore_aliases(self, data):
        return True


def _string(dumper, value):
    templated = any(mark in value for mark in ("{{", "{%", "{#")) and value not in (audit.SECRET, audit.USERNAME)
    quotes = '"' if templated or not value.isprintable() else None  # within others a line break may be folded
    return dumper.represent_scalar("!unsafe" if templated else "tag:yaml.org,2002:str", value, style=quotes)


_Tasks.add_representer(str, _string)
