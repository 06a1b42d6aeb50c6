# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Records of what is connected now: sessions, their connections and devices, and the mappings of their LUNs.

See :mod:`records` for what all records have in common.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..abi import codecs
from .plain import PRIVATE, Hex, shown_as


def session_id(raw: t.Any) -> str:
    """An ISCSI_UNIQUE_SESSION_ID as iscsicli writes it: two 64-bit numbers in hex."""
    return f"{raw.AdapterUnique:016x}-{raw.AdapterSpecific:016x}"


def guid(raw: t.Any) -> str:
    """A GUID in its usual braces."""
    tail = raw.Data4.hex()
    return f"{{{raw.Data1:08x}-{raw.Data2:04x}-{raw.Data3:04x}-{tail[:4]}-{tail[4:]}}}"


@dataclasses.dataclass
class Lun:
    """A logical unit of a mapping: the number Windows gave it, and the target's own number in the DLL's encoding."""

    os_lun: int
    target_lun: int


@dataclasses.dataclass
class Mapping:
    """ISCSI_TARGET_MAPPING: the SCSI bus and target numbers under which Windows shows a target."""

    initiator_instance: str
    target: str
    os_device_name: str
    bus: int
    target_number: int
    luns: t.List[Lun] = dataclasses.field(default_factory=list)
    session_id: t.Optional[str] = dataclasses.field(default=None, metadata=PRIVATE)

    @classmethod
    def of(cls, raw: t.Any) -> Mapping:
        return cls(
            raw.InitiatorName,
            raw.TargetName,
            raw.OSDeviceName,
            raw.OSBusNumber,
            raw.OSTargetNumber,
            [Lun(lun.OSLUN, lun.TargetLUN) for lun in raw.LUNList],
            session_id(raw.SessionId),
        )


@dataclasses.dataclass
class Connection:
    """A TCP connection of a session. Lengths in bytes."""

    target_address: t.Optional[str]
    target_port: int
    initiator_address: t.Optional[str]
    state: t.Optional[int] = None
    header_digest: t.Optional[int] = dataclasses.field(default=None, metadata=shown_as(codecs.DIGEST_TYPES))
    data_digest: t.Optional[int] = dataclasses.field(default=None, metadata=shown_as(codecs.DIGEST_TYPES))
    auth_type: t.Optional[int] = dataclasses.field(default=None, metadata=shown_as(codecs.AUTH_TYPES))
    max_recv_data_segment_length: t.Optional[int] = None
    initiator_tcp_port: t.Optional[int] = dataclasses.field(default=None, metadata=PRIVATE)
    connection_id: t.Optional[str] = dataclasses.field(default=None, metadata=PRIVATE)
    cid: t.Optional[bytes] = dataclasses.field(default=None, metadata=shown_as(Hex, private=True))

    @classmethod
    def of(cls, raw: t.Any, extended: t.Any = None) -> Connection:
        """From ISCSI_CONNECTION_INFO, and ISCSI_CONNECTION_INFO_EX where the host has it."""
        connection = cls(
            raw.TargetAddress,
            raw.TargetSocket,
            raw.InitiatorAddress,
            initiator_tcp_port=raw.InitiatorSocket,
            connection_id=session_id(raw.ConnectionId),
            cid=raw.CID,
        )
        if extended is not None:
            connection.state = extended.State
            connection.header_digest = extended.HeaderDigest
            connection.data_digest = extended.DataDigest
            connection.auth_type = extended.AuthType
            connection.max_recv_data_segment_length = extended.MaxRecvDataSegmentLength
        return connection


@dataclasses.dataclass
class Inquiry:
    """What SCSI says of a logical unit. Size in bytes; None where the unit did not answer."""

    os_lun: int
    target_lun: int
    vendor: t.Optional[str] = None
    product: t.Optional[str] = None
    revision: t.Optional[str] = None
    serial: t.Optional[str] = None
    identifiers: t.List[str] = dataclasses.field(default_factory=list)
    block_size: t.Optional[int] = None
    size: t.Optional[int] = None
    problem: t.Optional[str] = None


