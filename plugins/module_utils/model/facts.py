# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Facts: a snapshot as one plain dict that is equal whenever the host is.

Lists are sorted by identity. Equal logins are one entry that counts its ``copies``. Nothing that changes by itself is
in it: session ids are kernel addresses that differ after every login, so they and their like are left out unless asked
for.
"""

from __future__ import annotations

import json
import typing as t

from ..abi import codecs
from . import events, forecast, matching, ports, records, volumes
from .matching import Matches
from .plain import Plain
from .records import Discovery, Mapping, PersistentLogin, Session, Snapshot, Target, TargetPortal

SCHEMA_VERSION = 1

Record = t.TypeVar("Record")


def assemble(snapshot: Snapshot, include_session_ids: bool = False) -> Plain:
    """The value of ``ansible_facts.windows_iscsi``. A part that was not gathered is None."""
    return _Assembler(snapshot, include_session_ids).assemble()


def sort_sessions(snapshot: Snapshot) -> t.List[Session]:
    """The sessions of a snapshot in the order in which its facts list them."""
    entries = _Assembler(snapshot, include_session_ids=False).sessions()
    return [session for session, _entry in entries or ()]


def find_contradictory_flags(snapshot: Snapshot) -> t.List[str]:
    """A line for each contradiction among the flags of a login or target portal. Reported, never repaired."""
    lines = set()
    for login in snapshot.persistent_logins or ():
        for warning in codecs.SECURITY_FLAGS.warnings(login.security_flags):
            lines.add(f"Persistent login to {login.target}: {warning}")
    for portal in snapshot.target_portals or ():
        address = portal.portal.address if portal.portal else "(no address)"
        if portal.security_flags is not None:
            for warning in codecs.SECURITY_FLAGS.warnings(portal.security_flags):
                lines.add(f"Target portal {address}: {warning}")
    return sorted(lines)


class _Assembler:
    """What all parts of the facts share: the snapshot, its matches, and how records become plain."""

    def __init__(self, snapshot: Snapshot, include_session_ids: bool) -> None:
        self._snapshot = snapshot
        self._include_session_ids = include_session_ids
        self._matches: t.Optional[Matches] = matching.match(snapshot)
        saved: t.Dict[int, t.Optional[str]] = {}
        for found in (snapshot.persistent_logins, snapshot.target_portals):
            saved.update(ports.saved_addresses(snapshot.saved_addresses, snapshot.initiator_ports, found or ()))
        self._saved_addresses = saved

    def _plain(self, record: t.Any) -> Plain:
        plain: Plain = records.to_dict(record, private=self._include_session_ids)
        return plain

    def assemble(self) -> Plain:
        snapshot = self._snapshot
        logins, sessions = self._persistent_logins(), self.sessions()
        portals = _sort_entries(snapshot.target_portals, self._target_portal, lambda portal: portal.sort_key)
        log = None
        if snapshot.events is not None:
            log = events.explain(snapshot.events, events.Known(logins or (), portals or ()))
        join = volumes.Join(snapshot.disks)
        next_boot = forecast.next_boot(snapshot, self._matches, join, log)
        return {
            "schema_version": SCHEMA_VERSION,
            "host": dict(self._plain(snapshot.host), policies=snapshot.policies),
            "initiator": snapshot.initiator
            and dict(self._plain(snapshot.initiator), instances=_sort_texts(snapshot.initiator.instances)),
            "persistent_logins": logins,
            "target_portals": portals,
            "targets": _sort_entries(snapshot.targets, self._target, lambda target: target.sort_key),
            "sessions": None if sessions is None else [entry for _session, entry in sessions],
            "mappings": _sort_entries(snapshot.mappings, self._mapping),
            "isns_servers": _sort_texts(snapshot.isns_servers),
            "radius_servers": _sort_texts(snapshot.radius_servers),
            "persistent_devices": _sort_texts(snapshot.persistent_devices),
            "initiator_ports": _sort_entries(
                snapshot.initiator_ports, self._plain, lambda port: (port.initiator_instance.lower(), port.number)
            ),
            "disks": self._disks(),
            "events": log,
            "host_settings": snapshot.host_settings and snapshot.host_settings.facts(),
            "next_boot": next_boot,
            "warnings": sorted({*snapshot.warnings, *join.contradictions}) + self._warnings(next_boot),
        }

    def _warnings(self, next_boot: t.Optional[Plain]) -> t.List[str]:
        # Copies are named in next_boot.attention; here only where sessions were not gathered, so that it is not there.
        copies = [] if next_boot else forecast.describe_copies(self._snapshot.persistent_logins or ())
        return find_contradictory_flags(self._snapshot) + copies

    def _persistent_logins(self) -> t.Optional[t.List[Plain]]:
        """An entry for each identity and content. Of several spellings it shows the one that sorts first."""
        if self._snapshot.persistent_logins is None:
            return None
        groups: t.Dict[t.Any, t.List[PersistentLogin]] = {}
        for login in self._snapshot.persistent_logins:
            key = login.sort_key, _content(self._plain(login.canonical))
            groups.setdefault(key, []).append(login)
        return [self._login_entry(groups[key]) for key in sorted(groups)]

    def _login_entry(self, copies: t.List[PersistentLogin]) -> Plain:
        live = None if self._matches is None else sum(map(self._matches.live, copies))
        return dict(
            min(map(self._plain, copies), key=_content),
            any_initiator_port=copies[0].initiator_port is None,
            **self._port_addresses(copies[0]),
            copies=len(copies),
            live_sessions=live,
            connected=None if live is None else live > 0,
        )

    def _target_portal(self, portal: TargetPortal) -> Plain:
        return dict(
            self._plain(portal),
            any_initiator_port=portal.initiator_port is None,
            **self._port_addresses(portal),
        )

    def _port_addresses(self, record: t.Union[PersistentLogin, TargetPortal]) -> Plain:
        """What the initiator port of a record means today, and what it meant when the record was saved."""
        known = self._snapshot.initiator_ports
        return {
            "initiator_address": ports.address_today(known, record.initiator_instance, record.initiator_port),
            "saved_initiator_address": self._saved_addresses.get(id(record)),
        }

    def _target(self, target: Target) -> Plain:
        discoveries = _sort_entries(target.discoveries, self._discovery) or []
        static = any(discovery["kind"] == "static" for discovery in discoveries)
        return {"name": target.name, "static": static, "discoveries": discoveries}

    def _discovery(self, discovery: Discovery) -> Plain:
        return dict(self._plain(discovery), kind=discovery.kind)

    def sessions(self) -> t.Optional[t.List[t.Tuple[Session, Plain]]]:
        """Each session with its entry in the facts, in the order of the facts."""
        return _pair_entries(self._snapshot.sessions, self._session, lambda session: session.target.lower())

    def _session(self, session: Session) -> Plain:
        entry = dict(self._plain(session), saved=None if self._matches is None else self._matches.saved(session))
        for part in ("connections", "devices", "luns"):
            entry[part] = entry[part] and sorted(entry[part], key=_content)
        return entry

    def _mapping(self, mapping: Mapping) -> Plain:
        entry = self._plain(mapping)
        return dict(entry, luns=sorted(entry["luns"], key=_content))

    def _disks(self) -> t.Optional[t.List[Plain]]:
        """The disks of Windows that come from the initiator. Those of other buses are none of its facts."""
        if self._snapshot.disks is None:
            return None
        devices = [device for session in self._snapshot.sessions or () for device in session.devices or ()]
        numbers = {device.device_number for device in devices}
        found = (disk for disk in self._snapshot.disks if disk.bus_type == volumes.BUS_ISCSI or disk.number in numbers)
        return _sort_entries(found, self._plain, lambda disk: disk.number)


# -- order -------------------------------------------------------------------------------------------------------------


def _pair_entries(
    found: t.Optional[t.Iterable[Record]],
    convert: t.Callable[[Record], Plain],
    sort_key: t.Callable[[Record], t.Any] = lambda record: (),
) -> t.Optional[t.List[t.Tuple[Record, Plain]]]:
    """Records with their plain entries, sorted by the key and then by what the entry says."""
    if found is None:
        return None
    rows = [(sort_key(record), convert(record), record) for record in found]
    rows.sort(key=lambda row: (row[0], _content(row[1])))
    return [(record, entry) for _key, entry, record in rows]


def _sort_entries(
    found: t.Optional[t.Iterable[Record]],
    convert: t.Callable[[Record], Plain],
    sort_key: t.Callable[[Record], t.Any] = lambda record: (),
) -> t.Optional[t.List[Plain]]:
    pairs = _pair_entries(found, convert, sort_key)
    return None if pairs is None else [entry for _record, entry in pairs]


def _sort_texts(texts: t.Optional[t.Iterable[str]]) -> t.Optional[t.List[str]]:
    return None if texts is None else sorted(texts, key=lambda text: (text.lower(), text))


def _content(plain: Plain) -> str:
    return json.dumps(plain, sort_keys=True)
