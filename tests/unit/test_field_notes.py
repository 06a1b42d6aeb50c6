# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong for people who manage Windows iSCSI today: each line of the notes from the field is a test here.

The first ten are of dsccommunity/iSCSIDsc as it is used through win_dsc, the others of other tools' code, commits and
notes. Each docstring quotes its line. All but the structural ones run the collection's core on the simulator.
"""

from __future__ import annotations

import ast
import pathlib

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import prototypes, status
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import CallError
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply, change_batch
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.plan_logins import MAX_PERSISTENT_LOGINS
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Fault, Host, text_of
from ansible_collections.winstorage.iscsi.tests.unit.support.plans import (
    FLASH,
    MULTIPATH,
    NEIGHBOURS,
    OTHER_SECRET,
    SECRET,
    TAPE,
    V6,
    A,
    B,
    chap,
    host,
    login,
    logins,
    session,
    sole,
    wish,
)

ROOT = pathlib.Path(__file__).parents[2]
DEAD = "10.9.9.9"


def run(machine, **plain):
    """Converge on what must go well."""
    report = apply.apply(machine, declare(plain))
    assert not report.problems, report.problems
    return report


def saved(machine):
    """[(target, address or None), ...] of the saved logins."""
    return sorted((one.target, one.portal and one.portal.address) for one in machine.logins())


def live(machine):
    return [(one["target"], one["portal"]["Address"]) for one in machine.state["sessions"]]


# -- dsccommunity/iSCSIDsc ---------------------------------------------------------------------------------------------


def test_01_an_omitted_boolean_does_not_count_as_false():
    """An omitted boolean counts as false: omitted IsPersistent on a persistent session is
    never compliant and never fixed."""
    machine = Host(host([login(FLASH, A)], sessions=[session(FLASH, A)]))
    assert not run(machine, persistent_logins=[wish(FLASH, A)]).changed
    assert not run(machine, sessions=[wish(FLASH, A)]).changed
    assert live(machine) == saved(machine) == [(FLASH, A)]


def test_02_an_omitted_initiator_address_disconnects_nothing():
    """An omitted initiator address disconnects a live target."""
    machine = Host(host([login(FLASH, A, 1)], sessions=[dict(session(FLASH, A), initiator_port=1)]))
    assert not run(machine, sessions=[wish(FLASH, A)]).changed
    assert "LogoutIScsiTarget" not in machine.exports


def test_03_the_multipath_flag_is_compared_and_reaches_the_login_call():
    """The multipath flag is dropped from the connect call and never compared."""
    machine = Host(host([sole(FLASH, A)]))
    report = run(machine, persistent_logins=[wish(FLASH, A, login_flags=MULTIPATH, connected=True)])
    assert "login_flags differs" in [step.reason for step in report.plan.steps]
    assert machine.state["persistent_logins"][0]["LoginOptions"]["LoginFlags"] == 0x02
    assert machine.state["sessions"][0]["login_options"]["LoginFlags"] == 0x02


def test_04_absent_removes_the_saved_login_and_touches_no_isns_server():
    """Absent leaves the favorite target, so it reconnects at reboot; and it removes the iSNS server whatever was
    asked."""
    machine = Host(host([login(FLASH, A)], sessions=[session(FLASH, A)], isns_servers=["192.0.2.53"]))
    run(machine, persistent_logins=[wish(FLASH, A, state="absent", connected=False)], force=True)
    assert saved(machine) == live(machine) == [] and machine.state["isns_servers"] == ["192.0.2.53"]


def test_05_an_isns_error_is_told():
    """iSNS errors are swallowed."""
    machine = Host(host())
    machine.faults[1] = Fault(0, "status", 0xEFFF0066)
    report = apply.apply(machine, declare({"isns_servers": ["192.0.2.53"]}))
    assert "ISDSC_ISNS_FIREWALL_BLOCKED" in " ".join(report.problems)


def test_06_several_paths_to_one_target_are_several_logins():
    """Several sessions or connections break the comparison; the key is the IQN alone, so one portal per target
    and no MPIO."""
    paths = [wish(FLASH, at, login_flags=MULTIPATH, connected=True, copies=2) for at in (A, B)]
    machine = Host(host(mpio={"claimed": True}))
    run(machine, persistent_logins=paths)
    assert saved(machine) == [(FLASH, A)] * 2 + [(FLASH, B)] * 2 and sorted(live(machine)) == saved(machine)
    assert not run(machine, persistent_logins=paths).changed


def test_07_a_host_name_stays_one_whatever_it_resolves_to():
    """Host names resolve to IPv4 only."""
    state = host()
    state["network"] = dict(state["network"], names={"filer.example.com": V6})
    machine = Host(state)
    run(
        machine,
        target_portals=[{"address": "filer.example.com"}],
        persistent_logins=[wish(FLASH, "filer.example.com", connected=True)],
    )
    assert saved(machine) == [(FLASH, "filer.example.com")] and len(live(machine)) == 1


def test_08_a_changed_chap_secret_is_applied_when_asked():
    """A changed CHAP secret is never applied."""
    machine = Host(host([chap(FLASH, A)]))
    assert not run(machine, persistent_logins=[wish(FLASH, A, secret=OTHER_SECRET)]).changed
    run(machine, persistent_logins=[wish(FLASH, A, secret=OTHER_SECRET, update_secret="always")])
    assert machine.state["persistent_logins"][0]["LoginOptions"]["Password"] == OTHER_SECRET.encode()


def test_09_the_service_is_started_when_asked():
    """The service must already run."""
    machine = Host(host(service={"state": "stopped", "start_mode": "disabled"}))
    report = run(machine, service_state="started", service_start_mode="automatic", persistent_logins=[wish(FLASH, A)])
    service = machine.state["service"]
    assert report.changed and (service["state"], service["start_mode"]) == ("running", "automatic")
    assert saved(machine) == [(FLASH, A)] and len(machine.batches) == 2


def test_10_no_test_of_this_collection_returns_before_it_tests():
    """Its integration tests return at the top."""
    tests = [
        node
        for path in sorted(ROOT.glob("tests/**/test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert len(tests) > 200
    for test in tests:
        body = [one for one in test.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
        assert body and not isinstance(body[0], (ast.Return, ast.Pass)), test.name
        assert not any("pytest.mark.skip(" in ast.unparse(one) + "(" for one in test.decorator_list), test.name


# -- other tools -------------------------------------------------------------------------------------------------------


def test_11_favorites_that_outlived_their_target_are_told_and_removed_without_waiting_for_it():
    """Favorites outlive their targets: the array logs a failed login every minute for ever; one host spent minutes of
    each pass on stale ones."""
    machine = Host(
        host([login("iqn.2001-05.com.equallogic:gone.3", DEAD), login(FLASH, A)], sessions=[session(FLASH, A)])
    )
    found = facts.assemble(queries.gather(machine))
    assert [one["target"] for one in found["next_boot"]["logins_not_connected"]] == [
        "iqn.2001-05.com.equallogic:gone.3"
    ]
    run(machine, persistent_logins=[wish(FLASH, A)], purge=["persistent_logins"])
    assert saved(machine) == [(FLASH, A)]
    assert not {"LoginIScsiTargetW", "AddIScsiSendTargetPortalW", "RefreshIScsiSendTargetPortalW"} & set(
        machine.exports
    )


def test_12_removing_a_login_takes_no_live_session_and_logging_out_leaves_the_login():
    """Unregister-IscsiSession needs a live session; Disconnect-IscsiTarget leaves the record."""
    machine = Host(host([login(FLASH, A)]))
    run(machine, persistent_logins=[wish(FLASH, A, state="absent")])
    assert saved(machine) == []
    machine = Host(host([login(FLASH, A)], sessions=[session(FLASH, A)]))
    run(machine, persistent_logins=[wish(FLASH, A, connected=False)], force=True)
    assert saved(machine) == [(FLASH, A)] and live(machine) == []


def test_13_pruning_with_an_empty_list_is_refused_and_pruning_a_live_login_is_not_done():
    """Pruning with an empty list wiped hosts; pruning a record behind a live session is how a node loses its storage at
    the next reboot."""
    machine = Host(host(NEIGHBOURS, sessions=[session(TAPE, A)]))
    before = machine.dump()
    for plain in ({}, {"persistent_logins": []}):
        with pytest.raises(
            apply.PlanRejected, match="Nothing was changed. persistent_logins: purge with no entry declared"
        ):
            apply.apply(machine, declare(dict(plain, purge=["persistent_logins"])))
    assert machine.dump() == before
    report = run(machine, persistent_logins=[wish(FLASH, A)], purge=["persistent_logins"])
    assert saved(machine) == [(TAPE, A), (FLASH, A)] and TAPE in report.plan.kept[0]


@pytest.mark.parametrize("target", [FLASH, FLASH.upper()])
def test_14_letter_case_that_windows_changes_is_no_difference(target):
    """Windows echoes IQNs and instance names in other letter case (os-win bug 1639765: exact comparison)."""
    machine = Host(host([login(FLASH, A)]), {"letter_case": "upper"})
    assert not run(machine, persistent_logins=[wish(target, A)]).changed
    run(machine, persistent_logins=[wish(target, A, state="absent")])
    assert saved(machine) == []


def test_15a_an_empty_list_of_a_stopped_service_is_not_believed():
    """Listings are empty while MSiSCSI is stopped."""
    machine = Host(host([login(FLASH, A)], service={"state": "stopped", "start_mode": "automatic"}))
    with pytest.raises(CallError, match="not running"):
        apply.apply(machine, declare(logins(wish(FLASH, A))))
    assert saved(machine) == [(FLASH, A)] and len(machine.batches) == 1


def test_15b_a_list_that_is_empty_for_a_moment_after_a_change_loses_nothing_and_saves_no_neighbour_twice():
    """... and can be empty for a moment after a change."""
    siblings = [login(FLASH, A, 0), login(FLASH, A, 1)]
    plain = logins(wish(FLASH, A, state="absent"))
    undisturbed = Host(host([login(FLASH, A), *siblings, *NEIGHBOURS]), {"remove_any_port": "exact"})
    run(undisturbed, **plain)
    lists = [
        at for at, (export, _status) in enumerate(undisturbed.batches[1]) if export == "ReportIScsiPersistentLoginsW"
    ]
    for at in lists[2:-2]:
        machine = Host(host([login(FLASH, A), *siblings, *NEIGHBOURS]), {"remove_any_port": "exact"})
        machine.faults[1] = Fault(at, "empty")
        apply.apply(machine, declare(plain))
        run(machine, **plain)
        assert saved(machine) == saved(undisturbed)


def test_16_a_discovery_has_a_time_limit_and_a_portal_that_failed_is_known_to_be_there():
    """Discovery blocks for minutes on a dead portal; a failed add still leaves the portal in the list."""
    state = host(NEIGHBOURS)
    array = dict(state["network"]["arrays"][0], portals=[DEAD], reachable=False, discovery_seconds=180, targets=[])
    state["network"] = {"arrays": state["network"]["arrays"] + [array]}
    machine = Host(state)
    with pytest.raises(apply.OutcomeUnknown, match="AddIScsiSendTargetPortalW"):
        apply.apply(machine, declare({"target_portals": [{"address": DEAD}]}))
    assert machine.machine.clock() <= 1000 * change_batch.Limits().discovery
    array.update(discovery_seconds=5)
    machine = Host(state)
    report = apply.apply(machine, declare({"target_portals": [{"address": DEAD}]}))
    assert "failed, but the portal is saved" in report.problems[0] and set(report.discoveries.values()) == {False}
    assert not run(machine, target_portals=[{"address": DEAD}]).changed


def test_17_a_login_pinned_to_an_initiator_address_that_vanished_can_be_moved_and_is_not_lost_by_a_change():
    """Portals and records stay pinned to an initiator address that vanished."""
    pinned = login(FLASH, A, 7, login_flags=MULTIPATH)
    machine = Host(host([pinned]))
    report = apply.apply(machine, declare(logins(wish(FLASH, A, initiator_port=7, header_digest="crc32c"))))
    assert "ISDSC_INVALID_PORT_NUMBER" in " ".join(report.problems)
    assert saved(machine) == [(FLASH, A)], "what cannot be saved again was removed"
    run(machine, persistent_logins=[wish(FLASH, A, initiator_port=7, state="absent"), wish(FLASH, A)])
    assert [one.initiator_port for one in machine.logins()] == [None]


def test_18_discovery_chap_target_chap_and_the_mutual_secret_are_three_things():
    """Discovery CHAP and target CHAP are different things; the mutual secret is one per host."""
    state = host()
    array = state["network"]["arrays"][0]
    array.update(
        discovery_chap={"user": "discovery", "secret": OTHER_SECRET},
        targets=[{"iqn": FLASH, "chap": {"user": "sql-01", "secret": SECRET, "mutual_secret": "mutual-secret-1"}}],
    )
    state["target_portals"] = []
    machine = Host(state)
    run(
        machine,
        chap_secret="mutual-secret-1",
        target_portals=[{"address": A, "auth_type": "chap", "username": "discovery", "secret": OTHER_SECRET}],
        persistent_logins=[wish(FLASH, A, auth_type="mutual_chap", username="sql-01", secret=SECRET)],
    )
    run(machine, persistent_logins=[wish(FLASH, A, secret=SECRET, connected=True)])
    assert live(machine) == [(FLASH, A)]


@pytest.mark.parametrize("code", [status.SESSION_BUSY, status.INSUFFICIENT_BUFFER])
def test_19_transient_answers_are_tried_again_with_a_bound(code):
    """Transient answers under load: session busy, device busy, insufficient buffer, size 0: retry with a bound."""
    undisturbed = Host(host(NEIGHBOURS))
    run(undisturbed, persistent_logins=[wish(FLASH, A)])
    at = [export for export, _status in undisturbed.batches[1]].index("LoginIScsiTargetW")
    machine = Host(host(NEIGHBOURS))
    machine.faults[1] = Fault(at, "status", code)
    run(machine, persistent_logins=[wish(FLASH, A)])
    machine = Host(host(NEIGHBOURS))
    machine.faults[1] = Fault(at, "status", code, lasting=True)
    report = apply.apply(machine, declare(logins(wish(FLASH, A))))
    assert status.of(code).symbol in " ".join(report.problems)
    assert machine.exports.count("LoginIScsiTargetW") <= 2 * 4 and machine.machine.clock() < 60000


def test_20_the_multipath_flag_without_a_claimed_mpio_device_is_warned_of():
    """The multipath flag without a claimed MPIO device can corrupt data: warn."""
    for claimed, warned in ((False, True), (True, False)):
        machine = Host(host(mpio={"claimed": claimed}, sessions=[session(FLASH, A, MULTIPATH)]))
        report = run(machine, persistent_logins=[wish(FLASH, A, login_flags=MULTIPATH)])
        assert any("can corrupt its data" in line for line in report.warnings) is warned


def test_21_secrets_are_in_nothing_that_is_told():
    """Tools print CHAP secrets on verbose streams or command lines."""
    machine, told = Host(host([chap(FLASH, A)])), []

    def engine(batch):
        answer = machine(batch)
        told.append(text_of(answer))
        return answer

    report = apply.apply(
        engine,
        declare(
            logins(
                wish(FLASH, A, secret=SECRET, header_digest="crc32c"),
                wish(TAPE, A, auth_type="chap", secret=OTHER_SECRET),
                chap_secret=SECRET,
            )
        ),
    )
    told.append(repr((vars(report), report.plan.diff())).encode())
    for secret in (SECRET, OTHER_SECRET):
        assert not any(secret.encode() in text or secret.encode("utf-16-le") in text for text in told)


def test_22_no_localized_text_and_no_exit_code_decides_anything():
    """iscsicli's text is localized and its exit code can be 0 on failure."""
    sources = [
        path
        for folder in ("module_utils", "action", "plugin_utils", "modules")
        for path in (ROOT / "plugins" / folder).rglob("*")
        if path.suffix in (".py", ".cs", ".ps1")
    ]
    assert len(sources) > 20
    for path in sources:
        tree = path.read_text(encoding="utf-8")
        for line in tree.splitlines():
            code = line.split("#")[0].split("//")[0]
            assert "iscsicli.exe" not in code.lower(), f"{path} runs iscsicli"
    assert all(isinstance(code, int) for code in change_batch.UNHURRIED.statuses) and not executor.failed(0xAFFF003B)


