# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import policies, prototypes, status

LINES = (Path(__file__).parent / "data" / "isdsc.txt").read_text(encoding="utf-8").splitlines()
ISDSC = [line.split(" ", 2) for line in LINES if not line.startswith("#")]

# Win32, RPC and Winsock codes that the API is known to pass on (winerror.h).
WIN32 = {
    0: "ERROR_SUCCESS",
    5: "ERROR_ACCESS_DENIED",
    8: "ERROR_NOT_ENOUGH_MEMORY",
    87: "ERROR_INVALID_PARAMETER",
    122: "ERROR_INSUFFICIENT_BUFFER",
    127: "ERROR_PROC_NOT_FOUND",
    998: "ERROR_NOACCESS",
    1060: "ERROR_SERVICE_DOES_NOT_EXIST",
    1062: "ERROR_SERVICE_NOT_ACTIVE",
    1359: "ERROR_INTERNAL_ERROR",
    1460: "ERROR_TIMEOUT",
    1717: "RPC_S_UNKNOWN_IF",
    1722: "RPC_S_SERVER_UNAVAILABLE",
    10013: "WSAEACCES",
    10049: "WSAEADDRNOTAVAIL",
    10051: "WSAENETUNREACH",
    10054: "WSAECONNRESET",
    10060: "WSAETIMEDOUT",
    10061: "WSAECONNREFUSED",
    10065: "WSAEHOSTUNREACH",
    11001: "WSAHOST_NOT_FOUND",
}


def test_the_headers_table_is_complete():
    assert len(ISDSC) == 104
    assert [int(value, 16) & 0xFFFF for value, _symbol, _text in ISDSC] == list(range(1, 105))


@pytest.mark.parametrize("value, symbol, text", ISDSC, ids=[row[1] for row in ISDSC])
def test_every_code_of_the_header_is_known(value, symbol, text):
    number = int(value, 16)
    found = status.of(number)
    assert (found.value, found.symbol, found.text) == (number, symbol, text)
    assert found.severity == ("warning" if value.startswith("0xAFFF") else "error")
    assert found.ok == value.startswith("0xAFFF")
    assert status.of(number - (1 << 32)) == found  # the signed integer that .NET and PowerShell show
    assert status.by_name(symbol) == status.by_name(symbol.lower()) == status.by_name(value) == found
    assert found.describe().startswith(f"{symbol} ({value}): {text}")


def test_nothing_but_the_headers_codes_is_called_isdsc():
    assert [s.symbol for s in status.KNOWN if s.symbol.startswith("ISDSC_")] == [row[1] for row in ISDSC]
    assert len({s.symbol for s in status.KNOWN}) == len({s.value for s in status.KNOWN}) == len(status.KNOWN)


@pytest.mark.parametrize("value, symbol", WIN32.items(), ids=WIN32.values())
def test_win32_codes_are_known(value, symbol):
    found = status.of(value)
    assert found.symbol == symbol and found.text
    assert found.ok == (value == 0)
    assert found.severity == ("error" if value else "success")
    assert status.by_name(symbol) == found
    assert found.describe().startswith(f"{symbol} ({value}): ")


def test_the_modules_constants_are_the_values_of_their_symbols():
    constants = {name: value for name, value in vars(status).items() if name.isupper() and isinstance(value, int)}
    assert constants["SERVICE_NOT_RUNNING"] == 0xEFFF003E and constants["SUCCESS"] == 0
    for name, value in constants.items():
        assert status.of(value).symbol in {name, f"ISDSC_{name}", f"ERROR_{name}", f"RPC_S_{name[4:]}"}


@pytest.mark.parametrize(
    "symbol, remedy",
    [
        ("ISDSC_SERVICE_NOT_RUNNING", "winstorage.iscsi.initiator with service_state: started"),
        ("ERROR_SERVICE_NOT_ACTIVE", "service_state: started"),
        ("RPC_S_UNKNOWN_IF", "service_state: started"),
        ("RPC_S_SERVER_UNAVAILABLE", "MSiSCSI"),
        ("ERROR_SERVICE_DOES_NOT_EXIST", "no Microsoft iSCSI initiator"),
        ("ERROR_ACCESS_DENIED", "elevated"),
        ("ISDSC_LOGIN_FAILED", "node name"),
        ("ISDSC_CONNECTION_FAILED", "3260"),
        ("WSAETIMEDOUT", "3260"),
        ("ISDSC_AUTHENTICATION_FAILURE", "update_secret"),
        ("ISDSC_TARGET_NOT_FOUND", "refresh: true"),
        ("ISDSC_TARGET_ALREADY_LOGGED_IN", "multipath_enabled"),
        ("ISDSC_DEVICE_BUSY_ON_SESSION", "in use"),
        ("ISDSC_SESSION_BUSY", "try again"),
        ("ISDSC_INVALID_TARGET_CHAP_SECRET", "12 to 16 bytes"),
        ("ISDSC_SHORT_CHAP_SECRET", "12 to 16 bytes"),
        ("ISDSC_PORTAL_NOT_FOUND", "TCP port"),
        ("ISDSC_DNS_NAME_UNRESOLVED", "DNS"),
        ("ISDSC_RESTRICTED_BY_GROUP_POLICY", "policy"),
        ("ISDSC_TOO_MANY_SESSIONS", "limit"),
        ("ISDSC_OPERATION_REQUIRES_REBOOT", "win_reboot"),
        ("ERROR_INSUFFICIENT_BUFFER", "try again"),
        ("ERROR_TIMEOUT", "more time"),
    ],
)
def test_what_people_meet_comes_with_its_remedy(symbol, remedy):
    found = status.by_name(symbol)
    assert remedy in found.hint
    assert found.describe().endswith(found.hint)


