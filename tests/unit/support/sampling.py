# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cases of the fault sweep run.

``SWEEP=all``: every one. ``SWEEP=3``: of each kind of fault, one case in 3. ``SWEEP_SEED`` determines which.
"""

from __future__ import annotations

import os
import random

_WANTED = os.environ.get("SWEEP") or "12"
STRIDE = 1 if _WANTED == "all" else int(_WANTED)
SEED = int(os.environ.get("SWEEP_SEED") or 1)


def describe():
    if STRIDE == 1:
        return "every case"
    return f"of each kind of fault one case in {STRIDE}, SWEEP_SEED={SEED}; SWEEP=all runs every case"


def choose(cases, name, kind):
    """A part of the cases, in their order: of each kind one in every :data:`STRIDE`, and at least one.

    :param name: of the list; with the seed it determines which are chosen.
    :param kind: function of a case.
    """
    numbered, generator = list(enumerate(cases)), random.Random(f"{SEED} {name}")
    kinds = {}
    for number, case in numbered:
        kinds.setdefault(kind(case), []).append(number)
    chosen = set()
    for numbers in kinds.values():
        chosen.update(generator.sample(numbers, -(-len(numbers) // STRIDE)))
    return [case for number, case in numbered if number in chosen]
