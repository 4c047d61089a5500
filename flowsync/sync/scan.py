"""The look at the share: every flow's folder listed whole, or not counted as seen at all."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from flowsync.core.flow import is_flow
from flowsync.core.ignore import may_hold, never_syncs
from flowsync.core.names import problem_with_flow, problem_with_path, twins
from flowsync.core.plan import everything_gone
from flowsync.core.tree import FlowName, Path, Problem, Version
from flowsync.errors import ShareError, ShareMissing
from flowsync.share.base import TEMPORARIES, Listing, Share

NAME = Path(".")
"""The path of a problem with the flow's own folder: its name, or what it is."""

MAX_DEPTH = 100  # folders; Azure Files allows 250, a flow has three, a loop of mounts has no end


@dataclass(frozen=True, slots=True)
class Scan:
    """One flow's folder as listed, complete, without what the built-in rules keep out."""

    files: Mapping[Path, Version]
    problems: Mapping[Path, Problem] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Returns a name for exactly this listing."""
        lines = [f"{path}\0{version.etag}" for path, version in self.files.items()] + list(self.problems)
        return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


Scans = Mapping[FlowName, Scan | ShareError]
"""Per flow what was listed (an empty scan: the folder is proven gone), or why it could not be."""


def scan(
    share: Share,
    chosen: frozenset[FlowName],
    tracked: frozenset[FlowName],
    accept_deletes: bool = False,
    also: frozenset[FlowName] = frozenset(),
) -> Scans:
    """Lists the chosen flows (all, if none is named) level by level, one request per folder and page.

    A folder without a definition is no flow, unless it was one (``tracked``) or is one here (``also``): a first push
    that died has written the sources and not yet the definition.

    Raises ShareError if the remote's own folder cannot be listed, or if every flow that was known is gone at once.
    """
    first, found, odd = _first_level(share, chosen, tracked)
    if not chosen and not accept_deletes and everything_gone(tracked, found):
        raise ShareMissing(
            f"none of the {len(tracked)} flows that Studio held is on the share any more; nothing was changed here",
            "flowsync doctor, and if it is meant so: flowsync sync --accept-deletes",
        )
    walks = {flow: _Walk(flow) for flow, listing in first.items() if flow in tracked | also or _may_be_flow(listing)}
    pending: dict[str, Listing | ShareError] = {flow: first[flow] for flow in walks}
    for _ in range(MAX_DEPTH):
        deeper = [folder for path, listing in pending.items() for folder in walks[_flow_of(path)].take(path, listing)]
        if not deeper:
            break
        pending = dict(share.list(deeper))
    else:
        for path in pending:
            walks[_flow_of(path)].error = ShareError(f"{path} is nested deeper than {MAX_DEPTH} folders")
    gone = {flow: Scan({}) for flow in tracked if flow not in first and (not chosen or flow in chosen)}
    clashing = {FlowName(flow): Scan({}, {NAME: problem}) for flow, problem in twins(walks).items()}
    return {**gone, **{flow: walk.error or walk.scan() for flow, walk in walks.items()}, **clashing, **odd}


def _first_level(
    share: Share, chosen: frozenset[FlowName], tracked: frozenset[FlowName]
) -> tuple[dict[FlowName, Listing | ShareError], frozenset[FlowName], Scans]:
    """Returns the listings of the flows' own folders, the names of all that is there, and what cannot be a flow.

    A chosen flow's folder is asked for directly. Only if it is missing is the remote's folder listed too: that the
    folder above is there, without it, is the proof that the flow is gone.
    """
    if chosen:
        listings = {FlowName(path): listing for path, listing in share.list(sorted(chosen)).items()}
        if not any(isinstance(listing, ShareError) for listing in listings.values()):
            return listings, frozenset(listings), {}
        root = _root(share)
        there = {flow: listing for flow, listing in listings.items() if flow in root.folders}
        return there, frozenset(there), {flow: scan for flow, scan in _odd(root).items() if flow in chosen}
    root = _root(share)
    odd = _odd(root)
    names = [FlowName(name) for name in root.folders if name != TEMPORARIES and may_hold(name)]
    listings = {FlowName(path): listing for path, listing in share.list(names).items()}
    if any(isinstance(listing, ShareMissing) for listing in listings.values()):
        root = _root(share)  # a folder that was listed and then not found is gone only if the one above says so, too
    present = {
        flow: listing
        for flow, listing in listings.items()
        if flow in root.folders or not isinstance(listing, ShareMissing)
    }
    return present, frozenset([*names, *odd]), odd


def _odd(root: Listing) -> Scans:
    """Returns what stands where flows are and cannot be one: a link, or a name that not every system can hold."""
    return {FlowName(name): Scan({}, {NAME: problem}) for name, problem in root.problems.items() if may_hold(name)}


def _root(share: Share) -> Listing:
    listing = share.list([""])[""]
    if isinstance(listing, ShareError):
        raise listing
    return listing


def _may_be_flow(listing: Listing | ShareError) -> bool:
    return isinstance(listing, ShareError) or is_flow(listing.files)


def _flow_of(path: str) -> FlowName:
    return FlowName(path.partition("/")[0])


class _Walk:
    """One flow's folders, as their listings come in."""

    def __init__(self, flow: FlowName) -> None:
        self._flow = flow
        self._files: dict[Path, Version] = {}
        self._problems: dict[Path, Problem] = {}
        self.error: ShareError | None = None

    def take(self, folder: str, listing: Listing | ShareError) -> list[str]:
        """Takes in one folder's listing and returns the folders below it that are to be listed next."""
        if isinstance(listing, ShareError):
            self.error = self.error or listing
            return []
        inner = folder.removeprefix(self._flow).removeprefix("/")
        inner = f"{inner}/" if inner else ""
        self._files.update(
            {Path(inner + name): version for name, version in listing.files.items() if not never_syncs(inner + name)}
        )
        self._problems.update(
            {Path(inner + name): problem for name, problem in listing.problems.items() if not never_syncs(inner + name)}
        )
        return [f"{folder}/{name}" for name in listing.folders if may_hold(inner + name)]

    def scan(self) -> Scan:
        """Returns what was listed, with the names that cannot be synced set apart."""
        problems = dict(self._problems)
        if problem := problem_with_flow(self._flow):
            problems[NAME] = problem
        clashing = twins(self._files)
        for path in self._files:
            if problem := clashing.get(path) or problem_with_path(path):
                problems[path] = problem
        return Scan({path: version for path, version in self._files.items() if path not in problems}, problems)
