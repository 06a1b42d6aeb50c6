# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a case, and compare the host by content with what the run reports.

The rules:

- A record that was there when the change began, and was not to go, is there afterwards with the same content, or the
  result names it.
- A record that is there more often than before, though nobody declared or saved it, is named too.
- Where the result reports no problem, what was declared is there: with every option that was declared, and with the
  other options of a record that was there before.
- A refused plan, and a host that could not be read, leave the host as it was.
- A run reports a change exactly if there was one, and a second one has nothing to do.
- Nothing but the documented exceptions is raised.
"""

from __future__ import annotations

import collections

from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import CallError
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.identity import OMITTED, label
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.apply import OutcomeUnknown, PlanRejected, apply
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner.executor import failed
from ansible_collections.winstorage.iscsi.tests.unit.support.contents import Contents, content_of
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Dropped, Host

WRITES = (
    "LoginIScsiTargetW",
    "RemoveIScsiPersistentTargetW",
    "AddIScsiSendTargetPortalW",
    "RemoveIScsiSendTargetPortalW",
)


class Violation(BaseException):
    """A rule that a run broke. No Exception, for that would be taken for a failure of the engine where others act.

    :param rule: which, in words that are the same for all cases.
    """

    def __init__(self, rule, detail=""):
        super().__init__(f"{rule}: {detail}" if detail else rule)
        self.rule = rule


class Controller:
    """One declaration applied to a host, and what the host was like around its change."""

    def __init__(self, host, plain):
        self.host, self.plain = host, plain
        self.started = None  # Contents when the change began
        self.disturbed = False  # whether somebody else acted
        self.misled = any(fault.kind in ("empty", "partial") for fault in host.faults.values())
        self.by_others = collections.Counter(), collections.Counter()  # what others removed and added since

    def run(self):
        """Apply the declaration, and check the rules."""
        first = Contents(self.host)
        act = self.host.between.get(1)
        self.host.between[1] = lambda host: self._begin(host, act)
        outcome = error = None
        try:
            outcome = apply(self.host, parse(self.plain))
        except (PlanRejected, OutcomeUnknown, CallError, Dropped) as problem:
            error = problem
        except Exception as problem:
            raise Violation(f"{type(problem).__name__} was raised", problem) from problem
        self.after = Contents(self.host)
        if self.started is None:
            if Contents(self.host).flat() != first.flat():
                raise Violation("the host changed, though nothing but reading was sent")
            if outcome is not None and outcome.changed:
                raise Violation("changed is true, and no change was sent")
            return outcome
        self._check_losses(outcome, error)
        if outcome is not None:
            self._check_surplus(outcome)
            self._check_declared(outcome)
            self._check_changed(outcome)
        return outcome

    def _begin(self, host, act):
        if act is not None:
            self.disturbed = True
            act(host)
        self.started = Contents(host)
        self.by_others = collections.Counter(), collections.Counter()

    def note(self, act):
        """Let somebody else act, and remember what this took and brought."""
        self.disturbed = True
        before = Contents(self.host).flat()
        try:
            act()
        except Exception as problem:
            raise Violation("nobody could act", repr(problem)) from problem
        after = Contents(self.host).flat()
        self.by_others[0].update(before - after)
        self.by_others[1].update(after - before)

    # -- rules ---------------------------------------------------------------------------------------------------------

    def declared(self):
        """{(kind, identity): what is declared of it}: of each record that a declaration means, or names whole."""
        found = {}
        for kind in ("persistent_logins", "target_portals"):
            for plain in self.plain.get(kind) or ():
                desired = parse({kind: [dict(plain)]}).values[kind][0]
                known = self._meant(kind, desired)
                for identity in known or ([] if desired.omitted else [desired.record.identity]):
                    found[kind, identity] = plain
        return found

    def _meant(self, kind, desired):
        """The identities that were there and that a declaration means."""
        there = [identity for identity, contents in self.started.found[kind].items() if contents]
        return [identity for identity in there if desired.selector.matches(identity)]

    def _is_wanted(self, kind, identity):
        """Whether a record was declared, or made for a declaration that leaves a part of it open."""
        return (
            (kind, identity) in self.declared()
            or any(
                parse({kind: [dict(plain)]}).values[kind][0].selector.matches(identity)
                for plain in self.plain.get(kind) or ()
            )
            or self._for_any_portal(kind, identity, always=True) is not None
        )

    def _may_be_resolved(self, kind, identity):
        """Whether Windows may have saved a login for any portal with a portal of its own choice."""
        dialect = self.host.state["dialect"]["null_portal_record"]
        return kind == "persistent_logins" and identity.portal is None and dialect == "resolved"

    def _kept(self):
        """(kind, identity, contents before, what is declared of it or None) of all that is not to go as a whole."""
        declared, purged = self.declared(), self.plain.get("purge") or ()
        for kind, by_identity in self.started.found.items():
            for identity, contents in by_identity.items():
                plain = declared.get((kind, identity))
                if plain is None and kind in purged or plain is not None and plain.get("state") == "absent":
                    continue
                if self._may_be_resolved(kind, identity):
                    continue
                yield kind, identity, contents, plain or self._for_any_portal(kind, identity)

    def _for_any_portal(self, kind, identity, always=False):
        """The declaration for any portal that a login may stand for, and that saves it anew or more than once.

        :param always: also one that saves it only where it is missing.
        """
        for plain in self.plain.get(kind) or ():
            saves = plain.get("update_secret") == "always" or plain.get("copies", 1) > 1
            if plain.get("portal") == "any" and plain.get("state") != "absent" and (saves or always):
                selector = parse({kind: [dict(plain)]}).values[kind][0].selector
                if selector._replace(portal=OMITTED).matches(identity):
                    return plain
        return None

    def _check_losses(self, outcome, error):
        named = outcome.lost if outcome is not None else getattr(error, "at_risk", {})
        entries = collections.Counter(content_of(entry)[0] for entries in named.values() for entry in entries)
        text = " ".join(outcome.problems) if outcome is not None else ""
        for kind, identity, contents, plain in self._kept():
            now = self.after.found[kind][identity]
            name = self.started.names[kind, identity]
            excused = collections.Counter(
                {content: count for (k, i, content), count in self.by_others[0].items() if (k, i) == (kind, identity)}
            )
            if plain is None:
                missing = contents - now - excused
            else:
                few = min(sum(contents.values()), plain.get("copies", 1)) - sum(now.values()) - sum(excused.values())
                missing = collections.Counter(dict(list(contents.items())[:1])) if few > 0 else collections.Counter()
            for content in missing:
                if not (entries[content[0]] or plain is not None and name in named or name in text):
                    raise Violation("a record is gone without a word", f"{name}, {_shown(content[0])}")

    def _check_surplus(self, outcome):
        text = " ".join(outcome.warnings + outcome.problems)
        for kind, by_identity in self.after.found.items():
            for identity, contents in by_identity.items():
                if self._is_wanted(kind, identity):
                    continue
                added = {c: n for (k, i, c), n in self.by_others[1].items() if (k, i) == (kind, identity)}
                surplus = contents - self.started.found[kind][identity] - collections.Counter(added)
                if surplus and self.after.names[kind, identity] not in text and kind == "persistent_logins":
                    raise Violation("a record is there more often, without a word", self.after.names[kind, identity])

    def _check_declared(self, outcome):
        if outcome.problems or any(self.by_others):
            return
        for (kind, identity), plain in self.declared().items():
            if kind == "target_portals" or self._may_be_resolved(kind, identity):
                continue
            if identity.portal is None and not self.started.found[kind][identity]:
                continue  # a login through a portal may stand for it
            contents = self.after.found[kind][identity]
            name = self.after.names.get((kind, identity), str(identity))
            wanted = 0 if plain.get("state") == "absent" else plain.get("copies", 1)
            names = {label(record) for record in outcome.before.persistent_logins or () if record.identity == identity}
            kept = [line for line in outcome.plan.kept if "copies are kept" in line and line.split(": ")[0] in names]
            if kept and sum(contents.values()) > wanted:
                continue  # lest a record with an unknown secret go with them
            if sum(contents.values()) != wanted:
                raise Violation(
                    "no problem is reported, and a record is there more or less often than declared",
                    f"{name}, {sum(contents.values())} times, not {wanted}",
                )
            allowed = self._merged(self.started.found[kind][identity], plain)
            if "secret" in plain:
                contents = _without_secrets(contents)
            if allowed and not (contents <= allowed if wanted <= sum(allowed.values()) else allowed <= contents):
                raise Violation(
                    "a record has other options than before and those declared",
                    f"{name}, now {[_shown(options) for options, _secret in contents]}",
                )

    @staticmethod
    def _merged(contents, plain):
        """Contents with what is declared in place of what was there; secrets are left to what was declared."""
        merged = collections.Counter()
        for (options, secret), count in contents.items():
            own = dict(options)
            own.update((name, repr(value)) for name, value in plain.items() if name in own)
            merged[tuple(sorted(own.items())), None if "secret" in plain else secret] += count
        return merged

    def _check_changed(self, outcome):
        if self.disturbed or self.misled:
            return
        same = self.started.flat() == self.after.flat()
        if not same and not outcome.changed:
            raise Violation("the host was changed, and changed is false")
        written = any(
            export in WRITES and not failed(code) for batch in self.host.batches[1:] for export, code in batch
        )
        if same and outcome.changed and not written:
            raise Violation("changed is true, and nothing was changed")


def _shown(options):
    """Options without those that say nothing."""
    return {name: value for name, value in options if value not in ("'unspecified'", "''", "[]", "None")}


def _without_secrets(contents):
    bare = collections.Counter()
    for (options, _secret), count in contents.items():
        bare[options, None] += count
    return bare


def _saves_secrets(plain):
    return any(entry.get("update_secret") == "always" for entry in plain.get("persistent_logins", ()))


def run(case):
    """Run a case and check the rules.

    :raises Violation:
    """
    host = Host(case.host_file(), case.dialect)
    host.faults = dict(case.faults)
    controller = Controller(host, case.declared)
    for action in case.actions:
        _schedule(action, controller)
    outcome = controller.run()
    if (
        outcome is not None
        and not outcome.problems
        and not case.actions
        and not case.faults
        and not _saves_secrets(case.declared)
    ):
        second = apply(Host.copy(host), parse(case.declared))
        if second.changed or second.problems:
            raise Violation("a second run has something to do", f"{[step.describe() for step in second.plan.steps]}")


def _schedule(action, controller):
    host = controller.host

    def act():
        controller.note(lambda: _act(action, host))

    if action.call is None:
        before = host.between.get(action.batch)
        host.between[action.batch] = lambda same: (before and before(same), act())
    else:
        host.during.setdefault(action.batch, {})[action.call] = act


def _act(action, host):
    logins = host.state["persistent_logins"]
    if action.kind == "apply":
        Controller(host.copy_of_state(), action.value).run()
    elif action.kind == "save":
        logins.append(host.entry(action.value))
    elif logins:
        number, options = action.value
        index = number % len(logins)
        if action.kind == "remove":
            del logins[index]
        else:
            plain = {"target": logins[index]["TargetName"], "portal": None, "login_options": options}
            logins[index] = dict(logins[index], LoginOptions=host.entry(plain)["LoginOptions"])
