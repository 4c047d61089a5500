"""rclone's own client of Azure Files, as an independent judge: 500 files with nasty names go round byte for byte."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flowsync.emulator import WELL_KNOWN_ACCOUNT, WELL_KNOWN_KEY, Emulator

RCLONE = shutil.which("rclone") or shutil.which("rclone", path=str(Path(sys.executable).parent))
MIB = 1 << 20
SIZES = [0, 1, 4 * MIB, 4 * MIB + 1, 20 * MIB]
NAMES = [
    "plain.txt",
    " leading space",  # a trailing one does not survive: rclone drops it when it renames
    "two  spaces",
    "a+b&c=d;e,f@g!h~i",
    "percent%41 %2F %00",
    "hash#question？",
    "quote'back`tick",
    "[brackets]{braces}(round)",
    "dollar$var ${x} $(y)",
    "ümläut é e\u0301",
    "漢字 かな 한글",
    "👩‍💻 emoji",
    "עברית العربية",
    "dots...",
    "...dots",
    ".hidden",
    "-dash",
    "con.txt",
    "x" * 240,
    "漢" * 80,
    "UPPER.lower",
    "tilde~1",
    "caret^equals=",
    "full．width：colon",
    'colon:star*pipe|lt<gt>quote"back\\slash',
]

pytestmark = pytest.mark.skipif(RCLONE is None, reason="rclone is not installed")


class Rclone:
    """rclone with one remote, ``az:``, that is the emulator's share."""

    def __init__(self, emulator: Emulator, home: Path) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "RCLONE_CONFIG": str(home / "none.conf"),
            "RCLONE_CONFIG_AZ_TYPE": "azurefiles",
            "RCLONE_CONFIG_AZ_ACCOUNT": WELL_KNOWN_ACCOUNT,
            "RCLONE_CONFIG_AZ_KEY": WELL_KNOWN_KEY,
            "RCLONE_CONFIG_AZ_ENDPOINT": emulator.url,
            "RCLONE_CONFIG_AZ_SHARE_NAME": "code",
        }

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(RCLONE), *arguments, "--retries=1", "--low-level-retries=1", "--use-json-log", "-v"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout + done.stderr


def grow(folder: Path, count: int, sizes: list[int]) -> None:
    """Makes a tree of files: nasty names in folders of nasty names, the large ones once each."""
    chance = random.Random(7)
    for number in range(count):
        kind = NAMES[number % len(NAMES)]
        parent = folder / f"in {kind}"[:60] / f"level {number % 7}" if number % 3 else folder
        parent.mkdir(parents=True, exist_ok=True)
        name = kind if number < len(NAMES) else f"{number} {kind}"
        while len(name.encode()) > 250:
            name = name[:-1]
        size = sizes[number] if number < len(sizes) else chance.randrange(3000)
        (parent / name).write_bytes(chance.randbytes(size))


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def transferred(output: str) -> int:
    stats = [json.loads(line)["stats"] for line in output.splitlines() if '"stats"' in line]
    return int(stats[-1]["transfers"]) if stats else 0


@pytest.mark.slow
def test_copy_sync_check_move_delete(emulator: Emulator, tmp_path: Path) -> None:
    rclone = Rclone(emulator, tmp_path)
    source, back = tmp_path / "source", tmp_path / "back"
    grow(source, 500, SIZES)
    wanted = digests(source)
    assert len(wanted) >= 490
    rclone("copy", str(source), "az:copied")
    rclone("check", "--download", str(source), "az:copied")
    rclone("copy", "az:copied", str(back))
    assert digests(back) == wanted

    emulator.reset_counts()
    assert transferred(rclone("sync", str(source), "az:copied")) == 0
    assert set(emulator.counts) <= {"head_file", "get_directory", "list"}

    (source / "plain.txt").write_bytes(b"changed")
    next(path for path in source.iterdir() if path.is_file() and path.name != "plain.txt").unlink()
    shutil.rmtree(next(path for path in source.iterdir() if path.is_dir()))
    rclone("sync", str(source), "az:copied")
    rclone("check", str(source), "az:copied")

    rclone("move", "az:copied", "az:moved", "--delete-empty-src-dirs")
    rclone("check", "--download", str(source), "az:moved")
    shutil.rmtree(back)
    rclone("copy", "az:moved", str(back))
    assert digests(back) == digests(source)
    rclone("purge", "az:moved")
    assert list(emulator.share_folder("code").iterdir()) in ([], [emulator.share_folder("code") / "copied"])


def test_what_rclone_puts_is_on_disk_and_what_is_on_disk_rclone_gets(emulator: Emulator, tmp_path: Path) -> None:
    rclone = Rclone(emulator, tmp_path)
    source = tmp_path / "source"
    grow(source, 30, [0, 1, 9])
    rclone("copy", str(source), "az:")
    plain = {
        path: digest
        for path, digest in digests(source).items()
        if not set(path) & set(':*|<>"\\？：．') and "dots" not in path
    }
    found = digests(emulator.share_folder("code"))
    assert plain.items() <= found.items() and len(found) == len(digests(source))
    (emulator.share_folder("code") / "plain.txt").write_bytes(b"by Studio")
    # the stored MD5 is still the one that rclone set: like the service, an edit behind its back does not touch it
    rclone("copy", "az:", str(tmp_path / "back"), "--ignore-checksum")
    assert (tmp_path / "back" / "plain.txt").read_bytes() == b"by Studio"
