# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a plan, each by itself: a snapshot and a declaration in, steps or refusals out."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.model import records
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.identity import identity as identify
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.identity import may_also_remove
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import desired, planner, properties
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.properties import as_declared
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.values import DeclarationError
from ansible_collections.winstorage.iscsi.tests.unit.support.builders import (
    FLASH,
    INSTANCE,
    MULTIPATH,
    SECOND,
    TAPE,
    login,
    session,
    snapshot,
    static_target,
    target_portal,
)

SECRET = "a secret of 16 B"
CHAP = {"auth_type": 1, "username": b"sql-01", "password_set": True}


def plan(now, **plain):
    """The plan for a declaration in the words of a playbook."""
    return planner.plan(now, declare(plain))


def steps(planned):
    """[(kind, action), ...] of a plan that may be carried out."""
    assert not planned.refusals, planned.refusals
    return [(step.kind, step.action) for step in planned.steps]


def refusal(planned):
    """The one reason why a plan is refused."""
    assert len(planned.refusals) == 1, planned.refusals
    return planned.refusals[0]


def declared(**options):
    """A declared login, through 10.0.0.1 unless given otherwise."""
    return dict({"target": FLASH, "portal": "10.0.0.1"}, **options)


# -- what is compared --------------------------------------------------------------------------------------------------

FULL = login(
    security_flags=1,
    symbolic_name="site A",
    login_flags=MULTIPATH,
    header_digest=1,
    data_digest=0,
    maximum_connections=4,
    default_time2wait=2,
    default_time2retain=20,
    auth_type=0,
    username=b"sql-01",
)
SAME = {
    "security_flags": ["valid"],
    "symbolic_name": "site A",
    "login_flags": ["multipath_enabled"],
    "header_digest": "crc32c",
    "data_digest": "none",
    "maximum_connections": 4,
    "default_time2wait": 2,
    "default_time2retain": 20,
    "auth_type": "none",
    "username": "sql-01",
    "session_type": "data",
}
OTHER = {
    "security_flags": [],
    "symbolic_name": "site B",
    "login_flags": [],
    "header_digest": "none",
    "data_digest": "crc32c",
    "maximum_connections": 5,
    "default_time2wait": 0,
    "default_time2retain": 0,
    "auth_type": "chap",
    "username": "SQL-01",
    "session_type": "informational",
}


def test_what_is_omitted_is_unmanaged():
    assert steps(plan(snapshot([FULL]), persistent_logins=[declared()])) == []


def test_what_is_as_declared_takes_no_step():
    assert steps(plan(snapshot([FULL]), persistent_logins=[declared(**SAME)])) == []


@pytest.mark.parametrize("option", OTHER)
def test_each_property_is_compared_on_its_own(option):
    made = plan(snapshot([FULL]), persistent_logins=[declared(**dict(SAME, secret=SECRET, **{option: OTHER[option]}))])
    made_of = "auth_type, secret differ" if option == "auth_type" else f"{option} differs"
    assert steps(made) == [("persistent_logins", "replace")] and made.steps[0].reason == made_of
    before, after = made.steps[0].before[0], made.steps[0].after[0]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {option} | ({"secret"} if option == "auth_type" else set())


@pytest.mark.parametrize(
    "option",
    [prop.option for prop in properties.PERSISTENT_LOGIN if prop.can_be_unspecified and prop.option != "mappings"],
)
def test_unspecified_is_a_value_of_its_own(option):
    made = plan(snapshot([FULL]), persistent_logins=[declared(**{option: "unspecified"})])
    assert made.steps[0].reason == f"{option} differs" and made.steps[0].after[0][option] == "unspecified"
    record, _secret = made.steps[0].payload.after[0]
    bit, _field = records.LoginOptions.SPECIFIED[option]
    assert not record.login_options.information_specified & bit, "the bit that says the field means something stays set"


def test_unspecified_and_zero_differ():
    assert steps(plan(snapshot([login()]), persistent_logins=[declared(default_time2wait=0)])) == [
        ("persistent_logins", "replace")
    ]
    assert steps(plan(snapshot([login()]), persistent_logins=[declared(default_time2wait="unspecified")])) == []


def test_a_replaced_record_keeps_what_is_not_declared():
    made = plan(snapshot([FULL]), persistent_logins=[declared(header_digest="none")])
    record, _secret = made.steps[0].payload.after[0]
    assert properties.PERSISTENT_LOGIN[0].read(record) == 1 and record.login_options.default_time2retain == 20
    assert record.portal.symbolic_name == "site A"


# -- identity ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record, declared_as",
    [
        (login(target=FLASH.upper()), declared()),
        (login(), declared(target=FLASH.upper())),
        (login(instance=INSTANCE.lower()), declared(initiator_instance=INSTANCE)),
        (login(place="Filer.Example.COM"), declared(portal="filer.example.com")),
        (login(place="fd00::1"), declared(portal="FD00:0:0:0:0:0:0:1")),
        (login(place="[fd00::1]"), declared(portal="fd00::1")),
        (login(place="FD00:0000::0001"), declared(portal="[fd00::1]")),
        (login(place="fe80::1%12"), declared(portal="fe80::1%12")),
        (login(place=None), declared(portal=None)),
        (login(port=1), declared(initiator_port=1)),
    ],
    ids=[
        "iqn upper",
        "iqn declared upper",
        "instance lower",
        "host name",
        "ipv6 long",
        "ipv6 bracketed",
        "ipv6 zeros",
        "ipv6 zone",
        "any portal",
        "port",
    ],
)
def test_the_same_login_spelled_otherwise(record, declared_as):
    assert steps(plan(snapshot([record]), persistent_logins=[declared_as])) == []


