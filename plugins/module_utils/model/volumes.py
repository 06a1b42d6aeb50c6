# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Disks as people know them: by drive letters, mount points and labels.

The initiator knows a disk by its number and identifiers only. Windows' storage classes (``MSFT_Disk``,
``MSFT_Partition`` and ``MSFT_Volume`` of ``root\\Microsoft\\Windows\\Storage``) know what is on it and its true size. A
partition names the volume on it by the volume's path, ``\\\\?\\Volume{...}\\``, among its access paths.

A disk of the initiator and one of Windows are the same if they have the same number, and no identifier says otherwise:
a wrong letter would be worse than none.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..abi import codecs
from .plain import Plain, shown_as, to_dict
from .row_values import Rows, Values, Warn

# The properties that are asked of each class. SizeRemaining changes all the time, so it is no fact.
DISK = (
    "Number",
    "UniqueId",
    "SerialNumber",
    "FriendlyName",
    "Size",
    "BusType",
    "IsOffline",
    "OfflineReason",
    "IsReadOnly",
    "IsClustered",
    "PartitionStyle",
)
PARTITION = ("DiskNumber", "DriveLetter", "AccessPaths")
VOLUME = ("Path", "DriveLetter", "FileSystemLabel", "FileSystem", "Size")

BUS_ISCSI = 9
BUS_TYPES = codecs.Enum(
    "bus type",
    {
        "unknown": (0, "Unknown"),
        "scsi": (1, "SCSI"),
        "atapi": (2, "ATAPI"),
        "ata": (3, "ATA"),
        "ieee1394": (4, "1394"),
        "ssa": (5, "SSA"),
        "fibre_channel": (6, "Fibre Channel"),
        "usb": (7, "USB"),
        "raid": (8, "RAID"),
        "iscsi": (BUS_ISCSI, "iSCSI"),
        "sas": (10, "SAS"),
        "sata": (11, "SATA"),
        "sd": (12, "SD"),
        "mmc": (13, "MMC"),
        "file_backed_virtual": (15, "File Backed Virtual"),
        "storage_spaces": (16, "Storage Spaces"),
        "nvme": (17, "NVMe"),
    },
)
OFFLINE_REASONS = codecs.Enum(
    "offline reason",
    {
        "policy": (1, "Policy"),
        "redundant_path": (2, "Redundant Path"),
        "snapshot": (3, "Snapshot"),
        "collision": (4, "Collision"),
        "resource_exhaustion": (5, "Resource Exhaustion"),
        "critical_write_failures": (6, "Critical Write Failures"),
        "data_integrity_scan_required": (7, "Data Integrity Scan Required"),
    },
)
_RAW = 0  # PartitionStyle of a disk that is not initialized
_LONGEST_LABEL = 64  # characters; NTFS allows 32
_MOST_NAMES = 6  # volumes in the label of a disk
_VOLUME_PATH = "\\\\?\\"


@dataclasses.dataclass
class Volume:
    """A volume: its drive letter and mount points (``E:``, ``C:\\Mounts\\Data``), and its label. Size in bytes."""

    paths: t.List[str]
    label: t.Optional[str] = None
    file_system: t.Optional[str] = None
    size: t.Optional[int] = None

    @property
    def sort_key(self) -> t.Any:
        """Volumes with a letter first."""
        return [_path_key(path) for path in self.paths] or [(2, "")], self.label or "", self.size or 0


@dataclasses.dataclass
class Disk:
    """A disk as Windows knows it. Size in bytes; None for what Windows did not report."""

    number: int
    unique_id: t.Optional[str] = None
    serial: t.Optional[str] = None
    friendly_name: t.Optional[str] = None
    size: t.Optional[int] = None
    bus_type: t.Optional[int] = dataclasses.field(default=None, metadata=shown_as(BUS_TYPES))
    offline: t.Optional[bool] = None
    offline_reason: t.Optional[int] = dataclasses.field(default=None, metadata=shown_as(OFFLINE_REASONS))
    read_only: t.Optional[bool] = None
    clustered: t.Optional[bool] = None
    uninitialized: t.Optional[bool] = None
    volumes: t.List[Volume] = dataclasses.field(default_factory=list)


