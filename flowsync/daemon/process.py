"""Starting and stopping the daemon's process from outside it."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flowsync.daemon.client import Client, connect_to
from flowsync.daemon.lock import is_running
from flowsync.daemon.place import Place
from flowsync.errors import DaemonError

_PATIENCE = 60.0  # seconds to start, or to stop, on a machine that has much to do
_PAUSE = 0.03


def start(place: Place, options: Sequence[str]) -> dict[str, Any]:
    """Starts a daemon that outlives this process; returns its hello once it answers."""
    if is_running(place):
        raise DaemonError("a daemon serves this repository already", "flowsync daemon status")
    place.state_dir.mkdir(parents=True, exist_ok=True)
    begun = place.state_dir / "daemon.start"
    with begun.open("wb") as said:
        process = subprocess.Popen(
            command(place.root, options),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=place.root,
            **_detached(),
        )
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            text = begun.read_text(encoding="utf-8", errors="replace").strip()
            raise DaemonError(f"the daemon did not start: {text}", f"flowsync -C {place.root} daemon run")
        if (client := connect_to(place)) is not None:
            with client:
                if client.hello["pid"] == process.pid:
                    return client.hello
        time.sleep(_PAUSE)  # its address is the condition; there is nothing to wait on but the file
    raise DaemonError("the daemon does not answer after it was started", "flowsync daemon logs")


def command(root: Path, options: Sequence[str]) -> list[str]:
    """Returns the command line of a daemon in the background; -P: nothing is imported from the folder it starts in."""
    return [sys.executable, "-P", "-m", "flowsync", "-C", str(root), "daemon", "run", "--quiet", *options]


def _detached() -> dict[str, Any]:
    if os.name == "nt":
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        return {"creationflags": flags}
    return {"start_new_session": True}


def stop(place: Place) -> bool:
    """Ends the daemon and returns when it has ended; False if none ran. One that is ending already is waited for."""
    deadline = time.monotonic() + _PATIENCE
    asked = there = False
    while is_running(place):
        there = True
        if not asked and (client := connect_to(place)) is not None:
            _end(client)
            asked = True
        if time.monotonic() > deadline:
            if asked:
                raise DaemonError("the daemon does not end", "flowsync daemon logs")
            raise DaemonError("a daemon holds the lock, but does not answer", "end its process by hand")
        time.sleep(_PAUSE)  # the lock is the condition
    return there


def _end(client: Client) -> None:
    with client:
        client.request("stop")
