# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.model import addresses, matching
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.records import Connection
from ansible_collections.winstorage.iscsi.tests.unit.support.builders import FLASH, login, partial_snapshot, session

A, B = "10.0.0.1", "10.0.1.1"
NAMED = "array.example.com"


# -- the rule, as plainly as it can be written -------------------------------------------------------------------------


def plainly_fits(saved, live, exact):
    if saved.target.lower() != live.target.lower():
        return False
    if saved.portal is None:
        return not exact
    address, port = addresses.canonical(saved.portal.address), saved.portal.port
    reached = [(addresses.canonical(each.target_address or ""), each.target_port) for each in live.connections]
    if (address, port) in reached:
        return True
    return not exact and not addresses.is_numeric(address) and port in [tcp_port for _address, tcp_port in reached]


def plainly_matched(logins, sessions):
    """{position of a login: position of its session}, found by trying every session for every login."""
    taken = {}
    by_content = sorted(
        range(len(logins)), key=lambda at: (logins[at].portal is None, logins[at].sort_key, repr(logins[at]))
    )
    in_order = sorted(range(len(sessions)), key=lambda at: sessions[at].sort_key)
    for exact in (True, False):
        for saved in by_content:
            if saved in taken or logins[saved].session_type != "data":
                continue
            for live in in_order:
                if live not in taken.values() and plainly_fits(logins[saved], sessions[live], exact):
                    taken[saved] = live
                    break
    return taken


TARGETS = st.sampled_from([FLASH, FLASH.upper(), "iqn.2001-05.com.example:backup"])
SPELLINGS = [A, B, "FE80::0001", "[fe80::1]", "fe80::1"]
LOGINS = st.builds(
    login,
    st.none() | st.tuples(st.sampled_from([*SPELLINGS, NAMED, NAMED.upper()]), st.sampled_from([3260, 3261])),
    st.sampled_from([None, 1, 2]),
    TARGETS,
    session_type=st.sampled_from(["data", "data", "data", "informational"]),
    security_flags=st.sampled_from([0, 2]),
)


@st.composite
def live_sessions(draw):
    sessions = []
    for number in range(draw(st.integers(0, 6))):
        live = session(number, A, draw(TARGETS))
        reached = st.tuples(st.sampled_from([*SPELLINGS, NAMED, None]), st.sampled_from([3260, 3261]))
        live.connections = [Connection(*place, None) for place in draw(st.lists(reached, max_size=3))]
        sessions.append(live)
    return draw(st.permutations(sessions))


@settings(max_examples=300)
@given(logins=st.lists(LOGINS, max_size=8), sessions=live_sessions())
def test_matches_are_those_of_trying_every_session_for_every_login(logins, sessions):
    expected = plainly_matched(logins, sessions)
    matches = matching.Matches(logins, sessions)
    for at, saved in enumerate(logins):
        assert matches.live(saved) == (at in expected)
        assert matches.session(saved) is (sessions[expected[at]] if at in expected else None)
    assert [matches.saved(live) for live in sessions] == [at in expected.values() for at in range(len(sessions))]


@settings(max_examples=100)
@given(saved=LOGINS, sessions=live_sessions(), exact=st.booleans())
def test_the_index_finds_the_sessions_that_fit_in_their_order(saved, sessions, exact):
    expected = [live for live in sorted(sessions, key=lambda live: live.sort_key) if plainly_fits(saved, live, exact)]
    found = matching.SessionIndex(sessions).fitting(saved, exact)
    assert [id(live) for live in found] == [id(live) for live in expected]
    assert [live for live in found if not matching.fits(saved, live, exact)] == []


@given(logins=st.lists(LOGINS, max_size=6), sessions=live_sessions())
def test_no_session_is_counted_twice_and_none_is_left_that_fits(logins, sessions):
    matches = matching.Matches(logins, sessions)
    taken = [id(matches.session(saved)) for saved in logins if matches.live(saved)]
    assert len(set(taken)) == len(taken) == sum(map(matches.saved, sessions))
    for saved in logins:
        for live in sessions:
            opens_it = saved.session_type == "data" and matching.fits(saved, live, False)
            assert matches.live(saved) or matches.saved(live) or not opens_it


def test_equal_copies_of_a_login_have_a_session_each():
    first, second = login(A), login(A)
    matches = matching.Matches([first, second], [session(1, A), session(2, A)])
    assert matches.session(first) is not matches.session(second)


def test_a_second_connection_of_a_session_matches_too():
    live = session(1, A)
    live.connections.append(Connection(B, 3260, None))
    assert matching.match(partial_snapshot([login(B)], [live])).saved(live)


def test_the_order_of_a_report_does_not_decide_which_login_has_the_session():
    plain, flagged = login(A), login(A, security_flags=2)
    live = session(1, A)
    first = matching.Matches([plain, flagged], [live])
    second = matching.Matches([flagged, plain], [live])
    assert [first.live(plain), first.live(flagged)] == [second.live(plain), second.live(flagged)]


@pytest.mark.parametrize("missing", ["persistent_logins", "sessions"])
def test_what_was_not_gathered_is_not_matched(missing):
    found = partial_snapshot([login(A)], [session(1, A)])
    setattr(found, missing, None)
    assert matching.match(found) is None


class Counted(str):
    """A text that counts how often it is put in small letters, which every comparison of a target takes."""

    count = 0

    def lower(self):
        Counted.count += 1
        return super().lower()


def test_matching_compares_each_record_a_fixed_number_of_times():
    """Each login with each session would be quadratic: here, 250,000 comparisons."""

    def comparisons(number):
        target, Counted.count = Counted(FLASH), 0
        logins = [login(("10.0.0.1", 3260 + at), target=target) for at in range(number)]
        sessions = [session(at % 256, ("10.0.0.1", 3260 + at), target=target) for at in range(number)]
        matches = matching.Matches(logins, copy.copy(sessions))
        assert all(map(matches.live, logins))
        return Counted.count

    assert comparisons(500) == 10 * comparisons(50)
