"""Importing archives: each is read whole, recognised, and landed; where something is not known, a person chooses."""

from dataclasses import dataclass, field
from pathlib import Path as FilePath

from flowsync.archive.flows import flows_in
from flowsync.archive.layout import Layout, chosen
from flowsync.archive.limits import Limits
from flowsync.archive.reading import Archive
from flowsync.core.plan import Hold
from flowsync.core.tree import FlowName
from flowsync.sync.imported import Wish, bring
from flowsync.sync.incoming import Incoming, incoming, source, store
from flowsync.sync.lineage import Base, Unknown, lineage
from flowsync.sync.link import Link
from flowsync.sync.result import Did, Result

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Options:
    """What a person said: which flow (or every one), which base, how to end, what an archive may ask for."""

    flow: str = ""
    every: bool = False
    base: str | None = None
    wish: Wish = field(default_factory=Wish)
    limits: Limits = field(default_factory=Limits)
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to go on: what to add to the command, and what that means."""

    arguments: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one flow of an archive. ``notes`` say what else a person should know of it."""

    path: FilePath
    result: Result
    choices: tuple[Choice, ...] = ()
    notes: tuple[str, ...] = ()


def take_in(link: Link, path: FilePath, options: Options) -> list[Outcome]:
    """Imports one archive. ArchiveRefused if anything in it is wrong: then nothing of it is taken."""
    with flows_in(path, options.limits, options.encoding) as (archive, found):
        roots = chosen(found, options.flow, options.every)
        if not roots or len({root.name for root in roots}) < len(roots):
            return [_several(path, found)]
        came_from, alone = source(archive, path), len(found.roots) == 1
        every = [incoming(link, archive, root, came_from, options.flow, alone) for root in roots]
        common = common_notes(archive, found)
        return [_take(link, archive, one, options, common) for one in every]


def _several(path: FilePath, found: Layout) -> Outcome:
    names = [root.name for root in found.roots]
    twice = len(set(names)) < len(names)
    ways = [Choice(("--flow", root.folder if twice else root.name), f"only {root.folder}") for root in found.roots]
    every = [] if twice else [Choice(("--all",), "every one of them")]
    hold = Hold(f"it holds {len(names)} flows: {', '.join(root.folder for root in found.roots[:_SHOWN])}")
    return Outcome(path, Result(FlowName(path.name), Did.HELD, hold=hold), (*every, *ways))


def _take(link: Link, archive: Archive, one: Incoming, options: Options, common: tuple[str, ...]) -> Outcome:
    path = one.source.path
    notes = (*common, *own_notes(one))
    if waiting := doubt(link, one):
        return Outcome(path, *waiting, notes)
    tip = link.repo.worktree.tip(link.remote.branch)
    base = lineage(link, one, tip, options.base)
    if isinstance(base, Unknown):
        return Outcome(path, *open_base(one, base), notes)
    store(link, archive, one)
    result = bring(link, [one], base.commit, options.wish)
    return Outcome(path, result, notes=(*notes, told(base)))


def told(base: Base) -> str:
    """Returns how a base was found, for a person."""
    return f"made from {base.commit[:12]} ({base.how})" if base.commit else f"made from nothing ({base.how})"


def doubt(link: Link, one: Incoming) -> tuple[Result, tuple[Choice, ...]] | None:
    """Returns why it is not clear which flow an archive holds, with the choices, or None."""
    if one.kin:
        hold = Hold(f"there is no flow {one.flow} here, and half of its files or more are those of {one.kin}")
        ways = (
            Choice(("--flow", one.kin), f"it is another version of {one.kin}"),
            Choice(("--flow", one.flow), "it is a flow of its own"),
        )
        return Result(one.flow, Did.HELD, hold=hold), ways
    tip = link.repo.worktree.tip(link.remote.branch)
    tracking = link.repo.refs.get(link.tracking_ref(one.flow))
    if tracking and not (tip and link.repo.history.touching(tip, link.remote.folder(one.flow))):
        hold = Hold("Studio has a flow of this name that is not on the branch yet", f"flowsync pull {one.flow}")
        return Result(one.flow, Did.HELD, hold=hold), ()
    return None


def open_base(one: Incoming, unknown: Unknown) -> tuple[Result, tuple[Choice, ...]]:
    """Returns that nothing says what an archive was made from, and the commits that a person can choose from."""
    hold = Hold("nothing says which state of the flow it was made from, so its edits cannot be told from old content")
    ways = tuple(
        Choice(("--base", near.commit[:12]), f"{round(100 * near.alike)} % of the files are as that commit has them")
        for near in unknown.near
    )
    apart = Choice(("--flow", f"{one.flow}-2"), "or take it in as a flow of its own")
    return Result(one.flow, Did.HELD, hold=hold), (*ways, apart)


def common_notes(archive: Archive, found: Layout) -> tuple[str, ...]:
    """Returns what a person should know of an archive as a whole."""
    notes = []
    if archive.assumed:
        names = " and ".join(archive.assumed)
        notes.append(
            f"it does not say how its names are encoded; they were read as {names} (--encoding says otherwise)"
        )
    if found.outside:
        notes.append(f"not part of a flow, and left out: {_some(found.outside)}")
    if found.noise:
        notes.append(f"left behind by a file manager, and left out: {_some(found.noise)}")
    return tuple(notes)


def own_notes(one: Incoming) -> tuple[str, ...]:
    """Returns what a person should know of one flow of an archive."""
    return (f"never synced, and left out: {_some(one.left_out)}",) if one.left_out else ()


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
