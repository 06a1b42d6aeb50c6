# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at risk of saved logins and target portals: copies, ports that are gone, targets that nobody knows."""

from __future__ import annotations

import collections

from ...module_utils.model import addresses, events, ports, records
from .. import names
from . import findings, lookup, remedies


def find_copies(facts):
    """Logins that are saved several times, with the same settings or with others."""
    entries = collections.defaultdict(list)
    for login in facts.get("persistent_logins") or ():
        entries[records.from_dict(records.PersistentLogin, login).identity].append(login)
    for logins in entries.values():
        copies = sum(login["copies"] for login in logins)
        if copies > 1:
            differ = len(logins) > 1
            yield findings.risk(
                "warning",
                "saved_twice",
                names.login(logins[0]),
                f"saved {copies} times{' with different settings' if differ else ''}. Each copy opens its own session.",
                "Decide which settings are intended, and declare them with copies: 1."
                if differ
                else "Keep one copy, unless several sessions are intended.",
                [] if differ else [remedies.update_login(logins[0], copies=1)],
            )


def find_idle_logins(facts):
    """Saved logins without a session, each with the surest reason for it."""
    targets = lookup.known_targets(facts)
    connected_paths = {names.path(login) for login in facts.get("persistent_logins") or () if login["connected"]}
    known = lookup.initiator_ports(facts)
    for login in lookup.idle_logins(facts):
        if ports.is_missing(known, login["initiator_instance"], login["initiator_port"]):
            continue  # which find_lost_ports explains
        finding = _explain_idle_login(login, facts, targets, connected_paths)
        reasons = lookup.find_reasons(login, facts)
        if reasons:
            lines = "; ".join(map(events.describe, reasons[:_MOST_REASONS]))
            finding["text"] += f" In the event log: {lines}."
            finding["remedy"] = f"{reasons[0]['remedy']} {finding['remedy']}"
        yield finding


_MOST_REASONS = 2  # of an idle login, in its text


def find_lost_ports(facts):
    """Logins and portals that are bound to an initiator port which is gone, or is another one today."""
    known = lookup.initiator_ports(facts)
    for record, name, run in _bound_records(facts):
        number, today, saved = (record[key] for key in ("initiator_port", *_PORT_ADDRESSES))
        if ports.is_missing(known, record["initiator_instance"], number):
            former = saved or _likely_address(record, facts)
            text = f"saved for initiator port {number}, which this host no longer has."
            text += f" The address of that port was probably {former}." if former else ""
            yield findings.risk("warning", "vanished_initiator_port", name, text, _choose_port(known), run)
        elif saved and today and addresses.canonical(saved) != addresses.canonical(today):
            text = f"saved for initiator port {number} when that was {saved}. Today port {number} is {today}."
            yield findings.risk("warning", "moved_initiator_port", name, text, _choose_port(known))


_PORT_ADDRESSES = ("initiator_address", "saved_initiator_address")


def _bound_records(facts):
    """(record, what it is called, the tasks that remove it) of logins and portals."""
    for login in facts.get("persistent_logins") or ():
        yield login, names.login(login), [remedies.remove_login(login)]
    for portal in facts.get("target_portals") or ():
        if portal["portal"]:
            yield portal, names.target_portal(portal), [remedies.remove_portal(portal)]


def _choose_port(known):
    listed = ", ".join(f"{port.number} ({port.address or 'without an address'})" for port in known)
    return f"Save it for the port that is meant, or for any port, and remove this one. The ports are: {listed}."


def _likely_address(record, facts):
    """The address that a port had when another record was saved for it, if those records agree."""
    found = {
        other["saved_initiator_address"]
        for other in (*(facts.get("persistent_logins") or ()), *(facts.get("target_portals") or ()))
        if other["initiator_port"] == record["initiator_port"]
        and other["initiator_instance"].lower() == record["initiator_instance"].lower()
    } - {None}
    return found.pop() if len(found) == 1 else None


