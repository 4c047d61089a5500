"""The text merge of one flow that both sides edited."""

from dataclasses import dataclass

from flowsync.core.tree import File, Path
from flowsync.repo.merge import Merge
from flowsync.sync.link import Link
from flowsync.sync.snapshot import folder, overlay
from flowsync.sync.survey import Standing, syncing


@dataclass(frozen=True, slots=True)
class Sides:
    """Whole trees of the repository that differ in one flow only: base, local, remote."""

    base: str
    local: str
    remote: str


def sides(link: Link, standing: Standing, tip: str) -> Sides:
    """Returns the three trees to merge, standing on the branch's tip.

    What never syncs is as the branch has it in all three, so that no merge touches it.
    """
    whole = link.repo.objects.commit(tip).tree
    return Sides(
        overlay(link, tip, standing.flow, _only_syncing(link, standing.base_tree, standing.local_tree)),
        whole,
        overlay(link, tip, standing.flow, _only_syncing(link, standing.remote_tree, standing.local_tree)),
    )


def joined(link: Link, standing: Standing, tip: str) -> Merge:
    """Merges the flow's two sides; conflicted paths are relative to the flow's folder."""
    three = sides(link, standing, tip)
    merge = link.repo.merger.merge(three.base, three.local, three.remote)
    top = link.remote.folder(standing.flow) + "/"
    return Merge(merge.tree, tuple(path.removeprefix(top) for path in merge.conflicts))


def _only_syncing(link: Link, tree: str | None, beside: str | None) -> str | None:
    (entries,) = syncing(link, tree) if tree else (None,)
    files = {path: entry.blob for path, entry in (entries or {}).items() if isinstance(entry, File)}
    return folder(link, files, beside, tree)


def conflicted(standing: Standing, merge: Merge | None) -> tuple[Path, ...]:
    """Returns the paths in conflict; whole flows that one side deleted conflict in every file the other changed."""
    if merge is not None:
        return tuple(Path(path) for path in merge.conflicts)
    return tuple(clash.path for clash in standing.decided.clashes)
