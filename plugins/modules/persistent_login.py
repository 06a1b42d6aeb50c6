#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.persistent_login; the work is in plugins/action/persistent_login.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: persistent_login
short_description: Keep a persistent login as declared
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - A persistent login ("favorite target") is a session that the initiator opens after boot.
  - Its identity is target, initiator instance, initiator port and portal. Everything else is kept as declared where it
    is declared.
  - Windows cannot change a persistent login. A change removes it and saves a new one, in one round trip that puts the
    old one back when the new one cannot be saved. Removing a login for any port or any portal can take others of the
    same target with it; those are saved again.
  - Saving does not log in, and removing does not log out. That is what O(connected) is for.
options:
  session_type:
    description: A session for data, or for discovery alone.
    type: str
    choices: [data, informational]
  connected:
    description:
      - Whether a live session shall go with it now. Omitted leaves live sessions alone.
      - V(false) is refused while the session is the last path to a disk, see O(force).
    type: bool
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.login
  - winstorage.iscsi.state.initiator
  - winstorage.iscsi.state.security_flags
  - winstorage.iscsi.state.login_options
  - winstorage.iscsi.state.update_secret
  - winstorage.iscsi.state.state
  - winstorage.iscsi.state.force
seealso:
  - module: winstorage.iscsi.facts
  - module: winstorage.iscsi.target_portal
  - module: winstorage.iscsi.session
  - module: winstorage.iscsi.initiator_state
"""

EXAMPLES = r"""
- name: Save a login with CHAP and log in
  winstorage.iscsi.persistent_login:
    target: iqn.2004-01.com.example:sql01-data
    portal: 192.0.2.21
    initiator_port: 0
    login_flags: [multipath_enabled]
    auth_type: chap
    username: sql01
    secret: "{{ sql01_chap_secret }}"
    connected: true

- name: Set a new CHAP secret, once
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

- name: Remove every favourite of a target that is gone
  winstorage.iscsi.persistent_login:
    target: "{{ item.target }}"
    portal: "{{ item.portal }}"
    initiator_instance: "{{ item.initiator_instance }}"
    initiator_port: "{{ item.initiator_port if item.initiator_port is not none else omit }}"
    state: absent
  loop: "{{ ansible_facts.windows_iscsi.persistent_logins | selectattr('target', 'eq', 'iqn.2004-01.com.example:gone')
  }}"
"""

RETURN = r"""
persistent_logins:
  description:
    - The persistent logins with this identity. As
      RV(winstorage.iscsi.facts#module:ansible_facts.windows_iscsi.persistent_logins). Null when it could not be read.
    - In check mode, what is there now.
  returned: success
  type: list
  elements: dict
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
      sample: persistent_logins
    action: {description: "C(add), C(replace), C(remove) and the like.", returned: success, type: str, sample: add}
    what:
      description: Which one.
      returned: success
      type: str
      sample: "iqn.2004-01.com.example:sql01-data through any portal"
    reason: {description: Why., returned: success, type: str, sample: "declared, but not there"}
  sample: []
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
