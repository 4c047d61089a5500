"""One simulated clone: a repository in memory, its cache and journal, and flowsync as the real conductor runs it."""

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, cast

from flowsync.cache import Cache
from flowsync.config import Mode, RemoteConfig, WriteWay
from flowsync.core.tree import Blob, File, FlowName, Path
from flowsync.errors import FlowsyncError
from flowsync.journal import Intent, Journal
from flowsync.repo.refs import Move
from flowsync.share.memory import MemoryShare, Step
from flowsync.sync.conductor import Conductor
from flowsync.sync.holds import Consent
from flowsync.sync.link import Link, Silence
from flowsync.sync.result import Result

from .memory_repo import MemoryRepository
from .watched_store import ROOT, Broken

if TYPE_CHECKING:
    from .simulation import Simulation


class Killed(BaseException):
    """The process is dead; nothing that it would still do takes effect."""


class MemoryCache(Cache):
    """The cache in memory. What a killed run had not committed is gone."""

    def __init__(self) -> None:
        self._path = FilePath(":memory:")
        self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(":memory:", isolation_level="DEFERRED")
        self._begin(db)
        return db


class WatchedJournal(Journal):
    """The real journal, on memory-backed disk; every write of it is a step."""

    def __init__(self, folder: FilePath, clone: "Clone") -> None:
        super().__init__(folder, "studio")
        self._clone = clone
        self.now: dict[str, dict[Path, Intent]] = {}

    def begin(self, pushes: Any) -> None:
        for flow, intents in pushes.items():
            self._clone.step("journal begin")
            super().begin({flow: intents})
            self.now[flow] = dict(intents)
            self._clone.step("journal begun")

    def acknowledge(self, flow: FlowName, path: Path) -> None:
        self._clone.step("journal acknowledge")
        super().acknowledge(flow, path)
        intent = self.now[flow][path]
        self.now[flow][path] = Intent(intent.blob, intent.lease, done=True)

    def end(self, flow: FlowName) -> None:
        self._clone.step("journal end")
        super().end(flow)
        self.now.pop(flow, None)


