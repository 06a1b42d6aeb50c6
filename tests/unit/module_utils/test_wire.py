# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import functools
import gzip
import struct

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire

BITS = {"B": 8, "H": 16, "I": 32, "Q": 64}


@functools.lru_cache(maxsize=256)
def wire_values(kind):
    """Any value that a field of this kind holds, by the same FIELDS that the wire form follows."""
    if isinstance(kind, str):
        return st.integers(0, (1 << BITS[kind]) - 1)
    if kind is str:
        return st.text(st.characters(max_codepoint=0x7F), max_size=20)
    if kind is bytes:
        return st.binary(max_size=20)
    if isinstance(kind, tuple):
        return st.one_of([wire_values(one) for one in kind])
    return st.builds(
        kind,
        *[
            st.lists(wire_values(_hashable(field[0])), max_size=2).map(tuple)
            if isinstance(field, list)
            else wire_values(field)
            for field in kind.FIELDS
        ],
    )


def _hashable(kind):
    return tuple(kind) if isinstance(kind, list) else kind


BATCHES, ANSWERS = wire_values(wire.Batch), wire_values(wire.Answer)
SAMPLE = wire.Batch(
    (
        wire.Program(
            8,
            1000,
            (
                wire.Call(
                    "ReportIScsiPersistentLoginsW",
                    (wire.Address(0), wire.Address(1), wire.Address(2)),
                    (wire.Block(4, back=1), wire.Block(0, growth=(wire.Growth(2, 0, 1),)), wire.Block(4, back=1)),
                    retry=(wire.Retry(3, 500, (122,)),),
                ),
                wire.Call(
                    "LogoutIScsiTarget",
                    (wire.Item(0),),
                    each=(wire.Each(0, (wire.Array(1, 2080, 0, 0),)),),
                    when=(
                        wire.Succeeded(0),
                        wire.Matching(wire.Each(0, (wire.Strings(1),)), (wire.Pattern(4, b"x", 1),), 1, 9),
                    ),
                ),
            ),
        ),
    )
)


@given(batch=BATCHES)
@example(batch=SAMPLE)
def test_a_batch_comes_through_the_wire_as_it_was(batch):
    assert wire.decode_batch(wire.encode_batch(batch)) == batch


@given(answer=ANSWERS)
def test_an_answer_comes_through_the_wire_as_it_was(answer):
    assert wire.decode_answer(wire.encode_answer(answer)) == answer


@given(batch=BATCHES)
def test_the_same_batch_is_the_same_text(batch):
    """No time stamp inside: two runs of a task send the same."""
    text = wire.encode_batch(batch)
    assert text == wire.encode_batch(wire.decode_batch(text))
    assert text.isascii() and text.strip() == text


def raw(text):
    return gzip.decompress(base64.b64decode(text))


def packed(data):
    return base64.b64encode(gzip.compress(data)).decode()


def test_the_layout_on_the_wire_is_little_endian_and_in_the_order_of_the_fields():
    """What Iscsidsc.cs reads, byte by byte."""
    batch = wire.Batch(
        (
            wire.Program(
                4,
                0x01020304,
                (
                    wire.Call(
                        "Ab",
                        (wire.Integer(7), wire.Address(1, 2)),
                        (wire.Block(8, b"xy", 1, (), (wire.Relocation(1, 2),)),),
                    ),
                ),
            ),
        )
    )
    assert raw(wire.encode_batch(batch)) == (
        b"WIB1"
        + struct.pack("<H", 1)
        + struct.pack("<BI", 4, 0x01020304)
        + struct.pack("<H", 1)
        + b"\x02Ab"
        + struct.pack("<H", 2)
        + struct.pack("<BQ", 0, 7)
        + struct.pack("<BBI", 1, 1, 2)
        + struct.pack("<H", 1)
        + struct.pack("<II", 8, 2)
        + b"xy"
        + struct.pack("<BHHII", 1, 0, 1, 1, 2)
        + struct.pack("<HHBIH", 0, 0, 0, 0, 0)
    )


@given(answer=ANSWERS, data=st.data())
def test_a_shortened_answer_is_a_wire_error(answer, data):
    whole = raw(wire.encode_answer(answer))
    with pytest.raises(wire.WireError):
        wire.decode_answer(packed(whole[: data.draw(st.integers(0, len(whole) - 1))]))


@given(batch=BATCHES, more=st.binary(min_size=1, max_size=3))
def test_what_follows_a_batch_is_a_wire_error(batch, more):
    with pytest.raises(wire.WireError, match=f"{len(more)} bytes follow the batch"):
        wire.decode_batch(packed(raw(wire.encode_batch(batch)) + more))


@given(batch=BATCHES, data=st.data())
@example(batch=SAMPLE, data=None)
def test_garbled_text_is_a_wire_error_or_another_batch(batch, data):
    text = wire.encode_batch(batch)
    if data is None:
        text = text[:-8]
    else:
        at = data.draw(st.integers(0, len(text) - 1))
        text = text[:at] + data.draw(st.sampled_from(["", "A", "=", "\n", "\u00e9", "AAAA"])) + text[at + 1 :]
    _decodes_or_is_a_wire_error(text)


@given(data=st.binary(max_size=60))
def test_arbitrary_bytes_behind_the_magic_are_a_wire_error_or_a_value(data):
    _decodes_or_is_a_wire_error(packed(b"WIB1" + data))
    _decodes_or_is_a_wire_error(packed(b"WIA1" + data))


