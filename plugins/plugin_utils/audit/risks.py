# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at risk on a host, declared or not. Risks are found in facts alone, so that a fact cache is enough.

``RISK_CHECKS`` is the table of risks. A new risk is a row in it with the function that finds it, a heading in
``report/labels.py`` and a line in ``docs/docsite/rst/report.rst``; a test compares the three.
"""

from __future__ import annotations

import collections
import typing as t

from ...module_utils.abi import codecs
from ...module_utils.model import addresses, events, ports, records
from ...module_utils.model.forecast import SERVICE_BASIS
from ...module_utils.model.names import is_iscsi_name
from ...module_utils.plan.values import UNSPECIFIED
from .. import documentation, facts_to_declaration, names
from ..text import count
from . import findings, remedies
from .drift import is_stopped


def find_risks(facts):
    """Findings in the ``windows_iscsi`` facts of a host, the worst first."""
    return findings.sort([risk for check in RISK_CHECKS for risk in check.find(facts)])


# -- the service -------------------------------------------------------------------------------------------------------


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


# -- disks and sessions ------------------------------------------------------------------------------------------------

_OUTLOOKS = {  # outlook of a disk -> (severity, kind)
    "lost": ("critical", "disk_lost"),
    "unproven": ("critical", "disk_unproven"),
    "fewer_paths": ("warning", "fewer_paths"),
}


def find_disks_at_risk(facts):
    """Disks that are not expected back as they are now."""
    host_remedies = remedies.HostRemedies(facts)
    for disk in _disks(facts):
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
    for disk in _disks(facts):
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
    for disk in _disks(facts):
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
    for disk in _disks(facts):
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


def _disks(facts):
    return (facts.get("next_boot") or {}).get("disks") or ()


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


# -- persistent logins -------------------------------------------------------------------------------------------------


def find_copies(facts):
    """Logins that are saved several times, with the same settings or with others."""
    entries = collections.defaultdict(list)
    for login in facts.get("persistent_logins") or ():
        entries[records.from_dict(records.PersistentLogin, login).identity].append(login)
    for logins in entries.values():
        copies = sum(login["copies"] for login in logins)
        if copies > 1:
            differ = len(logins) > 1
            yield findings.risk(
                "warning",
                "saved_twice",
                names.login(logins[0]),
                f"saved {copies} times{' with different settings' if differ else ''}. Each copy opens its own session.",
                "Decide which settings are intended, and declare them with copies: 1."
                if differ
                else "Keep one copy, unless several sessions are intended.",
                [] if differ else [remedies.update_login(logins[0], copies=1)],
            )


def find_idle_logins(facts):
    """Saved logins without a session, each with the surest reason for it."""
    targets = _known_targets(facts)
    connected_paths = {names.path(login) for login in facts.get("persistent_logins") or () if login["connected"]}
    known = _ports(facts)
    for login in _idle_logins(facts):
        if ports.is_missing(known, login["initiator_instance"], login["initiator_port"]):
            continue  # which find_lost_ports explains
        finding = _explain_idle_login(login, facts, targets, connected_paths)
        reasons = _find_reasons(login, facts)
        if reasons:
            lines = "; ".join(map(events.describe, reasons[:_MOST_REASONS]))
            finding["text"] += f" In the event log: {lines}."
            finding["remedy"] = f"{reasons[0]['remedy']} {finding['remedy']}"
        yield finding


_MOST_REASONS = 2  # of an idle login, in its text


def find_lost_ports(facts):
    """Logins and portals that are bound to an initiator port which is gone, or is another one today."""
    known = _ports(facts)
    for record, name, run in _bound_records(facts):
        number, today, saved = (record[key] for key in ("initiator_port", *_PORT_ADDRESSES))
        if ports.is_missing(known, record["initiator_instance"], number):
            former = saved or _likely_address(record, facts)
            text = f"saved for initiator port {number}, which this host no longer has."
            text += f" The address of that port was probably {former}." if former else ""
            yield findings.risk("warning", "vanished_initiator_port", name, text, _choose_port(known), run)
        elif saved and today and addresses.canonical(saved) != addresses.canonical(today):
            text = f"saved for initiator port {number} when that was {saved}. Today port {number} is {today}."
            yield findings.risk("warning", "moved_initiator_port", name, text, _choose_port(known))


def _ports(facts):
    return [ports.InitiatorPort(**port) for port in facts.get("initiator_ports") or ()]


_PORT_ADDRESSES = ("initiator_address", "saved_initiator_address")


def _bound_records(facts):
    """(record, what it is called, the tasks that remove it) of logins and portals."""
    for login in facts.get("persistent_logins") or ():
        yield login, names.login(login), [remedies.remove_login(login)]
    for portal in facts.get("target_portals") or ():
        if portal["portal"]:
            yield portal, names.target_portal(portal), [remedies.remove_portal(portal)]


def _choose_port(known):
    listed = ", ".join(f"{port.number} ({port.address or 'without an address'})" for port in known)
    return f"Save it for the port that is meant, or for any port, and remove this one. The ports are: {listed}."


def _likely_address(record, facts):
    """The address that a port had when another record was saved for it, if those records agree."""
    found = {
        other["saved_initiator_address"]
        for other in (*(facts.get("persistent_logins") or ()), *(facts.get("target_portals") or ()))
        if other["initiator_port"] == record["initiator_port"]
        and other["initiator_instance"].lower() == record["initiator_instance"].lower()
    } - {None}
    return found.pop() if len(found) == 1 else None


def _idle_logins(facts):
    logins = facts.get("persistent_logins") or ()
    return [login for login in logins if login["connected"] is False and login["session_type"] == "data"]


def _find_reasons(login, facts):
    """The events that say why a login has no session."""
    return events.find_reasons(_events(facts), login["target"], login["portal"])


def _events(facts):
    return (facts.get("events") or {}).get("entries") or ()


def _explain_idle_login(login, facts, targets, connected_paths):
    if _has_vanished_instance(login, facts):
        return findings.risk(
            "warning",
            "vanished_instance",
            names.login(login),
            f"saved for initiator instance {login['initiator_instance']}, which this host no longer has.",
            "Save the login for an instance that is there. This one cannot be removed while its instance is missing "
            "(0xEFFF0044): if it is not wanted, bring the adapter back in Device Manager, and remove it then. Without "
            "its adapter it opens no session.",
        )
    if targets is not None and login["target"].lower() not in targets:
        return findings.risk(
            "warning",
            "stale_favourite",
            names.login(login),
            "saved and not connected. The initiator does not know its target, and tries to connect at every restart.",
            "If the array is gone, remove it.",
            [remedies.remove_login(login)],
        )
    is_guess = facts.get("initiator_ports") is None  # otherwise find_lost_ports knows better
    if is_guess and not login["any_initiator_port"] and names.path(login) in connected_paths:
        return findings.risk(
            "warning",
            "vanished_initiator_port",
            names.login(login),
            f"saved for initiator port {login['initiator_port']} and not connected, while another port reaches the "
            "same portal.",
            "Check whether the address behind that port still exists. If not, save the login for any port or for the "
            "right one, and remove this one.",
            [remedies.remove_login(login)],
        )
    return findings.risk(
        "warning",
        "not_connected",
        names.login(login),
        "saved, but not connected: it has no live session.",
        "Log in, or remove it if it is not wanted.",
        [remedies.declare_login(login, connected=True)],
    )


def _known_targets(facts):
    """The names of the targets that the initiator knows, or None where they were not gathered."""
    return None if facts.get("targets") is None else {target["name"].lower() for target in facts["targets"]}


def _has_vanished_instance(record, facts):
    """Whether a login or portal is for an initiator instance that the host is known not to have."""
    instances = (facts.get("initiator") or {}).get("instances")
    instance = record["initiator_instance"].lower()
    return instances is not None and bool(instance) and instance not in map(str.lower, instances)


# -- multipath ---------------------------------------------------------------------------------------------------------


def find_multipath_without_mpio(facts):
    """Logins with the multipath flag on a host where MPIO claims nothing."""
    if _does_mpio_claim(facts) is not False:
        return
    for target, logins in _logins_by_target(facts).items():
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
    for target, logins in _logins_by_target(facts).items():
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


def _logins_by_target(facts):
    """{target, spelled as its first login spells it: its saved data logins}."""
    grouped: dict = {}
    spelling: dict = {}
    for login in facts.get("persistent_logins") or ():
        if login["session_type"] == "data":
            target = spelling.setdefault(login["target"].lower(), login["target"])
            grouped.setdefault(target, []).append(login)
    return grouped


def _does_mpio_claim(facts):
    """Whether MPIO claims a device of the host; None where no device is there to show it."""
    devices = [device for session in facts.get("sessions") or () for device in session["devices"] or ()]
    if not devices:
        return None
    return any("mpio" in (device["device_interface_name"] + device["legacy_name"]).lower() for device in devices)


# -- CHAP --------------------------------------------------------------------------------------------------------------


def find_chap_without_secret(facts):
    """Logins and portals with CHAP for which no secret is saved."""
    for login in facts.get("persistent_logins") or ():
        if login["session_type"] == "data" and _lacks_secret(login):
            auth_type = login["login_options"]["auth_type"]
            yield findings.risk(
                "critical",
                "chap_without_secret",
                names.login(login),
                f"uses {auth_type}, but no secret is saved, so the target will refuse the login.",
                "Save it again with its secret.",
                [remedies.declare_login(login, update_secret="always")],
            )
    for portal in facts.get("target_portals") or ():
        if portal["portal"] and _lacks_secret(portal):
            auth_type = portal["login_options"]["auth_type"]
            yield findings.risk(
                "warning",
                "chap_without_secret",
                f"portal {names.portal(portal['portal'])}",
                f"discovery uses {auth_type}, but no secret is saved, so the portal will refuse it.",
                "Save it again with its secret.",
                [remedies.save_portal_secret(portal)],
            )


def _lacks_secret(record):
    return remedies.has_chap(record) and not record["login_options"]["password_set"]


def find_logins_without_chap(facts):
    """Targets with logins that are saved without CHAP: it may be missing where others use it, else it is a remark."""
    targets, live_auth_types = _known_targets(facts), _find_live_auth_types(facts)
    for target, logins in _logins_by_target(facts).items():
        without = [login for login in logins if not remedies.has_chap(login)]
        if not without:
            continue
        live = live_auth_types[target.lower()]
        saved = {login["login_options"]["auth_type"] for login in logins if remedies.has_chap(login)}
        if live or saved:
            yield _missing_chap(target, logins, without, live, saved)
        elif targets is None or target.lower() in targets:
            yield findings.risk(
                "info",
                "no_chap",
                target,
                f"{count(len(without), 'persistent login', 'log')} in without CHAP.",
                "Set auth_type, username and secret, where the array asks for them.",
            )


def _missing_chap(target, logins, without, live, saved):
    auth_type = min(live | saved)
    options = {"auth_type": auth_type, **remedies.user_name(logins), "secret": remedies.SECRET}
    return findings.risk(
        "critical" if live else "warning",
        "chap_missing",
        target,
        f"{count(len(without), 'persistent login')} {'does' if len(without) == 1 else 'do'} not use CHAP, but "
        f"{f'a live session uses {auth_type}' if live else f'others use {auth_type}'}. "
        "The array may refuse them at boot.",
        "Save them with CHAP.",
        [remedies.update_login(login, copies=login["copies"], **options) for login in without],
    )


def _find_live_auth_types(facts):
    """{target: the kinds of CHAP that its live sessions use}."""
    found = collections.defaultdict(set)
    for session in facts.get("sessions") or ():
        for connection in session["connections"]:
            if connection["auth_type"] not in (None, "none"):
                found[session["target"].lower()].add(connection["auth_type"])
    return found


def find_old_chap_users(facts):
    """Logins with CHAP whose user name is a node name of earlier, which Windows filled in when they were saved."""
    node_name = (facts.get("initiator") or {}).get("node_name")
    if not node_name:
        return
    for login in facts.get("persistent_logins") or ():
        user = names.chap_user(login["login_options"])
        if not user or user.lower() == node_name.lower() or not is_iscsi_name(user):
            continue
        was_filled_in = not login["login_options"]["username"]
        yield findings.risk(
            "warning" if was_filled_in else "info",
            "old_node_name",
            names.login(login),
            f"its CHAP user is {user}, but the node is called {node_name} now. The array may refuse it at boot."
            if was_filled_in
            else f"its CHAP user {user} is an iSCSI name, but not that of this node, {node_name}.",
            "If the array expects the present node name, save the login again without a user name."
            if was_filled_in
            else "None needed if the array expects this name. If it is the node name of earlier, save the login again "
            "with username: unspecified and update_secret: always.",
            [remedies.update_login(login, username=UNSPECIFIED, update_secret="always")] if was_filled_in else [],
        )


# -- target portals ----------------------------------------------------------------------------------------------------


def find_idle_portals(facts):
    """Portals through which no target was found, each with the surest reason for it."""
    portals = [portal for portal in facts.get("target_portals") or () if portal["portal"]]
    entries = collections.Counter(_canonical(portal["portal"]) for portal in portals)
    discoveries = _count_discoveries(facts)
    for portal in portals:
        place = _canonical(portal["portal"])
        if _has_vanished_instance(portal, facts):
            yield findings.risk(
                "warning",
                "vanished_instance",
                names.target_portal(portal),
                f"bound to initiator instance {portal['initiator_instance']}, which this host no longer has.",
                "Remove it, and add it for an instance that is there.",
                [remedies.remove_portal(portal)],
            )
        elif discoveries is not None and not discoveries[place]:
            yield findings.risk(
                "warning",
                "silent_portal",
                names.target_portal(portal),
                "no target is known from this portal.",
                "Refresh it. If it does not answer, check whether the array has moved, and remove the portal if so.",
                [remedies.refresh_portal(portal)],
            )
        elif (
            discoveries is not None
            and discoveries[place] < entries[place]
            and not portal["any_initiator_port"]
            and facts.get("initiator_ports") is None  # otherwise find_lost_ports knows better
        ):
            yield findings.risk(
                "warning",
                "vanished_initiator_port",
                names.target_portal(portal),
                f"listed {entries[place]} times, but only {discoveries[place]} of them found targets. One may be "
                "bound to an initiator address that no longer exists.",
                "Check which initiator port still has an address, and remove the other. If Windows does not find it by "
                "its port number, remove the portal for any initiator port, and add it again.",
            )


def _count_discoveries(facts):
    """Counter of (address, port) of the entries that found a target by SendTargets, or None where it is not known."""
    if facts.get("targets") is None:
        return None
    mechanisms = {
        discovery["mechanism"].lower()
        for target in facts["targets"]
        for discovery in target["discoveries"]
        if discovery["kind"] == "sendtargets"
    }
    return collections.Counter(map(_asked_portal, mechanisms))


def _asked_portal(mechanism):
    """Address and port that a mechanism names.

    Observed: ``SendTargets:*172.16.130.9 0003260 ROOT\\ISCSIPRT\\0000_0 172.16.130.55`` (Infinidat).
    """
    address, port, *_rest = [*mechanism.partition(":")[2].split(), "", ""]
    return addresses.canonical(address.lstrip("*")), int(port) if port.isdigit() else 0


def _canonical(portal):
    return addresses.canonical(portal["address"]), portal["port"]


# -- flags -------------------------------------------------------------------------------------------------------------

_CHOOSE = "Decide which flag is intended, and declare only that one."
_IGNORED = "Declare security_flags: [] to leave the choice to Windows, as now, or add valid if the flags are intended."


def find_questionable_flags(facts):
    """Flags that contradict each other, or the rest of the host, or mean nothing."""
    for record, subject, module, kind in _records_with_flags(facts):
        security, login_flags = record["security_flags"], record["login_options"]["login_flags"]
        ignored = "valid" not in security["names"]
        for line in codecs.SECURITY_FLAGS.warnings(security["raw"]):
            yield findings.risk(
                "warning",
                "questionable_flags",
                subject,
                f"{line}.",
                _IGNORED if ignored else _CHOOSE,
                [remedies.ignore_security_flags(record, kind, module)] if ignored else [],
            )
        for line in [*codecs.LOGIN_FLAGS.warnings(login_flags["raw"]), *_contradictions(record, facts)]:
            yield findings.risk("warning", "questionable_flags", subject, f"{line}.", _CHOOSE)


def _records_with_flags(facts):
    """(record, its name, the module that declares it, its kind) of each login and portal whose flags are known."""
    for login in facts.get("persistent_logins") or ():
        yield login, names.login(login), remedies.LOGIN_MODULE, facts_to_declaration.LOGINS
    for portal in facts.get("target_portals") or ():
        if portal["security_flags"] is not None and portal["login_options"] and portal["portal"]:
            yield portal, names.target_portal(portal), remedies.PORTAL_MODULE, facts_to_declaration.PORTALS


def _contradictions(record, facts):
    """Login flags against the rest of the host."""
    flags = record["login_options"]["login_flags"]["names"]
    if "require_ipsec" in flags and "ike_ipsec_enabled" not in record["security_flags"]["names"]:
        yield "login flags ask for IPsec (require_ipsec), but the security flags do not enable it (ike_ipsec_enabled)"
    radius = [name for name in flags if name.startswith("use_radius")]
    if radius and facts.get("radius_servers") == []:
        yield f"login flags have {', '.join(radius)}, but no RADIUS server is known"


def find_events(facts):
    """Events since the last boot, but those that say why a login has no session: they are with the login."""
    told = {id(entry) for login in _idle_logins(facts) for entry in _find_reasons(login, facts)}
    disks = {names.device(name): disk for disk in _disks(facts) for name in disk["names"]}
    for entry in _events(facts):
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
        for record, _subject, _module, _kind in _records_with_flags(facts)
        for line in codecs.SECURITY_FLAGS.warnings(record["security_flags"]["raw"])
    }
    for line in facts.get("warnings") or ():
        if not any(line.endswith(known) for known in about_flags):
            yield findings.risk("info", "not_told", "initiator", line, documentation.see_page("troubleshooting"))


class RiskCheck(t.NamedTuple):
    """What finds risks in the facts of a host, and the kinds of finding it may yield."""

    find: t.Callable
    kinds: tuple


RISK_CHECKS = (
    RiskCheck(find_stopped_service, ("service_stopped",)),
    RiskCheck(find_late_service, ("service_not_automatic", "service_delayed")),
    RiskCheck(find_disks_at_risk, ("disk_lost", "disk_unproven", "fewer_paths")),
    RiskCheck(find_single_paths, ("single_path",)),
    RiskCheck(find_paths_without_mpio, ("paths_without_mpio",)),
    RiskCheck(find_disks_out_of_use, ("disk_offline", "disk_read_only", "disk_uninitialized")),
    RiskCheck(find_unsaved_sessions, ("not_saved",)),
    RiskCheck(find_copies, ("saved_twice",)),
    RiskCheck(find_idle_logins, ("vanished_instance", "stale_favourite", "vanished_initiator_port", "not_connected")),
    RiskCheck(find_lost_ports, ("vanished_initiator_port", "moved_initiator_port")),
    RiskCheck(find_multipath_without_mpio, ("multipath_without_mpio",)),
    RiskCheck(find_sessions_without_multipath, ("sessions_without_multipath",)),
    RiskCheck(find_chap_without_secret, ("chap_without_secret",)),
    RiskCheck(find_logins_without_chap, ("chap_missing", "no_chap")),
    RiskCheck(find_old_chap_users, ("old_node_name",)),
    RiskCheck(find_idle_portals, ("vanished_instance", "silent_portal", "vanished_initiator_port")),
    RiskCheck(find_questionable_flags, ("questionable_flags",)),
    RiskCheck(find_events, ("event",)),
    RiskCheck(find_reading_problems, ("not_told",)),
)
