#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.persistent_device; the work is in plugins/action/persistent_device.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: persistent_device
short_description: Bind volumes that the initiator waits for at boot
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - MSiSCSI does not report itself as started before the bound ("persistent") volumes and devices are there, so that
    services that depend on it find their disks.
options:
  path:
    description: Drive letter with a backslash, mount point, or path of the device.
    type: str
  bind_all_volumes:
    description:
      - Have Windows bind every volume and device that is on a persistent login now, in place of what was bound before.
      - In check mode what would come of it is not known, and no change is reported.
    type: bool
    default: false
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.state
seealso:
  - module: winstorage.iscsi.facts
  - module: winstorage.iscsi.persistent_login
"""

EXAMPLES = r"""
- name: Wait for the volume at boot
  winstorage.iscsi.persistent_device:
    path: 'E:\'

- name: Wait for all that is on persistent logins
  winstorage.iscsi.persistent_device:
    bind_all_volumes: true

- name: Wait no longer
  winstorage.iscsi.persistent_device:
    path: 'E:\'
    state: absent
"""

RETURN = r"""
persistent_devices:
  description:
    - All bound volumes and devices. As
      RV(winstorage.iscsi.facts#module:ansible_facts.windows_iscsi.persistent_devices). Null when it could not be read.
    - In check mode, what is there now.
  returned: success
  type: list
  elements: str
  sample: ['E:\']
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
      sample: persistent_devices
    action: {description: "C(add), C(replace), C(remove) and the like.", returned: success, type: str, sample: add}
    what:
      description: Which one.
      returned: success
      type: str
      sample: "volume E"
    reason: {description: Why., returned: success, type: str, sample: "declared, but not there"}
  sample: []
reboot_required:
  description: Whether Windows said that the change takes a restart.
  returned: success
  type: bool
  sample: false
"""
