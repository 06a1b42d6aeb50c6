# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds out how a real, disposable Windows host behaves where that is unknown: which dialect the simulator should use.

Each question saves, removes and lists records of its own, for a lab target that nothing else on the host uses. It has
the name of a switch of the simulator, and its answer is one of the answers of that switch. If Windows does something
that no answer describes, the finding has only a text. Then the simulator lacks an answer.

probe.yml runs the probe through Ansible, with the engine of the host. On the host itself, with its own Python:

    python -m ansible_collections.winstorage.iscsi.tests.windows.probe
        --disposable-host NAME --portal 192.0.2.10 --target iqn.2004-01.com.example:lab

This file imports only the core, so that it runs under Windows Python without Ansible.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import secrets
import socket
import subprocess
import sys
import time
import typing as t

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import memory, prototypes, status, structures
from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import Builder, CallError, Replies
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import records
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.addresses import canonical
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.identity import label
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import change_batch
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import native, rows, wire

# Names and addresses that are reserved for documentation, so nothing answers there.
STATIC_TARGET = "iqn.2004-01.com.example:winstorage-probe"
IPV6, IPV6_CANONICAL = "2001:0DB8:0:0:0:0:0:00AA", "2001:db8::aa"
ANY_PORT = structures.ISCSI_ANY_INITIATOR_PORT
MULTIPATH = {"LoginFlags": 0x02}
USER_NAME = 0x20  # ISCSI_LOGIN_OPTIONS_USERNAME
PORTAL_EXISTS = status.by_name("ISDSC_TARGET_PORTAL_ALREADY_EXISTS").value
CALL_SECONDS, BATCH_SECONDS = 120, 300
SETTLING = 15  # seconds to wait for what Windows does on its own
STOPPED, RUNNING = 1, 4  # winsvc.h
ROUNDS = 20  # of removals before giving up
UNSPECIFIED_NUMBER = 77  # of an option whose bit is not set
ALIGNMENT = 16  # bytes that may lie between the data of two pointers in a list
LOGINS, PORTALS, SESSIONS = "ReportIScsiPersistentLoginsW", "ReportIScsiSendTargetPortalsExW", "GetIScsiSessionListW"
TARGETS, INSTANCES = "ReportIScsiTargetsW", "ReportIScsiInitiatorListW"
LISTS = (
    LOGINS,
    PORTALS,
    SESSIONS,
    TARGETS,
    "ReportISNSServerListW",
    "ReportRadiusServerListW",
    "ReportPersistentIScsiDevicesW",
)
INPUTS = {TARGETS: {"ForceUpdate": 0}}
_GROUP, _MERGE = structures.ISCSI_TARGET_PORTAL_GROUP, 0x04  # ISCSI_TARGET_FLAG_MERGE_TARGET_INFORMATION

# PowerShell commands. Each prints only the wanted value.
STOP_SERVICE = "Stop-Service -Name MSiSCSI -Force -WarningAction SilentlyContinue"
WMI_PASSWORDS = (
    "Get-CimInstance -Namespace root/wmi -ClassName MSiSCSIInitiator_PersistentLoginClass |"
    " Where-Object TargetName -eq '{target}' |"
    " ForEach-Object {{ '{{0}} bytes' -f @($_.LoginOptions.Password).Count }}"
)


class ProbeRefused(Exception):
    """The probe did not start, and nothing was changed."""


class ProbeBroken(Exception):
    """The probe could not finish or could not restore the host. The message says which."""


class Unanswered(Exception):
    """A question that this host or lab cannot answer."""


class Lab(t.NamedTuple):
    """A target for the probe only: address and TCP port of its portal, and its IQN. It must not require CHAP."""

    address: str
    port: int
    target: str


@dataclasses.dataclass
class Finding:
    """The result of a question. ``answer`` is None if no answer of the simulator fits."""

    answer: t.Optional[str]
    evidence: str


def _asked(ask):
    try:
        return Finding(*ask())
    except (Unanswered, CallError, memory.ImageError) as problem:
        return Finding(None, str(problem))


# -- the host ----------------------------------------------------------------------------------------------------------


