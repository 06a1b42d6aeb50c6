#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.persistent_login; the work is in plugins/action/persistent_login.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: persistent_login
short_description: Manage a persistent login
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - A persistent login ("favorite target") tells the initiator to open a session after each boot.
  - Target, initiator instance, initiator port and portal identify a persistent login. All other declared options are
    compared and kept as declared.
  - Windows cannot edit a persistent login. To change one, the task removes it and saves a new one, in one round trip.
    If the new one cannot be saved, the old one is restored. If removing a login for any port or any portal also removes
    other logins to the same target, those are saved again.
  - Saving a persistent login does not log in, and removing it does not log out. Use O(connected) for that.
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.login
  - winstorage.iscsi.state.persistent_login
  - winstorage.iscsi.state.initiator
  - winstorage.iscsi.state.security_flags
  - winstorage.iscsi.state.login_options
  - winstorage.iscsi.state.update_secret
  - winstorage.iscsi.state.state
  - winstorage.iscsi.state.force
seealso:
  - module: winstorage.iscsi.initiator_facts
  - module: winstorage.iscsi.target_portal
  - module: winstorage.iscsi.session
  - module: winstorage.iscsi.initiator_state
"""

EXAMPLES = r"""
- name: Save a persistent login with CHAP, and log in
  winstorage.iscsi.persistent_login:
    target: iqn.2004-01.com.example:sql01-data
    portal: 192.0.2.21
    initiator_port: 0
    login_flags: [multipath_enabled]
    auth_type: chap
    username: sql01
    secret: "{{ sql01_chap_secret }}"
    connected: true

- name: Change the CHAP secret (run once)
  winstorage.iscsi.persistent_login:
    target: iqn.2004-01.com.example:sql01-data
    portal: 192.0.2.21
    initiator_port: 0
    secret: "{{ sql01_new_chap_secret }}"
    update_secret: always

- name: Change the security flags of a login without CHAP
  winstorage.iscsi.persistent_login:
    target: iqn.2004-01.com.example:files03
    security_flags: [valid, ike_ipsec_enabled, main_mode_enabled, transport_mode_preferred]

- name: Remove all persistent logins to a target that no longer exists
  winstorage.iscsi.persistent_login:
    target: iqn.2004-01.com.example:gone
    state: absent

- name: Remove only the login that was saved for any initiator port
  winstorage.iscsi.persistent_login:
    target: iqn.2004-01.com.example:sql01-data
    portal: 192.0.2.21
    initiator_port: any
    state: absent
"""

RETURN = r"""
persistent_logins:
  description:
    - The persistent logins with this identity. In the form of
      RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.persistent_logins). Null if they could
      not be read.
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
    - kind: persistent_logins
      action: add
      what: "iqn.2004-01.com.example:sql01-data through 192.0.2.21:3260 from any instance any port"
      reason: "declared, but missing"
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
  description: Whether Windows reported that the change takes effect only after a restart.
  returned: success
  type: bool
  sample: false
"""
