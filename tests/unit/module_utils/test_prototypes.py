# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The prototypes' own consistency. That they are those of the DLL is judged in tests/proof, against C and C#."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import prototypes as f
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import structures as s

ROOT = Path(__file__).parents[3]

# The exports of iscsidsc.dll 10.0.19041.1 (the W form of each pair), without DllMain.
EXPORTS = """
AddISNSServerW AddIScsiConnectionW AddIScsiSendTargetPortalW AddIScsiStaticTargetW AddPersistentIScsiDeviceW
AddRadiusServerW ClearPersistentIScsiDevices GetDevicesForIScsiSessionW GetIScsiIKEInfoW GetIScsiInitiatorNodeNameW
GetIScsiSessionListEx GetIScsiSessionListW GetIScsiTargetInformationW GetIScsiVersionInformation LoginIScsiTargetW
LogoutIScsiTarget RefreshISNSServerW RefreshIScsiSendTargetPortalW RemoveISNSServerW RemoveIScsiConnection
RemoveIScsiPersistentTargetW RemoveIScsiSendTargetPortalW RemoveIScsiStaticTargetW RemovePersistentIScsiDeviceW
RemoveRadiusServerW ReportActiveIScsiTargetMappingsW ReportISNSServerListW ReportIScsiInitiatorListW
ReportIScsiPersistentLoginsW ReportIScsiSendTargetPortalsExW ReportIScsiSendTargetPortalsW ReportIScsiTargetPortalsW
ReportIScsiTargetsW ReportPersistentIScsiDevicesW ReportRadiusServerListW SendScsiInquiry SendScsiReadCapacity
SendScsiReportLuns SetIScsiGroupPresharedKey SetIScsiIKEInfoW SetIScsiInitiatorCHAPSharedSecret
SetIScsiInitiatorNodeNameW SetIScsiInitiatorRADIUSSharedSecret SetIScsiTunnelModeOuterAddressW
SetupPersistentIScsiDevices SetupPersistentIScsiVolumes
"""

each = pytest.mark.parametrize("function", f.CALLABLE.values(), ids=f.CALLABLE)


def test_every_export_is_bound():
    assert sorted(f.FUNCTIONS) == sorted(EXPORTS.split())


@each
def test_arguments_are_named_once_and_refer_to_arguments_that_exist(function):
    names = [argument.name for argument in function.arguments]
    assert len(set(names)) == len(names)
    for argument in function.arguments:
        assert argument.of is None or argument.of in names
        assert argument.count is None or argument.count in names


@each
def test_every_buffer_of_unknown_length_has_a_size_in_a_unit_that_it_can_have(function):
    for argument in function.arguments:
        size = function.size_of(argument.name)
        if argument.kind in (f.ARRAY, f.LIST):
            assert size.unit in (("bytes", "elements") if argument.kind is f.ARRAY else ("chars",))
        elif argument.kind is f.BYTES and argument.out:
            assert size.unit == "bytes"
        elif argument.kind is not f.SIZE:
            assert size is None


@each
def test_an_arrays_count_is_a_number_of_32_bits(function):
    for argument in function.arguments:
        if argument.kind is f.ARRAY:
            count = function.argument(argument.count)
            assert count.kind in (f.NUMBER, f.SIZE) and count.type is s.ULONG
            assert count.kind is f.NUMBER or count.unit == "elements"


@each
def test_types_are_given_where_they_are_needed(function):
    for argument in function.arguments:
        if argument.kind in (f.STRUCT, f.ARRAY):
            assert isinstance(argument.type, s.Structure)
        elif argument.kind in (f.NUMBER, f.SIZE):
            assert isinstance(argument.type, s.Scalar)
        else:
            assert argument.type is None


@each
def test_what_a_secret_or_key_is_counted_by_comes_before_it(function):
    names = [argument.name for argument in function.arguments]
    for argument in function.arguments:
        if argument.kind is f.BYTES and not argument.out and argument.of:
            assert names.index(argument.of) == names.index(argument.name) - 1
            assert function.argument(argument.of).kind is s.ULONG


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("ReportIScsiPersistentLoginsW", ["Count", "PersistentLoginInfo", "BufferSizeInBytes"]),
        (
            "ReportIScsiSendTargetPortalsExW",
            ["PortalCount", "PortalInfoSize", "PortalInfo"],
        ),  # not in the other's order
        (
            "LoginIScsiTargetW",
            [
                "TargetName",
                "IsInformationalSession",
                "InitiatorInstance",
                "InitiatorPortNumber",
                "TargetPortal",
                "SecurityFlags",
                "Mappings",
                "LoginOptions",
                "KeySize",
                "Key",
                "IsPersistent",
                "UniqueSessionId",
                "UniqueConnectionId",
            ],
        ),
        ("RemoveIScsiPersistentTargetW", ["InitiatorInstance", "InitiatorPortNumber", "TargetName", "Portal"]),
        (
            "SendScsiReportLuns",
            ["UniqueSessionId", "ScsiStatus", "ResponseSize", "ResponseBuffer", "SenseSize", "SenseBuffer"],
        ),
    ],
)
def test_arguments_stand_in_the_order_of_the_header(name, arguments):
    assert [argument.name for argument in f.FUNCTIONS[name].arguments] == arguments


def test_security_flags_and_luns_are_64_bits_by_value():
    wide = {
        (function.name, argument.name)
        for function in f.FUNCTIONS.values()
        for argument in function.arguments
        if argument.kind is s.ULONGLONG
    }
    assert wide == {
        ("AddIScsiConnectionW", "SecurityFlags"),
        ("AddIScsiSendTargetPortalW", "SecurityFlags"),
        ("LoginIScsiTargetW", "SecurityFlags"),
        ("SendScsiInquiry", "Lun"),
        ("SendScsiReadCapacity", "Lun"),
    }


def test_the_declarations_in_csharp_follow_from_the_prototypes():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools/reference.py")
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    assert reference.renewed_runner() == reference.RUNNER.read_text(encoding="utf-8"), "run: make reference"
    assert len(reference.declarations()) >= 2 * len(f.FUNCTIONS)
