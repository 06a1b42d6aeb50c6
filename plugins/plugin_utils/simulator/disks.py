# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks of the sessions of a simulated host: numbers, names and mappings."""

from __future__ import annotations

import re
import zlib

from ...module_utils.abi import status
from .errors import CallFailed
from .network import MULTIPATH_ENABLED, same
from .units import lun_identity, wire_lun

_DISK_INTERFACE = {"Data1": 0x53F56307, "Data2": 0xB6BF, "Data3": 0x11D0, "Data4": bytes.fromhex("94f200a0c91efb8b")}
_DISK_GUID = "{53f56307-b6bf-11d0-94f2-00a0c91efb8b}"
_FILE_DEVICE_DISK = 7


def volume_names(lun):
    """Names under which the volumes of a LUN can be bound."""
    names = (volume["path"] or (f"{volume['letter']}:\\" if volume["letter"] else None) for volume in lun["volumes"])
    return [name for name in names if name]


class Disks:
    """The disks of all sessions. If MPIO claims them, all paths to one LUN are one disk."""

    def __init__(self, state, network):
        self._state, self._network = state, network

    def target(self, session):
        """The target of a session. None while the session has no connection."""
        return next((target for _connection, target in self._answers(session)), None)

    def units(self, session):
        """The logical units that answer the SCSI commands of a session."""
        for connection, _target in self._answers(session):
            return self._network.units(session["target"], connection)
        raise CallFailed(status.by_name("ISDSC_NO_CONNECTION_AVAILABLE").value)

    def _answers(self, session):
        """(connection, target) for each connection that is up."""
        for connection in session["connections"] if session["connected"] else ():
            target = self._network.answering(session["target"], connection)
            if target:
                yield connection, target

    def attach(self, session):
        """Number the disks of a session: with MPIO the number of another path, otherwise the lowest free number."""
        target = self.target(session)
        for lun in target["luns"] if target and not session["session_type"] else ():
            if str(lun["lun"]) not in session["disks"]:
                session["disks"][str(lun["lun"])] = self._number(session, target, lun)

    def in_use(self, session):
        """Whether a disk in use prevents a logout. With MPIO, it does not if the disk has another path."""
        target = self.target(session)
        return session["in_use"] or any(
            lun["in_use"] and not self._has_other_path(session, target, lun) for lun in self._luns(session, target)
        )

    def devices(self, session, wording):
        """[ISCSI_DEVICE_ON_SESSION, ...]"""
        target = self.target(session)
        return [self._device(session, target, lun, wording) for lun in self._luns(session, target)]

    def mapping(self, session, session_id, wording):
        """The ISCSI_TARGET_MAPPING of a session, or None if it has no LUNs."""
        luns = self._luns(session, self.target(session))
        if not luns:
            return None
        port, bus, number = self._place(session)
        return {
            "InitiatorName": wording.name(session["initiator_instance"]),
            "TargetName": wording.name(session["target"]),
            "OSDeviceName": f"\\Device\\RaidPort{port}",
            "SessionId": session_id,
            "OSBusNumber": bus,
            "OSTargetNumber": number,
            "LUNList": [{"OSLUN": lun["lun"], "TargetLUN": wire_lun(lun["lun"])} for lun in luns],
        }

    def paths(self):
        """Every name by which a disk of a session can be bound: {lower-case path: session}."""
        return {name: session for names, session, _lun in self._names() for name in names}

    def _names(self):
        """(names in lower case, session, LUN) of each disk of a session."""
        for session, target, lun in self.attached():
            number = session["disks"][str(lun["lun"])]
            names = [self._interface_name(session, target, lun), f"\\\\.\\PhysicalDrive{number}", *volume_names(lun)]
            yield [name.lower() for name in names], session, lun

    def volumes(self, wanted):
        """What binding all volumes binds: the volumes of each disk, or the disk itself if it has none.

        ``wanted(IQN)``: whether disks of this target count.
        """
        found = []
        for session, target, lun in self.attached():
            if wanted(session["target"]):
                found.extend(volume_names(lun) or [self._interface_name(session, target, lun)])
        return list(dict.fromkeys(found))

    def volumes_of(self, path):
        """The volumes of the disk that has this name."""
        return next((volume_names(lun) for names, _session, lun in self._names() if path.lower() in names), [])

    def _luns(self, session, target):
        return [lun for lun in target["luns"] if str(lun["lun"]) in session["disks"]] if target else []

    def _number(self, session, target, lun):
        if self._state["mpio"]["claimed"]:
            for other, its_target, its_lun in self.attached():
                if other is not session and lun_identity(its_target, its_lun) == lun_identity(target, lun):
                    return other["disks"][str(its_lun["lun"])]
        taken = {number for other in [session, *self._state["sessions"]] for number in other["disks"].values()}
        # 0 is the system disk
        return next(number for number in range(1, 1 << 16) if number not in taken)

    def _has_other_path(self, session, target, lun):
        return self._state["mpio"]["claimed"] and any(
            other is not session and lun_identity(its_target, its_lun) == lun_identity(target, lun)
            for other, its_target, its_lun in self.attached()
        )

    def attached(self):
        """(session, target, LUN) of each disk of each session."""
        for session in self._state["sessions"]:
            target = self.target(session)
            for lun in self._luns(session, target):
                yield session, target, lun

    def _place(self, session):
        """(SCSI port, bus, target number) of a session."""
        names = [instance["name"] for instance in self._state["initiator"]["instances"]]
        index = next((index for index, name in enumerate(names) if same(name, session["initiator_instance"])), 0)
        return 2 + index, 0, (session["number"] - 1) & 0xFF

    def _device(self, session, target, lun, wording):
        number = session["disks"][str(lun["lun"])]
        port, bus, place = self._place(session)
        return {
            "InitiatorName": wording.name(session["initiator_instance"]),
            "TargetName": wording.name(session["target"]),
            "ScsiAddress": {
                "Length": 8,
                "PortNumber": port,
                "PathId": bus,
                "TargetId": place,
                "Lun": lun["lun"] & 0xFF,
            },
            "DeviceInterfaceType": _DISK_INTERFACE,
            "DeviceInterfaceName": self._interface_name(session, target, lun),
            "LegacyName": f"\\\\.\\PhysicalDrive{number}",
            "StorageDeviceNumber": {"DeviceType": _FILE_DEVICE_DISK, "DeviceNumber": number, "PartitionNumber": 0},
            "DeviceInstance": 0x1000 + number,
        }

    def _interface_name(self, session, target, lun):
        vendor, product, revision = [
            re.sub(r"[^a-z0-9._-]", "_", lun[name].lower()) for name in ("vendor", "product", "revision")
        ]
        if self._state["mpio"]["claimed"] and session["login_options"]["LoginFlags"] & MULTIPATH_ENABLED:
            digits = lun_identity(target, lun).encode().hex()
            return f"\\\\?\\mpio#disk&ven_{vendor}&prod_{product}&rev_{revision}#1&7f6ac24&0&{digits}#{_DISK_GUID}"
        _port, bus, place = self._place(session)
        parent = zlib.crc32(session["initiator_instance"].lower().encode())
        return "\\\\?\\scsi#disk&ven_{}&prod_{}#5&{:x}&0&{:02x}{:02x}{:02x}#{}".format(
            vendor, product, parent, bus, place, lun["lun"] & 0xFF, _DISK_GUID
        )
