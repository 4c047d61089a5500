"""Runs, newest first: how each went, when, from which commit, by whom."""

from collections.abc import Sequence

from flowsync_tui.view.format import age, clean, fit
from flowsync_tui.view.runs import GLYPHS, STYLES, Run
from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.virtual_list import VirtualList


class RunList(VirtualList):
    """Rows of runs."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.runs: Sequence[Run] = ()
        self._now = 0.0

    def take(self, runs: Sequence[Run], now: float) -> None:
        """Shows these; the cursor stays on its run."""
        here = self.run.name if self.run else ""
        self.runs, self._now = runs, now
        self.show(len(runs), next((at for at, one in enumerate(runs) if one.name == here), None))

    @property
    def run(self) -> Run | None:
        """The run under the cursor."""
        return self.runs[self.index] if 0 <= self.index < len(self.runs) else None

    def pieces(self, index: int, width: int) -> Sequence[Piece]:
        """Returns a run's row."""
        one = self.runs[index]
        status = fit(f"{GLYPHS.get(one.status, '·')} {clean(one.status)}", 18)
        who = 14 if width >= 90 else 0
        name = max(8, width - 18 - 8 - 11 - who - 1)
        return (
            (status, STYLES.get(one.status, "busy")),
            (fit(age(self._now - one.created) if one.created else "", 8), "quiet"),
            (fit(one.from_commit, 10) + " ", "waits" if one.dirty else "plain"),
            (fit(clean(one.name), name) + " ", "plain"),
            (fit(clean(one.owner), who), "quiet"),
        )
