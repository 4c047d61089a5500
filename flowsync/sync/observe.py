"""From a Studio save to a tracking commit: look, fetch what was never seen, store it, record it.

Content goes into Git's object store before anything else happens to it. A flow whose two looks disagree, or that seems
to be in the middle of an upload, is held: its tracking ref stays where it was until a later look finds it settled.
"""

import dataclasses
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO, cast

from flowsync.cache import Observation
from flowsync.core import document
from flowsync.core.flow import kind_of
from flowsync.core.plan import Hold
from flowsync.core.tree import FlowName, Path, Seen
from flowsync.errors import ShareError, ShareMissing
from flowsync.repo.bulk import Store
from flowsync.share.base import Content, Share
from flowsync.sync.link import Link
from flowsync.sync.scan import Scan, Scans, scan
from flowsync.sync.survey import local_flows

_LOOKS = 3  # a flow that differs from its listing this often is being written to right now


@dataclass(frozen=True, slots=True)
class Seeing:
    """One flow as the share holds it: every file's version and content, all of one and the same listing."""

    scan: Scan
    files: Mapping[Path, Seen]
    hold: Hold | None = None
    doubts: Mapping[Path, str] = field(default_factory=dict)  # files that look half-written, and why

    @property
    def last_write(self) -> str:
        """Returns the newest last write time of the flow's files, "" if it has none."""
        return max((file.version.written for file in self.files.values()), default="")


def observe(
    link: Link, share: Share, flows: frozenset[FlowName], accept_deletes: bool = False
) -> Mapping[FlowName, Seeing | ShareError]:
    """Looks at the flows (all, if none is named) and stores every content that was never seen."""
    tracking = link.flows_below(link.tracking_prefix)
    tracked = frozenset(tracking)
    unfinished = frozenset(flow for flow, _ in link.journal.unfinished() if link.chosen(flows)(flow))
    tip = link.repo.worktree.tip(link.remote.branch)
    also = unfinished | local_flows(link, tip, frozenset()).keys()
    # a push that died before it made the flow's folder: that nothing is there is what there is to see
    scans = {**dict.fromkeys(unfinished, Scan({})), **scan(share, flows, tracked, accept_deletes, also)}
    observations = link.cache.observations(link.remote.name)
    known = {flow: seen for flow, seen in observations.items() if seen.tracking == tracking.get(flow)}
    seeing: dict[FlowName, Seeing | ShareError] = {}
    moving = dict(scans)
    for _ in range(_LOOKS):
        seeing.update(_store(link, share, moving, known, seeing))
        moving = dict(_again(share, seeing, moving, tracked | also))
        if not moving:
            break
    for flow in moving:
        hold = Hold("Studio is writing to it right now", "flowsync fetch, in a moment")
        seeing[flow] = dataclasses.replace(cast(Seeing, seeing[flow]), hold=hold)
    return seeing


def _again(
    share: Share, seeing: Mapping[FlowName, Seeing | ShareError], looked: Scans, tracked: frozenset[FlowName]
) -> Scans:
    """Returns new scans of the flows whose files were not what their listing said."""
    moved = frozenset(
        flow
        for flow in looked
        if isinstance(seen := seeing[flow], Seeing)
        and {path: file.version for path, file in seen.files.items()} != seen.scan.files
    )
    return scan(share, moved, tracked, accept_deletes=True) if moved else {}


def _store(
    link: Link,
    share: Share,
    scans: Scans,
    known: Mapping[FlowName, Observation],
    before: Mapping[FlowName, Seeing | ShareError],
) -> dict[FlowName, Seeing | ShareError]:
    """Returns what each flow holds, fetching the files whose version has no stored content yet."""
    result: dict[FlowName, Seeing | ShareError] = {}
    files: dict[FlowName, dict[Path, Seen]] = {}
    wanted: dict[str, tuple[FlowName, Path]] = {}
    for flow, found in scans.items():
        if isinstance(found, ShareError):
            result[flow] = found
            continue
        earlier = _earlier(before, flow)
        stored = {**link.cache.seen(link.remote.name, flow), **earlier.files}
        unchanged = flow in known and known[flow].fingerprint == found.fingerprint
        files[flow] = {}
        for path, version in found.files.items():
            seen = stored.get(path)
            if seen and seen.version == version and (unchanged or link.repo.objects.holds(seen.blob)):
                files[flow][path] = seen
            else:
                wanted[f"{flow}/{path}"] = (flow, path)
    if share.keeps_ids:
        _recognise(link, scans, wanted, files)
    fetched = _fetch(link, share, wanted, files, result)
    for flow, content in files.items():
        if flow not in result:
            doubts = {
                path: why for path, why in _earlier(before, flow).doubts.items() if f"{flow}/{path}" not in wanted
            }
            doubts.update(fetched.get(flow, {}))
            hold = _unsettled(link, share, {path: why for path, why in doubts.items() if path in content}, content)
            result[flow] = Seeing(cast(Scan, scans[flow]), content, hold, doubts)
    return result


