"""A text under a title: a side of a conflict, and its result."""

from collections.abc import Sequence

from textual.content import Content

from flowsync_tui.view.format import clean, to_ascii
from flowsync_tui.widgets.drawn import is_ascii
from flowsync_tui.widgets.text_view import TextView


class Panel(TextView):
    """Lines with signs, in a frame that says whose they are."""

    DEFAULT_CSS = """
    Panel { border: round $panel; border-title-color: $foreground; }
    Panel:focus { border: round $accent; }
    Panel.-taken { border: round $success; border-title-color: $success; }
    """

    def name_it(self, title: str, taken: bool = False) -> None:
        """Writes the title; ``taken`` says that this is what was picked, in words too."""
        said = clean(title) + (" ✓ picked" if taken else "")
        self.border_title = Content(to_ascii(said) if is_ascii(self) else said)
        self.set_class(taken, "-taken")

    def say(self, lines: Sequence[str]) -> None:
        """Shows what is no text of a file."""
        self.take(lines, signs=[(" ", "line--dim")] * len(lines))
