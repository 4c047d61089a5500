"""Refs: read in one look, moved in one transaction that checks where each of them was."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from flowsync.errors import RepositoryError
from flowsync.repo.children import Children
from flowsync.repo.plumbing import Git, failure, text
from flowsync.repo.recent import Recent

ABSENT = "0" * 40
_ANSWERS = 10_000  # remembered


class RefMoved(RepositoryError):
    """A ref was not where the transaction expected it; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Move:
    """One ref's move. None means that the ref is absent, before or after."""

    ref: str
    old: str | None
    new: str | None


class Refs:
    """The refs of one repository."""

    def __init__(
        self, git: Git, children: Children, git_dir: FilePath, common_dir: FilePath, settle: Callable[[], None]
    ) -> None:
        """``settle`` brings to the disk what refs may be moved to."""
        self._git = git
        self._settle = settle
        self._children = children
        self._locks = (git_dir / "HEAD.lock", common_dir / "packed-refs.lock", common_dir / "reftable/tables.list.lock")
        self._common_dir = common_dir
        self._ancestry: Recent[tuple[str, str], bool] = Recent(_ANSWERS)  # of commits by their ids: it never changes

    def below(self, prefix: str, merged_into: str | None = None) -> dict[str, str]:
        """Returns the refs below ``prefix`` (which ends with ``/``), by the rest of their name.

        With ``merged_into``, only those whose commit that commit contains.
        """
        only = [f"--merged={merged_into}"] if merged_into else []
        raw = self._git("for-each-ref", "--format=%(refname) %(objectname)", *only, prefix)
        pairs = (line.rsplit(" ", 1) for line in text(raw).splitlines())
        return {name[len(prefix) :]: sha for name, sha in pairs}

    def containing(self, prefix: str, commit: str) -> frozenset[str]:
        """Returns the refs below ``prefix`` whose history holds ``commit``, by the rest of their name."""
        raw = self._git("for-each-ref", "--format=%(refname)", f"--contains={commit}", prefix)
        return frozenset(name[len(prefix) :] for name in text(raw).splitlines())

    def matching(self, *patterns: str) -> dict[str, str]:
        """Returns the refs of these names, or below these prefixes (which end with ``/``), all in one look."""
        raw = self._git("for-each-ref", "--format=%(refname) %(objectname)", *patterns)
        return {name: sha for name, _, sha in (line.rpartition(" ") for line in text(raw).splitlines())}

    def get(self, ref: str) -> str | None:
        """Returns the commit that a full ref name points at, or None."""
        arguments = ("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        done = self._git.run(*arguments)
        if done.returncode > 1 and done.stderr:  # it says nothing about what is merely not there
            raise failure(arguments, done)
        found = text(done.stdout).split()
        return found[0] if len(found) == 1 and not done.returncode else None

    def move(self, moves: Sequence[Move], reason: str) -> None:
        """Moves refs, all or none; RefMoved if one of them is not where its move says."""
        if not moves:
            return
        self._settle()
        lines = [f"update {move.ref}\0{move.new or ABSENT}\0{move.old or ABSENT}\0" for move in moves]
        arguments = ("update-ref", "--stdin", "-z", "-m", f"flowsync: {reason}")
        stdin = "".join(lines).encode("utf-8", "surrogateescape")
        locks = [*self._locks, *(self.lock(move.ref) for move in moves)]
        done = self._children.run(self._git, *arguments, locks=locks, stdin=stdin)
        if done.returncode:
            said = failure(arguments, done)
            if (
                b"but expected" in done.stderr
                or b"already exists" in done.stderr
                or b"unable to resolve" in done.stderr
            ):
                raise RefMoved(said.message, "run the command again")
            raise said

    def lock(self, ref: str) -> FilePath:
        """Returns the file by which git locks a ref."""
        return self._common_dir / f"{ref}.lock"

    def contains(self, commit: str, other: str) -> bool:
        """Tells whether ``commit``'s history holds ``other``."""
        if commit == other:
            return True
        if (known := self._ancestry.get((commit, other))) is not None:
            return known
        done = self._git.run("merge-base", "--is-ancestor", other, commit)
        if done.returncode not in (0, 1):
            raise failure(("merge-base",), done)
        if len(commit) == len(other) == len(ABSENT):
            self._ancestry.keep((commit, other), done.returncode == 0)
        return done.returncode == 0
