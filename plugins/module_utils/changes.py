# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""A plan carried out: its steps as calls of one batch that ends with reading everything again.

What must not happen is that a login is gone and nobody says so. Therefore nothing is removed that the plan has not found possible to save again; each
save asks first whether the record is there already (so that a removal that took more, or less, than meant is made good and nothing is
saved twice); a save that failed is tried once more; where it failed again, the record that was there before is put back. All of that is
decided on the host, by conditions on lists read in between: no connection is needed until the answer.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import calls, initiator, reconcile, records, status, structures
from .program import Builder
from .structures import ISCSI_ANY_INITIATOR_PORT, PERSISTENT_ISCSI_LOGIN_INFO, ISCSI_TARGET_PORTAL_INFO_EX

LIST_AGAIN = calls.Retry(3, 300, ())  # after a removal the list must be known: any error is tried again
UNHURRIED = calls.Retry(5, 1000, (status.SESSION_BUSY, status.DEVICE_BUSY_ON_SESSION))
_MANY = 0xFFFFFFFF


@dataclasses.dataclass
class Limits:
    """Seconds that a phase may take; 0 for no limit. Discovery on a dead portal blocks for minutes."""

    discovery: int = 60
    login: int = 60
    total: int = 300


class _Kind(t.NamedTuple):
    """How the records of a kind are listed, matched, removed and saved."""

    export: str
    output: str
    structure: structures.Structure
    paths: tuple  # fields of the structure that hold target, instance, port, address, TCP port
    remove: t.Callable
    save: t.Callable


class Execution:
    """The calls of a plan for one pointer width, and what their answers mean."""

    def __init__(self, pointer, plan, subsets, limits):
        self.plan, self.limits = plan, limits
        self.builder = Builder(pointer)
        self.made = []  # (step or None, what it does in words, call), in order
        for kind in ("node_name", "chap_secret", "radius_secret", "group_preshared_key", "isns_servers", "radius_servers"):
            self._each(kind, _SIMPLE[kind])
        self._records("target_portals", _PORTALS, [])
        self._each("static_targets", _static_target)
        self._records("persistent_logins", _LOGINS, plan.swept)
        self._each("sessions", _session)
        self._each("persistent_devices", _device)
        self.reading = initiator.Reading(pointer, subsets, self.builder)

    def program(self):
        return self.builder.program(1000 * self.limits.total)

    def _each(self, kind, emit):
        for step in self.plan.steps:
            if step.kind == kind:
                emit(self, step)

    def call(self, step, what, export, **values):
        """Add a call that a step is answerable for."""
        made = self.builder.call(export, **values)
        self.made.append((step, what, made))
        return made

    # -- records: remove, then save what shall be there and is not -----------------------------------------------------------------

    def _records(self, kind, how, swept):
        steps = [step for step in self.plan.steps if step.kind == kind]
        changing = [step for step in steps if step.action != "refresh"]
        removing = [step for step in changing if step.detail.removes]
        shaken = swept + [step.detail for step in removing]
        later = [step for step in changing if step.detail.saves or step.detail.removes and step.detail.after]
        first = [step for step in later if not step.detail.removes and not _swept_by(step.detail, removing)]
        for step in first:  # what no removal can touch is saved before anything is taken away
            self._save_missing(how, None, step, step.detail)
        listed = self._list(how) if shaken else None
        for step in removing:
            listed = self._remove(how, listed, step)
        if shaken:
            for step in [step for step in later if step not in first]:
                self._save_missing(how, listed, step, step.detail)
            for change in swept:
                self._save_missing(how, listed, None, change)
            for step in removing:
                if step.detail.replaces:
                    self._put_back(how, self._list(how), step)
        for step in steps:
            if step.action == "refresh":
                self.call(step, "refresh", "RefreshIScsiSendTargetPortalW", limit=1000 * self.limits.discovery,
                          **_portal_place(step.detail.wish.record))

    def _list(self, how):
        return self.builder.call(how.export, retry=LIST_AGAIN)

    def _remove(self, how, listed, step):
        """Remove until as many are left as meant to be, one removal more than records, and list each time: one may take one, or all."""
        change = step.detail
        left = len(change.before) - change.removes
        for _attempt in range(change.removes + 1):
            condition = self._count(how, listed, change.one, left + 1, _MANY)
            how.remove(self, step, change.one, [condition])
            listed = self._list(how)
        return listed

    def _save_missing(self, how, listed, step, change):
        """Save each record unless as many are there; again where that failed and a new list still lacks it."""
        new = list(enumerate(change.after))[0 if listed else len(change.before):]
        saved = [how.save(self, step, record, secret, [self._count(how, listed, change.one, 0, index)] if listed else [])
                 for index, (record, secret) in new]
        if not saved or how is _PORTALS and not change.before:
            return  # a discovery that failed has listed the portal all the same
        again = self._list(how)
        for (index, (record, secret)), made in zip(new, saved):
            how.save(self, step, record, secret,
                     [calls.Succeeded(made.index, 0), self._count(how, again, change.one, 0, index)])

    def _put_back(self, how, listed, step):
        """Where nothing of a replaced record could be saved, save what was there before."""
        for record in step.detail.before:
            how.save(self, step, record, step.detail.wish.secret, [self._count(how, listed, record, 0, 0)], "put back")

    def _count(self, how, listed, record, least, most):
        """The condition that between ``least`` and ``most`` records with this identity are in the list."""
        layout = how.structure.layout(self.builder.abi)
        portal = record.portal or records.Portal("", 0)
        values = (getattr(record, "target", None), record.initiator_instance, _port(record.initiator_port), portal.address, portal.port)
        patterns = []
        for path, value in zip(how.paths, values):
            if path is not None:
                text = isinstance(value, str)
                data = structures.encode_text(value, 2) if text else value.to_bytes(2 if path.endswith("Socket") else 4, "little")
                patterns.append(calls.Pattern(layout.offset_of(path), data, int(text)))
        patterns.reverse()  # numbers and addresses tell records apart sooner than names
        return calls.Matching(self.builder.items(listed, how.output), tuple(patterns), least, most)


