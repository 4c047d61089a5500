"""A folder of downloads, watched for archives of flows. What appears is recognised and offered; nothing is applied."""

from dataclasses import dataclass
from pathlib import Path as FilePath

from flowsync.archive.flows import flows_in
from flowsync.archive.layout import stem
from flowsync.core.tree import FlowName
from flowsync.errors import FlowsyncError, UsageError
from flowsync.sync.importing import Options, doubt
from flowsync.sync.incoming import Incoming, incoming, source
from flowsync.sync.lineage import Base, Unknown, lineage
from flowsync.sync.link import Link
from flowsync.sync.snapshot import blobs

_Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Offer:
    """An archive that could be imported: which flow of it, made from which commit, and how that is known.

    ``base`` is None where it is not known. ``refused`` says why the archive cannot be imported, "" if it can.
    """

    path: FilePath
    flow: FlowName
    base: str | None = None
    how: str = ""
    refused: str = ""


class Downloads:
    """One folder. Archives are told once; one that changes is a new one. What holds no flow is passed over."""

    def __init__(self, link: Link, folder: FilePath, options: Options) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a folder")
        self._link = link
        self._folder = folder
        self._options = options
        self._judged: dict[FilePath, _Key] = {}
        self._refused: dict[FilePath, tuple[_Key, str]] = {}

    def look(self) -> list[Offer]:
        """Returns what appeared since the last look and brings something new; a refusal, once it is there to stay.

        A download in progress reads as cut off. It is looked at again when it has grown.
        """
        offers: list[Offer] = []
        for path, key in self._archives():
            if self._judged.get(path) != key:
                self._judged[path] = key
                self._refused.pop(path, None)
                try:
                    offers += self._recognised(path)
                except FlowsyncError as refused:
                    self._refused[path] = (key, refused.message)
            elif (before := self._refused.get(path)) and before[0] == key:
                del self._refused[path]
                if self._concerns_us(path):
                    offers.append(Offer(path, FlowName(stem(path.name)), refused=before[1]))
        return offers

    def _archives(self) -> list[tuple[FilePath, _Key]]:
        found = []
        for path in self._folder.iterdir():
            if path.suffix.lower() == ".zip" and path.is_file():
                try:
                    state = path.stat()
                except FileNotFoundError:  # gone since the folder was listed
                    continue
                found.append((path, (state.st_mtime_ns, state.st_size)))
        return sorted(found, key=lambda item: (item[1], item[0]))

    def _recognised(self, path: FilePath) -> list[Offer]:
        link = self._link
        with flows_in(path, self._options.limits, self._options.encoding) as (archive, found):
            came_from, alone = source(archive, path), len(found.roots) == 1
            every = [incoming(link, archive, root, came_from, "", alone) for root in found.roots]
        return [offer for one in every if (offer := self._offer(one))]

    def _offer(self, one: Incoming) -> Offer | None:
        link = self._link
        if one.kin or doubt(link, one):
            return Offer(one.source.path, one.kin or one.flow, how="its name is no flow's here")
        base = lineage(link, one, link.repo.worktree.tip(link.remote.branch), None)
        if isinstance(base, Unknown):
            return Offer(one.source.path, one.flow, how="nothing says what it was made from")
        if self._is_old(one, base):
            return None
        return Offer(one.source.path, one.flow, base.commit, base.how)

    def _is_old(self, one: Incoming, base: Base) -> bool:
        return blobs(self._link, self._link.flow_tree(base.commit, one.flow)) == one.blobs

    def _concerns_us(self, path: FilePath) -> bool:
        link = self._link
        tip = link.repo.worktree.tip(link.remote.branch)
        return bool(tip and link.flow_tree(tip, FlowName(stem(path.name))))
