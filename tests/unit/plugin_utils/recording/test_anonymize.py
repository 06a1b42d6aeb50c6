# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other names of the same length: the same ones everywhere, and never the same for two."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import queries
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.names import is_iscsi_name
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import recording
from ansible_collections.winstorage.iscsi.tests.unit.support.hosts import Host

DEMO = sorted((Path(__file__).parents[4] / "demo/hosts").glob("*.yml"))
# What a demo host is known by: its name and domain, its arrays, its addresses and users.
TELLING = re.compile(
    r"sql01|files03|hyperv02|corp|example|netapp|emc|purestorage|linux-iscsi|(?<![\d.])10\.20\.|192\.168\.|fd12:|backup",
    re.IGNORECASE,
)


def gather(engine):
    return facts.assemble(queries.gather(engine))


def record(state, path, phrase=None):
    host = Host(state)

    def engine(batch):
        answer = host(batch)
        recording.keep(batch, answer, str(path), {}, recording.Names(phrase))
        return answer

    return gather(engine)


def shape(value):
    """Facts without what names are replaced by: lists of entries by their number and form."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items() if name not in ("warnings", "attention")}
    if isinstance(value, list):
        return sorted((shape(member) for member in value), key=repr)
    return len(value) if isinstance(value, str) else value


@pytest.mark.parametrize("state", DEMO, ids=lambda path: path.stem)
def test_a_demo_host_is_not_known_by_its_recording_and_looks_the_same(state, tmp_path):
    original = record(yaml.safe_load(state.read_text()), tmp_path / "recording.yml", "a phrase")
    written = (tmp_path / "recording.yml").read_text()
    # disks keep the names of their makers, both in what they answer and in what Windows calls them
    of_disks = re.compile(r'DeviceInterfaceName|00000 "\.\.\.|"UniqueId"')
    lines = [line for line in written.splitlines() if not of_disks.search(line)]
    assert [line for line in lines if TELLING.search(line.partition(" = ")[0])] == []
    replayed = gather(recording.replay(str(tmp_path / "recording.yml")))
    assert shape(replayed) == shape(original)
    assert replayed["next_boot"]["verdict"] == original["next_boot"]["verdict"]
    named = ("initiator", "persistent_logins", "target_portals", "targets", "isns_servers")
    assert not TELLING.search(yaml.safe_dump({part: replayed[part] for part in named}))


def test_the_same_phrase_gives_the_same_names_and_no_phrase_others(tmp_path):
    state = yaml.safe_load(DEMO[0].read_text())
    found = []
    for number, phrase in enumerate(["blue", "blue", "red", None, None]):
        record(state, tmp_path / f"{number}.yml", phrase)
        found.append(gather(recording.replay(str(tmp_path / f"{number}.yml")))["initiator"]["node_name"])
    assert found[0] == found[1] and len(set(found)) == 4


def test_what_belongs_together_stays_together():
    other = recording.Names("phrase")
    node = other.text("iqn.1991-05.com.microsoft:SQL01.corp.example", "InitiatorNodeName")
    host = other.host_name("sql01.corp.example")
    assert node == "iqn.1991-05.com.microsoft:" + host[:3].upper() + host[3:]
    assert other.text("sql01", "Username") == host[:5]
    address = other.address("10.20.30.9")
    mechanism = other.text("SendTargets:*10.20.30.9 0003260 ROOT\\ISCSIPRT\\0000_0 10.20.30.41", "")
    assert mechanism.startswith(f"SendTargets:*{address} 0003260 ROOT\\ISCSIPRT\\0000_0 ")
    assert mechanism.endswith(other.address("10.20.30.41"))
    iqn = other.text("iqn.1992-08.com.netapp:sn.7", "TargetName")
    assert other.text("iqn.1992-08.com.netapp:sn.7,t,0x0001", "ResponseBuffer") == iqn + ",t,0x0001"
    assert other.text("SendTargets:*filer.corp 0003260 ROOT\\ISCSIPRT\\0000_0 10.20.30.41", "").startswith(
        f"SendTargets:*{other.address('filer.corp')} 0003260 "
    )


@pytest.mark.parametrize(
    "text", ["0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1", "ROOT\\ISCSIPRT\\0000_0", "E:\\", ""]
)
def test_what_names_nobody_stays(text):
    other = recording.Names("phrase")
    assert other.text(text, "") == text
    assert "\\" in text or other.address(text) == text


def test_two_spellings_of_an_address_stay_the_same_address():
    other = recording.Names("phrase")
    spellings = ["fd12:0:0::00AB", "fd12::ab", "FD12::AB", "fd12:0000::ab", "[fd12::ab]"]
    found = [ipaddress.ip_address(other.address(text).strip("[]")) for text in spellings]
    assert len(set(found)) == 1 and str(found[0]) != "fd12::ab"
    assert other.address("010.1.2.3").split(".")[0] == other.address("10.1.2.3").split(".")[0].rjust(3, "0")


@given(st.lists(st.ip_addresses(v=4), min_size=2, max_size=30, unique=True))
def test_ipv4_addresses_keep_their_length_their_network_and_their_difference(addresses):
    other = recording.Names("phrase")
    replaced = [other.address(str(address)) for address in addresses]
    assert len(set(replaced)) == len(addresses)
    for before, after in zip(addresses, replaced):
        assert [len(part) for part in str(before).split(".")] == [
            len(part) for part in str(ipaddress.ip_address(after)).split(".")
        ]
    for first, one in zip(addresses, replaced):
        for second, two in zip(addresses, replaced):
            for octets in (1, 2, 3):
                same_before = first.packed[:octets] == second.packed[:octets]
                same_after = ipaddress.ip_address(one).packed[:octets] == ipaddress.ip_address(two).packed[:octets]
                kept = {
                    first.packed[0] in (0, 127) or first.packed[0] > 223,
                    second.packed[0] in (0, 127) or second.packed[0] > 223,
                }
                assert same_before == same_after or True in kept


@given(st.lists(st.ip_addresses(v=6), min_size=2, max_size=30, unique=True))
def test_ipv6_addresses_keep_their_length_and_their_difference(addresses):
    other = recording.Names("phrase")
    replaced = [other.address(str(address)) for address in addresses]
    assert len(set(replaced)) == len(addresses)
    for before, after in zip(addresses, replaced):
        assert str(ipaddress.ip_address(after)) == after and len(after) == len(str(before))


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=20))
def test_names_keep_their_length_in_utf_16(texts):
    other = recording.Names("phrase")
    found = {}
    for text in texts:
        replaced = other.text(text, "Username")
        assert len(replaced.encode("utf-16-le", "surrogatepass")) == len(text.encode("utf-16-le", "surrogatepass"))
        found.setdefault(text, set()).add(replaced)
    assert all(len(replaced) == 1 for replaced in found.values())


@pytest.mark.parametrize(
    "name",
    [
        "iqn.2001-04.com.example:storage.disk2.sys1-xyz",
        "IQN.2001-04.COM.EXAMPLE:STORAGE",
        "iqn.1991-05.com.microsoft:sql01.corp.example.com",
        "iqn.2001-04.com.example",
        "eui.02004567A425678D",
        "naa.52004567BA64678D",
    ],
)
def test_a_name_of_iscsi_stays_a_name_of_iscsi(name):
    replaced = recording.Names("phrase").text(name, "TargetName")
    assert is_iscsi_name(replaced) and replaced != name and len(replaced) == len(name)
    assert replaced[:4] == name[:4]


def test_a_name_without_the_form_of_iscsi_is_replaced_as_well():
    assert re.fullmatch("[a-z]{5}-[a-z]{6}_[0-9]", recording.Names("phrase").text("array-target_7", "TargetName"))
