# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of a finding, and the order of findings.

A finding is a plain dict: ``severity`` (critical, warning, info), ``category`` (drift or risk), ``kind`` (a word that
stays the same), ``what`` (the login, portal, disk or service concerned), ``text``, ``remedy``, and ``run``: tasks for
a playbook that are the remedy, empty where a person has to decide first. Drift has ``record`` (the kind of record),
``field``, ``found``, ``declared`` and ``source`` (of a declared value that a profile names) too; ``record`` is empty
where it is about none.
"""

from __future__ import annotations

SEVERITIES = ("critical", "warning", "info")


def risk(severity, kind, what, text, remedy, run=()):
    """A finding in the facts of a host."""
    return _finding(severity, "risk", kind, what, text, remedy, run)


def drift(severity, kind, what, text, remedy, run=(), record="", field=None, found=None, declared=None, source=None):
    """A difference from a declaration, or an obstacle to it."""
    return dict(
        _finding(severity, "drift", kind, what, text, remedy, run),
        record=record,
        field=field,
        found=found,
        declared=declared,
        source=source,
    )


def _finding(severity, category, kind, what, text, remedy, run):
    return {
        "severity": severity,
        "category": category,
        "kind": kind,
        "what": what,
        "text": text,
        "remedy": remedy,
        "run": list(run),
    }


def sort(findings):
    """The worst first, then as they read."""
    return sorted(findings, key=_sort_key)


def _sort_key(finding):
    severity = SEVERITIES.index(finding["severity"])
    return (severity, *(finding.get(name) or "" for name in ("category", "kind", "what", "field", "text")))


def is_remark(finding):
    """Whether it is for information alone, so that a host that has it is compliant all the same."""
    return finding["severity"] == "info"
