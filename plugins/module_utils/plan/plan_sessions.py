# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Plans for live sessions and static targets.

A session is opened or ended only where that is declared. It is never ended only because it is undeclared.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import identity, matching, records
from ..model.identity import Identity
from .desired import DesiredLogin, DesiredStaticTarget, needs_secret
from .planning import Planning, group_by_identity
from .properties import MERGE, STATIC_TARGET, show
from .selection import complete
from .steps import ChangeStaticTarget, LogIn, LogOut

Logins = t.List[records.PersistentLogin]
# id of a session -> who declares that it shall end, the session, and why
Endings = t.Dict[int, t.Tuple[DesiredLogin, records.Session, str]]


def plan_sessions(planning: Planning, wanted: t.Optional[t.Sequence[DesiredLogin]]) -> None:
    """Sessions to open and to end: those declared, and those of persistent logins that declare ``connected``."""
    saved = [desired for desired in planning.logins if desired.connected is not None]
    live = wanted or ()
    if not saved and not live:
        return
    sessions = planning.snapshot.sessions or ()
    planning.plan.live_sessions = len(sessions)
    there: t.Dict[Identity, Logins] = group_by_identity(planning.snapshot.persistent_logins or ())
    meant = [(desired, _copies(desired, there.get(desired.record.identity, []))) for desired in saved]
    meant += [(desired, _copies(desired, [])) for desired in live if desired.connected]
    declared = {desired.record.identity for desired, _logins in meant}
    # A declared session is any to its target through its portal, also that of a login which nobody declares.
    others = [
        login
        for each, logins in there.items()
        if each not in declared
        and not any(_meet(desired.record.identity, each) for desired in live if desired.connected)
        for login in logins
    ]
    ending = declared_absent(planning)
    staying = [session for session in sessions if id(session) not in ending]
    matches = matching.Matches(
        [login for desired, logins in meant if desired.connected for login in logins] + others, staying
    )
    for desired, session in _of_unconnected(meant, [session for session in staying if not matches.saved(session)]):
        ending[id(session)] = desired, session, "connected is false"
    _plan_logouts(planning, ending)
    for desired, logins in meant:
        if desired.connected:
            _plan_logins(planning, desired, logins, matches)


def _meet(one: Identity, other: Identity) -> bool:
    """Whether two identities are of one target, and nothing says that they go through different portals."""
    return one.target == other.target and (one.portal == other.portal or None in (one.portal, other.portal))


def declared_absent(planning: Planning) -> Endings:
    """The sessions that are declared absent; those that an entry with a portal declares connected stay."""
    live = planning.declaration.values.get("sessions") or ()
    index = matching.SessionIndex(planning.snapshot.sessions or ())
    connected = [desired for desired in (*live, *planning.logins) if desired.connected]
    ending: Endings = {}
    for desired in live:
        if desired.connected:
            continue
        narrower = [other for other in connected if _is_narrower(other, desired)]
        staying = {id(session) for other in narrower for session in index.fitting(other.record)}
        for session in index.fitting(desired.record, exact=desired.record.portal is not None):
            if id(session) not in staying:
                ending[id(session)] = desired, session, "declared absent"
    return ending


def _is_narrower(entry: DesiredLogin, wide: DesiredLogin) -> bool:
    """Whether an entry names a portal, and another means every session to the same target."""
    names_more = entry.record.portal is not None and wide.record.portal is None
    return names_more and entry.record.identity.target == wide.record.identity.target


def _of_unconnected(
    meant: t.Sequence[t.Tuple[DesiredLogin, Logins]], sessions: t.Sequence[records.Session]
) -> t.Iterator[t.Tuple[DesiredLogin, records.Session]]:
    """Those of the sessions that are of logins which shall not be connected, and all through their portals.

    :param sessions: what is of no other login.
    """
    unconnected = [(desired, login) for desired, logins in meant if not desired.connected for login in logins]
    matches = matching.Matches([login for _desired, login in unconnected], sessions)
    index = matching.SessionIndex(sessions)
    for desired, login in unconnected:
        session = matches.session(login)
        if session is not None:
            yield desired, session
        for session in index.fitting(login, exact=login.portal is not None):
            yield desired, session


def _copies(desired: DesiredLogin, there: Logins) -> Logins:
    """As many logins as are declared, each to be matched with a session: what is declared over what is saved."""
    number = desired.copies if desired.connected else max(desired.copies, len(there))
    return [desired.merge(there[0] if there else None) for _copy in range(number)]


def _plan_logins(planning: Planning, desired: DesiredLogin, logins: Logins, matches: matching.Matches) -> None:
    missing = [login for login in logins if not matches.live(login)]
    if missing and desired.omitted:
        missing = [complete(planning, desired).merge()] * len(missing)
    if missing and not (planning.knows(missing[0].target) or planning.may_make_known(missing[0].target)):
        planning.refuse_unknown_target(identity.label(missing[0]), "the login")
    if missing:
        _refuse_contradiction(planning, desired, missing[0])
    if missing and needs_secret(missing[0]) and desired.secret is None:
        planning.refuse(
            identity.label(desired.record),
            "logging in takes the CHAP secret, which cannot be read back from Windows. Declare secret for it.",
        )
    for login in missing:
        planning.add(
            "sessions", "login", identity.label(login), "it has no live session",
            LogIn(login, desired.secret, desired.key), after="connected",
        )  # fmt: skip


