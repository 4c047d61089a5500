"""A flow's files as they are saved in the worktree: what ``git add`` would make of them, without the person's index."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path as FilePath

from flowsync.core.tree import FlowName, Path
from flowsync.repo.plumbing import Git, fields
from flowsync.repo.worktree import Checkout
from flowsync.sync.link import Link

LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}
Stamps = Mapping[str, tuple[int, ...] | None]


def stamps(at: Checkout, folder: str, paths: Iterable[Path]) -> Stamps:
    """Returns what tells each file's state from any other without reading it."""
    found: dict[str, tuple[int, ...] | None] = {}
    for path in paths:
        found[path] = None
        with suppress(OSError):
            stat = (at.folder / folder / path).lstat()
            found[path] = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino, stat.st_mode)
    return found


def as_added(link: Link, at: Checkout, tip: str, flow: FlowName, paths: Sequence[Path]) -> str:
    """Stores the files as ``git add`` would (filters, modes) and returns the whole tree: the tip's, and these."""
    with _own_index(link, tip) as index:
        arguments = ("--add", "--remove", "-z", "--stdin")
        Git(at.folder)("update-index", *arguments, stdin=names(link, flow, paths), env=index)
        return _written(at, index)


def as_staged(link: Link, at: Checkout, tip: str, flow: FlowName, paths: Sequence[Path]) -> str:
    """Returns the whole tree of the tip with these files as the person has staged them."""
    wanted = frozenset(fields(names(link, flow, paths)))
    folder = f"{link.remote.folder(flow)}/"
    lines = {f"{folder}{path}": f"0 {'0' * 40} 0\t{folder}{path}\0" for path in paths}
    for entry in fields(Git(at.folder)("ls-files", "--stage", "-z", "--", folder, env=LITERAL)):
        meta, _, path = entry.partition("\t")
        if path in wanted and meta.endswith(" 0"):  # what git could not merge has no one content
            lines[path] = f"{entry}\0"
    with _own_index(link, tip) as index:
        raw = "".join(lines.values()).encode("utf-8", "surrogateescape")
        Git(at.folder)("update-index", "-z", "--index-info", stdin=raw, env=index)
        return _written(at, index)


@contextmanager
def _own_index(link: Link, tip: str) -> Iterator[Mapping[str, str]]:
    """Yields the environment of an index of our own that holds the tip's tree."""
    index: FilePath = link.repo.state_dir / "own.index"
    env = {"GIT_INDEX_FILE": str(index)}
    with suppress(FileNotFoundError):  # of a run that was killed
        index.with_name("own.index.lock").unlink()
    link.repo.git("read-tree", tip, env=env)
    yield env


def _written(at: Checkout, env: Mapping[str, str]) -> str:
    return Git(at.folder)("write-tree", env=env).decode("ascii").strip()


def names(link: Link, flow: FlowName, paths: Iterable[Path]) -> bytes:
    """Returns the files' names from the root as git reads them, each ended by NUL."""
    folder = link.remote.folder(flow)
    return "".join(f"{folder}/{path}\0" for path in paths).encode("utf-8", "surrogateescape")
