# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that change, through real playbooks: check mode, for real, and again unchanged.

After each step the state of the simulated host is read from its files, not through a module.
"""

from __future__ import annotations

import copy
import re
import textwrap
import typing as t
from types import SimpleNamespace

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.service import Service
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.state import dump, load
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.store import Store

DATA, LOGS, GONE = ("iqn.2004-01.com.example:" + name for name in ("data", "logs", "gone"))
INSTANCE = "ROOT\\ISCSIPRT\\0000_0"
CHAP, NEW_CHAP, MUTUAL, RADIUS, KEY = (
    "Marker-Chap01",
    "Marker-Chap02",
    "Marker-Mutual1",
    "Marker-Radius-000000001",
    "Marker-Key1",
)
SECRETS = {"chap": CHAP, "new_chap": NEW_CHAP, "mutual": MUTUAL, "radius": RADIUS, "key": KEY}

NETWORK = {
    "arrays": [
        {
            "portals": ["192.0.2.21", "192.0.2.22"],
            "targets": [
                {"iqn": DATA, "luns": [{"lun": 1, "volumes": ["E:\\"]}]},
                {"iqn": LOGS, "chap": {"user": "sql01", "secret": CHAP, "mutual_secret": MUTUAL}, "luns": [1]},
            ],
        },
        {"portals": ["192.0.2.31"], "reachable": False, "targets": []},
    ],
    "isns_servers": [{"address": "isns.example.com"}],
}
FRESH = {"network": NETWORK}  # MSiSCSI is stopped and starts on demand
RUNNING = dict(FRESH, service={"state": "running", "start_mode": "automatic"})
KNOWN = dict(RUNNING, target_portals=["192.0.2.21"])
OPTIONS = {"login_flags": ["multipath_enabled"]}
SAVED = dict(KNOWN, persistent_logins=[{"target": DATA, "portal": "192.0.2.21", "login_options": OPTIONS}])
LIVE = dict(SAVED, sessions=[{"target": DATA, "portal": "192.0.2.21", "login_options": OPTIONS}])
SOLE = {"target": DATA, "portal": "192.0.2.21"}
WITH_CHAP = dict(
    KNOWN,
    persistent_logins=[
        {
            "target": LOGS,
            "portal": "192.0.2.21",
            "login_options": {"auth_type": "chap", "username": "sql01", "password": CHAP},
        }
    ],
)
LOGIN = {"target": DATA, "portal": {"address": "192.0.2.21"}}
CHAP_LOGIN = {
    "target": LOGS,
    "portal": {"address": "192.0.2.21"},
    "auth_type": "chap",
    "username": "sql01",
    "secret": "{{ chap }}",
}


class Case(t.NamedTuple):
    """A task on a host, and where its effect is seen.

    ``module`` with ``options`` on a host as in ``state``; ``part`` of its state file holds ``then`` afterwards.
    ``again``: whether a second run changes something. ``trips``: round trips in check mode, for real, and again.
    """

    module: str
    options: dict
    state: dict
    part: str
    then: object
    again: bool = False
    trips: tuple = (1, 2, 1)


def login(target=DATA, portal="192.0.2.21", **options):
    """A persistent login or session as the state file has it."""
    found = {"target": target}
    if portal:
        found["portal"] = {"address": portal}
    return dict(found, login_options=options) if options else found


CASES = {
    "login-saved": Case(
        "persistent_login",
        dict(
            LOGIN,
            security_flags=["valid", "pfs_enabled"],
            header_digest="crc32c",
            maximum_connections=4,
            login_flags=["multipath_enabled"],
            default_time2wait=2,
            default_time2retain=20,
        ),
        KNOWN,
        "persistent_logins",
        [
            dict(
                login(
                    header_digest="crc32c",
                    maximum_connections=4,
                    login_flags=["multipath_enabled"],
                    default_time2wait=2,
                    default_time2retain=20,
                ),
                security_flags=["valid", "pfs_enabled"],
            )
        ],
    ),
    "login-with-chap": Case(
        "persistent_login",
        CHAP_LOGIN,
        KNOWN,
        "persistent_logins",
        [login(LOGS, auth_type="chap", username="sql01", password=CHAP)],
    ),
    "login-chap-rotated": Case(
        "persistent_login",
        dict(CHAP_LOGIN, secret="{{ new_chap }}", update_secret="always"),
        WITH_CHAP,
        "persistent_logins",
        [login(LOGS, auth_type="chap", username="sql01", password=NEW_CHAP)],
        again=True,
        trips=(1, 2, 2),
    ),
    "login-field-changed": Case(
        "persistent_login",
        dict(LOGIN, data_digest="crc32c"),
        SAVED,
        "persistent_logins",
        [login(login_flags=["multipath_enabled"], data_digest="crc32c")],
    ),
    # Windows saves no second login of a target without the multipath flag: the old one has to go first
    "login-without-multipath-changed-while-connected": Case(
        "persistent_login",
        dict(LOGIN, data_digest="crc32c"),
        dict(KNOWN, persistent_logins=[SOLE], sessions=[SOLE]),
        "persistent_logins",
        [login(data_digest="crc32c")],
    ),
    "login-without-multipath-changed-at-a-port": Case(
        "persistent_login",
        dict(LOGIN, data_digest="crc32c"),
        dict(KNOWN, persistent_logins=[dict(SOLE, initiator_instance=INSTANCE, initiator_port=0)]),
        "persistent_logins",
        [dict(login(data_digest="crc32c"), initiator_instance=INSTANCE, initiator_port=0)],
    ),
    "login-connected": Case(
        "persistent_login",
        dict(LOGIN, login_flags=["multipath_enabled"], connected=True),
        SAVED,
        "sessions",
        [{"target": DATA, "portal": "192.0.2.21"}],
    ),
    "login-two-copies": Case(
        "persistent_login",
        dict(LOGIN, copies=2),
        SAVED,
        "persistent_logins",
        [login(login_flags=["multipath_enabled"])] * 2,
    ),
    "login-duplicates-reduced": Case(
        "persistent_login",
        LOGIN,
        dict(KNOWN, persistent_logins=[dict(login(), copies=3)]),
        "persistent_logins",
        [login()],
    ),
    "login-mapped": Case(
        "persistent_login",
        dict(LOGIN, mappings={"bus": 0, "target_number": 3, "luns": [{"os_lun": 1, "target_lun": 1 << 48}]}),
        KNOWN,
        "persistent_logins",
        [
            dict(
                login(),
                mappings={
                    "initiator_instance": INSTANCE,
                    "target": DATA,
                    "target_number": 3,
                    "luns": [{"os_lun": 1, "target_lun": 1 << 48}],
                },
            )
        ],
    ),
    "login-for-any-portal": Case(
        "persistent_login",
        {"target": DATA.upper().replace("IQN", "iqn"), "portal": "any"},
        KNOWN,
        "persistent_logins",
        [{"target": DATA.upper().replace("IQN", "iqn"), "portal": "192.0.2.21"}],  # the first that is known
    ),
    "login-through-a-portal-in-words": Case(
        "persistent_login",
        {"target": DATA, "portal": "[2001:DB8::21]:3261"},
        KNOWN,
        "persistent_logins",
        [{"target": DATA, "portal": {"address": "2001:db8::21", "port": 3261}}],
    ),
    "login-of-the-facts": Case(
        "persistent_login",
        {"target": DATA, "portal": {"address": "192.0.2.21", "port": 3260, "symbolic_name": ""}, "state": "absent"},
        SAVED,
        "persistent_logins",
        [],
    ),
    "login-removed": Case("persistent_login", dict(LOGIN, state="absent"), SAVED, "persistent_logins", []),
    "login-removed-in-other-case": Case(
        "persistent_login",
        {
            "target": "IQN.2004-01.COM.EXAMPLE:DATA",
            "initiator_instance": INSTANCE.lower(),
            "portal": {"address": "192.0.2.21"},
            "state": "absent",
        },
        SAVED,
        "persistent_logins",
        [],
    ),
    "login-of-a-dead-array-removed": Case(
        "persistent_login",
        {"target": GONE, "portal": {"address": "192.0.2.99"}, "state": "absent"},
        dict(SAVED, persistent_logins=SAVED["persistent_logins"] + [login(GONE, "192.0.2.99")]),
        "persistent_logins",
        [login(login_flags=["multipath_enabled"])],
    ),
    "portal-added": Case(
        "target_portal",
        {"address": "192.0.2.21", "symbolic_name": "fabric a"},
        RUNNING,
        "target_portals",
        [{"address": "192.0.2.21", "symbolic_name": "fabric a"}],
    ),
    "portal-ipv6": Case(
        "target_portal",
        {"address": "[2001:DB8:0::21]", "port": 3261, "discovery_failure": "warn"},
        RUNNING,
        "target_portals",
        [{"address": "2001:db8::21", "port": 3261}],
    ),
    "portal-changed": Case(
        "target_portal",
        {"address": "192.0.2.21", "header_digest": "crc32c"},
        KNOWN,
        "target_portals",
        [{"address": "192.0.2.21", "login_options": {"header_digest": "crc32c"}}],
    ),
    "portal-silent": Case(
        "target_portal",
        {"address": "192.0.2.31", "discovery_failure": "warn"},
        RUNNING,
        "target_portals",
        [{"address": "192.0.2.31"}],
    ),
    "portal-removed": Case("target_portal", {"address": "192.0.2.21", "state": "absent"}, KNOWN, "target_portals", []),
    "static-added": Case(
        "static_target",
        {"target": GONE, "alias": "by hand", "portals": [{"address": "192.0.2.41"}]},
        RUNNING,
        "static_targets",
        [
            {
                "target": GONE,
                "alias": "by hand",
                "portal_groups": [[{"address": "192.0.2.41"}]],
            }
        ],
    ),
    "static-changed": Case(
        "static_target",
        {"target": GONE, "header_digest": "crc32c"},
        dict(RUNNING, static_targets=[{"target": GONE, "alias": "by hand", "portal_groups": [["192.0.2.41"]]}]),
        "static_targets",
        [
            {
                "target": GONE,
                "alias": "by hand",
                "portal_groups": [[{"address": "192.0.2.41"}]],
                "login_options": {"header_digest": "crc32c"},
            }
        ],
    ),
    "static-removed": Case(
        "static_target",
        {"target": GONE, "state": "absent"},
        dict(RUNNING, static_targets=[{"target": GONE}]),
        "static_targets",
        [],
    ),
    "session-opened": Case("session", dict(CHAP_LOGIN), KNOWN, "sessions", [{"target": LOGS, "portal": "192.0.2.21"}]),
    "session-ended": Case("session", {"target": DATA, "state": "absent", "force": True}, LIVE, "sessions", []),
    "session-ended-where-another-stays": Case(
        "session",
        {"target": DATA, "portal": {"address": "192.0.2.22"}, "state": "absent"},
        dict(
            LIVE,
            mpio={"claimed": True},
            sessions=LIVE["sessions"] + [{"target": DATA, "portal": "192.0.2.22", "login_options": OPTIONS}],
        ),
        "sessions",
        [{"target": DATA, "portal": "192.0.2.21"}],
    ),
    "device-bound": Case("persistent_device", {"path": "E:\\"}, LIVE, "persistent_devices", ["E:\\"]),
    "device-unbound": Case(
        "persistent_device",
        {"path": "e:\\", "state": "absent"},
        dict(LIVE, persistent_devices=["E:\\"]),
        "persistent_devices",
        [],
    ),
    "service-started": Case(
        "initiator",
        {"service_state": "started", "service_start_mode": "automatic"},
        FRESH,
        "service",
        {"state": "running", "start_mode": "automatic"},
        trips=(1, 1, 1),
    ),
    "service-disabled-started": Case(
        "initiator",
        {"service_state": "started", "service_start_mode": "automatic"},
        dict(FRESH, service={"start_mode": "disabled"}),
        "service",
        {"state": "running", "start_mode": "automatic"},
        trips=(1, 1, 1),
    ),
    "initiator-named": Case(
        "initiator",
        {"node_name": "iqn.2004-01.com.example:sql01", "radius_servers": ["192.0.2.7"]},
        RUNNING,
        "initiator",
        {"node_name": "iqn.2004-01.com.example:sql01"},
    ),
    "initiator-secret-not-used-yet": Case(
        "initiator",
        {"chap_secret": "{{ mutual }}", "radius_secret": "{{ radius }}", "group_preshared_key": "{{ key }}"},
        RUNNING,
        "initiator",
        {"mutual_chap_secret": MUTUAL, "radius_secret": RADIUS, "group_preshared_key": KEY},
        again=True,
        trips=(1, 2, 2),
    ),
    "initiator-ike": Case(
        "initiator",
        {
            "ike": [
                {
                    "id_type": "fqdn",
                    "id": "sql01.example.com",
                    "key": "{{ key }}",
                    "security_flags": ["valid", "ike_ipsec_enabled"],
                }
            ]
        },
        RUNNING,
        "ike",
        {
            "root\\iscsiprt\\0000_0/4294967295/2/{}".format(b"sql01.example.com".hex()): {
                "id_type": 2,
                "id": "sql01.example.com",
                "key": KEY,
                "security_flags": ["valid", "ike_ipsec_enabled"],
            }
        },
        again=True,
        trips=(1, 2, 2),
    ),
    "whole-tunnels": Case(
        "initiator_state",
        {
            "tunnel_outer_addresses": [{"destination": "192.0.2.21", "outer_address": "198.51.100.7"}],
            "persistent_logins": [
                dict(
                    LOGIN,
                    security_flags=["valid", "ike_ipsec_enabled", "tunnel_mode_preferred"],
                    login_flags=["multipath_enabled"],
                )
            ],
        },
        SAVED,
        "tunnels",
        [{"initiator": INSTANCE, "destination": "192.0.2.21", "outer": "198.51.100.7"}],
    ),
    "isns-added": Case("isns_server", {"address": "isns.example.com"}, RUNNING, "isns_servers", ["isns.example.com"]),
    "isns-removed": Case(
        "isns_server",
        {"address": "ISNS.example.com", "state": "absent"},
        dict(RUNNING, isns_servers=["isns.example.com"]),
        "isns_servers",
        [],
    ),
    "whole-fresh": Case(
        "initiator_state",
        {
            "service_state": "started",
            "service_start_mode": "automatic",
            "chap_secret": "{{ mutual }}",
            "target_portals": [{"address": "192.0.2.21"}],
            "isns_servers": ["isns.example.com"],
            "radius_servers": [{"address": "192.0.2.7", "state": "present"}],
            "persistent_logins": [
                dict(LOGIN, connected=True),
                dict(CHAP_LOGIN, auth_type="mutual_chap", connected=True),
            ],
        },
        FRESH,
        "persistent_logins",
        [login(), login(LOGS, auth_type="mutual_chap", username="sql01", password=CHAP)],
    ),
    "whole-array-moved": Case(
        "initiator_state",
        {
            "target_portals": [{"address": "192.0.2.22"}],
            "persistent_logins": [
                {"target": DATA, "portal": {"address": "192.0.2.22"}, "login_flags": ["multipath_enabled"]}
            ],
            "purge": ["persistent_logins", "target_portals"],
        },
        SAVED,
        "persistent_logins",
        [login(portal="192.0.2.22", **OPTIONS)],
    ),
}

SAME_DIFF = set(CASES) - {"whole-fresh"}  # of a stopped host check mode sees the service alone


def read_back(site, host, part):
    """A part of a simulated host's state, as its file would say it, but for the numbers that the host gives."""
    with Store(site.folder / f"{host}.yml", None, Service).transaction() as state:
        return without_numbers(dump(state).get(part))


