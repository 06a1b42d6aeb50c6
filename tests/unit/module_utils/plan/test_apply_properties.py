# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any host and any declaration: one run makes the host what was declared, or says why not; a second does nothing."""

from __future__ import annotations

import ipaddress

import hypothesis
import pytest
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.model.identity import identity as identify
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.identity import label
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply, desired
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import dialects
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

pytestmark = pytest.mark.usefixtures("no_wire_text")

FLASH, TAPE, STALE = (
    "iqn.2010-06.com.purestorage:flash.1",
    "iqn.1992-08.com.netapp:Tape.2",
    "iqn.2001-05.com.equallogic:gone.3",
)
FIRST, SECOND = "ROOT\\ISCSIPRT\\0000_0", "ROOT\\ISCSIPRT\\0001_0"
SECRET = "a secret of 16 B"
IPV6 = ("fd00::1", "FD00:0:0:0:0:0:0:1", "fd00:0000::0001")
ADDRESSES = ("10.0.0.1", "10.0.0.2", "filer.example.com", *IPV6)
NETWORK = {
    "arrays": [
        {
            "portals": ["10.0.0.1", "10.0.0.2", "[fd00::1]"],
            "targets": [{"iqn": FLASH, "luns": [1, 2]}, {"iqn": TAPE, "luns": [0]}],
        }
    ],
    "names": {"filer.example.com": "10.0.0.2"},
}
DIALECTS = ({}, *dialects.ALL, *dialects.PRESETS.values())
MULTIPATH = {"login_flags": ["multipath_enabled"]}


def one_of_some(*values):
    return st.sampled_from(values)


def options(unspecified):
    """Login options as a host file has them or, with what may be unspecified, as a declaration has them."""
    digest = one_of_some("none", "crc32c", *unspecified)
    number = one_of_some(0, 7, *unspecified)
    return st.fixed_dictionaries(
        {},
        optional={
            "login_flags": one_of_some([], ["multipath_enabled"], ["require_ipsec", "multipath_enabled"]),
            "header_digest": digest,
            "data_digest": digest,
            "maximum_connections": one_of_some(1, 8, *unspecified),
            "default_time2wait": number,
            "default_time2retain": number,
            "username": one_of_some("sql-01", *unspecified),
        },
    )


def spelled(text):
    """A name in some letter case."""
    return one_of_some(text, text.upper(), text.lower())


def identities(targets):
    return st.fixed_dictionaries(
        {
            "target": one_of_some(*targets).flatmap(spelled),
            "portal": st.one_of(
                st.none(), st.sampled_from(ADDRESSES).map(lambda text: {"address": text, "port": 3260})
            ),
            "initiator_port": one_of_some(None, 0, 1),
            "initiator_instance": one_of_some(FIRST, FIRST, SECOND),
        }
    )


@st.composite
def saved_logins(draw):
    """What a host may have: copies, records of other spellings, of targets that are gone, with and without CHAP."""
    found = []
    for identity in draw(st.lists(identities((FLASH, TAPE, STALE)), max_size=4)):
        login = dict(
            identity,
            initiator_port="any" if identity["initiator_port"] is None else identity["initiator_port"],
            login_options=draw(options(())),
            security_flags=draw(one_of_some([], ["valid"])),
        )
        if draw(st.booleans()) and draw(st.booleans()):
            login["login_options"] = dict(login["login_options"], auth_type="chap", password=SECRET)
        found += [login] * draw(one_of_some(1, 1, 1, 2, 3))
    return draw(st.permutations(found))


def exactly(identity):
    """An identity with every part named, so that it means no other record."""
    return {name: "any" if value in (None, "") else value for name, value in identity.items()}


@st.composite
def declared_logins(draw, there):
    """Some of what is there, with other options, and some that is not."""
    known = [
        {name: one[name] for name in ("target", "portal", "initiator_port", "initiator_instance")} for one in there
    ]
    new = identities((FLASH, TAPE))
    found = {}
    for identity in draw(st.lists(st.one_of(st.sampled_from(known), new) if known else new, max_size=4)):
        wish = dict(exactly(identity), **draw(options(("unspecified",))))
        wish.update(
            draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "state": one_of_some("present", "present", "absent"),
                        "copies": one_of_some(1, 2, 3),
                        "secret": st.just(SECRET),
                        "update_secret": one_of_some("on_create", "always"),
                        "auth_type": one_of_some("none", "chap"),
                        "symbolic_name": one_of_some("", "site A"),
                        "session_type": one_of_some("data", "informational"),
                    },
                )
            )
        )
        found[identify(desired.persistent_login(wish).record)] = wish
    return list(found.values())


