# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says, as one document of plain data: report.rst in docs describes its keys.

Made from facts alone, so that a fact cache is enough, and from the drift of an audit where there was one.
"""

from __future__ import annotations

import collections

from .. import audit, export

SCHEMA_VERSION = 1
STATES = ("at_risk", "degraded", "unknown", "ready")  # the worst first
OUTLOOKS = ("lost", "unproven", "fewer_paths", "same")


def model(hosts, title="iSCSI initiators", generated=None):
    """The document.

    :param hosts: a mapping for each host: ``name``; ``facts``, the value of windows_iscsi, or None; ``drift``, the
        findings of an audit, or None where nothing was compared; ``error``, why the host could not be asked, or None.
    :param generated: the time as text.
    """
    told = sorted((_host(**one) for one in hosts), key=lambda one: (STATES.index(one["state"]), one["name"]))
    return {
        "schema_version": SCHEMA_VERSION,
        "title": title,
        "generated": generated,
        "totals": _totals(told),
        "hosts": told,
    }


def _host(name, facts=None, drift=None, error=None):
    """One host. With both an error and facts the facts are from an earlier run: its state now is unknown."""
    facts = facts or {}
    forecast = facts.get("next_boot")
    findings = audit.ordered([*(drift or ()), *(audit.risks(facts) if facts else ())])
    counts = collections.Counter(one["severity"] for one in findings)
    return {
        "name": name,
        "state": "unknown" if error or not forecast else forecast["verdict"],
        "reason": error or _why_unknown(facts, forecast),
        "earlier": bool(error and facts),
        "compliant": None if drift is None else all(one["severity"] == "info" for one in drift),
        "forecast": forecast and _forecast(facts, forecast),
        "findings": findings,
        "counts": {
            **{severity: counts[severity] for severity in audit.SEVERITIES},
            "drift": sum(one["severity"] != "info" for one in drift or ()),
        },
        "service": _service(facts),
        "initiator": _picked(facts.get("initiator"), ("node_name", "version", "instances")),
        "logins": _each(facts.get("persistent_logins"), _login),
        "portals": _each(facts.get("target_portals"), _portal),
        "sessions": _each(facts.get("sessions"), _session),
        "connections": _connections(facts),
    }


def _why_unknown(facts, forecast):
    if forecast:
        return None
    if not facts:
        return "No facts. Gather them with winstorage.iscsi.facts."
    if facts["host"]["service_state"] not in (None, "running"):
        return "MSiSCSI is {}, so what is saved could not be read.".format(facts["host"]["service_state"])
    return "Persistent logins and sessions were not both gathered."


def _picked(mapping, names):
    return mapping and {name: mapping[name] for name in names}


def _each(found, convert):
    return None if found is None else [convert(one) for one in found]


def _forecast(facts, forecast):
    disks = []
    for disk in sorted(forecast["disks"], key=lambda one: (OUTLOOKS.index(one["outlook"]), one["names"])):
        remedy, run = audit.disk_remedy(facts, disk)
        disks.append(dict(disk, names=[audit.short(name) for name in disk["names"]], remedy=remedy, run=run))
    return dict(
        {
            name: forecast[name]
            for name in (
                "verdict",
                "service_start_mode",
                "service_starts",
                "sessions_not_saved",
                "logins_not_connected",
            )
        },
        disks=disks,
    )


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
    """A saved login: who and where, then only what is said of it."""
    portal, options = login["portal"], login["login_options"]
    return {
        "target": login["target"],
        "portal": portal and audit.socket(portal),
        "symbolic_name": portal and portal["symbolic_name"] or None,
        "initiator_instance": login["initiator_instance"],
        "initiator_port": login["initiator_port"],
        "session_type": login["session_type"],
        "copies": login["copies"],
        "live_sessions": login["live_sessions"],
        "security_flags": export.names(login["security_flags"]),
        "login_flags": export.names(options["login_flags"]),
        **_proof(options),
        "options": _options(options),
    }


def _proof(options):
    """Of CHAP, whose secret is never known."""
    return {"auth_type": options["auth_type"], "username": options["username"], "secret_set": options["password_set"]}


def _options(options):
    names = ("header_digest", "data_digest", "maximum_connections", "default_time2wait", "default_time2retain")
    return {name: options[name] for name in names if options[name] is not None}


def _portal(portal):
    options = portal["login_options"]
    return {
        "portal": portal["portal"] and audit.socket(portal["portal"]),
        "symbolic_name": portal["portal"] and portal["portal"]["symbolic_name"] or None,
        "initiator_instance": portal["initiator_instance"],
        "initiator_port": portal["initiator_port"],
        "security_flags": export.names(portal["security_flags"]),
        **(_proof(options) if options else dict.fromkeys(("auth_type", "username", "secret_set"))),
    }


def _session(session):
    connections = session["connections"]
    return {
        "target": session["target"],
        "portals": [audit.connection(one) for one in connections],
        "from": [one["initiator_address"] for one in connections],
        "saved": session["saved"],
        "auth_type": next((one["auth_type"] for one in connections), None),
        "digests": sorted({"{}/{}".format(one["header_digest"], one["data_digest"]) for one in connections}),
        "disks": _each(session["devices"], lambda device: audit.short(device["legacy_name"])),
    }


LIVE, NOT_SAVED, NOT_LIVE = "live", "live_not_saved", "saved_not_live"


def _connections(facts):
    """What leads where: portal, target, whether live and saved, and how many. None where that is not known."""
    if not facts.get("next_boot"):
        return None
    found = collections.Counter()
    for session in facts["sessions"]:
        portal = next((audit.connection(one) for one in session["connections"]), None)
        found[portal, session["target"].lower(), LIVE if session["saved"] else NOT_SAVED] += 1
    for login in facts["persistent_logins"]:
        idle = login["copies"] - login["live_sessions"]
        if idle > 0 and login["session_type"] == "data":
            found[login["portal"] and audit.socket(login["portal"]), login["target"].lower(), NOT_LIVE] += idle
    return [
        {"portal": portal, "target": target, "status": status, "paths": paths}
        for (portal, target, status), paths in sorted(found.items(), key=lambda one: [*map(str, one[0])])
    ]


def _totals(hosts):
    def together(part):
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
        "compared": sum(host["compliant"] is not None for host in hosts),
        "drifted": sum(host["compliant"] is False for host in hosts),
        "disks": {"total": sum(disks.values()), **{outlook: disks[outlook] for outlook in OUTLOOKS}},
        "findings": {name: sum(host["counts"][name] for host in hosts) for name in (*audit.SEVERITIES, "drift")},
        "logins": sum(login["copies"] for login in together("logins")),
        "sessions": len(together("sessions")),
        "sessions_not_saved": sum(session["saved"] is False for session in together("sessions")),
        "portals": len({portal["portal"] for portal in together("portals")}),
        "targets": len({one["target"].lower() for one in together("logins") + together("sessions")}),
    }
