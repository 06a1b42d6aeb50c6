# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at risk between the hosts of a fleet: no host shows it alone.

``FLEET_CHECKS`` is the table of these risks, as ``risks.RISK_CHECKS`` is that of the risks of one host.
"""

from __future__ import annotations

import collections
import typing as t

from .. import names
from ..text import count, text
from . import findings

_MOST_NAMED = 5  # hosts or targets, in a finding


def find_fleet_risks(fleet):
    """{host: its findings}, from {host: its facts}, which have been checked."""
    found = collections.defaultdict(list)
    for check in FLEET_CHECKS:
        for host, risk in check.find(fleet):
            found[host].append(risk)
    return found


def _node_names(fleet):
    """{node name in small letters: hosts}"""
    hosts = collections.defaultdict(list)
    for host, facts in fleet.items():
        if facts.get("initiator"):
            hosts[facts["initiator"]["node_name"].lower()].append(host)
    return hosts


def _list_first(listed):
    more = len(listed) - _MOST_NAMED
    return ", ".join(sorted(listed)[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def find_shared_node_names(fleet):
    """Hosts with one node name, as clones have it."""
    for hosts in _node_names(fleet).values():
        for host in hosts if len(hosts) > 1 else ():
            node_name = fleet[host]["initiator"]["node_name"]
            others = [other for other in hosts if other != host]
            yield (
                host,
                findings.risk(
                    "critical",
                    "node_name_shared",
                    node_name,
                    f"also the node name of {_list_first(others)}. An array takes them for one host, so each may "
                    "write to the disks of the others.",
                    "Give each host a node name of its own, and allow it on the array.",
                ),
            )


def find_foreign_logins(fleet):
    """Logins whose user is the node name of another host. Windows saves it where no user is given, so it was cloned."""
    owners = _node_names(fleet)
    for host, facts in fleet.items():
        own = facts["initiator"]["node_name"].lower() if facts.get("initiator") else None
        for login in facts.get("persistent_logins") or ():
            user = (login["login_options"]["username"] or "").lower()
            hosts = [other for other in owners.get(user, ()) if other != host]
            if hosts and own not in (None, user):
                yield (
                    host,
                    findings.risk(
                        "warning",
                        "foreign_login",
                        names.login(login),
                        f"saved with the node name of {_list_first(hosts)} as its user. This host seems to be a clone "
                        "that still has the logins of the other.",
                        "Remove it, unless the array expects that user.",
                    ),
                )


# What should be the same wherever a target is reached: fields of a login's options, and its flags.
_SETTINGS = (
    "header_digest",
    "data_digest",
    "maximum_connections",
    "default_time2wait",
    "default_time2retain",
    "auth_type",
)


def find_differing_settings(fleet):
    """Logins to a target with other flags or times than most hosts have for it."""
    by_target = collections.defaultdict(lambda: collections.defaultdict(set))
    for host, facts in fleet.items():
        for login in facts.get("persistent_logins") or ():
            if login["session_type"] == "data":
                by_target[login["target"].lower()][host].add(_settings(login))
    for target, hosts in by_target.items():
        shared = collections.Counter(map(frozenset, hosts.values()))
        if len(shared) > 1:
            usual, number = min(shared.items(), key=lambda item: (-item[1], sorted(map(repr, item[0]))))
            for host, own in hosts.items():
                if own != usual:
                    yield host, _explain_difference(target, own, usual, number)


def _settings(login):
    options = login["login_options"]
    flags = tuple(names.flags(login["security_flags"])), tuple(names.flags(options["login_flags"]))
    return (*flags, *(options[name] for name in _SETTINGS))


def _explain_difference(target, own, usual, number):
    fields = ("security_flags", "login_flags", *_SETTINGS)
    differing = []
    for index, field in enumerate(fields):
        here, there = ({settings[index] for settings in side} for side in (own, usual))
        if here != there:
            differing.append(f"{field} is {_list_values(here)} here and {_list_values(there)} there")
    return findings.risk(
        "info",
        "settings_differ",
        target,
        f"{count(number, 'other host')} {'reaches' if number == 1 else 'reach'} this target with other settings: "
        f"{'; '.join(differing) or 'other combinations'}.",
        "Declare the same flags and times on every host, unless the difference is intended.",
    )


def find_differing_timers(fleet):
    """Hosts whose timers differ from those of most hosts that reach the same target."""
    by_target = collections.defaultdict(dict)
    for host, facts in fleet.items():
        timers = (facts.get("host_settings") or {}).get("timers")
        for login in facts.get("persistent_logins") or () if timers else ():
            if login["session_type"] == "data":
                by_target[login["target"].lower()][host] = {name: entry["value"] for name, entry in timers.items()}
    found = collections.defaultdict(list)
    for target, hosts in by_target.items():
        shared = collections.Counter(tuple(sorted(timers.items())) for timers in hosts.values())
        usual, number = min(shared.items(), key=lambda item: (-item[1], repr(item[0])))
        for host, own in hosts.items():
            differing = tuple(
                f"{name} is {text(own.get(name))} here and {text(value)} there"
                for name, value in usual
                if own.get(name) != value
            )
            if differing:
                found[host, differing, number].append(target)
    for (host, differing, number), targets in found.items():
        yield (
            host,
            findings.risk(
                "info",
                "settings_differ",
                "initiator timers",
                f"{count(number, 'other host')} {'has' if number == 1 else 'have'} other timers for the same target "
                f"({_list_first(targets)}): {'; '.join(differing)}.",
                "Declare the same host_settings on every host, unless the difference is intended.",
            ),
        )


def _list_values(values):
    return " or ".join(sorted(text(list(value) if isinstance(value, tuple) else value) for value in values))


class FleetCheck(t.NamedTuple):
    """What finds risks in the facts of a fleet, and the kind of finding it yields."""

    find: t.Callable
    kind: str


FLEET_CHECKS = (
    FleetCheck(find_shared_node_names, "node_name_shared"),
    FleetCheck(find_foreign_logins, "foreign_login"),
    FleetCheck(find_differing_settings, "settings_differ"),
    FleetCheck(find_differing_timers, "settings_differ"),
)
