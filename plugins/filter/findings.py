# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit found, as plain text."""

from __future__ import annotations

DOCUMENTATION = r"""
name: findings
short_description: Findings of an audit as plain text
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Shows the result of M(winstorage.iscsi.audit_facts) as text. It says first whether the host will find its disks
    after the
    next restart, then lists each difference from the declaration, then each risk with its remedy.
options:
  _input:
    description: Result of M(winstorage.iscsi.audit_facts). The result of an audit that failed is accepted too.
    type: dict
    required: true
  info:
    description: Show findings of severity V(info) too. By default they are only counted.
    type: bool
    default: false
seealso:
  - module: winstorage.iscsi.audit_facts
  - plugin: winstorage.iscsi.summary
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Compare the host with its declaration
  winstorage.iscsi.audit_facts:
    persistent_logins: "{{ iscsi_logins }}"
  register: audit

- name: Show the findings
  ansible.builtin.debug:
    msg: "{{ audit | winstorage.iscsi.findings }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

import itertools

from ..plugin_utils import filter_input, text
from ..plugin_utils.audit import host_state
from ..plugin_utils.audit.findings import is_remark


def findings(audit, info=False):
    """See DOCUMENTATION."""
    if isinstance(audit, dict) and (audit.get("failed") or audit.get("unreachable")):
        outcome = "Not reached" if audit.get("unreachable") else "Not read"
        lines = str(audit.get("msg") or "no reason was given").splitlines()
        return f"{outcome}: " + "\n".join(map(text.text, lines))
    filter_input.take_audit("findings", audit)
    blocks = [["Next boot: " + host_state.describe(audit["state"], audit["reason"])]]
    blocks.append(_block(_declared(audit), audit["drift"], _drifts, info))
    blocks.append(_block("Risks", audit["risks"], _risks, info))
    return "\n\n".join("\n".join(block) for block in blocks)


def _declared(audit):
    if not audit["declared"]:
        return "Nothing is declared"
    return "As declared" if audit["compliant"] else "Not as declared"


def _block(title, found, show, info):
    """A title with how many there are, and their lines. Remarks are counted apart."""
    shown = [finding for finding in found if info or not is_remark(finding)]
    remarks = len(found) - len(shown)
    numbers = [str(len(shown))] if shown else []
    if remarks:
        numbers.append(f"{remarks} remark{'s' * (remarks > 1)}")
    if not numbers:
        return [title + ("." if title.endswith("eclared") else ": none.")]
    return [f"{title}: {', '.join(numbers)}", *show(shown)]


def _drifts(found):
    """A line for each record, and under it one for each field that differs."""
    for title, members in itertools.groupby(found, _title):
        yield "- " + title
        for finding in members:
            if finding.get("field") is not None:
                found, declared = _value(finding["found"]), _value(finding["declared"])
                source = f" ({text.text(finding['source'])})" if finding.get("source") else ""
                yield f"  {text.text(finding['field'])} is {found}, declared {declared}{source}"


def _title(finding):
    if not finding["record"]:
        return f"{text.text(finding['kind'].replace('_', ' '))}: {text.text(finding['text'])}"
    record = finding["record"].replace("_", " ").rstrip("s")
    return f"{text.text(finding['kind'])}: {text.text(record)}, {text.text(finding['what'])}"


def _value(value):
    return "nothing" if value in (None, "", []) else text.text(value)


def _risks(found):
    for finding in found:
        yield f"- {finding['severity']}: {text.text(finding['what'])}: {text.text(finding['text'])}"
        yield f"  {text.text(finding['remedy'])}"


class FilterModule:
    """winstorage.iscsi.findings"""

    def filters(self):
        return {"findings": findings}
