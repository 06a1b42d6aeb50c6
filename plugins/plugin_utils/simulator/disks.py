# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks behind the sessions of a simulated host: their numbers, names, mappings and SCSI answers."""

from __future__ import annotations

import hashlib
import re
import zlib

from ...module_utils import scsi, status
from .network import MULTIPATH_ENABLED, Refused, same

_DISK_INTERFACE = {"Data1": 0x53F56307, "Data2": 0xB6BF, "Data3": 0x11D0, "Data4": bytes.fromhex("94f200a0c91efb8b")}
_DISK_GUID = "{53f56307-b6bf-11d0-94f2-00a0c91efb8b}"
_FILE_DEVICE_DISK = 7
_GOOD, _CHECK_CONDITION = 0x00, 0x02
_NO_SUCH_LUN, _INVALID_FIELD = (0x25, 0x00), (0x24, 0x00)  # additional sense codes


def wire_lun(number):
    """A LUN as the DLL has it: the eight bytes of the SCSI LUN as one little-endian number."""
    return int.from_bytes(scsi.encode_report_luns([number])[8:16], "little")


def lun_identity(target, lun):
    """The NAA identifier of a LUN as hex digits; made up from its target and number where the file gives none."""
    made_up = hashlib.sha256(("%s/%d" % (target["iqn"].lower(), lun["lun"])).encode()).hexdigest()
    return (lun["naa"] or "6" + made_up[:31]).lower()


def serial_number(target, lun):
    return lun["serial"] if lun["serial"] is not None else lun_identity(target, lun)[-12:].upper()


