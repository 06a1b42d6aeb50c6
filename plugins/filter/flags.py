# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags as names."""

from __future__ import annotations

DOCUMENTATION = r"""
name: flags
short_description: Turn a number into names of flags
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Turns a number of flags, as Windows stores it, into the names of its bits.
  - Bits without a name come last, as one hexadecimal number. P(winstorage.iscsi.flags_raw#filter) turns the result back
    into the same number.
positional: which
options:
  _input:
    description: The number. Names are accepted too, and sorted in the order of their bits.
    type: raw
    required: true
extends_documentation_fragment: winstorage.iscsi.flags
seealso:
  - plugin: winstorage.iscsi.flags_raw
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show names, here valid, ike_ipsec_enabled and 0x80
  ansible.builtin.debug:
    msg: "{{ 131 | winstorage.iscsi.flags('security') }}"
"""

RETURN = r"""
_value:
  description: The names in the order of their bits.
  type: list
  elements: str
"""

from ..plugin_utils.flag_sets import convert


def flags(value, which):
    """See DOCUMENTATION."""
    found = convert("decode", convert("encode", value, which), which)
    return found["names"] + ([found["unknown"]] if found["unknown"] else [])


class FilterModule:
    """winstorage.iscsi.flags"""

    def filters(self):
        return {"flags": flags}