def _decodes_or_is_a_wire_error(text):
    for decode in (wire.decode_batch, wire.decode_answer):
        try:
            decode(text)
        except wire.WireError as error:
            assert error.__suppress_context__ or error.__context__ is None  # the cause may hold the text


@given(text=st.text(max_size=40))
@example(text="")
@example(text="H4sIAAAA")
@example(text=base64.b64encode(b"not gzip").decode())
def test_other_text_is_a_wire_error(text):
    with pytest.raises(wire.WireError, match="this is not (a batch|an answer)|of another version"):
        wire.decode_batch(text)
    with pytest.raises(wire.WireError, match="this is not (a batch|an answer)|of another version"):
        wire.decode_answer(text)


def test_a_batch_is_no_answer_and_a_later_version_is_neither():
    with pytest.raises(wire.WireError, match="another version"):
        wire.decode_answer(wire.encode_batch(SAMPLE))
    with pytest.raises(wire.WireError, match="another version"):
        wire.decode_batch(packed(b"WIB2" + raw(wire.encode_batch(SAMPLE))[4:]))


def test_a_kind_that_does_not_exist_is_named():
    program = struct.pack("<HBIH", 1, 8, 0, 1) + b"\x01X" + struct.pack("<HB", 1, 9) + bytes(20)
    with pytest.raises(wire.WireError, match="no such kind: 9 at offset 17"):
        wire.decode_batch(packed(b"WIB1" + program))


HOST = struct.pack("<BBHHBBBB", 8, 0, 0, 0, 4, 2, 0, 1)


def test_a_count_beyond_the_text_is_refused_before_anything_is_made_of_it():
    with pytest.raises(wire.WireError, match="ends early: 65535 values announced at offset 17 of 27"):
        wire.decode_answer(packed(b"WIA1" + HOST + struct.pack("<HBH", 1, 0, 0xFFFF) + bytes(8)))


# -- an answer to another question -------------------------------------------------------------------------------------

QUESTION = wire.Batch(
    (
        wire.Program(
            8,
            0,
            (
                wire.Call("List", (), (wire.Block(4, back=1), wire.Block(4))),
                wire.Call("Each", each=(wire.Each(0, (wire.Strings(0),)),)),
            ),
        ),
    )
)
LISTED = wire.Run(0, 0, (), (wire.Captured(0, 1, b"1234"),))
GOOD = wire.Answer(wire.Host(8), (wire.Result(0, (LISTED,)), wire.Result(0, (wire.Run(0, 0, (0,), ()),) * 3)))


def _with(number, **changes):
    results = list(GOOD.results)
    results[number] = results[number]._replace(**changes)
    return GOOD._replace(results=tuple(results))


@pytest.mark.parametrize(
    "answer, problem",
    [
        (GOOD._replace(host=wire.Host(16)), "for pointers of 16 bytes, for which nothing was asked"),
        (GOOD._replace(host=wire.Host(4)), "for pointers of 4 bytes, for which nothing was asked"),
        (GOOD._replace(results=GOOD.results[:1]), "1 results for 2 calls"),
        (GOOD._replace(results=GOOD.results * 2), "4 results for 2 calls"),
        (_with(0, outcome=7), r"call 0 \(List\) has the unknown outcome 7"),
        (_with(0, runs=(LISTED, LISTED)), r"call 0 \(List\) has 2 runs, although it was to be made once"),
        (_with(1, runs=(wire.Run(0, 0, (), ()),)), "items of 0 levels instead of 1"),
        (_with(1, runs=(wire.Run(0, 0, (0, 0), ()),)), "items of 2 levels instead of 1"),
        (_with(0, runs=(wire.Run(0, 0, (), (wire.Captured(1, 1, b""),)),)), "a block that was not asked for"),
        (_with(0, runs=(wire.Run(0, 0, (), (wire.Captured(9, 1, b""),)),)), "a block that was not asked for"),
        (_with(0, runs=(LISTED._replace(blocks=LISTED.blocks * 2),)), "a block twice"),
    ],
)
def test_what_was_not_asked_for_is_a_wire_error(answer, problem):
    text = wire.encode_answer(answer)
    assert wire.decode_answer(text) == answer
    with pytest.raises(wire.WireError, match=problem):
        wire.decode_answer(text, QUESTION)


@pytest.mark.parametrize(
    "answer",
    [GOOD, _with(1, runs=()), _with(1, outcome=wire.TIMED_OUT, runs=(wire.Run(1460, 0, (), ()),))],
    ids=["answered", "not run", "timed out"],
)
def test_what_answers_the_question_is_taken(answer):
    assert wire.decode_answer(wire.encode_answer(answer), QUESTION) == answer


@given(length=st.integers(1, 2**32 - 1), data=st.binary(max_size=20))
def test_a_length_beyond_the_text_is_refused_before_anything_is_made_of_it(length, data):
    assume(length > len(data))
    run = struct.pack("<IIHH", 0, 0, 0, 1) + struct.pack("<BQI", 0, 0, length) + data
    host = struct.pack("<BBHHBBBB", 8, 0, 0, 0, 4, 2, 0, 1)
    with pytest.raises(wire.WireError, match=f"ends early: {length} bytes wanted"):
        wire.decode_answer(packed(b"WIA1" + host + struct.pack("<HBH", 1, 0, 1) + run))
