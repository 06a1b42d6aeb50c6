# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four ways to decode an array of PERSISTENT_ISCSI_LOGIN_INFOW (x64) with the user names its pointers lead to.

Each gives the same rows of plain values: strings as str, user names as bytes, numbers as int. Each is written the way
its library's documentation recommends, and prepares what it can beforehand.
"""

from __future__ import annotations

import ctypes
import functools
import struct

import construct
from dissect.cstruct import cstruct

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import memory, structures

BASE = 0x000001F4_2A3B0000
STRIDE = 2080
USERNAME_BIT = 0x20


def image(count):
    """The bytes of a report of ``count`` logins at BASE, as Windows lays it out: the records, then the user names."""
    rows = [
        {
            "TargetName": f"iqn.1992-08.com.netapp:sn.{index * 2654435761 % 2**32:08x}:vs.{index % 8}",
            "InitiatorInstance": "ROOT\\ISCSIPRT\\0000_0",
            "InitiatorPortNumber": index % 4 if index % 5 else 0xFFFFFFFF,
            "TargetPortal": {"Address": f"192.168.{index // 250}.{index % 250 + 1}", "Socket": 3260},
            "SecurityFlags": 0x23 if index % 7 == 0 else 0,
            "LoginOptions": {
                "InformationSpecified": 0xB9,
                "LoginFlags": 2,
                "AuthType": 1,
                "HeaderDigest": 1,
                "DefaultTime2Wait": 2,
                "DefaultTime2Retain": 60,
                "Username": b"iqn.1991-05.com.microsoft:host%04d.example.com" % index,
            },
        }
        for index in range(count)
    ]
    data, relocations = memory.pack(structures.PERSISTENT_ISCSI_LOGIN_INFO, rows, structures.X64_W)
    for at, to in relocations:
        data[at : at + 8] = struct.pack("<Q", BASE + to)
    return bytes(data)


def _row(target, informational, instance, port, portal, security, options, username):
    return (
        target,
        informational,
        instance,
        port,
        portal.SymbolicName,
        portal.Address,
        portal.Socket,
        security,
        options.InformationSpecified,
        options.LoginFlags,
        options.AuthType,
        options.HeaderDigest,
        options.DataDigest,
        options.MaximumConnections,
        options.DefaultTime2Wait,
        options.DefaultTime2Retain,
        username,
    )


# -- this collection ---------------------------------------------------------------------------------------------------


def ours(data, count):
    """The structure bindings of this collection, every pointer checked."""
    return memory.Image(data, BASE, structures.X64_W).array(structures.PERSISTENT_ISCSI_LOGIN_INFO, count)


def ours_rows(records):
    return [
        _row(
            one.TargetName,
            one.IsInformationalSession,
            one.InitiatorInstance,
            one.InitiatorPortNumber,
            one.TargetPortal,
            one.SecurityFlags,
            one.LoginOptions,
            one.LoginOptions.Username,
        )
        for one in records
    ]


# -- dissect.cstruct ---------------------------------------------------------------------------------------------------

_CSTRUCT = cstruct().load(
    """
