# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a host, as findings that a person can act on: drift from a declaration, and risks at boot."""

from __future__ import annotations

from . import findings, host_state
from .drift import find_drift, find_not_compared
from .fleet import find_fleet_risks
from .risks import find_risks

__all__ = ["build_report", "find_drift", "find_fleet_risks", "find_not_compared", "find_risks"]


def build_report(facts, plan, parts):
    """The result of an audit.

    A host is compliant when nothing keeps it from its declaration but remarks, such as what a purge spares.

    :param facts: the ``windows_iscsi`` facts of the host.
    :param plan: the plan that its declaration makes.
    :param parts: the names of what is declared.
    """
    drift = findings.sort([*find_drift(plan), *find_not_compared(facts, parts)])
    risks = find_risks(facts)
    return {
        **host_state.assess(facts, risks)._asdict(),
        "next_boot": facts["next_boot"],
        "declared": parts,
        "drift": drift,
        "risks": risks,
        "compliant": all(map(findings.is_remark, drift)),
        "counts": {
            severity: sum(finding["severity"] == severity for finding in drift + risks)
            for severity in findings.SEVERITIES
        },
    }
