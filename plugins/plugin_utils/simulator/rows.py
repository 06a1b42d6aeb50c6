# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a simulated host answers to queries for rows: management classes, registry and event log.

Rows follow from what the file says of the host in people's terms: addresses, disks, volumes, portals, group policy.
``windows`` of the file adds rows as they are, and a class given there takes the place of the one that would follow.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import re

from ...module_utils.runner import rows
from . import host_settings, policy, witnesses
from .units import lun_identity, serial_number

POLICY_KEY = "SOFTWARE\\Policies\\Microsoft\\Windows\\iSCSI"
SEND_TARGETS_KEY = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\iSCSI\\Discovery\\Send Targets"
_ISCSI_BUS, _SATA_BUS, _GPT = 9, 11, 2  # MSFT_Disk
_OFFLINE_BY_POLICY = 1
_SYSTEM_SIZE = 127 << 30


def read(service, query):
    """The rows of a query, from the state of a service.Service."""
    if not service.state["windows"]["reader"]:
        raise rows.Unreadable("Access is denied.")
    return _READERS[type(query)](service, query)


# -- management classes ------------------------------------------------------------------------------------------------


def _cim(service, query):
    namespace, name = query.namespace.replace("\\", "/").lower(), query.class_name.lower()
    written = {
        (space.replace("\\", "/").lower(), title.lower()): instances
        for space, classes in service.state["windows"]["classes"].items()
        for title, instances in classes.items()
    }
    found = written.get((namespace, name))
    if found is None:
        if (namespace, name) not in CLASSES:
            raise rows.Unreadable(f"Invalid class: {query.class_name}")
        found = CLASSES[namespace, name](service)
    for instance in found:
        if all(instance.get(column) in wanted for column, wanted in query.where.items()):
            yield _select(instance, query.properties)


def _select(instance, properties):
    """Properties of an instance by name; ``A.B``: of what A holds only B."""
    row = {}
    for column in dict.fromkeys(path.partition(".")[0] for path in properties):
        inner = [path.partition(".")[2] for path in properties if path.startswith(f"{column}.")]
        value = instance.get(column)
        if inner and isinstance(value, list):
            row[column] = [_select(member, inner) for member in value]
        else:
            row[column] = _select(value, inner) if inner and isinstance(value, dict) else value
    return row


def _portal_info(service):
    """The initiator ports of each adapter. Their number is their place in the list of addresses."""
    for adapter in service.adapters:
        ports = [_port(number, address) for number, address in enumerate(adapter["addresses"])]
        yield {
            "InstanceName": adapter["name"],
            "Active": True,
            "PortalInfoCount": len(ports),
            "PortalInformation": ports,
        }


def _port(number, text):
    address = ipaddress.ip_address(text)
    packed = address.packed
    return {
        "Index": number,
        "PortalType": 0,
        "Protocol": 0,
        "IPAddr": {
            "Type": 1 if address.version == 4 else 2,
            "IpV4Address": int.from_bytes(packed, "little") if address.version == 4 else 0,
            "IpV6Address": packed.hex() if address.version == 6 else "00" * 16,
            "IpV6FlowInfo": 0,
            "IpV6ScopeId": 0,
            "TextAddress": "",
        },
        "Port": number,
        "PortalTag": 0,
    }


def _disks(service):
    """The system disk, and each disk of a session."""
    yield _disk(0, "System disk", None, "S0", _SYSTEM_SIZE, _SATA_BUS, _SYSTEM)
    for number, target, lun in _attached(service):
        name = f"{lun['vendor']} {lun['product']}".strip()
        identity, serial = lun_identity(target, lun).upper(), serial_number(target, lun)
        yield _disk(number, name, identity, serial, lun["size"], _ISCSI_BUS, lun)


_SYSTEM = {"offline": False, "read_only": False, "clustered": False, "initialized": True}


def _disk(number, name, identity, serial, size, bus, state):
    return {
        "Number": number,
        "UniqueId": identity,
        "SerialNumber": serial,
        "FriendlyName": name,
        "Size": size,
        "BusType": bus,
        "IsOffline": state["offline"],
        "OfflineReason": _OFFLINE_BY_POLICY if state["offline"] else None,
        "IsReadOnly": state["read_only"],
        "IsClustered": state["clustered"],
        "PartitionStyle": _GPT if state["initialized"] else 0,
    }


def _partitions(service):
    for number, volumes in _volumes_of_disks(service):
        for index, volume in enumerate(volumes):
            yield {
                "DiskNumber": number,
                "PartitionNumber": index + 2,  # the first is reserved by Microsoft
                "DriveLetter": volume["letter"] or "",
                "AccessPaths": [
                    *([f"{volume['letter']}:\\"] if volume["letter"] else []),
                    *volume["mount_points"],
                    _volume_path(number, index, volume),
                ],
            }


