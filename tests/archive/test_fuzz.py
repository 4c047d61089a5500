"""Archives bent at random: whatever comes, no exception but ours, and nothing outside the target folder.

The long run takes ten minutes (``--slow``; FLOWSYNC_FUZZ_SECONDS says otherwise). A failure prints its seed, which
FLOWSYNC_FUZZ_SEED runs again.
"""

import io
import os
import random
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.hostile import CORPUS
from archive.zips import DAG, DESCRIPTOR, UTF8, Archive, Entry, of
from flowsync.archive.flows import flows_in, to_unpack
from flowsync.archive.limits import Limits
from flowsync.archive.unpacking import unpack
from flowsync.errors import ArchiveRefused, UsageError

SMALL = Limits(total=4 << 20, file=2 << 20, entries=200)
MARKS = (
    b"PK\3\4",
    b"PK\1\2",
    b"PK\5\6",
    b"PK\6\6",
    b"PK\6\7",
    b"PK\7\x08",
    b"../",
    b"/",
    b"\\",
    b"\0",
    b".git/",
    b"\xff" * 4,
)


def seeds() -> list[bytes]:
    good = [
        of(Entry(b"a.py", b"print(1)\n" * 40), Entry(b"sub/b.txt", b"text", method=0)),
        of(Entry("é.py".encode(), b"x", flags=UTF8 | DESCRIPTOR), Entry(b"sub/", mode=0o40755)),
        Archive([Entry(b"chat/flow.dag.yaml", DAG), Entry(b"faq/flow.dag.yaml", DAG)], comment=b"c" * 40).build(),
        of(Entry(b"wide.py", b"x" * 300, central_extra=struct.pack("<2HQ", 1, 8, 300), size=0xFFFFFFFF)),
    ]
    return good + [raw for one in CORPUS if len(raw := one.make()) < 20_000]


def bend(chance: random.Random, raw: bytes, others: list[bytes]) -> bytes:
    """Changes an archive in one to six ways."""
    bent = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        if not bent:
            break
        at = chance.randrange(len(bent))
        ways: list[Callable[[], None]] = [
            lambda at=at: bent.__setitem__(at, chance.randrange(256)),  # type: ignore[misc]
            lambda at=at: bent.__setitem__(at, bent[at] ^ 1 << chance.randrange(8)),  # type: ignore[misc]
            lambda at=at: bent.__setitem__(slice(at, at + 4), chance.randbytes(4)),  # type: ignore[misc]
            lambda at=at: bent.__setitem__(slice(at, at + 2), struct.pack("<H", chance.choice((0, 1, 8, 0xFFFF)))),  # type: ignore[misc]
            lambda at=at: bent.__setitem__(slice(at, at), chance.choice(MARKS)),  # type: ignore[misc]
            lambda at=at: bent.__setitem__(slice(at, at + chance.randint(1, 40)), b""),  # type: ignore[misc]
            lambda at=at: bent.__setitem__(slice(at, at), bent[chance.randrange(len(bent)) :][:60]),  # type: ignore[misc]
            lambda at=at: bent.__setitem__(slice(at, None), chance.choice(others)[at:]),  # type: ignore[misc]
            lambda: bent.extend(chance.choice(others)),
        ]
        chance.choice(ways)()
    return bytes(bent)


def rename(chance: random.Random, raw: bytes) -> bytes:
    """Writes another name of the same length over one of the archive's, in both of its headers."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [info.filename.encode() for info in archive.infolist()]
    except Exception:  # no archive for zipfile: nothing to rename
        return raw
    old = chance.choice(names) if names else b""
    parts = [b"../", b"/", b"\\", b"C:", b".git", b"a", b".", b" ", b"con", b"\xc3\xa9", b"\xe2\x80\xa5", b"x"]
    new = b"".join(chance.choices(parts, k=len(old)))[: len(old)]
    return raw.replace(old, new) if old else raw


def outside(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*") if "into" not in path.relative_to(folder).parts}


def fuzz(seconds: float, top: Path) -> tuple[int, int]:
    seed = int(os.environ.get("FLOWSYNC_FUZZ_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"FLOWSYNC_FUZZ_SEED={seed}")
    chance, base = random.Random(seed), seeds()
    file, into = top / "chat.zip", top / "deep" / "er" / "into"
    into.parent.mkdir(parents=True)
    file.write_bytes(b"")
    before = outside(top)
    tried = taken = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        raw = chance.choice(base)
        raw = rename(chance, raw) if chance.random() < 0.3 else bend(chance, raw, base)
        file.write_bytes(raw)
        tried += 1
        try:
            with flows_in(file, SMALL, chance.choice((None, None, "cp437", "utf-8"))) as (archive, found):
                unpack(archive, to_unpack(archive, found, file, "", True), into)
            taken += 1
        except ArchiveRefused:
            pass
        except UsageError as refused:  # two flows of one name, a folder that is there
            assert "several flows" in refused.message or "exists already" in refused.message
        made = sorted(into.rglob("*")) if into.exists() else []
        assert not any(path.is_symlink() for path in made), raw.hex()
        assert all(into in path.resolve().parents for path in made), raw.hex()
        assert not any(path.name.startswith(".flowsync-import") for path in made), raw.hex()
        assert not any(part.casefold() in (".git", "..") for path in made for part in path.relative_to(into).parts)
        for path in reversed(made):
            path.rmdir() if path.is_dir() else path.unlink()
        if tried % 50 == 0:
            assert outside(top) == before
    assert outside(top) == before
    return tried, taken


def test_a_short_while(tmp_path: Path) -> None:
    tried, taken = fuzz(3, tmp_path)
    assert tried > 20
    assert taken < tried


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_minutes(tmp_path: Path) -> None:
    tried, taken = fuzz(float(os.environ.get("FLOWSYNC_FUZZ_SECONDS", "600")), tmp_path)
    print(f"{tried} archives, {taken} of them taken")
    assert tried > 5_000
    assert taken > 50
