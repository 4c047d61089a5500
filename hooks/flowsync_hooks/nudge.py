"""Tells the daemon that something has happened in the repository. No daemon, no effect; never an error.

The shim runs this in the background and only if a daemon has left its address; it may take its time, but not for ever.
"""

import signal
from contextlib import suppress
from pathlib import Path

from flowsync.errors import FlowsyncError

_SECONDS = 5


def run(arguments: list[str]) -> int:
    """Nudges; the first argument is the event. Always returns 0."""
    if hasattr(signal, "alarm"):
        signal.alarm(_SECONDS)  # ends this process if the daemon hangs
    with suppress(OSError, ValueError, FlowsyncError):
        nudge(Path.cwd(), arguments[0] if arguments else "")
    return 0


def nudge(directory: Path, event: str) -> None:
    """Nudges the daemon of the repository that a folder lies in, if there is one."""
    from flowsync.daemon.client import connect

    client = connect(directory, "flowsync-hook", _SECONDS)
    if client is not None:
        with client:
            client.request("nudge", {"event": event})
