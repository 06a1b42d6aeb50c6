# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Why it failed: events of Windows since the last boot, as lines that an administrator can act on.

An event is known by its provider and id, and read from its data; its text, which is localized, is never asked for.
:mod:`event_codes` has what the ids mean. Equal events are one entry with a count, the first and the last time.

What an event is about is found by what the host has: a portal by its address in the dump data, a target by its name.
The layout of the dump data is not documented beyond that, so an address that the host does not know is not guessed. A
login that was refused is named by no event. If all logins without a session lead to one target, the event is about that
one; otherwise it is about none.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ..abi import status
from . import addresses
from .event_codes import (
    ADDRESS,
    LOGIN_RESPONSE,
    MEANINGS,
    NAME,
    NTSTATUS,
    REFUSAL_REMEDIES,
    REFUSALS,
    SEVERITIES,
    STATUS,
    Meaning,
)
from .identity import PortalKey
from .plain import Hex, Plain, shown_as
from .row_values import Rows, Warn, printable

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z")
_DUMP_SIZE, _DUMP_DATA = 2, 40  # offsets in an IO_ERROR_LOG_PACKET
_LOGIN_RESPONSE, _STATUS_CLASS = 0x23, 36  # opcode of the PDU, offset of its status
_NAMES = re.compile(r"(?:iqn|eui|naa)\.[0-9A-Za-z.:_-]+", re.IGNORECASE)
_DEVICE_NUMBER = re.compile(r"(?:PhysicalDrive|Harddisk)([0-9]{1,6})", re.IGNORECASE)
_CONSEQUENCE = "not_retried"  # a kind that always has a cause, and may be known by it
_SEVERAL = 3  # lost connections that are a trouble even if all were opened again


@dataclasses.dataclass
class Event:
    """An event of the log System. Time in UTC, with seconds."""

    provider: str
    number: int
    time: str
    data: t.List[str] = dataclasses.field(default_factory=list)
    binary: bytes = dataclasses.field(default=b"", metadata=shown_as(Hex))

    @property
    def dump(self) -> bytes:
        """The dump data of a driver's event."""
        size = int.from_bytes(self.binary[_DUMP_SIZE : _DUMP_SIZE + 2], "little")
        found = self.binary[_DUMP_DATA:]
        return found[:size] if 0 < size <= len(found) else found


@dataclasses.dataclass
class EventLog:
    """The events since the last boot. ``since`` is None where the time of the boot is not known."""

    since: t.Optional[str]
    events: t.List[Event]


def read(rows: t.Mapping[str, t.Any], boot_time: t.Any, warn: Warn) -> EventLog:
    """The events of a host since its last boot, from the rows of each provider."""
    since = _time(boot_time)
    found: t.List[Event] = []
    for provider, provider_rows in rows.items():
        for row in Rows(f"events of {provider}", provider_rows, warn):
            number, time = row.number("id"), _time(row.text("time"))
            data, binary = row.texts("data"), row.text("binary", longest=1 << 16)
            if number is not None and time is not None and (since is None or time >= since):
                found.append(Event(provider, number, time, data, _bytes(binary)))
    return EventLog(since, found)


def _time(text: t.Any) -> t.Optional[str]:
    """A time to the second."""
    return text[:19] + "Z" if isinstance(text, str) and _TIME.fullmatch(text) else None


def _bytes(text: t.Optional[str]) -> bytes:
    try:
        return bytes.fromhex(text or "")
    except ValueError:
        return b""


# -- what the host has -------------------------------------------------------------------------------------------------


class Known:
    """What events may be about: the portals and targets of a host, and its logins without a session."""

    def __init__(self, logins: t.Iterable[Plain], portals: t.Iterable[Plain]) -> None:
        """From the entries of saved logins and target portals in the facts."""
        data = [login for login in logins if login["session_type"] == "data"]
        idle = [login for login in data if login["connected"] is False]
        self.has_sessions = all(login["connected"] is not None for login in data)  # whether they were gathered
        self.all_connected = all(login["connected"] for login in data)
        self.targets: t.Dict[str, str] = {login["target"].lower(): login["target"] for login in data}
        self.idle_targets = {login["target"].lower() for login in idle}
        self.idle_bound_targets = {login["target"].lower() for login in idle if login["initiator_port"] is not None}
        self.idle_portals = {portal_key(login["portal"]) for login in idle if login["portal"]}
        self.portals: t.Dict[PortalKey, Plain] = {}
        for record in [*data, *portals]:
            if record["portal"]:
                place = {name: record["portal"][name] for name in ("address", "port")}
                self.portals.setdefault(portal_key(place), place)
        self.packed = [(_pack(address), (address, port)) for address, port in self.portals]


