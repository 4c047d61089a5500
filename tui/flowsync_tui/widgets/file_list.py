"""The files that differ between two sides."""

from collections.abc import Sequence

from flowsync_tui.view.compared import SIGNS, STYLES, Change
from flowsync_tui.view.format import clean, fit
from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.virtual_list import VirtualList


class FileList(VirtualList):
    """Rows of files, each with what happened to it."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._changes: Sequence[Change] = ()

    def take(self, changes: Sequence[Change], index: int = 0) -> None:
        """Shows these files, with the cursor on one."""
        self._changes = changes
        self.show(len(changes), index)

    def pieces(self, index: int, width: int) -> Sequence[Piece]:
        """Returns a file's row."""
        change = self._changes[index]
        sign = f"{SIGNS[change.kind]} "
        return ((sign, STYLES[change.kind]), (fit(clean(change.path), width - len(sign)), "plain"))