struct PORTAL { wchar SymbolicName[256]; wchar Address[256]; uint16 Socket; };
struct OPTIONS {
    uint32 Version; uint32 InformationSpecified; uint32 LoginFlags; uint32 AuthType; uint32 HeaderDigest;
    uint32 DataDigest; uint32 MaximumConnections; uint32 DefaultTime2Wait; uint32 DefaultTime2Retain;
    uint32 UsernameLength; uint32 PasswordLength; char _pad[4]; uint64 Username; uint64 Password;
};
struct LOGIN {
    wchar TargetName[224]; uint8 IsInformationalSession; char _pad1; wchar InitiatorInstance[256]; char _pad2[2];
    uint32 InitiatorPortNumber; PORTAL TargetPortal; char _pad3[6]; uint64 SecurityFlags; uint64 Mappings;
    OPTIONS LoginOptions;
};
""",
    compiled=True,
)  # its own alignment (align=True) misplaces what follows a nested structure of another alignment


def dissect(data, count):
    """dissect.cstruct, its compiled reader; texts cut at their NUL."""
    found = []
    for record in _CSTRUCT.LOGIN[count](data):
        record.TargetName = record.TargetName.split("\0", 1)[0]
        record.InitiatorInstance = record.InitiatorInstance.split("\0", 1)[0]
        portal = record.TargetPortal
        portal.SymbolicName = portal.SymbolicName.split("\0", 1)[0]
        portal.Address = portal.Address.split("\0", 1)[0]
        found.append((record, _username(data, record.LoginOptions)))
    return found


def _username(data, options):
    if not options.InformationSpecified & USERNAME_BIT or not options.Username:
        return None
    start = options.Username - BASE
    return data[start : start + options.UsernameLength]


def paired_rows(records):
    return [
        _row(
            one.TargetName,
            one.IsInformationalSession,
            one.InitiatorInstance,
            one.InitiatorPortNumber,
            one.TargetPortal,
            one.SecurityFlags,
            one.LoginOptions,
            username,
        )
        for one, username in records
    ]


# -- construct ---------------------------------------------------------------------------------------------------------


def _wide(length):
    return construct.PaddedString(2 * length, "utf-16-le")


def _numbers(*names):
    return [name / construct.Int32ul for name in names]


_CONSTRUCT = construct.Struct(
    "TargetName" / _wide(224),
    "IsInformationalSession" / construct.Int8ul,
    construct.Padding(1),
    "InitiatorInstance" / _wide(256),
    construct.Padding(2),
    "InitiatorPortNumber" / construct.Int32ul,
    "TargetPortal"
    / construct.Struct("SymbolicName" / _wide(256), "Address" / _wide(256), "Socket" / construct.Int16ul),
    construct.Padding(6),
    "SecurityFlags" / construct.Int64ul,
    "Mappings" / construct.Int64ul,
    "LoginOptions"
    / construct.Struct(
        *_numbers(
            "Version",
            "InformationSpecified",
            "LoginFlags",
            "AuthType",
            "HeaderDigest",
            "DataDigest",
            "MaximumConnections",
            "DefaultTime2Wait",
            "DefaultTime2Retain",
            "UsernameLength",
            "PasswordLength",
        ),
        construct.Padding(4),
        "Username" / construct.Int64ul,
        "Password" / construct.Int64ul,
    ),
)


@functools.cache
def _compiled(count):
    return construct.Array(count, _CONSTRUCT).compile()


def construct_(data, count):
    """construct, its compiled parser."""
    return [(record, _username(data, record.LoginOptions)) for record in _compiled(count).parse(data)]


# -- ctypes ------------------------------------------------------------------------------------------------------------


class _Portal(ctypes.LittleEndianStructure):
    _fields_ = [
        ("SymbolicName", ctypes.c_uint16 * 256),
        ("Address", ctypes.c_uint16 * 256),
        ("Socket", ctypes.c_uint16),
    ]


class _Options(ctypes.LittleEndianStructure):
    _fields_ = [
        (name, ctypes.c_uint32)
        for name in (
            "Version",
            "InformationSpecified",
            "LoginFlags",
            "AuthType",
            "HeaderDigest",
            "DataDigest",
            "MaximumConnections",
            "DefaultTime2Wait",
            "DefaultTime2Retain",
            "UsernameLength",
            "PasswordLength",
        )
    ]
    _fields_ += [("Username", ctypes.c_uint64), ("Password", ctypes.c_uint64)]


class _Login(ctypes.LittleEndianStructure):
    _fields_ = [
        ("TargetName", ctypes.c_uint16 * 224),
        ("IsInformationalSession", ctypes.c_uint8),
        ("InitiatorInstance", ctypes.c_uint16 * 256),
        ("InitiatorPortNumber", ctypes.c_uint32),
        ("TargetPortal", _Portal),
        ("SecurityFlags", ctypes.c_uint64),
        ("Mappings", ctypes.c_uint64),
        ("LoginOptions", _Options),
    ]


def ctypes_(data, count):
    """Plain ctypes, fields read one by one: until then they are views of the buffer; it gives the rows themselves."""
    found = []
    for record in (_Login * count).from_buffer_copy(data):
        portal, options = record.TargetPortal, record.LoginOptions
        found.append(
            (
                _text(record.TargetName),
                record.IsInformationalSession,
                _text(record.InitiatorInstance),
                record.InitiatorPortNumber,
                _text(portal.SymbolicName),
                _text(portal.Address),
                portal.Socket,
                record.SecurityFlags,
                options.InformationSpecified,
                options.LoginFlags,
                options.AuthType,
                options.HeaderDigest,
                options.DataDigest,
                options.MaximumConnections,
                options.DefaultTime2Wait,
                options.DefaultTime2Retain,
                _username(data, options),
            )
        )
    return found


def _text(characters):
    return bytes(characters).decode("utf-16-le").split("\0", 1)[0]


DECODERS = {  # name -> (what decodes, what makes comparable rows of it)
    "winstorage.iscsi": (ours, ours_rows),
    "dissect.cstruct": (dissect, paired_rows),
    "construct": (construct_, paired_rows),
    "ctypes": (ctypes_, list),
}
