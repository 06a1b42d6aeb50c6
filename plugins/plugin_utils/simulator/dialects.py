# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behaviour of Windows that is unknown, or that differs between hosts, as named switches.

Each switch lists its possible answers; :data:`DEFAULT` has the default of each. A state file chooses answers under
``dialect:``. The defaults are what public analyses of the service behind the DLL say (x64, a build of Windows 10 or
11), or else the likeliest answer. :data:`ALL` has every single deviation from the defaults. Each plan must work under
every one of them.
"""

from __future__ import annotations

import typing as t


class Switch(t.NamedTuple):
    """A question with its possible answers."""

    question: str
    answers: t.Tuple[str, ...]


SWITCHES = {
    "empty_list": Switch(
        "Result of a sizing call for an empty list: each list as the service answers it (ERROR_INSUFFICIENT_BUFFER with"
        " a needed size of 0 for logins and sessions, status 0 for all others), status 0 for all, or insufficient for"
        " all (observed: HPE).",
        ("by_list", "success", "insufficient_buffer_zero"),
    ),
    "list_size_reports": Switch(
        "Size that a list asks for: exactly what it uses, or more (observed for sessions: go-win-iscsidsc).",
        ("exact", "larger"),
    ),
    "text_list_tail": Switch(
        "Memory after the empty string that ends a list of texts: zeros, or random characters (observed:"
        " go-win-iscsidsc).",
        ("nothing", "garbage"),
    ),
    "unset_options": Switch(
        "Content of login options that are not specified: what the caller gave, zero, or random values.",
        ("as_given", "zero", "garbage"),
    ),
    "password_length": Switch(
        "PasswordLength of a reported record with a password: 0, or the length of the password, with a null pointer.",
        ("zero", "length"),
    ),
    "reported_record": Switch(
        "Content of a reported login: without symbolic name and version, with nothing but numbers in its mapping, and"
        " without a mapping that has no LUNs; or all that was saved.",
        ("reduced", "as_saved"),
    ),
    "absent_user_name": Switch(
        "User name of a login that is saved or opened without one: the node name at that time, as if it had been"
        " specified, or none.",
        ("node_name", "absent"),
    ),
    "letter_case": Switch(
        "Letter case of reported IQNs and instance names (observed: os-win bug 1639765).", ("as_given", "upper")
    ),
    "ipv6_text": Switch(
        "Form of reported numeric addresses: canonical, as they were given, or canonical with IPv6 in brackets.",
        ("canonical", "as_given", "bracketed"),
    ),
    "null_portal_record": Switch(
        "Portal of a login that was saved for any portal: the first discovered portal of the target, empty address and"
        " port 0, or empty address and port 3260.",
        ("resolved", "empty", "empty_with_port"),
    ),
    "portal_group_spacing": Switch(
        "Spacing of portal groups: as Microsoft's iscsicli reads them, or at the natural size of each group.",
        ("microsoft", "natural"),
    ),
    "save_while_logged_in": Switch(
        "Result of saving a login without the multipath flag while the target has a session: saved, saved although"
        " 0xEFFF003F is returned, or refused with 0xEFFF003F.",
        ("saved", "saved_with_error", "refused"),
    ),
    "second_login_without_multipath": Switch(
        "Result of saving a login without the multipath flag to a target that has a saved login: refused with"
        " 0xEFFF003F, saved, or saved in place of those that exist.",
        ("refused", "saved", "replaces"),
    ),
    "saved_login_connects": Switch(
        "When the service opens the session of a newly saved login: at the next boot, or at once.",
        ("at_boot", "at_once"),
    ),
    "remove_identical": Switch("Number of identical records that one removal removes.", ("one", "all")),
    "remove_any_port": Switch(
        "Records that a removal with initiator port 0xFFFFFFFF removes: those of all ports (documented), or only those"
        " saved for any port.",
        ("siblings", "exact"),
    ),
    "remove_null_instance": Switch(
        "Result of a removal without an initiator instance: it applies to every instance, or fails with"
        " ERROR_INVALID_PARAMETER.",
        ("every_instance", "refused"),
    ),
    "remove_not_found": Switch(
        "Status of the removal of a record that does not exist: 0xEFFF0042, 0xEFFF0029, 0xEFFF0043, or success.",
        ("could_not_remove", "target_not_found", "portal_not_found", "success"),
    ),
    "readd_portal": Switch(
        "Result of adding a SendTargets portal that exists: replaced, refused with 0xEFFF0032, or added a second time.",
        ("replace", "refused", "second"),
    ),
    "portal_identity": Switch(
        "What makes two SendTargets portals the same: the name of the registry value, which has the address as text and"
        " the IP address that the initiator port had, or address in any spelling, TCP port, instance and initiator"
        " port.",
        ("registry_name", "address"),
    ),
    "static_target_portals": Switch(
        "Number of portals that a static target may have: exactly one if it has a portal group at all, or any.",
        ("one", "any_number"),
    ),
    "restart_replays": Switch(
        "Whether starting the stopped service opens the persistent logins again, in addition to live sessions.",
        ("no", "yes"),
    ),
    "stopped_status": Switch(
        "Status of every call while the service is stopped: 0xEFFF003E, or RPC_S_SERVER_UNAVAILABLE.",
        ("service_not_running", "rpc_server_unavailable"),
    ),
    "not_elevated_status": Switch(
        "Status of every call without an elevated token: ERROR_ACCESS_DENIED or ERROR_ELEVATION_REQUIRED.",
        ("access_denied", "elevation_required"),
    ),
}

DEFAULT = {name: switch.answers[0] for name, switch in SWITCHES.items()}


def _deviations(name):
    """The answers of a switch that are not its default."""
    return [answer for answer in SWITCHES[name].answers if answer != DEFAULT[name]]


# Every single deviation from the defaults, as a dialect: {switch: answer}.
ALL = tuple({name: answer} for name in SWITCHES for answer in _deviations(name))

# Under these answers a login is reported as its state file has it; under no other switch is it changed.
FAITHFUL = {
    "reported_record": "as_saved",
    "absent_user_name": "absent",
    "letter_case": "as_given",
    "ipv6_text": "as_given",
    "null_portal_record": "empty",
}

# Combinations of deviations, by name.
PRESETS = {
    "microsoft": {},
    "documented": {
        **FAITHFUL,
        "empty_list": "success",
        "second_login_without_multipath": "saved",
        "readd_portal": "refused",
        "portal_identity": "address",
        "static_target_portals": "any_number",
    },
    "awkward": {name: _deviations(name)[-1] for name in SWITCHES if name != "remove_not_found"},
    "terse": {
        "empty_list": "insufficient_buffer_zero",
        "list_size_reports": "larger",
        "text_list_tail": "garbage",
        "unset_options": "garbage",
    },
}