def join(disks: t.Any, partitions: t.Any, volumes: t.Any, warn: Warn) -> t.List[Disk]:
    """The disks of a host, by number, with their volumes, from the rows of the three classes."""
    found: t.Dict[int, Disk] = {}
    for row in Rows("MSFT_Disk", disks, warn):
        disk = _disk(row)
        if disk is not None:
            found.setdefault(disk.number, disk)
    by_path, by_letter = _index_volumes(Rows("MSFT_Volume", volumes, warn))
    placed: t.Dict[int, t.Dict[t.Any, Volume]] = {}  # by disk: by partition's volume
    for row in Rows("MSFT_Partition", partitions, warn):
        number, letter, paths = row.number("DiskNumber"), row.letter("DriveLetter"), row.texts("AccessPaths")
        places = sorted({_trim(path) for path in paths if not path.startswith(_VOLUME_PATH)}, key=_path_key)
        if not places and letter:
            places = [letter]
        volume = next((by_path[path.lower()] for path in paths if path.lower() in by_path), None)
        volume = volume or by_letter.get(places[0] if places else "")
        if number in found and (places or volume):
            known = volume or Volume([])
            entry = placed.setdefault(number, {}).setdefault(id(volume) if volume else tuple(places), known)
            entry.paths = sorted({*entry.paths, *places}, key=_path_key)
    for number, members in placed.items():
        found[number].volumes = sorted(members.values(), key=lambda volume: volume.sort_key)
    return [found[number] for number in sorted(found)]


def _disk(row: Values) -> t.Optional[Disk]:
    number, style, reason = row.number("Number"), row.number("PartitionStyle"), row.number("OfflineReason")
    bus = row.number("BusType")
    if number is None or number > 0xFFFFFFFF:
        return None
    offline, clustered = row.truth("IsOffline"), row.truth("IsClustered")
    # Windows cannot read the partition table of a disk that is offline, or that another node of the cluster owns.
    readable = not offline and not clustered
    return Disk(
        number,
        row.text("UniqueId"),
        row.text("SerialNumber"),
        row.text("FriendlyName"),
        row.number("Size"),
        bus if bus is None or bus <= 0xFFFF else None,
        offline,
        reason if offline and reason and reason <= 0xFFFF else None,
        row.truth("IsReadOnly"),
        clustered,
        None if style is None or (style == _RAW and not readable) else style == _RAW,
    )


def _index_volumes(rows: Rows) -> t.Tuple[t.Dict[str, Volume], t.Dict[str, Volume]]:
    """Volumes by their path in small letters, and by their drive letter."""
    by_path: t.Dict[str, Volume] = {}
    by_letter: t.Dict[str, Volume] = {}
    for row in rows:
        path, letter = row.text("Path"), row.letter("DriveLetter")
        label = row.text("FileSystemLabel", _LONGEST_LABEL)
        volume = Volume([letter] if letter else [], label, row.text("FileSystem"), row.number("Size"))
        if path:
            by_path.setdefault(path.lower(), volume)
        if letter:
            by_letter.setdefault(letter, volume)
    return by_path, by_letter


def _trim(path: str) -> str:
    """An access path as people write it: ``E:``, ``C:\\Mounts\\Data``."""
    trimmed = path.rstrip("\\") or path
    return trimmed.upper() if _is_letter(trimmed) else trimmed


def _is_letter(path: str) -> bool:
    return len(path) == 2 and path[1] == ":"


def _path_key(path: str) -> t.Tuple[int, str]:
    return (0 if _is_letter(path) else 1), path.lower()


# -- disks of the initiator --------------------------------------------------------------------------------------------


class Join:
    """Finds the disks of Windows that are disks of the initiator."""

    def __init__(self, disks: t.Optional[t.Iterable[Disk]]) -> None:
        self._disks = {disk.number: disk for disk in disks or ()}
        self.known = disks is not None  # whether the storage classes were read
        self.contradictions: t.List[str] = []  # a line for each disk that has another identifier

    def find(self, numbers: t.Iterable[t.Optional[int]], identifiers: t.Sequence[str]) -> t.List[Disk]:
        """The disks of Windows with these numbers, without those that have another identifier.

        :param numbers: of PhysicalDriveN: several where MPIO does not claim the paths of a disk.
        :param identifiers: what the logical unit says of itself, such as ``naa.6001405...``.
        """
        found = []
        for number in sorted({number for number in numbers if number is not None}):
            disk = self._disks.get(number)
            if disk is not None and _contradicts(disk.unique_id, identifiers):
                self.contradictions.append(
                    f"PhysicalDrive{number} is {disk.unique_id} for Windows and {identifiers[0]} for the initiator, so "
                    "its volumes are not shown."
                )
            elif disk is not None:
                found.append(disk)
        return found


_HEX_ID = re.compile(r"[0-9a-f]{16}(?:[0-9a-f]{16})?")
_IDENTIFIER = re.compile(r"(?:naa|eui)\.([0-9a-f]+)", re.IGNORECASE)


