"""What to do with one flow: ``plan(base, local, remote)``, and the brakes that stop a plan from doing harm.

Pure: a plan is data, printing it is the dry run. Trees come in without the paths that never sync. None in place of a
tree means that the flow is not there on that side. Whether two edits of the same file can be joined is not decided
here: a plan names these paths as clashes, and the text merge (in Git, with flowsync's driver) turns a plan that is
``diverged`` into a merge or a conflict.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from flowsync.core.tree import Change, Entry, FlowName, Path, Problem, Tree, diff


class State(StrEnum):
    """Where a flow stands; the words of ``flowsync status``."""

    IN_SYNC = "in-sync"
    LOCAL_AHEAD = "local-ahead"
    STUDIO_AHEAD = "studio-ahead"
    DIVERGED = "diverged"
    CONFLICT = "conflict"
    LOCAL_ONLY = "local-only"
    STUDIO_ONLY = "studio-only"
    DELETED_LOCALLY = "deleted-locally"
    DELETED_IN_STUDIO = "deleted-in-studio"
    HELD = "held"
    PROBLEM = "problem"


TO_LAND = frozenset({State.STUDIO_AHEAD, State.STUDIO_ONLY, State.DELETED_IN_STUDIO})
TO_PUSH = frozenset({State.LOCAL_AHEAD, State.LOCAL_ONLY, State.DELETED_LOCALLY})
BOTH = frozenset({State.DIVERGED, State.CONFLICT})


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a flow waits, and what would let it go on."""

    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Clash:
    """A path that both sides changed, and differently. None means absent."""

    path: Path
    base: Entry | None
    local: Entry | None
    remote: Entry | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The result of comparing the three trees of one flow.

    ``local`` is what the branch changed since base, ``remote`` what Studio changed since base.
    """

    state: State
    local: tuple[Change, ...] = ()
    remote: tuple[Change, ...] = ()
    clashes: tuple[Clash, ...] = ()
    problems: Mapping[Path, Problem] = field(default_factory=dict)


def plan(base: Tree | None, local: Tree | None, remote: Tree | None) -> Plan:
    """Compares the three trees of one flow and says what each side needs."""
    ours, theirs = diff(base or {}, local or {}), diff(base or {}, remote or {})
    problems = {
        path: entry for side in (local, remote) for path, entry in (side or {}).items() if isinstance(entry, Problem)
    }
    if problems:
        return Plan(State.PROBLEM, ours, theirs, (), problems)
    if local == remote:
        return Plan(State.IN_SYNC, ours, theirs)
    state = _one_sided(base, local, remote, bool(ours), bool(theirs))
    if state is not None:
        return Plan(state, ours, theirs)
    # Here both sides changed since base, and not to the same result.
    if local is None or remote is None:
        return Plan(State.CONFLICT, ours, theirs, _clashes(base, local, remote))
    return Plan(State.DIVERGED, ours, theirs, _clashes(base, local, remote))


def _one_sided(base: Tree | None, local: Tree | None, remote: Tree | None, ours: bool, theirs: bool) -> State | None:
    if base is None and local is None:
        return State.STUDIO_ONLY
    if base is None and remote is None:
        return State.LOCAL_ONLY
    if base is None:
        return None
    if not theirs and remote is not None:
        return State.DELETED_LOCALLY if local is None else State.LOCAL_AHEAD
    if not ours and local is not None:
        return State.DELETED_IN_STUDIO if remote is None else State.STUDIO_AHEAD
    return None


def _clashes(base: Tree | None, local: Tree | None, remote: Tree | None) -> tuple[Clash, ...]:
    before, mine, theirs = base or {}, local or {}, remote or {}
    return tuple(
        Clash(path, before.get(path), mine.get(path), theirs.get(path))
        for path in sorted(before.keys() | mine.keys() | theirs.keys())
        if before.get(path) != mine.get(path) != theirs.get(path) != before.get(path)
    )


def brake(flow: FlowName, decided: Plan, base: Tree | None, max_deletes: float) -> Hold | None:
    """Returns why a plan that deletes must wait for a person, or None.

    ``max_deletes`` is the share of base's files (0 to 1) that one side may drop at once without being asked.
    """
    accept = f"flowsync sync --accept-deletes {flow}"
    if decided.state is State.DELETED_IN_STUDIO:
        return Hold("the whole flow is gone from Studio", f"{accept}, or to keep it: flowsync resolve {flow} --ours")
    if decided.state is State.DELETED_LOCALLY:
        back = f"flowsync resolve {flow} --theirs"
        return Hold("the whole flow was deleted on the branch; Studio still has it", f"{accept}, or to keep it: {back}")
    total = len(base or {})
    for side, changes in (("here", decided.local), ("in Studio", decided.remote)):
        gone = sum(change.new is None for change in changes)
        if gone > 1 and gone > total * max_deletes:
            return Hold(f"{gone} of {total} files were deleted {side} at once", accept)
    return None


def everything_gone(tracked: Collection[FlowName], found: Collection[FlowName]) -> bool:
    """Tells whether flows were known and not one of them is left: a vanished root looks like this, a person does not.

    A single tracked flow is not enough to tell; its own brake asks.
    """
    return len(tracked) > 1 and not set(tracked) & set(found)
