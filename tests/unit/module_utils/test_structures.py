# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The structures themselves. Whether they lie as a Windows compiler lays them is judged in tests/proof by one."""

from __future__ import annotations

import re

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import structures as s
from ansible_collections.winstorage.iscsi.tests.unit.module_utils import support

every_structure = pytest.mark.parametrize("structure", s.STRUCTURES.values(), ids=repr)
every_abi = pytest.mark.parametrize("abi", support.ABIS.values(), ids=support.ABIS)

# sizeof by the Windows compilers: (x64 W, x64 A, x86 W, x86 A)
SIZES = {
    "PERSISTENT_ISCSI_LOGIN_INFO": (2080, 1088, 2064, 1072),
    "ISCSI_TARGET_PORTAL": (1026, 514, 1026, 514),
    "ISCSI_TARGET_PORTAL_INFO": (1544, 776, 1544, 776),
    "ISCSI_TARGET_PORTAL_INFO_EX": (1616, 848, 1608, 840),
    "ISCSI_TARGET_PORTAL_GROUP": (1032, 520, 1032, 520),
    "ISCSI_TARGET_MAPPING": (1520, 784, 1512, 776),
    "ISCSI_CONNECTION_INFO": (40, 40, 32, 32),
    "ISCSI_CONNECTION_INFO_EX": (48, 48, 48, 48),
    "ISCSI_SESSION_INFO": (64, 64, 48, 48),
    "ISCSI_SESSION_INFO_EX": (56, 56, 48, 48),
    "ISCSI_DEVICE_ON_SESSION": (2040, 1040, 2040, 1040),
    "ISCSI_LOGIN_OPTIONS": (64, 64, 52, 52),
    "IKE_AUTHENTICATION_PRESHARED_KEY": (40, 40, 32, 32),
    "IKE_AUTHENTICATION_INFORMATION": (48, 48, 40, 40),
    "SCSI_LUN_LIST": (16,) * 4,
    "ISCSI_UNIQUE_SESSION_ID": (16,) * 4,
    "GUID": (16,) * 4,
    "SCSI_ADDRESS": (8,) * 4,
    "STORAGE_DEVICE_NUMBER": (12,) * 4,
    "ISCSI_VERSION_INFO": (12,) * 4,
}


@every_structure
def test_every_structure_has_the_compilers_size_in_every_form(structure):
    assert tuple(structure.layout(abi).size for abi in support.ABIS.values()) == SIZES[structure.name]


@every_structure
@every_abi
def test_a_layout_says_where_its_values_really_lie(structure, abi):
    """A byte changed inside a field changes that field of the decoded structure, and no other."""
    layout = structure.layout(abi)
    zero = layout.unpack(bytes(layout.size))
    for field in layout.fields:
        data = bytearray(layout.size)
        data[field.offset] = 1
        read = layout.unpack(bytes(data))
        assert [name for name in structure.fields if getattr(read, name) != getattr(zero, name)] == [field.name]


@every_abi
def test_the_offset_of_a_nested_field_is_told_by_its_path(abi):
    layout = s.PERSISTENT_ISCSI_LOGIN_INFO.layout(abi)
    options = s.ISCSI_LOGIN_OPTIONS.layout(abi)
    assert layout.offset_of("LoginOptions.Username") == layout.offset_of("LoginOptions") + options.offset_of("Username")


@pytest.mark.parametrize(
    "abi, offsets",
    [
        (
            s.X64_W,
            {
                "InitiatorInstance": 450,
                "InitiatorPortNumber": 964,
                "TargetPortal.Socket": 1992,
                "SecurityFlags": 2000,
                "Mappings": 2008,
                "LoginOptions.Username": 2064,
                "LoginOptions.Password": 2072,
            },
        ),
        (
            s.X86_W,
            {
                "InitiatorInstance": 450,
                "InitiatorPortNumber": 964,
                "TargetPortal.Socket": 1992,
                "SecurityFlags": 2000,
                "Mappings": 2008,
                "LoginOptions.Username": 2056,
                "LoginOptions.Password": 2060,
            },
        ),
    ],
)
def test_a_persistent_login_has_its_fields_where_microsofts_own_binary_reads_them(abi, offsets):
    layout = s.PERSISTENT_ISCSI_LOGIN_INFO.layout(abi)
    assert {path: layout.offset_of(path) for path in offsets} == offsets


