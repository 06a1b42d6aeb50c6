# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Reading an initiator: which calls tell what, and how their answers become records.

Each read operation is a function that adds its calls to a :class:`program.Builder` and returns what decodes their
:class:`program.Replies`. :data:`READS` names them. :func:`gather` asks for any number of them in one batch.
"""

from __future__ import annotations

import typing as t

from ..abi import memory, status
from ..abi.prototypes import TARGET_INFORMATION
from ..abi.structures import (
    ISCSI_LOGIN_OPTIONS,
    ISCSI_SESSION_INFO,
    ISCSI_TARGET_MAPPING,
    ISCSI_TARGET_PORTAL,
    ISCSI_TARGET_PORTAL_GROUP,
    SCSI_LUN_LIST,
    WIDE,
)
from ..model import records
from ..runner import wire
from . import scsi
from .builder import Builder, CallError, Replies

# Answers that pass under load (observed: os-win, HPE): three more tries half a second apart.
BUSY = wire.Retry(3, 500, (status.SESSION_BUSY, status.DEVICE_BUSY_ON_SESSION, status.INSUFFICIENT_BUFFER))
# What an initiator answers that does not have the thing at all, as opposed to having none of it.
_NOT_OFFERED = (status.REQUEST_NOT_SUPPORTED, status.PROC_NOT_FOUND)


def persistent_logins(builder):
    """Every saved login, in the order of the report."""
    made = builder.call("ReportIScsiPersistentLoginsW", retry=BUSY)
    return lambda replies, _warn: [records.PersistentLogin.of(raw) for raw in replies.one(made)["PersistentLoginInfo"]]


def target_portals(builder):
    """Every SendTargets portal. Hosts without the Ex form report no flags and options."""
    extended = builder.call("ReportIScsiSendTargetPortalsExW", retry=BUSY)
    plain = builder.call("ReportIScsiSendTargetPortalsW", retry=BUSY, when=[wire.Succeeded(extended.index, 0)])

    def decode(replies, warn):
        reported = extended
        if replies.outcome(extended) == wire.NO_SUCH_EXPORT:
            warn(
                "This host's iscsidsc.dll has no ReportIScsiSendTargetPortalsExW: "
                "the portals' flags and options are not known."
            )
            reported = plain
        return [records.TargetPortal.of(raw) for raw in replies.one(reported)["PortalInfo"]]

    return decode


def targets(builder):
    """Every target the initiator knows, with each way it was found and what is known through it."""
    names = builder.call("ReportIScsiTargetsW", ForceUpdate=0, retry=BUSY)
    found = builder.call(
        "GetIScsiTargetInformationW",
        each=builder.items(names, "Buffer"),
        TargetName=builder.item(0),
        InfoClass=TARGET_INFORMATION["DiscoveryMechanisms"][0],
    )
    through = builder.items(found, "Buffer")
    told = {
        name: builder.call(
            "GetIScsiTargetInformationW",
            each=through,
            TargetName=builder.item(0),
            DiscoveryMechanism=builder.item(1),
            InfoClass=TARGET_INFORMATION[name][0],
        )
        for name in _INFORMATION
    }

    def decode(replies, warn):
        listed = [records.Target(name) for name in replies.one(names)["Buffer"]]
        for reply in _succeeded(replies, found, warn):
            mechanisms = reply.image("Buffer").texts(limit=reply["BufferSize"])
            listed[reply.items[0]].discoveries = [records.Discovery(name) for name in mechanisms]
        for name, made in told.items():
            field, convert = _INFORMATION[name]
            for reply in replies.each(made):
                if reply.status.ok:  # a way of discovery that does not know a thing answers with an error
                    target, way = reply.items
                    setattr(listed[target].discoveries[way], field, convert(reply.image("Buffer"), reply["BufferSize"]))
        return listed

    return decode


def sessions(builder):
    """Every live session with its connections, devices and logical units.

    A device of a session in retry, and a logical unit that does not answer, are told by a warning or by the unit's
    ``problem``.
    """
    listed = builder.call("GetIScsiSessionListW", retry=BUSY)
    extended = builder.call("GetIScsiSessionListEx", retry=BUSY)
    devices = builder.call(
        "GetDevicesForIScsiSessionW",
        each=builder.items(listed, "SessionInfo"),
        retry=BUSY,
        UniqueSessionId=builder.item(0, ISCSI_SESSION_INFO, "SessionId"),
    )
    units = _logical_units(builder)

    def decode(replies, warn):
        more = (
            {records.session_id(raw.SessionId): raw for raw in replies.one(extended)["SessionInfo"]}
            if replies.outcome(extended) == wire.RAN
            else {}
        )
        live = [
            records.Session.of(raw, more.get(records.session_id(raw.SessionId)))
            for raw in replies.one(listed)["SessionInfo"]
        ]
        for reply in _succeeded(replies, devices, warn):
            live[reply.items[0]].devices = [records.Device.of(raw) for raw in reply["Devices"]]
        luns = units(replies, warn)
        for session in live:
            session.luns = luns.get(session.session_id)
        return live

    return decode


def mappings(builder):
    """The SCSI bus and target number of each session's target, as the port driver has them now."""
    made = builder.call("ReportActiveIScsiTargetMappingsW", retry=BUSY)
    return lambda replies, _warn: [records.Mapping.of(raw) for raw in replies.one(made)["Mappings"]]


