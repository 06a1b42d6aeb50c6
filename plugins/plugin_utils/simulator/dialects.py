# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behaviour of Windows that is unknown, or that differs between hosts, as named switches.

Each switch lists its possible answers; :data:`DEFAULT` has the default of each. A state file chooses answers under
``dialect:``. :data:`ALL` has every single deviation from the defaults. Each plan must work under every one of them.
:data:`SERVICE` are the answers of public analyses of the service behind the DLL (x64, a build of Windows 10 or 11).
"""

from __future__ import annotations

import typing as t


class Switch(t.NamedTuple):
    """A question with its possible answers."""

    question: str
    answers: t.Tuple[str, ...]


SWITCHES = {
    "empty_list": Switch(
        "Result of a sizing call for an empty list: status 0, or ERROR_INSUFFICIENT_BUFFER with a needed size of 0"
        " (observed: HPE), or each list as the service answers it: insufficient for logins and sessions only.",
        ("success", "insufficient_buffer_zero", "by_list"),
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
        "Content of login options that are not specified: zero, or random values.", ("zero", "garbage")
    ),
    "password_length": Switch(
        "PasswordLength of a reported record with a password: 0, or the length of the password, with a null pointer.",
        ("zero", "length"),
    ),
    "reported_record": Switch(
        "Content of a reported login: all that was saved, or without symbolic name and version, with nothing but"
        " numbers in its mapping, and without a mapping that has no LUNs.",
        ("as_saved", "reduced"),
    ),
    "absent_user_name": Switch(
        "User name of a login that is saved or opened without one: none, or the node name at that time, as if it had"
        " been specified.",
        ("absent", "node_name"),
    ),
    "letter_case": Switch(
        "Letter case of reported IQNs and instance names (observed: os-win bug 1639765).", ("as_given", "upper")
    ),
    "ipv6_text": Switch("Form of reported IPv6 addresses.", ("as_given", "canonical", "bracketed")),
    "null_portal_record": Switch(
        "Portal of a login that was saved for any portal: empty address and port 0, the first discovered portal of the"
        " target, or empty address and port 3260.",
        ("empty", "resolved", "empty_with_port"),
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
        "Result of saving a login without the multipath flag to a target that has a saved login: saved, refused with"
        " 0xEFFF003F, or saved in place of those that exist.",
        ("saved", "refused", "replaces"),
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
        "Result of adding a SendTargets portal that exists: refused with 0xEFFF0032, replaced, or added a second time.",
        ("refused", "replace", "second"),
    ),
    "portal_identity": Switch(
        "What makes two SendTargets portals the same: address in any spelling, TCP port, instance and initiator port,"
        " or the name of the registry value, which has the address as text and the IP address that the initiator port"
        " had.",
        ("address", "registry_name"),
    ),
    "static_target_portals": Switch(
        "Number of portals that a static target may have: any, or exactly one if it has a portal group at all.",
        ("any_number", "one"),
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

# How the service behaves, where that is not the first answer.
SERVICE = {
    "empty_list": "by_list",
    "reported_record": "reduced",
    "absent_user_name": "node_name",
    "ipv6_text": "canonical",
    "null_portal_record": "resolved",
    "second_login_without_multipath": "refused",
    "readd_portal": "replace",
    "portal_identity": "registry_name",
    "static_target_portals": "one",
}

DEFAULT = {name: switch.answers[0] for name, switch in SWITCHES.items()}

# Answers that plans do not handle yet.
_AHEAD_OF_PLANS = {
    "empty_list": ("by_list",),
    "null_portal_record": ("resolved",),
    **{
        name: SWITCHES[name].answers
        for name in (
            "reported_record",
            "absent_user_name",
            "second_login_without_multipath",
            "portal_identity",
            "static_target_portals",
        )
    },
}


def _deviations(name):
    """The answers of a switch that are not its default."""
    return [
        answer
        for answer in SWITCHES[name].answers
        if answer != DEFAULT[name] and answer not in _AHEAD_OF_PLANS.get(name, ())
    ]


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
    "awkward": {name: _deviations(name)[-1] for name in SWITCHES if name != "remove_not_found" and _deviations(name)},
    "terse": {
        "empty_list": "insufficient_buffer_zero",
        "list_size_reports": "larger",
        "text_list_tail": "garbage",
        "unset_options": "garbage",
    },
}
