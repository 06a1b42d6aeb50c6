# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a host as a part of a declaration: what is planned, set, refused and told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import host_settings as table
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.queries import ServiceStopped
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import apply, declaration, profiles
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.values import DeclarationError
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows as runner_rows
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import writes
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import audit
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import host_settings as simulated
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import rows
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

RUNNING = {"service": {"state": "running", "start_mode": "automatic"}}
STOPPED = {"service": {"state": "stopped", "start_mode": "manual"}}
NEVER_RAN = {"service": {"state": "stopped", "start_mode": "manual", "has_run": False}}
PARAMETERS = f"{table.ADAPTERS_KEY}\\0003\\Parameters"
SERVER = f"{table.SERVICES_KEY}\\LanmanServer"


def declare(**options):
    return declaration.parse({"host_settings": options})


def registry(host):
    return host.state["windows"]["registry"]


def run(host, check=False, **options):
    return apply.apply(host, declare(**options), check)


def rejected(host, **options):
    with pytest.raises(apply.PlanRejected) as problem:
        run(host, **options)
    assert registry(host) == {}, "nothing was set"
    return problem.value.plan.refusals


# -- what is set -------------------------------------------------------------------------------------------------------


def test_only_what_is_named_is_set():
    host = Host(RUNNING)
    outcome = run(host, timers={"link_down_time": 30, "max_connection_retries": 0xFFFFFFFF})
    assert outcome.changed and not outcome.problems
    assert registry(host) == {PARAMETERS: {"LinkDownTime": 30, "MaxConnectionRetries": 0xFFFFFFFF}}
    assert len(host.batches) == 2


@pytest.mark.parametrize("dialect", ["awkward", "terse"])
def test_the_registry_is_there_whatever_is_reported_of_a_user_name_that_no_login_has(dialect):
    login = {"target": "iqn.2004-01.com.example:sql", "portal": "192.0.2.1"}
    host = Host(dict(RUNNING, persistent_logins=[login], dialect=dialect))
    assert run(host, claim_iscsi_disks=True).changed and not run(host, claim_iscsi_disks=True).changed


def test_a_value_beats_that_of_the_profile():
    host = Host(RUNNING)
    run(host, profile="netapp", timers={"link_down_time": 15})
    assert registry(host)[PARAMETERS] == {"MaxRequestHoldTime": 30, "LinkDownTime": 15, "IPSecConfigTimeout": 60}


def test_what_mpio_reads_in_two_places_is_set_in_both():
    host = Host(RUNNING)
    run(host, mpio={"pdo_remove_period": 130, "path_recovery_interval": 30})
    assert registry(host)[table.DSM_KEY]["PDORemovePeriod"] == 130
    assert registry(host)[table.MPIO_KEY] == {"PDORemovePeriod": 130, "PathRecoveryInterval": 30}


def test_a_value_that_only_the_default_holds_is_set_too():
    host = Host(RUNNING)
    assert run(host, timers={"link_down_time": 15}).changed
    assert not run(host, timers={"link_down_time": 15}).changed


def test_msiscsi_is_added_to_what_a_service_depends_on():
    host = Host(RUNNING)
    outcome = run(host, dependent_services=["lanmanserver"])
    assert registry(host) == {SERVER: {"DependOnService": ["SamSS", "Srv2", "MSiSCSI"]}}
    assert outcome.plan.steps[0].what == "service LanmanServer"
    assert not run(host, dependent_services=["LanmanServer"]).changed


def test_somebody_elses_dependency_that_comes_in_between_stays():
    """The list is changed on the host, and not replaced by the one that was read."""
    host = Host(RUNNING)
    run(host, check=True, dependent_services=["LanmanServer"])
    registry(host)[SERVER] = {"DependOnService": ["SamSS", "Srv2", "Another"]}
    keys = rows.keys(host_service(host))
    simulated.write(host_service(host), keys, writes.Entry(SERVER, "DependOnService", "MSiSCSI", True))
    assert registry(host)[SERVER]["DependOnService"] == ["SamSS", "Srv2", "Another", "MSiSCSI"]


def host_service(host):
    from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.service import Service

    return Service(host.state)


def test_a_service_need_no_longer_wait():
    host = Host({**RUNNING, "windows": {"registry": {SERVER: {"DependOnService": ["MSISCSI", "SamSS"]}}}})
    assert run(host, dependent_services=[{"name": "LanmanServer", "state": "absent"}]).changed
    assert registry(host)[SERVER]["DependOnService"] == ["SamSS"]
    assert not run(host, dependent_services=[{"name": "NoSuchService", "state": "absent"}]).changed