def _recognise(
    link: Link,
    scans: Scans,
    wanted: dict[str, tuple[FlowName, Path]],
    files: Mapping[FlowName, dict[Path, Seen]],
) -> None:
    """Takes off the wanted files those that were only renamed: the content that goes with their id is stored already.

    A renamed file keeps its id, its size and the time of its last write; a file that was written to has another time,
    and one at its old place whose version moved may have been written with its time preserved, and is read.
    """
    versions = {where: cast(Scan, scans[flow]).files[path] for where, (flow, path) in wanted.items()}
    known = link.cache.with_ids(link.remote.name, {version.file_id for version in versions.values() if version.file_id})
    for where, version in versions.items():
        before = known.get(version.file_id)
        if before is None or before[:2] == wanted[where]:
            continue
        seen = before[2]
        same = version.written and (version.size, version.written) == (seen.version.size, seen.version.written)
        if same and link.repo.objects.holds(seen.blob):
            flow, path = wanted.pop(where)
            files[flow][path] = Seen(version, seen.blob)


def _earlier(before: Mapping[FlowName, Seeing | ShareError], flow: FlowName) -> Seeing:
    """Returns the look before this one in the same run; an empty one if there was none."""
    earlier = before.get(flow)
    return earlier if isinstance(earlier, Seeing) else Seeing(Scan({}), {})


def _fetch(
    link: Link,
    share: Share,
    wanted: Mapping[str, tuple[FlowName, Path]],
    files: Mapping[FlowName, dict[Path, Seen]],
    failed: dict[FlowName, Seeing | ShareError],
) -> dict[FlowName, dict[Path, str]]:
    """Stores the wanted files' content and returns, per flow, those that look like an upload in progress, and why."""
    doubts: dict[FlowName, dict[Path, str]] = {}
    if not wanted:
        return doubts
    link.reporter.begin("Fetching", len(wanted))
    with link.repo.objects.writing(len(wanted)) as store:
        for content in share.read(list(wanted)):
            flow, path = wanted[content.path]
            link.reporter.advance()
            if isinstance(content, Content):
                files[flow][path], doubt = _stored(store, path, content)
                if doubt:
                    doubts.setdefault(flow, {})[path] = doubt
            elif not isinstance(content.error, ShareMissing):  # one that is gone by now is a look that disagrees
                failed[flow] = content.error
    link.reporter.end()
    return doubts


def _stored(store: Store, path: Path, content: Content) -> tuple[Seen, str]:
    """Stores a file's content, and returns with it why it looks half-written, if it does."""
    with closing(content.data) as data:
        readable = kind_of(path) not in ("dag", "flex") or document.parse(data.read(document.MAX_SIZE)).parsed
        data.seek(0)
        watched = _Watched(data)
        seen = Seen(content.version, store(content.version.size, cast(BinaryIO, watched)))
    if content.version.size and watched.only_nul:
        return seen, "holds nothing but NUL bytes"
    if content.open:
        return seen, "is open in a program that writes to it"
    return seen, "" if readable else "does not parse"


def _unsettled(link: Link, share: Share, doubts: Mapping[Path, str], files: Mapping[Path, Seen]) -> Hold | None:
    """Returns a hold for a file that looks half-written and is younger than the settle time.

    It is never refused for good: what is still the same when it is that old is what Studio holds. A time that lies
    further ahead than that was set by hand and says nothing.
    """
    now = share.now() or link.now()
    for path, reason in doubts.items():
        age = (now - when(files[path].version.written)).total_seconds()
        if -link.remote.settle < age < link.remote.settle:
            wait = max(1, round(link.remote.settle - age))
            return Hold(f"{path} {reason}: an upload may be in progress", f"flowsync sync, in {wait} seconds")
    return None


def when(written: str) -> datetime:
    """Returns a last write time of the share (RFC 3339, up to seven digits, UTC) as an aware datetime."""
    try:
        return datetime.fromisoformat(written[:26].rstrip("Z").rstrip(".") + "+00:00")
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


class _Watched:
    """Passes a reader on and notices whether anything but NUL came through."""

    def __init__(self, data: BinaryIO) -> None:
        self._data = data
        self.only_nul = True

    def read(self, size: int = -1) -> bytes:
        chunk = self._data.read(size)
        if self.only_nul and chunk.strip(b"\0"):
            self.only_nul = False
        return chunk
