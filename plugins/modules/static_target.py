#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.static_target; the work is in plugins/action/static_target.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: static_target
short_description: Manage a static target
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - A static target is added to the initiator by hand, with its portals. It needs no discovery.
  - The name identifies a static target. All other declared options are compared and kept as declared.
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.static_target
  - winstorage.iscsi.state.login_options
  - winstorage.iscsi.state.update_secret
  - winstorage.iscsi.state.state
seealso:
  - module: winstorage.iscsi.initiator_facts
  - module: winstorage.iscsi.target_portal
  - module: winstorage.iscsi.persistent_login
"""

EXAMPLES = r"""
- name: Add a static target
  winstorage.iscsi.static_target:
    target: iqn.2004-01.com.example:backup
    portals:
      - "[2001:db8::41]:3261"

- name: Remove it
  winstorage.iscsi.static_target:
    target: iqn.2004-01.com.example:backup
    state: absent
"""

RETURN = r"""
targets:
  description:
    - The target, with every discovery that found it. In the form of
      RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.targets). Null if they could not be read.
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
    - kind: static_targets
      action: add
      what: "iqn.2004-01.com.example:backup"
      reason: "declared, but missing"
reboot_required:
  description: Whether Windows reported that the change takes effect only after a restart.
  returned: success
  type: bool
  sample: false
"""
