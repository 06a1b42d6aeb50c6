# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import codecs
from ansible_collections.winstorage.iscsi.plugins.module_utils.abi.codecs import FlagError

# What the Microsoft SDK header iscsidsc.h defines.
FLAG_CONSTANTS = [
    (
        codecs.SECURITY_FLAGS,
        64,
        {
            "ISCSI_SECURITY_FLAG_VALID": 0x01,
            "ISCSI_SECURITY_FLAG_IKE_IPSEC_ENABLED": 0x02,
            "ISCSI_SECURITY_FLAG_MAIN_MODE_ENABLED": 0x04,
            "ISCSI_SECURITY_FLAG_AGGRESSIVE_MODE_ENABLED": 0x08,
            "ISCSI_SECURITY_FLAG_PFS_ENABLED": 0x10,
            "ISCSI_SECURITY_FLAG_TRANSPORT_MODE_PREFERRED": 0x20,
            "ISCSI_SECURITY_FLAG_TUNNEL_MODE_PREFERRED": 0x40,
        },
    ),
    (
        codecs.LOGIN_FLAGS,
        32,
        {
            "ISCSI_LOGIN_FLAG_REQUIRE_IPSEC": 0x01,
            "ISCSI_LOGIN_FLAG_MULTIPATH_ENABLED": 0x02,
            "ISCSI_LOGIN_FLAG_RESERVED1": 0x04,
            "ISCSI_LOGIN_FLAG_ALLOW_PORTAL_HOPPING": 0x08,
            "ISCSI_LOGIN_FLAG_USE_RADIUS_RESPONSE": 0x10,
            "ISCSI_LOGIN_FLAG_USE_RADIUS_VERIFICATION": 0x20,
        },
    ),
    (
        codecs.INFORMATION_SPECIFIED,
        32,
        {
            "ISCSI_LOGIN_OPTIONS_HEADER_DIGEST": 0x01,
            "ISCSI_LOGIN_OPTIONS_DATA_DIGEST": 0x02,
            "ISCSI_LOGIN_OPTIONS_MAXIMUM_CONNECTIONS": 0x04,
            "ISCSI_LOGIN_OPTIONS_DEFAULT_TIME_2_WAIT": 0x08,
            "ISCSI_LOGIN_OPTIONS_DEFAULT_TIME_2_RETAIN": 0x10,
            "ISCSI_LOGIN_OPTIONS_USERNAME": 0x20,
            "ISCSI_LOGIN_OPTIONS_PASSWORD": 0x40,
            "ISCSI_LOGIN_OPTIONS_AUTH_TYPE": 0x80,
        },
    ),
    (
        codecs.TARGET_FLAGS,
        32,
        {
            "ISCSI_TARGET_FLAG_HIDE_STATIC_TARGET": 0x2,
            "ISCSI_TARGET_FLAG_MERGE_TARGET_INFORMATION": 0x4,
        },
    ),
]
ENUM_CONSTANTS = [
    (
        codecs.AUTH_TYPES,
        32,
        {
            "ISCSI_NO_AUTH_TYPE": ("none", 0),
            "ISCSI_CHAP_AUTH_TYPE": ("chap", 1),
            "ISCSI_MUTUAL_CHAP_AUTH_TYPE": ("mutual_chap", 2),
        },
    ),
    (codecs.DIGEST_TYPES, 32, {"ISCSI_DIGEST_TYPE_NONE": ("none", 0), "ISCSI_DIGEST_TYPE_CRC32C": ("crc32c", 1)}),
    (codecs.TARGET_PROTOCOLS, 32, {"ISCSI_TCP_PROTOCOL_TYPE": ("tcp", 0)}),
    (
        codecs.TARGET_INFORMATION_CLASSES,
        32,
        {
            "ProtocolType": ("protocol_type", 0),
            "TargetAlias": ("target_alias", 1),
            "DiscoveryMechanisms": ("discovery_mechanisms", 2),
            "PortalGroups": ("portal_groups", 3),
            "PersistentTargetMappings": ("persistent_target_mappings", 4),
            "InitiatorName": ("initiator_name", 5),
            "TargetFlags": ("target_flags", 6),
            "LoginOptions": ("login_options", 7),
        },
    ),
    (
        codecs.IKE_ID_TYPES,
        8,
        {
            "ID_IPV4_ADDR": ("ipv4_address", 1),
            "ID_FQDN": ("fqdn", 2),
            "ID_USER_FQDN": ("user_fqdn", 3),
            "ID_IPV6_ADDR": ("ipv6_address", 5),
        },
    ),
    (codecs.IKE_AUTHENTICATION_METHODS, 32, {"IKE_AUTHENTICATION_PRESHARED_KEY_METHOD": ("preshared_key", 1)}),
]


