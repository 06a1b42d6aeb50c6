# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""A plan carried out: its steps as calls of one batch that ends with reading everything again.

What must not happen is that a login is gone and nobody says so. Nothing is removed that the plan has not found possible
to save again, and where that is doubtful the host is asked first, by saving one more. All that follows is
decided on the host, by conditions on lists read in between, for no connection is needed until the answer:

* One identity after the other is removed and saved again, so that whatever breaks in the middle endangers that one.
* A removal is made only while more are there than shall stay, and each save only while fewer are there than meant. So a
  removal that took more, or less, is made good, and two tasks at a time do not save a login twice.
* A list can be empty for a moment after a change (observed: os-win). What nobody meant to touch is therefore
  saved again only if two lists in a row lack it.
* What is only to go, by a purge or as declared absent, goes once everything that is to come is there.
* A save that failed is tried once more. Where nothing could be saved, the record that was there before is put back.
* Where the lists themselves fail, a login is rather saved twice than lost.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..abi import codecs, status, structures
from ..abi.structures import ISCSI_ANY_INITIATOR_PORT, ISCSI_TARGET_PORTAL_INFO_EX, PERSISTENT_ISCSI_LOGIN_INFO
from ..client import queries
from ..client.builder import Builder
from ..model import forecast
from ..runner import wire
from . import planner as reconcile

LIST_AGAIN = wire.Retry(3, 300, ())  # after a removal the list must be known: any error is tried again
UNHURRIED = wire.Retry(5, 1000, (status.SESSION_BUSY, status.DEVICE_BUSY_ON_SESSION))
_MANY = 0xFFFFFFFF
_NOTHING = "GetIScsiVersionInformation"  # changes nothing and always answers
SAVES = ("save", "discover", "save unseen")  # what a call does that saves what was declared
LIST_BUDGET = 64 << 20  # bytes of lists that the target keeps until the batch ends
_RECORD_BYTES = 2080  # of a login in a list
_LISTS = 2  # beside one for each turn of removals


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


class _Unit:
    """The records of one identity and one spelling of its address: what shall go, and what shall be there then.

    ``step`` is None for what no step means, but a removal may take along.
    """

    def __init__(self, step, change):
        self.step, self.change = step, change
        self.tried = None  # the list that shows whether one more could be saved
        self.removal = None  # the first call that may have taken one of ``before``
        self.saves = {}  # number in ``after`` -> the calls that may have saved it

    @property
    def turns(self):
        """How many calls it takes to remove what shall go, should each take one; two tries for what was only tried."""
        return self.change.removes + (1 if self.change.removes else 2) * bool(self.tried)


def _spelled(step, change):
    """A unit for each spelling of the address among the records: what is removed is named by its own text."""
    spellings = {}
    for side, found in (("before", change.before), ("after", [record for record, _secret in change.after])):
        for number, record in enumerate(found):
            spellings.setdefault(_address(record).lower(), {"before": [], "after": []})[side].append(
                getattr(change, side)[number]
            )
    return [_Unit(step, dataclasses.replace(change, **sides)) for sides in spellings.values()]


