# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, plan, carry out, look again: what a run tells of what it did, and of what it cannot know."""

from __future__ import annotations

import traceback

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import status
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import CallError
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply, change_batch, outcome
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.content import content
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import subsets
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.service import Service
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Dropped, Fault, Host
from ansible_collections.winstorage.iscsi.tests.unit.support.plans import (
    ABSENT,
    FLASH,
    INSTANCE,
    KEEPS_ANY_PORTAL,
    MULTIPATH,
    NEIGHBOURS,
    OF_ONE_IDENTITY,
    OTHER_SECRET,
    PLANS,
    SECRET,
    TAPE,
    A,
    B,
    C,
    chap,
    host,
    login,
    logins,
    session,
    sole,
    wish,
)


def run(machine, **plain):
    return apply.apply(machine, declare(plain))


def change(name="replace a login"):
    """A host that needs a change, and its declaration."""
    plan = next(plan for plan in PLANS if plan.name == name)
    return Host(plan.host), declare(plan.declared)


def called(machine, export, batch=1):
    """The numbers of the calls of an export in a batch."""
    return [at for at, (name, _status) in enumerate(machine.batches[batch]) if name == export]


def calls_of(machine, export, **plain):
    """The same for a run that nothing disturbs; the machine is left as it was."""
    undisturbed = machine.copy()
    run(undisturbed, **plain)
    return called(undisturbed, export)


# -- round trips -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name.replace(" ", "_"))
def test_two_round_trips_to_change_and_one_to_find_nothing_to_do(plan):
    machine = Host(plan.host)
    assert not run(machine, **plan.declared).problems and len(machine.batches) == 2
    if plan.declared.get("update_secret") != "always" and plan.name != "save a secret anew":
        assert not run(machine, **plan.declared).changed and len(machine.batches) == 3


def listed(snapshot):
    """What a snapshot lists, as far as check mode can know it: sessions have devices that nobody knows beforehand."""
    records = [*(snapshot.persistent_logins or ()), *(snapshot.target_portals or ())]
    names = [*(snapshot.isns_servers or ()), *(snapshot.radius_servers or ()), *(snapshot.persistent_devices or ())]
    return (
        sorted((content(record) for record in records), key=repr),
        sorted(names),
        snapshot.initiator.node_name,
        snapshot.host.service_start_mode,
    )


@pytest.mark.parametrize(
    "plan",
    [plan for plan in PLANS if "service_state" not in plan.declared],
    ids=lambda plan: plan.name.replace(" ", "_"),
)
def test_check_mode_returns_what_would_be_there(plan):
    machine = Host(plan.host, KEEPS_ANY_PORTAL)  # which portal Windows would choose nobody knows beforehand
    predicted = apply.apply(machine, declare(plan.declared), check=True)
    done = run(machine, **plan.declared)
    assert listed(predicted.after) == listed(done.after)


def test_check_mode_is_one_round_trip_and_starts_nothing():
    machine = Host(host(NEIGHBOURS, service={"state": "stopped", "start_mode": "manual"}))
    before = machine.dump()
    declaration = declare(logins(wish(FLASH, A), service_state="started", service_start_mode="automatic"))
    report = apply.apply(machine, declaration, check=True)
    assert machine.dump() == before and len(machine.batches) == 1
    assert report.changed and {step.what for step in report.plan.steps} == {"state", "start_mode"}
    assert "can be seen only while it runs" in report.warnings[0]


def test_a_32_bit_host_is_changed_by_its_own_layouts():
    plan = next(plan for plan in PLANS if plan.name == "replace eight paths")
    machine = Host(dict(plan.host, windows={"architecture": "x86"}))
    assert not run(machine, **plan.declared).problems and not run(machine, **plan.declared).changed


@pytest.mark.parametrize("part", ["persistent_logins", "sessions"])
def test_a_login_to_a_target_that_nothing_makes_known_is_refused_before_anything_is_done(part):
    elsewhere = {"target": "iqn.2001-05.com.equallogic:other"}
    with pytest.raises(apply.PlanRejected, match="does not know this target"):
        run(Host(host(target_portals=[])), static_targets=[elsewhere], **{part: [wish(FLASH, A)]})
    for more in ({"static_targets": [{"target": FLASH}]}, {"target_portals": [{"address": A}]}):
        assert not run(Host(host(target_portals=[])), **more, **{part: [wish(FLASH, A)]}).problems


@pytest.mark.parametrize(
    "plain",
    [{"isns_servers": [{"address": "fd00::53", "state": "absent"}]},
     {"isns_servers": ["192.0.2.53"], "purge": ["isns_servers"]}],
)  # fmt: skip
def test_a_server_in_several_spellings_goes_in_all_of_them(plain):
    machine = Host(host(isns_servers=["FD00:0::53", "fd00::53", "192.0.2.53"]))
    assert not run(machine, **plain).problems and machine.state["isns_servers"] == ["192.0.2.53"]


