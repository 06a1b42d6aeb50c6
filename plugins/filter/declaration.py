# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a host as a declaration."""

from __future__ import annotations

DOCUMENTATION = r"""
name: declaration
short_description: Turn the facts of a host into what initiator_state takes
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Adopting hosts that grew by hand starts from what is there. This filter says of a host what its facts say, in the
    terms of M(winstorage.iscsi.initiator_state). On the host that it comes from, the declaration asks for no change.
  - CHAP secrets cannot be read from Windows. A login with CHAP is declared with its user name and without its secret.
    That is enough for an audit, and a change that needs the secret asks for it.
  - A part that was not gathered, and live sessions, are left out, and so unmanaged.
  - Two saved logins of one identity whose options differ are declared by what they share.
options:
  _input:
    description: The value of C(ansible_facts.windows_iscsi).
    type: dict
    required: true
  exact:
    description:
      - Whether to say also which options Windows holds no value for, as V(unspecified), and which flags are empty.
      - Left out, these are unmanaged, which makes a short declaration. With it, an audit finds it when somebody sets
        them.
    type: bool
    default: false
  prefix:
    description:
      - What to put in front of each key. The role C(winstorage.iscsi.initiator) takes its declaration with
        V(initiator_).
    type: str
    default: ""
seealso:
  - module: winstorage.iscsi.facts
  - module: winstorage.iscsi.initiator_state
"""

EXAMPLES = r"""
- name: Ask each host what it has
  winstorage.iscsi.facts:

- name: Write the declaration of each host into the inventory, as the role takes it
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
