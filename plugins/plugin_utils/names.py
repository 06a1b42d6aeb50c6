# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the records of the facts are called in findings, reports and tables."""

from __future__ import annotations

from ..module_utils.model import addresses, volumes


def portal(place):
    """Address and port of a portal: [fe80::1]:3260."""
    return addresses.host_port(place["address"], place["port"])


def far_end(connection):
    """Where a connection of a session leads to; a question mark where its address is not known."""
    return addresses.host_port(connection["target_address"] or "?", connection["target_port"])


def login(record):
    """A persistent login: its target, its portal, and its initiator port where it has one."""
    return path(record) + _initiator_port(record)


def path(record):
    """The target and the portal of a persistent login."""
    return f"{record['target']} through {portal(record['portal']) if record['portal'] else 'any portal'}"


def target_portal(record):
    """A portal that is asked for targets."""
    return f"portal {portal(record['portal'])}{_initiator_port(record)}"


def session(record):
    """A live session."""
    through = ", ".join(map(far_end, record["connections"])) or "no connection"
    return f"{record['target']} through {through}"


def device(name):
    """A device without the prefix of Windows' device namespace: PhysicalDrive1."""
    return volumes.device_name(name)


def disk(record):
    """A disk of the forecast: E: SQLDATA, 4 TiB (PhysicalDrive1, naa.6001405...)."""
    return volumes.label(record)


def disks_by_device(facts):
    """{PhysicalDrive1: what the disk is called in short, by its volumes where they are known}."""
    disks = (facts.get("next_boot") or {}).get("disks") or ()
    return {device(name): volumes.short_label(found) for found in disks for name in found["names"]}


def disk_of(found, disks):
    """What the disk is called that is a device of a session; ``disks`` as of :func:`disks_by_device`."""
    name = device(found["legacy_name"])
    return disks.get(name, name)


def flags(found):
    """A flag set of the facts as a list: names, and a number for the bits without one."""
    return found and found["names"] + ([found["unknown"]] if found["unknown"] else [])


def chap_user(options):
    """The user name that login options send, the node name that Windows filled in included; None without CHAP."""
    if options["auth_type"] in (None, "none"):
        return None
    return options["username"] or options.get("default_username")


def _initiator_port(record):
    return "" if record["any_initiator_port"] else f" from port {record['initiator_port']}"