def test_to_merge_a_static_target_is_no_flag_that_windows_keeps():
    machine = Host(host(static_targets=[{"target": TAPE, "alias": "old"}]))
    wanted = [{"target": TAPE, "alias": "new", "target_flags": ["merge_target_information"]}]
    assert not run(machine, static_targets=wanted).problems and not run(machine, static_targets=wanted).changed
    with pytest.raises(apply.PlanRejected, match="nothing to merge with"):
        run(Host(host()), static_targets=wanted)


# -- sessions ----------------------------------------------------------------------------------------------------------


def settles(machine, **plain):
    """The first run makes the host what was declared, and the second has nothing to do."""
    assert not run(machine, **plain).problems
    report = run(machine, **plain)
    return not report.changed and not report.plan.steps


def sessions_of(machine):
    """The portals of the live sessions."""
    return sorted(session["portal"]["Address"] for session in machine.state["sessions"])


def test_a_session_that_an_entry_names_stays_where_another_ends_all_others_of_the_target():
    machine = Host(host(sessions=[session(FLASH, A, MULTIPATH), session(FLASH, B, MULTIPATH)]))
    assert settles(machine, sessions=[{"target": FLASH, "state": "absent"}, wish(FLASH, A)], force=True)
    assert sessions_of(machine) == [A]


@pytest.mark.parametrize("there", [[], [session(FLASH, A, MULTIPATH)]], ids=["none", "one"])
@pytest.mark.parametrize(
    "declared",
    [
        {"sessions": [wish(FLASH, A), wish(FLASH, A, **ABSENT)]},
        {"sessions": [wish(FLASH, "any"), wish(FLASH, A, **ABSENT)]},
        {"sessions": [wish(FLASH, A, **ABSENT)], "persistent_logins": [wish(FLASH, A, connected=True)]},
    ],
    ids=["sessions", "any portal", "login and session"],
)
def test_a_session_that_is_declared_absent_and_present_is_refused(there, declared):
    with pytest.raises(apply.PlanRejected, match="declares absent"):
        run(Host(host(sessions=there)), force=True, **declared)


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("portal", ["any", A])
def test_a_declared_session_may_be_that_of_a_saved_login(portal, connected):
    there = [session(FLASH, A, MULTIPATH)] if connected else []
    machine = Host(host([login(FLASH, A)], sessions=there))
    assert settles(machine, sessions=[wish(FLASH, portal, initiator_instance=INSTANCE, initiator_port=0)])
    assert sessions_of(machine) == [A]


@pytest.mark.parametrize(
    "declared",
    [{"sessions": [{"target": FLASH}]}, {"persistent_logins": [{"target": FLASH, "connected": True}]}],
    ids=["session", "login"],
)
def test_a_session_whose_portal_is_left_out_opens_through_the_one_by_which_its_target_is_known(declared):
    static = [{"target": FLASH, "portal_groups": [[B]]}]
    machine = Host(host(target_portals=[], static_targets=static))
    assert settles(machine, **declared) and sessions_of(machine) == [B]
    several = Host(host())
    with pytest.raises(apply.PlanRejected, match="is known by several portals"):
        run(several, **declared)
    assert not several.state["sessions"]


def test_only_the_number_of_sessions_through_the_portal_counts():
    machine = Host(host([login(FLASH, A, 0)], sessions=[session(FLASH, A, MULTIPATH)]))
    assert settles(machine, sessions=[wish(FLASH, A, initiator_port=1)]) and sessions_of(machine) == [A]
    assert settles(machine, sessions=[wish(FLASH, A, copies=2)]) and sessions_of(machine) == [A, A]


@pytest.mark.parametrize("saved", [[], [login(FLASH, A)]], ids=["unsaved", "saved"])
def test_one_run_ends_every_session_of_a_login_that_shall_not_be_connected(saved):
    machine = Host(host(saved, sessions=[session(FLASH, A, MULTIPATH)] * 3 + [session(TAPE, A)]))
    state = "present" if saved else "absent"
    assert settles(machine, persistent_logins=[wish(FLASH, A, connected=False, state=state)], force=True)
    assert [session["target"] for session in machine.state["sessions"]] == [TAPE]


def test_the_session_of_another_port_stays_when_a_login_shall_not_be_connected():
    """Which of the two it is of nobody can tell: one ends, and then none is left for the login."""
    machine = Host(host([login(FLASH, A, 0), login(FLASH, A, 1)], sessions=[session(FLASH, A, MULTIPATH)] * 2))
    assert settles(machine, persistent_logins=[wish(FLASH, A, initiator_port=0, connected=False)], force=True)
    assert sessions_of(machine) == [A]


def test_a_purge_removes_a_login_whose_session_the_same_run_ends():
    machine = Host(host([login(FLASH, A), login(TAPE, B)], sessions=[session(TAPE, B)]))
    absent = [wish(TAPE, B, **ABSENT)]
    assert settles(machine, **logins(wish(FLASH, A), purge=["persistent_logins"], sessions=absent, force=True))
    assert [each.target for each in machine.logins()] == [FLASH]


# -- what Windows answers ----------------------------------------------------------------------------------------------


