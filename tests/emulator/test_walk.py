"""Random walks: requests and edits on disk in any order, and after each the share shows what the disk holds."""

import random
import shutil
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from emulator.raw import Raw
from flowsync.emulator import Emulator

NAMES = ["a", "B", "c c", "d", "É"]


class Walk:
    """One share, changed by two hands."""

    def __init__(self, emulator: Emulator, seed: int) -> None:
        self.raw, self.root, self.chance = Raw(emulator.url), emulator.share_folder("code"), random.Random(seed)
        self.seen: dict[str, tuple[str, str, bytes]] = {}  # path -> ETag, FileId, content

    def path(self, depth: int = 3) -> str:
        parts = [self.chance.choice(NAMES) for _ in range(self.chance.randint(1, depth))]
        return "/".join(part.swapcase() if self.chance.random() < 0.1 else part for part in parts)

    def known(self) -> str:
        """A path that is there, more often than not."""
        there = sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*"))
        return self.chance.choice(there) if there and self.chance.random() < 0.8 else self.path()

    def near(self) -> str:
        """A path in a folder that is there, more often than not."""
        folders = sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_dir())
        folder = self.chance.choice([*folders, ""])
        return f"{folder}/{self.path(1)}".lstrip("/") if folder.count("/") < 3 else self.path(1)

    def step(self) -> str:
        action = self.chance.choice(
            [*[self.create, self.folder, self.rename, self.write] * 2, self.delete, self.unlink, self.move]
        )
        return f"{action.__name__} {action()}"

    def create(self) -> str:
        path, content = self.near(), self.chance.randbytes(self.chance.randrange(5))
        headers = {"x-ms-type": "file", "x-ms-content-length": str(len(content))}
        return f"{path} {self.raw('PUT', f'/code/{quote(path)}', headers, content).status}"

    def folder(self) -> str:
        path = self.near()
        return f"{path} {self.raw('PUT', f'/code/{quote(path)}?restype=directory').status}"

    def delete(self) -> str:
        path = self.known()
        kind = self.chance.choice(["", "?restype=directory"])
        return f"{path} {self.raw('DELETE', f'/code/{quote(path)}{kind}').status}"

    def rename(self) -> str:
        source, target = self.known(), self.near()
        kind = self.chance.choice(["", "&restype=directory"])
        headers = {"x-ms-file-rename-source": f"{self.raw.url}/code/{quote(source)}"}
        if self.chance.random() < 0.5:
            headers["x-ms-file-rename-replace-if-exists"] = "true"
        return f"{source} {target} {self.raw('PUT', f'/code/{quote(target)}?comp=rename{kind}', headers).status}"

    def write(self) -> str:
        path = self.root / self.near()
        if path.parent.is_dir() and not path.is_dir() and self.no_twin(path):
            path.write_bytes(self.chance.randbytes(self.chance.randrange(5)))
        return str(path)

    def unlink(self) -> str:
        path = self.root / self.known()
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        return str(path)

    def move(self) -> str:
        source, target = self.root / self.known(), self.root / self.near()
        free = target.parent.is_dir() and not target.exists() and self.no_twin(target)
        if source.exists() and free and source not in target.parents:
            source.rename(target)
        return f"{source} {target}"

    def no_twin(self, path: Path) -> bool:
        """Two names that differ by case only could not both be shown."""
        return all(
            other.name == path.name or other.name.upper() != path.name.upper() for other in path.parent.iterdir()
        )

    def on_disk(self) -> dict[str, bytes | None]:
        paths = self.root.rglob("*")
        return {str(path.relative_to(self.root)): None if path.is_dir() else path.read_bytes() for path in paths}

    def shown(self, folder: str = "") -> dict[str, tuple[str, str] | None]:
        """Lists everything: (ETag, FileId) of each file, None for a folder."""
        answer = self.raw("GET", f"/code/{quote(folder)}?restype=directory&comp=list&include=Etag")
        assert answer.status == 200, (folder, answer)
        found: dict[str, tuple[str, str] | None] = {}
        for entry in ElementTree.fromstring(answer.body).iterfind("Entries/*"):
            path = f"{folder}/{entry.findtext('Name')}".lstrip("/")
            if entry.tag == "Directory":
                found |= {path: None, **self.shown(path)}
            else:
                found[path] = entry.findtext("Properties/Etag") or "", entry.findtext("FileId") or ""
        return found

    def check(self, done: str) -> None:
        disk, shown = self.on_disk(), self.shown()
        assert disk.keys() == shown.keys(), done
        files = {path: value for path, value in shown.items() if value is not None}
        assert {path for path, content in disk.items() if content is not None} == files.keys(), done
        assert len({file_id for _, file_id in files.values()}) == len(files), done
        for path, (etag, file_id) in files.items():
            content = disk[path]
            assert content is not None
            before = self.seen.get(path)
            if before is None or before[0] != etag:
                answer = self.raw("GET", f"/code/{quote(path)}")
                assert (answer.status, answer.body, answer.headers["ETag"]) == (200, content, etag), done
            else:
                assert before[1:] == (file_id, content), done
        self.seen = {path: (etag, file_id, disk[path] or b"") for path, (etag, file_id) in files.items()}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))])
def test_the_share_shows_what_the_disk_holds(emulator: Emulator, seed: int) -> None:
    walk = Walk(emulator, seed)
    for number in range(150):
        walk.check(f"step {number}: {walk.step()}")


def test_the_same_after_a_restart_at_any_moment(tmp_path: Path) -> None:
    seen: dict[str, tuple[str, str, bytes]] = {}
    for number in range(4):
        with Emulator(tmp_path, shares=("code",)) as emulator:
            walk = Walk(emulator, 100 + number)
            walk.seen = seen
            walk.check(f"start {number}")
            for _ in range(20):
                walk.check(f"start {number}: {walk.step()}")
            seen = walk.seen
