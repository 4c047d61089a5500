"""A client of the daemon's socket. Imports next to nothing; the terminal UI, scripts and the command line use it.

    with connect(Path(".")) as daemon:
        print(daemon.request("state"))
        for event in daemon.events():
            ...

``connect`` returns None if no daemon serves the repository. The protocol is in docs/ipc.md.
"""

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from flowsync.closing import Closing
from flowsync.daemon.place import Place, find
from flowsync.errors import (
    DaemonError,
    Exit,
    FlowsyncError,
    RepositoryError,
    ShareError,
    UsageError,
)

PROTOCOL = 1
LONGEST_LINE = 64 * 1024 * 1024  # bytes
_UNKNOWN = -32601  # JSON-RPC's code for a method that is not there
_PATIENCE = 10.0  # seconds for the daemon to say hello
_KINDS: dict[int, type[FlowsyncError]] = {
    Exit.USAGE: UsageError,
    Exit.REPOSITORY: RepositoryError,
    Exit.SHARE: ShareError,
}
Event = dict[str, Any]
# what looking for a daemon comes to where none runs: no address, one that is torn, or one that nobody listens at
NOBODY = (FileNotFoundError, NotADirectoryError, ConnectionRefusedError, ValueError, KeyError)


class OtherVersion(DaemonError):
    """The daemon speaks another version of the protocol than this client."""


class UnknownMethod(DaemonError):
    """The daemon is older than this client, and has no such method."""


class HungUp(DaemonError):
    """The daemon hung up before it answered."""


def connect(start: Path, name: str = "flowsync", timeout: float = _PATIENCE) -> "Client | None":
    """Connects to the daemon of the repository that ``start`` lies in; None if there is none."""
    place = find(start)
    return None if place is None else connect_to(place, name, timeout)


def connect_to(place: Place, name: str = "flowsync", timeout: float = _PATIENCE) -> "Client | None":
    """Connects to the daemon of a repository, or returns None: no address, or nobody listens there (it died)."""
    try:
        return _greeted(place, name, timeout)
    except HungUp:  # one that was dying when we came is gone by now; one that will not have us hangs up again
        return _greeted(place, name, timeout)


def _greeted(place: Place, name: str, timeout: float) -> "Client | None":
    try:
        address = address_of(place)
        door = _open(address, timeout)
    except NOBODY:
        return None
    except OSError as error:
        raise refusal(error) from error
    client = Client(door)
    try:
        client.hello = client.request("hello", greeting(name, address))
    except TimeoutError as error:
        client.close()
        raise DaemonError("the daemon does not answer", "flowsync daemon restart") from error
    except DaemonError:
        client.close()
        raise
    door.settimeout(None)
    return client


def address_of(place: Place) -> dict[str, Any]:
    """Returns where the daemon says that it listens; one of ``NOBODY`` if it says nothing."""
    said: dict[str, Any] = json.loads(place.address.read_text(encoding="utf-8"))
    return said


def refusal(error: OSError) -> DaemonError:
    """Returns what to tell a person whose connection was refused by something that is there."""
    if isinstance(error, PermissionError):
        return DaemonError("the daemon of this repository belongs to another user")
    return DaemonError(f"the daemon does not answer: {error.strerror or error}", "flowsync daemon restart")


def greeting(name: str, address: dict[str, Any]) -> dict[str, Any]:
    """Returns the parameters of hello."""
    return {"version": PROTOCOL, "client": name, "token": address.get("token", "")}


def line_of(number: int, method: str, params: dict[str, Any] | None) -> bytes:
    """Returns a request as it goes over the wire."""
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}
    return json.dumps(message).encode("ascii") + b"\n"


def result_of(message: dict[str, Any]) -> Any:
    """Returns what an answer says; an error is raised as the command line would raise it."""
    if "error" in message:
        raise _error(message["error"])
    return message["result"]


def _open(address: dict[str, Any], timeout: float) -> socket.socket:
    if "port" in address:
        door = socket.create_connection(("127.0.0.1", int(address["port"])), timeout=timeout)
    else:
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.settimeout(timeout)
        try:
            door.connect(os.fspath(address["socket"]))
        except BaseException:
            door.close()
            raise
    return door


class Client(Closing):
    """One connection. Requests are answered in order; what comes between is an event or a command's progress."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._lines = door.makefile("rb")
        self._number = 0
        self.hello: dict[str, Any] = {}

    @property
    def last(self) -> int:
        """Returns the number of the request that was sent last."""
        return self._number

    def request(
        self, method: str, params: dict[str, Any] | None = None, told: Callable[[Event], None] | None = None
    ) -> Any:
        """Asks and returns the answer; an error of the daemon is raised as the command line would raise it.

        ``told`` is called with each notification (an event, progress) that comes before the answer.
        """
        number = self.send(method, params)
        while True:
            message = self._read()
            if message is None:
                raise HungUp("the daemon ended before it answered", "flowsync daemon status")
            if message.get("id") != number:
                if told:
                    told({"method": message.get("method"), **message.get("params", {})})
            else:
                return result_of(message)

    def send(self, method: str, params: dict[str, Any] | None = None) -> int:
        """Sends a request without waiting for its answer, and returns its number: what ``cancel`` wants to know."""
        self._number += 1
        with suppress(BrokenPipeError, ConnectionResetError):  # what it said before it hung up is still to be read
            self._door.sendall(line_of(self._number, method, params))
        return self._number

    def events(self, kinds: list[str] | None = None) -> Iterator[Event]:
        """Subscribes, and yields events until the daemon ends."""
        self.request("subscribe", {"kinds": kinds or []})
        for message in self.notifications():
            if message["method"] == "event":
                del message["method"]
                yield message

    def notifications(self) -> Iterator[Event]:
        """Yields what comes without having been asked for (events, progress), as ``told`` gets it, until the end."""
        while (message := self._read()) is not None:
            if "method" in message:
                yield {"method": message["method"], **message.get("params", {})}

    def hang_up(self) -> None:
        """Ends the connection from another thread: who reads from it finds that it has ended."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hangs up."""
        self._lines.close()
        self._door.close()

    def _read(self) -> dict[str, Any] | None:
        try:
            line = self._lines.readline(LONGEST_LINE)
        except ConnectionResetError:
            return None
        return json.loads(line) if line.endswith(b"\n") else None


def _error(said: dict[str, Any]) -> FlowsyncError:
    data = said.get("data") or {}
    if "speaks" in data:
        return OtherVersion(said["message"], data.get("hint", ""))
    if said.get("code") == _UNKNOWN:
        return UnknownMethod(said["message"], "flowsync daemon restart")
    kind = _KINDS.get(data.get("exit", Exit.DAEMON), DaemonError)
    return kind(said.get("message", "the daemon failed"), data.get("hint", ""))
