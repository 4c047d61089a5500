"""What an archive brings for this repository: which flows, under which names, with which content. Nothing is stored."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import BinaryIO, cast

from flowsync.archive.contents import Reader, blob_of, contents
from flowsync.archive.layout import Root, stem
from flowsync.archive.names import shown
from flowsync.archive.provenance import Provenance, provenance
from flowsync.archive.reading import Archive, Member
from flowsync.core.ignore import ignored_by, is_ignore_file
from flowsync.core.names import problem_with_flow
from flowsync.core.tree import Blob, FlowName, Path
from flowsync.errors import ArchiveRefused
from flowsync.repo.batch import sizes
from flowsync.sync.exported import digest
from flowsync.sync.link import Link
from flowsync.sync.meter import Meter
from flowsync.sync.snapshot import blobs
from flowsync.sync.survey import local_flows

_IGNORE_FILE_LIMIT = 64 * 1024  # bytes; each line is a pattern that is tried on every path
_DATED = 86400 * 3654  # seconds since 1970 until 1980-01-03; ZIP's first day stands for no date at all
_KIN = 0.5  # share of files that must be alike for a flow to be taken for another version of one


@dataclass(frozen=True, slots=True)
class Source:
    """The archive that something came from, and its date: of its newest entry (seconds since 1970), else the file's."""

    path: FilePath
    sha256: str
    written: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """One flow of an archive, checked to its last byte.

    ``flow`` is the name that it goes by here, ``kin`` a flow that it seems to be a version of although it is named
    otherwise. ``left_out`` are files that never sync. ``named_by_file``: only the archive's own name says what it is.
    """

    flow: FlowName
    kin: FlowName | None
    files: Mapping[Path, Member]
    blobs: Mapping[Path, Blob]
    left_out: tuple[Path, ...]
    provenance: Provenance
    source: Source
    named_by_file: bool


def source(archive: Archive, path: FilePath) -> Source:
    """Returns where an archive comes from."""
    newest = max((member.written for member in archive.members if not member.is_folder), default=0)
    written = newest if newest >= _DATED else int(os.fstat(archive.file.fileno()).st_mtime)
    return Source(path, digest(archive.file), written)


def incoming(link: Link, archive: Archive, root: Root, came_from: Source, wanted: str, alone: bool) -> Incoming:
    """Reads one flow of an archive whole, and finds the name that it goes by here.

    ``wanted`` is what a person called it ("": nothing), ``alone`` that it is the only flow of the archive.
    """
    said = provenance(archive.comment)
    total = sum(member.size for member in root.files.values())
    with Meter(link.reporter, f"Checking {came_from.path.name}", total) as advance:
        found: dict[Path, Blob] = {}
        for path, member in root.files.items():
            found[path] = blob_of(archive.file, member, advance)
    ignored = ignored_by(_ignore_files(archive, root.files))
    kept = {path: blob for path, blob in found.items() if not ignored(path)}
    left_out = (*root.left_out, *(path for path in found if path not in kept))
    flow, kin = _name(link, root, said, came_from.path, wanted, alone, kept)
    if problem := problem_with_flow(flow):
        raise ArchiveRefused(f"it cannot be taken in: {problem.reason}", "--flow with another name")
    if not kept:
        raise ArchiveRefused("all its files are of the kinds that never sync, or its own ignore files name them")
    by_file = not (wanted or root.folder or said.flow)
    return Incoming(flow, kin, root.files, kept, left_out, said, came_from, by_file)


def _ignore_files(archive: Archive, files: Mapping[Path, Member]) -> dict[Path, bytes]:
    rules = {path: member for path, member in files.items() if is_ignore_file(path)}
    for path, member in rules.items():
        if member.size > _IGNORE_FILE_LIMIT:
            raise ArchiveRefused(f"{shown(path)} is longer than any file of its kind")
    return {path: b"".join(contents(archive.file, member)) for path, member in rules.items()}


def store(link: Link, archive: Archive, one: Incoming) -> None:
    """Puts the content that the repository does not hold yet into its object store."""
    known = sizes(link.repo.git, one.blobs.values())
    wanted = {blob: one.files[path] for path, blob in one.blobs.items() if blob not in known}
    if not wanted:
        return
    with (
        Meter(link.reporter, f"Storing {one.flow}", sum(member.size for member in wanted.values())) as advance,
        link.repo.objects.writing(len(wanted)) as put,
    ):
        for blob, member in wanted.items():
            if put(member.size, cast(BinaryIO, Reader(archive.file, member, advance))) != blob:
                raise ArchiveRefused("it changed while it was read", "run the command again")


def _name(
    link: Link, root: Root, said: Provenance, path: FilePath, wanted: str, alone: bool, files: Mapping[Path, Blob]
) -> tuple[FlowName, FlowName | None]:
    """Returns the flow's name, and the flow that it resembles if the name is new here and only a guess."""
    if wanted and alone:
        return FlowName(wanted), None
    if said.flow and alone:
        return FlowName(said.flow), None
    here = _flows(link)
    own = FlowName(root.name or stem(path.name))
    for name in (own, FlowName(stem(path.name))) if alone else (own,):
        if name in here:
            return name, None
    return own, _kin(link, here, files) if alone else None


def _flows(link: Link) -> Mapping[FlowName, str | None]:
    """Returns the flows of the branch and of the share, as last seen, with their folder's id."""
    tracking = link.flows_below(link.tracking_prefix)
    there = {flow: link.flow_tree(commit, flow) for flow, commit in tracking.items()}
    return {**there, **local_flows(link, link.repo.worktree.tip(link.remote.branch), frozenset(tracking))}


def _kin(link: Link, here: Mapping[FlowName, str | None], files: Mapping[Path, Blob]) -> FlowName | None:
    """Returns the flow that has the most files in common with these, if that is half of them or more."""
    best, most = None, 0.0
    for flow, tree in here.items():
        alike = likeness(files, blobs(link, tree))
        if alike > most:
            best, most = flow, alike
    return best if most >= _KIN else None


def likeness(one: Mapping[Path, Blob], other: Mapping[Path, Blob]) -> float:
    """Returns the share (0 to 1) of files that two contents of a flow have in common."""
    return len(one.items() & other.items()) / max(len(one), len(other), 1)
