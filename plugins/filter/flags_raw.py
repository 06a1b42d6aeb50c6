# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags as a number."""

from __future__ import annotations

DOCUMENTATION = r"""
name: flags_raw
short_description: Turn names of flags into a number
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Turns names of flags into the number that Windows stores, to compare it with other tools such as C(iscsicli).
  - Names can be in any letter case, short or as in the header of the SDK. For an unknown name, the filter fails and
    lists the valid names.
positional: which
options:
  _input:
    description: Names, numbers, or a mapping as in the facts (C(names), C(raw), C(unknown)).
    type: raw
    required: true
extends_documentation_fragment: winstorage.iscsi.flags
seealso:
  - plugin: winstorage.iscsi.flags
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the number of two login flags, here 10
  ansible.builtin.debug:
    msg: "{{ ['multipath_enabled', 'allow_portal_hopping'] | winstorage.iscsi.flags_raw('login') }}"
"""

RETURN = r"""
_value:
  description: The number.
  type: int
"""

from ..plugin_utils.flag_sets import convert


def flags_raw(value, which):
    """See DOCUMENTATION."""
    return convert("encode", value, which)


class FilterModule:
    """winstorage.iscsi.flags_raw"""

    def filters(self):
        return {"flags_raw": flags_raw}
