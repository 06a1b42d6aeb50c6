# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live sessions of the simulated initiator: connections, devices, mappings, SCSI."""

from __future__ import annotations

from ...module_utils.abi import status
from .errors import CallFailed
from .exports import export
from .network import canonical, same
from .units import GOOD
from .wording import stored_options

_LAST, _LEADING, _CONNECTION_ID = (
    status.by_name(symbol).value
    for symbol in (
        "ISDSC_CANT_REMOVE_LAST_CONNECTION",
        "ISDSC_CANNOT_REMOVE_LEADING_CONNECTION",
        "ISDSC_INVALID_CONNECTION_ID",
    )
)
_WMI_GUID_NOT_FOUND = 4200  # winerror.h
_ISID = bytes.fromhex("40000137")  # of Microsoft's initiator; the qualifier follows
_FULL_FEATURE = 2  # ISCSI_CONNECTION_INFO_EX.State, as RFC 7143 names it


class Sessions:
    """Part of the service; see service.Service."""

    @export("AddIScsiConnectionW")
    def _add_connection(self, given):
        session, options = self._session(given["UniqueSessionId"]), stored_options(given["LoginOptions"])
        self._check_chap(options, given["SecurityFlags"])
        self._instance(session["initiator_instance"], given["InitiatorPortNumber"])
        portal = given["TargetPortal"]
        if not portal or not portal["Address"]:
            portal = session["portal"]
        self._let_in(session["target"], [portal] if portal else [], options)
        connection = self._connection(portal, given["InitiatorPortNumber"], options)
        session["connections"].append(connection)
        return {"UniqueConnectionId": self._connection_id(session, connection)}

    @export("RemoveIScsiConnection")
    def _remove_connection(self, given):
        session = self._session(given["UniqueSessionId"])
        numbers = [self._connection_id(session, connection) for connection in session["connections"]]
        if given["ConnectionId"] not in numbers:
            raise CallFailed(_CONNECTION_ID)
        if len(numbers) == 1:
            raise CallFailed(_LAST)
        if given["ConnectionId"] == numbers[0]:
            raise CallFailed(_LEADING)
        del session["connections"][numbers.index(given["ConnectionId"])]

    @export("LogoutIScsiTarget")
    def _logout(self, given):
        session = self._session(given["UniqueSessionId"])
        if self.disks.in_use(session):
            raise CallFailed(status.DEVICE_BUSY_ON_SESSION)
        self.state["sessions"].remove(session)

    @export("GetIScsiSessionListW")
    def _session_list(self, given):
        """InitiatorName is the node name, and TargetNodeName is null (observed: os-win, PoshCode).

        A session has no connections while it reconnects. Without an adapter the status of WMI comes through.
        """
        if not self.adapters:
            raise CallFailed(_WMI_GUID_NOT_FOUND)
        return {
            "SessionInfo": [
                {
                    "SessionId": self._session_id(session),
                    "InitiatorName": self.wording.name(self._node_name),
                    "TargetNodeName": None,
                    "TargetName": self.wording.name(session["target"]),
                    "ISID": _ISID + session["isid"].to_bytes(2, "big"),
                    "TSID": session["number"].to_bytes(4, "big")[2:],
                    "Connections": [
                        self._connection_info(session, index, connection)
                        for index, connection in enumerate(self._up(session))
                    ],
                }
                for session in self.state["sessions"]
            ]
        }

    @export("GetIScsiSessionListEx")
    def _session_list_ex(self, given):
        return {
            "SessionInfo": [
                {
                    "SessionId": self._session_id(session),
                    "InitialR2t": 0,
                    "ImmediateData": 1,
                    "Type": session["session_type"],
                    "DataSequenceInOrder": 1,
                    "DataPduInOrder": 1,
                    "ErrorRecoveryLevel": 0,
                    "MaxOutstandingR2t": 1,
                    "FirstBurstLength": 65536,
                    "MaxBurstLength": 262144,
                    "MaximumConnections": session["login_options"]["MaximumConnections"] or 1,
                    "Connections": [self._connection_info_ex(session, connection) for connection in self._up(session)],
                }
                for session in self.state["sessions"]
            ]
        }

    def _up(self, session):
        return [
            connection
            for connection in session["connections"]
            if session["connected"] and self.network.answering(session["target"], connection)
        ]

    def _connection_info(self, session, index, connection):
        addresses = next(
            (
                instance["addresses"]
                for instance in self.state["initiator"]["instances"]
                if same(instance["name"], session["initiator_instance"])
            ),
            [],
        )
        port = connection["initiator_port"]
        # observed: PoshCode, 0.0.0.0/58847
        unbound = "::" if ":" in canonical(connection["portal"]["Address"]) else "0.0.0.0"
        return {
            "ConnectionId": self._connection_id(session, connection),
            "InitiatorAddress": self.wording.address(addresses[port]) if port < len(addresses) else unbound,
            "TargetAddress": self.wording.address(connection["portal"]["Address"]),
            "InitiatorSocket": 49152 + connection["number"] * 7 % 16384,
            "TargetSocket": connection["portal"]["Socket"],
            "CID": index.to_bytes(2, "big"),
        }

    def _connection_info_ex(self, session, connection):
        options = connection["login_options"]
        return {
            "ConnectionId": self._connection_id(session, connection),
            "State": _FULL_FEATURE,
            "Protocol": 0,
            "HeaderDigest": options["HeaderDigest"],
            "DataDigest": options["DataDigest"],
            "MaxRecvDataSegmentLength": 65536,
            "AuthType": options["AuthType"],
            "EstimatedThroughput": 0,
            "MaxDatagramSize": 0,
        }

    @export("GetDevicesForIScsiSessionW")
    def _devices(self, given):
        return {"Devices": self.disks.devices(self._session(given["UniqueSessionId"]), self.wording)}

    @export("ReportActiveIScsiTargetMappingsW")
    def _mappings(self, given):
        found = [
            self.disks.mapping(session, self._session_id(session), self.wording) for session in self.state["sessions"]
        ]
        return {"Mappings": [mapping for mapping in found if mapping]}

    @export("SendScsiInquiry")
    def _inquiry(self, given):
        return self._scsi_reply(self._units(given).inquiry(given["Lun"], given["EvpdCmddt"], given["PageCode"]))

    @export("SendScsiReadCapacity")
    def _read_capacity(self, given):
        return self._scsi_reply(self._units(given).read_capacity(given["Lun"]))

    @export("SendScsiReportLuns")
    def _report_luns(self, given):
        return self._scsi_reply(self._units(given).report_luns())

    def _units(self, given):
        return self.disks.units(self._session(given["UniqueSessionId"]))

    @staticmethod
    def _scsi_reply(answer):
        """The status and the outputs of a SendScsi... call."""
        code = status.SUCCESS if answer.scsi_status == GOOD else status.by_name("ISDSC_SCSI_REQUEST_FAILED").value
        return code, {"ScsiStatus": answer.scsi_status, "ResponseBuffer": answer.response, "SenseBuffer": answer.sense}
