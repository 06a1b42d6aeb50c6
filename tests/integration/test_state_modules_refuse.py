# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that change, where they must not, or cannot: wrong input, obstacles, purges, and what breaks on the way.

Each case is a task on a host of its own. What it must say, and what must be there afterwards.
"""

from __future__ import annotations

import copy
import re
import typing as t
from types import SimpleNamespace

import pytest
import yaml

from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.service import Service
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.state import dump
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.store import Store

DATA, LOGS, GONE, SCRATCH = ("iqn.2004-01.com.example:" + name for name in ("data", "logs", "gone", "scratch"))
SECRET, OTHER = "Marker-Chap01", "Marker-Chap02"
NETWORK = {
    "arrays": [
        {
            "portals": ["192.0.2.21", "192.0.2.22"],
            "targets": [
                {"iqn": DATA, "luns": [1]},
                {"iqn": SCRATCH, "luns": [1]},
                {"iqn": LOGS, "chap": {"user": "sql01", "secret": SECRET}},
            ],
        },
        {"portals": ["192.0.2.31"], "reachable": False, "targets": []},
    ]
}
RUNNING = {
    "network": NETWORK,
    "service": {"state": "running", "start_mode": "automatic"},
    "target_portals": ["192.0.2.21"],
}
MULTIPATH = {"login_flags": ["multipath_enabled"]}
PLAIN = {"target": DATA, "portal": "192.0.2.21"}
TWO_PATHS = dict(
    RUNNING,
    mpio={"claimed": True},
    sessions=[
        {"target": DATA, "portal": "192.0.2.21", "login_options": MULTIPATH},
        {"target": DATA, "portal": "192.0.2.22", "login_options": MULTIPATH},
    ],
)
SAVED = dict(RUNNING, persistent_logins=[PLAIN, {"target": GONE, "portal": "192.0.2.99"}])
LIVE = dict(SAVED, sessions=[PLAIN])
CHAP = dict(
    RUNNING,
    persistent_logins=[
        {
            "target": LOGS,
            "portal": "192.0.2.21",
            "login_options": {"auth_type": "chap", "username": "sql01", "password": SECRET},
        }
    ],
)
LOGIN = {"target": DATA, "portal": {"address": "192.0.2.21"}}
CHAP_LOGIN = {"target": LOGS, "portal": {"address": "192.0.2.21"}}


class Case(t.NamedTuple):
    """A task that fails (``says``: words of its error, in order) or not. ``logins``: targets that are saved then."""

    module: str
    options: dict
    state: dict
    says: t.Optional[str] = None
    logins: t.Optional[list] = None
    check: t.Callable = lambda result: None
    changed: bool = True


def wrong(module, says, **options):
    return Case(module, options, RUNNING, says)


CASES = {
    # what Windows would refuse
    "second-login-without-multipath": Case(
        "initiator_state",
        {"persistent_logins": [LOGIN, {"target": DATA, "portal": "192.0.2.22"}]},
        RUNNING,
        "192.0.2.21:3260.* it lacks the login flag multipath_enabled.*There would be .*192.0.2.22:3260.*"
        "Set multipath: true for every login",
        [],
    ),
    "forbidden-by-a-group-policy": Case(
        "persistent_login",
        LOGIN,
        dict(RUNNING, group_policy={"RestrictAdditionalLogins": 1}),
        "Nothing was changed.*the group policy RestrictAdditionalLogins is enabled on this host and forbids new",
        [],
    ),
    # what is not an option, or not a value of it
    "no-such-option": wrong(
        "persistent_login", "Unsupported parameters: bogus.*Supported parameters include: .*copies", **LOGIN, bogus=1
    ),
    "no-target": wrong("persistent_login", "missing required arguments: target"),
    "state": wrong(
        "persistent_login", "value of state must be one of: present, absent, got: gone", **LOGIN, state="gone"
    ),
    "not-an-iqn": wrong("persistent_login", "target: 'data' is not an iSCSI name. Expected iqn.yyyy-mm", target="data"),
    "flag": wrong(
        "persistent_login",
        "security_flags: .*'pfs_enable'.*did you mean pfs_enabled.*valid are valid, ike_ipsec_enabled",
        **LOGIN,
        security_flags=["pfs_enable"],
    ),
    "login-flag": wrong(
        "persistent_login",
        "login_flags: .*'mpio'.*valid are require_ipsec, multipath_enabled",
        **LOGIN,
        login_flags=["mpio"],
    ),
    "digest": wrong(
        "persistent_login",
        "header_digest: .*'crc32'.*did you mean crc32c.*none, crc32c.*or unspecified",
        **LOGIN,
        header_digest="crc32",
    ),
    "auth": wrong(
        "persistent_login", "auth_type: .*'kerberos'.*none, chap, mutual_chap", **LOGIN, auth_type="kerberos"
    ),
    "secret-elsewhere": wrong(
        "persistent_login", "username|auth_type", **LOGIN, secret=SECRET, username="x", auth_type=SECRET
    ),
    "connections": wrong(
        "persistent_login",
        "maximum_connections: expected a whole number from 1 to 65535, not '0', or unspecified",
        **LOGIN,
        maximum_connections=0,
    ),
    "time": wrong(
        "persistent_login", "default_time2wait: expected a whole number from 0", **LOGIN, default_time2wait="soon"
    ),
    "copies": wrong("persistent_login", "copies: expected a whole number from 1 to 256", **LOGIN, copies=0),
    "copies-type": wrong("persistent_login", "'copies' .*unable to convert to int", **LOGIN, copies="some"),
    "initiator-port": wrong("persistent_login", "initiator_port: expected a whole number", **LOGIN, initiator_port=-1),
    "portal-address": wrong(
        "persistent_login",
        "portal.address: '192.0.2.256' is neither an IPv4",
        target=DATA,
        portal={"address": "192.0.2.256"},
    ),
    "portal-port": wrong(
        "persistent_login",
        "portal.port: expected a whole number from 1 to 65535",
        target=DATA,
        portal={"address": "192.0.2.21", "port": 70000},
    ),
    "portal-incomplete": wrong(
        "persistent_login", "portal: expected an address such as", target=DATA, portal={"port": 3260}
    ),
    "secret-short": wrong(
        "persistent_login", "secret: the secret has 4 bytes; expected 12 to 16", **LOGIN, secret="Mrkr"
    ),
    "secret-hex": wrong(
        "persistent_login",
        "secret: expected ASCII text, or 0x followed by pairs of hexadecimal digits",
        **LOGIN,
        secret="0xMarker-Chap01",
    ),
    "mappings": wrong("persistent_login", "luns found in mappings", **LOGIN, mappings={"bus": 0, "target_number": 1}),
    "informational-connected": wrong(
        "persistent_login", "connected: an informational session", **LOGIN, session_type="informational", connected=True
    ),
    "time-limit": wrong(
        "persistent_login",
        "login_time_limit must be 0 .no limit. or a positive number of seconds, not -1",
        **LOGIN,
        login_time_limit=-1,
    ),
    "instance": wrong(
        "persistent_login",
        r"no initiator instance ROOT.ELSE. It has: ROOT.ISCSIPRT.0000_0",
        **LOGIN,
        initiator_instance="ROOT\\ELSE",
    ),
    "session-by-name": wrong(
        "session",
        "portal: .*'array.example.com' does not tell which to end",
        target=DATA,
        state="absent",
        portal={"address": "array.example.com"},
    ),
    "device-and-all": wrong(
        "persistent_device", "Set either path or bind_all_volumes: true", path="E:\\", bind_all_volumes=True
    ),
    "device-unknown": wrong("persistent_device", "Failed calls: F:", path="F:\\"),
    "node-name": wrong("initiator", "node_name: 'sql01' is not an iSCSI name", node_name="sql01"),
    "radius-secret": wrong(
        "initiator", "radius_secret: the secret has 13 bytes; expected 22 to 26", radius_secret=SECRET
    ),
    "service": wrong(
        "initiator", "value of service_state must be one of: started, got: stopped", service_state="stopped"
    ),
    "isns": wrong(
        "isns_server",
        "address: 'isns server' is neither an IPv4 or IPv6 address nor a host name",
        address="isns server",
    ),
    "static-portal": wrong(
        "static_target",
        "portals.0..address: 'nowhere!' is neither an IPv4",
        target=GONE,
        portals=[{"address": "nowhere!"}],
    ),
    "nested": wrong(
        "initiator_state",
        r"persistent_logins\[1\].auth_type: .*'md5'",
        persistent_logins=[LOGIN, dict(CHAP_LOGIN, auth_type="md5")],
    ),
    "nested-server": wrong(
        "initiator_state",
        r"isns_servers\[0\]: expected address as text, or a mapping with the keys address and state",
        isns_servers=[{"name": "x"}],
    ),
    "purge-kind": wrong(
        "initiator_state",
        "value of purge must be one or more of: .*Got no match for: sessions",
        purge=["sessions"],
    ),
    "twice": wrong(
        "initiator_state",
        r"persistent_logins\[1\]: declares the same record as persistent_logins\[0\]",
        persistent_logins=[LOGIN, LOGIN],
    ),
    # what stands in the way is told before anything is touched
    "stopped": Case(
        "persistent_login", LOGIN, dict(RUNNING, service={"state": "stopped"}), "MSiSCSI is stopped.*Start MSiSCSI"
    ),
    "unknown-target": Case(
        "persistent_login",
        {"target": GONE},
        RUNNING,
        "Nothing was changed.*does not know this target.*Discover the target first",
    ),
    "unknown-target-replaced": Case(
        "persistent_login",
        {"target": GONE, "portal": {"address": "192.0.2.99"}, "header_digest": "crc32c"},
        SAVED,
        "Nothing was changed.*again after its removal",
        [DATA, GONE],
    ),
    "secret-missing": Case(
        "persistent_login",
        dict(CHAP_LOGIN, header_digest="crc32c"),
        CHAP,
        "Nothing was changed.*saving it takes the CHAP secret.*Declare secret for it",
        [LOGS],
    ),
    "sibling-secret-missing": Case(
        "persistent_login",
        {"target": LOGS, "portal": "any", "state": "absent"},
        dict(CHAP, persistent_logins=[{"target": LOGS, "portal": None}] + CHAP["persistent_logins"]),
        "may also remove it.*without its CHAP secret",
        [LOGS, LOGS],
    ),
    "last-path": Case(
        "persistent_login",
        dict(LOGIN, state="absent", connected=False),
        LIVE,
        r"Nothing was changed.*last path to \\\\.\\PhysicalDrive1.*force: true",
        [DATA, GONE],
    ),
    "last-paths-together": Case(
        "session", {"target": DATA, "state": "absent"}, TWO_PATHS, r"last path to \\\\.\\PhysicalDrive1"
    ),
    "in-use": Case(
        "session",
        {"target": DATA, "state": "absent", "force": True},
        dict(RUNNING, sessions=[dict(PLAIN, in_use=True)]),
        "(ISDSC_)?DEVICE_BUSY_ON_SESSION",
    ),
    "purge-nothing-declared": Case(
        "initiator_state",
        {"persistent_logins": [], "purge": ["persistent_logins"]},
        SAVED,
        "Nothing was changed. persistent_logins: purge with no entry declared would remove all",
        [DATA, GONE],
    ),
    "purge-all-absent": Case(
        "initiator_state",
        {"persistent_logins": [dict(LOGIN, state="absent")], "purge": ["persistent_logins"]},
        SAVED,
        "persistent_logins: purge with no entry declared would remove all",
        [DATA, GONE],
    ),
    # purges that are carried out
    "purge-spares": Case(
        "initiator_state",
        {"persistent_logins": [dict(LOGIN, target=SCRATCH)], "purge": ["persistent_logins"]},
        LIVE,
        None,
        [DATA, SCRATCH],
        lambda result: result["kept"][0].index(
            "kept, because a live session uses it. To remove it too, set purge_connected: true"
        ),
    ),
    "purge-connected": Case(
        "initiator_state",
        {"persistent_logins": [dict(LOGIN, target=SCRATCH)], "purge": ["persistent_logins"], "purge_connected": True},
        LIVE,
        None,
        [SCRATCH],
    ),
    "no-purge": Case(
        "initiator_state", {"persistent_logins": [dict(LOGIN, target=SCRATCH)]}, LIVE, None, [DATA, GONE, SCRATCH]
    ),
    # what is asked for and can be told only afterwards
    "portal-refreshed": Case(
        "target_portal",
        {"address": "192.0.2.21", "refresh": True},
        RUNNING,
        check=lambda result: [True].index(result["discovery_ok"]),
        changed=False,
    ),
    "all-volumes-bound": Case(
        "persistent_device",
        {"bind_all_volumes": True},
        LIVE,
        check=lambda result: result["persistent_devices"][0],
    ),
    # what breaks on the way
    "discovery-fails": Case(
        "target_portal",
        {"address": "192.0.2.31"},
        RUNNING,
        "192.0.2.31:3260 .*discovery failed, but the portal is saved.*CONNECTION_FAILED",
    ),
    "login-refused": Case(
        "persistent_login",
        dict(CHAP_LOGIN, auth_type="chap", username="sql01", secret="{{ other }}", connected=True),
        CHAP,
        "Failed calls: .*logging in.*AUTHENTICATION_FAILURE",
        [LOGS],
    ),
    "saving-fails": Case(
        "persistent_login",
        dict(LOGIN, header_digest="crc32c"),
        dict(
            SAVED,
            faults=[
                {"export": "LoginIScsiTargetW", "times": 2, "status": "ISDSC_COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA"}
            ],
        ),
        "header_digest differs.*COULD_NOT_SAVE",
        [DATA, GONE],
    ),
    "saving-refused-before-any-change": Case(
        "persistent_login",
        dict(LOGIN, target=SCRATCH),
        dict(
            SAVED,
            faults=[
                {"export": "LoginIScsiTargetW", "times": 0, "status": "ISDSC_COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA"}
            ],
        ),
        f"{SCRATCH}.*COULD_NOT_SAVE",
        [DATA, GONE],
        lambda result: [False].index(result["changed"]),
    ),
    "dropped": Case(
        "persistent_login",
        dict(CHAP_LOGIN, secret="{{ secret }}", update_secret="always"),
        dict(CHAP, faults=[{"export": "LoginIScsiTargetW", "action": "drop"}]),
        f"no answer came back.*Run the task again.*{LOGS}.*at_risk",
        [],
        lambda result: list(result["at_risk"].values())[0][0]["username"].index("sql01"),
    ),
    "lost": Case(
        "persistent_login",
        dict(LOGIN, header_digest="crc32c"),
        dict(
            SAVED,
            faults=[
                {"export": "LoginIScsiTargetW", "times": 0, "status": "ISDSC_COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA"}
            ],
        ),
        f"Lost .removed, but not declared absent.*{DATA}",
        [GONE],
        lambda result: list(result["lost"].values())[0][0]["target"].index(DATA),
    ),
}


def saved(site, host):
    with Store(site.folder / f"{host}.yml", None, Service).transaction() as state:
        return sorted(
            one["target"] for one in dump(state).get("persistent_logins", []) for _copy in range(one.get("copies", 1))
        )


@pytest.fixture(scope="module")
def run(site):
    """One run over all hosts, with everything that is told at -vvvvv."""
    (site.folder / "secrets.yml").write_text(yaml.safe_dump({"secret": SECRET, "other": OTHER}))
    plays = []
    for name, case in CASES.items():
        site.host(name, copy.deepcopy(case.state))
        secrets = {key: "{{ secret }}" for key, value in case.options.items() if value == SECRET}
        task = {"name": "task", f"winstorage.iscsi.{case.module}": dict(case.options, **secrets), "ignore_errors": True}
        plays.append({"hosts": name, "gather_facts": False, "vars_files": ["secrets.yml"], "tasks": [task]})
    before = {name: saved(site, name) for name in CASES}
    done = site.run(yaml.safe_dump(plays), "-vvvvv", "--diff")
    return SimpleNamespace(
        results={one.host: one for one in done.results},
        output=done.output,
        before=before,
        after={name: saved(site, name) for name in CASES},
    )


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.says])
def test_what_cannot_be_done_says_why(run, name):
    assert run.results[name].status == "failed"
    assert re.search(CASES[name].says, run.results[name].result["msg"], re.DOTALL), run.results[name].result["msg"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.says])
def test_what_can_be_done_is_done(run, name):
    assert run.results[name].status == "ok", run.results[name].result["msg"]
    assert run.results[name].result["changed"] is CASES[name].changed


@pytest.mark.parametrize("name", CASES)
def test_the_logins_that_are_saved_afterwards(run, name):
    logins = CASES[name].logins
    assert run.after[name] == (run.before[name] if logins is None else sorted(logins))


@pytest.mark.parametrize("name", CASES)
def test_the_result_says_more(run, name):
    CASES[name].check(run.results[name].result)


@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if case.says and "Nothing was changed" in case.says]
)
def test_a_refused_plan_is_told_and_nothing_is_changed(run, name):
    result = run.results[name].result
    assert result["changed"] is False
    assert bool(result["plan"]) is (name != "purge-nothing-declared")


def test_no_secret_is_told_anywhere(run):
    assert SECRET not in run.output and OTHER not in run.output
    # what ansible-core before 2.19 shows at -vvv of an error without a cause
    output = run.output.replace("The full traceback is:\nNoneType: None\n", "")
    assert not re.search("Traceback|unexpected exception|please report|defect", output, re.IGNORECASE)
