# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules share that change an initiator.

An option is described once, in a block below. A fragment is made of blocks. ``initiator_state`` takes the options of
the other modules as suboptions of its lists, so :func:`_list_of` puts the same blocks one level deeper.
"""

from __future__ import annotations

import textwrap


def _options(*blocks):
    """A fragment with the options of some blocks."""
    return "options:\n" + textwrap.indent("".join(blocks), "  ")


def _list_of(name, description, *blocks):
    """A block with one option: a list of mappings, whose keys are the options of some blocks."""
    head = f"{name}:\n  description: {description}\n  type: list\n  elements: dict\n  suboptions:\n"
    return head + textwrap.indent("".join(blocks), "    ")


def _dict_of(name, description, *blocks):
    """A block with one option: a mapping whose keys are the options of some blocks."""
    head = f"{name}:\n  description: {description}\n  type: dict\n  suboptions:\n"
    return head + textwrap.indent("".join(blocks), "    ")


_STATE = r"""
state:
  description: Whether the entry must be present or absent.
  type: str
  choices: [present, absent]
  default: present
"""

_FORCE = r"""
force:
  description:
    - Log out of a session even if it is the last path to a disk. Without it, the task fails and names the disks.
    - Windows itself refuses to end a session whose disk is in use. No option overrides that.
  type: bool
  default: false
"""

_INITIATOR = r"""
initiator_instance:
  description:
    - Initiator instance, such as V(ROOT\\ISCSIPRT\\0000_0), or V(any) for a record that was saved without one.
    - Part of the identity. If omitted, records of every instance are meant.
    - If none exists, a login is saved for the only instance of the host, and a target portal for any instance. On a
      host with several instances the task fails and lists them. A login cannot be saved anew for V(any).
  type: str
initiator_port:
  description:
    - Number of the initiator port, which stands for one IP address of the host, or V(any) for a record that was saved
      for any port.
    - Part of the identity. If omitted, records of every port are meant. If none exists, one is saved for any port.
    - Windows gives out the numbers anew when network adapters change, so prefer C(initiator_address).
  type: raw
initiator_address:
  description:
    - IP address of the host whose initiator port is meant, in place of C(initiator_port).
    - It is looked up in the trip that reads the host. If it is the address of no port, or of more than one, nothing is
      changed, and the task fails and lists the ports.
  type: str
"""

_TARGET = r"""
target:
  description: iSCSI name of the target.
  type: str
  required: true
"""

_LOGIN = (
    _TARGET
    + r"""
portal:
  description:
    - Portal of the target, as text such as V(192.0.2.21), V(192.0.2.21:3260) or V([2001:db8::21]:3260), or as a mapping
      with C(address) and C(port). The default port is V(3260). A C(portal) of the facts can be used unchanged.
    - Part of the identity. If omitted, logins through every portal are meant. If none exists, one is saved through the
      portal by which the initiator knows the target. If it knows several portals, the task fails and lists them.
    - V(any) means a login that was saved for any portal. Windows may save it with a portal of its own choice, so where
      no login is saved for any portal, every undeclared login to the target with the declared options counts as one.
  type: raw
copies:
  description:
    - Number of identical logins for each identity. Each of them opens its own session.
    - Takes the login flag V(multipath_enabled) if more than V(1). Without it Windows saves no second login to a target.
    - Declare more than V(1) only for several sessions through the same portal.
  type: int
  default: 1
ipsec_key:
  description:
    - Preshared key for IPsec, as text or as V(0x) followed by hexadecimal digits.
    - It is sent with each login that the task makes. Windows does not return it, so it is never compared.
  type: str
symbolic_name:
  description:
    - Symbolic name of the portal.
    - It is saved with a new login. Windows does not report it (public analyses of the service), so a login that was
      saved with another name, or without one, is not changed.
  type: str
mappings:
  description:
    - SCSI numbers for the target. If they are not declared, Windows chooses those of a new login.
    - Windows does not report numbers without LUNs (public analyses of the service). So they are saved with a new login,
      but a login that was saved with others, or without any, is not changed.
  type: dict
  suboptions:
    bus:
      description: SCSI bus number.
      type: int
      required: true
    target_number:
      description: SCSI target number.
      type: int
      required: true
    luns:
      description: Logical units of the target.
      type: list
      elements: dict
      required: true
      suboptions:
        os_lun:
          description: Logical unit number in Windows.
          type: int
          required: true
        target_lun:
          description: Logical unit number at the target, in the form in which C(winstorage.iscsi.initiator_facts)
            reports it.
          type: int
          required: true
