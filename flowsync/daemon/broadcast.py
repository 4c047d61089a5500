"""How far the engine is, told to everybody: nothing of a step that is over in a moment, then a few times a second."""

from collections.abc import Callable, Sequence

_MOMENT = 0.15  # seconds that a step may take before anybody is told
_PAUSE = 0.1


class Broadcast:
    """Turns the steps of one pass after the other into ``progress`` events."""

    def __init__(self, tell: Callable[..., None], now: Callable[[], float]) -> None:
        """``tell`` takes the kind of an event and its details, ``now`` is a clock that only ever runs."""
        self._tell, self._now = tell, now
        self._step: tuple[str, int, list[str]] = ("", 0, [])
        self._due = 0.0
        self._told = False

    def begin(self, what: str, total: int, flows: Sequence[str]) -> None:
        """A step begins, about these flows (none: all)."""
        self.end()
        self._step = (what, total, list(flows))
        self._due = self._now() + _MOMENT

    def at(self, done: int) -> None:
        """So many parts of the step are done."""
        if self._now() >= self._due:
            self._due = self._now() + _PAUSE
            self._told = True
            self._say(done, over=False)

    def end(self) -> None:
        """The step, or the whole pass, is over; tells so only if anything was told of it."""
        if self._told:
            self._told = False
            self._say(self._step[1], over=True)

    def _say(self, done: int, over: bool) -> None:
        what, total, flows = self._step
        self._tell("progress", what=what, done=done, total=total, flows=flows, over=over)
