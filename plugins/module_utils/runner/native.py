# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The machine that this Python runs on, by ctypes: its memory, its iscsidsc.dll, its MSiSCSI service.

On Windows the library is Windows' own. Elsewhere a shared object of that name serves, for tests; there are no services
then, and :class:`wire.Host` says "not known". Every pointer is passed as an address and every integer at the width of
its prototype, so the same call is right for x64 and for x86, where a 64-bit argument takes two slots of the stack.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys
import threading
import time
import typing as t

from ..abi import layout, prototypes
from . import executor, registry, rows, wire, writes

LIBRARY = "iscsidsc.dll"
SERVICE = "MSiSCSI"

# winsvc.h, winerror.h
_SC_MANAGER_CONNECT = 1
_SERVICE_QUERY_CONFIG, _SERVICE_CHANGE_CONFIG, _SERVICE_QUERY_STATUS, _SERVICE_START = 1, 2, 4, 0x10
_SERVICE_NO_CHANGE = 0xFFFFFFFF
_SERVICE_AUTO_START = 2
_SERVICE_STOPPED, _SERVICE_RUNNING = 1, 4
_SERVICE_CONFIG_DELAYED_AUTO_START_INFO = 3
_ERROR_SERVICE_REQUEST_TIMEOUT, _ERROR_SERVICE_ALREADY_RUNNING = 1053, 1056
_ERROR_SERVICE_DOES_NOT_EXIST, _ERROR_PROCESS_ABORTED = 1060, 1067
_POLL_SECONDS = 0.1
_MAX_WAIT = 600 * 1000  # milliseconds
_SYSTEM_ONLY = 0x800  # LOAD_LIBRARY_SEARCH_SYSTEM32: a library of that name elsewhere is not loaded

_T = t.TypeVar("_T")
_INTEGERS: t.Dict[int, t.Type[t.Any]] = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}


class LibraryError(OSError):
    """The library cannot be loaded here."""


class _NotWindows(Exception):
    """There is nothing to ask."""


def argument_types(function: prototypes.Function) -> t.List[t.Type[t.Any]]:
    """The ctypes types of a prototype."""
    return [
        _INTEGERS[argument.kind.size] if isinstance(argument.kind, layout.Scalar) else ctypes.c_void_p
        for argument in function.arguments
    ]


class NativeMachine:
    """An :class:`executor.Machine`.

    :param library: path of the library instead of the name by which the system finds it.
    """

    def __init__(self, library: t.Optional[str] = None) -> None:
        self._path = library or LIBRARY
        self._library: t.Optional[ctypes.CDLL] = None
        self._blocks: t.Dict[
            int, t.Any
        ] = {}  # address -> buffer; a call that hangs holds this object, and so its memory

    @property
    def host(self) -> wire.Host:
        """What is so now: a call may have started the service."""
        state, start_mode, delayed = _known(_service_facts, (0, 0xFF, 0))
        return wire.Host(
            ctypes.sizeof(ctypes.c_void_p),
            f"{platform.python_implementation()} {platform.python_version()}",
            _known(lambda: _file_version(self._path), (0, 0, 0, 0)),
            _known(_windows_version, (0, 0, 0)),
            state,
            start_mode,
            delayed,
            _known(_elevated, 0xFF),
        )

    def allocate(self, size: int) -> int:
        buffer = ctypes.create_string_buffer(size)
        address = ctypes.addressof(buffer)
        self._blocks[address] = buffer
        return address

    def read(self, address: int, size: int) -> bytes:
        return ctypes.string_at(address, size)

    def write(self, address: int, data: bytes) -> None:
        ctypes.memmove(address, data, len(data))

    def release(self, addresses: t.Iterable[int]) -> None:
        for address in addresses:
            buffer = self._blocks.pop(address, None)
            if buffer is not None:
                ctypes.memset(buffer, 0, len(buffer))

    def call(self, export: str, arguments: t.Sequence[int], limit: t.Optional[int]) -> int:
        function = self._function(export, len(arguments))
        if limit is None:
            return function(*arguments)
        outcome: t.List[int] = []
        worker = threading.Thread(target=self._work, args=(function, arguments, outcome), daemon=True)
        worker.start()
        worker.join(limit / 1000)
        if worker.is_alive():
            raise executor.TimedOut()
        if not outcome:
            raise LibraryError(f"{export} did not return")
        return outcome[0]

    def _work(self, function: t.Callable[..., int], arguments: t.Sequence[int], outcome: t.List[int]) -> None:
        # a method, so that its thread holds this object, and so the memory that a call which hangs may still write to
        outcome.append(function(*arguments))

    def clock(self) -> int:
        return int(time.monotonic() * 1000)

    def sleep(self, milliseconds: int) -> None:
        time.sleep(milliseconds / 1000)

    def rows(self, query: rows.Query) -> t.Iterable[rows.Row]:
        if not isinstance(query, rows.RegistryQuery):
            raise rows.Unreadable("Python's standard library reads only the registry; the powershell engine reads it")
        return registry.read(query)

    def write_setting(self, setting: writes.Write) -> None:
        if not isinstance(setting, (writes.Number, writes.Entry)):
            raise writes.Unwritable("Python's standard library sets only the registry; the powershell engine sets it")
        registry.write(setting)

    def _function(self, export: str, count: int) -> t.Callable[..., int]:
        prototype = prototypes.CALLABLE.get(export)
        if prototype is None:
            raise executor.NoSuchExport()
        if count != len(prototype.arguments):
            raise wire.WireError(f"{export} takes {len(prototype.arguments)} arguments, not {count}")
        if export in _SERVICE_CALLS:
            return _SERVICE_CALLS[export]
        if self._library is None:
            self._library = _load(self._path)
        try:
            function = self._library[export]
        except AttributeError:
            raise executor.NoSuchExport() from None
        function.argtypes, function.restype = argument_types(prototype), ctypes.c_uint32
        return function


