# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What became of a plan: judged by what the host reports afterwards, not by what was asked of it."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..abi import status
from ..client.builder import Answer, CallHandle
from ..model import identity, records
from ..runner import wire
from . import planner
from .change_batch import ChangeBatch, EmittedCall
from .content import Content, content
from .declaration import comparable
from .desired import Declaration
from .plan_logins import with_multipath
from .properties import Shown, as_declared
from .steps import AnyChange, ChangeRecords, Plan, RefreshPortal, SetHostSettings, Step
from .write_calls import ADDING_MULTIPATH, DISCOVERIES, DISCOVERING, SAVES

Lost = t.Dict[str, t.List[Shown]]  # label of an identity -> its records as they would be declared

_RECORD_PARTS = ("persistent_logins", "target_portals")
_MAX_LINES = 6  # of a kind in a message; the plan holds them all


@dataclasses.dataclass
class Outcome:
    """What was found, done, and is there now. With ``problems`` the host is not as declared.

    :param lost: records that are gone without being meant to.
    :param discoveries: by portal, whether it answered.
    :param reboot_reasons: what of the change takes effect only later, and when.
    """

    plan: Plan
    before: records.Snapshot
    after: records.Snapshot
    changed: bool
    problems: t.List[str] = dataclasses.field(default_factory=list)
    warnings: t.List[str] = dataclasses.field(default_factory=list)
    reboot_required: bool = False
    lost: Lost = dataclasses.field(default_factory=dict)
    discoveries: t.Dict[str, bool] = dataclasses.field(default_factory=dict)
    reboot_reasons: t.List[str] = dataclasses.field(default_factory=list)


def build_outcome(batch: ChangeBatch, answer: Answer, before: records.Snapshot, declaration: Declaration) -> Outcome:
    """Compare what is there now with what was declared, and with what was there before."""
    if batch.reading is None:
        raise AssertionError("a change is judged by what is read after it")
    plan, replies = batch.plan, Replies(batch, answer)
    after = batch.reading.snapshot(answer, seconds=batch.limits.total or None)
    lost, surplus = find_losses(before, after, plan, replies.removed())
    differing = [f"{step.what}: {step.reason}" for step in _remaining_steps(after, declaration)]
    unsaved = replies.unsaved_secrets()
    moved = replies.changed_meanwhile() if differing or unsaved else []
    problems = [
        f"{title}: {_join(lines)}."
        for title, lines in (
            (
                "Changed on the host since it was read, or not listed, so it was left alone; run the task again",
                moved,
            ),
            ("Still not as declared", differing),
            ("Saving with the new secret failed for", unsaved),
            (
                "Windows refused to save it again without the login flag multipath_enabled, so it was saved with it "
                "rather than lost; log out of its target and run the task again",
                replies.restored_with_multipath(),
            ),
            (
                "Lost (removed, but not declared absent; save them again with the options in the result's lost, and "
                "with their secrets)",
                sorted(lost),
            ),
        )
        if lines
    ]
    problems += replies.describe_write_errors()
    if replies.failures and (problems or replies.has_unobservable_failure()):
        problems.append(f"Failed calls: {_join(replies.failures)}.")
    warnings = before.warnings + plan.warnings + replies.warnings
    warnings += [
        f"{label}: an extra copy appeared during this run that the declaration did not ask for. Another tool may have "
        "saved it; remove it if it is not wanted."
        for label in surplus
    ]
    for must_answer, line in _silent_portals(plan, replies.discoveries):
        (problems if must_answer else warnings).append(line)
    changed = any(_is_service(step) for step in plan.steps) or replies.has_changed_something() or _differ(before, after)
    discoveries = {what: code.ok for what, code in replies.discoveries.items()}
    reasons = find_reboot_reasons(replies.steps_with_settings())
    reboot_required = replies.reboot_required or bool(reasons)
    return Outcome(plan, before, after, changed, problems, warnings, reboot_required, lost, discoveries, reasons)


