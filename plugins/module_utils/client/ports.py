# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Initiator ports: the number that a login is bound to, and the address that it means today.

The driver reports them in the management class MSiSCSI_PortalInfoClass (Microsoft documentation). Its ``Index`` is what
logins and portals have as InitiatorPortNumber (observed: HPE).
"""

from __future__ import annotations

import ipaddress
import typing as t

from ..model import records
from ..runner import rows
from .builder import Builder, Replies

Warn = t.Callable[[str], None]

_QUERY = rows.CimQuery("root/wmi", "MSiSCSI_PortalInfoClass", ("InstanceName", "PortalInformation"))
_TARGET_PORTAL = 1  # PortalType; 0 is a port of the initiator
_TEXT, _IPV4, _IPV6 = 0, 1, 2  # Type of ISCSI_IP_Address


def initiator_ports(builder: Builder) -> t.Callable[[Replies, Warn], t.Optional[t.List[records.InitiatorPort]]]:
    """Every port of every initiator instance; None where Windows does not say."""
    handle = builder.ask(_QUERY)

    def decode(replies: Replies, warn: Warn) -> t.Optional[t.List[records.InitiatorPort]]:
        found = replies.rows(handle, warn)
        if found is None:
            return None
        ports: t.List[records.InitiatorPort] = []
        unreadable = 0
        for row in found:
            instance = rows.text(row, "InstanceName")
            for entry in rows.entries(row, "PortalInformation", dict):
                number = rows.number(entry, "Index", 0xFFFFFFFE)
                if rows.number(entry, "PortalType") == _TARGET_PORTAL:
                    continue
                if instance is None or number is None:
                    unreadable += 1
                else:
                    ports.append(records.InitiatorPort(instance, number, _address(entry.get("IPAddr"))))
        if unreadable:
            warn(f"{unreadable} of the initiator ports that Windows reports have no instance or number.")
        return ports

    return decode


def _address(row: t.Any) -> t.Optional[str]:
    """The text of an ISCSI_IP_Address. The bytes of an IPv4 address are in network order in memory."""
    if not isinstance(row, dict):
        return None
    kind = rows.number(row, "Type")
    if kind == _TEXT:
        return rows.text(row, "TextAddress") or None
    try:
        if kind == _IPV4:
            return str(ipaddress.IPv4Address((rows.number(row, "IpV4Address", 0xFFFFFFFF) or 0).to_bytes(4, "little")))
        if kind == _IPV6:
            address = ipaddress.IPv6Address(bytes.fromhex(rows.text(row, "IpV6Address") or ""))
            scope = rows.number(row, "IpV6ScopeId")
            return f"{address}%{scope}" if address.is_link_local and scope else str(address)
    except ValueError:
        pass
    return None
