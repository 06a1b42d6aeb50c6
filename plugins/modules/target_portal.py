#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.target_portal; the work is in plugins/action/target_portal.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: target_portal
short_description: Keep a SendTargets portal as declared
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - A target portal is asked for its targets, by SendTargets, when it is added, when the service starts, and when told
    to.
  - Its identity is address, TCP port, initiator instance and initiator port. Everything else is kept as declared where
    it is declared.
  - A portal whose discovery fails is in the list all the same. See O(discovery_failure).
  - The targets that were found through a portal stay known when it is removed.
options:
  address:
    description: IPv4 or IPv6 address, or host name.
    type: str
    required: true
  port:
    description: TCP port.
    type: int
    default: 3260
  symbolic_name:
    description: Symbolic name of the portal.
    type: str
  refresh:
    description: Ask the portal again, even though nothing else is to be done. That alone is not reported as a change.
    type: bool
    default: false
  discovery_failure:
    description: What a discovery is that fails in this run, an error or a warning. See RV(discovery_ok).
    type: str
    choices: [fail, warn]
    default: fail
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.initiator
  - winstorage.iscsi.state.security_flags
  - winstorage.iscsi.state.login_options
  - winstorage.iscsi.state.update_secret
  - winstorage.iscsi.state.state
seealso:
  - module: winstorage.iscsi.facts
  - module: winstorage.iscsi.static_target
  - module: winstorage.iscsi.isns_server
  - module: winstorage.iscsi.initiator_state
"""

EXAMPLES = r"""
- name: Discover an array through both of its portals
  winstorage.iscsi.target_portal:
    address: "{{ item }}"
  loop: [192.0.2.21, 192.0.2.22]

- name: Ask a portal again, which wants CHAP for discovery
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
    - The target portals with this identity. As
      RV(winstorage.iscsi.facts#module:ansible_facts.windows_iscsi.target_portals). Null when it could not be read.
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
      sample: target_portals
    action: {description: "C(add), C(replace), C(remove) and the like.", returned: success, type: str, sample: add}
    what:
      description: Which one.
      returned: success
      type: str
      sample: "192.0.2.21:3260 from any instance any port"
    reason: {description: Why., returned: success, type: str, sample: "declared, but not there"}
  sample: []
discovery_ok:
  description: Whether the portal answered, null when it was not asked in this run.
  returned: success, and when the discovery failed
  type: bool
  sample: true
lost:
  description:
    - Records that are gone without being meant to, as options that make them again. Their secrets must be added.
    - A task that has lost one fails.
  returned: when a record is gone
  type: dict
  sample: {"192.0.2.21:3260 from any instance any port": [{address: 192.0.2.21, port: 3260}]}
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