@pytest.mark.parametrize(
    "declared_as",
    [
        declared(target=TAPE),
        declared(initiator_port=0),
        declared(portal="10.0.0.2"),
        declared(portal={"address": "10.0.0.1", "port": 860}),
        declared(portal="one.example.com"),
        declared(initiator_instance=SECOND),
    ],
    ids=["target", "port", "address", "tcp port", "host name of it", "instance"],
)
def test_another_login(declared_as):
    made = plan(
        snapshot([login(login_flags=MULTIPATH)], instances=(INSTANCE, SECOND)),
        persistent_logins=[dict({"initiator_instance": INSTANCE, "multipath": True}, **declared_as)],
    )
    assert steps(made) == [("persistent_logins", "add")]


def test_duplicates_in_a_declaration_are_refused_however_they_are_spelled():
    made = plan(
        snapshot(),
        persistent_logins=[declared(portal="fd00::1"), declared(portal="[FD00::0001]", target=FLASH.upper())],
    )
    assert refusal(made).startswith("persistent_logins[1]: declares the same record as persistent_logins[0]: ")
    assert f": {FLASH.upper()} through [fd00::1]:3260. " in refusal(made)


def test_duplicates_are_named_by_all_that_is_declared_of_them():
    whole = declared(initiator_port=0, initiator_instance=INSTANCE)
    text = refusal(plan(snapshot(), persistent_logins=[whole, dict(whole)]))
    assert f"through 10.0.0.1:3260 from {INSTANCE} port 0. Remove one of the two entries." in text


def test_the_only_instance_is_meant_where_none_is_declared():
    made = plan(snapshot(), persistent_logins=[declared()])
    assert made.steps[0].payload.sample.initiator_instance == INSTANCE


def test_the_instance_of_the_record_is_meant_where_several_exist():
    made = plan(
        snapshot([login(instance=SECOND)], instances=(INSTANCE, SECOND)),
        persistent_logins=[declared(header_digest="crc32c")],
    )
    assert made.steps[0].payload.sample.initiator_instance == SECOND


def test_an_ambiguous_instance_is_refused_with_the_choices():
    text = refusal(plan(snapshot(instances=(INSTANCE, SECOND)), persistent_logins=[declared()]))
    assert "several initiator instances match" in text and INSTANCE in text and SECOND in text


def test_what_is_not_there_can_be_declared_absent_without_an_instance():
    assert steps(plan(snapshot(instances=(INSTANCE, SECOND)), persistent_logins=[declared(state="absent")])) == []


def test_an_unknown_instance_is_refused_with_those_that_exist():
    text = refusal(plan(snapshot(), persistent_logins=[declared(initiator_instance="ROOT\\ISCSIPRT\\0009_0")]))
    assert "no initiator instance ROOT\\ISCSIPRT\\0009_0" in text and INSTANCE in text


def test_a_login_of_an_instance_that_is_gone_can_be_removed():
    gone = login(instance="ROOT\\ISCSIPRT\\0009_0")
    made = plan(
        snapshot([gone]), persistent_logins=[declared(initiator_instance="ROOT\\ISCSIPRT\\0009_0", state="absent")]
    )
    assert steps(made) == [("persistent_logins", "remove")]


# -- copies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "there, copies, expected, saved", [(1, 3, "copies", 3), (3, 1, "copies", 1), (2, 2, None, None), (0, 4, "add", 4)]
)
def test_copies(there, copies, expected, saved):
    saved_there = [login(login_flags=MULTIPATH) for _copy in range(there)]
    made = plan(snapshot(saved_there), persistent_logins=[declared(copies=copies, multipath=True)])
    assert steps(made) == ([("persistent_logins", expected)] if expected else [])
    assert not expected or len(made.steps[0].payload.after) == saved


def test_a_login_saved_twice_is_told_and_reduced():
    made = plan(snapshot([login(), login()]), persistent_logins=[declared()])
    assert made.steps[0].reason == "2 saved, 1 declared" and made.steps[0].payload.max_removals == 1


def test_a_replacement_tells_of_its_copies_too():
    made = plan(snapshot([login(header_digest=0)] * 2), persistent_logins=[declared(header_digest="crc32c")])
    assert [step.reason for step in made.steps] == ["header_digest differs, 2 saved, 1 declared"]


def test_copies_that_differ_from_each_other_are_all_made_alike():
    made = plan(
        snapshot([login(), login(header_digest=1)]), persistent_logins=[declared(copies=2, header_digest="crc32c")]
    )
    assert [record.login_options.header_digest for record, _secret in made.steps[0].payload.after] == [1, 1]


def test_more_than_256_logins_are_refused():
    there = [login(place=f"10.0.{number // 250}.{number % 250}") for number in range(1, 256)]
    wanted = declared(portal="10.9.0.1", multipath=True)
    assert steps(plan(snapshot(there), persistent_logins=[wanted])) == [("persistent_logins", "add")]
    assert "257" in refusal(plan(snapshot(there), persistent_logins=[dict(wanted, copies=2)]))


def test_a_login_of_a_port_needs_room_for_one_more_to_be_changed():
    there = [login(f"10.0.{number // 250}.{number % 250}", 0, login_flags=MULTIPATH) for number in range(1, 257)]
    wanted = declared(portal="10.0.0.1", initiator_port=0, header_digest="crc32c")
    assert "there is no room for it" in refusal(plan(snapshot(there), persistent_logins=[wanted]))
    assert len(steps(plan(snapshot(there[:-1]), persistent_logins=[wanted]))) == 1


# -- secrets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "there, options",
    [
        ([login(**CHAP)], {"header_digest": "crc32c"}),
        ([login(**CHAP)] * 2, {}),
        ([login(login_flags=MULTIPATH, **CHAP)], {"copies": 2}),
        ([login()], {"auth_type": "chap"}),
        ([login()], {"auth_type": "mutual_chap"}),
        ([], {"auth_type": "chap"}),
        ([login(password_set=True)], {"auth_type": "none"}),
    ],
    ids=["replace", "reduce", "more copies", "to chap", "to mutual chap", "new", "put back only"],
)
def test_what_cannot_be_saved_without_its_secret_is_refused_beforehand(there, options):
    text = refusal(plan(snapshot(there), persistent_logins=[declared(**options)]))
    assert "Declare secret for it" in text
    assert steps(plan(snapshot(there), persistent_logins=[declared(secret=SECRET, **options)]))


