"""Unpacking an archive to plain folders: which flows, under which names."""

from collections.abc import Mapping
from pathlib import Path as FilePath

from flowsync.archive.layout import Layout, stem
from flowsync.archive.provenance import provenance
from flowsync.archive.reading import Archive, Member
from flowsync.core.names import problem_with_flow
from flowsync.core.tree import Path
from flowsync.errors import ArchiveRefused, UsageError
from flowsync.sync.importing import Options
from flowsync.sync.incoming import chosen


def wanted_flows(archive: Archive, found: Layout, path: FilePath, options: Options) -> dict[str, Mapping[Path, Member]]:
    """Returns the flows to unpack, each under its folder's name to be."""
    alone = len(found.roots) == 1
    roots = chosen(found, options.flow, options.every)
    names = [_name(archive, root.name, path, options.flow) if alone else root.name for root in roots]
    if not roots or len(set(names)) < len(names):
        there = ", ".join(root.folder for root in found.roots)
        raise UsageError(f"{path.name} holds several flows: {there}", "--flow with one of them, or --all")
    for name in names:
        if problem := problem_with_flow(name):
            raise ArchiveRefused(f"it cannot be unpacked: {problem.reason}", "--flow with another name")
    return {name: root.files for name, root in zip(names, roots, strict=True)}


def _name(archive: Archive, folder: str, path: FilePath, wanted: str) -> str:
    return wanted or provenance(archive.comment).flow or folder or stem(path.name)