class Host:
    """Makes calls on the host, a few in each batch.

    :param run: an engine. It takes the text of a batch and returns the text of its answer.
    """

    def __init__(self, run):
        self._run = run
        self.header = self._answer({pointer: Builder(pointer) for pointer in (8, 4)}).host
        self.pointer = self.header.pointer
        self.abi = structures.WIDE[self.pointer]

    def _answer(self, builders):
        batch = wire.Batch(tuple(builder.program(1000 * BATCH_SECONDS) for builder in builders.values()))
        answer, _no_rows = rows.split(self._run(wire.encode_batch(batch)))
        return wire.decode_answer(answer)

    def service_state(self):
        return self._answer({self.pointer: Builder(self.pointer)}).host.service_state

    def ask(self, export, **values):
        """Make one call. Returns its :class:`builder.Reply`, whatever the status."""
        builder = Builder(self.pointer)
        return self._first(builder, builder.call(export, limit=1000 * CALL_SECONDS, **values))

    def size(self, export, **values):
        """Make the first of the two calls that a list takes: without a buffer, to learn the size."""
        builder = Builder(self.pointer)
        made = builder.call(export, **values)
        call = builder.calls[made.index]
        builder.calls[made.index] = call._replace(blocks=tuple(block._replace(growth=()) for block in call.blocks))
        return self._first(builder, made)

    def _first(self, builder, made):
        replies = Replies(builder, self._answer({self.pointer: builder}))
        if replies.outcome(made) == wire.NO_SUCH_EXPORT:
            raise CallError(made.function.name, status.PROC_NOT_FOUND)
        return replies.each(made)[0]

    def listed(self, *exports):
        """Read lists in one batch. Returns the records or texts of each.

        :raises CallError: if a list cannot be read.
        """
        builder = Builder(self.pointer)
        made = [builder.call(export, retry=queries.BUSY, **INPUTS.get(export, {})) for export in exports]
        replies = Replies(builder, self._answer({self.pointer: builder}))
        return [replies.require(one)[_output(one.function.name).name] for one in made]


def _output(export):
    """The argument of an export that is a list."""
    return next(
        argument
        for argument in prototypes.FUNCTIONS[export].arguments
        if argument.kind in (prototypes.ARRAY, prototypes.LIST)
    )


def _told(reply):
    return reply.status.symbol


# -- the questions -----------------------------------------------------------------------------------------------------