def test_a_warning_is_told_and_is_no_failure():
    machine = Host(host(NEIGHBOURS))
    at = calls_of(machine, "LoginIScsiTargetW", persistent_logins=[wish(FLASH, A)])[0]
    machine.faults[1] = Fault(at, "done", status.SHORT_CHAP_SECRET)
    report = run(machine, persistent_logins=[wish(FLASH, A)])
    assert not report.problems and any("ISDSC_SHORT_CHAP_SECRET" in line for line in report.warnings)


def test_a_restart_that_is_needed_is_told():
    machine = Host(host(NEIGHBOURS))
    machine.faults[1] = Fault(0, "done", status.OPERATION_REQUIRES_REBOOT)
    report = run(machine, node_name="iqn.2026-01.com.example:sql-01")
    assert report.reboot_required and not report.problems
    assert not run(Host(host()), node_name="iqn.2026-01.com.example:sql-01").reboot_required


@pytest.mark.parametrize("code", [status.TARGET_ALREADY_LOGGED_IN, status.COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA])
def test_a_save_that_was_refused_but_happened_is_not_made_twice(code):
    machine = Host(host(NEIGHBOURS))
    at = calls_of(machine, "LoginIScsiTargetW", persistent_logins=[wish(FLASH, A)])[0]
    machine.faults[1] = Fault(at, "done", code)
    report = run(machine, persistent_logins=[wish(FLASH, A)])
    assert not report.problems and len(machine.logins()) == len(NEIGHBOURS) + 1


def test_a_removal_that_was_refused_but_happened_is_made_good():
    machine = Host(host([login(FLASH, A), *NEIGHBOURS]))
    plain = logins(wish(FLASH, A, header_digest="crc32c"))
    machine.faults[1] = Fault(
        calls_of(machine, "RemoveIScsiPersistentTargetW", **plain)[0],
        "done",
        status.COULD_NOT_REMOVE_PERSISTENT_LOGIN_DATA,
    )
    assert not run(machine, **plain).problems and len(machine.logins()) == len(NEIGHBOURS) + 1


@pytest.mark.parametrize("code", [0xEFFF0041, 5, 0x80070005], ids=["ISDSC", "Win32", "HRESULT"])
def test_a_save_that_failed_once_is_made_again(code):
    machine = Host(host([login(FLASH, A), *NEIGHBOURS]))
    plain = logins(wish(FLASH, A, header_digest="crc32c"))
    machine.faults[1] = Fault(calls_of(machine, "LoginIScsiTargetW", **plain)[0], "status", code)
    before = machine.identities()
    assert not run(machine, **plain).problems and machine.identities() == before


class ServiceWithoutDigests(Service):
    """Saves no login that asks for a header digest."""

    def call(self, export, inputs):
        if export == "LoginIScsiTargetW" and inputs["LoginOptions"]["HeaderDigest"]:
            return status.COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA, {}
        return super().call(export, inputs)


def test_what_windows_will_not_save_leaves_the_old_login_with_the_options_it_had():
    machine = Host(host([chap(FLASH, A, default_time2wait=9), *NEIGHBOURS]))
    machine.service_class = ServiceWithoutDigests
    before = sorted(map(repr, machine.logins()))
    report = run(machine, persistent_logins=[wish(FLASH, A, header_digest="crc32c", secret=SECRET)])
    assert "header_digest differs" in report.problems[0] and "ISDSC_COULD_NOT_SAVE" in report.problems[1]
    assert not report.lost and sorted(map(repr, machine.logins())) == before


def test_what_is_lost_is_told_with_all_its_options():
    machine = Host(host([login(FLASH, A, default_time2wait=9), *NEIGHBOURS]))
    plain = logins(wish(FLASH, A, header_digest="crc32c"))
    machine.faults[1] = Fault(calls_of(machine, "LoginIScsiTargetW", **plain)[0], "status", 0xEFFF0041, lasting=True)
    report = run(machine, **plain)
    assert any(line.startswith("Lost (removed") for line in report.problems)
    entry = next(iter(report.lost.values()))[0]
    assert entry["default_time2wait"] == 9 and entry["header_digest"] == "unspecified"
    assert not run(machine, persistent_logins=[entry]).problems
    assert machine.logins()[-1].login_options.default_time2wait == 9


def test_a_secret_that_was_not_saved_anew_is_told_though_no_list_shows_it():
    machine = Host(host([chap(FLASH, A)]))
    plain = logins(wish(FLASH, A, secret=OTHER_SECRET, update_secret="always"))
    at = calls_of(machine, "RemoveIScsiPersistentTargetW", **plain)[0]
    machine.faults[1] = Fault(at, "status", 0xEFFF0042, lasting=True)
    report = run(machine, **plain)
    assert report.problems[0].startswith("Saving with the new secret failed for")
    assert not run(machine, **plain).problems
    assert machine.state["persistent_logins"][0]["LoginOptions"]["Password"] == OTHER_SECRET.encode()


