"""The list of flows: state, name, and when it changed."""

from collections.abc import Sequence
from textwrap import wrap

from textual.strip import Strip

from flowsync_tui.view.format import age, clean, fit, look
from flowsync_tui.view.state import Flow, State
from flowsync_tui.widgets.drawn import Piece, strip
from flowsync_tui.widgets.virtual_list import VirtualList

_STATES = (12, 24)  # cells that a state takes: at least, and at most with what it says
_WHEN = 7
_WHO, _ROOMY = 14, 70  # cells of the author, and of a list that has room for one
_FOUND = 5  # cells of findings
_NAMES = 24  # cells that names are given before states are


class FlowList(VirtualList):
    """Rows of flows, in the order that they are given in."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._state = State()
        self._rows: Sequence[Flow] = ()
        self._now = 0.0
        self._nothing: Sequence[Piece] = ()
        self._wide, self._longest, self._found = _STATES[0], 0, False

    def take(self, state: State, rows: Sequence[Flow], now: float, nothing: Sequence[Piece] = ()) -> None:
        """Shows these rows; the cursor stays on the flow that it was on, wherever that is now.

        ``nothing`` is said where there are none.
        """
        if not rows and nothing != self._nothing:
            self.refresh()  # no row changes that would be drawn anew
        self._state, self._rows, self._now, self._nothing = state, rows, now, nothing
        self._found = any(flow.errors or flow.warnings for flow in rows)
        words = {state.shown(flow) for flow in rows}
        words |= {f"{state.shown(one)} {state.detail(one)}" for one in rows if one.number or one.reason or one.dirty}
        widest = max(map(len, words), default=0)
        self._longest = min(max((len(flow.name) for flow in rows), default=0), _NAMES)
        self._wide = max(_STATES[0], min(widest, _STATES[1]))
        index = next((at for at, flow in enumerate(rows) if flow.name == state.cursor), None)
        self.show(len(rows), index)

    @property
    def flow(self) -> Flow | None:
        """Returns the flow under the cursor."""
        return self._rows[self.index] if 0 <= self.index < len(self._rows) else None

    def render_line(self, y: int) -> Strip:
        """Returns a row, or a line of what is said where there is none."""
        if self._rows:
            return super().render_line(y)
        width = self.size.width
        lines = [(f" {line}", style) for text, style in self._nothing for line in wrap(text, max(10, width - 2))]
        return strip(self, lines[y : y + 1], width)

    def pieces(self, index: int, width: int) -> Sequence[Piece]:
        """Returns a flow's row."""
        flow = self._rows[index]
        word = self._state.shown(flow)
        style = look(word).style
        mark = "*" if flow.name in self._state.marked else " "
        who = _WHO if width >= _ROOMY else 0
        found = _FOUND if self._found else 0
        rest = width - 5 - _WHEN - who - found
        states = max(_STATES[0], min(self._wide, rest - self._longest))
        names = max(8, rest - states)
        said = fit(f"{word} {clean(self._state.detail(flow))}".rstrip(), states)
        return (
            (mark, "key"),
            (f"{look(word).glyph} {said.rstrip()}", style),
            (" " * (len(said) - len(said.rstrip())), "plain"),
            (" ", "plain"),
            (fit(clean(flow.name), names), "plain" if self._state.live else "quiet"),
            *(_findings(flow) if found else ()),
            (fit(f" {clean(flow.who)}", who), "quiet"),
            (" " + (age(self._now - flow.when) if flow.when else "").rjust(_WHEN), "quiet"),
        )


def _findings(flow: Flow) -> Sequence[Piece]:
    """Returns how many errors validation finds, else how many warnings; the flow's panel has both."""
    if flow.errors:
        return (("  ", "plain"), (f"✗{min(flow.errors, 99)}".ljust(3), "bad"))
    warnings = f"?{min(flow.warnings, 99)}" if flow.warnings else ""
    return (("  ", "plain"), (warnings.ljust(3), "waits"))