def test_23_every_session_of_a_target_is_seen():
    """Clients that take the first session only lose the others (csi-proxy)."""
    machine = Host(
        host(sessions=[session(FLASH, A, MULTIPATH), session(FLASH, B, MULTIPATH), session(FLASH, A, MULTIPATH)])
    )
    found = facts.assemble(queries.gather(machine))
    assert len(found["sessions"]) == 3
    run(machine, sessions=[wish(FLASH, A, state="absent")], force=True)
    assert live(machine) == [(FLASH, B)]


def test_24_a_record_saved_twice_is_two_logins_at_boot_and_is_told_and_reduced():
    """A record saved twice is two records, and two logins at boot."""
    machine = Host(host([login(FLASH, A, login_flags=MULTIPATH)] * 2))
    found = facts.assemble(queries.gather(machine))
    assert [one["copies"] for one in found["persistent_logins"]] == [2]
    assert any("Saved 2 times" in line for line in found["next_boot"]["attention"])
    run(machine, persistent_logins=[wish(FLASH, A)])
    assert saved(machine) == [(FLASH, A)]


def test_25_two_tasks_at_once_do_not_save_a_login_twice():
    """A record saved twice is two records, and two logins at boot: also when two plays meet."""
    machine = Host(host(NEIGHBOURS))
    declaration = declare(logins(wish(FLASH, A), wish(FLASH, B)))
    machine.between[1] = lambda other: apply.apply(other.copy_of_state(), declaration)
    report = apply.apply(machine, declaration)
    assert not report.problems and saved(machine).count((FLASH, A)) == 1


