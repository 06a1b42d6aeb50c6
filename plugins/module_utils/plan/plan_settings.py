# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Plans for what is the host's own: service, node name, secrets, IPsec, lists of servers and bound devices."""

from __future__ import annotations

import dataclasses
import typing as t

from ..abi import codecs
from ..model import addresses, identity
from .ipsec import Ike, Tunnel
from .planning import Planning
from .properties import Saved
from .steps import (
    BindAllVolumes,
    ListEntry,
    Payload,
    RefreshIsnsServers,
    SetIke,
    SetNodeName,
    SetSecret,
    SetService,
    SetTunnel,
)
from .values import Secret

NOT_SHOWN = "not shown"  # what a diff says of a value that Windows keeps and never shows
Presence = t.Dict[str, bool]  # name -> whether it shall be there
Planner = t.Callable[[Planning, t.Any], None]


def plan_service_state(planning: Planning, wanted: t.Optional[str]) -> None:
    """``started`` is the only state that can be declared."""
    state = planning.snapshot.host.service_state
    _plan_service(planning, "state", "started" if state == "running" else state, wanted)


def plan_service_start_mode(planning: Planning, wanted: t.Optional[str]) -> None:
    """How MSiSCSI starts at boot."""
    _plan_service(planning, "start_mode", planning.snapshot.host.service_start_mode, wanted)


def _plan_service(planning: Planning, option: str, now: t.Optional[str], wanted: t.Optional[str]) -> None:
    if wanted is None or now == wanted:
        return
    found = f"MSiSCSI is {now}" if now else f"the {option} of MSiSCSI could not be read"
    planning.add("service", "set", option, f"{found}, declared {wanted}", SetService(wanted), now, wanted)


def plan_node_name(planning: Planning, wanted: t.Optional[str]) -> None:
    """The name of the initiator; Windows compares names without letter case."""
    if wanted is None:
        return
    now = planning.snapshot.initiator.node_name if planning.snapshot.initiator else None
    if (now or "").lower() != wanted.lower():
        planning.add("node_name", "set", "node name", "the node name differs", SetNodeName(wanted), now, wanted)


# -- what Windows keeps and never shows --------------------------------------------------------------------------------


def uses_mutual_chap(record: Saved) -> bool:
    """Whether the host's mutual CHAP secret serves it."""
    mutual = codecs.AUTH_TYPES.values["mutual_chap"]
    return record.login_options is not None and record.login_options.auth_type == mutual


def uses_ipsec(record: Saved) -> bool:
    """Whether a preshared key serves it."""
    login_flags = record.login_options.login_flags if record.login_options is not None else 0
    enabled = (record.security_flags or 0) & codecs.SECURITY_FLAGS.bits["ike_ipsec_enabled"]
    return bool(enabled or login_flags & codecs.LOGIN_FLAGS.bits["require_ipsec"])


def uses_tunnels(record: Saved) -> bool:
    """Whether the outer address of a tunnel serves it."""
    return bool((record.security_flags or 0) & codecs.SECURITY_FLAGS.bits["tunnel_mode_preferred"])


class HiddenSetting(t.NamedTuple):
    """A setting that cannot be read, nor whether it is set.

    With update_secret on_create it is set until something that uses it is saved, from when on it is taken for set.

    :param lists: the parts of a snapshot in which it may be used; ``is_used`` says by which entries.
    """

    part: str
    title: str
    lists: t.Tuple[str, ...]
    is_used: t.Callable[[t.Any], bool]

    def reason(self, planning: Planning) -> t.Optional[str]:
        """Why it is to be set, or None where it is taken for set."""
        if planning.declaration.update_secret == "always":
            return "update_secret is always"
        users = (entry for name in self.lists for entry in getattr(planning.snapshot, name) or ())
        return None if any(map(self.is_used, users)) else "nothing that is saved uses it yet"

    def plan_secret(self, planning: Planning, secret: t.Optional[Secret]) -> None:
        """A secret of the host."""
        reason = self.reason(planning)
        if secret is not None and reason:
            self._add(planning, self.title, reason, SetSecret(secret), "set")

    def plan_at_instances(self, planning: Planning, entries: t.Optional[t.Sequence[t.Union[Ike, Tunnel]]]) -> None:
        """Entries that are stored at initiator instances: at the one declared, or at each."""
        reason = self.reason(planning)
        if entries is None or not reason:
            return
        instances = planning.require_instances(self.part)
        planned: t.Set[str] = set()
        for entry in entries:
            planning.plan.warnings += [f"{entry.label()}: {line}" for line in entry.warnings()]
            named = entry.initiator_instance
            for instance in [planning.spell_instance(entry.where, named)] if named else instances:
                what = f"{entry.label()} from {identity.source(instance, entry.initiator_port)}"
                if what in planned:
                    planning.refuse(entry.where, f"declares {what} a second time. Remove one of the two entries.")
                    continue
                planned.add(what)
                placed = dataclasses.replace(entry, initiator_instance=instance)
                payload = SetIke(placed) if isinstance(placed, Ike) else SetTunnel(placed)
                self._add(planning, what, reason, payload, entry.show())

    def _add(self, planning: Planning, what: str, reason: str, payload: Payload, after: t.Any) -> None:
        reason += "; Windows does not show its current value, so it cannot be compared"
        planning.add(self.part, "set", what, reason, payload, NOT_SHOWN, after, observable=False)


