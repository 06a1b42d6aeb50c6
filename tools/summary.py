# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add up pytest's reports: tools/summary.py REPORT.xml ...

Prints every reason to skip once with the number of tests that it left out, then one line with the totals.
"""

from __future__ import annotations

import sys
from collections import Counter
from xml.etree import ElementTree


def main():
    totals, reasons = Counter(), Counter()
    for path in sys.argv[1:]:
        for case in ElementTree.parse(path).iter("testcase"):
            failed = case.find("failure") is not None or case.find("error") is not None
            skipped = case.find("skipped")
            totals["failed" if failed else "passed" if skipped is None else "skipped"] += 1
            if skipped is not None:
                reasons[skipped.get("message")] += 1
    for reason, count in sorted(reasons.items()):
        print(f"left out {count}: {reason}")
    print("{passed} passed, {failed} failed, {skipped} skipped".format_map(totals))
    return bool(totals["failed"])


if __name__ == "__main__":
    sys.exit(main())
