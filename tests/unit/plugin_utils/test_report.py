# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: what its document says, that the map loses nobody, and that every form is sound whatever names are."""

from __future__ import annotations

import collections
import html.parser
import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import report
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.audit import remedies
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.report import labels
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.report import map as network
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
        ({"facts": None}, "unknown", "No facts. Gather them with winstorage.iscsi.facts."),
        ({}, "unknown", "No facts. Gather them with winstorage.iscsi.facts."),
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
    assert "What follows is from an earlier run." in report.html(document)


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
    assert sorted(node.names for node in columns(drawn)["host"]) == [("files03",), ("hyperv02",), ("sql01",)]
    assert {way.status for way in drawn.connections if way.host.names == ("sql01",)} == {"live"}
    assert sum(way.paths for way in drawn.connections if way.host.names == ("sql01",)) == 4


def test_hosts_that_are_connected_alike_are_one_box():
    alike = [dict(fleets.demo_host("sql01"), name=f"sql{number:03d}") for number in range(500)]
    drawn = network.draw(report.build([*alike, *fleets.three()])["hosts"])
    assert sorted(len(node.names) for node in columns(drawn)["host"]) == [1, 1, 501]


def test_nobody_is_lost_in_a_large_map(documents):
    hosts = documents["many"]["hosts"]
    drawn = network.draw(hosts)
    named = [name for node in columns(drawn)["host"] for name in node.names]
    assert sorted(named) == sorted(host["name"] for host in hosts if host["connections"] is not None)
    assert drawn.left_out == len(hosts) - len(named) == 10
    assert sum(way.paths for way in drawn.connections) == sum(
        edge["paths"] for host in hosts for edge in host["connections"] or ()
    )


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
    assert all(len(nodes) <= network.MOST for nodes in boxes.values())
    assert sorted(name for node in boxes["host"] for name in node.names) == sorted(host["name"] for host in hosts)
    assert sum(way.paths for way in drawn.connections) == sum(map(len, connections))
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
def test_the_page_has_one_script_and_one_style_and_nothing_from_elsewhere(pages, name):
    page = Page(pages[name])
    tags = collections.Counter(page.tags)
    assert (tags["script"], tags["style"], tags["img"], tags["link"], tags["iframe"]) == (1, 1, 0, 0, 0)
    assert all(link.startswith("#") for link in page.links)


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
    """Some six kilobytes a host: nothing is there twice."""
    assert len(pages["many"].encode()) < 4 << 20


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
    page = Page(report.html(report.build([{"name": name} for name in ("a b", "a/b", "A b", "")])))
    assert len([one for one in page.ids if one.startswith("host-") and one not in ("host-table",)]) == 4


@pytest.mark.parametrize(
    ("totals", "words_of_it"),
    [
        ({"hosts": 3, "at_risk": 1, "degraded": 1, "unknown": 0, "ready": 1}, "1 host of 3 will miss a disk"),
        ({"hosts": 3, "at_risk": 0, "degraded": 2, "unknown": 0, "ready": 1}, "but 2 hosts with less than now"),
        ({"hosts": 3, "at_risk": 0, "degraded": 0, "unknown": 1, "ready": 2}, "1 host of 3 could not be read"),
        ({"hosts": 1, "at_risk": 0, "degraded": 0, "unknown": 1, "ready": 0}, "No host could be read"),
        ({"hosts": 3, "at_risk": 0, "degraded": 0, "unknown": 0, "ready": 3}, "Every host finds every disk"),
        ({"hosts": 0, "at_risk": 0, "degraded": 0, "unknown": 0, "ready": 0}, "no host to report"),
    ],
)
def test_the_headline_says_the_worst(totals, words_of_it):
    assert words_of_it in labels.write_headline(totals)


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
    text = labels.dump_tasks([{"winstorage.iscsi.persistent_login": {"target": name, "secret": remedies.SECRET}}])
    (task,) = yaml.load(text, Loader=Loader)
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
    assert "\n## At risk: 1\n\n- **files03**: PhysicalDrive1: 1 path now, 0 after a restart (MSiSCSI" in summary
    assert "\n## Not as declared: 1\n\n- **files03**: " in summary
    assert len(summary.splitlines()) < 25
    assert len(report.markdown(documents["many"]).splitlines()) < 110


def test_no_name_breaks_the_summary(documents):
    summary = report.markdown(documents["hostile"])
    assert {char for char in summary if not char.isprintable()} <= {"\n", "\u200b"}
    assert not re.search(r"(?<!\\)<|://|@\w|(?<!\\)\]\(", summary)
    lines = summary.splitlines()
    assert all(line == "" or re.match(r"#|\*\*|- |Generated ", line) for line in lines)


@pytest.mark.parametrize("form", report.FORMATS)
def test_no_form_holds_a_secret(documents, form):
    for document in documents.values():
        assert not re.search("simulated-(tgt|init)", report.FORMATS[form][1](document))
