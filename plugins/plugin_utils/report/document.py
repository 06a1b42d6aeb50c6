# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says, as one document of plain data: report.rst in docs describes its keys.

It is built from facts alone, so that a fact cache is enough, and from the drift of an audit where there was one.
"""

from __future__ import annotations

import collections

from .. import names, shapes
from ..audit import find_fleet_risks, find_risks, findings, host_state, remedies
from ..audit.host_state import STATES

SCHEMA_VERSION = 1
OUTLOOKS = ("lost", "unproven", "fewer_paths", "same")
LOGIN_OPTIONS = ("header_digest", "data_digest", "maximum_connections", "default_time2wait", "default_time2retain")


def build(hosts, title="iSCSI initiators", generated=None):
    """The document.

    A host whose facts or findings are damaged is unknown, and its reason says what is wrong with them.

    :param hosts: a mapping for each host: ``name``; ``facts``, the value of windows_iscsi, or None; ``drift``, the
        findings of an audit, or None where nothing was compared; ``error``, why the host could not be read, or None;
        ``audit``, what there is in the place of an audit's result, where its findings cannot be told from it.
    :param generated: the time as text.
    """
    hosts = [_check_facts(host) for host in hosts]
    shared = find_fleet_risks({host["name"]: host["facts"] for host in hosts if host["facts"]})
    described = sorted(
        (_describe_host(**host, shared=shared[host["name"]]) for host in hosts),
        key=lambda host: (STATES.index(host["state"]), host["name"]),
    )
    return {
        "schema_version": SCHEMA_VERSION,
        "title": title,
        "generated": generated,
        "totals": _count_totals(described),
        "hosts": described,
    }


def _check_facts(host):
    """A host with its facts, None where they are damaged, and what is wrong with them."""
    facts, damage = _usable(host.get("facts"), shapes.check_facts, "Its facts cannot be used")
    return {**host, "facts": facts, "damage": damage}


def _describe_host(name, facts, damage, shared, drift=None, error=None, audit=None):
    """One host. With both an error and facts the facts are from an earlier run: its state now is unknown.

    :param damage: what is wrong with its facts, which are None then.
    :param shared: findings that only the fleet shows.
    """
    _audit, damaged_audit = _usable(audit, shapes.check_audit, _AUDIT_DAMAGED)
    drift, damaged_drift = _usable(drift, shapes.check_drift, _AUDIT_DAMAGED)
    problems = " ".join(filter(None, (error, damage, damaged_audit, damaged_drift))) or None
    facts = facts or {}
    forecast = facts.get("next_boot")
    found = findings.sort([*(drift or ()), *(find_risks(facts) if facts else ()), *shared])
    severities = collections.Counter(finding["severity"] for finding in found)
    return {
        "name": name,
        **_assess(facts, found, problems)._asdict(),
        "earlier": bool(error and facts),
        "damaged": bool(damage or damaged_audit or damaged_drift),
        "compliant": None if drift is None else all(map(findings.is_remark, drift)),
        "forecast": forecast and _forecast(facts, forecast),
        "findings": found,
        "counts": {
            **{severity: severities[severity] for severity in findings.SEVERITIES},
            "drift": sum(not findings.is_remark(finding) for finding in drift or ()),
        },
        "service": _service(facts),
        "initiator": _pick(facts.get("initiator"), ("node_name", "version", "instances")),
        "logins": _each(facts.get("persistent_logins"), _login),
        "portals": _each(facts.get("target_portals"), _portal),
        "sessions": _sessions(facts),
        "connections": _connections(facts),
    }


def _assess(facts, found, problems):
    """The state of a host, which is unknown if it could not be read, or if what there is of it cannot be used."""
    if not problems and facts:
        return host_state.assess(facts, found)
    reason = problems or "No facts. Gather them with winstorage.iscsi.initiator_facts."
    return host_state.HostState("unknown", reason, [reason])


_AUDIT_DAMAGED = "The result of its audit cannot be used"


def _usable(value, check, problem):
    """(the value, None), or (None, what is wrong with it)."""
    if value is not None:
        try:
            check(value)
        except shapes.ShapeError as error:
            return None, f"{problem}: {error}."
    return value, None


def _pick(mapping, keys):
    return mapping and {key: mapping[key] for key in keys}


def _each(found, convert):
    return None if found is None else [convert(entry) for entry in found]


_FORECAST = ("verdict", "service_start_mode", "service_starts", "sessions_not_saved", "logins_not_connected")
_DISK = (
    "id",
    "targets",
    "size",
    "serial",
    "paths_now",
    "paths_expected",
    "paths_unproven",
    "outlook",
    "reason",
)


def _forecast(facts, forecast):
    disks, host_remedies = [], remedies.HostRemedies(facts)
    for disk in sorted(forecast["disks"], key=lambda disk: (OUTLOOKS.index(disk["outlook"]), disk["names"])):
        remedy, run = host_remedies.for_disk(disk)
        labels = {
            "label": names.disk(disk),
            "names": list(map(names.device, disk["names"])),
            **{name: disk.get(name) for name in _IN_WINDOWS},
            "remedy": remedy,
            "run": run,
        }
        disks.append({**_pick(disk, _DISK), **labels})
    return {**_pick(forecast, _FORECAST), "volumes": forecast.get("volumes"), "disks": disks}


_IN_WINDOWS = ("volumes", "offline", "offline_reason", "read_only", "clustered", "uninitialized")


def _service(facts):
    host = facts.get("host")
    return host and {
        "state": host["service_state"],
        "start_mode": host["service_start_mode"],
        "delayed_start": host["service_delayed_start"],
        "windows_version": host["windows_version"],
        "dll_version": host["dll_version"],
    }


def _login(login):
    """A saved login: its identity, then only the options that are specified."""
    portal, options = login["portal"], login["login_options"]
    return {
        "target": login["target"],
        "portal": portal and names.portal(portal),
        "symbolic_name": portal and portal["symbolic_name"] or None,
        "initiator_instance": login["initiator_instance"],
        "initiator_port": login["initiator_port"],
        "initiator_address": login["initiator_address"],
        "session_type": login["session_type"],
        "copies": login["copies"],
        "live_sessions": login["live_sessions"],
        "security_flags": names.flags(login["security_flags"]),
        "login_flags": names.flags(options["login_flags"]),
        **_chap(options),
        "options": _options(options),
    }


def _chap(options):
    """How a login proves who it is; its secret is never known."""
    return {
        "auth_type": options["auth_type"],
        "username": names.chap_user(options),
        "secret_set": options["password_set"],
    }


def _options(options):
    return {name: options[name] for name in LOGIN_OPTIONS if options[name] is not None}


def _portal(portal):
    options = portal["login_options"]
    return {
        "portal": portal["portal"] and names.portal(portal["portal"]),
        "symbolic_name": portal["portal"] and portal["portal"]["symbolic_name"] or None,
        "initiator_instance": portal["initiator_instance"],
        "initiator_port": portal["initiator_port"],
        "initiator_address": portal["initiator_address"],
        "security_flags": names.flags(portal["security_flags"]),
        **(_chap(options) if options else dict.fromkeys(("auth_type", "username", "secret_set"))),
    }


def _sessions(facts):
    disks = names.disks_by_device(facts)
    return _each(facts.get("sessions"), lambda session: _session(session, disks))


def _session(session, disks):
    connections = session["connections"]
    return {
        "target": session["target"],
        "portals": [names.far_end(connection) for connection in connections],
        "from": [connection["initiator_address"] for connection in connections],
        "saved": session["saved"],
        "auth_type": next((connection["auth_type"] for connection in connections), None),
        "digests": sorted({f"{connection['header_digest']}/{connection['data_digest']}" for connection in connections}),
        "disks": _each(session["devices"], lambda device: names.disk_of(device, disks)),
    }


LIVE, NOT_SAVED, NOT_LIVE = "live", "live_not_saved", "saved_not_live"


def _connections(facts):
    """What leads where: portal, target, whether live and saved, and how many. None where that is not known."""
    if not facts.get("next_boot"):
        return None
    found = collections.Counter()
    for session in facts["sessions"]:
        portal = next(map(names.far_end, session["connections"]), None)
        found[portal, session["target"].lower(), LIVE if session["saved"] else NOT_SAVED] += 1
    for login in facts["persistent_logins"]:
        idle = login["copies"] - login["live_sessions"]
        if idle > 0 and login["session_type"] == "data":
            found[login["portal"] and names.portal(login["portal"]), login["target"].lower(), NOT_LIVE] += idle
    return [
        {"portal": portal, "target": target, "status": status, "paths": paths}
        for (portal, target, status), paths in sorted(found.items(), key=lambda item: [*map(str, item[0])])
    ]


def is_otherwise_critical(host):
    """Whether a host is not at risk, but has something critical all the same."""
    return host["state"] in ("ready", "degraded") and host["counts"]["critical"] > 0


def _count_totals(hosts):
    def collect(part):
        return [entry for host in hosts for entry in host[part] or ()]

    disks = collections.Counter(
        disk["outlook"]
        for host in hosts
        if host["state"] != "unknown" and host["forecast"]
        for disk in host["forecast"]["disks"]
    )
    states = collections.Counter(host["state"] for host in hosts)
    return {
        "hosts": len(hosts),
        **{state: states[state] for state in STATES},
        "not_started": sum(
            host["state"] == "at_risk" and not host_state.loses_disk(host["forecast"]) for host in hosts
        ),
        "otherwise_critical": sum(map(is_otherwise_critical, hosts)),
        "compared": sum(host["compliant"] is not None for host in hosts),
        "drifted": sum(host["compliant"] is False for host in hosts),
        "disks": {"total": sum(disks.values()), **{outlook: disks[outlook] for outlook in OUTLOOKS}},
        "findings": {name: sum(host["counts"][name] for host in hosts) for name in (*findings.SEVERITIES, "drift")},
        "logins": sum(login["copies"] for login in collect("logins")),
        "sessions": len(collect("sessions")),
        "sessions_not_saved": sum(session["saved"] is False for session in collect("sessions")),
        "portals": len({portal["portal"] for portal in collect("portals")}),
        "targets": len({record["target"].lower() for record in collect("logins") + collect("sessions")}),
    }
