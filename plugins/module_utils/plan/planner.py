# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Desired against current: a plan, which is data.

:func:`plan` is pure: a snapshot and a declaration in, ordered steps with a reason each out. What stands in the way of
a change is found here, before anything is touched: a plan with refusals is never carried out. :mod:`changes` makes the
calls.

Three facts of the API shape it. Nothing can be edited: a change is a removal and a new save. A secret cannot be read
back: a record that has one can only be made again by somebody who knows it. And a removal cannot name one record: it
takes every login of a target that its four values match, where any port and any portal match all of them (Microsoft
documentation of RemoveIScsiPersistentTarget; whether it does so for a record that itself was saved for any port is not
known, so both are planned for).
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..abi import codecs
from ..model import forecast, records
from .declaration import PERSISTENT_LOGIN, STATIC_TARGET, TARGET_PORTAL, Secret, Wish, place

MAX_PERSISTENT_LOGINS = 256  # reported by Azure's connect script only


@dataclasses.dataclass
class Step:
    """One thing to be done, and why. ``before`` and ``after`` are what the diff shows: plain, without secrets."""

    kind: str
    action: str
    what: str
    reason: str
    before: t.Any = None
    after: t.Any = None
    detail: t.Any = None  # what changes.py makes the calls from

    def describe(self):
        """As the result and -v show it."""
        return {"kind": self.kind, "action": self.action, "what": self.what, "reason": self.reason}


@dataclasses.dataclass
class Change:
    """Records of one identity: those that are there, and those that shall be, each with the secret to save it with."""

    before: t.List[t.Any]
    after: t.List[t.Tuple[t.Any, t.Optional[Secret]]]
    wish: t.Optional[Wish] = None
    replaces: bool = False  # the records stay in number, but not in content
    doubtful: bool = False  # whether Windows may refuse to save what shall be there

    @property
    def secret(self):
        """The secret that was declared for them."""
        return self.wish.secret if self.wish else None

    @property
    def removes(self):
        """How many must go before anything is saved."""
        return len(self.before) if self.replaces else max(0, len(self.before) - len(self.after))

    @property
    def saves(self):
        """Whether anything is to be saved."""
        return self.replaces or len(self.after) > len(self.before)

    @property
    def needs_saving(self):
        """Whether anything is to be saved, or may have to be saved again, since a removal may take every copy."""
        return self.saves or bool(self.removes and self.after)

    @property
    def one(self):
        """A record with the identity that all of them share."""
        return self.before[0] if self.before else self.after[0][0]


@dataclasses.dataclass
class Plan:
    """Ordered steps. ``refusals``: why nothing may be done at all. ``kept``: what a purge spared, and why."""

    steps: t.List[Step] = dataclasses.field(default_factory=list)
    refusals: t.List[str] = dataclasses.field(default_factory=list)
    warnings: t.List[str] = dataclasses.field(default_factory=list)
    kept: t.List[str] = dataclasses.field(default_factory=list)
    # by kind: what a removal may take along
    swept: t.Dict[str, t.List[Change]] = dataclasses.field(default_factory=dict)
    logins: int = 0  # how many logins are saved at the same time, at the most
    sessions: int = 0  # how many were live when it was made

    @property
    def changed(self):
        """Whether there is anything to do. Asking a portal again is no change in itself."""
        return any(step.action != "refresh" for step in self.steps)

    def diff(self):
        """{'before': {...}, 'after': {...}} by kind and what."""
        sides = {"before": {}, "after": {}}
        for step in self.steps:
            for side, value in (("before", step.before), ("after", step.after)):
                if value is not None:
                    sides[side].setdefault(step.kind, {})[step.what] = value
        return sides

    def changes(self, kind):
        """The changes of one kind, in order."""
        return [step.detail for step in self.steps if step.kind == kind and step.action != "refresh"]

    def add(self, kind, action, what, reason, **more):
        self.steps.append(Step(kind, action, what, reason, **more))


