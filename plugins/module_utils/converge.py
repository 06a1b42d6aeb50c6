# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Make a host what was declared: read, plan, carry out, and look again. Two batches at the most, however much there is to do.

Nothing here knows Ansible. ``run`` takes the text of a batch and gives the text of its answer.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from . import calls, changes, initiator, memory, reconcile, records, status
from .program import Builder, CallError

START_MODES = {"automatic": 2, "manual": 3, "disabled": 4}
SERVICE_START_SECONDS = 60
_ALREADY_RUNNING = 1056


class Refused(Exception):
    """A plan that is not carried out: nothing was changed. ``plan`` tells what it would have been."""

    def __init__(self, plan):
        super().__init__("Nothing was changed. " + " ".join(plan.refusals))
        self.plan = plan


class Broken(Exception):
    """The answer to the change did not arrive, so it is not known how far it went. ``at_risk``: what may be missing now."""

    def __init__(self, problem, plan, at_risk):
        super().__init__(
            "The change was sent, but its answer did not arrive (%s). Run the task again to see what is there and finish it.%s"
            % (problem, " Until then these may be missing, and can be saved again as shown in at_risk: %s."
               % "; ".join(sorted(at_risk)) if at_risk else ""))
        self.plan, self.at_risk = plan, at_risk


@dataclasses.dataclass
class Report:
    """What was found, done, and is there now. ``problems`` non-empty: the host is not as declared."""

    plan: reconcile.Plan
    before: records.Snapshot
    after: records.Snapshot
    changed: bool
    problems: t.List[str] = dataclasses.field(default_factory=list)
    warnings: t.List[str] = dataclasses.field(default_factory=list)
    reboot_required: bool = False
    lost: t.Dict[str, t.Any] = dataclasses.field(default_factory=dict)
    discoveries: t.Dict[str, bool] = dataclasses.field(default_factory=dict)


