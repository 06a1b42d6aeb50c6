# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random cases: a host, what is declared for it, what goes wrong, and who else acts. A number determines a case.

Few targets, portals and options, so that records are often neighbours of one another: of one identity but of other
content, copies, and siblings that a removal for any port or any portal reaches as well.
"""

from __future__ import annotations

import dataclasses
import random
import typing as t

from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import dialects
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Fault

TARGETS = ("iqn.2010-06.com.purestorage:flash.1", "iqn.1992-08.com.netapp:tape.2")
FIRST, SECOND = "ROOT\\ISCSIPRT\\0000_0", "ROOT\\ISCSIPRT\\0001_0"
PORTALS = ("10.0.0.1", "10.0.0.2", "fd00::1")
SPELLINGS = {"fd00::1": ("fd00::1", "FD00::0001", "fd00:0:0:0:0:0:0:1")}
SECRETS = ("a secret of 16 B", "another of 14B")
DIALECTS = (*dialects.ALL, *dialects.PRESETS.values())
STATUSES = (0xEFFF0041, 0xEFFF0042, 0xEFFF003F, 0xEFFF001F, 0xEFFF003E, 122, 5)
LARGE_IN = 200  # one host in so many has 250 to 256 logins


class Action(t.NamedTuple):
    """What somebody else does: before a batch (``call`` is None), or before one of its calls.

    :param kind: 'save' or 'remove' one record by hand, 'edit' one in place, or 'apply' a declaration.
    """

    batch: int
    call: t.Optional[int]
    kind: str
    value: t.Any


@dataclasses.dataclass
class Case:
    """All that one run meets. ``logins``, ``portals``: entries of a host file; ``faults``: [(batch, fault), ...]."""

    logins: list
    portals: list
    sessions: list
    declared: dict
    dialect: dict = dataclasses.field(default_factory=dict)
    faults: list = dataclasses.field(default_factory=list)
    actions: list = dataclasses.field(default_factory=list)

    def host_file(self):
        return {
            "service": {"state": "running", "start_mode": "automatic"},
            "network": {
                "arrays": [
                    {
                        "portals": ["10.0.0.1", "10.0.0.2", "[fd00::1]"],
                        "targets": [{"iqn": target, "luns": [lun]} for lun, target in enumerate(TARGETS)],
                    }
                ]
            },
            "initiator": {
                "instances": [
                    {"name": FIRST, "addresses": ["192.0.2.10", "192.0.2.11"]},
                    {"name": SECOND, "addresses": ["192.0.2.20", "192.0.2.21"]},
                ]
            },
            "static_targets": [{"target": target} for target in TARGETS],  # known, whatever portals come and go
            "persistent_logins": self.logins,
            "target_portals": self.portals,
            "sessions": self.sessions,
        }

    def describe(self):
        """As text that a test can be made from."""
        fields = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        return "\n".join(f"    {name} = {value!r}" for name, value in fields if value)


def draw(number):
    """The case of a number."""
    return _Draw(random.Random(number)).case()


class _Draw:
    """Makes a case from one stream of random numbers."""

    def __init__(self, generator):
        self.random = generator

    def often(self, probability):
        return self.random.random() < probability

    def pick(self, *values):
        return self.random.choice(values)

    def case(self):
        large = self.random.randrange(LARGE_IN) == 0
        logins = self.many_logins() if large else self.few_logins()
        portals = self.portals() if self.often(0.4) else []
        sessions = [
            {"target": target, "portal": portal, "login_options": {"login_flags": ["multipath_enabled"]}}
            for target in TARGETS
            for portal in PORTALS[:2]
            if self.often(0.15)
        ]
        case = Case(logins, portals, sessions, self.declaration(logins, portals))
        case.dialect = dict(self.random.choice(DIALECTS) if self.often(0.4) else {})
        if any(login["portal"] is None for login in logins):  # such a login is only where Windows keeps it so
            case.dialect.setdefault("null_portal_record", "empty")
        calls = 600 if large else 60
        if self.often(0.5):
            case.faults = [self.fault(calls)]
        if self.often(0.4):
            case.actions = [self.action(case, calls) for _action in range(self.pick(1, 1, 2))]
        return case

    # -- a host ----------------------------------------------------------------------------------------------------

    def identity(self):
        """Of a login; most are alike."""
        portal = self.pick(None, *PORTALS[:2], *PORTALS)
        return {
            "target": self.pick(TARGETS[0], TARGETS[0], TARGETS[1]),
            "portal": portal and {"address": self.pick(*SPELLINGS.get(portal, [portal]))},
            "initiator_port": self.pick("any", "any", 0, 1),
            "initiator_instance": self.pick(FIRST, FIRST, FIRST, SECOND),
        }

    def options(self):
        """Most logins may have others beside them, for Windows saves no second one without the flag."""
        options = {"login_flags": ["multipath_enabled"]} if self.often(0.8) else {}
        for name, values in (
            ("login_flags", ([], ["multipath_enabled"])),
            ("header_digest", ("none", "crc32c")),
            ("data_digest", ("none", "crc32c")),
            ("maximum_connections", (1, 8)),
            ("default_time2wait", (0, 7)),
            ("username", ("a", "b")),
        ):
            if self.often(0.3):
                options[name] = self.random.choice(values)
        return options

    def login(self, identity=None):
        login = dict(identity or self.identity(), login_options=self.options())
        if self.often(0.15):
            login["login_options"].update(auth_type="chap", username="sql-01", password=self.random.choice(SECRETS))
        return login

    def few_logins(self):
        found = []
        for _login in range(self.pick(1, 2, 3, 3, 4, 5, 7)):
            known = self.random.choice(found) if found and self.often(0.5) else None
            if known is None:
                found.append(self.login())
            elif self.often(0.3):
                found.append(known)  # a copy
            elif self.often(0.5):
                found.append(self.login(_identity_of(known)))  # another content under the same identity
            else:
                found.append(self.login(dict(_identity_of(known), **self.sibling())))
        self.random.shuffle(found)
        return found

    def sibling(self):
        """How an identity differs from one that a removal for any port or any portal reaches with it."""
        if self.often(0.6):
            return {"initiator_port": self.pick("any", 0, 1)}
        return {"portal": self.pick(None, {"address": "10.0.0.1"}, {"address": "10.0.0.2"})}

    def many_logins(self):
        """As many as Windows keeps, or nearly. Their portals are many, and some of them are neighbours."""
        special = self.few_logins()
        number = self.pick(250, 254, 255, 256) - len(special)
        return special + [
            {
                "target": TARGETS[index % 2],
                "portal": {"address": f"10.1.{index // 200}.{index % 200}"},
                "initiator_port": "any",
                "initiator_instance": FIRST,
                "login_options": {"maximum_connections": index % 9},
            }
            for index in range(number)
        ]

    def portals(self):
        found = []
        for _portal in range(self.pick(1, 2, 3)):
            portal = {"address": self.pick(*PORTALS[:2]), "initiator_instance": self.pick("", "", FIRST)}
            portal["initiator_port"] = self.pick("any", 0) if portal["initiator_instance"] else "any"
            portal["login_options"] = self.options()
            found.append(portal)
        return found

    # -- what is declared ----------------------------------------------------------------------------------------

    def declaration(self, logins, portals):
        plain = {}
        if not portals or self.often(0.8):
            wanted = {}
            for _login in range(self.pick(1, 1, 2, 3)):
                known = _identity_of(self.random.choice(logins)) if self.often(0.8) else self.identity()
                desired = self.desired(known)
                wanted[repr([desired[name] for name in ("target", "portal", "initiator_port")])] = desired
            if len(wanted) == 1:  # one alone may mean several
                for name in ("portal", "initiator_port", "initiator_instance"):
                    if self.often(0.1):
                        del desired[name]
            plain["persistent_logins"] = list(wanted.values())
            if self.often(0.1):
                plain["purge"] = ["persistent_logins"]
                plain["purge_connected"] = self.often(0.5)
        if portals and self.often(0.7):
            known = dict(self.random.choice(portals))
            known.update(known.pop("login_options"))
            for name in self.random.sample(sorted(set(known) - {"address", "initiator_instance"}), 1):
                del known[name]
            known["initiator_instance"] = known["initiator_instance"] or "any"
            known.update(self.pick({}, {"header_digest": "crc32c"}, {"state": "absent"}))
            plain["target_portals"] = [known]
            if self.often(0.1):
                plain.setdefault("purge", []).append("target_portals")
        return plain or {"persistent_logins": [self.desired(self.identity())]}

    def desired(self, identity):
        desired = dict(identity, portal=identity["portal"] or "any")
        if self.often(0.3):
            return dict(desired, state="absent")
        desired.update(self.options())
        if self.often(0.4):
            desired["secret"] = self.random.choice(SECRETS)
        if self.often(0.15):
            desired["auth_type"] = self.pick("none", "chap")
        if self.often(0.25):
            desired["copies"] = self.pick(1, 2, 3)
        if "secret" in desired and self.often(0.2):
            desired["update_secret"] = "always"
        return desired

    # -- what goes wrong, and who else acts ------------------------------------------------------------------------

    def fault(self, calls):
        """(number of the batch, what happens at one of its calls)."""
        batch = self.pick(0, 1, 1, 1, 1)
        at = self.random.randrange(calls)
        kind = self.pick("status", "status", "status", "done", "hang", "drop", "cut", "empty", "partial")
        code = self.random.choice(STATUSES) if kind in ("status", "done") else 0
        return batch, Fault(at, kind, code, kind in ("status", "done") and self.often(0.4))

    def action(self, case, calls):
        batch, call = self.pick((1, None), (1, None), (1, self.random.randrange(calls)), (2, None))
        kind = self.pick("save", "save", "remove", "edit", "apply", "apply")
        known = _identity_of(self.random.choice(case.logins))
        if self.often(0.5):
            known.update(self.sibling())
        if kind == "save":
            value = self.login(known)
        elif kind == "apply":
            value = case.declared if self.often(0.5) else self.declaration(case.logins, case.portals)
        else:
            value = self.random.randrange(1 << 16), self.login(known)["login_options"]
        return Action(batch, call, kind, value)


def _identity_of(login):
    return {name: login[name] for name in ("target", "portal", "initiator_port", "initiator_instance")}
