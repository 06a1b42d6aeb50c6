# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which open questions about Windows a host has answered just by being read.

Each question is a switch of the simulator. What was read excludes some of its answers; if one is left, the question is
answered. Most questions can be answered only by changing something, which is what the probe is for.
"""

from __future__ import annotations

import typing as t

from ...module_utils.abi import prototypes, status
from ...module_utils.model import records
from ...module_utils.model.addresses import canonical
from ..simulator.dialects import SWITCHES
from .sources import LISTS, LOGINS, NODE, PORTALS, Seen

Possible = t.Optional[t.Tuple[t.Collection[str], str]]  # the answers that are left, and why; None: nothing was seen
_NEVER_SUCCEEDS_EMPTY = ("ReportIScsiPersistentLoginsW", "GetIScsiSessionListW")  # as the service answers: see by_list


class Evidence(t.NamedTuple):
    """What was read. ``snapshot`` is None where the service does not run; ``is_live``: it is no recording."""

    seen: Seen
    snapshot: t.Optional[records.Snapshot]
    is_live: bool

    def raw(self, subject: str) -> t.List[t.Any]:
        return list(self.seen.raw.get(subject) or ())

    def options(self) -> t.List[t.Any]:
        """All login options that were read."""
        return [raw.LoginOptions for subject in (LOGINS, PORTALS) for raw in self.raw(subject)]

    def names(self) -> t.List[str]:
        """All names of targets that were read."""
        reported = [raw.TargetName for subject in (LOGINS, "sessions") for raw in self.raw(subject)]
        return [name for name in [*self.raw("targets"), *reported] if name]


def find(evidence: Evidence) -> t.Dict[str, t.Dict[str, t.Any]]:
    """{switch: its answer or None, the answers that are still possible, and the evidence}."""
    found: t.Dict[str, t.Dict[str, t.Any]] = {}
    for switch, ask in QUESTIONS.items():
        possible = ask(evidence)
        if possible is None:
            continue
        left = [answer for answer in SWITCHES[switch].answers if answer in possible[0]]
        if 0 < len(left) < len(SWITCHES[switch].answers):
            found[switch] = {"answer": left[0] if len(left) == 1 else None, "possible": left, "evidence": possible[1]}
        elif not left:
            found[switch] = {"answer": None, "possible": [], "evidence": f"no answer is known for this: {possible[1]}"}
    return found


def _empty_list(evidence: Evidence) -> Possible:
    left, shown = set(SWITCHES["empty_list"].answers), []
    for export, (output, subject) in LISTS.items():
        reply = evidence.seen.sized.get(export)
        if reply is None or evidence.seen.raw.get(subject) != []:
            continue
        size = prototypes.FUNCTIONS[export].size_of(output)
        needed = reply[size.name] if size else 0
        is_success = reply.status.value == status.SUCCESS
        shown.append(f"{export}: {reply.status.symbol}, size {needed}")
        left -= {"insufficient_buffer_zero"} if is_success else {"success"}
        if is_success == (export in _NEVER_SUCCEEDS_EMPTY):
            left -= {"by_list"}
    return (left, "; ".join(shown)) if shown else None


def _list_size_reports(evidence: Evidence) -> Possible:
    larger = []
    compared = 0
    for export, (output, subject) in LISTS.items():
        sized, filled = evidence.seen.sized.get(export), evidence.seen.filled.get(export)
        size = prototypes.FUNCTIONS[export].size_of(output)
        if not evidence.raw(subject) or sized is None or filled is None or size is None:
            continue
        compared += 1
        if sized[size.name] > filled[size.name]:
            larger.append(f"{export} asks for {sized[size.name]} and uses {filled[size.name]}")
    if not compared:
        return None
    return (["larger"], "; ".join(larger)) if larger else (["exact"], f"{compared} lists use what they ask for")


def _text_list_tail(evidence: Evidence) -> Possible:
    checked = 0
    for export, (output, subject) in LISTS.items():
        reply = evidence.seen.filled.get(export)
        if output != "Buffer" or reply is None or not evidence.raw(subject):
            continue
        checked += 1
        used = sum(2 * len(text) + 2 for text in evidence.raw(subject)) + 2
        if any(reply.image(output).data[used:]):
            return ["garbage"], f"behind the end of {export}"
    return (["nothing"], f"{checked} lists") if checked and evidence.is_live else None


def _unset_options(evidence: Evidence) -> Possible:
    unset = [
        getattr(options, field)
        for options in evidence.options()
        for name, (bit, field) in records.LoginOptions.SPECIFIED.items()
        if name != "username" and not options.InformationSpecified & bit
    ]
    if not unset:
        return None
    others = sum(value != 0 for value in unset)
    # whoever saved them may have given any value
    return ["as_given", "garbage" if others else "zero"], f"{others} of {len(unset)} unspecified fields are not zero"


def _password_length(evidence: Evidence) -> Possible:
    lengths = [
        raw.LoginOptions.PasswordLength for raw in evidence.raw(LOGINS) if raw.LoginOptions.InformationSpecified & 0x40
    ]
    if not lengths:
        return None
    return ["length" if any(lengths) else "zero"], f"{len(lengths)} logins with a secret"


def _reported_record(evidence: Evidence) -> Possible:
    logins = evidence.raw(LOGINS)
    mappings = [raw.Mappings for raw in logins if raw.Mappings]
    if any(raw.TargetPortal.SymbolicName or raw.LoginOptions.Version for raw in logins):
        return ["as_saved"], "a login has a symbolic name or a version"
    if any(mapping.TargetName or mapping.InitiatorName or not mapping.LUNCount for mapping in mappings):
        return ["as_saved"], "a mapping has names, or no LUNs"
    return (["reduced"], f"{len(mappings)} mappings without names") if mappings else None


def _absent_user_name(evidence: Evidence) -> Possible:
    node = "".join(evidence.raw(NODE)[:1]).lower()
    chosen = []
    for raw in evidence.raw(LOGINS):
        options = raw.LoginOptions
        if not options.InformationSpecified & 0x20:
            return ["absent"], f"a login to {raw.TargetName} has none"
        if (options.Username or b"").decode("latin-1").lower() == node:
            chosen.append(raw)
    return (["node_name"], f"{len(chosen)} logins have the node name as user name") if chosen and node else None


def _letter_case(evidence: Evidence) -> Possible:
    names = evidence.names()
    if not names:
        return None
    is_upper = all(name == name.upper() for name in names)
    return ["upper" if is_upper else "as_given"], f"{len(names)} names of targets"


def _ipv6_text(evidence: Evidence) -> Possible:
    portals = [raw.TargetPortal for raw in evidence.raw(LOGINS)]
    texts = [portal.Address for portal in portals if ":" in portal.Address]
    if not texts:
        return None
    if any(text.startswith("[") for text in texts):
        return ["bracketed"], texts[0]
    other = [text for text in texts if text != canonical(text)]
    return (["as_given"], other[0]) if other else (["canonical", "as_given"], texts[0])


def _null_portal_record(evidence: Evidence) -> Possible:
    ports = {raw.TargetPortal.Socket for raw in evidence.raw(LOGINS) if not raw.TargetPortal.Address}
    if not ports:
        return None
    return ["empty_with_port" if any(ports) else "empty"], f"a login without an address has TCP port {max(ports)}"


def _second_login(evidence: Evidence) -> Possible:
    without: t.Dict[str, int] = {}
    for raw in evidence.raw(LOGINS):
        if not raw.LoginOptions.LoginFlags & 2:
            without[raw.TargetName.lower()] = without.get(raw.TargetName.lower(), 0) + 1
    twice = [target for target, count in without.items() if count > 1]
    return (["saved"], f"{without[twice[0]]} logins to {twice[0]} lack the multipath flag") if twice else None


def _portal_identity(evidence: Evidence) -> Possible:
    texts: t.Dict[t.Any, t.Set[str]] = {}
    for raw in evidence.raw(PORTALS):
        key = canonical(raw.Address), raw.Socket, raw.InitiatorName.lower(), raw.InitiatorPortNumber
        if raw.Address in texts.setdefault(key, set()):
            return ["registry_name"], f"{raw.Address} is listed twice for one initiator port"
        texts[key].add(raw.Address)
    twice = [sorted(found) for found in texts.values() if len(found) > 1]
    return (["registry_name"], f"{' and '.join(twice[0])} are two portals") if twice else None


def _static_target_portals(evidence: Evidence) -> Possible:
    for target in (evidence.snapshot and evidence.snapshot.targets) or ():
        for discovery in target.discoveries:
            if discovery.kind == "static" and len([p for group in discovery.portal_groups or () for p in group]) > 1:
                return ["any_number"], f"{target.name} has several portals"
    return None


def _while(state: t.Callable[[Evidence], bool], answers: t.Mapping[int, str]) -> t.Callable[[Evidence], Possible]:
    def ask(evidence: Evidence) -> Possible:
        reply = evidence.seen.sized.get("ReportIScsiPersistentLoginsW")
        if reply is None or not state(evidence):
            return None
        return [
            answers[reply.status.value]
        ] if reply.status.value in answers else [], f"ReportIScsiPersistentLoginsW ended with {reply.status.symbol}"

    return ask


QUESTIONS: t.Dict[str, t.Callable[[Evidence], Possible]] = {
    "empty_list": _empty_list,
    "list_size_reports": _list_size_reports,
    "text_list_tail": _text_list_tail,
    "unset_options": _unset_options,
    "password_length": _password_length,
    "reported_record": _reported_record,
    "absent_user_name": _absent_user_name,
    "letter_case": _letter_case,
    "ipv6_text": _ipv6_text,
    "null_portal_record": _null_portal_record,
    "second_login_without_multipath": _second_login,
    "portal_identity": _portal_identity,
    "static_target_portals": _static_target_portals,
    "stopped_status": _while(
        lambda evidence: evidence.seen.host.service_state == 1 and evidence.seen.host.elevated != 0,
        {status.SERVICE_NOT_RUNNING: "service_not_running", status.RPC_SERVER_UNAVAILABLE: "rpc_server_unavailable"},
    ),
    "not_elevated_status": _while(
        lambda evidence: evidence.seen.host.elevated == 0 and evidence.seen.host.service_state == 4,
        {status.ACCESS_DENIED: "access_denied", status.by_name("ERROR_ELEVATION_REQUIRED").value: "elevation_required"},
    ),
}