def _volumes(service):
    for number, volumes in _volumes_of_disks(service):
        for index, volume in enumerate(volumes):
            yield {
                "Path": _volume_path(number, index, volume),
                "DriveLetter": volume["letter"] or "",
                "FileSystemLabel": volume["label"],
                "FileSystem": volume["file_system"],
                "Size": volume["size"],
                "SizeRemaining": volume["free"],
            }


def _volumes_of_disks(service):
    """(number of the disk, its volumes). A disk that is offline or not initialized has none."""
    system = {"path": None, "letter": "C", "label": "", "file_system": "NTFS", "free": _SYSTEM_SIZE >> 1}
    yield 0, [dict(system, size=_SYSTEM_SIZE, mount_points=[])]
    for number, _target, lun in _attached(service):
        if lun["initialized"] and not lun["offline"]:
            yield number, [dict(volume, size=volume["size"] or lun["size"]) for volume in lun["volumes"]]


def _volume_path(number, index, volume):
    if (volume["path"] or "").startswith("\\\\?\\"):
        return volume["path"]
    digits = hashlib.sha256(f"{number}/{index}/{volume['letter']}".encode()).hexdigest()
    return f"\\\\?\\Volume{{{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}}}\\"


def _attached(service):
    """(number, target, LUN) of each disk of a session, once however many paths it has."""
    found = {}
    for session, target, lun in service.disks.attached():
        found.setdefault(session["disks"][str(lun["lun"])], (target, lun))
    for number in sorted(found):
        yield (number, *found[number])


def _operating_system(service):
    started = _now(service) - datetime.timedelta(hours=service.state["windows"]["uptime_hours"])
    yield {"LastBootUpTime": _time(started), "Version": service.state["windows"]["version"]}


CLASSES = {
    ("root/wmi", "msiscsi_portalinfoclass"): _portal_info,
    ("root/microsoft/windows/storage", "msft_disk"): _disks,
    ("root/microsoft/windows/storage", "msft_partition"): _partitions,
    ("root/microsoft/windows/storage", "msft_volume"): _volumes,
    ("root/cimv2", "win32_operatingsystem"): _operating_system,
    ("root/standardcimv2", "msft_netfirewallrule"): host_settings.firewall_rules,
    **witnesses.CLASSES,
}


# -- registry ----------------------------------------------------------------------------------------------------------


def _registry(service, query):
    pattern = "\\\\".join("[^\\\\]+" if part == "*" else re.escape(part) for part in query.key.split("\\"))
    matches = re.compile(pattern, re.IGNORECASE).fullmatch
    for key, values in keys(service).items():
        if matches(key):
            yield {"key": key, "values": dict(_values(values, query.values, query.head))}


def keys(service):
    """Every key with its values, and the keys above it without."""
    state = service.state
    enabled = {name: state["group_policy"][name] for name in policy.VALUES}
    portals = {service.portal_name(entry): b"" for entry in state["target_portals"]}
    found = {**host_settings.registry(service), **witnesses.registry(service)}
    found[POLICY_KEY] = {name: value for name, value in enabled.items() if value is not None}
    found[SEND_TARGETS_KEY] = portals
    if not found[POLICY_KEY]:
        del found[POLICY_KEY]
    spelled = {key.lower(): key for key in found}
    for key, values in state["windows"]["registry"].items():
        found.setdefault(spelled.get(key.lower(), key), {}).update(values)
    for key in list(found):
        while "\\" in key:
            key = key.rpartition("\\")[0]
            found.setdefault(key, {})
    return found


def write(service, setting):
    """Set a setting of Windows, in the state of a service.Service."""
    host_settings.write(service, keys(service), setting)


def _values(values, names, head):
    present = {name.lower(): value for name, value in values.items()}
    for name in values if names is None else names:
        if name.lower() in present:
            value = present[name.lower()]
            if isinstance(value, bytes):
                value = None if names is None else value[: head or None].hex()
            yield name, value


# -- events ------------------------------------------------------------------------------------------------------------


def _events(service, query):
    now, found = _now(service), []
    for record, event in enumerate(service.state["windows"]["events"], start=1):
        wanted = (event["log"], event["provider"]) == (query.log, query.provider) and event["id"] in query.ids
        if wanted and (not query.hours or event["hours_ago"] <= query.hours):
            time = now - datetime.timedelta(hours=event["hours_ago"])
            found.append(
                {
                    "id": event["id"],
                    "time": _time(time),
                    "record": record,
                    "data": event["data"],
                    "binary": event["binary"] if event["id"] in query.binary else None,
                }
            )
    return sorted(found, key=lambda row: row["time"], reverse=True)


def _now(service):
    clock = service.state["windows"]["clock"]
    if clock is None:
        return datetime.datetime.now(datetime.timezone.utc)
    return datetime.datetime.fromisoformat(clock.replace("Z", "+00:00"))


def _time(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


_READERS = {
    rows.CimQuery: _cim,
    rows.RegistryQuery: _registry,
    rows.EventQuery: _events,
    rows.CountQuery: witnesses.count,
}
