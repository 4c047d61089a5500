"""The daemon's log: followed, filtered by level and words."""

from collections.abc import Iterable, Mapping, Sequence
from time import localtime, strftime
from typing import Any

from textual.widget import Widget

from flowsync_tui.screens.room import Room
from flowsync_tui.view.format import clean
from flowsync_tui.view.listing import text_matches
from flowsync_tui.view.state import Changed
from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.filter_line import FilterLine
from flowsync_tui.widgets.lines import Lines

_RANK = {"debug": 0, "info": 1, "warning": 2, "error": 3, "critical": 3}
_STYLE = {"debug": "quiet", "info": "plain", "warning": "waits", "error": "bad", "critical": "bad"}
_NAMES = ("every line", "info and worse", "warnings and errors", "errors")
_FIRST = 500  # lines that are asked for when the screen opens


class LogsScreen(Room, screen="logs"):
    """Lines of the log."""

    AUTO_FOCUS = "#log"
    DEFAULT_CSS = """
    LogsScreen #log { height: 1fr; border: round $primary; border-title-color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._least = 0
        self._pattern = ""
        self._follow = True
        self._shown: list[Mapping[str, Any]] = []

    def body(self) -> Iterable[Widget]:
        """Returns the log."""
        yield Lines(id="log")
        yield FilterLine()

    def on_mount(self) -> None:
        """Asks for the latest lines; newer ones come by themselves."""
        if self.state.live:
            self.ui.begin(self._fetch())
        self._list()

    async def _fetch(self) -> None:
        last = self.state.log[-1]["sequence"] if self.state.log else 0
        told = await self.ui.ask("log", after=last, limit=_FIRST)
        self.ui.hear({"kind": "lines", "lines": told["lines"]})

    def store_changed(self, names: Changed) -> None:
        """Shows new lines."""
        if "log" in names or "link" in names:
            self._list()

    def _list(self) -> None:
        log = self.query_one(Lines)
        self._shown = [line for line in self.state.log if self._wanted(line)]
        log.take([_drawn(line) for line in self._shown] or [self._nothing()])
        if self._follow and self._shown:
            log.do_list_bottom()
        more = f" · /{clean(self._pattern)}" if self._pattern else ""
        self.entitle(log, f"Log: {_NAMES[self._least]}{more}{' · following' if self._follow else ''}")

    def _nothing(self) -> Sequence[Piece]:
        if self._pattern or self._least:
            return ((" No line matches.", "quiet"),)
        if self.state.live:
            return ((" Nothing has been logged since the daemon started.", "quiet"),)
        return ((" The daemon does not run; its log is printed by: flowsync daemon logs", "quiet"),)

    def _wanted(self, line: Mapping[str, Any]) -> bool:
        text = f"{line['level']} {line.get('flow') or ''} {line['text']}".casefold()
        return _RANK.get(line["level"], 1) >= self._least and text_matches(text, self._pattern)

    def _level(self, least: int) -> None:
        self._least = least
        self._list()

    def do_logs_all(self) -> None:
        """Shows every line."""
        self._level(0)

    def do_logs_info(self) -> None:
        """Shows information and worse."""
        self._level(1)

    def do_logs_warning(self) -> None:
        """Shows warnings and errors."""
        self._level(2)

    def do_logs_error(self) -> None:
        """Shows errors."""
        self._level(3)

    def do_logs_follow(self) -> None:
        """Stays at the newest line, or not."""
        self._follow = not self._follow
        self._list()

    def do_logs_filter(self) -> None:
        """Opens the line that a filter is typed into."""
        self.query_one(FilterLine).open(self._pattern)

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        """Shows what matches."""
        self._pattern = event.text
        self._list()

    def on_filter_line_closed(self, event: FilterLine.Closed) -> None:
        """Goes back to the lines."""
        self.query_one(Lines).focus()

    async def do_logs_copy(self) -> None:
        """Copies the selected line."""
        from flowsync_tui.doing.copying import copy

        await copy(self.ui, self.query_one(Lines).text.strip())


def _drawn(line: Mapping[str, Any]) -> Sequence[Piece]:
    style = _STYLE.get(line["level"], "plain")
    flow, text = str(line.get("flow") or ""), str(line["text"])
    text = text.removeprefix(f"{flow}: ") if flow else text
    at = strftime("%m-%d %H:%M:%S", localtime(line["at"]))
    return (
        (f" {at} ", "quiet"),
        (f"{clean(str(line['level'])):<8}", style),
        (f"{clean(flow)} " if flow else "", "strong"),
        (clean(text), style),
    )
