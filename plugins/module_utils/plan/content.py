# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What tells records of one identity apart: on the host by bytes of their structure, here by their fields.

A removal names an identity, so it can take either of two records that share one and differ in the rest. To save the
missing one again, the protocol must know which of the two is missing.
"""

from __future__ import annotations

import collections
import typing as t

from ..abi import structures
from ..model import node_names, records
from ..runner import wire
from .properties import Saved

Content = t.Tuple[t.Any, ...]

# bytes of the fields that are no ULONG
_SIZES = {"SecurityFlags": 8, "IsInformationalSession": 1}


def content(record: Saved) -> Content:
    """The identity of a record and all else that Windows keeps of it; equal for records that are the same to Windows.

    The service gives a login without a user name the node name (public analyses of the service), so whatever may be a
    node name counts as none.
    """
    options = record.login_options
    mapping = getattr(record, "mappings", None)
    luns = tuple((lun.os_lun, lun.target_lun) for lun in mapping.luns) if mapping else ()
    specified: Content = ()
    if options is not None:
        username = None if node_names.looks_like_node_name(options.username) else options.username
        specified = (
            options.login_flags, options.header_digest, options.data_digest, options.maximum_connections,
            options.default_time2wait, options.default_time2retain, options.auth_type, username, options.password_set,
        )  # fmt: skip
    numbers = (mapping.bus, mapping.target_number, luns) if luns and mapping else ()
    return record.identity, getattr(record, "session_type", None), record.security_flags, specified, numbers


def rank_among_equals(contents: t.Sequence[Content]) -> t.List[int]:
    """For each content how many equal ones precede it."""
    seen: t.Counter[Content] = collections.Counter()
    ranks = []
    for each in contents:
        ranks.append(seen[each])
        seen[each] += 1
    return ranks


def patterns(
    record: Saved, structure: structures.Structure, abi: structures.Abi, as_read: bool = False
) -> t.Tuple[wire.Pattern, ...]:
    """The bytes by which a runner knows the content of a record, whatever its identity.

    Values that are not specified are left out: Windows keeps there whatever was saved (public analyses of the service).
    So is what lies behind pointers, and InformationSpecified, to which the service adds a bit when it saves.

    :param as_read: the record was read from the host and not saved since. Then InformationSpecified must be the same,
        which shows when somebody has specified another option.
    """
    layout = structure.layout(abi)
    options = record.login_options
    fields: t.Dict[str, t.Optional[int]] = {"SecurityFlags": record.security_flags}
    if isinstance(record, records.PersistentLogin):
        fields["IsInformationalSession"] = int(record.session_type == "informational")
    if options is not None:
        fields["LoginOptions.LoginFlags"] = options.login_flags
        specified = options.information_specified
        for name, (bit, field) in options.SPECIFIED.items():
            value = getattr(options, name)
            if name == "username":
                if as_read and value is None and options.default_username is not None:
                    value = options.default_username
                    specified |= bit
                fields["LoginOptions.UsernameLength"] = None if value is None else len(value)
            else:
                fields[f"LoginOptions.{field}"] = value
        fields["LoginOptions.InformationSpecified"] = specified if as_read else None
    return tuple(
        wire.Pattern(layout.offset_of(path), value.to_bytes(_SIZES.get(path, 4), "little"))
        for path, value in fields.items()
        if value is not None
    )
