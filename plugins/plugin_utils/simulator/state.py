# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a simulated host, as a person writes it in a file and as the initiator changes it.

The tables below are the format of the file, which simulator.rst in docs explains. Records of the initiator have the
field names of the SDK header, so that the service can report them unchanged.
"""

from __future__ import annotations

import ipaddress
import re

from ...module_utils.abi import codecs, status
from ...module_utils.abi.host_settings import FIREWALL_RULES
from ...module_utils.abi.structures import ISCSI_ANY_INITIATOR_PORT
from . import dialects, policy
from .errors import HostFileError
from .schema import (
    REQUIRED,
    Blob,
    Choice,
    Coded,
    Kind,
    List,
    Map,
    Number,
    Size,
    Table,
    Text,
    Truth,
    nearest,
)

DEFAULT_INSTANCE = "ROOT\\ISCSIPRT\\0000_0"
ULONG_MAX = (1 << 32) - 1

_SPECIFIED = {  # name in the file -> (bit of InformationSpecified, field of the header, kind)
    "header_digest": (0x01, "HeaderDigest", Coded(codecs.DIGEST_TYPES)),
    "data_digest": (0x02, "DataDigest", Coded(codecs.DIGEST_TYPES)),
    "maximum_connections": (0x04, "MaximumConnections", Number(0, ULONG_MAX)),
    "default_time2wait": (0x08, "DefaultTime2Wait", Number(0, ULONG_MAX)),
    "default_time2retain": (0x10, "DefaultTime2Retain", Number(0, ULONG_MAX)),
    "username": (0x20, "Username", Blob()),
    "password": (0x40, "Password", Blob()),
    "auth_type": (0x80, "AuthType", Coded(codecs.AUTH_TYPES)),
}
_KNOWN_BITS = sum(bit for bit, _field, _kind in _SPECIFIED.values())


# The numbers of login options that were given without their bit.
_UNSET = Table(
    {
        name: (Number(0, ULONG_MAX), 0, field)
        for name, (_bit, field, kind) in _SPECIFIED.items()
        if not isinstance(kind, Blob)
    }
)


class LoginOptions(Kind):
    """ISCSI_LOGIN_OPTIONS. A field that is absent or null is not specified, so its bit is clear."""

    _TABLE = Table(
        dict(
            {name: (kind, None, field) for name, (_bit, field, kind) in _SPECIFIED.items()},
            login_flags=(Coded(codecs.LOGIN_FLAGS), [], "LoginFlags"),
            version=(Number(0, ULONG_MAX), 0, "Version"),
            other_bits=(Number(0, ULONG_MAX), 0, "InformationSpecified"),  # bits of InformationSpecified without a name
            unset=(_UNSET, {}, "Unset"),
        )
    )

    def load(self, value, where):
        found = self._TABLE.load(value, where)
        found["InformationSpecified"] &= ~_KNOWN_BITS
        for bit, field, kind in _SPECIFIED.values():
            if found[field] is not None:
                found["InformationSpecified"] |= bit
            elif not isinstance(kind, Blob):
                found[field] = 0
        return found

    def dump(self, value):
        specified = value["InformationSpecified"]
        plain = {field: value[field] if specified & bit else None for bit, field, _kind in _SPECIFIED.values()}
        plain.update(
            LoginFlags=value["LoginFlags"],
            Version=value["Version"],
            InformationSpecified=specified & ~_KNOWN_BITS,
            Unset=value["Unset"],
        )
        return self._TABLE.dump(plain)


def portal_of_text(value, where):
    """``10.0.0.1``, ``10.0.0.1:3260``, ``fe80::1``, ``[fe80::1]:3260``, ``filer.example.com`` as fields of a portal."""
    address, colon, port = str(value).rpartition(":")
    if not colon or (":" in address and not address.endswith("]")):
        address, port = str(value), "3260"
    if not port.isdigit():
        raise HostFileError(where, f"{value!r}: what follows the colon is not a TCP port")
    return {"address": address.strip("[]"), "port": int(port)}


class _Address(Text):
    """An IP address."""

    def load(self, value, where):
        try:
            return str(ipaddress.ip_address(super().load(value, where)))
        except ValueError as error:
            problem = (
                error if isinstance(error, HostFileError) else HostFileError(where, f"{value!r} is not an IP address")
            )
            raise problem from None


class _Status(Kind):
    """A status, by its symbol or number."""

    def load(self, value, where):
        try:
            return status.by_name(str(value)).value
        except ValueError as error:
            raise HostFileError(where, str(error)) from None

    def dump(self, value):
        return status.of(value).symbol


def _iqn():
    return Text(223)


_PORT = Number(0, 0xFFFF)
_INITIATOR_PORT = Number(0, ULONG_MAX, {"any": ISCSI_ANY_INITIATOR_PORT})
_INSTANCE = Text(255)
_OPTIONS, _SECURITY = LoginOptions(), Coded(codecs.SECURITY_FLAGS)
_SESSION_TYPE = {"data": 0, "informational": 1}
_PORTAL_FIELDS = {
    "address": (Text(255), REQUIRED, "Address"),
    "port": (_PORT, 3260, "Socket"),
    "symbolic_name": (Text(255), "", "SymbolicName"),
}
_PORTAL = Table(_PORTAL_FIELDS, short=portal_of_text)
_CHAP = Table({"user": (Blob(), None), "secret": (Blob(), REQUIRED), "mutual_secret": (Blob(), None)})


class _LoginPortal(Kind):
    """The portal of a login. Null means any portal, for which the record has an empty address."""

    def load(self, value, where):
        return {"Address": "", "Socket": 0, "SymbolicName": ""} if value is None else _PORTAL.load(value, where)

    def dump(self, value):
        return None if value == self.load(None, "") else _PORTAL.dump(value)


class _SessionType(Kind):
    def load(self, value, where):
        return _SESSION_TYPE[Choice(*_SESSION_TYPE).load(value, where)]

    def dump(self, value):
        return "informational" if value else "data"


_MAPPING = Table(
    {
        "initiator_instance": (_INSTANCE, "", "InitiatorName"),
        "target": (_iqn(), "", "TargetName"),
        "os_device_name": (Text(259), "", "OSDeviceName"),
        "bus": (Number(0, ULONG_MAX), 0, "OSBusNumber"),
        "target_number": (Number(0, ULONG_MAX), 0, "OSTargetNumber"),
        "luns": (
            List(
                Table(
                    {
                        "os_lun": (Number(0, ULONG_MAX), REQUIRED, "OSLUN"),
                        "target_lun": (Number(0, (1 << 64) - 1), REQUIRED, "TargetLUN"),
                    }
                )
            ),
            [],
            "LUNList",
        ),
        "session_id": (
            Table(
                {
                    "unique": (Number(0, (1 << 64) - 1), 0, "AdapterUnique"),
                    "specific": (Number(0, (1 << 64) - 1), 0, "AdapterSpecific"),
                }
            ),
            {},
            "SessionId",
        ),
    }
)

_QUALIFIER = Number(0, 0xFFFF)  # the part of an ISID that tells the sessions to a target apart; null: the lowest free

_LOGIN = Table(
    {
        "target": (_iqn(), REQUIRED, "TargetName"),
        "session_type": (_SessionType(), "data", "IsInformationalSession"),
        "initiator_instance": (_INSTANCE, DEFAULT_INSTANCE, "InitiatorInstance"),
        "initiator_port": (_INITIATOR_PORT, "any", "InitiatorPortNumber"),
        "portal": (_LoginPortal(), REQUIRED, "TargetPortal"),
        "security_flags": (_SECURITY, [], "SecurityFlags"),
        "mappings": (_MAPPING, None, "Mappings"),
        "login_options": (_OPTIONS, {}, "LoginOptions"),
        "isid": (_QUALIFIER, None),
    }
)

_TARGET_PORTAL = Table(
    dict(
        _PORTAL_FIELDS,
        initiator_instance=(_INSTANCE, "", "InitiatorName"),
        initiator_port=(_INITIATOR_PORT, "any", "InitiatorPortNumber"),
        # IP address of the initiator port when the portal was added. Null: its present one.
        initiator_address=(_Address(), None),
        security_flags=(_SECURITY, [], "SecurityFlags"),
        login_options=(_OPTIONS, {}, "LoginOptions"),
    ),
    short=portal_of_text,
)

_GROUPS = List(List(_PORTAL))
_STATIC = Table(
    {
        "target": (_iqn(), REQUIRED),
        "alias": (Text(255), ""),
        "target_flags": (Coded(codecs.TARGET_FLAGS), []),
        "persist": (Truth(), True),
        "portal_groups": (_GROUPS, []),
        "mappings": (_MAPPING, None),
        "login_options": (_OPTIONS, {}),
    }
)

_CONNECTION = Table(
    {
        "number": (Number(1, ULONG_MAX), REQUIRED),
        "portal": (_PORTAL, REQUIRED),
        "initiator_port": (_INITIATOR_PORT, "any"),
        "login_options": (_OPTIONS, {}),
    }
)
_SESSION = Table(
    {
        "target": (_iqn(), REQUIRED),
        "initiator_instance": (_INSTANCE, DEFAULT_INSTANCE),
        "initiator_port": (_INITIATOR_PORT, "any"),
        "portal": (Table(_PORTAL_FIELDS, short=portal_of_text), None),
        "session_type": (_SessionType(), "data"),
        "security_flags": (_SECURITY, []),
        "login_options": (_OPTIONS, {}),
        "in_use": (Truth(), False),
        "connected": (Truth(), True),
        "number": (Number(0, ULONG_MAX), 0),
        "connections": (List(_CONNECTION), []),
        "isid": (_QUALIFIER, None),
        "disks": (Map(Number(0, ULONG_MAX)), {}),
    }
)


class _RowValue(Kind):
    """A value in a row: text, number, true, false, null, a list or a mapping of these."""

    def load(self, value, where):
        if isinstance(value, dict):
            return {str(name): self.load(element, f"{where}.{name}") for name, element in value.items()}
        if isinstance(value, list):
            return [self.load(element, f"{where}[{index}]") for index, element in enumerate(value)]
        if value is None or isinstance(value, (bool, float, int, str)):
            return value
        raise HostFileError(where, "expected text, a number, true, false, null, a list or names with values")


class _RegistryValue(Kind):
    """REG_SZ: text; REG_DWORD and REG_QWORD: a number; REG_MULTI_SZ: a list of texts; REG_BINARY: {binary: hex}."""

    _BINARY = Table({"binary": (Text(1 << 16, "(?i)([0-9a-f]{2})*", "pairs of hex digits"), REQUIRED)})

    def load(self, value, where):
        if isinstance(value, bytes):
            return value
        if isinstance(value, dict):
            return bytes.fromhex(self._BINARY.load(value, where)["binary"])
        kind = Text(1 << 16) if isinstance(value, str) else Number(0, (1 << 64) - 1)
        return (List(Text(1 << 16)) if isinstance(value, list) else kind).load(value, where)

    def dump(self, value):
        return {"binary": value.hex()} if isinstance(value, bytes) else value


_TIME = "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
_EVENT = Table(
    {
        "log": (Text(255), "System"),
        "provider": (Text(255), REQUIRED),
        "id": (Number(0, 0xFFFF), REQUIRED),
        "hours_ago": (Number(0, 1 << 20), 1),
        "data": (List(Text(1 << 16)), []),
        "binary": (Text(1 << 16, "(?i)([0-9a-f]{2})*", "pairs of hex digits"), None),
    }
)


def _volume_of_text(value, where):
    """A path; that of a drive letter is also the letter."""
    letter = value[0] if isinstance(value, str) and re.fullmatch("[A-Za-z]:\\\\", value) else None
    return {"path": value, "letter": letter}


_VOLUME = Table(
    {
        "path": (Text(259), None),
        "letter": (Text(1, "[A-Za-z]", "a drive letter such as E"), None),
        "label": (Text(255), ""),
        "file_system": (Text(32), "NTFS"),
        "size": (Size(), None),
        "free": (Size(), None),
        "mount_points": (List(Text(259)), []),
    },
    short=_volume_of_text,
)
_LUN = Table(
    {
        "lun": (Number(0, 16383), REQUIRED),
        "size": (Size(), "100G"),
        "block_size": (Number(512, 65536), 512),
        "vendor": (Text(8), "SIMULATE"),
        "product": (Text(16), "Virtual Disk"),
        "revision": (Text(4), "1.0"),
        "serial": (Text(64), None),
        "naa": (Text(32, "(?i)[0-9a-f]{16}|[0-9a-f]{32}", "16 or 32 hex digits"), None),
        "in_use": (Truth(), False),
        "offline": (Truth(), False),
        "read_only": (Truth(), False),
        "clustered": (Truth(), False),
        "initialized": (Truth(), True),
        "volumes": (List(_VOLUME), []),
    },
    short=lambda value, where: {"lun": value},
)
_ARRAY = Table(
    {
        "name": (Text(255), ""),
        "real": (Choice("loopback", "anywhere"), None),
        "reachable": (Truth(), True),
        "discovery_seconds": (Number(0, 3600), 0),
        "login_seconds": (Number(0, 3600), 0),
        "discovery_chap": (_CHAP, None),
        "portals": (
            List(
                Table(
                    dict(_PORTAL_FIELDS, group=(Number(1, 0xFFFF), 1), reachable=(Truth(), True)), short=portal_of_text
                )
            ),
            REQUIRED,
        ),
        "targets": (
            List(
                Table(
                    {
                        "iqn": (_iqn(), REQUIRED),
                        "alias": (Text(255), ""),
                        "chap": (_CHAP, None),
                        "reachable": (Truth(), True),
                        "initiators": (List(_iqn()), []),
                        "luns": (List(_LUN), []),
                    }
                )
            ),
            [],
        ),
    }
)

_FAULT = Table(
    {
        "export": (Text(64), "*"),
        "nth": (Number(1, ULONG_MAX), 1),
        "times": (Number(0, ULONG_MAX), 1),
        "done": (Truth(), False),
        "action": (Choice("status", "hang", "drop"), "status"),
        "status": (_Status(), "ISDSC_NON_SPECIFIC_ERROR"),
        "seen": (Number(0, ULONG_MAX), 0),
    }
)


class _PolicyValue(Number):
    """A REG_DWORD of the group policy, of which only 1 enables it. true and false are 1 and 0; null: not there."""

    def __init__(self):
        super().__init__(0, ULONG_MAX)

    def load(self, value, where):
        return super().load(int(value) if isinstance(value, bool) else value, where)


class _Dialect(Table):
    """Switches by name, or the name of a preset."""

    def __init__(self):
        super().__init__(
            {name: (Choice(*switch.answers), dialects.DEFAULT[name]) for name, switch in dialects.SWITCHES.items()}
        )

    def load(self, value, where):
        if isinstance(value, str):
            if value not in dialects.PRESETS:
                raise HostFileError(
                    where,
                    "no such preset: {!r}{}; valid are {}, or single switches".format(
                        value, nearest(value, dialects.PRESETS), ", ".join(dialects.PRESETS)
                    ),
                )
            value = dialects.PRESETS[value]
        return super().load(value, where)


DIALECT = _Dialect()
FAULTS = List(_FAULT)
_VERSION = Text(32, r"[0-9]+(\.[0-9]+){1,3}", "a version such as 10.0.20348.2402")

HOST = Table(
    {
        "windows": (
            Table(
                {
                    "hostname": (Text(63), "WIN-SIMULATED"),
                    "version": (_VERSION, "10.0.20348.2402"),
                    "dll_version": (_VERSION, "10.0.20348.2400"),
                    "architecture": (Choice("x64", "x86"), "x64"),
                    "clock": (Text(20, _TIME, "a time such as 2026-11-25T08:00:00Z"), None),  # null: the real time
                    "uptime_hours": (Number(0, 1 << 20), 72),
                    "reader": (Truth(), True),  # whether management classes, registry and events can be read
                    "classes": (Map(Map(List(Map(_RowValue())))), {}),
                    "registry": (Map(Map(_RegistryValue())), {}),
                    "events": (List(_EVENT, copies=True), []),
                    "firewall_rules": (Map(Truth()), dict.fromkeys(FIREWALL_RULES.values(), False)),
                }
            ),
            {},
        ),
        "service": (
            Table(
                {
                    "state": (Choice("stopped", "running"), "stopped"),
                    "start_mode": (Choice("automatic", "manual", "disabled"), "manual"),
                    "delayed_start": (Truth(), False),
                    "has_run": (Truth(), True),  # its first start creates the adapter
                    # calls after a start that find no adapter yet, because it is still being created
                    "calls_without_adapter": (Number(0, 1000), 0),
                }
            ),
            {},
        ),
        "elevated": (Truth(), True),
        "initiator": (
            Table(
                {
                    "node_name": (_iqn(), None),
                    "mutual_chap_secret": (Blob(), None),
                    "radius_secret": (Blob(), None),
                    "group_preshared_key": (Blob(), None),
                    "instances": (
                        List(
                            Table(
                                {
                                    "name": (_INSTANCE, DEFAULT_INSTANCE),
                                    "addresses": (List(_Address()), []),
                                    # what becomes of its saved logins because its driver reports them malformed
                                    "malformed_logins": (Choice("skipped", "refused"), None),
                                }
                            )
                        ),
                        [{"addresses": ["192.0.2.10"]}],
                    ),
                }
            ),
            {},
        ),
        "mpio": (Table({"claimed": (Truth(), False), "installed": (Truth(), True)}), {}),
        "target_portals": (List(_TARGET_PORTAL, copies=True), []),
        "static_targets": (List(_STATIC), []),
        "discovered_targets": (
            List(
                Table(
                    {
                        "target": (_iqn(), REQUIRED),
                        "alias": (Text(255), ""),
                        "mechanism": (Text(255), REQUIRED),
                        "initiator_instance": (_INSTANCE, ""),
                        "portal_groups": (_GROUPS, []),
                        "login_options": (_OPTIONS, {}),
                    }
                )
            ),
            None,
        ),
        "persistent_logins": (List(_LOGIN, copies=True), []),
        "sessions": (List(_SESSION, copies=True), []),
        "persistent_devices": (List(Text(259)), []),
        "isns_servers": (List(Text(255)), []),
        "radius_servers": (List(Text(255)), []),
        "ike": (
            Map(
                Table(
                    {
                        "auth_method": (Number(0, ULONG_MAX), 1, "AuthMethod"),
                        "security_flags": (_SECURITY, [], "SecurityFlags"),
                        "id_type": (Number(0, 255), 0, "IdType"),
                        "id": (Blob(), None, "Id"),
                        "key": (Blob(), None, "Key"),
                        "persist": (Truth(), True),
                    }
                )
            ),
            {},
        ),
        "tunnels": (
            List(
                Table(
                    {
                        "initiator": (Text(255), ""),
                        "initiator_port": (_INITIATOR_PORT, "any"),
                        "destination": (Text(255), ""),
                        "outer": (Text(255), None),
                        "persist": (Truth(), True),
                    }
                )
            ),
            [],
        ),
        "network": (
            Table(
                {
                    "arrays": (List(_ARRAY), []),
                    "isns_servers": (
                        List(
                            Table(
                                {
                                    "address": (Text(255), REQUIRED),
                                    "reachable": (Truth(), True),
                                    "targets": (List(_iqn()), []),
                                }
                            )
                        ),
                        [],
                    ),
                    "names": (Map(_Address()), {}),
                }
            ),
            {},
        ),
        "group_policy": (
            Table(dict({name: (_PolicyValue(), None) for name in policy.VALUES}, forbids=(List(Text(64)), []))),
            {},
        ),
        "dialect": (DIALECT, {}),
        "faults": (FAULTS, []),
        "boots": (Number(1, ULONG_MAX), 1),
        "last_number": (Number(0, ULONG_MAX), 0),
        "boot_log": (
            List(Table({"target": (_iqn(), REQUIRED), "portal": (_LoginPortal(), None), "status": (_Status(), 0)})),
            [],
        ),
    }
)


def load(plain):
    """The state of a host from the content of its file (None for an empty file).

    :raises HostFileError: naming the place in the file.
    """
    state = HOST.load(plain, "")
    for name in state["network"]["names"]:
        if name != name.lower():
            raise HostFileError(f"network.names.{name}", "write host names in lower-case letters")
    if not state["service"]["has_run"] and (state["service"]["state"] == "running" or state["persistent_logins"]):
        raise HostFileError("service.has_run", "a service that runs, or has saved logins, has run before; leave it out")
    for index, array in enumerate(state["network"]["arrays"]):
        if array["real"]:
            _check_real(array, f"network.arrays[{index}]", state["network"]["names"])
    return state


def _check_real(array, where, names):
    """A real array must not declare its targets. It must be on this machine unless the file allows others."""
    for name in ("targets", "discovery_chap"):
        if array[name]:
            raise HostFileError(f"{where}.{name}", "a real array tells this itself; leave it out")
    for index, portal in enumerate(array["portals"]):
        try:
            local = ipaddress.ip_address(names.get(portal["Address"].lower(), portal["Address"])).is_loopback
        except ValueError:
            local = False
        if not local and array["real"] == "loopback":
            raise HostFileError(
                f"{where}.portals[{index}].address",
                "{!r} is not a loopback address; say `real: anywhere` to talk to other machines".format(
                    portal["Address"]
                ),
            )


def dump(state):
    """The state in the form of a file, without the fields that have their default."""
    return HOST.dump(state)
