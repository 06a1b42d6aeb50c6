# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every runner of batches must do, as data: a batch, what the scripted library (scripted.c)
answers, and what must come of it.

Expectations are whole: every outcome, status, item number and captured byte,
and every call that the library saw. So engines that meet
them also agree with each other.
"""

from __future__ import annotations

import base64
import gzip
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner.wire import (
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

KEEP, HANG, NO_STEP = 0xFFFFFFFF, 0xFFFFFFFE, 0x5C0001
SLACK = 4096
WARNING = 0xAFFF0007
RAN, SKIPPED, NOT_REACHED = wire.RAN, wire.SKIPPED, wire.NOT_REACHED
NO_SUCH_EXPORT, BAD_ITEMS, TIMED_OUT = wire.NO_SUCH_EXPORT, wire.BAD_ITEMS, wire.TIMED_OUT
TOO_MANY_ITEMS, MAX_RUNS = wire.TOO_MANY_ITEMS, 32768


class Case(NamedTuple):
    """``calls(pointer)`` for pointers of that many bytes. ``steps`` as :func:`step` makes them.

    ``results``: (outcome, [(status, item numbers, {block: bytes}), ...]) for each call; at the offsets ``pointers`` of
    these blocks the distance from the block's start stands for the address. ``trace``: (tag, size, has a buffer, input)
    for each scripted call. ``steps`` and ``results`` may be functions of the pointers' size.
    """

    name: str
    calls: Callable[[int], list[Call]]
    steps: Any
    results: Any
    trace: Any
    limit: int = 0
    pointers: tuple[int, ...] = ()


def step(
    status: int = 0, size: int = KEEP, count: int = KEEP, fill: bytes = b"", pointers: tuple[tuple[int, int], ...] = ()
) -> bytes:
    """One answer of the library; see scripted.c."""
    places = b"".join(struct.pack("<2I", *place) for place in pointers)
    return struct.pack("<5I", status, size, count, len(fill), len(pointers)) + places + fill


def script_batch(steps: bytes, pointer: int) -> str:
    """A batch that loads the script and clears the trace."""
    load = Call(
        "SetIScsiGroupPresharedKey", (Integer(len(steps)), Address(0), Integer(0)), (Block(max(1, len(steps)), steps),)
    )
    return wire.encode_batch(wire.Batch((wire.Program(pointer, 0, (load,)),)))


def trace_batch(pointer: int) -> str:
    """A batch that brings the trace."""
    size = 64 << 10
    bring = Call(
        "GetIScsiTargetInformationW",
        (Integer(0), Integer(0), Integer(0), Address(0), Address(1)),
        (Block(4, number(size), 1), Block(size, b"", 1)),
    )
    return wire.encode_batch(wire.Batch((wire.Program(pointer, 0, (bring,)),)))


def trace_of(answer: wire.Answer) -> list[tuple[str, int, int, bytes]]:
    """The calls that the library saw; of what else came in, the bytes up to the zeros at the end."""
    size, data = (captured.data for captured in answer.results[0].runs[0].blocks)
    found = struct.iter_unpack("<4s2I16s", data[: int.from_bytes(size, "little")])
    return [(tag.decode(), size_in, buffer, rest.rstrip(b"\0")) for tag, size_in, buffer, rest in found]


def case_batch(case: Case, pointer: int) -> str:
    """The batch as a controller sends it: with a program for either width."""
    programs = tuple(wire.Program(width, case.limit, tuple(case.calls(width))) for width in (12 - pointer, pointer))
    return wire.encode_batch(wire.Batch(programs))


def results_of(case: Case, answer: wire.Answer) -> list[tuple[int, list[Any]]]:
    """An answer in the form of ``Case.results``."""

    def blocks(run):
        return {captured.block: _rebased(case, captured, answer.host.pointer) for captured in run.blocks}

    return [
        (result.outcome, [(run.status, run.items, blocks(run)) for run in result.runs]) for result in answer.results
    ]


def _rebased(case, captured, pointer):
    data = bytearray(captured.data)
    for at in case.pointers:
        value = int.from_bytes(data[at : at + pointer], "little")
        data[at : at + pointer] = (value - captured.base).to_bytes(pointer, "little")
    return bytes(data)


def of(value: Any, pointer: int) -> Any:
    """A value, or what the function gives for this width of pointers."""
    return value(pointer) if callable(value) else value


# -- the calls that the cases are made of ----------------------------------------------------------------------------


def number(value: int) -> bytes:
    return struct.pack("<I", value)


def wide(*texts: str) -> bytes:
    """Texts each with its NUL."""
    return "".join(text + "\0" for text in texts).encode("utf-16-le")


def logins(**options: Any) -> Call:
    """Blocks: 0 count, 1 buffer (bytes), 2 its size."""
    return Call(
        "ReportIScsiPersistentLoginsW",
        (Address(0), Address(1), Address(2)),
        (Block(4, b"", 1), Block(0, b"", 1, (Growth(2, 0, 1),)), Block(4, b"", 1)),
        **options,
    )


def targets(**options: Any) -> Call:
    """Blocks: 0 size in characters, 1 list of texts."""
    return Call(
        "ReportIScsiTargetsW",
        (Integer(1), Address(0), Address(1)),
        (Block(4, b"", 1), Block(0, b"", 1, (Growth(0, 0, 2),))),
        **options,
    )


def quiet_targets() -> Call:
    """The same, but nothing comes back."""
    return targets()._replace(blocks=(Block(4), Block(0, b"", 0, (Growth(0, 0, 2),))))


def sessions(**options: Any) -> Call:
    """Blocks: 0 size, 1 count, 2 records. Nothing comes back."""
    return Call(
        "GetIScsiSessionListW",
        (Address(0), Address(1), Address(2)),
        (Block(4), Block(4), Block(0, b"", 0, (Growth(0, 0, 1),))),
        **options,
    )


def devices(session: Any, **options: Any) -> Call:
    """Blocks: 0 how many elements of 12 bytes, 1 the elements, which come back."""
    return Call(
        "GetDevicesForIScsiSessionW",
        (session, Address(0), Address(1)),
        (Block(4), Block(0, b"", 1, (Growth(0, 0, 12),))),
        **options,
    )


def logout(session: Any, **options: Any) -> Call:
    return Call("LogoutIScsiTarget", (session,), **options)


def isns(export: str, address: str, **options: Any) -> Call:
    return Call(export, (Address(0),), (Block(64, wide(address)),), **options)


def add(address: str, **options: Any) -> Call:
    return isns("AddISNSServerW", address, **options)


def remove(address: str, **options: Any) -> Call:
    return isns("RemoveISNSServerW", address, **options)


def sized(data: bytes, size: int) -> bytes:
    """What a buffer of that many bytes holds that was filled with data."""
    return data + bytes(size - len(data))


def each_session(stride: int = 16, call: int = 0) -> tuple[Each, ...]:
    return (Each(call, (Array(2, stride, 1, 0),)),)


def each_text(call: int = 0) -> tuple[Each, ...]:
    return (Each(call, (Strings(1),)),)


def session_steps(
    *records: bytes, count: int | None = None, pointers: tuple[tuple[int, int], ...] = (), tail: bytes = b""
) -> bytes:
    fill = b"".join(records) + tail
    return step(122, len(fill)) + step(0, KEEP, len(records) if count is None else count, fill, pointers)


def text_steps(fill: bytes) -> bytes:
    return step(122, len(fill) // 2) + step(0, KEEP, fill=fill)


def session_trace(size: int) -> list[tuple[str, int, int, bytes]]:
    return [("SESS", 0, 0, b""), ("SESS", size + SLACK, 1, b"")]


def text_trace(characters: int) -> list[tuple[str, int, int, bytes]]:
    return [("TARG", 0, 0, b"\1"), ("TARG", characters + SLACK // 2, 1, b"\1")]


def seen(tag: str, data: bytes = b"") -> tuple[str, int, int, bytes]:
    return tag, 0, 0, data.rstrip(b"\0")


def text_seen(tag: str, text: str) -> tuple[str, int, int, bytes]:
    return seen(tag, text[:8].encode("utf-16-le"))


def ran(*runs: Any) -> tuple[int, list[Any]]:
    """Runs as (status, items, blocks), or a status alone."""
    return RAN, [(run, (), {}) if isinstance(run, int) else run for run in runs]


A, B, C = b"session-A-123456", b"session-B-123456", b"session-C-123456"
HUGE = 0xFEDCBA9876543210
SESSION = Block(16, A)

# -- arguments -------------------------------------------------------------------------------------------------------

ARGUMENTS = [
    Case(
        "by value: 64 bits between pointers, and bytes",
        lambda pointer: [
            Call(
                "SendScsiInquiry",
                (
                    Address(0),
                    Integer(HUGE),
                    Integer(0x81),
                    Integer(0x83),
                    Address(1),
                    Address(2),
                    Address(3),
                    Address(4),
                    Address(5),
                ),
                (
                    SESSION,
                    Block(1, b"", 1),
                    Block(4, number(64), 1),
                    Block(64, b"", 1),
                    Block(4, number(32), 1),
                    Block(32, b"", 1),
                ),
            )
        ],
        b"",
        [
            ran(
                (
                    0,
                    (),
                    {
                        1: b"\2",
                        2: number(34),
                        3: sized(A + struct.pack("<Q2B2I", HUGE, 0x81, 0x83, 64, 32), 64),
                        4: number(1),
                        5: sized(b"\x70", 32),
                    },
                )
            )
        ],
        [],
    ),
    Case(
        "by value: thirteen arguments, all given",
        lambda pointer: [
            Call(
                "LoginIScsiTargetW",
                (
                    Address(0),
                    Integer(1),
                    Address(0),
                    Integer(0xFFFFFFFF),
                    Address(0),
                    Integer(HUGE),
                    Address(0),
                    Address(0),
                    Integer(12),
                    Address(1),
                    Integer(1),
                    Address(2),
                    Address(3),
                ),
                (Block(8), Block(12, b"secret-secre"), Block(16, b"", 1), Block(16, b"", 1)),
            )
        ],
        b"",
        [ran((0, (), {2: struct.pack("<Q2I", HUGE, 0xFFFFFFFF, 0x1013F), 3: number(12) + b"secret-secre"}))],
        [],
    ),
    Case(
        "null: the integer 0, and a block without bytes whatever the offset",
        lambda pointer: [
            Call(
                "LoginIScsiTargetW",
                (
                    Address(0, 4),
                    Integer(0),
                    Integer(0),
                    Integer(7),
                    Address(0),
                    Integer(0),
                    Integer(0),
                    Address(0),
                    Integer(0),
                    Address(0),
                    Integer(0),
                    Address(1),
                    Address(2),
                ),
                (Block(0), Block(16, b"", 1), Block(16, b"\xff" * 16, 1)),
            )
        ],
        b"",
        [ran((0, (), {1: struct.pack("<Q2I", 0, 7, 0), 2: bytes(4) + b"\xff" * 12}))],
        [],
    ),
    Case(
        "an address with an offset, and memory that is zero behind its data",
        lambda pointer: [Call("GetIScsiVersionInformation", (Address(0, 8),), (Block(40, b"abc", 1),))],
        b"",
        [ran((0, (), {0: b"abc" + bytes(5) + struct.pack("<3I", 10, 20, 30) + bytes(20)}))],
        [],
    ),
    Case(
        "relocation: a pointer in a block to another place of it",
        lambda pointer: [
            Call(
                "AddIScsiSendTargetPortalW",
                (Integer(0), Integer(0xAABBCCDD), Address(0), Integer(0x123456789ABCDEF0), Address(0)),
                (Block(32, bytes(pointer) + number(4) + bytes(12 - pointer) + b"CHAP", 1, (), (Relocation(0, 16),)),),
            )
        ],
        step(5),
        lambda pointer: [
            ran((5, (), {0: sized(b"\x10".ljust(pointer, b"\0") + number(4) + bytes(12 - pointer) + b"CHAP", 32)}))
        ],
        [seen("PORT", b"CHAP" + bytes(4) + struct.pack("<I", 0xAABBCCDD) + b"\1\1")],
        pointers=(0,),
    ),
    Case(
        "blocks that do not come back, and calls without arguments or blocks",
        lambda pointer: [Call("GetIScsiVersionInformation", (Address(0),), (Block(12),))],
        b"",
        [ran(0)],
        [],
    ),
]

# -- sizing ----------------------------------------------------------------------------------------------------------


def _logins_case(name, steps, status, sizes, size_after, buffer=None, count=0):
    """Persistent logins alone; ``sizes`` that the library is asked with, 0 for the question without a buffer."""
    blocks = {0: number(count), 2: number(size_after)}
    if buffer is not None:
        blocks[1] = buffer
    return Case(
        name,
        lambda pointer: [logins()],
        b"".join(steps),
        [ran((status, (), blocks))],
        [("LOGI", size, int(size > 0), b"") for size in sizes],
    )


GROWTH = [
    _logins_case(
        "asks without a buffer, then with slack",
        [step(122, 100, 1), step(0, 100, 2, b"x" * 100)],
        0,
        [0, 100 + SLACK],
        100,
        sized(b"x" * 100, 100 + SLACK),
        2,
    ),
    _logins_case(
        "grows between two calls",
        [step(122, 100), step(122, 40000, 9), step(0, 40000, 3, b"y" * 40000)],
        0,
        [0, 100 + SLACK, 40000 + SLACK],
        40000,
        sized(b"y" * 40000, 40000 + SLACK),
        3,
    ),
    _logins_case(
        "122 and 0 bytes needed, twice",
        [step(122, 0), step(122, 0), step(0, 8, 1, b"z" * 8)],
        0,
        [0, SLACK, 3 * SLACK],
        8,
        sized(b"z" * 8, 3 * SLACK),
        1,
    ),
    _logins_case(
        "a buffer larger than needed is refused",
        [step(122, 96), step(998, 96), step(0, 96, 1, b"w" * 96)],
        0,
        [0, 96 + SLACK, 96],
        96,
        b"w" * 96,
        1,
    ),
    _logins_case(
        "refused, then grown: the exact size again",
        [step(122, 96), step(998, 96), step(122, 128), step(0, 128, 1, b"v" * 128)],
        0,
        [0, 96 + SLACK, 96, 128],
        128,
        b"v" * 128,
        1,
    ),
    _logins_case("998 without a buffer is an error like others", [step(998, 0)], 998, [0], 0),
    _logins_case(
        "never enough: eight rounds",
        [step(122, 10 + 20000 * n) for n in range(9)],
        122,
        [0] + [10 + 20000 * n + SLACK for n in range(7)],
        140010 + SLACK,
        bytes(140010 + SLACK),
    ),
    _logins_case(
        "more than the cap is not asked for", [step(122, (16 << 20) - SLACK + 1)], 122, [0], (16 << 20) - SLACK + 1
    ),
    _logins_case("none", [step(0, 0, 0)], 0, [0], 0),
    _logins_case(
        "success without a buffer, yet something is needed",
        [step(0, 64, 1), step(0, 64, 1, b"u" * 64)],
        0,
        [0, 64 + SLACK],
        64,
        sized(b"u" * 64, 64 + SLACK),
        1,
    ),
    _logins_case(
        "an odd error without a buffer that still tells the size",
        [step(5, 64), step(0, 64, 1, b"t" * 64)],
        0,
        [0, 64 + SLACK],
        64,
        sized(b"t" * 64, 64 + SLACK),
        1,
    ),
    _logins_case("an error", [step(0xEFFF003E)], 0xEFFF003E, [0], 0),
    _logins_case(
        "an error after the size", [step(122, 64), step(5)], 5, [0, 64 + SLACK], 64 + SLACK, bytes(64 + SLACK)
    ),
    Case(
        "sizes in characters",
        lambda pointer: [targets()],
        text_steps(wide("iqn.a", "")),
        [ran((0, (), {0: number(7 + SLACK // 2), 1: sized(wide("iqn.a", ""), 14 + SLACK)}))],
        text_trace(7),
    ),
    Case(
        "sizes in elements: whole ones",
        lambda pointer: [devices(Address(2))._replace(blocks=devices(Address(2)).blocks + (SESSION,))],
        step(122, 3) + step(0, 3, fill=b"d" * 36),
        [ran((0, (), {1: sized(b"d" * 36, 345 * 12)}))],
        [("DEVI", 0, 0, A), ("DEVI", 345, 1, A)],
    ),
    # 345: 36 bytes and SLACK, rounded up to whole elements
]

# -- repeating over items --------------------------------------------------------------------------------------------


def _three_logouts(options=None):
    return lambda pointer: [sessions(), logout(Item(0), each=each_session(), **(options or {}))]


def _inner_records(pointer):
    """Two records of 16 bytes: pointer, count; the first leads to two ids, the second to one. The ids follow."""
    return session_steps(
        sized(bytes(pointer) + number(2), 16),
        sized(bytes(pointer) + number(1), 16),
        tail=A + B + C,
        pointers=((0, 32), (16, 64)),
    )


ITEMS = [
    Case(
        "each record of an array",
        _three_logouts(),
        session_steps(A, B, C) + step(0) + step(5) + step(WARNING),
        [ran(0), ran((0, (0,), {}), (5, (1,), {}), (WARNING, (2,), {}))],
        session_trace(48) + [seen("LOGO", record) for record in (A, B, C)],
    ),
    Case(
        "as many as repeated calls may make",
        lambda pointer: [
            sessions(),
            Call("GetIScsiVersionInformation", (Address(0),), (Block(12),), each=each_session(1)),
        ],
        step(122, MAX_RUNS) + step(0, KEEP, MAX_RUNS, bytes(MAX_RUNS)),
        [ran(0), ran(*((0, (n,), {}) for n in range(MAX_RUNS)))],
        session_trace(MAX_RUNS),
    ),
    Case("each of none", _three_logouts(), step(0, 0, 0), [ran(0), ran()], [("SESS", 0, 0, b"")]),
    Case(
        "each of a call that failed",
        _three_logouts(),
        step(0xEFFF003E),
        [ran(0xEFFF003E), ran()],
        [("SESS", 0, 0, b"")],
    ),
    Case(
        "each of a call that warned",
        _three_logouts(),
        step(122, 16) + step(WARNING, KEEP, 1, A) + step(0),
        [ran(WARNING), ran((0, (0,), {}))],
        session_trace(16) + [seen("LOGO", A)],
    ),
    Case(
        "each text of a list, garbage behind the empty one",
        lambda pointer: [quiet_targets(), Call("RefreshISNSServerW", (Item(0),), each=each_text())],
        text_steps(wide("iqn.a", "iqn.longer", "") + b"\x01\x02garbage!") + step(0) + step(0),
        [ran(0), ran((0, (0,), {}), (0, (1,), {}))],
        text_trace(23) + [text_seen("ISN*", "iqn.a"), text_seen("ISN*", "iqn.longer")],
    ),
    Case(
        "a list that is empty",
        lambda pointer: [targets(), Call("RefreshISNSServerW", (Item(0),), each=each_text())],
        step(0, 0),
        [ran((0, (), {0: number(0)})), ran()],
        [("TARG", 0, 0, b"\1")],
    ),
    Case(
        "an item with an offset, and an integer from an item",
        lambda pointer: [
            sessions(),
            Call("SetIScsiInitiatorCHAPSharedSecret", (Load(0, 4, 4), Item(0, 12)), each=each_session()),
        ],
        session_steps(b"1234" + number(0xCAFEBABE) + b"5678KEY1", b"1234" + number(7) + b"5678KEY2") + step(0) * 2,
        [ran(0), ran((0, (0,), {}), (0, (1,), {}))],
        session_trace(32) + [seen("CHAP", number(0xCAFEBABE) + b"KEY1"), seen("CHAP", number(7) + b"KEY2")],
    ),
    Case(
        "records that a pointer of a record leads to",
        lambda pointer: [sessions(), logout(Item(1), each=(Each(0, (Array(2, 16, 1, 0), Inner(0, pointer, 16))),))],
        lambda pointer: _inner_records(pointer) + step(0) * 3,
        [ran(0), ran((0, (0, 0), {}), (0, (0, 1), {}), (0, (1, 0), {}))],
        session_trace(80) + [seen("LOGO", record) for record in (A, B, C)],
    ),
    Case(
        "both the record and the inner one",
        lambda pointer: [
            sessions(),
            Call(
                "RemoveIScsiConnection",
                (Item(0, pointer), Item(1)),
                each=(Each(0, (Array(2, 16, 1, 0), Inner(0, pointer, 16))),),
            ),
        ],
        lambda pointer: _inner_records(pointer) + step(0) * 3,
        [ran(0), ran((0, (0, 0), {}), (0, (0, 1), {}), (0, (1, 0), {}))],
        session_trace(80)
        + [
            seen("CONN", number(2).ljust(8, b"\0") + A[:8]),
            seen("CONN", number(2).ljust(8, b"\0") + B[:8]),
            seen("CONN", number(1).ljust(8, b"\0") + C[:8]),
        ],
    ),
    Case(
        "a pointer and no count",
        lambda pointer: [sessions(), logout(Item(1), each=(Each(0, (Array(2, 16, 1, 0), Inner(0, pointer, 16))),))],
        session_steps(bytes(16)),
        [ran(0), ran()],
        session_trace(16),
    ),
    Case(
        "runs inside runs: the devices of each session, then something of each device",
        lambda pointer: [
            sessions(),
            devices(Item(0), each=each_session()),
            Call("RemoveIScsiConnection", (Item(0), Item(1, 4)), each=(Each(1, (Array(1, 12, 0, 0),)),)),
        ],
        session_steps(A, B)
        + step(122, 2)
        + step(0, 2, fill=b"dev0-A-1----dev1-A-2----")
        + step(122, 1)
        + step(0, 1, fill=b"dev0-B-1----")
        + step(0) * 3,
        [
            ran(0),
            ran(
                (0, (0,), {1: sized(b"dev0-A-1----dev1-A-2----", 344 * 12)}),
                (0, (1,), {1: sized(b"dev0-B-1----", 343 * 12)}),
            ),
            ran((0, (0, 0), {}), (0, (0, 1), {}), (0, (1, 0), {})),
        ],
        session_trace(32)
        + [
            ("DEVI", 0, 0, A),
            ("DEVI", 344, 1, A),
            ("DEVI", 0, 0, B),
            ("DEVI", 343, 1, B),
            seen("CONN", A[:8] + b"-A-1----"),
            seen("CONN", A[:8] + b"-A-2----"),
            seen("CONN", B[:8] + b"-B-1----"),
        ],
    ),
    Case(
        "runs inside runs: those that failed have no items",
        lambda pointer: [
            sessions(),
            devices(Item(0), each=each_session()),
            logout(Item(0), each=(Each(1, (Array(1, 12, 0, 0),)),)),
        ],
        session_steps(A, B) + step(0xEFFF0001) + step(122, 1) + step(0, 1, fill=b"dev0-B-1----") + step(0),
        [ran(0), ran((0xEFFF0001, (0,), {}), (0, (1,), {1: sized(b"dev0-B-1----", 343 * 12)})), ran((0, (1, 0), {}))],
        session_trace(32) + [("DEVI", 0, 0, A), ("DEVI", 0, 0, B), ("DEVI", 343, 1, B), seen("LOGO", B)],
    ),
    Case(
        "an inner level of a later call: in the block where its item lies",
        lambda pointer: [
            sessions(),
            add("x", each=each_session()),
            logout(Item(1), each=(Each(1, (Inner(0, pointer, 16),)),)),
        ],
        lambda pointer: _inner_records(pointer) + step(0) * 5,
        [ran(0), ran((0, (0,), {}), (0, (1,), {})), ran((0, (0, 0), {}), (0, (0, 1), {}), (0, (1, 0), {}))],
        session_trace(80) + [text_seen("ISN+", "x")] * 2 + [seen("LOGO", record) for record in (A, B, C)],
    ),
]

# -- items that would lead outside -----------------------------------------------------------------------------------

BAD, TOO_MANY = (BAD_ITEMS, []), (TOO_MANY_ITEMS, [])


def _bad_array(name, count, fill=A):
    return Case(
        "array: " + name, _three_logouts(), session_steps(fill, count=count), [ran(0), BAD], session_trace(len(fill))
    )


def _bad_inner(name, record, pointers=()):
    """One record of 16 bytes alone in its block: pointer, count."""
    return Case(
        "inner records: " + name,
        lambda pointer: [sessions(), logout(Item(1), each=(Each(0, (Array(2, 16, 1, 0), Inner(0, pointer, 16))),))],
        lambda pointer: step(122, 16) + step(0, KEEP, 1, sized(of(record, pointer), 16), pointers),
        [ran(0), BAD],
        session_trace(16),
    )


def _unended(name, fill):
    """A list that fills its buffer: refused with slack, so that the buffer is exact."""
    return Case(
        "texts: " + name,
        lambda pointer: [quiet_targets(), Call("RefreshISNSServerW", (Item(0),), each=each_text())],
        step(122, len(fill) // 2) + step(998, len(fill) // 2) + step(0, KEEP, fill=fill),
        [ran(0), BAD],
        text_trace(len(fill) // 2) + [("TARG", len(fill) // 2, 1, b"\1")],
    )


HOSTILE = [
    _bad_array("a count without end", 0xFFFFFFFE),
    _bad_array("one more than the block holds", (SLACK + 16) // 16 + 1),
    Case(
        "array: more than the runner takes",
        _three_logouts(),
        session_steps(b"r" * (16 << 16), count=1 << 16),
        [ran(0), TOO_MANY],
        session_trace(16 << 16),
    ),
    Case(
        "more runs than repeated calls may make, in two calls",
        lambda pointer: [
            sessions(),
            Call("GetIScsiVersionInformation", (Address(0),), (Block(12),), each=each_session(1)),
            logout(Item(0), each=each_session(16)),
            add("next"),
        ],
        step(122, MAX_RUNS - 1) + step(0, KEEP, MAX_RUNS - 1, bytes(MAX_RUNS - 1)) + step(0),
        [ran(0), ran(*((0, (n,), {}) for n in range(MAX_RUNS - 1))), BAD, ran(0)],
        session_trace(MAX_RUNS - 1) + [text_seen("ISN+", "next")],
    ),
    Case(
        "inner records: many records that share a long list",
        lambda pointer: [sessions(), logout(Item(1), each=(Each(0, (Array(2, 16, 1, 0), Inner(0, pointer, 16))),))],
        lambda pointer: session_steps(
            *[sized(bytes(pointer) + number(60000), 16)] * 100,
            tail=bytes(16 * 60000),
            pointers=tuple((16 * n, 1600) for n in range(100)),
        ),
        [ran(0), TOO_MANY],
        session_trace(1600 + 16 * 60000),
    ),
    Case("array: a count, but no block", _three_logouts(), step(0, 0, 3), [ran(0), BAD], [("SESS", 0, 0, b"")]),
    _bad_inner("null, with a count", lambda pointer: bytes(pointer) + number(1)),
    _bad_inner("before the block", lambda pointer: (0x1000).to_bytes(pointer, "little") + number(1)),
    _bad_inner("at the end of the address space", lambda pointer: b"\xf8".ljust(pointer, b"\xff") + number(1)),
    _bad_inner("behind the block", lambda pointer: bytes(pointer) + number(1), ((0, 16 + SLACK),)),
    _bad_inner("the last does not fit", lambda pointer: bytes(pointer) + number(2), ((0, 16 + SLACK - 16),)),
    _bad_inner("a count without end", lambda pointer: bytes(pointer) + number(0xFFFFFFFF), ((0, 0),)),
    _unended("no NUL", wide("iqn.a")[:-2]),
    _unended("no NUL at the last", wide("iqn.a", "iqn.b")[:-2]),
    Case(
        "texts: more than the runner takes",
        lambda pointer: [quiet_targets(), Call("RefreshISNSServerW", (Item(0),), each=each_text())],
        text_steps(b"x\0\0\0" * (1 << 16)),
        [ran(0), TOO_MANY],
        text_trace(2 << 16),
    ),
    Case(
        "texts: no more than the call says that it left",
        lambda pointer: [quiet_targets(), Call("RefreshISNSServerW", (Item(0),), each=each_text())],
        step(122, 12) + step(0, 6, fill=wide("iqn.a", "iqn.b")) + step(0),
        [ran(0), ran((0, (0,), {}))],
        text_trace(12) + [text_seen("ISN*", "iqn.a")],
    ),
    Case(
        "texts: none, although the buffer holds some",
        lambda pointer: [quiet_targets(), Call("RefreshISNSServerW", (Item(0),), each=each_text())],
        step(122, 6) + step(0, 0, fill=wide("iqn.a")),
        [ran(0), ran()],
        text_trace(6),
    ),
    Case(
        "an address beyond the item's block",
        lambda pointer: [sessions(), logout(Item(0, 16 + SLACK), each=each_session())],
        session_steps(A),
        [ran(0), BAD],
        session_trace(16),
    ),
    Case(
        "an integer from beyond the item's block",
        lambda pointer: [
            sessions(),
            Call("SetIScsiInitiatorCHAPSharedSecret", (Load(0, 16 + SLACK - 3, 4), Integer(0)), each=each_session()),
        ],
        session_steps(A),
        [ran(0), BAD],
        session_trace(16),
    ),
    Case(
        "a pointer field beyond the item's block",
        lambda pointer: [
            sessions(),
            logout(Item(1), each=(Each(0, (Array(2, 16, 1, 0), Inner(16 + SLACK - 2, 0, 16))),)),
        ],
        session_steps(A),
        [ran(0), BAD],
        session_trace(16),
    ),
    Case(
        "runs before the bad item stay",
        lambda pointer: [
            sessions(),
            Call("SetIScsiInitiatorCHAPSharedSecret", (Load(0, SLACK + 20, 4), Integer(0)), each=each_session()),
            add("next"),
        ],
        session_steps(A, sized(b"", 16)) + step(0) * 2,
        [ran(0), (BAD_ITEMS, [(0, (0,), {})]), ran(0)],
        session_trace(32) + [seen("CHAP"), text_seen("ISN+", "next")],
    ),
]

# -- conditions ------------------------------------------------------------------------------------------------------

_NAMES = wide("IQN.One", "iqn.Two", "")


def _matching(patterns, least, most):
    """A list of texts, and a call that depends on how many match."""
    return lambda pointer: [quiet_targets(), add("x", when=(Matching(each_text()[0], tuple(patterns), least, most),))]


def _match_case(name, patterns, least, most, holds, fill=_NAMES):
    return Case(
        "match: " + name,
        _matching(patterns, least, most),
        text_steps(fill) + step(0),
        [ran(0), ran(0) if holds else (SKIPPED, [])],
        text_trace(len(fill) // 2) + ([text_seen("ISN+", "x")] if holds else []),
    )


def _succeeded(status, expected, holds):
    return Case(
        f"a call that answered 0x{status:X} succeeded: {expected}",
        lambda pointer: [add("a"), remove("b", when=(Succeeded(0, expected),))],
        step(status) + step(0),
        [ran(status), ran(0) if holds else (SKIPPED, [])],
        [text_seen("ISN+", "a")] + ([text_seen("ISN-", "b")] if holds else []),
    )


CONDITIONS = [
    _succeeded(0, 1, True),
    _succeeded(0, 0, False),
    _succeeded(5, 1, False),
    _succeeded(5, 0, True),
    _succeeded(WARNING, 1, True),
    _succeeded(0xEFFF0001, 1, False),
    _succeeded(0x8FFF0001, 1, False),
    _succeeded(0xCFFF0001, 1, False),
    _succeeded(0x80070005, 1, False),  # a failed HRESULT
    Case(
        "a call that was skipped did not succeed",
        lambda pointer: [
            add("a"),
            add("b", when=(Succeeded(0),)),
            remove("c", when=(Succeeded(1),)),
            remove("d", when=(Succeeded(1, 0),)),
        ],
        step(5) + step(0),
        [ran(5), (SKIPPED, []), (SKIPPED, []), ran(0)],
        [text_seen("ISN+", "a"), text_seen("ISN-", "d")],
    ),
    Case(
        "of several runs the last counts",
        lambda pointer: _three_logouts()(pointer) + [add("yes", when=(Succeeded(1),))],
        session_steps(A, B) + step(5) + step(0) + step(0),
        [ran(0), ran((5, (0,), {}), (0, (1,), {})), ran(0)],
        session_trace(32) + [seen("LOGO", A), seen("LOGO", B), text_seen("ISN+", "yes")],
    ),
    Case(
        "a call that ran for no item did not succeed",
        lambda pointer: _three_logouts()(pointer) + [add("no", when=(Succeeded(1),))],
        step(0, 0, 0),
        [ran(0), ran(), (SKIPPED, [])],
        [("SESS", 0, 0, b"")],
    ),
    Case(
        "all conditions must hold",
        lambda pointer: [add("a"), add("b"), remove("c", when=(Succeeded(0), Succeeded(1)))],
        step(0) + step(5),
        [ran(0), ran(5), (SKIPPED, [])],
        [text_seen("ISN+", "a"), text_seen("ISN+", "b")],
    ),
    _match_case("letters in either case where folded", [Pattern(0, wide("iqn.ONE"), 1)], 1, 1, True),
    _match_case("exact where not", [Pattern(0, wide("iqn.ONE"))], 1, 1, False),
    _match_case("only letters fold", [Pattern(0, wide("IQN@one"), 1)], 1, 2, False, wide("IQN`one", "")),
    _match_case("only ASCII letters fold", [Pattern(0, b"\xc9\0", 1)], 1, 2, False, b"\xe9\0\0\0\0\0"),
    _match_case("only wide letters fold", [Pattern(0, b"\x41\x04", 1)], 1, 2, False, b"\x61\x04\0\0\0\0"),
    _match_case("every pattern", [Pattern(0, wide("iqn.")[:-2], 1), Pattern(8, wide("two"), 1)], 1, 1, True),
    _match_case("no pattern: every item", [], 2, 2, True),
    _match_case("too few", [], 3, 9, False),
    _match_case("too many", [], 0, 1, False),
    _match_case("none wanted, none there", [Pattern(0, wide("iqn.three"), 1)], 0, 0, True),
    _match_case(
        "a pattern that does not fit behind the item", [Pattern(SLACK + len(_NAMES) - 2, b"\0\0\0")], 1, 9, False
    ),
    Case(
        "match: of a call that failed, not even none",
        _matching([], 0, 0),
        step(5) + step(0),
        [ran(5), (SKIPPED, [])],
        [("TARG", 0, 0, b"\1")],
    ),
    Case(
        "match: bad items are told",
        _matching([], 0, 0),
        step(122, 3) + step(998, 3) + step(0, KEEP, fill=b"no NUL"),
        [ran(0), BAD],
        text_trace(3) + [("TARG", 3, 1, b"\1")],
    ),
    Case(
        "match: records by their bytes",
        lambda pointer: [sessions(), add("x", when=(Matching(each_session()[0], (Pattern(8, b"B"),), 1, 1),))],
        session_steps(A, B, C) + step(0),
        [ran(0), ran(0)],
        session_trace(48) + [text_seen("ISN+", "x")],
    ),
]

# -- failing, retrying, limits ---------------------------------------------------------------------------------------

BUSY = 170


def _in_place(retry):
    """A call that changes its own block, so that a second attempt shows whether the block is fresh."""
    return lambda pointer: [logins(retry=(retry,))]


FAILING = [
    Case(
        "a call that is not vital fails",
        lambda pointer: [add("a"), add("b")],
        step(5) + step(0),
        [ran(5), ran(0)],
        [text_seen("ISN+", "a"), text_seen("ISN+", "b")],
    ),
    Case(
        "a vital call fails: what undoes it runs, the rest does not",
        lambda pointer: [
            add("a", vital=1),
            add("b"),
            remove("c", when=(Succeeded(0, 0),)),
            add("d", when=(Succeeded(0),)),
            remove("e", when=(Succeeded(2, 0),)),
        ],
        step(0xEFFF0002) + step(0),
        [ran(0xEFFF0002), (NOT_REACHED, []), ran(0), (NOT_REACHED, []), (SKIPPED, [])],
        [text_seen("ISN+", "a"), text_seen("ISN-", "c")],
    ),
    Case(
        "a vital call warns",
        lambda pointer: [add("a", vital=1), add("b")],
        step(WARNING) + step(0),
        [ran(WARNING), ran(0)],
        [text_seen("ISN+", "a"), text_seen("ISN+", "b")],
    ),
    Case(
        "a vital call is skipped",
        lambda pointer: [add("a"), add("b", vital=1, when=(Succeeded(0),)), add("c")],
        step(5) + step(0),
        [ran(5), (SKIPPED, []), ran(0)],
        [text_seen("ISN+", "a"), text_seen("ISN+", "c")],
    ),
    Case(
        "one run of a vital call fails: its other runs are made",
        lambda pointer: _three_logouts({"vital": 1})(pointer) + [add("no")],
        session_steps(A, B) + step(5) + step(0),
        [ran(0), ran((5, (0,), {}), (0, (1,), {})), (NOT_REACHED, [])],
        session_trace(32) + [seen("LOGO", A), seen("LOGO", B)],
    ),
    Case(
        "a vital call meets bad items",
        lambda pointer: _three_logouts({"vital": 1})(pointer) + [add("no"), add("undo", when=(Succeeded(1, 0),))],
        session_steps(A, count=1 << 20) + step(0),
        [ran(0), BAD, (NOT_REACHED, []), ran(0)],
        session_trace(16) + [text_seen("ISN+", "undo")],
    ),
    Case(
        "an export that the library lacks",
        lambda pointer: [Call("ClearPersistentIScsiDevices"), add("a", when=(Succeeded(0, 0),))],
        step(0),
        [(NO_SUCH_EXPORT, []), ran(0)],
        [text_seen("ISN+", "a")],
    ),
    Case(
        "a vital export that the library lacks",
        lambda pointer: [Call("ClearPersistentIScsiDevices", vital=1), add("a")],
        b"",
        [(NO_SUCH_EXPORT, []), (NOT_REACHED, [])],
        [],
    ),
    Case(
        "names that are no exports",
        lambda pointer: [
            Call(name, (Integer(0),) * count)
            for name, count in (
                ("system", 1),
                ("Equals", 2),
                ("ReferenceEquals", 2),
                ("Facts", 0),
                ("With", 2),
                ("CloseHandle", 1),
                ("", 0),
                ("addisnsserverw", 1),
                ("_load", 1),
                ("AddISNSServerA", 1),
            )
        ],
        b"",
        [(NO_SUCH_EXPORT, [])] * 10,
        [],
    ),
    Case(
        "a retry until it works, each on fresh memory",
        _in_place(Retry(3, 1, (BUSY, 0xEFFF0040))),
        step(122, 10, 1) + step(BUSY, 10, 8, b"f" * 10) + step(0xEFFF0040, 0, 7) + step(0, 0, KEEP),
        [ran((0, (), {0: number(0), 2: number(0)}))],
        [("LOGI", 0, 0, b""), ("LOGI", 10 + SLACK, 1, b""), ("LOGI", 0, 0, b""), ("LOGI", 0, 0, b"")],
    ),
    Case(
        "a retry without statuses: of any failure, not of a warning",
        _in_place(Retry(9, 1, ())),
        step(5, 0) + step(0xEFFF0040, 0) + step(WARNING, 0, 0),
        [ran((WARNING, (), {0: number(0), 2: number(0)}))],
        [("LOGI", 0, 0, b"")] * 3,
    ),
    Case(
        "a retry is given up",
        _in_place(Retry(2, 1, (BUSY,))),
        step(BUSY, 0, 5) * 4,
        [ran((BUSY, (), {0: number(5), 2: number(0)}))],
        [("LOGI", 0, 0, b"")] * 3,
    ),
    Case(
        "other statuses are not retried",
        _in_place(Retry(2, 1, (BUSY,))),
        step(5, 0) * 2,
        [ran((5, (), {0: number(0), 2: number(0)}))],
        [("LOGI", 0, 0, b"")],
    ),
    Case(
        "no retry that the time does not allow",
        _in_place(Retry(2, 3600000, (BUSY,))),
        step(BUSY, 0) * 2,
        [ran((BUSY, (), {0: number(0), 2: number(0)}))],
        [("LOGI", 0, 0, b"")],
        limit=600000,
    ),
    Case(
        "within its time limit",
        lambda pointer: [
            add("a", limit=600000),
            Call("ClearPersistentIScsiDevices", limit=600000),
            add("b", limit=0xFFFFFFFF),
        ],
        step(5) + step(0),
        [ran(5), (NO_SUCH_EXPORT, []), ran(0)],
        [text_seen("ISN+", "a"), text_seen("ISN+", "b")],
        limit=1200000,
    ),
    Case(
        "a call that hangs",
        lambda pointer: [add("a"), add("b", limit=200), add("c"), remove("d", when=(Succeeded(1, 0),))],
        step(0) + step(HANG),
        [ran(0), (TIMED_OUT, [(1460, (), {})]), (NOT_REACHED, []), (NOT_REACHED, [])],
        [text_seen("ISN+", "a"), text_seen("ISN+", "b")],
    ),
    Case(
        "a call that hangs in a program with a limit",
        lambda pointer: [add("a", limit=600000), add("b")],
        step(HANG),
        [(TIMED_OUT, [(1460, (), {})]), (NOT_REACHED, [])],
        [text_seen("ISN+", "a")],
        limit=200,
    ),
    Case(
        "the second item hangs",
        _three_logouts({"limit": 200}),
        session_steps(A, B, C) + step(0) + step(HANG),
        [ran(0), (TIMED_OUT, [(0, (0,), {}), (1460, (), {})])],
        session_trace(48) + [seen("LOGO", A), seen("LOGO", B)],
    ),
]

CASES = ARGUMENTS + GROWTH + ITEMS + HOSTILE + CONDITIONS + FAILING

# -- what is no batch ------------------------------------------------------------------------------------------------

MARKER = "marker-of-a-secret"


def _packed(raw: bytes) -> str:
    return base64.b64encode(gzip.compress(raw)).decode("ascii")


def broken_batches(pointer: int) -> dict[str, str]:
    """Texts that a runner must refuse. Each holds :data:`MARKER`, which no message may repeat."""
    call = Call("SetIScsiInitiatorCHAPSharedSecret", (Integer(18), Address(0)), (Block(18, MARKER.encode()),))
    good = wire.encode_batch(wire.Batch((wire.Program(pointer, 0, (call,)),)))
    raw = gzip.decompress(base64.b64decode(good))
    wrong_count = Call("SetIScsiInitiatorCHAPSharedSecret", (Integer(18),), (Block(18, MARKER.encode()),))
    return {
        "not base64": MARKER + "!",
        "not gzip": base64.b64encode(MARKER.encode() * 2).decode("ascii"),
        "cut gzip": good[: len(good) // 8 * 4],
        "another version": _packed(b"WIB9" + raw[4:]),
        "an answer": _packed(b"WIA1" + raw[4:]),
        "ends early": _packed(raw[:-3]),
        "bytes behind": _packed(raw + MARKER.encode()),
        "nothing": _packed(b""),
        "an unknown kind": _packed(raw.replace(b"\x02\0\0\x12\0\0\0", b"\x02\0\x09\x12\0\0\0", 1)),
        "a length beyond the end": _packed(raw.replace(b"\x12\0\0\0\x12\0\0\0", b"\x12\0\0\0\xff\xff\xff\xff", 1)),
        "no program for this width": wire.encode_batch(wire.Batch((wire.Program(12 - pointer, 0, (call,)),))),
        "too few arguments": wire.encode_batch(wire.Batch((wire.Program(pointer, 0, (wrong_count,)),))),
        **{f"a call that leads outside: {name}": _batch(pointer, call, *bad) for name, bad in _misleading(pointer)},
    }


def _batch(pointer: int, *calls: Call) -> str:
    return wire.encode_batch(wire.Batch((wire.Program(pointer, 0, calls),)))


def _misleading(pointer: int) -> list[tuple[str, list[Call]]]:
    """Calls behind a good one that refer to what is not there. No call of such a batch may be made."""
    export = "AddISNSServerW"

    def growing(growth: Growth) -> Call:
        return Call(export, (Address(0),), (Block(0, b"", 0, (growth,)), Block(4)))

    def repeated(*levels: Any, earlier: int = 0) -> Call:
        return Call(export, (Integer(0),), each=(Each(earlier, levels),))

    return [
        ("a relocation at the end", [Call(export, (Address(0),), (Block(16, relocations=(Relocation(13, 0),)),))]),
        ("a relocation to the end", [Call(export, (Address(0),), (Block(16, relocations=(Relocation(0, 16),)),))]),
        ("data longer than its block", [Call(export, (Address(0),), (Block(2, b"abc"),))]),
        ("a block of 4 GiB", [Call(export, (Address(0),), (Block(0xFFFFFFFF),))]),
        ("an address without a block", [Call(export, (Address(0),))]),
        ("an address behind its block", [Call(export, (Address(0, 8),), (Block(8),))]),
        ("an item without items", [Call(export, (Item(0),))]),
        ("an item of a level too deep", [Call(export, (Item(1),), each=(Each(0, (Strings(0),)),))]),
        ("a number of five bytes", [Call(export, (Load(0, 0, 5),), each=(Each(0, (Strings(0),)),))]),
        ("a size without a block", [growing(Growth(2, 0, 1))]),
        ("a size behind its block", [growing(Growth(1, 1, 1))]),
        ("a size in the buffer itself", [growing(Growth(0, 0, 1))]),
        ("a size without a unit", [growing(Growth(1, 0, 0))]),
        ("items of itself", [repeated(Strings(0), earlier=1)]),
        ("items of a later call", [repeated(Strings(0), earlier=9)]),
        ("texts without a block", [repeated(Strings(1))]),
        ("records without a length", [repeated(Array(0, 0, 0, 0))]),
        ("a count behind its block", [repeated(Array(0, 1, 0, 15))]),
        ("inner records without outer ones", [repeated(Inner(0, 8, 8))]),
        ("a condition about itself", [Call(export, (Integer(0),), when=(Succeeded(1),))]),
        (
            "a condition that counts items where there are none",
            [Call(export, (Integer(0),), when=(Matching(Each(0, ()), (), 0, 9),))],
        ),
        ("a wait of a day", [Call(export, (Integer(0),), retry=(Retry(1, 86400000, ()),))]),
    ]
