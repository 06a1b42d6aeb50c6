# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report task in real playbooks: from facts, from a fact cache, and with what an audit found."""

from __future__ import annotations

import json
import os
import re
import stat

import pytest
import yaml

from ansible_collections.winstorage.iscsi.tests.unit.support.sites import ROOT

TARGET = "iqn.2015-11.com.hpe:storage.msa2060.2247d8b1a5"
GATHER = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: gather, winstorage.iscsi.initiator_facts: , ignore_unreachable: true}
"""
PLAYS = (
    GATHER
    + """
    - {name: check, winstorage.iscsi.report: {path: out}, run_once: true, check_mode: true}
    - {name: first, winstorage.iscsi.report: {path: out, title: North site}, run_once: true}
    - {name: again, winstorage.iscsi.report: {path: out, title: North site}, run_once: true}
    - {name: check again, winstorage.iscsi.report: {path: out, title: North site}, run_once: true, check_mode: true}
    - {name: other, winstorage.iscsi.report: {path: out, title: South site}, run_once: true}
    - {name: metrics, winstorage.iscsi.report: {path: metrics, formats: [prometheus]}, run_once: true}
    - {name: metrics again, winstorage.iscsi.report: {path: metrics, formats: [prometheus]}, run_once: true}
    - {name: one file, winstorage.iscsi.report: {path: www/all.html, formats: [html]}, run_once: true}
    - name: audited
      winstorage.iscsi.report: {path: audited, formats: [json], audits: "{{ audits }}"}
      run_once: true
  vars:
    audits:
      sql01: {declared: [persistent_logins], drift: [], risks: []}
      hyperv02: {declared: [], drift: [], risks: []}
      files03: {failed: true, msg: MSiSCSI said no}
"""
)


@pytest.fixture(scope="module")
def play(site):
    """The hosts of the demo, and one that drops the connection."""
    for path in sorted((ROOT / "demo/hosts").glob("*.yml")):
        site.host(path.stem, yaml.safe_load(path.read_text()))
    site.host("away", {"service": {"state": "running"}, "faults": [{"export": "*", "action": "drop", "times": 0}]})
    done = site.run(PLAYS)
    assert done.rc == 0, done.output
    return done


def result_of(play, task):
    (found,) = [one for one in play.results if one.task == task and "totals" in one.result]
    return found.result


def document(site, name="out/iscsi.json"):
    return json.loads((site.folder / name).read_text())


def states(document):
    return {host["name"]: host["state"] for host in document["hosts"]}


def test_all_hosts_of_the_play_are_in_it_also_one_that_is_away(site, play):
    told = document(site)
    assert states(told) == {"files03": "at_risk", "hyperv02": "degraded", "away": "unknown", "sql01": "ready"}
    assert result_of(play, "other")["totals"] == told["totals"]
    assert told["totals"]["unknown"] == 1


def test_four_files_are_written_and_named(site, play):
    assert result_of(play, "first")["paths"] == {
        form: str(site.folder / "out" / ("iscsi" + ending))
        for form, ending in (("html", ".html"), ("json", ".json"), ("markdown", ".md"), ("csv", ".csv"))
    }
    assert sorted(os.listdir(site.folder / "out")) == ["iscsi.csv", "iscsi.html", "iscsi.json", "iscsi.md"]
    assert (site.folder / "out/iscsi.html").read_text().startswith("<!DOCTYPE html>")
    assert (site.folder / "out/iscsi.md").read_text().startswith("# South site\n")
    assert stat.S_IMODE((site.folder / "out/iscsi.html").stat().st_mode) & 0o400


def test_metrics_are_written_where_somebody_asks_for_them(site, play):
    assert result_of(play, "metrics")["paths"] == {"prometheus": str(site.folder / "metrics/iscsi.prom")}
    assert 'winstorage_iscsi_host_state{host="away",state="unknown"} 1' in (
        (site.folder / "metrics/iscsi.prom").read_text().splitlines()
    )


def test_metrics_that_tell_the_same_are_no_change(play):
    assert (result_of(play, "metrics")["changed"], result_of(play, "metrics again")["changed"]) == (True, False)


def test_a_path_to_a_page_names_it(site, play):
    assert result_of(play, "one file")["paths"] == {"html": str(site.folder / "www/all.html")}
    assert os.listdir(site.folder / "www") == ["all.html"]


@pytest.mark.parametrize(
    ("task", "changed"), [("check", True), ("first", True), ("again", False), ("check again", False), ("other", True)]
)
def test_it_is_changed_by_what_it_says_and_not_by_the_time(play, task, changed):
    assert result_of(play, task)["changed"] is changed


def test_check_mode_writes_nothing(site, play):
    done = site.run(
        GATHER
        + """
    - {name: check, winstorage.iscsi.report: {path: nowhere}, run_once: true, check_mode: true}
"""
    )
    assert result_of(done, "check")["changed"] is True
    assert not (site.folder / "nowhere").exists()


def test_a_later_run_renews_the_time_and_is_not_changed(site, play):
    path = site.folder / "www/all.html"
    now = re.search(r"Generated (\d{4}-[\d: -]+ UTC)", path.read_text())[1]
    path.write_text(path.read_text().replace(now, "2001-01-01 00:00:00 UTC"))
    done = site.run(
        GATHER
        + """
    - {name: later, winstorage.iscsi.report: {path: www/all.html, formats: [html]}, run_once: true}