"""
)

_PERSISTENT_LOGIN = r"""
session_type:
  description: V(data) for a session with disks, V(informational) for a session that serves discovery only.
  type: str
  choices: [data, informational]
connected:
  description:
    - Whether the login must have a live session now. If omitted, live sessions are left alone.
    - V(false) ends all sessions to the target through the portal but those of other logins. It is refused if a session
      is the last path to a disk, unless C(force) is set.
  type: bool
"""

_SESSION_STATE = r"""
state:
  description:
    - V(present) logs in unless there is a live session to the target through the portal.
    - V(absent) logs out of all live sessions to the target through the portal, or through any portal if C(portal) is
      omitted. This is refused if it would remove the last path to a disk, unless C(force) is set.
    - V(absent) leaves a persistent login in place. It opens a session again after the next restart.
  type: str
  choices: [present, absent]
  default: present
"""

_ADDRESS = r"""
address:
  description: IPv4 address, IPv6 address, or host name.
  type: str
  required: true
"""

_TARGET_PORTAL = (
    _ADDRESS
    + r"""
port:
  description: TCP port.
  type: int
  default: 3260
symbolic_name:
  description: Symbolic name of the portal.
  type: str
refresh:
  description:
    - Run the discovery through the portal again, even if nothing else has to be done. This alone is not reported as a
      change.
  type: bool
  default: false
discovery_failure:
  description:
    - Whether the task fails or only warns if a discovery of this run fails. The portal is saved in both cases. See
      RV(discovery_ok).
  type: str
  choices: [fail, warn]
  default: fail
"""
)

_STATIC_TARGET = (
    _TARGET
    + r"""
alias:
  description: Alias of the target, a name for people.
  type: str
portals:
  description:
    - The portal of the target, as a list with one entry or none. Windows accepts at most one (public analyses of the
      service). Name other portals in the logins to the target, or have it discovered.
    - The portal is text such as V(192.0.2.21), V(192.0.2.21:3260) or V([2001:db8::21]:3260), or a mapping with
      C(address) and C(port). The default port is V(3260).
  type: list
  elements: raw
target_flags:
  description:
    - List of flag names, a number, or the flags as C(winstorage.iscsi.initiator_facts) reports them. An empty list
      means no flag.
    - With V(hide_static_target), Windows does not report the target, so it cannot be compared. It is added again, and a
      change reported, in every run.
  type: raw
"""
)

_SECURITY_FLAGS = r"""
security_flags:
  description:
    - List of flag names, a number, or the flags as C(winstorage.iscsi.initiator_facts) reports them. An empty list
      means no flag.
    - Names are V(valid), V(ike_ipsec_enabled), V(main_mode_enabled), V(aggressive_mode_enabled), V(pfs_enabled),
      V(transport_mode_preferred) and V(tunnel_mode_preferred).
    - Without V(valid), Windows ignores the other flags.
    - Contradictory flags cause a warning. They are set as declared.
  type: raw
"""

_LOGIN_OPTIONS = r"""
login_flags:
  description:
    - List of flag names, a number, or the flags as C(winstorage.iscsi.initiator_facts) reports them. An empty list
      means no flag.
    - Names are V(require_ipsec), V(multipath_enabled), V(allow_portal_hopping), V(use_radius_response) and
      V(use_radius_verification).
    - The task warns if V(multipath_enabled) is declared but MPIO claims no device of the host.
  type: raw
multipath:
  description:
    - Whether the flag V(multipath_enabled) is set. The other flags are left as they are.
    - Windows needs the flag for more than one session to a target. If C(login_flags) is declared too, both must agree.
  type: bool
header_digest:
  description: Digest of iSCSI headers, V(none), V(crc32c) or V(unspecified).
  type: str
data_digest:
  description: Digest of iSCSI data, V(none), V(crc32c) or V(unspecified).
  type: str
maximum_connections:
  description: Maximum number of connections in the session, V(1) to V(65535), or V(unspecified).
  type: str
default_time2wait:
  description: Seconds to wait before reconnecting after a connection is lost, or V(unspecified).
  type: str
default_time2retain:
  description: Seconds to keep the session after a connection is lost, or V(unspecified).
  type: str
