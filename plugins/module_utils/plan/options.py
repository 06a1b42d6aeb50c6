# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What options take, as plain data in the terms of an argument spec. They follow from the tables of properties."""

from __future__ import annotations

import typing as t

from ..abi import codecs, host_settings
from .profiles import PROFILES
from .properties import PERSISTENT_LOGIN, SESSION, STATIC_TARGET, TARGET_PORTAL, Property
from .values import Boolean, Choice, PortalList, ScsiNumbers

Spec = t.Dict[str, t.Any]
Specs = t.Dict[str, Spec]

TEXT: Spec = {"type": "str"}
NAMES: Spec = {"type": "list", "elements": "raw"}  # each a name, or a mapping with its state
SECRET: Spec = {"type": "str", "no_log": True}
STATE: Spec = {"type": "str", "choices": ["present", "absent"], "default": "present"}
START_MODES = {"automatic": 2, "manual": 3, "disabled": 4}

_SCSI_NUMBERS: Specs = {
    "bus": {"type": "int", "required": True},
    "target_number": {"type": "int", "required": True},
    "luns": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"os_lun": {"type": "int", "required": True}, "target_lun": {"type": "int", "required": True}},
    },
}


def flag(default: bool = False) -> Spec:
    """A boolean."""
    return {"type": "bool", "default": default}


def choice(*words: str, default: t.Optional[str] = None) -> Spec:
    """One of some words."""
    spec: Spec = {"type": "str", "choices": list(words)}
    return spec if default is None else dict(spec, default=default)


def list_of(options: Specs) -> Spec:
    """A list of what ``options`` describe."""
    return {"type": "list", "elements": "dict", "options": options}


def _of_property(prop: Property) -> Spec:
    """What a property takes; its codec checks the value, and its errors name the valid ones."""
    codec = prop.codec
    if isinstance(codec, codecs.FlagSet):
        return {"type": "raw"}  # a list of names, a name, a number, or flags as the facts have them
    if isinstance(codec, Choice):
        return choice(*codec.words)
    if isinstance(codec, Boolean):
        return {"type": "bool"}
    if isinstance(codec, PortalList):
        return {"type": "list", "elements": "raw"}
    if isinstance(codec, ScsiNumbers):
        return {"type": "dict", "options": _SCSI_NUMBERS}
    return TEXT


def _of(properties: t.Iterable[Property]) -> Specs:
    return {prop.option: _of_property(prop) for prop in properties}


_TARGET: Specs = {"target": {"type": "str", "required": True}}
_INITIATOR: Specs = {"initiator_instance": TEXT, "initiator_port": {"type": "raw"}, "initiator_address": TEXT}
UPDATE_SECRET: Specs = {"update_secret": dict(choice("on_create", "always", default="on_create"), no_log=False)}
_LOGIN: Specs = {
    **_TARGET,
    **_INITIATOR,
    "portal": {"type": "raw"},
    "copies": {"type": "int", "default": 1},
    "secret": SECRET,
    "ipsec_key": SECRET,
}

PERSISTENT_LOGIN_OPTIONS: Specs = {
    **_LOGIN,
    **_of(PERSISTENT_LOGIN),
    **UPDATE_SECRET,
    "connected": {"type": "bool"},
    "state": STATE,
}
SESSION_OPTIONS: Specs = {**_LOGIN, **_of(SESSION), "state": STATE}
TARGET_PORTAL_OPTIONS: Specs = {
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 3260},
    **_INITIATOR,
    **_of(TARGET_PORTAL),
    "secret": SECRET,
    **UPDATE_SECRET,
    "refresh": flag(),
    "discovery_failure": choice("fail", "warn", default="fail"),
    "state": STATE,
}
STATIC_TARGET_OPTIONS: Specs = {
    **_TARGET,
    **_of(STATIC_TARGET),
    "secret": SECRET,
    **UPDATE_SECRET,
    "state": STATE,
}
IKE_OPTIONS: Specs = {
    **_INITIATOR,
    "auth_method": choice("preshared_key", default="preshared_key"),
    "id_type": dict(choice(*codecs.IKE_ID_TYPES.values), required=True),
    "id": {"type": "str", "required": True},
    "key": {"type": "str", "required": True, "no_log": True},
    "security_flags": {"type": "raw"},
}
TUNNEL_OPTIONS: Specs = {
    **_INITIATOR,
    "destination": {"type": "str", "required": True},
    "outer_address": {"type": "str", "required": True},
}


def _number(setting: host_settings.Setting) -> Spec:
    return {"type": "bool" if setting.is_flag else "int"}


HOST_SETTINGS_OPTIONS: Specs = {
    "profile": choice(*PROFILES),
    **{
        group.name: {"type": "dict", "options": {setting.option: _number(setting) for setting in group.settings}}
        for group in host_settings.GROUPS
        if group.nested
    },
    **{
        setting.option: _number(setting)
        for group in host_settings.GROUPS
        if not group.nested
        for setting in group.settings
    },
    "dependent_services": NAMES,
    "firewall": {"type": "dict", "options": {side: {"type": "bool"} for side in host_settings.FIREWALL_RULES}},
    "claim_iscsi_disks": {"type": "bool"},
}
HOST_SETTINGS: Spec = {"type": "dict", "options": HOST_SETTINGS_OPTIONS}
