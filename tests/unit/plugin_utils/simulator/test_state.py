# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file: what a person may write, what the errors say, and that it survives whatever happens to it."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import stat
import textwrap
import time
from pathlib import Path

import pytest
import yaml

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import __main__ as command
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import dialects, state, store
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator.errors import HostFileError

from .conftest import MULTIPATH, TARGET, Host, known_host

ROOT = Path(__file__).parents[4]
GUIDE = (ROOT / "docs/docsite/rst/simulator.rst").read_text(encoding="utf-8")
EXAMPLE = textwrap.dedent(re.search(r"    # A full example.*\n(?:    .*\n|\n)+", GUIDE).group())


@pytest.mark.parametrize(
    "plain, where, problem",
    [
        ({"persistant_logins": []}, "persistant_logins", "did you mean persistent_logins?"),
        ({"service": {"state": "runing"}}, "service.state", "did you mean running?"),
        ({"service": ["running"]}, "service", "expected fields"),
        ({"persistent_logins": {}}, "persistent_logins", "expected a list"),
        ({"persistent_logins": [{"portal": None}]}, "persistent_logins[0].target", "must be given"),
        ({"persistent_logins": [{"target": "iqn.a:b"}]}, "persistent_logins[0].portal", "must be given"),
        (
            {"persistent_logins": [{"target": "iqn.a:b", "portal": "10.0.0.1:iscsi"}]},
            "persistent_logins[0].portal",
            "not a TCP port",
        ),
        (
            {"persistent_logins": [{"target": "iqn.a:b", "portal": {"address": "a", "port": 65536}}]},
            "persistent_logins[0].portal.port",
            "a number from 0 to 65535",
        ),
        (
            {"persistent_logins": [{"target": "iqn.a:b", "portal": None, "initiator_port": "all"}]},
            "persistent_logins[0].initiator_port",
            "expected any or a number",
        ),
        (
            {"persistent_logins": [{"target": "iqn.a:b", "portal": None, "security_flags": ["tunel_mode_preferred"]}]},
            "persistent_logins[0].security_flags",
            "did you mean tunnel_mode_preferred?",
        ),
        (
            {"persistent_logins": [{"target": "x" * 224, "portal": None}]},
            "persistent_logins[0].target",
            "at most 223 characters",
        ),
        (
            {"persistent_logins": [{"target": "iqn.a:b", "portal": None, "copies": -1}]},
            "persistent_logins[0].copies",
            "from 0 to 512",
        ),
        ({"network": {"arrays": [{"targets": []}]}}, "network.arrays[0].portals", "must be given"),
        (
            {"network": {"arrays": [{"portals": [], "targets": [{"iqn": "i", "luns": [{"lun": 0, "size": "big"}]}]}]}},
            "network.arrays[0].targets[0].luns[0].size",
            "a size such as 512M",
        ),
        ({"network": {"names": {"Filer": "10.0.0.1"}}}, "network.names.Filer", "lower-case"),
        ({"network": {"names": {"filer": "somewhere"}}}, "network.names.filer", "not an IP address"),
        ({"windows": {"version": "Server 2022"}}, "windows.version", "a version such as 10.0"),
        ({"elevated": "yes"}, "elevated", "expected true or false"),
        ({"faults": [{"status": "ISDSC_SESION_BUSY"}]}, "faults[0].status", "did you mean ISDSC_SESSION_BUSY"),
        ({"dialect": {"empty_lists": "success"}}, "dialect.empty_lists", "did you mean empty_list?"),
        ({"dialect": "awkard"}, "dialect", "did you mean awkward?"),
        ([], "", "expected fields"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(plain, where, problem):
    with pytest.raises(HostFileError) as caught:
        state.load(plain)
    assert caught.value.where == where
    assert problem in caught.value.problem


@pytest.mark.parametrize("secret", [123456789012, ["geheim"], "0xnothex"])
def test_an_error_never_shows_what_may_be_a_secret(secret):
    with pytest.raises(HostFileError) as caught:
        state.load({"initiator": {"mutual_chap_secret": secret}})
    assert caught.value.where == "initiator.mutual_chap_secret"
    assert str(secret) not in str(caught.value) and "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "text, address, port",
    [
        ("10.0.0.1", "10.0.0.1", 3260),
        ("10.0.0.1:860", "10.0.0.1", 860),
        ("fd00::1", "fd00::1", 3260),
        ("[fd00::1]:860", "fd00::1", 860),
        ("[fd00::1]", "fd00::1", 3260),
        ("filer.example.com", "filer.example.com", 3260),
    ],
)
def test_a_portal_may_be_a_single_text(text, address, port):
    login = state.load({"persistent_logins": [{"target": "iqn.a:b", "portal": text}]})["persistent_logins"][0]
    assert (login["TargetPortal"]["Address"], login["TargetPortal"]["Socket"]) == (address, port)


def _written():
    """Every state file of the repository, and the example of its documentation."""
    folders = ("demo/hosts", "examples/hosts", "extensions/molecule/default/hosts", "extensions/molecule/modules/hosts")
    paths = [path for folder in folders for path in sorted((ROOT / folder).glob("*.yml"))]
    return [*[(path.name, path.read_text(encoding="utf-8")) for path in paths], ("simulator.rst", EXAMPLE)]


@pytest.mark.parametrize("text", [text for _name, text in _written()], ids=[name for name, _text in _written()])
def test_what_is_written_loads_and_is_the_same_after_a_dump(text):
    found = state.load(yaml.safe_load(text))
    simulator.Service(found)  # fills in what the file leaves out
    assert state.load(json.loads(json.dumps(state.dump(found)))) == found
    assert found["network"]["arrays"]


def test_the_documentation_names_every_field_and_every_dialect():
    missing = [
        name for name in state.HOST.fields if f"``{name}``" not in GUIDE and not re.search(rf"(?m)^{name}:", EXAMPLE)
    ]
    missing += [
        name
        for name, switch in dialects.SWITCHES.items()
        if not all(f"``{word}``" in GUIDE for word in (name, *switch.answers))
    ]
    assert missing == []


def test_the_documentation_shows_the_default_of_each_switch_first():
    shown = dict(re.findall(r"    \* - ``(\w+)``\n      - ``(\w+)``,", GUIDE))
    assert {name: shown[name] for name in dialects.SWITCHES} == dialects.DEFAULT


def test_the_files_of_the_demo_say_who_is_who():
    hosts = {
        path.stem: state.load(yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in (ROOT / "demo" / "hosts").glob("*.yml")
    }
    assert set(hosts) == {"sql01", "hyperv02", "files03"}
    assert sorted(login["InitiatorPortNumber"] for login in hosts["sql01"]["persistent_logins"]) == [0, 0, 1, 1]
    assert [array["reachable"] for array in hosts["hyperv02"]["network"]["arrays"]] == [True, False]
    files = hosts["files03"]["persistent_logins"]
    assert files[0] == files[1] and ":" in files[2]["TargetPortal"]["Address"] and files[2]["SecurityFlags"] == 0x260


# -- on disk -----------------------------------------------------------------------------------------------------------


def test_the_hand_written_file_is_never_touched(host):
    one = host()
    before = one.path.read_bytes()
    one.save()
    assert one.path.read_bytes() == before
    changed = Path(str(one.path) + store.SUFFIX)
    assert stat.S_IMODE(changed.stat().st_mode) == 0o600
    assert len(one.logins) == 1


def test_reading_writes_nothing(host):
    one = host(known_host(sessions=[{"target": TARGET, "portal": "10.0.0.1"}]))
    assert (len(one.sessions), one.targets()) == (1, [TARGET])
    assert os.listdir(one.path.parent) == [one.path.name]


def test_changed_state_may_live_in_a_folder_of_its_own(host, tmp_path):
    one = host(folder=str(tmp_path / "run" / "state"))
    one.save()
    (kept,) = os.listdir(tmp_path / "run" / "state")
    assert re.fullmatch(rf"{one.path.name}\.[0-9a-f]{{12}}{store.SUFFIX}", kept)
    assert len(one.logins) == 1


def test_editing_the_file_or_resetting_starts_over(host):
    one = host()
    one.save()
    one.path.write_text(one.path.read_text() + "\n")
    assert one.logins == []
    one.save()
    simulator.reset(str(one.path))
    assert one.logins == []


def test_a_missing_or_broken_file_is_named(tmp_path):
    path = tmp_path / "nowhere.yml"
    for text, problem in (
        (None, "cannot be read"),
        ("a: [", "neither YAML nor JSON"),
        ("servce: {}", "did you mean service?"),
    ):
        if text is not None:
            path.write_text(text)
        with pytest.raises(HostFileError, match=re.escape(str(path))) as caught:
            simulator.boot(str(path))
        assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 20000, "is nested too deeply"),
        ("{a: " * 20000, "is nested too deeply"),
        ("- " * 5000 + "x", "is nested too deeply"),
        ("network: &a {arrays: [*a]}", "network.arrays[0].arrays: no such field"),
        ("persistent_logins: &a [*a]", "expected fields"),
        ("target_portals: " + "[" * 90 + "]" * 90, "target_portals[0]: expected fields"),
        ("boots: 2026-13-45", "neither YAML nor JSON"),
        ("boots: " + "9" * 5000, "neither YAML nor JSON"),
    ],
    ids=range(8),
)
def test_any_file_is_an_error_in_words(tmp_path, text, problem):
    path = tmp_path / "host.yml"
    path.write_text(text)
    with pytest.raises(HostFileError) as caught:
        simulator.boot(str(path))
    assert problem in str(caught.value) and str(path) in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_two_files_of_one_name_keep_apart_in_one_folder(host, tmp_path):
    """Also where they are alike, so that no content tells them apart."""
    paths = [tmp_path / site / "host.yml" for site in ("north", "south")]
    for path in paths:
        path.parent.mkdir()
        path.write_text("service: {state: running, start_mode: automatic}")
    changed = tmp_path / "changed"
    with store.Store(paths[0], changed).transaction() as state:
        state["isns_servers"].append("192.0.2.5")
    with store.Store(paths[1], changed).transaction() as state:
        assert state["isns_servers"] == []
        state["isns_servers"].append("192.0.2.6")
    for path, server in zip(paths, ("192.0.2.5", "192.0.2.6")):
        with store.Store(path, changed).transaction() as state:
            assert state["isns_servers"] == [server]


