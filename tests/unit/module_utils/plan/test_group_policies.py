# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a group policy forbids is refused before anything is touched; where none can be read, Windows refuses it."""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import policies, status
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host
from ansible_collections.winstorage.iscsi.tests.unit.support.plans import FLASH, PLANS, SECRET, A, B, host, login, wish

PARTS = (
    "persistent_logins",
    "target_portals",
    "static_targets",
    "isns_servers",
    "radius_servers",
    "persistent_devices",
)
FORBIDDEN = status.by_name("ISDSC_RESTRICTED_BY_GROUP_POLICY").value
CHAP = {"auth_type": "chap", "username": "sql-01", "secret": SECRET}
NAS = "10.0.0.9"
MUTUAL = {**CHAP, "auth_type": "mutual_chap"}


def with_policy(plain, *names, **more):
    """A host that was set up before the policies came, which forbid discovery, too."""
    machine = Host(dict(plain, **more))
    machine.state["group_policy"].update(dict.fromkeys(names, 1))
    return machine


def run(machine, **plain):
    return apply.apply(machine, declare(plain))


def forbidden_calls(machine):
    return [export for batch in machine.batches for export, code in batch if code == FORBIDDEN]


@pytest.mark.parametrize("policy", [*policies.BY_EXPORT["LoginIScsiTargetW"], "ConfigureTargetPortals"])
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_windows_is_never_asked_for_what_a_policy_forbids(plan, policy):
    machine = with_policy(plan.host, policy)
    before = machine.dump()
    try:
        apply.apply(machine, declare(plan.declared))
    except apply.PlanRejected as rejected:
        assert policy in str(rejected)
        after = machine.dump()
        assert all(after.get(part) == before.get(part) for part in (*PARTS, "initiator"))
    assert forbidden_calls(machine) == []


@pytest.mark.parametrize(
    "policy, plain, declared",
    [
        ("ChangeIQNName", {}, {"node_name": "iqn.1991-05.com.microsoft:renamed"}),
        ("ChangeCHAPSecret", {}, {"chap_secret": SECRET}),
        ("ConfigureiSNSServers", {}, {"isns_servers": [NAS]}),
        ("ConfigureiSNSServers", {"isns_servers": [NAS]}, {"isns_servers": [{"address": NAS, "state": "absent"}]}),
        ("ConfigureTargetPortals", {}, {"target_portals": [{"address": B}]}),
        ("ConfigureTargetPortals", {}, {"target_portals": [{"address": A, "state": "absent"}]}),
        ("RequireOneWayCHAP", {}, {"target_portals": [{"address": A, "refresh": True}]}),
        ("NewStaticTargets", {}, {"static_targets": [{"target": "iqn.2020-01.org:new", "portals": [{"address": B}]}]}),
        ("RestrictAdditionalLogins", {}, {"persistent_logins": [wish(FLASH, A)]}),
        ("RestrictAdditionalLogins", {}, {"sessions": [wish(FLASH, A)]}),
        ("RequireMutualCHAP", {}, {"persistent_logins": [wish(FLASH, A, **CHAP)]}),
        ("RequireOneWayCHAP", {}, {"persistent_logins": [wish(FLASH, A)]}),
        ("RequireIPSec", {}, {"persistent_logins": [wish(FLASH, A)]}),
    ],
)  # fmt: skip
def test_what_a_policy_forbids_is_refused_beforehand_and_by_name(policy, plain, declared):
    machine = with_policy(host(target_portals=[A], **plain), policy)
    with pytest.raises(apply.PlanRejected, match=rf"the group policy {policy} is enabled on this host and forbids"):
        run(machine, **declared)
    assert len(machine.batches) == 1
    free = with_policy(host(target_portals=[A], **plain))
    assert run(free, **declared).problems == []


@pytest.mark.parametrize(
    "policy, declared",
    [
        ("RequireOneWayCHAP", wish(FLASH, A, **CHAP)),
        ("RequireOneWayCHAP", wish(FLASH, A, **MUTUAL)),
        ("RequireMutualCHAP", wish(FLASH, A, **MUTUAL)),
        ("RequireIPSec", wish(FLASH, A, security_flags=["ike_ipsec_enabled"])),
        ("ConfigureTargetPortals", wish(FLASH, A)),
    ],
)
def test_what_a_policy_allows_is_done(policy, declared):
    machine = with_policy(host(target_portals=[A]), policy)
    assert run(machine, persistent_logins=[declared]).problems == []
    assert len(machine.logins()) == 1


def test_a_login_that_a_removal_may_take_along_is_not_risked_where_it_could_not_be_saved_again():
    machine = with_policy(host([login(FLASH, A), login(FLASH, A, 0)], target_portals=[A]), "RestrictAdditionalLogins")
    with pytest.raises(apply.PlanRejected, match="could not be saved again, because the group policy Restrict"):
        run(machine, persistent_logins=[wish(FLASH, A, initiator_port="any", state="absent")])


def test_copies_are_not_reduced_where_the_one_that_stays_could_not_be_saved_again():
    """A removal may take every copy."""
    machine = with_policy(host([login(FLASH, A)] * 2, target_portals=[A]), "RestrictAdditionalLogins")
    with pytest.raises(apply.PlanRejected, match="the group policy RestrictAdditionalLogins"):
        run(machine, persistent_logins=[wish(FLASH, A, copies=1)])
    assert len(machine.logins()) == 2


def test_a_login_can_be_removed_whatever_the_policy():
    machine = with_policy(host([login(FLASH, A)], target_portals=[A]), "RestrictAdditionalLogins")
    run(machine, persistent_logins=[wish(FLASH, A, state="absent")])
    assert machine.logins() == []


def test_the_session_of_a_saved_login_is_left_to_windows():
    """Microsoft documents that the policy leaves sessions of persistent logins."""
    machine = with_policy(host([login(FLASH, A)], target_portals=[A]), "RestrictAdditionalLogins")
    done = run(machine, persistent_logins=[wish(FLASH, A, connected=True)])
    assert len(machine.batches) == 2 and "RestrictAdditionalLogins" in str(done.problems)


def test_the_session_of_a_saved_login_must_be_as_safe_as_a_policy_requires():
    machine = with_policy(host([login(FLASH, A)], target_portals=[A]), "RequireOneWayCHAP")
    with pytest.raises(apply.PlanRejected, match="the group policy RequireOneWayCHAP"):
        run(machine, persistent_logins=[wish(FLASH, A, connected=True)])
    assert len(machine.batches) == 1


def test_where_the_policies_cannot_be_read_windows_refuses_and_the_problem_names_them():
    machine = with_policy(host(target_portals=[A]), "RestrictAdditionalLogins", windows={"reader": False})
    done = run(machine, persistent_logins=[wish(FLASH, A)])
    assert "RestrictAdditionalLogins" in str(done.problems) and machine.logins() == []
