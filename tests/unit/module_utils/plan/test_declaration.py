# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person may declare, and what is told when it cannot be meant: always the option, never a secret."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.model.addresses import host_port
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import desired, properties
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import declared_parts, subsets
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.declaration import parse as declare
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.values import DeclarationError

IQN = "iqn.2010-06.com.purestorage:flash.1"


def login(**options):
    return desired.persistent_login(dict({"target": IQN, "portal": "10.0.0.1"}, **options), "persistent_logins[3]")


def refused(**options):
    with pytest.raises(DeclarationError) as caught:
        login(**options)
    return str(caught.value)


# -- names and addresses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        IQN,
        IQN.upper(),
        "iqn.1992-08.com.netapp:sn.84183797:vf.1",
        "eui.02004567A425678D",
        "naa.52004567BA64678D",
        "naa.62004567BA64678D0123456789ABCDEF",
        "iqn.2001-04.com.example:störage",
    ],
)
def test_iscsi_names(name):
    assert login(target=name).record.target == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "flash",
        "iqn.2010.com.example",
        "iqn.2010-06.",
        "eui.0200",
        "naa.5200",
        "iqn.2010-06.com.a b",
        "iqn.2010-06.com." + "x" * 208,
    ],
)
def test_what_is_no_iscsi_name(name):
    assert refused(target=name).startswith("persistent_logins[3].target: ")


@pytest.mark.parametrize(
    "text, canonical",
    [
        ("10.0.0.1", "10.0.0.1"),
        (" 10.0.0.1 ", "10.0.0.1"),
        ("fd00::1", "fd00::1"),
        ("FD00:0:0:0:0:0:0:1", "fd00::1"),
        ("[fd00::1]", "fd00::1"),
        ("fe80::1%12", "fe80::1%12"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("Filer.Example.com", "Filer.Example.com"),
        ("filer", "filer"),
        ("filer_1.example.com.", "filer_1.example.com."),
    ],
)
def test_addresses_have_one_form_and_host_names_stay(text, canonical):
    found = login(portal=text).record.portal.address
    assert found == canonical or text.startswith("::ffff") and found in ("::ffff:10.0.0.1", "::ffff:a00:1")


@pytest.mark.parametrize(
    "text", ["10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1:x", "fd00::g", "[fd00::1", "a b", "-filer", "x" * 256]
)
def test_what_is_no_address(text):
    assert refused(portal=text).startswith("persistent_logins[3].portal.address: ")


@pytest.mark.parametrize(
    "portal, port",
    [
        ("10.0.0.1", 3260),
        ({"address": "10.0.0.1"}, 3260),
        ({"address": "10.0.0.1", "port": 860}, 860),
        ({"address": "10.0.0.1", "port": "860"}, 860),
    ],
)
def test_the_port_of_a_portal(portal, port):
    assert login(portal=portal).record.portal.port == port


@pytest.mark.parametrize(
    "portal",
    [
        {"address": "10.0.0.1", "port": 65536},
        {"address": "10.0.0.1", "port": -1},
        {"port": 3260},
        {"address": ""},
        {"address": "10.0.0.1", "socket": 1},
    ],
)
def test_what_is_no_portal(portal):
    assert refused(portal=portal).startswith("persistent_logins[3].portal")


@pytest.mark.parametrize(
    "text, address, port",
    [
        ("10.0.0.1:860", "10.0.0.1", 860),
        ("filer.example.com:860", "filer.example.com", 860),
        ("[FD00::1]:860", "fd00::1", 860),
        ("[fd00::1]", "fd00::1", 3260),
        ("fd00::1:860", "fd00::1:860", 3260),
    ],
)
def test_a_portal_in_words(text, address, port):
    found = login(portal=text).record.portal
    assert (found.address, found.port) == (address, port)
    assert login(portal=host_port(found.address, found.port)).record.portal == found


@pytest.mark.parametrize(
    "portal", ["10.0.0.1:0", "10.0.0.1:65536", {"address": "10.0.0.1", "port": 0}, ["10.0.0.1"], 7, ""]
)
def test_what_is_no_portal_either(portal):
    assert refused(portal=portal).startswith("persistent_logins[3].portal")


def test_what_was_put_into_a_portal_by_mistake_is_not_shown():
    assert "marker" not in refused(portal={"address": "10.0.0.1", "secret": "marker-chap01"})


def test_no_portal_is_any_portal_and_no_port_any_port():
    record = login(portal=None).record
    assert record.portal is None and record.initiator_port is None
    assert login(initiator_port=0).record.initiator_port == 0


@pytest.mark.parametrize(
    "options",
    [
        {"initiator_port": -1},
        {"initiator_port": 0xFFFFFFFF},
        {"initiator_port": "first"},
        {"copies": 0},
        {"copies": 257},
        {"initiator_instance": "x" * 256},
    ],
)
def test_numbers_out_of_range(options):
    assert refused(**options).startswith(f"persistent_logins[3].{next(iter(options))}: ")


@pytest.mark.parametrize(
    "option, value",
    [
        *(("maximum_connections", value) for value in (1, 65535)),
        *(("default_time2wait", value) for value in (0, 2**32 - 1)),
        *(("default_time2retain", value) for value in (0, 2**32 - 1)),
    ],
)
def test_the_bounds_of_a_number_are_legal(option, value):
    (found,) = login(**{option: value}).values.items()
    assert (found[0].option, found[1]) == (option, value)


# -- properties --------------------------------------------------------------------------------------------------------

WRONG = {
    "security_flags": "multipath",
    "login_flags": ["no_such_flag"],
    "multipath": "perhaps",
    "header_digest": "md5",
    "data_digest": 2**32,
    "maximum_connections": 0,
    "default_time2wait": -1,
    "default_time2retain": "soon",
    "auth_type": "kerberos",
    "symbolic_name": "x" * 256,
    "session_type": "discovery",
    "mappings": {"bus": 0, "lun": 1},
}


@pytest.mark.parametrize("option", [prop.option for prop in properties.PERSISTENT_LOGIN if prop.option != "username"])
def test_every_property_tells_its_option_when_it_is_wrong(option):
    assert refused(**{option: WRONG[option]}).startswith(f"persistent_logins[3].{option}: ")


@pytest.mark.parametrize("prop", properties.PERSISTENT_LOGIN, ids=lambda prop: prop.option)
def test_only_what_windows_can_leave_open_can_be_unspecified(prop):
    if prop.can_be_unspecified:
        assert login(**{prop.option: "unspecified"}).values == {prop: None}
    elif prop.option != "symbolic_name":  # where it is text like any other
        assert refused(**{prop.option: "unspecified"}).startswith(f"persistent_logins[3].{prop.option}: ")


def test_what_is_omitted_or_null_is_not_declared():
    assert login(header_digest=None, login_flags=None).values == {}


@pytest.mark.parametrize("value", ["crc32c", "CRC32C", 1, "1"])
def test_values_by_name_or_number(value):
    assert list(login(header_digest=value).values.values()) == [1]


# -- secrets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret, size", [("x" * 12, 12), ("x" * 16, 16), ("0x" + "ab" * 12, 12), ("0X" + "AB" * 16, 16)]
)
def test_chap_secrets_of_12_to_16_bytes(secret, size):
    assert len(login(secret=secret).secret) == size


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "hunter2",
        "x" * 11,
        "x" * 17,
        "0x" + "ab" * 11,
        "0x" + "ab" * 17,
        "0xabc",
        "0xhello-hello-hello",
        "schlüsselwort",
    ],
)
def test_a_secret_that_windows_would_refuse_is_told_without_being_shown(secret):
    text = refused(secret=secret)
    assert text.startswith("persistent_logins[3].secret: ") and (not secret or secret not in text)


