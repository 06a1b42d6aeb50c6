# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Initiator ports that are declared by their address."""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply, declaration
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.values import DeclarationError
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

DATA = "iqn.2004-01.com.example:data"
FIRST, SECOND = "ROOT\\ISCSIPRT\\0000_0", "ROOT\\ISCSIPRT\\0001_0"
PORTAL = {"address": "192.0.2.21"}


def state(*instances, **more):
    return {
        "service": {"state": "running", "start_mode": "automatic"},
        "mpio": {"claimed": True},
        "initiator": {"instances": [{"name": name, "addresses": addresses} for name, addresses in instances]},
        "network": {"arrays": [{"portals": ["192.0.2.21"], "targets": [{"iqn": DATA, "luns": [0]}]}]},
        "target_portals": ["192.0.2.21"],
        **more,
    }


ONE = state((FIRST, ["192.0.2.11", "fd00::11"]))


class Counted:
    """A host that counts its round trips."""

    def __init__(self, plain):
        self.host, self.trips = Host(plain), 0

    def __call__(self, text):
        self.trips += 1
        return self.host(text)


def login(**more):
    return {"target": DATA, "portal": PORTAL, "login_flags": ["multipath_enabled"], **more}


def test_a_login_is_saved_for_the_port_that_has_the_address():
    host = Counted(ONE)
    declared = declaration.parse({"persistent_logins": [login(initiator_address="FD00:0::11", connected=True)]})
    done = apply.apply(host, declared)
    assert [(saved.initiator_instance, saved.initiator_port) for saved in done.after.persistent_logins] == [(FIRST, 1)]
    assert done.after.sessions[0].connections[0].initiator_address == "fd00::11"
    assert (host.trips, done.problems) == (2, [])
    again = apply.apply(host, declared)
    assert (host.trips, again.changed) == (3, False)


def test_after_adapters_have_changed_the_address_means_the_new_number():
    login_of_old_port = login(initiator_address="192.0.2.11")
    moved = state((FIRST, ["198.51.100.7", "192.0.2.11"]), persistent_logins=[])
    done = apply.apply(Host(moved), declaration.parse({"persistent_logins": [login_of_old_port]}))
    assert done.after.persistent_logins[0].initiator_port == 1


def test_every_kind_of_entry_takes_an_address():
    declared = {
        "target_portals": [{**PORTAL, "initiator_address": "192.0.2.11"}],
        "sessions": [login(initiator_address="192.0.2.11")],
        "ike": [{"id_type": "fqdn", "id": "sql01.example.com", "key": "k", "initiator_address": "192.0.2.11"}],
        "tunnel_outer_addresses": [
            {"destination": "192.0.2.21", "outer_address": "192.0.2.1", "initiator_address": "192.0.2.11"}
        ],
    }
    host = Host(ONE)
    done = apply.apply(host, declaration.parse(declared))
    assert done.problems == []
    assert {portal.initiator_port for portal in done.after.target_portals} == {None, 0}
    assert done.after.sessions[0].connections[0].initiator_address == "192.0.2.11"


@pytest.mark.parametrize(
    "plain, more, text",
    [
        (ONE, {"initiator_address": "192.0.2.99"}, "192.0.2.99 is the address of no initiator port. This host has: "),
        (
            state((FIRST, ["192.0.2.11"]), (SECOND, ["192.0.2.11"])),
            {"initiator_address": "192.0.2.11"},
            f"192.0.2.11 is more than one port. Add initiator_instance, or declare initiator_port: 192.0.2.11 (port 0 "
            f"of {FIRST}), 192.0.2.11 (port 0 of {SECOND}).",
        ),
        (
            {**ONE, "windows": {"reader": False}},
            {"initiator_address": "192.0.2.11"},
            "Windows did not list the initiator ports of this host",
        ),
        (
            {**ONE, "windows": {"classes": {"root/wmi": {"MSiSCSI_PortalInfoClass": []}}}},
            {"initiator_address": "192.0.2.11"},
            "This host has: none.",
        ),
    ],
    ids=["unknown", "ambiguous", "unread", "no ports"],
)
def test_an_address_without_its_port_is_refused_with_the_list(plain, more, text):
    host = Counted(plain)
    with pytest.raises(apply.PlanRejected) as rejected:
        apply.apply(host, declaration.parse({"persistent_logins": [login(**more)], "purge": ["persistent_logins"]}))
    assert "persistent_logins[0].initiator_address: " in str(rejected.value)
    assert text in str(rejected.value)
    assert host.trips == 1


def test_an_instance_settles_which_port_is_meant():
    host = Host(state((FIRST, ["192.0.2.11"]), (SECOND, ["192.0.2.12", "192.0.2.11"])))
    declared = login(initiator_address="192.0.2.11", initiator_instance=SECOND.lower())
    done = apply.apply(host, declaration.parse({"persistent_logins": [declared]}))
    assert [(saved.initiator_instance, saved.initiator_port) for saved in done.after.persistent_logins] == [(SECOND, 1)]


@pytest.mark.parametrize(
    "more, text",
    [
        ({"initiator_port": 0}, "initiator_address and initiator_port name the same port"),
        ({"initiator_port": "any"}, "initiator_address and initiator_port name the same port"),
        ({"initiator_instance": "any"}, "Leave initiator_instance out"),
    ],
)
def test_what_contradicts_an_address_is_refused(more, text):
    with pytest.raises(DeclarationError, match=text):
        declaration.parse({"persistent_logins": [login(initiator_address="192.0.2.11", **more)]})


@pytest.mark.parametrize("address", ["storage1", "192.0.2.11:3260", 5])
def test_an_address_is_an_ip_address(address):
    with pytest.raises(DeclarationError, match="expected an IP address"):
        declaration.parse({"persistent_logins": [login(initiator_address=address)]})
