"""Export and import beside ``zip`` and ``unzip``, in the same run: a flow of 10,000 files, and one of 2 GB.

    python tests/bench/bench_zip.py [many|large ...] [--rounds N] [--folder DIR]

Prints, for each step, the best time of the rounds, its CPU time, the peak memory of its largest process, and the ratios
to the tool beside it (on a busy machine the CPU time is the one to trust). Needs ``zip``, ``unzip`` and ``git``.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MIB = 1024 * 1024
LIMITS = ["--limit", "archive=8GiB", "--limit", "total=8GiB", "--limit", "file=8GiB", "--limit", "entries=20000"]
WORDS = ("answer", "context", "customer", "delivery", "flow", "node", "prompt", "question", "reply", "ticket")


def fill_many(folder: Path) -> None:
    """10,000 files of some 4 KB of text in 100 folders."""
    chance = random.Random(1)
    for number in range(10_000):
        inner = folder / f"data{number // 100}"
        inner.mkdir(parents=True, exist_ok=True)
        (inner / f"case{number}.jsonl").write_text(" ".join(chance.choices(WORDS, k=550)) + f" {number}\n")


def fill_large(folder: Path) -> None:
    """2 GB: one file of 1.5 GiB and eight of 64 MiB, half of it noise."""
    chance = random.Random(2)
    folder.mkdir(parents=True)
    block = b"".join(
        chance.randbytes(MIB // 2) + " ".join(chance.choices(WORDS, k=80_000)).encode()[: MIB // 2] for _ in range(16)
    )
    for name, size in [("index.bin", 1536 * MIB), *((f"part{number}.bin", 64 * MIB) for number in range(8))]:
        with (folder / name).open("wb") as out:
            while out.tell() < size:
                out.write(chance.randbytes(64) + block[64 : min(len(block), size - out.tell())])


FILL = {"many": fill_many, "large": fill_large}


def measured(command: list[str], cwd: Path) -> tuple[float, float, float]:
    """Runs a command; returns seconds, seconds of CPU, and the MiB of its largest process (mapped files included)."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - began
    assert os.waitstatus_to_exitcode(status) == 0, command
    return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


class Bench:
    """One flow, through all the ways."""

    def __init__(self, top: Path, kind: str, rounds: int) -> None:
        self.top, self.kind, self.rounds = top, kind, rounds
        self.repo = self._repository("repo")
        FILL[kind](self.repo / "flows" / kind)
        (self.repo / "flows" / kind / "flow.dag.yaml").write_text("nodes: []\n")
        self._git(self.repo, "add", "-A")
        self._git(self.repo, "commit", "-qm", "one")
        self.flow = self.repo / "flows" / kind

    def _git(self, folder: Path, *arguments: str) -> None:
        identity = ["-c", "user.name=Pat", "-c", "user.email=pat@example.com", "-c", "gc.auto=0"]
        subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)

    def _repository(self, name: str) -> Path:
        folder = self.top / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self._git(folder, "init", "-q", "-b", "main")
        self._git(folder, "config", "user.name", "Pat")
        self._git(folder, "config", "user.email", "pat@example.com")
        (folder / ".flowsync.yaml").write_text(f"version: 1\nremotes:\n  studio:\n    share: file://{self.top}/share\n")
        self._git(folder, "add", "-A")
        self._git(folder, "commit", "-qm", "link")
        return folder

    def run(self) -> None:
        theirs, ours, into = self.top / "theirs.zip", self.top / "ours.zip", self.top / "into"
        self._beside(
            "zip -qr",
            "export",
            [
                (["zip", "-qr", str(theirs), "."], self.flow, lambda: theirs.unlink(missing_ok=True)),
                (self._flowsync("export", self.kind, "-o", str(ours)), self.repo, lambda: ours.unlink(missing_ok=True)),
            ],
        )
        self._beside(
            "unzip -q",
            "import --into",
            [
                (
                    ["unzip", "-q", str(theirs), "-d", str(into)],
                    self.top,
                    lambda: shutil.rmtree(into, ignore_errors=True),
                ),
                (
                    self._flowsync("import", str(ours), "--into", str(into), *LIMITS),
                    self.top,
                    lambda: shutil.rmtree(into, ignore_errors=True),
                ),
            ],
        )
        shutil.rmtree(into)
        landed = self.top / "landed"
        script = (
            f"mkdir -p flows/{self.kind} && unzip -q {theirs} -d flows/{self.kind} && git add -A && git commit -qm one"
        )
        self._beside(
            "unzip, git add, git commit",
            "import",
            [
                (["sh", "-c", script], landed, lambda: self._again("landed")),
                (self._flowsync("import", str(ours), *LIMITS), landed, lambda: self._again("landed")),
            ],
        )
        self._git(landed, "fsck", "--no-dangling")
        same = subprocess.run(["diff", "-r", str(landed / "flows" / self.kind), str(self.flow)], check=False).returncode
        assert same == 0, "the flow came out differently"
        print(f"  {self.kind}: {ours.stat().st_size / MIB:.0f} MiB packed, the flow came out byte for byte", flush=True)

    def _again(self, name: str) -> None:
        self._repository(name)

    def _flowsync(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "flowsync", *arguments]

    def _beside(self, tool: str, command: str, pair: list[tuple[list[str], Path, Callable[[], object]]]) -> None:
        """Times the tool and flowsync in turn, so that a noisy moment hits both."""
        best = [(float("inf"), 0.0, 0.0)] * 2
        for _ in range(self.rounds):
            for index, (line, cwd, prepare) in enumerate(pair):
                prepare()
                best[index] = min(best[index], measured(line, cwd))
        (theirs, their_cpu, their_memory), (ours, our_cpu, our_memory) = best
        print(
            f"  {self.kind:6} {tool:25} {theirs:7.2f} s {their_cpu:7.2f} s CPU {their_memory:5.0f} MiB   "
            f"flowsync {command:13} {ours:7.2f} s {our_cpu:7.2f} s CPU {our_memory:5.0f} MiB   "
            f"x{ours / theirs:.2f}, CPU x{our_cpu / their_cpu:.2f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=[], help="many, large (default: both)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where to work (default: a temporary folder)")
    args = parser.parse_args()
    for kind in args.kinds or list(FILL):
        top = Path(tempfile.mkdtemp(prefix="bench-zip-", dir=args.folder))
        try:
            Bench(top, kind, args.rounds).run()
        finally:
            shutil.rmtree(top)


if __name__ == "__main__":
    main()