def test_what_has_a_secret_can_be_removed_without_it():
    assert steps(plan(snapshot([login(**CHAP)]), persistent_logins=[declared(state="absent")])) == [
        ("persistent_logins", "remove")
    ]


def test_a_secret_cannot_be_compared():
    assert steps(plan(snapshot([login(**CHAP)]), persistent_logins=[declared(secret=SECRET)])) == []
    made = plan(snapshot([login(**CHAP)]), persistent_logins=[declared(secret=SECRET, update_secret="always")])
    assert steps(made) == [("persistent_logins", "replace")] and made.steps[0].reason == "update_secret is always"
    assert made.steps[0].before == made.steps[0].after


def test_a_secret_where_none_is_set_is_a_difference():
    made = plan(snapshot([login(auth_type=1, username=b"sql-01")]), persistent_logins=[declared(secret=SECRET)])
    assert made.steps[0].reason == "secret differs"
    assert (made.steps[0].before[0]["secret"], made.steps[0].after[0]["secret"]) == ("not set", "set")


def test_with_auth_type_none_the_secret_serves_only_to_put_the_old_record_back():
    made = plan(snapshot([login(**CHAP)]), persistent_logins=[declared(secret=SECRET, auth_type="none")])
    record, _secret = made.steps[0].payload.after[0]
    assert not record.login_options.password_set and made.steps[0].payload.before[0].login_options.password_set
    assert made.steps[0].payload.secret.reveal() == SECRET.encode()
    assert steps(plan(snapshot([record]), persistent_logins=[declared(secret=SECRET, auth_type="none")])) == []


def test_the_secrets_of_the_host_are_set_when_asked():
    for update, there in (("always", [login(auth_type=2, password_set=True)]), ("on_create", [])):
        made = plan(snapshot(there), chap_secret=SECRET, update_secret=update)
        assert steps(made) == [("chap_secret", "set")] and SECRET not in repr(made.diff())
    assert steps(plan(snapshot([login(auth_type=2, password_set=True)]), chap_secret=SECRET)) == []


# -- what a removal may take along -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "removed, other, taken",
    [
        (login(), login(port=0), True),
        (login(port=0), login(), False),
        (login(port=0), login(port=1), False),
        (login(place=None), login(), True),
        (login(), login(place=None), False),
        (login(place=None, port=0), login(port=1), False),
        (login(), login(place="10.0.0.2", port=0), False),
        (login(), login(target=TAPE, port=0), False),
        (login(), login(target=FLASH.upper(), port=0, instance=INSTANCE.lower()), True),
        (login(), login(port=0, instance=SECOND), False),
        (login(place="[fd00::1]"), login(place="FD00::1", port=1), True),
    ],
    ids=[
        "any port takes a port",
        "a port leaves any",
        "ports",
        "any portal takes a portal",
        "a portal leaves any",
        "any portal of a port",
        "portal",
        "target",
        "letter case",
        "instance",
        "spelling",
    ],
)
def test_what_a_removal_may_take(removed, other, taken):
    assert may_also_remove(identify(removed), identify(other)) is taken
    made = plan(
        snapshot([removed, other], instances=(INSTANCE, SECOND)),
        persistent_logins=[
            declared(
                target=removed.target,
                portal=removed.portal.address if removed.portal else "any",
                initiator_port="any" if removed.initiator_port is None else removed.initiator_port,
                initiator_instance=removed.initiator_instance,
                state="absent",
            )
        ],
    )
    assert [change.before for change in made.collateral["persistent_logins"]] == ([[other]] if taken else [])


def test_a_sibling_whose_secret_nobody_declared_stops_the_removal():
    there = [login(login_flags=MULTIPATH), login(port=0, login_flags=MULTIPATH, **CHAP)]
    of_any_port = declared(initiator_port="any", state="absent")
    assert "could not be restored" in refusal(plan(snapshot(there), persistent_logins=[of_any_port]))
    for sibling in (declared(initiator_port=0, secret=SECRET), declared(initiator_port=0, state="absent")):
        assert steps(plan(snapshot(there), persistent_logins=[of_any_port, sibling]))


def test_a_sibling_whose_target_is_unknown_stops_the_removal():
    made = plan(
        snapshot([login(), login(port=0)], targets=()),
        persistent_logins=[declared(initiator_port="any", state="absent")],
    )
    assert "again after its removal" in refusal(made)


def test_portals_of_any_instance_have_siblings_too():
    made = plan(
        snapshot(portals=[target_portal(), target_portal(instance=INSTANCE, port=1)]),
        target_portals=[{"address": "10.0.0.1", "initiator_instance": "any", "state": "absent"}],
    )
    assert len(made.collateral["target_portals"]) == 1


# -- purge -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["persistent_logins", "target_portals", "isns_servers", "radius_servers"])
@pytest.mark.parametrize("declared_list", [None, []], ids=["omitted", "empty"])
def test_purge_with_nothing_declared_is_refused(kind, declared_list):
    now = snapshot([login()], [target_portal()], isns_servers=["192.0.2.53"], radius_servers=["192.0.2.18"])
    assert "would remove all of them" in refusal(plan(now, **{kind: declared_list, "purge": [kind]}))


def test_purge_with_nothing_but_absences_is_refused():
    assert "would remove all of them" in refusal(
        plan(
            snapshot([login(), login(target=TAPE)]),
            persistent_logins=[declared(state="absent")],
            purge=["persistent_logins"],
        )
    )


