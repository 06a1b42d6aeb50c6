# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import scsi, scsi_codes
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.scsi import (
    Capacity,
    Designator,
    Lun,
    ScsiError,
    Sense,
    StandardInquiry,
)

# Responses of tgt 1.0.85 (Linux SCSI target framework), recorded over iSCSI from two disks: one of 64 MiB that was told
# vendor, product, revision and serial number, one of 3 TiB as tgt makes it.
TGT = {
    name: bytes.fromhex(text)
    for name, text in {
        "inquiry": "000005123d00000241434d452020202053514c2d44415441202020202020202030303432"
        "0000000000000000000000000000000000000000000004c0096003000000",
        "pages": "00000006008083b0b1b2",
        "serial": "00800024" + "20" * 29 + "534e2d30303031",
        "identification": "00830048020100244945542020202020303030313030303200000000000000000000000000000000"
        "000000000103000830000001000000020103001060000000000000000e00000000010002",
        "capacity10": "0001ffff00000200",
        "capacity10_of_3t": "ffffffff00000200",
        "capacity16": "000000000001ffff000002000003000000000000000000000000000000000000",
        "capacity16_of_3t": "000000017fffffff000002000003000000000000000000000000000000000000",
        "luns": "0000001800000000000000000000000000010000000000000002000000000000",
        "sense_reset": "700006000000000a00000000290000000000",
        "sense_field": "700005000000000a00000000240000000000",
        "sense_command": "700005000000000a00000000200000000000",
    }.items()
}

DECODERS = [
    scsi.standard_inquiry,
    scsi.supported_pages,
    scsi.unit_serial_number,
    scsi.device_identification,
    scsi.read_capacity,
    scsi.report_luns,
    scsi.sense,
]
each_decoder = pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
REAL = [
    (scsi.standard_inquiry, "inquiry"),
    (scsi.supported_pages, "pages"),
    (scsi.unit_serial_number, "serial"),
    (scsi.device_identification, "identification"),
    (scsi.read_capacity, "capacity10"),
    (scsi.read_capacity, "capacity16"),
    (scsi.report_luns, "luns"),
    (scsi.sense, "sense_reset"),
]


def ascii_text(size):
    return st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=size).filter(
        lambda text: text == text.strip(" ")
    )


# --- what a real target answers ---


def test_a_real_disk_is_described():
    assert scsi.standard_inquiry(TGT["inquiry"]) == StandardInquiry(
        vendor="ACME",
        product="SQL-DATA",
        revision="0042",
        device_type="disk",
        qualifier="connected",
        removable=False,
        version=5,
    )
    assert scsi.supported_pages(TGT["pages"]) == [0x00, 0x80, 0x83, 0xB0, 0xB1, 0xB2]
    assert scsi.unit_serial_number(TGT["serial"]) == "SN-0001"


def test_a_real_disk_is_identified():
    found = scsi.device_identification(TGT["identification"])
    assert [(item.type, item.association, item.code_set, item.text) for item in found] == [
        ("t10_vendor_id", "logical_unit", "ascii", "IET     00010002"),
        ("naa", "logical_unit", "binary", "naa.3000000100000002"),
        ("naa", "logical_unit", "binary", "naa.60000000000000000e00000000010002"),
    ]


def test_the_size_of_real_disks_is_read_in_both_forms():
    assert scsi.read_capacity(TGT["capacity10"]).size == 64 << 20
    assert scsi.read_capacity(TGT["capacity16"]).size == 64 << 20
    assert scsi.read_capacity(TGT["capacity16"]) == Capacity(131072, 512, physical_block_length=4096, thin=False)
    assert scsi.read_capacity(TGT["capacity16_of_3t"]).size == 3 << 40


def test_a_disk_too_large_for_the_short_form_has_no_size_rather_than_a_wrong_one():
    assert scsi.read_capacity(TGT["capacity10_of_3t"]) == Capacity(None, 512)
    assert scsi.read_capacity(TGT["capacity10_of_3t"]).size is None


