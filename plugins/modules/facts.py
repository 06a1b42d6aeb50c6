#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.facts; the work is in plugins/action/facts.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: facts
short_description: Report the iSCSI initiator of a Windows host
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Reports what the Microsoft iSCSI initiator of a host has saved and what it is connected to, as
    RV(ansible_facts.windows_iscsi).
  - Above all, every persistent login ("favorite target"), which are the sessions that the initiator opens after boot,
    also those that are not connected now; and a forecast whether each disk will be there after the next restart.
  - Nothing on the host is changed. Two runs on an unchanged host give the same facts, byte for byte, so that they can
    be compared and kept in a fact cache.
  - Whatever is asked costs one round trip to the host.
options:
  gather_subset:
    description:
      - What to ask for. V(all) is everything, V(!all) nothing but RV(ansible_facts.windows_iscsi.host), a name adds, a
        name after V(!) leaves out.
      - Names are V(initiator), V(persistent_logins), V(target_portals), V(targets), V(sessions), V(mappings),
        V(isns_servers), V(radius_servers) and V(persistent_devices).
      - A part that was not asked for is null in the facts, never an empty list.
        RV(ansible_facts.windows_iscsi.next_boot) needs V(persistent_logins) and V(sessions).
    type: list
    elements: str
    default: [all]
  include_session_ids:
    description:
      - Whether to report the identifiers of sessions, connections and devices too.
      - They are addresses in the kernel and numbers of the moment, and differ after every login.
    type: bool
    default: false
  time_limit:
    description:
      - How many seconds the initiator may take, V(0) for as long as it wants. A call that does not come back in time is
        an error that names it.
    type: int
    default: 120
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.facts
  - ansible.builtin.action_common_attributes.flow
attributes:
  action:
    support: full
  async:
    support: none
  become:
    support: full
  bypass_host_loop:
    support: none
  check_mode:
    support: full
    details: It runs as it always does.
  connection:
    support: full
  delegation:
    support: full
    details: The engine is that of the host the task is delegated to.
  diff_mode:
    support: none
    details: It changes nothing.
  facts:
    support: full
  platform:
    platforms: windows
    support: full
notes:
  - The host needs nothing installed. Which engine makes the calls is chosen by variables of the inventory, see
    R(the guide to engines,ansible_collections.winstorage.iscsi.docsite.engines). With
    C(winstorage_iscsi_simulator_state) a host is simulated and no Windows is needed.
  - Even reading needs an elevated token on the host.
  - A CHAP secret is never read. Only whether one is set is reported.
seealso:
  - plugin: winstorage.iscsi.summary
    plugin_type: filter
  - plugin: winstorage.iscsi.logins_to
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report the initiator
  winstorage.iscsi.facts:

- name: Show it
  ansible.builtin.debug:
    msg: "{{ ansible_facts.windows_iscsi | winstorage.iscsi.summary }}"

- name: Fail where a disk may be missing after the next restart
  ansible.builtin.assert:
    that: ansible_facts.windows_iscsi.next_boot.verdict != 'at_risk'
    fail_msg: "{{ ansible_facts.windows_iscsi.next_boot.attention }}"

- name: Ask for the persistent logins alone
  winstorage.iscsi.facts:
    gather_subset: [persistent_logins]

