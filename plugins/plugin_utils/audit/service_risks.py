# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at risk because of the service MSiSCSI, what Windows logged, and what could not be read."""

from __future__ import annotations

from ...module_utils.abi import codecs
from ...module_utils.model import events
from ...module_utils.model.forecast import SERVICE_BASIS
from .. import documentation, names
from . import findings, lookup, remedies
from .drift import is_stopped


def find_stopped_service(facts):
    """MSiSCSI does not run, so that nothing but the host could be read."""
    if not is_stopped(facts):
        return
    reason, is_late = explain_stopped(facts), does_not_start(facts)
    yield findings.risk(
        "critical" if is_late else "warning",
        "service_stopped",
        "MSiSCSI",
        reason,
        f"Start it{' and set its start mode to automatic' if is_late else ''}, if the host is meant to use iSCSI.",
        [remedies.START_SERVICE_NOW_AND_AT_BOOT if is_late else remedies.START_SERVICE],
    )


def explain_stopped(facts):
    """What a stopped service means for the host."""
    host = facts["host"]
    if does_not_start(facts):
        return (
            f"MSiSCSI is {host['service_state']} and {_NOT_AT_BOOT[host['service_start_mode']]}. What is saved could "
            "not be read, and none of it is expected to be opened at boot."
        )
    return f"MSiSCSI is {host['service_state']}, so what is saved could not be read."


def does_not_start(facts):
    """Whether MSiSCSI is known not to start at boot."""
    return facts["host"]["service_start_mode"] in _NOT_AT_BOOT


_NOT_AT_BOOT = {"manual": "starts only on demand", "disabled": "is disabled"}


def find_late_service(facts):
    """MSiSCSI starts late or not at all, on a host that uses it."""
    if not (facts.get("persistent_logins") or facts.get("sessions")):
        return
    forecast, host = facts.get("next_boot") or {}, facts["host"]
    if forecast.get("service_starts") is False:
        starts = _NOT_AT_BOOT.get(forecast["service_start_mode"], "does not start")
        yield findings.risk(
            "critical",
            "service_not_automatic",
            "MSiSCSI",
            f"MSiSCSI {starts}, so persistent logins are not expected to be opened at boot ({SERVICE_BASIS}).",
            "Set its start mode to automatic.",
            [remedies.START_AUTOMATICALLY],
        )
    elif host["service_delayed_start"]:
        yield findings.risk(
            "info",
            "service_delayed",
            "MSiSCSI",
            "MSiSCSI has a delayed start, so a service that needs an iSCSI disk may start before the disk is there.",
            "Set its start mode to automatic without delay, unless no service depends on its disks.",
            [remedies.START_WITHOUT_DELAY],
        )


def find_blocked_services(facts):
    """Services wait for MSiSCSI, which is disabled: Windows starts none of them."""
    waiting = [each["name"] for each in (facts.get("host_settings") or {}).get("dependent_services") or ()]
    if waiting and facts["host"]["service_start_mode"] == "disabled":
        verb = "waits" if len(waiting) == 1 else "wait"
        yield findings.risk(
            "critical",
            "services_blocked",
            "MSiSCSI",
            f"MSiSCSI is disabled, so what {verb} for it is not expected to start after a restart: "
            f"{', '.join(waiting)}.",
            "Set its start mode to automatic, or have these services no longer wait for it.",
            [remedies.START_AUTOMATICALLY],
        )


def find_events(facts):
    """Events since the last boot, but those that say why a login has no session: they are with the login."""
    told = {id(entry) for login in lookup.idle_logins(facts) for entry in lookup.find_reasons(login, facts)}
    disks = {names.device(name): disk for disk in lookup.disks(facts) for name in disk["names"]}
    for entry in lookup.reported_events(facts):
        if id(entry) not in told:
            what = entry["target"] or (entry["portal"] and f"portal {names.portal(entry['portal'])}")
            if entry["disk"]:
                what = names.disk(disks[entry["disk"]]) if entry["disk"] in disks else entry["disk"]
            yield findings.risk(
                entry["severity"], "event", what or "initiator", f"{events.describe(entry)}.", entry["remedy"]
            )


def find_reading_problems(facts):
    """What the initiator did not report; what is said about flags has its own findings."""
    about_flags = {
        line
        for record, _subject, _module, _kind in lookup.records_with_flags(facts)
        for line in codecs.SECURITY_FLAGS.warnings(record["security_flags"]["raw"])
    }
    for line in facts.get("warnings") or ():
        if not any(line.endswith(known) for known in about_flags):
            yield findings.risk("info", "not_told", "initiator", line, documentation.see_page("troubleshooting"))
