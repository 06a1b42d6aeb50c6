# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import memory, prototypes, status
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import structures as s
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import Builder, CallError, Replies
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import executor, wire
from ansible_collections.winstorage.iscsi.tests.unit.module_utils import support
from ansible_collections.winstorage.iscsi.tests.unit.module_utils.support import ScriptedMachine, exports

each_export = pytest.mark.parametrize("name", prototypes.FUNCTIONS)
each_width = pytest.mark.parametrize("pointer", [8, 4], ids=["x64", "x86"])


def perform(builder, machine, limit=0):
    """The replies to a builder's program on a machine, through the wire."""
    text = wire.encode_batch(wire.Batch((builder.program(limit),)))
    return Replies(builder, wire.decode_answer(executor.run(text, machine)))


def inputs(function, abi, every):
    """Plausible values for the inputs of a function; only those it needs unless ``every``."""
    given = {}
    for argument in function.arguments:
        counted = any(other.of == argument.name for other in function.arguments)
        if argument.out or counted or (argument.optional and not every):
            continue
        if isinstance(argument.kind, s.Scalar):
            given[argument.name] = st.integers(0, (1 << 8 * argument.kind.size) - 1)
        elif argument.kind is prototypes.TEXT:
            given[argument.name] = support.texts(abi, 20)
        elif argument.kind is prototypes.STRUCT:
            given[argument.name] = support.values(argument.type, abi)
        else:
            given[argument.name] = st.binary(min_size=1, max_size=16)
    return st.fixed_dictionaries(given)


@each_export
@each_width
@pytest.mark.parametrize("every", [True, False], ids=["all", "needed"])
@settings(max_examples=5)  # of each function
@given(data=st.data())
def test_every_function_gets_its_arguments_as_they_were_given(name, pointer, every, data):
    function, builder = prototypes.FUNCTIONS[name], Builder(pointer)
    values = data.draw(inputs(function, builder.abi, every))
    seen = {}

    def export(machine, *arguments):
        seen.update(zip([argument.name for argument in function.arguments], arguments))
        for argument in function.arguments:
            address = seen[argument.name]
            if argument.kind is prototypes.TEXT and address:
                seen[argument.name] = machine.wide(address)
            elif argument.kind is prototypes.STRUCT and not argument.out and address:
                ((start, block),) = [(start, block) for start, block in machine.blocks.items() if start == address]
                seen[argument.name] = memory.Image(block, start, machine.abi).read(argument.type)
            elif argument.kind is prototypes.BYTES and not argument.out and address:
                seen[argument.name] = bytes(machine.blocks[address])
        return 0

    builder.call(name, **values)
    perform(builder, ScriptedMachine({name: export}, pointer))
    for argument in function.arguments:
        if argument.out:
            grows = argument.kind in (prototypes.ARRAY, prototypes.LIST, prototypes.BYTES) and not argument.capacity
            assert (seen[argument.name] == 0) == grows  # null in the sizing call, memory otherwise
        elif argument.name not in values:
            counts = next((other.name for other in function.arguments if other.of == argument.name), None)
            assert seen[argument.name] == len(values.get(counts) or b"")
        elif argument.kind is prototypes.STRUCT:
            assert seen[argument.name] == support.expected(argument.type, values[argument.name])
        else:
            assert seen[argument.name] == values[argument.name]


