# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What C code reads and writes by name is what the core encodes and decodes by offset.

The stand-in (standin/standin.c) does the C side. Whatever runs batches runs the same cases against it. And what a DLL
does wrong, which it does on request, is noticed.
"""

from __future__ import annotations

import base64
import ctypes
import dataclasses
import gzip
import re
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import memory, prototypes, structures
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import Builder, Reply
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire
from ansible_collections.winstorage.iscsi.tests.proof.standin import build, engines
from ansible_collections.winstorage.iscsi.tests.proof.standin.cases import (
    CASES,
    GROUPS,
    IQN,
    LOGINS,
    SECRET,
    SESSIONS,
    Canned,
    Case,
    decoded,
    expected,
)
from ansible_collections.winstorage.iscsi.tests.proof.standin.server import HANG, Server
from ansible_collections.winstorage.iscsi.tests.proof.standin.simulated import SimulatedHost
from ansible_collections.winstorage.iscsi.tests.proof.support import compilers
from ansible_collections.winstorage.iscsi.tests.proof.support.rows_standin import calls_only

HOSTS = sorted((Path(__file__).parents[2] / "demo" / "hosts").glob("*.yml"))

LOGINS_CASE = next(case for case in CASES if case.name == "persistent logins")
TARGETS_CASE = next(case for case in CASES if case.name == "targets")
GROUPS_CASE = next(case for case in CASES if case.name == "information: PortalGroups")


class Outcome:
    """Some cases in one batch: their replies by name, and what the server saw."""

    def __init__(self, engine, cases, variant=None, limit=0):
        builder = Builder(8)
        made = [builder.call(case.export, limit=limit, **case.sent) for case in cases]
        batch = wire.encode_batch(wire.Batch((builder.program(),)))
        with Server(Canned(cases), variant) as server:
            self.text = engine.run(batch, server.environment)
        self.seen = server.calls
        self.answer = wire.decode_answer(self.text)
        self.outcomes = {case.name: result.outcome for case, result in zip(cases, self.answer.results)}
        self.replies = {}
        for case, one, result in zip(cases, made, self.answer.results):
            if result.outcome == wire.RAN:
                self.replies[case.name] = Reply(one, result.runs[0], structures.X64_W)

    def decoded(self, case):
        """Every output of the case that has an expected value."""
        return {name: self.replies[case.name][name] for name in expected(case)}


def assert_groups_as_said(reply):
    found = queries.read_portal_groups(reply.image("Buffer"), reply["BufferSize"])
    assert [[(portal.address, portal.port) for portal in group] for group in found] == [
        [(portal["Address"], portal["Socket"]) for portal in group["Portals"]] for group in GROUPS
    ]


ENGINES = {
    "cpython": lambda request, folder: engines.Here(),
    "mono": lambda request, folder: engines.Mono(folder),
    "wine-cpython": lambda request, folder: engines.WindowsPython(request.getfixturevalue("wine_python")),
    "wine-dotnet": lambda request, folder: engines.WindowsDotnet(folder, request.getfixturevalue("wine_dotnet")),
}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, tmp_path_factory):
    return ENGINES[request.param](request, tmp_path_factory.mktemp(request.param))


# -- every export, by every engine -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcome(engine):
    return Outcome(engine, CASES)


def test_there_is_a_case_for_every_export():
    assert {case.export for case in CASES} == set(prototypes.FUNCTIONS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_c_reads_what_was_sent(outcome, case):
    seen = [inputs for export, inputs in outcome.seen if export == case.export]
    assert case.inputs in seen


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_c_wrote_is_what_the_service_said(outcome, case):
    reply = outcome.replies[case.name]
    assert reply.status.value == case.status
    assert outcome.decoded(case) == expected(case)


@pytest.mark.parametrize(
    "name, read",
    [
        ("ProtocolType", lambda reply: reply.image("Buffer").number(4)),
        ("TargetAlias", lambda reply: reply.image("Buffer").text()),
        ("DiscoveryMechanisms", lambda reply: reply.image("Buffer").texts(limit=reply["BufferSize"])),
        ("PersistentTargetMappings", lambda reply: reply.image("Buffer").read(structures.ISCSI_TARGET_MAPPING)),
        ("InitiatorName", lambda reply: reply.image("Buffer").text()),
        ("TargetFlags", lambda reply: reply.image("Buffer").number(4)),
        ("LoginOptions", lambda reply: reply.image("Buffer").read(structures.ISCSI_LOGIN_OPTIONS)),
    ],
)
def test_information_of_a_target(outcome, name, read):
    said = next(case for case in CASES if case.name == "information: " + name).outputs["Buffer"]
    structure = prototypes.TARGET_INFORMATION[name][2]
    wanted = decoded(structure, said) if isinstance(said, dict) else said
    assert read(outcome.replies["information: " + name]) == wanted


def test_portal_groups_of_a_target(outcome):
    assert_groups_as_said(outcome.replies[GROUPS_CASE.name])


def test_the_secret_arrives_and_does_not_come_back(outcome):
    login = next(inputs for export, inputs in outcome.seen if export == "LoginIScsiTargetW" and inputs["LoginOptions"])
    assert login["LoginOptions"]["Password"] == SECRET
    assert SECRET not in gzip.decompress(base64.b64decode(outcome.text))


# -- a whole host, by every engine -------------------------------------------------------------------------------------

# What the answers hold, and where portal groups lie. How sizes are told is the stand-in's own affair.
DIALECTS = {
    "plain": {},
    "hard": {
        "unset_options": "garbage",
        "password_length": "length",
        "letter_case": "upper",
        "portal_group_spacing": "natural",
    },
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("path", HOSTS, ids=lambda path: path.stem)
def test_a_host_reads_the_same_through_c_as_through_the_simulators_own_memory(engine, path, dialect):
    host = SimulatedHost(path, DIALECTS[dialect])
    plain = queries.gather(calls_only(lambda batch: executor.run(batch, host.machine())))
    with Server(host, host.variant) as server:
        through_c = queries.gather(calls_only(lambda batch: engine.run(batch, server.environment)))
    assert plain.persistent_logins and plain.targets
    assert dataclasses.replace(through_c, host=None) == dataclasses.replace(plain, host=None)


# -- any records, here -------------------------------------------------------------------------------------------------


def values_of(structure):
    """Any value that a service may give for a structure."""
    return strategies.fixed_dictionaries(
        {},
        optional={name: _values(kind) for name, kind in structure.fields.items() if _is_given(structure, name, kind)},
    )


def _is_given(structure, name, kind):
    counts = {other.count for other in structure.fields.values() if isinstance(other, structures.Pointer)}
    return name not in counts and not (isinstance(kind, structures.Pointer) and kind.to is structures.SECRET)


def _text(limit):
    letters = strategies.characters(exclude_characters="\0", exclude_categories=("Cs",), max_codepoint=0xFFFF)
    return strategies.text(letters, max_size=limit)


def _values(kind):
    if isinstance(kind, structures.Structure):
        return values_of(kind)
    if isinstance(kind, structures.Chars):
        return _text(kind.length - 1)
    if isinstance(kind, structures.Bytes):
        return strategies.binary(min_size=kind.length, max_size=kind.length)
    if not isinstance(kind, structures.Pointer):
        return strategies.integers(0, (1 << 8 * kind.size) - 1)
    if kind.to is structures.TEXT:
        return strategies.none() | _text(300)
    if kind.to is structures.BLOB:
        return strategies.none() | strategies.binary(max_size=300)
    return strategies.lists(values_of(kind.to), max_size=3) if kind.count else strategies.none() | values_of(kind.to)


def without_the_unpromised(structure, values):
    """A pointer whose bit is clear decodes to None, whatever it is."""
    kept = dict(values)
    for name, kind in structure.fields.items():
        if isinstance(kind, structures.Structure) and name in kept:
            kept[name] = without_the_unpromised(kind, kept[name])
        elif isinstance(kind, structures.Pointer) and kind.when and not kept.get(kind.when[0], 0) & kind.when[1]:
            kept.pop(name, None)
    return kept


REPORTS = [
    (name, argument.name, argument.type)
    for name, function in prototypes.FUNCTIONS.items()
    for argument in function.arguments
    if argument.kind is prototypes.ARRAY
]


@pytest.mark.parametrize("export, output, structure", REPORTS, ids=[export for export, _output, _structure in REPORTS])
@hypothesis.settings(max_examples=30, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(data=strategies.data())
def test_any_records_decode_to_what_the_service_said(export, output, structure, data):
    rows = data.draw(
        strategies.lists(values_of(structure).map(lambda values: without_the_unpromised(structure, values)), max_size=4)
    )
    sent = {
        argument.name: {} if argument.kind is prototypes.STRUCT else IQN
        for argument in prototypes.FUNCTIONS[export].arguments
        if not argument.out and not argument.optional
    }
    case = Case("any", export, sent, {output: rows})
    assert Outcome(engines.Here(), [case]).decoded(case) == expected(case)


def test_as_many_logins_as_windows_keeps():
    case = LOGINS_CASE._replace(outputs={"PersistentLoginInfo": LOGINS * 64})
    assert Outcome(engines.Here(), [case]).decoded(case) == expected(case)


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["zero-sizing", "no-access", "large-size"])
def test_quirks_of_sizing_cost_nothing(variant):
    found = Outcome(engines.Here(), [LOGINS_CASE], variant)
    assert found.decoded(LOGINS_CASE) == expected(LOGINS_CASE)


@pytest.mark.parametrize("variant", ["zero", "growing"])
def test_a_buffer_that_is_never_large_enough_ends(variant):
    found = Outcome(engines.Here(), [LOGINS_CASE], variant)
    assert found.replies[LOGINS_CASE.name].status.value == executor.ERROR_INSUFFICIENT_BUFFER
    assert len(found.seen) <= executor.ROUNDS


@pytest.mark.parametrize(
    "variant", ["counts", "inner-counts", "low-pointers", "far-pointers", "high-pointers", "edge-pointers"]
)
@pytest.mark.parametrize(
    "export, output, rows",
    [
        ("ReportIScsiPersistentLoginsW", "PersistentLoginInfo", LOGINS),
        ("GetIScsiSessionListW", "SessionInfo", SESSIONS),
    ],
)
def test_memory_that_leads_outside_itself_is_told(variant, export, output, rows):
    reply = Outcome(engines.Here(), [Case("hostile", export, {}, {output: rows})], variant).replies["hostile"]
    with pytest.raises(memory.ImageError):
        reply[output]


def test_a_list_without_an_end_is_told():
    reply = Outcome(engines.Here(), [TARGETS_CASE], "unterminated").replies[TARGETS_CASE.name]
    with pytest.raises(memory.ImageError, match="does not end"):
        reply["Buffer"]


def test_portal_groups_spaced_naturally():
    assert_groups_as_said(Outcome(engines.Here(), [GROUPS_CASE], "natural-groups").replies[GROUPS_CASE.name])


def test_a_call_that_hangs_is_named_and_the_rest_not_made():
    found = Outcome(engines.Here(), [TARGETS_CASE, LOGINS_CASE], {TARGETS_CASE.export: HANG}, limit=300)
    assert found.outcomes == {TARGETS_CASE.name: wire.TIMED_OUT, LOGINS_CASE.name: wire.NOT_REACHED}


def test_without_a_server_a_call_says_so():
    builder = Builder(8)
    builder.call("GetIScsiVersionInformation")
    batch = wire.encode_batch(wire.Batch((builder.program(),)))
    answer = wire.decode_answer(engines.Here().run(batch, {"WINSTORAGE_STANDIN_PORT": "1"}))
    assert answer.results[0].runs[0].status == 1722


@pytest.mark.parametrize(
    "outputs, problem",
    [
        ({"PersistentLoginInfo": [{"TargetNmae": IQN}]}, "has no TargetNmae"),
        ({"PersistentLogins": []}, "has no PersistentLogins"),
        ({"PersistentLoginInfo": [{"InitiatorPortNumber": 1 << 32}]}, "does not fit"),
        ({"PersistentLoginInfo": [{"TargetName": "n" * 224}]}, "do not fit"),
        ({"PersistentLoginInfo": [{"LoginOptions": {"Password": SECRET}}]}, "never comes back"),
    ],
)
def test_an_answer_of_the_service_that_is_none_does_not_pass_silently(outputs, problem):
    with pytest.raises((TypeError, ValueError), match=problem):
        Outcome(engines.Here(), [LOGINS_CASE._replace(outputs=outputs)])


# -- the service manager, for Linux ------------------------------------------------------------------------------------


class TestServiceManager:
    """The stand-in of advapi32.dll: what the C# asks under Mono."""

    @pytest.fixture
    def stopped(self, tmp_path):
        path = tmp_path / "host.yml"
        path.write_text("service: {state: stopped, start_mode: manual}\n", encoding="ascii")
        return SimulatedHost(path)

    @pytest.fixture
    def manager(self, stopped, monkeypatch):
        with Server(stopped) as server:
            for name, value in server.environment.items():
                monkeypatch.setenv(name, value)
            library = ctypes.CDLL(str(build.service_manager()), use_errno=True)
            library.OpenSCManagerW.restype = library.OpenServiceW.restype = ctypes.c_void_p
            yield library

    @staticmethod
    def opened(manager, name="MSiSCSI"):
        wide = ctypes.create_string_buffer(name.encode("utf-16-le") + b"\0\0")
        return ctypes.c_void_p(manager.OpenServiceW(ctypes.c_void_p(manager.OpenSCManagerW(None, None, 1)), wide, 0x14))

    @staticmethod
    def asked(manager, service):
        status, config, needed = (ctypes.c_uint32 * 7)(), (ctypes.c_uint32 * 64)(), ctypes.c_uint32()
        assert manager.QueryServiceStatus(service, status)
        assert manager.QueryServiceConfigW(service, config, ctypes.sizeof(config), ctypes.byref(needed))
        return status[1], config[1]  # dwCurrentState, dwStartType

    def test_a_stopped_service_starts_and_changes_its_mode(self, manager, stopped):
        service = self.opened(manager)
        assert self.asked(manager, service) == (1, 3)
        assert manager.StartServiceW(service, 0, None)
        unchanged = ctypes.c_uint32(0xFFFFFFFF)
        assert manager.ChangeServiceConfigW(service, unchanged, 2, unchanged, None, None, None, None, None, None, None)
        assert self.asked(manager, service) == (4, 2)
        assert (stopped.host.service_state, stopped.host.start_mode) == (4, 2)

    def test_a_refusal_has_its_status(self, manager, stopped):
        stopped.simulator.state["service"]["start_mode"] = "disabled"
        assert not manager.StartServiceW(self.opened(manager), 0, None)
        assert ctypes.get_errno() == 1058  # ERROR_SERVICE_DISABLED

    def test_the_csharp_reports_starts_and_sets_it(self, stopped, tmp_path):
        builder = Builder(8)
        builder.call("GetIScsiVersionInformation")
        builder.call("StartService", TimeoutMilliseconds=5000)
        builder.call("SetServiceStartMode", StartMode=2)
        builder.call("GetIScsiVersionInformation")
        with Server(stopped) as server:
            answer = wire.decode_answer(
                engines.Mono(tmp_path).run(wire.encode_batch(wire.Batch((builder.program(),))), server.environment)
            )
        assert [result.runs[0].status for result in answer.results] == [0xEFFF003E, 0, 0, 0]
        assert (answer.host.service_state, answer.host.start_mode) == (1, 3)  # as it was found
        assert (stopped.host.service_state, stopped.host.start_mode) == (4, 2)

    def test_there_is_no_other_service(self, manager):
        assert self.opened(manager, "Spooler").value is None
        assert ctypes.get_errno() == 1060  # ERROR_SERVICE_DOES_NOT_EXIST


# -- the libraries -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["x64", "x86", "elf"])
def test_the_library_exports_every_function_and_nothing_else(target):
    command = compilers.tool(target, "objdump"), "-T" if target == "elf" else "-p", build.library(target)
    dump = compilers.run(*command).decode()
    if target == "elf":
        found = re.findall(r"\.text\t\S+ +(?:Base +)?(\w+)$", dump, re.MULTILINE)
    else:
        table = dump[dump.index("[Ordinal/Name Pointer] Table") :]
        found = re.findall(r"^\t\[ *\d+\] (?:\+base\[ *\d+\] +\w+ )?(\S+)$", table, re.MULTILINE)
    assert sorted(found) == sorted(prototypes.FUNCTIONS)
