# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Settings of Windows that are to be set: rows again, but to be written. Beside the DLL and the rows that are read.

Four kinds of row are all there is; whoever writes them knows no setting. They travel behind the queries of a batch, as
a third line of its text, and are written after the calls were made and before the queries are answered: so what is
there afterwards comes back in the same trip. The answer has one error, or null, for each row. A row that fails does not
keep the others from being written.

Two programs write them: :func:`write_all` with a machine in Python, and Settings.psm1 in PowerShell.
"""

from __future__ import annotations

import json
import typing as t

from . import rows

_SHOWN = 300  # characters of an error of the host
_DWORD, _SIGN = 1 << 32, 1 << 31


class Number(t.NamedTuple):
    """A REG_DWORD of a key below HKEY_LOCAL_MACHINE. The key is created where it is missing."""

    key: str
    name: str
    value: int

    @property
    def title(self) -> str:
        """What the row is about, for messages."""
        return self.name

    def for_host(self) -> t.Dict[str, t.Any]:
        """The value as .NET takes it: 32 bits with a sign."""
        return {"value": self.value - _DWORD if self.value >= _SIGN else self.value}


class Entry(t.NamedTuple):
    """A text that shall be in a REG_MULTI_SZ of a key below HKEY_LOCAL_MACHINE, or shall not. Others there stay."""

    key: str
    name: str
    entry: str
    present: bool

    @property
    def title(self) -> str:
        """What the row is about, for messages."""
        return "{} in {} of {}".format(self.entry, self.name, self.key.rpartition("\\")[2])

    def for_host(self) -> t.Dict[str, t.Any]:
        """Nothing beside the fields."""
        return {}


class FirewallRule(t.NamedTuple):
    """A rule of the firewall, by its name, that shall be enabled or not."""

    name: str
    enabled: bool

    @property
    def title(self) -> str:
        """What the row is about, for messages."""
        return f"the firewall rule {self.name}"

    def for_host(self) -> t.Dict[str, t.Any]:
        """Nothing beside the fields."""
        return {}


class AutomaticClaim(t.NamedTuple):
    """Whether Microsoft's DSM claims every disk of a bus for MPIO."""

    bus_type: str
    enabled: bool

    @property
    def title(self) -> str:
        """What the row is about, for messages."""
        return f"what MPIO claims of {self.bus_type}"

    def for_host(self) -> t.Dict[str, t.Any]:
        """Nothing beside the fields."""
        return {}


Write = t.Union[Number, Entry, FirewallRule, AutomaticClaim]
IN_REGISTRY = (Number, Entry)  # all that a machine in Python sets
_KINDS: t.Dict[str, t.Type[t.Any]] = {
    "number": Number,
    "entry": Entry,
    "firewall_rule": FirewallRule,
    "automatic_claim": AutomaticClaim,
}


class Unwritable(Exception):
    """A machine cannot set what a row asks for. The text says why."""


class Writer(rows.Reader, t.Protocol):
    """A machine that sets what rows ask for, and reads them."""

    def write_setting(self, setting: Write) -> None:
        """Set it.

        :raises Unwritable: says why not.
        """


# -- the text ----------------------------------------------------------------------------------------------------------


def attach(line: str, writes_line: str) -> str:
    """The line of queries with that of the writes behind it, or the line of rows with that of the errors."""
    return f"{line}\n{writes_line}" if writes_line else line


def detach(text: str) -> t.Tuple[str, str]:
    """What :func:`attach` put together; the second is empty where there is none."""
    line, _newline, writes_line = text.partition("\n")
    return line, writes_line


def encode(settings: t.Sequence[Write]) -> str:
    """The line that asks for settings; empty where nothing is to be set."""
    if not settings:
        return ""
    names = {kind: name for name, kind in _KINDS.items()}
    return json.dumps([{"kind": names[type(each)], **each._asdict(), **each.for_host()} for each in settings])


def decode(line: str) -> t.List[Write]:
    """The settings of a line."""
    found: t.List[Write] = []
    for plain in json.loads(line) if line else ():
        kind = _KINDS[plain["kind"]]
        if kind is Number:
            plain["value"] %= _DWORD
        found.append(kind(**{name: plain[name] for name in kind._fields}))
    return found


def decode_errors(line: str, settings: t.Sequence[Write]) -> t.List[t.Optional[str]]:
    """For each setting why it was not set, or None; whatever the line is, since it comes from the host."""
    try:
        plain = json.loads(line) if line else None
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, list) or len(plain) != len(settings):
        return ["the host did not say whether it was set"] * len(settings)
    return [None if each is None else str(each)[:_SHOWN] or "the host did not say why" for each in plain]


# -- the program in Python ---------------------------------------------------------------------------------------------


def answer(text: str, machine: Writer, clock: t.Callable[[], int]) -> str:
    """Set what a text asks for, then answer its queries; there may be neither. ``clock``: milliseconds."""
    queries, to_set = detach(text)
    errors = write_all(to_set, machine)
    return attach(rows.answer(queries, machine, clock), errors)


def write_all(line: str, machine: Writer) -> str:
    """Set what a line asks for, which may be empty; the line of errors."""
    if not line:
        return ""
    errors: t.List[t.Optional[str]] = []
    for setting in decode(line):
        try:
            machine.write_setting(setting)
            errors.append(None)
        except Exception as problem:  # whatever it is, the others are to be set, and the calls of the batch answered
            errors.append(str(problem) or type(problem).__name__)
    return json.dumps(errors)