def initiator(builder):
    """Node name, initiator instances and version."""
    node = builder.call("GetIScsiInitiatorNodeNameW")
    instances = builder.call("ReportIScsiInitiatorListW", retry=BUSY)
    version = builder.call("GetIScsiVersionInformation")

    def decode(replies, _warn):
        number = replies.one(version)["VersionInfo"]
        return records.Initiator(
            replies.one(node)["InitiatorNodeName"],
            replies.one(instances)["Buffer"],
            f"{number.MajorVersion}.{number.MinorVersion}.{number.BuildNumber}",
        )

    return decode


def _list_of(export, what):
    """A read operation for an export that reports one list of texts. Not every initiator has the list."""

    def operation(builder):
        made = builder.call(export, retry=BUSY)

        def decode(replies, warn):
            try:
                return replies.one(made)["Buffer"]
            except CallError as error:
                if error.status.value not in _NOT_OFFERED:
                    raise
                warn(f"This initiator does not report {what}: {error}")
                return None

        return decode

    operation.__doc__ = f"The {what}, as texts; None where the initiator does not offer them."
    return operation


READS = {
    "initiator": initiator,
    "persistent_logins": persistent_logins,
    "target_portals": target_portals,
    "targets": targets,
    "sessions": sessions,
    "mappings": mappings,
    "isns_servers": _list_of("ReportISNSServerListW", "iSNS servers"),
    "radius_servers": _list_of("ReportRadiusServerListW", "RADIUS servers"),
    "persistent_devices": _list_of("ReportPersistentIScsiDevicesW", "bound devices"),
}


class ServiceStopped(CallError):
    """MSiSCSI does not run, so nothing else can be read. ``host`` is what is known all the same."""

    def __init__(self, host):
        super().__init__(f"MSiSCSI is {host.service_state}", status.SERVICE_NOT_RUNNING)
        self.host = host


def gather(run, subsets=tuple(READS), time_limit=0):
    """Ask a host, in one batch, whatever is asked.

    :param run: takes the text of a batch, gives the text of its answer: an engine.
    :param subsets: names in :data:`READS`.
    :param time_limit: seconds for all of it, 0 for none.
    :returns: a :class:`records.Snapshot`.
    :raises ServiceStopped: when the service is not running, with the remedy in its text.
    :raises CallError: when a call fails or does not come back.
    :raises memory.ImageError: when what came back does not hold what it should.
    """
    readings = {pointer: Reading(pointer, subsets) for pointer in WIDE}
    batch = wire.Batch(
        tuple(
            wire.Program(pointer, 1000 * time_limit, tuple(reading.builder.calls))
            for pointer, reading in readings.items()
        )
    )
    answer = wire.decode_answer(run(wire.encode_batch(batch)))
    return readings[answer.host.pointer].snapshot(answer)


class Reading:
    """Some read operations as calls of one program, and what decodes their answers. There may be others around them."""

    def __init__(self, pointer, subsets, builder=None):
        self.builder = builder or Builder(pointer)
        self._decoders = {name: READS[name](self.builder) for name in subsets}

    def snapshot(self, answer, trust_service=False):
        """The records of an answer; what decodes but deserves a remark is in its ``warnings``.

        :param trust_service: the batch itself has started the service.
        """
        replies = Replies(self.builder, answer)
        host = records.Host.of(answer.host)
        # what a stopped service lists says nothing, even an empty list
        if answer.host.service_state not in (0, 4) and not trust_service:
            raise ServiceStopped(host)
        warnings: t.List[str] = []
        found = {name: decode(replies, warnings.append) for name, decode in self._decoders.items()}
        return records.Snapshot(host=host, warnings=warnings, **found)


def _succeeded(replies, made, warn):
    """The runs of a repeated call that succeeded; one warning for each status among the others."""
    failed = {}
    for reply in replies.each(made):
        if reply.status.ok:
            yield reply
        else:
            failed.setdefault(reply.status, []).append(reply)
    for code, runs in failed.items():
        warn(f"{made.function.name} failed for {len(runs)} of the items listed: {code.describe()}")


# -- logical units -----------------------------------------------------------------------------------------------------


def _inquiry(unit, data):
    inquiry = scsi.standard_inquiry(data)
    unit.vendor, unit.product, unit.revision = inquiry.vendor, inquiry.product, inquiry.revision


def _serial(unit, data):
    unit.serial = scsi.unit_serial_number(data)


def _identifiers(unit, data):
    unit.identifiers = sorted(
        {one.text for one in scsi.device_identification(data) if one.association == "logical_unit"}
    )


