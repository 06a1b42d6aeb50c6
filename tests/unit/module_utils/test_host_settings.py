# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a host: the tables of what they may be and what vendors recommend, and what is read of them."""

from __future__ import annotations

import functools
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import host_settings as table
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import host_settings as model
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import profiles
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows, writes
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import shapes
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

ADAPTER = table.ADAPTERS_KEY + "\\0007"
RUNNING = {"service": {"state": "running", "start_mode": "automatic"}}


# -- the tables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", table.SETTINGS.values(), ids=lambda setting: setting.option)
def test_a_default_is_a_legal_value_with_a_source(setting):
    assert (setting.default is None) == (setting.source is None)
    assert setting.default is None or setting.least <= setting.default <= setting.most
    assert re.fullmatch("[a-z][a-z0-9_]*", setting.option) and setting.purpose.endswith(".")
    assert 0 <= setting.least < setting.most <= 0xFFFFFFFF


def test_no_value_of_the_registry_is_two_settings():
    places = [(key, each.value.lower()) for each in table.SETTINGS.values() for key in each.keys or ("",)]
    assert len(places) == len(set(places))
    assert len(table.SETTINGS) == sum(len(group.settings) for group in table.GROUPS)


@pytest.mark.parametrize(
    "profile, option, advice",
    [(name, option, advice) for name, found in profiles.PROFILES.items() for option, advice in found.values.items()],
)
def test_each_value_of_a_profile_is_a_legal_value_of_a_known_setting_with_source_and_date(profile, option, advice):
    setting = table.SETTINGS[option]
    assert setting.least <= advice.value <= setting.most
    assert advice.source.text and re.fullmatch(r"20\d\d-\d\d(-\d\d)?", advice.source.date)
    assert re.fullmatch(r"https://[\w.-]+/\S+", advice.source.url)


def test_the_profiles_are_those_of_the_vendors_and_contradict_each_other():
    assert list(profiles.PROFILES) == ["netapp", "dell_sc", "pure", "azure_elastic_san", "azure_backup"]
    periods = {
        name: found.values["pdo_remove_period"].value
        for name, found in profiles.PROFILES.items()
        if "pdo_remove_period" in found.values
    }
    assert periods == {"netapp": 130, "dell_sc": 120, "pure": 30}


# -- reading -----------------------------------------------------------------------------------------------------------


def read(state=None):
    return facts.assemble(queries.gather(Host(state or RUNNING), ["host_settings"]))


def test_what_is_not_set_is_told_apart_from_what_is():
    registry = {f"{table.ADAPTERS_KEY}\\0003\\Parameters": {"linkdowntime": 30, "EnableNOPOut": 1}}
    found = read({**RUNNING, "windows": {"registry": registry}})["host_settings"]
    assert found["timers"]["link_down_time"] == {"value": 30, "set": True, "default": 15}
    assert found["timers"]["max_request_hold_time"] == {"value": 60, "set": False, "default": 60}
    assert found["timers"]["enable_nop_out"] == {"value": True, "set": True, "default": False}
    unknown = found["mpio"]["dsm_maximum_state_transition_time"]
    assert unknown == {"value": None, "set": False, "default": None}
    assert found["disk_timeout"] == {"value": 60, "set": True, "default": 60}


def test_it_costs_one_round_trip_and_is_read_only_where_it_is_named():
    host = Host(RUNNING)
    queries.gather(host, ["host_settings"])
    assert len(host.batches) == 1
    assert "host_settings" in queries.ON_REQUEST


def test_a_host_where_the_service_never_ran_has_no_timers_yet():
    found = read({"service": {"state": "stopped", "has_run": False}})["host_settings"]
    assert found["adapter_created"] is False and found["timers"] is None
    assert found["mpio"]["pdo_remove_period"]["default"] == 20


def test_without_the_service_the_settings_are_read_beside_the_host():
    with pytest.raises(queries.ServiceStopped) as stopped:
        queries.gather(Host({"service": {"state": "stopped"}}), ["persistent_logins", "host_settings"])
    assert stopped.value.snapshot.host_settings.adapter_key
    assert stopped.value.snapshot.persistent_logins is None


def test_a_host_without_mpio_has_no_settings_of_mpio():
    found = read({**RUNNING, "mpio": {"installed": False}})["host_settings"]
    assert found["mpio_installed"] is False
    assert [found[name] for name in ("mpio", "claim_iscsi_disks", "claimed_devices")] == [None] * 3


def test_the_value_under_msdsm_counts_before_that_under_mpio():
    registry = {table.MPIO_KEY: {"PDORemovePeriod": 20, "RetryCount": 5}, table.DSM_KEY: {"PDORemovePeriod": 130}}
    found = read({**RUNNING, "windows": {"registry": registry}})["host_settings"]["mpio"]
    assert (found["pdo_remove_period"]["value"], found["retry_count"]["value"]) == (130, 5)


