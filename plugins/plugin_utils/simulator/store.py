# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file on disk: what a person wrote stays as it is, what the initiator changed is kept beside it.

``host.yml`` is written by hand and never by the simulator. Changed state goes to ``host.yml.state.json`` beside it, or
to a folder of the caller's choice. There its name has part of a hash of the path to ``host.yml``, so that two files of
one name keep apart. It counts as long as ``host.yml`` is the one it grew from: edit that file, or delete the other, and
the host starts over.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os

import yaml

from .. import files
from . import state as states
from .errors import HostFileError

SUFFIX = ".state.json"
_TOO_DEEP = "is nested too deeply"
_PRIVATE = 0o600  # it may hold secrets


class Store:
    """One host's files.

    :param folder: where the changed state is kept; beside the hand-written file by default.
    :param settle: fills in, in place, what a hand-written state leaves out; this alone is no change worth keeping.
    """

    def __init__(self, path, folder=None, settle=lambda state: None):
        self._settle = settle
        self.path = os.path.abspath(os.path.expanduser(str(path)))
        self.changed_path = self.path + SUFFIX if folder is None else self._path_in(os.path.expanduser(str(folder)))

    def _path_in(self, folder):
        place = hashlib.sha256(os.path.realpath(self.path).encode("utf-8", "surrogateescape")).hexdigest()
        return os.path.join(folder, f"{os.path.basename(self.path)}.{place[:12]}{SUFFIX}")

    @contextlib.contextmanager
    def transaction(self):
        """The state, alone: whoever else asks for it waits. It is kept unless the block fails.

        :raises HostFileError: when the file cannot be used; the text names file, place and what would be right.
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
                        "about": "Changed state of a simulated host; delete it to start over.",
                        "seed": seed,
                        "state": after,
                    }
                )

    def reset(self):
        """Forget what the initiator changed."""
        with self._locked(), contextlib.suppress(FileNotFoundError):
            os.unlink(self.changed_path)

    @contextlib.contextmanager
    def _locked(self):
        """The bytes of the hand-written file, which is what two processes agree on to lock."""
        try:
            with open(self.path, "rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                yield stream.read()
        except OSError as error:
            if error.filename != self.path:
                raise
            raise HostFileError(
                self.path,
                f"cannot be read: {error.strerror}. It describes a simulated host; an empty file is a fresh one.",
            ) from None

    def _parse(self, written):
        try:
            return yaml.safe_load(written)
        except RecursionError:
            raise HostFileError(self.path, _TOO_DEEP) from None
        except (yaml.YAMLError, ValueError, OverflowError) as error:  # the last two for a date or a number there is not
            problem = " ".join(str(error).split())
            raise HostFileError(self.path, f"is neither YAML nor JSON: {problem}") from None

    def _load(self, plain):
        try:
            return states.load(plain)
        except RecursionError:
            raise HostFileError(self.path, _TOO_DEEP) from None
        except HostFileError as error:
            raise HostFileError(f"{self.path}: {error.where or 'the file'}", error.problem) from None

    def _changed(self, seed):
        """The changed state as it was written, or None when there is none for this seed."""
        try:
            with open(self.changed_path, encoding="utf-8", opener=files.open_itself) as stream:
                kept = json.load(stream)
            return kept["state"] if kept["seed"] == seed else None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HostFileError(self.changed_path, f"cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise HostFileError(
                self.changed_path, f"is damaged; delete it, and the host starts over from {self.path}"
            ) from None

    def _keep(self, document):
        files.write_text(self.changed_path, json.dumps(document, indent=1, sort_keys=True), mode=_PRIVATE)
