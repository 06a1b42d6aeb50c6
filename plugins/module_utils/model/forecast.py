# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Will this host find its disks after the next restart?

Saved logins, live sessions, devices and the service's start mode answer together. The answer is a forecast. A saved
login that has a live session now counts as proven, one that has none as unproven; whether an array will still be there
cannot be known.

That nothing is opened unless the service starts rests on Microsoft's help: it says that the driver of the initiator
reconnects once the TCP/IP stack and the service are loaded. Header and documentation for drivers say only that drivers
log in as soon as they are loaded. So the forecast says what it rests on.
"""

from __future__ import annotations

import collections
import typing as t

from . import events
from .identity import Identity
from .live import Device, Inquiry, Session
from .matching import Matches
from .plain import Plain
from .records import PersistentLogin, Snapshot
from .volumes import Join, label, merge, volume_names

_STARTS = {"automatic": True, "boot": True, "system": True, "manual": False, "disabled": False}
_MOST_NAMES = 20  # volumes in one line
# What the claim rests on that saved logins stay closed unless the service starts.
SERVICE_BASIS = "Microsoft's help says that they are opened once this service is loaded; it was not tried on Windows"
_NOT_STARTED = {"manual": "starts only on demand", "disabled": "never starts"}


def next_boot(
    snapshot: Snapshot,
    matches: t.Optional[Matches],
    join: t.Optional[Join] = None,
    log: t.Optional[Plain] = None,
) -> t.Optional[Plain]:
    """The ``next_boot`` part of the facts, or None if logins or sessions were not gathered.

    ``verdict`` is 'ready' when every session comes back, and every disk over as many paths as now; 'degraded' when over
    fewer; 'at_risk' when a disk is expected over none, or when the service does not start on a host with logins or
    sessions: nothing that somebody saved is opened then, whether a disk is seen now or not.
    ``service_starts`` is None if the start mode is not known.

    :param join: the disks of Windows, if they were gathered otherwise than in the snapshot.
    :param log: the ``events`` part of the facts, which says why a login is not connected.
    """
    if matches is None or snapshot.persistent_logins is None or snapshot.sessions is None:
        return None
    logins, sessions = snapshot.persistent_logins, snapshot.sessions
    start_mode = snapshot.host.service_start_mode
    starts = None if start_mode is None else _STARTS.get(start_mode)
    counts = _count_logins(logins, matches)
    join = join or Join(snapshot.disks)
    disks = [_forecast_disk(disk, counts, matches, starts, join) for disk in _find_disks(sessions)]
    volumes = _forecast_volumes(disks) if join.known else None
    not_saved = _sort_places(_place_of_session(session) for session in sessions if not matches.saved(session))
    not_connected = _sort_places(
        _place_of_login(login, log) for login in logins if login.session_type == "data" and not matches.live(login)
    )
    attention = []
    if start_mode in _NOT_STARTED and (logins or sessions):
        attention.append(
            f"MSiSCSI {_NOT_STARTED[start_mode]}, so no saved login is expected to be opened at boot "
            f"({SERVICE_BASIS}). Set it to automatic."
        )
    attention += _describe_volumes(volumes or ())
    attention += [_describe_disk(disk) for disk in disks if disk["outlook"] != "same"]
    attention += [f"Live but not saved: {_describe(place, 'without a connection now')}." for place in not_saved]
    attention += [_describe_idle_login(place) for place in not_connected]
    attention += describe_copies(logins)
    return {
        "verdict": _decide_verdict(disks, not_saved, nothing_starts=starts is False and bool(logins or sessions)),
        "service_start_mode": start_mode,
        "service_starts": starts,
        "disks": disks,
        "volumes": volumes,
        "sessions_not_saved": not_saved,
        "logins_not_connected": not_connected,
        "attention": attention,  # lines for people, worst first
    }


def _decide_verdict(disks: t.List[Plain], not_saved: t.List[Plain], nothing_starts: bool) -> str:
    if nothing_starts or any(disk["paths_expected"] == 0 for disk in disks):
        return "at_risk"
    return "degraded" if not_saved else "ready"


def describe_copies(logins: t.Iterable[PersistentLogin]) -> t.List[str]:
    """A line for each identity that is saved more than once."""
    groups: t.Dict[Identity, t.List[PersistentLogin]] = collections.defaultdict(list)
    for login in logins:
        groups[login.identity].append(login)
    return sorted(_describe_group(group) for group in groups.values() if len(group) > 1)


def _describe_group(copies: t.List[PersistentLogin]) -> str:
    target = min(login.target for login in copies)
    first = copies[0].canonical
    differ = any(login.canonical != first for login in copies)
    return (
        f"Saved {len(copies)} times{' with different settings' if differ else ''}: {target}. "
        "Each copy opens a session of its own."
    )


# -- disks -------------------------------------------------------------------------------------------------------------


class _Disk:
    """A logical unit, and the sessions that show it."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.names: t.Set[str] = set()
        self.numbers: t.Set[t.Optional[int]] = set()
        self.unit: t.Optional[Inquiry] = None
        self.sessions: t.Dict[int, Session] = {}  # by id(): a session may show a disk as several devices