def test_services_rules_and_claims_are_read():
    registry = {f"{table.SERVICES_KEY}\\SQL": {"DependOnService": ["KEYISO", "msiscsi"]}}
    windows = {"registry": registry, "firewall_rules": {"MsiScsi-In-TCP": True}}
    found = read({**RUNNING, "windows": windows, "mpio": {"claimed": True}})["host_settings"]
    assert found["dependent_services"] == [{"name": "SQL", "depends_on": ["KEYISO", "msiscsi"]}]
    assert found["firewall"] == {"inbound": True, "outbound": None}
    assert found["claim_iscsi_disks"] is True and found["claimed_devices"] == ["MSFT2005iSCSIBusType_0x9"]


def test_where_the_registry_cannot_be_read_one_warning_says_so():
    found = read({**RUNNING, "windows": {"reader": False}})
    assert found["host_settings"] is None
    assert len(found["warnings"]) == 1 and "Access is denied" in found["warnings"][0]


def test_where_only_the_firewall_cannot_be_read_the_rest_is_there():
    host = Host({**RUNNING, "windows": {"classes": {"root/StandardCimv2": {}}}})
    answers = model.Answers([], [], [], [], [], [], [], None)
    assert model.read(answers, pytest.fail).unread == {"firewall"}
    assert model.read(answers, pytest.fail).facts()["firewall"] is None
    assert queries.gather(host, ["host_settings"]).host_settings.unread == frozenset()


@pytest.mark.parametrize(
    "query, unknown",
    [
        ("adapters", {"adapter_created", "timers"}),
        ("parameters", {"timers"}),
        ("mpio", {"mpio", "claim_iscsi_disks", "claimed_devices"}),
        ("dsm", {"mpio", "claim_iscsi_disks", "claimed_devices"}),
        ("claims", {"claim_iscsi_disks", "claimed_devices"}),
        ("disk", {"disk_timeout"}),
        ("services", {"dependent_services"}),
        ("firewall", {"firewall"}),
    ],
)
@pytest.mark.parametrize("lost", ["all", "some"])
def test_what_could_not_be_read_is_null_and_not_missing(query, unknown, lost):
    """Whether the query failed, or its rows were cut at a bound."""
    whole = {
        "adapters": [adapter()],
        "parameters": [parameters()],
        "mpio": [{"key": table.MPIO_KEY, "values": {}}],
        "dsm": [{"key": table.DSM_KEY, "values": {}}],
    }
    of_query = {query: None} if lost == "all" else {query: [], "incomplete": frozenset({query})}
    found = of_rows(**{**whole, **of_query})[0].facts()
    expected = of_rows(**whole)[0].facts()
    assert {name for name in found if found[name] is None} == unknown
    assert {name: found[name] for name in set(found) - unknown} == {
        name: expected[name] for name in set(found) - unknown
    }


def test_without_any_key_of_mpio_a_failed_query_leaves_it_unknown():
    assert of_rows(dsm=None)[0].facts()["mpio_installed"] is None
    assert of_rows()[0].facts()["mpio_installed"] is False


# -- hostile hosts -----------------------------------------------------------------------------------------------------


QUERIES = [name for name in model.Answers._fields if name != "incomplete"]


def of_rows(**found):
    """(the settings, the warnings) of rows; what is not given is an empty list."""
    warnings = []
    incomplete = found.pop("incomplete", frozenset())
    answers = model.Answers(**{name: found.get(name, []) for name in QUERIES}, incomplete=incomplete)
    return model.read(answers, warnings.append), warnings


def adapter(key=ADAPTER, device="ROOT\\iscsiprt"):
    return {"key": key, "values": {"MatchingDeviceId": device}}


def parameters(key=ADAPTER, **values):
    return {"key": f"{key}\\Parameters", "values": values}


def test_the_adapter_is_found_by_its_device_and_not_by_its_number():
    others = [adapter(table.ADAPTERS_KEY + "\\0001", "pci\\ven_15ad"), adapter()]
    timers = [parameters(table.ADAPTERS_KEY + "\\0001", LinkDownTime=99), parameters(LinkDownTime=30)]
    found, warnings = of_rows(adapters=others, parameters=timers)
    assert found.adapter_key == ADAPTER and found.values["link_down_time"] == (30, True) and warnings == []


def test_a_second_adapter_is_a_warning():
    found, warnings = of_rows(adapters=[adapter(), adapter(ADAPTER[:-1] + "8")])
    assert found.adapter_key == ADAPTER and "2 iSCSI adapters" in warnings[0]


