"""How long people wait for the terminal UI, and what it costs: on a pseudo-terminal, before a fake daemon.

    python tests/bench/bench_tui.py [--flows 2000] [--runs 9] [--check]

Prints a table: the first paint of the flows beside that of a bare Textual app (both from the start of their process,
in turn, so that the machine's load is the same for both), from key to paint while a sync runs, memory and idle CPU.
``--check`` exits with 1 where a figure of the acceptance is missed.
"""

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tui.fake_daemon import FakeDaemon, Progressing, row

ROWS, COLUMNS = 36, 120
PATIENCE = 60.0  # seconds
STATES = ("in-sync", "in-sync", "in-sync", "local-ahead", "studio-ahead", "diverged", "conflict")
BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare-and-ready")
Bare().run()
"""


class Terminal:
    """A command on a pseudo-terminal, and all that it has written."""

    def __init__(self, command: list[str], folder: str) -> None:
        # pytest-xdist says how large its own terminal is, and that would count more than the size of ours
        environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.begun = time.perf_counter()
        self.pid, self.door = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(command[0], command, environ)
        fcntl.ioctl(self.door, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.seen = b""

    def read(self, patience: float) -> bool:
        ready, _, _ = select.select([self.door], [], [], patience)
        if not ready:
            return False
        try:
            self.seen += os.read(self.door, 1 << 16)
        except OSError:  # it has ended
            return False
        return True

    def until(self, text: bytes, patience: float = PATIENCE) -> float:
        """Reads until a text was written, and returns when that was."""
        deadline = time.perf_counter() + patience
        while text not in self.seen:
            assert time.perf_counter() < deadline, f"{text!r} did not come: {self.seen[-2000:]!r}"
            self.read(0.5)
        return time.perf_counter()

    def drain(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)
        self.seen = b""

    def press(self, key: bytes) -> None:
        os.write(self.door, key)

    def figure(self, name: str) -> int:
        """Returns a figure of /proc/PID/status, in kB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        return 0

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.door)


def rows(count: int) -> list[dict[str, object]]:
    return [row(f"flow-{number:05}", STATES[number % len(STATES)]) for number in range(count)]


@contextmanager
def daemon(count: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A repository with a daemon of that many flows, in a process of its own: it must not share the UI's time."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ".git").mkdir()
        (Path(folder) / ".flowsync.yaml").write_text("version: 1\n")
        process = subprocess.Popen(
            [sys.executable, __file__, "--serve", folder, "--flows", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        try:
            yield folder, process
        finally:
            process.kill()
            process.wait()


def serve(folder: str, count: int) -> None:
    """Is the daemon: a sync that is asked for goes on for ever, at four steps of progress and ten changes a second."""
    fake = FakeDaemon(Path(folder), rows(count))
    ended = threading.Event()

    def work(params: dict[str, object], tell: object) -> list[object]:
        number = 0
        while not ended.wait(0.1):
            number += 1
            tell("push", number % count, count)  # type: ignore[operator]
            fake.event("flows", changed=[row(f"flow-{number % count:05}", STATES[number % 7])], gone=[])
        return []

    fake.answers["command"] = Progressing(work)
    with fake:
        print("ready", flush=True)
        sys.stdin.buffer.read()  # until whoever started this ends
        ended.set()


def tui(folder: str) -> Terminal:
    return Terminal([sys.executable, "-m", "flowsync", "tui"], folder)


def first_paint(folder: str, runs: int) -> tuple[list[float], list[float]]:
    """Returns the milliseconds to the first paint of flows, and of a bare app."""
    ours, bare = [], []
    for run in range(runs + 1):
        terminal = tui(folder)
        took = terminal.until(b"flow-00006") - terminal.begun
        terminal.end()
        other = Terminal([sys.executable, "-c", BARE], folder)
        plain = other.until(b"bare-and-ready") - other.begun
        other.end()
        if run:  # the first one finds a cold disk
            ours.append(took * 1000)
            bare.append(plain * 1000)
    return ours, bare


def keys(terminal: Terminal, count: int, presses: int) -> list[float]:
    """Returns the milliseconds from each key to the paint that it caused."""
    took = []
    for at in range(2, presses + 2):
        terminal.drain(0.05)
        begun = time.perf_counter()
        terminal.press(b"j")
        took.append((terminal.until(b"%d of %d" % (at, count)) - begun) * 1000)
    return took


def measure(count: int, runs: int, presses: int, idle: float) -> dict[str, float]:
    with daemon(count) as (folder, _):
        ours, bare = first_paint(folder, runs)
        terminal = tui(folder)
        terminal.until(b"of %d" % count)
        terminal.drain(3.0)
        spent = terminal.cpu()
        terminal.drain(idle)
        resting = (terminal.cpu() - spent) / idle * 100
        calm = keys(terminal, count, presses)
        terminal.press(b"g")
        terminal.drain(0.5)
        terminal.press(b"A")
        terminal.drain(1.0)
        busy = keys(terminal, count, presses)
        memory = terminal.figure("VmRSS") / 1024
        terminal.end()
    return {
        "first paint of flows, ms": statistics.median(ours),
        "first paint of a bare app, ms": statistics.median(bare),
        "times a bare app": statistics.median(one / other for one, other in zip(ours, bare, strict=True)),
        "key to paint, at rest, median ms": statistics.median(calm),
        "key to paint, syncing, median ms": statistics.median(busy),
        "key to paint, syncing, 95th ms": statistics.quantiles(busy, n=20)[-1],
        "memory, MB": memory,
        "idle CPU, %": resting,
    }


LIMITS = {
    "times a bare app": 1.5,
    "key to paint, syncing, median ms": 30,
    "key to paint, syncing, 95th ms": 60,
    "memory, MB": 80,
    "idle CPU, %": 1.0,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--idle", type=float, default=20.0, help="seconds to watch it rest")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a limit is missed")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve, args.flows)
        return 0
    found = measure(args.flows, args.runs, args.presses, args.idle)
    missed = False
    print(f"{args.flows} flows, load {os.getloadavg()[0]:.1f}")
    for name, figure in found.items():
        limit = LIMITS.get(name)
        late = limit is not None and figure > limit
        missed |= late
        print(f"  {name:<36} {figure:8.1f}{f'   (at most {limit})' if limit else ''}{'   MISSED' if late else ''}")
    return int(args.check and missed)


if __name__ == "__main__":
    raise SystemExit(main())