def test_purge_takes_what_is_not_declared_and_nothing_else():
    now = snapshot([login(), login(target=TAPE), login(place="10.0.0.2")], [target_portal(), target_portal("10.0.0.2")])
    made = plan(now, persistent_logins=[declared()], purge=["persistent_logins"])
    assert steps(made) == [("persistent_logins", "remove")] * 2
    assert all(step.reason == "undeclared, and persistent_logins is purged" for step in made.steps)


def test_purge_spares_what_is_behind_a_live_session_and_says_so():
    now = snapshot([login(), login(target=TAPE)], sessions=[session(target=TAPE, disks=())])
    made = plan(now, persistent_logins=[declared()], purge=["persistent_logins"])
    assert steps(made) == [] and len(made.kept) == 1 and TAPE in made.kept[0] and "purge_connected" in made.kept[0]
    assert steps(plan(now, persistent_logins=[declared()], purge=["persistent_logins"], purge_connected=True)) == [
        ("persistent_logins", "remove")
    ]


def test_purge_spares_what_windows_would_not_remove_and_says_so():
    """Windows looks the instance up by its name and refuses an unknown one."""
    now = snapshot([login(), login(target=TAPE, instance="PCI\\HBA\\0001_0")])
    planned = plan(now, persistent_logins=[declared()], purge=["persistent_logins"])
    assert steps(planned) == [] and len(planned.kept) == 1
    assert TAPE in planned.kept[0] and "PCI\\HBA\\0001_0 is gone" in planned.kept[0]


def test_purge_tries_to_remove_where_the_instances_of_the_host_are_not_known():
    now = dataclasses.replace(snapshot([login(), login(target=TAPE)]), initiator=None)
    planned = plan(now, persistent_logins=[declared(initiator_instance="any")], purge=["persistent_logins"])
    assert planned.kept == []


def test_what_is_not_purged_stays():
    assert steps(
        plan(
            snapshot([login(target=TAPE)], [target_portal("10.0.0.2")], isns_servers=["192.0.2.53"]),
            persistent_logins=[declared()],
            target_portals=[{"address": "10.0.0.2"}],
            isns_servers=["192.0.2.53"],
        )
    ) == [("persistent_logins", "add")]


# -- what Windows would refuse -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "there, options",
    [([], {}), ([login()], {"header_digest": "crc32c"}), ([login()] * 2, {})],
    ids=["add", "replace", "reduce"],
)
def test_a_login_to_a_target_that_is_not_known_cannot_be_saved(there, options):
    text = refusal(plan(snapshot(there, targets=(TAPE,)), persistent_logins=[declared(**options)]))
    assert "does not know this target" in text and "target_portals with refresh" in text


def test_a_stale_login_can_be_removed():
    assert steps(plan(snapshot([login()], targets=()), persistent_logins=[declared(state="absent")])) == [
        ("persistent_logins", "remove")
    ]


def test_a_target_that_the_same_declaration_discovers_may_be_unknown_yet():
    for part in (
        {"target_portals": [{"address": "10.0.0.1"}]},
        {"static_targets": [{"target": FLASH}]},
        {"isns_servers": ["192.0.2.53"]},
    ):
        made = plan(snapshot(targets=()), persistent_logins=[declared()], **part)
        assert ("persistent_logins", "add") in steps(made)


@pytest.mark.parametrize(
    "record, live, options, doubtful",
    [
        (login(), True, {}, False),
        (login(port=0), True, {}, False),
        (login(login_flags=MULTIPATH), True, {}, False),
        (login(port=0, login_flags=MULTIPATH), False, {}, True),
        (login(port=0), False, {"multipath": True}, True),
    ],
    ids=["sole", "sole, of one port", "multipath", "of one port", "of one port, to be multipath"],
)
def test_what_windows_may_refuse_to_save_is_marked(record, live, options, doubtful):
    made = plan(
        snapshot([record], sessions=[session(disks=())] if live else []),
        persistent_logins=[declared(header_digest="crc32c", **options)],
    )
    assert made.steps[0].payload.may_be_refused is doubtful


def test_multipath_without_mpio_is_a_warning():
    made = plan(snapshot(), persistent_logins=[declared(login_flags=["multipath_enabled"])])
    assert any("MPIO claims no device" in line for line in made.warnings)
    assert not plan(snapshot(), persistent_logins=[declared(login_flags=[])]).warnings


@pytest.mark.parametrize("part", ["persistent_logins", "target_portals"])
def test_two_entries_that_would_be_one_record_are_refused_before_it_is_saved(part):
    """And not only by the next run, which finds a record that both mean."""
    one, target = {"initiator_port": "any"}, {"target": FLASH, "multipath": True} if part == "persistent_logins" else {}
    place = {"portal": "10.0.0.1"} if target else {"address": "10.0.0.1"}
    entries = [{**place, **target, **each} for each in (one, {"initiator_instance": INSTANCE})]
    message = refusal(plan(snapshot(), **{part: entries}))
    assert f"{part}[1]: means the same record as {part}[0]" in message
    narrower = [{**place, **target}, {**place, **target, "initiator_instance": INSTANCE}]
    assert not plan(snapshot(), **{part: narrower}).refusals


def test_a_login_of_no_instance_is_not_asked_for_because_windows_would_save_one_more_in_each_run():
    wanted = declared(initiator_instance="any", multipath=True)
    for there in ([], [login(login_flags=MULTIPATH)]):
        assert "Leave initiator_instance out" in refusal(plan(snapshot(there), persistent_logins=[wanted]))
    saved_so = login(login_flags=MULTIPATH, instance="")
    assert steps(plan(snapshot([saved_so]), persistent_logins=[wanted])) == []
    assert (
        steps(plan(snapshot([login()]), persistent_logins=[declared(initiator_instance="any", state="absent")])) == []
    )


def test_a_static_target_is_declared_once_or_each_run_would_undo_the_one_before():
    twice = [{"target": FLASH, "alias": "a"}, {"target": FLASH.upper(), "state": "absent"}]
    text = refusal(plan(snapshot(), static_targets=twice))
    assert text.startswith("static_targets[1]: declares the same target as static_targets[0]")


