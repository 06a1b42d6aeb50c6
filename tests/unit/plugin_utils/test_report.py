# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: what its document says, that the map loses nobody, and that every form is sound whatever names are."""

from __future__ import annotations

import base64
import collections
import hashlib
import html.parser
import itertools
import json
import re
import string
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import report
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.audit import remedies
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.report import labels
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.report import map as network
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.report.pack import pack
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.text import text
from ansible_collections.winstorage.iscsi.tests.unit.support import fleets
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

TIME = "2026-11-22 10:41:05 UTC"
MAKERS = {"three": fleets.three, "many": fleets.many, "hostile": fleets.hostile, "none": list}


@pytest.fixture(scope="module")
def documents():
    return {name: report.build(make(), "Storage <of> & the site", TIME) for name, make in MAKERS.items()}


@pytest.fixture(scope="module")
def pages(documents):
    return {name: report.html(document) for name, document in documents.items()}


def host_of(document, name):
    return next(host for host in document["hosts"] if host["name"] == name)


# -- the document ------------------------------------------------------------------------------------------------------


def test_the_worst_hosts_come_first(documents):
    assert [(host["name"], host["state"]) for host in documents["three"]["hosts"]] == [
        ("files03", "at_risk"),
        ("hyperv02", "degraded"),
        ("sql01", "ready"),
    ]


def test_totals_count_the_fleet(documents):
    assert documents["three"]["totals"] == {
        "hosts": 3,
        "at_risk": 1,
        "degraded": 1,
        "unknown": 0,
        "ready": 1,
        "not_started": 0,
        "otherwise_critical": 0,
        "compared": 2,
        "drifted": 1,
        "disks": {"total": 5, "lost": 1, "unproven": 0, "fewer_paths": 2, "same": 2},
        "findings": {"critical": 2, "warning": 14, "info": 4, "drift": 4},
        "logins": 9,
        "sessions": 7,
        "sessions_not_saved": 1,
        "portals": 6,
        "targets": 5,
    }


def test_each_disk_says_what_becomes_of_it_and_what_to_run(documents):
    first = host_of(documents["three"], "hyperv02")["forecast"]["disks"][0]
    assert (first["names"], first["paths_now"], first["paths_expected"], first["outlook"]) == (
        ["PhysicalDrive1"],
        2,
        1,
        "fewer_paths",
    )
    assert first["reason"] == "1 of its 2 sessions are saved"
    (task,) = first["run"]
    assert task["winstorage.iscsi.persistent_login"]["portal"] == {"address": "10.20.31.10", "port": 3260}
    (lost,) = host_of(documents["three"], "files03")["forecast"]["disks"]
    assert lost["run"] == [{"winstorage.iscsi.initiator": {"service_start_mode": "automatic"}}]


def test_connections_say_what_is_live_and_what_is_saved(documents):
    found = {
        name: [(one["portal"], one["status"], one["paths"]) for one in host_of(documents["three"], name)["connections"]]
        for name in ("hyperv02", "files03")
    }
    assert found["hyperv02"] == [
        ("10.20.30.10:3260", "live", 1),
        ("10.20.30.99:3260", "saved_not_live", 1),
        ("10.20.31.10:3260", "live_not_saved", 1),
    ]
    assert found["files03"] == [
        ("172.16.8.101:3260", "live", 1),
        ("172.16.8.101:3260", "saved_not_live", 1),
        ("[fd12:3456:789a:8::201]:3260", "saved_not_live", 1),
    ]


@pytest.mark.parametrize(
    ("host", "state", "reason"),
    [
        ({"facts": None, "error": "Unreachable: timed out"}, "unknown", "Unreachable: timed out"),
        ({"facts": None}, "unknown", "No facts. Gather them with winstorage.iscsi.initiator_facts."),
        ({}, "unknown", "No facts. Gather them with winstorage.iscsi.initiator_facts."),
    ],
)
def test_a_host_of_which_nothing_is_known_says_why(host, state, reason):
    (told,) = report.build([dict(host, name="sql01")])["hosts"]
    assert (told["state"], told["reason"], told["forecast"], told["findings"]) == (state, reason, None, [])


