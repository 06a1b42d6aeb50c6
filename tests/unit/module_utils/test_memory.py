# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import memory
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import structures as s
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi.memory import Image, ImageError
from ansible_collections.winstorage.iscsi.tests.unit.module_utils import support

every_structure = pytest.mark.parametrize("structure", s.STRUCTURES.values(), ids=repr)
every_abi = pytest.mark.parametrize("abi", support.ABIS.values(), ids=support.ABIS)
wide_abi = pytest.mark.parametrize("abi", [s.X64_W, s.X86_W], ids=["x64", "x86"])


class CountingImage(Image):
    """Knows how many bytes were decoded, and how deep."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.decoded = self.depth = self.deepest = 0

    def array(self, structure, count, offset=0):
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        try:
            found = super().array(structure, count, offset)
        finally:
            self.depth -= 1
        self.decoded += count * structure.layout(self.abi).size
        return found


def pointer(data, at, address, abi):
    data[at : at + abi.pointer] = address.to_bytes(abi.pointer, "little")


# -- what was packed is what is read -----------------------------------------------------------------------------------


@every_structure
@every_abi
@settings(max_examples=20)  # of each structure in each form
@given(data=st.data())
def test_whatever_is_packed_reads_back_from_any_address(structure, abi, data):
    rows = data.draw(st.lists(support.values(structure, abi), min_size=1, max_size=3))
    base = data.draw(st.integers(1, 2**30))
    image = support.image(structure, rows, abi, base)
    assert image.array(structure, len(rows)) == [support.expected(structure, row) for row in rows]
    assert image.read(structure) == support.expected(structure, rows[0])


@wide_abi
def test_user_names_lie_without_gaps_behind_the_records(abi):
    """The size that ReportIScsiSendTargetPortalsExW asks for is the records' and the user names' (go-win-iscsidsc)."""
    options = [{"InformationSpecified": 0x20, "Username": name} for name in (b"odd", b"four", b"x")]
    data, _relocations = memory.pack(s.ISCSI_LOGIN_OPTIONS, options, abi)
    assert len(data) == 3 * s.ISCSI_LOGIN_OPTIONS.layout(abi).size + 3 + 4 + 1


@wide_abi
def test_a_secret_is_written_and_never_read(abi):
    image = support.image(
        s.ISCSI_LOGIN_OPTIONS, {"InformationSpecified": 0x60, "Username": b"me", "Password": b"hunter2-hunter2"}, abi
    )
    assert b"hunter2-hunter2" in image.data
    options = image.read(s.ISCSI_LOGIN_OPTIONS)
    assert (options.Username, options.Password, options.PasswordLength) == (b"me", None, 15)


@wide_abi
def test_a_pointer_means_nothing_until_its_bit_is_set(abi):
    raw = s.ISCSI_LOGIN_OPTIONS.layout(abi).pack({"UsernameLength": 2**32 - 1, "Username": 0xDEADBEEF})
    assert Image(raw, 0x1000, abi).read(s.ISCSI_LOGIN_OPTIONS).Username is None
    raw = s.ISCSI_LOGIN_OPTIONS.layout(abi).pack(
        {"InformationSpecified": 0x20, "UsernameLength": 2**32 - 1, "Username": 0xDEADBEEF}
    )
    with pytest.raises(ImageError):
        Image(raw, 0x1000, abi).read(s.ISCSI_LOGIN_OPTIONS)


@wide_abi
def test_nothing_is_none_or_an_empty_row(abi):
    session = support.image(s.ISCSI_SESSION_INFO, {}, abi).read(s.ISCSI_SESSION_INFO)
    assert (session.TargetName, session.Connections) == (None, ())
    login = support.image(s.PERSISTENT_ISCSI_LOGIN_INFO, {}, abi).read(s.PERSISTENT_ISCSI_LOGIN_INFO)
    assert (login.Mappings, login.LoginOptions.Username) == (None, None)


@wide_abi
def test_a_pointer_to_none_is_not_followed(abi):
    raw = s.ISCSI_SESSION_INFO.layout(abi).pack({"ConnectionCount": 0, "Connections": 0xDEADBEEF})
    assert Image(raw, 0x1000, abi).read(s.ISCSI_SESSION_INFO).Connections == ()
    raw = s.ISCSI_LOGIN_OPTIONS.layout(abi).pack({"InformationSpecified": 0x20, "Username": 0xDEADBEEF})
    assert Image(raw, 0x1000, abi).read(s.ISCSI_LOGIN_OPTIONS).Username is None


@wide_abi
@given(texts=st.lists(support.texts(s.X64_W, 20).filter(bool), max_size=5), garbage=st.binary(max_size=9))
def test_a_text_list_ends_at_the_empty_text(abi, texts, garbage):
    assert Image(support.wide_list(texts) + garbage, 0, abi).texts() == texts


def test_a_text_list_ends_at_its_length_too():
    raw = "10.0.0.1\0".encode("utf-16-le")
    assert Image(raw, 0, s.X64_W).texts() == ["10.0.0.1"]
    assert Image(raw + raw, 0, s.X64_W).texts(limit=len(raw)) == ["10.0.0.1"]
    assert Image(b"", 0, s.X64_W).texts() == []
    with pytest.raises(ImageError, match="does not end inside"):
        Image(raw[:-2], 0, s.X64_W).texts()


# -- hostile images ----------------------------------------------------------------------------------------------------


@every_structure
@every_abi
@settings(max_examples=20)  # of each structure in each form
@given(data=st.data())
def test_arbitrary_bytes_cost_an_image_error_at_the_most(structure, abi, data):
    raw = data.draw(st.binary(max_size=200))
    size = structure.layout(abi).size
    raw = (raw * (1 + size // max(1, len(raw))))[: data.draw(st.integers(size - 1, size + 100))]
    # half of the pointers lead inside: an image at 0 makes small numbers addresses
    image = CountingImage(raw, data.draw(st.sampled_from([0, 0x20, 2**32])), abi)
    try:
        image.read(structure)
    except ImageError as error:
        assert error.structure in s.STRUCTURES
        assert isinstance(error.offset, int)
    assert image.decoded <= size + 2 * len(raw)
    assert image.deepest <= 4


OUTSIDE = [  # (where the pointer leads relative to the image, count)
    (-1, 1),
    (-16, 1),
    ("end", 1),
    ("end - 15", 1),
    (0, 2**32 - 1),
    ("end", 2**32 - 1),
    (2**31, 1),
]


@wide_abi
@pytest.mark.parametrize("where, count", OUTSIDE)
def test_a_pointer_outside_names_structure_field_and_offset(abi, where, count):
    layout = s.ISCSI_TARGET_MAPPING.layout(abi)
    size = layout.size
    at = {"end": size, "end - 15": size - 15}.get(where, where)
    data = layout.pack({"LUNCount": count, "LUNList": 0x10000 + at})
    with pytest.raises(ImageError) as error:
        Image(data, 0x10000, abi).read(s.ISCSI_TARGET_MAPPING)
    offset = layout.offset_of("LUNList")
    assert (error.value.structure, error.value.field, error.value.offset) == ("ISCSI_TARGET_MAPPING", "LUNList", offset)
    assert str(error.value).startswith(
        f"ISCSI_TARGET_MAPPING.LUNList at offset {offset}: leads to {16 * count} bytes at 0x{0x10000 + at:X}, outside"
    )


@wide_abi
def test_a_pointer_inside_a_nested_structure_is_named_by_its_path(abi):
    data = s.PERSISTENT_ISCSI_LOGIN_INFO.layout(abi).pack(
        {"LoginOptions": {"InformationSpecified": 0x20, "UsernameLength": 1, "Username": 4}}
    )
    with pytest.raises(ImageError, match=r"PERSISTENT_ISCSI_LOGIN_INFO\.LoginOptions\.Username at offset"):
        Image(data, 0x1000, abi).read(s.PERSISTENT_ISCSI_LOGIN_INFO)


@wide_abi
def test_text_that_does_not_end_is_an_error(abi):
    layout = s.ISCSI_CONNECTION_INFO.layout(abi)
    data = layout.pack({"TargetAddress": 0x1000 + layout.size}) + b"1\0" * 8
    with pytest.raises(ImageError, match=r"ISCSI_CONNECTION_INFO\.TargetAddress at offset \d+: the text does not end"):
        Image(data, 0x1000, abi).read(s.ISCSI_CONNECTION_INFO)


@wide_abi
def test_lists_that_overlap_in_many_records_cost_no_more_than_the_image_warrants(abi):
    """A thousand records that each claim the same large list of LUNs would decode a thousand times the image."""
    layout, count = s.ISCSI_TARGET_MAPPING.layout(abi), 1000
    luns = count * layout.size // 16
    row = layout.pack({"LUNCount": luns, "LUNList": 0x10000})
    image = CountingImage(bytes(row) * count, 0x10000, abi, memory.Budget(1 << 30))
    with pytest.raises(ImageError, match=r"ISCSI_TARGET_MAPPING\.LUNList at offset \d+: pointers lead over and over"):
        image.array(s.ISCSI_TARGET_MAPPING, count)
    assert image.decoded <= 2 * len(image.data)


@wide_abi
def test_a_structure_that_leads_to_itself_ends(abi):
    """A session whose connections are the sessions, whose texts are the image."""
    layout = s.ISCSI_SESSION_INFO.layout(abi)
    size, rows = layout.size, 500
    row = layout.pack({"ConnectionCount": rows, "Connections": 0x10000, "InitiatorName": 0x10000})
    image = CountingImage(bytes(row) * rows + bytes(2), 0x10000, abi)
    with pytest.raises(ImageError):
        image.array(s.ISCSI_SESSION_INFO, rows)
    assert image.decoded <= rows * size + 2 * len(image.data)
    assert image.deepest == 2


@wide_abi
def test_one_long_text_behind_many_pointers_is_not_read_for_each(abi):
    layout, count = s.ISCSI_CONNECTION_INFO.layout(abi), 2000
    end = 0x10000 + count * layout.size
    row = layout.pack({"InitiatorAddress": end, "TargetAddress": end})
    data = bytes(row) * count + "x".encode("utf-16-le") * 20000 + bytes(2)
    with pytest.raises(ImageError, match="over and over"):
        Image(data, 0x10000, abi).array(s.ISCSI_CONNECTION_INFO, count)


@wide_abi
def test_honest_sharing_is_no_offence(abi):
    """A service may let all its sessions point to one copy of the node name."""
    layout, count = s.ISCSI_SESSION_INFO.layout(abi), 100
    row = layout.pack({"InitiatorName": 0x10000 + count * layout.size})
    data = bytes(row) * count + ("iqn.1991-05.com.microsoft:host\0").encode("utf-16-le")
    names = {one.InitiatorName for one in Image(data, 0x10000, abi).array(s.ISCSI_SESSION_INFO, count)}
    assert names == {"iqn.1991-05.com.microsoft:host"}


@pytest.mark.parametrize("count, offset", [(2, 0), (1, 1), (1, -1), (10**12, 0), (1, 10**12)])
def test_structures_beyond_the_image_are_an_error(count, offset):
    told = f"ISCSI_VERSION_INFO at offset {offset}: {12 * count} bytes do not fit"
    with pytest.raises(ImageError, match=told):
        Image(bytes(12), 0, s.X64_W).array(s.ISCSI_VERSION_INFO, count, offset)


@given(raw=st.binary(max_size=40), size=st.sampled_from([1, 2, 4, 8]), offset=st.integers(-5, 45))
@example(raw=b"\1\2", size=2, offset=0)
def test_numbers_are_little_endian_and_inside(raw, size, offset):
    image = Image(raw, 0, s.X64_W)
    if 0 <= offset <= len(raw) - size:
        assert image.number(size, offset) == sum(byte << 8 * at for at, byte in enumerate(raw[offset : offset + size]))
    else:
        with pytest.raises(ImageError, match=re.escape(f"integer at offset {offset}")):
            image.number(size, offset)


@given(raw=st.binary(max_size=40), offset=st.integers(-5, 45))
def test_text_anywhere_is_text_or_an_error(raw, offset):
    for abi in (s.X64_W, s.X64_A):
        try:
            text = Image(raw, 0, abi).text(offset)
        except ImageError:
            continue
        end = offset + len(text.encode("utf-16-le", "surrogatepass") if abi.char == 2 else text)
        assert raw[end : end + abi.char] == bytes(abi.char) or "\ufffd" in text
