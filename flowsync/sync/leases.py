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
    """Leases (path -> id) that a push left behind and some file had. ``owed`` are those it tried to give back.

    ``files`` (path -> id on the share) are the files that had the others, as far as the share tells.
    """

    leases: Mapping[str, str]
    owed: frozenset[str]
    files: Mapping[str, str]


def give_back(link: Link, share: Share, chosen: frozenset[FlowName]) -> Left:
    """Gives back the leases of pushes that died, and returns those that some file had.

    They carry these pushes' own ids, so no one else's can be hit.
    """
    left: dict[str, str] = {}
    had: dict[str, str] = {}
    files: dict[str, str] = {}
    for flow, intents in link.journal.unfinished():
        if link.chosen(chosen)(flow):
            seen = link.cache.seen(link.remote.name, flow)
            left.update({f"{flow}/{path}": intent.lease for path, intent in intents.items()})
            had.update({f"{flow}/{path}": intent.lease for path, intent in intents.items() if path in seen})
            files.update({f"{flow}/{path}": seen[path].version.file_id for path in intents if path in seen})
    owed = link.journal.owed()
    if left or owed:
        share.release({**left, **owed})
        link.journal.owe(share.owed())
    leases = {path: lease for path, lease in {**had, **owed}.items() if not path.startswith(f"{TEMPORARIES}/")}
    return Left(leases, frozenset(owed), {} if not share.keeps_ids else files)


def follow(link: Link, share: Share, left: Left, seeing: Mapping[FlowName, Seeing | ShareError], whole: bool) -> None:
    """Gives back the leases of files that are not where they were: a renamed folder takes them along.

    The share's id tells where such a file is now; without one, it is sought at the same path of any other flow. A wrong
    guess is refused and harms nobody. What no ``whole`` look finds is gone, and its lease with it.
    """
    there = {
        f"{flow}/{path}": version.file_id
        for flow, seen in seeing.items()
        if isinstance(seen, Seeing)
        for path, version in seen.scan.files.items()
    }
    astray = {path: lease for path, lease in left.leases.items() if _is_astray(path, left, there)}
    for path, lease in astray.items():
        share.release(dict.fromkeys(_places(path, left, there), lease))
    if astray and not whole:
        link.journal.owe({**link.journal.owed(), **astray})


def _is_astray(path: str, left: Left, there: Mapping[str, str]) -> bool:
    """Tells whether the file that had the lease of this path is elsewhere: by now another one may stand there."""
    if path not in there or path in left.owed:
        return True
    return left.files.get(path, there[path]) != there[path]


def _places(path: str, left: Left, there: Mapping[str, str]) -> list[str]:
    """Returns where the file that had the lease of this path may be now."""
    known = left.files.get(path)
    found = [place for place, file in there.items() if file == known] if known else []
    if found or (known and path in there):  # a file that a push replaced before it died is nowhere
        return found
    inner = path.partition("/")[2]
    return sorted(place for place in there if place.partition("/")[2] == inner)
