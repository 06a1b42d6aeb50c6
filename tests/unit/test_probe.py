# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe against simulated hosts: what it says of a host is what was set, and the host is as before."""

from __future__ import annotations

import hypothesis
import pytest
import yaml
from hypothesis import strategies

from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import dialects
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import state as states
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Dropped, Host
from ansible_collections.winstorage.iscsi.tests.windows import probe

pytestmark = pytest.mark.usefixtures("no_wire_text")

LAB = probe.Lab("192.0.2.50", 3260, "iqn.2004-01.com.example:lab")
NETWORK = {
    "arrays": [
        {"name": "lab", "portals": [LAB.address], "targets": [{"iqn": LAB.target, "luns": [0]}]},
        {
            "name": "other",
            "portals": ["192.0.2.60", "2001:db8::60"],
            "targets": [{"iqn": "iqn.2004-01.com.example:other"}],
        },
    ]
}
FRESH = {"network": NETWORK, "service": {"state": "running", "start_mode": "manual"}}
OTHER = {"target": "iqn.2004-01.com.example:other", "portal": "192.0.2.60"}
IN_USE = dict(
    FRESH,
    target_portals=["192.0.2.60"],
    sessions=[OTHER],
    isns_servers=["192.0.2.70"],
    static_targets=[{"target": "iqn.2004-01.com.example:archive"}],
    persistent_logins=[dict(OTHER, copies=2), dict(OTHER, portal=None), dict(OTHER, portal="2001:db8::60")],
)
# Found by stopping the service, or by a user without rights: not on every host.
NEEDS_A_RESTART = {"restart_replays", "stopped_status"}
ELEVATED_ONLY = "not_elevated_status"


def asked(host, lab=LAB, stoppable=True):
    def stop():
        host.state["service"]["state"] = "stopped"

    found = probe.Probe(host, lab, stop=stop if stoppable else None, wait=lambda _seconds: None).run()
    return {name: finding.answer for name, finding in found.items()}


def kept(host):
    """What the host keeps of itself; what it remembers of portals that it asked once does not count."""
    state = host.dump()
    return {
        name: state.get(name)
        for name in (
            "persistent_logins",
            "target_portals",
            "static_targets",
            "sessions",
            "service",
            "isns_servers",
            "persistent_devices",
            "initiator",
        )
    }


def expected(dialect):
    found = {name: answer for name, answer in dict(dialects.DEFAULT, **dialect).items() if name != ELEVATED_ONLY}
    if found["static_target_portals"] == "one":  # the question needs more than one
        found["portal_group_spacing"] = None
    return found


# -- what it says ------------------------------------------------------------------------------------------------------


def test_it_asks_of_every_switch():
    assert {*probe.QUESTIONS, "empty_list", ELEVATED_ONLY} == set(dialects.SWITCHES)


@pytest.mark.parametrize("architecture", ["x64", "x86"])
@pytest.mark.parametrize("dialect", [{}, *dialects.ALL, *dialects.PRESETS.values()], ids=str)
def test_it_tells_each_dialect_and_leaves_the_host_as_it_was(dialect, architecture):
    host = Host(dict(FRESH, windows={"architecture": architecture}), dialect)
    before = kept(host)
    assert asked(host) == expected(dialect)
    assert kept(host) == before


def test_it_lets_the_other_witnesses_look_at_what_it_saved_and_removed():
    host = Host(FRESH)
    before, counts = kept(host), []

    def compare():
        counts.append(len(host.logins()))
        return [f"{counts[-1]} seen"]

    asking = probe.Probe(host, LAB, wait=lambda _seconds: None, compare=compare)
    asking.run()
    assert counts == [3, 2, 0] and kept(host) == before
    assert asking.cross_checks == {
        "3 logins saved": ["3 seen"],
        "one removed, 2 left": ["2 seen"],
        "all removed": ["0 seen"],
    }
    assert probe.cross_check_text(asking.cross_checks).splitlines()[0] == "# witnesses, 3 logins saved: 3 seen"


@hypothesis.settings(max_examples=25)
@hypothesis.given(
    dialect=strategies.fixed_dictionaries(
        {name: strategies.sampled_from(switch.answers) for name, switch in dialects.SWITCHES.items()}
    )
)
def test_it_tells_any_switches_together(dialect):
    assert asked(Host(FRESH, dialect)) == expected(dialect)


@pytest.mark.parametrize("answer", dialects.SWITCHES[ELEVATED_ONLY].answers)
def test_a_standard_user_finds_what_he_is_told(answer):
    host = Host(dict(FRESH, elevated=False), {ELEVATED_ONLY: answer})
    assert probe.not_elevated(host)[ELEVATED_ONLY].answer == answer
    with pytest.raises(probe.ProbeRefused, match="elevated"):
        asked(host)
    with pytest.raises(probe.ProbeRefused, match="standard user"):
        probe.not_elevated(Host(FRESH))