def test_an_unreachable_host_with_cached_facts_is_unknown_and_shows_them():
    document = report.build([dict(fleets.demo_host("sql01"), drift=None, error="Unreachable: timed out")])
    (told,) = document["hosts"]
    assert (told["state"], told["earlier"], len(told["logins"])) == ("unknown", True, 4)
    assert document["totals"]["disks"]["total"] == 0
    (shown,) = json.loads(data_of(report.html(document)))["hosts"]
    assert unpack(shown)["reason"] == "Unreachable: timed out What follows is from an earlier run."


@pytest.mark.parametrize("reads", [[], ["persistent_logins"], ["sessions", "targets"]])
def test_facts_that_are_not_enough_say_so(reads):
    partly = facts.assemble(queries.gather(Host({"service": {"state": "running"}}), reads, 0))
    document = report.build([{"name": "sql01", "facts": partly}])
    assert (document["hosts"][0]["state"], document["hosts"][0]["reason"]) == (
        "unknown",
        "Persistent logins and sessions were not both gathered.",
    )
    assert document["hosts"][0]["connections"] is None
    assert report.html(document)


def test_only_a_host_that_was_compared_is_as_declared(documents):
    assert {host["name"]: host["compliant"] for host in documents["three"]["hosts"]} == {
        "files03": False,
        "hyperv02": None,
        "sql01": True,
    }


def test_the_json_is_the_document(documents):
    written = report.FORMATS["json"][1](documents["hostile"])
    assert json.loads(written) == documents["hostile"]
    assert json.loads(written)["schema_version"] == report.SCHEMA_VERSION


def test_the_order_of_hosts_does_not_matter(documents):
    assert report.build(fleets.three()[::-1], "Storage <of> & the site", TIME) == documents["three"]


# -- the map -----------------------------------------------------------------------------------------------------------


def columns(drawn):
    found = collections.defaultdict(list)
    for node in drawn.nodes:
        found[node.column].append(node)
    return found


def test_three_hosts_are_three_boxes(documents):
    drawn = network.draw(documents["three"]["hosts"])
    assert sorted(node.title for node in columns(drawn)["host"]) == ["files03", "hyperv02", "sql01"]
    of_sql01 = [row for row in drawn.connections if row.nodes[0].title == "sql01"]
    assert {row.status for row in of_sql01} == {"live"}
    assert sum(map(count_paths, of_sql01)) == 4
    assert drawn.caption == "Hosts in the same state with the same connections are one box."


def count_paths(row):
    return sum(row.paths.values())


def test_hosts_that_are_connected_alike_are_one_box():
    alike = [dict(fleets.demo_host("sql01"), name=f"sql{number:03d}") for number in range(500)]
    drawn = network.draw(report.build([*alike, *fleets.three()])["hosts"])
    assert sorted(len(node.hosts) for node in columns(drawn)["host"]) == [1, 1, 501]


def test_nobody_is_lost_in_a_large_map(documents):
    hosts = documents["many"]["hosts"]
    drawn = network.draw(hosts)
    drawn_hosts = [number for node in columns(drawn)["host"] for number in node.hosts]
    assert sorted(drawn_hosts) == [number for number, host in enumerate(hosts) if host["connections"] is not None]
    assert drawn.left_out == len(hosts) - len(drawn_hosts) == 10
    assert sum(map(count_paths, drawn.connections)) == sum(
        edge["paths"] for host in hosts for edge in host["connections"] or ()
    )


def test_a_large_map_is_of_hosts_that_use_the_same_arrays(documents):
    """Targets that share a portal are one array, and the caption says what a box is."""
    hosts = documents["many"]["hosts"]
    drawn = network.draw(hosts)
    assert list(columns(drawn)) == ["host", "array"]
    assert len(columns(drawn)["array"]) <= 10
    assert "Hosts that use the same arrays are one box." in drawn.caption and "largest" not in drawn.caption
    arrays_of = collections.defaultdict(set)
    for row in drawn.connections:
        for number in row.paths:
            arrays_of[number].add(row.nodes[1].id)
    for node in columns(drawn)["host"]:
        assert len({frozenset(arrays_of[number]) for number in node.hosts}) == 1
    groups = collections.Counter(frozenset(arrays) for arrays in arrays_of.values())
    assert sorted(groups.values()) == sorted(len(node.hosts) for node in columns(drawn)["host"])
    portals = collections.defaultdict(set)
    for host in hosts:
        for edge in host["connections"] or ():
            portals[edge["portal"]].add(edge["target"])
    for targets in portals.values():
        assert sum(any(target in node.tip for target in targets) for node in columns(drawn)["array"]) == 1