def _explain_idle_login(login, facts, targets, connected_paths):
    if lookup.has_vanished_instance(login, facts):
        return findings.risk(
            "warning",
            "vanished_instance",
            names.login(login),
            f"saved for initiator instance {login['initiator_instance']}, which this host no longer has.",
            "Save the login for an instance that is there. This one cannot be removed while its instance is missing "
            "(0xEFFF0044): if it is not wanted, bring the adapter back in Device Manager, and remove it then. Without "
            "its adapter it opens no session.",
        )
    if targets is not None and login["target"].lower() not in targets:
        return findings.risk(
            "warning",
            "stale_favourite",
            names.login(login),
            "saved and not connected. The initiator does not know its target, and tries to connect at every restart.",
            "If the array is gone, remove it.",
            [remedies.remove_login(login)],
        )
    is_guess = facts.get("initiator_ports") is None  # otherwise find_lost_ports knows better
    if is_guess and not login["any_initiator_port"] and names.path(login) in connected_paths:
        return findings.risk(
            "warning",
            "vanished_initiator_port",
            names.login(login),
            f"saved for initiator port {login['initiator_port']} and not connected, while another port reaches the "
            "same portal.",
            "Check whether the address behind that port still exists. If not, save the login for any port or for the "
            "right one, and remove this one.",
            [remedies.remove_login(login)],
        )
    return findings.risk(
        "warning",
        "not_connected",
        names.login(login),
        "saved, but not connected: it has no live session.",
        "Log in, or remove it if it is not wanted.",
        [remedies.declare_login(login, connected=True)],
    )


# -- target portals ----------------------------------------------------------------------------------------------------


def find_idle_portals(facts):
    """Portals through which no target was found, each with the surest reason for it."""
    portals = [portal for portal in facts.get("target_portals") or () if portal["portal"]]
    entries = collections.Counter(_canonical(portal["portal"]) for portal in portals)
    discoveries = _count_discoveries(facts)
    for portal in portals:
        place = _canonical(portal["portal"])
        if lookup.has_vanished_instance(portal, facts):
            yield findings.risk(
                "warning",
                "vanished_instance",
                names.target_portal(portal),
                f"bound to initiator instance {portal['initiator_instance']}, which this host no longer has.",
                "Remove it, and add it for an instance that is there.",
                [remedies.remove_portal(portal)],
            )
        elif discoveries is not None and not discoveries[place]:
            yield findings.risk(
                "warning",
                "silent_portal",
                names.target_portal(portal),
                "no target is known from this portal.",
                "Refresh it. If it does not answer, check whether the array has moved, and remove the portal if so.",
                [remedies.refresh_portal(portal)],
            )
        elif (
            discoveries is not None
            and discoveries[place] < entries[place]
            and not portal["any_initiator_port"]
            and facts.get("initiator_ports") is None  # otherwise find_lost_ports knows better
        ):
            yield findings.risk(
                "warning",
                "vanished_initiator_port",
                names.target_portal(portal),
                f"listed {entries[place]} times, but only {discoveries[place]} of them found targets. One may be "
                "bound to an initiator address that no longer exists.",
                "Check which initiator port still has an address, and remove the other. If Windows does not find it by "
                "its port number, remove the portal for any initiator port, and add it again.",
            )


def _count_discoveries(facts):
    """Counter of (address, port) of the entries that found a target by SendTargets, or None where it is not known."""
    if facts.get("targets") is None:
        return None
    mechanisms = {
        discovery["mechanism"].lower()
        for target in facts["targets"]
        for discovery in target["discoveries"]
        if discovery["kind"] == "sendtargets"
    }
    return collections.Counter(map(_asked_portal, mechanisms))


def _asked_portal(mechanism):
    """Address and port that a mechanism names.

    Observed: ``SendTargets:*172.16.130.9 0003260 ROOT\\ISCSIPRT\\0000_0 172.16.130.55`` (Infinidat).
    """
    address, port, *_rest = [*mechanism.partition(":")[2].split(), "", ""]
    return addresses.canonical(address.lstrip("*")), int(port) if port.isdigit() else 0


def _canonical(portal):
    return addresses.canonical(portal["address"]), portal["port"]
