# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that are remedies: each is a dict of a module's name and its options, ready for a playbook."""

from __future__ import annotations

import collections

from ...module_utils.plan.properties import ANY
from .. import facts_to_declaration

# Placeholders for what only the reader knows.
SECRET = "{{ chap_secret }}"
USERNAME = "{{ chap_username }}"

LOGIN_MODULE = "winstorage.iscsi.persistent_login"
PORTAL_MODULE = "winstorage.iscsi.target_portal"

START_SERVICE = {"winstorage.iscsi.initiator": {"service_state": "started"}}
START_SERVICE_NOW_AND_AT_BOOT = {
    "winstorage.iscsi.initiator": {"service_start_mode": "automatic", "service_state": "started"}
}
START_AUTOMATICALLY = {"winstorage.iscsi.initiator": {"service_start_mode": "automatic"}}
START_WITHOUT_DELAY = {"ansible.windows.win_service": {"name": "MSiSCSI", "start_mode": "auto"}}
CLAIM_DEVICES = [
    {"ansible.windows.win_feature": {"name": "Multipath-IO", "state": "present"}},
    {"ansible.windows.win_powershell": {"script": "Enable-MSDSMAutomaticClaim -BusType iSCSI"}},
]


def has_chap(record):
    """Whether a login or portal of the facts proves who it is."""
    options = record["login_options"] or {}
    return options.get("auth_type") not in (None, "none")


def update_login(login, **options):
    """Change one saved login and leave what is not named as it is. To save it again takes its secret."""
    return {LOGIN_MODULE: {**facts_to_declaration.LOGINS.identity(login), **_secret(login), **options}}


def user_name(logins):
    """The option for the user name that the logins with CHAP among these have; a placeholder where none has CHAP."""
    with_chap = [login for login in logins if has_chap(login)]
    if not with_chap:
        return {"username": USERNAME}
    usernames = [login["login_options"]["username"] for login in with_chap if login["login_options"]["username"]]
    return {"username": usernames[0]} if usernames else {}  # none: Windows uses the node name


def remove_login(login):
    """Remove one saved login."""
    return {LOGIN_MODULE: {**facts_to_declaration.LOGINS.identity(login), "state": "absent"}}


def declare_login(login, **options):
    """Declare all that is known of a saved login, and more."""
    return {LOGIN_MODULE: {**facts_to_declaration.LOGINS.declare(login), **_secret(login), **options}}


def ignore_security_flags(record, kind, module):
    """Declare no security flags for a login or portal."""
    return {module: {**kind.identity(record), "security_flags": [], **_secret(record)}}


def remove_portal(portal):
    """Remove a target portal."""
    return {PORTAL_MODULE: {**facts_to_declaration.PORTALS.identity(portal), "state": "absent"}}


def refresh_portal(portal):
    """Ask a target portal for its targets again."""
    return {PORTAL_MODULE: {**facts_to_declaration.PORTALS.identity(portal), "refresh": True}}


def save_portal_secret(portal):
    """Save a target portal with its secret."""
    options = {"secret": SECRET, "update_secret": "always"}
    return {PORTAL_MODULE: {**facts_to_declaration.PORTALS.declare(portal), **options}}


class HostRemedies:
    """Remedies for what takes a look at the rest of a host's facts, which is sorted by target once."""

    def __init__(self, facts):
        self._facts = facts
        self._logins = _by_target(facts.get("persistent_logins"))
        self._sessions = _by_target(facts.get("sessions"))
        # The disks of a session have one remedy, so each is made once.
        self._for_session, self._for_targets = {}, {}

    def save_session(self, session):
        """Save a live session. Options that it does not show are taken from a saved login to its target."""
        if id(session) not in self._for_session:
            self._for_session[id(session)] = self._save_session(session)
        return self._for_session[id(session)]

    def _save_session(self, session):
        saved = self._logins[session["target"].lower()]
        options = facts_to_declaration.LOGINS.declare(saved[0]) if saved else {"target": session["target"]}
        # A session does not show its port. A login of another port is not the one that it lacks.
        options.pop("initiator_address", None)
        options["initiator_port"] = ANY
        if len(self._sessions[session["target"].lower()]) > 1:  # each needs the flag, or the others were refused
            options["login_flags"] = sorted({*options.get("login_flags", ()), "multipath_enabled"})
        connection = next(iter(session["connections"]), None)
        if connection and connection["target_address"]:
            options["portal"] = {"address": connection["target_address"], "port": connection["target_port"]}
        auth_type = connection and connection["auth_type"]
        if auth_type and auth_type != "none":
            options.update({"auth_type": auth_type, **user_name(saved), "secret": SECRET})
        return {LOGIN_MODULE: options}

    def for_disk(self, disk):
        """(what a person does about the outlook of a disk, the tasks for it)."""
        if disk["outlook"] == "same":
            return None, []
        if self._facts["next_boot"]["service_starts"] is False:
            return "Set the start mode of MSiSCSI to automatic.", [START_AUTOMATICALLY]
        targets = tuple(dict.fromkeys(map(str.lower, disk["targets"])))
        if targets not in self._for_targets:
            self._for_targets[targets] = self._connect_again(targets)
        return self._for_targets[targets]

    def _connect_again(self, targets):
        """The same for a disk that these targets have."""
        sessions = [session for target in targets for session in self._sessions[target] if session["saved"] is False]
        if sessions:
            text = "Save a persistent login for each session that is needed."
            return text, list(map(self.save_session, sessions))
        logins = [login for target in targets for login in self._logins[target] if not login["connected"]]
        text = "Check the portals of its persistent logins, and log in to see whether they work."
        return text, [declare_login(login, connected=True) for login in logins]


def _by_target(records):
    grouped = collections.defaultdict(list)
    for record in records or ():
        grouped[record["target"].lower()].append(record)
    return grouped


def _secret(record):
    """The placeholder of a secret, where saving the record again takes one."""
    return {"secret": SECRET} if has_chap(record) or (record["login_options"] or {}).get("password_set") else {}
