# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated host as a machine for the runner: a simulated address space, and one marshaller for every export.

Arguments are integers, as a DLL receives them. The prototypes of :mod:`abi.prototypes` tell how to read the memory that
they point to. The service answers in named fields. The answer is then written to the buffers of the caller as Windows
does: structures in a row, followed in the same buffer by the data that their pointers lead to. The layouts come from
:mod:`abi.structures`, the behaviour from :mod:`service`.
"""

from __future__ import annotations

import bisect

from ...module_utils.abi import memory, prototypes, status, structures
from ...module_utils.abi.prototypes import ARRAY, BYTES, FIXED_TEXT, LIST, NUMBER, SIZE, STRUCT, TEXT
from ...module_utils.runner import executor, wire
from . import rows
from .service import HANGS

_FIRST_ADDRESS = {8: 0x000001F4A3E10000, 4: 0x02A70000}
_LARGER = 512  # bytes or characters that a list asks for beyond its need, in a dialect that does so
_TAIL = "\ubeef\u0011\uf00d"  # characters that may follow a list of texts
_STATES = {"stopped": 1, "running": 4}  # winsvc.h
_START_MODES = {"automatic": 2, "manual": 3, "disabled": 4}
_COUNTS_WHEN_SIZED = ("ReportIScsiPersistentLoginsW",)  # return Count from the sizing call too (SDK sample iscsicli.c)
# Lists of the service that are never sized with success, even if they are empty (public analyses of the service).
_INSUFFICIENT_WHEN_EMPTY = ("ReportIScsiPersistentLoginsW", "GetIScsiSessionListW", "GetIScsiSessionListEx")
_TAG_BYTES = 2  # TargetPortalTag, the only pointer to bytes without an argument for their number
_GROUP = structures.ISCSI_TARGET_PORTAL_GROUP


class AccessViolation(Exception):
    """A call accesses memory that was not allocated. On Windows this would end the process."""


class Memory:
    """Blocks at simulated addresses, which are the same in every run."""

    def __init__(self, pointer):
        self._next, self._blocks, self._order = _FIRST_ADDRESS[pointer], {}, []

    def allocate(self, size):
        address = self._next
        self._next += -(-size // 4096) * 4096 + 4096  # an unused page between any two blocks
        self._blocks[address] = bytearray(size)
        self._order.append(address)
        return address

    def release(self, address):
        del self._blocks[address]
        self._order.remove(address)

    def read(self, address, size):
        block, offset = self._find(address, size)
        return bytes(block[offset : offset + size])

    def write(self, address, data):
        block, offset = self._find(address, len(data))
        block[offset : offset + len(data)] = data

    def rest(self, address):
        """The bytes from an address to the end of its block."""
        block, offset = self._find(address, 0)
        return bytes(block[offset:])

    def _find(self, address, size):
        index = bisect.bisect_right(self._order, address) - 1
        start = self._order[index] if index >= 0 else None
        if start is None or address + size > start + len(self._blocks[start]):
            raise AccessViolation(f"0x{address:X}, {size} bytes")
        return self._blocks[start], address - start


class SimulatorMachine:
    """A machine for the executor on top of a service.Service. Time is simulated, so waiting takes no time."""

    def __init__(self, service):
        self.service = service
        pointer = 4 if service.state["windows"]["architecture"] == "x86" else 8
        self.memory = Memory(pointer)
        self.abi = structures.WIDE[pointer]
        self.calls = []  # (export, status) of each call
        self._now = 0

    @property
    def host(self):
        state = self.service.state["service"]
        return wire.Host(
            pointer=self.abi.pointer,
            runtime="simulator",
            dll_version=self.service.version("dll"),
            windows_version=self.service.version("windows"),
            service_state=_STATES[state["state"]],
            start_mode=_START_MODES[state["start_mode"]],
            delayed_start=int(state["delayed_start"]),
            elevated=int(self.service.state["elevated"]),
        )

    def allocate(self, size):
        return self.memory.allocate(size)

    def read(self, address, size):
        return self.memory.read(address, size)

    def write(self, address, data):
        self.memory.write(address, data)

    def release(self, addresses):
        for address in addresses:
            self.memory.release(address)

    def clock(self):
        return self._now

    def sleep(self, milliseconds):
        self._now += milliseconds

    def rows(self, query):
        return rows.read(self.service, query)

    def write_setting(self, setting):
        rows.write(self.service, setting)

    def call(self, export, arguments, limit):
        function = prototypes.CALLABLE.get(export)
        if function is None:
            raise executor.NoSuchExport(export)
        call = _Marshalled(function, dict(zip((argument.name for argument in function.arguments), arguments)), self)
        code, outputs = self.service.call(export, call.inputs())
        spent = self.service.spent
        if spent > (limit or HANGS - 1):
            self._now += limit or 0
            raise executor.TimedOut()
        self._now += spent
        code = call.answer(code, outputs)
        self.calls.append((export, code))
        return code


class _Marshalled:
    """One call: reads its arguments as named fields, and writes its outputs to the memory of the caller."""

    def __init__(self, function, arguments, machine):
        self.function, self.arguments = function, arguments
        self.memory, self.abi, self.dialect = machine.memory, machine.abi, machine.service.dialect

    # -- in ----------------------------------------------------------------------------------------------------------

    def inputs(self):
        return {
            argument.name: self._input(argument, self.arguments[argument.name])
            for argument in self.function.arguments
            if not argument.out
        }

    def _input(self, argument, value):
        if isinstance(argument.kind, structures.Scalar):
            return value & (1 << 8 * argument.kind.size) - 1
        if not value:
            return None
        if argument.kind is TEXT:
            return self._text(value)
        if argument.kind is BYTES:
            return self.memory.read(value, self.arguments[argument.of] if argument.of else _TAG_BYTES)
        if argument.type is _GROUP:
            count, start = self._u32(value), _GROUP.layout(self.abi).offset_of("Portals")
            return {"Count": count, "Portals": self._structures(structures.ISCSI_TARGET_PORTAL, value + start, count)}
        return self._structures(argument.type, value, 1)[0]

    def _structures(self, structure, address, count):
        size = structure.layout(self.abi).size
        raw = self.memory.read(address, size * count)
        return [
            _plain(structure.layout(self.abi).unpack(raw, at, self._resolve)) for at in range(0, size * count, size)
        ]

    def _resolve(self, _layout, follow, address, count):
        """The value that a pointer inside an argument leads to, secrets included."""
        target = follow.pointer.to
        if target is structures.TEXT:
            return self._text(address)
        if target in (structures.BLOB, structures.SECRET):
            return self.memory.read(address, count)
        found = self._structures(target, address, 1 if count is None else count)
        return found[0] if follow.count is None else found

    def _text(self, address):
        raw = self.memory.rest(address)
        length = structures.text_length(raw, self.abi.char)
        if length < 0:
            raise AccessViolation(f"0x{address:X}, text without an end")
        return structures.decode_text(raw[:length], self.abi.char)

    # -- out ---------------------------------------------------------------------------------------------------------

    def answer(self, code, outputs):
        """Write the outputs. Returns the status, which differs from ``code`` if a buffer is too small."""
        sized = [argument for argument in self.function.arguments if argument.kind is SIZE]
        images = {}
        for size in sized:
            if size.of in outputs:
                images[size.of] = image = self._image(self.function.argument(size.of), outputs[size.of])
                if not self._fits(size, image):
                    return status.INSUFFICIENT_BUFFER
        for argument in self.function.arguments:
            if argument.out and argument.kind is not SIZE and argument.name in outputs and argument.name not in images:
                self._write(argument, outputs[argument.name])
        for size in sized:
            if size.of in images:
                self._fill(size, images[size.of])
        return code

    def _fits(self, size, image):
        """Whether the buffer is large enough. If not, write the size that it needs."""
        buffer = self.function.argument(size.of)
        address, room = self.arguments[size.of], self._u32(self.arguments[size.name]) * self._unit(size)
        if buffer.capacity or (address and room >= len(image.data)):
            return True
        nothing = not image.count and buffer.kind in (ARRAY, LIST)
        if self.function.name in _COUNTS_WHEN_SIZED:
            self._count(buffer, image)
        needed = 0 if nothing else len(image.data) // self._unit(size)
        if needed and self.dialect["list_size_reports"] == "larger" and size.unit != "elements":
            needed += _LARGER
        self._put_u32(self.arguments[size.name], needed)
        if not needed and self._empty_succeeds():
            self._count(buffer, image)
            return True
        return False

    def _empty_succeeds(self):
        """Whether the sizing call of an empty list ends with success."""
        answer = self.dialect["empty_list"]
        return answer == "success" or (answer == "by_list" and self.function.name not in _INSUFFICIENT_WHEN_EMPTY)

    def _fill(self, size, image):
        address, buffer, unit = self.arguments[size.of], self.function.argument(size.of), self._unit(size)
        data = image.data[: buffer.capacity and self._u32(self.arguments[size.name])] if buffer.capacity else image.data
        if address:
            self.memory.write(address, image.at(address, self.abi.pointer)[: len(data)])
        self._put_u32(self.arguments[size.name], len(data) // unit if address else 0)
        self._count(buffer, image)

    def _count(self, buffer, image):
        counter = next((argument for argument in self.function.arguments if argument.name == buffer.count), None)
        if counter is not None and counter.kind is NUMBER:
            self._put_u32(self.arguments[counter.name], image.count)

    def _write(self, argument, value):
        address = self.arguments[argument.name]
        if not address:
            return
        if argument.kind is NUMBER:
            self.memory.write(address, value.to_bytes(argument.type.size, "little"))
        elif argument.kind is STRUCT:
            self.memory.write(address, argument.type.layout(self.abi).pack(value))
        elif argument.kind is FIXED_TEXT:
            self.memory.write(address, structures.encode_text(value, self.abi.char)[: argument.capacity])
        else:
            raise TypeError(f"{argument.name} is sized by no argument")

    def _image(self, argument, value):
        if argument.kind is ARRAY:
            return _Image(*memory.pack(argument.type, value, self.abi), len(value))
        if argument.kind is LIST:
            return self._texts(value)
        if "InfoClass" not in self.arguments:
            return _Image(value, [], 1)
        return self._information(value)

    def _texts(self, value):
        """Each text with its NUL, then an empty text. An empty list has no bytes at all."""
        text = "\0".join(value) + "\0\0" if value else ""
        tail = _TAIL if value and self.dialect["text_list_tail"] == "garbage" else ""
        return _Image((text + tail).encode("utf-16-le"), [], len(value))

    def _information(self, value):
        """The content of the buffer of GetIScsiTargetInformationW for its information class."""
        kind, structure = next(
            (kind, structure)
            for number, kind, structure in prototypes.TARGET_INFORMATION.values()
            if number == self.arguments["InfoClass"]
        )
        if kind is LIST:
            return self._texts(value)
        if kind is TEXT:
            return _Image(structures.encode_text(value, self.abi.char), [], 1)
        if kind is NUMBER:
            return _Image(value.to_bytes(structure.size, "little"), [], 1)
        if kind is prototypes.PORTAL_GROUPS:
            return _Image(self._portal_groups([group["Portals"] for group in value]), [], 1)
        return _Image(b"", [], 1) if value is None else _Image(*memory.pack(structure, value, self.abi), 1)

    def _portal_groups(self, groups):
        """A u32 count, then the groups. Microsoft's iscsicli includes the tail padding of the group's structure.
        What Windows itself does is not known.
        """
        layout, portal = _GROUP.layout(self.abi), structures.ISCSI_TARGET_PORTAL.layout(self.abi)
        spacing = self.dialect["portal_group_spacing"]
        fixed = layout.size - portal.size if spacing == "microsoft" else layout.offset_of("Portals")
        data = bytearray(len(groups).to_bytes(4, "little"))
        for group in groups:
            size = -(-(fixed + len(group) * portal.size) // 4) * 4 if group else 4
            raw = len(group).to_bytes(4, "little") + b"".join(bytes(portal.pack(member)) for member in group)
            data += raw.ljust(size, b"\0")
        return bytes(data)

    def _unit(self, size):
        if size.unit == "elements":
            return self.function.argument(size.of).type.layout(self.abi).size
        return self.abi.char if size.unit == "chars" else 1

    def _u32(self, address):
        return int.from_bytes(self.memory.read(address, 4), "little")

    def _put_u32(self, address, value):
        self.memory.write(address, value.to_bytes(4, "little"))


class _Image:
    """The bytes of a buffer, the pointers in them, and the number of records."""

    def __init__(self, data, relocations, count):
        self.data, self._relocations, self.count = data, relocations, count

    def at(self, address, pointer):
        """The bytes for a buffer at an address. Pointers are absolute (observed: go-win-iscsidsc)."""
        data = bytearray(self.data)
        for offset, to in self._relocations:
            data[offset : offset + pointer] = (address + to).to_bytes(pointer, "little")
        return bytes(data)


def _plain(value):
    """The named tuple of a structure as dicts and lists."""
    if hasattr(value, "_asdict"):
        return {name: _plain(field) for name, field in value._asdict().items()}
    return [_plain(field) for field in value] if isinstance(value, (list, tuple)) else value