class Probe:
    """Asks every question and leaves the host as it was.

    :param run: an engine.
    :param stop: stops MSiSCSI. None if it cannot be stopped.
    :param shell: runs a line of PowerShell on the host and returns its output. None if there is no PowerShell.
    :param wait: waits for a number of seconds.
    :param compare: compares the DLL with the other witnesses of the host and returns lines. None where Ansible is not
        there to do it.

    ``cross_checks`` has the lines of each comparison, by what was done before it.
    """

    def __init__(self, run, lab, stop=None, shell=None, wait=time.sleep, compare=None):
        self.host, self.lab, self.stop, self.shell, self.wait = Host(run), lab, stop, shell, wait
        self.compare, self.cross_checks = compare, {}
        self.target = lab.target.lower()
        self.instance = None
        self.portal = {"Address": lab.address, "Socket": lab.port, "SymbolicName": ""}
        self.alone = False  # the host has no other logins and sessions
        self.while_stopped = Finding(None, "The service was not stopped.")

    def run(self):
        """{switch: :class:`Finding`}.

        :raises ProbeRefused: before anything is changed, except that a stopped service was started and stopped again.
        :raises ProbeBroken: if the host could not be restored.
        """
        found, header = {}, self.host.header
        if header.elevated == 0:
            raise ProbeRefused("The probe needs an elevated token.")
        if header.service_state not in (STOPPED, RUNNING):
            raise ProbeRefused("MSiSCSI is neither stopped nor running. Wait until it is, or start it.")
        if header.service_state == STOPPED and not self.stop:
            raise ProbeRefused("MSiSCSI is stopped, and the probe has no means to stop it again. Start it first.")
        try:
            if header.service_state == STOPPED:
                self._start()
            self._ask_all(found)
        finally:
            if header.service_state == STOPPED:
                self.stop()
        return found

    def _ask_all(self, found):
        before = self._snapshot()
        self._check(before)
        found["empty_list"] = _asked(self._empty_list)
        try:
            self._prepare()
            self._cross_check()
            for name, ask in QUESTIONS.items():
                found[name] = _asked(getattr(self, ask))
                self._clear()
        finally:
            left = self._restore(before)
            if left:
                raise ProbeBroken("The probe could not put back: {}".format("; ".join(left)))

    # -- before and after ----------------------------------------------------------------------------------------------

    def _snapshot(self):
        """The identities of all records on the host, sorted."""
        logins, portals, sessions, targets = self.host.listed(LOGINS, PORTALS, SESSIONS, TARGETS)
        return {
            "persistent login": sorted(label(records.PersistentLogin.of(raw)) for raw in logins),
            "target portal": sorted(label(records.TargetPortal.of(raw)) for raw in portals),
            "session": sorted(records.session_id(raw.SessionId) + " to " + raw.TargetName for raw in sessions),
            "static target": [name for name in targets if name.lower() == STATIC_TARGET],
        }

    def _check(self, before):
        """Make sure that nothing on the host uses the lab yet."""
        if any(self._own()):
            raise ProbeRefused(
                f"The host has persistent logins or sessions to {self.target}. Only the probe may use that target."
            )
        if self._portals():
            raise ProbeRefused(
                f"The host already has the target portal {self.lab.address}:{self.lab.port}. "
                "Only the probe may use that portal."
            )
        if before["static target"]:
            raise ProbeRefused(f"The host has the static target {STATIC_TARGET} of an earlier probe. Remove it first.")
        self.alone = not before["persistent login"] and not before["session"]

    def _prepare(self):
        ((self.instance, *_others),) = self.host.listed(INSTANCES)
        reply = self._add_portal("")
        if not reply.status.ok:
            raise ProbeBroken(f"Discovery at {self.lab.address}:{self.lab.port} failed: {reply.status.describe()}")
        (targets,) = self.host.listed(TARGETS)
        if self.target not in [name.lower() for name in targets]:
            raise ProbeBroken(f"Discovery at {self.lab.address}:{self.lab.port} did not find {self.target}")

    def _restore(self, before):
        """Remove the records of the probe. Returns the remaining differences from before, as texts."""
        if self.host.service_state() == STOPPED:
            self._start()
        self._clear()
        for _round in range(ROUNDS):
            if not self._portals():
                break
            self._remove_portal()
        if self._snapshot()["static target"]:
            self.host.ask("RemoveIScsiStaticTargetW", TargetName=STATIC_TARGET)
        was, now = (
            {kind: collections.Counter(found) for kind, found in snapshot.items()}
            for snapshot in (before, self._snapshot())
        )
        return [
            f"{kind} {word}: {one}"
            for kind in was
            for word, some in (("left", now[kind] - was[kind]), ("missing", was[kind] - now[kind]))
            for one in some
        ]

    def _clear(self):
        """End the sessions of the probe and remove its logins."""
        for _round in range(ROUNDS):
            logins, sessions = self._own()
            if not sessions and not logins:
                break
            self._log_out(sessions)
            if logins:
                self._remove(logins[-1])

    def _log_out(self, sessions):
        for session in sessions:
            self.host.ask(
                "LogoutIScsiTarget", UniqueSessionId=session.SessionId._asdict(), retry=change_batch.UNHURRIED
            )

    def _start(self):
        reply = self.host.ask("StartService", TimeoutMilliseconds=60000)
        if not reply.status.ok:
            raise ProbeBroken(f"MSiSCSI does not start: {reply.status.describe()}")

    def _cross_check(self):
        """Let the other witnesses look at records that the probe has saved, and at what is left when one is removed."""
        if not self.compare:
            return
        self._save()
        self._save(InitiatorPortNumber=0)
        self._save(InitiatorPortNumber=0)
        self.cross_checks[f"{len(self._logins())} logins saved"] = self.compare()
        saved = self._logins()
        if saved:
            self._remove(saved[-1])
        self.cross_checks[f"one removed, {len(self._logins())} left"] = self.compare()
        self._clear()
        self.cross_checks["all removed"] = self.compare()

    # -- the probe's own records ---------------------------------------------------------------------------------------

    def _log_in(self, persistent, **changed):
        """Save a login or open a session. By default through the lab's portal, with the multipath flag."""
        values = {"InitiatorPortNumber": ANY_PORT, "TargetPortal": self.portal, "LoginOptions": MULTIPATH, **changed}
        return self.host.ask(
            "LoginIScsiTargetW",
            TargetName=self.target,
            IsInformationalSession=0,
            InitiatorInstance=self.instance,
            SecurityFlags=0,
            IsPersistent=persistent,
            **values,
        )

    def _save(self, **changed):
        return self._log_in(1, **changed)

    def _saved(self, **changed):
        """Save a login. Returns its record.

        :raises Unanswered: if there is not exactly one record.
        """
        reply = self._save(**changed)
        found = self._logins()
        if len(found) != 1:
            raise Unanswered(f"Saving ended with {_told(reply)} and left {len(found)} records.")
        return found[0]

    def _session(self):
        """Open a session.

        :raises Unanswered: if the lab refuses the login.
        """
        reply = self._log_in(0)
        if not reply.status.ok:
            raise Unanswered(f"Logging in failed: {reply.status.describe()}")

    def _remove(self, record, instance="its own", port=None):
        portal = record.TargetPortal
        return self.host.ask(
            "RemoveIScsiPersistentTargetW",
            TargetName=record.TargetName,
            InitiatorInstance=record.InitiatorInstance if instance == "its own" else instance,
            InitiatorPortNumber=record.InitiatorPortNumber if port is None else port,
            Portal={"Address": portal.Address, "Socket": portal.Socket} if portal.Address else None,
        )

    def _own(self):
        """The logins and the sessions to the lab's target, as structures."""
        return [
            [raw for raw in found if raw.TargetName.lower() == self.target]
            for found in self.host.listed(LOGINS, SESSIONS)
        ]

    def _logins(self):
        return self._own()[0]

    def _sessions(self):
        return self._own()[1]

    def _portals(self):
        (found,) = self.host.listed(PORTALS)
        return [raw for raw in found if (raw.Address.lower(), raw.Socket) == (self.lab.address.lower(), self.lab.port)]

    def _add_portal(self, name):
        return self.host.ask(
            "AddIScsiSendTargetPortalW",
            InitiatorPortNumber=ANY_PORT,
            SecurityFlags=0,
            Portal=dict(self.portal, SymbolicName=name),
        )

    def _remove_portal(self):
        return self.host.ask("RemoveIScsiSendTargetPortalW", InitiatorPortNumber=ANY_PORT, Portal=self.portal)

    # -- lists ---------------------------------------------------------------------------------------------------------

    def _empty_list(self):
        """Status and size that each empty list reports."""
        answers = {}
        for export in LISTS:
            try:
                (found,) = self.host.listed(export)
            except CallError:  # some hosts do not offer RADIUS
                continue
            if found:
                continue
            reply = self.host.size(export, **INPUTS.get(export, {}))
            size = reply[reply.handle.function.size_of(_output(export).name).name]
            answers.setdefault((reply.status.value, size), []).append(export)
        evidence = "; ".join(
            f"{status.of(code).symbol} with size {size} from {', '.join(exports)}"
            for (code, size), exports in sorted(answers.items())
        )
        if not answers:
            raise Unanswered("No list of this host is empty.")
        succeed, insufficient = (answers.pop((code, 0), []) for code in (status.SUCCESS, status.INSUFFICIENT_BUFFER))
        if answers:
            return None, evidence
        if succeed and insufficient and {*insufficient} <= {LOGINS, SESSIONS}:
            return "by_list", evidence
        return ("insufficient_buffer_zero" if insufficient else "success"), evidence

    def _list_size_reports(self):
        """Compare the size that lists ask for with the size of their records."""
        self._session()
        self._saved()
        larger, evidence = False, []
        for export in (LOGINS, PORTALS, SESSIONS):
            (rows,), argument = self.host.listed(export), _output(export)
            sized = self.host.size(export)
            asked = sized[sized.handle.function.size_of(argument.name).name]
            used = len(memory.pack(argument.type, [_plain(row) for row in rows], self.host.abi)[0])
            larger = larger or asked > used + ALIGNMENT * len(rows)
            evidence.append(f"{export} asks for {asked} bytes and uses {used}")
        return ("larger" if larger else "exact"), "; ".join(evidence)

    def _text_list_tail(self):
        """Look behind the empty text that ends a list. The buffers of the runner are zero before the call."""
        found = []
        for export in (TARGETS, INSTANCES):
            reply = self.host.ask(export, **INPUTS.get(export, {}))
            data, texts = reply.image("Buffer").data, reply["Buffer"]
            end = 2 * (sum(len(text.encode("utf-16-le")) // 2 + 1 for text in texts) + 1)
            found.append((export, any(data[end:])))
        return ("garbage" if any(tail for _export, tail in found) else "nothing"), "; ".join(
            "{}: {}".format(export, "characters behind the end" if tail else "nothing") for export, tail in found
        )

    # -- how records come back -----------------------------------------------------------------------------------------

    def _unset_options(self):
        """Give a number without its bit."""
        options = self._saved(LoginOptions=dict(MULTIPATH, DefaultTime2Retain=UNSPECIFIED_NUMBER)).LoginOptions
        bits = dict(records.LoginOptions.SPECIFIED.values())
        fields = dict({field: bit for bit, field in bits.items()}, UsernameLength=0x20, PasswordLength=0x40)
        del fields["Username"]
        held = {name: getattr(options, name) for name, bit in fields.items() if not options.InformationSpecified & bit}
        others = {name: value for name, value in held.items() if name != "DefaultTime2Retain"}
        answers = {UNSPECIFIED_NUMBER: "as_given", 0: "zero"}
        answer = "garbage" if any(others.values()) else answers.get(held.get("DefaultTime2Retain"), "garbage")
        return answer, "InformationSpecified 0x{:X}, and unset: {}".format(
            options.InformationSpecified,
            ", ".join(f"{name} {value}" for name, value in sorted(held.items())) or "nothing",
        )

    def _password_length(self):
        """Save a record with a random secret. Also look whether Windows returns the secret."""
        secret = secrets.token_hex(8).encode()
        record = self._saved(
            LoginOptions=dict(MULTIPATH, InformationSpecified=0xE0, AuthType=1, Username=b"probe", Password=secret)
        )
        length = record.LoginOptions.PasswordLength
        image = self.host.ask(LOGINS).image("PersistentLoginInfo").data
        evidence = [
            f"PasswordLength {length} of {len(secret)}",
            f"the secret itself {'COMES BACK' if secret in image else 'does not come back'}",
        ]
        if self.shell:
            evidence.append(
                "WMI: %s" % (self.shell(WMI_PASSWORDS.format(target=record.TargetName)).strip() or "no such record")
            )
        return {0: "zero", len(secret): "length"}.get(length), "; ".join(evidence)

    def _reported_record(self):
        name = self._saved(TargetPortal=dict(self.portal, SymbolicName="probe")).TargetPortal.SymbolicName
        return {"probe": "as_saved", "": "reduced"}.get(name), f"the symbolic name probe comes back as {name!r}"

    def _absent_user_name(self):
        options = self._saved().LoginOptions
        name = options.Username if options.InformationSpecified & USER_NAME else None
        return ("node_name" if name else "absent"), (
            f"InformationSpecified 0x{options.InformationSpecified:X}, user name {name!r}"
        )

    def _letter_case(self):
        record = self._saved()
        found = {self.target: "as_given", self.target.upper(): "upper"}.get(record.TargetName)
        return found, f"{self.target} comes back as {record.TargetName}, the instance as {record.InitiatorInstance}"

    def _ipv6_text(self):
        record = self._saved(TargetPortal={"Address": IPV6, "Socket": 3260})
        address = record.TargetPortal.Address
        found = {IPV6: "as_given", IPV6_CANONICAL: "canonical", f"[{IPV6_CANONICAL}]": "bracketed"}
        return found.get(address), f"{IPV6} comes back as {address}"

    def _null_portal_record(self):
        portal = self._saved(TargetPortal=None).TargetPortal
        found = {("", 0): "empty", ("", 3260): "empty_with_port"}
        answer = "resolved" if portal.Address else found.get((portal.Address, portal.Socket))
        return answer, f"address {portal.Address!r}, port {portal.Socket}"

    def _portal_group_spacing(self):
        """Add a static target with a group of two portals and a second group, whose offset is the answer.

        A host that accepts only one portal for a static target cannot be asked so.
        """
        portals = [["192.0.2.1", "192.0.2.2"], ["192.0.2.3"]]
        for number, addresses in enumerate(portals):
            reply = self.host.ask(
                "AddIScsiStaticTargetW",
                TargetName=STATIC_TARGET,
                TargetFlags=_MERGE if number else 0,
                Persist=0,
                PortalGroup=self._group(addresses),
            )
            if not reply.status.ok:
                raise Unanswered(f"The static target was not added: {reply.status.describe()}")
        names = {name: number for name, (number, _kind, _type) in prototypes.TARGET_INFORMATION.items()}
        ways = self.host.ask(
            "GetIScsiTargetInformationW", TargetName=STATIC_TARGET, InfoClass=names["DiscoveryMechanisms"]
        )
        (way,) = ways.image("Buffer").texts(limit=ways["BufferSize"])
        data = (
            self.host.ask(
                "GetIScsiTargetInformationW",
                TargetName=STATIC_TARGET,
                DiscoveryMechanism=way,
                InfoClass=names["PortalGroups"],
            )
            .image("Buffer")
            .data
        )
        portal = structures.ISCSI_TARGET_PORTAL.layout(self.host.abi)
        at = data.find("192.0.2.3\0".encode("utf-16-le")) - portal.offset_of("Address") - 4
        if at < 0 or int.from_bytes(data[:4], "little") != 2:
            raise Unanswered(f"This host made {int.from_bytes(data[:4], 'little')} groups of the two.")
        first = 4 + 2 * portal.size
        padding = _GROUP.layout(self.host.abi).size - 4 - portal.size
        found = {4 + _aligned(first): "natural", 4 + _aligned(first + padding): "microsoft"}
        return found.get(at), f"the second group begins at {at}"

    def _static_target_portals(self):
        self.host.ask("RemoveIScsiStaticTargetW", TargetName=STATIC_TARGET)
        reply = self.host.ask(
            "AddIScsiStaticTargetW",
            TargetName=STATIC_TARGET,
            TargetFlags=0,
            Persist=0,
            PortalGroup=self._group(["192.0.2.1", "192.0.2.2"]),
        )
        answers = {status.SUCCESS: "any_number", status.INVALID_PARAMETER: "one"}
        return answers.get(reply.status.value), f"a static target with two portals ends with {_told(reply)}"

    def _group(self, addresses):
        portal = structures.ISCSI_TARGET_PORTAL.layout(self.host.abi)
        return len(addresses).to_bytes(4, "little") + b"".join(
            bytes(portal.pack({"Address": address, "Socket": 3260})) for address in addresses
        )

    # -- saving and removing -------------------------------------------------------------------------------------------

    def _saved_login_connects(self):
        self._saved()
        self.wait(SETTLING)
        sessions = len(self._sessions())
        return ("at_once" if sessions else "at_boot"), f"{sessions} sessions after {SETTLING} seconds"

    def _save_while_logged_in(self):
        self._session()
        reply = self._save(LoginOptions=None)
        count = len(self._logins())
        answers = {(True, 1): "saved", (False, 1): "saved_with_error", (False, 0): "refused"}
        return answers.get((reply.status.ok, count)), f"{_told(reply)}, and {count} records"

    def _second_login_without_multipath(self):
        self._save()
        self._log_out(self._sessions())  # a session could be the reason of a refusal, too
        reply = self._save(LoginOptions=None)
        count = len(self._logins())
        answers = {(True, 2): "saved", (False, 1): "refused", (True, 1): "replaces"}
        return answers.get((reply.status.ok, count)), f"{_told(reply)}, and {count} records"

    def _remove_identical(self):
        for _twice in range(2):
            self._save()
        saved = self._logins()
        if len(saved) != 2:
            raise Unanswered(f"The login was saved twice, but there are {len(saved)} records.")
        reply = self._remove(saved[0])
        left = len(self._logins())
        return {1: "one", 0: "all"}.get(left), f"two records; removing ends with {_told(reply)} and leaves {left}"

    def _remove_any_port(self):
        self._save()
        self._save(InitiatorPortNumber=0)
        both = {raw.InitiatorPortNumber: raw for raw in self._logins()}
        if set(both) != {0, ANY_PORT}:
            raise Unanswered(f"Logins were saved for any port and for port 0, but there are logins for {sorted(both)}.")
        reply = self._remove(both[ANY_PORT])
        left = sorted(raw.InitiatorPortNumber for raw in self._logins())
        return {(): "siblings", (0,): "exact"}.get(
            tuple(left)
        ), f"removing ends with {_told(reply)} and leaves ports {left}"

    def _remove_null_instance(self):
        reply = self._remove(self._saved(), instance=None)
        left = len(self._logins())
        refused = reply.status.value == status.INVALID_PARAMETER
        answer = "every_instance" if reply.status.ok and not left else "refused" if refused and left else None
        return answer, f"{_told(reply)}, and {left} records are left"

    def _remove_not_found(self):
        record = self._saved()
        self._clear()
        reply = self._remove(record)
        answers = {
            status.COULD_NOT_REMOVE_PERSISTENT_LOGIN_DATA: "could_not_remove",
            status.TARGET_NOT_FOUND: "target_not_found",
            status.PORTAL_NOT_FOUND: "portal_not_found",
            status.SUCCESS: "success",
        }
        return answers.get(reply.status.value), f"{_told(reply)} ({reply.status.number})"

    def _readd_portal(self):
        """Add a portal again with another symbolic name, which shows whether it was replaced."""
        reply = self._add_portal("again")
        names = sorted(raw.SymbolicName for raw in self._portals())
        answers = {
            (PORTAL_EXISTS, ("",)): "refused",
            (status.SUCCESS, ("again",)): "replace",
            (status.SUCCESS, ("", "again")): "second",
        }
        return answers.get((reply.status.value, tuple(names))), f"{_told(reply)}, and portals named {names}"

    def _portal_identity(self):
        """Add a portal in two spellings, remove one of them, and look for the other. Nothing answers at the portal."""
        spellings = [IPV6, IPV6_CANONICAL]
        before = self._probe_portals()
        if before:
            raise Unanswered(f"The host already has the target portal {before[0].Address}.")
        for address in spellings:
            self.host.ask(
                "AddIScsiSendTargetPortalW",
                InitiatorPortNumber=ANY_PORT,
                SecurityFlags=0,
                Portal={"Address": address, "Socket": 3260},
            )
        self._remove_probe_portal(IPV6_CANONICAL)
        left = [raw.Address for raw in self._probe_portals()]
        for _round in range(ROUNDS):
            if not self._probe_portals():
                break
            for address in spellings:
                self._remove_probe_portal(address)
        answer = "registry_name" if left else "address"
        return answer, f"of {' and '.join(spellings)}, removing the second leaves {left}"

    def _probe_portals(self):
        (found,) = self.host.listed(PORTALS)
        return [raw for raw in found if canonical(raw.Address) == IPV6_CANONICAL]

    def _remove_probe_portal(self, address):
        return self.host.ask(
            "RemoveIScsiSendTargetPortalW",
            InitiatorPortNumber=ANY_PORT,
            Portal={"Address": address, "Socket": 3260},
        )

    # -- the service ---------------------------------------------------------------------------------------------------

    def _restart_replays(self):
        """Also finds stopped_status, since the service is stopped here."""
        if not self.stop:
            raise Unanswered("The probe has no means to stop the service here.")
        if not self.alone:
            raise Unanswered("The host has other logins or sessions, which a restart of the service might affect.")
        self._session()
        self._saved()
        before = {records.session_id(raw.SessionId) for raw in self._sessions()}
        self.stop()
        try:
            if self.host.service_state() != STOPPED:
                raise Unanswered("The service did not stop.")
            self.while_stopped = _asked(self._stopped_status)
        finally:
            self._start()
        self.wait(SETTLING)
        after = {records.session_id(raw.SessionId) for raw in self._sessions()}
        return (
            "yes" if after - before else "no"
        ), f"{len(before)} sessions before, {len(after)} after, {len(after - before)} of them new"

    def _stopped_status_seen(self):
        return dataclasses.astuple(self.while_stopped)

    def _stopped_status(self):
        answers = {
            status.SERVICE_NOT_RUNNING: "service_not_running",
            status.RPC_SERVER_UNAVAILABLE: "rpc_server_unavailable",
        }
        return self._status_of_sizing(answers)

    def _status_of_sizing(self, answers):
        reply = self.host.size(LOGINS)
        return answers.get(
            reply.status.value
        ), f"{_told(reply)}, {reply['Count']} records, {reply['BufferSizeInBytes']} bytes"


# Switch -> method. Those that need a fresh host come first.
QUESTIONS = {
    "saved_login_connects": "_saved_login_connects",
    "list_size_reports": "_list_size_reports",
    "text_list_tail": "_text_list_tail",
    "unset_options": "_unset_options",
    "password_length": "_password_length",
    "reported_record": "_reported_record",
    "absent_user_name": "_absent_user_name",
    "letter_case": "_letter_case",
    "ipv6_text": "_ipv6_text",
    "null_portal_record": "_null_portal_record",
    "portal_group_spacing": "_portal_group_spacing",
    "static_target_portals": "_static_target_portals",
    "save_while_logged_in": "_save_while_logged_in",
    "second_login_without_multipath": "_second_login_without_multipath",
    "remove_identical": "_remove_identical",
    "remove_any_port": "_remove_any_port",
    "remove_null_instance": "_remove_null_instance",
    "remove_not_found": "_remove_not_found",
    "readd_portal": "_readd_portal",
    "portal_identity": "_portal_identity",
    "restart_replays": "_restart_replays",
    "stopped_status": "_stopped_status_seen",
}


def not_elevated(run):
    """{switch: :class:`Finding`} for a standard user: one question, which changes nothing."""
    host = Host(run)
    if host.header.elevated == 1:
        raise ProbeRefused("This token is elevated. Run this question as a standard user.")
    reply = host.size(LOGINS)
    answers = {
        status.ACCESS_DENIED: "access_denied",
        status.by_name("ERROR_ELEVATION_REQUIRED").value: "elevation_required",
    }
    return {"not_elevated_status": Finding(answers.get(reply.status.value), _told(reply))}


def check_disposable(named, host):
    """Make sure that the caller named this host as disposable.

    :raises ProbeRefused: if the host is not named.
    """
    if not named or named.lower() != host.lower():
        raise ProbeRefused(
            "The probe adds and removes logins, opens sessions and restarts MSiSCSI. Run it only on a"
            f" disposable host. To confirm that this host is one, name this one, {host}."
        )


def dialect_text(findings):
    """The findings as the ``dialect:`` block of a state file. Quoted, because a plain yes is true in YAML."""
    lines = ["dialect:"]
    for name, finding in findings.items():
        lines.append("  # {}".format(finding.evidence.replace("\n", " ")))
        lines.append(f'  {name}: "{finding.answer}"' if finding.answer else f"  # {name}: not known")
    return "\n".join(lines) + "\n"


def cross_check_text(cross_checks):
    """What the other witnesses said, as comments beside the dialect."""
    lines = [f"# witnesses, {done}: {line}" for done, lines in cross_checks.items() for line in lines]
    return "".join(f"{line}\n" for line in lines)


def _plain(record):
    """A decoded structure in the form that :func:`memory.pack` takes."""
    if hasattr(record, "_asdict"):
        return {name: _plain(value) for name, value in record._asdict().items()}
    return [_plain(one) for one in record] if isinstance(record, (list, tuple)) else record


def _aligned(size):
    return size + 3 & ~3


def _powershell(line):
    """Run a line of Windows PowerShell on this machine. Returns its output."""
    command = ["powershell.exe", "-NoProfile", "-NonInteractive", "-Command", line]
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Find out how this disposable Windows host behaves.")
    parser.add_argument("--disposable-host", help="name of this host, to confirm that it is disposable")
    parser.add_argument("--portal", help="address of the portal of the lab target")
    parser.add_argument("--port", type=int, default=3260)
    parser.add_argument("--target", help="IQN of a target that only the probe uses, without CHAP")
    parser.add_argument(
        "--as-standard-user", action="store_true", help="ask only the question for a user without administrator rights"
    )
    given = parser.parse_args(arguments)
    try:
        check_disposable(given.disposable_host, socket.gethostname())
        if given.as_standard_user:
            found = not_elevated(native.run_here)
        elif not given.portal or not given.target:
            raise ProbeRefused("--portal and --target are required. They name the lab.")
        else:
            found = Probe(
                native.run_here,
                Lab(given.portal, given.port, given.target),
                stop=lambda: _powershell(STOP_SERVICE),
                shell=_powershell,
            ).run()
    except (ProbeRefused, ProbeBroken, CallError) as problem:
        sys.exit(str(problem))
    sys.stdout.write(dialect_text(found))


if __name__ == "__main__":
    main()
