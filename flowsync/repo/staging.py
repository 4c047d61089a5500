"""Putting a tree into the index and the worktree without a commit, as ``git merge --no-commit`` would leave it."""

from flowsync.repo.ground import NotFastForward
from flowsync.repo.plumbing import Git, failure
from flowsync.repo.worktree import Checkout


def stage(at: Checkout, tip: str, tree: str) -> None:
    """Takes the checkout of ``tip`` to ``tree``, uncommitted; other edits stay. NotFastForward if git refuses."""
    git = Git(at.folder)
    git.run("update-index", "-q", "--refresh", env={"GIT_OPTIONAL_LOCKS": "1"})
    arguments = ("read-tree", "-m", "-u", tip, tree)
    done = git.run(*arguments, env={"GIT_OPTIONAL_LOCKS": "1"})
    if done.returncode:
        raise NotFastForward(failure(arguments, done).message, "git status")
