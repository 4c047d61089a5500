"""Questions about history that only a walk over commits can answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from flowsync.repo.apart import Apart, Lines, Step, Touch
from flowsync.repo.plumbing import Git, fields, text

_BEGIN = "\x01"  # of a commit among the paths, none of which begins with it
_UTF8 = "--encoding=UTF-8"  # whatever a person's terminal wants
_AT_ONCE = 500  # commits on one command line


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

    def touching(self, tip: str, path: str, every: bool = False, since: Iterable[str] = ()) -> list[str]:
        """Returns the commits in ``tip``'s history that changed ``path``, no parent before its child.

        Where a merge took one side as it was, the other side's commits count only with ``every``. What the histories of
        ``since`` hold does not count, and is not walked: without them git walks all there is.
        """
        limits = [*(["--full-history"] if every else []), tip, *(f"^{commit}" for commit in since)]
        return self._lines("rev-list", "--topo-order", *limits, "--", _literal(path))

    def common(self, one: str, other: str) -> str | None:
        """Returns the last commit that two histories share, or None."""
        return self._git.line("merge-base", one, other)

    def line(self, tip: str, without: Iterable[str]) -> list[str]:
        """Returns ``tip`` and its first parents that the histories of ``without`` do not hold, oldest first."""
        return self._lines("rev-list", "--first-parent", "--reverse", tip, *(f"^{commit}" for commit in without))

    def apart(self, pairs: Iterable[tuple[str, str | None]], path: str) -> Apart:
        """Walks the histories that these pairs of commits end in, as far as they differ, in one go.

        A pair that ends in None asks for the whole of the other history.
        """
        listed = list(pairs)
        tips = list(dict.fromkeys(tip for mine, other in listed if other for tip in (mine, other)))
        shared = self._shared(tips) if tips else None
        between = self._walk([*tips, *([f"^{shared}"] if shared else [])], path, "--sparse")
        return Apart(Lines(tips, between, path), self.whole((mine for mine, other in listed if other is None), path))

    def whole(self, tips: Iterable[str], path: str) -> Lines:
        """Walks the whole of some histories for what they did below ``path``, in one go."""
        found = list(dict.fromkeys(tips))
        return Lines(found, self._walk(found, path, *(["--sparse"] if len(found) > 1 else [])), path)

    def _walk(self, limits: Sequence[str], path: str, *how: str) -> list[Step]:
        """Returns the commits within ``limits``, no parent before its child."""
        if not limits:
            return []
        how = (*how, "--full-history", "--date-order", _UTF8)
        shape = ["-r", "--name-only", "--no-renames", "-z", "--diff-merges=first-parent"]
        form = f"--format={_BEGIN}%H%x1f%P%x1f%an%x1f%aI"
        where = _literal(path) if path else ":(top)"
        quietly = ("-c", "log.showRoot=true", "-c", "log.follow=false", "log", "--no-show-signature")
        stdin = "".join(f"{limit}\n" for limit in limits).encode("ascii")
        raw = self._git(*quietly, *how, *shape, form, "--stdin", "--", where, stdin=stdin)
        found: list[tuple[str, set[str]]] = []
        for field in fields(raw):
            if field.startswith(_BEGIN):
                found.append((field.removeprefix(_BEGIN), set()))
            elif changed := field.removeprefix("\n"):  # git puts a line break, or an empty field, before the first
                found[-1][1].add(changed)
        return [_step(header, paths) for header, paths in found]

    def _shared(self, tips: Sequence[str]) -> str | None:
        """Returns a commit that all these histories have, or None."""
        shared: str | None = tips[0]
        for begin in range(1, len(tips), _AT_ONCE):
            shared = shared and self._git.line("merge-base", "--octopus", shared, *tips[begin : begin + _AT_ONCE])
        return shared

    def timeline(self, tips: Iterable[str], path: str) -> list[str]:
        """Returns all commits that changed ``path`` on any line of these histories, newest first.

        Merges that joined two such lines are among them, whatever they made of it; other merges are not.
        """
        return self._lines("rev-list", "--date-order", "--simplify-merges", *tips, "--", _literal(path))

    def told(self, commits: Iterable[str], path: str, trailer: str) -> list[Told]:
        """Returns these commits as a timeline of ``path`` tells them, in the same order."""
        header = ("%H", "%P", "%an", "%cn <%ce>", "%aI", f"%(trailers:key={trailer},valueonly,separator=%x2C)", "%s")
        shape = ["-r", "--root", "--always", "--name-only", "--no-renames", "-z", "--diff-merges=first-parent", _UTF8]
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


def _step(header: str, paths: Iterable[str]) -> Step:
    commit, parents, who, when = header.split("\x1f")
    return Step(Touch(commit, who, when), tuple(parents.split()), frozenset(paths))


def _told(header: str) -> Told:
    commit, parents, author, committer, at, trailer, subject = header.split("\x1f", 6)
    return Told(commit, tuple(parents.split()), author, committer, at, trailer, subject, ())


def _literal(path: str) -> str:
    return f":(top,literal){path}"
