# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.model import addresses


@pytest.mark.parametrize(
    "text, canonical, numeric",
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("FE80::0001", "fe80::1", True),
        ("[fe80::1]", "fe80::1", True),
        ("FE80::0001%5", "fe80::1%5", True),
        ("[fe80::1%5]", "fe80::1%5", True),
        ("10.0.0.1%5", "10.0.0.1%5", False),
        ("Array.Example.COM", "array.example.com", False),
        ("", "", False),
        ("10.0.0.1.example", "10.0.0.1.example", False),
        ("10.0.0.300", "10.0.0.300", False),
    ],
)
def test_addresses_and_names(text, canonical, numeric):
    assert addresses.canonical(text) == canonical
    assert addresses.is_numeric(text) is numeric


@given(st.ip_addresses(v=6))
def test_all_spellings_of_an_address_are_one(address):
    spellings = [str(address), address.exploded, address.exploded.upper(), f"[{address}]"]
    assert {addresses.canonical(text) for text in spellings} == {str(address)}
    for text in spellings:
        assert {text.lower(), str(address), f"[{address}]"} == set(addresses.spellings(text))


@given(st.text(max_size=20))
def test_the_canonical_form_is_its_own_canonical_form(text):
    once = addresses.canonical(text)
    assert addresses.canonical(once) == once or not addresses.is_numeric(once)


@given(st.ip_addresses(), st.integers(1, 65535))
def test_a_printed_portal_reads_back(address, port):
    text = addresses.host_port(str(address), port)
    host, port_text = addresses.split_host_port(text)
    assert (ipaddress.ip_address(host.strip("[]")), port_text) == (address, str(port))


@pytest.mark.parametrize("text", ["array.example.com", "10.0.0.1", "fe80::1", "[fe80::1]", ""])
def test_a_text_without_a_port_is_an_address(text):
    assert addresses.split_host_port(text) == (text, None)


@pytest.mark.parametrize("text", ["192.0.2.2x1", "192.0.2.l", "1O.0.0.1", "10.0.0.1-"])
def test_a_host_name_with_one_wrong_character_is_nearly_an_ipv4_address(text):
    assert addresses.is_nearly_ipv4(text)


@pytest.mark.parametrize(
    "text", ["192.0.2.21", "array1.example.com", "a1", "x10.0.0.1", "10.0.0.1.x", "fd00::1", "10.2a", ""]
)
def test_other_names_and_addresses_are_not(text):
    assert not addresses.is_nearly_ipv4(text)
