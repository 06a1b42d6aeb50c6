# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.plugins.plugin_utils.audit import host_state

READY = {"next_boot": {"verdict": "ready", "attention": ["Saved but not connected."], "disks": []}}


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        ({}, ["sql01: it is bad.", "Saved but not connected."]),
        ({"severity": "warning"}, ["Saved but not connected."]),
        ({"category": "drift"}, ["Saved but not connected."]),
        ({"kind": "disk_lost"}, ["Saved but not connected."]),  # the forecast tells it
    ],
)
def test_a_critical_risk_needs_attention_whatever_the_state_is(finding, told):
    weak = {"severity": "critical", "category": "risk", "kind": "weak", "what": "sql01", "text": "it is bad."}
    assert host_state.assess(READY, [{**weak, **finding}]) == ("ready", None, told)