"""
    )
    assert result_of(done, "later")["changed"] is False
    assert "2001-01-01" not in path.read_text()


def test_audits_say_what_was_compared(site, play):
    told = {host["name"]: host for host in document(site, "audited/iscsi.json")["hosts"]}
    assert {name: host["compliant"] for name, host in told.items()} == {
        "sql01": True,
        "hyperv02": None,
        "files03": None,
        "away": None,
    }
    assert (told["files03"]["state"], told["files03"]["reason"]) == ("unknown", "Not read: MSiSCSI said no")
    assert told["files03"]["earlier"] is True


def test_the_role_reports_what_it_found(site, play):
    done = site.run(f"""
- hosts: all
  gather_facts: false
  roles:
    - role: winstorage.iscsi.initiator
      vars:
        initiator_report_path: role
        initiator_persistent_logins:
          - {{target: "{TARGET}", portal: {{address: 172.16.8.101}}, header_digest: crc32c}}
""")
    assert done.rc == 4 or done.rc == 2  # away fails in the end
    told = {host["name"]: host for host in document(site, "role/iscsi.json")["hosts"]}
    assert told["away"]["reason"].startswith("Unreachable: ")
    (drift,) = [one for one in told["files03"]["findings"] if one.get("field") == "header_digest"]
    assert (drift["found"], drift["declared"]) == ("unspecified", "crc32c")
    assert told["files03"]["compliant"] is False


def test_a_fact_cache_is_enough(site, play):
    """The second run contacts no host: none of them is in its play."""
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(site.folder / "cache")}
    site.run(GATHER, **cache)
    done = site.run(
        """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: cached
      winstorage.iscsi.report: {path: cached, formats: [json], hosts: "{{ groups.all }}"}
""",
        "-vvv",
        **cache,
    )
    assert done.rc == 0, done.output
    assert "round trip" not in done.output
    told = document(site, "cached/iscsi.json")
    assert states(told) == {"files03": "at_risk", "hyperv02": "degraded", "away": "unknown", "sql01": "ready"}
    assert {host["name"]: host["reason"] for host in told["hosts"]}["away"] == (
        "No facts. Gather them with winstorage.iscsi.initiator_facts."
    )


def test_a_damaged_host_in_a_fact_cache_is_named_and_ends_nothing(site, play):
    folder = site.folder / "damaged"
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder)}
    site.run(GATHER, **cache)
    damages = {
        "sql01": lambda facts: facts["persistent_logins"][0].pop("copies"),
        "hyperv02": lambda facts: facts.update(schema_version=99),
    }
    for name, damage in damages.items():
        (path,) = [path for path in folder.iterdir() if path.name.endswith(name)]
        kept = json.loads(path.read_text())
        inside = json.loads(kept["__payload__"]) if "__payload__" in kept else kept  # as ansible-core wraps it
        damage(inside["windows_iscsi"])
        path.write_text(json.dumps({"__payload__": json.dumps(inside)} if "__payload__" in kept else inside))
    done = site.run(
        """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: damaged
      winstorage.iscsi.report: {path: damaged-out, hosts: "{{ groups.all }}"}
- hosts: sql01
  gather_facts: false
  tasks:
    - name: shown
      ansible.builtin.debug: {msg: "{{ ansible_facts.windows_iscsi | winstorage.iscsi.summary }}"}
""",
        **cache,
    )
    told = {host["name"]: host for host in document(site, "damaged-out/iscsi.json")["hosts"]}
    assert {name: host["state"] for name, host in told.items()} == {
        "files03": "at_risk",
        "hyperv02": "unknown",
        "away": "unknown",
        "sql01": "unknown",
    }
    sql01, hyperv02 = (
        "Its facts cannot be used: persistent_logins[0].copies: missing.",
        "Its facts cannot be used: schema_version: expected 1, found 99; gather the facts again with this version of "
        "the collection.",
    )
    assert (told["sql01"]["reason"], told["hyperv02"]["reason"]) == (sql01, hyperv02)
    assert result_of(done, "damaged")["warnings"] == [f"hyperv02: {hyperv02}", f"sql01: {sql01}"]
    (shown,) = [one for one in done.results if one.task == "shown"]
    assert shown.status == "failed" and "persistent_logins[0].copies: missing" in shown.result["msg"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("{path: out, hosts: [sql01, nobody, no2]}", "hosts: not in the inventory: no2, nobody."),
        ("{path: playbook.yml/x}", "The report cannot be written: "),
        ("{path: out, formats: [pdf]}", "formats must be one or more of: html, json, markdown"),
        ("{}", "missing required arguments: path"),
    ],
)
def test_mistakes_are_told(site, play, options, message):
    done = site.run(f"""
- hosts: sql01
  gather_facts: false
  tasks:
    - {{name: wrong, winstorage.iscsi.report: {options}}}
""")
    (failed,) = [one for one in done.results if one.status == "failed"]
    assert message in failed.result["msg"]
    assert sorted(os.listdir(site.folder / "out")) == ["iscsi.csv", "iscsi.html", "iscsi.json", "iscsi.md"]
