# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judges that tests share: each is started once, and only if a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from ansible_collections.winstorage.iscsi.tests.proof.secrecy.watch import Watch
from ansible_collections.winstorage.iscsi.tests.proof.support.dotnet import WineDotnet
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import WinePrefix, WinePython
from ansible_collections.winstorage.iscsi.tests.proof.winrm import everything, scenario
from ansible_collections.winstorage.iscsi.tests.proof.winrm.fleet import Fleet


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


@pytest.fixture(scope="session")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    return Watch(tmp_path_factory.mktemp("watch"))


@pytest.fixture(scope="session")
def every_host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """See winrm/everything.py. Those of other connections, and those that fail, only where tests of secrets run."""
    with Fleet(tmp_path_factory.mktemp("everything"), scenario.STATE, everything.SECRETS) as hosts:
        everything.add_remote_hosts(hosts)
        if any(item.path.stem == "test_secrets" for item in request.session.items):
            everything.add_other_hosts(hosts, request.getfixturevalue("wine_python"))
        yield hosts
        if "cut" in hosts.endpoints:
            hosts.endpoints["cut"].problems.clear()  # what was raised on purpose


@pytest.fixture(scope="session")
def everything_played(every_host: Fleet, watch: Watch) -> SimpleNamespace:
    return everything.play(every_host, watch)
