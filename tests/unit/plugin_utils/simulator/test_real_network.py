# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real arrays in a state file: which may be talked to, and what they need. tests/proof has them talk."""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import HostFileError, boot, real_network
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import state as states


def network(portal, real="loopback", names=None, **more):
    return {"network": {"arrays": [dict({"real": real, "portals": [portal]}, **more)], "names": names or {}}}


@pytest.mark.parametrize(
    "portal, names", [("127.0.0.1:13260", {}), ("127.9.8.7", {}), ("::1", {}), ("filer", {"filer": "127.0.0.1"})]
)
def test_loopback_is_allowed(portal, names):
    array = states.load(network(portal, names=names))["network"]["arrays"][0]
    assert array["real"] == "loopback"


@pytest.mark.parametrize(
    "portal, names",
    [("10.0.0.1", {}), ("0.0.0.0", {}), ("fd00::1", {}), ("localhost", {}), ("filer", {"filer": "10.0.0.1"})],
)
def test_other_machines_are_refused_unless_the_file_says_anywhere(portal, names):
    with pytest.raises(HostFileError, match=r"arrays\[0\].portals\[0\].address: .* not a loopback address"):
        states.load(network(portal, names=names))
    assert states.load(network(portal, "anywhere", names))["network"]["arrays"][0]["real"] == "anywhere"


@pytest.mark.parametrize(
    "more", [{"targets": [{"iqn": "iqn.2026-01.com.example:a"}]}, {"discovery_chap": {"secret": "simulated-001"}}]
)
def test_what_a_real_array_tells_itself_is_not_written(more):
    with pytest.raises(HostFileError, match=f"arrays.0..{next(iter(more))}: a real array tells this itself"):
        states.load(network("127.0.0.1", **more))


def test_without_libiscsi_the_simulator_says_what_is_missing(tmp_path, monkeypatch):
    path = tmp_path / "host.yml"
    monkeypatch.setattr(real_network, "LIBRARY", "libiscsi.so.none")
    real_network.library.cache_clear()
    try:
        path.write_text("network: {arrays: [{portals: [127.0.0.1]}]}")
        boot(path)
        path.write_text("network: {arrays: [{real: loopback, portals: [127.0.0.1]}]}")
        with pytest.raises(HostFileError, match="apt-get install libiscsi7"):
            boot(path)
    finally:
        real_network.library.cache_clear()
