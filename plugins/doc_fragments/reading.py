# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules share that only read an initiator."""

from __future__ import annotations


class ModuleDocFragment:
    """winstorage.iscsi.reading"""

    DOCUMENTATION = r"""
options:
  time_limit:
    description:
      - Time limit for reading the host, in seconds. V(0) means no limit.
      - If a call does not return in time, the task fails and names the call.
    type: int
    default: 120
attributes:
  action:
    support: full
  async:
    support: none
  become:
    support: full
  bypass_host_loop:
    support: none
  check_mode:
    support: full
    details: It does the same with and without check mode.
  connection:
    support: full
  delegation:
    support: full
    details: The engine is that of the host to which the task is delegated.
  diff_mode:
    support: none
    details: It changes nothing.
  facts:
    support: full
  platform:
    platforms: windows
    support: full
"""