def test_text_ends_at_its_nul_whatever_follows():
    layout = s.ISCSI_TARGET_PORTAL.layout(s.X64_W)
    raw = bytearray(b"\xd8\xdb" * (layout.size // 2))  # lone surrogates
    raw[512 : 512 + 10] = "10.1\0".encode("utf-16-le")
    assert layout.unpack(bytes(raw)).Address == "10.1"


@pytest.mark.parametrize("text", ["\u0100", "a\u0100b", "\u4e00\u0100", "\U0001f5b4 disk", "\u00ff" * 5, ""])
def test_zero_bytes_inside_characters_do_not_end_wide_text(text):
    layout = s.ISCSI_TARGET_PORTAL.layout(s.X86_W)
    raw = layout.pack({"Address": text})
    raw[512 + len(text.encode("utf-16-le")) + 2 : 1024] = b"\x41" * (512 - len(text.encode("utf-16-le")) - 2)
    assert layout.unpack(bytes(raw)).Address == text
    assert s.text_length(text.encode("utf-16-le") + b"\0\0A", 2) == len(text.encode("utf-16-le"))


def test_text_that_fills_its_array_needs_no_nul():
    layout = s.ISCSI_TARGET_PORTAL.layout(s.X64_W)
    raw = bytearray(layout.size)
    raw[512:1024] = ("x" * 256).encode("utf-16-le")
    assert layout.unpack(bytes(raw)).Address == "x" * 256


def test_a_row_of_structures_reads_like_each_alone():
    """More rows than are decoded at once, with texts that repeat and texts that do not."""
    abi = s.X64_W
    layout = s.ISCSI_TARGET_PORTAL_INFO.layout(abi)
    rows = [
        layout.pack({"InitiatorName": "one", "Address": f"10.0.{index // 7}.{index % 3}", "Socket": index})
        for index in range(300)
    ]
    raw = b"lead" + b"".join(rows) + b"tail"
    assert layout.unpack_all(raw, 4, 300) == [layout.unpack(bytes(row)) for row in rows]
    assert layout.unpack_all(raw, 4, 0) == []


# -- what does not fit ------------------------------------------------------------------------------------------------

SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    "structure, values, told",
    [
        (
            s.ISCSI_TARGET_PORTAL,
            {"Address": "x" * 256},
            "ISCSI_TARGET_PORTAL.Address holds at most 255 characters, got 256",
        ),
        (s.ISCSI_TARGET_PORTAL, {"Socket": 65536}, "ISCSI_TARGET_PORTAL.Socket holds 16 bits"),
        (s.ISCSI_TARGET_PORTAL, {"Socket": -1}, "ISCSI_TARGET_PORTAL.Socket holds 16 bits"),
        (s.ISCSI_TARGET_PORTAL, {"Adress": "typing"}, "ISCSI_TARGET_PORTAL has no field Adress"),
        (s.ISCSI_TARGET_PORTAL, {"Address": "a\0b"}, "ISCSI_TARGET_PORTAL.Address: text cannot hold a NUL"),
        (s.ISCSI_TARGET_PORTAL, {"Address": "\ud800"}, "ISCSI_TARGET_PORTAL.Address: holds a character"),
        (s.ISCSI_CONNECTION_INFO, {"CID": b"abc"}, "ISCSI_CONNECTION_INFO.CID holds exactly 2 bytes, got 3"),
        (
            s.PERSISTENT_ISCSI_LOGIN_INFO,
            {"TargetPortal": {"Socket": 1 << 16}},
            "ISCSI_TARGET_PORTAL.Socket holds 16 bits",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(structure, values, told):
    with pytest.raises(s.LayoutError, match=re.escape(told)):
        structure.layout(s.X64_W).pack(values)


@pytest.mark.parametrize("value", [SECRET + "\0", SECRET * 20, SECRET + "\ud800"])
def test_the_refusal_does_not_repeat_the_value(value):
    with pytest.raises(s.LayoutError) as refusal:
        s.ISCSI_TARGET_PORTAL.layout(s.X64_W).pack({"SymbolicName": value})
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None and refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_texts_of_several_records_do_not_run_into_each_other():
    layout = s.ISCSI_TARGET_PORTAL.layout(s.X64_W)
    for ends, begins in (("a", "b"), ("\ud83d", "\ude00"), ("\U0001f600", "c")):
        first, second = ((text * 256).encode("utf-16-le", "surrogatepass")[:512] for text in (ends, begins))
        rows = first + bytes(514) + second + bytes(514)
        names = [row.SymbolicName for row in layout.unpack_all(rows, 0, 2)]
        assert names == [raw.decode("utf-16-le", "replace") for raw in (first, second)]
