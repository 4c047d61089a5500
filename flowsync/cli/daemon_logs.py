"""``flowsync daemon logs``: the end of a log, and what comes after."""

import os
import time
from pathlib import Path

from flowsync.cli.output import plain, say
from flowsync.errors import DaemonError, Exit

_PAUSE = 0.3


def show(log: Path, lines: int, follow: bool) -> int:
    """Prints the last lines of a log; with ``follow``, each new one as it comes, over a rotation too."""
    try:
        file = log.open(encoding="utf-8", errors="backslashreplace")
    except FileNotFoundError as error:
        raise DaemonError("there is no log yet", "flowsync daemon start") from error
    with file:
        kept = file.read().splitlines()
        for line in kept[-lines:] if lines > 0 else []:
            say(plain(line))
        if not follow:
            return Exit.DONE
        position, identity = file.tell(), os.fstat(file.fileno()).st_ino
    while True:
        position, identity = _more(log, position, identity)
        time.sleep(_PAUSE)  # following a file that others rotate: there is no event for it everywhere


def _more(log: Path, position: int, identity: int) -> tuple[int, int]:
    try:
        with log.open(encoding="utf-8", errors="backslashreplace") as file:
            now = os.fstat(file.fileno()).st_ino
            if now != identity:
                position = 0
            file.seek(position)
            for line in file.read().splitlines():
                say(plain(line))
            return file.tell(), now
    except FileNotFoundError:  # between two files of a rotation
        return position, identity
