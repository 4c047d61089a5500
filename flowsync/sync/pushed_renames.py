"""Flows that were renamed on the branch: one request renames them on the share, with all that is in them.

Nothing is displaced by it, so there is nothing to guard. If the run dies before it has recorded what it did, the next
look finds the branch's own content under the new name, and nothing under the old one on either side: both sides agree.
"""

from flowsync.cache import Observation
from flowsync.core.plan import Hold
from flowsync.core.tree import FlowName, Path, Seen, Version
from flowsync.errors import ShareError
from flowsync.repo.refs import Move
from flowsync.share.base import Share
from flowsync.share.codes import concerns_share
from flowsync.sync.bases import forget
from flowsync.sync.holds import Consent, Holds
from flowsync.sync.link import Link
from flowsync.sync.renames import Renames
from flowsync.sync.result import Did, Result
from flowsync.sync.scan import Scan, scan
from flowsync.sync.survey import Standing, Survey


def rename_flows(
    link: Link, share: Share, seen: Survey, holds: Holds, renames: Renames
) -> tuple[list[Result], set[FlowName]]:
    """Renames flows on the share, and returns the results and which flows are done with.

    One that the share cannot rename now is tried again by the next run. One whose new name is taken, or that has to
    wait, is left to be written under its new name; what the share has under the old one then waits for a person's
    word, as every flow that was deleted. So does one that is registered in Studio: its record names the folder, and
    nobody can make it name another.
    """
    results: list[Result] = []
    done: set[FlowName] = set()
    registry = link.memory.known()
    for name, old in renames.items():
        new = seen.flows[name]
        hold = holds.to_push(new, Consent()) or holds.to_push(old, Consent())
        free = registry is None or old.flow not in registry.flows
        done |= {name, old.flow}
        try:
            renamed = hold is None and free and share.rename_folder(old.flow, name)
        except ShareError as error:
            if concerns_share(error):
                raise
            results += [Result(flow, Did.FAILED, hold=Hold(error.message, error.hint)) for flow in (old.flow, name)]
            continue
        if renamed:
            results += _renamed(link, share, seen.tip, new, old)
        else:
            done -= {name, old.flow}
            holds.renamed -= {old.flow}
    return results, done


def _renamed(link: Link, share: Share, tip: str | None, new: Standing, old: Standing) -> list[Result]:
    """Records that the share holds the flow under its new name; what Studio saved meanwhile came along, and is read."""
    base = link.repo.refs.get(link.base_ref(old.flow))
    moves = [Move(ref(new.flow), link.repo.refs.get(ref(new.flow)), tip) for ref in (link.tracking_ref, link.base_ref)]
    link.repo.refs.move([*moves, *forget(link, old, base)], "renamed in Studio too")
    before = link.cache.seen(link.remote.name, old.flow)
    look = scan(share, frozenset({new.flow}), frozenset({new.flow}), accept_deletes=True).get(new.flow)
    known: dict[Path, Seen] = {}
    for path, version in look.files.items() if isinstance(look, Scan) else ():
        was = before.get(path)
        if was and (version == was.version or (share.keeps_ids and _same_write(version, was.version))):
            known[path] = Seen(version, was.blob)
    as_before = isinstance(look, Scan) and known.keys() == look.files.keys() == before.keys()
    fingerprint = look.fingerprint if isinstance(look, Scan) and as_before else ""
    last_write = max((seen.version.written for seen in known.values()), default="")
    with link.cache.together():
        link.cache.see(link.remote.name, new.flow, known)
        link.cache.observe(link.remote.name, new.flow, Observation(fingerprint, tip or "", last_write))
        link.cache.observe(link.remote.name, old.flow, None)
    moved = Result(old.flow, Did.PUSHED, (), tip or "")
    if as_before:
        return [moved, Result(new.flow, Did.PUSHED, tuple(sorted(known)), tip or "")]
    hold = Hold("Studio saved it while it was renamed; nothing of it was overwritten", f"flowsync sync {new.flow}")
    return [moved, Result(new.flow, Did.STALE, hold=hold)]


def _same_write(one: Version, other: Version) -> bool:
    return (one.file_id, one.size, one.written) == (other.file_id, other.size, other.written) and bool(one.written)
