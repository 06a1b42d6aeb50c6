# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder in which real playbooks run against simulated hosts, with the ansible-playbook beside this Python."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import yaml

from . import playbooks

ROOT = Path(__file__).parents[3]
CALLBACKS = Path(__file__).with_name("callbacks")


class Site:
    """A folder with an inventory of simulated hosts in which playbooks run."""

    def __init__(self, folder, shared):
        self.folder, self.hosts, self.runs = folder, {}, 0
        self.view, self.home = shared / "view", shared / "home"

    def host(self, name, state=None, **variables):
        """Add a simulated host: its state as the simulator's file has it, its variables."""
        if state is not None:
            (self.folder / f"{name}.yml").write_text(yaml.safe_dump(state))
            variables.setdefault("winstorage_iscsi_simulator_state", f"{name}.yml")
        self.hosts[name] = dict(variables, ansible_connection="local")

    def write_inventory(self):
        (self.folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": self.hosts}}))

    def run(self, plays, *arguments, **environment):
        """Run plays, given as the text of a playbook, against the hosts."""
        self.write_inventory()
        (self.folder / "playbook.yml").write_text(plays)
        return self.run_here(self.folder, "-i", "inventory.yml", "playbook.yml", *arguments, **environment)

    def run_here(self, folder, *arguments, **environment):
        """Run ansible-playbook in a folder. What came of it: rc, output, and each result with host, task and status."""
        self.runs += 1
        results = self.folder / f"results{self.runs}.json"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(self.view),
            "ANSIBLE_HOME": str(self.home),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "results",
            "RESULTS_FILE": str(results),
            **environment,
        }
        done = playbooks.run(*arguments, cwd=folder, env=environment)
        lines = results.read_text().splitlines() if results.exists() else []
        found = [SimpleNamespace(**json.loads(line)) for line in lines]
        return SimpleNamespace(rc=done.returncode, output=done.stdout, results=found)


def link_collection(folder):
    """Make the folder what sites share, so that their playbooks run in the same environment: collections and home."""
    (folder / "view/ansible_collections/winstorage").mkdir(parents=True)
    (folder / "view/ansible_collections/winstorage/iscsi").symlink_to(ROOT)
    return folder