def plan(snapshot, declaration):
    """What must be done to make the snapshot what was declared: a :class:`Plan`."""
    made = Plan()
    for part in (service, _settings, _names, _portals, _static_targets, _logins, _sessions, _devices):
        part(made, snapshot, declaration)
    return made


# -- the initiator itself ----------------------------------------------------------------------------------------------


def service(made, snapshot, declaration):
    host = snapshot.host
    state = "started" if host.service_state == "running" else host.service_state
    for option, now, wanted in (
        ("state", state, declaration.service_state),
        ("start_mode", host.service_start_mode, declaration.service_start_mode),
    ):
        if wanted is not None and now != wanted:
            reason = f"MSiSCSI is {now}" if now else f"the {option} of MSiSCSI is not known"
            made.add("service", "set", option, reason, before=now, after=wanted, detail=wanted)


def _uses_mutual_chap(record):
    return (
        record.login_options is not None and record.login_options.auth_type == codecs.AUTH_TYPES.values["mutual_chap"]
    )


def _uses_ipsec(record):
    login_flags = record.login_options.login_flags if record.login_options is not None else 0
    return bool(
        (record.security_flags or 0) & codecs.SECURITY_FLAGS.bits["ike_ipsec_enabled"]
        or login_flags & codecs.LOGIN_FLAGS.bits["require_ipsec"]
    )


def _uses_tunnels(record):
    return bool((record.security_flags or 0) & codecs.SECURITY_FLAGS.bits["tunnel_mode_preferred"])


class _Hidden(t.NamedTuple):
    """What Windows keeps and never tells: its title, the lists of what uses it, and which of their entries do."""

    title: str
    lists: t.Tuple[str, ...]
    uses: t.Callable


_RECORDS = ("persistent_logins", "target_portals")
_HIDDEN = {
    "chap_secret": _Hidden("mutual CHAP secret", _RECORDS, _uses_mutual_chap),
    "radius_secret": _Hidden("RADIUS shared secret", ("radius_servers",), bool),
    "group_preshared_key": _Hidden("group preshared key", _RECORDS, _uses_ipsec),
    "ike": _Hidden("IKE information", _RECORDS, _uses_ipsec),
    "tunnel_outer_addresses": _Hidden("tunnel outer address", _RECORDS, _uses_tunnels),
}


def _settings(made, snapshot, declaration):
    """The node name, and what is the host's and hidden: its secrets, IKE information, outer addresses of tunnels.

    Those cannot be compared, nor whether one is set: on_create sets them until something that uses them is saved, from
    when on they are taken for set.
    """
    node, now = declaration.node_name, snapshot.initiator.node_name
    if node is not None and now.lower() != node.lower():
        made.add("node_name", "set", "node name", "the node name differs", before=now, after=node, detail=node)
    always = declaration.update_secret == "always"
    for option, (title, lists, uses) in _HIDDEN.items():
        wanted, users = getattr(declaration, option), (one for kind in lists for one in getattr(snapshot, kind) or ())
        if wanted is None or not always and any(map(uses, users)):
            continue
        reason = "update_secret is always" if always else "nothing that is saved uses it yet"
        each = [(title, "set", wanted)] if isinstance(wanted, Secret) else _at_each_instance(made, wanted, snapshot)
        for what, after, detail in each:
            made.add(
                option,
                "set",
                what,
                reason + "; whether it differs cannot be known",
                before="not shown",
                after=after,
                detail=detail,
            )


def _at_each_instance(made, entries, snapshot):
    """(in words, as a diff shows it, the entry) for each initiator instance that an entry is for."""
    found = {}
    if not snapshot.initiator.instances:
        made.refusals.append("This host has no initiator instance.")
    for entry in entries:
        for line in codecs.SECURITY_FLAGS.warnings(getattr(entry, "security_flags", 0)):
            made.warnings.append(f"{entry.label()}: {line}")
        named = entry.initiator_instance
        for instance in [_known(made, entry.where, named, snapshot)] if named else snapshot.initiator.instances:
            what = f"{entry.label()} from {_source(instance, entry.initiator_port)}"
            if what in found:
                made.refusals.append(f"{entry.where} declares the same as another: {what}.")
            found[what] = what, entry.show(), dataclasses.replace(entry, initiator_instance=instance)
    return found.values()


