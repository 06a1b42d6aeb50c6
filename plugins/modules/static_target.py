#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.static_target; the work is in plugins/action/static_target.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: static_target
short_description: Keep a target that is not discovered as declared
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - A static target is told to the initiator by hand, with its portals, where no discovery finds it.
  - Its identity is its name. Everything else is kept as declared where it is declared.
options:
  target:
    description: iSCSI name of the target.
    type: str
    required: true
  alias:
    description: A name for people.
    type: str
  portals:
    description:
      - Where the target is reached; one portal group, in any order. Each portal is text such as V(192.0.2.21),
        V(192.0.2.21:3260) or V([2001:db8::21]:3260), or a mapping with C(address) and C(port). The port is V(3260) when
        omitted.
    type: list
    elements: raw
  target_flags:
    description:
      - A list of names, a number, or the flags as C(winstorage.iscsi.facts) reports them. An empty list is no flag.
      - With V(hide_static_target) Windows does not report the target, so that nothing can be compared. Such a target is
        added again in each run.
    type: raw
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.login_options
  - winstorage.iscsi.state.update_secret
  - winstorage.iscsi.state.state
seealso:
  - module: winstorage.iscsi.facts
  - module: winstorage.iscsi.target_portal
  - module: winstorage.iscsi.persistent_login
"""

EXAMPLES = r"""
- name: Tell the initiator of a target
  winstorage.iscsi.static_target:
    target: iqn.2004-01.com.example:backup
    portals:
      - 192.0.2.41
      - "[2001:db8::41]:3261"

- name: Forget it
  winstorage.iscsi.static_target:
    target: iqn.2004-01.com.example:backup
    state: absent
"""

RETURN = r"""
targets:
  description:
    - The target, however it was found. As RV(winstorage.iscsi.facts#module:ansible_facts.windows_iscsi.targets). Null
      when it could not be read.
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
      sample: static_targets
    action: {description: "C(add), C(replace), C(remove) and the like.", returned: success, type: str, sample: add}
    what:
      description: Which one.
      returned: success
      type: str
      sample: "iqn.2004-01.com.example:backup"
    reason: {description: Why., returned: success, type: str, sample: "declared, but not there"}
  sample: []
reboot_required:
  description: Whether Windows said that the change takes a restart.
  returned: success
  type: bool
  sample: false
"""
