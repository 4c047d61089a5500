"""Archives at ZIP's own limits: more entries than two bytes count, and more bytes than four do."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowsync.archive.contents import contents
from flowsync.archive.limits import Limits
from flowsync.archive.reading import opened
from flowsync.archive.writing import Content, write
from flowsync.core.tree import Path as FlowPath

FREE = Limits().having([f"{name}=1TB" for name in ("archive", "total", "file", "entries", "ratio")])


@pytest.mark.parametrize("count", [65_534, 65_535, 65_536, 70_000])
def test_many_entries(count: int, tmp_path: Path) -> None:
    file = tmp_path / "many.zip"
    with file.open("wb") as out:
        write(out, (Content(FlowPath(f"{number:05}"), 1, [b"x"]) for number in range(count)), b"end", 0, store=True)
    with zipfile.ZipFile(file) as archive:
        assert len(archive.namelist()) == count
        assert archive.comment == b"end"
    with opened(file, FREE) as ours:
        assert len(ours.members) == count


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 1024 * 1024 + 1, 5_000_000])
@pytest.mark.parametrize("store", [False, True])
def test_small_and_streamed_files(size: int, store: bool, tmp_path: Path) -> None:
    file, content = tmp_path / "one.zip", (b"0123456789abcdef" * (size // 16 + 1))[:size]
    told: list[int] = []
    pieces = [content[at : at + 100_000] for at in range(0, size, 100_000)]
    with file.open("wb") as out:
        files = [Content(FlowPath("a.bin"), size, pieces), Content(FlowPath("b.txt"), 2, [b"ok"])]
        write(out, files, b"", 1_700_000_000, store, told.append)
    assert sum(told) == size + 2
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert (archive.read("a.bin"), archive.read("b.txt")) == (content, b"ok")
        assert archive.getinfo("a.bin").date_time == (2023, 11, 14, 22, 13, 20)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("store", [False, True])
def test_more_than_four_gigabytes(store: bool, tmp_path: Path) -> None:
    size, piece = (1 << 32) + 5 * 1024 * 1024, bytes(1024 * 1024)

    def pieces() -> Iterator[bytes]:
        yield from (piece for _ in range(size // len(piece)))

    file = tmp_path / "large.zip"
    with file.open("wb") as out:
        files = [Content(FlowPath("a.bin"), size, pieces()), Content(FlowPath("b.txt"), 2, [b"ok"])]
        write(out, files, b"", 0, store)
    with zipfile.ZipFile(file) as archive:
        assert archive.getinfo("a.bin").file_size == size
        assert archive.read("b.txt") == b"ok"
    with opened(file, FREE) as ours:
        first, second = ours.members
        assert sum(map(len, contents(ours.file, first))) == size
        assert b"".join(contents(ours.file, second)) == b"ok"
