# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of every type for the registry of a Windows, queries for them, and the rows that come of these."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows

from .wine import WinePrefix

KEY = "SOFTWARE\\Winstorage"
CONTENT = rf"""REGEDIT4

[HKEY_LOCAL_MACHINE\{KEY}]
"Text"="a text"
"Number"=dword:0000003c
"Bytes"=hex:0a,ff
"Expanded"=hex(2):25,54,45,4d,50,25,00
"Texts"=hex(7):6f,6e,65,00,74,77,6f,00,00

[HKEY_LOCAL_MACHINE\{KEY}\0001\Parameters]
"LinkDownTime"=dword:0000000f

[HKEY_LOCAL_MACHINE\{KEY}\0002]

[HKEY_LOCAL_MACHINE\{KEY}\0003\Parameters]
"linkdowntime"=dword:0000001e
"Other"=dword:00000001
"""
ASKED = (
    rows.RegistryQuery(KEY),
    rows.RegistryQuery(KEY, ("Number", "Bytes", "NoSuch")),
    rows.RegistryQuery(KEY + "\\*\\Parameters", ("LinkDownTime",)),
    rows.RegistryQuery(KEY + "\\Nowhere\\Parameters"),
)
EXPECTED = [
    (
        [
            {
                "key": KEY,
                "values": {
                    "Text": "a text",
                    "Number": 60,
                    "Bytes": None,
                    "Expanded": "%TEMP%",
                    "Texts": ["one", "two"],
                },
            }
        ],
        None,
    ),
    ([{"key": KEY, "values": {"Number": 60, "Bytes": "0aff"}}], None),
    (
        [
            {"key": KEY + "\\0001\\Parameters", "values": {"LinkDownTime": 15}},
            {"key": KEY + "\\0003\\Parameters", "values": {"LinkDownTime": 30}},
        ],
        None,
    ),
    ([], None),
]


def fill(windows: WinePrefix) -> None:
    """Write the values into its registry."""
    windows.import_registry(CONTENT)


def add_binary(windows: WinePrefix, key: str, values: Mapping[str, bytes]) -> None:
    """Write binary values of a key below HKEY_LOCAL_MACHINE."""
    names = {name: name.replace("\\", "\\\\") for name in values}
    lines = [f'"{names[name]}"=hex:{value.hex(",")}\n' for name, value in values.items()]
    windows.import_registry(f"REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\{key}]\n{''.join(lines)}")
