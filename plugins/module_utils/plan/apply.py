# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Make a host what was declared: read, plan, change, and read again.

Two round trips at the most, however much there is to do; three to disable MSiSCSI beside settings of the host. Nothing
here knows Ansible. An *engine* takes the text of a batch and gives the text of its answer.
"""

from __future__ import annotations

import typing as t

from ..abi import memory, status
from ..client import queries
from ..client.builder import Builder, CallError, decode, encode
from ..model import records
from ..runner import wire, writes
from . import group_policies, planner, port_addresses
from .change_batch import ChangeBatch, Limits
from .declaration import subsets
from .desired import Declaration
from .options import START_MODES
from .outcome import Lost, Outcome, Replies, build_outcome, find_at_risk, find_reboot_reasons
from .parts import PARTS
from .prediction import predict
from .steps import Plan, SetHostSettings

SERVICE_START_SECONDS = 60
_ALREADY_RUNNING = 1056
_RUNNING_OR_UNKNOWN = (4, 0)
# Exceptions that only a defect raises. Their text may quote secret input, so it is not shown.
_DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, TypeError)

Engine = t.Callable[[str], str]
DEFAULT_LIMITS = Limits()


class PlanRejected(Exception):
    """A plan that is not carried out. ``plan`` tells what it would have been; ``changed``: its service was set."""

    def __init__(self, plan: Plan, changed: bool = False) -> None:
        first = (
            "Only the state or start mode of MSiSCSI was changed; nothing else was."
            if changed
            else "Nothing was changed."
        )
        super().__init__(" ".join([first, *plan.refusals]))
        self.plan, self.changed = plan, changed


class OutcomeUnknown(Exception):
    """A change of which it is not known how far it went. ``at_risk``: what may be missing now."""

    def __init__(self, problem: str, plan: Plan, at_risk: Lost) -> None:
        text = f"{problem.rstrip('.')}. Run the task again: it finds out what is there and completes the change."
        if at_risk:
            text += (
                f" These records may now be missing or saved twice: {'; '.join(sorted(at_risk))}. A new run restores "
                "only declared options; the result's at_risk lists all options that each had."
            )
        super().__init__(text)
        self.plan, self.at_risk = plan, at_risk


def apply(engine: Engine, declaration: Declaration, check: bool = False, limits: Limits = DEFAULT_LIMITS) -> Outcome:
    """Bring a host to what was declared; with ``check`` only find out what that takes.

    :raises PlanRejected: something stands in the way, and nothing was changed.
    :raises OutcomeUnknown: the connection or the runner failed after the change was sent.
    :raises CallError: the host could not be read.
    """
    disables_service = declaration.values.get("service_start_mode") == "disabled"
    if disables_service and declaration.manages("host_settings") and not check:
        # Services may wait for it. The trip that reads sets the start mode, too, so look before.
        apply(engine, declaration, check=True, limits=limits)
    before, is_stopped = _read(engine, declaration, check, limits)
    if is_stopped:
        return _compare_without_service(engine, before, declaration)
    plan = planner.plan(before, declaration)
    plan.refusals += _find_unsupported(engine, plan)
    sets_service = any(step.kind == "service" for step in plan.steps)
    if plan.refusals:
        raise PlanRejected(plan, changed=sets_service and not check)
    if check or all(step.kind == "service" for step in plan.steps):
        after = predict(before, plan)
        reasons = find_reboot_reasons(plan.steps)
        warnings = before.warnings + plan.warnings
        return Outcome(plan, before, after, plan.changed, [], warnings, bool(reasons), reboot_reasons=reasons)
    declaration, _refusals = port_addresses.resolve(before, declaration)
    batch = build_batch(plan, declaration, before.host.pointer_bits // 8, limits)
    return carry_out(engine, batch, before, declaration)


def _find_unsupported(engine: Engine, plan: Plan) -> t.List[str]:
    """Refusals of what an engine cannot set. ``sets_only_registry`` is an attribute of those that say so."""
    if not getattr(engine, "sets_only_registry", False):
        return []
    return [
        f"{step.kind}: the engine of this host sets only the registry, so it cannot set the {step.what}. Use the "
        "powershell engine."
        for step in plan.steps
        if isinstance(step.payload, SetHostSettings)
        and not all(isinstance(row, writes.IN_REGISTRY) for row in step.payload.rows)
    ]


def build_batch(plan: Plan, declaration: Declaration, pointer: int, limits: Limits = DEFAULT_LIMITS) -> ChangeBatch:
    """The calls of a plan, part by part in the order of the table, and then what reads the host again."""
    batch = ChangeBatch(pointer, plan, limits)
    for part in PARTS:
        part.emit(batch, [step for step in plan.of(part.name) if not (part.removes_last and step.is_removal)])
    for part in PARTS:
        if part.removes_last:
            part.emit(batch, [step for step in plan.of(part.name) if step.is_removal])
    batch.read_again([name for name in subsets(declaration) if name != group_policies.READ])
    return batch


def carry_out(engine: Engine, batch: ChangeBatch, before: records.Snapshot, declaration: Declaration) -> Outcome:
    """The second half of :func:`apply`: make the calls of a plan, and judge what came of them."""
    plan, question = batch.plan, wire.Batch((batch.program(),))
    asked, to_set = batch.builder.queries, batch.builder.settings
    text = encode(question, asked, batch.limits.total, to_set)
    # From here on the change may have been made in part, whatever goes wrong. The cause is not chained: it may hold
    # secrets.
    try:
        answer = decode(engine(text), question, asked, to_set)
    except wire.WireError as error:
        problem = f"The change was sent to the host, but its answer cannot be read: {_describe(error)}"
        raise OutcomeUnknown(problem, plan, find_at_risk(None, plan, None)) from None
    except Exception as error:
        problem = f"The change was sent to the host, but no answer came back: {_describe(error)}"
        raise OutcomeUnknown(problem, plan, find_at_risk(None, plan, None)) from None
    try:
        return build_outcome(batch, answer, before, declaration)
    except Exception as error:
        replies = Replies(batch, answer)
        failures = f"Failed calls: {'; '.join(replies.failures)}. " if replies.failures else ""
        problem = (
            f"The change was made, but reading the host again afterwards failed: {failures}{error}"
            if isinstance(error, (CallError, memory.ImageError))
            else f"The change was made, but its answer could not be evaluated: {_describe(error)}"
        )
        raise OutcomeUnknown(problem, plan, find_at_risk(batch, plan, replies)) from None


def _describe(error: Exception) -> str:
    """An exception in words; a defect by its place alone."""
    if not isinstance(error, _DEFECTS):
        return str(error).rstrip(".") or type(error).__name__
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        file = trace.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
        place = f" at {file}, line {trace.tb_lineno}"
    return f"{type(error).__name__}{place}. This is a bug in the collection or the engine; please report it"


# -- reading -----------------------------------------------------------------------------------------------------------


def _read(engine: Engine, declaration: Declaration, check: bool, limits: Limits) -> t.Tuple[records.Snapshot, bool]:
    """(the snapshot before the change, whether the service was stopped so that nothing could be read).

    The service is started and its start mode set by the same batch, before anything is read.
    """
    state = None if check else declaration.values.get("service_state")
    start_mode = None if check else declaration.values.get("service_start_mode")
    readings: t.Dict[int, queries.Reading] = {}
    for pointer in (8, 4):
        builder = Builder(pointer)
        if start_mode is not None:
            builder.call("SetServiceStartMode", StartMode=START_MODES[start_mode], vital=True)
        if state == "started":
            start = builder.call("StartService", TimeoutMilliseconds=1000 * SERVICE_START_SECONDS, vital=True)
            queries.await_adapter(builder, start)
        readings[pointer] = queries.Reading(pointer, subsets(declaration), builder)
    batch = wire.Batch(tuple(reading.builder.program(1000 * limits.total) for reading in readings.values()))
    asked = readings[4].builder.queries
    answer = decode(engine(encode(batch, asked, limits.total)), batch, asked)
    host, reading = answer.calls.host, readings[answer.calls.host.pointer]
    for call, result in zip(reading.builder.calls, answer.calls.results):
        if call.vital and result.runs and not _went_well(result.runs[-1].status):
            raise CallError(call.export, result.runs[-1].status)
    would_start = check and declaration.values.get("service_state") == "started"
    if would_start and host.service_state not in _RUNNING_OR_UNKNOWN:
        try:
            return reading.snapshot(answer), True
        except queries.ServiceStopped as stopped:
            return stopped.snapshot, True
    return reading.snapshot(answer, trust_service=state == "started"), False


def _went_well(code: int) -> bool:
    return status.of(code).ok or code == _ALREADY_RUNNING


def _compare_without_service(engine: Engine, before: records.Snapshot, declaration: Declaration) -> Outcome:
    """In check mode with the service stopped only the service itself and settings of the host can be compared."""
    plan = planner.plan_without_service(before, declaration)
    plan.refusals += _find_unsupported(engine, plan)
    warning = (
        f"MSiSCSI is {before.host.service_state}. The task would start it; other differences can be seen only while it "
        "runs."
    )
    reasons = find_reboot_reasons(plan.steps)
    warnings = [warning, *plan.refusals]  # which starting the service may put out of the way
    return Outcome(plan, before, predict(before, plan), True, [], warnings, bool(reasons), reboot_reasons=reasons)
