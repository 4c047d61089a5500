"""The state machine of ``tests/safety`` with a real daemon as the one that syncs, while everybody else goes on.

Nothing waits for anything: Studio and a person act while the daemon is in the middle of a pass, is killed there,
stopped, frozen, started again, paused, or switched to another mode. What must hold all the time is looked at all the
time: edits that nobody committed stay, the branch that is none of the daemon's business stays, and a reader never sees
anything on the share that nobody has written. The rest is judged when all has come to rest.

CI plays a few examples; ``--slow`` plays FLOWSYNC_DAEMON_EXAMPLES (100) of 30 steps.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from daemon_process import Daemon, until
from safety.person_acts import PersonActs, judge
from safety.studio_acts import NAMES
from world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
Start = Callable[[World], Daemon]
WAITING = ("conflict", "held", "problem")
MODES = ("observe", "pull", "sync", "live")
moments = st.integers(0, 400).map(lambda number: number / 1000)  # when it happens is what is random here
runs = precondition(lambda self: self.daemon is not None)
answers = precondition(lambda self: self.daemon is not None and not self.frozen)
dead = precondition(lambda self: self.daemon is None)


def pass_by(seconds: float) -> None:
    """Lets time pass, while the daemon does what it does."""
    threading.Event().wait(seconds)


class Witness:
    """Reads the share all the time, and remembers all that it ever showed."""

    def __init__(self, share: Path) -> None:
        self.shown: dict[str, tuple[str, bytes]] = {}
        self._share, self._known = share, dict[str, tuple[int, ...]]()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(0.002):
            for file in self._share.glob("[!.]*/**/*"):
                with suppress(OSError):
                    self._look(file)

    def _look(self, file: Path) -> None:
        stat = file.stat()
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if file.is_file() and self._known.get(str(file)) != stamp:
            content = file.read_bytes()
            self.shown[blob(content)] = str(file), content
            self._known[str(file)] = stamp


def blob(content: bytes) -> str:
    """The name that git gives a content."""
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()


class Background(PersonActs):
    """Studio, a person, and a daemon."""

    start: ClassVar[Start]

    @initialize(mode=st.sampled_from(MODES))
    def begin(self, mode: str) -> None:
        self.daemon: Daemon | None = None
        self.frozen = False
        self.was_live = mode == "live"
        self.make_world(mode=mode)
        self.world.git("config", "flowsync.fastestLook", "1")
        self.world.git("config", "flowsync.newFlows", "1")
        self.witness = Witness(self.share)
        self.starts()

    def teardown(self) -> None:
        if not hasattr(self, "witness"):
            return
        try:
            self._rest()
        finally:
            self.witness.stop()
            if self.daemon:
                self.daemon.end(signal.SIGKILL)
            shutil.rmtree(self.place)

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

    @rule()
    @dead
    def loses_its_cache(self) -> None:
        (self.world.folder / ".git/flowsync/cache.db").unlink(missing_ok=True)

    # What it is told

    @rule(mode=st.sampled_from((*MODES, "configured")), only=st.sampled_from(("", *NAMES)))
    @answers
    def is_switched(self, mode: str, only: str) -> None:
        self.was_live |= mode == "live"
        self._says(["daemon", "mode", mode, *filter(None, [only])])

    @rule(word=st.sampled_from(("pause", "resume", "resume")), only=st.sampled_from(("", *NAMES)))
    @precondition(lambda self: not self.frozen)
    def is_paused_or_resumed(self, word: str, only: str) -> None:
        self._says([word, *filter(None, [only])])

    @rule(command=st.sampled_from(("fetch", "pull", "push", "sync")), consent=st.booleans())
    @precondition(lambda self: not self.frozen)
    def person_runs(self, command: str, consent: bool) -> None:
        allows = consent and command != "fetch"  # which deletes nothing
        self._says([command, *(word for flow in NAMES if allows for word in ("--accept-deletes", flow))])

    def flowsync_answers(self) -> bool:
        return not self.frozen

    # Time

    @rule(length=moments)
    def time_passes(self, length: float) -> None:
        pass_by(length)

    @rule()
    @answers
    def it_settles(self) -> None:
        until(self._at_rest, f"the daemon to settle: {self}")

    # Always

    @invariant()
    def it_lives(self) -> None:
        if getattr(self, "daemon", None) and not self.frozen:
            assert self.daemon.process.poll() is None, str(self)

    @invariant()
    def unsaved_work_is_untouched(self) -> None:
        """In ``live`` mode it may be committed, and then Studio may have edited what was committed."""
        for path, content in getattr(self, "unsaved", {}).items():
            if self._seen(*path.removeprefix("flows/").split("/", 1)) != content:
                assert self.was_live and self._committed(path, content), f"{path} was touched: {self}"

    @invariant()
    def another_branch_is_nobodys_business(self) -> None:
        if getattr(self, "away", ""):
            assert self.world.git("rev-parse", "HEAD", "elsewhere").split() == [self.away] * 2, str(self)
            assert self.dirty() == set(), str(self)

    def _committed(self, path: str, content: bytes) -> bool:
        return bool(self.world.git("log", "-n1", "--format=%h", f"--find-object={blob(content)}", "main", "--", path))

    # At rest

    def _rest(self) -> None:
        if self.frozen:
            self.wakes_up()
        if self.daemon is None:
            self.starts()
        if self.away:
            self.person_returns()
        self.person_commits_edits()
        self._says(["resume"])
        self._says(["daemon", "mode", "configured"])  # each flow's own, too
        self._says(["daemon", "mode", "sync"])
        until(self._agrees, f"both sides to agree, or a reason why they do not: {self}")
        for _ in range(8):
            before = self.world.refs(), self.world.share.files()
            self.person_runs("sync", consent=True)
            until(self._at_rest, f"rest: {self}")
            if before == (self.world.refs(), self.world.share.files()):
                break
        else:
            raise AssertionError(f"not settled: {self}")
        judge(self, self._waiting())
        self.is_stopped(0)
        self._nothing_is_left()

    def _agrees(self) -> bool:
        if not self._at_rest():
            return False
        waiting, tip = self._waiting(), self.world.tip()
        assert tip is not None
        return all(self.world.here(flow, tip) == self.world.there(flow) for flow in NAMES if flow not in waiting)

    def _at_rest(self) -> bool:
        state = self.daemon.state
        if state["health"] == "paused":  # it hears, and follows nothing
            return True
        return bool(state["health"] == "idle" and state.get("settled") and state["counters"].get("looks"))

    def _waiting(self) -> set[str]:
        rows = self.daemon.ask("status")["flows"]
        return {row["name"] for row in rows if row["state"] in WAITING or row["hold"]}

    def _nothing_is_left(self) -> None:
        """What a killed daemon began is finished or undone, and there is nothing to do."""
        own = self.world.folder / ".git/flowsync"
        left = [*own.glob("journal/*/*"), *own.glob("git-child.*"), *self.place.glob("share/.flowsync/*")]
        left += [lock for lock in self.world.folder.glob(".git/**/*.lock") if lock.parent != own]
        assert not left, f"{left}: {self}"
        assert self.dirty() == set(), str(self)
        assert not self.world.fsck()
        assert "Traceback" not in (own / "daemon.log").read_text(), str(self)
        before = self.world.refs(), self.world.share.files()
        self.person_runs("sync", consent=True)
        assert before == (self.world.refs(), self.world.share.files())
        self._nobody_saw_what_nobody_wrote()

    def _nobody_saw_what_nobody_wrote(self) -> None:
        """Studio saved it, or it is in git."""
        self.witness.stop()
        shown = {name: what for name, what in self.witness.shown.items() if what[1] not in self.saved}
        known = self.world.git("cat-file", "--batch-check", stdin="".join(f"{name}\n" for name in shown).encode())
        missing = [line.split()[0] for line in known.splitlines() if line.endswith(" missing")]
        assert not missing, [shown[name] for name in missing]

    def _says(self, words: list[str]) -> None:
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


COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True, "database": None}


def play(start: Start, examples: int, steps: int, derandomize: bool, *phases: Phase) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("Bound", (Background,), {"start": staticmethod(start)})
    given = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=derandomize,
        phases=phases,
        **COMMON,  # type: ignore[arg-type]
    )
    run_state_machine_as_test(machine, settings=given)


def test_a_few_examples(git_home: Path, run_daemon: Start) -> None:
    play(run_daemon, 3, 12, True, Phase.generate)


@pytest.mark.slow
@pytest.mark.timeout(14400)
def test_many_examples(git_home: Path, run_daemon: Start) -> None:
    play(run_daemon, int(os.environ.get("FLOWSYNC_DAEMON_EXAMPLES", "100")), 30, False, Phase.generate, Phase.shrink)
