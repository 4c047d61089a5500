"""Files of a worktree exchanged for those of another commit, in such steps that no save can be lost.

Each is set aside in one step (a rename), and the new one takes its place only if that is free (a hard link, which
replaces nothing). What was set aside is looked at where nobody saves to it any more: if one is not as committed, all of
them go back.
"""

import filecmp
import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path as FilePath

from flowsync.core.names import folded
from flowsync.repo.encoding import LINK
from flowsync.repo.ground import NotFastForward
from flowsync.repo.mending import ABSENT, Moved, content
from flowsync.repo.plumbing import Git
from flowsync.repo.stamps import look


class Exchange:
    """Both sides' files lie ready in ``aside`` (``old``, ``new``), on the worktree's file system.

    There they go, too: what was in the worktree (``taken``), and what was placed and is taken away again (``gone``).
    """

    def __init__(self, folder: FilePath, aside: FilePath) -> None:
        self._folder, self._aside = folder, aside
        self._git = Git(folder)

    def forward(self, moved: Sequence[Moved]) -> None:
        """Puts each new file into the place of the old one, if that is as committed.

        Looked at are all of them first, so that hardly ever one has to go back that somebody has read by then; and
        each again as soon as nobody saves to it any more, for what came in between.
        """
        before = [one for one in moved if one.old != ABSENT]
        gone = [one for one in moved if one.new == ABSENT]
        makes_room = {folded(one.path) for one in gone}  # perhaps only the case of its name changes
        for one in moved:
            self._stays_inside(one.path)
            place = self._folder / one.path
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
        looks = {one.path: look(self._aside / "taken" / one.path, follow=False) for one in before}
        for one in before:
            taken = self._aside / "taken" / one.path
            if not self._is_committed(taken, one) or look(taken, follow=False) != looks[one.path]:
                raise _saved(one.path)  # and it goes back

    def back(self, moved: Sequence[Moved]) -> None:
        """Takes away what was placed and puts back what was set aside; what a person has saved meanwhile stays."""
        for one in moved:
            place, gone = self._folder / one.path, self._aside / "gone" / one.path
            if is_same(self._aside / "new" / one.path, place):
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

    def _set_aside(self, one: Moved) -> None:
        place, taken = self._folder / one.path, self._aside / "taken" / one.path
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
        place = self._folder / one.path
        self._stays_inside(one.path)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(self._aside / "new" / one.path, place, follow_symlinks=False)
        except (FileExistsError, NotADirectoryError):
            raise _saved(one.path) from None

    def _stays_inside(self, path: str) -> None:
        """Refuses a path that a symbolic link leads away from the worktree."""
        for parent in list(FilePath(path).parents)[:-1]:
            if (self._folder / parent).is_symlink():
                raise NotFastForward(f"{path} would be overwritten: {parent} is a symbolic link", "git status")

    def _drop_empty(self, path: str, stay: Collection[FilePath]) -> None:
        """Removes the folders of a file that is gone, as far as nothing is in them or comes into them."""
        for folder in FilePath(path).parents:
            if folder in stay:
                return
            try:
                (self._folder / folder).rmdir()
            except FileNotFoundError:
                continue
            except OSError:  # something is in it
                return

    def _put_back(self, kept: FilePath, one: Moved) -> None:
        """Puts a file to its place, unless something newer is there."""
        place = self._folder / one.path
        with suppress(FileExistsError, NotADirectoryError):
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(kept, place, follow_symlinks=False)

    def _is_as_placed(self, gone: FilePath, one: Moved) -> bool:
        """Tells whether a file that was taken away again is the one that was placed, and nobody wrote to it."""
        if not is_same(gone, self._aside / "new" / one.path):
            return False
        return gone.is_symlink() or gone.read_bytes() == content(self._git, one.path, one.new[1])


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


def _runs(place: FilePath) -> bool:
    with suppress(OSError):
        return bool(place.lstat().st_mode & 0o100)
    return False


def is_same(one: FilePath, other: FilePath) -> bool:
    """Tells whether two names are one file; a link is not what it leads to."""
    with suppress(OSError):
        return os.path.samestat(one.lstat(), other.lstat())
    return False