# -- sessions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "connected, live, expected",
    [
        (None, False, []),
        (None, True, []),
        (True, True, []),
        (False, False, []),
        (True, False, [("sessions", "login")]),
        (False, True, [("sessions", "logout")]),
    ],
)
def test_connected(connected, live, expected):
    made = plan(
        snapshot([login()], sessions=[session(disks=())] if live else []),
        persistent_logins=[declared(connected=connected)],
    )
    assert steps(made) == expected


def test_a_new_login_is_saved_and_connected_in_two_steps():
    assert steps(plan(snapshot(), persistent_logins=[declared(connected=True)])) == [
        ("persistent_logins", "add"),
        ("sessions", "login"),
    ]


def test_a_session_for_each_copy():
    assert steps(
        plan(
            snapshot([login()] * 2, sessions=[session(disks=())]),
            persistent_logins=[declared(copies=2, connected=True)],
        )
    ) == [("sessions", "login")]


def test_each_saved_copy_of_a_host_name_ends_a_session_also_those_beyond_what_is_declared():
    """Which sessions go through a host name is not known: as many end as are saved, and no more."""
    saved, live = [login(place="one.example.com")] * 2, [session(number, disks=()) for number in (1, 2, 3)]
    made = plan(snapshot(saved, sessions=live), persistent_logins=[declared(portal="one.example.com", connected=False)])
    assert steps(made) == [("persistent_logins", "copies"), ("sessions", "logout"), ("sessions", "logout")]


def test_the_last_path_to_a_disk_is_not_closed_unless_forced_and_the_disk_is_named():
    now = snapshot([login()], sessions=[session(disks=[2])])
    text = refusal(plan(now, persistent_logins=[declared(connected=False)]))
    assert "\\\\.\\PhysicalDrive3" in text and "force: true" in text
    assert steps(plan(now, persistent_logins=[declared(connected=False)], force=True)) == [("sessions", "logout")]


def test_a_path_beside_another_is_closed():
    now = snapshot(sessions=[session(disks=[2]), session(2, "10.0.0.2", disks=[2])])
    assert steps(plan(now, sessions=[declared(state="absent")])) == [("sessions", "logout")]


def test_two_paths_that_are_the_last_two_are_not_both_closed():
    now = snapshot(sessions=[session(disks=[2]), session(2, "10.0.0.2", disks=[2])])
    made = plan(now, sessions=[declared(state="absent"), declared(portal="10.0.0.2", state="absent")])
    assert len(made.refusals) == 2


def test_to_log_in_takes_the_secret_too():
    assert "takes the CHAP secret" in refusal(
        plan(snapshot([login(**CHAP)]), persistent_logins=[declared(connected=True)])
    )


# -- portals, static targets, names, service ---------------------------------------------------------------------------


def test_a_diff_shows_mappings_that_are_not_there_as_unspecified():
    numbers = {"bus": 0, "target_number": 1, "luns": [{"os_lun": 0, "target_lun": 1}]}
    made = plan(snapshot([login()]), persistent_logins=[declared(mappings=numbers)])
    assert made.steps[0].before[0]["mappings"] == "unspecified"
    assert made.steps[0].after[0]["mappings"] == numbers


def test_a_mapping_is_saved_under_the_names_of_its_login():
    numbers = {"bus": 0, "target_number": 1, "luns": [{"os_lun": 0, "target_lun": 1}]}
    (record, _secret), *_others = (
        plan(snapshot(), persistent_logins=[declared(mappings=numbers, multipath=True)]).steps[0].payload.after
    )
    assert (record.mappings.initiator_instance, record.mappings.target) == (INSTANCE, FLASH)


@pytest.mark.parametrize(
    "there, saved",
    [
        (login(login_flags=MULTIPATH, data_digest=0), []),  # what Windows may have made of it
        (login(login_flags=MULTIPATH, data_digest=0, port=7), [None]),  # of another port
        (login(login_flags=MULTIPATH, data_digest=1), [None]),  # with other options
    ],
)
def test_a_login_for_any_portal_is_met_by_one_with_its_options_that_may_be_it(there, saved):
    wanted = declared(portal="any", initiator_port="any", multipath=True, data_digest="none")
    planned = plan(snapshot([there]), persistent_logins=[wanted])
    assert [step.payload.sample.portal for step in planned.steps if step.action == "add"] == saved


def test_what_windows_does_not_report_of_a_login_is_no_difference():
    """The symbolic name of its portal, and a mapping without LUNs. Where it is reported, it is compared."""
    numbers = {"bus": 0, "target_number": 1, "luns": []}
    wanted = [declared(mappings=numbers, symbolic_name="filer")]
    assert steps(plan(snapshot([login()]), persistent_logins=wanted)) == []
    made = plan(snapshot([login(symbolic_name="other")]), persistent_logins=wanted)
    assert made.steps[0].reason == "symbolic_name differs"


@pytest.mark.parametrize(
    "declared_name, given, filled_in, differs",
    [
        ("unspecified", None, b"iqn.1991-05.com.microsoft:sql01", False),
        ("unspecified", b"iqn.2020-01.com.example:node", None, False),
        ("unspecified", b"sql01", None, True),
        ("iqn.1991-05.com.microsoft:sql01", None, b"iqn.1991-05.com.microsoft:sql01", False),
        ("iqn.1991-05.com.microsoft:sql01", None, b"iqn.1991-05.com.microsoft:old", True),
        ("iqn.1991-05.com.microsoft:sql01", None, None, True),
        ("sql01", None, b"iqn.1991-05.com.microsoft:sql01", True),
    ],
)
def test_a_node_name_as_user_name_means_that_none_was_given(declared_name, given, filled_in, differs):
    saved = login(username=given, default_username=filled_in)
    made = plan(snapshot([saved]), persistent_logins=[declared(username=declared_name)])
    assert [step.reason for step in made.steps] == (["username differs"] if differs else [])


