# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Make a host what was declared: read, plan, carry out, and look again.

Two batches at the most, however much there is to do. Nothing here knows Ansible. ``run`` takes the text of a batch and
gives the text of its answer.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..abi import memory, status
from ..client import queries
from ..client.builder import Builder, CallError
from ..model import records
from ..runner import wire
from . import change_batch as changes
from . import planner as reconcile

START_MODES = {"automatic": 2, "manual": 3, "disabled": 4}
SERVICE_START_SECONDS = 60
_FEW = 6  # lines of a kind in a message
_ALREADY_RUNNING = 1056


# What no engine raises because of a host or a connection: a defect, and its text may quote what it choked on.
_DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, TypeError)


class Refused(Exception):
    """A plan that is not carried out.

    ``plan`` tells what it would have been; ``changed``: its service was started or set.
    """

    def __init__(self, plan, changed=False):
        super().__init__(
            "{} was changed. {}".format(
                "Nothing but the state and start mode of MSiSCSI" if changed else "Nothing", " ".join(plan.refusals)
            )
        )
        self.plan, self.changed = plan, changed


class Broken(Exception):
    """A change of which it is not known how far it went.

    ``at_risk``: what may be missing now, as it would be declared.
    """

    def __init__(self, problem, plan, at_risk):
        known = (
            " These may be missing now, or be there once too often; at_risk has all their options, of which a new "
            "run knows only those that are declared: {}.".format("; ".join(sorted(at_risk)))
            if at_risk
            else ""
        )
        super().__init__(f"{problem}. Run the task again to see what is there and finish it.{known}")
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


LIMITS = changes.Limits()


def converge(run, declaration, check=False, limits=LIMITS):
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
        raise Refused(plan, not check and any(step.kind == "service" for step in plan.steps))
    rest = [step for step in plan.steps if step.kind != "service"]
    if check or not rest:
        after = before if check else dataclasses.replace(before, host=_host_after(before.host, declaration))
        return Report(plan, before, after, plan.changed, warnings=before.warnings + plan.warnings)
    execution = changes.Execution(before.host.pointer_bits // 8, plan, subsets(declaration), limits)
    return carry_out(run, execution, before, declaration)


def carry_out(run, execution, before, declaration):
    """The second half of :func:`converge`: make the calls of a plan, and tell what came of them."""
    plan, batch = execution.plan, wire.encode_batch(wire.Batch((execution.program(),)))
    # From here on the change may have been made in part, whatever goes wrong. The cause is not chained: it may hold
    # secrets.
    try:
        answer = wire.decode_answer(run(batch))
    except Exception as error:
        raise Broken(
            f"The change was sent, but its answer did not arrive: {_in_words(error)}", plan, _at_risk(plan)
        ) from None
    try:
        return _judge(execution, answer, before, declaration)
    except (CallError, memory.ImageError) as error:
        failures = _replies(execution, answer)[0]
        problem = "The change was sent, but what is there now could not be read: {}".format(
            " ".join(failures + [str(error)])
        )
        raise Broken(problem.rstrip("."), plan, _at_risk(plan, execution, answer)) from None
    except Exception as error:
        raise Broken(
            f"The change was sent, but its answer could not be told: {_in_words(error)}",
            plan,
            _at_risk(plan, execution, answer),
        ) from None


def _in_words(error):
    """An exception in words; a defect by its place alone."""
    if not isinstance(error, _DEFECTS):
        return str(error).rstrip(".") or type(error).__name__
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    return "%s at line %d of %s, which is a defect of this collection, or of the engine: please report it" % (
        type(error).__name__,
        trace.tb_lineno,
        trace.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2],
    )


def subsets(declaration):
    """The read operations that a declaration needs, in their order."""
    return [name for name in queries.READS if name in declaration.subsets()]


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
        readings[pointer] = queries.Reading(pointer, subsets(declaration), builder), started
    batch = wire.Batch(tuple(reading.builder.program(1000 * limits.total) for reading, _started in readings.values()))
    answer = wire.decode_answer(run(wire.encode_batch(batch)))
    reading, started = readings[answer.host.pointer]
    for call, result in zip(reading.builder.calls, answer.results):
        if call.vital and result.runs and not _well(result.runs[-1].status):
            raise CallError(call.export, result.runs[-1].status)
    if check and declaration.service_state == "started" and answer.host.service_state not in (0, 4):
        return records.Snapshot(records.Host.of(answer.host)), True
    return reading.snapshot(answer, trust_service=started is not None), False