def test_firewall_rules_are_enabled_and_disabled():
    host = Host(RUNNING)
    outcome = run(host, firewall={"inbound": True, "outbound": False})
    assert host.state["windows"]["firewall_rules"] == {"MsiScsi-In-TCP": True, "MsiScsi-Out-TCP": False}
    assert outcome.reboot_required is False, "a rule takes effect at once"
    assert not run(host, firewall={"inbound": True, "outbound": False}).changed


def test_mpio_claims_iscsi_disks_from_the_next_boot_on():
    host = Host(RUNNING)
    outcome = run(host, claim_iscsi_disks=True)
    assert outcome.after.host_settings.claims_iscsi_disks and outcome.reboot_required
    assert host.state["mpio"]["claimed"] is False
    host_service(host).boot()
    assert host.state["mpio"]["claimed"] is True
    assert not run(host, claim_iscsi_disks=True).changed
    assert run(host, claim_iscsi_disks=False).changed
    assert not run(host, claim_iscsi_disks=False).changed


def test_the_service_need_not_run():
    host = Host(STOPPED)
    assert run(host, timers={"link_down_time": 30}, disk_timeout=120).changed
    assert registry(host)[PARAMETERS] == {"LinkDownTime": 30}
    assert host.state["service"]["state"] == "stopped", "and it is not started either"


def test_beside_other_parts_it_travels_in_the_same_two_trips():
    host = Host(STOPPED)
    plain = {
        "service_state": "started",
        "node_name": "iqn.2004-01.com.example:new",
        "host_settings": {"timers": {"link_down_time": 30}},
    }
    outcome = apply.apply(host, declaration.parse(plain))
    assert outcome.problems == [] and len(host.batches) == 2
    assert registry(host)[PARAMETERS] == {"LinkDownTime": 30}
    assert host.state["initiator"]["node_name"] == "iqn.2004-01.com.example:new"


def test_the_first_start_of_the_service_makes_room_for_timers_in_the_same_run():
    host = Host(NEVER_RAN)
    plain = {"service_state": "started", "host_settings": {"timers": {"link_down_time": 30}}}
    outcome = apply.apply(host, declaration.parse(plain))
    assert outcome.problems == [] and registry(host)[PARAMETERS] == {"LinkDownTime": 30}


# -- when it takes effect ----------------------------------------------------------------------------------------------


def test_what_takes_effect_only_later_is_told_with_its_reason_once():
    host = Host(RUNNING)
    options = {"timers": {"link_down_time": 30}, "disk_timeout": 90, "firewall": {"inbound": True}}
    for check in (True, False):
        outcome = run(host, check, **options)
        assert outcome.reboot_required
        assert outcome.reboot_reasons == [
            f"initiator timers: the change takes effect {table.RELOAD}",
            f"disks: the change takes effect {table.RESTART}",
        ]
    again = run(host, **options)
    assert (again.changed, again.reboot_required, again.reboot_reasons) == (False, False, [])


# -- any declaration ---------------------------------------------------------------------------------------------------


def number(setting):
    return st.booleans() if setting.is_flag else st.integers(setting.least, setting.most)


def some_of(group):
    return st.fixed_dictionaries({}, optional={each.option: number(each) for each in group})


def is_legal(options):
    """Whether the first burst is no longer than the longest."""
    try:
        declare(**options)
    except DeclarationError as error:
        assert "first_burst_length" in str(error)
        return False
    return True


