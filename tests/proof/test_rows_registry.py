# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry rows, read from a real registry under Wine by what is sent to a host."""

from __future__ import annotations

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.client import builder
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import rows, wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import python_payload
from ansible_collections.winstorage.iscsi.tests.proof.support.wine import WinePrefix, WinePython, windows_path

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


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    with WinePrefix(tmp_path_factory.mktemp("windows")) as prefix:
        file = prefix.windows / "temp" / "rows.reg"
        file.write_text(CONTENT, encoding="ascii")
        done = prefix.run("reg", "import", windows_path(file))
        assert done.returncode == 0, done.stdout + done.stderr
        yield prefix


def test_the_python_engine_reads_the_registry_and_says_what_it_cannot_read(windows):
    batch = wire.Batch(tuple(wire.Program(pointer, 0, ()) for pointer in (8, 4)))
    more = (rows.CimQuery("root/wmi", "A", ("B",)), rows.EventQuery("System", "iScsiPrt", (1,)))
    asked = [*ASKED, *more]
    program = python_payload.build(builder.encode(batch, asked))
    done = WinePython(windows).run(None, stdin=program.encode("ascii"))
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    text = python_payload.answer(done.stdout.decode("utf-8"))
    answers = builder.decode(text, batch, asked).rows
    assert answers[: len(ASKED)] == EXPECTED
    for answer in answers[len(ASKED) :]:
        assert answer.rows is None
        assert "powershell engine" in answer.error
