# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Which saved records each declaration means.

The parts of an identity that a declaration leaves out stand for whatever is there. So one declaration can mean several
records: each becomes a declaration of its own, with its whole identity. A record that several declarations match
belongs to the narrowest. Where a declaration that asks for presence matches nothing, the parts that it leaves out are
filled in as Windows would: any port, the only initiator instance, the portal that the target is known by.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import addresses, identity, records
from ..model.identity import OMITTED, Identity, Selector
from .planning import Planning
from .properties import Saved

_Groups = t.Mapping[Identity, t.Sequence[t.Any]]


@dataclasses.dataclass
class Selection:
    """Declarations with whole identities, and those of absence that match nothing.

    :param declared: one for each record that is meant, in the order of the declarations.
    :param unmatched: what is declared absent, and is.
    """

    declared: t.List[t.Any] = dataclasses.field(default_factory=list)
    unmatched: t.List[t.Any] = dataclasses.field(default_factory=list)


def select(
    planning: Planning, wanted: t.Optional[t.Sequence[t.Any]], groups: _Groups, may_omit_instance: bool
) -> Selection:
    """Find the records that each declaration means, or complete it for the record that it asks for.

    :param groups: the saved records by identity.
    :param may_omit_instance: a record may be saved for no instance in particular.
    """
    return _Selecting(planning, wanted or (), groups, may_omit_instance).select()


class _Selecting:
    def __init__(self, planning: Planning, wanted: t.Sequence[t.Any], groups: _Groups, may_omit_instance: bool) -> None:
        self.planning, self.groups, self.may_omit_instance = planning, groups, may_omit_instance
        self.wanted = _without_duplicates(planning, wanted)
        self.of_target: t.Dict[str, t.List[t.Any]] = {}
        for desired in self.wanted:
            self.of_target.setdefault(desired.selector.target, []).append(desired)
        # by target and portal, so that a target with many portals takes no longer
        self.at_portal: t.Dict[t.Any, t.List[t.Any]] = {}
        for desired in self.wanted:
            self.at_portal.setdefault((desired.selector.target, desired.selector.portal), []).append(desired)
        self.owned: t.Dict[int, t.List[Identity]] = {}
        self.free: t.Dict[str, t.List[Identity]] = {}
        for each in groups:
            owners = self._owners(each)
            for owner in owners:
                self.owned.setdefault(id(owner), []).append(each)
            if not owners:
                self.free.setdefault(each.target, []).append(each)

    def select(self) -> Selection:
        selection = Selection()
        for desired in self.wanted:
            meant = self.owned.get(id(desired)) or self._resolved_by_windows(desired)
            for each in sorted(meant, key=lambda found: found.sort_key):
                selection.declared.append(_fill_in(self.planning, desired, self.groups[each][0]))
            if not meant and not desired.present:
                selection.unmatched.append(desired)
                self._warn_of_near_matches(desired)
            elif not meant and not self._is_met_by_narrower(desired) and not self._like_declared(desired, any):
                made = complete(self.planning, desired, self.may_omit_instance)
                self._refuse_no_instance(desired)
                self._refuse_contradiction(desired, made)
                self._refuse_confusion(desired, made)
                selection.declared.append(made)
        return selection

    def _owners(self, found: Identity) -> t.List[t.Any]:
        """The narrowest declaration that means a record; several are refused."""
        places = (found.target, found.portal), (found.target, OMITTED)
        matching = [
            desired for place in places for desired in self.at_portal.get(place, ()) if desired.selector.matches(found)
        ]
        narrowest = [
            desired
            for desired in matching
            if not any(other.selector.is_narrower_than(desired.selector) for other in matching)
        ]
        if len(narrowest) > 1:
            self._refuse_ambiguity(narrowest, self.groups[found][0])
        return narrowest

    def _resolved_by_windows(self, desired: t.Any) -> t.List[Identity]:
        """What a login for any portal may have become: Windows may save it with a portal of its own choice.

        So where none is saved for any portal, every login counts that nobody else declares and that has the declared
        options. Where only some of one identity have them, the others are left alone, unless they are purged.
        """
        if not desired.present:
            return []
        purged = "persistent_logins" in self.planning.declaration.purge
        return self._like_declared(desired, all) or (self._like_declared(desired, any) if purged else [])

    def _like_declared(self, desired: t.Any, which: t.Callable[[t.Iterable[bool]], bool]) -> t.List[Identity]:
        """Those that a login for any portal could be taken for and of which all, or any, have the declared options."""
        return [
            each
            for each in self._taken_for_any_portal(desired)
            if which(not desired.differing_options(found) for found in self.groups[each])
        ]

    def _taken_for_any_portal(self, desired: t.Any) -> t.List[Identity]:
        """The logins that nobody declares, and that a login for any portal could be taken for."""
        if not _is_for_any_portal(desired):
            return []
        selector = desired.selector._replace(portal=OMITTED)
        return [each for each in self.free.get(selector.target, ()) if selector.matches(each)]

    def _is_met_by_narrower(self, desired: t.Any) -> bool:
        return any(
            other.present and other.selector.is_narrower_than(desired.selector)
            for other in self.of_target[desired.selector.target]
        )

    def _refuse_confusion(self, desired: t.Any, made: t.Any) -> None:
        """A login that is saved for any portal may come back with one, and then be taken for another login.

        Not so where the host lists a login for any portal as such.
        """
        if not _is_for_any_portal(desired) or any(each.portal is None for each in self.groups):
            return
        for other in self.of_target[desired.selector.target]:
            through_any = other.selector._replace(portal=OMITTED)
            if other is desired or not through_any.matches(made.record.identity):
                continue
            if not other.present and other.selector.matches(made.record.identity):
                continue  # a contradiction on any host, and told as one
            consequence = (
                "the two could no longer be told apart"
                if other.present
                else f"that may be the one that {other.where} declares absent"
            )
            self.planning.refuse(
                desired.where,
                f"asks for a login through any portal beside {other.where}. Windows may save it with one of the "
                f"target's portals, and {consequence}. Declare its portal.",
            )
        self._warn_of_confusion(desired, made)

    def _warn_of_confusion(self, desired: t.Any, made: t.Any) -> None:
        for each in self._taken_for_any_portal(desired):
            neighbour = identity.label(self.groups[each][0])
            self.planning.plan.warnings.append(
                f"{identity.label(made.record)} is saved beside {neighbour}, which has other options. It may be the "
                "same login, which Windows saved with a portal of its own choice. To change that one, declare the "
                "portal that it has."
            )

    def _refuse_no_instance(self, desired: t.Any) -> None:
        """Windows may save a login without an instance for one of its own choice: it would be missing in each run."""
        if self.may_omit_instance or desired.record.initiator_instance or "initiator_instance" in desired.omitted:
            return
        self.planning.refuse(
            desired.where,
            "asks for a login of no initiator instance, but Windows may save it for one of the host's. Leave "
            "initiator_instance out, or name one.",
        )

    def _refuse_contradiction(self, desired: t.Any, made: t.Any) -> None:
        """What is saved for one declaration must not be what another means too, or the next run would be refused."""
        for other in self.of_target[desired.selector.target]:
            if other is desired or not other.selector.matches(made.record.identity):
                continue
            if not other.present:
                self.planning.refuse(
                    desired.where,
                    f"asks for {identity.label(made.record)}, which {other.where} declares absent. Name more of the "
                    "record in one of the two entries.",
                )
            elif not desired.selector.is_narrower_than(other.selector):
                self._refuse_ambiguity([other, desired], made.record)

    def _refuse_ambiguity(self, entries: t.Sequence[t.Any], record: Saved) -> None:
        first, second = [desired for desired in self.of_target[entries[0].selector.target] if desired in entries][:2]
        self.planning.refuse(
            second.where,
            f"means the same record as {first.where}: {identity.label(record)}. Name more of the record in one of the "
            "two entries.",
        )

    def _warn_of_near_matches(self, desired: t.Any) -> None:
        """Nothing is removed, but what is there may be what was meant: only a number or the instance differs."""
        if desired.record.portal is None:
            return
        address = addresses.canonical(desired.record.portal.address)
        near = [
            identity.label(self.groups[each][0])
            for each in self.free.get(desired.selector.target, ())
            if each.portal is not None and each.portal[0] == address
        ]
        if near:
            self.planning.plan.warnings.append(
                f"{desired.where}: what is declared absent is not there, but {' and '.join(near)} is, and stays. Leave "
                "initiator_port and initiator_instance out to mean every port and instance."
            )