DECLARATIONS = st.fixed_dictionaries(
    {},
    optional={
        "profile": st.sampled_from(list(profiles.PROFILES)),
        "timers": some_of(table.TIMERS),
        "mpio": some_of(table.MPIO),
        "disk_timeout": number(table.DISK_TIMEOUT),
        "dependent_services": st.lists(
            st.sampled_from(["LanmanServer", {"name": "LanmanWorkstation", "state": "absent"}]),
            max_size=2,
            unique_by=str,
        ),
        "firewall": st.fixed_dictionaries({}, optional={"inbound": st.booleans(), "outbound": st.booleans()}),
        "claim_iscsi_disks": st.booleans(),
    },
).filter(is_legal)
STATES = st.fixed_dictionaries(
    {
        "mpio": st.fixed_dictionaries({"claimed": st.booleans()}),
        "windows": st.fixed_dictionaries(
            {
                "registry": st.fixed_dictionaries(
                    {},
                    optional={
                        PARAMETERS.upper(): st.fixed_dictionaries({}, optional={"LINKDOWNTIME": st.integers(0, 99)}),
                        table.DSM_KEY: st.fixed_dictionaries({}, optional={"PDORemovePeriod": st.integers(10, 99)}),
                        table.MPIO_KEY: st.fixed_dictionaries({}, optional={"PDORemovePeriod": st.integers(10, 99)}),
                        f"{table.SERVICES_KEY}\\LanmanWorkstation": st.just({"DependOnService": ["msiscsi", "NSI"]}),
                    },
                )
            }
        ),
    }
)


@given(STATES, DECLARATIONS)
def test_one_run_makes_the_host_what_was_declared_as_check_mode_said_and_a_second_does_nothing(state, options):
    host = Host({**RUNNING, **state})
    checked = run(host, check=True, **options)
    done = run(host, **options)
    assert done.problems == []
    assert [step.describe() for step in checked.plan.steps] == [step.describe() for step in done.plan.steps]
    assert checked.after.host_settings.facts() == done.after.host_settings.facts()
    assert checked.reboot_reasons == done.reboot_reasons
    again = run(host, **options)
    assert again.plan.steps == [] and not again.changed


@pytest.mark.parametrize("name", profiles.PROFILES)
def test_every_profile_is_kept_once_it_is_set(name):
    host = Host(RUNNING)
    assert run(host, profile=name).problems == []
    found = run(host, profile=name)
    assert not found.changed
    for option, advice in profiles.PROFILES[name].values.items():
        assert found.after.host_settings.values[option] == (advice.value, True)


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, problem",
    [
        (
            {"timers": {"link_down_time": 86401}},
            "host_settings.timers.link_down_time: expected a whole number of seconds from 0 to 86400, not 86401",
        ),
        ({"timers": {"error_recovery_level": 3}}, "from 0 to 2, not 3"),
        ({"timers": {"max_burst_length": 100}}, "expected a whole number of bytes from 512 to 16777215, not 100"),
        (
            {"mpio": {"pdo_remove_period": 9}},
            "host_settings.mpio.pdo_remove_period: expected a whole number of seconds",
        ),
        ({"disk_timeout": 0}, "host_settings.disk_timeout: expected a whole number of seconds from 1 to 9999, not 0"),
        ({"dependent_services": ["MsIscsi"]}, "host_settings.dependent_services[0]: MSiSCSI cannot depend on itself"),
        ({"dependent_services": ["a\\b"]}, "expected the name of a service, such as LanmanServer, not 'a\\\\b'"),
        ({"dependent_services": [{"name": "A", "state": "gone"}]}, "expected present or absent, not 'gone'"),
        (
            {"dependent_services": ["LanmanServer", {"name": "lanmanserver", "state": "absent"}]},
            "host_settings.dependent_services[1]: lanmanserver is declared twice, as LanmanServer and lanmanserver",
        ),
        ({"dependent_services": ["A", "A"]}, "dependent_services[1]: A is declared twice"),
        ({"timers": {"max_pending_requests": 0}}, "expected a whole number from 1 to 65535, not 0"),
        ({"timers": {"wmi_request_timeout": 0}}, "expected a whole number of seconds from 1 to 86400, not 0"),
        ({"timers": {"tcp_connect_time": 0}}, "expected a whole number of seconds from 1 to 86400, not 0"),
        ({"timers": {"portal_retry_count": 0}}, "expected a whole number from 1 to 4294967295, not 0"),
        (
            {"timers": {"first_burst_length": 65536, "max_burst_length": 32768}},
            "host_settings.timers.first_burst_length: 65536 is more than the max_burst_length of 32768",
        ),
        (
            {"profile": "azure_elastic_san", "timers": {"max_burst_length": 131072}},
            "first_burst_length: 262144 is more than the max_burst_length of 131072. By RFC 7143",
        ),
    ],
)
def test_a_value_out_of_bounds_is_an_error_that_names_the_option(options, problem):
    with pytest.raises(DeclarationError) as error:
        declare(**options)
    assert problem in str(error.value)


