# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures several things, side by side in one run: ratios mean something where milliseconds do not.

Decoding 1,000 persistent logins by this collection, dissect.cstruct, construct and plain ctypes, which must give equal
rows first; a declaration of 256 persistent logins on a simulated host against reading them, with the round trips it
takes; how the controller's work grows with the number of logins (see growth.py), and what rows add to it (see
reader.py); the report of a large fleet, written and in a browser (see fleet.py); the facts task through
ansible-playbook against tasks that do nothing; and, where PowerShell is, what the runner module costs there (see
powershell.py).

    python bench/run.py [--rounds N] [--growth N] [--hosts N] [--tasks N] [--trips N] [--output results.json]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc

import decoders
import fleet
import growth
import powershell
import reader

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.apply import apply
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator

LOGINS = 256
RECORDS = 1000
HERE = pathlib.Path(__file__).resolve().parent
HOSTS = HERE.parent / "demo" / "hosts"
OURS = "winstorage.iscsi"


def decoding(rounds):
    """[{decoder, seconds, peak_bytes, ratio}, ...]; ratio: the median over rounds of its time by ours."""
    data = decoders.image(RECORDS)
    _must_agree(data)
    times = {name: [] for name in decoders.DECODERS}
    for _round in range(rounds):
        for name, (decode, _rows) in decoders.DECODERS.items():
            times[name].append(_timed(decode, data))
    return [
        {
            "decoder": name,
            "seconds": statistics.median(taken),
            "ratio": _ratio(taken, times[OURS]),
            "peak_bytes": _peak(decoders.DECODERS[name][0], data),
        }
        for name, taken in times.items()
    ]


def _must_agree(data):
    rows = {name: make_rows(decode(data, RECORDS)) for name, (decode, make_rows) in decoders.DECODERS.items()}
    for name, found in rows.items():
        if len(found) != RECORDS or found != rows[OURS]:
            raise SystemExit(f"{name} decodes something else; nothing is measured.")


def _timed(decode, data):
    gc.collect()
    started = time.perf_counter()
    kept = decode(data, RECORDS)
    taken = time.perf_counter() - started
    del kept
    return taken


def _peak(decode, data):
    gc.collect()
    tracemalloc.start()
    try:
        decode(data, RECORDS)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _ratio(taken, ours):
    return statistics.median(theirs / our for theirs, our in zip(taken, ours))


# -- tasks -------------------------------------------------------------------------------------------------------------

NOTHING = "ping (a module that does nothing, connection local)"
NO_TRIP = "debug (an action that does nothing, no trip to a host)"
FACTS = "winstorage.iscsi.initiator_facts (simulator, no trip to a host)"
TASKS = {  # name -> the task
    NOTHING: {"ansible.builtin.ping": {}},
    NO_TRIP: {"ansible.builtin.debug": {"msg": "nothing"}},
    FACTS: {"winstorage.iscsi.initiator_facts": {}},
}


def tasks(count):
    """[{task, seconds, ratio}, ...]; ratio: the median over rounds of its time by a do-nothing module's."""
    playbook = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [dict(task, name=name) for _round in range(count + 1) for name, task in TASKS.items()],
        }
    ]
    times = {name: [] for name in TASKS}
    for name, seconds in _play(playbook):
        times[name].append(seconds)
    times = {name: taken[1:] for name, taken in times.items()}  # the first round fills caches
    if {len(taken) for taken in times.values()} != {count}:
        raise SystemExit("Not every task ran; nothing is measured.")
    # The simulator spares facts the trip that every module makes. With it, a host's facts cost what a module costs and,
    # on top, what the action does itself: the encoding, the decoding, and here even the host.
    times[f"{FACTS.partition(' (')[0]}, and a module's trip"] = [
        nothing + facts - no_trip for nothing, no_trip, facts in zip(times[NOTHING], times[NO_TRIP], times[FACTS])
    ]
    return [
        {"task": name, "seconds": statistics.median(taken), "ratio": _ratio(taken, times[NOTHING])}
        for name, taken in times.items()
    ]


