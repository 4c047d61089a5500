"""What the drivers need of git and of the disk; no GitPython, since that alone takes longer than a merge may.

``subprocess`` is imported where it is used, since a clean merge runs no git: it would be a tenth of its time.
"""

import os
from pathlib import Path


def git_line(*arguments: str) -> str:
    """Returns what a git command prints, without its line end; an empty text if it fails."""
    import subprocess

    done = subprocess.run(["git", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return os.fsdecode(done.stdout).rstrip("\n") if done.returncode == 0 else ""


def replace(file: Path, content: bytes) -> None:
    """Writes a file in one step: whoever reads it, or is killed meanwhile, has the old content or the new."""
    temporary = file.with_name(file.name + ".flowsync")
    temporary.write_bytes(content)
    temporary.replace(file)


def git_dir() -> Path | None:
    """Returns the git directory that git runs a driver for, or None if there is none."""
    if named := os.environ.get("GIT_DIR"):
        return Path(named)
    here = Path(".git")  # git runs drivers at the top of the worktree
    if here.is_dir():
        return here
    named = git_line("rev-parse", "--absolute-git-dir")
    return Path(named) if named else None