def test_the_luns_of_a_real_target_are_listed():
    assert scsi.report_luns(TGT["luns"]) == [
        Lun(0, "peripheral", "0000000000000000"),
        Lun(1, "peripheral", "0001000000000000"),
        Lun(2, "peripheral", "0002000000000000"),
    ]


@pytest.mark.parametrize(
    "name, key, text",
    [
        ("sense_reset", "unit_attention", "power on, reset, or bus device reset occurred"),
        ("sense_field", "illegal_request", "invalid field in CDB"),
        ("sense_command", "illegal_request", "invalid command operation code"),
    ],
)
def test_real_sense_data_is_told_in_words(name, key, text):
    found = scsi.sense(TGT[name])
    assert (found.key, found.text, found.deferred) == (key, text, False)


@pytest.mark.parametrize("decode, name", [row for row in REAL if row[1] != "capacity10"])
def test_a_buffer_larger_than_the_response_changes_nothing(decode, name):
    """But for the capacity in its short form, which only its length tells from the long one."""
    assert decode(TGT[name] + b"\xff" * 100) == decode(TGT[name])


@pytest.mark.parametrize("decode, name", REAL)
def test_a_response_cut_short_is_an_error_that_names_structure_field_and_offset(decode, name):
    whole = {"inquiry": 36, "sense_reset": 14}.get(name, len(TGT[name]))
    for size in set(range(whole)) - {8 if decode is scsi.read_capacity else None}:
        with pytest.raises(ScsiError) as error:
            decode(TGT[name][:size])
        assert f"{error.value.structure}: {error.value.field} at offset {error.value.offset}: " in str(error.value)
        assert error.value.offset < whole


# --- formats that tgt does not use ---


def test_the_example_of_the_standard_is_read():
    """The device identification example that disk vendors' manuals print: a T10 vendor identifier and an EUI-64."""
    t10 = b"XYZ_CorpSuper Turbo Disk2034589345"
    page = (
        bytes([0, 0x83, 0, 50, 0x02, 0x01, 0, len(t10)])
        + t10
        + bytes([0x01, 0x02, 0, 8])
        + bytes.fromhex("01abcdff ff234567")
    )
    assert [item.text for item in scsi.device_identification(page)] == [t10.decode(), "eui.01abcdffff234567"]


@pytest.mark.parametrize(
    "item, text",
    [
        (
            Designator("scsi_name_string", b"iqn.2026-01.test:t,t,0x0001\0", "target_port", "utf8"),
            "iqn.2026-01.test:t,t,0x0001",
        ),
        (Designator("relative_target_port", b"\0\0\0\x03", "target_port"), "3"),
        (Designator("target_port_group", b"\0\0\x01\x00", "target_port"), "256"),
        (Designator("vendor_specific", b"volume 7", code_set="ascii"), "volume 7"),
        (Designator("vendor_specific", b"\x01\x02"), "0102"),
        (Designator("unknown(15)", b"\xff", "unknown(3)", "unknown(9)"), "ff"),
        (Designator("t10_vendor_id", b"ACME\x1b[2J\n\xff", code_set="ascii"), "ACME\\x1b[2J\\n\\xff"),
        (Designator("scsi_name_string", "iqn.\u202e".encode(), code_set="utf8"), "iqn.\\u202e"),
    ],
)
def test_each_kind_of_designator_has_its_text_and_hostile_text_is_escaped(item, text):
    assert scsi.device_identification(scsi.encode_device_identification([item])) == [item]
    assert item.text == text


@pytest.mark.parametrize(
    "raw, number, addressing",
    [
        ("00ff000000000000", 255, "peripheral"),
        ("4100000000000000", 256, "flat"),
        ("7fff000000000000", 16383, "flat"),
        ("0101000000000000", None, "peripheral"),  # a bus below
        ("0001000100000000", None, "peripheral"),  # a second level
        ("8001000000000000", None, "logical_unit"),
        ("c101000000000000", None, "extended"),  # the REPORT LUNS well-known logical unit
    ],
)
def test_lun_addressing(raw, number, addressing):
    assert scsi.report_luns(bytes.fromhex("0000000800000000" + raw)) == [Lun(number, addressing, raw)]


