# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What tells one saved record from another: the one identity that facts, plans, audits and reports use.

A persistent login is identified by its target, initiator instance, initiator port and portal; a target portal by the
last three. Names compare without letter case (observed: os-win), addresses in canonical form. Records of one identity
are legal and may differ in everything else.
"""

from __future__ import annotations

import enum
import typing as t

from . import addresses

PortalKey = t.Tuple[str, int]


class Identity(t.NamedTuple):
    """``target`` is empty for a target portal; ``initiator_instance`` may be empty; None means any port, any portal."""

    target: str
    initiator_instance: str
    initiator_port: t.Optional[int]
    portal: t.Optional[PortalKey]

    @property
    def without_instance(self) -> Identity:
        """The same, but at any initiator instance."""
        return self._replace(initiator_instance="")

    @property
    def sort_key(self) -> t.Tuple[str, str, int, PortalKey]:
        """For lists in a stable order; any port and any portal come first."""
        port = -1 if self.initiator_port is None else self.initiator_port
        return self.target, self.initiator_instance, port, self.portal or ("", 0)


class Omitted(enum.Enum):
    """The type of :data:`OMITTED`, which no value of an identity is."""

    OMITTED = "omitted"


OMITTED = Omitted.OMITTED


class Selector(t.NamedTuple):
    """Which records a declaration means: what it leaves out is :data:`OMITTED` and stands for whatever is there.

    The other values are those of an :class:`Identity`. So a port of None means only what was saved for any port.
    """

    target: str
    initiator_instance: t.Union[Omitted, str]
    initiator_port: t.Union[Omitted, None, int]
    portal: t.Union[Omitted, None, PortalKey]

    def matches(self, other: t.Union[Identity, Selector]) -> bool:
        """Whether everything that is named here is the same there."""
        return all(value is OMITTED or value == theirs for value, theirs in zip(self, other))

    def is_narrower_than(self, other: Selector) -> bool:
        """Whether every record that this one means is meant by the other, too, but not the reverse."""
        return self != other and other.matches(self)


def identity(record: t.Any) -> Identity:
    """The identity of a login or target portal. Records compute it once: see their attribute ``identity``."""
    portal = record.portal and (addresses.canonical(record.portal.address), record.portal.port)
    return Identity(
        getattr(record, "target", "").lower(), record.initiator_instance.lower(), record.initiator_port, portal or None
    )


def label(record: t.Any) -> str:
    """A record's identity in words."""
    where = addresses.host_port(record.portal.address, record.portal.port) if record.portal else "any portal"
    name = f"{record.target} through " if hasattr(record, "target") else ""
    return f"{name}{where} from {source(record.initiator_instance, record.initiator_port)}"


def source(instance: str, port: t.Optional[int]) -> str:
    """An initiator instance and port in words."""
    return f"{instance or 'any instance'} {'any port' if port is None else f'port {port}'}"


def may_also_remove(removed: Identity, other: Identity) -> bool:
    """Whether the call that removes one record may take another one with it.

    A removal for any instance, port or portal takes every record of the target that the other values match (Microsoft
    documentation of RemoveIScsiPersistentTarget; whether it does so for a record that itself was saved for any port is
    not known, so both are planned for).
    """
    return (
        removed.target == other.target
        and removed.initiator_instance in ("", other.initiator_instance)
        and removed.initiator_port in (None, other.initiator_port)
        and removed.portal in (None, other.portal)
    )
