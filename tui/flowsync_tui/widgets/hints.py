"""The bottom line: what can be done here, with its keys; at most eight, and a click does it."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from flowsync_tui.widgets.drawn import Piece, strip

_MOST, _MOST_NARROW = 8, 5


@dataclass(frozen=True)
class Hint:
    """One hint; ``possible`` is False where the key would only say why not. ``last`` ones are never left out."""

    id: str
    key: str
    label: str
    possible: bool
    last: bool


class Hints(Widget):
    """One line of hints."""

    DEFAULT_CSS = "Hints { height: 1; dock: bottom; }"

    @dataclass
    class Chosen(Message):
        """A hint was clicked."""

        id: str

    def __init__(self) -> None:
        super().__init__()
        self._hints: Sequence[Hint] = ()
        self._spans: list[tuple[int, int, str]] = []

    def take(self, hints: Sequence[Hint]) -> None:
        """Shows these."""
        if list(hints) != list(self._hints):
            self._hints = hints
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Returns the line."""
        pieces: list[Piece] = [(" ", "plain")]
        self._spans, at = [], 1
        for hint in self._shown():
            text = f"{hint.key} {hint.label}"
            self._spans.append((at, at + cell_len(text), hint.id))
            at += cell_len(text) + 2
            style = ("key", "plain") if hint.possible else ("quiet", "quiet")
            pieces += [(hint.key, style[0]), (f" {hint.label}  ", style[1])]
        return strip(self, pieces, self.size.width, "resting")

    def _shown(self) -> list[Hint]:
        """Returns what fits: first what can be done, and always the way to all the rest."""
        last = [hint for hint in self._hints if hint.last]
        rest = sorted((hint for hint in self._hints if not hint.last), key=lambda hint: not hint.possible)
        most = _MOST if self.size.width >= 100 else _MOST_NARROW
        chosen = rest[: max(0, most - len(last))]
        while chosen and sum(cell_len(f"{one.key} {one.label}") + 2 for one in (*chosen, *last)) >= self.size.width:
            chosen.pop()
        return [*chosen, *last]

    def on_click(self, event: events.Click) -> None:
        """Does what was clicked on."""
        for start, end, id in self._spans:
            if start <= event.x < end:
                self.post_message(self.Chosen(id))
