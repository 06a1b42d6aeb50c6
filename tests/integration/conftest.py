# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of real playbooks share."""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.tests.unit.support.sites import Site, link_collection


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    return link_collection(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def site(tmp_path_factory, shared):
    """An empty :class:`Site`; the tests of a module share it."""
    return Site(tmp_path_factory.mktemp("site"), shared)
