#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.session; the work is in plugins/action/session.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session
short_description: Log in to a target or log out
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Manages live sessions. A session does not come back after a restart unless a persistent login for it is saved too.
  - The task compares only how many live sessions there are to the target through the portal. The other options apply to
    the logins that it makes. They do not change a session that is already open.
extends_documentation_fragment:
  - winstorage.iscsi.state
  - winstorage.iscsi.state.login
  - winstorage.iscsi.state.initiator
  - winstorage.iscsi.state.security_flags
  - winstorage.iscsi.state.login_options
  - winstorage.iscsi.state.session_state
  - winstorage.iscsi.state.force
seealso:
  - module: winstorage.iscsi.initiator_facts
  - module: winstorage.iscsi.persistent_login
"""

EXAMPLES = r"""
- name: Log in until the next restart
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
    - The live sessions to the target through the portal. In the form of
      RV(winstorage.iscsi.initiator_facts#module:ansible_facts.windows_iscsi.sessions). Null if they could not be read.
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
    - kind: sessions
      action: login
      what: "iqn.2004-01.com.example:scratch through 192.0.2.21:3260 from any instance any port"
      reason: "it has no live session"
reboot_required:
  description: Whether Windows reported that the change takes effect only after a restart.
  returned: success
  type: bool
  sample: false
"""