_NAME_LISTS = {"isns_servers": "iSNS server", "radius_servers": "RADIUS server"}


def _names(made, snapshot, declaration):
    """Lists of servers."""
    for kind, title in _NAME_LISTS.items():
        _list_steps(made, kind, title, getattr(snapshot, kind), getattr(declaration, kind), kind in declaration.purge)


def _list_steps(made, kind, title, now, wanted, purge):
    if wanted is None and not purge:
        return
    if now is None:
        made.refusals.append(f"This initiator does not report its {title}s, so they cannot be kept as declared.")
        return
    wanted = wanted or {}
    if purge and not any(wanted.values()):
        made.refusals.append(_EMPTY_PURGE % kind)
        return
    has = {forecast.canonical_address(name): name for name in now}
    asked = {forecast.canonical_address(name): present for name, present in wanted.items()}
    for name, present in wanted.items():
        key = forecast.canonical_address(name)
        if present and key not in has:
            made.add(kind, "add", name, "declared, but not there", after=name, detail=name)
        elif not present and key in has:
            made.add(kind, "remove", has[key], "declared absent", before=has[key], detail=has[key])
    for key, name in has.items():
        if purge and key not in asked:
            made.add(kind, "remove", name, f"not declared, and {kind} is purged", before=name, detail=name)


_EMPTY_PURGE = (
    "purge of %s with nothing declared would remove them all. Remove them one by one with state: absent if "
    "that is meant."
)


def _devices(made, snapshot, declaration):
    if declaration.persistent_devices is not None:
        _list_steps(
            made,
            "persistent_devices",
            "bound device",
            snapshot.persistent_devices,
            declaration.persistent_devices,
            False,
        )
    if declaration.bind_all_volumes:
        made.add("persistent_devices", "refresh", "all volumes", "bind all volumes was asked for")


# -- records: portals and logins ---------------------------------------------------------------------------------------


def show(record, properties):
    """A record as a diff shows it: each managed property by its name, and whether a secret is set."""
    shown = {
        prop.option: prop.show(prop.read(record))
        for prop in properties
        if not (prop.path.startswith("portal.") and record.portal is None)
    }
    return dict(shown, secret="set" if record.login_options and record.login_options.password_set else "not set")


def as_declared(record):
    """A login or portal as a declaration would have it. Its secret is not there, for Windows does not give it back."""
    portal = record.portal and {"address": record.portal.address, "port": record.portal.port}
    login = hasattr(record, "target")
    plain = {"target": record.target, "portal": portal} if login else portal
    plain = dict(plain, initiator_instance=record.initiator_instance or None, initiator_port=record.initiator_port)
    plain.update(show(record, PERSISTENT_LOGIN if login else TARGET_PORTAL))
    del plain["secret"]
    if login and record.mappings is None:
        plain["mappings"] = None  # of all that can be unspecified the one that no option can say it of
    return plain


def label(record):
    """A record's identity in words."""
    where = place(record.portal) if record.portal else "any portal"
    name = record.target + " through " if hasattr(record, "target") else ""
    return f"{name}{where} from {_source(record.initiator_instance, record.initiator_port)}"


def _source(instance, port):
    return "{} {}".format(instance or "any instance", "any port" if port is None else f"port {port}")


def key(record):
    """The identity that two records share when Windows takes them for one.

    Names are without letter case, addresses in canonical form.
    """
    portal = record.portal and (forecast.canonical_address(record.portal.address), record.portal.port)
    return getattr(record, "target", "").lower(), record.initiator_instance.lower(), record.initiator_port, portal


