# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a host with regard to its next restart, why it is in it, and what needs attention.

This is the one place that knows. The report in each of its forms, the result of an audit, the texts on the terminal,
the artifacts and the groups take it from here, so that none of them contradicts another.
"""

from __future__ import annotations

import typing as t

from ..text import text
from . import service_risks

STATES = ("at_risk", "degraded", "unknown", "ready")  # the worst first
NOT_GATHERED = "Persistent logins and sessions were not both gathered."


class HostState(t.NamedTuple):
    """One of STATES; why, where the outlook of its disks does not tell; lines for people, the worst first."""

    state: str
    reason: t.Optional[str]
    attention: t.List[str]


def assess(facts, findings=()):
    """The state of a host of which there are facts.

    :param facts: the ``windows_iscsi`` facts.
    :param findings: what was found on the host. What is critical needs attention, whatever the state is.
    """
    forecast = facts.get("next_boot")
    grave = [
        f"{finding['what']}: {finding['text']}"
        for finding in findings
        if finding["severity"] == "critical" and finding["category"] == "risk" and finding["kind"] not in _FORETOLD
    ]
    if not forecast:
        state, reason = _without_forecast(facts)
        return HostState(state, reason, [reason, *grave])
    state, foretold = forecast["verdict"], forecast["attention"]
    attention = [*foretold, *grave] if state == "at_risk" else [*grave, *foretold]
    tells = state == "ready" or any(disk["outlook"] != "same" for disk in forecast["disks"])
    return HostState(state, None if tells or not foretold else foretold[0], attention)


# Critical findings that the lines of the forecast, or the reason, tell already.
_FORETOLD = ("disk_lost", "disk_unproven", "service_not_automatic", "service_stopped")


def _without_forecast(facts):
    """A service that neither runs nor starts opens no saved login, although none could be read."""
    if not service_risks.is_stopped(facts):
        return "unknown", NOT_GATHERED
    return ("at_risk" if service_risks.does_not_start(facts) else "unknown"), service_risks.explain_stopped(facts)


def loses_disk(forecast):
    """Whether a disk is not expected back."""
    return bool(forecast) and any(disk["outlook"] in ("lost", "unproven") for disk in forecast["disks"])


def describe(state, reason):
    """The state in a line of plain text."""
    if state == "unknown":
        return f"not known. {text(reason)}"
    return f"AT RISK. {text(reason)}" if state == "at_risk" and reason else _STATES[state]


_STATES = {
    "ready": "ready. Every disk comes back over as many paths as now.",
    "degraded": "degraded. Every disk is expected back, but not all that is connected now.",
    "at_risk": "AT RISK. A disk is not expected back.",
}
