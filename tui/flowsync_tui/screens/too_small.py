"""What is shown where nothing would be legible. All keys but q are swallowed, so that none does unseen things."""

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


class TooSmall(ModalScreen[None]):
    """One sentence; it goes away when there is room."""

    DEFAULT_CSS = "TooSmall { background: $background; align: center middle; } TooSmall Static { width: auto; }"

    def __init__(self, least: tuple[int, int]) -> None:
        super().__init__()
        self._least = least

    def compose(self) -> ComposeResult:
        """Shows the sentence."""
        yield Static()

    def on_mount(self) -> None:
        """Says how much is missing."""
        self.on_resize()

    def on_resize(self) -> None:
        """Says how much is missing now."""
        width, height = self._least
        now = f"{self.app.size.width}x{self.app.size.height}"
        for said in self.query(Static):
            said.update(Content(f"Window too small (need {width}x{height}, is {now}): q quits"))

    def on_key(self, event: events.Key) -> None:
        """Swallows everything, but lets the person leave."""
        event.stop()
        event.prevent_default()
        if event.key == "q":
            self.app.exit(0)
