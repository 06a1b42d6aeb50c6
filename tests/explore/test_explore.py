# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host, a declaration, a fault and others do: no record is lost, replaced or doubled without a word."""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.tests.explore import cases, numbers, shrink, trial
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

pytestmark = pytest.mark.usefixtures("no_wire_text")
SHOWN = 3  # failing cases of a part


@pytest.mark.parametrize("part", range(numbers.PARTS))
def test_every_record_keeps_its_content_or_is_named(part):
    tried, failures = 0, []
    for number in numbers.part(part):
        tried += 1
        case = cases.draw(number)
        violation = broken_rule(case)
        if violation is not None:
            failures.append(describe(number, case, violation))
            if len(failures) == SHOWN:
                break
    assert tried
    assert not failures, "\n\n".join(failures)


def broken_rule(case):
    """The violation that a case leads to, or None."""
    try:
        trial.run(case)
    except trial.Violation as violation:
        return violation
    return None


def describe(number, case, violation):
    """How to run a failing case again, and the smallest case that breaks the same rule."""

    def fails(smaller):
        found = broken_rule(smaller)
        return found is not None and found.rule == violation.rule

    smallest = shrink.shrink(case, fails)
    return f"EXPLORE_SEED={number} EXPLORE_CASES=1 make test-explore\n{broken_rule(smallest)}\n{smallest.describe()}"


def test_a_number_always_draws_the_same_case():
    for number in range(50):
        assert cases.draw(number) == cases.draw(number)


def test_the_cases_have_all_that_the_rules_are_about():
    drawn = [cases.draw(number) for number in range(2000)]
    assert any(len(case.logins) >= 250 for case in drawn)
    assert {fault.kind for case in drawn for _batch, fault in case.faults} == {
        "status", "done", "hang", "drop", "cut", "empty", "partial",
    }  # fmt: skip
    assert {action.kind for case in drawn for action in case.actions} == {"save", "remove", "edit", "apply"}
    assert {action.call is None for case in drawn for action in case.actions} == {True, False}
    assert any(_has_two_contents_of_one_identity(case) for case in drawn)
    assert {name for case in drawn for name in case.dialect} == {name for dialect in cases.DIALECTS for name in dialect}


def _has_two_contents_of_one_identity(case):
    contents = {}
    for login in case.logins:
        identity = repr({name: value for name, value in login.items() if name != "login_options"})
        contents.setdefault(identity, set()).add(repr(login["login_options"]))
    return any(len(found) > 1 for found in contents.values())


class SwappingHost(Host):
    """Keeps the number of its records during a change, but ends up with two copies of one of them."""

    def __call__(self, batch):
        answer = super().__call__(batch)
        if len(self.batches) == 2:
            logins = self.state["persistent_logins"]
            logins[0] = dict(logins[1])
        return answer


def test_the_explorer_sees_a_record_that_loses_its_content():
    first = {
        "target": cases.TARGETS[0],
        "portal": {"address": "10.0.0.1"},
        "initiator_port": "any",
        "initiator_instance": cases.FIRST,
        "login_options": {"header_digest": "crc32c"},
    }
    second = dict(first, login_options={"username": "b"})
    other = {"target": cases.TARGETS[1], "portal": {"address": "10.0.0.2"}, "initiator_instance": cases.FIRST}
    case = cases.Case([first, second], [], [], {"persistent_logins": [other]})
    trial.Controller(Host(case.host_file()), case.declared).run()
    with pytest.raises(trial.Violation, match="gone without a word"):
        trial.Controller(SwappingHost(case.host_file()), case.declared).run()
