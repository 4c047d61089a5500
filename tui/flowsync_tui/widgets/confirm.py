"""Questions before something that is not easily taken back. Enter always means no."""

import time
from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from flowsync_tui.view.format import clean, to_ascii
from flowsync_tui.widgets.drawn import is_ascii

GUARD = 0.2  # seconds in which a key is still meant for what was there before


class Button(Static):
    """A word that can be clicked."""


class Confirm(ModalScreen[bool]):
    """A question: what will happen, where, and how to take it back. ``name``: it has to be typed to go on."""

    DEFAULT_CSS = """
    Confirm { align: center middle; }
    Confirm > Vertical { width: 76; max-width: 96%; height: auto; max-height: 90%; border: round $warning;
                         background: $surface; padding: 0 1; }
    Confirm Horizontal { height: 1; margin-top: 1; }
    Confirm Button { width: auto; margin-right: 4; }
    Confirm #no { background: $primary; color: $text; text-style: bold; }
    """

    def __init__(self, title: str, lines: Sequence[str], do: str = "Do it", name: str = "") -> None:
        super().__init__()
        self._title, self._lines, self._do, self._name = title, lines, do, name
        self._typed = ""
        self._opened = time.monotonic()

    def compose(self) -> ComposeResult:
        """Lays out the question."""
        ascii_only = is_ascii(self)
        with Vertical() as box:
            box.border_title = Content(_shown(self._title, ascii_only))
            yield Static(Content("\n".join(_shown(line, ascii_only) for line in self._lines)))
            if self._name:
                yield Static(Content(_shown(f"\nType the name to go on: {self._name}", ascii_only)))
                yield Static("", id="typed")
            with Horizontal():
                yield Button(Content("[esc] Cancel" if self._name else "[n] Cancel"), id="no")
                yield Button(Content(f"[enter] {self._do}" if self._name else f"[y] {self._do}"), id="yes")

    def on_key(self, event: events.Key) -> None:
        """Takes an answer."""
        event.stop()
        if time.monotonic() - self._opened < GUARD:
            return
        if self._name:
            self._type(event)
        elif event.key in ("n", "N", "escape", "enter", "q"):
            self.dismiss(False)
        elif event.key == "y":
            self.dismiss(True)

    def _type(self, event: events.Key) -> None:
        if event.key == "escape":
            self.dismiss(False)
        elif event.key == "enter":
            if self._typed == self._name:
                self.dismiss(True)
            else:
                self.query_one("#typed", Static).update(Content(f"> {clean(self._typed)}   that is not the name"))
            return
        elif event.key in ("backspace", "ctrl+h"):
            self._typed = self._typed[:-1]
        elif event.is_printable and event.character:
            self._typed += event.character
        self.query_one("#typed", Static).update(Content(f"> {clean(self._typed)}"))

    def on_paste(self, event: events.Paste) -> None:
        """Takes the name from the clipboard."""
        if self._name:
            self._typed += event.text.partition("\n")[0]
            self.query_one("#typed", Static).update(Content(f"> {clean(self._typed)}"))

    def on_click(self, event: events.Click) -> None:
        """Takes an answer from the mouse."""
        if event.widget is not None and event.widget.id == "no":
            self.dismiss(False)
        elif event.widget is not None and event.widget.id == "yes" and self._typed == self._name:
            self.dismiss(True)


def _shown(text: str, ascii_only: bool) -> str:
    return "\n".join(to_ascii(clean(line)) if ascii_only else clean(line) for line in text.split("\n"))
