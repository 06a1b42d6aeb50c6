# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Reading an initiator: which calls answer which question, and how their answers become records.

Each read operation is a function that adds its calls, or queries for rows, to a :class:`builder.Builder` and returns a
decoder of their :class:`builder.Replies`. :data:`READS` names them. :func:`gather` asks for any number of them in one
batch.
"""

from __future__ import annotations

import typing as t

from ..abi import memory, status
from ..abi.layout import WIDE
from ..abi.prototypes import TARGET_INFORMATION
from ..abi.structures import (
    ISCSI_LOGIN_OPTIONS,
    ISCSI_SESSION_INFO,
    ISCSI_TARGET_PORTAL,
    ISCSI_TARGET_PORTAL_GROUP,
)
from ..model import node_names, records
from ..runner import wire
from . import host_settings, policies, ports, storage, units
from .builder import ADAPTER_MISSING, BUSY, Answer, Builder, CallError, CallHandle, Replies, Reply, decode, encode

Warn = t.Callable[[str], None]
Decoder = t.Callable[[Replies, Warn], t.Any]
Operation = t.Callable[[Builder], Decoder]

# The initiator does not support this list (as opposed to an empty one).
_NOT_SUPPORTED = (status.REQUEST_NOT_SUPPORTED, status.PROC_NOT_FOUND)


def persistent_logins(builder: Builder) -> Decoder:
    """Every saved login, in the order of the report."""
    handle = builder.call("ReportIScsiPersistentLoginsW", retry=BUSY)

    def decode(replies: Replies, _warn: Warn) -> t.List[records.PersistentLogin]:
        return [records.PersistentLogin.of(raw) for raw in replies.require(handle)["PersistentLoginInfo"]]

    return decode


def target_portals(builder: Builder) -> Decoder:
    """Every SendTargets portal. Hosts without the Ex form report no flags and options."""
    extended = builder.call("ReportIScsiSendTargetPortalsExW", retry=BUSY)
    plain = builder.call("ReportIScsiSendTargetPortalsW", retry=BUSY, when=[wire.Succeeded(extended.index, 0)])

    def decode(replies: Replies, warn: Warn) -> t.List[records.TargetPortal]:
        reported = extended
        if replies.outcome(extended) == wire.NO_SUCH_EXPORT:
            warn(
                "This host's iscsidsc.dll has no ReportIScsiSendTargetPortalsExW: "
                "the portals' flags and options are not known."
            )
            reported = plain
        return [records.TargetPortal.of(raw) for raw in replies.require(reported)["PortalInfo"]]

    return decode


def targets(builder: Builder) -> Decoder:
    """Every target the initiator knows, with each discovery that found it and what is known through it."""
    names = builder.call("ReportIScsiTargetsW", ForceUpdate=0, retry=BUSY)
    found = builder.call(
        "GetIScsiTargetInformationW",
        each=builder.items(names, "Buffer"),
        TargetName=builder.item(0),
        InfoClass=TARGET_INFORMATION["DiscoveryMechanisms"][0],
    )
    through = builder.items(found, "Buffer")
    details = {
        name: builder.call(
            "GetIScsiTargetInformationW",
            each=through,
            TargetName=builder.item(0),
            DiscoveryMechanism=builder.item(1),
            InfoClass=TARGET_INFORMATION[name][0],
        )
        for name in _INFORMATION
    }

    def decode(replies: Replies, warn: Warn) -> t.List[records.Target]:
        listed = [records.Target(name) for name in replies.require(names)["Buffer"]]
        for reply in _succeeded(replies, found, warn):
            mechanisms = reply.image("Buffer").texts(limit=reply["BufferSize"])
            reply.pick(listed).discoveries = [records.Discovery(name) for name in mechanisms]
        for name, handle in details.items():
            field, convert = _INFORMATION[name]
            for reply in replies.each(handle):
                if reply.status.ok:  # a discovery that does not know a detail answers with an error
                    discovery = reply.pick(reply.pick(listed).discoveries, 1)
                    setattr(discovery, field, convert(reply.image("Buffer"), reply["BufferSize"]))
        return listed

    return decode


def sessions(builder: Builder) -> Decoder:
    """Every live session with its connections, devices and logical units.

    Devices that cannot be listed are a warning; a logical unit that does not answer has a ``problem``.
    """
    listed = builder.call("GetIScsiSessionListW", retry=BUSY)
    extended = builder.call("GetIScsiSessionListEx", retry=BUSY)
    devices = builder.call(
        "GetDevicesForIScsiSessionW",
        each=builder.items(listed, "SessionInfo"),
        retry=BUSY,
        UniqueSessionId=builder.item(0, ISCSI_SESSION_INFO, "SessionId"),
    )
    inquire = units.logical_units(builder)

    def decode(replies: Replies, warn: Warn) -> t.List[records.Session]:
        more = (
            {records.session_id(raw.SessionId): raw for raw in replies.require(extended)["SessionInfo"]}
            if replies.outcome(extended) == wire.RAN
            else {}
        )
        live = [
            records.Session.of(raw, more.get(records.session_id(raw.SessionId)))
            for raw in replies.require(listed)["SessionInfo"]
        ]
        for reply in _succeeded(replies, devices, warn):
            reply.pick(live).devices = [records.Device.of(raw) for raw in reply["Devices"]]
        luns = inquire(replies, warn)
        for session in live:
            session.luns = luns.get(session.session_id or "")
        return live

    return decode


def mappings(builder: Builder) -> Decoder:
    """The SCSI bus and target number of each session's target, as the port driver has them now."""
    handle = builder.call("ReportActiveIScsiTargetMappingsW", retry=BUSY)

    def decode(replies: Replies, _warn: Warn) -> t.List[records.Mapping]:
        return [records.Mapping.of(raw) for raw in replies.require(handle)["Mappings"]]

    return decode


