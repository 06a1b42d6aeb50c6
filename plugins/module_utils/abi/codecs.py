# Copyright: (c) 2026, winstorage.iscsi contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Codecs of the initiator's flags and enumerations: numbers as the DLL has them, names as people write them.

Values and names are those of the Microsoft SDK header iscsidsc.h; the contradictions are from its documentation
(PERSISTENT_ISCSI_LOGIN_INFO, ISCSI_TARGET_PORTAL_INFO_EX).
"""

from __future__ import annotations

import difflib
import re
import typing as t

_NUMBER = re.compile(r"0x[0-9a-f]{1,20}|[0-9]{1,20}")
_UNKNOWN = re.compile(r"unknown\(([0-9]{1,20})\)")


class FlagError(ValueError):
    """A name or number that a flag set or an enumeration does not take; the text names the valid ones."""


class Rule(t.NamedTuple):
    """A contradiction: holds when all of all_of, at least one bit of any_of (any bit at all by default) and none of
    none_of are set."""

    text: str
    all_of: t.Tuple[str, ...] = ()
    any_of: t.Tuple[str, ...] = ()
    none_of: t.Tuple[str, ...] = ()


class _Codec:
    """What flag sets and enumerations share: a title, a width in bits, and names with their header spellings."""

    def __init__(self, title: str, width: int, values: t.Mapping[str, int], header_names: t.Mapping[str, str]) -> None:
        self.title = title
        self.width = width
        self.values = dict(values)
        self.header_names = dict(header_names)
        self._lookup = {name.lower(): value for name, value in self.values.items()}
        self._lookup.update((header_names[name].lower(), value) for name, value in self.values.items())

    def _check(self, value: t.Any) -> int:
        """The value itself when it is an integer that fits the width."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise FlagError(f"{self.title}: expected a name or a number, not {value!r}")
        if not 0 <= value < 1 << self.width:
            raise FlagError(f"{self.title}: {value} does not fit an unsigned integer of {self.width} bits")
        return value

    def _parse(self, value: t.Any) -> int:
        """The number that a name, a numeral or an integer stands for."""
        if not isinstance(value, str):
            return self._check(value)
        word = value.strip().lower()
        if word in self._lookup:
            return self._lookup[word]
        if _NUMBER.fullmatch(word):
            return self._check(int(word, 16 if word.startswith("0x") else 10))
        near = difflib.get_close_matches(word, self.values, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise FlagError(
            f"{self.title}: unknown name {value!r}{hint}; valid are {', '.join(self.values)}, or a number such as 0x80"
        )


class FlagSet(_Codec):
    """Bits with names in an unsigned integer of `width` bits.

    bits: name -> bit; prefix: what precedes the upper-case name in the header; rules: contradictions to warn about.
    """

    def __init__(
        self, title: str, bits: t.Mapping[str, int], prefix: str, width: int = 32, rules: t.Sequence[Rule] = ()
    ) -> None:
        super().__init__(title, width, bits, {name: prefix + name.upper() for name in bits})
        self.bits = self.values
        self.contradictions = tuple(rule.text for rule in rules)
        self._rules = [
            (rule.text, self._mask(rule.all_of), self._mask(rule.any_of) or (1 << width) - 1, self._mask(rule.none_of))
            for rule in rules
        ]

    def _mask(self, names: t.Iterable[str]) -> int:
        return sum(self.bits[name] for name in names)

    def decode(self, raw: int) -> t.Dict[str, t.Any]:
        """{"names": [...] in the order of bits, "raw": int, "unknown": "0x80" or None for the bits without a name}."""
        rest = self._check(raw)
        names = []
        for name, bit in sorted(self.bits.items(), key=lambda item: item[1]):
            if raw & bit:
                names.append(name)
                rest &= ~bit
        return {"names": names, "raw": raw, "unknown": f"0x{rest:x}" if rest else None}

    def encode(self, value: t.Any) -> int:
        """The integer for a name, a numeral, an integer, a list of these, or a dict as decode gives it.

        Names are taken in any case, short (pfs_enabled) or as in the header (ISCSI_SECURITY_FLAG_PFS_ENABLED).
        A dict whose raw differs from its names and unknown bits is an error. Raises FlagError.
        """
        if isinstance(value, dict):
            return self._encode_dict(value)
        raw = 0
        for item in value if isinstance(value, (list, tuple, set, frozenset)) else [value]:
            raw |= self._parse(item)
        return raw

    def _encode_dict(self, value: t.Dict[str, t.Any]) -> int:
        stray = sorted(str(key) for key in set(value) - {"names", "raw", "unknown"})
        if stray or not value:
            raise FlagError(f"{self.title}: expected the keys names, raw, unknown, not {', '.join(stray) or 'none'}")
        raw, names, unknown = (value.get(key) for key in ("raw", "names", "unknown"))
        if names is None and unknown is None and raw is not None:
            return self._parse(raw)
        bits = self.encode(names or []) | self.encode(unknown or [])
        if raw is not None and self._parse(raw) != bits:
            raise FlagError(f"{self.title}: raw {raw} differs from names and unknown bits, which are 0x{bits:x}")
        return bits

    def warnings(self, raw: int) -> t.List[str]:
        """A line for each contradiction in raw. Nothing is repaired: Windows stores and echoes any bits."""
        self._check(raw)
        return [
            f"{self.title} 0x{raw:x}: {text}"
            for text, all_of, any_of, none_of in self._rules
            if raw & all_of == all_of and raw & any_of and not raw & none_of
        ]


class Enum(_Codec):
    """A choice of named values in an unsigned integer of `width` bits.

    table: name -> (value, name in the header).
    """

    def __init__(self, title: str, table: t.Mapping[str, t.Tuple[int, str]], width: int = 32) -> None:
        super().__init__(
            title, width, {name: row[0] for name, row in table.items()}, {name: row[1] for name, row in table.items()}
        )
        self._names = {value: name for name, value in self.values.items()}

    def decode(self, value: int) -> str:
        """The name of a value; "unknown(7)" for one that has none."""
        return self._names.get(self._check(value), f"unknown({value})")

    def encode(self, value: t.Any) -> int:
        """The value for a name in any case, short or as in the header, "unknown(7)", a numeral or an integer."""
        unknown = _UNKNOWN.fullmatch(value.strip().lower()) if isinstance(value, str) else None
        return self._check(int(unknown.group(1))) if unknown else self._parse(value)


# The values are those of the iSNS portal security bitmap (RFC 4171).
SECURITY_FLAGS = FlagSet(
    "security flags",
    {
        "valid": 0x01,
        "ike_ipsec_enabled": 0x02,
        "main_mode_enabled": 0x04,
        "aggressive_mode_enabled": 0x08,
        "pfs_enabled": 0x10,
        "transport_mode_preferred": 0x20,
        "tunnel_mode_preferred": 0x40,
    },
    prefix="ISCSI_SECURITY_FLAG_",
    width=64,
    rules=(
        Rule(
            "without valid the others mean nothing: Windows uses what it knows of the portal, or its defaults",
            none_of=("valid",),
        ),
        Rule(
            "transport_mode_preferred and tunnel_mode_preferred exclude each other",
            all_of=("transport_mode_preferred", "tunnel_mode_preferred"),
        ),
        Rule(
            "main_mode_enabled and aggressive_mode_enabled exclude each other",
            all_of=("main_mode_enabled", "aggressive_mode_enabled"),
        ),
        Rule(
            "aggressive_mode_enabled is not supported by the Microsoft software initiator",
            all_of=("aggressive_mode_enabled",),
        ),
        Rule(
            "IPsec modes are set but ike_ipsec_enabled is not, so that IPsec stays off",
            any_of=(
                "main_mode_enabled",
                "aggressive_mode_enabled",
                "pfs_enabled",
                "transport_mode_preferred",
                "tunnel_mode_preferred",
            ),
            none_of=("ike_ipsec_enabled",),
        ),
    ),
)

LOGIN_FLAGS = FlagSet(
    "login flags",
    {
        "require_ipsec": 0x01,
        "multipath_enabled": 0x02,
        "reserved1": 0x04,
        "allow_portal_hopping": 0x08,
        "use_radius_response": 0x10,
        "use_radius_verification": 0x20,
    },
    prefix="ISCSI_LOGIN_FLAG_",
    rules=(Rule("reserved1 has no documented meaning", all_of=("reserved1",)),),
)

# Which fields of ISCSI_LOGIN_OPTIONS mean anything. LoginFlags has no bit: it always counts.
INFORMATION_SPECIFIED = FlagSet(
    "information specified",
    {
        "header_digest": 0x01,
        "data_digest": 0x02,
        "maximum_connections": 0x04,
        "default_time_2_wait": 0x08,
        "default_time_2_retain": 0x10,
        "username": 0x20,
        "password": 0x40,
        "auth_type": 0x80,
    },
    prefix="ISCSI_LOGIN_OPTIONS_",
)

TARGET_FLAGS = FlagSet(
    "target flags",
    {"hide_static_target": 0x2, "merge_target_information": 0x4},
    prefix="ISCSI_TARGET_FLAG_",
)

AUTH_TYPES = Enum(
    "authentication type",
    {
        "none": (0, "ISCSI_NO_AUTH_TYPE"),
        "chap": (1, "ISCSI_CHAP_AUTH_TYPE"),
        "mutual_chap": (2, "ISCSI_MUTUAL_CHAP_AUTH_TYPE"),
    },
)

DIGEST_TYPES = Enum(
    "digest type",
    {
        "none": (0, "ISCSI_DIGEST_TYPE_NONE"),
        "crc32c": (1, "ISCSI_DIGEST_TYPE_CRC32C"),
    },
)

TARGET_PROTOCOLS = Enum(
    "target protocol",
    {
        "tcp": (0, "ISCSI_TCP_PROTOCOL_TYPE"),
    },
)

TARGET_INFORMATION_CLASSES = Enum(
    "target information class",
    {
        "protocol_type": (0, "ProtocolType"),
        "target_alias": (1, "TargetAlias"),
        "discovery_mechanisms": (2, "DiscoveryMechanisms"),
        "portal_groups": (3, "PortalGroups"),
        "persistent_target_mappings": (4, "PersistentTargetMappings"),
        "initiator_name": (5, "InitiatorName"),
        "target_flags": (6, "TargetFlags"),
        "login_options": (7, "LoginOptions"),
    },
)

# A UCHAR in IKE_AUTHENTICATION_PRESHARED_KEY.
IKE_ID_TYPES = Enum(
    "IKE identification payload type",
    {
        "ipv4_address": (1, "ID_IPV4_ADDR"),
        "fqdn": (2, "ID_FQDN"),
        "user_fqdn": (3, "ID_USER_FQDN"),
        "ipv6_address": (5, "ID_IPV6_ADDR"),
    },
    width=8,
)

IKE_AUTHENTICATION_METHODS = Enum(
    "IKE authentication method",
    {
        "preshared_key": (1, "IKE_AUTHENTICATION_PRESHARED_KEY_METHOD"),
    },
)