auth_type:
  description:
    - V(none) for no authentication, V(chap) if the initiator authenticates to the target, V(mutual_chap) if the target
      authenticates to the initiator too, or V(unspecified).
  type: str
username:
  description:
    - User name for CHAP, as text or as V(0x) followed by hexadecimal digits, or V(unspecified).
    - If no name is specified, Windows saves the node name of the initiator as the user name of a login (public analyses
      of the service). So a login with the node name, or with one of earlier, is the same as one without a user name.
  type: str
secret:
  description:
    - CHAP secret with which the initiator authenticates to the target. Text of 12 to 16 characters, or V(0x) followed
      by hexadecimal digits. With the login flag V(require_ipsec), it may be shorter.
    - Windows can neither edit a record nor return its secret. To change a record that has a secret is to save it again,
      and that takes the secret. Without it, the task fails before it changes anything.
  type: str
"""

_UPDATE_SECRET = r"""
update_secret:
  description:
    - V(on_create) sets the secret when the record is created, when it is saved again for another reason, or when it has
      no secret.
    - V(always) saves the record again in every run, and therefore reports a change in every run.
    - Windows does not return secrets, so a different secret cannot be detected. To change a secret, run the task once
      with V(always).
  type: str
  choices: [on_create, always]
  default: on_create
"""

_SETTINGS = r"""
service_state:
  description: V(started) starts MSiSCSI if it is not running. Everything else needs the running service.
  type: str
  choices: [started]
service_start_mode:
  description: Start mode of MSiSCSI. Persistent logins are opened at boot only if it is V(automatic).
  type: str
  choices: [automatic, manual, disabled]
node_name:
  description: iSCSI name of the initiator. Live sessions keep the name they were opened with.
  type: str
chap_secret:
  description:
    - Secret with which targets authenticate to this initiator in mutual CHAP. The host has one for all targets. Text of
      12 to 16 characters, or V(0x) followed by hexadecimal digits.
    - O(update_secret) says when it is set.
  type: str
radius_secret:
  description:
    - Secret shared with the RADIUS servers. Text of 22 to 26 characters, or V(0x) followed by hexadecimal digits.
    - O(update_secret) says when it is set.
  type: str
group_preshared_key:
  description:
    - Preshared key for IPsec with all targets that have no key of their own.
    - O(update_secret) says when it is set.
  type: str
ike:
  description:
    - Identifications of the initiator for IKE, each with its preshared key, for all initiator instances or for one.
    - O(update_secret) says when they are set.
    - Entries that are not listed stay. Windows documents no function that removes one.
  type: list
  elements: dict
  suboptions:
    initiator_instance: &adapter
      description: Initiator instance, such as V(ROOT\\ISCSIPRT\\0000_0). If omitted, every instance of the host.
      type: str
    initiator_port: &adapter_port
      description: Number of the initiator port, which stands for one IP address of the host. If omitted, any port.
      type: raw
    initiator_address: &adapter_address
      description: IP address of the host whose initiator port is meant, in place of the number.
      type: str
    auth_method:
      description: Authentication method. Windows has only this one.
      type: str
      choices: [preshared_key]
      default: preshared_key
    id_type:
      description: Type of O(ike[].id).
      type: str
      choices: [ipv4_address, fqdn, user_fqdn, ipv6_address]
      required: true
    id:
      description: IP address, domain name, or user name such as V(sql01@example.com).
      type: str
      required: true
    key:
      description: Preshared key, as text or as V(0x) followed by hexadecimal digits.
      type: str
      required: true
    security_flags:
      description:
        - Security flags, as for M(winstorage.iscsi.persistent_login). If omitted, no flag is set, and Windows uses its
          defaults.
      type: raw
tunnel_outer_addresses:
  description:
    - Security gateways for IPsec in tunnel mode.
    - O(update_secret) says when they are set.
    - Entries that are not listed stay.
  type: list
  elements: dict
  suboptions:
    initiator_instance: *adapter
    initiator_port: *adapter_port
    initiator_address: *adapter_address
    destination:
      description: Address of the target portal behind the gateway.
      type: str
      required: true
    outer_address:
      description: Address of the gateway.
      type: str
      required: true
