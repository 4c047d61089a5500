"""Tells the daemon that something has happened in the repository. No daemon, no effect; never an error.

The daemon listens on ``<common git folder>/flowsync/daemon.sock``; a nudge is one JSON line,
``{"version": 1, "nudge": "post-commit"}``, and nobody waits for an answer: the daemon looks for itself.
"""

import os
import socket
from contextlib import suppress

SOCKET = "daemon.sock"
_SECONDS = 0.5


def run(arguments: list[str]) -> int:
    """Nudges; ``arguments`` are the event and the common git folder. Always returns 0."""
    if len(arguments) == 2:
        event, common = arguments
        with suppress(OSError):
            nudge(os.path.join(common, "flowsync"), event)  # noqa: PTH118 (pathlib costs this hook a third of its time)
    return 0


def nudge(folder: str, event: str) -> None:
    """Sends one line to the daemon that listens in a folder."""
    # A socket's address holds about a hundred bytes; from inside the folder its name is short enough.
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(SOCKET)
        connection.sendall(f'{{"version": 1, "nudge": "{event}"}}\n'.encode())