@dataclasses.dataclass
class Device:
    """ISCSI_DEVICE_ON_SESSION: a device that a session brought, by the names and numbers Windows has for it."""

    initiator_instance: str
    target: str
    device_interface_name: str
    legacy_name: str
    device_number: t.Optional[int]
    device_type: int
    partition_number: t.Optional[int]
    device_interface_type: str
    scsi_port: int
    scsi_bus: int
    scsi_target: int
    scsi_lun: int
    device_instance: t.Optional[int] = dataclasses.field(default=None, metadata=PRIVATE)

    @classmethod
    def of(cls, raw: t.Any) -> Device:
        number, address = raw.StorageDeviceNumber, raw.ScsiAddress
        return cls(
            raw.InitiatorName,
            raw.TargetName,
            raw.DeviceInterfaceName,
            raw.LegacyName,
            _number_or_none(number.DeviceNumber),
            number.DeviceType,
            _number_or_none(number.PartitionNumber),
            guid(raw.DeviceInterfaceType),
            address.PortNumber,
            address.PathId,
            address.TargetId,
            address.Lun,
            raw.DeviceInstance,
        )


def _number_or_none(number: int) -> t.Optional[int]:
    """Windows writes a number that it does not have with all bits set."""
    return None if number == 0xFFFFFFFF else number


@dataclasses.dataclass
class Session:
    """A live session. ``devices`` and ``luns`` are None where the host did not report them."""

    target: str
    initiator_node: t.Optional[str]
    connections: t.List[Connection] = dataclasses.field(default_factory=list)
    session_type: t.Optional[int] = None
    maximum_connections: t.Optional[int] = None
    error_recovery_level: t.Optional[int] = None
    initial_r2t: t.Optional[bool] = None
    immediate_data: t.Optional[bool] = None
    first_burst_length: t.Optional[int] = None
    max_burst_length: t.Optional[int] = None
    devices: t.Optional[t.List[Device]] = None
    luns: t.Optional[t.List[Inquiry]] = None
    session_id: t.Optional[str] = dataclasses.field(default=None, metadata=PRIVATE)
    isid: t.Optional[bytes] = dataclasses.field(default=None, metadata=shown_as(Hex, private=True))
    tsid: t.Optional[bytes] = dataclasses.field(default=None, metadata=shown_as(Hex, private=True))

    @classmethod
    def of(cls, raw: t.Any, extended: t.Any = None) -> Session:
        """From ISCSI_SESSION_INFO, and ISCSI_SESSION_INFO_EX where the host has it."""
        connections_ex = {session_id(each.ConnectionId): each for each in extended.Connections} if extended else {}
        session = cls(
            raw.TargetName or raw.TargetNodeName or "",
            raw.InitiatorName,
            [Connection.of(each, connections_ex.get(session_id(each.ConnectionId))) for each in raw.Connections],
            session_id=session_id(raw.SessionId),
            isid=raw.ISID,
            tsid=raw.TSID,
        )
        if extended is not None:
            session.session_type = extended.Type
            session.maximum_connections = extended.MaximumConnections
            session.error_recovery_level = extended.ErrorRecoveryLevel
            session.initial_r2t = bool(extended.InitialR2t)
            session.immediate_data = bool(extended.ImmediateData)
            session.first_burst_length = extended.FirstBurstLength
            session.max_burst_length = extended.MaxBurstLength
        return session

    @functools.cached_property
    def sort_key(self) -> t.Any:
        """Sorts sessions alike from run to run: what a reconnect changes only breaks ties."""
        paths = sorted(
            (each.target_address or "", each.target_port, each.initiator_address or "") for each in self.connections
        )
        disks = sorted(device.legacy_name for device in self.devices or ())
        lists_and_ids = ("connections", "devices", "luns", "session_id", "isid", "tsid")
        rest = [repr(getattr(self, each.name)) for each in dataclasses.fields(self) if each.name not in lists_and_ids]
        return self.target.lower(), paths, disks, rest, self.isid or b"", self.session_id or ""
