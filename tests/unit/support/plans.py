# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and declarations that between them ask for every kind of change, with the neighbours that a change may harm."""

from __future__ import annotations

import typing as t

from ansible_collections.winstorage.iscsi.plugins.module_utils.model.identity import identity as identify
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import desired

FLASH, TAPE = "iqn.2010-06.com.purestorage:flash.1", "iqn.1992-08.com.netapp:tape.2"
INSTANCE = "ROOT\\ISCSIPRT\\0000_0"
SECRET, OTHER_SECRET = "a secret of 16 B", "another of 14B"
MULTIPATH = ["multipath_enabled"]
A, B, C, D, V6 = "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "fd00::1"
PORTALS = [f"10.0.0.{number}" for number in range(1, 9)]


class Plan(t.NamedTuple):
    """A host file and what is declared for it."""

    name: str
    host: dict
    declared: dict


def login(target, portal, port="any", **options):
    """A saved login of a host file, with the multipath flag unless flags are given."""
    options.setdefault("login_flags", MULTIPATH)
    return {"target": target, "portal": portal, "initiator_port": port, "login_options": options}


def sole(target, portal, port="any", **options):
    """A saved login without that flag: Windows saves no second one to its target."""
    return login(target, portal, port, login_flags=[], **options)


def chap(target, portal, port="any", **options):
    """The same with a CHAP secret."""
    return login(target, portal, port, auth_type="chap", username="sql-01", password=SECRET, **options)


def wish(target, portal, **options):
    """A declared login, with the multipath flag unless flags are given, or it shall be absent."""
    if options.get("state") != "absent" and "login_flags" not in options:
        options.setdefault("multipath", True)
    return dict(options, target=target, portal=portal)


def session(target, portal, flags=()):
    return {"target": target, "portal": portal, "login_options": {"login_flags": list(flags)}}


def host(logins=(), **more):
    """A running host that knows both targets by a portal."""
    network = {
        "arrays": [
            {"portals": [*PORTALS, f"[{V6}]"], "targets": [{"iqn": FLASH, "luns": [1]}, {"iqn": TAPE, "luns": [0]}]}
        ]
    }
    return dict(
        {
            "service": {"state": "running", "start_mode": "automatic"},
            "target_portals": [A],
            "network": network,
            "initiator": {"instances": [{"name": INSTANCE, "addresses": ["192.0.2.10", "192.0.2.11"]}]},
            "persistent_logins": list(logins),
        },
        **more,
    )


def logins(*wishes, **more):
    """A declaration of logins."""
    return dict(more, persistent_logins=list(wishes))


NEIGHBOURS = [login(FLASH, B, header_digest="crc32c"), login(TAPE, A, 0), chap(TAPE, B)]
OTHERS = NEIGHBOURS[1:]  # those of another target
SIBLINGS = [login(FLASH, A, 0), login(FLASH, A, 1, default_time2wait=9)]
OF_ONE_IDENTITY = [
    login(FLASH, B, header_digest="crc32c", username="a"),
    login(FLASH, B, data_digest="crc32c", username="b"),
]
ABSENT = {"state": "absent"}
# a host that saves a login for any portal as it was given, and not with a portal of its own choice
KEEPS_ANY_PORTAL = {"null_portal_record": "empty"}
EIGHT = [login(FLASH, portal) for portal in PORTALS]