def connect(name, *targets, state="ready"):
    """A host with a connection to each target through the portal that bears its number."""
    portals = {target: f"192.0.2.{target}:3260" for target in targets}
    connections = [
        {"portal": portals[target], "target": f"iqn.{target}", "status": "live", "paths": 1} for target in targets
    ]
    return {"name": name, "state": state, "connections": connections}


def test_a_map_of_too_many_arrays_says_that_the_rest_is_one_box():
    hosts = [connect(f"host{number}", number, state="at_risk" if number == 99 else "ready") for number in range(100)]
    drawn = network.draw(hosts)
    assert {column: len(nodes) for column, nodes in columns(drawn).items()} == {"host": 30, "array": 30}
    assert "After 29 arrays the other 71 are one box." in drawn.caption
    *others, rest = columns(drawn)["array"]
    assert (rest.title, rest.subtitle) == ("71 other arrays", "71 targets, 71 portals")
    assert others[0].title == "iqn.99"  # the host at risk is not lost among the rest
    assert all(node.subtitle == f"1 target, portal 192.0.2.{node.title.removeprefix('iqn.')}:3260" for node in others)
    assert len(columns(drawn)["host"][-1].hosts) == 71


def test_hosts_that_share_arrays_in_any_way_are_drawn_array_by_array():
    """Two hundred hosts in more than a hundred combinations: no line crosses, and no box mixes what it does not say."""
    hosts = report.build(fleets.mixed())["hosts"]
    drawn = network.draw(hosts)
    boxes = columns(drawn)
    assert len({frozenset(edge["target"] for edge in host["connections"]) for host in hosts}) > 100
    assert drawn.caption.startswith("Each array stands beside the hosts that use it")
    assert "one box" not in drawn.caption
    assert [node.y for node in boxes["host"]] == [node.y for node in boxes["array"]]
    rows = dict(zip((node.id for node in boxes["host"]), boxes["array"]))
    assert all(rows[line.ends[0]].id == line.ends[1] for line in drawn.lines)
    for box in boxes["host"]:
        using = [
            number
            for number, host in enumerate(hosts)
            if any(edge["target"] in rows[box.id].tip for edge in host["connections"])
        ]
        assert list(box.hosts) == using
    at_risk = [sum(hosts[number]["state"] == "at_risk" for number in box.hosts) for box in boxes["host"]]
    assert at_risk == sorted(at_risk, reverse=True) and at_risk[0] > 0


def test_array_by_array_hosts_without_a_connection_come_last():
    hosts = [connect(f"host{number}", *range(number % 15 + 1)) for number in range(40)]
    drawn = network.draw([*hosts, connect("idle1"), connect("idle2", state="degraded")])
    boxes = columns(drawn)
    assert len(boxes["host"]) == len(boxes["array"]) + 1
    last = boxes["host"][-1]
    assert (last.title, last.subtitle) == ("2 hosts without a connection", "1 degraded, 1 ready")
    assert last.hosts == (40, 41) and last.y == max(node.y for node in drawn.nodes)


def count_crossings(drawn):
    """How many pairs of lines cross between two columns, at most."""
    nodes = {node.id: node for node in drawn.nodes}
    crossings = collections.Counter()
    lines = {tuple((nodes[end].x, nodes[end].y) for end in line.ends) for line in drawn.lines}
    for one, other in itertools.combinations(lines, 2):
        if one[0][0] == other[0][0] and (one[0][1] - other[0][1]) * (one[1][1] - other[1][1]) < 0:
            crossings[one[0][0]] += 1
    return max(crossings.values(), default=0)


