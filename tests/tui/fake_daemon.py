"""A daemon of a test's own making: a real socket and the real protocol, but its answers and events are the test's.

    with FakeDaemon(root, flows=[row("chat", "local-ahead")]) as daemon:
        ...                                   # root is a repository with .flowsync.yaml; the real client connects
        daemon.event("flows", changed=[row("chat", "in-sync")], gone=[])
        assert daemon.asked("command")[0]["flows"] == ["chat"]

``daemon.answers[method]`` is a value, or a function of the params (it may wait: each request has a thread); an instance
of FlowsyncError is raised to the client as the real daemon would.
"""

import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flowsync.daemon.client import PROTOCOL
from flowsync.daemon.place import find
from flowsync.errors import FlowsyncError

NOW = 1_795_000_000.0  # a moment that never moves


def row(
    name: str,
    state: str = "in-sync",
    *,
    local: list[str] | None = None,
    studio: list[str] | None = None,
    ahead: int = 1,
    dirty: list[str] | None = None,
    hold: tuple[str, str] | None = None,
    errors: int = 0,
    warnings: int = 0,
    who: str = "anna",
    when: str = "2026-11-18T11:02:00+00:00",
) -> dict[str, Any]:
    """A flow's row, as ``flowsync status --json`` prints it."""
    here = local if local is not None else (["flow.dag.yaml"] if state in _HERE else [])
    there = studio if studio is not None else (["flow.dag.yaml"] if state in _THERE else [])
    commit = None if state == "studio-only" else "4be21" + "0" * 35
    return {
        "name": name,
        "state": state,
        "local": {**_side(here, commit, ahead, who, when), "dirty": dirty or []},
        "studio": {
            **_side(there, None if state == "local-only" else "77ab0" + "0" * 35, ahead, "bob" if there else "", when),
            "ref": f"refs/remotes/studio/{name}",
            "last_write": when,
        },
        "hold": {"reason": hold[0], "hint": hold[1]} if hold else None,
        "findings": {"error": errors, "warning": warnings},
    }


_HERE = ("local-ahead", "diverged", "conflict", "local-only", "deleted-locally")
_THERE = ("studio-ahead", "diverged", "conflict", "studio-only", "deleted-in-studio")


def _side(changed: list[str], commit: str | None, ahead: int, who: str, when: str) -> dict[str, Any]:
    state = "absent" if commit is None else "changed" if changed else "unchanged"
    count = ahead if changed else 0
    told = {"who": who, "when": when} if changed else {"who": "", "when": ""}
    return {"state": state, "commit": commit, "changed": changed, "ahead": count, **told}


