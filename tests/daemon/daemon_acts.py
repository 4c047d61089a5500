"""A real daemon in a state machine: it is killed, stopped, frozen, started, paused, switched between modes, and asked.

The others act while it is at work, so a person types again what git refuses because of that.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from daemon_process import Daemon, until
from safety.history_acts import HistoryActs
from safety.studio_acts import NAMES, flows, slots
from world import World

Start = Callable[[World], Daemon]
MODES = ("observe", "pull", "sync", "live")
moments = st.integers(0, 400).map(lambda number: number / 1000)  # when it happens is what is random here
runs = precondition(lambda self: self.daemon is not None)
answers = precondition(lambda self: self.daemon is not None and not self.frozen)
dead = precondition(lambda self: self.daemon is None)


def pass_by(seconds: float) -> None:
    """Lets time pass, while the daemon does what it does."""
    threading.Event().wait(seconds)


class DaemonActs(HistoryActs):
    """Adds a daemon, None while none runs."""

    start: ClassVar[Start]
    daemon: Daemon | None
    frozen: bool
    was_live: bool  # it may have made commits of edits

    @contextmanager
    def git_at_rest(self) -> Iterator[None]:
        """A real git holds the index meanwhile, so that no other moves files."""
        command = ["git", "-C", str(self.world.folder), "update-index", "-z", "--index-info"]
        lock = self.world.folder / ".git/index.lock"

        def locked() -> Any:
            git = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
            until(lambda: git.poll() is not None or _holds(git.pid, lock))
            return git if git.poll() is None else None

        git = until(locked, f"the index: {self}")
        try:
            yield
        finally:
            git.communicate()

    def try_again(self, attempt: Callable[[], bool], what: str) -> None:
        until(attempt, f"{what}: {self}")

    # The daemon's life

    @rule()
    @dead
    def starts(self) -> None:
        self.daemon = type(self).start(self.world).ready()

    @rule(after=moments, whole=st.booleans())
    @runs
    def is_killed(self, after: float, whole: bool) -> None:
        """With its git children or without; what they leave half moved is for the next daemon, which comes at once."""
        pass_by(after)
        if whole:
            self._await_a_locked_index()
        children = _children(self.daemon.process.pid) if whole else []
        self.daemon.process.kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        assert self.daemon.process.wait() == -signal.SIGKILL
        self.daemon, self.frozen = None, False
        if whole:
            self.starts()
            until(lambda: not list(self.world.folder.glob(".git/*.lock")), f"the dead git's locks to go: {self}")

    @rule(after=moments)
    @runs
    def is_stopped(self, after: float) -> None:
        pass_by(after)
        assert self.daemon.end() == 0, str(self)
        assert not self.daemon.place.address.exists()
        self.daemon, self.frozen = None, False

    @rule(after=moments)
    @answers
    def falls_asleep(self, after: float) -> None:
        pass_by(after)
        self.daemon.send(signal.SIGSTOP)
        self.frozen = True

    @rule()
    @precondition(lambda self: self.frozen)
    def wakes_up(self) -> None:
        self.daemon.send(signal.SIGCONT)
        self.frozen = False

    def _await_a_locked_index(self) -> None:
        """Waits for a git that moves files, or for as long as one would take to come."""
        lock, patience = self.world.folder / ".git/index.lock", time.monotonic() + 0.5
        while not lock.exists() and time.monotonic() < patience:
            pass_by(0.0005)

    @rule(flow=flows, mine=slots, theirs=slots, after=moments)
    @precondition(lambda self: self.daemon is not None and not self.unsaved and not self.away)
    def they_meet(self, flow: str, mine: int, theirs: int, after: float) -> None:
        """Studio saves a file while a commit of it is on its way."""
        self.person_commits(flow, "a.py", mine)
        pass_by(after / 2)
        self.studio_saves(flow, "a.py", theirs)

    @rule()
    @dead
    def loses_its_cache(self) -> None:
        (self.world.folder / ".git/flowsync/cache.db").unlink(missing_ok=True)

    # What it is told

    @rule(mode=st.sampled_from((*MODES, "configured")), only=st.sampled_from(("", *NAMES)))
    @answers
    def is_switched(self, mode: str, only: str) -> None:
        self.was_live |= mode == "live"
        self.says(["daemon", "mode", mode, *filter(None, [only])])

    @rule(word=st.sampled_from(("pause", "resume", "resume")), only=st.sampled_from(("", *NAMES)))
    @precondition(lambda self: not self.frozen)
    def is_paused_or_resumed(self, word: str, only: str) -> None:
        self.says([word, *filter(None, [only])])

    @rule(command=st.sampled_from(("fetch", "pull", "push", "sync")), consent=st.booleans())
    @precondition(lambda self: not self.frozen)
    def person_runs(self, command: str, consent: bool) -> None:
        allows = consent and command != "fetch"  # which deletes nothing
        self.says([command, *(word for flow in NAMES if allows for word in ("--accept-deletes", flow))])

    def flowsync_answers(self) -> bool:
        return not self.frozen

    # Time

    @rule(length=moments)
    def time_passes(self, length: float) -> None:
        pass_by(length)

    @rule()
    @answers
    def it_settles(self) -> None:
        until(self.at_rest, f"the daemon to settle: {self}")

    def at_rest(self) -> bool:
        state = self.daemon.state
        if state["health"] == "paused":  # it hears, and follows nothing
            return True
        return bool(state["health"] == "idle" and state.get("settled") and state["counters"].get("looks"))

    def says(self, words: list[str]) -> None:
        """Types a command; what it says of single flows is theirs."""
        until(lambda: self._typed(words), f"flowsync {' '.join(words)}: {self}")

    def _typed(self, words: list[str]) -> bool:
        run = self.world.run(*words)
        if run.code == 3 and "still at work" in run.err:  # a git that a killed daemon began
            return False
        assert run.code in (0, 1), f"flowsync {' '.join(words)}: {run}"
        return True

    def __str__(self) -> str:
        log = self.world.folder / ".git/flowsync/daemon.log"
        return f"{self.world.folder}\n{log.read_text()[-6000:] if log.exists() else ''}"


def _holds(pid: int, file: Path) -> bool:
    """Whether a process has a file open."""
    with suppress(OSError):
        return any(os.readlink(fd) == str(file) for fd in Path(f"/proc/{pid}/fd").iterdir())
    return False


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
