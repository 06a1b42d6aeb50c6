# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator boot|reset FILE``"""

from __future__ import annotations

import argparse
import sys

from . import HostFileError, boot, reset


def main(arguments=None):
    """Restart simulated hosts, or reset them to their files. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="simulator", description="Restart simulated hosts, or reset them to their files."
    )
    parser.add_argument("action", choices=["boot", "reset"])
    parser.add_argument("files", nargs="+", metavar="FILE", help="state file of a host")
    parser.add_argument("--folder", help="folder of the changed state (default: that of the file)")
    options = parser.parse_args(arguments)
    try:
        for path in options.files:
            failed = boot(path, options.folder) if options.action == "boot" else reset(path, options.folder)
            print("{}: {}".format(path, "restarted" if options.action == "boot" else "set back"))
            for login in failed or ():
                portal = login.get("portal") or {"address": "any portal"}
                print("  not opened: {} at {}: {}".format(login["target"], portal["address"], login["status"]))
    except HostFileError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
