"""What halts a whole run before it believes what it saw: another share in the place of ours, clocks far apart.

Brakes on one flow (mass deletes, a flow that is gone) are ``core.plan``'s.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path as FilePath

from flowsync.core.tree import FlowName
from flowsync.durable import settle
from flowsync.errors import ShareError
from flowsync.share.base import Share
from flowsync.sync.link import Link
from flowsync.sync.observe import Seeing

SKEW = 900.0  # seconds; beyond this the service itself refuses what is signed with a key


def _file(state_dir: FilePath, remote: str) -> FilePath:
    return state_dir / "identity" / remote


def known_identity(link: Link) -> str | None:
    """Returns the identity of the share that the remote was linked to, None if it was never looked at."""
    with suppress(FileNotFoundError):
        return _file(link.repo.state_dir, link.remote.name).read_text(encoding="utf-8")
    return None


def accept_share(state_dir: FilePath, remote: str, identity: str) -> None:
    """Writes down that this is the remote's share from now on."""
    file = _file(state_dir, remote)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    new.write_text(identity, encoding="utf-8")
    settle([new])
    new.replace(file)


def halt_at_another_share(link: Link, share: Share, seeing: Mapping[FlowName, Seeing | ShareError]) -> None:
    """Raises ShareError if what was seen is not on the share that the remote was linked to.

    Asked only when something differs from the last look: versions that are all the same are of the same share.
    """
    known = known_identity(link)
    if known is not None and _all_as_before(link, seeing):
        return
    found = share.identity()
    if known is None:
        accept_share(link.repo.state_dir, link.remote.name, found)
    elif found != known:
        raise ShareError(
            f"this is not the share that {link.remote.name} was linked to: it was {known}, now it is {found}; "
            "nothing was changed, here or there",
            "check the mount or the share URL; if it is meant so: flowsync doctor --accept-share",
        )


def _all_as_before(link: Link, seeing: Mapping[FlowName, Seeing | ShareError]) -> bool:
    before = link.cache.observations(link.remote.name)
    return all(
        isinstance(seen, ShareError) or (flow in before and before[flow].fingerprint == seen.scan.fingerprint)
        for flow, seen in seeing.items()
    )


def halt_at_skewed_clocks(link: Link, share: Share) -> None:
    """Raises ShareError if this machine's clock and the share's are too far apart for either to be believed."""
    theirs = share.now()
    if theirs is not None and abs(skew := seconds_ahead(link.now(), theirs)) > SKEW:
        way = "ahead of" if skew > 0 else "behind"
        raise ShareError(
            f"this machine's clock is {abs(skew):.0f} seconds {way} the share's; nothing was changed",
            "set the clock (timedatectl set-ntp true, or w32tm /resync), then run the command again",
        )


def seconds_ahead(ours: datetime, theirs: datetime) -> float:
    """Returns by how many seconds our clock is ahead of the share's."""
    return (ours - theirs).total_seconds()
