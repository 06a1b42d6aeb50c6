# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records for tests: logins, sessions and whole snapshots in few words, and any record at all."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing as t

from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import host_settings as settings_table
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import policies
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import host_settings, records

FLASH, TAPE = "iqn.2010-06.com.purestorage:flash.1", "iqn.1992-08.com.netapp:tape.2"
INSTANCE, SECOND = "ROOT\\ISCSIPRT\\0000_0", "ROOT\\ISCSIPRT\\0001_0"
NODE_NAME = "iqn.1991-05.com.microsoft:host"
MULTIPATH = 0x02  # of login_flags


# -- one record --------------------------------------------------------------------------------------------------------


def portal(place, symbolic_name=""):
    """A portal by ``"address"`` or ``("address", tcp port)``; any portal by None."""
    if place is None:
        return None
    address, port = (place, 3260) if isinstance(place, str) else place
    return records.Portal(address, port, symbolic_name)


def login(
    place="10.0.0.1",
    port=None,
    target=FLASH,
    instance=INSTANCE,
    session_type="data",
    security_flags=0,
    symbolic_name="",
    login_options=None,
    **options,
):
    """A saved login through a portal, from an initiator port; ``password_set`` and the other login options by name."""
    return records.PersistentLogin(
        target,
        instance,
        port,
        portal(place, symbolic_name),
        session_type,
        security_flags,
        login_options=login_options or records.LoginOptions(**options),
    )


def target_portal(place="10.0.0.1", instance="", port=None, **options):
    return records.TargetPortal(portal(place), instance, port, 0, records.LoginOptions(**options))


def session(number=1, place="10.0.0.1", target=FLASH, disks=(0,), **more):
    """A live session, which shows a disk for each LUN."""
    connected = portal(place)
    return records.Session(
        target,
        NODE_NAME,
        [
            records.Connection(
                connected.address,
                connected.port,
                "10.0.0.200",
                initiator_tcp_port=50000 + number,
                connection_id=f"c{number}",
            )
        ],
        devices=[device(target, lun) for lun in disks],
        luns=[unit(lun) for lun in disks],
        session_id=f"{0xFFFFA00F00000000 + number:016x}-{number:016x}",
        isid=bytes([0x40, 0, 0, 0, 0, number]),
        **more,
    )


def device(target, lun):
    """A disk by the names that Windows gives it: LUN 0 is PhysicalDrive1."""
    return records.Device(
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
    """What the same disk reports about itself."""
    return records.Inquiry(lun, lun << 48, "ACME", "DISK", "1", f"SN-{lun}", [f"naa.6000{lun}"], 512, 1 << 30)


def static_target(name, alias="", portals=(), flags=0):
    discovery = records.Discovery(
        "Static", 0, alias, "", flags, records.LoginOptions(), [[portal(place) for place in portals]]
    )
    return records.Target(name, [discovery])


# -- a host ------------------------------------------------------------------------------------------------------------


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
    return records.Host(**dict(facts, **more))


def partial_snapshot(logins, sessions, **more):
    """Of a host of which only the saved logins and the live sessions were gathered, and what is given."""
    return records.Snapshot(more.pop("host", host()), persistent_logins=list(logins), sessions=list(sessions), **more)


def snapshot(
    logins=(),
    portals=(),
    targets=(FLASH, TAPE),
    sessions=(),
    instances=(INSTANCE,),
    node_name=NODE_NAME,
    service_state="running",
    start_mode="automatic",
    **more,
):
    """Of a running host of which all that plans look at was gathered."""
    parts = dict({"isns_servers": [], "radius_servers": [], "persistent_devices": [], "mappings": []}, **more)
    return records.Snapshot(
        host(start_mode, service_state=service_state),
        records.Initiator(node_name, list(instances), "10.0"),
        list(logins),
        list(portals),
        [target if isinstance(target, records.Target) else records.Target(target) for target in targets],
        list(sessions),
        **parts,
    )


# -- from what the DLL or a simulated host holds -----------------------------------------------------------------------


def login_of(fields):
    """The login of a dict of header fields, as a simulated host keeps it."""
    return records.PersistentLogin.of(_raw(dict(fields, Mappings=None)))


def portal_of(fields):
    """The target portal likewise."""
    return records.TargetPortal.of(_raw(fields))


def _raw(fields):
    """Header fields as :mod:`records` reads structures."""
    return types.SimpleNamespace(
        **{name: _raw(value) if isinstance(value, dict) else value for name, value in fields.items()}
    )


# -- any record at all -------------------------------------------------------------------------------------------------

_PLAIN = {
    int: st.integers(0, 2**32 - 1),
    str: st.text(max_size=8),
    bytes: st.binary(max_size=6),
    bool: st.booleans(),
    type(None): st.none(),
}
_NAMED = {
    (records.PersistentLogin, "session_type"): st.sampled_from(records.SESSION_TYPES),
    (records.Snapshot, "policies"): st.one_of(
        st.none(), st.fixed_dictionaries({name: st.booleans() for name in policies.FORBIDS})
    ),
}

_FOUND = st.builds(host_settings.Found, st.none() | st.integers(0, 2**32 - 1), st.booleans())
_NAMED[records.Snapshot, "host_settings"] = st.none() | st.builds(
    host_settings.HostSettings,
    st.none() | st.just(settings_table.ADAPTERS_KEY + "\\0003"),
    st.dictionaries(st.sampled_from(list(settings_table.SETTINGS)), _FOUND.map(lambda found: {"": found}), max_size=3),
    st.sampled_from([{}, {"a": host_settings.Service("A", ("B", "MSiSCSI"))}]),
    st.dictionaries(st.sampled_from(list(settings_table.FIREWALL_RULES.values())), st.booleans()),
    st.lists(st.sampled_from([settings_table.ISCSI_DEVICES, "ACME    DISK"]), max_size=2).map(tuple),
    st.booleans(),
    st.frozensets(st.sampled_from(["timers", "mpio", "disk", "claims", "services", "firewall"])),
)


@functools.lru_cache(maxsize=256)
def records_of(kind):
    """Strategy: any record of a kind, with any that it holds."""
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
