# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a host, as findings that a person can act on: drift from a declaration, and risks at boot.

A finding is a plain dict: ``severity`` (critical, warning, info), ``category`` (drift or risk), ``kind`` (a word that
stays the same), ``what`` (the login, portal, disk or service concerned), ``text``, ``remedy``, and ``run``: tasks for
a playbook that are the remedy, empty where a person has to decide first. Drift has ``record`` (the kind of record),
``field``, ``found`` and ``declared`` too; ``record`` is empty where it is about none.

Risks are found in facts alone, so that a fact cache is enough for them.
"""

from __future__ import annotations

import collections

from ..module_utils.abi import codecs
from ..module_utils.model import addresses
from . import export

SEVERITIES = ("critical", "warning", "info")
# In tasks, where only the reader knows the value.
SECRET = "{{ chap_secret }}"
USERNAME = "{{ chap_username }}"


def _finding(severity, category, kind, what, text, remedy, run=(), **more):
    return dict(
        {
            "severity": severity,
            "category": category,
            "kind": kind,
            "what": what,
            "text": text,
            "remedy": remedy,
            "run": list(run),
        },
        **more,
    )


def ordered(findings):
    """The worst first, then as they read."""
    return sorted(
        findings,
        key=lambda one: (
            SEVERITIES.index(one["severity"]),
            one["category"],
            one["kind"],
            one["what"],
            one.get("field") or "",
            one["text"],
        ),
    )


# -- drift -------------------------------------------------------------------------------------------------------------

_ENFORCE = "Run the role with initiator_mode: enforce, or declare what is there."


def drift(plan):
    """Findings for each step of a :class:`reconcile.Plan`, field by field, and for what stands in its way."""
    found = [finding for step in plan.steps for finding in _step(step)]
    found += [
        _whole(
            "critical", "blocked", line.partition(": ")[0], line, "Mend the declaration: enforcing it would be refused."
        )
        for line in plan.refusals
    ]
    found += [
        _whole("info", "kept", line.partition(": ")[0], line, "Nothing, if it is meant to stay.") for line in plan.kept
    ]
    return ordered(found)


def not_compared(facts, parts):
    """Findings for the named parts of a declaration of which nothing is known while the service is stopped."""
    unknown = [part for part in parts if not part.startswith("service_")]
    if unknown and is_stopped(facts):
        yield _whole(
            "critical",
            "not_compared",
            "MSiSCSI",
            "MSiSCSI is {}, so this could not be compared: {}.".format(
                facts["host"]["service_state"], ", ".join(unknown)
            ),
            "Start it, or enforce service_state: started.",
            [{"winstorage.iscsi.initiator": {"service_state": "started"}}],
        )


def _whole(severity, kind, what, text, remedy, run=()):
    """Drift that is about no record, so that its fields are empty."""
    return _finding(severity, "drift", kind, what, text, remedy, run, record="", field=None, found=None, declared=None)


_UNSEEN = "not shown"  # what a plan says of a secret that is there


def _step(step):
    if step.action == "refresh":
        return
    if step.before == _UNSEEN:
        yield _drift(step, "unverifiable", "declared, but what Windows has cannot be read", None, _UNSEEN, step.after)
    elif step.before is None:
        yield _drift(step, "missing", "declared, but not there", None, None, _briefly(step.after))
    elif step.after is None or step.action == "logout":
        yield _drift(step, "extra", "there, but not declared so", None, _briefly(step.before), None)
    else:
        differing = list(_fields(_several(step.before), _several(step.after)))
        for field, found, wanted in differing:
            yield _drift(step, "differs", f"{field} differs", field, found, wanted)
        if not differing:
            yield _drift(step, "unverifiable", "its secret is declared to be set each time", "secret", _UNSEEN, "set")


def _drift(step, kind, text, field, found, declared):
    return _finding(
        "info" if kind == "unverifiable" else "warning",
        "drift",
        kind,
        step.what,
        text,
        _ENFORCE,
        record=step.kind,
        field=field,
        found=found,
        declared=declared,
    )


def _briefly(side):
    """What a side of a step says in a word or two: how many copies, or the value itself."""
    return f"{len(side)} saved" if isinstance(side, list) else "there" if isinstance(side, dict) else side


def _several(side):
    """A side of a step as a list of dicts of fields."""
    return side if isinstance(side, list) else [side if isinstance(side, dict) else {"value": side}]


def _fields(before, after):
    """(field, found, declared) wherever the two sides differ, each field once."""
    told = set()
    for index, wanted in enumerate(after):
        now = before[min(index, len(before) - 1)]
        for name, value in wanted.items():
            if now.get(name) != value and name not in told:
                told.add(name)
                yield name, now.get(name), value
    if len(before) != len(after):
        yield "copies", len(before), len(after)


# -- risks -------------------------------------------------------------------------------------------------------------


def risks(facts):
    """Findings in the ``windows_iscsi`` facts of a host."""
    return ordered([finding for look in _LOOKS for finding in look(facts)])


def _risk(severity, kind, what, text, remedy, run=()):
    return _finding(severity, "risk", kind, what, text, remedy, run)


def is_stopped(facts):
    """Whether the service is known not to run, so that nothing but the host could be read."""
    return facts["host"]["service_state"] not in (None, "running")


def _stopped(facts):
    if is_stopped(facts):
        yield _risk(
            "warning",
            "service_stopped",
            "MSiSCSI",
            "MSiSCSI is {}, so what is saved could not be read.".format(facts["host"]["service_state"]),
            "Start it, if the host is meant to use iSCSI.",
            [{"winstorage.iscsi.initiator": {"service_state": "started"}}],
        )


def _service(facts):
    if not (facts.get("persistent_logins") or facts.get("sessions")):
        return
    forecast, host = facts.get("next_boot") or {}, facts["host"]
    if forecast.get("service_starts") is False:
        how = {"manual": "only on demand", "disabled": "never"}.get(forecast["service_start_mode"])
        yield _risk(
            "critical",
            "service_not_automatic",
            "MSiSCSI",
            f"MSiSCSI starts {how}, so no saved login is replayed at boot.",
            "Have it start automatically.",
            _START_AUTOMATICALLY,
        )
    elif host["service_delayed_start"]:
        yield _risk(
            "info",
            "service_delayed",
            "MSiSCSI",
            "MSiSCSI starts delayed: a service that needs a disk may start before it.",
            "Have it start without delay, unless nothing depends on its disks.",
            [{"ansible.windows.win_service": {"name": "MSiSCSI", "start_mode": "auto"}}],
        )


_START_AUTOMATICALLY = [{"winstorage.iscsi.initiator": {"service_start_mode": "automatic"}}]


# -- disks --


def disk_remedy(facts, disk):
    """(what a person does about the outlook of a disk, the tasks for it)."""
    if disk["outlook"] == "same":
        return None, []
    if facts["next_boot"]["service_starts"] is False:
        return "Have MSiSCSI start automatically.", _START_AUTOMATICALLY
    targets = {name.lower() for name in disk["targets"]}
    unsaved = [one for one in facts["sessions"] if one["saved"] is False and one["target"].lower() in targets]
    if unsaved:
        return "Save a login for each session that is meant to stay.", [_save(facts, one) for one in unsaved]
    logins = [one for one in facts["persistent_logins"] if one["target"].lower() in targets and not one["connected"]]
    return (
        "Check the portals of its saved logins, and log in to prove them.",
        [_login_task(one, **_secret(one), connected=True) for one in logins],
    )


_OUTLOOKS = {
    "lost": ("critical", "disk_lost"),
    "unproven": ("critical", "disk_unproven"),
    "fewer_paths": ("warning", "fewer_paths"),
}


def _disks(facts):
    for disk in (facts.get("next_boot") or {}).get("disks") or ():
        name = ", ".join(map(short, disk["names"]))
        if disk["outlook"] in _OUTLOOKS:
            yield _risk(
                *_OUTLOOKS[disk["outlook"]],
                name,
                f"{disk['id']} has {count(disk['paths_now'], 'path')} now, {disk['paths_expected']} expected after a restart: {disk['reason']}.",
                *disk_remedy(facts, disk),
            )
        elif disk["paths_now"] == 1:
            yield _risk(
                "info",
                "single_path",
                name,
                "{} has one path.".format(disk["id"]),
                "Nothing, if one path is meant; else save a login through another portal, with MPIO.",
            )
        if len(disk["names"]) > 1:
            yield _risk(
                "critical",
                "paths_without_mpio",
                name,
                f"Windows shows {len(disk['names'])} disks for {disk['id']}: MPIO does not claim its paths, and two writers corrupt its "
                "data.",
                "Keep one path until MPIO claims iSCSI devices, which takes a restart.",
                _CLAIM,
            )


_CLAIM = [
    {"ansible.windows.win_feature": {"name": "Multipath-IO", "state": "present"}},
    {"ansible.windows.win_powershell": {"script": "Enable-MSDSMAutomaticClaim -BusType iSCSI"}},
]


def _sessions(facts):
    for session in facts.get("sessions") or ():
        if session["saved"] is False:
            yield _risk(
                "warning",
                "not_saved",
                _through(session),
                "live, but not saved: it is gone after the next restart.",
                "Save a login for it, if it is meant to stay.",
                [_save(facts, session)],
            )


def _through(session):
    """A session in words."""
    return "{} through {}".format(
        session["target"], ", ".join(map(connection, session["connections"])) or "no connection"
    )


def _save(facts, session):
    """The task that saves a live session. What a session does not tell is taken from a saved login to its target."""
    like = next(
        (one for one in facts.get("persistent_logins") or () if one["target"].lower() == session["target"].lower()),
        None,
    )
    task = export.LOGINS.declare(like) if like else {"target": session["target"]}
    task.pop("initiator_port", None)  # a session does not tell it
    first = next(iter(session["connections"]), None)
    if first and first["target_address"]:
        task["portal"] = {"address": first["target_address"], "port": first["target_port"]}
    used = first and first["auth_type"]
    if used and used != "none":
        task.update({"auth_type": used, "username": task.get("username", USERNAME), "secret": SECRET})
    return {"winstorage.iscsi.persistent_login": task}


# -- saved logins --


def _logins(facts):
    for login in facts.get("persistent_logins") or ():
        if login["connected"] is False and login["session_type"] == "data":
            yield _not_connected(login, facts)
        if login["copies"] > 1:
            yield _risk(
                "warning",
                "saved_twice",
                place(login),
                f"saved {login['copies']} times; each copy opens a session of its own.",
                "Keep one, unless several sessions are meant.",
                [_identity_task(login, **_secret(login), copies=1)],
            )


def _not_connected(login, facts):
    """Why a saved login may have no session, the surest reason first."""
    what = place(login)
    instances = (facts.get("initiator") or {}).get("instances")
    if instances is not None and login["initiator_instance"].lower() not in map(str.lower, ["", *instances]):
        return _risk(
            "warning",
            "vanished_instance",
            what,
            "saved for {}, which the host does not have any more.".format(login["initiator_instance"]),
            "Remove it, and save the login for an instance that is there.",
            [_identity_task(login, state="absent")],
        )
    if facts.get("targets") is not None and login["target"].lower() not in _known(facts):
        return _risk(
            "warning",
            "stale_favourite",
            what,
            "saved, not connected, and the initiator does not know its target: every restart tries it anew.",
            "If the array is gone, remove it.",
            [_identity_task(login, state="absent")],
        )
    if not login["any_initiator_port"] and any(
        other["connected"] and place(other, False) == place(login, False) for other in facts["persistent_logins"]
    ):
        return _risk(
            "warning",
            "vanished_initiator_port",
            what,
            f"saved for initiator port {login['initiator_port']} and not connected, while another port reaches the same portal.",
            "See whether the address behind that port still exists. If not, save the login for any port "
            "or for the right one, and remove this one.",
            [_identity_task(login, state="absent")],
        )
    return _risk(
        "warning",
        "not_connected",
        what,
        "saved, but no live session goes with it.",
        "Log in, or remove it when it is not wanted.",
        [_login_task(login, **_secret(login), connected=True)],
    )


def _known(facts):
    return {target["name"].lower() for target in facts.get("targets") or ()}


def _multipath(facts):
    """What the logins to one target say of multipath, against what MPIO does."""
    claims = _mpio_claims(facts)
    for target, logins in _by_target(facts).items():
        asking = [one for one in logins if "multipath_enabled" in one["login_options"]["login_flags"]["names"]]
        if asking and claims is False:
            yield _risk(
                "warning",
                "multipath_without_mpio",
                target,
                "multipath_enabled in {}, but MPIO claims no device of the host: two paths to a disk "
                "can corrupt its data.".format(count(len(asking), "login")),
                "Install MPIO and have it claim iSCSI devices, which takes a restart.",
                _CLAIM,
            )
        others = [one for one in logins if one not in asking]
        if others and sum(one["copies"] for one in logins) > 1:
            yield _risk(
                "warning",
                "sessions_without_multipath",
                target,
                f"{sum(one['copies'] for one in logins)} logins are saved, {sum(one['copies'] for one in others)} of them without multipath_enabled: Windows refuses a second session "
                "to a target without it.",
                "Set the flag where MPIO claims the disks, or keep one login.",
                [
                    _identity_task(
                        one,
                        **_secret(one),
                        copies=one["copies"],
                        login_flags=[*export.names(one["login_options"]["login_flags"]), "multipath_enabled"],
                    )
                    for one in others
                ],
            )


def _by_target(facts):
    """{target: its saved data logins}."""
    found, names = collections.OrderedDict(), {}
    for login in facts.get("persistent_logins") or ():
        if login["session_type"] == "data":
            found.setdefault(names.setdefault(login["target"].lower(), login["target"]), []).append(login)
    return found


def _mpio_claims(facts):
    """Whether MPIO claims a device of the host; None where no device is there to tell."""
    devices = [device for session in facts.get("sessions") or () for device in session["devices"] or ()]
    if not devices:
        return None
    return any("mpio" in (device["device_interface_name"] + device["legacy_name"]).lower() for device in devices)


def _chap(facts):
    """Who proves who they are, and who cannot."""
    for target, logins in _by_target(facts).items():
        without = [one for one in logins if one["login_options"]["auth_type"] in (None, "none")]
        mute = [one for one in logins if one not in without and not one["login_options"]["password_set"]]
        used = {
            one["auth_type"]
            for session in facts.get("sessions") or ()
            if session["target"].lower() == target.lower()
            for one in session["connections"]
        } - {None, "none"}
        said = {one["login_options"]["auth_type"] for one in logins if one not in without}
        kinds = sorted(used | said)
        for login in mute:
            yield _risk(
                "critical",
                "chap_without_secret",
                place(login),
                "logs in with {}, but no secret is saved, so it will be refused.".format(
                    login["login_options"]["auth_type"]
                ),
                "Save it with its secret.",
                [_login_task(login, **_secret(login, True), update_secret="always")],
            )
        if without and kinds:
            yield _risk(
                "critical" if used else "warning",
                "chap_missing",
                target,
                "{} without CHAP, but {}: the array may refuse them at boot.".format(
                    count(len(without), "saved login"),
                    f"a live session uses {kinds[0]}" if used else f"others have {kinds[0]}",
                ),
                "Save them with CHAP.",
                [
                    _identity_task(
                        one, auth_type=kinds[0], username=_username(logins), secret=SECRET, copies=one["copies"]
                    )
                    for one in without
                ],
            )
        elif without and (facts.get("targets") is None or target.lower() in _known(facts)):
            yield _risk(
                "info",
                "no_chap",
                target,
                "{} in without CHAP.".format(count(len(without), "saved login", "log")),
                "Set auth_type, username and secret, where the array asks for them.",
            )
    for portal in facts.get("target_portals") or ():
        options = portal["login_options"] or {}
        if options.get("auth_type") not in (None, "none") and not options["password_set"]:
            yield _risk(
                "warning",
                "chap_without_secret",
                "portal " + socket(portal["portal"]),
                "asks for targets with {}, but no secret is saved, so it will be refused.".format(options["auth_type"]),
                "Save it with its secret.",
                [
                    {
                        "winstorage.iscsi.target_portal": dict(
                            export.PORTALS.declare(portal), secret=SECRET, update_secret="always"
                        )
                    }
                ],
            )


def _username(logins):
    return next((one["login_options"]["username"] for one in logins if one["login_options"]["username"]), USERNAME)


# -- target portals --


def _portals(facts):
    """Portals through which nothing was found, and those bound to what is not there."""
    instances = (facts.get("initiator") or {}).get("instances")
    ways = (
        None
        if facts.get("targets") is None
        else collections.Counter(
            _asked(way)
            for way in {
                way["mechanism"].lower()
                for target in facts["targets"]
                for way in target["discoveries"]
                if way["kind"] == "sendtargets"
            }
        )
    )
    entries = collections.Counter(
        _canonical(one["portal"]) for one in facts.get("target_portals") or () if one["portal"]
    )
    for portal in facts.get("target_portals") or ():
        if not portal["portal"]:
            continue
        what, at = "portal {}{}".format(socket(portal["portal"]), _from(portal)), _canonical(portal["portal"])
        remove = [{"winstorage.iscsi.target_portal": dict(export.PORTALS.identity(portal), state="absent")}]
        if instances is not None and portal["initiator_instance"].lower() not in map(str.lower, ["", *instances]):
            yield _risk(
                "warning",
                "vanished_instance",
                what,
                "bound to {}, which the host does not have any more.".format(portal["initiator_instance"]),
                "Remove it, and add it for an instance that is there.",
                remove,
            )
        elif ways is not None and not ways[at]:
            yield _risk(
                "warning",
                "silent_portal",
                what,
                "the initiator knows no target through it.",
                "Ask it again. If it does not answer, see whether the array has moved, and remove it.",
                [{"winstorage.iscsi.target_portal": dict(export.PORTALS.identity(portal), refresh=True)}],
            )
        elif ways is not None and ways[at] < entries[at] and not portal["any_initiator_port"]:
            yield _risk(
                "warning",
                "vanished_initiator_port",
                what,
                f"listed {entries[at]} times, but targets were found by {ways[at]} of them: an address may be gone to which one "
                "is bound.",
                "See which initiator port still has an address, and remove the other.",
            )


def _asked(mechanism):
    """Address and port that a mechanism names.

    Observed: ``SendTargets:*172.16.130.9 0003260 ROOT\\ISCSIPRT\\0000_0 172.16.130.55`` (Infinidat).
    """
    words = mechanism.partition(":")[2].split()
    port = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return addresses.canonical(words[0].lstrip("*")) if words else "", port


def _canonical(portal):
    return addresses.canonical(portal["address"]), portal["port"]


# -- flags --


def _flags(facts):
    """Flags that contradict each other or mean nothing, then what the initiator could not tell."""
    told = set()
    for record, what, module, kind in _flagged(facts):
        ignored = dict(kind.identity(record), security_flags=[], **_secret(record))
        for line in codecs.SECURITY_FLAGS.warnings(record["security_flags"]["raw"]):
            told.add(line)
            remedy = _IGNORED if "without valid" in line else _CHOOSE
            yield _risk(
                "warning",
                "questionable_flags",
                what,
                line + ".",
                remedy,
                [{module: ignored}] if remedy is _IGNORED else (),
            )
        asked = record["login_options"]["login_flags"]
        for line in codecs.LOGIN_FLAGS.warnings(asked["raw"]) + list(_contradictions(record, asked["names"], facts)):
            yield _risk("warning", "questionable_flags", what, line + ".", _CHOOSE)
    for line in facts.get("warnings") or ():
        if not any(line.endswith(known) for known in told):
            yield _risk("info", "not_told", "initiator", line, "See the page on troubleshooting.")


_CHOOSE = "Decide which is meant, and declare the flags so."
_IGNORED = "Declare no security flags, which leaves it to Windows as now, or add valid if they are meant."


def _flagged(facts):
    for login in facts.get("persistent_logins") or ():
        yield login, place(login), "winstorage.iscsi.persistent_login", export.LOGINS
    for portal in facts.get("target_portals") or ():
        if portal["security_flags"] is not None and portal["portal"]:
            yield (
                portal,
                "portal {}{}".format(socket(portal["portal"]), _from(portal)),
                "winstorage.iscsi.target_portal",
                export.PORTALS,
            )


def _contradictions(record, names, facts):
    """Login flags against the rest of the host."""
    if "require_ipsec" in names and "ike_ipsec_enabled" not in record["security_flags"]["names"]:
        yield "login flags ask for IPsec (require_ipsec), but the security flags do not enable it (ike_ipsec_enabled)"
    radius = [name for name in names if name.startswith("use_radius")]
    if radius and facts.get("radius_servers") == []:
        yield "login flags have {}, but no RADIUS server is known".format(", ".join(radius))


# -- words and tasks --


def place(login, with_port=True):
    """A login of the facts in words."""
    text = "{} through {}".format(login["target"], socket(login["portal"]) if login["portal"] else "any portal")
    return text + _from(login) if with_port else text


def _from(record):
    return "" if record["any_initiator_port"] else f" from port {record['initiator_port']}"


def socket(portal):
    """Address and port as people write them: [fe80::1]:3260."""
    return "%s:%d" % (
        "[{}]".format(portal["address"]) if ":" in portal["address"] else portal["address"],
        portal["port"],
    )


def connection(one):
    """The far end of a connection."""
    return socket({"address": one["target_address"] or "?", "port": one["target_port"]})


def short(name):
    """A device's name without the prefix of Windows' device namespace."""
    return name[4:] if name.startswith("\\\\.\\") else name


def count(number, noun, verb=""):
    """1 path, 2 paths; with a verb, 1 login logs, 2 logins log."""
    words = f"{number} {noun}{'' if number == 1 else 's'}"
    return words + (" {}{}".format(verb, "s" if number == 1 else "") if verb else "")


def _secret(record, always=False):
    """The placeholder of a secret, where saving the record again takes one."""
    options = record["login_options"]
    return {"secret": SECRET} if always or options["password_set"] or options["auth_type"] not in (None, "none") else {}


def _identity_task(login, **more):
    return {"winstorage.iscsi.persistent_login": dict(export.LOGINS.identity(login), **more)}


def _login_task(login, **more):
    return {"winstorage.iscsi.persistent_login": dict(export.LOGINS.declare(login), **more)}


_LOOKS = (_stopped, _service, _disks, _sessions, _logins, _multipath, _chap, _portals, _flags)
