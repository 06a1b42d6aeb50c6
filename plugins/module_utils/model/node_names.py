# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""User names that nobody gave: the node name, which Windows fills in.

A login that is saved without a user name gets the node name of that moment as its user name, and reads back as if that
had been specified (public analyses of the service). When the node is renamed, older logins keep the older name. To
facts, plans, exports and audits such a login has no user name: they all get their records from :func:`recognize`.

Nothing tells what a node was called before. A user name was filled in if it is the present node name, if it has the
form of Windows' own node names, or if a login without CHAP has it too, for nobody gives such a login a user name. Any
other iSCSI name may as well have been given.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import names
from .records import LoginOptions, PersistentLogin

_WINDOWS_FORM = b"iqn.1991-05.com.microsoft:"  # and the name of the computer: what Windows names a node by itself
_USERNAME_BIT = LoginOptions.SPECIFIED["username"][0]


def recognize(logins: t.Sequence[PersistentLogin], node_name: t.Optional[str]) -> t.List[PersistentLogin]:
    """The logins with each user name that Windows filled in as ``default_username``, and not as ``username``.

    :param node_name: the present one; None if it is not known.
    """
    present = _lower(node_name.encode("utf-8", "replace") if node_name else None)
    without_chap = {_lower(login.login_options.username) for login in logins if not login.login_options.uses_chap}

    def without_default(login: PersistentLogin) -> PersistentLogin:
        name = _lower(login.login_options.username)
        was_given = not looks_like_node_name(name) or not (name in without_chap or name.startswith(_WINDOWS_FORM))
        if not name or (was_given and name != present):
            return login
        options = login.login_options
        return dataclasses.replace(
            login,
            login_options=dataclasses.replace(
                options,
                username=None,
                default_username=options.username,
                information_specified=options.information_specified & ~_USERNAME_BIT,
            ),
        )

    return [without_default(login) for login in logins]


def looks_like_node_name(username: t.Optional[bytes]) -> bool:
    """Whether a user name may be the node name of some time."""
    return names.is_iscsi_name((username or b"").decode("utf-8", "replace"))


def _lower(name: t.Optional[bytes]) -> bytes:
    return (name or b"").lower()
