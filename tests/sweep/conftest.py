# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says how much of the fault sweep runs, and sums up what it met in all workers."""

from __future__ import annotations

import collections

from ansible_collections.winstorage.iscsi.tests.unit.support import sampling


def pytest_report_header():
    return f"fault sweep: {sampling.describe()}"


def pytest_terminal_summary(terminalreporter):
    total = collections.Counter()
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if getattr(report, "when", None) == "teardown":
            total.update(dict(report.user_properties))
    terminalreporter.write_line(f"fault sweep: {', '.join(f'{count} {name}' for name, count in total.items())}")