def _play(playbook):
    """[[name of a task, seconds], ...] in the order in which they ran."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        shutil.copytree(HOSTS, folder / "hosts")
        state = next((folder / "hosts").glob("sql*.yml"))
        inventory = {
            "all": {
                "hosts": {
                    state.stem: {
                        "ansible_connection": "local",
                        "ansible_python_interpreter": sys.executable,
                        "winstorage_iscsi_simulator_state": str(state),
                    }
                }
            }
        }
        (folder / "inventory.yml").write_text(json.dumps(inventory))
        (folder / "playbook.yml").write_text(json.dumps(playbook))
        environment = dict(
            os.environ,
            ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callback"),
            ANSIBLE_STDOUT_CALLBACK="task_times",
            ANSIBLE_LOCALHOST_WARNING="false",
        )
        ran = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.yml", "playbook.yml"],
            cwd=folder,
            text=True,
            check=False,
            capture_output=True,
            env=environment,
        )
    if ran.returncode:
        raise SystemExit("ansible-playbook failed, nothing is measured:\n" + ran.stderr + ran.stdout)
    return json.loads(ran.stdout.strip().splitlines()[-1])


def declaring():
    """[{operation, seconds, ratio, trips}, ...]: 256 logins through 16 portals; ratio: the time by that of reading."""
    target = "iqn.2010-06.com.purestorage:flasharray.bench"
    portals = [f"192.0.2.{number}" for number in range(1, 17)]
    own = [f"198.51.100.{number}" for number in range(1, 17)]
    state = {
        "service": {"state": "running", "start_mode": "automatic"},
        "target_portals": portals[:1],
        "initiator": {"instances": [{"addresses": own}]},
        "network": {"arrays": [{"name": "bench", "portals": portals, "targets": [{"iqn": target}]}]},
    }

    def declare(presence):
        return parse(
            {
                "persistent_logins": [
                    {
                        "target": target,
                        "portal": portals[number % 16],
                        "initiator_port": number // 16,
                        "state": presence,
                        "login_flags": ["multipath_enabled"],
                    }
                    for number in range(LOGINS)
                ]
            }
        )

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "host.yml")
        path.write_text(json.dumps(state))
        trips = []

        def run(batch):
            trips.append(batch)
            return simulator.run(batch, str(path))

        rows = []
        for operation, work in (
            ("save 256", lambda: apply(run, declare("present"))),
            ("unchanged", lambda: apply(run, declare("present"))),
            ("read 256", lambda: queries.gather(run)),
            ("remove 256", lambda: apply(run, declare("absent"))),
        ):
            trips.clear()
            started = time.perf_counter()
            problems = getattr(work(), "problems", ())
            if problems:
                raise SystemExit(f"{operation}: {problems}")
            rows.append({"operation": operation, "seconds": time.perf_counter() - started, "trips": len(trips)})
    reading = next(row["seconds"] for row in rows if row["operation"] == "read 256")
    return [dict(row, ratio=row["seconds"] / reading) for row in rows]


# -- printing ----------------------------------------------------------------------------------------------------------


def _table(headings, rows):
    widths = [max(len(row[at]) for row in [headings, *rows]) for at in range(len(headings))]
    for row in [headings, *rows]:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="of decoding (default: %(default)s)")
    parser.add_argument("--growth", type=int, default=5, help="of each size of host (default: %(default)s)")
    parser.add_argument("--tasks", type=int, default=10, help="of each kind (default: %(default)s)")
    parser.add_argument("--trips", type=int, default=7, help="in PowerShell, of each kind (default: %(default)s)")
    parser.add_argument("--hosts", type=int, default=fleet.HOSTS, help="of a report (default: %(default)s)")
    parser.add_argument("--output", help="write the numbers to this JSON file, too")
    options = parser.parse_args()

    decoded = decoding(options.rounds)
    print(
        f"Decoding {RECORDS} persistent logins with their user names: median of {options.rounds} interleaved rounds\n"
    )
    _table(
        ("decoder", "ms", "times ours", "peak KiB"),
        [
            (row["decoder"], f"{1000 * row['seconds']:.1f}", f"{row['ratio']:.1f}", f"{row['peak_bytes'] >> 10}")
            for row in decoded
        ],
    )

    declared = declaring()
    print(f"\nDeclaring {LOGINS} persistent logins on a simulated host, which itself takes most of the time\n")
    _table(
        ("operation", "ms", "times reading", "round trips"),
        [
            (row["operation"], f"{1000 * row['seconds']:.0f}", f"{row['ratio']:.1f}", f"{row['trips']}")
            for row in declared
        ],
    )

    grown = growth.growth(options.growth)
    print(f"\nThe controller's work by the number of logins, processor time: fastest of {options.growth} rounds\n")
    _table(
        ("operation", *(f"{size:,} logins, ms" for size in growth.SIZES)),
        [
            (row["operation"], *(f"{1000 * row['seconds'][size]:.1f}" for size in growth.SIZES))
            for row in grown["operations"]
        ],
    )
    print("\n" + "\n".join(growth.judge(grown)))

    read = reader.reading(options.growth)
    print(f"\nThe controller's work for a host with {reader.DISKS} disks and 100 events, processor time\n")
    _table(
        ("read", "ms", "times the DLL", "bytes out", "bytes back"),
        [
            (row["operation"], f"{1000 * row['seconds']:.1f}", f"{row['ratio']:.2f}", row["sent"], row["received"])
            for row in read
        ],
    )

    written, seen = fleet.writing(options.hosts), fleet.looking()
    print(f"\nThe report of {options.hosts} hosts, processor time\n")
    _table(
        ("fleet", "build, s", "page, s", "page, MiB", "memory, MiB"),
        [
            (
                row["fleet"],
                f"{row['build']:.1f}",
                f"{row['html']:.1f}",
                f"{row['bytes'] / fleet.MIB:.1f}",
                f"{row['peak'] >> 20}",
            )
            for row in written
        ],
    )
    print("\n" + "\n".join(fleet.judge(written, seen)))
    if seen is None:
        print("  Nothing was looked at: that takes playwright and a chromium on PATH.")

    ran = tasks(options.tasks)
    print(f"\nTasks through ansible-playbook: median of {options.tasks} interleaved rounds\n")
    _table(
        ("task", "ms", "times nothing"),
        [(row["task"], f"{1000 * row['seconds']:.0f}", f"{row['ratio']:.2f}") for row in ran],
    )

    lacking = powershell.missing()
    tripped = [] if lacking else powershell.trips(options.trips)
    if lacking:
        print(f"\nRound trips in PowerShell are left out: there is no {lacking}")
    else:
        print(f"\nRound trips in PowerShell: median of {options.trips} interleaved rounds\n")
        _table(
            ("process", "ms", "times a module that does nothing"),
            [(row["process"], f"{1000 * row['seconds']:.0f}", f"{row['ratio']:.2f}") for row in tripped],
        )

    if options.output:
        numbers = {
            "records": RECORDS,
            "decoding": decoded,
            "declaring": declared,
            "growth": grown,
            "reading": read,
            "report": {"hosts": options.hosts, "written": written, "seen": seen},
            "tasks": ran,
            "trips": tripped,
        }
        with open(options.output, "w", encoding="utf-8") as file:
            json.dump(numbers, file, indent=2)


if __name__ == "__main__":
    main()