class FakeDaemon:
    """Listens until it is closed; ``with`` opens and closes it."""

    def __init__(self, root: Path, flows: list[dict[str, Any]] | None = None, version: int = PROTOCOL) -> None:
        place = find(root)
        assert place is not None, f"{root} is no repository"
        self._place, self._version = place, version
        self._folder = tempfile.TemporaryDirectory(prefix="fd")  # a short path: it has to fit into an address
        self._path = os.path.join(self._folder.name, "s")
        self._clients: list[socket.socket] = []
        self._subscribed: list[socket.socket] = []
        self._lock = threading.Lock()
        self._sequence = 0
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.flows = flows or []
        self.state: dict[str, Any] = {
            "health": "idle", "detail": "", "hint": "", "settled": True, "last_cycle": NOW - 12, "next_look": NOW + 5,
            "modes": {"*": "sync"}, "paused": {}, "counters": {}, "recent": [], "now": NOW,
            "requests": {"made": 40, "last_hour": 40, "budget_per_hour": 1000.0, "at_this_pace_per_hour": 33},
            "cost_per_month": {"transaction-optimized": 0.12, "hot": 0.3},
        }  # fmt: skip
        self.answers: dict[str, Any] = {
            "state": lambda params: self.state,
            "status": lambda params: self.status(),
            "subscribe": {"subscribed": []},
            "command": [],
            "pause": lambda params: dict.fromkeys(params["flows"] or ["*"]),
            "resume": {},
            "mode": lambda params: {"*": params["mode"] or "sync"},
            "cancel": {"cancelled": True},
            "log": {"lines": []},
        }

    def status(self) -> dict[str, Any]:
        return {
            "version": 1, "remote": "studio", "branch": "main", "share": "azfile://acct/code?user=anna",
            "observed_at": "2026-11-18T11:06:00+00:00", "busy": None, "flows": self.flows,
        }  # fmt: skip

    def asked(self, method: str) -> list[dict[str, Any]]:
        """The params of every request of this method, in order."""
        with self._lock:
            return [params for name, params in self.requests if name == method]

    def event(self, kind: str, **details: Any) -> None:
        """Tells an event to whoever subscribed."""
        self._sequence += 1
        told = {"sequence": self._sequence, "kind": kind, "at": NOW + self._sequence, **details}
        for client in list(self._subscribed):
            self._send(client, {"jsonrpc": "2.0", "method": "event", "params": told})

    def flow(self, changed: dict[str, Any]) -> None:
        """Replaces a flow's row, and tells so."""
        self.flows = [one for one in self.flows if one["name"] != changed["name"]] + [changed]
        self.event("flows", changed=[changed], gone=[])

    def open(self) -> Self:
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._door.bind(self._path)
        self._door.listen(16)
        threading.Thread(target=self._accept, args=(self._door,), daemon=True).start()
        self._place.state_dir.mkdir(parents=True, exist_ok=True)
        address = {"version": PROTOCOL, "pid": os.getpid(), "socket": self._path}
        self._place.address.write_text(json.dumps(address))
        return self

    def die(self, address: bool = True) -> None:
        """Hangs up on everybody. ``address``: the file that says where it was stays, as after a kill."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for client in self._clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._clients, self._subscribed = [], []
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        if not address:
            self._place.address.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.die(address=False)
        self._folder.cleanup()

    def _accept(self, door: socket.socket) -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:  # closed
                return
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                with self._lock:
                    self.requests.append((message["method"], message["params"]))
                if message["method"] == "subscribe":
                    self._subscribed.append(client)
                threading.Thread(target=self._answer, args=(client, message), daemon=True).start()

    def _answer(self, client: socket.socket, message: dict[str, Any]) -> None:
        number, method, params = message["id"], message["method"], message["params"]
        told: dict[str, Any] = {"jsonrpc": "2.0", "id": number}
        try:
            if method == "hello" and params["version"] != self._version:
                raise FlowsyncError(
                    f"this daemon speaks version {self._version} of the protocol only", "flowsync daemon restart"
                )
            found = self._hello() if method == "hello" else self._found(method, params, client, number)
        except FlowsyncError as error:
            told["error"] = {
                "code": -32000,
                "message": error.message,
                "data": {"hint": error.hint, "exit": error.exit_code},
            }
        else:
            told["result"] = found
        self._send(client, told)

    def _found(self, method: str, params: dict[str, Any], client: socket.socket, number: int) -> Any:
        if method not in self.answers:
            raise FlowsyncError(f"there is no method {method!r}")
        answer = self.answers[method]
        if isinstance(answer, FlowsyncError):
            raise answer
        if isinstance(answer, Progressing):
            return answer(params, lambda *far: self._send(client, _progress(number, *far)))
        return answer(params) if callable(answer) else answer

    def _hello(self) -> dict[str, Any]:
        root = str(self._place.root)
        return {
            "version": self._version,
            "flowsync": "0.1.0",
            "pid": os.getpid(),
            "repository": root,
            "remote": "studio",
        }

    def _send(self, client: socket.socket, message: dict[str, Any]) -> None:
        with suppress(OSError), self._lock:
            client.sendall(json.dumps(message).encode("ascii") + b"\n")


class Progressing:
    """An answer that tells how far it is: ``work(params, tell)``, where ``tell(what, done, total)``."""

    def __init__(self, work: Callable[[dict[str, Any], Callable[[str, int, int], None]], Any]) -> None:
        self._work = work

    def __call__(self, params: dict[str, Any], tell: Callable[[str, int, int], None]) -> Any:
        return self._work(params, tell)


def _progress(number: int, what: str, done: int, total: int) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "method": "progress",
        "params": {"id": number, "what": what, "done": done, "total": total},
    }