_RECORDS = ("persistent_logins", "target_portals")
CHAP_SECRET = HiddenSetting("chap_secret", "mutual CHAP secret", _RECORDS, uses_mutual_chap)
RADIUS_SECRET = HiddenSetting("radius_secret", "RADIUS shared secret", ("radius_servers",), bool)
GROUP_PRESHARED_KEY = HiddenSetting("group_preshared_key", "group preshared key", _RECORDS, uses_ipsec)
IKE = HiddenSetting("ike", "IKE information", _RECORDS, uses_ipsec)
TUNNELS = HiddenSetting("tunnel_outer_addresses", "tunnel outer address", _RECORDS, uses_tunnels)


# -- lists of names ----------------------------------------------------------------------------------------------------


def plan_list(part: str, title: str) -> Planner:
    """A planner for a list of names: servers, bound devices. ``title``: one of its entries in words."""

    def plan(planning: Planning, wanted: t.Optional[Presence]) -> None:
        purge = part in planning.declaration.purge
        if wanted is None and not purge:
            return
        now = getattr(planning.snapshot, part)
        if now is None:
            planning.refuse(
                part,
                f"this initiator does not support listing its {title}s, so they cannot be managed. Leave {part} out.",
            )
        elif purge and not any((wanted or {}).values()):
            refuse_empty_purge(planning, part)
        else:
            _compare_names(planning, part, now, wanted or {}, purge)

    return plan


def _compare_names(planning: Planning, part: str, now: t.Sequence[str], wanted: Presence, purge: bool) -> None:
    there = {addresses.canonical(name) for name in now}
    declared = {addresses.canonical(name): (name, present) for name, present in wanted.items()}
    for key, (name, present) in declared.items():
        if present and key not in there:
            planning.add(part, "add", name, "declared, but missing", ListEntry(name), after=name)
        for found in now if not present else ():  # one address may be there in several spellings
            if addresses.canonical(found) == key:
                planning.add(part, "remove", found, "declared absent", ListEntry(found), before=found)
    for name in now:
        if purge and addresses.canonical(name) not in declared:
            planning.add(part, "remove", name, f"undeclared, and {part} is purged", ListEntry(name), before=name)


def refuse_empty_purge(planning: Planning, part: str) -> None:
    """A purge with nothing declared is more likely a mistake than a wish."""
    planning.refuse(
        part, "purge with no entry declared would remove all of them. To remove all, declare each with state: absent."
    )


def plan_refresh_isns_servers(planning: Planning, wanted: t.Optional[bool]) -> None:
    """Ask the iSNS servers again; what they answer shows in the list of targets, if at all."""
    if wanted:
        planning.add(
            "refresh_isns_servers",
            "refresh",
            "all iSNS servers",
            "refresh_isns_servers is true",
            RefreshIsnsServers(),
            observable=False,
        )


def plan_bind_all_volumes(planning: Planning, wanted: t.Optional[bool]) -> None:
    """Bind whatever volumes there are. It is not compared: Windows alone knows which these would be."""
    if wanted:
        planning.add(
            "bind_all_volumes", "refresh", "all volumes", "bind_all_volumes is true", BindAllVolumes(), observable=False
        )