def for_each(table):
    return pytest.mark.parametrize("codec, width, constants", table, ids=[row[0].title for row in table])


each_flag_set = for_each(FLAG_CONSTANTS)
each_enum = for_each(ENUM_CONSTANTS)


def any_case(text):
    """The text with every letter in either case: a bit of a number says which."""
    return st.integers(0, (1 << len(text)) - 1).map(
        lambda bits: "".join(c.upper() if bits >> at & 1 else c.lower() for at, c in enumerate(text))
    )


@each_flag_set
def test_every_bit_has_the_headers_value_and_name(codec, width, constants):
    assert codec.width == width
    assert {name: codec.encode(name) for name in constants} == constants
    assert list(codec.bits.values()) == list(constants.values())
    for short, full in zip(codec.bits, constants):
        assert full.lower().endswith("_" + short)
        assert codec.decode(constants[full]) == {"names": [short], "raw": constants[full], "unknown": None}


@each_flag_set
@given(data=st.data())
def test_every_integer_survives_decoding_and_encoding(codec, width, constants, data):
    raw = data.draw(st.integers(0, (1 << width) - 1))
    decoded = codec.decode(raw)
    assert decoded["raw"] == raw
    assert codec.encode(decoded) == raw
    assert codec.encode(raw) == raw
    assert codec.encode(hex(raw)) == raw
    assert codec.encode(decoded["names"] + ([decoded["unknown"]] if decoded["unknown"] else [])) == raw
    assert codec.encode(json.loads(json.dumps(decoded))) == raw


@each_flag_set
@given(data=st.data())
def test_names_are_taken_in_any_case_and_order(codec, width, constants, data):
    names = data.draw(st.lists(st.sampled_from(sorted(codec.bits) + sorted(constants))))
    spelled = [data.draw(any_case(name)) for name in names]
    assert codec.encode(spelled) == codec.encode(names)
    assert codec.encode(set(spelled)) == codec.encode(tuple(reversed(names)))


def test_unknown_bits_are_kept_and_shown_as_hex():
    decoded = codecs.SECURITY_FLAGS.decode(0x8000000000000181)
    assert decoded == {"names": ["valid"], "raw": 0x8000000000000181, "unknown": "0x8000000000000180"}
    assert codecs.SECURITY_FLAGS.encode(["valid", "0x80"]) == 0x81


def test_names_come_in_the_order_of_bits():
    names = codecs.SECURITY_FLAGS.decode(0x32)["names"]
    assert names == ["ike_ipsec_enabled", "pfs_enabled", "transport_mode_preferred"]


def test_a_single_name_a_numeral_and_an_empty_list_are_taken():
    assert codecs.LOGIN_FLAGS.encode("Multipath_Enabled") == 2
    assert codecs.LOGIN_FLAGS.encode("3") == 3
    assert codecs.LOGIN_FLAGS.encode([]) == 0
    assert codecs.LOGIN_FLAGS.encode({"raw": 9}) == 9
    assert codecs.LOGIN_FLAGS.encode({"names": ["require_ipsec"]}) == 1


