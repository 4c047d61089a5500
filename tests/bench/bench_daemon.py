"""How fast the daemon is, and how little it does when nothing happens. Prints tables; no verdict.

    python tests/bench/bench_daemon.py [--flows 200] [--latency 20] [--commits 200] [--live 50] [--studio 20]
    python tests/bench/bench_daemon.py --idle 600

Emulator and daemon are processes of their own. A commit counts as in Studio when its bytes are in the emulator's folder
on disk, a Studio save (made through the SDK) as landed when its bytes are in the worktree and the branch has moved.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azure.storage.fileshare import ShareClient

from flowsync.daemon.client import connect

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
ACCOUNT, SHARE, TOP = "devstoreaccount1", "code", "Users/bench/promptflow"
FLOWSYNC = [sys.executable, "-m", "flowsync"]
DEFINITION = (
    "inputs: {}\noutputs: {}\nnodes:\n- name: n\n  type: python\n  source: {type: code, path: n.py}\n  inputs: {}\n"
)
SOURCE = "from promptflow.core import tool\n\n\n@tool\ndef n() -> str:\n    return 'EDIT'\n"
LOOK = 0.003  # seconds between two looks for an effect


@dataclass
class Setting:
    """A repository of flows in sync with an emulator, and a daemon."""

    folder: Path
    url: str

    @property
    def repo(self) -> Path:
        return self.folder / "repo"

    @property
    def share(self) -> Path:
        return self.folder / "share" / ACCOUNT / SHARE / TOP

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.repo), *arguments], capture_output=True, check=True)
        return done.stdout.decode().strip()

    def flowsync(self, *arguments: str) -> None:
        subprocess.run([*FLOWSYNC, "-C", str(self.repo), *arguments], check=True, stdout=subprocess.DEVNULL)

    def edit(self, flow: int, text: str) -> None:
        (self.repo / f"flows/flow-{flow:03}/n.py").write_text(SOURCE.replace("EDIT", text))

    def studio(self) -> ShareClient:
        text = f"AccountName={ACCOUNT};AccountKey={KEY};FileEndpoint={self.url};DefaultEndpointsProtocol=http"
        return ShareClient.from_connection_string(text, SHARE)

    def settle(self) -> None:
        """Waits until the daemon has nothing to do."""
        with connected(self) as daemon:
            until(lambda: daemon.request("state")["health"] == "idle", 60)


def connected(setting: Setting):  # type: ignore[no-untyped-def]
    client = connect(setting.repo)
    assert client is not None, "the daemon is gone"
    return client


def until(condition: Callable[[], bool], patience: float = 30.0) -> float:
    """Waits for a condition and returns when it held."""
    deadline = time.perf_counter() + patience
    while not condition():
        if time.perf_counter() > deadline:
            sys.exit("what was waited for did not come")
        time.sleep(LOOK)
    return time.perf_counter()


@contextmanager
def setting(flows: int, latency: float) -> Iterator[Setting]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    one = Setting(folder, "")
    for number in range(flows):
        place = one.share / f"flow-{number:03}"
        place.mkdir(parents=True)
        (place / "flow.dag.yaml").write_text(DEFINITION)
        (place / "n.py").write_text(SOURCE)
        os.utime(place / "n.py", (1_600_000_000, 1_600_000_000))
        os.utime(place / "flow.dag.yaml", (1_600_000_000, 1_600_000_000))
    ready = folder / "ready"
    command = [*FLOWSYNC, "emulator", "--port", "0", "--data", str(folder / "share"), "--share", SHARE]
    emulator = subprocess.Popen(
        [*command, "--latency", str(latency), "--ready-file", str(ready)], stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: ready.exists() and bool(ready.read_text().strip()))
        one.url = ready.read_text().strip()
        one.repo.mkdir()
        one.git("init", "-q", "-b", "main")
        one.git("config", "user.name", "Bench")
        one.git("config", "user.email", "bench@example.com")
        one.git("config", "gc.auto", "0")
        one.git("config", "flowsync.notify", "none")
        share = f"{one.url}/{SHARE}/{TOP}"
        (one.repo / ".flowsync.yaml").write_text(f"version: 1\nremotes:\n  studio:\n    share: {share}\n")
        one.git("add", ".")
        one.git("commit", "-qm", "link")
        one.flowsync("sync")
        one.flowsync("daemon", "start")
        one.settle()
        yield one
        one.flowsync("daemon", "stop")
    finally:
        emulator.send_signal(signal.SIGTERM)
        emulator.wait(20)
        shutil.rmtree(folder)


def commits(one: Setting, count: int, flows: int) -> list[float]:
    """From the end of `git commit` to the bytes on the share."""
    took = []
    for number in range(count):
        flow, text = random.randrange(flows), f"commit {number}"
        one.edit(flow, text)
        one.git("commit", "-qam", text)
        begun = time.perf_counter()
        file = one.share / f"flow-{flow:03}/n.py"
        took.append(until(lambda: text.encode() in file.read_bytes()) - begun)  # noqa: B023
        one.settle()
    return took


def live(one: Setting, count: int, flows: int) -> list[float]:
    """From the save of a file to its bytes on the share."""
    one.flowsync("daemon", "mode", "live")
    took = []
    for number in range(count):
        flow, text = random.randrange(flows), f"live {number}"
        begun = time.perf_counter()
        one.edit(flow, text)
        file = one.share / f"flow-{flow:03}/n.py"
        took.append(until(lambda: text.encode() in file.read_bytes()) - begun)  # noqa: B023
        one.settle()
    one.flowsync("daemon", "mode", "sync")
    return took


def studio(one: Setting, count: int, flows: int) -> list[float]:
    """From a save in Studio, in a flow that was active within the last minute, to a commit in the worktree."""
    one.flowsync("daemon", "restart")  # hundreds of pushes within minutes have used up the budget for looks
    one.settle()
    client, took = one.studio(), []
    one.edit(7, "made active")
    one.git("commit", "-qam", "made active")
    until(lambda: b"made active" in (one.share / "flow-007/n.py").read_bytes())
    for number in range(count):
        one.settle()
        time.sleep(random.uniform(0, 4))  # anywhere between two looks
        text, before = f"studio {number}", one.git("rev-parse", "main")
        client.get_file_client(f"{TOP}/flow-007/n.py").upload_file(SOURCE.replace("EDIT", text).encode())
        begun = time.perf_counter()
        file = one.repo / "flows/flow-007/n.py"
        ref = one.repo / ".git/refs/heads/main"
        until(lambda: file.exists() and text.encode() in file.read_bytes(), 60)  # noqa: B023
        took.append(until(lambda: ref.read_text().strip() != before) - begun)  # noqa: B023
    client.close()
    return took


def status(one: Setting, count: int) -> list[float]:
    """The whole process of `flowsync status`, with output."""
    took = []
    command = [
        shutil.which("flowsync", path=str(Path(sys.executable).parent)) or "flowsync",
        "-C",
        str(one.repo),
        "status",
    ]
    for _ in range(count):
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - begun)
    return took


def bare(count: int) -> list[float]:
    took = []
    for _ in range(count):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
        took.append(time.perf_counter() - begun)
    return took


def idle(one: Setting, seconds: float) -> None:
    """Prints what the daemon uses while nothing happens."""
    with connected(one) as daemon:
        pid, before = daemon.hello["pid"], daemon.request("state")
    samples, begun, used = [], time.perf_counter(), cpu(pid)
    wakes = switches(pid)
    while time.perf_counter() - begun < seconds:
        samples.append(memory(pid))
        time.sleep(min(10.0, seconds / 20))
    passed = time.perf_counter() - begun
    percent = 100 * (cpu(pid) - used) / passed
    per_minute = (switches(pid) - wakes) / passed * 60
    with connected(one) as daemon:
        after = daemon.request("state")
    made = after["requests"]["made"] - before["requests"]["made"]
    print(f"idle for {passed:.0f} s: CPU {percent:.2f} % of a core, {per_minute:.0f} voluntary switches a minute")
    print(f"  memory {samples[0]:.1f} MB at first, {max(samples):.1f} at most, {samples[-1]:.1f} at last")
    allowed = after["requests"]["budget_per_hour"] * passed / 3600
    print(f"  requests {made}, the budget's share of this time is {allowed:.0f}")
    print(f"  {json.dumps(after['requests'])} {json.dumps(after['cost_per_month'])}")


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (sum(map(int, fields[11:15]))) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def switches(pid: int) -> int:
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


def row(what: str, took: Sequence[float]) -> None:
    if took:
        ordered = sorted(took)
        p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        middle = statistics.median(ordered)
        print(f"{what:<44} {len(took):>4} {ordered[0]:8.3f} {middle:8.3f} {p95:8.3f} {ordered[-1]:8.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--flows", type=int, default=200)
    parser.add_argument("--latency", type=float, default=20.0, help="milliseconds that every request waits")
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--live", type=int, default=50)
    parser.add_argument("--studio", type=int, default=20)
    parser.add_argument("--status", type=int, default=40)
    parser.add_argument("--idle", type=float, default=0.0, help="seconds; measure only this")
    args = parser.parse_args()
    with setting(args.flows, args.latency) as one:
        if args.idle:
            idle(one, args.idle)
            return
        heads = "".join(f"{name:>9}" for name in ("min", "median", "p95", "max"))
        print(f"{f'{args.flows} flows, {args.latency:g} ms; seconds':<44} {'n':>4}{heads}")
        row("commit -> share", commits(one, args.commits, args.flows))
        row("live: save -> share", live(one, args.live, args.flows))
        row("Studio save -> commit (active flow)", studio(one, args.studio, args.flows))
        one.settle()
        row("flowsync status, answered by the daemon", status(one, args.status))
        row("python -c pass", bare(args.status))


if __name__ == "__main__":
    main()
