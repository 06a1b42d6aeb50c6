# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report of a large fleet costs: to write, and to look at.

Writing is measured in processes of their own, so that each has its own peak of memory. Looking takes playwright and a
Chromium on PATH; without them it is left out. Writing and opening count processor time, which does not depend on what
else the machine does: of the process that writes, and of the thread in which Chromium runs, lays out and paints the
page. Filtering counts what somebody waits: from the click or the key to the paint, as Chromium itself reports it. That
takes longer on a machine that is busy.

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
SEEN_HOSTS = 1000
FLEETS = {
    "256 disks, one of two paths saved": lambda number: [fleets.with_disks(host, 2) for host in range(number)],
    "256 sessions, none saved": lambda number: [fleets.with_sessions(host) for host in range(number)],
    f"{SEEN_HOSTS:,} hosts like those of the demo": lambda _number: fleets.many(SEEN_HOSTS),
}
OPEN_SECONDS, FILTER_SECONDS = 2, 0.1
TIMEOUT = 120_000  # milliseconds; a processor may be busy with other things
BROWSER = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def write(fleet, number):
    """{build, html: seconds of processor time, bytes: of the page, peak: bytes of memory on top of the facts}."""
    hosts = FLEETS[fleet](number)
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


# Until what was changed is on the screen.
SHOWN = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
FILTER = """([selector, value, event]) => {
    const control = document.querySelector(selector);
    control.value = value;
    control.dispatchEvent(new Event(event));
}"""
# Keeps how long each event took until its paint. What is shorter than 16 ms Chromium does not report.
OBSERVE = """() => {
    window.painted = [];
    const keep = (list) => painted.push(...list.getEntries().map((event) => [event.name, event.duration]));
    new PerformanceObserver(keep).observe({ type: "event", durationThreshold: 16 });
}"""
SHORTEST = 16  # milliseconds
TYPED = "1"


def looking(number=SEEN_HOSTS, rounds=5):
    """{"open", "filter by state", "filter by text": seconds, the fastest of the rounds}, or None without a browser."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if chromium is None:
        return None
    pages = {
        f"{number:,} hosts": report.html(report.build(fleets.many(number))),
        f"{HOSTS} hosts with 256 disks": report.html(report.build([fleets.with_disks(one, 2) for one in range(HOSTS)])),
    }
    times = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER)
        for name, html in pages.items():
            file = pathlib.Path(folder, "report.html")
            file.write_text(html, encoding="utf-8")
            seen = [look(browser, file.as_uri()) for _round in range(rounds)]
            times.update({f"{name}, {step}": min(one[step] for one in seen) for step in seen[0]})
        browser.close()
    return times


def look(browser, url):
    """Seconds for what somebody does with a page: of processor time to open it, from event to paint to filter it."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    taken = {}

    before = _busy(session)
    page.goto(url, timeout=TIMEOUT)
    page.evaluate(SHOWN)
    taken["open"] = _busy(session) - before
    page.evaluate(OBSERVE)
    page.wait_for_timeout(1000)  # somebody reads the headline first

    def measure(step, event, function, *arguments):
        page.evaluate("painted.length = 0")
        function(*arguments)
        page.wait_for_timeout(500)
        times = [duration for name, duration in page.evaluate("painted") if name == event]
        taken[step] = max(times, default=SHORTEST) / 1000

    tile = page.locator("button.tile[data-state='degraded']")
    measure("filter by state", "click", tile.click)
    tile.click()
    page.focus("#query")
    page.wait_for_timeout(500)
    measure("filter by text", "keydown", page.keyboard.press, TYPED)
    page.close()
    return taken


def _busy(session):
    """Seconds that the main thread of the page was at work."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


def judge(written, seen):
    """Lines that say what was wanted, what came out, and whether it is good enough."""
    for row in written:
        seconds, size = row["build"] + row["html"], row["bytes"] / MIB
        if row is written[0]:
            yield _line(f"{row['fleet']}: seconds", SECONDS, seconds)
        yield _line(f"{row['fleet']}: MiB of the page", PAGE_MIB, size)
    for operation, seconds in (seen or {}).items():
        yield _line(f"{operation}: seconds", OPEN_SECONDS if operation.endswith("open") else FILTER_SECONDS, seconds)


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
