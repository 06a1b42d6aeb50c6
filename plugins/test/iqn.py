# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether text is an iSCSI name."""

from __future__ import annotations

DOCUMENTATION = r"""
name: iqn
short_description: Whether text is an iSCSI name
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - True for the name of an iSCSI node as RFC 3720, RFC 3980 and RFC 7143 define it, in any letter case.
  - These are C(iqn.) with year and month and a reversed domain name, C(eui.) with 16 hexadecimal digits, and C(naa.)
    with 16 or 32.
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

import re

# What RFC 3722 leaves of ASCII after folding, and anything beyond ASCII that is a letter or digit.
_NAME = re.compile(
    r"iqn\.[0-9]{4}-(0[1-9]|1[0-2])"
    r"\.[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:([a-z0-9.:-]|[^\W_\x00-\x7f])+)?"
    r"|eui\.[0-9a-f]{16}"
    r"|naa\.([0-9a-f]{16}|[0-9a-f]{32})"
)
_LONGEST = 223  # bytes of UTF-8


def iqn(value):
    """See DOCUMENTATION."""
    return (
        isinstance(value, str) and len(value.encode("utf-8")) <= _LONGEST and _NAME.fullmatch(value.lower()) is not None
    )


class TestModule:
    """winstorage.iscsi.iqn"""

    def tests(self):
        return {"iqn": iqn}
