"""Lost writes: two people write to the same files through the two sides, while a tool syncs all the while.

    python tests/bench/bench_lost_writes.py [--seconds 25] [--gap 0.06] [--files 6] [TOOL …]

One writer works on the local side, one on the share (a folder, for all tools alike): each reads a file, adds a token on
a line of its own part of it, and writes it back. Then both stop, and the tool has ``--patience`` seconds to make both
sides equal. A token that is on neither side any more, in no file at all, is lost. With flowsync the local writer
commits, as its users do; the others sync the files as they are. rclone and unison are taken from the PATH (or
``UNISON``, ``RCLONE``) and left out if they are not there. rclone is told to prefer the newer side: by default it
renames both files of a conflict away, and then there is nothing left to write to.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

DAG = "inputs: {}\noutputs: {}\nnodes: []\n"
WALL = "\n".join(["# ----"] * 6)


@dataclass
class Sides:
    """Two folders to keep equal, what syncs them, and what the local writer does after each write."""

    local: Path
    share: Path
    sync: Callable[[], int]
    saved: Callable[[Path, str, str], bool]
    codes: dict[int, int] = field(default_factory=dict)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tools", nargs="*", default=sorted(TOOLS))
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--gap", type=float, default=0.06)
    parser.add_argument("--files", type=int, default=6)
    parser.add_argument("--patience", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(f"{'tool':34} {'writes':>6} {'lost':>5} {'per 1000':>8} {'converged':>12}  exit codes of its runs")
    for tool in args.tools:
        with tempfile.TemporaryDirectory(prefix="lost-writes-") as place:
            sides = TOOLS[tool](Path(place), args.files)
            if sides is None:
                print(f"{tool:34} not installed")
            else:
                print(measure(tool, sides, args), flush=True)
    return 0


def measure(tool: str, sides: Sides, args: argparse.Namespace) -> str:
    """Runs one tool under the load and returns its row."""
    stop, quiet = threading.Event(), threading.Event()
    syncing = threading.Thread(target=_sync_until, args=(sides, quiet))
    writers = [
        Writer(sides.local, "L", args, stop, sides.saved),
        Writer(sides.share, "S", args, stop, lambda file, old, new: _replace(file, old, new)),
    ]
    syncing.start()
    for writer in writers:
        writer.start()
    time.sleep(args.seconds)
    stop.set()
    for writer in writers:
        writer.join()
    began = time.monotonic()
    while not (equal := _contents(sides.local) == _contents(sides.share)) and time.monotonic() - began < args.patience:
        time.sleep(0.05)
    took = time.monotonic() - began
    quiet.set()
    syncing.join()
    written = {token for writer in writers for token in writer.tokens}
    left = "\n".join([*_all(sides.local), *_all(sides.share)]).split()
    lost = written - set(left)
    settled = f"{took:.1f} s" if equal else f"not in {args.patience:.0f} s"
    codes = ", ".join(f"{code}: {count}" for code, count in sorted(sides.codes.items()))
    return f"{tool:34} {len(written):6} {len(lost):5} {1000 * len(lost) / len(written):8.1f} {settled:>12}  {codes}"


class Writer(threading.Thread):
    """Adds tokens to one part of the files of one side."""

    def __init__(
        self, folder: Path, name: str, args: argparse.Namespace, stop: threading.Event, save: Callable[..., bool]
    ) -> None:
        super().__init__()
        self.tokens: list[str] = []
        self._folder, self._mark, self._args, self._stopped, self._save = folder, name, args, stop, save
        self._random = random.Random(f"{name}{args.seed}")

    def run(self) -> None:
        number = 0
        while not self._stopped.wait(self._args.gap * self._random.uniform(0.5, 1.5)):
            file = self._folder / f"chat/f{self._random.randrange(self._args.files)}.py"
            try:
                old = file.read_text()
            except FileNotFoundError:  # a tool is replacing it
                continue
            token = f"{self._mark}{number}"
            new = _with(old, self._mark, token)
            if new is not None and self._save(file, old, new):
                self.tokens.append(token)
                number += 1


def _with(old: str, mark: str, token: str) -> str | None:
    """The text with a token added to the writer's part; None if what is there is no whole text."""
    head, wall, tail = old.partition(WALL)
    if not wall or not tail.endswith("\n"):
        return None
    return f"{head}{token}\n{wall}{tail}" if mark == "L" else f"{head}{wall}{tail}{token}\n"


