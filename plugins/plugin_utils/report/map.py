# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of a fleet: what to draw where.

There are three views, and the first that can be read is drawn:

1. hosts, portals and targets; hosts in the same state with the same connections are one box;
2. hosts and arrays, where targets that share a portal are one array; hosts that use the same arrays are one box;
3. array by array, each beside the hosts that use it, so that a host is in as many boxes as it uses arrays. No lines
   cross, however the hosts of a fleet share its arrays. Beyond MOST arrays the rest is one box.

Boxes and lines keep the number of each host, so that the script of the page can draw what is left by a filter.
"""

from __future__ import annotations

import collections
import itertools
import os
import typing as t

from ..text import count, text
from . import labels
from .document import LIVE, NOT_LIVE, NOT_SAVED, STATES

# What can be read: boxes in a column of the first view, boxes of hosts in the second, and in both the pairs of lines
# that cross between two columns.
MOST_IN_DETAIL, MOST_USES, MOST_CROSSINGS = 14, 12, 60
MOST = 30  # arrays
WIDTH, NODE_HEIGHT, GAP, MARGIN = 1120, 42, 12, 12
# column -> (left edge, width)
IN_DETAIL = {"host": (MARGIN, 250), "portal": (424, 246), "target": (808, 300)}
BY_ARRAY = {"host": (MARGIN, 400), "array": (708, 400)}
STATUSES = (LIVE, NOT_LIVE, NOT_SAVED)
STATUS_LABELS = {LIVE: "live and saved", NOT_SAVED: "live, not saved", NOT_LIVE: "saved, not live"}
ANY_PORTAL = "any portal"
# Keys of boxes, array by array, that no target can have: all arrays that are left, and hosts without a connection.
OTHERS, UNCONNECTED = (), None
ARRAYS = "Targets that share a portal count as one array."


class Node(t.NamedTuple):
    """A box: what it stands for, its corner, and the numbers of the hosts it is about."""

    id: str
    column: str
    title: str
    suffix: str  # of a title that counts hosts
    subtitle: str
    tip: str
    state: str | None
    hosts: tuple
    x: int
    y: float
    width: int


class Line(t.NamedTuple):
    """From one box to the next. ``of``: the ids of all boxes whose connections run along it."""

    ends: tuple
    of: list
    status: str
    paths: dict  # number of a host -> paths
    path: str


class Connection(t.NamedTuple):
    """A row of the map as a table: boxes and what is between them."""

    nodes: tuple
    status: str
    paths: dict  # number of a host -> paths


class Map(t.NamedTuple):
    """All there is to draw. ``left_out``: the number of hosts of which connections are not known."""

    columns: dict
    caption: str  # what a box is
    is_aligned: bool  # whether boxes stand in rows, rather than each column in the middle
    nodes: list
    lines: list
    connections: list
    height: float
    left_out: int


class View(t.NamedTuple):
    """One way to group what is to be drawn."""

    columns: dict
    caption: str
    members: dict  # {column: {key of a box: its hosts, portals or targets}}
    bundles: dict  # {(the key of a box in each column, status): {number of a host: paths}}
    order: dict  # {column: keys from top to bottom}
    is_aligned: bool = False

    def count_crossings(self):
        """How many pairs of lines cross between two columns, at most."""
        places = {column: {key: place for place, key in enumerate(keys)} for column, keys in self.order.items()}
        crossings = []
        for index, (column, following) in enumerate(itertools.pairwise(self.columns)):
            lines = {(keys[index], keys[index + 1]) for keys, _status in self.bundles}
            ends = sorted((places[column][start], places[following][end]) for start, end in lines)
            pairs = itertools.combinations(ends, 2)
            crossings.append(sum(upper[0] < lower[0] and upper[1] > lower[1] for upper, lower in pairs))
        return max(crossings)


class Edge(t.NamedTuple):
    """What a host is connected to."""

    host: int
    portal: str | None
    target: str
    status: str
    paths: int


def draw(hosts):
    """A :class:`Map` of the hosts of a document, or None where no connection is known."""
    known = [number for number, host in enumerate(hosts) if host["connections"] is not None]
    edges = [
        Edge(number, edge["portal"], edge["target"], edge["status"], edge["paths"])
        for number in known
        for edge in hosts[number]["connections"]
    ]
    if not edges:
        return None
    states = {number: hosts[number]["state"] for number in known}
    names = {number: text(hosts[number]["name"]) for number in known}
    view = _choose_view(edges, states)
    portals = collections.defaultdict(set)
    for edge in edges:
        portals[edge.target].add(edge.portal)
    boxes = _place(view, _Writer(view, states, names, portals, _find_arrays(edges)))
    return _lay_out(view, boxes, len(hosts) - len(known))


# -- grouping ----------------------------------------------------------------------------------------------------------


def _choose_view(edges, states):
    """The first view that can be read."""
    arrays = _find_arrays(edges)
    groups = _group_in_detail(edges, states)
    if max(len(set(group.values())) for group in groups.values()) <= MOST_IN_DETAIL:
        caption = "Hosts in the same state with the same connections are one box."
        view = _view(groups, edges, states, IN_DETAIL, caption)
        if view.count_crossings() <= MOST_CROSSINGS:
            return view
    groups = _group_by_use(edges, states, arrays)
    if len(set(groups["host"].values())) <= MOST_USES and len(set(arrays.values())) <= MOST:
        view = _view(groups, edges, states, BY_ARRAY, f"Hosts that use the same arrays are one box. {ARRAYS}")
        if view.count_crossings() <= MOST_CROSSINGS:
            return view
    return _view_array_by_array(edges, states, arrays)


def _group_in_detail(edges, states):
    """{column: {number or name: the key of its box}}."""
    connected = collections.defaultdict(set)
    for edge in edges:
        connected[edge.host].add((edge.status, edge.portal, edge.target))
    return {
        "host": {host: (states[host], frozenset(connected[host])) for host in states},
        "portal": {edge.portal: edge.portal for edge in edges},
        "target": {edge.target: edge.target for edge in edges},
    }


def _group_by_use(edges, states, arrays):
    """The same where hosts are told apart by the arrays that they use."""
    used = collections.defaultdict(set)
    for edge in edges:
        used[edge.host].add(arrays[edge.target])
    return {"host": {host: frozenset(used[host]) for host in states}, "array": arrays}


def _view(groups, edges, states, columns, caption):
    """A view in which each host, portal and target is in one box."""
    members = {column: _members(group.items()) for column, group in groups.items()}
    bundles = collections.defaultdict(collections.Counter)
    for edge in edges:
        ends = {"host": edge.host, "portal": edge.portal, "target": edge.target, "array": edge.target}
        bundles[tuple(groups[column][ends[column]] for column in columns), edge.status][edge.host] += edge.paths
    return View(columns, caption, members, bundles, _order(members, bundles, states))


def _view_array_by_array(edges, states, arrays):
    """The view in which each array stands beside its hosts, those with the most hosts at risk first."""
    users = collections.defaultdict(set)
    for edge in edges:
        users[arrays[edge.target]].add(edge.host)
    tallies = {array: collections.Counter(states[host] for host in hosts) for array, hosts in users.items()}
    ranked = sorted(users, key=lambda array: ([-tallies[array][state] for state in STATES], array))
    largest = ranked if len(ranked) <= MOST else ranked[: MOST - 1]
    others = len(ranked) - len(largest)
    boxes = {**dict.fromkeys(ranked, OTHERS), **{array: array for array in largest}}
    hosts = collections.defaultdict(set)
    for array in ranked:
        hosts[boxes[array]] |= users[array]
    rows = list(hosts)
    unconnected = states.keys() - set().union(*hosts.values())
    if unconnected:
        hosts[UNCONNECTED] = unconnected
    members = {
        "host": {box: sorted(numbers) for box, numbers in hosts.items()},
        "array": _members((target, boxes[array]) for target, array in arrays.items()),
    }
    bundles = collections.defaultdict(collections.Counter)
    for edge in edges:
        bundles[(boxes[arrays[edge.target]],) * 2, edge.status][edge.host] += edge.paths
    caption = f"Each array stands beside the hosts that use it; a host is in the box of each of its arrays. {ARRAYS}"
    caption += " The order is that of the whole fleet: arrays with the most hosts at risk first."
    if others:
        caption += f" After {len(largest)} arrays the other {others} are one box."
    return View(BY_ARRAY, caption, members, bundles, {"host": list(hosts), "array": rows}, is_aligned=True)


def _find_arrays(edges):
    """{target: the first target of its array}: targets that share a portal are one array."""
    first: dict = {edge.target: edge.target for edge in edges}

    def find(target):
        while first[target] != target:
            first[target] = target = first[first[target]]
        return target

    by_portal: dict = {}
    for portal, target in sorted({(edge.portal, edge.target) for edge in edges if edge.portal}):
        lower, upper = sorted((find(by_portal.setdefault(portal, target)), find(target)))
        first[upper] = lower
    return {target: find(target) for target in first}


def _members(pairs):
    """{the key of a box: what is in it}."""
    found = collections.defaultdict(list)
    for name, key in pairs:
        found[key].append(name)
    return dict(found)


# -- placing -----------------------------------------------------------------------------------------------------------


def _order(members, bundles, states):
    """{column: keys from top to bottom}, so that lines cross little: each box is near its neighbours.

    Hosts start by state, the rest by name. Then each column in turn is sorted by the mean height of the boxes that its
    own lead to, which the next column already has.
    """
    order = {column: sorted(groups, key=lambda key: str(groups[key][0])) for column, groups in members.items()}
    order["host"].sort(key=lambda key: min(STATES.index(states[host]) for host in members["host"][key]))
    neighbours = _neighbours(bundles, list(members))
    for column in [*list(members)[1:], *members]:
        heights = {
            (other, key): (index + 0.5) / len(keys) for other, keys in order.items() for index, key in enumerate(keys)
        }
        means = {key: _mean([heights[end] for end in neighbours[column, key]]) for key in order[column]}
        order[column].sort(key=means.__getitem__)
    return order


def _neighbours(bundles, columns):
    """{(column, key): the same of all boxes that a line leads to}."""
    found = collections.defaultdict(set)
    for keys, _status in bundles:
        ends = list(zip(columns, keys))
        for one, other in zip(ends, ends[1:]):
            found[one].add(other)
            found[other].add(one)
    return found


def _mean(numbers):
    return sum(numbers) / len(numbers) if numbers else 1.0


def _place(view, writer):
    """{(column, key): Node}: each column in its order, centred beside the tallest unless boxes stand in rows."""
    step = NODE_HEIGHT + GAP
    tallest = max(map(len, view.order.values()))
    nodes = {}
    for column, (left, width) in view.columns.items():
        missing = 0 if view.is_aligned else tallest - len(view.order[column])
        for index, key in enumerate(view.order[column]):
            nodes[column, key] = Node(
                id=f"{column[0]}{index}",
                column=column,
                **writer.describe(column, key),
                x=left,
                y=MARGIN + missing * step / 2 + index * step,
                width=width,
            )
    return nodes


def _lay_out(view, boxes, left_out):
    connections = [
        Connection(tuple(boxes[end] for end in zip(view.columns, keys)), status, dict(paths))
        for (keys, status), paths in view.bundles.items()
    ]
    legs = collections.defaultdict(list)
    for connection in connections:
        for start, end in zip(connection.nodes, connection.nodes[1:]):
            legs[start, end, connection.status].append(connection)
    lines = [_line(*leg, along) for leg, along in legs.items()]
    lines.sort(key=lambda line: STATUSES.index(line.status))  # what is wrong is drawn last, and so lies above
    connections.sort(key=lambda row: (-STATUSES.index(row.status), *(node.y for node in row.nodes)))
    height = max(node.y for node in boxes.values()) + NODE_HEIGHT + MARGIN
    in_order = sorted(boxes.values(), key=lambda node: (list(view.columns).index(node.column), node.y))
    return Map(view.columns, view.caption, view.is_aligned, in_order, lines, connections, height, left_out)


def _line(start, end, status, connections):
    """A curve from box to box; lines of different status run beside each other. page_map.js does the same."""
    shift = 6 * (STATUSES.index(status) - 1) + NODE_HEIGHT / 2
    x1, y1, x2, y2 = start.x + start.width, start.y + shift, end.x, end.y + shift
    middle = (x1 + x2) / 2
    paths: dict = collections.Counter()
    for connection in connections:
        paths.update(connection.paths)
    return Line(
        ends=(start.id, end.id),
        of=sorted({node.id for row in connections for node in row.nodes}),
        status=status,
        paths=dict(paths),
        path=f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}",
    )


# -- words -------------------------------------------------------------------------------------------------------------

_NAMED = 40  # names in the tip of a box


class _Writer:
    """What the boxes say."""

    def __init__(self, view, states, names, portals, arrays):
        self._members, self._states, self._names, self._portals = view.members, states, names, portals
        self._arrays = arrays
        self._hosts = collections.defaultdict(set)
        for (keys, _status), paths in view.bundles.items():
            for end in zip(view.columns, keys):
                self._hosts[end].update(paths)

    def describe(self, column, key):
        """The fields of a node that are words, its state, and its hosts."""
        members = self._members[column][key]
        if column == "host":
            return self._describe_hosts(members, "" if self._hosts[column, key] else " without a connection")
        names = [text(ANY_PORTAL if name is None else name) for name in members]
        title, subtitle = names[0], column
        if column == "array":
            portals = set().union(*(self._portals[target] for target in members)) - {None}
            # arrays whose targets begin alike are told apart by their portals
            reached = f"portal {text(*portals)}" if len(portals) == 1 else count(len(portals), "portal")
            subtitle = f"{count(len(names), 'target')}, {reached}"
            others = len({self._arrays[target] for target in members})
            title = f"{others} other arrays" if key == OTHERS else _common_name(names)
        return {
            "title": title,
            "suffix": "",
            "subtitle": subtitle,
            "tip": f"{subtitle}: {_list_names(names)}",
            "state": None,
            "hosts": tuple(sorted(self._hosts[column, key])),
        }

    def _describe_hosts(self, members, suffix):
        names = [self._names[host] for host in members]
        states = [self._states[host] for host in members]
        worst = min(states, key=STATES.index)
        return {
            "title": names[0] if len(names) == 1 else f"{len(names)} hosts{suffix}",
            "suffix": suffix,
            "subtitle": tally_states(states),
            "tip": f"{'host' if len(names) == 1 else 'hosts'}{suffix}: {_list_names(names)}",
            "state": worst,
            "hosts": tuple(members),
        }


def tally_states(states):
    """2 at risk, 5 ready; the state alone where it is that of all."""
    tally = collections.Counter(states)
    if len(tally) == 1:
        return labels.STATES[states[0]]
    return ", ".join(f"{tally[state]} {labels.STATES[state].lower()}" for state in STATES if tally[state])


def _common_name(names):
    """What the targets of an array have in common; the first and the number of the others where that says nothing."""
    if len(names) == 1:
        return names[0]
    common = os.path.commonprefix(names)
    return f"{common}…" if ":" in common else f"{names[0]} and {len(names) - 1} more"


def _list_names(names):
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def shorten(title, node):
    """A title as it fits into its box, in a wide font: its middle is left out where it is too long."""
    most = int((node.width - (45 if node.state else 24)) / 8.4)
    return title if len(title) <= most else f"{title[: most // 2 - 1]}…{title[-(most - most // 2) :]}"