def test_hosts_that_are_few_but_share_everything_are_no_tangle():
    """Each of fourteen hosts has a target of its own behind four portals, which in boxes of their own were a mesh."""
    hosts = [
        {
            "name": f"host{number}",
            "state": "ready",
            "connections": [
                {"portal": f"192.0.2.{portal}:3260", "target": f"iqn.{number}", "status": "live", "paths": 1}
                for portal in range(4)
            ],
        }
        for number in range(14)
    ]
    assert list(columns(network.draw(hosts[:5]))) == ["host", "portal", "target"]
    drawn = network.draw(hosts)
    assert [(node.title, node.column) for node in drawn.nodes] == [("14 hosts", "host"), ("iqn.0 and 13 more", "array")]


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.none() | st.integers(0, 80).map("192.0.2.{}:3260".format),
                st.integers(0, 80).map("iqn.{}".format),
                st.sampled_from(network.STATUSES),
            ),
            max_size=5,
            unique=True,
        ),
        max_size=90,
    )
)
def test_any_map_fits_and_is_whole(connections):
    hosts = [
        {
            "name": f"host{number}",
            "state": list(labels.STATES)[number % 4],
            "connections": [
                {"portal": portal, "target": target, "status": status, "paths": 1} for portal, target, status in edges
            ],
        }
        for number, edges in enumerate(connections)
    ]
    drawn = network.draw(hosts)
    if not any(connections):
        assert drawn is None
        return
    boxes = columns(drawn)
    assert all(len(nodes) <= network.MOST + (column == "host") for column, nodes in boxes.items())
    assert {number for node in boxes["host"] for number in node.hosts} == set(range(len(hosts)))
    if not drawn.is_aligned:
        assert sum(len(node.hosts) for node in boxes["host"]) == len(hosts)
    assert count_crossings(drawn) <= (0 if drawn.is_aligned else network.MOST_CROSSINGS)
    assert sum(map(count_paths, drawn.connections)) == sum(map(len, connections))
    assert sum(sum(line.paths.values()) for line in drawn.lines) == sum(map(len, connections)) * (len(boxes) - 1)
    corners = [(node.x, node.y) for node in drawn.nodes]
    assert len(set(corners)) == len(corners)
    assert all(0 <= node.y <= drawn.height - network.NODE_HEIGHT for node in drawn.nodes)


