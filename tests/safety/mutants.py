"""Errors that a sync engine is likely to have, in the words of the design; the simulation must catch each of them.

Each mutant patches the engine for the time of one simulation. A simulation that cannot tell it from the real engine
within its number of runs has gone blind, and CI fails.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from unittest import mock

from flowsync.core import plan as core_plan
from flowsync.journal import Journal
from flowsync.repo.refs import Move
from flowsync.share import debts, guard
from flowsync.share.base import Listing, Outcome, Put, Remove, Removed, Written
from flowsync.share.memory import MemoryShare
from flowsync.sync import bases, holds, land, observe, push, scan, survey
from flowsync.sync.holds import Holds

from .memory_repo import MemoryWorktree


@dataclass(frozen=True, slots=True)
class Mutant:
    """One error, and in how many runs the simulation must notice it."""

    name: str
    says: str
    patch: Callable[[], Any]
    runs: int = 400


@contextmanager
def together(*patches: Any) -> Iterator[None]:
    """All patches at once."""
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def _no_precondition() -> Any:
    def act(item: Put | Remove, do: Callable[[], guard.Steps]) -> guard.Steps:
        return do_without_lease(item)

    def do_without_lease(item: Put | Remove) -> guard.Steps:
        if isinstance(item, Put):
            reply = yield guard.Create(item.path, item)
            return (
                Written(item.path, reply) if isinstance(reply, guard.Version) else guard.Failed(item.path, reply.error)
            )  # type: ignore[union-attr]
        reply = yield guard.Delete(item.path)
        return guard.Failed(item.path, reply.error) if isinstance(reply, guard.Refused) else Removed(item.path)

    return mock.patch.object(guard, "_guarded", act)


def _compare_before_lease() -> Any:
    def act(item: Put | Remove, do: Callable[[], guard.Steps]) -> guard.Steps:
        found = yield guard.Look(item.path)
        if found != item.expect:
            return guard._unexpected(item.path, found)
        taken = yield from guard._take(item.path, item.lease)
        if isinstance(taken, guard.Refused):
            return guard.Failed(item.path, taken.error)
        outcome = yield from do()
        if not isinstance(outcome, Removed):
            yield guard.Release(item.path, item.lease)
        return outcome

    return mock.patch.object(guard, "_guarded", act)


def _unconditional_delete() -> Any:
    def remove(item: Remove) -> Generator[Any, Any, Outcome]:
        yield guard.Acquire(item.path, item.lease)
        return (yield from guard._delete(item))

    return mock.patch.object(guard, "remove", remove)


def _base_before_apply() -> Any:
    real = push._write_all

    def write(link: Any, share: Any, pushes: Any) -> None:
        tip = link.repo.worktree.tip("main")
        for one in pushes:
            base = link.repo.refs.get(link.base_ref(one.flow))
            link.repo.refs.move([Move(link.base_ref(one.flow), base, tip)], "too early")
        real(link, share, pushes)

    return mock.patch.object(push, "_write_all", write)


def _base_from_tracking() -> Any:
    return mock.patch.object(survey, "_base", lambda flow, tip, tracking, *rest: tracking.get(flow))


def _no_journal() -> Any:
    return together(
        mock.patch.object(Journal, "unfinished", lambda self: iter(())),
        mock.patch.object(push, "advance", lambda *a: None),
    )


def _torn_listing() -> Any:
    def torn(self: MemoryShare, folder: str) -> Any:
        try:
            entries, _ = self._ask("list", folder, lambda: self._store.page(self._at(folder), "", self._page))
        except Exception:
            return Listing({}, {})
        return Listing(
            {name: one for name, one in entries.items() if not isinstance(one, str)},
            {name: one for name, one in entries.items() if isinstance(one, str) and name != ".flowsync"},
        )

    return mock.patch.object(MemoryShare, "_list", torn)


def _half_read() -> Any:
    return mock.patch.object(observe, "_again", lambda *a: {})


def _keep_nothing() -> Any:
    return together(*(mock.patch.object(module, "keep", lambda *a: []) for module in (bases, land, push)))


def _name_collision() -> Any:
    def create(put: Put) -> guard.Steps:
        reply = yield guard.Create(put.path, put)
        return Written(put.path, reply) if isinstance(reply, guard.Version) else guard.Failed(put.path, reply.error)  # type: ignore[union-attr]

    return mock.patch.object(guard, "_create", create)


def _definition_first() -> Any:
    return mock.patch.object(push, "kind_of", lambda path: None if path == "flow.dag.yaml" else "dag")


def _deletes_first() -> Any:
    return mock.patch.object(push, "_in_the_way", lambda one, path: one.content(path) is None)


def _own_version_forgotten() -> Any:
    def forget(link: Any, one: Any, path: Any, outcome: Any) -> None:
        real(link, one, path, outcome)
        if isinstance(outcome, Written):
            link.cache.acknowledge(link.remote.name, one.flow, path, None)
            one.seen.pop(path, None)

    real = push._take
    return mock.patch.object(push, "_take", forget)


def _lease_left() -> Any:
    return together(
        mock.patch.object(MemoryShare, "release", lambda self, leases: None),
        mock.patch.object(debts.Debts, "payments", lambda self: []),
    )


def _busy_ignored() -> Any:
    real = Holds.__init__

    def init(self: Holds, *given: Any) -> None:
        real(self, *given)
        self.busy = None

    def forward(self: MemoryWorktree, branch: str, old: str | None, new: str) -> None:
        under_way, self.under_way = self.under_way, None  # git has nothing against it in most of these states
        try:
            really(self, branch, old, new)
        finally:
            self.under_way = under_way

    really = MemoryWorktree.fast_forward
    return together(
        mock.patch.object(Holds, "__init__", init), mock.patch.object(MemoryWorktree, "fast_forward", forward)
    )


def _worktree_bytes() -> Any:
    real = push._opener

    def opener(link: Any, blob: Any) -> Any:
        for path, content in link.repo.worktree.edits.items():
            if content is not None and link.repo.objects._raw.get(blob, ("", b""))[1] == link.repo.files().get(path):
                import io

                padded = content.ljust(link.repo.objects.size(blob))[: link.repo.objects.size(blob)]
                return lambda: io.BytesIO(padded)
        return real(link, blob)

    return mock.patch.object(push, "_opener", opener)


def _replaced_without_looking() -> Any:
    """What the plan replaces was never recorded: the look of the same run is skipped."""

    def versions(link: Any, standing: Any) -> Any:
        one = real(link, standing)
        one.stopped = None
        now = {}
        for path in one.changes:
            node = MemoryShare_current(link, one.flow, path)
            if node is not None:
                now[path] = node
        one.seen.update(now)
        return one

    def MemoryShare_current(link: Any, flow: Any, path: Any) -> Any:
        from flowsync.core.tree import Seen

        store = link.journal._clone.simulation.store
        try:
            version, content = store.read(f"Users/alice/promptflow/{flow}/{path}")
        except Exception:
            return None
        from flowsync.core.tree import blob_of

        return Seen(version, blob_of(content))

    real = push._prepare
    return mock.patch.object(push, "_prepare", versions)


def _brake_off() -> Any:
    return together(
        mock.patch.object(holds, "brake", lambda *a: None),
        mock.patch.object(scan, "everything_gone", lambda *a: False),
        mock.patch.object(core_plan, "brake", lambda *a: None),
    )


MUTANTS = MappingProxyType(
    {
        mutant.name: mutant
        for mutant in (
            Mutant("no precondition", "write without lease and compare", _no_precondition),
            Mutant("check, then replace", "compare before the lease, write after a gap", _compare_before_lease, 2000),
            Mutant("base before apply", "base recorded before the share acknowledged", _base_before_apply),
            Mutant("unconditional delete", "delete without compare", _unconditional_delete, 2000),
            Mutant("no ref before apply", "replaced content not in Git first", _replaced_without_looking, 2000),
            Mutant("torn listing", "an incomplete scan believed", _torn_listing),
            Mutant("half-read flow", "files that are not of the listing believed", _half_read, 2000),
            Mutant("dropped tip", "a tracking tip dropped without being kept", _keep_nothing, 2000),
            Mutant("no journal", "base moves only at the end of the cycle", _no_journal, 2000),
            Mutant("name collision", "a name in use is taken", _name_collision, 2000),
            Mutant("base from tracking", "base taken from a fetched but unlanded tracking ref", _base_from_tracking),
            Mutant("worktree bytes", "worktree bytes pushed, not the commit's blobs", _worktree_bytes, 2000),
            Mutant("busy ignored", "landing during a rebase or a hook's stash", _busy_ignored, 1000),
            Mutant("definition first", "flow.dag.yaml written before its sources", _definition_first),
            Mutant("deletes first", "deletes before all else is written", _deletes_first, 1000),
            Mutant("own version forgotten", "the version of an own write not recorded", _own_version_forgotten),
            Mutant("lease left", "a lease of a dead run never broken", _lease_left, 2000),
            Mutant("brake off", "a flow that is gone is deleted without being asked", _brake_off),
        )
    }
)
