# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Addresses as text: the only module that parses, compares and prints them.

Windows stores numeric addresses as binary and prints them in a form of its own, so two spellings of one address mean
the same. Host names are stored and returned as they were given; they compare without letter case.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import typing as t

DEFAULT_PORT = 3260
_HOST_PORT = re.compile(r"(\[[^][]*\]|[^][:]+):([0-9]+)")
_NOT_IPV4 = re.compile(r"[^0-9.]")


@functools.lru_cache(maxsize=8192)
def canonical(text: str) -> str:
    """The form in which addresses are compared: the usual spelling of an IP address, a host name in small letters."""
    numeric = _parse(text)
    return text.lower() if numeric is None else numeric


@functools.lru_cache(maxsize=8192)
def is_numeric(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address rather than a host name."""
    return _parse(text) is not None


def is_nearly_ipv4(text: str) -> bool:
    """Whether a host name is an IPv4 address but for one character, as a slip makes it: 192.0.2.2x1."""
    return len(_NOT_IPV4.findall(text)) == 1 and text.count(".") == 3 and text[0].isdigit()


def _parse(text: str) -> t.Optional[str]:
    """The usual spelling of an IP address; None for any other text."""
    # The zone of a link-local address (fe80::1%5) is set aside: Python 3.8 does not parse it.
    address, percent, zone = text.strip("[]").partition("%")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if percent and (parsed.version == 4 or not zone or "%" in zone):
        return None
    return f"{parsed}{percent}{zone}"


def spellings(address: str) -> t.List[str]:
    """How Windows may spell an address that was saved as this one: IPv6 in its usual form, and in brackets."""
    usual = canonical(address)
    bracketed = [usual, f"[{usual}]"] if ":" in usual else []
    return list(dict.fromkeys([address.lower(), *bracketed]))


def host_port(address: str, port: int) -> str:
    """An address and a TCP port as people write them: 192.0.2.1:3260, [fe80::1]:3260."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def split_host_port(text: str) -> t.Tuple[str, t.Optional[str]]:
    """(address, port as text) of what :func:`host_port` prints; (the text, None) where it names no port."""
    both = _HOST_PORT.fullmatch(text.strip())
    return (both.group(1), both.group(2)) if both else (text, None)