def _capacity(unit, data):
    capacity = scsi.read_capacity(data)
    unit.block_size, unit.size = capacity.block_length, capacity.size


_UNIT_QUESTIONS = (  # export, its own arguments, what takes the response
    ("SendScsiInquiry", {"EvpdCmddt": 0, "PageCode": 0x00}, _inquiry),
    ("SendScsiInquiry", {"EvpdCmddt": 1, "PageCode": 0x80}, _serial),
    ("SendScsiInquiry", {"EvpdCmddt": 1, "PageCode": 0x83}, _identifiers),
    ("SendScsiReadCapacity", {}, _capacity),
)


def _logical_units(builder):
    """Asks every logical unit of the active mappings who it is. Only the DLL's own TargetLUN values go back to it.

    The decoder returns {session id: [records.Inquiry, ...]}.
    """
    mapped = builder.call("ReportActiveIScsiTargetMappingsW", retry=BUSY)
    each = builder.inner(builder.items(mapped, "Mappings"), ISCSI_TARGET_MAPPING, "LUNList")
    session = builder.item(0, ISCSI_TARGET_MAPPING, "SessionId")
    lun = builder.load(1, SCSI_LUN_LIST, "TargetLUN")
    asked = [
        (take, builder.call(export, each=each, UniqueSessionId=session, Lun=lun, **own))
        for export, own, take in _UNIT_QUESTIONS
    ]

    def decode(replies, _warn):
        found, units = {}, {}
        for index, raw in enumerate(replies.one(mapped)["Mappings"]):
            mapping = records.Mapping.of(raw)
            for number, lun in enumerate(mapping.luns):
                units[index, number] = records.Inquiry(lun.os_lun, lun.target_lun)
                found.setdefault(mapping.session_id, []).append(units[index, number])
        for take, made in asked:
            for reply in replies.each(made):
                _take(units[reply.items], take, reply)
        return found

    return decode


def _take(unit, take, reply):
    """Put a SCSI response into the unit's record, or say why there is none."""
    code, export = reply["ScsiStatus"], reply.made.function.name
    if not reply.status.ok:
        unit.problem = unit.problem or f"{export}: {reply.status.describe()}"
    elif code:
        unit.problem = unit.problem or "{}: SCSI status 0x{:02x}{}".format(export, code, _sense(reply["SenseBuffer"]))
    else:
        try:
            take(unit, reply["ResponseBuffer"])
        except scsi.ScsiError as error:
            unit.problem = unit.problem or str(error)


def _sense(data):
    try:
        return ", " + scsi.sense(data).text
    except scsi.ScsiError:
        return ""


# -- what is known of a target -----------------------------------------------------------------------------------------


def _portal_groups(image, size):
    """[[Portal, ...], ...] from a count and groups of counted portals.

    How the service spaces several groups is known from Microsoft's sample alone, which counts the padding of its C
    type in; the natural spacing differs from it by 4 bytes behind every group with an even number of portals. The
    walk that finds more portals has the right one.
    """
    portal = ISCSI_TARGET_PORTAL.layout(image.abi).size
    padding = ISCSI_TARGET_PORTAL_GROUP.layout(image.abi).size - 4 - portal
    walks, failures = [], []
    for spare in (padding, 0):
        try:
            walks.append(_walk_groups(image, size, portal, spare))
        except memory.ImageError as error:
            failures.append(error)
    if not walks:
        raise failures[0]
    return max(walks, key=lambda groups: sum(map(len, groups)))


def _walk_groups(image, size, portal, spare):
    groups, offset, name = [], 4, ISCSI_TARGET_PORTAL_GROUP.name
    for _index in range(image.number(4) if size >= 4 else 0):
        count = image.number(4, offset)
        if offset + 4 + count * portal > size:
            raise memory.ImageError(name, "Count", offset, f"{count} portals do not fit into the {size} bytes reported")
        raw = image.array(ISCSI_TARGET_PORTAL, count, offset + 4)
        if any(not one.Address or not one.Address.isprintable() for one in raw):
            raise memory.ImageError(name, "Portals", offset + 4, "a portal without a readable address")
        groups.append([records.Portal.of(one) for one in raw])
        offset += 4 if not count else (4 + count * portal + spare + 3) & ~3
    return groups


_INFORMATION = {  # information class -> field of records.Discovery, what makes it of the image and its size
    "ProtocolType": ("protocol", lambda image, _size: image.number(4)),
    "TargetAlias": ("alias", lambda image, size: image.text() or None if size else None),
    "PortalGroups": ("portal_groups", _portal_groups),
    "InitiatorName": ("initiator", lambda image, size: image.text() or None if size else None),
    "TargetFlags": ("target_flags", lambda image, _size: image.number(4)),
    "LoginOptions": ("login_options", lambda image, _size: records.LoginOptions.of(image.read(ISCSI_LOGIN_OPTIONS))),
}
