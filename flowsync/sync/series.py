"""History from a row of old downloads of a flow: oldest first, each a commit with the date of its newest entry.

What is newer than all that the branch holds lands on its tip. What is older than a state that the branch holds can no
longer come before it; it joins the history beside it, by a merge that leaves the flow as it is.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath

from flowsync.archive.flows import flows_in
from flowsync.archive.layout import chosen
from flowsync.core.plain import count
from flowsync.core.plan import Hold
from flowsync.core.tree import FlowName
from flowsync.errors import UsageError
from flowsync.sync.holds import Holds
from flowsync.sync.imported import bring, commits
from flowsync.sync.importing import Options, Outcome, common_notes, doubt, open_base, own_notes, told
from flowsync.sync.incoming import Incoming, incoming, source, store
from flowsync.sync.lineage import Base, Unknown, held, holding, lineage
from flowsync.sync.link import Link
from flowsync.sync.result import Did, Result


def rebuild(link: Link, paths: Sequence[FilePath], options: Options) -> list[Outcome]:
    """Imports many archives as the history of the flows in them. If one is refused, none is taken."""
    notes: dict[FlowName, tuple[str, ...]] = {}
    rows: dict[FlowName, list[Incoming]] = {}
    for path in paths:
        with flows_in(path, options.limits, options.encoding) as (archive, found):
            roots = chosen(found, options.flow, options.every)
            if not roots:
                raise UsageError(f"{path.name} holds several flows", "--flow with the name of one of them, or --all")
            came_from, alone = source(archive, path), len(found.roots) == 1
            for root in roots:
                one = incoming(link, archive, root, came_from, options.flow, alone)
                store(link, archive, one)
                rows.setdefault(one.flow, []).append(one)
                notes[one.flow] = tuple(
                    dict.fromkeys((*notes.get(one.flow, ()), *common_notes(archive, found), *own_notes(one)))
                )
    _judge_names(link, rows, options)
    return [out for flow in sorted(rows) for out in _flow(link, _in_order(rows[flow]), options, notes[flow])]


def _judge_names(link: Link, rows: Mapping[FlowName, Sequence[Incoming]], options: Options) -> None:
    """Refuses to take archives for as many new flows only because their files have different names."""
    tip = link.repo.worktree.tip(link.remote.branch)
    new = [
        flow
        for flow, row in rows.items()
        if not options.flow and any(one.named_by_file for one in row) and not (tip and link.flow_tree(tip, flow))
    ]
    if len(new) > 1:
        raise UsageError(f"the archives do not say which flow they are of ({', '.join(sorted(new))})", "--flow NAME")


def _in_order(row: Sequence[Incoming]) -> list[Incoming]:
    return sorted(row, key=lambda one: (one.source.written, one.source.path.name))


def _flow(link: Link, row: list[Incoming], options: Options, notes: tuple[str, ...]) -> list[Outcome]:
    """Lands one flow's row of archives: those after the last that the branch knows, then those before."""
    last = row[-1]
    path = last.source.path
    if waiting := doubt(link, last):
        return [Outcome(path, *waiting, notes)]
    tip = link.repo.worktree.tip(link.remote.branch)
    known = _known(link, row, tip) if options.base is None else {}
    if known:
        at = max(known)
        older, newer, base = row[:at], row[at + 1 :], Base(known[at], "the same content")
    else:
        found = lineage(link, row[0], tip, options.base)
        if isinstance(found, Unknown):
            return [Outcome(path, *open_base(last, found), notes)]
        older, newer, base = [], row, found
    outcomes = []
    if newer:
        result = bring(link, newer, base.commit, options.wish)
        outcomes.append(Outcome(path, result, notes=(*notes, f"{count(len(newer), 'archive')}, {told(base)}")))
    outcomes += _beside(link, [one for index, one in enumerate(older) if index not in known], options)
    nothing = Result(last.flow, Did.UNCHANGED, hold=Hold("the branch's history holds all of them already"))
    return outcomes or [Outcome(path, nothing, notes=notes)]


def _known(link: Link, row: Sequence[Incoming], tip: str | None) -> Mapping[int, str]:
    """Returns which of the archives hold what the flow already was in some commit, by their place in the row."""
    states = list(held(link, row[0].flow, tip))
    found = {index: holding(link, states, one) for index, one in enumerate(row)}
    return {index: commit for index, commit in found.items() if commit}


def _beside(link: Link, older: Sequence[Incoming], options: Options) -> list[Outcome]:
    """Joins archives from before the branch's own history to it, without a change of the flow."""
    tip = link.repo.worktree.tip(link.remote.branch)
    if not older or tip is None:
        return []
    one = older[-1]
    result = Result(one.flow, Did.MERGED)
    before = f"{count(len(older), 'archive')} from before the branch's own history of the flow"
    note = f"{before}: git log --full-history shows {'it' if len(older) == 1 else 'them'}"
    if not options.wish.dry_run and options.wish.commit:
        if busy := Holds(link, {}).busy:
            return [Outcome(one.source.path, Result(one.flow, Did.HELD, hold=busy))]
        result = Result(one.flow, Did.MERGED, commit=_join(link, older, tip))
    return [Outcome(one.source.path, result, notes=(note,))]


def _join(link: Link, older: Sequence[Incoming], tip: str) -> str:
    flow = older[0].flow
    *_, first = link.repo.history.touching(tip, link.remote.folder(flow))
    parents = link.repo.objects.commit(first).parents
    chain = commits(link, older, parents[0] if parents else None)
    author, committer = link.repo.person()
    message = f"{flow}: join its history from {len(older)} older archives\n"
    tree = link.repo.objects.commit(tip).tree
    new = link.repo.objects.write_commit(tree, (tip, chain[-1]), author, committer, message)
    link.repo.worktree.fast_forward(link.remote.branch, tip, new)
    return new
