# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a round trip costs in PowerShell: the runner module against a module that does nothing, as Ansible sends them.

Each runs in a process of its own, which compiles Ansible.Basic, and the runner module its own C# as well. The facts
are those of a simulated host behind the stand-in library, which takes next to no time.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from ansible_collections.winstorage.iscsi.tests.proof.standin.server import Server
from ansible_collections.winstorage.iscsi.tests.proof.standin.simulated import SimulatedHost
from ansible_collections.winstorage.iscsi.tests.proof.support import powershell
from ansible_collections.winstorage.iscsi.tests.proof.winrm import host

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
EMPTY = "an empty PowerShell"
NOTHING = "a module of Ansible.Basic that does nothing"
RUNNER = "the runner module, reading facts"
MODULES = {NOTHING: "nothing", RUNNER: "winstorage.iscsi.initiator_facts"}


def missing():
    """What this machine lacks for it, or None."""
    lacking = [program for program in ("pwsh", "gcc") if not shutil.which(program)]
    return " and ".join(lacking) or None


def trips(rounds):
    """[{process, seconds, ratio}, ...]; ratio: the median over rounds of its time by that of a module without work."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        sent = {EMPTY: {"arguments": ["-NoProfile", "-NonInteractive", "-Command", "exit"], "input": ""}}
        sent.update((name, _sent(module, folder / "kept.json")) for name, module in MODULES.items())
        simulated = SimulatedHost(sorted((ROOT / "demo" / "hosts").glob("sql*.yml"))[0])
        with Server(simulated, simulated.variant) as server:
            machine = host.linux(folder / "host", server.environment)
            # as a host runs them: without the settings by which the tests are quicker
            machine.environment = {
                name: value for name, value in machine.environment.items() if name not in powershell.QUICKER
            }
            times = {name: [] for name in sent}
            for _round in range(rounds + 1):
                for name, command in sent.items():
                    times[name].append(_timed(machine, command))
                sent = dict(reversed(sent.items()))  # so that neither always comes after the empty one
    times = {name: taken[1:] for name, taken in times.items()}  # the first round fills caches
    return [
        {
            "process": name,
            "seconds": statistics.median(taken),
            "ratio": statistics.median(own / nothing for own, nothing in zip(taken, times[NOTHING])),
        }
        for name, taken in times.items()
    ]


def _sent(module, kept):
    """Arguments and input of the command that ansible-core would run for a module."""
    environment = dict(
        os.environ,
        ANSIBLE_CONNECTION_PLUGINS=str(ROOT / "tests" / "windows" / "connection_plugins"),
        ANSIBLE_LIBRARY=str(HERE / "library"),
    )
    variables = {
        "powershell_here_keep": str(kept),
        "winstorage_iscsi_engine": "powershell",
        "ansible_pwsh_interpreter": "powershell",
    }
    command = [
        sys.executable,
        "-m",
        "ansible",
        "adhoc",
        "here",
        "-i",
        "here,",
        "-c",
        "powershell_here",
        "-m",
        module,
        "-e",
        json.dumps(variables),
    ]
    # the task fails, since nothing is run
    done = subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if not kept.exists():
        raise SystemExit("ansible sent nothing, nothing is measured:\n" + done.stderr.decode() + done.stdout.decode())
    return json.loads(kept.read_text(encoding="utf-8"))


def _timed(machine, command):
    started = time.perf_counter()
    done = subprocess.run(
        [*machine.start, *command["arguments"]],
        input=command["input"].encode(),
        capture_output=True,
        env=machine.environment,
        check=False,
    )
    taken = time.perf_counter() - started
    if done.returncode:
        raise SystemExit("PowerShell failed, nothing is measured:\n" + done.stderr.decode() + done.stdout.decode())
    return taken
