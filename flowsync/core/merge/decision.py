"""What a merge decided, as data: for the driver's file, for ``resolve`` and for the terminal UI."""

from dataclasses import dataclass
from enum import Enum

VERSION = 1


class Action(Enum):
    """What was taken."""

    LOCAL = "local"
    REMOTE = "remote"
    EITHER = "either"  # both sides did the same
    BOTH = "both"  # lines of a text from both
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Decision:
    """One place where a side differs from base. The texts are the key and its value at the left margin; None: absent.

    ``path`` names it as ``nodes/summarise/inputs/temperature``. ``suggestion`` is a text that would settle a conflict.
    """

    path: str
    action: Action
    base: str | None
    local: str | None
    remote: str | None
    reason: str = ""
    suggestion: str | None = None

    @property
    def conflict(self) -> bool:
        """Whether a person has to decide."""
        return self.action is Action.CONFLICT

    def to_json(self) -> dict[str, str | None]:
        """Returns the decision as plain data."""
        return {
            "path": self.path,
            "action": self.action.value,
            "base": self.base,
            "local": self.local,
            "remote": self.remote,
            "reason": self.reason,
            "suggestion": self.suggestion,
        }


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome of a merge.

    ``unable`` says why the texts could not be merged by meaning; then there is no content, and the caller merges lines.
    """

    content: bytes
    decisions: tuple[Decision, ...] = ()
    unable: str = ""

    @property
    def conflicts(self) -> tuple[Decision, ...]:
        """The decisions that are a person's; each stands between markers in ``content``."""
        return tuple(decision for decision in self.decisions if decision.conflict)

    @property
    def clean(self) -> bool:
        """Whether ``content`` is the merge, with nothing left to decide."""
        return not self.unable and not self.conflicts

    def to_json(self) -> str:
        """Returns the decisions as a JSON text."""
        import json  # here, since a clean merge needs none

        decisions = [decision.to_json() for decision in self.decisions]
        data = {"version": VERSION, "unable": self.unable, "decisions": decisions}
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
