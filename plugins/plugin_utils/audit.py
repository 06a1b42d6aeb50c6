# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a host, as findings that a person can act on: drift from a declaration, and risks at the next boot.

A finding is a plain dict: ``severity`` (critical, warning, info), ``category`` (drift or risk), ``kind`` (a word that stays the same),
``what`` (login, portal, disk or service concerned), ``text`` and ``remedy``; drift has ``field``, ``found`` and ``declared`` too.
Risks are found in facts alone, so that a fact cache is enough for them.
"""

from __future__ import annotations

SEVERITIES = ("critical", "warning", "info")


def _finding(severity, category, kind, what, text, remedy, **more):
    return dict({"severity": severity, "category": category, "kind": kind, "what": what, "text": text, "remedy": remedy}, **more)


def ordered(findings):
    """The worst first, then as they read."""
    return sorted(findings, key=lambda one: (SEVERITIES.index(one["severity"]), one["category"], one["kind"], one["what"],
                                             one.get("field") or ""))


# -- drift -------------------------------------------------------------------------------------------------------------

_ENFORCE = "Run the role with initiator_mode: enforce."


def drift(plan):
    """Findings for each step that a :class:`reconcile.Plan` would take, field by field, and for what stands in its way."""
    found = []
    for step in plan.steps:
        if step.action in _MISSING:
            found.append(_drift(step, "missing", "declared, but not there", None, None, _briefly(step.after)))
        elif step.action in _EXTRA:
            found.append(_drift(step, "extra", "there, but not declared so", None, _briefly(step.before), None))
        elif step.action != "refresh":
            found.extend(_drift(step, "differs", "%s differs" % field, field, now, wanted)
                         for field, now, wanted in _fields(step.before, step.after))
    found += [_finding("critical", "drift", "blocked", line.partition(":")[0], line,
                       "Mend the declaration: enforcing it would be refused.") for line in plan.refusals]
    found += [_finding("info", "drift", "kept", line.partition(":")[0], line, "Nothing, if it is meant to stay.")
              for line in plan.kept]
    return ordered(found)


_MISSING = ("add", "login")
_EXTRA = ("remove", "logout")


def _drift(step, kind, text, field, found, declared):
    return _finding("warning", "drift", kind, step.what, text, _ENFORCE, record=step.kind, field=field, found=found,
                    declared=declared)


def _briefly(side):
    """What a side of a step says in a word or two: how many copies, or the value itself."""
    return "%d saved" % len(side) if isinstance(side, list) else side


def _fields(before, after):
    """(field, found, declared) wherever the two sides of a step differ."""
    if not isinstance(before, list) or not isinstance(after, list):
        if isinstance(before, dict) and isinstance(after, dict):
            return [(name, before.get(name), after[name]) for name in after if before.get(name) != after[name]]
        return [("value", before, after)]
    differing = {}
    for index, wanted in enumerate(after):
        now = before[min(index, len(before) - 1)]
        for name, value in wanted.items():
            if now.get(name) != value:
                differing.setdefault(name, (now.get(name), value))
    if len(before) != len(after):
        differing["copies"] = (len(before), len(after))
    return [(name, now, wanted) for name, (now, wanted) in differing.items()] or [("secret", "not shown", "set again")]


# -- risks -------------------------------------------------------------------------------------------------------------

def risks(facts):
    """Findings in the ``windows_iscsi`` facts of a host."""
    return ordered([finding for look in _LOOKS for finding in look(facts)])


def _service(facts):
    forecast = facts.get("next_boot") or {}
    if forecast.get("service_starts") is False and (facts.get("persistent_logins") or facts.get("sessions")):
        yield _finding("critical", "risk", "service_not_automatic", "MSiSCSI",
                       "MSiSCSI starts %s, so no saved login is replayed at boot"
                       % {"manual": "only on demand", "disabled": "never"}.get(forecast["service_start_mode"]),
                       "winstorage.iscsi.initiator with service_start_mode: automatic.")


_OUTLOOKS = {  # outlook of a disk -> (severity, kind, what to do)
    "lost": ("critical", "disk_lost", "Save its logins: winstorage.iscsi.persistent_login."),
    "unproven": ("critical", "disk_unproven", "Check the portals of its saved logins; log in to prove them (connected: true)."),
    "fewer_paths": ("warning", "fewer_paths", "Save a login for each session that is meant to stay: winstorage.iscsi.persistent_login."),
}


def _disks(facts):
    for disk in (facts.get("next_boot") or {}).get("disks") or ():
        name = ", ".join(disk["names"])
        if disk["outlook"] in _OUTLOOKS:
            severity, kind, remedy = _OUTLOOKS[disk["outlook"]]
            yield _finding(severity, "risk", kind, name, "%s: %d path(s) now, %d expected after a restart: %s"
                           % (disk["id"], disk["paths_now"], disk["paths_expected"], disk["reason"]), remedy)
        elif disk["paths_now"] == 1:
            yield _finding("info", "risk", "single_path", name, "%s has one path" % disk["id"],
                           "Nothing, if one path is meant; else save a login through another portal, with MPIO.")
        if len(disk["names"]) > 1:
            yield _finding("critical", "risk", "paths_without_mpio", name,
                           "Windows shows %d disks for %s: MPIO does not claim its paths, and two writers corrupt its data"
                           % (len(disk["names"]), disk["id"]),
                           "Install MPIO and have it claim iSCSI devices, or keep one path.")


def _logins(facts):
    known = {target["name"].lower() for target in facts.get("targets") or ()}
    mpio = _mpio_claims(facts)
    for login in facts.get("persistent_logins") or ():
        what = place(login)
        if login["connected"] is False and login["session_type"] == "data":
            yield _not_connected(login, what, facts, known)
        if login["copies"] > 1:
            yield _finding("warning", "risk", "saved_twice", what, "saved %d times; each copy opens a session of its own" % login["copies"],
                           "winstorage.iscsi.persistent_login with copies: 1, unless several sessions are meant.")
        options = login["login_options"]
        if "multipath_enabled" in options["login_flags"]["names"] and mpio is False:
            yield _finding("warning", "risk", "multipath_without_mpio", what, "multipath_enabled, but MPIO claims no device of the host",
                           "Install MPIO and have it claim iSCSI devices.")
        if options["auth_type"] in (None, "none"):
            yield _finding("info", "risk", "no_chap", what, "logs in without CHAP",
                           "Set auth_type chap, username and secret, where the array asks for them.")


def _not_connected(login, what, facts, known):
    if facts.get("targets") is not None and login["target"].lower() not in known:
        return _finding("warning", "risk", "stale_favourite", what, "saved, not connected, and the initiator does not know its target",
                        "If the array is gone, remove it: winstorage.iscsi.persistent_login with state: absent.")
    beside = any(other["connected"] and place(other, False) == place(login, False) for other in facts["persistent_logins"])
    if beside and not login["any_initiator_port"]:
        return _finding("warning", "risk", "vanished_initiator_port", what,
                        "saved for initiator port %d and not connected, while another port reaches the same portal" % login["initiator_port"],
                        "See whether the address behind that port still exists; save the login for the right port or for any.")
    return _finding("warning", "risk", "not_connected", what, "saved, but no live session goes with it",
                    "Log in (connected: true), or remove it when it is not wanted.")


def _flags(facts):
    for line in facts.get("warnings") or ():
        yield _finding("warning", "risk", "questionable", line.partition(":")[0], line, "See the reference of flags.")


def _mpio_claims(facts):
    """Whether MPIO claims a device of the host; None where no device is there to tell."""
    devices = [device for session in facts.get("sessions") or () for device in session["devices"] or ()]
    return any("mpio" in (device["device_interface_name"] + device["legacy_name"]).lower() for device in devices) if devices else None


def place(login, with_port=True):
    """A login of the facts in words."""
    portal = login["portal"]
    text = "%s through %s" % (login["target"], "%s:%d" % (portal["address"], portal["port"]) if portal else "any portal")
    return text if not with_port or login["any_initiator_port"] else "%s from port %d" % (text, login["initiator_port"])


_LOOKS = (_service, _disks, _logins, _flags)
