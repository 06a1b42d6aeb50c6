#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.initiator_state; the work is in plugins/action/initiator_state.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: initiator_state
short_description: Manage a whole initiator
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Applies the whole declaration of a host in one task. It takes two round trips at most, however much there is to do.
  - The order of work ensures that each step finds what it needs. The service comes first, then the node name and
    secrets, iSNS and RADIUS servers, target portals with their discovery, static targets, persistent logins, live
    sessions, bound devices, and host settings.
  - All options are optional. See R(the guide to declarations,ansible_collections.winstorage.iscsi.docsite.declaring).
options:
  isns_servers:
    description: iSNS servers. Each is an address, or a mapping with C(address) and C(state).
    type: list
    elements: raw
  persistent_devices:
    description: Bound volumes and devices. Each is a path, or a mapping with C(path) and C(state).
    type: list
    elements: raw
  purge:
    description:
      - Kinds of records whose undeclared entries are removed. Of all other kinds, only entries that are declared
        V(absent) are removed.
      - Undeclared persistent logins and target portals are removed only after all additions of the task have succeeded.
      - A purge is refused for a kind with no declared entry, so that an empty list never removes everything.
      - An undeclared persistent login that has a live session is kept and listed in RV(kept), unless
        O(purge_connected=true).
    type: list
    elements: str
    choices: [persistent_logins, target_portals, isns_servers, radius_servers]
  purge_connected:
    description: Purge also persistent logins that have a live session. The sessions stay open until the next restart.
    type: bool
    default: false
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.settings
  - winstorage.iscsi.state.parts
  - winstorage.iscsi.state.bind_all_volumes
  - winstorage.iscsi.state.refresh_isns_servers
  - winstorage.iscsi.state.force
seealso:
  - module: winstorage.iscsi.initiator_facts
  - module: winstorage.iscsi.initiator
  - module: winstorage.iscsi.target_portal
  - module: winstorage.iscsi.static_target
  - module: winstorage.iscsi.persistent_login
  - module: winstorage.iscsi.session
  - module: winstorage.iscsi.host_settings
"""

EXAMPLES = r"""
- name: Manage the whole initiator
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

- name: Remove undeclared persistent logins and target portals
  winstorage.iscsi.initiator_state:
    target_portals: "{{ iscsi_portals }}"
    persistent_logins: "{{ iscsi_logins }}"
    purge: [persistent_logins, target_portals]
"""

RETURN = r"""
next_boot:
  description:
    - The forecast of the next restart, in the form of
      RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.next_boot).
    - All other parts of RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi) that were read are
      returned too,
      such as C(host), C(initiator) and C(persistent_logins).
    - In check mode, the current state.
  returned: when persistent logins or sessions are declared
  type: dict
  sample: {verdict: ready}
discovery_ok:
  description: Whether the discovery through each portal succeeded, for the discoveries of this run.
  returned: success, and when a discovery failed
  type: dict
  sample: {"192.0.2.21:3260 from any instance any port": true}
plan:
  description: The steps of the task in order, each with its reason. In check mode, the steps that it would take.
  returned: when the host could be read
  type: list
  elements: dict
  contains:
    kind:
      description: Part of the configuration, such as C(persistent_logins).
      returned: success
      type: str
      sample: persistent_logins
    action:
      description: C(add), C(replace), C(copies), C(remove), C(set), C(refresh), C(login) or C(logout).
      returned: success
      type: str
      sample: add
    what:
      description: The record or setting.
      returned: success
      type: str
      sample: "iqn.2004-01.com.example:sql01-data through 192.0.2.21:3260 from any instance any port"
    reason:
      description: Why the step is needed.
      returned: success
      type: str
      sample: "declared, but missing"
  sample: []
kept:
  description: Undeclared records that O(purge) did not remove, each with the reason.
  returned: when a record was kept
  type: list
  elements: str
  sample: ["iqn.2004-01.com.example:scratch through any portal from any instance any port: a live session uses it"]
lost:
  description:
    - Records that were removed during the change and could not be restored, as options that save them again. Add their
      secrets.
    - The task fails if it has lost a record.
  returned: when a record was lost
  type: dict
  sample:
    "iqn.2004-01.com.example:sql01-data through 192.0.2.21:3260 from any instance any port":
      - {target: "iqn.2004-01.com.example:sql01-data", portal: {address: 192.0.2.21, port: 3260}}
at_risk:
  description:
    - Records that may be missing now, because the answer to the change did not arrive, as options that save them again.
      Add their secrets.
    - Run the task again first. It reads the host and completes the change.
  returned: when the result of the change is not known
  type: dict
  sample: {}
reboot_required:
  description: Whether the change takes effect only after a restart.
  returned: success
  type: bool
  sample: false
reboot_reasons:
  description: Which host settings take effect only later, and when.
  returned: when a host setting takes effect later
  type: list
  elements: str
  sample: ["MPIO: the change takes effect after a restart"]
"""
