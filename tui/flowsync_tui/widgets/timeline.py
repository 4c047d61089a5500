"""A flow's versions, newest first: when, by whom, on which side, what was said, how many files."""

from flowsync_tui.view.format import clean, fit
from flowsync_tui.view.history import GLYPHS, SIDES, Timeline, day
from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.virtual_list import VirtualList

_STYLES = {"studio": "there", "local": "here", "merge": "both"}
_WHEN, _SIDE, _AUTHOR = 17, 8, 16


class TimelineView(VirtualList):
    """Rows of versions; the last row says that there are older ones, while there are."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.timeline = Timeline()
        self._now = 0.0

    def take(self, timeline: Timeline, now: float, at: str = "") -> None:
        """Shows a timeline, with the cursor on the commit ``at`` if it has that; ``now`` is in seconds since 1970."""
        self.timeline, self._now = timeline, now
        index = next((index for index, one in enumerate(timeline.versions) if one.commit == at), None)
        self.show(len(timeline.versions) + (1 if timeline.more else 0), index)

    def pieces(self, index: int, width: int) -> list[Piece]:
        """Returns a version's row."""
        if index >= len(self.timeline.versions):
            return [("  … older", "quiet")]
        one = self.timeline.versions[index]
        style = _STYLES.get(one.side, "plain")
        mark = "*" if one.commit == self.timeline.marked else " "
        side = fit(f"{GLYPHS.get(one.side, '·')} {SIDES.get(one.side, clean(one.side))}", _SIDE)
        found: list[Piece] = [(mark, "key"), (fit(day(one.at, self._now), _WHEN), "quiet"), (f"{side} ", style)]
        found.append((fit(clean(one.author), _AUTHOR if width >= 90 else 10) + " ", "plain"))
        files = f" {len(one.paths)} file{'' if len(one.paths) == 1 else 's'}"
        rest = width - sum(len(text) for text, _ in found) - len(files)
        return [*found, (fit(clean(one.subject), rest), "plain"), (files, "quiet")]
