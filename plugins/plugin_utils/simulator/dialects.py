# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody has seen Windows do, or what it does differently from host to host, as named switches.

Each switch names its behaviours, the default first. A state file chooses under ``dialect:``; :data:`ALL` is every
single deviation from the defaults, which is what a plan has to survive.
"""

from __future__ import annotations

import typing as t


class Switch(t.NamedTuple):
    """A question with its possible answers, the default first."""

    question: str
    answers: t.Tuple[str, ...]


SWITCHES = {
    "empty_list": Switch(
        "What a sizing call says when there is nothing: status 0, or ERROR_INSUFFICIENT_BUFFER with a needed size of 0"
        " (observed: HPE).",
        ("success", "insufficient_buffer_zero"),
    ),
    "list_size_reports": Switch(
        "Whether the size that a list asks for is what it uses, or more (observed for sessions: go-win-iscsidsc).",
        ("exact", "larger"),
    ),
    "text_list_tail": Switch(
        "What follows the empty string at the end of a list of texts: nothing, or random characters (observed:"
        " go-win-iscsidsc).",
        ("nothing", "garbage"),
    ),
    "unset_options": Switch(
        "What the fields of login options hold while their bit is not set: zero, or anything.", ("zero", "garbage")
    ),
    "password_length": Switch(
        "PasswordLength of a reported record with a password: 0, or its length beside a null pointer.",
        ("zero", "length"),
    ),
    "letter_case": Switch(
        "Letter case in which IQNs and instance names come back (observed: os-win bug 1639765).", ("as_given", "upper")
    ),
    "ipv6_text": Switch("Text form in which an IPv6 address comes back.", ("as_given", "canonical", "bracketed")),
    "null_portal_record": Switch(
        "What a login saved without a portal shows: empty address and port 0, or empty address and port 3260.",
        ("empty", "empty_with_port"),
    ),
    "portal_group_spacing": Switch(
        "How portal groups are spaced: as Microsoft's iscsicli walks them, or at the natural size of each.",
        ("microsoft", "natural"),
    ),
    "save_while_logged_in": Switch(
        "Saving a login without the multipath flag while a session to the target is up: saved, saved though 0xEFFF003F"
        " is returned, or refused with 0xEFFF003F.",
        ("saved", "saved_with_error", "refused"),
    ),
    "saved_login_connects": Switch(
        "Whether a running service opens a freshly saved login by itself before the next boot.", ("at_boot", "at_once")
    ),
    "remove_identical": Switch("How many of several identical records one removal takes.", ("one", "all")),
    "remove_any_port": Switch(
        "What initiator port 0xFFFFFFFF removes: the records of all ports (documented), or only those saved for any"
        " port.",
        ("siblings", "exact"),
    ),
    "remove_null_instance": Switch(
        "A removal without an initiator instance: looks at every instance, or is refused with ERROR_INVALID_PARAMETER.",
        ("every_instance", "refused"),
    ),
    "remove_not_found": Switch(
        "The status of removing a record that is not there: 0xEFFF0042, 0xEFFF0029, 0xEFFF0043, or success.",
        ("could_not_remove", "target_not_found", "portal_not_found", "success"),
    ),
    "readd_portal": Switch(
        "Adding a send-target portal that is there: refused with 0xEFFF0032, replaces it, or makes a second entry.",
        ("refused", "replace", "second"),
    ),
    "restart_replays": Switch(
        "Whether starting the stopped service replays the persistent logins, beside the sessions that are up.",
        ("no", "yes"),
    ),
    "stopped_status": Switch(
        "The status of every call while the service is stopped: 0xEFFF003E, or RPC_S_SERVER_UNAVAILABLE.",
        ("service_not_running", "rpc_server_unavailable"),
    ),
    "not_elevated_status": Switch(
        "The status of every call without an elevated token: ERROR_ACCESS_DENIED or ERROR_ELEVATION_REQUIRED.",
        ("access_denied", "elevation_required"),
    ),
}

DEFAULT = {name: switch.answers[0] for name, switch in SWITCHES.items()}

# Every single deviation from the defaults, as a dialect: {switch: answer}.
ALL = tuple({name: answer} for name, switch in SWITCHES.items() for answer in switch.answers[1:])

# These change the text of names and addresses on their way back; everything else comes back as it went in.
CHANGE_TEXT = frozenset(["letter_case", "ipv6_text"])

# Several deviations together, by a name of their own.
PRESETS = {
    "microsoft": {},
    "awkward": {name: switch.answers[-1] for name, switch in SWITCHES.items() if name != "remove_not_found"},
    "terse": {
        "empty_list": "insufficient_buffer_zero",
        "list_size_reports": "larger",
        "text_list_tail": "garbage",
        "unset_options": "garbage",
    },
}
