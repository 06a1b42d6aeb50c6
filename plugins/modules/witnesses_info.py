#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.witnesses_info; the work is in plugins/action/witnesses_info.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: witnesses_info
short_description: Compare what the initiator's DLL says with what else Windows says
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Reads the records of a host by C(iscsidsc.dll) as all modules do, and by every other witness that can be
    reached, and compares them field by field. It never changes anything, and takes one round trip to the host.
  - The other witnesses of persistent logins are the management classes C(MSiSCSIInitiator_PersistentLoginClass) and
    C(MSiSCSI_PersistentLogins), the values C(LoginTargetIN) in the registry, the number of their keys, and the count of
    C(iscsicli ListPersistentTargets). Target portals, static targets, bound devices, iSNS servers and the node name are
    compared with the registry.
  - It reads no secret. Of C(LoginTargetIN) only the first 2,032 bytes leave the host's process, and the secret lies
    behind them. Of C(iscsicli) only the count leaves the host.
  - It also says which open questions about Windows this host has answered by being read, and returns the facts of the
    host.
  - The playbook C(winstorage.iscsi.first_contact) runs it on many hosts and shows its table.
extends_documentation_fragment:
  - winstorage.iscsi.reading
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.facts
  - ansible.builtin.action_common_attributes.flow
seealso:
  - module: winstorage.iscsi.initiator_facts
"""

EXAMPLES = r"""
- name: Compare the witnesses of each host
  hosts: windows
  gather_facts: false
  tasks:
    - name: Read by all witnesses
      winstorage.iscsi.witnesses_info:
      register: witnesses

    - name: Show the table
      ansible.builtin.debug:
        msg: "{{ witnesses.table }}"
"""

RETURN = r"""
comparison:
  description: What each witness says about each field.
  returned: success
  type: list
  elements: dict
  contains:
    subject:
      description: The kind of record, such as V(persistent_logins) or V(target_portals).
      returned: success
      type: str
      sample: persistent_logins
    witness:
      description: What was asked beside the DLL.
      returned: success
      type: str
      sample: registry, head of LoginTargetIN
    outcome:
      description: V(agrees), V(differs), or V(not_read).
      returned: success
      type: str
      sample: differs
    field:
      description: The field. V(count) for the number of records, V(record) if only one side lists the record. Null if
        the witness could not be read at all.
      returned: success
      type: str
      sample: login_flags
    record:
      description: The record that differs, or null.
      returned: success
      type: str
      sample: iqn.2004-01.com.example:data through 192.0.2.1:3260
    records: {description: "Number of records that agree, or null.", returned: success, type: int, sample: null}
    dll_says: {description: Value of the DLL., returned: success, type: raw, sample: 2 (multipath_enabled)}
    witness_says: {description: Value of the witness., returned: success, type: raw, sample: 0}
    reason: {description: "Why it was not read, or null.", returned: success, type: str, sample: null}
  sample: []
differences:
  description: Number of entries of RV(comparison) that differ.
  returned: success
  type: int
  sample: 0
problem:
  description: Why the facts could not be read, or null.
  returned: success
  type: str
  sample: null
answers:
  description: The switches of the simulator about which this host has said something, by name.
  returned: success
  type: dict
  contains:
    answer: {description: "The only answer that is left, or null.", returned: success, type: str, sample: exact}
    possible: {description: The answers that are left., returned: success, type: list, elements: str, sample: [exact]}
    evidence: {description: What was seen., returned: success, type: str, sample: 5 lists use what they ask for}
  sample: {}
table:
  description: All of it as lines for a person.
  returned: success
  type: list
  elements: str
  sample: ["9 of 10 witnesses could be read. Nothing differs from the DLL."]
windows_iscsi:
  description: What was read, in the form of the facts that M(winstorage.iscsi.initiator_facts) returns.
  returned: if it could be read
  type: dict
  sample: {schema_version: 1}
"""
