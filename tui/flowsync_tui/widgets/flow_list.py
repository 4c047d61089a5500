"""The list of flows: state, name, and when it changed."""

from collections.abc import Sequence

from flowsync_tui.view.format import age, clean, fit, look
from flowsync_tui.view.store import Flow, State
from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.virtual_list import VirtualList

_STATES = (12, 24)  # cells that a state takes: at least, and at most with what it says
_WHEN = 7


class FlowList(VirtualList):
    """Rows of flows, in the order that they are given in."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._state = State()
        self._rows: Sequence[Flow] = ()
        self._now = 0.0
        self._wide = _STATES[0]

    def take(self, state: State, rows: Sequence[Flow], now: float) -> None:
        """Shows these rows; the cursor stays on the flow that it was on, wherever that is now."""
        self._state, self._rows, self._now = state, rows, now
        words = {(state.shown(flow), state.detail(flow)) for flow in rows}
        widest = max((len(f"{word} {detail}".rstrip()) for word, detail in words), default=0)
        self._wide = max(_STATES[0], min(widest, _STATES[1]))
        index = next((at for at, flow in enumerate(rows) if flow.name == state.cursor), None)
        self.show(len(rows), index)

    @property
    def flow(self) -> Flow | None:
        """Returns the flow under the cursor."""
        return self._rows[self.index] if 0 <= self.index < len(self._rows) else None

    def pieces(self, index: int, width: int) -> Sequence[Piece]:
        """Returns a flow's row."""
        flow = self._rows[index]
        word = self._state.shown(flow)
        style = look(word).style
        mark = "*" if flow.name in self._state.marked else " "
        states = min(self._wide, max(_STATES[0], width - _WHEN - 25))
        names = max(8, width - states - _WHEN - 5)
        when = age(self._now - flow.when) if flow.when else ""
        return (
            (mark, "key"),
            (f"{look(word).glyph} ", style),
            (fit(f"{word} {clean(self._state.detail(flow))}".rstrip(), states), style),
            (" ", "plain"),
            (fit(clean(flow.name), names), "plain" if self._state.live else "quiet"),
            (" " + when.rjust(_WHEN), "quiet"),
        )