@pytest.mark.parametrize("dialect", [dialects.DEFAULT, dialects.PRESETS["awkward"]], ids=["default", "awkward"])
def test_what_it_prints_is_a_dialect_of_a_state_file(dialect):
    found = {name: probe.Finding(answer, "one: two # three\nfour") for name, answer in dialect.items()}
    printed = probe.dialect_text(dict(found, letter_case=probe.Finding(None, "Other letters")))
    loaded = states.load(yaml.safe_load(printed))["dialect"]
    assert loaded == {**dialects.DEFAULT, **dialect, "letter_case": "as_given"}


def test_what_fits_no_answer_is_told_and_not_guessed():
    host = Host(dict(FRESH, group_policy={"forbids": ["AddIScsiStaticTargetW"]}))
    finding = probe.Probe(host, LAB, wait=lambda _seconds: None).run()["portal_group_spacing"]
    assert finding.answer is None
    assert "ISDSC_RESTRICTED_BY_GROUP_POLICY" in finding.evidence


def test_wmi_is_asked_for_the_password_of_the_same_record():
    lines = []

    def shell(line):
        lines.append(line)
        return "16 bytes\r\n"

    found = probe.Probe(Host(FRESH), LAB, shell=shell, wait=lambda _seconds: None).run()
    (line,) = lines
    assert f"TargetName -eq '{LAB.target}'" in line and "{ '{0} bytes' -f" in line
    assert found["password_length"].evidence.endswith("WMI: 16 bytes")


# -- what it must not do -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", [{}, *dialects.ALL, *dialects.PRESETS.values()], ids=str)
def test_what_belongs_to_others_is_not_touched(dialect):
    """Neither their records nor, by a restart of the service, their sessions."""
    host = Host(IN_USE, dialect)
    before = kept(host)
    found = asked(host)
    assert kept(host) == before
    unanswered = {name for name, answer in expected(dialect).items() if answer is None}
    assert {name for name, answer in found.items() if answer is None} == NEEDS_A_RESTART | unanswered


@pytest.mark.parametrize(
    "state, problem",
    [
        (
            {"persistent_logins": [{"target": LAB.target.upper(), "portal": "192.0.2.60"}]},
            "persistent logins or sessions",
        ),
        ({"sessions": [{"target": LAB.target, "portal": LAB.address}]}, "persistent logins or sessions"),
        ({"target_portals": [LAB.address]}, "already has the target portal"),
        ({"static_targets": [{"target": probe.STATIC_TARGET}]}, "of an earlier probe"),
        ({"elevated": False}, "elevated token"),
    ],
)
def test_a_lab_that_the_host_knows_is_refused_before_any_change(state, problem):
    host = Host(dict(FRESH, **state))
    before = host.dump()
    with pytest.raises(probe.ProbeRefused, match=problem):
        asked(host)
    assert host.dump() == before


@pytest.mark.parametrize("named", [None, "", "win0", "all"])
def test_a_host_that_is_not_named_is_refused(named):
    with pytest.raises(probe.ProbeRefused, match="name this one, win01"):
        probe.check_disposable(named, "win01")
    probe.check_disposable("WIN01", "win01")


def test_a_stopped_service_is_stopped_again():
    stopped = dict(FRESH, service={"state": "stopped", "start_mode": "manual"})
    host = Host(stopped, {"stopped_status": "rpc_server_unavailable"})
    before = kept(host)
    assert asked(host) == expected({"stopped_status": "rpc_server_unavailable"})
    assert kept(host) == before
    with pytest.raises(probe.ProbeRefused, match="Start it first"):
        asked(Host(stopped), stoppable=False)


@pytest.mark.parametrize(
    "lab, problem",
    [
        (LAB._replace(address="192.0.2.99"), "Discovery at 192.0.2.99:3260 failed"),
        (LAB._replace(target="iqn.2004-01.com.example:nowhere"), "did not find iqn.2004-01.com.example:nowhere"),
    ],
)
def test_a_lab_that_does_not_answer_is_told_and_taken_back(lab, problem):
    host = Host(FRESH)
    before = kept(host)
    with pytest.raises(probe.ProbeBroken, match=problem):
        asked(host, lab)
    assert kept(host) == before


def test_what_cannot_be_put_back_is_told():
    host = Host(dict(FRESH, group_policy={"forbids": ["RemoveIScsiSendTargetPortalW"]}))
    with pytest.raises(probe.ProbeBroken, match=r"could not put back: target portal left: .*192\.0\.2\.50"):
        asked(host)


def test_a_lost_connection_is_no_answer():
    host = Host(dict(FRESH, faults=[{"export": "LoginIScsiTargetW", "action": "drop"}]))
    with pytest.raises(Dropped):
        asked(host)
