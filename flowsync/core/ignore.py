"""Which paths never sync, in either direction.

Two kinds: what prompt flow generates, what is secret and what is our own (built in, not negotiable), and what the
flow's own ``.amlignore`` names, or its ``.gitignore`` files where there is no ``.amlignore``, as the official client
has it. Patterns have Git's semantics (pathspec's GitIgnoreSpec). A path that never syncs is left alone where it is:
it is neither copied nor deleted, on any side.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from flowsync.core.names import is_git
from flowsync.core.tree import Path

_NEVER_ANYWHERE = frozenset({".runs", "__pycache__", ".venv", ".env", ".flowsync", ".coverage"})
_GENERATED = ".promptflow"
_KEPT_GENERATED = frozenset({".promptflow/flow.tools.json"})
IGNORE_FILES = (".amlignore", ".gitignore")


def never_syncs(path: str) -> bool:
    """Tells whether the built-in rules keep this path (below the flow's folder) where it is."""
    parts = path.split("/")
    if any(part.casefold() in _NEVER_ANYWHERE or is_git(part) for part in parts):
        return True
    return parts[0] == _GENERATED and len(parts) > 1 and path not in _KEPT_GENERATED


def may_hold(folder: str) -> bool:
    """Tells whether anything that syncs can be in this folder (below the flow's); prunes a walk."""
    return not never_syncs(folder)


def is_ignore_file(path: str) -> bool:
    """Tells whether this file's content decides what syncs."""
    return path.rpartition("/")[2] in IGNORE_FILES


def ignored_by(contents: Mapping[Path, bytes]) -> Callable[[str], bool]:
    """Returns the predicate of what the flow's own ignore files keep out.

    ``contents`` holds the ignore files of one side, by path below the flow; others are disregarded. A root
    ``.amlignore`` stands alone; else each ``.gitignore`` rules its own folder, the deeper one last.
    """
    if (own := contents.get(Path(".amlignore"))) is not None:
        return _Rules([("", _lines(own))]).ignore
    return _Rules(
        [
            (path.rpartition("/")[0], _lines(contents[path]))
            for path in sorted(contents, key=lambda path: path.count("/"))
            if path.rpartition("/")[2] == ".gitignore"
        ]
    ).ignore


def either(rules: Iterable[Callable[[str], bool]]) -> Callable[[str], bool]:
    """Returns the predicate that holds where any of ``rules`` does: what one side ignores, no side sees deleted."""
    together = tuple(rules)
    return lambda path: any(rule(path) for rule in together)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of an ignore file. pathspec knows the globs; which of several lines counts is decided here."""

    keeps_out: bool
    spec: GitIgnoreSpec
    by_path: bool  # else by the last part of a path
    all_below: bool

    def matches(self, path: str) -> bool:
        """Tells whether the line names exactly this path, which ends with a slash if it is a folder."""
        if not self.by_path:
            return self.spec.match_file(_last(path))
        if not self.spec.match_file(path):
            return False
        folder = path.rstrip("/").rpartition("/")[0]
        return self.all_below or not folder or not self.spec.match_file(f"{folder}/")


class _Rules:
    """Ignore files with the folders they rule: the last line that names a path decides.

    As in Git, nothing brings back what is in a folder that is kept out.
    """

    def __init__(self, lines: Sequence[tuple[str, Sequence[_Line]]]) -> None:
        self._lines = lines
        self._folders: dict[str, bool] = {"": False}

    def ignore(self, path: str) -> bool:
        """Tells whether a file is kept out."""
        return self._folder(path.rpartition("/")[0]) or self._verdict(path)

    def _folder(self, folder: str) -> bool:
        if folder not in self._folders:
            above = self._folder(folder.rpartition("/")[0])
            self._folders[folder] = above or self._verdict(f"{folder}/")
        return self._folders[folder]

    def _verdict(self, path: str) -> bool:
        verdict = False
        for folder, lines in self._lines:
            if inner := _below(folder, path):
                verdict = next((line.keeps_out for line in reversed(lines) if line.matches(inner)), verdict)
        return verdict


def _lines(text: bytes) -> list[_Line]:
    lines = []
    for raw in text.decode("utf-8", "replace").split("\n"):
        line = raw.removesuffix("\r")
        body = line.removeprefix("!")
        named = body.rstrip(" ").rstrip("/")
        if named and not line.startswith("#"):
            spec = GitIgnoreSpec.from_lines([body])
            lines.append(_Line(line == body, spec, "/" in named.removeprefix("**/"), named.endswith("/**")))
    return lines


def _last(path: str) -> str:
    return path[path.rstrip("/").rfind("/") + 1 :]


def _below(folder: str, path: str) -> str | None:
    if not folder:
        return path
    return path[len(folder) + 1 :] if path.startswith(folder + "/") else None
