"""Questions about history that only a walk over commits can answer."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from flowsync.repo.plumbing import Git, fields, text

_BEGIN = "\x01"  # of a commit among the paths, none of which begins with it


@dataclass(frozen=True, slots=True)
class Touch:
    """A commit that touched a folder: who made it, and when (RFC 3339)."""

    who: str
    when: str


@dataclass(frozen=True, slots=True)
class Told:
    """A commit as a timeline tells it: header, and which paths (from the root) it changed against its first parent.

    ``trailer`` is the value of the trailer that was asked for, ``at`` the author's time (RFC 3339).
    """

    commit: str
    parents: tuple[str, ...]
    author: str
    committer: str
    at: str
    trailer: str
    subject: str
    paths: tuple[str, ...]


class History:
    """The history of one repository. Paths are from its root and taken literally."""

    def __init__(self, git: Git) -> None:
        self._git = git

    def touching(self, tip: str, path: str, every: bool = False, since: str | None = None) -> list[str]:
        """Returns the commits in ``tip``'s history that changed ``path``, no parent before its child.

        Where a merge took one side as it was, the other side's commits count only with ``every``. What the history of
        ``since`` holds does not count, and is not walked: without it git walks all there is.
        """
        limits = [*(["--full-history"] if every else []), tip, *([f"^{since}"] if since else [])]
        return self._lines("rev-list", "--topo-order", *limits, "--", _literal(path))

    def common(self, one: str, other: str) -> str | None:
        """Returns the last commit that two histories share, or None."""
        return self._git.line("merge-base", one, other)

    def line(self, tip: str, without: Iterable[str]) -> list[str]:
        """Returns ``tip`` and its first parents that the histories of ``without`` do not hold, oldest first."""
        return self._lines("rev-list", "--first-parent", "--reverse", tip, *(f"^{commit}" for commit in without))

    def only_in(self, mine: str, other: str | None, path: str) -> list[Touch]:
        """Returns who touched ``path`` in ``mine``'s history and not in ``other``'s, newest first."""
        without = [f"^{other}"] if other else []
        lines = self._lines("log", "--format=%an%x1f%aI", mine, *without, "--", _literal(path))
        return [Touch(*line.split("\x1f")) for line in lines]

    def timeline(self, tips: Iterable[str], path: str) -> list[str]:
        """Returns all commits that changed ``path`` on any line of these histories, newest first.

        Merges that joined two such lines are among them, whatever they made of it; other merges are not.
        """
        return self._lines("rev-list", "--date-order", "--simplify-merges", *tips, "--", _literal(path))

    def told(self, commits: Iterable[str], path: str, trailer: str) -> list[Told]:
        """Returns these commits as a timeline of ``path`` tells them, in the same order."""
        header = ("%H", "%P", "%an", "%cn <%ce>", "%aI", f"%(trailers:key={trailer},valueonly,separator=%x2C)", "%s")
        shape = ["-r", "--root", "--always", "--name-only", "--no-renames", "-z", "--diff-merges=first-parent"]
        listed = "".join(f"{commit}\n" for commit in commits).encode("ascii")
        form = f"--format={_BEGIN}{'%x1f'.join(header)}"
        raw = self._git("diff-tree", "--stdin", *shape, form, "--", _literal(path), stdin=listed)
        found: list[Told] = []
        for field in fields(raw):
            if field.startswith(_BEGIN):
                found.append(_told(field.removeprefix(_BEGIN)))
            else:  # git puts a line break before the first
                found[-1] = replace(found[-1], paths=(*found[-1].paths, field.removeprefix("\n")))
        return found

    def _lines(self, *arguments: str) -> list[str]:
        return text(self._git(*arguments)).splitlines()


def _told(header: str) -> Told:
    commit, parents, author, committer, at, trailer, subject = header.split("\x1f", 6)
    return Told(commit, tuple(parents.split()), author, committer, at, trailer, subject, ())


def _literal(path: str) -> str:
    return f":(top,literal){path}"
