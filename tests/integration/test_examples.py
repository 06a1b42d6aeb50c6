# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of the guides, each on its simulated hosts: what it leaves, and that a second run changes nothing.

What it leaves is read from the files of the simulated hosts, not through a module.
"""

from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

import pytest

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.state import dump
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.store import Store

pytestmark = pytest.mark.long
EXAMPLES = Path(__file__).parents[2] / "examples"


class Fleet:
    """A copy of the examples whose hosts nobody else uses; always in the same place, as their configuration is."""

    def __init__(self, site):
        self.site, self.folder = site, site.folder / "copy/examples"
        shutil.rmtree(self.folder.parent, ignore_errors=True)
        shutil.copytree(EXAMPLES, self.folder, ignore=shutil.ignore_patterns("host_vars", "*.before.json", "iscsi-*"))

    def run(self, playbook, *arguments):
        return self.site.run_here(self.folder, f"{playbook}.yml", *arguments)

    def play(self, playbook, *arguments):
        """Run a playbook that has to succeed; the tasks that changed something."""
        done = self.run(playbook, *arguments)
        assert done.rc == 0, done.output
        return [one.task for one in done.results if one.status != "item ok" and one.result.get("changed")]

    def files(self, host):
        return self.folder / "hosts" / f"{host}.yml", self.folder / "iscsi-hosts"

    def state(self, host):
        with Store(*self.files(host)).transaction() as state:
            return dump(state)

    def restart(self, host):
        """Boot a host; the saved logins that failed."""
        return simulator.boot(*self.files(host))


@pytest.fixture
def fleet(site):
    return Fleet(site)


class Example(t.NamedTuple):
    """A playbook that changes a host, and what the host has then: by part of its state file, fields of each record."""

    host: str
    then: dict
    arguments: tuple = ()
    again: bool = False  # whether a second run changes something


def address(record):
    return (record.get("portal") or {}).get("address")


FIELDS = {
    "persistent_logins": lambda login: (address(login), login.get("initiator_port")),
    "sessions": address,
    "target_portals": lambda portal: portal["address"],
}
FIRST, SECOND = "192.0.2.21", "198.51.100.21"
CHANGING = {
    "multipath": Example(
        "hyperv03",
        {
            "persistent_logins": [(FIRST, 0), (FIRST, 1), (SECOND, 0), (SECOND, 1)],
            "sessions": [FIRST, FIRST, SECOND, SECOND],
            "target_portals": [FIRST, SECOND],
        },
    ),
    "rotate_chap": Example(
        "mail01", {"persistent_logins": [(FIRST, 0), (SECOND, 1)], "sessions": [FIRST, SECOND]}, again=True
    ),
    "stale_favourites": Example(
        "files04", {"persistent_logins": [(FIRST, None)], "sessions": [FIRST]}, ("-e", "remove=true")
    ),
    "move_array": Example(
        "web05", {"persistent_logins": [(FIRST, None)], "sessions": [FIRST], "target_portals": [FIRST]}
    ),
    "save_sessions": Example(
        "sql02", {"persistent_logins": [(FIRST, 0), (SECOND, None), (FIRST, None)], "sessions": [FIRST, SECOND, FIRST]}
    ),
}


@pytest.mark.parametrize("name", CHANGING)
def test_an_example_leaves_what_its_guide_says_and_survives_a_restart(fleet, name):
    example = CHANGING[name]
    assert fleet.play(name, *example.arguments)
    state = fleet.state(example.host)
    found = {part: sorted(map(FIELDS[part], state.get(part, [])), key=repr) for part in example.then}
    assert found == {part: sorted(wanted, key=repr) for part, wanted in example.then.items()}
    assert bool(fleet.play(name, *example.arguments)) == example.again
    assert fleet.restart(example.host) == []
    assert len(fleet.state(example.host)["sessions"]) == len(example.then["sessions"])


def test_stale_favourites_are_only_shown_until_told_otherwise(fleet):
    assert fleet.play("stale_favourites") == []
    assert len(fleet.state("files04")["persistent_logins"]) == 4  # one of them is saved twice


def test_the_rotated_secret_is_the_one_the_array_wants_now(fleet):
    assert [one["status"] for one in fleet.restart("mail01")] == ["ISDSC_AUTHENTICATION_FAILURE"] * 2
    simulator.reset(*fleet.files("mail01"))
    fleet.play("rotate_chap")
    saved = {one["login_options"]["password"] for one in fleet.state("mail01")["persistent_logins"]}
    assert saved == {"simulated-new2"}


def test_what_was_adopted_shows_no_drift_until_something_changes(fleet):
    fleet.play("adopt_fleet")
    (written,) = fleet.play("audit_fleet")
    assert written.endswith("Write the report"), "and nothing on the hosts"
    written = fleet.folder / "host_vars/files04.yml"
    written.write_text(written.read_text().replace("copies: 2", "copies: 1"))
    assert fleet.play("adopt_fleet") == [], "what somebody edited stays"
    audited = fleet.run("audit_fleet")
    assert audited.rc != 0
    assert {one.host for one in audited.results if one.status == "failed"} == {"files04"}


def test_a_restart_is_refused_until_every_session_is_saved_and_then_nothing_is_missed(fleet):
    refused = fleet.run("before_restart")
    assert refused.rc != 0
    assert "Live but not saved: iqn.2004-01.com.example:sql02-data" in refused.output
    assert not list(fleet.folder.glob("*.before.json"))
    fleet.play("save_sessions")
    fleet.play("before_restart")
    assert fleet.restart("sql02") == []
    fleet.play("after_restart")


def test_host_settings_are_set_once_and_told_with_what_takes_effect_later(fleet):
    done = fleet.run("host_settings")
    assert done.rc == 0, done.output
    (setting,) = [one.result for one in done.results if one.result.get("changed")]
    assert setting["reboot_required"] and len(setting["reboot_reasons"]) == 2
    written = fleet.state("files06")["windows"]["registry"]
    services = "SYSTEM\\CurrentControlSet\\Services\\"
    assert written[services + "LanmanServer"]["DependOnService"] == ["SamSS", "Srv2", "MSiSCSI"]
    assert written[services + "msdsm\\Parameters"]["PDORemovePeriod"] == 130
    assert fleet.play("host_settings") == []
