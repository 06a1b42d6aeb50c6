# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage network that a simulated host sees: arrays with portals, targets and LUNs, and iSNS servers."""

from __future__ import annotations

import functools
import ipaddress
import re

from ...module_utils.abi import status
from .errors import CallFailed
from .real_network import RealNetwork, RealUnits
from .units import ModelledUnits

MULTIPATH_ENABLED = 0x02  # ISCSI_LOGIN_FLAGS
CHAP, MUTUAL_CHAP = 1, 2  # ISCSI_AUTH_TYPES


def same(one, other):
    """Whether two names are equal. IQNs and instance names ignore letter case (observed: HPE, VDS)."""
    return (one or "").casefold() == (other or "").casefold()


_FOUR_NUMBERS = re.compile(r"[0-9]{1,11}(\.[0-9]{1,11}){3}")


@functools.lru_cache(maxsize=1024)  # every report and every search compares the same few
def numeric(address):
    """An IP address, or None for any other text. A number with a leading zero is octal, as Winsock reads it."""
    text = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    try:
        if _FOUR_NUMBERS.fullmatch(text):
            text = ".".join(str(int(number, 8 if number.startswith("0") else 10)) for number in text.split("."))
        return ipaddress.ip_address(text)
    except ValueError:
        return None


@functools.lru_cache(maxsize=1024)
def canonical(address):
    """An IP address in canonical form, without brackets, or a host name in lower case."""
    found = numeric(address)
    text = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    return text.lower() if found is None else str(found)


def is_convertible(address):
    """Whether a text is an IP address or may be a host name. What looks like an IP address, but is none, is neither."""
    return numeric(address) is not None or (":" not in address and not re.fullmatch("[0-9.]+", address))


class Network:
    """The arrays and servers that answer the host.

    An operation calls ``spend(milliseconds)`` with its duration. ``asker()`` returns the node name and the mutual CHAP
    secret of the host. An array that is ``real`` is accessed through :mod:`real_network`.
    """

    def __init__(self, network, spend, asker):
        self._arrays, self._isns, self._names = network["arrays"], network["isns_servers"], network["names"]
        self._spend, self._asker = spend, asker
        self._real = RealNetwork(asker) if any(array["real"] for array in self._arrays) else None

    def discover(self, portal, options):
        """SendTargets: [(IQN, alias, [[portal, ...] of a group, ...]), ...], the targets that this node may see."""
        array = self._reach(portal, "discovery_seconds")
        if array["real"]:
            return self._real.discover(self._endpoint(portal), options)
        node_name, mutual_secret = self._asker()
        _authenticate(array["discovery_chap"], options, node_name, mutual_secret)
        return [
            (target["iqn"], target["alias"], _groups(array))
            for target in array["targets"]
            if target["reachable"] and _shown_to(target, node_name)
        ]

    def log_in(self, iqn, portal, options):
        """Log in through a portal. Returns the target."""
        array = self._reach(portal, "login_seconds")
        if array["real"]:
            return self._real.log_in(iqn, self._endpoint(portal), options)
        node_name, mutual_secret = self._asker()
        target = self._target(array, iqn)
        if target is None:
            raise CallFailed(status.by_name("ISDSC_NOT_FOUND").value)
        if not _shown_to(target, node_name):
            raise CallFailed(status.by_name("ISDSC_AUTHORIZATION_FAILURE").value)
        _authenticate(target["chap"], options, node_name, mutual_secret)
        return target

    def answering(self, iqn, connection):
        """The target of a connection. None if the target, its array or the portal does not answer any more."""
        array = self._array(connection["portal"])
        if array and array["real"]:
            return self._real.answering(iqn, self._endpoint(connection["portal"]), connection["login_options"])
        return array and self._target(array, iqn)

    def units(self, iqn, connection):
        """The logical units of a target that answers."""
        array = self._array(connection["portal"])
        if array["real"]:
            return RealUnits(self._real, iqn, self._endpoint(connection["portal"]), connection["login_options"])
        return ModelledUnits(self._target(array, iqn))

    def portals_of(self, iqn):
        """Every portal of the target in this network."""
        return [_plain(portal) for array in self._arrays if self._target(array, iqn) for portal in array["portals"]]

    def isns_targets(self, address):
        """The targets that an iSNS server knows: [(IQN, alias, groups), ...]."""
        where = self._resolved(address)
        server = next((server for server in self._isns if self._resolved(server["address"]) == where), None)
        if server is None or not server["reachable"]:
            raise CallFailed(status.ISNS_SERVER_NOT_FOUND)
        return [
            (target["iqn"], target["alias"], _groups(array))
            for iqn in server["targets"]
            for array in self._arrays
            for target in [self._target(array, iqn)]
            if target
        ]

    def _reach(self, portal, delay):
        address = self._resolved(portal["Address"])
        array = self._array(portal)
        for candidate in self._arrays:  # a portal that does not answer takes as long as one that does
            if any(self._resolved(each["Address"]) == address for each in candidate["portals"]):
                self._spend(1000 * candidate[delay])
                break
        if array is None:
            raise CallFailed(status.CONNECTION_FAILED)
        return array

    def _array(self, portal):
        address = self._resolved(portal["Address"])
        for array in self._arrays:
            for own in array["portals"]:
                answers = array["reachable"] and own["reachable"] and own["Socket"] == portal["Socket"]
                if answers and self._resolved(own["Address"]) == address:
                    return array
        return None

    def _endpoint(self, portal):
        return self._resolved(portal["Address"]), portal["Socket"]

    def _resolved(self, address):
        return canonical(self._names.get(address.lower(), address))

    @staticmethod
    def _target(array, iqn):
        return next((target for target in array["targets"] if same(target["iqn"], iqn) and target["reachable"]), None)


def _shown_to(target, node_name):
    return not target["initiators"] or any(same(node_name, allowed) for allowed in target["initiators"])


def _plain(portal):
    return {name: portal[name] for name in ("SymbolicName", "Address", "Socket")}


def _groups(array):
    tags = sorted({portal["group"] for portal in array["portals"]})
    return [[_plain(portal) for portal in array["portals"] if portal["group"] == tag] for tag in tags]


def _authenticate(wanted, options, node_name, mutual_secret):
    """CHAP of RFC 7143: both sides must require it and know the secrets. The default user is the node name."""
    offered = options["AuthType"] if options["InformationSpecified"] & 0x80 else 0
    user = options["Username"] or node_name.encode()
    accepted = bool(wanted) == bool(offered)
    if wanted and offered:
        expected = node_name.encode() if wanted["user"] is None else wanted["user"]
        accepted = options["Password"] == wanted["secret"] and user == expected
    if accepted and offered == MUTUAL_CHAP:
        accepted = bool(mutual_secret) and wanted["mutual_secret"] == mutual_secret
    if not accepted:
        raise CallFailed(status.AUTHENTICATION_FAILURE)