def test_timers_of_a_host_where_the_service_never_ran_are_refused_and_not_called_missing():
    (problem,) = rejected(Host(NEVER_RAN), timers={"link_down_time": 30})
    assert problem.startswith("host_settings.timers: this host has no iSCSI adapter yet")


def test_settings_of_mpio_are_refused_where_it_is_not_installed():
    host = Host({**RUNNING, "mpio": {"installed": False}})
    problems = rejected(host, profile="pure", claim_iscsi_disks=True)
    assert [problem.partition(": ")[0] for problem in problems] == [
        "host_settings.mpio",
        "host_settings.claim_iscsi_disks",
    ]
    assert not run(host, claim_iscsi_disks=False).changed


def test_no_key_is_made_up_for_a_driver_that_is_not_there():
    class WithoutDsm(Host):
        """MPIO with the DSM of a vendor: there is no msdsm."""

        def __call__(self, text):
            def registry_without(service):
                return {key: values for key, values in original(service).items() if "msdsm" not in key}

            original, simulated.registry = simulated.registry, registry_without
            try:
                return super().__call__(text)
            finally:
                simulated.registry = original

    host = WithoutDsm(RUNNING)
    assert run(host, mpio={"pdo_remove_period": 130}).problems == []
    assert registry(host) == {table.MPIO_KEY: {"PDORemovePeriod": 130}}
    with pytest.raises(apply.PlanRejected, match="host_settings.dsm_maximum_state_transition_time: the key .* missing"):
        run(host, mpio={"dsm_maximum_state_transition_time": 120})


def test_a_service_that_is_not_there_is_refused():
    assert rejected(Host(RUNNING), dependent_services=["SQL"]) == [
        "host_settings.dependent_services: this host has no service SQL."
    ]


def test_a_service_that_msiscsi_needs_is_refused_however_far_away_it_is():
    key = f"{table.SERVICES_KEY}\\"
    needs = {f"{key}MSiSCSI": {"DependOnService": ["RpcSs"]}, f"{key}DcomLaunch": {"DependOnService": []}}
    host = Host({**RUNNING, "windows": {"registry": needs}})
    with pytest.raises(apply.PlanRejected, match="MSiSCSI depends on DcomLaunch, so neither of them would start"):
        run(host, dependent_services=["DcomLaunch"])


def with_services(**services):
    """A host with services, each the values of its key."""
    keys = {f"{table.SERVICES_KEY}\\{name}": values for name, values in services.items()}
    return {"windows": {"registry": keys}}


def test_a_service_that_msiscsi_needs_through_a_group_is_refused():
    host = Host({**RUNNING, **with_services(MSiSCSI={"DependOnGroup": ["TDI"]}, Netman={"Group": "tdi", "Type": 0x20})})
    with pytest.raises(apply.PlanRejected, match="MSiSCSI depends on Netman, so neither of them would start"):
        run(host, dependent_services=["Netman"])


@pytest.mark.parametrize("kind, is_driver", [(1, True), (2, True), (0x10, False), (0x60, False), (0x110, False)])
def test_a_driver_is_refused_and_a_service_is_not(kind, is_driver):
    host = Host({**RUNNING, **with_services(Some={"Type": kind})})
    if is_driver:
        with pytest.raises(apply.PlanRejected, match="Some is a driver"):
            run(host, dependent_services=["some"])
    else:
        assert run(host, dependent_services=["some"]).changed


@pytest.mark.parametrize("name", ["RpcSs", "DcomLaunch", "RpcEptMapper", "PlugPlay", "EventLog"])
def test_a_service_that_windows_needs_before_is_refused_and_may_be_freed(name):
    host = Host({**RUNNING, **with_services(**{name: {"DependOnService": ["MSiSCSI"], "Type": 0x20}})})
    with pytest.raises(apply.PlanRejected, match=f"Windows needs {name} before MSiSCSI can start"):
        run(host, dependent_services=[name.upper()])
    assert run(host, dependent_services=[{"name": name, "state": "absent"}]).changed


# -- a service that is disabled ----------------------------------------------------------------------------------------

DISABLED = {"service": {"state": "running", "start_mode": "disabled"}}
WAITING = with_services(SQL={"DependOnService": ["MSiSCSI"]}, Backup={"DependOnService": ["msiscsi", "NSI"]})