def _settled(made, wish, current, snapshot, otherwise):
    """The wish with its initiator instance filled in.

    As declared and the host knows it, else that of the record it means, else ``otherwise``.
    """
    named = wish.record.initiator_instance
    if named:
        return _at_instance(wish, _known(made, wish.where, named, snapshot, wish.present))
    rest = _without_instance(key(wish.record))
    found = sorted({one.initiator_instance for one in current if _without_instance(key(one)) == rest}, key=str.lower)
    if "" in found:
        return wish
    if len({one.lower() for one in found}) > 1 or not found and otherwise is None and wish.present:
        made.refusals.append(
            "{}: initiator_instance must be given, since several come into question: {}.".format(
                wish.where, ", ".join(found or snapshot.initiator.instances) or "none is known"
            )
        )
        return wish
    return _at_instance(wish, found[0] if found else otherwise or "")


def _known(made, where, named, snapshot, must=True):
    """An initiator instance as the host spells it; refused where it must be there and is not."""
    known = {one.lower(): one for one in snapshot.initiator.instances}
    if named.lower() not in known and must:
        made.refusals.append(
            "{}: this host has no initiator instance {}; it has {}.".format(
                where, named, ", ".join(snapshot.initiator.instances) or "none"
            )
        )
    return known.get(named.lower(), named)


def _at_instance(wish, instance):
    return dataclasses.replace(wish, record=dataclasses.replace(wish.record, initiator_instance=instance))


def _without_instance(identity):
    return identity[:1] + identity[2:]


def _change(made, wish, now, properties, kind):
    """Add the step that a wish asks of the records of its identity, if any."""
    if not wish.present:
        if now:
            _step(made, kind, "remove", "declared absent", Change(now, [], wish), properties)
        return
    differences = [wish.differences(record) for record in now]
    options = sorted({option for one in differences for option in one})
    if now and (options or wish.update_secret == "always" and wish.secret is not None):
        after = [(wish.merged(now[min(index, len(now) - 1)]), wish.secret) for index in range(wish.copies)]
        reason = _differ(options) if options else "update_secret is always"
        if len(now) != wish.copies:
            reason += ", " + _number(now, wish)
        _step(made, kind, "replace", reason, Change(now, after, wish, replaces=True), properties)
    elif now and len(now) != wish.copies:
        after = (now + [wish.merged(now[0])] * wish.copies)[: wish.copies]
        _step(
            made,
            kind,
            "copies",
            _number(now, wish),
            Change(now, [(record, wish.secret) for record in after], wish),
            properties,
        )
    elif not now:
        after = [(wish.merged(), wish.secret)] * wish.copies
        _step(made, kind, "add", "declared, but not there", Change([], after, wish), properties)


def _differ(options):
    return "{} differ{}".format(", ".join(options), "" if len(options) > 1 else "s")


def _number(now, wish):
    return f"{len(now)} there, {wish.copies} declared"


def _step(made, kind, action, reason, change, properties):
    before = [show(record, properties) for record in change.before]
    after = [show(record, properties) for record, _secret in change.after]
    made.add(kind, action, label(change.one), reason, before=before or None, after=after or None, detail=change)


def _purge(made, grouped, wishes, kind, properties, spare):
    """Steps that take away what is not declared; ``spare(records)`` says why something stays, or None."""
    if not any(wish.present for wish in wishes):
        made.refusals.append(_EMPTY_PURGE % kind)
        return
    declared = {key(wish.record) for wish in wishes}
    for identity in sorted(set(grouped) - declared, key=repr):
        reason = spare(grouped[identity])
        if reason:
            made.kept.append(f"{label(grouped[identity][0])}: {reason}")
        else:
            _step(
                made, kind, "remove", f"not declared, and {kind} is purged", Change(grouped[identity], []), properties
            )


def _duplicates(made, wishes):
    seen = {}
    for wish in wishes:
        first = seen.setdefault(key(wish.record), wish)
        if first is not wish:
            made.refusals.append(f"{first.where} and {wish.where} declare the same: {label(wish.record)}.")


def needs_secret(record):
    """Whether the record can be saved only by somebody who knows its CHAP secret."""
    options = record.login_options
    return options is not None and (options.password_set or options.auth_type in (1, 2))


