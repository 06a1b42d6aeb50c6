# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records for tests: any at all, and hosts written down in few words."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.model import records
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.records import (
    Connection,
    Device,
    Host,
    Inquiry,
    PersistentLogin,
    Portal,
    Session,
    Snapshot,
)

_PLAIN = {
    int: st.integers(0, 2**32 - 1),
    str: st.text(max_size=8),
    bytes: st.binary(max_size=6),
    bool: st.booleans(),
    type(None): st.none(),
}
_NAMED = {(records.PersistentLogin, "session_type"): st.sampled_from(records.SESSION_TYPES)}


@functools.lru_cache(maxsize=256)
def records_of(kind):
    """Any record of a kind, with any that it holds."""
    hints = t.get_type_hints(kind)
    return st.builds(
        kind,
        **{
            name: _NAMED[kind, name] if (kind, name) in _NAMED else _of(hints[name])
            for name in (field.name for field in dataclasses.fields(kind))
        },
    )


def _of(hint):
    if dataclasses.is_dataclass(hint):
        return records_of(hint)
    inside = t.get_args(hint)
    if t.get_origin(hint) is list:
        return st.lists(_of(inside[0]), max_size=2)
    return st.one_of([_of(one) for one in inside]) if inside else _PLAIN[hint]


# -- hosts -------------------------------------------------------------------------------------------------------------

TARGET = "iqn.2001-05.com.example:sql"
INSTANCE = "ROOT\\ISCSIPRT\\0000_0"


def host(start_mode="automatic", **more):
    """A host that runs."""
    facts = {
        "pointer_bits": 64,
        "runtime": "test",
        "dll_version": "10.0.20348.1",
        "windows_version": "10.0.20348",
        "service_state": "running",
        "service_start_mode": start_mode,
        "service_delayed_start": False,
        "elevated": True,
    }
    return Host(**dict(facts, **more))


def login(portal=None, port=None, target=TARGET, **more):
    """A saved login through ``"address"`` or ``("address", tcp port)``, from an initiator port."""
    if portal is not None:
        portal = Portal(*([portal] if isinstance(portal, str) else portal))
    return PersistentLogin(target, INSTANCE, port, portal, **more)


def session(number, portal, target=TARGET, disks=(0,), **more):
    """A live session, which shows a disk for each LUN."""
    address, tcp_port = (portal, 3260) if isinstance(portal, str) else portal
    return Session(
        target,
        "iqn.1991-05.com.microsoft:host",
        [Connection(address, tcp_port, "10.0.0.200", initiator_tcp_port=50000 + number, connection_id=f"c{number}")],
        devices=[device(target, lun) for lun in disks],
        luns=[unit(lun) for lun in disks],
        session_id=f"{0xFFFFA00F00000000 + number:016x}-{number:016x}",
        isid=bytes([0x40, 0, 0, 0, 0, number]),
        **more,
    )


def device(target, lun):
    """A disk by the names that Windows gives it."""
    return Device(
        INSTANCE,
        target,
        f"\\\\?\\mpio#disk&ven_acme#{lun}",
        f"\\\\.\\PhysicalDrive{lun + 1}",
        lun + 1,
        7,
        0,
        "{53f56307-b6bf-11d0-94f2-00a0c91efb8b}",
        5,
        0,
        0,
        lun,
        100 + lun,
    )


def unit(lun):
    """What the same disk says of itself."""
    return Inquiry(lun, lun << 48, "ACME", "DISK", "1", f"SN-{lun}", [f"naa.6000{lun}"], 512, 1 << 30)


def snapshot(logins, sessions, **more):
    """A host with saved logins and live sessions."""
    return Snapshot(more.pop("host", host()), persistent_logins=list(logins), sessions=list(sessions), **more)