PLANS = (
    Plan("add a login", host(NEIGHBOURS), logins(wish(FLASH, A))),
    Plan(
        "add two logins and their sessions",
        host(NEIGHBOURS),
        logins(wish(FLASH, C, connected=True), wish(FLASH, D, connected=True)),
    ),
    Plan("add a login with CHAP", host(NEIGHBOURS), logins(wish(FLASH, A, auth_type="chap", secret=SECRET))),
    Plan("replace a login", host([login(FLASH, A), *NEIGHBOURS]), logins(wish(FLASH, A, header_digest="crc32c"))),
    Plan(
        "replace a login that has a secret",
        host([chap(FLASH, A), *NEIGHBOURS]),
        logins(wish(FLASH, A, header_digest="crc32c", secret=SECRET)),
    ),
    Plan(
        "save a secret anew",
        host([chap(FLASH, A), *NEIGHBOURS]),
        logins(wish(FLASH, A, secret=OTHER_SECRET, update_secret="always")),
    ),
    Plan(
        "take CHAP off a login",
        host([chap(FLASH, A), *NEIGHBOURS]),
        logins(wish(FLASH, A, auth_type="none", secret=SECRET)),
    ),
    Plan(
        "replace a login behind a live session",
        host([login(FLASH, A), *NEIGHBOURS], sessions=[session(FLASH, A)]),
        logins(wish(FLASH, A, data_digest="crc32c")),
    ),
    Plan(
        "replace a sole login",
        host([sole(FLASH, A), *OTHERS]),
        logins(wish(FLASH, A, multipath=False, default_time2wait=5)),
    ),
    Plan(
        "replace a sole login behind a live session",
        host([sole(FLASH, A), *OTHERS], sessions=[session(FLASH, A)]),
        logins(wish(FLASH, A, multipath=False, data_digest="crc32c")),
    ),
    Plan(
        "bind a sole login to a port",
        host([sole(FLASH, A), *OTHERS]),
        logins(wish(FLASH, A, initiator_port="any", **ABSENT), wish(FLASH, A, multipath=False, initiator_port=1)),
    ),
    Plan(
        "move a sole login to another portal",
        host([sole(FLASH, A), *OTHERS], sessions=[session(FLASH, A)]),
        logins(wish(FLASH, A, **ABSENT), wish(FLASH, B, multipath=False)),
    ),
    Plan(
        "give a sole login the flag and a second path",
        host([sole(FLASH, A), *OTHERS]),
        logins(wish(FLASH, A), wish(FLASH, B)),
    ),
    Plan("more copies", host([login(FLASH, A), *NEIGHBOURS]), logins(wish(FLASH, A, copies=3))),
    Plan("fewer copies", host([login(FLASH, A)] * 3 + NEIGHBOURS), logins(wish(FLASH, A))),
    Plan(
        "fewer copies behind a live session",
        host([login(FLASH, A)] * 3 + NEIGHBOURS, sessions=[session(FLASH, A)]),
        logins(wish(FLASH, A)),
    ),
    Plan("fewer copies with a secret", host([chap(FLASH, A)] * 2 + NEIGHBOURS), logins(wish(FLASH, A, secret=SECRET))),
    Plan(
        "replace copies that differ",
        host([login(FLASH, A), login(FLASH, A, data_digest="crc32c"), *NEIGHBOURS]),
        logins(wish(FLASH, A, copies=2, header_digest="crc32c")),
    ),
    Plan(
        "remove a login for any port beside its siblings",
        host([login(FLASH, A), *SIBLINGS, *NEIGHBOURS]),
        logins(wish(FLASH, A, initiator_port="any", **ABSENT)),
    ),
    Plan(
        "replace a login for any port beside its siblings",
        host([*SIBLINGS, login(FLASH, A), *NEIGHBOURS]),
        logins(wish(FLASH, A, initiator_port="any", header_digest="crc32c")),
    ),
    Plan(
        "remove a login for any port beside a sibling with a secret",
        host([login(FLASH, A), chap(FLASH, A, 0), *NEIGHBOURS]),
        logins(wish(FLASH, A, initiator_port="any", **ABSENT), wish(FLASH, A, initiator_port=0, secret=SECRET)),
    ),
    Plan(
        "remove a login for any portal beside others",
        host([login(FLASH, None), *SIBLINGS, *NEIGHBOURS], dialect=KEEPS_ANY_PORTAL),
        logins(wish(FLASH, "any", **ABSENT)),
    ),
    Plan(
        "replace a login for any portal beside others",
        host([login(FLASH, None), *SIBLINGS, *NEIGHBOURS], dialect=KEEPS_ANY_PORTAL),
        logins(wish(FLASH, "any", default_time2wait=5), wish(FLASH, A, initiator_port=0, default_time2wait=5)),
    ),
    Plan(
        "replace a login for any portal beside two of one identity that differ",
        host([login(FLASH, None), *OF_ONE_IDENTITY], dialect=KEEPS_ANY_PORTAL),
        logins(wish(FLASH, "any", maximum_connections=8)),
    ),
    Plan(
        "remove a login for any portal beside two of one identity that differ",
        host([login(FLASH, None), *OF_ONE_IDENTITY], dialect=KEEPS_ANY_PORTAL),
        logins(wish(FLASH, "any", **ABSENT)),
    ),
    Plan(
        "add a login for any portal and remove one of another target",
        host(OTHERS),
        logins(wish(FLASH, "any"), wish(TAPE, A, initiator_port=0, **ABSENT)),
    ),
    Plan(
        "add a login for any portal and purge those through portals that it may get",
        host([login(FLASH, A, header_digest="crc32c"), login(FLASH, B, data_digest="crc32c")]),
        logins(wish(FLASH, "any", initiator_port=0), purge=["persistent_logins"]),
    ),
    Plan(
        "move to another array's portals",
        host([login(FLASH, A), login(FLASH, B)]),
        logins(
            wish(FLASH, A, **ABSENT),
            wish(FLASH, B, **ABSENT),
            wish(FLASH, C),
            wish(FLASH, D),
            target_portals=[{"address": A, "state": "absent"}, {"address": C}],
        ),
    ),
    Plan(
        "purge logins",
        host([login(FLASH, A), *NEIGHBOURS], sessions=[session(TAPE, B)]),
        logins(wish(FLASH, A), purge=["persistent_logins"]),
    ),
    Plan(
        "purge, add and replace",
        host([login(FLASH, A), *NEIGHBOURS]),
        logins(wish(FLASH, A, data_digest="crc32c"), wish(FLASH, C), purge=["persistent_logins"]),
    ),
    Plan(
        "replace a portal",
        host(NEIGHBOURS, target_portals=[A, B]),
        {"target_portals": [{"address": A, "header_digest": "crc32c", "symbolic_name": "array 1"}]},
    ),
    Plan(
        "add a portal and purge the others",
        host(NEIGHBOURS, target_portals=[A, B]),
        {"target_portals": [{"address": A}, {"address": "fd00:0::1"}], "purge": ["target_portals"]},
    ),
    Plan(
        "remove a portal of any instance beside others",
        host(NEIGHBOURS, target_portals=[A, {"address": A, "initiator_instance": INSTANCE, "initiator_port": 1}, B]),
        {"target_portals": [{"address": A, "initiator_instance": "any", "state": "absent"}, {"address": C}]},
    ),
    Plan(
        "open a session",
        host(NEIGHBOURS),
        {"sessions": [wish(FLASH, A), wish(FLASH, B)]},
    ),
    Plan(
        "close a session",
        host(NEIGHBOURS, sessions=[session(FLASH, A, MULTIPATH), session(FLASH, B, MULTIPATH)]),
        {"sessions": [wish(FLASH, A, **ABSENT)], "force": True},
    ),
    Plan(
        "add a static target and its login",
        host(NEIGHBOURS, target_portals=[], static_targets=[{"target": TAPE}]),
        logins(wish(FLASH, A), static_targets=[{"target": FLASH, "portals": [{"address": A}]}]),
    ),
    Plan(
        "replace a static target",
        host(NEIGHBOURS, static_targets=[{"target": TAPE, "alias": "old"}]),
        {"static_targets": [{"target": TAPE, "alias": "new"}]},
    ),
    Plan(
        "replace a login and remove its static target",
        host([login(FLASH, A), *NEIGHBOURS], static_targets=[{"target": FLASH}]),
        logins(wish(FLASH, A, data_digest="crc32c"), static_targets=[{"target": FLASH, "state": "absent"}]),
    ),
    Plan(
        "start the service and add a login",
        host(NEIGHBOURS, service={"state": "stopped", "start_mode": "manual"}),
        logins(wish(FLASH, C), service_state="started", service_start_mode="automatic"),
    ),
    Plan("add eight paths", host(), logins(*[wish(FLASH, portal) for portal in PORTALS])),
    Plan(
        "replace eight paths",
        host(EIGHT, sessions=[session(FLASH, portal, MULTIPATH) for portal in PORTALS[:4]]),
        logins(*[wish(FLASH, portal, header_digest="crc32c") for portal in PORTALS]),
    ),
    Plan(
        "replace a login spelled in several ways",
        host([login(FLASH, {"address": text}) for text in ("FD00::1", "fd00:0:0::1", "fd00::1")] + NEIGHBOURS),
        logins(wish(FLASH, V6, header_digest="crc32c")),
    ),
    Plan(
        "servers, names and secrets of the host",
        host(NEIGHBOURS, isns_servers=["192.0.2.53"], radius_servers=["192.0.2.18"]),
        {
            "isns_servers": ["192.0.2.54", {"address": "192.0.2.53", "state": "absent"}],
            "radius_servers": ["192.0.2.19"],
            "purge": ["radius_servers"],
            "node_name": "iqn.2026-01.com.example:sql-01",
            "chap_secret": SECRET,
            "update_secret": "always",
        },
    ),
    Plan(
        "bind devices",
        host([login(FLASH, A)], sessions=[session(FLASH, A)]),
        {"persistent_devices": ["\\\\.\\PhysicalDrive1"]},
    ),
)


def declared_identities(plain):
    """{(kind, identity): how many of it are declared}"""
    return {
        (kind, identify(found.record)): found.copies if found.present else 0
        for kind, make in (("persistent_logins", _login), ("target_portals", desired.target_portal))
        for found in map(make, plain.get(kind) or ())
    }


def _login(plain):
    return desired.persistent_login(dict(plain, initiator_instance=plain.get("initiator_instance") or INSTANCE))
