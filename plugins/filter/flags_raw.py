# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags as a number."""

from __future__ import annotations

DOCUMENTATION = r"""
name: flags_raw
short_description: The number of the initiator's flags by name
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Turns names of flags into the number that Windows has, to compare with other tools such as C(iscsicli).
  - Names are taken in any letter case, short or as in the SDK's header. A name that does not exist is an error with
    those that do.
positional: which
options:
  _input:
    description: Names, numbers, or a mapping as the facts hold it (C(names), C(raw), C(unknown)).
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
  - plugin: winstorage.iscsi.flags
    plugin_type: filter
"""

EXAMPLES = r"""
- name: The number of a pair of login flags, here 10
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
