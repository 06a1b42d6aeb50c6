#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.audit_facts; the work is in plugins/action/audit_facts.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_facts
short_description: Compare an initiator with its declaration, and look for risks
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Reports whether a host will find its disks after the next restart, where its initiator differs from the declaration,
    and which risks it has. It never changes anything, and takes one round trip to the host.
  - The declaration consists of the options of M(winstorage.iscsi.initiator_state), which documents them in detail.
    Without a declaration, the module reports only risks.
  - It also reads the events since the last boot, so that the finding of a login without a session says why, see
    R(why a login failed,ansible_collections.winstorage.iscsi.docsite.events).
  - It also reads the R(host settings,ansible_collections.winstorage.iscsi.docsite.host_settings), so that the report
    can compare the timers of hosts.
  - A stopped MSiSCSI is a finding, and so is a declaration that M(winstorage.iscsi.initiator_state) would refuse. If
    the host cannot be read at all, the task fails.
options:
  service_state:
    description: V(started) means that MSiSCSI must be running.
    type: str
    choices: [started]
  service_start_mode:
    description: Start mode of MSiSCSI.
    type: str
    choices: [automatic, manual, disabled]
  node_name:
    description: iSCSI name of the initiator.
    type: str
  chap_secret:
    description: Secret of the initiator for mutual CHAP. It cannot be read and is never reported as a difference.
    type: str
  radius_secret:
    description: Secret shared with the RADIUS servers. It is never reported as a difference.
    type: str
  group_preshared_key:
    description: Preshared key for IPsec. It is never reported as a difference.
    type: str
  ike:
    description:
      - IKE identifications, as for M(winstorage.iscsi.initiator). They are never read or reported as a difference.
    type: list
    elements: dict
  tunnel_outer_addresses:
    description:
      - Security gateways for IPsec, as for M(winstorage.iscsi.initiator). They are never reported as a difference.
    type: list
    elements: dict
  update_secret:
    description: Accepted so that a declaration can be used unchanged. It has no effect here.
    type: str
    choices: [on_create, always]
    default: on_create
  target_portals:
    description: SendTargets portals. Each entry has the options of M(winstorage.iscsi.target_portal).
    type: list
    elements: dict
  static_targets:
    description: Static targets. Each entry has the options of M(winstorage.iscsi.static_target).
    type: list
    elements: dict
  persistent_logins:
    description:
      - Persistent logins. Each entry has the options of M(winstorage.iscsi.persistent_login).
      - If enforcing the declaration would need a CHAP secret that is not declared, that is a finding too.
    type: list
    elements: dict
  sessions:
    description: Live sessions. Each entry has the options of M(winstorage.iscsi.session).
    type: list
    elements: dict
  isns_servers:
    description: iSNS servers. Each is an address, or a mapping with C(address) and C(state).
    type: list
    elements: raw
  radius_servers:
    description: RADIUS servers. Each is an address, or a mapping with C(address) and C(state).
    type: list
    elements: raw
  persistent_devices:
    description: Bound volumes and devices. Each is a path, or a mapping with C(path) and C(state).
    type: list
    elements: raw
  bind_all_volumes:
    description: Accepted so that a declaration can be used unchanged. It is never reported as a difference.
    type: bool
    default: false
  host_settings:
    description:
      - Settings of Windows that iSCSI depends on, with the options of M(winstorage.iscsi.host_settings). A difference
        is reported for each setting. If its value comes from a profile, the finding names the source.
    type: dict
  purge:
    description: Kinds of records whose undeclared entries are reported as differences.
    type: list
    elements: str
    choices: [persistent_logins, target_portals, isns_servers, radius_servers]
  purge_connected:
    description:
      - Whether an undeclared persistent login that has a live session is reported as a difference. If not, it is a
        finding of severity V(info).
    type: bool
    default: false
  force:
    description: Whether the declaration may end a session that is the last path to a disk.
    type: bool
    default: false
extends_documentation_fragment:
  - winstorage.iscsi.state.refresh_isns_servers
  - winstorage.iscsi.reading
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.facts
  - ansible.builtin.action_common_attributes.flow
notes:
  - Secrets are never read, compared or shown.
seealso:
  - module: winstorage.iscsi.initiator_state
  - module: winstorage.iscsi.initiator_facts
  - plugin: winstorage.iscsi.findings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report risks only
  winstorage.iscsi.audit_facts:

- name: Compare the host with a declaration
  winstorage.iscsi.audit_facts:
    service_start_mode: automatic
    persistent_logins:
      - target: iqn.2004-01.com.example:sql01-data
        portal: {address: 192.0.2.21}
        login_flags: [multipath_enabled]
    purge: [persistent_logins]
  register: audit

- name: Show the findings
  ansible.builtin.debug:
    msg: "{{ audit | winstorage.iscsi.findings }}"

- name: Fail if the host is not as declared
  ansible.builtin.assert:
    that: audit.compliant
"""

RETURN = r"""
state:
  description:
    - What the next restart means for the host. V(at_risk) if a disk is not expected back, or if MSiSCSI does not start
      at boot; V(degraded) if not all that is connected now is expected back; V(ready) if everything is; V(unknown) if
      it could not be read.
    - Unlike the verdict of RV(next_boot), it is there also while MSiSCSI is stopped.
  returned: success
  type: str
  sample: ready
reason:
  description: Why the host is in this state. Null if it is ready, or if RV(attention) names disks.
  returned: success
  type: str
  sample: null
attention:
  description: What needs attention, the most serious first.
  returned: success
  type: list
  elements: str
  sample: []
next_boot:
  description:
    - The forecast of the next restart, in the form of
      RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.next_boot). Null while MSiSCSI is stopped.
  returned: success
  type: dict
  sample: {verdict: ready}
compliant:
  description:
    - Whether the host is as declared. Findings of severity V(info) do not count.
    - Also true if nothing is declared. See RV(declared).
  returned: success
  type: bool
  sample: false
declared:
  description: The parts of the declaration.
  returned: success
  type: list
  elements: str
  sample: [service_start_mode, persistent_logins, purge]
drift:
  description: Differences from the declaration, the most severe first.
  returned: success
  type: list
  elements: dict
  contains:
    severity: {description: "V(critical), V(warning) or V(info).", returned: success, type: str, sample: warning}
    category: {description: "V(drift).", returned: success, type: str, sample: drift}
    kind:
      description:
        - V(missing) for what is declared but not on the host, V(extra) for what must be removed, V(differs) for a field
          with another value.
        - V(blocked) if enforcing the declaration would be refused, V(not_compared) if MSiSCSI is stopped, V(kept) if
          O(purge) would keep an undeclared record, V(unverifiable) if the value on the host cannot be read.
      returned: success
      type: str
      sample: differs
    record:
      description: The kind of record. Empty if the finding is not about a record.
      returned: success
      type: str
      sample: persistent_logins
    what:
      description: The record or setting.
      returned: success
      type: str
      sample: iqn.2004-01.com.example:data through any portal
    field: {description: "Field that differs, or null.", returned: success, type: str, sample: login_flags}
    found: {description: Value on the host., returned: success, type: raw, sample: []}
    declared: {description: Declared value., returned: success, type: raw, sample: [multipath_enabled]}
    source:
      description: Where a declared value comes from if a profile of host settings names it. Otherwise null.
      returned: success
      type: str
      sample: null
    text: {description: The finding in words., returned: success, type: str, sample: login_flags differs}
    remedy:
      description: What to do about it.
      returned: success
      type: str
      sample: "Run the role with initiator_mode: enforce, or change the declaration."
    run:
      description: Tasks that carry out the remedy. Empty if a person has to decide first.
      returned: success
      type: list
      elements: dict
      sample: []
  sample: []
risks:
  description:
    - What may go wrong at the next restart, whether declared or not, the most severe first. Fields as in RV(drift), but
      for C(record), C(field), C(found) and C(declared).
  returned: success
  type: list
  elements: dict
  sample:
    - category: risk
      kind: stale_favourite
      remedy: If the array is gone, remove it.
      run: []
      severity: warning
      text: saved and not connected, and the initiator does not know its target.
      what: iqn.2004-01.com.example:gone through 192.0.2.99:3260
counts:
  description: Number of findings of each severity, drift and risks together.
  returned: success
  type: dict
  sample: {critical: 0, warning: 2, info: 1}
ansible_facts:
  description: Facts to add to those of the host.
  returned: success
  type: dict
  contains:
    windows_iscsi:
      description: As M(winstorage.iscsi.initiator_facts) reports them. While MSiSCSI is stopped, everything but
        C(host) is null.
      returned: success
      type: dict
      sample: {schema_version: 1}
"""
