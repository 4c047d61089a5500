"""The branch and the worktree. They belong to the person: flowsync looks, waits, and moves them only forward, as
``git merge --ff-only`` does.
"""

import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path as FilePath

from flowsync.core.plan import Hold
from flowsync.core.tree import Blob
from flowsync.errors import RepositoryError
from flowsync.repo.children import Children
from flowsync.repo.ground import Ground, NotFastForward, is_possible, sweep
from flowsync.repo.landing import Landing
from flowsync.repo.mending import Moved, mend
from flowsync.repo.plumbing import Git, Locked, failure, fields, text
from flowsync.repo.refs import Move, RefMoved, Refs

_UNDER_WAY = {
    "MERGE_HEAD": ("a merge is under way", "git merge --continue, or git merge --abort"),
    "rebase-merge": ("a rebase is under way", "git rebase --continue, or git rebase --abort"),
    "rebase-apply": ("a rebase or git am is under way", "git rebase --continue, or git am --continue"),
    "CHERRY_PICK_HEAD": ("a cherry-pick is under way", "git cherry-pick --continue, or git cherry-pick --abort"),
    "REVERT_HEAD": ("a revert is under way", "git revert --continue, or git revert --abort"),
    "BISECT_LOG": ("a bisect is under way", "git bisect reset"),
    "sequencer": ("a sequence of picks is under way", "git cherry-pick --continue, or git revert --continue"),
    "index.lock": ("another git command holds the index (index.lock)", "wait for it; if none runs, remove index.lock"),
}
# The frameworks keep their patches for ever; only a young one whose process lives means that edits are put away now
# (a process's number is used again, in containers soon).
_PATCHES = (
    ("PRE_COMMIT_HOME", "pre-commit", "", re.compile(r"patch\d+-(\d+)$")),
    ("PREK_HOME", "prek", "patches", re.compile(r"\d+-(\d+)\.patch$")),
)