def test_what_somebody_else_saved_meanwhile_is_told():
    machine = Host(host(NEIGHBOURS))
    machine.between[1] = lambda other: run(other.copy_of_state(), persistent_logins=[wish(TAPE, C)])
    report = run(machine, persistent_logins=[wish(FLASH, A)])
    assert not report.problems
    assert any("the declaration did not ask for" in line and TAPE in line for line in report.warnings)


def test_what_somebody_else_saved_meanwhile_under_the_same_name_is_not_lost_for_the_change():
    machine = Host(host([login(FLASH, A), *NEIGHBOURS]))
    machine.between[1] = lambda other: other.state["persistent_logins"].append(
        dict(other.state["persistent_logins"][0])
    )
    plain = logins(wish(FLASH, A, header_digest="crc32c"))
    report = run(machine, **plain)
    assert report.problems and not report.lost
    assert not run(machine, **plain).problems and len(machine.logins()) == len(NEIGHBOURS) + 1


def test_a_login_that_opens_its_session_by_itself_is_not_opened_twice():
    for dialect, batches in (({}, 2), ({"saved_login_connects": "at_once"}, 2)):
        machine = Host(host(NEIGHBOURS), dialect)
        wishes = [wish(FLASH, at, login_flags=MULTIPATH, connected=True) for at in (A, B)]
        assert not run(machine, persistent_logins=wishes).problems and len(machine.batches) == batches
        assert len(machine.state["sessions"]) == 2


def test_a_login_whose_session_did_not_open_by_itself_is_opened_beside_one_whose_did():
    machine = Host(host(NEIGHBOURS), {"saved_login_connects": "at_once"})
    plain = logins(*[wish(FLASH, at, login_flags=MULTIPATH, connected=True) for at in (A, C)])
    at = calls_of(machine, "GetIScsiSessionListW", **plain)[0]

    def close_one():
        machine.state["sessions"].pop()

    machine.during[1] = {at: close_one}
    assert not run(machine, **plain).problems
    assert sorted(one["portal"]["Address"] for one in machine.state["sessions"]) == [A, C]


def test_a_login_is_saved_before_what_made_its_target_known_goes():
    machine = Host(host([login(FLASH, A)], target_portals=[], static_targets=[{"target": FLASH}]))
    report = run(
        machine,
        persistent_logins=[wish(FLASH, A, header_digest="crc32c")],
        static_targets=[{"target": FLASH, "state": "absent"}],
    )
    assert not report.problems and not machine.state["static_targets"] and len(machine.logins()) == 1


def test_at_the_limit_of_logins_what_goes_makes_room_first():
    there = [login(FLASH, f"10.0.{number // 200}.{number % 200}") for number in range(1, 257)]
    machine = Host(host(there))
    plain = logins(wish(FLASH, "10.0.0.1", **ABSENT), wish(FLASH, "10.9.0.1"))
    assert not run(machine, **plain).problems and len(machine.logins()) == 256


def test_a_login_goes_only_when_all_that_are_added_are_saved():
    machine = Host(host([login(FLASH, A), *NEIGHBOURS]))
    plain = logins(wish(FLASH, A, **ABSENT), wish(FLASH, C))
    before = machine.logins()
    machine.faults[1] = Fault(calls_of(machine, "LoginIScsiTargetW", **plain)[0], "status", 0xEFFF0041, lasting=True)
    assert run(machine, **plain).problems and machine.logins() == before
    machine.faults.clear()
    assert not run(machine, **plain).problems and len(machine.logins()) == len(before)
    assert machine.logins() != before


def test_a_portal_goes_only_when_all_that_are_added_answered():
    machine = Host(host(NEIGHBOURS, target_portals=[A]))
    plain = {"target_portals": [{"address": A, "state": "absent"}, {"address": "192.0.2.250"}]}
    assert run(machine, **plain).problems
    assert {A, "192.0.2.250"} <= {portal.portal.address for portal in machine.portals()}


def test_the_list_of_portals_of_an_old_dll_is_not_needed_for_logins():
    machine = Host(host([login(FLASH, A)]))
    assert "target_portals" not in subsets(declare(logins(wish(FLASH, A))))
    assert not run(machine, persistent_logins=[wish(FLASH, A)]).changed


def test_one_cause_of_many_failures_is_told_once_and_the_message_stays_readable():
    portals = [f"10.0.0.{number}:3260" for number in range(1, 41)]
    machine = Host(
        {
            "service": {"state": "running", "start_mode": "automatic"},
            "initiator": {"instances": [{"addresses": ["10.0.0.99"]}]},
            "network": {"arrays": [{"name": "flash", "portals": portals, "targets": [{"iqn": FLASH}]}]},
            "target_portals": portals[:1],
        }
    )
    report = apply.apply(
        machine,
        declare(logins(*[wish(FLASH, portal, initiator_port=7) for portal in portals])),
    )
    told = " ".join(report.problems)
    assert told.count("ISDSC_INVALID_PORT_NUMBER") == 1
    assert told.count("and 34 more") == 2 and ".." not in told
    assert len(told) < 2500
    assert len(report.plan.steps) == 40


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_refusal_says_that_nothing_was_changed():
    machine = Host(host(NEIGHBOURS))
    with pytest.raises(apply.PlanRejected, match="^Nothing was changed. ") as caught:
        run(machine, persistent_logins=[wish("iqn.2001-05.com.equallogic:gone.3", A)])
    assert not caught.value.changed and len(machine.batches) == 1