@st.composite
def portals(draw, instances, unspecified=()):
    """One for each address, instance and initiator port; without an instance the port is any."""
    found = {}
    for text in draw(st.lists(one_of_some("10.0.0.1", "10.0.0.2", "fd00::1"), max_size=3)):
        instance = draw(one_of_some(*instances))
        portal = dict(
            draw(options(unspecified)),
            address=text,
            initiator_instance=instance,
            initiator_port=draw(one_of_some(None, 0)) if instance else None,
        )
        found[text, instance, portal["initiator_port"]] = portal
    return list(found.values())


@st.composite
def cases(draw):
    """A host file, a dialect, and a declaration."""
    logins = draw(saved_logins())
    target_portals = [
        {
            "address": one.pop("address"),
            "initiator_instance": one.pop("initiator_instance"),
            "initiator_port": "any" if one["initiator_port"] is None else one["initiator_port"],
            "login_options": {name: value for name, value in one.items() if name != "initiator_port"},
        }
        for one in draw(portals(("", FIRST)))
    ]
    sessions = [
        {"target": target, "portal": portal, "login_options": draw(one_of_some({}, MULTIPATH, MULTIPATH))}
        for target, portal in draw(
            st.lists(st.tuples(one_of_some(FLASH, TAPE), one_of_some("10.0.0.1", "10.0.0.2")), max_size=2)
        )
    ]
    host = {
        "service": {"state": "running", "start_mode": "automatic"},
        "network": NETWORK,
        "persistent_logins": logins,
        "target_portals": target_portals,
        "sessions": sessions,
        "static_targets": [{"target": FLASH, "portal_groups": [["10.0.0.1"]]}, {"target": TAPE}],
        "initiator": {
            "instances": [
                {"name": FIRST, "addresses": ["192.0.2.10", "192.0.2.11"]},
                {"name": SECOND, "addresses": ["192.0.2.20", "192.0.2.21"]},
            ]
        },
    }
    plain = {"persistent_logins": draw(declared_logins(logins))}
    if draw(st.booleans()):
        plain["target_portals"] = [exactly(portal) for portal in draw(portals((FIRST, SECOND), ("unspecified",)))]
    kinds = [kind for kind in ("persistent_logins", "target_portals") if kind in plain]
    plain["purge"] = draw(st.lists(st.sampled_from(kinds), unique=True, max_size=1))
    plain["purge_connected"] = draw(st.booleans())
    dialect = draw(st.sampled_from(DIALECTS))
    if any(login["portal"] is None for login in logins):  # such a login is only where Windows keeps it so
        dialect = {"null_portal_record": "empty", **dialect}
    return host, dialect, plain


def attempt(host, plain, check=False):
    """(report, None) or (None, the refusal)."""
    try:
        return apply.apply(host, declare(plain), check), None
    except apply.PlanRejected as refused:
        return None, refused


def declared_identities(plain):
    """{(kind, identity): how many of it are declared}"""
    return {
        (kind, identify(wish.record)): wish.copies if wish.present else 0
        for kind, make in (("persistent_logins", desired.persistent_login), ("target_portals", desired.target_portal))
        for wish in map(make, plain.get(kind) or ())
    }


def expected(host, plain):
    """Counter of identities that must be there after a run that carried out its plan, but for what a purge takes."""
    found = host.identities()
    found.update(dict.fromkeys(declared_identities(plain), 0))
    for identity, number in declared_identities(plain).items():
        found[identity] = number
    return found


def is_kept(report, identity):
    """Whether a plan keeps surplus copies of an identity, lest a record with an unknown secret go with them."""
    kind, key = identity
    names = {label(record) for record in getattr(report.before, kind) or () if record.identity == key}
    return any(
        line.startswith(f"{name}: ") and "copies are kept" in line for line in report.plan.kept for name in names
    )


