# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a simulated host says of its saved logins elsewhere than in the DLL: management classes, registry, iscsicli.

The layout of LoginTargetIN follows Microsoft's driver header iscsiop.h and public analyses of the service (x64). As on
Windows, the secret of a login lies behind the part that may be read.
"""

from __future__ import annotations

import ipaddress
import struct

from ...module_utils.runner import rows

ADAPTER_KEY = "SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e97b-e325-11ce-bfc1-08002be10318}\\0003"
DISCOVERY_KEY = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\iSCSI\\Discovery"
SERVICE_KEY = "SYSTEM\\CurrentControlSet\\Services\\MSiSCSI"
_START_MODES = {"automatic": 2, "manual": 3, "disabled": 4}
_ANSWERED_BY_THE_SERVICE = "The interface is unknown (1717)."


def _reported(service):
    return [service.wording.login(record) for record in service.state["persistent_logins"]]


def _options(options):
    """Login options as management classes have them. What holds the secret is empty, as Windows leaves it."""
    names = ("Version", "InformationSpecified", "LoginFlags", "AuthType", "HeaderDigest", "DataDigest")
    names += ("MaximumConnections", "DefaultTime2Wait", "DefaultTime2Retain")
    user = options["Username"] or b""
    return {**{name: options[name] for name in names}, "Username": user.hex(), "Password": ""}


def login_class(service):
    """MSiSCSIInitiator_PersistentLoginClass, which the service answers."""
    if service.state["service"]["state"] != "running":
        raise rows.Unreadable(_ANSWERED_BY_THE_SERVICE)
    for login in _reported(service):
        portal = login["TargetPortal"]
        yield {
            "TargetName": login["TargetName"],
            "IsInformationalSession": bool(login["IsInformationalSession"]),
            "InitiatorInstance": login["InitiatorInstance"],
            "InitiatorPortNumber": login["InitiatorPortNumber"],
            "TargetPortal": {
                "Index": 0,
                "SymbolicName": portal["SymbolicName"],
                "Address": portal["Address"],
                "Port": portal["Socket"],
            },
            "SecurityFlags": login["SecurityFlags"],
            "LoginOptions": _options(login["LoginOptions"]),
        }


def driver_class(service):
    """MSiSCSI_PersistentLogins, which the driver answers: an instance for each adapter."""
    for adapter in service.adapters:
        own = [
            login for login in _reported(service) if login["InitiatorInstance"].casefold() == adapter["name"].casefold()
        ]
        yield {
            "InstanceName": adapter["name"],
            "PersistentLoginCount": len(own),
            "PersistentLogins": [
                {
                    "TargetName": login["TargetName"],
                    "IsInformationalSession": bool(login["IsInformationalSession"]),
                    "InitiatorPortNumber": login["InitiatorPortNumber"],
                    "TargetPortal": {
                        "Address": _ip_address(login["TargetPortal"]["Address"]),
                        "Socket": login["TargetPortal"]["Socket"],
                    },
                    "SecurityFlags": login["SecurityFlags"],
                    "LoginOptions": _options(login["LoginOptions"]),
                    "UniqueIdForISID": number,
                }
                for number, login in enumerate(own)
            ],
        }


def _ip_address(text):
    """An ISCSI_IP_Address."""
    kind, ipv4, ipv6 = _binary_address(text)
    return {
        "Type": kind,
        "IpV4Address": int.from_bytes(ipv4, "little"),
        "IpV6Address": ipv6.hex(),
        "IpV6FlowInfo": 0,
        "IpV6ScopeId": 0,
        "TextAddress": text if kind == 0 else "",
    }


def _binary_address(text):
    """(type, IPv4, IPv6) of an address as the service stores it."""
    if not text:
        return 3, bytes(4), bytes(16)
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return 0, bytes(4), bytes(16)
    if address.version == 4:
        return 1, address.packed, bytes(16)
    return 2, bytes(4), address.packed


def _counted(text):
    """Counted text: the bytes of the text, and the text."""
    raw = text.encode("utf-16-le")
    return len(raw).to_bytes(2, "little") + raw


def _login_target(login, user, secret, number):
    options = login["LoginOptions"]
    kind, ipv4, ipv6 = _binary_address(login["TargetPortal"]["Address"])
    data = bytearray(2512)
    names = ("HeaderDigest", "DataDigest", "MaximumConnections", "DefaultTime2Wait", "DefaultTime2Retain")
    numbers = [login["InitiatorPortNumber"], options["InformationSpecified"], *(options[name] for name in names)]
    numbers += [options["LoginFlags"], options["AuthType"], 1 if login["IsInformationalSession"] else 2]
    struct.pack_into("<10IQI4s16s", data, 0, *numbers, login["SecurityFlags"], kind, ipv4, ipv6)
    if kind == 0:
        text = _counted(login["TargetPortal"]["Address"])
        data[80 : 80 + len(text)] = text
    user, password = user or b"", secret or b""
    struct.pack_into("<H2x3IHB", data, 600, login["TargetPortal"]["Socket"], len(user), len(password), 0, number, 1)
    target = _counted(login["TargetName"])
    data[1580 : 1580 + len(target)] = target
    return bytes(data) + user + password


def registry(service):
    """Keys with their values, as the driver and the service keep them."""
    state = service.state
    found = {
        SERVICE_KEY: {
            "Start": _START_MODES[state["service"]["start_mode"]],
            "DelayedAutoStart": int(state["service"]["delayed_start"]),
        },
        DISCOVERY_KEY: {},
        DISCOVERY_KEY + "\\Static Targets": {
            f"*{entry['target']}": b"" for entry in state["static_targets"] if entry["persist"]
        },
    }
    if state["initiator"]["node_name"]:
        found[DISCOVERY_KEY]["DefaultInitiatorName"] = state["initiator"]["node_name"]
    if state["persistent_devices"]:
        found[DISCOVERY_KEY]["VolumeList"] = list(state["persistent_devices"])
    if state["isns_servers"]:
        found[DISCOVERY_KEY]["SNSServerList"] = list(state["isns_servers"])
    for _adapter in service.adapters[:1]:
        found[ADAPTER_KEY] = {"MatchingDeviceId": "root\\iscsiprt", "DriverDesc": "Microsoft iSCSI Initiator"}
        found[ADAPTER_KEY + "\\PersistentTargets"] = {}
        for number, (record, login) in enumerate(zip(state["persistent_logins"], _reported(service))):
            key = f"{ADAPTER_KEY}\\PersistentTargets\\{login['TargetName']}#{number}\\LoginTarget"
            saved = record["LoginOptions"]  # what is not specified may be reported as anything
            found[key] = {rows.LOGIN_TARGET: _login_target(login, saved["Username"], saved["Password"], number)}
    return found


def count(service, _query):
    """What iscsicli counts."""
    if service.state["service"]["state"] != "running":
        raise rows.Unreadable("iscsicli ended with 1 and named no total")
    yield {"count": len(service.state["persistent_logins"])}


CLASSES = {
    ("root/wmi", "msiscsiinitiator_persistentloginclass"): login_class,
    ("root/wmi", "msiscsi_persistentlogins"): driver_class,
}
