"""From a commit to an archive: what of a flow goes out, and what the archive says about it."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, BinaryIO

from flowsync.archive.provenance import PAST, Provenance, State, content_id
from flowsync.archive.writing import Content, write
from flowsync.core.names import problem_with_name
from flowsync.core.tree import Blob, File, FlowName, Path, Problem
from flowsync.errors import UsageError
from flowsync.repo.apart import Lines
from flowsync.repo.batch import contents
from flowsync.sync.holds import Holds
from flowsync.sync.link import Link
from flowsync.sync.meter import Meter
from flowsync.sync.result import Result, problem_result
from flowsync.sync.survey import local_flows, syncing

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Export:
    """What of one flow goes into an archive: the content of its folder in a commit, without what never syncs."""

    flow: FlowName
    commit: str
    blobs: Mapping[Path, Blob]
    sizes: Mapping[Blob, int]
    content: str  # a ``content_id``
    provenance: Provenance

    @property
    def size(self) -> int:
        """Returns how many bytes the files have together."""
        return sum(self.sizes[blob] for blob in self.blobs.values())


def exportable(link: Link, revision: str | None, from_studio: bool) -> dict[FlowName, str]:
    """Returns the flows that could be exported, each with the commit to take it from."""
    if from_studio:
        found = link.flows_below(link.tracking_prefix)
        return {flow: commit for flow, commit in found.items() if link.flow_tree(commit, flow)}
    commit = link.repo.refs.get(revision or f"refs/heads/{link.remote.branch}")
    if commit is None and revision:
        raise UsageError(f"{revision} is no commit of this repository", "git log")
    return dict.fromkeys(local_flows(link, commit, frozenset()), commit) if commit else {}


def prepared(link: Link, chosen: Mapping[FlowName, str]) -> list[Export | Result]:
    """Returns what goes out of each flow, as its commit has it; as a result, what cannot be kept in an archive."""
    past = link.repo.history.whole(chosen.values(), link.remote.path)
    return [_prepared(link, flow, commit, past) for flow, commit in chosen.items()]


def _prepared(link: Link, flow: FlowName, commit: str, past: Lines) -> Export | Result:
    tree = link.flow_tree(commit, flow)
    _, entries, _ = syncing(link, None, tree, None)
    problems = {path: entry for path, entry in (entries or {}).items() if isinstance(entry, Problem)}
    if reason := problem_with_name(flow):
        problems[Path(".")] = Problem(f"the flow's name {reason}", "rename its folder")
    if problems:
        return problem_result(flow, problems)
    files = {path: entry.blob for path, entry in sorted((entries or {}).items()) if isinstance(entry, File)}
    provenance = Provenance(flow, commit, link.remote.name, _states(link, flow, commit, past))
    return Export(
        flow,
        commit,
        files,
        {blob: link.repo.objects.size(blob) for blob in files.values()},
        content_id(files),
        provenance,
    )


def _states(link: Link, flow: FlowName, commit: str, past: Lines) -> tuple[State, ...]:
    """Returns what the flow was until a commit, newest first."""
    touched = [touch.commit for touch in past.of(link.remote.folder(flow), commit)[: PAST - 1]]
    states = ((one, link.flow_tree(one, flow)) for one in (commit, *touched))
    return tuple(State(one, tree) for one, tree in states if tree)


def export(link: Link, one: Export, out: IO[bytes], store: bool) -> None:
    """Writes the archive of one flow to ``out``, a file that can seek. Same commit, same bytes."""
    when = moment(os.environ.get("SOURCE_DATE_EPOCH"), link.repo.objects.commit(one.commit).committed)
    with Meter(link.reporter, f"Exporting {one.flow}", one.size) as advance:
        write(out, _files(link, one), one.provenance.comment(), when, store, advance)


def moment(wanted: str | None, committed: int) -> int:
    """Returns the date of an archive's entries: SOURCE_DATE_EPOCH if it is set, else the commit's."""
    if not wanted:
        return committed
    try:
        return int(wanted)
    except ValueError:
        raise UsageError(f"SOURCE_DATE_EPOCH is {wanted!r}, and must be seconds since 1970") from None


def _files(link: Link, one: Export) -> Iterator[Content]:
    reading = contents(link.repo.root, list(one.blobs.values()))
    for path, read in zip(one.blobs, reading, strict=True):
        yield Content(path, read.size, read.pieces)


def digest(file: BinaryIO) -> str:
    """Returns the SHA-256 of a whole file, read from its start."""
    whole = hashlib.sha256()
    file.seek(0)
    while piece := file.read(_PIECE):
        whole.update(piece)
    return whole.hexdigest()


def uncommitted(link: Link) -> dict[FlowName, list[Path]]:
    """Returns the edits that an export from the branch does not hold, because nobody committed them yet."""
    return Holds(link, {}).dirty
