# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every structure lies where compilers for Windows put it: mingw-w64, x64 and x86, reads standin/iscsidsc.h."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import structures
from ansible_collections.winstorage.iscsi.tests.proof.support import compilers

HEADER = Path(__file__).parent / "standin"
ABIS = {
    "x64": {"W": structures.X64_W, "A": structures.X64_A},
    "x86": {"W": structures.X86_W, "A": structures.X86_A},
}
WITHOUT_FORMS = {  # hold no text: one declaration in the header
    "ISCSI_LOGIN_OPTIONS",
    "IKE_AUTHENTICATION_PRESHARED_KEY",
    "IKE_AUTHENTICATION_INFORMATION",
    "ISCSI_UNIQUE_SESSION_ID",
    "SCSI_LUN_LIST",
    "SCSI_ADDRESS",
    "GUID",
    "STORAGE_DEVICE_NUMBER",
    "ISCSI_CONNECTION_INFO_EX",
    "ISCSI_SESSION_INFO_EX",
    "ISCSI_VERSION_INFO",
}


def c_name(structure, form):
    return structure.name if structure.name in WITHOUT_FORMS else structure.name + form


def question(form):
    """C source that leaves each structure's size and alignment, and its fields' offsets and sizes, in "layout"."""
    rows = []
    for structure in structures.STRUCTURES.values():
        name = c_name(structure, form)
        rows.append(f"sizeof({name}), _Alignof({name}),")
        rows.extend(f"    offsetof({name}, {field}), sizeof((({name} *)0)->{field})," for field in structure.fields)
    return "\n".join(
        [
            "#include <stddef.h>",
            '#include "iscsidsc.h"',
            "extern const uint32_t answers[];",
            '__attribute__((section("layout"))) const uint32_t answers[] = {',
            *rows,
            "};",
            "",
        ]
    )


def compiled(target, form, scratch):
    """{structure's name: [size, alignment, offset and size of each field ...]} as the compiler says."""
    source = scratch / f"layout_{form}.c"
    source.write_text(question(form), encoding="ascii")
    raw = compilers.section(target, source, "layout", scratch, f"-I{HEADER}")
    counts = {name: 2 + 2 * len(structure.fields) for name, structure in structures.STRUCTURES.items()}
    numbers = iter(struct.unpack_from(f"<{sum(counts.values())}I", raw))
    return {name: [next(numbers) for _number in range(count)] for name, count in counts.items()}


def declared(abi):
    """The same as structures.py says."""
    found = {}
    for name, structure in structures.STRUCTURES.items():
        layout = structure.layout(abi)
        found[name] = [layout.size, layout.align]
        for field in layout.fields:
            found[name] += [field.offset, field.size]
    return found


@pytest.mark.parametrize("form", ["W", "A"])
@pytest.mark.parametrize("target", ["x64", "x86"])
def test_every_structure_lies_as_a_windows_compiler_lays_it_out(target, form, tmp_path):
    assert declared(ABIS[target][form]) == compiled(target, form, tmp_path)


@pytest.mark.parametrize("form", ["W", "A"])
def test_the_library_for_linux_has_the_layout_of_windows_x64(form, tmp_path):
    """Only then is what runs on Linux (the C# under Mono, ctypes) a test of anything."""
    assert declared(ABIS["x64"][form]) == compiled("elf", form, tmp_path)


def test_nothing_but_padding_lies_between_fields():
    """A field that both transcriptions forgot would have to fit into what alignment leaves."""
    for forms in ABIS.values():
        for abi in forms.values():
            for structure in structures.STRUCTURES.values():
                layout = structure.layout(abi)
                ends = [field.offset + field.size for field in layout.fields]
                starts = [field.offset for field in layout.fields[1:]] + [layout.size]
                assert all(0 <= start - end < 8 for start, end in zip(starts, ends)), structure


