# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a simulated host: one that a person writes, and one for the state that the initiator has changed.

A person writes ``host.yml``. The simulator never writes it. Changed state goes to ``host.yml.state.json`` in the same
folder, or in a folder of the caller's choice. It is used only as long as ``host.yml`` has not been edited since. To
start over, edit ``host.yml`` or delete the other file.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile

import yaml

from . import state as states
from .schema import StateError

SUFFIX = ".state.json"


class Store:
    """One host's files.

    :param folder: folder for the changed state. By default that of the hand-written file.
    :param settle: completes a hand-written state in place. This alone does not count as a change.
    """

    def __init__(self, path, folder=None, settle=lambda state: None):
        self._settle = settle
        self.path = os.path.abspath(os.path.expanduser(str(path)))
        name = os.path.basename(self.path) + SUFFIX
        self.changed_path = os.path.join(os.path.expanduser(str(folder)), name) if folder else self.path + SUFFIX

    @contextlib.contextmanager
    def transaction(self):
        """The state, locked for other processes, which wait. Changes are saved unless the block fails.

        :raises StateError: when the file cannot be used; the text names file, place and what would be right.
        """
        with self._locked() as written:
            seed = hashlib.sha256(written).hexdigest()
            plain = self._changed(seed)
            state = self._load(self._parse(written) if plain is None else plain)
            self._settle(state)
            before = states.dump(state)
            yield state
            after = states.dump(state)
            if after != before:
                self._keep(
                    {
                        "about": "Changed state of a simulated host. Delete this file to start over.",
                        "seed": seed,
                        "state": after,
                    }
                )

    def reset(self):
        """Discard the changed state."""
        with self._locked(), contextlib.suppress(FileNotFoundError):
            os.unlink(self.changed_path)

    @contextlib.contextmanager
    def _locked(self):
        """The bytes of the hand-written file, which serves as the lock."""
        try:
            with open(self.path, "rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                yield stream.read()
        except OSError as error:
            if error.filename != self.path:
                raise
            raise StateError(
                self.path,
                f"cannot be read: {error.strerror}. It describes a simulated host; an empty file is a fresh one.",
            ) from None

    def _parse(self, written):
        try:
            plain = yaml.safe_load(written)
        except yaml.YAMLError as error:
            raise StateError(self.path, "is neither YAML nor JSON: {}".format(" ".join(str(error).split()))) from None
        return plain

    def _load(self, plain):
        try:
            return states.load(plain)
        except StateError as error:
            raise StateError("{}: {}".format(self.path, error.where or "the file"), error.problem) from None

    def _changed(self, seed):
        """The changed state, or None if there is none for this seed."""
        try:
            with open(self.changed_path, encoding="utf-8") as stream:
                kept = json.load(stream)
            return kept["state"] if kept["seed"] == seed else None
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise StateError(
                self.changed_path, f"is damaged; delete it, and the host starts over from {self.path}"
            ) from None

    def _keep(self, document):
        """Write the file completely or not at all. It may contain secrets, so only its owner may read it."""
        folder = os.path.dirname(self.changed_path)
        os.makedirs(folder, exist_ok=True)
        # mode 0600
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=os.path.basename(self.changed_path) + ".")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(document, stream, indent=1, sort_keys=True)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, self.changed_path)
        except BaseException:
            os.unlink(temporary)
            raise
