# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the filters of flags share."""

from __future__ import annotations


class ModuleDocFragment:
    """winstorage.iscsi.flags"""

    DOCUMENTATION = r"""
options:
  which:
    description: Set of flags.
    type: str
    required: true
    choices:
      security: Security flags of a persistent login or target portal, ISCSI_SECURITY_FLAG_* in the SDK.
      login: Login flags, ISCSI_LOGIN_FLAG_*.
      information: Login options that are specified, ISCSI_LOGIN_OPTIONS_*.
      target: Flags of a static target, ISCSI_TARGET_FLAG_*.
"""
