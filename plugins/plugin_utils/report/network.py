# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of hosts, portals and targets: what to draw where.

Hosts whose connections are alike are one node. Where there are too many, targets are merged by the portals that lead to
them, portals by the targets they lead to, and hosts by ever less of what they have, so that a map of any fleet fits.
"""

from __future__ import annotations

import collections
import typing as t

from ..text import text
from .document import LIVE, NOT_LIVE, NOT_SAVED, STATES

MOST = 36  # nodes in a column
MOST_TARGETS = 24
WIDTH, NODE_HEIGHT, GAP, MARGIN = 1120, 42, 12, 12
# column -> (left edge, width)
COLUMNS = {"host": (MARGIN, 250), "portal": (424, 246), "target": (808, 300)}
STATUSES = (LIVE, NOT_LIVE, NOT_SAVED)
WORDS = {LIVE: "live and saved", NOT_SAVED: "live, not saved", NOT_LIVE: "saved, not live"}
ANY_PORTAL = "any portal"


class Node(t.NamedTuple):
    """A box: what it stands for, and its corner."""

    id: str
    column: str
    names: tuple
    state: str | None
    x: int
    y: float
    width: int


class Line(t.NamedTuple):
    """From one box to the next. ``of``: the ids of all boxes whose connections run along it."""

    ends: tuple
    of: list
    status: str
    hosts: int
    paths: int
    path: str


class Way(t.NamedTuple):
    """A row of the map as a table: three boxes and what is between them."""

    host: Node
    portal: Node
    target: Node
    status: str
    hosts: int
    paths: int


class Map(t.NamedTuple):
    """All there is to draw. ``left_out``: hosts of which connections are not known."""

    nodes: list
    lines: list
    ways: list
    height: float
    left_out: int


def draw(hosts):
    """A :class:`Map` of the hosts of a document, or None where no connection is known."""
    known = [host for host in hosts if host["connections"] is not None]
    edges = [
        (host["name"], edge["portal"] or ANY_PORTAL, edge["target"], edge["status"], edge["paths"])
        for host in known
        for edge in host["connections"]
    ]
    if not edges:
        return None
    of_target = _merge_targets(edges)
    of_portal = _merge_portals(edges, of_target)
    of_host = _merge_hosts(known, edges, of_portal, of_target)
    drawn = collections.defaultdict(lambda: [set(), 0])
    for name, portal, target, status, paths in edges:
        line = drawn[of_host[name], of_portal[portal], of_target[target], status]
        line[0].add(name)
        line[1] += paths
    states = {host["name"]: host["state"] for host in known}
    nodes = _place(
        {"host": _members(of_host), "portal": _members(of_portal), "target": _members(of_target)}, list(drawn), states
    )
    return _map(nodes, drawn, len(hosts) - len(known))


def _merge_targets(edges):
    portals = collections.defaultdict(set)
    for _name, portal, target, _status, _paths in edges:
        portals[target].add(portal)
    return _merged(
        portals, [lambda one: one, lambda one: frozenset(portals[one]), lambda one: len(portals[one])], MOST_TARGETS
    )


def _merge_portals(edges, of_target):
    targets = collections.defaultdict(set)
    for _name, portal, target, _status, _paths in edges:
        targets[portal].add(of_target[target])
    return _merged(targets, [lambda one: one, lambda one: frozenset(targets[one]), lambda _one: None], MOST)


def _merge_hosts(known, edges, of_portal, of_target):
    ways = {host["name"]: set() for host in known}
    states = {host["name"]: host["state"] for host in known}
    for name, portal, target, status, _paths in edges:
        ways[name].add((status, of_portal[portal], of_target[target]))
    return _merged(
        ways,
        [
            lambda one: (states[one], frozenset(ways[one])),
            lambda one: (states[one], frozenset(way[:2] for way in ways[one])),
            lambda one: (states[one], frozenset(way[0] for way in ways[one])),
        ],
        MOST,
    )


def _merged(names, keys, most):
    """{name: the first name of its group}, grouped by the first key that makes few enough groups, else by the last."""
    for key in keys:
        first = {}
        groups = {name: first.setdefault(key(name), name) for name in sorted(names)}
        if len(first) <= most:
            break
    return groups


def _members(groups):
    found = collections.defaultdict(list)
    for name, first in groups.items():
        found[first].append(name)
    return dict(found)


# -- where --


def _place(columns, lines, states):
    """{(column, first name): Node}. Nodes are ordered so that lines cross little: each where its neighbours are."""
    order = {column: sorted(members) for column, members in columns.items()}
    order["host"].sort(key=lambda first: (STATES.index(states[first]), first))
    beside = collections.defaultdict(set)
    for host, portal, target, _status in lines:
        beside["portal", portal] |= {("host", host), ("target", target)}
        beside["host", host].add(("portal", portal))
        beside["target", target].add(("portal", portal))
    for column in ("portal", "target", "host", "portal", "target"):
        middle = {
            (other, name): (index + 0.5) / len(names)
            for other, names in order.items()
            for index, name in enumerate(names)
        }
        order[column].sort(key=lambda name, column=column: _mean(middle[one] for one in beside[column, name]))
    tallest = max(map(len, order.values()))
    nodes = {}
    for column, names in order.items():
        left, width = COLUMNS[column]
        step = NODE_HEIGHT + GAP
        top = MARGIN + (tallest - len(names)) * step / 2
        for index, first in enumerate(names):
            nodes[column, first] = Node(
                f"{column[0]}{index}",
                column,
                tuple(columns[column][first]),
                states[first] if column == "host" else None,
                left,
                top + index * step,
                width,
            )
    return nodes


def _mean(numbers):
    found = list(numbers)
    return sum(found) / len(found) if found else 1.0


def _map(nodes, drawn, left_out):
    ways = [
        Way(nodes["host", host], nodes["portal", portal], nodes["target", target], status, len(names), paths)
        for (host, portal, target, status), (names, paths) in drawn.items()
    ]
    legs = collections.defaultdict(list)
    for way in ways:
        legs[way.host, way.portal, way.status].append(way)
        legs[way.portal, way.target, way.status].append(way)
    lines = [_line(*leg, ways_along) for leg, ways_along in legs.items()]
    lines.sort(key=lambda one: STATUSES.index(one.status))  # what is wrong is drawn last, and so lies above
    ways.sort(key=lambda one: (-STATUSES.index(one.status), one.host.y, one.portal.y, one.target.y))
    height = max(node.y for node in nodes.values()) + NODE_HEIGHT + MARGIN
    in_order = sorted(nodes.values(), key=lambda one: (list(COLUMNS).index(one.column), one.y))
    return Map(in_order, lines, ways, height, left_out)


def _line(start, end, status, ways):
    """A curve from box to box; lines of different status run beside each other."""
    shift = 6 * (STATUSES.index(status) - 1) + NODE_HEIGHT / 2
    x1, y1, x2, y2 = start.x + start.width, start.y + shift, end.x, end.y + shift
    middle = (x1 + x2) / 2
    of = sorted({node.id for way in ways for node in (way.host, way.portal, way.target)})
    hosts = sum({way.host.id: way.hosts for way in ways}.values())
    return Line(
        (start.id, end.id),
        of,
        status,
        hosts,
        sum(way.paths for way in ways),
        f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}",
    )


# -- words --

_LETTERS = {"host": 25, "portal": 27, "target": 33}  # what fits into a box in a wide font
_NOUNS = {"host": "hosts", "portal": "portals", "target": "targets"}


def title(node):
    """The first line of a box: a name, its middle left out where it is too long."""
    if len(node.names) > 1:
        return f"{len(node.names)} {_NOUNS[node.column]}"
    name, most = text(node.names[0]), _LETTERS[node.column]
    return name if len(name) <= most else f"{name[: most // 2 - 1]}…{name[-(most - most // 2) :]}"


def subtitle(node, words):
    """The second line: the state of hosts, whose names they are."""
    state = words.STATES[node.state] if node.state else {"portal": "portal", "target": "target"}[node.column]
    if len(node.names) == 1:
        return state
    names = ", ".join(map(text, node.names))
    return names if len(names) <= _LETTERS[node.column] else names[: _LETTERS[node.column] - 1] + "…"


def tip(node):
    """All that a box stands for, within reason."""
    names = ", ".join(node.names[:40]) + (f" and {len(node.names) - 40} more" if len(node.names) > 40 else "")
    return f"{_NOUNS[node.column][: -1 if len(node.names) == 1 else None]}: {names}"
