# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""IKE information and tunnel addresses of IPsec, as they are declared.

Nothing of it is ever read. GetIScsiIKEInfo hands out keys too (Microsoft documentation), and it is not told the size of
its buffer; no function tells the outer addresses of tunnels.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..abi import codecs
from . import values
from .desired import parse_initiator, parse_initiator_address
from .properties import SECURITY_FLAGS, Property, Shown
from .values import DeclarationError, Plain, Secret

# identification types whose payload is a packed address; the others are text
_ADDRESS_TYPES: t.Dict[int, t.Callable[[str], t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]]] = {
    1: ipaddress.IPv4Address,
    5: ipaddress.IPv6Address,
}


@dataclasses.dataclass
class Ike:
    """How the initiator identifies itself in IKE, and the preshared key that goes with it. Instance empty: each."""

    where: str
    initiator_instance: str
    initiator_port: t.Optional[int]
    id_type: int
    id: bytes
    security_flags: int
    key: Secret
    initiator_address: t.Optional[str] = None

    def label(self) -> str:
        """Its identity in words."""
        identifier = str(ipaddress.ip_address(self.id)) if self.id_type in _ADDRESS_TYPES else self.id.decode("ascii")
        return f"IKE {codecs.IKE_ID_TYPES.decode(self.id_type)} {identifier}"

    def show(self) -> Shown:
        """As a diff shows it."""
        return {"security_flags": SECURITY_FLAGS.show(self.security_flags), "key": "set"}

    def warnings(self) -> t.List[str]:
        """Flags that contradict each other."""
        return codecs.SECURITY_FLAGS.warnings(self.security_flags)


@dataclasses.dataclass
class Tunnel:
    """The outer address of IPsec tunnels to a destination. Instance empty: each."""

    where: str
    initiator_instance: str
    initiator_port: t.Optional[int]
    destination: str
    outer_address: str
    initiator_address: t.Optional[str] = None

    def label(self) -> str:
        """Its identity in words."""
        return f"tunnels to {self.destination}"

    def show(self) -> Shown:
        """As a diff shows it."""
        return {"outer_address": self.outer_address}

    def warnings(self) -> t.List[str]:
        """Nothing of it can contradict itself."""
        return []


def ike(plain: Plain, where: str = "ike") -> Ike:
    """A preshared key with its identification, from a mapping of options."""
    id_type = Property("id_type", "", codecs.IKE_ID_TYPES).accept(plain["id_type"], where)
    try:
        parse = _ADDRESS_TYPES.get(id_type)
        raw = parse(plain["id"]).packed if parse else plain["id"].encode("ascii")
    except ValueError:
        raw = b""
    if not raw:
        raise DeclarationError(f"{where}.id: {plain['id']!r} is not a valid {codecs.IKE_ID_TYPES.decode(id_type)}")
    return Ike(
        where,
        id_type=id_type,
        id=raw,
        security_flags=SECURITY_FLAGS.accept(plain.get("security_flags") or 0, where),
        key=Secret.of(plain.get("key"), f"{where}.key", values.KEY_BYTES),
        **parse_initiator(plain, where),
        initiator_address=parse_initiator_address(plain, where),
    )


def tunnel(plain: Plain, where: str = "tunnel_outer_address") -> Tunnel:
    """The outer address of tunnels, from a mapping of options."""
    return Tunnel(
        where,
        destination=values.address(plain["destination"], f"{where}.destination"),
        outer_address=values.address(plain["outer_address"], f"{where}.outer_address"),
        **parse_initiator(plain, where),
        initiator_address=parse_initiator_address(plain, where),
    )
