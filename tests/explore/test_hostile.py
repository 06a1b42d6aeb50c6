# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers and batches made to do harm: no more than the documented errors may come of them.

Each case has a seed of its own, which a failure names. WINSTORAGE_ISCSI_HOSTILE is how many cases there are.
"""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
from pathlib import Path

import pytest

from ansible_collections.winstorage.iscsi.plugins.filter.summary import summary
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi.memory import ImageError
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi.structures import WIDE
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import CallError
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts, volumes
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, rows, wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.audit import find_risks
from ansible_collections.winstorage.iscsi.tests.unit.module_utils.support import ScriptedMachine

DEMO = Path(__file__).parents[2] / "demo" / "hosts"
CASES = int(os.environ.get("WINSTORAGE_ISCSI_HOSTILE", "400"))
CHUNKS = 8
DOCUMENTED = (wire.WireError, ImageError, CallError)
NUMBERS = (0, 1, 2, 3, 4, 7, 8, 15, 16, 255, 256, 4096, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)

chunks = pytest.mark.parametrize("chunk", range(CHUNKS))


def cases(chunk):
    """(seed, random numbers) of each case of a chunk."""
    for seed in range(chunk * CASES // CHUNKS, (chunk + 1) * CASES // CHUNKS):
        yield seed, random.Random(seed)


# -- answers -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """The answer of a host that has something of everything, by the text of its batch."""
    answer, _rows = rows.split(_answer_of(tmp_path_factory, "sql01"))
    return wire.decode_answer(answer)


@pytest.fixture(scope="module")
def honest_with_rows(tmp_path_factory):
    """The same of a host that has events: (the text of its answer, the plain rows that came with it)."""
    answer, line = rows.split(_answer_of(tmp_path_factory, "hyperv02"))
    return answer, json.loads(line)


def _answer_of(tmp_path_factory, name):
    path = tmp_path_factory.mktemp("host") / f"{name}.yml"
    shutil.copy(DEMO / f"{name}.yml", path)
    answers = []

    def run(text):
        answers.append(simulator.run(text, str(path)))
        return answers[0]

    queries.gather(run)
    return answers[0]


def _harmful_bytes(chance, data, base, pointer):
    """Captured memory with some of its bytes, numbers or pointers replaced, or cut, or emptied."""
    raw = bytearray(data)
    for _change in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(raw)) if raw else 0
        kind = chance.randrange(7)
        if kind == 0:
            raw[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            raw[at & ~3 : (at & ~3) + 4] = chance.choice(NUMBERS).to_bytes(4, "little")
        elif kind == 2:
            target = (base + chance.randrange(-8, len(raw) + 8)) % (1 << 8 * pointer)
            raw[at & ~7 : (at & ~7) + pointer] = target.to_bytes(pointer, "little")
        elif kind == 3:
            del raw[at:]
        elif kind == 4:
            raw[at:] = bytes(len(raw) - at)
        elif kind == 5:
            raw[at : at + 64] = b"\xff" * 64
        else:
            raw += chance.randbytes(chance.randrange(64))
    return bytes(raw)


def _harmful_run(chance, run, pointer):
    kind = chance.randrange(8)
    if kind == 0:
        return run._replace(status=chance.choice((*NUMBERS, 0xEFFF003E, 0xAFFF0007, 122)))
    if kind == 1:
        return run._replace(items=tuple(chance.choice(NUMBERS) for _item in run.items))
    if kind == 2:
        return run._replace(items=run.items + (0,) if chance.random() < 0.5 else run.items[:-1])
    if kind == 3:
        return run._replace(blocks=tuple(chance.sample(run.blocks, chance.randrange(len(run.blocks) + 1))))
    blocks = list(run.blocks)
    if blocks:
        at = chance.randrange(len(blocks))
        block = blocks[at]
        if kind == 4:
            blocks[at] = block._replace(block=chance.randrange(8), base=chance.choice(NUMBERS))
        else:
            blocks[at] = block._replace(data=_harmful_bytes(chance, block.data, block.base, pointer))
    return run._replace(blocks=tuple(blocks))


def _harmful(chance, answer):
    """The answer with some of its results, runs or memory changed."""
    results = list(answer.results)
    for _change in range(chance.choice((1, 1, 2, 5, 20))):
        at = chance.randrange(len(results))
        result, runs = results[at], list(results[at].runs)
        kind = chance.randrange(10)
        if kind == 0:
            result = result._replace(outcome=chance.randrange(9))
        elif kind == 1:
            runs = runs * chance.randrange(3)
        elif kind == 2:
            results[at] = results[chance.randrange(len(results))]
            continue
        elif runs:
            number = chance.randrange(len(runs))
            runs[number] = _harmful_run(chance, runs[number], answer.host.pointer)
        results[at] = result._replace(runs=tuple(runs))
    if chance.random() < 0.05:
        results = results[:-1] if chance.random() < 0.5 else [*results, results[0]]
    host = answer.host
    if chance.random() < 0.1:
        host = host._replace(
            pointer=chance.choice((0, 4, 8, 16, 255)),
            dll_version=tuple(chance.choice(NUMBERS) for _part in range(chance.randrange(6))),
            service_state=chance.randrange(256),
            start_mode=chance.randrange(256),
            elevated=chance.randrange(256),
        )
    return wire.Answer(host, tuple(results))


@chunks
def test_of_a_harmful_answer_come_facts_or_a_documented_error(honest, chunk):
    refused = 0
    for seed, chance in cases(chunk):
        text = wire.encode_answer(_harmful(chance, honest))
        try:
            facts.assemble(queries.gather(lambda _batch, text=text: text))
        except DOCUMENTED:
            refused += 1
        except Exception as error:
            raise AssertionError(f"the answer of seed {seed} ends in {error!r}") from error
    assert 0 < refused < CASES // CHUNKS  # both kinds are among them


JUNK = (None, True, -1, 0, 1 << 70, 1.5, "", "x" * 5000, "<b>\u202e\x1b[31m\0", [], [[]], {}, {"": None}, ["E:\\", 7])


def _places(value, path=()):
    """Every place in plain data."""
    for key, inside in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(inside, (dict, list)):
            yield from _places(inside, (*path, key))


def _saved(found):
    """What the DLL alone says of the saved logins."""
    rest = ("initiator_address",)
    return [{name: login[name] for name in login if name not in rest} for login in found["persistent_logins"]]


def _harmful_rows(chance, plain):
    """Rows of which some values are something else, missing, or there many times; now and then no rows at all."""
    if chance.random() < 0.05:
        return chance.choice(("", "[", "null", "[" * 5000, "{}", json.dumps(JUNK)))
    plain = copy.deepcopy(plain)
    for _change in range(chance.choice((1, 1, 2, 8))):
        *path, last = chance.choice(list(_places(plain)))
        holder = plain
        for key in path:
            holder = holder[key]
        if chance.random() < 0.15 and isinstance(holder, list):
            holder[last:last] = [holder[last]] * chance.choice((1, 3000))
        elif chance.random() < 0.15:
            del holder[last]
        else:
            holder[last] = chance.choice(JUNK)
    return json.dumps(plain)


@chunks
def test_harmful_rows_cost_a_warning_and_take_nothing_else_down(honest_with_rows, chunk):
    answer, plain = honest_with_rows
    whole = facts.assemble(queries.gather(lambda _batch: rows.join(answer, json.dumps(plain))))
    warned = 0
    for seed, chance in cases(chunk):
        text = rows.join(answer, _harmful_rows(chance, plain))
        try:
            found = facts.assemble(queries.gather(lambda _batch, text=text: text))
            summary(found)
            risks = find_risks(found)
        except Exception as error:
            raise AssertionError(f"the rows of seed {seed} end in {error!r}") from error
        assert _saved(found) == _saved(whole), seed
        assert found["next_boot"]["verdict"] == whole["next_boot"]["verdict"], seed
        assert all(disk.isprintable() for disk in map(volumes.label, found["next_boot"]["disks"])), seed
        assert all(risk["text"].isprintable() for risk in risks), seed
        warned += found["warnings"] != whole["warnings"]
    assert warned > CASES // CHUNKS // 4


def _result_of(answer, export):
    """The number of the first call of an export in a batch that asks for everything."""
    reading = queries.Reading(answer.host.pointer, queries.READS)
    return next(number for number, call in enumerate(reading.builder.calls) if call.export == export)


def test_no_targets_but_what_they_are_is_an_error_that_names_the_call(honest):
    """BufferSize 0: the list has no texts, yet there are runs for its items."""
    number = _result_of(honest, "ReportIScsiTargetsW")
    (run,) = honest.results[number].runs
    emptied = run._replace(blocks=(run.blocks[0]._replace(data=bytes(4)), *run.blocks[1:]))
    results = list(honest.results)
    results[number] = results[number]._replace(runs=(emptied,))
    text = wire.encode_answer(honest._replace(results=tuple(results)))
    with pytest.raises(wire.WireError, match="GetIScsiTargetInformationW ran for item 0 of a list of 0"):
        queries.gather(lambda _batch: text)


def test_pointers_of_16_bytes_are_an_error_in_words(honest):
    text = wire.encode_answer(honest._replace(host=honest.host._replace(pointer=16)))
    with pytest.raises(wire.WireError, match="for pointers of 16 bytes, for which nothing was asked"):
        queries.gather(lambda _batch: text)


# -- batches -----------------------------------------------------------------------------------------------------------


class Library:
    """Exports of any name, which answer anything and fill the memory that they are given with anything."""

    def __init__(self, chance):
        self.chance = chance

    def __contains__(self, _name):
        return self.chance.random() < 0.95

    def __getitem__(self, _name):
        def call(machine, *arguments):
            for address in arguments:
                for start, block in machine.blocks.items():
                    if start <= address < start + len(block):
                        self._fill(machine, address, start + len(block) - address)
            return self.chance.choice((0, 0, 0, 0, 122, 122, 998, 5, 0xAFFF0007, 0xEFFF0001))

        return call

    def _fill(self, machine, address, room):
        chance = self.chance
        if room == 4 or chance.random() < 0.3:
            size = min(room, 4)
            machine.write(address, chance.choice((0, 1, 2, 3, 8, 16, 40, 0xFFFFFFFF)).to_bytes(4, "little")[:size])
        if room >= 16 and chance.random() < 0.7:
            near = address + chance.randrange(-16, room + 16)
            size = min(room, 64)
            filling = chance.choice((b"a\0b\0\0\0", near.to_bytes(8, "little"), b"\2\0\0\0", chance.randbytes(8))) * 16
            machine.write(address, filling[:size])


def _batch(chance, pointer):
    """A program in which most of what is referred to is there, and some is not."""

    def mostly():
        return chance.random() < 0.985

    def small(most):
        return chance.randrange(most) if mostly() else chance.choice((most, 255))

    def offset(*usual):
        return chance.choice(usual or (0, 0, 0, 4, 8, 12)) if mostly() else chance.choice((16, 40, *NUMBERS))

    def each(number):
        levels = []
        for level in range(chance.choice((1, 1, 2, 3))):
            stride = chance.choice((1, 4, 8, 16)) if mostly() else chance.choice(NUMBERS)
            if level and mostly():
                levels.append(wire.Inner(offset(), offset(), stride))
            else:
                levels.append(chance.choice((wire.Array(small(3), stride, 0, offset(0)), wire.Strings(small(3)))))
        return wire.Each(small(max(1, number)), tuple(levels))

    def argument(repeats):
        if (repeats or not mostly()) and chance.random() < 0.5:
            width = chance.choice((1, 2, 4, 8)) if mostly() else 3
            return chance.choice((wire.Item(0, offset()), wire.Load(0, offset(), width), wire.Item(small(1), 0)))
        return chance.choice((wire.Integer(chance.choice(NUMBERS)), wire.Address(0, offset(0)), wire.Address(small(3))))

    def condition(number):
        if chance.random() < 0.5:
            return wire.Succeeded(small(max(1, number)), chance.randrange(2))
        patterns = tuple(wire.Pattern(offset(), b"a\0", chance.randrange(2)) for _pattern in range(chance.randrange(3)))
        return wire.Matching(each(number), patterns, chance.randrange(3), chance.randrange(9))

    def block(index):
        growth = (wire.Growth(0, offset(0), chance.choice((1, 2, 12))),) if index == 1 and chance.random() < 0.7 else ()
        size = 0 if growth else chance.choice((4, 16, 64)) if index else 4
        relocations = (wire.Relocation(offset(0, 8), offset(0, 8)),) if size >= 16 and chance.random() < 0.3 else ()
        data = chance.randbytes(min(size, 8) if mostly() else size + 1)
        return wire.Block(size, data, chance.randrange(2), growth, relocations)

    calls = []
    for number in range(chance.randrange(1, 6)):
        repeats = (each(number),) if number and chance.random() < 0.5 else ()
        retry = (wire.Retry(chance.randrange(3), chance.choice((0, 1, 500)) if mostly() else 0xFFFFFFFF, ()),)
        calls.append(
            wire.Call(
                chance.choice("ABC"),
                tuple(argument(repeats) for _argument in range(chance.randrange(4))),
                tuple(block(index) for index in range(3)),
                repeats,
                tuple(condition(number) for _condition in range(chance.choice((0, 0, 0, 1)))),
                chance.randrange(2),
                chance.choice((0, 0, 1000, 0xFFFFFFFF)),
                retry if chance.random() < 0.2 else (),
            )
        )
    return wire.Batch((wire.Program(pointer, chance.choice((0, 0, 1000, 0xFFFFFFFF)), tuple(calls)),))


@chunks
def test_of_a_harmful_batch_comes_an_answer_or_a_wire_error_and_nothing_outside_its_blocks_is_touched(chunk):
    """The machine fails a test that reads or writes outside a live block, or frees what it has not given."""
    refused = answered = 0
    for case in range(10):
        for seed, chance in cases(chunk):
            pointer = chance.choice(tuple(WIDE))
            chance = random.Random(f"{seed} {case}")
            batch, machine = _batch(chance, pointer), ScriptedMachine(Library(chance), pointer)
            try:
                answer = wire.decode_answer(executor.run(wire.encode_batch(batch), machine), batch)
            except wire.WireError:
                refused += 1
                assert machine.log == [], f"the batch of seed {seed} {case} was refused after a call"
            except BaseException as error:
                raise AssertionError(f"the batch of seed {seed} {case} ends in {error!r}") from error
            else:
                answered += 1
                assert len(answer.results) == len(batch.programs[0].calls)
            assert machine.blocks == {}, f"the batch of seed {seed} {case} left memory behind"
    assert min(refused, answered) > CASES // CHUNKS
