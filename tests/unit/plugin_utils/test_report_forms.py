# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a table and as metrics: whole, and sound whatever names are."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import report
from ansible_collections.winstorage.iscsi.tests.unit.support import fleets
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

TIME = "2026-11-22 10:41:05 UTC"


@pytest.fixture(scope="module")
def documents():
    makers = {"three": fleets.three, "many": lambda: fleets.many(60), "hostile": fleets.hostile, "none": list}
    return {name: report.build(make(), "Storage", TIME) for name, make in makers.items()}


# -- the table ---------------------------------------------------------------------------------------------------------


def read_table(document):
    return list(csv.DictReader(io.StringIO(report.table(document))))


def test_a_row_of_the_table_is_a_disk_and_what_becomes_of_it(documents):
    rows = read_table(documents["three"])
    assert [(row["host"], row["outlook"]) for row in rows] == [
        ("files03", "lost"),
        ("hyperv02", "fewer_paths"),
        ("hyperv02", "fewer_paths"),
        ("sql01", "same"),
        ("sql01", "same"),
    ]
    lost = rows[0]
    assert (lost["state"], lost["id"], lost["paths_now"], lost["paths_expected"]) == (
        "at_risk",
        "naa.600c0ff00064d8b17a1f5e6401000000",
        "1",
        "0",
    )
    assert lost["remedy"] == "Set the start mode of MSiSCSI to automatic."


def test_a_host_without_disks_has_a_row_that_says_why(documents):
    rows = [row for row in read_table(documents["many"]) if row["state"] == "unknown"]
    assert [(row["disk"], row["reason"]) for row in rows] == [("", "Unreachable: connection timed out")] * 2
    assert {row["host"] for row in read_table(documents["many"])} == {
        host["name"] for host in documents["many"]["hosts"]
    }


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "=cmd|' /C calc'!A0", "＝1", "-"]


@pytest.mark.parametrize("name", FORMULAS)
def test_no_name_is_a_formula(name):
    host = fleets.demo_host("files03")
    disk = host["facts"]["next_boot"]["disks"][0]
    disk.update(id=name, names=[name], targets=[name], reason=name, serial=name)
    document = report.build([dict(host, name=name), {"name": "away", "error": name}])
    for row in read_table(document):
        for cell in row.values():
            assert not re.match(r"\s*[=+@＝＋－＠]|\s*-.", cell), row


@given(st.text(min_size=1, max_size=20))
def test_any_name_stays_in_its_cell(name):
    document = report.build([{"name": name, "error": name}])
    (row,) = read_table(document)
    assert len(row) == 13 and None not in row
    assert not row["host"].startswith(("=", "+", "@"))
    assert all(char.isprintable() for char in row["host"])


# -- metrics -----------------------------------------------------------------------------------------------------------

SAMPLE = re.compile(r'(\w+)\{((?:\w+="(?:[^"\\\n]|\\["\\n])*",?)+)\} (\d+)')


def read_metrics(document):
    """{(name, labels as text): value}; every line has to be a comment or a sample."""
    found = {}
    for line in report.metrics(document).splitlines():
        if not line.startswith("# "):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            assert (name, labels) not in found
            found[name, labels] = int(value)
    return found


def test_each_host_has_a_gauge_for_each_state(documents):
    found = read_metrics(documents["three"])
    states = {labels: value for (name, labels), value in found.items() if name == "winstorage_iscsi_host_state"}
    assert len(states) == 3 * 4 and sum(states.values()) == 3
    assert states['host="files03",state="at_risk"'] == 1 and states['host="files03",state="ready"'] == 0
    assert found["winstorage_iscsi_host_disks", 'host="files03",outlook="lost"'] == 1
    assert found["winstorage_iscsi_host_disks", 'host="sql01",outlook="lost"'] == 0
    assert found["winstorage_iscsi_host_compliant", 'host="files03"'] == 0
    assert ("winstorage_iscsi_host_compliant", 'host="hyperv02"') not in found


def test_metrics_are_declared_as_gauges(documents):
    written = report.metrics(documents["three"])
    assert written.endswith("\n") and written.splitlines()[0] == f"# Generated {TIME}"
    declared = re.findall(r"# TYPE (\w+) gauge", written)
    assert declared == re.findall(r"# HELP (\w+) ", written)
    assert {name for name, _labels in read_metrics(documents["three"])} == set(declared)


def test_a_host_that_is_unknown_has_no_disks_that_could_end_an_alert(documents):
    for host in documents["many"]["hosts"]:
        samples = [labels for name, labels in read_metrics(documents["many"]) if name == "winstorage_iscsi_host_disks"]
        assert any(f'host="{host["name"]}"' in labels for labels in samples) == (host["state"] != "unknown")


RULES = re.findall(
    r"- alert: (\w+)\n +expr: (winstorage_\w+)\{state=\"(\w+)\"\} == 1\n",
    (Path(__file__).parents[3] / "docs/docsite/rst/report.rst").read_text(encoding="utf-8"),
)


@pytest.mark.parametrize(
    ("host", "alert"),
    [
        (Host({"service": {"state": "stopped", "start_mode": "manual"}}), "IscsiHostIsAtRiskAtItsNextRestart"),
        (Host({"service": {"state": "stopped", "start_mode": "automatic"}}), "IscsiHostIsUnknown"),
        (None, "IscsiHostIsUnknown"),
        ("files03", "IscsiHostIsAtRiskAtItsNextRestart"),
        ("sql01", None),
    ],
)
def test_the_rules_of_the_guide_alert_on_hosts_without_disks_as_on_others(host, alert):
    if isinstance(host, Host):
        with pytest.raises(queries.ServiceStopped) as stopped:
            queries.gather(host)
        host = {"facts": facts.assemble(stopped.value.snapshot)}
    elif host is not None:
        host = fleets.demo_host(host)
    found = read_metrics(report.build([dict(host or {"error": "Unreachable"}, name="it")]))
    firing = [rule for rule, metric, state in RULES if found[metric, f'host="it",state="{state}"'] == 1]
    assert firing == ([alert] if alert else [])


@given(st.text(min_size=1, max_size=20))
def test_any_name_is_a_label(name):
    document = report.build([{"name": name, "error": "away"}])
    assert sum(read_metrics(document).values()) == 1


def test_hostile_names_are_labels(documents):
    found = read_metrics(documents["hostile"])
    assert sum(value for (name, _labels), value in found.items() if name == "winstorage_iscsi_host_state") == len(
        documents["hostile"]["hosts"]
    )
