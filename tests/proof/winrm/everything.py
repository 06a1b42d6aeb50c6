# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of every engine and connection, also of some that fail, and all tasks with secrets, told as loudly as possible.

Most of the proof's time is PowerShell compiling C#, once a round trip; so several tests look at this one play.
"""

from __future__ import annotations

from ansible_collections.winstorage.iscsi.tests.proof.secrecy import leaks
from ansible_collections.winstorage.iscsi.tests.proof.winrm import scenario

MARK = scenario.MARK.encode()
REMOTE = ("winrm", "psrp", "windows-python")
WORKING = ("simulator", "native", "local-python", *REMOTE)
BROKEN = {
    "thrown": "iscsidsc.dll cannot be used in this 64-bit process",
    "cut": "Code 500",
    "no-python": "python engine failed",
    "no-library": "iscsidsc.dll",
}
LOGIN = {
    "target": scenario.LOGS,
    "portal": {"address": "192.0.2.22"},
    "auth_type": "chap",
    "username": "sql01",
    "login_flags": ["multipath_enabled"],
}
FAILING = {  # task: what it says
    "refused": "A secret cannot be read back",
    "too short": "expected 12 to 16",
    "misspelt": "usrname",
    "not ASCII": "ASCII",
}
TASKS = scenario.TASKS + [
    {
        "name": "of the host",
        "winstorage.iscsi.initiator": {
            "chap_secret": "{{ secrets.mutual }}",
            "radius_secret": "{{ secrets.radius }}",
            "group_preshared_key": "{{ secrets.ipsec }}",
        },
    },
    {
        "name": "refused",
        "winstorage.iscsi.persistent_login": dict(LOGIN, secret="{{ secrets.wrong }}", connected=True),
        "ignore_errors": True,
    },
    {
        "name": "too short",
        "winstorage.iscsi.persistent_login": dict(LOGIN, secret="{{ secrets.short }}"),
        "ignore_errors": True,
    },
    {
        "name": "not ASCII",
        "winstorage.iscsi.persistent_login": dict(LOGIN, secret="{{ secrets.foreign }}"),
        "ignore_errors": True,
    },
    {
        "name": "misspelt",
        "winstorage.iscsi.persistent_login": dict(LOGIN, secret="{{ secrets.chap }}", usrname="sql01"),
        "ignore_errors": True,
    },
]
SECRETS = dict(scenario.SECRETS, short=scenario.MARK, foreign=scenario.MARK + "\u00e4\u00f6\u00fc")


def holds_a_secret(stdin):
    return leaks.shown(stdin, MARK) is not None


def breaks_with_a_secret(stdin):
    """The connection."""
    if holds_a_secret(stdin):
        raise ConnectionResetError()


def throws_with_a_secret(stdin):
    """The C#, which does not find the DLL."""
    return {"LD_LIBRARY_PATH": ""} if holds_a_secret(stdin) else {}


def add_remote_hosts(fleet):
    """A host of each connection to PowerShell, and the simulator to compare them with."""
    fleet.simulator("simulator")
    fleet.windows("winrm", "winrm")
    fleet.windows("psrp", "psrp")


def add_other_hosts(fleet, wine_python):
    """The rest of WORKING, and BROKEN."""
    fleet.native("native")
    fleet.python("local-python")
    fleet.windows_python("windows-python", wine_python)
    fleet.windows("thrown", before=throws_with_a_secret)
    fleet.windows("cut", before=breaks_with_a_secret)
    fleet.python("no-python", interpreter="/bin/false")
    fleet.python("no-library")
    fleet.hosts["no-library"].update(winstorage_iscsi_engine="native", winstorage_iscsi_dll="/no/iscsidsc.dll")


def play(fleet, watch):
    """All tasks on all hosts, with all that Ansible can tell; without the other hosts only those that must succeed."""
    return fleet.play(
        TASKS if BROKEN.keys() <= fleet.hosts.keys() else scenario.TASKS,
        "-vvvvv",
        "--diff",
        ANSIBLE_DEBUG="1",
        ANSIBLE_DISPLAY_TRACEBACK="always",
        ANSIBLE_LOG_PATH=str(fleet.folder / "log"),
        **watch.environment,
    )
