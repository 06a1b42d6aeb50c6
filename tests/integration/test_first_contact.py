# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook first_contact on simulated hosts, and on their recordings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

DEMO = Path(__file__).parents[2] / "demo/hosts"
SECRET = "Sentinel-Secret"


def demo(name, **windows):
    state = yaml.safe_load((DEMO / f"{name}.yml").read_text())
    login = dict(state["persistent_logins"][0], portal="10.9.9.9")
    login["login_options"] = {
        "auth_type": "chap",
        "username": "u",
        "password": SECRET,
        "login_flags": ["multipath_enabled"],
    }
    state["persistent_logins"] = [*state["persistent_logins"], login]
    return dict(state, windows={**state.get("windows", {}), **windows})


@pytest.fixture(scope="module")
def contact(site):
    """The playbook on three hosts, one of which contradicts itself, with recordings; everything shown."""
    for name, windows in {
        "sql01": {},
        "files03": {"classes": {"root/wmi": {"MSiSCSIInitiator_PersistentLoginClass": []}}},
        "hyperv02": {"reader": False},
    }.items():
        site.host(name, demo(name, **windows))
    site.write_inventory()
    before = sorted(path.name for path in site.folder.iterdir())
    done = site.run_here(
        site.folder,
        "winstorage.iscsi.first_contact",
        "-i",
        "inventory.yml",
        "-e",
        "winstorage_iscsi_record=recordings/",
        "-vvv",
    )
    assert done.rc == 0, done.output
    done.new = {path.name for path in site.folder.iterdir()} - set(before)
    return done


def result_of(done, host, task="Read by the DLL and by every other witness"):
    (found,) = (one.result for one in done.results if (one.host, one.task) == (host, task))
    return found


def test_each_host_has_one_readable_table(contact):
    for host in ("sql01", "files03", "hyperv02"):
        lines = result_of(contact, host, "Show what agrees")["msg"]
        assert lines[0] == host and lines[2].startswith("Windows 10.0.") and len(lines) > 12
        assert not any("\n" in line for line in lines)
        assert lines[-1] == "The probe asks the others, on a host that may be changed."
        assert any(line.startswith("Questions about Windows that this host has answered") for line in lines)
    assert re.search(
        r'^        "persistent logins  registry, head of LoginTargetIN +agrees ', contact.output, re.MULTILINE
    )


def test_it_says_what_agrees_what_differs_and_what_could_not_be_read(contact):
    assert {entry["outcome"] for entry in result_of(contact, "sql01")["comparison"]} <= {"agrees", "not_read"}
    differing = [entry for entry in result_of(contact, "files03")["comparison"] if entry["outcome"] == "differs"]
    assert {entry["witness"] for entry in differing} == {"class MSiSCSIInitiator_PersistentLoginClass"}
    assert {(entry["dll_says"], entry["witness_says"]) for entry in differing} == {("listed", "not listed")}
    assert {entry["reason"] for entry in result_of(contact, "hyperv02")["comparison"]} == {"Access is denied."}


def test_it_takes_one_trip_changes_nothing_and_shows_no_secret(contact):
    assert len(re.findall("round trip by the simulator engine", contact.output)) == 3
    assert not any(one.result.get("changed") for one in contact.results)
    assert contact.new <= {"recordings", "results1.json"}
    assert SECRET not in contact.output and SECRET not in json.dumps([one.result for one in contact.results])


def test_a_recording_gives_the_same_table(contact, site):
    lines = {name: result_of(contact, name, "Show what agrees")["msg"] for name in ("sql01", "files03", "hyperv02")}
    for name in lines:
        assert SECRET not in (site.folder / f"recordings/{name}.txt").read_text()
        site.hosts[name] = {"winstorage_iscsi_recording": f"recordings/{name}.txt", "ansible_connection": "local"}
    (site.folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": site.hosts}}))
    done = site.run_here(
        site.folder, "winstorage.iscsi.first_contact", "-i", "inventory.yml", "-e", "target=sql01:files03"
    )
    assert done.rc == 0, done.output
    assert {one.host for one in done.results} == {"sql01", "files03"}
    for name in ("sql01", "files03"):
        replayed = result_of(done, name, "Show what agrees")["msg"]
        assert [line for line in lines[name] if "text_list_tail" not in line and "answered by" not in line] == [
            line for line in replayed if "answered by" not in line
        ]