def _swept_by(change, removing):
    return any(reconcile.sweeps(step.detail.before[0], change.one) for step in removing)


def _port(number):
    return ISCSI_ANY_INITIATOR_PORT if number is None else number


def _place(portal):
    return None if portal is None else {"Address": portal.address, "Socket": portal.port}


def _portal_place(record):
    """What names a SendTargets portal to the DLL."""
    return {"InitiatorInstance": record.initiator_instance or None, "InitiatorPortNumber": _port(record.initiator_port),
            "Portal": _place(record.portal)}


def _options(record, secret):
    options = record.login_options
    takes = secret is not None and options.password_set
    return options.structure(secret.reveal() if takes else None)


def _remove_login(execution, step, record, when):
    # the record's own four values: an empty portal would take the target's logins on all portals
    return execution.call(step, "remove", "RemoveIScsiPersistentTargetW", when=when, retry=UNHURRIED,
                          InitiatorInstance=record.initiator_instance, InitiatorPortNumber=_port(record.initiator_port),
                          TargetName=record.target, Portal=_place(record.portal))


def _log_in(execution, step, record, secret, when, what, persistent, key=None):
    portal = record.portal and dict(_place(record.portal), SymbolicName=record.portal.symbolic_name)
    return execution.call(
        step, what, "LoginIScsiTargetW", when=when, limit=1000 * execution.limits.login,
        retry=calls.Retry(3, 500, (status.SESSION_BUSY, status.INSUFFICIENT_BUFFER)),
        TargetName=record.target, IsInformationalSession=int(record.session_type == "informational"),
        InitiatorInstance=record.initiator_instance, InitiatorPortNumber=_port(record.initiator_port), TargetPortal=portal,
        SecurityFlags=record.security_flags, Mappings=_mapping(record.mappings), LoginOptions=_options(record, secret),
        Key=key.reveal() if key else None, IsPersistent=int(persistent))


def _mapping(mapping):
    if mapping is None:
        return None
    adapter = [int(half, 16) for half in (mapping.session_id or "0-0").split("-")]
    return {"InitiatorName": mapping.initiator_instance, "TargetName": mapping.target, "OSDeviceName": mapping.os_device_name,
            "SessionId": {"AdapterUnique": adapter[0], "AdapterSpecific": adapter[1]}, "OSBusNumber": mapping.bus,
            "OSTargetNumber": mapping.target_number, "LUNList": [{"OSLUN": lun.os_lun, "TargetLUN": lun.target_lun} for lun in mapping.luns]}


def _save_login(execution, step, record, secret, when, what="save"):
    wish = step.detail.wish if step else None
    return _log_in(execution, step, record, secret, when, what, True, wish.key if wish else None)


