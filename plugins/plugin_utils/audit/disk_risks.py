# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at risk of disks: their paths, their sessions, and whether MPIO has them."""

from __future__ import annotations

from .. import names
from ..text import count
from . import findings, lookup, remedies

_OUTLOOKS = {  # outlook of a disk -> (severity, kind)
    "lost": ("critical", "disk_lost"),
    "unproven": ("critical", "disk_unproven"),
    "fewer_paths": ("warning", "fewer_paths"),
}


def find_disks_at_risk(facts):
    """Disks that are not expected back as they are now."""
    host_remedies = remedies.HostRemedies(facts)
    for disk in lookup.disks(facts):
        if disk["outlook"] in _OUTLOOKS:
            severity, kind = _OUTLOOKS[disk["outlook"]]
            yield findings.risk(
                severity,
                kind,
                names.disk(disk),
                f"{count(disk['paths_now'], 'path')} now, {disk['paths_expected']} expected after a restart: "
                f"{disk['reason']}.",
                *host_remedies.for_disk(disk),
            )


def find_single_paths(facts):
    """Disks over one path, which they keep."""
    for disk in lookup.disks(facts):
        if disk["outlook"] == "same" and disk["paths_now"] == 1:
            yield findings.risk(
                "info",
                "single_path",
                names.disk(disk),
                "It has one path.",
                "None needed if one path is intended. Otherwise save a login through another portal, with MPIO.",
            )


def find_paths_without_mpio(facts):
    """Disks that Windows shows several times."""
    for disk in lookup.disks(facts):
        if len(disk["names"]) > 1:
            yield findings.risk(
                "critical",
                "paths_without_mpio",
                names.disk(disk),
                f"Windows shows {len(disk['names'])} disks for it, because MPIO does not claim its paths. Writing "
                "through both can corrupt its data.",
                "Use only one path until MPIO claims iSCSI devices, which takes a restart.",
                remedies.CLAIM_DEVICES,
            )


def find_disks_out_of_use(facts):
    """Disks that Windows has, but that nobody can use as they are. In a cluster, another node may own them."""
    for disk in lookup.disks(facts):
        severity = "info" if disk.get("clustered") else "warning"
        for state, (kind, text, remedy) in _OUT_OF_USE.items():
            if disk.get(state):
                yield findings.risk(severity, kind, names.disk(disk), text, remedy)


_OUT_OF_USE = {  # what Windows says of a disk -> (kind, text, remedy)
    "offline": (
        "disk_offline",
        "It is offline in Windows, and a restart does not change that.",
        "Find out why before you bring it online: another host may use it.",
    ),
    "read_only": (
        "disk_read_only",
        "It is read-only in Windows.",
        "Find out why before you clear the attribute: it may be a snapshot.",
    ),
    "uninitialized": (
        "disk_uninitialized",
        "Windows finds no partition table on it.",
        "Initialize it if it is new. If it had data, check first that it is the right LUN.",
    ),
}


def find_unsaved_sessions(facts):
    """Live sessions without a saved login."""
    host_remedies = remedies.HostRemedies(facts)
    for session in facts.get("sessions") or ():
        if session["saved"] is False:
            yield findings.risk(
                "warning",
                "not_saved",
                names.session(session),
                "live, but not saved. It will not come back after the next restart.",
                "Save a persistent login for it if it is needed.",
                [host_remedies.save_session(session)],
            )


# -- multipath ---------------------------------------------------------------------------------------------------------


def find_multipath_without_mpio(facts):
    """Logins with the multipath flag on a host where MPIO claims nothing."""
    if _does_mpio_claim(facts) is not False:
        return
    for target, logins in lookup.logins_by_target(facts).items():
        number = sum(map(_has_multipath, logins))
        if number:
            yield findings.risk(
                "warning",
                "multipath_without_mpio",
                target,
                f"{count(number, 'login')} {'has' if number == 1 else 'have'} multipath_enabled, but MPIO claims no "
                "device on this host. Two paths to one disk can corrupt its data.",
                "Install MPIO and have it claim iSCSI devices, which takes a restart.",
                remedies.CLAIM_DEVICES,
            )


def find_sessions_without_multipath(facts):
    """Several logins to one target of which some lack the flag that a second session needs."""
    for target, logins in lookup.logins_by_target(facts).items():
        without = [login for login in logins if not _has_multipath(login)]
        copies, copies_without = (sum(login["copies"] for login in some) for some in (logins, without))
        if without and copies > 1:
            yield findings.risk(
                "warning",
                "sessions_without_multipath",
                target,
                f"{copies} logins are saved, {copies_without} of them without multipath_enabled. Windows refuses a "
                "second session to a target without it.",
                "Set the flag where MPIO claims the disks, or keep one login.",
                [remedies.update_login(login, copies=login["copies"], **_with_multipath(login)) for login in without],
            )


def _has_multipath(login):
    return "multipath_enabled" in login["login_options"]["login_flags"]["names"]


def _with_multipath(login):
    return {"login_flags": [*names.flags(login["login_options"]["login_flags"]), "multipath_enabled"]}


def _does_mpio_claim(facts):
    """Whether MPIO claims a device of the host; None where no device is there to show it."""
    devices = [device for session in facts.get("sessions") or () for device in session["devices"] or ()]
    if not devices:
        return None
    return any("mpio" in (device["device_interface_name"] + device["legacy_name"]).lower() for device in devices)