def _is_for_any_portal(desired: t.Any) -> bool:
    return desired.record.portal is None and "portal" not in desired.omitted


def _without_duplicates(planning: Planning, wanted: t.Sequence[t.Any]) -> t.List[t.Any]:
    """Two declarations of the same contradict each other, or one of them is too many."""
    first: t.Dict[Selector, t.Any] = {}
    for desired in wanted:
        other = first.setdefault(desired.selector, desired)
        if other is not desired:
            planning.refuse(
                desired.where,
                f"declares the same record as {other.where}: {describe(desired)}. Remove one of the two entries.",
            )
    return list(first.values())


def _fill_in(planning: Planning, desired: t.Any, found: Saved) -> t.Any:
    """The declaration for a record that is there."""
    place = {name: getattr(found, name) for name in desired.omitted | {"initiator_instance"}}
    if isinstance(found, records.PersistentLogin) and _is_for_any_portal(desired):
        place["portal"] = found.portal
    return desired.at(**place)


def complete(planning: Planning, desired: t.Any, may_omit_instance: bool = False) -> t.Any:
    """The declaration for a record that is not there yet, with all that it leaves out filled in."""
    place: t.Dict[str, t.Any] = {"initiator_port": None} if "initiator_port" in desired.omitted else {}
    if "initiator_instance" not in desired.omitted:
        named = desired.record.initiator_instance
        place["initiator_instance"] = named and planning.spell_instance(desired.where, named)
    elif may_omit_instance:
        place["initiator_instance"] = ""
    elif len(planning.instances) == 1:
        place["initiator_instance"] = planning.instances[0]
    else:
        planning.refuse_ambiguous_instance(desired.where, sorted(planning.instances, key=str.lower))
    if "portal" in desired.omitted:
        place["portal"] = _known_portal(planning, desired)
    return desired.at(**place)


def _known_portal(planning: Planning, desired: t.Any) -> t.Optional[records.Portal]:
    """The one portal that a target is known by."""
    known = {
        (addresses.canonical(portal.address), portal.port): records.Portal(portal.address, portal.port)
        for portal in planning.portals_of(desired.record.target)
    }
    if len(known) == 1:
        return next(iter(known.values()))
    if known:
        listed = ", ".join(addresses.host_port(*key) for key in sorted(known))
        planning.refuse(
            f"{desired.where}.portal",
            f"{desired.record.target} is known by several portals: {listed}. Declare one of them, or portal: any.",
        )
    else:
        planning.refuse(
            f"{desired.where}.portal",
            f"the initiator knows no portal of {desired.record.target}. Declare the portal, or portal: any.",
        )
    return None


def describe(desired: t.Any) -> str:
    """What a declaration means, in words."""
    if not desired.omitted:
        return identity.label(desired.record)
    target = getattr(desired.record, "target", "")
    portal = desired.record.portal
    through = addresses.host_port(portal.address, portal.port) if portal else ""
    return " through ".join(filter(None, (target, through)))