def find_reboot_reasons(steps: t.Iterable[Step]) -> t.List[str]:
    """What of some steps takes effect only later, and when."""
    pending: t.Dict[str, t.List[str]] = {}
    for step in steps:
        if isinstance(step.payload, SetHostSettings) and step.payload.effect:
            pending.setdefault(step.payload.effect, []).append(step.what)
    return [f"{', '.join(subjects)}: the change takes effect {effect}" for effect, subjects in pending.items()]


def _join(lines: t.Sequence[str]) -> str:
    return "; ".join(line.rstrip(".") for line in shorten(lines))


def shorten(lines: t.Iterable[str]) -> t.List[str]:
    """The first lines, and how many more there are: a message is for reading."""
    lines = list(lines)
    return (
        lines if len(lines) <= _MAX_LINES else [*lines[:_MAX_LINES], f"and {len(lines) - _MAX_LINES} more (see plan)"]
    )


def _is_service(step: Step) -> bool:
    return step.kind == "service"


def _remaining_steps(after: records.Snapshot, declaration: Declaration) -> t.List[Step]:
    """What a new run would still have to do."""
    compared = comparable(declaration)
    values = {name: value for name, value in compared.values.items() if not name.startswith("service_")}
    remaining = planner.plan(after, dataclasses.replace(compared, values=values))
    return [step for step in remaining.steps if not step.is_refresh]


def _silent_portals(plan: Plan, discoveries: t.Mapping[str, status.Status]) -> t.Iterator[t.Tuple[bool, str]]:
    """(whether that is a failure, a line) for each portal whose discovery failed.

    It is saved all the same (observed: go-win-iscsidsc).
    """
    for step in plan.of("target_portals"):
        code = discoveries.get(step.what)
        if code is not None and not code.ok:
            payload = step.payload
            desired = payload.desired if isinstance(payload, ChangeRecords) else None
            must_answer = (
                payload.must_answer if isinstance(payload, RefreshPortal) else getattr(desired, "must_answer", False)
            )
            cause = code.describe("RefreshIScsiSendTargetPortalW")  # the portal is there, so adding it was not refused
            yield must_answer, f"{step.what}: discovery failed, but the portal is saved. {cause}"


# -- the calls ---------------------------------------------------------------------------------------------------------


