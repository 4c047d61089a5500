"""pre-commit and prek put unstaged edits away while hooks run. What the worktree shows then must never reach Studio.

Runs the real tools, from FLOWSYNC_HOOK_TOOLS (a folder) or the PATH.
"""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon_process import Daemon, until
from flow_files import DEFINITION, SOURCE
from world import World

ROUNDS = 100  # of each tool
CONFIG = """\
repos:
- repo: local
  hooks:
  - id: look
    name: look
    entry: sh -c 'cat flows/*/a.py > /dev/null; sleep 0.15'
    language: system
    pass_filenames: false
"""


def tool(name: str) -> Path:
    folder = os.environ.get("FLOWSYNC_HOOK_TOOLS")
    found = shutil.which(name, path=folder) if folder else shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not there; set FLOWSYNC_HOOK_TOOLS to a folder with pre-commit and prek")
    return Path(found)


class Watcher:
    """Follows the number in a file on the share, and remembers any step back."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.seen = [0]
        self.steps_back: list[tuple[int, int]] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(0.002):
            try:
                found = re.findall(r"# (\d+)\n$", self._file.read_text())
            except FileNotFoundError:
                continue
            number = int(found[0]) if found else 0
            if number != self.seen[-1]:
                if number < self.seen[-1]:
                    self.steps_back.append((self.seen[-1], number))
                self.seen.append(number)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["pre-commit", "prek"])
def test_a_stashed_state_never_reaches_the_share(world: World, run_daemon: Callable[..., Daemon], name: str) -> None:
    executable = tool(name)
    files = {"flow.dag.yaml": DEFINITION, "a.py": SOURCE}
    world.link(mode="live")
    world.commit({f"flows/{flow}/{path}": text for flow in ("chat", "other") for path, text in files.items()})
    world.commit({".pre-commit-config.yaml": CONFIG, "notes.md": "0\n"})
    (world.folder / ".git/hooks/pre-commit").write_text(f'#!/bin/sh\nexec "{executable}" run\n')
    (world.folder / ".git/hooks/pre-commit").chmod(0o755)
    daemon = run_daemon(world).ready().settled()
    watcher = Watcher(world.share.folder / "chat/a.py")  # type: ignore[attr-defined]
    put_away = refused = 0

    def patches() -> list[Path]:
        return list((Path(os.environ["HOME"]) / ".cache").rglob("*patch*"))

    def commit(number: int) -> list[str]:
        return ["git", "-C", str(world.folder), "commit", "--quiet", "-m", f"note {number}"]

    for number in range(1, ROUNDS + 1):
        world.write({"notes.md": f"{number}\n"})
        world.git("add", "notes.md")
        # not staged: the tool takes it away and brings it back
        world.write({"flows/chat/a.py": SOURCE + f"# {number}\n"})
        before = len(patches())
        while subprocess.run(commit(number), capture_output=True, check=False).returncode:
            refused += 1  # the branch moved in the instant between git's start and ours; git changed nothing
            assert refused <= ROUNDS // 10, "a person's commit must hardly ever be refused"
        put_away += len(patches()) > before
        assert (world.folder / "flows/chat/a.py").read_text() == SOURCE + f"# {number}\n"
        until(lambda: watcher.seen[-1] == number, f"edit {number} in Studio: {daemon}")  # noqa: B023
    daemon.settled()
    watcher.stop()
    print(f"{name}: {ROUNDS} rounds, edits put away in {put_away}, commits that git refused once: {refused}")
    assert watcher.steps_back == []
    assert put_away > ROUNDS // 2, "the tool never put anything away: the test shows nothing"
    shown = world.git("log", "--format=%H", "main", "--", "flows/chat/a.py").splitlines()
    numbers = [
        int((re.findall(r"# (\d+)\n$", world.raw_git("show", f"{sha}:flows/chat/a.py").decode()) or ["0"])[0])
        for sha in shown
    ]
    assert numbers == sorted(numbers, reverse=True)
    assert world.git("status", "--porcelain") == ""
    assert world.fsck() == ""