def test_a_refusal_after_the_service_was_started_says_that_it_was():
    machine = Host(host(NEIGHBOURS, service={"state": "stopped", "start_mode": "automatic"}))
    with pytest.raises(apply.PlanRejected, match="^Only the state or start mode of MSiSCSI was chang") as caught:
        run(machine, service_state="started", persistent_logins=[wish("iqn.2001-05.com.equallogic:gone.3", A)])
    assert caught.value.changed and machine.state["service"]["state"] == "running"


def starting(calls):
    """A host on which the service never ran, and whose adapter is there after so many calls."""
    return Host(host(service={"state": "stopped", "has_run": False, "calls_without_adapter": calls}))


def test_the_adapter_that_a_first_start_creates_is_awaited():
    machine = starting(9)
    report = run(machine, service_state="started", isns_servers=["192.0.2.70"])
    assert not report.problems and len(machine.batches) == 2
    assert report.after.isns_servers == ["192.0.2.70"] and machine.state["service"]["calls_without_adapter"] == 0


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name.replace(" ", "_"))
def test_every_plan_awaits_the_adapter_after_its_own_start(plan):
    def after(calls):
        service = {"state": "stopped", "calls_without_adapter": calls}
        machine = Host({**plan.host, "sessions": [], "service": service})
        report = run(machine, **{**plan.declared, "service_state": "started"})
        return report.problems, {
            name: machine.state[name] for name in ("persistent_logins", "target_portals", "sessions")
        }

    assert after(4) == after(0)


def test_an_adapter_that_does_not_come_is_an_error_with_what_to_do():
    machine = starting(1000)
    with pytest.raises(CallError, match="ReportIScsiPersistentLoginsW: ISDSC_INITIATOR_NOT_FOUND"):
        run(machine, service_state="started", persistent_logins=[wish(FLASH, A)])
    assert machine.state["service"]["calls_without_adapter"] > 900  # it is not awaited for ever


def test_a_service_that_cannot_be_started_is_told_with_its_status():
    machine = Host(host(service={"state": "stopped", "start_mode": "disabled"}))
    with pytest.raises(CallError, match="StartService.*disabled"):
        run(machine, service_state="started")


# -- when the answer does not come -------------------------------------------------------------------------------------


class Trouble(Exception):
    """What an engine raises when the connection is lost."""


def broken(engine, declaration):
    with pytest.raises(apply.OutcomeUnknown) as caught:
        apply.apply(engine, declaration)
    return caught.value


def failing_at_the_change(machine, error, done=True):
    """An engine that fails at the second batch, once it has made it or before."""

    def engine(batch):
        number = len(machine.batches)
        answer = machine(batch) if number == 0 or done else None
        if number == 1:
            raise error
        return answer

    return engine


@pytest.mark.parametrize("done", [True, False])
def test_a_lost_connection_tells_what_may_be_missing(done):
    machine, declaration = change()
    told = broken(failing_at_the_change(machine, Trouble("the host went away"), done), declaration)
    assert str(told).startswith(
        "The change was sent to the host, but no answer came back: the host went away. Run the task"
    )
    assert list(told.at_risk) == [f"{FLASH} through 10.0.0.1:3260 from {INSTANCE} any port"]
    assert told.plan.steps


def test_a_lost_connection_before_the_change_is_the_engines_own_error():
    machine, declaration = change()
    machine.faults[0] = Fault(3, "drop")
    with pytest.raises(Dropped):
        apply.apply(machine, declaration)


@pytest.mark.parametrize("defect", [TypeError, KeyError, AttributeError, IndexError, AssertionError, ZeroDivisionError])
def test_a_defect_is_not_taken_for_a_lost_connection_and_still_tells_what_may_be_missing(defect):
    error = defect("secret")
    machine, declaration = change()
    told = broken(failing_at_the_change(machine, error), declaration)
    assert f"{defect.__name__} at test_apply.py, line " in str(told) and "This is a bug in the collection" in str(told)
    assert "secret" not in str(told) and told.at_risk


def test_a_defect_in_reading_the_answer_is_told_as_such(monkeypatch):
    machine, declaration = change()
    monkeypatch.setattr(outcome, "find_losses", lambda *_arguments: {}["missing"])
    told = broken(machine, declaration)
    assert "its answer could not be evaluated: KeyError at test_" in str(told) and told.at_risk


def test_a_defect_before_anything_is_sent_is_raised_as_it_is(monkeypatch):
    machine, declaration = change()
    monkeypatch.setattr(apply, "build_batch", lambda *_arguments: None + 1)
    with pytest.raises(TypeError):
        apply.apply(machine, declaration)
    assert len(machine.batches) == 1


def test_an_answer_that_is_none_is_told():
    machine, declaration = change()

    def engine(batch):
        return machine(batch) if not machine.batches else "not an answer"

    assert "its answer cannot be read: this is not an answer: not base64 of gzip" in str(broken(engine, declaration))


