# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Settings of Windows that iSCSI depends on: where each is kept, what it may be, and what holds while it is not set.

A setting is a REG_DWORD below HKEY_LOCAL_MACHINE. None of them is part of iscsidsc.dll. A default is what holds while
the value is missing, as its source says; None where no source says it.
"""

from __future__ import annotations

import typing as t

ADAPTERS_KEY = "SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e97b-e325-11ce-bfc1-08002be10318}"
ADAPTER_ID = "root\\iscsiprt"  # MatchingDeviceId of the initiator's own adapter among those of the class
SERVICES_KEY = "SYSTEM\\CurrentControlSet\\Services"
MPIO_KEY, DSM_KEY = f"{SERVICES_KEY}\\mpio\\Parameters", f"{SERVICES_KEY}\\msdsm\\Parameters"
DISK_KEY = f"{SERVICES_KEY}\\disk"
DEPENDENCIES = "DependOnService"  # REG_MULTI_SZ of the key of a service
# What else is read of a service: its type, the group it belongs to, and the groups it depends on.
SERVICE_TYPE, GROUP, GROUP_DEPENDENCIES = "Type", "Group", "DependOnGroup"
RUNS_IN_PROCESS = 0x10 | 0x20  # SERVICE_WIN32_OWN_PROCESS, SERVICE_WIN32_SHARE_PROCESS; a driver has neither
CORE_SERVICES = frozenset({"rpcss", "dcomlaunch", "rpceptmapper", "plugplay", "eventlog"})  # start before MSiSCSI
# Lists of the devices that MPIO claims, and the entry that stands for all of iSCSI.
CLAIMS = (("SYSTEM\\CurrentControlSet\\Control\\MPDEV", "MPIOSupportedDeviceList"), (DSM_KEY, "DsmSupportedDeviceList"))
ISCSI_DEVICES = "MSFT2005iSCSIBusType_0x9"
FIREWALL_RULES = {"inbound": "MsiScsi-In-TCP", "outbound": "MsiScsi-Out-TCP"}

# When a change takes effect.
RELOAD = "after the iSCSI adapter is disabled and enabled again in Device Manager, or after a restart"
RESTART = "after a restart"

_DELL = "a published script that checks Dell SC hosts, which names each default"
_MPIO = "Microsoft's documentation of Get-MPIOSetting"
_DAY, _CMDLET, _DWORD = 86400, 9999, 0xFFFFFFFF
_RFC_LENGTH = 0xFFFFFF  # RFC 7143


class Setting(t.NamedTuple):
    """A row.

    :param option: how it is called here.
    :param value: how it is called in the registry.
    :param keys: where it is kept: the first that has it counts. Empty: the key Parameters of the adapter.
    :param unit: s, bytes, or empty for a number without one; ``bool`` for 0 and 1.
    """

    option: str
    value: str
    keys: t.Tuple[str, ...]
    unit: str
    least: int
    most: int
    default: t.Optional[int]
    source: t.Optional[str]
    purpose: str

    @property
    def is_flag(self) -> bool:
        """Whether it is true or false."""
        return self.unit == "bool"

    def plain(self, number: t.Optional[int]) -> t.Union[None, bool, int]:
        """A number of the registry as people write it. Windows takes every number but 0 for true."""
        return bool(number) if self.is_flag and number is not None else number


def _timer(
    option: str, value: str, default: int, purpose: str, most: int = _DAY, unit: str = "s", least: int = 0
) -> Setting:
    return Setting(option, value, (), unit, least, most, default, _DELL, purpose)


def _length(option: str, value: str, default: int, purpose: str) -> Setting:
    return Setting(option, value, (), "bytes", 512, _RFC_LENGTH, default, _DELL, purpose)


TIMERS = (
    _timer(
        "max_request_hold_time", "MaxRequestHoldTime", 60, "How long requests wait for a lost session without MPIO."
    ),
    _timer("link_down_time", "LinkDownTime", 15, "How long requests wait for a lost session with MPIO."),
    _timer("delay_between_reconnect", "DelayBetweenReconnect", 5, "Pause between two attempts to reconnect."),
    _timer(
        "max_connection_retries",
        "MaxConnectionRetries",
        _DWORD,
        "Attempts to reconnect; 4294967295: no limit.",
        _DWORD,
        "",
    ),
    _timer("portal_retry_count", "PortalRetryCount", 5, "Attempts to reach a portal during a login.", _DWORD, "", 1),
    _timer(
        "network_ready_retry_count", "NetworkReadyRetryCount", 10, "Attempts to find the network at boot.", _DWORD, ""
    ),
    _timer("tcp_connect_time", "TCPConnectTime", 15, "Limit for opening a TCP connection.", least=1),
    _timer("tcp_disconnect_time", "TCPDisconnectTime", 15, "Limit for closing a TCP connection."),
    _timer(
        "wmi_request_timeout", "WMIRequestTimeout", 30, "Limit for a request to the driver, such as a login.", least=1
    ),
    _timer("srb_timeout_delta", "SrbTimeoutDelta", 15, "What the driver adds to the time limit of a request."),
    _timer("enable_nop_out", "EnableNOPOut", 0, "Whether idle connections are tested by NOP-Out.", 1, "bool"),
    _timer("ipsec_config_timeout", "IPSecConfigTimeout", 60, "Limit for the negotiation of IPsec."),
    _length("max_transfer_length", "MaxTransferLength", 262144, "Most bytes of a SCSI request."),
    _length("max_burst_length", "MaxBurstLength", 262144, "Most bytes of a sequence of data (RFC 7143)."),
    _length("first_burst_length", "FirstBurstLength", 65536, "Most bytes of unsolicited data (RFC 7143)."),
    _length(
        "max_recv_data_segment_length", "MaxRecvDataSegmentLength", 65536, "Most bytes of a received PDU (RFC 7143)."
    ),
    _timer("initial_r2t", "InitialR2T", 0, "Whether writes wait for R2T (RFC 7143).", 1, "bool"),
    _timer("immediate_data", "ImmediateData", 1, "Whether commands carry data (RFC 7143).", 1, "bool"),
    _timer("max_pending_requests", "MaxPendingRequests", 255, "Most requests that are open at a time.", 0xFFFF, "", 1),
    _timer("error_recovery_level", "ErrorRecoveryLevel", 2, "Highest level that is negotiated (RFC 7143).", 2, ""),
)

# Get-MPIOSetting reads what is under msdsm before what is under mpio, and Set-MPIOSetting has these bounds.
_BOTH = (DSM_KEY, MPIO_KEY)
MPIO = (
    Setting(
        "pdo_remove_period",
        "PDORemovePeriod",
        _BOTH,
        "s",
        10,
        _CMDLET,
        20,
        _MPIO,
        "How long a disk stays after its last path is lost.",
    ),
    Setting(
        "path_verify_enabled", "PathVerifyEnabled", _BOTH, "bool", 0, 1, 0, _MPIO, "Whether MPIO tests every path."
    ),
    Setting(
        "path_verification_period",
        "PathVerificationPeriod",
        _BOTH,
        "s",
        1,
        _CMDLET,
        30,
        _MPIO,
        "Pause between two tests of a path.",
    ),
    Setting(
        "retry_count", "RetryCount", _BOTH, "", 3, _CMDLET, 3, _MPIO, "Attempts of a request before MPIO fails over."
    ),
    Setting(
        "retry_interval", "RetryInterval", _BOTH, "s", 1, _CMDLET, 1, _MPIO, "Pause between two attempts of a request."
    ),
    Setting(
        "use_custom_path_recovery_interval",
        "UseCustomPathRecoveryInterval",
        (MPIO_KEY,),
        "bool",
        0,
        1,
        0,
        _MPIO,
        "Whether path_recovery_interval counts.",
    ),
    Setting(
        "path_recovery_interval",
        "PathRecoveryInterval",
        (MPIO_KEY,),
        "s",
        10,
        _CMDLET,
        40,
        _MPIO,
        "How long MPIO waits for a path to recover.",
    ),
    Setting(
        "disk_path_check_interval",
        "DiskPathCheckInterval",
        (MPIO_KEY,),
        "s",
        1,
        _CMDLET,
        10,
        _DELL,
        "Pause between two tests of the paths of a disk.",
    ),
    Setting(
        "dsm_maximum_retry_time_during_state_transition",
        "DsmMaximumRetryTimeDuringStateTransition",
        (DSM_KEY,),
        "s",
        0,
        _CMDLET,
        None,
        None,
        "Limit for repeating requests while an array changes the state of its paths.",
    ),
    Setting(
        "dsm_maximum_state_transition_time",
        "DsmMaximumStateTransitionTime",
        (DSM_KEY,),
        "s",
        0,
        _CMDLET,
        None,
        None,
        "The same limit for persistent reservations.",
    ),
)

DISK_TIMEOUT = Setting(
    "disk_timeout",
    "TimeOutValue",
    (DISK_KEY,),
    "s",
    1,
    _CMDLET,
    60,
    _DELL,
    "Time limit of a request to any disk of the host.",
)


class Group(t.NamedTuple):
    """Settings of one kind.

    :param nested: whether they are declared within an option of that name.
    :param effect: when a change takes effect.
    """

    name: str
    title: str
    settings: t.Tuple[Setting, ...]
    effect: str
    nested: bool = True


GROUPS = (
    Group("timers", "initiator timers", TIMERS, RELOAD),
    Group("mpio", "MPIO", MPIO, RESTART),
    Group("disk", "disks", (DISK_TIMEOUT,), RESTART, nested=False),
)
SETTINGS = {setting.option: setting for group in GROUPS for setting in group.settings}