def test_no_service_is_made_to_wait_for_a_service_that_is_disabled():
    assert rejected(Host(DISABLED), dependent_services=["LanmanServer"]) == [
        "host_settings.dependent_services: MSiSCSI is disabled, so LanmanServer would not start after a restart. "
        "Declare service_start_mode: automatic."
    ]


@pytest.mark.parametrize("mode", ["automatic", "manual"])
def test_the_declared_start_mode_is_the_one_that_counts(mode):
    plain = {"service_start_mode": mode, "host_settings": {"dependent_services": ["LanmanServer"]}}
    host = Host(DISABLED)
    assert apply.apply(host, declaration.parse(plain), check=True).problems == []
    assert apply.apply(host, declaration.parse(plain)).problems == []
    assert registry(host)[SERVER]["DependOnService"][-1] == "MSiSCSI"


@pytest.mark.parametrize("mode", ["automatic", "manual"])
def test_a_service_that_starts_on_demand_may_be_waited_for(mode):
    host = Host({"service": {"state": "running", "start_mode": mode}})
    assert run(host, dependent_services=["LanmanServer"]).problems == []


@pytest.mark.parametrize("check", [True, False])
def test_disabling_a_service_that_others_wait_for_is_refused_before_it_is_disabled(check):
    host = Host({**RUNNING, **WAITING})
    plain = {"service_start_mode": "disabled", "host_settings": {"disk_timeout": 90}}
    with pytest.raises(apply.PlanRejected) as problem:
        apply.apply(host, declaration.parse(plain), check)
    (line,) = problem.value.plan.refusals
    assert line.startswith("service_start_mode: Backup and SQL wait for MSiSCSI and would not start")
    assert host.state["service"]["start_mode"] == "automatic" and not problem.value.changed


def test_services_that_no_longer_wait_let_it_be_disabled():
    host = Host({**RUNNING, **WAITING})
    freed = [{"name": name, "state": "absent"} for name in ("sql", "Backup")]
    plain = {"service_start_mode": "disabled", "host_settings": {"dependent_services": freed}}
    assert apply.apply(host, declaration.parse(plain)).problems == []
    assert host.state["service"]["start_mode"] == "disabled"
    assert registry(host)[f"{table.SERVICES_KEY}\\Backup"]["DependOnService"] == ["NSI"]


# -- what could not be read --------------------------------------------------------------------------------------------


class Unreadable(Host):
    """A host of which some keys cannot be read; ``rows`` of them are there all the same."""

    def __init__(self, state, word, kept=None):
        super().__init__(state)
        self.word, self.kept = word, kept

    def __call__(self, text):
        asked = writes.detach(runner_rows.split(text)[1])[0]
        first, rest = runner_rows.split(super().__call__(text))
        line, errors = writes.detach(rest)
        answers = json.loads(line)
        for query, answer in zip(runner_rows.decode_queries(asked), answers):
            if self.word in query.title:
                kept = None if self.kept is None else [row for row in answer["rows"] if row["key"].endswith(self.kept)]
                answer.update(rows=kept, error="Requested registry access is not allowed.")
        return runner_rows.join(first, writes.attach(json.dumps(answers), errors))


@pytest.mark.parametrize(
    "word, options, subject",
    [
        ("08002be10318}\\*", {"timers": {"link_down_time": 30}}, "host_settings.timers: initiator timers: what is set"),
        ("\\*\\Parameters", {"timers": {"link_down_time": 30}}, "host_settings.timers: initiator timers: what is set"),
        ("Services\\mpio", {"mpio": {"retry_count": 6}}, "host_settings.mpio: MPIO: what is set on this host"),
        ("Services\\msdsm", {"mpio": {"retry_count": 6}}, "host_settings.mpio: MPIO: what is set on this host"),
        ("Services\\disk", {"disk_timeout": 90}, "host_settings.disk_timeout: disks: what is set on this host"),
        ("MPDEV", {"claim_iscsi_disks": False}, "host_settings.claim_iscsi_disks: what MPIO claims"),
        ("Services\\*", {"dependent_services": ["LanmanServer"]}, "host_settings.dependent_services: the services of"),
        ("Firewall", {"firewall": {"inbound": True}}, "host_settings.firewall: the firewall rules of this host"),
    ],
)
def test_what_could_not_be_read_is_refused_and_not_called_missing(word, options, subject):
    (problem,) = rejected(Unreadable(RUNNING, word), **options)
    assert problem.startswith(subject) and "could not be read" in problem