update_secret:
  description:
    - When to set O(chap_secret), O(radius_secret), O(group_preshared_key), O(ike) and O(tunnel_outer_addresses).
      Windows shows neither their values nor whether they are set, so they cannot be compared.
    - V(on_create) sets a value in every run, and reports a change, until something saved on the host uses it. From then
      on the value is considered set.
    - Users of O(chap_secret) are persistent logins and target portals with mutual CHAP. Users of O(group_preshared_key)
      and O(ike) are those with IPsec, and users of O(tunnel_outer_addresses) those that prefer tunnel mode. Users of
      O(radius_secret) are RADIUS servers.
    - V(always) sets them in every run. To change a value, or to add one later, run the task once with V(always).
  type: str
  choices: [on_create, always]
  default: on_create
radius_servers:
  description:
    - RADIUS servers. Each is an address, or a mapping with C(address) and C(state). Servers that are not listed stay.
  type: list
  elements: raw
"""

_BIND_ALL_VOLUMES = r"""
bind_all_volumes:
  description:
    - Let Windows bind all volumes and devices that are on persistent logins now. They replace those bound before.
    - Check mode cannot tell the outcome and reports no change for it.
  type: bool
  default: false
"""

_REFRESH_ISNS_SERVERS = r"""
refresh_isns_servers:
  description:
    - Ask every iSNS server again for the targets that it knows.
    - It is no change in itself, and an audit never reports it.
  type: bool
  default: false
