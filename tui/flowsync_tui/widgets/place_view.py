"""A place of a conflict on the screen: its three sides beside each other, and below them the file as it will be."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from flowsync_tui.view.conflict import Resolution
from flowsync_tui.view.conflicted import Choice, Place, signs
from flowsync_tui.widgets.panel import Panel

SIDES: Sequence[Choice] = (Choice.BASE, Choice.LOCAL, Choice.REMOTE)


class PlaceView(Vertical):
    """Shows what ``show`` is given."""

    DEFAULT_CSS = """
    PlaceView { height: 1fr; }
    PlaceView #sides { height: 6; }
    PlaceView #sides Panel { width: 1fr; height: 1fr; }
    PlaceView #result { height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._place: Place | None = None

    def compose(self) -> ComposeResult:
        """Lays out the panels."""
        yield Horizontal(*(Panel(id=choice.name.lower()) for choice in SIDES), id="sides")
        yield Panel(id="result")

    @property
    def result(self) -> Panel:
        """The file as it will be."""
        return self.query_one("#result", Panel)

    def show(self, place: Place, resolution: Resolution) -> None:
        """Shows a place, and what was picked there."""
        self._place, answer = place, resolution.answer(place)
        for number, choice in enumerate(SIDES, 1):
            panel = self.query_one(f"#{choice.name.lower()}", Panel)
            panel.name_it(f"{number} {choice.value}", bool(answer and answer.choice is choice))
            lines, signed = signs(place, choice)
            panel.take(lines, -1, signed)
        self._share_out(place)
        self._show_result(place, resolution)

    def _show_result(self, place: Place, resolution: Resolution) -> None:
        panel, answer = self.result, resolution.answer(place)
        panel.name_it("RESULT" if answer is None else f"RESULT: picked {answer.choice.value}")
        if answer is None:
            panel.say(["nothing is picked yet: 1 base, 2 local, 3 Studio, b both, e edit"])
            return
        shown = resolution.preview(place)
        if shown.gone:
            panel.say(["(there will be no such file)"])
            return
        marks = [("▌", "line--good") if at in shown.here else _marker(line) for at, line in enumerate(shown.lines)]
        panel.take(shown.lines, shown.here.start, marks)

    def on_resize(self) -> None:
        """Shares the screen out anew."""
        if self._place is not None:
            self.call_after_refresh(self._share_out, self._place)

    def _share_out(self, place: Place) -> None:
        """Gives the sides as many lines as they need, up to half of the screen; the result gets the rest."""
        longest = max(len((place.side(choice) or "").splitlines()) for choice in SIDES)
        stacked = 2 if self.screen.has_class("-narrow") else 1
        most = self.screen.size.height // 2
        self.query_one("#sides", Horizontal).styles.height = max(
            min(stacked * (max(longest, 1) + 3), most), 3 * stacked
        )


def _marker(line: str) -> tuple[str, str]:
    """Returns the sign of a line of the result: what is still open stands between markers."""
    return ("!", "line--warn") if line.startswith(("<<<<<<<", "=======", ">>>>>>>")) else (" ", "")