def _check_secrets(made, changes):
    """Whatever is to be saved, or may have to be put back, must be possible to save."""
    for change in changes:
        secret = change.wish.secret if change.wish else None
        again = change.before if change.replaces or change.removes and change.after else []
        wanting = [record for record in again if secret is None and needs_secret(record)]
        wanting += [record for record, own in change.after if change.saves and own is None and needs_secret(record)]
        if wanting:
            made.refusals.append(
                f"{label(wanting[0])}: a CHAP secret goes with it, which Windows does not give back, and without it the "
                "record cannot be saved. Declare its secret."
            )


def _portals(made, snapshot, declaration):
    purge = "target_portals" in declaration.purge
    if declaration.target_portals is None and not purge:
        return
    wishes = [_settled(made, wish, snapshot.target_portals, snapshot, "") for wish in declaration.target_portals or ()]
    _duplicates(made, wishes)
    grouped = _by_key(snapshot.target_portals)
    for wish in wishes:
        before = len(made.steps)
        _change(made, wish, grouped.get(key(wish.record), []), TARGET_PORTAL, "target_portals")
        if wish.present and wish.refresh and len(made.steps) == before:
            made.add(
                "target_portals", "refresh", label(wish.record), "refresh was asked for", detail=Change([], [], wish)
            )
    if purge:
        _purge(made, grouped, wishes, "target_portals", TARGET_PORTAL, lambda _found: None)
    _swept(made, "target_portals", grouped, wishes)
    _check_secrets(made, made.changes("target_portals"))


def _by_key(found):
    grouped = {}
    for record in found:
        grouped.setdefault(key(record), []).append(record)
    return grouped


# -- targets declared by hand ------------------------------------------------------------------------------------------


def _static_targets(made, snapshot, declaration):
    for wish in declaration.static_targets or ():
        now = _static_now(snapshot, wish.name)
        before = now and show(now, STATIC_TARGET)
        if not wish.present:
            if now:
                made.add("static_targets", "remove", wish.name, "declared absent", before=before, detail=(wish, now))
            continue
        options, merged = sorted(wish.differences(now)) if now else [], wish.merged(now)
        again = now and wish.update_secret == "always" and wish.secret is not None
        if now and not options and not again:
            continue
        if wish.secret is None and needs_secret(merged):
            made.refusals.append(
                f"{wish.name}: a CHAP secret goes with it, which Windows does not give back, and to change it "
                "is to add it again. Declare its secret."
            )
        reason = _differ(options) if options else "update_secret is always"
        made.add(
            "static_targets",
            "replace" if now else "add",
            wish.name,
            reason if now else "declared, but not a static target",
            before=before,
            after=show(merged, STATIC_TARGET),
            detail=(wish, merged),
        )


def _static_now(snapshot, name):
    """How a target is known by hand, as a record without gaps, or None."""
    known = next((one for one in snapshot.targets if one.name.lower() == name.lower()), None)
    way = next((way for way in known.discoveries if way.kind == "static"), None) if known else None
    return way and dataclasses.replace(
        way,
        alias=way.alias or "",
        target_flags=way.target_flags or 0,
        portal_groups=way.portal_groups or [],
        login_options=way.login_options or records.LoginOptions(),
    )


# -- persistent logins -------------------------------------------------------------------------------------------------


def _logins(made, snapshot, declaration):
    purge = "persistent_logins" in declaration.purge
    if declaration.persistent_logins is None and not purge:
        return
    current = snapshot.persistent_logins
    only = snapshot.initiator.instances[0] if len(snapshot.initiator.instances) == 1 else None
    wishes = [_settled(made, wish, current, snapshot, only) for wish in declaration.persistent_logins or ()]
    _duplicates(made, wishes)
    grouped = _by_key(current)
    for wish in wishes:
        _change(made, wish, grouped.get(key(wish.record), []), PERSISTENT_LOGIN, "persistent_logins")
    if purge:
        matches = forecast.Matches(_as_declared_and_rest(grouped, wishes), snapshot.sessions or ())
        _purge(
            made,
            grouped,
            wishes,
            "persistent_logins",
            PERSISTENT_LOGIN,
            lambda found: _spared(found, matches, declaration),
        )
    changes = made.changes("persistent_logins")
    _swept(made, "persistent_logins", grouped, wishes)
    _check_secrets(made, changes)
    _check_logins(made, snapshot, wishes, changes)


