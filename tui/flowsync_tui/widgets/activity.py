"""What flowsync did, newest first, and the same on the command line."""

from collections.abc import Sequence
from time import localtime, strftime

from flowsync_tui.view.action import argv, spoken
from flowsync_tui.view.format import clean, fit, look
from flowsync_tui.view.state import Entry
from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.virtual_list import VirtualList

_NAME = 18
_MOST_TWIN = 48


class Activity(VirtualList):
    """Rows of entries."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: Sequence[Entry] = ()

    def take(self, entries: Sequence[Entry]) -> None:
        """Shows these entries, given oldest first."""
        new = len(entries) - len(self._entries)
        self._entries = list(entries)
        # whoever reads an older line keeps it under the cursor
        self.show(len(entries), self.index + new if self.index > 0 and new > 0 else None)

    @property
    def entry(self) -> Entry | None:
        """Returns the entry under the cursor."""
        return self._entries[-1 - self.index] if self._entries else None

    def pieces(self, index: int, width: int) -> Sequence[Piece]:
        """Returns an entry's row."""
        entry = self._entries[-1 - index]
        shown = look(entry.deed)
        twin = twin_of(entry) if width >= 100 else ""
        room = width - 12 - _NAME - (min(len(twin) + 3, _MOST_TWIN) if twin else 0)
        return (
            (strftime("%H:%M:%S", localtime(entry.at)) + " ", "quiet"),
            (shown.glyph, shown.style),
            (" ", "plain"),
            (fit(clean(entry.flow), _NAME) + " ", "strong"),
            (fit(clean(entry.text), max(8, room)), "plain"),
            (f" $ {clean(twin)}" if twin else "", "quiet"),
        )


def twin_of(entry: Entry) -> str:
    """Returns the command line that does what an entry tells, or an empty string."""
    if "{flow}" not in entry.twin:
        return entry.twin
    return spoken(argv(entry.twin, {"flow": entry.flow}))
