"""A daemon as a process, and what tests ask of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from flowsync.daemon.client import Client, connect_to
from flowsync.daemon.place import Place, find
from world import World

PATIENCE = 60.0


def until(condition: Callable[[], Any], what: str = "", patience: float = PATIENCE) -> Any:
    """Waits for a condition and returns what it returned."""
    deadline = time.monotonic() + patience
    while not (found := holds(condition)):
        assert time.monotonic() < deadline, f"did not come to pass: {what or condition}"
        time.sleep(0.01)
    return found


def holds(condition: Callable[[], Any]) -> Any:
    """What a condition returns; a file that it reads may be missing for a moment, while git replaces it."""
    try:
        return condition()
    except FileNotFoundError:
        return None


class Daemon:
    """One daemon process over a world."""

    def __init__(
        self, world: World, *options: str, env: dict[str, str] | None = None, before: Sequence[str] = ()
    ) -> None:
        """``before`` goes before the command, such as ``unshare`` and its arguments."""
        self.world = world
        place = find(world.folder)
        assert place is not None
        self.place: Place = place
        self.output = world.folder.parent / f"daemon-{time.monotonic_ns()}.out"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [*before, sys.executable, "-m", "flowsync", "-C", str(world.folder), "daemon", "run", *options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
            )

    def __repr__(self) -> str:
        return self.output.read_text()

    def ready(self) -> "Daemon":
        until(lambda: self.answers(), f"the daemon to answer: {self}")
        return self

    def answers(self) -> bool:
        assert self.process.poll() is None, str(self)
        client = connect_to(self.place)
        if client is None:
            return False
        with client:
            return client.hello["pid"] == self.process.pid

    def client(self) -> Client:
        client = connect_to(self.place, "test")
        assert client is not None, str(self)
        return client

    def ask(self, method: str, **params: Any) -> Any:
        with self.client() as client:
            return client.request(method, params)

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("state")
        return found

    def count(self, name: str) -> float:
        return float(self.state["counters"].get(name, 0))

    def settled(self) -> "Daemon":
        """Waits until it has looked at the share and has nothing left to do."""
        until(
            lambda: (
                (state := self.state)["health"] in ("idle", "paused")
                and state.get("settled")
                and state["counters"].get("looks")
            ),
            f"the daemon to settle: {self}",
        )
        return self

    def flow(self, name: str) -> dict[str, Any]:
        return next((row for row in self.ask("status")["flows"] if row["name"] == name), {"state": "", "hold": None})

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ends it and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    @property
    def log(self) -> str:
        return self.place.log.read_text()


def rows(found: dict[str, Any]) -> dict[str, str]:
    """The state of each file that ``files`` told, by path."""
    return {row["path"]: row["state"] for row in found["files"]}


def row(found: dict[str, Any], path: str) -> dict[str, Any]:
    """One file that ``files`` told."""
    return next(one for one in found["files"] if one["path"] == path)
