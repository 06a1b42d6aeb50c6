# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a failing case small: leave parts out as long as it fails."""

from __future__ import annotations

import copy


def shrink(case, fails):
    """The smallest case found that still fails. ``fails``: function of a case."""
    progress = True
    while progress:
        progress = False
        for candidate in _smaller(case):
            if fails(candidate):
                case, progress = candidate, True
                break
    return case


def _smaller(case):
    """Each case with one part less, large parts first."""
    for name in ("actions", "faults", "sessions", "portals", "logins"):
        entries = getattr(case, name)
        half = len(entries) // 2
        if half > 4:
            yield _with(case, name, entries[:half])
            yield _with(case, name, entries[half:])
        for index in range(len(entries)):
            yield _with(case, name, entries[:index] + entries[index + 1 :])
    for name in case.dialect:
        yield _with(case, "dialect", {own: value for own, value in case.dialect.items() if own != name})
    yield from (_with(case, "declared", plain) for plain in _less(case.declared))
    for index, login in enumerate(case.logins):
        for options in _less(login["login_options"]):
            smaller = dict(login, login_options=options)
            yield _with(case, "logins", [*case.logins[:index], smaller, *case.logins[index + 1 :]])


def _less(plain):
    """Each dict without one of its entries, at any depth."""
    for name, value in plain.items():
        if name in ("target", "address", "portal", "initiator_port", "initiator_instance"):
            continue
        yield {own: other for own, other in plain.items() if own != name}
        if isinstance(value, list):
            for index, entry in enumerate(value):
                yield dict(plain, **{name: value[:index] + value[index + 1 :]})
                if isinstance(entry, dict):
                    for smaller in _less(entry):
                        yield dict(plain, **{name: [*value[:index], smaller, *value[index + 1 :]]})


def _with(case, name, value):
    smaller = copy.copy(case)
    setattr(smaller, name, value)
    return smaller
