# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What vendors recommend for the settings of a host: a table of data, of which nothing holds unless it is declared.

The recommendations contradict each other, and some of them their own earlier editions. So every value has its source.
``date`` is that of the page where it is known, else the month in which the value was noted here. ``url`` leads to it.
"""

from __future__ import annotations

import typing as t


class Source(t.NamedTuple):
    """Who says it, where, and as of when."""

    text: str
    date: str
    url: str


class Advice(t.NamedTuple):
    """A value of a profile. Flags are 0 and 1."""

    value: int
    source: Source


class Profile(t.NamedTuple):
    """What one vendor recommends. ``applies_to``: the hosts that it is about."""

    title: str
    applies_to: str
    values: t.Mapping[str, Advice]


_NETAPP = Source(
    "NetApp, Windows Unified Host Utilities 8.0, hu-wuhu-configuration",
    "2026-07-16",
    "https://docs.netapp.com/us-en/ontap-sanhost/hu-wuhu-configuration.html",
)
_DELL = Source(
    "sc_win_mpio, a published script that checks hosts of Dell SC arrays",
    "2026-11",
    "https://github.com/faccomichele/sc_win_mpio",
)
_PURE = Source(
    "Pure Storage, checks of its PowerShell module for Windows hosts",
    "2026-11",
    "https://github.com/PureStorage-OpenConnect/powershell-toolkit-3",
)
_SAN = Source(
    "Microsoft, Azure Elastic SAN, performance page and validate-elastic-san.ps1",
    "2026-11",
    "https://learn.microsoft.com/azure/storage/elastic-san/elastic-san-best-practices",
)
_BACKUP = Source(
    "Microsoft, Azure Backup, backup-azure-restore-files-from-vm",
    "2026-11",
    "https://learn.microsoft.com/azure/backup/backup-azure-restore-files-from-vm",
)


def _all_of(source: Source, **values: int) -> t.Dict[str, Advice]:
    return {option: Advice(value, source) for option, value in values.items()}


PROFILES = {
    "netapp": Profile(
        "NetApp ONTAP",
        "Hosts with MPIO. Without it, NetApp recommends 120 for max_request_hold_time and disk_timeout.",
        _all_of(
            _NETAPP,
            max_request_hold_time=30,
            link_down_time=10,
            ipsec_config_timeout=60,
            pdo_remove_period=130,
            path_verify_enabled=1,
            retry_count=6,
            retry_interval=1,
            use_custom_path_recovery_interval=1,
            path_recovery_interval=30,
            dsm_maximum_retry_time_during_state_transition=120,
            dsm_maximum_state_transition_time=120,
            disk_timeout=60,
        ),
    ),
    "dell_sc": Profile(
        "Dell SC (Compellent)",
        "Hosts with MPIO that use SC arrays alone. Hosts that also use PS arrays (EqualLogic) need other values.",
        _all_of(
            _DELL,
            max_request_hold_time=90,
            link_down_time=35,
            delay_between_reconnect=5,
            max_connection_retries=0xFFFFFFFF,
            portal_retry_count=5,
            network_ready_retry_count=10,
            tcp_connect_time=15,
            tcp_disconnect_time=15,
            wmi_request_timeout=30,
            enable_nop_out=1,
            ipsec_config_timeout=60,
            max_transfer_length=262144,
            max_burst_length=262144,
            first_burst_length=65536,
            max_recv_data_segment_length=65536,
            initial_r2t=0,
            immediate_data=1,
            max_pending_requests=255,
            error_recovery_level=2,
            pdo_remove_period=120,
            path_verify_enabled=1,
            path_verification_period=30,
            retry_count=3,
            retry_interval=1,
            use_custom_path_recovery_interval=1,
            path_recovery_interval=25,
            disk_path_check_interval=25,
            disk_timeout=60,
        ),
    ),
    "pure": Profile(
        "Pure Storage FlashArray",
        "Hosts with MPIO. For virtual machines in Azure the same checks ask for a pdo_remove_period of 120; an earlier "
        "edition asked for 60.",
        _all_of(
            _PURE,
            pdo_remove_period=30,
            path_verify_enabled=1,
            use_custom_path_recovery_interval=1,
            path_recovery_interval=20,
            disk_timeout=60,
        ),
    ),
    "azure_elastic_san": Profile(
        "Azure Elastic SAN",
        "Virtual machines in Azure. An earlier edition of the page asked for a wmi_request_timeout of 15.",
        _all_of(
            _SAN,
            link_down_time=30,
            wmi_request_timeout=30,
            max_transfer_length=262144,
            max_burst_length=262144,
            first_burst_length=262144,
            max_recv_data_segment_length=262144,
            initial_r2t=0,
            immediate_data=1,
            disk_timeout=30,
        ),
    ),
    "azure_backup": Profile(
        "Azure Backup, file recovery",
        "A host kept for file recovery alone, not the original machine, because disk_timeout applies to all its disks. "
        "For backups of virtual machines with many or large disks. An earlier edition asked for 2400.",
        _all_of(
            _BACKUP,
            max_request_hold_time=1200,
            srb_timeout_delta=1200,
            enable_nop_out=1,
            disk_timeout=1200,
        ),
    ),
}