def _as_declared_and_rest(grouped, wishes):
    """Logins as they will be once all that is declared is there: the next run must spare what this one spares."""
    declared = {key(wish.record) for wish in wishes}
    rest = [record for identity, members in grouped.items() if identity not in declared for record in members]
    return rest + [
        wish.merged(next(iter(grouped.get(key(wish.record), ())), None))
        for wish in wishes
        if wish.present
        for _copy in range(wish.copies)
    ]


def _spared(found, matches, declaration):
    if not declaration.purge_connected and any(matches.live(record) for record in found):
        return "a live session goes with it (purge_connected: true removes it all the same)"
    return None


def sweeps(removed, other):
    """Whether the call that removes one record may take another one with it."""
    target, *rest = zip(key(removed), key(other))
    everything = ("", None, None)  # instance, initiator port, portal
    return target[0] == target[1] and all(mine in (every, its) for (mine, its), every in zip(rest, everything))


def _swept(made, kind, grouped, wishes):
    """Records that no step means, but that a removal may take along: they are put back as they were."""
    changes, declared = made.changes(kind), {key(wish.record): wish for wish in wishes}
    removed = [change.one for change in changes if change.removes]
    meant = {key(change.one) for change in changes}
    found = made.swept[kind] = []
    for identity, members in grouped.items():
        if identity not in meant and any(sweeps(record, members[0]) for record in removed):
            wish = declared.get(identity)
            found.append(Change(members, [(record, wish.secret if wish else None) for record in members], wish))
    for change in found:
        if change.secret is None and any(map(needs_secret, change.before)):
            made.refusals.append(
                f"{label(change.one)}: a removal asked for may take it along (it is for any port, portal or instance), "
                "and it could not be put back without its CHAP secret. Declare it with its secret, or "
                "declare it absent too."
            )


def _check_logins(made, snapshot, wishes, changes):
    """What can be known beforehand of whether Windows will save the logins."""
    discovers = any(
        step.kind in ("target_portals", "static_targets", "isns_servers") and step.action != "remove"
        for step in made.steps
    )
    known = {target.name.lower() for target in snapshot.targets or ()}
    swept = made.swept["persistent_logins"]
    for change in [change for change in changes if change.needs_saving] + swept:
        if change.one.target.lower() not in known and (change.before or not discovers):
            made.refusals.append(
                "{}: the initiator does not know the target now, so the login could not be saved{}. "
                "Discover it first (target_portals with refresh, or static_targets).".format(
                    label(change.one), " again after its removal" if change.before else ""
                )
            )
    _doubt(snapshot, changes + swept)
    more = [len(change.after) - len(change.before) for change in changes]
    total = len(snapshot.persistent_logins) + sum(more)
    made.logins = len(snapshot.persistent_logins) + sum(number for number in more if number > 0)
    if total > MAX_PERSISTENT_LOGINS:
        made.refusals.append(
            f"{total} persistent logins would be saved; Windows is reported to keep at most {MAX_PERSISTENT_LOGINS}."
        )
    for wish in wishes:
        if wish.present:
            _login_warnings(made, wish.merged(), snapshot)


def _doubt(snapshot, changes):
    """Mark what Windows may refuse to save: then it is tried before anything is removed.

    Without the multipath flag that is a login whose target has a session (0xEFFF003F, observed: os-win). And a login
    of one initiator port, for the port may have gone with its address, which nothing tells beforehand.
    """
    live = {session.target.lower() for session in snapshot.sessions or ()}
    multipath = codecs.LOGIN_FLAGS.bits["multipath_enabled"]
    for change in changes:
        single = any(not record.login_options.login_flags & multipath for record, _secret in change.after)
        change.doubtful = single and change.one.target.lower() in live or change.one.initiator_port is not None