def test_the_simulated_boot_opens_what_was_saved(tmp_path):
    """Every line above is about the next boot: a declared login is a session after it."""
    path = tmp_path / "host.yml"
    path.write_text(str(host(service={"state": "stopped", "start_mode": "manual"})))
    report = apply.apply(
        lambda batch: simulator.run(batch, path),
        declare(
            logins(
                wish(FLASH, A, login_flags=MULTIPATH),
                wish(FLASH, B, login_flags=MULTIPATH),
                service_state="started",
                service_start_mode="automatic",
            )
        ),
    )
    assert not report.problems and simulator.boot(path) == []
    assert len(queries.gather(lambda batch: simulator.run(batch, path), ["sessions"]).sessions) == 2


def test_every_note_has_its_test():
    """The notes are numbered without a gap."""
    numbers = {
        int(name.split("_")[1].rstrip("ab"))
        for name in globals()
        if name.startswith("test_") and name.split("_")[1][:1].isdigit()
    }
    assert numbers == set(range(1, 26))
    assert prototypes.CALLABLE and wire.TIMED_OUT and MAX_PERSISTENT_LOGINS


def test_what_is_to_go_waits_for_what_is_to_come():
    """An array moves to an address that does not answer: neither the old portal nor the old login goes meanwhile."""
    state = {
        "service": {"state": "running", "start_mode": "automatic"},
        "network": {"arrays": [{"name": "old", "portals": ["10.0.0.1:3260"], "targets": [{"iqn": FLASH}]}]},
        "target_portals": ["10.0.0.1:3260"],
        "persistent_logins": [{"target": FLASH, "portal": "10.0.0.1:3260"}],
    }
    machine = Host(state)
    moved = declare(
        {
            "target_portals": [{"address": "10.0.0.9"}],
            "persistent_logins": [{"target": FLASH, "portal": "10.0.0.9:3260"}],
            "purge": ["target_portals", "persistent_logins"],
        }
    )
    report = apply.apply(machine, moved)
    assert report.problems and not report.lost
    for found in (report.after.target_portals, report.after.persistent_logins):
        assert "10.0.0.1" in [one.portal.address for one in found]
