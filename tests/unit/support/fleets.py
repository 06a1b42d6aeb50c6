# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets to report: the three hosts of the demo, five hundred like them, two hundred that share arrays in any way, and
one whose names mean harm."""

from __future__ import annotations

import functools
import json
import random
from pathlib import Path

import yaml

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import planner
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import audit
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

DEMO = Path(__file__).parents[3] / "demo/hosts"
# Drift of files03: a login differs, another is missing, a third is one too many.
DECLARED = {
    "persistent_logins": [
        {
            "target": "iqn.2015-11.com.hpe:storage.msa2060.2247d8b1a5",
            "portal": {"address": "172.16.8.101"},
            "login_flags": ["multipath_enabled"],
        },
        {
            "target": "iqn.2015-11.com.hpe:storage.msa2060.2247d8b1a5",
            "portal": {"address": "fd12:3456:789a:8::101"},
            "login_flags": ["multipath_enabled"],
        },
    ],
    "purge": ["persistent_logins"],
}
# What harms a page that does not escape it, and what deceives its reader.
HARM = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</style><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}",
    "line one\nline two",
    "\u202egnp.exe",
    "a\u200fb\u2028c",
    "x`*_[y](http://z)|",
    "&lt;b&gt;",
    "--><!--",
    "]]>",
    "\x00\x1b[31m",
    "@everyone",
    "𝕊 記憶 ärger",
]


def demo_state(name):
    """The state of a host of the demo, as its file has it."""
    return yaml.safe_load((DEMO / f"{name}.yml").read_text())


@functools.cache
def _demo(name):
    snapshot = queries.gather(Host(demo_state(name)), list(queries.READS), 0)
    drift = audit.find_drift(planner.plan(snapshot, declare(DECLARED))) if name == "files03" else []
    return json.dumps({"facts": facts.assemble(snapshot), "drift": drift})


def demo_host(name):
    """One host of the demo as :func:`report.build` takes it. Nothing was declared for hyperv02."""
    told = dict(json.loads(_demo(name)), name=name)
    return dict(told, drift=None) if name == "hyperv02" else told


def three():
    """The demo."""
    return [demo_host(name) for name in ("sql01", "hyperv02", "files03")]


def many(number=500):
    """Hosts like those of the demo on four sites, 60% in order, some that cannot be reached. The same each time."""
    hosts = []
    for index in range(number):
        like = "files03" if index % 10 == 3 else "hyperv02" if index % 10 in (1, 4, 8) else "sql01"
        site = str(index % 4)
        text = json.dumps(demo_host(like))
        for old, new in (
            ("192.168.5", f"10.{site}.5"),
            ("10.20.3", f"10.1{site}.3"),
            ("172.16.8.", f"172.16.{site}."),
            ("2247d8b1a5", f"2247d8{index:04d}"),
            ("com.microsoft:", f"com.microsoft:host{index:03d}-"),
        ):
            text = text.replace(old, new)
        host = dict(json.loads(text), name=f"{like}-{index:03d}")
        if index % 50 == 7:
            host.update(facts=None, drift=None, error="Unreachable: connection timed out")
        hosts.append(host)
    return hosts


def mixed(number=200):
    """Hosts that use one to three of twelve arrays, in more than a hundred combinations; some use one more array as a
    host of the demo does, and are degraded or at risk. The same each time."""
    chance = random.Random(5)  # noqa: S311
    hosts = []
    for index in range(number):
        used = [_with_array(array) for array in chance.sample(range(12), chance.choice([1, 2, 2, 3]))]
        like = "files03" if index % 25 == 3 else "hyperv02" if index % 10 == 4 else None
        first, *others = [demo_host(like)["facts"], *used] if like else used
        for facts_of in others:
            for part in ("persistent_logins", "sessions", "target_portals"):
                first[part] += facts_of[part]
        first["initiator"]["node_name"] = f"iqn.1991-05.com.microsoft:srv{index:03d}"
        hosts.append({"name": f"srv{index:03d}", "facts": first, "drift": None})
    return hosts


def _with_array(array):
    """The facts of sql01, with an array of another number."""
    text = json.dumps(demo_host("sql01")["facts"])
    for old, new in (
        ("192.168.50.", f"10.30.{array}."),
        ("192.168.51.", f"10.31.{array}."),
        ("2f3b51c8a04d7e19", f"{array:016x}"),
    ):
        text = text.replace(old, new)
    return json.loads(text)


@functools.cache
def _host_with_disks(paths):
    addresses = ["192.0.2.21", "192.0.2.22"][:paths]
    login = {"target": "iqn.2004-01.com.example:array0", "login_options": {"login_flags": ["multipath_enabled"]}}
    units = [{"lun": number, "size": "100G", "naa": f"6001405a1b2c3d4e5f6071{number:010x}"} for number in range(256)]
    state = {
        "service": {"state": "running", "start_mode": "automatic"},
        "mpio": {"claimed": True},
        "network": {"arrays": [{"portals": addresses, "targets": [{"iqn": login["target"], "luns": units}]}]},
        "persistent_logins": [dict(login, portal=addresses[0])],
        "sessions": [dict(login, portal=address) for address in addresses],
    }
    return json.dumps(facts.assemble(queries.gather(Host(state), list(queries.READS), 0)))


def with_disks(number, paths=1):
    """A host with 256 disks; of two paths to them only one is saved. Each number has names of its own."""
    plain = _host_with_disks(paths).replace("5f6071", f"5f{number:04x}").replace(":array0", f":array{number}")
    plain = plain.replace("com.microsoft:", f"com.microsoft:host{number:03d}-")
    return {"name": f"host{number:03d}", "facts": json.loads(plain), "drift": None}


@functools.cache
def _host_with_sessions():
    targets = [f"iqn.2004-01.com.example:array0-{number:03d}" for number in range(256)]
    units = [
        [{"lun": 0, "size": "100G", "naa": f"6001405a1b2c3d4e5f6071{number:010x}"}] for number in range(len(targets))
    ]
    state = {
        "service": {"state": "running", "start_mode": "automatic"},
        "network": {
            "arrays": [
                {
                    "portals": ["192.0.2.21"],
                    "targets": [{"iqn": target, "luns": luns} for target, luns in zip(targets, units)],
                }
            ]
        },
        "sessions": [{"target": target, "portal": "192.0.2.21"} for target in targets],
    }
    return json.dumps(facts.assemble(queries.gather(Host(state), list(queries.READS), 0)))


def with_sessions(number):
    """A host with 256 sessions to a target each, of which none is saved. Each number has names of its own."""
    plain = _host_with_sessions().replace("5f6071", f"5f{number:04x}").replace(":array0", f":array{number}")
    plain = plain.replace("win-simulated", f"host{number:03d}")
    return {"name": f"host{number:03d}", "facts": json.loads(plain), "drift": None}


def hostile():
    """A host for each harmful text, which stands in every place where a name, an address or a message can."""
    return [_hostile(harm) for harm in HARM] + [
        {"name": "unreachable", "facts": None, "drift": None, "error": "Unreachable: " + "".join(HARM)}
    ]


def _hostile(harm):
    host = demo_host("files03")
    plain = host["facts"]
    iqn = "iqn.2004-01.com.example:" + harm
    plain["initiator"]["node_name"] = iqn
    plain["host"]["windows_version"] = harm
    plain["warnings"].append(harm)
    for login in plain["persistent_logins"]:
        login.update(target=iqn)
        login["portal"].update(address=harm, symbolic_name=harm)
        login["login_options"].update(auth_type="chap", username=harm)
    for portal in plain["target_portals"]:
        portal["portal"].update(address=harm, symbolic_name=harm)
    for session in plain["sessions"]:
        session.update(target=iqn)
        session["connections"][0].update(target_address=harm, initiator_address=harm)
        session["devices"][0].update(legacy_name=harm)
    for disk in plain["next_boot"]["disks"]:
        volume = {"paths": [harm], "label": harm, "file_system": harm, "size": None}
        disk.update(id=harm, names=[harm], targets=[iqn], reason=harm, volumes=[volume], offline_reason=harm)
        disk.update(offline=True)
    event = dict.fromkeys(("provider", "kind", "target", "disk", "text", "remedy", "first", "last"), harm)
    event.update(id=1, severity="warning", portal={"address": harm, "port": 3260}, count=1)
    plain["events"] = {"since": harm, "entries": [event]}
    for finding in host["drift"]:
        finding.update(what=harm, field=harm, found=harm, declared=[harm], record=harm, text=harm, remedy=harm)
    return dict(host, name=harm)
