# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Which export of the DLL does what a step asks for, and with which arguments."""

from __future__ import annotations

import typing as t

from ..abi import codecs, status, structures
from ..abi.structures import ISCSI_ANY_INITIATOR_PORT, ISCSI_TARGET_PORTAL_INFO_EX, PERSISTENT_ISCSI_LOGIN_INFO
from ..client.builder import CallHandle
from ..model import records
from ..runner import wire
from .change_batch import UNHURRIED, ChangeBatch, Condition, Conditions
from .desired import DesiredLogin
from .steps import (
    AnyChange,
    BindAllVolumes,
    ChangeStaticTarget,
    ListEntry,
    LogIn,
    LogOut,
    RefreshIsnsServers,
    RefreshPortal,
    SetIke,
    SetNodeName,
    SetSecret,
    SetTunnel,
    Step,
)
from .values import Secret

Emitter = t.Callable[[ChangeBatch, Step], t.Any]
Arguments = t.Dict[str, t.Any]

# Operations, as messages name them.
SAVING, RESTORING, TEST_SAVE, SAVING_UNSEEN = "saving", "restoring", "test save", "saving, list unknown"
ADDING_MULTIPATH = "restoring with the multipath flag"
DISCOVERING, REFRESHING, REMOVING = "discovering", "refreshing", "removing"
DISCOVERIES = (DISCOVERING, REFRESHING)
SAVES = (SAVING, DISCOVERING, SAVING_UNSEEN)  # what saves a record that was declared


# -- arguments ---------------------------------------------------------------------------------------------------------


def _port_number(port: t.Optional[int]) -> int:
    return ISCSI_ANY_INITIATOR_PORT if port is None else port


def _target_portal(portal: t.Optional[records.Portal], with_name: bool = False) -> t.Optional[Arguments]:
    if portal is None:
        return None
    named = {"SymbolicName": portal.symbolic_name} if with_name else {}
    return {"Address": portal.address, "Socket": portal.port, **named}


def _portal_identity(record: records.TargetPortal, with_name: bool = False) -> Arguments:
    """What names a SendTargets portal to the DLL."""
    return {
        "InitiatorInstance": record.initiator_instance or None,
        "InitiatorPortNumber": _port_number(record.initiator_port),
        "Portal": _target_portal(record.portal, with_name),
    }


def _login_options(options: t.Optional[records.LoginOptions], secret: t.Optional[Secret]) -> Arguments:
    options = options or records.LoginOptions()
    takes_secret = secret is not None and options.password_set
    return options.structure(secret.reveal() if secret is not None and takes_secret else None)


def _mapping(mapping: t.Optional[records.Mapping]) -> t.Optional[Arguments]:
    if mapping is None:
        return None
    return {
        "InitiatorName": mapping.initiator_instance,
        "TargetName": mapping.target,
        "OSDeviceName": mapping.os_device_name,
        "OSBusNumber": mapping.bus,
        "OSTargetNumber": mapping.target_number,
        "SessionId": _session_id(mapping.session_id or "0-0"),
        "LUNList": [{"OSLUN": lun.os_lun, "TargetLUN": lun.target_lun} for lun in mapping.luns],
    }


def _session_id(text: str) -> Arguments:
    unique, specific = (int(half, 16) for half in text.split("-"))
    return {"AdapterUnique": unique, "AdapterSpecific": specific}


# -- saved records: how each kind is listed, matched, removed and saved ------------------------------------------------


class RecordCalls(t.NamedTuple):
    """The calls for one kind of saved records.

    :param export, output: lists them, and the argument that holds the list.
    :param identity_fields: fields of the structure that hold target, instance, port, address and TCP port.
    :param operation: what a save is called.
    :param listed_when_failed: a save that fails may have saved the record all the same.
    """

    export: str
    output: str
    structure: structures.Structure
    identity_fields: t.Tuple[t.Optional[str], ...]
    remove: t.Callable[[ChangeBatch, t.Optional[Step], t.Any, Conditions], CallHandle]
    save: t.Callable[[ChangeBatch, t.Optional[Step], AnyChange, t.Any, t.Optional[Secret], Conditions, str], CallHandle]
    operation: str
    listed_when_failed: bool


def _remove_login(
    batch: ChangeBatch, step: t.Optional[Step], record: records.PersistentLogin, when: Conditions
) -> CallHandle:
    # the record's own four values: an empty portal would take the target's logins on all portals
    return batch.call(
        step,
        REMOVING,
        "RemoveIScsiPersistentTargetW",
        when=when,
        retry=UNHURRIED,
        InitiatorInstance=record.initiator_instance,
        InitiatorPortNumber=_port_number(record.initiator_port),
        TargetName=record.target,
        Portal=_target_portal(record.portal),
    )