def test_no_secret_is_in_the_trace_of_what_broke():
    machine = Host(host([chap(FLASH, A)]))
    error = Trouble("lost")
    error.batch = SECRET
    told = broken(
        failing_at_the_change(machine, error),
        declare(logins(wish(FLASH, A, header_digest="crc32c", secret=SECRET))),
    )
    assert SECRET not in "".join(traceback.format_exception(told)) and told.__suppress_context__


@pytest.mark.parametrize(
    "export, at_risk",
    [("ReportIScsiPersistentLoginsW", 0), ("RemoveIScsiPersistentTargetW", 1), ("LoginIScsiTargetW", 1)],
)
def test_a_call_that_hangs_puts_at_risk_only_what_was_removed(export, at_risk):
    plan = next(plan for plan in PLANS if plan.name == "replace eight paths")
    machine = Host(plan.host)
    at = calls_of(machine, export, **plan.declared)[0]
    machine.faults[1] = Fault(at, "hang")
    told = broken(machine, declare(plan.declared))
    assert "reading the host again afterwards failed" in str(told) and export in str(told)
    assert len(told.at_risk) == at_risk


def test_a_list_that_fails_for_good_after_a_removal_costs_no_login():
    machine, declaration = change()
    machine.faults[1] = Fault(
        calls_of(machine, "RemoveIScsiPersistentTargetW", **logins(wish(FLASH, A, header_digest="crc32c")))[0] + 1,
        "status",
        status.SESSION_BUSY,
        lasting=True,
    )
    told = broken(machine, declaration)
    assert "ISDSC_SESSION_BUSY" in str(told) and told.at_risk
    assert len(machine.logins()) == len(NEIGHBOURS) + 1


def test_a_whole_program_has_a_time_limit():
    network_of_slow_logins = {"arrays": [dict(host()["network"]["arrays"][0], login_seconds=20)]}
    machine = Host(host(network=network_of_slow_logins))
    declaration = declare({"sessions": [wish(FLASH, at, login_flags=MULTIPATH) for at in (A, B, C)]})
    with pytest.raises(apply.OutcomeUnknown, match="ERROR_TIMEOUT"):
        apply.apply(machine, declaration, limits=change_batch.Limits(total=30))
    assert len(called(machine, "LoginIScsiTargetW")) <= 2 and machine.machine.clock() <= 30000


def test_isns_servers_are_asked_again_for_what_they_know_now():
    state = host([])
    state["network"]["isns_servers"] = [{"address": "10.0.0.5", "targets": []}]
    state["isns_servers"] = ["10.0.0.5"]
    machine = Host(state)
    machine.state["network"]["isns_servers"][0]["targets"] = [FLASH]
    report = run(machine, refresh_isns_servers=True)
    assert not report.problems and not report.changed
    assert ("RefreshISNSServerW", 0) in machine.batches[-1]


# -- records of one identity that differ -------------------------------------------------------------------------------

OF_ANY_PORTAL = login(FLASH, None, login_flags=MULTIPATH)
EVERY_REMOVAL = [{"remove_identical": each} for each in ("one", "all")]


def digests(machine):
    """Of the logins of one identity: who logs in, and with which digests."""
    options = [found.login_options for found in machine.logins() if found.portal and found.portal.address == B]
    return sorted((found.username, found.header_digest, found.data_digest) for found in options)


@pytest.mark.parametrize("dialect", EVERY_REMOVAL)
@pytest.mark.parametrize("declared", [{"maximum_connections": 8}, ABSENT])
def test_what_a_removal_for_any_portal_takes_along_comes_back_as_it_was(declared, dialect):
    machine = Host(host([OF_ANY_PORTAL, *OF_ONE_IDENTITY], dialect=KEEPS_ANY_PORTAL), dialect)
    before = digests(machine)
    report = run(machine, **logins(wish(FLASH, "any", **declared)))
    assert digests(machine) == before and not report.lost and not report.problems


@pytest.mark.parametrize("dialect", EVERY_REMOVAL)
def test_of_two_that_differ_the_one_stays_that_the_diff_shows(dialect):
    machine = Host(host(OF_ONE_IDENTITY), dialect)
    report = run(machine, **logins(wish(FLASH, B)))
    (shown,) = report.plan.steps[0].after
    ((username, _header, _data),) = digests(machine)
    assert username.decode() == shown["username"] and not report.problems


def test_what_somebody_saved_since_the_reading_is_not_swept_away():
    machine = Host(host([login(FLASH, B, login_flags=MULTIPATH)]))
    machine.between[1] = lambda other: other.state["persistent_logins"].append(
        dict(other.state["persistent_logins"][0], InitiatorPortNumber=0)
    )
    report = run(machine, **logins(wish(FLASH, B, **ABSENT)))
    assert len(machine.logins()) == 2 and not report.lost
    assert report.problems[0].startswith("Changed on the host since it was read")
    assert not run(machine, **logins(wish(FLASH, B, **ABSENT))).lost