def initiator(builder: Builder) -> Decoder:
    """Node name, initiator instances and version."""
    node = builder.call("GetIScsiInitiatorNodeNameW")
    instances = builder.call("ReportIScsiInitiatorListW", retry=BUSY)
    version = builder.call("GetIScsiVersionInformation")

    def decode(replies: Replies, _warn: Warn) -> records.Initiator:
        number = replies.require(version)["VersionInfo"]
        return records.Initiator(
            replies.require(node)["InitiatorNodeName"],
            replies.require(instances)["Buffer"],
            f"{number.MajorVersion}.{number.MinorVersion}.{number.BuildNumber}",
        )

    return decode


def _list_of(export: str, title: str) -> Operation:
    """A read operation for an export that reports a list of texts. Not every initiator has the list."""

    def operation(builder: Builder) -> Decoder:
        handle = builder.call(export, retry=BUSY)

        def decode(replies: Replies, warn: Warn) -> t.Optional[t.List[str]]:
            try:
                texts: t.List[str] = replies.require(handle)["Buffer"]
            except CallError as error:
                if error.status.value not in _NOT_SUPPORTED:
                    raise
                warn(f"This initiator does not report {title}: {error}")
                return None
            return texts

        return decode

    operation.__doc__ = f"The {title}, as texts; None where the initiator does not support the list."
    return operation


READS: t.Dict[str, Operation] = {
    "initiator": initiator,
    "persistent_logins": persistent_logins,
    "target_portals": target_portals,
    "targets": targets,
    "sessions": sessions,
    "mappings": mappings,
    "isns_servers": _list_of("ReportISNSServerListW", "iSNS servers"),
    "radius_servers": _list_of("ReportRadiusServerListW", "RADIUS servers"),
    "persistent_devices": _list_of("ReportPersistentIScsiDevicesW", "bound devices"),
    "initiator_ports": ports.initiator_ports,
    "saved_addresses": ports.saved_addresses,
    "policies": policies.group_policies,
    "disks": storage.disks,
    "events": storage.event_log,
    "host_settings": host_settings.host_settings,
}
# Read only where they are named: they are no part of "all".
ON_REQUEST = ("events", "host_settings")
# Read where MSiSCSI does not run, too: neither the service nor its driver has to answer.
WITHOUT_SERVICE = ("host_settings",)