def test_a_link_in_the_place_of_the_changed_state_is_an_error(host, tmp_path):
    one = host()
    (tmp_path / "elsewhere.json").write_text("{}")
    Path(str(one.path) + store.SUFFIX).symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(HostFileError, match=r"state\.json: cannot be read"):
        one.save()


def test_a_damaged_copy_is_named_with_the_remedy(host):
    one = host()
    one.save()
    changed = Path(str(one.path) + store.SUFFIX)
    changed.write_text(changed.read_text()[:50])
    with pytest.raises(HostFileError, match="is damaged; delete it"):
        one.save()


def test_a_failed_batch_changes_nothing(host):
    one = host()
    one.save()
    with pytest.raises(RuntimeError), store.Store(str(one.path)).transaction() as found:
        found["persistent_logins"].clear()
        raise RuntimeError
    assert len(one.logins) == 1


def _hammer(path, count):
    one = Host.__new__(Host)
    one.path, one.pointer, one.options = Path(path), 8, {}
    for _time in range(count):
        one.save(options=MULTIPATH)


def test_two_processes_lose_none_of_each_others_changes(host):
    one = host()
    workers = [multiprocessing.Process(target=_hammer, args=(str(one.path), 25)) for _worker in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len(one.logins) == 50


def test_a_process_that_is_killed_leaves_a_whole_state(host):
    one = host()
    one.save()
    for pause in (0.05, 0.13, 0.21, 0.34):
        worker = multiprocessing.Process(target=_hammer, args=(str(one.path), 200))
        worker.start()
        time.sleep(pause)
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        assert all(login.TargetName == TARGET for login in one.logins)
        assert one.save(options=MULTIPATH) in (
            "ERROR_SUCCESS",
            "ISDSC_COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA",
        )  # 256 are enough


def test_a_kill_before_the_rename_keeps_the_old_state(host, monkeypatch):
    one = host()
    one.save()

    def killed(*_paths):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            one.save(options=MULTIPATH)
    assert len(one.logins) == 1
    assert sorted(os.listdir(one.path.parent)) == [one.path.name, one.path.name + store.SUFFIX]


def test_the_command_restarts_and_sets_back(host, capsys):
    one = host(known_host(persistent_logins=[{"target": "iqn.2001-01.com.example:gone", "portal": "10.0.0.9"}]))
    one.save()
    assert command.main(["boot", str(one.path)]) == 0
    assert "not opened: iqn.2001-01.com.example:gone at 10.0.0.9: ISDSC_CONNECTION_FAILED" in capsys.readouterr().out
    assert len(one.sessions) == 1
    assert command.main(["reset", str(one.path)]) == 0
    assert (len(one.logins), one.sessions) == (1, [])
    assert command.main(["boot", str(one.path) + ".no"]) == 1
    assert "cannot be read" in capsys.readouterr().err