def _save_login(
    batch: ChangeBatch,
    step: t.Optional[Step],
    change: AnyChange,
    record: records.PersistentLogin,
    secret: t.Optional[Secret],
    when: Conditions,
    operation: str,
) -> CallHandle:
    key = change.desired.key if isinstance(change.desired, DesiredLogin) else None
    return _log_in(batch, step, record, secret, key, when, operation, is_persistent=True)


def _log_in(
    batch: ChangeBatch,
    step: t.Optional[Step],
    record: records.PersistentLogin,
    secret: t.Optional[Secret],
    key: t.Optional[Secret],
    when: Conditions,
    operation: str,
    is_persistent: bool,
) -> CallHandle:
    return batch.call(
        step,
        operation,
        "LoginIScsiTargetW",
        when=when,
        limit=batch.limits.login,
        retry=wire.Retry(3, 500, (status.SESSION_BUSY, status.INSUFFICIENT_BUFFER)),
        TargetName=record.target,
        IsInformationalSession=int(record.session_type == "informational"),
        InitiatorInstance=record.initiator_instance or None,
        InitiatorPortNumber=_port_number(record.initiator_port),
        TargetPortal=_target_portal(record.portal, with_name=True),
        SecurityFlags=record.security_flags,
        Mappings=_mapping(record.mappings),
        LoginOptions=_login_options(record.login_options, secret),
        Key=key.reveal() if key else None,
        IsPersistent=int(is_persistent),
    )


def _remove_portal(
    batch: ChangeBatch, step: t.Optional[Step], record: records.TargetPortal, when: Conditions
) -> CallHandle:
    return batch.call(
        step, REMOVING, "RemoveIScsiSendTargetPortalW", when=when, retry=UNHURRIED, **_portal_identity(record)
    )


def _save_portal(
    batch: ChangeBatch,
    step: t.Optional[Step],
    _change: AnyChange,
    record: records.TargetPortal,
    secret: t.Optional[Secret],
    when: Conditions,
    operation: str,
) -> CallHandle:
    return batch.call(
        step,
        operation,
        "AddIScsiSendTargetPortalW",
        when=when,
        limit=batch.limits.discovery,
        LoginOptions=_login_options(record.login_options, secret),
        SecurityFlags=record.security_flags or 0,
        **_portal_identity(record, with_name=True),
    )


LOGIN_CALLS = RecordCalls(
    "ReportIScsiPersistentLoginsW",
    "PersistentLoginInfo",
    PERSISTENT_ISCSI_LOGIN_INFO,
    ("TargetName", "InitiatorInstance", "InitiatorPortNumber", "TargetPortal.Address", "TargetPortal.Socket"),
    _remove_login,
    _save_login,
    SAVING,
    listed_when_failed=False,
)
# A discovery that fails keeps the portal in the list all the same (observed: go-win-iscsidsc).
PORTAL_CALLS = RecordCalls(
    "ReportIScsiSendTargetPortalsExW",
    "PortalInfo",
    ISCSI_TARGET_PORTAL_INFO_EX,
    (None, "InitiatorName", "InitiatorPortNumber", "Address", "Socket"),
    _remove_portal,
    _save_portal,
    DISCOVERING,
    listed_when_failed=True,
)


def emit_refresh(batch: ChangeBatch, step: Step) -> None:
    """Ask a portal again for its targets."""
    payload = _payload(step, RefreshPortal)
    batch.call(
        step,
        REFRESHING,
        "RefreshIScsiSendTargetPortalW",
        limit=batch.limits.discovery,
        **_portal_identity(payload.record),
    )


# -- the initiator's own settings --------------------------------------------------------------------------------------

_Payload = t.TypeVar("_Payload")


def _payload(step: Step, kind: t.Type[_Payload]) -> _Payload:
    """The payload of a step, which its part plans with this kind."""
    if not isinstance(step.payload, kind):
        raise AssertionError(step.kind)
    return step.payload


def _set(step: Step, batch: ChangeBatch, export: str, **arguments: t.Any) -> None:
    batch.call(step, "setting", export, **arguments)


def emit_node_name(batch: ChangeBatch, step: Step) -> None:
    """Rename the initiator."""
    _set(step, batch, "SetIScsiInitiatorNodeNameW", InitiatorNodeName=_payload(step, SetNodeName).name)


def emit_chap_secret(batch: ChangeBatch, step: Step) -> None:
    """Set the mutual CHAP secret."""
    secret = _payload(step, SetSecret).secret.reveal()
    _set(step, batch, "SetIScsiInitiatorCHAPSharedSecret", SharedSecret=secret)


def emit_radius_secret(batch: ChangeBatch, step: Step) -> None:
    """Set the secret shared with the RADIUS servers."""
    secret = _payload(step, SetSecret).secret.reveal()
    _set(step, batch, "SetIScsiInitiatorRADIUSSharedSecret", SharedSecret=secret)