def portal_key(place: Plain) -> PortalKey:
    """What tells one portal from another."""
    return addresses.canonical(place["address"]), place["port"]


def _pack(address: str) -> bytes:
    """An address as it may be in dump data; nothing for a host name and for one of zeros, which would be everywhere."""
    try:
        packed = ipaddress.ip_address(address.partition("%")[0]).packed
    except ValueError:
        return b""
    return packed if any(packed) else b""


# -- entries -----------------------------------------------------------------------------------------------------------


class Subject(t.NamedTuple):
    """What an event is about; None for what is not known. ``detail`` is its status as a number."""

    target: t.Optional[str] = None
    portal: t.Optional[PortalKey] = None
    disk: t.Optional[str] = None
    what: t.Optional[str] = None
    detail: t.Optional[int] = None


def explain(log: EventLog, known: Known) -> Plain:
    """The ``events`` part of the facts: when the host started, and an entry for all equal events."""
    groups: t.Dict[t.Tuple[str, int, Subject], t.List[str]] = {}
    for event in log.events:
        meaning = MEANINGS.get(event.provider, {}).get(event.number)
        if meaning:
            key = event.provider, event.number, _subject(event, meaning, known)
            groups.setdefault(key, []).append(event.time)
    entries = [_entry(*key, times, known) for key, times in groups.items()]
    _pair_reconnects(entries)
    return {"since": log.since, "entries": sorted(entries, key=_order)}


def _order(entry: Plain) -> t.Any:
    subject = entry["target"] or "", repr(entry["portal"]), entry["disk"] or ""
    return SEVERITIES.index(entry["severity"]), entry["kind"], subject, entry["provider"], entry["id"], entry["text"]


def _subject(event: Event, meaning: Meaning, known: Known) -> Subject:
    dump = event.dump
    if meaning.dump == ADDRESS:
        return Subject(portal=_find_portal(dump, known))
    if meaning.dump == NAME:
        return Subject(target=_find_target(dump, known))
    if meaning.about == "disk":
        return _find_disk(event.data)
    detail = None
    if meaning.dump == LOGIN_RESPONSE:
        detail = _refusal(dump)
    elif meaning.dump == STATUS and len(dump) >= 4:
        detail = int.from_bytes(dump[:4], "little")
    elif event.provider == "MSiSCSI" and event.data:
        detail = _number(event.data[0])
    if meaning.about == "discovery":
        return Subject(portal=_asked_portal(event.data[1:2], known), detail=detail)
    what = event.data[1] if "{what}" in meaning.text and len(event.data) > 1 else None
    idle = {"login": known.idle_targets, "bound login": known.idle_bound_targets}.get(meaning.about, set())
    target = known.targets[next(iter(idle))] if len(idle) == 1 else None
    return Subject(target=target, what=what and printable(what), detail=detail)


def _find_portal(dump: bytes, known: Known) -> t.Optional[PortalKey]:
    """The portal of the host whose address is in the dump, before that of the right TCP port."""
    found = [key for packed, key in known.packed if packed and packed in dump]
    spelled = [key for key in found if any(key[1].to_bytes(2, order) in dump for order in ("little", "big"))]
    return next(iter(sorted(spelled or found)), None)


def _find_target(dump: bytes, known: Known) -> t.Optional[str]:
    for encoding in ("utf-16-le", "ascii"):
        for name in _NAMES.findall(dump.decode(encoding, "replace")):
            if name.lower() in known.targets:
                return known.targets[name.lower()]
    return None


def _find_disk(data: t.List[str]) -> Subject:
    """The disk by its number, else by the name that the event has."""
    for text in data:
        match = _DEVICE_NUMBER.search(text)
        if match:
            return Subject(disk=f"PhysicalDrive{int(match.group(1))}")
    return Subject(what=printable(data[-1], 80) if data else None)


def _refusal(dump: bytes) -> t.Optional[int]:
    """Status class and detail of the login response in the dump."""
    if len(dump) < _STATUS_CLASS + 2 or dump[0] & 0x3F != _LOGIN_RESPONSE:
        return None
    return int.from_bytes(dump[_STATUS_CLASS : _STATUS_CLASS + 2], "big")


def _number(text: str) -> t.Optional[int]:
    """A status number as the service writes it: 0xefff0003 or 4026466307."""
    try:
        number = int(text.strip(), 16 if text.strip().lower().startswith("0x") else 10)
    except ValueError:
        return None
    return number & 0xFFFFFFFF if abs(number) < 1 << 33 else None


