# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The make targets: what they would run is a valid shell script, whichever cores are chosen."""

from __future__ import annotations

import functools
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The newest core alone leaves others out, all leave none out: the recipes differ.
TARGETS = [["test"], ["test", "CORES=all"], ["demo"], ["docs"], ["bench"]]


def make(*arguments, **environment):
    inherited = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env={**inherited, **environment}, capture_output=True, text=True, check=True
    ).stdout


@functools.cache
def pythons():
    """PYTHON_2.21=/its/path and so on: make looks for them once."""
    found = re.findall(r"^ansible-core (\S+): (\S+)$", make("--silent", "pythons"), re.MULTILINE)
    return [f"PYTHON_{core}={path}" for core, path in found]


def recipes(*arguments):
    return make("--dry-run", "--always-make", *pythons(), *arguments)


@pytest.mark.parametrize("arguments", TARGETS, ids=" ".join)
def test_shell_understands_every_recipe(arguments):
    script = recipes(*arguments)
    assert script.strip()
    parsed = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False)
    assert parsed.stderr == ""


def test_python_keeps_what_it_compiled_also_where_the_environment_forbids_it():
    shown = make("--silent", "--eval=show: ; @env", "show", PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
    assert "PYTHONUNBUFFERED=1" in shown and "PYTHONDONTWRITEBYTECODE" not in shown


def test_summary_names_what_is_left_out():
    found, plain, everything = len(pythons()), recipes("test"), recipes("test", "CORES=all")
    suites = "the longest playbooks, the explorer, the proof and lint and sanity and molecule"
    assert f"left out: {suites}; make test CORES=2." in plain
    assert '-m "not long"' in plain and "not long" not in everything + recipes("test-integration")
    assert "tests/explore" not in plain and "tests/explore" in everything
    assert "tests/proof" not in plain and "tools/sanity.py" not in plain
    assert ("make test CORES=all runs these too" in plain) == (found > 1)
    assert "runs these too" not in everything
    assert "tests/proof" in everything and "tools/sanity.py" in everything and "molecule test" in everything


def test_a_suite_that_a_plain_run_leaves_out_can_be_run_alone():
    assert "tests/proof" in recipes("test-proof")


CORES = ("2.16", "2.18", "2.19", "2.20", "2.21")
SENT = [
    "tests/proof/test_winrm.py",
    "tests/proof/test_logging.py",
    "tests/proof/test_powershell.py::test_the_commands_of_ansible_reach_the_connection_whole",
    "tests/proof/test_powershell.py::test_facts_of_a_host_through_powershell",
    "tests/proof/test_windows_powershell.py::test_facts_are_those_of_the_simulator",
]


@pytest.mark.parametrize("core", ["2.16", "2.19"])
def test_what_a_core_sends_otherwise_than_the_newest_is_in_its_part_of_the_proof(core):
    """The pages on engines and security say what PowerShell's logs keep under each. Their tests are there."""
    everywhere = [f"PYTHON_{each}=python3" for each in CORES]  # nothing is run, so any program will do
    (line,) = re.findall(
        r"--junit-xml=\.build/reports/proof-\S+ (.*)$",
        make("--dry-run", "--always-make", *everywhere, f"test-proof-{core}", "CORES=all"),
        re.MULTILINE,
    )
    assert set(SENT) <= set(line.split())
    for path, _colons, test in (part.partition("::") for part in line.split()):
        assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8") or not test