def await_adapter(builder: Builder, start: CallHandle) -> None:
    """Have the lists wait for the adapter, which the first start of the service on a host creates.

    Where it is there these are two calls more. Where it does not come the lists themselves say so.

    :param start: the call that starts the service.
    """
    logins = builder.call(
        "ReportIScsiPersistentLoginsW", when=[wire.Succeeded(start.index)], retry=ADAPTER_MISSING, back=False
    )
    builder.call("GetIScsiSessionListW", when=[wire.Succeeded(logins.index)], retry=ADAPTER_MISSING, back=False)


class ServiceStopped(CallError):
    """MSiSCSI does not run, so nothing that it answers can be read. ``snapshot`` has what is known all the same."""

    def __init__(self, snapshot: records.Snapshot) -> None:
        super().__init__(f"MSiSCSI is {snapshot.host.service_state}", status.SERVICE_NOT_RUNNING)
        self.snapshot = snapshot


def gather(
    run: t.Callable[[str], str], subsets: t.Sequence[str] = tuple(READS), time_limit: int = 0
) -> records.Snapshot:
    """Read a host in one batch.

    :param run: an engine: takes the text of a batch, gives the text of its answer.
    :param subsets: names in :data:`READS`.
    :param time_limit: seconds for the host, and as many again for decoding its answer; 0 for none.
    :returns: a :class:`records.Snapshot`.
    :raises ServiceStopped: when the service is not running, with the remedy in its text.
    :raises CallError: when a call fails or does not come back.
    :raises wire.WireError: when the answer is none, or not to what was asked.
    :raises memory.ImageError: when the memory that came back does not hold what it should.
    """
    readings = {pointer: Reading(pointer, subsets) for pointer in WIDE}
    batch = wire.Batch(tuple(reading.builder.program(1000 * time_limit) for reading in readings.values()))
    asked = readings[4].builder.queries  # the same for every width
    answer = decode(run(encode(batch, asked, time_limit)), batch, asked)
    return readings[answer.calls.host.pointer].snapshot(answer, seconds=time_limit or None)


class Reading:
    """Read operations as calls of a program, and their decoders. The program may hold other calls as well."""

    def __init__(self, pointer: int, subsets: t.Iterable[str], builder: t.Optional[Builder] = None) -> None:
        self.builder = builder or Builder(pointer)
        self._decoders = {name: READS[name](self.builder) for name in subsets}
        # logins without their initiator: its name tells which user names Windows filled in
        asks = "persistent_logins" in self._decoders and "initiator" not in self._decoders
        self._node_name = self.builder.call("GetIScsiInitiatorNodeNameW") if asks else None

    def snapshot(
        self, answer: Answer, trust_service: bool = False, seconds: t.Optional[float] = None
    ) -> records.Snapshot:
        """The records of an answer; what decodes but deserves a remark is in its ``warnings``.

        :param trust_service: the batch itself has started the service.
        :param seconds: what decoding may take; None for no limit.
        """
        replies = Replies(self.builder, answer.calls, seconds, answer.rows)
        host = records.Host.of(replies.host)
        # what a stopped service lists says nothing, even an empty list
        is_stopped = replies.host.service_state not in (0, 4) and not trust_service
        warnings: t.List[str] = []
        found: t.Dict[str, t.Any] = {}
        for name, decoder in self._decoders.items():
            if is_stopped and name not in WITHOUT_SERVICE:
                continue
            try:
                found[name] = decoder(replies, warnings.append)
            except CallError as error:
                if error.status.value != status.NOT_RECORDED:
                    raise
                warnings.append(f"{name} was not gathered: the recording of this host has no {error.export}.")
        if is_stopped:
            partial = records.Snapshot(host=host, warnings=warnings, **found)
            if not found or len(found) < len(self._decoders):
                raise ServiceStopped(partial)
            return partial
        self._warn_of_gaps(answer.calls, warnings.append)
        if found.get("persistent_logins"):
            node_name = self._find_node_name(replies, found.get("initiator"))
            found["persistent_logins"] = node_names.recognize(found["persistent_logins"], node_name)
        return records.Snapshot(host=host, warnings=warnings, **found)

    def _find_node_name(self, replies: Replies, initiator: t.Optional[records.Initiator]) -> t.Optional[str]:
        if initiator is not None:
            return initiator.node_name
        asked = replies.each(self._node_name) if self._node_name is not None else ()
        return next((reply["InitiatorNodeName"] for reply in asked if reply.status.ok), None)

    def _warn_of_gaps(self, answer: wire.Answer, warn: Warn) -> None:
        """A warning for each export of which a recording has not every call that a list is followed by."""
        gaps: t.Dict[str, int] = {}
        for call, result in zip(self.builder.calls, answer.results):
            missing = sum(run.status == status.NOT_RECORDED for run in result.runs)
            if call.each and missing:
                gaps[call.export] = gaps.get(call.export, 0) + missing
        for export, count in gaps.items():
            warn(f"The recording of this host lacks {count} calls of {export}. What they tell was not gathered.")