def test_with_ipsec_a_short_secret_will_do():
    assert len(login(secret="short", login_flags=["require_ipsec"]).secret) == 5


def test_a_secret_shows_itself_nowhere():
    wish = login(secret="a secret of 16 B", ipsec_key="another secret")
    texts = [repr(wish), str(wish.secret), f"{wish.key}", "%r" % [wish.secret], format(wish.secret)]
    assert not any("secret of" in text or "another" in text for text in texts)
    assert not hasattr(wish.secret, "__dict__") and b"secret of" not in pickle.dumps(repr(wish))


@given(st.binary(min_size=12, max_size=16))
def test_a_secret_in_hex_is_its_bytes(raw):
    assert login(secret="0x" + raw.hex()).secret.reveal() == raw


# -- whole declarations ------------------------------------------------------------------------------------------------


def test_a_list_tells_which_entry_is_wrong():
    with pytest.raises(DeclarationError, match=r"^persistent_logins\[1\]\.portal\.address: "):
        declare({"persistent_logins": [{"target": IQN, "portal": "10.0.0.1"}, {"target": IQN, "portal": "a b"}]})


@pytest.mark.parametrize(
    "part",
    ["persistent_logins", "target_portals", "static_targets", "isns_servers", "radius_servers", "persistent_devices"],
)
def test_an_empty_list_is_read_and_an_omitted_one_is_not(part):
    reads = {"persistent_logins": "persistent_logins", "static_targets": "targets"}.get(part, part)
    assert reads in subsets(declare({part: []}))
    assert subsets(declare({part: None})) == ["initiator"]


def test_what_is_purged_is_read():
    assert "isns_servers" in subsets(declare({"purge": ["isns_servers"]}))


@pytest.mark.parametrize("option, size", [("chap_secret", (12, 16)), ("radius_secret", (22, 26))])
def test_secrets_of_the_host(option, size):
    for length in range(30):
        plain = {option: "x" * length}
        if size[0] <= length <= size[1]:
            assert len(declare(plain).values[option]) == length
        else:
            with pytest.raises(DeclarationError, match=f"^{option}: "):
                declare(plain)


def test_an_informational_session_is_not_kept_connected():
    assert "connected" in refused(session_type="informational", connected=True)


def test_a_live_session_is_not_ended_by_the_name_of_its_portal():
    with pytest.raises(DeclarationError, match="live sessions are known by address only"):
        declare({"sessions": [{"target": IQN, "portal": "filer.example.com", "state": "absent"}]})


def test_the_name_of_an_instance_fits_the_field_of_the_dll():
    assert login(initiator_instance="x" * 255).record.initiator_instance == "x" * 255
    assert "this has 256" in refused(initiator_instance="x" * 256)


@pytest.mark.parametrize(
    ("plain", "parts"),
    [
        ({"bind_all_volumes": False, "refresh_isns_servers": True}, ["refresh_isns_servers"]),
        ({"node_name": IQN, "isns_servers": []}, ["node_name", "isns_servers"]),
        ({"persistent_logins": None, "purge": ["target_portals"]}, ["purge"]),
    ],
)
def test_what_is_declared_is_named_in_the_order_of_work(plain, parts):
    assert declared_parts(declare(plain)) == parts


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize(
    "part, key, first, second",
    [
        ("isns_servers", "address", "10.0.0.9", "10.0.0.9"),
        ("radius_servers", "address", "radius.example.com", "RADIUS.example.com"),
        ("persistent_devices", "path", "D:\\", "d:\\"),
    ],
)
def test_a_name_is_declared_once(part, key, first, second, state):
    """Otherwise the last one would silently take precedence."""
    with pytest.raises(DeclarationError, match=rf"{part}\[1\]: .* is declared twice"):
        declare({part: [first, {key: second, "state": state}]})
