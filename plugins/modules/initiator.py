#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.initiator; the work is in plugins/action/initiator.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: initiator
short_description: Keep the initiator itself as declared
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Service, names and secrets that belong to the host as a whole.
  - Where MSiSCSI is stopped, the other modules fail. This one starts it.
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
extends_documentation_fragment:
  - winstorage.iscsi.state
notes:
  - Windows has no list of outer addresses of IPsec tunnels. It would tell of IKE information, but its function for that
    hands out keys too, so that it is never called.
  - A Windows that does not support IPsec for iSCSI says so, and the task fails with its answer.
seealso:
  - module: winstorage.iscsi.facts
  - module: winstorage.iscsi.initiator_state
"""

EXAMPLES = r"""
- name: Have persistent logins opened at boot
  winstorage.iscsi.initiator:
    service_state: started
    service_start_mode: automatic

- name: Name the initiator, and give it a secret for mutual CHAP
  winstorage.iscsi.initiator:
    node_name: iqn.2004-01.com.example:sql01
    chap_secret: "{{ sql01_mutual_chap_secret }}"

- name: Change that secret
  winstorage.iscsi.initiator:
    chap_secret: "{{ sql01_new_mutual_chap_secret }}"
    update_secret: always

- name: Identify the initiator to targets with IPsec, and send what tunnels through a gateway
  winstorage.iscsi.initiator:
    ike:
      - id_type: fqdn
        id: sql01.example.com
        key: "{{ sql01_ipsec_key }}"
        security_flags: [valid, ike_ipsec_enabled, main_mode_enabled, tunnel_mode_preferred]
    tunnel_outer_addresses:
      - {destination: 192.0.2.21, outer_address: 198.51.100.7}
"""

RETURN = r"""
host:
  description: As RV(winstorage.iscsi.facts#module:ansible_facts.windows_iscsi.host). In check mode, as it is now.
  returned: success
  type: dict
  sample: {service_state: running, service_start_mode: automatic}
initiator:
  description:
    - As RV(winstorage.iscsi.facts#module:ansible_facts.windows_iscsi.initiator). In check mode, as it is now. Null when
      it could not be read.
  returned: success
  type: dict
  sample: {node_name: "iqn.2004-01.com.example:sql01"}
radius_servers:
  description:
    - All RADIUS servers, when they were read. As
      RV(winstorage.iscsi.facts#module:ansible_facts.windows_iscsi.radius_servers). Null when it could not be read.
    - In check mode, what is there now.
  returned: success
  type: list
  elements: str
  sample: []
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
      sample: service
    action: {description: "C(add), C(replace), C(remove) and the like.", returned: success, type: str, sample: add}
    what:
      description: Which one.
      returned: success
      type: str
      sample: "start_mode"
    reason: {description: Why., returned: success, type: str, sample: "declared, but not there"}
  sample: []
reboot_required:
  description: Whether Windows said that the change takes a restart.
  returned: success
  type: bool
  sample: false
"""
