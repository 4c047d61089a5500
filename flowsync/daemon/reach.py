"""Whether the share's host answers at all, asked while offline: one connection attempt, no request, no cost."""

import os
import socket
from urllib.parse import urlsplit

from flowsync.share.location import AzureLocation, WorkspaceLocation, parse
from flowsync.studio.cloud import chosen

_OFTEN, _RARELY = 2.0, 10.0  # seconds between attempts, at first and after a while
_A_WHILE = 60  # attempts


class Reach:
    """Tries the door of a share."""

    def __init__(self) -> None:
        self.due = float("inf")
        self._tries = 0
        self._shut = False

    def lost(self, now: float) -> None:
        """Notes that the share does not answer."""
        if self.due == float("inf"):
            self._tries, self._shut = 0, False
            self.due = now + _OFTEN

    def found(self) -> None:
        """Notes that it answers again."""
        self.due = float("inf")

    def opened(self, share: str, now: float, timeout: float = 1.0) -> bool:
        """Tells whether the door, which was shut, is open again.

        One that was never found shut says nothing: whatever is wrong is behind it, and waiting is all that helps. A
        folder has no door; it always counts as open.
        """
        self._tries += 1
        self.due = now + (_OFTEN if self._tries < _A_WHILE else _RARELY)
        endpoint = _endpoint(share)
        if not endpoint:
            return False
        url = urlsplit(endpoint)
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            with socket.create_connection((url.hostname or "", port), timeout=timeout):
                was_shut, self._shut = self._shut, False
                return was_shut
        except OSError:
            self._shut = True
            return False


def _endpoint(share: str) -> str:
    """Returns the URL of the host that a share needs first; a folder has none."""
    location = parse(share)
    if isinstance(location, WorkspaceLocation):
        return chosen(os.environ).arm
    return location.endpoint if isinstance(location, AzureLocation) else ""