def _load(path: str) -> ctypes.CDLL:
    try:
        # WinDLL: the exports of the x86 library are stdcall
        return ctypes.WinDLL(path, winmode=_SYSTEM_ONLY) if sys.platform == "win32" else ctypes.CDLL(path)
    except OSError as problem:
        raise LibraryError(f"{path} cannot be loaded: {problem}") from None


# -- what Windows says of itself -------------------------------------------------------------------------------------


def _known(ask: t.Callable[[], _T], unknown: _T) -> _T:
    """What ``ask`` finds, or ``unknown`` where this is not Windows, or a Windows that does not say."""
    try:
        return ask()
    except (_NotWindows, OSError):
        return unknown


def _windows(name: str) -> ctypes.CDLL:
    if sys.platform != "win32":
        raise _NotWindows()
    return ctypes.WinDLL(name, use_last_error=True, winmode=_SYSTEM_ONLY)


def _check(result: _T) -> _T:
    if not result:
        raise ctypes.WinError(ctypes.get_last_error())
    return result


def _file_version(name: str) -> t.Tuple[int, ...]:
    library = _windows("version.dll")
    size = _check(library.GetFileVersionInfoSizeW(ctypes.c_wchar_p(name), None))
    data = ctypes.create_string_buffer(size)
    _check(library.GetFileVersionInfoW(ctypes.c_wchar_p(name), 0, size, data))
    fixed, length = ctypes.c_void_p(), ctypes.c_uint32()
    _check(library.VerQueryValueW(data, ctypes.c_wchar_p("\\"), ctypes.byref(fixed), ctypes.byref(length)))
    high, low = struct.unpack_from("<2I", ctypes.string_at(fixed, 16), 8)  # VS_FIXEDFILEINFO.dwFileVersionMS, LS
    return high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF


def _windows_version() -> t.Tuple[int, ...]:
    # to a program without a manifest of its Windows, GetVersionEx reports an older version
    info = ctypes.create_string_buffer(struct.pack("<I", 276), 276)  # OSVERSIONINFOW
    _windows("ntdll.dll").RtlGetVersion(info)
    return struct.unpack_from("<3I", info, 4)


def _elevated() -> int:
    kernel, advapi = _windows("kernel32.dll"), _windows("advapi32.dll")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    token, elevation, length = ctypes.c_void_p(), ctypes.c_uint32(), ctypes.c_uint32()
    _check(advapi.OpenProcessToken(ctypes.c_void_p(kernel.GetCurrentProcess()), 8, ctypes.byref(token)))  # TOKEN_QUERY
    try:
        _check(
            advapi.GetTokenInformation(token, 20, ctypes.byref(elevation), 4, ctypes.byref(length))
        )  # TokenElevation
    finally:
        kernel.CloseHandle(token)
    return int(elevation.value != 0)


