#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.session; the work is in plugins/action/session.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session
short_description: Open or end a live session
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - A session is up now. It does not come back after a restart unless a persistent login is saved too.
  - Only whether there is a session to the target through the portal is compared. The other options are those of the
    login that opens one.
options:
  state:
    description:
      - V(absent) ends all sessions to the target through the portal, or through any when O(portal) is omitted. It is
        refused, and names the disks, where that would cut the last path to one, see O(force). A persistent login stays
        and opens a session again after a restart.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.login
  - winstorage.iscsi.state.initiator
  - winstorage.iscsi.state.security_flags
  - winstorage.iscsi.state.login_options
  - winstorage.iscsi.state.force
seealso:
  - module: winstorage.iscsi.facts
  - module: winstorage.iscsi.persistent_login
"""

EXAMPLES = r"""
- name: Log in for this once
  winstorage.iscsi.session:
    target: iqn.2004-01.com.example:scratch
    portal: 192.0.2.21

- name: End all sessions to a target whose disks are offline
  winstorage.iscsi.session:
    target: iqn.2004-01.com.example:scratch
    state: absent
    force: true
"""

RETURN = r"""
sessions:
  description:
    - The sessions to the target through the portal. As
      RV(winstorage.iscsi.facts#module:ansible_facts.windows_iscsi.sessions). Null when it could not be read.
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
      sample: sessions
    action: {description: "C(add), C(replace), C(remove) and the like.", returned: success, type: str, sample: add}
    what:
      description: Which one.
      returned: success
      type: str
      sample: "iqn.2004-01.com.example:scratch through 192.0.2.21:3260"
    reason: {description: Why., returned: success, type: str, sample: "declared, but not there"}
  sample: []
reboot_required:
  description: Whether Windows said that the change takes a restart.
  returned: success
  type: bool
  sample: false
"""
