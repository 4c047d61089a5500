"""A fast-forward of the branch that is checked out, in which no save can be lost.

``git merge --ff-only`` takes a file for unchanged if it was so when git looked, before it locked the index; what is
saved between that look and the checkout is overwritten. Here, each file is set aside in one step, and the new one takes
its place only if that is free. What was set aside is looked at where nobody saves to it any more: if one is not as HEAD
has it, all of them go back. Then the branch moves, then the index, which is locked all the while (milliseconds: what
takes time is done before).

A record says what is under way. Whoever finds it ends it: if the branch has moved, the index follows; if not, all that
was set aside goes back.
"""

import filecmp
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Self

from flowsync.core.names import folded
from flowsync.errors import RepositoryError
from flowsync.repo.children import write_record
from flowsync.repo.encoding import LINK
from flowsync.repo.ground import Ground, NotFastForward
from flowsync.repo.mending import ABSENT, NOTHING, Moved, content, raw
from flowsync.repo.plumbing import Git, failure, locked

_TRIES = 3  # a person's git may change the index while all is made ready

_Look = tuple[int, int, int]


class Landing:
    """One fast-forward under way; ``record`` is the file that says so."""

    def __init__(self, ground: Ground, record: FilePath, aside: FilePath) -> None:
        self._ground = ground
        self._git = Git(ground.folder)
        self._record = record
        self._aside = aside
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
        try:
            self._make_ready(moved)
            self._look_again()
            self._exchange(moved)
            move()
        except OSError as error:
            raise NotFastForward(f"{error.filename or self._ground.folder}: {error.strerror}", "git status") from error
        finally:
            self.end()

    def _look_again(self) -> None:
        """Refuses if the branch was left or has moved, now that git can neither switch nor commit.

        Later would be as safe, but somebody may have read by then what was placed, and commit it as work of their own.
        """
        branch = self._ground.branch
        if not self._is_here():
            raise NotFastForward(f"branch {branch} was left meanwhile", "run the command again")
        if self._git.line("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}") != self._ground.old:
            raise NotFastForward(f"branch {branch} moved meanwhile", "run the command again")

    def _exchange(self, moved: Sequence[Moved]) -> None:
        """Puts each new file into the place of the old one, if that is as committed.

        Looked at are all of them first, so that hardly ever one has to go back that somebody has read by then; and
        each again as soon as nobody saves to it any more, for what came in between.
        """
        before = [one for one in moved if one.old != ABSENT]
        gone = [one for one in moved if one.new == ABSENT]
        makes_room = {folded(one.path) for one in gone}  # perhaps only the case of its name changes
        for one in moved:
            self._stays_inside(one.path)
            place = self._ground.folder / one.path
            if one.old != ABSENT:
                if not self._is_committed(place, one):
                    raise _saved(one.path)
            elif _is_in_the_way(place) and folded(one.path) not in makes_room:  # ignored by git, or new by now
                raise _untracked(one.path)
        stay = _folders(one.path for one in moved if one.new != ABSENT)
        for one in gone:
            self._set_aside(one)
        for one in gone:
            self._drop_empty(one.path, stay)
        for one in moved:
            if one.new != ABSENT:
                if one.old != ABSENT:
                    self._set_aside(one)
                self._place(one)
        looks = {one.path: _look(self._aside / "taken" / one.path) for one in before}
        for one in before:
            taken = self._aside / "taken" / one.path
            if not self._is_committed(taken, one) or _look(taken) != looks[one.path]:
                raise _saved(one.path)  # and it goes back

    def end(self) -> None:
        """Ends what was begun: forward if the branch has moved, else back to where it was."""
        landed = self._has_moved() and self._is_here()
        try:
            if landed:
                self._index_follows()
            else:
                self._go_back()
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
            before = _look(self._index)
            with suppress(FileNotFoundError):  # nothing was staged ever
                shutil.copyfile(self._index, self._aside / "index")
            self._check_out("old", [one for one in moved if one.old != ABSENT])
            done = self._aside_run("read-tree", "-i", "-m", self._ground.old or NOTHING, self._ground.new)
            if done.returncode:
                said = done.stderr.decode("utf-8", "replace").strip()
                raise NotFastForward(f"what is staged would be overwritten: {said}", "git status")
            self._check_out("new", [one for one in moved if one.new != ABSENT])
            try:
                os.link(self._aside / "lock", self._lock)
            except FileExistsError:
                raise NotFastForward(*locked(self._lock)) from None
            if _look(self._index) == before:
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

    def _set_aside(self, one: Moved) -> None:
        place, taken = self._ground.folder / one.path, self._aside / "taken" / one.path
        self._stays_inside(one.path)
        taken.parent.mkdir(parents=True, exist_ok=True)
        if not _is_in_the_way(place):
            raise _saved(one.path)
        try:
            place.rename(taken)
        except (FileNotFoundError, NotADirectoryError):
            raise _saved(one.path) from None

    def _is_committed(self, taken: FilePath, one: Moved) -> bool:
        """Tells whether a file is as the old commit has it."""
        pristine = self._aside / "old" / one.path
        if taken.is_symlink() or one.old[0] == LINK:
            return taken.is_symlink() and pristine.is_symlink() and taken.readlink() == pristine.readlink()
        if not taken.is_file():
            return False
        if _runs(taken) != _runs(pristine) and self._git.line("config", "--type=bool", "core.fileMode") != "false":
            return False
        if pristine.is_file() and filecmp.cmp(taken, pristine, shallow=False):
            return True
        return self._git.line("hash-object", f"--path={one.path}", str(taken)) == one.old[1]  # other line ends

    def _place(self, one: Moved) -> None:
        place = self._ground.folder / one.path
        self._stays_inside(one.path)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(self._aside / "new" / one.path, place, follow_symlinks=False)
        except (FileExistsError, NotADirectoryError):
            raise _saved(one.path) from None

    def _stays_inside(self, path: str) -> None:
        """Refuses a path that a symbolic link leads away from the worktree."""
        for parent in list(FilePath(path).parents)[:-1]:
            if (self._ground.folder / parent).is_symlink():
                raise NotFastForward(f"{path} would be overwritten: {parent} is a symbolic link", "git status")

    def _drop_empty(self, path: str, stay: Collection[FilePath]) -> None:
        """Removes the folders of a file that is gone, as far as nothing is in them or comes into them."""
        for folder in FilePath(path).parents:
            if folder in stay:
                return
            try:
                (self._ground.folder / folder).rmdir()
            except FileNotFoundError:
                continue
            except OSError:  # something is in it
                return

    def _go_back(self) -> None:
        """Takes away what was placed and puts back what was set aside; what a person has saved meanwhile stays."""
        moved = self._ground.moved()
        for one in moved:
            place, gone = self._ground.folder / one.path, self._aside / "gone" / one.path
            if _is_same(self._aside / "new" / one.path, place):
                gone.parent.mkdir(parents=True, exist_ok=True)
                with suppress(FileNotFoundError):
                    place.rename(gone)
        stay = _folders(one.path for one in moved if one.old != ABSENT)
        for one in moved:
            if one.old == ABSENT:
                self._drop_empty(one.path, stay)
        for one in moved:
            gone, taken = self._aside / "gone" / one.path, self._aside / "taken" / one.path
            if one.new != ABSENT and os.path.lexists(gone) and not self._is_as_placed(gone, one):
                self._put_back(gone, one)
            if one.old != ABSENT and os.path.lexists(taken):
                self._put_back(taken, one)

    def _put_back(self, kept: FilePath, one: Moved) -> None:
        """Puts a file to its place, unless something newer is there."""
        place = self._ground.folder / one.path
        with suppress(FileExistsError, NotADirectoryError):
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(kept, place, follow_symlinks=False)

    def _is_as_placed(self, gone: FilePath, one: Moved) -> bool:
        """Tells whether a file that was taken away again is the one that was placed, and nobody wrote to it."""
        if not _is_same(gone, self._aside / "new" / one.path):
            return False
        return gone.is_symlink() or gone.read_bytes() == content(self._git, one.path, one.new[1])

    def _index_follows(self) -> None:
        if self._holds_lock():
            with suppress(FileNotFoundError):  # it has followed
                (self._aside / "index").replace(self._index)
        elif (self._aside / "index").exists():  # a person removed the lock of a run that died
            self._git.run("read-tree", "-i", "-m", self._ground.old or NOTHING, self._ground.new)

    def _holds_lock(self) -> bool:
        return _is_same(self._aside / "lock", self._lock)

    def _has_moved(self) -> bool:
        ref = f"refs/heads/{self._ground.branch}"
        return self._git.run("merge-base", "--is-ancestor", self._ground.new, ref).returncode == 0

    def _is_here(self) -> bool:
        return self._git.line("symbolic-ref", "--quiet", "HEAD") == f"refs/heads/{self._ground.branch}"


def _saved(path: str) -> NotFastForward:
    return NotFastForward(f"{path} would be overwritten: it is not what the branch has", "git status")


def _untracked(path: str) -> NotFastForward:
    return NotFastForward(f"{path} would be overwritten: it is there, but not in the branch", "move it elsewhere")


def _is_in_the_way(place: FilePath) -> bool:
    """Tells whether a file stands there, or a link; a folder may turn out to be empty."""
    return os.path.lexists(place) and (place.is_symlink() or not place.is_dir())


def _folders(paths: Iterable[str]) -> set[FilePath]:
    """Returns the folders that these paths lie in, and those that they lie in, up to the worktree's own."""
    return {FilePath(), *(folder for path in paths for folder in FilePath(path).parents)}


def _look(place: FilePath) -> _Look | None:
    try:
        found = place.lstat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _is_same(one: FilePath, other: FilePath) -> bool:
    with suppress(OSError):
        return os.path.samestat(one.lstat(), other.lstat())
    return False


def _runs(place: FilePath) -> bool:
    with suppress(OSError):
        return bool(place.lstat().st_mode & 0o100)
    return False
