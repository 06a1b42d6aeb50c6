# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with an array, a playbook that reads it and changes it, and what of the results every engine must agree on."""

from __future__ import annotations

import copy

from ansible_collections.winstorage.iscsi.tests.proof.support.rows_standin import without_rows

DATA, LOGS = "iqn.2004-01.com.example:data", "iqn.2004-01.com.example:logs"
MARK = "Marker-"  # begins every secret, and stands nowhere else
SECRETS = {
    "chap": MARK + "Chap-1",
    "wrong": MARK + "Wrong1",
    "discovery": MARK + "Disc-1",
    "mutual": MARK + "Mutu-1",
    "radius": MARK + "Radius-00000000001",
    "ipsec": MARK + "Ipsec1",
}
CHAP = {"user": "sql01", "secret": SECRETS["chap"], "mutual_secret": SECRETS["mutual"]}

STATE = {
    "service": {"state": "running", "start_mode": "automatic"},
    "mpio": {"claimed": True},
    "initiator": {"node_name": "iqn.1991-05.com.microsoft:sql01"},
    "network": {
        "arrays": [
            {
                "portals": ["192.0.2.21", "192.0.2.22"],
                "discovery_chap": {"user": "sql01", "secret": SECRETS["discovery"]},
                "targets": [
                    {"iqn": DATA, "luns": [{"lun": 1, "size": "100G", "serial": "A1", "volumes": ["E:\\"]}]},
                    {"iqn": LOGS, "chap": {"user": "sql01", "secret": SECRETS["chap"]}, "luns": [1, 2]},
                ],
            }
        ],
        "isns_servers": [{"address": "isns.example.com"}],
    },
    "persistent_logins": [
        {"target": DATA, "portal": "192.0.2.21", "login_options": {"login_flags": ["multipath_enabled"]}},
        {"target": "iqn.2004-01.com.example:a-name-of-another-alphabet-\u00e4\u0436", "portal": "2001:db8::1"},
    ],
    "sessions": [{"target": DATA, "portal": "192.0.2.21", "login_options": {"login_flags": ["multipath_enabled"]}}],
}
STATE["target_portals"] = [
    {
        "address": "192.0.2.22",
        "login_options": {"auth_type": "chap", "username": "sql01", "password": SECRETS["discovery"]},
    }
]

_CHAP = {"auth_type": "chap", "username": "sql01"}
_MULTIPATH = {"login_flags": ["multipath_enabled"], "connected": True}
DECLARED = {
    "isns_servers": ["isns.example.com"],
    "target_portals": [{"address": "192.0.2.21", "secret": "{{ secrets.discovery }}", **_CHAP}],
    "persistent_logins": [
        {"target": DATA, "portal": {"address": "192.0.2.21"}, **_MULTIPATH},
        {"target": DATA, "portal": {"address": "192.0.2.22"}, **_MULTIPATH},
        {"target": LOGS, "portal": {"address": "192.0.2.21"}, "secret": "{{ secrets.chap }}", **_MULTIPATH, **_CHAP},
    ],
}
TASKS = [
    {"name": "before", "winstorage.iscsi.initiator_facts": None},
    {"name": "would", "winstorage.iscsi.initiator_state": DECLARED, "check_mode": True, "diff": True},
    {"name": "does", "winstorage.iscsi.initiator_state": DECLARED, "diff": True},
    {"name": "again", "winstorage.iscsi.initiator_state": DECLARED},
    {"name": "after", "winstorage.iscsi.initiator_facts": None},
]
CHANGED = {"before": False, "would": True, "does": True, "again": False, "after": False}


NO_SERVICE_MANAGER = ("service_start_mode", "service_starts")


def comparable(result, without=()):
    """A result but for what the machine itself is, what comes from rows, and what Ansible notes about the run.

    :param without: parts of next_boot that the host cannot tell.
    """
    result = without_rows(copy.deepcopy(result))
    facts = result.get("ansible_facts", {}).get("windows_iscsi", result)
    facts.pop("host", None)
    for name in without:
        facts.get("next_boot", {}).pop(name, None)
    nothing_left = {"warnings"} if result.get("warnings") == [] else set()  # all were about rows
    return {
        name: value for name, value in result.items() if not name.startswith("_ansible") and name not in nothing_left
    }