def test_every_hint_belongs_to_one_known_symbol_only():
    pairs = [symbol for _hint, symbols in status._HINTS for symbol in symbols]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) <= {s.symbol for s in status.KNOWN}


def test_a_description_is_one_whole_line():
    assert status.of(0).describe() == "ERROR_SUCCESS (0): The operation completed successfully."
    assert status.of(0xEFFF0025).describe() == "ISDSC_VERSION_MISMATCH (0xEFFF0025): iSCSI Version Mismatch."
    assert (
        status.of(0xEFFF003E)
        .describe()
        .startswith("ISDSC_SERVICE_NOT_RUNNING (0xEFFF003E): The Microsoft iSCSI Initiator Service is not running. ")
    )
    for known in status.KNOWN:
        line = known.describe()
        assert len(line.splitlines()) == 1 and line.endswith(".") and "  " not in line and ".." not in line


def test_a_policy_that_can_forbid_a_call_is_named():
    forbidden = status.by_name("ISDSC_RESTRICTED_BY_GROUP_POLICY")
    line = forbidden.describe("AddIScsiStaticTargetW")
    assert (
        "The policy that forbids it is NewStaticTargets (adding and removing static targets) or ConfigureTargets"
        " (changes of targets that are known): one of the values of "
        r"HKLM\SOFTWARE\Policies\Microsoft\Windows\iSCSI. Group policy (Computer" in line
    )
    assert "is ChangeIQNName (changes of the node name): a value of" in forbidden.describe("SetIScsiInitiatorNodeNameW")
    assert forbidden.describe("GetIScsiSessionListW") == forbidden.describe()
    assert status.of(0).describe("AddIScsiStaticTargetW") == status.of(0).describe()


@pytest.mark.parametrize("export", policies.BY_EXPORT)
def test_the_policies_of_each_function_are_those_that_microsoft_documents(export):
    assert export in prototypes.FUNCTIONS
    assert set(policies.BY_EXPORT[export]) <= set(policies.FORBIDS) and len(policies.FORBIDS) == 10


def test_an_unknown_status_keeps_its_number():
    assert status.of(0xEFFF0FFF).symbol == "0xEFFF0FFF"
    assert status.of(0xEFFF0FFF).describe() == "0xEFFF0FFF: An unknown status."
    assert status.of(4242).describe() == (
        "0x00001092 (4242): An unknown status. On Windows, net helpmsg 4242 may explain it."
    )


@pytest.mark.parametrize(
    "value, severity",
    [
        (0xAFFF0FFF, "warning"),
        (0xEFFF0FFF, "error"),
        (0x80070005, "error"),
        (0xC0000005, "error"),
        (2, "error"),
    ],
)
def test_an_unknown_status_is_an_error_unless_it_is_a_warning_of_the_initiator(value, severity):
    assert status.of(value).severity == severity


@given(st.integers(-(1 << 31), (1 << 32) - 1))
def test_every_32_bit_value_has_a_status_that_its_symbol_finds_again(value):
    found = status.of(value)
    assert found.value == value % (1 << 32)
    assert status.by_name(found.symbol) == found
    assert found.describe()


@pytest.mark.parametrize("value", [1 << 32, -(1 << 31) - 1])
def test_a_value_of_more_than_32_bits_is_an_error(value):
    with pytest.raises(ValueError, match="32 bits"):
        status.of(value)


def test_a_wrong_name_is_told_with_the_nearest():
    with pytest.raises(ValueError, match="unknown status 'ISDSC_SESION_BUSY'; did you mean ISDSC_SESSION_BUSY"):
        status.by_name("ISDSC_SESION_BUSY")
