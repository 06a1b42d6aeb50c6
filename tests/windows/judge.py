# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the collection on real Windows: the steps of .github/workflows/windows.yml, for the Python of a runner.

python -m ansible_collections.winstorage.iscsi.tests.windows.judge COMMAND ...

read OUT.json BITS RUNTIME          read this host in this process and write the facts. It fails unless the process has
                                    BITS (64 or 32) and the runtime matches the regular expression RUNTIME
sent KEPT.json POWERSHELL OUT.json BITS RUNTIME
                                    the same, with what Ansible sends (kept by powershell_here), run by a PowerShell
secret KEPT.json POWERSHELL SECRET.txt BATCH.txt
                                    have a PowerShell run what Ansible sends with a batch that holds a new secret, and
                                    write both for search_logs.ps1. It saves a login to a target that does not exist
same A.json B.json ...              fail unless all files have the same content
windows FACTS.json SEEN.json        fail unless the tools of Windows (seen.ps1) report the same logins and portals
conformance POINTER COMMAND ...     fail unless a line-by-line runner passes the suite of tests/proof/conformance
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import Builder
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import native, rows, wire
from ansible_collections.winstorage.iscsi.tests.proof.conformance import suite


def read(out, bits, runtime, run=native.run_here):
    """Write the facts of this host that the DLL knows, without the part about the process that read them.

    That process must be as expected. Management classes, registry and event log are left out, because not every way of
    reading has them.
    """
    reads = [name for name in queries.READS if name not in queries.ON_REQUEST]
    snapshot = queries.gather(lambda text: run(rows.split(text)[0]), reads)
    found = facts.assemble(snapshot)
    about = found.pop("host")
    if about["pointer_bits"] != int(bits) or not re.match(runtime, about["runtime"]):
        raise AssertionError(
            f"{out}: expected a process of {bits} bits and the runtime {runtime}, "
            f"but {about['pointer_bits']} bits and {about['runtime']} answered"
        )
    Path(out).write_text(json.dumps(found, indent=1, sort_keys=True), encoding="utf-8")
    print(
        f"{out}: {len(found['persistent_logins'])} persistent logins, {len(found['target_portals'])} portals, "
        f"{len(found['sessions'])} sessions, read by {json.dumps(about)}"
    )


def sent(kept, powershell, out, bits, runtime):
    """Run what Ansible sent in a PowerShell of this machine. Its calls are those of :func:`read`."""
    command = json.loads(Path(kept).read_text(encoding="utf-8"))

    def run(_batch):
        done = subprocess.run(
            [powershell, *command["arguments"]],
            input=command["input"].encode("utf-8"),
            capture_output=True,
            check=False,
        )
        result = json.loads(done.stdout.decode("utf-8-sig") or "{}")
        if "answer" not in result:
            raise AssertionError("{}\n{}".format(result.get("msg"), done.stderr.decode(errors="replace")))
        return result["answer"]

    read(out, bits, runtime, run)


def secret(kept, powershell, secret_out, batch_out):
    """Run what Ansible sent, with another batch in it: one that saves a login with a CHAP secret, and fails.

    The secret is made here and goes into a file, because the logs that are searched for it keep command lines, too.
    """
    command = json.loads(Path(kept).read_text(encoding="utf-8"))
    text = f"Marker-{secrets.token_hex(4)}"
    programs = []
    for pointer in (8, 4):
        builder = Builder(pointer)
        options = {"InformationSpecified": 0xE0, "AuthType": 1, "Username": b"judge", "Password": text.encode()}
        builder.call(
            "LoginIScsiTargetW",
            TargetName="iqn.2004-01.com.example:no-such-target",
            IsInformationalSession=0,
            InitiatorPortNumber=0xFFFFFFFF,
            SecurityFlags=0,
            LoginOptions=options,
            IsPersistent=1,
        )
        programs.append(builder.program())
    batch = wire.encode_batch(wire.Batch(tuple(programs)))
    changed, count = re.subn(r'("batch": *")[A-Za-z0-9+/=]+', lambda found: found.group(1) + batch, command["input"])
    if count != 1:
        raise AssertionError(f"{kept} holds {count} batches")
    done = subprocess.run([powershell, *command["arguments"]], input=changed.encode(), capture_output=True, check=False)
    (run,) = wire.decode_answer(json.loads(done.stdout.decode("utf-8-sig"))["answer"]).results[0].runs
    if not run.status:
        raise AssertionError("the login to a target that does not exist was saved")
    Path(secret_out).write_text(text, encoding="ascii")
    Path(batch_out).write_text(batch, encoding="ascii")
    print(f"a login with a secret was refused with 0x{run.status:08X}")


