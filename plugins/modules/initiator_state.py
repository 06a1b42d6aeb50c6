#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.initiator_state; the work is in plugins/action/initiator_state.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: initiator_state
short_description: Keep a whole initiator as declared
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - All of a host's declaration in one task, and two round trips at the most however much there is to do.
  - It is done in an order in which each step finds what it needs. First comes the service, then names and secrets,
    servers, portals with their discovery, static targets, persistent logins, live sessions, bound devices.
  - Every value is optional. See R(the guide to declarations,ansible_collections.winstorage.iscsi.docsite.declaring).
options:
  service_state:
    description:
      - V(started) starts MSiSCSI when it does not run. Without the service nothing else can be read or changed.
    type: str
    choices: [started]
  service_start_mode:
    description: How MSiSCSI starts. Persistent logins are opened at boot only when it is V(automatic).
    type: str
    choices: [automatic, manual, disabled]
  node_name:
    description: iSCSI name of the initiator. Sessions that are up keep the one they have.
    type: str
  chap_secret:
    description:
      - The initiator's own secret, with which targets prove themselves in mutual CHAP; one for the whole host. As text
        of 12 to 16 characters or as hexadecimal digits after V(0x). When it is set tells O(update_secret).
    type: str
  radius_secret:
    description: Secret shared with the RADIUS servers, 22 to 26 characters. When it is set tells O(update_secret).
    type: str
  group_preshared_key:
    description: Key for IPsec with all targets that have none of their own. When it is set tells O(update_secret).
    type: str
  ike:
    description:
      - How the initiator identifies itself to targets in IKE, and the preshared key that goes with it, for each of its
        instances or ports. When they are set tells O(update_secret).
      - What is not listed stays. No function is documented that removes one.
    type: list
    elements: dict
    suboptions:
      initiator_instance: &adapter
        description: The instance of the initiator, such as V(ROOT\\ISCSIPRT\\0000_0). Omitted means each of the host.
        type: str
      initiator_port: &adapter_port
        description: Number of the initiator's port, which stands for one of its addresses. Omitted means every port.
        type: int
      auth_method:
        description: Windows has this one.
        type: str
        choices: [preshared_key]
        default: preshared_key
      id_type:
        description: What O(ike[].id) is.
        type: str
        choices: [ipv4_address, fqdn, user_fqdn, ipv6_address]
        required: true
      id:
        description: An IP address, a domain name, or a user name such as V(sql01@example.com).
        type: str
        required: true
      key:
        description: The preshared key, as text or hexadecimal digits after V(0x).
        type: str
        required: true
      security_flags:
        description:
          - How a connection is secured, as M(winstorage.iscsi.persistent_login) takes it. Omitted means none, so
            that Windows does as it does by default.
        type: raw
  tunnel_outer_addresses:
    description:
      - Addresses of the security gateways that IPsec in tunnel mode goes through. When they are set tells
        O(update_secret).
      - What is not listed stays.
    type: list
    elements: dict
    suboptions:
      initiator_instance: *adapter
      initiator_port: *adapter_port
      destination:
        description: Address of the target's portal behind the gateway.
        type: str
        required: true
      outer_address:
        description: Address of the gateway.
        type: str
        required: true
  update_secret:
    description:
      - When O(chap_secret), O(radius_secret), O(group_preshared_key), O(ike) and O(tunnel_outer_addresses) are set.
      - Windows tells neither what they are nor whether they are set. V(on_create) therefore sets one in each run, and
        reports a change, as long as nothing that is saved uses it; from then on it is taken for set. O(chap_secret) is
        used by a persistent login or target portal with mutual CHAP, O(group_preshared_key) and O(ike) by one with
        IPsec, O(tunnel_outer_addresses) by one that prefers tunnel mode, O(radius_secret) by a RADIUS server.
      - V(always) sets them in each run. To change one, or add one later, run the task once with it.
    type: str
    choices: [on_create, always]
    default: on_create
  radius_servers:
    description: RADIUS servers by address, each as text, or as a mapping with C(address) and C(state). Others stay.
    type: list
    elements: raw
  target_portals:
    description: SendTargets portals, as M(winstorage.iscsi.target_portal) takes them.
    type: list
    elements: dict
    suboptions:
      address: &address
        description: IPv4 or IPv6 address, or host name.
        type: str
        required: true
      port: &port
        description: TCP port.
        type: int
        default: 3260
      symbolic_name: &symbolic_name
        description: Symbolic name of the portal.
        type: str
      refresh: &refresh
        description:
          - Ask the portal again, even though nothing else is to be done. That alone is not reported as a change.
        type: bool
        default: false
      discovery_failure: &discovery_failure
        description: What a discovery is that fails in this run, an error or a warning. See RV(discovery_ok).
        type: str
        choices: [fail, warn]
        default: fail
      initiator_instance: &initiator_instance
        description:
          - The instance of the initiator, such as V(ROOT\\ISCSIPRT\\0000_0).
          - When omitted, it is that of the record there is, or the only one of the host. Where several come into
            question the task is refused.
        type: str
      initiator_port: &initiator_port
        description:
          - Number of the initiator's port, which stands for one of its addresses. Omitted means any port.
          - It belongs to the identity. A record for any port and one for port V(0) are two records.
        type: int
      security_flags: &security_flags
        description:
          - A list of names, a number, or the flags as C(winstorage.iscsi.facts) reports them. An empty list is no flag.
          - Names are V(valid), V(ike_ipsec_enabled), V(main_mode_enabled), V(aggressive_mode_enabled), V(pfs_enabled),
            V(transport_mode_preferred) and V(tunnel_mode_preferred).
          - Without V(valid) the others mean nothing. Flags that contradict each other are told by a warning, and set.
        type: raw
      login_flags: &login_flags
        description:
          - A list of names, a number, or the flags as C(winstorage.iscsi.facts) reports them. An empty list is no flag.
          - Names are V(require_ipsec), V(multipath_enabled), V(allow_portal_hopping), V(use_radius_response) and
            V(use_radius_verification).
          - With V(multipath_enabled) a warning tells when MPIO claims no device of the host.
        type: raw
      header_digest: &header_digest
        description: V(none), V(crc32c), or V(unspecified).
        type: str
      data_digest: &data_digest
        description: V(none), V(crc32c), or V(unspecified).
        type: str
      maximum_connections: &maximum_connections
        description: Connections in the session, 1 to 65535, or V(unspecified).
        type: str
      default_time2wait: &default_time2wait
        description: Seconds to wait before connecting again, or V(unspecified).
        type: str
      default_time2retain: &default_time2retain
        description: Seconds to keep a broken session, or V(unspecified).
        type: str
      auth_type: &auth_type
        description: V(none), V(chap), V(mutual_chap), or V(unspecified).
        type: str
      username: &username
        description:
          - User name for CHAP, or V(0x) and the hexadecimal digits of its bytes, or V(unspecified). Windows takes the
            node name of the initiator when none is specified.
        type: str
      secret: &secret
        description:
          - Secret for CHAP with the target, as text of 12 to 16 characters or as hexadecimal digits after V(0x). With
            the login flag V(require_ipsec) it may be shorter.
          - Windows cannot change a record and does not give its secret back. To change anything of a record that has
            one takes its secret, and the task is refused without.
        type: str
      update_secret: &update_secret
        description:
          - V(on_create) sets the secret when the record is made, made again for another reason, or has none.
          - V(always) makes the record again each time, and so reports a change each time.
          - Windows does not give a secret back, so a changed secret cannot be noticed with V(on_create). To change one,
            run the task once with V(always).
        type: str
        choices: [on_create, always]
        default: on_create
      state: &state
        description: Whether it shall be there.
        type: str
        choices: [present, absent]
        default: present
  static_targets:
    description: Targets that are not discovered, as M(winstorage.iscsi.static_target) takes them.
    type: list
    elements: dict
    suboptions:
      target: &target
        description: iSCSI name of the target.
        type: str
        required: true
      alias: &alias
        description: A name for people.
        type: str
      portals: &portals
        description:
          - Where the target is reached; one portal group, in any order. Each portal is text such as V(192.0.2.21),
            V(192.0.2.21:3260) or V([2001:db8::21]:3260), or a mapping with C(address) and C(port). The port is V(3260)
            when omitted.
        type: list
        elements: raw
      target_flags: &target_flags
        description:
          - A list of names, a number, or the flags as C(winstorage.iscsi.facts) reports them. An empty list is no flag.
          - With V(hide_static_target) Windows does not report the target, so that nothing can be compared. Such a
            target is added again in each run.
        type: raw
      login_flags: *login_flags
      header_digest: *header_digest
      data_digest: *data_digest
      maximum_connections: *maximum_connections
      default_time2wait: *default_time2wait
      default_time2retain: *default_time2retain
      auth_type: *auth_type
      username: *username
      secret: *secret
      update_secret: *update_secret
      state: *state
  persistent_logins:
    description: Persistent logins, as M(winstorage.iscsi.persistent_login) takes them.
    type: list
    elements: dict
    suboptions:
      target: *target
      portal: &portal
        description:
          - Where the target is reached, as text such as V(192.0.2.21), V(192.0.2.21:3260) or V([2001:db8::21]:3260), or
            as a mapping with C(address) and C(port). The port is V(3260) when omitted. Omitted means any portal of the
            target.
          - It belongs to the identity.
        type: raw
      copies: &copies
        description:
          - How many there shall be. Each identical record is a session of its own at boot, which is wanted for several
            sessions to one portal and a mistake otherwise.
        type: int
        default: 1
      ipsec_key: &ipsec_key
        description:
          - Preshared key for IPsec, as text or hexadecimal digits after V(0x). It goes with the login and is not
            compared.
        type: str
      symbolic_name: *symbolic_name
      mappings: &mappings
        description: SCSI numbers that the login asks for. Omitted leaves them to Windows.
        type: dict
        suboptions:
          bus:
            description: SCSI bus.
            type: int
            required: true
          target_number:
            description: SCSI target.
            type: int
            required: true
          luns:
            description: The logical units.
            type: list
            elements: dict
            required: true
            suboptions:
              os_lun:
                description: Number that Windows shall give it.
                type: int
                required: true
              target_lun:
                description: Its number at the target, as the DLL has it and C(winstorage.iscsi.facts) reports it.
                type: int
                required: true
      initiator_instance: *initiator_instance
      initiator_port: *initiator_port
      security_flags: *security_flags
      session_type: &session_type
        description: A session for data, or for discovery alone.
        type: str
        choices: [data, informational]
      connected: &connected
        description:
          - Whether a live session shall go with it now. Omitted leaves live sessions alone.
          - V(false) is refused while the session is the last path to a disk, see C(force).
        type: bool
      login_flags: *login_flags
      header_digest: *header_digest
      data_digest: *data_digest
      maximum_connections: *maximum_connections
      default_time2wait: *default_time2wait
      default_time2retain: *default_time2retain
      auth_type: *auth_type
      username: *username
      secret: *secret
      update_secret: *update_secret
      state: *state
  sessions:
    description: Live sessions beside persistent logins, as M(winstorage.iscsi.session) takes them.
    type: list
    elements: dict
    suboptions:
      target: *target
      portal: *portal
      copies: *copies
      ipsec_key: *ipsec_key
      symbolic_name: *symbolic_name
      mappings: *mappings
      initiator_instance: *initiator_instance
      initiator_port: *initiator_port
      security_flags: *security_flags
      login_flags: *login_flags
      header_digest: *header_digest
      data_digest: *data_digest
      maximum_connections: *maximum_connections
      default_time2wait: *default_time2wait
      default_time2retain: *default_time2retain
      auth_type: *auth_type
      username: *username
      secret: *secret
      state: *state
  isns_servers:
    description: iSNS servers by address, each as text, or as a mapping with C(address) and C(state).
    type: list
    elements: raw
  persistent_devices:
    description: Bound volumes and devices by path, each as text, or as a mapping with C(path) and C(state).
    type: list
    elements: raw
  bind_all_volumes:
    description:
      - Have Windows bind every volume and device that is on a persistent login now, in place of what was bound before.
      - In check mode what would come of it is not known, and no change is reported.
    type: bool
    default: false
  purge:
    description:
      - Kinds of which nothing shall stay that is not declared. Nothing of other kinds is removed unless declared
        V(absent).
      - Logins and portals go once those that the same task adds are there.
      - A kind of which nothing is declared is refused, so that an empty list never removes everything.
      - A persistent login that a live session goes with is spared and named in RV(kept), unless
        O(purge_connected=true).
    type: list
    elements: str
    choices: [persistent_logins, target_portals, isns_servers, radius_servers]
  purge_connected:
    description: Purge persistent logins behind live sessions too. The sessions stay up until the next restart.
    type: bool
    default: false
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.force
seealso:
  - module: winstorage.iscsi.facts
  - module: winstorage.iscsi.initiator
  - module: winstorage.iscsi.target_portal
  - module: winstorage.iscsi.persistent_login
