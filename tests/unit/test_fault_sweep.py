# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever fails at whatever call of a change: nothing is gone without being named, and the next run finishes the work.

Every call of a plan's change meets, in turn, every status that is plausible there, once and from there on; a call that
fails although it did its work; one that never comes back; a connection that goes before or after it.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import functools
import json

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import CallError
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import dialects
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Dropped, Fault, Host
from ansible_collections.winstorage.iscsi.tests.unit.support.plans import PLANS, SECRET, declared_identities

STATUSES = (0xEFFF0041, 0xEFFF0042, 0xEFFF003F, 0xEFFF001F, 0xEFFF003E, 122, 5, wire.ERROR_TIMEOUT)
COUNT = collections.Counter()
_READING = "GetIScsiInitiatorNodeNameW"  # the first call of what reads the host again


@pytest.fixture(scope="module", autouse=True)
def no_wire_between():
    """Ten thousand batches are few different ones, and the texts of batches and answers have tests of their own."""
    codecs_of_wire = {
        name: getattr(wire, name) for name in ("encode_batch", "decode_batch", "encode_answer", "decode_answer")
    }
    for name, function in codecs_of_wire.items():
        setattr(wire, name, functools.lru_cache(maxsize=64)(function) if "batch" in name else lambda answer: answer)
    yield
    for name, function in codecs_of_wire.items():
        setattr(wire, name, function)


def every_fault(at):
    """All that one call may meet."""
    for lasting in (False, True):
        yield from (Fault(at, "status", code, lasting) for code in STATUSES)
    yield from (
        Fault(at, "done", 0xEFFF003F),
        Fault(at, "done", 0xEFFF0042, True),
        Fault(at, "hang"),
        Fault(at, "drop"),
        Fault(at, "cut"),
    )


def some_faults(at):
    """One of each kind."""
    yield from (Fault(at, "status", 0xEFFF0041), Fault(at, "status", 0xEFFF0042, True), Fault(at, "cut"))


class Trial:
    """A plan under a dialect, run once without a fault to see what it calls."""

    def __init__(self, plan, dialect):
        self.plan, self.declaration = plan, declare(plan.declared)
        self.host = Host(plan.host, dialect)
        self.before = self.host.identities()
        undisturbed = self.host.copy()
        self.report = apply.apply(undisturbed, self.declaration)
        self.started = self.host.copy()  # as the first batch leaves it: with its service started
        self.started.faults[1] = Fault(0, "drop")
        with contextlib.suppress(apply.OutcomeUnknown):
            apply.apply(self.started, self.declaration)
        plan_made = self.report.plan
        pointer = self.report.before.host.pointer_bits // 8
        self.batch = apply.build_batch(plan_made, self.declaration, pointer)
        called = [export for export, _status in undisturbed.batches[1]]
        self.calls = len(called)
        self.changing = self.calls - called[::-1].index(_READING) - 1
        self.finished = {}  # state after a fault -> whether the runs after it went well

    def meant(self):
        """How many of what was there must still be there."""
        declared_now, purged = declared_identities(self.plan.declared), self.plan.declared.get("purge", ())
        return {
            identity: min(count, declared_now.get(identity, 0 if identity[0] in purged else count))
            for identity, count in self.before.items()
        }

    def strike(self, fault):
        """Run with a fault, and judge what is left."""
        COUNT["cases"] += 1
        host = self.started.copy()
        host.faults[0] = fault
        try:
            told, named = None, {}
            told = apply.carry_out(host, self.batch, self.report.before, self.declaration)
            named = told.lost
        except apply.OutcomeUnknown as broken:
            named = broken.at_risk
            COUNT["answer not known"] += 1
        self._check_nothing_lost(host, named, fault)
        if told is not None and not told.problems and self.report.problems == []:
            COUNT["made good in the same run"] += 1
        self._check_finish(host, told, named)

    def _check_nothing_lost(self, host, named, fault):
        now = host.identities()
        missing = {identity for identity, count in self.meant().items() if now[identity] < count}
        COUNT["with a record missing, and named"] += bool(missing)
        for identity in missing:
            assert identity in restorable(named), f"{identity} is gone, and nobody says so, after {fault.describe()}"

    def _check_finish(self, host, told, named):
        """A second run without the fault converges, a third has nothing to do; the same state is tried but once."""
        host = host.copy()
        well = told is not None and not told.problems
        state = json.dumps([host.dump(), well], sort_keys=True, default=str)
        if self.report.problems:
            return  # this dialect refuses some of what is declared: it is said each time
        if state not in self.finished:
            self.finished[state] = True
            self._finish(host, well)
            restore(host, named)
            now = host.identities()
            missing = {identity: count for identity, count in self.meant().items() if now[identity] < count}
            assert not missing, "what was named cannot be restored as told"

    def _finish(self, host, well):
        try:
            second = apply.apply(host, self.declaration)
        except apply.PlanRejected as refused:
            raise AssertionError(f"the second run is refused: {refused}") from None
        assert not second.problems, "the second run does not converge"
        wishes = [self.plan.declared, *self.plan.declared.get("persistent_logins", ())]
        if not any(one.get("update_secret") == "always" for one in wishes):
            third = apply.apply(host, self.declaration)
            assert not third.problems and not third.changed, "the third run changes something"
            assert not well or not second.changed, "the run with the fault says all is well, and the second differs"


