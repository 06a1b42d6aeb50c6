# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change tells of itself."""

from __future__ import annotations

from ansible_collections.winstorage.iscsi.plugins.module_utils import converge, declared
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host
from ansible_collections.winstorage.iscsi.tests.unit.support.plans import FLASH


def test_one_cause_of_many_failures_is_told_once_and_the_message_stays_readable():
    portals = ["10.0.0.%d:3260" % number for number in range(1, 41)]
    machine = Host({
        "service": {"state": "running", "start_mode": "automatic"},
        "initiator": {"instances": [{"addresses": ["10.0.0.99"]}]},
        "network": {"arrays": [{"name": "flash", "portals": portals, "targets": [{"iqn": FLASH}]}]},
        "target_portals": portals[:1],
    })
    report = converge.converge(machine, declared.declaration({"persistent_logins": [
        {"target": FLASH, "portal": portal, "initiator_port": 7} for portal in portals]}))
    told = " ".join(report.problems)
    assert told.count("ISDSC_INVALID_PORT_NUMBER") == 1
    assert told.count("and 34 more") == 2 and ".." not in told
    assert len(told) < 2500
    assert len(report.plan.steps) == 40
