# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of `ansible-test windows-integration` on simulated hosts: one for each module. What they ask the tools of
Windows is left out here; see test_targets.py of the proof."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.winstorage.iscsi.tests.unit.support.sites import ROOT
from ansible_collections.winstorage.iscsi.tests.unit.support.targets import (
    CONFIG,
    LAB,
    NAMES,
    TARGETS,
    VOLUME,
    facts_of,
    host_of,
    play_of,
    results_of,
)

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def play(site):
    """All of them in one run, each on a host of its own."""
    for name in NAMES:
        site.host(host_of(name), LAB, **CONFIG, **VOLUME)
    return site.run(yaml.safe_dump([play_of(name) for name in NAMES]), ANSIBLE_ROLES_PATH=str(TARGETS))


def test_every_module_has_a_target():
    modules = {path.stem for path in (ROOT / "plugins/modules").glob("*.py")} - {"__init__"}
    assert {name.removesuffix("_module") for name in NAMES} == modules


def test_no_target_has_the_name_of_a_role():
    """ansible-test would run the role instead, and see it pass."""
    assert not {path.name for path in (ROOT / "roles").iterdir()} & set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_target_passes(play, name):
    assert [one.result.get("msg") for one in results_of(play, host_of(name), "failed")] == []
    results = results_of(play, host_of(name), "ok")
    assert results[-1].task == "after", play.output
    assert any(one.task.startswith("Check") for one in results)


@pytest.mark.parametrize("name", NAMES)
def test_a_target_leaves_its_host_as_it_was(play, name):
    results = results_of(play, host_of(name), "ok")
    assert facts_of(results, "after") == facts_of(results, "before")
