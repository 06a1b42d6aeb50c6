# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says which cases the explorer tries."""

from __future__ import annotations

from ansible_collections.winstorage.iscsi.tests.explore.numbers import CASES, SEED


def pytest_report_header():
    return f"explorer: {CASES} cases from EXPLORE_SEED={SEED} on; EXPLORE_CASES=1 and a case's number repeat it alone"
