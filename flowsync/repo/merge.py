"""Three-way merges of one flow, outside the worktree and the index.

Git's own ``merge-tree`` does the work, so that the repository's attributes and merge drivers (flowsync's for
``flow.dag.yaml``) have their say. It takes its base from ancestry; flowsync's base is what both sides were last seen
to hold, which an amend or a rebase takes out of ancestry. So the three trees are first committed onto each other, by
commits that no ref ever names.
"""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path as FilePath

from flowsync.errors import RepositoryError
from flowsync.repo.encoding import Signature
from flowsync.repo.objects import Objects
from flowsync.repo.plumbing import Git, environment, failure, fields, text

_NOBODY = str(Signature("flowsync", "flowsync@localhost", 0))


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged tree of the whole repository. ``conflicts`` names the paths whose content holds both sides."""

    tree: str
    conflicts: tuple[str, ...]


class Merger:
    """Merges whole-repository trees that differ in one flow."""

    def __init__(self, git: Git, objects: Objects) -> None:
        self._git = git
        self._objects = objects

    def merge(self, base: str, local: str, remote: str) -> Merge:
        """Merges three trees. Conflicted files hold Git's markers in the result."""
        ours, theirs = self._commits(base, local, remote)
        arguments = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs)
        done = self._git.run(*arguments)
        if done.returncode not in (0, 1):
            raise failure(arguments, done)
        tree, *conflicts = fields(done.stdout)
        return Merge(tree, tuple(path for path in conflicts if path))

    def with_tool(self, base: str, local: str, remote: str, tool: str) -> Merge:
        """Lets the person settle the conflicts with their ``git mergetool``, in a worktree of its own."""
        ours, theirs = self._commits(base, local, remote)
        folder = FilePath(tempfile.mkdtemp(prefix="flowsync-merge-"))
        try:
            quietly = ("-c", f"core.hooksPath={os.devnull}")  # a person's hooks are not about this worktree
            self._git(*quietly, "worktree", "add", "--quiet", "--detach", "--force", str(folder), ours)
            there = Git(folder)
            done = there.run(*quietly, "merge", "--no-commit", "--no-ff", "--no-autostash", "--quiet", theirs)
            if done.returncode not in (0, 1):
                raise failure(("merge",), done)
            clashing = _unmerged(there)
            self._run_tool(folder, tool)
            # a tool may say that it is done, and have left what git put there for it to settle
            left = _unmerged(there) or tuple(path for path in clashing if _has_markers(folder / path))
            if left:
                return Merge("", left)
            return Merge(text(there("write-tree")).strip(), ())
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            self._git("worktree", "prune")

    def _run_tool(self, folder: FilePath, tool: str) -> None:
        command = ["git", "-C", str(folder), "mergetool", *([f"--tool={tool}"] if tool else [])]
        keep = {name: os.environ[name] for name in ("GIT_EDITOR",) if name in os.environ}
        done = subprocess.run(command, env=environment(keep), check=False)
        if done.returncode not in (0, 1):
            raise RepositoryError(f"git mergetool ended with {done.returncode}", "git mergetool --tool-help")

    def _commits(self, base: str, local: str, remote: str) -> tuple[str, str]:
        root = self._objects.write_commit(base, (), _NOBODY, _NOBODY, "base\n")
        ours = self._objects.write_commit(local, (root,), _NOBODY, _NOBODY, "local\n")
        theirs = self._objects.write_commit(remote, (root,), _NOBODY, _NOBODY, "remote\n")
        return ours, theirs


def _unmerged(there: Git) -> tuple[str, ...]:
    return tuple(fields(there("diff", "--name-only", "--diff-filter=U", "-z")))


def _has_markers(file: FilePath) -> bool:
    """Tells whether a file holds git's conflict markers, all three of them."""
    if file.is_symlink() or not file.is_file():
        return False
    lines = file.read_bytes().splitlines()
    return all(any(line.startswith(marker) for line in lines) for marker in (b"<<<<<<< ", b"=======", b">>>>>>> "))
