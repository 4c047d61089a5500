"""Which flows an archive holds, in any of the usual layouts: flat, in one folder, several, or a whole repository."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flowsync.archive.reading import Member
from flowsync.core.flow import is_flow
from flowsync.core.ignore import never_syncs
from flowsync.core.tree import Path
from flowsync.errors import ArchiveRefused

_NOISE_FOLDERS = frozenset({"__macosx", ".trashes", ".spotlight-v100", ".fseventsd"})
_NOISE_FILES = frozenset({".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini"})
_COPY = re.compile(r"(?: ?\(\d+\)| - Copy| copy)$")


@dataclass(frozen=True, slots=True)
class Root:
    """One flow inside an archive. ``left_out`` are its paths that never sync: generated, or secret."""

    folder: str  # "" where the flow's files are not in any folder
    files: Mapping[Path, Member]
    left_out: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """Returns the last part of the folder, "" if there is none."""
        return self.folder.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Layout:
    """The flows of an archive, the files that belong to none, and what file managers leave in archives."""

    roots: tuple[Root, ...]
    outside: tuple[str, ...]
    noise: tuple[str, ...]


def layout(members: Iterable[Member]) -> Layout:
    """Finds the flows; ArchiveRefused if there is none. A flow inside a flow's folder is a part of that."""
    files = {member.name: member for member in members if not member.is_folder}
    noise = frozenset(filter(is_noise, files))
    folders: dict[str, list[str]] = {}
    for name in files.keys() - noise:
        folder, _, last = name.rpartition("/")
        folders.setdefault(folder, []).append(last)
    flows = frozenset(folder for folder, names in folders.items() if is_flow(names))
    if not flows:
        raise ArchiveRefused("it holds no flow: no flow.dag.yaml, no flow.flex.yaml and no .prompty is in it")
    inside: dict[str, list[str]] = {}
    outside = []
    for name in sorted(files.keys() - noise):
        home = _home(name, flows)
        if home is None:
            outside.append(name)
        else:
            inside.setdefault(home, []).append(name)
    roots = tuple(_root(folder, {name: files[name] for name in names}) for folder, names in sorted(inside.items()))
    return Layout(roots, tuple(outside), tuple(sorted(noise)))


def _home(path: str, flows: frozenset[str]) -> str | None:
    """Returns the outermost flow's folder that a file lies in, or None."""
    parts = path.split("/")
    above = ("/".join(parts[:depth]) for depth in range(len(parts)))
    return next((folder for folder in above if folder in flows), None)


def chosen(found: Layout, flow: str, every: bool) -> tuple[Root, ...]:
    """Returns the roots that are meant: the only one, the one of that name, all; none if a person must choose."""
    if len(found.roots) == 1 or every:
        return found.roots
    return tuple(root for root in found.roots if flow and flow in (root.name, root.folder))


def is_noise(name: str) -> bool:
    """Tells whether a file is one that macOS or Windows leaves in folders and archives by itself."""
    *folders, last = name.casefold().split("/")
    return last in _NOISE_FILES or last.startswith("._") or any(folder in _NOISE_FOLDERS for folder in folders)


def stem(file_name: str) -> str:
    """Returns what a download is called without ``.zip`` and what browsers and file managers add to a second one."""
    name = file_name[:-4] if file_name.lower().endswith(".zip") else file_name
    while (shorter := _COPY.sub("", name)) != name:
        name = shorter
    return name


def _root(folder: str, files: Mapping[str, Member]) -> Root:
    top = f"{folder}/" if folder else ""
    below = {Path(name.removeprefix(top)): member for name, member in files.items()}
    kept = {path: member for path, member in below.items() if not never_syncs(path)}
    return Root(folder, kept, tuple(path for path in below if path not in kept))