def may_be_resolved(identity, plain):
    """Whether it may stand for a login for any portal: Windows may save that with a portal of its own choice."""
    kind, key = identity
    return kind == "persistent_logins" and any(
        wish["portal"] == "any" and identify(desired.persistent_login(wish).record)[:3] == key[:3]
        for wish in plain["persistent_logins"]
    )


@hypothesis.settings(max_examples=2 * hypothesis.settings.default.max_examples)
@hypothesis.given(cases())
def test_one_run_converges_or_refuses_and_the_next_has_nothing_to_do(case):
    state, dialect, plain = case
    host = Host(state, dialect)
    found, meant = host.dump(), expected(host, plain)

    looked, _refusal = attempt(host, plain, check=True)
    assert host.dump() == found, "check mode changed the host"
    report, refusal = attempt(host, plain)
    assert (looked is None) == (report is None), "check mode and the run differ on whether it can be done"
    if refusal:
        assert host.dump() == found, "a refused plan changed the host"
        return
    assert len(host.batches) <= 3 and looked.plan.diff() == report.plan.diff()
    assert looked.changed == report.changed or report.problems, "a run that went well and check mode differ on a change"
    assert not report.lost
    if report.problems:  # what nobody can know beforehand
        refusals = {
            # saved all the same, which no list shows of a secret
            "ISDSC_TARGET_ALREADY_LOGGED_IN": dialect.get("save_while_logged_in") == "refused"
            or (
                dialect.get("save_while_logged_in") == "saved_with_error"
                and report.problems[0].startswith("Saving with the new secret failed for: ")
            ),
            "ISDSC_NO_PORTAL_SPECIFIED": host.state["dialect"]["null_portal_record"] == "resolved",
        }
        assert any(name in report.problems[-1] and possible for name, possible in refusals.items())
        return

    again, _refusal = attempt(
        host,
        {**plain, "persistent_logins": [dict(one, update_secret="on_create") for one in plain["persistent_logins"]]},
    )
    assert again is not None, "what could be declared once is refused the second time"
    assert not again.changed and not again.plan.steps
    now = host.identities()
    stays = {
        identity for identity in meant if identity[0] not in plain["purge"] or identity in declared_identities(plain)
    }
    kept = {identity for identity in stays if is_kept(report, identity)}
    stays -= kept
    stays -= {identity for identity in stays if may_be_resolved(identity, plain)}
    assert {identity: now[identity] for identity in stays} == {identity: meant[identity] for identity in stays}
    more = {identity for identity in set(now) - kept if not may_be_resolved(identity, plain)}
    assert all(now[identity] <= meant[identity] for identity in more), "more is there than before"
    assert all(now[identity] > meant[identity] for identity in kept), "what is kept is no surplus"


@hypothesis.given(cases())
def test_no_secret_is_in_what_a_run_tells(case):
    state, dialect, plain = case
    report, refusal = attempt(Host(state, dialect), plain)
    told = refusal or report
    plan = told.plan
    text = repr((vars(told), plan.diff(), [step.describe() for step in plan.steps], str(refusal), plan.warnings))
    assert SECRET not in text and SECRET.encode().hex() not in text


@hypothesis.settings(max_examples=15)
@hypothesis.given(cases())
def test_check_mode_leaves_the_state_file_as_it_is(tmp_path_factory, case):
    state, dialect, plain = case
    path = tmp_path_factory.mktemp("host") / "host.yml"
    path.write_text(str(dict(state, dialect=dialect)))
    attempt(lambda batch: simulator.run(batch, path), plain, check=True)
    assert [file.name for file in path.parent.iterdir()] == ["host.yml"]


@hypothesis.given(st.ip_addresses())
def test_every_spelling_of_an_address_is_the_same_portal(address):
    texts = {str(address), str(address).upper(), address.exploded, f"[{address}]"}
    texts = texts if isinstance(address, ipaddress.IPv6Address) else {str(address)}
    keys = {identify(desired.persistent_login({"target": FLASH, "portal": text}).record) for text in texts}
    assert len(keys) == 1
