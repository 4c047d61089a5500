"""What the drivers need of git and of the disk; no GitPython, since that alone takes longer than a merge may."""

import os
import subprocess
from pathlib import Path


def git_line(*arguments: str) -> str:
    """Returns what a git command prints, without its line end; an empty text if it fails."""
    done = subprocess.run(["git", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return os.fsdecode(done.stdout).rstrip("\n") if done.returncode == 0 else ""


def replace(file: Path, content: bytes) -> None:
    """Writes a file in one step: whoever reads it, or is killed meanwhile, has the old content or the new."""
    temporary = file.with_name(file.name + ".flowsync")
    temporary.write_bytes(content)
    temporary.replace(file)