def test_a_login_that_is_saved_again_gets_the_present_node_name():
    saved = login(default_username=b"iqn.1991-05.com.microsoft:old")
    made = plan(snapshot([saved]), persistent_logins=[declared(header_digest="crc32c")])
    ((after, _secret),) = made.steps[0].payload.after
    assert (after.login_options.username, after.login_options.default_username) == (None, None)


def test_portals_are_compared_by_each_property():
    now = snapshot(portals=[target_portal(header_digest=1)])
    assert steps(plan(now, target_portals=[{"address": "10.0.0.1"}])) == []
    assert (
        plan(now, target_portals=[{"address": "10.0.0.1", "header_digest": "none"}]).steps[0].reason
        == "header_digest differs"
    )


def test_a_refresh_is_no_change():
    made = plan(snapshot(portals=[target_portal()]), target_portals=[{"address": "10.0.0.1", "refresh": True}])
    assert steps(made) == [("target_portals", "refresh")] and not made.changed
    assert steps(plan(snapshot(), target_portals=[{"address": "10.0.0.1", "refresh": True}])) == [
        ("target_portals", "add")
    ]


@pytest.mark.parametrize(
    "options, instances",
    [({}, ["", INSTANCE]), ({"initiator_instance": "any"}, [""]), ({"initiator_instance": INSTANCE}, [INSTANCE])],
    ids=["left out", "any", "named"],
)
def test_a_portal_without_an_instance_is_told_from_one_with(options, instances):
    now = snapshot(portals=[target_portal(), target_portal(instance=INSTANCE)])
    made = plan(now, target_portals=[{"address": "10.0.0.1", "header_digest": "crc32c", **options}])
    assert [change.sample.initiator_instance for change in made.changes("target_portals")] == instances


def test_a_static_target_keeps_what_is_not_declared():
    now = snapshot(targets=[static_target(FLASH, "old", ["10.0.0.1"], flags=0)])
    assert steps(plan(now, static_targets=[{"target": FLASH.upper()}])) == []
    made = plan(now, static_targets=[{"target": FLASH, "alias": "new"}])
    assert steps(made) == [("static_targets", "replace")] and made.steps[0].reason == "alias differs"
    assert made.steps[0].after == dict(made.steps[0].before, alias="new")


def test_a_static_target_has_one_portal_or_none():
    assert steps(plan(snapshot(), static_targets=[{"target": FLASH, "portals": ["10.0.0.1"]}])) != []
    assert steps(plan(snapshot(), static_targets=[{"target": FLASH, "portals": []}])) != []
    with pytest.raises(
        DeclarationError, match=r"static_targets\[0\]\.portals: expected at most one portal, this has 2"
    ):
        declare({"static_targets": [{"target": FLASH, "portals": ["10.0.0.1", "10.0.0.2"]}]})


def test_a_node_name_is_compared_without_letter_case():
    now = snapshot(node_name="IQN.1991-05.COM.MICROSOFT:HOST")
    assert steps(plan(now, node_name="iqn.1991-05.com.microsoft:host")) == []
    assert steps(plan(now, node_name="iqn.1991-05.com.microsoft:other")) == [("node_name", "set")]


def test_servers_by_any_spelling_of_their_address():
    now = snapshot(isns_servers=["FD00:0::53", "isns.Example.com"])
    assert steps(plan(now, isns_servers=["fd00::53", "ISNS.example.com"])) == []


def test_what_is_not_reported_cannot_be_kept():
    assert "does not support listing" in refusal(plan(snapshot(radius_servers=None), radius_servers=["192.0.2.18"]))


@pytest.mark.parametrize(
    "state, mode, expected",
    [
        ("running", "automatic", []),
        ("stopped", "automatic", ["state"]),
        ("running", "manual", ["start_mode"]),
        ("stopped", "disabled", ["state", "start_mode"]),
    ],
)
def test_the_service(state, mode, expected):
    made = plan(snapshot(service_state=state, start_mode=mode), service_state="started", service_start_mode="automatic")
    assert [step.what for step in made.steps] == expected


# -- the plan as people see it -----------------------------------------------------------------------------------------


def test_a_diff_shows_every_managed_property_and_no_secret():
    made = plan(
        snapshot([login(header_digest=0)]),
        persistent_logins=[declared(header_digest="crc32c", secret=SECRET, auth_type="chap")],
    )
    diff = made.diff()
    name = f"{FLASH} through 10.0.0.1:3260 from {INSTANCE} any port"
    assert diff["before"]["persistent_logins"][name][0]["header_digest"] == "none"
    assert diff["after"]["persistent_logins"][name][0]["header_digest"] == "crc32c"
    assert SECRET not in repr(diff) and SECRET not in repr([step.describe() for step in made.steps])


@pytest.mark.parametrize(
    "record",
    [
        FULL,
        login(place=None, port=1),
        login(place="fd00::1"),
        target_portal(header_digest=1),
        target_portal("filer.example.com", INSTANCE, 0),
    ],
    ids=repr,
)
def test_what_was_lost_is_told_as_it_would_be_declared(record):
    plain = as_declared(record)
    make = desired.persistent_login if "target" in plain else desired.target_portal
    wish_again = make(plain)
    assert identify(wish_again.record) == identify(record) and not wish_again.differing_options(record)
    merged = wish_again.merge()
    assert as_declared(merged) == plain


# -- multipath: one flag of several ------------------------------------------------------------------------------------


def test_multipath_is_declared_without_the_other_flags():
    made = plan(snapshot([login(login_flags=0x08)]), persistent_logins=[declared(multipath=True)])
    assert steps(made) == [("persistent_logins", "replace")] and made.steps[0].reason == "multipath differs"
    (record, _secret) = made.steps[0].payload.after[0]
    assert record.login_options.login_flags == 0x0A
    assert made.steps[0].after[0]["login_flags"] == ["multipath_enabled", "allow_portal_hopping"]
    assert not steps(plan(snapshot([record]), persistent_logins=[declared(multipath=True)]))


