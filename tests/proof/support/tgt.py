# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tgt (https://github.com/fujita/tgt), the iSCSI target in user space: on loopback, for as long as a test needs it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from ansible_collections.winstorage.iscsi.tests.proof.support.tools import requires


class Disk(NamedTuple):
    """What tgt is told of a logical unit. ``scsi_id`` is hex digits, which tgt makes an NAA identifier of."""

    lun: int
    size: int
    vendor_id: str
    product_id: str
    product_rev: str
    scsi_sn: str
    scsi_id: str


class Tgt:
    """tgtd with a portal and a control socket of its own; gone after the ``with`` block, or with this process."""

    def __enter__(self):
        self._tgtadm = requires("tgtadm", "tgt")
        self.folder = Path(tempfile.mkdtemp(prefix="tgt"))  # a short path: it holds a socket
        self._environment = dict(os.environ, TGT_IPC_SOCKET=str(self.folder / "socket"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._process = subprocess.Popen(
            [
                requires("setpriv", "util-linux"),
                "--pdeathsig",
                "KILL",
                requires("tgtd", "tgt"),
                "--foreground",
                "--iscsi",
                f"portal=127.0.0.1:{self.port}",
            ],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            stdout=(self.folder / "log").open("w"),
        )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception):
        self._process.kill()  # it takes no other signal while it has targets
        self._process.wait(10)
        shutil.rmtree(self.folder)

    def _wait(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if (self.folder / "socket.0").exists() and not probe.connect_ex(("127.0.0.1", self.port)):
                    return
            time.sleep(0.05)
        raise AssertionError("tgtd did not start: " + (self.folder / "log").read_text())

    def target(self, tid, iqn, disks=()):
        """A new target for every initiator."""
        self.admin("target", "new", tid=tid, targetname=iqn)
        for disk in disks:
            backing = self.folder / (f"{tid}-{disk.lun}")
            with backing.open("wb") as stream:
                stream.truncate(disk.size)
            self.admin("logicalunit", "new", tid=tid, lun=disk.lun, **{"backing-store": backing})
            self.admin(
                "logicalunit",
                "update",
                tid=tid,
                lun=disk.lun,
                params=",".join(f"{name}={getattr(disk, name)}" for name in Disk._fields[2:]),
            )
        self.admin("target", "bind", tid=tid, **{"initiator-address": "127.0.0.1"})

    def account(self, user, secret, tids):
        """A CHAP account of initiators for targets; tid None is discovery."""
        self._bind(user, secret, tids)

    def own_account(self, user, secret, tids):
        """The CHAP account with which targets show that they are themselves."""
        self._bind(user, secret, tids, "--outgoing")

    def _bind(self, user, secret, tids, *more):
        self.admin("account", "new", user=user, password=secret)
        for tid in tids:
            self.admin("account", "bind", *more, user=user, **({} if tid is None else {"tid": tid}))

    def admin(self, mode, operation, *more, **options):
        """tgtadm. It takes secrets on its command line alone, so only made-up ones are given to it."""
        words = [word for name, value in options.items() for word in ("--" + name, str(value))]
        return subprocess.run(
            [self._tgtadm, "--lld", "iscsi", "--mode", mode, "--op", operation, *words, *more],
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=20,
        ).stdout
