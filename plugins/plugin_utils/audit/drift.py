# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a host differs from its declaration: the steps of a plan as findings, field by field."""

from __future__ import annotations

from ...module_utils.plan.parts import PART
from ...module_utils.plan.plan_settings import NOT_SHOWN
from . import findings, remedies

_ENFORCE = "Run the role with initiator_mode: enforce, or change the declaration to what is there."


def find_drift(plan):
    """Findings for each step of a plan, field by field, and for each obstacle to it."""
    found = [finding for step in plan.steps for finding in _step_drift(step)]
    found += [_about_a_line("critical", "blocked", line, _AMEND) for line in plan.refusals]
    found += [_about_a_line("info", "kept", line, "None needed if it is meant to stay.") for line in plan.kept]
    return findings.sort(found)


_AMEND = "Correct the declaration. Enforcing it as it is would be refused."


def _about_a_line(severity, kind, line, remedy):
    """Drift that a line of a plan words, which names its subject before the first colon."""
    return findings.drift(severity, kind, line.partition(": ")[0], line, remedy)


def find_not_compared(facts, parts):
    """Findings for the named parts of a declaration of which nothing is known while the service is stopped."""
    unknown = [part for part in parts if part not in PART or not PART[part].without_service]
    if unknown and is_stopped(facts):
        state = facts["host"]["service_state"]
        yield findings.drift(
            "critical",
            "not_compared",
            "MSiSCSI",
            f"MSiSCSI is {state}, so this could not be compared: {', '.join(unknown)}.",
            "Start it, or enforce service_state: started.",
            [remedies.START_SERVICE],
        )


def is_stopped(facts):
    """Whether the service is known not to run, so that nothing but the host could be read."""
    return facts["host"]["service_state"] not in (None, "running")


def _step_drift(step):
    if step.action == "refresh":
        return
    if step.before == NOT_SHOWN:
        text = "declared, but the current value cannot be read from Windows"
        yield _drift(step, "unverifiable", text, None, NOT_SHOWN, step.after)
    elif step.before is None:
        yield _drift(step, "missing", "declared, but missing", None, None, _summary(step.after))
    elif step.after is None or step.action == "logout":
        text = f"{'live' if step.action == 'logout' else 'present'}, but {step.reason}"
        yield _drift(step, "extra", text, None, _summary(step.before), None)
    else:
        before, after = (_as_list(side, _field_name(step)) for side in (step.before, step.after))
        differing = list(_differing_fields(before, after))
        for field, found, declared in differing:
            source = step.sources.get(field)
            text = f"{field} differs ({source})" if source else f"{field} differs"
            yield _drift(step, "differs", text, field, found, declared, source)
        if not differing:
            text = "its secret cannot be compared; update_secret: always would set it again"
            yield _drift(step, "unverifiable", text, "secret", NOT_SHOWN, "set")


def _drift(step, kind, text, field, found, declared, source=None):
    severity = "info" if kind == "unverifiable" else "warning"
    sides = {"found": found, "declared": declared, "source": source}
    return findings.drift(severity, kind, step.what, text, _ENFORCE, record=step.kind, field=field, **sides)


def _summary(side):
    """A side of a step in a word or two: how many copies, or the value itself."""
    return f"{len(side)} saved" if isinstance(side, list) else "there" if isinstance(side, dict) else side


def _field_name(step):
    """The field that a step sets where it sets a single value: start_mode, node_name."""
    return step.what.replace(" ", "_")


def _as_list(side, field):
    """A side of a step as a list of dicts of fields; a single value is that field."""
    return side if isinstance(side, list) else [side if isinstance(side, dict) else {field: side}]


def _differing_fields(before, after):
    """(field, found, declared) wherever the two sides differ, each field once."""
    reported = set()
    for index, declared in enumerate(after):
        found = before[min(index, len(before) - 1)]
        for name, value in declared.items():
            if found.get(name) != value and name not in reported:
                reported.add(name)
                yield name, found.get(name), value
    if len(before) != len(after):
        yield "copies", len(before), len(after)