def _replace(file: Path, old: str, new: str) -> bool:
    """Writes a new file and moves it over, if nobody has written since: as careful editors do."""
    temporary = file.parent.parent.parent / f"writer-{file.name}-{threading.get_ident()}"
    temporary.write_text(new)
    try:
        if file.read_text() != old:
            return False
    except FileNotFoundError:
        return False
    temporary.replace(file)
    return True


def _sync_until(sides: Sides, quiet: threading.Event) -> None:
    while not quiet.is_set():
        code = sides.sync()
        sides.codes[code] = sides.codes.get(code, 0) + 1


def _contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text(errors="replace") for file in sorted((folder / "chat").glob("f?.py"))}


def _all(folder: Path) -> list[str]:
    files = (file for file in folder.rglob("*") if file.is_file() and ".git" not in file.parts)
    return [file.read_text(errors="replace") for file in files]


def _fill(folder: Path, files: int) -> None:
    (folder / "chat").mkdir(parents=True)
    (folder / "chat/flow.dag.yaml").write_text(DAG)
    for number in range(files):
        (folder / f"chat/f{number}.py").write_text(f"# {number}\n{WALL}\n# end\n")


def _run(*command: str, env: dict[str, str] | None = None) -> int:
    return subprocess.run(command, capture_output=True, env={**os.environ, **(env or {})}, check=False).returncode


def _flowsync(place: Path, files: int) -> Sides:
    repo, share = place / "repo", place / "share"
    _fill(share, files)
    repo.mkdir()

    def git(*arguments: str) -> bool:
        who = ("-c", "user.name=Pat", "-c", "user.email=pat@example.com", "-c", "gc.auto=0")
        return _run("git", "-C", str(repo), *who, *arguments) == 0

    git("init", "--quiet", "--initial-branch=main")
    git("config", "user.name", "Pat")
    git("config", "user.email", "pat@example.com")
    (repo / ".flowsync.yaml").write_text(f"version: 1\nremotes:\n  studio:\n    share: file://{share}\n")
    git("add", ".flowsync.yaml")
    git("commit", "--quiet", "-m", "link")

    def saved(file: Path, old: str, new: str) -> bool:
        if not _replace(file, old, new):
            return False
        path = file.relative_to(repo).as_posix()
        while not git("commit", "--quiet", "-m", "a token", "--", path):  # git is at work for flowsync
            time.sleep(0.005)
        return True

    def sync() -> int:
        from flowsync.cli import main as flowsync

        with open(os.devnull, "w") as nowhere:
            out, sys.stdout = sys.stdout, nowhere
            err, sys.stderr = sys.stderr, nowhere
            try:
                return int(flowsync(["-C", str(repo), "sync"]))
            finally:
                sys.stdout, sys.stderr = out, err

    sync()
    return Sides(repo / "flows", share, sync, saved)


def _rclone(*flags: str) -> Callable[[Path, int], Sides | None]:
    def start(place: Path, files: int) -> Sides | None:
        program = shutil.which(os.environ.get("RCLONE", "rclone"))
        if program is None:
            return None
        local, share, work = place / "local", place / "share", place / "work"
        _fill(local, files)
        shutil.copytree(local, share, copy_function=shutil.copy2)
        command = [program, "bisync", str(local), str(share), "--workdir", str(work), "--config", os.devnull, *flags]
        _run(*command, "--resync")
        return Sides(local, share, lambda: _run(*command), lambda *given: _replace(*given))

    return start


def _unison(*flags: str) -> Callable[[Path, int], Sides | None]:
    def start(place: Path, files: int) -> Sides | None:
        program = shutil.which(os.environ.get("UNISON", "unison"))
        if program is None:
            return None
        local, share = place / "local", place / "share"
        _fill(local, files)
        shutil.copytree(local, share, copy_function=shutil.copy2)
        command = [program, "-ui", "text", str(local), str(share), "-batch", "-auto", "-silent", *flags]
        env = {"UNISON": str(place / "archive"), "HOME": str(place)}
        _run(*command, env=env)
        return Sides(local, share, lambda: _run(*command, env=env), lambda *given: _replace(*given))

    return start


TOOLS: dict[str, Callable[[Path, int], Sides | None]] = {
    "flowsync": _flowsync,
    "rclone bisync, newer": _rclone("--resilient", "--recover", "--conflict-resolve", "newer"),
    "rclone bisync, newer, checksum": _rclone(
        "--resilient", "--recover", "--conflict-resolve", "newer", "--compare", "size,modtime,checksum"
    ),
    "unison": _unison(),
    "unison, newer, copyonconflict": _unison("-prefer", "newer", "-copyonconflict"),
}


if __name__ == "__main__":
    sys.exit(main())