class Replies:
    """What the calls of a change answered.

    Failures with the same cause share one line: of an initiator port that is not there, many calls fail.
    """

    def __init__(self, batch: ChangeBatch, answer: Answer) -> None:
        self._batch, self._answer, self._write_errors = batch, answer.calls, answer.write_errors
        self.reboot_required = False
        self.discoveries: t.Dict[str, status.Status] = {}
        failures: t.Dict[str, t.List[str]] = {}
        warnings: t.Dict[str, t.List[str]] = {}
        for emitted in batch.emitted:
            export = emitted.handle.function.name
            subject = emitted.step.what if emitted.step else export
            for code in self.statuses(emitted.handle):
                if emitted.step is not None and emitted.operation in DISCOVERIES:
                    self.discoveries[emitted.step.what] = code
                if code.value == status.OPERATION_REQUIRES_REBOOT:
                    self.reboot_required = True
                elif code.severity == "warning":
                    warnings.setdefault(code.describe(), []).append(subject)
                if not code.ok:
                    failures.setdefault(code.describe(export), []).append(f"{subject} ({emitted.operation})")
            if self._outcome(emitted.handle) == wire.NO_SUCH_EXPORT:
                cause = f"iscsidsc.dll on this host does not have the function {export}"
                failures.setdefault(cause, []).append(f"{subject} ({emitted.operation})")
        self.failures = _by_cause(failures)
        self.warnings = _by_cause(warnings)

    def _result(self, handle: CallHandle) -> t.Optional[wire.Result]:
        """The result of a call; None where the answer ends before it."""
        results = self._answer.results
        return results[handle.index] if handle.index < len(results) else None

    def _outcome(self, handle: CallHandle) -> t.Optional[int]:
        result = self._result(handle)
        return result.outcome if result is not None else None

    def statuses(self, handle: CallHandle) -> t.List[status.Status]:
        """The status of each run of a call."""
        result = self._result(handle)
        return [status.of(run.status) for run in result.runs] if result is not None else []

    def may_have_run(self, handle: CallHandle) -> bool:
        """Whether a call was made, as far as is known."""
        result = self._result(handle)
        return result is None or bool(result.runs)

    def has_changed_something(self) -> bool:
        """Whether a call that changes something has succeeded."""
        return bool(self.steps_with_settings()) or any(
            code.ok
            for emitted in self._batch.emitted
            if emitted.step is None or not emitted.step.is_refresh
            for code in self.statuses(emitted.handle)
        )

    def steps_with_settings(self) -> t.List[Step]:
        """The steps of which a setting was set."""
        done = [step for step, problem in zip(self._batch.settings, self._write_errors) if problem is None]
        return [step for step in self._batch.plan.steps if any(step is other for other in done)]

    def describe_write_errors(self) -> t.List[str]:
        """Lines about settings of the host that could not be set, and about those that were set beside them."""
        done: t.List[str] = []
        failed: t.Dict[str, t.List[str]] = {}
        for setting, problem in zip(self._batch.builder.settings, self._write_errors):
            if problem is None:
                done.append(setting.title)
            else:
                failed.setdefault(problem, []).append(setting.title)
        if not failed:
            return []
        lines = [
            f"Could not be set: {', '.join(dict.fromkeys(titles))}: {problem.rstrip('.')}."
            for problem, titles in failed.items()
        ]
        return [*lines, f"Set all the same: {', '.join(dict.fromkeys(done)) or 'nothing'}."]

    def has_unobservable_failure(self) -> bool:
        """Whether a call failed whose effect no list shows."""
        return any(
            self._outcome(emitted.handle) == wire.NO_SUCH_EXPORT
            or any(not code.ok for code in self.statuses(emitted.handle))
            for emitted in self._batch.emitted
            if emitted.step is not None and not emitted.step.observable
        )

    def unsaved_secrets(self) -> t.List[str]:
        """What was to be saved with its secret anew, and fewer saves went well than meant: no list shows that."""
        saved = collections.Counter(
            id(emitted.step)
            for emitted in self._batch.emitted
            if emitted.operation in SAVES and self._went_well(emitted)
        )
        return [
            step.what
            for step in self._batch.plan.steps
            if isinstance(step.payload, ChangeRecords)
            and step.payload.replaces
            and step.payload.desired is not None
            and step.payload.desired.renews_secret
            and saved[id(step)] < len(step.payload.after)
        ]

    def _went_well(self, emitted: EmittedCall) -> bool:
        statuses = self.statuses(emitted.handle)
        # a discovery that fails has saved the portal all the same; whether it is there, the list shows
        return any(code.ok for code in statuses) or (emitted.operation == DISCOVERING and bool(statuses))

    def restored_with_multipath(self) -> t.List[str]:
        """Logins that could be put back only with the multipath flag, which they did not have."""
        return [
            emitted.step.what if emitted.step else emitted.handle.function.name
            for emitted in self._batch.emitted
            if emitted.operation == ADDING_MULTIPATH and any(code.ok for code in self.statuses(emitted.handle))
        ]

    def removed(self) -> t.List[identity.Identity]:
        """The identities of the removals that may have been made."""
        return [change.identity for change, handle in self._batch.removals if self.may_have_run(handle)]

    def changed_meanwhile(self) -> t.List[str]:
        """Records that were left alone, because the host did not have them as they had been read."""
        return [
            identity.label(change.sample)
            for changes, not_as_read in self._batch.guards
            if self.statuses(not_as_read)
            for change in changes
            if change.max_removals
        ]


def _by_cause(causes: t.Mapping[str, t.Sequence[str]]) -> t.List[str]:
    """A line for each cause and what it befell."""
    return [f"{'; '.join(shorten(dict.fromkeys(subjects)))}: {cause}" for cause, subjects in causes.items()]


# -- records -----------------------------------------------------------------------------------------------------------


