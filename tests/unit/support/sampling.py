# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cases of the fault sweep run: every one with ``SWEEP=all``, else a sample that ``SWEEP_SEED`` determines."""

from __future__ import annotations

import os
import random

ALL = os.environ.get("SWEEP", "") == "all"
SEED = int(os.environ.get("SWEEP_SEED", "1"))
STRIDE = 12  # of each kind of fault, one case in this many


def describe():
    return "every case" if ALL else f"a sample, SWEEP_SEED={SEED}; SWEEP=all runs every case"


def choose(cases, name, kind, stride=STRIDE):
    """A part of the cases, in their order: of each kind one in every ``stride``, and at least one.

    :param name: of the list; with the seed it determines which are chosen.
    :param kind: function of a case.
    """
    if ALL:
        return list(cases)
    numbered, generator = list(enumerate(cases)), random.Random(f"{SEED} {name}")
    kinds = {}
    for number, case in numbered:
        kinds.setdefault(kind(case), []).append(number)
    chosen = set()
    for numbers in kinds.values():
        chosen.update(generator.sample(numbers, -(-len(numbers) // stride)))
    return [case for number, case in numbered if number in chosen]
