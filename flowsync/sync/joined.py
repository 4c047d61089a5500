"""The merge of one flow that both sides edited: Git's for every file, and by meaning for the flow's definition.

Git joins lines; two correct edits of a graph can join into a broken one, or clash without need. So the definition is
merged once more by node (``core.merge``), whatever Git made of it, and a graph that comes out broken is a conflict.
"""

from dataclasses import dataclass

from flowsync.core.flow import kind_of
from flowsync.core.merge import merge_flow, new_flaws
from flowsync.core.tree import Entry, File, Path
from flowsync.repo.merge import Merge
from flowsync.sync.link import Link
from flowsync.sync.snapshot import blobs, folder, overlay
from flowsync.sync.survey import Standing


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
    merge = Merge(merge.tree, tuple(path.removeprefix(top) for path in merge.conflicts))
    for path in _edited_definitions(link, standing):
        merge = _by_meaning(link, standing, merge, path)
    return merge


def conflicted(standing: Standing, merge: Merge | None) -> tuple[Path, ...]:
    """Returns the paths in conflict; whole flows that one side deleted conflict in every file the other changed."""
    if merge is not None:
        return tuple(Path(path) for path in merge.conflicts)
    return tuple(clash.path for clash in standing.decided.clashes)


def _edited_definitions(link: Link, standing: Standing) -> list[Path]:
    """Returns the definitions that both sides hold and at least one of them changed."""
    local, remote = (_files(link, tree) for tree in (standing.local_tree, standing.remote_tree))
    changed = {change.path for change in (*standing.decided.local, *standing.decided.remote)}
    return sorted(path for path in changed if kind_of(path) == "dag" and path in local and path in remote)


def _by_meaning(link: Link, standing: Standing, merge: Merge, path: Path) -> Merge:
    """Returns the merge with a definition's lines replaced by what its meaning gives."""
    objects = link.repo.objects
    base, local, remote = (
        _content(link, _files(link, tree).get(path))
        for tree in (standing.base_tree, standing.local_tree, standing.remote_tree)
    )
    others = tuple(one for one in merge.conflicts if one != path)
    where = f"{link.remote.folder(standing.flow)}/{path}"
    woven = merge_flow(base, local or b"", remote or b"")
    if woven.unable:
        lines = objects.read(objects.entry(merge.tree, where))
        broken = path in merge.conflicts or new_flaws(local or b"", remote or b"", lines)
        return Merge(merge.tree, (*others, path) if broken else others)
    blob = objects.write_bytes(woven.content)
    return Merge(objects.with_blob(merge.tree, where, blob), others if woven.clean else (*others, path))


def _files(link: Link, tree: str | None) -> dict[Path, Entry]:
    return link.repo.objects.files(tree) if tree else {}


def _content(link: Link, entry: Entry | None) -> bytes | None:
    return link.repo.objects.read(entry.blob) if isinstance(entry, File) else None


def _only_syncing(link: Link, tree: str | None, beside: str | None) -> str | None:
    return folder(link, blobs(link, tree), beside, tree)