def _login_warnings(made, record, snapshot):
    login_flags = record.login_options.login_flags
    for line in codecs.SECURITY_FLAGS.warnings(record.security_flags) + codecs.LOGIN_FLAGS.warnings(login_flags):
        made.warnings.append(f"{label(record)}: {line}")
    devices = [device for session in snapshot.sessions or () for device in session.devices or ()]
    claimed = any("mpio" in (device.device_interface_name + device.legacy_name).lower() for device in devices)
    if login_flags & codecs.LOGIN_FLAGS.bits["multipath_enabled"] and not claimed:
        line = (
            f"multipath_enabled is declared, but MPIO claims no device of this host{'' if devices else ', which shows none yet'}. Two paths to a disk without "
            "MPIO can corrupt its data: install the feature and have it claim iSCSI devices first."
        )
        made.warnings += [] if line in made.warnings else [line]  # it is about the host, however many logins it has


# -- live sessions -----------------------------------------------------------------------------------------------------


def _sessions(made, snapshot, declaration):
    """Sessions to open and to close. One is never closed only because nothing was said of it."""
    only = snapshot.initiator.instances[0] if len(snapshot.initiator.instances) == 1 else ""
    saved, live = [
        [
            wish if wish.record.initiator_instance else _at_instance(wish, only)
            for wish in wishes or ()
            if wish.connected is not None
        ]
        for wishes in (declaration.persistent_logins, declaration.sessions)
    ]
    if not saved and not live:
        return
    made.sessions = len(snapshot.sessions)
    current = _by_key(snapshot.persistent_logins)
    wanted = [(wish, _copies(wish, current.get(key(wish.record), ()))) for wish in saved]
    wanted += [(wish, _copies(wish, ())) for wish in live if wish.connected]
    meant = {key(wish.record) for wish, _copies_of in wanted}
    others = [record for record in snapshot.persistent_logins if key(record) not in meant]
    matches = forecast.Matches([record for _wish, copies in wanted for record in copies] + others, snapshot.sessions)
    closing = [
        (wish, matches.session(record))
        for wish, copies in wanted
        if not wish.connected
        for record in copies
        if matches.live(record)
    ]
    closing += [
        (wish, session)
        for wish in live
        if not wish.connected
        for session in snapshot.sessions
        if forecast.fits(wish.record, session, wish.record.portal is not None)
    ]
    _close(made, closing, snapshot, declaration.force)
    for wish, copies in wanted:
        if wish.connected:
            _open(made, wish, copies, matches)


def _copies(wish, there):
    """As many logins as a wish is about, each to be matched with a session: what is declared over what is saved."""
    number = wish.copies if wish.connected else max(wish.copies, len(there))
    return [wish.merged(there[0] if there else None) for _copy in range(number)]


def _open(made, wish, copies, matches):
    missing = [record for record in copies if not matches.live(record)]
    if missing and needs_secret(missing[0]) and wish.secret is None:
        made.refusals.append(f"{label(wish.record)}: to log in takes its CHAP secret. Declare it.")
    for record in missing:
        made.add(
            "sessions", "login", label(record), "no live session goes with it", after="connected", detail=(record, wish)
        )


def _close(made, closing, snapshot, force):
    ending = {id(session): (wish, session) for wish, session in closing}
    staying = {number for one in snapshot.sessions if id(one) not in ending for number in _numbers(one)}
    for wish, session in ending.values():
        alone = sorted(
            device.legacy_name or device.device_interface_name
            for device in session.devices or ()
            if device.device_number is None or device.device_number not in staying
        )
        if alone and not force:
            made.refusals.append(
                "{}: its session is the last path to {}. Take the disk offline and say force: true to "
                "log out all the same.".format(label(wish.record), ", ".join(alone))
            )
        made.add("sessions", "logout", label(wish.record), "declared not connected", before="connected", detail=session)


def _numbers(session):
    return [device.device_number for device in session.devices or ()]
