"""Every hostile archive is refused as a whole, in words that say why, and leaves nothing behind."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.hostile import CORPUS, Hostile
from archive.zips import DAG, UTF8, Entry, of
from flowsync.archive.layout import layout
from flowsync.archive.limits import Limits
from flowsync.archive.reading import opened
from flowsync.archive.unpacking import unpack
from flowsync.errors import ArchiveRefused
from world import Repo, World

MEMORY = 100 * 1024 * 1024


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One repository with a flow for all of them: none may change it."""
    folder = tmp_path_factory.mktemp("linked")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("HOME", str(folder))
        (folder / ".gitconfig").write_text("[user]\n\tname = Pat\n\temail = pat@example.com\n")
        world = World(folder / "repo")
        world.folder.mkdir()
        world.git("init", "--quiet", "--initial-branch=main")
        world.write({".flowsync.yaml": f"version: 1\nremotes:\n  studio:\n    share: file://{folder}/share\n"})
        world.commit({".flowsync.yaml": world.folder.joinpath(".flowsync.yaml").read_bytes()})
        world.commit({"flows/chat/flow.dag.yaml": DAG})
        world.run("status")  # makes flowsync's own folder
        yield world


def everything(folder: Path) -> dict[str, str]:
    """Each file below a folder, Git's own included, with its digest."""
    found = {}
    for top, folders, files in os.walk(folder):
        for name in folders:
            found[os.path.join(top, name)] = "folder"
        for name in files:
            place = Path(top, name)
            found[str(place)] = hashlib.sha1(place.read_bytes()).hexdigest() if place.is_file() else "special"
    return found


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda one: one.name)
def test_is_refused_and_leaves_nothing(hostile: Hostile, linked: World, tmp_path: Path) -> None:
    file = tmp_path / "chat.zip"
    file.write_bytes(hostile.make())
    (tmp_path / "into").mkdir()
    before = everything(tmp_path), _but_caches(everything(linked.folder))
    unpacked = linked.run("import", str(file), "--into", str(tmp_path / "into"))
    landed = linked.run("import", str(file), "--base", "HEAD")
    assert (everything(tmp_path), _but_caches(everything(linked.folder))) == before
    for run in (unpacked, landed):
        assert run.code == 2, str(run)
        assert hostile.says in run.err, run.err
        assert run.err.startswith("flowsync: chat.zip is refused: ")
        assert not any(ord(char) < 32 and char != "\n" for char in run.err)


def _but_caches(files: dict[str, str]) -> dict[str, str]:
    """Leaves out what any look at a repository touches: flowsync's lock and sqlite's own files."""
    return {path: digest for path, digest in files.items() if "/.git/flowsync/" not in path}


def test_the_corpus_is_large_and_each_of_its_own() -> None:
    assert len(CORPUS) >= 60
    assert len({one.name for one in CORPUS}) == len(CORPUS)
    assert len({one.make() for one in CORPUS}) == len(CORPUS)


def test_memory_stays_small(tmp_path: Path) -> None:
    """The whole corpus in one process: its high-water mark stays within 100 MB of where it started."""
    for one in CORPUS:
        (tmp_path / f"{one.name}.zip").write_bytes(one.make())
    done = subprocess.run(
        [sys.executable, "-c", _READ_ALL, str(tmp_path)], capture_output=True, text=True, check=True, timeout=300
    )
    refused, grown = done.stdout.split()
    assert int(refused) == len(CORPUS)
    assert int(grown) * _KIB < MEMORY


_KIB = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in

_READ_ALL = """
import resource, sys
from pathlib import Path
from flowsync.archive.layout import layout
from flowsync.archive.reading import opened
from flowsync.archive.unpacking import unpack
from flowsync.errors import ArchiveRefused

start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
refused = 0
for path in sorted(Path(sys.argv[1]).glob("*.zip")):
    try:
        with opened(path) as archive:
            unpack(archive, {"chat": layout(archive.members).roots[0].files}, path.parent / "into")
    except ArchiveRefused:
        refused += 1
print(refused, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start)
"""


def test_limits_are_a_persons_to_change(tmp_path: Path) -> None:
    """What is refused for its size alone is taken once a person allows it."""
    file = tmp_path / "chat.zip"
    file.write_bytes(next(one for one in CORPUS if one.name == "ratio").make())
    with pytest.raises(ArchiveRefused) as refused, opened(file):
        pass
    limit = refused.value.hint.partition("--limit ")[2]
    with opened(file, Limits().having([limit])) as archive:
        unpack(archive, {"chat": layout(archive.members).roots[0].files}, tmp_path / "into")
    assert (tmp_path / "into" / "chat" / "zeros.bin").stat().st_size == 50 * 1024 * 1024


def test_an_archive_that_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    file = tmp_path / "chat.zip"
    with file.open("wb") as out:
        out.truncate(101 * 1024 * 1024)
    with pytest.raises(ArchiveRefused, match="up to 100 MiB is taken"), opened(file):
        pass


def test_a_part_of_a_name_has_its_own_limit(tmp_path: Path) -> None:
    file = tmp_path / "chat.zip"
    file.write_bytes(of(Entry("ü".encode() * 130, b"x", flags=UTF8)))
    with pytest.raises(ArchiveRefused, match="longer than 255 bytes"), opened(file, Limits().having(["path=2000"])):
        pass


def test_a_target_that_exists_is_left_alone(tmp_path: Path, repo: Repo) -> None:
    file = tmp_path / "chat.zip"
    file.write_bytes(of())
    target = tmp_path / "into" / "chat"
    target.mkdir(parents=True)
    (target / "mine.py").write_text("mine")
    run = World(repo.folder).run("import", str(file), "--into", str(tmp_path / "into"))
    assert run.code == 2
    assert "exists already" in run.err
    assert [path.name for path in target.iterdir()] == ["mine.py"]
    assert (target / "mine.py").read_text() == "mine"
    assert [path.name for path in target.parent.iterdir()] == ["chat"]
