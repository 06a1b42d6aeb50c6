#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.isns_server; the work is in plugins/action/isns_server.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: isns_server
short_description: Keep an iSNS server as declared
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - An iSNS server tells the initiator of targets.
options:
  address:
    description: IPv4 or IPv6 address, or host name.
    type: str
    required: true
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.state
seealso:
  - module: winstorage.iscsi.facts
  - module: winstorage.iscsi.target_portal
"""

EXAMPLES = r"""
- name: Ask an iSNS server
  winstorage.iscsi.isns_server:
    address: isns.example.com

- name: Ask it no longer
  winstorage.iscsi.isns_server:
    address: isns.example.com
    state: absent
"""

RETURN = r"""
isns_servers:
  description:
    - All iSNS servers. As RV(winstorage.iscsi.facts#module:ansible_facts.windows_iscsi.isns_servers). Null when it
      could not be read.
    - In check mode, what is there now.
  returned: success
  type: list
  elements: str
  sample: [isns.example.com]
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
      sample: isns_servers
    action: {description: "C(add), C(replace), C(remove) and the like.", returned: success, type: str, sample: add}
    what:
      description: Which one.
      returned: success
      type: str
      sample: "isns.example.com"
    reason: {description: Why., returned: success, type: str, sample: "declared, but not there"}
  sample: []
reboot_required:
  description: Whether Windows said that the change takes a restart.
  returned: success
  type: bool
  sample: false
"""
