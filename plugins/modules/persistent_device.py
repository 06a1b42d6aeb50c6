#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.persistent_device; the work is in plugins/action/persistent_device.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: persistent_device
short_description: Manage the volumes that the initiator waits for at boot
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - At boot, MSiSCSI reports itself as started only when all bound ("persistent") volumes and devices are there.
    Services that depend on MSiSCSI then find their disks.
  - Set either O(path) or O(bind_all_volumes).
options:
  path:
    description: Drive letter with a backslash, mount point, or device path.
    type: str
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.bind_all_volumes
  - winstorage.iscsi.state.state
seealso:
  - module: winstorage.iscsi.initiator_facts
  - module: winstorage.iscsi.persistent_login
"""

EXAMPLES = r"""
- name: Wait for a volume at boot
  winstorage.iscsi.persistent_device:
    path: 'E:\'

- name: Wait for all volumes that are on persistent logins now
  winstorage.iscsi.persistent_device:
    bind_all_volumes: true

- name: Stop waiting for a volume
  winstorage.iscsi.persistent_device:
    path: 'E:\'
    state: absent
"""

RETURN = r"""
persistent_devices:
  description:
    - All bound volumes and devices of the host. In the form of
      RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.persistent_devices). Null if they could
      not be read.
    - In check mode, the current state.
  returned: success
  type: list
  elements: str
  sample: ['E:\']
plan:
  description:
    - The steps of the task in order, each with its reason. In check mode, the steps that it would take.
    - In the form of RV(winstorage.iscsi.initiator_state#module:plan).
  returned: when the host could be read
  type: list
  elements: dict
  sample:
    - kind: persistent_devices
      action: add
      what: "E:\\"
      reason: "declared, but missing"
reboot_required:
  description: Whether Windows reported that the change takes effect only after a restart.
  returned: success
  type: bool
  sample: false
"""