def _find_disks(sessions: t.Iterable[Session]) -> t.List[_Disk]:
    """The disks of all sessions: one for each logical unit, however many sessions show it."""
    disks: t.Dict[str, _Disk] = {}
    for session in sorted(sessions, key=lambda session: session.sort_key):
        units = {unit.os_lun: unit for unit in session.luns or ()}
        for device in session.devices or ():
            unit = units.get(device.scsi_lun)
            key = _disk_key(session, device, unit)
            disk = disks.setdefault(key, _Disk(key))
            disk.sessions[id(session)] = session
            disk.names.add(device.legacy_name or device.device_interface_name)
            disk.numbers.add(device.device_number)
            disk.unit = disk.unit or unit
    return sorted(disks.values(), key=lambda disk: disk.key)


def _disk_key(session: Session, device: Device, unit: t.Optional[Inquiry]) -> str:
    """What tells a disk from others: its identifier, else its serial number, else target and LUN."""
    if unit is not None and unit.identifiers:
        return unit.identifiers[0]
    return unit and unit.serial or f"{session.target.lower()} lun {device.scsi_lun}"


class _LoginCount:
    """How many data logins to a target are saved, and how many of them have no live session."""

    def __init__(self) -> None:
        self.saved = 0
        self.unproven = 0


def _count_logins(logins: t.Iterable[PersistentLogin], matches: Matches) -> t.Dict[str, _LoginCount]:
    """The counts of each target that has a data login saved, by its name in small letters."""
    counts: t.Dict[str, _LoginCount] = collections.defaultdict(_LoginCount)
    for login in logins:
        if login.session_type == "data":
            count = counts[login.identity.target]
            count.saved += 1
            count.unproven += not matches.live(login)
    return counts


def _forecast_disk(
    disk: _Disk, counts: t.Dict[str, _LoginCount], matches: Matches, starts: t.Optional[bool], join: Join
) -> Plain:
    """What is expected of a disk: paths now, and after the restart those of proven logins and of unproven ones."""
    sessions = disk.sessions.values()
    targets = sorted({session.target.lower() for session in sessions})
    logins = [counts[target] for target in targets if target in counts]
    replayed = starts is not False
    proven = sum(matches.saved(session) for session in sessions) if replayed else 0
    unproven = sum(count.unproven for count in logins) if replayed else 0
    now = len(sessions)
    if proven >= now:
        outlook, reason = "same", None
    elif proven:
        outlook, reason = "fewer_paths", f"{proven} of its {now} sessions are saved"
    elif unproven:
        outlook, reason = "unproven", "the saved logins to its target have no live session that proves them"
    elif not replayed:
        outlook, reason = "lost", "MSiSCSI does not start by itself, so no saved login is replayed"
    elif not logins:
        outlook, reason = "lost", "no login to its target is saved"
    else:
        outlook, reason = "lost", "none of its sessions is saved"
    in_windows = merge(join.find(disk.numbers, disk.unit.identifiers if disk.unit else ()))
    size = disk.unit.size if disk.unit else None
    return {
        **in_windows,
        "id": disk.key,
        "names": sorted(disk.names),
        "targets": targets,
        "size": in_windows["size"] if size is None else size,
        "serial": disk.unit.serial if disk.unit else None,
        "paths_now": now,
        "paths_expected": proven,
        "paths_unproven": unproven,
        "outlook": outlook,
        "reason": reason,
    }


def _describe_disk(disk: Plain) -> str:
    now = disk["paths_now"]
    return (
        f"{label(disk)}: {now} path{'' if now == 1 else 's'} now, "
        f"{disk['paths_expected']} expected after a restart: {disk['reason']}."
    )


def _forecast_volumes(disks: t.Iterable[Plain]) -> t.List[Plain]:
    """The volumes of all disks with the outlook of their disk."""
    volumes = [
        {"name": name, "disk": disk["id"], "outlook": disk["outlook"]} for disk in disks for name in volume_names(disk)
    ]
    return sorted(volumes, key=lambda volume: (volume["name"].lower(), volume["disk"]))


def _describe_volumes(volumes: t.Iterable[Plain]) -> t.List[str]:
    """A line for the volumes that will be missing, and one for those that may be."""
    names: t.Dict[str, t.List[str]] = {"lost": [], "unproven": []}
    for volume in volumes:
        names.get(volume["outlook"], []).append(volume["name"])
    fates = {"lost": "will", "unproven": "may"}
    return [f"{_list_names(names[outlook])} {verb} be missing." for outlook, verb in fates.items() if names[outlook]]


def _list_names(names: t.Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


# -- places: where a session or login leads ----------------------------------------------------------------------------


def _place_of_session(session: Session) -> Plain:
    portals = sorted((each.target_address or "", each.target_port) for each in session.connections)
    return {"target": session.target, "portal": {"address": portals[0][0], "port": portals[0][1]} if portals else None}


def _place_of_login(login: PersistentLogin, log: t.Optional[Plain]) -> Plain:
    portal: t.Optional[Plain] = None
    if login.portal:
        portal = {"address": login.portal.address, "port": login.portal.port}
    found = events.find_reasons(log["entries"], login.target, portal) if log else []
    return {
        "target": login.target,
        "portal": portal,
        "initiator_port": login.initiator_port,
        "reasons": list(map(events.describe, found)) if log else None,
    }


def _describe_idle_login(place: Plain) -> str:
    reasons = f": {place['reasons'][0]}" if place["reasons"] else ""
    return f"Saved but not connected: {_describe(place, 'through any portal')}{reasons}."


def _sort_places(places: t.Iterable[Plain]) -> t.List[Plain]:
    return sorted(places, key=lambda place: (place["target"].lower(), repr(place)))


def _describe(place: Plain, without_portal: str) -> str:
    portal = place["portal"]
    through = f"through {portal['address']} port {portal['port']}" if portal else without_portal
    return f"{place['target']} {through}"
