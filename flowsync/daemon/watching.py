"""Keeps the watch over the right folders: the flows' folder may come later, or move with the configuration."""

import logging
from pathlib import Path

from flowsync.daemon.board import Board
from flowsync.daemon.place import Place
from flowsync.daemon.quiet import Rumour
from flowsync.daemon.rumours import Grounds
from flowsync.daemon.watch import Hear, Watch, folders

_log = logging.getLogger("flowsync.daemon")


class Watching:
    """One watch at a time, replaced when what is to be watched has changed."""

    def __init__(self, place: Place, hear: Hear, board: Board, polling: str) -> None:
        self._place, self._hear, self._board, self._polling = place, hear, board, polling
        self._watch: Watch | None = None
        self._over: list[tuple[Path, bool]] = []

    def over(self, path: str) -> None:
        """Watches the flows at ``path``; does nothing if it does so already."""
        grounds = Grounds(self._place.root, self._place.git_dir, self._place.common_dir, path)
        wanted = list(folders(grounds))
        if self._watch is not None and wanted == self._over and self._watch.alive:
            return
        again = self._watch is not None
        self.stop()
        self._watch, self._over = Watch(grounds, self._hear, self._polling), wanted
        self._board.publish(watching={"how": self._watch.how, "why": self._watch.why})
        if self._watch.why:
            _log.warning("it looks at the files every second or two: %s", self._watch.why)
        if again:
            self._hear(Rumour.ANYTHING, None)

    def stop(self) -> None:
        """Ends the watch."""
        if self._watch is not None:
            self._watch.stop()