def find_losses(
    before: records.Snapshot, after: records.Snapshot, plan: Plan, removed: t.Sequence[identity.Identity]
) -> t.Tuple[Lost, t.List[str]]:
    """(what was there, was not to go, and is gone; labels of what is there more often than anybody asked for).

    Records are told apart by content: of two that share an identity the right one must still be there. What nobody here
    removed, and is there in another form now, somebody else has changed: that is no loss.

    :param removed: the identities of the removals that may have been made.
    """
    lost: Lost = {}
    surplus: t.List[str] = []
    for part in _RECORD_PARTS:
        had, has = getattr(before, part), getattr(after, part)
        if had is None or has is None:
            continue
        changes = {change.identity: change for change in plan.changes(part)}
        was, found = (collections.Counter(record.identity for record in listed) for listed in (had, has))
        for record in _missing(had, has, changes):
            reached = any(identity.may_also_remove(each, record.identity) for each in removed)
            if reached or found[record.identity] < was[record.identity]:
                lost.setdefault(identity.label(record), []).append(as_declared(record))
        surplus += sorted(
            {
                identity.label(record)
                for record in has
                if found[record.identity] > was[record.identity] and not _is_asked_for(record.identity, changes)
            }
        )
    return lost, surplus


def _is_asked_for(found: identity.Identity, changes: t.Mapping[identity.Identity, AnyChange]) -> bool:
    """Whether a record is one of a change, which Windows may have saved with a portal of its own choice."""
    return found in changes or any(
        change.saves and each.portal is None and each[:3] == found[:3] for each, change in changes.items()
    )


def _missing(
    had: t.Sequence[t.Any], has: t.Sequence[t.Any], changes: t.Mapping[identity.Identity, AnyChange]
) -> t.Iterator[t.Any]:
    """The records that should still be there, as they were or as they were to become, and are not."""
    remaining = collections.Counter(content(record) for record in has)
    expected: t.List[t.Tuple[t.Any, t.List[Content]]] = [
        (record, [content(record)]) for record in had if record.identity not in changes
    ]
    for change in changes.values():
        pairs: t.Iterable[t.Tuple[t.Any, t.Any]] = zip(change.before, change.after)
        for record, (replacement, _secret) in pairs:
            contents = [content(replacement), content(record)]
            if isinstance(record, records.PersistentLogin):
                contents.append(content(with_multipath(record)))  # better than none, and named for itself
            expected.append((record, contents))
    for record, contents in expected:
        present = next((each for each in contents if remaining[each]), None)
        if present is None and record.portal is None:  # Windows may have saved it with a portal of its own choice
            present = next((each for each in remaining if remaining[each] and _is_resolved(each, contents)), None)
        if present is None:
            yield record
        else:
            remaining[present] -= 1


def _is_resolved(found: Content, contents: t.Sequence[Content]) -> bool:
    """Whether a content is one of others, but for the portal."""
    return any(found[0][:3] == each[0][:3] and found[1:] == each[1:] for each in contents)


def find_at_risk(batch: t.Optional[ChangeBatch], plan: Plan, replies: t.Optional[Replies]) -> Lost:
    """What a removal may have taken before it was saved again, as it would be declared.

    Without replies every planned removal is assumed to have been made.
    """
    removing = [change for change in plan.changes() if change.max_removals]
    removed = [change.identity for change in removing]
    if batch is not None and replies is not None:
        removed = replies.removed()
    endangered = [change for changes in plan.collateral.values() for change in changes]
    endangered += [change for change in plan.changes() if change.before and change.after]
    return {
        identity.label(change.sample): [as_declared(record) for record in change.before]
        for change in endangered
        if any(identity.may_also_remove(each, change.identity) for each in removed)
    }


def _differ(before: records.Snapshot, after: records.Snapshot) -> bool:
    """Whether the host reports something else than before; what is only connected may change by itself."""
    return any(
        _plain(getattr(before, part)) != _plain(getattr(after, part)) for part in (*_RECORD_PARTS, "persistent_devices")
    )


def _plain(listed: t.Optional[t.Sequence[t.Any]]) -> t.List[str]:
    return sorted(repr(records.to_dict(record)) for record in listed or ())
