# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Group policies of the initiator: which of them can forbid a call.

A policy is a REG_DWORD of the registry key ``HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\iSCSI``; 1 enables it.
Microsoft documents what each does (policy-csp-admx-iscsi). Where the service asks for them is known from public
analyses of it. What a policy forbids ends with ISDSC_RESTRICTED_BY_GROUP_POLICY.
"""

from __future__ import annotations

import typing as t

KEY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\iSCSI"

# What each policy forbids, in Microsoft's sense.
FORBIDS = {
    "RestrictAdditionalLogins": "new sessions and new persistent logins",
    "ChangeIQNName": "changes of the node name",
    "ChangeCHAPSecret": "changes of the mutual CHAP secret",
    "RequireIPSec": "logins without IPsec",
    "RequireMutualCHAP": "logins without mutual CHAP",
    "RequireOneWayCHAP": "logins without CHAP",
    "ConfigureiSNSServers": "adding and removing iSNS servers",
    "ConfigureTargetPortals": "adding and removing target portals",
    "ConfigureTargets": "changes of targets that are known",
    "NewStaticTargets": "adding and removing static targets",
}

# They look at every login, that of a discovery too.
_LOGINS = ("RequireMutualCHAP", "RequireOneWayCHAP", "RequireIPSec")

# The policies that can forbid each export.
BY_EXPORT: t.Dict[str, t.Tuple[str, ...]] = {
    "LoginIScsiTargetW": ("RestrictAdditionalLogins", *_LOGINS),
    "SetIScsiInitiatorNodeNameW": ("ChangeIQNName",),
    "SetIScsiInitiatorCHAPSharedSecret": ("ChangeCHAPSecret",),
    "AddISNSServerW": ("ConfigureiSNSServers",),
    "RemoveISNSServerW": ("ConfigureiSNSServers",),
    "AddIScsiSendTargetPortalW": ("ConfigureTargetPortals", *_LOGINS),
    "RefreshIScsiSendTargetPortalW": _LOGINS,
    "RemoveIScsiSendTargetPortalW": ("ConfigureTargetPortals",),
    "AddIScsiStaticTargetW": ("NewStaticTargets", "ConfigureTargets"),
    "RemoveIScsiStaticTargetW": ("NewStaticTargets",),
}


def explain(export: str) -> str:
    """The policies that can have forbidden a call, in a sentence; empty where none is known."""
    names = [f"{name} ({FORBIDS[name]})" for name in BY_EXPORT.get(export, ())]
    if not names:
        return ""
    listed = " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"The policy that forbids it is {listed}: {'one of the values' if names[1:] else 'a value'} of {KEY}."
