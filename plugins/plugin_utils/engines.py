# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a batch is run. An engine takes the text of a batch and returns the text of its answer.

Queries for rows may follow the batch in its text, and then the rows follow the answer: see runner/rows.py. So may
settings that are to be set: see runner/writes.py.

The core never knows which engine it was; inventory variables choose it, see docs/docsite/rst/engines.rst. What goes
wrong in an engine is an :class:`EngineError`, whatever it is made of; a broken connection is Ansible's own error, which
marks the host as unreachable.
"""

from __future__ import annotations

import difflib
import os
import time

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display

from ..module_utils.runner import native, rows, writes
from . import engine_failures, python_payload, recording, simulator

RUNNER_MODULE = "winstorage.iscsi.iscsidsc_call"


class EngineError(Exception):
    """An engine could not run a batch: why, and what to do."""


class _Unprinted(str):
    """A text that ansible-core, which prints a module's arguments where ANSIBLE_DEBUG is set, does not show."""

    def __repr__(self):
        return f"<{len(self)} characters>"


def powershell(action, settings, task_vars):
    """The runner module on the target: a few lines of PowerShell around Iscsidsc.cs, and Rows.psm1 beside it."""

    def run(text):
        if C.DEFAULT_KEEP_REMOTE_FILES:  # then even connections that pipeline write the module's input to the host
            raise EngineError(
                "keep_remote_files (ANSIBLE_KEEP_REMOTE_FILES) is on. It would leave the module's input, which can "
                "hold CHAP secrets, in a file on the host. Turn it off and run the task again."
            )
        _pipeline(action)
        batch, second = rows.split(text)
        queries, to_set = writes.detach(second)
        module_args = {"batch": _Unprinted(batch), **({"queries": queries} if queries else {})}
        if to_set:
            module_args["settings"] = to_set
        result = action._execute_module(module_name=RUNNER_MODULE, module_args=module_args, task_vars=task_vars)
        if "answer" not in result:
            raise EngineError(engine_failures.describe_powershell(result))
        found = writes.attach(result.get("rows") or "", result.get("settings") or "")
        return rows.join(result["answer"], found)

    return run


def _pipeline(action):
    """Have the module's input, with the batch, go to PowerShell's standard input and into no file of the host.

    ansible-core pipelines to Windows by itself, but over ssh only from 2.21 on.
    """
    if not action._is_pipelining_enabled("new"):
        action._connection.set_option("pipelining", True)
    if not action._is_pipelining_enabled("new"):
        raise EngineError(
            "Ansible cannot pipeline over this connection. It would write the module's input, which can hold CHAP "
            "secrets, to a file on the host. Over ssh, remove what asks for a terminal (-t, RequestTTY) from its "
            "arguments."
        )


def python(action, settings, task_vars):
    """The core itself in the target's Windows Python, sent on its standard input; nothing is written to the host."""

    def run(batch):
        if getattr(action._connection, "become", None):
            raise EngineError(
                "The python engine does not support become, and would run as the user of the connection. Connect as an "
                "administrator without become, or set winstorage_iscsi_engine to powershell, which supports runas."
            )
        command = python_payload.command(settings["python"], action._connection._shell)
        program = python_payload.build(batch, settings["dll"]).encode("ascii")
        result = action._low_level_execute_command(command, in_data=program, sudoable=False)
        answer = python_payload.answer(result.get("stdout") or "")
        if answer is None:
            hint = None if _is_windows(action) or settings["engine"] != "auto" else _not_windows(action)
            raise EngineError(engine_failures.describe_python(settings["python"], result, hint))
        return answer

    return run


def _not_windows(action):
    """Why ``auto`` took the python engine: the usual mistake over ssh, whose shell is sh unless the inventory says."""
    family = getattr(action._connection._shell, "SHELL_FAMILY", "unknown")
    return (
        f"Ansible expects a POSIX shell ({family}) on this host, so the python engine was used. If this is a Windows "
        f"host over ssh, {engine_failures.SHELL_TYPE}."
    )


def simulated(action, settings, task_vars):
    """A model of the initiator in this process, its state in a file."""
    path = settings["simulator_state"]
    if not path:
        raise EngineError(
            "The simulator engine needs a simulated host. Set winstorage_iscsi_simulator_state to its state file."
        )
    path, folder = (
        place and _beside_inventory(action, task_vars, place) for place in (path, settings["simulator_folder"])
    )

    def run(batch):
        try:
            return simulator.run(batch, path, dialect=settings["simulator_dialect"], folder=folder)
        except simulator.HostFileError as error:
            raise EngineError(str(error)) from None
        except simulator.Dropped:
            raise AnsibleConnectionFailure(
                "The simulated host dropped the connection, as the faults in its state file ask for."
            ) from None

    return run


def in_process(action, settings, task_vars):
    """The DLL in this process by ctypes: for tests against a library with its exports."""

    def run(batch):
        try:
            return native.run_here(batch, settings["dll"])
        except native.LibraryError as error:
            raise EngineError(
                f"{error}. The native engine loads the DLL on the controller. Set winstorage_iscsi_dll to a library "
                "for this machine, or choose another winstorage_iscsi_engine."
            ) from None

    return run


