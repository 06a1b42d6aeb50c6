# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Group policy of the iSCSI initiator: which calls its values forbid.

The values are those of the registry key ``HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\iSCSI``; 1 enables one.
Microsoft documents their effect (policy-csp-admx-iscsi). Public analyses of the service tell where it asks for them.
"""

from __future__ import annotations

from ...module_utils.abi import status
from .errors import CallFailed

VALUES = (
    "RestrictAdditionalLogins",
    "ChangeIQNName",
    "ChangeCHAPSecret",
    "RequireIPSec",
    "RequireMutualCHAP",
    "RequireOneWayCHAP",
    "ConfigureiSNSServers",
    "ConfigureTargetPortals",
    "ConfigureTargets",
    "NewStaticTargets",
)

_FORBIDDEN = status.by_name("ISDSC_RESTRICTED_BY_GROUP_POLICY").value
_CHAP, _MUTUAL_CHAP = 1, 2  # ISCSI_AUTH_TYPES
_AUTH_TYPE_SPECIFIED = 0x80  # ISCSI_LOGIN_OPTIONS_AUTH_TYPE
_IPSEC = 0x02  # ISCSI_SECURITY_FLAG_IKE_IPSEC_ENABLED
_MERGE = 0x04  # ISCSI_TARGET_FLAG_MERGE_TARGET_INFORMATION
_BY_EXPORT = {
    "LoginIScsiTargetW": "RestrictAdditionalLogins",
    "SetIScsiInitiatorNodeNameW": "ChangeIQNName",
    "SetIScsiInitiatorCHAPSharedSecret": "ChangeCHAPSecret",
    "AddISNSServerW": "ConfigureiSNSServers",
    "RemoveISNSServerW": "ConfigureiSNSServers",
    "AddIScsiSendTargetPortalW": "ConfigureTargetPortals",
    "RemoveIScsiSendTargetPortalW": "ConfigureTargetPortals",
    "RemoveIScsiStaticTargetW": "NewStaticTargets",
}


class GroupPolicy:
    """The policy of one host, from ``group_policy`` of its state."""

    def __init__(self, values):
        self._values = values

    def _enabled(self, name):
        return self._values[name] == 1

    def check_call(self, export, given):
        """Refuse an export that the policy forbids altogether."""
        name = _BY_EXPORT.get(export)
        if export == "AddIScsiStaticTargetW":
            name = "ConfigureTargets" if given["TargetFlags"] & _MERGE else "NewStaticTargets"
        if name and self._enabled(name):
            raise CallFailed(_FORBIDDEN)

    def check_login(self, options, security_flags):
        """Refuse a login, to a target or for discovery, that is not as safe as the policy requires."""
        offered = options["AuthType"] if options["InformationSpecified"] & _AUTH_TYPE_SPECIFIED else None
        if (
            (self._enabled("RequireMutualCHAP") and offered != _MUTUAL_CHAP)
            or (self._enabled("RequireOneWayCHAP") and offered not in (_CHAP, _MUTUAL_CHAP))
            or (self._enabled("RequireIPSec") and not security_flags & _IPSEC)
        ):
            raise CallFailed(_FORBIDDEN)
