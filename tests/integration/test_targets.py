# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of `ansible-test windows-integration`, each on a simulated host: one for each module."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TARGETS = ROOT / "tests/integration/targets"
NAMES = sorted(path.name for path in TARGETS.iterdir())
LAB = yaml.safe_load((ROOT / "extensions/molecule/modules/hosts/lab.yml").read_text())


@pytest.fixture(scope="module")
def play(site):
    """All of them in one run, each on a host of its own."""
    for name in NAMES:
        site.host(name.replace("_", "-"), dict(LAB, service={"state": "running", "start_mode": "automatic"}))
    plays = [
        {"hosts": name.replace("_", "-"), "gather_facts": False, "ignore_errors": True, "roles": [name]}
        for name in NAMES
    ]
    return site.run(yaml.safe_dump(plays), ANSIBLE_ROLES_PATH=str(TARGETS))


def test_every_module_has_a_target():
    modules = {path.stem for path in (ROOT / "plugins/modules").glob("*.py")} - {"__init__"}
    assert set(NAMES) == modules


@pytest.mark.parametrize("name", NAMES)
def test_a_target_passes(play, name):
    results = [one for one in play.results if one.host == name.replace("_", "-")]
    assert [one.result.get("msg") for one in results if one.status != "ok"] == []
    assert "Check" in " ".join(one.task for one in results)
