# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the core's tests share: values for any structure, and a machine whose exports a test writes itself."""

from __future__ import annotations

import functools

from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import memory, prototypes, structures
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi.structures import (
    BLOB,
    SECRET,
    TEXT,
    Bytes,
    Chars,
    Pointer,
    Structure,
)
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire

ABIS = {"x64 W": structures.X64_W, "x64 A": structures.X64_A, "x86 W": structures.X86_W, "x86 A": structures.X86_A}
BASE = {8: 0x000001F4_2A3B0000, 4: 0x2A3B0000}  # where an image may lie, by pointer width


# -- values ------------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def texts(abi, max_size):
    """Text that the form's characters express, and short enough for an array of ``max_size`` characters and a NUL."""
    wide = st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")
    narrow = st.characters(min_codepoint=1, max_codepoint=0xFF)
    # a character beyond the BMP takes two
    return st.text(wide, max_size=max_size // 2) if abi.char == 2 else st.text(narrow, max_size=max_size)


@functools.lru_cache(maxsize=256)
def values(structure, abi):
    """Values of every field of a structure, pointers as what they lead to."""
    return st.fixed_dictionaries(
        dict(
            {name: _value(kind, abi) for name, kind in structure.fields.items() if not _is_count(structure, name)},
            **_bits(structure),
        )
    )


def _value(kind, abi):
    if isinstance(kind, Structure):
        return values(kind, abi)
    if isinstance(kind, Chars):
        return texts(abi, 12)
    if isinstance(kind, Bytes):
        return st.binary(min_size=kind.length, max_size=kind.length)
    if not isinstance(kind, Pointer):
        return st.integers(0, (1 << 8 * kind.size) - 1)
    if kind.to is TEXT:
        return st.none() | texts(abi, 12)
    if kind.to in (BLOB, SECRET):
        return st.none() | st.binary(min_size=1, max_size=8)
    return st.lists(values(kind.to, abi), max_size=3) if kind.count else st.none() | values(kind.to, abi)


def _is_count(structure, name):
    return any(isinstance(kind, Pointer) and kind.count == name for kind in structure.fields.values())


def _bits(structure):
    """Every bit that gives a pointer its meaning, so that what it leads to is read."""
    bits = {}
    for kind in structure.fields.values():
        if isinstance(kind, Pointer) and kind.when:
            bits[kind.when[0]] = bits.get(kind.when[0], 0) | kind.when[1]
    return {name: st.just(value) for name, value in bits.items()}


def expected(structure, given):
    """What reading gives for values written: secrets never, and a count for every list."""
    fields = {}
    for name, kind in structure.fields.items():
        value = given.get(name)
        if isinstance(kind, Structure):
            value = expected(kind, value)
        elif isinstance(kind, Pointer):
            value = _expected_behind(kind, value)
        elif _is_count(structure, name):
            value = _counted(structure, name, given)
        fields[name] = value
    return structure.record(**fields)


def _expected_behind(kind, value):
    if kind.to is SECRET or value is None:
        return None
    if not isinstance(kind.to, Structure):
        return value
    return [expected(kind.to, one) for one in value] or () if kind.count else expected(kind.to, value)


def _counted(structure, name, given):
    pointer = next(
        field for field, kind in structure.fields.items() if isinstance(kind, Pointer) and kind.count == name
    )
    return len(given[pointer] or ())


def at_address(packed, base, pointer):
    """The bytes of :func:`memory.pack` as they lie at an address."""
    data, relocations = bytearray(packed[0]), packed[1]
    for at, to in relocations:
        data[at : at + pointer] = (base + to).to_bytes(pointer, "little")
    return bytes(data)


def image(structure, rows, abi, base=None):
    """A captured image of structures in a row."""
    base = BASE[abi.pointer] if base is None else base
    return memory.Image(at_address(memory.pack(structure, rows, abi), base, abi.pointer), base, abi)


# -- a machine ---------------------------------------------------------------------------------------------------------


class ScriptedMachine:
    """A :class:`runner.Machine` in a dictionary. Reading or writing outside a live block is an AssertionError.

    :param exports: name -> function(machine, *arguments) that returns a status.
    :param tables: the rows of each management class; any other query has none.
    """

    def __init__(self, exports, pointer=8, tables=None, **host):
        self.tables = tables or {}
        facts = {
            "runtime": "scripted",
            "dll_version": (10, 0, 20348, 1),
            "windows_version": (10, 0, 20348),
            "service_state": 4,
            "start_mode": 2,
            "elevated": 1,
        }
        self.host = wire.Host(pointer, **dict(facts, **host))
        self.exports, self.abi = exports, structures.WIDE[pointer]
        self.blocks, self.log, self.sleeps, self.limits = {}, [], [], []
        self.allocated, self.released, self.now = [], [], 0
        self._next = BASE[pointer]

    def rows(self, query):
        return self.tables.get(getattr(query, "class_name", None), [])

    def allocate(self, size):
        address, self._next = self._next, self._next + size + 64  # a gap, so that no pointer leads to a neighbour
        self.blocks[address] = bytearray(size)
        self.allocated.append(address)
        return address

    def _block(self, address, size):
        for start, block in self.blocks.items():
            if start <= address and address + size <= start + len(block):
                return block, address - start
        raise AssertionError(f"{size} bytes at 0x{address:X} are in no live block")

    def read(self, address, size):
        block, at = self._block(address, size)
        return bytes(block[at : at + size])

    def write(self, address, data):
        block, at = self._block(address, len(data))
        block[at : at + len(data)] = data

    def release(self, addresses):
        for address in addresses:
            del self.blocks[address]  # a KeyError for what was released before, or never given
            self.released.append(address)

    def call(self, export, arguments, limit):
        if export not in self.exports:
            raise executor.NoSuchExport()
        self.log.append((export, tuple(arguments)))
        self.limits.append(limit)
        return self.exports[export](self, *arguments)

    def clock(self):
        return self.now

    def sleep(self, milliseconds):
        self.sleeps.append(milliseconds)
        self.now += milliseconds

    # what exports need

    def u32(self, address):
        return int.from_bytes(self.read(address, 4), "little")

    def put_u32(self, address, number):
        self.write(address, number.to_bytes(4, "little"))

    def wide(self, address):
        """The text at an address."""
        block, at = self._block(address, 0)
        length = structures.text_length(bytes(block), 2, at)
        return bytes(block[at : at + length]).decode("utf-16-le")

    def put_rows(self, address, structure, rows):
        """Structures and what they lead to, at an address; the bytes they take."""
        data = at_address(memory.pack(structure, rows, self.abi), address, self.abi.pointer)
        self.write(address, data)
        return len(data)


def wide_list(items):
    """The bytes of a list of texts."""
    return b"".join((item + "\0").encode("utf-16-le") for item in items) + b"\0\0"


def export(name, answer):
    """An export of the DLL by its prototype, with the sizing protocol of its callers' documentation.

    :param answer: outputs by name (rows for an ARRAY, texts for a LIST, bytes, numbers, mappings), or a status; or a
        function of the inputs by name that gives one of these.
    """
    prototype = prototypes.FUNCTIONS[name]

    def call(machine, *arguments):
        addresses = dict(zip([argument.name for argument in prototype.arguments], arguments))
        outputs = answer(_inputs(machine, prototype, addresses)) if callable(answer) else answer
        if isinstance(outputs, int):
            return outputs
        statuses = [
            _put(machine, prototype, argument, addresses, outputs)
            for argument in prototype.arguments
            if argument.name in outputs
        ]
        return next((status for status in statuses if status), 0)

    return call


def exports(**answers):
    """Exports by name, each by :func:`export`."""
    return {name: export(name, answer) for name, answer in answers.items()}


def _inputs(machine, prototype, addresses):
    found = {}
    for argument in prototype.arguments:
        value = addresses[argument.name]
        if argument.out:
            continue
        if argument.kind is prototypes.TEXT:
            value = machine.wide(value) if value else None
        elif argument.kind is prototypes.STRUCT and value:
            layout = argument.type.layout(machine.abi)
            value = layout.unpack(machine.read(value, layout.size))
        found[argument.name] = value
    return found


def _put(machine, prototype, argument, addresses, outputs):
    value, address = outputs[argument.name], addresses[argument.name]
    if argument.kind is prototypes.NUMBER:
        machine.write(address, value.to_bytes(argument.type.size, "little"))
    elif argument.kind is prototypes.STRUCT:
        machine.put_rows(address, argument.type, value)
    elif argument.kind is prototypes.FIXED_TEXT:
        machine.write(address, structures.encode_text(value, 2))
    else:
        return _put_sized(machine, prototype, argument, addresses, value)
    return 0


def _put_sized(machine, prototype, argument, addresses, value):
    address, size = addresses[argument.name], prototype.size_of(argument.name)
    if argument.kind is prototypes.ARRAY:
        rows, element = value, argument.type.layout(machine.abi).size
        raw = at_address(memory.pack(argument.type, rows, machine.abi), address, machine.abi.pointer)
    else:
        rows, element = (), 1
        raw = wide_list(value) if argument.kind is prototypes.LIST else value
    unit = {"bytes": 1, "chars": 2, "elements": element}[size.unit]
    room = machine.u32(addresses[size.name]) * unit if address else 0
    machine.put_u32(addresses[size.name], -(-len(raw) // unit))
    if argument.count:
        machine.put_u32(addresses[argument.count], len(rows))
    if len(raw) > room:
        return 122
    if raw:
        machine.write(address, raw)
    return 0
