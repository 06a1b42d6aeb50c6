# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What the group policies of a host forbid of a plan: it is refused before anything is touched.

Where the policies could not be read, Windows itself refuses the call (0xEFFF0065), and the status names them.
"""

from __future__ import annotations

import typing as t

from ..abi import codecs, policies
from ..model import identity
from .plan_settings import uses_ipsec, uses_mutual_chap
from .planning import Planning
from .steps import AnyChange, ChangeRecords, ChangeStaticTarget, LogIn, RefreshPortal, Step

READ = "policies"

# A call that Windows would be asked for, and the record that it saves or uses.
_Call = t.Tuple[str, t.Optional[t.Any]]

# part -> (what adds or sets it, what removes it)
_SETTERS = {
    "node_name": ("SetIScsiInitiatorNodeNameW", ""),
    "chap_secret": ("SetIScsiInitiatorCHAPSharedSecret", ""),
    "isns_servers": ("AddISNSServerW", "RemoveISNSServerW"),
}
# part -> (what saves a record of it, what removes one)
_RECORD_CALLS = {
    "persistent_logins": ("LoginIScsiTargetW", ""),
    "target_portals": ("AddIScsiSendTargetPortalW", "RemoveIScsiSendTargetPortalW"),
}
_MERGE = codecs.TARGET_FLAGS.bits["merge_target_information"]
# The records that a policy allows all the same. How the service recognizes IPsec is not known: any sign of it will do.
_ALLOWS: t.Dict[str, t.Callable[[t.Any], bool]] = {
    "RequireMutualCHAP": uses_mutual_chap,
    "RequireOneWayCHAP": lambda record: record.login_options is not None and record.login_options.uses_chap,
    "RequireIPSec": uses_ipsec,
    "NewStaticTargets": lambda target: bool(target.target_flags & _MERGE),
    "ConfigureTargets": lambda target: not target.target_flags & _MERGE,
}
# It does not apply to the sessions of saved logins (Microsoft's documentation of the policy).
_EXEMPTS_SAVED_LOGINS = "RestrictAdditionalLogins"


def refuse_forbidden(planning: Planning) -> None:
    """Refuse each step that a policy forbids, and each removal that may take what could not be saved again."""
    enabled = [name for name, is_enabled in (planning.snapshot.policies or {}).items() if is_enabled]
    if not enabled:
        return
    changes = {change.identity: change for change in planning.plan.changes("persistent_logins")}
    saved = {record.identity for record in planning.snapshot.persistent_logins or ()}
    saved = {each for each in saved | set(changes) if each not in changes or changes[each].after}
    for step in planning.plan.steps:
        opens_saved_login = isinstance(step.payload, LogIn) and step.payload.login.identity in saved
        for policy in _forbidding(_calls(step), enabled):
            if opens_saved_login and policy == _EXEMPTS_SAVED_LOGINS:
                continue
            planning.refuse(step.what, f"{_describe(policy)} Have the policy changed, or declare what it allows.")
    for part, collateral in planning.plan.collateral.items():
        for change in collateral:
            for policy in _forbidding(_saves(part, change), enabled):
                planning.refuse(
                    identity.label(change.sample),
                    "a removal for any port, portal or instance may also remove it, and it could not be saved again, "
                    f"because {_describe(policy)} Have the policy changed first.",
                )


def _describe(policy: str) -> str:
    return (
        f"the group policy {policy} is enabled on this host and forbids {policies.FORBIDS[policy]}, so Windows would "
        f"refuse it (0xEFFF0065; a value of {policies.KEY})."
    )


def _forbidding(calls: t.Iterable[_Call], enabled: t.Sequence[str]) -> t.List[str]:
    """The enabled policies that forbid one of the calls."""
    found = [
        policy
        for export, record in calls
        for policy in policies.BY_EXPORT.get(export, ())
        if policy in enabled and not (record is not None and policy in _ALLOWS and _ALLOWS[policy](record))
    ]
    return list(dict.fromkeys(found))


def _calls(step: Step) -> t.Iterator[_Call]:
    """The calls of a step that a policy may forbid."""
    payload = step.payload
    if isinstance(payload, ChangeRecords):
        yield from _calls_of_change(step.kind, payload)
    elif isinstance(payload, RefreshPortal):
        yield "RefreshIScsiSendTargetPortalW", payload.record
    elif isinstance(payload, ChangeStaticTarget):
        removal = step.is_removal
        yield ("RemoveIScsiStaticTargetW", None) if removal else ("AddIScsiStaticTargetW", payload.record)
    elif isinstance(payload, LogIn):
        yield "LoginIScsiTargetW", payload.login
    elif step.kind in _SETTERS:
        yield _SETTERS[step.kind][step.is_removal], None


def _calls_of_change(part: str, change: AnyChange) -> t.Iterator[_Call]:
    if change.max_removals:
        yield _RECORD_CALLS[part][1], None
    if change.may_need_saving:
        yield from _saves(part, change)


def _saves(part: str, change: AnyChange) -> t.Iterator[_Call]:
    for record, _secret in change.after:
        yield _RECORD_CALLS[part][0], record
