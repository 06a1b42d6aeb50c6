#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.initiator; the work is in plugins/action/initiator.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: initiator
short_description: Manage the settings of the initiator itself
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Manages the service, the node name, and the secrets and keys that belong to the host as a whole.
  - The other modules fail while MSiSCSI is stopped. This module can start it.
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.settings
notes:
  - IKE information and outer addresses of IPsec tunnels cannot be compared. Windows has no function that lists outer
    addresses. Its function that reads IKE information also returns keys, so the collection never calls it.
  - If Windows does not support IPsec for iSCSI, it returns an error, and the task fails with that error.
seealso:
  - module: winstorage.iscsi.initiator_facts
  - module: winstorage.iscsi.initiator_state
"""

EXAMPLES = r"""
- name: Open persistent logins at boot
  winstorage.iscsi.initiator:
    service_state: started
    service_start_mode: automatic

- name: Set the node name and the secret for mutual CHAP
  winstorage.iscsi.initiator:
    node_name: iqn.2004-01.com.example:sql01
    chap_secret: "{{ sql01_mutual_chap_secret }}"

- name: Change the secret for mutual CHAP (run once)
  winstorage.iscsi.initiator:
    chap_secret: "{{ sql01_new_mutual_chap_secret }}"
    update_secret: always

- name: Set the IKE identification for IPsec, and the gateway for tunnel mode
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
  description:
    - In the form of RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.host).
    - In check mode, the current state.
  returned: success
  type: dict
  sample: {service_state: running, service_start_mode: automatic}
initiator:
  description:
    - In the form of RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.initiator). Null if it
      could not be
      read.
    - In check mode, the current state.
  returned: success
  type: dict
  sample: {node_name: "iqn.2004-01.com.example:sql01"}
radius_servers:
  description:
    - All RADIUS servers of the host. In the form of
      RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.radius_servers). Null if they were not
      read.
    - In check mode, the current state.
  returned: success
  type: list
  elements: str
  sample: []
plan:
  description:
    - The steps of the task in order, each with its reason. In check mode, the steps that it would take.
    - In the form of RV(winstorage.iscsi.initiator_state#module:plan).
  returned: when the host could be read
  type: list
  elements: dict
  sample:
    - kind: service
      action: set
      what: "start_mode"
      reason: "MSiSCSI is manual, declared automatic"
reboot_required:
  description: Whether Windows reported that the change takes effect only after a restart.
  returned: success
  type: bool
  sample: false
"""
