# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the controller's work grows with the number of logins, and whether it grows as wanted.

Hosts of 64, 256 and 1,024 persistent logins, each with its session: all to one target, so that nothing but portal and
initiator port tells them apart. For each host the controller decodes an answer, matches logins with sessions, assembles
facts, and plans. Wanted: four times the logins take at most five times as long, and 256 logins are planned in less time
than it takes to simulate reading them.

    python bench/growth.py [--rounds N] [--sizes N [N ...]]
"""

from __future__ import annotations

import argparse
import gc
import json
import pathlib
import tempfile
import time

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts, matching
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import planner
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator

SIZES = (64, 256, 1024)
MOST = 5  # times as long for four times as many
PORTS = 16  # initiator ports of each host; the logins share its portals
COMPARED = 256  # logins whose planning is compared with simulating to read them

TARGET = "iqn.2010-06.com.purestorage:flasharray.bench"


def portal(number):
    """The portal of a login by its number."""
    return f"192.0.2.{1 + number // PORTS}"


def host_file(logins):
    """A host as the simulator takes it, before its sessions are open."""
    portals = sorted({portal(number) for number in range(logins)})
    return {
        "service": {"state": "running", "start_mode": "automatic"},
        "initiator": {"instances": [{"addresses": [f"198.51.100.{1 + port}" for port in range(PORTS)]}]},
        "network": {
            "arrays": [{"name": "bench", "portals": portals, "targets": [{"iqn": TARGET, "luns": [{"lun": 0}]}]}]
        },
        "persistent_logins": [
            {
                "target": TARGET,
                "portal": portal(number),
                "initiator_port": number % PORTS,
                "login_options": {"login_flags": ["multipath_enabled"]},
            }
            for number in range(logins)
        ],
    }


def declare(logins, flags):
    """What is declared for such a host: all its logins with these flags, each with a session, and no others."""
    return parse(
        {
            "persistent_logins": [
                {
                    "target": TARGET,
                    "portal": portal(number),
                    "initiator_port": number % PORTS,
                    "connected": True,
                    "login_flags": flags,
                }
                for number in range(logins)
            ],
            "purge": ["persistent_logins"],
        }
    )


class Host:
    """A simulated host that was read once. The controller's work on what it answered is measured over and over."""

    def __init__(self, logins):
        answers = []
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "host.yml")
            path.write_text(json.dumps(host_file(logins)))
            failed = simulator.boot(str(path))

            def run(batch):
                answers.append(simulator.run(batch, str(path)))
                return answers[-1]

            started = time.process_time()
            snapshot = queries.gather(run)
            self.simulated_reading = time.process_time() - started
        unchanged, changed = declare(logins, ["multipath_enabled"]), declare(logins, [])
        if failed or len(snapshot.persistent_logins) != logins or len(snapshot.sessions) != logins:
            raise SystemExit(f"The host of {logins} logins has not as many sessions; nothing is measured.")
        if planner.plan(snapshot, unchanged).steps:
            raise SystemExit(f"The host of {logins} logins is not as declared; nothing is measured.")
        # Records keep the identities and sort keys they computed, so each measurement takes fresh records.
        self._answer = answers[0]
        self.work = {
            "reading: decode an answer": (lambda _snapshot: self.read()),
            "matching logins and sessions": matching.match,
            "assembling facts": facts.assemble,
            "planning, nothing to change": (lambda snapshot: planner.plan(snapshot, unchanged)),
            "planning, all to change": (lambda snapshot: planner.plan(snapshot, changed)),
        }

    def read(self):
        """What a controller does to read a host, but for the host's own part."""
        return queries.gather(lambda batch: self._answer)

    def measure(self, operation):
        """Seconds of processor time."""
        snapshot = self.read()
        gc.collect()
        started = time.process_time()
        result = self.work[operation](snapshot)
        seconds = time.process_time() - started
        del result
        return seconds


def growth(rounds, sizes=SIZES):
    """The numbers: {"operations": [{operation, seconds: {size: seconds}, growth: [ratio, ...]}, ...], ...}.

    Seconds are the fastest of the rounds; a ratio is that of one size by that of the size before it.
    """
    hosts = {size: Host(size) for size in sizes}
    operations = []
    for operation in hosts[sizes[0]].work:
        times = {size: [] for size in sizes}
        for _round in range(rounds):
            for size, host in hosts.items():
                times[size].append(host.measure(operation))
        seconds = {size: min(measured) for size, measured in times.items()}
        ratios = [seconds[larger] / seconds[smaller] for smaller, larger in zip(sizes, sizes[1:])]
        operations.append({"operation": operation, "seconds": seconds, "growth": ratios})
    return {"operations": operations, "simulated_reading": {size: hosts[size].simulated_reading for size in sizes}}


def judge(numbers):
    """Lines that say what was wanted, what came out, and whether it is good enough."""
    for row in numbers["operations"]:
        sizes = list(row["seconds"])
        for smaller, larger, ratio in zip(sizes, sizes[1:], row["growth"]):
            measure = f"{row['operation']}, {larger:,} logins by {smaller:,}"
            yield _line(measure, f"at most {MOST}", f"{ratio:.1f}", ratio <= MOST)
    reading = numbers["simulated_reading"].get(COMPARED)
    for row in numbers["operations"]:
        if reading and row["operation"].startswith("planning"):
            planning = row["seconds"][COMPARED]
            measure = f"{row['operation']}, {COMPARED} logins by simulating to read them"
            yield _line(measure, "less than 1", f"{planning / reading:.2f}", planning < reading)


def _line(measure, wanted, got, met):
    return f"  {'met    ' if met else 'NOT MET'}  {measure}: wanted {wanted}, got {got}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="of each operation (default: %(default)s)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of logins (default: %(default)s)")
    options = parser.parse_args()
    numbers = growth(options.rounds, options.sizes)
    for row in numbers["operations"]:
        times = ", ".join(f"{size:,} in {1000 * seconds:.1f} ms" for size, seconds in row["seconds"].items())
        print(f"  {row['operation']}: {times}")
    print("\n".join(judge(numbers)))


if __name__ == "__main__":
    main()