def _remove_portal(execution, step, record, when):
    return execution.call(step, "remove", "RemoveIScsiSendTargetPortalW", when=when, retry=UNHURRIED, **_portal_place(record))


def _save_portal(execution, step, record, secret, when, what="discover"):
    place = _portal_place(record)
    place["Portal"]["SymbolicName"] = record.portal.symbolic_name
    return execution.call(step, what, "AddIScsiSendTargetPortalW", when=when, limit=1000 * execution.limits.discovery,
                          LoginOptions=_options(record, secret), SecurityFlags=record.security_flags or 0, **place)


_LOGINS = _Kind("ReportIScsiPersistentLoginsW", "PersistentLoginInfo", PERSISTENT_ISCSI_LOGIN_INFO,
                ("TargetName", "InitiatorInstance", "InitiatorPortNumber", "TargetPortal.Address", "TargetPortal.Socket"),
                _remove_login, _save_login)
_PORTALS = _Kind("ReportIScsiSendTargetPortalsExW", "PortalInfo", ISCSI_TARGET_PORTAL_INFO_EX,
                 (None, "InitiatorName", "InitiatorPortNumber", "Address", "Socket"), _remove_portal, _save_portal)


# -- single calls ------------------------------------------------------------------------------------------------------------------

def _one(export, **names):
    """An emitter for steps that are one call: argument name -> what makes its value of the step's detail."""
    def emit(execution, step):
        execution.call(step, step.action, export, **{name: make(step.detail) for name, make in names.items()})
    return emit


def _servers(add, remove):
    return lambda execution, step: execution.call(step, step.action, add if step.action == "add" else remove, Address=step.detail,
                                                  limit=1000 * execution.limits.discovery)


def _reveal(secret):
    return secret.reveal()


_SIMPLE = {
    "node_name": _one("SetIScsiInitiatorNodeNameW", InitiatorNodeName=str),
    "chap_secret": _one("SetIScsiInitiatorCHAPSharedSecret", SharedSecret=_reveal),
    "radius_secret": _one("SetIScsiInitiatorRADIUSSharedSecret", SharedSecret=_reveal),
    "group_preshared_key": _one("SetIScsiGroupPresharedKey", Key=_reveal, Persist=lambda _secret: 1),
    "isns_servers": _servers("AddISNSServerW", "RemoveISNSServerW"),
    "radius_servers": _servers("AddRadiusServerW", "RemoveRadiusServerW"),
}


def _static_target(execution, step):
    wanted = step.detail
    if step.action == "remove":
        execution.call(step, "remove", "RemoveIScsiStaticTargetW", TargetName=wanted.name)
        return
    group = None
    if wanted.portals is not None:
        abi = execution.builder.abi
        portal = structures.ISCSI_TARGET_PORTAL.layout(abi)
        group = len(wanted.portals).to_bytes(4, "little") + b"".join(portal.pack(_place(one)) for one in wanted.portals)
        group = group.ljust(structures.ISCSI_TARGET_PORTAL_GROUP.layout(abi).size, b"\0")
    options = wanted.login_options and wanted.login_options.structure(wanted.secret.reveal() if wanted.secret else None)
    execution.call(step, step.action, "AddIScsiStaticTargetW", TargetName=wanted.name, TargetAlias=wanted.alias,
                   TargetFlags=wanted.target_flags or 0, Persist=1, LoginOptions=options, PortalGroup=group)


def _session(execution, step):
    if step.action == "login":
        record, wish = step.detail
        _log_in(execution, step, record, wish.secret, (), "log in", False, wish.key)
    else:
        adapter = [int(half, 16) for half in step.detail.session_id.split("-")]
        execution.call(step, "log out", "LogoutIScsiTarget", retry=UNHURRIED, limit=1000 * execution.limits.login,
                       UniqueSessionId={"AdapterUnique": adapter[0], "AdapterSpecific": adapter[1]})


_DEVICE_CALLS = {"add": "AddPersistentIScsiDeviceW", "remove": "RemovePersistentIScsiDeviceW"}


def _device(execution, step):
    if step.action in _DEVICE_CALLS:
        execution.call(step, step.action, _DEVICE_CALLS[step.action], DevicePath=step.detail)
    else:
        execution.call(step, "bind", "SetupPersistentIScsiVolumes")
