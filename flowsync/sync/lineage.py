"""What an archive was made from: its base, as its comment, a person or the branch's own history tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flowsync.archive.provenance import content_id
from flowsync.core.tree import Blob, FlowName, Path
from flowsync.errors import UsageError
from flowsync.sync.incoming import Incoming, likeness
from flowsync.sync.link import Link
from flowsync.sync.snapshot import blobs

_NEAR = 3  # commits to offer


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
    """Finds the base of an incoming flow."""
    if given is not None:
        commit = link.repo.refs.get(given)
        if commit is None:
            raise UsageError(f"{given} is no commit of this repository", f"flowsync log {one.flow}")
        return Base(commit, "--base")
    history = list(held(link, one.flow, tip))
    if not history:
        return Base(tip, "the flow is new here")
    same = next((commit for commit, content in history if content == one.blobs), None)
    named = _named(link, one, history)
    if named and not (same and link.repo.refs.contains(same, named.commit or "")):
        return named
    if same:
        return Base(same, "the same content")
    ranked = sorted(
        (Near(commit, likeness(one.blobs, content)) for commit, content in history),
        key=lambda near: near.alike,
        reverse=True,
    )
    return Unknown(tuple(ranked[:_NEAR]))


def _named(link: Link, one: Incoming, history: list[tuple[str, Mapping[Path, Blob]]]) -> Base | None:
    """Returns the base that the archive's own comment names: by commit, else by what it once held."""
    said = one.provenance
    commit = link.repo.refs.get(said.commit) if said.commit else None
    if commit and link.flow_tree(commit, one.flow):
        return Base(commit, "the archive's comment")
    if not said.content:
        return None
    found = next((sha for sha, content in history if content_id(content) == said.content), None)
    return Base(found, "the archive's comment") if found else None


def held(link: Link, flow: FlowName, tip: str | None) -> Iterator[tuple[str, Mapping[Path, Blob]]]:
    """Yields the commits in which the flow became what it was, newest first: the branch's, then Studio's."""
    folder = link.remote.folder(flow)
    seen: set[str] = set()
    for end in (tip, link.repo.refs.get(link.tracking_ref(flow))):
        for commit in link.repo.history.touching(end, folder, every=True) if end else ():
            tree = link.flow_tree(commit, flow)
            if tree and tree not in seen:
                seen.add(tree)
                yield commit, blobs(link, tree)
