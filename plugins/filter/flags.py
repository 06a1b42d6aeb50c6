# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags as names."""

from __future__ import annotations

DOCUMENTATION = r"""
name: flags
short_description: Names of the initiator's flags in a number
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Turns a number as Windows has it into the names of its bits.
  - Bits without a name come last, as one hexadecimal number, so that P(winstorage.iscsi.flags_raw#filter) gives the
    same number back.
positional: which
options:
  _input:
    description: The number; names are taken too and put into the order of their bits.
    type: raw
    required: true
  which:
    description: The set of flags.
    type: str
    required: true
    choices:
      security: Of a persistent login or portal, ISCSI_SECURITY_FLAG_* in the SDK.
      login: Of the login options, ISCSI_LOGIN_FLAG_*.
      information: Which login options mean anything, ISCSI_LOGIN_OPTIONS_*.
      target: Of a static target, ISCSI_TARGET_FLAG_*.
seealso:
  - plugin: winstorage.iscsi.flags_raw
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the names, here valid, ike_ipsec_enabled and 0x80
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
