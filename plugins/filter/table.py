# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows as an aligned table."""

from __future__ import annotations

DOCUMENTATION = r"""
name: table
short_description: Show a list of mappings as an aligned table
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Turns a list of mappings into plain text, with one line for each mapping and columns under headings.
  - Numbers are aligned to the right. Null and empty values are shown as a dash, booleans as yes and no, and lists with
    commas.
  - Wide characters count as two cells, and control characters are shown as escapes, so that no value breaks the table.
positional: columns
options:
  _input:
    description: The rows.
    type: list
    elements: dict
    required: true
  columns:
    description:
      - Columns to show, as a list of keys that serve as headings, or as a mapping of headings to keys.
      - A dot leads to a key inside another, such as V(portal.address). A number selects an element of a list, starting
        with V(0).
      - If no row has a key, the filter fails.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Show target and address of every persistent login
  ansible.builtin.debug:
    msg: "{{ ansible_facts.windows_iscsi.persistent_logins | winstorage.iscsi.table(['target', 'portal.address']) }}"

- name: Show the same with other headings
  ansible.builtin.debug:
    msg: "{{ ansible_facts.windows_iscsi.persistent_logins | winstorage.iscsi.table(columns) }}"
  vars:
    columns:
      Target: target
      Portal: portal.address

- name: Show all hosts of a play in one table
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts | map('extract', hostvars) | winstorage.iscsi.table(columns) }}"
  run_once: true
  vars:
    columns:
      Host: inventory_hostname
      Next boot: ansible_facts.windows_iscsi.next_boot.verdict
      Deserves attention: ansible_facts.windows_iscsi.next_boot.attention.0
"""

RETURN = r"""
_value:
  description: The headings and one line for each row, separated by newlines.
  type: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ..plugin_utils import text


def table(rows, columns):
    """See DOCUMENTATION."""
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, Mapping) for row in rows):
        raise AnsibleFilterError(f"winstorage.iscsi.table takes a list of mappings, not {type(rows).__name__}.")
    if not isinstance(columns, Mapping):
        columns = [columns] if isinstance(columns, str) else columns
        if not isinstance(columns, (list, tuple)):
            raise _wrong_columns(columns)
        columns = {str(name): name for name in columns}
    if not all(isinstance(path, str) for path in columns.values()):
        raise _wrong_columns(columns)
    try:
        return "\n".join(text.table(rows, {str(heading): path for heading, path in columns.items()}))
    except text.ColumnError as error:
        raise AnsibleFilterError(f"winstorage.iscsi.table: {error}.") from error
    except RecursionError:
        raise AnsibleFilterError("winstorage.iscsi.table: a value is nested too deeply to be shown.") from None


def _wrong_columns(columns):
    return AnsibleFilterError(
        "winstorage.iscsi.table: columns are a list of keys, or a mapping of headings to keys, all of them text, not "
        f"{text.text(str(columns)[:100])}."
    )


class FilterModule:
    """winstorage.iscsi.table"""

    def filters(self):
        return {"table": table}
