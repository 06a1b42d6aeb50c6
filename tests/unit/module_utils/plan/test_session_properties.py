# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is declared of sessions and of the logins that open them: one run makes it so, the next does nothing."""

from __future__ import annotations

import collections

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host
from ansible_collections.winstorage.iscsi.tests.unit.support.plans import (
    FLASH,
    MULTIPATH,
    TAPE,
    A,
    B,
    host,
    login,
    session,
)

_TARGETS, _PORTALS = st.sampled_from([FLASH, FLASH, TAPE]), st.sampled_from([A, B])
_PLACES = st.tuples(_TARGETS, _PORTALS)
_STATES, _CONNECTED = st.sampled_from(["present", "present", "absent"]), st.sampled_from([None, True, False])


def entry(place, state, connected=None):
    """A declared login or session, without what is None."""
    target, portal = place
    every = {"target": target, "portal": portal, "multipath": True, "state": state, "connected": connected}
    return {name: value for name, value in every.items() if value is not None}


@st.composite
def cases(draw):
    """(a host file, what is declared of it)"""
    saved = draw(st.lists(st.tuples(_PLACES, st.sampled_from(["any", 0, 1])), unique=True, max_size=4))
    live = draw(st.lists(_PLACES, max_size=4))
    found = host(
        [login(*place, port) for place, port in saved], sessions=[session(*place, MULTIPATH) for place in live]
    )
    plain = {"force": True}
    if draw(st.booleans()):
        places = draw(st.lists(_PLACES, unique=True, max_size=3))
        plain["persistent_logins"] = [entry(place, draw(_STATES), draw(_CONNECTED)) for place in places]
    if draw(st.booleans()):
        places = st.tuples(_TARGETS, st.sampled_from([A, B, "any", None]))
        plain["sessions"] = [entry(place, draw(_STATES)) for place in draw(st.lists(places, unique=True, max_size=3))]
    if plain.get("persistent_logins") and draw(st.booleans()):
        plain["purge"] = ["persistent_logins"]
    return found, plain


def live(machine):
    """How many sessions there are, by target and portal."""
    return collections.Counter((one["target"], one["portal"]["Address"]) for one in machine.state["sessions"])


@given(cases())
def test_one_run_makes_the_sessions_what_was_declared_and_the_next_has_nothing_to_do(case):
    found, plain = case
    machine, declared = Host(found), declare(plain)
    before, dumped = live(machine), machine.dump()
    try:
        looked = apply.apply(machine, declared, check=True)
    except apply.PlanRejected:
        looked = None
    assert machine.dump() == dumped, "check mode changed the host"
    try:
        done = apply.apply(machine, declared)
    except apply.PlanRejected:
        assert looked is None and machine.dump() == dumped, "a refused plan changed the host"
        return
    assert done.problems == [] and looked.plan.diff() == done.plan.diff() and looked.changed == done.changed
    again = apply.apply(machine, declared)
    assert not again.changed and again.plan.steps == []

    after = live(machine)
    named = {one["target"] for part in ("persistent_logins", "sessions") for one in plain.get(part, ())}
    assert all(after[place] == number for place, number in before.items() if place[0] not in named), "not meant"
    for one in plain.get("sessions", ()):
        reached = [
            place for place in after if place[0] == one["target"] and one.get("portal") in (None, "any", place[1])
        ]
        if one["state"] == "present":
            assert sum(after[place] for place in reached), "declared, and not there"
        else:
            spared = {other.get("portal") for other in (*plain["sessions"], *plain.get("persistent_logins", ()))}
            assert all(place[1] in spared for place in reached if after[place]), "declared absent, and there"
