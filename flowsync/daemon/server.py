"""The daemon's socket: JSON-RPC 2.0, one message a line, for this user alone. What the methods do is in ``methods``."""

import contextlib
import json
import logging
import os
import queue
import secrets
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Any

from flowsync.daemon.client import LONGEST_LINE, PROTOCOL
from flowsync.daemon.methods import Methods, Session
from flowsync.daemon.place import Place, socket_path
from flowsync.errors import DaemonError, Exit, FlowsyncError

_log = logging.getLogger("flowsync.daemon")
_AHEAD = 1000  # messages that a client may be behind before it is hung up on
_PARSE, _UNKNOWN, _FAILED, _STRANGER = -32700, -32601, -32000, -32001


class Server:
    """Listens until it is closed. Whoever holds the daemon's lock may make one: a socket found there is stale."""

    def __init__(self, place: Place, methods: Methods, tcp: bool = False) -> None:
        self._place, self._methods = place, methods
        self._token = secrets.token_hex(32)
        self._connections: set[_Connection] = set()
        self._lock = threading.Lock()
        self._path: Path | None = None
        if tcp or not hasattr(socket, "AF_UNIX"):
            self._door = socket.create_server(("127.0.0.1", 0))
            address: dict[str, Any] = {"port": self._door.getsockname()[1], "token": self._token}
        else:
            self._path = socket_path(place)
            self._door = _bound(self._path)
            address = {"socket": str(self._path)}
            self._token = ""
        self._door.listen(16)
        _write_private(place.address, {"version": PROTOCOL, "pid": os.getpid(), **address})
        self._thread = threading.Thread(target=self._accept, name="flowsync-socket", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hangs up on everybody and removes the address."""
        self._place.address.unlink(missing_ok=True)
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.hang_up()
        self._methods.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:  # closed
                return
            if not self._token and not _same_user(client):
                _log.warning("another user tried to connect and was refused")
                client.close()
                continue
            connection = _Connection(client, self._methods, self._token, self._forget)
            with self._lock:
                self._connections.add(connection)
            connection.start()

    def _forget(self, connection: "_Connection") -> None:
        with self._lock:
            self._connections.discard(connection)


def _bound(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # from its first moment nobody else may connect
    try:
        door.bind(str(path))
    except OSError as error:
        door.close()
        raise DaemonError(f"the socket {path} cannot be made: {error.strerror}", "flowsync daemon run --tcp") from error
    finally:
        os.umask(before)
    return door


def _write_private(file: Path, content: dict[str, Any]) -> None:
    temporary = file.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(content, out)
    temporary.replace(file)


def _same_user(client: socket.socket) -> bool:
    """Tells whether the other end is this user, or root. The socket's mode says the same; this is the second bolt."""
    if sys.platform == "linux":
        _, uid, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
        return uid in (os.getuid(), 0)
    return True  # elsewhere the socket's mode alone decides


class _Connection:
    """One client: a thread that reads, and one that writes what it is told, so that a slow reader holds up nobody."""

    def __init__(self, door: socket.socket, methods: Methods, token: str, gone: Any) -> None:
        self._door, self._methods, self._token, self._gone = door, methods, token, gone
        self._out: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self._greeted = False
        self._session = Session(self._notify)

    def start(self) -> None:
        threading.Thread(target=self._read, name="flowsync-client", daemon=True).start()
        threading.Thread(target=self._write, name="flowsync-client-out", daemon=True).start()

    def hang_up(self) -> None:
        with contextlib.suppress(queue.Full):
            self._out.put_nowait(None)

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._out.put_nowait(json.dumps(message).encode("ascii") + b"\n")
        except queue.Full:
            with contextlib.suppress(OSError):
                self._door.shutdown(socket.SHUT_RDWR)

    def _write(self) -> None:
        try:
            while (line := self._out.get()) is not None:
                self._door.sendall(line)
        except OSError:  # the client is gone
            pass
        finally:
            with contextlib.suppress(OSError):
                self._door.shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        try:
            with self._door.makefile("rb") as lines:
                while (line := lines.readline(LONGEST_LINE)).endswith(b"\n"):
                    self._take(line)
        except OSError:  # the client is gone
            pass
        finally:
            self._session.end()
            self.hang_up()
            self._gone(self)

    def _take(self, line: bytes) -> None:
        number = None
        try:
            message = json.loads(line)
            number, method, params = message.get("id"), message["method"], message.get("params") or {}
        except (ValueError, KeyError, AttributeError, RecursionError):
            self._send(_failure(number, _PARSE, "this is no JSON-RPC request"))
            return
        if method == "hello" and not self._greeted:
            self._send(self._greet(number, params))
        elif not self._greeted:
            self._send(_failure(number, _STRANGER, "say hello first"))
        else:
            # its own thread, so that a command under way can be cancelled over the same connection
            threading.Thread(target=self._answer, args=(number, method, params), daemon=True).start()

    def _greet(self, number: Any, params: dict[str, Any]) -> dict[str, Any]:
        if self._token and not secrets.compare_digest(str(params.get("token", "")), self._token):
            return _failure(number, _STRANGER, "the token is wrong")
        if params.get("version") != PROTOCOL:
            said = f"this daemon speaks version {PROTOCOL} of the protocol only"
            refused = _failure(number, _STRANGER, said, "flowsync daemon restart")
            refused["error"]["data"]["speaks"] = PROTOCOL
            return refused
        self._greeted = True
        return {"jsonrpc": "2.0", "id": number, "result": self._methods.hello()}

    def _answer(self, number: Any, method: str, params: dict[str, Any]) -> None:
        try:
            handler = self._methods.table.get(method)
            if handler is None:
                self._send(_failure(number, _UNKNOWN, f"there is no method {method!r}"))
                return
            result = handler(self._session, number, params)
            self._send({"jsonrpc": "2.0", "id": number, "result": result})
        except FlowsyncError as error:
            self._send(_failure(number, _FAILED, error.message, error.hint, error.exit_code))
        except Exception as error:  # a bug is the daemon's, its client is told so
            _log.exception("%s failed", method)
            self._send(_failure(number, _FAILED, f"{type(error).__name__}: {error}", "flowsync daemon logs", Exit.BUG))


def _failure(number: Any, code: int, message: str, hint: str = "", leave: int = Exit.DAEMON) -> dict[str, Any]:
    data = {"hint": hint, "exit": int(leave)}
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message, "data": data}}
