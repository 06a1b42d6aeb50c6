# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner.wire import (
    BAD_ITEMS,
    NO_SUCH_EXPORT,
    NOT_REACHED,
    RAN,
    SKIPPED,
    TIMED_OUT,
    Address,
    Array,
    Block,
    Call,
    Each,
    Growth,
    Inner,
    Integer,
    Item,
    Load,
    Matching,
    Pattern,
    Relocation,
    Retry,
    Strings,
    Succeeded,
)
from ansible_collections.winstorage.iscsi.tests.unit.module_utils import support
from ansible_collections.winstorage.iscsi.tests.unit.module_utils.support import ScriptedMachine

BUSY, REFUSED, WARNING = 0xEFFF001F, 0xEFFF0009, 0xAFFF002E


def perform(machine, *program, limit=0):
    """Run calls through the wire; their results. All memory must be released in the end, each block once."""
    batch = wire.Batch((wire.Program(machine.host.pointer, limit, program),))
    answer = wire.decode_answer(executor.run(wire.encode_batch(batch), machine))
    assert sorted(machine.released) == sorted(machine.allocated)
    assert not machine.blocks
    assert len(answer.results) == len(program)
    assert answer.host == machine.host
    return answer.results


def statuses(result):
    return [run.status for run in result.runs]


def scripted(*script):
    """An export that answers with one status after the other, the last one for ever."""
    remaining = list(script)
    return lambda machine, *arguments: remaining.pop(0) if len(remaining) > 1 else remaining[0]