# -- failures that no list shows ---------------------------------------------------------------------------------------


class ServiceWithoutSecrets(Service):
    """An older DLL: it has no function for the mutual CHAP secret."""

    def call(self, export, inputs):
        if export == "SetIScsiInitiatorCHAPSharedSecret":
            raise executor.NoSuchExport(export)
        return super().call(export, inputs)


def test_a_function_that_the_dll_does_not_have_is_a_failure_though_no_list_shows_it():
    machine = Host(host([]))
    machine.service_class = ServiceWithoutSecrets
    report = run(machine, chap_secret=SECRET)
    assert "does not have the function SetIScsiInitiatorCHAPSharedSecret" in report.problems[0] and not report.changed


def test_a_login_that_could_not_be_saved_at_first_is_saved_by_a_second_call():
    declared = declare(logins(wish(FLASH, A)))
    undisturbed, machine = Host(host(NEIGHBOURS)), Host(host(NEIGHBOURS))
    apply.apply(undisturbed, declared)
    at = called(undisturbed, "LoginIScsiTargetW")[0]
    machine.faults[1] = Fault(at, "status", status.by_name("ISDSC_NO_CONNECTION_AVAILABLE").value)
    done = apply.apply(machine, declared)
    assert len(called(undisturbed, "LoginIScsiTargetW")) == 1 and len(called(machine, "LoginIScsiTargetW")) == 2
    assert done.problems == [] and len(machine.logins()) == len(NEIGHBOURS) + 1


def test_a_portal_that_does_not_answer_is_asked_once():
    """Each attempt takes minutes, and Windows lists the portal all the same."""
    machine = Host(host())
    apply.apply(machine, declare({"target_portals": [{"address": "10.9.9.9", "discovery_failure": "warn"}]}))
    assert len(called(machine, "AddIScsiSendTargetPortalW")) == 1


def test_a_login_for_any_portal_that_windows_saves_again_with_one_is_not_lost():
    machine = Host(host([login(FLASH, None)]), KEEPS_ANY_PORTAL)
    machine.between[1] = lambda found: found.state["dialect"].update(null_portal_record="resolved")
    done = run(machine, persistent_logins=[wish(FLASH, "any", header_digest="crc32c")])
    assert (done.lost, done.problems) == ({}, [])
    assert [found.portal.address for found in machine.logins()] == [A]


def test_a_login_for_any_portal_that_windows_saves_with_one_is_not_taken_for_somebody_elses():
    machine = Host(host())
    done = run(machine, **logins(wish(FLASH, "any", login_flags=[])))
    assert [found.portal.address for found in machine.logins()] == [A] and not done.problems and not done.warnings
    assert not run(machine, **logins(wish(FLASH, "any", login_flags=[]))).changed


@pytest.mark.parametrize("kept", ["resolved", "empty"])
def test_what_made_room_for_a_login_for_any_portal_comes_back_where_that_cannot_be_saved(kept):
    """Windows knows no portal of the target, so that it refuses; the purged login went first, lest both go together."""
    gone = "iqn.2001-05.com.example:gone"
    static = [{"target": gone}]
    unknown = host([login(gone, A)], static_targets=static, dialect={"null_portal_record": kept})
    machine = Host(unknown)
    wanted = logins(wish(gone, "any", initiator_port=0), purge=["persistent_logins"])
    done = run(machine, **wanted)
    if kept == "empty":
        assert not done.problems and [each.portal for each in machine.logins()] == [None]
    else:
        assert "ISDSC_NO_PORTAL_SPECIFIED" in done.problems[-1] and not done.lost
        assert [each.portal.address for each in machine.logins()] == [A]


def test_check_mode_keeps_a_target_that_is_also_discovered_when_it_is_no_longer_static():
    plain = host(target_portals=[A], static_targets=[{"target": FLASH, "portal_groups": [[A]]}])
    declared = declare({"static_targets": [{"target": FLASH, "state": "absent"}]})
    predicted = apply.apply(Host(plain), declared, check=True).after
    real = apply.apply(Host(plain), declared).after
    kinds = [
        {target.name: sorted(found.kind for found in target.discoveries) for target in snapshot.targets}
        for snapshot in (predicted, real)
    ]
    assert kinds[0] == kinds[1] and "static" not in kinds[0][FLASH] and kinds[0][FLASH]


def a_host_with_a_stale_portal():
    """Portal A twice for port 0: as it is today, and under the address that the port had before."""
    own = {"address": A, "initiator_instance": INSTANCE, "initiator_port": 0}
    return Host(host(target_portals=[own, dict(own, initiator_address="192.0.2.77"), B]))


def test_a_portal_is_not_removed_because_it_is_also_there_under_a_former_address():
    """A removal takes the port's number, which means its present address: it would take the good one."""
    machine = a_host_with_a_stale_portal()
    before = machine.portals()
    done = run(machine, target_portals=[{"address": A, "initiator_port": 0}])
    assert not done.changed and len(machine.portals()) == 3
    assert "when the port had another address" in done.plan.kept[0]
    done = run(machine, target_portals=[{"address": B}], purge=["target_portals"])
    assert not done.changed and "no call reaches the others" in done.plan.kept[0]
    assert machine.portals() == before