def _host_after(host, declaration):
    """The host once the first batch has started its service as declared."""
    state = "running" if declaration.service_state == "started" else host.service_state
    return dataclasses.replace(
        host, service_state=state, service_start_mode=declaration.service_start_mode or host.service_start_mode
    )


def _well(code):
    return status.of(code).ok or code == _ALREADY_RUNNING


def _only_service(before, declaration):
    """In check mode with the service stopped only the service itself can be compared."""
    plan = reconcile.Plan()
    reconcile.service(plan, before, declaration)
    return Report(
        plan,
        before,
        before,
        True,
        warnings=[
            f"MSiSCSI is {before.host.service_state} and would be started. What else differs can only be seen once it runs."
        ],
    )


def _at_risk(plan, execution=None, answer=None):
    """{label: [login or portal as it would be declared, ...]} of all that a removal may have taken.

    That is, before it was saved again. Without an answer every removal of the plan is taken for made.
    """
    removed = [step.detail.one for step in plan.steps if _is_removing(step)]
    if answer is not None:
        removed = [change.one for change, made in execution.removals if answer.results[made.index].runs]
    again = [change for swept in plan.swept.values() for change in swept]
    again += [step.detail for step in plan.steps if _is_removing(step) and step.detail.after]
    return {
        reconcile.label(change.one): [reconcile.as_declared(record) for record in change.before]
        for change in again
        if any(reconcile.sweeps(one, change.one) for one in removed)
    }


def _is_removing(step):
    return isinstance(step.detail, reconcile.Change) and step.detail.removes > 0


# -- after the change --------------------------------------------------------------------------------------------------


def _judge(execution, answer, before, declaration):
    plan = execution.plan
    failures, warnings, reboot, discoveries = _replies(execution, answer)
    after = execution.reading.snapshot(answer)
    lost, surplus = _lost(before, after, plan)
    left = reconcile.plan(
        after, dataclasses.replace(comparable(declaration), service_state=None, service_start_mode=None)
    )
    differing = _few(step.what + ": " + step.reason for step in left.steps if step.action != "refresh")
    problems = []
    for title, lines in (
        ("Not as declared yet", differing),
        ("Not known to be saved with its secret", _unsaved_secrets(execution, answer)),
        ("Calls that failed", failures),
        ("Gone without being meant to, to be saved again with the options in lost and their secrets", sorted(lost)),
    ):
        if lines and (title != "Calls that failed" or problems or _unrepaired(execution, answer)):
            problems.append("{}: {}.".format(title, "; ".join(line.rstrip(".") for line in lines)))
    warnings += [f"More often saved than before, and not by this declaration: {what}." for what in surplus]
    for failing, line in _silent_portals(plan, discoveries):
        (problems if failing else warnings).append(line)
    return Report(
        plan,
        before,
        after,
        plan.changed or _differ(before, after),
        problems,
        before.warnings + plan.warnings + warnings,
        reboot,
        lost,
        {what: code.ok for what, code in discoveries.items()},
    )


def _silent_portals(plan, discoveries):
    """(whether that is a failure, a line) for each portal whose discovery failed.

    It is saved all the same (observed: go-win-iscsidsc).
    """
    for step in plan.steps:
        code = discoveries.get(step.what) if step.kind == "target_portals" else None
        if code is not None and not code.ok:
            line = f"Discovery through {step.what} failed, but the portal is saved: {code.describe()}"
            yield step.detail.wish.discovery_failure == "fail", line