class _Service:
    """MSiSCSI, opened with some rights; OSError with the Win32 status where that is refused."""

    def __init__(self, access: int) -> None:
        self._api = _windows("advapi32.dll")
        self._api.OpenSCManagerW.restype = self._api.OpenServiceW.restype = ctypes.c_void_p
        self._access = access

    def __enter__(self) -> _Service:
        self._manager = ctypes.c_void_p(_check(self._api.OpenSCManagerW(None, None, _SC_MANAGER_CONNECT)))
        handle = self._api.OpenServiceW(self._manager, ctypes.c_wchar_p(SERVICE), self._access)
        if not handle:
            problem = ctypes.WinError(ctypes.get_last_error())
            self._api.CloseServiceHandle(self._manager)
            raise problem
        self._handle = ctypes.c_void_p(handle)
        return self

    def __exit__(self, *_problem: object) -> None:
        self._api.CloseServiceHandle(self._handle)
        self._api.CloseServiceHandle(self._manager)

    def status(self) -> t.Tuple[int, int]:
        """(state, exit code): SERVICE_STATUS.dwCurrentState and dwWin32ExitCode."""
        status = (ctypes.c_uint32 * 7)()
        _check(self._api.QueryServiceStatus(self._handle, status))
        return status[1], status[3]

    def start_mode(self) -> int:
        config, length = ctypes.create_string_buffer(8192), ctypes.c_uint32()
        _check(self._api.QueryServiceConfigW(self._handle, config, len(config), ctypes.byref(length)))
        return int.from_bytes(config.raw[4:8], "little")  # QUERY_SERVICE_CONFIGW.dwStartType

    def delayed(self) -> int:
        info, length = ctypes.c_uint32(), ctypes.c_uint32()
        known = self._api.QueryServiceConfig2W(
            self._handle, _SERVICE_CONFIG_DELAYED_AUTO_START_INFO, ctypes.byref(info), 4, ctypes.byref(length)
        )
        return int(bool(known and info.value))

    def start(self) -> None:
        _check(self._api.StartServiceW(self._handle, 0, None))

    def set_start_mode(self, mode: int) -> None:
        no_change = ctypes.c_uint32(_SERVICE_NO_CHANGE)
        _check(
            self._api.ChangeServiceConfigW(
                self._handle, no_change, ctypes.c_uint32(mode), no_change, None, None, None, None, None, None, None
            )
        )
        if mode == _SERVICE_AUTO_START and self.delayed():
            _check(
                self._api.ChangeServiceConfig2W(
                    self._handle, _SERVICE_CONFIG_DELAYED_AUTO_START_INFO, ctypes.byref(ctypes.c_uint32(0))
                )
            )


def _service_facts() -> t.Tuple[int, int, int]:
    with _Service(_SERVICE_QUERY_STATUS | _SERVICE_QUERY_CONFIG) as service:
        return service.status()[0], service.start_mode(), service.delayed()


def _as_status(work: t.Callable[[], t.Optional[int]]) -> int:
    """The Win32 status of ``work``; where there are no services, this one does not exist."""
    try:
        return work() or 0
    except _NotWindows:
        return _ERROR_SERVICE_DOES_NOT_EXIST
    except OSError as problem:
        return problem.winerror


def _start_service(timeout_milliseconds: int) -> int:
    """Start MSiSCSI and wait until it runs. 0 also when it ran before."""

    def work() -> int:
        end = time.monotonic() + min(timeout_milliseconds, _MAX_WAIT) / 1000
        with _Service(_SERVICE_START | _SERVICE_QUERY_STATUS) as service:
            try:
                service.start()
            except OSError as problem:
                if problem.winerror != _ERROR_SERVICE_ALREADY_RUNNING:
                    raise
            while True:
                state, exit_code = service.status()
                if state == _SERVICE_RUNNING:
                    return 0
                if state == _SERVICE_STOPPED:
                    return exit_code or _ERROR_PROCESS_ABORTED
                if time.monotonic() >= end:
                    return _ERROR_SERVICE_REQUEST_TIMEOUT
                time.sleep(_POLL_SECONDS)

    return _as_status(work)


def _set_service_start_mode(mode: int) -> int:
    """Set how MSiSCSI starts: 2 automatic (and not delayed), 3 manual, 4 disabled."""

    def work() -> None:
        with _Service(_SERVICE_CHANGE_CONFIG | _SERVICE_QUERY_CONFIG) as service:
            service.set_start_mode(mode)

    return _as_status(work)


_SERVICE_CALLS = {"StartService": _start_service, "SetServiceStartMode": _set_service_start_mode}


# -- the engine ------------------------------------------------------------------------------------------------------


def run_here(batch: str, library: t.Optional[str] = None) -> str:
    """Run a batch on this machine: text in, text out."""
    return executor.run(batch, NativeMachine(library))


def main() -> None:
    """Batch on standard input, answer on standard output."""
    sys.stdout.write(run_here(sys.stdin.read()))


if __name__ == "__main__":
    main()
