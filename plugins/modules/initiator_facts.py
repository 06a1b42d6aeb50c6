#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.initiator_facts; the work is in plugins/action/initiator_facts.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: initiator_facts
short_description: Report the iSCSI initiator of a Windows host
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Reports the saved configuration and the live sessions of a host's Microsoft iSCSI initiator as
    RV(ansible_facts.windows_iscsi).
  - The facts contain every persistent login ("favorite target"), including those that are not connected now. They also
    forecast whether each disk will be there after the next restart.
  - The module never changes the host. As long as the host does not change, each run returns exactly the same facts, so
    they can be compared and kept in a fact cache.
  - The task takes one round trip to the host, whatever it gathers.
options:
  gather_subset:
    description:
      - Parts to gather. A name adds a part, and V(!) in front of a name leaves it out. V(all) means all parts but
        V(events) and V(host_settings). V(!all) means none but RV(ansible_facts.windows_iscsi.host), which is always
        there.
      - Names are V(initiator), V(persistent_logins), V(target_portals), V(targets), V(sessions), V(mappings),
        V(isns_servers), V(radius_servers), V(persistent_devices), V(initiator_ports), V(saved_addresses), V(policies),
        V(disks), V(events) and V(host_settings).
      - A part that is not gathered is null, never an empty list. RV(ansible_facts.windows_iscsi.next_boot) needs
        V(persistent_logins) and V(sessions).
    type: list
    elements: str
    default: [all]
  include_session_ids:
    description:
      - Report also the identifiers of sessions, connections and devices.
      - Windows assigns new ones at each login, so facts with identifiers differ after every login.
    type: bool
    default: false
extends_documentation_fragment:
  - winstorage.iscsi.reading
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.facts
  - ansible.builtin.action_common_attributes.flow
notes:
  - Nothing has to be installed on a host from Windows Server 2016 on. Inventory variables choose the engine that makes
    the calls, see R(the guide to engines,ansible_collections.winstorage.iscsi.docsite.engines). With
    C(winstorage_iscsi_simulator_state), the host is simulated and no Windows is needed.
  - Reading the initiator needs an elevated token on the host.
  - CHAP secrets are never read. The facts report only whether a secret is set.
seealso:
  - plugin: winstorage.iscsi.summary
    plugin_type: filter
  - plugin: winstorage.iscsi.logins_to
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Gather the facts of the initiator
  winstorage.iscsi.initiator_facts:

- name: Show them on one page
  ansible.builtin.debug:
    msg: "{{ ansible_facts.windows_iscsi | winstorage.iscsi.summary }}"

- name: Fail if a disk may be missing after the next restart
  ansible.builtin.assert:
    that: ansible_facts.windows_iscsi.next_boot.verdict != 'at_risk'
    fail_msg: "{{ ansible_facts.windows_iscsi.next_boot.attention }}"

- name: Gather only the persistent logins
  winstorage.iscsi.initiator_facts:
    gather_subset: [persistent_logins]

- name: Gather everything but the known targets, within five minutes
  winstorage.iscsi.initiator_facts:
    gather_subset: ['!targets']
    time_limit: 300
