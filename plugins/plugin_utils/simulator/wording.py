# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a dialect words what the initiator reports: one place for everything that changes on its way out."""

from __future__ import annotations

import ipaddress

from .network import canonical

_GARBAGE = 0xCCCCCCCC  # what the Microsoft debug runtime leaves in memory nobody wrote
_SPECIFIED = (
    ("HeaderDigest", 0x01),
    ("DataDigest", 0x02),
    ("MaximumConnections", 0x04),
    ("DefaultTime2Wait", 0x08),
    ("DefaultTime2Retain", 0x10),
    ("AuthType", 0x80),
)
_BLOBS = (("Username", 0x20), ("Password", 0x40))


def stored_options(given):
    """Login options as the service keeps them: what is not specified is not kept."""
    given = given or {}
    said = given.get("InformationSpecified", 0)
    kept = {name: given.get(name, 0) if said & bit else 0 for name, bit in _SPECIFIED}
    kept.update({name: (given.get(name) or b"") if said & bit else None for name, bit in _BLOBS})
    return dict(kept, Version=given.get("Version", 0), InformationSpecified=said, LoginFlags=given.get("LoginFlags", 0))


def stored_mapping(given):
    """A target mapping as the service keeps it, or None."""
    return given and dict(
        {name: value for name, value in given.items() if name != "LUNCount"}, LUNList=list(given["LUNList"] or ())
    )


class Wording:
    """Records of the state as they are reported under a dialect."""

    def __init__(self, dialect):
        self._dialect = dialect

    def name(self, text):
        """An IQN or an instance name."""
        return text.upper() if text and self._dialect["letter_case"] == "upper" else text

    def address(self, text):
        """The address of a portal; a host name stays one."""
        if self._dialect["ipv6_text"] == "as_given" or not text:
            return text
        try:
            found = ipaddress.ip_address(canonical(text))
        except ValueError:
            return text
        return f"[{found}]" if found.version == 6 and self._dialect["ipv6_text"] == "bracketed" else str(found)

    def same_address(self, one, other):
        """Whether the initiator takes two addresses for one: as texts, unless it keeps addresses in binary."""
        if self._dialect["ipv6_text"] == "as_given":
            return one.lower() == other.lower()
        return canonical(one) == canonical(other)

    def portal(self, portal):
        return dict(portal, Address=self.address(portal["Address"]))

    def login(self, record):
        portal = self.portal(record["TargetPortal"])
        if not portal["Address"] and self._dialect["null_portal_record"] == "empty_with_port":
            portal["Socket"] = 3260
        return dict(
            record,
            TargetName=self.name(record["TargetName"]),
            InitiatorInstance=self.name(record["InitiatorInstance"]),
            TargetPortal=portal,
            LoginOptions=self.options(record["LoginOptions"]),
        )

    def options(self, options):
        """Login options without the password: in nothing seen does it come back (observed: go-win-iscsidsc)."""
        said = options["InformationSpecified"]
        found = dict(options, Password=None)
        if self._dialect["password_length"] == "length":
            found["PasswordLength"] = len(options["Password"] or b"")
        if self._dialect["unset_options"] == "garbage":
            found.update({name: _GARBAGE for name, bit in _SPECIFIED if not said & bit})
            for name, bit in _BLOBS:
                if not said & bit:
                    found.update({name: _GARBAGE, name + "Length": _GARBAGE})
        return found
