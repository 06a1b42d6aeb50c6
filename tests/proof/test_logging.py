# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PowerShell's own logs keep of a login with CHAP, with all of them on: script blocks, modules, transcripts."""

from __future__ import annotations

import re

import pytest
from ansible import release

from ansible_collections.winstorage.iscsi.tests.proof.secrecy import leaks
from ansible_collections.winstorage.iscsi.tests.proof.support.powershell_logs import Logs
from ansible_collections.winstorage.iscsi.tests.proof.winrm import scenario
from ansible_collections.winstorage.iscsi.tests.proof.winrm.fleet import Fleet

CONNECTIONS = ("winrm", "psrp")
MARK = scenario.MARK.encode()
# The commands of ansible-core's wrappers whose parameters hold the arguments of a module.
KEEPERS = ["Set-Variable", "ConvertFrom-Json"] if release.__version__.startswith("2.16.") else ["ConvertFrom-Json"]
LOGIN = {
    "name": "login",
    "winstorage.iscsi.persistent_login": {
        "target": scenario.LOGS,
        "portal": {"address": "192.0.2.22"},
        "auth_type": "chap",
        "username": "sql01",
        "secret": "{{ secrets.chap }}",
        "login_flags": ["multipath_enabled"],
    },
}


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs")
    return {connection: Logs(folder / connection) for connection in CONNECTIONS}


@pytest.fixture(scope="module")
def batches(logs, tmp_path_factory):
    """{connection: the batches that went there}."""
    with Fleet(tmp_path_factory.mktemp("fleet"), scenario.STATE, scenario.SECRETS) as hosts:
        for connection in CONNECTIONS:
            hosts.windows(connection, connection, options=logs[connection].options, **logs[connection].environment)
        play = hosts.play([LOGIN])
        assert play.rc == 0, play.output
        sent = {name: b"\n".join(endpoint.host.inputs) for name, endpoint in hosts.endpoints.items()}
    found = {connection: re.findall(rb'"batch": ?"([^"]+)"', text) for connection, text in sent.items()}
    for connection in CONNECTIONS:
        assert len(found[connection]) >= 2 and leaks.shown(b"\n".join(found[connection]), MARK) is not None
    return found


def holds(event, batch):
    """Whether any piece of the batch is there."""
    return any(batch[start : start + 60] in event for start in range(0, len(batch) - 60, 30))


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_the_secret_is_in_clear_nowhere(logs, batches, connection):
    assert MARK not in b"".join([*logs[connection].transcripts(), *logs[connection].events(b"")])


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_no_transcript_and_no_script_block_has_the_batch(logs, batches, connection):
    script_blocks = logs[connection].events(b"ScriptBlock_Compile_Detail")
    assert b"CallRunner" in b"".join(script_blocks)  # the module itself is there
    if connection == "winrm":  # what has no console has no transcript
        assert logs[connection].transcripts()
    for text in [*script_blocks, *logs[connection].transcripts()]:
        assert not any(holds(text, batch) for batch in batches[connection])
        assert leaks.shown(text, MARK) is None


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_module_logging_keeps_the_batch_with_the_command_that_was_given_it(logs, batches, connection):
    """Whoever reads that log can unpack the batch, so that it has to be guarded like the secrets."""
    for batch in batches[connection]:
        events = [event for event in logs[connection].events(b"") if holds(event, batch)]
        assert [re.findall(rb"\] CommandInvocation\((\S+)\)", event)[0].decode() for event in events] == KEEPERS
        assert all(b"[Pipeline_Detail:" in event for event in events)
    assert leaks.shown(b"".join(events), MARK) is not None