- name: Ask for all but the targets that discovery found, and allow five minutes
  winstorage.iscsi.facts:
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
        - What the initiator has saved and is connected to. Lists are sorted by what identifies their entries.
        - A part that was not gathered is null.
      returned: success
      type: dict
      contains:
        schema_version:
          description: Rises when a key goes or changes its meaning. Keys may be added without it.
          returned: success
          type: int
          sample: 1
        host:
          description: What the call runner saw of the host. A value that it could not tell is null.
          returned: success
          type: dict
          contains:
            pointer_bits: {description: "64, or 32 for a 32-bit process.", returned: success, type: int, sample: 64}
            runtime: {description: What made the calls., returned: success, type: str, sample: CLR 4.0.30319}
            dll_version: {description: Version of iscsidsc.dll., returned: success, type: str, sample: 10.0.20348.2400}
            windows_version: {description: Version of Windows., returned: success, type: str, sample: 10.0.20348}
            service_state: {description: State of MSiSCSI., returned: success, type: str, sample: running}
            service_start_mode:
              description: How MSiSCSI starts, C(automatic), C(manual) or C(disabled).
              returned: success
              type: str
              sample: automatic
            service_delayed_start:
              description: Whether it starts automatically but after other services.
              returned: success
              type: bool
              sample: false
            elevated: {description: Whether the token is elevated., returned: success, type: bool, sample: true}
        initiator:
          description: The initiator itself.
          returned: success
          type: dict
          contains:
            node_name:
              description: Its iSCSI name.
              returned: success
              type: str
              sample: iqn.1991-05.com.microsoft:sql01.example.com
            instances:
              description: The initiator's instances, one for each adapter.
              returned: success
              type: list
              elements: str
              sample: ['ROOT\ISCSIPRT\0000_0']
            version: {description: Version of the initiator., returned: success, type: str, sample: 10.0.20348}
        persistent_logins:
          description:
            - Every saved login. Identical ones are one entry with C(copies).
          returned: success
          type: list
          elements: dict
          contains:
            target:
              description: iSCSI name of the target.
              returned: success
              type: str
              sample: iqn.2004-01.com.example:sql01-data
            session_type: {description: "C(data) or C(informational).", returned: success, type: str, sample: data}
            initiator_instance:
              description: The instance that logs in.
              returned: success
              type: str
              sample: ROOT\ISCSIPRT\0000_0
            initiator_port:
              description: Number of the initiator port that the login is bound to, null for any.
              returned: success
              type: int
              sample: 0
            any_initiator_port:
              description: Whether it is bound to no port.
              returned: success
              type: bool
              sample: false
            portal:
              description: Where the target is reached, null for any of its portals.
              returned: success
              type: dict
              contains: &portal
                address: {description: Address or host name., returned: success, type: str, sample: 192.0.2.21}
                port: {description: TCP port., returned: success, type: int, sample: 3260}
                symbolic_name: {description: Its symbolic name., returned: success, type: str, sample: ""}
            security_flags: &security_flags
              description: ISCSI_SECURITY_FLAG_* of the SDK.
              returned: success
              type: dict
              contains: &flags
                names:
                  description: The names of the bits that are set.
                  returned: success
                  type: list
                  elements: str
                  sample: [valid]
                raw: {description: All bits as a number., returned: success, type: int, sample: 1}
                unknown:
                  description: The bits without a name as a hexadecimal number, null for none.
                  returned: success
                  type: str
                  sample: "0x80"
            mappings:
              description: The SCSI numbers that the login asks for its target, null where it leaves them to Windows.
              returned: success
              type: dict
              contains: &mapping
                initiator_instance:
                  description: The instance that has the target.
                  returned: success
                  type: str
                  sample: ROOT\ISCSIPRT\0000_0
                target:
                  description: iSCSI name of the target.
                  returned: success
                  type: str
                  sample: iqn.2004-01.com.example:sql01-data
                os_device_name: {description: Name of the port driver., returned: success, type: str, sample: 'Scsi4:'}
                bus: {description: SCSI bus., returned: success, type: int, sample: 0}
                target_number: {description: SCSI target., returned: success, type: int, sample: 0}
                luns:
                  description: The logical units.
                  returned: success
                  type: list
                  elements: dict
                  contains:
                    os_lun: {description: Its number in Windows., returned: success, type: int, sample: 0}
                    target_lun:
                      description: Its number at the target, as the DLL has it.
                      returned: success
                      type: int
                      sample: 0
                session_id:
                  description: The session it belongs to.
                  returned: when O(include_session_ids=true)
                  type: str
                  sample: ffffac0f5a4c5010-4000013700000001
            login_options: &login_options
              description: ISCSI_LOGIN_OPTIONS of the SDK. An option that is not specified is null, never 0.
              returned: success
              type: dict
              contains:
                login_flags:
                  description: ISCSI_LOGIN_FLAG_* of the SDK.
                  returned: success
                  type: dict
                  contains: *flags
                header_digest: {description: "C(none) or C(crc32c).", returned: success, type: str, sample: none}
                data_digest: {description: "C(none) or C(crc32c).", returned: success, type: str, sample: none}
                maximum_connections:
                  description: Connections in the session.
                  returned: success
                  type: int
                  sample: 1
                default_time2wait:
                  description: Seconds to wait before connecting again.
                  returned: success
                  type: int
                  sample: 2
                default_time2retain:
                  description: Seconds to keep a broken session.
                  returned: success
                  type: int
                  sample: 20
                auth_type:
                  description: C(none), C(chap) or C(mutual_chap).
                  returned: success
                  type: str
                  sample: chap
                username:
                  description: Name for CHAP, or V(0x) and the hexadecimal digits of its bytes where they are not ASCII.
                  returned: success
                  type: str
                  sample: sql01
                password_set: {description: Whether a secret is saved., returned: success, type: bool, sample: true}
                information_specified:
                  description: Which of the options are specified.
                  returned: success
                  type: dict
                  contains: *flags
                version: {description: Version of the structure., returned: success, type: int, sample: 0}
            copies: {description: How many identical ones are saved., returned: success, type: int, sample: 1}
            live_sessions:
              description: How many live sessions go with them, null where sessions were not gathered.
              returned: success
              type: int
              sample: 1
            connected:
              description: Whether any does, null where sessions were not gathered.
              returned: success
              type: bool
              sample: true
        target_portals:
          description: Every portal that is asked for targets by SendTargets.
          returned: success
          type: list
          elements: dict
          contains:
            portal:
              description: The portal.
              returned: success
              type: dict
              contains: *portal
            initiator_instance:
              description: The instance that asks, empty for any.
              returned: success
              type: str
              sample: ROOT\ISCSIPRT\0000_0
            initiator_port: {description: "Its port, null for any.", returned: success, type: int, sample: 0}
            any_initiator_port:
              description: Whether it is bound to no port.
              returned: success
              type: bool
              sample: true
            security_flags: *security_flags
            login_options: *login_options
        targets:
          description: Every target that the initiator knows.
          returned: success
          type: list
          elements: dict
          contains:
            name:
              description: Its iSCSI name.
              returned: success
              type: str
              sample: iqn.2004-01.com.example:sql01-data
            static: {description: Whether it was added by hand., returned: success, type: bool, sample: false}
            discoveries:
              description: Each way it was found and what is known of it from there. What is not known is null.
              returned: success
              type: list
              elements: dict
              contains:
                kind:
                  description: C(sendtargets), C(static), C(isns) or C(other).
                  returned: success
                  type: str
                  sample: sendtargets
                mechanism:
                  description: The same in the initiator's words.
                  returned: success
                  type: str
                  sample: SendTargets:*192.0.2.21 0003260 Root\ISCSIPRT\0000_0
                protocol: {description: "C(tcp).", returned: success, type: str, sample: tcp}
                alias: {description: The target's own name., returned: success, type: str, sample: SQL data}
                initiator:
                  description: The instance to which it was found.
                  returned: success
                  type: str
                  sample: ROOT\ISCSIPRT\0000_0
                target_flags:
                  description: ISCSI_TARGET_FLAG_* of the SDK.
                  returned: success
                  type: dict
                  contains: *flags
                login_options: *login_options
                portal_groups:
                  description: Its portals, a list for each portal group.
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
              description: iSCSI name it was opened with.
              returned: success
              type: str
              sample: iqn.1991-05.com.microsoft:sql01.example.com
            saved:
              description: Whether a persistent login goes with it, null where these were not gathered.
              returned: success
              type: bool
              sample: true
            session_type: {description: Type as the DLL has it., returned: success, type: int, sample: 0}
            maximum_connections: {description: As negotiated., returned: success, type: int, sample: 1}
            error_recovery_level: {description: As negotiated., returned: success, type: int, sample: 0}
            initial_r2t: {description: As negotiated., returned: success, type: bool, sample: false}
            immediate_data: {description: As negotiated., returned: success, type: bool, sample: true}
            first_burst_length: {description: Bytes as negotiated., returned: success, type: int, sample: 65536}
            max_burst_length: {description: Bytes as negotiated., returned: success, type: int, sample: 262144}
            connections:
              description: Its TCP connections.
              returned: success
              type: list
              elements: dict
              contains:
                target_address: {description: Address., returned: success, type: str, sample: 192.0.2.21}
                target_port: {description: TCP port., returned: success, type: int, sample: 3260}
                initiator_address: {description: Address of the host., returned: success, type: str, sample: 192.0.2.11}
                state: {description: State as the DLL has it., returned: success, type: int, sample: 1}
                header_digest: {description: "C(none) or C(crc32c).", returned: success, type: str, sample: none}
                data_digest: {description: "C(none) or C(crc32c).", returned: success, type: str, sample: none}
                auth_type:
                  description: C(none), C(chap) or C(mutual_chap).
                  returned: success
                  type: str
                  sample: chap
                max_recv_data_segment_length:
                  description: Bytes as negotiated.
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
              description: What Windows made of it, null where it did not tell.
              returned: success
              type: list
              elements: dict
              contains:
                initiator_instance:
                  description: The instance that has it.
                  returned: success
                  type: str
                  sample: ROOT\ISCSIPRT\0000_0
                target:
                  description: iSCSI name of the target.
                  returned: success
                  type: str
                  sample: iqn.2004-01.com.example:sql01-data
                device_interface_name:
                  description: Path of its device interface.
                  returned: success
                  type: str
                  sample: '\\?\scsi#disk&ven_contoso&prod_array'
                legacy_name: {description: The usual name., returned: success, type: str, sample: '\\.\PhysicalDrive2'}
                device_number: {description: Number of the disk., returned: success, type: int, sample: 2}
                device_type: {description: "FILE_DEVICE_*, 7 for a disk.", returned: success, type: int, sample: 7}
                partition_number: {description: "0, or null.", returned: success, type: int, sample: 0}
                device_interface_type:
                  description: Class of its device interface.
                  returned: success
                  type: str
                  sample: '{53f56307-b6bf-11d0-94f2-00a0c91efb8b}'
                scsi_port: {description: SCSI port., returned: success, type: int, sample: 4}
                scsi_bus: {description: SCSI bus., returned: success, type: int, sample: 0}
                scsi_target: {description: SCSI target., returned: success, type: int, sample: 0}
                scsi_lun: {description: SCSI logical unit number., returned: success, type: int, sample: 0}
                device_instance:
                  description: Handle of the device node.
                  returned: when O(include_session_ids=true)
                  type: int
                  sample: 17
            luns:
              description: What SCSI says of each logical unit, null where Windows maps none.
              returned: success
              type: list
              elements: dict
              contains:
                os_lun: {description: Its number in Windows., returned: success, type: int, sample: 0}
                target_lun: {description: Its number at the target., returned: success, type: int, sample: 0}
                vendor: {description: From INQUIRY., returned: success, type: str, sample: CONTOSO}
                product: {description: From INQUIRY., returned: success, type: str, sample: ARRAY}
                revision: {description: From INQUIRY., returned: success, type: str, sample: "1.0"}
                serial: {description: From VPD page 0x80., returned: success, type: str, sample: 6F00A1}
                identifiers:
                  description: From VPD page 0x83, those of the logical unit.
                  returned: success
                  type: list
                  elements: str
                  sample: [naa.6001405a1b2c3d4e5f60718293a4b5c6]
                block_size: {description: Bytes., returned: success, type: int, sample: 512}
                size:
                  description: Bytes. Null from 2 TiB on, which is more than READ CAPACITY (10) can say.
                  returned: success
                  type: int
                  sample: 107374182400
                problem: {description: "Why a value is not known.", returned: success, type: str, sample: null}
            session_id:
              description: Identifier of the session, as C(iscsicli) writes it.
              returned: when O(include_session_ids=true)
              type: str
              sample: ffffac0f5a4c5010-4000013700000001
            isid:
              description: The initiator's part of the session identifier of the protocol.
              returned: when O(include_session_ids=true)
              type: str
              sample: 40-00-01-37-00-00
            tsid:
              description: The target's part of it.
              returned: when O(include_session_ids=true)
              type: str
              sample: 00-01
        mappings:
          description: The SCSI numbers of the targets that are connected now.
          returned: success
          type: list
          elements: dict
          contains: *mapping
        isns_servers:
          description: iSNS servers.
          returned: success
          type: list
          elements: str
          sample: [isns.example.com]
        radius_servers:
          description: RADIUS servers.
          returned: success
          type: list
          elements: str
          sample: []
        persistent_devices:
          description: Devices that the service waits for before it reports itself as started ("bound" volumes).
          returned: success
          type: list
          elements: str
          sample: ['D:\']
        next_boot:
          description:
            - A forecast of the next restart. It takes a saved login that has a live session now for proven.
            - Null unless both C(persistent_logins) and C(sessions) were gathered.
          returned: success
          type: dict
          contains:
            verdict:
              description:
                - V(ready) when every disk comes back over as many paths as now, V(degraded) when one comes back over
                  fewer, V(at_risk) when one does not.
              returned: success
              type: str
              sample: ready
            service_start_mode:
              description: How MSiSCSI starts.
              returned: success
              type: str
              sample: automatic
            service_starts:
              description: Whether it starts by itself, null where that is not known.
              returned: success
              type: bool
              sample: true
            disks:
              description: Each disk that is there now.
              returned: success
              type: list
              elements: dict
              contains:
                id:
                  description: Its identifier or serial number, or else its target and number.
                  returned: success
                  type: str
                  sample: naa.6001405a1b2c3d4e5f60718293a4b5c6
                names:
                  description: Its names in Windows.
                  returned: success
                  type: list
                  elements: str
                  sample: ['\\.\PhysicalDrive2']
                targets:
                  description: The targets that show it.
                  returned: success
                  type: list
                  elements: str
                  sample: ['iqn.2004-01.com.example:sql01-data']
                size: {description: "Bytes, or null.", returned: success, type: int, sample: 107374182400}
                serial: {description: Serial number., returned: success, type: str, sample: 6F00A1}
                paths_now: {description: Sessions that show it., returned: success, type: int, sample: 2}
                paths_expected:
                  description: Saved logins to its targets that are proven.
                  returned: success
                  type: int
                  sample: 2
                paths_unproven:
                  description: Saved logins to its targets that have no live session.
                  returned: success
                  type: int
                  sample: 0
                outlook:
                  description: V(same), V(fewer_paths), V(unproven) or V(lost).
                  returned: success
                  type: str
                  sample: same
                reason: {description: "Why, or null.", returned: success, type: str, sample: null}
            sessions_not_saved:
              description: Live sessions that no persistent login goes with.
              returned: success
              type: list
              elements: dict
              sample: [{target: 'iqn.2004-01.com.example:scratch', portal: {address: 192.0.2.21, port: 3260}}]
            logins_not_connected:
              description: Persistent logins without a live session. A null portal or port is any.
              returned: success
              type: list
              elements: dict
              sample:
                - target: iqn.2004-01.com.example:gone
                  portal: {address: 192.0.2.99, port: 3260}
                  initiator_port: null
            attention:
              description: What deserves attention, in sentences, the worst first.
              returned: success
              type: list
              elements: str
              sample: ["Saved but not connected: iqn.2004-01.com.example:gone through 192.0.2.99 port 3260."]
        warnings:
          description: What the initiator could not tell, and flags that contradict each other.
          returned: success
          type: list
          elements: str
          sample: []
"""
