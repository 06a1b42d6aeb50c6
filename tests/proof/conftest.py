# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judges that tests share: each is started once, and only if a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.winstorage.iscsi.tests.proof.support.dotnet import WineDotnet
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import WinePrefix, WinePython


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WinePrefix]:
    with WinePrefix(tmp_path_factory.mktemp("wine")) as prefix:
        yield prefix


@pytest.fixture(scope="session")
def wine_python(wine: WinePrefix) -> WinePython:
    return WinePython(wine)


@pytest.fixture(scope="session")
def wine_dotnet(wine: WinePrefix) -> WineDotnet:
    return WineDotnet(wine)
