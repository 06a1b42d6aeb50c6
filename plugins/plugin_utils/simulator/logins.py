# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Persistent logins of the simulated initiator, and how sessions are opened, now and at boot."""

from __future__ import annotations

import contextlib
import itertools

from ...module_utils.abi import status
from ...module_utils.abi.structures import ISCSI_ANY_INITIATOR_PORT
from .errors import CallFailed
from .exports import export
from .network import MULTIPATH_ENABLED, is_convertible, same
from .wording import stored_mapping, stored_options

PERSISTENT_LOGIN_LIMIT = 256  # observed: a multi-session script of Azure Elastic SAN
_DRIVER_BUG = status.by_name("ISDSC_DRIVER_BUG").value
_INVALID_ARGUMENT = status.by_name("WSAEINVAL").value
_REMOVE_NOT_FOUND = {
    "could_not_remove": status.COULD_NOT_REMOVE_PERSISTENT_LOGIN_DATA,
    "target_not_found": status.TARGET_NOT_FOUND,
    "portal_not_found": status.PORTAL_NOT_FOUND,
    "success": status.SUCCESS,
}


class Logins:
    """Part of the service; see service.Service."""

    @export("LoginIScsiTargetW")
    def _login(self, given):
        port, options = given["InitiatorPortNumber"], stored_options(given["LoginOptions"])
        self.policy.check_login(options, given["SecurityFlags"])
        self._fill_in_user_name(options)
        instance = self._instance(given["InitiatorInstance"], port)["name"]
        portals = self._portals(given["TargetName"])
        self._check_chap(options, given["SecurityFlags"])
        portal = given["TargetPortal"] if given["TargetPortal"] and given["TargetPortal"]["Address"] else None
        self._check_address(portal)
        record = {
            "TargetName": given["TargetName"],
            "IsInformationalSession": int(bool(given["IsInformationalSession"])),
            "InitiatorInstance": given["InitiatorInstance"] or instance,
            "InitiatorPortNumber": port,
            "TargetPortal": dict(portal) if portal else {"Address": "", "Socket": 0, "SymbolicName": ""},
            "SecurityFlags": given["SecurityFlags"],
            "Mappings": stored_mapping(given["Mappings"]),
            "LoginOptions": options,
        }
        if given["IsPersistent"]:
            return self._save(record, portals)
        session = self._open(record, [portal] if portal else portals)
        return {
            "UniqueSessionId": self._session_id(session),
            "UniqueConnectionId": self._connection_id(session, session["connections"][0]),
        }

    def _save(self, record, portals):
        """Save a record for the next boot (observed: os-win, HPE, Infinidat). Copies are kept (observed: Azure)."""
        multipath = record["LoginOptions"]["LoginFlags"] & MULTIPATH_ENABLED
        others = self.state["persistent_logins"] if multipath else self._make_way(record["TargetName"])
        if len(others) >= PERSISTENT_LOGIN_LIMIT:
            raise CallFailed(status.COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA)
        code = status.SUCCESS
        if self._sessions_to(record["TargetName"]) and not multipath:
            if self.dialect["save_while_logged_in"] == "refused":
                raise CallFailed(status.TARGET_ALREADY_LOGGED_IN)
            if self.dialect["save_while_logged_in"] == "saved_with_error":
                code = status.TARGET_ALREADY_LOGGED_IN
        if not record["TargetPortal"]["Address"] and self.dialect["null_portal_record"] == "resolved":
            if not portals:
                raise CallFailed(status.NO_PORTAL_SPECIFIED)
            record["TargetPortal"] = dict(portals[0])
        record["isid"] = next(self._free_isids(record["TargetName"]))
        self.state["persistent_logins"] = [*others, record]
        if self.dialect["saved_login_connects"] == "at_once":
            with contextlib.suppress(CallFailed):  # it tries again by itself; the saving went well
                self._open(record, [record["TargetPortal"]] if record["TargetPortal"]["Address"] else portals)
        return code, {}

    def _make_way(self, target):
        """The saved logins that stay if a login without the multipath flag is saved for this target.

        Only names of targets are compared, so portal, port and options of the saved logins do not matter.
        """
        logins, answer = self.state["persistent_logins"], self.dialect["second_login_without_multipath"]
        others = [record for record in logins if not same(record["TargetName"], target)]
        if answer == "refused" and len(others) < len(logins):
            raise CallFailed(status.TARGET_ALREADY_LOGGED_IN)
        return others if answer == "replaces" else logins

    @export("ReportIScsiPersistentLoginsW")
    def _report_logins(self, given):
        """An adapter whose driver reports malformed records is skipped, or makes the whole list fail."""
        if not self.adapters:
            raise CallFailed(status.INITIATOR_NOT_FOUND)
        if any(adapter["malformed_logins"] == "refused" for adapter in self.adapters):
            raise CallFailed(_DRIVER_BUG)
        skipped = {adapter["name"].casefold() for adapter in self.adapters if adapter["malformed_logins"]}
        return {
            "PersistentLoginInfo": [
                self.wording.login(record)
                for record in self.state["persistent_logins"]
                if record["InitiatorInstance"].casefold() not in skipped
            ]
        }

    @export("RemoveIScsiPersistentTargetW")
    def _remove_login(self, given):
        """An empty portal and initiator port 0xFFFFFFFF mean all (documented). The target need not be known."""
        portal, port = given["Portal"], given["InitiatorPortNumber"]
        if not given["InitiatorInstance"] and self.dialect["remove_null_instance"] == "refused":
            raise CallFailed(status.INVALID_PARAMETER)
        self._named_instance(given["InitiatorInstance"])
        self._check_address(portal)
        every_port = port == ISCSI_ANY_INITIATOR_PORT and self.dialect["remove_any_port"] == "siblings"

        def is_meant(record):
            own = record["TargetPortal"]
            return (
                same(record["TargetName"], given["TargetName"])
                and (not given["InitiatorInstance"] or same(record["InitiatorInstance"], given["InitiatorInstance"]))
                and (every_port or record["InitiatorPortNumber"] == port)
                and (
                    not portal
                    or not portal["Address"]
                    or (
                        own["Socket"] == portal["Socket"]
                        and self.wording.same_address(own["Address"], portal["Address"])
                    )
                )
            )

        kept, taken = [], set()
        for record in self.state["persistent_logins"]:
            own = record["TargetPortal"]
            identity = (
                record["InitiatorInstance"].casefold(),
                record["InitiatorPortNumber"],
                own["Address"].lower(),
                own["Socket"],
            )
            if is_meant(record) and not (self.dialect["remove_identical"] == "one" and identity in taken):
                taken.add(identity)
            else:
                kept.append(record)
        if not taken:
            raise CallFailed(_REMOVE_NOT_FOUND[self.dialect["remove_not_found"]])
        self.state["persistent_logins"] = kept

    def _check_address(self, portal):
        """Refuse an address that the service cannot convert into its binary form, unless it keeps addresses as text."""
        as_text = self.dialect["ipv6_text"] == "as_given"
        if portal and portal["Address"] and not as_text and not is_convertible(portal["Address"]):
            raise CallFailed(_INVALID_ARGUMENT)

    def _free_isids(self, target):
        """The ISID qualifiers that no session and no saved login of a target has, the lowest first."""
        used = {session["isid"] for session in self._sessions_to(target)}
        used |= {record["isid"] for record in self.state["persistent_logins"] if same(record["TargetName"], target)}
        return itertools.filterfalse(used.__contains__, itertools.count())

    def _portals(self, target):
        """The known portals of a target, for a login through any portal."""
        return [
            portal
            for entry in self._known(target, hidden=False)
            for group in entry["portal_groups"]
            for portal in group
        ]

    def _replay(self):
        """Open a session for each persistent login, as at boot."""
        for record in self.state["persistent_logins"]:
            try:
                portals = [record["TargetPortal"]]
                if not record["TargetPortal"]["Address"]:
                    portals = self._portals(record["TargetName"])
                self._open(record, portals)
            except CallFailed as failure:
                self.state["boot_log"].append(
                    {"target": record["TargetName"], "portal": record["TargetPortal"], "status": failure.status}
                )

    def _sessions_to(self, target):
        return [session for session in self.state["sessions"] if same(session["target"], target)]

    def _open(self, record, portals):
        """Open a session for a login, through the first portal that accepts it."""
        options = record["LoginOptions"]
        self._instance(record["InitiatorInstance"], record["InitiatorPortNumber"])
        if self._sessions_to(record["TargetName"]) and not options["LoginFlags"] & MULTIPATH_ENABLED:
            raise CallFailed(status.TARGET_ALREADY_LOGGED_IN)  # observed: go-win-iscsidsc
        used = self._let_in(record["TargetName"], portals, options)
        session = {
            "target": record["TargetName"],
            "initiator_instance": record["InitiatorInstance"],
            "initiator_port": record["InitiatorPortNumber"],
            "portal": dict(used),
            "session_type": record["IsInformationalSession"],
            "security_flags": record["SecurityFlags"],
            "login_options": options,
            "in_use": False,
            "connected": True,
            "number": self._next_number(),
            "connections": [self._connection(used, record["InitiatorPortNumber"], options)],
            "isid": self._isid_of(record),
            "disks": {},
        }
        self.state["sessions"].append(session)
        self.disks.attach(session)
        return session

    def _isid_of(self, record):
        """The ISID of a session for a login: that of the saved login, where it is not in use."""
        used = {session["isid"] for session in self._sessions_to(record["TargetName"])}
        own = record.get("isid")
        return next(self._free_isids(record["TargetName"])) if own is None or own in used else own

    def _let_in(self, target, portals, options):
        refusal = CallFailed(status.NO_PORTAL_SPECIFIED)
        for portal in portals:
            try:
                self.network.log_in(target, portal, options)
                return portal
            except CallFailed as failure:
                refusal = failure
        raise refusal