class Execution:
    """The calls of a plan for one pointer width, and what their answers mean."""

    def __init__(self, pointer, plan, subsets, limits):
        self.plan, self.limits = plan, limits
        self.builder = Builder(pointer)
        self.made = []  # (step or None, what it does in words, call), in order
        self.removals = []  # (records.Change, the call that removes), in order
        self.gates = []  # calls that are made only where what was added is there
        for kind in (
            "node_name",
            "chap_secret",
            "radius_secret",
            "group_preshared_key",
            "ike",
            "tunnel_outer_addresses",
        ):
            self._each(kind, _SIMPLE[kind])
        for kind in ("isns_servers", "radius_servers"):
            self._each(kind, _SIMPLE[kind], _not_removing)
        self._records("target_portals", _PORTALS)
        self._each("static_targets", _static_target, _not_removing)
        self._records("persistent_logins", _LOGINS)
        # what made targets known goes last, for a login can be saved only to a target that is known; targets that a
        # portal told stay when it is removed (Microsoft iSCSI Software Initiator 2.x Users Guide)
        for kind in ("isns_servers", "radius_servers"):
            self._each(kind, _SIMPLE[kind], _removing)
        self._each("static_targets", _static_target, _removing)
        self._sessions()
        self._each("persistent_devices", _device)
        self.reading = queries.Reading(pointer, subsets, self.builder)

    def program(self):
        return self.builder.program(1000 * self.limits.total)

    def _steps(self, kind, which=lambda step: True):
        return [step for step in self.plan.steps if step.kind == kind and which(step)]

    def _each(self, kind, emit, which=lambda step: True):
        for step in self._steps(kind, which):
            emit(self, step)

    def call(self, step, what, export, **values):
        """Add a call that a step is answerable for."""
        made = self.builder.call(export, **values)
        self.made.append((step, what, made))
        return made

    # -- records: remove, then save what shall be there and is not -----------------------------------------------------

    def _records(self, kind, how):
        steps = self._steps(kind)
        units = [unit for step in steps if step.action != "refresh" for unit in _spelled(step, step.detail)]
        units += [unit for change in self.plan.swept.get(kind, ()) for unit in _spelled(None, change)]
        if units:
            listed = self._list(how)
            groups = self._groups(units)
            for group in groups:
                self._carry_out(how, group, listed)
                if group is groups[0] and not _shaken(group) and any(map(_removing, self.plan.steps)):
                    self.gates.append(self._gate(how, group))
        for step in steps:
            if step.action == "refresh":
                self.call(
                    step,
                    "refresh",
                    "RefreshIScsiSendTargetPortalW",
                    limit=1000 * self.limits.discovery,
                    **_portal_place(step.detail.wish.record),
                )

    def _groups(self, units):
        """What is carried out together: first all that only adds, then one place after the other, siblings together.

        On a host with very many logins several places go together, since each costs lists as long as the logins.
        """
        places = {}
        wide = {
            unit.change.one.target.lower()
            for unit in units
            if unit.change.removes and hasattr(unit.change.one, "target") and unit.change.one.portal is None
        }
        for unit in units:
            target, _instance, _port_number, portal = reconcile.key(unit.change.one)
            places.setdefault((target, None if target in wide else portal), []).append(unit)
        adding = [unit for group in places.values() if not _shaken(group) for unit in group]
        shaken = [group for group in places.values() if _shaken(group)]
        lists = sum(_LISTS + max(unit.change.removes for unit in group) for group in shaken)
        together = -(-lists * self.plan.logins * _RECORD_BYTES // LIST_BUDGET) or 1
        merged = [sum(shaken[at : at + together], []) for at in range(0, len(shaken), together)]
        adding = [adding] if adding else []
        return merged + adding if self.plan.logins > reconcile.MAX_PERSISTENT_LOGINS else adding + merged

    def _carry_out(self, how, units, listed):
        """Remove, save what is missing then, try once more, and put back."""
        meant, swept = [unit for unit in units if unit.step], [unit for unit in units if not unit.step]
        listed = self._try(how, units, listed)
        for turn in range(max(unit.turns for unit in units)):
            for unit in units:
                if turn < unit.turns:
                    self._remove(how, listed, unit, units)
            listed = self._list(how)
        shaken = _shaken(units)
        for unit in meant:
            self._save(how, unit, [listed], shaken)
        if not any(unit.change.after for unit in units) or how is _PORTALS and not shaken:
            return  # nothing to save, or portals: a discovery that failed has listed the portal all the same
        again = self._list(how, _unless_saved(units))
        for unit in meant:
            self._save(how, unit, [again], shaken)
        for unit in swept:
            self._save(how, unit, [listed, again], shaken)
        if shaken:
            last = self._list(how, _unless_saved(units))
            for unit in units:
                self._put_back(how, unit, units, [again, last])

    def _try(self, how, units, listed):
        """Where saving may be refused, save one more first: unless a list shows it, nothing is removed."""
        doubtful = [
            unit
            for unit in units
            if unit.change.doubtful
            and unit.change.before
            and unit.change.after
            and any(_may_take(other, unit) for other in units)
        ]
        if not doubtful:
            return listed
        for unit in doubtful:
            record, secret = unit.change.after[0]
            how.save(
                self, unit.step, record, secret, [self._count(how, listed, record, 1, len(unit.change.before))], "try"
            )
        listed = self._list(how)
        for unit in doubtful:
            unit.tried = listed
        return listed

    def _gate(self, how, added):
        """A call that is made, and does nothing, only where all that was added is there: what is to go waits for it."""
        if how is _PORTALS:  # an address that does not answer is listed all the same
            when = [wire.Succeeded(unit.saves[0][0].index) for unit in added if unit.change.wish.must_answer]
        else:
            seen = self._list(how)
            lacking = [
                self.builder.call(_NOTHING, when=missing)
                for unit in added
                for missing in [self._missing(how, seen, unit.change.one, len(unit.change.after) - 1)]
            ]
            when = [wire.Succeeded(seen.index), *_all_failed(lacking)]
        return self.builder.call(_NOTHING, when=when)

    def _list(self, how, when=()):
        return self.builder.call(how.export, retry=LIST_AGAIN, back=False, when=when)

    def _remove(self, how, listed, unit, units):
        """Take one away, or all, for a removal may do either; only while more are there than shall stay."""
        change = unit.change
        when = [self._count(how, listed, change.one, len(change.before) - change.removes + 1, _MANY)]
        when += [
            self._count(how, other.tried, other.change.one, len(other.change.before) + 1, _MANY)
            for other in units
            if other.tried and reconcile.sweeps(change.one, other.change.one) and (change.removes or other is not unit)
        ]
        if _goes(unit):
            when += [wire.Succeeded(gate.index) for gate in self.gates]
        made = how.remove(self, unit.step, change.one, when)
        unit.removal = unit.removal or made
        self.removals.append((change, made))

    def _save(self, how, unit, lists, shaken):
        """Save each record that all the lists lack, unless a call before has saved it."""
        for index in range(0 if shaken else len(unit.change.before), len(unit.change.after)):
            record, secret = unit.change.after[index]
            earlier = unit.saves.setdefault(index, [])
            missing = [one for listed in lists for one in self._missing(how, listed, record, index)]
            when = _all_failed(earlier) + missing
            earlier.append(how.save(self, unit.step, record, secret, when))

    def _put_back(self, how, unit, units, lists):
        """Where nothing could be saved, save what was there before. Where no list tells, rather save once too often."""
        change = unit.change
        if not change.after or unit.step and not change.removes:
            return
        failed = _all_failed(made for calls_made in unit.saves.values() for made in calls_made)
        gone = [self._count(how, listed, change.one, 0, 0) for listed in lists]
        for record in change.before[: len(change.after)]:
            how.save(self, unit.step, record, change.secret, failed + gone, "put back")
        removal = unit.removal or next(other.removal for other in units if other.removal)
        unseen = [wire.Succeeded(lists[-1].index, 0), wire.Succeeded(removal.index, 1)]
        for record, secret in change.after:
            how.save(self, unit.step, record, secret, failed + unseen, "save unseen")

    def _missing(self, how, listed, record, index):
        """Conditions that at most ``index`` are in the list, however Windows spells the address."""
        return [self._count(how, listed, record, 0, index, address) for address in _spellings(_address(record))]

    def _count(self, how, listed, record, least, most, address=None):
        """The condition that between ``least`` and ``most`` records with this identity are in the list."""
        layout = how.structure.layout(self.builder.abi)
        address = _address(record) if address is None else address
        # what is saved for any portal may show one TCP port or another
        values = (
            getattr(record, "target", None),
            record.initiator_instance,
            _port(record.initiator_port),
            address,
            record.portal.port if record.portal else None,
        )
        patterns = []
        for path, value in zip(how.paths, values):
            if path is not None and value is not None:
                text = isinstance(value, str)
                size = 2 if path.endswith("Socket") else 4
                data = structures.encode_text(value, 2) if text else value.to_bytes(size, "little")
                patterns.append(wire.Pattern(layout.offset_of(path), data, int(text)))
        patterns.reverse()  # numbers and addresses tell records apart sooner than names
        return wire.Matching(self.builder.items(listed, how.output), tuple(patterns), least, most)

    # -- sessions ------------------------------------------------------------------------------------------------------

    def _sessions(self):
        """Log in and out. A login saved above may have opened its session by itself: then more are there than were."""
        saved = {reconcile.key(change.one) for change in self.plan.changes("persistent_logins") if change.saves}
        steps = self._steps("sessions")
        fresh = [step for step in steps if step.action == "login" and reconcile.key(step.detail[0]) in saved]
        listed = self.builder.call("GetIScsiSessionListW", retry=LIST_AGAIN, back=False) if fresh else None
        for step in steps:
            most = self.plan.sessions + fresh.index(step) if step in fresh else None
            _session(
                self,
                step,
                () if most is None else (wire.Matching(self.builder.items(listed, "SessionInfo"), (), 0, most),),
            )


def _removing(step):
    return step.action == "remove"


def _not_removing(step):
    return step.action != "remove"


def _goes(unit):
    """Whether the records are to go and nothing comes in their place."""
    return bool(unit.step) and not unit.change.after


def _may_take(removed, other):
    """Whether the removal of one unit may take records of another, or of its own."""
    return bool(removed.change.removes) and reconcile.sweeps(removed.change.one, other.change.one)


def _shaken(units):
    return any(unit.change.removes for unit in units)


def _all_failed(made):
    """Conditions that none of the calls has succeeded; one that was skipped has not."""
    return [wire.Succeeded(one.index, 0) for one in made]


def _unless_saved(units):
    """Conditions for a list that only tells what to do where saving failed; there is no "or" for several saves."""
    saves = [made for unit in units for made in unit.saves.values()]
    return _all_failed(saves[0]) if len(saves) == 1 and all(unit.step for unit in units) else ()


def _address(record):
    return record.portal.address if record.portal else ""


def _spellings(address):
    """How Windows may spell an address that was saved as this one: IPv6 in canonical form, and in brackets."""
    canonical = forecast.canonical_address(address)
    return list(dict.fromkeys([address.lower()] + ([canonical, f"[{canonical}]"] if ":" in canonical else [])))


def _port(number):
    return ISCSI_ANY_INITIATOR_PORT if number is None else number


def _place(portal):
    return None if portal is None else {"Address": portal.address, "Socket": portal.port}


def _portal_place(record):
    """What names a SendTargets portal to the DLL."""
    return {
        "InitiatorInstance": record.initiator_instance or None,
        "InitiatorPortNumber": _port(record.initiator_port),
        "Portal": _place(record.portal),
    }


def _options(record, secret):
    options = record.login_options
    takes = secret is not None and options.password_set
    return options.structure(secret.reveal() if takes else None)


def _remove_login(execution, step, record, when):
    # the record's own four values: an empty portal would take the target's logins on all portals
    return execution.call(
        step,
        "remove",
        "RemoveIScsiPersistentTargetW",
        when=when,
        retry=UNHURRIED,
        InitiatorInstance=record.initiator_instance,
        InitiatorPortNumber=_port(record.initiator_port),
        TargetName=record.target,
        Portal=_place(record.portal),
    )


def _log_in(execution, step, record, secret, when, what, persistent, key=None):
    portal = record.portal and dict(_place(record.portal), SymbolicName=record.portal.symbolic_name)
    return execution.call(
        step,
        what,
        "LoginIScsiTargetW",
        when=when,
        limit=1000 * execution.limits.login,
        retry=wire.Retry(3, 500, (status.SESSION_BUSY, status.INSUFFICIENT_BUFFER)),
        TargetName=record.target,
        IsInformationalSession=int(record.session_type == "informational"),
        InitiatorInstance=record.initiator_instance or None,
        InitiatorPortNumber=_port(record.initiator_port),
        TargetPortal=portal,
        SecurityFlags=record.security_flags,
        Mappings=_mapping(record.mappings),
        LoginOptions=_options(record, secret),
        Key=key.reveal() if key else None,
        IsPersistent=int(persistent),
    )


def _mapping(mapping):
    if mapping is None:
        return None
    adapter = [int(half, 16) for half in (mapping.session_id or "0-0").split("-")]
    return {
        "InitiatorName": mapping.initiator_instance,
        "TargetName": mapping.target,
        "OSDeviceName": mapping.os_device_name,
        "OSBusNumber": mapping.bus,
        "OSTargetNumber": mapping.target_number,
        "SessionId": {"AdapterUnique": adapter[0], "AdapterSpecific": adapter[1]},
        "LUNList": [{"OSLUN": lun.os_lun, "TargetLUN": lun.target_lun} for lun in mapping.luns],
    }


def _save_login(execution, step, record, secret, when, what="save"):
    wish = step.detail.wish if step else None
    return _log_in(execution, step, record, secret, when, what, True, wish.key if wish else None)


def _remove_portal(execution, step, record, when):
    return execution.call(
        step, "remove", "RemoveIScsiSendTargetPortalW", when=when, retry=UNHURRIED, **_portal_place(record)
    )


def _save_portal(execution, step, record, secret, when, what="discover"):
    place = _portal_place(record)
    place["Portal"]["SymbolicName"] = record.portal.symbolic_name
    return execution.call(
        step,
        what,
        "AddIScsiSendTargetPortalW",
        when=when,
        limit=1000 * execution.limits.discovery,
        LoginOptions=_options(record, secret),
        SecurityFlags=record.security_flags or 0,
        **place,
    )


_LOGINS = _Kind(
    "ReportIScsiPersistentLoginsW",
    "PersistentLoginInfo",
    PERSISTENT_ISCSI_LOGIN_INFO,
    ("TargetName", "InitiatorInstance", "InitiatorPortNumber", "TargetPortal.Address", "TargetPortal.Socket"),
    _remove_login,
    _save_login,
)
_PORTALS = _Kind(
    "ReportIScsiSendTargetPortalsExW",
    "PortalInfo",
    ISCSI_TARGET_PORTAL_INFO_EX,
    (None, "InitiatorName", "InitiatorPortNumber", "Address", "Socket"),
    _remove_portal,
    _save_portal,
)


# -- single calls ------------------------------------------------------------------------------------------------------


def _one(export, **names):
    """An emitter for steps that are one call: argument name -> what makes its value of the step's detail."""

    def emit(execution, step):
        execution.call(step, step.action, export, **{name: make(step.detail) for name, make in names.items()})

    return emit


def _servers(add, remove):
    return lambda execution, step: execution.call(
        step,
        step.action,
        add if step.action == "add" else remove,
        Address=step.detail,
        limit=1000 * execution.limits.discovery,
    )


def _reveal(secret):
    return secret.reveal()


def _stored(_detail):
    return 1


_ADAPTER = {
    "InitiatorName": lambda entry: entry.initiator_instance,
    "InitiatorPortNumber": lambda entry: _port(entry.initiator_port),
    "Persist": _stored,
}


def _ike(entry):
    return {
        "AuthMethod": codecs.IKE_AUTHENTICATION_METHODS.values["preshared_key"],
        "PsKey": {
            "SecurityFlags": entry.security_flags,
            "IdType": entry.id_type,
            "Id": entry.id,
            "Key": entry.key.reveal(),
        },
    }


_SIMPLE = {
    "node_name": _one("SetIScsiInitiatorNodeNameW", InitiatorNodeName=str),
    "chap_secret": _one("SetIScsiInitiatorCHAPSharedSecret", SharedSecret=_reveal),
    "radius_secret": _one("SetIScsiInitiatorRADIUSSharedSecret", SharedSecret=_reveal),
    "group_preshared_key": _one("SetIScsiGroupPresharedKey", Key=_reveal, Persist=_stored),
    "ike": _one("SetIScsiIKEInfoW", AuthInfo=_ike, **_ADAPTER),
    "tunnel_outer_addresses": _one(
        "SetIScsiTunnelModeOuterAddressW",
        **_ADAPTER,
        OuterModeAddress=lambda tunnel: tunnel.outer_address,
        DestinationAddress=lambda tunnel: tunnel.destination,
    ),
    "isns_servers": _servers("AddISNSServerW", "RemoveISNSServerW"),
    "radius_servers": _servers("AddRadiusServerW", "RemoveRadiusServerW"),
}


def _static_target(execution, step):
    wish, record = step.detail
    if step.action == "remove":
        execution.call(step, "remove", "RemoveIScsiStaticTargetW", TargetName=wish.name)
        return
    portals = [portal for group in record.portal_groups for portal in group]
    execution.call(
        step,
        step.action,
        "AddIScsiStaticTargetW",
        TargetName=wish.name,
        TargetAlias=record.alias or None,
        TargetFlags=record.target_flags,
        Persist=1,
        LoginOptions=_options(record, wish.secret),
        PortalGroup=_portal_group(portals, execution.builder.abi),
    )


def _portal_group(portals, abi):
    """The bytes of one ISCSI_TARGET_PORTAL_GROUP, which ends with as many portals as it counts."""
    if not portals:
        return None
    portal = structures.ISCSI_TARGET_PORTAL.layout(abi)
    group = len(portals).to_bytes(4, "little") + b"".join(portal.pack(_place(one)) for one in portals)
    return group.ljust(structures.ISCSI_TARGET_PORTAL_GROUP.layout(abi).size, b"\0")


def _session(execution, step, when):
    if step.action == "login":
        record, wish = step.detail
        _log_in(execution, step, record, wish.secret, when, "log in", False, wish.key)
    else:
        adapter = [int(half, 16) for half in step.detail.session_id.split("-")]
        execution.call(
            step,
            "log out",
            "LogoutIScsiTarget",
            retry=UNHURRIED,
            limit=1000 * execution.limits.login,
            UniqueSessionId={"AdapterUnique": adapter[0], "AdapterSpecific": adapter[1]},
        )


_DEVICE_CALLS = {"add": "AddPersistentIScsiDeviceW", "remove": "RemovePersistentIScsiDeviceW"}


def _device(execution, step):
    if step.action in _DEVICE_CALLS:
        execution.call(step, step.action, _DEVICE_CALLS[step.action], DevicePath=step.detail)
    else:
        execution.call(step, "bind", "SetupPersistentIScsiVolumes")
