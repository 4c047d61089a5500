"""What a person has paused, and until when; kept in a file, so that a restart does not undo it."""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from flowsync.durable import settle

ALL = "*"
FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Pauses:
    """Flow (or ALL) -> until when, in seconds since 1970."""

    until: dict[str, float] = field(default_factory=dict)

    def at(self, wall: float) -> "Pauses":
        """Returns the pauses that are still on."""
        return Pauses({flow: end for flow, end in self.until.items() if end > wall})

    def with_pause(self, flows: Iterable[str], end: float) -> "Pauses":
        """Returns the pauses with these flows (none: everything) paused too."""
        return Pauses({**self.until, **dict.fromkeys(list(flows) or [ALL], end)})

    def without(self, flows: Iterable[str]) -> "Pauses":
        """Returns the pauses with these flows (none: everything) going on."""
        gone = set(flows)
        return Pauses({flow: end for flow, end in self.until.items() if gone and flow not in gone})

    @property
    def everything(self) -> bool:
        """Tells whether the whole daemon is paused."""
        return ALL in self.until

    def next_end(self) -> float:
        """Returns when the first of them ends."""
        return min(self.until.values(), default=FOREVER)


def to_json(pauses: Pauses) -> dict[str, float | None]:
    """Returns the pauses as they are kept and told; None is for ever."""
    return {flow: None if end == FOREVER else end for flow, end in pauses.until.items()}


def load(file: Path) -> Pauses:
    """Reads the pauses; a file that is not there or cannot be read means none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return Pauses({str(flow): FOREVER if end is None else float(end) for flow, end in found.items()})
    except (OSError, ValueError, AttributeError, TypeError):
        return Pauses()


def save(file: Path, pauses: Pauses) -> None:
    """Writes the pauses in one step."""
    if not pauses.until:
        with suppress(FileNotFoundError):
            file.unlink()
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps(to_json(pauses)), encoding="utf-8")
    settle([temporary])  # a power cut must not end a pause
    temporary.replace(file)
