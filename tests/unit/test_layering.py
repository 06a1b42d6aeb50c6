# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core's packages import only from those below them, and nothing but the standard library; no file is too long."""

from __future__ import annotations

import ast
import graphlib
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
CORE = PLUGINS / "module_utils"
BELOW = {
    "abi": set(),
    "runner": {"abi"},
    "model": {"abi"},
    "client": {"runner", "model", "abi"},
    "plan": {"client", "runner", "model", "abi"},
}
LONGEST = 400  # lines
# Longer, because they are tables.
TABLES = {"abi/status.py"}
MODULES = {path.relative_to(CORE).as_posix(): path for path in sorted(CORE.rglob("*.py"))}


def imported(name, source):
    """The modules that a module of the core imports: "abi/layout" for one of the core, "json" for another."""
    here = name.split("/")[:-1]
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            assert node.level - 1 <= len(here), f"{name} imports from outside the core in line {node.lineno}"
            package = here[: len(here) - node.level + 1] + (node.module.split(".") if node.module else [])
            found.update("/".join([*package, alias.name] if len(package) < 2 else package) for alias in node.names)
    return found


def wrong_imports(name, source):
    package = name.split("/")[0]
    allowed = BELOW[package] | {package}
    return sorted(
        other
        for other in imported(name, source)
        if (other.split("/")[0] not in allowed if "/" in other else other not in sys.stdlib_module_names)
    )


def test_the_packages_are_those_that_have_a_place_in_the_order():
    assert {name.split("/")[0] for name in MODULES} == set(BELOW)
    assert all(name.count("/") == 1 for name in MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_from_below_and_from_the_standard_library(name):
    assert wrong_imports(name, MODULES[name].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "name, line, found",
    [
        ("abi/memory.py", "from ..runner import wire", ["runner/wire"]),
        ("runner/wire.py", "from ..model.records import Host", ["model/records"]),
        ("model/facts.py", "from ..runner import wire", ["runner/wire"]),
        ("client/units.py", "def late():\n    from ..plan import apply, parts", ["plan/apply", "plan/parts"]),
        ("plan/parts.py", "import yaml", ["yaml"]),
        ("plan/parts.py", "from ansible.errors import AnsibleError", ["ansible"]),
        ("plan/parts.py", "import json\nfrom . import values\nfrom ..client.builder import Builder", []),
    ],
)
def test_an_import_that_breaks_the_rule_is_found(name, line, found):
    assert wrong_imports(name, line) == found


def test_an_import_from_outside_the_core_is_found():
    with pytest.raises(AssertionError, match="abi/memory.py imports from outside the core in line 1"):
        imported("abi/memory.py", "from ...plugin_utils import text")


def test_no_module_imports_itself_by_way_of_others():
    graph = {
        name[: -len(".py")]: {other for other in imported(name, path.read_text(encoding="utf-8")) if "/" in other}
        for name, path in MODULES.items()
    }
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) >= len(MODULES)  # a CycleError names the cycle


@pytest.mark.parametrize("name", MODULES)
def test_a_file_is_short_unless_it_is_a_table(name):
    lines = len(MODULES[name].read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST or name in TABLES, f"{name} has {lines} lines"


CONTROLLER = sorted((PLUGINS / "action").glob("*.py")) + [
    PLUGINS / "plugin_utils" / name for name in ("action.py", "state_action.py", "arguments.py")
]


@pytest.mark.parametrize("path", CONTROLLER, ids=lambda path: path.name)
def test_no_action_knows_the_simulator(path):
    """Engines translate its errors, so that what a person sees does not depend on the engine."""
    assert "simulator" not in path.read_text(encoding="utf-8")
