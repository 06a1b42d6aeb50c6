# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several risks look up in the facts of a host."""

from __future__ import annotations

from ...module_utils.model import events, ports
from .. import facts_to_declaration, names
from . import remedies


def disks(facts):
    """The disks of the forecast."""
    return (facts.get("next_boot") or {}).get("disks") or ()


def initiator_ports(facts):
    """The initiator ports of the host."""
    return [ports.InitiatorPort(**port) for port in facts.get("initiator_ports") or ()]


def idle_logins(facts):
    """The saved data logins without a session."""
    logins = facts.get("persistent_logins") or ()
    return [login for login in logins if login["connected"] is False and login["session_type"] == "data"]


def find_reasons(login, facts):
    """The events that say why a login has no session."""
    return events.find_reasons(reported_events(facts), login["target"], login["portal"])


def reported_events(facts):
    """The events of the host."""
    return (facts.get("events") or {}).get("entries") or ()


def known_targets(facts):
    """The names of the targets that the initiator knows, or None where they were not gathered."""
    return None if facts.get("targets") is None else {target["name"].lower() for target in facts["targets"]}


def has_vanished_instance(record, facts):
    """Whether a login or portal is for an initiator instance that the host is known not to have."""
    instances = (facts.get("initiator") or {}).get("instances")
    instance = record["initiator_instance"].lower()
    return instances is not None and bool(instance) and instance not in map(str.lower, instances)


def logins_by_target(facts):
    """{target, spelled as its first login spells it: its saved data logins}."""
    grouped: dict = {}
    spelling: dict = {}
    for login in facts.get("persistent_logins") or ():
        if login["session_type"] == "data":
            target = spelling.setdefault(login["target"].lower(), login["target"])
            grouped.setdefault(target, []).append(login)
    return grouped


def records_with_flags(facts):
    """(record, its name, the module that declares it, its kind) of each login and portal whose flags are known."""
    for login in facts.get("persistent_logins") or ():
        yield login, names.login(login), remedies.LOGIN_MODULE, facts_to_declaration.LOGINS
    for portal in facts.get("target_portals") or ():
        if portal["security_flags"] is not None and portal["login_options"] and portal["portal"]:
            yield portal, names.target_portal(portal), remedies.PORTAL_MODULE, facts_to_declaration.PORTALS