def test_a_lun_without_a_device_is_told():
    found = scsi.standard_inquiry(b"\x7f" + TGT["inquiry"][1:])
    assert (found.qualifier, found.device_type) == ("not_supported", "unknown(31)")


def test_deferred_and_descriptor_sense_and_codes_without_words():
    assert scsi.sense(bytes.fromhex("730627070000000000")) == Sense("unit_attention", 0x27, 0x07, deferred=True)
    fixed = bytes.fromhex("f1 0003 00000112 0a 00000000 1100 00000000")  # VALID, with INFORMATION 0x112
    assert scsi.sense(fixed) == Sense("medium_error", 0x11, 0x00, deferred=True)
    assert Sense("vendor_specific", 0x80, 0x01).text == "additional sense code 0x80/0x01"


def test_a_device_without_serial_number_has_an_empty_one():
    assert scsi.unit_serial_number(b"\0\x80\0\x04    ") == ""


@pytest.mark.parametrize(
    "decode, data, told",
    [
        (
            scsi.unit_serial_number,
            "00830000",
            "Unit Serial Number page: PAGE CODE at offset 1: expected 0x80, found 0x83",
        ),
        (scsi.device_identification, "0083ffff", "PAGE LENGTH at offset 2"),
        (scsi.device_identification, "00830006010300ff0102", "DESIGNATOR at offset 8: needs 255 bytes"),
        (scsi.device_identification, "008300020103", "DESIGNATOR LENGTH at offset 7"),
        (scsi.report_luns, "ffffffff00000000", "LUN LIST LENGTH at offset 0: 4294967295 is not a multiple of 8"),
        (
            scsi.report_luns,
            "fffffff800000000",
            "LUN LIST LENGTH at offset 0: the response should have 4294967296 bytes",
        ),
        (scsi.read_capacity, "0001ffff00000000", "LOGICAL BLOCK LENGTH IN BYTES at offset 4: is zero"),
        (scsi.sense, "7f00", "RESPONSE CODE at offset 0: 0x7f"),
        (scsi.standard_inquiry, "0000050200000000" + "20" * 28, "T10 VENDOR IDENTIFICATION at offset 8"),
    ],
)
def test_a_response_that_does_not_add_up_is_an_error_that_says_where(decode, data, told):
    with pytest.raises(ScsiError) as error:
        decode(bytes.fromhex(data))
    assert told in str(error.value)


@each_decoder
@given(data=st.binary(max_size=300))
@example(data=b"")
def test_no_bytes_do_anything_but_decode_or_raise_scsi_error(decode, data):
    try:
        decode(data)
    except ScsiError as error:
        assert str(error).startswith(f"{error.structure}: {error.field} at offset {error.offset}: ")


@given(data=st.data())
def test_damaged_real_responses_decode_or_raise_scsi_error(data):
    response = bytearray(TGT[data.draw(st.sampled_from(sorted(TGT)))])
    for index in data.draw(st.lists(st.integers(0, len(response) - 1), max_size=4)):
        response[index] = data.draw(st.integers(0, 255))
    for decode in DECODERS:
        with contextlib.suppress(ScsiError):
            str(decode(bytes(response)))


# --- the encoders are the inverse ---


@given(
    st.builds(
        StandardInquiry,
        vendor=ascii_text(8),
        product=ascii_text(16),
        revision=ascii_text(4),
        device_type=st.integers(0, 31).map(scsi_codes.DEVICE_TYPES.decode),
        qualifier=st.integers(0, 7).map(scsi_codes.QUALIFIERS.decode),
        removable=st.booleans(),
        version=st.integers(0, 255),
    )
)
def test_inquiry_data_round_trip(inquiry):
    data = scsi.encode_standard_inquiry(inquiry)
    assert len(data) == 36 and scsi.standard_inquiry(data) == inquiry