def test_of_services_that_were_not_all_read_those_that_were_can_be_declared():
    full = {**RUNNING, **with_services(MSiSCSI={"DependOnService": []}, SQL={"DependOnService": ["MSiSCSI"]})}
    (problem,) = pytest.raises(
        apply.PlanRejected, run, Unreadable(full, "Services\\*", "SQL"), dependent_services=["LanmanServer"]
    ).value.plan.refusals
    assert "the services of this host could not be read completely, so LanmanServer is left as it is" in problem
    with pytest.raises(apply.PlanRejected, match="could not be read completely"):
        run(Unreadable(full, "Services\\*", "SQL"), dependent_services=[{"name": "Lost", "state": "absent"}])
    freed = run(Unreadable(full, "Services\\*", "SQL"), dependent_services=[{"name": "SQL", "state": "absent"}])
    assert freed.changed and freed.problems == []


# -- values in two keys ------------------------------------------------------------------------------------------------


def test_a_value_that_only_one_of_its_two_keys_holds_is_set_in_the_other():
    keys = {table.DSM_KEY: {"PDORemovePeriod": 130}, table.MPIO_KEY: {"PDORemovePeriod": 20, "RetryCount": 6}}
    host = Host({**RUNNING, "windows": {"registry": keys}})
    checked = run(host, check=True, mpio={"pdo_remove_period": 130, "retry_count": 6})
    (step,) = checked.plan.steps
    assert step.reason == "pdo_remove_period (mpio), retry_count (msdsm) differ"
    assert step.before == {"pdo_remove_period (mpio)": 20, "retry_count (msdsm)": "not set, default 3"}
    assert step.after == {"pdo_remove_period (mpio)": 130, "retry_count (msdsm)": 6}
    assert [(row.key, row.name) for row in step.payload.rows] == [
        (table.MPIO_KEY, "PDORemovePeriod"),
        (table.DSM_KEY, "RetryCount"),
    ]
    assert run(host, mpio={"pdo_remove_period": 130, "retry_count": 6}).problems == []
    assert registry(host)[table.MPIO_KEY]["PDORemovePeriod"] == 130
    assert not run(host, mpio={"pdo_remove_period": 130, "retry_count": 6}).changed


def test_of_two_keys_an_audit_names_the_one_that_differs_with_the_source():
    keys = {table.DSM_KEY: {"PDORemovePeriod": 30}, table.MPIO_KEY: {"PDORemovePeriod": 20}}
    found = findings_of(Host({**RUNNING, "windows": {"registry": keys}}), profile="pure")
    (drift,) = [finding for finding in found if finding["field"].startswith("pdo_remove_period")]
    assert (drift["field"], drift["found"], drift["declared"]) == ("pdo_remove_period (mpio)", 20, 30)
    assert "Pure Storage" in drift["source"]


# -- engines that set only the registry --------------------------------------------------------------------------------


class OnlyRegistry(Host):
    sets_only_registry = True


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    "options, what",
    [({"claim_iscsi_disks": True}, "devices of MPIO"), ({"firewall": {"inbound": True}}, "firewall rules of iSCSI")],
)
def test_what_an_engine_cannot_set_is_refused_before_anything_is_set(options, what, check):
    host = OnlyRegistry(RUNNING)
    with pytest.raises(apply.PlanRejected) as problem:
        run(host, check, disk_timeout=90, **options)
    assert problem.value.plan.refusals == [
        f"host_settings: the engine of this host sets only the registry, so it cannot set the {what}. Use the "
        "powershell engine."
    ]
    assert registry(host) == {}


def test_an_engine_that_sets_only_the_registry_sets_what_is_in_it():
    host = OnlyRegistry(RUNNING)
    options = {"disk_timeout": 90, "dependent_services": ["LanmanServer"], "claim_iscsi_disks": False}
    assert run(host, **options).problems == []
    assert registry(host)[table.DISK_KEY]["TimeOutValue"] == 90


def test_a_host_whose_registry_cannot_be_read_is_left_alone():
    (problem,) = rejected(Host({**RUNNING, "windows": {"reader": False}}), disk_timeout=60)
    assert problem.startswith("host_settings: the registry of this host could not be read")


def test_a_firewall_rule_that_is_not_there_is_refused():
    host = Host({**RUNNING, "windows": {"firewall_rules": {}}})
    assert "no firewall rule MsiScsi-In-TCP" in rejected(host, firewall={"inbound": True})[0]


