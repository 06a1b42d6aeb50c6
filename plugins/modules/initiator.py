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
  update_secret:
    description:
      - When O(chap_secret), O(radius_secret) and O(group_preshared_key) are set.
      - Windows tells neither what they are nor whether they are set. V(on_create) therefore sets one in each run, and
        reports a change, as long as nothing that is saved uses it; from then on it is taken for set. O(chap_secret) is
        used by a persistent login or target portal with mutual CHAP, O(group_preshared_key) by one with IPsec,
        O(radius_secret) by a RADIUS server.
      - V(always) sets them in each run. To change a secret, run the task once with it.
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
  - Windows can also hold IKE information and outer addresses of IPsec tunnels. It has no list of either, so that they
    could not be kept as declared, and there is no option for them.
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
