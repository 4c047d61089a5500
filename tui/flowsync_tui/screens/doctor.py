"""The doctor: what flowsync needs, one line each, with the command that fixes what is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textual.widget import Widget

from flowsync_tui.doing.twins import answer
from flowsync_tui.screens.room import Room
from flowsync_tui.view.format import clean, fit
from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.lines import Lines

_LOOKS = {"ok": ("✓", "good"), "note": ("·", "there"), "bad": ("✗", "bad")}


class DoctorScreen(Room, screen="doctor"):
    """Lines of ``flowsync doctor``."""

    AUTO_FOCUS = "#checks"
    DEFAULT_CSS = """
    DoctorScreen #checks { height: 1fr; border: round $primary; border-title-color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._fixes: list[str] = []

    def body(self) -> Iterable[Widget]:
        """Returns the report."""
        yield Lines(id="checks")

    def on_mount(self) -> None:
        """Checks."""
        self.do_doctor_again()

    def do_doctor_again(self) -> None:
        """Checks once more."""
        lines = self.query_one(Lines)
        self.entitle(lines, "Doctor")
        lines.take([((" Checking…", "quiet"),)])
        self.ui.begin(self._check())

    async def _check(self) -> None:
        told = await answer(self.ui, ["flowsync", "doctor"])
        if not self.is_mounted:
            return
        lines: list[Sequence[Piece]] = []
        self._fixes = []
        for check in told["checks"]:
            for line in _drawn(check):
                lines.append(line)
                self._fixes.append(check["fix"])
        healthy = ((" Nothing is wrong.", "good"),) if told["healthy"] else ((" Something is wrong.", "bad"),)
        self.query_one(Lines).take([healthy, ((" ", "plain"),), *lines], top=True)
        self._fixes = ["", "", *self._fixes]

    async def do_doctor_copy(self) -> None:
        """Copies the command that fixes what the cursor is on."""
        from flowsync_tui.doing.copying import copy

        index = self.query_one(Lines).line
        await copy(self.ui, self._fixes[index] if 0 <= index < len(self._fixes) else "")


def _drawn(check: Mapping[str, Any]) -> Iterable[Sequence[Piece]]:
    glyph, style = _LOOKS.get(check["verdict"], ("?", "quiet"))
    yield (
        (f" {glyph} {check['verdict']:<5}", style),
        (fit(clean(check["name"]), 14) + " ", "strong"),
        (clean(check["said"]), "plain"),
    )
    if check["fix"]:
        yield ((" " * 8 + "fix: ", "quiet"), (clean(check["fix"]), "waits"))
