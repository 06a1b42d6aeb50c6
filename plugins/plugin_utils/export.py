# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a host as a declaration, as ``initiator_state`` and the role take it: adopting starts from what is.

A declaration made here asks for no change on the host that it comes from. Secrets cannot be read from Windows, so what
has one is declared without: an audit needs none, and a change asks for it.
"""

from __future__ import annotations

from ..module_utils.model import records
from ..module_utils.plan import declaration as declared
from ..module_utils.plan import planner as reconcile
from ..module_utils.plan.apply import START_MODES

_LISTS = ("isns_servers", "radius_servers", "persistent_devices")


def declaration(facts, exact=False):
    """The keys of ``initiator_state`` for a host's ``windows_iscsi`` facts. What was not gathered is left out.

    ``exact``: say also what Windows holds no value for, so that an audit finds it when somebody sets it.
    """
    host, initiator = facts["host"], facts.get("initiator") or {}
    static = [one for one in facts.get("targets") or () if one["static"]]
    return _said(
        {
            "service_state": "started" if host["service_state"] == "running" else None,
            "service_start_mode": host["service_start_mode"] if host["service_start_mode"] in START_MODES else None,
            "node_name": initiator.get("node_name"),
            "target_portals": _each(facts.get("target_portals"), PORTALS, initiator.get("instances"), exact),
            "static_targets": [_static_target(one, exact) for one in static] or None,
            "persistent_logins": _each(facts.get("persistent_logins"), LOGINS, initiator.get("instances"), exact),
            **{name: facts.get(name) or None for name in _LISTS},
        }
    )


class _Kind:
    """Logins or portals: their record, their properties, and what tells one from another in a declaration."""

    def __init__(self, record, properties, place):
        self.record, self.properties, self._place = record, properties, place

    def key(self, found):
        """The identity that Windows sees."""
        return reconcile.key(records.from_dict(self.record, found))

    def identity(self, found):
        """The same as a declaration says it."""
        return _said(
            dict(
                self._place(found),
                initiator_instance=found["initiator_instance"] or None,
                initiator_port=found["initiator_port"],
            )
        )

    def declare(self, found, exact=False):
        """One as a task takes it, but for its secret and the number of its copies."""
        return dict(self.identity(found), **_values(found, self.properties, exact))


def _socket(portal):
    return {"address": portal["address"], "port": portal["port"]}


LOGINS = _Kind(
    records.PersistentLogin,
    declared.PERSISTENT_LOGIN,
    lambda login: {"target": login["target"], "portal": login["portal"] and _socket(login["portal"])},
)
PORTALS = _Kind(records.TargetPortal, declared.TARGET_PORTAL, lambda portal: _socket(portal["portal"]))


def _each(found, kind, instances, exact):
    """Declarations of logins or portals, one for each identity.

    Records of one identity that differ are declared by what they share, and a portal that is listed twice once. An
    instance that the host does not have cannot be named; where that leaves open which record is meant, the record is
    left out.
    """
    if found is None:
        return None
    grouped, places = {}, {}
    for one in found:
        if one["portal"] is not None or kind is LOGINS:
            grouped.setdefault(kind.key(one), []).append(one)
            places.setdefault(_without_instance(kind.key(one)), set()).add(kind.key(one))
    known = None if instances is None else {name.lower() for name in instances}
    made = []
    for key, members in grouped.items():
        instance = members[0]["initiator_instance"]
        named = bool(instance) and (known is None or instance.lower() in known)
        if named or len(places[_without_instance(key)]) == 1:
            copies = sum(one.get("copies", 1) for one in members)
            made.append(
                _said(
                    dict(
                        kind.identity(members[0]),
                        initiator_instance=instance if named else None,
                        copies=copies if copies > 1 and kind is LOGINS else None,
                        **_shared([_values(one, kind.properties, exact) for one in members]),
                    )
                )
            )
    return made


def _without_instance(key):
    return key[:1] + key[2:]


def _shared(several):
    """What several dicts agree in."""
    first, *others = several
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}


def _static_target(target, exact):
    way = next(one for one in target["discoveries"] if one["kind"] == "static")
    return dict({"target": target["name"]}, **_values(way, declared.STATIC_TARGET, exact))


def _values(found, properties, exact):
    """The options of a record that a declaration can have. One with a value that it cannot have stays unmanaged."""
    values = {}
    for prop in properties:
        value = _PLAIN.get(prop.path, _followed(prop.path))(found)
        if value is None and exact and prop.unspecified and prop is not declared.MAPPINGS:
            value = declared.UNSPECIFIED
        if value is not None and (exact or value not in ("", [], "data")) and _accepted(prop, value):
            values[prop.option] = value
    return values


def _accepted(prop, value):
    try:
        prop.accept(value, "")
    except declared.DeclarationError:
        return False
    return True


def _followed(path):
    """A function that finds the value of a path in a record of the facts, flags as people write them."""

    def follow(found):
        for name in path.split("."):
            found = None if found is None else found.get(name)
        return names(found) if isinstance(found, dict) else found

    return follow


def names(flags):
    """A flag set of the facts as a list: names, and a number for the bits without one."""
    return flags and flags["names"] + ([flags["unknown"]] if flags["unknown"] else [])


def _mappings(login):
    numbers = login["mappings"]
    return numbers and {
        "bus": numbers["bus"],
        "target_number": numbers["target_number"],
        "luns": [{"os_lun": lun["os_lun"], "target_lun": lun["target_lun"]} for lun in numbers["luns"]],
    }


# Where the facts have a value in another form than a declaration.
_PLAIN = {
    "mappings": _mappings,
    "portal_groups": lambda way: [_socket(portal) for group in way["portal_groups"] or () for portal in group],
}


def _said(plain):
    return {name: value for name, value in plain.items() if value is not None}
