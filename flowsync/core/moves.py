"""What was renamed: files whose content goes at one path and comes at another, flows that come as another goes.

Pure, and about content alone: git's own definition of an exact rename. Whether the share can do it as one is for the
push to see; if not, a rename is still a removal and an addition.
"""

from collections.abc import Iterable, Mapping

from flowsync.core.flow import kind_of
from flowsync.core.names import folded
from flowsync.core.tree import Blob, Change, File, FlowName, Path


def renames(changes: Iterable[Change]) -> Mapping[Path, Path]:
    """Returns new path -> old path of the files that were renamed and not edited; each path is in one pair at most.

    A definition never takes part: it is written after its sources and goes before nothing. Nor does a rename of which
    one path is the other's folder, or differs from it in case only: such an old name must go before the new one comes.
    """
    gone: dict[Blob, list[Path]] = {}
    come: list[tuple[Path, Blob]] = []
    for change in sorted(changes, key=lambda change: change.path):
        if kind_of(change.path):
            continue
        if change.new is None and isinstance(change.old, File):
            gone.setdefault(change.old.blob, []).append(change.path)
        elif change.old is None and isinstance(change.new, File):
            come.append((change.path, change.new.blob))
    pairs: dict[Path, Path] = {}
    for new, blob in come:
        candidates = [old for old in gone.get(blob, ()) if not _in_the_way(old, new)]
        if candidates:
            old = max(candidates, key=lambda old: (_name(old) == _name(new), _folder(old) == _folder(new)))
            gone[blob].remove(old)
            pairs[new] = old
    return pairs


def _in_the_way(old: Path, new: Path) -> bool:
    before, after = folded(old) + "/", folded(new) + "/"
    return before.startswith(after) or after.startswith(before)


def _name(path: Path) -> str:
    return path.rpartition("/")[2]


def _folder(path: Path) -> str:
    return path.rpartition("/")[0]


def renamed_flows(
    gone: Mapping[FlowName, Mapping[Path, Blob]], come: Mapping[FlowName, Mapping[Path, Blob]]
) -> Mapping[FlowName, FlowName]:
    """Returns new name -> old name of the flows that hold exactly what another held that is gone; each in one pair."""
    pairs: dict[FlowName, FlowName] = {}
    left = dict(sorted(gone.items()))
    for new, content in sorted(come.items()):
        same = (old for old, held in left.items() if content and held == content and folded(old) != folded(new))
        if old := next(same, None):
            pairs[new] = old
            del left[old]
    return pairs
