# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other end of the stand-in's loopback: named fields of a call to a service, its outputs back as named fields.

A service has ``call(export, inputs) -> (status, outputs)``, keyed by the argument names of :mod:`functions`. ``inputs``
has every argument that goes in, None for a null: int, str, bytes, or a dict of a structure by the header's names, in
which a pointer holds what it leads to (bytes, str, dict, list of dicts). ``outputs`` are of the same form, with lists
for arrays and string lists. The Buffer of GetIScsiTargetInformationW is what its information class says
(:data:`functions.TARGET_INFORMATION`); portal groups are a list of ``{"Portals": [...]}``.

What goes over the wire is told in wire.h. Nothing here knows a layout; a name or a number that does not fit the
prototype is an error, kept in :attr:`Server.errors`, and not passed on.
"""

from __future__ import annotations

import socketserver
import threading

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import prototypes, structures

ERROR_INTERNAL_ERROR = 1359  # what the caller gets when the service's answer is not one
HANG = "hang"  # a variant that needs no part of the stand-in: the reply does not come


class NoReply(Exception):
    """A service raises it where the connection breaks; with ``hangs`` only when the server closes."""

    def __init__(self, hangs=False):
        super().__init__("no reply")
        self.hangs = hangs


class Server:
    """Serves one service on a port of 127.0.0.1, from ``with`` to its end.

    :param service: see above. Its calls never overlap.
    :param variant: how the stand-in is to answer (see standin.c), for all exports, or ``{export: variant}``.
    """

    def __init__(self, service, variant=None):
        self.service, self.variant = service, variant
        self.calls = []  # (export, inputs) as they came
        self.errors = []
        self._turn, self._closing = threading.Lock(), threading.Event()
        self._listener = _Listener(("127.0.0.1", 0), _Connection)
        self._listener.owner = self

    @property
    def environment(self):
        """What the process that loads the stand-in needs to have in its environment."""
        return {"WINSTORAGE_STANDIN_PORT": str(self._listener.server_address[1])}

    def __enter__(self):
        threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, kind, *_problem):
        self._closing.set()
        self._listener.shutdown()
        self._listener.server_close()
        if self.errors and kind is None:
            raise self.errors[0]

    def answer(self, lines):
        """The lines of the reply to the lines of a request; None when there is to be none."""
        inputs = decode(lines)
        export = inputs.pop("call")
        variant = self.variant.get(export) if isinstance(self.variant, dict) else self.variant
        try:
            with self._turn:
                self.calls.append((export, inputs))
                status, reply = self._ask(export, inputs)
            if variant == HANG:
                raise NoReply(hangs=True)
        except NoReply as none:
            if none.hangs:
                self._closing.wait()
            return None
        except Exception as problem:  # pylint: disable=broad-except
            self.errors.append(problem)
            status, reply = ERROR_INTERNAL_ERROR, []
        return [f"status=i{status}"] + (["variant=" + _text(variant)] if variant else []) + reply

    def _ask(self, export, inputs):
        if export in SERVICE_MANAGER:
            return 0, [f"{name}=i{value}" for name, value in SERVICE_MANAGER[export](self.service, inputs).items()]
        status, outputs = self.service.call(export, inputs)
        return status, list(encode(prototypes.FUNCTIONS[export], inputs, outputs))


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 32


class _Connection(socketserver.StreamRequestHandler):
    def handle(self):
        lines = []
        for raw in self.rfile:
            if raw == b"\n":
                reply = self.server.owner.answer(lines)
                if reply is not None:
                    self.wfile.write("\n".join(reply + ["", ""]).encode("ascii"))
                return
            lines.append(raw.decode("ascii").rstrip("\n"))


# -- from the wire -----------------------------------------------------------------------------------------------------

_DECODE = {
    "n": lambda rest: None,
    "i": int,
    "t": lambda rest: bytes.fromhex(rest).decode("utf-16-le"),
    "b": bytes.fromhex,
    "l": lambda rest: [{} for _index in range(int(rest))],
    "s": lambda rest: {},
}


def decode(lines):
    """The tree of named values in the lines of a request."""
    root = {}
    for line in lines:
        path, _equals, value = line.partition("=")
        *parents, name = path.split(".")
        holder = root
        for parent in parents:
            holder = holder[_key(holder, parent)]
        holder[_key(holder, name)] = _DECODE[value[0]](value[1:])
    return root


def _key(holder, name):
    return int(name) if isinstance(holder, list) else name


# -- to the wire -------------------------------------------------------------------------------------------------------


def encode(function, inputs, outputs):
    """The lines of a call's outputs. A structure's fields are all there, in order; what was left out is null."""
    _known(function.name, outputs, [argument.name for argument in function.arguments if argument.out])
    for argument in function.arguments:
        if not argument.out or argument.kind is prototypes.SIZE or argument.name not in outputs:
            continue
        if argument.name == "Buffer" and "InfoClass" in inputs:
            kind, structure = _information(inputs["InfoClass"])
        else:
            kind, structure = argument.kind, argument.type
        yield from _output(argument.name, kind, structure, outputs[argument.name])


def _information(number):
    return next(row[1:] for row in prototypes.TARGET_INFORMATION.values() if row[0] == number)


def _output(path, kind, structure, value):
    if value is None:
        yield path + "=n"
    elif kind is prototypes.NUMBER:
        yield _number(path, structure, value)
    elif kind is prototypes.STRUCT:
        yield path + "=s"
        yield from _fields(path, structure, value)
    elif kind is prototypes.ARRAY:
        yield from _records(path, structure, value)
    elif kind is prototypes.PORTAL_GROUPS:
        yield f"{path}=l{len(value)}"
        for index, group in enumerate(value):
            _known(path, group, ["Portals"])
            yield from _records(f"{path}.{index}.Portals", structures.ISCSI_TARGET_PORTAL, group["Portals"])
    elif kind is prototypes.LIST:
        yield f"{path}=l{len(value)}"
        for index, text in enumerate(value):
            yield f"{path}.{index}={_text(text)}"
    elif kind is prototypes.BYTES:
        yield f"{path}=b{value.hex()}"
    else:
        yield f"{path}={_text(value)}"


def _records(path, structure, rows):
    yield f"{path}=l{len(rows)}"
    for index, row in enumerate(rows):
        yield from _fields(f"{path}.{index}", structure, row)


def _fields(path, structure, values):
    _known(structure.name, values, structure.fields)
    for name, kind in structure.fields.items():
        here, value = f"{path}.{name}", values.get(name)
        if isinstance(kind, structures.Structure):
            yield here + "=s"
            yield from _fields(here, kind, value or {})
        elif isinstance(kind, structures.Pointer):
            yield from _pointer(here, kind, value)
        elif value is None:
            yield here + "=n"
        elif isinstance(kind, structures.Chars):
            if len(value.encode("utf-16-le")) >= 2 * kind.length:
                raise ValueError(f"{here}: {len(value)} characters do not fit")
            yield f"{here}={_text(value)}"
        elif isinstance(kind, structures.Bytes):
            yield f"{here}=b{bytes(value).hex()}"
        else:
            yield _number(here, kind, value)


def _pointer(path, pointer, value):
    if value is None:
        yield path + "=n"
    elif isinstance(value, int):  # an address that leads nowhere
        yield f"{path}=i{value}"
    elif pointer.to is structures.SECRET:
        raise ValueError(f"{path}: a secret never comes back")
    elif pointer.to is structures.TEXT:
        yield f"{path}={_text(value)}"
    elif pointer.to is structures.BLOB:
        yield f"{path}=b{value.hex()}"
    elif pointer.count:
        yield from _records(path, pointer.to, value)
    else:
        yield path + "=s"
        yield from _fields(path, pointer.to, value)


def _number(path, kind, value):
    if not 0 <= value < 1 << 8 * kind.size:
        raise ValueError(f"{path}: {value} does not fit into {kind.size} bytes")
    return f"{path}=i{value}"


def _text(value):
    return "t" + value.encode("utf-16-le").hex()


def _known(where, given, names):
    unknown = set(given) - set(names)
    if unknown:
        raise TypeError("{} has no {}".format(where, ", ".join(sorted(unknown))))


# -- the service manager, for the stand-in of advapi32.dll -------------------------------------------------------------

_SERVICE_DOES_NOT_EXIST = 1060


def _open(_service, inputs):
    return {"Status": 0 if inputs["ServiceName"].lower() == "msiscsi" else _SERVICE_DOES_NOT_EXIST}


def _status(service, _inputs):
    return {"CurrentState": service.host.service_state}


def _configuration(service, _inputs):
    return {"StartType": service.host.start_mode, "DelayedAutostart": service.host.delayed_start}


def _start(service, _inputs):
    return {"Status": service.call("StartService", {"TimeoutMilliseconds": 0})[0]}


def _set_start_type(service, inputs):
    return {"Status": service.call("SetServiceStartMode", {"StartMode": inputs["StartType"]})[0]}


def _set_delay(_service, _inputs):
    return {"Status": 0}  # SetServiceStartMode makes automatic mean not delayed


SERVICE_MANAGER = {  # what it asks: a service also has ``host``, a :class:`calls.Host`
    "OpenServiceW": _open,
    "QueryServiceStatus": _status,
    "QueryServiceConfigW": _configuration,
    "QueryServiceConfig2W": _configuration,
    "StartServiceW": _start,
    "ChangeServiceConfigW": _set_start_type,
    "ChangeServiceConfig2W": _set_delay,
}