class Clone:
    """A person's clone. Its own view of the past tells the judge what it may believe."""

    def __init__(self, simulation: "Simulation", name: str, folder: FilePath, mode: Mode, write: WriteWay) -> None:
        self.simulation = simulation
        self.name = name
        self.repo = MemoryRepository(folder / name, name, simulation.seconds, self.step)
        shutil.rmtree(self.repo.state_dir, ignore_errors=True)
        self.repo.state_dir.mkdir(parents=True)
        self.cache: Cache = MemoryCache()
        self.journal = WatchedJournal(self.repo.state_dir, self)
        self.config = RemoteConfig("studio", "memory://simulated", mode=mode, write=write, max_deletes=0.6)
        self.dead = False
        self.running = False
        self.base: dict[str, str] = {}
        self.share: MemoryShare | None = None
        self.repo.refs.watch = self._watch
        self.repo.worktree.on_landing = self._landing
        self.results: list[Result] = []
        self.consent = Consent()

    @property
    def link(self) -> Link:
        return Link(
            cast(Any, self.repo),
            self.config,
            self.cache,
            self.journal,
            Silence(),
            "alice",
            now=self.simulation.now,
            new_lease=self.simulation.new_lease,
        )

    def step(self, what: str) -> None:
        """Something that another could see or disturb is about to happen."""
        if not self.running:
            return
        if self.dead:
            raise Killed(what)
        self.simulation.between(self, what)
        if self.dead:
            raise Killed(what)

    def flowsync(self, command: str, flows: Sequence[str] = (), consent: Consent | None = None) -> str:
        """Runs a command to its end, or to the moment when it is killed; returns how it ended."""
        share = MemoryShare(
            self.simulation.store,
            ROOT,
            write=self.config.write.value,
            page=self.simulation.page,
            retries=self.simulation.retries,
        )
        share.hook = self._request
        share.faults = self.simulation.due_faults()
        self.share = share
        self.consent = consent or Consent()
        conductor = Conductor(self.link, {}, opener=lambda: share)
        self.dead, self.running = False, True
        try:
            self.results = getattr(conductor, command)(flows, consent)
            return "done"
        except Killed:
            self.journal.now.clear()
            return "killed"
        except FlowsyncError as error:
            return f"{type(error).__name__}: {error.message}"
        finally:
            self.running = False
            self.dead = False
            self.simulation.store.client = None

    def forget_cache(self) -> None:
        """Somebody deletes the cache, which is always safe."""
        self.simulation.tell(f"{self.name}: the cache is deleted")
        self.cache.close()
        self.cache = MemoryCache()

    def _request(self, step: Step) -> None:
        self.simulation.store.client = None
        self.step(f"{step.kind} {step.path if not step.path.startswith('.flowsync/') else 'temporary'}")
        self.simulation.store.client = self

    # What the judge asks

    def recorded(self, flow: str, path: str) -> str | None:
        """What the tracking ref holds at a path, unless the push under way has just put something else there."""
        intent = self.journal.now.get(flow, {}).get(Path(path))
        if intent and intent.done:
            return intent.blob
        return self.at(f"refs/remotes/studio/{flow}", flow).get(Path(path))

    def intents(self, flow: str) -> dict[Path, tuple[Blob | None, bool]]:
        return {path: (intent.blob, intent.done) for path, intent in self.journal.now.get(flow, {}).items()}

    def pushing(self, flow: str, path: str) -> str | None:
        intent = self.journal.now.get(flow, {}).get(Path(path))
        return intent.blob if intent else "nothing"

    def at(self, ref: str, flow: str) -> dict[Path, Blob]:
        """The blobs of a flow at a ref."""
        sha = self.repo.refs.peek(ref)
        tree = self.repo.objects.subtree(self.repo.objects.commit(sha).tree, f"flows/{flow}") if sha else None
        files = self.repo.objects.files(tree) if tree else {}
        return {path: entry.blob for path, entry in files.items() if isinstance(entry, File)}

    def _watch(self, moves: Sequence[Move]) -> None:
        """I1, I7, I12: nothing becomes unreachable, a base was on both sides, a snapshot changes its flow only."""
        refs, objects = self.repo.refs.all, self.repo.objects
        lost = [move.old for move in moves if move.old]
        after = {**refs, **{move.ref: move.new for move in moves}}
        kept = self.repo.reachable(frozenset(sha for sha in after.values() if sha))
        if any(objects.contents(sha) - kept for sha in lost):
            raise Broken(f"I1 {', '.join(move.ref for move in moves)}: content became unreachable")
        for move in moves:
            kind, _, flow = move.ref.rpartition("/")
            if move.new and kind == "refs/flowsync/studio":
                self._sound(flow, move.new)
            if move.new and kind == "refs/remotes/studio":
                self._scoped(flow, move.new)

    def _sound(self, flow: str, sha: str) -> None:
        tree = self.repo.objects.subtree(self.repo.objects.commit(sha).tree, f"flows/{flow}")
        branch = self.repo.refs.peek("refs/heads/main")
        here = self.repo.objects.contents(branch) if branch else frozenset[str]()
        for path, entry in (self.repo.objects.files(tree) if tree else {}).items():
            if isinstance(entry, File) and not path.startswith("."):
                if (f"{flow}/{path}", entry.blob) not in self.simulation.store.ever:
                    raise Broken(f"I7 base of {flow}/{path}: the share never held it")
                if entry.blob not in here and not self.simulation.rewrites:
                    raise Broken(f"I7 base of {flow}/{path}: the branch never held it")

    def _scoped(self, flow: str, sha: str) -> None:
        commit = self.repo.objects.commit(sha)
        if f"Flowsync-Flow: {flow}\n" not in commit.message or len(commit.parents) > 1:
            return
        before = self.repo.objects.files(self.repo.objects.commit(commit.parents[0]).tree) if commit.parents else {}
        now = self.repo.objects.files(commit.tree)
        _, _, renamed = commit.message.partition("Flowsync-Renamed-From: ")
        scope = (f"flows/{flow}/", *([f"flows/{renamed.strip()}/"] if renamed else []))
        outside = [
            path
            for path in before.keys() | now.keys()
            if before.get(path) != now.get(path) and not path.startswith(scope)
        ]
        if outside:
            raise Broken(f"I12 the snapshot of {flow} changes {', '.join(outside)}")

    def _landing(self, old: str | None, new: str) -> None:
        """I10: the branch moves only when git was said to be at rest, and never over what it held."""
        if self.repo.worktree.told_busy:
            raise Broken("I10 the branch was moved while git was said to be busy")
        if old and self.repo.objects.contents(old) - self.repo.objects.contents(new):
            raise Broken("I1 the branch lost content by landing")
        gone = self._flows(old) - self._flows(new) - self.consent.deletes - self._renamed(old, new)
        for flow in gone if self.running else ():
            raise Broken(f"I8 {flow} was deleted from the branch, and nobody was asked")

    def _renamed(self, old: str | None, new: str) -> set[FlowName]:
        """The flows whose content another flow came with, in one of the commits from old to new."""
        renamed: set[FlowName] = set()
        while old and new != old:
            parents = self.repo.objects.commit(new).parents
            if not parents:
                break
            come = [self._content(new, flow) for flow in self._flows(new) - self._flows(parents[0])]
            renamed |= {flow for flow in self._flows(parents[0]) if self._content(parents[0], flow) in come}
            new = parents[0]
        return renamed

    def _content(self, sha: str | None, flow: str) -> dict[str, Blob]:
        tree = self.repo.objects.subtree(self.repo.objects.commit(sha or "").tree, f"flows/{flow}")
        files = self.repo.objects.files(tree) if tree else {}
        return {path: entry.blob for path, entry in files.items() if isinstance(entry, File) and path[0] != "."}

    def _flows(self, sha: str | None) -> set[FlowName]:
        objects = self.repo.objects
        top = objects.subtree(objects.commit(sha).tree, "flows") if sha else None
        return {FlowName(name) for name in (objects.folders(top) if top else ())}
