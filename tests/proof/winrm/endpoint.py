# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WinRM endpoint on a port of 127.0.0.1: what pywinrm and pypsrp speak, over HTTP with basic authentication.

WS-Management as MS-WSMV has it: Create, Command, Send, Receive, Signal and Delete of a shell. The shell of commands is
here, that of PowerShell remoting in psrp.py; what runs in them is PowerShell itself (host.py).
"""

from __future__ import annotations

import base64
import http.server
import threading
import uuid
from xml.etree import ElementTree

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
NAMES = {"s": SOAP, "a": ADDRESSING, "x": TRANSFER, "w": WSMAN, "rsp": SHELL, "f": FAULT}
DONE, RUNNING = SHELL + "/CommandState/Done", SHELL + "/CommandState/Running"
OPERATION_TIMED_OUT = 2150858793  # a client asks again
PATIENCE = 15  # seconds until then, less than any client's OperationTimeout

for prefix, namespace in NAMES.items():
    ElementTree.register_namespace(prefix, namespace)


class TimedOut(Exception):
    """There is no output yet."""


class Endpoint:
    """Serves a host from ``with`` to its end.

    :param host: has ``run(command_line, stdin) -> (exit code, stdout, stderr)``, bytes but for the command line; and
        ``serve()``, a process that psrp.py speaks to.
    :param shells: {resource URI: shell class}, made with the host and the rsp:Shell element of the request.
    """

    USER, PASSWORD = "Administrator", "of-the-connection-1"

    def __init__(self, host, shells):
        self.host, self.kinds, self.shells = host, shells, {}
        self.exposed = []  # all that came and went but standard input, as bytes
        self.actions = []  # what was asked for, in order
        self.problems = []
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Request)
        self._http.daemon_threads, self._http.endpoint = True, self

    @property
    def port(self):
        return self._http.server_address[1]

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, kind, *_problem):
        self._http.shutdown()
        self._http.server_close()
        for shell in self.shells.values():
            shell.close()
        if self.problems and kind is None:
            raise self.problems[0]

    def authorized(self, header):
        wanted = base64.b64encode(f"{self.USER}:{self.PASSWORD}".encode()).decode()
        return header == "Basic " + wanted

    def answer(self, request):
        """HTTP status and SOAP envelope for a SOAP envelope."""
        envelope = ElementTree.fromstring(request)
        header, body = envelope.find("s:Header", NAMES), envelope.find("s:Body", NAMES)
        action = header.findtext("a:Action", namespaces=NAMES)
        name = action.rpartition("/")[2]
        self.actions.append(name)
        if name != "Send":  # which is standard input, or a fragment of PowerShell's: the shell tells what is in it
            self.exposed.append(request)
        try:
            status, content = 200, _ACTIONS[name](self, header, body)
        except TimedOut:
            status, content = 500, _fault(OPERATION_TIMED_OUT, "The operation timed out.")
        reply = _element("s:Envelope")
        head = _element("s:Header", reply)
        _element("a:Action", head).text = action + "Response"
        _element("a:MessageID", head).text = f"uuid:{uuid.uuid4()}"
        _element("a:RelatesTo", head).text = header.findtext("a:MessageID", namespaces=NAMES)
        _element("s:Body", reply).extend(content)
        text = ElementTree.tostring(reply)
        self.exposed.append(text)
        return status, text

    # -- actions: the content of the reply's body --

    def _create(self, header, body):
        shell_id = str(uuid.uuid4()).upper()
        wanted = body.find("rsp:Shell", NAMES)
        shell_id = wanted.get("ShellId", shell_id)
        kind = header.findtext("w:ResourceURI", namespaces=NAMES)
        self.shells[shell_id] = self.kinds[kind](self.host, wanted)
        created = _element("x:ResourceCreated")
        selectors = _element("w:SelectorSet", _element("a:ReferenceParameters", created))
        _element("w:Selector", selectors, Name="ShellId").text = shell_id
        shell = _element("rsp:Shell")
        _element("rsp:ShellId", shell).text = shell_id
        _element("rsp:ResourceUri", shell).text = kind
        return [created, shell]

    def _command(self, header, body):
        line = body.find("rsp:CommandLine", NAMES)
        command_id = line.get("CommandId", str(uuid.uuid4()).upper())
        console = header.findtext(".//w:Option[@Name='WINRS_CONSOLEMODE_STDIN']", namespaces=NAMES)
        words = [part.text for part in line if part.text]
        self._shell(header).start(command_id, words, console == "FALSE")
        response = _element("rsp:CommandResponse")
        _element("rsp:CommandId", response).text = command_id
        return [response]

    def _send(self, header, body):
        stream = body.find("rsp:Send/rsp:Stream", NAMES)
        last = stream.get("End", "false").lower() == "true"
        self._shell(header).send(stream.get("CommandId"), base64.b64decode(stream.text or ""), last)
        return [_element("rsp:SendResponse")]

    def _receive(self, header, body):
        command_id = body.find("rsp:Receive/rsp:DesiredStream", NAMES).get("CommandId")
        streams, exit_code = self._shell(header).receive(command_id)
        about = {"CommandId": command_id} if command_id else {}
        response = _element("rsp:ReceiveResponse")
        for name, content in streams:
            _element("rsp:Stream", response, Name=name, **about).text = base64.b64encode(content).decode()
        if command_id:
            state = _element("rsp:CommandState", response, State=RUNNING if exit_code is None else DONE, **about)
            if exit_code is not None:
                _element("rsp:ExitCode", state).text = str(exit_code)
        return [response]

    def _signal(self, header, body):
        signal = body.find("rsp:Signal", NAMES)
        self._shell(header).end(signal.get("CommandId"), signal.findtext("rsp:Code", namespaces=NAMES))
        return [_element("rsp:SignalResponse")]

    def _delete(self, header, _body):
        self.shells.pop(_selected(header)).close()
        return []

    def _shell(self, header):
        return self.shells[_selected(header)]


_ACTIONS = {
    "Create": Endpoint._create,
    "Command": Endpoint._command,
    "Send": Endpoint._send,
    "Receive": Endpoint._receive,
    "Signal": Endpoint._signal,
    "Delete": Endpoint._delete,
}


class _Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        endpoint = self.server.endpoint
        request = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            authorized = endpoint.authorized(self.headers.get("Authorization"))
            status, reply = endpoint.answer(request) if authorized else (401, b"")
        except Exception as problem:  # pylint: disable=broad-except
            endpoint.problems.append(problem)
            status, reply = 500, b""
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="WSMAN"')
        self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_arguments):
        """Nothing: the tests look at what was asked."""


class CommandShell:
    """Commands with standard input, output and error: what the winrm connection plugin opens."""

    URI = SHELL + "/cmd"

    def __init__(self, host, _wanted):
        self.host, self.commands = host, {}

    def start(self, command_id, words, has_input):
        self.commands[command_id] = Work(lambda stdin: self.host.run(" ".join(words), stdin))
        if not has_input:
            self.commands[command_id].begin()

    def send(self, command_id, data, last):
        self.commands[command_id].take(data, last)

    def receive(self, command_id):
        exit_code, output, errors = self.commands[command_id].result()
        return [("stdout", output), ("stderr", errors)], exit_code

    def end(self, command_id, _code):
        del self.commands[command_id]

    def close(self):
        """Nothing: a command ends by itself."""


class Work:
    """A function of all the input, that runs once its end has come."""

    def __init__(self, function):
        self._input, self._result, self._done = bytearray(), None, threading.Event()
        self._function = function

    def take(self, data, last):
        self._input += data
        if last:
            self.begin()

    def begin(self):
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            self._result = self._function(bytes(self._input))
        except Exception as problem:  # pylint: disable=broad-except
            self._result = problem
        self._done.set()

    def result(self):
        """What the function returned.

        :raises TimedOut: not yet.
        """
        if not self._done.wait(PATIENCE):
            raise TimedOut()
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


def _fault(code, reason):
    fault = _element("s:Fault")
    kind = _element("s:Code", fault)
    _element("s:Value", kind).text = "s:Receiver"
    _element("s:Value", _element("s:Subcode", kind)).text = "w:TimedOut"
    _element("s:Text", _element("s:Reason", fault)).text = reason
    _element("f:WSManFault", _element("s:Detail", fault), Code=str(code), Machine="127.0.0.1")
    return [fault]


def _selected(header):
    return header.findtext("w:SelectorSet/w:Selector[@Name='ShellId']", namespaces=NAMES)


def _element(name, parent=None, **attributes):
    prefix, _colon, local = name.partition(":")
    tag = f"{{{NAMES[prefix]}}}{local}"
    return ElementTree.Element(tag, attributes) if parent is None else ElementTree.SubElement(parent, tag, attributes)
