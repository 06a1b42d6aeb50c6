# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A first contact as lines for a person."""

from __future__ import annotations

import typing as t

from ...module_utils.model import records
from ...module_utils.runner import wire
from ..simulator.dialects import SWITCHES
from ..text import table
from .compare import AGREES, DIFFERS, NOT_READ

_SUBJECTS = {
    "persistent_logins": "persistent logins",
    "target_portals": "target portals",
    "static_targets": "static targets",
    "persistent_devices": "bound devices",
    "isns_servers": "iSNS servers",
    "node_name": "node name",
}
_OUTCOMES = {AGREES: "agrees", DIFFERS: "DIFFERS", NOT_READ: "not read"}
Entry = t.Dict[str, t.Any]


def lines(
    comparison: t.Sequence[Entry], answers: t.Mapping[str, Entry], host: wire.Host, problem: t.Optional[str]
) -> t.List[str]:
    """The table of a host: each witness, each difference, and what the host has answered."""
    described = records.Host.of(host)
    found = [
        f"Windows {described.windows_version or 'of unknown version'}, iscsidsc.dll "
        f"{described.dll_version or 'of unknown version'}, read by {described.runtime or 'an unknown runner'}; MSiSCSI "
        f"is {described.service_state or 'in an unknown state'}.",
        *([f"The facts could not be read. {problem}"] if problem else []),
        "",
        *table(_rows(comparison), {"About": "about", "Witness": "witness", "Result": "result", "Details": "details"}),
        "",
        _verdict(comparison),
    ]
    return found + ["", *_answer_lines(answers)]


def _rows(comparison: t.Sequence[Entry]) -> t.List[t.Dict[str, str]]:
    """A row for what a witness agrees about, one for each difference, one for what it could not say."""
    grouped: t.Dict[t.Tuple[str, str], t.List[Entry]] = {}
    for entry in comparison:
        grouped.setdefault((entry["subject"], entry["witness"]), []).append(entry)
    rows = []
    for (subject, witness), entries in grouped.items():
        for outcome in (AGREES, DIFFERS, NOT_READ):
            details = _details(outcome, [entry for entry in entries if entry["outcome"] == outcome])
            rows += [
                {"about": _SUBJECTS[subject], "witness": witness, "result": _OUTCOMES[outcome], "details": text}
                for text in details
            ]
    return rows


def _details(outcome: str, entries: t.Sequence[Entry]) -> t.List[str]:
    if not entries:
        return []
    if outcome == AGREES:
        fields = [entry["field"] for entry in entries if entry["field"] != "count"]
        number = max(entry["records"] or 0 for entry in entries)
        of_each = f" in {len(fields)} fields" if len(fields) > 1 else ""
        return [f"{number} {'entry' if number == 1 else 'entries'}{of_each}"]
    if outcome == NOT_READ:
        whole = [entry["reason"] for entry in entries if not entry["field"]]
        fields = [entry["field"] for entry in entries if entry["field"]]
        return [*whole, *([f"not reported by both: {', '.join(fields)}"] if fields else [])]
    return [
        f"{entry['record'] + ', ' if entry['record'] else ''}{entry['field']}: the DLL says {entry['dll_says']}, "
        f"the witness {entry['witness_says']}"
        for entry in entries
    ]


def _verdict(comparison: t.Sequence[Entry]) -> str:
    differences = sum(entry["outcome"] == DIFFERS for entry in comparison)
    silent = {entry["witness"] for entry in comparison if entry["outcome"] == NOT_READ and not entry["field"]}
    witnesses = {entry["witness"] for entry in comparison}
    text = f"{len(witnesses) - len(silent)} of {len(witnesses)} witnesses could be read. "
    if differences:
        return text + f"Differences from the DLL: {differences}. Please report them with a recording."
    return text + ("Nothing differs from the DLL." if len(silent) < len(witnesses) else "Nothing could be compared.")


def _answer_lines(answers: t.Mapping[str, Entry]) -> t.Iterator[str]:
    answered = {name: entry for name, entry in answers.items() if entry["answer"]}
    yield f"Questions about Windows that this host has answered by being read: {len(answered)} of {len(SWITCHES)}."
    for name, entry in answered.items():
        yield f"  {name}: {entry['answer']} ({entry['evidence']})"
    for name, entry in answers.items():
        if not entry["answer"] and entry["possible"]:
            yield f"  {name}: one of {', '.join(entry['possible'])} ({entry['evidence']})"
        elif not entry["answer"]:
            yield f"  {name}: {entry['evidence']}. Please report this with a recording."
    yield "The probe asks the others, on a host that may be changed."
