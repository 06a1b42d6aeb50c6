# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what the DLL says with what a witness says, field by field."""

from __future__ import annotations

import collections
import typing as t

from ...module_utils.abi import codecs
from .sources import Entry, Found, Seen, Witness

AGREES, DIFFERS, NOT_READ = "agrees", "differs", "not_read"
MAX_DIFFERENCES = 20  # of a field, in a result
_WORDS: t.Dict[str, t.Callable[[int], t.Any]] = {
    "security_flags": codecs.SECURITY_FLAGS.decode,
    "login_flags": codecs.LOGIN_FLAGS.decode,
    "information_specified": codecs.INFORMATION_SPECIFIED.decode,
    "auth_type": codecs.AUTH_TYPES.decode,
    "header_digest": codecs.DIGEST_TYPES.decode,
    "data_digest": codecs.DIGEST_TYPES.decode,
}


def compare(witness: Witness, seen: Seen, found: Found) -> t.List[t.Dict[str, t.Any]]:
    """Entries of a comparison: one for each field that agrees, and one for each difference."""
    if found.entries is None:
        return [_entry(witness, NOT_READ, reason=found.problem)]
    ours = seen.entries(witness.subject)
    if ours is None:
        reason = f"{len(found.entries)} here, but {seen.problems.get(witness.subject, 'the DLL gave no answer')}"
        return [_entry(witness, NOT_READ, reason=reason, witness_says=len(found.entries))]
    if not witness.fields:
        outcome = AGREES if len(ours) == len(found.entries) else DIFFERS
        return [
            _entry(witness, outcome, "count", records=len(ours), dll_says=len(ours), witness_says=len(found.entries))
        ]
    pairs, only_ours, only_theirs = _pair(ours, found.entries, witness.fields)
    result = [
        _entry(witness, DIFFERS, "record", _label(one), dll_says="listed", witness_says="not listed")
        for one in only_ours
    ]
    result += [
        _entry(witness, DIFFERS, "record", _label(one), dll_says="not listed", witness_says="listed")
        for one in only_theirs
    ]
    if not pairs and not result:
        return [_entry(witness, AGREES, "count", records=0, dll_says=0, witness_says=0)]
    for field in witness.fields:
        known = [(one, two) for one, two in pairs if one.get(field) is not None and two.get(field) is not None]
        unequal = [(one, two) for one, two in known if one[field] != two[field]]
        result += [
            _entry(
                witness,
                DIFFERS,
                field,
                _label(one),
                dll_says=_words(field, one[field]),
                witness_says=_words(field, two[field]),
            )
            for one, two in unequal[:MAX_DIFFERENCES]
        ]
        if known and not unequal:
            result.append(_entry(witness, AGREES, field, records=len(known)))
        elif pairs and not known:
            result.append(_entry(witness, NOT_READ, field, reason="one side does not report it"))
    return result


def _entry(
    witness: Witness,
    outcome: str,
    field: t.Optional[str] = None,
    record: t.Optional[str] = None,
    records: t.Optional[int] = None,
    dll_says: t.Any = None,
    witness_says: t.Any = None,
    reason: t.Optional[str] = None,
) -> t.Dict[str, t.Any]:
    return {
        "subject": witness.subject,
        "witness": witness.title,
        "outcome": outcome,
        "field": field,
        "record": record,
        "records": records,
        "dll_says": dll_says,
        "witness_says": witness_says,
        "reason": reason,
    }


def _pair(
    ours: t.Sequence[Entry], theirs: t.Sequence[Entry], fields: t.Sequence[str]
) -> t.Tuple[t.List[t.Tuple[Entry, Entry]], t.List[Entry], t.List[Entry]]:
    """Pairs of the same record on both sides, and what has no counterpart.

    Equal entries belong together; then, of the same first field, those that differ least.
    """
    waiting: t.Dict[t.Any, t.List[Entry]] = collections.defaultdict(list)
    for entry in theirs:
        waiting[_key(entry, fields)].append(entry)
    pairs: t.List[t.Tuple[Entry, Entry]] = []
    rest: t.List[Entry] = []
    for entry in ours:
        same = waiting.get(_key(entry, fields))
        if same:
            pairs.append((entry, same.pop()))
        else:
            rest.append(entry)
    left = [entry for same in waiting.values() for entry in same]
    only_ours: t.List[Entry] = []
    for entry in rest:
        near = [other for other in left if other.get(fields[0]) == entry.get(fields[0])]
        if not near:
            only_ours.append(entry)
            continue
        best = max(near, key=lambda other: sum(other.get(field) == entry.get(field) for field in fields))
        left = [other for other in left if other is not best]
        pairs.append((entry, best))
    return pairs, only_ours, left


def _key(entry: Entry, fields: t.Sequence[str]) -> t.Tuple[t.Any, ...]:
    return tuple(entry.get(field) for field in fields)


def _label(entry: Entry) -> str:
    """The record in words."""
    name = next((str(entry[key]) for key in ("target", "portal", "device", "server", "name") if entry.get(key)), "?")
    through = entry.get("portal") if "target" in entry else None
    return f"{name} through {through}" if through else name


def _words(field: str, value: t.Any) -> t.Any:
    decode = _WORDS.get(field)
    if decode is None or not isinstance(value, int):
        return value
    try:
        found = decode(value)
    except codecs.FlagError:  # a number that the field cannot hold
        return value
    if isinstance(found, dict):
        found = ", ".join([*found["names"], *([found["unknown"]] if found["unknown"] else [])])
    return f"{value} ({found})" if found else value
