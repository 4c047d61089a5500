"""The flows in an archive, for whoever takes them: an archive opened with its layout, and the names to unpack by."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path as FilePath

from flowsync.archive.layout import Layout, chosen, layout, stem
from flowsync.archive.limits import Limits
from flowsync.archive.provenance import provenance
from flowsync.archive.reading import Archive, Member, opened
from flowsync.core.names import problem_with_flow
from flowsync.core.tree import Path
from flowsync.errors import ArchiveRefused, UsageError


@contextmanager
def flows_in(path: FilePath, limits: Limits, encoding: str | None) -> Iterator[tuple[Archive, Layout]]:
    """Yields an archive and what flows it holds; a refusal, then or later, names the archive."""
    try:
        with opened(path, limits, encoding) as archive:
            yield archive, layout(archive.members)
    except ArchiveRefused as refused:
        raise ArchiveRefused(f"{path.name} is refused: {refused.message}", refused.hint) from refused


def to_unpack(
    archive: Archive, found: Layout, path: FilePath, flow: str, every: bool
) -> dict[str, Mapping[Path, Member]]:
    """Returns the flows that are meant, each under its folder's name to be."""
    alone = len(found.roots) == 1
    roots = chosen(found, flow, every)
    names = [_name(archive, root.name, path, flow) if alone else root.name for root in roots]
    if not roots or len(set(names)) < len(names):
        there = ", ".join(root.folder for root in found.roots)
        raise UsageError(f"{path.name} holds several flows: {there}", "--flow with one of them, or --all")
    for name in names:
        if problem := problem_with_flow(name):
            raise ArchiveRefused(f"it cannot be unpacked: {problem.reason}", "--flow with another name")
    return {name: root.files for name, root in zip(names, roots, strict=True)}


def _name(archive: Archive, folder: str, path: FilePath, wanted: str) -> str:
    return wanted or provenance(archive.comment).flow or folder or stem(path.name)