@pytest.mark.parametrize("declared", [{"state": "absent"}, {"header_digest": "crc32c"}])
def test_a_portal_with_a_former_address_beside_it_is_neither_changed_nor_removed(declared):
    machine = a_host_with_a_stale_portal()
    with pytest.raises(apply.PlanRejected, match="Windows would remove the one that works"):
        run(machine, target_portals=[dict(declared, address=A, initiator_port=0)])
    assert len(machine.portals()) == 3


def test_a_portal_that_does_not_answer_is_saved_with_its_new_secret_where_that_is_fine():
    state = host([])
    state["target_portals"] = [{"address": "10.9.9.9", "login_options": {"auth_type": "chap", "username": "sql01"}}]
    machine = Host(state)
    portal = {"address": "10.9.9.9", "auth_type": "chap", "secret": SECRET, "update_secret": "always"}
    report = run(machine, target_portals=[dict(portal, discovery_failure="warn")])
    assert not report.problems and any("discovery failed" in line for line in report.warnings)


def test_each_of_two_sessions_is_opened_where_a_login_opens_one_by_itself():
    machine = Host(host([]), {"saved_login_connects": "at_once"})
    report = run(machine, **logins(wish(FLASH, A, copies=2, login_flags=MULTIPATH, connected=True)))
    assert not report.problems
    assert not run(machine, **logins(wish(FLASH, A, copies=2, login_flags=MULTIPATH, connected=True))).plan.steps


def test_what_somebody_else_changed_is_not_called_lost():
    machine = Host(host([login(FLASH, A), login(TAPE, B)]))

    def specify_a_digest(other):
        other.state["persistent_logins"][1]["LoginOptions"].update(HeaderDigest=1, InformationSpecified=1)

    machine.between[1] = specify_a_digest
    report = run(machine, **logins(wish(FLASH, C)))
    assert not report.lost and not report.problems


def test_a_login_to_a_target_that_only_isns_knows_may_be_declared_while_the_servers_are_asked_again():
    state = host([])
    state["network"]["isns_servers"] = [{"address": "10.0.0.5", "targets": [FLASH]}]
    state["isns_servers"], state["target_portals"] = ["10.0.0.5"], []
    report = run(Host(state), refresh_isns_servers=True, **logins(wish(FLASH, A)))
    assert [step.kind for step in report.plan.steps][:2] == ["refresh_isns_servers", "persistent_logins"]


def test_where_one_of_two_copies_stays_only_one_is_saved_in_its_place():
    machine = Host(host([login(FLASH, A, login_flags=MULTIPATH)] * 2), {"remove_identical": "one"})
    plain = logins(wish(FLASH, A, copies=2, header_digest="crc32c"))
    second_removal = calls_of(machine, "RemoveIScsiPersistentTargetW", **plain)[1]
    machine.faults[1] = Fault(second_removal, "status", 0xEFFF0042, lasting=True)
    report = run(machine, **plain)
    assert report.problems and not report.lost
    assert sorted(found.login_options.header_digest or 0 for found in machine.logins()) == [0, 1]


def test_a_copy_that_failed_to_be_saved_once_is_saved_again_beside_the_other():
    machine = Host(host([login(FLASH, A, login_flags=MULTIPATH)] * 2))
    plain = logins(wish(FLASH, A, copies=2, header_digest="crc32c"))
    machine.faults[1] = Fault(calls_of(machine, "LoginIScsiTargetW", **plain)[1], "status", 0xEFFF0041)
    assert not run(machine, **plain).problems and len(machine.logins()) == 2


# -- logins without the multipath flag ---------------------------------------------------------------------------------


def to_flash(machine):
    """[(address, initiator port, login flags), ...] of the saved logins of a target."""
    return [
        (found.portal.address, found.initiator_port, found.login_options.login_flags)
        for found in machine.logins()
        if found.target == FLASH
    ]


def test_a_login_that_made_room_for_one_that_windows_refuses_comes_back():
    machine = Host(host([sole(FLASH, A)]))
    no_such_port = wish(FLASH, B, multipath=False, initiator_port=7)
    report = run(machine, **logins(wish(FLASH, A, **ABSENT), no_such_port))
    assert to_flash(machine) == [(A, None, 0)] and not report.lost
    assert "10.0.0.2:3260" in report.problems[0] and "ISDSC_INVALID_PORT_NUMBER" in report.problems[-1]


def test_a_login_that_windows_does_not_save_beside_its_session_is_rather_kept_with_the_flag():
    machine = Host(
        host([sole(FLASH, A)], sessions=[{"target": FLASH, "portal": A}]), {"save_while_logged_in": "refused"}
    )
    report = run(machine, **logins(wish(FLASH, A, multipath=False, header_digest="crc32c")))
    assert to_flash(machine) == [(A, None, 2)] and not report.lost
    assert any("saved with it rather than lost" in problem and A in problem for problem in report.problems)
