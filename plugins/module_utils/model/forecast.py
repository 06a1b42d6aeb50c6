# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Will this host find its disks after the next restart?

Saved logins, live sessions, devices and the service's start mode answer together. The answer is a forecast. It takes a
saved login that has a live session now for proven, and one that has none for unproven; it cannot know that an array
will still be there.
"""

from __future__ import annotations

import collections
import ipaddress


class Matches:
    """Which live session each saved login accounts for: one session for each login at the most.

    A login matches a session to the same target through the same portal. The DLL does not tell which initiator port a
    session uses, so logins that differ only in that are told apart by their number alone. A portal by host name
    cannot be compared with a session's address: it takes what the others leave, and a login for any portal the rest.
    """

    def __init__(self, logins, sessions):
        self._session_of, self._login_of = {}, {}
        # by content, too: which of two alike has the session must not depend on the order of the report
        logins = sorted(logins, key=lambda one: (one.portal is None, one.sort_key, repr(one)))
        for exact in (True, False):
            for login in logins:
                if id(login) not in self._session_of and login.session_type == "data":
                    self._claim(login, sessions, exact)

    def _claim(self, login, sessions, exact):
        for session in sorted(sessions, key=lambda one: one.sort_key):
            if id(session) not in self._login_of and fits(login, session, exact):
                self._session_of[id(login)], self._login_of[id(session)] = session, login
                return

    def live(self, login):
        """Whether a live session goes with the saved login."""
        return id(login) in self._session_of

    def session(self, login):
        """The live session that goes with the saved login, or None."""
        return self._session_of.get(id(login))

    def saved(self, session):
        """Whether a saved login goes with the live session."""
        return id(session) in self._login_of


def fits(login, session, exact):
    """Whether a session is to the target of a login through its portal.

    :param exact: only where the login names an address.
    """
    if login.target.lower() != session.target.lower():
        return False
    if login.portal is None:
        return not exact
    through = [(canonical_address(one.target_address or ""), one.target_port) for one in session.connections]
    if (canonical_address(login.portal.address), login.portal.port) in through:
        return True
    by_name = not is_address(login.portal.address)
    return not exact and by_name and login.portal.port in [port for _address, port in through]


def canonical_address(text):
    """An IPv4 or IPv6 address in its usual form; anything else in small letters."""
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return text.lower()


def is_address(text):
    """Whether it is an IPv4 or IPv6 address rather than a host name."""
    return canonical_address(text).replace(".", "").isdigit() or ":" in text


def match(snapshot):
    """:class:`Matches` of a snapshot, or None where logins or sessions were not gathered."""
    if snapshot.persistent_logins is None or snapshot.sessions is None:
        return None
    return Matches(snapshot.persistent_logins, snapshot.sessions)


_STARTS = {"automatic": True, "boot": True, "system": True, "manual": False, "disabled": False}


def next_boot(snapshot, matches):
    """The ``next_boot`` part of the facts, or None where logins or sessions were not gathered.

    ``verdict`` is 'ready' when every session comes back, and every disk over as many paths as now; 'degraded' when over
    fewer; 'at_risk' when a disk is expected over none, or no session because the service does not start.
    ``service_starts`` is None where the start mode is not known.
    """
    if matches is None:
        return None
    starts = _STARTS.get(snapshot.host.service_start_mode)
    disks = [_outlook(disk, snapshot, matches, starts) for disk in _disks(snapshot)]
    not_saved = _in_order(_where_session(one) for one in snapshot.sessions if not matches.saved(one))
    not_connected = _in_order(
        _where_login(one) for one in snapshot.persistent_logins if one.session_type == "data" and not matches.live(one)
    )
    nothing_starts = starts is False and bool(snapshot.sessions)
    return {
        "verdict": "at_risk"
        if nothing_starts or any(disk["paths_expected"] == 0 for disk in disks)
        else "degraded"
        if not_saved
        else "ready",
        "service_start_mode": snapshot.host.service_start_mode,
        "service_starts": starts,
        "disks": disks,
        "sessions_not_saved": not_saved,
        "logins_not_connected": not_connected,
        "attention": _attention(snapshot, starts, disks, not_saved, not_connected),
    }


def _in_order(places):
    return sorted(places, key=lambda place: (place["target"].lower(), repr(place)))


def _where_session(session):
    portals = sorted((one.target_address or "", one.target_port) for one in session.connections)
    return {"target": session.target, "portal": {"address": portals[0][0], "port": portals[0][1]} if portals else None}


def _where_login(login):
    portal = login.portal
    return {
        "target": login.target,
        "portal": portal and {"address": portal.address, "port": portal.port},
        "initiator_port": login.initiator_port,
    }


class _Disk:
    """A disk as several sessions may show it."""

    def __init__(self, key):
        self.key, self.names, self.unit = key, set(), None
        self.sessions = {}  # by id: a session may show it by several devices


def _disks(snapshot):
    """One for each logical unit, however many sessions show it: told by its identifier, serial, or target and LUN."""
    found = collections.OrderedDict()
    for session in sorted(snapshot.sessions, key=lambda one: one.sort_key):
        units = {unit.os_lun: unit for unit in session.luns or ()}
        for device in session.devices or ():
            unit = units.get(device.scsi_lun)
            disk = found.setdefault(_disk_key(session, device, unit), _Disk(_disk_key(session, device, unit)))
            disk.sessions[id(session)] = session
            disk.names.add(device.legacy_name or device.device_interface_name)
            disk.unit = disk.unit or unit
    return sorted(found.values(), key=lambda disk: disk.key)


def _disk_key(session, device, unit):
    if unit is not None and (unit.identifiers or unit.serial):
        return unit.identifiers[0] if unit.identifiers else unit.serial
    return f"{session.target.lower()} lun {device.scsi_lun}"


def _outlook(disk, snapshot, matches, starts):
    """What is expected of one disk: paths now, and after the restart those of proven logins and of unproven ones."""
    sessions = disk.sessions.values()
    targets = {session.target.lower() for session in sessions}
    saved = [
        login
        for login in snapshot.persistent_logins
        if login.target.lower() in targets and login.session_type == "data"
    ]
    replayed = starts is not False
    proven = sum(matches.saved(session) for session in sessions) if replayed else 0
    unproven = sum(not matches.live(login) for login in saved) if replayed else 0
    now = len(sessions)
    outlook = "same" if proven >= now else "fewer_paths" if proven else "unproven" if unproven else "lost"
    return {
        "id": disk.key,
        "names": sorted(disk.names),
        "targets": sorted(targets),
        "size": disk.unit.size if disk.unit else None,
        "serial": disk.unit.serial if disk.unit else None,
        "paths_now": now,
        "paths_expected": proven,
        "paths_unproven": unproven,
        "outlook": outlook,
        "reason": _reason(outlook, starts, saved, now, proven),
    }


def _reason(outlook, starts, saved, now, proven):
    if outlook == "same":
        return None
    if starts is False:
        return "MSiSCSI does not start by itself, so no saved login is replayed"
    if not saved:
        return "no login to its target is saved"
    if outlook == "unproven":
        return "the saved logins to its target have no live session that proves them"
    return f"{proven} of its {now} sessions are saved"


def _attention(snapshot, starts, disks, not_saved, not_connected):
    """Lines for people, worst first."""
    lines = []
    if starts is False and (snapshot.persistent_logins or snapshot.sessions):
        how = {"manual": "starts only on demand", "disabled": "never starts"}[snapshot.host.service_start_mode]
        lines.append(f"MSiSCSI {how}: no saved login is replayed at boot. Set it to automatic.")
    for disk in disks:
        if disk["outlook"] != "same":
            lines.append(
                f"{', '.join(disk['names'])} ({disk['id']}): {disk['paths_now']} path{'' if disk['paths_now'] == 1 else 's'} now, {disk['paths_expected']} expected after a restart: {disk['reason']}."
            )
    lines += ["Live but not saved: {}.".format(_named(where, "without a connection now")) for where in not_saved]
    lines += ["Saved but not connected: {}.".format(_named(where, "through any portal")) for where in not_connected]
    return lines + sorted(_twice(snapshot.persistent_logins))


def _named(where, otherwise):
    portal = where["portal"]
    through = f"through {portal['address']} port {portal['port']}" if portal else otherwise
    return "{} {}".format(where["target"], through)


def _twice(logins):
    counts = collections.Counter(login.identity for login in logins)
    names = {login.identity: login.target for login in sorted(logins, key=lambda one: one.target)}
    return [
        f"Saved {count} times: {names[key]}. Each copy opens a session of its own."
        for key, count in counts.items()
        if count > 1
    ]