def emit_group_preshared_key(batch: ChangeBatch, step: Step) -> None:
    """Set the preshared key for all of IPsec, and store it."""
    _set(step, batch, "SetIScsiGroupPresharedKey", Key=_payload(step, SetSecret).secret.reveal(), Persist=1)


def _adapter(instance: str, port: t.Optional[int]) -> Arguments:
    return {"InitiatorName": instance, "InitiatorPortNumber": _port_number(port), "Persist": 1}


def emit_ike(batch: ChangeBatch, step: Step) -> None:
    """Store IKE information."""
    ike = _payload(step, SetIke).ike
    preshared_key = {
        "SecurityFlags": ike.security_flags,
        "IdType": ike.id_type,
        "Id": ike.id,
        "Key": ike.key.reveal(),
    }
    method = codecs.IKE_AUTHENTICATION_METHODS.values["preshared_key"]
    _set(
        step,
        batch,
        "SetIScsiIKEInfoW",
        AuthInfo={"AuthMethod": method, "PsKey": preshared_key},
        **_adapter(ike.initiator_instance, ike.initiator_port),
    )


def emit_tunnel(batch: ChangeBatch, step: Step) -> None:
    """Store the outer address of tunnels."""
    tunnel = _payload(step, SetTunnel).tunnel
    _set(
        step,
        batch,
        "SetIScsiTunnelModeOuterAddressW",
        OuterModeAddress=tunnel.outer_address,
        DestinationAddress=tunnel.destination,
        **_adapter(tunnel.initiator_instance, tunnel.initiator_port),
    )


def emit_server(add: str, remove: str) -> Emitter:
    """An emitter for a list of servers, by the exports that add and remove one."""

    def emit(batch: ChangeBatch, step: Step) -> None:
        export, operation = (remove, REMOVING) if step.is_removal else (add, "adding")
        batch.call(step, operation, export, Address=_payload(step, ListEntry).name, limit=batch.limits.discovery)

    return emit


def emit_refresh_isns_servers(batch: ChangeBatch, step: Step) -> None:
    """Ask all iSNS servers for targets; a null address means each of them."""
    _payload(step, RefreshIsnsServers)
    batch.call(step, REFRESHING, "RefreshISNSServerW", limit=batch.limits.discovery)


def emit_device(batch: ChangeBatch, step: Step) -> None:
    """Bind a volume or device, or release it."""
    export, operation = (
        ("RemovePersistentIScsiDeviceW", REMOVING) if step.is_removal else ("AddPersistentIScsiDeviceW", "binding")
    )
    batch.call(step, operation, export, DevicePath=_payload(step, ListEntry).name)


def emit_bind_all_volumes(batch: ChangeBatch, step: Step) -> None:
    """Bind all volumes on disks of saved targets."""
    _payload(step, BindAllVolumes)
    batch.call(step, "binding", "SetupPersistentIScsiVolumes")


# -- targets and sessions ----------------------------------------------------------------------------------------------


def emit_static_target(batch: ChangeBatch, step: Step) -> None:
    """Add a static target, or remove it."""
    target = _payload(step, ChangeStaticTarget)
    if step.is_removal:
        batch.call(step, REMOVING, "RemoveIScsiStaticTargetW", TargetName=target.name)
        return
    portals = [portal for group in target.record.portal_groups or () for portal in group]
    batch.call(
        step,
        "adding",
        "AddIScsiStaticTargetW",
        TargetName=target.name,
        TargetAlias=target.record.alias or None,
        TargetFlags=target.record.target_flags,
        Persist=1,
        LoginOptions=_login_options(target.record.login_options, target.secret),
        PortalGroup=_portal_group(portals, batch.builder.abi),
    )


def _portal_group(portals: t.Sequence[records.Portal], abi: structures.Abi) -> t.Optional[bytes]:
    """The bytes of one ISCSI_TARGET_PORTAL_GROUP, which ends with as many portals as it counts."""
    if not portals:
        return None
    layout = structures.ISCSI_TARGET_PORTAL.layout(abi)
    group = len(portals).to_bytes(4, "little") + b"".join(
        layout.pack(_target_portal(portal) or {}) for portal in portals
    )
    return group.ljust(structures.ISCSI_TARGET_PORTAL_GROUP.layout(abi).size, b"\0")


def emit_session(batch: ChangeBatch, step: Step, when: t.Sequence[Condition] = ()) -> None:
    """Log in, or log out."""
    if isinstance(step.payload, LogIn):
        login = step.payload
        _log_in(batch, step, login.login, login.secret, login.key, when, "logging in", is_persistent=False)
        return
    session = _payload(step, LogOut).session
    batch.call(
        step,
        "logging out",
        "LogoutIScsiTarget",
        retry=UNHURRIED,
        limit=batch.limits.login,
        UniqueSessionId=_session_id(session.session_id or "0-0"),
    )
