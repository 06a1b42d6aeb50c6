#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.target_portal; the work is in plugins/action/target_portal.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: target_portal
short_description: Manage a SendTargets portal
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - The initiator discovers targets through a target portal by SendTargets. It does so when the portal is added, when
    MSiSCSI starts, and on O(refresh).
  - Address, TCP port, initiator instance and initiator port identify a target portal. All other declared options are
    compared and kept as declared.
  - Windows saves a portal even if its discovery fails. See O(discovery_failure).
  - Targets that were discovered through a portal stay known after the portal is removed.
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.target_portal
  - winstorage.iscsi.state.initiator
  - winstorage.iscsi.state.security_flags
  - winstorage.iscsi.state.login_options
  - winstorage.iscsi.state.update_secret
  - winstorage.iscsi.state.state
seealso:
  - module: winstorage.iscsi.initiator_facts
  - module: winstorage.iscsi.static_target
  - module: winstorage.iscsi.isns_server
  - module: winstorage.iscsi.initiator_state
"""

EXAMPLES = r"""
- name: Discover the targets of an array through both of its portals
  winstorage.iscsi.target_portal:
    address: "{{ item }}"
  loop: [192.0.2.21, 192.0.2.22]

- name: Refresh a portal that requires CHAP for discovery
  winstorage.iscsi.target_portal:
    address: 192.0.2.31
    auth_type: chap
    username: discovery
    secret: "{{ discovery_chap_secret }}"
    refresh: true

- name: Add a portal that may not be up yet
  winstorage.iscsi.target_portal:
    address: array02.example.com
    discovery_failure: warn

- name: Remove the portal of an array that moved
  winstorage.iscsi.target_portal:
    address: 192.0.2.99
    state: absent
"""

RETURN = r"""
target_portals:
  description:
    - The target portals with this identity. In the form of
      RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.target_portals). Null if they could not
      be read.
    - In check mode, the current state.
  returned: success
  type: list
  elements: dict
  sample: []
plan:
  description:
    - The steps of the task in order, each with its reason. In check mode, the steps that it would take.
    - In the form of RV(winstorage.iscsi.initiator_state#module:plan).
  returned: when the host could be read
  type: list
  elements: dict
  sample:
    - kind: target_portals
      action: add
      what: "192.0.2.21:3260 from any instance any port"
      reason: "declared, but missing"
discovery_ok:
  description: Whether the discovery of this run succeeded. Null if the run made none.
  returned: success, and when the discovery failed
  type: bool
  sample: true
lost:
  description:
    - Records that were removed during the change and could not be restored, as options that save them again. Add their
      secrets.
    - The task fails if it has lost a record.
  returned: when a record was lost
  type: dict
  sample:
    "192.0.2.21:3260 from any instance any port":
      - {address: 192.0.2.21, port: 3260}
at_risk:
  description:
    - Records that may be missing now, because the answer to the change did not arrive, as options that save them again.
      Add their secrets.
    - Run the task again first. It reads the host and completes the change.
  returned: when the result of the change is not known
  type: dict
  sample: {}
reboot_required:
  description: Whether Windows reported that the change takes effect only after a restart.
  returned: success
  type: bool
  sample: false
"""
