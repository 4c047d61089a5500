"""How long each hostile archive takes to be refused, and how much memory: each in a process of its own.

    python tests/bench/bench_hostile.py

Prints the slowest, the hungriest, and how many were over a second or over 100 MB. Linux only (it forks).
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from archive.hostile import CORPUS
from flowsync.archive.flows import flows_in, to_unpack
from flowsync.archive.limits import Limits
from flowsync.archive.unpacking import unpack
from flowsync.errors import ArchiveRefused


def refuse(file: Path) -> None:
    """Tries to unpack an archive, and insists that it is refused."""
    try:
        with flows_in(file, Limits(), None) as (archive, found):
            unpack(archive, to_unpack(archive, found, file, "", True), file.parent / "into")
    except ArchiveRefused:
        return
    raise SystemExit(f"{file.name} was taken")


def measured(file: Path) -> tuple[float, float, float]:
    """Returns the seconds, the seconds of CPU and the MiB over the start that a refusal takes."""
    came_back, go = os.pipe()
    child = os.fork()
    if child == 0:
        start, cpu = resource.getrusage(resource.RUSAGE_SELF), time.process_time()
        began = time.monotonic()
        refuse(file)
        took, used = time.monotonic() - began, time.process_time() - cpu
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start.ru_maxrss) / 1024
        os.write(go, f"{took} {used} {grown}".encode())
        os._exit(0)
    os.close(go)
    os.waitpid(child, 0)
    took, used, grown = map(float, os.read(came_back, 200).split())
    os.close(came_back)
    return took, used, grown


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for hostile in CORPUS:
            file = Path(folder) / "chat.zip"
            file.write_bytes(hostile.make())
            rows.append((*measured(file), hostile.name))
        assert os.listdir(folder) == ["chat.zip"], "something was left behind"
    print(f"{len(rows)} archives refused, nothing left behind")
    for index, what, unit in ((0, "slowest", "s"), (1, "most CPU", "s"), (2, "hungriest", "MiB over the start")):
        worst = sorted(rows, key=lambda row: row[index], reverse=True)[:3]
        print(f"{what}: " + ", ".join(f"{row[3]} {row[index]:.3f} {unit}" for row in worst))
    print(
        f"over a second: {sum(row[0] > 1 for row in rows)}; over 100 MB: {sum(row[2] * 1.048576 > 100 for row in rows)}"
    )


if __name__ == "__main__":
    main()