@given(ascii_text(100))
def test_serial_numbers_round_trip(serial):
    assert scsi.unit_serial_number(scsi.encode_unit_serial_number(serial)) == serial


@given(st.sets(st.integers(0, 255)))
def test_supported_pages_round_trip(codes):
    assert scsi.supported_pages(scsi.encode_supported_pages(codes)) == sorted(codes)


@given(
    st.lists(
        st.builds(
            Designator,
            type=st.integers(0, 15).map(scsi_codes.DESIGNATOR_TYPES.decode),
            data=st.binary(max_size=255),
            association=st.integers(0, 3).map(scsi_codes.ASSOCIATIONS.decode),
            code_set=st.integers(0, 15).map(scsi_codes.CODE_SETS.decode),
        )
    )
)
def test_designators_round_trip_and_have_a_printable_text(items):
    assert scsi.device_identification(scsi.encode_device_identification(items)) == items
    assert all(item.text.isprintable() for item in items)


@pytest.mark.parametrize(
    "text, kind",
    [
        ("naa.60014050000000000000000000000001", "naa"),
        ("eui.0022a1b2c3d4e5f6", "eui64"),
        ("iqn.2026-01.test:array,t,0x0001", "scsi_name_string"),
        ("ACME    SQL-DATA SN-1", "t10_vendor_id"),
    ],
)
def test_a_designator_is_made_from_its_text(text, kind):
    made = scsi.designator(text)
    assert (made.type, made.text) == (kind, text)
    assert kind != "scsi_name_string" or (made.data.endswith(b"\0") and len(made.data) % 4 == 0)


@given(st.integers(1, 1 << 64), st.sampled_from([512, 520, 4096]), st.integers(0, 15), st.booleans())
def test_capacities_round_trip(count, length, exponent, thin):
    long = Capacity(count, length, length << exponent, thin)
    assert scsi.read_capacity(scsi.encode_read_capacity(long)) == long
    short = scsi.read_capacity(scsi.encode_read_capacity(Capacity(count, length)))
    assert short == Capacity(count if count < 1 << 32 else None, length)
    assert scsi.read_capacity(scsi.encode_read_capacity(short)) == short


@given(st.lists(st.integers(0, 16383)))
def test_lun_lists_round_trip(numbers):
    assert [lun.number for lun in scsi.report_luns(scsi.encode_report_luns(numbers))] == numbers


@given(
    st.builds(
        Sense,
        key=st.integers(0, 15).map(scsi_codes.SENSE_KEYS.decode),
        asc=st.integers(0, 255),
        ascq=st.integers(0, 255),
        deferred=st.booleans(),
    ),
    st.booleans(),
)
def test_sense_data_round_trip(value, descriptor):
    assert scsi.sense(scsi.encode_sense(value, descriptor)) == value


@pytest.mark.parametrize(
    "encode, value",
    [
        (scsi.encode_standard_inquiry, StandardInquiry("TOO LONG VENDOR", "x")),
        (scsi.encode_standard_inquiry, StandardInquiry("Ä", "x")),
        (scsi.encode_standard_inquiry, StandardInquiry("x", "x", device_type="floppy")),
        (scsi.encode_unit_serial_number, "tab\t"),
        pytest.param(scsi.encode_unit_serial_number, "x" * 65536, id="65536 characters"),
        (scsi.encode_device_identification, [Designator("naa", bytes(256))]),
        (scsi.encode_read_capacity, Capacity(0, 512)),
        (scsi.encode_read_capacity, Capacity(1, 0)),
        (scsi.encode_read_capacity, Capacity(None, 512, 512)),
        (scsi.encode_read_capacity, Capacity(1, 512, 513)),
        (scsi.encode_read_capacity, Capacity(1, 512, 256)),
        (scsi.encode_report_luns, [16384]),
        (scsi.encode_report_luns, [-1]),
        (scsi.encode_sense, Sense("no_sense", 256, 0)),
        (scsi.designator, "naa.xyz"),
    ],
)
def test_what_no_response_can_carry_is_an_error(encode, value):
    with pytest.raises(ScsiError):
        encode(value)
