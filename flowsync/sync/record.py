"""From what was seen to tracking refs: one snapshot commit per flow that changed, refs moved in one transaction."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from flowsync.cache import Observation
from flowsync.core.ignore import ignored_by, is_ignore_file
from flowsync.core.tree import Blob, File, FlowName, Path, Problem
from flowsync.errors import ShareError
from flowsync.journal import Intent
from flowsync.repo.encoding import Signature
from flowsync.repo.refs import Move
from flowsync.sync.includes import resolved
from flowsync.sync.link import Link
from flowsync.sync.message import studio_message
from flowsync.sync.observe import Seeing, when
from flowsync.sync.scan import NAME
from flowsync.sync.snapshot import COMMITTER, commit, folder, holding, overlay
from flowsync.sync.survey import local_flows, on_branch, syncing


@dataclass(frozen=True, slots=True)
class _Here:
    """The Git side, as it was when the recording began."""

    tip: str | None
    local: Mapping[FlowName, str]
    tracking: Mapping[FlowName, str]
    bases: Mapping[FlowName, str]
    landed: Mapping[FlowName, str]


def record(link: Link, seeing: Mapping[FlowName, Seeing | ShareError]) -> dict[FlowName, str]:
    """Moves the tracking ref of every flow that was seen whole and settled; returns the ones that moved.

    Oldest save first, so that history reads in the order in which it happened.
    """
    finish(link, seeing)
    here = _look(link, seeing.keys())
    observations = link.cache.observations(link.remote.name)
    moves: list[Move] = []
    moved: dict[FlowName, str] = {}
    settled: list[tuple[FlowName, Seeing, str | None]] = []
    for flow, seen in sorted(_whole(seeing).items(), key=lambda item: (item[1].last_write, item[0])):
        before = observations.get(flow, Observation())
        tracking = here.tracking.get(flow)
        if seen.hold or NAME in seen.scan.problems:
            doubted = Observation("", before.tracking, before.last_write, seen.hold, seen.scan.problems)
            link.cache.observe(link.remote.name, flow, doubted)
            continue
        known = before.fingerprint == seen.scan.fingerprint and tracking and before.tracking == tracking
        if known and before.hold is None:
            continue
        new, is_base = _track(link, here, flow, seen)
        if new != tracking:
            moves.append(Move(link.tracking_ref(flow), tracking, new))
            if new:
                moved[flow] = new
        base = new if is_base else _seen_here(link, here, flow, new)
        if base and base != here.bases.get(flow):
            moves.append(Move(link.base_ref(flow), here.bases.get(flow), base))
        settled.append((flow, seen, new))
    link.repo.refs.move(moves, "look at the share")
    with link.cache.together():
        for flow, seen, new in settled:
            link.cache.see(link.remote.name, flow, seen.files)
            problems = _problems(link, seen)
            observation = Observation(seen.scan.fingerprint, new or "", seen.last_write, None, problems)
            link.cache.observe(link.remote.name, flow, observation if new else None)
    return moved


def _whole(seeing: Mapping[FlowName, Seeing | ShareError]) -> dict[FlowName, Seeing]:
    return {flow: seen for flow, seen in seeing.items() if isinstance(seen, Seeing)}


def _look(link: Link, seen: Collection[FlowName]) -> _Here:
    tip, tracking, bases = link.refs()
    return _Here(
        tip,
        local_flows(link, tip, frozenset(tracking) | frozenset(seen)),  # also a folder that has a flow's name by chance
        tracking,
        bases,
        link.flows_below(link.tracking_prefix, tip) if tip else {},
    )


def _seen_here(link: Link, here: _Here, flow: FlowName, new: str | None) -> str | None:
    """Returns the tracking commit that the branch holds and that is about to be succeeded, or None.

    A person's own merge makes it the base, which only its ancestry says; with the ref's move that is forgotten. So is
    the landing of a run that died before the refs moved: the branch then holds the same content under another commit.
    """
    tracking, base = here.tracking.get(flow), here.bases.get(flow)
    if tracking is None or new == tracking or flow in here.landed:
        return here.landed.get(flow) if new != tracking else None
    tree = link.flow_tree(tracking, flow)
    if tree is None or tree == link.flow_tree(base, flow):
        return None
    return tracking if on_branch(link, flow, here.tip, base, tree) else None


def _track(link: Link, here: _Here, flow: FlowName, seen: Seeing) -> tuple[str | None, bool]:
    """Returns the commit that the tracking ref is to point at, and whether it is the base too."""
    tracking, local = here.tracking.get(flow), here.local.get(flow)
    now = link.flow_tree(tracking, flow)
    files = _files(link, seen, now)
    if tracking is None:
        if not files:
            return None, False
        taken = resolved(link, here.tip, flow, local)
        if taken and _holds(link, taken.tree, files):
            return holding(link, here.tip, flow, taken.tree), True
        if adopted := _adopted(link, here.tip, flow, files) if local else None:
            return adopted, True
        parent = here.tip if local is None else _before(link, here.tip, flow)
    else:
        same_here = flow in here.landed and (now == local or syncing(link, now) == syncing(link, local))
        parent = here.tip if same_here else tracking
    beside = link.flow_tree(parent, flow)
    tree = folder(link, files, beside, now or local)
    if tracking is not None and (tree == now or _holds(link, now, files)):
        return tracking, False
    author = _author(link, seen)
    whole = overlay(link, parent, flow, tree)
    return commit(link, parent, whole, author, studio_message(link, flow, now, tree)), False


def _files(link: Link, seen: Seeing, now: str | None) -> dict[Path, Blob]:
    """Returns the content of a flow as seen, without what its own ignore files keep out.

    What a problem hides is not gone: it stays as the tracking ref has it.
    """
    ignored = _ignored(link, seen)
    files = {path: file.blob for path, file in seen.files.items() if not ignored(path)}
    for path, entry in link.repo.objects.files(now).items() if now and seen.scan.problems else ():
        hidden = any(path == bad or path.startswith(f"{bad}/") for bad in seen.scan.problems)
        if hidden and isinstance(entry, File) and not ignored(path):
            files.setdefault(path, entry.blob)
    return files


def _problems(link: Link, seen: Seeing) -> dict[Path, Problem]:
    """Returns the problems of a flow as seen, but for what its own ignore files keep out."""
    ignored = _ignored(link, seen) if seen.scan.problems else None
    return {path: problem for path, problem in seen.scan.problems.items() if not (ignored and ignored(path))}


def _ignored(link: Link, seen: Seeing) -> Callable[[str], bool]:
    rules = {path: link.repo.objects.read(file.blob) for path, file in seen.files.items() if is_ignore_file(path)}
    return ignored_by(rules)


def _holds(link: Link, tree: str | None, files: Mapping[Path, Blob]) -> bool:
    (entries,) = syncing(link, tree)
    return {path: entry.blob for path, entry in (entries or {}).items() if isinstance(entry, File)} == files


def _adopted(link: Link, tip: str | None, flow: FlowName, files: Mapping[Path, Blob]) -> str | None:
    """Returns the newest commit of the branch whose flow equals what the share holds, or None."""
    for sha in link.repo.history.touching(tip or "", link.remote.folder(flow)):
        tree = link.flow_tree(sha, flow)
        if _holds(link, tree, files):
            return sha
        taken = resolved(link, sha, flow, tree)
        if taken and taken.takes_in and _holds(link, taken.tree, files):
            return holding(link, sha, flow, taken.tree)
    return None


def _before(link: Link, tip: str | None, flow: FlowName) -> str | None:
    """Returns the last commit before the flow came to the branch, None if it was there from the first.

    Two contents that never met have no common ancestor. Standing on a commit without the flow, the share's content
    reads as added on both sides, and a merge of the two is a conflict that a person decides.
    """
    *_, first = link.repo.history.touching(tip or "", link.remote.folder(flow))
    parents = link.repo.objects.commit(first).parents
    return parents[0] if parents else None


def _author(link: Link, seen: Seeing) -> Signature:
    at = when(seen.last_write) if seen.last_write else link.now()
    name, _, rest = (link.remote.author or link.owner).partition("<")
    email = rest.rstrip("> ") or f"{name.strip()}@studio"
    return Signature(name.strip(), email, int(at.timestamp()))


def finish(link: Link, seeing: Mapping[FlowName, Seeing | ShareError]) -> None:
    """Settles pushes that a run before this one began and did not end, now that the share was looked at."""
    for flow, intents in link.journal.unfinished():
        seen = seeing.get(flow)
        if isinstance(seen, Seeing):
            done = {path: intent.blob for path, intent in intents.items() if intent.done or _shows(seen, path, intent)}
            advance(link, flow, done)
            link.journal.end(flow)


def _shows(seen: Seeing, path: Path, intent: Intent) -> bool:
    """Tells whether a write whose reply nobody heard took effect: the share holds exactly what it was to write."""
    file = seen.files.get(path)
    return (file.blob if file else None) == intent.blob


def advance(link: Link, flow: FlowName, done: Mapping[Path, Blob | None]) -> None:
    """Moves tracking ref and base by the writes of a push that did not come to its end (None: a removal)."""
    if not done:
        return
    refs = link.repo.refs
    moves = []
    for ref in (link.tracking_ref(flow), link.base_ref(flow)):
        at = refs.get(ref)
        tree = link.flow_tree(at, flow)
        (entries,) = syncing(link, tree) if tree else (None,)
        files = {path: entry.blob for path, entry in (entries or {}).items() if isinstance(entry, File)}
        for path, blob in done.items():
            if blob is None:
                files.pop(path, None)
            else:
                files[path] = blob
        local = link.flow_tree(link.repo.worktree.tip(link.remote.branch), flow)
        whole = overlay(link, at, flow, folder(link, files, tree, local))
        if at and whole == link.repo.objects.commit(at).tree:
            continue
        author = Signature(*COMMITTER, int(link.now().timestamp()))
        message = f"{flow}: pushed in part\n\nFiles: {', '.join(sorted(done))}\n"
        moves.append(Move(ref, at, commit(link, at, whole, author, message)))
    refs.move(moves, "push in part")
