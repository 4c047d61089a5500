"""Commits that say what the share holds: the parent's tree with one flow's folder replaced, and nothing else.

They are made from what was seen alone (the owner's name, the share's last write time, a fixed committer), so that two
clones that see the same transition make the same commit.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import accumulate

from flowsync.core.ignore import never_syncs
from flowsync.core.tree import REGULAR, Blob, File, FlowName, Mode, Path
from flowsync.repo.encoding import Commit, Signature
from flowsync.sync.link import Link
from flowsync.sync.survey import syncing

COMMITTER = ("flowsync", "flowsync@localhost")


def folder(link: Link, files: Mapping[Path, Blob], beside: str | None, modes: str | None) -> str | None:
    """Stores a flow's folder that holds ``files``, and what never syncs of the folder ``beside``; None if empty.

    Modes are those that the folders ``beside`` and ``modes`` have for the same path: the share knows none.
    """
    objects = link.repo.objects
    known: dict[Path, Mode] = {}
    for tree in (modes, beside):
        if tree:
            known.update({path: entry.mode for path, entry in objects.files(tree).items() if isinstance(entry, File)})
    wanted = {path: File(blob, known.get(path, REGULAR)) for path, blob in files.items()}
    return objects.write_files(wanted, beside, _fitting(staying(link, beside), wanted.keys()))


def _fitting(kept: Iterable[Path], files: Collection[Path]) -> set[Path]:
    """Returns the kept paths that have room beside the files: a file may have taken their folder's place."""
    folders = {folder for path in files for folder in accumulate(path.split("/")[:-1], "{}/{}".format)}
    taken = {*files, *folders}
    return {
        path
        for path in kept
        if path not in taken and not any(above in files for above in accumulate(path.split("/")[:-1], "{}/{}".format))
    }


def blobs(link: Link, tree: str | None) -> dict[Path, Blob]:
    """Returns the content of a flow's folder, without what never syncs."""
    (entries,) = syncing(link, tree) if tree else (None,)
    return {path: entry.blob for path, entry in (entries or {}).items() if isinstance(entry, File)}


def staying(link: Link, tree: str | None) -> set[Path]:
    """Returns the paths of a flow's folder that never sync, and so stay where they are."""
    if tree is None:
        return set()
    (kept,) = syncing(link, tree)
    return {path for path in link.repo.objects.files(tree) if never_syncs(path) or path not in (kept or {})}


def overlay(link: Link, parent: str | None, flow: FlowName, tree: str | None) -> str:
    """Returns the whole tree of ``parent`` with the flow's folder replaced by ``tree`` (None: removed)."""
    objects = link.repo.objects
    return objects.with_folder(objects.commit(parent).tree if parent else None, link.remote.folder(flow), tree)


def commit(link: Link, parent: str | None, whole: str, author: Signature | str, message: str) -> str:
    """Stores a snapshot commit. Its committer's time never runs behind its parent's, as git's walks expect."""
    objects = link.repo.objects
    line = str(author)
    seconds = int(line.rsplit(" ", 2)[1])
    if parent:
        seconds = max(seconds, objects.commit(parent).committed)
    return objects.write_commit(whole, (parent,) if parent else (), line, str(Signature(*COMMITTER, seconds)), message)


def holding(link: Link, tip: str | None, flow: FlowName, tree: str | None) -> str | None:
    """Returns a commit that holds this folder of a flow: ``tip`` itself, or one on top of it.

    They differ for a flow that takes in files from outside of its folder: on the share they lie in it.
    """
    if tip is None or link.flow_tree(tip, flow) == tree:
        return tip
    author = Signature(*COMMITTER, link.repo.objects.commit(tip).committed)
    message = f"{flow}: as Studio holds it\n\nWith what its definition takes in from outside of its folder.\n"
    return commit(link, tip, overlay(link, tip, flow, tree), author, message)


def replayed(link: Link, original: Commit, sha: str, tip: str | None, flow: FlowName) -> str | None:
    """Returns what a commit did to one flow, as a commit on ``tip``: itself if that is all, None if it changes nothing.

    What it did to other flows a person may have taken back since, by a reset.
    """
    tree = link.flow_tree(sha, flow)
    beside = link.flow_tree(tip, flow)
    whole = overlay(link, tip, flow, folder(link, blobs(link, tree), beside, tree))
    if tip and whole == link.repo.objects.commit(tip).tree:
        return None
    if whole == original.tree and original.parents == ((tip,) if tip else ()):
        return sha
    return commit(link, tip, whole, original.author, original.message)
