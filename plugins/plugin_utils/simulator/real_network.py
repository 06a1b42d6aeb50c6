# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real iSCSI targets as part of a simulated network: SendTargets, logins with CHAP and SCSI, through libiscsi.

libiscsi (https://github.com/sahlberg/libiscsi, LGPL-2.1+) is loaded only if a state file has an array that is ``real``.
Each operation opens a session and closes it again, so nothing stays open between batches. Only SCSI commands that read
the properties of a unit are ever sent.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import functools
import re
import select
import time

from ...module_utils.abi import status
from ...module_utils.client import scsi
from .errors import CallFailed, HostFileError
from .units import CHECK_CONDITION, GOOD, Answer

LIBRARY = "libiscsi.so.7"  # whose struct scsi_task is _Task
SECONDS = 10  # for each step of a session
_DISCOVERY, _NORMAL = 1, 2  # enum iscsi_session_type
_DIGESTS = {0: 0, 1: 3}  # ISCSI_DIGEST_TYPES -> enum iscsi_header_digest
_MUTUAL_CHAP = 2  # ISCSI_AUTH_TYPES
_READ = 1  # SCSI_XFER_READ
_NO_SCSI_STATUS = 0x100  # from here on statuses of libiscsi: cancelled, error, timeout
_ALLOCATION = 4096
_TRIES = 3  # each new session may first get a unit attention instead of an answer

# Status class and detail of a login response (RFC 7143 11.13.5); the others are "login failed".
_LOGIN_STATUSES = {
    0x0201: "ISDSC_AUTHENTICATION_FAILURE",
    0x0202: "ISDSC_AUTHORIZATION_FAILURE",
    0x0203: "ISDSC_NOT_FOUND",
    0x0204: "ISDSC_TARGET_REMOVED",
}
# Error texts of libiscsi if its check of the target's CHAP response fails.
_TARGET_NOT_AUTHENTIC = re.compile(r"CHAP_[NR]")
_TARGET_USER = re.compile(rb"Wrong CHAP targetname received: (.*)", re.DOTALL)


class _Sense(ctypes.Structure):
    _fields_ = [
        ("error_type", ctypes.c_ubyte),
        ("key", ctypes.c_int),
        ("ascq", ctypes.c_int),
        ("bits", ctypes.c_ubyte),
        ("bit_pointer", ctypes.c_ubyte),
        ("field_pointer", ctypes.c_uint16),
    ]


class _Data(ctypes.Structure):
    _fields_ = [("size", ctypes.c_int), ("data", ctypes.POINTER(ctypes.c_ubyte))]


class _Task(ctypes.Structure):
    """The beginning of struct scsi_task."""

    _fields_ = [
        ("status", ctypes.c_int),
        ("cdb_size", ctypes.c_int),
        ("xfer_dir", ctypes.c_int),
        ("expxferlen", ctypes.c_int),
        ("cdb", ctypes.c_ubyte * 16),
        ("residual_status", ctypes.c_int),
        ("residual", ctypes.c_size_t),
        ("sense", _Sense),
        ("datain", _Data),
    ]


class _Portal(ctypes.Structure):
    """struct iscsi_target_portal"""


_Portal._fields_ = [("next", ctypes.POINTER(_Portal)), ("portal", ctypes.c_char_p)]


class _Discovered(ctypes.Structure):
    """struct iscsi_discovery_address"""


_Discovered._fields_ = [
    ("next", ctypes.POINTER(_Discovered)),
    ("target_name", ctypes.c_char_p),
    ("portals", ctypes.POINTER(_Portal)),
]

_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_PROTOTYPES = {  # name -> (result, arguments)
    "iscsi_create_context": (ctypes.c_void_p, "s"),
    "iscsi_destroy_context": (ctypes.c_int, "p"),
    "iscsi_get_error": (ctypes.c_char_p, "p"),
    "iscsi_set_log_level": (None, "pi"),
    "iscsi_set_targetname": (ctypes.c_int, "ps"),
    "iscsi_set_session_type": (ctypes.c_int, "pi"),
    "iscsi_set_header_digest": (ctypes.c_int, "pi"),
    "iscsi_set_noautoreconnect": (None, "pi"),
    "iscsi_set_initiator_username_pwd": (ctypes.c_int, "pss"),
    "iscsi_set_target_username_pwd": (ctypes.c_int, "pss"),
    "iscsi_get_fd": (ctypes.c_int, "p"),
    "iscsi_which_events": (ctypes.c_int, "p"),
    "iscsi_service": (ctypes.c_int, "pi"),
    "iscsi_connect_async": (ctypes.c_int, "pscp"),
    "iscsi_login_async": (ctypes.c_int, "pcp"),
    "iscsi_discovery_async": (ctypes.c_int, "pcp"),
    "iscsi_logout_async": (ctypes.c_int, "pcp"),
    "iscsi_scsi_command_async": (ctypes.c_int, "pitcpp"),
    "scsi_create_task": (ctypes.POINTER(_Task), "isii"),
    "scsi_free_scsi_task": (None, "t"),
}
_TYPES = {"p": ctypes.c_void_p, "s": ctypes.c_char_p, "i": ctypes.c_int, "c": _CALLBACK, "t": ctypes.POINTER(_Task)}


@functools.cache
def library():
    """libiscsi.

    :raises HostFileError: when it is not installed.
    """
    try:
        found = ctypes.CDLL(LIBRARY)
    except OSError:
        raise HostFileError(
            "network.arrays",
            f"a real array is asked through libiscsi, and there is no {LIBRARY} here "
            "(Debian: apt-get install libiscsi7)",
        ) from None
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(found, name)
        function.restype, function.argtypes = result, [_TYPES[letter] for letter in arguments]
    return found


class _OtherName(Exception):
    """The target has another CHAP name than the one that libiscsi was given."""

    def __init__(self, name):
        super().__init__()
        self.name = name


class _Session:
    """A session through libiscsi. Without an IQN, a discovery session.

    :param chap: (user, secret) of this side, or None. ``mutual``: those of the target.
    """

    def __init__(self, node_name, endpoint, iqn, digest, chap, mutual):
        self._library = library()
        self._context = self._library.iscsi_create_context(node_name.encode())
        self._callbacks = []
        self._ask("iscsi_set_log_level", 0)
        self._ask("iscsi_set_noautoreconnect", 1)
        self._ask("iscsi_set_header_digest", digest)
        self._ask("iscsi_set_session_type", _NORMAL if iqn else _DISCOVERY)
        if iqn:
            self._ask("iscsi_set_targetname", iqn.encode())
        if chap:
            self._ask("iscsi_set_initiator_username_pwd", *chap)
        if mutual:
            self._ask("iscsi_set_target_username_pwd", *mutual)
        try:
            self._open(*endpoint)
        except BaseException:
            self._destroy()
            raise

    def _open(self, address, port):
        portal = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        if self._complete("iscsi_connect_async", portal.encode()) != GOOD:
            raise CallFailed(status.CONNECTION_FAILED)
        if self._complete("iscsi_login_async") != GOOD:
            raise self._login_failure()

    def close(self):
        if self._context:
            with contextlib.suppress(CallFailed):
                self._complete("iscsi_logout_async")
            self._destroy()

    def targets(self):
        """[(IQN, [text of a portal with its group, ...]), ...]"""
        found = []

        def copy(data):  # the data of libiscsi is valid only during the callback
            entry = ctypes.cast(data, ctypes.POINTER(_Discovered))
            while entry:
                portals, portal = [], entry.contents.portals
                while portal:
                    portals.insert(0, portal.contents.portal.decode())
                    portal = portal.contents.next
                found.insert(0, (entry.contents.target_name.decode(), portals))  # the last one comes first
                entry = entry.contents.next

        if self._complete("iscsi_discovery_async", taken=copy) != GOOD:
            raise CallFailed(status.by_name("ISDSC_NON_SPECIFIC_ERROR").value)
        return found

    def command(self, lun, cdb):
        """The :class:`units.Answer` to a command that reads. ``lun``: the eight bytes of a SCSI LUN."""
        for _try in range(_TRIES):
            answer = self._command(lun, cdb)
            if answer.scsi_status != CHECK_CONDITION or scsi.sense(answer.sense).key != "unit_attention":
                break
        return answer

    def _command(self, lun, cdb):
        task = self._library.scsi_create_task(len(cdb), cdb, _READ, _ALLOCATION)
        try:
            code = self._complete("iscsi_scsi_command_async", int.from_bytes(lun[:2], "big"), task, last=(None,))
            if code >= _NO_SCSI_STATUS:
                raise CallFailed(status.by_name("ISDSC_NO_CONNECTION_AVAILABLE").value)
            received = task.contents.datain
            data = ctypes.string_at(received.data, received.size) if received.data else b""
        finally:
            self._library.scsi_free_scsi_task(task)
        # With a check condition, the data is a length in two bytes and then the sense data (RFC 7143 11.4.7).
        return Answer(code, b"", data[2:]) if code == CHECK_CONDITION else Answer(code, data, b"")

    def _ask(self, name, *arguments):
        return getattr(self._library, name)(self._context, *arguments)

    def _complete(self, name, *arguments, last=(), taken=lambda data: None):
        """Start an asynchronous operation of libiscsi and serve its socket until it ends. Returns its status."""
        done = []

        def report(_context, code, data, _private):
            if code == GOOD:
                taken(data)
            done.append(code)

        self._callbacks.append(_CALLBACK(report))  # kept as long as libiscsi may call it
        deadline = time.monotonic() + SECONDS
        healthy = self._ask(name, *arguments, self._callbacks[-1], *last, None) == 0
        while healthy and not done and time.monotonic() < deadline:
            poll = select.poll()
            poll.register(self._ask("iscsi_get_fd"), self._ask("iscsi_which_events"))
            events = poll.poll(100)
            healthy = self._ask("iscsi_service", events[0][1] if events else 0) >= 0
        if not done:
            self._destroy()  # nothing is in flight any more
            raise CallFailed(status.CONNECTION_FAILED)
        return done[0] & 0xFFFFFFFF

    def _login_failure(self):
        text = self._ask("iscsi_get_error") or b""
        name = _TARGET_USER.search(text)
        if name:
            return _OtherName(name.group(1))
        number = re.search(rb"Status: .*\((\d+)\)", text)
        symbol = _LOGIN_STATUSES.get(int(number.group(1)) if number else None, "ISDSC_LOGIN_FAILED")
        if _TARGET_NOT_AUTHENTIC.search(text.decode("utf-8", "replace")):
            symbol = "ISDSC_AUTHENTICATION_FAILURE"
        return CallFailed(status.by_name(symbol).value)

    def _destroy(self):
        context, self._context = self._context, None
        self._library.iscsi_destroy_context(context)


class RealNetwork:
    """Access to real arrays for :class:`network.Network`. An endpoint is (address, port).

    ``asker()`` returns the node name and the mutual CHAP secret of the host.
    """

    def __init__(self, asker):
        library()
        self._asker = asker
        self._seen = {}

    def discover(self, endpoint, options):
        """SendTargets: [(IQN, alias, [[portal, ...] of a group, ...]), ...]"""
        with contextlib.closing(self._open(endpoint, None, options)) as session:
            return [(iqn, "", _groups(portals)) for iqn, portals in session.targets()]

    def log_in(self, iqn, endpoint, options):
        """Log in and read the target. Returns it in the fields of the state file."""
        with contextlib.closing(self._open(endpoint, iqn, options)) as session:
            target = {"iqn": iqn, "luns": _read_units(session)}
        self._seen[(iqn.casefold(), endpoint)] = target
        return target

    def answering(self, iqn, endpoint, options):
        """The target, or None if it does not accept this host. Each target is asked only once."""
        key = (iqn.casefold(), endpoint)
        if key not in self._seen:
            self._seen[key] = None
            with contextlib.suppress(CallFailed):
                self.log_in(iqn, endpoint, options)
        return self._seen[key]

    def command(self, iqn, endpoint, options, lun, cdb):
        with contextlib.closing(self._open(endpoint, iqn, options)) as session:
            return session.command(lun, cdb)

    def _open(self, endpoint, iqn, options):
        """A session with the given login options."""
        node_name, mutual_secret = self._asker()
        specified = options["InformationSpecified"]
        offered = options["AuthType"] if specified & 0x80 else 0
        chap = (options["Username"] or node_name.encode(), options["Password"] or b"") if offered else None
        if offered == _MUTUAL_CHAP and not mutual_secret:
            raise CallFailed(status.AUTHENTICATION_FAILURE)
        if b"\0" in b"".join(chap or ()) + (mutual_secret or b""):
            raise CallFailed(status.INVALID_PARAMETER)  # libiscsi takes C strings
        digest = _DIGESTS.get(options["HeaderDigest"] if specified & 0x01 else 0, 0)
        start = functools.partial(_Session, node_name, endpoint, iqn, digest, chap)
        if offered != _MUTUAL_CHAP:
            return start(None)
        try:
            return start((b"?", mutual_secret))
        except _OtherName as other:  # Windows accepts any name, libiscsi only the one that it was given
            return start((other.name, mutual_secret))


class RealUnits:
    """The unchanged answers of a real target to SCSI commands. LUNs are numbers in the form of the DLL."""

    def __init__(self, network, iqn, endpoint, options):
        self._ask = functools.partial(network.command, iqn, endpoint, options)

    def inquiry(self, lun_number, vpd, page):
        return self._ask(lun_number.to_bytes(8, "little"), _inquiry(vpd, page))

    def read_capacity(self, lun_number):
        return self._ask(lun_number.to_bytes(8, "little"), _READ_CAPACITY)

    def report_luns(self):
        return self._ask(bytes(8), _REPORT_LUNS)


_READ_CAPACITY = bytes([0x25]) + bytes(9)
_REPORT_LUNS = bytes([0xA0]) + bytes(5) + _ALLOCATION.to_bytes(4, "big") + bytes(2)


def _inquiry(vpd, page):
    return bytes([0x12, vpd, page]) + _ALLOCATION.to_bytes(2, "big") + bytes(1)


def _read_units(session):
    """The disks of a session, in the fields of the state file."""
    found = []
    for lun in scsi.report_luns(_must(session.command(bytes(8), _REPORT_LUNS))):
        raw = bytes.fromhex(lun.raw)
        standard = scsi.standard_inquiry(_must(session.command(raw, _inquiry(0, 0))))
        if lun.number is None or (standard.device_type, standard.qualifier) != ("disk", "connected"):
            continue
        capacity = scsi.read_capacity(_must(session.command(raw, _READ_CAPACITY)))
        identities = session.command(raw, _inquiry(1, 0x83))
        naa = (
            [
                one.data.hex()
                for one in scsi.device_identification(identities.response)
                if one.type == "naa" and one.association == "logical_unit"
            ]
            if identities.scsi_status == GOOD
            else []
        )
        found.append(
            {
                "lun": lun.number,
                "vendor": standard.vendor,
                "product": standard.product,
                "revision": standard.revision,
                "size": capacity.size,
                "block_size": capacity.block_length,
                "naa": max(naa, key=len, default=None),
                "in_use": False,
                "volumes": [],
            }
        )
    return found


def _must(answer):
    if answer.scsi_status != GOOD:
        raise CallFailed(status.by_name("ISDSC_SCSI_REQUEST_FAILED").value)
    return answer.response


def _groups(portals):
    """[[portal, ...] of a group, ...] from ["10.0.0.1:3260,1", "[fd00::1]:3260,2", ...]"""
    groups = collections.defaultdict(list)
    for text in portals:
        place, _comma, tag = text.rpartition(",")
        address, _colon, port = place.rpartition(":")
        groups[int(tag)].append({"SymbolicName": "", "Address": address.strip("[]"), "Socket": int(port)})
    return [groups[tag] for tag in sorted(groups)]