def _asked_portal(texts: t.List[str], known: Known) -> t.Optional[PortalKey]:
    """The portal of a discovery: ``*10.20.30.99 0003260 ROOT\\ISCSIPRT\\0000_0 10.20.30.42``."""
    words = texts[0].lstrip("*").split() if texts else []
    if len(words) < 2 or not re.fullmatch(r"[0-9]{1,7}", words[1]):
        return None
    key = addresses.canonical(words[0]), int(words[1])
    return key if key in known.portals else None


def _entry(provider: str, number: int, subject: Subject, times: t.List[str], known: Known) -> Plain:
    meaning = MEANINGS[provider][number]
    remedy = REFUSAL_REMEDIES.get(subject.detail or 0, meaning.remedy) if meaning.dump == LOGIN_RESPONSE else None
    return {
        "provider": provider,
        "id": number,
        "kind": meaning.kind,
        "severity": "info" if _is_over(meaning, subject, known) else meaning.severity,
        "target": subject.target,
        "portal": subject.portal and known.portals[subject.portal],
        "disk": subject.disk,
        "text": _text(meaning, subject),
        "remedy": remedy or meaning.remedy,
        "count": len(times),
        "first": min(times),
        "last": max(times),
    }


def _is_over(meaning: Meaning, subject: Subject, known: Known) -> bool:
    """Whether everything that such an event can be about has a session now."""
    if meaning.about == "portal" and subject.portal:
        return subject.portal not in known.idle_portals and known.has_sessions
    return known.all_connected and meaning.about in ("portal", "login", "bound login", "all logins", "connection")


def _text(meaning: Meaning, subject: Subject) -> str:
    detail = subject.detail
    why = "" if detail is None else f": {REFUSALS.get(detail, 'for an unknown reason')} (status 0x{detail:04x})"
    words = {"status": _describe_status(meaning, detail), "why": why, "what": subject.what or "(not named)"}
    text: str = meaning.text.format(**words)
    return f"{text} ({subject.what})" if meaning.about == "disk" and subject.what else text


def _describe_status(meaning: Meaning, detail: t.Optional[int]) -> str:
    if not detail:
        return ""
    if meaning.dump == STATUS:
        return f" ({NTSTATUS[detail]})" if detail in NTSTATUS else f" (status 0x{detail:08x})"
    return f" ({status.of(detail).symbol})"


def _pair_reconnects(entries: t.List[Plain]) -> None:
    """Compare lost connections with those that were opened again; the entries of the latter go."""
    reconnects = [entry for entry in entries if entry["kind"] == "reconnected"]
    again = sum(entry["count"] for entry in reconnects)
    for entry in [entry for entry in entries if entry["kind"] == "connection_lost"]:
        lost = entry["count"]
        entry["text"] += " and " + _opened_again(min(again, lost))
        if again >= lost or entry["severity"] == "info":
            entry["severity"] = "warning" if lost >= _SEVERAL else "info"
            entry["kind"] = "flapping" if lost >= _SEVERAL else entry["kind"]
    entries[:] = [entry for entry in entries if entry["kind"] != "reconnected"]


def _opened_again(times: int) -> str:
    if not times:
        return "never opened again"
    return "opened again once" if times == 1 else f"opened again {times} times"


# -- words -------------------------------------------------------------------------------------------------------------


def describe(entry: Plain) -> str:
    """An entry in a line, without what it is about: ``could not be reached (12 times, last 2026-11-25 10:00 UTC)``."""
    times = "" if entry["count"] == 1 else f"{entry['count']} times, last "
    return f"{entry['text']} ({times}{entry['last'][:10]} {entry['last'][11:16]} UTC)"


def find_reasons(entries: t.Iterable[Plain], target: str, portal: t.Optional[Plain]) -> t.List[Plain]:
    """The entries that say why there is no session to a target through a portal: causes first."""
    key = portal and portal_key(portal)
    found = []
    for entry in entries:
        about_portal = entry["portal"] is not None and key is not None and portal_key(entry["portal"]) == key
        about_target = entry["target"] is not None and entry["target"].lower() == target.lower()
        about_all = MEANINGS.get(entry["provider"], {}).get(entry["id"], _NOTHING).about == "all logins"
        if (about_portal or about_target or about_all) and entry["severity"] != "info":
            found.append(entry)
    return sorted(found, key=lambda entry: entry["kind"] == _CONSEQUENCE)


_NOTHING = Meaning("", "info", "host", "", "")