def test_multipath_and_login_flags_must_agree():
    agreed = declared(multipath=True, login_flags=["multipath_enabled"])
    assert not steps(plan(snapshot([login(login_flags=0x02)]), persistent_logins=[agreed]))
    with pytest.raises(DeclarationError, match=r"login_flags: contradicts multipath\."):
        plan(snapshot(), persistent_logins=[declared(multipath=True, login_flags=[])])


# -- what a declaration leaves out -------------------------------------------------------------------------------------

PATHS = [login(login_flags=MULTIPATH), login(port=0, login_flags=MULTIPATH), login("10.0.0.2", login_flags=MULTIPATH)]


def touched(planned):
    """[(portal, port), ...] of the logins that a plan changes."""
    assert not planned.refusals, planned.refusals
    return [(change.sample.portal.address, change.sample.initiator_port) for change in planned.changes()]


@pytest.mark.parametrize(
    "place, meant",
    [
        ({}, [("10.0.0.1", None), ("10.0.0.2", None), ("10.0.0.1", 0)]),
        ({"portal": "10.0.0.1"}, [("10.0.0.1", None), ("10.0.0.1", 0)]),
        ({"portal": "10.0.0.1", "initiator_port": "any"}, [("10.0.0.1", None)]),
        ({"initiator_port": "any"}, [("10.0.0.1", None), ("10.0.0.2", None)]),
        ({"initiator_port": 0}, [("10.0.0.1", 0)]),
        ({"initiator_port": 1}, []),
    ],
    ids=["target alone", "portal", "any port of a portal", "any port", "port", "no match"],
)
def test_what_is_left_out_means_whatever_is_there(place, meant):
    absent = plan(snapshot(PATHS), persistent_logins=[{"target": FLASH, "state": "absent", **place}])
    assert touched(absent) == meant
    if meant:
        changed = plan(snapshot(PATHS), persistent_logins=[{"target": FLASH, "header_digest": "crc32c", **place}])
        assert touched(changed) == meant


def test_two_logins_through_two_ports_are_two_paths_and_no_duplicate():
    assert steps(plan(snapshot(PATHS), persistent_logins=[{"target": FLASH, "copies": 1}])) == []


def test_a_record_belongs_to_the_narrowest_declaration():
    wanted = [{"target": FLASH, "state": "absent"}, declared(initiator_port=0, header_digest="crc32c")]
    made = plan(snapshot(PATHS), persistent_logins=wanted)
    assert [(step.action, change.sample.initiator_port) for step, change in zip(made.steps, made.changes())] == [
        ("remove", None),
        ("remove", None),
        ("replace", 0),
    ]


def test_of_two_declarations_of_one_record_neither_wins():
    wanted = [{"target": FLASH, "initiator_port": 0}, declared(state="absent")]
    assert refusal(plan(snapshot(PATHS), persistent_logins=wanted)).startswith(
        "persistent_logins[1]: means the same record as persistent_logins[0]"
    )


def test_a_wide_declaration_is_met_by_a_narrower_one():
    wanted = [{"target": FLASH}, declared(multipath=True)]
    assert steps(plan(snapshot(), persistent_logins=wanted)) == [("persistent_logins", "add")]


def test_a_login_is_made_through_the_portal_by_which_its_target_is_known():
    known = snapshot(targets=[static_target(FLASH, "", ["10.0.0.7"], flags=0)])
    made = plan(known, persistent_logins=[{"target": FLASH}])
    assert touched(made) == [("10.0.0.7", None)]
    absent = [{"target": FLASH}, declared(portal="10.0.0.7", initiator_port="any", state="absent")]
    assert "which persistent_logins[1] declares absent" in refusal(plan(known, persistent_logins=absent))


@pytest.mark.parametrize(
    "portals, text",
    [
        (["10.0.0.7", "10.0.0.8"], "is known by several portals: 10.0.0.7:3260, 10.0.0.8:3260"),
        ([], "the initiator knows no portal"),
    ],
    ids=["several", "none"],
)
def test_a_portal_that_is_left_out_is_not_guessed(portals, text):
    known = snapshot(targets=[static_target(FLASH, "", portals, flags=0)])
    assert text in refusal(plan(known, persistent_logins=[{"target": FLASH}]))
    assert steps(plan(known, persistent_logins=[{"target": FLASH, "portal": "any"}])) == [("persistent_logins", "add")]


def test_any_portal_is_met_by_the_portal_that_windows_may_have_chosen():
    wanted = [{"target": FLASH, "portal": "any"}]
    assert steps(plan(snapshot([login("10.0.0.9")]), persistent_logins=wanted)) == []
    assert "could no longer be told apart" in refusal(
        plan(
            snapshot([login("10.0.0.9", login_flags=MULTIPATH)]),
            persistent_logins=[dict(wanted[0], multipath=True), declared(portal="10.0.0.9")],
        )
    )
    there = plan(snapshot([login(None), login("10.0.0.9")]), persistent_logins=[dict(wanted[0], state="absent")])
    assert [change.sample.portal for change in there.changes()] == [None], "absent takes what was saved so, and no more"


def test_any_portal_is_not_asked_for_beside_a_portal_that_is_declared_absent():
    """Windows may choose the very portal, and then no run would ever come to an end."""
    absent = declared(portal="10.0.0.9", state="absent")
    made = plan(snapshot([login("10.0.0.9")]), persistent_logins=[absent, {"target": FLASH, "portal": "any"}])
    assert "that may be the one that persistent_logins[0] declares absent. Declare its portal." in refusal(made)
    elsewhere = dict(absent, target=TAPE)
    made = plan(snapshot([login("10.0.0.9")]), persistent_logins=[elsewhere, {"target": FLASH, "portal": "any"}])
    assert not made.refusals


