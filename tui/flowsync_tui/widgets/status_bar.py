"""The top line: remote, daemon, branch, how many flows stand how, what is under way."""

from textual.strip import Strip
from textual.widget import Widget

from flowsync_tui.view.state import State
from flowsync_tui.view.summary import top_line
from flowsync_tui.widgets.drawn import strip


class StatusBar(Widget):
    """One line; what does not fit is left out, least wanted first."""

    DEFAULT_CSS = "StatusBar { height: 1; dock: top; }"

    def __init__(self) -> None:
        super().__init__()
        self._state = State()
        self._now = 0.0

    def take(self, state: State, now: float) -> None:
        """Shows this state."""
        self._state, self._now = state, now
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Returns the line."""
        return strip(self, top_line(self._state, self._now, self.size.width), self.size.width, "resting")
