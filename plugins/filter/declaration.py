# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a host as a declaration."""

from __future__ import annotations

DOCUMENTATION = r"""
name: declaration
short_description: Turn the facts of a host into a declaration
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Turns the facts of a host into options of M(winstorage.iscsi.initiator_state). Use it to adopt hosts that were
    configured by hand. On the host that it comes from, the declaration causes no change.
  - CHAP secrets cannot be read from Windows. A login with CHAP is declared with its user name but without its secret.
    That is enough for an audit. A change that needs the secret fails and asks for it.
  - Live sessions, and parts that were not gathered, are left out and therefore not managed.
  - If several persistent logins have the same identity but different options, only the options that they share are
    declared.
options:
  _input:
    description: The value of C(ansible_facts.windows_iscsi).
    type: dict
    required: true
  exact:
    description:
      - Declare also empty flags, and as V(unspecified) the options for which Windows holds no value. An audit then
        reports when somebody sets them.
      - By default they are left out and not managed, which makes the declaration shorter.
    type: bool
    default: false
  prefix:
    description:
      - Prefix for each key. The role C(winstorage.iscsi.initiator) takes its declaration with the prefix
        V(initiator_).
    type: str
    default: ""
seealso:
  - module: winstorage.iscsi.initiator_facts
  - module: winstorage.iscsi.initiator_state
"""

EXAMPLES = r"""
- name: Gather the facts of each host
  winstorage.iscsi.initiator_facts:

- name: Write the declaration of each host into the inventory, as variables of the role
  ansible.builtin.copy:
    dest: "{{ inventory_dir }}/host_vars/{{ inventory_hostname }}/iscsi.yml"
    content: "{{ declaration | to_nice_yaml(sort_keys=false) }}"
    mode: "0644"
  delegate_to: localhost
  vars:
    declaration: "{{ ansible_facts.windows_iscsi | winstorage.iscsi.declaration(prefix='initiator_') }}"
"""

RETURN = r"""
_value:
  description: Options of M(winstorage.iscsi.initiator_state).
  type: dict
"""

from ..plugin_utils import facts_to_declaration, filter_input


def declaration(facts, exact=False, prefix=""):
    """See DOCUMENTATION."""
    filter_input.take_facts("declaration", facts)
    return {prefix + name: value for name, value in facts_to_declaration.declaration(facts, exact).items()}


class FilterModule:
    """winstorage.iscsi.declaration"""

    def filters(self):
        return {"declaration": declaration}