def test_a_login_for_any_portal_is_saved_once_beside_one_with_other_options():
    """Windows may choose the portal of that one: then each run would save one more, and find none that is declared."""
    wanted = [{"target": FLASH, "portal": "any", "header_digest": "crc32c", "multipath": True}]
    other = login("10.0.0.9", login_flags=MULTIPATH)
    made = plan(snapshot([other]), persistent_logins=wanted)
    assert steps(made) == [("persistent_logins", "add")]
    assert any("beside iqn.2010-06.com.purestorage:flash.1 through 10.0.0.9:3260" in line for line in made.warnings)
    saved = login("10.0.0.9", login_flags=MULTIPATH, header_digest=1)
    there = snapshot([other, saved])
    assert steps(plan(there, persistent_logins=wanted)) == []
    purged = plan(there, persistent_logins=wanted, purge=["persistent_logins"])
    assert [(len(change.before), len(change.after)) for change in purged.changes()] == [(2, 1)]


def test_what_is_near_to_something_declared_absent_is_a_warning():
    made = plan(snapshot([login(port=2)]), persistent_logins=[declared(initiator_port=3, state="absent")])
    assert steps(made) == [] and "from ROOT\\ISCSIPRT\\0000_0 port 2 is, and stays" in made.warnings[0]
    elsewhere = [declared(portal="10.0.0.2", state="absent")]
    assert not plan(snapshot([login()]), persistent_logins=elsewhere).warnings


# -- logins without the multipath flag ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "there, wanted, named",
    [
        ([], [declared(), declared(portal="10.0.0.2")], "through 10.0.0.2:3260"),
        ([], [declared(multipath=True), declared(portal="10.0.0.2")], "through 10.0.0.1:3260"),
        ([], [declared(copies=2)], "2 copies of it"),
        ([login("10.0.0.3")], [declared()], "through 10.0.0.3:3260"),
        ([login(), login("10.0.0.3", login_flags=MULTIPATH)], [declared(header_digest="crc32c")], "10.0.0.3:3260"),
    ],
    ids=["two", "of one the flag", "copies", "beside an undeclared one", "changed beside another"],
)
def test_a_second_login_without_the_multipath_flag_is_refused_with_the_remedy(there, wanted, named):
    text = plan(snapshot(there), persistent_logins=wanted).refusals[0]
    assert "lacks the login flag multipath_enabled" in text and named in text and "multipath: true" in text


def test_a_login_without_the_multipath_flag_stays_beside_others_where_nothing_changes():
    there = [login(), login("10.0.0.3", login_flags=MULTIPATH)]
    assert steps(plan(snapshot(there), persistent_logins=[declared()])) == []
    added = declared(portal="10.0.0.4", multipath=True)
    assert steps(plan(snapshot(there), persistent_logins=[added])) == [("persistent_logins", "add")]


def test_what_must_go_before_a_login_can_be_saved_needs_its_secret_to_come_back():
    there = [login(login_flags=0, **CHAP)]
    wanted = [declared(state="absent"), declared(portal="10.0.0.2")]
    assert "Declare it with state: absent and its secret" in refusal(plan(snapshot(there), persistent_logins=wanted))
    wanted[0]["secret"] = SECRET
    assert len(steps(plan(snapshot(there), persistent_logins=wanted))) == 2


# -- an interrupted run ------------------------------------------------------------------------------------------------


def test_a_portal_declared_with_and_without_an_instance_is_two_portals_also_after_an_interrupted_run():
    both = [{"address": "10.0.0.1", "initiator_instance": name} for name in (INSTANCE, "any")]
    interrupted = plan(snapshot(portals=[target_portal(instance=INSTANCE)]), target_portals=both)
    assert not interrupted.refusals and steps(interrupted) == [("target_portals", "add")]
    assert interrupted.steps[0].payload.sample.initiator_instance == ""


def test_a_surplus_copy_is_kept_where_its_removal_needs_the_secret_of_another_login():
    doubled = [login(login_flags=MULTIPATH), login(login_flags=MULTIPATH)]
    sibling = login(port=0, login_flags=MULTIPATH, auth_type=1, username=b"sql01", password_set=True)
    made = plan(snapshot([*doubled, sibling]), persistent_logins=[declared()])
    assert not made.refusals and not made.steps
    assert "2 copies are kept" in made.kept[0] and "port 0" in made.kept[0]
    known = declared(initiator_port=0, auth_type="chap", username="sql01", secret=SECRET)
    assert steps(plan(snapshot([*doubled, sibling]), persistent_logins=[declared(), known])) == [
        ("persistent_logins", "copies")
    ]


def test_a_login_with_ipsec_is_not_saved_again_without_a_word_about_its_key():
    ipsec = login(security_flags=0x03)
    made = plan(snapshot([ipsec]), persistent_logins=[declared(header_digest="crc32c")])
    assert any("preshared key of its own" in line for line in made.warnings)
    with_key = plan(snapshot([ipsec]), persistent_logins=[declared(header_digest="crc32c", ipsec_key="a key")])
    assert not any("preshared key" in line for line in with_key.warnings)


@pytest.mark.parametrize(
    ("part", "entry"),
    [
        ("persistent_logins", declared(portal="192.0.2.2x1")),
        ("sessions", declared(portal="192.0.2.2x1")),
        ("target_portals", {"address": "192.0.2.2x1"}),
        ("static_targets", {"target": FLASH, "portals": ["192.0.2.2x1:3260"]}),
    ],
)
def test_a_host_name_that_is_nearly_an_address_is_warned_of_where_it_is_declared(part, entry):
    warned = plan(snapshot(), **{part: [entry]}).warnings
    expected = f"{part}[0]: '192.0.2.2x1' is taken for a host name."
    assert [line for line in warned if "mistyped" in line][0].startswith(expected)
    absent = plan(snapshot(), **{part: [dict(entry, state="absent")]}) if part != "sessions" else plan(snapshot())
    assert not any("mistyped" in line for line in absent.warnings)
