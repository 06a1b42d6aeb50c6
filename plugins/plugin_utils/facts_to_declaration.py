# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a host as a declaration, as ``initiator_state`` and the role take it: adopting starts from what is.

A declaration made here asks for no change on the host that it comes from. Secrets cannot be read from Windows, so a
record that has one is declared without it: an audit needs none, and a change asks for it.
"""

from __future__ import annotations

from ..module_utils.model import records
from ..module_utils.plan import properties
from ..module_utils.plan.options import START_MODES
from ..module_utils.plan.properties import ANY
from ..module_utils.plan.values import UNSPECIFIED, DeclarationError
from . import names

_LISTS = ("isns_servers", "radius_servers", "persistent_devices")


def declaration(facts, exact=False):
    """The keys of ``initiator_state`` for a host's ``windows_iscsi`` facts. What was not gathered is left out.

    ``exact``: say also what Windows holds no value for, so that an audit finds it when somebody sets it.
    """
    host, initiator = facts["host"], facts.get("initiator") or {}
    static = {}
    for target in facts.get("targets") or ():
        for discovery in target["discoveries"]:
            if discovery["kind"] == "static":
                static.setdefault(target["name"], discovery)
    return _without_nulls(
        {
            "service_state": "started" if host["service_state"] == "running" else None,
            "service_start_mode": host["service_start_mode"] if host["service_start_mode"] in START_MODES else None,
            "node_name": initiator.get("node_name"),
            "target_portals": _declare_all(facts.get("target_portals"), PORTALS, exact),
            "static_targets": [
                {"target": name, **_options(discovery, properties.STATIC_TARGET, exact)}
                for name, discovery in static.items()
            ]
            or None,
            "persistent_logins": _declare_all(facts.get("persistent_logins"), LOGINS, exact),
            **{name: facts.get(name) or None for name in _LISTS},
        }
    )


class Kind:
    """Logins or portals: their record, their properties, and what tells one from another in a declaration."""

    def __init__(self, record, table, place):
        self.record, self.properties, self._place = record, table, place

    def key(self, found):
        """The identity that Windows sees."""
        return records.from_dict(self.record, found).identity

    def identity(self, found):
        """The options that identify a record of the facts: all of them, so that no other record is meant."""
        port, address = found["initiator_port"], found.get("initiator_address")
        place = {**self._place(found), "initiator_instance": found["initiator_instance"] or ANY}
        if address and found["initiator_instance"]:
            return {**place, "initiator_address": address}  # the number changes when network adapters do
        return {**place, "initiator_port": ANY if port is None else port}

    def declare(self, found, exact=False):
        """The options of a record of the facts as a task takes them, without its secret and number of copies."""
        return {**self.identity(found), **_options(found, self.properties, exact)}


def _address_and_port(portal):
    return {"address": portal["address"], "port": portal["port"]}


LOGINS = Kind(
    records.PersistentLogin,
    properties.PERSISTENT_LOGIN,
    lambda login: {"target": login["target"], "portal": login["portal"] and _address_and_port(login["portal"]) or ANY},
)
PORTALS = Kind(records.TargetPortal, properties.TARGET_PORTAL, lambda portal: _address_and_port(portal["portal"]))


def _declare_all(found, kind, exact):
    """Declarations of logins or portals, one for each identity.

    Records of one identity that differ are declared by what they share, and a portal that is listed twice once.
    """
    if found is None:
        return None
    grouped = {}
    for record in found:
        if record["portal"] is not None or kind is LOGINS:
            grouped.setdefault(kind.key(record), []).append(record)
    return [_declare_together(members, kind, exact) for members in grouped.values()]


def _declare_together(members, kind, exact):
    """One declaration of all records of one identity."""
    copies = sum(record.get("copies", 1) for record in members)
    return _without_nulls(
        {
            **kind.identity(members[0]),
            "copies": copies if copies > 1 and kind is LOGINS else None,
            **_shared([_options(record, kind.properties, exact) for record in members]),
        }
    )


def _shared(several):
    """The items that several dicts have in common."""
    first, *others = several
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def _options(found, table, exact):
    """The options of a record that a declaration can have. One with a value that it cannot have stays unmanaged."""
    values = {}
    for prop in table:
        if not prop.is_shown:  # a part of another property, which says it already
            continue
        value = _CONVERTED[prop.path](found) if prop.path in _CONVERTED else _follow(prop.path, found)
        if value is None and exact and prop.can_be_unspecified and prop is not properties.MAPPINGS:
            value = UNSPECIFIED
        if value is not None and (exact or value not in ("", [], "data")) and _is_accepted(prop, value):
            values[prop.option] = value
    return values


def _is_accepted(prop, value):
    try:
        prop.accept(value, "")
    except DeclarationError:
        return False
    return True


def _follow(path, found):
    """The value of a path in a record of the facts, flags as people write them."""
    for name in path.split("."):
        found = None if found is None else found.get(name)
    return names.flags(found) if isinstance(found, dict) else found


def _mappings(login):
    numbers = login["mappings"]
    return numbers and {
        "bus": numbers["bus"],
        "target_number": numbers["target_number"],
        "luns": [{"os_lun": lun["os_lun"], "target_lun": lun["target_lun"]} for lun in numbers["luns"]],
    }


def _portals_of_groups(discovery):
    return [_address_and_port(portal) for group in discovery["portal_groups"] or () for portal in group]


# Where the facts have a value in another form than a declaration.
_CONVERTED = {
    "mappings": _mappings,
    "portal_groups": _portals_of_groups,
}


def _without_nulls(plain):
    return {name: value for name, value in plain.items() if value is not None}
