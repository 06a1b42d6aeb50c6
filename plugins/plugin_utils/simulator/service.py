# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of the Microsoft iSCSI initiator service: the effects and results of each export of iscsidsc.dll.

The behaviour comes from Microsoft's documentation, and from observations of real Windows by other projects. A method
names its source if it is not the documentation of its export. Unknown behaviour is a switch of :mod:`dialects`.
:mod:`machine` does the marshalling. The exports are in the parts :mod:`discovery`, :mod:`logins`, :mod:`sessions` and
:mod:`settings`.
"""

from __future__ import annotations

import fnmatch
import functools
import zlib

from ...module_utils.abi import prototypes, status
from ...module_utils.abi.structures import ISCSI_ANY_INITIATOR_PORT
from . import host_settings, rows
from .discovery import Discovery
from .disks import Disks
from .errors import CallFailed, Dropped
from .exports import EXPORTS
from .logins import Logins
from .network import CHAP, MUTUAL_CHAP, Network, same
from .policy import GroupPolicy
from .sessions import Sessions
from .settings import Settings
from .wording import Wording

HANGS = 1 << 40  # milliseconds: longer than any limit

_LOGON_AUTH_TYPE, _POLICY = (
    status.by_name(symbol).value for symbol in ("ISDSC_INVALID_LOGON_AUTH_TYPE", "ISDSC_RESTRICTED_BY_GROUP_POLICY")
)
_STOPPED = {"service_not_running": status.SERVICE_NOT_RUNNING, "rpc_server_unavailable": status.RPC_SERVER_UNAVAILABLE}
_NOT_ELEVATED = {
    "access_denied": status.ACCESS_DENIED,
    "elevation_required": status.by_name("ERROR_ELEVATION_REQUIRED").value,
}
_NO_INSTANCE = status.by_name("ISDSC_INITIATOR_INSTANCE_NOT_FOUND").value
# What lists answer while the driver has no adapter, one status after another (analyses of the service).
_WMI = (status.WMI_INSTANCE_NOT_FOUND, status.WMI_GUID_NOT_FOUND)
_WITHOUT_ADAPTER = {
    "ReportIScsiPersistentLoginsW": (status.INITIATOR_NOT_FOUND,),
    "GetIScsiSessionListW": _WMI,
    "GetIScsiSessionListEx": _WMI,
    "ReportActiveIScsiTargetMappingsW": _WMI,
}
_USERNAME = 0x20  # ISCSI_LOGIN_OPTIONS_USERNAME
_SECRET_LENGTHS = range(12, 17)  # bytes (header iscsierr.h, observed: go-win-iscsidsc)
_IPSEC = 0x02  # ISCSI_SECURITY_FLAG_IKE_IPSEC_ENABLED


class Service(Discovery, Logins, Sessions, Settings):
    """One host. Calls change ``state`` (see :mod:`state`). ``spent``: duration of the last call, in milliseconds."""

    def __init__(self, state):
        self.state = state
        self.spent = 0
        self.dialect = state["dialect"]
        self.wording = Wording(self.dialect)
        self.policy = GroupPolicy(state["group_policy"])
        self.network = Network(state["network"], self._spend, lambda: (self._node_name, self._mutual_secret))
        self.disks = Disks(state, self.network)
        self._settle()

    def call(self, export, inputs):
        """Call an export with ``inputs``, a dict by argument names of its prototype. Returns ``(status, outputs)``.

        :raises Dropped: if a fault of the state drops the connection.
        """
        self.spent = 0
        fault = self._fault(export)
        if fault is None:
            return self._perform(export, inputs)
        outcome = self._perform(export, inputs) if fault["done"] else (0, {})
        if fault["action"] == "drop":
            raise Dropped(f"the connection to the simulated host was dropped at {export}")
        if fault["action"] == "hang":
            self.spent = HANGS
            return status.TIMEOUT, {}
        return fault["status"], outcome[1]

    def boot(self):
        """Restart the host. Sessions end. If the service is automatic, it opens each persistent login, copies too.

        Returns the logins that failed: [{"target", "portal", "status"}, ...]. The state keeps them as ``boot_log``.
        """
        state = self.state
        state["boots"] += 1
        claims = host_settings.claims_iscsi_disks(rows.keys(self))
        state["mpio"]["claimed"] = state["mpio"]["claimed"] if claims is None else claims
        state["sessions"], state["boot_log"], state["discovered_targets"] = [], [], []
        state["static_targets"] = [target for target in state["static_targets"] if target["persist"]]
        state["tunnels"] = [tunnel for tunnel in state["tunnels"] if tunnel["persist"]]
        state["ike"] = {name: entry for name, entry in state["ike"].items() if entry["persist"]}
        state["service"]["state"] = "running" if state["service"]["start_mode"] == "automatic" else "stopped"
        if state["service"]["state"] == "running":
            state["service"]["has_run"] = True
            self._discover_all()
            self._replay()
        return state["boot_log"]

    # -- around each call ----------------------------------------------------------------------------------------------

    def _perform(self, export, inputs):
        try:
            self._gate(export, inputs)
            result = EXPORTS[export](self, inputs)
        except CallFailed as failure:
            return failure.status, {}
        return result if isinstance(result, tuple) else (status.SUCCESS, result or {})

    def _gate(self, export, inputs):
        if not self.state["elevated"]:
            raise CallFailed(_NOT_ELEVATED[self.dialect["not_elevated_status"]])
        if export not in prototypes.SERVICE_FUNCTIONS and self.state["service"]["state"] != "running":
            raise CallFailed(_STOPPED[self.dialect["stopped_status"]])
        self._await_adapter(export)
        if any(fnmatch.fnmatchcase(export, pattern) for pattern in self.state["group_policy"]["forbids"]):
            raise CallFailed(_POLICY)
        self.policy.check_call(export, inputs)

    def _await_adapter(self, export):
        """After its first start the service creates the adapter while it already answers (analyses of the service)."""
        service = self.state["service"]
        if service["calls_without_adapter"] and export in _WITHOUT_ADAPTER:
            service["calls_without_adapter"] -= 1
            statuses = _WITHOUT_ADAPTER[export]
            raise CallFailed(statuses[service["calls_without_adapter"] % len(statuses)])

    def _fault(self, export):
        """The fault that applies to this call, or None. Each fault counts the calls that match its export."""
        met = None
        for fault in self.state["faults"]:
            if fnmatch.fnmatchcase(export, fault["export"]):
                fault["seen"] += 1
                past = fault["seen"] - fault["nth"]
                if met is None and past >= 0 and (not fault["times"] or past < fault["times"]):
                    met = fault
        return met

    def _spend(self, milliseconds):
        self.spent += milliseconds

    def _settle(self):
        """Complete a hand-written state with what the service itself would have put there."""
        state = self.state
        free_isids = functools.cache(self._free_isids)
        for record in state["persistent_logins"]:
            self._fill_in_user_name(record["LoginOptions"])
            if record["isid"] is None:
                record["isid"] = next(free_isids(record["TargetName"].casefold()))
        for entry in state["target_portals"]:
            if entry["initiator_address"] is None:
                entry["initiator_address"] = self._port_address(entry["InitiatorName"], entry["InitiatorPortNumber"])
        if state["discovered_targets"] is None:
            state["discovered_targets"] = []
            if state["service"]["state"] == "running":
                self._discover_all()
                self.spent = 0
        numbers = [session["number"] for session in state["sessions"]]
        state["last_number"] = max([state["last_number"], *numbers])
        for session in state["sessions"]:
            if not session["number"]:
                session["number"] = self._next_number()
            if session["isid"] is None:
                session["isid"] = next(free_isids(session["target"].casefold()))
            if not session["connections"] and session["connected"]:
                portals = [session["portal"]] if session["portal"] else self.network.portals_of(session["target"])
                session["connections"] = [
                    self._connection(portal, session["initiator_port"], session["login_options"])
                    for portal in portals[:1]
                ]
            self.disks.attach(session)

    # -- helpers of several exports ------------------------------------------------------------------------------------

    @property
    def _node_name(self):
        default = "iqn.1991-05.com.microsoft:" + self.state["windows"]["hostname"].lower()
        return self.state["initiator"]["node_name"] or default

    @property
    def _mutual_secret(self):
        return self.state["initiator"]["mutual_chap_secret"]

    def _fill_in_user_name(self, options):
        """A login without a user name gets the node name, as if it had been specified (analyses of the service)."""
        if self.dialect["absent_user_name"] == "node_name" and not options["Username"]:
            options["Username"] = self._node_name.encode()
            options["InformationSpecified"] |= _USERNAME

    @property
    def adapters(self):
        """The initiator instances that exist. The first start of the service on a host creates them."""
        service = self.state["service"]
        exist = service["has_run"] and not service["calls_without_adapter"]
        return self.state["initiator"]["instances"] if exist else []

    def _named_instance(self, name):
        """The initiator instance of this name; without a name the first of all."""
        if not self.adapters:
            raise CallFailed(_NO_INSTANCE)
        found = next((instance for instance in self.adapters if not name or same(instance["name"], name)), None)
        if found is None:
            raise CallFailed(status.INITIATOR_NOT_FOUND)
        return found

    def _port_address(self, name, port):
        """The present IP address of an initiator port. None for any port, and for one that does not exist."""
        found = next((adapter for adapter in self.adapters if not name or same(adapter["name"], name)), None)
        return found["addresses"][port] if found and port < len(found["addresses"]) else None

    def _instance(self, name, port):
        """The initiator instance of a login. Without an instance, the port must be any (documented)."""
        if not name and port != ISCSI_ANY_INITIATOR_PORT:
            raise CallFailed(status.INVALID_PARAMETER)
        found = self._named_instance(name)
        if port != ISCSI_ANY_INITIATOR_PORT and port >= len(found["addresses"]):
            raise CallFailed(status.INVALID_PORT_NUMBER)
        return found

    @staticmethod
    def _check_chap(options, security_flags):
        specified = options["InformationSpecified"]
        offered = options["AuthType"] if specified & 0x80 else 0
        if offered > MUTUAL_CHAP:
            raise CallFailed(_LOGON_AUTH_TYPE)
        lengths = range(1, 17) if security_flags & _IPSEC else _SECRET_LENGTHS
        if offered >= CHAP and len(options["Password"] or b"") not in lengths:
            raise CallFailed(status.INVALID_TARGET_CHAP_SECRET)

    def _next_number(self):
        self.state["last_number"] += 1
        return self.state["last_number"]

    def _connection(self, portal, initiator_port, options):
        return {
            "number": self._next_number(),
            "portal": dict(portal),
            "initiator_port": initiator_port,
            "login_options": options,
        }

    def _session(self, given):
        found = next((session for session in self.state["sessions"] if self._session_id(session) == given), None)
        if found is None:
            raise CallFailed(status.INVALID_SESSION_ID)
        return found

    def _adapter_unique(self, instance):
        """A number like a kernel pointer (observed: PoshCode, Windows 7). It differs after each boot."""
        seed = zlib.crc32((f"{self.state['boots']}/{instance.lower()}").encode())
        narrow = self.state["windows"]["architecture"] == "x86"
        return 0x80000000 | seed & 0x7FFFFFF8 if narrow else 0xFFFF9F0000000000 | seed << 4

    def _session_id(self, session):
        return {
            "AdapterUnique": self._adapter_unique(session["initiator_instance"]),
            "AdapterSpecific": 0x4000013700000000 | session["number"],
        }

    def _connection_id(self, session, connection):
        return {
            "AdapterUnique": self._adapter_unique(session["initiator_instance"]),
            "AdapterSpecific": connection["number"],
        }
