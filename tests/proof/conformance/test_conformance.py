# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every runner meets the shared suite: Python and C#, on Linux and on Windows' own runtimes under Wine."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire
from ansible_collections.winstorage.iscsi.tests.proof.conformance import engines, suite

ENGINES = ("cpython", "mono", "wine-cpython", "wine-dotnet")
POINTER = 8  # of all of them
BROKEN = suite.broken_batches(POINTER)


class Judged(NamedTuple):
    """What an engine made of the whole suite, in one process."""

    answers: dict[str, str]
    traces: dict[str, str]
    broken: dict[str, str]
    trace_of_broken: str


def _engine(name, request, folder):
    windows = name.startswith("wine")
    library = engines.scripted_library("x64" if windows else "elf", folder)
    if name == "cpython":
        return engines.ctypes_engine(library)
    if name == "wine-cpython":
        return engines.wine_python_engine(request.getfixturevalue("wine_python"), library)
    program = engines.csharp_program(folder)
    if name == "mono":
        return engines.mono_engine(program, library)
    return engines.wine_dotnet_engine(request.getfixturevalue("wine_dotnet"), program, library)


@pytest.fixture(scope="module", params=ENGINES)
def judged(request, tmp_path_factory):
    engine = _engine(request.param, request, tmp_path_factory.mktemp(request.param))
    lines = []
    for case in suite.CASES:
        lines += [
            suite.script_batch(suite.of(case.steps, POINTER), POINTER),
            suite.case_batch(case, POINTER),
            suite.trace_batch(POINTER),
        ]
    lines.append(suite.script_batch(b"", POINTER))
    sent = [*lines, *BROKEN.values(), suite.trace_batch(POINTER)]
    answers = engine(sent)
    assert len(answers) == len(sent), f"it stopped after {len(answers)} of {len(sent)} batches"
    names = [case.name for case in suite.CASES]
    return Judged(
        dict(zip(names, answers[1 : len(lines) - 1 : 3])),
        dict(zip(names, answers[2 : len(lines) - 1 : 3])),
        dict(zip(BROKEN, answers[len(lines) :])),
        answers[-1],
    )


@pytest.mark.parametrize("case", suite.CASES, ids=lambda case: case.name)
def test_case(judged, case):
    answer = wire.decode_answer(judged.answers[case.name])
    assert suite.results_of(case, answer) == suite.of(case.results, POINTER)
    assert suite.trace_of(wire.decode_answer(judged.traces[case.name])) == case.trace


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_batch_is_refused_and_not_repeated(judged, name):
    message = judged.broken[name]
    assert message.startswith("! ")
    assert "WireError" in message or "BatchException" in message
    assert suite.MARKER not in message and BROKEN[name] not in message


def test_of_what_is_no_batch_no_call_is_made(judged):
    """Not even a good one before that which leads outside: what it changed would be known to nobody."""
    assert suite.trace_of(wire.decode_answer(judged.trace_of_broken)) == []


def test_case_names_are_unique():
    names = [case.name for case in suite.CASES]
    assert len(set(names)) == len(names)