"""

# begin host settings
_SETTINGS_OF_TABLES = r"""
profile:
  description:
    - Values that a vendor recommends. A value that is declared beside it takes precedence.
    - Nothing is recommended by this collection itself. The vendors contradict each other.
    - V(netapp) - NetApp ONTAP. Hosts with MPIO. Without it, NetApp recommends 120 for max_request_hold_time
      and disk_timeout. max_request_hold_time 30, link_down_time 10, ipsec_config_timeout 60,
      pdo_remove_period 130, path_verify_enabled true, retry_count 6, retry_interval 1,
      use_custom_path_recovery_interval true, path_recovery_interval 30,
      dsm_maximum_retry_time_during_state_transition 120, dsm_maximum_state_transition_time 120,
      disk_timeout 60. Source - NetApp, Windows Unified Host Utilities 8.0, hu-wuhu-configuration,
      2026-07-16, U(https://docs.netapp.com/us-en/ontap-sanhost/hu-wuhu-configuration.html).
    - V(dell_sc) - Dell SC (Compellent). Hosts with MPIO that use SC arrays alone. Hosts that also use PS
      arrays (EqualLogic) need other values. max_request_hold_time 90, link_down_time 35,
      delay_between_reconnect 5, max_connection_retries 4294967295, portal_retry_count 5,
      network_ready_retry_count 10, tcp_connect_time 15, tcp_disconnect_time 15, wmi_request_timeout 30,
      enable_nop_out true, ipsec_config_timeout 60, max_transfer_length 262144, max_burst_length 262144,
      first_burst_length 65536, max_recv_data_segment_length 65536, initial_r2t false, immediate_data true,
      max_pending_requests 255, error_recovery_level 2, pdo_remove_period 120, path_verify_enabled true,
      path_verification_period 30, retry_count 3, retry_interval 1, use_custom_path_recovery_interval true,
      path_recovery_interval 25, disk_path_check_interval 25, disk_timeout 60. Source - sc_win_mpio, a
      published script that checks hosts of Dell SC arrays, 2026-11,
      U(https://github.com/faccomichele/sc_win_mpio).
    - V(pure) - Pure Storage FlashArray. Hosts with MPIO. For virtual machines in Azure the same checks ask
      for a pdo_remove_period of 120; an earlier edition asked for 60. pdo_remove_period 30,
      path_verify_enabled true, use_custom_path_recovery_interval true, path_recovery_interval 20,
      disk_timeout 60. Source - Pure Storage, checks of its PowerShell module for Windows hosts, 2026-11,
      U(https://github.com/PureStorage-OpenConnect/powershell-toolkit-3).
    - V(azure_elastic_san) - Azure Elastic SAN. Virtual machines in Azure. An earlier edition of the page
      asked for a wmi_request_timeout of 15. link_down_time 30, wmi_request_timeout 30, max_transfer_length
      262144, max_burst_length 262144, first_burst_length 262144, max_recv_data_segment_length 262144,
      initial_r2t false, immediate_data true, disk_timeout 30. Source - Microsoft, Azure Elastic SAN,
      performance page and validate-elastic-san.ps1, 2026-11,
      U(https://learn.microsoft.com/azure/storage/elastic-san/elastic-san-best-practices).
    - V(azure_backup) - Azure Backup, file recovery. A host kept for file recovery alone, not the original
      machine, because disk_timeout applies to all its disks. For backups of virtual machines with many or
      large disks. An earlier edition asked for 2400. max_request_hold_time 1200, srb_timeout_delta 1200,
      enable_nop_out true, disk_timeout 1200. Source - Microsoft, Azure Backup,
      backup-azure-restore-files-from-vm, 2026-11,
      U(https://learn.microsoft.com/azure/backup/backup-azure-restore-files-from-vm).
  type: str
  choices: [netapp, dell_sc, pure, azure_elastic_san, azure_backup]
timers:
  description: Settings of the initiator. Take effect after the iSCSI adapter is disabled and enabled again
    in Device Manager, or after a restart.
  type: dict
  suboptions:
    max_request_hold_time:
      description: "C(MaxRequestHoldTime). How long requests wait for a lost session without MPIO. In seconds.
        Default of Windows is 60. From 0 to 86400."
      type: int
    link_down_time:
      description: "C(LinkDownTime). How long requests wait for a lost session with MPIO. In seconds. Default of
        Windows is 15. From 0 to 86400."
      type: int
    delay_between_reconnect:
      description: "C(DelayBetweenReconnect). Pause between two attempts to reconnect. In seconds. Default of
        Windows is 5. From 0 to 86400."
      type: int
    max_connection_retries:
      description: "C(MaxConnectionRetries). Attempts to reconnect; 4294967295: no limit. Default of Windows is
        4294967295. From 0 to 4294967295."
      type: int
    portal_retry_count:
      description: "C(PortalRetryCount). Attempts to reach a portal during a login. Default of Windows is 5.
        From 1 to 4294967295."
      type: int
    network_ready_retry_count:
      description: "C(NetworkReadyRetryCount). Attempts to find the network at boot. Default of Windows is 10.
        From 0 to 4294967295."
      type: int
    tcp_connect_time:
      description: "C(TCPConnectTime). Limit for opening a TCP connection. In seconds. Default of Windows is 15.
        From 1 to 86400."
      type: int
    tcp_disconnect_time:
      description: "C(TCPDisconnectTime). Limit for closing a TCP connection. In seconds. Default of Windows is
        15. From 0 to 86400."
      type: int
    wmi_request_timeout:
      description: "C(WMIRequestTimeout). Limit for a request to the driver, such as a login. In seconds.
        Default of Windows is 30. From 1 to 86400."
      type: int
    srb_timeout_delta:
      description: "C(SrbTimeoutDelta). What the driver adds to the time limit of a request. In seconds. Default
        of Windows is 15. From 0 to 86400."
      type: int
    enable_nop_out:
      description: "C(EnableNOPOut). Whether idle connections are tested by NOP-Out. Default of Windows is
        false."
      type: bool
    ipsec_config_timeout:
      description: "C(IPSecConfigTimeout). Limit for the negotiation of IPsec. In seconds. Default of Windows is
        60. From 0 to 86400."
      type: int
    max_transfer_length:
      description: "C(MaxTransferLength). Most bytes of a SCSI request. In bytes. Default of Windows is 262144.
        From 512 to 16777215."
      type: int
    max_burst_length:
      description: "C(MaxBurstLength). Most bytes of a sequence of data (RFC 7143). In bytes. Default of Windows
        is 262144. From 512 to 16777215."
      type: int
    first_burst_length:
      description: "C(FirstBurstLength). Most bytes of unsolicited data (RFC 7143). In bytes. Default of Windows
        is 65536. From 512 to 16777215."
      type: int
    max_recv_data_segment_length:
      description: "C(MaxRecvDataSegmentLength). Most bytes of a received PDU (RFC 7143). In bytes. Default of
        Windows is 65536. From 512 to 16777215."
      type: int
    initial_r2t:
      description: "C(InitialR2T). Whether writes wait for R2T (RFC 7143). Default of Windows is false."
      type: bool
    immediate_data:
      description: "C(ImmediateData). Whether commands carry data (RFC 7143). Default of Windows is true."
      type: bool
    max_pending_requests:
      description: "C(MaxPendingRequests). Most requests that are open at a time. Default of Windows is 255.
        From 1 to 65535."
      type: int
    error_recovery_level:
      description: "C(ErrorRecoveryLevel). Highest level that is negotiated (RFC 7143). Default of Windows is 2.
        From 0 to 2."
      type: int
mpio:
  description: Settings of MPIO. Take effect after a restart.
  type: dict
  suboptions:
    pdo_remove_period:
      description: "C(PDORemovePeriod). How long a disk stays after its last path is lost. In seconds. Default
        of Windows is 20. From 10 to 9999."
      type: int
    path_verify_enabled:
      description: "C(PathVerifyEnabled). Whether MPIO tests every path. Default of Windows is false."
      type: bool
    path_verification_period:
      description: "C(PathVerificationPeriod). Pause between two tests of a path. In seconds. Default of Windows
        is 30. From 1 to 9999."
      type: int
    retry_count:
      description: "C(RetryCount). Attempts of a request before MPIO fails over. Default of Windows is 3. From 3
        to 9999."
      type: int
    retry_interval:
      description: "C(RetryInterval). Pause between two attempts of a request. In seconds. Default of Windows is
        1. From 1 to 9999."
      type: int
    use_custom_path_recovery_interval:
      description: "C(UseCustomPathRecoveryInterval). Whether path_recovery_interval counts. Default of Windows
        is false."
      type: bool
    path_recovery_interval:
      description: "C(PathRecoveryInterval). How long MPIO waits for a path to recover. In seconds. Default of
        Windows is 40. From 10 to 9999."
      type: int
    disk_path_check_interval:
      description: "C(DiskPathCheckInterval). Pause between two tests of the paths of a disk. In seconds.
        Default of Windows is 10. From 1 to 9999."
      type: int
    dsm_maximum_retry_time_during_state_transition:
      description: "C(DsmMaximumRetryTimeDuringStateTransition). Limit for repeating requests while an array
        changes the state of its paths. In seconds. From 0 to 9999."
      type: int
    dsm_maximum_state_transition_time:
      description: "C(DsmMaximumStateTransitionTime). The same limit for persistent reservations. In seconds.
        From 0 to 9999."
      type: int
disk_timeout:
  description: "C(TimeOutValue). Time limit of a request to any disk of the host. In seconds. Default of
    Windows is 60. From 1 to 9999. Takes effect after a restart."
  type: int
"""
# end host settings
_HOST_SETTINGS = (
    _SETTINGS_OF_TABLES
    + r"""
dependent_services:
  description:
    - Services that start only after MSiSCSI, since they need its disks. Each is the name of a service, or a mapping
      with C(name) and C(state). MSiSCSI is added to what the service depends on. Everything else there stays.
    - Drivers, and services that Windows needs before MSiSCSI, are refused. So is every service while MSiSCSI is
      disabled, since none would start.
    - Takes effect after a restart.
  type: list
  elements: raw
firewall:
  description:
    - Rules of the Windows firewall for MSiSCSI. They are needed for notifications of iSNS servers, and for outbound
      connections only where the firewall blocks them by default. Takes effect at once.
  type: dict
  suboptions:
    inbound:
      description: Whether the rule C(MsiScsi-In-TCP) is enabled.
      type: bool
    outbound:
      description: Whether the rule C(MsiScsi-Out-TCP) is enabled.
      type: bool
claim_iscsi_disks:
  description:
    - Whether MPIO claims every iSCSI disk (C(MSFT2005iSCSIBusType_0x9)), as C(Enable-MSDSMAutomaticClaim) sets it.
      Takes effect after a restart.
  type: bool
"""
)

_UNSPECIFIED = r"""
notes:
  - V(unspecified) declares that Windows holds no value for the option and uses its default.
"""


class ModuleDocFragment:
    """winstorage.iscsi.state and its parts."""

    DOCUMENTATION = r"""
options:
  discovery_time_limit:
    description:
      - Time limit for each discovery, in seconds. V(0) means no limit.
      - A portal that does not answer can block a discovery for minutes.
    type: int
    default: 60
  login_time_limit:
    description: Time limit for each login and logout, in seconds. V(0) means no limit.
    type: int
    default: 60
  time_limit:
    description:
      - Time limit for all calls of one round trip, in seconds. V(0) means no limit.
      - Host settings are written without a limit of their own. The task keyword C(timeout) bounds them.
    type: int
    default: 300
attributes:
  action:
    description:
      - Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
  action_group:
    description:
      - Use C(group/winstorage.iscsi.initiator) in C(module_defaults) to set defaults for all modules of the collection.
    support: full
    membership: [winstorage.iscsi.initiator]
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  become:
    description: Is usable alongside become keywords.
    support: full
  bypass_host_loop:
    description: Forces a global task that does not execute per host.
    support: none
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details: The plan and the diff are the same as in a real run. While MSiSCSI is stopped, only the service can be
      compared.
  connection:
    description: Uses the target's configured connection information to execute code on it.
    support: full
  delegation:
    description: Can be used in conjunction with delegate_to and related keywords.
    support: full
    details: The engine is that of the host to which the task is delegated.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
    details: The diff shows each record with a line for each field. For a secret it shows only whether one is set.
  facts:
    description: Action returns an C(ansible_facts) dictionary that will update existing host facts.
    support: none
  platform:
    description: Target OS/families that can be operated against.
    platforms: windows
    support: full
notes:
  - An omitted option is not managed. Its value on the host stays as it is.
  - Names of targets and initiator instances are compared without regard to letter case. Addresses are compared in
    canonical form, so that V(FD00::0001) and V(fd00::1) are the same.
  - A task takes one round trip to the host if there is nothing to do, and two otherwise.
  - The task checks the whole plan before it changes any record. If the plan cannot be carried out, the task fails and
    names every obstacle.
  - Secrets are never read from the host, and never appear in a result or a diff. Keep them in a vault. Ansible quotes
    lines of the playbook in errors, so do not write them there.
  - MSiSCSI must be running. M(winstorage.iscsi.initiator) can start it.
  - Nothing has to be installed on a host from Windows Server 2016 on. See
    R(the guide to engines,ansible_collections.winstorage.iscsi.docsite.engines).
"""

    # with a type, because ansible-test takes an assignment without one for the text of a fragment
    BIND_ALL_VOLUMES: str = _options(_BIND_ALL_VOLUMES)
    FORCE: str = _options(_FORCE)
    HOST_SETTINGS: str = _options(_HOST_SETTINGS)
    INITIATOR: str = _options(_INITIATOR)
    LOGIN: str = _options(_LOGIN)
    PERSISTENT_LOGIN: str = _options(_PERSISTENT_LOGIN)
    REFRESH_ISNS_SERVERS: str = _options(_REFRESH_ISNS_SERVERS)
    SECURITY_FLAGS: str = _options(_SECURITY_FLAGS)
    SESSION_STATE: str = _options(_SESSION_STATE)
    SETTINGS: str = _options(_SETTINGS)
    STATE: str = _options(_STATE)
    STATIC_TARGET: str = _options(_STATIC_TARGET)
    TARGET_PORTAL: str = _options(_TARGET_PORTAL)
    UPDATE_SECRET: str = _options(_UPDATE_SECRET)

    LOGIN_OPTIONS: str = _options(_LOGIN_OPTIONS) + _UNSPECIFIED

    # what initiator_state takes as lists and mappings
    PARTS: str = (
        _options(
            _list_of(
                "target_portals",
                "SendTargets portals. Each entry has the options of M(winstorage.iscsi.target_portal).",
                _TARGET_PORTAL,
                _INITIATOR,
                _SECURITY_FLAGS,
                _LOGIN_OPTIONS,
                _UPDATE_SECRET,
                _STATE,
            ),
            _list_of(
                "static_targets",
                "Static targets. Each entry has the options of M(winstorage.iscsi.static_target).",
                _STATIC_TARGET,
                _LOGIN_OPTIONS,
                _UPDATE_SECRET,
                _STATE,
            ),
            _list_of(
                "persistent_logins",
                "Persistent logins. Each entry has the options of M(winstorage.iscsi.persistent_login).",
                _LOGIN,
                _PERSISTENT_LOGIN,
                _INITIATOR,
                _SECURITY_FLAGS,
                _LOGIN_OPTIONS,
                _UPDATE_SECRET,
                _STATE,
            ),
            _list_of(
                "sessions",
                "Live sessions without a persistent login. Each entry has the options of M(winstorage.iscsi.session).",
                _LOGIN,
                _INITIATOR,
                _SECURITY_FLAGS,
                _LOGIN_OPTIONS,
                _SESSION_STATE,
            ),
            _dict_of(
                "host_settings",
                "Settings of Windows that iSCSI depends on, with the options of M(winstorage.iscsi.host_settings).",
                _HOST_SETTINGS,
            ),
        )
        + _UNSPECIFIED
    )