def _refuse_contradiction(planning: Planning, desired: DesiredLogin, login: records.PersistentLogin) -> None:
    """What one entry opens another must not end, or each run would do what the one before has undone."""
    for other in planning.declaration.values.get("sessions") or ():
        reaches = not other.connected and _meet(login.identity, other.record.identity)
        if reaches and not _is_narrower(desired, other):
            planning.refuse(
                desired.where,
                f"asks for a session of {identity.label(login)}, which {other.where} declares absent. Leave out one of "
                "the two, or name the portal of the session that shall be there.",
            )


def _plan_logouts(planning: Planning, ending: Endings) -> None:
    staying = {
        number
        for session in planning.snapshot.sessions or ()
        if id(session) not in ending
        for number in _device_numbers(session)
    }
    for desired, session, reason in ending.values():
        _require_other_path(planning, desired, session, staying)
        planning.add("sessions", "logout", identity.label(desired.record), reason, LogOut(session), before="connected")


def _require_other_path(
    planning: Planning, desired: DesiredLogin, session: records.Session, staying: t.Set[t.Optional[int]]
) -> None:
    """Logging out of the last path to a disk takes the disk away."""
    alone = sorted(
        device.legacy_name or device.device_interface_name
        for device in session.devices or ()
        if device.device_number is None or device.device_number not in staying
    )
    if alone and not planning.declaration.force:
        planning.refuse(
            identity.label(desired.record),
            f"its session is the last path to {', '.join(alone)}. Logging out would take the disk away. Take the disk "
            "offline first, then set force: true.",
        )


def _device_numbers(session: records.Session) -> t.List[t.Optional[int]]:
    return [device.device_number for device in session.devices or ()]


# -- targets declared by hand ------------------------------------------------------------------------------------------


def plan_static_targets(planning: Planning, wanted: t.Optional[t.Sequence[DesiredStaticTarget]]) -> None:
    """Targets that are not discovered. To change one is to add it again."""
    known = {target.name.lower(): target for target in planning.snapshot.targets or ()}
    declared: t.Dict[str, DesiredStaticTarget] = {}
    for desired in wanted or ():
        other = declared.setdefault(desired.name.lower(), desired)
        if other is not desired:
            planning.refuse(
                desired.where,
                f"declares the same target as {other.where}: {desired.name}. Remove one of the two entries.",
            )
            continue
        now = _as_static(known.get(desired.name.lower()))
        if desired.present:
            _plan_static_target(planning, desired, now)
        elif now is not None:
            planning.add(
                "static_targets", "remove", desired.name, "declared absent",
                ChangeStaticTarget(desired.name, now, None), before=show(now, STATIC_TARGET),
            )  # fmt: skip


def _plan_static_target(planning: Planning, desired: DesiredStaticTarget, now: t.Optional[records.Discovery]) -> None:
    options = sorted(desired.differing_options(now)) if now is not None else []
    if now is not None and not options and not desired.renews_secret:
        return
    merged = desired.merge(now)
    if desired.secret is None and needs_secret(merged):
        planning.refuse(
            desired.name,
            "it uses CHAP, and changing it means adding it again with the CHAP secret, which cannot be read back from "
            "Windows. Declare secret for it.",
        )
    if now is None and merged.target_flags and merged.target_flags & MERGE:
        planning.refuse(
            desired.name,
            "merge_target_information is declared, but it is not known as a static target, so that Windows would find "
            "nothing to merge with, and refuse it. Leave the flag out.",
        )
    if now is None:
        action, reason = "add", "declared, but the target is not known as a static target"
    else:
        action = "replace"
        reason = (
            f"{', '.join(options)} differ{'' if len(options) > 1 else 's'}" if options else "update_secret is always"
        )
    planning.add(
        "static_targets", action, desired.name, reason,
        ChangeStaticTarget(desired.name, merged, desired.secret),
        before=show(now, STATIC_TARGET) if now is not None else None, after=show(merged, STATIC_TARGET),
        observable=now is None,  # a list shows that a target is known, but not that it was added again
    )  # fmt: skip


def _as_static(target: t.Optional[records.Target]) -> t.Optional[records.Discovery]:
    """How a target is known by hand, as a record without gaps, or None."""
    discoveries = target.discoveries if target is not None else []
    static = next((discovery for discovery in discoveries if discovery.kind == "static"), None)
    return static and dataclasses.replace(
        static,
        alias=static.alias or "",
        target_flags=static.target_flags or 0,
        portal_groups=static.portal_groups or [],
        login_options=static.login_options or records.LoginOptions(),
    )
