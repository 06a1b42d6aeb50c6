# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording as text: YAML that a person can look at, with a section for each call.

Names and values beside the bytes are for readers. Only offsets and bytes count when a recording is read.
"""

from __future__ import annotations

import json
import os
import re
import typing as t

import yaml
from ansible.module_utils.common.yaml import yaml_load

from ...module_utils.abi import layout, prototypes, status
from ...module_utils.model import records
from ...module_utils.runner import checks, wire
from .. import files
from . import calls as c
from . import regions

VERSION = 1
MARK = "winstorage_iscsi_recording"
MAX_FILE = 128 << 20
_MODE = 0o600
_HEADER = """\
# What a Windows host answered to one reading trip of the collection winstorage.iscsi.
# It has no secrets, but names, addresses and CHAP user names. Look at it before you pass it on.
# A line of memory has an offset, a field with its value in words, and behind the last = its bytes. Only the offset and
# the bytes count. Bytes that are not listed are zero. Pointers lead into the same memory, which begins at 0x10000.
"""
_LINE = re.compile(r"([0-9a-f]{1,8}) (?:.* )?= ((?:[0-9a-f]{2})+)")
_VERSION = re.compile(r"(?:\d{1,10}(?:\.\d{1,10}){0,7})?")
_START_MODES = {**records.START_MODES, 0xFF: "not known"}
_SERVICE_STATES = {**records.SERVICE_STATES, 0: "not known"}
_U32 = 1 << 32


class RecordingError(Exception):
    """A file that is not a recording, or a damaged one: file, place and what is wrong."""


# -- writing -----------------------------------------------------------------------------------------------------------


def write(path: str, recording: c.Recording) -> None:
    """Put a recording into a file, whole or not at all."""
    files.write_text(path, dump(recording), mode=_MODE)


def dump(recording: c.Recording) -> str:
    """The text of a recording."""
    host = recording.host
    lines = [_HEADER + f"{MARK}: {VERSION}", "about:"]
    lines += [f"  {name}: {json.dumps(value)}" for name, value in recording.about.items()]
    lines += [
        "host:",
        f"  pointer_bits: {8 * host.pointer}",
        f"  runtime: {json.dumps(host.runtime)}",
        f"  dll_version: {json.dumps(_dotted(host.dll_version))}",
        f"  windows_version: {json.dumps(_dotted(host.windows_version))}",
        f"  service_state: {_with_word(host.service_state, _SERVICE_STATES)}",
        f"  start_mode: {_with_word(host.start_mode, _START_MODES)}",
        f"  delayed_start: {host.delayed_start}",
        f"  elevated: {host.elevated}",
        "calls:" if recording.calls else "calls: []",
    ]
    char = layout.WIDE[host.pointer].char
    for call in recording.calls:
        lines += _call(call, char)
    lines += ["", "rows:"] if recording.rows else ["", "rows: []"]
    for entry in recording.rows:
        lines += ["", f"- query: {json.dumps(entry.query)}", f"  error: {json.dumps(entry.error)}"]
        lines += ["  rows:" if entry.rows else f"  rows: {json.dumps(entry.rows)}"]
        lines += [f"  - {json.dumps(row)}" for row in entry.rows or ()]
    return "\n".join(lines) + "\n"


def _dotted(numbers: t.Sequence[int]) -> str:
    return ".".join(map(str, numbers))


def _with_word(value: int, words: t.Mapping[int, str]) -> str:
    return json.dumps(f"{value} {words.get(value, '')}".strip())


def _call(call: c.Call, char: int) -> t.Iterator[str]:
    yield ""
    yield f"- export: {call.export}"
    if call.outcome != c.NO_SUCH_EXPORT:
        yield f"  arguments: {_flow(call.arguments)}"
    if call.outcome != c.RAN:
        yield f"  outcome: {call.outcome}"
        return
    if call.sizing:
        yield "  sizing: true"
    found = status.of(call.status)
    yield f"  status: {json.dumps(f'{found.number} {found.symbol}')}"
    yield f"  milliseconds: {call.milliseconds}"
    yield "  outputs:" if call.outputs else "  outputs: {}"
    for name, value in call.outputs.items():
        if isinstance(value, int):
            yield f"    {name}: {value}"
            continue
        yield f"    {name}:"
        yield f"      size: {value.size}"
        yield "      memory: |-" if value.regions else '      memory: ""'
        for region in value.regions:
            words = f"{region.name} {region.words(char)}".strip()
            yield f"        {region.offset:06x} {words} = {region.data.hex()}"


def _flow(value: t.Any) -> str:
    """A value on one line. Large numbers, such as identifiers of sessions, are in hex."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(member)}" for name, member in value.items()) + "}"
    return f"{value:#x}" if isinstance(value, int) and value > 1 << 16 else json.dumps(value)


