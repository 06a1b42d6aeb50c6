# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What a host would have after a plan: check mode returns it, so that a play goes the same way with and without it.

Sessions that would be opened are left out: their devices and connections cannot be known beforehand.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import records
from . import plan_host_settings
from .steps import (
    ChangeRecords,
    ChangeStaticTarget,
    ListEntry,
    LogOut,
    Plan,
    SetHostSettings,
    SetNodeName,
    SetService,
    Step,
)

_STATES = {"started": "running"}
_STATIC = "Manually Configured:"


def predict(before: records.Snapshot, plan: Plan) -> records.Snapshot:
    """The snapshot with each step of a plan carried out."""
    after = before
    for step in plan.steps:
        change = _CHANGES.get(type(step.payload))
        if change is not None:
            after = change(after, step, step.payload)
    return after


def _with_part(snapshot: records.Snapshot, step: Step, listed: t.List[t.Any]) -> records.Snapshot:
    part: t.Dict[str, t.Any] = {step.kind: listed}
    return dataclasses.replace(snapshot, **part)


def _change_records(
    snapshot: records.Snapshot, step: Step, change: ChangeRecords[records.PersistentLogin]
) -> records.Snapshot:
    gone = set(map(id, change.before))
    listed = [record for record in getattr(snapshot, step.kind) or () if id(record) not in gone]
    return _with_part(snapshot, step, listed + [record for record, _secret in change.after])


def _change_list(snapshot: records.Snapshot, step: Step, entry: ListEntry) -> records.Snapshot:
    others = [name for name in getattr(snapshot, step.kind) or () if name.lower() != entry.name.lower()]
    return _with_part(snapshot, step, others if step.is_removal else [*others, entry.name])


def _change_static_target(snapshot: records.Snapshot, step: Step, change: ChangeStaticTarget) -> records.Snapshot:
    targets = list(snapshot.targets or ())
    known = next((target for target in targets if target.name.lower() == change.name.lower()), None)
    discoveries = [discovery for discovery in (known.discoveries if known else ()) if discovery.kind != "static"]
    if not step.is_removal:
        discoveries.append(dataclasses.replace(change.record, mechanism=_STATIC))
    if known is not None:
        targets.remove(known)
    if discoveries:
        targets.append(records.Target(known.name if known else change.name, discoveries))
    return dataclasses.replace(snapshot, targets=targets)


def _end_session(snapshot: records.Snapshot, _step: Step, payload: LogOut) -> records.Snapshot:
    sessions = [session for session in snapshot.sessions or () if session is not payload.session]
    return dataclasses.replace(snapshot, sessions=sessions)


def _rename(snapshot: records.Snapshot, _step: Step, payload: SetNodeName) -> records.Snapshot:
    initiator = snapshot.initiator and dataclasses.replace(snapshot.initiator, node_name=payload.name)
    return dataclasses.replace(snapshot, initiator=initiator)


def _set_service(snapshot: records.Snapshot, step: Step, payload: SetService) -> records.Snapshot:
    changed: t.Dict[str, t.Any] = (
        {"service_state": _STATES[payload.value]} if payload.value in _STATES else {"service_start_mode": payload.value}
    )
    return dataclasses.replace(snapshot, host=dataclasses.replace(snapshot.host, **changed))


def _set_host_settings(snapshot: records.Snapshot, _step: Step, payload: SetHostSettings) -> records.Snapshot:
    now = snapshot.host_settings
    return dataclasses.replace(snapshot, host_settings=now and plan_host_settings.predict(now, payload))


_CHANGES: t.Dict[type, t.Callable[[records.Snapshot, Step, t.Any], records.Snapshot]] = {
    ChangeRecords: _change_records,
    ListEntry: _change_list,
    ChangeStaticTarget: _change_static_target,
    LogOut: _end_session,
    SetHostSettings: _set_host_settings,
    SetNodeName: _rename,
    SetService: _set_service,
}
