# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The group policies of the initiator that are enabled on a host."""

from __future__ import annotations

import typing as t

from ..abi import policies
from ..model.row_values import Rows, is_number
from ..runner import rows
from .builder import Builder, Replies

Warn = t.Callable[[str], None]


def group_policies(builder: Builder) -> t.Callable[[Replies, Warn], t.Optional[t.Dict[str, bool]]]:
    """Whether each policy is enabled; None where the registry cannot be read."""
    names = tuple(policies.FORBIDS)
    handle = builder.ask(rows.RegistryQuery(policies.KEY.partition("\\")[2], names))

    def decode(replies: Replies, warn: Warn) -> t.Optional[t.Dict[str, bool]]:
        found = replies.rows(handle, warn)
        if found is None:
            return None
        enabled = dict.fromkeys(names, False)
        for row in Rows("The registry key of the group policies", found, warn):
            values = row.raw("values")
            for name, value in values.items() if isinstance(values, dict) else ():
                if name not in enabled:
                    continue
                if is_number(value):
                    enabled[name] = value == 1
                else:
                    warn(f"The group policy {name} is no number in the registry.")
        return enabled

    return decode
