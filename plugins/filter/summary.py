# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a host on one page of plain text."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
short_description: Facts of a host as plain text
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Shows the facts of a host on one page. It says first whether the host will find its disks after the next restart and
    what deserves attention. Then follow tables of its persistent logins, target portals, sessions and disks, and of
    events if they were gathered.
  - Parts that were not gathered and columns without any value are left out.
options:
  _input:
    description: The value of C(ansible_facts.windows_iscsi).
    type: dict
    required: true
seealso:
  - module: winstorage.iscsi.initiator_facts
  - plugin: winstorage.iscsi.table
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the facts of the host
  ansible.builtin.debug:
    msg: "{{ ansible_facts.windows_iscsi | winstorage.iscsi.summary }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from ..module_utils.model import volumes
from ..plugin_utils import filter_input, names, text
from ..plugin_utils.audit import host_state


def _portal(place):
    """A portal; any for none."""
    return "any" if place is None else names.portal(place)


def _initiator_port(record):
    if record["initiator_port"] is None:
        return "any"
    address = record["initiator_address"]
    return f"{record['initiator_port']} ({address})" if address else record["initiator_port"]


def _chap(options):
    """How a login proves who it is, and whether what that takes is saved."""
    kind = options and options["auth_type"]
    if kind in (None, "none"):
        return kind
    secret = "secret set" if options["password_set"] else "NO SECRET"
    return f"{kind} as {names.chap_user(options) or 'the node name'}, {secret}"


def _options(options):
    """The login options that are specified, but those that have columns of their own."""
    return [f"{label} {options[name]}" for label, name in _OPTION_LABELS.items() if options[name] is not None]


_OPTION_LABELS = {
    "header digest": "header_digest",
    "data digest": "data_digest",
    "connections": "maximum_connections",
    "time2wait": "default_time2wait",
    "time2retain": "default_time2retain",
}


def _name_disks(facts):
    """The sessions, each with what its disks are called."""
    disks = names.disks_by_device(facts)
    return facts["sessions"] and [
        {**session, "disks": [names.disk_of(device, disks) for device in session["devices"] or ()]}
        for session in facts["sessions"]
    ]


def _of_connections(name):
    return lambda session: [connection[name] for connection in session["connections"]]


_SECTIONS = (  # title, where its rows are, {heading: key or function of a row}
    (
        "Persistent logins",
        lambda facts: facts["persistent_logins"],
        {
            "Target": "target",
            "Portal": lambda row: _portal(row["portal"]),
            "Initiator port": _initiator_port,
            "Security flags": lambda row: names.flags(row["security_flags"]),
            "Login flags": lambda row: names.flags(row["login_options"]["login_flags"]),
            "Options": lambda row: _options(row["login_options"]),
            "CHAP": lambda row: _chap(row["login_options"]),
            "Copies": "copies",
            "Live": "live_sessions",
        },
    ),
    (
        "Target portals",
        lambda facts: facts["target_portals"],
        {
            "Portal": lambda row: _portal(row["portal"]),
            "Initiator port": _initiator_port,
            "Security flags": lambda row: names.flags(row["security_flags"]),
            "CHAP": lambda row: _chap(row["login_options"]),
        },
    ),
    (
        "Sessions",
        _name_disks,
        {
            "Target": "target",
            "Portal": lambda row: [names.far_end(connection) for connection in row["connections"]],
            "From": _of_connections("initiator_address"),
            "CHAP": _of_connections("auth_type"),
            "Disks": "disks",
            "Saved": "saved",
        },
    ),
    (
        "Disks",
        lambda facts: facts["next_boot"] and facts["next_boot"]["disks"],
        {
            "Volumes": lambda row: list(map(volumes.describe_volume, row.get("volumes") or ())),
            "Disk": lambda row: [names.device(name) for name in row["names"]],
            "State": volumes.states,
            "Size": lambda row: text.size(row["size"]),
            "Id": "id",
            "Paths now": "paths_now",
            "Expected": "paths_expected",
            "Unproven": "paths_unproven",
            "After a restart": lambda row: row["outlook"].replace("_", " "),
        },
    ),
    (
        "Events since the last boot",
        lambda facts: (facts.get("events") or {}).get("entries"),
        {
            "About": lambda row: row["target"] or (row["portal"] and names.portal(row["portal"])) or row["disk"],
            "Event": "text",
            "Source": lambda row: f"{row['provider']} {row['id']}",
            "Count": "count",
            "Last": "last",
        },
    ),
)


def summary(facts):
    """See DOCUMENTATION."""
    filter_input.take_facts("summary", facts)
    blocks = [_outlook(facts)]
    for title, rows_of, columns in _SECTIONS:
        rows = rows_of(facts)
        if rows is not None:
            blocks.append([f"{title}: {len(rows) or 'none'}", *_table(rows, columns)])
    return "\n\n".join("\n".join(block) for block in blocks)


def _table(rows, columns):
    """The table without empty columns; no line for no rows."""
    cells = [{heading: path(row) if callable(path) else row[path] for heading, path in columns.items()} for row in rows]
    shown = {heading: heading for heading in columns if any(text.text(row[heading]) != text.NOTHING for row in cells)}
    return text.table(cells, shown) if shown else []


def _outlook(facts):
    """The lines that come first."""
    forecast = facts["next_boot"]
    state, reason, _attention = host_state.assess(facts)
    attention = (forecast["attention"] if forecast else []) + facts["warnings"]
    verdict = host_state.describe(state, reason)
    return ["Next boot: " + verdict] + ["! " + text.text(line) for line in attention]


class FilterModule:
    """winstorage.iscsi.summary"""

    def filters(self):
        return {"summary": summary}
