# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: what it shows, and that it leaves nothing behind where it is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(site):
    """A copy, so that a run from here and one of somebody else do not meet."""
    folder = site.folder / "copy/demo"
    shutil.copytree(ROOT / "demo", folder)
    shutil.copytree(ROOT / "playbooks", folder.parent / "playbooks")
    return folder


@pytest.fixture(scope="module")
def play(site, demo):
    done = site.run_here(demo, "demo.yml")
    assert done.rc == 0, done.output
    return done


def test_each_host_is_shown_with_what_deserves_attention(play):
    output = re.sub(r"\s*\n\s*", "\n", play.output)
    for line in (
        "sql01     ready      -\n",
        "files03   at_risk    MSiSCSI starts only on demand",
        "! Saved 2 times: iqn.2015-11.com.hpe:storage.msa2060.2247d8b1a5.",
        "! Saved but not connected: iqn.1992-04.com.emc:cx.apm00093203217.a0 through 10.20.30.99 port 3260.",
        "transport_mode_preferred, tunnel_mode_preferred, 0x200",
    ):
        assert line in output


def test_a_second_run_finds_the_same_facts(play, site, demo):
    again = site.run_here(demo, "demo.yml")
    found = [
        sorted(
            (one.host, json.dumps(one.result["ansible_facts"])) for one in run.results if "ansible_facts" in one.result
        )
        for run in (play, again)
    ]
    assert len(found[0]) == 3 * 4  # three hosts; twice as they are, before and after they are as declared
    assert found[0] == found[1]


def test_two_of_three_hosts_differ_from_their_declaration_until_it_is_enforced(play):
    audits = [(one.host, one.result) for one in play.results if "compliant" in one.result]
    before, after = dict(audits[:3]), dict(audits[3:])
    declared = {host: one["compliant"] for host, one in before.items()}
    assert declared == {"sql01": True, "hyperv02": False, "files03": False}
    assert {host: one["compliant"] for host, one in after.items()} == dict.fromkeys(before, True)
    assert {host: one["next_boot"]["verdict"] for host, one in after.items()} == dict.fromkeys(before, "ready")
    mended = {one.host for one in play.results if one.result.get("changed") and "plan" in one.result}
    assert mended == {"hyperv02", "files03"}


def test_no_made_up_secret_is_shown(play):
    assert "secret set" in play.output
    assert not re.search("simulated-(tgt|init)", play.output)


def test_the_folder_is_left_as_it_was(play, demo):
    files = {path.relative_to(demo) for path in demo.rglob("*") if path.is_file()}
    assert files == {path.relative_to(ROOT / "demo") for path in (ROOT / "demo").rglob("*") if path.is_file()}


def test_the_example_for_real_hosts_leaves_the_engine_to_the_connection(site, demo):
    command = [
        sys.executable,
        Path(sys.executable).parent / "ansible-inventory",
        "--list",
        "-i",
        "inventory.windows.example.yml",
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=demo)
    hosts = json.loads(done.stdout)["_meta"]["hostvars"]
    assert {hosts[name]["ansible_connection"] for name in hosts} == {"winrm", "psrp", "ssh"}
    assert not any(variable.startswith("winstorage_") for name in hosts for variable in hosts[name])


def test_the_readme_shows_what_the_demo_prints(play):
    shown = re.findall("```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    printed = "".join(line.removeprefix(" " * 8) for line in play.output.splitlines(keepends=True))
    assert len(shown) == 2 and all(page in printed for page in shown)
