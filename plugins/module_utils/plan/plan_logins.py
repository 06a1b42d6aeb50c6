# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Plans for persistent logins: what can be known beforehand of whether Windows will save them."""

from __future__ import annotations

import typing as t

from ..abi import codecs
from ..model import identity, matching, records
from .desired import DesiredLogin
from .plan_records import RecordPlan, resolve_instances
from .plan_settings import uses_ipsec
from .planning import Planning
from .properties import PERSISTENT_LOGIN
from .steps import LoginChange

MAX_PERSISTENT_LOGINS = 256  # reported by Azure's connect script only
_MULTIPATH = codecs.LOGIN_FLAGS.bits["multipath_enabled"]
# parts whose additions make targets known
_DISCOVERY = ("target_portals", "static_targets", "isns_servers", "refresh_isns_servers")


def plan_persistent_logins(planning: Planning, wanted: t.Optional[t.Sequence[DesiredLogin]]) -> None:
    """Sessions that the initiator opens after boot."""
    purge = "persistent_logins" in planning.declaration.purge
    if wanted is None and not purge:
        return
    saved = planning.snapshot.persistent_logins or []
    resolved = resolve_instances(planning, wanted, saved, any_is_fine=False)
    plan: RecordPlan[records.PersistentLogin] = RecordPlan(
        planning, "persistent_logins", PERSISTENT_LOGIN, resolved, saved
    )
    plan.refuse_duplicates()
    for desired in resolved:
        plan.plan_declared(desired)
    if purge:
        plan.plan_purge(_reason_to_keep(planning, plan))
    plan.keep_copies_beside_secrets()
    plan.plan_collateral()
    plan.require_secrets()
    collateral = t.cast("t.List[LoginChange]", planning.plan.collateral["persistent_logins"])
    _require_known_targets(planning, [change for change in plan.changes if change.may_need_saving] + collateral)
    _mark_what_may_be_refused(planning.snapshot, plan.changes + collateral)
    _limit_logins(planning, plan.changes, len(saved))
    for change in [change for change in plan.changes if change.max_removals] + collateral:
        _warn_of_keys(planning, change)
    for desired in resolved:
        if desired.present:
            _warn_of_flags(planning, desired.merge())
    _warn_without_mpio(planning, [desired.merge() for desired in resolved if desired.present])


def _reason_to_keep(
    planning: Planning, plan: RecordPlan[records.PersistentLogin]
) -> t.Callable[[t.List[records.PersistentLogin]], t.Optional[str]]:
    """Return a function that says why an undeclared login is kept: a live session uses it.

    Sessions are matched with the logins as they will be once all that is declared is there: the next run must keep
    what this one keeps.
    """
    declared = {desired.record.identity for desired in plan.wanted}
    logins = [record for each, found in plan.groups.items() if each not in declared for record in found]
    for desired in plan.wanted:
        if desired.present:
            found = plan.groups.get(desired.record.identity)
            logins += [desired.merge(found[0] if found else None) for _copy in range(desired.copies)]
    matches = matching.Matches(logins, planning.snapshot.sessions or ())

    def reason(found: t.List[records.PersistentLogin]) -> t.Optional[str]:
        if not planning.declaration.purge_connected and any(matches.live(record) for record in found):
            return "kept, because a live session uses it. To remove it too, set purge_connected: true."
        return None

    return reason


def _require_known_targets(planning: Planning, changes: t.Sequence[LoginChange]) -> None:
    """Windows saves a login only to a target that it knows."""
    makes_known = any(step.kind in _DISCOVERY and not step.is_removal for step in planning.plan.steps)
    known = {target.name.lower() for target in planning.snapshot.targets or ()}
    for change in changes:
        if change.identity.target not in known and (change.before or not makes_known):
            again = " again after its removal" if change.before else ""
            planning.refuse(
                identity.label(change.sample),
                f"the initiator does not know this target, so Windows would refuse to save the login{again}. Discover "
                "the target first: declare its portal in target_portals with refresh: true, or the target in "
                "static_targets.",
            )


def _mark_what_may_be_refused(snapshot: records.Snapshot, changes: t.Sequence[LoginChange]) -> None:
    """Mark what Windows may refuse to save, so that it is tried before anything is removed.

    Without the multipath flag that is a login whose target has a session (0xEFFF003F, observed: os-win). And a login
    of one initiator port: the port may have gone with its address, and nothing shows that beforehand.
    """
    live = {session.target.lower() for session in snapshot.sessions or ()}
    for change in changes:
        single_path = any(not record.login_options.login_flags & _MULTIPATH for record, _secret in change.after)
        change.may_be_refused = (
            single_path and change.identity.target in live
        ) or change.identity.initiator_port is not None


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
    if not any(login.login_options.login_flags & _MULTIPATH for login in logins):
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
