# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Initiator ports: the addresses that their numbers mean today, and those that records were saved from.

The driver reports the ports in the management class MSiSCSI_PortalInfoClass (Microsoft documentation). Its ``Index`` is
what logins and portals have as InitiatorPortNumber (observed: HPE). Where the registry keeps the address of a port
beside a record is known from public analyses of the service.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ..model import ports
from ..model.row_values import Rows, Values
from ..runner import rows
from .builder import Builder, Replies

Warn = t.Callable[[str], None]

_PORTS = rows.CimQuery("root/wmi", "MSiSCSI_PortalInfoClass", ("InstanceName", "PortalInformation"))
_MOST = 0xFFFFFFFE  # the highest number of a port; the next one means any
_TARGET_PORTAL = 1  # PortalType; 0 is a port of the initiator
_TEXT, _IPV4, _IPV6 = 0, 1, 2  # Type of ISCSI_IP_Address

_PORTALS = rows.RegistryQuery("SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\iSCSI\\Discovery\\Send Targets")
_LOGINS = rows.RegistryQuery(
    "SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e97b-e325-11ce-bfc1-08002be10318}\\*\\PersistentTargets\\*"
    "\\LoginTarget",
    ("LocalIPAddress",),
)
# The name of a portal's value: its address, its TCP port, the initiator instance, and the address of the port.
_PORTAL_NAME = re.compile(r"\*?(\S+) (\d{1,7}) (.+) (\S+)")
_AF_INET = 2  # sockaddr_in: family, port, address


def initiator_ports(builder: Builder) -> t.Callable[[Replies, Warn], t.Optional[t.List[ports.InitiatorPort]]]:
    """Every port of every initiator instance; None where Windows does not say."""
    handle = builder.ask(_PORTS)

    def decode(replies: Replies, warn: Warn) -> t.Optional[t.List[ports.InitiatorPort]]:
        found = replies.rows(handle, warn)
        if found is None:
            return None
        listed: t.List[ports.InitiatorPort] = []
        for row in Rows("MSiSCSI_PortalInfoClass", found, warn):
            instance = row.text("InstanceName")
            for entry in Rows("ISCSI_PortalInfo", row.raw("PortalInformation"), warn):
                number = entry.number("Index")
                if instance and number is not None and number <= _MOST and entry.number("PortalType") != _TARGET_PORTAL:
                    address = next(map(_address, Rows("ISCSI_IP_Address", [entry.raw("IPAddr")], warn)), None)
                    listed.append(ports.InitiatorPort(instance, number, address))
        return listed

    return decode


def _address(row: Values) -> t.Optional[str]:
    """The text of an ISCSI_IP_Address. The bytes of an IPv4 address are in network order in memory."""
    kind = row.number("Type")
    try:
        if kind == _TEXT:
            return row.text("TextAddress")
        if kind == _IPV4:
            raw = row.number("IpV4Address") or 0  # 0: the adapter has no address
            return str(ipaddress.IPv4Address(raw.to_bytes(4, "little"))) if raw else None
        if kind == _IPV6:
            address = ipaddress.IPv6Address(bytes.fromhex(row.text("IpV6Address") or ""))
            scope = row.number("IpV6ScopeId")
            return f"{address}%{scope}" if address.is_link_local and scope else str(address)
    except (OverflowError, ValueError):
        pass
    return None


def saved_addresses(builder: Builder) -> t.Callable[[Replies, Warn], t.Optional[ports.SavedAddresses]]:
    """The addresses of ports that the registry keeps beside records; None where it cannot be read."""
    portals, logins = builder.ask(_PORTALS), builder.ask(_LOGINS)

    def decode(replies: Replies, warn: Warn) -> t.Optional[ports.SavedAddresses]:
        of_portals, of_logins = replies.rows(portals, warn), replies.rows(logins, warn)
        if of_portals is None and of_logins is None:
            return None
        return ports.SavedAddresses(
            list(_saved_portals(of_portals or (), warn)), list(_saved_logins(of_logins or (), warn))
        )

    return decode


def _saved_portals(found: t.Iterable[rows.Row], warn: Warn) -> t.Iterator[ports.SavedPortal]:
    for row in Rows("The registry key Send Targets", found, warn):
        values = row.raw("values")
        for name in values if isinstance(values, dict) else ():
            parts = _PORTAL_NAME.fullmatch(name)
            if parts and _is_address(parts.group(4)):
                yield ports.SavedPortal(parts.group(1), int(parts.group(2)), parts.group(3), parts.group(4))


def _saved_logins(found: t.Iterable[rows.Row], warn: Warn) -> t.Iterator[ports.SavedLogin]:
    for row in Rows("The registry key PersistentTargets", found, warn):
        key, values = row.text("key", 1024), row.raw("values")
        raw = values.get("LocalIPAddress") if isinstance(values, dict) else None
        try:
            data = bytes.fromhex(raw) if isinstance(raw, str) else b""
        except ValueError:
            continue
        if key and len(data) >= 8 and data[0] == _AF_INET:
            yield ports.SavedLogin(key.split("\\")[-2], str(ipaddress.IPv4Address(data[4:8])))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
