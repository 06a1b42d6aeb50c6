# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated host for tests: calls by name through the wire form, the runner and the made-up memory."""

from __future__ import annotations

import json

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import prototypes
from ansible_collections.winstorage.iscsi.plugins.module_utils.client.builder import Builder, Replies
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import wire
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import simulator
from ansible_collections.winstorage.iscsi.plugins.plugin_utils.simulator import machine, state

INSTANCE = "ROOT\\ISCSIPRT\\0000_0"
ANY = 0xFFFFFFFF
TARGET = "iqn.2010-06.com.purestorage:flasharray.1"
GUARDED = "iqn.1992-08.com.netapp:sn.2"
SECRET = "simulated-001"

# One array without CHAP and two portals, one with CHAP, one that is gone.
NETWORK = {
    "arrays": [
        {
            "portals": [
                {"address": "10.0.0.1", "group": 1},
                {"address": "10.0.0.2", "group": 1},
                {"address": "10.0.1.1", "group": 2},
            ],
            "targets": [{"iqn": TARGET, "alias": "pure", "luns": [{"lun": 1, "volumes": ["E:\\"]}, 2]}],
        },
        {
            "portals": ["10.0.0.8"],
            "discovery_chap": {"user": "disco", "secret": SECRET},
            "targets": [
                {
                    "iqn": GUARDED,
                    "luns": [0],
                    "chap": {"user": "host", "secret": SECRET, "mutual_secret": "simulated-mut"},
                }
            ],
        },
        {"portals": ["10.0.0.9"], "reachable": False, "discovery_seconds": 60, "login_seconds": 20},
    ]
}


def known_host(**more):
    """The state of a host that runs, knows the first array's target, and has two initiator ports."""
    return dict(
        {
            "service": {"state": "running", "start_mode": "automatic"},
            "network": NETWORK,
            "target_portals": ["10.0.0.1"],
            "initiator": {"instances": [{"name": INSTANCE, "addresses": ["10.0.0.21", "10.0.1.21"]}]},
        },
        **more,
    )


def portal(address, port=3260):
    return {"SymbolicName": "", "Address": address, "Socket": port}


def simulated_machine(plain=None, **dialect):
    """A host as a machine for the executor."""
    found = state.load(known_host(dialect=dialect) if plain is None else plain)
    return machine.SimulatorMachine(simulator.Service(found))


def sized(one, export, size, *before):
    """Call an export whose last arguments are a count (when it has one), a size and a buffer; (status, count, size)."""
    count, need = one.allocate(4), one.allocate(4)
    one.write(need, size.to_bytes(4, "little"))
    buffer = one.allocate(size) if size else 0
    values = dict.fromkeys(["Count", "SessionCount", "PortalCount"], count)
    values.update(dict.fromkeys(["BufferSizeInBytes", "BufferSize", "PortalInfoSize"], need))
    order = [argument.name for argument in prototypes.FUNCTIONS[export].arguments]
    code = one.call(export, [*before, *[values.get(name, buffer) for name in order[len(before) :]]], None)
    return code, int.from_bytes(one.read(count, 4), "little"), int.from_bytes(one.read(need, 4), "little")


MULTIPATH = {"LoginFlags": 2}


def chap(user=b"host", secret=b"simulated-001", kind=1, **more):
    return dict(more, InformationSpecified=0xE0, AuthType=kind, Username=user, Password=secret)


class Host:
    """A host in a file."""

    def __init__(self, path, plain, pointer=8, **options):
        self.path, self.pointer, self.options = path, pointer, options
        path.write_text(json.dumps(plain), encoding="utf-8")

    def answer(self, builder, **options):
        text = wire.encode_batch(wire.Batch((builder.program(),)))
        return wire.decode_answer(simulator.run(text, str(self.path), **dict(self.options, **options)))

    def run(self, builder, **options):
        return Replies(builder, self.answer(builder, **options))

    def memory_after(self, export):
        """All bytes that come back from one call."""
        builder = Builder(self.pointer)
        builder.call(export)
        runs = [run for result in self.answer(builder).results for run in result.runs]
        return b"".join(block.data for run in runs for block in run.blocks)

    def call(self, export, **values):
        """The one reply to one call in a batch of its own."""
        builder = Builder(self.pointer)
        made = builder.call(export, **values)
        return self.run(builder).each(made)[0]

    def status(self, export, **values):
        return self.call(export, **values).status.symbol

    def login(
        self,
        target=TARGET,
        address="10.0.0.1",
        persistent=0,
        instance=INSTANCE,
        port=ANY,
        options=None,
        flags=0,
        **more,
    ):
        values = dict(
            TargetName=target,
            IsInformationalSession=0,
            InitiatorInstance=instance,
            InitiatorPortNumber=port,
            SecurityFlags=flags,
            LoginOptions=options,
            IsPersistent=persistent,
            TargetPortal=portal(address) if address else None,
            **more,
        )
        return self.call("LoginIScsiTargetW", **values)

    def save(self, *args, **values):
        return self.login(*args, persistent=1, **values).status.symbol

    def remove(self, address="10.0.0.1", target=TARGET, instance=INSTANCE, port=ANY, **more):
        return self.status(
            "RemoveIScsiPersistentTargetW",
            InitiatorInstance=instance,
            InitiatorPortNumber=port,
            TargetName=target,
            Portal=portal(address, **more) if address is not None else None,
        )

    def add_portal(self, address, options=None, flags=0, instance=None):
        return self.status(
            "AddIScsiSendTargetPortalW",
            InitiatorInstance=instance,
            InitiatorPortNumber=ANY,
            LoginOptions=options,
            SecurityFlags=flags,
            Portal=portal(address),
        )

    @property
    def logins(self):
        return self.call("ReportIScsiPersistentLoginsW")["PersistentLoginInfo"]

    @property
    def saved(self):
        """[(initiator port, address)] of the saved logins."""
        return [(login.InitiatorPortNumber, login.TargetPortal.Address) for login in self.logins]

    @property
    def sessions(self):
        return self.call("GetIScsiSessionListW")["SessionInfo"]

    @property
    def portals(self):
        return [entry.Address for entry in self.call("ReportIScsiSendTargetPortalsExW")["PortalInfo"]]

    def targets(self, force=0):
        return self.call("ReportIScsiTargetsW", ForceUpdate=force)["Buffer"]


@pytest.fixture(name="host")
def _host(tmp_path):
    """Makes a host from the fields of a state file; a known one by default."""
    made = []

    def make(plain=None, pointer=8, **options):
        made.append(
            Host(tmp_path / (f"host{len(made)}.yml"), known_host() if plain is None else plain, pointer, **options)
        )
        return made[-1]

    return make


def session_id(raw):
    """A session or connection id as an argument."""
    return raw._asdict()
