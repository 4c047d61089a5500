"""The line that a filter is typed into."""

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from flowsync_tui.view.format import clean
from flowsync_tui.widgets.drawn import strip


class FilterLine(Widget, can_focus=True):
    """Hidden until it is opened. Enter keeps the filter, Escape clears it."""

    DEFAULT_CSS = "FilterLine { height: 1; display: none; dock: bottom; margin-bottom: 1; }"

    @dataclass
    class Changed(Message):
        """The filter is another one."""

        text: str

    @dataclass
    class Closed(Message):
        """The filter is as it shall be."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""

    def open(self, text: str) -> None:
        """Lets a filter be typed, beginning with the one that there is."""
        self._text = text
        self.display = True
        self.focus()
        self.refresh()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Keeps letters from being taken for commands."""
        return True

    def on_key(self, event: events.Key) -> None:
        """Takes what is typed."""
        event.stop()
        event.prevent_default()
        if event.key in ("enter", "tab", "down"):
            self._close()
            return
        if event.key == "escape":
            self._set("")
            self._close()
        elif event.key in ("backspace", "ctrl+h"):
            self._set(self._text[:-1])
        elif event.key == "ctrl+u":
            self._set("")
        elif event.is_printable and event.character:
            self._set(self._text + event.character)

    def on_paste(self, event: events.Paste) -> None:
        """Takes what is pasted, up to the end of its line."""
        event.stop()
        self._set(self._text + event.text.partition("\n")[0])

    def on_blur(self) -> None:
        """Hides when something else has the focus."""
        self.display = False

    def _set(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.post_message(self.Changed(text))
            self.refresh()

    def _close(self) -> None:
        self.display = False
        self.post_message(self.Closed())

    def render_line(self, y: int) -> Strip:
        """Returns the line."""
        said = [
            (" /", "key"),
            (clean(self._text), "plain"),
            ("▌", "key"),
            ("   !word: without · enter keeps · esc clears", "quiet"),
        ]
        return strip(self, said, self.size.width, "cursor")