def report(raw, unit=1):
    """An export (size, buffer) that reports bytes by the sizing protocol."""

    def call(machine, size, buffer):
        room = machine.u32(size) * unit if buffer else 0
        machine.put_u32(size, -(-len(raw) // unit))
        if len(raw) > room:
            return 122
        machine.write(buffer, raw)
        return 0

    return call


def reporting(name, unit=1, **more):
    """A call of such an export."""
    buffer = Block(0, back=1, growth=(Growth(0, 0, unit),))
    return Call(name, (Address(0), Address(1)), (Block(4, back=1), buffer), **more)


# -- arguments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pointer", [8, 4])
def test_an_export_gets_integers_blocks_and_nulls(pointer):
    seen = {}

    def export(machine, number, block, inside, null):
        seen.update(number=number, block=machine.read(block, 8), inside=machine.read(inside, 2), null=null)
        machine.write(block, b"answered")
        return 0

    arguments = (Integer(2**64 - 1), Address(0), Address(0, 1), Address(1))
    machine = ScriptedMachine({"X": export}, pointer)
    (result,) = perform(machine, Call("X", arguments, (Block(8, b"abc", back=1), Block(0))))
    assert seen == {"number": 2**64 - 1, "block": b"abc" + bytes(5), "inside": b"bc", "null": 0}
    assert result == wire.Result(RAN, (wire.Run(0, 0, (), (wire.Captured(0, machine.allocated[0], b"answered"),)),))


@pytest.mark.parametrize("pointer", [8, 4])
def test_pointers_inside_a_block_lead_into_it(pointer):
    def export(machine, block):
        inner = int.from_bytes(machine.read(block + 8, pointer), "little")
        return 0 if machine.read(inner, 6) == b"secret" else 1

    block = Block(32, bytes(16) + b"secret", relocations=(Relocation(8, 16),))
    assert statuses(perform(ScriptedMachine({"X": export}, pointer), Call("X", (Address(0),), (block,)))[0]) == [0]


def test_a_block_comes_back_only_where_wanted():
    machine = ScriptedMachine({"X": lambda *_: 0})
    (result,) = perform(machine, Call("X", (), (Block(4, b"in"), Block(4, b"out", back=1), Block(0, back=1))))
    assert [(one.block, one.data) for one in result.runs[0].blocks] == [(1, b"out\0")]


@pytest.mark.parametrize("pointer, expected", [(8, [0]), (4, [7])])
def test_the_program_for_the_machines_pointers_is_run(pointer, expected):
    batch = wire.Batch((wire.Program(8, 0, (Call("Wide"),)), wire.Program(4, 0, (Call("Narrow"),))))
    machine = ScriptedMachine({"Wide": scripted(0), "Narrow": scripted(7)}, pointer)
    answer = wire.decode_answer(executor.run(wire.encode_batch(batch), machine))
    assert statuses(answer.results[0]) == expected


def test_a_batch_without_such_a_program_is_refused():
    with pytest.raises(wire.WireError, match="no program for pointers of 4 bytes"):
        executor.run(wire.encode_batch(wire.Batch((wire.Program(8, 0, ()),))), ScriptedMachine({}, 4))


# -- the sizing protocol -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1, 2, 1544])
@pytest.mark.parametrize("units", [1, 3, 40])
def test_a_buffer_gets_the_size_that_the_call_asks_for(unit, units):
    raw = bytes(range(256)) * (unit * units // 256 + 1)
    raw = raw[: unit * units]
    machine = ScriptedMachine({"X": report(raw, unit)})
    (result,) = perform(machine, reporting("X", unit))
    size, buffer = result.runs[0].blocks
    assert (statuses(result), size.data) == ([0], units.to_bytes(4, "little"))
    assert buffer.data[: len(raw)] == raw and len(buffer.data) % unit == 0
    assert [arguments[1] != 0 for _name, arguments in machine.log] == [False, True]  # null first
    assert buffer.base == machine.log[-1][1][1]


def test_no_records_need_no_second_call():
    machine = ScriptedMachine({"X": scripted(0)})
    (result,) = perform(machine, reporting("X"))
    assert (statuses(result), len(machine.log)) == ([0], 1)
    assert [one.block for one in result.runs[0].blocks] == [0]


def test_a_list_that_grows_between_the_calls_is_asked_for_again():
    sizes = iter([10, 100_000, 100_000])

    def export(machine, size, buffer):
        room, need = machine.u32(size), next(sizes)
        machine.put_u32(size, need)
        return 0 if buffer and room >= need else 122

    machine = ScriptedMachine({"X": export})
    (result,) = perform(machine, reporting("X"))
    assert statuses(result) == [0]
    assert len(result.runs[0].blocks[1].data) >= 100_000


def test_insufficient_buffer_with_size_zero_grows_all_the_same():
    """Windows answers 122 and 0 bytes while its lists change (seen by HPE's host libraries)."""
    rooms = []

    def export(machine, size, buffer):
        rooms.append(machine.u32(size) if buffer else None)
        machine.put_u32(size, 0)
        return 122 if len(rooms) < 4 else 0

    (result,) = perform(ScriptedMachine({"X": export}), reporting("X"))
    assert statuses(result) == [0]
    assert rooms[0] is None and rooms[1] > 0 and rooms[1:] == sorted(set(rooms[1:]))


def test_a_bogus_error_that_gives_a_size_is_a_sizing_answer():
    def export(machine, size, buffer):
        machine.put_u32(size, 6)
        return 0 if buffer else 0xEFFF0001

    (result,) = perform(ScriptedMachine({"X": export}), reporting("X"))
    assert statuses(result) == [0]


def test_success_on_the_sizing_call_with_a_size_is_followed_by_the_real_call():
    def export(machine, size, buffer):
        machine.put_u32(size, 6)
        if buffer:
            machine.write(buffer, b"filled")
        return 0

    (result,) = perform(ScriptedMachine({"X": export}), reporting("X"))
    assert result.runs[0].blocks[1].data[:6] == b"filled"


def test_a_version_that_refuses_a_larger_buffer_gets_the_exact_size():
    def export(machine, size, buffer):
        room = machine.u32(size)
        machine.put_u32(size, 600)
        return 122 if not buffer else 998 if room > 600 else 0

    (result,) = perform(ScriptedMachine({"X": export}), reporting("X"))
    assert statuses(result) == [0]
    assert len(result.runs[0].blocks[1].data) == 600


@pytest.mark.parametrize("wanted", [(16 << 20) + 1, 2**32 - 1])
@pytest.mark.parametrize("unit", [1, 1544])
def test_a_buffer_beyond_the_cap_is_not_allocated(wanted, unit):
    def export(machine, size, buffer):
        machine.put_u32(size, wanted)
        return 122

    machine = ScriptedMachine({"X": export})
    (result,) = perform(machine, reporting("X", unit))
    assert (statuses(result), len(machine.log), len(machine.allocated)) == ([122], 1, 1)


def test_a_call_that_is_never_satisfied_ends():
    machine = ScriptedMachine({"X": scripted(122)})
    (result,) = perform(machine, reporting("X"))
    assert statuses(result) == [122]
    assert len(machine.log) <= executor.ROUNDS


def test_an_error_is_no_request_for_memory():
    machine = ScriptedMachine({"X": scripted(0xEFFF003E)})
    (result,) = perform(machine, reporting("X"))
    assert (statuses(result), len(machine.log)) == ([0xEFFF003E], 1)


@given(sizes=st.lists(st.integers(0, 1 << 18), min_size=1, max_size=6), unit=st.sampled_from([1, 2, 64]))
def test_whatever_sizes_a_call_asks_for_it_gets_room_or_an_error(sizes, unit):
    script = list(sizes)

    def export(machine, size, buffer):
        room, need = (machine.u32(size) if buffer else 0), script.pop(0) if len(script) > 1 else script[0]
        machine.put_u32(size, need)
        if buffer:
            machine.write(buffer, b"\xff" * (min(room, need) * unit))  # an AssertionError where it does not fit
        return 0 if need <= room else 122

    (result,) = perform(ScriptedMachine({"X": export}), reporting("X", unit))
    assert statuses(result) in ([0], [122])


# -- retry -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script, expected, pauses",
    [
        ([BUSY, BUSY, 0], 0, 2),
        ([BUSY], BUSY, 3),
        ([REFUSED, 0], REFUSED, 0),
        ([0], 0, 0),
    ],
)
def test_an_answer_that_passes_is_asked_again(script, expected, pauses):
    machine = ScriptedMachine({"X": scripted(*script)})
    (result,) = perform(machine, Call("X", retry=(Retry(3, 500, (BUSY,)),)))
    assert (statuses(result), machine.sleeps) == ([expected], [500] * pauses)


@pytest.mark.parametrize("script, expected, pauses", [([REFUSED, 5, 0], 0, 2), ([WARNING, 0], WARNING, 0)])
def test_a_retry_that_names_no_status_is_for_any_error(script, expected, pauses):
    machine = ScriptedMachine({"X": scripted(*script)})
    (result,) = perform(machine, Call("X", retry=(Retry(3, 500, ()),)))
    assert (statuses(result), machine.sleeps) == ([expected], [500] * pauses)


def test_each_attempt_has_fresh_memory():
    seen = []

    def export(machine, block):
        seen.append(machine.read(block, 4))
        machine.write(block, b"dirt")
        return BUSY if len(seen) < 3 else 0

    machine = ScriptedMachine({"X": export})
    perform(machine, Call("X", (Address(0),), (Block(4, b"new"),), retry=(Retry(5, 1, (BUSY,)),)))
    assert seen == [b"new\0"] * 3


def test_no_retry_waits_beyond_the_programs_time():
    machine = ScriptedMachine({"X": scripted(BUSY)})
    (result,) = perform(machine, Call("X", retry=(Retry(9, 400, (BUSY,)),)), limit=1000)
    assert (statuses(result), machine.sleeps) == ([BUSY], [400, 400])


# -- each --------------------------------------------------------------------------------------------------------------


def noting(seen, size):
    def export(machine, *arguments):
        seen.append(
            tuple(machine.read(argument, size) if argument >= support.BASE[4] else argument for argument in arguments)
        )
        return 0

    return export


ARRAY = Each(0, (Array(1, 8, 1, 0),))


def test_a_call_repeats_over_the_records_of_an_array():
    seen = []
    machine = ScriptedMachine({"List": report((3).to_bytes(8, "little") + bytes(16)), "X": noting(seen, 8)})
    _listed, result = perform(machine, reporting("List"), Call("X", (Item(0), Load(0, 0, 4)), each=(ARRAY,)))
    assert [run.items for run in result.runs] == [(0,), (1,), (2,)]
    assert seen == [((3).to_bytes(8, "little"), 3), (bytes(8), 0), (bytes(8), 0)]


@pytest.mark.parametrize("tail", [b"", b"garbage behind the end"])
def test_a_call_repeats_over_the_strings_of_a_list(tail):
    seen, names = [], ["iqn.2001-05.com.example:a", "x", "\u0100\u4e00"]
    machine = ScriptedMachine(
        {
            "List": report(support.wide_list(names) + tail, 2),
            "X": lambda machine, text: seen.append(machine.wide(text)) or 0,
        }
    )
    _listed, result = perform(machine, reporting("List", 2), Call("X", (Item(0),), each=(Each(0, (Strings(1),)),)))
    assert seen == names
    assert [run.items for run in result.runs] == [(0,), (1,), (2,)]


@pytest.mark.parametrize("pointer", [8, 4])
def test_a_call_repeats_over_the_records_inside_records(pointer):
    def export(machine, size, buffer):
        """Two records (pointer, count) and their inner lists of 1 and 2 numbers."""
        machine.put_u32(size, 64)
        if not buffer:
            return 122
        for at, (count, inner) in enumerate([(1, 40), (2, 48)]):
            machine.write(buffer + at * 16, (buffer + inner).to_bytes(pointer, "little"))
            machine.put_u32(buffer + at * 16 + 8, count)
        machine.put_u32(buffer + 32, 2)
        for number in range(3):
            machine.put_u32(buffer + 40 + 8 * number, 100 + number)
        return 0

    seen = []
    each = Each(0, (Array(1, 16, 1, 32), Inner(0, 8, 8)))
    machine = ScriptedMachine({"List": export, "X": lambda _machine, *numbers: seen.append(numbers) or 0}, pointer)
    _listed, result = perform(machine, reporting("List"), Call("X", (Load(0, 8, 4), Load(1, 0, 4)), each=(each,)))
    assert seen == [(1, 100), (2, 101), (2, 102)]
    assert [run.items for run in result.runs] == [(0, 0), (1, 0), (1, 1)]


def test_runs_nest_in_the_items_of_the_run_they_come_from():
    """The mechanisms of each target: a list for each string of a list."""
    found = {"a": ["m1", "m2"], "b": [], "c": ["m3"]}
    seen = []

    def mechanisms(machine, name, size, buffer):
        return report(support.wide_list(found[machine.wide(name)]), 2)(machine, size, buffer)

    machine = ScriptedMachine(
        {
            "Names": report(support.wide_list(found), 2),
            "Mechanisms": mechanisms,
            "X": lambda machine, name, mechanism: seen.append((machine.wide(name), machine.wide(mechanism))) or 0,
        }
    )
    blocks = (Block(4, back=1), Block(0, back=1, growth=(Growth(0, 0, 2),)))
    *_rest, result = perform(
        machine,
        reporting("Names", 2),
        Call("Mechanisms", (Item(0), Address(0), Address(1)), blocks, each=(Each(0, (Strings(1),)),)),
        Call("X", (Item(0), Item(1)), each=(Each(1, (Strings(1),)),)),
    )
    assert seen == [("a", "m1"), ("a", "m2"), ("c", "m3")]
    assert [run.items for run in result.runs] == [(0, 0), (0, 1), (2, 0)]


def test_only_runs_that_succeeded_have_items():
    script = {"a": 0, "b": REFUSED, "c": WARNING}
    seen = []

    def numbers(machine, name, size, buffer):
        status = report(support.wide_list([machine.wide(name) + "!"]), 2)(machine, size, buffer)
        return status or script[machine.wide(name)]

    blocks = (Block(4, back=1), Block(0, back=1, growth=(Growth(0, 0, 2),)))
    machine = ScriptedMachine(
        {
            "Names": report(support.wide_list(script), 2),
            "Numbers": numbers,
            "X": lambda machine, text: seen.append(machine.wide(text)) or 0,
        }
    )
    perform(
        machine,
        reporting("Names", 2),
        Call("Numbers", (Item(0), Address(0), Address(1)), blocks, each=(Each(0, (Strings(1),)),)),
        Call("X", (Item(1),), each=(Each(1, (Strings(1),)),)),
    )
    assert seen == ["a!", "c!"]


@pytest.mark.parametrize("listed", [scripted(REFUSED), scripted(0)], ids=["failed", "empty"])
def test_nothing_listed_is_nothing_called(listed):
    machine = ScriptedMachine({"List": listed, "X": scripted(0)})
    _listed, result = perform(machine, reporting("List", 2), Call("X", (Item(0),), each=(Each(0, (Strings(1),)),)))
    assert result == wire.Result(RAN, ())
    assert [name for name, _arguments in machine.log] == ["List"]


def unending(machine, size, buffer):
    """Fills the whole buffer with one text, whatever its size."""
    if not buffer:
        machine.put_u32(size, 10)
        return 122
    machine.write(buffer, b"x\0" * (machine.u32(size) // 2))
    return 0


BAD = {
    "count beyond the block": (report((9999).to_bytes(4, "little") + bytes(60)), ARRAY),
    "count beyond all": (report((2**32 - 1).to_bytes(4, "little") + bytes(60)), ARRAY),
    "pointer outside the block": (report(b"\1\0\0\0" * 4), Each(0, (Array(1, 16, 1, 0), Inner(0, 8, 8)))),
    "string without an end": (unending, Each(0, (Strings(1),))),
}


@pytest.mark.parametrize("export, each", BAD.values(), ids=BAD)
def test_items_that_lead_outside_are_bad_items_and_nothing_is_called(export, each):
    machine = ScriptedMachine({"List": export, "X": scripted(0), "Y": scripted(0)})
    listed, result, after = perform(machine, reporting("List"), Call("X", (Item(0),), each=(each,)), Call("Y"))
    assert (listed.outcome, result, after.outcome) == (RAN, wire.Result(BAD_ITEMS, ()), RAN)
    assert "X" not in [name for name, _arguments in machine.log]


def test_as_many_runs_as_repeated_calls_may_make_come_through():
    count = wire.MAX_RUNS
    machine = ScriptedMachine({"List": report(count.to_bytes(4, "little") + bytes(count - 4)), "X": scripted(0)})
    _listed, result = perform(machine, reporting("List"), Call("X", each=(Each(0, (Array(1, 1, 1, 0),)),)))
    assert len(result.runs) == count


@pytest.mark.parametrize("count", [wire.MAX_RUNS + 1, 1 << 16])
def test_of_a_longer_list_no_call_is_made(count):
    """Neither of more than the answer may bring, nor of more than it can count."""
    machine = ScriptedMachine({"List": report(count.to_bytes(4, "little") + bytes(count - 4)), "X": scripted(0)})
    _listed, result = perform(machine, reporting("List"), Call("X", each=(Each(0, (Array(1, 1, 1, 0),)),)))
    assert result == wire.Result(wire.TOO_MANY_ITEMS, ())
    assert "X" not in [name for name, _arguments in machine.log]


def test_a_number_is_not_loaded_from_beyond_its_block():
    listed = report((2).to_bytes(4, "little") + bytes(16384))
    machine = ScriptedMachine({"List": listed, "X": scripted(0)})
    each = Each(0, (Array(1, 8, 1, 0),))
    _listed, result = perform(machine, reporting("List"), Call("X", (Load(0, 1 << 20, 8),), each=(each,)))
    assert result.outcome == BAD_ITEMS


@given(raw=st.binary(min_size=4, max_size=80), pointer=st.sampled_from([8, 4]), data=st.data())
def test_whatever_a_call_left_nothing_is_read_outside_its_block(raw, pointer, data):
    """The machine raises AssertionError for a read outside live memory."""
    levels = st.sampled_from([Array(1, 8, 1, 0), Array(1, 16, 0, 0), Strings(1)])
    inner = st.lists(st.sampled_from([Inner(0, 8, 4), Inner(4, 0, 16)]), max_size=2)
    each = Each(0, (data.draw(levels), *data.draw(inner)))
    relocated = data.draw(st.booleans())

    def export(machine, size, buffer):
        status = report(raw)(machine, size, buffer)
        if not status and relocated and len(raw) >= 16:
            machine.write(buffer + len(raw) // 2, (buffer + len(raw) // 4).to_bytes(pointer, "little"))
        return status

    machine = ScriptedMachine({"List": export, "X": scripted(0)}, pointer)
    loads = (Load(0, 0, 4), Load(len(each.levels) - 1, 4, 4))
    _listed, result = perform(machine, reporting("List"), Call("X", loads, each=(each,)))
    assert result.outcome in (RAN, BAD_ITEMS)


# -- conditions and vital calls ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status, runs", [(0, True), (WARNING, True), (REFUSED, False)])
def test_a_condition_asks_for_success_or_failure(status, runs):
    machine = ScriptedMachine({"A": scripted(status), "X": scripted(0), "Y": scripted(0)})
    _first, good, bad = perform(machine, Call("A"), Call("X", when=(Succeeded(0),)), Call("Y", when=(Succeeded(0, 0),)))
    assert (good.outcome, bad.outcome) == ((RAN, SKIPPED) if runs else (SKIPPED, RAN))


def test_a_call_that_did_not_run_counts_as_failed():
    machine = ScriptedMachine({"A": scripted(REFUSED), "B": scripted(0), "X": scripted(0)})
    *_rest, result = perform(machine, Call("A"), Call("B", when=(Succeeded(0),)), Call("X", when=(Succeeded(1, 0),)))
    assert result.outcome == RAN


def test_all_conditions_must_hold():
    machine = ScriptedMachine({"A": scripted(0), "B": scripted(REFUSED), "X": scripted(0)})
    *_rest, result = perform(machine, Call("A"), Call("B"), Call("X", when=(Succeeded(0), Succeeded(1))))
    assert result.outcome == SKIPPED


@pytest.mark.parametrize(
    "pattern, least, most, holds",
    [
        (Pattern(0, "iqn.b".encode("utf-16-le"), 1), 1, 1, True),
        (Pattern(0, "IQN.B".encode("utf-16-le"), 1), 1, 1, True),
        (Pattern(0, "IQN.B".encode("utf-16-le"), 0), 1, 9, False),
        (Pattern(0, "iqn".encode("utf-16-le"), 1), 3, 9, True),
        (Pattern(0, "iqn".encode("utf-16-le"), 1), 0, 2, False),
        (Pattern(0, "iqn.z".encode("utf-16-le"), 1), 0, 0, True),
        (Pattern(2, "QN.\u00c9".encode("utf-16-le"), 1), 1, 1, True),
        (Pattern(2, "qn.\u00e9".encode("utf-16-le"), 1), 0, 0, True),  # ASCII letters alone match in either case
        (Pattern(1 << 20, b"\0", 0), 1, 9, False),  # beyond the block
    ],
)
def test_a_condition_counts_the_items_that_match(pattern, least, most, holds):
    names = ["iqn.a", "Iqn.B", "iqn.\u00c9"]
    machine = ScriptedMachine({"List": report(support.wide_list(names), 2), "X": scripted(0)})
    condition = Matching(Each(0, (Strings(1),)), (pattern,), least, most)
    _listed, result = perform(machine, reporting("List", 2), Call("X", when=(condition,)))
    assert result.outcome == (RAN if holds else SKIPPED)


def test_a_condition_over_a_list_that_failed_does_not_hold_even_for_none():
    machine = ScriptedMachine({"List": scripted(REFUSED), "X": scripted(0)})
    condition = Matching(Each(0, (Strings(1),)), (), 0, 0)
    _listed, result = perform(machine, reporting("List", 2), Call("X", when=(condition,)))
    assert result.outcome == SKIPPED


def test_a_condition_over_bad_items_does_not_let_the_call_through():
    machine = ScriptedMachine({"List": unending, "X": scripted(0)})
    condition = Matching(Each(0, (Strings(1),)), (), 0, 9)
    _listed, result = perform(machine, reporting("List"), Call("X", when=(condition,)))
    assert result == wire.Result(BAD_ITEMS, ())


@pytest.mark.parametrize("vital", ["A", "missing"])
def test_after_a_vital_call_failed_only_those_that_ask_for_it_are_made(vital):
    machine = ScriptedMachine({"A": scripted(REFUSED), "X": scripted(0), "Undo": scripted(0)})
    _first, after, undo, last = perform(
        machine, Call(vital, vital=1), Call("X"), Call("Undo", when=(Succeeded(0, 0),)), Call("X")
    )
    assert (after.outcome, undo.outcome, last.outcome) == (NOT_REACHED, RAN, NOT_REACHED)


@pytest.mark.parametrize("status, vital", [(0, 1), (WARNING, 1), (REFUSED, 0)])
def test_a_vital_call_that_went_through_stops_nothing(status, vital):
    machine = ScriptedMachine({"A": scripted(status), "X": scripted(0)})
    assert [result.outcome for result in perform(machine, Call("A", vital=vital), Call("X"))] == [RAN, RAN]


def test_a_vital_call_fails_when_one_of_its_runs_fails():
    two = report(support.wide_list(["a", "b"]), 2)
    machine = ScriptedMachine({"List": two, "A": scripted(REFUSED, 0), "X": scripted(0)})
    each = Each(0, (Strings(1),))
    *_rest, result = perform(machine, reporting("List", 2), Call("A", each=(each,), vital=1), Call("X"))
    assert result.outcome == NOT_REACHED


def test_an_export_that_is_missing_is_told_and_the_others_are_called():
    missing, there = perform(ScriptedMachine({"X": scripted(0)}), Call("No", (Address(0),), (Block(8),)), Call("X"))
    assert (missing, there.outcome) == (wire.Result(NO_SUCH_EXPORT, ()), RAN)


# -- time --------------------------------------------------------------------------------------------------------------


def hang(machine, *_arguments):
    raise executor.TimedOut()


@pytest.mark.parametrize(
    "limit, own, expected",
    [
        (0, 0, None),
        (0, 70, 70),
        (1000, 0, 990),
        (1000, 70, 70),
        (1000, 5000, 990),
    ],
)
def test_a_call_has_its_own_limit_or_what_the_program_has_left(limit, own, expected):
    def slow(machine):
        machine.now += 10
        return 0

    machine = ScriptedMachine({"A": slow, "X": scripted(0)})
    perform(machine, Call("A"), Call("X", limit=own), limit=limit)
    assert machine.limits[1] == expected


def test_how_long_a_run_took_is_told():
    def slow(machine):
        machine.now += 250
        return 0

    (result,) = perform(ScriptedMachine({"A": slow}), Call("A"))
    assert result.runs[0].milliseconds == 250


def test_nothing_is_called_after_a_call_that_hangs():
    machine = ScriptedMachine({"A": hang, "X": scripted(0)})
    batch = wire.Batch((wire.Program(8, 0, (Call("A"), Call("X"), Call("X", when=(Succeeded(0, 0),)))),))
    answer = wire.decode_answer(executor.run(wire.encode_batch(batch), machine))
    assert [result.outcome for result in answer.results] == [TIMED_OUT, NOT_REACHED, NOT_REACHED]
    assert statuses(answer.results[0]) == [wire.ERROR_TIMEOUT]


def test_a_call_that_hangs_keeps_what_it_may_still_use_and_all_else_is_cleared():
    machine = ScriptedMachine({"Secret": scripted(0), "List": report(support.wide_list(["a"]), 2), "Hang": hang})
    program = (
        Call("Secret", (Address(0),), (Block(7, b"hunter2"),)),
        reporting("List", 2),
        Call("Hang", (Item(0), Address(0)), (Block(16),), each=(Each(1, (Strings(1),)),)),
    )
    executor.run(wire.encode_batch(wire.Batch((wire.Program(8, 0, program),))), machine)
    kept = list(machine.blocks)
    assert len(kept) == 2  # the list that its argument points into, and its own block
    assert all(
        any(start <= argument < start + len(block) for start, block in machine.blocks.items())
        for argument in machine.log[-1][1]
    )


def test_a_call_that_is_not_made_for_want_of_time_leaves_no_memory_behind():
    def slow(machine, *_arguments):
        machine.now += 5000
        return 0

    machine = ScriptedMachine({"A": slow, "X": scripted(0)})
    secret = Call("X", (Address(0),), (Block(7, b"hunter2"),))
    first, late, after = perform(machine, Call("A"), secret, Call("X"), limit=1000)
    assert (first.outcome, late.outcome, after.outcome) == (RAN, TIMED_OUT, NOT_REACHED)
    assert "X" not in [name for name, _arguments in machine.log]


def test_memory_is_released_when_the_machine_itself_fails():
    def explode(machine, *_arguments):
        raise OSError("the library is gone")

    machine = ScriptedMachine({"A": scripted(0), "X": explode})
    secret = (Block(7, b"hunter2"),)
    batch = wire.Batch((wire.Program(8, 0, (Call("A", (), secret), Call("X", (), secret))),))
    with pytest.raises(OSError, match="gone"):
        executor.run(wire.encode_batch(batch), machine)
    assert not machine.blocks


@pytest.mark.parametrize(
    "status, failed",
    [
        (0, False),
        (1, True),
        (122, True),
        (0xEFFF0001, True),
        (0xAFFF003B, False),
        (0x80070005, True),
        (0xC0000005, True),
    ],
)
def test_warnings_are_no_failures(status, failed):
    assert executor.failed(status) is failed
