"""What is worth a person's attention, and how often they may be told. Pure: events in, notices out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_EACH = 300.0  # seconds before the same flow is told of for the same reason again
_BURST, _REFILL = 5, 60.0  # notices at once, and seconds for one more


@dataclass(frozen=True, slots=True)
class Notice:
    """``about`` is conflict, foreign-edit, held-push or error."""

    about: str
    flow: str
    text: str


def notices(event: Mapping[str, Any]) -> list[Notice]:
    """Returns what an event of the board is worth telling a person."""
    if event["kind"] == "notice":
        return [Notice(event["about"], event.get("flow", ""), event["text"])]
    if event["kind"] != "result":
        return []
    found = []
    for result in event["results"]:
        flow, hold = result["flow"], result["hold"] or {"reason": "", "hint": ""}
        if result["did"] == "conflict":
            found.append(Notice("conflict", flow, f"{flow}: {hold['reason']}. {hold['hint']}"))
        elif result["did"] in ("landed", "merged"):
            found.append(Notice("foreign-edit", flow, f"{flow} was edited in Studio: {_few(result['paths'])}"))
        elif result["did"] in ("held", "problem") and "mode is" not in hold["reason"]:
            found.append(Notice("held-push", flow, f"{flow} waits: {hold['reason']}. {hold['hint']}"))
        elif result["did"] == "failed":
            found.append(Notice("error", flow, f"{flow}: {hold['reason']}"))
    return found


def _few(paths: list[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


@dataclass(slots=True)
class Limit:
    """Lets a notice through unless the same was told lately, or too many were."""

    clock: Callable[[], float]
    _told: dict[tuple[str, str], float] = field(default_factory=dict)
    _left: float = _BURST
    _at: float | None = None

    def allows(self, notice: Notice) -> bool:
        """Tells whether to tell, and counts it."""
        now = self.clock()
        if self._at is not None:
            self._left = min(_BURST, self._left + (now - self._at) / _REFILL)
        self._at = now
        key = (notice.about, notice.flow)
        if now - self._told.get(key, float("-inf")) < _EACH or self._left < 1:
            return False
        self._left -= 1
        self._told[key] = now
        return True
