# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rows add to the controller's work: a host with many disks, read with them and without, from one stored answer.

What PowerShell takes to read them on a host is not measured here.
"""

from __future__ import annotations

import pathlib
import statistics
import tempfile
import time

import yaml

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator

DISKS = 64
FROM_ROWS = ("initiator_ports", "saved_addresses", "policies", "disks", "events")
TARGET = "iqn.2004-01.com.example:bench"
LOGIN = {"target": TARGET, "portal": "192.0.2.21", "initiator_port": 0}
EVENT = {"provider": "iScsiPrt", "id": 20, "hours_ago": 1, "copies": 100}
HOST = {
    "service": {"state": "running", "start_mode": "automatic"},
    "windows": {"events": [EVENT]},
    "target_portals": ["192.0.2.21"],
    "persistent_logins": [LOGIN],
    "sessions": [LOGIN],
    "network": {
        "arrays": [
            {
                "portals": ["192.0.2.21"],
                "targets": [
                    {
                        "iqn": TARGET,
                        "luns": [
                            {"lun": number, "volumes": [{"mount_points": [f"C:\\disks\\{number}\\"], "label": "DATA"}]}
                            for number in range(DISKS)
                        ],
                    }
                ],
            }
        ]
    },
}


def reading(rounds):
    """[{operation, seconds, sent, received, ratio}, ...]; ratio: by the time without rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "host.yml")
        path.write_text(yaml.safe_dump(HOST), encoding="utf-8")
        found = [
            _measure("the DLL alone", [name for name in queries.READS if name not in FROM_ROWS], path, rounds),
            _measure("the DLL and rows", list(queries.READS), path, rounds),
        ]
    return [dict(row, ratio=row["seconds"] / found[0]["seconds"]) for row in found]


def _measure(operation, subsets, path, rounds):
    kept = {}

    def ask(text):
        kept["sent"], kept["received"] = text, simulator.run(text, str(path))
        return kept["received"]

    queries.gather(ask, subsets)
    times = []
    for _round in range(rounds):
        started = time.process_time()
        facts.assemble(queries.gather(lambda _text: kept["received"], subsets))
        times.append(time.process_time() - started)
    return {
        "operation": operation,
        "seconds": statistics.median(times),
        "sent": len(kept["sent"]),
        "received": len(kept["received"]),
    }