# -- a second witness: tables made from the header by another hand, in agreement with what was found in Microsoft's own
# x64 binaries --------------------------------------------------------------------------------------------------------

SIZES = {  # structure: x64 W, x86 W, x64 A, x86 A
    "PERSISTENT_ISCSI_LOGIN_INFO": (2080, 2064, 1088, 1072),
    "ISCSI_TARGET_PORTAL": (1026, 1026, 514, 514),
    "ISCSI_TARGET_PORTAL_INFO": (1544, 1544, 776, 776),
    "ISCSI_TARGET_PORTAL_INFO_EX": (1616, 1608, 848, 840),
    "ISCSI_TARGET_PORTAL_GROUP": (1032, 1032, 520, 520),
    "ISCSI_TARGET_MAPPING": (1520, 1512, 784, 776),
    "ISCSI_CONNECTION_INFO": (40, 32, 40, 32),
    "ISCSI_SESSION_INFO": (64, 48, 64, 48),
    "ISCSI_DEVICE_ON_SESSION": (2040, 2040, 1040, 1040),
    "ISCSI_LOGIN_OPTIONS": (64, 52, 64, 52),
    "SCSI_LUN_LIST": (16, 16, 16, 16),
    "ISCSI_UNIQUE_SESSION_ID": (16, 16, 16, 16),
    "SCSI_ADDRESS": (8, 8, 8, 8),
    "GUID": (16, 16, 16, 16),
    "STORAGE_DEVICE_NUMBER": (12, 12, 12, 12),
    "ISCSI_VERSION_INFO": (12, 12, 12, 12),
    "ISCSI_CONNECTION_INFO_EX": (48, 48, 48, 48),
    "ISCSI_SESSION_INFO_EX": (56, 48, 56, 48),
    "IKE_AUTHENTICATION_PRESHARED_KEY": (40, 32, 40, 32),
    "IKE_AUTHENTICATION_INFORMATION": (48, 40, 48, 40),
}
PERSISTENT_LOGIN = {  # field of the W form: x64, x86
    "TargetName": (0, 0),
    "IsInformationalSession": (448, 448),
    "InitiatorInstance": (450, 450),
    "InitiatorPortNumber": (964, 964),
    "TargetPortal.SymbolicName": (968, 968),
    "TargetPortal.Address": (1480, 1480),
    "TargetPortal.Socket": (1992, 1992),
    "SecurityFlags": (2000, 2000),
    "Mappings": (2008, 2008),
    "LoginOptions.Version": (2016, 2012),
    "LoginOptions.InformationSpecified": (2020, 2016),
    "LoginOptions.LoginFlags": (2024, 2020),
    "LoginOptions.AuthType": (2028, 2024),
    "LoginOptions.HeaderDigest": (2032, 2028),
    "LoginOptions.DataDigest": (2036, 2032),
    "LoginOptions.MaximumConnections": (2040, 2036),
    "LoginOptions.DefaultTime2Wait": (2044, 2040),
    "LoginOptions.DefaultTime2Retain": (2048, 2044),
    "LoginOptions.UsernameLength": (2052, 2048),
    "LoginOptions.PasswordLength": (2056, 2052),
    "LoginOptions.Username": (2064, 2056),
    "LoginOptions.Password": (2072, 2060),
}


def test_the_sizes_are_those_of_the_table():
    columns = (structures.X64_W, structures.X86_W, structures.X64_A, structures.X86_A)
    assert {
        name: tuple(structure.layout(abi).size for abi in columns) for name, structure in structures.STRUCTURES.items()
    } == SIZES


def test_a_persistent_login_lies_as_in_the_table():
    login = structures.PERSISTENT_ISCSI_LOGIN_INFO
    x64, x86 = login.layout(structures.X64_W), login.layout(structures.X86_W)
    assert {path: (x64.offset_of(path), x86.offset_of(path)) for path in PERSISTENT_LOGIN} == PERSISTENT_LOGIN