class Disks:
    """The disks of all sessions. With MPIO claimed, the paths to one LUN are one disk."""

    def __init__(self, state, network):
        self._state, self._network = state, network

    def target(self, session):
        """The target of a session with a connection that is up; None while it is reconnecting."""
        found = [self._network.answering(session["target"], connection["portal"])
                 for connection in session["connections"]]
        return next((target for target in found if target), None) if session["connected"] else None

    def attach(self, session):
        """Give the LUNs of a session their disk numbers: that of another path under MPIO, else the lowest free one."""
        target = self.target(session)
        for lun in target["luns"] if target and not session["session_type"] else ():
            if str(lun["lun"]) not in session["disks"]:
                session["disks"][str(lun["lun"])] = self._number(session, target, lun)

    def in_use(self, session):
        """Whether a disk in use keeps the session from being logged out; with MPIO another path to it will do."""
        target = self.target(session)
        return session["in_use"] or any(lun["in_use"] and not self._has_other_path(session, target, lun)
                                        for lun in self._luns(session, target))

    def devices(self, session, wording):
        """[ISCSI_DEVICE_ON_SESSION, ...]"""
        target = self.target(session)
        return [self._device(session, target, lun, wording) for lun in self._luns(session, target)]

    def mapping(self, session, session_id, wording):
        """The ISCSI_TARGET_MAPPING of a session, or None without LUNs."""
        luns = self._luns(session, self.target(session))
        if not luns:
            return None
        port, bus, number = self._place(session)
        return {
            "InitiatorName": wording.name(session["initiator_instance"]), "TargetName": wording.name(session["target"]),
            "OSDeviceName": "\\Device\\RaidPort%d" % port, "SessionId": session_id, "OSBusNumber": bus,
            "OSTargetNumber": number,
            "LUNList": [{"OSLUN": lun["lun"], "TargetLUN": wire_lun(lun["lun"])} for lun in luns],
        }

    def paths(self):
        """Every name under which a disk of a session can be bound: {lower-case path: session}."""
        found = {}
        for session in self._state["sessions"]:
            target = self.target(session)
            for lun in self._luns(session, target):
                number = session["disks"][str(lun["lun"])]
                names = [self._interface_name(session, target, lun), "\\\\.\\PhysicalDrive%d" % number, *lun["volumes"]]
                found.update({name.lower(): session for name in names})
        return found

    def volumes(self):
        """Volumes on disks of sessions, else the disks' own names: what binding all of them binds."""
        found = []
        for session in self._state["sessions"]:
            target = self.target(session)
            for lun in self._luns(session, target):
                found.extend(lun["volumes"] or [self._interface_name(session, target, lun)])
        return list(dict.fromkeys(found))

    def _luns(self, session, target):
        return [lun for lun in target["luns"] if str(lun["lun"]) in session["disks"]] if target else []

    def _number(self, session, target, lun):
        if self._state["mpio"]["claimed"]:
            for other, its_target, its_lun in self._everything():
                if other is not session and lun_identity(its_target, its_lun) == lun_identity(target, lun):
                    return other["disks"][str(its_lun["lun"])]
        taken = {number for other in [session, *self._state["sessions"]] for number in other["disks"].values()}
        # 0 is the disk that Windows runs from
        return next(number for number in range(1, 1 << 16) if number not in taken)

    def _has_other_path(self, session, target, lun):
        return self._state["mpio"]["claimed"] and any(
            other is not session and lun_identity(its_target, its_lun) == lun_identity(target, lun)
            for other, its_target, its_lun in self._everything())

    def _everything(self):
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
            "InitiatorName": wording.name(session["initiator_instance"]), "TargetName": wording.name(session["target"]),
            "ScsiAddress": {"Length": 8, "PortNumber": port, "PathId": bus, "TargetId": place,
                            "Lun": lun["lun"] & 0xFF},
            "DeviceInterfaceType": _DISK_INTERFACE, "DeviceInterfaceName": self._interface_name(session, target, lun),
            "LegacyName": "\\\\.\\PhysicalDrive%d" % number,
            "StorageDeviceNumber": {"DeviceType": _FILE_DEVICE_DISK, "DeviceNumber": number, "PartitionNumber": 0},
            "DeviceInstance": 0x1000 + number,
        }

    def _interface_name(self, session, target, lun):
        vendor, product, revision = [re.sub(r"[^a-z0-9._-]", "_", lun[name].lower())
                                     for name in ("vendor", "product", "revision")]
        if self._state["mpio"]["claimed"] and session["login_options"]["LoginFlags"] & MULTIPATH_ENABLED:
            digits = lun_identity(target, lun).encode().hex()
            return "\\\\?\\mpio#disk&ven_%s&prod_%s&rev_%s#1&7f6ac24&0&%s#%s" % (vendor, product, revision, digits,
                                                                                 _DISK_GUID)
        _port, bus, place = self._place(session)
        parent = zlib.crc32(session["initiator_instance"].lower().encode())
        return "\\\\?\\scsi#disk&ven_%s&prod_%s#5&%x&0&%02x%02x%02x#%s" % (vendor, product, parent, bus, place,
                                                                           lun["lun"] & 0xFF, _DISK_GUID)

    # -- SCSI ----------------------------------------------------------------------------------------------------------

    def inquiry(self, session, lun_number, vpd, page):
        """(response, sense code or None) of INQUIRY."""
        target, lun = self._unit(session, lun_number)
        if lun is None:
            return b"", _NO_SUCH_LUN
        pages = {
            0x00: lambda: scsi.encode_supported_pages([0x00, 0x80, 0x83]),
            0x80: lambda: scsi.encode_unit_serial_number(serial_number(target, lun)),
            0x83: lambda: scsi.encode_device_identification([scsi.designator("naa." + lun_identity(target, lun))]),
        }
        if vpd & 1:
            return (pages[page](), None) if page in pages else (b"", _INVALID_FIELD)
        if page:
            return b"", _INVALID_FIELD
        return scsi.encode_standard_inquiry(scsi.StandardInquiry(lun["vendor"], lun["product"], lun["revision"])), None

    def read_capacity(self, session, lun_number):
        _target, lun = self._unit(session, lun_number)
        if lun is None:
            return b"", _NO_SUCH_LUN
        return scsi.encode_read_capacity(scsi.Capacity(lun["size"] // lun["block_size"], lun["block_size"])), None

    def report_luns(self, session):
        target, _lun = self._unit(session, 0)
        return scsi.encode_report_luns(sorted(lun["lun"] for lun in target["luns"])), None

    def _unit(self, session, lun_number):
        target = self.target(session)
        if target is None:
            raise Refused(status.by_name("ISDSC_NO_CONNECTION_AVAILABLE").value)
        return target, next((lun for lun in target["luns"] if wire_lun(lun["lun"]) == lun_number), None)


def scsi_reply(response, sense_code):
    """What SendScsi... gives: the status of the call and its outputs."""
    if sense_code is None:
        return status.SUCCESS, {"ScsiStatus": _GOOD, "ResponseBuffer": response, "SenseBuffer": b""}
    sense = scsi.encode_sense(scsi.Sense("illegal_request", *sense_code))
    return (status.by_name("ISDSC_SCSI_REQUEST_FAILED").value,
            {"ScsiStatus": _CHECK_CONDITION, "ResponseBuffer": b"", "SenseBuffer": sense})
