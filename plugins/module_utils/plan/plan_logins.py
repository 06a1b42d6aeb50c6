# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Plans for persistent logins: what can be known beforehand of whether Windows will save them."""

from __future__ import annotations

import dataclasses
import typing as t

from ..abi import codecs
from ..model import identity, matching, records
from .desired import DesiredLogin, needs_secret
from .plan_records import RecordPlan
from .plan_sessions import declared_absent
from .plan_settings import uses_ipsec
from .planning import Planning
from .properties import PERSISTENT_LOGIN
from .steps import LoginChange

MAX_PERSISTENT_LOGINS = 256  # reported by Azure's connect script only
_MULTIPATH = codecs.LOGIN_FLAGS.bits["multipath_enabled"]


def plan_persistent_logins(planning: Planning, wanted: t.Optional[t.Sequence[DesiredLogin]]) -> None:
    """Sessions that the initiator opens after boot."""
    purge = "persistent_logins" in planning.declaration.purge
    if wanted is None and not purge:
        return
    saved = planning.snapshot.persistent_logins or []
    plan: RecordPlan[records.PersistentLogin] = RecordPlan(
        planning, "persistent_logins", PERSISTENT_LOGIN, wanted, saved
    )
    planning.logins = plan.wanted + plan.unmatched
    for desired in plan.wanted:
        plan.plan_declared(desired)
    if purge:
        plan.plan_purge(_reason_to_keep(planning, plan))
    plan.keep_copies_beside_secrets()
    plan.plan_collateral()
    plan.require_secrets()
    collateral = t.cast("t.List[LoginChange]", planning.plan.collateral["persistent_logins"])
    _require_known_targets(planning, [change for change in plan.changes if change.may_need_saving] + collateral)
    _require_sole_logins(planning, plan, collateral)
    _require_secrets_to_bring_back(planning, plan.changes)
    _mark_what_may_be_refused(plan.changes + collateral)
    _limit_logins(planning, plan.changes, len(saved))
    for change in [change for change in plan.changes if change.max_removals] + collateral:
        _warn_of_keys(planning, change)
    for desired in plan.wanted:
        if desired.present:
            _warn_of_flags(planning, desired.merge())
    _warn_without_mpio(planning, [desired.merge() for desired in plan.wanted if desired.present])


def _reason_to_keep(
    planning: Planning, plan: RecordPlan[records.PersistentLogin]
) -> t.Callable[[t.List[records.PersistentLogin]], t.Optional[str]]:
    """Return a function that says why an undeclared login is kept: a live session uses it, or it cannot be removed.

    Sessions are matched with the logins as they will be once all that is declared is there: the next run must keep
    what this one keeps.
    """
    declared = {desired.record.identity for desired in plan.wanted}
    logins = [record for each, found in plan.groups.items() if each not in declared for record in found]
    for desired in plan.wanted:
        if desired.present:
            found = plan.groups.get(desired.record.identity)
            logins += [desired.merge(found[0] if found else None) for _copy in range(desired.copies)]
    ending = declared_absent(planning)  # by this run, so that they would hold up nothing in the next
    staying = [session for session in planning.snapshot.sessions or () if id(session) not in ending]
    matches = matching.Matches(logins, staying)

    instances = {instance.lower() for instance in planning.instances}

    def reason(found: t.List[records.PersistentLogin]) -> t.Optional[str]:
        instance = found[0].initiator_instance
        if instances and instance and instance.lower() not in instances:
            return (
                f"kept, because {instance} is gone, and Windows removes no login of an unknown instance (0xEFFF0044)."
            )
        if not planning.declaration.purge_connected and any(matches.live(record) for record in found):
            return "kept, because a live session uses it. To remove it too, set purge_connected: true."
        return None

    return reason


def _require_known_targets(planning: Planning, changes: t.Sequence[LoginChange]) -> None:
    """Windows saves a login only to a target that it knows."""
    for change in changes:
        target = change.identity.target
        if not (planning.knows(target) or (not change.before and planning.may_make_known(target))):
            again = " again after its removal" if change.before else ""
            planning.refuse_unknown_target(identity.label(change.sample), f"to save the login{again}")


def _require_sole_logins(
    planning: Planning, plan: RecordPlan[records.PersistentLogin], collateral: t.Sequence[LoginChange]
) -> None:
    """Windows saves a login without the multipath flag only where the target has no other saved login.

    (0xEFFF003F; public analyses of the service compare the target name alone.)
    """
    staying: t.Dict[str, t.List[records.PersistentLogin]] = {}
    changed = {change.identity for change in plan.changes}
    for each, found in plan.groups.items():
        if each not in changed:
            staying.setdefault(each.target, []).extend(found)
    for change in plan.changes:
        staying.setdefault(change.identity.target, []).extend(record for record, _secret in change.after)
    for change in [change for change in plan.changes if change.may_need_saving] + list(collateral):
        for record, _secret in change.after:
            others = list(staying[change.identity.target])
            others.remove(record)
            if others and not has_multipath(record):
                planning.refuse(
                    identity.label(record),
                    "it lacks the login flag multipath_enabled, and Windows saves such a login only where its target "
                    f"has no other saved login (0xEFFF003F). There would be {_describe_others(record, others)}. Set "
                    "multipath: true for every login of the target, or declare the others absent.",
                )
                break


