# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Asking every logical unit of the active mappings who it is: vendor, serial number, identifiers, capacity.

Only the DLL's own TargetLUN values go back to it. A unit that does not answer, or not as SCSI wants it, keeps what
else is known of it and says why in its ``problem``.
"""

from __future__ import annotations

import typing as t

from ..abi.structures import ISCSI_TARGET_MAPPING, SCSI_LUN_LIST
from ..model import records
from . import scsi
from .builder import BUSY, Builder, Replies, Reply

Inquiries = t.Dict[str, t.List[records.Inquiry]]  # by session id
_Take = t.Callable[[records.Inquiry, bytes], None]


def _inquiry(unit: records.Inquiry, data: bytes) -> None:
    inquiry = scsi.standard_inquiry(data)
    unit.vendor, unit.product, unit.revision = inquiry.vendor, inquiry.product, inquiry.revision


def _serial(unit: records.Inquiry, data: bytes) -> None:
    unit.serial = scsi.unit_serial_number(data)


def _identifiers(unit: records.Inquiry, data: bytes) -> None:
    unit.identifiers = sorted(
        {found.text for found in scsi.device_identification(data) if found.association == "logical_unit"}
    )


def _capacity(unit: records.Inquiry, data: bytes) -> None:
    capacity = scsi.read_capacity(data)
    unit.block_size, unit.size = capacity.block_length, capacity.size


_QUESTIONS: t.Tuple[
    t.Tuple[str, t.Dict[str, t.Any], _Take], ...
] = (  # export, its own arguments, the reader of its response
    ("SendScsiInquiry", {"EvpdCmddt": 0, "PageCode": 0x00}, _inquiry),
    ("SendScsiInquiry", {"EvpdCmddt": 1, "PageCode": 0x80}, _serial),
    ("SendScsiInquiry", {"EvpdCmddt": 1, "PageCode": 0x83}, _identifiers),
    ("SendScsiReadCapacity", {}, _capacity),
)


def logical_units(builder: Builder) -> t.Callable[[Replies], Inquiries]:
    """Add the calls that ask each unit; the decoder of their answers."""
    mapped = builder.call("ReportActiveIScsiTargetMappingsW", retry=BUSY)
    each = builder.inner(builder.items(mapped, "Mappings"), ISCSI_TARGET_MAPPING, "LUNList")
    session = builder.item(0, ISCSI_TARGET_MAPPING, "SessionId")
    lun = builder.load(1, SCSI_LUN_LIST, "TargetLUN")
    asked = [
        (take, builder.call(export, each=each, UniqueSessionId=session, Lun=lun, **own))
        for export, own, take in _QUESTIONS
    ]

    def decode(replies: Replies) -> Inquiries:
        found: Inquiries = {}
        units: t.Dict[t.Tuple[int, ...], records.Inquiry] = {}
        for index, raw in enumerate(replies.require(mapped)["Mappings"]):
            mapping = records.Mapping.of(raw)
            for number, lun in enumerate(mapping.luns):
                unit = units[index, number] = records.Inquiry(lun.os_lun, lun.target_lun)
                found.setdefault(mapping.session_id or "", []).append(unit)
        for take, handle in asked:
            for reply in replies.each(handle):
                _answer(units[reply.items], take, reply)
        return found

    return decode


def _answer(unit: records.Inquiry, take: _Take, reply: Reply) -> None:
    """Put a SCSI response into the unit's record, or say why there is none."""
    code, export = reply["ScsiStatus"], reply.handle.function.name
    if not reply.status.ok:
        unit.problem = unit.problem or f"{export}: {reply.status.describe()}"
    elif code:
        unit.problem = unit.problem or f"{export}: SCSI status 0x{code:02x}{_sense(reply['SenseBuffer'])}"
    else:
        try:
            take(unit, reply["ResponseBuffer"])
        except scsi.ScsiError as error:
            unit.problem = unit.problem or str(error)


def _sense(data: bytes) -> str:
    try:
        return ", " + scsi.sense(data).text
    except scsi.ScsiError:
        return ""