# Git moves index and files first and HEAD last, and leaves them so if somebody committed in between.
_FORESTALLED = b"cannot lock ref 'HEAD': is at "
_AT_ONCE = 200  # paths on one command line
_GLANCE = 0.01  # seconds from one look at a lock to the next
_YOUNG = 3600.0  # seconds; hooks do not run for longer


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder where a branch is checked out, and its git directory."""

    folder: FilePath
    git_dir: FilePath


class Worktree:
    """One worktree of the repository, and the branches in it."""

    def __init__(self, git: Git, refs: Refs, children: Children, git_dir: FilePath, state_dir: FilePath) -> None:
        self._git = git
        self._children = children
        self._refs = refs
        self._git_dir = git_dir
        self._record = state_dir / "landing.json"

    def tip(self, branch: str) -> str | None:
        """Returns the branch's commit, or None while it is unborn."""
        return self._refs.get(f"refs/heads/{branch}")

    def current(self) -> str | None:
        """Returns the branch that is checked out here, or None with a detached HEAD."""
        ref: str | None = _head(self._git_dir) or self._git.line("symbolic-ref", "--quiet", "HEAD")
        return ref.removeprefix("refs/heads/") if ref else None

    def checkout(self, branch: str) -> Checkout | None:
        """Returns where the branch is checked out (here or in a linked worktree), or None."""
        if self.current() == branch:
            return Checkout(self._git.folder, self._git_dir)
        for folder, state in self._others():
            if state == f"branch refs/heads/{branch}":
                return _opened(folder, branch)
            if state == "detached" and folder.is_dir():
                there = _opened(folder, branch)
                if _returns_to(branch, there.git_dir):
                    return there
        return None

    def _others(self) -> Iterator[tuple[FilePath, str]]:
        """Yields every worktree's folder with what it has checked out, as ``git worktree list`` says it."""
        folder = FilePath()
        for field in fields(self._git("worktree", "list", "--porcelain", "-z")):
            if field.startswith("worktree "):
                folder = FilePath(field.removeprefix("worktree "))
            elif field == "detached" or field.startswith("branch "):
                yield folder, field

    def busy(self, at: Checkout, wait: float = 0.0) -> Hold | None:
        """Returns what git is in the middle of in a worktree, or None.

        A lock of the index may take ``wait`` seconds to go: most commands hold it for a moment only.
        """
        until = time.monotonic() + wait
        while os.path.lexists(at.git_dir / "index.lock") and time.monotonic() < until:
            time.sleep(_GLANCE)
        for name, (reason, hint) in _UNDER_WAY.items():
            if os.path.lexists(at.git_dir / name):
                return Hold(reason, hint)
        return _edits_put_away()

    def dirty(self, at: Checkout, prefix: str) -> list[str]:
        """Returns the paths below ``prefix`` with uncommitted edits, staged or not, new files included."""
        where = f":(top,literal){prefix}" if prefix else ":(top)"
        raw = Git(at.folder)("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", where)
        top = f"{prefix}/" if prefix else ""
        return [field[3:].removeprefix(top) for field in fields(raw)]

    def hashed(self, at: Checkout, paths: Sequence[str], store: bool = False) -> dict[str, Blob]:
        """Returns the blobs that ``git add`` would make of these files (from the root), in the store only if asked.

        What is no plain file is missing from the result.
        """
        found: dict[str, Blob] = {}
        for begin in range(0, len(paths), _AT_ONCE):
            there = [path for path in paths[begin : begin + _AT_ONCE] if _is_file(at.folder / path)]
            write = ["-w"] if store else []
            said = text(Git(at.folder)("hash-object", *write, "--", *there)).split() if there else []
            found.update(zip(there, map(Blob, said), strict=True))
        return found

    def fast_forward(self, branch: str, old: str | None, new: str) -> None:
        """Moves the branch from ``old`` to ``new``, with the worktree that it is checked out in, or not at all."""
        at = self.checkout(branch)
        if at is None:
            self._refs.move([Move(f"refs/heads/{branch}", old, new)], "land Studio's changes")
            return
        if self.tip(branch) != old:
            raise NotFastForward(f"branch {branch} moved meanwhile", "run the command again")
        if old and not self._refs.contains(new, old):
            raise NotFastForward(f"{new} is not a successor of branch {branch}", "run the command again")
        ground = Ground(at.folder, at.git_dir, branch, old, new)
        moved = ground.moved()
        if is_possible(ground, moved):
            self._land(ground, moved)
        else:
            self._merge(ground)

    def _land(self, ground: Ground, moved: Sequence[Moved]) -> None:
        moves = [Move(f"refs/heads/{ground.branch}", ground.old, ground.new)]
        if ground.old:  # as with git merge, for git reset --hard ORIG_HEAD
            moves.append(Move("ORIG_HEAD", self._refs.get("ORIG_HEAD"), ground.old))

        def move() -> None:
            try:
                self._refs.move(moves, f"merge {ground.new}: Fast-forward")
            except RefMoved as error:
                raise NotFastForward(f"branch {ground.branch} moved meanwhile", error.hint) from error

        Landing.begin(ground, self._record).run(moved, move)
        Git(ground.folder).run("hook", "run", "--ignore-missing", "post-merge", "--", "0")

    def _merge(self, ground: Ground) -> None:
        """Lets git do it, where files cannot be set aside."""
        branch, new, git = ground.branch, ground.new, Git(ground.folder)
        # A person's merge.autoStash must not put their edits away for us, and a file that Git ignores is work too: by
        # itself Git would overwrite it without a word. Hooks run (post-merge), as with git pull.
        arguments = ("merge", "--ff-only", "--no-autostash", "--no-overwrite-ignore", "--quiet", "--no-stat", new)
        locks = [ground.git_dir / name for name in ("index.lock", "HEAD.lock", "ORIG_HEAD.lock")]
        locks.append(self._refs.lock(f"refs/heads/{branch}"))
        quietly = ("-c", "core.quotePath=false")
        env = {"GIT_OPTIONAL_LOCKS": "1"}
        done = self._children.run(git, *quietly, *arguments, locks=locks, env=env, halfway=_FORESTALLED)
        if self.tip(branch) != new:
            self._mend()
            if done.returncode == 0:
                _move_back(git, branch, new)
                raise NotFastForward(f"branch {branch} was left meanwhile for another", "run the command again")
            refused = failure(arguments, done)
            raise NotFastForward(refused.message, refused.hint or "git status")

    def recover(self) -> None:
        """Puts right what a git command of a flowsync that died has left: its locks, and files half moved."""
        self._children.recover()
        self._mend()
        if landing := Landing.under_way(self._record):
            landing.end()
        sweep(self._git_dir)

    def _mend(self) -> None:
        """Undoes what a fast-forward did that HEAD did not follow; the next run does, if the index stays locked."""
        left = self._children.owed()
        with suppress(Locked):
            if left and "--ff-only" in left.arguments and left.folder.is_dir():
                mend(Git(left.folder), left.arguments[-1], left.killed)
            self._children.paid()