def recorded(action, settings, task_vars):
    """What a host answered earlier, from the file that `record` kept."""
    if not settings["recording"]:
        raise EngineError("The recording engine needs a recording. Set winstorage_iscsi_recording to its file.")
    path = _beside_inventory(action, task_vars, settings["recording"])

    def run(batch):
        try:
            return recording.replay(path)(batch)
        except recording.RecordingError as error:
            raise EngineError(str(error)) from None

    return run


ENGINES = {
    "powershell": powershell,
    "python": python,
    "simulator": simulated,
    "native": in_process,
    "recording": recorded,
}
# Engines that can be asked, but not changed.
READ_ONLY = ("recording",)
# Engines that set nothing of Windows but the registry: the machine in Python has no firewall and no MPIO.
ONLY_REGISTRY = ("python", "native")
VARIABLES = {  # setting -> (inventory variable, default)
    "engine": ("winstorage_iscsi_engine", "auto"),
    "simulator_state": ("winstorage_iscsi_simulator_state", None),
    "simulator_dialect": ("winstorage_iscsi_simulator_dialect", {}),
    "simulator_folder": ("winstorage_iscsi_simulator_folder", None),
    "recording": ("winstorage_iscsi_recording", None),
    "record": ("winstorage_iscsi_record", None),
    "python": ("winstorage_iscsi_python", "python"),
    "dll": ("winstorage_iscsi_dll", None),
}


def choose(action, task_vars):
    """The engine for this host, as the inventory says. A delegated task takes the variables of the host it goes to.

    :raises EngineError: for an engine that does not exist, with those that do.
    """
    task_vars = task_vars.get("ansible_delegated_vars", {}).get(action._task.delegate_to, task_vars)
    settings = {
        name: action._templar.template(task_vars.get(variable, default))
        for name, (variable, default) in VARIABLES.items()
    }
    name = settings["engine"]
    if name == "auto":
        name = _engine_of(action, settings)
    if name not in ENGINES:
        near = difflib.get_close_matches(str(name), ENGINES, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise EngineError(
            f"winstorage_iscsi_engine is {name!r}, which does not exist{hint}. "
            f"The engines are: auto, {', '.join(ENGINES)}."
        )
    host = task_vars.get("inventory_hostname")
    run = _with_timing(name, ENGINES[name](action, settings, task_vars), host)
    if settings["record"] and name not in READ_ONLY:
        run = _with_recording(run, name, record_options(action, task_vars, settings["record"], host), host)
    run.is_read_only = name in READ_ONLY
    run.sets_only_registry = name in ONLY_REGISTRY
    return run


def _engine_of(action, settings):
    """The engine of a host that names none."""
    if settings["recording"]:
        return "recording"
    if settings["simulator_state"]:
        return "simulator"
    return "powershell" if _is_windows(action) else "python"


def record_options(action, task_vars, record, host):
    """(file, what replaces names or None) of the variable that asks for a recording.

    It is a path, or a mapping of path, anonymize and phrase. A path that ends with / is a folder.
    """
    options = {"path": record} if isinstance(record, str) else record
    unknown = set(options) - {"path", "anonymize", "phrase"} if isinstance(options, dict) else {"?"}
    if unknown or not isinstance(options.get("path"), str) or not isinstance(options.get("phrase") or "", str):
        raise EngineError(
            "winstorage_iscsi_record must be the path of a file, or a mapping of path, anonymize and phrase, such as "
            "{path: recordings/, anonymize: true}."
        )
    try:
        is_anonymous = boolean(options.get("anonymize", False))
    except TypeError:
        raise EngineError("winstorage_iscsi_record: anonymize must be true or false.") from None
    names = recording.Names(options.get("phrase")) if is_anonymous else None
    path = _beside_inventory(action, task_vars, options["path"])
    if options["path"].endswith("/") or os.path.isdir(path):
        name = host if names is None else names.host_name(host)
        path = os.path.join(path, f"{name}.txt")
    return path, names


def _with_recording(run, engine, options, host):
    """The engine, which keeps what a trip brought back that only read."""
    path, names = options

    def trip(batch):
        answer = run(batch)
        about = {"host": host if names is None else names.host_name(host), "engine": engine}
        try:
            warning = recording.keep(batch, answer, path, about, names)
        except OSError as error:
            raise EngineError(f"The recording {path} cannot be written: {error.strerror or error}.") from None
        if warning:
            Display().warning(warning)
        return answer

    return trip


def _beside_inventory(action, task_vars, path):
    """A path of a variable: relative to the inventory."""
    return os.path.join(task_vars.get("inventory_dir") or action._loader.get_basedir(), os.path.expanduser(path))


def _with_timing(name, run, host):
    """The engine, which shows at -vvv each time that a batch goes out and an answer comes back."""

    def trip(batch):
        began = time.monotonic()
        answer = run(batch)
        Display().vvv(
            f"winstorage.iscsi: round trip by the {name} engine, {len(batch)} bytes out, {len(answer)} back, "
            f"{1000 * (time.monotonic() - began):.0f} ms",
            host=host,
        )
        return answer

    return trip


def _is_windows(action):
    # not its SHELL_FAMILY: since ansible-core 2.21 that of the winrm connection is cmd, and over ssh it can be either
    return getattr(action._connection._shell, "_IS_WINDOWS", False)
