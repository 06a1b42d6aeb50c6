# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cases the explorer tries: ``EXPLORE_CASES`` of them, numbered from ``EXPLORE_SEED`` on."""

from __future__ import annotations

import os

SEED = int(os.environ.get("EXPLORE_SEED") or 1)
CASES = int(os.environ.get("EXPLORE_CASES") or 1000)
PARTS = min(CASES, 20 if CASES <= 10_000 else 200)


def part(index):
    """The numbers of one of the parts that workers take."""
    return range(SEED + index, SEED + CASES, PARTS)
