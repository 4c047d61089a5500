"""Two clones of one repository, which know each other's work by archives alone."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from world import DAG, World

LINES = [f"line {number}\n" for number in range(1, 13)]
NOTES = "".join(LINES)


def edited(number: int, text: str) -> str:
    """The notes with one line changed."""
    return "".join([*LINES[: number - 1], f"{text}\n", *LINES[number:]])


def started(world: World, **more: str | bytes) -> World:
    """A flow called chat, in a repository with something else in it too."""
    world.commit({"README.md": "read me\n", "flows/chat/flow.dag.yaml": DAG, "flows/chat/notes.txt": NOTES}, "Begin")
    if more:
        world.commit({f"flows/chat/{path}": content for path, content in more.items()}, "More")
    return world


def clone(world: World, folder: Path) -> World:
    world.git("clone", "--quiet", str(world.folder), str(folder))
    return World(folder, share=world.share)


def zipped(file: Path, files: Mapping[str, str | bytes], date: tuple[int, ...] = (2025, 1, 2, 3, 4, 6)) -> Path:
    """An archive as some other program makes it: no comment, one date."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, date), content)  # type: ignore[arg-type]
    return file


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def notes(world: World, ref: str = "main") -> str | None:
    found = world.here("chat", ref).get("notes.txt")
    return None if found is None else found.decode()
