# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page "A lab on Windows", followed on the controller: its files are written, its commands run as they are.

The client is a simulated host. What needs Windows is done to it by the test where the page has the lab do it.
test_lab.py runs the playbooks of the lab themselves.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.state import dump
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.store import Store
from ansible_collections.winstorage.iscsi.tests.unit.support.pages import blocks

ROOT = Path(__file__).parents[2]
BUILD, CLEAN = "tests/windows/lab.yml", "tests/windows/lab_clean.yml"


class Reader:
    """Somebody with a home folder, in which nothing but the lab is set up for Ansible."""

    def __init__(self, home):
        self.home, self.lab, self.exports = home, home / "lab", []
        self.state = self.lab / "win01.yml"

    def clone(self, command):
        """Have the repository where `git clone` would put it."""
        _git, _clone, _source, place = shlex.split(command.replace("~", str(self.home)))
        Path(place).parent.mkdir(parents=True)
        Path(place).symlink_to(ROOT)

    def be_simulated(self, inventory):
        """Make the client of the inventory a simulated host that sees the target of the lab."""
        variables = inventory["all"]["vars"]
        target = {"iqn": variables["lab_target"], "luns": [{"lun": 0, "size": "1G"}]}
        array = {"portals": [{"address": address} for address in variables["lab_portals"]], "targets": [target]}
        host = {"service": {"state": "running"}, "mpio": {"claimed": True}, "network": {"arrays": [array]}}
        self.state.write_text(yaml.safe_dump(host))
        (self.lab / "host_vars").mkdir()
        (self.lab / "host_vars/win01.yml").write_text(
            yaml.safe_dump({"ansible_connection": "local", "winstorage_iscsi_simulator_state": self.state.name})
        )
        user, secret = variables["lab_user"].encode(), variables["lab_secret"].encode()
        self.account = {"user": user, "secret": secret, "mutual_secret": None}

    def want_chap(self):
        """What the lab does to the target."""
        with Store(self.state).transaction() as state:
            (target,) = state["network"]["arrays"][0]["targets"]
            target["chap"] = self.account

    def host(self):
        """What the client has, empty lists included."""
        with Store(self.state).transaction() as state:
            return {"sessions": [], "persistent_logins": [], "target_portals": [], "boots": 0, **dump(state)}

    def restart(self):
        simulator.boot(self.state)

    def follow(self, command):
        """Run a command of the page, or have its effect on the client. Its output if it was run."""
        if "molecule" in command:
            return None
        if BUILD in command:
            if "lab_chap=false" not in command:
                self.want_chap()
            return None
        return self.run(command.rstrip() + (" --limit lab_client" if CLEAN in command else ""))

    def run(self, command, exports=None):
        """Run a command. Its output; it must succeed."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON", "RESULTS_"))
        }
        environment.update(
            HOME=str(self.home),
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            LC_ALL="C.UTF-8",
        )
        done = subprocess.run(
            ["bash", "-e", "-c", "\n".join([*(self.exports if exports is None else exports), command])],
            cwd=self.home,
            env=environment,
            check=False,
            start_new_session=True,  # so that the password is asked for on standard input
            input="made-up\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The reader, and (command, its output if it ran, the host afterwards) of each command that is for Ansible."""
    reader, ran = Reader(tmp_path_factory.mktemp("home")), []
    for language, name, text in blocks("lab"):
        if language not in ("console", "yaml"):
            continue
        if language == "yaml":
            (reader.lab / name).write_text(text, encoding="utf-8")
            if name == "inventory.yml":
                reader.be_simulated(yaml.safe_load(text))
            continue
        for command in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            if command.startswith("git clone "):
                reader.clone(command)
            elif command.startswith(("export ", "cd ")):
                reader.exports.append(command)
            else:
                ran.append((command, reader.follow(command), reader.host()))
        if len([command for command, _output, _host in ran if "lab-paths.yml" in command]) == 3:
            reader.restart()
    return reader, ran


def test_every_command_is_met_and_only_those_that_need_windows_are_left_out(followed):
    _reader, ran = followed
    word = r"\S+\.yml|check_connection|first_contact|initiator_facts|molecule"
    assert [(re.search(word, command)[0], bool(output)) for command, output, _host in ran] == [
        ("tests/windows/lab.yml", False),
        ("check_connection", True),
        ("initiator_facts", True),
        ("first_contact", True),
        ("tests/windows/probe.yml", True),
        ("molecule", False),
        ("tests/windows/lab.yml", False),
        *[("~/lab/lab-paths.yml", True)] * 3,
        ("initiator_facts", True),
        ("tests/windows/lab_clean.yml", True),
    ]


def of(followed, name):
    """(output, host) of each command that has this in it."""
    return [(output, host) for command, output, host in followed[1] if name in command]


def test_the_first_contact_and_the_probe_do_what_the_page_says(followed):
    reader, _ran = followed
    assert "MSiSCSI runs" in of(followed, "check_connection")[0][0]
    assert (reader.lab / "recordings/win01.txt").stat().st_size > 1000
    ((output, host),) = of(followed, "probe.yml")
    assert "dialect:" in output and "letter_case" in output
    assert not host["persistent_logins"] and not host["sessions"]


def test_both_paths_are_there_once_declared_and_after_a_restart(followed):
    (_diff, before), (first, host), (second, _host) = of(followed, "lab-paths.yml")
    assert not before["persistent_logins"]
    assert "changed=1" in first and "changed=0" in second
    wanted = ["192.0.2.10", "198.51.100.10"]
    assert sorted(login["portal"]["address"] for login in host["persistent_logins"]) == wanted
    output, host = of(followed, "initiator_facts")[1]
    assert host["boots"] and sorted(session["portal"]["address"] for session in host["sessions"]) == wanted


def test_the_clean_up_leaves_nothing_on_the_client(followed):
    ((_output, host),) = of(followed, "lab_clean.yml")
    assert [host[part] for part in ("sessions", "persistent_logins", "target_portals")] == [[], [], []]


def test_a_probe_from_the_page_on_proof_is_found_by_ansible(followed):
    """It refuses a host that it was not told it may change, and that is all it needs to be found for."""
    reader, _ran = followed
    (text,) = [text for language, _name, text in blocks("proof") if language == "text" and "git clone" in text]
    _clone, export, command = text.split("\n", 2)
    done = reader.run(f"{export}\ncd ~/lab\n{command}", [])
    assert "dialect:" in done


def test_over_ssh_the_lab_says_that_it_is_for_winrm_and_psrp(followed):
    reader, _ran = followed
    (reader.lab / "host_vars/server01.yml").write_text("ansible_connection: ssh\n")
    said = reader.run(f"ansible-playbook {BUILD} || test $? = 2")
    assert "built over winrm or psrp" in said and "Start the initiator" not in said
