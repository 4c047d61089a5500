"""The Git side: the only room that imports GitPython.

``Repository`` opens a repository and holds its parts; each part has a file: ``objects`` (blobs, trees, commits),
``refs``, ``history``, ``worktree`` (the branch and what is uncommitted), ``merge``, and below them ``plumbing`` (how
git is run).
"""

import re
from pathlib import Path as FilePath

from flowsync.closing import Closing
from flowsync.errors import RepositoryError

try:
    import git
except ModuleNotFoundError:
    raise
except ImportError as broken:  # GitPython runs git when it is imported
    said = getattr(broken.__context__, "stderr", "").strip() or "it is not on the PATH"
    raise RepositoryError(f"git cannot be run: {said}", "git --version") from broken

from flowsync.repo.children import Children
from flowsync.repo.history import History
from flowsync.repo.merge import Merger
from flowsync.repo.objects import Objects
from flowsync.repo.plumbing import FLOOR, Git, text
from flowsync.repo.refs import Refs
from flowsync.repo.worktree import Worktree

_DETACHES = (2, 47)  # since then a maintenance has to be told; before, its gc went into the background by itself

__all__ = ["Repository", "git_version"]


def git_version() -> tuple[int, ...]:
    """Returns the installed git's version, such as ``(2, 39, 5)``."""
    said = text(Git(FilePath.cwd())("version"))
    return tuple(int(part) for part in re.findall(r"\d+", said)[:3])


class Repository(Closing):
    """A Git repository with a worktree. Use it as a context manager: it keeps a git process."""

    def __init__(self, start: FilePath) -> None:
        """Opens the repository that ``start`` lies in; RepositoryError if there is none or it cannot be used."""
        self._version = git_version()
        if self._version < FLOOR:
            shown = ".".join(map(str, self._version))
            raise RepositoryError(f"git {shown} is too old: flowsync needs 2.39, for git merge-tree", "update git")
        try:
            self._opened = git.Repo(start, search_parent_directories=True)
        except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
            raise RepositoryError(f"{start} is not in a Git repository", "git init") from error
        if self._opened.bare or self._opened.working_tree_dir is None:
            raise RepositoryError(f"{start} is a bare repository; flowsync needs a worktree", "git worktree add DIR")
        self.root = FilePath(self._opened.working_tree_dir)
        self.git = Git(self.root)
        self.git_dir = FilePath(self._opened.git_dir)
        if self._opened.config_reader().get_value("extensions", "objectformat", "sha1") != "sha1":
            raise RepositoryError("the repository uses SHA-256 object names, which flowsync does not speak yet")
        common_dir = FilePath(self._opened.common_dir).resolve()
        self.state_dir = common_dir / "flowsync"  # one for all worktrees
        self.objects = Objects(self._opened)
        children = Children(self.state_dir)
        self.refs = Refs(self.git, children, self.git_dir, common_dir, self.objects.settle)
        self.history = History(self.git)
        self.worktree = Worktree(self.git, self.refs, children, self.git_dir, self.state_dir)
        self.merger = Merger(self.git, self.objects)

    def person(self) -> tuple[str, str]:
        """Returns the author and committer lines of the person at this repository, as ``git commit`` has them."""
        lines = []
        for variable in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            done = self.git.run("var", variable)
            if done.returncode:
                raise RepositoryError(
                    "git does not know who you are, and a merge needs an author",
                    'git config user.name "Your Name" && git config user.email you@example.com',
                )
            lines.append(text(done.stdout).strip())
        return lines[0], lines[1]

    def maintain(self) -> None:
        """Lets git pack loose objects, beside us, if it finds them too many: git's own commands end with this, too.

        Failing is git's affair: another one may be at it already.
        """
        if self.git.line("config", "--type=bool", "maintenance.auto") != "false":
            beside = ["--detach"] if self._version >= _DETACHES else []
            self.git.run("maintenance", "run", "--auto", "--quiet", *beside)

    def close(self) -> None:
        """Ends the git processes that are kept."""
        self._opened.close()