def test_a_number_with_a_sign_is_that_of_the_registry():
    found, warnings = of_rows(adapters=[adapter()], parameters=[parameters(MaxConnectionRetries=-1)])
    assert found.values["max_connection_retries"] == (0xFFFFFFFF, True) and warnings == []


@pytest.mark.parametrize("value", ["30", True, 1.5, ["30"], {"a": 1}, None, 1 << 40, -(1 << 40)])
def test_a_value_that_is_no_number_is_a_warning_and_counts_as_set_to_nothing_known(value):
    found, warnings = of_rows(adapters=[adapter()], parameters=[parameters(LinkDownTime=value)])
    assert found.values["link_down_time"] == (None, True)
    assert warnings == ["The registry value LinkDownTime is no number."]
    assert found.facts()["timers"]["link_down_time"] == {"value": None, "set": True, "default": 15}


def test_a_list_of_another_type_or_of_great_length_is_a_warning():
    row = {"key": f"{table.SERVICES_KEY}\\A", "values": {"DependOnService": "MSiSCSI"}}
    long = {"key": f"{table.SERVICES_KEY}\\B", "values": {"DependOnService": ["MSiSCSI", *["x" * 999] * 5000]}}
    found, warnings = of_rows(services=[row, long])
    assert len(warnings) == 2
    assert found.services["a"].depends_on == ()
    assert len(found.services["b"].depends_on) == 500 and max(map(len, found.services["b"].depends_on)) < 300


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_SERVICE = ["DependOnService", "DependOnGroup", "Group", "Type"]
_NAMES = st.sampled_from([*(each.value for each in table.SETTINGS.values()), *_SERVICE, "MatchingDeviceId"])
_ROW = st.one_of(
    _ANY,
    st.fixed_dictionaries(
        {
            "key": st.sampled_from([ADAPTER, f"{ADAPTER}\\Parameters", table.MPIO_KEY, "", 7]) | _ANY,
            "values": st.dictionaries(_NAMES, _ANY | st.just("root\\iscsiprt"), max_size=4) | _ANY,
        }
    ),
    st.fixed_dictionaries({"InstanceID": _ANY | st.just("MsiScsi-In-TCP"), "Enabled": _ANY}),
)


@functools.cache
def facts_of_a_host():
    return facts.assemble(queries.gather(Host(RUNNING), ["host_settings"]))


@given(st.fixed_dictionaries({name: st.none() | st.lists(_ROW, max_size=4) for name in QUERIES}))
def test_whatever_a_host_sends_costs_a_warning_and_never_an_error(found):
    settled, _warnings = of_rows(**found)
    shapes.check_facts(dict(facts_of_a_host(), host_settings=json.loads(json.dumps(settled.facts()))))


# -- the rows that are set ---------------------------------------------------------------------------------------------

ROWS = [
    writes.Number("A\\B", "C", 0xFFFFFFFF),
    writes.Number("A\\B", "D", 7),
    writes.Entry("A", "DependOnService", "MSiSCSI", True),
    writes.FirewallRule("MsiScsi-In-TCP", False),
    writes.AutomaticClaim("iSCSI", True),
]


class Recorder:
    """A machine that refuses what it is told to refuse."""

    def __init__(self, *refused):
        self.refused, self.written = refused, []

    def rows(self, query):
        return iter(())

    def write_setting(self, setting):
        if setting in self.refused:
            raise writes.Unwritable("no")
        self.written.append(setting)


def test_rows_survive_the_line_and_numbers_are_sent_as_dotnet_takes_them():
    line = writes.encode(ROWS)
    assert writes.decode(line) == ROWS
    assert [each.get("value") for each in json.loads(line)][:2] == [-1, 7]
    assert writes.encode([]) == "" and writes.detach(writes.attach("q", "")) == ("q", "")


def test_a_row_that_fails_keeps_no_other_from_being_set():
    machine = Recorder(ROWS[1])
    query = rows.CountQuery("iscsicli", ("ListPersistentTargets",))
    text = writes.attach(rows.encode_queries([query]), writes.encode(ROWS))
    found, errors = writes.detach(writes.answer(text, machine, lambda: 0))
    assert machine.written == [ROWS[0], *ROWS[2:]]
    assert writes.decode_errors(errors, ROWS) == [None, "no", None, None, None]
    assert rows.decode_rows(found, [query])[0].rows == []


@pytest.mark.parametrize("line", ["", "[]", "{}", "[null]", "nonsense", "[" * 100000, "null"])
def test_an_answer_that_says_nothing_leaves_nothing_taken_for_set(line):
    assert all(writes.decode_errors(line, ROWS))
