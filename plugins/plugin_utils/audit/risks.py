# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at risk on a host, declared or not. Risks are found in facts alone, so that a fact cache is enough.

``RISK_CHECKS`` is the table of risks. A new risk is a function in the module of its subject, a row in this table, a
heading in ``report/labels.py`` and a line in ``docs/docsite/rst/report.rst``; a test compares the three.
"""

from __future__ import annotations

import typing as t

from . import disk_risks, findings, record_risks, security_risks, service_risks


def find_risks(facts):
    """Findings in the ``windows_iscsi`` facts of a host, the worst first."""
    return findings.sort([risk for check in RISK_CHECKS for risk in check.find(facts)])


class RiskCheck(t.NamedTuple):
    """What finds risks in the facts of a host, and the kinds of finding it may yield."""

    find: t.Callable
    kinds: tuple


RISK_CHECKS = (
    RiskCheck(service_risks.find_stopped_service, ("service_stopped",)),
    RiskCheck(service_risks.find_late_service, ("service_not_automatic", "service_delayed")),
    RiskCheck(service_risks.find_blocked_services, ("services_blocked",)),
    RiskCheck(disk_risks.find_disks_at_risk, ("disk_lost", "disk_unproven", "fewer_paths")),
    RiskCheck(disk_risks.find_single_paths, ("single_path",)),
    RiskCheck(disk_risks.find_paths_without_mpio, ("paths_without_mpio",)),
    RiskCheck(disk_risks.find_disks_out_of_use, ("disk_offline", "disk_read_only", "disk_uninitialized")),
    RiskCheck(disk_risks.find_unsaved_sessions, ("not_saved",)),
    RiskCheck(record_risks.find_copies, ("saved_twice",)),
    RiskCheck(
        record_risks.find_idle_logins,
        ("vanished_instance", "stale_favourite", "vanished_initiator_port", "not_connected"),
    ),
    RiskCheck(record_risks.find_lost_ports, ("vanished_initiator_port", "moved_initiator_port")),
    RiskCheck(disk_risks.find_multipath_without_mpio, ("multipath_without_mpio",)),
    RiskCheck(disk_risks.find_sessions_without_multipath, ("sessions_without_multipath",)),
    RiskCheck(security_risks.find_chap_without_secret, ("chap_without_secret",)),
    RiskCheck(security_risks.find_logins_without_chap, ("chap_missing", "no_chap")),
    RiskCheck(security_risks.find_old_chap_users, ("old_node_name",)),
    RiskCheck(record_risks.find_idle_portals, ("vanished_instance", "silent_portal", "vanished_initiator_port")),
    RiskCheck(security_risks.find_questionable_flags, ("questionable_flags",)),
    RiskCheck(service_risks.find_events, ("event",)),
    RiskCheck(service_risks.find_reading_problems, ("not_told",)),
)
