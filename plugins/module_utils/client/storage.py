# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What Windows knows of its disks, and what it logged about them and about the initiator."""

from __future__ import annotations

import typing as t

from ..model import event_codes, events, volumes
from ..runner import rows
from .builder import Builder, Replies

Warn = t.Callable[[str], None]

_STORAGE = "root/Microsoft/Windows/Storage"
_CLASSES = (("MSFT_Disk", volumes.DISK), ("MSFT_Partition", volumes.PARTITION), ("MSFT_Volume", volumes.VOLUME))


def disks(builder: Builder) -> t.Callable[[Replies, Warn], t.Optional[t.List[volumes.Disk]]]:
    """Every disk of the host with its volumes; None where Windows does not list its disks."""
    handles = [builder.ask(rows.CimQuery(_STORAGE, name, properties)) for name, properties in _CLASSES]

    def decode(replies: Replies, warn: Warn) -> t.Optional[t.List[volumes.Disk]]:
        disk, partition, volume = handles
        listed = replies.rows(disk, warn)
        if listed is None:  # then the others cannot be read either: one warning is enough
            return None
        return volumes.join(listed, replies.rows(partition, warn), replies.rows(volume, warn), warn)

    return decode


def event_log(builder: Builder) -> t.Callable[[Replies, Warn], t.Optional[events.EventLog]]:
    """The events since the last boot; None where no event could be read."""
    boot = builder.ask(rows.CimQuery("root/cimv2", "Win32_OperatingSystem", ("LastBootUpTime",)))
    handles = {
        provider: builder.ask(rows.EventQuery("System", provider, tuple(meanings), 0, _find_binary(meanings)))
        for provider, meanings in event_codes.MEANINGS.items()
    }

    def decode(replies: Replies, warn: Warn) -> t.Optional[events.EventLog]:
        found = replies.rows_together(handles, warn)
        if found is None:
            return None
        started = (replies.rows(boot, warn) or [{}])[0].get("LastBootUpTime")
        return events.read(found, started, warn)

    return decode


def _find_binary(meanings: t.Mapping[int, event_codes.Meaning]) -> t.Tuple[int, ...]:
    """The ids whose dump data is read."""
    return tuple(number for number, meaning in meanings.items() if meaning.dump)
