# Copyright: (c) 2026, winstorage.iscsi contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The numbers in SCSI responses and their names: SPC-4 (inquiry, VPD pages, sense data) and SAM-5 (LUNs, statuses)."""

from __future__ import annotations

import typing as t

from ..abi import codecs

STATUSES = codecs.Enum(
    "SCSI status",
    {
        "good": (0x00, "GOOD"),
        "check_condition": (0x02, "CHECK CONDITION"),
        "condition_met": (0x04, "CONDITION MET"),
        "busy": (0x08, "BUSY"),
        "reservation_conflict": (0x18, "RESERVATION CONFLICT"),
        "task_set_full": (0x28, "TASK SET FULL"),
        "aca_active": (0x30, "ACA ACTIVE"),
        "task_aborted": (0x40, "TASK ABORTED"),
    },
    width=8,
)


def _enum(title: str, width: int, *names: t.Optional[str]) -> codecs.Enum:
    """An enumeration of consecutive values from 0; None leaves a value without a name."""
    return codecs.Enum(title, {name: (value, name) for value, name in enumerate(names) if name}, width)


DEVICE_TYPES = _enum(
    "PERIPHERAL DEVICE TYPE",
    5,
    "disk",
    "tape",
    "printer",
    "processor",
    "write_once",
    "cd_dvd",
    None,
    "optical_memory",
    "media_changer",
    None,
    None,
    None,
    "storage_array_controller",
    "enclosure",
    "simplified_disk",
)
QUALIFIERS = _enum("PERIPHERAL QUALIFIER", 3, "connected", "not_connected", None, "not_supported")
ASSOCIATIONS = _enum("ASSOCIATION", 2, "logical_unit", "target_port", "target_device")
CODE_SETS = _enum("CODE SET", 4, None, "binary", "ascii", "utf8")
DESIGNATOR_TYPES = _enum(
    "DESIGNATOR TYPE",
    4,
    "vendor_specific",
    "t10_vendor_id",
    "eui64",
    "naa",
    "relative_target_port",
    "target_port_group",
    "logical_unit_group",
    "md5",
    "scsi_name_string",
    "protocol_specific_port",
)
ADDRESSING = _enum("LUN addressing method", 2, "peripheral", "flat", "logical_unit", "extended")
SENSE_KEYS = _enum(
    "SENSE KEY",
    4,
    "no_sense",
    "recovered_error",
    "not_ready",
    "medium_error",
    "hardware_error",
    "illegal_request",
    "unit_attention",
    "data_protect",
    "blank_check",
    "vendor_specific",
    "copy_aborted",
    "aborted_command",
    None,
    "volume_overflow",
    "miscompare",
    "completed",
)

# (ASC, ASCQ) of the conditions that a disk behind iSCSI usually reports.
SENSE_TEXTS: t.Dict[t.Tuple[int, int], str] = {
    (0x00, 0x00): "no additional sense information",
    (0x04, 0x00): "logical unit not ready, cause not reportable",
    (0x04, 0x01): "logical unit is in process of becoming ready",
    (0x04, 0x02): "logical unit not ready, initializing command required",
    (0x04, 0x03): "logical unit not ready, manual intervention required",
    (0x04, 0x0A): "logical unit not accessible, asymmetric access state transition",
    (0x04, 0x0B): "logical unit not accessible, target port in standby state",
    (0x04, 0x0C): "logical unit not accessible, target port in unavailable state",
    (0x08, 0x00): "logical unit communication failure",
    (0x0C, 0x00): "write error",
    (0x11, 0x00): "unrecovered read error",
    (0x1A, 0x00): "parameter list length error",
    (0x20, 0x00): "invalid command operation code",
    (0x21, 0x00): "logical block address out of range",
    (0x24, 0x00): "invalid field in CDB",
    (0x25, 0x00): "logical unit not supported",
    (0x26, 0x00): "invalid field in parameter list",
    (0x27, 0x00): "write protected",
    (0x27, 0x07): "space allocation failed, write protected (thin pool full)",
    (0x29, 0x00): "power on, reset, or bus device reset occurred",
    (0x2A, 0x01): "mode parameters changed",
    (0x2A, 0x06): "asymmetric access state changed",
    (0x2A, 0x09): "capacity data has changed",
    (0x3A, 0x00): "medium not present",
    (0x3F, 0x03): "inquiry data has changed",
    (0x3F, 0x0E): "reported LUNs data has changed",
    (0x44, 0x00): "internal target failure",
    (0x4B, 0x00): "data phase error",
}
