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
from . import labels
from .document import LIVE, NOT_LIVE, NOT_SAVED, STATES

MOST = 36  # nodes in a column
MOST_TARGETS = 24
WIDTH, NODE_HEIGHT, GAP, MARGIN = 1120, 42, 12, 12
# column -> (left edge, width)
COLUMNS = {"host": (MARGIN, 250), "portal": (424, 246), "target": (808, 300)}
STATUSES = (LIVE, NOT_LIVE, NOT_SAVED)
STATUS_LABELS = {LIVE: "live and saved", NOT_SAVED: "live, not saved", NOT_LIVE: "saved, not live"}
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


class Connection(t.NamedTuple):
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
    connections: list
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
    target_groups = _merge_targets(edges)
    portal_groups = _merge_portals(edges, target_groups)
    host_groups = _merge_hosts(known, edges, portal_groups, target_groups)
    bundles = collections.defaultdict(_Bundle)
    for name, portal, target, status, paths in edges:
        bundle = bundles[host_groups[name], portal_groups[portal], target_groups[target], status]
        bundle.hosts.add(name)
        bundle.paths += paths
    members = {
        "host": _members(host_groups),
        "portal": _members(portal_groups),
        "target": _members(target_groups),
    }
    states = {host["name"]: host["state"] for host in known}
    return _lay_out(_place(_order(members, bundles, states), members, states), bundles, len(hosts) - len(known))


class _Bundle:
    """The edges that are drawn as one: hosts, and the number of their paths."""

    def __init__(self):
        self.hosts, self.paths = set(), 0


# -- merging --


def _merge_targets(edges):
    portals = collections.defaultdict(set)
    for _name, portal, target, _status, _paths in edges:
        portals[target].add(portal)
    return _merge(
        portals,
        [lambda target: target, lambda target: frozenset(portals[target]), lambda target: len(portals[target])],
        MOST_TARGETS,
    )


def _merge_portals(edges, target_groups):
    targets = collections.defaultdict(set)
    for _name, portal, target, _status, _paths in edges:
        targets[portal].add(target_groups[target])
    return _merge(
        targets, [lambda portal: portal, lambda portal: frozenset(targets[portal]), lambda _portal: None], MOST
    )


def _merge_hosts(known, edges, portal_groups, target_groups):
    ends = {host["name"]: set() for host in known}
    states = {host["name"]: host["state"] for host in known}
    for name, portal, target, status, _paths in edges:
        ends[name].add((status, portal_groups[portal], target_groups[target]))
    return _merge(
        ends,
        [
            lambda host: (states[host], frozenset(ends[host])),
            lambda host: (states[host], frozenset((status, portal) for status, portal, _target in ends[host])),
            lambda host: (states[host], frozenset(status for status, _portal, _target in ends[host])),
        ],
        MOST,
    )


def _merge(names, keys, most):
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


# -- placing --


def _order(members, bundles, states):
    """{column: first names from top to bottom}, so that lines cross little: each node is near its neighbours.

    Hosts start by state, the rest by name. Then each column in turn is sorted by the mean height of the nodes that its
    own lead to, which the next column already has.
    """
    order = {column: sorted(groups) for column, groups in members.items()}
    order["host"].sort(key=lambda first: (STATES.index(states[first]), first))
    neighbours = _neighbours(bundles)
    for column in ("portal", "target", "host", "portal", "target"):
        heights = {
            (other, first): (index + 0.5) / len(firsts)
            for other, firsts in order.items()
            for index, first in enumerate(firsts)
        }
        means = {first: _mean([heights[end] for end in neighbours[column, first]]) for first in order[column]}
        order[column].sort(key=means.__getitem__)
    return order


def _neighbours(bundles):
    """{(column, first name): the same of all nodes that a line leads to}."""
    found = collections.defaultdict(set)
    for host, portal, target, _status in bundles:
        found["host", host].add(("portal", portal))
        found["target", target].add(("portal", portal))
        found["portal", portal] |= {("host", host), ("target", target)}
    return found


def _mean(numbers):
    return sum(numbers) / len(numbers) if numbers else 1.0


def _place(order, members, states):
    """{(column, first name): Node}: each column in its order, centred beside the tallest."""
    step = NODE_HEIGHT + GAP
    tallest = max(map(len, order.values()))
    nodes = {}
    for column, firsts in order.items():
        left, width = COLUMNS[column]
        top = MARGIN + (tallest - len(firsts)) * step / 2
        for index, first in enumerate(firsts):
            nodes[column, first] = Node(
                id=f"{column[0]}{index}",
                column=column,
                names=tuple(members[column][first]),
                state=states[first] if column == "host" else None,
                x=left,
                y=top + index * step,
                width=width,
            )
    return nodes


def _lay_out(nodes, bundles, left_out):
    connections = [
        Connection(
            nodes["host", host],
            nodes["portal", portal],
            nodes["target", target],
            status,
            len(bundle.hosts),
            bundle.paths,
        )
        for (host, portal, target, status), bundle in bundles.items()
    ]
    legs = collections.defaultdict(list)
    for connection in connections:
        legs[connection.host, connection.portal, connection.status].append(connection)
        legs[connection.portal, connection.target, connection.status].append(connection)
    lines = [_line(*leg, along) for leg, along in legs.items()]
    lines.sort(key=lambda line: STATUSES.index(line.status))  # what is wrong is drawn last, and so lies above
    connections.sort(key=lambda row: (-STATUSES.index(row.status), row.host.y, row.portal.y, row.target.y))
    height = max(node.y for node in nodes.values()) + NODE_HEIGHT + MARGIN
    in_order = sorted(nodes.values(), key=lambda node: (list(COLUMNS).index(node.column), node.y))
    return Map(in_order, lines, connections, height, left_out)


def _line(start, end, status, connections):
    """A curve from box to box; lines of different status run beside each other."""
    shift = 6 * (STATUSES.index(status) - 1) + NODE_HEIGHT / 2
    x1, y1, x2, y2 = start.x + start.width, start.y + shift, end.x, end.y + shift
    middle = (x1 + x2) / 2
    hosts = {connection.host.id: connection.hosts for connection in connections}
    return Line(
        ends=(start.id, end.id),
        of=sorted({node.id for row in connections for node in (row.host, row.portal, row.target)}),
        status=status,
        hosts=sum(hosts.values()),
        paths=sum(connection.paths for connection in connections),
        path=f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}",
    )


# -- labels --

_LETTERS = {"host": 25, "portal": 27, "target": 33}  # what fits into a box in a wide font
_NOUNS = {"host": "hosts", "portal": "portals", "target": "targets"}


def node_title(node):
    """The first line of a box: a name, its middle left out where it is too long."""
    if len(node.names) > 1:
        return f"{len(node.names)} {_NOUNS[node.column]}"
    name, most = text(node.names[0]), _LETTERS[node.column]
    return name if len(name) <= most else f"{name[: most // 2 - 1]}…{name[-(most - most // 2) :]}"


def node_subtitle(node):
    """The second line: the state of hosts, or whose names they are."""
    state = labels.STATES[node.state] if node.state else node.column
    if len(node.names) == 1:
        return state
    names = ", ".join(map(text, node.names))
    return names if len(names) <= _LETTERS[node.column] else names[: _LETTERS[node.column] - 1] + "…"


def node_tip(node):
    """All that a box stands for, within reason."""
    names = ", ".join(node.names[:40]) + (f" and {len(node.names) - 40} more" if len(node.names) > 40 else "")
    return f"{_NOUNS[node.column] if len(node.names) > 1 else node.column}: {names}"