# -- the page ----------------------------------------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """Tags in order, links, ids, and whether each end tag ends what is open."""

    VOID = {"meta", "input", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.handlers, self.texts = [], [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.handlers += [name for name, _value in attrs if name.startswith("on")]
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("name", MAKERS)
def test_the_page_is_well_formed(pages, name):
    page = Page(pages[name])
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert page.handlers == []
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


@pytest.mark.parametrize("name", MAKERS)
def test_the_page_has_one_script_its_data_and_one_style_and_nothing_from_elsewhere(pages, name):
    page = Page(pages[name])
    tags = collections.Counter(page.tags)
    assert (tags["script"], tags["style"], tags["img"], tags["link"], tags["iframe"]) == (2, 1, 0, 0, 0)
    assert pages[name].count('<script type="application/json" id="data">') == 1
    assert re.findall("script-src ([^;]*);", pages[name]) == [f"'{script_hash(pages[name])}'"]
    assert all(link.startswith("#") for link in page.links)


def script_hash(page):
    """What the policy has to name: the hash of the one script that runs."""
    (script,) = re.findall("<script>(.*)</script>", page, re.DOTALL)
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def data_of(page):
    """The data in a page, as its script reads it."""
    (found,) = re.findall('<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return found


@pytest.mark.parametrize("name", MAKERS)
def test_no_text_of_a_host_can_end_the_data(pages, name):
    written = data_of(pages[name])
    assert not set("<>&") & set(written)
    assert len(json.loads(written)["names"]) == len(MAKERS[name]())


def unpack(packed):
    """What page.js does with packed data."""
    texts, last = [], ""
    for entry in packed["texts"]:
        if isinstance(entry, str):
            last = last[: (string.digits + string.ascii_letters).index(entry[0])] + entry[1:]
            texts.append(last)
        else:
            texts.append(f"{texts[entry[0]]} {texts[entry[1]]}" if isinstance(entry, list) else entry)

    def value(found):
        if isinstance(found, dict) and "" in found:
            columns = {key: column for key, column in found.items() if key}
            return [
                {key: value(column[row] if isinstance(column, list) else column[""]) for key, column in columns.items()}
                for row in range(found[""])
            ]
        if isinstance(found, dict):
            return {key: value(inside) for key, inside in found.items()}
        if isinstance(found, list):
            return [value(inside) for inside in found]
        return found if found is None or isinstance(found, bool) else texts[found]

    return value(packed["data"])


SCALARS = (
    st.none() | st.booleans() | st.integers(-1 << 53, 1 << 53) | st.text(max_size=20) | st.sampled_from(fleets.HARM)
)
ROWS = st.sets(st.sampled_from("abcd"), min_size=1).flatmap(
    lambda keys: st.lists(st.fixed_dictionaries(dict.fromkeys(sorted(keys), SCALARS)), max_size=5)
)
VALUES = st.recursive(
    SCALARS | ROWS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=4), inner, max_size=4),
    max_leaves=25,
)


@given(VALUES)
def test_packed_data_is_what_was_packed(value):
    packed = json.loads(json.dumps(pack(value)))
    assert unpack(packed) == value


def test_a_text_that_stands_in_many_places_is_packed_once():
    disks = [{"name": f"PhysicalDrive{number}", "id": f"naa.6001405a1b2c3d4e{number:016x}"} for number in range(256)]
    findings = [{"what": disk["name"], "text": f"{disk['id']} has one path."} for disk in disks]
    written = json.dumps(pack({"disks": disks, "findings": findings}), separators=(",", ":"))
    assert len(written) < 256 * 50
    assert unpack(json.loads(written))["findings"] == findings


@pytest.mark.parametrize("name", ["three", "hostile"])
def test_the_data_has_all_that_is_known_of_each_host(documents, pages, name):
    found = json.loads(data_of(pages[name]))
    for host, packed in zip(documents[name]["hosts"], found["hosts"], strict=True):
        shown = unpack(packed)
        disks = host["forecast"]["disks"] if host["forecast"] else []
        identifiers = [entry["id"] for group in shown["disks"] for entry in group]
        assert len(identifiers) == len(disks)
        assert all(any(found.endswith(text(disk["id"])) for found in identifiers) for disk in disks)
        risks = [finding for finding in host["findings"] if finding["category"] == "risk"]
        assert sum(len(risk["found"]) for risk in shown["risks"]) == len(risks)
        written = {tuple(task) for task in shown["tasks"]}
        for record in [*disks, *risks]:
            for task in record["run"]:
                lines = labels.dump_tasks([task]).rstrip("\n").split("\n")
                assert tuple(text(line) if line.strip() else "" for line in lines) in written
        for part in ("logins", "sessions", "portals"):
            assert len(shown[part] or ()) == len(host[part] or ())
        assert [login["target"] for login in shown["logins"] or ()] == [
            text(login["target"]) for login in host["logins"] or ()
        ]


def test_no_name_is_printed_as_markup(pages):
    for harm in fleets.HARM:
        if "<" in harm:
            assert harm not in pages["hostile"]
    shown = "".join(Page(pages["hostile"]).texts)
    assert "<script>alert(1)</script>" in shown


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_unprintable_is_printed(pages, name):
    """Right-to-left marks, line separators and terminal escapes show as escapes."""
    assert {char for char in pages[name] if not char.isprintable()} <= {"\n"}
    assert ("\\u202egnp.exe" in pages[name]) == (name == "hostile")


def test_a_large_page_stays_small(pages):
    """Some three kilobytes a host: nothing is there twice."""
    assert len(pages["many"].encode()) < 2 << 20


def counted(function, *arguments):
    """(what a function returns, how many Python functions it called): work that is the same on every machine."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        return function(*arguments), calls
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("paths", [1, 2])
def test_a_host_with_256_disks_takes_few_bytes_and_little_work(paths):
    """Ten such hosts; 500 of them are to stay below 15 MiB and 15 s (measured by bench/fleet.py)."""
    hosts = [fleets.with_disks(number, paths) for number in range(10)]
    page, calls = counted(lambda: report.html(report.build(hosts)))
    assert calls < 200_000 + 10 * 256 * 150
    assert len(page.encode()) < 100_000 + 10 * (15 << 20) / 500
    assert sum(map(len, unpack(json.loads(data_of(page))["hosts"][9])["disks"])) == 256


def test_the_forecast_comes_first(pages):
    sections = re.findall(r'<section [^>]*id="(\w+)"|<section id="(\w+)"', pages["three"])
    assert ["".join(found) for found in sections] == [
        "summary",
        "forecast",
        "map",
        "findings",
        "drift",
        "hosts",
        "details",
    ]


def test_names_that_differ_in_what_an_anchor_cannot_hold_have_anchors_of_their_own():
    page = Page(report.html(report.build([{"name": name} for name in ("a b", "a/b", "A b", "table", "")])))
    assert len(page.ids) == len(set(page.ids))
    assert len([one for one in page.ids if one.startswith("host-") and one not in ("host-table",)]) == 5


@pytest.mark.parametrize(
    ("at_risk", "not_started", "critical", "degraded", "unknown", "ready", "headline"),
    [
        (1, 0, 0, 1, 0, 1, "1 host of 3 will miss a disk after the next restart."),
        (
            4,
            2,
            0,
            1,
            3,
            2,
            "2 hosts of 10 will miss a disk after the next restart. "
            "2 hosts of 10 do not start MSiSCSI at boot. 3 hosts could not be read.",
        ),
        (1, 1, 0, 0, 0, 2, "1 host of 3 does not start MSiSCSI at boot."),
        (0, 0, 0, 2, 0, 1, "Every known disk comes back after the next restart, but 2 hosts with less than now."),
        (
            0,
            0,
            2,
            0,
            0,
            3,
            "Every host finds every disk after the next restart. 2 hosts have a critical finding.",
        ),
        (
            1,
            0,
            1,
            0,
            0,
            2,
            "1 host of 3 will miss a disk after the next restart. 1 other host has a critical finding.",
        ),
        (
            0,
            0,
            0,
            0,
            1,
            2,
            "Every host that was read finds every disk after the next restart. 1 host could not be read.",
        ),
        (0, 0, 0, 0, 1, 0, "No host could be read."),
        (0, 0, 0, 0, 0, 3, "Every host finds every disk after the next restart."),
        (0, 0, 0, 0, 0, 0, "There is no host to report."),
    ],
)
def test_the_headline_says_the_worst_and_leaves_nobody_out(
    at_risk, not_started, critical, degraded, unknown, ready, headline
):
    totals = {
        "hosts": at_risk + degraded + unknown + ready,
        "at_risk": at_risk,
        "not_started": not_started,
        "otherwise_critical": critical,
        "degraded": degraded,
        "unknown": unknown,
        "ready": ready,
    }
    assert labels.write_headline(totals) == headline


@pytest.mark.parametrize(
    ("start_mode", "state", "reason"),
    [
        (
            "manual",
            "at_risk",
            "MSiSCSI is stopped and starts only on demand. What is saved could not be read, and none of it is expected "
            "to be opened at boot.",
        ),
        (
            "disabled",
            "at_risk",
            "MSiSCSI is stopped and is disabled. What is saved could not be read, and none of it is expected to be "
            "opened at boot.",
        ),
        ("automatic", "unknown", "MSiSCSI is stopped, so what is saved could not be read."),
    ],
)
def test_a_host_whose_service_neither_runs_nor_starts_is_at_risk(start_mode, state, reason):
    with pytest.raises(queries.ServiceStopped) as stopped:
        queries.gather(Host({"service": {"state": "stopped", "start_mode": start_mode}}))
    plain = facts.assemble(stopped.value.snapshot)
    document = report.build([{"name": "sql01", "facts": plain}, *fleets.three()])
    (found,) = [host for host in document["hosts"] if host["name"] == "sql01" and host["forecast"] is None]
    assert (found["state"], found["reason"]) == (state, reason)
    (stop,) = [finding for finding in found["findings"] if finding["kind"] == "service_stopped"]
    assert stop["severity"] == ("critical" if state == "at_risk" else "warning")
    assert stop["run"][0]["winstorage.iscsi.initiator"]["service_state"] == "started"
    assert document["totals"]["not_started"] == (state == "at_risk")
    assert reason.partition(" and ")[0] in report.markdown(document)
    assert report.html(document)


LOGIN = {"target": "iqn.2004-01.com.example:data", "portal": "192.0.2.21"}


def gathered(start_mode, **state):
    service = {"state": "running", "start_mode": start_mode}
    return facts.assemble(queries.gather(Host({"service": service, **state})))


@pytest.mark.parametrize("start_mode", ["manual", "disabled"])
def test_a_saved_login_without_a_session_is_at_risk_as_well_where_its_service_runs_but_does_not_start(start_mode):
    plain = gathered(start_mode, persistent_logins=[LOGIN])
    document = report.build([{"name": "sql01", "facts": plain}])
    (host,) = document["hosts"]
    assert [one["kind"] for one in host["findings"] if one["severity"] == "critical"] == ["service_not_automatic"]
    assert (host["state"], host["reason"]) == ("at_risk", plain["next_boot"]["attention"][0])
    assert host["reason"].startswith("MSiSCSI ") and host["attention"][0] == host["reason"]
    assert labels.write_headline(document["totals"]) == "1 host of 1 does not start MSiSCSI at boot."
    assert 'class="headline bad"' in report.html(document)
    assert "Set its start mode to automatic." in report.markdown(document)


def test_a_host_without_saved_logins_and_sessions_needs_no_service():
    (host,) = report.build([{"name": "sql01", "facts": gathered("manual")}])["hosts"]
    assert (host["state"], host["reason"], host["attention"], host["counts"]["critical"]) == ("ready", None, [], 0)


def test_a_critical_finding_that_is_not_about_the_restart_is_in_headline_and_attention():
    initiator = {"node_name": "iqn.1991-05.com.microsoft:clone"}
    plain = gathered("automatic", initiator=initiator)
    document = report.build([{"name": name, "facts": plain} for name in ("a", "b")])
    assert [host["state"] for host in document["hosts"]] == ["ready", "ready"]
    assert labels.write_headline(document["totals"]).endswith(" 2 hosts have a critical finding.")
    assert document["hosts"][0]["attention"][0].startswith("iqn.1991-05.com.microsoft:clone: ")
    assert 'class="headline warn"' in report.html(document)


def test_artifacts_are_short_and_leave_out_what_there_is_nothing_of(documents):
    document = documents["hostile"]
    kept = report.collect_artifacts(document)
    for host in document["hosts"]:
        graves = [one for one in host["findings"] if one["severity"] != "info"]
        assert len(kept["iscsi_findings"].get(host["name"], ())) == min(len(graves), 10)
        assert kept["iscsi_findings_left_out"].get(host["name"], 0) == max(len(graves) - 10, 0)
        assert kept["iscsi_states"][host["name"]] == host["state"]
    assert all(len(lines) <= 11 for lines in kept["iscsi_attention"].values())
    assert report.collect_artifacts(report.build([]))["iscsi_findings"] == {}


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("10.0.20348.2402", "Server 2022"),
        ("10.0.17763.5936", "Server 2019"),
        ("6.3.9600", "Server 2012 R2"),
        ("10.0.99999.1", "10.0.99999.1"),
        ("<b>", "<b>"),
        (None, None),
    ],
)
def test_windows_has_its_name_where_its_build_is_known(version, name):
    assert labels.name_windows(version) == name
    if version != name:
        assert labels.name_windows(version, with_build=True) == f"{name} ({version})"


def test_every_kind_of_finding_has_a_heading(documents):
    kinds = {one["kind"] for document in documents.values() for host in document["hosts"] for one in host["findings"]}
    assert len(kinds) > 10
    assert kinds <= set(labels.KINDS)


# -- tasks and Markdown ------------------------------------------------------------------------------------------------


class Loader(yaml.SafeLoader):
    """As Ansible loads a playbook: what is tagged as unsafe is text."""


Loader.add_constructor("!unsafe", lambda loader, node: ("unsafe", loader.construct_scalar(node)))


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_tasks_are_yaml_that_means_what_it_says(name):
    written = labels.dump_tasks([{"winstorage.iscsi.persistent_login": {"target": name, "secret": remedies.SECRET}}])
    (task,) = yaml.load(written, Loader=Loader)
    target = task["winstorage.iscsi.persistent_login"]["target"]
    assert target == (("unsafe", name) if any(mark in name for mark in ("{{", "{%", "{#")) else name)
    assert task["winstorage.iscsi.persistent_login"]["secret"] == remedies.SECRET


@pytest.mark.parametrize("name", ["{{ lookup('pipe', 'id') }}", "{% raw %}", "{# x #}", "{{ chap_secret }} "])
def test_a_template_in_a_name_is_no_template_in_a_task(name):
    assert "!unsafe" in labels.dump_tasks([{"winstorage.iscsi.persistent_login": {"target": name}}])


def test_the_summary_is_short(documents):
    summary = report.markdown(documents["three"])
    assert summary.startswith(
        "# Storage \\<of\\> \\& the site\n\n**1 host of 3 will miss a disk after the next restart.**\n"
    )
    disk = "F: Users, 6 TiB (PhysicalDrive1, naa.600c0ff00064d8b17a1f5e6401000000)"
    assert f"\n## At risk: 1\n\n- **`files03`**: `{disk}`: 1 path now, 0 after a restart (MSiSCSI" in summary
    assert "\n## Not as declared: 1\n\n- **`files03`**: `" in summary
    assert len(summary.splitlines()) < 25
    assert len(report.markdown(documents["many"]).splitlines()) < 110


LIVE = [  # what readers of Markdown make a link of, or a mention
    "http://evil.example/x",
    "ftp://evil.example",
    "www.evil.example/?x",
    "WWW.evil.example",
    "mailto:a@evil.example",
    "xmpp:a@evil.example",
    "admin@evil.example",
    "@everyone",
    "#12",
    "owner/name#12",
    "[x](http://evil.example)",
    "![x](http://evil.example/y.png)",
    "<http://evil.example>",
    "<img src=x>",
    "[x][y]",
    "`` ` http://evil.example",
    "`",
    " ` ",
    "*x* _y_ ~~z~~",
]


def text_outside_code(summary):
    """The text of a page of Markdown but for its code, read as CommonMark; it must hold no link, image or markup."""
    tokens = MarkdownIt().parse(summary)
    inline = [child for token in tokens if token.type == "inline" for child in token.children]
    assert {token.type for token in tokens} <= {
        f"{kind}_{end}" for kind in ("heading", "paragraph", "bullet_list", "list_item") for end in ("open", "close")
    } | {"inline"}
    assert {child.type for child in inline} <= {"text", "text_special", "code_inline", "strong_open", "strong_close"}
    # texts side by side are one text to whoever looks for links in it
    return "".join(child.content if child.type.startswith("text") else "\n" for child in inline)


@pytest.mark.parametrize("place", ["name", "disk", "drift", "reason", "title"])
@pytest.mark.parametrize("live", LIVE)
def test_no_text_of_a_host_is_a_live_link_in_the_summary(live, place):
    host = fleets.demo_host("files03")
    disk = host["facts"]["next_boot"]["disks"][0]
    if place == "name":
        host["name"] = live
    elif place == "disk":
        disk.update(names=[live], reason=f"see {live}")
    elif place == "drift":
        host["drift"][0].update(field=live)
    elif place == "reason":
        host["error"] = f"Unreachable: {live}"
    summary = report.markdown(report.build([host], live if place == "title" else "Storage", TIME))
    found = text_outside_code(summary)
    assert not re.search(r"(?i)\w://|\bwww\.|mailto:|xmpp:|@\w|#\w", found)
    if place == "name" and live.strip(" `"):
        assert live in [
            child.content
            for token in MarkdownIt().parse(summary)
            for child in token.children or ()
            if child.type == "code_inline"
        ]


def test_no_name_breaks_the_summary(documents):
    summary = report.markdown(documents["hostile"])
    assert {char for char in summary if not char.isprintable()} <= {"\n", "\u200b"}
    assert not re.search(r"(?i)\w://|\bwww\.|@\w|#\w", text_outside_code(summary))
    lines = summary.splitlines()
    assert all(line == "" or re.match(r"#|\*\*|- |Generated ", line) for line in lines)


@pytest.mark.parametrize("form", report.FORMATS)
def test_no_form_holds_a_secret(documents, form):
    for document in documents.values():
        assert not re.search("simulated-(tgt|init)", report.FORMATS[form][1](document))
