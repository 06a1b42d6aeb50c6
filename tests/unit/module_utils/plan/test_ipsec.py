# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IKE information and outer addresses of tunnels: declared, set on the host, and never read."""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import structures
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.values import DeclarationError
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Fault, Host

FIRST, SECOND = "ROOT\\ISCSIPRT\\0000_0", "ROOT\\ISCSIPRT\\0001_0"
KEY = "Marker-Key1"
HOST = {
    "service": {"state": "running"},
    "initiator": {
        "instances": [{"name": FIRST, "addresses": ["192.0.2.10"]}, {"name": SECOND, "addresses": ["192.0.2.11"]}]
    },
}
FQDN = {"id_type": "fqdn", "id": "sql01.example.com", "key": KEY, "security_flags": ["valid", "ike_ipsec_enabled"]}
GATEWAY = {"destination": "192.0.2.21", "outer_address": "198.51.100.7"}
IPSEC, TUNNELS = ["valid", "ike_ipsec_enabled"], ["valid", "ike_ipsec_enabled", "tunnel_mode_preferred"]


def run(host, update_secret="on_create", **plain):
    return apply.apply(host, declare(dict(plain, update_secret=update_secret)))


def using(security_flags):
    """The host with a login that has these flags."""
    return Host(
        dict(
            HOST,
            persistent_logins=[
                {"target": "iqn.2004-01.com.example:data", "portal": None, "security_flags": security_flags}
            ],
        )
    )


@pytest.mark.parametrize(
    "id_type, text, raw",
    [
        ("ipv4_address", "192.0.2.10", bytes([192, 0, 2, 10])),
        ("fqdn", "sql01.example.com", b"sql01.example.com"),
        ("user_fqdn", "sql01@example.com", b"sql01@example.com"),
        ("ipv6_address", "FD00::1", b"\xfd" + bytes(14) + b"\1"),
    ],
)
def test_an_identification_is_laid_out_as_its_type_says(id_type, text, raw):
    """Microsoft documentation of IKE_AUTHENTICATION_PRESHARED_KEY: addresses as 4 or 16 bytes, text without an end."""
    host = Host(HOST)
    report = run(host, ike=[dict(FQDN, id_type=id_type, id=text, initiator_instance=FIRST.lower(), initiator_port=1)])
    (kept,) = host.state["ike"].values()
    assert (kept["AuthMethod"], kept["SecurityFlags"], kept["Id"], kept["Key"], kept["persist"]) == (
        1,
        3,
        raw,
        KEY.encode(),
        True,
    )
    assert [step.what for step in report.plan.steps] == [f"IKE {id_type} {text.lower()} from {FIRST} port 1"]


def test_without_an_instance_each_of_the_host_is_meant():
    host = Host(HOST)
    run(host, ike=[FQDN, dict(FQDN, id_type="user_fqdn", id="sql01@example.com")], tunnel_outer_addresses=[GATEWAY])
    assert len(host.state["ike"]) == 4
    assert [
        (one["initiator"], one["initiator_port"], one["destination"], one["outer"], one["persist"])
        for one in host.state["tunnels"]
    ] == [(name, structures.ISCSI_ANY_INITIATOR_PORT, "192.0.2.21", "198.51.100.7", True) for name in (FIRST, SECOND)]


@pytest.mark.parametrize(
    "plain, unused, used", [({"ike": [FQDN]}, [], IPSEC), ({"tunnel_outer_addresses": [GATEWAY]}, IPSEC, TUNNELS)]
)
def test_it_is_set_until_something_that_is_saved_uses_it(plain, unused, used):
    host = using(unused)
    assert run(host, **plain).changed and run(host, **plain).changed
    assert not run(using(used), **plain).changed
    assert run(using(used), "always", **plain).changed


def test_what_windows_has_is_never_asked_for():
    """Its answer would lead to the key (Microsoft documentation of GetIScsiIKEInfo)."""
    host = Host(HOST)
    run(host, ike=[FQDN], tunnel_outer_addresses=[GATEWAY])
    report = run(host, ike=[FQDN], tunnel_outer_addresses=[GATEWAY])
    assert "SetIScsiIKEInfoW" in host.exports and "GetIScsiIKEInfoW" not in host.exports
    told = repr((vars(report), report.plan.diff()))
    assert KEY not in told and KEY.encode().hex() not in told


@pytest.mark.parametrize("plain", [{"ike": [FQDN]}, {"tunnel_outer_addresses": [GATEWAY]}])
def test_a_windows_without_ipsec_says_so(plain):
    host = Host(HOST)
    host.faults[1] = Fault(0, "status", 0xEFFF0046)
    assert "ISDSC_IPSEC_NOT_SUPPORTED_ON_OS" in " ".join(run(host, **plain).problems)


@pytest.mark.parametrize(
    "plain, reason",
    [
        ({"ike": [FQDN, dict(FQDN, key="another")]}, "ike[1]: declares IKE fqdn sql01.example.com"),
        ({"ike": [dict(FQDN, initiator_instance="x")]}, "ike[0]: this host has no initiator instance x. It has: ROOT"),
        ({"tunnel_outer_addresses": [dict(GATEWAY, initiator_instance="x")]}, "tunnel_outer_addresses[0]: this host"),
    ],
)
def test_what_is_refused(plain, reason):
    host = Host(HOST)
    before = host.dump()
    with pytest.raises(apply.PlanRejected) as caught:
        run(host, **plain)
    assert reason in str(caught.value) and KEY not in str(caught.value) and host.dump() == before


@pytest.mark.parametrize(
    "plain, reason",
    [
        ({"ike": [dict(FQDN, id_type="ipv4_address")]}, "ike[0].id: 'sql01.example.com' is not a valid ipv4_address"),
        (
            {"ike": [dict(FQDN, id_type="ipv6_address", id="192.0.2.1")]},
            "ike[0].id: '192.0.2.1' is not a valid ipv6_address",
        ),
        ({"ike": [dict(FQDN, id="")]}, "ike[0].id: '' is not a valid fqdn"),
        ({"ike": [dict(FQDN, id="störage")]}, "is not a valid fqdn"),
        ({"ike": [dict(FQDN, id_type="der")]}, "ike[0].id_type: "),
        ({"ike": [dict(FQDN, key="")]}, "ike[0].key: the secret"),
        ({"ike": [dict(FQDN, security_flags=["pfs"])]}, "ike[0].security_flags: "),
        ({"tunnel_outer_addresses": [dict(GATEWAY, destination="a b")]}, "tunnel_outer_addresses[0].destination: "),
        (
            {"tunnel_outer_addresses": [dict(GATEWAY, outer_address="10.0.0")]},
            "tunnel_outer_addresses[0].outer_address: ",
        ),
    ],
)
def test_what_cannot_be_meant(plain, reason):
    with pytest.raises(DeclarationError) as caught:
        declare(plain)
    assert reason in str(caught.value) and KEY not in str(caught.value)
