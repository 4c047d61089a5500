"""Which paths never sync, in either direction.

Two kinds: what prompt flow generates, what is secret and what is our own (built in, not negotiable), and what the
flow's own ``.amlignore`` names, or its ``.gitignore`` files where there is no ``.amlignore``, as the official client
has it. Patterns have Git's semantics (pathspec's GitIgnoreSpec). A path that never syncs is left alone where it is:
it is neither copied nor deleted, on any side.
"""

from collections.abc import Callable, Iterable, Mapping

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
        return _spec(own).match_file
    specs = [
        (path.rpartition("/")[0], _spec(contents[path]))
        for path in sorted(contents, key=lambda path: path.count("/"))
        if path.rpartition("/")[2] == ".gitignore"
    ]

    def ignored(path: str) -> bool:
        verdict = False
        for folder, spec in specs:
            inner = _below(folder, path)
            if inner is not None and (found := spec.check_file(inner).include) is not None:
                verdict = found
        return verdict

    return ignored


def either(rules: Iterable[Callable[[str], bool]]) -> Callable[[str], bool]:
    """Returns the predicate that holds where any of ``rules`` does: what one side ignores, no side sees deleted."""
    together = tuple(rules)
    return lambda path: any(rule(path) for rule in together)


def _spec(text: bytes) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(text.decode("utf-8", "replace").splitlines())


def _below(folder: str, path: str) -> str | None:
    if not folder:
        return path
    return path[len(folder) + 1 :] if path.startswith(folder + "/") else None
