# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host-wide settings of the simulated initiator: names, secrets, servers, bound devices, and the service."""

from __future__ import annotations

import contextlib

from ...module_utils.abi import status
from .errors import CallFailed
from .exports import export
from .network import same

_SERVICE_DISABLED, _NOT_FOUND, _NOT_PERSISTENT, _NO_IKE = (
    status.by_name(symbol).value
    for symbol in (
        "ERROR_SERVICE_DISABLED",
        "ISDSC_NOT_FOUND",
        "ISDSC_DEVICE_NOT_ISCSI_OR_PERSISTENT",
        "ISDSC_NO_AUTH_INFO_AVAILABLE",
    )
)
_START_MODES = {2: "automatic", 3: "manual", 4: "disabled"}  # winsvc.h
_RADIUS_LENGTHS = range(22, 27)  # bytes (documented)


class Settings:
    """Part of the service; see service.Service."""

    @export("StartService")
    def _start_service(self, given):
        service = self.state["service"]
        if service["state"] == "running":
            return
        if service["start_mode"] == "disabled":
            raise CallFailed(_SERVICE_DISABLED)
        service["state"], service["has_run"] = "running", True
        self._discover_all()
        if self.dialect["restart_replays"] == "yes":
            self._replay()

    @export("SetServiceStartMode")
    def _set_start_mode(self, given):
        if given["StartMode"] not in _START_MODES:
            raise CallFailed(status.INVALID_PARAMETER)
        self.state["service"]["start_mode"] = _START_MODES[given["StartMode"]]

    @export("GetIScsiVersionInformation")
    def _version(self, given):
        major, minor, build = (*self.version("windows"), 0, 0)[:3]
        return {"VersionInfo": {"MajorVersion": major, "MinorVersion": minor, "BuildNumber": build}}

    def version(self, what):
        """The version of ``windows`` or of the ``dll``, as numbers."""
        text = self.state["windows"]["version" if what == "windows" else "dll_version"]
        return tuple(int(part) for part in text.split("."))

    @export("ReportIScsiInitiatorListW")
    def _initiators(self, given):
        return {"Buffer": [self.wording.name(instance["name"]) for instance in self.adapters]}

    @export("GetIScsiInitiatorNodeNameW")
    def _get_node_name(self, given):
        return {"InitiatorNodeName": self.wording.name(self._node_name)}

    @export("SetIScsiInitiatorNodeNameW")
    def _set_node_name(self, given):
        """Null restores the default name. The format is not verified (documented)."""
        self.state["initiator"]["node_name"] = given["InitiatorNodeName"] or None

    # -- secrets -------------------------------------------------------------------------------------------------------

    @export("SetIScsiInitiatorCHAPSharedSecret")
    def _set_chap_secret(self, given):
        """A short secret is saved with a warning, because it is sufficient with IPsec."""
        secret = given["SharedSecret"] or None
        if secret and len(secret) > 16:
            raise CallFailed(status.INVALID_INITIATOR_CHAP_SECRET)
        self.state["initiator"]["mutual_chap_secret"] = secret
        return (status.SHORT_CHAP_SECRET if secret and len(secret) < 12 else status.SUCCESS), {}

    @export("SetIScsiInitiatorRADIUSSharedSecret")
    def _set_radius_secret(self, given):
        secret = given["SharedSecret"] or None
        if secret and len(secret) not in _RADIUS_LENGTHS:
            raise CallFailed(status.INVALID_PARAMETER)
        self.state["initiator"]["radius_secret"] = secret

    @export("SetIScsiGroupPresharedKey")
    def _set_group_key(self, given):
        self.state["initiator"]["group_preshared_key"] = given["Key"] or None

    @export("SetIScsiIKEInfoW")
    def _set_ike(self, given):
        """Saves one key for each identification, as SetPresharedKeyForId of the driver does (Windows Driver Kit)."""
        info = given["AuthInfo"]
        key = info.get("PsKey") or {}
        id_type, name = key.get("IdType", 0), key.get("Id")
        self.state["ike"][f"{self._ike_name(given)}/{id_type}/{(name or b'').hex()}"] = {
            "AuthMethod": info.get("AuthMethod", 0),
            "SecurityFlags": key.get("SecurityFlags", 0),
            "IdType": id_type,
            "Id": name,
            "Key": key.get("Key"),
            "persist": bool(given["Persist"]),
        }

    @export("GetIScsiIKEInfoW")
    def _get_ike(self, given):
        """Returns one entry without its key, and only the length of its identification, to avoid foreign pointers."""
        start = self._ike_name(given) + "/"
        entry = next((entry for name, entry in self.state["ike"].items() if name.startswith(start)), None)
        if entry is None:
            raise CallFailed(_NO_IKE)
        return {
            "AuthInfo": {
                "AuthMethod": entry["AuthMethod"],
                "PsKey": {
                    "SecurityFlags": entry["SecurityFlags"],
                    "IdType": entry["IdType"],
                    "IdLengthInBytes": len(entry["Id"] or b""),
                },
            }
        }

    @staticmethod
    def _ike_name(given):
        return f"{(given['InitiatorName'] or '').lower()}/{given['InitiatorPortNumber']}"

    @export("SetIScsiTunnelModeOuterAddressW")
    def _set_tunnel(self, given):
        entry = {
            "initiator": given["InitiatorName"] or "",
            "initiator_port": given["InitiatorPortNumber"],
            "destination": given["DestinationAddress"] or "",
            "outer": given["OuterModeAddress"],
            "persist": bool(given["Persist"]),
        }
        key = ("initiator", "initiator_port", "destination")
        kept = [tunnel for tunnel in self.state["tunnels"] if any(tunnel[name] != entry[name] for name in key)]
        self.state["tunnels"] = kept + ([entry] if entry["outer"] else [])

    # -- servers -------------------------------------------------------------------------------------------------------

    @export("AddISNSServerW")
    def _add_isns(self, given):
        """The server is saved whether or not it answers. It is asked in the background."""
        self._add_server("isns_servers", given["Address"])
        with contextlib.suppress(CallFailed):
            self._ask_isns(given["Address"])

    @export("RemoveISNSServerW")
    def _remove_isns(self, given):
        self._remove("isns_servers", lambda address: same(address, given["Address"]), status.ISNS_SERVER_NOT_FOUND)
        self._found("iSNS:" + given["Address"], [], "", None)

    @export("RefreshISNSServerW")
    def _refresh_isns(self, given):
        """Null means all servers."""
        servers = [
            address for address in self.state["isns_servers"] if not given["Address"] or same(address, given["Address"])
        ]
        if given["Address"] and not servers:
            raise CallFailed(status.ISNS_SERVER_NOT_FOUND)
        for address in servers:
            self._ask_isns(address)

    @export("ReportISNSServerListW")
    def _report_isns(self, given):
        return {"Buffer": list(self.state["isns_servers"])}

    @export("AddRadiusServerW")
    def _add_radius(self, given):
        self._add_server("radius_servers", given["Address"])

    @export("RemoveRadiusServerW")
    def _remove_radius(self, given):
        self._remove("radius_servers", lambda address: same(address, given["Address"]), _NOT_FOUND)

    @export("ReportRadiusServerListW")
    def _report_radius(self, given):
        return {"Buffer": list(self.state["radius_servers"])}

    def _add_server(self, name, address):
        if not address:
            raise CallFailed(status.INVALID_PARAMETER)
        if not any(same(address, known) for known in self.state[name]):
            self.state[name].append(address)

    # -- devices for which the service waits at boot -------------------------------------------------------------------

    @export("AddPersistentIScsiDeviceW")
    def _bind_device(self, given):
        path = given["DevicePath"]
        if not path:
            raise CallFailed(status.INVALID_PARAMETER)
        if any(same(path, bound) for bound in self.state["persistent_devices"]):
            raise CallFailed(status.DEVICE_ALREADY_PERSISTENTLY_BOUND)
        session = self.disks.paths().get(path.lower())
        if session is None or not self._is_saved(session["target"]):
            raise CallFailed(_NOT_PERSISTENT)
        self.state["persistent_devices"].append(path)

    @export("RemovePersistentIScsiDeviceW")
    def _unbind_device(self, given):
        """The path itself is looked for first, then the volumes of its disk."""
        path, bound = given["DevicePath"] or "", self.state["persistent_devices"]
        names = [path, *self.disks.volumes_of(path)]
        found = next((name for name in names if any(same(name, other) for other in bound)), None)
        self._remove("persistent_devices", lambda name: same(name, found), status.DEVICE_NOT_FOUND)

    @export("ReportPersistentIScsiDevicesW")
    def _report_devices(self, given):
        return {"Buffer": list(self.state["persistent_devices"])}

    @export("ClearPersistentIScsiDevices")
    def _clear_devices(self, given):
        self.state["persistent_devices"] = []

    @export("SetupPersistentIScsiDevices", "SetupPersistentIScsiVolumes")
    def _bind_all(self, given):
        """Binds every volume and device of a target with a saved login. They replace those bound before."""
        self.state["persistent_devices"] = self.disks.volumes(self._is_saved)

    def _is_saved(self, target):
        """Whether a target has a persistent login. Only the names are compared."""
        return any(same(target, record["TargetName"]) for record in self.state["persistent_logins"])
