"""What an archive was made from: its base, as its comment, a person or the branch's own history tells it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from flowsync.archive.provenance import State
from flowsync.core.tree import Blob, File, FlowName, Path
from flowsync.errors import UsageError
from flowsync.sync.incoming import Incoming, likeness
from flowsync.sync.link import Link
from flowsync.sync.snapshot import blobs

_NEAR = 3  # commits to offer
_COMPARED = 100  # states to look for them in
_SAID = "the archive's comment"
_Held = tuple[str, str]  # a commit, and the flow's folder in it


@dataclass(frozen=True, slots=True)
class Base:
    """The commit that an archive's flow was made from, None before the first; ``how`` says how it was found."""

    commit: str | None
    how: str


@dataclass(frozen=True, slots=True)
class Near:
    """A commit that an archive may have been made from, and the share of its files that are the same."""

    commit: str
    alike: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing says what an archive was made from; a person must. Likeliest first."""

    near: tuple[Near, ...]


def lineage(link: Link, one: Incoming, tip: str | None, given: str | None) -> Base | Unknown:
    """Finds the base of an incoming flow: a state that the branch has had.

    What an archive was made from may be ahead of the branch (a fetched state of Studio, another clone's commit). Then
    the last state that both have in common is the base, or a merge would take the rest of it for known and undone.
    """
    if given is not None:
        return _given(link, one.flow, tip, given)
    history = list(held(link, one.flow, tip))
    if not history:
        return Base(tip, "the flow is new here")
    same = holding(link, history, one)
    named = _named(link, one, tip, history)
    if named and not (same and link.repo.refs.contains(same, named.commit or "")):
        return named
    if same:
        return Base(same, "the same content")
    studio = list(held(link, one.flow, link.repo.refs.get(link.tracking_ref(one.flow))))
    if shared := _shared(link, holding(link, studio, one), tip):
        return Base(shared, "what Studio held when last seen")
    return Unknown(_nearest(link, one, (*history, *studio)[:_COMPARED]))


def holding(link: Link, states: Iterable[_Held], one: Incoming) -> str | None:
    """Returns the first of the states that holds exactly what came in, or None."""
    return next((commit for commit, tree in states if _holds(link, tree, one.blobs)), None)


def _holds(link: Link, tree: str, files: Mapping[Path, Blob]) -> bool:
    there = link.repo.objects.files(tree)
    alike = all(isinstance(entry := there.get(path), File) and entry.blob == blob for path, blob in files.items())
    return alike and blobs(link, tree) == files


def _nearest(link: Link, one: Incoming, states: Iterable[_Held]) -> tuple[Near, ...]:
    near = {commit: Near(commit, likeness(one.blobs, blobs(link, tree))) for commit, tree in states}
    return tuple(sorted(near.values(), key=lambda one: one.alike, reverse=True)[:_NEAR])


def _given(link: Link, flow: FlowName, tip: str | None, revision: str) -> Base:
    commit = link.repo.refs.get(revision)
    if commit is None:
        raise UsageError(f"{revision} is no commit of this repository", f"flowsync log {flow}")
    shared = _shared(link, commit, tip)
    if shared is None:
        raise UsageError(f"{revision} has no history in common with {link.remote.branch}", f"flowsync log {flow}")
    return Base(shared, "--base")


def _shared(link: Link, commit: str | None, tip: str | None) -> str | None:
    return link.repo.history.common(commit, tip) if commit and tip else None


def _named(link: Link, one: Incoming, tip: str | None, history: list[_Held]) -> Base | None:
    """Returns the newest state of the archive's past that the branch has had: known by its commit, or its content."""
    said = one.provenance
    by_tree = {tree: commit for commit, tree in reversed(history)}
    for state in (State(said.commit, ""), *said.states):
        shared = _shared(link, link.repo.refs.get(state.commit) if state.commit else None, tip)
        if shared and link.flow_tree(shared, one.flow):
            return Base(shared, _SAID)
        if state.tree in by_tree:
            return Base(by_tree[state.tree], _SAID)
    return None


def held(link: Link, flow: FlowName, end: str | None) -> Iterator[_Held]:
    """Yields the commits of a history in which the flow became what it was, newest first; each state once."""
    seen: set[str] = set()
    for commit in link.repo.history.touching(end, link.remote.folder(flow), every=True) if end else ():
        tree = link.flow_tree(commit, flow)
        if tree and tree not in seen:
            seen.add(tree)
            yield commit, tree