def _succeeded(replies: Replies, handle: CallHandle, warn: Warn) -> t.Iterator[Reply]:
    """The runs of a repeated call that succeeded; a warning for each status among the others."""
    failed: t.Dict[status.Status, int] = {}
    for reply in replies.each(handle):
        if reply.status.ok:
            yield reply
        elif reply.status.value != status.NOT_RECORDED:  # the snapshot warns of these
            failed[reply.status] = failed.get(reply.status, 0) + 1
    for code, count in failed.items():
        warn(f"{handle.function.name} failed for {count} of the items listed: {code.describe()}")


# -- what is known of a target -----------------------------------------------------------------------------------------


def read_portal_groups(image: memory.Image, size: int) -> t.List[t.List[records.Portal]]:
    """The portals of each group, from a count and groups of counted portals.

    How the service spaces several groups is known from Microsoft's sample alone, which counts the padding of its C
    type in; the natural spacing differs from it by 4 bytes behind every group with an even number of portals. The
    walk that finds more portals has the right spacing.
    """
    portal = ISCSI_TARGET_PORTAL.layout(image.abi).size
    padding = ISCSI_TARGET_PORTAL_GROUP.layout(image.abi).size - 4 - portal
    walks: t.List[t.List[t.List[records.Portal]]] = []
    failures: t.List[memory.ImageError] = []
    for spare in (padding, 0):
        try:
            walks.append(_walk_groups(image, size, portal, spare))
        except memory.ImageError as error:
            failures.append(error)
    if not walks:
        raise failures[0]
    return max(walks, key=lambda groups: sum(map(len, groups)))


def _walk_groups(image: memory.Image, size: int, portal: int, spare: int) -> t.List[t.List[records.Portal]]:
    """The groups where ``spare`` bytes follow each. ``portal``: the size of a portal in bytes."""
    groups: t.List[t.List[records.Portal]] = []
    offset, name = 4, ISCSI_TARGET_PORTAL_GROUP.name
    for _index in range(image.number(4) if size >= 4 else 0):
        image.budget.spend(1, name, "Count", offset)
        count = image.number(4, offset)
        if offset + 4 + count * portal > size:
            raise memory.ImageError(name, "Count", offset, f"{count} portals do not fit into the {size} bytes reported")
        group = [records.Portal.of(raw) for raw in image.array(ISCSI_TARGET_PORTAL, count, offset + 4)]
        readable = [found for found in group if found is not None and found.address.isprintable()]
        if len(readable) < count:
            raise memory.ImageError(name, "Portals", offset + 4, "a portal without a readable address")
        groups.append(readable)
        offset += 4 if not count else (4 + count * portal + spare + 3) & ~3
    return groups


# Information class: the field of records.Discovery, and its value from the image and the number of bytes used.
_INFORMATION: t.Dict[str, t.Tuple[str, t.Callable[[memory.Image, int], t.Any]]] = {
    "ProtocolType": ("protocol", lambda image, _size: image.number(4)),
    "TargetAlias": ("alias", lambda image, size: image.text() or None if size else None),
    "PortalGroups": ("portal_groups", read_portal_groups),
    "InitiatorName": ("initiator", lambda image, size: image.text() or None if size else None),
    "TargetFlags": ("target_flags", lambda image, _size: image.number(4)),
    "LoginOptions": ("login_options", lambda image, _size: records.LoginOptions.of(image.read(ISCSI_LOGIN_OPTIONS))),
}
