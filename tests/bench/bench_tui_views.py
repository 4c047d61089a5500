"""What the screens about one flow cost: from the key to the paint that shows it, and memory.

    python tests/bench/bench_tui_views.py [--runs 5] [--check]

On a pseudo-terminal, before a fake daemon in a process of its own. ``first opened`` is the first screen that a person
opens, one second after the flows are on the screen; the others are what they live with. Medians are judged; for what
happens once in a session there is one figure a run. Budgets: a diff of 5,000 lines in 250 ms and 10 MB, a graph of 60
nodes in 100 ms, the first one too. ``CPU`` is what of a time the app itself worked: on a busy machine the rest is
waiting.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from bench_tui import Terminal

from tui.fake_daemon import FakeDaemon, row
from tui.flow_answers import FlowAnswers

GRAPH, DENSE = "graph of 60 nodes", "dense graph of 60 nodes"
BUDGETS = {"diff of 5,000 lines": 250.0} | {
    f"{graph}{way}": 100.0 for graph in (GRAPH, DENSE) for way in ("", ", first opened", ", drawn")
}
MEMORY = 10.0  # MB that a diff of 5,000 lines may add
TRIES = 5

Files = dict[str, bytes]
Figures = defaultdict[str, list[float]]


def lines(count: int, changed: float) -> tuple[bytes, bytes]:
    """Two texts of so many lines, of which a part differs."""
    chance = random.Random(7)
    before = [f"line {number}: {chance.random()} and some more words" for number in range(count)]
    after = [line if chance.random() > changed else line.replace("some", "quite some") for line in before]
    return "\n".join(before).encode(), "\n".join(after).encode()


def definition(nodes: int, reach: int, uses: int = 2) -> bytes:
    """A flow in which each node uses some of the ``reach`` nodes before it."""
    chance = random.Random(3)
    text = "inputs:\n  q: {type: string}\nnodes:\n"
    for number in range(nodes):
        text += f"- name: node_{number}\n  type: python\n  source: {{type: code, path: n{number}.py}}\n  inputs:\n"
        for use in range(uses):
            other = chance.randint(max(-1, number - reach), number - 1)
            text += f"    x{use}: " + ("${inputs.q}\n" if other < 0 else f"${{node_{other}.output}}\n")
    return text.encode()


def sides(case: str) -> tuple[Files, Files, Files]:
    """Base, local and Studio's side of a case."""
    if case.startswith("diff"):
        (small, before), (other, after) = (b"1\n", lines(5000, 0.37)[0]), (b"2\n", lines(5000, 0.37)[1])
        old, new = {"a.txt": small, "large.py": before}, {"a.txt": other, "large.py": after}
        return old, old, new
    base = definition(60, 60 if "dense" in case else 6)
    if not case.startswith("conflict"):
        return ({"flow.dag.yaml": base},) * 3
    local, remote = base.replace(b"x1: $", b"x1: l$"), base.replace(b"x1: $", b"x1: r$")
    return {"flow.dag.yaml": base}, {"flow.dag.yaml": local}, {"flow.dag.yaml": remote}


def serve(folder: str, case: str) -> None:
    """Is the daemon, until whoever started it ends."""
    fake = FakeDaemon(Path(folder), [row("flow", "conflict")])
    fake.answers.update(FlowAnswers("flow", *sides(case)).table)
    fake.answers["findings"] = {"findings": []}
    with fake:
        print("ready", flush=True)
        sys.stdin.buffer.read()


@contextmanager
def app(case: str) -> Iterator[Terminal]:
    """The app on a terminal, live on a case's flow."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ".git").mkdir()
        (Path(folder) / ".flowsync.yaml").write_text("version: 1\n")
        command = [sys.executable, __file__, "--serve", folder, "--case", case]
        daemon = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert daemon.stdout is not None and daemon.stdout.readline() == b"ready\n"
        terminal = Terminal([sys.executable, "-m", "flowsync", "tui"], folder)
        try:
            terminal.until(b"conflict")
            terminal.drain(1.0)
            yield terminal
        finally:
            terminal.end()
            daemon.kill()
            daemon.wait()


def pressed(terminal: Terminal, key: bytes, shows: bytes) -> tuple[float, float]:
    """Presses a key; returns the milliseconds until it shows, and the CPU's among them."""
    import time

    terminal.drain(0.2)
    start, worked = time.perf_counter(), terminal.cpu()
    terminal.press(key)
    return 1000 * (terminal.until(shows) - start), 1000 * (terminal.cpu() - worked)


def opening(name: str, key: bytes, shows: bytes, terminal: Terminal, found: Figures) -> None:
    """Opens a screen some times; the first is told apart."""
    for number in range(TRIES + 1):
        took, worked = pressed(terminal, key, shows)
        told = f"{name}, first opened" if number == 0 else name
        found[told].append(took)
        found[f"{told}: CPU"].append(worked)
        terminal.drain(0.2)
        terminal.press(b"\x1b")
        terminal.drain(0.3)


def diff(found: Figures) -> None:
    """The file list first shows a small file; J goes to the large one."""
    name = "diff of 5,000 lines"
    with app("diff") as terminal:
        pressed(terminal, b"d", b"change 1 of 1")
        before = terminal.figure("VmRSS")
        for number in range(TRIES):
            took, worked = pressed(terminal, b"J", b"large.py   +1")
            if number == 0:
                found[f"{name}: memory"].append((terminal.figure("VmRSS") - before) / 1024)
            found[name].append(took)
            found[f"{name}: CPU"].append(worked)
            found["next change"].append(pressed(terminal, b"n", b"change 2 of")[0])
            terminal.press(b"K")


def graph(found: Figures) -> None:
    """Listed, as the default is for so many nodes, and drawn."""
    for case in (GRAPH, DENSE):
        with app(case) as terminal:
            opening(case, b"f", b"60 nodes", terminal, found)
            pressed(terminal, b"f", b"60 nodes")
            for _ in range(TRIES):
                took, worked = pressed(terminal, b"s", "┌".encode())
                found[f"{case}, drawn"].append(took)
                found[f"{case}, drawn: CPU"].append(worked)
                terminal.press(b"s")
            terminal.drain(0.3)


def conflict(found: Figures) -> None:
    """60 places to decide; each pick is put into the result."""
    with app("conflict in 60 nodes") as terminal:
        opening("conflict in 60 nodes", b"m", b"resolve 1 of", terminal, found)
        pressed(terminal, b"m", b"resolve 1 of")
        for number in range(TRIES):
            took, worked = pressed(terminal, b"2", b"picked")
            if number:
                found["a pick among 60"].append(took)
                found["a pick among 60: CPU"].append(worked)
            terminal.press(b"n")


CASES: tuple[Callable[[Figures], None], ...] = (diff, graph, conflict)


def main() -> None:
    """Prints a line for each figure, and whether it keeps its budget."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a budget is not kept")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve, args.case)
        return
    found: Figures = defaultdict(list)
    for _ in range(args.runs):
        for case in CASES:
            case(found)
    missed = False
    for name, values in found.items():
        value = statistics.median(values)
        memory = name.endswith("memory")
        budget = MEMORY if memory else BUDGETS.get(name)
        missed = missed or (budget is not None and value > budget)
        verdict = "" if budget is None else f"of {budget:.0f}" + ("" if value <= budget else "  MISSED")
        print(f"{name:<44}{value:8.1f} {'MB' if memory else 'ms'}  {verdict}".rstrip())
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    sys.exit(1 if missed and args.check else 0)


if __name__ == "__main__":
    main()