def _replies(execution, answer):
    """(what failed, warnings, whether a restart is needed, {portal: the status of its discovery}).

    Many calls can fail of one cause, as with an initiator port that is not there: one line tells each cause.
    """
    failures, warnings, reboot, discoveries = {}, {}, False, {}
    for step, what, made in execution.made:
        result = answer.results[made.index]
        for run in result.runs:
            code = status.of(run.status)
            if what in ("discover", "refresh") and step is not None:
                discoveries[step.what] = code
            if code.value == status.OPERATION_REQUIRES_REBOOT:
                reboot = True
            elif code.severity == "warning":
                warnings.setdefault(code.describe(), []).append(_answerable(step, made))
            if not code.ok:
                failures.setdefault(code.describe(), []).append(f"{_answerable(step, made)} ({what})")
        if result.outcome == wire.NO_SUCH_EXPORT:
            failures.setdefault("this host's iscsidsc.dll has no such function", []).append(
                f"{_answerable(step, made)} ({what})"
            )
    return _told(failures), _told(warnings), reboot, discoveries


def _told(causes):
    """A line for each cause and what it befell."""
    return ["{}: {}".format("; ".join(_few(dict.fromkeys(names))), cause) for cause, names in causes.items()]


def _few(lines):
    """The first lines, and how many more there are: a message is for reading, and the plan holds them all."""
    lines = list(lines)
    return lines if len(lines) <= _FEW else lines[:_FEW] + [f"and {len(lines) - _FEW} more"]


def _answerable(step, made):
    return step.what if step else made.function.name


# Steps whose success shows nowhere but in the status of their call.
_UNSEEN = ("chap_secret", "radius_secret", "group_preshared_key", "ike", "tunnel_outer_addresses", "persistent_devices")


def _unrepaired(execution, answer):
    """Whether a call failed whose effect no list shows."""

    def unseen(step):
        return step.kind in _UNSEEN or step.action in ("replace", "refresh") and step.kind == "static_targets"

    return any(
        step is not None
        and unseen(step)
        and any(not status.of(run.status).ok for run in answer.results[made.index].runs)
        for step, _what, made in execution.made
    )


def _unsaved_secrets(execution, answer):
    """Logins and portals whose secret was to be saved anew, where fewer saves went well than meant: no list shows."""
    saved = collections.Counter(
        id(step)
        for step, what, made in execution.made
        if what in changes.SAVES and any(status.of(run.status).ok for run in answer.results[made.index].runs)
    )
    return [
        step.what
        for step in execution.plan.steps
        if isinstance(step.detail, reconcile.Change)
        and step.detail.replaces
        and step.detail.wish.update_secret == "always"
        and step.detail.secret
        and saved[id(step)] < len(step.detail.after)
    ]


def comparable(declaration):
    """The declaration without what asks for a change each time, for Windows does not show whether it is as declared."""

    def calm(wishes):
        return wishes and [dataclasses.replace(wish, update_secret="on_create", refresh=False) for wish in wishes]

    static = [wish for wish in declaration.static_targets or () if not wish.hidden]
    return dataclasses.replace(
        declaration,
        chap_secret=None,
        radius_secret=None,
        group_preshared_key=None,
        ike=None,
        tunnel_outer_addresses=None,
        bind_all_volumes=False,
        persistent_logins=calm(declaration.persistent_logins),
        target_portals=calm(declaration.target_portals),
        static_targets=calm(static),
    )


def _lost(before, after, plan):
    """What was there, was not to go, and is gone, as {label: [as it would be declared]}; and what is too often."""
    lost, surplus = {}, []
    for kind in ("persistent_logins", "target_portals"):
        had, has = getattr(before, kind), getattr(after, kind)
        if had is None or has is None:
            continue
        meant = {
            reconcile.key(step.detail.one): len(step.detail.after)
            for step in plan.steps
            if step.kind == kind and step.action != "refresh"
        }
        was, found = (collections.Counter(map(reconcile.key, records_of)) for records_of in (had, has))
        for identity, count in was.items():
            if found[identity] < min(count, meant.get(identity, count)):
                gone = [record for record in had if reconcile.key(record) == identity]
                lost[reconcile.label(gone[0])] = [reconcile.as_declared(record) for record in gone]
        more = {identity for identity in found if found[identity] > was[identity] and identity not in meant}
        surplus += sorted({reconcile.label(record) for record in has if reconcile.key(record) in more})
    return lost, surplus


def _differ(before, after):
    return any(
        _plain(getattr(before, kind)) != _plain(getattr(after, kind))
        for kind in ("persistent_logins", "target_portals", "persistent_devices")
    )


def _plain(found):
    return sorted(repr(records.to_dict(record)) for record in found or ())
