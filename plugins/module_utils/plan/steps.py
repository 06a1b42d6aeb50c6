# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""A plan: ordered steps, each of which says what it does and why, with a typed payload to make its calls from.

A plan is data. Nothing here compares anything or calls anything.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import host_settings, identity, records
from ..runner import writes
from .desired import DesiredLogin, DesiredPortal
from .ipsec import Ike, Tunnel
from .values import Secret

SetupBytes = t.Optional[Secret]
Shown = t.Union[None, str, t.Dict[str, t.Any], t.List[t.Dict[str, t.Any]]]
SavedRecord = t.TypeVar("SavedRecord", records.PersistentLogin, records.TargetPortal)


class SetService(t.NamedTuple):
    """Start MSiSCSI, or set its start mode. It is done before the host is read, or nothing could be read."""

    value: str


class SetNodeName(t.NamedTuple):
    """Rename the initiator."""

    name: str


class SetSecret(t.NamedTuple):
    """Set a secret of the host."""

    secret: Secret


class SetIke(t.NamedTuple):
    """Store IKE information at one initiator instance."""

    ike: Ike


class SetTunnel(t.NamedTuple):
    """Store the outer address of tunnels at one initiator instance."""

    tunnel: Tunnel


class ListEntry(t.NamedTuple):
    """Add a server or bound device to its list, or remove it."""

    name: str


class RefreshIsnsServers(t.NamedTuple):
    """Ask every iSNS server again for the targets that it knows."""


class BindAllVolumes(t.NamedTuple):
    """Bind every volume that lies on a disk of a saved target."""


class SetHostSettings(t.NamedTuple):
    """Set settings of Windows.

    :param rows: what is written.
    :param effect: when it takes effect; None for at once.
    :param values, services, firewall_rules, claims: what of the host's settings it changes, in their form.
    """

    rows: t.Tuple[writes.Write, ...]
    effect: t.Optional[str]
    values: t.Mapping[str, host_settings.Found] = {}
    services: t.Mapping[str, host_settings.Service] = {}
    firewall_rules: t.Mapping[str, bool] = {}
    claims: t.Optional[t.Tuple[str, ...]] = None


class ChangeStaticTarget(t.NamedTuple):
    """Add a static target, add it again with other properties, or remove it."""

    name: str
    record: records.Discovery
    secret: t.Optional[Secret]


@dataclasses.dataclass
class ChangeRecords(t.Generic[SavedRecord]):
    """Records of one identity: those that are there, and those that shall be, each with the secret to save it with.

    :param desired: what was declared of them; None for what is not declared.
    :param replaces: every record that is there is removed, and those that shall be there are saved.
    :param may_be_refused: Windows may refuse to save what shall be there, so that has to be tried first.
    """

    before: t.List[SavedRecord]
    after: t.List[t.Tuple[SavedRecord, t.Optional[Secret]]]
    desired: t.Optional[t.Union[DesiredLogin, DesiredPortal]] = None
    replaces: bool = False
    may_be_refused: bool = False

    @property
    def secret(self) -> t.Optional[Secret]:
        """The secret that was declared for them."""
        return self.desired.secret if self.desired else None

    @property
    def max_removals(self) -> int:
        """How many removals it takes, should each take one record."""
        return len(self.before) if self.replaces else max(0, len(self.before) - len(self.after))

    @property
    def saves(self) -> bool:
        """Whether anything is to be saved."""
        return self.replaces or len(self.after) > len(self.before)

    @property
    def may_need_saving(self) -> bool:
        """Whether anything is to be saved, or may have to be saved again, since a removal may take every copy."""
        return bool(self.after) and (self.saves or self.max_removals > 0)

    @property
    def sample(self) -> SavedRecord:
        """A record with the identity that all of them share."""
        return self.before[0] if self.before else self.after[0][0]

    @property
    def identity(self) -> identity.Identity:
        """The identity that all of them share."""
        return self.sample.identity


class RefreshPortal(t.NamedTuple):
    """Ask a portal again for its targets. ``record``: the portal as it is saved."""

    record: records.TargetPortal
    must_answer: bool


class LogIn(t.NamedTuple):
    """Open a session."""

    login: records.PersistentLogin
    secret: t.Optional[Secret]
    key: t.Optional[Secret]


class LogOut(t.NamedTuple):
    """End a session."""

    session: records.Session


LoginChange = ChangeRecords[records.PersistentLogin]
PortalChange = ChangeRecords[records.TargetPortal]
AnyChange = t.Union[LoginChange, PortalChange]
Payload = t.Union[
    SetService, SetNodeName, SetSecret, SetIke, SetTunnel, ListEntry, RefreshIsnsServers, BindAllVolumes,
    ChangeStaticTarget, LoginChange, PortalChange, RefreshPortal, LogIn, LogOut,
    SetHostSettings,
]  # fmt: skip


@dataclasses.dataclass
class Step:
    """One thing to be done, and why.

    :param kind: the part that it belongs to.
    :param what: what it is about, in words.
    :param before, after: what a diff shows: plain data without secrets.
    :param observable: whether reading the host again shows what became of it.
    :param sources: by field of ``after``, where its value comes from if the declaration names it only by a profile.
    """

    kind: str
    action: str
    what: str
    reason: str
    payload: Payload
    before: Shown = None
    after: Shown = None
    observable: bool = True
    sources: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def is_removal(self) -> bool:
        """Whether it takes something away and puts nothing in its place."""
        return self.action == "remove"

    @property
    def is_refresh(self) -> bool:
        """Whether it only asks again for what may be known already, which is no change in itself."""
        return self.action == "refresh"

    def describe(self) -> t.Dict[str, str]:
        """As the result and -v show it."""
        return {"kind": self.kind, "action": self.action, "what": self.what, "reason": self.reason}


@dataclasses.dataclass
class Plan:
    """Ordered steps, and what goes with them.

    :param refusals: why nothing may be done at all. Each begins with what it is about and a colon.
    :param kept: what a purge spared, and why.
    :param collateral: by part, records that no step means, but that a removal may take along: they are put back.
    :param peak_logins: how many persistent logins there may be at the same time while it is carried out.
    """

    steps: t.List[Step] = dataclasses.field(default_factory=list)
    refusals: t.List[str] = dataclasses.field(default_factory=list)
    warnings: t.List[str] = dataclasses.field(default_factory=list)
    kept: t.List[str] = dataclasses.field(default_factory=list)
    collateral: t.Dict[str, t.List[AnyChange]] = dataclasses.field(default_factory=dict)
    peak_logins: int = 0
    live_sessions: int = 0  # when it was made

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return any(not step.is_refresh for step in self.steps)

    def diff(self) -> t.Dict[str, t.Dict[str, t.Dict[str, Shown]]]:
        """{'before': {part: {what: shown}}, 'after': {...}}."""
        sides: t.Dict[str, t.Dict[str, t.Dict[str, Shown]]] = {"before": {}, "after": {}}
        for step in self.steps:
            for side, value in (("before", step.before), ("after", step.after)):
                if value is not None:
                    sides[side].setdefault(step.kind, {})[step.what] = value
        return sides

    def of(self, kind: str) -> t.List[Step]:
        """The steps of one part, in order."""
        return [step for step in self.steps if step.kind == kind]

    def changes(self, kind: t.Optional[str] = None) -> t.List[AnyChange]:
        """The changes of saved records, of one part or of all, in order."""
        return [
            step.payload for step in self.steps if isinstance(step.payload, ChangeRecords) and kind in (None, step.kind)
        ]
