# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings in real playbooks: made from one host, and used as the engine of another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

DEMO = Path(__file__).parents[2] / "demo/hosts"
SECRET = "Sentinel-Secret"
FACTS = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: facts, winstorage.iscsi.initiator_facts: }
"""
ALL = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: facts, winstorage.iscsi.initiator_facts: }
    - name: audit
      winstorage.iscsi.audit_facts: {isns_servers: [{address: isns.example.com}]}
      register: initiator_audit
    - name: report
      winstorage.iscsi.report: {path: "{{ inventory_dir }}/report", formats: [json, markdown]}
      run_once: true
"""


@pytest.fixture
def here(site):
    """The site without hosts of other tests."""
    site.hosts.clear()
    return site


def found(done, task, host):
    (result,) = (one.result for one in done.results if (one.task, one.host) == (task, host))
    return result


def demo(name):
    state = yaml.safe_load((DEMO / f"{name}.yml").read_text())
    return dict(state, initiator=dict(state.get("initiator") or {}, mutual_chap_secret=SECRET))


def test_facts_audit_and_report_from_a_recording_are_those_of_the_host(here):
    names = ["sql01", "files03", "hyperv02"]
    for name in names:
        here.host(name, demo(name), winstorage_iscsi_record="recordings/{{ inventory_hostname }}.txt")
    original = here.run(ALL)
    assert original.rc == 0, original.output
    report = json.loads((here.folder / "report/iscsi.json").read_text())
    here.hosts.clear()
    for name in names:
        (here.folder / f"{name}.yml").unlink()
        here.host(name, winstorage_iscsi_recording=f"recordings/{name}.txt")
    replayed = here.run(ALL, "-vvv")
    assert replayed.rc == 0, replayed.output
    assert "round trip by the recording engine" in replayed.output
    for name in names:
        for task in ("facts", "audit"):
            assert found(replayed, task, name) == found(original, task, name)
        assert SECRET not in (here.folder / f"recordings/{name}.txt").read_text()
    again = json.loads((here.folder / "report/iscsi.json").read_text())
    assert again.pop("generated") and report.pop("generated") and again == report
    assert found(original, "audit", "hyperv02")["drift"]


def test_a_folder_has_a_file_for_each_host_and_an_anonymous_one_names_none(here):
    for name in ("sql01", "hyperv02"):
        here.host(name, demo(name), winstorage_iscsi_record={"path": "named/"})
    assert here.run(FACTS).rc == 0
    assert sorted(path.name for path in (here.folder / "named").iterdir()) == ["hyperv02.txt", "sql01.txt"]
    assert 'host: "sql01"' in (here.folder / "named/sql01.txt").read_text()
    for name in ("sql01", "hyperv02"):
        here.hosts[name]["winstorage_iscsi_record"] = {"path": "hidden/", "anonymize": True, "phrase": "blue"}
    assert here.run(FACTS).rc == 0 and here.run(FACTS).rc == 0
    paths = sorted((here.folder / "hidden").iterdir())
    assert sorted(len(path.stem) for path in paths) == [len("sql01"), len("hyperv02")]
    assert not any("sql01" in path.read_text() or "hyperv02" in path.read_text() for path in paths)
    assert not {path.stem for path in paths} & {"sql01", "hyperv02"}
    here.hosts.clear()
    for path in paths:
        here.host(path.stem, winstorage_iscsi_recording=f"hidden/{path.name}")
    done = here.run(ALL)
    assert done.rc == 0, done.output
    read = {len(path.stem): found(done, "facts", path.stem)["ansible_facts"]["windows_iscsi"] for path in paths}
    verdicts = {length: facts["next_boot"]["verdict"] for length, facts in read.items()}
    assert verdicts == {len("sql01"): "ready", len("hyperv02"): "degraded"}


def test_a_recording_cannot_be_changed_but_shows_what_would_change(here):
    here.host("sql01", demo("sql01"), winstorage_iscsi_record="sql01.recording")
    assert here.run(FACTS).rc == 0
    here.hosts.clear()
    here.host("sql01", winstorage_iscsi_recording="sql01.recording")
    before = (here.folder / "sql01.recording").read_bytes()
    play = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: change, winstorage.iscsi.isns_server: {address: 192.0.2.77}}
"""
    done = here.run(play)
    result = found(done, "change", "sql01")
    assert done.rc == 2 and "recording, which cannot be changed" in result["msg"] and not result.get("changed")
    checked = here.run(play, "--check")
    assert checked.rc == 0 and found(checked, "change", "sql01")["changed"], checked.output
    assert (here.folder / "sql01.recording").read_bytes() == before


def test_a_change_is_not_recorded(here):
    here.host("sql01", demo("sql01"), winstorage_iscsi_record="changed.recording")
    done = here.run(
        """
- hosts: all
  gather_facts: false
  tasks:
    - name: change
      winstorage.iscsi.initiator_state: {isns_servers: [{address: 192.0.2.77}], chap_secret: Sentinel-Secret2}
"""
    )
    assert found(done, "change", "sql01")["changed"]
    written = (here.folder / "changed.recording").read_text()
    assert "ReportISNSServerListW" in written and "192.0.2.77" not in written and "Sentinel" not in written


@pytest.mark.parametrize(
    "variables, message",
    [
        ({"winstorage_iscsi_engine": "recording"}, "Set winstorage_iscsi_recording to its file."),
        ({"winstorage_iscsi_recording": "nowhere.yml"}, "nowhere.yml cannot be read: No such file or directory."),
        ({"winstorage_iscsi_recording": "inventory.yml"}, "inventory.yml is not a recording, or it is damaged"),
        (
            {"winstorage_iscsi_record": {"file": "x"}},
            "winstorage_iscsi_record must be the path of a file, or a mapping",
        ),
        ({"winstorage_iscsi_record": {"path": "x", "anonymize": "perhaps"}}, "anonymize must be true or false"),
        ({"winstorage_iscsi_record": "inventory.yml/x"}, "cannot be written"),
    ],
)
def test_what_is_wrong_with_the_variables_is_told(here, variables, message):
    state = None if "recording" in str(variables) else {"service": {"state": "running"}}
    here.host("sql01", state, **variables)
    done = here.run(FACTS)
    assert done.rc == 2 and message in found(done, "facts", "sql01")["msg"], done.output
