# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Rows: what Windows' management classes, registry, event log and tools say of a host.

They are the other source of facts, beside the DLL, and work as its calls do. Queries are data, rows are data, and all
meaning stays with the controller: whoever answers knows no class, key, event or program. Four kinds of query are all
there is. Two programs answer them: :func:`answer` with a machine in Python, and Rows.psm1 in PowerShell.

Queries travel with a batch, in the same text: a line of JSON behind that of the batch. The answer has the same form.
They are read after the calls have been made, and are read only. Whatever goes wrong with a query is the ``error`` of
its answer; the calls do not suffer. The rows are bounded in number, size and time.
"""

from __future__ import annotations

import json
import re
import typing as t

Row = t.Dict[str, t.Any]

# Bounds of all queries of a batch together, but the first, which is for a single query.
MAX_ROWS, MAX_BYTES, SECONDS = 2000, 8 << 20, 60
_LONGEST = 4 * MAX_BYTES  # characters of an answer: JSON is longer than the values in it
_SHOWN = 300  # characters of an error of the host

# iScsiPrt logs CHAP exchanges and even a CHAP secret with these. Their binary data is never asked for.
SECRET_EVENTS = frozenset((16, 17, 35, 36))

# The commands whose total may be asked for. They change nothing.
LISTING_COMMANDS = frozenset({("iscsicli", ("ListPersistentTargets",))})

# The value in which the driver keeps a saved login. Its secret lies behind this head, which is all that is read.
LOGIN_TARGET, LOGIN_TARGET_HEAD = "LoginTargetIN", 2032


class CimQuery(t.NamedTuple):
    """Instances of a management class, each a row of the properties asked for.

    :param properties: names. ``A.B`` is the property B of the instance, or of each instance, that A holds; then no
        other property of it is read but those named.
    :param where: for each property named, the values that it may have.
    """

    namespace: str
    class_name: str
    properties: t.Tuple[str, ...]
    where: t.Mapping[str, t.Sequence[t.Union[str, int]]] = {}

    @property
    def title(self) -> str:
        """What the query is about, for messages."""
        return f"the management class {self.class_name}"

    def for_host(self) -> Row:
        """What PowerShell needs beside the fields: the condition in WQL."""
        return {
            "filter": " AND ".join(
                "({})".format(" OR ".join(f"{name} = {_wql(value)}" for value in values))
                for name, values in self.where.items()
            )
        }


class RegistryQuery(t.NamedTuple):
    """Values of a key below HKEY_LOCAL_MACHINE: a row with ``key`` and ``values`` for each key that is there.

    :param key: a part of it may be ``*``: every sub key there is.
    :param values: names; None for all. The content of binary values comes only by name.
    :param head: bytes of a binary value that leave the host; 0 for all.
    """

    key: str
    values: t.Optional[t.Sequence[str]] = None
    head: int = 0

    @property
    def title(self) -> str:
        """What the query is about, for messages."""
        return f"the registry key HKLM\\{self.key}"

    def for_host(self) -> Row:
        """Nothing beside the fields.

        :raises ValueError: more is asked for of a value than is known to hold no secret.
        """
        named = {name.lower() for name in self.values or ()}
        if LOGIN_TARGET.lower() in named and not 0 < self.head <= LOGIN_TARGET_HEAD:
            raise ValueError(f"behind its first {LOGIN_TARGET_HEAD} bytes this value holds a secret")
        return {}


class EventQuery(t.NamedTuple):
    """Events of a provider, newest first: rows of ``id``, ``time``, ``record``, ``data`` and ``binary``.

    :param hours: no older than this; 0 for any age.
    :param binary: the ids whose binary data is wanted.
    """

    log: str
    provider: str
    ids: t.Sequence[int]
    hours: int = 0
    binary: t.Sequence[int] = ()

    @property
    def title(self) -> str:
        """What the query is about, for messages."""
        return f"the events of {self.provider}"

    def for_host(self) -> Row:
        """What PowerShell needs beside the fields: the condition in XPath.

        :raises ValueError: the binary data of an event is asked for that may hold a secret.
        """
        if SECRET_EVENTS & set(self.binary):
            raise ValueError("the binary data of these events may hold secrets")
        conditions = [
            f"Provider[@Name='{self.provider}']",
            "({})".format(" or ".join(f"EventID={n}" for n in self.ids)),
        ]
        if self.hours:
            conditions.append(f"TimeCreated[timediff(@SystemTime) <= {self.hours * 3600 * 1000}]")
        return {"xpath": f"*[System[{' and '.join(conditions)}]]"}


class CountQuery(t.NamedTuple):
    """The total that a tool of Windows prints: a row of ``count``. Its other output stays on the host.

    :param tool: the name of a program in System32, without ``.exe``.
    """

    tool: str
    arguments: t.Sequence[str]

    @property
    def title(self) -> str:
        """What the query is about, for messages."""
        return f"the total of {self.tool}"

    def for_host(self) -> Row:
        """Nothing beside the fields.

        :raises ValueError: it is not one of the commands that only list.
        """
        if (self.tool, tuple(self.arguments)) not in LISTING_COMMANDS:
            raise ValueError("only commands that list may be run on the host")
        return {}


Query = t.Union[CimQuery, RegistryQuery, EventQuery, CountQuery]
_KINDS: t.Dict[str, t.Type[t.Any]] = {
    "cim": CimQuery,
    "registry": RegistryQuery,
    "events": EventQuery,
    "count": CountQuery,
}


class RowAnswer(t.NamedTuple):
    """What came of a query. ``rows`` is None where nothing could be read; with an ``error`` they are not all."""

    rows: t.Optional[t.List[Row]]
    error: t.Optional[str] = None


class Unreadable(Exception):
    """A machine cannot read what a query asks for. The text says why."""


class Reader(t.Protocol):
    """A machine that reads rows."""

    def rows(self, query: Query) -> t.Iterable[Row]:
        """The rows of a query.

        :raises Unreadable: says why not.
        """


def _wql(value: t.Union[str, int]) -> str:
    if isinstance(value, str):
        return "'{}'".format(value.replace("\\", "\\\\").replace("'", "\\'"))
    return str(value)


# -- the text ----------------------------------------------------------------------------------------------------------


def join(first: str, second: str) -> str:
    """The text of a batch with that of its queries, or of an answer with that of its rows."""
    return f"{first}\n{second}" if second else first


def split(text: str) -> t.Tuple[str, str]:
    """What :func:`join` put together; the second is empty where there is none."""
    first, _newline, second = text.partition("\n")
    return first.strip(), second.strip()


def encode_queries(queries: t.Sequence[Query], seconds: int = 0) -> str:
    """The line that asks for rows; empty where nothing is asked for. ``seconds``: at the most, 0 for the usual."""
    if not queries:
        return ""
    return json.dumps(
        {
            "milliseconds": 1000 * (min(seconds, SECONDS) or SECONDS),
            "rows": MAX_ROWS,
            "bytes": MAX_BYTES,
            "queries": [{**plain_query(query), **query.for_host()} for query in queries],
        }
    )


def plain_query(query: Query) -> Row:
    """The kind of a query, and its fields."""
    name = next(name for name, kind in _KINDS.items() if isinstance(query, kind))
    plain: Row = json.loads(json.dumps({"kind": name, **query._asdict()}))
    return plain


def decode_queries(line: str) -> t.List[Query]:
    """The queries of a line."""
    found: t.List[Query] = []
    for plain in json.loads(line)["queries"]:
        kind = _KINDS[plain["kind"]]
        found.append(kind(**{name: plain[name] for name in kind._fields if name in plain}))
    return found


def decode_rows(line: str, queries: t.Sequence[Query]) -> t.List[RowAnswer]:
    """An answer for each query, whatever the line is: it comes from the host."""
    if not line:
        return [RowAnswer(None, "this engine does not read it")] * len(queries)
    try:
        plain = json.loads(line) if len(line) <= _LONGEST else "too long"
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, list):
        return [RowAnswer(None, "the host's answer is too long, or is no list of rows")] * len(queries)
    missing = [RowAnswer(None, "the host did not answer in time")] * (len(queries) - len(plain))
    return [_decode_answer(each) for each in plain[: len(queries)]] + missing


def _decode_answer(plain: t.Any) -> RowAnswer:
    found, error = (plain.get("rows"), plain.get("error")) if isinstance(plain, dict) else (None, None)
    problem = _clean(error)[:_SHOWN].strip() if isinstance(error, str) and error.strip() else None
    if found is None:
        return RowAnswer(None, problem or "the host did not say why")
    if not isinstance(found, list):
        return RowAnswer(None, "the host's answer is no list of rows")
    try:
        rows = [_clean(row) for row in found[:MAX_ROWS] if isinstance(row, dict)]
    except RecursionError:
        return RowAnswer(None, "a row is nested too deeply")
    if len(rows) < len(found):
        problem = problem or f"only {len(rows)} of {len(found)} rows can be used"
    return RowAnswer(rows, problem)


_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _clean(value: t.Any) -> t.Any:
    """A value without characters that control a terminal or the direction of text."""
    if isinstance(value, str):
        return _CONTROL.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(element) for element in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(element) for name, element in value.items()}
    return value


# -- the program in Python ---------------------------------------------------------------------------------------------


def answer(line: str, machine: Reader, clock: t.Callable[[], int]) -> str:
    """Answer the queries of a line, which may be empty, by what a machine reads. ``clock``: milliseconds."""
    if not line:
        return ""
    limits, answers = json.loads(line), []
    budget, end = limits["bytes"], clock() + limits["milliseconds"]
    for query in decode_queries(line):
        if clock() >= end:
            break
        found: t.List[str] = []
        error = None
        try:
            for row in machine.rows(query):
                text = json.dumps(row)
                budget -= len(text)
                if budget < 0 or len(found) == limits["rows"] or clock() >= end:
                    error = f"only the first {len(found)} rows were read"
                    break
                found.append(text)
        except Exception as problem:  # whatever it is, the calls of the batch have been made, and must be answered
            found, error = [], str(problem) or type(problem).__name__
            answers.append(f'{{"rows": null, "error": {json.dumps(error)}}}')
            continue
        answers.append('{{"rows": [{}], "error": {}}}'.format(", ".join(found), json.dumps(error)))
    return f"[{', '.join(answers)}]"
