# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flag sets by the short names that the filters take."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ..module_utils.abi import codecs

SETS = {
    "security": codecs.SECURITY_FLAGS,
    "login": codecs.LOGIN_FLAGS,
    "information": codecs.INFORMATION_SPECIFIED,
    "target": codecs.TARGET_FLAGS,
}


def convert(method, value, which):
    """What a method of the codec (``encode`` or ``decode``) makes of the value."""
    if which not in SETS:
        raise AnsibleFilterError("There are no {!r} flags; the sets are {}.".format(which, ", ".join(SETS)))
    try:
        return getattr(SETS[which], method)(value)
    except codecs.FlagError as error:
        raise AnsibleFilterError(str(error)) from error
