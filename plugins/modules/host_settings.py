#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.host_settings; the work is in plugins/action/host_settings.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_settings
short_description: Manage the settings of Windows that iSCSI depends on
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Manages timers of the initiator and of MPIO, the time limit of disks, services that wait for MSiSCSI, the firewall
    rules of iSCSI, and whether MPIO claims iSCSI disks.
  - An omitted option is not managed. The collection recommends no value. O(profile) names those of a vendor.
  - See R(host settings,ansible_collections.winstorage.iscsi.docsite.host_settings) for tables of all settings and
    profiles.
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.host_settings
notes:
  - MSiSCSI need not run for this module. On a host where it never ran, there is no place for O(timers) yet, and they
    are refused.
  - The module restarts neither the host nor a service.
  - The C(python) engine can set neither O(firewall) nor O(claim_iscsi_disks).
seealso:
  - module: winstorage.iscsi.initiator_facts
  - module: winstorage.iscsi.persistent_device
  - module: winstorage.iscsi.initiator_state
"""

EXAMPLES = r"""
- name: Set what NetApp recommends, with one value of our own
  winstorage.iscsi.host_settings:
    profile: netapp
    timers:
      link_down_time: 15
  register: settings # settings.reboot_required tells whether something takes effect only after a restart

- name: Have the file server wait for iSCSI disks
  winstorage.iscsi.host_settings:
    dependent_services: [LanmanServer]

- name: Have MPIO claim iSCSI disks, and test its paths
  winstorage.iscsi.host_settings:
    claim_iscsi_disks: true
    mpio:
      path_verify_enabled: true
      path_verification_period: 30

- name: Accept notifications of iSNS servers
  winstorage.iscsi.host_settings:
    firewall:
      inbound: true
"""

RETURN = r"""
host_settings:
  description:
    - All settings of the host. In the form of
      RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.host_settings). Null if nothing is
      declared.
    - In check mode, as they would be.
  returned: success
  type: dict
  sample: {disk_timeout: {value: 60, set: true, default: 60}}
plan:
  description: The steps of the task in order, each with its reason. In check mode, the steps that it would take.
  returned: when the host could be read
  type: list
  elements: dict
  contains:
    kind:
      description: Part of the configuration, C(host_settings).
      returned: success
      type: str
      sample: host_settings
    action:
      description: C(set).
      returned: success
      type: str
      sample: set
    what:
      description: The kind of setting, or the service.
      returned: success
      type: str
      sample: "initiator timers"
    reason:
      description: Why the step is needed.
      returned: success
      type: str
      sample: "link_down_time differs"
  sample: []
reboot_required:
  description: Whether something that was changed takes effect only after a restart. In check mode, whether it would.
  returned: success
  type: bool
  sample: true
reboot_reasons:
  description: What takes effect only later, and when.
  returned: when RV(reboot_required) is true
  type: list
  elements: str
  sample: ["MPIO: the change takes effect after a restart"]
"""