def without_numbers(found):
    for entry in found if isinstance(found, list) else ():
        if isinstance(entry, dict):
            entry.pop("isid", None)
    return found


def expected(part, value):
    """The same of what a test expects. Of a session only where it leads matters."""
    state = load({part: value})
    if part == "persistent_logins":
        Service(state)  # fills in user names
    return without_numbers(dump(state).get(part))


def seen(part, value):
    """What is compared of a part."""
    if part == "sessions":
        return sorted((one["target"], (one.get("portal") or {}).get("address")) for one in value or ())
    return value


def play(host, module, options, name="task"):
    task = {"name": name, f"winstorage.iscsi.{module}": options, "ignore_errors": True}
    return {"hosts": host, "gather_facts": False, "vars_files": ["secrets.yml"], "tasks": [task]}


def keep_secrets(site):
    """A file of variables, each encrypted by itself, as people keep them."""
    (site.folder / "password").write_text("vault password of the tests")
    vault = VaultLib([("default", VaultSecret(b"vault password of the tests"))])
    texts = {name: vault.encrypt(secret).decode() for name, secret in SECRETS.items()}
    (site.folder / "secrets.yml").write_text(
        "".join("{}: !vault |\n{}".format(name, textwrap.indent(text, "  ")) for name, text in texts.items())
    )