def _move_back(git: Git, branch: str, new: str) -> None:
    """Moves back the branch that was switched to in the instant before git began, and was moved instead of ours.

    Git has no way to say which branch is meant. ``--keep`` touches no edit, and refuses where it would have to.
    """
    ref = git.line("symbolic-ref", "--quiet", "HEAD")
    before = git.line("rev-parse", "--verify", "--quiet", "ORIG_HEAD^{commit}")
    if ref and before and ref != f"refs/heads/{branch}" and git.line("rev-parse", "HEAD") == new:
        git.run("reset", "--quiet", "--keep", before)


def _head(git_dir: FilePath) -> str:
    """Returns the ref that HEAD names, empty where only git can tell: reading a file costs less than a process."""
    try:
        said = (git_dir / "HEAD").read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return ""
    named = said.removeprefix("ref: ")
    # with reftable, the file names a ref that cannot be
    return named if said != named and named.startswith("refs/heads/") and not named.endswith("/.invalid") else ""


def _is_file(place: FilePath) -> bool:
    try:
        return stat.S_ISREG(place.lstat().st_mode)
    except OSError:
        return False


def _opened(folder: FilePath, branch: str) -> Checkout:
    if not folder.is_dir():
        raise RepositoryError(f"branch {branch} is checked out in {folder}, which is not there", "git worktree prune")
    return Checkout(folder, FilePath(Git(folder).line("rev-parse", "--absolute-git-dir") or ""))


def _returns_to(branch: str, git_dir: FilePath) -> bool:
    """Tells whether a detached worktree is only in the middle of something that ends on the branch, or moves it."""
    wanted = (f"refs/heads/{branch}", branch)
    for name in ("rebase-merge/head-name", "rebase-apply/head-name", "rebase-merge/update-refs", "BISECT_START"):
        try:
            lines = (git_dir / name).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except OSError:  # not under way
            continue
        if any(line in wanted for line in lines):
            return True
    return False


def _edits_put_away() -> Hold | None:
    for variable, name, inner, pattern in _PATCHES:
        cache = os.environ.get("XDG_CACHE_HOME") or FilePath.home() / ".cache"
        folder = FilePath(os.environ.get(variable) or FilePath(cache) / name) / inner
        try:
            patches = list(folder.iterdir())
        except OSError:
            continue
        for patch in patches:
            found = pattern.match(patch.name)
            if found and _alive(int(found.group(1)), patch):
                return Hold(f"{name} has put unstaged edits away while its hooks run", "wait for the commit to finish")
    return None


def _alive(pid: int, patch: FilePath) -> bool:
    if time.time() - patch.stat().st_mtime > _YOUNG:
        return False
    if os.name == "nt":  # os.kill(pid, 0) would end the process there; a young patch stands for a live one
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
