# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engines say of themselves."""

from __future__ import annotations

import types

import pytest

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import engines


def chosen(name):
    action = types.SimpleNamespace(
        _task=types.SimpleNamespace(delegate_to=None), _templar=types.SimpleNamespace(template=lambda value: value)
    )
    paths = {"winstorage_iscsi_simulator_state": "/host.yml", "winstorage_iscsi_recording": "/host.txt"}
    return engines.choose(action, {"winstorage_iscsi_engine": name, "inventory_dir": "/", **paths})


@pytest.mark.parametrize("name", engines.ENGINES)
def test_an_engine_says_what_it_cannot_change(name):
    engine = chosen(name)
    assert engine.sets_only_registry is (name in ("python", "native"))
    assert engine.is_read_only is (name == "recording")
