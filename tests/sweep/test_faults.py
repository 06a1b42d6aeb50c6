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
import json

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import CallError
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import dialects
from ansible_collections.winstorage.iscsi.tests.unit.support.contents import Contents, content_of
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import LISTS, Dropped, Fault, Host
from ansible_collections.winstorage.iscsi.tests.unit.support.plans import PLANS, SECRET, declared_identities
from ansible_collections.winstorage.iscsi.tests.unit.support.sampling import choose

pytestmark = pytest.mark.usefixtures("no_wire_text")
DIALECTS = (*dialects.ALL, *dialects.PRESETS.values())
STATUSES = (0xEFFF0041, 0xEFFF0042, 0xEFFF003F, 0xEFFF001F, 0xEFFF003E, 122, 5, wire.ERROR_TIMEOUT)
_READING = "GetIScsiInitiatorNodeNameW"  # the first call of what reads the host again


@pytest.fixture
def count(record_property):
    """What the cases met, by name; conftest adds it up."""
    found = collections.Counter()
    yield found
    for name, number in found.items():
        record_property(name, number)


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

    def __init__(self, plan, dialect, count):
        self.count = count
        self.plan, self.declaration = plan, declare(plan.declared)
        self.host = Host(plan.host, dialect)
        self.before, self.contents = self.host.identities(), Contents(self.host)
        undisturbed = self.host.copy()
        self.report = apply.apply(undisturbed, self.declaration)
        self.started = self.host.copy()  # as the first batch leaves it: with its service started
        self.started.faults[1] = Fault(0, "drop")
        with contextlib.suppress(apply.OutcomeUnknown):
            apply.apply(self.started, self.declaration)
        pointer = self.report.before.host.pointer_bits // 8
        self.batch = apply.build_batch(self.report.plan, self.declaration, pointer)
        called = [export for export, _status in undisturbed.batches[1]]
        self.called, self.calls = called, len(called)
        self.changing = self.calls - called[::-1].index(_READING) - 1
        self.finished = {}  # state after a fault -> whether the runs after it went well

    def faults(self):
        """Everything that may go wrong, at each call."""
        for at in range(self.changing):
            yield from every_fault(at) if at < 12 else some_faults(at)  # from there on a batch repeats itself
        for at in range(self.changing, self.calls, 5):  # what reads the host again
            yield Fault(at, "status", 0xEFFF003E, True)
        yield Fault(self.calls - 1, "cut")  # all was done, and the answer is lost
        for at in range(self.changing):
            yield Fault(at, "empty")

    def kind(self, fault):
        """What a sample has at least one of: each way to fail, and empty lists apart from calls that are no list."""
        reading = fault.at >= self.changing
        return fault.kind, fault.code, fault.lasting, reading, fault.kind == "empty" and self.called[fault.at] in LISTS

    def meant(self):
        """How many of what was there must still be there."""
        declared_now, purged = declared_identities(self.plan.declared), self.plan.declared.get("purge", ())
        return {
            identity: min(count, declared_now.get(identity, 0 if identity[0] in purged else count))
            for identity, count in self.before.items()
        }

    def strike(self, fault):
        """Run with a fault, and judge what is left."""
        self.count["cases"] += 1
        host = self.started.copy()
        host.faults[0] = fault
        try:
            told, named = None, {}
            told = apply.carry_out(host, self.batch, self.report.before, self.declaration)
            named = told.lost
        except apply.OutcomeUnknown as broken:
            named = broken.at_risk
            self.count["answer not known"] += 1
        self._check_nothing_lost(host, named, fault)
        if told is not None and not told.problems and self.report.problems == []:
            self.count["made good in the same run"] += 1
        self._check_finish(host, told, named)

    def _check_nothing_lost(self, host, named, fault):
        now = host.identities()
        missing = {identity for identity, count in self.meant().items() if now[identity] < count}
        self.count["with a record missing, and named"] += bool(missing)
        for identity in missing:
            assert identity in restorable(named), f"{identity} is gone, and nobody says so, after {fault.describe()}"
        self._check_contents(Contents(host), named, fault)

    def _check_contents(self, now, named, fault):
        """What nobody declared is there with the options it had, or is named with them."""
        declared, purged = declared_identities(self.plan.declared), self.plan.declared.get("purge", ())
        options = {content_of(entry)[0] for entries in named.values() for entry in entries}
        for (kind, identity, content), _count in (self.contents.flat() - now.flat()).items():
            if (kind, identity) not in declared and kind not in purged:
                assert content[0] in options, (
                    f"{identity} lost its options, and nobody says so, after {fault.describe()}"
                )

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
            missing = {identity for identity, count in self.meant().items() if now[identity] < count}
            differing = {
                (kind, identity)
                for kind, by_identity in self.contents.found.items()
                for identity, contents in by_identity.items()
                if len(contents) > 1  # no declaration restores records of one identity that differ
            }
            assert missing <= differing, "what was named cannot be restored as told"

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
def test_every_fault_at_every_call_of_the_change(plan, count):
    trial = Trial(plan, {}, count)
    assert trial.report.changed and not trial.report.problems, trial.report.problems
    for fault in choose(trial.faults(), plan.name, trial.kind):
        trial.strike(fault)


@pytest.mark.parametrize("number", range(len(DIALECTS)))
def test_some_faults_at_every_call_under_every_dialect(number, count):
    plans = PLANS[number % 4 :: 4]
    for plan in choose(plans, f"plans of dialect {number}", lambda _plan: None):
        trial = Trial(plan, DIALECTS[number], count)
        faults = [list(some_faults(at))[at % 3] for at in range(trial.changing)]
        for fault in choose(faults, f"{plan.name} under dialect {number}", trial.kind):
            trial.strike(fault)


@pytest.mark.parametrize(
    "plan", [PLANS[0], next(plan for plan in PLANS if plan.name.startswith("start"))], ids=["running", "stopped"]
)
def test_a_fault_while_reading_changes_nothing(plan, count):
    undisturbed = Host(plan.host)
    apply.apply(undisturbed, declare(plan.declared))
    calls = len(undisturbed.batches[0])
    assert calls
    for at in range(calls):
        for fault in (Fault(at, "status", 0xEFFF003E, True), Fault(at, "hang"), Fault(at, "drop")):
            count["cases"] += 1
            host = Host(plan.host)
            host.faults[0] = fault
            before = host.identities()
            try:
                apply.apply(host, declare(plan.declared))
            except (CallError, Dropped, apply.PlanRejected):
                assert host.identities() == before
            assert not before - host.identities()


def test_the_plans_between_them_ask_for_every_kind_of_change():
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