def same(*paths):
    """Make sure that all files have the same content."""
    found = {path: json.loads(Path(path).read_text(encoding="utf-8")) for path in paths}
    first = found[paths[0]]
    different = [
        f"{path} differs from {paths[0]} in {key}"
        for path, held in found.items()
        for key in sorted({*held, *first})
        if held.get(key) != first.get(key)
    ]
    if different:
        raise AssertionError("; ".join(different))
    print("same content: {}".format(", ".join(paths)))


def windows(facts_path, seen_path):
    """Compare logins with WMI, and portals with the cmdlet. Targets ignore letter case, addresses do not."""
    held, seen = (json.loads(Path(path).read_text(encoding="utf-8-sig")) for path in (facts_path, seen_path))
    ours = {
        "logins": sorted(
            [login["target"].lower(), *_portal(login["portal"])]
            for login in held["persistent_logins"]
            for _copy in range(login.get("copies", 1))
        ),
        "portals": sorted(_portal(entry["portal"]) for entry in held["target_portals"]),
    }
    theirs = {
        "logins": sorted([target.lower(), address, port] for target, address, port in seen["logins"]),
        "portals": sorted([address, port] for address, port in seen["portals"]),
    }
    if ours != theirs:
        raise AssertionError(f"The facts and Windows differ.\nFacts: {ours}\nWindows: {theirs}")
    print(f"Windows reports the same: {len(ours['logins'])} logins, {len(ours['portals'])} portals")


def _portal(portal):
    return [portal["address"], portal["port"]] if portal else ["", 0]


def conformance(pointer, *command, environment=None, cases=suite.CASES):
    """Make sure that a line-by-line runner passes every case of the suite."""
    pointer, lines = int(pointer), []
    for case in cases:
        lines += [
            suite.script_batch(suite.of(case.steps, pointer), pointer),
            suite.case_batch(case, pointer),
            suite.trace_batch(pointer),
        ]
    broken = suite.broken_batches(pointer)
    text = "".join(line + "\n" for line in [*lines, *broken.values()])
    done = subprocess.run(
        command, input=text.encode("ascii"), capture_output=True, check=False, env={**os.environ, **(environment or {})}
    )
    answers = done.stdout.decode("utf-8-sig").splitlines()
    if done.returncode or len(answers) != len(lines) + len(broken):
        raise AssertionError(
            f"exit code {done.returncode} after {len(answers)} of {len(lines) + len(broken)} batches: "
            f"{done.stderr.decode(errors='replace')}"
        )
    wrong = []
    for number, case in enumerate(cases):
        result, trace = answers[3 * number + 1], answers[3 * number + 2]
        try:
            met = (
                suite.results_of(case, wire.decode_answer(result)) == suite.of(case.results, pointer)
                and suite.trace_of(wire.decode_answer(trace)) == case.trace
            )
        except Exception:  # the line is an exception, or an answer in another form
            met = False
        if not met:
            wrong.append(case.name)
    for name, message in zip(broken, answers[len(lines) :]):
        refused = message.startswith("! ") and ("BatchException" in message or "WireError" in message)
        if not refused or suite.MARKER in message or broken[name] in message:
            wrong.append(name)
    if wrong:
        raise AssertionError("Failed cases: {}".format(", ".join(wrong)))
    print(f"{len(cases) + len(broken)} cases passed with pointers of {pointer} bytes")


COMMANDS = {
    "read": read,
    "sent": sent,
    "secret": secret,
    "same": same,
    "windows": windows,
    "conformance": conformance,
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
