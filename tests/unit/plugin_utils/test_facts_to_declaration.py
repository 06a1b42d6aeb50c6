# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration from facts: it asks for nothing on that host, and for what is missing on an emptied one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.filter.declaration import declaration
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import addresses, facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply, planner
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import audit
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

DEMO = sorted((Path(__file__).parents[3] / "demo/hosts").glob("*.yml"))
TARGETS = ["iqn.2004-01.com.example:" + name for name in ("data", "logs", "gone")]
ADDRESSES = ["192.0.2.21", "192.0.2.22", "2001:db8::21", "2001:DB8:0:0::21", "array.example.com"]
INSTANCE = "ROOT\\ISCSIPRT\\0000_0"
SECRET = "simulated-001"

FLAGS = st.sets(st.sampled_from(["valid", "pfs_enabled", "ike_ipsec_enabled", "0x80"])).map(sorted)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "login_flags": st.sets(st.sampled_from(["multipath_enabled", "allow_portal_hopping", "0x40"])).map(sorted),
        "header_digest": st.sampled_from(["none", "crc32c"]),
        "data_digest": st.sampled_from(["none", "crc32c"]),
        "maximum_connections": st.integers(1, 8),
        "default_time2wait": st.integers(0, 60),
        "default_time2retain": st.integers(0, 60),
    },
) | st.fixed_dictionaries(
    {"auth_type": st.sampled_from(["chap", "mutual_chap"]), "username": st.sampled_from(["sql01", "0x00ff", "a b"])},
    optional={"password": st.just(SECRET)},
)
PORTALS = st.fixed_dictionaries(
    {"address": st.sampled_from(ADDRESSES), "port": st.sampled_from([3260, 860])},
    optional={"symbolic_name": st.sampled_from(["", "left", "a: b"])},
)
PORTS = st.sampled_from(["any", 0, 1])
HOSTS = st.fixed_dictionaries(
    {
        "service": st.fixed_dictionaries(
            {"state": st.just("running"), "start_mode": st.sampled_from(["automatic", "manual", "disabled"])}
        ),
        "initiator": st.just({"instances": [{"name": INSTANCE, "addresses": ["192.0.2.11", "198.51.100.11"]}]}),
        "persistent_logins": st.lists(
            st.fixed_dictionaries(
                {"target": st.sampled_from(TARGETS), "portal": st.none() | PORTALS, "initiator_port": PORTS},
                optional={
                    "login_options": OPTIONS,
                    "security_flags": FLAGS,
                    "copies": st.integers(1, 3),
                    "session_type": st.sampled_from(["data", "informational"]),
                },
            ),
            max_size=6,
        ),
        "target_portals": st.lists(
            st.builds(
                lambda portal, more: {**portal, **more},
                PORTALS,
                st.fixed_dictionaries(
                    {"initiator_port": PORTS},
                    optional={
                        "login_options": OPTIONS,
                        "security_flags": FLAGS,
                        "initiator_instance": st.sampled_from(["", INSTANCE]),
                    },
                ),
            ),
            max_size=4,
            unique_by=lambda one: (
                addresses.canonical(one["address"]),
                one["port"],
                one["initiator_port"],
                one.get("initiator_instance", ""),
            ),
        ),
        "static_targets": st.lists(
            st.fixed_dictionaries(
                {"target": st.sampled_from(TARGETS)},
                optional={
                    "alias": st.sampled_from(["", "old"]),
                    "login_options": OPTIONS,
                    "portal_groups": st.lists(st.lists(PORTALS, min_size=1, max_size=2), max_size=2),
                },
            ),
            max_size=2,
            unique_by=lambda one: one["target"],
        ),
        "isns_servers": st.lists(st.sampled_from(["isns.example.com", "192.0.2.5"]), unique=True),
        "persistent_devices": st.lists(st.sampled_from(["D:\\", "E:\\"]), unique=True),
    }
)


def gathered(host):
    return queries.gather(host, list(queries.READS), 0)


def exported(host, exact=False):
    """The declaration as it is after a file in between."""
    found = json.loads(json.dumps(facts.assemble(gathered(host))))
    return yaml.safe_load(yaml.safe_dump(declaration(found, exact)))


def assert_nothing_to_do(host, plain):
    plan = planner.plan(gathered(host), parse(plain))
    assert (plan.steps, plan.refusals) == ([], [])
    assert audit.find_drift(plan) == []


@settings(max_examples=80)
@given(HOSTS, st.booleans())
def test_a_host_is_as_its_own_export_declares(state, exact):
    host = Host(state)
    assert_nothing_to_do(host, exported(host, exact))


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
@pytest.mark.parametrize("exact", [False, True])
def test_a_host_of_the_demo_is_as_its_own_export_declares(path, exact):
    host = Host(yaml.safe_load(path.read_text()))
    plain = exported(host, exact)
    assert len(plain["persistent_logins"]) == len({login.identity for login in host.logins()})
    assert_nothing_to_do(host, plain)


