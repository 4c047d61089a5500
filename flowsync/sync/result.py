"""What a command did with each flow; values that the CLI, the daemon and the TUI show."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from flowsync.core.plan import Hold
from flowsync.core.tree import FlowName, Path, Problem
from flowsync.errors import Exit


class Did(StrEnum):
    """What happened to a flow."""

    FETCHED = "fetched"  # the tracking ref moved
    LANDED = "landed"  # Studio's edits are on the branch
    MERGED = "merged"  # both sides' edits are joined on the branch
    PUSHED = "pushed"  # the branch's edits are in Studio
    RESTORED = "restored"  # the flow is as an older commit had it
    DISCARDED = "discarded"  # uncommitted edits are dropped; a commit keeps them
    UNCHANGED = "unchanged"  # an archive brought nothing that the branch's history does not hold
    HELD = "held"
    CONFLICT = "conflict"
    PROBLEM = "problem"
    STALE = "stale"  # Studio moved while we pushed; nothing of it was overwritten
    FAILED = "failed"  # the share refused


_WAITING = frozenset({Did.HELD, Did.CONFLICT, Did.PROBLEM, Did.STALE})


@dataclass(frozen=True, slots=True)
class Result:
    """One flow's outcome. ``paths`` are the files it is about, ``hold`` the reason and the next command.

    ``before`` is the branch's commit before, where a person's command moved it: ``restore`` goes back there.
    """

    flow: FlowName
    did: Did
    paths: tuple[Path, ...] = ()
    commit: str = ""
    hold: Hold | None = None
    before: str = ""


def exit_code(results: Iterable[Result]) -> Exit:
    """Returns how a command with these results ends."""
    kinds = {result.did for result in results}
    if Did.FAILED in kinds:
        return Exit.SHARE
    return Exit.ATTENTION if kinds & _WAITING else Exit.DONE


def behind(flow: FlowName) -> Result:
    """Returns the result of a push that Studio's edits have to be landed before."""
    return Result(flow, Did.STALE, hold=Hold("Studio has edits that the branch lacks", f"flowsync pull {flow}"))


def problem_result(flow: FlowName, problems: dict[Path, Problem]) -> Result:
    """Returns the result of a flow with paths that cannot be synced; the first of them is the reason."""
    path, problem = next(iter(sorted(problems.items())))
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    where = "" if path == "." else f"{path}: "  # "." is the flow's own folder
    hold = Hold(f"{where}{problem.reason}{more}", problem.hint)
    return Result(flow, Did.PROBLEM, tuple(sorted(problems)), hold=hold)
