"""A flow as Studio has to see it: what its definition takes in from elsewhere in the repository lies in its folder.

What belongs here: from a commit to the flow's folder as the share is to hold it. For nearly every flow that is the
folder as it is; one with ``additional_includes`` gets the included files, and a definition that asks for them no more.
Nothing of it touches the branch: the tracking ref and the base of such a flow hold what the share holds.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from flowsync.core.check.folder import normal
from flowsync.core.includes import Including, definition, including
from flowsync.core.tree import Blob, Entry, File, FlowName, Path, Problem
from flowsync.repo.objects import Objects
from flowsync.sync.link import Link


@dataclass(frozen=True, slots=True)
class Resolved:
    """A flow's folder as Studio has to see it. ``takes_in`` tells that it is not the branch's own."""

    tree: str
    takes_in: bool = False
    problems: Mapping[Path, Problem] = field(default_factory=dict)


# A definition is content: what it takes in is read once, however often flows are compared. That it takes in nothing, as
# nearly all do, is remembered in the cache, so that a status need not read them.
_READ: MutableMapping[Objects, dict[str, Including | None]] = WeakKeyDictionary()


def resolved(link: Link, commit: str | None, flow: FlowName, tree: str | None) -> Resolved | None:
    """Returns a flow's folder (``tree``) in a commit as Studio has to see it; None if there is no folder."""
    if tree is None or commit is None:
        return None
    found = _including(link, tree)
    if found is None:
        return Resolved(tree)
    name, taken = found
    objects = link.repo.objects
    files: dict[Path, Entry] = dict(objects.files(tree))
    problems: dict[Path, Problem] = {}
    whole = objects.commit(commit).tree
    entry = files.get(name)
    if not isinstance(entry, File):  # a link
        return Resolved(tree)
    for said in taken.paths:
        added = _taken_in(link, whole, normal(link.remote.folder(flow), said), said)
        if isinstance(added, Problem):
            problems[name] = added
        else:
            files.update(added)
    files[name] = File(objects.write_bytes(taken.content), entry.mode)
    plain = {path: one for path, one in files.items() if isinstance(one, File)}
    made = objects.write_files(plain, tree, files.keys() - plain.keys())
    return Resolved(made or tree, True, problems)


def takes_in(link: Link, tree: str | None) -> bool:
    """Tells whether the flow in this folder takes files in from outside of it."""
    return tree is not None and _including(link, tree) is not None


def _including(link: Link, tree: str) -> tuple[Path, Including] | None:
    objects = link.repo.objects
    name = definition(objects.names(tree))
    if not name:
        return None
    blob = objects.entry(tree, name)
    if (known := _READ.get(objects)) is None:
        known = _READ[objects] = dict.fromkeys(link.cache.complete())
    if blob not in known:
        known[blob] = including(objects.read(blob)) if objects.kind(blob) == "blob" else None
        if known[blob] is None:
            link.cache.is_complete(blob)
    found = known[blob]
    return (Path(name), found) if found else None


def _taken_in(link: Link, whole: str, place: str, said: str) -> dict[Path, Entry] | Problem:
    """Returns the files that one include puts into the flow's folder."""
    objects = link.repo.objects
    name = place.rpartition("/")[2]
    if place.startswith("..") or said.startswith(("/", "~")) or not name:
        return Problem(f"takes in {said}, which is not in this repository", "copy it into the repository")
    if (folder := objects.subtree(whole, place)) is not None:
        return {Path(f"{name}/{path}"): entry for path, entry in objects.files(folder).items()}
    above = objects.subtree(whole, place.rpartition("/")[0])
    if above is None or name not in objects.names(above):
        return Problem(f"takes in {said}, which is not committed", f"git add {place} && git commit")
    return {Path(name): File(Blob(objects.entry(above, name)))}