def _without_pointers(values):
    """A single structure comes back without anything behind it."""
    return {
        name: _without_pointers(value) if isinstance(value, dict) else None if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def outputs(function, abi):
    """Plausible values for the outputs of a function, as :func:`support.export` takes them."""
    told = {}
    for argument in function.arguments:
        if argument.kind is prototypes.ARRAY:
            told[argument.name] = st.lists(support.values(argument.type, abi), max_size=3)
        elif argument.kind is prototypes.LIST:
            told[argument.name] = st.lists(support.texts(abi, 20).filter(bool), max_size=4)
        elif argument.kind is prototypes.FIXED_TEXT:
            told[argument.name] = support.texts(abi, 20)
        elif argument.kind is prototypes.BYTES and argument.out:
            told[argument.name] = st.binary(max_size=argument.capacity or 300)
        elif argument.kind is prototypes.STRUCT and argument.out:
            told[argument.name] = support.values(argument.type, abi).map(_without_pointers)
        elif argument.kind is prototypes.NUMBER and not any(one.count == argument.name for one in function.arguments):
            told[argument.name] = st.integers(0, (1 << 8 * argument.type.size) - 1)
    return st.fixed_dictionaries(told)


@each_export
@each_width
@settings(max_examples=5)
@given(data=st.data())
def test_every_functions_outputs_are_read_as_they_were_told(name, pointer, data):
    function, builder = prototypes.FUNCTIONS[name], Builder(pointer)
    told = data.draw(outputs(function, builder.abi))
    handle = builder.call(name, **data.draw(inputs(function, builder.abi, False)))
    reply = perform(builder, ScriptedMachine(exports(**{name: told}), pointer)).require(handle)
    for output, value in told.items():
        argument = function.argument(output)
        if argument.kind is prototypes.ARRAY:
            value = [support.expected(argument.type, row) for row in value]
        elif argument.kind is prototypes.STRUCT:
            value = support.expected(argument.type, value)
        assert reply[output] == value


def test_lists_of_texts_are_sized_in_characters():
    """What iscsicli does; the documentation says elements."""
    names, rooms = [f"iqn.2001-05.com.example:{number:04d}" for number in range(2000)], []
    builder = Builder(8)
    handle = builder.call("ReportIScsiTargetsW", ForceUpdate=0)

    def export(machine, force, size, buffer):
        if buffer:
            rooms.append((machine.u32(size), len(machine.blocks[buffer])))
        return support.export("ReportIScsiTargetsW", {"Buffer": names})(machine, force, size, buffer)

    assert perform(builder, ScriptedMachine({"ReportIScsiTargetsW": export})).require(handle)["Buffer"] == names
    ((characters, size),) = rooms
    assert size == 2 * characters >= 2 * sum(len(name) + 1 for name in names)


@pytest.mark.parametrize(
    "name, values, told",
    [
        ("LogoutIScsiTarget", {}, "LogoutIScsiTarget needs UniqueSessionId"),
        ("ReportIScsiTargetsW", {}, "ReportIScsiTargetsW needs ForceUpdate"),
        ("RemoveIScsiStaticTargetW", {"TargetName": None}, "RemoveIScsiStaticTargetW needs TargetName"),
        ("RemoveIScsiStaticTargetW", {"Target": "x"}, "RemoveIScsiStaticTargetW takes no Target"),
        ("ReportIScsiTargetsW", {"ForceUpdate": 0, "Buffer": b""}, "ReportIScsiTargetsW takes no Buffer"),
    ],
)
def test_a_call_with_wrong_arguments_is_refused_by_name(name, values, told):
    with pytest.raises(TypeError, match=told):
        Builder(8).call(name, **values)


def test_nothing_given_for_a_secret_is_null_and_length_0():
    """What iscsicli sends to clear the initiator's CHAP secret."""
    builder = Builder(8)
    builder.call("SetIScsiInitiatorCHAPSharedSecret")
    machine = ScriptedMachine({"SetIScsiInitiatorCHAPSharedSecret": lambda *_: 0})
    perform(builder, machine)
    assert machine.log == [("SetIScsiInitiatorCHAPSharedSecret", (0, 0))]


def test_outputs_that_nobody_reads_do_not_come_back():
    builder = Builder(8)
    listed = builder.call("ReportIScsiTargetsW", ForceUpdate=0, back=False)
    asked = builder.call(
        "GetIScsiTargetInformationW", each=builder.items(listed, "Buffer"), TargetName=builder.item(0), InfoClass=2
    )
    replies = perform(
        builder,
        ScriptedMachine(
            exports(
                ReportIScsiTargetsW={"Buffer": ["a", "b"]},
                GetIScsiTargetInformationW=lambda given: {"Buffer": support.wide_list(["of " + given["TargetName"]])},
            )
        ),
    )
    assert [reply.image("Buffer").texts() for reply in replies.each(asked)] == [["of a"], ["of b"]]
    assert replies.answer.results[listed.index].runs[0].blocks == ()


@each_width
def test_items_are_handed_on_by_the_names_of_the_header(pointer):
    """The second LUN of the second mapping, by pointer and by value."""

    def mapping(number, luns):
        return {"SessionId": {"AdapterUnique": number}, "LUNList": [{"TargetLUN": lun} for lun in luns]}

    builder, seen = Builder(pointer), []
    mapped = builder.call("ReportActiveIScsiTargetMappingsW")
    luns = builder.inner(builder.items(mapped, "Mappings"), s.ISCSI_TARGET_MAPPING, "LUNList")
    builder.call(
        "SendScsiReadCapacity",
        each=luns,
        UniqueSessionId=builder.item(0, s.ISCSI_TARGET_MAPPING, "SessionId"),
        Lun=builder.load(1, s.SCSI_LUN_LIST, "TargetLUN"),
    )
    perform(
        builder,
        ScriptedMachine(
            exports(
                ReportActiveIScsiTargetMappingsW={
                    "Mappings": [mapping(7, [1 << 40]), mapping(8, []), mapping(9, [2, 1 << 63])]
                },
                SendScsiReadCapacity=lambda given: (
                    seen.append((given["UniqueSessionId"].AdapterUnique, given["Lun"])) or 0
                ),
            ),
            pointer,
        ),
    )
    assert seen == [(7, 1 << 40), (9, 2), (9, 1 << 63)]


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def ask(exports_):
    builder = Builder(8)
    handle = builder.call("ReportIScsiPersistentLoginsW")
    return perform(builder, ScriptedMachine(exports_)), handle


def test_a_failed_call_names_itself_its_status_and_the_remedy():
    replies, handle = ask(exports(ReportIScsiPersistentLoginsW=status.SERVICE_NOT_RUNNING))
    told = "^ReportIScsiPersistentLoginsW: ISDSC_SERVICE_NOT_RUNNING .0xEFFF003E.: "
    with pytest.raises(CallError, match=told) as error:
        replies.require(handle)
    assert (error.value.export, error.value.status.value) == ("ReportIScsiPersistentLoginsW", 0xEFFF003E)
    assert error.value.status.hint in str(error.value)


def test_a_missing_export_is_an_error_of_that_call():
    replies, handle = ask({})
    assert replies.outcome(handle) == wire.NO_SUCH_EXPORT
    with pytest.raises(CallError, match="ReportIScsiPersistentLoginsW: .*PROC_NOT_FOUND"):
        replies.require(handle)


def test_a_warning_is_an_answer():
    builder = Builder(8)
    handle = builder.call("GetIScsiVersionInformation")
    machine = ScriptedMachine({"GetIScsiVersionInformation": lambda *_: status.OPERATION_NOT_ALL_SUCCESS})
    assert perform(builder, machine).require(handle)["VersionInfo"] == (0, 0, 0)


def test_a_call_that_was_not_made_says_so():
    builder = Builder(8)
    first = builder.call("GetIScsiVersionInformation", vital=True)
    after = builder.call("GetIScsiVersionInformation")
    replies = perform(builder, ScriptedMachine(exports(GetIScsiVersionInformation=5)))
    with pytest.raises(CallError, match="ACCESS_DENIED"):
        replies.require(first)
    with pytest.raises(CallError, match="not called, because a call that it depends on failed"):
        replies.require(after)


def test_a_call_that_hangs_is_named():
    def hang(*_arguments):
        raise executor.TimedOut()

    builder = Builder(8)
    builder.call("GetIScsiVersionInformation")
    builder.call("ReportIScsiTargetsW", ForceUpdate=1)
    machine = ScriptedMachine(dict(exports(GetIScsiVersionInformation={"VersionInfo": {}}), ReportIScsiTargetsW=hang))
    with pytest.raises(CallError, match="^ReportIScsiTargetsW: .*TIMEOUT") as error:
        perform(builder, machine)
    assert error.value.export == "ReportIScsiTargetsW"


def test_a_list_that_leads_outside_its_memory_is_an_error_of_what_repeats_over_it():
    def lying(machine, size, count, mappings):
        machine.put_u32(size, 4000)
        machine.put_u32(count, 5000)
        return 0 if mappings else 122

    builder = Builder(8)
    mapped = builder.call("ReportActiveIScsiTargetMappingsW")
    asked = builder.call("LogoutIScsiTarget", each=builder.items(mapped, "Mappings"), UniqueSessionId=builder.item(0))
    replies = perform(builder, ScriptedMachine({"ReportActiveIScsiTargetMappingsW": lying}))
    with pytest.raises(CallError, match="LogoutIScsiTarget: the list it repeats over leads outside its own memory"):
        replies.each(asked)
    with pytest.raises(memory.ImageError, match="ISCSI_TARGET_MAPPING at offset 0"):
        replies.require(mapped)["Mappings"]


def test_no_error_of_a_call_repeats_a_secret():
    builder = Builder(8)
    with pytest.raises(s.LayoutError) as refusal:
        builder.call("AddISNSServerW", Address="hunter2\0hunter2")
    assert "AddISNSServerW Address" in str(refusal.value) and "hunter2" not in str(refusal.value)
