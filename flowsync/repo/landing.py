"""A fast-forward of the branch that is checked out, in which no save can be lost.

``git merge --ff-only`` takes a file for unchanged if it was so when git looked, before it locked the index; what is
saved between that look and the checkout is overwritten. Here, the files are exchanged (``exchange``), then the index,
which is locked all the while (milliseconds: what takes time is done before), and then the branch moves: ``git commit
FILE`` reads HEAD and index before it takes the lock, so whoever sees the new commit must see its index, too.

A record says what is under way. Whoever finds it ends it: if the branch has moved, all follows; if not, all goes back.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Self

from flowsync.durable import settle
from flowsync.errors import RepositoryError
from flowsync.repo.children import write_record
from flowsync.repo.encoding import LINK
from flowsync.repo.exchange import Exchange, is_same
from flowsync.repo.ground import Ground, NotFastForward
from flowsync.repo.mending import ABSENT, NOTHING, Moved, between, raw
from flowsync.repo.plumbing import Git, failure, locked
from flowsync.repo.stamps import look

_TRIES = 3  # a person's git may change the index while all is made ready


class Landing:
    """One fast-forward under way; ``record`` is the file that says so."""

    def __init__(self, ground: Ground, record: FilePath, aside: FilePath) -> None:
        self._ground = ground
        self._git = Git(ground.folder)
        self._record = record
        self._aside = aside
        self._exchange = Exchange(ground.folder, aside)
        self._index, self._lock = ground.git_dir / "index", ground.git_dir / "index.lock"

    @classmethod
    def begin(cls, ground: Ground, record: FilePath) -> Self:
        """Writes down that a landing begins."""
        aside = ground.aside()
        (aside / "lock").write_bytes(b"flowsync\n")
        said = {**{name: str(getattr(ground, name) or "") for name in Ground.__slots__}, "aside": str(aside)}
        write_record(record, said)
        return cls(ground, record, aside)

    @classmethod
    def under_way(cls, record: FilePath) -> Self | None:
        """Returns the landing that a run which died has left, or None."""
        try:
            said = json.loads(record.read_text(encoding="utf-8"))
            folder, git_dir, aside = (FilePath(said[name]) for name in ("folder", "git_dir", "aside"))
            ground = Ground(folder, git_dir, said["branch"], said["old"] or None, said["new"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):  # not of ours
            record.unlink(missing_ok=True)
            return None
        if not folder.is_dir():  # a linked worktree that was removed
            record.unlink(missing_ok=True)
            return None
        return cls(ground, record, aside)

    def run(self, moved: Sequence[Moved], move: Callable[[], None]) -> None:
        """Brings files, branch (by ``move``) and index to the new commit; NotFastForward if that cannot be."""
        landed = False
        try:
            self._make_ready(moved)
            self._look_again()
            self._exchange.forward(moved)
            self._index_goes(forward=True)
            move()
            landed = True
        except OSError as error:
            raise NotFastForward(f"{error.filename or self._ground.folder}: {error.strerror}", "git status") from error
        finally:
            self.end(landed)

    def _look_again(self) -> None:
        """Refuses if the branch was left or has moved. While the index is locked, git can do neither.

        Later would be as safe, but somebody may have read by then what was placed, and commit it as work of their own.
        """
        branch = self._ground.branch
        if not self._is_here():
            raise NotFastForward(f"branch {branch} was left meanwhile", "run the command again")
        if self._git.line("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}") != self._ground.old:
            raise NotFastForward(f"branch {branch} moved meanwhile", "run the command again")

    def end(self, landed: bool = False) -> None:
        """Ends what was begun: forward if the branch has moved, else back to where it was."""
        # whoever has seen the branch move already waits for the lock: nothing is asked again
        landed = landed or (self._has_moved() and self._is_here())
        try:
            if not landed:
                self._exchange.back(self._not_committed())
            self._index_goes(forward=landed)
        except OSError as error:
            said = f"what was begun in {self._ground.folder} could not be undone: {error.filename}: {error.strerror}"
            raise RepositoryError(said, "run the command again; what was there is kept until it can be") from error
        if self._holds_lock():
            self._lock.unlink()
        shutil.rmtree(self._aside, ignore_errors=True)
        self._record.unlink(missing_ok=True)
        if landed:
            self._git.run("update-index", "-q", "--refresh")

    def _make_ready(self, moved: Sequence[Moved]) -> None:
        """Writes the new index and both sides' files aside, and then locks the index that these were made from."""
        for _ in range(_TRIES):
            before = look(self._index, follow=False)
            with suppress(FileNotFoundError):  # nothing was staged ever
                shutil.copyfile(self._index, self._aside / "before")
                shutil.copyfile(self._aside / "before", self._aside / "index")
            self._check_out("old", [one for one in moved if one.old != ABSENT])
            done = self._aside_run("read-tree", "-i", "-m", self._ground.old or NOTHING, self._ground.new)
            if done.returncode:
                self._look_again()  # a commit may be why
                said = done.stderr.decode("utf-8", "replace").strip()
                raise NotFastForward(f"what is staged would be overwritten: {said}", "git status")
            coming = [one for one in moved if one.new != ABSENT]
            self._check_out("new", coming)
            files = (self._aside / "new" / one.path for one in coming if one.new[0] != LINK)
            settle([self._record, self._aside / "index", *files])
            try:
                os.link(self._aside / "lock", self._lock)
            except FileExistsError:
                raise NotFastForward(*locked(self._lock)) from None
            if look(self._index, follow=False) == before:
                return
            self._lock.unlink()
            for name in ("old", "new"):
                shutil.rmtree(self._aside / name, ignore_errors=True)
        raise NotFastForward("the index changes all the time", "run the command again")

    def _check_out(self, side: str, some: Sequence[Moved]) -> None:
        paths = raw("".join(f"{one.path}\0" for one in some))
        to = f"--prefix={self._aside / side}/"
        arguments = ("checkout-index", "--ignore-skip-worktree-bits", "-z", "--stdin", to)
        done = self._aside_run(*arguments, stdin=paths)
        if done.returncode:  # a filter that fails, say
            raise NotFastForward(failure(arguments, done).message, "git status")

    def _aside_run(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """Runs git on the index that is made ready aside; a hook would take it for the person's."""
        env = {"GIT_INDEX_FILE": str(self._aside / "index")}
        return self._git.run("-c", f"core.hooksPath={os.devnull}", *arguments, stdin=stdin, env=env)

    def _index_goes(self, forward: bool) -> None:
        """Puts the new index into its place, or the old one back; a link to the new one tells which is there."""
        new, coming, went = (self._aside / name for name in ("index", "coming", "went"))
        if self._holds_lock():
            if forward == is_same(new, self._index):
                return
            if forward:
                went.touch()
                coming.unlink(missing_ok=True)
                os.link(new, coming)
                coming.replace(self._index)
            elif (before := self._aside / "before").exists():
                before.replace(self._index)
            else:
                self._index.unlink()
        elif (new if forward else went).exists():  # a person removed the lock of a run that died, and may have staged
            trees = [self._ground.old or NOTHING, self._ground.new] if forward else [self._ground.new, self._head()]
            self._git.run("read-tree", "-i", "-m", *trees)

    def _not_committed(self) -> list[Moved]:
        """Returns what goes back: not what a person has committed since, who removed the lock of a run that died."""
        differ = {one.path for one in between(self._git, self._head(), self._ground.new)}
        return [one for one in self._ground.moved() if one.path in differ]

    def _head(self) -> str:
        return self._git.line("rev-parse", "--verify", "--quiet", "HEAD^{commit}") or NOTHING

    def _holds_lock(self) -> bool:
        return is_same(self._aside / "lock", self._lock)

    def _has_moved(self) -> bool:
        ref = f"refs/heads/{self._ground.branch}"
        return self._git.run("merge-base", "--is-ancestor", self._ground.new, ref).returncode == 0

    def _is_here(self) -> bool:
        return self._git.line("symbolic-ref", "--quiet", "HEAD") == f"refs/heads/{self._ground.branch}"
