# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What the events of Windows mean for the initiator: a table of data, by provider and id.

The providers ``iScsiPrt`` (the driver), ``MSiSCSI`` (the service) and ``mpio`` write to the log System. Their texts are
localized and, those of the driver, without any value in them; what an event is about is in its data and its binary
part. See :mod:`events` for how that is read.

The binary part of 16 and 17 has keys and responses of CHAP, that of 36 a secret. It is asked for only where
:attr:`Meaning.dump` says how to read it.
"""

from __future__ import annotations

import typing as t

SEVERITIES = ("critical", "warning", "info")

# How the dump data of the driver is read.
ADDRESS = "address"  # of a portal
LOGIN_RESPONSE = "login response"  # a PDU, with a status class and detail
STATUS = "status"  # of Windows
NAME = "name"  # of a target


class Meaning(t.NamedTuple):
    """What an event means: a word that stays the same, and texts for people.

    ``text`` may hold ``{status}``, ``{why}`` and ``{what}``: a status in words, why a target refused, and what the data
    names. ``about`` is what such an event concerns: a portal, a login, a disk, or all of the host.
    """

    kind: str
    severity: str
    about: str
    text: str
    remedy: str
    dump: t.Optional[str] = None


_CHECK_NETWORK = "Check the network to the portal, and whether the array still has this address."
_CHECK_CHAP = "Save the login again with the CHAP user and secret that the array has."
_CHECK_ARRAY = "Check the log of the array."
_CHECK_DIGEST = "Declare the digest that the array offers."
_CHECK_PATHS = "Check the network and the array. Look for events of the same time on other hosts."
_FEWER_RESOURCES = "Look for other errors of the same time in the log System."
_LOG_IN = "Log in once the cause is gone, or restart the host."

_DRIVER = {
    1: Meaning("portal_unreachable", "warning", "portal", "the portal could not be reached", _CHECK_NETWORK, ADDRESS),
    2: Meaning("no_resources", "warning", "host", "Windows had no resources for a session", _FEWER_RESOURCES),
    3: Meaning("protocol_error", "warning", "login", "the target answered with wrong sequence numbers", _CHECK_ARRAY),
    4: Meaning("protocol_error", "warning", "login", "the target offered a wrong burst length", _CHECK_ARRAY),
    5: Meaning(
        "initiator_address_gone",
        "warning",
        "bound login",
        "the address of its initiator port could not be used{status}",
        "If that address is gone, save the login for a port that is there, or for any port.",
        STATUS,
    ),
    6: Meaning("no_resources", "warning", "host", "Windows had no resources for a connection", _FEWER_RESOURCES),
    7: Meaning("send_failed", "warning", "login", "a request could not be sent{status}", _CHECK_PATHS, STATUS),
    8: Meaning("no_answer", "warning", "login", "the target or its discovery did not answer in time", _CHECK_PATHS),
    9: Meaning("no_answer_to_scsi", "info", "host", "a SCSI request was not answered in time", _CHECK_PATHS),
    10: Meaning("login_refused", "warning", "login", "the target refused the login{why}", _CHECK_ARRAY, LOGIN_RESPONSE),
    11: Meaning("protocol_error", "warning", "login", "the target sent an invalid response to the login", _CHECK_ARRAY),
    12: Meaning("protocol_error", "warning", "login", "the target sent an invalid redirection", _CHECK_ARRAY),
    13: Meaning("chap_failed", "warning", "login", "the target offered an unknown way to authenticate", _CHECK_CHAP),
    14: Meaning("chap_failed", "warning", "login", "the target offered an unknown algorithm for CHAP", _CHECK_CHAP),
    15: Meaning("chap_failed", "warning", "login", "the target sent an invalid CHAP challenge", _CHECK_CHAP),
    16: Meaning("chap_failed", "warning", "login", "the target sent an invalid key during CHAP", _CHECK_CHAP),
    17: Meaning(
        "mutual_chap_failed",
        "warning",
        "login",
        "the target did not know the mutual CHAP secret",
        "Set the same mutual secret on the host (chap_secret) and on the array.",
    ),
    18: Meaning("digest_not_offered", "warning", "login", "the target did not offer a header digest", _CHECK_DIGEST),
    19: Meaning("digest_not_offered", "warning", "login", "the target did not offer a data digest", _CHECK_DIGEST),
    20: Meaning("connection_lost", "warning", "connection", "a connection to a target was lost", _CHECK_PATHS),
    32: Meaning(
        "logout_requested",
        "info",
        "target",
        "the target asked for a logout",
        "None needed if the array was under maintenance.",
        NAME,
    ),
    33: Meaning("chap_failed", "warning", "login", "the target sent an invalid value during CHAP", _CHECK_CHAP),
    34: Meaning("reconnected", "info", "target", "a lost connection was opened again", _CHECK_PATHS, NAME),
    35: Meaning("chap_secret_too_short", "warning", "login", "its CHAP secret is shorter than 12 bytes", _CHECK_CHAP),
    36: Meaning(
        "chap_secret_too_short",
        "warning",
        "login",
        "the CHAP secret of the initiator is shorter than 12 bytes",
        "Set one of 12 to 16 bytes (chap_secret).",
    ),
    37: Meaning(
        "no_favourite_processed",
        "critical",
        "all logins",
        "FIPS could not be initialized, so Windows processed no saved login",
        "Check the FIPS policy and the cryptographic services, then restart the host.",
    ),
    38: Meaning("chap_failed", "warning", "login", "the target did not offer CHAP", _CHECK_CHAP),
    39: Meaning("reset", "info", "target", "a target or LUN was reset", _CHECK_PATHS, NAME),
    40: Meaning("chap_failed", "warning", "login", "the target wants CHAP, and the login has none", _CHECK_CHAP),
    41: Meaning("chap_failed", "warning", "login", "the target did not offer a way to authenticate", _CHECK_CHAP),
    43: Meaning("login_timed_out", "warning", "login", "the login timed out", _CHECK_PATHS),
    45: Meaning("login_timed_out", "warning", "login", "adding a connection timed out", _CHECK_PATHS),
    46: Meaning("discovery_failed", "warning", "host", "a discovery timed out", _CHECK_PATHS),
    59: Meaning("login_dropped", "warning", "login", "the target closed the connection during the login", _CHECK_ARRAY),
    61: Meaning("protocol_error", "warning", "login", "the target does not keep PDUs in order", _CHECK_ARRAY),
    62: Meaning("protocol_error", "warning", "login", "the target does not keep sequences in order", _CHECK_ARRAY),
    63: Meaning("reset_failed", "warning", "host", "a target or LUN could not be reset", _CHECK_PATHS),
    68: Meaning("not_retried", "warning", "login", "it was not opened again after a logout{status}", _LOG_IN, STATUS),
    69: Meaning("not_retried", "warning", "login", "a session could not be recovered{status}", _LOG_IN, STATUS),
    70: Meaning(
        "not_retried", "warning", "login", "Windows gave up the login and does not retry it{status}", _LOG_IN, STATUS
    ),
    71: Meaning("not_retried", "warning", "login", "Windows did not recover a session{status}", _LOG_IN, STATUS),
    72: Meaning(
        "address_families_differ",
        "warning",
        "bound login",
        "its portal and its initiator port are of different IP versions",
        "Save the login for a port that has an address of the same IP version.",
    ),
    129: Meaning("reset", "info", "host", "a disk did not answer and was reset", _CHECK_PATHS),
}

_SERVICE = {
    102: Meaning(
        "bound_volumes_failed", "warning", "host", "the service could not look for bound volumes{status}", _LOG_IN
    ),
    103: Meaning(
        "bound_volumes_late",
        "warning",
        "host",
        "the service waited in vain for its bound volumes, so services may have started before their disks",
        "Find out why their logins were late. Let services that need the disks depend on MSiSCSI.",
    ),
    105: Meaning("ipsec_failed", "warning", "host", "IPsec could not be initialized{status}", _FEWER_RESOURCES),
    106: Meaning("service_failed", "critical", "all logins", "the service could not start{status}", _FEWER_RESOURCES),
    107: Meaning(
        "mutual_secret_lost",
        "warning",
        "host",
        "the service could not set the mutual CHAP secret{status}",
        "Set it again (chap_secret).",
    ),
    110: Meaning("request_failed", "info", "host", "a request to the service failed{status}", _FEWER_RESOURCES),
    111: Meaning("discovery_failed", "warning", "host", "static targets could not be set up{status}", _FEWER_RESOURCES),
    112: Meaning(
        "discovery_failed",
        "warning",
        "host",
        "the iSNS server {what} could not be used{status}",
        "Check the server, or remove it from isns_servers.",
    ),
    113: Meaning("discovery_failed", "warning", "discovery", "discovery failed{status}", _CHECK_NETWORK),
    114: Meaning("discovery_failed", "warning", "host", "a discovery returned invalid data{status}", _CHECK_ARRAY),
    116: Meaning(
        "removal_vetoed", "info", "host", "the removal of {what} was refused, since it is in use", "Close what uses it."
    ),
    117: Meaning("ipsec_failed", "warning", "host", "IPsec failed for {what}{status}", _FEWER_RESOURCES),
    123: Meaning("service_failed", "critical", "all logins", "the driver was not installed{status}", _FEWER_RESOURCES),
}

_MPIO = {
    16: Meaning("failed_over", "info", "disk", "a path failed, and another one took over", _CHECK_PATHS),
    17: Meaning("paths_lost", "warning", "disk", "some of its paths are gone", _CHECK_PATHS),
    18: Meaning("paths_lost", "warning", "disk", "its only path failed", _CHECK_PATHS),
    20: Meaning("paths_lost", "warning", "disk", "the verification of a path failed", _CHECK_PATHS),
    22: Meaning("all_paths_lost", "critical", "disk", "no other path could take over", _CHECK_PATHS),
    23: Meaning("all_paths_lost", "critical", "disk", "all its paths failed, and Windows removed it", _CHECK_PATHS),
}

MEANINGS: t.Dict[str, t.Dict[int, Meaning]] = {"iScsiPrt": _DRIVER, "MSiSCSI": _SERVICE, "mpio": _MPIO}

REFUSALS = {  # status class and detail of a login response (RFC 7143, 11.13.5)
    0x0101: "the target moved for a time",
    0x0102: "the target moved for good",
    0x0200: "an error of the initiator",
    0x0201: "authentication failed",
    0x0202: "this initiator is not authorized",
    0x0203: "there is no such target",
    0x0204: "the target was removed",
    0x0205: "the protocol version is not supported",
    0x0206: "too many connections",
    0x0207: "a parameter is missing",
    0x0208: "the connection cannot be part of this session",
    0x0209: "this type of session is not supported",
    0x020A: "the session does not exist",
    0x020B: "an invalid request during login",
    0x0300: "an error of the target",
    0x0301: "the service is unavailable",
    0x0302: "the target is out of resources",
}
REFUSAL_REMEDIES = {
    0x0201: _CHECK_CHAP,
    0x0202: "Allow the node name of this host on the array, and map its LUNs.",
    0x0203: "If the target is gone, remove the login. Otherwise check its name.",
    0x0204: "If the target is gone, remove the login.",
    0x0206: "Close sessions that are not needed, or raise the limit of the array.",
    0x0301: "Check whether the target is online.",
}
NTSTATUS = {  # of what the network answers
    0xC000009A: "insufficient resources",
    0xC00000B5: "timeout",
    0xC0000120: "cancelled",
    0xC0000141: "invalid address",
    0xC0000207: "invalid address component",
    0xC000020C: "the connection was closed",
    0xC000020D: "the connection was reset",
    0xC0000236: "the connection was refused",
    0xC000023C: "the network is unreachable",
    0xC000023D: "the host is unreachable",
    0xC000023F: "the port is unreachable",
    0xC0000241: "the connection was aborted",
}
