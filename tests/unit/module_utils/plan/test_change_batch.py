# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The batch that carries a plan out: what is in it, in what order, under which conditions, and how large it gets."""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import (
    apply,
    planner,
    record_groups,
    write_calls,
)
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import subsets
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host
from ansible_collections.winstorage.iscsi.tests.unit.support.plans import (
    ABSENT,
    FLASH,
    MULTIPATH,
    PLANS,
    PORTALS,
    A,
    host,
    login,
    logins,
    sole,
    wish,
)

REMOVE, SAVE, LIST = "RemoveIScsiPersistentTargetW", "LoginIScsiTargetW", "ReportIScsiPersistentLoginsW"


def execution(state, plain):
    """The calls for a host and a declaration."""
    declaration = declare(plain)
    snapshot = queries.gather(Host(state), subsets(declaration))
    return apply.build_batch(planner.plan(snapshot, declaration), declaration, 8)


def program(state, plain):
    return execution(state, plain).program().calls


def depends_on_a_count(call, calls):
    """Whether a call is made only where a list shows at least one record, itself or by a call that it depends on."""
    return any(
        condition.least > 0
        if isinstance(condition, wire.Matching)
        else depends_on_a_count(calls[condition.call], calls)
        for condition in call.when
    )


@pytest.mark.parametrize(
    "plan",
    [plan for plan in PLANS if "service_state" not in plan.declared],
    ids=lambda plan: plan.name.replace(" ", "_"),
)
def test_no_removal_is_unconditional_nor_names_an_empty_portal_for_a_record_that_has_one(plan):
    declaration = declare(plan.declared)
    made = execution(plan.host, plan.declared)
    snapshot = queries.gather(Host(plan.host), subsets(declaration))
    any_portal = {one.target.lower() for one in snapshot.persistent_logins or () if one.portal is None}
    calls = made.program().calls
    for call in calls:
        if call.export == REMOVE:
            _instance, _port, target, portal = call.arguments
            name = call.blocks[target.block].data.decode("utf-16-le").rstrip("\0").lower()
            assert isinstance(portal, wire.Address) or name in any_portal
            assert depends_on_a_count(call, calls), "removed unseen"


def test_a_removal_feeds_back_the_records_own_text():
    state = host([login(FLASH.upper(), {"address": "FD00:0::1"})], dialect={"ipv6_text": "as_given"})
    made = program(state, logins(wish(FLASH, "fd00::1", **ABSENT)))
    removal = next(call for call in made if call.export == REMOVE)
    texts = b"".join(block.data for block in removal.blocks).decode("utf-16-le", "replace")
    assert FLASH.upper() in texts and "FD00:0::1" in texts and "fd00::1" not in texts


def test_one_place_after_the_other():
    there = [login(FLASH, at, login_flags=MULTIPATH) for at in PORTALS]
    machine = Host(host(there))
    declaration = declare(logins(*[wish(FLASH, at, header_digest="crc32c") for at in PORTALS]))
    assert not apply.apply(machine, declaration).problems
    order = [export for export, _status in machine.batches[1] if export in (REMOVE, SAVE)]
    assert order == [REMOVE, SAVE] * len(PORTALS)


def test_what_only_adds_comes_before_anything_is_removed():
    plain = logins(wish(FLASH, A, **ABSENT), wish(FLASH, "10.0.0.2"))
    made = [call.export for call in program(host([login(FLASH, A)]), plain)]
    assert made.index(SAVE) < made.index(REMOVE)


def test_what_is_doubtful_is_saved_before_its_removal():
    words = operations([login(FLASH, A, 1)], wish(FLASH, A, header_digest="crc32c"))
    assert words.index(write_calls.TEST_SAVE) < words.index(write_calls.REMOVING)


def test_a_login_without_the_multipath_flag_is_not_saved_before_its_removal():
    words = operations([sole(FLASH, A, 1)], wish(FLASH, A, multipath=False, header_digest="crc32c"))
    assert write_calls.TEST_SAVE not in words
    assert words.index(write_calls.REMOVING) < words.index(write_calls.SAVING)


def operations(saved, *wishes):
    """The operations of a change, in order."""
    return [emitted.operation for emitted in execution(host(saved), logins(*wishes)).emitted]


def test_lists_between_the_calls_stay_on_the_host():
    made = program(host([login(FLASH, A)] * 3), logins(wish(FLASH, A)))
    lists = [call for call in made if call.export == LIST][:-1]  # the last one is that of the reading
    assert len(lists) > 3 and not any(block.back for call in lists for block in call.blocks)


def test_no_secret_comes_back():
    made = program(host([login(FLASH, A)]), logins(wish(FLASH, A, auth_type="chap", secret="a secret of 16 B")))
    for call in made:
        assert not any(block.back and b"a secret" in block.data for block in call.blocks)


def many(number):
    """A host with as many logins as Windows keeps, all of which differ from what is declared."""
    places = [f"10.{index // 200}.{index % 200}.1" for index in range(number)]
    return (
        host([login(FLASH, at, login_flags=MULTIPATH) for at in places]),
        logins(*[wish(FLASH, at, header_digest="crc32c") for at in places]),
    )


def test_256_logins_are_changed_in_two_round_trips_within_the_limits_of_the_wire():
    state, plain = many(256)
    made = execution(state, plain).program()
    assert len(made.calls) < 0x8000 and max(len(call.blocks) for call in made.calls) < 0x80
    assert max(len(call.when) for call in made.calls) < 0x100
    batch = wire.encode_batch(wire.Batch((made,)))
    assert wire.decode_batch(batch).programs[0] == made
    machine = Host(state)
    report = apply.apply(machine, declare(plain))
    assert not report.problems and len(machine.batches) == 2
    assert machine.machine.bytes_allocated < 2 * record_groups.LIST_BUDGET
    assert max(map(max, machine.sizes)) < 1 << 20, "a batch or its answer is larger than a MiB"


def test_with_few_logins_what_is_in_danger_is_one_place_at_a_time_and_with_many_a_few():
    for number, most in ((8, 1), (64, 1), (256, 64)):
        words = [emitted.operation for emitted in execution(*many(number)).emitted]
        runs = "".join("r" if what == write_calls.REMOVING else "." for what in words).split(".")
        assert max(map(len, runs)) <= most
