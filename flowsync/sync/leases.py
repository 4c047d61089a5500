"""Leases that a push left behind: given back before the next look, or after it where a renamed folder took them."""

from collections.abc import Mapping
from dataclasses import dataclass

from flowsync.core.tree import FlowName
from flowsync.errors import ShareError
from flowsync.share.base import TEMPORARIES, Share
from flowsync.sync.link import Link
from flowsync.sync.observe import Seeing


@dataclass(frozen=True, slots=True)
class Left:
    """Leases (path -> id) that a push left behind and some file had. ``owed`` are those it tried to give back."""

    leases: Mapping[str, str]
    owed: frozenset[str]


def give_back(link: Link, share: Share, chosen: frozenset[FlowName]) -> Left:
    """Gives back the leases of pushes that died, and returns those that some file had.

    They carry these pushes' own ids, so no one else's can be hit.
    """
    left: dict[str, str] = {}
    had: dict[str, str] = {}
    for flow, intents in link.journal.unfinished():
        if link.chosen(chosen)(flow):
            seen = link.cache.seen(link.remote.name, flow)
            left.update({f"{flow}/{path}": intent.lease for path, intent in intents.items()})
            had.update({f"{flow}/{path}": intent.lease for path, intent in intents.items() if path in seen})
    owed = link.journal.owed()
    if left or owed:
        share.release({**left, **owed})
        link.journal.owe(share.owed())
    leases = {path: lease for path, lease in {**had, **owed}.items() if not path.startswith(f"{TEMPORARIES}/")}
    return Left(leases, frozenset(owed))


def follow(link: Link, share: Share, left: Left, seeing: Mapping[FlowName, Seeing | ShareError], whole: bool) -> None:
    """Gives back the leases of files that are not where they were: at the same path of any other flow.

    A wrong guess is refused and harms nobody. What no ``whole`` look finds is gone, and its lease with it. Another file
    may stand by now where an owed one was.
    """
    there = {f"{flow}/{path}" for flow, seen in seeing.items() if isinstance(seen, Seeing) for path in seen.scan.files}
    astray = {path: lease for path, lease in left.leases.items() if path not in there or path in left.owed}
    for path, lease in astray.items():
        inner = path.partition("/")[2]
        share.release({other: lease for other in sorted(there) if other.partition("/")[2] == inner})
    if astray and not whole:
        link.journal.owe({**link.journal.owed(), **astray})