# Kept in the reader's order: what identifies the host, portals, then logins.
FULL = {
    "service": {"state": "running", "start_mode": "automatic"},
    "initiator": {
        "node_name": "iqn.2004-01.com.example:sql01",
        "instances": [{"name": INSTANCE, "addresses": ["192.0.2.11"]}],
    },
    "network": {
        "arrays": [
            {
                "portals": ["192.0.2.21"],
                "targets": [{"iqn": TARGETS[0], "luns": [0], "chap": {"user": "sql01", "secret": SECRET}}],
            }
        ]
    },
    "target_portals": [{"address": "192.0.2.21", "symbolic_name": "left"}],
    "persistent_logins": [
        {
            "target": TARGETS[0],
            "portal": {"address": "192.0.2.21", "symbolic_name": "left"},
            "initiator_port": 0,
            "copies": 2,
            "security_flags": ["valid", "0x80"],
            "login_options": {
                "login_flags": ["multipath_enabled"],
                "header_digest": "crc32c",
                "default_time2wait": 0,
                "auth_type": "chap",
                "username": "sql01",
                "password": SECRET,
            },
        }
    ],
    "isns_servers": ["isns.example.com"],
    "persistent_devices": ["D:\\"],
}


def test_every_declarable_value_is_said():
    assert exported(Host(FULL, {"reported_record": "as_saved"})) == {
        "service_state": "started",
        "service_start_mode": "automatic",
        "node_name": "iqn.2004-01.com.example:sql01",
        "target_portals": [
            {
                "address": "192.0.2.21",
                "port": 3260,
                "initiator_instance": "any",
                "initiator_port": "any",
                "symbolic_name": "left",
            }
        ],
        "persistent_logins": [
            {
                "target": TARGETS[0],
                "portal": {"address": "192.0.2.21", "port": 3260},
                "initiator_instance": INSTANCE,
                "initiator_address": "192.0.2.11",
                "copies": 2,
                "security_flags": ["valid", "0x80"],
                "login_flags": ["multipath_enabled"],
                "header_digest": "crc32c",
                "default_time2wait": 0,
                "auth_type": "chap",
                "username": "sql01",
                "symbolic_name": "left",
            }
        ],
        "isns_servers": ["isns.example.com"],
        "persistent_devices": ["D:\\"],
    }


def test_a_user_name_that_windows_filled_in_is_not_declared():
    """It is the node name of this host. The host from which the declaration comes is as declared all the same."""
    login = {"target": TARGETS[0], "portal": "192.0.2.21", "initiator_port": 0}
    host = Host(dict(FULL, persistent_logins=[login]))
    assert "username" not in exported(host)["persistent_logins"][0]
    exact = exported(host, True)
    assert exact["persistent_logins"][0]["username"] == "unspecified"
    assert planner.plan(gathered(host), parse(exact)).steps == []


def test_an_emptied_host_gets_all_back_from_its_export():
    """All that the export lacks is the secret, which Windows does not give."""
    host = Host(FULL)
    plain, before = exported(host), host.identities()
    emptied = Host(dict(FULL, persistent_logins=[], target_portals=[], isns_servers=[]))
    with pytest.raises(apply.PlanRejected, match="Declare secret for it"):
        apply.apply(emptied, parse(plain))
    plain["persistent_logins"][0]["secret"] = SECRET
    outcome = apply.apply(emptied, parse(plain))
    assert outcome.problems == []
    assert emptied.identities() == before
    assert exported(emptied) == exported(host)


def test_an_exact_export_finds_what_somebody_sets_afterwards():
    bare = dict(FULL, persistent_logins=[{"target": TARGETS[0], "portal": "192.0.2.21", "initiator_port": 0}])
    touched = dict(
        bare,
        persistent_logins=[
            dict(
                bare["persistent_logins"][0],
                login_options={"header_digest": "crc32c", "login_flags": ["multipath_enabled"]},
            )
        ],
    )
    fields = {
        exact: [
            one["field"]
            for one in audit.find_drift(planner.plan(gathered(Host(touched)), parse(exported(Host(bare), exact))))
        ]
        for exact in (False, True)
    }
    assert fields == {False: [], True: ["header_digest", "login_flags"]}


def test_records_of_one_identity_are_declared_by_what_they_share():
    twins = [
        dict(FULL["persistent_logins"][0], copies=1, login_options={"header_digest": digest, "data_digest": "none"})
        for digest in ("none", "crc32c")
    ]
    (login,) = exported(Host(dict(FULL, persistent_logins=twins)))["persistent_logins"]
    assert login["copies"] == 2
    assert login["data_digest"] == "none"
    assert "header_digest" not in login


def test_every_part_of_an_identity_is_named():
    host = Host(dict(FULL, persistent_logins=[{"target": TARGETS[0], "portal": None}], dialect="documented"))
    login = exported(host)["persistent_logins"][0]
    assert (login["portal"], login["initiator_port"], login["initiator_instance"]) == ("any", "any", INSTANCE)


def test_what_was_not_gathered_is_not_declared():
    some = facts.assemble(queries.gather(Host(FULL), ["isns_servers"], 0))
    assert declaration(some) == {
        "service_state": "started",
        "service_start_mode": "automatic",
        "isns_servers": ["isns.example.com"],
    }


@pytest.mark.parametrize("plain", [None, [], {}, "facts"])
def test_what_is_not_facts_is_refused(plain):
    with pytest.raises(AnsibleFilterError, match=r"ansible_facts\.windows_iscsi"):
        declaration(plain)
