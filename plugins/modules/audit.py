#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.audit; the work is in plugins/action/audit.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: audit
short_description: Compare an initiator with its declaration, and look for risks
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Tells whether a host will find its disks after the next restart, where its initiator differs from what is declared,
    and what is at risk. It never changes anything, and costs one round trip to the host.
  - Takes the declaration of M(winstorage.iscsi.initiator_state), where each option is documented. Without any, it looks
    for risks alone.
  - A stopped MSiSCSI and a declaration that would be refused are findings. A host that cannot be read at all is an
    error.
options:
  service_state:
    description: Whether MSiSCSI runs.
    type: str
    choices: [started]
  service_start_mode:
    description: How MSiSCSI starts.
    type: str
    choices: [automatic, manual, disabled]
  node_name:
    description: iSCSI name of the initiator.
    type: str
  chap_secret:
    description: The initiator's own secret. It cannot be read, so it is never a difference.
    type: str
  radius_secret:
    description: Secret shared with the RADIUS servers. It is never a difference.
    type: str
  group_preshared_key:
    description: Key for IPsec. It is never a difference.
    type: str
  ike:
    description: IKE information, as M(winstorage.iscsi.initiator) takes it. It is never read, so it is no difference.
    type: list
    elements: dict
  tunnel_outer_addresses:
    description: Gateways of IPsec tunnels, as M(winstorage.iscsi.initiator) takes them. They are never a difference.
    type: list
    elements: dict
  update_secret:
    description: Taken for the sake of M(winstorage.iscsi.initiator_state); an audit does the same with both.
    type: str
    choices: [on_create, always]
    default: on_create
  target_portals:
    description: SendTargets portals, as M(winstorage.iscsi.target_portal) takes them.
    type: list
    elements: dict
  static_targets:
    description: Targets that are not discovered, as M(winstorage.iscsi.static_target) takes them.
    type: list
    elements: dict
  persistent_logins:
    description:
      - Persistent logins, as M(winstorage.iscsi.persistent_login) takes them.
      - A secret that is left out here is one that enforcing the declaration may lack. That is found, too.
    type: list
    elements: dict
  sessions:
    description: Live sessions, as M(winstorage.iscsi.session) takes them.
    type: list
    elements: dict
  isns_servers:
    description: iSNS servers by address, each as text, or as a mapping with C(address) and C(state).
    type: list
    elements: raw
  radius_servers:
    description: RADIUS servers by address, each as text, or as a mapping with C(address) and C(state).
    type: list
    elements: raw
  persistent_devices:
    description: Bound volumes and devices by path, each as text, or as a mapping with C(path) and C(state).
    type: list
    elements: raw
  bind_all_volumes:
    description: Taken for the sake of M(winstorage.iscsi.initiator_state). It is never a difference.
    type: bool
    default: false
  purge:
    description: Kinds of which what is there but not declared is a difference.
    type: list
    elements: str
    choices: [persistent_logins, target_portals, isns_servers, radius_servers]
  purge_connected:
    description: Whether an undeclared persistent login behind a live session is a difference, or only a remark.
    type: bool
    default: false
  force:
    description: Whether a session that is to end may be the last path to a disk.
    type: bool
    default: false
  time_limit:
    description: How many seconds the initiator may take, V(0) for as long as it wants.
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
  - A secret is never read, compared or shown.
seealso:
  - module: winstorage.iscsi.initiator_state
  - module: winstorage.iscsi.facts
  - plugin: winstorage.iscsi.findings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look for risks alone
  winstorage.iscsi.audit:

- name: Compare with a declaration
  winstorage.iscsi.audit:
    service_start_mode: automatic
    persistent_logins:
      - target: iqn.2004-01.com.example:sql01-data
        portal: {address: 192.0.2.21}
        login_flags: [multipath_enabled]
    purge: [persistent_logins]
  register: audit

- name: Show what was found
  ansible.builtin.debug:
    msg: "{{ audit | winstorage.iscsi.findings }}"

- name: Fail where the host is not as declared
  ansible.builtin.assert:
    that: audit.compliant
"""

RETURN = r"""
next_boot:
  description:
    - The forecast of the next restart, as RV(winstorage.iscsi.facts#module:ansible_facts.windows_iscsi.next_boot). Null
      while MSiSCSI is stopped.
  returned: success
  type: dict
  sample: {verdict: ready}
compliant:
  description:
    - Whether the host is as declared. Remarks, which are findings of severity V(info), do not matter.
    - Also true when nothing is declared, see RV(declared).
  returned: success
  type: bool
  sample: false
declared:
  description: Which parts of a declaration were given.
  returned: success
  type: list
  elements: str
  sample: [service_start_mode, persistent_logins, purge]
drift:
  description: Differences from the declaration, the worst first.
  returned: success
  type: list
  elements: dict
  contains:
    severity: {description: "V(critical), V(warning) or V(info).", returned: success, type: str, sample: warning}
    category: {description: "V(drift).", returned: success, type: str, sample: drift}
    kind:
      description:
        - V(missing), V(extra) or V(differs).
        - V(blocked) where enforcing the declaration would be refused, V(not_compared) while MSiSCSI is stopped, V(kept)
          for what a purge spares, V(unverifiable) for what cannot be read.
      returned: success
      type: str
      sample: differs
    record:
      description: The kind of record, empty where it is about none.
      returned: success
      type: str
      sample: persistent_logins
    what:
      description: Which one.
      returned: success
      type: str
      sample: iqn.2004-01.com.example:data through any portal
    field: {description: "The field that differs, or null.", returned: success, type: str, sample: login_flags}
    found: {description: What is there., returned: success, type: raw, sample: []}
    declared: {description: What is declared., returned: success, type: raw, sample: [multipath_enabled]}
    text: {description: All of it in words., returned: success, type: str, sample: login_flags differs}
    remedy:
      description: What to do.
      returned: success
      type: str
      sample: "Run the role with initiator_mode: enforce, or declare what is there."
    run: {description: Tasks that are the remedy., returned: success, type: list, elements: dict, sample: []}
  sample: []
risks:
  description: What may go wrong at the next restart, whether declared or not, the worst first. Fields as in RV(drift).
  returned: success
  type: list
  elements: dict
  sample:
    - category: risk
      kind: stale_favourite
      remedy: If the array is gone, remove it.
      run: []
      severity: warning
      text: saved, not connected, and the initiator does not know its target.
      what: iqn.2004-01.com.example:gone through 192.0.2.99:3260
counts:
  description: How many findings there are of each severity, drift and risks together.
  returned: success
  type: dict
  sample: {critical: 0, warning: 2, info: 1}
ansible_facts:
  description: Facts to add to those of the host.
  returned: success
  type: dict
  contains:
    windows_iscsi:
      description: As M(winstorage.iscsi.facts) reports them. While MSiSCSI is stopped all but C(host) is null.
      returned: success
      type: dict
      sample: {schema_version: 1}
"""