# -- what goes wrong ---------------------------------------------------------------------------------------------------


class Refusing(Host):
    """A host that refuses some settings, by a word in them."""

    word = ""

    def __call__(self, text):
        def write(service, keys, setting):
            if self.word in setting.title:
                raise writes.Unwritable("Requested registry access is not allowed.")
            original(service, keys, setting)

        original, simulated.write = simulated.write, write
        try:
            return super().__call__(text)
        finally:
            simulated.write = original


def test_where_one_setting_fails_the_others_are_set_and_both_are_told():
    host = Refusing(RUNNING)
    host.word = "LinkDownTime"
    outcome = run(host, timers={"link_down_time": 30, "max_request_hold_time": 90}, disk_timeout=90)
    assert registry(host)[PARAMETERS] == {"MaxRequestHoldTime": 90}
    message = " ".join(outcome.problems)
    assert "Still not as declared: initiator timers: link_down_time differs." in message
    assert "Could not be set: LinkDownTime: Requested registry access is not allowed." in message
    assert "Set all the same: MaxRequestHoldTime, TimeOutValue." in message
    assert outcome.changed and outcome.reboot_required


def test_where_nothing_could_be_set_nothing_has_changed():
    host = Refusing(RUNNING)
    outcome = run(host, timers={"link_down_time": 30})
    assert not outcome.changed and not outcome.reboot_required
    assert "Set all the same: nothing." in outcome.problems[-1]


def test_without_elevation_windows_refuses_and_it_is_told():
    outcome = run(Host({**RUNNING, "elevated": False}), disk_timeout=90)
    assert not outcome.changed and "Access is denied" in " ".join(outcome.problems)


def test_a_host_that_does_not_say_what_became_of_a_setting_is_judged_by_what_is_there():
    class Mute(Host):
        def __call__(self, text):
            first, second = super().__call__(text).split("\n")[:2]
            return f"{first}\n{second}"

    outcome = run(Mute(RUNNING), disk_timeout=90)
    assert outcome.after.host_settings.values["disk_timeout"] == (90, True)
    assert "the host did not say whether it was set" in " ".join(outcome.problems)


# -- audit -------------------------------------------------------------------------------------------------------------


def findings_of(host, **options):
    return audit.find_drift(run(host, check=True, **options).plan)


def test_drift_names_the_field_both_values_and_the_source_of_a_profile():
    host = Host({**RUNNING, "windows": {"registry": {PARAMETERS: {"LinkDownTime": 15}}}})
    found = findings_of(host, profile="netapp", timers={"max_request_hold_time": 90})
    by_field = {finding["field"]: finding for finding in found}
    own, advised = by_field["max_request_hold_time"], by_field["link_down_time"]
    assert (own["found"], own["declared"], own["text"]) == ("not set, default 60", 90, "max_request_hold_time differs")
    assert (advised["found"], advised["declared"], advised["what"]) == (15, 10, "initiator timers")
    assert advised["text"] == (
        "link_down_time differs (profile netapp: NetApp, Windows Unified Host Utilities 8.0, "
        "hu-wuhu-configuration, 2026-07-16)"
    )
    assert {finding["record"] for finding in found} == {"host_settings"}


def test_drift_shows_what_a_service_depends_on():
    (found,) = findings_of(Host(RUNNING), dependent_services=["LanmanServer"])
    assert (found["field"], found["found"], found["declared"]) == (
        "depends_on",
        ["SamSS", "Srv2"],
        ["SamSS", "Srv2", "MSiSCSI"],
    )


def test_check_mode_on_a_stopped_service_that_would_be_started_compares_the_settings():
    plain = {
        "service_state": "started",
        "node_name": "iqn.2004-01.com.example:y",
        "host_settings": {"disk_timeout": 90},
    }
    outcome = apply.apply(Host(STOPPED), declaration.parse(plain), check=True)
    assert [step.kind for step in outcome.plan.steps] == ["service", "host_settings"]
    assert outcome.after.host_settings.values["disk_timeout"].value == 90


def test_beside_what_needs_the_service_a_stopped_one_is_an_error():
    plain = {"node_name": "iqn.2004-01.com.example:y", "host_settings": {"disk_timeout": 90}}
    host = Host(STOPPED)
    with pytest.raises(ServiceStopped):
        apply.apply(host, declaration.parse(plain))
    assert registry(host) == {}
