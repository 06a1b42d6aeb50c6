# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report of a large fleet costs: to write, and to look at.

Writing is measured in processes of their own, so that each has its own peak of memory. Looking takes playwright and a
Chromium on PATH; without them it is left out.

    python bench/fleet.py [--hosts N]
"""

from __future__ import annotations

import argparse
import json
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import report
from ansible_collections.winstorage.iscsi.tests.unit.support import fleets

HOSTS = 500
SECONDS, MIB, PAGE_MIB = 15, 1 << 20, 15  # what a report of such a fleet may take
FLEETS = {
    "256 disks, one of two paths saved": lambda number: fleets.with_disks(number, 2),
    "256 sessions, none saved": fleets.with_sessions,
}
SEEN_HOSTS = 1000
OPEN_SECONDS, FILTER_SECONDS = 2, 0.1
BROWSER = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def write(fleet, number):
    """{build, html: seconds of processor time, bytes: of the page, peak: bytes of memory on top of the facts}."""
    hosts = [FLEETS[fleet](index) for index in range(number)]
    before = _peak()
    started = time.process_time()
    document = report.build(hosts)
    built = time.process_time()
    page = report.html(document)
    done = time.process_time()
    return {
        "fleet": fleet,
        "build": built - started,
        "html": done - built,
        "bytes": len(page.encode()),
        "peak": _peak() - before,
    }


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def writing(number=HOSTS):
    """:func:`write` of each fleet."""
    rows = []
    for fleet in FLEETS:
        command = [sys.executable, __file__, "--write", fleet, "--hosts", str(number)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(json.loads(ran.stdout))
    return rows


# What a filter takes, until its outcome is on the screen.
FILTER = """([element, value, event]) => new Promise((done) => {
    const began = performance.now();
    const control = document.querySelector(element);
    control.value = value;
    control.dispatchEvent(new Event(event));
    document.body.offsetHeight;
    requestAnimationFrame(() => setTimeout(() => done((performance.now() - began) / 1000)));
})"""
PAUSE = 0.1  # seconds that the page waits after a key for the next one


def looking(number=SEEN_HOSTS, rounds=5):
    """{"open", "filter by state", "filter by text": seconds, the fastest of the rounds}, or None without a browser."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if chromium is None:
        return None
    times = {"open": [], "filter by state": [], "filter by text": []}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = pathlib.Path(folder, "report.html")
        file.write_text(report.html(report.build(fleets.many(number))), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER)
        for _round in range(rounds):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            started = time.perf_counter()
            page.goto(file.as_uri())
            times["open"].append(time.perf_counter() - started)
            page.wait_for_timeout(1000)  # somebody reads the headline first
            times["filter by state"].append(page.evaluate(FILTER, ["#state", "degraded", "change"]))
            page.evaluate(FILTER, ["#state", "", "change"])
            times["filter by text"].append(_type(page, "hyperv02-1"))
            page.close()
        browser.close()
    return {operation: min(taken) for operation, taken in times.items()}


def _type(page, text):
    """Seconds from the end of the pause until the page shows what was found."""
    return page.evaluate(
        """([text, pause]) => new Promise((done) => {
            const began = performance.now();
            const query = document.querySelector("#query");
            const shown = document.querySelector("#shown");
            new MutationObserver(() => requestAnimationFrame(() => setTimeout(() =>
                done((performance.now() - began) / 1000 - pause)))).observe(shown, { childList: true });
            query.value = text;
            query.dispatchEvent(new Event("input"));
        })""",
        [text, PAUSE],
    )


def judge(written, seen):
    """Lines that say what was wanted, what came out, and whether it is good enough."""
    for row in written:
        seconds, size = row["build"] + row["html"], row["bytes"] / MIB
        if row is written[0]:
            yield _line(f"{row['fleet']}: seconds", SECONDS, seconds)
        yield _line(f"{row['fleet']}: MiB of the page", PAGE_MIB, size)
    for operation, seconds in (seen or {}).items():
        yield _line(f"{operation}: seconds", OPEN_SECONDS if operation == "open" else FILTER_SECONDS, seconds)


def _line(measure, most, found):
    return f"  {'met    ' if found < most else 'NOT MET'}  {measure}: wanted below {most}, got {found:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=HOSTS, help="of each fleet that is written (default: %(default)s)")
    parser.add_argument("--write", choices=FLEETS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        print(json.dumps(write(options.write, options.hosts)))
        return
    written, seen = writing(options.hosts), looking()
    for row in written:
        print(
            f"  {row['fleet']}: built in {row['build']:.1f} s, page in {row['html']:.1f} s, "
            f"{row['bytes'] / MIB:.1f} MiB, {row['peak'] >> 20} MiB of memory"
        )
    print("\n".join(judge(written, seen)))


if __name__ == "__main__":
    main()
