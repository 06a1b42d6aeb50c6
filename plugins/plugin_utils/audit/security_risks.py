# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at risk because of CHAP, and flags that contradict each other."""

from __future__ import annotations

import collections

from ...module_utils.abi import codecs
from ...module_utils.model.names import is_iscsi_name
from ...module_utils.plan.values import UNSPECIFIED
from .. import names
from ..text import count
from . import findings, lookup, remedies


def find_chap_without_secret(facts):
    """Logins and portals with CHAP for which no secret is saved."""
    for login in facts.get("persistent_logins") or ():
        if login["session_type"] == "data" and _lacks_secret(login):
            auth_type = login["login_options"]["auth_type"]
            yield findings.risk(
                "critical",
                "chap_without_secret",
                names.login(login),
                f"uses {auth_type}, but no secret is saved, so the target will refuse the login.",
                "Save it again with its secret.",
                [remedies.declare_login(login, update_secret="always")],
            )
    for portal in facts.get("target_portals") or ():
        if portal["portal"] and _lacks_secret(portal):
            auth_type = portal["login_options"]["auth_type"]
            yield findings.risk(
                "warning",
                "chap_without_secret",
                f"portal {names.portal(portal['portal'])}",
                f"discovery uses {auth_type}, but no secret is saved, so the portal will refuse it.",
                "Save it again with its secret.",
                [remedies.save_portal_secret(portal)],
            )


def _lacks_secret(record):
    return remedies.has_chap(record) and not record["login_options"]["password_set"]


def find_logins_without_chap(facts):
    """Targets with logins that are saved without CHAP: it may be missing where others use it, else it is a remark."""
    targets, live_auth_types = lookup.known_targets(facts), _find_live_auth_types(facts)
    for target, logins in lookup.logins_by_target(facts).items():
        without = [login for login in logins if not remedies.has_chap(login)]
        if not without:
            continue
        live = live_auth_types[target.lower()]
        saved = {login["login_options"]["auth_type"] for login in logins if remedies.has_chap(login)}
        if live or saved:
            yield _missing_chap(target, logins, without, live, saved)
        elif targets is None or target.lower() in targets:
            yield findings.risk(
                "info",
                "no_chap",
                target,
                f"{count(len(without), 'persistent login', 'log')} in without CHAP.",
                "Set auth_type, username and secret, where the array asks for them.",
            )


def _missing_chap(target, logins, without, live, saved):
    auth_type = min(live | saved)
    options = {"auth_type": auth_type, **remedies.user_name(logins), "secret": remedies.SECRET}
    return findings.risk(
        "critical" if live else "warning",
        "chap_missing",
        target,
        f"{count(len(without), 'persistent login')} {'does' if len(without) == 1 else 'do'} not use CHAP, but "
        f"{f'a live session uses {auth_type}' if live else f'others use {auth_type}'}. "
        "The array may refuse them at boot.",
        "Save them with CHAP.",
        [remedies.update_login(login, copies=login["copies"], **options) for login in without],
    )


def _find_live_auth_types(facts):
    """{target: the kinds of CHAP that its live sessions use}."""
    found = collections.defaultdict(set)
    for session in facts.get("sessions") or ():
        for connection in session["connections"]:
            if connection["auth_type"] not in (None, "none"):
                found[session["target"].lower()].add(connection["auth_type"])
    return found


def find_old_chap_users(facts):
    """Logins with CHAP whose user name is a node name of earlier, which Windows filled in when they were saved."""
    node_name = (facts.get("initiator") or {}).get("node_name")
    if not node_name:
        return
    for login in facts.get("persistent_logins") or ():
        user = names.chap_user(login["login_options"])
        if not user or user.lower() == node_name.lower() or not is_iscsi_name(user):
            continue
        was_filled_in = not login["login_options"]["username"]
        yield findings.risk(
            "warning" if was_filled_in else "info",
            "old_node_name",
            names.login(login),
            f"its CHAP user is {user}, but the node is called {node_name} now. The array may refuse it at boot."
            if was_filled_in
            else f"its CHAP user {user} is an iSCSI name, but not that of this node, {node_name}.",
            "If the array expects the present node name, save the login again without a user name."
            if was_filled_in
            else "None needed if the array expects this name. If it is the node name of earlier, save the login again "
            "with username: unspecified and update_secret: always.",
            [remedies.update_login(login, username=UNSPECIFIED, update_secret="always")] if was_filled_in else [],
        )


# -- flags -------------------------------------------------------------------------------------------------------------

_CHOOSE = "Decide which flag is intended, and declare only that one."
_IGNORED = "Declare security_flags: [] to leave the choice to Windows, as now, or add valid if the flags are intended."


def find_questionable_flags(facts):
    """Flags that contradict each other, or the rest of the host, or mean nothing."""
    for record, subject, module, kind in lookup.records_with_flags(facts):
        security, login_flags = record["security_flags"], record["login_options"]["login_flags"]
        ignored = "valid" not in security["names"]
        for line in codecs.SECURITY_FLAGS.warnings(security["raw"]):
            yield findings.risk(
                "warning",
                "questionable_flags",
                subject,
                f"{line}.",
                _IGNORED if ignored else _CHOOSE,
                [remedies.ignore_security_flags(record, kind, module)] if ignored else [],
            )
        for line in [*codecs.LOGIN_FLAGS.warnings(login_flags["raw"]), *_contradictions(record, facts)]:
            yield findings.risk("warning", "questionable_flags", subject, f"{line}.", _CHOOSE)


def _contradictions(record, facts):
    """Login flags against the rest of the host."""
    flags = record["login_options"]["login_flags"]["names"]
    if "require_ipsec" in flags and "ike_ipsec_enabled" not in record["security_flags"]["names"]:
        yield "login flags ask for IPsec (require_ipsec), but the security flags do not enable it (ike_ipsec_enabled)"
    radius = [name for name in flags if name.startswith("use_radius")]
    if radius and facts.get("radius_servers") == []:
        yield f"login flags have {', '.join(radius)}, but no RADIUS server is known"
