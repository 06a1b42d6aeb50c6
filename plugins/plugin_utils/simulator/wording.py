# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form in which a dialect reports records: every change of a value between saving and reporting is made here."""

from __future__ import annotations

from .network import canonical, numeric

_GARBAGE = 0xCCCCCCCC  # the value that the Microsoft debug runtime puts into uninitialized memory
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
    """Login options as the service saves them: numbers that are not specified too, but apart from the others."""
    given = given or {}
    specified = given.get("InformationSpecified", 0)
    kept = {name: given.get(name, 0) if specified & bit else 0 for name, bit in _SPECIFIED}
    kept.update({name: (given.get(name) or b"") if specified & bit else None for name, bit in _BLOBS})
    kept["Unset"] = {name: 0 if specified & bit else given.get(name, 0) for name, bit in _SPECIFIED}
    return dict(
        kept, Version=given.get("Version", 0), InformationSpecified=specified, LoginFlags=given.get("LoginFlags", 0)
    )


def stored_mapping(given):
    """A target mapping as the service saves it, or None."""
    return given and dict(
        {name: value for name, value in given.items() if name != "LUNCount"}, LUNList=list(given["LUNList"] or ())
    )


def _reduced_mapping(mapping):
    """A mapping as the service reports it: none without LUNs, and otherwise nothing but numbers of the system."""
    if not mapping or not mapping["LUNList"]:
        return None
    kept = {name: mapping[name] for name in ("OSBusNumber", "OSTargetNumber", "LUNList")}
    return dict(kept, InitiatorName="", TargetName="", OSDeviceName="", SessionId={})


class Wording:
    """Converts records of the state into the form in which a dialect reports them."""

    def __init__(self, dialect):
        self._dialect = dialect

    def name(self, text):
        """An IQN or an instance name."""
        return text.upper() if text and self._dialect["letter_case"] == "upper" else text

    def address(self, text):
        """The address of a portal. A host name is not changed."""
        if self._dialect["ipv6_text"] == "as_given" or not text:
            return text
        found = numeric(text)
        if found is None:
            return text
        return f"[{found}]" if found.version == 6 and self._dialect["ipv6_text"] == "bracketed" else str(found)

    def same_address(self, one, other):
        """Whether the initiator considers two addresses equal. Unless it saves them in binary, it compares texts."""
        if self._dialect["ipv6_text"] == "as_given":
            return one.lower() == other.lower()
        return canonical(one) == canonical(other)

    def listed_portal(self, entry):
        """A portal of the discovery list, which has the text that was given if that text is its identity."""
        found = {name: value for name, value in entry.items() if name != "initiator_address"}
        return found if self._dialect["portal_identity"] == "registry_name" else self.portal(found)

    def portal(self, portal):
        return dict(portal, Address=self.address(portal["Address"]))

    def login(self, record):
        portal = self.portal(record["TargetPortal"])
        if not portal["Address"] and self._dialect["null_portal_record"] == "empty_with_port":
            portal["Socket"] = 3260
        found = dict(
            {name: value for name, value in record.items() if name != "isid"},
            TargetName=self.name(record["TargetName"]),
            InitiatorInstance=self.name(record["InitiatorInstance"]),
            TargetPortal=portal,
            LoginOptions=self.options(record["LoginOptions"]),
        )
        if self._dialect["reported_record"] == "reduced":
            found["TargetPortal"] = dict(portal, SymbolicName="")
            found["LoginOptions"]["Version"] = 0
            found["Mappings"] = _reduced_mapping(record["Mappings"])
        return found

    def options(self, options):
        """Login options without the password, which Windows does not seem to report (observed: go-win-iscsidsc)."""
        specified = options["InformationSpecified"]
        found = dict(options, Password=None)
        unset = found.pop("Unset")
        if self._dialect["unset_options"] == "as_given":
            found.update({name: unset[name] for name, bit in _SPECIFIED if not specified & bit})
        if self._dialect["password_length"] == "length":
            found["PasswordLength"] = len(options["Password"] or b"")
        if self._dialect["unset_options"] == "garbage":
            found.update({name: _GARBAGE for name, bit in _SPECIFIED if not specified & bit})
            for name, bit in _BLOBS:
                if not specified & bit:
                    found.update({name: _GARBAGE, name + "Length": _GARBAGE})
        return found
