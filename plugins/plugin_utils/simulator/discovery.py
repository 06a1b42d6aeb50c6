# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the simulated initiator learns of targets: SendTargets portals, static targets, iSNS servers."""

from __future__ import annotations

from ...module_utils.abi import prototypes, status
from ...module_utils.abi.structures import ISCSI_ANY_INITIATOR_PORT
from .errors import CallFailed
from .exports import export
from .network import canonical, same
from .wording import stored_mapping, stored_options

_PORTAL_EXISTS = status.by_name("ISDSC_TARGET_PORTAL_ALREADY_EXISTS").value
_STATIC = "Manually Configured:"
_HIDE, _MERGE = 0x2, 0x4  # ISCSI_TARGET_FLAGS
# Field of a static target and its argument, if a merge keeps it.
_MERGED = (("portal_groups", "PortalGroup"), ("mappings", "Mappings"), ("login_options", "LoginOptions"))


class Discovery:
    """Part of the service; see service.Service."""

    def _known(self, name, hidden=True):
        """Every entry of a target, discovered or static. ``hidden``: include hidden static targets."""
        static = [dict(entry, mechanism=_STATIC, initiator_instance="") for entry in self.state["static_targets"]]
        found = [
            entry
            for entry in self.state["discovered_targets"] + static
            if same(entry["target"], name) and (hidden or not entry.get("target_flags", 0) & _HIDE)
        ]
        if not found:
            raise CallFailed(status.TARGET_NOT_FOUND)
        return found

    def _found(self, mechanism, targets, instance, options):
        """Replace the targets that a mechanism found before by those that it found now."""
        kept = [entry for entry in self.state["discovered_targets"] if entry["mechanism"] != mechanism]
        self.state["discovered_targets"] = kept + [
            {
                "target": iqn,
                "alias": alias,
                "mechanism": mechanism,
                "initiator_instance": instance,
                "portal_groups": groups,
                "login_options": options,
            }
            for iqn, alias, groups in targets
        ]

    def _discover(self, entry):
        """Run SendTargets through a saved portal. The group policy applies to the discovery login too."""
        self.policy.check_login(entry["LoginOptions"], entry["SecurityFlags"])
        targets = self.network.discover(entry, entry["LoginOptions"])
        mechanism = "SendTargets:" + self.portal_name(entry)
        self._found(mechanism, targets, self._portal_instance(entry), entry["LoginOptions"])

    def portal_name(self, entry):
        """The name of a portal in the registry, and in the discovery mechanism of its targets."""
        # observed: Infinidat, NetApp
        words = ["*" + entry["Address"], f"{entry['Socket']:07d}", self._portal_instance(entry)]
        if entry["initiator_address"]:
            words.append(entry["initiator_address"])
        return " ".join(words)

    def _portal_instance(self, entry):
        instances = self.adapters
        return entry["InitiatorName"] or (instances[0]["name"] if instances else "")

    def _ask_isns(self, address):
        self._found("iSNS:" + address, self.network.isns_targets(address), "", stored_options(None))

    def _discover_all(self):
        """Ask every portal and iSNS server, as the service does at its start. Returns whether all answered."""
        complete = True
        for ask, entry in [(self._discover, entry) for entry in self.state["target_portals"]] + [
            (self._ask_isns, address) for address in self.state["isns_servers"]
        ]:
            try:
                ask(entry)
            except CallFailed:
                complete = False
        return complete

    @export("ReportIScsiTargetsW")
    def _report_targets(self, given):
        complete = self._discover_all() if given["ForceUpdate"] else True
        entries = self.state["discovered_targets"] + [
            target for target in self.state["static_targets"] if not target["target_flags"] & _HIDE
        ]
        names = {}
        for entry in entries:
            names.setdefault(entry["target"].casefold(), self.wording.name(entry["target"]))
        return (status.SUCCESS if complete else status.OPERATION_NOT_ALL_SUCCESS), {"Buffer": list(names.values())}

    @export("GetIScsiTargetInformationW")
    def _target_information(self, given):
        entries = self._known(given["TargetName"])
        if given["InfoClass"] == prototypes.TARGET_INFORMATION["DiscoveryMechanisms"][0]:
            return {"Buffer": [entry["mechanism"] for entry in entries]}
        if not given["DiscoveryMechanism"]:
            raise CallFailed(status.INVALID_PARAMETER)
        entry = next((entry for entry in entries if same(entry["mechanism"], given["DiscoveryMechanism"])), None)
        if entry is None:
            raise CallFailed(status.DISCOVERY_MECHANISM_NOT_FOUND)
        name = next((name for name, row in prototypes.TARGET_INFORMATION.items() if row[0] == given["InfoClass"]), None)
        values = {
            "ProtocolType": lambda: 0,
            "TargetAlias": lambda: entry["alias"],
            "InitiatorName": lambda: self.wording.name(entry["initiator_instance"]),
            "PortalGroups": lambda: [
                {"Portals": [self.wording.portal(portal) for portal in group]} for group in entry["portal_groups"]
            ],
            "PersistentTargetMappings": lambda: entry.get("mappings"),
            "TargetFlags": lambda: entry.get("target_flags", 0),
            "LoginOptions": lambda: self.wording.options(entry["login_options"]),
        }
        if name is None:
            raise CallFailed(status.INVALID_PARAMETER)
        return {"Buffer": values[name]()}

    @export("ReportIScsiTargetPortalsW")
    def _target_portals(self, given):
        tag = int.from_bytes(given["TargetPortalTag"], "little") if given["TargetPortalTag"] else None
        found = {}
        for entry in self._known(given["TargetName"]):
            instance = entry["initiator_instance"]
            if given["InitiatorName"] and instance and not same(instance, given["InitiatorName"]):
                continue
            for number, group in enumerate(entry["portal_groups"], 1):
                for portal in group if tag in (None, number) else ():
                    found[(portal["Address"], portal["Socket"])] = self.wording.portal(portal)
        return {"Portals": list(found.values())}

    @export("AddIScsiStaticTargetW")
    def _add_static(self, given):
        one_portal = self.dialect["static_target_portals"] == "one"
        if one_portal and given["PortalGroup"] and given["PortalGroup"]["Count"] != 1:
            raise CallFailed(status.INVALID_PARAMETER)
        group = [dict(portal) for portal in (given["PortalGroup"] or {}).get("Portals", ())]
        entry = {
            "target": given["TargetName"],
            "alias": given["TargetAlias"] or "",
            "target_flags": given["TargetFlags"] & ~_MERGE,
            "persist": bool(given["Persist"]),
            "portal_groups": [group] if group else [],
            "mappings": stored_mapping(given["Mappings"]),
            "login_options": stored_options(given["LoginOptions"]),
        }
        self._check_chap(entry["login_options"], 0)
        before = next(
            (target for target in self.state["static_targets"] if same(target["target"], entry["target"])), None
        )
        if given["TargetFlags"] & _MERGE:  # without this flag the saved target is overwritten (documented)
            if before is None and one_portal:
                raise CallFailed(status.TARGET_NOT_FOUND)
            self._merge(entry, before, given, one_portal)
        if before is not None:
            self.state["static_targets"].remove(before)
        self.state["static_targets"].append(entry)

    @staticmethod
    def _merge(entry, before, given, one_portal):
        """Complete a static target with what the saved one has. Flags are added to its flags."""
        if before is None:
            return
        if not one_portal:
            entry["portal_groups"] = before["portal_groups"] + [
                group for group in entry["portal_groups"] if group not in before["portal_groups"]
            ]
        for name, argument in _MERGED:
            if given[argument] is None:
                entry[name] = before[name]
        entry["alias"] = entry["alias"] or before["alias"]
        entry["target_flags"] |= before["target_flags"]

    @export("RemoveIScsiStaticTargetW")
    def _remove_static(self, given):
        self._remove(
            "static_targets", lambda entry: same(entry["target"], given["TargetName"]), status.TARGET_NOT_FOUND
        )

    def _remove(self, name, is_it, missing):
        kept = [entry for entry in self.state[name] if not is_it(entry)]
        if len(kept) == len(self.state[name]):
            raise CallFailed(missing)
        self.state[name] = kept

    # -- SendTargets portals -------------------------------------------------------------------------------------------

    @staticmethod
    def _given_portal(given):
        if not given["Portal"] or not given["Portal"]["Address"]:
            raise CallFailed(status.INVALID_PARAMETER)
        return given["Portal"]

    def _portal_matcher(self, given):
        """A removal or refresh without an instance or port applies to all of them."""
        portal, port = self._given_portal(given), given["InitiatorPortNumber"]
        return lambda entry: (
            (not given["InitiatorInstance"] or same(entry["InitiatorName"], given["InitiatorInstance"]))
            and (port == ISCSI_ANY_INITIATOR_PORT or self._is_bound_to(entry, port))
            and self._same_place(entry, portal)
        )

    def _same_place(self, one, other):
        """Whether two portals of the discovery list have the same address and TCP port."""
        if self.dialect["portal_identity"] == "registry_name":
            addresses = same(one["Address"], other["Address"])
        else:
            addresses = canonical(one["Address"]) == canonical(other["Address"])
        return addresses and one["Socket"] == other["Socket"]

    def _is_bound_to(self, entry, port):
        """Whether a portal of the discovery list is that of an initiator port.

        The name of its registry value has the IP address of the port instead of the number. If the address of a network
        card has changed, the number does not lead to the portal any more.
        """
        if self.dialect["portal_identity"] == "registry_name" and ISCSI_ANY_INITIATOR_PORT not in (
            port,
            entry["InitiatorPortNumber"],
        ):
            address = self._port_address(entry["InitiatorName"], port)
            if address or entry["initiator_address"]:
                return address == entry["initiator_address"]
        return entry["InitiatorPortNumber"] == port

    @export("AddIScsiSendTargetPortalW")
    def _add_portal(self, given):
        """Discovery runs at once. The portal is saved even if discovery fails (observed: go-win-iscsidsc)."""
        portal, options = self._given_portal(given), stored_options(given["LoginOptions"])
        self._check_chap(options, given["SecurityFlags"])
        if given["InitiatorInstance"]:
            self._instance(given["InitiatorInstance"], given["InitiatorPortNumber"])
        entry = dict(
            portal,
            InitiatorName=given["InitiatorInstance"] or "",
            InitiatorPortNumber=given["InitiatorPortNumber"],
            initiator_address=self._port_address(given["InitiatorInstance"], given["InitiatorPortNumber"]),
            SecurityFlags=given["SecurityFlags"],
            LoginOptions=options,
        )
        entries = self.state["target_portals"]
        there = [
            portal
            for portal in entries
            if same(portal["InitiatorName"], entry["InitiatorName"])
            and self._is_bound_to(portal, entry["InitiatorPortNumber"])
            and self._same_place(portal, entry)
        ]
        if there and self.dialect["readd_portal"] == "refused":
            raise CallFailed(_PORTAL_EXISTS)
        if there and self.dialect["readd_portal"] == "replace":
            entries[entries.index(there[0])] = entry
        else:
            entries.append(entry)
        self._discover(entry)

    @export("RemoveIScsiSendTargetPortalW")
    def _remove_portal(self, given):
        """Targets that were discovered through the portal stay known (Users Guide)."""
        self._remove("target_portals", self._portal_matcher(given), status.PORTAL_NOT_FOUND)

    @export("RefreshIScsiSendTargetPortalW")
    def _refresh_portal(self, given):
        is_it = self._portal_matcher(given)
        entries = [entry for entry in self.state["target_portals"] if is_it(entry)]
        if not entries:
            raise CallFailed(status.PORTAL_NOT_FOUND)
        for entry in entries:
            self._discover(entry)

    @export("ReportIScsiSendTargetPortalsExW")
    def _report_portals_ex(self, given):
        """Flags and options are reported as saved, without the password (observed: go-win-iscsidsc)."""
        return {
            "PortalInfo": [
                {
                    **self.wording.listed_portal(entry),
                    "InitiatorName": self.wording.name(entry["InitiatorName"]),
                    "LoginOptions": self.wording.options(entry["LoginOptions"]),
                }
                for entry in self.state["target_portals"]
            ]
        }

    @export("ReportIScsiSendTargetPortalsW")
    def _report_portals(self, given):
        """The older report, without flags and options."""
        return {
            "PortalInfo": [
                {name: value for name, value in entry.items() if name not in ("SecurityFlags", "LoginOptions")}
                for entry in self._report_portals_ex(given)["PortalInfo"]
            ]
        }