def _require_secrets_to_bring_back(planning: Planning, changes: t.Sequence[LoginChange]) -> None:
    """A login that must go before another can be saved comes back where that one cannot be saved after all."""
    newcomers = {
        change.identity.target: change.sample
        for change in changes
        if not change.before and not all(has_multipath(record) for record, _secret in change.after)
    }
    for change in changes:
        newcomer = newcomers.get(change.identity.target)
        if newcomer and not change.after and change.secret is None and any(map(needs_secret, change.before)):
            planning.refuse(
                identity.label(change.sample),
                f"it must be removed before {identity.label(newcomer)} can be saved. Should that fail, it could not "
                "be restored without its CHAP secret, which cannot be read back from Windows. Declare it with "
                "state: absent and its secret.",
            )


def _describe_others(record: records.PersistentLogin, others: t.Sequence[records.PersistentLogin]) -> str:
    labels = sorted({identity.label(other) for other in others if other.identity != record.identity})
    return " and ".join(labels) or f"{len(others) + 1} copies of it"


def has_multipath(login: records.PersistentLogin) -> bool:
    """Whether a login has the flag for several sessions to one target."""
    return bool(login.login_options and login.login_options.login_flags & _MULTIPATH)


def with_multipath(login: records.PersistentLogin) -> records.PersistentLogin:
    """The same login with that flag."""
    options = login.login_options
    return dataclasses.replace(
        login, login_options=dataclasses.replace(options, login_flags=options.login_flags | _MULTIPATH)
    )


def _mark_what_may_be_refused(changes: t.Sequence[LoginChange]) -> None:
    """Mark what Windows may refuse to save, so that it is tried before anything is removed.

    That is a login of one initiator port: the port may have gone with its address, and nothing shows that beforehand.
    Without the multipath flag Windows would refuse to save one more, so there it cannot be tried.
    """
    for change in changes:
        change.may_be_refused = change.identity.initiator_port is not None and all(
            has_multipath(record) for record, _secret in change.after
        )


def _limit_logins(planning: Planning, changes: t.Sequence[LoginChange], saved: int) -> None:
    growth = [len(change.after) - len(change.before) for change in changes]
    planning.plan.peak_logins = saved + sum(number for number in growth if number > 0)
    total = saved + sum(growth)
    if total > MAX_PERSISTENT_LOGINS and total > saved:
        planning.refuse(
            "persistent_logins",
            f"the host would have {total} persistent logins, but Windows is reported to keep at most "
            f"{MAX_PERSISTENT_LOGINS}. Remove some first.",
        )

    tested = [change for change in changes if change.may_be_refused and change.before and change.after and change.saves]
    if tested and planning.plan.peak_logins >= MAX_PERSISTENT_LOGINS >= total:
        planning.refuse(
            identity.label(tested[0].sample),
            "a login of one initiator port is changed by saving a second one first, in case the port is gone. Windows "
            f"is reported to keep at most {MAX_PERSISTENT_LOGINS} persistent logins, so there is no room for it. "
            "Remove a login first.",
        )


def _warn_of_keys(planning: Planning, change: LoginChange) -> None:
    """A preshared key of IPsec cannot be read back, nor whether there is one."""
    key = change.desired.key if isinstance(change.desired, DesiredLogin) else None
    if key is None and change.after and any(map(uses_ipsec, change.before)):
        planning.plan.warnings.append(
            f"{identity.label(change.sample)}: it uses IPsec. If it has a preshared key of its own, the key cannot be "
            "read back from Windows, and is gone when the login is saved again. Declare it with ipsec_key."
        )


def _warn_of_flags(planning: Planning, login: records.PersistentLogin) -> None:
    lines = codecs.SECURITY_FLAGS.warnings(login.security_flags)
    lines += codecs.LOGIN_FLAGS.warnings(login.login_options.login_flags)
    planning.plan.warnings += [f"{identity.label(login)}: {line}" for line in lines]


def _warn_without_mpio(planning: Planning, logins: t.Sequence[records.PersistentLogin]) -> None:
    """Two paths to a disk without MPIO: about the host, however many logins it has."""
    if not any(map(has_multipath, logins)):
        return
    devices = [device for session in planning.snapshot.sessions or () for device in session.devices or ()]
    if any("mpio" in (device.device_interface_name + device.legacy_name).lower() for device in devices):
        return
    shown = "" if devices else " (no iSCSI device is connected yet)"
    planning.plan.warnings.append(
        f"multipath_enabled is declared, but MPIO claims no device on this host{shown}. Writing to a disk over two "
        "paths without MPIO can corrupt its data. Install the feature Multipath-IO and let it claim iSCSI devices "
        "first."
    )