def restorable(named):
    """The identities that can be declared from what a result names."""
    found = set()
    for entry in [one for entries in named.values() for one in entries]:
        kind = "persistent_logins" if "target" in entry else "target_portals"
        found |= set(declared_identities({kind: [entry]}))
    return found


def restore(host, named):
    """Declare what a result named, with the secrets that only people know."""
    wishes = collections.defaultdict(list)
    for entries in named.values():
        kind = "persistent_logins" if "target" in entries[0] else "target_portals"
        wish = dict(copy.deepcopy(entries[0]), copies=len(entries), secret=SECRET)
        if wish["auth_type"] == "unspecified":
            del wish["secret"]
        identity = next(iter(declared_identities({kind: [wish]})))
        if not host.identities()[identity]:
            wishes[kind].append(wish)
    if wishes:
        apply.apply(host, declare(dict(wishes)))


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name.replace(" ", "_"))
def test_every_fault_at_every_call_of_the_change(plan):
    trial = Trial(plan, {})
    assert trial.report.changed and not trial.report.problems, trial.report.problems
    for at in range(trial.changing):
        for fault in every_fault(at) if at < 12 else some_faults(at):  # from there on a batch repeats itself
            trial.strike(fault)
    for at in range(trial.changing, trial.calls, 5):  # what reads the host again
        trial.strike(Fault(at, "status", 0xEFFF003E, True))
    trial.strike(Fault(trial.calls - 1, "cut"))  # all was done, and the answer is lost
    for list_call in range(trial.changing):
        trial.strike(Fault(list_call, "empty"))


@pytest.mark.parametrize("number", range(len(dialects.ALL) + len(dialects.PRESETS)))
def test_some_faults_at_every_call_under_every_dialect(number):
    dialect = (*dialects.ALL, *dialects.PRESETS.values())[number]
    for plan in PLANS[number % 4 :: 4]:
        trial = Trial(plan, dialect)
        for at in range(trial.changing):
            for fault in list(some_faults(at))[at % 3 :][:1]:
                trial.strike(fault)


@pytest.mark.parametrize(
    "plan", [PLANS[0], next(plan for plan in PLANS if plan.name.startswith("start"))], ids=["running", "stopped"]
)
def test_a_fault_while_reading_changes_nothing(plan):
    undisturbed = Host(plan.host)
    apply.apply(undisturbed, declare(plan.declared))
    for at in range(len(undisturbed.batches[0])):
        for fault in (Fault(at, "status", 0xEFFF003E, True), Fault(at, "hang"), Fault(at, "drop")):
            COUNT["cases"] += 1
            host = Host(plan.host)
            host.faults[0] = fault
            before = host.identities()
            try:
                apply.apply(host, declare(plan.declared))
            except (CallError, Dropped, apply.PlanRejected):
                assert host.identities() == before
            assert not before - host.identities()


def test_the_plans_between_them_ask_for_every_kind_of_change(capfd):
    asked = set()
    for plan in PLANS:
        report = apply.apply(Host(plan.host), declare(plan.declared), check=True)
        asked |= {(step.kind, step.action) for step in report.plan.steps}
    made = [("persistent_logins", action) for action in ("add", "replace", "copies", "remove")]
    made += [(kind, action) for kind in ("target_portals", "static_targets") for action in ("add", "replace", "remove")]
    made += [
        ("sessions", "login"),
        ("sessions", "logout"),
        ("isns_servers", "add"),
        ("isns_servers", "remove"),
        ("radius_servers", "add"),
        ("radius_servers", "remove"),
        ("node_name", "set"),
        ("chap_secret", "set"),
        ("persistent_devices", "add"),
        ("service", "set"),
    ]
    assert asked >= set(made)
    with capfd.disabled():
        print(f"\nfault sweep: {len(PLANS)} plans, {', '.join(f'{count} {what}' for what, count in COUNT.items())}")
