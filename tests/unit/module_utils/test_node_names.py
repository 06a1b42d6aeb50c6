# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which user names of logins were filled in by Windows."""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.model.node_names import recognize
from ansible_collections.winstorage.iscsi.tests.unit.support.builders import login

NODE = "iqn.2020-01.com.example:node"
CHAP, USERNAME = 1, 0x20


def recognized(node_name, *names_and_types):
    """[(user name, the one that was filled in, InformationSpecified), ...] of logins."""
    logins = [
        login(username=name, auth_type=auth_type, information_specified=USERNAME | 0x02)
        for name, auth_type in names_and_types
    ]
    return [
        (each.login_options.username, each.login_options.default_username, each.login_options.information_specified)
        for each in recognize(logins, node_name)
    ]


@pytest.mark.parametrize("auth_type", [None, 0, CHAP, 2])
@pytest.mark.parametrize(
    "name",
    [NODE.encode(), NODE.upper().encode(), b"iqn.1991-05.com.microsoft:win-1", b"iqn.1991-05.com.microsoft:a.corp.net"],
)
def test_the_present_node_name_and_those_of_windows_were_filled_in(name, auth_type):
    """So the bit of the user name, which Windows sets, is not shown."""
    assert recognized(NODE, (name, auth_type)) == [(None, name, 0x02)]


@pytest.mark.parametrize(
    "name, auth_type",
    [(b"sql01", CHAP), (b"sql01", None), (b"", CHAP), (None, CHAP), (b"iqn.2019-01.com.example:cluster", CHAP)],
)
def test_any_other_name_was_given(name, auth_type):
    assert recognized(NODE, (name, auth_type)) == [(name, None, 0x22)]


def test_an_iscsi_name_without_chap_is_a_former_node_name_so_with_chap_it_is_too():
    former = b"iqn.2019-01.com.example:old"
    assert recognized(NODE, (former, None), (former, CHAP)) == [(None, former, 0x02)] * 2


def test_without_a_known_node_name_the_rest_is_told_all_the_same():
    names = [(b"iqn.1991-05.com.microsoft:win-1", CHAP), (NODE.encode(), CHAP)]
    assert [given for given, _filled_in, _specified in recognized(None, *names)] == [None, NODE.encode()]


def test_a_node_name_that_is_no_iscsi_name_is_known_as_it_is():
    assert recognized("my node", (b"my node", CHAP)) == [(None, b"my node", 0x02)]
