#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.isns_server; the work is in plugins/action/isns_server.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: isns_server
short_description: Manage an iSNS server
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - The initiator discovers targets through an iSNS server (Internet Storage Name Service).
options:
  address:
    description: IPv4 address, IPv6 address, or host name.
    type: str
    required: true
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.state
seealso:
  - module: winstorage.iscsi.initiator_facts
  - module: winstorage.iscsi.target_portal
"""

EXAMPLES = r"""
- name: Use an iSNS server
  winstorage.iscsi.isns_server:
    address: isns.example.com

- name: Stop using it
  winstorage.iscsi.isns_server:
    address: isns.example.com
    state: absent
"""

RETURN = r"""
isns_servers:
  description:
    - All iSNS servers of the host. In the form of
      RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.isns_servers). Null if they could not be
      read.
    - In check mode, the current state.
  returned: success
  type: list
  elements: str
  sample: [isns.example.com]
plan:
  description:
    - The steps of the task in order, each with its reason. In check mode, the steps that it would take.
    - In the form of RV(winstorage.iscsi.initiator_state#module:plan).
  returned: when the host could be read
  type: list
  elements: dict
  sample:
    - kind: isns_servers
      action: add
      what: "isns.example.com"
      reason: "declared, but missing"
reboot_required:
  description: Whether Windows reported that the change takes effect only after a restart.
  returned: success
  type: bool
  sample: false
"""
