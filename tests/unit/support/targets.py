# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of `ansible-test windows-integration`, and the lab that they need, as a simulated host."""

from __future__ import annotations

from types import SimpleNamespace

import yaml

from .sites import ROOT

TARGETS = ROOT / "tests/integration/targets"
NAMES = sorted(path.name for path in TARGETS.iterdir())
TIMERS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e97b-e325-11ce-bfc1-08002be10318}\0003\Parameters"
LAB = {
    **yaml.safe_load((ROOT / "extensions/molecule/modules/hosts/lab.yml").read_text()),
    "service": {"state": "running", "start_mode": "automatic"},
    "initiator": {"node_name": "iqn.1991-05.com.microsoft:lab"},
    "windows": {"registry": {TIMERS: {"LinkDownTime": 15}}},
}
CONFIG = {
    "lab_portal": "192.0.2.21",
    "lab_target": "iqn.2004-01.com.example:data",
    "lab_user": "lab",
    "lab_secret": "made-up-secret",
}
VOLUME = {"lab_volume": "E:\\"}  # on Windows, the target finds it by itself
FACTS = {"winstorage.iscsi.initiator_facts": {"gather_subset": ["all"]}}


def host_of(name):
    return name.replace("_", "-")


def play_of(name, *, host=None):
    """A target as ansible-test runs it, between two looks at the host. It fails without stopping the next play."""
    run = {"ansible.builtin.include_role": {"name": name}}
    return {
        "hosts": host or host_of(name),
        "gather_facts": False,
        "tasks": [
            {"name": "before", **FACTS},
            {"block": [run], "rescue": [{"name": f"{name} failed", "ansible.builtin.meta": "noop"}]},
            {"name": "after", **FACTS},
        ],
    }


def results_of(play, host, status):
    """The results of a host, with the name of each task without that of its role."""
    found = [one for one in play.results if (one.host, one.status) == (host, status)]
    return [SimpleNamespace(task=one.task.rpartition(" : ")[2], result=one.result) for one in found]


def facts_of(results, task):
    """The facts that a task gathered, without the targets: a host remembers what it discovered, whatever is removed."""
    (found,) = (one.result["ansible_facts"]["windows_iscsi"] for one in results if one.task == task)
    return {part: value for part, value in found.items() if part != "targets"}