def test_a_wrong_name_is_told_with_the_nearest_and_all_valid_ones():
    with pytest.raises(FlagError) as error:
        codecs.SECURITY_FLAGS.encode(["valid", "pfs_enable"])
    assert "'pfs_enable' (did you mean pfs_enabled?)" in str(error.value)
    for name in codecs.SECURITY_FLAGS.bits:
        assert name in str(error.value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nothing",
        "0x",
        "0x1g",
        "-1",
        "9" * 5000,
        -1,
        1 << 32,
        "0x100000000",
        True,
        None,
        1.0,
        b"valid",
        [None],
        [["chap"]],
        [True],
        {},
        {"names": ["require_ipsec"], "raw": 2},
        {"flags": 1},
        {"unknown": "0x1ffffffff"},
        {"raw": "x"},
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_set_of_flags_is_an_error_that_names_the_field(value):
    with pytest.raises(FlagError, match="^login flags: "):
        codecs.LOGIN_FLAGS.encode(value)


@pytest.mark.parametrize("raw", [-1, 1 << 64, "1", None])
def test_decoding_checks_the_width(raw):
    with pytest.raises(FlagError, match="^security flags: "):
        codecs.SECURITY_FLAGS.decode(raw)


@pytest.mark.parametrize(
    "names, told",
    [
        ([], []),
        (["valid"], []),
        (["valid", "ike_ipsec_enabled", "main_mode_enabled", "pfs_enabled", "tunnel_mode_preferred"], []),
        (["ike_ipsec_enabled"], ["without valid"]),
        (["0x80"], ["without valid"]),
        (
            ["valid", "ike_ipsec_enabled", "transport_mode_preferred", "tunnel_mode_preferred"],
            ["transport_mode_preferred and tunnel_mode_preferred exclude"],
        ),
        (["valid", "ike_ipsec_enabled", "aggressive_mode_enabled"], ["not supported by the Microsoft"]),
        (
            ["valid", "ike_ipsec_enabled", "main_mode_enabled", "aggressive_mode_enabled"],
            ["main_mode_enabled and aggressive_mode_enabled exclude", "not supported by the Microsoft"],
        ),
        (["valid", "pfs_enabled"], ["ike_ipsec_enabled is not"]),
    ],
)
def test_contradictory_security_flags_are_told_one_by_one(names, told):
    raw = codecs.SECURITY_FLAGS.encode(names)
    warnings = codecs.SECURITY_FLAGS.warnings(raw)
    assert len(warnings) == len(told)
    for warning, part in zip(warnings, told):
        assert warning.startswith(f"security flags 0x{raw:x}: ") and part in warning


def test_the_reserved_login_flag_is_told_and_ordinary_ones_are_not():
    assert codecs.LOGIN_FLAGS.warnings(0x3B) == []
    assert codecs.LOGIN_FLAGS.warnings(0x04) == ["login flags 0x4: reserved1 has no documented meaning"]


@each_enum
def test_every_enumeration_has_the_headers_values_and_names(codec, width, constants):
    assert codec.width == width
    assert codec.values == dict(constants.values())
    for full, (short, value) in constants.items():
        assert codec.decode(value) == short
        assert codec.encode(full) == codec.encode(short) == codec.encode(value) == codec.encode(str(value)) == value


@each_enum
@given(data=st.data())
def test_every_value_of_an_enumeration_survives_in_any_case(codec, width, constants, data):
    value = data.draw(st.integers(0, 9) | st.integers(0, (1 << width) - 1))
    name = codec.decode(value)
    assert codec.encode(data.draw(any_case(name))) == value
    assert (name == f"unknown({value})") == (value not in codec.values.values())


@pytest.mark.parametrize(
    "value",
    [
        "chapp",
        "",
        "unknown(4294967296)",
        "unknown(x)",
        -1,
        1 << 32,
        True,
        None,
        ["chap"],
    ],
)
def test_what_is_no_value_of_an_enumeration_is_an_error_that_names_the_field(value):
    with pytest.raises(FlagError, match="^authentication type: "):
        codecs.AUTH_TYPES.encode(value)


def test_a_wrong_value_of_an_enumeration_is_told_with_the_valid_ones():
    with pytest.raises(FlagError, match=r"'mutual' \(did you mean mutual_chap\?\); valid are none, chap, mutual_chap,"):
        codecs.AUTH_TYPES.encode("mutual")