def _contradicts(unique_id: t.Optional[str], identifiers: t.Iterable[str]) -> bool:
    """Whether Windows and the unit both give an identifier of NAA or EUI-64, and none is the same."""
    own = (unique_id or "").lower()
    others = [match.group(1).lower() for match in map(_IDENTIFIER.fullmatch, identifiers) if match]
    return bool(_HEX_ID.fullmatch(own)) and bool(others) and own not in others


def merge(disks: t.Sequence[Disk]) -> Plain:
    """What the forecast says of a disk beside its paths. Several disks are one whose paths MPIO does not claim."""
    merged = dict.fromkeys(FORECAST_FIELDS)
    if disks:
        volumes = {repr(volume): volume for disk in disks for volume in disk.volumes}
        sizes = [disk.size for disk in disks if disk.size is not None]
        reason = next((disk.offline_reason for disk in disks if disk.offline_reason), None)
        # Without MPIO Windows may take all paths of a disk but one offline.
        offline = None if all(disk.offline is None for disk in disks) else all(disk.offline for disk in disks)
        merged.update(
            size=max(sizes) if sizes else None,
            volumes=to_dict(sorted(volumes.values(), key=lambda volume: volume.sort_key)),
            offline=offline,
            offline_reason=OFFLINE_REASONS.decode(reason) if offline and reason else None,
            read_only=_any(disk.read_only for disk in disks),
            clustered=_any(disk.clustered for disk in disks),
            uninitialized=_any(disk.uninitialized for disk in disks),
        )
    return merged


# None where the storage classes were not read, or do not have the disk.
FORECAST_FIELDS = ("size", "volumes", "offline", "offline_reason", "read_only", "clustered", "uninitialized")


def _any(truths: t.Iterable[t.Optional[bool]]) -> t.Optional[bool]:
    known = [truth for truth in truths if truth is not None]
    return any(known) if known else None


# -- words -------------------------------------------------------------------------------------------------------------


def label(disk: Plain) -> str:
    """A disk of the forecast as people know it: ``E: SQLDATA, 4 TiB, clustered (PhysicalDrive1, naa.6001405...)``.

    Where Windows did not say what is on it: ``PhysicalDrive1 (naa.6001405...)``.
    """
    devices = list(map(device_name, disk["names"]))
    if disk.get("volumes") is None:
        return f"{', '.join(devices)} ({disk['id']})"
    volumes = [describe_volume(volume) for volume in disk["volumes"][:_MOST_NAMES]]
    if len(disk["volumes"]) > _MOST_NAMES:
        volumes.append(f"{len(disk['volumes']) - _MOST_NAMES} more volumes")
    size = [] if disk["size"] is None else [format_size(disk["size"])]
    head = ", ".join([*(volumes or devices), *size, *states(disk)])
    return f"{head} ({', '.join([*(devices if volumes else ()), disk['id']])})"


def short_label(disk: Plain) -> str:
    """The same in short: ``E: SQLDATA``, or ``PhysicalDrive1``."""
    volumes = [describe_volume(volume) for volume in (disk.get("volumes") or ())[:_MOST_NAMES]]
    return ", ".join(volumes or map(device_name, disk["names"]))


def volume_names(disk: Plain) -> t.List[str]:
    """What the volumes of a disk are called: by drive letter and mount point, else by label."""
    return [
        ", ".join(volume["paths"]) or (f"volume {volume['label']}" if volume["label"] else "unnamed volume")
        for volume in disk.get("volumes") or ()
    ]


def describe_volume(volume: Plain) -> str:
    if not volume["paths"]:
        return f"volume {volume['label']}" if volume["label"] else "unnamed volume"
    return ", ".join(volume["paths"]) + (f" {volume['label']}" if volume["label"] else "")


def states(disk: Plain) -> t.List[str]:
    """What keeps a disk from being used as any other, in words."""
    reason = disk.get("offline_reason")
    offline = f"offline ({reason.replace('_', ' ')})" if reason else "offline"
    words = {"offline": offline, "read_only": "read-only", "clustered": "clustered", "uninitialized": "not initialized"}
    return [word for name, word in words.items() if disk.get(name)]


def device_name(name: str) -> str:
    """A device without the prefix of Windows' device namespace: PhysicalDrive1."""
    return name[4:] if name.startswith("\\\\.\\") else name


def format_size(size: int) -> str:
    """Bytes in the largest unit of 1024 that leaves at least one: 42949672960 is 40 GiB."""
    number, unit = float(size), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if number < 1024 or unit == "PiB":
            break
        number /= 1024
    return f"{number:.1f}".rstrip("0").rstrip(".") + f" {unit}" if number % 1 else f"{int(number)} {unit}"
