# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logical units of a modelled target: their identities, and their answers to SCSI commands."""

from __future__ import annotations

import collections
import hashlib

from ...module_utils.client import scsi

GOOD, CHECK_CONDITION = 0x00, 0x02  # SCSI statuses (SAM-5)
_NO_SUCH_LUN, _INVALID_FIELD = (0x25, 0x00), (0x24, 0x00)  # additional sense codes (SPC-4)

Answer = collections.namedtuple("Answer", "scsi_status response sense")


def wire_lun(number):
    """A LUN in the form of the DLL: the eight bytes of the SCSI LUN as one little-endian number."""
    return int.from_bytes(scsi.encode_report_luns([number])[8:16], "little")


def lun_identity(target, lun):
    """The NAA identifier of a LUN as hex digits. If the file has none, it is made up from target and number."""
    made_up = hashlib.sha256((f"{target['iqn'].lower()}/{lun['lun']}").encode()).hexdigest()
    return (lun["naa"] or "6" + made_up[:31]).lower()


def serial_number(target, lun):
    return lun["serial"] if lun["serial"] is not None else lun_identity(target, lun)[-12:].upper()


class ModelledUnits:
    """The answers of a target in the state file. LUNs are numbers in the form of the DLL."""

    def __init__(self, target):
        self._target = target

    def inquiry(self, lun_number, vpd, page):
        lun = self._lun(lun_number)
        if lun is None:
            return _illegal(_NO_SUCH_LUN)
        pages = {
            0x00: lambda: scsi.encode_supported_pages([0x00, 0x80, 0x83]),
            0x80: lambda: scsi.encode_unit_serial_number(serial_number(self._target, lun)),
            0x83: lambda: scsi.encode_device_identification(
                [scsi.designator("naa." + lun_identity(self._target, lun))]
            ),
        }
        if vpd & 1:
            return _good(pages[page]()) if page in pages else _illegal(_INVALID_FIELD)
        if page:
            return _illegal(_INVALID_FIELD)
        return _good(scsi.encode_standard_inquiry(scsi.StandardInquiry(lun["vendor"], lun["product"], lun["revision"])))

    def read_capacity(self, lun_number):
        lun = self._lun(lun_number)
        if lun is None:
            return _illegal(_NO_SUCH_LUN)
        return _good(scsi.encode_read_capacity(scsi.Capacity(lun["size"] // lun["block_size"], lun["block_size"])))

    def report_luns(self):
        return _good(scsi.encode_report_luns(sorted(lun["lun"] for lun in self._target["luns"])))

    def _lun(self, number):
        return next((lun for lun in self._target["luns"] if wire_lun(lun["lun"]) == number), None)


def _good(response):
    return Answer(GOOD, response, b"")


def _illegal(sense_code):
    return Answer(CHECK_CONDITION, b"", scsi.encode_sense(scsi.Sense("illegal_request", *sense_code)))