@pytest.fixture(scope="module")
def runs(site):
    """All cases in check mode, for real, and again: of each run its results by host, output, and what was read back."""
    keep_secrets(site)
    for name, case in CASES.items():
        site.host(name, copy.deepcopy(case.state))
    plays = yaml.safe_dump([play(name, case.module, case.options) for name, case in CASES.items()])
    found = {"untouched": SimpleNamespace(state=states(site))}
    for run, arguments in {"check": ["--check"], "real": [], "again": []}.items():
        done = site.run(plays, "-vvvvv", "--diff", "--vault-password-file", "password", *arguments)
        found[run] = SimpleNamespace(
            results={one.host: one for one in done.results}, output=done.output, state=states(site)
        )
    return found


def succeeded(run, name):
    """The result of a task, which must not have failed."""
    assert run.results[name].status == "ok", run.results[name].result["msg"]
    return run.results[name].result


def states(site):
    return {name: read_back(site, name, case.part) for name, case in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_check_mode_tells_of_the_change_and_makes_none(runs, name):
    result = succeeded(runs["check"], name)
    assert result["changed"] is True
    assert runs["check"].state[name] == runs["untouched"].state[name]


@pytest.mark.parametrize("name", CASES)
def test_the_host_is_as_declared_afterwards(runs, name):
    result = succeeded(runs["real"], name)
    assert result["changed"] is True
    part, then = CASES[name].part, CASES[name].then
    assert seen(part, runs["real"].state[name]) == seen(part, expected(part, then))


@pytest.mark.parametrize("name", CASES)
def test_again_nothing_is_changed(runs, name):
    result = succeeded(runs["again"], name)
    assert result["changed"] is CASES[name].again
    assert runs["again"].state[name] == runs["real"].state[name]
    if not CASES[name].again:
        assert (result["plan"], result["diff"]) == ([], [])


@pytest.mark.parametrize("name", sorted(SAME_DIFF))
def test_check_mode_shows_the_plan_and_the_diff_of_the_real_run(runs, name):
    before, real = runs["check"].results[name].result, runs["real"].results[name].result
    assert (before["plan"], before["diff"]) == (real["plan"], real["diff"])
    assert real["plan"]


@pytest.mark.parametrize("name", CASES)
def test_round_trips(runs, name):
    made = tuple(
        len(re.findall(f"<{name}> winstorage.iscsi: round trip", runs[run].output))
        for run in ("check", "real", "again")
    )
    assert made == CASES[name].trips


def test_no_secret_is_told_anywhere(runs):
    for run in ("check", "real", "again"):
        for secret in SECRETS.values():
            assert secret not in runs[run].output
        assert not re.search("Traceback|unexpected exception|please report", runs[run].output, re.IGNORECASE)


def test_a_diff_has_a_line_for_each_field(runs):
    diff = runs["real"].output.partition("TASK [task]")[2]
    changed = diff[diff.index(f"before: persistent_logins, {DATA} through 192.0.2.21:3260 from {INSTANCE} any port") :]
    assert re.search(
        r"^\+- security_flags: \[valid, pfs_enabled\]\n"
        r"\+  login_flags: \[multipath_enabled\]\n\+  header_digest: crc32c\n",
        changed,
        re.M,
    )


def test_the_result_tells_what_is_there_now(runs):
    real = {name: one.result for name, one in runs["real"].results.items()}
    (connected,) = real["login-connected"]["persistent_logins"]
    assert (connected["target"], connected["connected"], connected["copies"]) == (DATA, True, 1)
    assert real["login-removed"]["persistent_logins"] == []
    assert real["login-two-copies"]["persistent_logins"][0]["copies"] == 2
    assert [one["portal"]["symbolic_name"] for one in real["portal-added"]["target_portals"]] == ["fabric a"]
    assert (real["portal-added"]["discovery_ok"], real["portal-silent"]["discovery_ok"]) == (True, False)
    assert runs["again"].results["portal-added"].result["discovery_ok"] is None
    assert [one["target"] for one in real["session-opened"]["sessions"]] == [LOGS]
    assert real["service-started"]["host"]["service_state"] == "running"
    assert real["whole-fresh"]["next_boot"]["verdict"] == "ready"
    assert real["initiator-named"]["radius_servers"] == ["192.0.2.7"]
    assert real["device-bound"]["persistent_devices"] == ["E:\\"]


def test_what_deserves_a_warning_gets_one(runs):
    assert any("MPIO claims no device" in line for line in runs["real"].results["login-saved"].result["warnings"])
    assert any("ike_ipsec_enabled is not" in line for line in runs["real"].results["login-saved"].result["warnings"])
    assert any(
        "192.0.2.31:3260" in line and "discovery failed, but the portal is saved" in line
        for line in runs["real"].results["portal-silent"].result["warnings"]
    )
    assert "[WARNING]: 192.0.2.31:3260" in runs["real"].output


def test_the_plan_is_told_at_v(runs):
    assert f"<login-removed> remove persistent_logins, {DATA} through 192.0.2.21:3260" in runs["check"].output