def converge(run, declaration, check=False, limits=changes.Limits()):
    """Bring a host to what was declared; with ``check`` only find out what that takes.

    :raises Refused: something stands in the way, and nothing was changed.
    :raises Broken: the connection or the runner failed after the change was sent.
    :raises CallError: the host could not be read.
    """
    before, unread = _read(run, declaration, check, limits)
    if unread:
        return _only_service(before, declaration)
    plan = reconcile.plan(before, declaration)
    if plan.refusals:
        raise Refused(plan)
    rest = [step for step in plan.steps if step.kind != "service"]
    if check or not rest:
        after = before if check else dataclasses.replace(before, host=_host_after(before.host, declaration))
        return Report(plan, before, after, plan.changed, warnings=before.warnings + plan.warnings)
    execution = changes.Execution(before.host.pointer_bits // 8, plan, _subsets(declaration), limits)
    try:
        answer = calls.decode_answer(run(calls.encode_batch(calls.Batch((execution.program(),)))))
    except Exception as error:  # whatever an engine raises: the change may have been made in part
        raise Broken(str(error) or type(error).__name__, plan, _at_risk(plan)) from None
    return _judge(execution, answer, before, declaration)


def _subsets(declaration):
    return [name for name in initiator.READS if name in declaration.subsets()]


def _read(run, declaration, check, limits):
    """(the snapshot before the change, whether the service was stopped so that nothing could be read)."""
    readings = {}
    for pointer in (8, 4):
        builder = Builder(pointer)
        started = None
        if not check and declaration.service_start_mode is not None:
            builder.call("SetServiceStartMode", StartMode=START_MODES[declaration.service_start_mode], vital=True)
        if not check and declaration.service_state == "started":
            started = builder.call("StartService", TimeoutMilliseconds=1000 * SERVICE_START_SECONDS, vital=True)
        readings[pointer] = initiator.Reading(pointer, _subsets(declaration), builder), started
    batch = calls.Batch(tuple(reading.builder.program(1000 * limits.total) for reading, _started in readings.values()))
    answer = calls.decode_answer(run(calls.encode_batch(batch)))
    reading, started = readings[answer.host.pointer]
    for call, result in zip(reading.builder.calls, answer.results):
        if call.vital and result.runs and not _well(result.runs[-1].status):
            raise CallError(call.export, result.runs[-1].status)
    if check and declaration.service_state == "started" and answer.host.service_state not in (0, 4):
        return records.Snapshot(records.Host.of(answer.host)), True
    return reading.snapshot(answer, trust_service=started is not None), False


def _host_after(host, declaration):
    """The host once the first batch has started its service as declared."""
    return dataclasses.replace(host, service_state="running" if declaration.service_state == "started" else host.service_state,
                               service_start_mode=declaration.service_start_mode or host.service_start_mode)


def _well(code):
    return status.of(code).ok or code == _ALREADY_RUNNING


def _only_service(before, declaration):
    """In check mode with the service stopped only the service itself can be compared."""
    plan = reconcile.Plan()
    reconcile.service(plan, before, declaration)
    return Report(plan, before, before, True, warnings=[
        "MSiSCSI is %s and would be started. What else differs can only be seen once it runs." % before.host.service_state])


def _at_risk(plan):
    """{label: [record as declared in a playbook, ...]} of all that a removal of this plan may have taken before it was saved again."""
    found = {}
    for change in plan.swept + [step.detail for step in plan.steps if _is_removing(step) and step.detail.after]:
        found[reconcile.label(change.one)] = [records.to_dict(record) for record in change.before]
    return found


def _is_removing(step):
    return isinstance(step.detail, reconcile.Change) and step.detail.removes > 0


# -- after the change --------------------------------------------------------------------------------------------------------------

def _judge(execution, answer, before, declaration):
    plan = execution.plan
    failures, warnings, reboot, discoveries = _replies(execution, answer)
    try:
        after = execution.reading.snapshot(answer)
    except (CallError, memory.ImageError) as error:
        raise Broken("%s; %s" % (" ".join(failures), error) if failures else str(error), plan, _at_risk(plan)) from None
    lost = _lost(before, after, plan)
    left = reconcile.plan(after, _once(declaration))
    problems = []
    for title, lines in (("Not as declared yet", [step.what + ": " + step.reason for step in left.steps if step.action != "refresh"]),
                         ("Calls that failed", failures), ("Gone without being meant to", sorted(lost))):
        if lines and (title != "Calls that failed" or problems or _unrepaired(execution, answer)):
            problems.append("%s: %s." % (title, "; ".join(lines)))
    for failing, line in _silent_portals(plan, discoveries):
        (problems if failing else warnings).append(line)
    return Report(plan, before, after, plan.changed or _differ(before, after), problems, before.warnings + plan.warnings + warnings,
                  reboot, lost, {what: code.ok for what, code in discoveries.items()})


def _silent_portals(plan, discoveries):
    """(whether that is a failure, a line) for each portal whose discovery failed. It is saved all the same (observed: go-win-iscsidsc)."""
    for step in plan.steps:
        code = discoveries.get(step.what) if step.kind == "target_portals" else None
        if code is not None and not code.ok:
            yield step.detail.wish.discovery_failure == "fail", "Discovery through %s failed, but the portal is saved: %s" % (
                step.what, code.describe())


def _replies(execution, answer):
    """(what failed, warnings, whether a restart is needed, {portal: the status of its discovery})."""
    failures, warnings, reboot, discoveries = [], [], False, {}
    for step, what, made in execution.made:
        result = answer.results[made.index]
        for run in result.runs:
            code = status.of(run.status)
            if what in ("discover", "refresh") and step is not None:
                discoveries[step.what] = code
            if code.value == status.OPERATION_REQUIRES_REBOOT:
                reboot = True
            elif code.severity == "warning":
                warnings.append("%s: %s" % (_answerable(step, made), code.describe()))
            if not code.ok:
                failures.append("%s (%s): %s" % (_answerable(step, made), what, code.describe()))
        if result.outcome == calls.NO_SUCH_EXPORT:
            failures.append("%s (%s): this host's iscsidsc.dll has no such function" % (_answerable(step, made), what))
    return failures, warnings, reboot, discoveries


def _answerable(step, made):
    return step.what if step else made.function.name


# Steps whose success shows nowhere but in the status of their call.
_UNSEEN = ("chap_secret", "radius_secret", "group_preshared_key", "persistent_devices", "sessions")


def _unrepaired(execution, answer):
    """Whether a call failed whose effect no list shows."""
    return any(step is not None and (step.kind in _UNSEEN or step.action in ("replace", "refresh") and step.kind == "static_targets")
               and any(not status.of(run.status).ok for run in answer.results[made.index].runs)
               for step, _what, made in execution.made)


def _once(declaration):
    """The declaration without what asks for a change each time."""
    def calm(wishes):
        return wishes and [dataclasses.replace(wish, update_secret="on_create", refresh=False) for wish in wishes]

    static = [wish for wish in declaration.static_targets or () if not wish.hidden]
    return dataclasses.replace(
        declaration, chap_secret=None, radius_secret=None, group_preshared_key=None, persistent_logins=calm(declaration.persistent_logins),
        service_state=None, service_start_mode=None, target_portals=calm(declaration.target_portals), static_targets=calm(static),
        bind_all_volumes=False)


def _lost(before, after, plan):
    """{label: [records]} of what was there, was not to go, and is not there any more."""
    lost = {}
    for kind in ("persistent_logins", "target_portals"):
        had, has = getattr(before, kind), getattr(after, kind)
        if had is None or has is None:
            continue
        meant = {reconcile.key(step.detail.one): len(step.detail.after) for step in plan.steps if step.kind == kind
                 and step.action != "refresh"}
        found = collections.Counter(map(reconcile.key, has))
        for identity, count in collections.Counter(map(reconcile.key, had)).items():
            if found[identity] < min(count, meant.get(identity, count)):
                gone = [record for record in had if reconcile.key(record) == identity]
                lost[reconcile.label(gone[0])] = [records.to_dict(record) for record in gone]
    return lost


def _differ(before, after):
    return any(_plain(getattr(before, kind)) != _plain(getattr(after, kind))
               for kind in ("persistent_logins", "target_portals", "persistent_devices"))


def _plain(found):
    return sorted(repr(records.to_dict(record)) for record in found or ())
