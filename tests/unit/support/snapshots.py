# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of hosts that were never asked: for the tests of plans, which are pure."""

from __future__ import annotations

from ansible_collections.winstorage.iscsi.plugins.module_utils.model import records
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import planner
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare

FLASH, TAPE = "iqn.2010-06.com.purestorage:flash.1", "iqn.1992-08.com.netapp:tape.2"
INSTANCE, SECOND = "ROOT\\ISCSIPRT\\0000_0", "ROOT\\ISCSIPRT\\0001_0"
MULTIPATH = 0x02


def portal(text):
    return None if text is None else records.Portal(text)


def login(
    target=FLASH,
    at="10.0.0.1",
    port=None,
    instance=INSTANCE,
    session_type="data",
    security_flags=0,
    symbolic_name="",
    **options,
):
    """A saved login; ``password_set`` and the other login options by name."""
    place = portal(at)
    if place:
        place.symbolic_name = symbolic_name
    return records.PersistentLogin(
        target, instance, port, place, session_type, security_flags, login_options=records.LoginOptions(**options)
    )


def target_portal(at="10.0.0.1", instance="", port=None, **options):
    return records.TargetPortal(portal(at), instance, port, 0, records.LoginOptions(**options))


def session(target=FLASH, at="10.0.0.1", disks=()):
    """A live session with disks by number."""
    devices = [
        records.Device(
            INSTANCE,
            target,
            f"\\\\?\\scsi#disk{number}",
            f"\\\\.\\PhysicalDrive{number}",
            number,
            7,
            0,
            "{}",
            2,
            0,
            0,
            number,
        )
        for number in disks
    ]
    return records.Session(
        target,
        "iqn.1991-05.com.microsoft:host",
        [records.Connection(at, 3260, "192.0.2.10")],
        devices=devices,
        session_id=f"{1:016x}-{len(at) + sum(disks):016x}",
    )


def static(name, alias="", portals=(), flags=0):
    way = records.Discovery("Static", 0, alias, "", flags, records.LoginOptions(), [[portal(text) for text in portals]])
    return records.Target(name, [way])


def snapshot(logins=(), portals=(), targets=(FLASH, TAPE), sessions=(), instances=(INSTANCE,), **more):
    """A running host with all that plans look at."""
    host = records.Host(
        64, "test", None, None, more.pop("service_state", "running"), more.pop("start_mode", "automatic"), False, True
    )
    known = [one if isinstance(one, records.Target) else records.Target(one) for one in targets]
    parts = dict({"isns_servers": [], "radius_servers": [], "persistent_devices": []}, **more)
    return records.Snapshot(
        host,
        records.Initiator(parts.pop("node_name", "iqn.1991-05.com.microsoft:host"), list(instances), "10.0"),
        list(logins),
        list(portals),
        known,
        list(sessions),
        mappings=[],
        **parts,
    )


def plan(now, **plain):
    """The plan for a declaration in the words of a playbook."""
    return planner.plan(now, declare(plain))


def steps(made):
    """[(kind, action), ...] of a plan that may be carried out."""
    assert not made.refusals, made.refusals
    return [(step.kind, step.action) for step in made.steps]


def wish(**options):
    """A declared login, through 10.0.0.1 unless told otherwise."""
    return dict({"target": FLASH, "portal": "10.0.0.1"}, **options)


def refusal(made):
    """The one reason why a plan is refused."""
    assert len(made.refusals) == 1, made.refusals
    return made.refusals[0]
