# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether text is an iSCSI name."""

from __future__ import annotations

DOCUMENTATION = r"""
name: iqn
short_description: Whether text is an iSCSI name
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - True for the name of an iSCSI node as RFC 3720, RFC 3980 and RFC 7143 define it, in any letter case.
  - These are C(iqn.) with year, month, a reversed domain name and, after a colon, a name; C(eui.) with 16 hexadecimal
    digits; and C(naa.) with 16 or 32.
  - Besides letters and digits a name has C(-), C(.) and C(:) only, so an underscore is refused. Tasks accept the same
    names.
options:
  _input:
    description: The text.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Check the names of a declaration
  ansible.builtin.assert:
    that: item is winstorage.iscsi.iqn
  loop:
    - iqn.2004-01.com.example:sql01-data
    - eui.02004567a425678d
"""

RETURN = r"""
_value:
  description: Whether it is one.
  type: bool
"""

from ..module_utils.model.names import is_iscsi_name


def iqn(value):
    """See DOCUMENTATION."""
    return isinstance(value, str) and is_iscsi_name(value)


class TestModule:
    """winstorage.iscsi.iqn"""

    def tests(self):
        return {"iqn": iqn}
