# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters take: facts or an audit's result, or a clear error."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from . import shapes


def take_facts(name, value, part=None):
    """Facts that can be used, with a part that has to be gathered.

    :raises AnsibleFilterError: for anything else, naming the filter.
    """
    try:
        shapes.check_facts(value)
    except shapes.ShapeError as error:
        raise AnsibleFilterError(
            f"winstorage.iscsi.{name} takes the facts, ansible_facts.windows_iscsi; these are not usable: {error}."
        ) from None
    if part is not None and value[part] is None:
        raise AnsibleFilterError(
            f"winstorage.iscsi.{name} takes ansible_facts.windows_iscsi, gathered with {part}; these facts do not "
            "have them."
        )
    return value


def take_audit(name, value):
    """The result of an audit that can be used.

    :raises AnsibleFilterError: for anything else, naming the filter.
    """
    try:
        shapes.check_audit(value)
    except shapes.ShapeError as error:
        raise AnsibleFilterError(
            f"winstorage.iscsi.{name} takes the result of winstorage.iscsi.audit_facts; this is not usable: {error}."
        ) from None
    return value
