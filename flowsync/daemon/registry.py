"""Which repositories of this user a daemon has served, for ``daemon status --all``: one small file each."""

import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path


def folder() -> Path:
    """Returns where the list is kept."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "flowsync" / "repositories"
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "flowsync" / "repositories"


def remember(root: Path) -> None:
    """Adds a repository; that the list cannot be written is no reason not to sync."""
    with suppress(OSError):
        place = folder()
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
        (place / name).write_bytes(os.fsencode(root))


def repositories() -> list[Path]:
    """Returns the repositories that are still there, and forgets the others."""
    found = []
    with suppress(OSError):
        for file in sorted(folder().iterdir()):
            root = Path(os.fsdecode(file.read_bytes()))
            if (root / ".git").exists():
                found.append(root)
            else:
                file.unlink(missing_ok=True)
    return sorted(found)