"""

RETURN = r"""
ansible_facts:
  description: Facts to add to those of the host.
  returned: success
  type: dict
  contains:
    windows_iscsi:
      description:
        - Saved configuration and live sessions of the initiator. Lists are sorted by the identity of their entries.
        - A part that was not gathered is null.
      returned: success
      type: dict
      contains:
        schema_version:
          description: Version of the structure. It rises when a key is removed or changes its meaning.
          returned: success
          type: int
          sample: 1
        host:
          description: The host. A value that could not be determined is null.
          returned: success
          type: dict
          contains:
            pointer_bits:
              description: Pointer size of the process that made the calls, C(64) or C(32).
              returned: success
              type: int
              sample: 64
            runtime: {description: Runtime that made the calls., returned: success, type: str, sample: CLR 4.0.30319}
            dll_version: {description: Version of iscsidsc.dll., returned: success, type: str, sample: 10.0.20348.2400}
            windows_version: {description: Version of Windows., returned: success, type: str, sample: 10.0.20348}
            service_state: {description: State of MSiSCSI., returned: success, type: str, sample: running}
            service_start_mode:
              description: Start mode of MSiSCSI, such as C(automatic), C(manual) or C(disabled).
              returned: success
              type: str
              sample: automatic
            service_delayed_start:
              description: Whether MSiSCSI has a delayed start, after the other automatic services.
              returned: success
              type: bool
              sample: false
            elevated:
              description: Whether the calls were made with an elevated token.
              returned: success
              type: bool
              sample: true
            policies:
              description:
                - Whether each group policy of the initiator is enabled, by the name of its registry value. What an
                  enabled policy forbids ends with ISDSC_RESTRICTED_BY_GROUP_POLICY.
                - Null where the registry could not be read.
              returned: success
              type: dict
              sample: {RestrictAdditionalLogins: false, RequireOneWayCHAP: true}
        initiator:
          description: The initiator itself.
          returned: success
          type: dict
          contains:
            node_name:
              description: iSCSI name of the initiator.
              returned: success
              type: str
              sample: iqn.1991-05.com.microsoft:sql01.example.com
            instances:
              description: Initiator instances, one for each adapter.
              returned: success
              type: list
              elements: str
              sample: ['ROOT\ISCSIPRT\0000_0']
            version: {description: Version of the initiator., returned: success, type: str, sample: 10.0.20348}
        persistent_logins:
          description:
            - Every persistent login. Identical logins are one entry with their number in C(copies).
          returned: success
          type: list
          elements: dict
          contains:
            target:
              description: iSCSI name of the target.
              returned: success
              type: str
              sample: iqn.2004-01.com.example:sql01-data
            session_type:
              description: C(data), or C(informational) for a session that serves discovery only.
              returned: success
              type: str
              sample: data
            initiator_instance:
              description: Initiator instance that logs in.
              returned: success
              type: str
              sample: ROOT\ISCSIPRT\0000_0
            initiator_port:
              description: Number of the initiator port that the login is bound to. Null means any port.
              returned: success
              type: int
              sample: 0
            any_initiator_port:
              description: Whether it is for any initiator port.
              returned: success
              type: bool
              sample: false
            initiator_address: &initiator_address
              description: Address that the initiator port has today. Null if that is not known.
              returned: success
              type: str
              sample: 192.0.2.11
            saved_initiator_address: &saved_initiator_address
              description:
                - Address that the initiator port had when the record was saved, as far as the registry tells.
                - Null if that is not known.
              returned: success
              type: str
              sample: 192.0.2.11
            portal:
              description: Portal of the target. Null means any of its portals.
              returned: success
              type: dict
              contains: &portal
                address: {description: Address or host name., returned: success, type: str, sample: 192.0.2.21}
                port: {description: TCP port., returned: success, type: int, sample: 3260}
                symbolic_name: {description: Symbolic name., returned: success, type: str, sample: ""}
            security_flags: &security_flags
              description: Security flags (ISCSI_SECURITY_FLAG_* of the SDK).
              returned: success
              type: dict
              contains: &flags
                names:
                  description: Names of the bits that are set.
                  returned: success
                  type: list
                  elements: str
                  sample: [valid]
                raw: {description: All bits as a number., returned: success, type: int, sample: 1}
                unknown:
                  description: Bits without a name, as a hexadecimal number. Null if there are none.
                  returned: success
                  type: str
                  sample: "0x80"
            mappings:
              description: SCSI numbers that are saved for the target. Null if Windows chooses them.
              returned: success
              type: dict
              contains: &mapping
                initiator_instance:
                  description: Initiator instance of the target.
                  returned: success
                  type: str
                  sample: ROOT\ISCSIPRT\0000_0
                target:
                  description: iSCSI name of the target.
                  returned: success
                  type: str
                  sample: iqn.2004-01.com.example:sql01-data
                os_device_name: {description: Name of the SCSI port., returned: success, type: str, sample: 'Scsi4:'}
                bus: {description: SCSI bus number., returned: success, type: int, sample: 0}
                target_number: {description: SCSI target number., returned: success, type: int, sample: 0}
                luns:
                  description: The logical units.
                  returned: success
                  type: list
                  elements: dict
                  contains:
                    os_lun: {description: Logical unit number in Windows., returned: success, type: int, sample: 0}
                    target_lun:
                      description: Logical unit number at the target, as the DLL returns it.
                      returned: success
                      type: int
                      sample: 0
                session_id:
                  description: Session that the numbers belong to.
                  returned: when O(include_session_ids=true)
                  type: str
                  sample: ffffac0f5a4c5010-4000013700000001
            login_options: &login_options
              description: Login options (ISCSI_LOGIN_OPTIONS). An option that is not specified is null, never 0.
              returned: success
              type: dict
              contains:
                login_flags:
                  description: Login flags (ISCSI_LOGIN_FLAG_* of the SDK).
                  returned: success
                  type: dict
                  contains: *flags
                header_digest: {description: "C(none) or C(crc32c).", returned: success, type: str, sample: none}
                data_digest: {description: "C(none) or C(crc32c).", returned: success, type: str, sample: none}
                maximum_connections:
                  description: Maximum number of connections in the session.
                  returned: success
                  type: int
                  sample: 1
                default_time2wait:
                  description: Seconds to wait before reconnecting after a connection is lost.
                  returned: success
                  type: int
                  sample: 2
                default_time2retain:
                  description: Seconds to keep the session after a connection is lost.
                  returned: success
                  type: int
                  sample: 20
                auth_type:
                  description: C(none), C(chap) or C(mutual_chap).
                  returned: success
                  type: str
                  sample: chap
                username:
                  description: User name for CHAP. If it is not ASCII text, V(0x) and its bytes as hexadecimal digits.
                  returned: success
                  type: str
                  sample: sql01
                default_username:
                  description:
                    - The node name that Windows saved as the user name, because none was given. Then C(username) is
                      null, and C(information_specified) does not have it.
                    - A user name counts as filled in if it is the present node name, if it has the form of Windows'
                      own node names, or if a login without CHAP has it too.
                  returned: success
                  type: str
                  sample: null
                password_set: {description: Whether a CHAP secret is set., returned: success, type: bool, sample: true}
                information_specified:
                  description: Options that are specified (ISCSI_LOGIN_OPTIONS_* of the SDK).
                  returned: success
                  type: dict
                  contains: *flags
                version: {description: Version of the structure., returned: success, type: int, sample: 0}
            copies: {description: Number of identical logins., returned: success, type: int, sample: 1}
            live_sessions:
              description: Number of live sessions of these logins. Null if sessions were not gathered.
              returned: success
              type: int
              sample: 1
            connected:
              description: Whether there is such a live session. Null if sessions were not gathered.
              returned: success
              type: bool
              sample: true
        target_portals:
          description: Every SendTargets portal.
          returned: success
          type: list
          elements: dict
          contains:
            portal:
              description: Address and TCP port.
              returned: success
              type: dict
              contains: *portal
            initiator_instance:
              description: Initiator instance that runs the discovery. Empty means any.
              returned: success
              type: str
              sample: ROOT\ISCSIPRT\0000_0
            initiator_port:
              description: Number of the initiator port that the portal is bound to. Null means any port.
              returned: success
              type: int
              sample: 0
            any_initiator_port:
              description: Whether it is for any initiator port.
              returned: success
              type: bool
              sample: true
            initiator_address: *initiator_address
            saved_initiator_address: *saved_initiator_address
            security_flags: *security_flags
            login_options: *login_options
        targets:
          description: Every target that the initiator knows.
          returned: success
          type: list
          elements: dict
          contains:
            name:
              description: iSCSI name of the target.
              returned: success
              type: str
              sample: iqn.2004-01.com.example:sql01-data
            static: {description: Whether it is a static target., returned: success, type: bool, sample: false}
            discoveries:
              description: Each discovery that found the target, with its information. What is not known is null.
              returned: success
              type: list
              elements: dict
              contains:
                kind:
                  description: Kind of discovery, C(sendtargets), C(static), C(isns) or C(other).
                  returned: success
                  type: str
                  sample: sendtargets
                mechanism:
                  description: The discovery as the initiator names it.
                  returned: success
                  type: str
                  sample: SendTargets:*192.0.2.21 0003260 Root\ISCSIPRT\0000_0
                protocol: {description: Protocol of the target., returned: success, type: str, sample: tcp}
                alias: {description: Alias of the target., returned: success, type: str, sample: SQL data}
                initiator:
                  description: Initiator instance that found it.
                  returned: success
                  type: str
                  sample: ROOT\ISCSIPRT\0000_0
                target_flags:
                  description: Target flags (ISCSI_TARGET_FLAG_* of the SDK).
                  returned: success
                  type: dict
                  contains: *flags
                login_options: *login_options
                portal_groups:
                  description: Portals of the target, a list for each portal group.
                  returned: success
                  type: list
                  elements: list
                  sample: [[{address: 192.0.2.21, port: 3260, symbolic_name: ""}]]
        sessions:
          description: Every live session.
          returned: success
          type: list
          elements: dict
          contains:
            target:
              description: iSCSI name of the target.
              returned: success
              type: str
              sample: iqn.2004-01.com.example:sql01-data
            initiator_node:
              description: iSCSI name of the initiator in this session.
              returned: success
              type: str
              sample: iqn.1991-05.com.microsoft:sql01.example.com
            saved:
              description: Whether a persistent login accounts for it. Null if persistent logins were not gathered.
              returned: success
              type: bool
              sample: true
            session_type: {description: Type as the DLL returns it., returned: success, type: int, sample: 0}
            maximum_connections: {description: Negotiated value., returned: success, type: int, sample: 1}
            error_recovery_level: {description: Negotiated value., returned: success, type: int, sample: 0}
            initial_r2t: {description: Negotiated value., returned: success, type: bool, sample: false}
            immediate_data: {description: Negotiated value., returned: success, type: bool, sample: true}
            first_burst_length: {description: Negotiated value in bytes., returned: success, type: int, sample: 65536}
            max_burst_length: {description: Negotiated value in bytes., returned: success, type: int, sample: 262144}
            connections:
              description: TCP connections of the session.
              returned: success
              type: list
              elements: dict
              contains:
                target_address: {description: Address of the target., returned: success, type: str, sample: 192.0.2.21}
                target_port: {description: TCP port of the target., returned: success, type: int, sample: 3260}
                initiator_address: {description: Address of the host., returned: success, type: str, sample: 192.0.2.11}
                state: {description: State as the DLL returns it., returned: success, type: int, sample: 1}
                header_digest: {description: "C(none) or C(crc32c).", returned: success, type: str, sample: none}
                data_digest: {description: "C(none) or C(crc32c).", returned: success, type: str, sample: none}
                auth_type:
                  description: C(none), C(chap) or C(mutual_chap).
                  returned: success
                  type: str
                  sample: chap
                max_recv_data_segment_length:
                  description: Negotiated value in bytes.
                  returned: success
                  type: int
                  sample: 262144
                initiator_tcp_port:
                  description: TCP port of the host.
                  returned: when O(include_session_ids=true)
                  type: int
                  sample: 49731
                connection_id:
                  description: Identifier of the connection.
                  returned: when O(include_session_ids=true)
                  type: str
                  sample: ffffac0f5a4c5010-0000000000000001
                cid:
                  description: The connection's number within its session, as bytes.
                  returned: when O(include_session_ids=true)
                  type: str
                  sample: 01-00
            devices:
              description: Devices of the session. Null if Windows did not report them.
              returned: success
              type: list
              elements: dict
              contains:
                initiator_instance:
                  description: Initiator instance of the device.
                  returned: success
                  type: str
                  sample: ROOT\ISCSIPRT\0000_0
                target:
                  description: iSCSI name of the target.
                  returned: success
                  type: str
                  sample: iqn.2004-01.com.example:sql01-data
                device_interface_name:
                  description: Path of the device interface.
                  returned: success
                  type: str
                  sample: '\\?\scsi#disk&ven_contoso&prod_array'
                legacy_name:
                  description: Name of the disk.
                  returned: success
                  type: str
                  sample: '\\.\PhysicalDrive2'
                device_number: {description: Number of the disk., returned: success, type: int, sample: 2}
                device_type: {description: "FILE_DEVICE_*, 7 for a disk.", returned: success, type: int, sample: 7}
                partition_number:
                  description: Partition number. C(0) for a whole disk, null if there is none.
                  returned: success
                  type: int
                  sample: 0
                device_interface_type:
                  description: Class of the device interface.
                  returned: success
                  type: str
                  sample: '{53f56307-b6bf-11d0-94f2-00a0c91efb8b}'
                scsi_port: {description: SCSI port., returned: success, type: int, sample: 4}
                scsi_bus: {description: SCSI bus number., returned: success, type: int, sample: 0}
                scsi_target: {description: SCSI target., returned: success, type: int, sample: 0}
                scsi_lun: {description: SCSI logical unit number., returned: success, type: int, sample: 0}
                device_instance:
                  description: Handle of the device node.
                  returned: when O(include_session_ids=true)
                  type: int
                  sample: 17
            luns:
              description: Logical units as their SCSI answers describe them. Null if Windows maps none.
              returned: success
              type: list
              elements: dict
              contains:
                os_lun: {description: Logical unit number in Windows., returned: success, type: int, sample: 0}
                target_lun:
                  description: Logical unit number at the target.
                  returned: success
                  type: int
                  sample: 0
                vendor: {description: Vendor from INQUIRY data., returned: success, type: str, sample: CONTOSO}
                product: {description: Product from INQUIRY data., returned: success, type: str, sample: ARRAY}
                revision: {description: Revision from INQUIRY data., returned: success, type: str, sample: "1.0"}
                serial:
                  description: Serial number from VPD page 0x80.
                  returned: success
                  type: str
                  sample: 6F00A1
                identifiers:
                  description: Identifiers of the logical unit from VPD page 0x83.
                  returned: success
                  type: list
                  elements: str
                  sample: [naa.6001405a1b2c3d4e5f60718293a4b5c6]
                block_size: {description: Block size in bytes., returned: success, type: int, sample: 512}
                size:
                  description: Size in bytes. Null from 2 TiB on, which READ CAPACITY (10) cannot express.
                  returned: success
                  type: int
                  sample: 107374182400
                problem:
                  description: Reason why a value is not known, or null.
                  returned: success
                  type: str
                  sample: null
            session_id:
              description: Identifier of the session, as C(iscsicli) writes it.
              returned: when O(include_session_ids=true)
              type: str
              sample: ffffac0f5a4c5010-4000013700000001
            isid:
              description: Initiator part of the session identifier in the iSCSI protocol (ISID).
              returned: when O(include_session_ids=true)
              type: str
              sample: 40-00-01-37-00-00
            tsid:
              description: Target part of the session identifier in the iSCSI protocol (TSIH).
              returned: when O(include_session_ids=true)
              type: str
              sample: 00-01
        mappings:
          description: SCSI numbers of the targets that are connected now.
          returned: success
          type: list
          elements: dict
          contains: *mapping
        isns_servers:
          description: Addresses of the iSNS servers.
          returned: success
          type: list
          elements: str
          sample: [isns.example.com]
        radius_servers:
          description: Addresses of the RADIUS servers.
          returned: success
          type: list
          elements: str
          sample: []
        persistent_devices:
          description: Bound volumes and devices. MSiSCSI waits for them at boot before it reports itself as started.
          returned: success
          type: list
          elements: str
          sample: ['D:\']
        initiator_ports:
          description:
            - The ports of each initiator instance. Windows gives out their numbers anew when adapters change.
            - Null where the management class MSiSCSI_PortalInfoClass could not be read.
          returned: success
          type: list
          elements: dict
          contains:
            initiator_instance:
              description: Initiator instance.
              returned: success
              type: str
              sample: ROOT\ISCSIPRT\0000_0
            number: {description: Number of the port., returned: success, type: int, sample: 0}
            address:
              description: IP address of the port today. Null if Windows reports none.
              returned: success
              type: str
              sample: 192.0.2.11
        disks:
          description:
            - The disks of the initiator as Windows knows them. What Windows does not report is null.
            - Null where the storage classes of Windows could not be read.
          returned: success
          type: list
          elements: dict
          contains:
            number: {description: Number of PhysicalDrive., returned: success, type: int, sample: 1}
            unique_id:
              description: Identifier of the disk, as Windows writes it.
              returned: success
              type: str
              sample: 6001405A1B2C3D4E5F60718293A4B5C6
            serial: {description: Serial number., returned: success, type: str, sample: 6F00A1}
            friendly_name: {description: Name of the model., returned: success, type: str, sample: NETAPP LUN C-Mode}
            size: {description: Size in bytes., returned: success, type: int, sample: 4398046511104}
            bus_type: {description: "Bus, such as C(iscsi).", returned: success, type: str, sample: iscsi}
            offline: {description: Whether the disk is offline., returned: success, type: bool, sample: false}
            offline_reason:
              description: Why it is offline, such as C(policy), C(redundant_path) or C(collision).
              returned: success
              type: str
              sample: null
            read_only: {description: Whether the disk is read-only., returned: success, type: bool, sample: false}
            clustered: {description: Whether a cluster uses the disk., returned: success, type: bool, sample: false}
            uninitialized:
              description: Whether it has no partition table.
              returned: success
              type: bool
              sample: false
            volumes: &volumes
              description: Volumes on the disk, those with a drive letter first.
              returned: success
              type: list
              elements: dict
              contains:
                paths:
                  description: Drive letter and mount points.
                  returned: success
                  type: list
                  elements: str
                  sample: ['E:']
                label: {description: Label of the file system., returned: success, type: str, sample: SQLDATA}
                file_system: {description: File system., returned: success, type: str, sample: NTFS}
                size: {description: Size in bytes., returned: success, type: int, sample: 4398029733888}
        events:
          description:
            - What Windows logged about the initiator since the last boot, see
              R(why a login failed,ansible_collections.winstorage.iscsi.docsite.events). It changes by itself.
          returned: when O(gather_subset) names C(events)
          type: dict
          contains:
            since: {description: Time of the last boot., returned: success, type: str, sample: "2026-11-23T06:00:00Z"}
            entries:
              description: An entry for all events that say the same, the most severe first.
              returned: success
              type: list
              elements: dict
              contains:
                provider:
                  description: C(iScsiPrt), C(MSiSCSI) or C(mpio).
                  returned: success
                  type: str
                  sample: iScsiPrt
                id: {description: Number of the event., returned: success, type: int, sample: 1}
                kind:
                  description: What happened, as a word that stays the same.
                  returned: success
                  type: str
                  sample: portal_unreachable
                severity:
                  description: C(critical), C(warning), or C(info) also for what is over.
                  returned: success
                  type: str
                  sample: warning
                target: {description: Target concerned., returned: success, type: str, sample: null}
                portal:
                  description: Portal concerned.
                  returned: success
                  type: dict
                  sample: {address: 192.0.2.99, port: 3260}
                disk: {description: Disk concerned., returned: success, type: str, sample: null}
                text:
                  description: What happened in words.
                  returned: success
                  type: str
                  sample: the portal could not be reached
                remedy:
                  description: What to do about it.
                  returned: success
                  type: str
                  sample: Check the network to the portal, and whether the array still has this address.
                count: {description: Number of events., returned: success, type: int, sample: 13}
                first: {description: Time of the first., returned: success, type: str, sample: "2026-11-23T06:00:12Z"}
                last: {description: Time of the last., returned: success, type: str, sample: "2026-11-23T07:00:31Z"}
        host_settings:
          description:
            - Settings of Windows that iSCSI depends on, see
              R(host settings,ansible_collections.winstorage.iscsi.docsite.host_settings). Null if the registry could
              not be read.
            - A setting is a mapping with C(value), C(set) and C(default). While it is not set, C(value) is the default,
              or null if the default is not known.
          returned: when O(gather_subset) names C(host_settings)
          type: dict
          contains:
            adapter_created:
              description:
                - Whether Windows has created the initiator's adapter, which the first start of MSiSCSI does.
                - Null if it could not be read.
              returned: success
              type: bool
              sample: true
            timers:
              description: Settings of the initiator. Null if there is no adapter yet, or if they could not be read.
              returned: success
              type: dict
              sample: {link_down_time: {value: 15, set: false, default: 15}}
            mpio_installed:
              description: Whether MPIO is installed. Null if it could not be read.
              returned: success
              type: bool
              sample: true
            mpio:
              description:
                - Settings of MPIO, as C(Get-MPIOSetting) shows them. Of two keys that have a value, the one of msdsm
                  counts.
                - Null if it is not installed, or if they could not be read.
              returned: success
              type: dict
              sample: {pdo_remove_period: {value: 130, set: true, default: 20}}
            disk_timeout:
              description: Time limit of disks in seconds. Null if it could not be read.
              returned: success
              type: dict
              sample: {value: 60, set: true, default: 60}
            dependent_services:
              description: Services that start only after MSiSCSI. Null if they could not be read completely.
              returned: success
              type: list
              elements: dict
              contains:
                name: {description: Name of the service., returned: success, type: str, sample: LanmanServer}
                depends_on:
                  description: All that it depends on.
                  returned: success
                  type: list
                  elements: str
                  sample: [SamSS, Srv2, MSiSCSI]
            firewall:
              description:
                - Whether the rules C(inbound) and C(outbound) of iSCSI are enabled. A rule that is missing is null.
                - Null if they could not be read.
              returned: success
              type: dict
              sample: {inbound: false, outbound: false}
            claim_iscsi_disks:
              description: Whether MPIO claims every iSCSI disk. Null if it is not installed, or could not be read.
              returned: success
              type: bool
              sample: true
            claimed_devices:
              description:
                - Devices that MPIO claims, as it lists them.
                - Null if it is not installed, or if they could not be read.
              returned: success
              type: list
              elements: str
              sample: [MSFT2005iSCSIBusType_0x9]
        next_boot:
          description:
            - Forecast of the next restart. A persistent login that has a live session now is expected to work again.
            - Null unless both C(persistent_logins) and C(sessions) were gathered.
          returned: success
          type: dict
          contains:
            verdict:
              description:
                - V(ready) if every live session has a persistent login, so that every disk is expected back over as
                  many paths as now.
                - V(degraded) if every disk is expected back, but a live session has no persistent login.
                - V(at_risk) if a disk is not expected back, or if MSiSCSI does not start automatically and there are
                  persistent logins or live sessions.
              returned: success
              type: str
              sample: ready
            service_start_mode:
              description: Start mode of MSiSCSI.
              returned: success
              type: str
              sample: automatic
            service_starts:
              description:
                - Whether MSiSCSI starts automatically. Null if that is not known.
                - If it does not, no persistent login is expected to be opened at boot. This rests on Microsoft's help,
                  which says that the initiator reconnects once this service is loaded. It was not tried on Windows.
              returned: success
              type: bool
              sample: true
            disks:
              description: Every iSCSI disk that is there now.
              returned: success
              type: list
              elements: dict
              contains:
                id:
                  description: Identifier or serial number of the disk, or else its target and logical unit number.
                  returned: success
                  type: str
                  sample: naa.6001405a1b2c3d4e5f60718293a4b5c6
                names:
                  description: Names of the disk in Windows.
                  returned: success
                  type: list
                  elements: str
                  sample: ['\\.\PhysicalDrive2']
                targets:
                  description: Targets that present the disk.
                  returned: success
                  type: list
                  elements: str
                  sample: ['iqn.2004-01.com.example:sql01-data']
                size: {description: "Size in bytes, or null.", returned: success, type: int, sample: 107374182400}
                volumes: *volumes
                offline: {description: Whether Windows has it offline., returned: success, type: bool, sample: false}
                offline_reason: {description: Why it is offline., returned: success, type: str, sample: null}
                read_only: {description: Whether it is read-only., returned: success, type: bool, sample: false}
                clustered: {description: Whether a cluster uses it., returned: success, type: bool, sample: false}
                uninitialized:
                  description: Whether it has no partition table.
                  returned: success
                  type: bool
                  sample: false
                serial: {description: Serial number., returned: success, type: str, sample: 6F00A1}
                paths_now: {description: Sessions that the disk has now., returned: success, type: int, sample: 2}
                paths_expected:
                  description: Sessions of the disk with a persistent login. C(0) if MSiSCSI does not start by itself.
                  returned: success
                  type: int
                  sample: 2
                paths_unproven:
                  description: Persistent logins to its targets without a live session. Nothing shows that they work.
                  returned: success
                  type: int
                  sample: 0
                outlook:
                  description:
                    - V(same) if the disk is expected back over as many paths as now, V(fewer_paths) if over fewer.
                    - V(unproven) if it has persistent logins, but none with a live session.
                    - V(lost) if it has no persistent login, or if MSiSCSI does not start automatically.
                  returned: success
                  type: str
                  sample: same
                reason:
                  description: Reason for the outlook. Null if it is V(same).
                  returned: success
                  type: str
                  sample: null
            volumes:
              description:
                - The volumes of all disks by name, with the outlook of their disk.
                - Null where the storage classes of Windows were not read.
              returned: success
              type: list
              elements: dict
              sample: [{name: 'E:', disk: naa.6001405a1b2c3d4e5f60718293a4b5c6, outlook: same}]
            sessions_not_saved:
              description: Live sessions without a persistent login.
              returned: success
              type: list
              elements: dict
              sample: [{target: 'iqn.2004-01.com.example:scratch', portal: {address: 192.0.2.21, port: 3260}}]
            logins_not_connected:
              description:
                - Persistent logins without a live session. A null portal or initiator port means any.
                - C(reasons) are lines about the events that explain it. Null if the events were not read.
              returned: success
              type: list
              elements: dict
              sample:
                - target: iqn.2004-01.com.example:gone
                  portal: {address: 192.0.2.99, port: 3260}
                  initiator_port: null
                  reasons: ["the portal could not be reached (13 times, last 2026-11-23 07:00 UTC)"]
            attention:
              description: Sentences about what deserves attention, the worst first.
              returned: success
              type: list
              elements: str
              sample: ["Saved but not connected: iqn.2004-01.com.example:gone through 192.0.2.99 port 3260."]
        warnings:
          description: What could not be read, and flags that contradict each other.
          returned: success
          type: list
          elements: str
          sample: []
"""
