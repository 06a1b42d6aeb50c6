# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The saved logins to one target."""

from __future__ import annotations

DOCUMENTATION = r"""
name: logins_to
short_description: The persistent logins of a host to a target
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Selects the persistent logins to one target from the facts of a host.
  - Names are compared without regard to letter case, as Windows does.
positional: target
options:
  _input:
    description: The value of C(ansible_facts.windows_iscsi), gathered with C(persistent_logins).
    type: dict
    required: true
  target:
    description: iSCSI name of the target.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Make sure that the host has two persistent logins to its database
  ansible.builtin.assert:
    that: ansible_facts.windows_iscsi | winstorage.iscsi.logins_to('iqn.2004-01.com.example:sql01-data') | length == 2
"""

RETURN = r"""
_value:
  description: The persistent logins, as in the facts.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError

from ..plugin_utils import filter_input


def logins_to(facts, target):
    """See DOCUMENTATION."""
    if not isinstance(target, str):
        raise AnsibleFilterError(f"winstorage.iscsi.logins_to takes the name of a target, not {type(target).__name__}.")
    logins = filter_input.take_facts("logins_to", facts, "persistent_logins")["persistent_logins"]
    return [login for login in logins if login["target"].lower() == target.lower()]


class FilterModule:
    """winstorage.iscsi.logins_to"""

    def filters(self):
        return {"logins_to": logins_to}