"""

EXAMPLES = r"""
- name: Keep the initiator as declared
  winstorage.iscsi.initiator_state:
    service_state: started
    service_start_mode: automatic
    target_portals:
      - {address: 192.0.2.21}
      - {address: 192.0.2.22}
    persistent_logins:
      - target: iqn.2004-01.com.example:sql01-data
        portal: 192.0.2.21
        login_flags: [multipath_enabled]
        auth_type: chap
        username: sql01
        secret: "{{ sql01_chap_secret }}"
        connected: true
      - target: iqn.2004-01.com.example:sql01-data
        portal: 192.0.2.22
        login_flags: [multipath_enabled]
        auth_type: chap
        username: sql01
        secret: "{{ sql01_chap_secret }}"
        connected: true

- name: Remove the favourites and portals that nobody declared
  winstorage.iscsi.initiator_state:
    target_portals: "{{ iscsi_portals }}"
    persistent_logins: "{{ iscsi_logins }}"
    purge: [persistent_logins, target_portals]
"""

RETURN = r"""
next_boot:
  description:
    - The forecast of the next restart, and beside it C(host), C(initiator), C(persistent_logins) and all else that was
      read. As RV(winstorage.iscsi.facts#module:ansible_facts.windows_iscsi).
    - In check mode, as it is now.
  returned: when persistent logins or sessions are declared
  type: dict
  sample: {verdict: ready}
discovery_ok:
  description: Whether each portal answered that was asked in this run.
  returned: success, and when a discovery failed
  type: dict
  sample: {"192.0.2.21:3260 from any instance any port": true}
plan:
  description: What was to be done, in order and with a reason each; in check mode, what would be done.
  returned: success, and when something stands in the way
  type: list
  elements: dict
  contains:
    kind:
      description: "What it is about, such as C(persistent_logins)."
      returned: success
      type: str
      sample: persistent_logins
    action: {description: "C(add), C(replace), C(remove) and the like.", returned: success, type: str, sample: add}
    what:
      description: Which one.
      returned: success
      type: str
      sample: "iqn.2004-01.com.example:sql01-data through any portal"
    reason: {description: Why., returned: success, type: str, sample: "declared, but not there"}
  sample: []
kept:
  description: What a purge spared, and why.
  returned: when it spared something
  type: list
  elements: str
  sample: ["iqn.2004-01.com.example:scratch through any portal: a live session goes with it"]
lost:
  description:
    - Records that are gone without being meant to, as options that make them again. Their secrets must be added.
    - A task that has lost one fails.
  returned: when a record is gone
  type: dict
  sample:
    "iqn.2004-01.com.example:data through any portal": [{target: "iqn.2004-01.com.example:data"}]
at_risk:
  description:
    - Records that may be missing, as options that make them again, because the connection broke after the change was
      sent. Their secrets must be added.
    - Run the task again. It finds out what is there and finishes the change.
  returned: when the answer to the change did not arrive
  type: dict
  sample: {}
reboot_required:
  description: Whether Windows said that the change takes a restart.
  returned: success
  type: bool
  sample: false
"""