# -- reading -----------------------------------------------------------------------------------------------------------


def read(path: str) -> c.Recording:
    """The recording in a file.

    :raises RecordingError: for anything else.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        raise RecordingError(f"The recording {path} cannot be read: {os.strerror(error.errno or 0)}.") from None
    if len(raw) > MAX_FILE:
        raise RecordingError(f"{path} is larger than {MAX_FILE >> 20} MiB. It is not a recording.")
    try:
        return load(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise RecordingError(f"{path} is not a recording: it is not text in UTF-8.") from None
    except RecordingError as error:
        raise RecordingError(f"{path} is not a recording, or it is damaged: {error}") from None


def load(text: str) -> c.Recording:
    """The recording in a text.

    :raises RecordingError: with the place and what is wrong there.
    """
    try:
        found = yaml_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise RecordingError(f"it is not YAML{f' (line {mark.line + 1})' if mark else ''}.") from None
    except (RecursionError, ValueError):
        raise RecordingError("it is not YAML that can be read.") from None
    if not isinstance(found, dict) or MARK not in found:
        raise RecordingError(f"it does not begin with {MARK}.")
    if found[MARK] != VERSION:
        raise RecordingError(f"it has version {found[MARK]!r}. This collection reads version {VERSION}.")
    place = _Place("", found)
    host = _load_host(place.child("host", dict))
    about = place.value.get("about")
    listed = place.child("calls", list)
    if len(listed.value) > 2 * wire.MAX_RUNS:
        raise RecordingError(f"calls: more than {2 * wire.MAX_RUNS:,}.")
    left = [wire.MAX_ANSWER]
    loaded = [_load_call(_Place(f"calls[{number}]", value), left) for number, value in enumerate(listed.value)]
    answered = place.child("rows", list, [])
    found_rows = [_load_rows(_Place(f"rows[{number}]", value)) for number, value in enumerate(answered.value)]
    return c.Recording(host, loaded, found_rows, about if isinstance(about, dict) else {})


class _Place(t.NamedTuple):
    """A value of the file and where it stands."""

    name: str
    value: t.Any

    def child(self, key: str, kind: t.Any, default: t.Any = None) -> _Place:
        name = f"{self.name}.{key}" if self.name else key
        if not isinstance(self.value, dict):
            raise RecordingError(f"{self.name}: expected a mapping, got {type(self.value).__name__}.")
        value = self.value.get(key, default)
        if value is None:
            raise RecordingError(f"{name} is missing.")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise RecordingError(f"{name}: expected {kind.__name__}, got {type(value).__name__}.")
        return _Place(name, value)

    def number(self, key: str, limit: int, default: t.Any = None) -> int:
        found = self.child(key, int, default)
        if not 0 <= found.value < limit:
            raise RecordingError(f"{found.name}: expected a number from 0 to {limit - 1}, got {found.value}.")
        return int(found.value)

    def numbered(self, key: str, limit: int) -> int:
        """A number with a word behind it, such as "4 running"."""
        found = self.child(key, str)
        word = found.value.partition(" ")[0]
        try:
            value = int(word, 0)
        except ValueError:
            value = -1
        if not 0 <= value < limit:
            raise RecordingError(f"{found.name}: expected a number, perhaps with a word, got {found.value[:40]!r}.")
        return value


def _load_host(place: _Place) -> wire.Host:
    bits = place.number("pointer_bits", 65)
    if bits // 8 not in layout.WIDE or bits % 8:
        raise RecordingError(f"{place.name}.pointer_bits: expected 32 or 64, got {bits}.")
    runtime = place.child("runtime", str, "").value
    return wire.Host(
        bits // 8,
        runtime.encode("ascii", "replace").decode("ascii")[:255],
        _load_version(place.child("dll_version", str, "")),
        _load_version(place.child("windows_version", str, "")),
        place.numbered("service_state", 256),
        place.numbered("start_mode", 256),
        place.number("delayed_start", 256, 0),
        place.number("elevated", 256, 0xFF),
    )


def _load_version(place: _Place) -> t.Tuple[int, ...]:
    if not _VERSION.fullmatch(place.value):
        raise RecordingError(f"{place.name}: expected a version such as 10.0.20348.1.")
    return tuple(min(int(part), _U32 - 1) for part in place.value.split(".")) if place.value else ()


def _load_call(place: _Place, left: t.List[int]) -> c.Call:
    """:param left: the bytes of memory that the rest of the recording may have."""
    export = place.child("export", str)
    if export.value not in c.READING:
        raise RecordingError(f"{export.name}: {export.value[:60]!r} is not an export that is recorded.")
    function = prototypes.FUNCTIONS[export.value]
    call = c.Call(export.value, outcome=place.child("outcome", str, c.RAN).value)
    if call.outcome == c.NO_SUCH_EXPORT:
        return call
    call.arguments = _load_arguments(place.child("arguments", dict), function)
    if call.outcome == c.TIMED_OUT:
        return call
    if call.outcome != c.RAN:
        raise RecordingError(f"{place.name}.outcome: unknown, {call.outcome[:40]!r}.")
    call.sizing = bool(place.child("sizing", bool, False).value)
    call.status = place.numbered("status", _U32)
    call.milliseconds = place.number("milliseconds", _U32, 0)
    outputs = place.child("outputs", dict, {})
    named = {argument.name: argument for argument in function.arguments if argument.out}
    for name in outputs.value:
        if name not in named:
            raise RecordingError(f"{outputs.name}: {export.value} has no output {str(name)[:60]!r}.")
        if named[name].kind in (prototypes.NUMBER, prototypes.SIZE):
            call.outputs[name] = outputs.number(name, 1 << 8 * named[name].scalar.size)
        else:
            call.outputs[name] = _load_memory(outputs.child(name, dict), left)
    return call


def _load_arguments(place: _Place, function: prototypes.Function) -> t.Dict[str, t.Any]:
    expected = {argument.name for argument in function.arguments if not argument.out}
    if set(place.value) != expected:
        raise RecordingError(f"{place.name}: expected {', '.join(sorted(expected)) or 'none'}.")
    for name, value in place.value.items():
        members = value.values() if isinstance(value, dict) else [value]
        if not all(member is None or isinstance(member, (int, str)) for member in members):
            raise RecordingError(f"{place.name}.{name}: expected a number, a text, or a mapping of these.")
    return dict(place.value)


def _load_rows(place: _Place) -> c.Rows:
    query = place.child("query", dict).value
    error, found = place.value.get("error"), place.value.get("rows")
    if error is not None and not isinstance(error, str):
        raise RecordingError(f"{place.name}.error: expected a text.")
    if found is not None and not (isinstance(found, list) and all(isinstance(row, dict) for row in found)):
        raise RecordingError(f"{place.name}.rows: expected a list of mappings.")
    try:
        json.dumps([query, found])
    except (TypeError, ValueError, RecursionError):
        raise RecordingError(f"{place.name}: expected texts, numbers, lists and mappings.") from None
    return c.Rows(query, found, error)


def _load_memory(place: _Place, left: t.List[int]) -> c.Memory:
    size = place.number("size", checks.BUFFER_CAP + 1)
    left[0] -= size
    if left[0] < 0:
        raise RecordingError(f"{place.name}: the recording holds more than {wire.MAX_ANSWER >> 20} MiB of memory.")
    found: t.List[regions.Region] = []
    for number, line in enumerate(place.child("memory", str).value.splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise RecordingError(f"{place.name}.memory, line {number}: expected an offset and bytes in hex.")
        offset, data = int(match[1], 16), bytes.fromhex(match[2])
        if offset + len(data) > size:
            raise RecordingError(f"{place.name}.memory, line {number}: outside of the {size} bytes.")
        found.append(regions.Region(offset, data, regions.BLOB, ""))
    return c.Memory(size, found)
