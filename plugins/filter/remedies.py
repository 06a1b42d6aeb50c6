# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks that are the remedies of findings, as options for a module."""

from __future__ import annotations

DOCUMENTATION = r"""
name: remedies
short_description: What the remedies of findings declare
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Each finding of M(winstorage.iscsi.audit_facts) has tasks that fix it, in its key C(run). This filter returns the
    options of these tasks, so that M(winstorage.iscsi.initiator_state) or a loop can carry them out.
  - Findings that have one remedy have it once in the result.
positional: kind
options:
  _input:
    description: Findings, the value of RV(winstorage.iscsi.audit_facts#module:risks) or
      RV(winstorage.iscsi.audit_facts#module:drift).
    type: list
    elements: dict
    required: true
  kind:
    description:
      - Kind of the findings whose remedies are wanted, such as V(not_saved). A list names several.
      - By default, those of all kinds.
    type: list
    elements: str
  module:
    description:
      - Module of the tasks whose options are wanted.
      - With V(winstorage.iscsi.persistent_login), the result is a value for
        O(winstorage.iscsi.initiator_state#module:persistent_logins); with V(winstorage.iscsi.target_portal), one for
        O(winstorage.iscsi.initiator_state#module:target_portals).
    type: str
    default: winstorage.iscsi.persistent_login
notes:
  - Windows returns no secrets. A remedy that needs a CHAP secret has the text C({{ chap_secret }}) in its place. Put
    your own there with C(map) and C(combine), as in the last example.
seealso:
  - module: winstorage.iscsi.audit_facts
  - module: winstorage.iscsi.initiator_state
"""

EXAMPLES = r"""
- name: Look for sessions that are not saved
  winstorage.iscsi.audit_facts:
  register: audit

- name: Save a login for each of them
  winstorage.iscsi.initiator_state:
    persistent_logins: "{{ audit.risks | winstorage.iscsi.remedies('not_saved') }}"

- name: Ask portals again through which no target is known
  winstorage.iscsi.target_portal:
    address: "{{ item.address }}"
    port: "{{ item.port }}"
    refresh: true
  loop: "{{ audit.risks | winstorage.iscsi.remedies('silent_portal', module='winstorage.iscsi.target_portal') }}"

- name: Save sessions that use CHAP
  winstorage.iscsi.initiator_state:
    persistent_logins: >-
      {{ audit.risks | winstorage.iscsi.remedies('not_saved') | map('combine', {'secret': vaulted_chap_secret}) }}
"""

RETURN = r"""
_value:
  description: Options of the tasks, in the order of the findings.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError

from ..plugin_utils import shapes
from ..plugin_utils.audit import remedies as tasks


def remedies(findings, kind=None, module=tasks.LOGIN_MODULE):
    """See DOCUMENTATION."""
    try:
        shapes.check_findings(findings)
    except shapes.ShapeError as error:
        raise AnsibleFilterError(
            "winstorage.iscsi.remedies takes findings, such as the risks of winstorage.iscsi.audit_facts; these are "
            f"not usable: {error}."
        ) from None
    kinds = [kind] if isinstance(kind, str) else kind
    if kinds is not None and not (isinstance(kinds, (list, tuple)) and all(isinstance(name, str) for name in kinds)):
        raise AnsibleFilterError("winstorage.iscsi.remedies takes a kind of finding, or a list of kinds.")
    found = []
    for finding in findings:
        for task in finding["run"] if kinds is None or finding["kind"] in kinds else ():
            if module in task and task[module] not in found:
                found.append(task[module])
    return found


class FilterModule:
    """winstorage.iscsi.remedies"""

    def filters(self):
        return {"remedies": remedies}
