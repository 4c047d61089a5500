"""Commands go through the daemon where one runs, so that the two never work against each other."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsync.daemon.client import Client, UnknownMethod, connect

if TYPE_CHECKING:
    from flowsync.sync.link import Reporter


def daemon_for(here: Path, remote: str | None) -> Client | None:
    """Returns a connection to the daemon that serves this repository, None if none does, or not this remote."""
    client = connect(here)
    if client is None:
        return None
    meant = client.hello.get("first", True) if remote is None else client.hello.get("remote") == remote
    if not meant:
        client.close()
    return client if meant else None


def through(here: Path, remote: str | None, method: str, params: dict[str, Any]) -> Any:
    """Returns the answer of the daemon that serves this remote; None if none does, or it is too old to know how."""
    client = daemon_for(here, remote)
    if client is None:
        return None
    with client, suppress(UnknownMethod):
        return client.request(method, params)


class Progress:
    """Turns a daemon's progress into a reporter's."""

    def __init__(self, reporter: "Reporter") -> None:
        self._reporter = reporter
        self._what: tuple[str, int] | None = None
        self._done = 0

    def __call__(self, told: dict[str, Any]) -> None:
        if told["method"] != "progress":
            return
        what = (told["what"], told["total"])
        if what != self._what or told["done"] < self._done:
            self._what, self._done = what, 0
            self._reporter.begin(*what)
        self._reporter.advance(told["done"] - self._done)
        self._done = told["done"]
